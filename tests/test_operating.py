"""docs/operating.md: its configurations for nginx and Caddy, run as they are in front of a site."""

import contextlib
import grp
import gzip
import http.client
import http.server
import itertools
import json
import os
import pwd
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import brotli
import pytest

from tests.cast import ARTICLE, fields
from tests.needs import caddy, nginx
from tests.smtp_server import HOST, unused_port
from tests.test_serving import ROOT, Browser, Site, new_site, wait_for

DOCUMENT = (ROOT / "docs/operating.md").read_text()
SLOW_CLIENTS = 60
PATIENCE_SECONDS = 20


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.M | re.S)
    assert len(found) == 1
    return str(found[0])


def replaced(text: str, parts: dict[str, str]) -> str:
    for old, new in parts.items():
        assert old in text
        text = text.replace(old, new)
    return text


NGINX = """\
user {user};
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{server}
}}
"""


def nginx_command(folder: Path, port: int, site_port: int) -> list[str]:
    server = replaced(
        block("nginx"),
        {
            "/var/cache/nginx/blog": f"{folder}/cache",
            "listen 80;": f"listen {HOST}:{port};",
            "journal.example.org": HOST,
            "127.0.0.1:8000": f"{HOST}:{site_port}",
        },
    )
    (folder / "nginx.conf").write_text(NGINX.format(user=account(), server=server))
    return [nginx(), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]


def account() -> str:
    """Name who runs the tests; nginx's processes may else not enter their folder."""
    account = pwd.getpwuid(os.geteuid())
    return f"{account.pw_name} {grp.getgrgid(account.pw_gid).gr_name}"


def caddy_command(folder: Path, port: int, site_port: int) -> list[str]:
    config = replaced(
        block("caddyfile"),
        {
            "{\n\tservers {": "{\n\tadmin off\n\tservers {",
            "journal.example.org {": f"http://{HOST}:{port} {{",
            "127.0.0.1:8000": f"{HOST}:{site_port}",
        },
    )
    (folder / "Caddyfile").write_text(config)
    return [caddy(), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


COMMANDS: dict[str, Callable[[Path, int, int], list[str]]] = {
    "nginx": nginx_command,
    "caddy": caddy_command,
}


@contextlib.contextmanager
def running_proxy(name: str, folder: Path, site_port: int) -> Iterator[int]:
    """Start a proxy as the document says; gives its port."""
    port = unused_port()
    with running(COMMANDS[name](folder, port, site_port), folder, port):
        yield port


@contextlib.contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Start a server and wait until it listens."""
    with (folder / "log").open("wb") as log:
        own = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=own)
    try:
        wait_for(lambda: _listens(port, process, folder), what=command[0])
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _listens(port: int, process: subprocess.Popen[bytes], folder: Path) -> bool:
    assert process.poll() is None, (folder / "log").read_text()
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection((HOST, port)):
        return True
    return False


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(port: int, path: str = "/", *, method: str = "GET", **headers: str) -> Answer:
    """Send one request; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(
        http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
    ) as connection:
        connection.request(method, path, headers=named)
        got = connection.getresponse()
        return Answer(got.status, got.headers, got.read())


@dataclass
class Front:
    """A proxy and the site behind it."""

    name: str
    port: int
    site: Site

    @property
    def browser(self) -> Browser:
        return Browser(f"http://{HOST}:{self.port}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, content_dir: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with new_site(folder, content_dir, BLOG_TRUSTED_PROXIES="1") as site:
        site.serve("--prepare", "--no-worker")
        yield site


@pytest.fixture(scope="module", params=COMMANDS)
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, site: Site
) -> Iterator[Front]:
    with running_proxy(request.param, tmp_path_factory.mktemp("proxy"), site.port) as port:
        yield Front(request.param, port, site)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Front]:
    """The one of the two that keeps pages."""
    with running_proxy("nginx", tmp_path_factory.mktemp("cache"), site.port) as port:
        yield Front("nginx", port, site)


# What both do


