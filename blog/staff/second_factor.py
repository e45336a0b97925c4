"""The second step of signing in: a code that somebody's phone shows, or one of ten kept on paper.

The secret that phone and site share is never stored: it is derived from the site's key and a
random seed, so that a copy of the database alone is worth nothing. A code works once.

Source: RFC 6238, RFC 4226.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime

import pyotp
import segno
from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from blog import accounts, articles, config, db, journal, permissions, tokens
from blog.accounts import User
from blog.errors import Conflict
from blog.permissions import Action
from blog.staff import letters

RECOVERY_CODES = 10
# The verb of who knows a password and no code.
WRONG_CODE = "gave a wrong code for"
_STEP_SECONDS = 30
# Without letters and digits that look alike on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF_CHARS = 5


class RecoveryCode(db.Model):
    """A code that was not used yet, as a keyed hash."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(32))


def new_seed() -> str:
    """Make what a secret is derived from."""
    return secrets.token_hex(16)


def secret(user: User, seed: str) -> str:
    """Derive the secret that somebody's phone holds, as people type it."""
    derived = tokens.keyed_hash(config.current().secret_key, "second factor", str(user.id), seed)
    return base64.b32encode(bytes.fromhex(derived)).decode().rstrip("=")


def picture(user: User, seed: str) -> tuple[int, str]:
    """Draw what a phone scans: the length of a side, and the path of an SVG picture."""
    title = articles.site().title
    address = pyotp.TOTP(secret(user, seed)).provisioning_uri(name=user.email, issuer_name=title)
    rows = segno.make(address, error="m").matrix
    squares = (
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return len(rows), "".join(squares)


def turn_on(user: User, seed: str, code: str, *, now: datetime) -> list[str] | None:
    """Ask for a second step from now on, where a code shows that the phone holds the secret.

    Returns: the recovery codes, which are shown once; None where the code is wrong.
    """
    user = accounts.locked(user.id)
    step = _step(user, seed, code, after=0, now=now)
    if step is None or user.totp_seed is not None:
        return None
    user.totp_seed, user.totp_step = seed, step
    codes = _replace_codes(user)
    journal.record("turned on the second step of", "account", user.id, by=user, now=now)
    said = ["From now on a code of your phone is asked for after your password.", _IF_NOT_YOU]
    letters.send(user.email, "Signing in takes a second step now", said, now=now)
    return codes


def renew_codes(user: User, *, now: datetime) -> list[str]:
    """Make new recovery codes; those there were are worth nothing any more.

    Returns: the codes, which are shown once.
    Raises: Conflict where no second step is asked for.
    """
    user = accounts.locked(user.id)
    if user.totp_seed is None:
        raise Conflict("The second step was turned off meanwhile, so there are no codes.")
    codes = _replace_codes(user)
    journal.record("made new recovery codes of", "account", user.id, by=user, now=now)
    said = ["The recovery codes you had are worth nothing any more.", _IF_NOT_YOU]
    letters.send(user.email, "You have new recovery codes", said, now=now)
    return codes


def _replace_codes(user: User) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash(user, c)) for c in codes)
    return codes


_IF_NOT_YOU = "If it wasn’t you, change your password and tell whoever looks after the site."


def turn_off(user: User, *, by: User | None, now: datetime) -> bool:
    """Ask for no second step any more; returns whether one was asked for.

    Raises: Forbidden where it is somebody else's and `by` may not.
    """
    user = accounts.locked(user.id)
    if by is not None and by.id != user.id:
        permissions.require(by, Action.MANAGE_PEOPLE)
    if user.totp_seed is None:
        return False
    forget(user)
    journal.record("turned off the second step of", "account", user.id, by=by, now=now)
    said = ["From now on your password alone is asked for.", _IF_NOT_YOU]
    letters.send(user.email, "Signing in takes no second step any more", said, now=now)
    return True


def forget(user: User) -> None:
    """Let secret and recovery codes be worth nothing any more."""
    user.totp_seed = user.totp_step = None
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def use(user: User, code: str, *, now: datetime) -> bool:
    """Use up a code of a phone or of paper; of two at one moment the second finds it used."""
    user = accounts.locked(user.id)
    if user.totp_seed is None:
        return False
    step = _step(user, user.totp_seed, code, after=user.totp_step or 0, now=now)
    if step is not None:
        user.totp_step = step
        return True
    if _use_recovery_code(user, code, now=now):
        return True
    # Who comes so far knows the password.
    journal.record(WRONG_CODE, "account", user.id, by=None, now=now)
    return False


def _step(user: User, seed: str, code: str, *, after: int, now: datetime) -> int | None:
    """Find the half minute whose code this is: the present one or, clocks differing, the next."""
    typed = _folded(code).encode()
    shown, present = pyotp.TOTP(secret(user, seed)), int(now.timestamp()) // _STEP_SECONDS
    for step in (present - 1, present, present + 1):
        if step > after and hmac.compare_digest(shown.generate_otp(step).encode(), typed):
            return step
    return None


def _use_recovery_code(user: User, code: str, *, now: datetime) -> bool:
    ours = (RecoveryCode.user_id == user.id, RecoveryCode.code_hash == _hash(user, code))
    gone = db.session.execute(delete(RecoveryCode).where(*ours).returning(RecoveryCode.id)).all()
    if not gone:
        return False
    journal.record("used a recovery code of", "account", user.id, by=user, now=now)
    said = [f"{codes_left(user)} are left. You can make new ones on the page Account."]
    letters.send(user.email, "A recovery code was used to sign in", [*said, _IF_NOT_YOU], now=now)
    return True


def codes_left(user: User) -> int:
    """Return how many recovery codes were not used yet."""
    query = select(func.count(RecoveryCode.id)).where(RecoveryCode.user_id == user.id)
    return db.session.execute(query).scalar_one()


def _new_code() -> str:
    halves = ("".join(secrets.choice(_LETTERS) for _ in range(_HALF_CHARS)) for _ in range(2))
    return "-".join(halves)


def _folded(code: str) -> str:
    return "".join(char for char in code.lower() if char.isalnum())


def _hash(user: User, code: str) -> str:
    key = config.current().secret_key
    return tokens.keyed_hash(key, "recovery code", str(user.id), _folded(code))
