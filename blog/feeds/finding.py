"""What search engines and other programs find the pages by: sitemap, robots.txt, llms.txt.

Source: https://www.sitemaps.org/protocol.html, RFC 9309 (robots.txt), https://llmstxt.org/.
"""

from __future__ import annotations

from datetime import datetime

from flask import Response, render_template

from blog import db, urls
from blog.articles import syndication
from blog.articles.syndication import Address
from blog.errors import NotFound
from blog.feeds.surface import answer, feeds

SITEMAP_MAX_URLS = 50_000
LLMS_ARTICLES = 500

_TEXT = "text/plain; charset=utf-8"


@feeds.get("/sitemap.xml")
def show_sitemap() -> Response:
    """Give every page for search engines, or the list of the parts that do."""
    parts = _parts()
    if len(parts) == 1:
        return _sitemap(parts["1"])
    listed = [Address(urls.sitemap(number), _latest(part)) for number, part in parts.items()]
    return answer(render_template("sitemap_index.xml", parts=listed), "application/xml")


@feeds.get("/sitemap-<number>.xml")
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
    return answer(render_template("sitemap.xml", pages=pages), "application/xml")


@feeds.get("/robots.txt")
def show_robots() -> Response:
    """Say what programs may fetch by themselves."""
    return answer(render_template("robots.txt"), _TEXT)


@feeds.get("/llms.txt")
def show_llms() -> Response:
    """List the newest articles for language models, which read Markdown best."""
    found = syndication.shown_to_search(now=db.utc_now(), limit=LLMS_ARTICLES)
    return answer(render_template("llms.txt", articles=found), _TEXT)
