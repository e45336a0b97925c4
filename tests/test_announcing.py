"""What webhooks are told of comments, enquiries and the calendar: each act once, whatever dies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from blog import announcing, comments, db, outbox, webhooks
from blog.articles import sync
from blog.cli.mail import CHORES
from blog.comments import Comment, CommentState, deciding, editing
from blog.enquiries import answering
from blog.enquiries.answering import Decision
from blog.privacy import erasing
from blog.webhooks import State, WebhookDelivery
from tests import enquiring
from tests.cast import ARTICLE, AUTHOR, Clock, at_once
from tests.enquiring import HELD, ask, user
from tests.test_editing import FINE, LINK, decide, edit_of, post

pytestmark = pytest.mark.usefixtures("clock", "at_work")

APPROVED, REJECTED, SPAM = CommentState.APPROVED, CommentState.REJECTED, CommentState.SPAM
SITE = "http://127.0.0.1:8000/api/v1"
THREAD = f"{SITE}/articles/{ARTICLE}/comments"


@pytest.fixture
def hook(clock: Clock, at_work: None) -> int:
    """An endpoint that is told of everything, from now on."""
    return add()


def add(*events: str, now: datetime | None = None) -> int:
    with db.writing():
        chosen = events or list(webhooks.Event)
        said: dict[str, Any] = {"label": "a", "url": "https://a.example", "events": chosen}
        return webhooks.add(**said, by=None, now=now or db.utc_now()).id


@contextmanager
def counted() -> Iterator[list[str]]:
    """Write down every statement, of who reads and of who writes."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engines = set(db.db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def told(*, after: float = 0, clock: Clock | None = None) -> list[tuple[str, list[Any]]]:
    """What a round of the worker queues: each event with the ids in it, and forgets it again."""
    if clock:
        clock.move(seconds=after)
    announcing.tell(db.utc_now())
    with db.writing():
        rows = db.session.query(WebhookDelivery).order_by(WebhookDelivery.id).all()
        for row in rows:
            db.session.delete(row)
        bodies = [json.loads(row.body) for row in rows]
    return [(each["type"], [one["id"] for one in each["data"]["items"]]) for each in bodies]


def items() -> list[Any]:
    announcing.tell(db.utc_now())
    rows = db.session.query(WebhookDelivery).order_by(WebhookDelivery.id)
    return [json.loads(row.body) for row in rows]


def settle(clock: Clock) -> list[tuple[str, list[Any]]]:
    """What is told once nothing can be undone any more."""
    return told(after=661, clock=clock)


# Comments


def test_a_comment_that_waits_is_told_of_at_once_and_once(hook: int) -> None:
    assert told() == []
    number = post()
    (told_of,) = items()
    url = f"{SITE}/admin/comments/{number}"
    assert told_of == {
        "type": "comment.received",
        "timestamp": "2026-05-04T09:30:00Z",
        "data": {"count": 1, "items": [{"id": number, "article_id": ARTICLE, "url": url}]},
    }
    told()
    assert told() == []


def test_a_comment_that_is_published_at_once_is_told_of_as_that_and_spam_is_not(
    hook: int,
) -> None:
    number = post(verdict=FINE)
    assert items()[0]["data"]["items"][0] == {
        "id": number,
        "article_id": ARTICLE,
        "url": THREAD,
    }
    told()
    spam = post("Another thing to say.")
    with db.writing():
        comment = db.session.get_one(Comment, spam)
        comment.state = SPAM
    assert told() == []


def test_an_approval_is_told_of_when_its_undo_has_ended(hook: int, clock: Clock) -> None:
    number = post()
    told()
    decide(APPROVED, number)
    assert told() == []
    # To the last moment in which it can be taken back, and while that may wait for other writers.
    assert told(after=660, clock=clock) == []
    assert told(after=1, clock=clock) == [("comment.published", [number])]
    assert settle(clock) == []


def test_an_approval_that_was_undone_is_told_of_nobody(hook: int, clock: Clock) -> None:
    number = post()
    told()
    decide(APPROVED, number)
    clock.move(minutes=5)
    with db.writing():
        assert deciding.undo("click", by=user(), now=clock.now)[0] == 1
    assert settle(clock) == []
    decide(APPROVED, number, at=clock.now, batch="again")
    clock.move(minutes=5)
    # Decided otherwise meanwhile, by somebody else: nobody ever saw it for good.
    decide(REJECTED, number, at=clock.now, batch="other")
    assert settle(clock) == [("comment.removed", [number])]


