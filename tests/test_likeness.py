"""Names and texts that look alike to a person."""

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.comments import likeness

TEXT = "Amazing post!! Buy cheap retinol serum at best serum deals with discount today and save"
OTHER = "Would you space the sessions six weeks apart for darker skin tones, or is four enough?"


@pytest.mark.parametrize(
    "written",
    [
        "SANDRA meyer",
        "Ѕаndrа Меуеr",
        "𝕾𝖆𝖓𝖉𝖗𝖆 𝕸𝖊𝖞𝖊𝖗",
        "Ｓａｎｄｒａ Ｍｅｙｅｒ",
        "Sándra Mëyer",
        "S\u200ba\u00adndra\u2060 Meyer",
        "5@ndr4 M3yer",
        "Sandra Rneyer",
        "sandra, meyer!",
        "ѕᴀɴᴅʀᴀ ᴍᴇʏᴇʀ",
        "Sanđra Mɇyer",
        "🆂🅰🅽🅳🆁🅰 🅜🅔🅨🅔🅡",
        "🇸🇦🇳🇩🇷🇦 🇲🇪🇾🇪🇷",
    ],
)
def test_whatever_letters_a_name_is_typed_with_it_looks_the_same(written: str) -> None:
    assert likeness.words(written) == likeness.words("Sandra Meyer")


@pytest.mark.parametrize("one", ["Нина", "مريم", "李小龍", "Thandeka", "Ωmega"])
def test_other_names_stay_apart(one: str) -> None:
    assert likeness.letters(one)
    assert likeness.letters(one) != likeness.letters("Sandra")


def test_words_end_where_lines_do() -> None:
    assert likeness.words("one\ntwo\tthree") == ["one", "two", "three"]
    assert likeness.letters(" \u200b… ") == ""


def test_a_line_between_words_is_a_space() -> None:
    assert likeness.words("_Sandra_ Sandra_Meyer") == likeness.words("Sandra Sandra Meyer")
    assert likeness.words("rn" * 2_000) == ["m" * 2_000]


@given(st.text(max_size=300))
def test_any_text_has_words_of_its_own_shape(text: str) -> None:
    found = likeness.words(text)
    assert all(word and not word.isspace() for word in found)
    assert len(likeness.sketch(found)) <= 4 * likeness.SKETCH_MARKS


def sketch(text: str) -> bytes:
    return likeness.sketch(likeness.words(text))


def resembles(one: bytes, *others: bytes) -> bool:
    return likeness.resembles(one, others, share=0.5)


def test_texts_that_share_most_words_are_close_and_others_are_not() -> None:
    nearly = TEXT.replace("Amazing post", "Great article").replace("today", "now")
    assert likeness.resembles(sketch(TEXT), [sketch(TEXT)], share=1)
    assert resembles(sketch(TEXT), sketch(OTHER), sketch(nearly))
    assert not likeness.resembles(sketch(TEXT), [sketch(nearly)], share=0.9)
    assert not resembles(sketch(TEXT), sketch(OTHER))
    assert not resembles(sketch(TEXT))


def test_a_text_of_one_word_is_like_no_other() -> None:
    assert likeness.sketch(["thanks"]) == b""
    assert not resembles(b"", b"", sketch(TEXT))
    assert not resembles(sketch(TEXT), b"")


def test_a_short_text_within_a_long_one_is_not_taken_for_it() -> None:
    short = struct.pack(">2I", 1, 2)
    long = struct.pack(f">{likeness.SKETCH_MARKS}I", *range(1, likeness.SKETCH_MARKS + 1))
    assert not resembles(short, long)


def test_the_longest_text_takes_a_moment() -> None:
    likeness.words(TEXT)
    started_at = time.process_time()
    marks = likeness.sketch(likeness.words("ab " * 1_666))
    resembles(marks, *(sketch(f"{TEXT} {n}") for n in range(200)))
    assert time.process_time() - started_at < 1
