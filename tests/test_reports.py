"""Reports of comments: how many are kept, when they are open, who settles them, what is forgotten."""

from typing import Any

import pytest
from sqlalchemy import delete, select

from blog import accounts, comments, db, journal
from blog.accounts import User
from blog.comments import Comment, CommentState, deciding, queue, reports
from blog.comments.queue import Choice
from blog.comments.reports import KEPT_MAX, CommentReport, ReportReason
from blog.errors import Conflict, Forbidden
from tests.cast import CLOCK, Clock
from tests.test_thread import become, say

pytestmark = pytest.mark.usefixtures("clock", "at_work")


def comment_of(comment_id: int) -> Comment:
    (found,) = comments.by_ids([comment_id])
    return found


def report(comment_id: int, *, client: str = "client", **said: Any) -> None:
    said = {"reason": ReportReason.RUDE, "details": ""} | said
    with db.writing():
        reports.report(comment_of(comment_id), **said, client_hash=client, now=db.utc_now())


def keep(comment_id: int, upto: int = 1_000, *, batch: str = "a click") -> bool:
    by, now = accounts.everybody()[0], db.utc_now()
    with db.writing():
        return reports.keep(comment_of(comment_id), upto=upto, by=by, now=now, batch=batch)


def undo(batch: str = "a click") -> int:
    with db.writing():
        return deciding.undo(batch, by=accounts.everybody()[0], now=db.utc_now())[0]


def listed() -> list[int]:
    return list(queue.choose(Choice(state=CommentState.APPROVED, is_reported=True), limit=9).ids)


def rows() -> list[CommentReport]:
    return list(db.session.execute(select(CommentReport)).scalars())


def test_what_is_reported_is_counted_by_reason_with_the_readers_words() -> None:
    one, two, three = say("1"), say("2"), say("3")
    report(one, client="a", details="Calls me names.")
    report(one, client="b")
    report(one, client="c", reason=ReportReason.SPAM, details="And sells.")
    report(three, reason=ReportReason.OTHER)
    assert reports.count_reported() == 2
    assert listed() == [three, one]
    found = reports.about([one, two, three])
    assert dict(found[one].counts) == {"rude or hurtful": 2, "spam or advertising": 1}
    assert found[one].details == ["Calls me names.", "And sells."]
    assert dict(found[three].counts) == {"something else": 1}
    assert two not in found


def test_no_more_are_counted_than_anybody_needs_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "COUNTED_TO", 2)
    for body in "123":
        report(say(body))
    assert reports.count_reported() == 2


def test_a_report_is_new_where_none_before_is_open(clock: Clock) -> None:
    assert reports.newest() == 0
    one, two = say("1"), say("2")
    report(one)
    first = reports.newest()
    report(one, client="b")
    assert reports.is_any_new(after=0)
    assert not reports.is_any_new(after=first)
    report(two)
    assert reports.is_any_new(after=first)
    assert not reports.is_any_new(after=reports.newest())
    keep(one)
    keep(two)
    report(one, client="c")
    assert reports.is_any_new(after=first)
    clock.move(minutes=1)
    with db.writing():
        comment_of(one).reject(by=accounts.everybody()[0], now=clock.now)
        comment_of(one).approve(by=accounts.everybody()[0], now=clock.now)
    last = reports.newest()
    assert not reports.is_any_new(after=0)
    clock.move(minutes=1)
    report(one, client="d")
    assert reports.is_any_new(after=last)


def test_one_client_reports_a_comment_once() -> None:
    one, two = say("1"), say("2")
    report(one, details="First")
    report(one, details="Second")
    report(two)
    assert [row.details for row in rows()] == ["First", ""]


def test_of_one_comment_no_more_than_fifty_are_open() -> None:
    one, two = say("1"), say("2")
    for number in range(KEPT_MAX + 2):
        report(one, client=f"client {number}")
    report(two)
    assert [row.comment_id for row in rows()] == [one] * KEPT_MAX + [two]
    assert keep(one)
    assert listed() == [two]
    report(one, client="one more", details="Look again.")
    assert reports.about([one])[one].details == ["Look again."]


