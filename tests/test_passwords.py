"""Passwords: the link by which one is chosen anew, and what ends with the old one."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from blog import accounts, db, journal, outbox, tokens
from blog.accounts import User
from blog.staff import letters, links, passwords
from blog.staff.links import AccountLink, LinkKind
from blog.staff.passwords import PasswordRequest
from tests.cast import AUTHOR, CLOCK, MODERATOR, at_once, mailed_link

pytestmark = pytest.mark.usefixtures("at_work")
NOW = CLOCK
HOUR = timedelta(hours=1)
NEW = "quite another password"


@pytest.fixture(scope="module")
def new_hash() -> str:
    return accounts.hash_password(NEW)


def sandra() -> User:
    found = accounts.by_email(AUTHOR.email)
    assert found
    return found


def asked(email: str = AUTHOR.email, *, now: object = NOW, times: int = 1) -> int:
    with db.writing():
        for _ in range(times):
            passwords.ask(email)
    return passwords.answer_requests(now)  # type: ignore[arg-type]  # a moment


def token_of_mail(to: str = AUTHOR.email) -> str:
    return mailed_link(to, kind=letters.PASSWORD_MAIL).partition("token=")[2]


def reset(token: str, new_hash: str, *, now: object = NOW) -> bool:
    with db.writing():
        return passwords.reset(token, new_hash, now=now)  # type: ignore[arg-type]  # a moment


def mails(to: str = AUTHOR.email) -> list[str]:
    return [mail.subject for mail in outbox.recent() if mail.recipient == to]


@pytest.mark.parametrize("email", ["nobody@clinic.example", "", "x" * 254])
def test_an_unknown_address_gets_no_mail_and_is_forgotten(email: str) -> None:
    assert asked(email) == 0
    assert outbox.recent() == []
    assert db.session.execute(select(PasswordRequest)).all() == []


def test_asking_stores_the_same_for_a_known_and_an_unknown_address() -> None:
    with db.writing():
        passwords.ask(f" {AUTHOR.email.upper()}")
        passwords.ask("nobody@clinic.example")
    rows = db.session.execute(select(PasswordRequest.email)).scalars().all()
    assert rows == [AUTHOR.email, "nobody@clinic.example"]
    assert outbox.recent() == []


def test_a_known_address_gets_a_link_whose_token_is_not_stored() -> None:
    assert asked() == 1
    token = token_of_mail()
    (link,) = db.session.execute(select(AccountLink)).scalars()
    assert (link.token_hash, link.kind) == (tokens.digest(token), "password")
    assert outbox.recent()[0].html.count(token) == 1
    assert asked() == 1


def test_a_link_sets_the_password_once_signs_out_everywhere_and_tells(new_hash: str) -> None:
    with db.writing():
        browser = accounts.start_session(sandra(), now=NOW)
    asked()
    token = token_of_mail()
    assert reset(token, new_hash)
    assert accounts.verify(AUTHOR.email, NEW)
    assert accounts.live_session(browser, now=NOW) is None
    assert mails()[0] == "Your password was changed · The Skin Journal"
    line = journal.recent()[0]
    assert (line.verb, line.thing, line.thing_id) == (
        "changed the password of",
        "account",
        str(sandra().id),
    )
    assert not reset(token, "another hash")
    assert accounts.verify(AUTHOR.email, NEW)


def test_a_link_ends_after_an_hour(new_hash: str) -> None:
    asked()
    assert links.opened(token_of_mail(), LinkKind.PASSWORD, now=NOW + HOUR - timedelta(seconds=1))
    assert not reset(token_of_mail(), new_hash, now=NOW + HOUR)


def test_a_newer_link_ends_the_older(new_hash: str) -> None:
    asked()
    older = token_of_mail()
    asked()
    assert not reset(older, new_hash)
    assert reset(token_of_mail(), new_hash)


def test_changing_the_password_ends_the_link(new_hash: str) -> None:
    asked()
    with db.writing():
        passwords.change(sandra(), new_hash, but=0, now=NOW)
    assert not reset(token_of_mail(), new_hash)


def test_a_link_is_worth_nothing_for_another_thing(new_hash: str) -> None:
    with db.writing():
        token = links.issue(sandra(), LinkKind.ADDRESS, now=NOW)
    assert not reset(token, new_hash)


@pytest.mark.parametrize("token", ["", "forged", "\x00", "x" * 10_000, "' OR 1=1 --"])
def test_a_forged_link_is_worth_nothing(token: str, new_hash: str) -> None:
    asked()
    assert not reset(token, new_hash)


def test_three_links_an_hour_are_mailed_at_most() -> None:
    assert asked(times=5) == 3
    assert asked(now=NOW + HOUR - timedelta(seconds=1)) == 0
    assert asked(MODERATOR.email) == 1
    assert asked(now=NOW + HOUR) == 1


def test_of_two_who_use_a_link_at_one_moment_one_does(app: Flask, new_hash: str) -> None:
    asked()
    token = token_of_mail()
    db.session.rollback()
    assert sorted(at_once(app, *[lambda: reset(token, new_hash)] * 2)) == [False, True]
    assert mails().count("Your password was changed · The Skin Journal") == 1


def test_of_two_workers_one_answers_a_request(app: Flask) -> None:
    with db.writing():
        passwords.ask(AUTHOR.email)
    db.session.rollback()
    answered = at_once(app, *[lambda: passwords.answer_requests(NOW)] * 2)
    assert sorted(answered) == [0, 1]
    assert len(mails()) == 1


def test_changing_ones_own_password_keeps_this_browser_alone(new_hash: str) -> None:
    with db.writing():
        here, there = (accounts.start_session(sandra(), now=NOW) for _ in range(2))
    session = accounts.live_session(here, now=NOW)
    assert session
    with db.writing():
        passwords.change(sandra(), new_hash, but=session.id, now=NOW)
    assert accounts.live_session(here, now=NOW)
    assert not accounts.live_session(there, now=NOW)
