"""The answers of the API: one thing or a part of a list in their envelope, and versions of things."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Response, make_response, request

from blog import config, schemas, urls
from blog.errors import NotFound, Stale, Unconditional

JSON = "application/json"


def taken(data: Any, status: int = 200) -> Response:
    """Answer with what became of something that was sent."""
    response = plain({"data": data})
    response.status_code = status
    return response


def version(data: schemas.Out) -> str:
    """Name what something is at this moment."""
    return hashlib.sha256(msgspec.json.encode(data)).hexdigest()[:20]


def require_version(data: schemas.Out) -> None:
    """Make sure that what is to be changed is what was read.

    Raises: Unconditional, Stale.
    """
    if not request.headers.get("If-Match", "").strip():
        raise Unconditional("Please say by If-Match which version is to be changed.")
    if not request.if_match.contains(version(data)):
        raise Stale("It was changed meanwhile. Please read it again first.")


def versioned(data: schemas.Out, status: int = 200) -> Response:
    """Answer with something that can be changed, and its version."""
    response = taken(data, status)
    response.set_etag(version(data))
    return response


def nothing() -> Response:
    """Answer that it is done, and that there is no more to say."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def one(data: Any) -> Response:
    """Answer with one thing."""
    return plain({"data": data})


def many(data: Any, pagination: schemas.Pagination) -> Response:
    """Answer with one part of a list, and where it goes on."""
    if config.frozen():
        # It leads on by a query, which files don't answer.
        pagination = msgspec.structs.replace(pagination, cursor=None)
    links = schemas.Links(self=_here({}), next=_next(pagination), prev=_previous(pagination))
    return _list(data, schemas.About(pagination=pagination), links)


def part(data: Any, about: schemas.Out, onwards: Mapping[str, str] | None) -> Response:
    """Answer with one part of a list of another kind, and with what its query goes on."""
    following = _here(onwards) if onwards else None
    return _list(data, about, schemas.Links(self=_here({}), next=following))


def _list(data: Any, about: schemas.Out, links: schemas.Links) -> Response:
    response = plain({"data": data, "meta": about, "links": links})
    for name, address in (("next", links.next), ("prev", links.prev)):
        if address:
            response.headers.add("Link", f'<{address}>; rel="{name}"')
    return response


def whole(items: Sequence[Any]) -> Response:
    """Answer with a list that is short enough to be sent at once."""
    return many(items, numbered(1, max(1, len(items)), len(items)))


def numbered(page: int, limit: int, total: int) -> schemas.Pagination:
    """Tell where a numbered page of a list is.

    Raises: NotFound past the last page, of which there are as many as anybody likes.
    """
    pages = max(1, -(-total // limit))
    if page > pages:
        raise NotFound("There are not that many pages.")
    return schemas.Pagination(
        limit=limit,
        total=total,
        page=page,
        pages=pages,
        next=page + 1 if page < pages else None,
        prev=page - 1 if page > 1 else None,
    )


def address(url: str) -> str:
    """Make an address absolute that the site's own words may have as a path."""
    return urls.absolute(url) if url.startswith("/") else url


def _next(pagination: schemas.Pagination) -> str | None:
    if pagination.next:
        return _here({"page": pagination.next})
    return _here({"cursor": pagination.cursor}) if pagination.cursor else None


def _previous(pagination: schemas.Pagination) -> str | None:
    return _here({"page": pagination.prev}) if pagination.prev else None


def _here(changed: Mapping[str, Any]) -> str:
    """Write the address of this request with other values in its query."""
    query: dict[str, Any] = request.args.to_dict() | dict(changed)
    if config.frozen():
        return urls.absolute(urls.paged(request.path, int(query.get("page", 1))))
    text = urlencode(query, safe=",:")
    return urls.absolute(request.path) + (f"?{text}" if text else "")


def plain(body: Any) -> Response:
    """Answer with something as it is."""
    response = make_response(msgspec.json.encode(body))
    response.content_type = JSON
    return response


def only(data: schemas.Out, fields: Sequence[str]) -> Any:
    """Keep some fields of a thing, or all where none are named."""
    return {name: getattr(data, name) for name in fields} if fields else data
