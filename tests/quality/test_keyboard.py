"""Everything that can be pressed is reached by Tab alone, in order, and seen when it is."""

import pytest
from playwright.sync_api import Page

from tests.quality.conftest import OpenWindow
from tests.quality.tour import Tour

STOPS = """() => {
  const pressable = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  window.stops = [...document.querySelectorAll(pressable)]
    .filter((node) => node.checkVisibility() && node.tabIndex >= 0 && node.type !== "hidden");
  return stops.map((node) => node.outerHTML.slice(0, 120));
}"""
# Which stop has the focus, whether a ring shows it, and whether something else lies over it.
FOCUS = """() => {
  const node = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(node);
  const { left, top, width, height } = node.getClientRects()[0];
  // Of a tall field the line that is typed in comes into view, its middle may not.
  const middle = Math.min(top + height / 2, innerHeight - 4);
  const above = document.elementFromPoint(left + width / 2, middle);
  return {
    stop: stops.indexOf(node),
    hasRing: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    isClear: node.contains(above),
  };
}"""


def tab_through(page: Page) -> tuple[list[str], list[dict[str, int]]]:
    stops = page.evaluate(STOPS)
    focused = []
    for _ in stops:
        page.keyboard.press("Tab")
        focused.append(page.evaluate(FOCUS))
    return stops, focused


@pytest.mark.parametrize("name", ["article", "contact", "review", "enquiries: all"])
@pytest.mark.parametrize("width", [1280, 390])
def test_tab_leads_through_all_of_a_page(
    tour: Tour, open_window: OpenWindow, name: str, width: int
) -> None:
    with open_window(width=width) as window:
        stops, focused = tab_through(window.show(tour.kept[name]))
    assert len(stops) > 10
    assert [at["stop"] for at in focused] == [*range(len(stops))]
    assert [stops[at["stop"]] for at in focused if not at["hasRing"]] == []
    assert [stops[at["stop"]] for at in focused if not at["isClear"]] == []


@pytest.mark.parametrize("name", ["article", "review"])
def test_the_first_link_leads_past_what_every_page_has(
    tour: Tour, open_window: OpenWindow, name: str
) -> None:
    with open_window() as window:
        page = window.show(tour.kept[name])
        page.keyboard.press("Tab")
        skip = page.locator(".skip")
        assert skip.bounding_box()
        assert page.evaluate("document.querySelector('.skip').getBoundingClientRect().left >= 0")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
