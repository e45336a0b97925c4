"""What front ends written for Ghost are sent, also by Ghost's own client; and what is refused."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from blog import db
from blog.pagecache import FOR_ANYBODY, FOR_ONE
from tests.cast import ARTICLE, AUTHOR_ID, SECOND, Clock
from tests.needs import TOOLS, node, tool
from tests.test_reading import Site, counted, fill

API = "/ghost/api/content"
BASE = "http://127.0.0.1:8000"
KEY = "0123456789abcdef0123456789"
ROOT = Path(__file__).parent.parent
one_database = pytest.mark.one_database("lists, shapes and refusals here are tried on both kinds")


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Site:
    app = make_app(content_dir=str(own_content), ghost_api="yes", page_cache_mb="8")
    return Site(app, own_content)


def ask(site: Site, path: str) -> Any:
    answer = site.get(API + path)
    assert (answer.status_code, answer.content_type) == (200, "application/json; charset=utf-8")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Content-Version"] == "v6.0"
    return answer.json


def ids(site: Site, path: str) -> list[str]:
    (items,) = (value for name, value in ask(site, path).items() if name != "meta")
    return [each["id"] for each in items]


NULLS = dict.fromkeys(
    (
        "codeinjection_head",
        "codeinjection_foot",
        "meta_title",
        "meta_description",
        *(f"{of}_{part}" for of in ("og", "twitter") for part in ("image", "title", "description")),
    )
)
OF_ENTRIES = NULLS | {
    "feature_image": None,
    "feature_image_alt": None,
    "feature_image_caption": None,
    "featured": False,
    "visibility": "public",
    "access": True,
    "comments": False,
    "canonical_url": None,
    "custom_template": None,
    "email_subject": None,
    "frontmatter": None,
}
AUTHOR = {
    "id": AUTHOR_ID,
    "slug": AUTHOR_ID,
    "name": "Sandra de Beer",
    "profile_image": None,
    "cover_image": None,
    "bio": "Sandra writes about skin.",
    "website": None,
    "location": None,
    **dict.fromkeys(
        (
            "facebook",
            "twitter",
            "threads",
            "bluesky",
            "mastodon",
            "tiktok",
            "youtube",
            "instagram",
            "linkedin",
        )
    ),
    "meta_title": None,
    "meta_description": None,
    "url": f"{BASE}/authors/{AUTHOR_ID}",
}
TAG = NULLS | {
    "id": "daily-care",
    "slug": "daily-care",
    "name": "Daily care",
    "description": None,
    "feature_image": None,
    "visibility": "public",
    "accent_color": None,
    "canonical_url": None,
    "url": f"{BASE}/topics/daily-care",
}


def test_a_post_has_what_ghost_s_have(site: Site) -> None:
    site.write("media/pen.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='6'/>")
    site.put(
        "whole",
        "Peels & co",
        "Words, and a [link](/contact).",
        author=AUTHOR_ID,
        topics="[Daily care]",
        updated="2026-04-01",
        slug="peels",
        cover="pen.svg",
        cover_alt="A pen",
        canonical="https://elsewhere.example/peels",
    )
    site.sync()
    found = ask(site, "/posts/whole/?include=authors,tags&formats=html,plaintext")
    (post,) = found.pop("posts")
    assert found == {}
    assert post.pop("feature_image").startswith(f"{BASE}/media/pen.svg")
    assert len(post.pop("uuid")) == 36
    assert post == {key: value for key, value in OF_ENTRIES.items() if key != "feature_image"} | {
        "id": "whole",
        "comment_id": "whole",
        "slug": "peels",
        "title": "Peels & co",
        "html": f'<p>Words, and a <a href="{BASE}/contact">link</a>.</p>',
        "plaintext": "Words, and a link.",
        "custom_excerpt": "In short.",
        "excerpt": "In short.",
        "url": f"{BASE}/articles/peels",
        "canonical_url": "https://elsewhere.example/peels",
        "feature_image_alt": "A pen",
        "created_at": "2026-02-28T22:00:00.000+00:00",
        "published_at": "2026-02-28T22:00:00.000+00:00",
        "updated_at": "2026-03-31T22:00:00.000+00:00",
        "reading_time": 1,
        "authors": [AUTHOR],
        "primary_author": AUTHOR,
        "tags": [TAG],
        "primary_tag": TAG,
    }
    (bare,) = ask(site, "/posts/slug/peels")["posts"]
    assert bare["html"] == post["html"]
    assert post.keys() - bare.keys() == {
        "plaintext",
        "authors",
        "primary_author",
        "tags",
        "primary_tag",
    }


def test_a_draft_is_sent_to_nobody(site: Site) -> None:
    site.put("hidden", author=AUTHOR_ID, topics="[Hidden]", status="draft")
    site.sync()
    for path in ("/posts/hidden/", "/posts/slug/hidden/", "/tags/slug/hidden/"):
        assert site.get(API + path).status_code == 404
    assert "hidden" not in str(ask(site, "/posts/?limit=all&include=tags"))
    (author,) = ask(site, "/authors/?include=count.posts")["authors"]
    assert author["count"] == {"posts": 2}


# What of a post goes in and what order they come in, by what Ghost calls it.
LISTED = [
    ("/posts/", ["plain", ARTICLE, SECOND]),
    (f"/posts/?key={KEY}&unknown=x&include=nobody", ["plain", ARTICLE, SECOND]),
    ("/posts/?filter=tag:daily-care", [SECOND]),
    ("/posts/?filter=tags:[daily-care,nothing]", [SECOND]),
    ("/posts/?filter=primary_tag:daily-care", [SECOND]),
    ("/posts/?filter=primary_tag:second", []),
    ("/posts/?filter=tags.slug:second", ["plain"]),
    (f"/posts/?filter=author:{AUTHOR_ID}", ["plain", ARTICLE, SECOND]),
    (f"/posts/?filter=primary_author:{AUTHOR_ID}", [ARTICLE, SECOND]),
    ("/posts/?filter=primary_author:-nobody", [ARTICLE, SECOND]),
    ("/posts/?filter=featured:true", []),
    ("/posts/?filter=featured:-true", ["plain", ARTICLE, SECOND]),
    ("/posts/?filter=featured:true,id:plain", ["plain"]),
    ("/posts/?filter=visibility:public%2Bstatus:[published,sent]%2Btype:post%2Bslug:-plain", [ARTICLE, SECOND]),
    ("/posts/?filter=feature_image:-null", []),
    ("/posts/?filter=custom_excerpt:~'cold air'", [SECOND]),
    ("/posts/?filter=published_at:<'2026-03-01 00:00:00'", [SECOND]),
    ("/posts/?filter=created_at:>now-30d", ["plain"]),
    ("/posts/?order=published_at%20ASC", [SECOND, ARTICLE, "plain"]),
    ("/posts/?order=featured DESC, title asc", [SECOND, ARTICLE, "plain"]),
    ("/posts/?order=created_at desc,nothing", ["plain", ARTICLE, SECOND]),
    ("/posts/?limit=1&page=2", [ARTICLE]),
    ("/posts/?limit=0&page=0", ["plain", ARTICLE, SECOND]),
    ("/posts/?limit=500", ["plain", ARTICLE, SECOND]),
    ("/posts/?limit=2&page=999999999", []),
    ("/tags/", ["daily-care", "second", "treatments-compared"]),
    ("/tags/?order=count.posts desc,slug desc", ["treatments-compared", "second", "daily-care"]),
    ("/tags/?filter=visibility:public%2Bslug:-second", ["daily-care", "treatments-compared"]),
    ("/tags/?filter=name:~CARE,name:~$ed", ["daily-care", "treatments-compared"]),
    ("/tags/?filter=name:~^Sec&formats=x", ["second"]),
    ("/tags/?filter=name:null", []),
    ("/tags/?filter=(slug:second,slug:daily-care)%2Bname:-null&limit=1&page=2", ["second"]),
    ("/authors/?filter=slug:[nobody]", ["nobody"]),
    ("/authors/?order=count.posts desc", [AUTHOR_ID, "nobody"]),
    ("/pages/?filter=featured:false&order=title desc", ["privacy", "about"]),
    ("/pages/?filter=featured:true", []),
]  # fmt: skip


def test_lists_are_filtered_ordered_and_cut(site: Site) -> None:
    site.write("authors/nobody.md", "---\nname: A. N. Other\n---\n")
    site.write("pages/about.md", "---\ntitle: About\n---\nUs.\n")
    site.put("plain", date="2026-04-10", authors=f"[nobody, {AUTHOR_ID}]", topics="[Treatments compared, Second]")  # fmt: skip
    site.sync()
    for path, found in LISTED:
        assert ids(site, path) == found, path


def test_a_list_says_where_it_is(site: Site) -> None:
    def about(path: str) -> list[Any]:
        told = ask(site, path)["meta"]["pagination"]
        return [told[name] for name in ("page", "limit", "pages", "total", "next", "prev")]

    assert about("/posts/") == [1, 15, 1, 2, None, None]
    assert about("/posts/?limit=1") == [1, 1, 2, 2, 2, None]
    assert about("/posts/?limit=1&page=2") == [2, 1, 2, 2, None, 1]
    assert about("/posts/?limit=all&filter=featured:true") == [1, 100, 1, 0, None, None]
    assert about("/tags/?limit=1&page=5") == [5, 1, 2, 2, None, 4]


FIELDS = [
    ("/posts/?fields=title,url", "title url"),
    ("/posts/?fields=title,html&formats=plaintext,mobiledoc", "title html plaintext"),
    ("/posts/?fields=title&include=authors", "title authors primary_author"),
    ("/tags/?fields=slug&include=count.posts", "slug count"),
    ("/pages/?fields=title,plaintext", "title plaintext"),
]


@one_database
def test_only_the_fields_asked_for_are_sent(site: Site) -> None:
    for path, keys in FIELDS:
        (items,) = (value for name, value in ask(site, path).items() if name != "meta")
        assert {frozenset(each) for each in items} == {frozenset(keys.split())}, path
    (whole,) = ask(site, f"/posts/{ARTICLE}/?fields=nothing")["posts"]
    assert whole["title"]


@one_database
def test_the_rest_of_the_site_is_sent(site: Site) -> None:
    site.write("media/me.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    links = "links: [{label: Me, url: https://me.example/}, https://two.example/]\n"
    site.write("authors/other.md", f"---\nname: Other\nphoto: me.svg\n{links}---\n")
    site.sync()
    assert ask(site, "/tags/slug/daily-care/?include=count.posts") == {
        "tags": [TAG | {"count": {"posts": 1}}]
    }
    assert ask(site, f"/authors/{AUTHOR_ID}/") == {"authors": [AUTHOR]}
    (other,) = ask(site, "/authors/slug/other/")["authors"]
    assert other["profile_image"].startswith(f"{BASE}/media/me.svg")
    assert (other["website"], other["bio"]) == ("https://me.example/", None)
    (page,) = ask(site, "/pages/privacy/?include=authors,tags&formats=html,plaintext")["pages"]
    assert len(page.pop("uuid")) == 36
    assert page == OF_ENTRIES | {
        "id": "privacy",
        "comment_id": "privacy",
        "slug": "privacy",
        "title": "Privacy",
        "html": "<p>What we keep, and for how long.</p>",
        "plaintext": "What we keep, and for how long.",
        "custom_excerpt": page["excerpt"] or None,
        "excerpt": page["excerpt"],
        "url": f"{BASE}/privacy",
        "created_at": None,
        "published_at": None,
        "updated_at": None,
        "reading_time": 0,
        "authors": [],
        "primary_author": None,
        "tags": [],
        "primary_tag": None,
    }
    found = ask(site, "/settings/")
    settings = found["settings"]
    assert found["meta"] == {}
    assert settings["title"] == "The Skin Journal"
    assert settings["description"] == "Notes from a clinic"
    assert (settings["lang"], settings["timezone"]) == ("en-ZA", "Africa/Johannesburg")
    assert settings["navigation"] == [{"label": "Articles", "url": "/"}]
    assert (settings["secondary_navigation"], settings["url"]) == ([], f"{BASE}/")
    assert (settings["logo"], settings["members_enabled"]) == (None, False)


LONG = "x" * 10_000
REFUSED = [
    ("/posts/nothing/", 404, "NotFoundError", None),
    ("/tags/slug/nothing/", 404, "NotFoundError", None),
    (f"/posts/slug/{LONG}/", 404, "NotFoundError", None),
    ("/tiers/", 404, "NotFoundError", None),
    ("/", 404, "NotFoundError", None),
    ("/posts/slug/a/b/", 404, "NotFoundError", None),
    ("/posts/?page=first", 422, "ValidationError", "page"),
    ("/posts/?page=-1", 422, "ValidationError", "page"),
    ("/posts/?page=1&page=2", 422, "ValidationError", "page"),
    (f"/posts/?page={'9' * 10_000}", 422, "ValidationError", "page"),
    ("/posts/?limit=%D9%A3", 422, "ValidationError", "limit"),
    ("/posts/?limit[]=1&limit=1.5", 422, "ValidationError", "limit"),
    ("/posts/?formats=html,amp", 422, "ValidationError", "formats"),
    ("/posts/?order=title;drop table post", 422, "ValidationError", "order"),
    (f"/tags/?order={LONG}", 422, "ValidationError", "order"),
    ("/posts/?filter=tag", 400, "BadRequestError", "filter"),
    ("/posts/?filter=colour:red", 400, "BadRequestError", "filter"),
    ("/posts/?filter=words:>1", 400, "BadRequestError", "filter"),
    ("/posts/?filter=featured:>true", 400, "BadRequestError", "filter"),
    ("/posts/?filter=published_at:>'1715091791890'", 400, "BadRequestError", "filter"),
    (f"/posts/?filter=title:{LONG}", 400, "BadRequestError", "filter"),
    ("/posts/?filter=" + "(" * 50, 400, "BadRequestError", "filter"),
    ("/tags/?filter=count.posts:1", 400, "BadRequestError", "filter"),
    ("/tags/?filter=slug:>a", 400, "BadRequestError", "filter"),
    ("/posts/?filter=title:a%00b", 400, "BadRequestError", None),
    ("/posts/slug/a%00b/", 400, "BadRequestError", None),
    ("/posts/?filter=%ff", 400, "BadRequestError", None),
    ("/fails/", 500, "InternalServerError", None),
]


def fail() -> str:
    raise RuntimeError("nobody foresaw it")


def test_what_is_wrong_is_told_as_ghost_tells_it(site: Site) -> None:
    site.app.add_url_rule(f"{API}/fails/", view_func=fail)
    for path, status, kind, name in REFUSED:
        answer = site.get(API + path)
        assert (answer.status_code, answer.content_type) == (
            status,
            "application/json; charset=utf-8",
        ), path
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "no-store"
        (error,) = answer.json["errors"]
        assert (error["type"], error["property"]) == (kind, name), path
        assert error["message"].endswith("."), path
        assert len(error["id"]) == 36
        assert {error[key] for key in ("context", "details", "help", "code", "ghostErrorCode")} == {
            None
        }


@one_database
def test_what_is_wrong_with_a_filter_is_told_in_ghost_s_names(site: Site) -> None:
    for text, said in (
        ("tag:>a", "“>” can’t be asked of “tag”, but these can: :"),
        ("primary_author:~a", "“~” can’t be asked of “primary_author”, but these can: :"),
        ("created_at:>soon", "“soon” isn’t a time"),
        ("topic:x", "There is no field “topic” to filter by."),
        ("(slug:a,feature_image:>b)", "“>” can’t be asked of “feature_image”"),
    ):
        (error,) = site.get(f"{API}/posts/?filter={text}").json["errors"]
        assert error["message"].startswith(said), text
        assert "published_at" not in error["message"] or "topic:" in text
    for path in ("authors", "tags", "pages"):
        assert ask(site, f"/{path}/?filter=visibility:public")[path]
        assert ask(site, f"/{path}/?filter=visibility:-public")[path] == []


@one_database
def test_clients_of_older_versions_are_led_to_the_one_there_is(site: Site) -> None:
    for version in ("v2", "v3", "v4", "canary"):
        old = f"/ghost/api/{version}/content/posts/slug/{ARTICLE}/"
        led = site.get(f"{old}?key={KEY}&include=tags%2Cauthors")
        assert led.status_code == 307
        assert led.location == f"{API}/posts/slug/{ARTICLE}/?key={KEY}&include=tags%2Cauthors"
        assert led.headers["Access-Control-Allow-Origin"] == "*"
    assert site.get("/ghost/api/v3/content/posts").location == f"{API}/posts"
    for none in ("/ghost/api/v1/content/posts/", "/ghost/api/v3/admin/posts/"):
        assert site.get(none).status_code == 404
    asked = site.reader.client.options(old, base_url=BASE)
    assert "Accept-Version" in asked.headers["Access-Control-Allow-Headers"]


@one_database
def test_it_only_reads(site: Site) -> None:
    refused = site.reader.post(f"{API}/posts/", {"a": "b"})
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert (refused.json or {})["errors"][0]["type"] == "MethodNotAllowedError"
    unread = site.reader.post(f"{API}/posts/", "{}", content_type="application/json")
    assert (unread.json or {})["errors"][0]["type"] == "BadRequestError"
    head = site.head(f"{API}/posts/")
    assert (head.status_code, head.data) == (200, b"")
    asked = site.reader.client.options(f"{API}/posts/", base_url=BASE)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert "Accept-Version" in asked.headers["Access-Control-Allow-Headers"]


@one_database
def test_it_is_off_unless_it_is_wanted(make_app: Callable[..., Flask], clock: Clock) -> None:
    client = make_app().test_client()
    for path in ("/posts/", "/settings/", "/nothing"):
        answer = client.get(API + path, base_url=BASE)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_how_many_there_are_costs_no_more_statements(site: Site) -> None:
    paths = [
        "/posts/?limit=100&include=authors,tags&formats=html,plaintext&fields=",
        "/posts/?filter=tag:-none%2Bauthor:-none&order=title asc",
        "/pages/?order=",
        "/authors/?order=",
        "/tags/?order=",
    ]
    few = [_statements(site, path) for path in paths]
    with site.app.app_context(), db.writing():
        for number in range(20):
            fill(number)
    for number in range(20):
        site.write(f"pages/page-{number}.md", f"---\ntitle: Page {number}\n---\nWords.\n")
    site.sync()
    assert [_statements(site, path) for path in paths] == few
    assert max(few) <= 7


def _statements(site: Site, path: str) -> int:
    with counted(site.app) as statements:
        ask(site, path)
    return len(statements)


@one_database
def test_answers_are_kept_whatever_the_key(site: Site) -> None:
    kept = (
        "/posts/",
        "/posts/?limit=1&page=2",
        "/posts/?include=tags,authors&limit=all",
        "/tags/slug/daily-care/?include=count.posts",
        "/settings/",
    )
    own = (
        "/posts",
        "/posts/?include=tags,tags",
        "/posts/?limit=015",
        "/posts/?page=3",
        "/posts/?fields=id",
        "/posts/?filter=featured:false",
        f"/posts/{ARTICLE}/?limit=5",
        "/settings/?x=1",
    )
    for path in (*kept, *own):
        wanted = FOR_ANYBODY if path in kept else FOR_ONE
        assert (path, site.get(API + path).headers["Cache-Control"]) == (path, wanted)
    assert len(site.app.extensions["blog.pagecache"].store) == len(kept)
    path = f"{API}/posts/?include=tags%2Cauthors&key={KEY}&limit=all"
    with counted(site.app) as statements:
        answer = site.get(path)
    # A local site looks for changed files, and asks for nothing else.
    assert "count(article.id)" not in str(statements)
    assert answer.headers["Cache-Control"] == FOR_ONE
    assert len(answer.json["posts"]) == 2


# Ghost's own client


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve a site on loopback, to something that is no test client."""

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None: ...

    server = make_server("127.0.0.1", 0, app, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(script: Path, folder: Path, address: str) -> str:
    """Run a script that finds the client as if it were installed beside it."""
    beside = folder / script.name
    beside.write_text(script.read_text())
    done = subprocess.run(
        [node(), str(beside), address], capture_output=True, text=True, timeout=60, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@one_database
def test_ghost_s_own_client_reads_the_site(site: Site, tmp_path: Path) -> None:
    tool("@tryghost/content-api/package.json")
    site.put(SECOND, "Winter", slug="winter", author=AUTHOR_ID, topics="[Daily care]")
    site.sync()
    folder = tmp_path / "front-end"
    folder.mkdir()
    (folder / "node_modules").symlink_to(TOOLS)
    example = ROOT / "docs/examples/ghost"
    (folder / "package.json").write_text((example / "package.json").read_text())
    with serving(site.app) as address:
        told = json.loads(run(ROOT / "tests/data/ghost.mjs", folder, address))
        listed = run(example / "list.js", folder, address)
    (post,) = told["posts"]["items"]
    assert told["posts"]["meta"]["pagination"]["total"] == 1
    assert (post["id"], post["plaintext"], post["primary_tag"]["name"]) == (
        SECOND,
        "Words.",
        "Daily care",
    )
    assert post["authors"][0]["slug"] == AUTHOR_ID
    assert "html" not in post
    assert told["second"]["items"] == [{"id": SECOND, "title": "Winter"}]
    assert told["second"]["meta"]["pagination"]["prev"] == 1
    assert told["all"]["meta"]["pagination"]["limit"] == 100
    assert (told["by id"]["id"], told["by id"]["tags"][0]["slug"]) == (
        ARTICLE,
        "treatments-compared",
    )
    assert (told["by slug"]["html"], told["by slug"]["plaintext"]) == ("<p>Words.</p>", "Words.")
    assert [each["count"]["posts"] for each in told["tags"]["items"]] == [1, 1]
    assert told["tag"] == TAG
    assert told["authors"]["items"] == [AUTHOR | {"count": {"posts": 2}}]
    assert told["author"] == AUTHOR
    assert told["pages"]["items"] == [{"title": "Privacy", "url": f"{BASE}/privacy"}]
    assert told["page"]["html"] == "<p>What we keep, and for how long.</p>"
    assert told["settings"]["title"] == "The Skin Journal"
    assert told["older"]["items"] == [{"id": SECOND}]
    assert told["people"]["items"] == [{"slug": AUTHOR_ID}]
    assert told["nothing"]["type"] == told["tiers"]["type"] == "NotFoundError"
    assert told["invalid"]["type"] == "ValidationError"
    assert told["invalid"]["message"].endswith("The parameter page is a number.")
    assert len(told["invalid"]["id"]) == 36
    lines = listed.splitlines()
    assert lines[0] == "The Skin Journal"
    assert "2026-03-01  Winter (Sandra de Beer; Daily care)" in lines
    assert len(lines) == 5
