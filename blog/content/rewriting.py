"""Changes some fields and the text of a file, and leaves every other byte of it as it was.

Notes, order, quotation marks, empty lines, line ends and a byte order mark of what isn't changed
stay. A value is written the way the one before it was, as far as it can be; notes within it go.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import yaml

from blog.content.files import decode
from blog.content.frontmatter import (
    ENTRY,
    FRONT_MATTER_MAX_BYTES,
    NESTING_MAX_LEVELS,
    FrontMatter,
    Value,
    split,
)
from blog.content.report import Report, place
from blog.errors import Invalid, Problem

# What JavaScript tells from its neighbours.
NUMBER_MAX_DIGITS = 15

_NO_NUMBER = f"Numbers are whole here, of at most {NUMBER_MAX_DIGITS} digits. Send others as text."
_TOO_DEEP = f"Lists within lists go {NESTING_MAX_LEVELS - 1} deep at most."
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(r"\r\n|\r|\n")
_NUMBER = re.compile(rf"-?(?:0|[1-9][0-9]{{0,{NUMBER_MAX_DIGITS - 1}}})")
_NEW_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
# What YAML takes for text, or for a day, though it isn't quoted.
_PLAIN = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\xa0": "\xa0"}
_SPOKEN_OF = re.compile(r"`([\w-]+)`")
_RESOLVER: Any = yaml.resolver.Resolver()

Edit = tuple[int, int, str]


def values(front: FrontMatter) -> dict[str, Any]:
    """Return what fields hold, as JSON has it; one that can't be read is left out."""
    return {name: _shown(entry) for name, entry in front.entries.items() if entry}


def _shown(value: Value) -> Any:
    if isinstance(value.content, tuple):
        return [_shown(item) for item in value.content]
    if isinstance(value.content, dict):
        return {name: _shown(item) for name, item in value.content.items()}
    typed = value.content
    if value.is_quoted:
        return typed
    return int(typed) if _NUMBER.fullmatch(typed) else _WORDS.get(typed, typed)


def text_of(front: FrontMatter) -> str:
    """Return the text below the fields, without the empty lines around it."""
    text = front.body.strip("\n")
    return f"{text}\n" if text else ""


def field_of(front: FrontMatter, text: str, problem: Problem) -> str:
    """Name the field that a problem lies in: by its line, or else the one that it speaks of."""
    line = problem.line or 1
    if line >= front.body_line:
        return "body"
    above = [name for name, index in front.starts.items() if place(text, index)[0] <= line]
    spoken_of = _SPOKEN_OF.search(f"{problem.message} {problem.remedy}")
    return above[-1] if above else spoken_of[1] if spoken_of else ""


def changed(path: str, data: bytes, fields: Mapping[str, Any], body: str | None = None) -> bytes:
    """Return a file with some fields changed, None taking one out, and with another text.

    Raises: ContentError where the file has no fields to change, Invalid naming each field that
    can't be changed as asked.
    """
    _check(fields)
    text = decode(path, data)
    front = split(Report(path, text))
    edits = [
        edit
        for name, value in fields.items()
        if (edit := _field(text, front, name, value)) is not None
    ]
    if body is not None:
        edits += _body(text, front, decode(path, body.encode()))
    made = _apply(data, edits)
    _verify(path, made, fields)
    return made


def _check(fields: Mapping[str, Any]) -> None:
    """Refuse what can't be written, before any work is done on it."""
    if len(json.dumps(fields, ensure_ascii=False).encode()) > FRONT_MATTER_MAX_BYTES:
        raise Invalid({"": f"All fields together have at most {FRONT_MATTER_MAX_BYTES:,} bytes."})
    wrong = {name: fault for name, value in fields.items() if (fault := _fault(value))}
    if wrong:
        raise Invalid(wrong)


def _fault(value: Any, level: int = 1) -> str:
    """Say what is wrong with a value; empty where nothing is."""
    items = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        faults = (_fault(item, level + 1) for item in items)
        return _TOO_DEEP if level == NESTING_MAX_LEVELS else next(filter(None, faults), "")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return _NO_NUMBER if is_number and not _NUMBER.fullmatch(str(value)) else ""


def _field(text: str, front: FrontMatter, name: str, value: Any) -> Edit | None:
    """Find what has to be written where, so that a field holds a value."""
    if name not in front.starts:
        return None if value is None else _new(front, name, value)
    start, entry = front.starts[name], front.entries[name]
    following = ENTRY.search(text, start + 1, front.end)
    chunk = text[start : following.start() if following else front.end]
    if value is not None and entry and _is_same(_shown(entry), value):
        return None
    if entry:
        begin, end, written = _replaced(chunk, value)
    else:
        # What can't be read is replaced whole.
        begin, end, written = 0, _end(chunk), f"{_scalar(name)}: {_written(value)}"
    if value is None:
        line_end = chunk.find("\n", end)
        return start, start + line_end + 1, ""
    return start + begin, start + end, written


def _end(chunk: str) -> int:
    """Find where the lines of a field end, without the notes and empty lines after them."""
    lines = chunk.split("\n")
    while not lines[-1].strip() or lines[-1].lstrip().startswith("#"):
        lines.pop()
    return len("\n".join(lines))


