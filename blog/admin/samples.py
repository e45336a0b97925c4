"""A mail of each sort as it might be, with made-up people, so that it can be looked at before.

Nobody's own words: who is named here has written nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from blog import config, urls
from blog.content import Site

_REFERENCE = "7KQM-4TXB"
_VISITOR = "lerato@reader.example"
_READER = "nomsa@reader.example"
_STAFF = "thandi@clinic.example"
_TOPIC = "Microneedling"
_ARTICLE = "Caring for skin in winter"
_LINK = "/admin/"


@dataclass(frozen=True)
class Sample:
    """A mail: its subject, whom it goes to, where answers go, and what its template speaks of."""

    subject: str
    to: str
    words: dict[str, Any]
    reply_to: str = ""


def of(template: str, *, site: Site, now: datetime) -> Sample:
    """Make up the mail that a template of templates/mail/ writes."""
    made = _SAMPLES[template](site, now)
    return Sample(made.subject, made.to, {"site": site, **made.words}, made.reply_to)


def _clinic() -> str:
    return config.current().clinic_email


def _asked(now: datetime) -> dict[str, Any]:
    return {
        "reference": _REFERENCE,
        "name": "Lerato Mokoena",
        "topic": _TOPIC,
        "email": _VISITOR,
        "phone_typed": "082 555 0100",
        "phone_words": "082 555 0100",
        "preferred_way": "call",
        "preferred_time": "after five",
        "answered_by": "by a phone call",
        "created_at": now,
        "message": "Good day\n\nMay I book for Tuesday afternoon? I have had two sessions elsewhere.",
        "is_suspected": False,
    }


def _enquiry(_site: Site, now: datetime) -> Sample:
    words = {
        "enquiry": _asked(now),
        "is_full": True,
        "shows_message": True,
        "likely_email": "",
        "article": {"title": _ARTICLE},
        "article_link": urls.absolute("/"),
        "inbox_link": urls.absolute("/admin/enquiries"),
    }
    return Sample(f"Enquiry {_REFERENCE}: {_TOPIC}", _clinic(), words, _VISITOR)


def _acknowledgement(site: Site, now: datetime) -> Sample:
    subject = f"{site.clinic_name} has your message ({_REFERENCE})"
    words = {"enquiry": _asked(now), "site_link": urls.absolute("/")}
    return Sample(subject, _VISITOR, words, _clinic())


def _enquiry_reply(_site: Site, now: datetime) -> Sample:
    subject = f"Re: Enquiry {_REFERENCE}: {_TOPIC}"
    words = {
        "enquiry": _asked(now),
        "subject": subject,
        "words": "Dear Lerato,\n\nTuesday at three would suit us. Please come without make-up.",
        "is_quoted": True,
        "clinic_email": _clinic(),
    }
    return Sample(subject, _VISITOR, words, _clinic())


def _summary(site: Site, now: datetime) -> Sample:
    words = {
        "now": now,
        "since": now - timedelta(days=1),
        "lines": [
            "No comments came.",
            "3 enquiries came; 2 of 3 mailed.",
            "2 mails sent, 1 failed, 2 still being tried.",
        ],
        "unanswered": [(_asked(now - timedelta(days=4)), urls.absolute(_LINK))],
        "counts": {"new": 2, "unanswered": 1, "suspected": 1},
        "remind_days": 3,
        "comments": 4,
        "failed": 1,
        "late": 2,
        "enquiries_link": urls.absolute("/admin/enquiries"),
        "comments_link": urls.absolute(urls.review()),
        "mail_link": urls.absolute("/admin/mail?state=failed"),
    }
    told = "1 not delivered, 1 unanswered, 2 new, 4 to review"
    return Sample(f"{site.title}: {told}", _clinic(), words)


def _waiting(site: Site, now: datetime) -> Sample:
    comment = {
        "name": "Nomsa",
        "article": _ARTICLE,
        "created_at": now - timedelta(minutes=20),
        "parent": {"name": "Pieter", "text": "Does it hurt?"},
        "text": "Hardly at all. I was back at work the same afternoon.",
        "reasons": [("Holds a phone number", "bad"), ("Written by a known reader", "good")],
        "link": urls.absolute(_LINK),
    }
    first: dict[str, Any] = {
        "name": "Zanele",
        "parent": None,
        "reasons": [],
        "text": "Thank you, very clear.",
    }
    words = {
        "items": [comment, comment | first],
        "waiting": 3,
        "reported": 1,
        "reported_link": urls.absolute(_LINK),
        "review_link": urls.absolute(_LINK),
        "since": now - timedelta(hours=1),
        "lines": ["3 comments came: 3 waiting.", "4 mails sent, 0 failed."],
        "is_clinic": False,
    }
    return Sample(f"2 comments wait on {site.title}", _STAFF, words)


def _confirm(site: Site, _now: datetime) -> Sample:
    words = {"email": _READER, "is_about_replies": True, "link": urls.absolute(_LINK)}
    return Sample(f"Confirm your address for {site.title}", _READER, words)


def _replies(_site: Site, now: datetime) -> Sample:
    told = [
        {"name": "Sandra de Beer", "is_by_author": True, "text": "It doesn’t; a cream is enough."},
        {"name": "Pieter", "is_by_author": False, "text": "It didn’t for me either."},
    ]
    words = {
        "replies": [each | {"link": urls.absolute("/")} for each in told],
        "more": 3,
        "more_link": urls.absolute("/"),
        "article": {"title": _ARTICLE},
        "own": {"created_at": now - timedelta(days=2)},
        "stop_link": urls.absolute("/"),
    }
    return Sample(f"Replies to you on “{_ARTICLE}”", _READER, words)


def _account(site: Site, _now: datetime) -> Sample:
    subject = "You are invited"
    words = {
        "subject": subject,
        "sentences": [
            "You are offered an account of the site, as moderator, with this address.",
            "The link leads to a page where you choose your password. It works once, for seven days.",
            "If you know nothing of it, do nothing.",
        ],
        "button": "Choose your password",
        "link": urls.absolute(_LINK),
    }
    return Sample(f"{subject} · {site.title}", _STAFF, words)


def _my_data(site: Site, _now: datetime) -> Sample:
    words = {"link": urls.absolute(_LINK), "email": _READER}
    return Sample(f"Your data on {site.title}", _READER, words)


def _probe(site: Site, _now: datetime) -> Sample:
    return Sample(f"Test mail from {site.title}", _clinic(), {})


_SAMPLES: dict[str, Callable[[Site, datetime], Sample]] = {
    "acknowledgement": _acknowledgement,
    "account": _account,
    "comments_waiting": _waiting,
    "confirm_address": _confirm,
    "correction": _enquiry,
    "enquiry": _enquiry,
    "enquiry_reply": _enquiry_reply,
    "my_data": _my_data,
    "probe": _probe,
    "replies": _replies,
    "summary": _summary,
}
