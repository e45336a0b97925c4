"""What a visitor is warned of before it is sent."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.enquiries import guard

WORDS = ("HIV", "heart condition", "diabetes", "steroid")


@pytest.mark.parametrize(
    ("message", "noticed"),
    [
        ("I have diabetes.", ["“diabetes”"]),
        ("DIABETES, and steroids!", ["“DIABETES”", "“steroids”"]),
        ("diabetes, Diabetes", ["“Diabetes”"]),
        ("My heart\n condition is old", ["“heart condition”"]),
        ("HIV", ["“HIV”"]),
        ("My number: 8001015009087, hiv", ["an identity number", "“hiv”"]),
        ("hive of bees; my hivelike hair; diabetesfree", []),
        ("8001015009088 is no identity number", []),
        ("", []),
    ],
)
def test_words_of_the_list_and_identity_numbers_are_noticed(
    message: str, noticed: list[str]
) -> None:
    assert guard.found(message, WORDS) == noticed


def test_an_empty_list_leaves_identity_numbers_alone_to_be_noticed() -> None:
    assert guard.found("HIV 8001015009087", ()) == ["an identity number"]


def test_words_of_the_list_mean_themselves() -> None:
    assert guard.found("abc", ("a.c", ".*")) == []
    assert guard.found("I take a.c daily", ("a.c",)) == ["“a.c”"]


@given(st.text(max_size=300))
def test_any_message_gets_an_answer(message: str) -> None:
    guard.found(message, WORDS)


@pytest.mark.parametrize("hostile", ["heart " * 400, "heart" + " " * 2_000, "8001015009" * 200])
def test_no_message_takes_long(hostile: str) -> None:
    words = tuple(f"{word} {number}" for number in range(75) for word in WORDS)
    guard.found("", words)
    began = time.process_time()
    guard.found(hostile, words)
    assert time.process_time() - began < 0.2
