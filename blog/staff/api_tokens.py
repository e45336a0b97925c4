"""Tokens by which programs act for somebody: made, shown once, used, ended, later forgotten.

Of a secret a keyed digest alone is stored. What a program may do is the rule of `permissions`;
here is only told whose it is, and what for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import JSON, ForeignKey, Select, String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import accounts, config, db, journal, permissions, tokens
from blog.accounts import User
from blog.errors import Busy, Invalid
from blog.permissions import Program, Scope
from blog.staff import letters

PREFIX = "cb_"
LABEL_MAX_CHARS = 100
LIVES_DAYS = 90
LIVES_MAX_DAYS = 365
USED_EVERY = timedelta(minutes=1)
# How long one that ended stays, for who asks what it was.
KEPT = timedelta(days=90)
_UNSEEN = {"synchronize_session": False}
# Nobody needs more, and her page lists them all.
OF_ONE_MAX = 50
NOTHING_CHOSEN = "Choose at least one thing that the token is for."
WORDS = {
    Scope.COMMENTS_READ: "Read comments that wait",
    Scope.COMMENTS_MODERATE: "Read comments and decide about them",
    Scope.ENQUIRIES_READ: "Read enquiries and say how far they are",
    Scope.CONTENT_READ: "Read articles whatever their state, as their files stand",
    Scope.CONTENT_PREVIEW: "Preview articles that aren’t published, and send links to them",
    Scope.ARTICLES_WRITE: "Write articles, publish and delete them, and upload pictures",
    Scope.WEBHOOKS_MANAGE: "Look after webhooks",
}


class ApiToken(db.Model):
    """A token of somebody's; one that was ended stays for the journal, and lets nobody in."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    label: Mapped[str] = mapped_column(String(LABEL_MAX_CHARS))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    token_hash: Mapped[str] = mapped_column(String(32), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    def is_live(self, *, now: datetime) -> bool:
        """Tell whether it was neither ended nor is past its day."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def words(self) -> list[str]:
        """What it is for, in words."""
        return [WORDS[Scope(scope)] for scope in self.scopes]

    @property
    def program(self) -> Program:
        """Who acts by it."""
        return Program(self.user, frozenset(Scope(scope) for scope in self.scopes))


def make(
    owner: User,
    label: str,
    scopes: Collection[Scope],
    *,
    lives_days: int | None,
    by: User | None,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make a token, and tell its owner by mail; None of days is for ever.

    Returns: the token, and its secret, which is known now and never again.
    Raises: Invalid naming each wrong field.
    """
    owner = accounts.locked(owner.id)
    _check(owner, label, scopes, lives_days)
    secret = PREFIX + tokens.random_token()
    token = ApiToken(
        user=owner,
        label=label,
        scopes=[scope.value for scope in Scope if scope in scopes],
        token_hash=_digest(secret),
        created_at=now,
        expires_at=now + timedelta(days=lives_days) if lives_days else None,
    )
    db.session.add(token)
    db.session.flush()
    journal.record("made", "API token", token.id, by=by, now=now)
    said = [
        "A token was made just now by which a program can act for you on the site.",
        "You find it on your account’s page, under “API tokens”, where you can end it.",
        "If it wasn’t you, end it there and choose a new password at once.",
    ]
    letters.send(owner.email, "A new API token was made", said, now=now)
    return token, secret


