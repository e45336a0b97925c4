"""What programs read: articles as they ask for them, comments, and the site; and what is refused."""

from __future__ import annotations

import base64
import functools
import json
import operator
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from blog import db
from blog.articles import choosing
from blog.comments import Comment, CommentState, pins
from tests.cast import ARTICLE, AUTHOR_ID, CLOCK, SECOND, Clock, Visitor
from tests.test_reading import HIDDEN, Site, comment_on, counted, fill

API = "/api/v1"
BASE = "http://127.0.0.1:8000"


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Site:
    return Site(make_app(content_dir=str(own_content)), own_content)


def ask(site: Site, path: str, status: int = 200) -> Any:
    answer = site.get(API + path)
    assert answer.status_code == status, answer.text
    kind = "application/json" if status == 200 else "application/problem+json"
    assert (answer.content_type, answer.headers["Access-Control-Allow-Origin"]) == (kind, "*")
    return answer.json


def ids(site: Site, path: str) -> list[str]:
    return [each["id"] for each in ask(site, path)["data"]]


def refusal(site: Site, path: str) -> tuple[str, str, list[str]]:
    problem = ask(site, path, 400)
    (wrong,) = problem["errors"]
    assert (problem["status"], problem["code"]) == (400, "bad-parameter")
    assert problem["detail"] == wrong["detail"]
    return wrong["parameter"], wrong["detail"], wrong.get("allowed", [])


# Articles


def test_an_article_is_sent_whole(site: Site) -> None:
    site.write("media/pen.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='6'/>")
    site.put(
        "whole",
        "Peels & co",
        "## Before\n\nWords, and a [link](/contact).\n",
        author=AUTHOR_ID,
        topics="[Daily care]",
        updated="2026-04-01",
        cover="pen.svg",
        cover_alt="A pen",
        canonical="https://elsewhere.example/peels",
        comments="closed",
    )
    site.sync()
    found = ask(site, "/articles/whole?formats=html,markdown,plaintext,toc")["data"]
    cover = found.pop("cover")
    assert cover.pop("url").startswith(f"{BASE}/media/pen.svg")
    assert cover == {"alt": "A pen", "width": None, "height": None}
    assert found == {
        "id": "whole",
        "slug": "whole",
        "title": "Peels & co",
        "summary": "In short.",
        "url": f"{BASE}/articles/whole",
        "canonical": "https://elsewhere.example/peels",
        "published_at": "2026-02-28T22:00:00Z",
        "updated_at": "2026-03-31T22:00:00Z",
        "words": 5,
        "reading_minutes": 1,
        "noindex": False,
        "comments": {
            "count": 0,
            "is_open": False,
            "closed_because": "Comments on this article are closed.",
        },
        "authors": [
            {"id": AUTHOR_ID, "name": "Sandra de Beer", "url": f"{BASE}/authors/{AUTHOR_ID}"}
        ],
        "topics": [
            {"slug": "daily-care", "name": "Daily care", "url": f"{BASE}/topics/daily-care"}
        ],
        "html": '<h2 id="before">Before</h2>\n<p>Words, and a'
        f' <a href="{BASE}/contact">link</a>.</p>',
        "markdown": "## Before\n\nWords, and a [link](/contact).\n",
        "plaintext": "Before Words, and a link.",
        "toc": [{"level": 2, "id": "before", "text": "Before"}],
    }


def test_an_article_is_found_by_slug_and_comes_as_html(site: Site) -> None:
    site.put(SECOND, slug="winter")
    site.sync()
    found = ask(site, "/articles/slug/winter")["data"]
    assert (found["id"], found["html"]) == (SECOND, "<p>Words.</p>")
    assert "markdown" not in found
    assert ask(site, "/articles/winter", 404)["code"] == "not-found"


