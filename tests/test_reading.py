"""What readers see: pages, old addresses, files of articles, and what caches may keep."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask, Response
from sqlalchemy import event, update

from blog import articles, db, markup, pagecache, tokens
from blog.articles import Article, ArticleAuthor, ArticleTopic, sync
from blog.comments import Comment, CommentState
from blog.content import Commenting
from blog.public import surface
from tests.cast import ARTICLE, CLOCK, SECOND, Clock, Visitor

AUTHOR_ID = "sandra-de-beer"
PAGES = ("/", f"/articles/{ARTICLE}", f"/authors/{AUTHOR_ID}", "/topics/daily-care", "/privacy")
FORMS = ("/contact", f"/contact?about={ARTICLE}")
COOKIE = "blog_reader"


class Site:
    """A site with words of its own, and somebody who reads it."""

    def __init__(self, app: Flask, content: Path) -> None:
        self.app = app
        self.content = content
        self.reader = Visitor(app)

    def put(self, id: str, title: str = "Skin", body: str = "Words.", **fields: str) -> None:  # noqa: A002  # the contract's word
        lines = {"title": title, "date": "2026-03-01", "summary": "In short."} | fields
        head = "".join(f"{name}: {value}\n" for name, value in lines.items())
        self.write(f"articles/{id}.md", f"---\n{head}---\n{body}\n")

    def write(self, path: str, text: str) -> None:
        file = self.content / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def sync(self) -> None:
        with self.app.app_context():
            sync.run(self.content, now=CLOCK)

    def get(self, path: str, **options: Any) -> Any:
        # As a server does, which closes what it has sent.
        return self.reader.get(path, buffered=True, **options)

    def head(self, path: str) -> Any:
        return self.reader.client.head(path, base_url=self.reader.base, buffered=True)

    def text(self, path: str) -> str:
        response = self.get(path)
        assert response.status_code == 200, path
        return str(response.text)


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Site:
    return Site(make_app(content_dir=str(own_content)), own_content)


def says(html: str) -> str:
    """The words of a page's main part."""
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def links(html: str) -> dict[str, str]:
    """Where the links of a page lead, by their words."""
    found = re.findall(r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', html, re.S)
    return {" ".join(re.sub(r"<[^>]*>", " ", words).split()): unescape(url) for url, words in found}


def titles(html: str) -> list[str]:
    return [unescape(title) for title in re.findall(r"<h\d><a [^>]*>(.*?)</a></h\d>", html)]


def comment_on(article_id: str, key: str, **fields: Any) -> Comment:
    values = {
        "article_id": article_id,
        "name": "Nomsa",
        "source": "Thank you.",
        "html": "<p>Thank you.</p>",
        "html_policy": markup.COMMENT_POLICY,
        "state": CommentState.APPROVED,
        "reasons": [],
        "submission_key": key,
        "created_at": CLOCK,
    }
    return Comment(**values | fields)


# The pages


def test_home_shows_the_latest_articles(site: Site) -> None:
    home = site.text("/")
    assert titles(home) == [
        "Mesotherapy or microneedling: what sets them apart?",
        "Caring for skin in winter",
    ]
    assert links(home)["Caring for skin in winter"] == f"/articles/{SECOND}"
    assert "Sandra de Beer · 10 March 2026 · 1 min read" in says(home)


def test_home_says_so_where_nothing_is_published(site: Site) -> None:
    for path in (site.content / "articles").iterdir():
        path.unlink()
    site.sync()
    assert "The first article is on its way." in site.text("/")


def test_an_article_shows_who_wrote_it_and_how_long_reading_takes(site: Site) -> None:
    site.put("long", "A long one", "word " * 1000, author=AUTHOR_ID, updated="2026-03-05")
    site.sync()
    page = site.text("/articles/long")
    assert links(page)["Sandra de Beer"] == f"/authors/{AUTHOR_ID}"
    assert links(page)["More from Sandra de Beer"] == f"/authors/{AUTHOR_ID}"
    said = says(page)
    assert "Certified somatologist · 1 March 2026 · updated 5 March 2026 · 4 min read" in said
    assert "Sandra writes about skin." in said


def test_an_article_names_all_its_authors_in_their_order(site: Site) -> None:
    site.write("authors/nomsa-k.md", "---\nname: Nomsa K.\nphoto: nomsa.jpg\n---\nHello.\n")
    site.put("both", authors=f"[nomsa-k, {AUTHOR_ID}, nobody]")
    site.sync()
    page = site.text("/articles/both")
    assert "Nomsa K. and Sandra de Beer" in says(page)
    assert 'src="/media/nomsa.jpg"' in page
    assert "Nomsa K. and Sandra de Beer" in says(site.text("/"))


def test_the_table_of_contents_leads_to_every_heading(site: Site) -> None:
    headings = ("# One & all", "## Deeper", "## Deeper", "# Comments", "# Wärme?", "# 3 {#top}")
    site.put("parts", "Parts", "\n\nWords.\n\n".join(headings))
    site.sync()
    page = site.text("/articles/parts")
    contents = page.partition('<nav class="toc"')[2].partition("</nav>")[0]
    anchors = [unescape(url) for url in re.findall(r'href="([^"]*)"', contents)]
    ids = [unescape(name) for name in re.findall(r'\bid="([^"]*)"', page)]
    assert len(anchors) == len(set(anchors)) == 6
    assert all(anchor.startswith("#") for anchor in anchors)
    assert {anchor[1:] for anchor in anchors} <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_short_article_has_no_table_of_contents(site: Site) -> None:
    assert "In this article" not in site.text(f"/articles/{ARTICLE}")


def test_the_cells_of_a_table_say_what_they_are_about(site: Site) -> None:
    page = site.text(f"/articles/{ARTICLE}")
    assert '<td data-label="Mesotherapy">Injects a solution</td>' in page
    assert '<td data-label="Microneedling">Uses fine needles</td>' in page
    assert '<th scope="row">Mechanism</th>' in page


def test_an_article_asks_to_write_to_the_clinic_about_it(site: Site) -> None:
    address = links(site.text(f"/articles/{ARTICLE}"))["Ask the clinic"]
    assert address == f"/contact?about={ARTICLE}"
    assert "Mesotherapy or microneedling" in says(site.text(address))


def test_an_article_says_where_it_belongs(site: Site) -> None:
    site.put("own", noindex="true", cover="2026/my skin.jpg", cover_alt="A hand")
    site.put("other", canonical="https://example.org/other?a=1&b=2")
    site.sync()
    own, other = site.text("/articles/own"), site.text("/articles/other")
    base = "http://127.0.0.1:8000"
    assert f'<link rel="canonical" href="{base}/articles/own">' in own
    assert '<meta name="robots" content="noindex">' in own
    assert f'<meta property="og:image" content="{base}/media/2026/my%20skin.jpg">' in own
    assert 'src="/media/2026/my%20skin.jpg" alt="A hand"' in own
    assert '<link rel="canonical" href="https://example.org/other?a=1&amp;b=2">' in other
    assert "noindex" not in other


def test_words_that_look_like_markup_are_shown_as_words(site: Site) -> None:
    hostile = "'<script>alert(1)</script>\"{{ 7*7 }}'"
    site.write("authors/mallory.md", f"---\nname: {hostile}\nrole: {hostile}\n---\n")
    fields = {"summary": hostile, "topics": f"[{hostile}]", "author": "mallory"}
    site.put("hostile", hostile, "<script>alert(2)</script>", **fields)
    site.sync()
    (topic,) = re.findall(r'"(/topics/script[^"]*)"', site.text("/"))
    for path in ("/", "/articles/hostile", "/authors/mallory", topic, "/search?q=alert"):
        page = site.text(path)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>" not in page
        assert "49" not in says(page)


def test_an_author_is_shown_with_what_she_wrote(site: Site) -> None:
    site.write(
        "authors/nomsa-k.md",
        "---\nname: Nomsa K.\ncredentials: [Diploma]\nlinks: [https://example.org/n]\n---\nHello.\n",
    )
    site.put("hers", "Hers", author="nomsa-k")
    site.sync()
    page = site.text("/authors/nomsa-k")
    assert titles(page) == ["Hers"]
    assert "Diploma" in says(page)
    assert links(page)["example.org"] == "https://example.org/n"
    assert len(titles(site.text(f"/authors/{AUTHOR_ID}"))) == 2


def test_a_topic_shows_its_articles_as_the_newest_writes_it(site: Site) -> None:
    site.put("newer", "Newer", topics="[daily care]", date="2026-04-01")
    site.put("draft", "Draft", topics="[DAILY CARE]", status="draft")
    site.sync()
    page = site.text("/topics/daily-care")
    assert titles(page) == ["Newer", "Caring for skin in winter"]
    assert '<h1 class="modest">daily care</h1>' in page
    assert "DAILY CARE" not in page


def test_a_page_stands_by_itself(site: Site) -> None:
    assert "What we keep, and for how long." in says(site.text("/privacy"))


@pytest.mark.parametrize("model", [Article, articles.Author, articles.Page])
def test_html_of_an_older_policy_is_never_served(site: Site, model: Any) -> None:
    with site.app.app_context(), db.writing():
        db.session.execute(update(model).values(html="<script>alert(1)</script>", html_policy=0))
    for path in PAGES:
        assert "alert(1)" not in site.text(path)
    page = site.text(f"/articles/{SECOND}")
    assert "a café is drier still" in page
    assert "Sandra writes about skin." in page
    assert "What we keep, and for how long." in site.text("/privacy")


NOWHERE = (
    "/articles/nothing",
    "/authors/nobody",
    "/topics/nothing",
    "/nothing",
    "/nothing/at/all",
    "/nothing/",
    "/articles/",
    "/archive/2025",
    "/archive/nothing",
    "/topics/",
    "/media/",
    "/search/",
    f"/articles/{ARTICLE}/nothing",
    "/articles/%25",
    "/articles/" + "a" * 3000,
    "/%E2%98%83/%F0%9F%98%80",
    *(
        f"{path}?page={page}"
        for path in (
            "/",
            f"/authors/{AUTHOR_ID}",
            "/topics/daily-care",
            "/archive",
            "/archive/2026",
        )
        for page in (
            "0",
            "-1",
            "01",
            "2",
            "99999",
            "9" * 400,
            "abc",
            "+2",
            "1.0",
            "",
            "２",
            "1&page=1",
        )
    ),
)


def test_where_nothing_is_the_answer_is_a_page_that_says_so(site: Site) -> None:
    for path in NOWHERE:
        response = site.get(path)
        assert response.status_code == 404, path
        assert "This page isn" in response.text
        assert response.headers["Cache-Control"] == "no-store"
        assert len(titles(response.text)) == 2


def test_programs_are_told_so_in_their_own_way(site: Site) -> None:
    for path in ("/api/v1/nothing", "/api/nothing"):
        response = site.get(path)
        assert (response.status_code, response.content_type) == (404, "application/problem+json")


# Lists in pages


LISTS = {
    "/": "Notes from a clinic",
    f"/authors/{AUTHOR_ID}": "Sandra de Beer",
    "/topics/daily-care": "Daily care",
    "/archive": "Archive",
    "/archive/2026": "Archive of 2026",
}


def shelve(site: Site, count: int) -> None:
    """Put so many articles of one author, topic and year on the site, and no others."""
    for path in (site.content / "articles").iterdir():
        path.unlink()
    fields = {"author": AUTHOR_ID, "topics": "[Daily care]"}
    for number in range(count):
        site.put(f"n{number}", f"Number {number}", date=f"2026-02-01 00:{number:02}", **fields)
    site.sync()


def listed(html: str) -> list[str]:
    main = html.partition("<main")[2]
    return [unescape(name) for name in re.findall(r'<a href="/articles/(\w+)">', main)]


def rel(html: str, name: str) -> tuple[str, ...]:
    """Where the page of a name is, as programs and as people are told."""
    head = re.findall(rf'<link rel="{name}" href="http://127.0.0.1:8000([^"]*)">', html)
    return (*head, *re.findall(rf'<a href="([^"]*)" rel="{name}">', html))


@pytest.mark.parametrize("path", LISTS)
def test_a_long_list_is_cut_into_pages_that_lead_to_one_another(site: Site, path: str) -> None:
    shelve(site, 29)
    seen: list[list[str]] = []
    for page in (1, 2, 3):
        address = path if page == 1 else f"{path}?page={page}"
        html = site.text(address)
        seen.append(listed(html))
        assert f"Page {page} of 3" in says(html)
        assert re.findall(r'<link rel="canonical" href="([^"]*)">', html) == [
            f"http://127.0.0.1:8000{address}"
        ]
        before = {1: (), 2: (path,) * 2, 3: (f"{path}?page=2",) * 2}
        after = {1: (f"{path}?page=2",) * 2, 2: (f"{path}?page=3",) * 2, 3: ()}
        assert (rel(html, "prev"), rel(html, "next")) == (before[page], after[page])
        (title,) = re.findall("<title>(.*?)</title>", html)
        assert LISTS[path] in title
        assert (f" · Page {page}" in title) == (page > 1)
    assert [len(page) for page in seen] == [12, 12, 5]
    assert [name for page in seen for name in page] == [
        f"n{number}" for number in range(28, -1, -1)
    ]
    assert site.get(f"{path}?page=4").status_code == 404


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_fits_on_one_page_says_nothing_of_pages(site: Site, path: str) -> None:
    shelve(site, 12)
    html = site.text(path)
    assert len(listed(html)) == 12
    assert "Page 1" not in html
    assert rel(html, "prev") == rel(html, "next") == ()
    shelve(site, 13)
    assert listed(site.text(f"{path}?page=2")) == ["n0"]


@pytest.mark.parametrize("path", LISTS)
def test_the_first_page_has_one_address(site: Site, path: str) -> None:
    for response in (site.get(f"{path}?page=1"), site.head(f"{path}?page=1&utm_source=mail")):
        assert (response.status_code, response.location) == (301, path)


def test_the_archive_shows_the_years_and_the_months_of_the_newest(site: Site) -> None:
    site.put("december", "December", date="2025-12-31T21:59:59Z")
    site.put("new-year", "New year", date="2025-12-31T22:00:00Z")
    site.put("slip", "A slip of the pen", date="0205-03-01")
    site.put("draft", "Draft", status="draft", date="2024-01-01")
    site.sync()
    page = site.text("/archive")
    said = says(page)
    assert "2026 3 articles 2025 1 article" in said
    assert re.findall(r"<h[23][^>]*>(.*?)</h", page) == ["2026", "March", "January"]
    assert "Caring for skin in winter 15 January 2026 New year 1 January 2026" in said
    assert links(page)["2025"] == "/archive/2025"
    assert listed(site.text("/archive/2025")) == ["december"]
    assert "© 2026" in site.text("/archive/2025")
    for path in (
        "/archive/2024",
        "/archive/205",
        "/archive/0205",
        "/archive/２０２６",
        "/archive/02026",
    ):
        assert site.get(path).status_code == 404


def test_an_empty_site_has_an_empty_archive_and_no_topics(site: Site) -> None:
    shelve(site, 0)
    assert "The first article is on its way." in site.text("/archive")
    assert "No topics yet." in site.text("/topics")
    assert site.get("/archive/2026").status_code == 404
    assert "Nothing published yet." in site.text(f"/authors/{AUTHOR_ID}")


def test_all_topics_are_listed_by_name_as_the_newest_article_writes_them(site: Site) -> None:
    site.put(
        "newer",
        topics="[daily care, Ärger, 'A topic as long as one may be, sixty characters long, really']",
    )
    site.put("older", topics="[DAILY CARE]", date="2025-01-01")
    site.put("draft", topics="[Daily CARE, Hidden]", status="draft", date="2026-05-01")
    site.put("to-come", topics="[Soon]", date="2026-06-01")
    site.sync()
    page = site.text("/topics")
    assert (
        "A topic as long as one may be, sixty characters long, really 1 article"
        " daily care 3 articles Treatments compared 1 article Ärger 1 article"
    ) in says(page)
    assert links(page)["daily care"] == "/topics/daily-care"
    assert {"/archive", "/topics"} <= set(links(site.text("/")).values())


def test_an_article_ends_with_what_to_read_next(site: Site) -> None:
    assert links(site.text(f"/articles/{SECOND}"))[
        "Newer Mesotherapy or microneedling: what sets them apart?"
    ]
    fields = {"topics": "[Daily care]"}
    site.put("older", "An older one", date="2025-01-01", **fields)
    site.put("newest", "The newest one", date="2026-04-01", **fields)
    site.sync()
    page = site.text(f"/articles/{SECOND}")
    onward = page.partition("Keep reading")[2].partition("</section>")[0]
    assert links(onward) == {
        "The newest one": "/articles/newest",
        "Older An older one": "/articles/older",
        "Newer Mesotherapy or microneedling: what sets them apart?": f"/articles/{ARTICLE}",
    }
    shelve(site, 1)
    assert "Keep reading" not in site.text("/articles/n0")


# What is not public


HIDDEN = {
    "draft": {"status": "draft"},
    "archived": {"status": "archived"},
    "scheduled": {"date": "2026-06-01"},
    "expired": {"expires": "2026-04-01"},
}


@pytest.mark.parametrize("state", HIDDEN)
def test_what_is_not_public_is_served_nowhere(site: Site, state: str) -> None:
    fields = {"author": AUTHOR_ID, "topics": "[Daily care, Hidden]", "aliases": "[/old/hidden]"}
    site.put("hidden", "Top secret", "Secret words.", **fields | HIDDEN[state])
    site.sync()
    for path in ("/", f"/authors/{AUTHOR_ID}", "/topics/daily-care", "/search?q=secret"):
        assert "Top secret" not in site.text(path)
    is_over = state in ("archived", "expired")
    for path in (
        "/articles/hidden",
        "/articles/hidden/",
        "/articles/hidden.md",
        "/articles/hidden/comments/token",
        "/topics/hidden",
        "/old/hidden",
    ):
        response = site.get(path)
        assert response.status_code == (410 if is_over and "topics" not in path else 404)
        assert "ecret" not in response.text
    assert "Top secret" not in site.get("/contact?about=hidden").text


def test_a_scheduled_article_appears_and_an_expiring_one_goes_by_itself(
    site: Site, clock: Clock
) -> None:
    site.put("brief", "Brief", date="2026-05-04T10:00:00Z", expires="2026-05-04T11:00:00Z")
    site.sync()
    states = []
    for _ in range(3):
        is_listed = "Brief" in titles(site.text("/"))
        states.append((is_listed, site.get("/articles/brief").status_code))
        clock.move(minutes=45)
    assert states == [(False, 404), (True, 200), (False, 410)]


# Old addresses


def test_an_alias_leads_to_its_article(site: Site) -> None:
    aliases = "/2026/01/winter-skin/, /winter, /articles/winter, /alt/über.html, /admin/blog/7"
    site.put(SECOND, aliases=f"[{aliases}]")
    site.sync()
    for path in (
        "/2026/01/winter-skin",
        "/2026/01/winter-skin/",
        "/2026/01/winter-skin?utm_source=x",
        "/winter",
        "/winter/",
        "/articles/winter",
        "/articles/winter/",
        "/alt/%C3%BCber.html",
        "/admin/blog/7",
    ):
        for response in (site.get(path), site.head(path)):
            assert (response.status_code, response.location) == (301, f"/articles/{SECOND}")


def test_an_address_that_changed_twice_leads_on_in_one_hop(site: Site) -> None:
    with site.app.app_context(), db.writing():
        db.session.add(comment_on(SECOND, "one"))
    for slug in ("once", "twice"):
        site.put(SECOND, "Winter", slug=slug)
        site.sync()
    for old in (SECOND, "once"):
        response = site.get(f"/articles/{old}")
        assert (response.status_code, response.location) == (301, "/articles/twice")
    assert "Thank you." in site.text("/articles/twice")
    assert "1 comment" in says(site.text("/"))


def test_what_follows_an_old_address_follows_on(site: Site) -> None:
    site.put(SECOND, slug="new", aliases="[/winter]")
    site.sync()
    for path, address in {
        f"/articles/{SECOND}.md": "/articles/new.md",
        "/winter.md": "/articles/new.md",
        f"/articles/{SECOND}/comments/feed.xml": "/articles/new/comments/feed.xml",
        f"/articles/{SECOND}/comments/7": "/articles/new/comments/7",
        f"/articles/{SECOND}?comments=2": "/articles/new?comments=2",
        f"/articles/{SECOND}?utm_source=a&comments=2&fbclid=b": "/articles/new?comments=2",
        f"/articles/{SECOND}/a%20b%3Fc%0d": "",
        f"/articles/{SECOND}/a%20b%3Fc": "/articles/new/a%20b%3Fc",
    }.items():
        for response in (site.get(path), site.head(path)):
            assert response.headers.get("Location", "") == address, path
            assert response.status_code == (301 if address else 400)
    assert site.get("/winter/comments/feed.xml").status_code == 404


def test_an_address_leads_neither_to_itself_nor_round(site: Site) -> None:
    own = f"/articles/{SECOND}"
    site.put(SECOND, aliases=f"[{own}, /articles/{ARTICLE}]")
    site.put(ARTICLE, aliases=f"[/articles/{ARTICLE}, {own}]")
    site.sync()
    for path in (own, f"/articles/{ARTICLE}"):
        assert site.get(path).status_code == 200
        for missing in ("?comments=99", "/nothing"):
            assert site.get(path + missing).status_code == 404


TAKEN_AWAY = {
    "deleted": None,
    "archived": {"status": "archived"},
    "a draft again": {"status": "draft"},
    "expired": {"expires": "2026-05-01"},
    "scheduled again": {"date": "2026-06-01"},
}


@pytest.mark.parametrize("how", TAKEN_AWAY)
def test_a_removed_article_is_gone_from_all_its_addresses(site: Site, how: str) -> None:
    site.put(SECOND, "Winter", slug="renamed", aliases="[/winter]")
    site.sync()
    fields = TAKEN_AWAY[how]
    if fields is None:
        (site.content / f"articles/{SECOND}.md").unlink()
    else:
        site.put(SECOND, "Winter", **{"slug": "renamed", "aliases": "[/winter]"} | fields)
    site.sync()
    for path in (
        "/articles/renamed",
        f"/articles/{SECOND}",
        "/winter",
        "/articles/renamed.md",
        "/articles/renamed/comments/feed.xml",
    ):
        response = site.get(path)
        assert response.status_code == 410, path
        assert site.head(path).status_code == 410
    page = response.text
    assert "This article was removed" in says(page)
    assert 'role="search"' in page
    assert titles(page) == ["Mesotherapy or microneedling: what sets them apart?"]
    assert response.headers["Cache-Control"] == "no-store"
    # Nor does a further sync make readers forget.
    site.write("pages/more.md", "---\ntitle: More\n---\nMore.\n")
    site.sync()
    assert site.get("/articles/renamed").status_code == 410


def test_an_address_that_was_given_away_belongs_to_its_new_owner(site: Site) -> None:
    (site.content / f"articles/{SECOND}.md").unlink()
    site.put(ARTICLE, aliases=f"[/articles/{SECOND}]")
    site.sync()
    response = site.get(f"/articles/{SECOND}")
    assert (response.status_code, response.location) == (301, f"/articles/{ARTICLE}")
    site.put("heir", "Heir", slug=SECOND)
    site.sync()
    assert site.get(f"/articles/{SECOND}").status_code == 200


def test_an_article_that_comes_back_is_read_again(site: Site) -> None:
    text = (site.content / f"articles/{SECOND}.md").read_text()
    (site.content / f"articles/{SECOND}.md").unlink()
    site.sync()
    assert site.get("/2026/01/winter-skin").status_code == 410
    site.write(f"articles/{SECOND}.md", text)
    site.sync()
    assert site.get("/2026/01/winter-skin").status_code == 301
    assert site.get(f"/articles/{SECOND}").status_code == 200


@pytest.mark.parametrize("state", ["draft", "scheduled", "never"])
def test_what_was_never_public_was_never_there(site: Site, state: str) -> None:
    states = {"never": {"expires": "2026-02-01"}} | HIDDEN
    site.put("hidden", aliases="[/old/hidden]", **states[state])
    site.sync()
    paths = ("/articles/hidden", "/old/hidden", "/articles/hidden.md")
    assert [site.get(path).status_code for path in paths] == [404] * 3
    (site.content / "articles/hidden.md").unlink()
    site.sync()
    assert [site.get(path).status_code for path in paths] == [404] * 3


def test_an_alias_never_hides_what_is_there(site: Site) -> None:
    site.put("greedy", aliases=f"[/privacy, /articles/{ARTICLE}, /search, /contact, /media/x.txt]")
    site.write("media/x.txt", "There.")
    site.sync()
    for path in ("/privacy", f"/articles/{ARTICLE}", "/search", "/contact", "/media/x.txt"):
        assert site.get(path).status_code == 200


def test_an_old_address_takes_no_posts(site: Site) -> None:
    site.put(SECOND, aliases="[/old/winter]")
    site.sync()
    typed = {"name": "Nomsa"}
    assert site.reader.post("/nothing/at/all", typed).status_code == 404
    assert site.reader.post(f"/articles/{ARTICLE}", typed).status_code == 405
    assert site.get(f"/articles/{ARTICLE}/comments").status_code == 405


# Search


def test_a_search_shows_what_it_found(site: Site) -> None:
    page = site.text("/search?q=CAFE")
    assert titles(page) == ["Caring for skin in winter"]
    assert "1 article about “ CAFE ”" in says(page)
    assert 'value="CAFE"' in page
    assert '<meta name="robots" content="noindex">' in page


def test_a_search_says_that_it_found_nothing(site: Site) -> None:
    assert "Nothing found for “ peeling ”." in says(site.text("/search?q=peeling"))
    assert "Nothing found" not in site.text("/search?q=")
    assert "Nothing found" not in site.text("/search?q=%20%20")


def test_a_search_for_too_much_is_answered_with_a_sentence(site: Site) -> None:
    assert site.get("/search?q=" + "a" * 200).status_code == 200
    response = site.get("/search?q=" + "a" * 201)
    assert response.status_code == 400
    assert "Please search for at most 200 characters." in says(response.text)
    assert "a" * 201 in response.text


def test_a_hostile_search_is_shown_as_text(site: Site) -> None:
    tag, attribute = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'
    for query in (tag, attribute, "{{7*7}}", "%", "';--", "x&y"):
        response = site.get("/search", query_string={"q": query})
        assert response.status_code == 200
        assert f"Nothing found for “ {query} ”." in says(response.text)
        assert not re.search(r"<script>|<img src=x|\bonerror=\w+\(1\)>", response.text)


def test_a_search_for_bytes_that_are_no_text_is_refused(site: Site) -> None:
    for query in ("%00", "%FF", "%ED%A0%80"):
        assert site.get(f"/search?q={query}").status_code == 400


# Statements


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Write down every statement that reaches the database."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def count(site: Site, path: str) -> int:
    # What is done once for all pages is not counted.
    site.text(path)
    with counted(site.app) as statements:
        site.text(path)
    return len(statements)


def test_the_number_of_statements_grows_with_nothing(site: Site) -> None:
    paths = [*PAGES, "/archive", "/archive/2026", "/topics", "/search?q=skin"]
    with site.app.app_context(), db.writing():
        db.session.add(comment_on(ARTICLE, "first"))
    few = {path: count(site, path) for path in paths}
    with site.app.app_context(), db.writing():
        for number in range(70):
            fill(number)
        for number in range(60):
            parent = comment_on(ARTICLE, f"parent-{number}")
            db.session.add(parent)
            db.session.flush()
            for level in ("child", "grandchild", "great-grandchild"):
                answer = comment_on(ARTICLE, f"{level}-{number}", parent_id=parent.id)
                answer.root_id = parent.root_id or parent.id
                db.session.add(answer)
                db.session.flush()
                parent = answer
    assert len(titles(site.text("/"))) == 12
    assert "Page 1 of 6" in says(site.text("/"))
    assert site.text(f"/articles/{ARTICLE}").count("Thank you.") == 197
    assert {path: count(site, path) for path in paths} == few
    assert few["/"] <= 8
    assert few[f"/articles/{ARTICLE}"] <= 10


def fill(number: int) -> None:
    """Store one more article like the first, by an author of its own and others."""
    article_id, author_id = f"article-{number}", f"author-{number}"
    html = {"source": "Skin.", "html": "<p>Skin.</p>", "html_policy": markup.ARTICLE_POLICY}
    db.session.add(
        articles.Author(id=author_id, name="N", role="", links=[], credentials=[], text="", **html)
    )
    db.session.add(
        Article(
            id=article_id,
            slug=article_id,
            title=f"Skin {number}",
            summary="",
            status="published",
            published_at=CLOCK - timedelta(days=number),
            noindex=False,
            comments=Commenting.OPEN,
            toc=[],
            text="Skin.",
            words=1,
            **html,
        )
    )
    db.session.flush()
    listed = {"article_id": article_id, "public_from": CLOCK - timedelta(days=number)}
    for position, name in enumerate((AUTHOR_ID, author_id)):
        db.session.add(ArticleAuthor(author_id=name, position=position, **listed))
        topic = (
            {"slug": f"t{position}", "name": "T"}
            if position
            else {"slug": "daily-care", "name": "Daily care"}
        )
        db.session.add(ArticleTopic(position=position, **topic, **listed))
    db.session.add(comment_on(article_id, f"on-{number}"))


def test_several_authors_cost_no_more_than_one(site: Site) -> None:
    for number in range(5):
        site.write(f"authors/a{number}.md", f"---\nname: A{number}\n---\nHello.\n")
    site.put("one", authors="[a1]")
    site.put("many", authors="[a0, a1, a2, a3, a4]")
    site.sync()
    assert count(site, "/articles/many") == count(site, "/articles/one")


# Files


@pytest.fixture
def media(site: Site) -> Path:
    folder = site.content / "media"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026/my skin.jpg").write_bytes(b"\xff\xd8 a picture")
    (folder / ".hidden.jpg").write_bytes(b"hidden")
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("hidden")
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "out").symlink_to(site.content / "articles")
    (folder / "site.jpg").symlink_to("../site.toml")
    (folder / "nowhere").symlink_to("nothing")
    (folder / "circle").symlink_to("circle")
    return folder


