"""Many who write to one SQLite file at once, and others who read: nothing is lost or torn."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from sqlalchemy import select, update

from bench.report import Bound, Row
from bench.servers import Blog
from blog import create_app, db
from blog.accounts import User
from blog.errors import Busy
from blog.revision import SiteRevision

_WRITERS, _READERS = 8, 2
_START_SECONDS = 120
# Or two who read take the cores from eight who write.
_READ_EVERY_SECONDS = 0.005
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Did:
    """What one process did: how often, how often it failed, and how long it waited at most."""

    times: int
    failed: int
    longest_seconds: float = 0.0


def rows(site: Blog, *, seconds: float) -> Iterator[Row]:
    """Let eight write and two read at once, each in a process of its own."""
    with create_app(site.settings).app_context():
        _raise_number()
        db.close()
    before = _number(site)
    writers, readers = _all_at_once(site, seconds)
    written = sum(each.times for each in writers)
    what = f"{_WRITERS} writers and {_READERS} readers for {seconds:g} s"
    none = Bound(0)
    yield Row(f"{what}: told to come again", sum(each.failed for each in writers), bound=none)
    yield Row("updates lost", written - (_number(site) - before), bound=none)
    note = f"of {sum(each.times for each in readers):,}"
    yield Row("reads torn", sum(each.failed for each in readers), bound=none, note=note)
    longest = max(each.longest_seconds for each in writers)
    yield Row("the longest write", longest * 1000, "ms", bound=Bound(500))
    yield Row("writes", written / seconds, "a second", bound=Bound(150, is_floor=True))


def _all_at_once(site: Blog, seconds: float) -> tuple[list[Did], list[Did]]:
    start = _SPAWN.Barrier(_WRITERS + _READERS)
    told: tuple[Queue[Did], Queue[Did]] = (_SPAWN.Queue(), _SPAWN.Queue())
    acts = [(_write, told[0])] * _WRITERS + [(_read, told[1])] * _READERS
    processes = [
        _SPAWN.Process(target=_run, args=(act, site.settings, start, seconds, queue))
        for act, queue in acts
    ]
    for process in processes:
        process.start()
    patience = seconds + _START_SECONDS
    found = [queue.get(timeout=patience) for _, queue in acts]
    for process in processes:
        process.join()
    return found[:_WRITERS], found[_WRITERS:]


def _run(
    act: Callable[[float], Did],
    environ: dict[str, str],
    start: Barrier,
    seconds: float,
    told: Queue[Did],
) -> None:
    with create_app(environ).app_context():
        start.wait(_START_SECONDS)
        told.put(act(time.monotonic() + seconds))
        db.close()


def _raise_number() -> None:
    """Raise a number that was read, and write it in another place too."""
    with db.writing():
        row = db.session.get_one(SiteRevision, 1)
        row.number += 1
        db.session.execute(update(User).values(name=str(row.number)))


def _write(until: float) -> Did:
    times = failed = 0
    longest = 0.0
    while (began_at := time.monotonic()) < until:
        try:
            _raise_number()
            times += 1
        except Busy:
            failed += 1
        longest = max(longest, time.monotonic() - began_at)
    return Did(times, failed, longest)


def _read(until: float) -> Did:
    """Read both places one after another; of one moment they are one number."""
    times = torn = 0
    while time.monotonic() < until:
        time.sleep(_READ_EVERY_SECONDS)
        db.session.rollback()
        names = {user.name for user in db.session.execute(select(User)).scalars()}
        number = db.session.execute(select(SiteRevision.number)).scalar_one()
        times += 1
        torn += names != {str(number)}
    return Did(times, torn)


def _number(site: Blog) -> int:
    return int(site.asked("SELECT number FROM site_revision"))