@pytest.mark.parametrize("state", HIDDEN)
def test_what_is_not_public_is_sent_to_no_program(site: Site, state: str) -> None:
    fields = {"author": AUTHOR_ID, "topics": "[Hidden]", "aliases": "[/old/hidden]"}
    site.put("hidden", "Top secret", "Secret words.", **fields | HIDDEN[state])
    site.sync()
    for path in ("/articles/hidden", "/articles/slug/hidden", "/articles/hidden/comments"):
        assert "ecret" not in str(ask(site, path, 404))
    assert ask(site, "/topics/hidden", 404)
    for path in (
        "/articles?limit=100&formats=html,markdown,plaintext,toc&include=author,topics",
        "/articles?filter=title:~secret",
        "/articles?topic=hidden",
        "/search?q=secret",
        "/topics",
        "/comments/counts?articles=hidden",
    ):
        assert "ecret" not in str(ask(site, path)["data"])
        assert "hidden" not in str(ask(site, path)["data"])
    statuses = [each["status"] for each in ask(site, "/redirects")["data"]]
    assert statuses == ([301, 410] if state in ("archived", "expired") else [301])


def test_related_things_are_stubs_until_they_are_asked_for(site: Site) -> None:
    (first, _) = ask(site, "/articles?include=author,topics&fields=authors,topics")["data"]
    (author,), (topic,) = first["authors"], first["topics"]
    assert set(first) == {"authors", "topics"}
    assert (author["role"], author["html"]) == (
        "Certified somatologist",
        "<p>Sandra writes about skin.</p>",
    )
    assert topic["articles"] == 1


def test_only_the_fields_asked_for_are_sent_beside_the_formats(site: Site) -> None:
    (first, _) = ask(site, "/articles?fields=id,words&formats=toc")["data"]
    toc = [{"level": 2, "id": "comparing-the-two", "text": "Comparing the two"}]
    assert first == {"id": ARTICLE, "words": 19, "toc": toc}


@pytest.mark.parametrize("order", ["published_at desc", "title", "words desc,updated_at,id desc"])
def test_a_list_is_the_same_by_pages_and_by_cursor(site: Site, order: str) -> None:
    with site.app.app_context(), db.writing():
        for number in range(9):
            fill(number)
    whole = ids(site, f"/articles?limit=100&order={order}")
    assert len(whole) == len(set(whole)) == 11
    by_page = [ids(site, f"/articles?limit=4&page={page}&order={order}") for page in (1, 2, 3)]
    assert functools.reduce(operator.iadd, by_page, []) == whole
    found, at = [], f"/articles?limit=4&order={order}"
    for _ in range(3):
        part = ask(site, at)
        found += [each["id"] for each in part["data"]]
        at = f"/articles?limit=4&order={order}&cursor={part['meta']['pagination']['cursor']}"
    assert found == whole
    assert part["meta"]["pagination"] == {
        "limit": 4,
        "total": 11,
        "page": None,
        "pages": None,
        "next": None,
        "prev": None,
        "cursor": None,
    }


def test_a_cursor_behind_the_longest_title_leads_on(site: Site) -> None:
    site.put("long", "𝔖" * 200, date="2026-05-01")
    site.put("longer", "𝔖" * 199 + "𝔗", date="2026-05-01")
    site.sync()
    path = "/articles?filter=id:~long&limit=1&order=title,slug,id"
    cursor = ask(site, path)["meta"]["pagination"]["cursor"]
    assert ids(site, f"{path}&cursor={cursor}") == ["longer"]


def test_a_list_says_where_it_goes_on(site: Site) -> None:
    answer = site.get(f"{API}/articles?limit=1&page=2")
    assert answer.json["meta"]["pagination"] | {"cursor": None} == {
        "limit": 1,
        "total": 2,
        "page": 2,
        "pages": 2,
        "next": None,
        "prev": 1,
        "cursor": None,
    }
    before = f"{BASE}{API}/articles?limit=1&page=1"
    here = f"{BASE}{API}/articles?limit=1&page=2"
    assert answer.json["links"] == {"self": here, "next": None, "prev": before}
    assert answer.headers["Link"] == f'<{before}>; rel="prev"'
    first = site.get(f"{API}/articles?limit=1&filter=words:>1%2Bid:-x")
    beyond = f"{BASE}{API}/articles?limit=1&filter=words:%3E1%2Bid:-x&page=2"
    assert first.headers["Link"] == f'<{beyond}>; rel="next"'
    assert ids(site, beyond.removeprefix(BASE + API)) == [SECOND]
    cursor = first.json["meta"]["pagination"]["cursor"]
    more = site.get(f"{API}/articles?limit=1&order=published_at+desc&cursor={cursor}")
    assert [each["id"] for each in more.json["data"]] == [SECOND]


