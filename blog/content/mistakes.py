"""Says in an author's words what YAML says in a programmer's, and what to type instead.

Looks at the line in which an entry went wrong, since what YAML stumbles over is mostly a sign
that was meant as text. Reads no values, and mends nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

UNNAMED = "neither name nor value"
NESTED = "nested too deep"
TWICE = "the name appears twice"
CONTROL = "a code for a control character"

_EXAMPLE = "title: Caring for your skin"
_SUGGESTION_MAX_CHARS = 100
# Signs that mean something else than themselves where a text begins.
_SIGNS = "*&!@`%|>?,:#[]{}"
# What stands before a value in its line: spaces, dashes of a list, the name of a field.
_LEAD = re.compile(r"[ \t]*(?:-[ \t]+)*(?:[^\"'\[{\n]+?:(?=\s|$)[ \t]*)?")
_NAMED = re.compile(r".+?:(?:[ \t\n]|\Z)")
# Line ends to YAML, but to no editor; they come along when text is copied.
_HIDDEN_BREAK = re.compile("[\r\x85\u2028\u2029]")
_DASH = re.compile(r"^[ \t]*-", re.MULTILINE)


@dataclass(frozen=True)
class Mistake:
    """What is wrong in an entry, what to do, and where, in characters from the entry's start."""

    message: str
    remedy: str
    index: int


@dataclass(frozen=True)
class _Spot:
    """The line an error lies in; `index` and `start` are counted from the entry's start."""

    chunk: str
    index: int
    start: int
    lead: str
    value: str

    @property
    def value_index(self) -> int:
        return self.start + len(self.lead)

    @property
    def quoted(self) -> str:
        """The line as it should be typed."""
        if len(self.value) > _SUGGESTION_MAX_CHARS:
            return f'{self.lead.strip()} "…"'
        return f"{self.lead}{quote(self.value)}".strip()


def quote(text: str) -> str:
    """Put a text between quotation marks the way YAML wants it."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def malformed(chunk: str) -> Mistake | None:
    """Explain an entry that doesn't begin with `name: value`, or return nothing."""
    if hidden := _HIDDEN_BREAK.search(chunk):
        return _invisible(_spot(chunk, hidden.start()))
    if _NAMED.match(chunk) and chunk[0] not in _SIGNS:
        return None
    line = chunk.partition("\n")[0].rstrip()
    if line.startswith(("{", "[")):
        remedy = f"Give each a line of its own, like {_EXAMPLE}"
        return Mistake("Fields don’t stand between brackets.", remedy, 0)
    if joined := re.match(r"([\w-]+):(?!//)(.+)", line):
        right = f"{joined[1]}: {joined[2]}"
        return Mistake("There is no space after the colon.", f"Write {right}", joined.end(1))
    if equals := re.match(r"([\w-]+)[ \t]*=[ \t]*(.*)", line):
        right = f"{equals[1]}: {equals[2]}"
        return Mistake("A field has a colon, not an equals sign.", f"Write {right}", equals.end(1))
    return _unnamed(_spot(chunk, 0))


def explain(chunk: str, error: Exception) -> Mistake:
    """Say what is wrong in an entry that can't be read."""
    phrase = f"{getattr(error, 'context', '')} {getattr(error, 'problem', None) or error}"
    say = next((say for words, say in _EXPLANATIONS if words in phrase), _sign)
    return say(_spot(chunk, _index(chunk, error)))


def _index(chunk: str, error: Exception) -> int:
    marks = [getattr(error, name, None) for name in ("problem_mark", "context_mark")]
    found: list[int] = [mark.index for mark in marks if mark] or [getattr(error, "position", 0)]
    # Where YAML gave up at the end, the mistake lies where it began: at a quotation mark, say.
    return found[-1] if found[0] >= len(chunk.rstrip()) else found[0]


def _spot(chunk: str, index: int) -> _Spot:
    start = chunk.rfind("\n", 0, index) + 1
    line = chunk[start:].partition("\n")[0]
    value = _LEAD.sub("", line, count=1)
    return _Spot(chunk, index, start, line.removesuffix(value), value.strip())


def _unnamed(spot: _Spot) -> Mistake:
    return Mistake(
        "This line isn’t a field: it doesn’t start with a name and a colon.",
        f"Write it like {_EXAMPLE}; if it belongs to the line above, start it with two spaces.",
        spot.index,
    )


def _tab(spot: _Spot) -> Mistake:
    return Mistake(
        "There is a tab here, where only spaces may stand.",
        "Delete it and type spaces instead; they look alike, but they aren’t.",
        spot.index,
    )


def _invisible(spot: _Spot) -> Mistake:
    return Mistake(
        "There is an invisible character here that no text should have.",
        "Delete this line and type it anew; it came along when the text was copied.",
        spot.index,
    )


