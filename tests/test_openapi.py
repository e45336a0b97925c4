"""The description of the API: valid, complete, and true of every answer that is tried."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import positive_data_acceptance

from blog import limits, problems
from blog.api import api, openapi
from blog.api.surface import OPERATIONS
from tests.cast import ARTICLE, AUTHOR_ID, Blog, Clock, Visitor
from tests.test_reading import says

API = "/api/v1"
EXAMPLES = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def document(app: Flask, reader: Visitor, clock: Clock) -> Any:
    return reader.get(f"{API}/openapi.json").json


def schema_of(document: Any, schema: Any) -> Draft202012Validator:
    whole = {"components": document["components"], **schema}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_description_is_valid_and_says_where_it_is(document: Any, reader: Visitor) -> None:
    validate(document)
    assert document["servers"] == [{"url": f"{reader.base}{API}"}]
    assert document["info"]["title"] == "The Skin Journal: API"
    assert reader.get(f"{API}/openapi.json?v=2").status_code == 400
    answer = reader.get(f"{API}/openapi.json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_every_route_is_told_of_with_an_example(app: Flask, document: Any) -> None:
    routes = {
        re.sub(r"<(?:int:)?(\w+)>", r"{\1}", str(rule)).removeprefix(API)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(f"{api.name}.")
    }
    own = {"/", "/openapi.json", "/reference"}
    assert set(document["paths"]) == routes - own
    for path, operation in operations(document):
        assert operation["tags"][0] in openapi.TAGS, path
        assert operation["summary"], path
        done = next(each for code, each in operation["responses"].items() if code.startswith("2"))
        sent = operation.get("requestBody", {})
        for each in filter(None, (done.get("content"), sent.get("content"))):
            content = each["application/json"]
            schema_of(document, content["schema"]).validate(content["example"])
        for parameter in operation["parameters"]:
            assert parameter["in"] == "path" or parameter["description"], path


def test_every_example_of_an_address_can_be_tried(document: Any, reader: Visitor) -> None:
    """Each operation's own example answers, as its description says."""
    names = {
        "article_id": ARTICLE,
        "slug": ARTICLE,
        "topic": "daily-care",
        "author_id": AUTHOR_ID,
        "page_id": "privacy",
    }
    told = {operation["operationId"]: operation for _, operation in operations(document)}
    for each in OPERATIONS:
        if not each.is_read:
            continue
        answer = reader.get(API + each.example.format(**names))
        assert answer.status_code == 200, each.example
        done = told[each.view.__name__]["responses"]["200"]
        schema_of(document, done["content"]["application/json"]["schema"]).validate(answer.json)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_the_description_allows_is_answered_as_it_says(
    document: Any, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits.limiter, "enabled", False)
    schema = schemathesis.openapi.from_wsgi(f"{API}/openapi.json", app)
    tried = 0
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # ours can all be read

        @EXAMPLES
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case[Any]) -> None:
            nonlocal tried
            tried += 1
            # A schema can't tell which text is a filter, an address, or a token that was given out.
            is_opaque = {"filter", "cursor"} & set(case.query or {}) or case.method != "GET"
            case.call_and_validate(
                headers={"Host": "127.0.0.1:8000", "Accept-Encoding": "identity"},
                excluded_checks=[positive_data_acceptance] if is_opaque else [],
            )

        ask()
    assert tried >= len(OPERATIONS)


def test_the_reference_tells_every_operation_type_and_problem(
    document: Any, reader: Visitor
) -> None:
    entrance = reader.get(f"{API}/")
    assert (entrance.status_code, entrance.headers["Location"]) == (303, f"{API}/reference")
    assert f'href="{API}/reference"' in reader.get("/").text
    page = reader.get(f"{API}/reference").text
    words = says(page)
    for path, operation in operations(document):
        assert f'id="{operation["operationId"]}"' in page
        assert path in words
        done = next(each for code, each in operation["responses"].items() if code < "3")
        if "content" in done:
            example = done["content"]["application/json"]["example"]
            assert json.dumps(example, indent=2, ensure_ascii=False) in unescape(page), path
        for parameter in operation["parameters"]:
            assert parameter["name"] in words or parameter["in"] == "path"
    for name in document["components"]["schemas"]:
        assert f'id="type-{name}"' in page
    for code in problems.KNOWN:
        assert f'id="problem-{code}"' in page
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page, target


def test_the_command_prints_what_the_site_serves(blog: Blog, document: Any) -> None:
    assert blog("openapi").json == document