FILTERS = [
    ("topic:daily-care", [SECOND]),
    ("topic:-daily-care", ["plain", ARTICLE]),
    ("topic:[daily-care,treatments-compared]", [ARTICLE, SECOND]),
    (f"author:{AUTHOR_ID}", [ARTICLE, SECOND]),
    (f"author:-{AUTHOR_ID}", ["plain"]),
    ("primary_topic:[daily-care,second]", [SECOND]),
    ("primary_topic:-daily-care", ["plain", ARTICLE]),
    (f"primary_author:{AUTHOR_ID}", [ARTICLE, SECOND]),
    ("title:~WINTER", [SECOND]),
    ("title:~'skin in'", [SECOND]),
    ("title:~^car", [SECOND]),
    ("title:-~^car", ["plain", ARTICLE]),
    ("title:~$100%25_", ["plain"]),
    ("title:~%25", ["plain"]),
    ("words:>=11%2Bwords:<19", [SECOND]),
    ("words:[4,19]", [ARTICLE]),
    ("published_at:<'2026-03-10T00:00:00%2B02:00'", [SECOND]),
    ("published_at:<='2026-03-10T00:00:00%2B02:00'", [ARTICLE, SECOND]),
    ("published_at:>2026-04-01", ["plain"]),
    ("published_at:>now-30d", ["plain"]),
    ("published_at:<now-2M,id:plain", ["plain", SECOND]),
    ("published_at:>now%2B1h", []),
    ("updated_at:>now-1d", ["plain"]),
    ("cover:null", ["plain", ARTICLE, SECOND]),
    ("cover:-null", []),
    ("canonical:-null", ["plain"]),
    ("noindex:true", ["plain"]),
    ("noindex:-true", [ARTICLE, SECOND]),
    ("summary:~cold,(id:plain noindex:true)", ["plain", SECOND]),
    ("slug:-~skin", ["plain", ARTICLE]),
    ("canonical:-'https://other.example/'", ["plain", ARTICLE, SECOND]),
]


def test_a_filter_finds_what_it_says(site: Site) -> None:
    site.put(
        "plain",
        "Up to 100%_",
        date="2026-04-10",
        updated="2026-05-04",
        noindex="true",
        canonical="https://elsewhere.example/",
    )
    site.sync()
    for text, found in FILTERS:
        assert ids(site, f"/articles?filter={text}") == found, text
    assert ids(site, f"/articles?filter=words:>0&topic=daily-care&author={AUTHOR_ID}") == [SECOND]
    assert ids(site, "/articles?topic=null") == []
    assert ids(site, "/articles?q=cold&order=title") == [SECOND]
    assert ids(site, "/articles?q=needels,cold") == [ARTICLE, SECOND]
    assert ids(site, "/articles?q=unobtainium") == []
    assert ids(site, "/articles?q=cold&topic=treatments-compared") == []


