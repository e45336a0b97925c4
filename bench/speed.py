"""Speed beside nginx: reading, posting, starting and weight, in one go.

The article is the one in content/, with twenty comments that went through the product's own
doors. nginx serving the same bytes from a file is measured before each figure it is compared with.
"""

from __future__ import annotations

import itertools
import json
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import load, machine, servers
from bench.load import Answer, Fill, Rate, Visitor
from bench.machine import ROOT, CantMeasure
from bench.report import Bound, Row, Table
from bench.servers import Blog
from bench.stage import Stage

SLUG = "mesotherapy-or-microneedling"
ARTICLE = f"/articles/{SLUG}"
COMMENTS = 20
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Effort:
    """How long is looked."""

    rounds: int
    seconds: int
    posts: int
    alone: int
    starts: int


FULL = Effort(rounds=3, seconds=5, posts=1500, alone=300, starts=5)
QUICK = Effort(rounds=1, seconds=1, posts=100, alone=30, starts=1)


def measure(stage: Stage, effort: Effort) -> list[Table]:
    """Measure everything; prints each step as it goes."""
    content = stage.folder / "content"
    shutil.copytree(ROOT / "content", content)
    site = servers.blog(stage, "site", content, BLOG_SMTP_URL=servers.healthy_mail(stage))
    site.prepare()
    site.serve(core=stage.server_core)
    _comment(site)
    tables = [
        Table("Reading", "nginx", _reading(stage, site, effort)),
        Table("Writing", "nginx", _writing(stage, site, effort)),
        Table("Start and weight", "nginx", _weight(site, effort)),
    ]
    site.stop()
    return tables


def comment_form() -> dict[str, str]:
    """Fill in a comment that nobody has sent before."""
    body = (
        f"My {next(_numbers)}th visit was for **microneedling**, and the redness was gone in two days."
        "\n\nHow long should I wait between two sessions? The table above answered the rest, thank you."
    )
    return {"name": "Nomsa K.", "email": "nomsa@reader.example", "body": body}


def enquiry_form() -> dict[str, str]:
    """Fill in an enquiry that nobody has sent before."""
    return {
        "name": "Lerato",
        "email": "lerato@reader.example",
        "phone": "",
        "topic": "Microneedling",
        "message": f"May I book for Tuesday at ten? This is my question {next(_numbers)}.",
        "consent": "y",
    }


def _comment(site: Blog) -> None:
    """Give the article its comments, through the form and the review."""
    action = f"{ARTICLE}/comments"
    list(load.send_alone(site.port, ARTICLE, action, comment_form, count=COMMENTS))
    waiting = json.loads(site.command("comments", "list", "--state", "pending", "--json"))
    site.command("comments", "approve", *(str(row["id"]) for row in waiting))


def _reading(stage: Stage, site: Blog, effort: Effort) -> list[Row]:
    page = _compressed(site.port)
    nginx = servers.static_nginx(stage, "article", page)
    proxy = servers.documented_nginx(stage, site.port)
    half, tenth = Bound(0.5, is_floor=True, of_ratio=True), Bound(0.9, is_floor=True, of_ratio=True)
    wanted: list[tuple[str, int, str, Bound | None]] = [
        ("article, cached", site.port, ARTICLE, half),
        ("article, not cached", site.port, f"{ARTICLE}?uncached=1", Bound(150, is_floor=True)),
        ("home", site.port, "/", half),
        ("feed", site.port, "/feed.xml", half),
        ("JSON feed", site.port, "/feed.json", half),
        ("JSON API: articles", site.port, "/api/v1/articles", half),
        ("JSON API: an article's comments", site.port, f"/api/v1{ARTICLE}/comments", half),
        ("article, behind the nginx of docs/operating.md", proxy, ARTICLE, tenth),
    ]
    statics: list[Rate] = []
    rows = []
    for what, port, path, bound in wanted:
        rows.append(_beside(stage, statics, nginx, what, port, path, bound, effort))
    what = f"nginx serving the article from a compressed file ({len(page):,} bytes)"
    first = _row(what, statics, None, None)
    asked = _uncached(site, effort.alone)
    return [first, *rows, _cpu(site, "article, not cached", asked, Bound(8))]


def _beside(
    stage: Stage,
    statics: list[Rate],
    nginx: int,
    what: str,
    port: int,
    path: str,
    bound: Bound | None,
    effort: Effort,
) -> Row:
    """Measure an address and nginx in turn.

    Raises: CantMeasure where the address has no page.
    """
    status = _get(port, path).status
    if status != 200:
        raise CantMeasure(f"{path} answered {status}.")
    ours, ratios = [], []
    for _ in range(effort.rounds):
        statics.append(load.wrk(stage, nginx, "/article", seconds=effort.seconds))
        ours.append(load.wrk(stage, port, path, seconds=effort.seconds))
        ratios.append(ours[-1].per_second / statics[-1].per_second)
    row = _row(what, ours, statistics.median(ratios), bound)
    print(row.what, row.cells()[1], flush=True)
    return row


def _compressed(port: int) -> bytes:
    """Fetch the article as the site compresses it, so that both send the same bytes.

    Raises: CantMeasure where it comes as it is.
    """
    answer = _get(port, ARTICLE, **{"Accept-Encoding": "gzip"})
    if answer.headers.get("Content-Encoding") != "gzip":
        raise CantMeasure("The site does not compress its article.")
    return answer.body


