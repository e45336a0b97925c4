"""What search engines and other programs find the pages by: sitemap, robots.txt, llms.txt.

Source: https://www.sitemaps.org/protocol.html, RFC 9309 (robots.txt), https://llmstxt.org/.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from html import escape
from typing import Any

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from blog import db, urls
from blog.articles import syndication
from blog.articles.syndication import Address
from blog.errors import NotFound
from blog.feeds.surface import answer, feeds
from blog.templating import machine

SITEMAP_MAX_URLS = 50_000
LLMS_ARTICLES = 500

_TEXT = "text/plain; charset=utf-8"
_SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"


def at_its_address(view: Callable[..., Response]) -> Callable[..., AnyResponse]:
    """Lead whoever adds a query to the plain address: a sitemap costs too much to be made for it."""

    @wraps(view)
    def show(**values: Any) -> AnyResponse:
        return redirect(request.path, 301) if request.query_string else view(**values)

    return show


@feeds.get("/sitemap.xml")
@at_its_address
def show_sitemap() -> Response:
    """Give every page for search engines, or the list of the parts that do."""
    parts = _parts()
    if len(parts) == 1:
        return _sitemap(parts["1"])
    listed = [Address(urls.sitemap(number), _latest(part)) for number, part in parts.items()]
    return _listed(listed, "sitemapindex", "sitemap")


@feeds.get("/sitemap-<number>.xml")
@at_its_address
def show_sitemap_part(number: str) -> Response:
    """Give one part of a sitemap that is too long for one file."""
    parts = _parts()
    if len(parts) == 1 or number not in parts:
        raise NotFound("The sitemap has no such part.")
    return _sitemap(parts[number])


def _parts() -> dict[str, list[Address]]:
    found = syndication.addresses(now=db.utc_now())
    starts = range(0, len(found), SITEMAP_MAX_URLS)
    return {
        str(number): found[start : start + SITEMAP_MAX_URLS]
        for number, start in enumerate(starts, start=1)
    }


def _latest(part: list[Address]) -> datetime | None:
    return max((page.changed_at for page in part if page.changed_at), default=None)


def _sitemap(pages: list[Address]) -> Response:
    return _listed(pages, "urlset", "url")


def _listed(found: list[Address], outer: str, inner: str) -> Response:
    """Write a list as sitemaps have it; a template would take four times as long for a large one."""
    site = urls.absolute("")
    lines = [
        f"<{inner}><loc>{escape(site + page.path)}</loc>{_lastmod(page.changed_at)}</{inner}>"
        for page in found
    ]
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<{outer} xmlns="{_SITEMAPS}">'
    return answer("\n".join([head, *lines, f"</{outer}>\n"]), "application/xml")


def _lastmod(moment: datetime | None) -> str:
    return f"<lastmod>{machine(moment)}</lastmod>" if moment else ""


@feeds.get("/robots.txt")
def show_robots() -> Response:
    """Say what programs may fetch by themselves."""
    return answer(render_template("robots.txt"), _TEXT)


@feeds.get("/llms.txt")
def show_llms() -> Response:
    """List the newest articles for language models, which read Markdown best."""
    found = syndication.shown_to_search(now=db.utc_now(), limit=LLMS_ARTICLES)
    return answer(render_template("llms.txt", articles=found), _TEXT)
