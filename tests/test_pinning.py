"""The buttons that pin a comment and take the pin away."""

import pytest
from flask import Flask

from blog import comments, db
from blog.comments import CommentState
from tests.cast import ARTICLE, Visitor
from tests.test_review import waiting

QUEUE = "/admin/comments"
PUBLISHED = f"{QUEUE}?state=approved"
PAGE = f"/articles/{ARTICLE}"


def publish(app: Flask, reader: Visitor, *bodies: str) -> list[int]:
    found = waiting(reader, app, *bodies)
    with app.app_context(), db.writing():
        for comment in comments.by_ids(found):
            comment.approve(by=None, now=db.utc_now())
    return found


def test_a_button_of_published_comments_pins_and_unpins(
    app: Flask, reader: Visitor, stranger: Visitor, author: Visitor
) -> None:
    _, second = publish(app, reader, "One", "Two")
    after = author.press(PUBLISHED, f"{QUEUE}/{second}/pin", state="approved")
    assert after.location == PUBLISHED
    listed = author.get(after.location).text
    assert "Pinned: it stands first now." in listed
    assert f"{QUEUE}/{second}/pin/end" in listed
    page = stranger.get(PAGE).text
    assert page.count(">Pinned<") == 1
    assert page.index("Two</p>") < page.index("One</p>")
    after = author.press(PUBLISHED, f"{QUEUE}/{second}/pin/end", state="approved")
    assert "Unpinned." in author.get(after.location).text
    assert "Pinned" not in stranger.get(PAGE).text


def test_a_moderator_may_pin(app: Flask, reader: Visitor, moderator: Visitor) -> None:
    (one,) = publish(app, reader, "One")
    moderator.press(PUBLISHED, f"{QUEUE}/{one}/pin")
    assert ">Pinned<" in reader.get(PAGE).text


def test_only_what_begins_a_published_branch_has_the_button(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    (one,) = publish(app, reader, "One")
    assert reader.comment("Me too", parent=str(one)).status_code == 303
    with app.app_context(), db.writing():
        (answer,) = comments.recent(CommentState.PENDING)
        answer.approve(by=None, now=db.utc_now())
    reader.comment("Waits")
    assert author.get(PUBLISHED).text.count("/pin") == 1
    assert "/pin" not in author.get(QUEUE).text


def test_the_fourth_is_refused_in_words(app: Flask, reader: Visitor, author: Visitor) -> None:
    found = publish(app, reader, "One", "Two", "Three", "Four")
    for comment_id in found:
        after = author.press(PUBLISHED, f"{QUEUE}/{comment_id}/pin", state="approved")
    assert "3 comments are pinned already" in author.get(after.location).text


@pytest.mark.parametrize("noun", ["pin", "pin/end"])
def test_what_isn_t_there_can_t_be_pinned(author: Visitor, noun: str) -> None:
    assert author.press(QUEUE, f"{QUEUE}/4711/{noun}").status_code == 404


@pytest.mark.parametrize("noun", ["pin", "pin/end"])
def test_nobody_pins_signed_out_without_a_token_or_by_looking(
    app: Flask, reader: Visitor, author: Visitor, noun: str
) -> None:
    (one,) = publish(app, reader, "One")
    path = f"{QUEUE}/{one}/{noun}"
    assert reader.post(path, {"state": "approved"}).status_code == 401
    assert author.post(path, {"state": "approved"}).status_code == 422
    assert author.get(path).status_code == 405
    assert "Pinned" not in reader.get(PAGE).text
