"""What can be asked in a query: each parameter with its schema and how its value is read.

One that isn't known, stands there twice or can't be read is refused, with what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from flask import request

from blog.api.endings import Ending
from blog.errors import BadParameter

VALUE_MAX_CHARS = 4_000
# An address with one is refused whoever is asked.
_NO_NUL = r"[^\u0000]*"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


@dataclass(frozen=True)
class Parameter:
    """One parameter: `read` makes its value of what is typed, or raises ValueError with a sentence.

    `is_kept` tells that there are few enough values of it for answers to be kept for anybody.
    """

    name: str
    about: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    default: Any = None
    example: str = ""
    allowed: Sequence[str] = ()
    is_kept: bool = False
    is_required: bool = False
    # Where there are many values, those of which answers are kept.
    few: Collection[Any] = ()
    ending: Ending | None = None


def number(
    name: str,
    about: str,
    *,
    least: int = 1,
    most: int,
    default: int | None = None,
    few: Collection[int] = (),
) -> Parameter:
    """Make a parameter that is a whole number."""

    def read(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError(
                f"It is a whole number from {least} to {most:,}, without zeros before it."
            )
        return int(text)

    schema = {"type": "integer", "minimum": least, "maximum": most}
    if default is not None:
        schema["default"] = default
    told: dict[str, Any] = {"allowed": (f"{least} to {most}",), "few": few}
    told["is_kept"] = default is not None
    return Parameter(name, about, schema, read, default, **told)


def names(
    name: str,
    about: str,
    known: Sequence[str],
    *,
    default: Sequence[str] = (),
    is_kept: bool = True,
) -> Parameter:
    """Make a parameter that is a list of names with commas, none of them twice."""

    def read(text: str) -> tuple[str, ...]:
        given = text.split(",")
        for each in given:
            if each not in known:
                raise ValueError(f"“{each}” is not among what can be asked for.")
        if len(set(given)) < len(given):
            raise ValueError("The same name stands there twice.")
        return tuple(given)

    schema = {
        "type": "array",
        "items": {"type": "string", "enum": list(known)},
        "minItems": 1,
        "uniqueItems": True,
    }
    return Parameter(name, about, schema, read, tuple(default), known[0], known, is_kept=is_kept)


def choice(name: str, about: str, known: Sequence[str], *, default: str) -> Parameter:
    """Make a parameter that is one of a few words."""

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"“{text}” is not among what it can be.")
        return text

    schema = {"type": "string", "enum": list(known), "default": default}
    return Parameter(name, about, schema, read, default, default, known, is_kept=True)


def text(
    name: str,
    about: str,
    *,
    max_chars: int,
    read: Callable[[str], Any] = str,
    default: Any = None,
    example: str = "",
    allowed: Sequence[str] = (),
    pattern: str = _NO_NUL,
    is_required: bool = False,
) -> Parameter:
    """Make a parameter that is text, which `read` may take apart."""

    def bounded(given: str) -> Any:
        if not 1 <= len(given) <= max_chars:
            raise ValueError(f"It has from 1 to {max_chars:,} characters.")
        return read(given)

    schema = {"type": "string", "minLength": 1, "maxLength": max_chars, "pattern": f"^{pattern}$"}
    told = allowed or (f"1 to {max_chars} characters",)
    return Parameter(name, about, schema, bounded, default, example, told, is_required=is_required)


def asked(known: Sequence[Parameter]) -> dict[str, Any]:
    """Read the query of this request: every known parameter with its value or default.

    Raises: BadParameter.
    """
    by_name = {each.name: each for each in known}
    for name in request.args:
        if name not in by_name:
            raise _unknown(name, by_name)
    return {name: _value(each) for name, each in by_name.items()}


def kept(known: Sequence[Parameter]) -> tuple[str, ...]:
    """Return the names under which this answer may be kept: all of its query, or nothing.

    Only few values are kept, each written in one way; a default needs no name.
    """
    by_name = {each.name: each for each in known}
    given = [by_name[name] for name in request.args]
    is_kept = all(each.is_kept and _is_only_way(each) for each in given)
    return tuple(request.args) if is_kept else ()


def _is_only_way(parameter: Parameter) -> bool:
    value = parameter.read(request.args[parameter.name])
    if isinstance(value, tuple):
        value = sorted(value, key=list(parameter.allowed).index) == list(value) and value
    is_one_of_few = not parameter.few or value in parameter.few
    return is_one_of_few and bool(value != parameter.default and value is not False)


def _unknown(name: str, known: Mapping[str, Parameter]) -> BadParameter:
    near = get_close_matches(name[:100], known, n=1)
    hint = f" Did you mean “{near[0]}”?" if near else ""
    return BadParameter(name[:100], f"There is no parameter of this name here.{hint}", list(known))


def _value(parameter: Parameter) -> Any:
    given = request.args.getlist(parameter.name)
    if not given and parameter.is_required:
        raise BadParameter(parameter.name, "This parameter is needed.", parameter.allowed)
    if not given:
        return parameter.default
    if len(given) > 1:
        words = "This parameter stands there more than once."
        raise BadParameter(parameter.name, words, parameter.allowed)
    try:
        return parameter.read(given[0])
    except ValueError as error:
        raise BadParameter(parameter.name, str(error), parameter.allowed) from None
