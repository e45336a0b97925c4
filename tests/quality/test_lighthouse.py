"""Lighthouse, as for a reader on a phone, gives full marks for all that hangs on the page alone."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from blog import db
from tests.browser.conftest import is_ready, wait_until
from tests.cast import AUTHOR
from tests.conftest import CHROMIUM_FLAGS
from tests.needs import chromium, tool
from tests.quality import site
from tests.quality.site import ARTICLE, ROOT
from tests.smtp_server import unused_port

SEARCH = "/search?q=microneedling"
PAGES = [
    f"/articles/{ARTICLE}",
    "/",
    "/articles/everything",
    "/topics",
    "/topics/daily-care",
    "/archive",
    "/authors/sandra-de-beer",
    "/contact",
    "/privacy",
    SEARCH,
]
AUDITED = PAGES if os.environ.get("BLOG_TEST_EVERY_PAGE") else PAGES[:1]
CATEGORIES = {"accessibility", "best-practices", "seo", "agentic-browsing"}
# The marks for these hang on how busy the machine is, so they have a bound instead: what
# Lighthouse calls good. A page that is at fault keeps to none of them, however often it is tried.
TIMES_MS = {
    "first-contentful-paint": 1_800,
    "largest-contentful-paint": 2_500,
    "speed-index": 3_400,
    "total-blocking-time": 200,
}
# It lost its own recording, and asks to be run again.
ITS_OWN_TROUBLE = "(NO_NAVSTART)"
LAYOUT_SHIFT = "cumulative-layout-shift"
TRIES = 3


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site as `blog serve` serves it."""
    folder = tmp_path_factory.mktemp("served")
    app = site.make_empty(folder)
    with app.app_context():
        with db.writing():
            site.let_in(AUTHOR)
        site.fill(folder / "content")
        db.close()
    port = unused_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("BLOG_")}
    environ = own | site.environ(folder) | {"PORT": str(port), "BLOG_WORKERS": "1"}
    address = environ["BLOG_SITE_URL"] = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        log = folder / "log"
        file = stack.enter_context(log.open("w"))
        command = [sys.executable, "-m", "blog", "serve"]
        process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=file, stderr=file)
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        wait_until(lambda: is_ready(address), log)
        yield address


def report(url: str) -> dict[str, Any]:
    flags = " ".join(["--headless=new", *CHROMIUM_FLAGS])
    # The package brings the Node it needs, which stands beside it.
    bin_folder = tool(".bin/lighthouse").parent
    environ = os.environ | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "CHROME_PATH": chromium(),
    }
    command = ["lighthouse", url, "--quiet", "--no-enable-error-reporting"]
    command += ["--output=json", f"--chrome-flags={flags}"]
    # What was found is on other pages, so search engines are told to leave it.
    command += ["--skip-audits=is-crawlable"] if url.endswith(SEARCH) else []
    runs = (run(command, environ) for _ in range(TRIES))
    done = next(each for each in runs if ITS_OWN_TROUBLE not in each.stderr)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("path", AUDITED)
def test_a_page_gets_full_marks_and_is_there_soon(address: str, path: str) -> None:
    late, best, tries = set(TIMES_MS), 0, 0
    while (late or best < 1) and tries < TRIES:
        found = report(address + path)
        marks = {name: category["score"] for name, category in found["categories"].items()}
        assert marks == dict.fromkeys(CATEGORIES, 1) | {"performance": marks["performance"]}
        weighed = found["categories"]["performance"]["auditRefs"]
        assert {audit["id"] for audit in weighed if audit["weight"]} == {LAYOUT_SHIFT, *TIMES_MS}
        assert found["audits"][LAYOUT_SHIFT]["numericValue"] == 0
        best = max(best, marks["performance"])
        late -= {name for name in late if found["audits"][name]["numericValue"] <= TIMES_MS[name]}
        tries += 1
    assert late == set()
    # On a busy machine what is soon enough may still cost a mark; the whole audit has one to itself.
    assert best == 1 or len(AUDITED) == 1
