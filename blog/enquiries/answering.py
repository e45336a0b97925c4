"""What the clinic does about enquiries: where they stand, whose they are, what it notes; and undo.

What somebody else did meanwhile is never overwritten. No line of the journal holds a word of
anybody's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from blog import accounts, db, journal, permissions
from blog.accounts import User
from blog.content import Site
from blog.enquiries import letters
from blog.enquiries.model import Enquiry, EnquiryEvent, Happening, State
from blog.errors import Conflict, Invalid, NotFound
from blog.journal import JournalLine
from blog.permissions import Action


class Decision(StrEnum):
    """Where an enquiry is put: a state, or in or out of the suspected folder."""

    SEEN = "seen"
    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"
    SUSPECTED = "suspected"
    GENUINE = "genuine"


def locked(references: Collection[str]) -> Sequence[Enquiry]:
    """Return enquiries within a writing transaction, for nobody else to change meanwhile."""
    query = select(Enquiry).where(Enquiry.reference.in_(references)).order_by(Enquiry.id)
    whole = query.options(selectinload(Enquiry.events)).with_for_update()
    return db.session.execute(whole).scalars().all()


def one_locked(reference: str) -> Enquiry:
    """Return one enquiry as `locked` does.

    Raises: NotFound where there is none by this reference.
    """
    found = locked([reference.upper()])
    if not found:
        raise NotFound("There is no enquiry with this reference.")
    return found[0]


def decide(
    references: Collection[str],
    decision: Decision,
    *,
    seen: Mapping[str, str],
    site: Site,
    by: User,
    now: datetime,
    batch: str,
) -> list[str]:
    """Put enquiries somewhere that still are where `seen` says, by their marks.

    One that turns out genuine, and of which no mail told, is mailed to the clinic after all.

    Returns: the references of the others, to which nothing is done.
    """
    found = locked(references)
    still = [each for each in found if seen.get(each.reference, each.mark) == each.mark]
    for enquiry in still:
        _put(enquiry, decision, by=by, now=now, batch=batch)
        if decision is Decision.GENUINE and enquiry.mail_id is None:
            enquiry.mail = letters.tell_clinic(enquiry, None, site=site, now=now)
    return [each.reference for each in found if each not in still]


def _put(enquiry: Enquiry, decision: Decision, *, by: User, now: datetime, batch: str) -> None:
    if decision in (Decision.SUSPECTED, Decision.GENUINE):
        enquiry.suspect(decision is Decision.SUSPECTED, by=by, now=now, batch=batch)
    else:
        enquiry.settle(State(decision.value), by=by, now=now, batch=batch)


def last_decision(enquiry: Enquiry) -> JournalLine | None:
    """Return the line of the journal about how an enquiry came to stand where it does."""
    lines = journal.about("enquiry", [enquiry.reference])
    return next((line for line in reversed(lines) if line.became), None)


def undo(batch: str, *, by: User, now: datetime) -> int:
    """Take back what one click did, where nobody has done anything else since.

    Returns: about how many.
    Raises: Forbidden where `by` may not read enquiries; Conflict where the click is too long ago.
    """
    permissions.require(by, Action.READ_ENQUIRIES)
    lines = [line for line in journal.of_batch(batch) if line.thing == "enquiry"]
    if not lines or not journal.may_undo(lines[0], now=now):
        raise Conflict("This can’t be undone any more. Change the enquiries one by one instead.")
    found = {each.reference: each for each in locked([line.thing_id for line in lines])}
    undone = 0
    for line in lines:
        enquiry = found.get(line.thing_id)
        if enquiry and enquiry.state_changed_at == line.at:
            undone += _take_back(enquiry, line, by=by, now=now)
    return undone


def _take_back(enquiry: Enquiry, line: JournalLine, *, by: User, now: datetime) -> bool:
    was = str(line.was)
    if was in (Happening.GENUINE, Happening.SUSPECTED):
        return enquiry.suspect(was == Happening.SUSPECTED, by=by, now=now)
    is_changed = enquiry.settle(State(was), by=by, now=now)
    if was == State.NEW:
        enquiry.seen_at = None
    if line.became == State.ANSWERED:
        replies = [each.at for each in enquiry.events if each.kind == Happening.REPLY]
        enquiry.answered_at = max(replies, default=None)
    return is_changed


def people() -> dict[int, str]:
    """Return the names of those whose an enquiry can be: who may read it."""
    may = permissions.may
    return {user.id: user.name for user in accounts.everybody() if may(user, Action.READ_ENQUIRIES)}


def assign(enquiry: Enquiry, to: int | None, *, by: User, now: datetime) -> None:
    """Make an enquiry somebody's to answer, or nobody's.

    Raises: Forbidden where `by` may not read enquiries; Invalid where the other may not.
    """
    permissions.require(by, Action.READ_ENQUIRIES)
    if enquiry.assigned_to_id == to:
        return
    names = people()
    if to is not None and to not in names:
        raise Invalid({"person": "Please choose somebody who may read enquiries."})
    enquiry.assigned_to_id = to
    _act_on(enquiry, by=by, now=now)
    words = names[to] if to is not None else ""
    enquiry.tell(Happening.ASSIGNED, words=words, by=by, now=now)
    journal.record("assigned", "enquiry", enquiry.reference, by=by, now=now)


def note(enquiry: Enquiry, words: str, *, by: User, now: datetime) -> None:
    """Note something about an enquiry, for the clinic alone.

    Raises: Forbidden where `by` may not read enquiries.
    """
    permissions.require(by, Action.READ_ENQUIRIES)
    _act_on(enquiry, by=by, now=now)
    enquiry.tell(Happening.NOTE, words=words, by=by, now=now)
    journal.record("wrote a note about", "enquiry", enquiry.reference, by=by, now=now)


def _act_on(enquiry: Enquiry, *, by: User, now: datetime) -> None:
    """Take an enquiry out of the new ones, since who does something about it has read it."""
    if enquiry.state == State.NEW:
        enquiry.settle(State.SEEN, by=by, now=now)


def remove_note(enquiry: Enquiry, event_id: int, *, by: User, now: datetime) -> None:
    """Remove a note for good, as its writer.

    Raises: Forbidden where `by` may not read enquiries; NotFound where it isn't a note of hers.
    """
    permissions.require(by, Action.READ_ENQUIRIES)
    own = (each for each in enquiry.events if (each.id, each.kind) == (event_id, Happening.NOTE))
    found: EnquiryEvent | None = next(own, None)
    if found is None or found.by_id != by.id:
        raise NotFound("There is no note of yours with this number.")
    enquiry.events.remove(found)
    journal.record("removed a note about", "enquiry", enquiry.reference, by=by, now=now)
