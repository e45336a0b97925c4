"""`python -m bench [speed|growth|site]`: everything where no part is named."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, report, speed, stage
from bench.machine import ROOT, CantMeasure
from bench.report import Table


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the tables and write them down.

    Returns: 0, or 1 with a sentence on stderr where something is missing or fails.
    """
    try:
        _run(_read(arguments))
    except CantMeasure as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the blog.")
    parser.add_argument("--quick", action="store_true", help="a short run with rough figures")
    parser.add_argument(
        "--results", type=Path, default=ROOT / "bench" / "results.md", help="where to write"
    )
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> None:
    server_core, load_core = machine.check()
    machine.pin(load_core)
    with stage.prepared(server_core, load_core) as here:
        effort = speed.QUICK if options.quick else speed.FULL
        tables: list[Table] = speed.measure(here, effort)
        text = report.written(
            tables,
            machine=machine.described(here.folder),
            commands=here.commands,
            date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            is_quick=options.quick,
        )
    report.write(options.results, text)
    print("\n\n".join(map(str, tables)))


if __name__ == "__main__":
    sys.exit(main())
