"""The routes: a list of each kind, one thing by its id or slug, and the settings.

Answers are the same for all, any site may read them, and browsers may ask before they do, as they
must for the header by which Ghost’s own client says its version.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec
from flask import Blueprint, Response, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from blog import db, pagecache, templating, urls
from blog.errors import NotFound
from blog.ghost import asking, shapes
from blog.ghost.asking import Asked
from blog.ghost.kinds import KINDS, Kind
from blog.ghost.shapes import Item

ghost = Blueprint("ghost", __name__, url_prefix=urls.GHOST)
older = Blueprint("ghost_older", __name__, url_prefix=urls.GHOST_OLD)

_READ = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Version, ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Version": f"v{shapes.VERSION}",
}
_BEFORE = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Accept-Version, Content-Type, User-Agent",
    "Access-Control-Max-Age": "86400",
}
# What is there only where it is asked for.
_INCLUDED = {
    "authors": ("authors", "primary_author"),
    "tags": ("tags", "primary_tag"),
    "count.posts": ("count",),
}


@older.after_request
@ghost.after_request
def let_others_read(response: Response) -> Response:
    """Let any site read an answer, also that something is wrong."""
    response.headers.update(_READ | (_BEFORE if request.method == "OPTIONS" else {}))
    return response


@older.get("/<path:rest>")
def lead_on(version: str, rest: str) -> AnyResponse:
    """Lead a client of an older version to the one there is, as Ghost does."""
    query = request.query_string.decode("latin-1")
    return redirect(f"{urls.GHOST}/{rest}{'?' if query else ''}{query}", 307)


@ghost.get("/settings/", strict_slashes=False)
def show_settings() -> Response:
    """Show the site’s own words."""
    return _answer({"settings": shapes.settings(templating.site()), "meta": {}}, ())


def _lists(kind: Kind) -> Callable[..., Response]:
    def show_list() -> Response:
        asked = asking.of_list(kind.terms)
        items, total = kind.cut(asked, db.utc_now())
        pages = max(1, -(-total // asked.limit))
        pagination = {
            "page": asked.page,
            "limit": asked.limit,
            "pages": pages,
            "total": total,
            "next": asked.page + 1 if asked.page < pages else None,
            "prev": asked.page - 1 if asked.page > 1 else None,
        }
        shown = [_shown(item, asked) for item in items]
        # Past the last page there are as many addresses as anybody likes.
        kept = asked.kept if asked.page <= pages else ()
        return _answer({kind.name: shown, "meta": {"pagination": pagination}}, kept)

    return show_list


def _shows(kind: Kind, name: str) -> Callable[..., Response]:
    def show_one(value: str) -> Response:
        asked = asking.of_one(kind.terms)
        found = kind.find(name, value, asked, db.utc_now())
        if found is None:
            raise NotFound(f"Resource not found: there is no such thing among the {kind.name}.")
        return _answer({kind.name: [_shown(found, asked)]}, asked.kept)

    return show_one


def _add(kind: Kind) -> None:
    """Make the routes of a kind; like Ghost without a slash at the end, too."""
    views = {
        "": _lists(kind),
        "<value>/": _shows(kind, "id"),
        "slug/<value>/": _shows(kind, "slug"),
    }
    for path, view in views.items():
        rule = f"/{kind.name}/{path}"
        ghost.add_url_rule(rule, rule.replace("/", "-"), view, strict_slashes=False)


for _kind in KINDS:
    _add(_kind)


def _shown(item: Item, asked: Asked) -> Item:
    """Leave out what wasn't asked for."""
    included = {key for name in asked.includes for key in _INCLUDED[name]}
    hidden = {key for keys in _INCLUDED.values() for key in keys} - included
    wanted = included.union(asked.fields) if item.keys() & set(asked.fields) else item
    return {key: value for key, value in item.items() if key in wanted and key not in hidden}


def _answer(body: Any, kept: Collection[str]) -> Response:
    response = make_response(msgspec.json.encode(body))
    response.content_type = "application/json; charset=utf-8"
    return pagecache.offer(response, query=kept)
