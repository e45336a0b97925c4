"""Posting in ways nobody should: texts that are slow to read, and answers that are never waited for."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from statistics import quantiles
from urllib.parse import urlencode

from bench import load
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row
from bench.servers import SITE_HOST, Blog
from bench.speed import ARTICLE, comment_form
from bench.stage import HOST
from blog import markup
from tests.data.hostile_markup import slow_patterns

_ACTION = f"{ARTICLE}/comments"
# A machine may be busy with something else once or twice.
_TRIES = 3
_EVERY_SECONDS = 0.02
_CUT_EVERY = 5


def slow(site: Blog, *, count: int) -> Iterator[Row]:
    """Send the slow patterns, while somebody else reads."""
    patterns = slow_patterns(markup.COMMENT_MAX_CHARS)
    names = list(patterns)[:: max(len(patterns) // count, 1)]
    done = threading.Event()
    read: list[float] = []
    reading = threading.Thread(target=_read, args=(site.port, done, read))
    reading.start()
    try:
        with Visitor(site.port) as visitor:
            form = load.fresh_form(visitor, ARTICLE, _ACTION)
            filled = form | comment_form()
            taken = {name: _quickest(visitor, filled, patterns[name]) for name in names}
    finally:
        done.set()
        reading.join()
    slowest = max(taken, key=taken.__getitem__)
    note = f"{slowest.replace('|', 'bar')}; of {_TRIES} tries the quickest"
    what = f"{len(names)} slow patterns at {markup.COMMENT_MAX_CHARS:,} characters, over HTTP"
    yield Row(f"{what}: the slowest", taken[slowest] * 1000, "ms", bound=Bound(150), note=note)
    what = "another reader meanwhile, p99"
    note = f"{len(read):,} pages past the cache"
    yield Row(what, quantiles(read, n=100)[98] * 1000, "ms", bound=Bound(100), note=note)


def _quickest(visitor: Visitor, form: dict[str, str], text: str) -> float:
    """Send a text a few times.

    Raises: CantMeasure where it is neither taken nor refused.
    """
    answers = [visitor.post(_ACTION, form | {"body": text}) for _ in range(_TRIES)]
    if any(answer.status >= 500 for answer in answers):
        raise CantMeasure(f"{text[:40]!r} and so on was answered {answers[-1].status}.")
    return min(answer.seconds for answer in answers)


def _read(port: int, done: threading.Event, taken: list[float]) -> None:
    with Visitor(port) as visitor:
        while not done.wait(_EVERY_SECONDS):
            taken += load.read_alone(visitor, ARTICLE, count=1)


def cut(site: Blog, *, count: int) -> Iterator[Row]:
    """Send comments, every fifth of them again, since the connection broke before its answer."""
    before = _stored(site)
    with Visitor(site.port) as visitor:
        form = load.fresh_form(visitor, ARTICLE, _ACTION)
    for number in range(count):
        address, filled = f"10.99.{number >> 8}.{number & 255}", form | comment_form()
        if number % _CUT_EVERY == 0:
            _send(site.port, filled, address, waits=False)
        if _send(site.port, filled, address, waits=True) != 303:
            raise CantMeasure("A comment was not taken.")
    # One that nobody waited for may come last.
    time.sleep(1)
    odd = abs(_stored(site) - before - count)
    what = f"{count:,} comments, {count // _CUT_EVERY:,} of them sent again after a cut"
    yield Row(f"{what}: rows too many or too few", odd, bound=Bound(0))


def _send(port: int, fields: dict[str, str], address: str, *, waits: bool) -> int:
    headers = {
        "Host": SITE_HOST,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": address,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:
        connection.request("POST", _ACTION, urlencode(fields), headers)
        return connection.getresponse().status if waits else 0


def _stored(site: Blog) -> int:
    return int(site.asked("SELECT count(*) FROM comment"))
