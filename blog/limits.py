"""Rate limits: how often one client may do what, counted in a file that all processes share.

Clients are counted by a keyed hash that changes daily. Where the file can't be written the
limits do not hold, since a reader must never be refused for it.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from limits.storage import Storage

from blog import config, db, tokens, urls

POSTS = "10 per minute; 60 per hour; 200 per day"
SIGN_INS = "20 per minute; 100 per hour"
FORGOTTEN = "5 per minute; 20 per hour"
# Of one token, by which a program acts.
ACTS = "300 per minute; 5000 per hour"
# Somebody may go through a long mail, a page and a button for each comment.
LINKS = "60 per minute; 600 per hour"
_SCHEMA = "CREATE TABLE IF NOT EXISTS hit (key TEXT PRIMARY KEY, count INTEGER NOT NULL, ends_at REAL NOT NULL) WITHOUT ROWID"
_SWEEP_EVERY = 500
# A Redis that doesn't answer must not hold up a reader for long.
_REDIS_WAITS = {"socket_connect_timeout": 1, "socket_timeout": 1}
# The library puts it on every answer of a limited route.
_WAIT_HEADER = "X-RateLimit-Retry-After"


def client() -> str:
    """Stand for the client of this request for a day, without holding its address."""
    if "client" not in g:  # each limit of a view asks
        key = config.current().secret_key
        g.client = tokens.address_hash(key, request.remote_addr or "", now=db.utc_now())
    return str(g.client)


limiter = Limiter(
    key_func=client, headers_enabled=True, swallow_errors=True, strategy="fixed-window"
)


def posts(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Limit how often one client sends something, by whichever door: each view of it has this."""
    limit: Callable[[Callable[..., Any]], Callable[..., Any]]
    limit = limiter.shared_limit(POSTS, scope=what)
    return limit


def acts(whose: Callable[[], str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Limit how often a program acts, whatever it does; `whose` names its token."""
    limit: Callable[[Callable[..., Any]], Callable[..., Any]]
    limit = limiter.shared_limit(ACTS, scope="acts", key_func=whose)
    return limit


def init_app(app: Flask, settings: config.Settings) -> None:
    """Count in the instance folder, or in Redis where several machines share the work."""
    file = f"blogfile://{settings.instance_dir / 'limits.db'}"
    app.config["RATELIMIT_STORAGE_URI"] = settings.limits_url or file
    app.config["RATELIMIT_STORAGE_OPTIONS"] = _REDIS_WAITS
    app.config["RATELIMIT_HEADER_RETRY_AFTER"] = _WAIT_HEADER
    app.after_request(say_when)
    limiter.init_app(app)


def say_when(response: Response) -> Response:
    """Tell a client that was refused how long to wait, and a program how much is left.

    Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
    """
    if request.path.startswith(f"{urls.API}/") and limiter.current_limits:
        parts = [(f'"{each.limit.get_expiry()}"', each) for each in limiter.current_limits]
        response.headers["RateLimit-Policy"] = ", ".join(
            f"{name};q={each.limit.amount};w={each.limit.get_expiry()}" for name, each in parts
        )
        response.headers["RateLimit"] = ", ".join(
            f"{name};r={each.remaining};t={max(0, round(each.reset_at - time.time()))}"
            for name, each in parts
        )
    wait_seconds = response.headers.pop(_WAIT_HEADER, None)
    if wait_seconds is not None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = wait_seconds
    return response


class FileStorage(Storage):
    """Counters in a SQLite file of their own.

    Source: the Storage interface of the `limits` library.
    """

    STORAGE_SCHEME = ["blogfile"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._path = uri.removeprefix("blogfile://")
        self._local = threading.local()
        self._hits = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library takes for a failing storage."""
        return sqlite3.Error

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Connection]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            Path(self._path).touch(mode=0o600)
            connection = sqlite3.connect(self._path, timeout=1, isolation_level=None)
            # Counters may be lost in a power cut; they are only worth a minute anyway.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(_SCHEMA)
            self._local.connection = connection
        yield connection

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count up a window, opening it where it has ended."""
        now = time.time()
        self._hits += 1
        with self._cursor() as cursor:
            if self._hits % _SWEEP_EVERY == 0:
                cursor.execute("DELETE FROM hit WHERE ends_at <= ?", (now,))
            row = cursor.execute(
                "INSERT INTO hit VALUES (:key, :amount, :ends_at) ON CONFLICT (key) DO UPDATE SET"
                " count = CASE WHEN ends_at <= :now THEN 0 ELSE count END + :amount,"
                " ends_at = CASE WHEN ends_at <= :now THEN :ends_at ELSE ends_at END"
                " RETURNING count",
                {"key": key, "amount": amount, "ends_at": now + expiry, "now": now},
            ).fetchall()
        return int(row[0][0])

    def get(self, key: str) -> int:
        """Return how far a window is counted."""
        return int(self._row(key)[0])

    def get_expiry(self, key: str) -> float:
        """Return when a window ends, in seconds of the Unix clock."""
        return float(self._row(key)[1])

    def _row(self, key: str) -> tuple[int, float]:
        now = time.time()
        query = "SELECT count, ends_at FROM hit WHERE key = ? AND ends_at > ?"
        with self._cursor() as cursor:
            found: tuple[int, float] | None = cursor.execute(query, (key, now)).fetchone()
        return found or (0, now)

    def check(self) -> bool:
        """Tell whether the file can be used."""
        with self._cursor() as cursor:
            return bool(cursor.execute("SELECT 1").fetchone())

    def reset(self) -> int:
        """Forget all counters; returns how many there were."""
        with self._cursor() as cursor:
            return int(cursor.execute("DELETE FROM hit").rowcount)

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with self._cursor() as cursor:
            cursor.execute("DELETE FROM hit WHERE key = ?", (key,))
