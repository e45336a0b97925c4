"""The site as it is started in earnest: `blog serve` and `blog worker`, and how they end."""

import contextlib
import http.client
import http.cookiejar
import multiprocessing
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from blog.cli import serving
from tests.cast import ARTICLE, AUTHOR, csrf_token, fields
from tests.needs import need
from tests.smtp_server import HOST, MailServer, unused_port

ROOT = Path(__file__).parent.parent
BLOG = Path(sys.executable).with_name("blog")
DEADLINE_SECONDS = 60


def wait_for(condition: Callable[[], Any], *, what: str) -> Any:
    """Return the first answer that is true; look often, and not for ever."""
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    pause = threading.Event()
    while not (answer := condition()):
        assert time.monotonic() < give_up_at, f"waited too long for {what}"
        pause.wait(0.02)
    return answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Browser:
    """A browser with cookies, which follows no redirect by itself."""

    def __init__(self, address: str) -> None:
        self.address = address
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar, _NoRedirect)

    def get(self, path: str) -> tuple[int, str, str]:
        """Answer with the status, the text and where it leads."""
        return self._open(urllib.request.Request(urllib.parse.urljoin(self.address, path)))

    def post(self, path: str, data: dict[str, str]) -> tuple[int, str, str]:
        """Send a form, as the page that holds it would."""
        body = urllib.parse.urlencode(data).encode()
        own = {"Origin": self.address}
        url = urllib.parse.urljoin(self.address, path)
        return self._open(urllib.request.Request(url, body, own))

    def _open(self, request: urllib.request.Request) -> tuple[int, str, str]:
        try:
            answer = self._opener.open(request, timeout=DEADLINE_SECONDS)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.read().decode(), answer.headers.get("Location", "")


@dataclass
class Site:
    """A site of our own, whose processes are told by the name of its instance folder."""

    instance: Path
    environ: dict[str, str]
    folder: Path = ROOT
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.environ["PORT"])

    @property
    def address(self) -> str:
        return f"http://{self.environ.get('HOST', HOST)}:{self.port}"

    @property
    def out(self) -> str:
        return (self.instance.parent / "out").read_text()

    @property
    def err(self) -> str:
        return (self.instance.parent / "err").read_text()

    @property
    def main(self) -> subprocess.Popen[bytes]:
        return self.started[-1]

    @property
    def browser(self) -> Browser:
        return Browser(self.address)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Type a command and leave it running."""
        with (
            (self.instance.parent / "out").open("wb") as out,
            (self.instance.parent / "err").open("wb") as err,
        ):
            process = subprocess.Popen(
                [BLOG, *arguments],
                env=self.environ,
                cwd=self.folder,
                stdout=out,
                stderr=err,
                process_group=0,
            )
        self.started.append(process)
        return process

    def serve(self, *arguments: str) -> None:
        """Start the site, and wait until it answers and its mail worker is there."""
        self.start("serve", *arguments)
        wait_for(self.answers, what="the first page")
        if "--no-worker" not in arguments:
            wait_for(self.mail_workers, what="the mail worker")

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Type a command and wait for its end."""
        code = self.start(*arguments).wait(DEADLINE_SECONDS)
        return code, self.out, self.err

    def answers(self) -> bool:
        """Tell whether the site shows its first page; it must not have ended."""
        assert self.main.poll() is None, self.err
        try:
            return self.browser.get("/")[0] == 200
        except OSError:
            return False

    def processes(self) -> dict[int, str]:
        """Find all our processes that live, with their names; whoever started them."""
        mark = f"BLOG_INSTANCE_DIR={self.instance}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            # Any of them may end while it is looked at.
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "comm").read_text().strip()
        return found

    def mail_workers(self) -> list[int]:
        return [each for each, name in self.processes().items() if name == "blog worker"]

    def web_processes(self) -> list[int]:
        return [each for each, name in self.processes().items() if name == "blog web"]

    def end(self, number: signal.Signals) -> int:
        """Ask the site to end; returns its exit code once nothing of it is left."""
        if number == signal.SIGINT:
            # A terminal sends Ctrl-C to all of the group.
            os.killpg(self.main.pid, number)
        else:
            self.main.send_signal(number)
        code: int = self.main.wait(DEADLINE_SECONDS)
        assert self.processes() == {}
        with socket.create_server((HOST, self.port)):
            return code

    def clear(self) -> None:
        """End what still runs."""
        for process in self.started:
            process.terminate()
            process.wait(DEADLINE_SECONDS)


