"""Browsers in plain words."""

import pytest

from blog.admin import browsers

_MOZILLA = "Mozilla/5.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            f"{_MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (f"{_MOZILLA} (Windows NT 10.0) {_WEBKIT} Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        (
            f"{_MOZILLA} (Windows NT 10.0) {_WEBKIT} Chrome/140 Safari/537 Edg/140",
            "Edge on Windows",
        ),
        (
            f"{_MOZILLA} (Linux; Android 15) {_WEBKIT} Chrome/140 Mobile Safari/537",
            "Chrome on Android",
        ),
        (
            f"{_MOZILLA} (iPhone; CPU iPhone OS 19) {_WEBKIT} Version/19 Safari/604",
            "Safari on an iPhone",
        ),
        (f"{_MOZILLA} (Macintosh; Intel Mac OS X) {_WEBKIT} Safari/605", "Safari on a Mac"),
        ("Firefox", "Firefox"),
        ("Something (Windows)", "A browser on Windows"),
        ("curl/8.0", None),
        ("", None),
        ("<script>alert(1)</script>" * 1_000, None),
    ],
)
def test_a_browser_is_named_by_its_program_and_place(user_agent: str, words: str | None) -> None:
    assert browsers.words(user_agent) == words
