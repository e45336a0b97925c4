"""Visitors' enquiries: the row is the message, the mail a notification about it.

`arrival` stores an enquiry and queues its mail in one transaction, so there is never one without
the other; `inbox` finds it again, `answering` and `replies` note what the clinic does. Nothing a
visitor wrote is changed, or refused for looking odd.
"""

from __future__ import annotations

from sqlalchemy import select

from blog import db
from blog.enquiries.inbox import Folder, count_in, count_since, in_folder, unanswered
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
    "unanswered",
]


def by_reference(reference: str, *, to_change: bool = False) -> Enquiry | None:
    """Return the enquiry of a reference; to be changed, others who want to wait until then."""
    query = select(Enquiry).where(Enquiry.reference == reference)
    query = query.with_for_update() if to_change else query
    found: Enquiry | None = db.session.execute(query).scalar_one_or_none()
    return found
