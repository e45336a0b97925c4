"""Addresses of articles: what is at a path, where an old one leads, and what was taken away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select

from blog import db, urls
from blog.articles import Article, ArticlePath, cards, is_public

_PREFIX = urls.article("")


def moved_to(path: str, *, now: datetime) -> Article | None:
    """Return the article an old path led to."""
    query = cards(now).join(ArticlePath, ArticlePath.article_id == Article.id)
    return db.session.execute(query.where(ArticlePath.path == path)).scalar_one_or_none()


def is_public_at(path: str, *, now: datetime) -> bool:
    """Tell whether a path is the present address of an article that anybody can read."""
    query = select(Article.id).where(is_public(now), Article.slug == urls.slug_at(path))
    return db.session.execute(query).first() is not None


def of_others(paths: Collection[str], *, but: str) -> Sequence[tuple[str, Article]]:
    """Return those of some paths at which other articles are or were, each with its article."""
    own_path = _PREFIX + Article.slug
    was = select(ArticlePath.path, Article).join(Article, Article.id == ArticlePath.article_id)
    queries = (
        select(own_path, Article).where(Article.slug.in_([*map(urls.slug_at, paths)])),
        was.where(ArticlePath.path.in_(paths)),
    )
    found = (db.session.execute(query.where(Article.id != but)) for query in queries)
    return [(path, article) for rows in found for path, article in rows]


def led_to(article_id: str) -> bool:
    """Tell whether any old address is known of an article, be it there or not."""
    query = select(ArticlePath.path).where(ArticlePath.article_id == article_id)
    return db.session.execute(query.limit(1)).first() is not None


def is_gone(path: str, *, now: datetime) -> bool:
    """Tell whether readers found an article at a path who find none there now."""
    known = db.session.get(ArticlePath, path)
    if known is not None and known.was_public:
        return True
    here = Article.slug == urls.slug_at(path)
    if known is not None:
        here = or_(here, Article.id == known.article_id)
    rows = db.session.execute(select(Article).where(here)).scalars()
    return any(was_public(article, now=now) for article in rows)


def old(*, limit: int, first: int, now: datetime) -> tuple[Sequence[tuple[str, str | None]], int]:
    """Return some of the paths that led to articles once, with the slug that each leads to now.

    None where readers found an article that isn't there any more. A path that is an article's own
    address by now is not among them.

    Returns: those, and how many there are.
    """
    leads_to = select(Article.slug).where(Article.id == ArticlePath.article_id, is_public(now))
    slug = leads_to.scalar_subquery()
    # Looked up by its slug: put together for each article, its path would be for each of these.
    own_slug = func.substr(ArticlePath.path, len(_PREFIX) + 1)
    is_own = (ArticlePath.path.startswith(_PREFIX), Article.slug == own_slug, is_public(now))
    own = select(Article.id).where(*is_own)
    appeared = (
        Article.id == ArticlePath.article_id,
        Article.status.in_(("published", "archived")),
        Article.published_at <= now,
        or_(Article.expires_at.is_(None), Article.expires_at > Article.published_at),
    )
    was_read = or_(ArticlePath.was_public, select(Article.id).where(*appeared).exists())
    is_old = (or_(was_read, slug.is_not(None)), ~own.exists())
    query = select(ArticlePath.path, slug).where(*is_old).order_by(ArticlePath.path)
    found = db.session.execute(query.limit(limit).offset(first)).all()
    total = db.session.execute(select(func.count(ArticlePath.path)).where(*is_old)).scalar_one()
    return [(path, here) for path, here in found], total


def was_public(article: Article, *, now: datetime) -> bool:
    """Tell whether readers found an article at some time, be it now."""
    appeared_at, expires_at = article.published_at, article.expires_at
    return (
        article.status in ("published", "archived")
        and appeared_at is not None
        and appeared_at <= now
        and (expires_at is None or expires_at > appeared_at)
    )