@pytest.mark.usefixtures("media")
def test_a_file_of_an_article_is_served(site: Site) -> None:
    response = site.get("/media/2026/my%20skin.jpg")
    assert (response.status_code, response.data) == (200, b"\xff\xd8 a picture")
    assert response.content_type == "image/jpeg"
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert site.head("/media/2026/my%20skin.jpg").headers["Content-Length"] == "12"


@pytest.mark.usefixtures("media")
def test_a_file_that_a_browser_has_is_not_sent_again(site: Site) -> None:
    path = "/media/2026/my%20skin.jpg"
    first = site.get(path)
    for headers in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = site.get(path, headers=headers)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Cache-Control"] == "public, max-age=3600"
    part = site.get(path, headers={"Range": "bytes=3-"})
    assert (part.status_code, part.data) == (206, b"a picture")
    assert site.get(path, headers={"Range": "bytes=99-"}).status_code == 416


# Whatever else is asked for, and how it is refused.
REFUSED = {
    "nothing.jpg": 404,
    "2026": 404,
    "2026/": 404,
    "2026/my%20skin.jpg/": 404,
    "2026/MY%20SKIN.JPG": 404,
    ".hidden.jpg": 404,
    ".git/config": 404,
    "passwd": 404,
    f"out/{ARTICLE}.md": 404,
    "site.jpg": 404,
    "nowhere": 404,
    "circle": 404,
    "../site.toml": 404,
    "%2e%2e%2fsite.toml": 404,
    "2026/%2e%2e/%2e%2e/site.toml": 404,
    "2026/..%5c..%5csite.toml": 404,
    "2026/./my%20skin.jpg": 404,
    "a" * 300: 404,
    "a/" * 800 + "a": 404,
    "%2fetc/passwd": 308,
    "2026/%2fmy%20skin.jpg": 404,
    "..%c0%afsite.toml": 400,
    "passwd%00.jpg": 400,
    "2026/my%20skin.jpg%0a": 400,
}