def _open_quote(spot: _Spot) -> Mistake:
    sign = spot.chunk[spot.index]
    return Mistake(
        f"The quotation mark ({sign}) that opens here is never closed.",
        f"Put {sign} at the end of the text too.",
        spot.index,
    )


def _backslash(spot: _Spot) -> Mistake:
    return Mistake(
        "Between double quotation marks a backslash (\\) begins a code, and this one isn’t known.",
        "Type two of them (\\\\), or use single quotation marks (') around the text.",
        spot.index,
    )


def _colon(spot: _Spot) -> Mistake:
    if spot.start and not spot.lead.lstrip().startswith("-"):
        return _indent(spot)
    return Mistake(
        "There is a second colon in this line, and it’s not clear which one ends the name.",
        f"Put the text between quotation marks: {spot.quoted}",
        spot.index,
    )


def _indent(spot: _Spot) -> Mistake:
    is_list = _DASH.search(spot.chunk)
    remedy = "exactly below the name above it" if is_list else "at the very start of its line"
    return Mistake(
        "This line starts with spaces, so it is taken for a part of the line above.",
        f"If it is a field of its own, let it begin {remedy}; if it isn’t, put the whole text it"
        " belongs to between quotation marks.",
        spot.start,
    )


def _open_bracket(spot: _Spot) -> Mistake:
    chunk = spot.chunk
    spot = _spot(chunk, next(index for index, sign in enumerate(chunk) if sign in "[{"))
    opening = chunk[spot.index]
    closing = {"[": "]", "{": "}"}[opening]
    return Mistake(
        f"The list that starts with {opening} doesn’t end with {closing}.",
        f"Put {closing} at its end. If {opening} is part of the text: {spot.quoted}",
        spot.index,
    )


def _nested(spot: _Spot) -> Mistake:
    return Mistake(
        "There are lists within lists within lists here, deeper than anything is read.",
        f"If the brackets are part of the text: {spot.quoted}",
        spot.index,
    )


def _twice(spot: _Spot) -> Mistake:
    return Mistake("This name appears twice in the same group.", "Keep one of them.", spot.index)


def _control(spot: _Spot) -> Mistake:
    return Mistake(
        "This text holds a code for a character that can’t be shown.",
        "Delete the code, which begins with a backslash (\\), or type two backslashes.",
        spot.index,
    )


def _dashes(spot: _Spot) -> Mistake:
    name, value = _NAMED.match(spot.chunk), spot.chunk.partition("\n")[0]
    if name and value[name.end() :].strip():
        return Mistake(
            "A list begins here, but the field above has a value in its own line already.",
            "Give that value a line of its own too, and let every item begin with a dash (-).",
            spot.index,
        )
    return Mistake(
        "This line doesn’t stand in line with the list above it.",
        "Let the dashes (-) of all items stand exactly below each other.",
        spot.index,
    )


def _sign(spot: _Spot) -> Mistake:
    """Explain a value by the sign it begins with, which is nearly always what is wrong."""
    first = spot.value[:1]
    if first in ('"', "'"):
        message = f"The text goes on after the quotation mark ({first}) that closes it."
    elif first in ("[", "{"):
        message = f"A text that begins with {first} is taken for a list, and more follows its end."
    elif first == "-":
        return Mistake(
            "A list can’t begin in the same line as its name.",
            f"Give each item a line of its own below. If it is no list, write {spot.quoted}",
            spot.value_index,
        )
    elif first and first in _SIGNS:
        message = f"A text that begins with {first} must stand between quotation marks."
    elif spot.start:
        return _indent(spot)
    else:
        message = "This line can’t be understood."
        remedy = "It takes a plain name, a colon and a text, best between quotation marks."
        return Mistake(message, remedy, spot.index)
    return Mistake(message, f"Write {spot.quoted}", spot.value_index)


# The first whose words occur in what YAML says.
_EXPLANATIONS: tuple[tuple[str, Callable[[_Spot], Mistake]], ...] = (
    (UNNAMED, _unnamed),
    (NESTED, _nested),
    (TWICE, _twice),
    (CONTROL, _control),
    ("chr()", _control),
    ("too large", _control),
    ("\\t'", _tab),
    ("special characters", _invisible),
    ("escape", _backslash),
    ("quoted scalar", _open_quote),
    ("mapping values", _colon),
    ("while parsing a flow", _open_bracket),
    ("<block end>, but found '<block sequence start>'", _dashes),
    ("<block end>, but found '-'", _dashes),
    ("<block end>, but found '<block mapping start>'", _indent),
    ("<block end>, but found '?'", _indent),
    ("could not find expected ':'", _indent),
)
