"""How often somebody wants to be told of comments by mail, and of which she was told already.

Nothing is mailed here. Who may not moderate has nothing to choose.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import String, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from blog import db, permissions
from blog.accounts import User
from blog.articles import ArticleAuthor
from blog.permissions import Action


class Pace(StrEnum):
    """How often somebody wants to be told."""

    AT_ONCE = "at once"
    HOURLY = "hourly"
    DAILY = "daily"
    NEVER = "never"


# So long after one mail the next waits, however many comments come; a daily one comes anyway.
PERIODS = {Pace.AT_ONCE: timedelta(minutes=10), Pace.HOURLY: timedelta(hours=1)}


class NoticePlan(db.Model):
    """How somebody wants to be told, and of which comments she was: all up to one of them.

    Who has no row wants to be told at once, and was told of none.
    """

    __tablename__ = "notice_plan"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pace: Mapped[Pace] = mapped_column(String(20))
    begun_at: Mapped[datetime]
    told_up_to: Mapped[int]
    # Of the reports, the number of the last that she was told of.
    told_reports_up_to: Mapped[int] = mapped_column(server_default="0")
    # Of whose articles alone those were, by the author's profile; none where of all.
    told_for: Mapped[str | None] = mapped_column(String(100))
    told_at: Mapped[datetime | None]


def new_plan(user_id: int, pace: Pace, begun_at: datetime) -> Any:
    """Return the statement that begins a plan, to be told what it does where there is one."""
    # SQLite takes the same words as PostgreSQL.
    return insert(NoticePlan).values(user_id=user_id, pace=pace, begun_at=begun_at, told_up_to=0)


def pace_of(user: User) -> Pace:
    """Return how often somebody wants to be told."""
    plan = db.session.get(NoticePlan, user.id)
    return Pace(plan.pace) if plan else Pace.AT_ONCE


def choose(pace: Pace, *, by: User, now: datetime) -> None:
    """Tell somebody as often as she wishes from now on.

    Raises: Forbidden where she may not moderate.
    """
    permissions.require(by, Action.MODERATE)
    chosen = {"pace": pace, "begun_at": now}
    db.session.execute(
        new_plan(by.id, pace, now).on_conflict_do_update(index_elements=["user_id"], set_=chosen)
    )


def fall_back(report_id: Any, article_id: str, *, closed_at: datetime, by: User) -> None:
    """Let everybody be told of a report that is open again, though of later ones she was.

    Who opened it knows, and so does who was told last before it was closed.
    """
    authors = select(ArticleAuthor.author_id).where(ArticleAuthor.article_id == article_id)
    passed_over = update(NoticePlan).where(
        NoticePlan.user_id != by.id,
        NoticePlan.told_reports_up_to >= report_id,
        NoticePlan.told_at >= closed_at,
        or_(NoticePlan.told_for.is_(None), NoticePlan.told_for.in_(authors)),
    )
    unseen = {"synchronize_session": False}
    db.session.execute(
        passed_over.values(told_reports_up_to=report_id - 1), execution_options=unseen
    )
