"""The clinic's replies to enquiries: mails from the site's own address, answered to the clinic's.

A reply that was sent twice by one page is one reply. What may be sensitive is never quoted. A reply
waits a minute before it goes, and can be taken back until a worker has it in hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import render_template

from blog import config, db, journal, outbox, permissions
from blog.accounts import User
from blog.content import Site
from blog.enquiries import letters
from blog.enquiries.model import Enquiry, EnquiryEvent, Happening, State
from blog.errors import Conflict, NotFound
from blog.outbox import OutgoingMail
from blog.permissions import Action

MAIL = "enquiry-reply"
REPLY_MAX_CHARS = 5_000
HELD_FOR = timedelta(minutes=1)
_TIMES = ("seen_at", "answered_at", "state_changed_at")


def subject_of(enquiry: Enquiry) -> str:
    """Return the subject that a reply begins with."""
    return ": ".join(filter(None, (f"Re: Enquiry {enquiry.reference}", enquiry.topic)))


def reply(
    enquiry: Enquiry,
    words: str,
    *,
    subject: str,
    is_quoting: bool,
    seen: str,
    site: Site,
    by: User,
    now: datetime,
) -> None:
    """Answer an enquiry whose mark is still the one its writer has seen; queues the mail.

    The mail is held for a minute.

    Raises: Forbidden where `by` may not read enquiries; Conflict where there is no address, or
        somebody else did something about it since.
    """
    permissions.require(by, Action.READ_ENQUIRIES)
    if not enquiry.email:
        raise Conflict("No email address was given, so there is nowhere to send a reply.")
    if not _is_still(enquiry, seen):
        if _is_sent(enquiry, words, by=by):
            return
        raise Conflict("Somebody did something about this enquiry since you opened this page.")
    is_quoted = is_quoting and not enquiry.is_sensitive
    mail = _queue(enquiry, words, subject=subject, is_quoted=is_quoted, site=site, now=now)
    draft = {"subject": subject, "is_quoting": is_quoting, "standing": _standing(enquiry)}
    enquiry.tell(Happening.REPLY, words=words, by=by, now=now, mail=mail, draft=draft)
    enquiry.suspect(False, by=by, now=now)
    enquiry.settle(State.ANSWERED, by=by, now=now)
    enquiry.answered_at = enquiry.state_changed_at = now
    journal.record("replied to", "enquiry", enquiry.reference, by=by, now=now)


def _is_still(enquiry: Enquiry, seen: str) -> bool:
    """Tell whether nobody has done anything about it; who only looked at it did nothing."""
    is_open = enquiry.state == State.SEEN and enquiry.answered_at is None
    is_only_seen = seen.startswith(State.NEW) and is_open and not enquiry.is_suspected
    return seen == enquiry.mark or is_only_seen


def _is_sent(enquiry: Enquiry, words: str, *, by: User) -> bool:
    """Tell whether the last reply is this very one, so that its page was sent twice."""
    replies = [each for each in enquiry.events if each.kind == Happening.REPLY]
    return bool(replies) and (replies[-1].words, replies[-1].by_id) == (words, by.id)


def _queue(
    enquiry: Enquiry, words: str, *, subject: str, is_quoted: bool, site: Site, now: datetime
) -> OutgoingMail:
    clinic_email = letters.clinic_address(enquiry.topic, site)
    shown = {"enquiry": enquiry, "words": words, "is_quoted": is_quoted, "site": site}
    shown |= {"clinic_email": clinic_email, "subject": subject}
    return outbox.queue(
        kind=MAIL,
        sender=config.current().mail_from,
        recipient=enquiry.email,
        reply_to=clinic_email,
        subject=subject,
        text=render_template("mail/enquiry_reply.txt", **shown),
        html=render_template("mail/enquiry_reply.html", **shown),
        thread=letters.thread_of(enquiry),
        due_at=now + HELD_FOR,
        now=now,
    )


def take_back(enquiry: Enquiry, event_id: int, *, by: User, now: datetime) -> None:
    """Take back a reply that has not left; where that was done already, do nothing.

    The enquiry stands again exactly where it stood, unless somebody put it elsewhere since.

    Raises: Forbidden where `by` may not read enquiries; NotFound where there is no such reply;
        Conflict where it has left.
    """
    permissions.require(by, Action.READ_ENQUIRIES)
    kinds = (Happening.REPLY, Happening.UNSENT)
    told = next((e for e in enquiry.events if e.id == event_id and e.kind in kinds), None)
    if told is None:
        raise NotFound("There is no reply with this number.")
    if told.kind == Happening.UNSENT:
        return
    standing = _recall(told)["standing"]
    is_last = enquiry.state_changed_at == told.at
    if is_last:
        _put_back(enquiry, standing)
    else:
        _hand_down(enquiry, standing, told.at)
    place = enquiry.place if is_last else ""
    enquiry.tell(Happening.TAKEN_BACK, words=place, by=by, now=now)
    record = partial(journal.record, thing="enquiry", thing_id=enquiry.reference, by=by, now=now)
    record("took back a reply to")
    if is_last and place != State.ANSWERED:
        record("put back", was=State.ANSWERED, became=place)


def _recall(told: EnquiryEvent) -> dict[str, Any]:
    """Take the mail of a reply out of the outbox; returns what the reply was."""
    draft, mail_id = told.draft, told.mail_id
    told.kind, told.mail_id = Happening.UNSENT, None
    # Before the mail goes, whose row nothing may name any more.
    db.session.flush()
    if draft is None or mail_id is None or not outbox.take_back(mail_id):
        raise Conflict("It is too late to take this reply back: it has left already.")
    return draft


def _standing(enquiry: Enquiry) -> dict[str, Any]:
    """Say where an enquiry stands, as JSON can hold it."""
    times = {name: getattr(enquiry, name) for name in _TIMES}
    written = {name: at and at.isoformat() for name, at in times.items()}
    return {"state": enquiry.state, "is_suspected": enquiry.is_suspected, **written}


def _put_back(enquiry: Enquiry, standing: dict[str, Any]) -> None:
    enquiry.state, enquiry.is_suspected = State(standing["state"]), standing["is_suspected"]
    for name in _TIMES:
        at = standing[name]
        setattr(enquiry, name, at and datetime.fromisoformat(at))


def _hand_down(enquiry: Enquiry, standing: dict[str, Any], at: datetime) -> None:
    """Let a reply that came after one of a moment lead back to where that one would have."""
    for told in enquiry.events:
        if told.draft and told.draft["standing"]["state_changed_at"] == at.isoformat():
            told.draft = told.draft | {"standing": standing}


def draft(enquiry: Enquiry, event_id: int) -> EnquiryEvent | None:
    """Return a reply that was taken back, to be written on."""
    found = (e for e in enquiry.events if (e.id, e.kind) == (event_id, Happening.UNSENT))
    return next(found, None)