@pytest.mark.usefixtures("media")
def test_no_other_file_is_served(site: Site) -> None:
    for path, status in REFUSED.items():
        # As a hostile client sends it, past what a well-behaved one would tidy up.
        overrides = {"PATH_INFO": "/media/" + unquote_to_bytes(path).decode("latin-1")}
        response = site.get("/media/x", environ_overrides=overrides)
        assert response.status_code == status, path
        for secret in ("root:", "hidden", "Africa/Johannesburg", "Injects"):
            assert secret not in response.text


@pytest.mark.usefixtures("media")
def test_files_are_only_looked_at(site: Site) -> None:
    for method in ("POST", "PUT", "DELETE"):
        options: dict[str, Any] = {"method": method, "base_url": site.reader.base, "data": b"x"}
        response = site.reader.client.open("/media/2026/my%20skin.jpg", **options)
        assert response.status_code in (405, 415)
    assert site.get("/media/2026/my%20skin.jpg").status_code == 200


def test_without_a_folder_for_files_there_are_none(site: Site) -> None:
    assert not (site.content / "media").exists()
    assert site.get("/media/x.jpg").status_code == 404


# Caches and cookies


def test_a_page_is_the_same_for_all_readers(site: Site) -> None:
    for path in (*PAGES, *FORMS):
        response = site.get(path)
        assert response.status_code == 200, path
        assert response.headers["Cache-Control"] == pagecache.FOR_ANYBODY
        assert response.headers["Cache-Control"].startswith("public, ")
        assert "Set-Cookie" not in response.headers
        # An article alone has two forms.
        is_one_of_two = path.startswith("/articles/")
        assert response.headers["Vary"] == f"{'Accept, ' if is_one_of_two else ''}Accept-Encoding"


