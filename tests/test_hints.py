"""Typing errors in addresses that are pointed out."""

import pytest

from blog.enquiries import hints


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lerato@gmial.com", "lerato@gmail.com"),
        ("lerato@gmail.con", "lerato@gmail.com"),
        ("lerato@gmail.co", "lerato@gmail.com"),
        ("lerato@GMAL.com", "lerato@gmail.com"),
        ("lerato@hotmial.com", "lerato@hotmail.com"),
        ("lerato@yaho.co.za", "lerato@yahoo.co.za"),
        ("lerato@outlok.com", "lerato@outlook.com"),
        ("lerato@mweb.co.z", "lerato@mweb.co.za"),
        ("a@b@gmial.com", "a@b@gmail.com"),
    ],
)
def test_a_host_that_is_nearly_a_usual_one_is_pointed_out(typed: str, meant: str) -> None:
    assert hints.likely_address(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "lerato@gmail.com",
        "lerato@Gmail.Com",
        "lerato@mail.com",
        "lerato@reader.example",
        "lerato@clinic.co.za",
        "lerato@uct.ac.za",
        "lerato@web.de",
        "",
        "@gmial.com",
        "no address",
    ],
)
def test_others_are_left_alone(typed: str) -> None:
    assert hints.likely_address(typed) is None
