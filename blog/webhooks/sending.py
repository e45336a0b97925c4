"""One attempt to hand an event over: a POST to an address that was checked, and what came back.

An attempt ends by its deadline however the other side behaves. Redirects aren't followed, no proxy
is asked, and of an answer a few KB are read. Knows no database.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from blog import config, db
from blog.errors import Invalid
from blog.webhooks import places
from blog.webhooks.places import Address, Place

DEADLINE_SECONDS = 10.0
READ_MAX_BYTES = 4_096
WORDS_MAX_CHARS = 500

_GONE = 410
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Answer:
    """How an attempt ended: the status and first words of the answer, or what went wrong.

    `retry_after` is what the other side asked for, if it did.
    """

    words: str
    status: int | None = None
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the other side has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the other side wants nothing any more."""
        return self.status == _GONE


def trusted() -> ssl.SSLContext:
    """Return whose certificates are believed: those that the machine believes."""
    return ssl.create_default_context()


def send(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    context: ssl.SSLContext,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Answer:
    """Hand a body over, or say why not."""
    began = time.monotonic()
    try:
        place = places.read(url, named=config.current().webhook_hosts)
        found = places.resolve(place)
        with _called(place, found, began + deadline_seconds, context) as line:
            line.request("POST", place.target, body, dict(headers))
            with line.getresponse() as response:
                if time.monotonic() >= began + deadline_seconds:
                    # What was cut amid its headers looks as if these were all.
                    raise TimeoutError
                wait = _retry_after(response.headers.get("Retry-After", ""), now=db.utc_now())
                return Answer(_words(response), response.status, wait)
    except Invalid as error:
        return Answer(error.message)
    except (OSError, http.client.HTTPException, ValueError) as error:
        is_late = time.monotonic() - began >= deadline_seconds
        return Answer(_late(deadline_seconds) if is_late else _explain(error))


def _late(seconds: float) -> str:
    return f"It did not answer within {seconds:g} s."


def _explain(error: Exception) -> str:
    if isinstance(error, places.Forbidden):
        return f"{error}."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"It has no valid certificate ({error.verify_message}), so nothing was sent."
    if isinstance(error, socket.gaierror):
        return "Its name can’t be looked up."
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"It can’t be reached, or broke off: {_one_line(reason)}."


class _Line(http.client.HTTPConnection):
    """A client over a connection that is made elsewhere."""

    def __init__(self, place: Place, sock: socket.socket) -> None:
        super().__init__(place.host, place.port)
        self.default_port = 443 if place.is_https else 80  # left out of the header Host
        self.sock = sock


@contextmanager
def _called(
    place: Place, found: list[Address], give_up_at: float, context: ssl.SSLContext
) -> Iterator[_Line]:
    """Call one of some addresses; the connection is cut at the deadline, whatever goes on."""
    sock = _connected(found, give_up_at)
    # TLS takes the socket's own descriptor away while it shakes hands.
    raw = sock.dup()
    cut = threading.Timer(give_up_at - time.monotonic(), _cut, (raw,))
    cut.daemon = True
    cut.start()
    try:
        if place.is_https:
            sock = context.wrap_socket(sock, server_hostname=place.host)
        yield _Line(place, sock)
    finally:
        cut.cancel()
        cut.join()
        raw.close()
        sock.close()


def _cut(raw: socket.socket) -> None:
    with suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)


def _connected(found: list[Address], give_up_at: float) -> socket.socket:
    trouble = OSError("it has no address")
    for family, address in found:
        left_seconds = give_up_at - time.monotonic()
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            # Half of what is left, so that a second address has its turn where the first is deaf.
            sock.settimeout(max(left_seconds / 2, 0.01))
            sock.connect(address)
        except OSError as error:
            trouble = error
            sock.close()
        else:
            sock.settimeout(max(give_up_at - time.monotonic(), 0.01))
            return sock
    raise trouble


def _words(response: http.client.HTTPResponse) -> str:
    """Read the first words of an answer; the status counts though they break off."""
    data = b""
    with suppress(OSError, http.client.HTTPException, ValueError):
        while len(data) < READ_MAX_BYTES:
            piece = response.read1(READ_MAX_BYTES - len(data))
            if not piece:
                break
            data += piece
    words = _one_line(data.decode("utf-8", "replace"))
    if 300 <= response.status < 400:
        return f"It sends elsewhere, which isn’t followed. {words}".rstrip()[:WORDS_MAX_CHARS]
    return words


def _one_line(words: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", words).split())[:WORDS_MAX_CHARS]


def _retry_after(text: str, *, now: datetime) -> timedelta | None:
    """Read how long to wait: in seconds, or until a moment (RFC 9110 section 10.2.3)."""
    if re.fullmatch(r"[0-9]{1,6}", text):
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
