"""Enquiries as a table for a spreadsheet: CSV that programs can't mistake for formulas.

What may be sensitive is left out unless it is expressly asked for.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator

from blog.content import Site
from blog.enquiries.model import Enquiry

# By which spreadsheets know the encoding.
_BEGINNING = "\ufeff"
_FORMULA = tuple("=+-@\t\r＝＋－＠")
_LEFT_OUT = "(left out: it may hold medical details)"
_COLUMNS: dict[str, Callable[[Enquiry], str]] = {
    "Reference": lambda each: each.reference,
    "Name": lambda each: each.name,
    "Email": lambda each: each.email,
    "Phone": lambda each: each.phone_words,
    "Answer": lambda each: "; ".join(filter(None, (each.answered_by, each.preferred_time))),
    "Topic": lambda each: each.topic,
    "State": lambda each: "suspected" if each.is_suspected else each.state,
    "Assigned to": lambda each: each.assigned_to.name if each.assigned_to else "",
}


def lines(rows: Iterable[Enquiry], *, site: Site, with_sensitive: bool) -> Iterator[str]:
    """Write a table a line at a time; times are the site's."""
    yield _BEGINNING + _line([*_COLUMNS, "Received", "Answered", "Message"])
    for row in rows:
        times = (row.created_at, row.answered_at)
        written = [f"{at.astimezone(site.zone):%Y-%m-%d %H:%M}" if at else "" for at in times]
        is_shown = with_sensitive or not row.is_sensitive
        cells = [column(row) for column in _COLUMNS.values()]
        yield _line([*cells, *written, row.message if is_shown else _LEFT_OUT])


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(map(harmless, cells))
    return out.getvalue()


def harmless(cell: str) -> str:
    """Mark what a spreadsheet would reckon with as the text it is.

    Source: OWASP, CSV Injection.
    """
    is_formula = cell.startswith(_FORMULA) or cell.lstrip().startswith(_FORMULA)
    return f"'{cell}" if is_formula else cell
