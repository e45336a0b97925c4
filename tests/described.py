"""Whether an answer of the API has the headers that its description tells of, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from blog.api import openapi


def check_headers(known: Any, operation: Any, status: int, sent: Iterable[str]) -> None:
    """Every header of an answer is told of, and every one is there that always is."""
    needed = {name.lower(): each["required"] for name, each in known.items()}
    name = operation["operationId"]
    assert str(status) in operation["responses"], (name, status)
    told = {each.lower() for each in operation["responses"][str(status)]["headers"]}
    found = needed.keys() & {each.lower() for each in sent}
    assert found <= told, (name, status, found - told)
    missing = {each for each in told - found if needed[each]}
    assert not missing, (name, status, missing)


def check(app: Flask, method: str, path: str, answer: Any) -> None:
    """Check an answer to whatever was asked, where that is an operation."""
    place = path.partition("?")[0]
    try:
        endpoint, _ = app.url_map.bind("127.0.0.1").match(place, method=method)
    except HTTPException:
        return
    with app.app_context():
        known, told = _described()
    operation = told.get(endpoint.removeprefix("api."))
    if operation and method not in ("HEAD", "OPTIONS"):
        check_headers(known, operation, answer.status_code, answer.headers.keys())


@cache
def _described() -> tuple[Any, dict[str, Any]]:
    document = openapi.document("The Skin Journal")
    methods = [each for methods in document["paths"].values() for each in methods.values()]
    return document["components"]["headers"], {each["operationId"]: each for each in methods}
