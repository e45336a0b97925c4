"""Articles for programs: lists of them, one by id or slug, and what a search finds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from flask import Response
from msgspec import UNSET

from blog import articles, comments, db, markup, schemas, urls
from blog.api import answers, parameters, people
from blog.api.surface import reads
from blog.articles import Article, Author, choosing, listing, search, syndication
from blog.articles.choosing import Choice
from blog.articles.filtering import FILTER_MAX_CHARS, Condition, Filter, Group, Sign, Value
from blog.articles.listing import TopicCount
from blog.errors import BadParameter, NotFound

LIMIT, LIMIT_MOST = 15, 100
PAGE_MOST = 999_999
_FORMATS = tuple(choosing.FORMATS)
_FIELDS = tuple(name for name in schemas.Article.__struct_fields__ if name not in _FORMATS)
_NONE = "There is no such article that anybody can read."
MISSING = "No article that anybody can read is at this address."

INCLUDE = parameters.names(
    "include",
    "Related things to send whole; their names and addresses are there always.",
    ("author", "topics"),
)
FORMATS = parameters.names(
    "formats",
    "In which formats to send the text; lists come without, one article as HTML.",
    _FORMATS,
)
FIELDS = parameters.names(
    "fields",
    "Send only these; the formats of the text have a parameter of their own.",
    _FIELDS,
    is_kept=False,
)
LIMIT_ASKED = parameters.number(
    "limit", "How many at once.", most=LIMIT_MOST, default=LIMIT, few=(5, 10, 20, 50, LIMIT_MOST)
)
PAGE = parameters.number("page", "Which page, from 1.", most=PAGE_MOST, default=1)
CURSOR = parameters.text(
    "cursor",
    "Go on after what a list gave as `meta.pagination.cursor`; steady while articles are added.",
    max_chars=choosing.CURSOR_MAX_CHARS,
    allowed=("the meta.pagination.cursor of the answer before, in the same order",),
)
FILTER = parameters.text(
    "filter",
    "Conditions as `topic:skin+published_at:>now-30d`: `+` is and, `,` is or, `-` is not,"
    " `[a,b]` any of these, `~` holds, `~^` begins with, `~$` ends with; also > >= < <= and ()."
    f" Of {', '.join(f'`{name}`' for name in choosing.KINDS)}.",
    max_chars=FILTER_MAX_CHARS,
    read=choosing.read_filter,
    example="topic:daily-care+published_at:<now",
    allowed=tuple(choosing.KINDS),
)
ORDER = parameters.text(
    "order",
    f"By what, as `{choosing.NEWEST_FIRST}`; up to {choosing.ORDER_MAX_KEYS} with commas, of"
    f" {', '.join(f'`{name}`' for name in choosing.ORDERS)}.",
    max_chars=200,
    read=choosing.read_order,
    default=choosing.read_order(choosing.NEWEST_FIRST),
    example="title asc",
    allowed=choosing.ORDERS,
    pattern=choosing.ORDER_PATTERN,
)
QUERY = parameters.text(
    "q",
    "The words to look for.",
    max_chars=search.QUERY_MAX_CHARS,
    is_required=True,
    example="needles",
)
WORDS = replace(
    QUERY,
    about="Only those that a search for these words finds, 200 at most; in the list’s own order.",
    is_required=False,
)
TOPIC = parameters.text("topic", "Only on this topic: its slug.", max_chars=100)
AUTHOR = parameters.text("author", "Only by this author: her id.", max_chars=100)


@reads(
    "/articles",
    tag="Articles",
    gives=schemas.Article,
    is_list=True,
    asks=(INCLUDE, FORMATS, FIELDS, FILTER, TOPIC, AUTHOR, WORDS, ORDER, LIMIT_ASKED, PAGE, CURSOR),
    example="/articles?include=author&limit=2",
)
def list_articles(asked: dict[str, Any]) -> Response:
    """List articles that anybody can read.

    The newest come first. Drafts, scheduled and expired articles are never among them.
    """
    now = db.utc_now()
    choice = Choice(_where(asked, now), asked["order"], asked["limit"])
    part = _part(choice, asked, now)
    shown = _shown(part.items, asked, asked["formats"], now=now)
    return answers.many(shown, _pagination(part, choice.limit))


def _where(asked: dict[str, Any], now: datetime) -> Filter | None:
    """Put the shortcuts beside the filter."""
    shortcuts = [
        Condition(name, Sign.IS, (Value(asked[name], is_quoted=True),))
        for name in ("topic", "author")
        if asked[name]
    ]
    if asked["q"]:
        ids = search.found_ids(asked["q"], now=now)
        shortcuts.append(
            Condition("id", Sign.IS, tuple(Value(each, is_quoted=True) for each in ids))
        )
    parts = [*([asked["filter"]] if asked["filter"] else []), *shortcuts]
    return Group(tuple(parts)) if parts else None


def _part(choice: Choice, asked: dict[str, Any], now: datetime) -> choosing.Part:
    if asked["cursor"] is None:
        return choosing.page(choice, asked["page"], now=now, formats=asked["formats"])
    if asked["page"] != PAGE.default:
        words = "A cursor is no page: please leave one of them out."
        raise BadParameter("page", words, PAGE.allowed)
    try:
        return choosing.following(choice, asked["cursor"], now=now, formats=asked["formats"])
    except ValueError as error:
        raise BadParameter("cursor", str(error), CURSOR.allowed) from None


def _pagination(part: choosing.Part, limit: int) -> schemas.Pagination:
    if part.page is None:
        return schemas.Pagination(limit=limit, total=part.total, cursor=part.cursor or None)
    numbered = answers.numbered(part.page, limit, part.total)
    return msgspec.structs.replace(numbered, cursor=part.cursor or None)


@reads(
    "/articles/<article_id>",
    tag="Articles",
    gives=schemas.Article,
    asks=(INCLUDE, FORMATS, FIELDS),
    missing=MISSING,
    example="/articles/{article_id}?formats=html,toc",
)
def show_article(asked: dict[str, Any], article_id: str) -> Response:
    """Show an article by its id."""
    return _show(Article.id == article_id, asked)


@reads(
    "/articles/slug/<slug>",
    tag="Articles",
    gives=schemas.Article,
    asks=(INCLUDE, FORMATS, FIELDS),
    missing=MISSING,
    example="/articles/slug/{slug}",
)
def show_article_at(asked: dict[str, Any], slug: str) -> Response:
    """Show an article by its slug."""
    return _show(Article.slug == slug, asked)


def readable(article_id: str, *, now: datetime) -> Article:
    """Return a public article.

    Raises: NotFound.
    """
    article = articles.public_by_id(article_id, now=now)
    if article is None:
        raise NotFound(_NONE)
    return article


def _show(condition: Any, asked: dict[str, Any]) -> Response:
    now = db.utc_now()
    formats = asked["formats"] or ("html",)
    article = choosing.the_one(condition, now=now, formats=formats)
    if article is None:
        raise NotFound(_NONE)
    return answers.one(_shown([article], asked, formats, now=now)[0])


@reads(
    "/search",
    tag="Articles",
    gives=schemas.Hit,
    is_list=True,
    asks=(QUERY, PAGE),
    example="/search?q=needles",
)
def search_articles(asked: dict[str, Any]) -> Response:
    """Find articles by their words.

    Slips of the pen are forgiven: where nothing holds all words, close ones are tried, then any of
    them. At most 200 are counted; a page has 12.
    """
    now = db.utc_now()
    found = search.find(asked["q"], now=now, page=asked["page"])
    items = [hit.article for hit in found.hits]
    counts = comments.counts_on(article.id for article in items)
    shown = [
        schemas.Hit(
            article=article_of(hit.article, counts.get(hit.article.id, 0), now=now),
            title_html=str(hit.title),
            summary_html=str(hit.summary),
            excerpt_html=str(hit.excerpt),
        )
        for hit in found.hits
    ]
    return answers.many(shown, answers.numbered(found.page, listing.PAGE_ARTICLES, found.total))


def _shown(
    found: Sequence[Article],
    asked: dict[str, Any],
    formats: Collection[str],
    *,
    now: datetime,
) -> list[Any]:
    """Make of articles what is sent, with the counts of their comments in one statement."""
    counts = comments.counts_on(article.id for article in found)
    whole = _whole(found, asked["include"], now=now)
    fields = (*asked["fields"], *asked["formats"]) if asked["fields"] else ()
    made = [
        article_of(article, counts.get(article.id, 0), formats, whole, now=now) for article in found
    ]
    return [answers.only(each, fields) for each in made]


@dataclass(frozen=True)
class _Whole:
    """What was asked to be sent whole beside articles."""

    authors: Mapping[str, Author]
    topics: Mapping[str, TopicCount]


_STUBS = _Whole({}, {})


def _whole(found: Sequence[Article], include: Collection[str], *, now: datetime) -> _Whole:
    ids = {author.id for article in found for author in article.authors}
    return _Whole(
        {each.id: each for each in listing.authors(ids)} if "author" in include else {},
        {each.slug: each for each in listing.topics(now=now)} if "topics" in include else {},
    )


def article_of(
    article: Article,
    comment_count: int,
    formats: Collection[str] = (),
    whole: _Whole = _STUBS,
    *,
    now: datetime,
) -> schemas.Article:
    """Make what is sent of an article."""
    path = urls.article(article.slug)
    published_at = article.published_at or now
    closed = comments.closed_because(article, now=now)
    return schemas.Article(
        id=article.id,
        slug=article.slug,
        title=article.title,
        summary=article.summary,
        url=urls.absolute(path),
        canonical=article.canonical,
        published_at=published_at,
        updated_at=syndication.changed_at(published_at, article.updated_at, now=now),
        cover=_cover(article),
        words=article.words,
        reading_minutes=article.reading_minutes,
        noindex=article.noindex,
        comments=schemas.Talk(count=comment_count, is_open=not closed, closed_because=closed),
        authors=[
            people.author_of(each, is_whole=each.id in whole.authors) for each in article.authors
        ],
        topics=[_topic(each.slug, each.name, whole) for each in article.topics],
        **_texts(article, path, formats),
    )


def _topic(slug: str, name: str, whole: _Whole) -> schemas.Topic:
    counted = whole.topics.get(slug)
    return people.topic_of(slug, name, counted.total if counted else UNSET)


def _cover(article: Article) -> schemas.Picture | None:
    if not article.cover:
        return None
    return schemas.Picture(
        url=urls.absolute(article.cover),
        alt=article.cover_alt or "",
        width=article.cover_width,
        height=article.cover_height,
    )


def _texts(article: Article, path: str, formats: Collection[str]) -> dict[str, Any]:
    made: dict[str, Callable[[], Any]] = {
        "html": lambda: markup.article_html_elsewhere(article.body, urls.absolute(""), path),
        "markdown": lambda: f"{article.source.strip()}\n",
        "plaintext": lambda: article.text,
        "toc": lambda: [
            schemas.Heading(level=level, id=name, text=text) for level, name, text in article.toc
        ],
    }
    return {name: made[name]() for name in formats}
