"""What is settled before a view runs and after it: hosts, proxies, bytes, bodies, headers."""

import io
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, jsonify, request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from blog import comments, security
from tests.cast import ARTICLE, AUTHOR, Visitor, csrf_token

MakeApp = Callable[..., Flask]
HTTPS = "https://blog.example"
COMMENTS = f"/articles/{ARTICLE}/comments"
KEPT = "Back button still has what you wrote"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


class Slow(io.BytesIO):
    """A body whose bytes arrive when `go` is set."""

    def __init__(self, data: bytes, go: threading.Event) -> None:
        super().__init__(data)
        self.go, self.is_awaited = go, threading.Event()

    def readinto(self, buffer: Any, /) -> int:
        self.is_awaited.set()
        assert self.go.wait(20)
        return super().readinto(buffer)


@pytest.fixture
def broken(make_app: MakeApp) -> MakeApp:
    """Make sites with a view that fails."""

    def make(**settings: str) -> Flask:
        app = make_app(**settings)
        app.add_url_rule("/broken", view_func=lambda: str(1 / 0), methods=["GET", "POST"])
        return app

    return make


def with_stream(
    visitor: Visitor, stream: io.BytesIO, length_bytes: int, **options: str
) -> TestResponse:
    """Post a form whose bytes come from a stream."""
    environ = {
        "REMOTE_ADDR": visitor.address,
        "wsgi.input": stream,
        "CONTENT_LENGTH": str(length_bytes),
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
    }
    return visitor.post("/contact", environ_overrides=environ | options)


def unread(visitor: Visitor, length_bytes: int = 10, **options: str) -> TestResponse:
    """Post a form that must be answered without a look at it."""
    stream = io.BytesIO(b"name=Nomsa")
    answer = with_stream(visitor, stream, length_bytes, **options)
    assert stream.tell() == 0, "the body was read"
    return answer


def stored(app: Flask) -> int:
    with app.app_context():
        return sum(comments.counts().values())


def every_kind_of_answer(app: Flask) -> Iterator[tuple[int, TestResponse]]:
    """Answers of all kinds, with the status each is to have."""
    reader = Visitor(app)
    sheet = reader.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    for status, path in [
        (200, "/"),
        (200, sheet),
        (200, "/livez"),
        (200, "/contact/token"),
        (200, "/admin/sign-in"),
        (301, "/2026/01/winter-skin"),
        (303, "/admin/comments"),
        (308, "/admin"),
        (400, "/search?q=%00"),
        (404, "/nowhere/at/all"),
        (404, "/static/nothing.css"),
        (404, "/api/v1/nothing"),
        (404, "/media/nothing.png"),
        (500, "/broken"),
    ]:
        yield status, reader.get(path)
    yield 303, reader.comment()
    yield 422, reader.post(COMMENTS, {"body": "without a token"})
    yield 403, reader.post(COMMENTS, {"name": "Nomsa"}, headers=FOREIGN[0])
    yield 405, reader.post("/", {"name": "Nomsa"})
    yield 411, reader.post("/contact", headers={"Transfer-Encoding": "chunked"})
    yield 413, unread(reader, security.BODY_MAX_BYTES + 1)
    yield 500, reader.post("/broken", {"name": "Nomsa"})
    yield 400, reader.client.get("/", base_url="http://elsewhere.example")
    yield 200, reader.client.head("/", base_url=reader.base)
    yield 200, reader.client.options("/", base_url=reader.base)
    for _ in range(10):
        last = reader.post(COMMENTS, {"body": "again and again"})
    yield 429, last


def test_every_answer_carries_every_header(broken: MakeApp) -> None:
    for status, answer in every_kind_of_answer(broken()):
        place = f"{answer.request.method} {answer.request.path}"
        assert answer.status_code == status, place
        is_api = answer.request.path.startswith("/api/")
        # What anybody may read, a front end on another site may, too.
        shared = {"Cross-Origin-Resource-Policy": "cross-origin"} if is_api else {}
        for name, value in (HEADERS | shared).items():
            assert answer.headers.getlist(name) == [value], f"{name} of {status} at {place}"
        for feature in ("camera=()", "microphone=()", "geolocation=()"):
            assert feature in answer.headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in answer.headers, place
        assert answer.headers.getlist("Cache-Control"), place


