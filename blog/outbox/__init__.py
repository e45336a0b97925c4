"""Outgoing mail: a row written in the transaction of the act that causes it, then delivered.

`queue()` adds the row, a worker hands it to a transport until it arrives or a day is over.
A mail whose fate isn't known is sent again under the same Message-ID: twice rather than never.
"""

from __future__ import annotations

from blog.outbox.answers import Answer, Fault, Outcome
from blog.outbox.bounced import BouncedAddress, allow, stopped
from blog.outbox.bounced import by_id as bounced_by_id
from blog.outbox.bounces import Returned, take_in
from blog.outbox.breaker import MailBreaker
from blog.outbox.breaker import standing as breaker_of
from blog.outbox.checks import is_foreign, plain_address
from blog.outbox.counts import (
    Health,
    Sent,
    count_of_kind,
    failed_count,
    health,
    last_sent_at,
    late_count,
    recent_of_kind,
    sent_since,
)
from blog.outbox.deliveries import LEASE, Chore, Delivered, deliver_due, release_stuck, run_worker
from blog.outbox.mails import (
    GIVE_UP_AFTER,
    MailAttempt,
    MailState,
    OutgoingMail,
    by_id,
    forget_bodies,
    last_of_kind,
    purge,
    queue,
    recent,
    refused,
    retry_all,
    take_back,
)
from blog.outbox.messages import build
from blog.outbox.probing import Probe, probe
from blog.outbox.transports import FileTransport, Session, SmtpTransport, Transport, transport

__all__ = [
    "GIVE_UP_AFTER",
    "LEASE",
    "Answer",
    "BouncedAddress",
    "Chore",
    "Delivered",
    "Fault",
    "FileTransport",
    "Health",
    "MailAttempt",
    "MailBreaker",
    "MailState",
    "Outcome",
    "OutgoingMail",
    "Probe",
    "Returned",
    "Sent",
    "Session",
    "SmtpTransport",
    "Transport",
    "allow",
    "bounced_by_id",
    "breaker_of",
    "build",
    "by_id",
    "count_of_kind",
    "deliver_due",
    "failed_count",
    "forget_bodies",
    "health",
    "is_foreign",
    "last_of_kind",
    "last_sent_at",
    "late_count",
    "plain_address",
    "probe",
    "purge",
    "queue",
    "recent",
    "recent_of_kind",
    "refused",
    "release_stuck",
    "retry_all",
    "run_worker",
    "sent_since",
    "stopped",
    "take_back",
    "take_in",
    "transport",
]
