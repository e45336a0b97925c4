"""The pages of who has forgotten a password, and of links that were mailed."""

import re

import pytest
from flask import Flask

from blog import accounts, db, outbox
from blog.accounts import User
from blog.staff import letters, passwords, profile
from blog.staff.passwords import PasswordRequest
from tests.cast import AUTHOR, Clock, Person, Visitor, csrf_token, mailed_link

FORGOTTEN = "/admin/forgotten"
NEW = Person(AUTHOR.name, AUTHOR.email, "quite another password")
ENDED = "This link has ended"


def ask(visitor: Visitor, email: str = AUTHOR.email) -> str:
    answer = visitor.post(FORGOTTEN, visitor.form(FORGOTTEN, FORGOTTEN) | {"email": email})
    assert answer.status_code == 200
    return answer.text


def link(app: Flask) -> str:
    with app.app_context():
        passwords.answer_requests(db.utc_now())
        return mailed_link(AUTHOR, kind=letters.PASSWORD_MAIL)


def choose(visitor: Visitor, page: str, password: str = NEW.password) -> object:
    token = csrf_token(visitor.get(page).text)
    return visitor.post(page, {"csrf_token": token, "password": password})


def test_the_sign_in_page_leads_to_a_new_password(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    assert f'href="{FORGOTTEN}"' in reader.get("/admin/sign-in").text
    assert "Look into your mail" in ask(reader)
    page = link(app)
    token = csrf_token(reader.get(page).text)
    done = reader.post(page, {"csrf_token": token, "password": NEW.password})
    assert (done.status_code, done.location) == (303, "/admin/sign-in")
    assert "Your password is changed" in reader.get(done.location).text
    assert reader.sign_in(AUTHOR).status_code == 422
    assert reader.sign_in(NEW).status_code == 303
    gone = reader.get(page)
    assert (gone.status_code, ENDED in gone.text) == (410, True)


def test_a_known_and_an_unknown_address_get_the_same_answer(app: Flask, reader: Visitor) -> None:
    known, unknown = (
        ask(reader, email).replace(email, "") for email in (AUTHOR.email, "nobody@clinic.example")
    )
    assert known == unknown
    with app.app_context():
        assert outbox.recent() == []
        assert db.session.query(PasswordRequest).count() == 2


@pytest.mark.parametrize(
    "email",
    ["", "no address", "a@b.example\r\nBcc: c@d.example", "a@b.example,c@d.example"],
)
def test_what_is_no_address_is_said_to_be_none(app: Flask, reader: Visitor, email: str) -> None:
    answer = reader.post(FORGOTTEN, reader.form(FORGOTTEN, FORGOTTEN) | {"email": email})
    assert answer.status_code == 422
    assert "Error:" in answer.text
    with app.app_context():
        assert db.session.query(PasswordRequest).count() == 0


def test_who_asks_too_often_waits(reader: Visitor, stranger: Visitor) -> None:
    for _ in range(5):
        ask(reader)
    form = reader.form(FORGOTTEN, FORGOTTEN) | {"email": AUTHOR.email}
    answer = reader.post(FORGOTTEN, form)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    ask(stranger)


def test_opening_a_link_changes_nothing(clock: Clock, app: Flask, reader: Visitor) -> None:
    ask(reader)
    page = link(app)
    for _ in range(3):
        opened = reader.get(page)
        assert opened.status_code == 200
        assert opened.headers["Cache-Control"] == "no-store"
        assert opened.headers["Referrer-Policy"] == "strict-origin"
    assert reader.sign_in(AUTHOR).status_code == 303


def test_a_short_password_is_asked_for_again(clock: Clock, app: Flask, reader: Visitor) -> None:
    ask(reader)
    page = link(app)
    token = csrf_token(reader.get(page).text)
    for password in ("", "short", "x" * 201):
        refused = reader.post(page, {"csrf_token": token, "password": password})
        assert refused.status_code == 422
    assert reader.sign_in(AUTHOR).status_code == 303


def test_a_form_without_this_browsers_token_sets_nothing(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    ask(reader)
    page = link(app)
    refused = stranger.post(page, {"password": NEW.password})
    assert refused.status_code == 422
    assert reader.sign_in(AUTHOR).status_code == 303


def test_who_was_signed_in_is_out_at_once(
    clock: Clock, app: Flask, author: Visitor, reader: Visitor
) -> None:
    ask(reader)
    choose(reader, link(app))
    assert author.get("/admin/").status_code == 303


@pytest.mark.parametrize("path", ["/admin/password", "/admin/address"])
@pytest.mark.parametrize("token", ["", "forged", "x" * 2_000])
def test_a_forged_link_has_ended(reader: Visitor, path: str, token: str) -> None:
    assert reader.get(f"{path}?token={token}").status_code == 410


def test_a_link_that_ends_while_its_page_is_open_says_so(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(reader)
    page = link(app)
    hashed = accounts.hash_password(NEW.password)

    def slow(_password: str) -> str:
        # Somebody else uses the link while this password is hashed.
        with app.app_context(), db.writing():
            passwords.reset(page.partition("token=")[2], hashed, now=db.utc_now())
        return hashed

    monkeypatch.setattr(accounts, "hash_password", slow)
    answer = choose(reader, page, "a third password, unused")
    assert getattr(answer, "status_code", 0) == 410


# A new address


def sandra() -> User:
    found = accounts.by_email(AUTHOR.email)
    assert found
    return found


def address_link(app: Flask, email: str = "sandra@new.example") -> str:
    with app.app_context():
        with db.writing():
            profile.ask_for_address(sandra(), email, now=db.utc_now())
        return mailed_link(email)


def test_a_new_address_is_confirmed_by_a_button(clock: Clock, app: Flask, reader: Visitor) -> None:
    page = address_link(app)
    shown = reader.get(page)
    assert "sandra@new.example" in shown.text
    assert reader.get(page).status_code == 200
    done = reader.post(page, {"csrf_token": csrf_token(shown.text)})
    assert done.location == "/admin/account"
    assert reader.sign_in(AUTHOR).status_code == 422
    there = Person(AUTHOR.name, "sandra@new.example", AUTHOR.password)
    assert reader.sign_in(there).status_code == 303
    assert reader.post(page, {"csrf_token": "gone"}).status_code == 422
    assert reader.get(page).status_code == 410


def test_an_address_that_was_taken_meanwhile_is_not_taken_again(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    page = address_link(app)
    token = csrf_token(reader.get(page).text)
    with app.app_context(), db.writing():
        (other,) = [user for user in accounts.everybody() if re.match("mia", user.email)]
        other.email = "sandra@new.example"
    assert reader.post(page, {"csrf_token": token}).status_code == 410
    assert reader.sign_in(AUTHOR).status_code == 303
