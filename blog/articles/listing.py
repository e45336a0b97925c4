"""Lists of public articles, newest first and cut into pages, and what else there is to list.

A list is cut by an index that holds all it needs, so its last page costs about what its first
does; only the rows of one page are read. What is scheduled or expired follows from `now`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    case,
    desc,
    func,
    not_,
    select,
)
from sqlalchemy.orm import aliased, selectinload, undefer
from sqlalchemy.sql.base import ExecutableOption

from blog import db, permissions
from blog.articles import (
    Article,
    ArticleAuthor,
    ArticleTopic,
    Author,
    Listed,
    Page,
    cards,
    is_public,
)
from blog.errors import NotFound

PAGE_ARTICLES = 12
FEED_ENTRIES = 15
# An earlier date is a slip of the pen, for which no list of years shall grow long.
FIRST_YEAR = 1900

_Found = Select[str, datetime | None]
_Link = type[ArticleAuthor] | type[ArticleTopic]


@dataclass(frozen=True)
class Listing:
    """One page of a list, with its number, how many pages there are and how many articles."""

    items: Sequence[Article]
    page: int
    pages: int
    total: int


@dataclass(frozen=True)
class TopicCount:
    """A topic as the newest article on it writes it, and how many articles there are."""

    slug: str
    name: str
    total: int


def is_listed(link: type[Listed], now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Condition that the article of a link can be read, as `is_public` has it of the article."""
    return permissions.within(link.public_from, link.public_until, now)


def newest(page: int = 1, *, now: datetime, size: int = PAGE_ARTICLES) -> Listing:
    """Return articles anybody can read.

    Raises: NotFound past the last page.
    """
    return _cut(_articles(now), page, size, now)


def by_author(author_id: str, page: int = 1, *, now: datetime) -> Listing:
    """Return an author's articles.

    Raises: NotFound past the last page.
    """
    return _cut(
        _linked(ArticleAuthor, ArticleAuthor.author_id == author_id, now), page, PAGE_ARTICLES, now
    )


def on_topic(slug: str, page: int = 1, *, now: datetime) -> Listing:
    """Return the articles on a topic.

    Raises: NotFound past the last page.
    """
    return _cut(_linked(ArticleTopic, ArticleTopic.slug == slug, now), page, PAGE_ARTICLES, now)


def whole(
    *, now: datetime, topic: str | None = None, author_id: str | None = None
) -> Sequence[Article]:
    """Return the newest articles with their texts, on a topic or of an author where one is named."""
    if topic is not None:
        found = _linked(ArticleTopic, ArticleTopic.slug == topic, now)
    elif author_id is not None:
        found = _linked(ArticleAuthor, ArticleAuthor.author_id == author_id, now)
    else:
        found = _articles(now)
    texts = undefer(Article.html), undefer(Article.html_policy)
    return _read(found.limit(FEED_ENTRIES), now, *texts)


def of_year(year: int, page: int = 1, *, zone: ZoneInfo, now: datetime) -> Listing:
    """Return the articles of a year as it is counted in a time zone.

    Raises: NotFound past the last page.
    """
    within = and_(_since(year, zone), not_(_since(year + 1, zone)))
    return _cut(_articles(now).where(within), page, PAGE_ARTICLES, now)


def everything(page: int = 1, *, size: int = 50) -> Listing:
    """Return all articles whatever their state, undated ones first; for those who work on the site.

    Raises: NotFound past the last page.
    """
    pages, total = _count(select(Article.id), page, size)
    undated = Article.published_at.is_(None).desc()
    query = (
        select(Article)
        .options(selectinload(Article.author_links))
        .order_by(undated, Article.published_at.desc(), Article.id)
        .limit(size)
        .offset((page - 1) * size)
    )
    return Listing(db.session.execute(query).scalars().all(), page, pages, total)


def years(*, zone: ZoneInfo, now: datetime) -> dict[int, int]:
    """Return how many articles each year has, newest first, as years are counted in a time zone."""
    oldest = db.session.execute(
        select(func.min(Article.published_at)).where(is_public(now), _since(FIRST_YEAR, zone))
    ).scalar_one()
    if oldest is None:
        return {}
    span = range(now.astimezone(zone).year, oldest.astimezone(zone).year - 1, -1)
    year = case(*((_since(year, zone), year) for year in span)).label("year")
    counted = (
        select(year, func.count())
        .where(is_public(now), Article.published_at >= oldest)
        .group_by("year")
        .order_by(desc("year"))
    )
    return dict(db.session.execute(counted).all())


