"""content/: what an author types becomes values, or sentences that say what to type instead."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from blog import content
from blog.content import Commenting, Kind, Link, Status, Topic
from blog.errors import Conflict, ContentError, NotFound, Problem

JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

# Enough for an article without a warning; what is looked at follows in line 5.
COMPLETE = "title: Skin\ndate: 2026-03-10\nsummary: A sentence.\n"


def article(lines: str, *, zone: ZoneInfo = JOHANNESBURG, lead: str = COMPLETE) -> Any:
    return content.parse_article("skin", f"---\n{lead}{lines}\n---\nText.\n", zone=zone)


def problems_of(read: Callable[[], Any]) -> list[Problem]:
    with pytest.raises(ContentError) as caught:
        read()
    assert any(not problem.is_warning for problem in caught.value.problems)
    return list(caught.value.problems)


def problem_of(read: Callable[[], Any]) -> Problem:
    (problem,) = problems_of(read)
    return problem


def typed(text: str) -> Callable[[], Any]:
    return lambda: content.parse_article("skin", text, zone=JOHANNESBURG)


def moment(text: str, zone: ZoneInfo = JOHANNESBURG) -> str:
    read = article(f"date: {text}", zone=zone, lead="title: Skin\n")
    assert read.published_at.tzinfo is UTC
    return str(read.published_at.isoformat())


# Articles


def test_an_article_with_all_its_fields_is_read() -> None:
    read = content.parse_article(
        "skin",
        """---
title: "Skin: a love story"
slug: love-your-skin
date: 2026-03-10 14:30
updated: 2026-03-11
expires: 2027-01-01T00:00:00Z
authors: [sandra-de-beer, nomsa-k]
summary: >-
  A sentence
  over two lines.
topics:
  - Treatments compared
  - Café & crème
