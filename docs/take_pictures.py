"""Takes the README's pictures: serves a site of its own with a few comments, and looks at it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
ARTICLE = "/articles/mesotherapy-or-microneedling"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
COMMENTS = [
    ("Nomsa K.", "I had microneedling last year and the redness was gone in **two days**."),
    ("Pieter", "Very clear comparison, thank you. The table alone answered it."),
    ("Best Serum Deals", "Amazing post! Buy retinol at www.best-serum-deals.example today"),
]


@contextmanager
def serving(instance: Path) -> Iterator[tuple[str, str]]:
    """Serve a fresh site; gives its address and its set-up link."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = instance / "log"
    environment = os.environ | {"BLOG_INSTANCE_DIR": str(instance), "PORT": port}
    command = [sys.executable, "-m", "blog", "serve", "--prepare"]
    with log.open("w") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, cwd=ROOT)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/readyz")
        (link,) = re.findall(r"http\S+set-up\S+", log.read_text())
        yield address, link
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 (our own site)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The site did not start.")


def set_up(page: Page, link: str) -> None:
    """Make the first account."""
    page.goto(link)
    page.get_by_label("Your name").fill("Sandra de Beer")
    page.get_by_label("Email").fill("sandra@skin-clinic.example")
    page.get_by_label("Password").fill("a few words to remember")
    page.get_by_role("button").first.click()


def comment(page: Page, address: str, name: str, body: str) -> None:
    """Write a comment as a reader does."""
    page.goto(f"{address}{ARTICLE}")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Comment", exact=True).fill(body)
    page.get_by_role("button", name="Post comment").click()


def main() -> None:
    """Take the pictures."""
    chromium = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as (address, link),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        desk = browser.new_page(viewport={"width": 1280, "height": 900})
        set_up(desk, link)
        for name, body in COMMENTS:
            # Without scripts nobody is suspected of being too quick.
            reader = browser.new_page(java_script_enabled=False)
            comment(reader, address, name, body)
            reader.close()
        desk.goto(f"{address}/admin/comments")
        desk.screenshot(path=PICTURES / "review.png")
        desk.goto(f"{address}{ARTICLE}")
        desk.screenshot(path=PICTURES / "article.png")
        browser.close()


if __name__ == "__main__":
    main()
