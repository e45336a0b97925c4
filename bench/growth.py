"""Growth: the same work on a small and on a large site, in turn, and what it costs each.

Pages are asked for past every cache. A ratio is the large site's figure over the small one's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import load, machine, postgresql, servers, site, words
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row, Table
from bench.servers import EMAIL, PASSWORD, Blog
from bench.site import READER, SAMPLE, SMALL, THREAD, Size
from bench.speed import comment_form
from bench.stage import Stage
from blog.content import slugify

SEED = 1
_SAME = Bound(1.3, of_ratio=True)
_SOON = Bound(50)
_FLAT = Bound(1.1, of_ratio=True)
_DOOR = "/admin/sign-in"


@dataclass(frozen=True)
class Effort:
    """How large the large site is, and how often it is asked."""

    large: Size
    asks: int
    requests: int


FULL = Effort(site.LARGE, asks=100, requests=100_000)
QUICK = Effort(Size(200, 20_000), asks=15, requests=2_000)


@dataclass
class Grown:
    """A site that serves, with what its syncs took, and two who look at it."""

    blog: Blog
    syncs: list[float]
    reader: Visitor
    author: Visitor


def measure(stage: Stage, effort: Effort, *, server: str = "") -> list[Table]:
    """Make both sites and measure everything; prints each step as it goes.

    `server` is a PostgreSQL server to keep them in, else they are kept in SQLite.
    """
    small, large = (_grown(stage, size, server) for size in (SMALL, effort.large))
    size = effort.large
    where = "Growth on PostgreSQL" if server else "Growth"
    title = f"{where}: {size.articles:,} articles and {size.comments:,} comments"
    rows = [*_syncs(small, large), *_pages(small, large, effort), _memory(large, effort)]
    small.blog.stop()
    large.blog.stop()
    return [Table(title, f"{SMALL.articles} and {SMALL.comments}", rows)]


def made(stage: Stage, name: str, size: Size, *, seed: int, **settings: str) -> tuple[Blog, float]:
    """Make a site whose words are synced; gives it and the seconds its first sync took."""
    content = stage.folder / f"{name}-content"
    site.write_content(content, size, seed=seed)
    blog = servers.blog(stage, name, content, **settings)
    blog.command("db", "upgrade")
    return blog, _sync(blog)


def fill(blog: Blog, size: Size, *, seed: int) -> None:
    """Put a site's comments in, and say how far it is."""

    def say(done: int, total: int) -> None:
        print(f"\r{done:,} of {total:,} comments", end="\n" if done == total else "", flush=True)

    site.insert_comments(blog.settings, size, seed=seed, progress=say)


def _sync(blog: Blog) -> float:
    began_at = time.perf_counter()
    blog.command("content", "sync")
    return time.perf_counter() - began_at


def _grown(stage: Stage, size: Size, server: str) -> Grown:
    name, settings = f"site-{size.articles}", {}
    if server:
        name = f"postgresql-{name}"
        settings["BLOG_DATABASE_URL"] = postgresql.database(server, name)
    blog, cold = made(stage, name, size, seed=SEED, **settings)
    # At once, since that is when most files were saved a moment ago.
    same = _sync(blog)
    changed = stage.folder / f"{name}-content" / "articles" / f"{SAMPLE}.md"
    changed.write_text(changed.read_text(encoding="utf-8") + "\nOne sentence more.\n", "utf-8")
    one = _sync(blog)
    print(f"{size.articles:,} articles synced in {cold:.1f} s", flush=True)
    fill(blog, size, seed=SEED)
    blog.command("user", "add", EMAIL, "--password-stdin", typed=f"{PASSWORD}\n")
    blog.serve(core=stage.server_core)
    reader, author = (stage.closing.enter_context(Visitor(blog.port)) for _ in range(2))
    _sign_in(author)
    return Grown(blog, [cold, same, one], reader, author)


