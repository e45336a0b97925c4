"""Mails of the tests: queued, looked at, and handed to servers on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from blog import db, outbox
from blog.config import SmtpServer
from blog.outbox import Answer, MailState, Outcome, OutgoingMail, SmtpTransport
from tests.smtp_server import HOST

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLINIC = "clinic@example.org"
SITE = "blog@example.org"


def queue(**changes: Any) -> int:
    """Queue a mail in a transaction of its own and return its id."""
    words: dict[str, Any] = {
        "kind": "enquiry",
        "sender": SITE,
        "recipient": CLINIC,
        "subject": "An enquiry",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "now": NOW,
    }
    with db.writing():
        mail = outbox.queue(**words | changes)
        db.session.flush()
        return mail.id


def letter(**changes: Any) -> OutgoingMail:
    """A mail in hand, as a transport gets it."""
    fields: dict[str, Any] = {
        "id": 7,
        "message_id": "<7@example.org>",
        "sender": SITE,
        "recipient": CLINIC,
        "reply_to": None,
        "subject": "An enquiry",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "state": MailState.SENDING,
        "waits": 0,
        "created_at": NOW,
    }
    return OutgoingMail(**fields | changes)


def look_inside(mail_id: int) -> OutgoingMail:
    """Load a mail in the transaction at work."""
    mail = outbox.by_id(mail_id)
    assert mail is not None
    return mail


def look(mail_id: int) -> OutgoingMail:
    """Load a mail as it is stored now."""
    db.session.rollback()
    return look_inside(mail_id)


def to_port(port: int, *, tls: str = "none", user: str = "", **options: Any) -> SmtpTransport:
    server = SmtpServer(HOST, port, tls, user, "secret" if user else "")
    return SmtpTransport(server, **{"deadline_seconds": 10.0} | options)


class Taking:
    """A transport that notes what it was given, and answers as it is told."""

    def __init__(self, answer: Callable[[OutgoingMail], Answer] | None = None) -> None:
        self.name = "taking"
        self.given: list[OutgoingMail] = []
        self._answer = answer or (lambda _: Answer(Outcome.ACCEPTED, "250 OK"))

    def session(self) -> Any:
        return contextlib.nullcontext(self)

    def send(self, mail: OutgoingMail) -> Answer:
        self.given.append(mail)
        return self._answer(mail)


def send(transport: outbox.Transport, mail: OutgoingMail) -> Answer:
    """Hand over one mail, and hang up."""
    with transport.session() as session:
        return session.send(mail)


def deliver(
    transport: outbox.Transport, *, now: datetime = NOW, worker: str = "worker"
) -> outbox.Delivered:
    return outbox.deliver_due(transport, worker=worker, clock=lambda: now)
