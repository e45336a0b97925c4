"""Takes an enquiry: stored, and its mail to the clinic queued, in one transaction or not at all."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from blog import config, db, spam, tokens
from blog.content import Site
from blog.enquiries import guard, letters
from blog.enquiries.letters import About
from blog.enquiries.model import ConsentText, Enquiry, Happening, State, Way
from blog.errors import Conflict

CORRECTED_WITHIN = timedelta(days=1)
# The same words so often before, among so many that came last and not too long ago.
OFTEN = 2
REPEATED_WITHIN = timedelta(days=30)
_COMPARED = 100
_NEWEST = (
    select(Enquiry.message, Enquiry.created_at)
    .order_by(Enquiry.id.desc())
    .limit(_COMPARED)
    .subquery()
)
_SAME = (
    select(func.count())
    .select_from(_NEWEST)
    .where(_NEWEST.c.message == bindparam("message"))
    .where(_NEWEST.c.created_at > bindparam("since", type_=Enquiry.created_at.type))
)
# Without letters and figures that are mistaken for one another on the telephone.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a visitor sent, checked by the form; `consent` is the wording she saw."""

    name: str
    email: str
    message: str
    consent: str
    phone: str = ""
    phone_typed: str = ""
    preferred_way: Way = Way.ANY
    preferred_time: str = ""
    topic: str = ""
    about: About | None = None


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
        message.phone_typed,
        message.topic,
        message.message,
    )
    known = select(Enquiry).where(Enquiry.submission_key == key)
    found: Enquiry | None = db.session.execute(known).scalar_one_or_none()
    if found is not None:
        return found
    verdict = spam.Verdict((*verdict.reasons, *_repetition(message.message, now=now)))
    consent = _consent(message.consent, now=now)
    with db.unless_taken():
        enquiry = _new_enquiry(message, key, site=site, verdict=verdict, now=now)
        enquiry.consent = consent
        # The morning's mail counts what is suspected; without one nobody would learn of it.
        if not verdict.is_held or config.current().summary_at is None:
            enquiry.mail = letters.tell_clinic(enquiry, message.about, site=site, now=now)
        db.session.add(enquiry)
        answer = letters.acknowledge(enquiry, site=site, now=now)
        if answer is not None:
            enquiry.tell(Happening.ACKNOWLEDGED, by=None, now=now, mail=answer)
    return enquiry if enquiry in db.session else db.session.execute(known).scalar_one()


def _repetition(message: str, *, now: datetime) -> Iterator[spam.Reason]:
    """Suspect what came in the same words often; who writes once more is no machine."""
    if len(message.split()) < spam.REPEATED_FROM_WORDS:
        return
    told = {"message": message, "since": now - REPEATED_WITHIN}
    times = db.session.connection().execute(_SAME, told).scalar_one()
    if times >= OFTEN:
        yield spam.repeated(times)


def _new_enquiry(
    message: Message, key: str, *, site: Site, verdict: spam.Verdict, now: datetime
) -> Enquiry:
    return Enquiry(
        reference=_new_reference(),
        name=message.name,
        email=message.email,
        phone=message.phone,
        phone_typed=message.phone_typed,
        preferred_way=message.preferred_way,
        preferred_time=message.preferred_time,
        topic=message.topic,
        message=message.message,
        is_sensitive=bool(guard.found(message.message, site.contact_sensitive_words)),
        article_id=message.about.article_id if message.about else None,
        is_suspected=verdict.is_held,
        reasons=verdict.as_rows(),
        submission_key=key,
        created_at=now,
        state=State.NEW,
        state_changed_at=now,
    )


def correct(
    enquiry: Enquiry, *, email: str, phone: str, phone_typed: str, site: Site, now: datetime
) -> None:
    """Note how its sender can be reached after all, and tell the clinic.

    Raises: Conflict where it was sent more than a day ago.
    """
    was = [enquiry.email, enquiry.phone_typed]
    if was == [email, phone_typed]:
        return
    if now > enquiry.created_at + CORRECTED_WITHIN:
        raise Conflict("Your message was sent more than a day ago. Please write once more.")
    enquiry.email, enquiry.phone, enquiry.phone_typed = email, phone, phone_typed
    is_kept_apart = enquiry.is_suspected and config.current().summary_at is not None
    mail = None if is_kept_apart else letters.tell_correction(enquiry, site=site, now=now)
    words = ", ".join(filter(None, was))
    enquiry.tell(Happening.CORRECTED, by=None, now=now, words=words, mail=mail)


def _new_reference() -> str:
    chars = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{chars[:4]}-{chars[4:]}"


def digest(wording: str) -> str:
    """Return what names a wording of the consent."""
    return hashlib.sha256(wording.encode()).hexdigest()


def wording_seen(named: str, *, current: str) -> str | None:
    """Return the wording of the consent that a page named, of now or of before.

    None where nobody knows it: it was changed, and never agreed to, since the page was opened.
    """
    if named == digest(current):
        return current
    query = select(ConsentText.text).where(ConsentText.digest == named)
    found: str | None = db.session.execute(query).scalar_one_or_none()
    return found


def _consent(wording: str, *, now: datetime) -> ConsentText:
    named = digest(wording)
    query = select(ConsentText).where(ConsentText.digest == named)
    found: ConsentText | None = db.session.execute(query).scalar_one_or_none()
    if found is None:
        with db.unless_taken():
            db.session.add(ConsentText(digest=named, text=wording, first_agreed_at=now))
        found = db.session.execute(query).scalar_one()
    return found
