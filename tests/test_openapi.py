"""The description of the API: valid, complete, and true of every answer that is tried."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
import schemathesis
from flask import Blueprint, Flask, Response
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import positive_data_acceptance

from blog import limits, problems, schemas
from blog.api import answers, api, openapi, parameters, surface
from blog.api.endings import Ending
from blog.api.surface import OPERATIONS
from blog.webhooks import TESTED, Event
from tests.cast import ARTICLE, AUTHOR_ID, Blog, Clock, Visitor
from tests.described import check_headers
from tests.test_posting import Program
from tests.test_reading import says

API = "/api/v1"
OPAQUE = {"filter", "cursor", "since"}
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
    own = {"/openapi.json", "/reference"}
    assert set(document["paths"]) == routes - own
    for path, operation in operations(document):
        assert operation["tags"][0] in openapi.TAGS, path
        assert operation["summary"], path
        done = next(each for code, each in operation["responses"].items() if code.startswith("2"))
        sent = operation.get("requestBody", {})
        for each in filter(None, (done.get("content"), sent.get("content"))):
            (content,) = each.values()
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
        path, operation = API + each.example.format(**names), told[each.view.__name__]
        answer = reader.get(path)
        assert answer.status_code == 200, each.example
        done = operation["responses"]["200"]
        schema_of(document, done["content"]["application/json"]["schema"]).validate(answer.json)
        again = reader.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304, each.example
        for sent in (answer, again):
            check_headers(
                document["components"]["headers"], operation, sent.status_code, sent.headers.keys()
            )


def test_what_was_made_says_where_it_is_and_what_is_refused_why(app: Flask) -> None:
    program = Program(app)
    taken = program.comment()
    own = taken.headers["Location"]
    seen = program.send("GET", own, Authorization=f"Bearer {taken.json['data']['edit_token']}")
    assert seen.json["data"]["id"] == taken.json["data"]["id"]
    document = program.send("GET", f"{API}/openapi.json").json
    operation = document["paths"]["/comments/{comment_id}"]["delete"]
    wrong = program.send("PUT", own, {})
    check_headers(document["components"]["headers"], operation, 405, wrong.headers.keys())
    with pytest.raises(AssertionError, match="etag"):
        check_headers(document["components"]["headers"], operation, 405, seen.headers.keys())


def test_programs_find_from_the_entrance_what_there_is(reader: Visitor) -> None:
    entrance = reader.get(f"{API}/")
    links = {each.partition(";")[0].strip("<>") for each in entrance.headers.getlist("Link")}
    assert links == {f"{API}/openapi.json", f"{API}/reference"}
    found = (entrance.json or {})["data"]
    for address in (found["description"], found["reference"], *found["reads"].values()):
        # Some can't be asked without a parameter.
        assert reader.get(address.removeprefix(reader.base)).status_code in (200, 400), address


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
            is_opaque = OPAQUE & set(case.query or {}) or case.method != "GET"
            answer = case.call_and_validate(
                headers={"Host": "127.0.0.1:8000", "Accept-Encoding": "identity"},
                excluded_checks=[positive_data_acceptance] if is_opaque else [],
            )
            told = document["paths"][case.operation.path][case.operation.method]
            check_headers(
                document["components"]["headers"], told, answer.status_code, answer.headers
            )

        ask()
    assert tried >= len(OPERATIONS)


def test_what_webhooks_are_sent_is_described(document: Any) -> None:
    assert set(document["webhooks"]) == {*Event, TESTED}
    for told in document["webhooks"].values():
        content = told["post"]["requestBody"]["content"]["application/json"]
        schema_of(document, content["schema"]).validate(content["example"])


def test_the_reference_tells_every_operation_type_and_problem(
    document: Any, reader: Visitor
) -> None:
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


@pytest.fixture
def own_operations(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blueprint]:
    """Operations that a test adds are there for its own sites alone."""
    trial, known = Blueprint("trial", __name__, url_prefix=API), OPERATIONS[:]
    monkeypatch.setattr(surface, "api", trial)
    yield trial
    OPERATIONS[:] = known


@pytest.mark.one_database("nothing of it is in the database")
def test_what_will_go_says_so_in_its_answers_and_in_the_description(
    own_operations: Blueprint, make_app: Callable[..., Flask]
) -> None:
    since, until = datetime(2026, 5, 1, tzinfo=UTC), datetime(2027, 1, 31, 12, tzinfo=UTC)
    old = Ending(since, until, successor=f"{API}/articles")
    size = parameters.number("size", "How many.", most=9, default=3)
    told: dict[str, Any] = {"tag": "Site", "gives": schemas.FormTokenOut}

    @surface.reads("/old", **told, example="/old", asks=[replace(size, ending=Ending(until))])
    def show_old(_asked: dict[str, Any]) -> Response:
        """Show it."""
        return answers.one(schemas.FormTokenOut(token="x"))

    @surface.does("POST", "/old", **told, example="/old", ending=old)
    def post_old() -> Response:
        """Take it."""
        return answers.taken(schemas.FormTokenOut(token="x"))

    app = make_app()
    app.register_blueprint(own_operations)
    program = Program(app)
    document = program.send("GET", f"{API}/openapi.json").json
    page = says(program.visitor.get(f"{API}/reference").text)
    at = document["paths"]["/old"]
    words = "Deprecated since 1 May 2026, and works until 31 January 2027; use"
    assert (at["post"]["deprecated"], words in at["post"]["description"]) == (True, True)
    assert "POST /old (deprecated)" in page
    assert words in page
    (parameter,) = at["get"]["parameters"]
    assert (parameter["deprecated"], "deprecated" in at["get"]) == (True, False)
    assert parameter["description"] == "How many. Deprecated since 31 January 2027."
    posted = program.send("POST", f"{API}/old", {})
    here = f"http://127.0.0.1:8000{API}"
    assert posted.headers["Deprecation"] == f"@{int(since.timestamp())}"
    assert posted.headers["Sunset"] == "Sun, 31 Jan 2027 12:00:00 GMT"
    assert posted.headers.getlist("Link") == [
        f'<{here}/reference#post_old>; rel="deprecation"; type="text/html"',
        f'<{here}/articles>; rel="successor-version"',
    ]
    for path, is_used in (("/old", False), ("/old?size=5", True)):
        answer = program.send("GET", API + path)
        assert ("Deprecation" in answer.headers) is is_used
        assert "Sunset" not in answer.headers
        check_headers(document["components"]["headers"], at["get"], 200, answer.headers.keys())


def test_the_command_prints_what_the_site_serves(blog: Blog, document: Any) -> None:
    assert blog("openapi").json == document
