"""The worker's side of the outbox: claim one mail, try it, note how it went.

A claim is a conditional update, so several workers never have the same mail; it is committed
before the attempt, which runs in no transaction. A worker that dies loses its claim when the
lease ends. Nothing here knows what a mail is about.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import or_, select, update

from blog import db
from blog.outbox.mails import GIVE_UP_AFTER, Answer, MailState, Outcome, OutgoingMail, one_line
from blog.outbox.transports import Transport

# Longer than any attempt, or a second worker would start while the first still speaks.
LEASE = timedelta(minutes=2)
_PUT_OFF = timedelta(minutes=1)

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
    """Try each mail that is due, the one that waits longest first, until `limit` or `stop`.

    Where the server itself is the trouble, the rest is put off a little without being tried.
    """
    ended: Counter[str] = Counter()
    for _ in range(limit):
        mail = None if stop is not None and stop.is_set() else _claim(worker, clock())
        if mail is None:
            break
        answer = _try(transport, mail)
        ended[_settle(mail.id, worker, answer, clock())] += 1
        if answer.is_about_server:
            _put_off_the_rest(answer, clock())
            break
    return Delivered(ended[MailState.SENT], ended[MailState.QUEUED], ended[MailState.FAILED])


def _claim(worker: str, now: datetime) -> OutgoingMail | None:
    is_due = (OutgoingMail.state == MailState.QUEUED, OutgoingMail.next_attempt_at <= now)
    oldest = (
        select(OutgoingMail.id)
        .where(*is_due)
        .order_by(OutgoingMail.next_attempt_at, OutgoingMail.id)
        .limit(1)
    )
    # Whoever loses a mail to another worker looks for the next.
    while (mail_id := _read(oldest)) is not None:
        with db.writing():
            mail: OutgoingMail | None = db.session.execute(
                update(OutgoingMail)
                .where(OutgoingMail.id == mail_id, *is_due)
                .values(
                    state=MailState.SENDING,
                    attempts=OutgoingMail.attempts + 1,
                    claimed_by=worker,
                    claimed_until=now + LEASE,
                )
                .returning(OutgoingMail)
            ).scalar_one_or_none()
            if mail is not None:
                db.session.expunge(mail)
                return mail
    return None


def _read(query: Any) -> Any:
    """Read one value as it is at this moment, and leave no transaction open."""
    db.session.rollback()
    try:
        return db.session.execute(query).scalar()
    finally:
        db.session.rollback()


def _try(transport: Transport, mail: OutgoingMail) -> Answer:
    try:
        return transport.send(mail)
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


def _put_off_the_rest(answer: Answer, now: datetime) -> None:
    """Spare the other mails an attempt; it doesn't count as one, and never ends their day."""
    _log.warning("mail waits: %s", answer.words)
    with db.writing():
        db.session.execute(
            update(OutgoingMail)
            .where(
                OutgoingMail.state == MailState.QUEUED,
                OutgoingMail.next_attempt_at <= now,
                or_(
                    OutgoingMail.trying_since.is_(None),
                    OutgoingMail.trying_since > now - GIVE_UP_AFTER,
                ),
            )
            .values(next_attempt_at=now + _PUT_OFF, last_error=one_line(answer.words))
        )


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
    if _read(select(OutgoingMail.id).where(*is_stuck).limit(1)) is None:
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
    due_at: dict[Chore, datetime] = {}
    while not stop.is_set():
        for chore in everything:
            now = clock()
            if now >= due_at.get(chore, now):
                due_at[chore] = now + chore.every
                _outlive(app, chore.act, now)
        stop.wait(poll_seconds)


def _outlive(app: Flask, act: Callable[[datetime], object], now: datetime) -> None:
    try:
        with app.app_context():
            act(now)
    except Exception as error:  # noqa: BLE001 (a worker that dies delivers nothing ever after)
        _log.error("mail can’t be composed or delivered now: %r", error)
