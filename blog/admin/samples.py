"""Made-up words for each template of a mail, so that it can be looked at before it is sent.

Nobody's own: names in several scripts, a word that is longer than a line, and emoji.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from blog import urls
from blog.content import Site

_LONG = "Dermapigmentationsveränderungsnachbehandlungstermin" * 2
_ARABIC = "ليلى بنت أبي بكر"
_HEBREW = "נועה לוי"
_EMOJI = "Zoë 🌻👩🏽‍⚕️"
_LINK = "/admin/"


def names() -> list[str]:
    """Name the templates, as the files in templates/mail/ are called."""
    return sorted(_SAMPLES)


def words(name: str, *, site: Site, now: datetime) -> dict[str, Any]:
    """Give a template all that it speaks of."""
    return {"site": site, **_SAMPLES[name](now)}


def _enquiry(now: datetime) -> dict[str, Any]:
    return {
        "reference": "7KQM-4TXB",
        "name": f"{_ARABIC} {_EMOJI}",
        "topic": "Microneedling",
        "email": "leila@reader.example",
        "phone_typed": "082 555 0100",
        "phone_words": "082 555 0100",
        "preferred_way": "phone",
        "preferred_time": f"after five, {_HEBREW}",
        "answered_by": "by phone",
        "created_at": now,
        "message": f"Good day 🌷\n\nMay I book for Tuesday? {_LONG}\n<b>This stays text.</b>",
        "is_suspected": True,
    }


def _about_enquiry(now: datetime) -> dict[str, Any]:
    return {
        "enquiry": _enquiry(now),
        "is_full": True,
        "shows_message": True,
        "likely_email": "leila@readers.example",
        "article": {"title": f"Caring for skin in winter: {_LONG}"},
        "article_link": urls.absolute("/"),
        "inbox_link": urls.absolute("/admin/enquiries"),
    }


def _acknowledgement(now: datetime) -> dict[str, Any]:
    return {"enquiry": _enquiry(now), "site_link": urls.absolute("/")}


def _my_data(_now: datetime) -> dict[str, Any]:
    return {"link": urls.absolute(_LINK), "email": "leila@reader.example"}


def _account(_now: datetime) -> dict[str, Any]:
    return {
        "subject": "You have been invited",
        "sentences": [
            f"{_EMOJI} invites you to help with the comments.",
            f"The link works once, for seven days. {_LONG}",
        ],
        "button": "Choose a password",
        "link": urls.absolute(_LINK),
    }


def _waiting(now: datetime) -> dict[str, Any]:
    comment = {
        "name": f"{_HEBREW} {_EMOJI}",
        "article": f"Caring for skin in winter: {_LONG}",
        "created_at": now,
        "parent": {"name": _ARABIC, "text": "Does it hurt?"},
        "text": f"Thank you! {_LONG}",
        "reasons": [("Holds a phone number", "bad"), ("Written by a known reader", "good")],
        "link": urls.absolute(_LINK),
    }
    return {
        "items": [comment, comment | {"parent": None, "reasons": [], "name": "Nomsa"}],
        "waiting": 3,
        "reported": 1,
        "reported_link": urls.absolute(_LINK),
        "review_link": urls.absolute(_LINK),
        "since": now - timedelta(hours=1),
        "lines": ["3 comments came: 2 waiting, 1 put into spam.", "4 mails sent, 0 failed."],
        "is_clinic": False,
    }


def _confirm(_now: datetime) -> dict[str, Any]:
    return {
        "email": f"{'leila.' * 9}leila@{'clinic-' * 8}reader.example",
        "is_about_replies": True,
        "link": urls.absolute(_LINK),
    }


def _replies(now: datetime) -> dict[str, Any]:
    told = [
        {"name": "Sandra de Beer", "is_by_author": True, "text": f"It doesn’t 🙂 {_LONG}"},
        {"name": f"{_ARABIC} {_EMOJI}", "is_by_author": False, "text": "شكرا جزيلا"},
    ]
    return {
        "replies": [each | {"link": urls.absolute("/")} for each in told],
        "more": 3,
        "more_link": urls.absolute("/"),
        "article": {"title": "Caring for skin in winter"},
        "own": {"created_at": now - timedelta(days=2)},
        "stop_link": urls.absolute("/"),
    }


def _summary(now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "since": now - timedelta(days=1),
        "lines": ["3 enquiries came; 2 of 3 mailed.", "No comments came."],
        "unanswered": [(_enquiry(now - timedelta(days=4)), urls.absolute(_LINK))],
        "counts": {"new": 2, "unanswered": 1, "suspected": 1},
        "remind_days": 3,
        "comments": 4,
        "failed": 1,
        "late": 2,
        "enquiries_link": urls.absolute("/admin/enquiries"),
        "comments_link": urls.absolute(urls.review()),
        "mail_link": urls.absolute("/admin/mail?state=failed"),
    }


def _enquiry_reply(now: datetime) -> dict[str, Any]:
    return {
        "enquiry": _enquiry(now),
        "subject": "Re: Enquiry 7KQM-4TXB: Microneedling",
        "words": f"Dear {_EMOJI},\n\nTuesday at ten would suit us. {_LONG}\n<b>This stays text.</b>",
        "is_quoted": True,
        "clinic_email": "hello@clinic.example",
    }


_SAMPLES = {
    "acknowledgement": _acknowledgement,
    "account": _account,
    "comments_waiting": _waiting,
    "confirm_address": _confirm,
    "correction": _about_enquiry,
    "enquiry": _about_enquiry,
    "enquiry_reply": _enquiry_reply,
    "my_data": _my_data,
    "probe": lambda _now: {},
    "replies": _replies,
    "summary": _summary,
}
