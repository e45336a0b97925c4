"""One mail's dialogue with an SMTP server, on a new connection or one that is left from before.

Where the settings ask for TLS, nothing goes without it or to a server whose certificate is wrong.
What is answered, or breaks, becomes an answer that says whose fault it is.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from functools import partial

from blog.config import SmtpServer
from blog.outbox.answers import Answer, Fault, Outcome

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
_WANTS_LOGIN = (530, 534, 538)
_TOO_LARGE = 552
_CLOSING_DOWN = 421
_GREYLISTED = (450, 451)
_HINTS = {
    _CONNECTING: "; check BLOG_SMTP_URL",
    _SIGNING_IN: "; check BLOG_SMTP_URL",
    _MAIL: "; check BLOG_MAIL_FROM and BLOG_SMTP_URL",
}


class _Client(smtplib.SMTP):
    """smtplib's client, over a connection that is made elsewhere."""

    def __init__(self, host: str, own_name: str, sock: socket.socket) -> None:
        # Without a name of ours smtplib looks one up, for as long as that may take.
        super().__init__(local_hostname=own_name)
        self._host = host  # whom STARTTLS expects in the certificate
        self.sock: socket.socket | None = sock


class Line:
    """A connection, and a second descriptor of it by which it is cut from another thread.

    TLS takes the socket's own away while it shakes hands.
    """

    def __init__(self, client: _Client, sock: socket.socket) -> None:
        self.client = client
        self._raw = sock.dup()

    def cut(self) -> None:
        """End it, whatever is under way on it."""
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)
        self._raw.close()

    def close(self) -> None:
        """Close it, from the thread that speaks on it."""
        self.client.close()
        self._raw.close()

    def hang_up(self) -> None:
        """Say goodbye, and wait for no answer."""
        # Who has answered a mail has read all of it, so this finds room on its way.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self.client.putcmd("QUIT")
        self.close()


