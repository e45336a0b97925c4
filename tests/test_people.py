"""The people page, and the page of an invitation."""

import re

import pytest
from flask import Flask
from sqlalchemy import text

from blog import accounts, db, outbox
from tests.cast import (
    AUTHOR,
    AUTHOR_ID,
    MODERATOR,
    SECOND_AUTHOR,
    Clock,
    Person,
    Visitor,
    csrf_token,
    mailed_link,
)

PEOPLE = "/admin/people"
NEW = Person("Thandi Zulu", "thandi@clinic.example", "chosen by herself alone")


def number(app: Flask, person: Person) -> int:
    with app.app_context():
        found = accounts.by_email(person.email)
        assert found
        return found.id


def invite(visitor: Visitor, **typed: str) -> str:
    path = f"{PEOPLE}/new"
    own = {"name": NEW.name, "email": NEW.email, "role": "moderator"}
    answer = visitor.post(path, visitor.form(path, path) | own | typed)
    return visitor.get(PEOPLE).text if answer.status_code == 303 else answer.text


def link(app: Flask) -> str:
    with app.app_context():
        return mailed_link(NEW)


def test_somebody_invited_signs_in_with_a_password_of_her_own(
    clock: Clock, app: Flask, author: Visitor, reader: Visitor
) -> None:
    listed = invite(author)
    assert f"An invitation was sent to {NEW.email}." in listed
    assert "chosen a password yet" in listed
    page = link(app)
    shown = reader.get(page)
    assert (shown.status_code, shown.headers["Referrer-Policy"]) == (200, "strict-origin")
    typed = {"csrf_token": csrf_token(shown.text)}
    assert reader.post(page, typed | {"password": "short"}).status_code == 422
    done = reader.post(page, typed | {"password": NEW.password})
    assert (done.status_code, done.location) == (303, "/admin/sign-in")
    assert reader.sign_in(NEW).status_code == 303
    assert reader.get("/admin/comments").status_code == 200
    gone = reader.get(page)
    assert (gone.status_code, "Ask whoever invited you" in gone.text) == (410, True)
    assert "chosen a password yet" not in author.get(PEOPLE).text


def test_an_invitation_whose_account_got_a_password_meanwhile_has_ended(
    clock: Clock, app: Flask, author: Visitor, reader: Visitor
) -> None:
    invite(author)
    page = link(app)
    token = csrf_token(reader.get(page).text)
    own = accounts.hash_password(NEW.password)
    with app.app_context(), db.writing():
        found = accounts.by_email(NEW.email)
        assert found
        found.password_hash = own
    answer = reader.post(page, {"csrf_token": token, "password": "a stranger's password"})
    assert answer.status_code == 410
    assert reader.sign_in(NEW).status_code == 303


@pytest.mark.parametrize(
    "typed",
    [
        {"email": "no"},
        {"email": "a@b.example\r\nBcc: x@y.example"},
        {"email": MODERATOR.email},
        {"name": ""},
        {"name": "Eve\r\nBcc: x@y.example"},
        {"name": "x" * 81},
        {"role": "queen"},
    ],
)
def test_a_wrong_invitation_is_not_sent(app: Flask, author: Visitor, typed: dict[str, str]) -> None:
    assert "There is a problem" in invite(author, **typed)
    with app.app_context():
        assert outbox.recent() == []


