"""Outgoing mail: a row written in the transaction of the act that causes it, then delivered.

`queue()` adds the row, a worker hands it to a transport until it arrives or a day is over.
A mail whose fate isn't known is sent again under the same Message-ID: twice rather than never.
"""

from __future__ import annotations

from blog.outbox.deliveries import LEASE, Delivered, deliver_due, release_stuck, run_worker
from blog.outbox.mails import (
    GIVE_UP_AFTER,
    Answer,
    Health,
    MailAttempt,
    MailState,
    Outcome,
    OutgoingMail,
    build,
    by_id,
    failed_count,
    health,
    last_of_kind,
    late_count,
    plain_address,
    queue,
    recent,
    retry_all,
)
from blog.outbox.transports import FileTransport, SmtpTransport, Transport, transport

__all__ = [
    "GIVE_UP_AFTER",
    "LEASE",
    "Answer",
    "Delivered",
    "FileTransport",
    "Health",
    "MailAttempt",
    "MailState",
    "Outcome",
    "OutgoingMail",
    "SmtpTransport",
    "Transport",
    "build",
    "by_id",
    "deliver_due",
    "failed_count",
    "health",
    "last_of_kind",
    "late_count",
    "plain_address",
    "queue",
    "recent",
    "release_stuck",
    "retry_all",
    "run_worker",
    "transport",
]