def _check(owner: User, label: str, scopes: Collection[Scope], lives_days: int | None) -> None:
    wrong: dict[str, str] = {}
    theirs = of(owner)
    if len(theirs) >= OF_ONE_MAX:
        wrong["label"] = f"There are {OF_ONE_MAX} tokens already. End one that isn’t needed."
    elif not 1 <= len(label) <= LABEL_MAX_CHARS:
        wrong["label"] = f"Give a label of at most {LABEL_MAX_CHARS} characters."
    elif not label.isprintable():
        wrong["label"] = "Please leave out line breaks and other control characters."
    elif label in [token.label for token in theirs]:
        wrong["label"] = "There is a token of this label already."
    excess = sorted(set(scopes) - set(permissions.scopes_of(owner)))
    if excess:
        wrong["scopes"] = f"The account may not do this itself: {', '.join(excess)}."
    elif not scopes:
        wrong["scopes"] = NOTHING_CHOSEN
    if lives_days is not None and not 1 <= lives_days <= LIVES_MAX_DAYS:
        wrong["lives_days"] = f"A token lasts from 1 to {LIVES_MAX_DAYS} days, or for ever."
    if wrong:
        raise Invalid(wrong)


def _digest(secret: str) -> str:
    return tokens.keyed_hash(config.current().secret_key, "API token", secret)


def opened(secret: str, *, now: datetime) -> ApiToken | None:
    """Return what a secret stands for; None where it is worth nothing, for whatever reason."""
    query = select(ApiToken).where(ApiToken.token_hash == _digest(secret))
    found: ApiToken | None = db.session.execute(query).scalar_one_or_none()
    return found if found and found.user.is_active and found.is_live(now=now) else None


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Note that a token is used, once a minute at most, in a transaction of its own."""
    if token.last_used_at is not None and now - token.last_used_at < USED_EVERY:
        return
    used = update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now)
    # A late note costs nothing; an answer that isn't given does.
    with suppress(Busy), db.writing(wait_seconds=0):
        db.session.execute(used)


def of(owner: User) -> Sequence[ApiToken]:
    """Return somebody's tokens that were not ended, the newest first."""
    hers = (ApiToken.user_id == owner.id, ApiToken.revoked_at.is_(None))
    query = select(ApiToken).where(*hers).order_by(ApiToken.id.desc())
    return db.session.execute(query).scalars().all()


def live_count(owner: User, *, now: datetime) -> int:
    """Count the tokens by which programs can act for somebody."""
    return sum(token.is_live(now=now) for token in of(owner))


def everybodys() -> Sequence[ApiToken]:
    """Return all tokens there ever were, the newest first."""
    return db.session.execute(select(ApiToken).order_by(ApiToken.id.desc())).scalars().all()


def by_id(token_id: int, *, owner: User | None = None) -> ApiToken | None:
    """Return a token by its number, of somebody's where it has to be hers."""
    found = db.session.get(ApiToken, token_id)
    return found if found and (owner is None or found.user_id == owner.id) else None


def revoke(token: ApiToken, *, by: User | None, now: datetime) -> bool:
    """End a token at once; tells whether it had not been ended."""
    ended = update(ApiToken).where(ApiToken.id == token.id, ApiToken.revoked_at.is_(None))
    done = db.session.execute(ended.values(revoked_at=now).returning(ApiToken.id))
    if done.scalar_one_or_none() is None:
        return False
    journal.record("revoked", "API token", token.id, by=by, now=now)
    return True


def revoke_all(owner: User, *, by: User | None, now: datetime) -> None:
    """End all tokens of somebody."""
    for token in of(owner):
        revoke(token, by=by, now=now)


def late(*, now: datetime) -> Select[int]:
    """Select the tokens that ended longer ago than they are kept.

    The newest stays, or SQLite would give its number, which the journal knows, to the next.
    """
    newest = select(func.max(ApiToken.id)).scalar_subquery()
    is_over = or_(ApiToken.revoked_at <= now - KEPT, ApiToken.expires_at <= now - KEPT)
    return select(ApiToken.id).where(is_over, ApiToken.id < newest)


def forget_late(ids: Sequence[int], *, now: datetime) -> None:
    """Forget some tokens that ended; what the journal says of them stays."""
    gone = late(now=now).where(ApiToken.id.in_(ids))
    db.session.execute(delete(ApiToken).where(ApiToken.id.in_(gone)), execution_options=_UNSEEN)
