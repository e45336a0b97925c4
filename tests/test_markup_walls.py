"""Hostile texts: nothing outside the lists comes out, nothing takes long, old HTML isn't trusted."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from blog import markup
from blog.errors import MarkupError
from blog.markup import cleaning, comments, finishing
from tests.data.hostile_markup import PAYLOADS, PIECES, slow_patterns
from tests.data.html_inspector import (
    ARTICLE_LIST,
    COMMENT_LIST,
    Inspector,
    article_faults,
    comment_faults,
)

# Some 0.07 s when measured alone; the bound leaves room for a busy machine.
SLOW_COMMENT_SECONDS = 1.0
MANY = settings(max_examples=300, deadline=None, derandomize=True)


def test_the_inspector_finds_what_is_outside_and_what_is_broken() -> None:
    html = "</b><p onclick=x><svg><a href='java\tscript:1'>x</p><!-- --><!DOCTYPE x><?php ?>"
    assert comment_faults(html) == [
        *("</b> out of place", "</p> out of place"),
        *("a comment", "a declaration", "an instruction"),
        *("<p> left open", "<svg> left open", "<p onclick>", "<svg>", "java\tscript:1"),
    ]
    assert article_faults("<p id='main'></p><p id='x'></p><p id='x'></p>") == ["main", "x", "x"]


def test_hostile_comments_hold_nothing_outside_the_list() -> None:
    found = {text: comment_faults(markup.render_comment(text)) for text in PAYLOADS[::5]}
    assert {text: faults for text, faults in found.items() if faults} == {}


def test_hostile_articles_hold_nothing_outside_the_list() -> None:
    found = {text: article_faults(markup.render_article(text).html) for text in PAYLOADS[::11]}
    assert {text: faults for text, faults in found.items() if faults} == {}


def test_the_second_wall_stands_alone() -> None:
    for policy, allowed in ((comments.POLICY, COMMENT_LIST), (finishing.POLICY, ARTICLE_LIST)):
        cleaned = {text: cleaning.second_wall(text, policy) for text in PAYLOADS}
        found = {
            text: Inspector(html).outside(allowed, policy.schemes) for text, html in cleaned.items()
        }
        assert {text: faults for text, faults in found.items() if faults} == {}


@pytest.mark.parametrize("policy", [comments.POLICY, finishing.POLICY])
@pytest.mark.parametrize("url", ["javascript:123", "javascript:`1`", "java&Tab;script:0", "x:1"])
def test_a_scheme_that_the_first_wall_lets_through_stops_at_the_second(
    policy: cleaning.Policy, url: str
) -> None:
    html = f'<p><a href="{url}">a</a></p>'
    for cleaned in (cleaning.second_wall(html, policy), cleaning.clean(html, policy)):
        assert Inspector(cleaned).outside(ARTICLE_LIST, policy.schemes) == []


def test_an_address_without_a_site_stops_at_the_second_wall_for_readers_alone() -> None:
    html = '<a href="/contact">a</a><a href="//x.org">b</a>'
    assert Inspector(cleaning.second_wall(html, comments.POLICY)).values("href") == []
    assert len(Inspector(cleaning.second_wall(html, finishing.POLICY)).values("href")) == 2


def test_a_tag_that_parsers_repeat_after_a_mistake_has_no_id() -> None:
    html = "<table><a id=x href=/y><b id=z><div id=d>text"
    cleaned = cleaning.clean(f"<summary>{html}", finishing.POLICY)
    assert Inspector(cleaned).values("id") == ["d"]
    assert cleaning.clean(cleaned, finishing.POLICY) == cleaned


@pytest.mark.parametrize(
    "html",
    [
        "<li><figcaption><table><li><pre>\n<p x",
        "<a href=/x><table><p></h2><li><a href=/y>",
        "<dt><summary><table><dd><a href=/x>a",
    ],
)
def test_what_a_table_cannot_hold_is_moved_out_of_it_once(html: str) -> None:
    cleaned = cleaning.clean(html, finishing.POLICY)
    assert cleaning.clean(cleaned, finishing.POLICY) == cleaned


HTML = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=14).map("".join)


@MANY
@given(HTML)
def test_cleaning_a_comment_again_changes_nothing(html: str) -> None:
    cleaned = cleaning.clean(html, comments.POLICY)
    assert cleaning.clean(cleaned, comments.POLICY) == cleaned
    assert comment_faults(cleaned) == []
    assert [
        tag for tag, _ in Inspector(cleaned).tags if not re.search(f"</?{tag}", html, re.I)
    ] == []


@MANY
@given(HTML)
def test_cleaning_an_article_again_changes_nothing(html: str) -> None:
    cleaned = cleaning.clean(html, finishing.POLICY)
    assert cleaning.clean(cleaned, finishing.POLICY) == cleaned
    assert article_faults(cleaned) == []


@MANY
@given(HTML)
def test_no_text_ends_in_an_unknown_error(source: str) -> None:
    assert comment_faults(markup.render_comment(source)) == []
    with contextlib.suppress(MarkupError):
        assert article_faults(markup.render_article(source).html) == []


def test_code_keeps_its_lines_however_often_it_is_cleaned() -> None:
    html = cleaning.clean(
        "<pre>\n\n&#10;&#10;a\n\nb&NewLine;</pre><pre><b>\na</b></pre>", finishing.POLICY
    )
    assert html == "<pre>a\n\nb\n</pre><pre><b>\na</b></pre>"


def test_every_slow_pattern_is_rendered_quickly() -> None:
    seconds = {}
    for name, pattern in slow_patterns(markup.COMMENT_MAX_CHARS).items():
        source = "\n".join(pattern.replace("\r", "\n").split("\n")[: markup.COMMENT_MAX_LINES])
        start = time.thread_time()
        markup.render_comment(source)
        seconds[name] = time.thread_time() - start
    assert len(seconds) >= 60
    assert {name: each for name, each in seconds.items() if each > SLOW_COMMENT_SECONDS} == {}


def test_html_cleaned_under_an_older_policy_is_not_trusted() -> None:
    html = "<p>Words</p>"
    for trusted, policy in (
        (markup.trusted_article, markup.ARTICLE_POLICY),
        (markup.trusted_comment, markup.COMMENT_POLICY),
    ):
        found = trusted(html, policy)
        assert isinstance(found, Markup)
        assert found == html
        assert trusted(html, policy - 1) is None


def test_stored_html_of_an_older_policy_is_rendered_anew() -> None:
    today = "<p>Stored today</p>"
    for shown, policy in (
        (markup.article_html, markup.ARTICLE_POLICY),
        (markup.comment_html, markup.COMMENT_POLICY),
    ):
        assert shown("*a* <script>", today, policy) == today
        assert shown("*a* <script>", "<script>", policy - 1).strip() == (
            "<p><em>a</em> &lt;script&gt;</p>"
        )
        assert isinstance(shown("", "", policy - 1), Markup)


def test_what_can_not_be_rendered_anew_is_shown_as_it_was_written() -> None:
    source = "> " * 200 + "<b>deep</b>"
    shown = markup.article_html(source, "<p>of another policy</p>", 0)
    assert "&lt;b&gt;deep&lt;/b&gt;</pre>" in shown
    assert "another policy" not in shown
