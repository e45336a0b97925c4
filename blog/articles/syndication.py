"""Articles as programs fetch them: the newest whole for feeds, and all addresses for the sitemap.

Knows what search engines are shown: an article that says `noindex`, or whose own address is on
another site, is not among it. Feeds hold both, since who subscribes has found the site already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import selectinload, undefer

from blog import db, urls
from blog.articles import Article, ArticleAuthor, ArticleTopic, Author, Page, is_public

FEED_ENTRIES = 20


@dataclass(frozen=True)
class Address:
    """A page for search engines, and when it last changed where that is known."""

    path: str
    changed_at: datetime | None = None


def newest(
    *, now: datetime, topic: str | None = None, author_id: str | None = None
) -> Sequence[Article]:
    """Return the newest articles, of a topic or an author where one is named, with their text."""
    query = (
        select(Article)
        .where(is_public(now))
        .options(
            undefer(Article.html),
            undefer(Article.html_policy),
            selectinload(Article.author_links),
            selectinload(Article.topics),
        )
        .order_by(Article.published_at.desc(), Article.id)
        .limit(FEED_ENTRIES)
    )
    if topic is not None:
        query = query.where(Article.topics.any(ArticleTopic.slug == topic))
    if author_id is not None:
        query = query.where(Article.author_links.any(ArticleAuthor.author_id == author_id))
    return db.session.execute(query).scalars().all()


def changed_at(
    published_at: datetime | None, updated_at: datetime | None, *, now: datetime
) -> datetime:
    """Return when a public article last changed, which is never before it appeared nor to come."""
    appeared_at = published_at or now
    return updated_at if updated_at and appeared_at < updated_at <= now else appeared_at


def shown_to_search(*, now: datetime, limit: int) -> Sequence[Article]:
    """Return the newest articles that search engines are shown."""
    query = (
        select(Article)
        .where(is_public(now), _is_indexed())
        .order_by(Article.published_at.desc(), Article.id)
        .limit(limit)
    )
    return db.session.execute(query).scalars().all()


def _is_indexed() -> ColumnElement[bool]:
    own = urls.absolute(urls.article("")) + Article.slug
    return ~Article.noindex & or_(Article.canonical.is_(None), Article.canonical == own)


def addresses(*, now: datetime) -> list[Address]:
    """Return every page that search engines are shown, in five statements whatever the number."""
    rows = db.session.execute(
        select(
            Article.id,
            Article.slug,
            Article.published_at,
            Article.updated_at,
            _is_indexed().label("is_indexed"),
        )
        .where(is_public(now))
        .order_by(Article.published_at, Article.id)
    ).all()
    changed = {row.id: changed_at(row.published_at, row.updated_at, now=now) for row in rows}
    return [
        Address("/", max(changed.values(), default=None)),
        Address(urls.topics()),
        Address(urls.archive()),
        *(Address(urls.article(row.slug), changed[row.id]) for row in rows if row.is_indexed),
        *_topics(changed),
        *_authors(changed),
        *_pages(),
        Address(urls.contact()),
    ]


def _topics(changed: dict[str, datetime]) -> Iterator[Address]:
    pairs = select(ArticleTopic.slug, ArticleTopic.article_id).order_by(ArticleTopic.slug)
    return (Address(urls.topic(slug), at) for slug, at in _latest(pairs, changed).items())


def _authors(changed: dict[str, datetime]) -> Iterator[Address]:
    pairs = select(ArticleAuthor.author_id, ArticleAuthor.article_id)
    latest = _latest(pairs, changed)
    profiles = db.session.execute(select(Author.id).order_by(Author.id)).scalars()
    return (Address(urls.author(author_id), latest.get(author_id)) for author_id in profiles)


def _latest(pairs: Select[str, str], changed: dict[str, datetime]) -> dict[str, datetime]:
    """Return when the last change was among the public articles that each name is paired with."""
    latest: dict[str, datetime] = {}
    for name, article_id in db.session.execute(pairs):
        if article_id in changed:
            latest[name] = max(changed[article_id], latest.get(name, changed[article_id]))
    return latest


def _pages() -> Iterator[Address]:
    shown = select(Page.id).where(~Page.noindex).order_by(Page.id)
    return (Address(urls.page(page_id)) for page_id in db.session.execute(shown).scalars())
