"""Who may sign in: users, their passwords, their sessions, and the brake on guessing.

Sessions are rows, so that they can be listed and ended; the browser holds a random token and
the row its hash. Nothing here knows a cookie or tells whether an address has an account.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import ForeignKey, String, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import db, revision, tokens
from blog.errors import Conflict, Invalid, TooMany

PASSWORD_MIN_CHARS = 12
PASSWORD_MAX_CHARS = 200
NAME_MAX_CHARS = 100
EMAIL_MAX_CHARS = 254
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=8)
SEEN_EVERY = timedelta(minutes=1)

# Failures that cost nothing, and the longest wait after more. An address that guesses waits
# long; an account waits briefly, or anybody could lock its owner out.
_ADDRESS_BRAKE = (5, timedelta(minutes=15))
_ACCOUNT_BRAKE = (10, timedelta(seconds=30))
_CODE_BRAKE = _ADDRESS_BRAKE
_FORGET_FAILURES_AFTER = timedelta(hours=24)


class Role(StrEnum):
    """What a user is here for."""

    ADMIN = "admin"
    AUTHOR = "author"
    MODERATOR = "moderator"


class User(db.Model):
    """Somebody who can sign in, was invited to, or could once.

    Who left stays as a row without a password, since comments and the journal name her.
    """

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(EMAIL_MAX_CHARS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX_CHARS))
    role: Mapped[Role] = mapped_column(String(20))
    # The profile of an author, whose articles are hers to look after; no key, since its file may go.
    author_id: Mapped[str | None] = mapped_column(String(100))
    # Empty as long as none was chosen, and once the account was removed.
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    # From which the secret of the second step is derived, and the last code's half minute.
    totp_seed: Mapped[str | None] = mapped_column(String(32))
    totp_step: Mapped[int | None]

    @property
    def is_active(self) -> bool:
        """Tell whether she can sign in: neither only invited nor removed."""
        return bool(self.password_hash) and self.removed_at is None


class UserSession(db.Model):
    """One signed-in browser."""

    __tablename__ = "user_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    # In a few words, as "Firefox on Windows".
    browser: Mapped[str | None] = mapped_column(String(60))
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    def is_live(self, *, now: datetime) -> bool:
        """Tell whether neither the idle nor the absolute limit is past."""
        return now - self.last_seen_at < IDLE and now - self.created_at < ABSOLUTE

    def is_note_due(self, *, now: datetime) -> bool:
        """Tell whether its use should be noted again, which is once a minute."""
        return now - self.last_seen_at >= SEEN_EVERY

    def end(self) -> None:
        """Sign this browser out at once."""
        db.session.execute(delete(UserSession).where(UserSession.id == self.id))


class SignInFailure(db.Model):
    """How often signing in failed for one account or address, both as keyed hashes."""

    __tablename__ = "sign_in_failure"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody has this password")


def hash_password(password: str) -> str:
    """Hash a password with argon2id; some 35 ms, so do it before a transaction begins.

    Raises: Invalid for one too short or too long.
    """
    if len(password) < PASSWORD_MIN_CHARS:
        raise Invalid({"password": f"Choose at least {PASSWORD_MIN_CHARS} characters."})
    if len(password) > PASSWORD_MAX_CHARS:
        raise Invalid({"password": f"Choose at most {PASSWORD_MAX_CHARS} characters."})
    return _hasher().hash(password)


def normal_email(email: str) -> str:
    """Fold an address so that one person has one account."""
    return email.strip().lower()


def is_set_up() -> bool:
    """Tell whether anybody has an account yet."""
    return db.session.execute(select(User.id).limit(1)).first() is not None


def add(
    *,
    email: str,
    name: str,
    role: Role,
    author_id: str | None = None,
    password_hash: str,
    now: datetime,
) -> User:
    """Add an account; one that was removed or only invited becomes this one.

    Raises: Invalid where the address has one already.
    """
    email = normal_email(email)
    user = by_email(email) or User(email=email, password_hash="")
    if user.is_active:
        raise taken(email)
    user.name, user.role, user.password_hash = name.strip(), role, password_hash
    user.author_id, user.created_at, user.removed_at = author_id, now, None
    with db.unless_taken():
        db.session.add(user)
        db.session.flush()
    if user not in db.session:
        raise taken(email)
    return user


def taken(email: str) -> Invalid:
    """Make the answer to who wants an address that has an account."""
    return Invalid({"email": f"{email} has an account already."})


def set_up(*, email: str, name: str, password_hash: str, now: datetime) -> User:
    """Make the first account, an administrator's.

    Raises: Conflict where there is an account already.
    """
    # Two who open the link at once wait for each other here, so that one of them is first.
    revision.touch(db.session)
    if is_set_up():
        raise Conflict("This site has been set up already. Please sign in.")
    return add(email=email, name=name, role=Role.ADMIN, password_hash=password_hash, now=now)


def everybody() -> list[User]:
    """Return all accounts that were not removed, the first first."""
    query = select(User).where(User.removed_at.is_(None)).order_by(User.id)
    return list(db.session.execute(query).scalars())


def names() -> dict[int, str]:
    """Return the name of each account there ever was."""
    return dict(db.session.execute(select(User.id, User.name).order_by(User.id)).all())


def by_id(user_id: int) -> User | None:
    """Return the account of a number."""
    return db.session.get(User, user_id)


def by_email(email: str) -> User | None:
    """Return the account of an address."""
    found: User | None = db.session.execute(
        select(User).where(User.email == normal_email(email))
    ).scalar_one_or_none()
    return found


def locked(user_id: int) -> User:
    """Return an account to be changed: others who want to wait until then."""
    return db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)


def locked_admins() -> list[User]:
    """Return those who look after the others, to be changed: one waits for another here."""
    is_active = (User.password_hash != "", User.removed_at.is_(None))
    query = select(User).where(User.role == Role.ADMIN, *is_active).order_by(User.id)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return list(db.session.execute(fresh).scalars())


def count_attempt(*, account: str, address: str, now: datetime) -> None:
    """Count an attempt as failed before its password is looked at, so that none slips past.

    Raises: TooMany while either brake holds.
    """
    _count(account, _ACCOUNT_BRAKE, now=now)
    _count(address, _ADDRESS_BRAKE, now=now)


def count_code(key: str, *, now: datetime) -> None:
    """Count an attempt at a second step, which only who knows the password can make.

    Raises: TooMany while the brake holds.
    """
    _count(key, _CODE_BRAKE, now=now)


def _count(key: str, brake: tuple[int, timedelta], *, now: datetime) -> None:
    free, longest = brake
    failure = _failure(key, now=now)
    # A clock that was set back makes nobody wait longer.
    passed = max(now - failure.last_at, timedelta())
    if passed > _FORGET_FAILURES_AFTER:
        failure.count = 0
    wait = _wait(failure.count - free, longest) - passed
    if wait > timedelta():
        raise TooMany(
            "There were too many attempts to sign in. Please wait a little.",
            retry_after_seconds=int(wait.total_seconds()) + 1,
        )
    failure.count, failure.last_at = failure.count + 1, now


def _failure(key: str, *, now: datetime) -> SignInFailure:
    """Return the count to raise; attempts at the same moment wait here for one another."""
    # SQLite takes the same words as PostgreSQL.
    new = insert(SignInFailure).values(key=key, count=0, last_at=now).on_conflict_do_nothing()
    db.session.execute(new)
    return db.session.get_one(SignInFailure, key, with_for_update=True)


def _wait(over: int, longest: timedelta) -> timedelta:
    return min(timedelta(seconds=2 ** min(over, 20)), longest) if over >= 0 else timedelta()


def forgive(*keys: str) -> None:
    """Forget failures after a success."""
    db.session.execute(delete(SignInFailure).where(SignInFailure.key.in_(keys)))


def verify(email: str, password: str) -> User | None:
    """Return whose password this is; takes the same time for an unknown address."""
    nobodys, user = _nobodys_hash(), by_email(email)
    if user is not None and not user.is_active:
        user = None
    # Cut behind the limit, where it is still longer than any right one.
    password = password[: PASSWORD_MAX_CHARS + 1]
    try:
        _hasher().verify(user.password_hash if user else nobodys, password)
    except VerificationError:
        return None
    return user


def start_session(user: User, *, now: datetime, browser: str | None = None) -> str:
    """Sign a browser in; returns the token it shall hold.

    What is over is swept: sessions of all users, and failures that count no more.
    """
    token = tokens.random_token()
    db.session.execute(
        delete(SignInFailure).where(SignInFailure.last_at < now - _FORGET_FAILURES_AFTER)
    )
    db.session.execute(
        delete(UserSession).where(
            (UserSession.created_at <= now - ABSOLUTE) | (UserSession.last_seen_at <= now - IDLE)
        )
    )
    begun = {"created_at": now, "last_seen_at": now, "browser": browser}
    db.session.add(UserSession(user=user, token_hash=tokens.digest(token), **begun))
    return token


def live_session(token: str, *, now: datetime) -> UserSession | None:
    """Return the session a browser's token stands for, if it has not ended."""
    found: UserSession | None = db.session.execute(
        select(UserSession).where(UserSession.token_hash == tokens.digest(token))
    ).scalar_one_or_none()
    return found if found and found.user.is_active and found.is_live(now=now) else None


def mark_seen(session_id: int, *, now: datetime) -> None:
    """Move a session's idle limit."""
    db.session.execute(
        update(UserSession).where(UserSession.id == session_id).values(last_seen_at=now)
    )


def sessions_of(user: User, *, now: datetime) -> list[UserSession]:
    """Return a user's live sessions, last used first."""
    rows = db.session.execute(
        select(UserSession)
        .where(UserSession.user_id == user.id)
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    ).scalars()
    return [row for row in rows if row.is_live(now=now)]


def end_other_sessions(user: User, *, but: int = 0) -> None:
    """Sign a user out everywhere, or everywhere but in one browser."""
    db.session.execute(
        delete(UserSession).where(UserSession.user_id == user.id, UserSession.id != but)
    )


def count() -> int:
    """Return how many accounts there are."""
    return db.session.execute(select(func.count(User.id))).scalar_one()