def test_who_has_written_gets_a_page_of_her_own(site: Site) -> None:
    site.reader.client.set_cookie(COOKIE, "a token", domain="127.0.0.1")
    for path in (*PAGES, *FORMS):
        response = site.get(path)
        assert response.headers["Cache-Control"] == "no-store", path
        assert "Set-Cookie" not in response.headers


def test_a_cookie_that_is_none_of_ours_is_nobodys(site: Site) -> None:
    for token in ("", "a" * 101):
        site.reader.client.set_cookie(COOKIE, token, domain="127.0.0.1")
        assert site.get("/").headers["Cache-Control"] == pagecache.FOR_ANYBODY


def test_a_waiting_comment_is_shown_to_its_writer_alone(site: Site) -> None:
    with site.app.app_context(), db.writing():
        own = {"state": CommentState.PENDING, "reader_hash": tokens.digest("a token")}
        db.session.add(comment_on(ARTICLE, "own", html="<p>My own words.</p>", **own))
    assert "My own words." not in site.text(f"/articles/{ARTICLE}")
    site.reader.client.set_cookie(COOKIE, "a token", domain="127.0.0.1")
    page = site.text(f"/articles/{ARTICLE}")
    assert "My own words." in page
    assert "Only you can see this." in page
    site.reader.client.set_cookie(COOKIE, "another", domain="127.0.0.1")
    assert "My own words." not in site.text(f"/articles/{ARTICLE}")


