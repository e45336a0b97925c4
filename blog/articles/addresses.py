"""Addresses of articles: whether one is at a path, or was there and was taken away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select

from blog import db, urls
from blog.articles import Article, ArticlePath, is_public


def is_public_at(path: str, *, now: datetime) -> bool:
    """Tell whether a path is the present address of an article that anybody can read."""
    query = select(Article.id).where(is_public(now), Article.slug == urls.slug_at(path))
    return db.session.execute(query).first() is not None


def is_gone(path: str, *, now: datetime) -> bool:
    """Tell whether readers found an article at a path who find none there now."""
    known = db.session.get(ArticlePath, path)
    if known is not None and known.was_public:
        return True
    here = Article.slug == urls.slug_at(path)
    if known is not None:
        here = or_(here, Article.id == known.article_id)
    rows = db.session.execute(select(Article).where(here)).scalars()
    return any(article.was_public(now=now) for article in rows)
