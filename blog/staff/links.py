"""Links that are mailed to the owner of an account: each works once, for one thing, for a while.

A link is a random token of which the hash alone is stored. A newer one of its kind ends it, and
so does whatever makes it needless.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import accounts, db, tokens
from blog.accounts import User


class LinkKind(StrEnum):
    """What a link lets its holder do."""

    PASSWORD = "password"  # noqa: S105  # a word, no password
    ADDRESS = "address"
    INVITATION = "invitation"


LIVES = {
    LinkKind.PASSWORD: timedelta(hours=1),
    LinkKind.ADDRESS: timedelta(days=1),
    LinkKind.INVITATION: timedelta(days=7),
}


class AccountLink(db.Model):
    """A link that was mailed; `email` is the address that it proves, where it does."""

    __tablename__ = "account_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    kind: Mapped[LinkKind] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(accounts.EMAIL_MAX_CHARS))
    issued_at: Mapped[datetime]
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


def issue(user: User, kind: LinkKind, *, now: datetime, email: str | None = None) -> str:
    """Make a link's token; what was issued of its kind before is worth nothing any more."""
    end(user, [kind])
    token = tokens.random_token()
    link = AccountLink(
        user=user, kind=kind, token_hash=tokens.digest(token), email=email, issued_at=now
    )
    db.session.add(link)
    return token


def opened(token: str, kind: LinkKind, *, now: datetime) -> AccountLink | None:
    """Return what a token stands for, or None where it is worth nothing; changes nothing."""
    found: AccountLink | None = db.session.execute(
        select(AccountLink).where(
            AccountLink.token_hash == tokens.digest(token), AccountLink.kind == kind
        )
    ).scalar_one_or_none()
    return found if found and now - found.issued_at < LIVES[kind] else None


def use(token: str, kind: LinkKind, *, now: datetime) -> AccountLink | None:
    """Use a link up; of two at one moment the second waits, and finds it used."""
    link = opened(token, kind, now=now)
    if link is None:
        return None
    accounts.locked(link.user_id)
    db.session.expunge(link)
    gone = delete(AccountLink).where(AccountLink.id == link.id).returning(AccountLink.id)
    return link if db.session.execute(gone).scalar_one_or_none() is not None else None


def end(user: User, kinds: Iterable[LinkKind] = LinkKind) -> None:
    """Let links of somebody lead nowhere from now on."""
    ours = (AccountLink.user_id == user.id, AccountLink.kind.in_(list(kinds)))
    db.session.execute(delete(AccountLink).where(*ours))
