"""What every format is read into: a comment, the page it was on, a person, or why one is left out.

A record holds nothing that can't be stored: no control character, no name, address or text over
its limit. What had to be changed for it is noted, never silent.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email

from blog import db, markup
from blog.comments import EMAIL_MAX_CHARS, NAME_MAX_CHARS, CommentState
from blog.markup import COMMENT_MAX_CHARS, COMMENT_MAX_LINES, SourceFormat

TEXT_MAX_CHARS = 20_000
ID_MAX_CHARS = 300
ADDRESS_MAX_CHARS = 2_000
NOBODY = "Anonymous"
# Nobody wrote a comment before, nor later than a clock that is wrong may say; at the end of the
# calendar there are times that can't be told in every zone. Programs in Go write its beginning
# for no time.
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
TOO_LONG = f"longer than {TEXT_MAX_CHARS:,} characters"
_BAD_ADDRESS = "kept without an address that is none"
_CUT_NAME = f"kept under a name cut to {NAME_MAX_CHARS} characters"
_NO_NAME = f"kept under the name “{NOBODY}”, since it had none"
_AS_TYPED = "kept without its Markdown, which is longer than comments are"
_NOT_ON_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
# Newlines of every kind stay as they are.
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Person:
    """Somebody whom comments of a file name by an id."""

    id: str
    name: str
    email: str | None
    is_author: bool = False


@dataclass(frozen=True)
class Thread:
    """A page that comments of a file name by an id, with what it was known by."""

    id: str
    addresses: list[str]


@dataclass(frozen=True)
class Left:
    """A comment that is left out, and why."""

    line: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """One comment; `thread` is the id of a `Thread`, or else an address itself.

    `author` is the account of the site's author who wrote it, empty where the file doesn't say
    which, None for a reader. `more` holds the fields of our own that no other system has.
    Comments are stored in the order of their dates, or else of the `place` in it. `known_as` is its
    number in the system it comes from, where that counts anew on each page.
    """

    line: int
    id: str
    thread: str
    parent: str
    person: str
    name: str
    email: str | None
    source: str
    source_format: SourceFormat
    state: CommentState
    created_at: datetime
    author: str | None
    more: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    known_as: str = ""


Record = Person | Thread | Left | Foreign
Records = Iterator[Record]


def first(said: Mapping[str, Any], *names: str) -> Any:
    """Return what is said under the first of some names; None where nothing is."""
    return next((said[name] for name in names if said.get(name) not in (None, "")), None)


def word(value: object, max_chars: int = ID_MAX_CHARS) -> str:
    """Return an id, name or address on one line; empty where it is none or too long."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    found = _NOT_ON_A_LINE.sub(" ", str(value)).strip()
    return found if len(found) <= max_chars else ""


def text(value: object) -> str:
    """Return a text as it was written, but for what is no character."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", value if isinstance(value, str) else "")


def person(person_id: str, name: object, email: object, *, is_author: bool = False) -> Person:
    """Read somebody."""
    return Person(person_id, _name(name)[0], _email(email)[0], is_author)


def comment(
    line: int,
    comment_id: object,
    *,
    thread: object,
    source: object,
    created_at: datetime | None,
    state: CommentState,
    source_format: SourceFormat,
    parent: object = "",
    name: object = "",
    email: object = None,
    person_id: str = "",
    author: str | None = None,
    more: dict[str, Any] | None = None,
) -> Foreign | Left:
    """Read a comment; one that can't be kept is left out with the reason."""
    number, address, typed = word(comment_id), word(thread, ADDRESS_MAX_CHARS), text(source)
    reason = _unfit(number, address, typed, state) if created_at else "no date that can be read"
    if created_at is None or reason:
        return Left(line, reason)
    is_gone, (known, notes) = state == CommentState.WITHDRAWN, _email(email)
    shown, name_notes = ("", ()) if is_gone else _name(name)
    kept, kept_format, text_notes = _fitting(typed, source_format)
    return Foreign(
        line=line,
        id=number,
        thread=address,
        parent=word(parent),
        person=person_id,
        name=shown,
        email=known,
        source=kept,
        source_format=kept_format,
        state=state,
        created_at=created_at,
        author=author,
        more=more or {},
        notes=(*(() if person_id else name_notes), *notes, *text_notes),
    )


def _unfit(number: str, address: str, typed: str, state: CommentState) -> str:
    """Say why a comment can't be kept; empty where it can."""
    if not (number and address):
        return "no number or no page of its own"
    if not typed.strip() and state != CommentState.WITHDRAWN:
        return "no words"
    return TOO_LONG if len(typed) > TEXT_MAX_CHARS else ""


def moment(value: object) -> datetime | None:
    """Read a time: ISO 8601, where one without a zone is UTC, or seconds since 1970.

    Returns: None where it is none, or none at which anybody can have written.
    """
    try:
        if isinstance(value, int | float):
            found = datetime.fromtimestamp(value, UTC)
        else:
            said = datetime.fromisoformat(_without_nanoseconds(str(value).strip()))
            found = said.replace(tzinfo=said.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if _FIRST <= found <= db.utc_now() + _AHEAD else None


def _without_nanoseconds(text: str) -> str:
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


def _name(value: object) -> tuple[str, tuple[str, ...]]:
    found = word(value, ADDRESS_MAX_CHARS)
    if not found:
        return NOBODY, (_NO_NAME,)
    cut = found[:NAME_MAX_CHARS].rstrip()
    return cut, (() if cut == found else (_CUT_NAME,))


def _email(value: object) -> tuple[str | None, tuple[str, ...]]:
    typed = word(value, ADDRESS_MAX_CHARS).lower()
    if not typed:
        return None, ()
    try:
        validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None, (_BAD_ADDRESS,)
    return (typed, ()) if len(typed) <= EMAIL_MAX_CHARS else (None, (_BAD_ADDRESS,))


def _fitting(source: str, source_format: SourceFormat) -> tuple[str, SourceFormat, tuple[str, ...]]:
    """Keep a text that is too long to be Markdown as the plain text it is."""
    typed = markup.normalised(source).rstrip("\n")
    is_long = len(typed) > COMMENT_MAX_CHARS or typed.count("\n") >= COMMENT_MAX_LINES
    if source_format == SourceFormat.HTML or not is_long:
        return source, source_format, ()
    shown = html.escape(typed, quote=False).replace("\n", "<br>\n")
    return f"<p>{shown}</p>", SourceFormat.HTML, (_AS_TYPED,)