@contextlib.contextmanager
def new_site(folder: Path, content: Path, **settings: str) -> Iterator[Site]:
    """A site that has nothing yet, in an environment with nothing else in it."""
    need("/proc" if Path("/proc/self/environ").exists() else None, "Linux and its /proc are needed")
    instance = folder / "instance"
    measuring = {name: value for name, value in os.environ.items() if "COVERAGE" in name}
    own = {
        "PATH": os.defpath,
        "PORT": str(unused_port()),
        "BLOG_INSTANCE_DIR": str(instance),
        "BLOG_CONTENT_DIR": str(content),
        "BLOG_WORKERS": "2",
    }
    site = Site(instance, measuring | own | settings)
    try:
        yield site
    finally:
        site.clear()


@pytest.fixture
def site(tmp_path: Path, content_dir: Path) -> Iterator[Site]:
    with new_site(tmp_path, content_dir) as site:
        yield site


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, content_dir: Path) -> Iterator[Site]:
    """A site that runs; what a test does to it must not matter to another."""
    with new_site(tmp_path_factory.mktemp("running"), content_dir) as site:
        site.serve("--prepare")
        yield site


# The first start


def test_the_first_start_says_what_is_served_where_and_what_to_do(running: Site) -> None:
    title, mail, first, stop = running.out.splitlines()
    assert title == f"The Skin Journal is at {running.address}"
    assert mail == f"No mail server is set: mail is written to {running.instance}/mail/"
    start = "First, choose a password (this link works once, for a day): "
    assert re.fullmatch(rf"{re.escape(start + running.address)}/admin/set-up\?token=\S+", first)
    assert stop == "Ctrl-C stops it."


def test_the_first_start_makes_what_only_the_owner_may_read(running: Site) -> None:
    for name in ("secret_key", "blog.db"):
        assert stat.S_IMODE((running.instance / name).stat().st_mode) == 0o600


def test_the_first_start_reads_the_words(running: Site) -> None:
    status, page, _ = running.browser.get(f"/articles/{ARTICLE}")
    assert status == 200
    assert "Comparing the two" in page


def test_as_many_web_processes_run_as_are_set(running: Site) -> None:
    wait_for(lambda: len(running.web_processes()) == 2, what="two web processes")


def test_the_process_that_started_them_all_keeps_no_database_open(running: Site) -> None:
    descriptors = Path(f"/proc/{running.main.pid}/fd").iterdir()
    files = [str(descriptor.readlink()) for descriptor in descriptors]
    assert files
    assert not [name for name in files if "blog.db" in name]


def check_that_enquiries_arrive(site: Site) -> None:
    browser, folder = site.browser, site.instance / "mail"
    known = set(folder.glob("*.eml"))
    filled = fields(browser.get("/contact")[1], "/contact") | {
        "name": "Lerato",
        "email": "lerato@reader.example",
        "topic": "Microneedling",
        "message": f"May I book for Tuesday? {len(known)}",
        "consent": "y",
    }
    status, page, _ = browser.post("/contact", filled)
    assert status == 303, page

    (path,) = wait_for(lambda: set(folder.glob("*.eml")) - known, what="the mail")
    text = path.read_text()
    assert "To: hello@clinic.example" in text
    assert "May I book for Tuesday?" in text


def test_a_posted_enquiry_becomes_a_mail(running: Site) -> None:
    check_that_enquiries_arrive(running)


def test_a_mail_worker_that_was_killed_is_replaced(running: Site) -> None:
    (first,) = running.mail_workers()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: set(running.mail_workers()) - {first}, what="another mail worker")
    assert "The mail worker ended (-9) and is started again.\n" in running.err
    check_that_enquiries_arrive(running)


def test_a_site_whose_server_was_killed_ends_and_says_so(site: Site) -> None:
    site.serve("--prepare")
    (server,) = (each for each, name in site.processes().items() if name == "blog server")
    os.kill(server, signal.SIGKILL)
    assert site.main.wait(DEADLINE_SECONDS) == 1
    assert site.err.endswith("Error: The server ended by itself (-9).\n")
    wait_for(lambda: site.processes() == {}, what="the end of all processes")


def test_a_web_process_that_was_killed_is_replaced(running: Site) -> None:
    wait_for(lambda: len(running.web_processes()) == 2, what="two web processes")
    before = set(running.web_processes())
    os.kill(min(before), signal.SIGKILL)
    wait_for(lambda: len(set(running.web_processes()) - before) == 1, what="another process")
    wait_for(running.answers, what="the first page")


# Set-up, the end, and the next start


