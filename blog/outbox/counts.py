"""How the mail is doing: how much was sent, how much failed, and whether any arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from blog import db
from blog.outbox.checks import plain_address
from blog.outbox.mails import MailState, OutgoingMail

LATE_AFTER = timedelta(minutes=15)
FAILURE_COUNTS_FOR = timedelta(days=3)


class Health(StrEnum):
    """Whether mail arrives."""

    OK = "ok"
    WAITING = "waiting"
    FAILING = "failing"


@dataclass(frozen=True)
class Sent:
    """What became of mails since a moment, and how many are late now."""

    sent: int
    failed: int
    late: int


def sent_since(moment: datetime) -> Sent:
    """Count what became of mails since a moment."""
    mail = OutgoingMail
    sent = select(func.count(mail.id)).where(mail.sent_at > moment)
    failed = select(func.count(mail.id)).where(
        mail.state == MailState.FAILED, mail.tried_at > moment
    )
    return Sent(
        db.session.execute(sent).scalar_one(), db.session.execute(failed).scalar_one(), late_count()
    )


def count_of_kind(kind: str, recipient: str, *, since: datetime) -> int:
    """Return how many mails of a kind to a recipient were queued since a moment."""
    mail = OutgoingMail
    to = (mail.kind == kind, mail.recipient == plain_address(recipient))
    query = select(func.count(mail.id)).where(*to, mail.created_at > since)
    return db.session.execute(query).scalar_one()


def last_sent_at() -> datetime | None:
    """Return when the newest mail left; None before the first."""
    found: datetime | None = db.session.execute(select(func.max(OutgoingMail.sent_at))).scalar()
    return found


def failed_count() -> int:
    """Return how many mails could not be delivered."""
    query = select(func.count(OutgoingMail.id)).where(OutgoingMail.state == MailState.FAILED)
    return db.session.execute(query).scalar_one()


def late_count() -> int:
    """Return how many mails were tried in vain and will be tried again."""
    is_late = (OutgoingMail.state == MailState.QUEUED, OutgoingMail.last_error.is_not(None))
    return db.session.execute(select(func.count(OutgoingMail.id)).where(*is_late)).scalar_one()


def health(*, now: datetime) -> Health:
    """Tell whether mail arrives.

    Failing: one has waited too long, or lately one failed and none arrived since.
    """
    mail = OutgoingMail
    unsent = mail.state.in_((MailState.QUEUED, MailState.SENDING))
    due_at = db.session.execute(select(func.min(mail.due_at)).where(unsent)).scalar()
    failed = select(func.max(mail.tried_at)).where(mail.state == MailState.FAILED)
    failed_at = db.session.execute(failed).scalar()
    sent_at = last_sent_at()
    earliest = now - FAILURE_COUNTS_FOR
    has_failed = failed_at is not None and failed_at > max(earliest, sent_at or earliest)
    if has_failed or (due_at is not None and due_at < now - LATE_AFTER):
        return Health.FAILING
    return Health.OK if due_at is None or due_at > now else Health.WAITING
