"""Ways to hand mails over: to an SMTP server, or as files in a folder where none is set.

An attempt ends by its deadline however the server behaves. Its answer says whether the mail was
accepted, may be tried again, or is refused for good. Knows no database.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from blog.config import Settings, SmtpServer
from blog.content import write_whole
from blog.outbox.answers import Answer, Fault, Outcome
from blog.outbox.dialogue import Attempt, Line
from blog.outbox.mails import WRITTEN_TO, OutgoingMail
from blog.outbox.messages import build
from blog.outbox.reports import ReturnPath

DEADLINE_SECONDS = 30.0
_GRACE_SECONDS = 0.5


class Session(Protocol):
    """Whatever takes one mail after another."""

    def send(self, mail: OutgoingMail) -> Answer:
        """Try once to hand a mail over, and tell how it went."""
        ...


class Transport(Protocol):
    """Whatever can take mails, by a name that all workers know it by."""

    @property
    def name(self) -> str:
        """Name the server or the folder."""
        ...

    def session(self) -> AbstractContextManager[Session]:
        """Begin to hand mails over, and hang up at the end."""
        ...


def transport(settings: Settings, *, deadline_seconds: float = DEADLINE_SECONDS) -> Transport:
    """Return the transport that the settings ask for."""
    if settings.smtp_url is None:
        return FileTransport(settings.instance_dir / "mail")
    address = settings.mail_bounces
    return SmtpTransport(
        settings.smtp_url,
        deadline_seconds,
        returns=ReturnPath(address, settings.secret_key) if address else None,
    )


@dataclass(frozen=True)
class FileTransport:
    """A folder that gets each mail as an .eml file which only its owner can read."""

    folder: Path

    @property
    def name(self) -> str:
        """Name the folder."""
        return str(self.folder)

    def session(self) -> AbstractContextManager[FileTransport]:
        """Give itself, since nothing is opened."""
        return nullcontext(self)

    def send(self, mail: OutgoingMail) -> Answer:
        """Write a mail whole or not at all; a second time replaces the first."""
        path = self.folder / f"{mail.created_at:%Y%m%dT%H%M%SZ}-{mail.id}.eml"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, build(mail).as_bytes(), mode=0o600)
        except OSError as error:
            words = f"The file {path} can’t be written ({error.strerror})."
            return Answer(Outcome.DEFERRED, words, is_about_server=True, fault=Fault.FOLDER)
        return Answer(Outcome.ACCEPTED, f"{WRITTEN_TO}{path.name}")


@dataclass(frozen=True)
class SmtpTransport:
    """An SMTP server; without `returns` what can’t be delivered goes back to the sender.

    Units: `deadline_seconds` is for a whole attempt, from the name's resolution on.
    """

    server: SmtpServer
    deadline_seconds: float = DEADLINE_SECONDS
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    returns: ReturnPath | None = None

    @property
    def name(self) -> str:
        """Name the server."""
        return f"{self.server.host}:{self.server.port}"

    @contextmanager
    def session(self) -> Iterator[SmtpSession]:
        """Begin a session; the server is called with the first mail."""
        session = SmtpSession(self)
        try:
            yield session
        finally:
            session.hang_up()


def _return_path(mail: OutgoingMail, returns: ReturnPath | None) -> str:
    """Return where a mail comes back to; nowhere for one that answers by itself."""
    if mail.is_answer:
        return ""
    return returns.of(mail.id) if returns else mail.sender


class SmtpSession:
    """Several mails over one connection, for as long as the server keeps it."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._line: Line | None = None

    def send(self, mail: OutgoingMail) -> Answer:
        """Hand a mail to the server, or say why not by the deadline.

        Source: RFC 5321 section 4.2 for what the codes mean.
        """
        transport, message = self._transport, build(mail)
        deadline_seconds = transport.deadline_seconds
        attempt = Attempt(
            transport.server,
            transport.context,
            deadline_seconds,
            own_name=mail.sender.rpartition("@")[2],
            sender=_return_path(mail, transport.returns),
            recipient=mail.recipient,
            data=message.as_bytes(),
            line=self._line,
        )
        attempt.start()
        attempt.join(deadline_seconds)
        self._line = attempt.let_go()
        attempt.join(_GRACE_SECONDS)
        return attempt.answer

    def hang_up(self) -> None:
        """Say goodbye where a connection is left."""
        if self._line is not None:
            self._line.hang_up()
            self._line = None