REFUSED = [
    (
        "/articles?fitler=x",
        "fitler",
        "There is no parameter of this name here. Did you mean “filter”?",
    ),
    ("/articles?zzz=x", "zzz", "There is no parameter of this name here."),
    ("/articles?page=1&page=2", "page", "This parameter stands there more than once."),
    ("/articles?include=author,xyz", "include", "“xyz” is not among what can be asked for."),
    ("/articles?include=", "include", "“” is not among what can be asked for."),
    ("/articles?fields=id,id", "fields", "The same name stands there twice."),
    ("/articles?formats=mobiledoc", "formats", "“mobiledoc” is not among what can be asked for."),
    ("/articles?filter=", "filter", "It has from 1 to 2,000 characters."),
    ("/articles?filter=topic", "filter", "A colon is wanted after “topic” at character 6."),
    (
        "/articles?filter=topic:>a",
        "filter",
        "“>” can’t be asked of “topic”, but these can: :",
    ),
    (
        "/articles?filter=words:x",
        "filter",
        "“x” isn’t a whole number, which “words” is.",
    ),
    (
        "/articles?filter=words:99999999999",
        "filter",
        "“99999999999” isn’t a whole number, which “words” is.",
    ),
    ("/articles?filter=noindex:yes", "filter", "“yes” isn’t true or false, which “noindex” is."),
    (
        "/articles?filter=published_at:>'0001-01-01T00:00:00%2B09:00'",
        "filter",
        (
            "“0001-01-01T00:00:00+09:00” isn’t a time, as 2026-03-10, '2026-03-10T08:00:00Z' or"
            " now-30d, which “published_at” is."
        ),
    ),
    (
        "/articles?filter=published_at:>now-99999y",
        "filter",
        (
            "“now-99999y” isn’t a time, as 2026-03-10, '2026-03-10T08:00:00Z' or now-30d, which"
            " “published_at” is."
        ),
    ),
    (
        "/articles?order=created",
        "order",
        (
            "It is up to 3 of published_at, updated_at, title, id, slug, words, each with asc or desc"
            " behind it, parted by commas."
        ),
    ),
    ("/articles?limit=0", "limit", "It is a whole number from 1 to 100, without zeros before it."),
    (
        "/articles?limit=all",
        "limit",
        "It is a whole number from 1 to 100, without zeros before it.",
    ),
    (
        "/articles?page=01",
        "page",
        "It is a whole number from 1 to 999,999, without zeros before it.",
    ),
    ("/articles?cursor=x", "cursor", "It is none that this list, in this order, gave out."),
    ("/articles?page=2&cursor=x", "page", "A cursor is no page: please leave one of them out."),
    ("/search", "q", "This parameter is needed."),
    ("/comments/counts?articles=a,,b", "articles", "It is a list of 1 to 100 ids with commas."),
    (f"/articles/{ARTICLE}/comments?mode=x", "mode", "“x” is not among what it can be."),
    (f"/articles/{ARTICLE}/comments?limit=2", "limit", "This parameter goes with mode=flat."),
    (
        f"/articles/{ARTICLE}/comments?mode=flat&page=2",
        "page",
        "This parameter goes with mode=tree.",
    ),
    (
        f"/articles/{ARTICLE}/comments?mode=flat&cursor=%20",
        "cursor",
        "It is none that this list gave out.",
    ),
    (
        f"/articles/{ARTICLE}/comments?thread_id=x",
        "thread_id",
        "It is a whole number from 1 to 2,147,483,647, without zeros before it.",
    ),
    ("/settings?x=1", "x", "There is no parameter of this name here."),
]


def test_what_cannot_be_asked_is_refused_with_what_can(site: Site) -> None:
    for path, name, said in REFUSED:
        assert refusal(site, path)[:2] == (name, said), path
    assert refusal(site, "/articles?fields=x")[2][:3] == ["id", "slug", "title"]
    assert refusal(site, "/articles?order=x")[2] == list(choosing.ORDERS)
    assert refusal(site, "/articles?filter=x:y")[2] == list(choosing.KINDS)
    assert "limit" in refusal(site, "/articles?x=1")[2]
    thread = f"/articles/{ARTICLE}/comments"
    for path, allowed in (
        ("/articles?limit=all", ["1 to 100"]),
        ("/articles?page=0", ["1 to 999999"]),
        ("/articles?page=1&page=2", ["1 to 999999"]),
        (f"/articles?topic={'x' * 101}", ["1 to 100 characters"]),
        (f"{thread}?mode=tree&limit=2", ["mode", "order", "page"]),
        (f"{thread}?mode=flat&page=2", ["mode", "order", "thread_id", "limit", "cursor"]),
    ):
        assert refusal(site, path)[2] == allowed, path
    for path in ("/articles?cursor=x", f"{thread}?mode=flat&cursor=x"):
        assert refusal(site, path)[2][0].startswith("the meta.pagination.cursor of"), path
    assert ask(site, "/articles?page=2", 404)["detail"] == "There are not that many pages."


