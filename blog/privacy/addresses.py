"""One address in all its spellings, and whether it is one of the clinic's own."""

from __future__ import annotations

from blog import accounts, config
from blog.accounts import User
from blog.outbox import plain_address


def spellings(email: str) -> list[str]:
    """Return how an address may stand in the database: as it is typed, and as mail servers take it.

    Raises: MailError for anything but one plain address.
    """
    normal = accounts.normal_email(email)
    return sorted({normal, plain_address(normal)})


def account_of(email: str) -> User | None:
    """Return the account that an address has, whether or not it was removed."""
    return next(filter(None, map(accounts.by_email, spellings(email))), None)


def is_ours(email: str) -> bool:
    """Tell whether mail to an address is the clinic's own: to an account, or to the clinic."""
    is_clinic = accounts.normal_email(config.current().clinic_email) in spellings(email)
    return is_clinic or account_of(email) is not None
