"""Visitors' enquiries: the row is the message, the mail a notification about it.

`submit()` stores an enquiry and queues its mail in one transaction, so there is never one
without the other. What a visitor wrote is never changed and never refused for looking odd.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import render_template
from sqlalchemy import JSON, ForeignKey, Index, String, Text, false, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from blog import config, db, journal, outbox, permissions, spam, tokens, urls
from blog.accounts import User
from blog.content import Site
from blog.outbox import MailState, OutgoingMail
from blog.permissions import Action

NAME_MAX_CHARS = 100
EMAIL_MAX_CHARS = 254
PHONE_MAX_CHARS = 40
TOPIC_MAX_CHARS = 100
MESSAGE_MAX_CHARS = 2_000
# Without letters and figures that are mistaken for one another on the telephone.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Folder(StrEnum):
    """How the inbox is divided."""

    NEW = "new"
    ALL = "all"
    SUSPECTED = "suspected"


class Enquiry(db.Model):
    """One enquiry and the consent that came with it."""

    __tablename__ = "enquiry"
    __table_args__ = (
        Index("ix_enquiry_is_suspected_id", "is_suspected", "id"),
        Index("ix_enquiry_is_suspected_seen_at", "is_suspected", "seen_at"),
        Index("ix_enquiry_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX_CHARS))
    email: Mapped[str] = mapped_column(String(EMAIL_MAX_CHARS))
    phone: Mapped[str] = mapped_column(String(PHONE_MAX_CHARS))
    topic: Mapped[str] = mapped_column(String(TOPIC_MAX_CHARS))
    message: Mapped[str] = mapped_column(Text)
    consent_text: Mapped[str] = mapped_column(Text)
    article_id: Mapped[str | None] = mapped_column(String(100))
    is_suspected: Mapped[bool]
    reasons: Mapped[list[Any]] = mapped_column(JSON)
    submission_key: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    mail_id: Mapped[int] = mapped_column(ForeignKey("outgoing_mail.id"), index=True)
    mail: Mapped[OutgoingMail] = relationship()

    def mark_seen(self, *, by: User, now: datetime) -> None:
        """Note that somebody of the clinic has read it."""
        permissions.require(by, Action.READ_ENQUIRIES)
        if self.seen_at is None:
            self.seen_at = now
            journal.record("read", "enquiry", self.reference, by=by, now=now)

    def mark_genuine(self, *, by: User, now: datetime) -> None:
        """Take it out of the suspected folder."""
        permissions.require(by, Action.READ_ENQUIRIES)
        if self.is_suspected:
            self.is_suspected = False
            journal.record("marked as genuine", "enquiry", self.reference, by=by, now=now)


@dataclass(frozen=True)
class About:
    """The article an enquiry came from."""

    article_id: str
    title: str
    slug: str


@dataclass(frozen=True)
class Message:
    """What a visitor sent, checked by the form."""

    name: str
    email: str
    phone: str
    topic: str
    message: str
    about: About | None


def submit(
    message: Message, *, site: Site, verdict: spam.Verdict, address_hash: str, now: datetime
) -> Enquiry:
    """Store an enquiry and queue its mail to the clinic.

    The same words by the same client on the same day are one enquiry.
    """
    key = tokens.keyed_hash(
        config.current().secret_key,
        "enquiry",
        address_hash,
        message.name,
        message.email,
        message.phone,
        message.topic,
        message.message,
    )
    known = select(Enquiry).where(Enquiry.submission_key == key)
    if db.session.execute(known).scalar_one_or_none() is None:
        with db.unless_taken():
            enquiry = _new_enquiry(message, key, site=site, verdict=verdict, now=now)
            enquiry.mail = _mail_to_clinic(enquiry, message.about, site=site, now=now)
            db.session.add(enquiry)
    return db.session.execute(known).scalar_one()


def _new_enquiry(
    message: Message, key: str, *, site: Site, verdict: spam.Verdict, now: datetime
) -> Enquiry:
    return Enquiry(
        reference=_new_reference(),
        name=message.name,
        email=message.email,
        phone=message.phone,
        topic=message.topic,
        message=message.message,
        consent_text=site.contact_consent,
        article_id=message.about.article_id if message.about else None,
        is_suspected=verdict.is_held,
        reasons=verdict.as_rows(),
        submission_key=key,
        created_at=now,
    )


def _new_reference() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _mail_to_clinic(
    enquiry: Enquiry, about: About | None, *, site: Site, now: datetime
) -> OutgoingMail:
    settings = config.current()
    words = {
        "enquiry": enquiry,
        "article": about,
        "article_link": urls.absolute(urls.article(about.slug)) if about else "",
        "inbox_link": urls.absolute(urls.enquiry(enquiry.reference)),
        "site": site,
    }
    return outbox.queue(
        kind="enquiry",
        sender=settings.mail_from,
        recipient=settings.clinic_email,
        reply_to=enquiry.email or None,
        subject=": ".join(filter(None, (f"Enquiry {enquiry.reference}", enquiry.topic))),
        text=render_template("mail/enquiry.txt", **words),
        html=render_template("mail/enquiry.html", **words),
        now=now,
    )


def by_reference(reference: str) -> Enquiry | None:
    """Return the enquiry of a reference."""
    query = select(Enquiry).where(Enquiry.reference == reference)
    found: Enquiry | None = db.session.execute(query).scalar_one_or_none()
    return found


def in_folder(folder: Folder, *, before: int | None = None, limit: int = 50) -> Sequence[Enquiry]:
    """Return a folder of the inbox, newest first."""
    mail = joinedload(Enquiry.mail, innerjoin=True).load_only(
        OutgoingMail.state, OutgoingMail.attempts, OutgoingMail.server_reply
    )
    query = select(Enquiry).options(mail).order_by(Enquiry.id.desc()).limit(limit)
    query = query.where(*_inside(folder))
    if before is not None:
        query = query.where(Enquiry.id < before)
    return db.session.execute(query).scalars().all()


def count_in(folder: Folder) -> int:
    """Return how many enquiries a folder holds."""
    return db.session.execute(select(func.count(Enquiry.id)).where(*_inside(folder))).scalar_one()


def count_since(moment: datetime) -> tuple[int, int]:
    """Return how many enquiries came since a moment, and of how many the mail was sent."""
    is_sent = OutgoingMail.state == MailState.SENT
    query = (
        select(func.count(), func.count().filter(is_sent))
        .select_from(Enquiry)
        .join(Enquiry.mail)
        .where(Enquiry.created_at > moment)
    )
    came, sent = db.session.execute(query).one()
    return came, sent


def _inside(folder: Folder) -> list[Any]:
    if folder is Folder.SUSPECTED:
        return [Enquiry.is_suspected]
    genuine = [Enquiry.is_suspected == false()]
    return [*genuine, Enquiry.seen_at.is_(None)] if folder is Folder.NEW else genuine
