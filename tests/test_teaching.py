"""Telling the model behind the sign-in that a reason is wrong."""

import re

import pytest
from flask import Flask, render_template_string

from blog import comments, db, journal
from blog.comments import learning, signs
from tests.cast import Visitor

QUEUE = "/admin/comments"
CHEAP = "word cheap"


@pytest.fixture
def comment_id(app: Flask, reader: Visitor) -> int:
    """A comment that waits."""
    assert reader.comment("Cheap pills, buy now").status_code == 303
    with app.app_context():
        return comments.recent()[0].id


def ignored(app: Flask) -> bool:
    with app.app_context():
        return any(is_ignored for *_, is_ignored in learning.weigh("cheap"))


def test_one_click_says_that_a_reason_is_wrong_and_another_takes_it_back(
    app: Flask, author: Visitor, comment_id: int
) -> None:
    path = f"{QUEUE}/{comment_id}/reasons"
    after = author.press(QUEUE, f"{path}/doubts", sign=CHEAP)
    assert after.location == f"{QUEUE}/{comment_id}"
    assert (
        "“cheap” no longer counts, here or in any other comment." in author.get(after.location).text
    )
    assert ignored(app)
    assert author.press(QUEUE, f"{path}/doubts", sign=CHEAP).status_code == 303
    after = author.press(QUEUE, f"{path}/trust", sign=CHEAP)
    assert "“cheap” counts again." in author.get(after.location).text
    assert not ignored(app)
    with app.app_context():
        assert [line.verb for line in journal.recent()] == [
            "heeded a reason of",
            "ignored a reason of",
            "ignored a reason of",
        ]


def test_a_moderator_may_say_so_too(app: Flask, moderator: Visitor, comment_id: int) -> None:
    path = f"{QUEUE}/{comment_id}/reasons/doubts"
    assert moderator.press(QUEUE, path, sign=CHEAP).status_code == 303
    assert ignored(app)


@pytest.mark.parametrize(
    "sign", ["word casino", "", "any text", "<script>alert(1)</script>", "\x00"]
)
def test_what_is_no_reason_of_the_comment_changes_nothing(
    app: Flask, author: Visitor, comment_id: int, sign: str
) -> None:
    answer = author.press(QUEUE, f"{QUEUE}/{comment_id}/reasons/doubts", sign=sign)
    assert answer.status_code in (404, 422)
    assert "<script>alert" not in answer.text
    with app.app_context():
        assert learning.summary().ignored == 0


def test_an_unknown_comment_is_not_found(author: Visitor, comment_id: int) -> None:
    assert author.press(QUEUE, f"{QUEUE}/99/reasons/doubts", sign=CHEAP).status_code == 404


def test_nobody_else_says_so_and_nobody_by_looking(
    app: Flask, author: Visitor, stranger: Visitor, comment_id: int
) -> None:
    path = f"{QUEUE}/{comment_id}/reasons/doubts"
    assert stranger.post(path, {"sign": CHEAP}).status_code == 401
    assert author.post(path, {"sign": CHEAP}).status_code == 422
    assert author.get(path).status_code == 405
    assert not ignored(app)


def test_each_reason_has_a_button_that_leads_there(app: Flask) -> None:
    named = [["word cheap", "cheap"], ['word "x', '"<b>']]
    source = "{% from 'admin/_reason.html' import signs %}{{ signs(7, named) }}"
    with app.test_request_context():
        html = render_template_string(source, named=named)
        assert "<details" not in render_template_string(source, named=[])
        db.session.rollback()
    assert re.findall(r'formaction="([^"]*)"', html) == [f"{QUEUE}/7/reasons/doubts"] * 2
    assert 'value="word cheap"' in html
    assert "<b>" not in html
    assert signs.bucket(CHEAP) == signs.of("cheap")[-1].buckets[0]


def test_the_queue_has_a_button_for_each_word_that_the_model_went_by(
    app: Flask, author: Visitor, comment_id: int
) -> None:
    assert "reasons/doubts" not in author.get(QUEUE).text
    reason = {"step": "model", "answer": "hold", "words": "likely spam 97 %: cheap", "tone": "bad"}
    with app.app_context(), db.writing():
        (comment,) = comments.by_ids([comment_id])
        comment.reasons = [reason | {"named": [[CHEAP, "cheap"]]}]
    page = author.get(QUEUE).text
    button = f'name="sign" value="{CHEAP}" formaction="{QUEUE}/{comment_id}/reasons/doubts"'
    assert button in page
    author.press(QUEUE, f"{QUEUE}/{comment_id}/reasons/doubts", sign=CHEAP)
    assert ignored(app)