def forged(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_a_cursor_that_nobody_gave_out_is_refused(site: Site) -> None:
    order = "published_at-"
    cursors = [
        "*",
        "%C3%A9",
        forged(),
        forged("title+", "A", "b"),
        forged(order, "b"),
        forged(order, "yesterday", "b"),
        forged(order, 7, "b"),
        forged(order, "0001-01-01T00:00:00+09:00", "b"),
        forged(order, CLOCK.isoformat(), None),
        forged(order, CLOCK.isoformat(), "a\0b"),
        forged(order, CLOCK.isoformat(), "\ud800"),
        base64.urlsafe_b64encode(b"[" * 600).decode(),
    ]
    for cursor in cursors:
        assert refusal(site, f"/articles?cursor={cursor}")[0] == "cursor", cursor
    assert refusal(site, f"/articles?order=words&cursor={forged('words+', 10**12, 'b')}")
    assert refusal(site, f"/articles?order=words&cursor={forged('words+', True, 'b')}")
    assert ids(site, f"/articles?cursor={forged(order, CLOCK.isoformat(), 'b')}") == [
        ARTICLE,
        SECOND,
    ]


def test_how_many_articles_there_are_costs_no_more_statements(site: Site) -> None:
    paths = (
        "/articles?limit=100&include=author,topics&formats=html,toc",
        "/articles?filter=topic:-none%2Bauthor:-none&order=title",
        "/search?q=skin",
    )
    few = [_statements(site, path) for path in paths]
    with site.app.app_context(), db.writing():
        for number in range(40):
            fill(number)
    assert [_statements(site, path) for path in paths] == few
    assert max(few) <= 9


def _statements(site: Site, path: str) -> int:
    ask(site, path)
    with counted(site.app) as statements:
        ask(site, f"{path}{'&' if '?' in path else '?'}utm_source=x")
    return len(statements)


# Keeping


def test_answers_are_kept_at_the_addresses_of_which_there_are_few(site: Site) -> None:
    kept = (
        "/articles",
        "/articles?limit=100&formats=toc",
        "/articles?include=author,topics",
        "/settings",
        f"/articles/{ARTICLE}/comments",
    )
    own = (
        f"/articles/{ARTICLE}/comments?mode=flat&limit=3",
        f"/comments/counts?articles={ARTICLE}",
        "/articles?include=topics,author",
        "/articles?limit=15",
        "/articles?limit=1&page=2",
        "/articles?fields=id",
        "/articles?topic=daily-care",
        "/articles?filter=words:>1",
        "/search?q=skin",
    )
    for path in (*kept, *own):
        answer = site.get(API + path)
        seconds = 60 if path in kept else 10
        wanted = f"public, max-age=0, s-maxage={seconds}"
        # Nobody’s browser shows her what stood there before she wrote.
        wanted += "" if "/comments" in path else ", stale-while-revalidate=10"
        assert (path, answer.headers["Cache-Control"]) == (path, wanted)
        again = site.get(API + path)
        assert (again.headers["ETag"], again.data) == (answer.headers["ETag"], answer.data)
        again = site.get(API + path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_a_change_of_the_site_is_seen_by_programs(site: Site) -> None:
    tag = site.get(f"{API}/articles").headers["ETag"]
    site.put(SECOND, "Winter, rewritten")
    site.sync()
    answer = site.get(f"{API}/articles", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


def test_only_json_is_sent(site: Site) -> None:
    for accepted in ("*/*", "application/*", "application/json, text/html", ""):
        assert site.get(f"{API}/articles", headers={"Accept": accepted}).status_code == 200
    for _ in range(2):
        answer = site.get(f"{API}/articles", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.json["code"]) == (406, "not-acceptable")
        assert answer.json["errors"][0]["header"] == "Accept"
    assert site.get(f"{API}/openapi.json", headers={"Accept": "text/html"}).status_code == 406


def test_reading_takes_no_other_method(site: Site) -> None:
    refused = site.reader.post(f"{API}/articles", {"a": "b"})
    assert (refused.status_code, (refused.json or {})["code"]) == (405, "method-not-allowed")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    head = site.head(f"{API}/articles")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == site.get(f"{API}/articles").headers["ETag"]


# The rest of the site


def test_authors_topics_and_pages_are_listed_and_shown(site: Site) -> None:
    (author,) = ask(site, "/authors")["data"]
    assert ask(site, f"/authors/{AUTHOR_ID}")["data"] == author
    topics = ask(site, "/topics")["data"]
    assert [(each["slug"], each["articles"]) for each in topics] == [
        ("daily-care", 1),
        ("treatments-compared", 1),
    ]
    assert ask(site, "/topics/daily-care")["data"] == topics[0]
    (page,) = ask(site, "/pages")["data"]
    assert page["id"] == "privacy"
    texts = {
        "html": "<p>What we keep, and for how long.</p>",
        "markdown": "What we keep, and for how long.\n",
    }
    assert ask(site, "/pages/privacy")["data"] == page | texts
    for path in ("/authors/nobody", "/topics/nothing", "/pages/nowhere"):
        assert ask(site, path, 404)["code"] == "not-found"


def test_an_author_s_picture_and_links_have_whole_addresses(site: Site) -> None:
    site.write("media/me.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    head = "name: Sandra\nphoto: me.svg\nlinks:\n  - label: Ask\n    url: https://me.example/\n"
    site.write(f"authors/{AUTHOR_ID}.md", f"---\n{head}---\nWords.\n")
    site.sync()
    author = ask(site, f"/authors/{AUTHOR_ID}")["data"]
    assert author["photo"].startswith(f"{BASE}/media/me.svg")
    assert author["links"] == [{"label": "Ask", "url": "https://me.example/"}]


def test_a_front_end_finds_the_site_s_words_and_what_its_forms_need(site: Site) -> None:
    found = ask(site, "/settings")["data"]
    assert found["title"] == "The Skin Journal"
    assert found["clinic"]["phone"] == "+27 11 555 0100"
    assert found["navigation"] == [{"label": "Articles", "url": f"{BASE}/"}]
    assert found["contact"]["topics"] == ["Microneedling", "Mesotherapy", "Something else"]
    assert found["comments"] == {"mode": "pre", "name_max_chars": 80, "body_max_chars": 5000}


def test_old_addresses_lead_on(site: Site) -> None:
    site.put(SECOND, slug="winter", aliases="[/2026/01/winter-skin]")
    site.put("short", aliases="[/old/short]")
    site.sync()
    (site.content / "articles/short.md").unlink()
    site.sync()
    assert ask(site, "/redirects")["data"] == [
        {"path": "/2026/01/winter-skin", "status": 301, "to": f"{BASE}/articles/winter"},
        {"path": f"/articles/{SECOND}", "status": 301, "to": f"{BASE}/articles/winter"},
        {"path": "/articles/short", "status": 410, "to": None},
        {"path": "/old/short", "status": 410, "to": None},
    ]
    part = ask(site, "/redirects?limit=2&page=2")
    assert [each["status"] for each in part["data"]] == [410, 410]
    assert part["meta"]["pagination"]["total"] == 4


def test_words_are_found_and_marked(site: Site) -> None:
    (hit,) = ask(site, "/search?q=needels")["data"]
    assert hit["article"]["id"] == ARTICLE
    assert "<mark>needles</mark>" in hit["excerpt_html"]
    assert ask(site, "/search?q=needles&page=2", 404)


# Comments


@pytest.fixture
def talk(site: Site) -> dict[str, int]:
    """A branch with a reply to a reply, a second branch that is pinned, and what nobody may see."""
    with site.app.app_context(), db.writing():
        first = _said(1)
        reply = _said(2, first)
        _said(3, reply, author_user_id=1, name="Sandra de Beer")
        second = _said(4)
        for number, state in enumerate((CommentState.PENDING, CommentState.SPAM), 5):
            _said(number, state=state, name="Hidden", email="hidden@reader.example")
        db.session.add(pins.CommentPin(comment_id=second.id, article_id=ARTICLE, pinned_at=CLOCK))
        return {"first": first.id, "reply": reply.id, "second": second.id}


def _said(number: int, parent: Any = None, **fields: Any) -> Any:
    made = comment_on(
        ARTICLE, f"key-{number}", created_at=CLOCK + timedelta(minutes=number), **fields
    )
    if parent is not None:
        made.parent_id, made.root_id = parent.id, parent.root_id or parent.id
    db.session.add(made)
    db.session.flush()
    return made


def test_a_thread_is_sent_as_a_tree(site: Site, talk: dict[str, int]) -> None:
    found = ask(site, f"/articles/{ARTICLE}/comments")
    pinned, first = found["data"]
    (reply,) = first["replies"]
    (answer,) = reply["replies"]
    assert [pinned["id"], pinned["is_pinned"], first["is_pinned"]] == [talk["second"], True, False]
    assert (reply["parent_id"], reply["thread_id"]) == (talk["first"], talk["first"])
    assert (answer["by_author"], answer["name"]) == (True, "Sandra de Beer")
    assert found["meta"]["pagination"]["total"] == 4
    assert first["url"] == f"{BASE}/articles/{ARTICLE}/comments/{talk['first']}"
    assert "idden" not in str(found)
    assert [each["id"] for each in ask(site, f"/articles/{ARTICLE}/comments?order=newest")["data"]]


def test_a_flat_list_goes_on_by_cursor_both_ways(site: Site, talk: dict[str, int]) -> None:
    for order in ("oldest", "newest"):
        at = f"/articles/{ARTICLE}/comments?mode=flat&limit=3&order={order}"
        part = ask(site, at)
        cursor = part["meta"]["pagination"]["cursor"]
        rest = ask(site, f"{at}&cursor={cursor}")
        found = [each["created_at"] for each in part["data"] + rest["data"]]
        assert len(found) == 4
        assert found == sorted(found, reverse=order == "newest")
        assert part["links"]["next"].endswith(f"&cursor={cursor}")
        other = "oldest" if order == "newest" else "newest"
        said = f"It was given out for another order than {other}: ask in that, or begin anew."
        turned = at.replace(f"order={order}", f"order={other}")
        assert refusal(site, f"{turned}&cursor={cursor}")[:2] == ("cursor", said)
        assert rest["meta"]["pagination"]["cursor"] is None
        assert "replies" not in part["data"][0]
    assert sum(each["is_pinned"] for each in part["data"] + rest["data"]) == 1


def test_one_branch_of_a_thread_can_be_asked_for(site: Site, talk: dict[str, int]) -> None:
    branch = ask(site, f"/articles/{ARTICLE}/comments?mode=flat&thread_id={talk['first']}")
    assert [each["thread_id"] for each in branch["data"]] == [talk["first"]] * 3
    assert branch["meta"]["pagination"]["total"] == 3
    none = ask(site, f"/articles/{SECOND}/comments?mode=flat&thread_id={talk['first']}")
    assert none["data"] == []


def test_what_was_taken_away_leaves_a_marker_without_words(
    site: Site, talk: dict[str, int]
) -> None:
    states = {"removed": CommentState.REJECTED, "withdrawn": CommentState.WITHDRAWN}
    for said, state in states.items():
        with site.app.app_context(), db.writing():
            comment = db.session.get(Comment, talk["first"])
            assert comment
            comment.state = state
        site.sync()
        found = ask(site, f"/articles/{ARTICLE}/comments?utm_source={said}")["data"]
        (marker,) = [each for each in found if each["id"] == talk["first"]]
        assert (marker["state"], marker["name"], marker["html"]) == (said, "", "")
        assert len(marker["replies"]) == 1


def test_comments_of_many_articles_are_counted_at_once(site: Site, talk: dict[str, int]) -> None:
    asked = f"/comments/counts?articles={ARTICLE},{SECOND},nothing,{ARTICLE}"
    assert ask(site, asked)["data"] == {ARTICLE: 4, SECOND: 0}
    assert refusal(site, "/comments/counts?articles=" + ",".join(map(str, range(101))))
    (first, second) = ask(site, "/articles")["data"]
    assert (first["comments"]["count"], second["comments"]["count"]) == (4, 0)


def test_a_reader_s_own_comment_that_waits_is_in_no_answer(
    app: Flask, reader: Visitor, clock: Clock
) -> None:
    assert reader.comment("Only mine to see.").status_code == 303
    for mode in ("tree", "flat"):
        found = reader.get(f"{API}/articles/{ARTICLE}/comments?mode={mode}")
        assert "Only mine" not in found.text
