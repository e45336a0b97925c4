"""What is kept of how comments came: by whom, and what their words look like.

Holds keyed hashes that tell a place or a browser from another and nothing else; no address. What
is older than a month is swept by the mail worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    ScalarSelect,
    String,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from blog import db
from blog.comments.model import Comment, CommentState

KEPT = timedelta(days=30)
# As many go in one transaction; others want to write too.
_SWEPT = 500
_COUNTED_TO = 100
_COMPARED = 100
_HOUR = timedelta(hours=1)


class CommentTrace(db.Model):
    """How one comment came."""

    __tablename__ = "comment_trace"
    __table_args__ = (
        Index("ix_comment_trace_client_hash", "client_hash", "at"),
        Index("ix_comment_trace_words_hash", "words_hash"),
        Index("ix_comment_trace_reader_hash", "reader_hash"),
    )

    comment_id: Mapped[int] = mapped_column(
        ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    client_hash: Mapped[str] = mapped_column(String(32))
    reader_hash: Mapped[str] = mapped_column(String(64))
    words_hash: Mapped[str] = mapped_column(String(32))
    sketch: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class Before:
    """What came before: as often as counting goes, which is a hundred."""

    same: int
    in_last_hour: int
    published: int
    sketches: Sequence[bytes]


def _counted(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    some = select(CommentTrace.comment_id).where(*conditions).limit(_COUNTED_TO)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


_OTHERS = CommentTrace.comment_id != bindparam("apart_from")
_COUNTS = select(
    _counted(_OTHERS, CommentTrace.words_hash == bindparam("words_hash")),
    _counted(
        _OTHERS,
        CommentTrace.client_hash == bindparam("client_hash"),
        CommentTrace.at > bindparam("since"),
    ),
    _counted(
        _OTHERS,
        CommentTrace.reader_hash == bindparam("reader_hash"),
        # Not joined: a planner that knows nothing of the tables may begin with all comments.
        select(Comment.state).where(Comment.id == CommentTrace.comment_id).scalar_subquery()
        == CommentState.APPROVED,
    ),
)
_LATEST = (
    select(CommentTrace.sketch)
    .where(_OTHERS)
    .order_by(CommentTrace.comment_id.desc())
    .limit(_COMPARED)
)
_OLDEST = select(CommentTrace.comment_id).order_by(CommentTrace.comment_id).limit(_SWEPT)
_SWEEP = delete(CommentTrace).where(
    CommentTrace.comment_id.in_(_OLDEST), CommentTrace.at < bindparam("until")
)
_ADD = insert(CommentTrace.metadata.tables[CommentTrace.__tablename__])


def before(
    *, words_hash: str, client_hash: str, reader_hash: str, apart_from: int = 0, now: datetime
) -> Before:
    """Look up what came before, but for one comment's own trace."""
    known = {
        "words_hash": words_hash,
        "client_hash": client_hash,
        "reader_hash": reader_hash,
        "since": now - _HOUR,
        "apart_from": apart_from,
    }
    # Past the session's own ways, which take longer than these small questions.
    connection = db.session.connection()
    same, in_last_hour, published = connection.execute(_COUNTS, known).one()
    sketches = connection.execute(_LATEST, {"apart_from": apart_from}).scalars().all()
    return Before(same, in_last_hour, published, sketches)


def keep(
    comment_id: int,
    *,
    client_hash: str,
    reader_hash: str,
    words_hash: str,
    sketch: bytes,
    now: datetime,
) -> None:
    """Note how a comment came."""
    values = {
        "comment_id": comment_id,
        "at": now,
        "client_hash": client_hash,
        "reader_hash": reader_hash,
        "words_hash": words_hash,
        "sketch": sketch,
    }
    db.session.connection().execute(_ADD, values)


def sweep(now: datetime) -> None:
    """Forget what is older than a month."""
    swept = _SWEPT
    while swept == _SWEPT:
        with db.writing():
            swept = db.session.connection().execute(_SWEEP, {"until": now - KEPT}).rowcount


def change(comment_id: int, *, words_hash: str, sketch: bytes) -> None:
    """Note what the words of a comment look like now."""
    own = CommentTrace.comment_id == comment_id
    query = update(CommentTrace).where(own).values(words_hash=words_hash, sketch=sketch)
    db.session.connection().execute(query)


def erase(comment_id: int) -> None:
    """Forget how a comment came."""
    query = delete(CommentTrace).where(CommentTrace.comment_id == comment_id)
    db.session.connection().execute(query)