def _sign_in(visitor: Visitor) -> None:
    form = load.form_fields(visitor.get(_DOOR).text, _DOOR)
    answer = visitor.post(_DOOR, form | {"email": EMAIL, "password": PASSWORD})
    if answer.status != 303:
        raise CantMeasure(f"Signing in answered {answer.status}.")


def _syncs(small: Grown, large: Grown) -> Iterator[Row]:
    names = [
        "content sync, cold",
        "content sync, nothing changed",
        "content sync, one file changed",
    ]
    for name, bound, less, more in zip(names, (90, 1, 1.2), small.syncs, large.syncs, strict=True):
        yield Row(name, more, "s", more / less, Bound(bound))


def _pages(small: Grown, large: Grown, effort: Effort) -> Iterator[Row]:
    topic = f"/topics/{slugify(words.TOPICS[0])}"
    for what, path, bound in (
        ("home", "/", _SAME),
        ("article with 20 comments", f"/articles/{SAMPLE}", _SAME),
        ("topic", topic, _SAME),
        ("search, a word of most articles", "/search?q=collagen", _SOON),
        ("search, the beginning of a word", "/search?q=co", _SOON),
        ("search, a typing error", "/search?q=colagen", _SOON),
        ("feed", "/feed.xml", _SAME),
        ("JSON feed", "/feed.json", _SAME),
        ("the long thread, first page", f"/articles/{THREAD}", _SOON),
        ("review queue, first page", "/admin/comments", _SOON),
        ("review queue, an article's", f"/admin/comments?state=approved&article={THREAD}", _SOON),
        ("review queue, with a link", "/admin/comments?state=approved&reason=links", _SOON),
        ("review queue, a common word", "/admin/comments?state=spam&q=collagen", _SOON),
        ("review queue, an email address", f"/admin/comments?q={READER}", _SOON),
    ):
        yield _page(what, path, bound, small, large, effort)
    yield _compared("posting a comment, p50", _SAME, small, large, _post, effort)


def _page(what: str, path: str, bound: Bound, small: Grown, large: Grown, effort: Effort) -> Row:
    status = large.author.get(path).status
    if status != 200:
        raise CantMeasure(f"{path} answered {status}.")

    def ask(grown: Grown, count: int) -> Iterator[float]:
        # The author's pages want her cookie, and a reader's must not see it.
        visitor = grown.author if path.startswith("/admin") else grown.reader
        return load.read_alone(visitor, path, count=count)

    return _compared(f"{what}, p50", bound, small, large, ask, effort)


def _post(grown: Grown, count: int) -> Iterator[float]:
    page = f"/articles/{SAMPLE}"
    return load.send_alone(grown.blog.port, page, f"{page}/comments", comment_form, count=count)


def _compared(
    what: str,
    bound: Bound,
    small: Grown,
    large: Grown,
    act: Callable[[Grown, int], Iterator[float]],
    effort: Effort,
) -> Row:
    """Do the same on both, in turn."""
    times: list[list[float]] = [[], []]
    for _ in range(5):
        for taken, grown in zip(times, (small, large), strict=True):
            taken.extend(act(grown, max(effort.asks // 5, 1)))
    less, more = map(load.p50_ms, times)
    row = Row(what, more, "ms", more / less, bound)
    print(*row.cells()[:3], row.verdict, flush=True)
    return row


def _memory(large: Grown, effort: Effort) -> Row:
    """Read a great deal, and see whether the web process grows after its first tenth."""
    paths = [f"/articles/{site.article_id(number)}" for number in range(2, 10)]
    paths += ["/", f"/articles/{SAMPLE}?uncached=1"]
    tenth = effort.requests // 10
    load.read_all(large.blog.port, paths, count=tenth)
    before = machine.memory_mb(large.blog.web_processes())
    load.read_all(large.blog.port, paths, count=effort.requests - tenth)
    after = machine.memory_mb(large.blog.web_processes())
    what = f"memory (PSS) of the web process after {effort.requests:,} requests"
    return Row(what, after, "MB", after / before, _FLAT, f"ratio to after {tenth:,} requests")
