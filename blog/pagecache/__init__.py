"""Answers GET and HEAD of public pages before Flask is entered, with bytes made ready once.

A view offers its answer by `offer()`. Nothing else is kept, nor what came with a cookie of ours,
a status but 200 or a query that the view doesn't own to. What is kept ends with the site's
revision, at the next publication or expiry, and after twelve hours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from flask import Flask, Response, request, url_for

from blog import articles, db, revision
from blog.config import Settings

# Shared caches may hold a page for a minute, and serve it while they fetch the next.
FOR_ANYBODY = "public, max-age=0, s-maxage=60, stale-while-revalidate=600"
# The token in a page's form lives four times as long.
KEPT = timedelta(hours=12)
OFFER = "blog.offer"


@dataclass
class Offer:
    """What a view says of its answer; the layer hands it in and reads it afterwards."""

    is_wanted: bool
    is_made: bool = False
    # What the page was rendered from, and until when it is true; None for what never changes.
    revision: int | None = None
    ends_at: datetime | None = None
    query: Collection[str] = ()


def offer(response: Response, *, query: Collection[str] = (), for_ever: bool = False) -> Response:
    """Let an answer be kept as it is, for anybody; one `for_ever` has its own Cache-Control.

    `query` names the parameters that the page was made from. The view must have refused a value
    that isn't in its one canonical form, or anybody could fill the memory with copies.
    """
    if not for_ever:
        response.headers["Cache-Control"] = FOR_ANYBODY
    made: Offer | None = request.environ.get(OFFER)
    if made is not None:
        made.is_made, made.query = True, query
        made.is_wanted = made.is_wanted and _is_only_address()
        if made.is_wanted and not for_ever:
            now = db.utc_now()
            # In the snapshot that the page was read from, so that a slow one can't pass for new.
            made.revision = revision.current(db.session)
            made.ends_at = min(articles.next_change(now=now) or now + KEPT, now + KEPT)
    return response


def _is_only_address() -> bool:
    """Tell whether a page was asked for as the site writes its address, not as `//` or `/007`."""
    asked: str = request.environ["PATH_INFO"].encode("latin-1").decode()
    return asked == unquote(url_for(request.endpoint or "", **request.view_args or {}))


def init_app(app: Flask, settings: Settings, *, look: Callable[[], None] | None = None) -> None:
    """Put the layer around the application; `look` finds changed files on a local site."""
    # The layer takes from here what views say, and Flask's own part is done here.
    from blog.pagecache.layer import Layer

    layer = Layer(app, max_bytes=settings.page_cache_mb * 1024 * 1024, look=look)
    app.extensions["blog.pagecache"] = layer
    app.wsgi_app = layer  # type: ignore[method-assign]  # Flask's documented way
