"""The journal: who did what to what, and when. Lines are only ever added.

A line holds ids, verbs and states, never a visitor's words, so that it can stand for ever.
Lines of one click share a batch, which is what an undo takes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import db
from blog.accounts import User

# So long a click can be taken back.
UNDO_WITHIN = timedelta(minutes=10)
# The number of no account: a reader, or who works at the command line.
NOBODY = 0


class JournalLine(db.Model):
    """One act."""

    __tablename__ = "journal_line"
    __table_args__ = (
        Index("ix_journal_line_thing_thing_id", "thing", "thing_id"),
        Index("ix_journal_line_thing_id", "thing", "id"),
        Index("ix_journal_line_actor_id", "actor_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    verb: Mapped[str] = mapped_column(String(40))
    thing: Mapped[str] = mapped_column(String(40))
    thing_id: Mapped[str] = mapped_column(String(100))
    # A state, a role or the id of an author.
    was: Mapped[str | None] = mapped_column(String(100))
    became: Mapped[str | None] = mapped_column(String(100))
    batch: Mapped[str | None] = mapped_column(String(40), index=True)
    # What an undo puts back beside what it was.
    was_at: Mapped[datetime | None]
    was_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    was_taught: Mapped[bool | None]
    actor: Mapped[User | None] = relationship(lazy="joined", foreign_keys=[actor_id])
    was_by: Mapped[User | None] = relationship(foreign_keys=[was_by_id])


@dataclass(frozen=True)
class Former:
    """The decision that another one replaces: when, by whom, and whether it taught something."""

    at: datetime | None = None
    by: User | None = None
    taught: bool | None = None


def record(
    verb: str,
    thing: str,
    thing_id: str | int,
    *,
    by: User | None,
    now: datetime,
    was: str | None = None,
    became: str | None = None,
    batch: str | None = None,
    former: Former | None = None,
) -> None:
    """Add a line; `by` is None for what an operator did at the command line."""
    former = former or Former()
    db.session.add(
        JournalLine(
            at=now,
            actor=by,
            verb=verb,
            thing=thing,
            thing_id=str(thing_id),
            was=was,
            became=became,
            batch=batch,
            was_at=former.at,
            was_by=former.by,
            was_taught=former.taught,
        )
    )


def of_batch(
    batch: str, *, by: int | None = None, after: int = 0, limit: int | None = None
) -> Sequence[JournalLine]:
    """Return the lines of one click, or some of them after one; `by` is whose it has to be."""
    query = select(JournalLine).where(JournalLine.batch == batch, JournalLine.id > after)
    if by is not None:
        query = query.where(JournalLine.actor_id == by)
    return db.session.execute(query.order_by(JournalLine.id).limit(limit)).scalars().all()


def count_of_batch(batch: str) -> int:
    """Return how many lines one click left, whoever made it."""
    query = select(func.count()).select_from(JournalLine).where(JournalLine.batch == batch)
    return db.session.execute(query).scalar_one()


def may_undo(line: JournalLine, *, now: datetime) -> bool:
    """Tell whether the click that left a line can be taken back."""
    return now - line.at <= UNDO_WITHIN


def about(thing: str, thing_ids: Iterable[str]) -> Sequence[JournalLine]:
    """Return all lines about some things of one kind, oldest first."""
    ours = JournalLine.thing == thing, JournalLine.thing_id.in_(list(thing_ids))
    query = select(JournalLine).where(*ours).order_by(JournalLine.id)
    return db.session.execute(query).scalars().all()


def recent(
    *, by: int | None = None, thing: str = "", before: int | None = None, limit: int = 50
) -> Sequence[JournalLine]:
    """Return the newest lines, or those before one of them.

    `by` is the number of whose acts are wanted, `NOBODY` for those of who isn't signed in.
    """
    query = select(JournalLine).order_by(JournalLine.id.desc()).limit(limit)
    if by is not None:
        query = query.where(JournalLine.actor_id == (by or None))
    if thing:
        query = query.where(JournalLine.thing == thing)
    if before is not None:
        query = query.where(JournalLine.id < before)
    return db.session.execute(query).scalars().all()
