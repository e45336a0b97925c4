"""Addresses whose owners want no mail about comments, ever: kept as keyed hashes alone.

Whoever holds the list without this installation's key can't tell whose they are.
"""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from blog import config, db, tokens


class UnwantedMail(db.Model):
    """An address to which nothing about comments is sent."""

    __tablename__ = "unwanted_mail"

    address_hash: Mapped[str] = mapped_column(String(32), primary_key=True)


_ROWS = UnwantedMail.metadata.tables[UnwantedMail.__tablename__]


def add(address_hash: str) -> None:
    """Never write to the address with a hash again."""
    row = insert(_ROWS).values(address_hash=address_hash)
    db.session.execute(row.on_conflict_do_nothing())


def is_at(email: str) -> bool:
    """Tell whether mail about comments is unwanted at an address."""
    return db.session.get(UnwantedMail, hash_of(email)) is not None


def hash_of(email: str) -> str:
    """Stand for an address where it must not be read."""
    return tokens.keyed_hash(config.current().secret_key, "unwanted", email)