def test_a_page_comes_through(front: Front) -> None:
    answer = ask(front.port, f"/articles/{ARTICLE}")
    assert answer.status == 200
    assert b"Comparing the two" in answer.body
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("accepted", "encoding", "unpacked"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("GZIP", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("brotli, gzip;q=0.000", None, bytes),
    ],
)
def test_a_page_is_packed_as_the_browser_wants_it(
    accepted: str, encoding: str | None, unpacked: Callable[[bytes], bytes], front: Front
) -> None:
    for _ in range(2):
        answer = ask(front.port, f"/articles/{ARTICLE}", Accept_Encoding=accepted)
        assert answer.headers["Content-Encoding"] == encoding
        assert b"Comparing the two" in unpacked(answer.body)


def test_who_comments_sees_it_waiting_and_nobody_else_does(front: Front) -> None:
    path, words = f"/articles/{ARTICLE}", f"Which of them heals faster? ({front.name})"
    mine, other = front.browser, front.browser
    filled = fields(mine.get(path)[1], f"{path}/comments") | {"name": "Zanele", "body": words}
    status, page, where = mine.post(f"{path}/comments", filled)
    assert status == 303, page
    for _ in range(2):
        assert words in mine.get(where)[1]
        assert words in mine.get(path)[1]
        assert words not in other.get(path)[1]


def test_a_form_that_is_too_long_is_refused(front: Front) -> None:
    status, _, _ = front.browser.post("/contact", {"message": "x" * 300_000})
    assert status == 413


def test_slow_clients_stop_nobody(front: Front) -> None:
    head = f"POST /contact HTTP/1.1\r\nHost: {HOST}:{front.port}\r\nContent-Length: 9000\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\n\r\nname="
    with contextlib.ExitStack() as closing:
        for _ in range(SLOW_CLIENTS):
            slow = closing.enter_context(socket.create_connection((HOST, front.port)))
            slow.sendall((head + kind).encode())
        for number in range(20):
            assert ask(front.port, f"/search?q=skin{number}").status == 200
        # More bodies are on their way than the site reads at once, and yet another is taken.
        assert front.browser.post("/contact", {"name": "Lerato"})[0] == 422


