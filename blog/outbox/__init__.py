"""Outgoing mail: a row written in the transaction of the act that causes it, then delivered.

`queue()` adds the row, a worker hands it to a transport until it arrives or a day is over.
A mail whose fate isn't known is sent again under the same Message-ID: twice rather than never.
"""

from __future__ import annotations

from blog.outbox.counts import (
    Health,
    Sent,
    count_of_kind,
    failed_count,
    health,
    last_sent_at,
    late_count,
    sent_since,
)
from blog.outbox.deliveries import LEASE, Chore, Delivered, deliver_due, release_stuck, run_worker
from blog.outbox.mails import (
    GIVE_UP_AFTER,
    Answer,
    MailAttempt,
    MailState,
    Outcome,
    OutgoingMail,
    by_id,
    last_of_kind,
    plain_address,
    purge,
    queue,
    recent,
    refused,
    retry_all,
)
from blog.outbox.messages import build
from blog.outbox.transports import FileTransport, SmtpTransport, Transport, transport

__all__ = [
    "GIVE_UP_AFTER",
    "LEASE",
    "Answer",
    "Chore",
    "Delivered",
    "FileTransport",
    "Health",
    "MailAttempt",
    "MailState",
    "Outcome",
    "OutgoingMail",
    "Sent",
    "SmtpTransport",
    "Transport",
    "build",
    "by_id",
    "count_of_kind",
    "deliver_due",
    "failed_count",
    "health",
    "last_of_kind",
    "last_sent_at",
    "late_count",
    "plain_address",
    "purge",
    "queue",
    "recent",
    "refused",
    "release_stuck",
    "retry_all",
    "run_worker",
    "sent_since",
    "transport",
]
