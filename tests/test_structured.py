"""What pages say of themselves: to search engines, and where a link to them is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from blog import articles, db
from blog.public.structured import ABOUT_MAX_CHARS
from blog.templating import locale
from tests.cast import ARTICLE, Clock
from tests.test_reading import AUTHOR_ID, COOKIE, PAGES, Site, comment_on

pytestmark = pytest.mark.one_database("the pages it looks into are read on both in test_reading")

BASE = "http://127.0.0.1:8000"
DESCRIBED = PAGES[:4]
SITE = {
    "@type": "WebSite",
    "@id": f"{BASE}/#site",
    "url": f"{BASE}/",
    "name": "The Skin Journal",
    "description": "Notes from a clinic",
    "inLanguage": "en-ZA",
    "publisher": {"@id": f"{BASE}/#clinic"},
}
CLINIC = {
    "@type": "HealthAndBeautyBusiness",
    "@id": f"{BASE}/#clinic",
    "url": f"{BASE}/",
    "name": "The Skin Clinic",
    "telephone": "+27 11 555 0100",
    "address": "1 Long Street, Johannesburg",
}


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Site:
    return Site(make_app(content_dir=str(own_content)), own_content)


def nodes(page: str) -> dict[str, Any]:
    """Read a page's graph: what it describes, by its type."""
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    graph = json.loads(found)
    assert graph.keys() == {"@context", "@graph"}
    assert graph["@context"] == "https://schema.org"
    listed = graph["@graph"]
    ids = [node["@id"] for node in listed]
    assert len(ids) == len(set(ids))
    # Every reference leads to something that is described, and nothing empty is said.
    assert set(re.findall(r'\{"@id": "([^"]*)"\}', found)) <= set(ids)
    assert not re.search(r'(""|\[\]|null|\{\})', found)
    return {node["@type"]: node for node in listed}


def metas(page: str) -> dict[str, str]:
    """Read what the head of a page says, each once."""
    found = re.findall(r'<meta (?:property|name)="([^"]*)" content="([^"]*)">', page)
    assert len({name for name, _ in found}) == len(found)
    return {name: unescape(value) for name, value in found}


def crumbs(node: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(each["position"], each["name"], each["item"]) for each in node["itemListElement"]]


# The graph


def test_the_front_page_describes_the_site_and_the_clinic(site: Site) -> None:
    found = nodes(site.text("/"))
    assert found["WebSite"] == SITE
    assert found["HealthAndBeautyBusiness"] == CLINIC
    assert found["Blog"] == {
        "@type": "Blog",
        "@id": f"{BASE}/#blog",
        "url": f"{BASE}/",
        "name": "The Skin Journal",
        "publisher": {"@id": f"{BASE}/#clinic"},
        "isPartOf": {"@id": f"{BASE}/#site"},
    }


def test_an_article_is_described_with_its_author_and_its_place(site: Site) -> None:
    with site.app.app_context(), db.writing():
        db.session.add(comment_on(ARTICLE, "one"))
    found = nodes(site.text(f"/articles/{ARTICLE}"))
    own, person = f"{BASE}/articles/{ARTICLE}", f"{BASE}/authors/{AUTHOR_ID}"
    title = "Mesotherapy or microneedling: what sets them apart?"
    words = found["BlogPosting"].pop("wordCount")
    assert 10 < words < 40
    assert found == {
        "WebSite": SITE,
        "HealthAndBeautyBusiness": CLINIC,
        "BlogPosting": {
            "@type": "BlogPosting",
            "@id": f"{own}#article",
            "url": own,
            "mainEntityOfPage": own,
            "headline": title,
            "description": "Two popular techniques, side by side.",
            "datePublished": "2026-03-09T22:00:00Z",
            "dateModified": "2026-03-09T22:00:00Z",
            "author": [{"@id": f"{person}#person"}],
            "publisher": {"@id": f"{BASE}/#clinic"},
            "isPartOf": {"@id": f"{BASE}/#site"},
            "inLanguage": "en-ZA",
            "articleSection": ["Treatments compared"],
            "commentCount": 1,
        },
        "Person": {
            "@type": "Person",
            "@id": f"{person}#person",
            "url": person,
            "name": "Sandra de Beer",
            "jobTitle": "Certified somatologist",
            "description": "Sandra writes about skin.",
        },
        "BreadcrumbList": found["BreadcrumbList"],
    }
    assert crumbs(found["BreadcrumbList"]) == [
        (1, "The Skin Journal", f"{BASE}/"),
        (2, "Treatments compared", f"{BASE}/topics/treatments-compared"),
        (3, title, own),
    ]


