"""Stored scripts: payloads as comments of a running site, before one wall and before the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from playwright.sync_api import Browser

from bench.hostile import chromium, control, payloads
from bench.hostile.chromium import Found
from bench.report import Bound, Row
from bench.servers import SITE_HOST, Blog
from bench.speed import SLUG
from blog import urls
from blog.comments.thread import PAGE_BRANCHES

_NONE = Bound(0)


def rows(site: Blog, *, first: int, second: int) -> Iterator[Row]:
    """Measure both walls, with as many payloads before each, and the control."""
    address = f"http://{SITE_HOST}:{site.port}"
    texts = payloads.sample(first)
    ids = payloads.store(site.settings, SLUG, texts)
    with chromium.launched() as browser:
        found = cleaned(browser, address, SLUG, len(ids))
        what = f"stored XSS, {len(ids):,} payloads, the site's CSP ignored"
        yield Row(f"{what}: executions as document", found.as_document, bound=_NONE)
        yield Row(f"{what}: executions through innerHTML", found.as_element, bound=_NONE)
        lost = abs(found.comments - len(ids))
        note = f"{lost:,} comments not on their page" if lost else ""
        what = "nodes, attributes and schemes outside the list, in the browser's DOM"
        yield Row(what, found.outside + lost, bound=_NONE, note=note)
        share = live_share(browser, texts)
        what = "control: of the same without sanitizer or CSP are live"
        yield Row(what, 100 * share, "%", bound=Bound(25, is_floor=True))
        yield _second(browser, site, address, payloads.sample(second))


def cleaned(browser: Browser, address: str, slug: str, count: int) -> Found:
    """Look at all pages of a thread of so many comments, without the policy of their page."""
    pages = range(1, -(-count // PAGE_BRANCHES) + 1)
    paths = (urls.comments(slug, page) for page in pages)
    return _looked(browser, address, paths, ignores_policy=True)


def uncleaned(
    browser: Browser, address: str, slug: str, ids: Iterable[int], *, ignores_policy: bool = False
) -> Found:
    """Look at comments whose HTML nothing cleaned, each on a page of its own, where it is answered."""
    paths = (f"{urls.article(slug)}/comments/new?parent={each}" for each in ids)
    return _looked(browser, address, paths, ignores_policy=ignores_policy)


def live_share(browser: Browser, texts: Sequence[str]) -> float:
    """Tell which share of payloads is live with no wall before it."""
    with chromium.watched(browser, ignores_policy=False) as page:
        return sum(control.live(page, texts)) / len(texts)


def _looked(browser: Browser, address: str, paths: Iterable[str], *, ignores_policy: bool) -> Found:
    found = Found()
    with chromium.watched(browser, ignores_policy=ignores_policy) as page:
        for path in paths:
            found.add(page.look(address + path))
    return found


def _second(browser: Browser, site: Blog, address: str, texts: Sequence[str]) -> Row:
    ids = payloads.store(site.settings, SLUG, texts)
    payloads.take_wall_down(site.settings, dict(zip(ids, texts, strict=True)))
    found = uncleaned(browser, address, SLUG, ids)
    executed = found.as_document + found.as_element
    what = f"second wall, {len(ids):,} payloads stored uncleaned: executions"
    return Row(what, executed, bound=_NONE, note=f"CSP spoke on {found.stopped:,} pages")
