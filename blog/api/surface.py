"""What all of the API shares: its blueprint, and how an operation is told.

An operation is told once, and from that its route, the checks of its query and its place in the
reference are made. Answers to reads are the same for all, and any site may read them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotAcceptable

from blog import config, db, limits, pagecache, permissions, problems, schemas, security, urls
from blog.accounts import User
from blog.api import answers, bodies, endings, parameters
from blog.api.endings import Ending
from blog.api.parameters import Parameter
from blog.errors import Unauthorized
from blog.permissions import Action
from blog.staff import api_tokens
from blog.staff.api_tokens import ApiToken

api = Blueprint("api", __name__, url_prefix=urls.API)

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

    `counts_as` names what is limited, together with the form for it. `told` is what the reference
    tells beside, as an operation has it.
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
    """Say of what will go, of all that was used, until when it works and what is instead."""
    used = [
        operation.ending,
        *(each.ending for each in operation.asks if each.name in request.args),
    ]
    endings.announce(response, [each for each in used if each], operation.view.__name__)
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
    if request.accept_mimetypes and not request.accept_mimetypes.best_match([answers.JSON]):
        raise NotAcceptable


def for_anybody(body: Any) -> Response:
    """Answer with the same for all, without an envelope."""
    return _for_anybody(answers.plain(body))


def _for_anybody(
    response: Response, *, query: Collection[str] = (), kept: tuple[str, str] = KEPT
) -> Response:
    response.headers.update(problems.CROSSING)
    return pagecache.offer(response, query=query, kept=kept[0], elsewhere=kept[1])
