"""What servers and hosts need beside the files: headers, old addresses, kinds of files.

`_headers` and `_redirects` are read by Netlify and Cloudflare Pages, the others are to be included
by nginx and Caddy. docs/static-export.md tells how.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from flask import render_template

from blog import assets, config, pagecache, security, urls
from blog.articles import addresses

FILES = {
    "_headers": "headers.txt",
    "_redirects": "redirects.txt",
    "_server/nginx.conf": "nginx.conf",
    "_server/Caddyfile": "caddy.txt",
}
# What stands for something else in a server's file.
_SIGNS = frozenset('{}*%"$\\')
_AT_ONCE = 500
# Beside each article, what its old address may have led to as well.
_BELOW = (".md", "/comments/feed.xml")

Moved = Sequence[tuple[str, str]]


def moved(*, now: datetime) -> Moved:
    """List where old addresses lead."""
    return [line for path, slug in _old(now) if slug for line in _lines(path, slug)]


def _old(now: datetime) -> Iterator[tuple[str, str | None]]:
    first, total = 0, 1
    while first < total:
        found, total = addresses.old(limit=_AT_ONCE, first=first, now=now)
        yield from found
        first += _AT_ONCE


def _lines(path: str, slug: str) -> Iterator[tuple[str, str]]:
    if _SIGNS & set(path):
        return
    yield path, urls.article(slug)
    yield f"{path}/", urls.article(slug)
    if urls.slug_at(path):
        yield from ((path + end, urls.article(slug) + end) for end in _BELOW)


def files(moved: Moved) -> Iterator[tuple[str, bytes]]:
    """Write what hosts read."""
    settings = config.current()
    # All that is here is there for everybody.
    is_open = {"Cross-Origin-Resource-Policy": "cross-origin"}
    headers = security.headers_of(settings, config.frozen()) | is_open
    told = {
        "headers": headers,
        "moved": moved,
        "quote": quote,
        "kept": pagecache.FOR_ANYBODY,
        "a_year": assets.A_YEAR,
    }
    for name, template in FILES.items():
        yield name, render_template(f"frozen/{template}", **told).encode()
