"""Enquiries by the address of who sent them: found, told, erased, and forgotten when they are old.

With an enquiry goes the mail that told the clinic of it, which holds the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, union

from blog import db
from blog.enquiries import Enquiry, EnquiryEvent, Happening
from blog.outbox import OutgoingMail
from blog.privacy import addresses

# Hers to know, under these names.
_TOLD = (
    *("reference", "created_at", "name", "email", "phone", "phone_typed", "preferred_way"),
    *("preferred_time", "topic", "message", "is_sensitive", "state", "seen_at", "answered_at"),
)
# The step of the policy whose reasons name a rule.
_RULE = "rule"
# What the clinic notes is its own; that it did is told.
_OWN_WORDS = (Happening.REPLY, Happening.CORRECTED)


def reasons_of(stored: Sequence[dict[str, Any]]) -> list[str]:
    """List why something was held; what the clinic noted beside a rule of its own stays its own."""
    return [
        "a rule of the clinic" if each.get("step") == _RULE else each["words"] for each in stored
    ]


def of_address(email: str) -> Select[int]:
    """Select the enquiries that were sent under an address."""
    is_hers = func.lower(Enquiry.email).in_(addresses.spellings(email))
    return select(Enquiry.id).where(is_hers)


def told(email: str) -> list[dict[str, Any]]:
    """Tell what was sent under an address, oldest first, and what became of it."""
    query = select(Enquiry).where(Enquiry.id.in_(of_address(email))).order_by(Enquiry.id)
    return [_said(row) for row in db.session.execute(query).scalars()]


def _said(row: Enquiry) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in _TOLD}
    said |= {"article": row.article_id, "consent": row.consent.text}
    said |= {"reasons": reasons_of(row.reasons)}
    said |= {"is_taken_for_spam": row.is_suspected}
    return said | {"history": [_happened(event) for event in row.events]}


def _happened(event: EnquiryEvent) -> dict[str, Any]:
    words = event.words if event.kind in _OWN_WORDS else ""
    return {"at": event.at, "what": event.kind, "words": words}


def is_about_one(mail_id: Any) -> ColumnElement[bool]:
    """Whether a mail tells of an enquiry or answers one, and goes with it."""
    return exists().where(Enquiry.mail_id == mail_id) | exists().where(
        EnquiryEvent.mail_id == mail_id
    )


def old(until: datetime, *, is_suspected: bool = False) -> Select[int]:
    """Select the enquiries older than a moment, or of these alone the ones taken for spam."""
    query = select(Enquiry.id).where(Enquiry.created_at <= until)
    return query.where(Enquiry.is_suspected) if is_suspected else query


def erase(chosen: Select[int]) -> None:
    """Delete chosen enquiries with their history, and the mails that told of or answered them."""
    # Whoever corrects or judges one at this moment is waited for.
    ids = db.session.execute(chosen.with_for_update()).scalars().all()
    of_enquiries = select(Enquiry.mail_id).where(Enquiry.id.in_(ids))
    of_events = select(EnquiryEvent.mail_id).where(EnquiryEvent.enquiry_id.in_(ids))
    mails = db.session.execute(union(of_enquiries, of_events)).scalars().all()
    for gone in (
        delete(EnquiryEvent).where(EnquiryEvent.enquiry_id.in_(ids)),
        delete(Enquiry).where(Enquiry.id.in_(ids)),
        delete(OutgoingMail).where(OutgoingMail.id.in_(mails)),
    ):
        db.session.execute(gone, execution_options={"synchronize_session": False})