def set_up_path(site: Site) -> str:
    found = re.search(r"/admin/set-up\?token=\S+", site.out)
    assert found
    return found[0]


def test_the_set_up_link_works_once_and_the_next_start_has_none(site: Site) -> None:
    site.serve("--prepare")
    link = set_up_path(site)
    browser, other = site.browser, site.browser
    typed = {"name": AUTHOR.name, "email": AUTHOR.email, "password": AUTHOR.password}
    status, page, _ = browser.get(link)
    late = csrf_token(other.get(link)[1])
    assert status == 200
    assert browser.post(link, {"csrf_token": csrf_token(page)} | typed)[::2] == (303, "/admin/")
    assert browser.get("/admin/")[0] == 200

    assert other.get(link)[::2] == (303, "/admin/sign-in")
    assert other.post(link, {"csrf_token": late} | typed)[::2] == (303, "/admin/sign-in")
    assert other.get("/admin/")[0] == 303
    assert site.end(signal.SIGTERM) == 0
    assert site.err == ""

    site.serve()
    assert f"Review comments and read enquiries at {site.address}/admin/" in site.out
    assert "set-up" not in site.out
    page = other.get("/admin/sign-in")[1]
    signed = {"csrf_token": csrf_token(page), "email": AUTHOR.email, "password": AUTHOR.password}
    assert other.post("/admin/sign-in", signed)[::2] == (303, "/admin/")
    assert site.end(signal.SIGINT) == 0
    assert site.err == ""


def test_host_and_port_are_respected(tmp_path: Path, content_dir: Path) -> None:
    with new_site(tmp_path, content_dir, HOST="127.0.0.2") as site:
        site.folder = tmp_path
        site.serve("--prepare", "--no-worker")
        assert f" is at http://127.0.0.2:{site.port}\n" in site.out
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, site.port))
        assert site.mail_workers() == []


def test_a_name_will_do_for_host_and_a_broken_file_stops_nothing(
    tmp_path: Path, own_content: Path
) -> None:
    (own_content / "articles/sun.md").write_text("---\ntitle: Sun\ndate: soon\n---\nText.\n")
    with (
        MailServer() as server,
        new_site(
            tmp_path,
            own_content,
            HOST="localhost",
            BLOG_SMTP_URL=f"smtp://{HOST}:{server.port}",
            BLOG_WORKERS="1",
        ) as site,
    ):
        site.serve("--prepare")
        assert re.match(r"error: articles/sun\.md:3:7: ", site.err)
        assert "No mail server" not in site.out


def test_a_public_site_behind_a_proxy_is_told_to_trust_it(site: Site) -> None:
    site.environ["BLOG_SITE_URL"] = "https://blog.example.org"
    site.environ["BLOG_MAIL_FROM"] = "blog@other.example"
    site.start("serve", "--prepare", "--no-worker")
    wait_for(lambda: "Ctrl-C" in site.out, what="what it says")
    assert site.out.startswith("The Skin Journal is at https://blog.example.org\n")
    assert "set BLOG_TRUSTED_PROXIES to the number of proxies.\n" in site.err
    assert "Mail comes from blog@other.example, which is no address of https://blog" in site.err
    wait_for(site.web_processes, what="the server")
    assert site.end(signal.SIGTERM) == 0


# What stops a start


def test_a_start_without_preparation_says_what_to_run(site: Site) -> None:
    code, out, err = site.run("serve")
    assert (code, out) == (1, "")
    assert re.fullmatch(r"Error: .* run: blog db upgrade\n", err)
    assert site.run("db", "upgrade")[0] == 0
    site.serve()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"BLOG_WORKERS": "many"}, "BLOG_WORKERS is 'many', but must be a whole number "),
        ({"PORT": "eighty"}, "PORT is 'eighty', but must be "),
        ({"HOST": "no-such-host.invalid"}, "HOST is 'no-such-host.invalid' and PORT is "),
        ({"HOST": "203.0.113.7"}, "HOST is '203.0.113.7' and PORT is "),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_setting_that_cannot_be_used_stops_the_start(
    settings: dict[str, str], sentence: str, site: Site
) -> None:
    site.environ |= settings
    code, out, err = site.run("serve", "--prepare")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"Error: {sentence}")


@pytest.mark.parametrize("option", [socket.SO_REUSEADDR, socket.SO_REUSEPORT])
def test_a_port_in_use_stops_the_start(option: int, site: Site) -> None:
    with socket.socket() as taken:
        # Another site of ours would share its port with this one.
        taken.setsockopt(socket.SOL_SOCKET, option, 1)
        taken.bind((HOST, site.port))
        taken.listen()
        code, out, err = site.run("serve", "--prepare")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"Error: Something listens on {HOST}, port {site.port} already; ")
    assert not (site.instance / "blog.db").exists()


