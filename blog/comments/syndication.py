"""The newest comments of an article, as its feed shows them: published ones alone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from blog import db
from blog.articles.listing import FEED_ENTRIES
from blog.comments import Comment, CommentState


def newest_on(article_id: str) -> Sequence[Comment]:
    """Return the newest published comments of an article."""
    query = (
        select(Comment)
        .where(Comment.article_id == article_id, Comment.state == CommentState.APPROVED)
        .order_by(Comment.id.desc())
        .limit(FEED_ENTRIES)
    )
    return db.session.execute(query).scalars().all()
