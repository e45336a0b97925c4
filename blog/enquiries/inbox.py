"""The clinic's inbox: folders, and what is chosen of one by filters and words.

A choice is never paid for with a look at every row: where no index answers it, the newest are
looked through and the answer says how far. What is sensitive is searched like the rest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    false,
    func,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import defer, joinedload, load_only, selectinload

from blog import config, db, urls
from blog.enquiries.model import Enquiry, EnquiryEvent, Happening, State
from blog.outbox import MailState, OutgoingMail

# A folder with more isn't counted farther; as of comments, which a page says the same way.
COUNTED_TO = 1_000
QUERY_MAX_CHARS = 200
# So many are looked at one by one for what no index holds.
LOOKED_THROUGH = 3_000
# So many of one address are put in order.
SORTED = 1_000
BATCH = 500
_DIGITS_MIN = 5
_OPEN = (State.NEW, State.SEEN)
_TABLE = Enquiry.metadata.tables[Enquiry.__tablename__]
_ROW: Any = _TABLE.c
# What tells how far a mail has come.
_STANDING = load_only(OutgoingMail.state, OutgoingMail.attempts, OutgoingMail.server_reply)
_SEARCHED = ("reference", "name", "email", "phone", "phone_typed", "message")


class Folder(StrEnum):
    """How the inbox is divided; one that is unanswered for days is also among the new or open."""

    NEW = "new"
    SEEN = "seen"
    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"
    UNANSWERED = "unanswered"
    ALL = "all"
    SUSPECTED = "suspected"


class Whose(StrEnum):
    """To whom an enquiry is assigned."""

    ANYBODY = ""
    MINE = "me"
    NOBODYS = "nobody"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which enquiries; what is empty or None makes no difference. `me` is who asks."""

    folder: Folder = Folder.NEW
    topic: str = ""
    whose: Whose = Whose.ANYBODY
    me: int = 0
    since: datetime | None = None
    words: str = ""

    @property
    def is_narrow(self) -> bool:
        """Tell whether it is less than a whole folder."""
        return bool(self.topic or self.whose or self.since or self.words)


@dataclass(frozen=True)
class Chosen:
    """Ids of what was chosen, newest first; none older than `looked_to` were looked through."""

    ids: Sequence[int]
    looked_to: int | None = None


def choose(
    choice: Choice, *, now: datetime | None = None, below: int | None = None, limit: int
) -> Chosen:
    """Choose enquiries with ids below one, the newest first.

    `now` matters to the unanswered alone.
    """
    below = urls.ROW_ID_MAX if below is None else below
    if not choice.is_narrow:
        query = _newest(choice.folder, [_ROW.id], below, limit, now=now)
        return Chosen(db.session.execute(query).scalars().all())
    named = _named(choice.words) if choice.words else []
    columns = [_ROW[name] for name in ("id", "topic", "assigned_to_id", "created_at", *_SEARCHED)]
    query = _newest(choice.folder, columns, below, LOOKED_THROUGH, now=now, among=named)
    terms = [] if named or not choice.words else _terms(choice.words)
    found, looked, oldest = [], 0, 0
    for row in db.session.execute(query):
        if choice.since and row.created_at < choice.since:
            break
        looked, oldest = looked + 1, row.id
        if _fits(row, choice, terms):
            found.append(row.id)
            if len(found) == limit:
                break
    return Chosen(found, oldest if looked == LOOKED_THROUGH and len(found) < limit else None)


def _newest(
    folder: Folder,
    columns: Sequence[Any],
    below: int,
    limit: int,
    *,
    now: datetime | None,
    among: Sequence[int] = (),
) -> Select[Any]:
    """Select the newest of a folder; of two states each is walked along its index."""
    number = _ROW.id
    parts = [
        select(*columns).where(*part, number < below).order_by(number.desc()).limit(limit)
        for part in _parts(folder, now=now)
    ]
    if among:
        parts = [part.where(number.in_(among)) for part in parts]
    if len(parts) == 1:
        return parts[0]
    both = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(both).order_by(both.c.id.desc()).limit(limit)


def _parts(folder: Folder, *, now: datetime | None) -> list[list[ColumnElement[bool]]]:
    """List what makes a folder, each part in the order of an index."""
    if folder is Folder.SUSPECTED:
        return [[_ROW.is_suspected]]
    genuine = _ROW.is_suspected == false()
    if folder is Folder.ALL:
        return [[genuine]]
    if folder is Folder.UNANSWERED:
        late = _late(now or db.utc_now())
        return [[genuine, _ROW.state == state, *late] for state in _OPEN]
    return [[genuine, _ROW.state == folder.value]]


def _late(now: datetime) -> list[ColumnElement[bool]]:
    """Say what has been open for too long; of one that was answered, since it was opened again."""
    until = now - timedelta(days=config.current().enquiry_remind_days)
    # They are numbered as they came, so the first that is younger ends what is old enough.
    later = select(_ROW.id).where(_ROW.created_at > until).order_by(_ROW.created_at).limit(1)
    first = db.session.execute(later).scalar()
    is_reopened = _ROW.answered_at.is_not(None)
    return [
        _ROW.id < (urls.ROW_ID_MAX if first is None else first),
        or_(not_(is_reopened), _ROW.state_changed_at <= until),
    ]


