"""A large import beside a site in use: how long it takes, what it weighs, and who waits for it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import load, machine, words
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row
from bench.servers import BLOG, Blog
from bench.speed import ARTICLE, SLUG, comment_form
from blog import exports

_ACTION = f"{ARTICLE}/comments"
_FIRST_AT = datetime(2016, 1, 1, tzinfo=UTC)
_TEXTS = 1_000
_EVERY_SECONDS = 0.1
_SEED = 1


def rows(site: Blog, *, count: int) -> Iterator[Row]:
    """Import so many comments while readers post."""
    path = site.stage.folder / "import.json"
    _write(path, count)
    began_at = time.perf_counter()
    command = [BLOG, "comments", "import", str(path), "--json"]
    process = site.stage.start(command, core=None, settings=site.settings)
    waits, peak = [], 0.0
    with Visitor(site.port) as visitor:
        form = load.fresh_form(visitor, ARTICLE, _ACTION)
        while process.poll() is None:
            peak = max(peak, machine.peak_mb(process.pid))
            visitor.cookies.clear()
            answer = visitor.post(_ACTION, form | comment_form())
            if answer.status != 303:
                raise CantMeasure(f"A comment was answered {answer.status} during the import.")
            waits.append(answer.seconds)
            time.sleep(_EVERY_SECONDS)
    took = time.perf_counter() - began_at
    stored = site.asked("SELECT count(*) FROM comment WHERE submission_key LIKE 'import-%'")
    if process.returncode or stored != count:
        raise CantMeasure(f"{stored:,} were imported: {site.stage.last_words()}")
    yield Row(f"import of {count:,} comments", took, "s", bound=Bound(300))
    yield Row("its peak memory (RSS)", peak, "MB", bound=Bound(200))
    what, usual = "a comment posted meanwhile, the longest", load.p50_ms(waits)
    note = f"of {len(waits):,}; p50 {usual:.0f} ms"
    yield Row(what, max(waits) * 1000, "ms", bound=Bound(500), note=note)


def _write(path: Path, count: int) -> None:
    """Write a file as the product exports it; every third comment answers one before it."""
    rng = random.Random(_SEED)
    texts = [words.paragraph(rng, rng.randint(1, 4)) for _ in range(_TEXTS)]
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"format": exports.FORMAT, "version": exports.VERSION})[:-1])
        file.write(', "comments": [')
        for number in range(1, count + 1):
            said = {
                "id": number,
                "key": f"import-{number}",
                "article": SLUG,
                "parent": rng.randint(1, number - 1) if number % 3 == 0 else None,
                "state": "approved",
                "name": words.phrase(rng).title(),
                "email": f"reader{number % 5000}@reader.example",
                "source": rng.choice(texts),
                "source_format": "markdown",
                "created_at": (_FIRST_AT + timedelta(minutes=number)).isoformat(),
            }
            file.write(("\n" if number == 1 else ",\n") + json.dumps(said))
        file.write("\n]}\n")
