"""Signed tokens and keyed hashes: what was not issued here, for this, lately, is worth nothing."""

from __future__ import annotations

import base64
import hashlib
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from blog import tokens

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEY = "a secret of the tests, long enough to be taken"


def issue(subject: str = "AB12-CD34", *, key: str = KEY, purpose: str = "thanks") -> str:
    return tokens.issue(key, purpose, subject, now=NOW)


def read(
    token: str, *, key: str = KEY, purpose: str = "thanks", now: datetime = NOW
) -> tokens.Token | None:
    return tokens.read(key, purpose, token, now=now, max_age=HOUR)


def signed(payload: Any, *, purpose: str = "thanks") -> str:
    """Sign anything as the application itself would."""
    made = tokens._serializer(KEY, purpose).dumps(payload)
    assert isinstance(made, str)
    return made


@pytest.mark.parametrize(
    "subject",
    ["", "AB12-CD34", "é 漢 \U0001f600", "'; DROP TABLE x; --<script>", "a.b.c", "x" * 700],
)
def test_a_token_says_again_what_it_was_issued_for(subject: str) -> None:
    assert read(issue(subject)) == tokens.Token(subject, timedelta())


def test_a_token_knows_its_age() -> None:
    read_later = read(issue(), now=NOW + 90 * SECOND)
    assert read_later is not None
    assert read_later.age == 90 * SECOND


def test_a_token_of_another_purpose_is_worth_nothing() -> None:
    assert read(issue(purpose="set-up"), purpose="thanks") is None
    assert read(issue(purpose="thank"), purpose="thanks") is None


def test_a_token_of_another_key_is_worth_nothing() -> None:
    assert read(issue(key=f"{KEY}.")) is None
    assert read(issue(key=KEY.upper())) is None


def test_a_token_is_read_until_it_is_too_old() -> None:
    assert read(issue(), now=NOW + HOUR) is not None
    assert read(issue(), now=NOW + HOUR + SECOND) is None


def test_a_clock_that_is_a_minute_ahead_is_forgiven_and_no_more() -> None:
    assert read(issue(), now=NOW - MINUTE) == tokens.Token("AB12-CD34", timedelta())
    assert read(issue(), now=NOW - MINUTE - SECOND) is None


@pytest.mark.parametrize("length", [1, 700], ids=["short", "compressed"])
def test_a_token_with_any_character_changed_is_worth_nothing(length: int) -> None:
    token = issue("x" * length)
    assert read(token) is not None
    for index, right in enumerate(token):
        for wrong in set(string.ascii_letters + string.digits + "-_.=+/ ~%\n\0é") - {right}:
            assert read(token[:index] + wrong + token[index + 1 :]) is None, (index, wrong)


def test_a_token_with_anything_added_or_left_out_is_worth_nothing() -> None:
    token = issue()
    for index in range(len(token)):
        assert read(token[:index] + token[index + 1 :]) is None
        assert read(token[: index + 1]) is None or index == len(token) - 1
    for index in range(len(token) + 1):
        assert [a for a in "=A. !-\n" if read(token[:index] + a + token[index:])] == []


def test_a_token_without_its_signature_or_with_that_of_another_is_worth_nothing() -> None:
    one, other = issue("one"), issue("other")
    payload, _, signature = one.rpartition(".")
    assert read(payload) is None
    assert read(f"{payload}.") is None
    assert read(f"{payload}.{other.rpartition('.')[2]}") is None
    assert read(f"{other.rpartition('.')[0]}.{signature}") is None


def test_a_token_that_was_signed_with_a_weaker_hash_is_worth_nothing() -> None:
    weak = URLSafeSerializer(KEY, salt="blog.thanks", signer_kwargs={"digest_method": hashlib.sha1})
    assert read(weak.dumps([int(NOW.timestamp()), "one"])) is None


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "é.é", "\ud800", "\0", "null", "W10.x", "=" * 10, "x" * 10**6],
)
def test_what_is_no_token_is_worth_nothing(token: str) -> None:
    assert read(token) is None


def test_a_token_longer_than_any_we_issue_is_not_even_looked_at() -> None:
    long = issue("".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(40)))
    assert len(long) > tokens.TOKEN_MAX_CHARS
    assert read(long) is None


