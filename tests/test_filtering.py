"""Filters as front ends write them: what they are read as, and what is refused where."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.articles.filtering import (
    FILTER_MAX_CHARS,
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_VALUES,
    Condition,
    Group,
    Sign,
    Value,
    conditions,
    parse,
)


def asked(field: str, *values: str, sign: Sign = Sign.IS, is_negated: bool = False) -> Condition:
    return Condition(field, sign, tuple(Value(value) for value in values), is_negated)


A, B, C = asked("a", "1"), asked("b", "2"), asked("c", "3")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a:1", A),
        ("a:-1", asked("a", "1", is_negated=True)),
        ("a:1+b:2", Group((A, B))),
        ("a:1 b:2", Group((A, B))),
        ("a:1,b:2", Group((A, B), is_any=True)),
        ("a:1, b:2", Group((A, B), is_any=True)),
        ("a:1+b:2,c:3", Group((Group((A, B)), C), is_any=True)),
        ("a:1+(b:2,c:3)", Group((A, Group((B, C), is_any=True)))),
        ("a:1 (b:2,c:3)", Group((A, Group((B, C), is_any=True)))),
        ("( a:1 )", A),
        ("a:[1,2,3]", asked("a", "1", "2", "3")),
        ("a:-[1,2]", asked("a", "1", "2", is_negated=True)),
        ("a:>1", asked("a", "1", sign=Sign.ABOVE)),
        ("a:<=now-30d", asked("a", "now-30d", sign=Sign.AT_MOST)),
        ("a:~1", asked("a", "1", sign=Sign.HOLDS)),
        ("a:-~$1", asked("a", "1", sign=Sign.ENDS, is_negated=True)),
        ("a:~^1", asked("a", "1", sign=Sign.BEGINS)),
        ("a:'it\\'s, +(x)'", Condition("a", Sign.IS, (Value("it's, +(x)", is_quoted=True),))),
        ('a:-"x"', Condition("a", Sign.IS, (Value("x", is_quoted=True),), is_negated=True)),
    ],
)
def test_a_filter_is_read_as_it_is_written(text: str, read: object) -> None:
    assert parse(text) == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The name of a field is wanted at character 1."),
        ("a", "A colon is wanted after “a” at character 2."),
        ("a:", "A value is wanted at character 3."),
        ("a:- x", "A value is wanted at character 4."),
        ("a:1)", "A comma, a plus or the end is wanted at character 4."),
        ("a:1 )", "A comma, a plus or the end is wanted at character 5."),
        ("a:1,", "The name of a field is wanted at character 5."),
        ("(a:1", "A closing bracket is wanted at character 5."),
        ("a:[1", "A comma or a closing square bracket is wanted at character 5."),
        ("a:[]", "A value is wanted at character 4."),
        ("a:'x", "A quotation mark is not closed at character 3."),
        ("A:1", "The name of a field is wanted at character 1."),
        ("a:1" + "+a:1" * MAX_CONDITIONS, "There are more than 30 conditions at character 121."),
        (f"a:[{'1,' * MAX_VALUES}1]", "There are more than 100 values in lists at character 204."),
        (
            f"a:[1,1]+a:[{'1,' * MAX_VALUES}1]",
            "There are more than 100 values in lists at character 208.",
        ),
        ("(" * (MAX_DEPTH + 1), "There are more than 8 brackets within each other at character 9."),
        ("x" * (FILTER_MAX_CHARS + 1), "It has more than 2,000 characters."),
    ],
)
def test_what_is_no_filter_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        parse(text)
    assert str(refused.value) == said


def test_all_conditions_of_a_filter_are_found() -> None:
    assert [each.field for each in conditions(parse("a:1+(b:2,c:3)"))] == ["a", "b", "c"]


@given(st.text(alphabet="ab:1-~^$<>=[](),+' \\\"", max_size=40))
def test_whatever_is_sent_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert list(conditions(parse(text)))


def test_only_without_quotation_marks_null_is_nothing() -> None:
    assert [Value("null").is_null, Value("null", is_quoted=True).is_null] == [True, False]