@pytest.mark.parametrize(
    ("hsts", "said"),
    [("", "max-age=63072000"), ("preload", "max-age=63072000; includeSubDomains; preload")],
)
def test_on_https_every_answer_asks_for_https_and_for_other_hosts_only_when_told_so(
    broken: MakeApp, hsts: str, said: str
) -> None:
    for status, answer in every_kind_of_answer(broken(site_url=HTTPS, hsts=hsts)):
        if status != 400 or answer.request.host == "blog.example":
            assert answer.status_code == status
        assert answer.headers.getlist("Strict-Transport-Security") == [said], answer.request.path


def test_an_answer_that_says_nothing_of_keeping_is_not_kept(app: Flask, reader: Visitor) -> None:
    assert reader.get("/livez").headers["Cache-Control"] == "no-store"
    assert reader.get("/nowhere/at/all").headers["Cache-Control"] == "no-store"
    assert "s-maxage" in reader.get("/").headers["Cache-Control"]


def session_cookie(answer: TestResponse) -> str:
    return next(c for c in answer.headers.getlist("Set-Cookie") if "blog_session" in c)


def test_on_http_cookies_are_kept_from_scripts_and_other_sites(reader: Visitor) -> None:
    cookie = session_cookie(reader.get("/admin/sign-in"))
    assert cookie.startswith("blog_session=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


@pytest.mark.parametrize(
    ("base", "settings", "headers"),
    [
        (HTTPS, {}, {}),
        ("http://blog.example", {}, {}),
        ("http://blog.example", {"trusted_proxies": "1"}, {"X-Forwarded-Proto": "https"}),
    ],
)
def test_on_https_cookies_belong_to_this_host_alone_however_the_request_came(
    make_app: MakeApp, base: str, settings: dict[str, str], headers: dict[str, str]
) -> None:
    visitor = Visitor(make_app(site_url=HTTPS, **settings), base=base)
    cookie = session_cookie(visitor.get("/admin/sign-in", headers=headers))
    assert cookie.startswith("__Host-blog_session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_one_can_sign_in_behind_a_proxy_that_ends_tls(make_app: MakeApp) -> None:
    app = make_app(site_url=HTTPS, trusted_proxies="1")
    visitor = Visitor(app, base=HTTPS)
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    token = csrf_token(visitor.get("/admin/sign-in", headers=proxied).text)
    typed = {"email": AUTHOR.email, "password": AUTHOR.password, "csrf_token": token}
    answer = visitor.post("/admin/sign-in", typed, headers=proxied | {"Origin": HTTPS})
    assert answer.status_code == 303
    assert visitor.get("/admin/", headers=proxied).status_code == 200


# Hosts and proxies


def at_host(app: Flask, host: str) -> TestResponse:
    return app.test_client().get("/contact/token", headers={"Host": host})


def test_a_local_site_answers_to_the_names_of_this_machine(app: Flask) -> None:
    for host in ("127.0.0.1:8000", "localhost:8000", "localhost", "LOCALHOST"):
        assert at_host(app, host).status_code == 200, host


def test_a_supervisor_may_ask_at_the_machines_own_address(make_app: MakeApp) -> None:
    client = make_app(site_url=HTTPS).test_client()
    for path in ("/livez", "/readyz"):
        for host in ("127.0.0.1:8000", "10.0.0.7", "[::1]:8000"):
            assert client.get(path, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/static/x.css", "/api/v1/articles", "/nowhere"])
def test_a_host_that_is_not_the_sites_is_refused_everywhere(make_app: MakeApp, path: str) -> None:
    app = make_app(site_url=HTTPS)
    for host in (
        "evil.example",
        "127.0.0.1",
        "blog.example.evil.example",
        "evil.example:blog.example",
        "blog.example@evil.example",
        "blog.example, evil.example",
        "[blog.example]",
        "blog.example:x",
        "a b",
        "",
    ):
        answer = app.test_client().get(path, headers={"Host": host})
        assert answer.status_code == 400, host
        assert "This site is at https://blog.example" in answer.text
        assert "evil" not in answer.text
    assert at_host(app, "blog.example").status_code == 200
    assert at_host(app, "BLOG.example:8443").status_code == 200


def test_a_refused_host_gets_a_page_and_can_post_nothing(app: Flask, reader: Visitor) -> None:
    typed = reader.form(f"/articles/{ARTICLE}", COMMENTS) | {"name": "Nomsa", "body": "Hello"}
    answer = reader.client.post(COMMENTS, data=typed, base_url="http://evil.example")
    assert answer.status_code == 400
    assert "<h1" in answer.text
    assert KEPT in answer.text
    assert stored(app) == 0


@pytest.fixture
def mirror(make_app: MakeApp) -> MakeApp:
    """Make sites with a view that says whom it sees."""

    def make(**settings: str) -> Flask:
        app = make_app(**settings)
        app.add_url_rule(
            "/mirror",
            view_func=lambda: jsonify(
                [request.remote_addr, request.scheme, request.host, request.root_path]
            ),
        )
        return app

    return make


@pytest.mark.parametrize(
    ("proxies", "forwarded_for", "seen"),
    [
        ("0", "203.0.113.9", "192.0.2.1"),
        ("1", "203.0.113.9", "203.0.113.9"),
        ("1", "10.0.0.1, 127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("2", "10.0.0.1, 203.0.113.9, 198.51.100.1", "203.0.113.9"),
        ("2", "198.51.100.1", "192.0.2.1"),
        ("1", "", "192.0.2.1"),
    ],
)
def test_a_forwarded_address_counts_by_the_hops_that_are_trusted(
    mirror: MakeApp, proxies: str, forwarded_for: str, seen: str
) -> None:
    visitor = Visitor(mirror(trusted_proxies=proxies))
    answer = visitor.get("/mirror", headers={"X-Forwarded-For": forwarded_for})
    assert answer.get_json()[0] == seen


def test_other_forwarded_headers_never_count(mirror: MakeApp) -> None:
    spoofed = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "99",
        "X-Forwarded-Prefix": "/evil",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9;host=evil.example;proto=https",
        "X-Original-URL": "/admin/",
        "X-HTTP-Method-Override": "POST",
    }
    for proxies in ("0", "1"):
        visitor = Visitor(mirror(trusted_proxies=proxies))
        answer = visitor.get("/mirror", headers=spoofed)
        assert answer.json == ["192.0.2.1", "http", "127.0.0.1:8000", ""]


def test_the_scheme_is_the_proxys_to_tell_only_where_it_is_trusted(mirror: MakeApp) -> None:
    told = {"X-Forwarded-Proto": "https"}
    assert Visitor(mirror()).get("/mirror", headers=told).get_json()[1] == "http"
    assert (
        Visitor(mirror(trusted_proxies="1")).get("/mirror", headers=told).get_json()[1] == "https"
    )
    spoofed = {"X-Forwarded-Proto": "https, http"}
    assert (
        Visitor(mirror(trusted_proxies="1")).get("/mirror", headers=spoofed).get_json()[1] == "http"
    )


@pytest.mark.parametrize("path", ["/admin", "//admin", "//evil.example/admin", "/admin//?next=//e"])
def test_a_redirect_of_the_framework_stays_on_this_site_and_its_scheme(
    make_app: MakeApp, path: str
) -> None:
    raw, _, query = path.partition("?")
    answer = (
        make_app(site_url=HTTPS)
        .test_client()
        .get(
            "/",
            base_url="http://blog.example",
            environ_overrides={"PATH_INFO": raw, "QUERY_STRING": query},
        )
    )
    assert answer.status_code in (308, 404)
    assert answer.location in (None, "/admin/", f"/admin/?{query}")


# Bytes that are no text


@pytest.mark.parametrize(
    "bad", ["/\x00", "/articles/a\xff", "/\xc0\x80", "/\xed\xa0\x80", "/a\xc3"]
)
def test_a_path_that_is_no_text_is_a_page_that_says_so(reader: Visitor, bad: str) -> None:
    answer = reader.get("/", environ_overrides={"PATH_INFO": bad})
    assert answer.status_code == 400
    assert "The address holds" in answer.text
    assert "<h1" in answer.text


@pytest.mark.parametrize("bad", ["\r\nSet-Cookie: a=b", "\n", "\t", "\x1b[31m", "\x7f"])
def test_a_control_character_in_a_path_is_refused_and_reaches_no_header(
    reader: Visitor, bad: str
) -> None:
    for path in ("/admin/enquiries/", "/articles/", "/static/", "/"):
        answer = reader.get("/", environ_overrides={"PATH_INFO": path + bad})
        assert answer.status_code == 400
        assert "a control character" in answer.text


@pytest.mark.parametrize("query", ["q=%00", "q=%ff", "%ff=1", "q=\xff", "q=%C0%80", "q=%ed%a0%80"])
def test_a_query_that_is_no_text_is_a_page_that_says_so(reader: Visitor, query: str) -> None:
    for path in ("/search", "/static/style.css", "/api/v1/articles", "/"):
        answer = reader.get("/", environ_overrides={"PATH_INFO": path, "QUERY_STRING": query})
        assert answer.status_code == 400, path
        assert "The address holds" in answer.text


@pytest.mark.parametrize(
    "query", ["q=%zz", "q=%", "q=caf%C3%A9", "q=caf\xc3\xa9", "q=%2500", "&&=;"]
)
def test_a_query_that_is_only_odd_is_answered(reader: Visitor, query: str) -> None:
    answer = reader.get("/", environ_overrides={"PATH_INFO": "/search", "QUERY_STRING": query})
    assert answer.status_code == 200


def test_an_address_or_a_header_of_any_length_is_answered(reader: Visitor) -> None:
    long = "x" * 60_000
    assert reader.get(f"/{long}").status_code == 404
    assert reader.get(f"/articles/{long}").status_code == 404
    assert reader.get(f"/search?q={long}").status_code == 400
    assert reader.get("/search?" + "a&" * 30_000).status_code == 200
    assert reader.get("/", headers={"Accept-Language": long, "User-Agent": long}).status_code == 200
    assert reader.get("/", headers={"Cookie": f"blog_reader={long}; {long}"}).status_code == 200


@pytest.mark.parametrize(
    "cookie",
    [
        "blog_reader=\xff\xfe",
        "blog_reader=%00",
        "blog_reader=",
        "blog_session=a.b.c",
        "blog_session=\xff.\xff.\xff",
        'blog_session=".eJw"; =; ;;',
    ],
)
def test_a_cookie_that_is_not_ours_is_worth_nothing(reader: Visitor, cookie: str) -> None:
    for path in ("/", f"/articles/{ARTICLE}", "/contact"):
        answer = reader.get(path, environ_overrides={"HTTP_COOKIE": cookie})
        assert answer.status_code == 200
    answer = reader.get("/admin/", environ_overrides={"HTTP_COOKIE": cookie})
    assert answer.location.startswith("/admin/sign-in")


def in_parts(fields: dict[str, bytes]) -> tuple[bytes, str]:
    """Write fields as multipart/form-data."""
    head = b'--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    parts = [head % (name.encode(), value) for name, value in fields.items()]
    return b"".join([*parts, b"--edge--\r\n"]), "multipart/form-data; boundary=edge"


def post_bytes(visitor: Visitor, fields: dict[str, bytes], kind: str) -> TestResponse:
    if kind == "parts":
        data, content_type = in_parts(fields)
    else:
        data, content_type = urlencode(fields).encode(), "application/x-www-form-urlencoded"
    return visitor.post(COMMENTS, data, content_type=content_type)


@pytest.mark.parametrize("kind", ["parts", "urlencoded"])
def test_a_form_that_is_no_text_is_refused_with_a_page_and_stores_nothing(
    app: Flask, reader: Visitor, kind: str
) -> None:
    form = reader.form(f"/articles/{ARTICLE}", COMMENTS)
    good = {name: value.encode() for name, value in form.items()} | {"name": b"Nomsa"}
    for bad in (b"\xff\xfe", b"\xed\xa0\x80"):
        answer = post_bytes(reader, good | {"body": bad}, kind)
        assert answer.status_code == 400
        assert "The form holds" in answer.text
        assert KEPT in answer.text
    assert stored(app) == 0
    assert post_bytes(reader, good | {"body": "café 🌸".encode()}, kind).status_code == 303


@pytest.mark.parametrize("kind", ["parts", "urlencoded"])
def test_a_form_with_a_nul_is_given_back_without_it(app: Flask, reader: Visitor, kind: str) -> None:
    form = reader.form(f"/articles/{ARTICLE}", COMMENTS)
    good = {name: value.encode() for name, value in form.items()} | {"name": b"Nomsa"}
    answer = post_bytes(reader, good | {"body": b"Not \x00nothing"}, kind)
    assert answer.status_code == 422
    assert "a NUL character" in answer.text
    for typed in ("Nomsa", "Not nothing"):
        assert f'value="{typed}"' in answer.text
    assert post_bytes(reader, good | {"\x00": b"x", "body": b"Hello"}, kind).status_code == 422
    assert stored(app) == 0


def test_raw_bytes_in_an_urlencoded_form_are_looked_at_too(reader: Visitor) -> None:
    for data in (b"body=\xff", b"body=%c3"):
        kind = "application/x-www-form-urlencoded; charset=latin-1"
        assert reader.post(COMMENTS, data, content_type=kind).status_code == 400


# Bodies


def test_a_form_past_the_limit_is_refused_unread_and_the_page_says_that_back_keeps_the_text(
    reader: Visitor,
) -> None:
    answer = unread(reader, security.BODY_MAX_BYTES + 1)
    assert answer.status_code == 413
    assert "too long" in answer.text
    assert KEPT in answer.text
    huge = unread(reader, 10**15)
    assert huge.status_code == 413


def test_a_form_of_the_limits_length_is_read(reader: Visitor) -> None:
    data = b"message=" + b"x" * (security.BODY_MAX_BYTES - len(b"message="))
    assert with_stream(reader, io.BytesIO(data), len(data)).status_code == 422


@pytest.mark.parametrize("length", ["", "20"])
@pytest.mark.parametrize("coding", ["chunked", "Chunked", "gzip, chunked", "identity", " "])
def test_a_form_without_a_length_is_refused_unread(
    reader: Visitor, coding: str, length: str
) -> None:
    told = {"wsgi.input_terminated": "yes", "HTTP_TRANSFER_ENCODING": coding}
    answer = unread(reader, 10, CONTENT_LENGTH=length, **told)
    assert answer.status_code == 411
    assert KEPT in answer.text


def test_a_form_that_names_no_length_at_all_is_refused(reader: Visitor) -> None:
    for method in ("POST", "PUT", "PATCH"):
        answer = unread(reader, CONTENT_LENGTH="", REQUEST_METHOD=method)
        assert answer.status_code == 411, method


@pytest.mark.parametrize("is_terminated", [True, False])
def test_a_form_cut_short_by_a_broken_connection_is_not_taken_for_a_whole_one(
    app: Flask, reader: Visitor, is_terminated: bool
) -> None:
    form = reader.form(f"/articles/{ARTICLE}", COMMENTS) | {"name": "Nomsa"}
    data = urlencode(form | {"body": "I would never say that it hurts"}).encode()
    stream = io.BytesIO(data.removesuffix(b"+that+it+hurts"))
    told = {"wsgi.input_terminated": "yes"} if is_terminated else {}
    answer = with_stream(reader, stream, len(data), PATH_INFO=COMMENTS, **told)
    assert answer.status_code == 400
    assert KEPT in answer.text
    assert stored(app) == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/xml", "x", ""])
def test_what_is_no_form_is_refused_unread(reader: Visitor, kind: str) -> None:
    for path in ("/contact", COMMENTS, "/admin/sign-in"):
        answer = unread(reader, CONTENT_TYPE=kind, PATH_INFO=path)
        assert answer.status_code == 415
        assert KEPT in answer.text


def test_a_form_takes_no_files(app: Flask, reader: Visitor) -> None:
    form = reader.form(f"/articles/{ARTICLE}", COMMENTS) | {"name": "Nomsa", "body": "Hello"}
    upload = {"body": (io.BytesIO(b"Hello"), "a.txt")}
    answer = reader.post(COMMENTS, form | upload, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert "take no files" in answer.text
    assert KEPT in answer.text
    assert stored(app) == 0


def test_a_form_of_very_many_parts_is_refused_wherever_it_is_sent(reader: Visitor) -> None:
    data, kind = in_parts({f"field-{number}": b"x" for number in range(60)})
    for path in ("/contact", COMMENTS, "/", "/nowhere/at/all", "/admin/sign-in"):
        answer = reader.post(path, data, content_type=kind)
        assert answer.status_code == 413, path
        assert KEPT in answer.text


@contextmanager
def slow_posts(app: Flask, count: int) -> Iterator[list[TestResponse]]:
    """Have forms on their way while a block runs; gives the list their answers will be in."""
    go, answers = threading.Event(), list[TestResponse]()
    bodies = [Slow(b"name=Nomsa", go) for _ in range(count)]
    visitors = [Visitor(app, address=f"192.0.2.{100 + n}") for n in range(count)]

    def post(visitor: Visitor, body: Slow) -> None:
        answers.append(with_stream(visitor, body, 10, HTTP_SEC_FETCH_SITE="cross-site"))

    threads = [
        threading.Thread(target=post, args=pair) for pair in zip(visitors, bodies, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        for body in bodies:
            assert body.is_awaited.wait(20)
        yield answers
    finally:
        go.set()
        for thread in threads:
            thread.join()


def test_while_half_of_the_threads_wait_for_forms_others_are_refused_at_once_and_readers_are_not(
    app: Flask, reader: Visitor
) -> None:
    with slow_posts(app, security.THREADS // 2) as answers:
        for origin in ("same-origin", "cross-site"):
            refused = unread(reader, HTTP_SEC_FETCH_SITE=origin)
            assert refused.status_code == 503
            assert refused.headers["Retry-After"] == "5"
            assert KEPT in refused.text
        for path in ("/", f"/articles/{ARTICLE}", "/contact", "/livez"):
            assert reader.get(path).status_code == 200
        assert answers == []
    assert [answer.status_code for answer in answers] == [403] * 4
    assert reader.post("/contact", {"name": "Nomsa"}).status_code == 422


def test_with_fewer_slow_forms_another_is_taken(app: Flask, reader: Visitor) -> None:
    with slow_posts(app, security.THREADS // 2 - 1):
        assert reader.post("/contact", {"name": "Nomsa"}).status_code == 422


def test_a_broken_connection_gives_its_place_back(reader: Visitor) -> None:
    class Broken(io.BytesIO):
        def readinto(self, buffer: Any, /) -> int:
            raise ConnectionResetError

    for _ in range(security.THREADS):
        assert with_stream(reader, Broken(), 10).status_code == 400
    assert reader.post("/contact", {"name": "Nomsa"}).status_code == 422


# Methods


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "FOO"])
def test_a_method_that_a_page_does_not_know_is_refused_with_those_it_does(
    reader: Visitor, method: str
) -> None:
    typed = {"name": "Nomsa"} if method in ("POST", "PUT", "PATCH") else None
    for path in ("/", f"/articles/{ARTICLE}", "/search", "/livez"):
        answer = reader.client.open(path, method=method, base_url=reader.base, data=typed)
        assert answer.status_code == 405, path
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        assert "<h1" in answer.text


def test_a_form_is_not_sent_by_looking(app: Flask, reader: Visitor) -> None:
    answer = reader.get(COMMENTS)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    typed = reader.form(f"/articles/{ARTICLE}", COMMENTS) | {"name": "Nomsa", "body": "Hello"}
    assert reader.get(f"{COMMENTS}?{urlencode(typed)}").status_code == 405
    assert stored(app) == 0


def test_the_body_of_a_request_that_only_looks_is_never_read(reader: Visitor) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
        assert unread(reader, REQUEST_METHOD=method).status_code in (200, 405)


# Other sites

OWN = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "anything else"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://["},
    {"Origin": "127.0.0.1:8000"},
    {"Origin": "https://127.0.0.1:8000"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Origin": "http://127.0.0.1:8000.elsewhere.example"},
    {"Origin": "http://elsewhere.example@127.0.0.1:8000"},
    {"Origin": "http://127.0.0.1:8000 https://elsewhere.example"},
]


def comment_with(reader: Visitor, headers: dict[str, str], body: str = "Hello") -> TestResponse:
    typed = reader.form(f"/articles/{ARTICLE}", COMMENTS) | {"name": "Nomsa", "body": body}
    return reader.post(COMMENTS, typed, headers=headers)


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_a_form_sent_from_this_site_is_taken(
    app: Flask, reader: Visitor, headers: dict[str, str]
) -> None:
    assert comment_with(reader, headers).status_code == 303
    assert stored(app) == 1


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_form_sent_from_another_site_stores_nothing_and_what_was_typed_is_shown(
    app: Flask, reader: Visitor, headers: dict[str, str]
) -> None:
    answer = comment_with(reader, headers, "A long <b>question</b>")
    assert answer.status_code == 403
    assert "sent from another site" in answer.text
    assert "A long &lt;b&gt;question&lt;/b&gt;" in answer.text
    assert "Try again" not in answer.text
    assert stored(app) == 0


def test_no_door_opens_to_another_site(app: Flask, author: Visitor) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert len(rules) > 10
    for rule in rules:
        # Of words to choose from, the first.
        chosen = {name: word for word, name in re.findall(r"any\((\w+)[^>]*\):(\w+)", rule.rule)}
        words = dict.fromkeys(rule.arguments, "1") | chosen
        built = rule.build(words, append_unknown=False)
        assert built
        answer = author.post(built[1], {"verb": "approve"}, headers=FOREIGN[0])
        assert answer.status_code == 403, rule
    assert author.get("/admin/").status_code == 200


def test_a_local_site_takes_forms_under_any_name_of_this_machine(app: Flask) -> None:
    visitor = Visitor(app, base="http://localhost:8000")
    assert comment_with(visitor, {"Origin": "http://localhost:8000"}).status_code == 303
    assert comment_with(visitor, {"Origin": "http://localhost:9999"}).status_code == 403


def test_a_public_site_takes_forms_from_its_own_address_alone(make_app: MakeApp) -> None:
    app = make_app(site_url=HTTPS)
    behind_proxy = Visitor(app, base="http://blog.example")
    behind_proxy.client.set_cookie("unused", "so that the jar is not empty", domain="blog.example")
    assert comment_with(behind_proxy, {"Origin": HTTPS}).status_code == 303
    for origin in ("http://blog.example", "https://blog.example:444", "https://www.blog.example"):
        assert comment_with(behind_proxy, {"Origin": origin}).status_code == 403, origin


# Anything at all

RAW = st.text(st.characters(max_codepoint=255), max_size=40)
PATHS = st.sampled_from(
    ["/{}", "/articles/{}", f"{COMMENTS}/{{}}", "/admin/{}", "/static/{}", "/api/{}"]
)
TYPES = st.sampled_from(
    [
        "application/x-www-form-urlencoded; charset=utf-7",
        "multipart/form-data; boundary=edge; charset=utf-16",
        "multipart/form-data",
        "application/json",
    ]
)
PART = st.builds(
    '--edge\r\nContent-Disposition: form-data; name="body"{}\r\n{}\r\n\r\n{}\r\n'.format,
    RAW,
    RAW,
    RAW,
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    path=st.builds(str.format, PATHS, RAW)
    | st.sampled_from([COMMENTS, "/contact", "/admin/sign-in"]),
    query=RAW,
    body=RAW | st.lists(PART, max_size=4).map("".join),
    kind=TYPES | RAW,
    cookie=RAW,
    origin=st.none() | RAW,
    method=st.sampled_from(["GET", "POST", "PUT"]),
    client=st.integers(1, 2**24),
)
def test_whatever_is_sent_there_is_an_answer_with_every_header(
    app: Flask,
    path: str,
    query: str,
    body: str,
    kind: str,
    cookie: str,
    origin: str | None,
    method: str,
    client: int,
) -> None:
    data = body.encode("latin-1")
    environ = {
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_COOKIE": f"blog_reader={cookie}; blog_session={cookie}",
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": io.BytesIO(data),
        "REQUEST_METHOD": method,
        "REMOTE_ADDR": f"10.{client >> 16}.{client >> 8 & 255}.{client & 255}",
    } | ({} if origin is None else {"HTTP_ORIGIN": origin})
    answer = Visitor(app).get("/", environ_overrides=environ)
    assert answer.status_code < 500
    assert HEADERS.items() <= dict(answer.headers).items()
