"""A filter as front ends write it, read into conditions: an allow-listed part of NQL.

It is text about fields and values and knows neither articles nor a database. Its length, its depth
and how many conditions and values it has are bounded; anything else is refused with its place.

Source: https://github.com/TryGhost/NQL (the language), of which aggregates, regular expressions
and relations are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

FILTER_MAX_CHARS = 2_000
MAX_CONDITIONS = 30
MAX_DEPTH = 8
MAX_VALUES = 100

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<sign>-~\^|-~\$|-~|~\^|~\$|>=|<=|[~><:+,()\[\]])"""
    r"""|(?P<word>now\+\d+\w|[^\s'"~><:+,()\[\]]+)""",
    re.DOTALL,
)
_FIELD = re.compile(r"[a-z][a-z_.]*")
_SIGNS = ("-~^", "-~$", "-~", "~^", "~$", "~", ">=", "<=", ">", "<")


class Sign(StrEnum):
    """What a condition asks of a field; text is compared whatever the case of its letters."""

    IS = ":"
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    HOLDS = "~"
    BEGINS = "~^"
    ENDS = "~$"


@dataclass(frozen=True)
class Value:
    """A value as it was written; without quotation marks it may stand for more than text."""

    text: str
    is_quoted: bool = False

    @property
    def is_null(self) -> bool:
        """Whether it stands for nothing at all."""
        return self.text == "null" and not self.is_quoted


@dataclass(frozen=True)
class Condition:
    """One field, what is asked of it, and the values of which any will do."""

    field: str
    sign: Sign
    values: tuple[Value, ...]
    is_negated: bool = False


@dataclass(frozen=True)
class Group:
    """Conditions of which all must hold, or any."""

    parts: tuple[Condition | Group, ...]
    is_any: bool = False


Filter = Condition | Group


def parse(text: str) -> Filter:
    """Read a filter.

    Raises: ValueError with a sentence that names the place.
    """
    if len(text) > FILTER_MAX_CHARS:
        raise ValueError(f"It has more than {FILTER_MAX_CHARS:,} characters.")
    reading = _Reading(text)
    found = reading.alternatives(depth=0)
    if reading.here[0]:
        raise reading.wrong("A comma, a plus or the end is wanted")
    return found


def conditions(found: Filter) -> Iterator[Condition]:
    """Yield every condition of a filter."""
    if isinstance(found, Condition):
        yield found
        return
    for part in found.parts:
        yield from conditions(part)


class _Reading:
    """One pass over a text; `here` is the token it stands at, without a kind at the end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._end = 0
        self._conditions = 0
        self._listed = 0
        self.here = ("", "")
        self.step()

    def step(self) -> tuple[str, str]:
        """Move on by one token, and return the one that was passed."""
        passed = self.here
        self._at = self._end
        found = _TOKEN.match(self._text, self._at)
        if found is None and self._at < len(self._text):
            raise self.wrong("A quotation mark is not closed")
        self.here = (str(found.lastgroup), found[0]) if found else ("", "")
        self._end = found.end() if found else self._at
        return passed

    def wrong(self, what: str) -> ValueError:
        """Say what is wrong at this place."""
        return ValueError(f"{what} at character {self._at + 1}.")

    def alternatives(self, *, depth: int) -> Filter:
        """Read what commas part; they bind less than pluses."""
        parts = [self._all_of(depth)]
        while self._is_sign(","):
            self.step()
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Group(tuple(parts), is_any=True)

    def _all_of(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        # In a query a plus that isn't encoded arrives as a space.
        while self._is_sign("+") or self._is_next_after_space():
            if self._is_sign("+"):
                self.step()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Group(tuple(parts))

    def _is_next_after_space(self) -> bool:
        if self.here[0] != "space":
            return False
        self.step()
        return self.here[0] == "word" or self._is_sign("(")

    def _one(self, depth: int) -> Filter:
        self._skip_space()
        if not self._is_sign("("):
            return self._condition()
        if depth == MAX_DEPTH:
            raise self.wrong(f"There are more than {MAX_DEPTH} brackets within each other")
        self.step()
        found = self.alternatives(depth=depth + 1)
        self._skip_space()
        if not self._is_sign(")"):
            raise self.wrong("A closing bracket is wanted")
        self.step()
        return found

    def _condition(self) -> Condition:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise self.wrong(f"There are more than {MAX_CONDITIONS} conditions")
        if self.here[0] != "word" or not _FIELD.fullmatch(self.here[1]):
            raise self.wrong("The name of a field is wanted")
        field = self.step()[1]
        if not self._is_sign(":"):
            raise self.wrong(f"A colon is wanted after “{field}”")
        self.step()
        is_negated, sign = self._sign()
        return Condition(field, sign, self._values(), is_negated)

    def _sign(self) -> tuple[bool, Sign]:
        kind, text = self.here
        if kind == "sign" and text in _SIGNS:
            self.step()
            return text.startswith("-"), Sign(text.removeprefix("-"))
        if kind == "word" and text.startswith("-"):
            # The minus before a value belongs to the sign, and the rest of the word is the value.
            self._end = self._at + 1
            self.step()
            return True, Sign.IS
        return False, Sign.IS

    def _values(self) -> tuple[Value, ...]:
        if not self._is_sign("["):
            return (self._value(),)
        self.step()
        found = [self._listed_value()]
        while self._is_sign(","):
            self.step()
            found.append(self._listed_value())
        if not self._is_sign("]"):
            raise self.wrong("A comma or a closing square bracket is wanted")
        self.step()
        return tuple(found)

    def _listed_value(self) -> Value:
        self._listed += 1
        # Of all lists together: each value is looked for in each article.
        if self._listed > MAX_VALUES:
            raise self.wrong(f"There are more than {MAX_VALUES} values in lists")
        return self._value()

    def _value(self) -> Value:
        kind, text = self.here
        if kind == "text":
            self.step()
            return Value(re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL), is_quoted=True)
        if kind != "word":
            raise self.wrong("A value is wanted")
        self.step()
        return Value(text)

    def _is_sign(self, text: str) -> bool:
        return self.here == ("sign", text)

    def _skip_space(self) -> None:
        if self.here[0] == "space":
            self.step()
