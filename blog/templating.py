"""What every template has at hand: the site's words, paths, and times in words."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from itertools import takewhile
from typing import Any

from flask import Flask, g, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError

from blog import articles, comments, config, content, db, markup, spam, tokens, urls
from blog.articles import Article, syndication
from blog.comments import arrival, editing
from blog.content import Commenting

# As many rules of the stylesheet paint initials.
COLOURS = 12
_NAMES_KEPT = 2_000
_MARKS_MAX = 3
_UNITS = (
    ("year", 31_557_600),
    ("month", 2_629_800),
    ("week", 604_800),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
)


def init_app(app: Flask) -> None:
    """Give the filters and globals to all templates."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        date=date,
        month=month,
        datetime_words=datetime_words,
        time_words=time_words,
        changes_end=editing.until,
        since=since,
        machine=machine,
        changed_at=changed_at,
        initials=initials,
        colour=colour,
        count=count,
        tally=tally,
        excerpt=markup.excerpt,
        plain=markup.plain_text,
        as_markdown=markup.as_markdown,
        locale=locale,
    )
    app.jinja_env.globals.update(
        url=urls, absolute=urls.absolute, are_comments_read_first=are_comments_read_first
    )
    app.context_processor(_words)


def site() -> content.Site:
    """Return the site's own words, once for a request; plain ones where the database is away."""
    if "site" not in g:
        try:
            g.site = articles.site()
        except SQLAlchemyError:
            db.session.rollback()
            g.site = content.parse_site("")
    found: content.Site = g.site
    return found


def _words() -> dict[str, Any]:
    now = db.utc_now()
    return {
        "site": site(),
        "now": now,
        "year": _local(now).year,
        "request_path": request.path if has_request_context() else "",
    }


def are_comments_read_first(article: Article) -> bool:
    """Tell whether a comment on an article waits until somebody has read it."""
    return arrival.mode_of(article) is not Commenting.POST


def _local(moment: datetime) -> datetime:
    return moment.astimezone(site().zone)


def date(moment: datetime) -> str:
    """Say a day in words, in the site's time zone."""
    return f"{_local(moment):%-d %B %Y}"


def month(moment: datetime) -> str:
    """Say a month in words, in the site's time zone."""
    return f"{_local(moment):%B}"


def datetime_words(moment: datetime) -> str:
    """Say a day and time in words, in the site's time zone."""
    return f"{_local(moment):%-d %B %Y, %H:%M}"


def time_words(moment: datetime) -> str:
    """Say a time of day in words, in the site's time zone."""
    return f"{_local(moment):%H:%M}"


def machine(moment: datetime) -> str:
    """Write a moment for programs (RFC 3339, UTC)."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def said(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is empty, as programs want it."""
    return {name: value for name, value in fields.items() if value not in ("", [], None)}


def changed_at(article: Article) -> datetime | None:
    """Return when an article last changed, if it did since it appeared; None without a date."""
    found = syndication.changed_at(article.published_at, article.updated_at, now=db.utc_now())
    return found if article.published_at not in (None, found) else None


def since(moment: datetime) -> str:
    """Say how long ago a moment was."""
    seconds = (db.utc_now() - moment).total_seconds()
    for unit, length_seconds in _UNITS:
        if seconds >= length_seconds:
            return f"{count(int(seconds // length_seconds), unit)} ago"
    return "just now"


def count(number: int, noun: str) -> str:
    """Say how many."""
    return spam.counted(number, noun) if number else f"no {noun}s"


def tally(number: int) -> str:
    """Say how many comments are in a state; they are only counted so far."""
    return f"{number:,}{'+' if number >= comments.COUNTED_TO else ''}"


def locale(language: str) -> str:
    """Write a language as cards have it, as in en_ZA; nothing where it names no country."""
    country = content.country_of(language)
    return f"{language.partition('-')[0].lower()}_{country}" if country else ""


@lru_cache(_NAMES_KEPT)
def initials(name: str) -> str:
    """Shorten a name to one or two letters of any script; a dot for one that has none."""
    found = [
        letter for word in unicodedata.normalize("NFC", name).split() if (letter := _initial(word))
    ]
    return "".join(found[:1] + found[1:][-1:]) or "·"


def _initial(word: str) -> str:
    """Return a word's first letter or digit with the marks that belong to it, if it has any."""
    kinds = [unicodedata.category(char)[0] for char in word]
    start = next((at for at, kind in enumerate(kinds) if kind in "LN"), None)
    if start is None:
        return ""
    marks = "".join(takewhile(lambda char: unicodedata.category(char)[0] == "M", word[start + 1 :]))
    # A few make a letter of some scripts; many are a prank.
    return word[start].title()[0] + marks[:_MARKS_MAX]


def colour(name: str) -> int:
    """Give everybody of a name the same of the palette's colours, on this site alone."""
    return _colour(config.current().secret_key, name)


@lru_cache(_NAMES_KEPT)
def _colour(key: str, name: str) -> int:
    return int(tokens.keyed_hash(key, "colour", name), 16) % COLOURS
