"""Everything that happened to an enquiry, as lines in words, the newest last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from blog.enquiries import Enquiry, EnquiryEvent, Happening, State
from blog.outbox import MailAttempt, Outcome, OutgoingMail

_OUTCOMES = {
    Outcome.ACCEPTED: "was accepted by the mail server",
    Outcome.DEFERRED: "was tried, and will be tried again",
    Outcome.REFUSED: "was refused by the mail server",
    Outcome.INTERRUPTED: "was cut short on its way, and will be tried again",
    Outcome.BOUNCED: "came back, for good",
    Outcome.SOFT_BOUNCED: "came back",
    Outcome.STOPPED: "wasn’t sent",
}
_TONES = {Outcome.ACCEPTED: "good", Outcome.DEFERRED: "plain", Outcome.INTERRUPTED: "plain"}
_STATES = {
    State.NEW: "Put back among the new ones",
    State.SEEN: "Opened again",
    State.ANSWERED: "Answered",
    State.WAITING: "Put aside to wait",
    State.CLOSED: "Closed",
}
_HAPPENINGS = {
    Happening.SEEN: "Marked as seen",
    Happening.GENUINE: "Marked as genuine",
    Happening.SUSPECTED: "Marked as suspected spam",
    Happening.NOTE: "Note",
    # Of which the mail is kept no longer.
    Happening.REPLY: "Reply sent",
    Happening.UNSENT: "Unsent reply",
    Happening.CORRECTED: "Corrected by its sender; before it was",
    Happening.ACKNOWLEDGED: "Its sender is told that it came",
}
_WITH_WORDS = (Happening.NOTE, Happening.REPLY, Happening.UNSENT, Happening.CORRECTED)
ABOUT = "The mail to the clinic"
# What the mail of a happening is called.
MAILED = {
    Happening.REPLY: "The reply",
    Happening.CORRECTED: "The mail about the correction",
    Happening.ELSEWHERE: "The copy",
    Happening.ACKNOWLEDGED: "The mail to its sender",
}


@dataclass(frozen=True)
class Line:
    """One line; `words` are a note or a reply, `by_id` names its writer.

    `note_id` is the number of a note, `draft_id` that of a reply that was taken back.
    """

    at: datetime
    sentence: str
    tone: str = "plain"
    by: str = ""
    words: str = ""
    note_id: int | None = None
    by_id: int | None = None
    draft_id: int | None = None


def timeline(enquiry: Enquiry) -> list[Line]:
    """Tell what happened to an enquiry."""
    return sorted(_lines(enquiry), key=lambda line: line.at)


def _lines(enquiry: Enquiry) -> Iterator[Line]:
    mail = enquiry.mail
    queued = f", and its mail to {mail.recipient} queued" if mail else ""
    yield Line(enquiry.created_at, f"Stored{queued}")
    if mail:
        yield from _attempts(mail, ABOUT)
    if enquiry.seen_at and not enquiry.events:
        # From before its history was kept.
        yield Line(enquiry.seen_at, "Marked as seen")
    replied = max((each.id for each in enquiry.events if each.kind == Happening.REPLY), default=0)
    for event in enquiry.events:
        yield _event(event, is_open=event.id > replied)
        if event.mail:
            yield from _attempts(event.mail, MAILED[Happening(event.kind)])


def _attempts(mail: OutgoingMail, what: str) -> Iterator[Line]:
    for each in mail.history:
        yield Line(each.at, f"{what} {_said(mail, each)}", _TONES.get(each.outcome, "bad"))


def _said(mail: OutgoingMail, attempt: MailAttempt) -> str:
    if attempt.outcome == Outcome.ACCEPTED and mail.is_on_file:
        return f"was {attempt.reply}, since no mail server is set"
    return f"{_OUTCOMES[Outcome(attempt.outcome)]}: {attempt.reply}"


def _event(event: EnquiryEvent, *, is_open: bool) -> Line:
    """Tell one; `is_open` says that no reply came later, so that one taken back may be gone on with."""
    kind, words = Happening(event.kind), event.words
    by = event.by.name if event.by else ""
    if kind is Happening.STATE:
        return Line(event.at, _STATES[State(words)], by=by)
    if kind is Happening.ASSIGNED:
        return Line(event.at, f"Assigned to {words or 'nobody'}", by=by)
    if kind is Happening.REPLY and event.mail:
        sentence = f"Reply to {event.mail.recipient} queued"
        return Line(event.at, sentence, by=by, words=words)
    if kind is Happening.TAKEN_BACK:
        place = f"; back to “{words}”, as before" if words else ""
        return Line(event.at, f"{by or 'Somebody'} took the reply back{place}")
    if kind is Happening.ELSEWHERE:
        return Line(event.at, f"A copy to {words} queued")
    return Line(
        event.at,
        _HAPPENINGS[kind],
        by=by,
        by_id=event.by_id,
        words=words if kind in _WITH_WORDS else "",
        note_id=event.id if kind is Happening.NOTE else None,
        draft_id=event.id if kind is Happening.UNSENT and is_open else None,
    )
