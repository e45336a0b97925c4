"""What the comments' script adds, in a real browser: times, a draft that is kept, and the focus."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from blog import comments, db
from tests.cast import ARTICLE, SECOND
from tests.test_thread import say

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PAGE = f"/articles/{ARTICLE}"
PUBLISHED = re.compile(r"#comment-\d+$")
BODY = "Does it hurt?\nI am *not* good with needles."


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """A site where clean comments appear at once."""
    return make_app(comments="post")


@pytest.fixture
def context(app: Flask, browser: Browser) -> Iterator[BrowserContext]:
    """A browser that reads the site from a server of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever).start()
    opened = browser.new_context(base_url=f"http://127.0.0.1:{server.port}", locale="de")
    yield opened
    opened.close()
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    opened = context.new_page()
    # Without what it tells, nobody knows how quickly the tests type.
    opened.route("**/comments/token", lambda route: route.abort())
    return opened


def write(page: Page, name: str = "Annelise", body: str = BODY) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Comment", exact=True).fill(body)


def typed(page: Page) -> tuple[str, str]:
    labels = page.get_by_label("Your name"), page.get_by_label("Comment", exact=True)
    return labels[0].input_value(), labels[1].input_value()


def send(page: Page) -> None:
    page.get_by_role("button", name="Post comment").click()


def kept(page: Page) -> str:
    page.wait_for_load_state()
    return str(page.evaluate("JSON.stringify({ ...sessionStorage })"))


def test_what_was_typed_is_there_again_after_a_reload_but_not_the_address(page: Page) -> None:
    page.goto(PAGE)
    expect(page.get_by_text("We kept what you wrote.")).to_be_hidden()
    page.get_by_label("Email (").fill("annelise@reader.example")
    write(page)
    page.goto("/")
    page.goto(PAGE)
    assert typed(page) == ("Annelise", BODY)
    expect(page.get_by_text("We kept what you wrote.")).to_be_visible()
    expect(page.get_by_label("Email (")).to_have_value("")
    assert "annelise@" not in kept(page)
    page.goto(f"/articles/{SECOND}")
    assert typed(page) == ("", "")


def test_a_draft_is_discarded_by_its_button_and_nothing_typed_is_no_draft(page: Page) -> None:
    page.goto(PAGE)
    write(page)
    page.reload()
    page.get_by_role("button", name="Discard").click()
    assert typed(page) == ("", "")
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    for _ in range(2):
        page.goto("/")
        page.goto(PAGE)
        assert typed(page) == ("", "")
        expect(page.get_by_text("We kept what you wrote.")).to_be_hidden()
        write(page, "", "")


def test_a_draft_goes_once_the_comment_is_published_and_the_comment_has_the_focus(
    page: Page,
) -> None:
    page.goto(PAGE)
    write(page)
    send(page)
    expect(page).to_have_url(PUBLISHED)
    new = page.get_by_role("article").filter(has_text="good with needles").last
    expect(new).to_be_focused()
    assert typed(page) == ("", "")
    assert kept(page) == "{}"


def test_a_draft_goes_once_the_comment_waits(page: Page) -> None:
    page.goto(PAGE)
    write(page, body="Look at https://example.org")
    send(page)
    expect(page.get_by_role("heading", name="Thank you for your comment")).to_be_visible()
    assert kept(page) == "{}"


def test_a_draft_outlives_what_is_wrong_and_what_goes_wrong(
    app: Flask, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto(PAGE)
    write(page, name="")
    send(page)
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_text("We kept what you wrote.")).to_be_hidden()
    with monkeypatch.context() as broken:
        broken.setattr(db, "WRITE_WAIT_SECONDS", 0)
        with app.app_context(), db.writing():
            write(page)
            send(page)
            expect(page.get_by_text("What you wrote is still here")).to_be_visible()
    page.goto(PAGE)
    assert typed(page) == ("Annelise", BODY)
    # A link that leads on to a comment is no sign that this one was taken.
    with app.app_context():
        other = say("Another's")
    page.goto(f"{PAGE}/comments/{other}")
    assert typed(page) == ("Annelise", BODY)
    send(page)
    expect(page).to_have_url(PUBLISHED)
    assert kept(page) == "{}"


def test_a_browser_that_keeps_nothing_sends_comments_all_the_same(page: Page) -> None:
    page.add_init_script(
        'Object.defineProperty(window, "sessionStorage", { get() { throw new Error("no") } })'
    )
    page.goto(PAGE)
    write(page)
    send(page)
    expect(page).to_have_url(PUBLISHED)


def test_what_is_recent_says_how_long_ago_in_the_site_s_language(app: Flask, page: Page) -> None:
    ages = {
        "1 minute ago": timedelta(seconds=-90),
        "3 minutes ago": timedelta(minutes=3),
        "23 hours ago": timedelta(hours=23, minutes=50),
        "6 days ago": timedelta(days=6, hours=20),
        "": timedelta(days=7, minutes=1),
    }
    now = db.utc_now()
    with app.app_context():
        ids = [say(words) for words in ages]
        with db.writing():
            for comment, age in zip(comments.by_ids(ids), ages.values(), strict=True):
                comment.created_at = now - age
    page.goto(PAGE)
    times = page.locator(".comment time")
    # The oldest stands first.
    expect(times).to_have_text([f"{now - ages['']:%-d %B %Y}", *[*ages][-2::-1]])
    assert times.nth(0).get_attribute("title") is None
    assert str((now - ages["6 days ago"]).year) in str(times.nth(1).get_attribute("title"))


def test_until_when_a_comment_can_be_changed_stays_a_time_of_day(page: Page) -> None:
    page.goto(PAGE)
    write(page)
    send(page)
    expect(page.locator(".comment header time")).to_have_text("1 minute ago")
    expect(page.locator(".changes time")).to_have_text(re.compile(r"^\d\d:\d\d$"))