def days_unanswered(enquiry: Enquiry, *, now: datetime) -> int:
    """Return for how many days an enquiry has been open, where these are too many; else 0."""
    since = enquiry.state_changed_at if enquiry.answered_at else enquiry.created_at
    days = (now - since).days
    is_open = enquiry.state in _OPEN and not enquiry.is_suspected
    return days if is_open and days >= config.current().enquiry_remind_days else 0


def _named(words: str) -> Sequence[int]:
    """Find the enquiries whose reference or address exactly this is."""
    signs = words.upper().replace("-", "")
    is_named = or_(
        _ROW.reference == f"{signs[:4]}-{signs[4:]}", _ROW.email.in_({words, words.lower()})
    )
    query = select(_ROW.id).where(is_named).order_by(_ROW.id.desc()).limit(SORTED)
    return db.session.execute(query).scalars().all()


def _terms(words: str) -> list[list[str]]:
    """Fold what somebody typed; of a number also the part that is the same however it is written."""
    digits = _digits(words).lstrip("0")
    is_number = len(digits) >= _DIGITS_MIN and not any(map(str.isalpha, words))
    return [_folded(words).split(), *([[digits]] if is_number else [])]


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _fits(row: Row[Any], choice: Choice, terms: Sequence[Sequence[str]]) -> bool:
    wanted = {Whose.ANYBODY: row.assigned_to_id, Whose.MINE: choice.me, Whose.NOBODYS: None}
    if row.assigned_to_id != wanted[choice.whose] or choice.topic not in ("", row.topic):
        return False
    if not terms:
        return True
    said = _folded("\n".join(getattr(row, name) for name in _SEARCHED))
    said = f"{said}\n{_digits(row.phone_typed)}"
    return any(each and all(term in said for term in each) for each in terms)


def _folded(text: str) -> str:
    """Write a text as it is looked for: in small letters without marks."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def load(ids: Sequence[int]) -> Sequence[Enquiry]:
    """Return enquiries with all that a list shows of them, newest first."""
    beside = joinedload(Enquiry.mail).options(_STANDING), joinedload(Enquiry.assigned_to)
    query = select(Enquiry).options(*beside)
    found = db.session.execute(query.where(Enquiry.id.in_(ids)).order_by(Enquiry.id.desc()))
    return found.scalars().all()


def whole(reference: str) -> Enquiry | None:
    """Return the enquiry of a reference with all that ever happened to it."""
    tries = selectinload(OutgoingMail.history), defer(OutgoingMail.text), defer(OutgoingMail.html)
    events = selectinload(Enquiry.events).joinedload(EnquiryEvent.mail).options(*tries)
    query = (
        select(Enquiry)
        .options(joinedload(Enquiry.mail).options(*tries), events)
        .where(Enquiry.reference == reference)
    )
    found: Enquiry | None = db.session.execute(query).scalar_one_or_none()
    return found


def last_replies(ids: Sequence[int]) -> dict[int, OutgoingMail]:
    """Return the mail of the last reply to each of some enquiries that had one."""
    query = (
        select(EnquiryEvent.enquiry_id, OutgoingMail)
        .join(EnquiryEvent.mail)
        .options(_STANDING)
        .where(EnquiryEvent.enquiry_id.in_(ids), EnquiryEvent.kind == Happening.REPLY)
        .order_by(EnquiryEvent.id)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def everything(choice: Choice, *, now: datetime) -> Iterator[Enquiry]:
    """Go through all that is chosen, some at a time, however far back."""
    below: int | None = None
    while True:
        found = choose(choice, now=now, below=below, limit=BATCH)
        yield from load(found.ids)
        # Nothing is held while whoever reads takes her time.
        db.session.rollback()
        below = found.ids[-1] if len(found.ids) == BATCH else found.looked_to
        if below is None:
            return


def in_folder(
    folder: Folder, *, now: datetime | None = None, before: int | None = None, limit: int = 50
) -> Sequence[Enquiry]:
    """Return a folder of the inbox, newest first."""
    return load(choose(Choice(folder=folder), now=now, below=before, limit=limit).ids)


def counts(*, now: datetime) -> dict[Folder, int]:
    """Return how many each folder holds; `COUNTED_TO` where there are more."""
    query = select(*(_counted(folder, now).label(folder.value) for folder in Folder))
    return {
        Folder(name): number for name, number in db.session.execute(query).mappings().one().items()
    }


def count_in(folder: Folder, *, now: datetime | None = None) -> int:
    """Return how many enquiries a folder holds; `COUNTED_TO` where there are more."""
    return db.session.execute(select(_counted(folder, now))).scalar_one()


def _counted(folder: Folder, now: datetime | None) -> ScalarSelect[int]:
    some = _newest(folder, [_ROW.id], urls.ROW_ID_MAX, COUNTED_TO, now=now).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def unanswered(*, now: datetime) -> int:
    """Return how many have been open for as many days as the settings allow, or more."""
    return count_in(Folder.UNANSWERED, now=now)


def count_since(moment: datetime) -> tuple[int, int]:
    """Return how many enquiries came since a moment, and of how many the mail was sent."""
    is_sent = OutgoingMail.state == MailState.SENT
    query = (
        select(func.count(), func.count().filter(is_sent))
        .select_from(Enquiry)
        .join(Enquiry.mail, isouter=True)
        .where(Enquiry.created_at > moment)
    )
    came, sent = db.session.execute(query).one()
    return came, sent
