"""What programs send: JSON read strictly, checked by its type, then by the form for people.

JSON that programs read differently (names twice, NaN, another charset) is refused, and so is
what nobody nests that deep.

Source: RFC 8259, RFC 7493 (I-JSON).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import EnumType
from typing import Any, Literal, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from flask import request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import UnsupportedMediaType
from wtforms import Field, SelectField

from blog.errors import BadHeader, BadRequest, Invalid, WrongType
from blog.forms import ButtonForm
from blog.schemas import In

KEY_MAX_CHARS = 255
FILE = "file"
FORM = "multipart/form-data"

_Sent = TypeVar("_Sent", bound=In)
_Form = TypeVar("_Form", bound=ButtonForm)
_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_MAX_CHARS}}}")
_NAME_MAX_CHARS = 100
_PLACE = " - at `$"
_FIELD = re.compile(r"\.?(\w*)")
_UNKNOWN = re.compile(r"Object contains unknown field `(.{0,100}).*`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_NO_FIELD = "There is no field of this name here."
_NO_VALUE = "Invalid enum value"
_LATE = "This token is too old, or isn’t of this form. Please fetch another."
_BOUND = re.compile(r"Expected `int` ([<>]=) (\d+)")
_TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")


def body(kind: type[_Sent]) -> _Sent:
    """Read the body of this request as a type.

    Raises: UnsupportedMediaType, BadRequest for what is no JSON, Invalid naming the field.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType
    data = _json(request.get_data())
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise _refusal(kind, [str(error), *_other_errors(kind, data)]) from None


def file() -> FileStorage:
    """Return the one file of this request’s form, called `file`.

    Raises: WrongType, Invalid naming the field.
    """
    if request.mimetype != FORM:
        raise WrongType(f"Please send the file as `file` of a form, as `{FORM}`.", (FORM,))
    unknown = {*request.form, *request.files} - {FILE}
    if unknown:
        names = [name[:_NAME_MAX_CHARS] for name in sorted(unknown)]
        wrong = dict.fromkeys(names, _NO_FIELD)
        raise Invalid(wrong, allowed=dict.fromkeys(names, (FILE,)))
    found = request.files.getlist(FILE)
    if len(found) != 1 or FILE in request.form:
        raise Invalid({FILE: "Please send one file under this name."})
    return found[0]


def _refusal(kind: type[In], errors: Iterable[str]) -> Invalid:
    """Say of each field what is wrong with it, and what could stand there instead."""
    wrong: dict[str, str] = {}
    allowed: dict[str, Sequence[str]] = {}
    for error in errors:
        field, detail = _told(error)
        wrong[field] = detail
        allowed[field] = _allowed(kind, field, error)
    return Invalid(wrong, allowed=allowed)


def _other_errors(kind: type[In], data: Any) -> Iterator[str]:
    """Find the fields that are wrong, of which the library tells the first alone."""
    for field in msgspec.structs.fields(kind) if isinstance(data, dict) else ():
        if field.name not in data and field.required:
            yield f"Object missing required field `{field.name}`"
        elif field.name in data:
            try:
                msgspec.convert({field.name: data[field.name]}, dict[str, field.type])  # type: ignore[name-defined]  # made at run time
            except msgspec.ValidationError as error:
                yield str(error).replace("`$[...]", f"`$.{field.name}", 1)


def _json(data: bytes) -> Any:
    try:
        found = json.loads(
            data.decode(), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite
        )
        # Halves of characters, which JSON can write and nobody can store.
        text = json.dumps(found, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as error:
        words = f"The body is no JSON that is taken here: {str(error)[:200]}."
        raise BadRequest(words, code="bad-json") from None
    if "\\u0000" in text:
        raise BadRequest("The body holds a NUL character, which no text has.", code="bad-json")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _told(error: str) -> tuple[str, str]:
    """Say which field is wrong and what is wanted, in words for a person."""
    # What was sent may stand in it at any length, so it is gone through once.
    if unknown := _UNKNOWN.fullmatch(error):
        return unknown[1], _NO_FIELD
    if missing := _MISSING.match(error):
        return missing[1], "This field is needed."
    what, place = error.rsplit(_PLACE, 1) if _PLACE in error else (error, "")
    field = "".join(_FIELD.findall(place)[:1])
    if too_long := _TOO_LONG.match(what):
        return field, f"Please use at most {int(too_long[1]):,} characters."
    if bound := _BOUND.fullmatch(what):
        most_or_least = "most" if bound[1] == "<=" else "least"
        return field, f"Please give a whole number of at {most_or_least} {int(bound[2]):,}."
    if what == "Expected `str` of length >= 1":
        return field, "Please fill this in."
    if what.startswith(_NO_VALUE):
        return field, "This isn’t one of the values it can have."
    return field or "body", f"{what}.".replace("`", "")


def _allowed(kind: type[In], field: str, error: str) -> Sequence[str]:
    """List what could have stood there, where that is a list."""
    if _UNKNOWN.match(error):
        return kind.__struct_fields__
    return [*_values(get_type_hints(kind).get(field))]


def _values(hint: Any) -> Iterator[str]:
    """List the words that a type or its parts take; none for a type that takes any."""
    if isinstance(hint, EnumType):
        yield from hint
    for part in get_args(hint):
        if get_origin(hint) is Literal:
            yield str(part).lower()
        else:
            yield from _values(part)


def filled(form: type[_Form], purpose: str, typed: Mapping[str, str], token: str) -> _Form:
    """Fill in the form for people; its token counts only where one came along."""
    sent = MultiDict({**typed, "form_token": token})
    return form(sent, meta={"csrf_context": purpose, "csrf": bool(token)})


def check(form: ButtonForm, names: Mapping[str, str]) -> None:
    """Check a form; `names` tells what its fields are called here.

    Raises: Invalid naming each wrong field.
    """
    if not form.validate() and form.errors:
        wrong = {names.get(name, name): found[0] for name, found in form.errors.items()}
        if wrong.pop("form_token", ""):
            wrong["token"] = _LATE
        allowed = {names.get(field.name, field.name): _offered(field) for field in form}
        raise Invalid(wrong, allowed=allowed)


def _offered(field: Field) -> list[str]:
    """List what a field offers, where something else was chosen."""
    choices = field.iter_choices() if isinstance(field, SelectField) else ()
    offered = [choice.value for choice in choices if choice.value]
    return offered if field.data not in offered else []


@contextmanager
def named(names: Mapping[str, str]) -> Iterator[None]:
    """Give the fields that a block refuses the names they have here."""
    try:
        yield
    except Invalid as error:
        told = {names.get(name, name): sentence for name, sentence in error.fields.items()}
        raise Invalid(told, code=error.code) from None


def key() -> str:
    """Return the key under which this was sent; empty where there is none.

    Raises: BadHeader.
    """
    sent = request.headers.get("Idempotency-Key", "").strip()
    plain = sent[1:-1] if len(sent) > 1 and sent[0] == sent[-1] == '"' else sent
    if sent and not _KEY.fullmatch(plain):
        detail = f"It has from 1 to {KEY_MAX_CHARS} characters of ASCII, without spaces."
        raise BadHeader("Idempotency-Key", detail)
    return plain