@pytest.mark.parametrize(
    ("site_url", "name"),
    [("http://127.0.0.1:8000", "blog_reader"), ("https://blog.example", "__Host-blog_reader")],
)
def test_the_cookie_of_a_reader_is_as_safe_as_its_site(
    make_app: Callable[..., Flask], site_url: str, name: str
) -> None:
    response = Response()
    with make_app(site_url=site_url).test_request_context(base_url=site_url):
        surface.remember_reader(response, "a token")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f'{name}="a token"; ')
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=2592000"} <= set(cookie.split("; "))
    assert ("Secure" in cookie) == site_url.startswith("https")
    assert "Domain" not in cookie


def test_asking_for_the_head_alone_gives_the_same_without_a_body(site: Site) -> None:
    for path in (*PAGES, *FORMS, "/articles/nothing"):
        whole, alone = site.get(path), site.head(path)
        assert (alone.status_code, alone.data) == (whole.status_code, b""), path
        assert alone.headers["Cache-Control"] == whole.headers["Cache-Control"]
        assert alone.content_type == whole.content_type


# The thread


def test_a_closed_article_shows_its_comments_and_no_form(site: Site) -> None:
    with site.app.app_context(), db.writing():
        db.session.add(comment_on(ARTICLE, "one"))
    site.put(ARTICLE, "Closed", comments="closed")
    site.sync()
    page = site.text(f"/articles/{ARTICLE}")
    assert "Comments on this article are closed." in says(page)
    assert "Thank you." in says(page)
    assert "<form" not in page


