"""Shows an edit in content/ at the next look at a page, while a site is being developed.

Only where the site's address is this machine's own; a public site is synced by command alone.
What goes wrong is logged, and the page is shown as it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from flask import Flask, request

from blog import content, db
from blog.articles import sync
from blog.config import Settings
from blog.content import MediaSource, SourceFile

_Seen = SourceFile | MediaSource


def init_app(app: Flask, settings: Settings) -> Callable[[], None] | None:
    """Look at content/ before each public page of a local site.

    Returns: the look itself, for pages that are answered without a view.
    """
    if not settings.is_local:
        return None
    watch = _Watch(app, settings.content_dir)

    def look() -> None:
        # An address that nobody answers may be an old one that was written down just now.
        if request.method in ("GET", "HEAD") and request.blueprint in ("public", None):
            watch.look()

    app.before_request(look)
    return watch.look


class _Watch:
    """What was seen of content/; threads look in turn, so that a change is synced once."""

    def __init__(self, app: Flask, root: Path) -> None:
        self._app = app
        self._root = root
        self._turn = threading.Lock()
        self._seen: list[_Seen] | None = None

    def look(self) -> None:
        """Sync what changed since the last look, which is a few calls of `stat` where nothing did."""
        try:
            with self._turn:
                found: list[_Seen] = [
                    *sync.list_sources(self._root),
                    *content.list_media(self._root),
                ]
                if found != self._seen:
                    self._sync()
                    is_settled = not any(content.is_young(each, at=db.utc_now()) for each in found)
                    self._seen = found if is_settled else None
        except Exception:
            self._app.logger.exception("content/ could not be synced")

    def _sync(self) -> None:
        # A context of its own has a session of its own, which the page's knows nothing of.
        with self._app.app_context():
            for problem in sync.run(self._root, now=db.utc_now()).problems:
                self._app.logger.warning("%s", problem)
