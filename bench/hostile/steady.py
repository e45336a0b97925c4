"""Steady use for minutes, and whether the site grows by it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench import load, machine
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row
from bench.servers import Blog
from bench.speed import ARTICLE, comment_form

_ACTION = f"{ARTICLE}/comments"
_VISITORS, _PER_SECOND = 5, 50
_POST_EVERY = 10
_READ = [ARTICLE, "/", f"{ARTICLE}?uncached=1", "/feed.xml", "/search?q=skin", "/nowhere"]
_UNCACHED = [f"{ARTICLE}?uncached=1", "/search?q=skin"]
_BURST = 1_000
# What the last thread opens that has its first turn late; a leak would be thousands.
_LATE = 6
_TAKEN = {200, 303, 404}


def rows(site: Blog, *, minutes: float) -> Iterator[Row]:
    """Read and post, and look at the web processes after the first tenth and at the end."""
    pids = site.web_processes()
    # A thread opens what it needs when it is first used.
    load.send_all(site.port, ARTICLE, _ACTION, comment_form, count=_BURST)
    load.read_all(site.port, _UNCACHED, count=_BURST)
    _use(site.port, seconds=minutes * 6)
    before, open_before = machine.memory_mb(pids), _open_files(pids)
    statuses = _use(site.port, seconds=minutes * 54)
    after, open_after = machine.memory_mb(pids), _open_files(pids)
    if site.web_processes() != pids or set(statuses) - _TAKEN:
        raise CantMeasure(f"The site did not answer all, or did not last: {dict(statuses)}")
    rate = statuses.total() / (minutes * 54)
    what = f"{minutes:.3g} minutes at {rate:.0f} requests a second: memory (PSS)"
    note = "ratio to after its first tenth"
    yield Row(what, after, "MB", after / before, Bound(1.1, of_ratio=True), note)
    note = f"{open_before} before, {open_after} after"
    yield Row("more descriptors open", open_after - open_before, bound=Bound(_LATE), note=note)


def _open_files(pids: list[int]) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


def _use(port: int, *, seconds: float) -> Counter[int]:
    """Let some visitors act in turn at a steady pace; gives how they were answered."""
    statuses: Counter[int] = Counter()
    began_at = time.monotonic()

    def act(first: int) -> None:
        with Visitor(port) as visitor:
            form = load.fresh_form(visitor, ARTICLE, _ACTION)
            for number in range(first, int(seconds * _PER_SECOND), _VISITORS):
                time.sleep(max(began_at + number / _PER_SECOND - time.monotonic(), 0))
                visitor.cookies.clear()
                if number // _VISITORS % _POST_EVERY == 0:
                    answer = visitor.post(_ACTION, form | comment_form())
                else:
                    answer = visitor.get(_READ[number % len(_READ)])
                statuses[answer.status] += 1

    visitors = [threading.Thread(target=act, args=(first,)) for first in range(_VISITORS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    return statuses