def test_the_form_of_an_article_belongs_to_it(site: Site) -> None:
    page = site.text(f"/articles/{ARTICLE}")
    assert f'action="/articles/{ARTICLE}/comments"' in page
    assert "No comments yet." in page
    assert site.get(f"/articles/{ARTICLE}/comments/token").status_code == 200


def test_every_link_of_a_public_page_leads_somewhere(reader: Visitor) -> None:
    pages = [
        "/",
        f"/articles/{ARTICLE}",
        "/authors/sandra-de-beer",
        "/privacy",
        "/contact",
        "/nope",
    ]
    for page in pages:
        for found in re.findall(r'(?:href|src)="(/[^"#]*)', reader.get(page).text):
            assert reader.get(unescape(found)).status_code == 200, (page, found)


def test_an_article_can_be_read_as_it_was_written(reader: Visitor) -> None:
    twin = reader.get(f"/articles/{ARTICLE}.md")
    assert twin.content_type == "text/markdown; charset=utf-8"
    assert twin.text.startswith("# Mesotherapy or microneedling: what sets them apart?\n\n")
    assert "## Comparing the two" in twin.text
    assert reader.get("/articles/nothing.md").status_code == 404


def test_large_files_never_take_every_thread(
    make_app: Callable[..., Flask], tmp_path: Path, content_dir: Path
) -> None:
    words = tmp_path / "words"
    shutil.copytree(content_dir, words)
    (words / "media").mkdir(exist_ok=True)
    (words / "media" / "large.jpg").write_bytes(b"x" * (1024 * 1024 + 1))
    (words / "media" / "small.jpg").write_bytes(b"y" * 1000)
    visitor = Visitor(make_app(content_dir=str(words)))
    slow = [visitor.get("/media/large.jpg") for _ in range(4)]
    assert {answer.status_code for answer in slow} == {200}
    assert visitor.get("/media/large.jpg").status_code == 503
    assert visitor.get("/media/small.jpg").data == b"y" * 1000
    for answer in slow:
        answer.close()
    with visitor.get("/media/large.jpg") as again:
        assert len(again.data) == 1024 * 1024 + 1


