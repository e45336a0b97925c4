"""Answers every error, in one shape: a page for people, problem details for programs.

What a visitor typed is on the page again, whatever went wrong.

Source: RFC 9457 (problem details).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from itertools import islice
from typing import Any

import msgspec
from flask import (
    Flask,
    Response,
    current_app,
    g,
    make_response,
    render_template,
    request,
)
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, config, db, schemas, urls
from blog.articles import listing
from blog.errors import BadHeader, BadParameter, BlogError, Busy, Invalid

_TITLES = {
    400: "That isn’t a request we understand",
    401: "You are signed out",
    403: "That isn’t allowed",
    404: "This page isn’t here",
    405: "That can’t be done here",
    406: "There is no such format",
    409: "That can’t be done now",
    410: "This article was removed",
    411: "The length of the form is missing",
    412: "It was changed meanwhile",
    413: "That is too long",
    415: "That isn’t a form",
    422: "There is a problem",
    428: "Say which version",
    429: "Please wait a moment",
    500: "Something went wrong on our side",
    503: "The site can’t do this at this moment",
}
_SENTENCES = {
    400: "What was sent isn’t anything this site understands. Please check the address, then try again.",
    404: "The address may be mistyped, or the page may have moved.",
    405: "This address can’t be used in that way.",
    406: "Answers are JSON here: please accept application/json.",
    411: "Please send the form again with a browser.",
    413: "The form is longer than we can take, so it was not read. Please shorten it and send it again.",
    415: "Please send the form again with a browser.",
    429: "That was a lot in a short time. Please wait a moment, then try again.",
    500: "It was noted, and it is not your fault. Please try again shortly.",
}
# What a program is told instead, of what the framework refuses.
_FOR_PROGRAMS = {
    404: f"There is nothing at this address; {urls.api('/openapi.json')} tells what there is.",
    405: "This address takes {methods}, and no other method.",
    411: "Please send a body with its `Content-Length`; one in chunks isn’t taken.",
    413: "The body is longer than {most_bytes:,} bytes, so it was not read.",
    415: "Please send JSON in UTF-8, as `Content-Type: application/json`.",
}
# Of which header that is, and what it takes.
_HEADERS: dict[int, tuple[str, list[str]]] = {
    406: ("Accept", ["application/json"]),
    411: ("Content-Length", []),
    415: ("Content-Type", ["application/json"]),
}
# Any site’s page may read what programs are answered, and these headers of it.
CROSSING = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Allow, Deprecation, ETag, Link, Location, RateLimit,"
    " RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# Every problem that a program may meet: its name, its status and what it means.
KNOWN = {
    "bad-request": (400, "The bytes that were sent are no request of this site’s."),
    "bad-parameter": (400, "A parameter isn’t known, or its value isn’t; `allowed` tells what is."),
    "bad-header": (400, "A header isn’t what it has to be; `allowed` tells what that is."),
    "bad-json": (400, "The body is no JSON that everybody reads alike."),
    "unauthorized": (401, "A token is needed, as `Authorization: Bearer …`."),
    "forbidden": (403, "This may not be done with what was sent along."),
    "not-found": (404, "Nothing that anybody can read is here."),
    "method-not-allowed": (405, "`Allow` tells which methods are."),
    "not-acceptable": (406, "Answers are JSON, which the client doesn’t take."),
    "conflict": (409, "It can’t be done as things stand; `detail` says why."),
    "gone": (410, "What was here was taken away."),
    "stale": (412, "It was changed meanwhile: read it again, then change that."),
    "length-required": (411, "A body needs a `Content-Length`."),
    "content-too-large": (413, "The body is longer than is taken, and was not read."),
    "unsupported-media-type": (415, "The body is of a type that isn’t taken here."),
    "invalid": (422, "Fields of the body are wrong; `errors` names each with a sentence."),
    "sensitive": (422, "The message seems to hold medical details; `anyway` sends it."),
    "key-reused": (422, "This `Idempotency-Key` came before with another body."),
    "unconditional": (428, "A change needs `If-Match` with the `ETag` of what was read."),
    "too-many": (429, "A limit is reached; `Retry-After` tells for how many seconds."),
    "internal-error": (500, "Something is wrong with the site, and was noted."),
    "busy": (503, "There is no room at this moment; `Retry-After` tells when to try again."),
    "database-unready": (503, "The site is being set up."),
}
# What clients of Ghost know errors by.
_GHOST_TYPES = {
    403: "NoPermissionError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    422: "ValidationError",
    429: "TooManyRequestsError",
    503: "MaintenanceError",
}
_CODES = {status: code for code, (status, _) in reversed(KNOWN.items())}
# What people type, with the words it is shown again under.
_TYPED = {
    "name": "Your name",
    "email": "Email",
    "phone": "Phone",
    "time": "When to reach you",
    "topic": "Topic",
    "subject": "Subject",
    "body": "Comment",
    "message": "Message",
    "details": "In your own words",
}
# Whoever came for something that isn't here is helped to find something else.
_LOST = (404, 410)
_RESEND = (429, 500, 503)
_RESEND_MAX_FIELDS = 50
_NOT_READ = "Your browser’s Back button still has what you wrote."


def init_app(app: Flask) -> None:
    """Answer all errors of the application."""
    app.register_error_handler(BlogError, answer_ours)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(DatabaseError, answer_database)
    app.register_error_handler(Exception, answer_unknown)
    app.teardown_appcontext(let_go)


def let_go(_error: BaseException | None = None) -> None:
    """Give the connection back; one that broke meanwhile must not spoil a finished answer."""
    with suppress(SQLAlchemyError):
        db.session.remove()


def take_back() -> None:
    """End a transaction without a trace; on a broken connection there is none to end."""
    with suppress(SQLAlchemyError):
        db.session.rollback()


def answer_ours(error: BlogError) -> AnyResponse:
    """Answer an error of our tree; what is our own fault is noted, and a rush as such."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        is_rush = isinstance(error, Busy) and error.__cause__ is None
        level = logging.WARNING if is_rush else logging.ERROR
        current_app.logger.log(level, "%s: %s", error.code, error.__cause__ or error.message)
    wait = getattr(error, "retry_after_seconds", None)
    g.wrong = _wrong(error)
    return answer(error.status, error.code, error.message, retry_after_seconds=wait)


