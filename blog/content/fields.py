"""Casts the entries of front matter, one kind of value a method, and tells what doesn't fit.

A value that doesn't fit is noted in the report and read as if it weren't there, so that the
rest of the file is looked at too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from blog.content.frontmatter import FrontMatter, Value
from blog.content.mistakes import quote
from blog.content.names import ID, ID_RULE, slugify
from blog.content.report import Report, near, shown

ITEMS_MAX = 50
_DAY = timedelta(days=1)
ADDRESS_MAX_CHARS = 2000

_WHEN = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:[Tt]|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([Zz]|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
# What other systems call our fields; `draft: true` unheeded would publish a draft.
_ELSEWHERE = {
    "categories": "topics",
    "description": "summary",
    "draft": "status",
    "excerpt": "summary",
    "image": "cover",
    "permalink": "slug",
    "published": "status",
    "tags": "topics",
}

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Link:
    """A label and where it leads: a path of this site or an absolute address."""

    label: str
    url: str


def is_web_address(text: str) -> bool:
    """Whether the text is an absolute http or https address, without a password in it."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    if not text.isprintable() or " " in text or len(text) > ADDRESS_MAX_CHARS:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username


class Fields:
    """The entries of one file; every name that is asked for counts as known."""

    def __init__(self, report: Report, front: FrontMatter) -> None:
        self.report = report
        self.front = front
        self.known: list[str] = []

    def require(self, name: str, remedy: str) -> None:
        """Note that an entry is missing or empty; one that can't be read is noted already."""
        if not self.lacks(name):
            return
        entry = self.front.entries.get(name)
        if entry is None:
            self._miss(name, remedy)
            return
        if note_index := self._note_index(entry):
            note = self.report.text[note_index:].partition("\n")[0]
            remedy = f"A # begins a note here; write {name}: {quote(note.strip())}"
        self.report.error(f"`{name}` is empty.", remedy, self.front.starts[name])

    def lacks(self, name: str) -> bool:
        """Whether an entry is missing or empty, and not just unreadable."""
        entry = self.front.entries.get(name)
        if entry is not None:
            return entry.is_empty
        return self.front.is_whole and name not in self.front.starts

    def _miss(self, name: str, remedy: str) -> None:
        unknown = [other for other in self.front.starts if other not in self.known]
        meant = {other.lower(): other for other in unknown}.get(near(name, map(str.lower, unknown)))
        if meant:
            remedy = f"This line says `{meant}`; write `{name}`."
        index = self.front.starts[meant] if meant else 0
        self.report.error(f"There is no `{name}`.", remedy, index)

    def value(self, name: str) -> Value | None:
        """Return an entry as it was typed, or None where there is none or it is empty."""
        self.known.append(name)
        entry = self.front.entries.get(name)
        return None if entry is None or entry.is_empty else entry

    def text(self, name: str, *, max_chars: int) -> str:
        """Read one line of text for people; line ends in it become spaces."""
        value = self.value(name)
        if value is None:
            return ""
        if note_index := self._note_index(value):
            self.report.warn(
                f"The words from # on aren’t part of `{name}`: a # after a space begins a note.",
                "If they belong to it, put the whole text between quotation marks.",
                note_index,
            )
        return self._line(name, value, max_chars)

    def texts(
        self, name: str, *, max_chars: int, max_items: int = ITEMS_MAX
    ) -> list[tuple[str, int]]:
        """Read a list of texts, or one text whose items are divided by commas.

        Returns: each text with its place in the file.
        """
        items = self.items(name, max_items=max_items)
        lines = [(self._line(name, item, max_chars), item.index) for item in items]
        return [(line, index) for line, index in lines if line]

    def items(self, name: str, *, max_items: int = ITEMS_MAX) -> list[Value]:
        """Return what a list holds, as it was typed."""
        value = self.value(name)
        if value is None:
            return []
        items = value.content if isinstance(value.content, tuple) else _divided(value)
        if len(items) > max_items:
            self.report.error(
                f"`{name}` has {len(items)} items; at most {max_items} are read.",
                f"Take out {len(items) - max_items}.",
                value.index,
            )
        return [item for item in items[:max_items] if not item.is_empty]

    def flag(self, name: str) -> bool:
        """Read true or false; without the entry it is false."""
        typed, index = self._typed(name)
        if typed and typed.lower() not in _FLAGS:
            remedy = f"Write {name}: true or {name}: false"
            self.unfit(name, typed, index, "is neither true nor false", remedy)
        return _FLAGS.get(typed.lower(), False)

    def number(self, name: str, *, max_number: int) -> int | None:
        """Read a whole number from 0."""
        typed, index = self._typed(name)
        if not typed:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", typed) or int(typed) > max_number:
            message = f"isn’t a whole number from 0 to {max_number}"
            self.unfit(name, typed, index, message, f"Write only digits, like {name}: 30")
            return None
        return int(typed)

    def word(self, name: str, default: Word) -> Word:
        """Read one of a few words."""
        typed, index = self._typed(name)
        words = [str(word) for word in type(default)]
        if not typed:
            return default
        if typed.lower() not in words:
            message = f"is neither {' nor '.join(words)}"
            meant = [near(typed, words)] if near(typed, words) else words
            remedy = " or ".join(f"{name}: {word}" for word in meant)
            self.unfit(name, typed, index, message, f"Write {remedy}")
            return default
        return type(default)(typed.lower())

    def id(self, name: str, default: str) -> str:
        """Read a name that becomes a part of an address."""
        typed, index = self._typed(name)
        if typed and not ID.fullmatch(typed):
            message = f"can’t be part of an address: that takes {ID_RULE}"
            self.unfit(name, typed, index, message, f"Write {name}: {slugify(typed)}")
        return typed or default

    def moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        """Read a date, or a date and time; the site's `zone` holds where none is given.

        A time that the clock skips in spring is read as an hour later, one that it shows twice
        in autumn as the first of the two.
        Returns: an aware time in UTC.
        """
        typed, index = self._typed(name)
        if not typed:
            return None
        found = _WHEN.fullmatch(typed)
        if not found:
            remedy = f"Write year-month-day, like {name}: 2026-03-10 or {name}: 2026-03-10 14:30"
            self.unfit(name, typed, index, "isn’t a date that can be read", remedy)
            return None
        try:
            return _moment(found, zone)
        except (ValueError, OverflowError):
            remedy = "Check it: the year comes first, then the month, the day, the time."
            self.unfit(name, typed, index, "isn’t in the calendar or on the clock", remedy)
            return None

    def media(self, name: str) -> str:
        """Read the path of a file below media/; returns it without that folder's name."""
        typed, index = self._typed(name)
        path = re.sub(r"^/?media/", "", typed)
        parts = path.split("/")
        if typed and ("\\" in path or any(not part or part.startswith(".") for part in parts)):
            remedy = f"Put the picture into media/ and write its name, like {name}: skin.jpg"
            self.unfit(name, typed, index, "isn’t the name of a file in media/", remedy)
        return path

    def address(self, name: str) -> str:
        """Read the absolute address of a web page."""
        typed, index = self._typed(name)
        if typed and not is_web_address(typed):
            remedy = f"Write the whole address, like {name}: https://example.org/page"
            self.unfit(name, typed, index, "isn’t the address of a web page", remedy)
        return typed

    def unfit(self, name: str, typed: str, index: int, message: str, remedy: str) -> None:
        """Note a value that doesn't fit, in the one form that all such notes have."""
        self.report.error(f"`{name}` is {shown(typed)}, which {message}.", remedy, index)

    def extra(self) -> dict[str, object]:
        """Return the entries nobody asked for, each with a warning."""
        entries = self.front.entries.items()
        unknown = {name: entry for name, entry in entries if entry and name not in self.known}
        for name in unknown:
            meant = _ELSEWHERE.get(name.lower()) or near(name, self.known)
            remedy = f"Did you mean `{meant}`?" if meant else "It is kept, but shown nowhere."
            message = f"`{name}` isn’t a field that is known here."
            self.report.warn(message, remedy, self.front.starts[name])
        return {name: entry.plain() for name, entry in unknown.items()}

    def _typed(self, name: str) -> tuple[str, int]:
        value = self.value(name)
        return ("", 0) if value is None else (self._line(name, value), value.index)

    def _line(self, name: str, value: Value, max_chars: int = ADDRESS_MAX_CHARS) -> str:
        if not isinstance(value.content, str):
            is_list = isinstance(value.content, tuple)
            shape = "a list" if is_list else "a name and a value, because of its colon"
            self.report.error(
                f"A text should stand here in `{name}`, but this is read as {shape}.",
                "Put the whole text between quotation marks.",
                value.index,
            )
            return ""
        line = " ".join(value.content.split())
        if len(line) > max_chars:
            self.report.error(
                f"`{name}` has {len(line)} characters; at most {max_chars} fit.",
                f"Shorten it by {len(line) - max_chars}.",
                value.index,
            )
        return line

    def _note_index(self, value: Value) -> int | None:
        """Find the # that cuts a text short without its author noticing."""
        rest = self.report.text[value.end :].partition("\n")[0]
        is_note = rest.lstrip().startswith("#") and not value.is_quoted
        return value.end + rest.index("#") if is_note else None


def _divided(value: Value) -> tuple[Value, ...]:
    if value.is_quoted or not isinstance(value.content, str):
        return (value,)
    parts = re.finditer(r"[^,\s][^,]*", value.content)
    return tuple(Value(part[0], value.index + part.start(), value.end) for part in parts)


def _moment(found: re.Match[str], zone: ZoneInfo) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    offset = (found[7] or "").upper()
    if offset:
        stamp = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}"
        moment = datetime.fromisoformat(stamp).astimezone(UTC)
    else:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    # Another zone may show it a day earlier or later, which must be in the calendar too.
    _ = (moment - _DAY, moment + _DAY)
    return moment