@pytest.mark.parametrize(
    "payload",
    [
        None,
        1,
        "AB",
        [],
        {},
        [int(NOW.timestamp())],
        [int(NOW.timestamp()), "one", "more"],
        {"0": int(NOW.timestamp()), "1": "one"},
        ["now", "one"],
        [None, "one"],
        [float(NOW.timestamp()), "one"],
        [int(NOW.timestamp()), 7],
        [int(NOW.timestamp()), None],
        [int(NOW.timestamp()), ["one"]],
        [10**300, "one"],
        [-(10**300), "one"],
    ],
    ids=repr,
)
def test_a_signed_payload_of_another_shape_is_worth_nothing(payload: Any) -> None:
    assert read(signed([int(NOW.timestamp()), "one"])) is not None
    assert read(signed(payload)) is None


@given(st.text())
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert read(text) is None


@given(st.text(max_size=50), st.text(max_size=50))
def test_nobody_who_can_have_texts_signed_gets_another_one_signed(one: str, other: str) -> None:
    payload = issue(one).rpartition(".")[0]
    signature = issue(other).rpartition(".")[2]
    assert (read(f"{payload}.{signature}") is None) == (one != other)


def test_a_token_hides_nothing_from_its_holder_but_the_key() -> None:
    payload = issue("AB12-CD34").rpartition(".")[0]
    assert b"AB12-CD34" in base64.urlsafe_b64decode(payload + "==")


# Keyed hashes


def test_a_keyed_hash_is_32_hexadecimal_characters_and_always_the_same() -> None:
    hashed = tokens.keyed_hash(KEY, "enquiry", "one", "two")
    assert hashed == tokens.keyed_hash(KEY, "enquiry", "one", "two")
    assert len(hashed) == 32
    assert set(hashed) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "other",
    [
        (f"{KEY}.", "enquiry", "one", "two"),
        (KEY, "comment", "one", "two"),
        (KEY, "enquiry", "two", "one"),
        (KEY, "enquiry", "onetwo"),
        (KEY, "enquiry", "onetwo", ""),
        (KEY, "enquiry", "one3:two"),
        (KEY, "enquiry3:one", "two"),
        (KEY, "enquiry", "one", "two", ""),
        (KEY, "enquiry"),
    ],
    ids=repr,
)
def test_a_keyed_hash_depends_on_every_part_and_where_it_ends(other: tuple[str, ...]) -> None:
    key, purpose, *parts = other
    assert tokens.keyed_hash(key, purpose, *parts) != tokens.keyed_hash(
        KEY, "enquiry", "one", "two"
    )


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_different_parts_never_have_the_same_hash(one: list[str], other: list[str]) -> None:
    same = tokens.keyed_hash(KEY, "p", *one) == tokens.keyed_hash(KEY, "p", *other)
    assert same == (one == other)


# Addresses


def client(address: str, *, now: datetime = NOW, key: str = KEY) -> str:
    return tokens.address_hash(key, address, now=now)


def test_an_address_stands_for_the_same_client_all_day_and_not_tomorrow() -> None:
    midnight = NOW.replace(hour=0)
    assert client("192.0.2.1", now=midnight) == client("192.0.2.1", now=midnight + DAY - SECOND)
    assert client("192.0.2.1", now=midnight) != client("192.0.2.1", now=midnight + DAY)


def test_an_address_can_not_be_told_from_its_hash_without_the_key() -> None:
    assert "192.0.2.1" not in client("192.0.2.1")
    assert client("192.0.2.1") != client("192.0.2.1", key=f"{KEY}.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:db8:1:2::1", "2001:0DB8:0001:0002:0000:0000:0000:0009"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1%eth1"),
    ],
)
def test_addresses_of_one_client_have_one_hash(one: str, other: str) -> None:
    assert client(one) == client(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.2"),
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("::1", "127.0.0.1"),
        ("", "unix:"),
        ("not an address", "192.0.2.1"),
    ],
)
def test_addresses_of_two_clients_have_two(one: str, other: str) -> None:
    assert client(one) != client(other)


# Random tokens


def test_a_random_token_is_256_bits_and_never_the_same() -> None:
    made = {tokens.random_token() for _ in range(100)}
    assert len(made) == 100
    assert {len(base64.urlsafe_b64decode(f"{token}=")) for token in made} == {32}


def test_the_digest_of_a_random_token_tells_nothing_of_it() -> None:
    token = tokens.random_token()
    assert tokens.digest(token) == hashlib.sha256(token.encode()).hexdigest()
