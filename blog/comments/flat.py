"""The published comments of an article, or of one branch of its thread, one after the other.

They stand in the order of their times, and are cut behind one of them: what comes in meanwhile
moves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, tuple_

from blog import db
from blog.articles import Article
from blog.comments import places, thread
from blog.comments.model import Comment
from blog.comments.thread import Shown


@dataclass(frozen=True)
class Part:
    """Some comments, how many there are, and whether more follow."""

    items: Sequence[Shown]
    total: int
    is_more: bool


def part_of(
    article: Article,
    *,
    branch_id: int | None = None,
    after: tuple[datetime, int] | None = None,
    newest_first: bool = False,
    limit: int,
) -> Part:
    """Return the comments that follow a time and id, or the first ones; of one branch if named."""
    found = select(Comment.id).where(*places.published_on(article.id))
    if branch_id is not None:
        found = found.where(or_(Comment.root_id == branch_id, Comment.id == branch_id))
    total = db.session.execute(select(func.count()).select_from(found.subquery())).scalar_one()
    place = tuple_(Comment.created_at, Comment.id)
    if after is not None:
        found = found.where(place < tuple_(*after) if newest_first else place > tuple_(*after))
    columns = (Comment.created_at, Comment.id)
    found = found.order_by(*(each.desc() if newest_first else each for each in columns))
    ids = db.session.execute(found.limit(limit + 1)).scalars().all()
    shown = thread.shown(article, ids[:limit])
    return Part(shown, total, len(ids) > limit)
