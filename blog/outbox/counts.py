"""How the mail is doing: how much was sent, how much failed, and whether any arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, true

from blog import db
from blog.outbox.bounced import TRIED_ALWAYS
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


def recent_of_kind(kind: str, *, since: datetime) -> int:
    """Return about how many mails of a kind were queued since a moment; rather too many.

    One that was put off meanwhile counts as queued later: so an index answers it.
    """
    mail = OutgoingMail
    is_recent = (mail.state.in_(list(MailState)), mail.kind == kind, mail.next_attempt_at > since)
    return db.session.execute(select(func.count()).select_from(mail).where(*is_recent)).scalar_one()


def last_sent_at() -> datetime | None:
    """Return when the newest mail left; None before the first."""
    found: datetime | None = db.session.execute(select(func.max(OutgoingMail.sent_at))).scalar()
    return found


def failed_count() -> int:
    """Return how many mails could not be delivered, but those that weren’t even tried."""
    is_failed = (OutgoingMail.state == MailState.FAILED, OutgoingMail.tried_at.is_not(None))
    return db.session.execute(select(func.count(OutgoingMail.id)).where(*is_failed)).scalar_one()


def late_count() -> int:
    """Return how many mails were tried in vain and will be tried again."""
    is_late = (OutgoingMail.state == MailState.QUEUED, OutgoingMail.last_error.is_not(None))
    return db.session.execute(select(func.count(OutgoingMail.id)).where(*is_late)).scalar_one()


def health(*, now: datetime) -> Health:
    """Tell whether mail arrives.

    Failing: one has waited too long, or lately one failed and none arrived since. Of what the
    clinic lives on, another of its kind must have arrived.
    """
    mail = OutgoingMail
    unsent = mail.state.in_((MailState.QUEUED, MailState.SENDING))
    due_at = db.session.execute(select(func.min(mail.due_at)).where(unsent)).scalar()
    is_late = due_at is not None and due_at < now - LATE_AFTER
    if is_late or _has_failed(since=now - FAILURE_COUNTS_FOR):
        return Health.FAILING
    return Health.OK if due_at is None or due_at > now else Health.WAITING


def _has_failed(*, since: datetime) -> bool:
    """Tell whether a mail failed since a moment and none arrived after it, or none of its sort."""
    mail = OutgoingMail
    vital = mail.kind.in_(TRIED_ALWAYS)
    last = func.max(mail.tried_at)
    failed = select(last, last.filter(vital)).where(mail.state == MailState.FAILED)
    for failed_at, sort in zip(db.session.execute(failed).one(), (true(), vital), strict=True):
        if failed_at is not None and failed_at > since:
            arrived = select(mail.id).where(mail.sent_at >= failed_at, sort).limit(1)
            if db.session.execute(arrived).scalar() is None:
                return True
    return False
