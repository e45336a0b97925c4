"""What becomes of a comment that its writer changes or withdraws, wherever it stands meanwhile."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from blog import accounts, comments, db, journal, outbox, revision
from blog.accounts import User
from blog.comments import (
    Comment,
    CommentState,
    arrival,
    deciding,
    editing,
    following,
    learning,
    notices,
    policy,
    queue,
    trust,
)
from blog.comments.arrival import Arrival, Sender
from blog.comments.learning import CommentLesson
from blog.comments.queue import Choice
from blog.comments.traces import CommentTrace
from blog.comments.trust import Holder, TrustedReader
from blog.content import Commenting
from blog.errors import Busy, Gone, Invalid
from blog.outbox import FileTransport
from blog.spam import Answer, Reason, Tone, Verdict
from tests.cast import AUTHOR, CLOCK, MODERATOR, WAITS, Clock, arrived, article, at_once

pytestmark = pytest.mark.usefixtures("at_work")

APPROVED, PENDING, REJECTED = CommentState.APPROVED, CommentState.PENDING, CommentState.REJECTED
SPAM, REPLACED, WITHDRAWN = CommentState.SPAM, CommentState.REPLACED, CommentState.WITHDRAWN
FIRST = "I had my second session last week and the redness was gone after two days, thank you."
THEN = "I had my third session last week and the redness was gone after three days, thank you."
FINE = Verdict(())
LINK = Verdict((Reason("links", "1 link", Tone.BAD, Answer.HOLD),))
HASTE = Verdict((Reason("haste", "sent 1 second after", Tone.BAD, Answer.HOLD),))
RULE = Verdict((Reason("rule", "“pills”", Tone.BAD, Answer.SPAM),))
MINUTE = timedelta(minutes=1)


def post(body: str = FIRST, verdict: Verdict = WAITS, *, parent_id: int | None = None) -> int:
    draft = comments.compose(
        article(), name="Nomsa", body=body, email="n@r.example", parent_id=parent_id
    )
    with db.writing():
        return arrival.submit(arrived(draft, verdict=verdict), now=CLOCK)


def publish(body: str = FIRST) -> int:
    comment_id = post(body)
    decide(APPROVED, comment_id)
    return comment_id


def somebody(email: str = MODERATOR.email) -> User:
    found = accounts.by_email(email)
    assert found
    return found


def decide(state: CommentState, *ids: int, batch: str = "click", at: datetime = CLOCK) -> None:
    by_id = somebody().id
    with db.writing():
        by = db.session.get_one(User, by_id)
        found = comments.by_ids(ids)
        assert [row.id for row in found] == sorted(ids)
        deciding.decide(ids, state, if_still=lambda _: True, by=by, now=at, batch=batch)


def edit_of(comment_id: int, body: str = THEN, verdict: Verdict = LINK) -> Arrival:
    draft = comments.compose(article(), name="Nomsa", body=body, parent_id=None)
    return replace(arrived(draft, verdict=verdict), edit_of_id=comment_id)


def change(
    comment_id: int, body: str = THEN, verdict: Verdict = LINK, *, at: datetime = CLOCK + MINUTE
) -> bool:
    with db.writing():
        return editing.submit(edit_of(comment_id, body, verdict), now=at)


def row(comment_id: int) -> Comment:
    db.session.rollback()
    return db.session.get_one(Comment, comment_id, populate_existing=True)


def edits(comment_id: int, *states: CommentState) -> list[Comment]:
    return list(row(comment_id).edits(*states or CommentState))


def words(comment_id: int) -> tuple[str, CommentState]:
    found = row(comment_id)
    return found.source, found.state


def held_for(comment_id: int) -> list[str]:
    return [each["step"] for each in row(comment_id).reasons if each["answer"] != Answer.ALLOW]


def verbs(comment_id: int) -> list[str]:
    return [line.verb for line in journal.about("comment", [str(comment_id)])]


def found(*asked: str, state: CommentState = PENDING) -> list[int]:
    return [
        each for one in asked for each in queue.choose(Choice(state=state, words=one), limit=9).ids
    ]


def lessons() -> dict[int, bool]:
    query = select(CommentLesson.comment_id, CommentLesson.is_spam)
    return {each.comment_id: each.is_spam for each in db.session.execute(query)}


def learnt() -> tuple[int, int, dict[int, float]]:
    """How much was learnt of either kind, and what each sign that was seen adds up to."""
    sums = {each["bucket"]: round(each["total"], 9) for each in learning.export() if each["seen"]}
    found = learning.summary()
    return found.genuine, found.spam, sums


def number() -> int:
    db.session.rollback()
    return revision.current(db.session)


# When


def test_a_quarter_of_an_hour_and_no_longer() -> None:
    comment = row(post())
    assert editing.until(comment) == CLOCK + timedelta(minutes=15)
    assert editing.may_change(comment, now=CLOCK + timedelta(minutes=14, seconds=59))
    assert not editing.may_change(comment, now=CLOCK + timedelta(minutes=15))


# The policy


def sender(client: str = "client") -> Sender:
    return Sender(client_hash=client, reader_hash="browser")


def judged(comment_id: int, body: str) -> Verdict:
    return editing.arrive(article(), row(comment_id), sender(), body=body, now=CLOCK).verdict


def test_an_edit_is_judged_like_a_comment_but_never_for_its_own_earlier_words() -> None:
    one = publish()
    for body in (f"{FIRST} Really.", f"**{FIRST}**"):
        steps = {reason.step: reason.words for reason in judged(one, body).reasons}
        assert "repetition" not in steps
        assert steps["history"] == "first comment"
    linked = judged(one, "See https://shop.example/serum for more of it.")
    assert "1 link" in [reason.words for reason in linked.reasons]
    post(THEN)
    again = judged(one, THEN)
    assert "the same words came 1 time before" in [reason.words for reason in again.reasons]


def test_editing_often_is_no_rate_of_comments() -> None:
    one = post()
    for others in range(policy.MANY_IN_AN_HOUR - 1):
        post(f"Another one {others}")
    for number in range(6):
        change(one, f"{THEN} {number}")
    assert "rate" not in {reason.step for reason in judged(one, "Once more.").reasons}


def test_what_the_policy_refuses_is_refused_with_the_reason() -> None:
    one = post()
    with db.writing():
        article().comments = Commenting.CLOSED
    with pytest.raises(Invalid, match="Comments on this article are closed"):
        judged(one, THEN)


def test_an_answer_may_be_edited_though_what_it_answers_is_gone() -> None:
    parent = publish()
    one = post(THEN, parent_id=parent)
    decide(REJECTED, parent)
    assert judged(one, "Other words.").reasons


# What nobody has read


def test_a_waiting_comment_says_the_new_words_and_waits_for_the_new_reasons() -> None:
    one = post("With a link", LINK)
    mark = row(one).mark
    hidden = WAITS
    assert change(one, THEN, Verdict((*hidden.reasons, Reason("links", "no links", Tone.GOOD))))
    comment = row(one)
    assert (comment.source, comment.state, comment.edited_at) == (THEN, PENDING, CLOCK + MINUTE)
    assert "third session" in comment.html
    assert [each["words"] for each in comment.reasons] == ["no links"]
    assert comment.mark != mark
    assert (found("third"), found("link")) == ([one], [])
    trace = db.session.get_one(CommentTrace, one)
    assert trace.words_hash == edit_of(one).draft.words_hash
    assert edits(one) == []


def test_what_was_held_for_its_words_alone_appears_with_others() -> None:
    one, before = post(FIRST, LINK), number()
    assert change(one, THEN, FINE)
    assert words(one) == (THEN, APPROVED)
    assert number() > before


def test_what_was_held_for_how_it_came_goes_on_waiting() -> None:
    one = post(FIRST, HASTE)
    change(one, THEN, FINE)
    change(one, "Third words", FINE)
    assert words(one) == ("Third words", PENDING)
    assert held_for(one) == ["haste"]
    change(one, "Fourth words", HASTE)
    assert held_for(one) == ["haste"]


def test_what_a_rule_takes_for_spam_is_spam_and_stays_it() -> None:
    one = post()
    change(one, "pills", RULE)
    assert words(one) == ("pills", SPAM)
    change(one, THEN, FINE)
    assert words(one) == (THEN, SPAM)


def test_spam_teaches_nothing_by_words_that_nobody_judged() -> None:
    one = post("Buy cheap pills now")
    decide(SPAM, one)
    assert lessons() == {one: True}
    change(one, FIRST, FINE)
    assert (words(one), lessons()) == ((FIRST, SPAM), {})
    decide(REJECTED, one)
    assert lessons() == {}


@pytest.mark.parametrize("state", [REJECTED, SPAM])
def test_no_undo_publishes_words_that_came_after_the_decision(state: CommentState) -> None:
    one = publish()
    decide(state, one, batch="second")
    change(one, "See https://shop.example/serum")
    assert undo("second") == 0
    assert row(one).state in (PENDING, SPAM)


def test_a_rejected_comment_comes_back_for_review_alone() -> None:
    one = post()
    decide(REJECTED, one)
    change(one, THEN, FINE)
    comment = row(one)
    assert (comment.source, comment.state) == (THEN, PENDING)
    assert (comment.decided_at, comment.decided_by_id) == (None, None)
    assert held_for(one) == ["edited"]
    change(one, "Third words", FINE)
    assert words(one) == ("Third words", PENDING)


def test_what_says_the_same_is_no_edit() -> None:
    one, other = post(), publish(THEN)
    assert not change(one, FIRST)
    assert not change(other, THEN, FINE)
    assert (row(one).edited_at, edits(other)) == (None, [])


# What is published


def test_an_allowed_edit_takes_the_place_of_what_was_published_at_once() -> None:
    one, before = publish(), number()
    assert lessons() == {one: False}
    change(one, THEN, FINE)
    assert words(one) == (THEN, APPROVED)
    assert number() > before
    assert verbs(one) == ["approved", "edited"]
    assert edits(one) == []
    assert lessons() == {}
    assert found("third", state=APPROVED) == [one]


def test_a_held_edit_waits_beside_what_is_published() -> None:
    one, before = publish(), number()
    assert change(one)
    (edit,) = edits(one)
    assert (edit.source, edit.state, edit.name) == (THEN, PENDING, "Nomsa")
    assert words(one) == (FIRST, APPROVED)
    assert number() == before
    assert comments.count_in(PENDING) == 1
    assert found("third") == [edit.id]
    assert found("third", state=APPROVED) == []
    assert editing.last_words(row(one)) == THEN
    assert comments.counts_on([article().id]) == {article().id: 1}
    assert lessons() == {one: False}


def test_moderators_are_told_of_an_edit_that_waits() -> None:
    one = publish()
    change(one)
    assert notices.tell(CLOCK + MINUTE) > 0
    assert all("third session" in mail.text for mail in outbox.recent())


def test_moderators_are_told_of_a_rejected_comment_that_is_changed_and_waits_again(
    clock: Clock, tmp_path: Path
) -> None:
    one = post()
    assert notices.tell(CLOCK) == 3
    outbox.deliver_due(FileTransport(tmp_path), worker="worker", clock=db.utc_now)
    decide(REJECTED, one)
    assert change(one)
    assert words(one) == (THEN, PENDING)
    assert change(one, "Third words")
    clock.move(minutes=10)
    assert notices.tell(clock.now) == 3
    assert all("Third words" in mail.text for mail in outbox.recent(limit=3))
    outbox.deliver_due(FileTransport(tmp_path), worker="worker", clock=db.utc_now)
    clock.move(minutes=10)
    assert notices.tell(clock.now) == 0


def test_a_second_edit_changes_the_one_that_waits() -> None:
    one = publish()
    change(one)
    (edit,) = edits(one)
    mark = edit.mark
    assert not change(one)
    assert change(one, "Third words")
    (edit,) = edits(one)
    assert (edit.source, edit.state) == ("Third words", PENDING)
    assert edit.mark != mark
    assert (found("third words"), found("session")) == ([edit.id], [])


def test_back_to_the_old_words_nothing_waits_any_more() -> None:
    one = publish()
    change(one)
    (edit,) = edits(one)
    assert change(one, FIRST)
    assert words(one) == (FIRST, APPROVED)
    assert words(edit.id) == ("", WITHDRAWN)
    assert found("session") == []
    assert comments.count_in(PENDING) == 0


def test_an_allowed_edit_does_away_with_one_that_waits() -> None:
    one = publish()
    change(one)
    change(one, "Third words", FINE)
    assert words(one) == ("Third words", APPROVED)
    assert [edit.state for edit in edits(one)] == [WITHDRAWN]


# What is decided about an edit


def waiting_edit() -> tuple[int, int]:
    one = publish()
    change(one)
    (edit,) = edits(one)
    return one, edit.id


def undo(batch: str = "click", *, at: datetime = CLOCK) -> int:
    by_id = somebody(AUTHOR.email).id
    with db.writing():
        return deciding.undo(batch, by=db.session.get_one(User, by_id), now=at)[0]


def test_an_accepted_edit_is_what_is_published() -> None:
    one, edit = waiting_edit()
    before = number()
    decide(APPROVED, edit)
    comment = row(one)
    assert (comment.source, comment.state, comment.edited_at) == (THEN, APPROVED, CLOCK + MINUTE)
    assert "third session" in comment.body_html
    assert [each["words"] for each in comment.reasons] == ["1 link"]
    assert number() > before
    assert (row(edit).state, row(edit).outcome) == (REPLACED, APPROVED)
    assert found("third", state=APPROVED) == [one]
    assert lessons() == {one: False, edit: False}
    assert comments.counts_on([article().id]) == {article().id: 1}
    assert verbs(edit) == ["approved"]


def test_an_accepted_edit_can_be_undone_and_done_again() -> None:
    one, edit = waiting_edit()
    decide(APPROVED, edit, batch="second")
    assert undo("second") == 1
    assert words(one) == (FIRST, APPROVED)
    assert row(one).edited_at is None
    assert words(edit) == (THEN, PENDING)
    assert (found("third"), found("second", state=APPROVED)) == ([edit], [one])
    decide(APPROVED, edit, batch="third")
    assert words(one) == (THEN, APPROVED)


def test_a_rejected_edit_leaves_what_is_published_and_can_be_accepted_after_all() -> None:
    one, edit = waiting_edit()
    decide(REJECTED, edit)
    assert (words(one), words(edit)) == ((FIRST, APPROVED), (THEN, REJECTED))
    assert editing.last_words(row(one)) == FIRST
    assert change(one, "Third words")
    assert [each.state for each in edits(one)] == [REJECTED, PENDING]
    decide(APPROVED, edit)
    assert words(one) == (THEN, APPROVED)


def test_an_edit_that_is_spam_makes_its_comment_spam_and_teaches_by_its_own_words() -> None:
    one, edit = waiting_edit()
    decide(SPAM, edit, batch="second")
    assert (words(one), row(edit).outcome) == ((THEN, SPAM), SPAM)
    assert lessons() == {one: True, edit: False}
    assert undo("second") == 2
    assert (words(one), words(edit)) == ((FIRST, APPROVED), (THEN, PENDING))
    assert lessons() == {one: False}


@pytest.mark.parametrize("state", [APPROVED, SPAM])
@pytest.mark.parametrize("is_decided", [True, False])
def test_an_undone_edit_leaves_exactly_what_was_learnt_before(
    state: CommentState, is_decided: bool
) -> None:
    # Of words that appeared by themselves nobody said anything.
    one = publish() if is_decided else post(FIRST, FINE)
    change(one, at=CLOCK + MINUTE)
    (edit,) = edits(one)
    before = lessons(), learnt()
    decide(state, edit.id, batch="second")
    other = post("Cheap pills after my third session")
    decide(SPAM, other, batch="third")
    assert undo("second") > 0
    undo("third")
    assert (lessons(), learnt()) == before


@pytest.mark.parametrize(
    ("came", "first", "then", "is_kept"),
    [
        (FINE, None, SPAM, False),
        (RULE, None, APPROVED, False),
        (FINE, SPAM, APPROVED, True),
        (WAITS, REJECTED, APPROVED, False),
    ],
)
@pytest.mark.parametrize("is_changed", [True, False])
def test_an_undone_decision_leaves_what_was_learnt_before(
    came: Verdict, first: CommentState | None, then: CommentState, is_kept: bool, is_changed: bool
) -> None:
    one = post(FIRST, came)
    if first:
        decide(first, one, batch="first")
    if is_changed:
        change(one, THEN, FINE)
    before = lessons(), learnt()
    assert bool(before[0]) == (is_kept and not is_changed)
    for _ in range(2):
        decide(then, one, batch="second", at=CLOCK + 2 * MINUTE)
        assert lessons() == {one: then == SPAM}
        assert undo("second", at=CLOCK + 2 * MINUTE) == 1
        assert (lessons(), learnt()) == before
    # What nobody has read is published by the undo of no earlier decision.
    if first:
        assert undo("first", at=CLOCK + 2 * MINUTE) == (not is_changed)


def test_what_a_forgotten_version_taught_is_forgotten_with_it() -> None:
    one, edit = waiting_edit()
    decide(APPROVED, edit)
    editing.sweep(CLOCK + 11 * MINUTE)
    assert lessons() == {one: False}
    decide(REJECTED, one)
    assert learnt() == (0, 0, {})


def test_an_edit_is_not_taken_back_from_what_somebody_decided_since() -> None:
    one, edit = waiting_edit()
    decide(SPAM, edit, batch="second")
    decide(APPROVED, one, batch="third", at=CLOCK + MINUTE)
    assert undo("second") == 0
    assert (words(one), row(edit).state) == ((THEN, APPROVED), REPLACED)


@pytest.mark.parametrize("state", [REJECTED, SPAM])
def test_who_takes_a_comment_down_drops_its_edit_and_may_undo_both(state: CommentState) -> None:
    one, edit = waiting_edit()
    decide(state, one, batch="second")
    assert (words(one), words(edit)) == ((FIRST, state), (THEN, REJECTED))
    assert undo("second") == 2
    assert (words(one), words(edit)) == ((FIRST, APPROVED), (THEN, PENDING))


def test_an_edit_of_a_comment_that_waits_again_is_published_with_it() -> None:
    one, edit = waiting_edit()
    undo()
    assert words(one) == (FIRST, PENDING)
    decide(APPROVED, edit, batch="second")
    assert words(one) == (THEN, APPROVED)
    assert undo("second") == 2
    assert (words(one), words(edit)) == ((FIRST, PENDING), (THEN, PENDING))
    change(one, "Third words")
    assert (words(one), words(edit)) == (("Third words", PENDING), ("", WITHDRAWN))


def test_many_are_decided_about_with_their_edits() -> None:
    one, edit = waiting_edit()
    other = post("Another one")
    decide(APPROVED, one, edit, other, batch="all")
    assert (words(one), words(other)) == ((THEN, APPROVED), ("Another one", APPROVED))
    assert undo("all") == 2
    assert (words(one), words(edit)) == ((FIRST, APPROVED), (THEN, PENDING))


@pytest.mark.parametrize("is_published", [True, False])
@pytest.mark.parametrize("state", [REJECTED, SPAM])
def test_turned_down_together_a_comment_and_its_edit_keep_their_words(
    state: CommentState, is_published: bool
) -> None:
    one, edit = waiting_edit()
    if not is_published:
        undo()
    before = words(one), words(edit)
    decide(state, one, edit, batch="second")
    assert (words(one), words(edit)) == ((FIRST, state), (THEN, REJECTED))
    assert undo("second") == 2
    assert (words(one), words(edit)) == before


def hide_and_approve(comment_id: int) -> None:
    by_id = somebody().id
    with db.writing():
        by = db.session.get_one(User, by_id)
        (comment,) = comments.by_ids([comment_id])
        assert deciding.hide_and_approve(comment, "ZA", by=by, now=CLOCK, batch="second")


def test_details_hidden_in_an_edit_are_hidden_in_its_comment() -> None:
    one = publish()
    change(one, "Call me on 082 555 0142, please")
    (edit,) = edits(one)
    hide_and_approve(edit.id)
    assert row(one).source == "Call me on (phone number hidden), please"
    assert editing.last_words(row(one)) == "Call me on 082 555 0142, please"
    undo("second")
    assert words(one) == (FIRST, APPROVED)
    assert words(edit.id) == ("Call me on 082 555 0142, please", PENDING)


def test_what_a_name_gives_away_is_hidden_through_an_edit_too() -> None:
    one = publish()
    with db.writing():
        comments.by_ids([one])[0].name = "Nomsa 082 555 0142"
    change(one, "Call me, please")
    (edit,) = edits(one)
    hide_and_approve(edit.id)
    assert row(one).name == "Nomsa (phone number hidden)"
    undo("second")
    assert [each.name for each in (row(one), row(edit.id))] == ["Nomsa 082 555 0142"] * 2


def test_an_undo_shows_no_more_than_its_click_hid() -> None:
    one = post("Call 082 555 0142")
    by_id = somebody().id
    with db.writing():
        assert comments.by_ids([one])[0].hide("ZA", by=db.session.get_one(User, by_id), now=CLOCK)
    decide(APPROVED, one, at=CLOCK + MINUTE)
    assert undo() == 1
    assert words(one) == ("Call (phone number hidden)", PENDING)


def test_what_was_replaced_is_forgotten_when_it_can_not_come_back() -> None:
    one, edit = waiting_edit()
    decide(APPROVED, edit)
    editing.sweep(CLOCK + 10 * MINUTE)
    assert words(edit) == (FIRST, REPLACED)
    editing.sweep(CLOCK + 11 * MINUTE)
    assert db.session.get(Comment, edit) is None
    assert found("second", state=REPLACED) == []
    assert undo() == 1
    assert words(one) == (THEN, PENDING)


def test_what_somebody_may_be_told_of_later_is_forgotten_all_the_same() -> None:
    one, edit = waiting_edit()
    post("Another one")
    decide(APPROVED, edit)
    notices.tell(CLOCK + MINUTE)
    assert edit in {owed.comment_id for owed in db.session.query(notices.NoticeOwed)}
    editing.sweep(CLOCK + 11 * MINUTE)
    assert db.session.get(Comment, edit) is None
    assert words(one) == (THEN, APPROVED)


def test_only_what_was_replaced_last_can_come_back() -> None:
    one, first = waiting_edit()
    decide(APPROVED, first, batch="second")
    change(one, "Third words")
    (edit,) = edits(one, PENDING)
    decide(APPROVED, edit.id, batch="third")
    assert undo("second") == 0
    assert undo("third") == 1
    assert words(one) == (THEN, APPROVED)
    decide(APPROVED, edit.id, batch="fourth")
    change(one, "Fourth words", FINE)
    assert undo("fourth") == 0
    assert words(one) == ("Fourth words", APPROVED)


@pytest.mark.parametrize("state", [APPROVED, REJECTED])
def test_of_two_edits_only_the_later_waits_after_an_undo(state: CommentState) -> None:
    one, first = waiting_edit()
    decide(state, first, batch="second")
    change(one, "Third words", at=CLOCK + 2 * MINUTE)
    (then,) = edits(one, PENDING)
    assert undo("second") == 1
    assert [each.id for each in edits(one, PENDING)] == [then.id]
    assert (words(one), words(first)) == ((FIRST, APPROVED), ("", WITHDRAWN))
    assert editing.last_words(row(one)) == "Third words"


def test_no_edit_comes_back_beside_later_words_of_its_comment() -> None:
    one, edit = waiting_edit()
    decide(REJECTED, one, batch="second")
    change(one, "Third words", at=CLOCK + 2 * MINUTE)
    undo("second")
    assert (words(one), words(edit)) == (("Third words", PENDING), ("", WITHDRAWN))


def test_what_became_of_an_edit_is_not_decided_again() -> None:
    _, edit = waiting_edit()
    decide(APPROVED, edit)
    decide(SPAM, edit)
    assert row(edit).outcome == APPROVED


# Withdrawing


def withdraw(comment_id: int) -> bool:
    with db.writing():
        return editing.withdraw(comment_id, now=CLOCK + MINUTE)


def everything_stored() -> str:
    """All that stands in the tables that hold comments, and in what they are found by."""
    tables = ["comment", "comment_trace", "comment_lesson", "search_index_comment"]
    rows = [
        tuple(each)
        for name in tables
        for each in db.session.connection().exec_driver_sql(f"SELECT * FROM {name}")
    ]
    return str(rows)


@pytest.mark.parametrize("state", [APPROVED, REJECTED, SPAM])
def test_of_a_withdrawn_comment_nothing_is_left_but_that_it_was(state: CommentState) -> None:
    one = publish("My phenomenal forehead")
    change(one, "My phenomenal cheeks")
    change(one, "My phenomenal cheeks", FINE)
    change(one, "My phenomenal nose")
    (edit,) = edits(one, PENDING)
    decide(APPROVED, edit.id)
    change(one, "My phenomenal chin")
    if state != APPROVED:
        decide(state, one)
    with db.writing():
        following.want(one, "n@r.example", trust_hash="", now=CLOCK)
    before = number()
    assert withdraw(one)
    assert (number() > before) == (state == APPROVED)
    stored = everything_stored()
    for told in ("phenomenal", "Nomsa", "nomsa", "n@r", "links", "chin", "nose", "client"):
        assert told not in stored
    comment = row(one)
    assert (comment.state, comment.name, comment.body_html) == (WITHDRAWN, "", "")
    assert (lessons(), db.session.get(CommentTrace, one)) == ({}, None)
    assert following.of(comment) is None
    assert learning.summary().genuine == learning.summary().spam == 0
    assert verbs(one)[-1] == "withdrew"


def test_withdrawn_twice_is_withdrawn_once_and_no_decision_brings_it_back() -> None:
    one = publish()
    assert withdraw(one)
    assert not withdraw(one)
    decide(APPROVED, one)
    assert undo() == 0
    assert words(one) == ("", WITHDRAWN)
    with pytest.raises(Gone, match="withdrawn by its writer"):
        change(one)


def test_what_was_erased_meanwhile_is_neither_changed_nor_withdrawn() -> None:
    one = post()
    with db.writing():
        db.session.delete(row(one))
    for act in (change, withdraw):
        with pytest.raises(Gone, match="erased meanwhile"):
            act(one)


def test_the_same_words_sent_again_are_a_comment_of_their_own() -> None:
    one = post()
    withdraw(one)
    other = post()
    assert other != one
    assert words(other) == (FIRST, PENDING)


def test_who_sends_again_what_she_reads_is_not_taken_for_its_writer() -> None:
    one, waiting = publish(), post("Another one")
    for body in (FIRST, "Another one"):
        draft = comments.compose(
            article(), name="Nomsa", body=body, email="n@r.example", parent_id=None
        )
        with db.writing():
            arrival.submit(arrived(draft, browser="another browser"), now=CLOCK)
    assert row(one).reader_hash == "browser"
    assert row(waiting).reader_hash == "another browser"


# Trust


def trusted(comment_id: int, email: str = "n@r.example") -> Holder:
    """Let a comment come from a browser in which an address was confirmed."""
    with db.writing():
        reader = TrustedReader(email=email, asked_at=CLOCK, confirmed_at=CLOCK)
        db.session.add(reader)
        db.session.flush()
        db.session.get_one(Comment, comment_id).trusted_reader_id = reader.id
        return Holder(reader.id, email, CLOCK)


def times_rejected(who: Holder, *, at: datetime = CLOCK + MINUTE) -> int:
    db.session.rollback()
    return trust.standing(who, now=at).rejected_lately


@pytest.mark.parametrize("state", [REJECTED, SPAM])
@pytest.mark.parametrize("is_withdrawn", [True, False])
def test_a_rejection_speaks_against_its_writer_whatever_she_does_then(
    state: CommentState, is_withdrawn: bool
) -> None:
    one = post()
    who, other = trusted(one), trusted(post(THEN), "other@r.example")
    decide(state, one)
    assert times_rejected(who) == 1
    if is_withdrawn:
        withdraw(one)
    else:
        arrived_anew = replace(edit_of(one, "Third words", FINE), trusted_reader_id=other.reader_id)
        with db.writing():
            editing.submit(arrived_anew, now=CLOCK + MINUTE)
        decide(APPROVED, one, at=CLOCK + MINUTE)
    assert times_rejected(who) == 1
    assert times_rejected(who, at=CLOCK + trust.LATELY) == 0
    assert times_rejected(other) == 0


def test_an_undone_rejection_gives_trust_back_and_what_waited_takes_none() -> None:
    one, other = post(), post(THEN)
    who = trusted(one)
    decide(REJECTED, one)
    assert undo() == 1
    assert times_rejected(who) == 0
    withdraw(one)
    assert withdraw(other)
    assert times_rejected(who) == 0


# At one moment


def acts(app: Flask, *which: Any) -> list[Any]:
    db.session.rollback()
    return at_once(app, *which)


def test_of_two_edits_at_one_moment_one_waits(app: Flask) -> None:
    one = publish()
    done = acts(app, lambda: change(one, "One way"), lambda: change(one, "Other way"))
    assert done == [True, True]
    (edit,) = edits(one)
    assert edit.source in ("One way", "Other way")


@pytest.mark.parametrize("state", [PENDING, APPROVED])
def test_edited_and_withdrawn_at_one_moment_nothing_is_left(
    app: Flask, state: CommentState
) -> None:
    one = publish() if state == APPROVED else post()
    done = acts(app, lambda: change(one), lambda: withdraw(one))
    assert isinstance(done[0], Gone) or done[0] is True
    assert done[1] is True
    assert words(one) == ("", WITHDRAWN)
    assert all(edit.source == "" for edit in edits(one))


def test_who_answers_a_comment_does_not_wait_for_who_decides_about_it(app: Flask) -> None:
    one = publish()
    draft = comments.compose(article(), name="Pieter", body="No, eight.", parent_id=one)
    db.session.rollback()

    def answer() -> int:
        with db.writing(wait_seconds=0):
            return arrival.submit(arrived(draft, verdict=FINE), now=CLOCK)

    with db.writing():
        comments.by_ids([one])
        (done,) = at_once(app, answer)
    # There one writes at a time; elsewhere each would wait for what the other holds.
    is_sqlite = db.db.engine.dialect.name == "sqlite"
    assert isinstance(done, Busy) == is_sqlite


def test_edited_and_approved_at_one_moment_nobody_publishes_what_nobody_read(app: Flask) -> None:
    one = post()
    mark, by_id = row(one).mark, somebody().id

    def approve() -> list[int]:
        with db.writing():
            by = db.session.get_one(User, by_id)
            return deciding.decide(
                [one],
                APPROVED,
                if_still=lambda each: each.mark == mark,
                by=by,
                now=CLOCK,
                batch="x",
            )

    done = acts(app, lambda: change(one), approve)
    assert done[0] is True
    was_late = done[1] == [one]
    assert words(one) == ((THEN, PENDING) if was_late else (FIRST, APPROVED))
    assert [edit.source for edit in edits(one)] == ([] if was_late else [THEN])


def test_an_edit_changed_and_accepted_at_one_moment_is_read_again(app: Flask) -> None:
    one, edit = waiting_edit()
    mark, by_id = row(edit).mark, somebody().id

    def approve() -> list[int]:
        with db.writing():
            by = db.session.get_one(User, by_id)
            return deciding.decide(
                [edit],
                APPROVED,
                if_still=lambda each: each.mark == mark,
                by=by,
                now=CLOCK,
                batch="x",
            )

    done = acts(app, lambda: change(one, "Third words"), approve)
    assert done[0] is True
    was_late = done[1] == [edit]
    assert words(one) == ((FIRST if was_late else THEN), APPROVED)
    (waiting,) = edits(one, PENDING)
    assert waiting.source == "Third words"
