"""Who has an account: invited, given another role, removed.

There is always an administrator, whatever two of them do at one moment. Only an author has a
profile, under whose articles she decides about comments. Who is removed is signed out at once; her
comments and her lines in the journal keep her name.
"""

from __future__ import annotations

from datetime import datetime

from blog import accounts, articles, journal, permissions, urls
from blog.accounts import Role, User
from blog.errors import Conflict, Invalid
from blog.permissions import Action
from blog.staff import api_tokens, letters, links, second_factor
from blog.staff.links import LinkKind


def add(
    *,
    email: str,
    name: str,
    role: Role,
    author_id: str = "",
    password_hash: str,
    by: User | None,
    now: datetime,
) -> User:
    """Add an account, with a profile where it is an author's.

    Raises: Invalid where the address has an account, or the profile isn't there or not an author's.
    """
    profile = _profile(role, author_id)
    user = accounts.add(
        email=email, name=name, role=role, author_id=profile, password_hash=password_hash, now=now
    )
    verb = "added" if password_hash else "invited"
    journal.record(verb, "account", user.id, by=by, now=now)
    _note_profile(user, None, by=by, now=now)
    return user


def _profile(role: Role, author_id: str, *, is_known: bool = False) -> str | None:
    """Check which profile an account may have; one that it has already may be gone meanwhile."""
    if author_id and role != Role.AUTHOR:
        raise Invalid({"author_id": "Only an author has an author profile."})
    if author_id and not is_known and articles.author(author_id) is None:
        raise Invalid({"author_id": f"There is no author profile authors/{author_id}.md."})
    return author_id or None


def _note_profile(user: User, was: str | None, *, by: User | None, now: datetime) -> None:
    if user.author_id != was:
        verb, became = "changed the author profile of", user.author_id or "none"
        journal.record(verb, "account", user.id, by=by, now=now, was=was or "none", became=became)


def invite(
    email: str, name: str, role: Role, author_id: str = "", *, by: User, now: datetime
) -> User:
    """Offer somebody an account: a link is mailed by which she chooses her password.

    Raises: Forbidden where `by` may not; Invalid where the address has an account, or the profile
    isn't there.
    """
    permissions.require(by, Action.MANAGE_PEOPLE)
    who = {"email": email, "name": name, "author_id": author_id}
    user = add(**who, role=role, password_hash="", by=by, now=now)
    _mail_invitation(user, now=now)
    return user


def invite_again(user: User, *, by: User, now: datetime) -> bool:
    """Mail a new link, which ends the one before; nothing for who has taken hers already.

    Raises: Forbidden where `by` may not.
    """
    permissions.require(by, Action.MANAGE_PEOPLE)
    if user.is_active or user.removed_at is not None:
        return False
    _mail_invitation(user, now=now)
    journal.record("invited", "account", user.id, by=by, now=now)
    return True


def _mail_invitation(user: User, *, now: datetime) -> None:
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


def accept(token: str, password_hash: str, *, now: datetime) -> bool:
    """Give an account its first password; returns whether the link was still good."""
    link = links.use(token, LinkKind.INVITATION, now=now)
    if link is None or link.user.is_active:
        return False
    link.user.password_hash = password_hash
    journal.record("took up", "account", link.user_id, by=link.user, now=now)
    return True


def change_role(
    user: User, role: Role, author_id: str = "", *, by: User | None, now: datetime
) -> bool:
    """Give somebody another role or profile, which counts at once.

    Returns: whether that changed anything.
    Raises: Forbidden where `by` may not; Conflict for the last administrator; Invalid where the
    profile isn't there, or not an author's.
    """
    _begin(user, by, stays_admin=role == Role.ADMIN)
    was, had = user.role, user.author_id
    profile = _profile(role, author_id, is_known=author_id == had)
    if (was, had) == (role, profile) or user.removed_at is not None:
        return False
    user.role, user.author_id = role, profile
    if was != role:
        verb = "changed the role of"
        journal.record(verb, "account", user.id, by=by, now=now, was=was, became=role)
    _note_profile(user, had, by=by, now=now)
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
    # An address that is invited again gets this row, and would find them at work.
    api_tokens.revoke_all(user, by=by, now=now)
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