def test_an_administrator_changes_a_role_which_counts_at_once(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    assert moderator.get(PEOPLE).status_code == 403
    path = f"{PEOPLE}/{number(app, MODERATOR)}"
    answer = author.post(path, author.form(path, path) | {"role": "admin"})
    assert answer.location == PEOPLE
    assert moderator.get(PEOPLE).status_code == 200
    assert author.post(path, author.form(path, path) | {"role": "queen"}).status_code == 422


def chosen(page: str, name: str) -> tuple[list[str], list[str]]:
    """What a page's list offers, and what is chosen in it."""
    found = re.search(rf'<select[^>]* name="{name}".*?</select>', page, re.S)
    assert found
    options = re.findall(r"<option([^>]*)>([^<]*)</option>", found[0])
    return [words for _, words in options], [words for on, words in options if "selected" in on]


def test_an_administrator_chooses_an_authors_profile_which_counts_at_once(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    path = f"{PEOPLE}/{number(app, MODERATOR)}"
    assert chosen(author.get(path).text, "author_id") == (
        ["None yet", "Sandra de Beer"],
        ["None yet"],
    )
    form = author.form(path, path)
    assert author.post(path, form | {"role": "author"}).status_code == 303
    assert "without an author profile yet" in author.get(PEOPLE).text
    assert "No articles are yours yet." in moderator.get("/admin/comments").text
    assert author.post(path, form | {"role": "author", "author_id": AUTHOR_ID}).status_code == 303
    assert author.get(PEOPLE).text.count("of the articles of Sandra de Beer") == 2
    assert chosen(author.get(path).text, "author_id")[1] == ["Sandra de Beer"]
    assert "No articles are yours yet." not in moderator.get("/admin/comments").text
    # Another role has none, whatever was chosen before it.
    assert author.post(path, form | {"role": "admin", "author_id": AUTHOR_ID}).status_code == 303
    assert author.get(PEOPLE).text.count("of the articles of Sandra de Beer") == 1
    said = author.get("/admin/journal").text
    assert "changed the author profile of the account of Mia Botha" in said
    assert f", from none to {AUTHOR_ID}" in said


def test_a_profile_that_is_not_there_is_refused_where_it_was_chosen(
    app: Flask, author: Visitor
) -> None:
    path = f"{PEOPLE}/{number(app, MODERATOR)}"
    wrong = {"role": "author", "author_id": "nobody"}
    answer = author.post(path, author.form(path, path) | wrong)
    assert answer.status_code == 422
    assert 'id="author_id-error">There is no author profile' in answer.text
    assert 'id="author_id-error">There is no author profile' in invite(author, **wrong)
    assert NEW.email not in author.get(PEOPLE).text
    assert "of the articles of" in invite(author, role="author", author_id=AUTHOR_ID)


def test_a_profile_whose_file_is_gone_is_shown_as_gone_and_kept(
    app: Flask, author: Visitor
) -> None:
    with app.app_context(), db.writing():
        db.session.execute(text("DELETE FROM author"))
    path = f"{PEOPLE}/{number(app, SECOND_AUTHOR)}"
    gone = f"{AUTHOR_ID} (its file is gone)"
    assert chosen(author.get(path).text, "author_id") == (["None yet", gone], [gone])
    assert f"whose author profile {AUTHOR_ID} is gone" in author.get(PEOPLE).text
    form = author.form(path, path) | {"role": "author", "author_id": AUTHOR_ID}
    assert author.post(path, form).status_code == 303
    assert author.post(path, form | {"author_id": ""}).status_code == 303
    assert "without an author profile yet" in author.get(PEOPLE).text


def test_who_is_removed_while_signed_in_is_out_at_once(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    path = f"{PEOPLE}/{number(app, MODERATOR)}"
    assert author.press(path, f"{path}/removal").location == PEOPLE
    assert MODERATOR.name in author.get(PEOPLE).text
    assert MODERATOR.email not in author.get(PEOPLE).text
    assert moderator.get("/admin/").status_code == 303
    assert moderator.sign_in(MODERATOR).status_code == 422
    assert author.get(path).status_code == 404


def test_the_last_administrator_is_told_why_she_stays(app: Flask, author: Visitor) -> None:
    path = f"{PEOPLE}/{number(app, AUTHOR)}"
    refused = author.press(path, f"{path}/removal")
    assert refused.status_code == 409
    assert "last administrator" in refused.text
    assert author.post(path, author.form(path, path) | {"role": "author"}).status_code == 409


def test_an_invitation_is_sent_again_and_withdrawn(app: Flask, author: Visitor) -> None:
    invite(author)
    path, first = f"{PEOPLE}/{number(app, NEW)}", link(app)
    author.press(path, f"{path}/invitation")
    assert "A new link was sent." in author.get(PEOPLE).text
    assert author.get(first).status_code == 410
    assert author.get(link(app)).status_code == 200
    author.press(path, f"{path}/removal")
    assert author.get(link(app)).status_code == 410
    other = f"{PEOPLE}/{number(app, MODERATOR)}"
    author.press(other, f"{other}/invitation")
    assert "accepted already" in author.get(PEOPLE).text


@pytest.mark.parametrize("who", ["second_author", "moderator"])
def test_only_administrators_see_and_change_people(
    app: Flask, request: pytest.FixtureRequest, who: str
) -> None:
    visitor: Visitor = request.getfixturevalue(who)
    path = f"{PEOPLE}/{number(app, SECOND_AUTHOR)}"
    for page in (PEOPLE, f"{PEOPLE}/new", path):
        assert visitor.get(page).status_code == 403
    for action in (f"{PEOPLE}/new", path, f"{path}/invitation", f"{path}/removal"):
        assert visitor.press("/admin/", action, role="admin").status_code == 403
    assert f'href="{PEOPLE}"' not in visitor.get("/admin/").text
    assert visitor.get("/admin/").status_code == 200


def test_nobody_with_that_number_is_not_found(author: Visitor) -> None:
    assert author.get(f"{PEOPLE}/999").status_code == 404
    assert author.press("/admin/", f"{PEOPLE}/999/removal").status_code == 404
