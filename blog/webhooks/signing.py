"""Signatures by which a program knows that the site sent something, and the secrets for them.

No secret is stored: it is made from the site's own key and a random seed of the endpoint, so that
a copy of the database alone signs nothing, and whoever may see it can be shown it again.

Source: https://github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from blog import config

PREFIX = "whsec_"


def secret(seed: str) -> str:
    """Return the secret that belongs to a seed, as programs are given it."""
    key = config.current().secret_key.encode()
    made = hmac.new(key, b"blog.webhook\0" + seed.encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(made).decode()


def headers(
    message_id: str, body: bytes, secrets: Iterable[str], *, now: datetime
) -> dict[str, str]:
    """Return what tells who sends a body, and when: a signature by each secret."""
    timestamp = str(int(now.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(each, signed)}" for each in secrets),
    }


def _signature(own: str, signed: bytes) -> str:
    key = base64.b64decode(own.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
