"""Hundreds of clients that are slow on purpose, and how long others wait for a page meanwhile."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles

from bench import servers
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row
from bench.servers import SITE_HOST, Blog
from bench.speed import ARTICLE
from bench.stage import HOST

_EVERY_SECONDS = 0.02
_DRIP_SECONDS = 1.0
_READ_MAX_SECONDS = 5
_HEAD = f"Host: {SITE_HOST}\r\nX-Forwarded-Proto: https\r\n"
_POST = (
    f"POST /contact HTTP/1.1\r\n{_HEAD}Content-Length: 9000\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\nname="
)


@dataclass(frozen=True)
class Kind:
    """What a client sends at once, what it adds each second, and whether it reads its answer."""

    name: str
    first: str
    then: str = ""
    reads: bool = False


KINDS = [
    Kind("slow heads", f"GET / HTTP/1.1\r\n{_HEAD}X-Slow: ", "x"),
    Kind("slow bodies", _POST, "x"),
    Kind("unread answers", f"GET {ARTICLE} HTTP/1.1\r\n{_HEAD}\r\n" * 20),
    Kind("idle connections", f"HEAD / HTTP/1.1\r\n{_HEAD}\r\n", reads=True),
]


class Crowd(threading.Thread):
    """Clients of a kind, as many at every moment: who is given up comes again."""

    def __init__(self, port: int, kind: Kind, count: int) -> None:
        super().__init__(daemon=True)
        self._port, self._kind, self._count = port, kind, count
        self._over = threading.Event()
        self.clients: set[socket.socket] = set()
        self.is_full = threading.Event()

    def __enter__(self) -> Crowd:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Keep them all there until it is over."""
        while not self._over.is_set():
            drip_at = time.monotonic() + _DRIP_SECONDS
            while len(self.clients) < self._count and not self._over.is_set():
                self._connect()
            self.is_full.set()
            self._over.wait(max(drip_at - time.monotonic(), 0))
            for client in list(self.clients):
                self._go_on(client)
        for client in self.clients:
            client.close()

    def _connect(self) -> None:
        client = socket.socket()
        # So that little of an answer goes into a buffer of the system.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(_READ_MAX_SECONDS)
        try:
            client.connect((HOST, self._port))
            client.sendall(self._kind.first.encode())
        except OSError:
            client.close()
            return
        client.setblocking(False)
        self.clients.add(client)

    def _go_on(self, client: socket.socket) -> None:
        """Send a little more, and leave where the other side has hung up."""
        try:
            client.sendall(self._kind.then.encode())
            has_left = self._kind.reads and client.recv(65536) == b""
        except BlockingIOError:
            has_left = False
        except OSError:
            has_left = True
        if has_left:
            client.close()
            self.clients.discard(client)


def rows(site: Blog, *, count: int, seconds: float) -> Iterator[Row]:
    """Look at the site behind nginx with so many of each kind, and without it with half of them."""
    proxy = servers.documented_nginx(site.stage, site.port, "slow-proxy")
    for front, port, many in (("through nginx", proxy, count), ("without", site.port, count // 2)):
        unserved: Counter[str] = Counter()
        for kind in KINDS:
            with Crowd(port, kind, many) as crowd:
                crowd.is_full.wait(_READ_MAX_SECONDS)
                waits = _read(port, seconds, unserved)
                there = len(crowd.clients)
            what = f"{many} {kind.name} {front}: another reader, p99"
            longest = f"the longest {max(waits) * 1000:.0f} ms"
            note = f"{len(waits):,} pages past the cache, {longest}; {there} clients at the end"
            p99 = quantiles(waits, n=100, method="inclusive")[98] * 1000
            yield Row(what, p99, "ms", bound=Bound(100), note=note)
        note = ", ".join(f"{why} {number}" for why, number in unserved.items())
        what = f"slow clients {front}: readers not served"
        yield Row(what, unserved.total(), bound=Bound(0), note=note)


def _read(port: int, seconds: float, unserved: Counter[str]) -> list[float]:
    """Read an article for a while, past the cache; gives how long each page took."""
    waits: list[float] = []
    until = time.monotonic() + seconds
    with contextlib.ExitStack() as closing:
        visitor = closing.enter_context(Visitor(port))
        while time.monotonic() < until or len(waits) < 2:
            began_at = time.perf_counter()
            try:
                status = visitor.get(f"{ARTICLE}?uncached={began_at}").status
            except CantMeasure as error:
                unserved[str(error)] += 1
                visitor = closing.enter_context(Visitor(port))
            else:
                unserved.update([str(status)] * (status != 200))
            waits.append(time.perf_counter() - began_at)
            time.sleep(_EVERY_SECONDS)
    return waits