def answer_http(error: HTTPException) -> AnyResponse:
    """Answer an error of the framework."""
    status = error.code or 500
    sentence = _told(error, status)
    code = _CODES.get(status, error.name.lower().replace(" ", "-"))
    if _is_program() and status in _HEADERS:
        header, allowed = _HEADERS[status]
        g.wrong = [schemas.Wrong(header=header, detail=sentence, allowed=allowed)]
    response = answer(status, code, sentence)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _told(error: HTTPException, status: int) -> str:
    if _is_program() and status in _FOR_PROGRAMS:
        methods = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        most_bytes = request.max_content_length or 0
        return _FOR_PROGRAMS[status].format(methods=methods, most_bytes=most_bytes)
    return _SENTENCES.get(status, str(error.description))


def _is_program() -> bool:
    return request.path.startswith("/api/")


def answer_database(error: DatabaseError) -> AnyResponse:
    """Answer when the database can't be used at this moment; other mistakes with it are ours."""
    # A damaged SQLite file is a plain DatabaseError; the other kinds are bad statements and values.
    if type(error) not in (OperationalError, DatabaseError):
        return answer_unknown(error)
    current_app.logger.error("database: %s", error.orig)
    return answer_ours(Busy("The site’s database can’t be reached at this moment."))


def answer_unknown(error: Exception) -> AnyResponse:
    """Answer what nobody foresaw, after noting it."""
    current_app.logger.exception("unforeseen", exc_info=error)
    return answer_http(InternalServerError())


