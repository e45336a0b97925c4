"""One's own account: what one changes there, and what it takes."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from blog import accounts, db, outbox
from blog.permissions import Scope
from blog.staff import api_tokens, letters
from tests.cast import (
    AUTHOR,
    MODERATOR,
    SECOND_AUTHOR,
    Clock,
    Person,
    Visitor,
    mailed_link,
)
from tests.test_permissions import token_of

ACCOUNT = "/admin/account"
NEW = "quite another password"


def send(visitor: Visitor, what: str, **typed: str) -> Any:
    path = f"{ACCOUNT}/{what}"
    return visitor.post(path, visitor.form(path, path) | typed)


def test_changing_ones_password_signs_out_every_other_browser_and_is_told(
    app: Flask, author: Visitor
) -> None:
    other = Visitor(app)
    other.sign_in(AUTHOR)
    answer = send(author, "password", present=AUTHOR.password, password=NEW)
    assert answer.location == ACCOUNT
    assert "Your password is changed" in author.get(ACCOUNT).text
    assert other.get("/admin/").status_code == 303
    assert other.sign_in(AUTHOR).status_code == 422
    assert other.sign_in(Person(AUTHOR.name, AUTHOR.email, NEW)).status_code == 303
    with app.app_context():
        (mail,) = outbox.recent()
        assert (mail.recipient, mail.subject) == (
            AUTHOR.email,
            "Your password was changed · The Skin Journal",
        )


@pytest.mark.one_database("what is stored of tokens has tests on both")
def test_programs_go_on_after_a_new_password_unless_one_ends_them_with_it(
    clock: Clock, app: Flask, author: Visitor
) -> None:
    path = f"{ACCOUNT}/password"
    assert "API tokens" not in author.get(path).text
    secrets = [
        token_of(app, AUTHOR, scope) for scope in (Scope.COMMENTS_READ, Scope.ENQUIRIES_READ)
    ]
    assert "Programs go on acting for you by 2 tokens" in author.get(path).text
    send(author, "password", present=AUTHOR.password, password=NEW)
    with app.app_context():
        mail = outbox.last_of_kind(letters.MAIL, AUTHOR.email)
        assert mail
        assert "Programs still act for you by 2 API tokens" in mail.text
        assert all(api_tokens.opened(each, now=clock.now) for each in secrets)
    send(author, "password", present=NEW, password=AUTHOR.password, end_tokens="y")
    assert "your API tokens are ended" in author.get(ACCOUNT).text
    with app.app_context():
        mail = outbox.last_of_kind(letters.MAIL, AUTHOR.email)
        assert mail
        assert "Programs still" not in mail.text
        assert not any(api_tokens.opened(each, now=clock.now) for each in secrets)


@pytest.mark.parametrize(
    ("present", "password", "words"),
    [
        ("not the password", NEW, "This is not your present password."),
        ("", NEW, "Please give your present password."),
        (AUTHOR.password, "", "Please choose a password."),
        (AUTHOR.password, "short", "Choose at least 12 characters."),
        (AUTHOR.password, "x" * 201, "Please use at most 200 characters."),
    ],
)
def test_a_wrong_change_of_password_changes_nothing(
    app: Flask, author: Visitor, present: str, password: str, words: str
) -> None:
    answer = send(author, "password", present=present, password=password)
    assert answer.status_code == 422
    assert words in answer.text
    assert Visitor(app).sign_in(AUTHOR).status_code == 303


def test_guessing_the_present_password_is_slowed_down(clock: Clock, author: Visitor) -> None:
    answers = [
        send(author, "password", present="guess", password=NEW).status_code for _ in range(7)
    ]
    assert answers == [422] * 5 + [429] * 2


def test_a_new_name_is_beside_later_replies(author: Visitor) -> None:
    assert send(author, "name", name="  Sandra Nkosi ").location == ACCOUNT
    assert "Sandra Nkosi" in author.get(ACCOUNT).text


@pytest.mark.parametrize("name", ["", "  ", "Eve\r\nBcc: x@y.example", "x" * 81, "\u200b"])
def test_a_name_that_cannot_be_shown_is_refused(author: Visitor, name: str) -> None:
    assert send(author, "name", name=name).status_code == 422
    assert AUTHOR.name in author.get(ACCOUNT).text


def test_a_name_with_markup_is_shown_as_it_is(author: Visitor) -> None:
    send(author, "name", name="<b>Eve</b>")
    assert "&lt;b&gt;Eve&lt;/b&gt;" in author.get(ACCOUNT).text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("S. de Beer", "the name looks like “Sandra de Beer”"),
        ("\N{CYRILLIC CAPITAL LETTER DZE}andra De Beer", "the name looks like “Sandra de Beer”"),
        ("Skin Clinic", "the name looks like “The Skin Clinic”"),
        ("Dr Nkosi", "the name looks like “Thabo Nkosi”"),
        ("Administrator", "the name is that of an office, not of a person"),
    ],
)
def test_nobody_takes_a_name_that_looks_like_somebody_elses(
    moderator: Visitor, name: str, words: str
) -> None:
    refused = send(moderator, "name", name=name)
    assert refused.status_code == 422
    assert f"Please choose another one: {words}." in unescape(refused.text)
    assert MODERATOR.name in moderator.get(ACCOUNT).text


def test_one_s_own_name_and_that_of_one_s_profile_are_one_s_own(
    second_author: Visitor, moderator: Visitor
) -> None:
    for name in (SECOND_AUTHOR.name, "Thabo", AUTHOR.name.upper()):
        assert send(second_author, "name", name=name).location == ACCOUNT
    assert send(moderator, "name", name="MIA BOTHA").location == ACCOUNT


def test_an_administrator_takes_any_name(author: Visitor) -> None:
    assert send(author, "name", name="The Skin Clinic").location == ACCOUNT


def test_a_new_address_is_asked_for_with_the_password(app: Flask, author: Visitor) -> None:
    email = "sandra@new.example"
    refused = send(author, "address", email=email, present="not the password")
    assert (refused.status_code, email in refused.text) == (422, True)
    asked = send(author, "address", email=email, present=AUTHOR.password)
    assert asked.location == ACCOUNT
    assert f"A link was sent to {email}" in author.get(ACCOUNT).text
    with app.app_context():
        page = mailed_link(email)
    assert author.press(page, page).location == ACCOUNT
    shown = author.get(ACCOUNT).text
    assert f"You sign in with {email}" in shown


def test_the_answer_is_the_same_for_an_address_that_somebody_else_has(
    app: Flask, author: Visitor
) -> None:
    def answered(email: str) -> tuple[int, str, str]:
        answer = send(author, "address", email=email, present=AUTHOR.password)
        page = author.get(ACCOUNT).text.replace(email, "(it)")
        return answer.status_code, answer.location, re.sub(r'value="[^"]+"', "", page)

    assert answered(MODERATOR.email) == answered("nobody@new.example")
    with app.app_context():
        told, page = outbox.last_of_kind(letters.MAIL, MODERATOR.email), mailed_link(MODERATOR)
        assert told
        assert "Another account has it already, so nothing is changed." in told.text
        assert page == ""
        assert mailed_link("nobody@new.example")


def test_a_link_that_was_asked_for_before_ends_whoever_has_the_next_address(
    app: Flask, author: Visitor
) -> None:
    send(author, "address", email="sandra@new.example", present=AUTHOR.password)
    send(author, "address", email=MODERATOR.email, present=AUTHOR.password)
    with app.app_context():
        page = mailed_link("sandra@new.example")
    assert author.get(page).status_code == 410


@pytest.mark.parametrize("email", ["", "no", "a@b.example\r\nBcc: c@d.example", AUTHOR.email])
def test_an_address_that_is_none_or_one_s_own_is_refused(
    app: Flask, author: Visitor, email: str
) -> None:
    answer = send(author, "address", email=email, present=AUTHOR.password)
    assert answer.status_code == 422
    with app.app_context():
        assert outbox.recent() == []


@pytest.mark.parametrize("what", ["name", "address", "password"])
def test_the_forms_ask_to_sign_in_first(reader: Visitor, what: str) -> None:
    assert reader.get(f"{ACCOUNT}/{what}").location == f"/admin/sign-in?next={ACCOUNT}/{what}"
    assert reader.post(f"{ACCOUNT}/{what}", {"name": "Eve"}).status_code == 401


def test_browsers_are_listed_by_their_names_and_this_one_is_marked(app: Flask) -> None:
    here, there = Visitor(app), Visitor(app)
    for visitor, name in ((there, "Firefox/140 (Windows)"), (here, "Safari (iPhone)")):
        visitor.client.environ_base["HTTP_USER_AGENT"] = name
        visitor.sign_in(AUTHOR)
    shown = here.get(ACCOUNT).text
    assert "Safari on an iPhone (this one)" in shown
    assert "Firefox on Windows</b>" in shown
    with app.app_context():
        owner = accounts.by_email(AUTHOR.email)
        assert owner
        assert len(accounts.sessions_of(owner, now=db.utc_now())) == 2
