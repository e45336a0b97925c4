"""The API asked for whatever its description allows, and for what it doesn't, by schemathesis."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance

from bench.load import Visitor, address
from bench.report import Bound, Row
from bench.servers import SITE_HOST, Blog

_DOCUMENT = "/api/v1/openapi.json"
_NONE = Bound(0)


def rows(site: Blog, *, examples: int) -> Iterator[Row]:
    """Try every operation so many times, from an address of its own each time."""
    with Visitor(site.port) as visitor:
        document = json.loads(visitor.get(_DOCUMENT).text)
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=f"http://127.0.0.1:{site.port}/api/v1")
    # All of ours can be read.
    found: list[Any] = [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr]  # the test says so
    statuses: Counter[int] = Counter()
    wrong: Counter[str] = Counter()
    for operation in found:
        _try(operation, examples, statuses, wrong)
    tried = f"API, {len(found)} operations, {examples} examples each, {statuses.total():,} requests"
    broken = sum(count for status, count in statuses.items() if status >= 500)
    yield Row(f"{tried}: server errors", broken, bound=_NONE)
    note = "; ".join(f"{what}: {count}" for what, count in wrong.most_common(5))
    yield Row(f"{tried}: answers that aren't as described", wrong.total(), bound=_NONE, note=note)


def _try(operation: Any, examples: int, statuses: Counter[int], wrong: Counter[str]) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        response = case.call(
            headers={
                "Host": SITE_HOST,
                "X-Forwarded-Proto": "https",
                "X-Forwarded-For": address(),
            }
        )
        statuses[response.status_code] += 1
        # A schema can't tell which text is a filter, an address, or a token that was given out.
        is_opaque = {"filter", "cursor", "since"} & set(case.query or {}) or case.method != "GET"
        try:
            case.validate_response(
                response, excluded_checks=[positive_data_acceptance] if is_opaque else []
            )
        except FailureGroup as failures:
            wrong.update(f"{operation.label}: {each.title}" for each in failures.exceptions)

    ask()
