"""What an attempt to deliver a mail came to, and whose fault it is where it failed.

Answers are values; nothing here knows a mail, a server or the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one attempt ended."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    # It was accepted and came back, for good or perhaps not.
    BOUNCED = "bounced"
    SOFT_BOUNCED = "soft bounced"
    # It wasn't tried, since what went to its address before came back.
    STOPPED = "stopped"


class Fault(StrEnum):
    """What kept a mail from being accepted, as far as somebody can do something about it."""

    NAME = "name unknown"
    NOBODY_THERE = "nobody listens"
    UNREACHABLE = "can’t be reached"
    TOO_SLOW = "too slow"
    UNWELCOME = "unwelcome"
    BROKE_OFF = "broke off"
    NO_STARTTLS = "no STARTTLS"
    NO_TLS = "no TLS"
    CERTIFICATE = "certificate"
    LOGIN = "login"
    NO_LOGIN = "login missing"
    SENDER = "sender"
    RECIPIENT = "recipient"
    RELAYING = "relaying"
    CONTENT = "content"
    GREYLISTED = "greylisted"
    BUSY = "busy"
    NONSENSE = "no mail server"
    FOLDER = "folder"


@dataclass(frozen=True)
class Answer:
    """What one attempt came to, in the server's words or ours.

    `is_about_server` says that no other mail would have fared better.
    """

    outcome: Outcome
    words: str
    is_about_server: bool = False
    fault: Fault | None = None
