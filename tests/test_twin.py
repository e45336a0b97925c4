"""An article as Markdown: at its own address, and to who asks for it at the article's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from blog import markup
from tests.cast import ARTICLE, SECOND, Clock
from tests.test_reading import AUTHOR_ID, COOKIE, HIDDEN, Site

BASE = "http://127.0.0.1:8000"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Site:
    return Site(make_app(content_dir=str(own_content)), own_content)


def kind_for(site: Site, accept: str) -> str:
    response = site.get(f"/articles/{ARTICLE}", headers={"Accept": accept})
    assert response.status_code == 200, accept
    assert response.headers["Vary"].split(", ")[0] == "Accept"
    return str(response.mimetype)


def test_an_article_as_markdown_says_what_it_is(site: Site) -> None:
    site.write("authors/nomsa-k.md", "---\nname: Nomsa K.\n---\nHello.\n")
    site.put("both", "Both", "Words.", authors=f"[nomsa-k, {AUTHOR_ID}]", updated="2026-03-05")
    site.sync()
    response = site.get("/articles/both.md")
    assert response.content_type == "text/markdown; charset=utf-8"
    assert response.text == (
        "# Both\n\n"
        "By Nomsa K. and Sandra de Beer · 1 March 2026 · updated 5 March 2026\n\n"
        f"<{BASE}/articles/both>\n\n"
        "> In short.\n\n"
        "Words.\n"
    )


def test_what_an_article_lacks_is_left_out(site: Site) -> None:
    site.put("bare", "Bare", "Words.", summary="")
    site.sync()
    said = site.text("/articles/bare.md")
    assert said == f"# Bare\n\n1 March 2026\n\n<{BASE}/articles/bare>\n\nWords.\n"


def test_it_names_the_address_search_engines_should_know(site: Site) -> None:
    site.put("elsewhere", canonical="https://exämple.org/a>b?c=ü")
    site.sync()
    known = "https://xn--exmple-cua.org/a%3Eb?c=%C3%BC"
    for path, address in ((ARTICLE, f"{BASE}/articles/{ARTICLE}"), ("elsewhere", known)):
        response = site.get(f"/articles/{path}.md")
        assert f"\n<{address}>\n" in response.text
        assert response.headers.getlist("Link") == [
            f'<{address}>; rel="canonical"',
            f'<{BASE}/articles/{path}>; rel="alternate"; type="text/html"',
        ]
    page = site.get(f"/articles/{ARTICLE}")
    assert page.headers["Link"] == (
        f'</articles/{ARTICLE}.md>; rel="alternate"; type="text/markdown"'
    )
    assert f'<link rel="alternate" type="text/markdown" href="/articles/{ARTICLE}.md">' in page.text


TITLES = (
    "# [x](http://evil.example) <script>alert(1)</script>",
    "--- *a* **b** _c_ `d` ![e](/f)",
    "1. &lt;b&gt; & &amp; \\ \\\\",
    "=== | a | b | ~~c~~ <!-- d",
    "> {{ 7*7 }} {% raw %}",
    "+ a - b",
)


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_shown_as_it_was_typed(site: Site, title: str) -> None:
    quoted = "'" + title.replace("'", "''") + "'"
    site.write("authors/mallory.md", f"---\nname: {quoted}\n---\n")
    site.put("hostile", quoted, "Words.", author="mallory", summary=quoted)
    site.sync()
    shown = markup.render_article(site.text("/articles/hostile.md"))
    assert shown.toc[0].text == " ".join(title.split())
    assert shown.text.count(" ".join(title.split())) == 3
    assert re.findall(r'(?:href|src)="([^"]*)"', shown.html) == [f"{BASE}/articles/hostile"]


def test_who_asks_for_markdown_gets_the_same_bytes(site: Site) -> None:
    twin = site.get(f"/articles/{ARTICLE}.md")
    asked = site.get(f"/articles/{ARTICLE}", headers={"Accept": "text/markdown"})
    assert (asked.data, asked.content_type) == (twin.data, twin.content_type)
    assert asked.headers.getlist("Link") == twin.headers.getlist("Link")
    assert asked.headers["Vary"] == "Accept, Accept-Encoding"
    options = {"headers": {"Accept": "text/markdown"}, "base_url": BASE}
    alone = site.reader.client.head(f"/articles/{ARTICLE}", **options)
    assert (alone.data, alone.content_type) == (b"", twin.content_type)


@pytest.mark.parametrize(
    "accept",
    [
        "text/markdown",
        "text/markdown;charset=utf-8",
        "text/markdown;variant=GFM;q=0.5",
        "text/markdown, */*;q=0.1",
        "text/markdown, text/html, */*",
        "text/html;q=0.5, text/markdown;q=0.6",
        "text/html;q=0, text/markdown;q=0.001",
    ],
)
def test_who_names_markdown_and_likes_it_as_well_gets_it(site: Site, accept: str) -> None:
    assert kind_for(site, accept) == "text/markdown"


@pytest.mark.parametrize(
    "accept",
    [
        BROWSER,
        "*/*",
        "text/*",
        "",
        "text/html",
        "text/html, text/markdown;q=0.9",
        "text/markdown;q=0.2, */*;q=0.3",
        "text/markdown;q=0",
        "text/markdownx",
        "TEXT/MARKDOWN",
        "application/pdf",
        "text/markdown;q=abc",
        "text/markdown;q=-1",
        ",;=,,",
        "text/markdown" * 500,
        "q=1;text/markdown",
        "\u00fc\u00ff\x80",
    ],
)
def test_everybody_else_gets_the_page(site: Site, accept: str) -> None:
    assert kind_for(site, accept) == "text/html"


def test_without_wishes_it_is_the_page(site: Site) -> None:
    response = site.get(f"/articles/{ARTICLE}")
    assert response.mimetype == "text/html"
    assert response.headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("state", HIDDEN)
def test_what_is_not_public_is_not_there_as_markdown(site: Site, state: str) -> None:
    site.put("hidden", "Top secret", "Secret words.", **HIDDEN[state])
    site.sync()
    for path in ("/articles/hidden.md", "/articles/hidden"):
        response = site.get(path, headers={"Accept": "text/markdown"})
        # What readers found there before is gone; a draft never was.
        assert response.status_code == (410 if state in ("archived", "expired") else 404)
        assert "ecret" not in response.text


def test_an_old_address_leads_to_the_new_one_in_the_same_form(site: Site) -> None:
    site.put(SECOND, slug="winter")
    site.sync()
    for path, new in ((f"{SECOND}.md", "winter.md"), (SECOND, "winter")):
        response = site.get(f"/articles/{path}", headers={"Accept": "text/markdown"})
        assert (response.status_code, response.location) == (301, f"/articles/{new}")
    assert site.get("/articles/nothing.md").status_code == 404


def test_it_is_kept_by_no_cache_for_who_has_written(site: Site) -> None:
    site.reader.client.set_cookie(COOKIE, "a token", domain="127.0.0.1")
    response = site.get(f"/articles/{ARTICLE}", headers={"Accept": "text/markdown"})
    assert response.headers["Cache-Control"] == "no-store"