def test_what_an_article_has_besides_is_said_and_what_it_lacks_is_not(site: Site) -> None:
    site.put("bare", summary="")
    site.put("full", cover="a.jpg", updated="2026-03-05", authors=f"[nobody, {AUTHOR_ID}]")
    site.sync()
    bare, full = (nodes(site.text(f"/articles/{name}")) for name in ("bare", "full"))
    lacking = {"description", "image", "author", "articleSection"}
    assert not lacking & bare["BlogPosting"].keys()
    assert "Person" not in bare
    assert bare["BlogPosting"]["commentCount"] == 0
    assert [name for _, name, _ in crumbs(bare["BreadcrumbList"])] == ["The Skin Journal", "Skin"]
    assert full["BlogPosting"]["image"] == f"{BASE}/media/a.jpg"
    assert full["BlogPosting"]["dateModified"] == "2026-03-04T22:00:00Z"
    assert full["BlogPosting"]["author"] == [{"@id": f"{BASE}/authors/{AUTHOR_ID}#person"}]


def test_an_author_is_described_on_a_page_of_her_own(site: Site) -> None:
    site.write(
        "authors/nomsa-k.md",
        "---\nname: Nomsa K.\nphoto: n.jpg\ncredentials: [Diploma]\n"
        f"links: [https://example.org/n]\n---\n{'Words. ' * 200}\n",
    )
    site.sync()
    found = nodes(site.text("/authors/nomsa-k"))
    own = f"{BASE}/authors/nomsa-k"
    assert found["ProfilePage"]["mainEntity"] == {"@id": f"{own}#person"}
    person = found["Person"]
    assert 200 < len(person.pop("description")) <= ABOUT_MAX_CHARS
    assert person == {
        "@type": "Person",
        "@id": f"{own}#person",
        "url": own,
        "name": "Nomsa K.",
        "image": f"{BASE}/media/n.jpg",
        "sameAs": ["https://example.org/n"],
        "hasCredential": [{"@type": "EducationalOccupationalCredential", "name": "Diploma"}],
    }


def test_a_topic_is_described_as_a_collection(site: Site) -> None:
    found = nodes(site.text("/topics/daily-care"))
    assert found["CollectionPage"]["name"] == "Daily care"
    assert crumbs(found["BreadcrumbList"]) == [
        (1, "The Skin Journal", f"{BASE}/"),
        (2, "Daily care", f"{BASE}/topics/daily-care"),
    ]


def test_a_site_that_says_little_is_described_by_little(site: Site) -> None:
    (site.content / "site.toml").write_text("")
    site.sync()
    found = nodes(site.text("/"))
    assert found["HealthAndBeautyBusiness"].keys() == {"@type", "@id", "url", "name"}
    assert "description" not in found["WebSite"]


def test_other_pages_describe_nothing(site: Site) -> None:
    for path in ("/privacy", "/contact", "/search?q=skin"):
        assert "ld+json" not in site.text(path)
    assert "ld+json" not in site.get("/nowhere").text


def test_no_rating_and_no_address_of_anybody_is_said(site: Site) -> None:
    for path in DESCRIBED:
        (said,) = re.findall(r"ld\+json\">(.*?)</script>", site.text(path))
        assert not re.search(r"rating|review|hello@|price", said, re.IGNORECASE)


def test_nothing_a_page_describes_ends_its_description(site: Site) -> None:
    hostile = "</script><script>alert(1)</script><!-- <script> --> ' &amp; ]]>"
    quoted = "'" + hostile.replace("'", "''") + "'"
    site.write("authors/mallory.md", f"---\nname: {quoted}\nrole: {quoted}\n---\n")
    fields = {"author": "mallory", "summary": quoted, "topics": f"[{quoted[:50]}']"}
    site.put("hostile", quoted, **fields)
    site.sync()
    with site.app.app_context(), db.writing():
        article = articles.by_id("hostile")
        assert article is not None
        # No file may hold these, which end a line of a script.
        article.title += " \u2028\u2029"
    (topic,) = re.findall(r'"(/topics/script[^"]*)"', site.text("/articles/hostile"))
    for path in ("/articles/hostile", "/authors/mallory", topic):
        page = site.text(path)
        (said,) = re.findall(r"ld\+json\">(.*?)</script>", page, re.S)
        assert not set("<>&'\u2028\u2029") & set(said)
        assert "<script>" not in page
        assert "<!--" not in page
    found = nodes(site.text("/articles/hostile"))
    assert found["BlogPosting"]["headline"] == f"{hostile} \u2028\u2029"
    assert found["Person"]["name"] == found["Person"]["jobTitle"] == hostile


