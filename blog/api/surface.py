"""What all of the API shares: its blueprint, how an operation is told, and the envelope.

An operation is told once, and from that its route, the checks of its query and its place in the
reference are made. Answers to reads are the same for all, and any site may read them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, g, make_response, request
from werkzeug.exceptions import NotAcceptable
from werkzeug.http import http_date

from blog import config, db, limits, pagecache, permissions, problems, schemas, security, urls
from blog.accounts import User
from blog.api import bodies, parameters
from blog.api.parameters import Ending, Parameter
from blog.errors import NotFound, Stale, Unauthorized, Unconditional
from blog.permissions import Action
from blog.staff import api_tokens
from blog.staff.api_tokens import ApiToken

api = Blueprint("api", __name__, url_prefix=urls.API)

JSON = "application/json"
# At the addresses of which there are few, and at any other: what fills a cache there is gone soon.
KEPT = pagecache.shared(60, stale_seconds=10), pagecache.shared(10, stale_seconds=10)
# A browser shows what is stale, too, but nothing of what its user may just have changed.
KEPT_LIVE = pagecache.shared(60), pagecache.shared(10)
# Who was told that something changed is shown by no cache that nothing did.
KEPT_EXACT = KEPT[0], pagecache.FOR_ONE
_PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match,"
    " If-None-Match",
    "Access-Control-Max-Age": "600",
}
_KEPT_OUT = {
    "401": "No token came along that is good.",
    "403": "The token may not be used for this.",
}


@dataclass(frozen=True)
class Operation:
    """One thing that a program can do here; `missing` says what a 404 of it means.

    `example` is a path that can be tried, once its names are those of the site; `headers` are those
    that it reads, `sends` what its answer has beside those of all; an `ending` makes it deprecated.
    """

    view: Callable[..., Response]
    path: str
    tag: str
    gives: Any
    example: str
    is_list: bool = False
    asks: Sequence[Parameter] = ()
    missing: str = ""
    method: str = "GET"
    takes: type[schemas.In] | None = None
    takes_file: bool = False
    status: int = 200
    is_read: bool = True
    refusals: Mapping[str, str] = field(default_factory=dict)
    headers: Sequence[str] = ()
    sends: Sequence[str] = ()
    counts_as: str = ""
    needs: Action | None = None
    ending: Ending | None = None
    about: type[schemas.Out] = schemas.About

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (self.view.__doc__ or "").partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """What there is to know beside, if anything."""
        return " ".join((self.view.__doc__ or "").partition("\n\n")[2].split())


OPERATIONS: list[Operation] = []


def reads(
    path: str,
    *,
    tag: str,
    gives: Any,
    example: str,
    asks: Sequence[Parameter] = (),
    kept: tuple[str, str] = KEPT,
    **told: Any,
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Make a view the answer to GET at a path; it is handed what its query asks.

    `kept` tells caches of it as kept here, and as any other. `told` is what the reference tells
    beside.
    """

    def as_operation(view: Callable[..., Response]) -> Callable[..., Response]:
        operation = Operation(view, path, tag, gives, example, asks=asks, **told)

        @wraps(view)
        def answered(**place: Any) -> Response:
            refuse_other_formats()
            response = view(parameters.asked(asks), **place)
            _announce(operation, response)
            return _for_anybody(response, query=parameters.kept(asks), kept=kept)

        OPERATIONS.append(operation)
        api.get(path)(answered)
        return answered

    return as_operation


