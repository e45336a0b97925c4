"""Front matter: the block of `name: value` lines between two lines of three dashes.

Each entry is read as YAML by itself, so that one mistake hides no other, and each value is kept
as it was typed. Refuses anchors, aliases, tags, names that appear twice and deep nesting, and
explains what YAML can't read in words for an author.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml

from blog.content.mistakes import CONTROL, NESTED, TWICE, UNNAMED, explain, malformed
from blog.content.names import is_clean
from blog.content.report import Report, place

FRONT_MATTER_MAX_BYTES = 16 * 1024
FIELDS_MAX = 100
NESTING_MAX_LEVELS = 5

_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_ALMOST_FENCE = re.compile(r"^[ \t]*[-‐-―−]{1,9}[ \t]*$", re.MULTILINE)
# An entry goes on in lines that are indented, empty, notes, or items and ends of lists.
ENTRY = re.compile(r"^(?:[^ \t\n#\-\]}]|-(?![ \t\n]))", re.MULTILINE)
_STRAY = re.compile(r"^[ \t]*[^ \t\n#]", re.MULTILINE)
_RETYPE = (
    "Type three short dashes and nothing else in the line. If your editor joins them into a long"
    " one, undo that with Ctrl+Z."
)
_FIELD = "title: Caring for your skin"


@dataclass(frozen=True)
class Value:
    """One value as it was typed; `index` and `end` are its place in the file, in characters."""

    content: str | tuple[Value, ...] | dict[str, Value]
    index: int
    end: int
    is_quoted: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed, or what YAML has for nothing."""
        if not isinstance(self.content, str):
            return not self.content
        typed = self.content.strip()
        return not typed or (typed in ("~", "null") and not self.is_quoted)

    def plain(self) -> object:
        """Return the value as texts, lists and dictionaries."""
        if isinstance(self.content, tuple):
            return [item.plain() for item in self.content]
        if isinstance(self.content, dict):
            return {name: item.plain() for name, item in self.content.items()}
        return self.content


@dataclass(frozen=True)
class FrontMatter:
    """The entries of a file, None for one that can't be read, and the text below them.

    `is_whole` says that nothing in them was unreadable, so that what isn't there is missing.
    Units: `starts` says at which character an entry begins, from 0, and `end` where the line of
    dashes below them does; `body_line` in which line of the file `body` begins, from 1.
    """

    entries: Mapping[str, Value | None]
    starts: Mapping[str, int]
    end: int
    is_whole: bool
    body: str
    body_line: int


def split(report: Report) -> FrontMatter:
    """Divide a file into its entries and its text.

    Raises: ContentError where the block of fields has no start or no end, or is too long.
    """
    text = report.text
    opening = _FENCE.match(text)
    if not opening:
        _explain_opening(report)
        raise report.failure()
    closing = _FENCE.search(text, opening.end() + 1)
    if not closing:
        _explain_closing(report, opening.end())
        raise report.failure()
    if len(text[: closing.start()].encode(errors="replace")) > FRONT_MATTER_MAX_BYTES:
        most = f"{FRONT_MATTER_MAX_BYTES // 1024} KB"
        report.error(
            f"The block of fields is longer than {most}.",
            "Is the --- above the text missing? Text belongs below the fields.",
            0,
        )
        raise report.failure()
    body_line = place(text, closing.end())[0] + 1
    entries, starts = _entries(report, opening.end() + 1, closing.start())
    is_whole = not report.problems
    body = text[closing.end() + 1 :]
    return FrontMatter(entries, starts, closing.start(), is_whole, body, body_line)


def _explain_opening(report: Report) -> None:
    first_line = report.text.split("\n", 1)[0]
    if not report.text.strip():
        message = "This file is empty."
    elif not first_line.strip() and _FENCE.search(report.text):
        report.error("The first line is empty.", "Delete it: the file starts with ---.", 0)
        return
    elif _ALMOST_FENCE.match(first_line):
        report.error("The first line must be three short dashes (---).", _RETYPE, 0)
        return
    else:
        message = "The file doesn’t start with its fields."
    report.error(message, f"Begin with a line ---, then {_FIELD}, then a line --- again.", 0)


