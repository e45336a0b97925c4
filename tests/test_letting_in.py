"""Letting a program in: the pages of one's tokens, and `blog token`."""

import json
import re
from typing import Any

import pytest
from flask import Flask

from blog import accounts, db
from blog.accounts import User
from blog.staff import api_tokens
from blog.staff.api_tokens import ApiToken
from tests.cast import AUTHOR, CLOCK, MODERATOR, Blog, Clock, Person, Ran, Visitor

pytestmark = pytest.mark.usefixtures("clock")
PAGE = "/admin/account/tokens"


def user(person: Person = MODERATOR) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found


def there(secret: str) -> ApiToken:
    found = api_tokens.opened(secret, now=db.utc_now())
    assert found
    return found


def numbers(app: Flask) -> list[int]:
    with app.app_context():
        return [token.id for token in api_tokens.of(user())]


# The pages


def ask(visitor: Visitor, person: Person = MODERATOR, **typed: Any) -> Any:
    own: dict[str, Any] = {"lives_days": "30"}
    own |= visitor.form(f"{PAGE}/new", f"{PAGE}/new") | {"present": person.password}
    own |= {"label": "Front desk", "scopes": ["comments:read"]}
    return visitor.post(f"{PAGE}/new", own | typed)


@pytest.mark.one_database("what its owner is told")
def test_a_secret_is_shown_once_and_its_token_told_in_words(
    clock: Clock, app: Flask, moderator: Visitor
) -> None:
    assert "No program acts for you." in moderator.get(PAGE).text
    made = ask(moderator, scopes=["comments:read", "comments:moderate"])
    assert (made.status_code, made.headers["Cache-Control"]) == (200, "no-store")
    found = re.search(r'class="secret">([^<]+)<', made.text)
    assert found
    listed = moderator.get(PAGE).text
    assert found[1] not in listed
    assert "Read comments that wait · Read comments and decide about them" in listed
    assert "never used · lasts until" in listed
    with app.app_context():
        api_tokens.note_use(there(found[1]), now=CLOCK)
    clock.move(minutes=2)
    assert "2 minutes ago" in moderator.get(PAGE).text
    ask(moderator, label="For ever", lives_days="0")
    assert "never used · lasts until you end it" in moderator.get(PAGE).text
    clock.move(days=30)
    assert moderator.sign_in(MODERATOR).status_code == 303
    assert "has ended on" in moderator.get(PAGE).text
    assert "2 tokens ·" in moderator.get("/admin/account").text
    assert "made API token" in moderator.get("/admin/journal").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"present": "not my password"}, "This is not your present password."),
        ({"present": ""}, "Please give your present password."),
        ({"label": " "}, "Please give a label"),
        ({"label": "x" * 101}, "Please use at most 100 characters."),
        ({"scopes": []}, "Choose at least one thing"),
        # What she may not do herself is no choice, nor what nobody may.
        ({"scopes": ["enquiries:read"]}, "not a valid choice"),
        ({"scopes": ["everything"]}, "not a valid choice"),
        ({"lives_days": "10000"}, "Not a valid choice"),
        ({"lives_days": "soon"}, "Invalid Choice"),
    ],
)
@pytest.mark.one_database("what is refused is told without it")
def test_a_form_that_is_wrong_makes_no_token(
    app: Flask, moderator: Visitor, typed: dict[str, Any], said: str
) -> None:
    answer = ask(moderator, **typed)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert 'class="secret"' not in answer.text
    assert numbers(app) == []


@pytest.mark.one_database("a button and its answer")
def test_a_token_is_ended_after_asking_and_by_its_owner_alone(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    ask(moderator)
    twice = ask(moderator)
    assert (twice.status_code, "of this label already" in twice.text) == (422, True)
    (number,) = numbers(app)
    path = f"{PAGE}/{number}/end"
    assert "It was never used." in moderator.get(path).text
    assert author.get(path).status_code == 404
    assert author.press("/admin/account", path).status_code == 404
    assert numbers(app) == [number]
    assert moderator.press(path, path).location == PAGE
    assert "“Front desk” is ended" in moderator.get(PAGE).text
    # Pressed twice it is ended all the same.
    assert moderator.press("/admin/account", path).status_code == 303


# The commands


@pytest.mark.one_database("what is typed, and what is printed")
def test_a_token_is_made_listed_and_revoked_at_the_command_line(blog: Blog, at_work: None) -> None:
    words = ("--label", "Front desk", "--scope", "comments:read", "--scope", "comments:moderate")
    ran = blog("token", "add", MODERATOR.email, *words)
    db.session.rollback()
    token = there(ran.out.strip())
    assert ran.err == f"Token {token.id} of {MODERATOR.email}; keep it where nobody reads it.\n"
    own = {"id": token.id, "state": "live", "owner": MODERATOR.email, "label": "Front desk"}
    (row,) = json.loads(blog("token", "list", "--json").out)
    assert row == own | {
        "scopes": ["comments:read", "comments:moderate"],
        "created_at": "2026-05-04T09:30:00Z",
        "expires_at": "2026-08-02T09:30:00Z",
        "last_used_at": None,
        "revoked_at": None,
    }
    number = str(token.id)
    assert blog("token", "revoke", number) == Ran(0, f"Token {number} is revoked.\n", "")
    assert blog("token", "revoke", number).out == f"Token {number} was revoked before.\n"
    told = f"{number}  revoked  {MODERATOR.email}  comments:read,comments:moderate  Front desk\n"
    assert blog("token", "list").out == told


@pytest.mark.one_database("what is typed, and what is printed")
def test_what_cannot_be_done_at_the_command_line_is_one_sentence(blog: Blog, at_work: None) -> None:
    def add(email: str, scope: str, *more: str) -> Ran:
        return blog("token", "add", email, "--label", "x", "--scope", scope, *more)

    assert add("eve@c.example", "comments:read").sentence() == "Nobody signs in as eve@c.example."
    with db.writing():
        user().password_hash = ""
    assert add(MODERATOR.email, "comments:read").sentence().startswith("Nobody signs in as")
    assert blog("token", "revoke", "9").sentence() == "There is no token 9."
    assert add(AUTHOR.email, "everything").code == 2
    assert add(AUTHOR.email, "comments:read", "--days", "366").code == 2
    endless = add(AUTHOR.email, "comments:read", "--endless").out.strip()
    db.session.rollback()
    assert there(endless).expires_at is None
