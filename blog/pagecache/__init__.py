"""Answers GET and HEAD of public pages before Flask is entered, with bytes made ready once.

A view offers its answer by `offer()`. Nothing else is kept, nor what came with a cookie of ours,
a status but 200 or a query that the view doesn't own to. What is kept ends with the site's
revision, at the next publication or expiry, and after twelve hours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from flask import Flask, Response, request, url_for

from blog import articles, db, revision
from blog.config import Settings


def shared(seconds: int, *, stale_seconds: int = 0) -> str:
    """Let shared caches hold an answer, and any cache send it once more while it fetches the next."""
    stale = f", stale-while-revalidate={stale_seconds}" if stale_seconds else ""
    return f"public, max-age=0, s-maxage={seconds}{stale}"


FOR_ANYBODY = shared(60, stale_seconds=600)
# What anybody can make as many addresses of as she likes must crowd pages out of no cache.
FOR_ONE = "private, max-age=0"
# The token in a page's form lives four times as long.
KEPT = timedelta(hours=12)
OFFER = "blog.offer"

_PLAIN = re.compile(r"[\w=&.,~-]*", re.ASCII)


@dataclass
class Offer:
    """What a view says of its answer; the layer hands it in and reads it afterwards."""

    is_wanted: bool
    is_made: bool = False
    # What the page was rendered from, and until when it is true; None for what never changes.
    revision: int | None = None
    ends_at: datetime | None = None


def offer(
    response: Response,
    *,
    query: Collection[str] = (),
    for_ever: bool = False,
    kept: str = FOR_ANYBODY,
    elsewhere: str = FOR_ONE,
) -> Response:
    """Let an answer be kept as it is, for anybody; one `for_ever` has its own Cache-Control.

    `query` names the parameters that the page was made from. The view must have refused a value
    that isn't in its one canonical form, or anybody could fill caches with copies. At any other
    address of the page it is for whoever asked there, or what `elsewhere` tells other caches.
    """
    is_only_address = _is_only_path() and _is_only_query(query)
    if not is_only_address:
        response.headers["Cache-Control"] = elsewhere
    elif not for_ever:
        response.headers["Cache-Control"] = kept
    made: Offer | None = request.environ.get(OFFER)
    if made is not None:
        made.is_made = True
        made.is_wanted = made.is_wanted and is_only_address
        if made.is_wanted and not for_ever:
            now = db.utc_now()
            # In the snapshot that the page was read from, so that a slow one can't pass for new.
            made.revision = revision.current(db.session)
            made.ends_at = min(articles.next_change(now=now) or now + KEPT, now + KEPT)
    return response


def _is_only_path() -> bool:
    """Tell whether a page was asked for as the site writes its path, not as `//` or `/007`."""
    asked: str = request.environ["PATH_INFO"].encode("latin-1").decode()
    return asked == unquote(url_for(request.endpoint or "", **request.view_args or {}))


def _is_only_query(known: Collection[str]) -> bool:
    """Tell whether a query is what the page was made from, with nothing encoded and nothing twice."""
    query: str = request.environ.get("QUERY_STRING", "")
    names = [part.partition("=")[0] for part in query.split("&") if part]
    is_plain = _PLAIN.fullmatch(query) is not None and len(names) == query.count("=")
    return is_plain and len(names) == len(set(names)) and set(names) <= set(known)


def init_app(app: Flask, settings: Settings, *, look: Callable[[], None] | None = None) -> None:
    """Put the layer around the application; `look` finds changed files on a local site."""
    # The layer takes from here what views say, and Flask's own part is done here.
    from blog.pagecache.layer import Layer

    layer = Layer(app, max_bytes=settings.page_cache_mb * 1024 * 1024, look=look)
    app.extensions["blog.pagecache"] = layer
    app.wsgi_app = layer  # type: ignore[method-assign]  # Flask's documented way
