"""The rows of the outbox: what is to be sent, how far it got, and what happened at each try.

Hands nothing over itself and opens no connection.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, defer, mapped_column, relationship

from blog import db
from blog.errors import Conflict
from blog.outbox import bounced, breaker
from blog.outbox.answers import Answer, Fault, Outcome
from blog.outbox.checks import (
    ADDRESS_MAX_CHARS,
    SUBJECT_MAX_CHARS,
    WORDS_MAX_CHARS,
    body,
    one_line,
    plain_address,
    subject_line,
)

URL_MAX_CHARS = 900
GIVE_UP_AFTER = timedelta(hours=25)
WRITTEN_TO = "written to "
_BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 480)]
_SPREAD = 0.2
# Nothing is ever put off for longer, by whomever.
LONGEST_WAIT = (1 + _SPREAD) * _BACK_OFF[-1]
# Who greylists takes nothing sooner, and some begin anew where it comes too soon.
_GREYLISTED_FOR = timedelta(minutes=5)
_FOR_GOOD = (Outcome.REFUSED, Outcome.BOUNCED, Outcome.STOPPED)
_jitter = random.SystemRandom()


class MailState(StrEnum):
    """How far a mail has come."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class MailAttempt(db.Model):
    """One line of a mail's history."""

    __tablename__ = "mail_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    mail_id: Mapped[int] = mapped_column(
        ForeignKey("outgoing_mail.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    outcome: Mapped[Outcome] = mapped_column(String(20))
    reply: Mapped[str] = mapped_column(String(WORDS_MAX_CHARS))


class OutgoingMail(db.Model):
    """One mail to one recipient; its Message-ID is fixed, whatever is sent twice.

    `trying_since` begins the day in which it has to arrive, `waits` counts the back-offs of that
    day, `attempts` all attempts there ever were.
    """

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        Index("ix_outgoing_mail_state_kind_due", "state", "kind", "next_attempt_at"),
        Index("ix_outgoing_mail_kind_recipient", "kind", "recipient"),
        # The journal names mails for ever, so a number is never given twice.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(String(300), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    sender: Mapped[str] = mapped_column(String(ADDRESS_MAX_CHARS))
    recipient: Mapped[str] = mapped_column(String(ADDRESS_MAX_CHARS))
    reply_to: Mapped[str | None] = mapped_column(String(ADDRESS_MAX_CHARS))
    # What mails about one thing have in common, so that mail programs show them together.
    thread_id: Mapped[str | None] = mapped_column(String(300))
    unsubscribe_url: Mapped[str | None] = mapped_column(String(URL_MAX_CHARS))
    # It answers by itself, so that nothing may come back to it (RFC 3834).
    is_answer: Mapped[bool] = mapped_column(default=False)
    subject: Mapped[str] = mapped_column(String(SUBJECT_MAX_CHARS))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    state: Mapped[MailState] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(default=0)
    waits: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_until: Mapped[datetime | None]
    trying_since: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
    last_error: Mapped[str | None] = mapped_column(String(WORDS_MAX_CHARS))
    server_reply: Mapped[str | None] = mapped_column(String(WORDS_MAX_CHARS))
    # When its text and HTML were emptied, since nobody needs them any more.
    forgotten_at: Mapped[datetime | None]
    # When a copy went elsewhere, since it was given up itself.
    copied_at: Mapped[datetime | None]
    history: Mapped[list[MailAttempt]] = relationship(
        order_by=MailAttempt.id, cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def is_on_file(self) -> bool:
        """Whether it was written to a file of this machine instead of being sent."""
        return (self.server_reply or "").startswith(WRITTEN_TO)

    @property
    def is_unsent(self) -> bool:
        """Whether it waits and no worker has it in hand."""
        return self.state == MailState.QUEUED

    @property
    def is_untouched(self) -> bool:
        """Whether it waits and no worker ever had it in hand."""
        return self.is_unsent and not self.attempts

    @property
    def is_refused(self) -> bool:
        """Whether a server said that this address gets no mail."""
        return self.state == MailState.FAILED and self.history[-1].outcome in _FOR_GOOD

    def settle(self, answer: Answer, *, now: datetime) -> None:
        """Note how an attempt ended, and what is to happen next."""
        words = one_line(answer.words)
        self._note(answer, words, now)
        self.tried_at = now
        self.trying_since = self.trying_since or now
        self.claimed_by = self.claimed_until = None
        if answer.outcome == Outcome.ACCEPTED:
            self.state = MailState.SENT
            self.sent_at, self.server_reply, self.last_error = now, words, None
            return
        self.last_error = words
        if answer.outcome == Outcome.REFUSED or now >= self.trying_since + GIVE_UP_AFTER:
            self.state = MailState.FAILED
        else:
            self._wait(answer, now, self.trying_since + GIVE_UP_AFTER)

    def bounce(self, words: str, *, is_hard: bool, now: datetime) -> bool:
        """Note that it came back; False where that is known."""
        outcome = Outcome.BOUNCED if is_hard else Outcome.SOFT_BOUNCED
        if self.state == MailState.FAILED and self.history[-1].outcome == outcome:
            return False
        self._end(outcome, words, now)
        self.tried_at = now
        return True

    def stop(self, reason: str, *, now: datetime) -> None:
        """Give it up untried, since its address gets no mail."""
        self._end(Outcome.STOPPED, reason, now)

    def _end(self, outcome: Outcome, words: str, now: datetime) -> None:
        self.history.append(MailAttempt(at=now, outcome=outcome, reply=words))
        self.state, self.last_error = MailState.FAILED, words
        self.sent_at = self.claimed_by = self.claimed_until = None

    def _note(self, answer: Answer, words: str, now: datetime) -> None:
        last = self.history[-1] if self.history else None
        # A server that is down for a day is one line, not a hundred.
        if (
            last
            and answer.is_about_server
            and (last.outcome, last.reply) == (answer.outcome, words)
        ):
            last.at = now
        else:
            self.history.append(MailAttempt(at=now, outcome=answer.outcome, reply=words))

    def _wait(self, answer: Answer, now: datetime, last_try_at: datetime) -> None:
        self.state = MailState.QUEUED
        # The lease was wait enough; and how long a server is left alone is the breaker's to say.
        if answer.outcome == Outcome.INTERRUPTED or answer.is_about_server:
            self.next_attempt_at = now
            return
        delay = _BACK_OFF[min(self.waits, len(_BACK_OFF) - 1)]
        if answer.fault == Fault.GREYLISTED:
            delay = max(delay, 1.25 * _GREYLISTED_FOR)
        self.waits += 1
        # The last try is at the very end of the day, wherever the back-off would lead.
        spread = _jitter.uniform(1 - _SPREAD, 1 + _SPREAD)
        self.next_attempt_at = min(now + delay * spread, last_try_at)

    def retry(self, *, now: datetime) -> bool:
        """Make a failed or waiting mail due now, with a new day to arrive in.

        One that was only written to a file can be sent when there is a mail server.

        Returns: whether that changed anything; a mail a worker has in hand is left to it.
        Raises: Conflict where it was sent, its words are forgotten, or its address gets no mail.
        """
        if self.state == MailState.SENT and not self.is_on_file:
            raise Conflict("This mail has been sent already.")
        if self.forgotten_at is not None:
            raise Conflict("What this mail said is no longer kept, so it can’t be sent.")
        stopped = stop_for(self.kind, self.recipient)
        if stopped is not None:
            raise Conflict(f"{stopped.reason} Allow it first.")
        if self.state == MailState.SENDING:
            return False
        self.state = MailState.QUEUED
        self.due_at = self.next_attempt_at = now
        self.trying_since = self.sent_at = self.server_reply = None
        self.waits = 0
        breaker.close()
        return True


def queue(
    *,
    kind: str,
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    now: datetime,
    reply_to: str | None = None,
    due_at: datetime | None = None,
    thread: str = "",
    unsubscribe_url: str | None = None,
    is_answer: bool = False,
) -> OutgoingMail:
    """Add a mail to the transaction at work; a subject too long is cut.

    `thread` is what all mails about one thing name; a POST to `unsubscribe_url` ends them.

    Raises: MailError for control characters, anything but one plain address, and too long a text.
    """
    sender = plain_address(sender)
    mail = OutgoingMail(
        message_id=new_message_id(sender),
        kind=kind,
        sender=sender,
        recipient=plain_address(recipient),
        reply_to=None if reply_to is None else plain_address(reply_to),
        thread_id=f"<{thread}@{sender.rpartition('@')[2]}>" if thread else None,
        unsubscribe_url=unsubscribe_url,
        is_answer=is_answer,
        subject=subject_line(subject),
        text=body(text),
        html=body(html),
        state=MailState.QUEUED,
        created_at=now,
        due_at=due_at or now,
        next_attempt_at=due_at or now,
    )
    return _added(mail, now=now)


def _added(mail: OutgoingMail, *, now: datetime) -> OutgoingMail:
    stopped = stop_for(mail.kind, mail.recipient)
    if stopped is not None:
        mail.stop(stopped.reason, now=now)
    db.session.add(mail)
    return mail


def stop_for(kind: str, recipient: str) -> bounced.BouncedAddress | None:
    """Return why mail of a kind to somebody isn’t sent; None where it is."""
    return None if kind in bounced.TRIED_ALWAYS else bounced.stop_of(recipient)


def new_message_id(sender: str) -> str:
    """Make a Message-ID of the sender’s host that no other mail has."""
    return f"<{secrets.token_hex(10)}@{sender.rpartition('@')[2]}>"


def by_id(mail_id: int) -> OutgoingMail | None:
    """Return a mail whatever its state."""
    return db.session.get(OutgoingMail, mail_id)


def recent(
    state: MailState | None = None, *, before: int | None = None, limit: int = 50
) -> Sequence[OutgoingMail]:
    """Return mails, newest first; those older than the id `before` for a further page."""
    bodies = (defer(OutgoingMail.text), defer(OutgoingMail.html))
    query = select(OutgoingMail).options(*bodies).order_by(OutgoingMail.id.desc()).limit(limit)
    if state is not None:
        query = query.where(OutgoingMail.state == state)
    if before is not None:
        query = query.where(OutgoingMail.id < before)
    return db.session.execute(query).scalars().all()


# Made once, since the worker asks again and again.
_LAST_OF_KIND = (
    select(OutgoingMail)
    .where(OutgoingMail.kind == bindparam("kind"), OutgoingMail.recipient == bindparam("recipient"))
    .order_by(OutgoingMail.id.desc())
    .limit(1)
)


def last_of_kind(kind: str, recipient: str) -> OutgoingMail | None:
    """Return the newest mail of a kind to a recipient."""
    asked = {"kind": kind, "recipient": plain_address(recipient)}
    found: OutgoingMail | None = db.session.execute(_LAST_OF_KIND, asked).scalar_one_or_none()
    return found


def refused(kind: str) -> Select[int]:
    """Select the mails of a kind that a server refused for good."""
    is_refused = MailAttempt.outcome.in_(_FOR_GOOD)
    failed = select(OutgoingMail.id).where(OutgoingMail.state == MailState.FAILED)
    return failed.where(OutgoingMail.kind == kind, OutgoingMail.history.any(is_refused))


def take_back(mail_id: int) -> bool:
    """Delete a mail that no worker ever had in hand; tell whether there was such a one.

    Of a worker who claims it at this moment and who takes it back, one is too late.
    """
    is_untouched = (OutgoingMail.state == MailState.QUEUED, OutgoingMail.attempts == 0)
    ended = delete(OutgoingMail).where(OutgoingMail.id == mail_id, *is_untouched)
    found = db.session.execute(ended.returning(OutgoingMail.id)).scalar_one_or_none()
    return found is not None


def purge(kinds: Collection[str], *, until: datetime) -> None:
    """Delete mails of some kinds that were sent, or given up, and are older than a moment."""
    is_over = OutgoingMail.state.in_((MailState.SENT, MailState.FAILED))
    is_old = (OutgoingMail.kind.in_(kinds), is_over, OutgoingMail.created_at <= until)
    db.session.execute(delete(OutgoingMail).where(*is_old))


def forget_bodies(*, until: datetime, now: datetime) -> int:
    """Empty the text and HTML of mails that are older than a moment and were sent, or given up.

    The rows stay, with what became of them. Returns: how many these are.
    """
    is_over = OutgoingMail.state.in_((MailState.SENT, MailState.FAILED))
    is_old = (is_over, OutgoingMail.forgotten_at.is_(None), OutgoingMail.created_at <= until)
    emptied = update(OutgoingMail).where(*is_old).values(text="", html="", forgotten_at=now)
    return len(db.session.execute(emptied.returning(OutgoingMail.id)).all())


def retry_all(*, now: datetime) -> int:
    """Make all mail due now that failed, waits or only went to a file; return how many these are.

    What is forgotten is left out, and what goes to addresses that get no mail.
    """
    waiting = (OutgoingMail.state == MailState.QUEUED) & (OutgoingMail.due_at <= now)
    is_sent = OutgoingMail.state == MailState.SENT
    on_file = is_sent & OutgoingMail.server_reply.startswith(WRITTEN_TO)
    breaker.close()
    changed = db.session.execute(
        update(OutgoingMail)
        .where(
            or_(OutgoingMail.state == MailState.FAILED, waiting, on_file),
            OutgoingMail.forgotten_at.is_(None),
            or_(
                OutgoingMail.kind.in_(bounced.TRIED_ALWAYS),
                func.lower(OutgoingMail.recipient).not_in(bounced.stopped_addresses()),
            ),
        )
        .values(
            state=MailState.QUEUED,
            due_at=now,
            next_attempt_at=now,
            trying_since=None,
            waits=0,
            sent_at=None,
            server_reply=None,
        )
        .returning(OutgoingMail.id)
    )
    return len(changed.all())
