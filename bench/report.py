"""Rows of figures beside their bounds, as a table for a person, and bench/results.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """What a figure, or its ratio, is to be at least or at most."""

    limit: float
    is_floor: bool = False
    of_ratio: bool = False

    def __str__(self) -> str:
        word = "at least" if self.is_floor else "at most"
        return f"{'ratio ' if self.of_ratio else ''}{word} {number(self.limit)}"

    def holds(self, value: float) -> bool:
        """Tell whether a figure keeps to it."""
        return value >= self.limit if self.is_floor else value <= self.limit


@dataclass(frozen=True)
class Row:
    """One figure; `value` is None where it couldn't be measured, and `note` says why."""

    what: str
    value: float | None = None
    unit: str = ""
    ratio: float | None = None
    bound: Bound | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the bound is met, which it isn't without a figure; nothing where there is none."""
        if self.bound is None:
            return ""
        measured = self.ratio if self.bound.of_ratio else self.value
        is_met = measured is not None and self.bound.holds(measured)
        return "met" if is_met else "not met"

    def cells(self) -> list[str]:
        """Write its cells."""
        figure = "" if self.value is None else f"{number(self.value)} {self.unit}".strip()
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return [self.what, figure, ratio, str(self.bound or ""), self.verdict, self.note]


@dataclass(frozen=True)
class Table:
    """Rows under one title; `ratio_to` says what their ratios are to."""

    title: str
    ratio_to: str
    rows: Sequence[Row]

    def __str__(self) -> str:
        head = ["what", "figure", f"ratio to {self.ratio_to}", "bound", "", "note"]
        lines = [head, ["---", "---:", "---:", "---", "---", "---"]]
        lines += [row.cells() for row in self.rows]
        return f"## {self.title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Write a figure with as many digits as mean something."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    shown = f"{value:,.{digits}f}"
    return shown.rstrip("0").rstrip(".") if digits else shown


def written(
    tables: Iterable[Table],
    *,
    machine: Iterable[tuple[str, str]],
    commands: Iterable[str],
    date: str,
    is_quick: bool,
) -> str:
    """Put everything into one page."""
    short = "**A short run (`--quick`): rough figures, to see that it works.**\n\n"
    facts = [("date", date), *machine]
    return (
        "\n\n".join(
            [
                "# Measurements",
                "Made by `make bench`; nothing here is typed by hand. Absolute figures change from machine to machine, ratios of one run much less.",
                (short if is_quick else "")
                + "\n".join(f"- {name}: {words}" for name, words in facts),
                *map(str, tables),
                "## Commands",
                "What was run, each once, in this order; `$FOLDER` is the run's own folder, `$PORT` a free port. Forms are read and sent by `bench/load.py`, nginx is set up by `bench/servers.py`.",
                "\n".join(["```sh", *commands, "```"]),
            ]
        )
        + "\n"
    )
