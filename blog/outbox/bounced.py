"""Addresses whose mail came back; to some of them nothing is sent any more, until somebody allows it.

One hard bounce stops an address, or three soft ones of which each came within a month of the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, String, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from blog import db
from blog.outbox.checks import ADDRESS_MAX_CHARS, WORDS_MAX_CHARS

SOFT_MAX = 3
# What the clinic lives on is tried again and again, and seen to fail, whatever came back.
TRIED_ALWAYS = ("enquiry", "enquiry-copy", "summary")
SOFT_COUNTS_FOR = timedelta(days=30)


class BouncedAddress(db.Model):
    """An address in small letters, how often mail to it came back, and what its server said."""

    __tablename__ = "bounced_address"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(ADDRESS_MAX_CHARS), unique=True)
    soft_bounces: Mapped[int]
    words: Mapped[str] = mapped_column(String(WORDS_MAX_CHARS))
    bounced_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]

    @property
    def reason(self) -> str:
        """Say why nothing is sent, in a sentence for a mail's history."""
        said = f"No mail goes to {self.address}, since what was sent there came back: {self.words}"
        return said[:WORDS_MAX_CHARS]


_ROWS = BouncedAddress.metadata.tables[BouncedAddress.__tablename__]


def note(address: str, *, is_hard: bool, words: str, now: datetime) -> BouncedAddress:
    """Count a bounce, and stop the address where that is enough."""
    named = {"address": address.lower(), "soft_bounces": 0, "words": words, "bounced_at": now}
    db.session.execute(insert(_ROWS).values(named).on_conflict_do_nothing())
    query = select(BouncedAddress).where(BouncedAddress.address == address.lower())
    row: BouncedAddress = db.session.execute(query.with_for_update()).scalar_one()
    if row.bounced_at <= now - SOFT_COUNTS_FOR:
        row.soft_bounces = 0
    row.soft_bounces += not is_hard
    row.words, row.bounced_at = words, now
    if row.stopped_at is None and (is_hard or row.soft_bounces >= SOFT_MAX):
        row.stopped_at = now
    return row


def stop_of(address: str) -> BouncedAddress | None:
    """Return the row of an address that gets no mail; None where it gets some."""
    is_it = (BouncedAddress.address == address.lower(), BouncedAddress.stopped_at.is_not(None))
    found: BouncedAddress | None = db.session.execute(
        select(BouncedAddress).where(*is_it)
    ).scalar_one_or_none()
    return found


def stopped_addresses() -> Select[str]:
    """Select the addresses that get no mail, in small letters."""
    return select(BouncedAddress.address).where(BouncedAddress.stopped_at.is_not(None))


def stopped(*, limit: int) -> Sequence[BouncedAddress]:
    """Return who gets no mail, the latest first."""
    is_stopped = BouncedAddress.stopped_at.is_not(None)
    query = select(BouncedAddress).where(is_stopped).order_by(BouncedAddress.id.desc())
    return db.session.execute(query.limit(limit)).scalars().all()


def allow(address: str) -> int | None:
    """Send mail to an address again, and forget what came back.

    Returns: the number of its row; None where nothing was stopped.
    """
    is_it = (BouncedAddress.address == address.lower(), BouncedAddress.stopped_at.is_not(None))
    ended = delete(BouncedAddress).where(*is_it).returning(BouncedAddress.id)
    found: int | None = db.session.execute(ended).scalar_one_or_none()
    return found


def by_id(row_id: int) -> BouncedAddress | None:
    """Return the row with a number."""
    return db.session.get(BouncedAddress, row_id)