class Attempt(threading.Thread):
    """One mail's dialogue, in a thread of its own because nothing else can be cut off.

    A timeout of a socket is for one read, and a server that drips a line now and then stretches
    a dialogue for ever; the resolver knows no timeout at all.
    """

    def __init__(
        self,
        server: SmtpServer,
        context: ssl.SSLContext,
        deadline_seconds: float,
        *,
        own_name: str,
        sender: str,
        recipient: str,
        data: bytes,
        line: Line | None,
    ) -> None:
        super().__init__(name="mail-attempt", daemon=True)
        self._server = server
        self._context = context
        self._deadline_seconds = deadline_seconds
        self._own_name = own_name
        self._sender, self._recipient, self._data = sender, recipient, data
        self._line = line
        self._stage = _CONNECTING
        self._answer: Answer | None = None
        self._lock = threading.Lock()
        self._is_over = self._is_cut = False

    @property
    def answer(self) -> Answer:
        """What the server said, or that it took too long."""
        words = f"did not finish {self._stage} within {self._deadline_seconds:g} s"
        return self._answer or self._server_fails(words, Fault.TOO_SLOW)

    def let_go(self) -> Line | None:
        """End the dialogue wherever it is; give the connection where it ended well by itself."""
        with self._lock:
            if not self._is_over:
                self._is_cut = True
                if self._line is not None:
                    self._line.cut()
            return self._line if self._is_over else None

    def run(self) -> None:
        """Go through the dialogue; whatever breaks on the way is an answer as well."""
        can_go_on = False
        try:
            answer = self._talk()
            can_go_on = True
        except Exception as error:  # noqa: BLE001 (a server may say anything; the mail stays)
            answer = self._explain(error)
            can_go_on = self._is_a_plain_no(error)
        with self._lock:
            # What broke after a cut was broken by us.
            self._answer = None if self._is_cut else answer
            self._is_over = not self._is_cut
            if self._line is not None and (self._is_cut or not can_go_on):
                self._line.close()
                self._line = None

    def _is_a_plain_no(self, error: Exception) -> bool:
        """Tell whether a server said no to this mail and goes on listening."""
        code = getattr(error, "smtp_code", 0)
        # By 500 smtplib too calls a line it can’t read, and hangs up.
        is_answer = 400 <= code < 600 and code not in (_CLOSING_DOWN, 500)
        return is_answer and self._stage in (_MAIL, _RCPT, _DATA)

    def _talk(self) -> Answer:
        if self._line is not None and self._goes_on(self._line.client):
            try:
                return self._hand_over(self._line.client)
            except smtplib.SMTPResponseException as error:
                # Some servers take so many mails on one connection and no more.
                if (error.smtp_code, self._stage) != (_CLOSING_DOWN, _MAIL):
                    raise
        self._stage = _CONNECTING
        client = self._dial()
        self._sign_in(client)
        return self._hand_over(client)

    @staticmethod
    def _goes_on(client: _Client) -> bool:
        """Tell whether the connection left from the mail before is of use still."""
        try:
            code, _ = client.rset()
        except (OSError, smtplib.SMTPException):
            return False
        return bool(code == 250)

    def _dial(self) -> _Client:
        server, seconds = self._server, self._deadline_seconds
        with self._lock:
            if self._line is not None:
                self._line.close()
                self._line = None
        # A third, so that a host's second address has its turn where the first is deaf.
        sock = socket.create_connection((server.host, server.port), timeout=seconds / 3)
        # The cut comes before this; it only ends a thread that no cut could reach.
        sock.settimeout(seconds + _SPARE_SECONDS)
        with self._lock:
            if self._is_cut:
                sock.close()
                raise TimeoutError
            client = _Client(server.host, self._own_name, sock)
            self._line = Line(client, sock)
        if server.tls == "tls":
            client.sock = self._context.wrap_socket(sock, server_hostname=server.host)
        return client

    def _sign_in(self, client: _Client) -> None:
        server = self._server
        self._expect_success(*client.getreply())
        client.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            client.starttls(context=self._context)
            client.ehlo_or_helo_if_needed()
        if server.user:
            self._stage = _SIGNING_IN
            client.login(server.user, server.password)

    def _hand_over(self, client: _Client) -> Answer:
        code, words = 0, b""
        for stage, command in (
            (_MAIL, partial(client.mail, self._sender)),
            (_RCPT, partial(client.rcpt, self._recipient)),
            (_DATA, partial(client.data, self._data)),
        ):
            self._stage = stage
            code, words = command()
            self._expect_success(code, words)
        return Answer(Outcome.ACCEPTED, f"{code} {_decoded(words)}")

    @staticmethod
    def _expect_success(code: int, words: bytes) -> None:
        if not 200 <= code < 300:
            raise smtplib.SMTPResponseException(code, words)

    def _explain(self, error: Exception) -> Answer:
        if isinstance(error, smtplib.SMTPResponseException):
            return self._judge(error.smtp_code, _decoded(error.smtp_error))
        if isinstance(error, smtplib.SMTPNotSupportedError):
            fault = Fault.LOGIN if self._stage == _SIGNING_IN else Fault.NO_STARTTLS
            return self._server_fails(f"can’t do what BLOG_SMTP_URL asks for: {error}", fault)
        if isinstance(error, ssl.SSLCertVerificationError):
            words = f"has no valid certificate ({error.verify_message}), so nothing was sent"
            return self._server_fails(words, Fault.CERTIFICATE)
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self._deferred(f"broke off at {self._stage}: {reason}", _fault_of(error))

    def _judge(self, code: int, words: str) -> Answer:
        said = f"answered {self._stage} with {code} {words}"
        fault = _fault_of_code(self._stage, code, words)
        if self._is_refusal(code):
            return Answer(Outcome.REFUSED, self._sentence(said), fault=fault)
        if code == _CLOSING_DOWN:
            return self._server_fails(said, fault)
        hint = _HINTS.get(self._stage, "") if code >= 500 else ""
        return self._deferred(said + hint, fault)

    def _is_refusal(self, code: int) -> bool:
        if self._stage == _MAIL:
            return code == _TOO_LARGE
        is_final = 500 <= code < 600 and code not in _NOT_ABOUT_THE_MAIL
        return is_final and self._stage in (_RCPT, _DATA)

    def _deferred(self, words: str, fault: Fault) -> Answer:
        is_early = self._stage in (_CONNECTING, _SIGNING_IN)
        return Answer(Outcome.DEFERRED, self._sentence(words), is_early, fault)

    def _server_fails(self, words: str, fault: Fault) -> Answer:
        return Answer(Outcome.DEFERRED, self._sentence(words), is_about_server=True, fault=fault)

    def _sentence(self, words: str) -> str:
        return f"The mail server {self._server.host}:{self._server.port} {words}"


def _fault_of(error: Exception) -> Fault:
    """Tell what kind of trouble broke a dialogue off."""
    if isinstance(error, socket.gaierror):
        return Fault.NAME
    if isinstance(error, ConnectionRefusedError):
        return Fault.NOBODY_THERE
    if isinstance(error, TimeoutError):
        return Fault.TOO_SLOW
    if isinstance(error, ssl.SSLError):
        return Fault.NO_TLS
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionError):
        return Fault.BROKE_OFF
    return Fault.LOGIN if isinstance(error, smtplib.SMTPException) else Fault.UNREACHABLE


def _fault_of_code(stage: str, code: int, words: str) -> Fault:
    """Tell what kind of trouble a server's answer is about.

    Source: RFC 5321 section 4.2.3, RFC 3463 and RFC 4954 section 6 for the codes.
    """
    if not 400 <= code < 600 or code == 500:
        return Fault.NONSENSE
    if code < 500:
        is_early = stage in (_CONNECTING, _SIGNING_IN)
        return Fault.GREYLISTED if code in _GREYLISTED and not is_early else Fault.BUSY
    if code in _WANTS_LOGIN:
        return Fault.NO_LOGIN
    if stage == _RCPT and "relay" in words.lower():
        return Fault.RELAYING
    faults = {_CONNECTING: Fault.UNWELCOME, _SIGNING_IN: Fault.LOGIN, _MAIL: Fault.SENDER}
    return (faults | {_RCPT: Fault.RECIPIENT, _DATA: Fault.CONTENT})[stage]


def _decoded(words: bytes | str) -> str:
    return words if isinstance(words, str) else words.decode("utf-8", "replace")
