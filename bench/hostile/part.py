"""The part `hostile` of the bench: which measurements there are, in which order, and how large."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bench import machine, servers
from bench.hostile import importing, kills, posting, same, spam, steady, stored, writers
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
)


def measure(stage: Stage, effort: Effort) -> Iterator[Table]:
    """Measure everything, a table at a time; prints each row as it comes."""
    content = stage.folder / "hostile-content"
    shutil.copytree(ROOT / "content", content)

    def made(name: str) -> Blog:
        site = servers.blog(stage, f"hostile-{name}", content)
        site.prepare()
        return site

    # Little here is a matter of one core, and a browser takes what it can have.
    with machine.unpinned(stage.server_core, stage.load_core):
        for title, rows in (
            ("Hostile comments", _comments(made, effort)),
            ("Slow texts, cuts, kills and many at once", _losses(made, effort)),
            ("Spam, a large import and steady use", _uses(made, effort)),
        ):
            yield Table(title, "the start", list(_told(rows)))


def _told(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        print(*row.cells()[:3], row.verdict, flush=True)
        yield row


def _comments(made: _Made, effort: Effort) -> Iterator[Row]:
    site = made("stored")
    site.serve(core=None)
    yield from stored.rows(site, first=effort.payloads, second=effort.raw_payloads)
    site.stop()
    yield from same.rows(made("same"), count=effort.doors, documents=effort.documents)


def _losses(made: _Made, effort: Effort) -> Iterator[Row]:
    site = made("posting")
    site.serve(core=site.stage.server_core)
    with machine.unpinned(site.stage.load_core):
        yield from posting.slow(site, count=effort.patterns)
        yield from posting.cut(site, count=effort.cuts)
    site.stop()
    site = made("writing")
    yield from writers.rows(site, seconds=effort.write_seconds)
    yield from kills.rows(site, count=effort.kills)


def _uses(made: _Made, effort: Effort) -> Iterator[Row]:
    yield from spam.rows()
    site = made("importing")
    site.serve(core=None)
    yield from importing.rows(site, count=effort.imported)
    site.stop()
    site = made("steady")
    site.serve(core=None)
    yield from steady.rows(site, minutes=effort.minutes)
    site.stop()