def _new(front: FrontMatter, name: str, value: Any) -> Edit:
    if not _NEW_NAME.fullmatch(name):
        known = "A new field’s name has at most 60 letters from A to Z, digits, hyphens and _."
        raise Invalid({name[:100]: known})
    return front.end, front.end, f"{_scalar(name)}: {_written(value)}\n"


def _is_same(one: Any, other: Any) -> bool:
    # To Python, though to nobody else, true is 1.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _replaced(chunk: str, value: Any) -> Edit:
    """Find where in its lines the value of a field stands, and write another the same way."""
    events: list[Any] = list(yaml.parse(chunk, Loader=yaml.SafeLoader))
    name, old = events[3], events[4]
    colon = chunk.index(":", name.end_mark.index) + 1
    # Lists end with a sign of their own or with their last item.
    ends = [
        event.end_mark.index
        for event in events[4:-3]
        if not isinstance(event, yaml.CollectionStartEvent)
        and (isinstance(event, yaml.ScalarEvent) or event.start_mark.index < event.end_mark.index)
    ]
    end = colon + len(chunk[colon : max(ends)].rstrip(" \t\n"))
    start = old.start_mark.index
    if _is_list_of_lines(old) and _is_plain_list(value):
        lead = "\n" + " " * (start - chunk.rfind("\n", 0, start) - 1) + "- "
        return start, end, lead.join(["", *map(_scalar, value)]).removeprefix(lead[: -len("- ")])
    style = old.style if isinstance(old, yaml.ScalarEvent) else None
    if start == colon or "\n" in chunk[colon:start]:
        return colon, end, f" {_written(value, style)}"
    return start, end, _written(value, style)


def _is_list_of_lines(event: Any) -> bool:
    return isinstance(event, yaml.SequenceStartEvent) and not event.flow_style


def _is_plain_list(value: Any) -> bool:
    is_list = isinstance(value, list) and bool(value)
    return is_list and not any(isinstance(item, list | dict) for item in value)


def _written(value: Any, style: str | None = None) -> str:
    """Write a value in one line."""
    if isinstance(value, list):
        return f"[{', '.join(_written(item, ',') for item in value)}]"
    if isinstance(value, dict):
        parts = (f"{_scalar(name, ',')}: {_written(item, ',')}" for name, item in value.items())
        return f"{{{', '.join(parts)}}}"
    return _scalar(value, style)


def _scalar(value: Any, style: str | None = None) -> str:
    """Write a text, number or word; `style` is the quotation mark to use, or a comma in a list."""
    if not isinstance(value, str):
        return json.dumps(value)
    is_line = all(sign.isprintable() or sign == "\xa0" for sign in value)
    if is_line and style == "'":
        return "'" + value.replace("'", "''") + "'"
    if is_line and style != '"' and _is_plain(value, "k: [{}]" if style == "," else "k: {}"):
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(sign: str) -> str:
    plain = sign if sign.isprintable() else f"\\U{ord(sign):08x}"
    return _ESCAPES.get(sign, plain)


def _is_plain(text: str, place: str) -> bool:
    """Tell whether YAML reads a text as the same where it stands without quotation marks."""
    try:
        events = list(yaml.parse(place.format(text), Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return False
    found = [event for event in events if isinstance(event, yaml.ScalarEvent)]
    if [event.value for event in found] != ["k", text] or found[1].style or found[1].tag:
        return False
    return _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) in _PLAIN


def _body(text: str, front: FrontMatter, body: str) -> list[Edit]:
    """Find what has to be written so that another text stands below the fields."""
    old, new = front.body, body.strip("\n")
    if old.strip("\n") == new:
        return []
    core = old.strip("\n")
    lead, _, tail = old.partition(core) if core else ("\n", "", "\n")
    # The line of dashes may be the last, and without an end.
    missing = "" if text.endswith("\n") or old else "\n"
    return [(len(text) - len(old), len(text), f"{missing}{lead}{new}{tail}" if new else "")]


def _apply(data: bytes, edits: list[Edit]) -> bytes:
    """Make edits, whose places are counted with plain line ends."""
    mark = _BYTE_ORDER_MARK if data.startswith(_BYTE_ORDER_MARK) else b""
    text = data.removeprefix(mark).decode()
    first_end = _LINE_END.search(text)
    line_end = first_end[0] if first_end else "\n"
    doubles = [found.start() - k for k, found in enumerate(re.finditer("\r\n", text))]
    # From the last on, so that places stay; what is new at one place keeps its order.
    in_order = sorted(edits, key=lambda edit: edit[0])
    for start, end, new in reversed(in_order):
        begin, stop = (index + bisect_left(doubles, index) for index in (start, end))
        text = text[:begin] + new.replace("\n", line_end) + text[stop:]
    return mark + text.encode()


def _verify(path: str, data: bytes, fields: Mapping[str, Any]) -> None:
    """Make sure that fields now hold what they should."""
    front = split(Report(path, decode(path, data)))
    found = values(front)
    # Whoever looks at the file next says best what can't be read.
    unreadable = front.starts.keys() - found.keys()
    wrong = {
        name: "It stands there more than once. Please mend that in the file."
        for name, value in fields.items()
        if name not in unreadable and not _is_same(found.get(name), value)
    }
    if wrong:
        raise Invalid(wrong)