def _get(port: int, path: str, **headers: str) -> Answer:
    with Visitor(port) as visitor:
        return visitor.get(path, **headers)


def _row(what: str, rates: list[Rate], ratio: float | None, bound: Bound | None) -> Row:
    notes = ["the load's core was full"] if any(rate.is_load_full for rate in rates) else []
    refused = sum(rate.refused for rate in rates)
    if refused:
        notes.append(f"{refused:,} more were answered 503")
    middle = statistics.median(rate.per_second for rate in rates)
    return Row(what, middle, "a second", ratio, bound, "; ".join(notes))


def _cpu(site: Blog, what: str, acts: Iterator[float], bound: Bound | None) -> Row:
    """Measure what each of some acts costs the web process, whatever it waits for."""
    (pid,) = site.web_processes()
    used, before = [], 0.0
    for number, _ in enumerate(acts):
        now = machine.cpu_seconds(pid)
        # The first few find nothing prepared.
        if number > 5:
            used.append(now - before)
        before = now
    return Row(f"{what}: CPU of one, p50", load.p50_ms(used), "ms", bound=bound)


def _uncached(site: Blog, count: int) -> Iterator[float]:
    with Visitor(site.port) as visitor:
        yield from load.read_alone(visitor, ARTICLE, count=count)


def _writing(stage: Stage, site: Blog, effort: Effort) -> list[Row]:
    action = f"{ARTICLE}/comments"
    rates = [
        load.send_all(site.port, ARTICLE, action, comment_form, count=effort.posts)
        for _ in range(effort.rounds)
    ]
    program = f"/api/v1{action}"
    by_api = [
        load.send_all(site.port, "", program, comment_form, count=effort.posts, is_json=True)
        for _ in range(effort.rounds)
    ]
    alone = list(load.send_alone(site.port, ARTICLE, action, comment_form, count=effort.alone))
    again = load.send_alone(site.port, ARTICLE, action, comment_form, count=effort.alone)
    return [
        _row("comments stored, 16 connections", rates, None, Bound(250, is_floor=True)),
        _row("… through the API", by_api, None, Bound(250, is_floor=True)),
        Row("one comment alone, p50", load.p50_ms(alone), "ms", bound=Bound(4)),
        _cpu(site, "comment", again, None),
        *_enquiries(stage, site, effort),
    ]


def _enquiries(stage: Stage, site: Blog, effort: Effort) -> list[Row]:
    """Post to a site whose mail goes out and to one whose mail server hangs, in turn."""
    settings = site.settings | {
        "BLOG_INSTANCE_DIR": str(stage.folder / "hanging"),
        "BLOG_SMTP_URL": servers.hanging_mail(stage),
    }
    other = Blog(stage, settings)
    other.prepare()
    other.serve(core=stage.server_core)
    times: dict[int, list[float]] = {site.port: [], other.port: []}
    # Until it is stuck, the hanging one costs nothing; a mail of its own makes it so.
    for port in times:
        list(_enquire(port, 5))
    for _ in range(effort.alone // 10):
        for port in times:
            times[port] += _enquire(port, 10)
    other.stop()
    well, stuck = (load.p50_ms(taken) for taken in times.values())
    return [
        Row("one enquiry, mail server healthy, p50", well, "ms", bound=Bound(10)),
        Row("one enquiry, mail server hanging, p50", stuck, "ms", bound=Bound(10)),
    ]


def _enquire(port: int, count: int) -> list[float]:
    fill: Fill = enquiry_form
    return list(load.send_alone(port, "/contact", "/contact", fill, count=count))


def _weight(site: Blog, effort: Effort) -> list[Row]:
    """Start it anew with two workers, on one core, and weigh it."""
    rows = [
        _start(site, effort, "start to the first 200: blog serve"),
        _start(site, effort, "start to the first 200: blog serve --prepare", "--prepare"),
    ]
    site.stop()
    site.serve(core=site.stage.server_core, BLOG_WORKERS="2")
    time.sleep(2)
    idle = machine.memory_mb(site.processes())
    peak = _weighed_under(site, effort)
    note = "all processes, two workers"
    return [
        *rows,
        Row("memory (PSS), idle", idle, "MB", bound=Bound(200), note=note),
        Row("memory (PSS), highest under load", peak, "MB", bound=Bound(260), note=note),
    ]


def _start(site: Blog, effort: Effort, what: str, *arguments: str) -> Row:
    taken = []
    for _ in range(effort.starts):
        site.stop()
        taken.append(site.serve(*arguments, core=site.stage.server_core, BLOG_WORKERS="2"))
    return Row(what, statistics.median(taken), "s", bound=Bound(2))


def _weighed_under(site: Blog, effort: Effort) -> float:
    """Read and post, and give the highest memory seen meanwhile."""
    read: Callable[[], object] = lambda: load.wrk(  # noqa: E731 (said once, run in a thread)
        site.stage, site.port, f"{ARTICLE}?uncached=1", seconds=effort.seconds
    )
    reading = threading.Thread(target=read)
    reading.start()
    peak = 0.0
    while reading.is_alive():
        peak = max(peak, machine.memory_mb(site.processes()))
        reading.join(0.2)
    load.send_all(site.port, ARTICLE, f"{ARTICLE}/comments", comment_form, count=effort.posts)
    return max(peak, machine.memory_mb(site.processes()))
