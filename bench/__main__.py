"""`python -m bench [all|speed|growth|hostile|site]`: measures, prints the tables, and writes them down."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import growth, machine, postgresql, report, speed, stage
from bench.hostile import part as hostile
from bench.machine import ROOT, CantMeasure
from bench.report import Table
from bench.site import LARGE, Size
from bench.stage import Stage


def main(arguments: list[str] | None = None) -> int:
    """Run a part.

    Returns: 0, or 1 with a sentence on stderr where something is missing or fails.
    """
    options = _read(arguments)
    try:
        _make(options) if options.part == "site" else _measure(options)
    except CantMeasure as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the blog.")
    parser.add_argument(
        "part",
        nargs="?",
        default="all",
        choices=["all", "speed", "growth", "hostile", "site"],
        help="speed beside nginx, growth with the content, what attackers and accidents do, or only make a large site",
    )
    parser.add_argument("--quick", action="store_true", help="a short run with rough figures")
    parser.add_argument(
        "--results", type=Path, default=ROOT / "bench" / "results.md", help="where to write"
    )
    parser.add_argument(
        "--postgresql", action="store_true", help="growth: on a PostgreSQL server of its own too"
    )
    parser.add_argument("--articles", type=int, help="articles of the large site")
    parser.add_argument("--comments", type=int, help="comments of the large site")
    parser.add_argument("--requests", type=int, help="requests for which memory is watched")
    parser.add_argument("--minutes", type=float, help="hostile: how long it is used steadily")
    parser.add_argument(
        "--only", nargs="+", default=[], choices=hostile.NAMES, help="hostile: these alone"
    )
    parser.add_argument(
        "--labelled", nargs="+", type=Path, default=[], help="hostile: public sets of spam, as CSV"
    )
    parser.add_argument("--seed", type=int, default=growth.SEED, help="number a site is made from")
    parser.add_argument("--folder", type=Path, help="site: where to make it")
    parser.add_argument("--database-url", default="", help="site: another database than SQLite")
    options = parser.parse_args(arguments)
    if options.part == "site" and options.folder is None:
        parser.error("site needs --folder, where to make it")
    return options


def _size(options: argparse.Namespace, usual: Size) -> Size:
    wanted = (options.articles, usual.articles), (options.comments, usual.comments)
    return Size(*(default if given is None else given for given, default in wanted))


def _measure(options: argparse.Namespace) -> None:
    server_core, load_core = machine.check()
    machine.pin(load_core)
    tables: list[Table] = []
    with stage.prepared(server_core, load_core) as here:
        # Before anything of ours runs, since it tells how quiet the machine is.
        facts = machine.described(here.folder)
        if options.part in ("all", "speed"):
            tables += speed.measure(here, speed.QUICK if options.quick else speed.FULL)
            _write(options, here, tables, facts)
        if options.part in ("all", "growth"):
            usual = growth.QUICK if options.quick else growth.FULL
            requests = usual.requests if options.requests is None else options.requests
            effort = replace(usual, large=_size(options, usual.large), requests=requests)
            tables += growth.measure(here, effort)
            _write(options, here, tables, facts)
            if options.postgresql:
                tables += growth.measure(here, effort, server=postgresql.server(here))
                facts = [*facts, ("PostgreSQL", postgresql.version())]
                _write(options, here, tables, facts)
        if options.part in ("all", "hostile"):
            rough = hostile.QUICK if options.quick else hostile.FULL
            minutes = rough.minutes if options.minutes is None else options.minutes
            hard = replace(rough, minutes=minutes, labelled=tuple(options.labelled))
            for table in hostile.measure(here, hard, options.only):
                tables.append(table)
                _write(options, here, tables, facts)
    print("\n\n".join(map(str, tables)))


def _write(
    options: argparse.Namespace, here: Stage, tables: list[Table], facts: list[tuple[str, str]]
) -> None:
    """Write down what there is so far, so that a part that fails takes nothing else with it."""
    text = report.written(
        tables,
        machine=facts,
        commands=here.commands,
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        is_quick=options.quick,
    )
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(text, encoding="utf-8")


def _make(options: argparse.Namespace) -> None:
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    size = _size(options, LARGE)
    with contextlib.ExitStack() as closing:
        here = Stage(folder, *machine.cores(), closing)
        settings = {"BLOG_DATABASE_URL": options.database_url} if options.database_url else {}
        blog, seconds = growth.made(here, "site", size, seed=options.seed, **settings)
        print(f"{size.articles:,} articles written and synced, the sync in {seconds:.1f} s.")
        growth.fill(blog, size, seed=options.seed)
    names = ("BLOG_INSTANCE_DIR", "BLOG_CONTENT_DIR", *settings)
    print("Serve it with:", *(f"{name}={blog.settings[name]}" for name in names), "blog serve")


if __name__ == "__main__":
    # Asked to end, it ends what it started, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
