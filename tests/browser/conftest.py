"""A real site for a real browser: `blog serve` on loopback, with a mail server of its own."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.smtp_server import unused_port

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 60


@dataclass
class Site:
    """A running site."""

    address: str
    set_up_link: str
    mail_port: int
    environ: dict[str, str]

    def blog(self, *arguments: str) -> str:
        """Run the command line on this site."""
        command = [sys.executable, "-m", "blog", *arguments]
        done = subprocess.run(command, env=self.environ, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The repository's own words, served on a free port; its mail server isn't there yet."""
    port, mail_port, log = unused_port(), unused_port(), tmp_path / "log"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BLOG_")}
    environ |= {
        "PORT": str(port),
        "BLOG_INSTANCE_DIR": str(tmp_path / "instance"),
        "BLOG_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
        "BLOG_WORKERS": "1",
        # So that an enquiry sent quicker than by any hand is mailed by itself.
        "BLOG_SUMMARY_AT": "never",
    }
    with log.open("w") as file:
        command = [sys.executable, "-m", "blog", "serve", "--prepare"]
        process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=file, stderr=file)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_ready(address), log)
        (link,) = re.findall(r"http\S+set-up\S+", log.read_text())
        yield Site(address, link, mail_port, environ)
    finally:
        process.terminate()
        process.wait(30)


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(condition: Callable[[], object], log: Path | None = None) -> None:
    """Ask again and again, but not for ever."""
    end = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < end, log.read_text() if log else "it never came true"
        time.sleep(0.05)


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def has_scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def open_phone(browser: Browser, site: Site, has_scripts: bool) -> Iterator[Callable[[], Page]]:
    """Open further browsers, each on a phone of its own; none may break the site's CSP."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    requested: list[str] = []

    def open_one() -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            java_script_enabled=has_scripts,
            base_url=site.address,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: requested.append(request.url))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [url for url in requested if not url.startswith((site.address, "data:"))] == []
    unexpected = [text for text in complaints if "status of 422" not in text]
    assert unexpected == []
