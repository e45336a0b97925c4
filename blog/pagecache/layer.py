"""The WSGI layer: finds a page by its address, or lets the application make it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from werkzeug.test import run_wsgi_app

from blog import db, revision, urls
from blog.config import OUR_COOKIES
from blog.pagecache import FOR_ONE, OFFER, Offer
from blog.pagecache.entries import Entry, Headers, Store, best_encoding, is_known
from blog.pagecache.poll import Poll

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.wsgi import ClosingIterator

# On a local site the files are looked at as often as this while pages come from memory.
LOOK_SECONDS = 0.25
# Whoever waits for a page that another request renders does so no longer.
FLIGHT_SECONDS = 10.0
HOSTS_MAX = 64
ACCEPTS_MAX = 256
ACCEPT_MAX_CHARS = 200

_MARKDOWN = "text/markdown"
# Named without a weight nothing is liked better; who weighs it may want either form.
_WANTS_MARKDOWN = re.compile(rf"(?:^|,)\s*{_MARKDOWN}\s*(?:,|$)")
_OK = "200 OK"


class Layer:
    """What one process keeps, in front of its application; safe for threads."""

    def __init__(
        self, app: Flask, *, max_bytes: int, look: Callable[[], None] | None = None
    ) -> None:
        self.store = Store(max_bytes)
        self._keeps = max_bytes > 0
        self._inner: WSGIApplication = app.wsgi_app
        self._poll = Poll(app, self.store)
        self._look = look
        self._looked_at = 0.0
        self._lock = threading.Lock()
        self._flights: dict[Hashable, threading.Event] = {}
        # Hosts that the application answered, and what Accept-Encoding headers came to.
        self._hosts: set[str] = set()
        self._encodings: dict[str, str] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or let the application answer and keep what it offers."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._write(environ, start_response)
        query: str = environ.get("QUERY_STRING", "")
        if query:
            asked, query = query, urls.plain(environ["PATH_INFO"], query)
            environ["QUERY_STRING"] = query
            if query != asked:
                start_response = _for_one(start_response)
        cookie = environ.get("HTTP_COOKIE")
        # With whatever stands around the name: a prefix on https, a space before the value.
        if cookie and any(name in cookie for name in OUR_COOKIES):
            return self._render(None, environ, start_response)
        accept: str = environ.get("HTTP_ACCEPT", "")
        is_markdown = _MARKDOWN in accept
        if is_markdown and not _WANTS_MARKDOWN.search(accept):
            return self._render(None, environ, start_response)
        path: str = environ["PATH_INFO"]
        # Who may not take JSON is told so by the application.
        if accept and "*" not in accept and "json" not in accept and path.startswith(urls.API):
            return self._render(None, environ, start_response)
        key: Hashable = path
        if query or is_markdown:
            key = (path, "&".join(sorted(query.split("&"))), is_markdown)
        entry = self._found(key, environ)
        if entry is not None and self._look is not None:
            self._look_again(self._look)
            entry = self._found(key, environ)
        if entry is not None:
            return self._send(key, entry, environ, start_response)
        return self._miss(key, environ, start_response)

    def close(self) -> None:
        """End the thread that reads the revision; nothing is kept any more."""
        self._keeps = False
        self._poll.close()
        self.store.forget()

    def _found(self, key: Hashable, environ: WSGIEnvironment) -> Entry | None:
        entry = self.store.get(key)
        # One of those that were never answered may be a host that the application refuses.
        if entry is None or environ.get("HTTP_HOST") not in self._hosts:
            return None
        is_over = entry.ends_at is not None and entry.ends_at <= db.utc_now()
        return None if is_over else entry

    def _send(
        self,
        key: Hashable,
        entry: Entry,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        encoding = self._encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))
        variant = entry.variants.get(encoding)
        if variant is None:
            variant = self.store.add_variant(key, entry, encoding)
        named = environ.get("HTTP_IF_NONE_MATCH")
        if named is not None and is_known(named, variant.etag):
            start_response("304 NOT MODIFIED", variant.headers_unchanged)
            return []
        start_response(_OK, variant.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [variant.body]

    def _encoding(self, accepted: str) -> str:
        found = self._encodings.get(accepted)
        if found is None:
            # Reading a very long one costs more than all else.
            found = best_encoding(accepted) if len(accepted) <= ACCEPT_MAX_CHARS else "identity"
            if len(accepted) <= ACCEPT_MAX_CHARS and len(self._encodings) < ACCEPTS_MAX:
                self._encodings[accepted] = found
        return found

    def _look_again(self, look: Callable[[], None]) -> None:
        with self._lock:
            is_due = time.monotonic() - self._looked_at > LOOK_SECONDS
            if is_due:
                self._looked_at = time.monotonic()
        if is_due:
            look()
            self._poll.look()

    def _miss(
        self, key: Hashable, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Render a page, once for all who ask for it meanwhile."""
        with self._lock:
            ahead = self._flights.get(key)
            if ahead is None:
                landed = self._flights[key] = threading.Event()
        if ahead is not None:
            ahead.wait(FLIGHT_SECONDS)
            entry = self._found(key, environ)
            if entry is not None:
                return self._send(key, entry, environ, start_response)
            return self._render(key, environ, start_response)
        try:
            return self._render(key, environ, start_response)
        finally:
            with self._lock:
                del self._flights[key]
            landed.set()

    def _render(
        self, key: Hashable | None, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let the application answer; a key of None is for what nobody else may get."""
        offered = Offer(is_wanted=key is not None and self._keeps)
        inside = environ | {"REQUEST_METHOD": "GET", OFFER: offered}
        parts, status, headers = run_wsgi_app(self._inner, inside)
        if not offered.is_made or status != _OK or "Set-Cookie" in headers:
            start_response(status, list(headers))
            return parts if environ["REQUEST_METHOD"] == "GET" else _closed(parts)
        entry = Entry(list(headers), b"".join(parts), offered.ends_at)
        _closed(parts)
        # Whatever a view takes for one person's own says so.
        is_for_all = headers.get("Cache-Control", "").startswith("public")
        if is_for_all and offered.is_wanted:
            self._keep(key, entry, offered.revision, host=environ["HTTP_HOST"])
        return self._send(key, entry, environ, start_response)

    def _keep(self, key: Hashable, entry: Entry, number: int | None, *, host: str) -> None:
        self.store.put(key, entry, revision=number)
        with self._lock:
            if len(self._hosts) >= HOSTS_MAX:
                self._hosts.clear()
            self._hosts.add(host)
        self._poll.start()

    def _write(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Let the application change something, which this process shows from the next answer on."""
        touched_before = revision.latest_touch()
        parts = self._inner(environ, start_response)
        # Most of what readers send waits to be looked at, and changes no page.
        if len(self.store) and revision.latest_touch() is not touched_before:
            self._poll.look()
        return parts


def _closed(parts: Iterable[bytes]) -> Iterable[bytes]:
    """End an answer whose body is not sent."""
    # Flask's answers are of this kind, and so is what reads their first part.
    cast("ClosingIterator", parts).close()
    return []


def _for_one(start_response: StartResponse) -> StartResponse:
    """Keep proxies, which know nothing of tracking parameters, from filling up with one page."""

    def start(status: str, headers: Headers, *rest: Any) -> Callable[[bytes], object]:
        own = [
            (name, FOR_ONE if name == "Cache-Control" and value.startswith("public") else value)
            for name, value in headers
        ]
        return start_response(status, own, *rest)

    return start
