"""Hostile comments on a running site, in a browser that tells what is executed: two walls hold."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from bench.hostile import chromium, payloads, stored
from bench.speed import SLUG
from tests.browser.conftest import Site

TEXTS = payloads.sample(60)


@pytest.fixture(scope="module")
def watching(browser: Browser) -> Iterator[Browser]:
    """A browser that reaches nothing but this machine."""
    with chromium.opened(browser.browser_type) as opened:
        yield opened


def test_stored_payloads_execute_nothing_behind_either_wall_and_much_behind_none(
    site: Site, watching: Browser
) -> None:
    ids = payloads.store(site.environ, SLUG, TEXTS)
    found = stored.cleaned(watching, site.address, SLUG, len(ids))
    assert found.comments == len(TEXTS)
    assert (found.as_document, found.as_element, found.outside) == (0, 0, 0)
    raw = dict(zip(ids[::5], TEXTS[::5], strict=True))
    payloads.take_wall_down(site.environ, raw)
    found = stored.uncleaned(watching, site.address, SLUG, raw)
    assert (found.as_document, found.as_element) == (0, 0)
    assert found.outside > 0
    assert found.stopped > 0
    found = stored.uncleaned(watching, site.address, SLUG, raw, ignores_policy=True)
    assert found.as_document > 0
    assert found.as_element > 0


def test_the_same_payloads_execute_where_there_is_no_wall(watching: Browser) -> None:
    assert stored.live_share(watching, TEXTS) >= 0.25
