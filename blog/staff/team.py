"""Who has an account: invited, given another role, removed.

There is always an administrator, whatever two of them do at one moment. Who is removed is signed
out at once; her comments and her lines in the journal keep her name.
"""

from __future__ import annotations

from datetime import datetime

from blog import accounts, journal, permissions, urls
from blog.accounts import Role, User
from blog.errors import Conflict
from blog.permissions import Action
from blog.staff import letters, links, second_factor
from blog.staff.links import LinkKind


def invite(email: str, name: str, role: Role, *, by: User, now: datetime) -> User:
    """Offer somebody an account: a link is mailed by which she chooses her password.

    Raises: Forbidden where `by` may not; Invalid where the address has an account.
    """
    permissions.require(by, Action.MANAGE_PEOPLE)
    user = accounts.add(email=email, name=name, role=role, password_hash="", now=now)
    _mail_invitation(user, by=by, now=now)
    return user


def invite_again(user: User, *, by: User, now: datetime) -> bool:
    """Mail a new link, which ends the one before; nothing for who has taken hers already.

    Raises: Forbidden where `by` may not.
    """
    permissions.require(by, Action.MANAGE_PEOPLE)
    if user.is_active or user.removed_at is not None:
        return False
    _mail_invitation(user, by=by, now=now)
    return True


def _mail_invitation(user: User, *, by: User, now: datetime) -> None:
    token = links.issue(user, LinkKind.INVITATION, now=now)
    letters.send(
        user.email,
        "You are invited",
        [
            f"You are offered an account of the site, as {user.role}, with this address.",
            "The link leads to a page where you choose your password. It works once, for seven days.",
            "If you know nothing of it, do nothing.",
        ],
        button="Choose your password",
        link=urls.absolute(urls.invitation(token)),
        now=now,
    )
    journal.record("invited", "account", user.id, by=by, now=now)


def accept(token: str, password_hash: str, *, now: datetime) -> bool:
    """Give an account its first password; returns whether the link was still good."""
    link = links.use(token, LinkKind.INVITATION, now=now)
    if link is None or link.user.is_active:
        return False
    link.user.password_hash = password_hash
    journal.record("took up", "account", link.user_id, by=link.user, now=now)
    return True


def change_role(user: User, role: Role, *, by: User | None, now: datetime) -> bool:
    """Give somebody another role, which counts at once; returns whether that changed anything.

    Raises: Forbidden where `by` may not; Conflict for the last administrator.
    """
    _begin(user, by, stays_admin=role == Role.ADMIN)
    was = user.role
    if was == role or user.removed_at is not None:
        return False
    user.role = role
    journal.record("changed the role of", "account", user.id, by=by, now=now, was=was, became=role)
    return True


def remove(user: User, *, by: User | None, now: datetime) -> bool:
    """Take somebody's account away, or her invitation back; returns whether she had one.

    Raises: Forbidden where `by` may not; Conflict for the last administrator.
    """
    _begin(user, by, stays_admin=False)
    if user.removed_at is not None:
        return False
    user.removed_at, user.password_hash = now, ""
    accounts.end_other_sessions(user)
    links.end(user)
    second_factor.forget(user)
    journal.record("removed", "account", user.id, by=by, now=now)
    return True


def _begin(user: User, by: User | None, *, stays_admin: bool) -> None:
    """Wait for whoever changes roles at this moment, then see whether this may be done."""
    admins = accounts.locked_admins()
    accounts.locked(user.id)
    if by is not None:  # an operator at the command line may do anything
        permissions.require(by, Action.MANAGE_PEOPLE)
    if not stays_admin and admins == [user]:
        raise Conflict(
            "This is the last administrator. Make somebody else one first, so that the site has one."
        )