def test_keeping_a_comment_settles_what_was_shown_and_nothing_later() -> None:
    one = say("1")
    report(one, client="a")
    upto = reports.about([one])[one].upto
    report(one, client="b", reason=ReportReason.SPAM)
    assert keep(one, upto)
    assert dict(reports.about([one])[one].counts) == {"spam or advertising": 1}
    assert keep(one)
    assert (listed(), reports.count_reported(), reports.about([one])) == ([], 0, {})
    assert not keep(one)
    lines = [line.verb for line in journal.recent()]
    assert lines.count("kept reported") == 2
    report(one, client="a")
    assert listed() == []
    report(one, client="c")
    assert listed() == [one]


def test_keeping_is_undone_for_ten_minutes_and_what_was_kept_before_stays_kept(
    clock: Clock,
) -> None:
    one, two = say("1"), say("2")
    report(one, details="Settled before.")
    keep(one, batch="earlier")
    clock.move(minutes=1)
    for client in ("a", "b"):
        report(one, client=client)
    report(two)
    assert [keep(each) for each in (one, two)] == [True, True]
    clock.move(minutes=10)
    assert (listed(), reports.is_any_new(after=0)) == ([], False)
    assert undo() == 2
    assert listed() == [two, one]
    assert reports.is_any_new(after=0)
    assert dict(reports.about([one])[one].counts) == {"rude or hurtful": 2}
    assert [line.verb for line in journal.recent(limit=2)] == ["asked again about"] * 2
    assert undo() == 0
    clock.move(seconds=1)
    with pytest.raises(Conflict):
        undo()


def test_undoing_leaves_alone_what_was_decided_since(clock: Clock) -> None:
    one = say("1")
    report(one)
    keep(one)
    clock.move(minutes=1)
    with db.writing():
        comment_of(one).reject(by=accounts.everybody()[0], now=clock.now)
    assert undo() == 0
    become(one, CommentState.APPROVED)
    assert listed() == []


def test_what_was_reported_long_ago_and_kept_just_now_can_still_be_undone(clock: Clock) -> None:
    one = say("1")
    report(one)
    clock.move(days=40)
    keep(one)
    reports.sweep(db.utc_now())
    assert undo() == 1
    assert listed() == [one]
    keep(one)
    clock.move(days=31)
    reports.sweep(db.utc_now())
    assert rows() == []


@pytest.mark.parametrize(
    "state",
    [CommentState.PENDING, CommentState.REJECTED, CommentState.SPAM, CommentState.WITHDRAWN],
)
def test_reports_of_what_isn_t_published_are_not_open(state: CommentState) -> None:
    one = say("1")
    report(one)
    become(one, state)
    assert (listed(), reports.count_reported(), reports.about([one])) == ([], 0, {})
    become(one, CommentState.APPROVED)
    assert listed() == [one]


def test_a_decision_settles_what_was_reported_before_and_its_undo_opens_it(clock: Clock) -> None:
    one = say("1")
    report(one)
    clock.move(minutes=1)
    by = accounts.everybody()[0]
    with db.writing():
        comment_of(one).reject(by=by, now=clock.now)
    with db.writing():
        (line,) = journal.recent(limit=1)
        comment_of(one).restore(line, by=by, now=clock.now)
    assert listed() == [one]
    with db.writing():
        comment_of(one).reject(by=by, now=clock.now)
        comment_of(one).approve(by=by, now=clock.now)
    assert listed() == []
    clock.move(minutes=1)
    report(one, client="later")
    assert listed() == [one]


def test_after_a_month_nobody_knows_who_reported_and_what_was_settled_is_gone(
    clock: Clock,
) -> None:
    kept, open_, gone, last = say("1"), say("2"), say("3"), say("4")
    for comment_id in (kept, open_, gone):
        report(comment_id)
    keep(kept)
    become(gone, CommentState.REJECTED)
    clock.move(days=29, hours=23)
    report(last)
    reports.sweep(db.utc_now())
    assert {row.client_hash for row in rows()} == {"client"}
    assert len(rows()) == 4
    clock.move(hours=2)
    reports.sweep(db.utc_now())
    found = {(row.comment_id, row.client_hash) for row in rows()}
    assert found == {(open_, None), (last, "client")}
    assert listed() == [last, open_]


def test_who_may_not_moderate_may_not_keep() -> None:
    one = say("1")
    report(one)
    with pytest.raises(Forbidden), db.writing():
        reports.keep(comment_of(one), upto=1_000, by=User(role="guest"), now=CLOCK, batch="b")
    assert listed() == [one]


def test_reports_go_with_their_comment() -> None:
    one = say("1")
    report(one)
    with db.writing():
        db.session.execute(delete(Comment).where(Comment.id == one))
    assert rows() == []
