"""The clinic's replies to enquiries: mails from the site's own address, answered to the clinic's.

A reply that was sent twice by one page is one reply. What may be sensitive is never quoted.
"""

from __future__ import annotations

from datetime import datetime

from flask import render_template

from blog import config, journal, outbox, permissions
from blog.accounts import User
from blog.content import Site
from blog.enquiries import letters
from blog.enquiries.model import Enquiry, Happening, State
from blog.errors import Conflict
from blog.outbox import OutgoingMail
from blog.permissions import Action

MAIL = "enquiry-reply"
REPLY_MAX_CHARS = 5_000


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
    enquiry.tell(Happening.REPLY, words=words, by=by, now=now, mail=mail)
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
        now=now,
    )
