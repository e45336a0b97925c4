"""A feed as Atom and as JSON Feed; whatever was typed, the result can be parsed.

Source: RFC 4287 (Atom), https://www.jsonfeed.org/version/1.1/.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flask import render_template

from blog.feeds.entries import Entry, Feed, Person
from blog.templating import machine, said

# XML has no way to write these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def atom(feed: Feed, address: str) -> str:
    """Write a feed that is found at an address as Atom."""
    return _NOT_XML.sub(
        "\N{REPLACEMENT CHARACTER}", render_template("feed.xml", feed=feed, address=address)
    )


def json_feed(feed: Feed, address: str) -> str:
    """Write a feed that is found at an address as JSON Feed 1.1."""
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.url,
        "feed_url": address,
        "description": feed.subtitle,
        "language": feed.language,
        "authors": [_person(feed.publisher)],
        "items": [_item(entry) for entry in feed.entries],
    }
    # A feed without entries still has its list of them.
    return json.dumps(said(whole) | {"items": whole["items"]}, ensure_ascii=False)


def _item(entry: Entry) -> dict[str, Any]:
    return said(
        {
            "id": entry.id,
            "url": entry.url,
            "title": entry.title,
            "content_html": entry.html,
            "summary": entry.summary,
            "image": entry.image,
            "date_published": machine(entry.published_at),
            "date_modified": machine(entry.updated_at),
            "authors": [_person(person) for person in entry.people],
            "tags": [category.name for category in entry.categories],
        }
    )


def _person(person: Person) -> dict[str, Any]:
    return said({"name": person.name, "url": person.url})