def answer(
    status: int, code: str, sentence: str, *, retry_after_seconds: int | None = None
) -> AnyResponse:
    """Render one error, for a program where programs ask and for a person elsewhere."""
    take_back()
    if _is_program():
        response = _as_problem(status, code, sentence)
    elif config.current().ghost_api and request.path.startswith(f"{urls.GHOST}/"):
        response = _as_ghost(status, sentence)
    else:
        response = _as_page(status, _TITLES.get(status, "There is a problem"), sentence)
    if retry_after_seconds is not None:
        response.headers["Retry-After"] = str(retry_after_seconds)
    return response


def _wrong(error: BlogError) -> list[schemas.Wrong]:
    """Name each thing that is wrong with a request."""
    if isinstance(error, BadParameter):
        allowed = list(error.allowed)
        return [schemas.Wrong(parameter=error.name, detail=error.message, allowed=allowed)]
    if isinstance(error, Invalid):
        return [
            schemas.Wrong(field=field, detail=detail, allowed=list(error.allowed.get(field, ())))
            for field, detail in error.fields.items()
        ]
    if error.header:
        allowed = list(error.allowed) if isinstance(error, BadHeader) else []
        return [schemas.Wrong(header=error.header, detail=error.message, allowed=allowed)]
    return []


def _as_problem(status: int, code: str, sentence: str) -> Response:
    _, title = KNOWN.get(code, (status, HTTPStatus(status).phrase))
    problem = schemas.Problem(
        type=urls.absolute(urls.problem(code)),
        title=title.replace("`", ""),
        status=status,
        detail=sentence,
        code=code,
        errors=g.get("wrong", []),
    )
    response = _for_programs(problem, status, "application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _as_ghost(status: int, sentence: str) -> Response:
    """Say it as Ghost does, whose clients read `message` and `type`."""
    wrong: list[schemas.Wrong] = g.get("wrong", [])
    names = [each.parameter or each.field for each in wrong]
    unforeseen = (
        "BadRequestError" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "InternalServerError"
    )
    told = dict.fromkeys(("context", "details", "help", "code", "ghostErrorCode"))
    error = {
        "message": sentence,
        "type": _GHOST_TYPES.get(status, unforeseen),
        "property": next(iter(names), None),
        "id": str(uuid.uuid4()),
        **told,
    }
    return _for_programs({"errors": [error]}, status, "application/json; charset=utf-8")


def _for_programs(body: Any, status: int, content_type: str) -> Response:
    response = make_response(msgspec.json.encode(body), status)
    response.content_type = content_type
    if not request.path.startswith(f"{urls.API_ADMIN}/"):
        response.headers.update(CROSSING)
    return response


def _as_page(status: int, title: str, sentence: str) -> Response:
    typed = _typed()
    is_public = not request.path.startswith("/admin")
    is_unread = request.method == "POST" and "typed" not in g
    page = render_template(
        "error.html",
        status=status,
        title=title,
        message=f"{sentence} {_NOT_READ}" if is_unread else sentence,
        typed=typed,
        resend=_resend() if typed and is_public and status in _RESEND else None,
        articles=_latest() if status in _LOST else [],
        with_search=status in _LOST,
    )
    return make_response(page, status)


def _typed() -> list[tuple[str, str]]:
    form = g.get("typed", {})
    return [(label, form[name]) for name, label in _TYPED.items() if form.get(name)]


def _resend() -> dict[str, Any]:
    fields = islice(g.typed.items(multi=True), _RESEND_MAX_FIELDS)
    return {"action": request.full_path.rstrip("?"), "fields": list(fields)}


def _latest() -> Sequence[articles.Article]:
    try:
        return listing.newest(now=db.utc_now(), size=5).items
    except SQLAlchemyError:
        take_back()
        return []
