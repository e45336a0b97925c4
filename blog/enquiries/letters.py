"""The mail that tells the clinic of an enquiry; goes from the site's address, never the visitor's.

What may be sensitive isn't in it, nor anything of the visitor where the settings ask for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template

from blog import config, outbox, urls
from blog.content import Site
from blog.enquiries import hints
from blog.enquiries.model import Enquiry
from blog.outbox import OutgoingMail

MAIL = "enquiry"


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


def _tell(
    enquiry: Enquiry, template: str, words: dict[str, Any], *, site: Site, now: datetime
) -> OutgoingMail:
    settings = config.current()
    is_full = settings.enquiry_mail == "full"
    words |= {
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
        recipient=settings.clinic_email,
        reply_to=enquiry.email or None if is_full else None,
        subject=": ".join(filter(None, (f"Enquiry {enquiry.reference}", enquiry.topic))),
        text=render_template(f"mail/{template}.txt", **words),
        html=render_template(f"mail/{template}.html", **words),
        thread=f"enquiry-{enquiry.reference}",
        now=now,
    )
