"""Private details in a text: what is found, and what is not."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog import private

ID = "8001015009087"


def found(text: str, region: str | None = "ZA") -> list[tuple[str, str]]:
    return [
        (text[each.start : each.end], str(each.kind))
        for each in private.details(text, region=region)
    ]


@pytest.mark.parametrize(
    "number",
    [
        "082 555 0134",
        "0825550134",
        "(082) 555-0134",
        "082-555-0134",
        "+27 82 555 0134",
        "+44 20 7946 0958",
        "011 555 0100",
    ],
)
def test_a_phone_number_is_found_in_any_usual_spelling(number: str) -> None:
    assert found(f"Agreed! My number is {number} if anyone asks.") == [(number, "phone number")]


def test_where_no_country_is_known_numbers_need_their_prefix() -> None:
    assert found("082 555 0134", region=None) == []
    assert found("+27 82 555 0134", region=None) == [("+27 82 555 0134", "phone number")]


@pytest.mark.parametrize("address", ["nomsa@reader.example", "n.k+skin@mail.reader.example"])
def test_an_email_address_is_found(address: str) -> None:
    assert found(f"Write to {address}, please.") == [(address, "email address")]


@pytest.mark.parametrize("number", [ID, "800101 5009 087", "800101-5009-087"])
def test_an_identity_number_is_found_by_its_check_digit(number: str) -> None:
    assert found(f"My ID is {number}.") == [(number, "identity number")]


@pytest.mark.parametrize(
    "text",
    [
        "8001015009088",  # the check digit is another
        "8013015009081",  # there is no month 13
        "8002305009081",  # nor a 30 February
        f"1{ID}",
        "I paid R1 500 000 in 2026-03-10 12:30",
        "3 x 0,5 mm, 10 % urea, SPF 50, see page 1234",
        "@home we say hi@",
        "my visit at 12:30 on 2026-03-10 and 2026-04-10",
    ],
)
def test_other_numbers_and_signs_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_details_come_in_their_order_and_do_not_overlap() -> None:
    text = f"{ID} or a@b.example or 082 555 0134 or 0825550134@c.example"
    assert [kind for _, kind in found(text)] == [
        "identity number",
        "email address",
        "phone number",
        "email address",
    ]


def masked(text: str, max_chars: int = 5_000) -> str:
    return private.masked(text, private.details(text, region="ZA"), max_chars=max_chars)


def test_a_note_stands_in_the_place_of_each_detail() -> None:
    text = "Call 082 555 0134, write to a@b.example or ask."
    assert masked(text) == "Call (phone number hidden), write to (email address hidden) or ask."
    assert masked("Thank you.") == "Thank you."


def test_notes_never_make_a_text_too_long() -> None:
    text = "a@b.c " * 800
    assert masked(text) == "(…) " * 800
    assert masked("a@b.c", max_chars=22) == "(email address hidden)"
    assert masked("a@b.c", max_chars=21) == "(…)"


@given(st.text(max_size=300), st.sampled_from(["082 555 0134", "a@b.example", ID]))
def test_places_lie_within_the_text_one_after_another(text: str, detail: str) -> None:
    whole = f"{text} {detail} {text}"
    places = private.details(whole, region="ZA")
    assert all(0 <= each.start < each.end <= len(whole) for each in places)
    assert all(one.end <= other.start for one, other in pairwise(places))


@pytest.mark.parametrize(
    "part", ["1 ", "a.", "a@", "0", "(0", "1-", "082 555 0134 ", "800101", "+"]
)
def test_no_text_takes_long(part: str) -> None:
    text = (part * 5_000)[:5_000]
    private.details(text, region="ZA")
    started_at = time.process_time()
    private.details(text, region="ZA")
    assert time.process_time() - started_at < 0.15
