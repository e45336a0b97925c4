"""Reloads and a restart under load: no reader fails, and nothing that was taken is lost."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from bench import load, servers
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row
from bench.servers import SITE_HOST, Blog
from bench.speed import ARTICLE, comment_form
from bench.stage import HOST, WAIT_SECONDS

_ACTION = f"{ARTICLE}/comments"
_READERS = 6
_PAUSE_SECONDS = 0.005
_CALM_SECONDS = 1.0
_PAGES = [ARTICLE, "/", "/feed.xml"]
_HEADERS = {"Host": SITE_HOST, "X-Forwarded-Proto": "https"}
_NONE = Bound(0)


@dataclass
class Readers:
    """Readers who ask without a pause, every second of them on one connection.

    A page that ends unanswered on a kept connection is asked for once more, as browsers do; so is
    a connection that is refused, where nobody is to listen for a while.
    """

    port: int
    outlives_refusal: bool = False
    answered: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(bool(number % 2),))
            for number in range(_READERS)
        ]
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    def _read(self, keeps_alive: bool) -> None:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=WAIT_SECONDS)
        number, was_kept = 0, False
        while not self._over.wait(_PAUSE_SECONDS):
            number += 1
            try:
                connection.request("GET", _PAGES[number % len(_PAGES)], headers=_HEADERS)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                is_excused = was_kept and not isinstance(error, http.client.IncompleteRead)
                is_refused = isinstance(error, ConnectionRefusedError) and self.outlives_refusal
                if not is_excused and not is_refused:
                    self.failed[type(error).__name__] += 1
                was_kept = False
                continue
            self.failed.update([str(answer.status)] * (answer.status != 200))
            self.answered += 1
            was_kept = keeps_alive
            if not keeps_alive:
                connection.close()
        connection.close()


def rows(site: Blog, *, count: int) -> Iterator[Row]:
    """Reload so often while others read and post, and restart behind nginx and without it."""
    settings = {"BLOG_WORKERS": "2"}
    site.serve(core=None, **settings)
    proxy = servers.documented_nginx(site.stage, site.port, "reload-proxy")
    with Readers(site.port) as readers, _posting(site.port) as acknowledged:
        for _ in range(count):
            time.sleep(_CALM_SECONDS)
            _reload(site)
        time.sleep(_CALM_SECONDS)
    yield _failed(f"{count} reloads under load: readers failed", readers)
    note = f"of {len(acknowledged):,}"
    lost = len(acknowledged) - _there(site, acknowledged)
    yield Row("acknowledged comments lost", lost, bound=_NONE, note=note)
    with Readers(proxy) as behind, Readers(site.port, outlives_refusal=True) as direct:
        time.sleep(_CALM_SECONDS)
        site.stop()
        time.sleep(_CALM_SECONDS)
        site.serve(core=None, **settings)
        time.sleep(_CALM_SECONDS)
    yield _failed("SIGTERM and start under load, behind nginx: readers failed", behind)
    yield _failed("the same without nginx: answers cut off, or connections left unanswered", direct)
    site.stop()


def _failed(what: str, readers: Readers) -> Row:
    why = "".join(f"; {name} {number}" for name, number in readers.failed.items())
    note = f"of {readers.answered:,}{why}"
    return Row(what, readers.failed.total(), bound=_NONE, note=note)


def _reload(site: Blog) -> None:
    """Reload, and wait until all web processes are others.

    Raises: CantMeasure where they aren't.
    """
    assert site.process
    before = set(site.web_processes())
    site.process.send_signal(signal.SIGHUP)
    give_up_at = time.monotonic() + WAIT_SECONDS
    while before & set(site.web_processes()):
        if time.monotonic() > give_up_at:
            raise CantMeasure("The reload did not end.")
        time.sleep(0.05)


@contextlib.contextmanager
def _posting(port: int) -> Iterator[list[int]]:
    """Post meanwhile; gives the ids that were acknowledged."""
    over, ids = threading.Event(), list[int]()

    def post() -> None:
        with Visitor(port) as visitor:
            form = load.fresh_form(visitor, ARTICLE, _ACTION)
        while not over.wait(_PAUSE_SECONDS):
            # A post that a connection swallowed is nobody's to send again but its writer's.
            with contextlib.suppress(CantMeasure), Visitor(port) as visitor:
                answer = visitor.post(_ACTION, form | comment_form())
                if answer.status == 303:
                    ids.append(int(re.findall(r"\d+", answer.headers["Location"])[-1]))

    writer = threading.Thread(target=post)
    writer.start()
    try:
        yield ids
    finally:
        over.set()
        writer.join()


def _there(site: Blog, ids: list[int]) -> int:
    listed = ", ".join(map(str, ids))
    return int(site.asked(f"SELECT count(*) FROM comment WHERE id IN ({listed})"))
