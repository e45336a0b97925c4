"""Ending mails about replies: in one click without a cookie, by buttons, and for ever."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from blog import comments, db, tokens
from blog.comments import editing, trust, unwanted
from blog.comments.following import MAIL, Following
from blog.comments.trust import TrustedBrowser, TrustedReader
from tests.cast import SECOND, Clock, Visitor, fields
from tests.test_telling import (
    ADDRESS,
    CONFIRMATION,
    TEN,
    TRUST,
    answer,
    compose,
    decide,
    follow,
    link,
    mails,
    wish,
    write,
)

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
NEVER = "/comments/never"
UNWELCOME = "Never write to me again"


def stop_link(app: Flask) -> str:
    """The path that the newest mail about replies is ended by."""
    url = mails(app)[-1].unsubscribe_url or ""
    assert url in mails(app)[-1].text
    return url.removeprefix("http://127.0.0.1:8000")


def told(app: Flask, clock: Clock, by: Visitor, parent: int, body: str, **typed: str) -> bool:
    """Publish an answer; gives whether a mail came of it."""
    before = len(mails(app))
    decide(app, answer(by, parent, body, **typed))
    clock.move(**TEN)
    compose(app)
    return len(mails(app)) > before


def press(visitor: Visitor, path: str, what: str) -> TestResponse:
    assert f'value="{what}"' in visitor.get(path).text
    return visitor.post(path, {"what": what})


@pytest.fixture
def followed(clock: Clock, app: Flask, reader: Visitor, stranger: Visitor) -> int:
    """A comment of which a reply was told."""
    comment_id = follow(app, clock, reader)
    assert told(app, clock, stranger, comment_id, "Six weeks.")
    return comment_id


# In one click


@pytest.mark.parametrize("data", [ONE_CLICK, {"x": ""}, {"what": "nonsense"}])
def test_a_mail_provider_ends_them_all_without_cookie_or_redirect(
    clock: Clock, app: Flask, followed: int, stranger: Visitor, data: dict[str, str]
) -> None:
    path = stop_link(app)
    for _ in range(2):
        provider = Visitor(app, address="203.0.113.5")
        ended = provider.post(path, data)
        assert ended.status_code == 200
        assert "told about no replies" in ended.text
        assert "Set-Cookie" not in ended.headers
        assert ended.headers["Cache-Control"] == "no-store"
    assert not told(app, clock, stranger, followed, "Eight, rather.")


def test_a_mail_provider_may_send_it_as_a_form_of_parts(
    clock: Clock, app: Flask, followed: int, stranger: Visitor
) -> None:
    kind = "multipart/form-data"
    assert Visitor(app).post(stop_link(app), ONE_CLICK, content_type=kind).status_code == 200
    assert not told(app, clock, stranger, followed, "Eight, rather.")


def test_another_site_ends_nothing_in_somebodys_browser(app: Flask, followed: int) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    sent = Visitor(app).post(stop_link(app), ONE_CLICK, headers=headers)
    assert sent.status_code == 403
    with app.app_context():
        assert db.session.get(Following, followed)


def test_looking_ends_nothing(clock: Clock, app: Flask, followed: int, stranger: Visitor) -> None:
    for _ in range(3):
        page = Visitor(app).get(stop_link(app))
        assert page.status_code == 200
        assert "told about replies in this conversation" in page.text
        assert page.headers["Cache-Control"] == "no-store"
    assert Visitor(app).client.head(stop_link(app), base_url="http://127.0.0.1:8000").text == ""
    assert told(app, clock, stranger, followed, "Eight, rather.")


def test_a_link_works_years_later_and_shows_no_address(
    clock: Clock, app: Flask, followed: int
) -> None:
    path = stop_link(app)
    assert ADDRESS not in path
    clock.move(days=3_650)
    page = Visitor(app).get(path)
    assert page.status_code == 200
    assert ADDRESS not in page.text
    assert Visitor(app).post(path, ONE_CLICK).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "%C3%A9", "a" * 5_000, "WzEsIjEiXQ.x"])
def test_a_link_that_we_never_signed_ends_nothing(app: Flask, followed: int, token: str) -> None:
    for path in (f"/comments/mails?token={token}", "/comments/mails"):
        assert Visitor(app).get(path).status_code == 404
        assert Visitor(app).post(path, ONE_CLICK).status_code == 404
    with app.app_context():
        assert db.session.get(Following, followed)


def test_a_token_for_something_else_ends_nothing(clock: Clock, app: Flask, followed: int) -> None:
    key = app.extensions["blog.settings"].secret_key
    other = tokens.issue(key, trust.MAIL, str(followed), now=clock.now)
    missing = tokens.issue(key, MAIL, "999", now=clock.now)
    for token in (other, missing):
        assert Visitor(app).post(f"/comments/mails?token={token}", ONE_CLICK).status_code == 404


def withdraw(app: Flask, comment_id: int) -> None:
    with app.app_context(), db.writing():
        assert editing.withdraw(comment_id, now=db.utc_now())


def test_the_link_of_a_withdrawn_comment_ends_what_is_followed_elsewhere(
    clock: Clock, app: Flask, followed: int, reader: Visitor, stranger: Visitor
) -> None:
    wish(stranger, "And I?", email="thabo@reader.example")
    other = wish(reader, "And in winter?", slug=SECOND)
    decide(app, other)
    path = stop_link(app)
    withdraw(app, followed)
    assert "still about 1 other comment of yours" in Visitor(app).get(path).text
    assert "told about no replies" in Visitor(app).post(path, ONE_CLICK).text
    clock.move(**TEN)
    assert not told(app, clock, stranger, other, "Cream.", slug=SECOND)


@pytest.mark.parametrize("is_known", [True, False])
def test_by_the_link_of_a_withdrawn_comment_mail_can_be_refused_for_ever(
    app: Flask, followed: int, is_known: bool
) -> None:
    path = stop_link(app)
    withdraw(app, followed)
    with app.app_context(), db.writing():
        if not is_known:
            trust.erase(ADDRESS)
    page = Visitor(app).get(path).text
    assert "told about no replies" in page
    assert ADDRESS not in page
    assert press(Visitor(app), path, "never").location == NEVER
    with app.app_context():
        assert unwanted.is_at(ADDRESS)
        assert db.session.query(TrustedReader).count() == 0


def test_a_link_of_earlier_mails_works_as_long_as_its_comment_tells_the_address(
    clock: Clock, app: Flask, followed: int
) -> None:
    key = app.extensions["blog.settings"].secret_key
    path = f"/comments/mails?token={tokens.issue(key, MAIL, str(followed), now=clock.now)}"
    assert 'value="here"' in Visitor(app).get(path).text
    withdraw(app, followed)
    assert UNWELCOME not in Visitor(app).get(path).text
    assert Visitor(app).post(path, ONE_CLICK).status_code == 200
    assert Visitor(app).post(path, {"what": "never"}).location == NEVER


# By buttons


def test_one_conversation_or_all_can_be_ended(
    clock: Clock, app: Flask, followed: int, reader: Visitor, stranger: Visitor
) -> None:
    other = wish(reader, "And in winter?", slug=SECOND)
    decide(app, other)
    path = stop_link(app)
    assert "and to 1 other comment of yours" in reader.get(path).text
    ended = press(reader, path, "here")
    assert (ended.status_code, ended.location) == (303, path)
    page = reader.get(path).text
    assert "no more about this conversation, but still about 1 other comment" in page
    assert 'value="here"' not in page
    clock.move(**TEN)
    assert not told(app, clock, stranger, followed, "Eight, rather.")
    assert told(app, clock, stranger, other, "Cream.", slug=SECOND)
    assert press(reader, path, "all").location == path
    assert "told about no replies" in reader.get(path).text
    with app.app_context():
        assert db.session.query(Following).count() == 0


def test_ending_a_conversation_ends_it_for_all_her_comments_in_it(
    clock: Clock, app: Flask, followed: int, reader: Visitor, stranger: Visitor
) -> None:
    second = wish(reader, "One more thing.", parent=str(followed))
    foreign = wish(stranger, "And I?", email="ann@reader.example", parent=str(followed))
    decide(app, second, foreign)
    press(reader, stop_link(app), "here")
    with app.app_context():
        assert [row.comment_id for row in db.session.query(Following)] == [foreign]


def test_a_browser_that_proved_an_address_shows_what_is_followed_and_ends_it(
    app: Flask, followed: int, reader: Visitor, stranger: Visitor
) -> None:
    page = reader.get(TRUST).text
    assert "You are told about replies" in page
    found = re.search(r'href="(/comments/mails\?token=[^"]+)"', page)
    assert found
    press(reader, found[1], "here")
    assert "You are told about replies" not in reader.get(TRUST).text
    assert "No address is confirmed in this browser" in stranger.get(TRUST).text


# For ever


def never_by_mail(app: Flask, visitor: Visitor) -> TestResponse:
    return press(visitor, stop_link(app), "never")


def test_an_address_that_wants_nothing_gets_nothing_and_is_kept_as_a_hash_alone(
    clock: Clock, app: Flask, followed: int, reader: Visitor, stranger: Visitor
) -> None:
    own = wish(reader, "And the hands?")
    gone = never_by_mail(app, stranger)
    assert (gone.status_code, gone.location) == (303, NEVER)
    assert "never writes to this address" in stranger.get(NEVER).text
    with app.app_context():
        for model in (Following, TrustedReader, TrustedBrowser):
            assert db.session.query(model).count() == 0
        (row,) = db.session.query(unwanted.UnwantedMail)
        assert re.fullmatch("[0-9a-f]{32}", row.address_hash)
    assert not told(app, clock, stranger, followed, "Eight, rather.")
    clock.move(days=2)
    again = wish(stranger, "I am Nomsa.", email=ADDRESS.upper())
    before = len(mails(app, trust.MAIL))
    decide(app, own, again)
    clock.move(**TEN)
    compose(app)
    assert len(mails(app, trust.MAIL)) == before
    assert never_by_mail(app, stranger).location == NEVER


def test_who_never_asked_can_refuse_on_the_page_that_would_confirm(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    decide(app, wish(stranger))
    clock.move(**TEN)
    compose(app)
    path = link(app)
    page = reader.get(path).text
    assert f'formaction="{CONFIRMATION}/refusal"' in page
    form = fields(page, CONFIRMATION)
    assert reader.post(f"{CONFIRMATION}/refusal", form | {"form_token": "x"}).status_code == 422
    refused = reader.post(f"{CONFIRMATION}/refusal", form)
    assert (refused.status_code, refused.location) == (303, NEVER)
    assert reader.post(f"{CONFIRMATION}/refusal", form).status_code == 410
    assert reader.post(CONFIRMATION, form).status_code == 410
    clock.move(days=2)
    decide(app, wish(stranger, "Again."))
    clock.move(**TEN)
    compose(app)
    assert len(mails(app, trust.MAIL)) == 1


def test_nobody_who_asks_learns_that_an_address_is_known_or_wants_nothing(
    clock: Clock, app: Flask, followed: int, reader: Visitor
) -> None:
    pages = []
    never_by_mail(app, reader)
    for email in (ADDRESS, "new@reader.example"):
        other = Visitor(app, address="198.51.100.77")
        location = f"/articles/mesotherapy-or-microneedling/comments/{wish(other, email=email)}"
        page = other.get(location).text.replace(email, "")
        pages.append(re.sub(r"\d+", "", page))
    assert pages[0] == pages[1]


def test_what_she_wrote_stays_and_is_trusted_no_more(
    clock: Clock, app: Flask, followed: int, reader: Visitor
) -> None:
    own = write(reader, "Thank you.")
    never_by_mail(app, reader)
    with app.app_context():
        found = comments.by_id(own)
        assert found
        assert found.trusted_reader_id is None
    assert "No address is confirmed" in reader.get(TRUST).text