def _explain_closing(report: Report, start: int) -> None:
    almost = _ALMOST_FENCE.search(report.text, start + 1)
    if almost:
        report.error(
            "This line looks like the end of the fields, but it isn’t exactly ---.",
            _RETYPE,
            almost.start(),
        )
    else:
        report.error(
            "The fields that start here never end.",
            "Put a line of three dashes (---) below the last field, above the text.",
            0,
        )


def _entries(
    report: Report, start: int, end: int
) -> tuple[dict[str, Value | None], dict[str, int]]:
    bounds = [match.start() for match in ENTRY.finditer(report.text, start, end)] + [end]
    _check_lead(report, start, bounds[0])
    if len(bounds) - 1 > FIELDS_MAX:
        message = f"There are more than {FIELDS_MAX} fields, so something else must be meant."
        report.error(message, "Is the --- above the text missing?", bounds[FIELDS_MAX])
    entries: dict[str, Value | None] = {}
    starts: dict[str, int] = {}
    for index, stop in pairwise(bounds[: FIELDS_MAX + 1]):
        chunk = report.text[index:stop]
        if report.text[index - 2 : index] == "\n\n" and malformed(chunk):
            _explain_text(report, index)
            break
        name, value = _entry(report, chunk, index)
        if name in starts:
            line, _ = place(report.text, starts[name])
            report.error(f"`{name}` stands in line {line} already.", "Keep one of them.", index)
        entries.setdefault(name, value)
        starts.setdefault(name, index)
    return entries, starts


def _check_lead(report: Report, start: int, end: int) -> None:
    stray = _STRAY.search(report.text, start, end)
    if stray:
        report.error(
            "This line doesn’t start with the name of a field.",
            f"Each field begins at the very start of its line, like {_FIELD}",
            stray.start(),
        )


def _explain_text(report: Report, index: int) -> None:
    report.error(
        "The text seems to begin here, but the fields above it haven’t ended.",
        "Put a line of three dashes (---) between the last field and the text.",
        index,
    )


def _entry(report: Report, chunk: str, start: int) -> tuple[str, Value | None]:
    mistake = malformed(chunk)
    if not mistake:
        try:
            return _Reader(chunk, start).entry()
        # Not only YAML's own: a code like \UFFFFFFFF, which is no character, is a ValueError
        # or an OverflowError.
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            mistake = explain(chunk, error)
    report.error(mistake.message, mistake.remedy, start + mistake.index)
    return chunk.partition(":")[0].strip(), None


class _Reader:
    """Makes one entry of YAML's events, and stops at the first that is refused."""

    def __init__(self, chunk: str, start: int) -> None:
        self.events = yaml.parse(chunk, Loader=yaml.SafeLoader)
        self.start = start

    def entry(self) -> tuple[str, Value]:
        """Read the name and the value.

        Raises: yaml.YAMLError for what YAML can't read and for what is refused.
        """
        next(self.events)  # the stream begins
        next(self.events)  # the document begins
        first = next(self.events)
        root = self._value(first, 1)
        if not isinstance(root.content, dict):
            raise _refusal(UNNAMED, first)
        ((name, value),) = root.content.items()
        return name.strip(), value

    def _value(self, event: Any, level: int) -> Value:
        # An alias has an anchor too: the one it stands for.
        if event.anchor or event.tag:
            raise _refusal("an anchor, an alias or a tag", event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if level > NESTING_MAX_LEVELS:
            raise _refusal(NESTED, event)
        index = self.start + event.start_mark.index
        items = tuple(self._items(level + 1))
        if isinstance(event, yaml.SequenceStartEvent):
            return Value(items, index, index)
        return Value(_mapping(items, event), index, index)

    def _items(self, level: int) -> Iterator[Value]:
        while not isinstance(event := next(self.events), yaml.CollectionEndEvent):
            yield self._value(event, level)

    def _scalar(self, event: Any) -> Value:
        if not is_clean(event.value.replace("\n", "").replace("\t", "")):
            raise _refusal(CONTROL, event)
        index, end = event.start_mark.index, event.end_mark.index
        return Value(event.value, self.start + index, self.start + end, event.style is not None)


def _mapping(items: tuple[Value, ...], event: Any) -> dict[str, Value]:
    mapping: dict[str, Value] = {}
    for name, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(name.content, str):
            raise _refusal("a name that is a list", event)
        if name.content in mapping:
            raise _refusal(TWICE, event)
        mapping[name.content] = value
    return mapping


def _refusal(problem: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
