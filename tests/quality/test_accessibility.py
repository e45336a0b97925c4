"""Every page serves readers with a screen reader, a small screen, a dark one or a magnifier."""

import dataclasses
import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.needs import tool
from tests.quality.conftest import OpenWindow
from tests.quality.tour import Tour

DESKTOP: ViewportSize = {"width": 1280, "height": 1024}
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL_PHONE: ViewportSize = {"width": 320, "height": 568}
# The desktop's window at 400 %.
MAGNIFIED: ViewportSize = {"width": 320, "height": 256}

# On top of what axe looks for by itself: WCAG 2.2's size of targets.
VIOLATIONS = """async () => {
  const rules = { "target-size": { enabled: true } };
  const found = await axe.run(document, { rules, preload: false, iframes: false, resultTypes: ["violations"] });
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}"""
SIDEWAYS = """() => [...document.querySelectorAll("*")]
  .filter((node) => node === document.scrollingElement || ["auto", "scroll"].includes(getComputedStyle(node).overflowX))
  .filter((node) => node.scrollWidth > node.clientWidth)
  .map((node) => `${node.localName}.${node.className}`)"""
STUCK_SHARE = """() => [...document.querySelectorAll("body *")]
  .filter((node) => ["fixed", "sticky"].includes(getComputedStyle(node).position) && node.checkVisibility())
  .reduce((sum, node) => sum + node.offsetHeight, 0) / innerHeight"""


# The pages are dealt out, so that all cores look at them.
SHARES = 8
ANSWERED = re.compile("the server responded with a status of [45]")


@dataclass
class Look:
    """What was found on one page: on a desktop, on a dark phone and through a magnifier."""

    violations: set[str]
    sideways: list[str]
    stuck_share: float
    complaints: list[str]

    def faults(self) -> list[str]:
        """Whatever keeps somebody from reading it."""
        # A wide table may be scrolled within itself.
        faults = [*self.violations, *(node for node in self.sideways if node != "div.table")]
        if self.stuck_share > 0.25:
            faults.append(f"what stays in place takes {self.stuck_share:.0%} of a small window")
        return faults + [words for words in self.complaints if not ANSWERED.search(words)]


def look(page: Page, complaints: list[str]) -> Look:
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    violations = {*page.evaluate(VIOLATIONS)}
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    violations |= {*page.evaluate(VIOLATIONS)}
    sideways = page.evaluate(SIDEWAYS)
    for small in (SMALL_PHONE, MAGNIFIED):
        page.set_viewport_size(small)
        sideways += page.evaluate(SIDEWAYS)
    return Look(violations, sideways, page.evaluate(STUCK_SHARE), [*complaints])


@pytest.mark.parametrize("share", range(SHARES))
def test_every_page_serves_everybody_and_keeps_to_its_own_security_policy(
    tour: Tour, open_window: OpenWindow, share: int
) -> None:
    axe = tool("axe-core/axe.min.js").read_text(encoding="utf-8")
    # Where no script may run, as in the frame of a mail, axe can't either.
    pages = [kept for kept in tour.kept.values() if not kept.is_sandboxed]
    found = {}
    with open_window() as window:
        for kept in pages[share::SHARES]:
            page = window.show(kept)
            page.evaluate(axe)
            found[kept.name] = look(page, window.complaints).faults()
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_page_with_faults_is_told_of(tour: Tour, open_window: OpenWindow) -> None:
    hostile = (
        b"<!doctype html><html><title>A</title><style>p { color: #eee; position: fixed;"
        b" height: 99vh; width: 2000px }</style><body style='overflow-x: auto'><main><h1>A</h1>"
        b"<p>Pale</p><img src=/nowhere.png></main><script>inline()</script>"
    )
    headers = {"Content-Type": "text/html", "Content-Security-Policy": "script-src 'self'"}
    kept = dataclasses.replace(tour.kept["home"], headers=headers, body=hostile)
    with open_window() as window:
        page = window.show(kept)
        page.evaluate(tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
        faults = "\n".join(look(page, window.complaints).faults())
    for word in ("html-has-lang", "image-alt", "color-contrast", "stays in place", "script-src"):
        assert word in faults
