"""Ways to hand a mail over: to an SMTP server, or as a file in a folder where none is set.

An attempt ends by its deadline however the server behaves. Its answer says whether the mail was
accepted, may be tried again, or is refused for good. Where the settings ask for TLS, nothing goes
without it or to a server whose certificate is wrong. Knows no database.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Protocol

from blog.config import Settings, SmtpServer
from blog.content import write_whole
from blog.outbox.mails import WRITTEN_TO, Answer, Outcome, OutgoingMail
from blog.outbox.messages import build

_GRACE_SECONDS = 0.5
_SPARE_SECONDS = 30.0
_CONNECTING, _SIGNING_IN, _MAIL, _RCPT, _DATA = (
    "the connection",
    "the sign-in",
    "MAIL FROM",
    "RCPT TO",
    "DATA",
)
# Answers about our commands or our login, not about the mail, whenever they come.
_NOT_ABOUT_THE_MAIL = (500, 502, 503, 530, 534, 535, 538)
_TOO_LARGE = 552
_CLOSING_DOWN = 421
_HINTS = {
    _CONNECTING: "; check BLOG_SMTP_URL",
    _SIGNING_IN: "; check BLOG_SMTP_URL",
    _MAIL: "; check BLOG_MAIL_FROM and BLOG_SMTP_URL",
}


class Transport(Protocol):
    """Whatever can take a mail."""

    def send(self, mail: OutgoingMail) -> Answer:
        """Try once to hand a mail over, and tell how it went."""
        ...


def transport(settings: Settings) -> Transport:
    """Return the transport that the settings ask for."""
    if settings.smtp_url is None:
        return FileTransport(settings.instance_dir / "mail")
    return SmtpTransport(settings.smtp_url)


@dataclass(frozen=True)
class FileTransport:
    """A folder that gets each mail as an .eml file which only its owner can read."""

    folder: Path

    def send(self, mail: OutgoingMail) -> Answer:
        """Write a mail whole or not at all; a second time replaces the first."""
        path = self.folder / f"{mail.created_at:%Y%m%dT%H%M%SZ}-{mail.id}.eml"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, build(mail).as_bytes(), mode=0o600)
        except OSError as error:
            words = f"The file {path} can’t be written ({error.strerror})."
            return Answer(Outcome.DEFERRED, words, is_about_server=True)
        return Answer(Outcome.ACCEPTED, f"{WRITTEN_TO}{path.name}")


@dataclass(frozen=True)
class SmtpTransport:
    """An SMTP server, asked anew for each mail.

    Units: `deadline_seconds` is for a whole attempt, from the name's resolution on.
    """

    server: SmtpServer
    deadline_seconds: float = 30.0
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def send(self, mail: OutgoingMail) -> Answer:
        """Hand a mail to the server, or say why not by the deadline.

        Source: RFC 5321 section 4.2 for what the codes mean.
        """
        attempt = _Attempt(self, build(mail), mail.sender, mail.recipient)
        attempt.start()
        attempt.join(self.deadline_seconds)
        attempt.cut()
        attempt.join(_GRACE_SECONDS)
        return attempt.answer


class _Client(smtplib.SMTP):
    """smtplib's client, over a connection that is made elsewhere."""

    def __init__(self, host: str, own_name: str) -> None:
        # Without a name of ours smtplib looks one up, for as long as that may take.
        super().__init__(local_hostname=own_name)
        self._host = host  # whom STARTTLS expects in the certificate


