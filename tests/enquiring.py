"""Enquiries as visitors send them, without a page: each with a day and words of its own."""

from datetime import datetime, timedelta
from typing import Any

from blog import accounts, articles, db, enquiries, spam
from blog.accounts import User
from blog.enquiries import Enquiry, arrival, replies
from blog.enquiries.arrival import Message
from tests.cast import AUTHOR, CLOCK, Person

FINE = spam.Verdict(())
HELD = spam.Verdict((spam.Reason("links", "1 link", spam.Tone.BAD, spam.Answer.HOLD),))


def ask(
    message: str = "May I book?",
    *,
    at: datetime = CLOCK,
    days_ago: float = 0,
    verdict: spam.Verdict = FINE,
    **said: Any,
) -> str:
    """Store an enquiry; gives its reference."""
    who = {"name": "Lerato", "email": "lerato@reader.example", "topic": "Microneedling"} | said
    asked = Message(message=message, consent="You may answer me.", **who)
    moment = at - timedelta(days=days_ago)
    site = articles.site()
    with db.writing():
        stored = arrival.submit(asked, site=site, verdict=verdict, address_hash="a", now=moment)
        return stored.reference


def enquiry(reference: str) -> Enquiry:
    found = enquiries.by_reference(reference)
    assert found
    return found


def answer(reference: str, words: str = "Yes.", *, now: datetime = CLOCK) -> None:
    """Let the author reply to an enquiry."""
    site = articles.site()
    with db.writing():
        asked = enquiry(reference)
        replies.reply(
            asked,
            words,
            subject="Re",
            is_quoting=False,
            seen=asked.mark,
            site=site,
            by=user(),
            now=now,
        )


def user(person: Person = AUTHOR) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found
