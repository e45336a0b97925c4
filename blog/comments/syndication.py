"""The newest comments of an article, as its feed shows them: published ones alone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from blog import db
from blog.articles.listing import FEED_ENTRIES
from blog.comments import Comment, CommentState


def newest_on(article_id: str) -> Sequence[Comment]:
    """Return the newest published comments of an article."""
    order = (Comment.created_at.desc(), Comment.id.desc())
    # The index of threads tells which they are, so that of the others no row is read.
    newest = (
        select(Comment.id)
        .where(Comment.article_id == article_id, Comment.state == CommentState.APPROVED)
        .order_by(*order)
        .limit(FEED_ENTRIES)
    )
    query = select(Comment).where(Comment.id.in_(newest)).order_by(*order)
    return db.session.execute(query).scalars().all()
