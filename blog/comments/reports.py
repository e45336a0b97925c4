"""What readers report about published comments, until somebody has looked.

Nothing happens by itself: a report is open until the comment is decided about or kept as it is.
Who reported is kept as a keyed hash alone, and no longer than a month.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, aliased, mapped_column

from blog import db, journal, permissions
from blog.accounts import User
from blog.comments import COUNTED_TO, paces, reach
from blog.comments.model import Comment, CommentState
from blog.comments.traces import KEPT
from blog.permissions import Action

DETAILS_MAX_CHARS = 500
# So many are open at most; more say nothing new about one comment.
KEPT_MAX = 50
# The verbs of who keeps a comment all the same, and of who takes that back.
KEPT_REPORTED, ASKED_AGAIN = "kept reported", "asked again about"


class ReportReason(StrEnum):
    """Why a comment is reported."""

    SPAM = "spam"
    RUDE = "rude"
    PRIVATE = "private"
    WRONG = "wrong"
    OTHER = "other"


REASONS = {
    ReportReason.SPAM: "spam or advertising",
    ReportReason.RUDE: "rude or hurtful",
    ReportReason.PRIVATE: "private details",
    ReportReason.WRONG: "wrong or dangerous advice",
    ReportReason.OTHER: "something else",
}


class CommentReport(db.Model):
    """What one reader said about one comment."""

    __tablename__ = "comment_report"
    __table_args__ = (
        Index(
            "ix_comment_report_open",
            "comment_id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index("ix_comment_report_comment_id_client_hash", "comment_id", "client_hash", unique=True),
        Index("ix_comment_report_at", "at"),
        # Moderators are told of all up to a number, which is never given twice.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    reason: Mapped[ReportReason] = mapped_column(String(10))
    details: Mapped[str] = mapped_column(String(DETAILS_MAX_CHARS))
    client_hash: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


@dataclass
class Reported:
    """What was said about a comment; `upto` is the last of the reports that this counts."""

    counts: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)
    upto: int = 0


# By another name, since queries of comments ask this too.
_ABOUT, _HERS = aliased(Comment), aliased(Comment)
_EARLIER = aliased(CommentReport)


def _is_asked(row: type[CommentReport]) -> ColumnElement[bool]:
    return exists().where(
        _ABOUT.id == row.comment_id,
        _ABOUT.state == CommentState.APPROVED,
        # Who decided since has looked.
        or_(_ABOUT.decided_at.is_(None), _ABOUT.decided_at <= row.at),
    )


_IS_ASKED = _is_asked(CommentReport)
_IS_OPEN = CommentReport.settled_at.is_(None) & _IS_ASKED


def report(
    comment: Comment, *, reason: ReportReason, details: str, client_hash: str, now: datetime
) -> None:
    """Keep what a reader says about a comment: once for each client, and not of too many."""
    # Those that were settled keep nobody from saying what is wrong now.
    is_open = (CommentReport.comment_id == comment.id, _IS_OPEN)
    count = select(func.count()).select_from(CommentReport).where(*is_open)
    if db.session.execute(count).scalar_one() >= KEPT_MAX:
        return
    values = {
        "comment_id": comment.id,
        "reason": reason,
        "details": details,
        "client_hash": client_hash,
        "at": now,
    }
    once = insert(CommentReport).on_conflict_do_nothing(
        index_elements=["comment_id", "client_hash"]
    )
    db.session.execute(once, values)


def sweep(now: datetime) -> None:
    """Forget who reported long ago, and what needs no looking at any more."""
    is_old = CommentReport.at < now - KEPT
    # What was settled lately can be opened again.
    is_settled = CommentReport.settled_at.is_(None) | (CommentReport.settled_at < now - KEPT)
    is_gone = (is_old, ~_IS_OPEN, is_settled)
    unseen = {"synchronize_session": False}
    with db.writing():
        db.session.execute(delete(CommentReport).where(*is_gone), execution_options=unseen)
        nameless = update(CommentReport).where(is_old).values(client_hash=None)
        db.session.execute(nameless, execution_options=unseen)


def reported() -> Select[int]:
    """Select the comments that have open reports."""
    return select(CommentReport.comment_id).where(_IS_OPEN)


def count_reported(*, by: User | None = None) -> int:
    """Return how many comments have open reports; of those within reach of somebody.

    Units: comments, `COUNTED_TO` where there are more.
    """
    some = select(CommentReport.comment_id).where(*_open_to(by)).distinct().limit(COUNTED_TO)
    return db.session.execute(select(func.count()).select_from(some.subquery())).scalar_one()


def newest() -> int:
    """Return the greatest number of a report, open or not; 0 without one."""
    return db.session.execute(select(func.max(CommentReport.id))).scalar() or 0


def standing(*, upto: int, by: User | None = None) -> tuple[int, int]:
    """Return what tells whether other reports up to a number are open than were before."""
    query = select(func.count(), func.coalesce(func.sum(CommentReport.id), 0))
    row = db.session.execute(query.where(CommentReport.id + 0 <= upto, *_open_to(by))).one()
    return int(row[0]), int(row[1])


def is_any_new(*, after: int, by: User | None = None) -> bool:
    """Tell whether a comment has open reports, all of them after a number, within reach."""
    is_known = exists().where(
        _EARLIER.comment_id == CommentReport.comment_id,
        _EARLIER.id <= after,
        _EARLIER.settled_at.is_(None),
        _is_asked(_EARLIER),
    )
    new = select(CommentReport.id).where(CommentReport.id > after, *_open_to(by), ~is_known)
    return db.session.execute(new.limit(1)).first() is not None


def _open_to(by: User | None) -> list[ColumnElement[bool]]:
    mine = reach.within(by, _HERS.article_id)
    is_hers = exists().where(_HERS.id == CommentReport.comment_id, *mine)
    return [_IS_OPEN, is_hers] if mine else [_IS_OPEN]


def about(comment_ids: Iterable[int]) -> dict[int, Reported]:
    """Return what open reports say about some comments, for those that have any."""
    query = (
        select(CommentReport)
        .where(CommentReport.comment_id.in_(list(comment_ids)), _IS_OPEN)
        .order_by(CommentReport.id)
    )
    found: dict[int, Reported] = {}
    for row in db.session.execute(query).scalars():
        said = found.setdefault(row.comment_id, Reported())
        said.counts[REASONS[ReportReason(row.reason)]] += 1
        said.details += [row.details] if row.details else []
        said.upto = row.id
    return found


def keep(comment: Comment, *, upto: int, by: User, now: datetime, batch: str) -> bool:
    """Let a comment stay as it is: settle its reports up to the last that was shown.

    Returns: whether there was one.
    Raises: Forbidden where `by` may not moderate it.
    """
    permissions.require(by, Action.MODERATE, of=comment)
    is_shown = (CommentReport.id <= upto, _IS_OPEN)
    is_kept = _settle(comment, *is_shown, at=now)
    if is_kept:
        journal.record(KEPT_REPORTED, "comment", comment.id, by=by, now=now, batch=batch)
    return is_kept


def ask_again(comment: Comment, *, kept_at: datetime, by: User, now: datetime) -> bool:
    """Open the reports again that were settled at a time; not where somebody decided since.

    Returns: whether there was one.
    """
    is_opened = _settle(comment, CommentReport.settled_at == kept_at, _IS_ASKED, at=None)
    if is_opened:
        journal.record(ASKED_AGAIN, "comment", comment.id, by=by, now=now)
        tell_again(comment, closed_at=kept_at, by=by)
    return is_opened


def tell_again(comment: Comment, *, closed_at: datetime, by: User) -> None:
    """Let others be told of reports that are open again, where they were passed over."""
    is_open = (CommentReport.comment_id == comment.id, _IS_OPEN)
    first = select(func.min(CommentReport.id)).where(*is_open).scalar_subquery()
    paces.fall_back(first, comment.article_id, closed_at=closed_at, by=by)


def _settle(comment: Comment, *which: ColumnElement[bool], at: datetime | None) -> bool:
    """Settle some reports of a comment, or open them; tell whether there are any."""
    settled = (
        update(CommentReport)
        .where(CommentReport.comment_id == comment.id, *which)
        .values(settled_at=at)
        .returning(CommentReport.id)
    )
    unseen = {"synchronize_session": False}
    return bool(db.session.execute(settled, execution_options=unseen).all())
