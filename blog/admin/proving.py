"""Who somebody proves to be, with the brake on guessing before every look at a password."""

from __future__ import annotations

from blog import accounts, config, db, limits, tokens
from blog.accounts import User

# What a signed note is for, and its name in the cookie: the password was right, the code is due.
HALF = "second-factor"


def known(email: str, password: str) -> User | None:
    """Return whose password it is; an attempt counts as failed until it was right.

    Raises: TooMany while the brake holds.
    """
    key, now = config.current().secret_key, db.utc_now()
    account = tokens.keyed_hash(key, "account", accounts.normal_email(email))
    with db.writing():
        accounts.count_attempt(account=account, address=limits.client(), now=now)
    found = accounts.verify(email, password)
    if found is not None:
        with db.writing():
            accounts.forgive(account, limits.client())
    return found


def note_for(who: User) -> str:
    """Say whose password was right, in words that end with this password."""
    key = config.current().secret_key
    return f"{who.id}.{tokens.keyed_hash(key, HALF, who.password_hash)}"
