"""Under which articles somebody may decide about comments: all, or those of her author profile.

Where all are meant a query is asked as it is, without another word in it. A profile whose file is
gone has no articles.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from blog import articles, db
from blog.accounts import User
from blog.articles import ArticleAuthor, Author
from blog.permissions import limit_of


class Lack(StrEnum):
    """Why there is no article whose comments an author could decide about."""

    PROFILE = "profile"
    FILE = "file"
    ARTICLES = "articles"


def is_of(article_id: str, author_id: str) -> bool:
    """Tell whether an author with this profile wrote an article."""
    query = _of(author_id).where(ArticleAuthor.article_id == article_id)
    return db.session.execute(query).first() is not None


def covers(by: User, article_id: str) -> bool:
    """Tell whether somebody may decide about the comments of an article."""
    limit = limit_of(by)
    return limit is None or is_of(article_id, limit)


def within(by: User | None, article_id: Any) -> list[ColumnElement[bool]]:
    """Limit a query that finds its rows by something else; `by` is None for an operator."""
    limit = limit_of(by) if by else None
    if limit is None:
        return []
    return [_of(limit).where(ArticleAuthor.article_id == article_id).exists()]


def along(by: User | None, article_id: Any) -> list[ColumnElement[bool]]:
    """Limit a query to rows that are found article by article."""
    limit = limit_of(by) if by else None
    return [] if limit is None else [article_id.in_(_of(limit))]


def _of(author_id: str) -> Select[str]:
    has_profile = select(Author.id).where(Author.id == author_id).exists()
    return select(ArticleAuthor.article_id).where(ArticleAuthor.author_id == author_id, has_profile)


def lacking(by: User) -> Lack | None:
    """Tell why somebody can't decide about any comment; None for who can, or could."""
    limit = limit_of(by)
    if limit is None or db.session.execute(_of(limit).limit(1)).first():
        return None
    if not limit:
        return Lack.PROFILE
    return Lack.ARTICLES if articles.author(limit) else Lack.FILE
