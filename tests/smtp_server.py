"""Mail servers on loopback: a real one, and one that misbehaves as a script says."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DATA = Path(__file__).parent / "data"
HOST = "127.0.0.1"


def server_context() -> ssl.SSLContext:
    """Return the server's side of TLS, with a certificate for localhost and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "smtp-server.pem")
    return context


def client_context() -> ssl.SSLContext:
    """Return a client's side of TLS that trusts who signed the server's certificate."""
    return ssl.create_default_context(cafile=DATA / "smtp-ca.pem")


@dataclass(frozen=True)
class Received:
    """A mail as it reached the server."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)


class MailServer:
    """A real SMTP server in a thread; `with MailServer() as server:` and look at `received`.

    Scripted answers are used up one a mail. `held` counts the mails that got no answer, as
    `hold_from()` asks for. `connections` counts those there were.
    """

    def __init__(
        self,
        *,
        rcpt_answers: Iterable[str] = (),
        data_answers: Iterable[str] = (),
        login: tuple[str, str] | None = None,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self._port = port
        self.received: list[Received] = []
        self.connections = 0
        self.held = threading.Semaphore(0)
        self._rcpt_answers = iter(rcpt_answers)
        self._data_answers = iter(data_answers)
        self._hold_at: int | None = None
        self._login = login
        self._starttls = starttls
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(
            self._loop.create_server(self._protocol, HOST, self._port, ssl=self._tls)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, job: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(job, self._loop).result(timeout=20)

    async def _shut(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        cancelled = [task for task in others if task.cancel()]
        await asyncio.gather(*cancelled, return_exceptions=True)

    def _protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            hostname="mail.test",
            tls_context=self._starttls,
            auth_required=self._login is not None,
            authenticator=self._authenticate,
            loop=self._loop,
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._login, handled=False)

    def hold_from(self, number: int | None) -> None:
        """Leave the mail of this number and all after it without an answer; None for none."""
        self.held = threading.Semaphore(0)
        self._hold_at = number

    async def handle_RCPT(  # noqa: N802 (the name aiosmtpd calls)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        answer = next(self._rcpt_answers, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 (the name aiosmtpd calls)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        answer = next(self._data_answers, "250 OK stored")
        if not answer.startswith("2"):
            return answer
        assert isinstance(envelope.content, bytes)
        self.received.append(
            Received(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.content)
        )
        if self._hold_at is not None and len(self.received) >= self._hold_at:
            self.held.release()
            await asyncio.Event().wait()
        return answer


class Line:
    """One connection of a scripted server."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._heard = sock.makefile("rb")

    def start_tls(self) -> None:
        """Go on encrypted, with the certificate of `server_context()`."""
        self._heard.close()
        self._sock = server_context().wrap_socket(self._sock, server_side=True)
        self._heard = self._sock.makefile("rb")

    def say(self, text: str) -> None:
        """Send one line."""
        self._sock.sendall(f"{text}\r\n".encode())

    def hear(self) -> str:
        """Return the next line of the client; empty where it has gone."""
        return self._heard.readline().decode().strip()

    def hear_mail(self) -> str:
        """Return what follows DATA, to the final dot or to where the client has gone."""
        lines = iter(self._heard.readline, b"")
        return b"".join(itertools.takewhile(lambda line: line != b".\r\n", lines)).decode()

    def greet(self) -> None:
        """Say who this is."""
        self.say("220 mail.test ESMTP")

    def go_on_until(self, verb: str, answer: str = "250 OK") -> None:
        """Take every command before one that begins with `verb`, or before the client has gone."""
        while (heard := self.hear()) and not heard.upper().startswith(verb):
            self.say(answer)

    def answer_until(self, verb: str, answer: str = "250 OK") -> None:
        """Greet, and take every command before one that begins with `verb`."""
        self.greet()
        self.go_on_until(verb, answer)

    def take_mail(self) -> str:
        """Take a mail whole, and return it."""
        self.go_on_until("DATA")
        self.say("354 go on")
        heard = self.hear_mail()
        self.say("250 OK stored")
        return heard

    def drip(self, text: str, *, every_seconds: float = 0.05) -> None:
        """Send a text over and over, letter by letter, while the client listens."""
        pause = threading.Event()
        with contextlib.suppress(OSError):
            while True:
                for letter in text:
                    self._sock.sendall(letter.encode())
                    pause.wait(every_seconds)

    def wait(self) -> None:
        """Say nothing until the client has gone."""
        with contextlib.suppress(OSError):
            while self._sock.recv(4096):
                pass

    def close(self) -> None:
        """Hang up; a file beside the socket would keep the connection open."""
        self._heard.close()
        self._sock.close()


Script = Callable[[Line], None]


@contextlib.contextmanager
def scripted(*scripts: Script) -> Iterator[int]:
    """Serve a script for each connection, the last one for all further; give the port."""
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, list(scripts)), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10)
            assert not thread.is_alive(), "the client never hung up"


def _serve(listener: socket.socket, scripts: list[Script]) -> None:
    with contextlib.suppress(OSError):
        while True:
            sock, _ = listener.accept()
            script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
            with contextlib.closing(Line(sock)) as line, contextlib.suppress(OSError):
                script(line)


def unused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
