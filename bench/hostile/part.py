"""The part `hostile` of the bench: which measurements there are, in which order, and how large."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bench import machine, servers
from bench.hostile import same, stored
from bench.machine import ROOT
from bench.report import Row, Table
from bench.servers import Blog
from bench.stage import Stage


@dataclass(frozen=True)
class Effort:
    """How much is tried."""

    payloads: int
    raw_payloads: int
    doors: int
    documents: int
    minutes: float


FULL = Effort(payloads=2_000, raw_payloads=500, doors=50, documents=10_000, minutes=2)
QUICK = Effort(payloads=100, raw_payloads=25, doors=5, documents=200, minutes=1 / 3)


def measure(stage: Stage, effort: Effort) -> Iterator[Table]:
    """Measure everything, a table at a time; prints each row as it comes."""
    content = stage.folder / "hostile-content"
    shutil.copytree(ROOT / "content", content)

    def site(name: str) -> Blog:
        made = servers.blog(stage, f"hostile-{name}", content)
        made.prepare()
        return made

    # Nothing here is a matter of one core, and a browser takes what it can have.
    with machine.unpinned(stage.server_core, stage.load_core):
        yield Table("Hostile comments", "", list(_told(_comments(site, effort))))


def _told(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        print(row.what, row.cells()[1], row.verdict, flush=True)
        yield row


def _comments(site: Callable[[str], Blog], effort: Effort) -> Iterator[Row]:
    attacked = site("stored")
    attacked.serve(core=None)
    yield from stored.rows(attacked, first=effort.payloads, second=effort.raw_payloads)
    attacked.stop()
    yield from same.rows(site("same"), count=effort.doors, documents=effort.documents)
