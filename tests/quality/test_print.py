"""A printed article is its words: no buttons, and addresses in the place of links."""

import pytest

from tests.quality.conftest import OpenWindow
from tests.quality.tour import Tour

SHOWN = """(selector) => [...document.querySelectorAll(selector)]
  .filter((node) => node.checkVisibility()).map((node) => node.outerHTML.slice(0, 80))"""
OPERATED = "nav, button, .button, input, textarea, .skip, .reply, .ask, #page-onward"


@pytest.mark.parametrize("name", ["article", "article, closed", "home", "enquiry 0", "review"])
def test_what_one_operates_is_not_printed(tour: Tour, open_window: OpenWindow, name: str) -> None:
    with open_window() as window:
        page = window.show(tour.kept[name])
        assert page.evaluate(SHOWN, OPERATED) != []
        page.emulate_media(media="print")
        assert page.evaluate(SHOWN, OPERATED) == []
        assert page.evaluate(SHOWN, "h1, .comment, .text > p, .letter, .item") != []


def test_a_link_that_leads_elsewhere_is_printed_with_its_address(
    tour: Tour, open_window: OpenWindow
) -> None:
    with open_window() as window:
        page = window.show(tour.kept["article, closed"])
        page.emulate_media(media="print")
        after = page.get_by_role("link", name="link elsewhere").evaluate(
            "(node) => getComputedStyle(node, '::after').content"
        )
    assert "(https://reader.example/study)" in after


def test_a_dark_page_is_printed_on_white(tour: Tour, open_window: OpenWindow) -> None:
    with open_window(dark=True) as window:
        page = window.show(tour.kept["article"])
        page.emulate_media(media="print")
        paper, ink = page.evaluate(
            "() => [document.documentElement, document.body]"
            ".map(getComputedStyle).map(({ backgroundColor, color }) => [backgroundColor, color])"
        )
    assert paper[0] == "rgb(255, 255, 255)"
    assert ink[1] == "rgb(31, 35, 40)"
