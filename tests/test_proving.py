"""Who guesses is slowed down, and doesn't keep out whose account it is."""

from typing import Any

import pytest
from flask import Flask

from tests.cast import AUTHOR, MODERATOR, Clock, Person, Visitor

COOKIE = "blog_device"


def guess(app: Flask, person: Person = AUTHOR, times: int = 10) -> list[int]:
    """Guess a password from as many addresses."""
    found = (Visitor(app, address=f"203.0.113.{number}") for number in range(times))
    return [visitor.sign_in(person, "guess").status_code for visitor in found]


def cookie_of(visitor: Visitor) -> Any:
    return visitor.client.get_cookie(COOKIE, domain="127.0.0.1")


def leave(visitor: Visitor) -> None:
    visitor.press("/admin/", "/admin/sign-out")


def test_strangers_who_guess_do_not_keep_out_a_browser_that_is_known(
    clock: Clock, app: Flask, author: Visitor, reader: Visitor
) -> None:
    leave(author)
    assert guess(app)[-1] == 422
    assert reader.sign_in(AUTHOR).status_code == 429
    assert author.sign_in(AUTHOR).status_code == 303


def test_a_browser_that_is_known_has_a_brake_of_its_own(
    clock: Clock, app: Flask, author: Visitor
) -> None:
    leave(author)
    answers = []
    for number in range(11):
        author.address = f"203.0.113.{number}"
        answers.append(author.sign_in(AUTHOR, "guess").status_code)
    assert answers == [422] * 10 + [429]
    clock.move(seconds=30)
    assert author.sign_in(AUTHOR).status_code == 303


def test_a_browser_is_known_for_one_account_alone(
    clock: Clock, app: Flask, author: Visitor
) -> None:
    leave(author)
    guess(app, MODERATOR)
    assert author.sign_in(MODERATOR).status_code == 429


@pytest.mark.parametrize("value", ["", "forged", "x" * 2_000])
def test_a_forged_cookie_makes_no_browser_known(
    clock: Clock, app: Flask, reader: Visitor, value: str
) -> None:
    reader.client.set_cookie(COOKIE, value, domain="127.0.0.1")
    guess(app)
    assert reader.sign_in(AUTHOR).status_code == 429


def test_a_browser_is_known_for_half_a_year(clock: Clock, app: Flask, author: Visitor) -> None:
    leave(author)
    clock.move(days=181)
    guess(app)
    assert author.sign_in(AUTHOR).status_code == 429


def test_the_cookie_is_kept_from_scripts_and_other_hosts(make_app: Any) -> None:
    visitor = Visitor(make_app(site_url="https://journal.example"))
    cookies = visitor.sign_in(AUTHOR).headers.getlist("Set-Cookie")
    (cookie,) = [each for each in cookies if each.startswith(f"__Host-{COOKIE}=")]
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie


def test_a_wrong_password_makes_no_browser_known(reader: Visitor) -> None:
    reader.sign_in(AUTHOR, "guess")
    assert cookie_of(reader) is None
