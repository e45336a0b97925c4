"""Articles as search engines are shown them: all addresses for the sitemap, and the newest.

An article that says `noindex`, or whose own address is on another site, is not among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select

from blog import db, urls
from blog.articles import Article, ArticleAuthor, ArticleTopic, Author, Page, is_public


class Address(NamedTuple):
    """A page for search engines, and when it last changed where that is known."""

    path: str
    changed_at: datetime | None = None


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
    # Plain rows: objects would cost more than all else.
    query = (
        select(
            Article.id,
            Article.slug,
            Article.published_at,
            Article.updated_at,
            _is_indexed(),
        )
        .where(is_public(now))
        .order_by(Article.published_at, Article.id)
    )
    changed: dict[str, datetime] = {}
    shown: list[Address] = []
    for article_id, slug, appeared_at, updated_at, is_indexed in _rows(query):
        moment = changed[article_id] = changed_at(appeared_at, updated_at, now=now)
        if is_indexed:
            shown.append(Address(urls.article(slug), moment))
    return [
        Address("/", max(changed.values(), default=None)),
        Address(urls.topics()),
        Address(urls.archive()),
        *shown,
        *_topics(changed),
        *_authors(changed),
        *_pages(),
        Address(urls.contact()),
    ]


def _rows(query: Select[*tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    return db.session.connection().execute(query).all()


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
    for name, article_id in _rows(pairs):
        moment = changed.get(article_id)
        if moment is not None and moment >= latest.get(name, moment):
            latest[name] = moment
    return latest


def _pages() -> Iterator[Address]:
    shown = select(Page.id).where(~Page.noindex).order_by(Page.id)
    return (Address(urls.page(page_id)) for page_id in db.session.execute(shown).scalars())
