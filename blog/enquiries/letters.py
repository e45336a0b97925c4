"""The mail that tells the clinic of an enquiry; goes from the site's address, never the visitor's.

What may be sensitive isn't in it, nor anything of the visitor where the settings ask for that.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from sqlalchemy import or_, select

from blog import config, db, outbox, urls
from blog.content import Site
from blog.enquiries import hints
from blog.enquiries.model import Enquiry, EnquiryEvent, Happening
from blog.errors import MailError
from blog.outbox import MailState, OutgoingMail
from blog.spam import Tone

MAIL = "enquiry"
# Of one that could not be delivered where it was to go.
COPY = "enquiry-copy"
# To who sent one.
ANSWER = "enquiry-answer"
ANSWERS_AN_HOUR = 20
_BATCH = 100


@dataclass(frozen=True)
class About:
    """The article an enquiry came from."""

    article_id: str
    title: str
    slug: str


def tell_clinic(
    enquiry: Enquiry, about: About | None, *, site: Site, now: datetime
) -> OutgoingMail:
    """Queue the mail about a new enquiry."""
    words = {
        "article": about,
        "article_link": urls.absolute(urls.article(about.slug)) if about else "",
    }
    return _tell(enquiry, "enquiry", words, site=site, now=now)


def tell_correction(enquiry: Enquiry, *, site: Site, now: datetime) -> OutgoingMail:
    """Queue the mail that says how its sender can be reached after all."""
    return _tell(enquiry, "correction", {}, site=site, now=now)


def acknowledge(enquiry: Enquiry, *, site: Site, now: datetime) -> OutgoingMail | None:
    """Queue the mail that says an enquiry came, to who sent it, where that is wished and safe.

    It holds nothing its reader wrote: anybody's address can be typed into a form. An address gets
    one a day, and all of them together a few an hour.
    """
    settings = config.current()
    if not settings.acknowledge or not enquiry.email or _is_doubtful(enquiry):
        return None
    # Capitals make no other mailbox.
    to = enquiry.email.lower()
    if outbox.count_of_kind(ANSWER, to, since=now - timedelta(days=1)):
        return None
    if outbox.recent_of_kind(ANSWER, since=now - timedelta(hours=1)) >= ANSWERS_AN_HOUR:
        return None
    words = {"enquiry": enquiry, "site": site, "site_link": urls.absolute("/")}
    text, html = (
        render_template(f"mail/acknowledgement.{kind}", **words) for kind in ("txt", "html")
    )
    return outbox.queue(
        kind=ANSWER,
        sender=settings.mail_from,
        recipient=to,
        reply_to=settings.clinic_email,
        subject=f"{site.clinic_name} has your message ({enquiry.reference})",
        text=text,
        html=html,
        is_answer=True,
        now=now,
    )


def _is_doubtful(enquiry: Enquiry) -> bool:
    return enquiry.is_suspected or any(each["tone"] == Tone.BAD for each in enquiry.reasons)


def send_elsewhere(now: datetime) -> None:
    """Queue a copy of each mail about an enquiry that was given up, for the second address."""
    to = config.current().second_email
    given_up = select(OutgoingMail).where(
        OutgoingMail.state == MailState.FAILED,
        OutgoingMail.kind == MAIL,
        OutgoingMail.forgotten_at.is_(None),
        OutgoingMail.copied_at.is_(None),
    )
    any_of_them = given_up.with_only_columns(OutgoingMail.id).limit(1)
    if not to or db.session.execute(any_of_them).first() is None:
        return
    db.session.rollback()
    with db.writing():
        some = given_up.order_by(OutgoingMail.id).limit(_BATCH).with_for_update(skip_locked=True)
        for mail in db.session.execute(some).scalars():
            enquiry = _told_of_by(mail)
            if enquiry is not None:
                mail.copied_at, copy = now, _copy(mail, to, now=now)
                enquiry.tell(Happening.ELSEWHERE, by=None, now=now, words=to, mail=copy)


def _told_of_by(mail: OutgoingMail) -> Enquiry | None:
    """Return what a mail is about, unless somebody has that in hand, who isn't waited for."""
    later = select(EnquiryEvent.enquiry_id).where(EnquiryEvent.mail_id == mail.id)
    is_it = or_(Enquiry.mail_id == mail.id, Enquiry.id.in_(later))
    query = select(Enquiry).where(is_it).with_for_update(skip_locked=True)
    found: Enquiry | None = db.session.execute(query).scalar_one_or_none()
    return found


def _copy(mail: OutgoingMail, to: str, *, now: datetime) -> OutgoingMail:
    return outbox.queue(
        kind=COPY,
        sender=mail.sender,
        recipient=to,
        reply_to=mail.reply_to,
        subject=f"Not delivered to {mail.recipient}: {mail.subject}",
        text=mail.text,
        html=mail.html,
        now=now,
    )


def _tell(
    enquiry: Enquiry, template: str, words: dict[str, Any], *, site: Site, now: datetime
) -> OutgoingMail:
    settings = config.current()
    is_full = settings.enquiry_mail == "full"
    words = words | {
        "enquiry": enquiry,
        "is_full": is_full,
        "shows_message": is_full and not enquiry.is_sensitive,
        "likely_email": hints.likely_address(enquiry.email),
        "inbox_link": urls.absolute(urls.enquiry(enquiry.reference)),
        "site": site,
    }
    return outbox.queue(
        kind=MAIL,
        sender=settings.mail_from,
        recipient=clinic_address(enquiry.topic, site),
        reply_to=(enquiry.email or None) if is_full else None,
        subject=": ".join(filter(None, (f"Enquiry {enquiry.reference}", enquiry.topic))),
        text=render_template(f"mail/{template}.txt", **words),
        html=render_template(f"mail/{template}.html", **words),
        thread=thread_of(enquiry),
        now=now,
    )


def clinic_address(topic: str, site: Site) -> str:
    """Return who gets enquiries about a topic; never an address that no mail can go to."""
    with suppress(MailError):
        return outbox.plain_address(site.contact_addresses.get(topic, ""))
    return config.current().clinic_email


def thread_of(enquiry: Enquiry) -> str:
    """Return what all mails about an enquiry have in common, so that programs show them together."""
    return f"enquiry-{enquiry.reference}"
