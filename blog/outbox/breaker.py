"""When a mail server is left alone: it failed by itself, so no other mail would fare better.

A row stands for each server that fails, and all workers heed it; a server that works has none.
Once its pause is over one worker tries one mail. Pauses grow up to a bound, and whoever wants a
mail to be tried again ends them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import String, Text, delete
from sqlalchemy.orm import Mapped, mapped_column

from blog import db

_PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15)]


class MailBreaker(db.Model):
    """A server that failed, `failures` times without a success between, and what was said last."""

    __tablename__ = "mail_breaker"

    server: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int]
    words: Mapped[str] = mapped_column(String(500))
    open_until: Mapped[datetime]

    def bars(self, now: datetime) -> bool:
        """Tell whether the server is left alone; no clock in order gives so long a pause."""
        return now < self.open_until <= now + 2 * _PAUSES[-1]


class Way(Enum):
    """Whether a server may be asked."""

    FREE = auto()
    ONE_TRY = auto()
    BARRED = auto()


def standing(server: str) -> MailBreaker | None:
    """Return the row of a server, where it failed last."""
    return db.session.get(MailBreaker, server)


def enter(server: str, *, now: datetime, lease: timedelta) -> Way:
    """Ask whether a server may be asked; of several workers one gets the one try, for a lease."""
    row = db.session.get(MailBreaker, server, with_for_update=True)
    if row is None:
        return Way.FREE
    if row.bars(now):
        return Way.BARRED
    row.open_until = now + lease
    return Way.ONE_TRY


def failed(server: str, way: Way, words: str, *, now: datetime) -> None:
    """Leave a server alone for a while, or a longer while where its one try failed too."""
    row = db.session.get(MailBreaker, server, with_for_update=True)
    if row is None:
        with db.unless_taken():
            until = now + _PAUSES[0]
            row = MailBreaker(server=server, failures=1, words=words, open_until=until)
            db.session.add(row)
    # What was under way when another worker failed says nothing new.
    elif way is Way.ONE_TRY:
        row.failures += 1
        row.words = words
        row.open_until = now + _PAUSES[min(row.failures, len(_PAUSES)) - 1]


def close(server: str | None = None) -> None:
    """Ask a server again as if it had never failed, or all."""
    named = (MailBreaker.server == server,) if server is not None else ()
    db.session.execute(delete(MailBreaker).where(*named))
