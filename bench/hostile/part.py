"""The part `hostile` of the bench: which measurements there are, in which order, and how large."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import machine, servers
from bench.hostile import (
    clock,
    described,
    disk,
    headers,
    importing,
    injection,
    kills,
    mailing,
    posting,
    reloads,
    same,
    slow_clients,
    spam,
    steady,
    stored,
    writers,
)
from bench.machine import ROOT
from bench.report import Row, Table
from bench.servers import Blog
from bench.stage import Stage

_Made = Callable[[str], Blog]


@dataclass(frozen=True)
class Effort:
    """How much is tried."""

    payloads: int
    raw_payloads: int
    doors: int
    documents: int
    patterns: int
    cuts: int
    write_seconds: float
    kills: int
    imported: int
    minutes: float
    headers: int
    injections: int
    enquiries: int
    mail_kills: int
    clients: int
    client_seconds: float
    reloads: int
    jump_posts: int
    described: int
    labelled: tuple[Path, ...] = ()


FULL = Effort(
    payloads=2_000,
    raw_payloads=500,
    doors=50,
    documents=10_000,
    patterns=1_000,
    cuts=1_000,
    write_seconds=20,
    kills=200,
    imported=100_000,
    minutes=2,
    headers=30,
    injections=60,
    enquiries=800,
    mail_kills=30,
    clients=400,
    client_seconds=7,
    reloads=3,
    jump_posts=40,
    described=500,
)
QUICK = Effort(
    payloads=100,
    raw_payloads=20,
    doors=5,
    documents=200,
    patterns=30,
    cuts=50,
    write_seconds=3,
    kills=20,
    imported=2_000,
    minutes=1 / 3,
    headers=30,
    injections=20,
    enquiries=170,
    mail_kills=6,
    clients=100,
    client_seconds=2,
    reloads=1,
    jump_posts=10,
    described=30,
)


def measure(stage: Stage, effort: Effort, only: Collection[str] = ()) -> Iterator[Table]:
    """Measure everything, or some by its name, a table at a time; prints each row as it comes."""
    content = stage.folder / "hostile-content"
    shutil.copytree(ROOT / "content", content)

    def made(name: str) -> Blog:
        site = servers.blog(stage, f"hostile-{name}", content)
        site.prepare()
        return site

    # Little here is a matter of one core, and a browser takes what it can have.
    with machine.unpinned(stage.server_core, stage.load_core):
        for title, measurements in _TABLES.items():
            chosen = [each for name, each in measurements.items() if not only or name in only]
            if chosen:
                rows = (row for each in chosen for row in each(made, effort))
                yield Table(title, "the start", list(_told(rows)))


def _told(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        print(*row.cells()[:3], row.verdict, flush=True)
        yield row


def _stored(made: _Made, effort: Effort) -> Iterator[Row]:
    with _served(made("stored")) as site:
        yield from stored.rows(site, first=effort.payloads, second=effort.raw_payloads)


def _same(made: _Made, effort: Effort) -> Iterator[Row]:
    yield from same.rows(made("same"), count=effort.doors, documents=effort.documents)


def _headers(made: _Made, effort: Effort) -> Iterator[Row]:
    with _served(made("headers")) as site:
        yield from headers.rows(site, count=effort.headers)


def _injection(made: _Made, effort: Effort) -> Iterator[Row]:
    yield from injection.rows(made("injection"), count=effort.injections)


def _described(made: _Made, effort: Effort) -> Iterator[Row]:
    with _served(made("described")) as site:
        yield from described.rows(site, examples=effort.described)


def _posting(made: _Made, effort: Effort) -> Iterator[Row]:
    site = made("posting")
    with _served(site, core=site.stage.server_core), machine.unpinned(site.stage.load_core):
        yield from posting.slow(site, count=effort.patterns)
        yield from posting.cut(site, count=effort.cuts)


def _slow_clients(made: _Made, effort: Effort) -> Iterator[Row]:
    with _served(made("slow-clients")) as site:
        yield from slow_clients.rows(site, count=effort.clients, seconds=effort.client_seconds)


def _writing(made: _Made, effort: Effort) -> Iterator[Row]:
    yield from writers.rows(made("writing"), seconds=effort.write_seconds)


def _kills(made: _Made, effort: Effort) -> Iterator[Row]:
    yield from kills.rows(made("kills"), count=effort.kills)


def _disk(made: _Made, _effort: Effort) -> Iterator[Row]:
    yield from disk.rows(made("disk"))


def _mail(made: _Made, effort: Effort) -> Iterator[Row]:
    yield from mailing.rows(made("mail"), count=effort.enquiries, kills=effort.mail_kills)


def _clock(made: _Made, effort: Effort) -> Iterator[Row]:
    yield from clock.rows(made("clock"), count=effort.jump_posts)


def _reloads(made: _Made, effort: Effort) -> Iterator[Row]:
    yield from reloads.rows(made("reloads"), count=effort.reloads)


def _spam(_made: _Made, effort: Effort) -> Iterator[Row]:
    yield from spam.rows(effort.labelled)


def _importing(made: _Made, effort: Effort) -> Iterator[Row]:
    with _served(made("importing")) as site:
        yield from importing.rows(site, count=effort.imported)


def _steady(made: _Made, effort: Effort) -> Iterator[Row]:
    with _served(made("steady")) as site:
        yield from steady.rows(site, minutes=effort.minutes)


@contextlib.contextmanager
def _served(site: Blog, *, core: int | None = None) -> Iterator[Blog]:
    site.serve(core=core)
    yield site
    site.stop()


_TABLES: dict[str, dict[str, Callable[[_Made, Effort], Iterator[Row]]]] = {
    "Hostile comments": {"stored": _stored, "same": _same},
    "Headers of requests and of mails": {"headers": _headers, "injection": _injection},
    "The API against its description": {"described": _described},
    "Slow texts, cuts, kills and many at once": {
        "posting": _posting,
        "slow-clients": _slow_clients,
        "writing": _writing,
        "kills": _kills,
    },
    "A full disk, a faulty mail server, a wrong clock and a restart": {
        "disk": _disk,
        "mail": _mail,
        "clock": _clock,
        "reloads": _reloads,
    },
    "Spam, a large import and steady use": {
        "spam": _spam,
        "importing": _importing,
        "steady": _steady,
    },
}
NAMES = [name for measurements in _TABLES.values() for name in measurements]
