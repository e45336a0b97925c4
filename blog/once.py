"""What a program sends twice under one key is done once: which keys came, and what became of them.

Keys are kept as keyed hashes, for a day; of what was sent only a hash is. What was done is told
again by those who did it. One key is the same wherever it comes from, since a phone changes its
network; one that others may come upon is bound to the address.

Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from blog import config, db, tokens
from blog.errors import KeyReused

KEPT = timedelta(days=1)
# What is shorter, or of fewer different characters, two clients may come upon.
OWN_KEY_CHARS = 16
_OWN_KEY_DIFFERENT = 8
_REUSED = "This key came before with something else. Please make a new one for each thing you send."


class SentKey(db.Model):
    """A key that came, the hash of what came with it, and the name of what became of that."""

    __tablename__ = "sent_key"

    key_hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    sent_hash: Mapped[str] = mapped_column(String(32))
    made: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(index=True)


# SQLite takes the same words.
_CLAIM = (
    insert(SentKey).on_conflict_do_nothing(index_elements=["key_hash"]).returning(SentKey.key_hash)
)


@dataclass(frozen=True)
class Sending:
    """Something sent under a key, or under none."""

    key_hash: str
    sent_hash: str

    def made_before(self, *, now: datetime) -> str | None:
        """Return the name of what became of it, where it came before.

        Raises: KeyReused where something else came under this key.
        """
        found = db.session.get(SentKey, self.key_hash) if self.key_hash else None
        if found is None or found.created_at <= now - KEPT:
            return None
        if found.sent_hash != self.sent_hash:
            raise KeyReused(_REUSED)
        return found.made

    def make(self, act: Callable[[], object], *, now: datetime) -> str:
        """Do it in this transaction, unless it was done meanwhile; return what became of it.

        Raises: KeyReused where something else came under this key.
        """
        if not self.key_hash:
            return str(act())
        is_old = (SentKey.key_hash == self.key_hash, SentKey.created_at <= now - KEPT)
        db.session.execute(delete(SentKey).where(*is_old))
        row = {"key_hash": self.key_hash, "sent_hash": self.sent_hash, "made": ""}
        # Who sends the same at this moment waits here until this is done.
        if db.session.execute(_CLAIM, row | {"created_at": now}).first() is None:
            return self.made_before(now=now) or ""
        made = str(act())
        is_this = SentKey.key_hash == self.key_hash
        db.session.execute(update(SentKey).where(is_this).values(made=made))
        return made


def sending(what: str, client: str, key: str, sent: bytes) -> Sending:
    """Name something that a client sends; an empty key makes each sending a new one."""
    hashed = _hash("once", what, _bound(key, client), key) if key else ""
    return Sending(hashed, _hash("sent", sent.decode()))


def token(what: str, client: str, key: str, sent: bytes) -> str:
    """Make the token that goes with a sending; the same again for the same under the same key."""
    if not key:
        return tokens.random_token()
    return _hash("once token", what, _bound(key, client), key, sent.decode())


def _hash(*parts: str) -> str:
    return tokens.keyed_hash(config.current().secret_key, *parts)


def _bound(key: str, client: str) -> str:
    """Return whose a key is, where another may come upon the same."""
    is_own = len(key) >= OWN_KEY_CHARS and len(set(key)) >= _OWN_KEY_DIFFERENT
    return "" if is_own else client


def sweep(now: datetime) -> None:
    """Forget keys that are a day old."""
    with db.writing():
        db.session.execute(delete(SentKey).where(SentKey.created_at <= now - KEPT))
