"""Comments that stand first in their thread, because who moderates put them there.

Only what begins a branch can be pinned, and only while it is published.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BindParameter, ForeignKey, Select, String, delete, func, insert, or_, select
from sqlalchemy.orm import Mapped, aliased, mapped_column

from blog import db, journal, permissions, revision
from blog.accounts import User
from blog.comments.model import Comment, CommentState
from blog.errors import Conflict
from blog.permissions import Action

PINNED_MAX = 3
_ENOUGH = f"On this article {PINNED_MAX} comments are pinned already. Unpin one of them first."
_COMING = (
    "The import that is running brings comments that are pinned on this article, and they take the"
    " places that are left. Please try again once it is done."
)
# One that is known, or is told when the statement runs.
ArticleId = str | BindParameter[str]


class CommentPin(db.Model):
    """One comment that is pinned."""

    __tablename__ = "comment_pin"

    comment_id: Mapped[int] = mapped_column(
        ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    article_id: Mapped[str] = mapped_column(String(100), index=True)
    pinned_at: Mapped[datetime]


def on(article_id: ArticleId) -> Select[int]:
    """Select the published comments that are pinned on an article."""
    return _in_states(article_id, CommentState.APPROVED)


def _in_states(article_id: ArticleId, *states: CommentState) -> Select[int]:
    # Not joined: a planner that knows nothing of the tables may begin with all comments.
    its_own = aliased(Comment)
    state = select(its_own.state).where(its_own.id == CommentPin.comment_id).scalar_subquery()
    is_in = or_(*(state == each for each in states))
    return select(CommentPin.comment_id).where(CommentPin.article_id == article_id, is_in)


def among(comment_ids: Iterable[int]) -> set[int]:
    """Return which of some comments are pinned."""
    query = select(CommentPin.comment_id).where(CommentPin.comment_id.in_(list(comment_ids)))
    return set(db.session.execute(query).scalars())


def may_be_pinned(comment: Comment) -> bool:
    """Tell whether a comment begins a branch that readers see."""
    return comment.parent_id is None and comment.state == CommentState.APPROVED


def keep(pinned: Iterable[tuple[int, str, datetime]]) -> None:
    """Let imported comments stand first as they did before, as far as there is room."""
    for comment_id, article_id, pinned_at in pinned:
        here = select(func.count()).where(CommentPin.article_id == article_id)
        if db.session.execute(here).scalar_one() < PINNED_MAX:
            values = {"comment_id": comment_id, "article_id": article_id, "pinned_at": pinned_at}
            db.session.execute(insert(CommentPin), values)


def pin(comment: Comment, *, by: User, now: datetime) -> None:
    """Let a comment stand first.

    Raises: Forbidden where `by` may not moderate it; Conflict where it can't be pinned, or enough are.
    """
    permissions.require(by, Action.MODERATE, of=comment)
    if not may_be_pinned(comment):
        raise Conflict("Only a published comment that answers no other can be pinned.")
    # First, since who pins another at this moment has to wait here.
    revision.touch(db.session)
    if among([comment.id]):
        return
    # Those of an import that is running have their places already.
    kept = _in_states(comment.article_id, CommentState.APPROVED, CommentState.IMPORTING)
    pinned = db.session.execute(kept).scalars().all()
    if len(pinned) >= PINNED_MAX:
        shown = db.session.execute(on(comment.article_id)).scalars().all()
        raise Conflict(_ENOUGH if len(shown) >= PINNED_MAX else _COMING)
    # Those that were taken down meanwhile have lost their place.
    db.session.execute(
        delete(CommentPin).where(
            CommentPin.article_id == comment.article_id, CommentPin.comment_id.not_in(pinned)
        )
    )
    db.session.add(CommentPin(comment_id=comment.id, article_id=comment.article_id, pinned_at=now))
    journal.record("pinned", "comment", comment.id, by=by, now=now)


def unpin(comment: Comment, *, by: User, now: datetime) -> None:
    """Let a comment stand where its time puts it.

    Raises: Forbidden where `by` may not moderate it.
    """
    permissions.require(by, Action.MODERATE, of=comment)
    if among([comment.id]):
        db.session.execute(delete(CommentPin).where(CommentPin.comment_id == comment.id))
        journal.record("unpinned", "comment", comment.id, by=by, now=now)
        revision.touch(db.session)