# Long threads


@pytest.fixture
def thread(site: Site) -> list[int]:
    """A thread of sixty comments whose last was answered a hundred and one times; its numbers."""
    with site.app.app_context(), db.writing():
        roots = [comment_on(ARTICLE, f"root-{number}") for number in range(60)]
        db.session.add_all(roots)
        db.session.flush()
        last = roots[-1].id
        below = {"parent_id": last, "root_id": last}
        replies = [comment_on(ARTICLE, f"reply-{number}", **below) for number in range(101)]
        db.session.add_all(replies)
        db.session.flush()
        return [comment.id for comment in (*roots, *replies)]


def test_a_long_thread_is_paged(site: Site, thread: list[int]) -> None:
    first = site.text(f"/articles/{ARTICLE}")
    assert "161 comments" in says(first)
    assert "Page 1 of 2" in says(first)
    assert links(first)["Newer comments"] == f"/articles/{ARTICLE}?comments=2#comments"
    assert "Older comments" not in links(first)
    assert f'id="comment-{thread[49]}"' in first
    assert f'id="comment-{thread[50]}"' not in first
    second = site.text(f"/articles/{ARTICLE}?comments=2")
    assert links(second)["Older comments"] == f"/articles/{ARTICLE}#comments"
    assert "Newer comments" not in links(second)
    assert re.findall(r'id="comment-(\d+)"', second) == [str(number) for number in thread[50:65]]
    address = "http://127.0.0.1:8000"
    path = f"/articles/{ARTICLE}"
    assert f'rel="canonical" href="{address}{path}?comments=2"' in second
    assert f'rel="canonical" href="{address}{path}"' in first
    assert rel(first, "next")[0] == f"{path}?comments=2"
    assert rel(second, "prev")[0] == path
    assert "Comments · Page 2 ·" in second.partition("</title>")[0]
    assert "Page" not in first.partition("</title>")[0]


