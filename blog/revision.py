"""The site's revision: one number that every write to a public page raises in its transaction.

A page made from one revision is the same until the number changes; nothing is kept here but it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, scoped_session

from blog import db


class SiteRevision(db.Model):
    """The one row; made by the first migration."""

    __tablename__ = "site_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(default=0)


_latest_touch = object()


def touch(session: Session | scoped_session[Any]) -> None:
    """Raise the number; also makes transactions that touch it wait for one another."""
    global _latest_touch  # noqa: PLW0603 (one for the process, as the pages it keeps are)
    _latest_touch = object()
    session.execute(update(SiteRevision).values(number=SiteRevision.number + 1))


def latest_touch() -> object:
    """Stand for the last time this process raised the number, committed or not; no two are the same."""
    return _latest_touch


def hold(session: Session | scoped_session[Any]) -> None:
    """Make other transactions that raise or hold the number wait, without raising it."""
    session.execute(select(SiteRevision.id).with_for_update())


def current(session: Session | scoped_session[Any]) -> int:
    """Return the number as this transaction sees it."""
    return session.execute(select(SiteRevision.number)).scalar_one()
