"""Telephone numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.enquiries import phones

WHOLE = "+27825550134"


@pytest.mark.parametrize(
    "typed",
    [
        "0825550134",
        "082 555 0134",
        "(082) 555-0134",
        "+27 (0)82 555-0134",
        "0027 82 555 0134",
        "27825550134",
        "082/555.0134",
        "٠٨٢٥٥٥٠١٣٤",
        "082 555 0134 ext 5",
    ],
)
def test_a_number_is_understood_in_any_usual_spelling(typed: str) -> None:
    assert phones.e164(typed, country="ZA") == WHOLE


def test_a_number_of_elsewhere_needs_its_prefix() -> None:
    assert phones.e164("+44 20 7946 0018", country="ZA") == "+442079460018"
    assert phones.e164("+27 82 555 0134", country=None) == WHOLE
    assert phones.e164("082 555 0134", country=None) is None
    assert phones.e164("082 555 0134", country="XX") is None


@pytest.mark.parametrize("typed", ["", "1234", "call me", "()", "+", "1" * 16, "0" * 40])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert phones.e164(typed, country="ZA") is None


@given(st.text(max_size=40))
def test_whatever_is_typed_gets_an_answer(typed: str) -> None:
    number = phones.e164(typed, country="ZA")
    assert number is None or phones.readable(number).startswith("+")
    phones.looks_like_one(typed)


def test_digits_alone_make_a_number_where_no_country_is_known() -> None:
    assert phones.looks_like_one("082 555 0134")
    assert not phones.looks_like_one("082 555")
    assert not phones.looks_like_one("1" * 16)
    assert not phones.looks_like_one("082 555 0134 or later")


def test_a_number_outside_every_range_is_not_known() -> None:
    assert phones.is_known(WHOLE)
    assert not phones.is_known("+27555555555")
    assert not phones.is_known("")


def test_a_number_is_read_in_groups() -> None:
    assert phones.readable(WHOLE) == "+27 82 555 0134"


def test_an_example_is_written_as_people_of_the_country_write_it() -> None:
    assert phones.example("ZA") == "071 123 4567"
    assert phones.example(None) == phones.example("XX") == "+27 82 555 0134"