def test_the_article_itself_carries_no_second_description(site: Site) -> None:
    page = site.text(f"/articles/{ARTICLE}")
    assert not re.search("itemprop|itemscope|itemtype", page)


def test_a_waiting_comment_is_not_counted(site: Site) -> None:
    with site.app.app_context(), db.writing():
        db.session.add(comment_on(ARTICLE, "own", state="pending"))
    site.reader.client.set_cookie(COOKIE, "a token", domain="127.0.0.1")
    found = nodes(site.text(f"/articles/{ARTICLE}"))
    assert found["BlogPosting"]["commentCount"] == 0


# Cards


def test_a_link_to_an_article_shows_a_card(site: Site) -> None:
    fields = {"cover": "my skin.jpg", "cover_alt": "A <b>hand", "updated": "2026-03-05"}
    site.put("own", 'Own & "good"', author=AUTHOR_ID, **fields)
    site.sync()
    said = metas(site.text("/articles/own"))
    assert {
        name: value for name, value in said.items() if ":" in name or name == "description"
    } == {
        "description": "In short.",
        "og:type": "article",
        "og:site_name": "The Skin Journal",
        "og:locale": "en_ZA",
        "og:url": f"{BASE}/articles/own",
        "og:title": 'Own & "good"',
        "og:description": "In short.",
        "og:image": f"{BASE}/media/my%20skin.jpg",
        "og:image:alt": "A <b>hand",
        "twitter:card": "summary_large_image",
        "article:published_time": "2026-02-28T22:00:00Z",
        "article:modified_time": "2026-03-04T22:00:00Z",
        "article:author": f"{BASE}/authors/{AUTHOR_ID}",
    }


def test_a_card_says_only_what_there_is(site: Site) -> None:
    site.put("bare", cover="a.jpg")
    (site.content / "site.toml").write_text('title = "Bare"\nlanguage = "en"')
    site.sync()
    said = metas(site.text("/articles/bare"))
    assert said["og:image"] == f"{BASE}/media/a.jpg"
    for name in ("og:image:alt", "og:locale", "article:modified_time", "article:author"):
        assert name not in said
    assert metas(site.text("/"))["description"] == "Bare"
    assert "og:image" not in metas(site.text("/"))


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/", "The Skin Journal"),
        ("/topics/daily-care", "Daily care"),
        (f"/authors/{AUTHOR_ID}", "Sandra de Beer"),
        ("/privacy", "Privacy"),
        ("/contact", "Contact"),
    ],
)
def test_every_page_that_can_be_found_has_a_card_and_one_address(
    site: Site, path: str, title: str
) -> None:
    page = site.text(path)
    said = metas(page)
    assert (said["og:title"], said["og:type"]) == (title, "website")
    assert said["og:url"] == f"{BASE}{path}"
    assert said["twitter:card"] == "summary"
    assert re.findall(r'<link rel="canonical" href="([^"]*)">', page) == [f"{BASE}{path}"]


def test_a_page_that_should_not_be_found_has_none(site: Site) -> None:
    for path in ("/search?q=skin", f"/articles/{ARTICLE}/comments/new?parent=x", "/nowhere"):
        page = site.get(path).text
        assert 'rel="canonical"' not in page or "noindex" not in page
        assert "og:url" not in page or "noindex" not in page


def test_every_page_is_described_in_a_sentence(site: Site) -> None:
    site.put("long", "Long", f"**Bold** &amp; {'many words ' * 100}", summary="")
    site.put("empty", "Empty", "", summary="")
    site.sync()
    for path in (*PAGES, "/contact", "/search", "/nowhere", "/articles/long", "/articles/empty"):
        said = metas(site.get(path).text)["description"]
        assert said
        assert said == said.strip()
        assert len(said) <= 400
    assert metas(site.text("/articles/long"))["description"].startswith("Bold & many words")
    assert metas(site.text("/articles/empty"))["description"] == "Notes from a clinic"
    assert metas(site.text("/privacy"))["description"] == "What we keep, and for how long."


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en-ZA", "en_ZA"),
        ("EN-za", "en_ZA"),
        ("zh-Hant-TW", "zh_TW"),
        ("en", ""),
        ("zh-Hant", ""),
        ("es-419", ""),
        ("en-ZA-x-y", ""),
    ],
)
def test_a_language_is_written_with_its_country(language: str, written: str) -> None:
    assert locale(language) == written
