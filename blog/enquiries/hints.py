"""Notices common typing errors in email addresses; whoever typed one decides.

Pure. Asks no server, and knows nothing of hosts beyond the usual ones.
"""

from __future__ import annotations

from difflib import get_close_matches

_LIKENESS = 0.82
# What people of South Africa and elsewhere have most, and what is only near to it.
_HOSTS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "yahoo.co.uk",
        "yahoo.co.za",
        "ymail.com",
        "rocketmail.com",
        "hotmail.com",
        "hotmail.co.uk",
        "hotmail.co.za",
        "outlook.com",
        "live.com",
        "live.co.za",
        "msn.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "mail.com",
        "email.com",
        "gmx.com",
        "gmx.net",
        "gmx.de",
        "protonmail.com",
        "proton.me",
        "zoho.com",
        "fastmail.com",
        "mweb.co.za",
        "telkomsa.net",
        "vodamail.co.za",
        "webmail.co.za",
        "iafrica.com",
        "absamail.co.za",
        "lantic.net",
    ]
)


def likely_address(email: str) -> str | None:
    """Return the address that was probably meant, or None where it looks right."""
    local, _, host = email.rpartition("@")
    if not local or host.lower() in _HOSTS:
        return None
    near = get_close_matches(host.lower(), sorted(_HOSTS), n=1, cutoff=_LIKENESS)
    return f"{local}@{near[0]}" if near else None
