"""Two versions of a text: each can be read out of what is told apart, and it takes no time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.comments.comparing import Change, compare

SAME, REMOVED, ADDED = Change.SAME, Change.REMOVED, Change.ADDED
TEXTS = st.text(st.sampled_from("ab \n*"), max_size=60)


def without(change: Change, old: str, new: str) -> str:
    return "".join(words for each, words in compare(old, new) if each is not change)


@given(TEXTS, TEXTS)
def test_both_versions_can_be_read_out_of_their_differences(old: str, new: str) -> None:
    assert without(ADDED, old, new) == old
    assert without(REMOVED, old, new) == new


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", []),
        ("The same", "The same", [(SAME, "The same")]),
        ("", "All new", [(ADDED, "All new")]),
        ("All gone", "", [(REMOVED, "All gone")]),
        (
            "One two three",
            "One four three",
            [(SAME, "One"), (REMOVED, " two"), (ADDED, " four"), (SAME, " three")],
        ),
        ("One two", "One two three", [(SAME, "One two"), (ADDED, " three")]),
        (
            "a b c d e",
            "x b c y e",
            [
                (REMOVED, "a"),
                (ADDED, "x"),
                (SAME, " b c"),
                (REMOVED, " d"),
                (ADDED, " y"),
                (SAME, " e"),
            ],
        ),
    ],
)
def test_whole_words_are_told_apart(old: str, new: str, found: list[tuple[Change, str]]) -> None:
    assert compare(old, new) == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ab " * 199, "ab ab cd " * 66),
        ("a b " * 99, "b a c " * 66),
        (" ".join(map(str, range(300))), " ".join(map(str, reversed(range(300))))),
        ("a " * 2_500, "b " * 2_500),
        (" \n" * 2_500, "x" * 5_000),
    ],
)
def test_texts_made_to_be_slow_are_not(old: str, new: str) -> None:
    before = time.thread_time()
    compare(old, new)
    assert time.thread_time() - before < 1


def test_what_differs_in_too_much_is_one_change() -> None:
    old, new = "a " * 400, "b " * 400
    assert compare(f"Hello {old}bye", f"Hello {new}bye") == [
        (SAME, "Hello"),
        (REMOVED, f" {old.strip()}"),
        (ADDED, f" {new.strip()}"),
        (SAME, " bye"),
    ]