def does(
    method: str,
    path: str,
    *,
    takes: type[schemas.In] | None = None,
    counts_as: str = "",
    **told: Any,
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Make a view the answer to a method at a path; it is handed the body, and is never kept.

    `counts_as` names what is limited, together with the form for it. `told` is what the reference tells beside, as an operation has it.
    """

    def as_operation(view: Callable[..., Response]) -> Callable[..., Response]:
        sending: dict[str, Any] = {"method": method, "takes": takes, "is_read": False}
        operation = Operation(view, path, counts_as=counts_as, **told, **sending)

        @wraps(view)
        def answered(**place: Any) -> Response:
            refuse_other_formats()
            parameters.asked(())
            response = view(bodies.body(takes), **place) if takes else view(**place)
            response.headers.update(problems.CROSSING | {"Cache-Control": "no-store"})
            return _announce(operation, response)

        OPERATIONS.append(operation)
        limited = limits.posts(counts_as)(answered) if counts_as else answered
        api.route(path, methods=[method])(limited)
        return answered

    return as_operation


def manages(
    method: str,
    path: str,
    *,
    needs: Action,
    asks: Sequence[Parameter] = (),
    takes: type[schemas.In] | None = None,
    most_bytes: int = security.BODY_MAX_BYTES,
    refusals: Mapping[str, str] | None = None,
    **told: Any,
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Make a view the answer to a program that acts for somebody; it is handed who that is.

    After her come what its query asks, where it may ask anything, and the body or the file in it.
    """

    def as_operation(view: Callable[..., Response]) -> Callable[..., Response]:
        kept_out = _KEPT_OUT | dict(refusals or {})
        sending: dict[str, Any] = {"method": method, "asks": asks, "takes": takes, "needs": needs}
        sending |= {"is_read": False, "refusals": kept_out, "example": ""}
        operation = Operation(view, path, **told, **sending)

        @wraps(view)
        def answered(**place: Any) -> Response:
            by = _owner(needs)
            refuse_other_formats()
            asked = parameters.asked(asks)
            handed: list[Any] = [asked] if asks else []
            if takes or operation.takes_file:
                security.take_body(most_bytes)
                handed.append(bodies.body(takes) if takes else bodies.file())
            response = view(by, *handed, **place)
            response.headers["Cache-Control"] = "no-store"
            return _announce(operation, response)

        OPERATIONS.append(operation)
        api.route(path, methods=[method])(limits.acts(_whose)(answered))
        return answered

    return as_operation


def _owner(needs: Action) -> User:
    """Return for whom a program acts, by its token alone; a cookie tells nothing here.

    Raises: Unauthorized, Forbidden; neither tells more.
    """
    token = _token()
    if token is None:
        raise Unauthorized("This needs a token that is good, as `Authorization: Bearer …`.")
    api_tokens.note_use(token, now=db.utc_now())
    return permissions.require(token.program, needs)


def _token() -> ApiToken | None:
    """Return the token that came along, looked up once; none that is worth nothing."""
    if "api_token" not in g:
        sent = request.authorization
        secret = (sent.token if sent and sent.type == "bearer" else None) or ""
        g.api_token = api_tokens.opened(secret, now=db.utc_now())
    token: ApiToken | None = g.api_token
    return token


def _whose() -> str:
    """Name whose acts are counted: a token, or a client that has none."""
    token = _token()
    return f"token {token.id}" if token else limits.client()


def _announce(operation: Operation, response: Response) -> Response:
    """Say of what will go until when it works, and what is instead."""
    used = [
        operation.ending,
        *(each.ending for each in operation.asks if each.name in request.args),
    ]
    endings = [each for each in used if each]
    if endings:
        since = min(each.deprecated_at for each in endings)
        response.headers["Deprecation"] = f"@{int(since.timestamp())}"
        told = urls.absolute(f"{urls.reference()}#{operation.view.__name__}")
        response.headers.add("Link", f'<{told}>; rel="deprecation"; type="text/html"')
    for each in endings:
        if each.successor:
            response.headers.add("Link", f'<{address(each.successor)}>; rel="successor-version"')
    ends = [each.sunset_at for each in endings if each.sunset_at]
    if ends:
        response.headers["Sunset"] = http_date(min(ends))
    return response


@api.after_app_request
def let_cross(response: Response) -> Response:
    """Tell a browser what a page elsewhere may send here: to read anybody, to post who is allowed.

    Source: https://fetch.spec.whatwg.org/#http-cors-protocol.
    """
    is_for_pages = not request.path.startswith(f"{urls.API_ADMIN}/")
    if request.method == "OPTIONS" and request.path.startswith(f"{urls.API}/") and is_for_pages:
        is_read = request.headers.get("Access-Control-Request-Method", "GET") in ("GET", "HEAD")
        is_friend = security.is_friend(request.headers.get("Origin"), config.current())
        if is_read or is_friend:
            response.headers.update(problems.CROSSING | _PREFLIGHT)
            # A browser remembers all that is named here, whatever it asked about.
            allowed = response.headers.get("Allow", "") if is_friend else "GET, HEAD"
            response.headers["Access-Control-Allow-Methods"] = allowed
        response.vary.update(("Origin", "Access-Control-Request-Method"))
    return response


def refuse_other_formats() -> None:
    """Refuse a client that takes no JSON.

    Raises: NotAcceptable.
    """
    if request.accept_mimetypes and not request.accept_mimetypes.best_match([JSON]):
        raise NotAcceptable


def for_anybody(body: Any) -> Response:
    """Answer with the same for all, without an envelope."""
    return _for_anybody(_answer(body))


def _for_anybody(
    response: Response, *, query: Collection[str] = (), kept: tuple[str, str] = KEPT
) -> Response:
    response.headers.update(problems.CROSSING)
    return pagecache.offer(response, query=query, kept=kept[0], elsewhere=kept[1])


def taken(data: Any, status: int = 200) -> Response:
    """Answer with what became of something that was sent."""
    response = _answer({"data": data})
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
    return _answer({"data": data})


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
    response = _answer({"data": data, "meta": about, "links": links})
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


def _answer(body: Mapping[str, Any]) -> Response:
    response = make_response(msgspec.json.encode(body))
    response.content_type = JSON
    return response


def only(data: schemas.Out, fields: Sequence[str]) -> Any:
    """Keep some fields of a thing, or all where none are named."""
    return {name: getattr(data, name) for name in fields} if fields else data
