"""The tutorial of the API: each request in it is sent, and each answer is what comes."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask

from blog.permissions import Scope
from tests.cast import AUTHOR, Clock, Visitor
from tests.test_permissions import token_of
from tests.test_uploading import saved

PAGE = Path(__file__).parent.parent / "docs" / "api.md"
ANYTHING = "…"


class Block(NamedTuple):
    """One block of the page: a first line, headers and a body."""

    first: str
    headers: dict[str, str]
    body: str


def blocks() -> list[Block]:
    found = re.findall(r"^```http\n(.*?)^```$", PAGE.read_text("utf-8"), re.S | re.M)
    return [read(text) for text in found]


def read(text: str) -> Block:
    head, _, body = text.partition("\n\n")
    first, *lines = head.strip().split("\n")
    return Block(first, dict(line.split(": ", 1) for line in lines), body.strip())


def resembles(told: Any, found: Any) -> bool:
    """Tell whether an answer is what the page says; an ellipsis stands for anything."""
    if told == ANYTHING:
        return True
    if isinstance(told, str) and isinstance(found, str):
        return bool(re.fullmatch(re.escape(told).replace(ANYTHING, ".+"), found))
    if isinstance(told, dict) and isinstance(found, dict):
        return told.keys() == found.keys() and all(resembles(told[k], found[k]) for k in told)
    if isinstance(told, list) and isinstance(found, list):
        return len(told) == len(found) and all(map(resembles, told, found))
    return bool(told == found)


@pytest.fixture
def environ(environ: dict[str, str], own_content: Path) -> dict[str, str]:
    """It writes an article."""
    return environ | {"BLOG_CONTENT_DIR": str(own_content)}


def test_every_request_of_the_tutorial_is_answered_as_it_says(app: Flask, clock: Clock) -> None:
    program, told = Visitor(app), blocks()
    scopes = Scope.ARTICLES_WRITE, Scope.CONTENT_PREVIEW, Scope.WEBHOOKS_MANAGE
    known = {"api_token": token_of(app, AUTHOR, *scopes)}
    assert len(told) % 2 == 0
    for asked, answered in zip(told[::2], told[1::2], strict=True):
        method, path = filled({"": asked.first}, known)[""].split(" ")
        options: dict[str, Any] = {"headers": filled(asked.headers, known)}
        if file := re.fullmatch("file=@(.+)", asked.body):
            options["data"] = {"file": (io.BytesIO(saved("JPEG")), file[1])}
            # What parts a form is said with the form.
            del options["headers"]["Content-Type"]
        elif asked.body:
            options["data"] = filled({"": asked.body}, known)[""]
        answer: Any = program._open(method, path, **options)
        _, status, _ = answered.first.split(" ", 2)
        assert answer.status_code == int(status), (asked.first, answer.text)
        for name, value in answered.headers.items():
            pattern = re.escape(value).replace(ANYTHING, ".+")
            assert re.fullmatch(pattern, answer.headers[name]), (asked.first, name)
        if answered.body:
            assert resembles(json.loads(answered.body), answer.json), (asked.first, answer.text)
            data = answer.json.get("data")
            known |= data if isinstance(data, dict) else {}
            known |= answer.json.get("meta", {}).get("sync", {})
        else:
            assert answer.data == b""
        known |= {"etag": answer.headers["ETag"]} if "ETag" in answer.headers else {}
        clock.move(seconds=20)


def filled(texts: dict[str, str], known: dict[str, str]) -> dict[str, str]:
    """Put in what earlier answers gave."""
    return {
        name: re.sub(r"\{(\w+)\}", lambda found: str(known[found[1]]), text)
        for name, text in texts.items()
    }


@pytest.mark.parametrize(
    ("told", "found"), [({"a": 1}, {"a": 2}), ({"a": 1}, {"a": 1, "b": 2}), ([1], [1, 2]), ([1], 1)]
)
def test_an_answer_that_is_otherwise_is_noticed(told: Any, found: Any) -> None:
    assert not resembles(told, found)
