"""The article with twenty comments weighs little, asks for little and never jumps."""

import gzip
import re
from typing import Any

import brotli

from tests.quality.conftest import OpenWindow, Window
from tests.quality.site import ADDRESS
from tests.quality.tour import Tour

# What a server may send before it has to wait for the first answer.
ROUND_TRIP_BYTES = 14_336
SCRIPT_MAX_BYTES = 3_072
REQUESTS_MAX = 4

LOADED = """async () => {
  const shifts = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries()))
    .observe({ type: "layout-shift", buffered: true });
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
    scrollTo({ top: y, behavior: "instant" });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
  const files = performance.getEntriesByType("resource");
  return {
    shift: shifts.reduce((sum, { value }) => sum + value, 0),
    blocking: files.filter((file) => file.renderBlockingStatus === "blocking").map((file) => file.name),
  };
}"""


def assets(tour: Tour, kind: str) -> list[bytes]:
    """The files of a kind that the article's page names."""
    found = re.findall(rf'"(/static/[^"]+\.{kind})"', tour.kept["article"].body.decode())
    client = tour.app.test_client()
    return [client.get(url, base_url=ADDRESS).data for url in found]


def test_words_and_looks_arrive_in_one_round_trip(tour: Tour) -> None:
    body = tour.kept["article"].body
    assert body.count(b'class="comment"') == 20
    sent = [body, *assets(tour, "css")]
    assert sum(len(gzip.compress(data, 6)) for data in sent) <= ROUND_TRIP_BYTES
    assert sum(len(brotli.compress(data, quality=5)) for data in sent) <= ROUND_TRIP_BYTES


def test_there_is_little_script(tour: Tour) -> None:
    scripts = assets(tour, "js")
    assert 0 < sum(map(len, scripts)) <= SCRIPT_MAX_BYTES


def test_a_first_view_asks_for_little_and_of_no_third_party(
    tour: Tour, open_window: OpenWindow
) -> None:
    with open_window(width=390) as window:
        page = window.show(tour.kept["article"])
        icon = page.locator("link[rel=icon]").get_attribute("href")
        # A browser without a window leaves the icon out.
        requested = {*window.requested, f"{ADDRESS}{icon}"}
    assert len(requested) <= REQUESTS_MAX
    assert [url for url in requested if not url.startswith(f"{ADDRESS}/")] == []
    assert b"@font-face" not in b"".join(assets(tour, "css"))


def loaded(window: Window, tour: Tour, name: str) -> dict[str, Any]:
    return dict(window.show(tour.kept[name]).evaluate(LOADED))


def test_nothing_is_waited_for_but_the_stylesheet_and_nothing_jumps(
    tour: Tour, open_window: OpenWindow
) -> None:
    with open_window(width=390) as window:
        found = loaded(window, tour, "article")
        with_pictures = loaded(window, tour, "article, closed")
    assert [re.sub(r"\.\w+\.", ".", url) for url in found["blocking"]] == [
        f"{ADDRESS}/static/style.css"
    ]
    assert (found["shift"], with_pictures["shift"]) == (0, 0)