def test_what_a_page_leaves_out_is_a_link_away(site: Site, thread: list[int]) -> None:
    branch = f"/articles/{ARTICLE}/comments/{thread[59]}"
    shown = site.text(f"/articles/{ARTICLE}?comments=2")
    assert links(shown)["Show 96 more replies"] == f"{branch}/replies"
    first = site.text(f"{branch}/replies")
    numbers = [str(number) for number in thread[59:]]
    assert re.findall(r'id="comment-(\d+)"', first) == numbers[:-1]
    assert links(first)["Newer comments"] == f"{branch}/replies?page=2"
    second = site.text(f"{branch}/replies?page=2")
    assert re.findall(r'id="comment-(\d+)"', second) == [numbers[0], numbers[-1]]
    assert links(second)["Older comments"] == f"{branch}/replies"
    assert f'rel="canonical" href="http://127.0.0.1:8000{branch}/replies?page=2"' in second
    assert (rel(first, "prev"), rel(first, "next")) == ((), (f"{branch}/replies?page=2",) * 2)
    assert (rel(second, "prev"), rel(second, "next")) == ((f"{branch}/replies",) * 2, ())
    assert "<title>Replies to Nomsa · Page 2 ·" in second
    assert links(second)["Reply"] == f"/articles/{ARTICLE}/comments/new?parent={thread[-1]}"


def test_a_permalink_leads_to_the_page_that_shows_its_comment(
    site: Site, thread: list[int]
) -> None:
    for number in (thread[0], thread[50], thread[64], thread[65], thread[-1]):
        moved = site.get(f"/articles/{ARTICLE}/comments/{number}")
        assert moved.status_code == 303
        assert moved.headers["Cache-Control"] == "no-store"
        page, _, fragment = moved.location.partition("#")
        assert fragment == f"comment-{number}"
        assert f'id="{fragment}"' in site.text(page)


def test_the_first_page_of_a_thread_has_one_address(site: Site, thread: list[int]) -> None:
    plain = site.get(f"/articles/{ARTICLE}?comments=1")
    assert (plain.status_code, plain.location) == (301, f"/articles/{ARTICLE}#comments")
    replies = f"/articles/{ARTICLE}/comments/{thread[59]}/replies"
    plain = site.get(f"{replies}?page=1")
    assert (plain.status_code, plain.location) == (301, replies)


def test_a_thread_is_read_newest_first_at_an_address_of_its_own(
    site: Site, thread: list[int]
) -> None:
    plain, newest = f"/articles/{ARTICLE}", f"/articles/{ARTICLE}?order=newest"
    first, turned = site.text(plain), site.text(newest)
    for page, current in ((first, "Oldest first"), (turned, "Newest first")):
        assert links(page)["Oldest first"] == f"{plain}#comments"
        assert links(page)["Newest first"] == f"{newest}#comments"
        assert re.findall(r'aria-current="true">(.*?)<', page) == [current]
    assert f'id="comment-{thread[59]}"' in turned
    assert f'id="comment-{thread[0]}"' not in turned
    assert links(turned)["Older comments"] == f"{newest}&comments=2#comments"
    second = site.text(f"{newest}&comments=2")
    assert links(second)["Newer comments"] == f"{newest}#comments"
    shown = [str(number) for number in reversed(thread[:10])]
    assert re.findall(r'id="comment-(\d+)"', second) == shown
    assert unescape(rel(turned, "next")[0]) == f"{newest}&comments=2"
    assert rel(second, "prev")[0] == newest
    for path in (newest, f"{newest}&comments=2"):
        assert site.get(path).headers["Cache-Control"] == pagecache.FOR_ANYBODY


def test_search_engines_keep_a_thread_in_one_order_alone(site: Site, thread: list[int]) -> None:
    plain = f"/articles/{ARTICLE}"
    noindex = '<meta name="robots" content="noindex">'
    assert noindex not in site.text(plain)
    for query in ("?order=newest", "?order=newest&comments=2"):
        page = site.text(plain + query)
        assert noindex in page
        assert f'<link rel="canonical" href="http://127.0.0.1:8000{plain}">' in page


def test_a_thread_of_one_branch_has_no_order_to_choose(site: Site) -> None:
    assert "Newest first" not in site.text(f"/articles/{ARTICLE}")


@pytest.mark.parametrize("odd", ["", "oldest", "Newest", "newest&order=newest", "new%65st2", "1"])
def test_there_is_no_other_order_of_a_thread(site: Site, thread: list[int], odd: str) -> None:
    assert site.get(f"/articles/{ARTICLE}?order={odd}").status_code == 404


def test_the_first_page_of_a_turned_thread_has_one_address(site: Site, thread: list[int]) -> None:
    plain = site.get(f"/articles/{ARTICLE}?order=newest&comments=1")
    newest = f"/articles/{ARTICLE}?order=newest#comments"
    assert (plain.status_code, plain.location) == (301, newest)


@pytest.mark.parametrize("odd", ["02", "0", "-1", "3", "99999", "9" * 400, "abc", "", "²", "2&x=2"])
def test_there_is_no_other_page_of_a_thread(site: Site, thread: list[int], odd: str) -> None:
    repeated = odd.replace("x", "comments")
    assert site.get(f"/articles/{ARTICLE}?comments={repeated}").status_code == 404
    replies = f"/articles/{ARTICLE}/comments/{thread[59]}/replies"
    assert site.get(f"{replies}?page={odd.replace('x', 'page')}").status_code == 404


def test_a_closed_thread_s_replies_take_no_more(site: Site, thread: list[int]) -> None:
    site.put(ARTICLE, "Closed", comments="closed")
    site.sync()
    page = site.text(f"/articles/{ARTICLE}/comments/{thread[59]}/replies")
    assert "Reply" not in links(page)