def test_a_decision_about_many_is_one_event(
    hook: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [post(f"The comment of number {number}.") for number in range(5)]
    told()
    # Lines of others between them, and more than a round reads.
    monkeypatch.setattr(announcing, "PAGE", 2)
    decide(APPROVED, *numbers[:3], batch="all")
    decide(SPAM, numbers[4], batch="mine")
    decide(APPROVED, numbers[3], batch="all")
    assert settle(clock) == [("comment.published", numbers[:4])]
    later = clock.now
    decide(REJECTED, *numbers[:2], batch="down", at=later)
    with db.writing():
        comments.by_ids([numbers[2]])[0].mark_spam(by=None, now=later)
        comments.by_ids([numbers[3]])[0].mark_spam(by=None, now=later)
    assert settle(clock) == [
        ("comment.removed", numbers[:2]),
        # At the command line a click has no name.
        ("comment.removed", numbers[2:4]),
    ]


def test_an_edit_that_is_accepted_is_told_of_as_its_comment(hook: int, clock: Clock) -> None:
    number = post()
    decide(APPROVED, number)
    settle(clock)
    with db.writing():
        editing.submit(edit_of(number), now=clock.now)
        waiting = db.session.get_one(Comment, number).edits(CommentState.PENDING)[0].id
    assert told() == [("comment.received", [waiting])]
    decide(APPROVED, waiting, batch="edit", at=clock.now)
    assert settle(clock) == [("comment.updated", [number])]
    # Before the words that it replaced are forgotten.
    acts = [chore.act for chore in CHORES]
    assert acts.index(announcing.tell) < acts.index(editing.sweep)


def test_what_readers_do_to_their_own_comments_is_told_of_at_once(hook: int, clock: Clock) -> None:
    number, waiting = post(verdict=FINE), post("What I think of it.", LINK)
    told()
    with db.writing():
        editing.submit(edit_of(number, verdict=FINE), now=clock.now)
        # Of what was held for its words alone, other words appear.
        editing.submit(edit_of(waiting, verdict=FINE), now=clock.now)
    assert told() == [("comment.updated", [number]), ("comment.published", [waiting])]
    other = post("Nobody will read this.")
    told()
    with db.writing():
        for each in (number, other):
            editing.withdraw(each, now=clock.now)
    assert told() == [("comment.removed", [number])]
    assert settle(clock) == []


def test_what_is_erased_leaves_its_number_alone(hook: int, clock: Clock) -> None:
    number = post(verdict=FINE)
    told()
    with db.writing():
        reference = erasing.begin("n@r.example", now=clock.now).reference
    assert erasing.go_on(reference, now=clock.now)
    (found,) = items()
    gone = {"id": number, "article_id": None, "url": f"{SITE}/articles"}
    assert (found["type"], found["data"]["items"]) == ("comment.removed", [gone])


def test_decisions_about_what_is_gone_are_told_of_nobody(hook: int, clock: Clock) -> None:
    number = post()
    decide(APPROVED, number)
    with db.writing():
        erased = erasing.begin("n@r.example", now=clock.now).reference
    erasing.go_on(erased, now=clock.now)
    assert ("comment.published", [number]) not in settle(clock)


# Enquiries


def test_an_enquiry_is_told_of_when_it_arrives_and_what_is_taken_for_spam_is_not(
    hook: int,
) -> None:
    ask("Buy now", verdict=HELD)
    reference = ask()
    (found,) = items()
    assert (found["type"], found["data"]["items"]) == (
        "enquiry.received",
        [{"id": reference, "url": f"{SITE}/admin/enquiries/{reference}"}],
    )


def test_what_is_done_about_enquiries_is_one_event_for_each_click(hook: int) -> None:
    references = [ask("First"), ask("Second")]
    told()
    with db.writing():
        how: dict[str, Any] = {"seen": {}, "site": None, "by": user(), "now": db.utc_now()}
        answering.decide(references, Decision.CLOSED, batch="click", **how)
    assert told() == [("enquiry.changed", references)]
    # An answer says in two lines of the journal what it did.
    enquiring.answer(references[0])
    assert told() == [("enquiry.changed", [references[0]])]


# The calendar


def test_an_article_that_appears_or_expires_by_itself_is_told_of(
    clock: Clock, make_app: Callable[..., Flask], own_content: Path
) -> None:
    file = own_content / "articles" / "later.md"
    words = "---\ntitle: Later\ndate: 2026-05-04T12:00:00Z\nexpires: 2026-05-06T12:00:00Z\n"
    file.write_text(f"{words}summary: A sentence.\nauthor: sandra-de-beer\n---\nWords.\n")
    with make_app(content_dir=str(own_content)).app_context():
        add()
        sync.run(own_content, now=clock.now)
        assert told() == []
        clock.move(hours=2, minutes=29)
        assert told() == []
        assert told(after=60, clock=clock) == [("article.published", ["later"])]
        assert told(after=7_200, clock=clock) == []
        # However long the worker was away.
        clock.move(days=4)
        assert told() == [("article.unpublished", ["later"])]
        assert told() == []


# How it is told


def test_nobody_is_told_of_earlier_times(clock: Clock) -> None:
    number, reference = post(), ask()
    decide(APPROVED, number)
    clock.move(minutes=5)
    add()
    # What happened between its being added and the worker's first look isn't lost.
    later = post("Later said.")
    with db.writing():
        db.session.get_one(Comment, later).created_at = db.utc_now()
    assert told() == [("comment.received", [later])]
    clock.move(minutes=12)
    assert told() == []
    # Nor are enquiries and decisions of then told of.
    assert reference not in str(items())


def test_without_anybody_to_tell_one_statement_is_all_that_is_done() -> None:
    post()
    with counted() as statements:
        announcing.tell(db.utc_now())
    assert len([each for each in statements if each.startswith("SELECT")]) == 1


def test_who_posts_or_decides_pays_nothing_for_webhooks() -> None:
    # What is done once is not counted.
    decide(APPROVED, post())
    ask()
    with counted() as before:
        decide(APPROVED, post("These are the words of one."))
        ask("May I?")
    add()
    with counted() as after:
        decide(APPROVED, post("These are the words of two."))
        ask("Shall I?")
    assert len(after) == len(before)
    assert "webhook" not in str(after)


def test_of_two_workers_one_tells(app: Flask, hook: int) -> None:
    told()
    number = post()
    now = db.utc_now()
    assert set(at_once(app, *[lambda: announcing.tell(now)] * 3)) == {None}
    assert told() == [("comment.received", [number])]


def test_a_worker_that_dies_between_loses_nothing_and_tells_nothing_twice(
    hook: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told()
    numbers = [post(), post("The second of them.")]
    real, calls = webhooks.tell, []

    def die(*arguments: Any, **named: Any) -> int:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(webhooks, "tell", die)
        with pytest.raises(KeyboardInterrupt):
            announcing.tell(db.utc_now())
    assert told() == [("comment.received", [each]) for each in numbers]


@pytest.mark.one_database("on PostgreSQL nobody waits for a lock of all")
def test_who_writes_at_this_moment_is_not_waited_for(
    app: Flask, hook: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = post()
    monkeypatch.setattr(db, "WRITE_WAIT_SECONDS", 0.05)
    with db._write_lock(1):
        announcing.tell(db.utc_now())
    assert db.session.query(WebhookDelivery).all() == []
    assert told() == [("comment.received", [number])]


def test_administrators_are_mailed_once_that_an_endpoint_was_switched_off(hook: int) -> None:
    announcing.warn(db.utc_now())
    assert outbox.last_of_kind("account", AUTHOR.email) is None
    with db.writing():
        found = webhooks.by_id(hook)
        assert found
        found.state, found.off_because = State.OFF, "It answered 410."
    for _ in range(2):
        announcing.warn(db.utc_now())
    (mail,) = outbox.recent()
    assert mail.recipient == AUTHOR.email
    assert mail.subject == "A webhook was switched off · The Skin Journal"
    assert "It answered 410." in mail.text
