"""The frame in which a mail is shown: its own style and nothing else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route

from blog.admin import sorts
from tests.cast import Visitor

pytestmark = pytest.mark.one_database("a browser gets the same bytes from either")


def test_a_browser_shows_the_mail_with_its_style_and_lets_it_do_nothing(
    author: Visitor, browser: Browser
) -> None:
    path = "/admin/mail/previews/enquiry"
    page, frame = author.get(path), author.get(f"{path}/html")
    hostile = frame.text.replace(
        "<p>", "<script>document.title='ran'</script><p style='color:red'>"
    )
    answers = {path: (page, page.text), f"{path}/html": (frame, hostile)}
    context = browser.new_context()
    tab = context.new_page()
    problems: list[str] = []
    tab.on("console", lambda message: problems.append(message.text))

    def answer(route: Route) -> None:
        url = route.request.url.removeprefix("http://blog.test")
        sent, body = answers.get(url, (None, ""))
        headers = dict(sent.headers) if sent else {}
        route.fulfill(status=200 if sent else 404, headers=headers, body=body)

    tab.route("**/*", answer)
    tab.goto(f"http://blog.test{path}")
    inside = tab.frames[1]
    inside.wait_for_selector("h1")
    assert inside.evaluate("getComputedStyle(document.querySelector('.page')).maxWidth") == "600px"
    assert inside.evaluate("document.title") != "ran"
    assert "rgb(255, 0, 0)" not in inside.evaluate(
        "[...document.querySelectorAll('p')].map(p => getComputedStyle(p).color)"
    )
    assert any("sandbox" in problem for problem in problems)
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_mail_is_cut_by_its_frame(author: Visitor, browser: Browser, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    tab = context.new_page()

    def answer(route: Route) -> None:
        sent = author.get(route.request.url.removeprefix("http://blog.test"))
        route.fulfill(status=sent.status_code, headers=dict(sent.headers), body=sent.data)

    tab.route("**/*", answer)
    cut = {}
    for name in sorts.OF_TEMPLATES:
        tab.goto(f"http://blog.test/admin/mail/previews/{name}")
        inside = tab.frames[1]
        inside.wait_for_selector("p")
        page = "document.documentElement"
        cut[name] = inside.evaluate(f"{page}.scrollHeight - {page}.clientHeight")
    context.close()
    assert set(cut.values()) == {0}, cut
