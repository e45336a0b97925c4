"""The description of the API (OpenAPI 3.1), made from its operations and the types they give.

Nothing is written here that the code doesn't check: parameters, answers and problems come from
where they are used.

Source: https://spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from blog import config, limits, once, permissions, schemas, tokens, urls, webhooks
from blog.api import bodies, examples
from blog.api.parameters import Parameter
from blog.api.surface import OPERATIONS, Operation
from blog.content.names import ID
from blog.schemas.hooks import EventBody

VERSION = "1.0.0"
TAGS = (
    "Articles",
    "Comments",
    "Enquiries",
    "People and topics",
    "Site",
    "Administration",
    "Webhooks",
)
_NAMED = "#/components/schemas/{name}"
_IN_PATH = re.compile(r"<(\w+:)?(\w+)>")
_INTRODUCTION = (
    "Everything that the site’s pages show, for programs: the same texts, the same rules. Reading"
    " needs no key, and any site may do it from a browser; each answer has an `ETag` to ask with"
    " again. Lists are wrapped as `data`, `meta` and `links`; a single thing as `data`. Times are"
    " UTC. Every error is a problem (RFC 9457) with a sentence for a person, a `code` for a program"
    " and what is allowed.\n\nSending needs no key either, but pages of another site may send only"
    " if this one names their origin in `BLOG_ALLOWED_ORIGINS`. One address may send"
    f" {limits.POSTS.replace('; ', ', ')}; `RateLimit` tells what is left. No cookies are used."
    "\n\nBelow `/admin` a program acts for somebody by an API token, and within what she may do."
)
_NUMBER = {"type": "integer", "minimum": 1, "maximum": urls.ROW_ID_MAX}
# Ids and slugs.
_NAME = {"type": "string", "pattern": f"^{ID.pattern}$", "maxLength": 100}
_SIGNED = {"type": "string", "pattern": r"^[A-Za-z0-9_.-]+$", "maxLength": tokens.TOKEN_MAX_CHARS}
_PLACES = {"token": _SIGNED}
_FOREIGN = "It was sent by a page of a site that isn’t allowed to."
_EDIT_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "The `edit_token` that came when the comment was taken.",
}
_API_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token that somebody made on her account’s page, or by `blog token add`. It is"
    " never worth more than she may do herself; the names beside an operation are the scopes of"
    " which it needs one.",
}
_HEADERS = {
    "Idempotency-Key": "Under the same key the same is done once, for a day. Best a random one, as"
    f" a UUID: a key of less than {once.OWN_KEY_CHARS} characters, or of few different ones, is"
    " known only from the address that it came from.",
    "If-Match": "The `ETag` of what was read, or `*`.",
}
_SCHEMES = {"editToken": _EDIT_TOKEN, "apiToken": _API_TOKEN}
_OF_BODIES = {
    "411": "A body needs a `Content-Length`.",
    "413": "The body is too long.",
    "415": "The body is no `application/json` in UTF-8.",
    "422": "Fields are wrong; `errors` names each.",
}
_FILE = {
    "schema": {
        "type": "object",
        "properties": {bodies.FILE: {"type": "string", "format": "binary"}},
        "required": [bodies.FILE],
        "additionalProperties": False,
    },
    "example": {bodies.FILE: "…"},
}
# The headers of answers that a program may want to read.
_ANSWERED = {
    "Allow": "Which methods are taken here.",
    "Cache-Control": "Who may keep it, and for how long.",
    "Deprecation": "Since when it should be used no more, in seconds of Unix time after an `@`.",
    "ETag": "Its version: send it back as `If-None-Match`, or as `If-Match` with a change.",
    "Link": "Where a list goes on (`next`, `prev`), and what is instead of what is deprecated.",
    "Location": "Where what was made can be read.",
    "RateLimit": "How much is left (`r`) in each window, and when that ends (`t`, in seconds).",
    "RateLimit-Policy": "How much is allowed (`q`) in which windows (`w`, in seconds).",
    "Retry-After": "How many seconds to wait.",
    "Sunset": "Until when it works.",
    "WWW-Authenticate": "How to say who asks.",
}
# Which of them are there wherever they are told of.
_ALWAYS = {"Allow", "Cache-Control", "ETag", "Location", "WWW-Authenticate"}
# Which of them each status has.
_OF_STATUS = {
    "303": "Location",
    "401": "WWW-Authenticate",
    "405": "Allow",
    "429": "Retry-After",
    "503": "Retry-After",
}
# What everything here may be answered with.
_ANYWHERE = {
    "405": "`Allow` tells which methods are taken here.",
    "406": "The client takes no JSON.",
    "500": "Something is wrong with the site, and was noted.",
    "503": "The site can’t do it at this moment.",
}


def document(title: str) -> dict[str, Any]:
    """Return the description of a site’s API."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        place = _IN_PATH.sub(r"{\2}", operation.path)
        paths.setdefault(place, {})[operation.method.lower()] = _operation(operation)
    # Beside files: only the server does all that is told here.
    server = urls.live if config.frozen() else urls.absolute
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}: API", "version": VERSION, "description": _INTRODUCTION},
        "servers": [{"url": server(urls.api())}],
        "tags": [{"name": tag} for tag in TAGS],
        "paths": paths,
        "webhooks": dict(_webhooks()),
        "components": {
            "schemas": _schemas(),
            "headers": {name: _header(name) for name in _ANSWERED},
            "securitySchemes": _SCHEMES,
        },
    }


