"""Tells what readers can see to have changed since a cursor, a part at a time.

A part holds first what the clock did since the one before, then what was written, in the order of
the notes of `changes.py`. What changes between two parts comes in a later one, so whoever goes on
to the end has what there is. Costs the same few statements whatever the number of things.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from blog import db, tokens, urls
from blog.articles import ArticleTopic
from blog.articles.changes import Changed, ChangeNote, Key, Kind
from blog.articles.listing import is_listed
from blog.errors import Gone

# Raised when what is sent of a thing becomes another, so that everybody reads it anew.
VERSION = 1
CURSOR_MAX_CHARS = 600
# By which the clocks of two machines may differ.
CLOCKS_DIFFER = timedelta(minutes=1)

_MICROSECOND = timedelta(microseconds=1)
_NUMBER_MAX = 2**31 - 2
_PROOF_CHARS = 16
_Time = InstrumentedAttribute[datetime | None]


class Cursor(NamedTuple):
    """How far somebody has read.

    Units: `base` is the note she had all of when she began, or that there was when she began with
    nothing; she may have anything older. She goes on among what was written at `number`, `kind`
    and `thing_id`, among what the clock does at `moment`, `moment_kind` and `moment_id`.
    """

    base: int
    proof: str
    number: int
    kind: str
    thing_id: str
    moment: datetime
    moment_kind: str
    moment_id: str


@dataclass(frozen=True)
class Part:
    """Things that changed, each to be read or gone, and where to go on; at once if `has_more`."""

    keys: Sequence[Key]
    cursor: Cursor
    has_more: bool


def written(cursor: Cursor) -> str:
    """Write a cursor as one part of an address."""
    told = [*cursor[:5], cursor.moment.isoformat(), *cursor[6:]]
    return urls.packed(json.dumps(told, separators=(",", ":")))


def read(text: str) -> Cursor:
    """Read a cursor.

    Raises: ValueError with a sentence.
    """
    try:
        base, proof, number, kind, thing_id, moment, moment_kind, moment_id = json.loads(
            urls.unpacked(text)
        )
        found = Cursor(
            _number(base),
            str(proof),
            _number(number),
            _name(kind),
            _name(thing_id),
            datetime.fromisoformat(moment).astimezone(UTC),
            _name(moment_kind),
            _name(moment_id),
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        found = None
    if found is None or written(found) != text:
        raise ValueError("It is none that was given out here.")
    return found


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _NUMBER_MAX:
        raise ValueError
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    value.encode()
    return value


def part(since: Cursor | None, *, limit: int, now: datetime) -> Part:
    """Return what follows a cursor, or the beginning of everything.

    Raises: Gone for a cursor that is too old, or of what the site isn't any more.
    """
    newest, proof = _newest(since, now)
    here = since or Cursor(newest, proof, 0, "", "", now + _MICROSECOND, "", "")
    by_clock = _rows(_by_clock(here, now), limit + 1)
    if len(by_clock) > limit:
        took = by_clock[:limit]
        moment, kind, thing_id = took[-1]
        behind = here._replace(moment=moment, moment_kind=kind, moment_id=thing_id)
        return Part(_keys(took), behind, True)
    room = limit - len(by_clock)
    by_hand = _rows(_by_hand(here, now), room + 1)
    took, has_more = by_hand[:room], len(by_hand) > room
    behind = here._replace(moment=now + _MICROSECOND, moment_kind="", moment_id="")
    if not has_more:
        behind = behind._replace(base=newest, proof=proof, number=newest + 1, kind="", thing_id="")
    elif took:
        number, kind, thing_id = took[-1]
        behind = behind._replace(number=number, kind=kind, thing_id=thing_id)
    keys = _keys([*by_clock, *took])
    # Who finds nothing new is answered as before, byte for byte.
    is_same = not keys and behind[:5] == here[:5]
    return Part(keys, here if is_same else behind, has_more)


def _newest(since: Cursor | None, now: datetime) -> tuple[int, str]:
    """Return the number of the last note and what proves it, once a cursor's own is proven."""
    last = select(func.max(ChangeNote.number)).scalar_subquery()
    own = [since.base] if since else []
    query = select(ChangeNote.number, ChangeNote.mark).where(
        or_(ChangeNote.number == last, ChangeNote.number.in_(own))
    )
    proofs = {number: _proof(mark) for number, mark in db.session.execute(query)}
    if since and (proofs.get(since.base) != since.proof or since.moment > now + CLOCKS_DIFFER):
        raise Gone("What changed since is not known any more. Please begin anew, without `since`.")
    return max(proofs.items())


def _proof(mark: str) -> str:
    """Prove a note, for the addresses and the form in which things are sent."""
    return tokens.digest(f"{VERSION} {urls.absolute('')} {mark}")[:_PROOF_CHARS]


def _rows(query: Select[Any, str, str], limit: int) -> Sequence[tuple[Any, str, str]]:
    return db.session.execute(query.limit(limit)).all()


def _keys(rows: Sequence[tuple[Any, str, str]]) -> list[Key]:
    return list(dict.fromkeys((Kind(kind), thing_id) for _, kind, thing_id in rows))


def _by_hand(here: Cursor, now: datetime) -> Select[int, str, str]:
    """Select what was written and can be read, or could before by whoever has this cursor."""
    place = (Changed.number, Changed.kind, Changed.thing_id)
    is_on = select(ArticleTopic.slug).where(
        Changed.kind == Kind.TOPIC,
        ArticleTopic.slug == Changed.thing_id,
        is_listed(ArticleTopic, now),
    )
    is_told = or_(is_listed(Changed, now), Changed.seen_before > here.base, is_on.exists())
    is_after = tuple_(*place) > tuple_(here.number, here.kind, here.thing_id)
    return select(*place).where(is_after, is_told).order_by(*place)


def _by_clock(here: Cursor, now: datetime) -> Select[datetime, str, str]:
    """Select what appeared, ended or is said to have changed at a moment that has passed since."""
    is_here = is_listed(Changed, now)
    was_here = and_(
        Changed.public_until > Changed.public_from, Changed.public_until > Changed.noted_at
    )
    ways = (
        *_passed(Changed.public_from, is_here, here, now),
        *_passed(Changed.public_until, was_here, here, now),
        _articles(Changed.updated_at, is_here, here, now),
    )
    found = union_all(*ways).subquery()
    place = (found.c.moment, found.c.kind, found.c.thing_id)
    moment = literal(here.moment, db.UtcDateTime())
    is_after = tuple_(*place) > tuple_(moment, here.moment_kind, here.moment_id)
    return select(*place).where(is_after).order_by(*place)


def _passed(
    time: _Time, is_told: ColumnElement[bool], here: Cursor, now: datetime
) -> tuple[Select[Any, str, str], Select[Any, str, str]]:
    """Select the articles whose time has come, and the topics they are on."""
    found = _articles(time, is_told, here, now)
    on = found.join(ArticleTopic, ArticleTopic.article_id == Changed.thing_id)
    return found, on.with_only_columns(
        time.label("moment"), literal(Kind.TOPIC.value).label("kind"), ArticleTopic.slug
    )


def _articles(
    time: _Time, is_told: ColumnElement[bool], here: Cursor, now: datetime
) -> Select[Any, str, str]:
    """Select the articles whose time has come; nothing else has any."""
    found = select(time.label("moment"), Changed.kind, Changed.thing_id)
    return found.where(time >= here.moment, time <= now, is_told)
