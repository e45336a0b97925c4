"""The elements on a page of another site, in a real browser: docs/embedding.html and its kin."""

import mimetypes
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from blog import comments, db, enquiries
from blog.comments import thread
from tests.cast import ARTICLE, Clock, article
from tests.needs import tool
from tests.quality.test_accessibility import VIOLATIONS
from tests.test_media import png
from tests.test_reading import Site, comment_on
from tests.test_thread import say

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DOCS = Path(__file__).parent.parent.parent / "docs"
# Where the page of the documentation looks for the blog.
EXAMPLE = "http://127.0.0.1:8000"
POLICY = (
    "default-src 'none'; script-src {blog}; connect-src {blog}; style-src 'self';"
    " require-trusted-types-for 'script'"
)
BODY = "Does it *hurt*?"
HOSTILE = """<p onclick="alert(1)">Hello<img src=x onerror=alert(1)><script>alert(1)</script>
<a href="javascript:alert(1)">one</a><a href="https://example.org/" class="x">two</a>
<iframe src="/"></iframe><svg onload=alert(1)><a href="/">three</a></svg></p>"""


@dataclass
class Elsewhere:
    """A server of another site, whose pages name the blog, and have a strict policy."""

    address: str = ""
    blog: str = ""
    html: str = ""
    policy: str = POLICY

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        headers = {"Content-Security-Policy": self.policy.format(blog=self.blog)}
        if request.path == "/":
            text = f'<!doctype html><html lang="en"><title>Host</title><body>{self.html}</body>'
            return Response(text, mimetype="text/html", headers=headers)
        text = (DOCS / request.path[1:]).read_text().replace(EXAMPLE, self.blog)
        kind, _ = mimetypes.guess_type(request.path)
        return Response(text, mimetype=kind, headers=headers)

    def elements(self, *written: str) -> str:
        """Put elements into the page at /, with the scripts they need; give its address."""
        names = ("comments", "contact")
        scripts = [f'<script type="module" src="{self.blog}/embed/{n}.js"></script>' for n in names]
        self.html = "".join([*scripts, *written])
        return f"{self.address}/"


@contextmanager
def serving(app: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    host = Elsewhere()
    with serving(host) as host.address:
        yield host


@pytest.fixture
def app(make_app: Callable[..., Flask], elsewhere: Elsewhere) -> Flask:
    """A blog that lets the other site's pages post."""
    return make_app(allowed_origins=elsewhere.address)


@pytest.fixture
def context(app: Flask, elsewhere: Elsewhere, browser: Browser) -> Iterator[BrowserContext]:
    """A browser that asks nobody but the two servers, and is never told of a broken policy."""
    said: list[str] = []
    asked: set[str] = set()
    with serving(app) as elsewhere.blog:
        opened = browser.new_context(base_url=elsewhere.address)
        opened.on("console", lambda message: said.append(message.text))
        opened.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
        yield opened
        assert opened.cookies() == []
        opened.close()
    assert asked <= {elsewhere.address, elsewhere.blog}
    assert [words for words in said if "Content Security Policy" in words] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def kept(page: Page) -> str:
    return str(page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })"))


def write(where: Locator, body: str = BODY, name: str = "Annelise") -> None:
    where.get_by_label("Your name").fill(name)
    where.get_by_label("Comment", exact=True).fill(body)
    where.get_by_role("button", name="Post comment").click()