def _header(name: str) -> dict[str, Any]:
    kind = {"type": "integer", "minimum": 0} if name == "Retry-After" else {"type": "string"}
    is_always = name in _ALWAYS
    return {"description": _ANSWERED[name], "schema": kind, "required": is_always}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(set(names))}


@cache
def _schemas() -> dict[str, Any]:
    types = [schemas.Links, schemas.Problem, EventBody, *{each.about for each in OPERATIONS}]
    types += [each.gives for each in OPERATIONS if each.gives]
    types += [each.takes for each in OPERATIONS if each.takes]
    _, named = msgspec.json.schema_components(types, ref_template=_NAMED)
    for name, schema in list(named.items()):
        _mend(schema)
        if name == schemas.Article.__name__:
            part = {key: value for key, value in schema.items() if key != "required"}
            about = "The fields of an article that were asked for."
            named[_part_of(name)] = part | {"title": _part_of(name), "description": about}
    return named


def _mend(schema: dict[str, Any]) -> None:
    """Say nothing of a default where a part is always sent."""
    for each in schema.get("properties", {}).values():
        each.pop("default", None)


def _part_of(name: str) -> str:
    return f"{name}Part"


def _operation(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.view.__name__,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description or operation.summary,
        "parameters": [
            *_in_path(operation),
            *(_in_query(each) for each in operation.asks),
            *(_in_headers(each) for each in operation.headers if each in _HEADERS),
        ],
        "responses": _done(operation)
        | {
            status: _problem(words, _headers(*_sent_with(operation, status)))
            for status, words in _errors(operation).items()
        },
    }
    if operation.ending:
        told["deprecated"] = True
        told["description"] += f" {operation.ending.words}"
    if "Authorization" in operation.headers:
        told["security"] = [{"editToken": []}]
    if operation.needs:
        told["security"] = [{"apiToken": [s]} for s in permissions.scopes_for(operation.needs)]
    if operation.takes:
        content = {"schema": _schema_of(operation.takes), "example": _sent(operation.takes)}
        told["requestBody"] = {"required": True, "content": {"application/json": content}}
    if operation.takes_file:
        told["requestBody"] = {"required": True, "content": {bodies.FORM: _FILE}}
    return told


def _webhooks() -> Iterator[tuple[str, Any]]:
    """Tell what the site sends to programs that have it told of what happens."""
    tested = (webhooks.TESTED, "Somebody tests the endpoint")
    for event, words in (*webhooks.WORDS.items(), tested):
        content = {"schema": _schema_of(EventBody), "example": examples.event(event)}
        taken = {"2XX": {"description": "It is taken, and not sent again."}}
        gone = {"410": {"description": "Nothing more is wanted: the endpoint is switched off."}}
        told = {"operationId": event, "tags": ["Webhooks"], "summary": words}
        body = {"required": True, "content": {"application/json": content}}
        yield event, {"post": told | {"requestBody": body, "responses": taken | gone}}


def _done(operation: Operation) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "As asked."}
    if operation.gives:
        content = {"schema": _envelope(operation), "example": _example(operation)}
        done["content"] = {"application/json": content}
    done["headers"] = _headers(*_told_with(operation))
    if not operation.is_read:
        return {str(operation.status): done}
    unchanged = {"description": "It is what `If-None-Match` names.", "headers": done["headers"]}
    return {"200": done, "304": unchanged}


