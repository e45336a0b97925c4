"""The worker's side of the outbox: claim one mail, try it, note how it went.

A claim is a conditional update of a row that nobody else has locked, so several workers never
have the same mail; it is committed before the attempt, which runs in no transaction. A worker that
dies loses its claim when the lease ends. Nothing here knows what a mail is about.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update
from sqlalchemy.orm import aliased

from blog import db
from blog.outbox import breaker
from blog.outbox.answers import Answer, Outcome
from blog.outbox.breaker import Way
from blog.outbox.checks import one_line
from blog.outbox.mails import LONGEST_WAIT, MailState, OutgoingMail
from blog.outbox.transports import Session, Transport

# Longer than any attempt, or a second worker would start while the first still speaks.
LEASE = timedelta(minutes=2)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivered:
    """How many mails of a round were sent, put off after a try, and given up."""

    sent: int = 0
    retried: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Chore:
    """What else the worker does between its mails, and how often."""

    act: Callable[[datetime], object]
    every: timedelta = timedelta()


def deliver_due(
    transport: Transport,
    *,
    worker: str,
    clock: Callable[[], datetime] = db.utc_now,
    limit: int = 50,
    stop: threading.Event | None = None,
) -> Delivered:
    """Try each mail that is due, until `limit` or `stop`, or the server itself is the trouble.

    The kinds of mail take turns, and of one kind that goes first which waits longest: however many
    there are of one, another waits for a few mails at most.
    """
    ended: Counter[str] = Counter()
    turns: dict[str, int] = {}
    _bring_near(clock())
    with transport.session() as session:
        for turn in range(limit):
            is_over = stop is not None and stop.is_set()
            taken = None if is_over else _claim(transport.name, worker, turns, clock())
            if taken is None:
                break
            mail, way = taken
            turns[mail.kind] = turn
            answer = _try(session, mail)
            ended[_settle(mail.id, worker, answer, clock())] += 1
            _heed(transport.name, way, answer, clock())
            if answer.is_about_server:
                break
    return Delivered(ended[MailState.SENT], ended[MailState.QUEUED], ended[MailState.FAILED])


def _bring_near(now: datetime) -> None:
    """Make due what was put off for longer than anything ever is: by a clock that was ahead."""
    farthest = now + LONGEST_WAIT
    db.session.rollback()
    kinds = db.session.execute(_TOO_FAR_KINDS, {"farthest": farthest}).scalars().all()
    if kinds:
        is_waiting = (OutgoingMail.state == MailState.QUEUED, OutgoingMail.kind.in_(kinds))
        is_too_far = OutgoingMail.next_attempt_at > farthest
        # With a new day to arrive in: that of the other clock ends as late.
        due = {"due_at": now, "next_attempt_at": now, "trying_since": None}
        with db.writing():
            db.session.execute(update(OutgoingMail).where(*is_waiting, is_too_far).values(due))


def _claim(
    server: str, worker: str, turns: Mapping[str, int], now: datetime
) -> tuple[OutgoingMail, Way] | None:
    """Take a mail of the kind whose turn it is, where the server may be asked at all."""
    kinds = _due_kinds(server, now)
    if not kinds:
        return None
    with db.writing():
        way = breaker.enter(server, now=now, lease=LEASE)
        if way is Way.BARRED:
            return None
        for kind in sorted(kinds, key=lambda kind: turns.get(kind, -1)):
            mail = _take(kind, worker, now)
            if mail is not None:
                db.session.expunge(mail)
                return mail, way
    return None


def _kinds(is_meant: ColumnElement[bool]) -> Select[str]:
    """Select the kinds of which a mail waits that is meant, each by two steps into an index."""
    kind, waits = OutgoingMail.kind, OutgoingMail.state == MailState.QUEUED
    kinds = select(func.min(kind).label("kind")).where(waits).cte("kinds", recursive=True)
    following = select(func.min(kind)).where(waits, kind > kinds.c.kind).scalar_subquery()
    kinds = kinds.union_all(select(following).where(kinds.c.kind.is_not(None)))
    of_kind = select(OutgoingMail.id).where(waits, OutgoingMail.kind == kinds.c.kind, is_meant)
    return select(kinds.c.kind).where(of_kind.exists())


_DUE_KINDS = _kinds(OutgoingMail.next_attempt_at <= bindparam("now"))
_TOO_FAR_KINDS = _kinds(OutgoingMail.next_attempt_at > bindparam("farthest"))


def _due_kinds(server: str, now: datetime) -> Sequence[str]:
    """Read of which kinds a mail is due, as it is at this moment; leave no transaction open."""
    db.session.rollback()
    try:
        kinds = db.session.execute(_DUE_KINDS, {"now": now}).scalars().all()
        failing = breaker.standing(server) if kinds else None
        return () if failing and failing.bars(now) else kinds
    finally:
        db.session.rollback()


def _take(kind: str, worker: str, now: datetime) -> OutgoingMail | None:
    """Claim the mail of a kind that waits longest, leaving out those that others have in hand."""
    each = aliased(OutgoingMail)
    oldest = (
        select(each.id)
        .where(each.state == MailState.QUEUED, each.kind == kind, each.next_attempt_at <= now)
        .order_by(each.next_attempt_at, each.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(OutgoingMail)
        .where(OutgoingMail.id == oldest.scalar_subquery())
        .values(
            state=MailState.SENDING,
            attempts=OutgoingMail.attempts + 1,
            claimed_by=worker,
            claimed_until=now + LEASE,
        )
        .returning(OutgoingMail)
    )
    taken: OutgoingMail | None = db.session.execute(claim).scalar_one_or_none()
    return taken


def _try(session: Session, mail: OutgoingMail) -> Answer:
    try:
        return session.send(mail)
    except Exception as error:  # noqa: BLE001 (one mail that breaks never holds up the rest)
        return Answer(Outcome.DEFERRED, f"This mail can’t be built: {error!r}")


def _settle(mail_id: int, worker: str, answer: Answer, now: datetime) -> str:
    """Note an answer, unless the claim was lost meanwhile; return the state it led to."""
    with db.writing():
        query = select(OutgoingMail).where(
            OutgoingMail.id == mail_id,
            OutgoingMail.claimed_by == worker,
            OutgoingMail.state == MailState.SENDING,
        )
        mail = db.session.execute(query.with_for_update()).scalar_one_or_none()
        if mail is None:
            return ""
        mail.settle(answer, now=now)
        return str(mail.state)


def _heed(server: str, way: Way, answer: Answer, now: datetime) -> None:
    """Leave a server alone that fails by itself, and say so on the mails that wait for it."""
    if not answer.is_about_server:
        if way is Way.ONE_TRY:
            with db.writing():
                breaker.close(server)
        return
    _log.warning("mail waits: %s", answer.words)
    words = one_line(answer.words)
    with db.writing():
        breaker.failed(server, way, words, now=now)
        is_due = (OutgoingMail.state == MailState.QUEUED, OutgoingMail.next_attempt_at <= now)
        db.session.execute(update(OutgoingMail).where(*is_due).values(last_error=words))


def release_stuck(*, now: datetime) -> int:
    """Put back the mails of workers that died; return how many these are."""
    is_stuck = (
        OutgoingMail.state == MailState.SENDING,
        or_(
            OutgoingMail.claimed_until <= now,
            # No clock in order gives so long a lease.
            OutgoingMail.claimed_until > now + 2 * LEASE,
        ),
    )
    db.session.rollback()
    if db.session.execute(select(OutgoingMail.id).where(*is_stuck).limit(1)).scalar() is None:
        return 0
    words = "The worker stopped before it could note whether this mail arrived."
    with db.writing():
        query = select(OutgoingMail).where(*is_stuck).with_for_update(skip_locked=True)
        mails = db.session.execute(query).scalars().all()
        for mail in mails:
            mail.settle(Answer(Outcome.INTERRUPTED, words), now=now)
        return len(mails)


def run_worker(
    app: Flask,
    transport: Transport,
    *,
    stop: threading.Event,
    chores: Sequence[Chore] = (),
    poll_seconds: float = 1.0,
    clock: Callable[[], datetime] = db.utc_now,
) -> None:
    """Deliver mail until `stop` is set; trouble with the database is logged and outlived.

    `chores` come before each round, as to queue what is due; their trouble stops no mail.
    """
    worker = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"

    def deliver(now: datetime) -> None:
        release_stuck(now=now)
        deliver_due(transport, worker=worker, clock=clock, stop=stop)

    everything = (*chores, Chore(deliver))
    done_at: dict[Chore, datetime] = {}
    while not stop.is_set():
        for chore in everything:
            now = clock()
            last_at = done_at.get(chore)
            # Where the clock was set back, nothing waits until that hour comes again.
            if last_at is None or now < last_at or now >= last_at + chore.every:
                done_at[chore] = now
                _outlive(app, chore.act, now)
        stop.wait(poll_seconds)


def _outlive(app: Flask, act: Callable[[datetime], object], now: datetime) -> None:
    try:
        with app.app_context():
            act(now)
    except Exception as error:  # noqa: BLE001 (a worker that dies delivers nothing ever after)
        _log.error("mail can’t be composed or delivered now: %r", error)
