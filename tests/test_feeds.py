"""What programs fetch: feeds that any reader can parse, and what search engines are told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import pytest
from flask import Flask

from blog import articles, db, markup, revision
from blog.comments import CommentState
from blog.feeds import finding
from blog.pagecache import FOR_ANYBODY
from tests.cast import ARTICLE, CLOCK, SECOND, Clock, Visitor
from tests.test_reading import AUTHOR_ID, HIDDEN, Site, comment_on, count, fill, says

BASE = "http://127.0.0.1:8000"
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
COMMENTS = f"/articles/{ARTICLE}/comments/feed.xml"
FEEDS = (
    "/feed.xml",
    "/feed.json",
    "/topics/daily-care/feed.xml",
    "/topics/daily-care/feed.json",
    f"/authors/{AUTHOR_ID}/feed.xml",
    f"/authors/{AUTHOR_ID}/feed.json",
    COMMENTS,
)
LISTS = ("/sitemap.xml", "/robots.txt", "/llms.txt")
HOSTILE = "</title>]]><script>alert(1)</script> & \\\" ' &amp; <![CDATA[ {{ 7*7 }}"


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Site:
    return Site(make_app(content_dir=str(own_content)), own_content)


def atom(site: Site, path: str = "/feed.xml") -> Element:
    """Read a feed, and hold it to what RFC 4287 demands."""
    response = site.get(path)
    assert (response.status_code, response.content_type) == (
        200,
        "application/atom+xml; charset=utf-8",
    )
    feed = ET.fromstring(response.data)
    assert feed.tag == f"{ATOM}feed"
    assert one(feed, "author").findtext(f"{ATOM}name")
    assert link(feed, "self") == f"{BASE}{path}"
    found = feed.findall(f"{ATOM}entry")
    for thing in (feed, *found):
        assert re.fullmatch(r"tag:127\.0\.0\.1,2026:/[a-z0-9/-]*", text(thing, "id"))
        assert text(thing, "title")
        assert text(thing, "updated").endswith("Z")
        assert datetime.fromisoformat(text(thing, "updated")) <= db.utc_now()
        assert link(thing, "alternate").startswith(BASE)
        assert all(author.findtext(f"{ATOM}name") for author in thing.findall(f"{ATOM}author"))
    for entry in found:
        assert text(entry, "published") <= text(entry, "updated")
        assert one(entry, "content").get("type") == "html"
        assert all(category.get("term") for category in entry.findall(f"{ATOM}category"))
    assert len({text(entry, "id") for entry in found}) == len(found)
    return feed


def one(thing: Element, name: str) -> Element:
    (found,) = thing.findall(ATOM + name)
    return found


def text(thing: Element, name: str) -> str:
    return one(thing, name).text or ""


def link(thing: Element, rel: str) -> str:
    (found,) = [each for each in thing.findall(f"{ATOM}link") if each.get("rel") == rel]
    return found.get("href") or ""


def entries(feed: Element) -> list[Element]:
    return feed.findall(f"{ATOM}entry")


def names(feed: Element) -> list[str]:
    return [text(entry, "title") for entry in entries(feed)]


def json_feed(site: Site, path: str = "/feed.json") -> dict[str, Any]:
    """Read a feed, and hold it to what JSON Feed 1.1 demands."""
    response = site.get(path)
    assert (response.status_code, response.content_type) == (200, "application/feed+json")
    feed: dict[str, Any] = json.loads(response.data)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert feed["feed_url"] == f"{BASE}{path}"
    assert feed["home_page_url"].startswith(BASE)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["url"].startswith(BASE)
        assert isinstance(item["content_html"], str)
        assert all(item.values())
        assert datetime.fromisoformat(item["date_published"]) <= db.utc_now()
        assert item["date_published"] <= item["date_modified"]
    return feed


# Feeds of articles


def test_the_feed_holds_the_newest_articles_whole(site: Site) -> None:
    feed = atom(site)
    assert text(feed, "title") == "The Skin Journal"
    assert text(feed, "subtitle") == "Notes from a clinic"
    assert one(feed, "author").findtext(f"{ATOM}name") == "The Skin Clinic"
    assert feed.get(XML_LANG) == "en-ZA"
    assert names(feed) == [
        "Mesotherapy or microneedling: what sets them apart?",
        "Caring for skin in winter",
    ]
    second = entries(feed)[1]
    assert text(second, "id") == f"tag:127.0.0.1,2026:/articles/{SECOND}"
    assert link(second, "alternate") == f"{BASE}/articles/{SECOND}"
    assert text(second, "summary") == "Cold air is dry air."
    assert text(second, "content").strip() == (
        "<p>Cold air is dry air, and a café is drier still.</p>"
    )
    assert one(second, "author").findtext(f"{ATOM}name") == "Sandra de Beer"
    assert one(second, "author").findtext(f"{ATOM}uri") == f"{BASE}/authors/{AUTHOR_ID}"
    assert one(second, "category").attrib == {"term": "daily-care", "label": "Daily care"}
    assert text(second, "published") == "2026-01-14T22:00:00Z"


def test_the_json_feed_says_the_same(site: Site) -> None:
    site.put("pictured", cover="2026/my skin.jpg", cover_alt="A hand", author=AUTHOR_ID)
    site.sync()
    feed = json_feed(site)
    assert feed["language"] == "en-ZA"
    assert feed["description"] == "Notes from a clinic"
    assert feed["authors"] == [{"name": "The Skin Clinic", "url": f"{BASE}/"}]
    pictured, second = feed["items"][1:]
    assert pictured["image"] == f"{BASE}/media/2026/my%20skin.jpg"
    assert pictured["authors"] == [{"name": "Sandra de Beer", "url": f"{BASE}/authors/{AUTHOR_ID}"}]
    assert "tags" not in pictured
    assert second["tags"] == ["Daily care"]
    assert "image" not in second
    for item, entry in zip(feed["items"], entries(atom(site)), strict=True):
        assert item["id"] == text(entry, "id")
        assert item["url"] == link(entry, "alternate")
        assert item["title"] == text(entry, "title")
        assert item["content_html"] == text(entry, "content")
        assert item["date_modified"] == text(entry, "updated")


def test_a_topic_and_an_author_have_feeds_of_their_own(site: Site) -> None:
    site.write("authors/nomsa-k.md", "---\nname: Nomsa K.\n---\nHello.\n")
    site.put("hers", "Hers", author="nomsa-k", topics="[daily care]")
    site.sync()
    topic, author = (
        atom(site, "/topics/daily-care/feed.xml"),
        atom(site, "/authors/nomsa-k/feed.xml"),
    )
    assert (text(topic, "title"), names(topic)) == (
        "daily care · The Skin Journal",
        ["Hers", "Caring for skin in winter"],
    )
    assert link(topic, "alternate") == f"{BASE}/topics/daily-care"
    assert (text(author, "title"), names(author)) == ("Nomsa K. · The Skin Journal", ["Hers"])
    assert link(author, "alternate") == f"{BASE}/authors/nomsa-k"
    assert len({text(feed, "id") for feed in (topic, author, atom(site))}) == 3
    for feed in ("/topics/daily-care/feed", "/authors/nomsa-k/feed"):
        titles = [item["title"] for item in json_feed(site, f"{feed}.json")["items"]]
        assert titles == names(atom(site, f"{feed}.xml"))


def test_a_feed_ends_after_fifteen_entries(site: Site) -> None:
    with site.app.app_context(), db.writing():
        for number in range(25):
            fill(number)
            db.session.add(comment_on(ARTICLE, f"c{number}", name=f"Reader {number}"))
    for path in FEEDS[::2]:
        assert len(entries(atom(site, path))) == 15
    assert names(atom(site))[:2] == ["Skin 0", "Skin 1"]
    assert names(atom(site, COMMENTS))[0].startswith("Reader 24 on ")


def test_a_feed_without_entries_is_still_one(site: Site) -> None:
    site.write("authors/newcomer.md", "---\nname: Newcomer\n---\nHello.\n")
    for file in (site.content / "articles").iterdir():
        file.unlink()
    (site.content / "site.toml").write_text("")
    site.sync()
    for path in ("/feed.xml", "/authors/newcomer/feed.xml"):
        feed = atom(site, path)
        assert entries(feed) == []
        assert feed.find(f"{ATOM}subtitle") is None
        assert text(feed, "updated") == "1970-01-01T00:00:00Z"
    assert json_feed(site)["items"] == []


def test_addresses_in_a_text_are_absolute_and_the_rest_is_the_same(site: Site) -> None:
    body = (
        "See [home](/), [next](other?a=1&b=2), [below](#part), [out](https://example.org/x),"
        " [mail](mailto:a@b.example).\n\n![A hand](/media/hand.jpg)\n\n## Part {#part}\n\n"
        '[protocol](//evil.example/x) <img src="x" onerror="alert(1)">\n\nNote[^1]\n\n[^1]: Foot.\n'
    )
    site.put("linked", "Linked", body)
    site.sync()
    page = site.text("/articles/linked")
    shown = page.partition('<div class="text">\n')[2].partition("\n</div>\n</article>")[0]
    fed = next(i["content_html"] for i in json_feed(site)["items"] if i["title"] == "Linked")
    own = f"{BASE}/articles/linked"
    found = [unescape(url) for url in re.findall(r'(?:href|src)="([^"]*)"', fed)]
    assert found == [
        f"{BASE}/",
        f"{BASE}/articles/other?a=1&b=2",
        f"{own}#part",
        "https://example.org/x",
        "mailto:a@b.example",
        f"{BASE}/media/hand.jpg",
        "http://evil.example/x",
        f"{BASE}/articles/x",
        f"{own}#fn:1",
        f"{own}#fnref:1",
    ]
    without = re.compile(r'(href|src)="[^"]*"')
    assert without.sub("", fed).strip() == without.sub("", shown).strip()
    assert '<img src="http://127.0.0.1:8000/articles/x"' in fed
    assert not re.search(r"<[^>]*\bonerror", fed)


def test_an_id_outlives_slug_title_and_date(site: Site) -> None:
    before = text(entries(atom(site))[1], "id")
    fields = {"slug": "winter", "date": "2026-01-20"}
    site.put(SECOND, "Skin and cold", **fields)
    site.sync()
    after = entries(atom(site))[1]
    assert link(after, "alternate") == f"{BASE}/articles/winter"
    assert text(after, "id") == before


def test_the_moment_of_a_change_is_never_before_its_time(site: Site) -> None:
    moments = {
        "changed": ("2026-03-05", "2026-03-04T22:00:00Z"),
        "before-it-appeared": ("2026-02-01", "2026-02-28T22:00:00Z"),
        "to-come": ("2027-01-01", "2026-02-28T22:00:00Z"),
    }
    for name, (updated, _) in moments.items():
        site.put(name, name, updated=updated)
    site.sync()
    feed = atom(site)
    found = {text(entry, "title"): text(entry, "updated") for entry in entries(feed)}
    assert {name: found[name] for name in moments} == {
        name: moment for name, (_, moment) in moments.items()
    }
    assert text(feed, "updated") == max(found.values())
    listed = pages(site.text("/sitemap.xml"))
    assert {name: listed[f"{BASE}/articles/{name}"] for name in moments} == {
        name: found[name] for name in moments
    }
    # People are told the same, on the page and in its Markdown.
    for name in moments:
        shown, source = site.text(f"/articles/{name}"), site.text(f"/articles/{name}.md")
        assert ("· updated" in says(shown)) == ("· updated" in source) == (name == "changed")
        assert ("modified_time" in shown) == (name == "changed")
    assert says(site.text("/")).count("· updated 5 March 2026") == 1
    assert says(site.text("/")).count("· updated") == 1


def test_whatever_was_typed_a_feed_can_be_read(site: Site) -> None:
    site.write("authors/mallory.md", f"---\nname: '{HOSTILE.replace(chr(39), chr(39) * 2)}'\n---\n")
    quoted = "'" + HOSTILE.replace("'", "''") + "'"
    fields = {"summary": quoted, "topics": f"[{quoted[:60]}']", "author": "mallory"}
    site.put("hostile", quoted, "]]> <script>alert(2)</script> &nbsp; \ufffe", **fields)
    site.sync()
    with site.app.app_context(), db.writing():
        # What no form lets in, should it ever come from elsewhere.
        article = articles.by_id("hostile")
        assert article is not None
        article.title += " \x01\x0b\ufffe\uffff \U0001f600"
        db.session.add(comment_on("hostile", "c", name="\x08 N", html="<p>\x02</p>"))
    entry = entries(atom(site))[1]
    title = f"{HOSTILE} \ufffd\ufffd\ufffd\ufffd \U0001f600"
    assert text(entry, "title") == title
    assert text(entry, "summary") == HOSTILE
    assert one(entry, "author").findtext(f"{ATOM}name") == HOSTILE
    assert "&lt;script&gt;alert(2)" in text(entry, "content")
    assert names(atom(site, "/articles/hostile/comments/feed.xml")) == [f"\ufffd N on “{title}”"]
    assert json_feed(site)["items"][1]["summary"] == HOSTILE
    ET.fromstring(site.get("/sitemap.xml").data)


@pytest.mark.parametrize("state", HIDDEN)
def test_what_is_not_public_is_in_no_feed(site: Site, state: str) -> None:
    fields = {"author": AUTHOR_ID, "topics": "[Daily care, Hidden]"}
    site.put("hidden", "Top secret", "Secret words.", **fields | HIDDEN[state])
    site.sync()
    for path in (*FEEDS, *LISTS):
        assert "ecret" not in site.text(path)
        assert "hidden" not in site.text(path)
    assert site.get("/topics/hidden/feed.xml").status_code == 404
    # What readers found there before is gone; a draft never was.
    comments_status = 410 if state in ("archived", "expired") else 404
    assert site.get("/articles/hidden/comments/feed.xml").status_code == comments_status


def test_who_subscribes_sees_what_search_engines_are_not_shown(site: Site) -> None:
    site.put("unlisted", "Unlisted", noindex="true")
    site.put("elsewhere", "Elsewhere", canonical="https://example.org/x")
    site.put("own", "Own", canonical=f"{BASE}/articles/own")
    site.write("pages/imprint.md", "---\ntitle: Imprint\nnoindex: true\n---\nWords.\n")
    site.sync()
    assert {"Unlisted", "Elsewhere", "Own"} <= set(names(atom(site)))
    for path in ("/sitemap.xml", "/llms.txt"):
        shown = site.text(path)
        assert "/articles/own" in shown
        assert not re.search("unlisted|elsewhere|imprint", shown)


# The feed of an article's comments


def test_the_comments_of_an_article_have_a_feed(site: Site) -> None:
    with site.app.app_context(), db.writing():
        later = CLOCK - timedelta(minutes=5)
        earlier = CLOCK - timedelta(days=1)
        db.session.add(comment_on(ARTICLE, "one", created_at=earlier, decided_at=later))
        db.session.add(comment_on(ARTICLE, "two", name="Lebo", created_at=earlier))
        db.session.add(comment_on(SECOND, "three", name="Elsewhere"))
    feed = atom(site, COMMENTS)
    title = "Mesotherapy or microneedling: what sets them apart?"
    assert text(feed, "title") == f"Comments on “{title}” · The Skin Journal"
    assert names(feed) == [f"Lebo on “{title}”", f"Nomsa on “{title}”"]
    first = entries(feed)[1]
    assert link(first, "alternate") == f"{BASE}/articles/{ARTICLE}/comments/1"
    assert text(first, "id") == "tag:127.0.0.1,2026:/comments/1"
    assert text(first, "content") == "<p>Thank you.</p>"
    assert text(first, "published") == "2026-05-03T09:30:00Z"
    assert text(first, "updated") == text(feed, "updated") == "2026-05-04T09:25:00Z"
    assert one(first, "author").find(f"{ATOM}uri") is None


def test_an_article_without_comments_has_a_feed_to_wait_for_them(site: Site) -> None:
    feed = atom(site, COMMENTS)
    assert entries(feed) == []
    assert text(feed, "updated") == "2026-03-09T22:00:00Z"


def test_only_published_comments_and_no_addresses_are_in_a_feed(site: Site) -> None:
    with site.app.app_context(), db.writing():
        for state in CommentState:
            words = {"html": f"<p>{state}.</p>", "state": state, "name": state}
            own = {"email": "nomsa@reader.example", "reader_hash": "a" * 64}
            db.session.add(comment_on(ARTICLE, state, **words | own))
    # Not even to the browser that wrote it.
    site.reader.client.set_cookie("blog_reader", "a token", domain="127.0.0.1")
    feed = site.text(COMMENTS)
    assert re.findall(r"&lt;p&gt;(\w+)\.", feed) == ["approved"]
    for path in FEEDS:
        assert "@" not in site.text(path)


def test_the_feed_of_comments_follows_an_article_that_moved(site: Site) -> None:
    site.put(SECOND, slug="winter")
    site.sync()
    response = site.get(f"/articles/{SECOND}/comments/feed.xml")
    assert (response.status_code, response.location) == (301, "/articles/winter/comments/feed.xml")


# What search engines are told


def pages(xml: str) -> dict[str, str | None]:
    """Read a sitemap: addresses, with the moment of their last change."""
    root = ET.fromstring(xml.encode())
    assert root.tag in (f"{SITEMAP}urlset", f"{SITEMAP}sitemapindex")
    found = {
        each.findtext(f"{SITEMAP}loc") or "": each.findtext(f"{SITEMAP}lastmod") for each in root
    }
    assert len(found) == len(root)
    assert all(address.startswith(f"{BASE}/") for address in found)
    return found


def test_the_sitemap_names_every_page_and_its_last_change(site: Site) -> None:
    site.put("newer", updated="2026-04-02", topics="[Daily care]", author=AUTHOR_ID)
    site.write("authors/newcomer.md", "---\nname: Newcomer\n---\nHello.\n")
    site.sync()
    newer = "2026-04-01T22:00:00Z"
    assert pages(site.text("/sitemap.xml")) == {
        f"{BASE}/": newer,
        f"{BASE}/topics": None,
        f"{BASE}/archive": None,
        f"{BASE}/articles/{SECOND}": "2026-01-14T22:00:00Z",
        f"{BASE}/articles/newer": newer,
        f"{BASE}/articles/{ARTICLE}": "2026-03-09T22:00:00Z",
        f"{BASE}/topics/daily-care": newer,
        f"{BASE}/topics/treatments-compared": "2026-03-09T22:00:00Z",
        f"{BASE}/authors/{AUTHOR_ID}": newer,
        f"{BASE}/authors/newcomer": None,
        f"{BASE}/privacy": None,
        f"{BASE}/contact": None,
    }
    assert site.get("/sitemap.xml").content_type == "application/xml"


def test_every_page_of_the_sitemap_is_there_and_its_own(site: Site) -> None:
    for address in pages(site.text("/sitemap.xml")):
        page = site.text(address.removeprefix(BASE))
        assert f'<link rel="canonical" href="{address}">' in page
        assert "noindex" not in page


def test_a_sitemap_of_an_empty_site_has_its_home(site: Site) -> None:
    for path in (site.content / "articles").iterdir():
        path.unlink()
    site.sync()
    assert pages(site.text("/sitemap.xml"))[f"{BASE}/"] is None


def test_a_long_sitemap_comes_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pages(site.text("/sitemap.xml"))
    assert site.get("/sitemap-1.xml").status_code == 404
    monkeypatch.setattr(finding, "SITEMAP_MAX_URLS", 3)
    index = pages(site.text("/sitemap.xml"))
    assert list(index) == [f"{BASE}/sitemap-{number}.xml" for number in range(1, 5)]
    parts = [pages(site.text(address.removeprefix(BASE))) for address in index]
    assert [len(part) for part in parts] == [3, 3, 3, 1]
    assert parts[0] | parts[1] | parts[2] | parts[3] == whole
    assert list(index.values()) == ["2026-03-09T22:00:00Z"] * 3 + [None]
    for wrong in ("0", "5", "01", "-1", "1.0", "x", "%31%20", "¹", "99999999999999999999"):
        assert site.get(f"/sitemap-{wrong}.xml").status_code == 404
    monkeypatch.setattr(finding, "SITEMAP_MAX_URLS", 10)
    assert pages(site.text("/sitemap.xml")) == whole


@pytest.mark.parametrize("path", ["/sitemap.xml", "/sitemap-2.xml"])
def test_a_sitemap_is_made_at_its_own_address_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(finding, "SITEMAP_MAX_URLS", 3)
    for query in ("x=1", "%78", "="):
        moved = site.get(f"{path}?{query}")
        assert (moved.status_code, moved.location) == (301, path)
    assert site.get(f"{path}?utm_source=1").status_code == site.get(path).status_code == 200


def test_robots_are_told_what_to_leave_alone(site: Site) -> None:
    response = site.get("/robots.txt")
    assert response.content_type == "text/plain; charset=utf-8"
    lines = response.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert lines[-1] == f"Sitemap: {BASE}/sitemap.xml"
    assert {"Disallow: /admin/", "Disallow: /search?", "Disallow: /search$"} <= set(lines)
    assert "Disallow: /" not in lines


def test_language_models_get_a_list_of_articles_as_markdown(site: Site) -> None:
    site.put("hostile", "'](http://evil.example) <b>*x*</b> # [y'", summary="'a_b` | c'")
    site.sync()
    response = site.get("/llms.txt")
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.text.startswith(
        "# The Skin Journal\n\n> Notes from a clinic\n\n## Articles\n\n- ["
    )
    lines = [line for line in response.text.splitlines() if line.startswith("- ")]
    assert lines[2] == (
        f"- [Caring for skin in winter]({BASE}/articles/{SECOND}.md): Cold air is dry air."
    )
    shown = markup.render_article(response.text)
    assert "evil" not in "".join(re.findall(r'href="([^"]*)"', shown.html))
    assert "](http://evil.example) <b>*x*</b> # [y: a_b` | c" in shown.text
    for address in re.findall(r"\((http[^)]*\.md)\)", response.text):
        assert site.get(address.removeprefix(BASE)).status_code == 200


def test_the_list_for_language_models_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "LLMS_ARTICLES", 1)
    (site.content / "site.toml").write_text('title = "Bare"')
    site.sync()
    assert site.text("/llms.txt").startswith("# Bare\n\n## Articles\n\n- [Mesotherapy or")
    assert site.text("/llms.txt").count("- [") == 1


def test_every_address_is_the_public_one(make_app: Callable[..., Flask]) -> None:
    app = make_app(site_url="https://journal.example", trusted_proxies="1")
    visitor = Visitor(app)
    for path in (*FEEDS, *LISTS):
        said = visitor.get(path).text
        assert "https://journal.example" in said
        assert "127.0.0.1" not in said
    assert "<id>tag:journal.example,2026:/</id>" in visitor.get("/feed.xml").text


# How they are served


def test_they_are_the_same_for_all_and_may_be_kept(site: Site) -> None:
    plain = {path: site.get(path) for path in (*FEEDS, *LISTS)}
    site.reader.client.set_cookie("blog_reader", "a token", domain="127.0.0.1")
    for path, response in plain.items():
        assert response.headers["Cache-Control"] == FOR_ANYBODY
        assert "Set-Cookie" not in response.headers
        again = site.get(path, headers={"Accept": "text/markdown", "User-Agent": "\x7f"})
        assert (again.data, again.headers["Cache-Control"]) == (response.data, FOR_ANYBODY)


def test_what_a_program_has_is_not_sent_again(site: Site) -> None:
    for path in (*FEEDS, *LISTS):
        tag = site.get(path).headers["ETag"]
        again = site.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
    with site.app.app_context(), db.writing():
        db.session.add(comment_on(ARTICLE, "one"))
        revision.touch(db.session)
    site.app.extensions["blog.pagecache"].store.forget()
    assert site.get(COMMENTS, headers={"If-None-Match": "old"}).text.count("<entry>") == 1


def test_the_head_alone_can_be_asked_for(site: Site) -> None:
    for path in (*FEEDS, *LISTS):
        whole, alone = site.get(path), site.head(path)
        assert (alone.status_code, alone.data) == (200, b"")
        assert alone.headers["Content-Length"] == str(len(whole.data))
        assert alone.content_type == whole.content_type


def test_programs_of_other_sites_may_read_feeds_and_nothing_else(site: Site) -> None:
    for path in FEEDS:
        assert site.get(path).headers["Access-Control-Allow-Origin"] == "*"
    for path in ("/", *LISTS, "/topics/nothing/feed.xml"):
        assert "Access-Control-Allow-Origin" not in site.get(path).headers


def test_what_has_no_feed_says_so_on_a_page(site: Site) -> None:
    for path in (
        "/topics/nothing/feed.xml",
        "/topics/nothing/feed.json",
        "/topics/Daily-Care/feed.xml",
        "/topics/../feed.xml/feed.xml",
        "/topics//feed.xml",
        "/authors/nobody/feed.xml",
        "/authors/nobody/feed.json",
        "/authors/%F0%9F%98%80/feed.xml",
        f"/authors/{'a' * 3000}/feed.xml",
        "/articles/nothing/comments/feed.xml",
        f"/articles/{ARTICLE}/comments/feed.json",
        f"/articles/{ARTICLE}/feed.xml",
        "/feed.atom",
        "/feed.xml/",
        "/feed",
        "/sitemap-.xml",
        "/sitemap.xml/",
        "/robots.txt/",
    ):
        response = site.get(path)
        # Two slashes are led to the address with one, which is none either.
        if response.status_code == 308:
            response = site.get(response.location)
        assert response.status_code == 404, path
        assert "This page isn" in response.text
        assert response.headers["Cache-Control"] == "no-store"
    for path in ("/feed.xml%00", "/topics/a%0ab/feed.xml", "/feed.xml%0a"):
        assert site.get(path).status_code == 400


def test_they_are_only_looked_at(site: Site) -> None:
    for path in (*FEEDS, *LISTS):
        assert site.reader.post(path, {"a": "b"}).status_code == 405


def test_the_number_of_statements_grows_with_nothing(site: Site) -> None:
    paths = (*FEEDS, *LISTS)
    few = {path: count(site, path) for path in paths}
    with site.app.app_context(), db.writing():
        for number in range(30):
            fill(number)
            db.session.add(comment_on(ARTICLE, f"c{number}"))
    assert {path: count(site, path) for path in paths} == few
    assert max(few.values()) <= 8


# Where they are announced


def announced(page: str) -> dict[str, str]:
    tags = re.findall(
        r'<link rel="alternate" type="application/(?:atom\+xml|feed\+json)"[^>]*>', page
    )
    found = {}
    for tag in tags:
        title, href = re.search(r'title="([^"]*)"', tag), re.search(r'href="([^"]*)"', tag)
        assert title
        assert href
        found[href[1]] = unescape(title[1])
    return found


def test_pages_announce_their_feeds(site: Site) -> None:
    own = {
        "/": [],
        "/privacy": [],
        "/search": [],
        "/topics/daily-care": ["/topics/daily-care/feed.xml", "/topics/daily-care/feed.json"],
        f"/authors/{AUTHOR_ID}": [f"/authors/{AUTHOR_ID}/feed.{kind}" for kind in ("xml", "json")],
        f"/articles/{ARTICLE}": [COMMENTS],
    }
    for path, feeds in own.items():
        found = announced(site.text(path))
        assert list(found) == ["/feed.xml", "/feed.json", *feeds]
        assert all(found.values())
        for address in found:
            assert site.get(address).status_code == 200
        assert '<a href="/feed.xml">Feed</a>' in site.text(path)
