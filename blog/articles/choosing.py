"""Chooses public articles as programs ask for them: filtered, in an order, a page or from a cursor.

Fields and orders are named in two tables; nothing else that is sent reaches a statement but as a
value. Every order is made total by the id, so that a cursor stands between two articles.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    false,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import undefer
from sqlalchemy.sql.base import ExecutableOption

from blog import db, urls
from blog.articles import (
    Article,
    ArticleAuthor,
    ArticleTopic,
    cards,
    filtering,
    is_public,
    syndication,
)
from blog.articles.filtering import Condition, Filter, Sign, Value

NEWEST_FIRST = "published_at desc"
ORDERS = ("published_at", "updated_at", "title", "id", "slug", "words")
ORDER_MAX_KEYS = 3
_KEY = f"({'|'.join(ORDERS)})( (asc|desc))?"
ORDER_PATTERN = f"{_KEY}(,{_KEY}){{0,{ORDER_MAX_KEYS - 1}}}"
# Room for a title, a slug and an id of the longest letters.
CURSOR_MAX_CHARS = 1_600

# Of the formats a text can be had in, what each is made of.
FORMATS: Mapping[str, Sequence[Any]] = {
    "html": (Article.html, Article.html_policy),
    "markdown": (Article.source,),
    "plaintext": (Article.text,),
    "toc": (Article.toc,),
}

_COMPARED: dict[Sign, Callable[[Any, Any], ColumnElement[bool]]] = {
    Sign.IS: lambda field, value: field == value,
    Sign.ABOVE: lambda field, value: field > value,
    Sign.AT_LEAST: lambda field, value: field >= value,
    Sign.BELOW: lambda field, value: field < value,
    Sign.AT_MOST: lambda field, value: field <= value,
    Sign.HOLDS: lambda field, value: field.icontains(value, autoescape=True),
    Sign.BEGINS: lambda field, value: field.istartswith(value, autoescape=True),
    Sign.ENDS: lambda field, value: field.iendswith(value, autoescape=True),
}
_OF_TEXT = (Sign.IS, Sign.HOLDS, Sign.BEGINS, Sign.ENDS)
_OF_AMOUNTS = (Sign.IS, Sign.ABOVE, Sign.AT_LEAST, Sign.BELOW, Sign.AT_MOST)
_AGO = re.compile(r"now(?:([+-])(\d{1,5})([smhdwMy]))?")
_DAYS = {"d": 1, "w": 7, "M": 30, "y": 365}
_SECONDS = {"s": 1, "m": 60, "h": 3_600}
_NUMBER_MAX_CHARS = 9
_EPOCH = datetime.fromtimestamp(0, UTC)


class Key(NamedTuple):
    """One thing that a list is ordered by."""

    name: str
    is_descending: bool


@dataclass(frozen=True)
class Choice:
    """What is asked for: which articles, in which order, and how many at once."""

    where: Filter | None
    order: tuple[Key, ...]
    limit: int


@dataclass(frozen=True)
class Part:
    """One part of a list.

    Units: `page` counts from 1; None from a cursor on. `cursor` leads to what follows, empty at the
    end.
    """

    items: Sequence[Article]
    total: int
    page: int | None
    cursor: str


class _Kind(NamedTuple):
    """How the values of a field are read, and what may be asked of it."""

    signs: Sequence[Sign]
    read: Callable[[str, datetime], Any]
    wanted: str


def _moment(text: str, now: datetime) -> datetime:
    ago = _AGO.fullmatch(text)
    if ago:
        sign, count, unit = ago.groups(default="")
        amount = int(count or 0) * (-1 if sign == "-" else 1)
        days, seconds = amount * _DAYS.get(unit, 0), amount * _SECONDS.get(unit, 0)
        return now + timedelta(days=days, seconds=seconds)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _number(text: str, _now: datetime) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _NUMBER_MAX_CHARS:
        raise ValueError
    return int(text)


def _flag(text: str, _now: datetime) -> bool:
    return {"true": True, "false": False}[text]


_TEXT = _Kind(_OF_TEXT, lambda text, _now: text, "text")
_MOMENT = _Kind(_OF_AMOUNTS, _moment, "a time, as 2026-03-10, '2026-03-10T08:00:00Z' or now-30d")
_NUMBER = _Kind(_OF_AMOUNTS, _number, "a whole number")
_FLAG = _Kind((Sign.IS,), _flag, "true or false")
_LINK = _Kind((Sign.IS,), lambda text, _now: text, "text")
KINDS: Mapping[str, _Kind] = {
    "id": _TEXT,
    "slug": _TEXT,
    "title": _TEXT,
    "summary": _TEXT,
    "cover": _TEXT,
    "canonical": _TEXT,
    "topic": _LINK,
    "author": _LINK,
    # The first that an article names.
    "primary_topic": _LINK,
    "primary_author": _LINK,
    "published_at": _MOMENT,
    "updated_at": _MOMENT,
    "words": _NUMBER,
    "noindex": _FLAG,
}


def read_filter(text: str) -> Filter:
    """Read a filter of articles.

    Raises: ValueError with a sentence, also for a field, sign or value that isn't known.
    """
    return checked(filtering.parse(text))


def checked(found: Filter) -> Filter:
    """Return a filter of articles, if all of it can be asked.

    Raises: ValueError with a sentence.
    """
    # What its values are read as for now is thrown away; whether they can be read is not.
    for condition in filtering.conditions(found):
        _condition(condition, db.utc_now())
    return found


def read_order(text: str) -> tuple[Key, ...]:
    """Read an order, as `published_at desc, title`.

    Raises: ValueError with a sentence.
    """
    if not re.fullmatch(ORDER_PATTERN, text):
        raise ValueError(
            f"It is up to {ORDER_MAX_KEYS} of {', '.join(ORDERS)}, each with asc or desc behind it,"
            " parted by commas."
        )
    # What is named again changes nothing any more.
    ways: dict[str, bool] = {}
    for part in text.split(","):
        name, _, way = part.partition(" ")
        ways.setdefault(name, way == "desc")
    return tuple(Key(*each) for each in ways.items())


def page(choice: Choice, number: int, *, now: datetime, formats: Collection[str]) -> Part:
    """Return one page; one past the last is empty."""
    where = _where(choice, now)
    total = _count(where)
    found = select(Article.id).where(*where).order_by(*_ordered(choice.order, now))
    cut = found.limit(choice.limit).offset((number - 1) * choice.limit)
    items = _read(cut, choice, now, formats=formats)
    cursor = (
        _cursor_after(items[-1], choice, now) if items and number * choice.limit < total else ""
    )
    return Part(items, total, number, cursor)


def following(choice: Choice, cursor: str, *, now: datetime, formats: Collection[str]) -> Part:
    """Return what follows a cursor.

    Raises: ValueError for a cursor that isn't of this order.
    """
    where = _where(choice, now)
    after = _after(_read_cursor(cursor, choice), choice, now)
    found = select(Article.id).where(*where, after).order_by(*_ordered(choice.order, now))
    items = _read(found.limit(choice.limit + 1), choice, now, formats=formats)
    here = items[: choice.limit]
    more = _cursor_after(here[-1], choice, now) if len(items) > len(here) else ""
    return Part(here, _count(where), None, more)


def _where(choice: Choice, now: datetime) -> list[ColumnElement[bool]]:
    return [is_public(now), *([_tree(choice.where, now)] if choice.where else [])]


def _count(where: Sequence[ColumnElement[bool]]) -> int:
    return db.session.execute(select(func.count(Article.id)).where(*where)).scalar_one()


def _read(
    found: Any, choice: Choice, now: datetime, *, formats: Collection[str]
) -> Sequence[Article]:
    """Read the articles of one part of a list, which is cut by ids alone."""
    part = found.subquery()
    query = cards(now).join(part, part.c.id == Article.id).order_by(*_ordered(choice.order, now))
    return db.session.execute(query.options(*_texts(formats))).scalars().all()


def the_one(
    is_it: ColumnElement[bool], *, now: datetime, formats: Collection[str]
) -> Article | None:
    """Return the one public article that a condition is true of."""
    query = cards(now).where(is_it).options(*_texts(formats))
    return db.session.execute(query).scalar_one_or_none()


def these(
    article_ids: Collection[str], *, now: datetime, formats: Collection[str]
) -> Sequence[Article]:
    """Return those of some articles that are public."""
    query = cards(now).where(Article.id.in_(article_ids)).options(*_texts(formats))
    return db.session.execute(query).scalars().all()


def _texts(formats: Collection[str]) -> list[ExecutableOption]:
    return [undefer(column) for each in formats for column in FORMATS[each]]


def changed_at(now: datetime) -> ColumnElement[datetime]:
    """Select when an article last changed, as `syndication.changed_at` tells it of one."""
    is_after = and_(Article.updated_at > Article.published_at, Article.updated_at <= now)
    return case((is_after, Article.updated_at), else_=Article.published_at)


def _column(name: str, now: datetime) -> Any:
    return changed_at(now) if name == "updated_at" else getattr(Article, name)


def _ordered(order: Sequence[Key], now: datetime) -> list[Any]:
    columns = [(_column(key.name, now), key.is_descending) for key in order]
    return [*(each.desc() if down else each.asc() for each, down in columns), Article.id]


def _tree(found: Filter, now: datetime) -> ColumnElement[bool]:
    if isinstance(found, Condition):
        return _condition(found, now)
    parts = [_tree(part, now) for part in found.parts]
    return or_(*parts) if found.is_any else and_(*parts)


def _condition(asked: Condition, now: datetime) -> ColumnElement[bool]:
    kind = KINDS.get(asked.field)
    if kind is None:
        raise ValueError(f"There is no field “{asked.field}”. There are: {', '.join(KINDS)}.")
    if asked.sign not in kind.signs:
        signs = " ".join(kind.signs)
        raise ValueError(
            f"“{asked.sign}” can’t be asked of “{asked.field}”, but these can: {signs}"
        )
    if kind is _LINK:
        found = _linked(asked)
    else:
        column = _column(asked.field, now)
        found = or_(false(), *(_one(column, kind, asked, value, now) for value in asked.values))
    # What is empty isn't like anything, and so unlike everything.
    return not_(func.coalesce(found, false())) if asked.is_negated else found


def _one(
    column: Any, kind: _Kind, asked: Condition, value: Value, now: datetime
) -> ColumnElement[bool]:
    if value.is_null and asked.sign is Sign.IS:
        empty: ColumnElement[bool] = column.is_(None)
        return empty
    try:
        read = kind.read(value.text, now)
    except (ValueError, KeyError, OverflowError):
        raise ValueError(f"“{value.text}” isn’t {kind.wanted}, which “{asked.field}” is.") from None
    return _COMPARED[asked.sign](column, read)


def _linked(asked: Condition) -> ColumnElement[bool]:
    is_topic = asked.field.endswith("topic")
    link = ArticleTopic if is_topic else ArticleAuthor
    named = ArticleTopic.slug if is_topic else ArticleAuthor.author_id
    found = select(link.article_id).where(named.in_([value.text for value in asked.values]))
    if asked.field.startswith("primary_"):
        found = found.where(link.position == 0)
    return Article.id.in_(found)


def _cursor_after(article: Article, choice: Choice, now: datetime) -> str:
    values = [_value_of(article, key, now) for key in choice.order]
    written = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    told = [_named(choice.order), *written, article.id]
    return urls.packed(json.dumps(told, ensure_ascii=False, separators=(",", ":")))


def _named(order: Sequence[Key]) -> str:
    return ",".join(f"{key.name}{'-' if key.is_descending else '+'}" for key in order)


def _value_of(article: Article, key: Key, now: datetime) -> Any:
    if key.name == "updated_at":
        return syndication.changed_at(article.published_at, article.updated_at, now=now)
    return getattr(article, key.name)


def _read_cursor(cursor: str, choice: Choice) -> list[Any]:
    """Read the values of the article that a cursor stands behind, its id last."""
    try:
        order, *values, article_id = json.loads(urls.unpacked(cursor))
        read = [_cursor_value(key, value) for key, value in zip(choice.order, values, strict=True)]
        found = [*read, _storable(article_id)]
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        order, found = "", []
    if order != _named(choice.order):
        raise ValueError("It is none that this list, in this order, gave out.")
    return found


def _cursor_value(key: Key, value: Any) -> Any:
    if KINDS[key.name] is _MOMENT:
        return datetime.fromisoformat(value).astimezone(UTC)
    return _number(str(value), _EPOCH) if KINDS[key.name] is _NUMBER else _storable(value)


def _storable(value: str) -> str:
    """Return a text that a database can be asked for."""
    value.encode()
    if "\0" in value:
        raise ValueError
    return value


def _after(values: Sequence[Any], choice: Choice, now: datetime) -> ColumnElement[bool]:
    """Limit to what comes after an article, in an order that may go up by one key and down by another."""
    keys = [(_column(key.name, now), key.is_descending) for key in choice.order]
    keys.append((Article.id, False))
    same: list[ColumnElement[bool]] = []
    beyond: list[ColumnElement[bool]] = []
    for (column, is_descending), value in zip(keys, values, strict=True):
        beyond.append(and_(*same, column < value if is_descending else column > value))
        same.append(column == value)
    return or_(*beyond)
