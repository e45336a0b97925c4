"""Errors: one tree, whose docstring is true, and whose messages are sentences for a person."""

from __future__ import annotations

import re

import pytest

from blog import errors
from blog.errors import (
    BadHeader,
    BadParameter,
    BadRequest,
    BlogError,
    Busy,
    Conflict,
    ContentError,
    DatabaseUnready,
    FileError,
    Forbidden,
    Gone,
    Invalid,
    KeyReused,
    MailError,
    MarkupError,
    NotFound,
    Problem,
    SettingError,
    Stale,
    TooMany,
    Unauthorized,
    Unconditional,
    WrongType,
)

STATUSES: dict[type[BlogError], int] = {
    BlogError: 500,
    SettingError: 500,
    DatabaseUnready: 503,
    ContentError: 500,
    FileError: 500,
    MarkupError: 422,
    MailError: 500,
    BadRequest: 400,
    BadParameter: 400,
    BadHeader: 400,
    WrongType: 415,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Gone: 410,
    Conflict: 409,
    Stale: 412,
    Unconditional: 428,
    Invalid: 422,
    KeyReused: 422,
    TooMany: 429,
    Busy: 503,
}


def test_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert drawn == [error.__name__ for error in BlogError.__subclasses__()]


def test_every_error_says_what_a_surface_answers_with() -> None:
    assert set(STATUSES) == {BlogError, *BlogError.__subclasses__()}
    assert {error: error.status for error in STATUSES} == STATUSES


def test_every_error_has_a_code_of_its_own_for_programs() -> None:
    codes = [error.code for error in STATUSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize(
    "error",
    [
        Conflict("Somebody was here before."),
        Invalid({"name": "Somebody was", "email": "here before."}),
        MarkupError("Somebody was here before.", line=3),
        TooMany("Somebody was here before.", retry_after_seconds=3),
        Busy("Somebody was here before."),
    ],
    ids=lambda error: error.code,
)
def test_an_error_is_its_sentence(error: BlogError) -> None:
    assert (error.message, str(error)) == ("Somebody was here before.",) * 2


def test_wrong_fields_are_named() -> None:
    fields = {"name": "Type a name.", "email": "Type an address."}
    assert Invalid(fields).fields == fields


def test_who_has_to_wait_is_told_how_long() -> None:
    assert TooMany("Wait.", retry_after_seconds=90).retry_after_seconds == 90
    assert Busy("Wait.").retry_after_seconds == 5
    assert Busy("Wait.", retry_after_seconds=1).retry_after_seconds == 1


def test_a_line_is_named_where_one_is_to_blame() -> None:
    assert MarkupError("Too deep.", line=7).line == 7
    assert MarkupError("Too long.").line is None


@pytest.mark.parametrize(
    ("line", "column", "place"),
    [(None, None, "site.toml"), (3, None, "site.toml:3"), (3, 9, "site.toml:3:9")],
)
def test_a_problem_says_where_what_and_what_to_do(
    line: int | None, column: int | None, place: str
) -> None:
    problem = Problem("site.toml", "There is no title.", "Add one.", line, column)
    assert str(problem) == f"{place}: There is no title. Add one."


def test_a_file_tells_all_its_problems_a_line_each() -> None:
    first = Problem("site.toml", "There is no title.", "Add one.", 1)
    second = Problem("site.toml", "There is no zone.", "Add one.", 2, is_warning=True)
    error = ContentError(first, second)
    assert error.problems == (first, second)
    assert error.message.splitlines() == [str(first), str(second)]