class _Attempt(threading.Thread):
    """One dialogue with a server, in a thread of its own because nothing else can be cut off.

    A timeout of a socket is for one read, and a server that drips a line now and then stretches
    a dialogue for ever; the resolver knows no timeout at all.
    """

    def __init__(
        self, transport: SmtpTransport, message: EmailMessage, sender: str, recipient: str
    ) -> None:
        super().__init__(name="mail-attempt", daemon=True)
        self._transport = transport
        self._message = message
        self._sender = sender
        self._recipient = recipient
        self._stage = _CONNECTING
        self._answer: Answer | None = None
        self._lock = threading.Lock()
        self._is_cut = False
        self._line: socket.socket | None = None

    @property
    def answer(self) -> Answer:
        """What the server said, or that it took too long."""
        seconds = self._transport.deadline_seconds
        return self._answer or self._deferred(f"did not finish {self._stage} within {seconds:g} s")

    def cut(self) -> None:
        """End the dialogue wherever it is; harmless where it has ended."""
        with self._lock:
            self._is_cut = True
            if self._line is not None:
                with contextlib.suppress(OSError):
                    self._line.shutdown(socket.SHUT_RDWR)
                self._line.close()

    def run(self) -> None:
        """Go through the dialogue; whatever breaks on the way is an answer as well."""
        client = _Client(self._transport.server.host, self._sender.rpartition("@")[2])
        with contextlib.closing(client):
            try:
                client.sock = self._dial()
                self._sign_in(client)
                self._answer = self._hand_over(client)
            except Exception as error:  # noqa: BLE001 (a server may say anything; the mail stays)
                # What breaks after a cut was broken by us.
                self._answer = None if self._is_cut else self._explain(error)

    def _dial(self) -> socket.socket:
        server, seconds = self._transport.server, self._transport.deadline_seconds
        # A third, so that a host's second address has its turn where the first is deaf.
        sock = socket.create_connection((server.host, server.port), timeout=seconds / 3)
        # The cut comes before this; it only ends a thread that no cut could reach.
        sock.settimeout(seconds + _SPARE_SECONDS)
        with self._lock:
            if self._is_cut:
                sock.close()
                raise TimeoutError
            # A descriptor of our own: TLS takes the socket's away while it shakes hands.
            self._line = sock.dup()
        if server.tls == "tls":
            return self._transport.context.wrap_socket(sock, server_hostname=server.host)
        return sock

    def _sign_in(self, client: smtplib.SMTP) -> None:
        server = self._transport.server
        self._expect_success(*client.getreply())
        client.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            client.starttls(context=self._transport.context)
            client.ehlo_or_helo_if_needed()
        if server.user:
            self._stage = _SIGNING_IN
            client.login(server.user, server.password)

    def _hand_over(self, client: smtplib.SMTP) -> Answer:
        code, words = 0, b""
        for stage, command in (
            (_MAIL, partial(client.mail, self._sender)),
            (_RCPT, partial(client.rcpt, self._recipient)),
            (_DATA, partial(client.data, self._message.as_bytes())),
        ):
            self._stage = stage
            code, words = command()
            self._expect_success(code, words)
        with contextlib.suppress(OSError):
            client.putcmd("QUIT")
        return Answer(Outcome.ACCEPTED, f"{code} {_decoded(words)}")

    @staticmethod
    def _expect_success(code: int, words: bytes) -> None:
        if not 200 <= code < 300:
            raise smtplib.SMTPResponseException(code, words)

    def _explain(self, error: Exception) -> Answer:
        if isinstance(error, smtplib.SMTPResponseException):
            return self._judge(error.smtp_code, _decoded(error.smtp_error))
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return self._deferred(f"can’t do what BLOG_SMTP_URL asks for: {error}")
        if isinstance(error, ssl.SSLCertVerificationError):
            return self._deferred(
                f"has no valid certificate ({error.verify_message}), so nothing was sent"
            )
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self._deferred(f"broke off at {self._stage}: {reason}")

    def _judge(self, code: int, words: str) -> Answer:
        said = f"answered {self._stage} with {code} {words}"
        if self._is_refusal(code):
            return Answer(Outcome.REFUSED, self._sentence(said))
        hint = _HINTS.get(self._stage, "") if code >= 500 else ""
        return self._deferred(said + hint, is_about_server=code == _CLOSING_DOWN)

    def _is_refusal(self, code: int) -> bool:
        if self._stage == _MAIL:
            return code == _TOO_LARGE
        is_final = 500 <= code < 600 and code not in _NOT_ABOUT_THE_MAIL
        return is_final and self._stage in (_RCPT, _DATA)

    def _deferred(self, words: str, *, is_about_server: bool = False) -> Answer:
        is_early = self._stage in (_CONNECTING, _SIGNING_IN)
        return Answer(Outcome.DEFERRED, self._sentence(words), is_about_server or is_early)

    def _sentence(self, words: str) -> str:
        server = self._transport.server
        return f"The mail server {server.host}:{server.port} {words}"


def _decoded(words: bytes | str) -> str:
    return words if isinstance(words, str) else words.decode("utf-8", "replace")
