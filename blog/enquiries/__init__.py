"""Visitors' enquiries: the row is the message, the mail a notification about it.

`arrival` stores an enquiry and queues its mail in one transaction, so there is never one without
the other; here it is found again. Nothing a visitor wrote is changed, or refused for looking odd.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import false, func, select
from sqlalchemy.orm import joinedload

from blog import config, db
from blog.enquiries.model import (
    EMAIL_MAX_CHARS,
    MESSAGE_MAX_CHARS,
    NAME_MAX_CHARS,
    NOTE_MAX_CHARS,
    PHONE_MAX_CHARS,
    TIME_MAX_CHARS,
    TOPIC_MAX_CHARS,
    ConsentText,
    Enquiry,
    EnquiryEvent,
    Happening,
    State,
    Way,
)
from blog.outbox import MailState, OutgoingMail

__all__ = [
    "EMAIL_MAX_CHARS",
    "MESSAGE_MAX_CHARS",
    "NAME_MAX_CHARS",
    "NOTE_MAX_CHARS",
    "PHONE_MAX_CHARS",
    "TIME_MAX_CHARS",
    "TOPIC_MAX_CHARS",
    "ConsentText",
    "Enquiry",
    "EnquiryEvent",
    "Folder",
    "Happening",
    "State",
    "Way",
    "by_reference",
    "count_in",
    "count_since",
    "in_folder",
]


class Folder(StrEnum):
    """How the inbox is divided."""

    NEW = "new"
    UNANSWERED = "unanswered"
    ALL = "all"
    SUSPECTED = "suspected"


def by_reference(reference: str) -> Enquiry | None:
    """Return the enquiry of a reference."""
    query = select(Enquiry).where(Enquiry.reference == reference)
    found: Enquiry | None = db.session.execute(query).scalar_one_or_none()
    return found


def in_folder(
    folder: Folder, *, now: datetime | None = None, before: int | None = None, limit: int = 50
) -> Sequence[Enquiry]:
    """Return a folder of the inbox, newest first."""
    mail = joinedload(Enquiry.mail).load_only(
        OutgoingMail.state, OutgoingMail.attempts, OutgoingMail.server_reply
    )
    query = select(Enquiry).options(mail).order_by(Enquiry.id.desc()).limit(limit)
    query = query.where(*_inside(folder, now))
    if before is not None:
        query = query.where(Enquiry.id < before)
    return db.session.execute(query).scalars().all()


def count_in(folder: Folder, *, now: datetime | None = None) -> int:
    """Return how many enquiries a folder holds."""
    return db.session.execute(
        select(func.count(Enquiry.id)).where(*_inside(folder, now))
    ).scalar_one()


def count_since(moment: datetime) -> tuple[int, int]:
    """Return how many enquiries came since a moment, and of how many the mail was sent."""
    is_sent = OutgoingMail.state == MailState.SENT
    query = (
        select(func.count(), func.count().filter(is_sent))
        .select_from(Enquiry)
        .join(Enquiry.mail, isouter=True)
        .where(Enquiry.created_at > moment)
    )
    came, sent = db.session.execute(query).one()
    return came, sent


def _inside(folder: Folder, now: datetime | None) -> list[Any]:
    if folder is Folder.SUSPECTED:
        return [Enquiry.is_suspected]
    genuine = [Enquiry.is_suspected == false()]
    if folder is Folder.UNANSWERED and now:
        until = now - timedelta(days=config.current().enquiry_remind_days)
        is_open = Enquiry.state.in_((State.NEW, State.SEEN))
        return [*genuine, is_open, Enquiry.created_at <= until]
    return [*genuine, Enquiry.state == State.NEW] if folder is Folder.NEW else genuine
