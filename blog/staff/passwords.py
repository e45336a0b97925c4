"""Passwords: changed by who knows the present one, or set anew by a link to the owner's address.

Who asks for a link is answered before it is looked up whether the address has an account: the
mail worker does that, so that neither the answer nor its time can tell.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from blog import accounts, db, journal, outbox, urls
from blog.accounts import User
from blog.errors import Busy, Conflict
from blog.staff import api_tokens, letters, links
from blog.staff.links import LinkKind

MAILS_AN_HOUR = 3
_IF_NOT_YOU = (
    "If it wasn’t you, choose a new password at once by “Forgotten your password?” on the sign-in page, and tell"
    " whoever looks after the site."
)


class PasswordRequest(db.Model):
    """Somebody typed an address and asked for a link; there for seconds, whoever's address it is."""

    __tablename__ = "password_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(accounts.EMAIL_MAX_CHARS))


def ask(email: str) -> None:
    """Note that a link is wanted; the same for every address."""
    db.session.add(PasswordRequest(email=accounts.normal_email(email)))


def answer_requests(now: datetime) -> int:
    """Mail a link to whoever asked and has an account, each in a transaction of its own.

    Returns: how many mails were queued.
    """
    db.session.rollback()
    queued = 0
    # Who writes at this moment isn't waited for; the next round comes soon.
    with suppress(Busy):
        for request_id in db.session.execute(select(PasswordRequest.id)).scalars().all():
            with db.writing():
                queued += _answer(request_id, now=now)
    return queued


def _answer(request_id: int, *, now: datetime) -> bool:
    gone = delete(PasswordRequest).where(PasswordRequest.id == request_id)
    email = db.session.execute(gone.returning(PasswordRequest.email)).scalar_one_or_none()
    user = accounts.by_email(email) if email else None
    if user is None:
        return False
    # Locked, so that of many requests at one moment no more than three are heard.
    user = accounts.locked(user.id)
    if not user.is_active:
        return False
    lately = outbox.count_of_kind(letters.PASSWORD_MAIL, user.email, since=now - timedelta(hours=1))
    if lately >= MAILS_AN_HOUR:
        return False
    token = links.issue(user, LinkKind.PASSWORD, now=now)
    letters.send(
        user.email,
        "Choose a new password",
        [
            "Somebody, most likely you, has forgotten the password of your account.",
            "The link works once, for an hour. If it wasn’t you, do nothing: your password stays.",
        ],
        kind=letters.PASSWORD_MAIL,
        button="Choose a new password",
        link=urls.absolute(urls.new_password(token)),
        now=now,
    )
    return True


def reset(token: str, password_hash: str, *, now: datetime) -> bool:
    """Set a password by a mailed link; signs its owner out everywhere.

    Returns: whether the link was still good.
    """
    link = links.use(token, LinkKind.PASSWORD, now=now)
    if link is None:
        return False
    _set(link.user, password_hash, by=link.user, now=now)
    return True


def reset_by_operator(user: User, password_hash: str, *, now: datetime) -> None:
    """Set somebody's password at the command line."""
    _set(user, password_hash, by=None, now=now)


def change(
    user: User, password_hash: str, *, but: int, ends_tokens: bool = False, now: datetime
) -> None:
    """Set somebody's own password; signs her out everywhere but in one browser.

    Programs go on acting for her by their tokens, unless she ends these with it.
    """
    if ends_tokens:
        api_tokens.revoke_all(user, by=user, now=now)
    _set(user, password_hash, by=user, but=but, now=now)


def _set(user: User, password_hash: str, *, by: User | None, but: int = 0, now: datetime) -> None:
    user = accounts.locked(user.id)
    if user.removed_at is not None:
        raise Conflict("This account has been removed.")
    user.password_hash = password_hash
    accounts.end_other_sessions(user, but=but)
    links.end(user)
    journal.record("changed the password of", "account", user.id, by=by, now=now)
    said = ["Your password was changed just now, and you were signed out elsewhere.", _IF_NOT_YOU]
    count = api_tokens.live_count(user, now=now)
    if count:
        told = "one API token" if count == 1 else f"{count} API tokens"
        said.insert(1, f"Programs still act for you by {told}, as your account’s page shows.")
    letters.send(user.email, "Your password was changed", said, now=now)
