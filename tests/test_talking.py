"""The comment form, as a browser meets it."""

import io
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from blog import articles, comments, db
from blog.comments import CommentState
from blog.content import Commenting
from tests.cast import ARTICLE, SECOND, Clock, Visitor, sent_at_once

COMMENTS = f"/articles/{ARTICLE}/comments"
PAGE = f"/articles/{ARTICLE}"


def stored(app: Flask) -> int:
    with app.app_context():
        return sum(comments.counts().values())


def decide(app: Flask, comment_id: int, state: CommentState) -> None:
    with app.app_context(), db.writing():
        comment = comments.by_id(comment_id)
        assert comment
        if state is CommentState.APPROVED:
            comment.approve(by=None, now=db.utc_now())
        else:
            comment.reject(by=None, now=db.utc_now())


def number(response: TestResponse) -> int:
    assert response.status_code == 303, response.text
    return int(response.location.rpartition("/")[2])


def test_a_reader_sees_her_comment_waiting_and_nobody_else_does(
    reader: Visitor, stranger: Visitor
) -> None:
    sent = reader.comment("My **first** question")
    thanks = reader.get(sent.location)
    assert thanks.status_code == 200
    assert "<strong>first</strong>" in thanks.text
    assert thanks.headers["Cache-Control"] == "no-store"
    own = reader.get(PAGE)
    assert "<strong>first</strong>" in own.text
    assert "Waiting for review" in own.text
    assert own.headers["Cache-Control"] == "no-store"
    assert "first</strong>" not in stranger.get(PAGE).text
    assert stranger.get(sent.location).status_code == 404