def line(**attributes: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<blog-comments article="{ARTICLE}"{written.replace("_", "-")}></blog-comments>'


def test_a_comment_is_posted_changed_and_withdrawn_under_a_strict_policy(
    app: Flask, elsewhere: Elsewhere, page: Page
) -> None:
    with app.app_context():
        first = say("Thank *you*")
        say("Indeed", first)
    page.goto("/embedding.html")
    page.evaluate("addEventListener('blog-comment', ({ detail }) => { window.told = detail })")
    element = page.locator("blog-comments")
    expect(element.get_by_role("heading")).to_have_text("Comments (2)")
    expect(element.locator("li li")).to_contain_text("By Indeed")
    expect(element.locator("em")).to_have_text("you")
    link = element.locator("a:has(time)").first
    assert link.get_attribute("href") == f"{EXAMPLE}/articles/{ARTICLE}/comments/{first}"
    assert kept(page) == "{}"
    write(element, "", "")
    expect(element.get_by_role("alert")).to_be_focused()
    expect(element.locator("[aria-invalid]")).to_have_count(2)
    element.get_by_role("alert").get_by_role("link").last.click()
    expect(element.get_by_label("Comment", exact=True)).to_be_focused()
    assert kept(page) == "{}"
    element.get_by_label("Tell me").check()
    write(element)
    email = element.get_by_label("Email (")
    described = f"[id={email.get_attribute('aria-describedby')}]"
    expect(element.locator(described)).to_contain_text("Please give your email address, or")
    expect(element.get_by_label("Comment", exact=True)).to_have_value(BODY)
    element.get_by_label("Tell me").uncheck()
    element.get_by_role("button", name="Post comment").click()
    mine = element.locator("article").filter(has_text="Annelise")
    expect(mine).to_be_focused()
    expect(mine).to_contain_text("Waiting for review. Only you can see this.")
    assert page.evaluate("told.state") == "pending"
    page.reload()
    expect(mine.locator("em")).to_have_text("hurt")
    mine.get_by_role("button", name="Edit").click()
    form = element.get_by_role("form", name="Edit")
    expect(form.get_by_label("Comment")).to_have_value(BODY)
    form.get_by_label("Comment").fill("Does it **really** hurt?")
    form.get_by_role("button", name="Save").click()
    expect(mine).to_be_focused()
    expect(mine.locator("strong")).to_have_text("really")
    withdraw = mine.get_by_role("button", name="withdraw")
    withdraw.click()
    expect(withdraw).to_have_text("Really withdraw?")
    withdraw.click()
    expect(element).to_contain_text("This comment was withdrawn by its writer.")
    with app.app_context():
        assert comments.counts()["withdrawn"] == 1


def test_axe_finds_nothing_in_the_elements(app: Flask, page: Page) -> None:
    with app.app_context():
        say("Indeed", say("Thank *you*"))
    page.goto("/embedding.html")
    element = page.locator("blog-comments")
    write(element)
    expect(element).to_contain_text("Waiting for review")
    element.get_by_role("button", name="Reply to By Indeed").click()
    for button in ("Post comment", "Send message"):
        page.get_by_role("button", name=button).first.click()
    expect(page.get_by_role("alert").filter(has_text="There is a problem")).to_have_count(2)
    page.evaluate(tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert page.evaluate(VIOLATIONS) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_published_comment_keeps_its_words_until_its_edit_was_read(
    app: Flask, elsewhere: Elsewhere, page: Page
) -> None:
    page.goto(elsewhere.elements(line()))
    element = page.locator("blog-comments")
    write(element)
    expect(element).to_contain_text("Waiting for review")
    with app.app_context(), db.writing():
        (comment,) = comments.by_ids([1])
        comment.approve(by=None, now=db.utc_now())
    page.reload()
    edit = element.get_by_role("button", name="Edit")
    expect(edit).to_be_visible()
    page.route("**/comments/1", lambda route: route.abort())
    edit.click()
    expect(element.get_by_role("alert")).to_contain_text("The site can’t be reached")
    page.unroute("**/comments/1")
    edit.click()
    form = element.get_by_role("form", name="Edit")
    form.get_by_label("Comment").fill("Now something else")
    form.get_by_role("button", name="Cancel").click()
    expect(element.locator("em")).to_have_text("hurt")
    element.get_by_role("button", name="Edit").click()
    form.get_by_label("Comment").fill("Now something else")
    form.get_by_role("button", name="Save").click()
    expect(element).to_contain_text("Your edit waits for review. Others see what stood before.")
    expect(element.locator("em")).to_have_text("hurt")


def test_a_site_that_allows_nobody_to_post_is_told_of_and_what_was_typed_stays(
    make_app: Callable[..., Flask], elsewhere: Elsewhere, page: Page
) -> None:
    with serving(make_app()) as elsewhere.blog:
        page.goto(elsewhere.elements(line(no_storage="")))
        element = page.locator("blog-comments")
        write(element)
        alert = element.get_by_role("alert").filter(has_text="There is a problem")
        expect(alert).to_contain_text("The site takes nothing from this page.")
        there = alert.get_by_role("link").get_attribute("href")
        assert there == f"{elsewhere.blog}/articles/{ARTICLE}"
        expect(element.get_by_label("Comment", exact=True)).to_have_value(BODY)
        assert kept(page) == "{}"
    write(element)
    expect(alert).to_contain_text("The site can’t be reached at this moment.")


def test_a_server_that_is_away_is_told_of_with_the_page_s_own_link(
    elsewhere: Elsewhere, page: Page
) -> None:
    away = f'<blog-comments article="x" server="{elsewhere.blog}/nowhere">'
    inside = '<a href="/elsewhere">Comments</a><p>What was said before.</p>'
    page.goto(elsewhere.elements(f"{away}{inside}</blog-comments>"))
    element = page.locator("blog-comments")
    expect(element.get_by_role("status")).to_contain_text("can’t be reached")
    expect(element.get_by_role("link", name="own page")).to_have_attribute(
        "href", re.compile("/el")
    )
    expect(page.get_by_text("What was said before.")).to_be_visible()
    # And one that is there says what it knows.
    page.goto(elsewhere.elements('<blog-comments article="x"></blog-comments>'))
    expect(element.get_by_role("status")).to_contain_text("There is no such article")
    element.evaluate("(each, id) => each.setAttribute('article', id)", ARTICLE)
    expect(element.get_by_role("heading")).to_have_text("No comments yet")


@pytest.mark.usefixtures("app")
def test_without_scripts_what_the_page_has_itself_stays(
    browser: Browser, elsewhere: Elsewhere
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(elsewhere.elements(f'{line()[:-16]}<a href="/there">Comments</a></blog-comments>'))
    expect(page.get_by_role("link", name="Comments")).to_be_visible()
    page.close()


def test_a_draft_outlives_a_reload_once_somebody_tried_to_post_it(
    elsewhere: Elsewhere, page: Page
) -> None:
    page.goto(elsewhere.elements(line()))
    element = page.locator("blog-comments")
    keys: set[str | None] = set()
    page.on("requestfailed", lambda request: keys.add(request.headers.get("idempotency-key")))
    page.route(f"**/articles/{ARTICLE}/comments", lambda route: route.abort())
    for _ in range(2):
        write(element)
        expect(element.get_by_role("alert")).to_be_focused()
    assert len(keys) == 1
    assert keys != {None}
    page.reload()
    expect(element.get_by_label("Comment", exact=True)).to_have_value(BODY)
    page.unroute(f"**/articles/{ARTICLE}/comments")
    element.get_by_role("button", name="Post comment").click()
    expect(element).to_contain_text("Waiting for review")
    assert BODY not in kept(page)
    expect(element.get_by_label("Comment", exact=True)).to_have_value("")


def test_hostile_html_is_stopped_by_the_second_wall(
    app: Flask, elsewhere: Elsewhere, page: Page
) -> None:
    with app.app_context(), db.writing():
        db.session.add(comment_on(ARTICLE, "hostile", html=HOSTILE))
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    # Nothing but the element's own wall stands here.
    elsewhere.policy = "script-src * 'unsafe-inline'"
    page.goto(elsewhere.elements(line()))
    text = page.locator("blog-comments").locator("[part=text]")
    expect(text).to_contain_text("two")
    found = text.evaluate(
        "(node) => [...node.querySelectorAll('*')].map((each) => each.outerHTML.split('>')[0])"
    )
    assert found == ["<p", "<a", '<a href="https://example.org/" rel="ugc nofollow"']
    assert dialogs == []


def test_a_long_thread_comes_piece_by_piece_in_words_of_the_page(
    app: Flask, elsewhere: Elsewhere, page: Page, clock: Clock
) -> None:
    with app.app_context():
        first = say("first")
        with db.writing():
            total = range(thread.FIRST_REPLIES + 2)
            rows = [
                comment_on(ARTICLE, f"r{n}", name=f"R{n}", parent_id=first, root_id=first)
                for n in total
            ]
            rows += [comment_on(ARTICLE, f"b{n}") for n in range(thread.PAGE_BRANCHES)]
            rows[0].author_user_id = 1
            db.session.add_all(rows)
            db.session.flush()
            deep = comment_on(ARTICLE, "d1", name="Deep", parent_id=rows[0].id, root_id=first)
            db.session.add(deep)
            db.session.flush()
            lower = comment_on(ARTICLE, "d2", name="Lower", parent_id=deep.id, root_id=first)
            db.session.add(lower)
    words = '<script type="application/json">{"oldest": "Spätere", "answers": "an {name}"}</script>'
    page.goto(elsewhere.elements(f"{line(level='3')[:-16]}{words}</blog-comments>"))
    element = page.locator("blog-comments")
    articles = element.locator("article")
    expect(element.locator("h3")).to_have_text("Comments (60)")
    expect(articles).to_have_count(thread.PAGE_BRANCHES + thread.FIRST_REPLIES)
    expect(element.locator("[part=badge]")).to_have_text("Author ")
    element.get_by_role("button", name="More replies (4)").click()
    expect(articles).to_have_count(59)
    expect(element.locator("article:focus")).to_contain_text("R5")
    element.get_by_role("button", name="Reply to Deep").click()
    expect(element.locator("li li li")).to_have_count(2)
    expect(element.locator("li li li").last).to_contain_text("an Deep")
    element.get_by_role("button", name="Spätere").click()
    expect(articles).to_have_count(60)
    expect(element.get_by_role("button", name="Spätere")).to_have_count(0)


def test_a_reply_stands_below_its_comment_and_its_draft_waits_for_its_writer(
    app: Flask, elsewhere: Elsewhere, page: Page
) -> None:
    with app.app_context():
        say("first")
    page.goto(elsewhere.elements(line(order="newest")))
    page.evaluate(
        "addEventListener('blog-comment', (e) => { e.preventDefault(); window.told = e.detail })"
    )
    element = page.locator("blog-comments")
    reply = element.get_by_role("button", name="Reply to By first")
    reply.click()
    form = element.get_by_role("form", name="Reply to By first")
    expect(form.get_by_label("Your name")).to_be_focused()
    form.get_by_label("Comment", exact=True).fill("Half a thought")
    form.get_by_role("button", name="Cancel").click()
    reply.click()
    expect(form.get_by_label("Comment", exact=True)).to_have_value("Half a thought")
    write(form)
    expect(element.locator("li li")).to_contain_text("Waiting for review")
    expect(form).to_have_count(0)
    # The page said that it keeps the token itself.
    assert "edit_token" not in kept(page)
    told = page.evaluate("told")
    page.reload()
    expect(element.locator("article")).to_have_count(1)
    element.evaluate(
        "(each, own) => Object.assign(each, { own, strings: { pending: 'Wartet' } }).load()", [told]
    )
    expect(element.locator("li li")).to_contain_text("Wartet")
    with app.app_context():
        found = comments.by_id(2)
        assert found
        assert found.parent_id == 1


def test_where_comments_are_closed_there_is_no_form(
    make_app: Callable[..., Flask], elsewhere: Elsewhere, page: Page
) -> None:
    with serving(make_app(comments="closed")) as elsewhere.blog:
        page.goto(elsewhere.elements(line()))
        element = page.locator("blog-comments")
        expect(element.get_by_role("heading")).to_have_text("No comments yet")
        expect(element).to_contain_text("losed")
        expect(element.get_by_role("form")).to_have_count(0)


def test_the_front_end_of_one_page_reads_and_sends(
    make_app: Callable[..., Flask], own_content: Path, elsewhere: Elsewhere, page: Page
) -> None:
    made: list[Flask] = []

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        return made[0](environ, start_response)

    # Its addresses are those of the site, which is made once its port is known.
    with serving(answer) as elsewhere.blog:
        where = {"site_url": elsewhere.blog, "allowed_origins": elsewhere.address}
        made.append(make_app(content_dir=str(own_content), **where))
        site = Site(made[0], own_content)
        for number in range(9):
            site.put(f"filler-{number}", f"Filler {number}", date="2026-01-01")
        (own_content / "media").mkdir(exist_ok=True)
        (own_content / "media/pen.png").write_bytes(png(64, 48))
        peels = {"date": "2026-04-01", "cover": "pen.png", "cover_alt": "A pen"}
        site.put("peels", "Peels", "Some *words*.", **peels)
        site.sync()
        _read_through(page, elsewhere)
    page.reload()
    expect(page.get_by_role("alert").first).to_contain_text("can’t be reached")


def _read_through(page: Page, elsewhere: Elsewhere) -> None:
    # The page has a policy of its own, and no other.
    elsewhere.policy = ""
    page.goto("/examples/page/index.html")
    articles, older = page.locator("#articles li"), page.get_by_role("button", name="Older")
    expect(articles).to_have_count(10)
    older.click()
    expect(articles).to_have_count(12)
    expect(older).to_be_hidden()
    page.get_by_role("link", name="Peels").click()
    expect(page.get_by_role("heading", name="Peels")).to_be_focused()
    expect(page.locator("#text em")).to_have_text("words")
    cover = page.get_by_role("img", name="A pen")
    expect(cover).to_be_visible()
    assert cover.evaluate("async (it) => { await it.decode(); return it.naturalWidth }") == 64
    element = page.locator("blog-comments")
    write(element)
    expect(element).to_contain_text("Waiting for review")
    page.go_back()
    page.get_by_role("link", name="Filler 1").click()
    expect(element).to_contain_text("No comments yet")
    expect(element.locator("article")).to_have_count(0)
    expect(cover).to_be_hidden()
    page.evaluate("location.hash = 'nowhere'")
    words = "There is no such article that anybody can read."
    expect(page.get_by_role("alert").first).to_have_text(words)


def test_an_enquiry_is_sent_after_a_second_thought(
    app: Flask, elsewhere: Elsewhere, page: Page
) -> None:
    words = '<script type="application/json">{"byText": "Per SMS", "time": "Wann?"}</script>'
    about = f'<blog-contact topic="Mesotherapy" article="{ARTICLE}">{words}</blog-contact>'
    page.goto(elsewhere.elements(about))
    element = page.locator("blog-contact")
    expect(element.get_by_label("Topic")).to_have_value("Mesotherapy")
    element.get_by_label("Your name").fill("Lerato")
    element.get_by_label("Email (").fill("lerato@reader.example")
    message = element.get_by_label("Message")
    message.fill("I take Roaccutane.")
    way = element.get_by_label("How shall we answer?")
    way.select_option("Per SMS")
    element.get_by_label("Wann? (optional)").fill("Mornings")
    # Nobody sees it, or gets there by the keyboard.
    trap = element.locator("[name=note]")
    expect(trap).not_to_be_in_viewport()
    trap.evaluate("(field) => { field.value = 'https://spam.example' }")
    send = element.get_by_role("button", name="Send message")
    send.click()
    expect(element.get_by_role("alert")).to_contain_text("The clinic may keep")
    element.get_by_role("checkbox").check()
    send.click()
    expect(element.get_by_role("alert")).to_contain_text("please give your number")
    expect(way).to_have_attribute("aria-invalid", "true")
    way.select_option("By email")
    send.click()
    element.get_by_role("button", name="Change it").click()
    expect(message).to_be_focused()
    expect(message).to_have_value("I take Roaccutane.")
    element.get_by_role("button", name="Send anyway").click()
    thanks = element.get_by_role("status")
    expect(thanks).to_be_focused()
    reference = re.search(r"reference is (\S+)\.", thanks.inner_text())
    assert reference
    with app.app_context():
        enquiry = enquiries.by_reference(reference[1])
        assert enquiry
        assert (enquiry.topic, enquiry.article_id) == ("Mesotherapy", article().id)
        assert (enquiry.preferred_way, enquiry.preferred_time) == ("email", "Mornings")
        assert {"trap", "haste"} <= {row["step"] for row in enquiry.reasons}
    assert kept(page) == "{}"
