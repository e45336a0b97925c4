"""What pages of other sites take from here: small scripts, and a thread as a piece of HTML."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from flask import Flask

from blog import db
from blog.comments import CommentState, thread
from blog.embed import CACHED, FOLDER
from blog.pagecache import FOR_ANYBODY
from tests.cast import ARTICLE, Clock, Visitor
from tests.test_reading import HIDDEN, Site, comment_on
from tests.test_thread import become, say

BASE = "http://127.0.0.1:8000"
FRAGMENT = f"/embed/articles/{ARTICLE}/comments.html"
SCRIPT_MAX_BYTES = 6 * 1024
SHARED = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
@pytest.mark.parametrize("name", ["comments", "contact"])
def test_a_script_is_small_and_any_page_may_run_it(
    make_app: Callable[..., Flask], name: str
) -> None:
    reader, path = Visitor(make_app(page_cache_mb="1")), f"/embed/{name}.js"
    sent = reader.get(path)
    assert (sent.status_code, sent.content_type) == (200, "text/javascript; charset=utf-8")
    assert SHARED.items() <= dict(sent.headers).items()
    assert sent.headers["Cache-Control"] == CACHED
    assert len(gzip.compress(sent.data, 6)) <= SCRIPT_MAX_BYTES
    for encoding, unpack in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        packed = reader.get(path, headers={"Accept-Encoding": encoding})
        assert len(packed.data) <= SCRIPT_MAX_BYTES
        assert unpack(packed.data) == sent.data
    known = reader.get(path, headers={"If-None-Match": sent.headers["ETag"]})
    assert (known.status_code, known.data) == (304, b"")
    assert reader.get(f"/embed/{name}").status_code == 404


@on_sqlite
def test_a_script_is_sent_without_what_is_for_its_writers_alone(reader: Visitor) -> None:
    written = (FOLDER / "comments.js").read_text()
    lines = [line.strip() for line in written.splitlines()]
    told = [line for line in lines if line and not line.startswith("//")]
    assert reader.get("/embed/comments.js").text.splitlines() == told
    assert len(told) < len(lines)


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Site:
    return Site(make_app(content_dir=str(own_content)), own_content)


def links(html: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', html)


def test_a_thread_is_a_piece_of_html_for_any_page(site: Site) -> None:
    with site.app.app_context():
        one = say("*first*")
        below = say("second", one)
        gone, left = say("third"), say("fourth")
        withdrawn = say("fifth", left)
        say("sixth", gone)
        say("seventh", withdrawn)
        say("waits", waits=True)
        become(gone, CommentState.REJECTED)
        become(withdrawn, CommentState.WITHDRAWN)
    sent = site.get(FRAGMENT)
    assert sent.content_type == "text/html; charset=utf-8"
    assert SHARED.items() <= dict(sent.headers).items()
    assert sent.headers["Cache-Control"] == FOR_ANYBODY
    page = sent.text
    assert page.startswith(
        '<section class="blog-comments" lang="en-ZA">\n<h2>5 comments</h2>\n<ol>'
    )
    assert '<b dir="auto">By *first*</b>' in page
    assert "<em>first</em>" in page
    assert "This comment was removed." in page
    assert "This comment was withdrawn by its writer." in page
    assert "waits" not in page
    assert not re.search(r"<(html|body|form|script|h1)\b", page)
    assert page.count("<ol>") == page.count("</ol>") == 5
    assert links(page)[:2] == [
        f"{BASE}/articles/{ARTICLE}/comments/{each}" for each in (one, below)
    ]


def test_what_a_piece_leaves_out_it_leads_to(site: Site, author: Visitor) -> None:
    with site.app.app_context():
        first = say("first")
        with db.writing():
            rows = [
                comment_on(ARTICLE, str(number), parent_id=first, root_id=first)
                for number in range(thread.FIRST_REPLIES + 1)
            ]
            rows += [comment_on(ARTICLE, f"b{n}") for n in range(thread.PAGE_BRANCHES)]
            db.session.add_all(rows)
        with db.writing():
            deep = comment_on(ARTICLE, "deep", parent_id=rows[0].id, root_id=first)
            rows[1].author_user_id = 1
            db.session.add(deep)
    action = f"/admin/comments/{first}/pin"
    assert author.press("/admin/comments?state=approved", action).status_code == 303
    page = site.text(FRAGMENT)
    assert f"{BASE}/articles/{ARTICLE}/comments/{first}/replies" in links(page)
    assert "2 more replies to By first" in page
    assert links(page)[-1] == f"{BASE}/articles/{ARTICLE}?comments=2"
    badges = re.findall(r'class="blog-badge">(\w+)<', page)
    assert badges == ["Pinned", "Author"]


def test_where_nobody_wrote_there_is_a_heading(site: Site) -> None:
    page = site.text(FRAGMENT)
    assert ("<h2>Comments</h2>" in page, "<ol>" in page) == (True, False)


@on_sqlite
@pytest.mark.parametrize("state", ["nowhere", *HIDDEN])
def test_of_an_article_nobody_can_read_there_is_no_piece(site: Site, state: str) -> None:
    if state in HIDDEN:
        site.put("hidden", **HIDDEN[state])
        site.sync()
    sent = site.get("/embed/articles/hidden/comments.html")
    assert (sent.status_code, sent.content_type) == (404, "text/plain; charset=utf-8")
    assert sent.text == "There is no article of this id that anybody can read.\n"
    assert sent.headers["Access-Control-Allow-Origin"] == "*"