def topics(*, now: datetime, slugs: Collection[str] | None = None) -> list[TopicCount]:
    """Return the topics that readers find articles on, of these slugs if any are named, by name."""
    newest_of = aliased(ArticleTopic)
    name = (
        select(newest_of.name)
        .where(newest_of.slug == ArticleTopic.slug, is_listed(newest_of, now))
        .order_by(newest_of.public_from.desc(), newest_of.article_id)
        .limit(1)
    )
    query = (
        select(ArticleTopic.slug, name.scalar_subquery(), func.count())
        .where(is_listed(ArticleTopic, now))
        .group_by(ArticleTopic.slug)
    )
    if slugs is not None:
        query = query.where(ArticleTopic.slug.in_(slugs))
    found = [TopicCount(*row) for row in db.session.execute(query)]
    return sorted(found, key=lambda topic: (topic.name.casefold(), topic.slug))


def topic(slug: str, *, now: datetime) -> ArticleTopic | None:
    """Return a topic as the newest article on it writes it; one that isn't public has no say."""
    query = (
        select(ArticleTopic)
        .where(ArticleTopic.slug == slug, is_listed(ArticleTopic, now))
        .order_by(ArticleTopic.public_from.desc(), ArticleTopic.article_id)
        .limit(1)
    )
    return db.session.execute(query).scalar_one_or_none()


def authors(author_ids: Collection[str] | None = None) -> Sequence[Author]:
    """Return whole profiles, of all authors where none are named, in the order of the names."""
    query = select(Author).order_by(Author.name, Author.id)
    if author_ids is not None:
        query = query.where(Author.id.in_(author_ids))
    whole = query.options(undefer(Author.html), undefer(Author.html_policy))
    # Those that a list of articles brought along came without their texts.
    return db.session.execute(whole.execution_options(populate_existing=True)).scalars().all()


def counts_by_author(*, now: datetime) -> dict[str, int]:
    """Return how many articles each author has that anybody can read; none is left out."""
    query = (
        select(ArticleAuthor.author_id, func.count())
        .where(is_listed(ArticleAuthor, now))
        .group_by(ArticleAuthor.author_id)
    )
    return dict(db.session.execute(query).all())


def pages(page_ids: Collection[str] | None = None, *, is_whole: bool = False) -> Sequence[Page]:
    """Return the pages that stand by themselves, or some of them, by id, with texts if whole."""
    query = select(Page).order_by(Page.id)
    if page_ids is not None:
        query = query.where(Page.id.in_(page_ids))
    if is_whole:
        query = query.options(undefer(Page.html), undefer(Page.html_policy), undefer(Page.source))
    return db.session.execute(query).scalars().all()


def _begins(year: int, zone: ZoneInfo) -> datetime:
    return datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)


def _since(year: int, zone: ZoneInfo) -> ColumnElement[bool]:
    return Article.published_at >= _begins(year, zone)


def _articles(now: datetime) -> _Found:
    return select(Article.id.label("id"), Article.published_at.label("at")).where(is_public(now))


def _linked(link: _Link, of: ColumnElement[bool], now: datetime) -> _Found:
    found = select(link.article_id.label("id"), link.public_from.label("at"))
    return found.where(of, is_listed(link, now))


def _cut(found: _Found, page: int, size: int, now: datetime) -> Listing:
    """Cut a page out of a list by ids alone, and read its articles."""
    pages, total = _count(found, page, size)
    return Listing(_read(found.limit(size).offset((page - 1) * size), now), page, pages, total)


def _read(found: _Found, now: datetime, *texts: ExecutableOption) -> Sequence[Article]:
    """Read the articles of one part of a list."""
    part = found.order_by(desc("at"), "id").subquery()
    query = cards(now).join(part, part.c.id == Article.id).order_by(part.c.at.desc(), part.c.id)
    return db.session.execute(query.options(*texts)).scalars().all()


def _count(found: Select[*tuple[Any, ...]], page: int, size: int) -> tuple[int, int]:
    """Return how many pages there are, at least one, and how many articles."""
    total = db.session.execute(select(func.count()).select_from(found.subquery())).scalar_one()
    pages = max(1, -(-total // size))
    if page > pages:
        raise NotFound("There are not that many pages.")
    return pages, total
