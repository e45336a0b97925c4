"""Signs: what is seen in a text, whatever is done to hide it, and in bounded time."""

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.comments import signs

HOSTILE = {
    "letters": "".join(random.Random(1).choices(string.ascii_letters + "      ", k=5_000)),
    "singles": "x " * 2_500,
    "one word": "x" * 5_000,
    "marks": "!a" * 2_500,
    "other scripts": "".join(chr(0x4E00 + at) for at in range(5_000)),
    "all kinds": "".join(chr(0x200B + at) for at in range(5_000)),
    "links": "http://a.b " * 450,
    "spaces": " " * 5_000,
    "surrogates": "\ud800 " * 2_500,
    "joiners": "\u200b" * 5_000,
}


def names(text: str, kind: str) -> list[str]:
    return [sign.name.partition(" ")[2] for sign in signs.of(text) if sign.name.startswith(kind)]


def words(text: str) -> list[str]:
    return names(text, "word ")


def test_words_pairs_and_sites_are_seen_each_once() -> None:
    text = "Buy now, buy now at https://www.Pills.example/a?b=c or pills.example:80 www.shop.biz"
    assert {"buy", "now"} <= set(words(text))
    assert len(words(text)) == len(set(words(text)))
    assert "buy now" in names(text, "pair ")
    assert names(text, "site ") == ["pills.example", "shop.biz"]


@pytest.mark.parametrize(
    "hidden",
    ["CHEAP", "ch3ap", "Сhеар", "c h e a p", "C*H*E*A*P", "c.h.e.a.p", "che\u200bap", "chéáp"],
)
def test_a_word_is_known_however_it_is_hidden(hidden: str) -> None:
    assert words(f"see {hidden} here") == words("see cheap here")


def test_letters_are_of_the_word_they_are_in_and_no_bucket_is_counted_twice() -> None:
    found = {sign.name: sign for sign in signs.of("cheap cheaper")}
    own, longer = found["word cheap"], found["word cheaper"]
    assert signs.bucket("letters heap") in own.buckets
    assert signs.bucket("letters heap") not in longer.buckets
    assert own.buckets[0] == signs.bucket("word cheap")
    assert found["pair cheap cheaper"].parts == (own.buckets[0], longer.buckets[0])


def test_what_is_shown_is_how_it_was_spelled_in_this_text() -> None:
    shown = {sign.name: sign.shown for sign in signs.of("V1agra iluminada, ok! http www it R250")}
    assert shown["word vlagra"] == "v1agra"
    assert shown["pair vlagra llumlnada"] == "v1agra iluminada"
    never = ("word ok", "word !", "word http", "word www", "word lt", "word r0", "pair http www")
    assert [shown[name] for name in never] == [""] * len(never)


def test_numbers_are_alike() -> None:
    assert words("R250 and 50% of 2026") == words("R99 and 7% of 1999")


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("no thanks", ["no capitals", "very short", "no links"]),
        ("Please tell me how long that will take on dry skin", ["", "short", "no links"]),
        ("BUY IT http://a.example", ["many capitals", "very short", "1 link"]),
        ("WIN WIN WIN WIN www.a.b www.c.d", ["mostly capitals", "short", "several links"]),
        ("word " * 30, ["no capitals", "", "no links"]),
        ("Word " * 100, ["many capitals", "long", "no links"]),
        ("", ["no capitals", "very short", "no links"]),
    ],
)
def test_the_shape_of_a_text_is_seen(text: str, shape: list[str]) -> None:
    kinds = ("capitals", "length", "links")
    assert [sign.shown for sign in signs.of(text) if sign.name.startswith(kinds)] == shape


def test_of_a_long_text_the_beginning_and_the_end_are_looked_at() -> None:
    found = words("top " + "more " * 700 + "amongst " + "more " * 700 + "end")
    assert {"top", "end"} <= set(found)
    assert "amongst" not in found


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_text_comes_takes_a_moment_and_a_bounded_number_of_weights(text: str) -> None:
    started = time.perf_counter()
    found = signs.of(text)
    assert time.perf_counter() - started < 0.1
    assert sum(len(sign.buckets) for sign in found) < 4_000
    assert max(len(sign.name) for sign in found) < 120


@given(st.text(max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    for sign in signs.of(text):
        assert all(0 <= bucket < signs.BUCKETS for bucket in (*sign.buckets, *sign.parts))
