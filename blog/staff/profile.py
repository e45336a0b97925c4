"""Somebody's own name and address. A new address counts once its owner has opened a link there."""

from __future__ import annotations

from datetime import datetime

from blog import accounts, db, journal, urls
from blog.accounts import User
from blog.errors import Invalid
from blog.staff import letters, links
from blog.staff.links import LinkKind

_IN_USE = (
    "Somebody who signs in to the site wants to use this address for her account. Another account has it already, so nothing is changed.",
    "If that is you, sign in with this address instead. If you know nothing of it, do nothing.",
)


def rename(user: User, name: str, *, now: datetime) -> None:
    """Change the name under which somebody replies from now on."""
    user.name = name
    journal.record("changed the name of", "account", user.id, by=user, now=now)


def ask_for_address(user: User, email: str, *, now: datetime) -> None:
    """Mail to a new address the link by which it becomes the account's.

    Whether the address is somebody's already its owner alone is told: no link then, but a mail.

    Raises: Invalid where the account has it already.
    """
    email = accounts.normal_email(email)
    if email == user.email:
        raise Invalid({"email": "This is the address of your account already."})
    # Made even where it leads nowhere, since the one before must end all the same.
    token = links.issue(user, LinkKind.ADDRESS, email=email, now=now)
    if accounts.by_email(email) is not None:
        letters.send(email, "This address is in use", _IN_USE, now=now)
        return
    letters.send(
        email,
        "Confirm your new address",
        [
            "With this address you shall sign in from now on, and get the mails of the site.",
            "The link works once, for a day. If you know nothing of it, do nothing.",
        ],
        button="Confirm this address",
        link=urls.absolute(urls.proven_address(token)),
        now=now,
    )


def take_address(token: str, *, now: datetime) -> str | None:
    """Change an address by the link that was mailed to the new one; the old one is told.

    Returns: the new address; None where the link is worth nothing.
    Raises: Invalid where the address has become somebody else's meanwhile.
    """
    link = links.use(token, LinkKind.ADDRESS, now=now)
    if link is None:
        return None
    user, old, new = link.user, link.user.email, str(link.email)
    if accounts.by_email(new) is not None:
        raise accounts.taken(new)
    with db.unless_taken():
        user.email = new
        db.session.flush()
    if user.email != new:
        raise accounts.taken(new)
    links.end(user)
    journal.record("changed the address of", "account", user.id, by=user, now=now)
    said = [
        "Your account has another address now, and no mail comes to this one any more.",
        "If it wasn’t you, tell whoever looks after the site at once.",
    ]
    letters.send(old, "The address of your account was changed", said, now=now)
    return new
