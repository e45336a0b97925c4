"""Every page serves readers with a screen reader, a small screen, a dark one or a magnifier."""

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


@dataclass
class Look:
    """What was found on one page."""

    on_desktop: list[str]
    on_dark_phone: list[str]
    sideways: list[str]
    stuck_share: float
    complaints: list[str]


@pytest.fixture(scope="module")
def looks(tour: Tour, open_window: OpenWindow) -> dict[str, Look]:
    """Each page as it is found on a desktop, on a dark phone and through a magnifier."""
    axe = tool("axe-core/axe.min.js").read_text(encoding="utf-8")
    found = {}
    with open_window() as window:
        # Where no script may run, as in the frame of a mail, axe can't either.
        for kept in (each for each in tour.kept.values() if not each.is_sandboxed):
            page = window.show(kept)
            page.evaluate(axe)
            found[kept.name] = _look(page, window.complaints)
    return found


def _look(page: Page, complaints: list[str]) -> Look:
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    on_desktop = page.evaluate(VIOLATIONS)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    on_dark_phone = page.evaluate(VIOLATIONS)
    sideways = page.evaluate(SIDEWAYS)
    for small in (SMALL_PHONE, MAGNIFIED):
        page.set_viewport_size(small)
        sideways += page.evaluate(SIDEWAYS)
    return Look(on_desktop, on_dark_phone, sideways, page.evaluate(STUCK_SHARE), [*complaints])


def test_axe_finds_nothing_on_any_page(looks: dict[str, Look]) -> None:
    found = {name: {*look.on_desktop, *look.on_dark_phone} for name, look in looks.items()}
    assert {name: said for name, said in found.items() if said} == {}


def test_on_phones_and_at_400_percent_nothing_but_a_wide_table_is_scrolled_sideways(
    looks: dict[str, Look],
) -> None:
    found = {
        name: [node for node in look.sideways if node != "div.table"]
        for name, look in looks.items()
    }
    assert {name: nodes for name, nodes in found.items() if nodes} == {}


def test_at_400_percent_what_stays_in_place_leaves_room_for_the_rest(
    looks: dict[str, Look],
) -> None:
    found = {name: look.stuck_share for name, look in looks.items()}
    assert {name: share for name, share in found.items() if share > 0.25} == {}


def test_no_page_breaks_its_own_security_policy(looks: dict[str, Look]) -> None:
    answered = re.compile("the server responded with a status of [45]")
    found = {
        name: [words for words in look.complaints if not answered.search(words)]
        for name, look in looks.items()
    }
    assert {name: words for name, words in found.items() if words} == {}
