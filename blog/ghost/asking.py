"""What a front end asks in its query, read as Ghost reads it.

What isn't known is passed over, a format, number or order that can't be read refused (422), and
a filter that can't be read, too (400). A key opens nothing, since everybody may read.

Source: https://docs.ghost.org/content-api/parameters
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flask import request

from blog.articles import filtering
from blog.articles.choosing import Key
from blog.articles.filtering import Filter
from blog.errors import BadParameter, Invalid

LIMIT, LIMIT_MOST = 15, 100
ORDER_MAX_CHARS = 200
TEXTS = ("html", "plaintext")
# In these Ghost's editors keep a text; they may be asked for there, and are sent to nobody.
_OF_EDITORS = ("mobiledoc", "lexical")

_NUMBER = re.compile(r"[0-9]{1,9}")
_ORDER = re.compile(rf"[A-Za-z0-9_., ]{{0,{ORDER_MAX_CHARS}}}")
_ORDERED_BY = re.compile(r"([a-z0-9_.]+)(?: +(asc|desc))?")
# Values of which there are few, each written in one way.
_FEW = {
    "limit": re.compile(rf"all|{LIMIT_MOST}|[1-9][0-9]?"),
    "page": re.compile(r"[1-9][0-9]{0,8}"),
}


@dataclass(frozen=True)
class Terms:
    """What of one kind of thing can be asked for: related things, texts, an order, conditions.

    `orders` maps what is asked to what is meant; `check` makes a filter ours, or raises ValueError.
    """

    includes: Sequence[str]
    orders: dict[str, str]
    check: Callable[[Filter], Filter]
    has_texts: bool = False


@dataclass(frozen=True)
class Asked:
    """What is asked for; `kept` names the parameters of which an answer may be kept for all."""

    includes: tuple[str, ...]
    texts: tuple[str, ...]
    fields: tuple[str, ...]
    kept: tuple[str, ...]
    where: Filter | None = None
    order: tuple[Key, ...] = ()
    limit: int = LIMIT
    page: int = 1


def of_one(terms: Terms) -> Asked:
    """Read what is asked of one thing.

    Raises: Invalid.
    """
    formats = _formats() if terms.has_texts else set()
    fields = tuple(_names("fields"))
    named = {*formats, *fields} if fields else formats or {"html"}
    known = TEXTS if terms.has_texts else ()
    includes = [name.lower() for name in _names("include")]
    return Asked(
        includes=tuple(name for name in terms.includes if name in includes),
        texts=tuple(name for name in known if name in named),
        # What is asked for in another way is wanted whatever the fields are.
        fields=(*fields, *formats) if fields else (),
        kept=tuple(name for name in request.args if _is_few(name, terms)),
    )


def of_list(terms: Terms) -> Asked:
    """Read what is asked of a list.

    Raises: Invalid; BadParameter for a filter.
    """
    asked = of_one(terms)
    few = [name for name, values in _FEW.items() if values.fullmatch(_text(name))]
    return replace(
        asked,
        kept=(*asked.kept, *few),
        where=_filter(terms),
        order=tuple(_order(terms)),
        limit=_limit(),
        page=_number("page", 1),
    )


def _text(name: str) -> str:
    """Return a value; one that stands there again is one more in a list, as Ghost has it."""
    return ",".join(request.args.getlist(name))


def _names(name: str) -> list[str]:
    return [each.strip() for each in _text(name).split(",") if each.strip()]


def _formats() -> set[str]:
    given = {name.lower() for name in _names("formats")}
    if given - {*TEXTS, *_OF_EDITORS}:
        raise Invalid({"formats": f"There are only the formats {' and '.join(TEXTS)}."})
    return given


def _is_few(name: str, terms: Terms) -> bool:
    known = {"include": terms.includes, "formats": TEXTS}.get(name, ())
    given = _text(name).split(",")
    return len(set(given)) == len(given) and set(given) <= set(known)


def _filter(terms: Terms) -> Filter | None:
    text = _text("filter")
    try:
        return terms.check(filtering.parse(text)) if text else None
    except ValueError as error:
        raise BadParameter("filter", str(error)) from None


def _order(terms: Terms) -> list[Key]:
    """Read an order; like Ghost it passes over what nothing is ordered by."""
    text = _text("order")
    if not _ORDER.fullmatch(text):
        raise Invalid(
            {"order": "An order is names, each with asc or desc behind it, parted by commas."}
        )
    found = [_ORDERED_BY.fullmatch(part.strip()) for part in text.lower().split(",")]
    ways = {terms.orders[each[1]]: each[2] for each in found if each and each[1] in terms.orders}
    return [Key(name, way == "desc") for name, way in ways.items()]


def _limit() -> int:
    if _text("limit") == "all":
        return LIMIT_MOST
    return min(_number("limit", LIMIT), LIMIT_MOST)


def _number(name: str, default: int) -> int:
    text = _text(name)
    if text and not _NUMBER.fullmatch(text):
        raise Invalid({name: f"The parameter {name} is a number."})
    # To Ghost 0 is none.
    return int(text or 0) or default
