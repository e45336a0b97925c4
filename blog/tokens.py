"""Signed tokens and keyed hashes, all under the installation's secret key.

A token carries a purpose, the moment it was issued and one thing only; it is worth nothing for
another purpose. Nothing here is secret to its holder: a payload is signed, not encrypted.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

TOKEN_MAX_CHARS = 1_000


@dataclass(frozen=True)
class Token:
    """What a valid token said, and its age when it was read."""

    subject: str
    age: timedelta


def issue(key: str, purpose: str, subject: str, *, now: datetime) -> str:
    """Sign a token for one purpose and one subject."""
    return _serializer(key, purpose).dumps([int(now.timestamp()), subject])


def read(key: str, purpose: str, token: str, *, now: datetime, max_age: timedelta) -> Token | None:
    """Return what a token says, or None where it is forged, for another purpose or too old."""
    if len(token) > TOKEN_MAX_CHARS or not token.isascii():
        return None
    serializer = _serializer(key, purpose)
    try:
        said = serializer.loads(token)
    except BadData:
        return None
    # Base64 spells one signature in several ways; only the one that was issued counts.
    is_as_issued = serializer.make_signer().sign(token.rpartition(".")[0]).decode() == token
    match said:
        case [int(issued_at), str(subject)] if is_as_issued:
            age_seconds = int(now.timestamp()) - issued_at
        case _:
            return None
    # Clocks of two machines differ a little; a minute into the future is no forgery.
    if not -60 <= age_seconds <= max_age.total_seconds():
        return None
    return Token(subject, timedelta(seconds=max(age_seconds, 0)))


def _serializer(key: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        key, salt=f"blog.{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
    )


def keyed_hash(key: str, purpose: str, *parts: str) -> str:
    """Hash parts so that only this installation could have; 32 hexadecimal characters."""
    message = b"".join(
        f"{len(data)}:".encode() + data for data in (part.encode() for part in (purpose, *parts))
    )
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()[:32]


def address_hash(key: str, address: str, *, now: datetime) -> str:
    """Stand for a client's address for one UTC day; an IPv6 client counts as its /64 network."""
    return keyed_hash(key, "address", now.date().isoformat(), _network(address))


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed.packed, 64), strict=False))
    return address


def random_token() -> str:
    """Make 256 random bits, for a cookie whose hash alone is stored."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Hash a random token for storing; it is long enough to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
