"""The wish to be told of replies, as the comment form takes it and pages show it."""

from flask import Flask

from blog import db
from blog.comments.following import Following
from blog.content import Commenting
from tests.cast import ARTICLE, Clock, Visitor, fields
from tests.test_telling import ADDRESS, QUESTION, follow, link, wish, write
from tests.test_telling import MakeApp as MakeApp

PAGE = f"/articles/{ARTICLE}"


def wishes(app: Flask) -> int:
    with app.app_context():
        return db.session.query(Following).count()


def test_the_form_offers_it_and_nobody_has_it_unasked(app: Flask, reader: Visitor) -> None:
    page = reader.get(PAGE).text
    assert 'type="checkbox" value="y"' in page
    assert "Tell me about replies by email" in page
    assert "follow" not in fields(page, f"{PAGE}/comments")
    write(reader, email=ADDRESS)
    assert wishes(app) == 0


def test_without_an_address_there_is_nowhere_to_write_and_all_that_was_typed_stays(
    app: Flask, reader: Visitor
) -> None:
    refused = reader.comment(QUESTION, follow="y")
    assert refused.status_code == 422
    assert refused.text.count("Please give your email address, or leave out the mails") == 2
    assert QUESTION in refused.text
    assert 'value="Nomsa"' in refused.text
    assert fields(refused.text, f"{PAGE}/comments")["follow"] == "y"
    assert wishes(app) == 0


def test_an_address_that_is_none_is_said_once(app: Flask, reader: Visitor) -> None:
    refused = reader.comment(QUESTION, follow="y", email="nomsa@")
    assert refused.status_code == 422
    assert "Please give one email address" in refused.text
    assert "leave out the mails" not in refused.text
    assert wishes(app) == 0


def test_a_preview_keeps_the_tick_and_stores_nothing(app: Flask, reader: Visitor) -> None:
    shown = reader.comment(QUESTION, follow="y", email=ADDRESS, preview="1")
    assert shown.status_code == 200
    assert fields(shown.text, f"{PAGE}/comments")["follow"] == "y"
    assert wishes(app) == 0


def test_the_page_that_thanks_says_what_comes_next(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    page = reader.get(f"{PAGE}/comments/{wish(reader)}").text
    assert "once your comment is published and you have confirmed" in page
    assert ADDRESS in page
    assert "be told about replies" not in reader.get(f"{PAGE}/comments/{write(reader, 'x')}").text
    follow(app, clock, reader, body="And the hands?")
    page = reader.get(f"{PAGE}/comments/{wish(reader, 'And the face?')}").text
    assert "Once your comment is published, we write to" in page
    assert "and you have confirmed" not in page


def test_where_nothing_appears_at_once_no_page_promises_it(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    follow(app, clock, reader)
    waiting = reader.get(f"{PAGE}/comments/{wish(reader, 'And the face?')}").text
    for page in (waiting, reader.get("/comments/trust").text):
        assert "Mails about replies need no confirming again" in page
        assert "appear at once" not in page
    used = reader.client.get(link(app), base_url="http://127.0.0.1:8000", follow_redirects=True)
    assert "Your address in this browser" in used.text
    other = Visitor(app).get(link(app)).text
    assert "and ask to be told about replies" in other
    assert "appear at once" not in other


def test_where_comments_appear_at_once_by_trust_one_link_does_both(
    clock: Clock, make_app: MakeApp
) -> None:
    app = make_app(comments=Commenting.TRUSTED.value)
    reader = Visitor(app)
    follow(app, clock, reader)
    page = reader.get("/comments/trust").text
    assert "Your comments appear at once as soon as 2 of them were published; so far 1 was." in page
    assert QUESTION in page