@contextlib.contextmanager
def standing_in(answer: Callable[[Message], object], **headers: str) -> Iterator[int]:
    """Answer each request by what is made of its headers; gives the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer(self.headers)).encode()
            self.send_response(200)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    with http.server.ThreadingHTTPServer((HOST, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("name", COMMANDS)
def test_nobody_can_forge_where_she_comes_from(name: str, tmp_path: Path) -> None:
    forged = ["X-Forwarded-For", "X_Forwarded_For", "x_forwarded-for", "X-Forwarded_Proto"]
    lines = "".join(f"{each}: 203.0.113.9\r\n" for each in forged)
    with (
        standing_in(lambda headers: headers.items()) as behind,
        running_proxy(name, tmp_path, behind) as port,
        socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS) as client,
    ):
        own = f"Host: {HOST}:{port}\r\nConnection: close\r\n"
        client.sendall(f"GET / HTTP/1.1\r\n{own}{lines}\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    arrived = json.loads(answer.partition(b"\r\n\r\n")[2])
    about = [(key, value) for key, value in arrived if "forwarded" in key.lower()]
    assert "203.0.113.9" not in answer.decode()
    assert ("X-Forwarded-For", HOST) in about
    assert ("X-Forwarded-Proto", "http") in about
    assert ("Host", f"{HOST}:{port}") in map(tuple, arrived)


# What nginx keeps


def test_the_second_reader_is_answered_from_the_cache(cache: Front) -> None:
    path = "/privacy"
    first, second = ask(cache.port, path), ask(cache.port, path)
    assert [each.headers["X-Cache"] for each in (first, second)] == ["MISS", "HIT"]
    assert first.body == second.body
    known = ask(cache.port, path, If_None_Match=first.headers["ETag"])
    assert (known.status, known.body, known.headers["X-Cache"]) == (304, b"", "HIT")
    head = ask(cache.port, path, method="HEAD")
    assert (head.status, head.body, head.headers["X-Cache"]) == (200, b"", "HIT")


def test_one_page_at_ever_new_addresses_does_not_fill_the_cache(cache: Front) -> None:
    for query in ("whatever=1", "utm_source=1"):
        answers = [ask(cache.port, f"/archive?{query}") for _ in range(2)]
        assert [each.headers["X-Cache"] for each in answers] == ["MISS", "MISS"]
    spelt = [ask(cache.port, "/%61rchive") for _ in range(2)]
    assert [(each.status, each.headers["X-Cache"]) for each in spelt] == [(200, "BYPASS")] * 2


@pytest.mark.parametrize(
    ("cookie", "path"),
    {
        "blog_reader": "/archive/2026",
        "__Host-blog_reader": "/topics/daily-care",
        "blog_session": "/authors/sandra-de-beer",
        "__Host-blog_session": "/feed.json",
    }.items(),
)
def test_what_is_asked_for_with_a_cookie_of_ours_passes_the_cache_by(
    cookie: str, path: str, cache: Front
) -> None:
    for _ in range(2):
        passed = ask(cache.port, path, Cookie=f"theme=dark; {cookie}=x")
        assert passed.headers["X-Cache"] == "BYPASS"
    # Nor was it kept for anybody else.
    assert ask(cache.port, path, Cookie="theme=dark").headers["X-Cache"] == "MISS"


@pytest.mark.parametrize("path", ["/admin/sign-in", "/no-such-page", "/admin/", "/readyz"])
def test_pages_that_are_not_for_anybody_are_not_kept(path: str, cache: Front) -> None:
    for _ in range(2):
        assert ask(cache.port, path).headers["X-Cache"] in (None, "MISS")


def test_each_form_of_a_page_is_kept_by_itself(cache: Front) -> None:
    path = "/topics"
    for accepted in ("text/html", "text/markdown"):
        assert ask(cache.port, path, Accept=accepted).headers["X-Cache"] == "MISS"
        assert ask(cache.port, path, Accept=accepted).headers["X-Cache"] == "HIT"


def test_one_form_of_an_article_is_never_sent_to_who_wants_the_other(cache: Front) -> None:
    wishes = {
        "text/markdown": "text/markdown",
        "text/html, text/markdown;q=0.5": "text/html",
        "text/html;q=0.5, text/markdown;q=0.6": "text/markdown",
        "text/html, text/markdown": "text/markdown",
        "text/html": "text/html",
    }
    for accepted in (*wishes, *reversed(wishes)):
        answer = ask(cache.port, f"/articles/{ARTICLE}", Accept=accepted)
        assert answer.headers.get_content_type() == wishes[accepted], accepted


def test_many_who_ask_for_what_is_not_kept_do_not_wait_for_one_another(cache: Front) -> None:
    for path in (f"/articles/{ARTICLE}/comments/token", "/no-such-page", "/search?q=skin"):
        started_at = time.monotonic()
        with ThreadPoolExecutor(8) as readers:
            list(readers.map(lambda _, path=path: ask(cache.port, path), range(8)))
        assert time.monotonic() - started_at < 1.5, path


def test_a_page_made_anew_is_noticed_though_files_stay_open(tmp_path: Path) -> None:
    numbers = itertools.count(1)
    with (
        standing_in(lambda _: next(numbers), Cache_Control="public, s-maxage=1") as behind,
        running_proxy("nginx", tmp_path, behind) as port,
    ):
        assert ask(port).body == b"1"
        wait_for(lambda: ask(port).body != b"1", what="the page made anew")


def test_readers_do_not_notice_that_the_site_is_away(tmp_path: Path, content_dir: Path) -> None:
    (tmp_path / "proxy").mkdir()
    with new_site(tmp_path, content_dir, BLOG_TRUSTED_PROXIES="1", BLOG_WORKERS="1") as site:
        site.serve("--prepare", "--no-worker")
        with running_proxy("nginx", tmp_path / "proxy", site.port) as port:
            assert ask(port).headers["X-Cache"] == "MISS"
            site.main.terminate()
            site.main.wait(PATIENCE_SECONDS)
            assert ask(port).status == 200
            assert ask(port, f"/articles/{ARTICLE}").status == 502
