"""A kept page is what the application would answer, for as long as it would, to whom it would."""

from __future__ import annotations

import gzip
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask, Response, make_response, request
from sqlalchemy import event, text, update
from werkzeug.test import TestResponse

from blog import db, forms, markup, pagecache, revision, tokens
from blog.articles import Article
from blog.assets import A_YEAR
from blog.comments import Comment, CommentState
from blog.pagecache.entries import ENTRY_BYTES, Entry, Store, best_encoding, is_known
from blog.pagecache.layer import ACCEPT_MAX_CHARS, ACCEPTS_MAX, HOSTS_MAX, Layer
from blog.pagecache.poll import BLIND_SECONDS, POLL_SECONDS
from tests.cast import ARTICLE, AUTHOR, CLOCK, SECOND, Clock, Visitor

PAGE = f"/articles/{ARTICLE}"
PUBLIC = "https://blog.example"
DEADLINE_SECONDS = 20
ENCODINGS = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}


class Site:
    """A public site that keeps its pages, and what reaches its database."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.layer: Layer = app.extensions["blog.pagecache"]
        self.reader = Visitor(app)
        self.get = self.reader.get

    @contextmanager
    def asking(self) -> Iterator[set[int]]:
        """Note which threads send the database a statement."""
        found: set[int] = set()

        def note(*_statement: Any) -> None:
            found.add(threading.get_ident())

        with self.app.app_context():
            engine = db.db.engine
        event.listen(engine, "before_cursor_execute", note)
        yield found
        event.remove(engine, "before_cursor_execute", note)

    def is_kept(self, path: str, **options: Any) -> bool:
        """Tell whether an address is answered without the database."""
        with self.asking() as found:
            self.get(path, **options)
        return threading.get_ident() not in found

    def publish(self, body: str = "Thank you.", **fields: Any) -> None:
        """Store a published comment, as another process would."""
        with self.app.app_context(), db.writing():
            db.session.add(comment(body, **fields))
            revision.touch(db.session)


def comment(body: str, **fields: Any) -> Comment:
    values = {
        "article_id": ARTICLE,
        "name": "Nomsa",
        "source": body,
        "html": f"<p>{body}</p>",
        "html_policy": markup.COMMENT_POLICY,
        "state": CommentState.APPROVED,
        "reasons": [],
        "submission_key": body,
        "created_at": CLOCK,
    }
    return Comment(**values | fields)


def wait_for(condition: Callable[[], Any]) -> None:
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < give_up_at, "waited too long"
        pause.wait(0.01)


@pytest.fixture
def made(make_app: Callable[..., Flask]) -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def make(**settings: str) -> Site:
        wanted = {"page_cache_mb": "4", "site_url": PUBLIC} | settings
        sites.append(Site(make_app(**wanted)))
        return sites[-1]

    yield make
    for site in sites:
        site.layer.close()


@pytest.fixture
def site(clock: Clock, made: Callable[..., Site]) -> Site:
    return made()


# The bytes


def test_a_page_is_made_once(site: Site) -> None:
    first = site.get(PAGE)
    assert site.is_kept(PAGE)
    second = site.get(PAGE)
    assert second.data == first.data
    assert b"Comparing the two" in second.data
    assert dict(second.headers) == dict(first.headers)


def test_what_programs_read_is_made_once_too(site: Site) -> None:
    path = "/api/v1/articles?include=author,topics"
    assert site.get(path).json == site.get(path).json
    assert site.is_kept(path)
    assert site.get(path, headers={"Accept": "text/html"}).status_code == 406


def test_what_is_kept_says_what_the_application_says(site: Site, made: Callable[..., Site]) -> None:
    site.get(PAGE)
    kept, plain = site.get(PAGE), made(page_cache_mb="0").get(PAGE)
    assert set(kept.headers) == set(plain.headers)
    for name in ("Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options"):
        assert kept.headers[name]
    assert kept.headers["Cache-Control"] == pagecache.FOR_ANYBODY
    assert "Set-Cookie" not in kept.headers


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_page_comes_in_the_encoding_a_browser_takes(site: Site, encoding: str) -> None:
    plain = site.get("/privacy").data
    for _ in range(2):
        response = site.get("/privacy", headers={"Accept-Encoding": encoding})
        assert ENCODINGS[encoding](response.data) == plain
        assert response.headers.get("Content-Encoding", "") == encoding
        assert response.headers["Vary"] == "Accept-Encoding"
        assert int(response.headers["Content-Length"]) == len(response.data)


def test_each_encoding_has_a_strong_tag_of_its_own(site: Site) -> None:
    tags = {
        site.get("/privacy", headers={"Accept-Encoding": encoding}).headers["ETag"]
        for encoding in ENCODINGS
    }
    assert len(tags) == 3
    assert all(re.fullmatch(r'"[0-9a-f]{20}(-gzip6|-br5)?"', tag) for tag in tags)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_what_is_sent_once_is_packed_quickly_under_a_tag_of_its_own(
    site: Site, encoding: str
) -> None:
    asked = {"Accept-Encoding": encoding}
    once, kept = site.get("/privacy?odd=1", headers=asked), site.get("/privacy", headers=asked)
    assert len(once.data) > len(kept.data)
    assert once.headers["ETag"] != kept.headers["ETag"]
    again = asked | {"If-None-Match": once.headers["ETag"]}
    assert site.get("/privacy?odd=1", headers=again).status_code == 304
    assert site.get("/privacy", headers=again).status_code == 200


def test_the_tag_changes_with_the_page(site: Site) -> None:
    before = site.get(PAGE).headers["ETag"]
    site.publish()
    site.layer._poll.look()
    assert site.get(PAGE).headers["ETag"] != before


@pytest.mark.parametrize("cached", ["4", "0"])
def test_who_has_the_page_is_sent_nothing(made: Callable[..., Site], cached: str) -> None:
    site = made(page_cache_mb=cached)
    tag = site.get("/privacy").headers["ETag"]
    for named in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = site.get("/privacy", headers={"If-None-Match": named})
        assert response.status_code == 304
        assert response.data == b""
        assert response.headers["ETag"] == tag
        assert response.headers["Cache-Control"] == pagecache.FOR_ANYBODY
        assert "Content-Length" not in response.headers
        assert "Content-Type" not in response.headers
    for named in ('"other"', "", tag[:-1], tag.strip('"')):
        assert site.get("/privacy", headers={"If-None-Match": named}).status_code == 200


def test_who_asks_for_the_headers_gets_just_these(site: Site) -> None:
    url = {"base_url": PUBLIC}
    answers: list[TestResponse] = [site.reader.client.head(PAGE, **url) for _ in range(2)]
    page = site.get(PAGE)
    for answer in answers:
        assert answer.data == b""
        assert dict(answer.headers) == dict(page.headers)
    missing = site.reader.client.head("/articles/none", **url)
    assert (missing.status_code, missing.data) == (404, b"")


def test_other_kinds_of_answer_pass_as_they_are(site: Site) -> None:
    assert site.get("/articles/none").status_code == 404
    assert site.get("/articles/none").headers["Cache-Control"] == "no-store"
    assert site.get("/readyz").json == {
        "status": "ok",
        "database": "ok",
        "disk": "ok",
        "mail": "ok",
    }
    assert len(site.layer.store) == 0


def test_static_files_are_compressed_once_and_for_ever(site: Site) -> None:
    url = re.search(r'href="(/static/style\.\w+\.css)"', site.get("/").text)
    assert url is not None
    for _ in range(2):
        response = site.get(url[1], headers={"Accept-Encoding": "br"})
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert b"--" in brotli.decompress(response.data)
    site.publish()
    site.layer._poll.look()
    assert site.is_kept(url[1])
    assert not site.is_kept("/")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("br;q=0, *", "gzip"),
        ("identity", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("identity;q=0.1, gzip", "gzip"),
        ("identity;q=0", "identity"),
        ("", "identity"),
        ("deflate", "identity"),
        ("br;q=x", "identity"),
        (";;;,,,=", "identity"),
        ("gzip" * 1000, "identity"),
    ],
)
def test_the_best_encoding_is_chosen(accepted: str, encoding: str) -> None:
    assert best_encoding(accepted) == encoding


def test_odd_tags_name_nothing() -> None:
    assert is_known('"a", W/"b"', '"b"')
    assert not is_known(",,,", '"b"')


# When a page ends


def test_who_writes_sees_it_at_the_next_look(clock: Clock, made: Callable[..., Site]) -> None:
    site = made()
    assert "Please tell me more." not in site.get(PAGE).text
    site.layer._poll.close()
    author = Visitor(site.app)
    looked_at = site.layer._poll._seen_at
    Visitor(site.app, address="198.51.100.9").comment("Please tell me more.")
    assert site.is_kept(PAGE)
    # It waits, so that nobody looks whether a page has changed.
    assert site.layer._poll._seen_at == looked_at
    assert author.sign_in(AUTHOR).status_code == 303
    queue = author.get("/admin/comments").text
    approval = re.search(r"/admin/comments/(\d+)/approval", queue)
    assert approval is not None
    assert author.press("/admin/comments", approval[0]).status_code == 303
    assert "Please tell me more." in site.get(PAGE).text


def test_what_another_process_writes_is_learnt_by_itself(
    clock: Clock, made: Callable[..., Site]
) -> None:
    site = made()
    assert POLL_SECONDS < 1
    site.get(PAGE)
    site.publish("From elsewhere.")
    wait_for(lambda: "From elsewhere." in site.get(PAGE).text)


def test_nothing_is_polled_before_a_page_is_kept(site: Site) -> None:
    def threads() -> list[threading.Thread]:
        own = site.layer._poll._thread
        return [own] if own and own.is_alive() else []

    site.get("/articles/none")
    assert threads() == []
    site.get(PAGE)
    assert len(threads()) == 1
    site.layer.close()
    assert threads() == []


def test_a_closed_site_keeps_nothing(site: Site) -> None:
    site.layer.close()
    assert site.get(PAGE).status_code == 200
    assert not site.is_kept(PAGE)
    site.layer.close()


def test_a_page_that_took_long_does_not_pass_for_new(site: Site) -> None:
    is_read, may_go_on = threading.Event(), threading.Event()

    @site.app.get("/slow")
    def show_slowly() -> Response:
        title = db.session.execute(
            text(f"SELECT count(*) FROM comment WHERE article_id = '{ARTICLE}'")
        ).scalar_one()
        is_read.set()
        may_go_on.wait(DEADLINE_SECONDS)
        return pagecache.offer(make_response(str(title)))

    site.get(PAGE)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(lambda: Visitor(site.app).get("/slow").text)
        is_read.wait(DEADLINE_SECONDS)
        site.publish()
        site.layer._poll.look()
        may_go_on.set()
        assert slow.result() == "0"
    assert site.get("/slow").text == "1"
    assert site.is_kept("/slow")


def test_a_page_of_a_newer_revision_ends_the_others(site: Site) -> None:
    site.get("/privacy")
    site.publish()
    site.get(PAGE)
    assert not site.is_kept("/privacy")
    assert site.is_kept(PAGE)


def test_a_database_brought_back_from_a_copy_ends_all_pages(site: Site) -> None:
    site.get(PAGE)
    site.layer.store.learn(site.layer.store.revision + 7)
    site.layer._poll.look()
    site.get(PAGE)
    assert site.is_kept(PAGE)


def test_a_scheduled_article_appears_on_time(clock: Clock, made: Callable[..., Site]) -> None:
    site = made()
    with site.app.app_context(), db.writing():
        later = CLOCK + timedelta(minutes=5)
        db.session.execute(update(Article).where(Article.id == SECOND).values(published_at=later))
        revision.touch(db.session)
    assert "winter" not in site.get("/").text
    clock.move(minutes=4)
    assert site.is_kept("/")
    clock.move(minutes=1)
    assert "winter" in site.get("/").text


def test_an_article_expires_on_time(clock: Clock, made: Callable[..., Site]) -> None:
    site = made()
    with site.app.app_context(), db.writing():
        soon = CLOCK + timedelta(minutes=5)
        db.session.execute(update(Article).where(Article.id == SECOND).values(expires_at=soon))
        revision.touch(db.session)
    path = f"/articles/{SECOND}"
    assert site.get(path).status_code == 200
    clock.move(minutes=5)
    assert site.get(path).status_code in (404, 410)


def test_a_page_ends_before_the_token_of_its_form(clock: Clock, made: Callable[..., Site]) -> None:
    site = made()
    assert forms.TOKEN_LIVES >= 2 * pagecache.KEPT
    site.get("/contact")
    clock.move(hours=11.9)
    assert site.is_kept("/contact")
    clock.move(hours=0.2)
    assert not site.is_kept("/contact")


def test_pages_are_read_while_the_database_is_away(site: Site) -> None:
    page = site.get(PAGE).data
    with site.app.app_context():
        with db.writing():
            db.session.execute(text("ALTER TABLE site_revision RENAME TO away"))
        site.layer._poll.look()
        assert site.get(PAGE).data == page
        site.layer._poll._seen_at -= BLIND_SECONDS
        site.layer._poll.look()
        assert len(site.layer.store) == 0


# What is never kept


def test_a_reader_with_a_waiting_comment_sees_it_alone(site: Site) -> None:
    site.get(PAGE)
    with site.app.app_context(), db.writing():
        own = {"state": CommentState.PENDING, "reader_hash": tokens.digest("a token")}
        db.session.add(comment("My own words.", **own))
    other = Visitor(site.app)
    other.client.set_cookie("__Host-blog_reader", "a token", domain="blog.example", secure=True)
    for _ in range(2):
        own_page = other.get(PAGE, headers={"Accept-Encoding": "gzip"})
        assert b"My own words." in gzip.decompress(own_page.data)
        assert own_page.headers["Cache-Control"] == "no-store"
        assert "My own words." not in site.get(PAGE).text


@pytest.mark.parametrize("name", ["blog_session", "__Host-blog_session", "blog_reader"])
def test_who_carries_a_cookie_of_ours_is_asked_anew(site: Site, name: str) -> None:
    site.get(PAGE)
    site.reader.client.set_cookie("theme", "dark", domain="blog.example")
    assert site.is_kept(PAGE)
    site.reader.client.set_cookie(name, "x", domain="blog.example")
    assert not site.is_kept(PAGE)
    assert len(site.layer.store) == 1


@pytest.mark.parametrize("pair", ["__Host-blog_reader =a", "__Host-blog_reader\t= a"])
def test_a_cookie_written_oddly_shows_nobody_elses_words(site: Site, pair: str) -> None:
    with site.app.app_context(), db.writing():
        own = {"state": CommentState.PENDING, "reader_hash": tokens.digest("a")}
        db.session.add(comment("My own words.", **own))
    odd = site.app.test_client(use_cookies=False)
    cookie = {"Cookie": pair}
    assert "My own words." in odd.get(PAGE, base_url=PUBLIC, headers=cookie).text
    assert "My own words." not in site.get(PAGE).text


def test_one_form_is_never_kept_for_who_wants_the_other(site: Site) -> None:
    # All of them name Markdown or come close, in every order and twice, so that pages are kept.
    wishes = {
        "text/markdown": "text/markdown",
        "text/html, text/markdown;q=0.5": "text/html",
        "text/html;q=0.5, text/markdown;q=0.6": "text/markdown",
        "TEXT/MARKDOWN": "text/html",
        "text/markdown;q=0": "text/html",
        "text/markdown, text/html": "text/markdown",
        "text/html,*/*;q=0.8": "text/html",
    }
    for first in wishes:
        site.layer.store.forget()
        for accept in (first, *wishes, *reversed(wishes)):
            answer = site.get(PAGE, headers={"Accept": accept})
            assert answer.mimetype == wishes[accept], (first, accept)
    for accept in ("text/markdown", "text/html, text/markdown", "text/html"):
        assert site.is_kept(PAGE, headers={"Accept": accept})


def test_what_sets_a_cookie_is_never_kept(site: Site) -> None:
    @site.app.get("/cookie")
    def show_cookie() -> Response:
        response = pagecache.offer(make_response("Hello"))
        response.set_cookie("taste", "1")
        return response

    for _ in range(2):
        assert "taste" in site.get("/cookie").headers["Set-Cookie"]
    assert len(site.layer.store) == 0


def test_what_a_view_takes_for_ones_own_is_never_kept(site: Site) -> None:
    @site.app.get("/own")
    def show_own() -> Response:
        response = pagecache.offer(make_response("Hello"))
        response.headers["Cache-Control"] = "no-store"
        return response

    assert [site.get("/own").text for _ in range(2)] == ["Hello"] * 2
    assert len(site.layer.store) == 0


def test_only_a_whole_answer_is_kept(site: Site) -> None:
    @site.app.get("/teapot")
    def show_teapot() -> tuple[Response, int]:
        return pagecache.offer(make_response("Hello")), 203

    assert site.get("/teapot").status_code == 203
    assert len(site.layer.store) == 0


def test_an_unknown_query_is_answered_and_not_kept(site: Site) -> None:
    for query in ("x=1", "page", "about=nothing", f"about={SECOND}&x=1", "a&a", "=", "%00x"[1:]):
        site.get(f"/contact?{query}")
    assert len(site.layer.store) == 0


def test_a_query_is_kept_in_its_one_spelling(site: Site) -> None:
    assert ARTICLE in site.get(f"/contact?about={ARTICLE}").text
    assert site.is_kept(f"/contact?about={ARTICLE}")
    encoded = "".join(f"%{ord(char):02x}" for char in ARTICLE)
    for query in (f"about={encoded}", f"about={ARTICLE}&about={ARTICLE}", f"about={ARTICLE}&"):
        site.get(f"/contact?{query}")
    assert len(site.layer.store) == 1


def test_a_path_is_kept_in_its_one_spelling(site: Site) -> None:
    site.publish("A question.")
    site.publish("An answer.", parent_id=1, root_id=1)
    replies = f"{PAGE}/comments/{{}}/replies"
    site.get("/")
    site.get(replies.format(1))
    odd = ("//", "/" * 500, f"/{PAGE}", "//feed.xml", *map(replies.format, ("01", "0" * 99 + "1")))
    for path in (*odd, replies.format("\u0661")):
        asked = {"PATH_INFO": path.encode().decode("latin-1"), "HTTP_HOST": "blog.example"}
        answer = site.app.test_client().open("/", environ_overrides=asked)
        assert answer.status_code == 200, path
    assert len(site.layer.store) == 2


OWN_ADDRESSES = ("/", PAGE, "/feed.xml", "/robots.txt", f"/contact?about={ARTICLE}")


@pytest.mark.parametrize("path", OWN_ADDRESSES)
def test_a_proxy_may_keep_a_page_at_its_own_address_alone(site: Site, path: str) -> None:
    sign = "&" if "?" in path else "?"
    for _ in range(2):
        assert site.get(path).headers["Cache-Control"] == pagecache.FOR_ANYBODY
        # Of these there are as many as anybody likes, those for newsletters among them.
        for odd in ("whatever=1", "x", "=", "%61=2", "utm_source=1", "fbclid=2&x=1", "&"):
            answer = site.get(f"{path}{sign}{odd}")
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, pagecache.FOR_ONE)
            again = site.get(
                f"{path}{sign}{odd}", headers={"If-None-Match": answer.headers["ETag"]}
            )
            assert (again.status_code, again.headers["Cache-Control"]) == (304, pagecache.FOR_ONE)


def test_a_proxy_may_keep_a_file_at_its_own_address_alone(site: Site) -> None:
    (address,) = re.findall(r'href="(/static/style[^"]*)"', site.get("/").text)
    for odd in ("x=1", "utm_source=1"):
        answer = site.get(f"{address}?{odd}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, pagecache.FOR_ONE)
    assert site.get(address).headers["Cache-Control"] == A_YEAR


def test_a_page_asked_for_by_an_odd_path_is_for_who_asked(site: Site) -> None:
    asked = {"PATH_INFO": "//feed.xml", "HTTP_HOST": "blog.example"}
    answer = site.app.test_client().open("/", environ_overrides=asked)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, pagecache.FOR_ONE)


@pytest.mark.parametrize("name", ["about", "comments"])
def test_what_is_said_twice_has_no_page(site: Site, name: str) -> None:
    path = {"about": "/contact", "comments": PAGE}[name]
    answer = site.get(f"{path}?{name}=2&{name}=2")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert f"“{name}” more than once" in answer.text


def test_tracking_parameters_share_the_plain_page(site: Site) -> None:
    site.get(PAGE)
    for query in ("utm_source=x&utm_medium=y", "fbclid=1", "GCLID=2", "&", "mc_eid=3&msclkid=4"):
        assert site.is_kept(f"{PAGE}?{query}")
    assert site.is_kept(f"{PAGE}?utm_source=x&fbclid=2") is True
    site.get(f"/contact?utm_source=x&about={ARTICLE}")
    assert site.is_kept(f"/contact?about={ARTICLE}")


def test_the_view_never_sees_a_tracking_parameter(site: Site) -> None:
    @site.app.get("/query")
    def show_query() -> str:
        return request.query_string.decode()

    assert site.get("/query?b=2&utm_source=x&a=1").text == "b=2&a=1"


def test_a_flood_of_odd_addresses_fills_nothing(site: Site) -> None:
    site.get(PAGE)
    host = {"Host": "blog.example"}
    paths = ("/{}", "/articles/{}", "/{}%0a", "//{}")
    queries = ("/?page={}", "/contact?about={}", "/privacy?{}", "/search?q={}", "/feed.xml?{}=1")
    tracked = (PAGE + "?utm_source={}", "/?{}&fbclid=1")
    for number in range(40):
        for path in (*paths, *queries, *tracked):
            answer = site.get(path.format(number), headers=host)
            # Nor the cache of a proxy.
            assert not answer.headers["Cache-Control"].startswith("public")
        site.get(PAGE, headers={"Host": f"evil{number}.example"})
        site.get(PAGE, headers={"Accept": f"text/{number}", "Accept-Encoding": f"x{number}"})
        site.get(PAGE, headers={"Range": f"bytes={number}-", "Accept-Language": f"x{number}"})
    assert len(site.layer.store) == 1
    assert site.layer._flights == {}


def test_what_is_remembered_of_headers_is_bounded(site: Site) -> None:
    site.get(PAGE)
    for number in range(ACCEPTS_MAX + 5):
        site.get(PAGE, headers={"Accept-Encoding": f"x{number}"})
    site.get(PAGE, headers={"Accept-Encoding": "y" * (ACCEPT_MAX_CHARS + 1)})
    assert len(site.layer._encodings) == ACCEPTS_MAX
    for port in range(HOSTS_MAX + 5):
        site.get(PAGE, headers={"Host": f"blog.example:{port}"})
    assert len(site.layer._hosts) <= HOSTS_MAX


def test_a_host_that_is_not_the_sites_is_refused_all_the_same(site: Site) -> None:
    site.get(PAGE)
    assert site.get(PAGE, headers={"Host": "evil.example"}).status_code == 400
    assert site.is_kept(PAGE)


def test_no_header_but_the_listed_ones_changes_what_is_kept(site: Site) -> None:
    page = site.get(PAGE)
    odd = {
        "X-Forwarded-Host": "evil.example",
        "X-Original-URL": "/admin",
        "X-HTTP-Method-Override": "POST",
        "Accept-Language": "de",
        "User-Agent": "x",
        "Range": "bytes=0-1",
        "If-Modified-Since": "Mon, 04 May 2026 09:30:00 GMT",
        "Authorization": "Bearer x",
    }
    for name, value in odd.items():
        answer = site.get(PAGE, headers={name: value})
        assert (answer.status_code, answer.data) == (200, page.data), name
        assert answer.headers["ETag"] == page.headers["ETag"]


def test_with_no_memory_given_nothing_is_kept(made: Callable[..., Site]) -> None:
    site = made(page_cache_mb="0")
    assert site.get(PAGE, headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    assert not site.is_kept(PAGE)
    assert len(site.layer.store) == 0


# A local site


def test_an_edited_file_is_seen_though_its_page_is_kept(
    clock: Clock, made: Callable[..., Site], own_content: Path
) -> None:
    site = made(site_url="", content_dir=str(own_content))
    site.get(PAGE)
    path = own_content / f"articles/{ARTICLE}.md"
    path.write_text(path.read_text().replace("Two popular", "Three popular"), encoding="utf-8")
    site.layer._looked_at = 0
    assert "Three popular" in site.get(PAGE).text


def test_files_are_not_looked_at_for_every_page(
    clock: Clock, made: Callable[..., Site], own_content: Path
) -> None:
    site = made(site_url="", content_dir=str(own_content))
    site.get(PAGE)
    site.layer._looked_at = time.monotonic() + 60
    assert site.is_kept(PAGE)


# Many at once


@pytest.fixture
def rendered(site: Site) -> Iterator[tuple[list[str], threading.Event]]:
    """What a slow view of this site rendered, and the event that lets it go on."""
    seen: list[str] = []
    may_go_on = threading.Event()

    @site.app.get("/<kind>/slow")
    def show_slowly(kind: str) -> Response:
        seen.append(kind)
        may_go_on.wait(DEADLINE_SECONDS)
        response = make_response(kind)
        return pagecache.offer(response) if kind == "public" else response

    yield seen, may_go_on
    may_go_on.set()


@pytest.mark.parametrize(("kind", "times"), [("public", 1), ("private", 6)])
def test_a_page_is_rendered_once_for_all_who_wait(
    site: Site, rendered: tuple[list[str], threading.Event], kind: str, times: int
) -> None:
    seen, may_go_on = rendered
    path = f"/{kind}/slow"

    def waiting() -> int:
        flight = site.layer._flights.get(path)
        return len(flight._cond._waiters) if flight else 0  # type: ignore[attr-defined]  # Condition's own list

    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(lambda: Visitor(site.app).get(path).text) for _ in range(6)]
        wait_for(lambda: waiting() == 5)
        may_go_on.set()
        assert [answer.result() for answer in answers] == [kind] * 6
    assert len(seen) == times
    assert site.layer._flights == {}


def test_a_page_that_fails_holds_nobody_up(site: Site) -> None:
    @site.app.get("/broken")
    def break_down() -> str:
        raise ArithmeticError

    assert site.get("/broken").status_code == 500
    assert site.layer._flights == {}


def test_an_answer_to_a_post_is_nobody_elses(site: Site) -> None:
    @site.app.post("/contact/offered")
    def offer() -> Response:
        return pagecache.offer(make_response("Hello"))

    assert site.reader.post("/contact/offered", {"a": "b"}).text == "Hello"
    assert len(site.layer.store) == 0


# The store


def entry(size_bytes: int, *, ends_at: datetime | None = CLOCK) -> Entry:
    return Entry([("Content-Type", "text/html")], b"a" * size_bytes, ends_at)


def test_the_least_recently_read_goes_first() -> None:
    store = Store(3 * (ENTRY_BYTES + 1000))
    for key in "abc":
        store.put(key, entry(1000), revision=1)
    assert store.get("a") is not None
    store.put("d", entry(1000), revision=1)
    assert [key for key in "abcd" if store.get(key)] == ["a", "c", "d"]


def test_the_store_counts_what_it_holds() -> None:
    store = Store(100_000)
    store.put("a", entry(10_000), revision=1)
    store.put("a", entry(20_000), revision=1)
    kept = store.get("a")
    assert kept is not None
    for _ in range(2):
        store.add_variant("a", kept, "gzip")
    store.add_variant("b", entry(10), "gzip")
    assert (
        store.size_bytes
        == kept.size_bytes
        == ENTRY_BYTES + 20_000 + len(gzip.compress(b"a" * 20_000, 6, mtime=0))
    )
    store.forget()
    assert (len(store), store.size_bytes) == (0, 0)


def test_what_is_larger_than_the_store_is_not_kept() -> None:
    store = Store(10_000)
    store.put("a", entry(1_000), revision=1)
    assert store.put("b", entry(20_000), revision=1) is False
    assert store.size_bytes == ENTRY_BYTES + 1000 or len(store) == 0
    store.put("c", entry(5_000), revision=1)
    kept = store.get("c")
    assert kept is not None
    store.add_variant("c", kept, "identity")
    assert store.get("c") is None
    assert store.size_bytes == 0


def test_an_older_revision_is_not_kept() -> None:
    store = Store(100_000)
    store.put("for ever", entry(10, ends_at=None), revision=None)
    store.put("old", entry(10), revision=4)
    assert store.put("new", entry(10), revision=5) is True
    assert store.put("late", entry(10), revision=4) is False
    assert [key for key in ("for ever", "old", "new", "late") if store.get(key)] == [
        "for ever",
        "new",
    ]


def test_many_threads_leave_the_count_right() -> None:
    store = Store(40 * (ENTRY_BYTES + 500))

    def work(seed: int) -> None:
        for step in range(300):
            key = (seed * 31 + step * 7) % 90
            found = store.get(key)
            if found is None:
                store.put(key, entry(500), revision=1 + step // 100)
            else:
                store.add_variant(key, found, "gzip")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert store.size_bytes == sum(each.size_bytes for each in store._entries.values())
    assert store.size_bytes <= 40 * (ENTRY_BYTES + 500)


def test_a_page_may_be_found_while_others_are_dropped() -> None:
    store = Store(100_000)

    class Found(Entry):
        """An entry during whose end somebody finds a page."""

        def __getattribute__(self, name: str) -> Any:
            if name == "ends_at":
                store.get("a")
            return super().__getattribute__(name)

    for key in "abc":
        store.put(key, Found([], b"", CLOCK), revision=1)
    store.learn(2)
    assert (len(store), store.size_bytes) == (0, 0)
