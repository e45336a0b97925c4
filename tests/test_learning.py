"""Learning: what decisions teach, that it can be taken back, and that nobody's is lost."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from flask import Flask
from sqlalchemy import update

from blog import accounts, comments, db, journal
from blog.comments import Comment, CommentState, arrival, learning, signs
from blog.comments.arrival import Sender, arrive
from blog.comments.deciding import undo
from blog.comments.learning import SpamModel
from blog.errors import Forbidden, NotFound
from blog.spam import Answer, Verdict
from tests.cast import AUTHOR, CLOCK, arrived, article, at_once
from tests.labelled import shuffled

pytestmark = pytest.mark.usefixtures("at_work")

MakeApp = Callable[..., Flask]
PRAISE, PILLS = "My skin is calm after the second session", "Cheap pills, buy now http://a.test"


def stored(*texts: str) -> list[int]:
    drafts = [comments.compose(article(), name="N", body=text, parent_id=None) for text in texts]
    with db.writing():
        return [arrival.submit(arrived(draft), now=CLOCK) for draft in drafts]


def decide(verb: Callable[..., bool], *ids: int, batch: str | None = None) -> None:
    with db.writing():
        for comment in comments.by_ids(ids):
            verb(comment, by=None, now=CLOCK, batch=batch)


def weights() -> dict[int, tuple[float, int]]:
    """What the table says of each number that has a weight."""
    found = {row["bucket"]: (round(row["total"], 9), row["seen"]) for row in learning.export()}
    db.session.rollback()
    return {bucket: pair for bucket, pair in found.items() if pair[1]}


def learnt() -> tuple[int, int]:
    found = learning.summary()
    db.session.rollback()
    return found.genuine, found.spam


def speak() -> None:
    """Let it speak, as if much had been decided."""
    with db.writing():
        db.session.execute(update(SpamModel).values(genuine=60, spam=60))


def probability(text: str) -> float:
    opinion = learning.opinion(text)
    db.session.rollback()
    assert opinion
    return opinion.probability


# What is learnt


@pytest.mark.parametrize(
    ("verb", "is_learnt"),
    [(Comment.approve, (1, 0)), (Comment.mark_spam, (0, 1)), (Comment.reject, (0, 0))],
)
def test_approving_and_marking_spam_teach_and_rejecting_does_not(
    verb: Callable[..., bool], is_learnt: tuple[int, int]
) -> None:
    (one,) = stored(PRAISE)
    decide(verb, one)
    assert learnt() == is_learnt
    assert bool(weights()) == (is_learnt != (0, 0))


def test_what_teaches_nothing_makes_no_process_read_anew() -> None:
    (one,) = stored(PRAISE)
    decide(Comment.reject, one)
    assert db.session.query(SpamModel.number).scalar() == 0


def test_a_comment_teaches_once() -> None:
    (one,) = stored(PRAISE)
    decide(Comment.approve, one)
    before = weights()
    decide(Comment.approve, one)
    assert (weights(), learnt()) == (before, (1, 0))


def test_what_appears_by_itself_teaches_nothing() -> None:
    draft = comments.compose(article(), name="N", body=PRAISE, parent_id=None)
    with db.writing():
        arrival.submit(arrived(draft, verdict=Verdict(())), now=CLOCK)
    assert learnt() == (0, 0)


def test_the_authors_replies_teach_nothing() -> None:
    (one,) = stored(PRAISE)
    decide(Comment.approve, one)
    by = accounts.by_email(AUTHOR.email)
    assert by
    parent = comments.by_id(one)
    assert parent
    draft = comments.compose(article(), name="S", body="Yes, six weeks.", parent_id=one)
    with db.writing():
        reply = comments.reply(parent, draft, by=by, now=CLOCK).id
    before = weights()
    decide(Comment.mark_spam, reply)
    assert (weights(), learnt()) == (before, (1, 0))


def test_a_changed_decision_takes_back_exactly_what_it_taught_whatever_came_between() -> None:
    first, second, third, fourth = stored(PRAISE, PILLS, "My skin is dry", "My pills are cheap")
    decide(Comment.mark_spam, second)
    decide(Comment.approve, third)
    without = weights()
    decide(Comment.approve, first)
    assert weights() != without
    decide(Comment.reject, first)
    assert (weights(), learnt()) == (without, (1, 1))
    decide(Comment.approve, first)
    decide(Comment.mark_spam, fourth)
    decide(Comment.reject, fourth)
    decide(Comment.reject, first)
    assert (weights(), learnt()) == (without, (1, 1))


def test_another_decision_teaches_the_opposite() -> None:
    (one,) = stored(PILLS)
    decide(Comment.approve, one)
    decide(Comment.mark_spam, one)
    (other,) = stored(f"{PILLS} ")
    changed = weights()
    decide(Comment.reject, one)
    assert weights() == {}
    decide(Comment.mark_spam, one)
    assert (weights(), learnt()) == (changed, (0, 1))
    assert other != one


def test_hiding_a_part_changes_nothing_of_what_was_learnt_or_can_be_taken_back() -> None:
    (one,) = stored("Please call me on 082 555 0142 about my skin")
    decide(Comment.approve, one)
    before = weights()
    by = accounts.by_email(AUTHOR.email)
    assert by
    with db.writing():
        assert comments.by_ids([one])[0].hide("ZA", by=by, now=CLOCK)
    assert weights() == before
    decide(Comment.reject, one)
    assert (weights(), learnt()) == ({}, (0, 0))


def test_an_undone_decision_is_unlearnt() -> None:
    ids = stored(PRAISE, PILLS, "My skin is dry")
    decide(Comment.approve, *ids, batch="click")
    assert learnt() == (3, 0)
    by = accounts.by_email(AUTHOR.email)
    assert by
    with db.writing():
        assert undo("click", by=by, now=CLOCK)[0] == 3
    assert (weights(), learnt()) == ({}, (0, 0))


def test_what_is_not_committed_is_not_learnt() -> None:
    (one,) = stored(PRAISE)
    with suppress(ZeroDivisionError), db.writing():
        for comment in comments.by_ids([one]):
            comment.approve(by=None, now=CLOCK)
        raise ZeroDivisionError
    assert (weights(), learnt()) == ({}, (0, 0))


def test_what_a_comment_taught_outlives_it() -> None:
    (one,) = stored(PRAISE)
    decide(Comment.approve, one)
    before = weights()
    with db.writing():
        db.session.execute(comments.traces.CommentTrace.__table__.delete())  # type: ignore[attr-defined]  # a table is one
        db.session.delete(comments.by_id(one))
    assert weights() == before
    assert len(learning.points()) == 1


def test_two_who_decide_at_once_both_teach(app: Flask) -> None:
    texts = [f"My skin is dry, says number {number}" for number in range(6)]
    ids = stored(*texts)
    db.session.rollback()
    done = at_once(app, *(lambda each=each: decide(Comment.approve, each) for each in ids))
    assert done == [None] * 6
    assert learnt() == (6, 0)
    skin = signs.bucket("word skln")
    assert weights()[skin][1] == 6
    numbers = {number for *_, number in _lessons()}
    assert len(numbers) == 6


def test_two_who_decide_the_same_at_once_teach_it_once(app: Flask) -> None:
    (one,) = stored(PRAISE)
    db.session.rollback()
    assert at_once(app, *[lambda: decide(Comment.mark_spam, one)] * 3) == [None] * 3
    assert learnt() == (0, 1)


def _lessons() -> list[tuple[int, int]]:
    rows = db.session.query(learning.CommentLesson).all()
    return [(row.comment_id, row.number) for row in rows]


# What is thought


def test_it_is_silent_until_a_hundred_were_decided_and_then_tells_spam_from_readers() -> None:
    labelled = shuffled("learnt")[:105]
    ids = stored(*(text for text, _ in labelled))
    for label, verb in ((True, Comment.mark_spam), (False, Comment.approve)):
        decide(
            verb,
            *(
                one
                for one, (_, is_spam) in zip(ids[:95], labelled, strict=False)
                if is_spam is label
            ),
        )
    assert learning.opinion(PILLS) is None
    db.session.rollback()
    for one, (_, is_spam) in zip(ids[95:], labelled[95:], strict=True):
        decide(Comment.mark_spam if is_spam else Comment.approve, one)
    assert probability("Casino bonus, cheap loans, order now at http://a.test!!!") > 0.7
    assert probability("Thank you, how long should I wait after the second session?") < 0.1
    assert sum(learnt()) == len(learning.points()) == 105


def test_a_comment_comes_in_with_what_is_thought_of_it(make_app: MakeApp) -> None:
    (one,) = stored(PILLS)
    decide(Comment.mark_spam, one)
    speak()
    with make_app(comments="post").app_context():
        sender = Sender(client_hash="c", reader_hash="r")
        verdict = arrive(article(), sender, name="N", body=PILLS, now=CLOCK).verdict
    (reason,) = [each for each in verdict.reasons if each.step == "model"]
    assert "spam" in reason.words
    assert reason.answer in (Answer.HOLD, Answer.ALLOW)


def test_what_changed_is_known_to_a_process_that_had_read_before(make_app: MakeApp) -> None:
    (one, two) = stored(PILLS, PRAISE)
    speak()
    with make_app().app_context():
        before = probability(PILLS)
    assert probability(PILLS) == before
    decide(Comment.mark_spam, one)
    first = probability(PILLS)
    assert first > before
    decide(Comment.approve, two)
    kept, fresh = probability(PILLS), None
    with make_app().app_context():
        fresh = probability(PILLS)
    assert kept == fresh
    decide(Comment.reject, one)
    decide(Comment.reject, two)
    assert probability(PILLS) == pytest.approx(before)


def test_a_reset_forgets_weights_lessons_and_what_was_ignored(make_app: MakeApp) -> None:
    (one,) = stored(PILLS)
    decide(Comment.mark_spam, one)
    speak()
    assert probability(PILLS) != 0.5
    with db.writing():
        learning.ignore(signs.of("cheap")[-1], is_ignored=True)
        learning.reset()
    assert (weights(), learnt(), learning.points()) == ({}, (0, 0), [])
    assert learning.summary().ignored == 0
    decide(Comment.reject, one)
    assert (weights(), learnt()) == ({}, (0, 0))
    speak()
    assert probability(PILLS) == 0.5


# What a person says about it


def doubted(one: int, name: str, *, is_ignored: bool = True, email: str = AUTHOR.email) -> str:
    with db.writing():
        by = accounts.by_email(email)
        comment = comments.by_id(one)
        assert by
        assert comment
        return comments.doubt(comment, name, is_ignored=is_ignored, by=by, now=CLOCK)


def test_a_reason_that_is_doubted_says_nothing_any_more_and_can_speak_again() -> None:
    one, two = stored(PILLS, PRAISE)
    decide(Comment.mark_spam, one)
    decide(Comment.approve, two)
    speak()
    before = probability("cheap")
    assert doubted(one, "word cheap") == "cheap"
    assert probability("cheap") < before
    assert [journal.recent()[0].verb, journal.recent()[0].thing_id] == [
        "ignored a reason of",
        str(one),
    ]
    (three,) = stored("Cheap, cheap and cheap again")
    decide(Comment.mark_spam, three)
    opinion = learning.opinion("cheap cheap")
    assert opinion
    assert "cheap" not in [each.shown for each in opinion.against]
    decide(Comment.reject, three)
    doubted(one, "word cheap", is_ignored=False)
    assert probability("cheap") == pytest.approx(before)
    assert doubted(one, "word cheap", is_ignored=False) == "cheap"


def test_the_comments_own_reason_is_written_anew() -> None:
    (one,) = stored(PILLS)
    decide(Comment.mark_spam, one)
    with db.writing():
        comment = comments.by_id(one)
        assert comment
        comment.reasons = [
            {"step": "links", "answer": "hold", "words": "1 link", "tone": "bad"},
            {"step": "model", "answer": "hold", "words": "likely spam 99 %: cheap", "tone": "bad"},
        ]
    doubted(one, "word cheap")
    kept = comments.by_id(one)
    assert kept
    assert kept.reasons[1]["words"] == "likely spam 99 %: cheap"
    speak()
    doubted(one, "word buy")
    db.session.expire_all()
    kept = comments.by_id(one)
    assert kept
    assert [row["step"] for row in kept.reasons] == ["links", "model"]
    assert "cheap" not in kept.reasons[1]["words"]
    assert kept.state == CommentState.SPAM


@pytest.mark.parametrize("name", ["word casino", "", "any text", "word ://"])
def test_only_a_reason_of_this_comment_can_be_doubted(name: str) -> None:
    (one,) = stored(PILLS)
    with pytest.raises(NotFound):
        doubted(one, name)
    assert learning.summary().ignored == 0


def test_who_may_not_moderate_doubts_nothing() -> None:
    (one,) = stored(PILLS)
    with db.writing():
        by = accounts.by_email(AUTHOR.email)
        assert by
        by.role = "nobody"  # type: ignore[assignment]  # a role that an older program knew
    with pytest.raises(Forbidden):
        doubted(one, "word cheap")
