"""A program on loopback that takes webhooks, answers as it is told, and may misbehave."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HOST = "127.0.0.1"
Misbehaviour = Callable[["_Handler"], None]


@dataclass(frozen=True)
class Reply:
    """What is answered to one request."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"thank you"


@dataclass(frozen=True)
class Taken:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        """Check it as a receiver would, by the specification's own words."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        told = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}."
        wanted = hmac.new(key, told.encode() + self.body, hashlib.sha256).digest()
        given = self.headers["webhook-signature"].split(" ")
        return f"v1,{base64.b64encode(wanted).decode()}" in given


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: HookServer

    def handle_error(self, *_: object) -> None:
        """Say nothing of connections that are cut."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        owner = self.server.owner
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner.taken.append(Taken(self.path, headers, self.rfile.read(length)))
        reply = next(owner.replies, Reply())
        if callable(reply):
            reply(self)
            return
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


class HookServer:
    """A receiver in a thread; `with HookServer() as server:` and look at `taken`.

    Replies are used up one a request; from then on all is taken.
    """

    def __init__(self, *replies: Reply | Misbehaviour, tls: ssl.SSLContext | None = None) -> None:
        self.taken: list[Taken] = []
        self.replies = iter(replies)
        # Whoever hangs is let go at the end.
        self.ended = threading.Event()
        self._server = _Server((HOST, 0), _Handler)
        self._server.owner = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://{HOST}:{self.port}/hook?from=blog"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def hang(handler: _Handler) -> None:
    """Answer nothing until the test is over."""
    handler.server.owner.ended.wait(20)


def drip(handler: _Handler) -> None:
    """Answer a header now and then, and never all."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not handler.server.owner.ended.wait(0.05):
            handler.wfile.write(b"X-A: b\r\n")


def drip_words(handler: _Handler) -> None:
    """Take it, and never come to the end of saying so."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nwell")
        while not handler.server.owner.ended.wait(0.05):
            handler.wfile.write(b" well")


def nonsense(handler: _Handler) -> None:
    """Answer what is no HTTP."""
    handler.wfile.write(b"220 mail.example.org ESMTP\r\n")


def break_off(handler: _Handler) -> None:
    """Hang up without a word."""
    handler.close_connection = True
