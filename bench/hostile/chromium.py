"""Chromium with every door of a script watched; it can reach nothing but this machine."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserType, CDPSession, Page, sync_playwright

from bench.machine import CantMeasure
from bench.servers import SITE_HOST
from tests.conftest import CHROMIUM_FLAGS
from tests.data.html_inspector import COMMENT_LIST

_HOOKS = Path(__file__).with_name("hooks.js")
_PATIENCE_MS = 120_000
_ALLOWED = {tag: sorted(names) for tag, names in COMMENT_LIST.items()}
_SCHEMES = ["http:", "https:", "mailto:"]


@dataclass
class Found:
    """What pages did: comments seen, executions, what isn't allowed, and what the policy stopped."""

    comments: int = 0
    as_document: int = 0
    as_element: int = 0
    outside: int = 0
    stopped: int = 0

    def add(self, told: dict[str, Any]) -> None:
        """Count one more page."""
        self.comments += told["comments"]
        self.as_document += told["asDocument"]
        self.as_element += told["asElement"]
        self.outside += len(told["outside"])
        self.stopped += told["stopped"] > 0


@dataclass
class Watched:
    """A page whose scripts are watched; nothing of ours runs in it by `eval`, which is watched too."""

    page: Page
    session: CDPSession

    def look(self, address: str) -> dict[str, Any]:
        """Open a page of the site and do everything that can be done with it."""
        self.page.goto(address)
        told: dict[str, Any] = self._call("look", _ALLOWED, _SCHEMES)
        return told

    def live(self, address: str) -> list[bool]:
        """Open a page of frames, and tell in which of them something was executed."""
        self.page.goto(address)
        told: list[bool] = self._call("live")
        return told

    def _call(self, name: str, *arguments: object) -> Any:
        given = ", ".join(map(json.dumps, arguments))
        wanted = {
            "expression": f"hostile.{name}({given})",
            "awaitPromise": True,
            "returnByValue": True,
            "userGesture": True,
        }
        answer = self.session.send("Runtime.evaluate", wanted)
        if "exceptionDetails" in answer:
            raise CantMeasure(f"{self.page.url} could not be looked at: {answer}")
        return answer["result"]["value"]


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """Start a browser.

    Raises: CantMeasure where there is none.
    """
    with sync_playwright() as playwright, opened(playwright.chromium) as browser:
        yield browser


@contextlib.contextmanager
def opened(kind: BrowserType) -> Iterator[Browser]:
    """Open a browser that reaches nothing but this machine.

    Raises: CantMeasure where there is none.
    """
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise CantMeasure("A browser is needed; on Debian: apt-get install chromium")
    rules = f"MAP {SITE_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    flags = [*CHROMIUM_FLAGS, f"--host-resolver-rules={rules}"]
    with kind.launch(executable_path=path, args=flags) as browser:
        yield browser


@contextlib.contextmanager
def watched(browser: Browser, *, ignores_policy: bool) -> Iterator[Watched]:
    """Open a page that is watched; one that ignores the site's policy has but one wall before it."""
    context = browser.new_context(bypass_csp=ignores_policy)
    context.set_default_timeout(_PATIENCE_MS)
    context.add_init_script(path=_HOOKS)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    yield Watched(page, context.new_cdp_session(page))
    context.close()