# The end, asked for or not


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_moment_is_not_too_early_to_stop(number: signal.Signals, site: Site) -> None:
    assert site.run("db", "upgrade")[0] == 0
    site.start("serve", "--no-worker")
    wait_for(site.web_processes, what="the first web process")
    asked_at = time.monotonic()
    assert site.end(number) == 0
    assert time.monotonic() - asked_at < serving._STOP_SECONDS


def test_threads_share_few_arenas(tmp_path: Path) -> None:
    told = tmp_path / "arenas.xml"
    script = """
import ctypes, sys, threading
from blog.cli import serving
serving._share_arenas()
together = threading.Barrier(8)
def work():
    together.wait()
    kept = [bytes(1000) for _ in range(2000)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""
    subprocess.run([sys.executable, "-c", script, str(told)], check=True, cwd=ROOT)
    assert 1 <= told.read_text().count("<heap nr=") <= 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_is_under_way_is_still_answered(number: signal.Signals, site: Site) -> None:
    site.serve("--prepare")
    body = b"name=Lerato&message=" + b"x" * 1000
    head = f"POST /contact HTTP/1.1\r\nHost: {HOST}:{site.port}\r\nContent-Length: {len(body)}\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with socket.create_connection((HOST, site.port), timeout=DEADLINE_SECONDS) as slow:
        slow.sendall((head + kind).encode() + body[:20])
        # Once another is answered, this one has been seen too.
        wait_for(site.answers, what="another request")
        tell = os.killpg if number == signal.SIGINT else os.kill
        tell(site.main.pid, number)
        wait_for(lambda: not accepts(site.port), what="the end of listening")
        slow.sendall(body[20:])
        assert slow.recv(1000).startswith(b"HTTP/1.1 422 ")
    assert site.end(signal.SIGTERM) == 0


def accepts(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection((HOST, port)):
        return True
    return False


def test_processes_that_are_told_twice_at_once_end_all_the_same(site: Site) -> None:
    """A terminal tells all of the group, and some supervisors all they know of."""
    site.serve("--prepare")
    wait_for(lambda: len(site.web_processes()) == 2, what="two web processes")
    asked_at = time.monotonic()
    for process in site.web_processes():
        os.kill(process, signal.SIGINT)
        os.kill(process, signal.SIGTERM)
    site.end(signal.SIGTERM)
    assert time.monotonic() - asked_at < serving._STOP_SECONDS


# Reload


class Load:
    """Readers who ask without a pause, each time anew or on one connection, until it is left."""

    def __init__(self, port: int) -> None:
        self.port, self.answered, self.failed = port, 0, list[str]()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(each % 2,)) for each in range(4)]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    def _read(self, keeps_alive: int) -> None:
        kept = http.client.HTTPConnection(HOST, self.port, timeout=DEADLINE_SECONDS)
        was_closed = False
        while not self._over.wait(0.005):
            try:
                kept.request("GET", "/")
                assert kept.getresponse().read()
            except (OSError, http.client.HTTPException) as error:
                # One that ends unanswered is asked again, as browsers and proxies do.
                kept.close()
                self.failed += [repr(error)] * was_closed
                was_closed = True
                continue
            was_closed = False
            self.answered += 1
            if not keeps_alive:
                kept.close()
        kept.close()


def test_a_reload_replaces_all_web_processes_and_no_reader_notices(site: Site) -> None:
    site.serve("--prepare")
    wait_for(lambda: len(site.web_processes()) == 2, what="two web processes")
    before, mail = set(site.web_processes()), site.mail_workers()
    with Load(site.port) as load:
        wait_for(lambda: load.answered > 50, what="readers")
        site.main.send_signal(signal.SIGHUP)
        wait_for(lambda: not before & set(site.web_processes()), what="the last to be replaced")
        answered = load.answered
        wait_for(lambda: load.answered > answered + 50, what="readers")
    assert load.failed == []
    assert len(site.web_processes()) == 2
    assert site.mail_workers() == mail
    assert site.end(signal.SIGTERM) == 0
    assert site.err == ""


# Slow clients, with no proxy in front

SLOW = {
    "heads": "GET / HTTP/1.1\r\nHost: {host}\r\nX-Slow: ",
    "bodies": (
        "POST /contact HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9000\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\nname="
    ),
    "idle": "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "answers": f"GET /articles/{ARTICLE} HTTP/1.1\r\nHost: {{host}}\r\n\r\n" * 20,
}


@pytest.mark.parametrize("kind", SLOW)
def test_slow_clients_keep_no_reader_waiting(kind: str, running: Site) -> None:
    with contextlib.ExitStack() as closing:
        for _ in range(60):
            slow = closing.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            slow.connect((HOST, running.port))
            slow.sendall(SLOW[kind].format(host=f"{HOST}:{running.port}").encode())
        waits: list[float] = []
        for number in range(20):
            asked_at = time.monotonic()
            assert running.browser.get(f"/search?q=skin{number}")[0] == 200
            waits.append(time.monotonic() - asked_at)
        # Whoever waits for a slow client waits until it is given up at the earliest, which is
        # hundreds of times as long as an answer takes, however busy the machine is.
        assert max(waits) < serving._HEAD_SECONDS / 2


def test_the_head_of_a_request_is_bounded(running: Site) -> None:
    with socket.create_connection((HOST, running.port), timeout=DEADLINE_SECONDS) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * serving._HEAD_MAX_BYTES)
        assert client.recv(100).startswith(b"HTTP/1.1 431 ")


# What it writes of those who read


@pytest.mark.parametrize("wish", ["no", "yes"])
def test_the_access_log_says_what_was_asked_for_and_not_by_whom(wish: str, site: Site) -> None:
    site.environ["BLOG_ACCESS_LOG"] = wish
    site.serve("--prepare", "--no-worker")
    known = len(site.out.splitlines())
    site.browser.get("/search?q=secret-word")
    site.browser.get("/contact/thanks?token=secret-token")
    site.browser.get("/forged%0a2026-01-01%20%1b[2J")
    assert site.end(signal.SIGTERM) == 0
    lines = site.out.splitlines()[known:]
    time_and = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000"
    assert all(
        re.fullmatch(rf"{time_and} GET /\S* \d{{3}} \d+\.\d ms", each) for each in lines[:-1]
    )
    assert bool(lines) == (wish == "yes")
    if lines:
        assert " GET /search 200 " in lines[-3]
        assert " GET /contact/thanks " in lines[-2]
        assert " GET /forged?2026-01-01 ?[2J 400 " in lines[-1]
    assert HOST not in "".join(lines)
    assert "secret" not in "".join(lines)


def test_a_site_kept_to_one_core_gets_one_web_process(site: Site) -> None:
    site.environ["BLOG_WORKERS"] = "0"
    core = min(os.sched_getaffinity(0))
    assert site.run("db", "upgrade")[0] == 0
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        site.start("serve", "--no-worker")
    finally:
        os.sched_setaffinity(0, own)
    wait_for(site.answers, what="the first page")
    assert len(site.web_processes()) == 1


# Endings that nobody asked for


def test_nothing_outlives_the_process_that_started_it(site: Site) -> None:
    site.serve("--prepare")
    wait_for(lambda: len(site.web_processes()) == 2, what="two web processes")
    site.main.kill()
    site.main.wait()
    wait_for(lambda: site.processes() == {}, what="the end of all processes")
    with socket.create_server((HOST, site.port)):
        pass


def test_a_worker_that_does_not_end_is_ended() -> None:
    process = multiprocessing.get_context("fork").Process(target=signal.pause)
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which it inherits
    process.start()
    signal.signal(signal.SIGTERM, before)
    serving._end(process, within_seconds=0.1)
    assert process.exitcode == -signal.SIGKILL


# blog worker


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_delivers_mail_until_it_is_stopped(number: signal.Signals, site: Site) -> None:
    assert site.run("db", "upgrade")[0] == 0
    worker = site.start("worker")
    # Until it listens they would end it too, but not in peace.
    wait_for(lambda: _handles(worker.pid, number), what="the worker")
    worker.send_signal(number)
    assert worker.wait(DEADLINE_SECONDS) == 0
    assert (site.out, site.err) == ("", "")


def _handles(process_id: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{process_id}/status").read_text()
    found = re.search(r"^SigCgt:\s*(\w+)$", status, re.M)
    assert found
    # Python itself catches SIGINT from its first moment on.
    both = 1 << (signal.SIGTERM - 1) | 1 << (number - 1)
    return int(found[1], 16) & both == both


def test_a_worker_ends_with_its_starter(site: Site) -> None:
    assert site.run("db", "upgrade")[0] == 0
    gone = site.main.pid
    assert site.run("worker", "--beside", str(gone)) == (0, "", "")
