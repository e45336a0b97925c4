"""Receipts of erasures: that it was done, when and how much there was, and nothing of what.

An address stands in one only until the erasure is done, so that it can be finished by another
process; a keyed hash of it stays, by which somebody who names the address can be shown it again,
and by which an old file of comments brings nothing of hers back.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from blog import accounts, config, db, tokens
from blog.errors import MailError
from blog.outbox import plain_address

# Without letters and figures that are mistaken for one another on the telephone.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP_CHARS = 4, 4


class ErasureReceipt(db.Model):
    """One erasure; `email` is there only as long as it isn't done."""

    __tablename__ = "erasure_receipt"

    reference: Mapped[str] = mapped_column(String(20), primary_key=True)
    address_hash: Mapped[str] = mapped_column(String(32), index=True)
    email: Mapped[str | None] = mapped_column(String(accounts.EMAIL_MAX_CHARS), index=True)
    begun_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)

    def add(self, counts: Mapping[str, int]) -> None:
        """Count what was erased since."""
        self.counts = dict(Counter(self.counts) + Counter(counts))

    def finish(self, *, now: datetime) -> None:
        """Note that nothing is left, and forget whose it was."""
        self.email, self.finished_at = None, now

    def told(self) -> dict[str, Any]:
        """Tell what it says."""
        names = ("reference", "begun_at", "finished_at", "counts")
        return {name: getattr(self, name) for name in names}


def open_for(email: str, *, now: datetime) -> tuple[ErasureReceipt, bool]:
    """Return the receipt of an erasure that isn't done yet, or begin one; and whether it is new."""
    query = select(ErasureReceipt).where(ErasureReceipt.email == email)
    found: ErasureReceipt | None = db.session.execute(query).scalars().first()
    if found is not None:
        return found, False
    receipt = ErasureReceipt(
        reference=_new_reference(),
        address_hash=_hash_of(email),
        email=email,
        begun_at=now,
        counts={},
    )
    db.session.add(receipt)
    return receipt, True


def _new_reference() -> str:
    groups = (
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_CHARS)) for _ in range(_GROUPS)
    )
    return "-".join(groups)


def by_reference(reference: str) -> ErasureReceipt | None:
    """Return the receipt of a reference."""
    return db.session.get(ErasureReceipt, reference.strip().upper())


def of(email: str) -> Sequence[ErasureReceipt]:
    """Return the receipts of an address, oldest first."""
    is_its = ErasureReceipt.address_hash == _hash_of(email)
    query = select(ErasureReceipt).where(is_its).order_by(ErasureReceipt.begun_at)
    return db.session.execute(query).scalars().all()


def named(text: str) -> Sequence[ErasureReceipt]:
    """Return the receipt of a reference, or those of an address, oldest first."""
    found = by_reference(text)
    return [found] if found else of(text)


def erased() -> Callable[[str, datetime], bool]:
    """Return what tells whether something written under an address at a moment was erased since."""
    begun = select(ErasureReceipt.address_hash, func.max(ErasureReceipt.begun_at))
    rows = db.session.execute(begun.group_by(ErasureReceipt.address_hash))
    until = {row[0]: row[1] for row in rows}

    def is_erased(email: str, at: datetime) -> bool:
        moment = until.get(_hash_of(email)) if until else None
        return moment is not None and at <= moment

    return is_erased


def unfinished() -> Sequence[str]:
    """Return the references of erasures that aren't done."""
    query = select(ErasureReceipt.reference).where(ErasureReceipt.email.is_not(None))
    return db.session.execute(query).scalars().all()


def _hash_of(email: str) -> str:
    normal = accounts.normal_email(email)
    # A host has two spellings, of which a file may have the other.
    with suppress(MailError):
        normal = plain_address(normal)
    return tokens.keyed_hash(config.current().secret_key, "erased", normal)
