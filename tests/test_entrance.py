"""Getting in and out of the author's pages."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import inspect
from sqlalchemy.orm.exc import ObjectDeletedError

from blog import accounts, db, journal, tokens
from blog.accounts import User, UserSession
from blog.admin.entrance import SET_UP, start_session
from blog.admin.proving import note_for
from blog.errors import Conflict
from tests.cast import AUTHOR, MODERATOR, SECOND_AUTHOR, Clock, Person, Visitor, csrf_token

SIGN_IN = "/admin/sign-in"
PAGES = [
    "/admin/",
    "/admin/comments",
    "/admin/enquiries",
    "/admin/articles",
    "/admin/mail",
    "/admin/journal",
    "/admin/account",
]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_desk_asks_to_sign_in_first(reader: Visitor, page: str) -> None:
    answer = reader.get(page)
    assert answer.status_code == 303
    assert answer.location == f"{SIGN_IN}?next={page}"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_desk_opens_for_the_author_and_is_never_stored(
    author: Visitor, page: str
) -> None:
    answer = author.get(page)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


def test_after_signing_in_one_is_where_one_wanted_to_be(reader: Visitor) -> None:
    page = f"{SIGN_IN}?next=/admin/journal"
    filled = reader.form(page, SIGN_IN)
    answer = reader.post(
        SIGN_IN, filled | {"email": AUTHOR.email.upper(), "password": AUTHOR.password}
    )
    assert (answer.status_code, answer.location) == (303, "/admin/journal")
    assert reader.get(SIGN_IN).location == "/admin/"


@pytest.mark.parametrize(
    "aim",
    [
        "https://evil.example/admin/",
        "//evil.example/admin/",
        "/\\evil.example",
        "/admin/\\..\\evil",
        "/admin/\r\nSet-Cookie: x=y",
        "/articles/x",
        "//[",
        "javascript:alert(1)",
        "",
    ],
)
def test_signing_in_leads_nowhere_else(reader: Visitor, aim: str) -> None:
    page = f"{SIGN_IN}?next={quote(aim)}"
    filled = reader.form(page, SIGN_IN)
    answer = reader.post(
        SIGN_IN, filled | {"email": AUTHOR.email, "password": AUTHOR.password, "next": aim}
    )
    assert answer.location == "/admin/"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(reader: Visitor) -> None:
    def answer(person: Person) -> str:
        refused = reader.sign_in(person, "not the password")
        assert refused.status_code == 422
        return refused.text.replace(person.email, "").replace(csrf_token(refused.text), "")

    assert answer(AUTHOR) == answer(Person("Nobody", "nobody@clinic.example", ""))


def test_guessing_is_slowed_down_and_says_how_long(reader: Visitor, clock: Clock) -> None:
    for _ in range(5):
        assert reader.sign_in(AUTHOR, "guess").status_code == 422
    reader.sign_in(AUTHOR, "guess")
    slowed = reader.sign_in(AUTHOR)
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) >= 1
    clock.move(minutes=16)
    assert reader.sign_in(AUTHOR).status_code == 303


def cookie_set(answer: Any, name: str = "blog_session") -> str:
    """The session cookie that an answer sets."""
    (found,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith(name)]
    return str(found)


def test_the_session_cookie_is_new_after_signing_in_and_kept_from_scripts(reader: Visitor) -> None:
    planted = cookie_set(reader.get(SIGN_IN))
    signed_in = cookie_set(reader.sign_in(AUTHOR))
    assert planted.split(";")[0] != signed_in.split(";")[0]
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in signed_in


def test_on_https_the_session_cookie_belongs_to_this_host_alone(make_app: Any) -> None:
    visitor = Visitor(make_app(site_url="https://journal.example"))
    assert "Secure" in cookie_set(visitor.sign_in(AUTHOR), "__Host-blog_session=")


def test_no_token_of_a_session_is_stored(app: Flask, author: Visitor) -> None:
    with app.app_context():
        (row,) = db.session.query(UserSession).all()
        assert len(row.token_hash) == 64


def acts(app: Flask) -> list[str]:
    """What the journal says, newest first."""
    with app.app_context():
        return [line.verb for line in journal.recent()]


def test_the_journal_tells_of_new_browsers_and_not_of_one_that_is_always_used(
    app: Flask, clock: Clock, reader: Visitor
) -> None:
    for _ in range(2):
        assert reader.sign_in(AUTHOR).status_code == 303
        reader.press("/admin/", "/admin/sign-out")
    assert acts(app) == ["signed in with a new browser to"]
    clock.move(days=181)
    reader.sign_in(AUTHOR)
    page = reader.get("/admin/journal").text
    assert page.count("signed in with a new browser to their own account") == 2
    reader.press("/admin/", "/admin/sign-out")
    reader.sign_in(MODERATOR)
    assert len(acts(app)) == 3


def test_the_journal_says_nothing_of_wrong_passwords(app: Flask, reader: Visitor) -> None:
    for person in (AUTHOR, Person("Nobody", "nobody@clinic.example", "")):
        reader.sign_in(person, "a wrong password")
    assert acts(app) == []


def test_signing_out_ends_the_session_for_who_copied_the_cookie(
    app: Flask, author: Visitor
) -> None:
    copied = author.client.get_cookie("blog_session", domain="127.0.0.1")
    assert copied
    assert author.press("/admin/", "/admin/sign-out").location == SIGN_IN
    thief = Visitor(app)
    thief.client.set_cookie("blog_session", copied.value, domain="127.0.0.1")
    assert thief.get("/admin/").status_code == 303


def test_an_idle_session_ends_and_what_was_written_is_given_back(
    clock: Clock, author: Visitor
) -> None:
    token = csrf_token(author.get("/admin/").text)
    clock.move(minutes=31)
    answer = author.post("/admin/comments/1/reply", {"csrf_token": token, "body": "A long reply"})
    assert answer.status_code == 401
    assert "A long reply" in answer.text
    assert author.get("/admin/").status_code == 303


def test_a_session_in_use_goes_on_but_not_past_eight_hours(clock: Clock, author: Visitor) -> None:
    for _ in range(16):
        clock.move(minutes=29)
        assert author.get("/admin/").status_code == 200
    clock.move(minutes=29)
    assert author.get("/admin/").status_code == 303


def test_using_a_session_writes_at_most_once_a_minute(
    clock: Clock, app: Flask, author: Visitor
) -> None:
    def seen() -> object:
        with app.app_context():
            return db.session.query(UserSession).one().last_seen_at

    start = seen()
    clock.move(seconds=59)
    author.get("/admin/")
    assert seen() == start
    clock.move(seconds=1)
    author.get("/admin/")
    assert seen() != start


def test_a_page_of_the_desk_opens_while_somebody_else_writes(
    clock: Clock, app: Flask, author: Visitor
) -> None:
    clock.move(minutes=2)
    with app.app_context(), db.writing():
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(author.get, "/admin/").result(30)
        assert answer.status_code == 200


def test_an_account_that_is_gone_is_out_at_once(app: Flask, author: Visitor) -> None:
    with app.app_context(), db.writing():
        db.session.query(UserSession).delete()
    assert author.get("/admin/").status_code == 303


def test_who_is_signed_out_while_her_request_is_under_way_is_told_so(
    app: Flask, author: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hashed = "/admin/account/password", accounts.hash_password
    typed = {"present": AUTHOR.password, "password": "one more long password"}
    filled = author.form(path, path) | typed

    def hash_password(password: str) -> str:
        with db.writing():
            db.session.query(UserSession).delete()
        return hashed(password)

    # Between the look at who she is and what she changes.
    monkeypatch.setattr(accounts, "hash_password", hash_password)
    answer = author.post(path, filled)
    assert answer.status_code == 401
    assert "You were signed out meanwhile" in answer.text
    monkeypatch.undo()
    assert author.sign_in(AUTHOR).status_code == 303


def test_what_else_is_gone_meanwhile_is_no_signing_out(app: Flask, author: Visitor) -> None:
    gone = ObjectDeletedError(inspect(User()), "It is gone.")
    with author.client:
        author.get("/admin/")
        with pytest.raises(ObjectDeletedError, match="It is gone"):
            app.handle_user_exception(gone)


def test_no_session_begins_with_what_was_changed_since_it_was_looked_at(app: Flask) -> None:
    with app.test_request_context():
        who = accounts.by_email(AUTHOR.email)
        assert who
        note = note_for(who)
        with db.writing():
            who.totp_seed = "seed"
        with pytest.raises(Conflict), db.writing():
            start_session(who, note)
        with db.writing():
            assert start_session(who, note, is_code_right=True)
            who.password_hash = accounts.hash_password("one more long password")
        with pytest.raises(Conflict), db.writing():
            start_session(who, note, is_code_right=True)


@pytest.mark.parametrize("token", ["", "forged"])
@pytest.mark.parametrize(
    "path", ["/admin/decisions", "/admin/sign-out", "/admin/mail/1/retry", SIGN_IN]
)
def test_a_form_without_this_browsers_token_is_refused(
    author: Visitor, token: str, path: str
) -> None:
    answer = author.post(path, {"csrf_token": token, "id": "1", "verb": "approve"})
    assert answer.status_code == 422
    assert author.get("/admin/").status_code == 200


def test_the_account_page_lists_browsers_and_signs_them_out(app: Flask, author: Visitor) -> None:
    other = Visitor(app)
    other.sign_in(AUTHOR)
    with app.app_context():
        ids = [row.id for row in db.session.query(UserSession).order_by(UserSession.id)]
    author.press("/admin/account", f"/admin/sessions/{ids[1]}/end")
    assert other.get("/admin/").status_code == 303
    assert author.get("/admin/").status_code == 200
    assert (
        "signed out already"
        in author.get(author.press("/admin/account", f"/admin/sessions/{ids[1]}/end").location).text
    )
    assert acts(app) == ["signed out a browser of", "signed in with a new browser to"]


def test_nobody_signs_out_somebody_else(
    app: Flask, author: Visitor, second_author: Visitor
) -> None:
    with app.app_context():
        owner = accounts.by_email(AUTHOR.email)
        assert owner
        session_id = accounts.sessions_of(owner, now=db.utc_now())[0].id
    second_author.press("/admin/account", f"/admin/sessions/{session_id}/end")
    assert author.get("/admin/").status_code == 200


def test_one_can_sign_out_everywhere_else(app: Flask, author: Visitor) -> None:
    other = Visitor(app)
    other.sign_in(AUTHOR)
    author.press("/admin/account", "/admin/sessions/end-others")
    assert other.get("/admin/").status_code == 303
    assert author.get("/admin/").status_code == 200
    assert acts(app)[0] == "signed out all other browsers of"


@pytest.fixture
def empty(app: Flask) -> Flask:
    """A site that nobody has an account of."""
    with app.app_context(), db.writing():
        db.session.query(User).delete()
    return app


def link(app: Flask) -> str:
    key = app.secret_key
    return f"/admin/set-up?token={tokens.issue(str(key), SET_UP, '', now=db.utc_now())}"


def set_up(visitor: Visitor, page: str, **typed: str) -> Any:
    token = csrf_token(visitor.get(page).text)
    own = {"name": "Sandra", "email": "s@clinic.example", "password": "twelve letters and more"}
    return visitor.post(page, own | typed | {"csrf_token": token})


def test_a_new_site_says_how_to_begin(empty: Flask) -> None:
    answer = Visitor(empty).get("/admin/")
    assert answer.status_code == 200
    assert "Start the site again for a new link" in answer.text


def test_the_set_up_link_makes_the_first_account_once(empty: Flask) -> None:
    owner, page = Visitor(empty), link(empty)
    assert set_up(owner, page).location == "/admin/"
    assert owner.get("/admin/").status_code == 200
    late = Visitor(empty)
    assert late.get(page).location == SIGN_IN
    with empty.app_context():
        (user,) = db.session.query(User).all()
        assert (user.name, user.email, user.role) == ("Sandra", "s@clinic.example", "admin")


@pytest.mark.parametrize(
    "typed", [{"password": "short"}, {"email": "no"}, {"name": ""}, {"password": "x" * 201}]
)
def test_a_wrong_first_account_is_not_made(empty: Flask, typed: dict[str, str]) -> None:
    answer = set_up(Visitor(empty), link(empty), **typed)
    assert answer.status_code == 422
    with empty.app_context():
        assert not accounts.is_set_up()


def test_a_set_up_link_ends_after_a_day(empty: Flask, clock: Clock) -> None:
    page = link(empty)
    clock.now += timedelta(hours=25)
    assert Visitor(empty).get(page).status_code == 404


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_forged_set_up_link_leads_nowhere(empty: Flask, token: str) -> None:
    assert Visitor(empty).get(f"/admin/set-up?token={token}").status_code == 404


def test_on_a_site_that_is_set_up_the_link_leads_to_signing_in(reader: Visitor, app: Flask) -> None:
    assert reader.get(link(app)).location == SIGN_IN


# Mails about comments


def test_each_chooses_on_her_account_page_how_often_she_is_told(
    author: Visitor, moderator: Visitor
) -> None:
    page = "/admin/account"
    assert '<option value="at once" selected>' in author.get(page).text
    answer = author.press(page, f"{page}/notices", pace="daily")
    assert answer.status_code == 303
    after = author.get(answer.location).text
    assert "Saved." in after
    assert '<option value="daily" selected>' in after
    assert '<option value="at once" selected>' in moderator.get(page).text


@pytest.mark.parametrize("pace", ["", "weekly", "<b>"])
def test_another_choice_than_those_is_refused(author: Visitor, pace: str) -> None:
    assert author.press("/admin/account", "/admin/account/notices", pace=pace).status_code == 400


def test_who_may_not_moderate_is_offered_no_mails(app: Flask, moderator: Visitor) -> None:
    with app.app_context(), db.writing():
        found = accounts.by_email(MODERATOR.email)
        assert found
        found.role = "guest"  # type: ignore[assignment]  # a role of another version
    page = moderator.get("/admin/account").text
    assert "Mails about comments" not in page
    token = {"csrf_token": csrf_token(page), "pace": "daily"}
    assert moderator.post("/admin/account/notices", token).status_code == 403


def test_the_second_author_sees_no_enquiries_and_no_mail(second_author: Visitor) -> None:
    start = second_author.get("/admin/").text
    assert "leave this machine.</b>" in start
    assert "/admin/mail" not in start
    assert "First steps" not in start
    for path in ("/admin/enquiries", "/admin/enquiries/ABCD-EFGH", "/admin/mail"):
        assert second_author.get(path).status_code == 403
    page = second_author.get("/admin/").text
    assert 'href="/admin/enquiries"' not in page
    assert SECOND_AUTHOR.name in page