def _told_with(operation: Operation) -> Iterator[str]:
    """Name the headers that an answer as asked has, or may have."""
    yield "Cache-Control"
    yield from operation.sends
    if operation.is_read:
        yield "ETag"
    is_ending = operation.ending or any(each.ending for each in operation.asks)
    if operation.is_list or is_ending:
        yield "Link"
    if is_ending:
        yield from ("Deprecation", "Sunset")
    yield from _limited(operation)


def _limited(operation: Operation) -> Iterator[str]:
    if operation.counts_as or operation.needs:
        yield from ("RateLimit", "RateLimit-Policy")


def _sent_with(operation: Operation, status: str) -> Iterator[str]:
    """Name the headers that an error has, or may have."""
    yield "Cache-Control"
    yield from [_OF_STATUS[status]] if status in _OF_STATUS else []
    yield from _limited(operation)


def _schema_of(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_NAMED)
    return schema


def _sent(kind: type[schemas.In]) -> dict[str, Any]:
    given: dict[str, Any] = msgspec.to_builtins(examples.sent(kind))
    # What a program may leave out it mostly does.
    return {name: value for name, value in given.items() if value}


def _errors(operation: Operation) -> dict[str, str]:
    is_paged = any(each.name == "page" for each in operation.asks)
    words = [operation.missing, "There are not that many pages." if is_paged else ""]
    missing = {"404": " ".join(filter(None, words))} if any(words) else {}
    found = {"400": "A parameter is unknown or can’t be read."} | missing | _ANYWHERE
    if operation.takes:
        found |= _OF_BODIES
    elif operation.takes_file:
        found |= _OF_BODIES | {"415": f"The body is no `{bodies.FORM}`."}
    elif operation.method == "POST":
        found["411"] = "It needs a `Content-Length`, if of 0."
    if operation.method not in ("GET", "HEAD"):
        found |= {"403": _FOREIGN}
    if any(_limited(operation)):
        found |= {"429": "A limit is reached; `Retry-After` tells how long."}
    return dict(sorted((found | dict(operation.refusals)).items()))


def _in_path(operation: Operation) -> Iterator[dict[str, Any]]:
    for kind, name in _IN_PATH.findall(operation.path):
        schema = _NUMBER if kind else _PLACES.get(name, _NAME)
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_headers(name: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": r"^[\x21-\x7e]+$", "maxLength": bodies.KEY_MAX_CHARS}
    about = {"name": name, "in": "header", "description": _HEADERS[name]}
    return about | {"required": name == "If-Match", "schema": schema}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "description": parameter.about,
        "required": parameter.is_required,
        "schema": parameter.schema,
    }
    if parameter.example:
        told["example"] = parameter.example
    if parameter.ending:
        told |= {"deprecated": True, "description": f"{parameter.about} {parameter.ending.words}"}
    if parameter.schema["type"] == "array":
        told |= {"style": "form", "explode": False}
    return told


def _envelope(operation: Operation) -> dict[str, Any]:
    data = _data(operation)
    if not operation.is_list:
        return {"type": "object", "properties": {"data": data}, "required": ["data"]}
    parts = {
        "data": {"type": "array", "items": data},
        "meta": {"$ref": _NAMED.format(name=operation.about.__name__)},
        "links": {"$ref": _NAMED.format(name="Links")},
    }
    return {"type": "object", "properties": parts, "required": list(parts)}


def _example(operation: Operation) -> dict[str, Any]:
    one = examples.of(operation.gives)
    if not operation.is_list:
        return {"data": msgspec.to_builtins(one)}
    links = schemas.Links(self=urls.absolute(urls.api(operation.path)))
    answer = {"data": [one], "meta": examples.about(operation.about), "links": links}
    found: dict[str, Any] = msgspec.to_builtins(answer)
    return found


def _data(operation: Operation) -> dict[str, Any]:
    schema = _schema_of(operation.gives)
    if any(each.name == "fields" for each in operation.asks):
        part = {"$ref": _NAMED.format(name=_part_of(operation.gives.__name__))}
        return {"anyOf": [schema, part]}
    return schema


def _problem(words: str, headers: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": _NAMED.format(name="Problem")}
    content = {"application/problem+json": {"schema": schema}}
    return {"description": words, "headers": headers, "content": content}
