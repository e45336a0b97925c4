"""What is kept of how comments came, and for how long."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from blog import articles, comments, db
from blog.comments import Comment, arrival, traces
from blog.comments.traces import CommentTrace
from tests.cast import ARTICLE, CLOCK, arrived

pytestmark = pytest.mark.usefixtures("at_work")


def send(body: str, *, later: timedelta = timedelta()) -> int:
    article = articles.by_id(ARTICLE)
    assert article
    draft = comments.compose(article, name="Nomsa", body=body, parent_id=None)
    with db.writing():
        return arrival.submit(arrived(draft), now=CLOCK + later)


def kept() -> int:
    return db.session.execute(select(func.count()).select_from(CommentTrace)).scalar_one()


def test_a_comment_sent_twice_leaves_one_trace() -> None:
    assert send("One") == send("One")
    assert kept() == 1


def test_no_word_and_no_address_is_in_a_trace() -> None:
    send("Retinol helped me very much")
    trace = db.session.execute(select(CommentTrace)).scalar_one()
    assert (trace.client_hash, trace.reader_hash) == ("client", "browser")
    assert b"etinol" not in trace.sketch
    assert len(trace.words_hash) == 32


def test_traces_go_after_a_month_and_their_comments_stay() -> None:
    for number in range(4):
        send(f"Number {number}", later=timedelta(days=number))
    traces.sweep(CLOCK + traces.KEPT + timedelta(days=1, seconds=1))
    assert kept() == 2
    assert comments.counts()["pending"] == 4


def test_many_old_traces_go_in_short_transactions() -> None:
    send("One")
    with db.writing():
        row = {"client_hash": "", "reader_hash": "", "words_hash": "", "sketch": b"", "at": CLOCK}
        (one,) = db.session.execute(select(Comment)).scalars()
        columns = [each for each in Comment.__table__.columns if each.name != "id"]
        known = {each.name: getattr(one, each.name) for each in columns}
        copies = [known | {"submission_key": str(number)} for number in range(600)]
        db.session.execute(insert(Comment), copies)
        ids = db.session.execute(select(Comment.id).where(Comment.id != one.id)).scalars()
        db.session.execute(insert(CommentTrace), [row | {"comment_id": each} for each in ids])
    traces.sweep(CLOCK + traces.KEPT)
    assert kept() == 601
    traces.sweep(CLOCK + traces.KEPT + timedelta(seconds=1))
    assert kept() == 0


def test_a_trace_goes_with_its_comment() -> None:
    comment = comments.by_id(send("One"))
    with db.writing():
        db.session.delete(comment)
    assert kept() == 0


def test_what_came_before_is_counted_to_a_hundred() -> None:
    for number in range(101):
        send(f"Number {number}")
    found = traces.before(words_hash="", client_hash="client", reader_hash="browser", now=CLOCK)
    assert (found.same, found.in_last_hour, found.published) == (0, 100, 0)
    assert len(found.sketches) == 100
