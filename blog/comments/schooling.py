"""Learning afterwards: what was decided before anything was learnt, or elsewhere, oldest first.

A comment that was learnt isn't learnt again, so it may be stopped and run anew. What appeared by
itself, or was changed since, nobody judged; it teaches nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast, func, or_, select, tuple_

from blog import db
from blog.comments import by_ids, learning
from blog.comments.learning import CommentLesson
from blog.comments.model import TEACHES, Comment

# As many are learnt in one transaction; others want to write too.
BATCH = 100
_Place = tuple[datetime, int]


def count() -> int:
    """Return how many comments there are to look at."""
    return db.session.execute(select(func.count(Comment.id))).scalar_one()


def learn() -> Iterator[tuple[int, int]]:
    """Learn what isn't learnt yet, in short transactions.

    Returns: for each transaction, how many comments were looked at and how many were learnt.
    """
    place: _Place | None = None
    while found := _after(place):
        ids = [row_id for _, row_id, is_fit in found if is_fit]
        yield len(found), learn_some(ids)
        place = found[-1][0], found[-1][1]


def learn_some(ids: Sequence[int]) -> int:
    """Learn what some comments were taken for, unless somebody decided otherwise meanwhile.

    Returns: how many were learnt.
    """
    if not ids:
        return 0
    with db.writing():
        found = {comment.id: comment for comment in by_ids(ids)}
        return sum(_learnt(found[each]) for each in ids if each in found)


def _learnt(comment: Comment) -> bool:
    is_spam = TEACHES.get(comment.state)
    learning.follow(comment.id, comment.written_text, is_spam=is_spam)
    return is_spam is not None


def _after(place: _Place | None) -> Sequence[tuple[datetime, int, bool]]:
    """Return the next comments, each with whether it is to be learnt."""
    row = (Comment.created_at, Comment.id)
    # Of any state: asked for some, a planner would sort all of these each time.
    query = select(*row, _is_fit())
    if place:
        query = query.where(tuple_(*row) > tuple_(*place))
    found = db.session.execute(query.order_by(*row).limit(BATCH)).all()
    return [(each[0], each[1], each[2]) for each in found]


def _is_fit() -> ColumnElement[bool]:
    is_learnt = select(CommentLesson.comment_id).where(CommentLesson.comment_id == Comment.id)
    is_same = or_(Comment.edited_at.is_(None), Comment.edited_at < Comment.decided_at)
    is_imported = cast(Comment.reasons, Text).contains('"step": "import"')
    is_judged = or_(Comment.decided_at.is_not(None) & is_same, is_imported)
    is_ours = Comment.author_user_id.is_(None) & Comment.edit_of_id.is_(None)
    return Comment.state.in_(TEACHES) & is_judged & is_ours & ~is_learnt.exists()