def test_the_reader_cookie_is_random_and_kept_from_scripts(reader: Visitor) -> None:
    assert "Set-Cookie" not in reader.get(PAGE).headers
    cookie = reader.comment().headers["Set-Cookie"]
    assert cookie.startswith("blog_reader=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_on_https_the_reader_cookie_belongs_to_this_host_alone(make_app: Any) -> None:
    visitor = Visitor(make_app(site_url="https://journal.example"))
    cookie = visitor.comment().headers["Set-Cookie"]
    assert cookie.startswith("__Host-blog_reader=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


def test_an_approved_comment_is_there_for_everybody(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    sent = reader.comment("Six weeks apart?")
    decide(app, number(sent), CommentState.APPROVED)
    assert "Six weeks apart?" in stranger.get(PAGE).text
    assert "1 comment" in stranger.get(PAGE).text
    moved = stranger.get(sent.location)
    assert moved.location == f"{PAGE}#comment-{number(sent)}"
    assert reader.get(sent.location).location == moved.location


def test_a_rejected_comment_is_there_for_nobody(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    sent = reader.comment("Six weeks apart?")
    decide(app, number(sent), CommentState.REJECTED)
    assert "Six weeks apart?" not in stranger.get(PAGE).text
    assert "Six weeks apart?" not in reader.get(PAGE).text


def test_a_permalink_outlives_the_address_of_its_article(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    sent = reader.comment()
    decide(app, number(sent), CommentState.APPROVED)
    with app.app_context(), db.writing():
        article = articles.by_id(ARTICLE)
        assert article
        article.slug = "another"
        db.session.add(articles.ArticlePath(path=PAGE, article_id=ARTICLE))
    moved = stranger.get(sent.location)
    assert (moved.status_code, moved.location) == (
        301,
        f"/articles/another/comments/{number(sent)}",
    )
    assert stranger.get(moved.location).location == f"/articles/another#comment-{number(sent)}"
    assert stranger.get(f"/articles/nowhere/comments/{number(sent)}").status_code == 404


@pytest.mark.parametrize("path", [f"{COMMENTS}/99", f"/articles/{SECOND}/comments/1"])
def test_a_comment_is_not_found_under_another_article_or_number(reader: Visitor, path: str) -> None:
    reader.comment()
    assert reader.get(path).status_code == 404


def test_preview_shows_how_it_will_look_and_stores_nothing(app: Flask, reader: Visitor) -> None:
    shown = reader.comment("Is *this* <b>fine</b>?", preview="1")
    assert shown.status_code == 200
    assert "Is <em>this</em> &lt;b&gt;fine&lt;/b&gt;?" in shown.text
    assert "Is *this* &lt;b&gt;fine&lt;/b&gt;?</textarea>" in shown.text
    assert stored(app) == 0


def test_sending_twice_makes_one_comment(app: Flask, reader: Visitor) -> None:
    filled = reader.form(PAGE, COMMENTS) | {"name": "Nomsa", "body": "Once."}
    assert number(reader.post(COMMENTS, filled)) == number(reader.post(COMMENTS, filled))
    assert stored(app) == 1


def test_sent_four_times_at_once_it_is_one_comment(app: Flask, reader: Visitor) -> None:
    filled = reader.form(PAGE, COMMENTS) | {"name": "Nomsa", "body": "Once."}
    assert len(sent_at_once(app, reader, COMMENTS, filled)) == 1
    assert stored(app) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Please give a name"),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "Nomsa\r\nBcc: all@x.example"}, "line breaks"),
        ({"name": "\u200b\u2060"}, "can be seen"),
        ({"body": " \n "}, "Please write your comment"),
        ({"body": "x" * 5_001}, "5,000 characters"),
        ({"body": "x\n" * 301}, "300 lines"),
        ({"body": "bell \x07"}, "control characters"),
        ({"email": "not an address"}, "one email address"),
        ({"email": "a@b.example, c@d.example"}, "one email address"),
        ({"parent": "7"}, "isn’t part of this article"),
        ({"parent": "abc"}, "isn’t part of this article"),
        ({"parent": "9" * 400}, "isn’t part of this article"),
        ({"form_token": ""}, "open for too long"),
        ({"form_token": "forged"}, "open for too long"),
    ],
)
def test_a_wrong_field_keeps_what_was_typed_and_says_what_is_wrong(
    app: Flask, reader: Visitor, typed: dict[str, str], said: str
) -> None:
    answer = reader.comment(**({"body": "What I typed"} | typed))
    text = unescape(answer.text)
    assert answer.status_code == 422
    assert "<title>Error:" in text
    assert "There is a problem" in text
    assert said in text
    for name in ("name", "body", "email"):
        if typed.get(name, "").strip() and typed[name].isprintable():
            assert typed[name] in text
    if "body" not in typed:
        assert "What I typed</textarea>" in text
    assert answer.headers["Cache-Control"] == "no-store"
    assert stored(app) == 0


def test_a_form_sent_back_with_an_old_token_can_be_sent_again_as_it_stands(
    app: Flask, reader: Visitor, clock: Clock
) -> None:
    filled = reader.form(PAGE, COMMENTS) | {"name": "Nomsa", "body": "Slow writer"}
    clock.move(hours=49)
    answer = reader.post(COMMENTS, filled)
    assert answer.status_code == 422
    from tests.cast import fields

    again = fields(answer.text, COMMENTS) | {"name": "Nomsa", "body": "Slow writer"}
    assert reader.post(COMMENTS, again).status_code == 303
    assert stored(app) == 1


def test_a_token_lives_two_days(reader: Visitor, clock: Clock) -> None:
    filled = reader.form(PAGE, COMMENTS) | {"name": "Nomsa", "body": "Slow writer"}
    clock.move(hours=47)
    assert reader.post(COMMENTS, filled).status_code == 303


def test_a_token_is_for_one_article_and_one_form(reader: Visitor) -> None:
    other = reader.form(f"/articles/{SECOND}", f"/articles/{SECOND}/comments")["form_token"]
    contact = reader.form("/contact", "/contact")["form_token"]
    for token in (other, contact):
        assert reader.comment(form_token=token).status_code == 422


def reasons(app: Flask) -> list[str]:
    with app.app_context():
        (comment,) = comments.recent()
        return [reason["words"] for reason in comment.reasons]


def test_the_time_trap_speaks_only_when_a_script_told_when_the_form_was_touched(
    app: Flask, reader: Visitor, clock: Clock
) -> None:
    token = (reader.get(f"{COMMENTS}/token").json or {})["token"]
    clock.move(seconds=1)
    assert reader.comment(form_token=token).status_code == 303
    assert "sent 1 second after the form was touched" in reasons(app)


def test_without_a_script_a_quick_reader_is_not_suspected(app: Flask, reader: Visitor) -> None:
    reader.comment()
    assert reasons(app) == ["no links", "first comment"]


def test_a_filled_trap_only_holds(app: Flask, reader: Visitor) -> None:
    assert reader.comment(note="https://spam.example").status_code == 303
    assert "a hidden field was filled in" in reasons(app)


def test_a_reply_form_names_what_it_answers(app: Flask, reader: Visitor, stranger: Visitor) -> None:
    parent = number(reader.comment("The parent's words"))
    decide(app, parent, CommentState.APPROVED)
    page = stranger.get(f"{COMMENTS}/new?parent={parent}")
    assert page.status_code == 200
    assert "The parent&#39;s words" in page.text or "The parent's words" in page.text
    sent = stranger.post(
        COMMENTS,
        stranger.form(f"{COMMENTS}/new?parent={parent}", COMMENTS)
        | {"name": "Pieter", "body": "I agree"},
    )
    with app.app_context():
        reply = comments.by_id(number(sent))
        assert reply
        assert reply.parent_id == parent


@pytest.mark.parametrize("parent", ["", "77", "abc"])
def test_a_reply_form_without_a_parent_leads_to_the_article(reader: Visitor, parent: str) -> None:
    assert reader.get(f"{COMMENTS}/new?parent={parent}").location == PAGE


def test_a_reply_to_a_comment_that_vanished_keeps_what_was_typed(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    parent = number(reader.comment("The parent"))
    decide(app, parent, CommentState.APPROVED)
    filled = stranger.form(f"{COMMENTS}/new?parent={parent}", COMMENTS)
    decide(app, parent, CommentState.REJECTED)
    answer = stranger.post(COMMENTS, filled | {"name": "Pieter", "body": "A long thought"})
    assert answer.status_code == 422
    assert "isn’t there any more" in unescape(answer.text)
    assert "A long thought</textarea>" in answer.text
    from tests.cast import fields

    again = fields(answer.text, COMMENTS) | {"name": "Pieter", "body": "A long thought"}
    with app.app_context():
        stored_again = comments.by_id(number(stranger.post(COMMENTS, again)))
        assert stored_again
        assert stored_again.parent_id is None


def test_on_a_closed_article_a_late_comment_is_given_back(app: Flask, reader: Visitor) -> None:
    from blog import articles

    filled = reader.form(PAGE, COMMENTS)
    with app.app_context(), db.writing():
        article = articles.by_id(ARTICLE)
        assert article
        article.comments = Commenting.CLOSED
    answer = reader.post(COMMENTS, filled | {"name": "Nomsa", "body": "Too late?"})
    assert answer.status_code == 422
    assert "Comments on this article are closed" in answer.text
    assert "Too late?</textarea>" in answer.text
    page = reader.get(PAGE).text
    assert "Comments on this article are closed" in page
    assert "<textarea" not in page


def test_an_unknown_article_takes_no_comment(reader: Visitor) -> None:
    assert reader.post("/articles/nothing/comments", {"body": "x"}).status_code == 404
    assert reader.get("/articles/nothing/comments/token").status_code == 404


def test_the_token_answer_is_for_nobody_else(reader: Visitor) -> None:
    for path in (f"{COMMENTS}/token", "/contact/token"):
        answer = reader.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", [COMMENTS, f"{COMMENTS}/token"])
def test_looking_changes_nothing(app: Flask, reader: Visitor, path: str) -> None:
    reader.get(path)
    reader.client.head(path)
    assert stored(app) == 0


@pytest.mark.parametrize("body", ["5", '"x"', "[1,2]", '{"name":5}', "[" * 1_000])
@pytest.mark.parametrize("path", [COMMENTS, "/contact", "/admin/sign-in"])
def test_what_is_no_form_is_refused(reader: Visitor, path: str, body: str) -> None:
    for kind in ("application/json", "text/plain", "application/octet-stream"):
        assert reader.post(path, body, content_type=kind).status_code == 415


@pytest.mark.parametrize("name", ["name", "body", "message", "form_token", "about"])
@pytest.mark.parametrize("path", [COMMENTS, "/contact"])
def test_a_file_in_place_of_a_field_is_refused(reader: Visitor, path: str, name: str) -> None:
    file = (io.BytesIO(b"words"), "words.txt")
    answer = reader.post(path, {name: file}, content_type="multipart/form-data")
    assert answer.status_code == 400


def test_a_front_end_that_is_listed_may_post_what_readers_do(make_app: Any) -> None:
    app = make_app(allowed_origins="https://front.example")
    visitor = Visitor(app)
    filled = visitor.form(PAGE, COMMENTS) | {"name": "Nomsa", "body": "From elsewhere"}
    for origin, status in (("https://front.example", 303), ("https://other.example", 403)):
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        assert visitor.post(COMMENTS, filled, headers=headers).status_code == status
    headers = {"Origin": "https://front.example", "Sec-Fetch-Site": "cross-site"}
    assert visitor.post("/admin/sign-in", {"x": "1"}, headers=headers).status_code == 403


def test_a_link_hidden_in_markup_is_held(make_app: Any) -> None:
    app = make_app(comments="post")
    Visitor(app).comment("[x](http:\\//evil.io/x)")
    with app.app_context():
        (comment,) = comments.recent()
        assert comment.state == CommentState.PENDING
        assert comment.reasons[0]["words"] == "1 link"