status: archived
cover: media/2026/skin.jpg
cover_alt: A hand
aliases: [/2019/05/skin/, //old//skin, /caf%C3%A9]
comments: closed
comments_close_after_days: 30
canonical: https://example.org/skin?page=1
noindex: yes
---

# Text
""",
        zone=JOHANNESBURG,
    )
    assert read == content.ArticleFile(
        id="skin",
        title="Skin: a love story",
        slug="love-your-skin",
        published_at=datetime(2026, 3, 10, 12, 30, tzinfo=UTC),
        updated_at=datetime(2026, 3, 10, 22, 0, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        authors=("sandra-de-beer", "nomsa-k"),
        summary="A sentence over two lines.",
        topics=(
            Topic("Treatments compared", "treatments-compared"),
            Topic("Café & crème", "cafe-creme"),
        ),
        status=Status.ARCHIVED,
        cover="2026/skin.jpg",
        cover_alt="A hand",
        aliases=("/2019/05/skin", "/old/skin", "/café"),
        comments=Commenting.CLOSED,
        comments_close_after_days=30,
        canonical="https://example.org/skin?page=1",
        noindex=True,
        extra={},
        body="\n# Text\n",
        body_line=23,
        warnings=(),
    )


def test_an_article_with_a_title_and_a_date_has_the_usual_values() -> None:
    read = article("author: sandra-de-beer")
    assert (read.slug, read.status, read.comments) == ("skin", "published", "open")
    assert read.authors == ("sandra-de-beer",)
    assert (read.updated_at, read.expires_at, read.comments_close_after_days) == (None,) * 3
    assert (read.topics, read.aliases, read.cover, read.canonical) == ((), (), "", "")
    assert read.noindex is False


def test_a_file_of_one_line_ends_where_its_fields_end() -> None:
    read = content.parse_article("skin", f"---\n{COMPLETE}---", zone=JOHANNESBURG)
    assert (read.body, read.body_line) == ("", 6)
    assert [problem.line for problem in read.warnings] == [5]


def test_a_line_of_dashes_in_the_text_is_left_to_the_text() -> None:
    text = f"---\n{COMPLETE}---  \nAbove\n\n---\n\nBelow\n"
    read = content.parse_article("skin", text, zone=JOHANNESBURG)
    assert (read.body, read.body_line) == ("Above\n\n---\n\nBelow\n", 6)


@pytest.mark.parametrize("word", ["no", "on", "1_000", "2026-03-10", "0x1F", "1e3", "12:30:45"])
def test_a_title_stays_as_it_was_typed(word: str) -> None:
    assert article(f"title: {word}", lead="date: 2026-03-10\n").title == word


@pytest.mark.parametrize("word", ["", "~", "null", "[]", "{}", '""'])
def test_a_field_without_a_value_is_as_good_as_none(word: str) -> None:
    read = article(f"slug: {word}\nupdated: {word}\nauthor: {word}\ntopics: {word}")
    assert (read.slug, read.updated_at, read.authors, read.topics) == ("skin", None, (), ())


def test_a_quoted_null_is_a_word() -> None:
    assert article('title: "null"', lead="date: 2026-03-10\n").title == "null"


def test_topics_in_one_line_are_divided_by_commas_unless_quoted() -> None:
    read = article("topics: Skin,  Hair ,, Nails")
    assert [topic.name for topic in read.topics] == ["Skin", "Hair", "Nails"]
    assert article('topics: "Skin, Hair"').topics == (Topic("Skin, Hair", "skin-hair"),)


def test_of_two_topics_with_one_address_the_first_is_used() -> None:
    read = article("topics: [Skin care, skin-care]")
    assert read.topics == (Topic("Skin care", "skin-care"),)
    (warning,) = read.warnings
    assert (warning.line, warning.column) == (5, 21)
    assert "same address" in warning.message


def test_an_author_or_an_alias_named_twice_counts_once() -> None:
    read = article("authors: [a, b, a]\naliases: [/x, /x/]")
    assert (read.authors, read.aliases) == (("a", "b"), ("/x",))


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-10", "2026-03-09T22:00:00+00:00"),
        ("2026-3-1", "2026-02-28T22:00:00+00:00"),
        ("2026-03-10 14:30", "2026-03-10T12:30:00+00:00"),
        ("2026-03-10T14:30:15", "2026-03-10T12:30:15+00:00"),
        ("2026-03-10t9:05", "2026-03-10T07:05:00+00:00"),
        ("2026-03-10 14:30Z", "2026-03-10T14:30:00+00:00"),
        ("2026-03-10T14:30:00.125-05:00", "2026-03-10T19:30:00+00:00"),
        ("2026-03-10 14:30 +0530", "2026-03-10T09:00:00+00:00"),
        ('"2026-03-10"', "2026-03-09T22:00:00+00:00"),
    ],
)
def test_a_date_is_read_in_the_sites_zone_unless_it_names_one(text: str, utc: str) -> None:
    assert moment(text) == utc


def test_a_time_the_clock_skips_in_spring_is_read_as_an_hour_later() -> None:
    assert moment("2026-03-29 02:30", BERLIN) == "2026-03-29T01:30:00+00:00"


def test_a_time_the_clock_shows_twice_in_autumn_is_the_first_of_the_two() -> None:
    assert moment("2026-10-25 02:30", BERLIN) == "2026-10-25T00:30:00+00:00"


def test_a_draft_needs_no_date() -> None:
    read = article("status: Draft", lead="title: Skin\nsummary: A sentence.\n")
    assert (read.status, read.published_at, read.warnings) == (Status.DRAFT, None, ())


def test_unknown_fields_are_kept_and_warned_about() -> None:
    read = article("Sumary: x\ntags: [a]\nweather:\n  sun: [yes, 1]\n# a note\n")
    assert read.extra == {"Sumary": "x", "tags": ["a"], "weather": {"sun": ["yes", "1"]}}
    assert [(warning.line, warning.remedy) for warning in read.warnings] == [
        (5, "Did you mean `summary`?"),
        (6, "Did you mean `topics`?"),
        (7, "It is kept, but shown nowhere."),
    ]


def test_a_field_that_would_publish_a_draft_elsewhere_is_pointed_out() -> None:
    (warning,) = article("draft: true").warnings
    assert warning.remedy == "Did you mean `status`?"


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        ("title: Skin tip #1\ndate: 2026-03-10\nsummary: x", 2, "words from # on"),
        ("title: Skin\ndate: 2026-03-10", 1, "no `summary`"),
        ("title: Skin\ndate: 2026-03-10\nsummary:", 4, "no `summary`"),
        (f"{COMPLETE}cover: skin.jpg", 5, "no `cover_alt`"),
        (f"{COMPLETE}expires: 2026-03-10", 5, "before it appears"),
    ],
)
def test_what_can_be_used_but_is_hardly_meant_is_warned_about(
    lines: str, line: int, words: str
) -> None:
    (warning,) = article(lines, lead="").warnings
    assert warning.is_warning
    assert (warning.path, warning.line) == ("articles/skin.md", line)
    assert words in warning.message


def test_a_note_after_a_quoted_text_or_a_folded_one_is_no_reason_to_warn() -> None:
    lines = 'title: "Skin" # a note\ndate: 2026-03-10 # a note\nsummary: >-\n  x\n# a note'
    assert article(lines, lead="").warnings == ()


# Authors and pages


def test_an_author_with_all_fields_is_read() -> None:
    read = content.parse_author(
        "sandra",
        """---
name: Sandra de Beer
role: Certified somatologist
photo: /media/sandra.jpg
credentials: [Diploma in somatology, "Member, SAAHSP"]
links:
  - https://www.example.org/sandra
  - label: On skin
    url: https://example.org/skin
town: Durban
---
About her.
""",
    )
    assert (read.id, read.name, read.role) == ("sandra", "Sandra de Beer", "Certified somatologist")
    assert read.photo == "sandra.jpg"
    assert read.credentials == ("Diploma in somatology", "Member, SAAHSP")
    assert read.links == (
        Link("example.org", "https://www.example.org/sandra"),
        Link("On skin", "https://example.org/skin"),
    )
    assert (read.body, read.body_line, read.extra) == ("About her.\n", 12, {"town": "Durban"})
    assert [warning.line for warning in read.warnings] == [10]


@pytest.mark.parametrize(
    "link",
    [
        "example.org",
        "javascript:alert(1)",
        "https://user:secret@example.org/",
        "https://example.org:port/",
        '"https://example.org/a b"',
        "{label: x}",
        "{label: [x], url: https://example.org}",
        "{label: x, url: https://example.org, rel: me}",
        "{Instagram: https://example.org}",
        "[https://example.org]",
        f"https://example.org/{'x' * 2000}",
    ],
)
def test_a_link_that_leads_nowhere_is_a_problem(link: str) -> None:
    text = f"---\nname: Sandra\nlinks:\n  - {link}\n---\n"
    problem = problem_of(lambda: content.parse_author("sandra", text))
    assert (problem.path, problem.line) == ("authors/sandra.md", 4)
    assert problem.message.startswith("This link has no address")


def test_an_author_needs_a_name() -> None:
    problem = problem_of(lambda: content.parse_author("sandra", "---\nrole: Writer\n---\n"))
    assert problem.message == "There is no `name`."


def test_a_page_is_read() -> None:
    text = "---\ntitle: Privacy\nsummary: Short.\nnoindex: true\n---\nWords.\n"
    assert content.parse_page("privacy", text) == content.PageFile(
        id="privacy",
        title="Privacy",
        summary="Short.",
        noindex=True,
        extra={},
        body="Words.\n",
        body_line=6,
        warnings=(),
    )


def test_a_page_without_title_or_text_is_told_so() -> None:
    text = "---\ntitel: Privacy\n---\n"
    problems = problems_of(lambda: content.parse_page("privacy", text))
    messages = [(problem.line, problem.message) for problem in problems]
    assert (2, "There is no `title`.") in messages
    assert (4, "There is no text below the fields.") in messages


# What an author hears of a mistake


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "remedy"),
    [
        ("", 1, 1, "This file is empty.", "Begin with a line ---"),
        ("Words.\n", 1, 1, "doesn’t start with its fields", "Begin with a line ---"),
        ("\nWords.\n", 1, 1, "doesn’t start with its fields", "Begin with a line ---"),
        ("Words.\n\n---\nx\n---\n", 1, 1, "doesn’t start with its fields", "Begin with a"),
        ("\n---\ntitle: Skin\n---\n", 1, 1, "The first line is empty", "Delete it"),
        ("—\ntitle: Skin\n—\n", 1, 1, "must be three short dashes", "Ctrl+Z"),
        ("---\ntitle: Skin\n\nWords.\n", 1, 1, "never end", "Put a line of three dashes"),
        ("---\ntitle: Skin\n—\nWords.\n", 3, 1, "looks like the end", "three short dashes"),
        ("---\ntitle: Skin\n ---\nWords.\n", 3, 1, "looks like the end", "three short dashes"),
        ("---\n" + "# note\n" * 3000 + "---\n", 1, 1, "longer than 16 KB", "Is the --- above"),
        ("---", 1, 1, "never end", "Put a line of three dashes"),
    ],
)
def test_a_file_without_its_block_of_fields_is_explained(
    text: str, line: int, column: int, message: str, remedy: str
) -> None:
    problem = problem_of(typed(text))
    assert (problem.path, problem.line, problem.column) == ("articles/skin.md", line, column)
    assert message in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("lines", "column", "message", "remedy"),
    [
        ("x: Skin: what", 8, "second colon", 'x: "Skin: what"'),
        ('x: Say "a: b"', 10, "second colon", "x: 'Say \"a: b\"'"),
        ('x: It\'s "a: b"', 11, "second colon", "x: 'It''s \"a: b\"'"),
        ("x: a: " + "b" * 200, 5, "second colon", 'x: "…"'),
        ("x Skin", 1, "doesn’t start with a name and a colon", "two spaces"),
        ("? Skin", 1, "doesn’t start with a name and a colon", "two spaces"),
        ("https://example.org", 1, "doesn’t start with a name and a colon", "two spaces"),
        ("x:Skin", 2, "no space after the colon", "Write x: Skin"),
        ("x = Skin", 2, "not an equals sign", "Write x: Skin"),
        ("{x: Skin}", 1, "between brackets", "a line of its own"),
        ("x:\tSkin", 3, "tab", "spaces"),
        ("x: *Skin* care", 4, "begins with *", 'x: "*Skin* care"'),
        ("x: *Skin", 4, "begins with *", 'x: "*Skin"'),
        ("x: &Skin care", 4, "begins with &", 'x: "&Skin care"'),
        ("x: !Skin care", 4, "begins with !", 'x: "!Skin care"'),
        ("x: @sandra", 4, "begins with @", 'x: "@sandra"'),
        ("x: `skin`", 4, "begins with `", 'x: "`skin`"'),
        ("x: % of skin", 4, "begins with %", 'x: "% of skin"'),
        ("x: > more", 4, "begins with >", 'x: "> more"'),
        ("x: | more", 4, "begins with |", 'x: "| more"'),
        ("x: ]", 4, "begins with ]", 'x: "]"'),
        ("x: [Draft] Skin", 4, "taken for a list", 'x: "[Draft] Skin"'),
        ("x: [Skin, Hair", 4, "doesn’t end with ]", "Put ] at its end"),
        ("x: [Skin,", 4, "doesn’t end with ]", "Put ] at its end"),
        ("x: {Skin", 4, "doesn’t end with }", "Put } at its end"),
        ("x: [[[[[[[[a]]]]]]]]", 8, "deeper than anything", 'x: "[[[[[[[[a]]]]]]]]"'),
        ('x: "Skin', 4, "never closed", 'Put " at the end'),
        ("x: 'Skin", 4, "never closed", "Put ' at the end"),
        ('x: "Skin" care', 4, "goes on after the quotation mark", "x: '\"Skin\" care'"),
        ('x: "C:\\path"', 8, "backslash", "Type two of them"),
        ('x: "a\\x00"', 4, "can’t be shown", "Delete the code"),
        ('x: "a\\ud800"', 4, "can’t be shown", "Delete the code"),
        ('x: "a\\U00110000"', 1, "can’t be shown", "Delete the code"),
        ('x: "a\\UFFFFFFFF"', 1, "can’t be shown", "Delete the code"),
        ("x: a\x07b", 5, "invisible character", "type it anew"),
        ("x: - Skin", 4, "can’t begin in the same line", 'x: "- Skin"'),
        ("x: a\n- b", 1, "has a value in its own line already", "begin with a dash"),
        ("x:\n  - a\n - b", 2, "doesn’t stand in line", "exactly below"),
        ("x: a\n  y: b", 1, "starts with spaces", "the very start of its line"),
        ("x: a\n  still: b", 1, "starts with spaces", "put the whole text"),
        ("x:\n  - y: b\n     z: c", 1, "starts with spaces", "exactly below the name"),
        ("x:\n  - y: b: c", 9, "second colon", '- y: "b: c"'),
        ("x:\n  - y: b\n   z: c", 1, "starts with spaces", "exactly below the name"),
        ("x:\n  - a\n  b", 1, "starts with spaces", "exactly below the name"),
        ("x:\n  - a\n b", 1, "starts with spaces", "exactly below the name"),
        ("x:\n   a: b\n  c: d", 1, "starts with spaces", "the very start of its line"),
        ('x"x: &Skin', 6, "can’t be understood", "a plain name, a colon and a text"),
        ("@x: Skin", 1, "doesn’t start with a name and a colon", "two spaces"),
        ("x: {a: b, a: c}", 4, "twice in the same group", "Keep one"),
        ("x: {[a]: b}", 4, "taken for a list", 'x: "{[a]: b}"'),
        ("slug: a\n--- b", 1, "doesn’t start with a name and a colon", "two spaces"),
        ('"x: Skin"', 1, "doesn’t start with a name and a colon", "two spaces"),
        ("x: a\u2028b", 5, "invisible character", "type it anew"),
        ("x: a\x85y: b", 5, "invisible character", "type it anew"),
        ("title: Hair", 1, "`title` stands in line 2 already", "Keep one"),
    ],
)
def test_what_yaml_cannot_read_is_explained_in_an_authors_words(
    lines: str, column: int, message: str, remedy: str
) -> None:
    problem = problem_of(lambda: article(lines))
    where = [number for number, line in enumerate(lines.split("\n"), 5) if problem.line == number]
    assert where
    assert problem.column == column
    assert message in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Skin: what",
            'Say "a: b"',
            'It\'s "a: b"',
            "C:\\a: b",
            "*Skin*",
            "&Skin",
            "!Skin",
            "@skin",
        ),
        *(
            "`skin`",
            "% of skin",
            "> skin",
            "]",
            "[Draft] Skin",
            "{Skin",
            "- Skin",
            '"Skin" care',
            "#1",
        ),
    ],
)
def test_what_a_remedy_tells_to_type_can_be_typed_as_it_stands(title: str) -> None:
    lead = "date: 2026-03-10\nsummary: A sentence.\n"
    remedy = problem_of(lambda: article(f"title: {title}", lead=lead)).remedy
    assert article(remedy[remedy.index("title: ") :], lead=lead).title == title


@pytest.mark.parametrize(
    ("lines", "column", "message", "remedy"),
    [
        ("date: 10 March 2026", 7, '"10 March 2026", which isn’t a date', "2026-03-10 14:30"),
        ("date: 2026-02-30", 7, "isn’t in the calendar", "the year comes first"),
        ("date: 2026-02-20 25:00", 7, "isn’t in the calendar", "the year comes first"),
        ("date: 2026-02-20 12:00+99:00", 7, "isn’t in the calendar", "the year comes first"),
        ("date: 0001-01-01", 7, "isn’t in the calendar", "the year comes first"),
        ("date: ٢٠٢٦-03-10", 7, "isn’t a date", "2026-03-10"),
        ("date: [2026-03-10]", 7, "read as a list", "quotation marks"),
    ],
)
def test_a_date_that_cannot_be_read_is_explained(
    lines: str, column: int, message: str, remedy: str
) -> None:
    problem = problem_of(lambda: article(lines, lead="title: Skin\nsummary: A sentence.\n"))
    assert (problem.line, problem.column) == (4, column)
    assert message in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("lines", "column", "message", "remedy"),
    [
        ("status: publshed", 9, "neither draft nor published nor archived", "status: published"),
        (
            "comments: off",
            11,
            "neither open nor pre nor trusted",
            "comments: post or comments: closed",
        ),
        ("noindex: maybe", 10, "neither true nor false", "noindex: true"),
        ("comments_close_after_days: two weeks", 28, "whole number", "only digits"),
        ("comments_close_after_days: 36501", 28, "from 0 to 36500", "only digits"),
        ("comments_close_after_days: -1", 28, "whole number", "only digits"),
        ("slug: Mein Schöner Titel", 7, "part of an address", "slug: mein-schoner-titel"),
        ("slug: [a]", 7, "read as a list", "quotation marks"),
        ("author: Sandra de Beer", 9, "file in authors/", "author: sandra-de-beer"),
        ("author: ../x", 9, "file in authors/", "author: x"),
        ("aliases: [https://a.example/2019/]", 11, "old address", "like /2019/"),
        ("aliases: old", 10, "old address", "like /old-name"),
        ("aliases: /", 10, "old address", "like /old-name"),
        ("aliases: /a/../b", 10, "old address", "like /old-name"),
        ("aliases: /a%00b", 10, "old address", "like /old-name"),
        ("aliases: /a?b", 10, "old address", "like /old-name"),
        ("canonical: www.example.org", 12, "address of a web page", "https://example.org/page"),
        ("cover_alt: a\ncover: ../x.jpg", 8, "file in media/", "cover: skin.jpg"),
        ("cover_alt: a\ncover: /etc/passwd", 8, "file in media/", "cover: skin.jpg"),
        ("cover_alt: a\ncover: a\\b.jpg", 8, "file in media/", "cover: skin.jpg"),
        ("cover_alt: a\ncover: https://a.example/x.jpg", 8, "file in media/", "cover: skin.jpg"),
        (f"cover_alt: {'x' * 301}", 12, "has 301 characters; at most 300", "Shorten it by 1."),
        (f"topics: [{'x' * 61}]", 10, "has 61 characters; at most 60", "Shorten it by 1."),
        (f"topics: [{', '.join(f't{n}' for n in range(21))}]", 9, "21 items", "Take out 1."),
        ("topics: [{Skin: care}]", 10, "because of its colon", "quotation marks"),
        ("topics:\n  - Skin: care", 5, "because of its colon", "quotation marks"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_is_wanted(
    lines: str, column: int, message: str, remedy: str
) -> None:
    problem = problem_of(lambda: article(lines))
    assert problem.line == 4 + len(lines.split("\n"))
    assert problem.column == column
    assert message in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("lines", "line", "message", "remedy"),
    [
        ("date: 2026-03-10", 1, "There is no `title`.", "title: Caring for your skin"),
        ("Titel: Skin\ndate: 2026-03-10", 2, "There is no `title`.", "says `Titel`"),
        ("title:\ndate: 2026-03-10", 2, "`title` is empty.", "title: Caring for your skin"),
        ("title: #1 in skin\ndate: 2026-03-10", 2, "`title` is empty.", 'title: "#1 in skin"'),
        ("title: Skin", 1, "There is no `date`.", "date: 2026-03-10, or status: draft"),
        ("title: Skin\ndate:", 3, "`date` is empty.", "date: 2026-03-10"),
    ],
)
def test_what_is_missing_is_named_with_an_example(
    lines: str, line: int, message: str, remedy: str
) -> None:
    problems = problems_of(lambda: article(f"{lines}\nsummary: A sentence.", lead=""))
    (problem,) = [problem for problem in problems if not problem.is_warning]
    assert (problem.line, problem.message) == (line, message)
    assert remedy in problem.remedy


def test_what_just_fits_is_taken() -> None:
    topics = ", ".join(f"t{number}" for number in range(20))
    lines = f"topics: [{topics}]\ncomments_close_after_days: 36500\ncover_alt: {'x' * 300}"
    read = article(f"title: {'x' * 200}\ndate: 2026-03-10\nsummary: {'x' * 400}\n{lines}", lead="")
    assert (len(read.title), len(read.summary), len(read.topics)) == (200, 400, 20)
    assert (read.comments_close_after_days, read.warnings) == (36500, ())
    address = "https://example.org/".ljust(2000, "x")
    assert article(f"canonical: {address}").canonical == address


def test_front_matter_of_16_kb_is_read_and_a_longer_one_refused() -> None:
    lead = f"---\n{COMPLETE}# "
    most = lead + "x" * (16 * 1024 - len(lead) - 1) + "\n---\nText.\n"
    assert typed(most)().title == "Skin"
    assert "longer than 16 KB" in problem_of(typed(most.replace("# ", "# x"))).message


def test_a_hundred_fields_are_read() -> None:
    read = article("\n".join(f"f{number}: x" for number in range(97)))
    assert len(read.extra) == 97


@pytest.mark.parametrize(
    ("word", "is_set"),
    [("true", True), ("Yes", True), ("on", True), ("false", False), ("no", False), ("OFF", False)],
)
def test_a_flag_may_be_written_in_any_of_the_usual_words(word: str, is_set: bool) -> None:
    assert article(f"noindex: {word}").noindex is is_set


def test_an_item_between_commas_is_found_at_its_own_column() -> None:
    problem = problem_of(lambda: article("authors: sandra, Nomsa K"))
    assert (problem.line, problem.column) == (5, 18)


@pytest.mark.parametrize(("length", "shown"), [(40, f'"{"x" * 40}"'), (41, f'"{"x" * 39}…"')])
def test_a_long_text_is_cut_short_where_it_is_quoted(length: int, shown: str) -> None:
    assert shown in problem_of(lambda: article(f"noindex: {'x' * length}")).message


def test_what_was_read_cannot_be_changed() -> None:
    site = content.parse_site("")
    author = content.parse_author("sandra", "---\nname: Sandra\n---\n")
    page = content.parse_page("privacy", "---\ntitle: Privacy\n---\n")
    for read in (article(""), author, page, site, site.navigation[0], Topic("Skin", "skin")):
        with pytest.raises(FrozenInstanceError):
            setattr(read, next(iter(vars(read))), "other")


def test_two_ways_to_name_authors_are_one_too_many() -> None:
    problem = problem_of(lambda: article("author: a\nauthors: [b]"))
    assert (problem.line, problem.message) == (
        5,
        "There is an `author` and a list of `authors`.",
    )


def test_all_problems_of_a_file_are_told_at_once_in_the_order_of_its_lines() -> None:
    lines = "title: A: b\ndate: yesterday\nstatus: ready\ntopcis: [x]\nnoindex: perhaps"
    problems = problems_of(lambda: article(lines, lead=""))
    assert [problem.line for problem in problems] == [2, 3, 4, 5, 6]
    assert [problem.is_warning for problem in problems] == [False, False, False, True, False]


def test_after_a_line_that_cannot_be_read_nothing_is_called_missing() -> None:
    assert problem_of(lambda: article("  title: Skin", lead="")).line == 2
    assert problem_of(lambda: article("title Skin", lead="")).line == 2


def test_text_above_the_closing_dashes_is_one_problem_and_not_one_for_each_line() -> None:
    text = "---\ntitle: Skin\n\nWords.\nMore words.\n\nAnd more.\n\n---\nThe end.\n"
    problem = problem_of(typed(text))
    assert problem.line == 4
    assert "text seems to begin here" in problem.message


def test_more_fields_than_can_be_meant_are_one_problem() -> None:
    lines = "\n".join(f"f{number}: x" for number in range(200))
    errors = [each for each in problems_of(lambda: article(lines)) if not each.is_warning]
    assert [(each.line, "more than 100 fields" in each.message) for each in errors] == [(102, True)]


@pytest.mark.parametrize("sign", ["[", "{", "[a,", "{a: ", "? ", "- ", "*", '"', "a: ", "\n[", "#"])
def test_hostile_front_matter_is_refused_quickly(sign: str) -> None:
    read = typed(f"---\nx: {sign * (16_000 // len(sign))}\n---\n")
    started = time.process_time()
    assert problems_of(read)
    assert time.process_time() - started < 5


PIECES = st.sampled_from(
    [
        *("title", "date", "links", ": ", "\n  ", "- ", "*a", "&a", "!t", "---", "...", "<<: "),
        *(
            "2026-03-10",
            "\\U00110000",
            "\\x1",
            *"é:,/#[]{}\"'|>?%@~\\\n\t\r\x00\x85\xa0\u2028\ufeff",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join))
@example('title: "\\UFFFFFFFF"')
@example("\x85: a")
def test_whatever_is_typed_as_front_matter_is_read_or_explained(text: str) -> None:
    for parse in (
        lambda: content.parse_article("x", f"---\n{text}\n---\n", zone=BERLIN),
        lambda: content.parse_author("x", f"---\n{text}\n---\n"),
        lambda: content.parse_page("x", text),
    ):
        with contextlib.suppress(ContentError):
            parse()


# Slugs


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Treatments compared", "treatments-compared"),
        ("Crème brûlée & Ærø", "creme-brulee-aero"),
        ("Straße", "strasse"),
        ("  --Skin’s 1st-- ", "skin-s-1st"),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_name_becomes_a_slug(name: str, slug: str) -> None:
    assert content.slugify(name) == slug


def test_names_in_other_scripts_have_addresses_of_their_own() -> None:
    slugs = {content.slugify(name) for name in ["Кожа 2", "Волосы 2", "肌", "!!!"]}
    assert len(slugs) == 4
    assert all(slug.isascii() and slug[0].isalnum() for slug in slugs)


# Files


def put(root: Path, path: str, data: bytes | str = "x") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return file


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def source_of(root: Path, name: str) -> content.SourceFile:
    (source,) = [each for each in content.list_files(root) if each.path == f"articles/{name}"]
    return source


def refusal_of(root: Path, name: str = "skin.md") -> Problem:
    return problem_of(lambda: content.read_text(root, source_of(root, name)))


def test_files_of_words_are_listed_with_size_and_time(tmp_path: Path) -> None:
    file = put(tmp_path, "articles/skin.md", "words")
    put(tmp_path, "authors/sandra.md")
    put(tmp_path, "pages/privacy.md")
    listed = content.list_files(tmp_path)
    assert [(each.kind, each.id) for each in listed] == [
        (Kind.ARTICLE, "skin"),
        (Kind.AUTHOR, "sandra"),
        (Kind.PAGE, "privacy"),
    ]
    modified = file.stat().st_mtime_ns
    assert listed[0] == content.SourceFile(Kind.ARTICLE, "skin", "articles/skin.md", 5, modified)


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert content.list_files(tmp_path / "nowhere") == []


def test_what_editors_and_systems_leave_behind_is_not_listed(tmp_path: Path) -> None:
    for name in (".skin.md.swp", ".skin.md", "skin.md~", "#skin.md#", "~$skin.md", ".gitkeep"):
        put(tmp_path, f"articles/{name}")
    assert content.list_files(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("skin.jpg", "This is no file of words, and nothing of it is shown."),
        ("skin", "This is no file of words, and nothing of it is shown."),
        ("2026/deep.md", "This is a folder, and nothing of it is shown."),
    ],
)
def test_what_is_no_file_of_words_is_listed_with_a_warning(
    tmp_path: Path, name: str, message: str
) -> None:
    put(tmp_path, f"articles/{name}")
    (source,) = content.list_files(tmp_path)
    assert source.path == f"articles/{name.partition('/')[0]}"
    assert source.problem
    assert (source.problem.message, source.problem.is_warning) == (message, True)


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [
        ("My Skin.md", "can’t be part of an address", "my-skin.md"),
        ("-skin.md", "can’t be part of an address", "skin.md"),
        (f"{'x' * 101}.md", "can’t be part of an address", "x.md"),
        ("skin.MD", "doesn’t end in .md", "Rename it"),
        ("skin.md.txt", "doesn’t end in .md", "Rename it"),
        ("skin.markdown", "doesn’t end in .md", "Rename it"),
    ],
)
def test_a_file_with_a_wrong_name_is_listed_with_its_problem(
    tmp_path: Path, name: str, message: str, remedy: str
) -> None:
    put(tmp_path, f"articles/{name}")
    problem = refusal_of(tmp_path, name)
    assert message in problem.message
    assert remedy in problem.remedy


def test_a_name_that_is_not_utf8_can_still_be_told(tmp_path: Path) -> None:
    put(tmp_path, "articles/skin.md")
    (tmp_path / "articles/skin.md").rename(tmp_path / "articles" / os.fsdecode(b"sk\xffin.md"))
    (source,) = content.list_files(tmp_path)
    assert source.path == "articles/sk\\xffin.md"
    assert source.problem


def test_a_folder_named_like_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "articles/skin.md").mkdir(parents=True)
    assert refusal_of(tmp_path).message == "This isn’t a file."


def test_a_link_within_content_is_followed_and_one_out_of_it_refused(tmp_path: Path) -> None:
    root = tmp_path / "content"
    put(root, "articles/a.md", "words")
    secret = put(tmp_path, "secret.md", "secret")
    (root / "articles/b.md").symlink_to("a.md")
    (root / "articles/c.md").symlink_to(secret)
    (root / "articles/d.md").symlink_to("gone.md")
    assert content.read_text(root, source_of(root, "b.md")) == "words"
    assert "leads out of content/" in refusal_of(root, "c.md").message
    assert "no such file" in refusal_of(root, "d.md").message


def test_a_file_replaced_by_a_link_after_it_was_listed_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "content"
    file = put(root, "articles/skin.md", "words")
    source = source_of(root, "skin.md")
    file.unlink()
    file.symlink_to(put(tmp_path, "secret.md"))
    problem = problem_of(lambda: content.read_text(root, source))
    assert "leads out of content/" in problem.message


def test_a_folder_that_leads_out_of_content_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "content"
    root.mkdir()
    put(tmp_path, "elsewhere/skin.md")
    (root / "articles").symlink_to(tmp_path / "elsewhere")
    problem = problem_of(lambda: content.list_files(root))
    assert (problem.path, problem.line) == ("articles", None)


def test_a_file_in_place_of_a_folder_is_explained(tmp_path: Path) -> None:
    put(tmp_path, "articles")
    assert "not a directory" in problem_of(lambda: content.list_files(tmp_path)).message


def test_a_file_that_went_away_is_explained(tmp_path: Path) -> None:
    file = put(tmp_path, "articles/skin.md")
    source = source_of(tmp_path, "skin.md")
    file.unlink()
    problem = problem_of(lambda: content.read_text(tmp_path, source))
    assert problem.message == "This can’t be read: no such file or directory."


def test_line_ends_and_a_byte_order_mark_are_made_plain(tmp_path: Path) -> None:
    put(tmp_path, "articles/skin.md", b"\xef\xbb\xbf---\r\none\rtwo\n")
    assert content.read_text(tmp_path, source_of(tmp_path, "skin.md")) == "---\none\ntwo\n"


def test_a_file_of_256_kb_is_read_and_a_longer_one_refused(tmp_path: Path) -> None:
    put(tmp_path, "articles/skin.md", b"x" * 256 * 1024)
    assert len(content.read_text(tmp_path, source_of(tmp_path, "skin.md"))) == 256 * 1024
    put(tmp_path, "articles/skin.md", b"x" * (256 * 1024 + 1))
    assert "longer than 256 KB" in refusal_of(tmp_path).message


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_that_is_not_utf8_is_named_with_its_place(tmp_path: Path, mark: bytes) -> None:
    put(tmp_path, "articles/skin.md", mark + "title\r\ndéjà ".encode() + b"\x92 x")
    problem = refusal_of(tmp_path)
    assert (problem.line, problem.column) == (2, 6)
    assert "byte 92" in problem.message
    assert "UTF-8" in problem.remedy


def test_a_file_saved_as_utf16_is_recognised(tmp_path: Path) -> None:
    put(tmp_path, "articles/skin.md", "title: Skin".encode("utf-16"))
    assert "saved as UTF-16" in refusal_of(tmp_path).message


def test_a_nul_is_refused_with_its_place(tmp_path: Path) -> None:
    put(tmp_path, "articles/skin.md", b"one\ntw\0o")
    assert (refusal_of(tmp_path).line, refusal_of(tmp_path).column) == (2, 3)


def test_a_safe_path_stays_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    root = tmp_path / "media"
    assert content.safe_path(root, "2026/skin.jpg") == root.resolve() / "2026/skin.jpg"
    assert content.safe_path(root, "a\u202fb.jpg").name == "a\u202fb.jpg"
    assert content.safe_path(root, "x" * 255).name == "x" * 255
    assert content.safe_path(root, "/".join(["x" * 255] * 4)).name == "x" * 255


@pytest.mark.parametrize(
    "relative",
    [
        *("", ".", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", ".hidden", "a/.git/x"),
        *("a\\b", "..\\x", "a\0b", "a\nb", "\ud800", "x" * 256, "ä" * 128, "a/" * 600 + "b"),
    ],
)
def test_a_path_that_would_leave_its_folder_is_not_found(tmp_path: Path, relative: str) -> None:
    with pytest.raises(NotFound):
        content.safe_path(tmp_path, relative)


def test_a_safe_path_follows_no_link_out_of_its_folder(tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "circle").symlink_to("circle")
    for relative in ("out", "out/secret", "circle"):
        with pytest.raises(NotFound):
            content.safe_path(root, relative)


def test_a_file_is_written_whole_and_replaces_the_one_before(tmp_path: Path) -> None:
    file = put(tmp_path, "skin.md", "old and longer")
    content.write_whole(file, b"new", mode=0o640)
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    content.write_whole(tmp_path / "other.md", b"x")
    assert stat.S_IMODE((tmp_path / "other.md").stat().st_mode) == 0o644
    assert names_in(tmp_path) == ["other.md", "skin.md"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(IsADirectoryError):
        content.write_whole(tmp_path / "folder.md", b"x")
    file = put(tmp_path, "skin.md", "old")
    with pytest.raises(FileExistsError):
        content.write_whole(file, b"new", may_replace=False)
    assert file.read_bytes() == b"old"
    assert names_in(tmp_path) == ["folder.md", "skin.md"]


# New articles


def test_a_new_article_is_a_draft_by_the_only_author(tmp_path: Path) -> None:
    put(tmp_path, "site.toml", 'time_zone = "Africa/Johannesburg"')
    put(tmp_path, "authors/sandra-de-beer.md")
    put(tmp_path, "authors/Wrong Name.md")
    late = datetime(2026, 3, 10, 23, tzinfo=UTC)
    path = content.new_article(tmp_path, "sun", 'Sun: "good"\nor bad', now=late)
    assert path == tmp_path / "articles/sun.md"
    read = content.parse_article("sun", path.read_text(encoding="utf-8"), zone=JOHANNESBURG)
    assert (read.title, read.status) == ('Sun: "good" or bad', Status.DRAFT)
    assert read.published_at == datetime(2026, 3, 10, 22, tzinfo=UTC)
    assert read.authors == ("sandra-de-beer",)
    assert ["no `summary`" in warning.message for warning in read.warnings] == [True]


def test_what_a_new_article_begins_with_is_said_once_it_is_no_draft(tmp_path: Path) -> None:
    path = content.new_article(tmp_path, "sun", "Sun", now=NOON)
    text = path.read_text(encoding="utf-8").replace("summary:", "summary: Short")
    published = text.replace("status: draft", "status: published")
    assert content.parse_article("sun", text, zone=JOHANNESBURG).warnings == ()
    (warning,) = content.parse_article("sun", published, zone=JOHANNESBURG).warnings
    assert warning.message.endswith(" still stands in this one: Write the text here.")
    assert (warning.line, warning.column) == (13, 1)
    written = published.replace("the text here.", "to us.")
    assert content.parse_article("sun", written, zone=JOHANNESBURG).warnings == ()


def test_a_new_article_leaves_its_author_open_where_there_are_several(tmp_path: Path) -> None:
    put(tmp_path, "authors/sandra.md")
    put(tmp_path, "authors/nomsa.md")
    path = content.new_article(tmp_path, "sun", "Sun", now=NOON)
    read = content.parse_article("sun", path.read_text(encoding="utf-8"), zone=JOHANNESBURG)
    assert read.authors == ()


def test_a_new_article_never_overwrites_one(tmp_path: Path) -> None:
    put(tmp_path, "articles/sun.md", "mine")
    with pytest.raises(Conflict, match="sun"):
        content.new_article(tmp_path, "sun", "Sun", now=NOON)
    assert (tmp_path / "articles/sun.md").read_text(encoding="utf-8") == "mine"
    assert names_in(tmp_path / "articles") == ["sun.md"]


@pytest.mark.parametrize(("id", "title"), [("../sun", "Sun"), ("Sun", "Sun"), ("sun", " ")])
def test_a_new_article_needs_a_fit_name_and_a_title(tmp_path: Path, id: str, title: str) -> None:  # noqa: A002 (the word of the verb)
    assert problems_of(lambda: content.new_article(tmp_path, id, title, now=NOON))
    assert not (tmp_path / "articles").exists()


# The site


def site_problem(text: str) -> Problem:
    problem = problem_of(lambda: content.parse_site(text))
    assert problem.path == "site.toml"
    return problem


def test_a_site_without_a_file_has_what_it_needs(tmp_path: Path) -> None:
    site = content.read_site(tmp_path)
    assert (site.title, site.language, site.zone.key) == ("Clinic Blog", "en", "UTC")
    assert site.clinic_name == "Clinic Blog"
    assert site.navigation == (Link("Articles", "/"), Link("Contact", "/contact"))
    assert (site.footer, site.contact_topics, site.clinic_email) == ((), (), "")
    assert site.warnings == ()


def test_the_sites_own_words_are_read(tmp_path: Path) -> None:
    put(
        tmp_path,
        "site.toml",
        """
title = "Skin"
tagline = "About\\nskin"
language = "de-AT"
time_zone = "Europe/Berlin"
footer = [{label = "Elsewhere", url = "https://example.org/"}]
[clinic]
name = "Clinic"
email = "a@clinic.example"
phone = "1"
address = "2"
hours = "3"
[[navigation]]
label = "Home"
url = "/"
[ask]
title = "4"
text = "5"
button = "6"
[contact]
topics = ["7", "8"]
consent = "9"
sensitive_words = ["10"]
[contact.addresses]
8 = "b@clinic.example"
[settings]
workers = 2
""",
    )
    assert content.read_site(tmp_path) == content.Site(
        title="Skin",
        tagline="About skin",
        language="de-AT",
        zone=BERLIN,
        clinic_name="Clinic",
        clinic_email="a@clinic.example",
        clinic_phone="1",
        clinic_address="2",
        clinic_hours="3",
        navigation=(Link("Home", "/"),),
        footer=(Link("Elsewhere", "https://example.org/"),),
        ask_title="4",
        ask_text="5",
        ask_button="6",
        contact_topics=("7", "8"),
        contact_addresses={"7": "", "8": "b@clinic.example"},
        contact_consent="9",
        contact_sensitive_words=("10",),
        warnings=(),
    )


@pytest.mark.parametrize(
    ("text", "line", "column", "remedy"),
    [
        ("title = Skin", 1, 9, "straight quotation marks"),
        ("\ntitle = “Skin”", 2, 9, "straight quotation marks"),
        ('title = "Skin', 1, 14, "Close the quotation mark"),
        ('title = "Skin\n', 1, 14, "Close the quotation mark"),
        ('title = "C:\\path"', 1, 14, "two backslashes"),
        ("title", 1, 6, "an equals sign"),
        ('title = "a" b', 1, 13, "Nothing may follow"),
        ('title = "a"\ntitle = "b"', 2, 12, "keep one of them"),
        ("[ask]\n[ask]", 2, 5, "keep one of them"),
        ('[contact]\ntopics = ["a" "b"]', 2, 15, "comma between"),
        ("= 1", 1, 1, 'name = "value"'),
    ],
)
def test_a_site_file_that_cannot_be_read_is_explained(
    text: str, line: int, column: int, remedy: str
) -> None:
    problem = site_problem(text)
    assert (problem.line, problem.column) == (line, column)
    assert remedy in problem.remedy


def test_a_site_file_of_endless_lists_is_refused() -> None:
    assert "deeper than anything" in site_problem(f"x = {'[' * 100_000}").message


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        ('language = "English!"', 1, '`language` is "English!".', "like en or en-ZA"),
        ('\ntime_zone = "Africa/Johanesburg"', 2, "`time_zone`", "like Africa/Johannesburg"),
        ('time_zone = ""', 1, "`time_zone`", "like Africa/Johannesburg"),
        ('time_zone = "../UTC"', 1, "`time_zone`", "a time zone, like"),
        ('time_zone = "Africa"', 1, "`time_zone`", "a time zone, like"),
        ('time_zone = "Mars"', 1, "`time_zone`", "like Africa/Johannesburg"),
        ("title = 2026-03-10", 1, "`title` can’t be used", "in quotation marks"),
        (f'title = "{"x" * 301}"', 1, "`title`", "at most 300 characters"),
        ('title = "a\\u0000"', 1, "`title`", "in quotation marks"),
        ('email = "x"\n[clinic]\nemail = "a, b@c"', 3, "`clinic.email`", "one email address"),
        ('[contact]\ntopics = "a"', 2, "`contact.topics`", "a list of"),
        ("[contact]\ntopics = [1]", 2, "`contact.topics`", "a list of"),
        ("[contact]\ntopics = [" + '"a",' * 21 + "]", 2, "`contact.topics`", "at most 20"),
        ('clinic = "x"', 1, '`clinic` is "x".', "a line [clinic]"),
        ("navigation = 1", 1, "`navigation` can’t be used", "parts [[navigation]]"),
        ('[[footer]]\nlabel = "x"', 1, "`footer`", "parts [[footer]]"),
        ("footer = [1]", 1, "`footer`", "parts [[footer]]"),
        ('[[footer]]\nlabel = "x"\nurl = "//evil.example"', 1, "`footer`", "or https://"),
        ('[[footer]]\nlabel = "x"\nurl = "javascript:x"', 1, "`footer`", "or https://"),
        ('[[footer]]\nlabel = 1\nurl = "/"', 1, "`footer`", "or https://"),
        ('[[footer]]\nlabel = "x"\nurl = 1', 1, "`footer`", "or https://"),
        ('clinic.email = "x"', None, "`clinic.email`", "one email address"),
    ],
)
def test_a_value_of_the_site_that_does_not_fit_is_named_with_what_is_wanted(
    text: str, line: int | None, message: str, remedy: str
) -> None:
    with pytest.raises(ContentError) as caught:
        content.parse_site(text)
    (problem,) = [problem for problem in caught.value.problems if not problem.is_warning]
    assert problem.line == line
    assert message in problem.message
    assert remedy in problem.remedy


def test_what_just_fits_into_the_site_file_is_taken() -> None:
    topics = '"a",' * 19 + f'"{"x" * 80}"'
    links = '{label = "a", url = "/"},' * 20
    text = f'title = "{"x" * 300}"\nfooter = [{links}]\ncontact.topics = [{topics}]'
    site = content.parse_site(text)
    assert (len(site.title), len(site.footer), len(site.contact_topics)) == (300, 20, 20)


def test_all_problems_of_the_site_file_are_told_at_once() -> None:
    problems = problems_of(lambda: content.parse_site('title = 1\nlanguage = "!"\nweather = 1\n'))
    assert [(problem.line, problem.is_warning) for problem in problems] == [
        (1, False),
        (2, False),
        (3, True),
    ]


def test_unknown_names_in_the_site_file_are_warned_about() -> None:
    site = content.parse_site('tagine = "x"\n[clinic]\nweather = "x"\n')
    assert [(warning.line, warning.remedy) for warning in site.warnings] == [
        (1, "Did you mean `tagline`?"),
        (3, "It has no effect."),
    ]
