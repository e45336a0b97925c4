"""A changed field changes its own lines of a file alone, to the byte, and says what it should."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from blog import content
from blog.content import rewriting
from blog.content.frontmatter import FrontMatter, split
from blog.content.report import Report
from blog.errors import ContentError, Invalid, Problem

FILE = """\
---
# What it is called
title:   "Skin"   # to be looked at
date: 2026-03-10
aside: 'it''s'
topics:  # the first counts
  - Winter
  # and
  - Care

# For lists
summary: >
  Two lines,
  folded
rest:

aliases: [/a,
  /b] # old ones
"my own": {a: 1, b: [yes, "no"]}
far:
  below
noindex: true
---

The text.

More.

"""


def front_of(data: bytes) -> FrontMatter:
    return split(Report("", content.decode("", data)))


def after(fields: dict[str, Any], body: str | None = None, text: str = FILE) -> str:
    data = rewriting.changed("articles/skin.md", text.encode(), fields, body)
    found = rewriting.values(front_of(data))
    assert {name: found.get(name) for name in fields} == fields
    return data.decode()


def refused(fields: dict[str, Any], text: str = FILE) -> dict[str, str]:
    with pytest.raises(Invalid) as told:
        rewriting.changed("articles/skin.md", text.encode(), fields)
    return told.value.fields


def test_fields_are_told_as_json_has_them() -> None:
    assert rewriting.values(front_of(FILE.encode())) == {
        "title": "Skin",
        "date": "2026-03-10",
        "aside": "it's",
        "topics": ["Winter", "Care"],
        "summary": "Two lines, folded\n",
        "rest": None,
        "aliases": ["/a", "/b"],
        "my own": {"a": 1, "b": ["yes", "no"]},
        "far": "below",
        "noindex": True,
    }
    assert rewriting.text_of(front_of(FILE.encode())) == "The text.\n\nMore.\n"
    assert rewriting.text_of(front_of(b"---\na: b\n---\n\n")) == ""


@pytest.mark.parametrize(
    ("fields", "was", "became"),
    [
        ({"title": "Winter: skin"}, '"Skin"', '"Winter: skin"'),
        ({"title": 'A "b" \\ 😀\n\t\u2028'}, '"Skin"', r'"A \"b\" \\ 😀\n\t\U00002028"'),
        ({"title": None}, 'title:   "Skin"   # to be looked at\n', ""),
        ({"date": "2026-11-01"}, "2026-03-10", "2026-11-01"),
        ({"date": "2026-11-01 14:30"}, "2026-03-10", "2026-11-01 14:30"),
        ({"date": "yes"}, "2026-03-10", '"yes"'),
        ({"date": "null"}, "2026-03-10", '"null"'),
        ({"date": "a # b"}, "2026-03-10", '"a # b"'),
        ({"date": " a"}, "2026-03-10", '" a"'),
        ({"date": "[a"}, "2026-03-10", '"[a"'),
        ({"date": "!a"}, "2026-03-10", '"!a"'),
        ({"date": ""}, "2026-03-10", '""'),
        ({"date": "7"}, "2026-03-10", '"7"'),
        ({"date": 7}, "2026-03-10", "7"),
        ({"date": True}, "2026-03-10", "true"),
        ({"date": ["a, b", "c", None]}, "2026-03-10", '["a, b", c, null]'),
        ({"aside": "it's not"}, "'it''s'", "'it''s not'"),
        ({"topics": ["Sun"]}, "- Winter\n  # and\n  - Care", "- Sun"),
        ({"topics": ["A: b", "- c"]}, "Winter\n  # and\n  - Care", '"A: b"\n  - "- c"'),
        ({"topics": []}, "  # the first counts\n  - Winter\n  # and\n  - Care", " []"),
        ({"topics": [["a"]]}, "  # the first counts\n  - Winter\n  # and\n  - Care", " [[a]]"),
        ({"topics": None}, FILE[FILE.index("topics") : FILE.index("\n# For")], ""),
        ({"summary": "One line"}, ">\n  Two lines,\n  folded", "One line"),
        ({"rest": "Some"}, "rest:", "rest: Some"),
        ({"aliases": ["/c"]}, "[/a,\n  /b]", "[/c]"),
        ({"my own": {"a": {"b: c": 1}}}, '{a: 1, b: [yes, "no"]}', '{a: {"b: c": 1}}'),
        ({"far": "near"}, "far:\n  below", "far: near"),
        ({"noindex": 1}, "true", "1"),
        ({"new": "x", "next": False}, "---\n\nThe", "new: x\nnext: false\n---\n\nThe"),
        ({"title": "Skin", "absent": None, "noindex": True}, "", ""),
    ],
)
def test_a_field_changes_its_own_bytes_alone(fields: dict[str, Any], was: str, became: str) -> None:
    begin = FILE.replace(was, became, 1)
    for text, wanted in (
        (FILE, begin),
        (FILE.replace("\n", "\r\n"), begin.replace("\n", "\r\n")),
        ("\ufeff" + FILE.replace("\n", "\r"), "\ufeff" + begin.replace("\n", "\r")),
    ):
        assert after(fields, text=text) == wanted


@pytest.mark.parametrize(
    ("text", "body", "wanted"),
    [
        (FILE, "New.\n\n", FILE.replace("The text.\n\nMore.", "New.")),
        (FILE, "The text.\n\nMore.", FILE),
        (FILE, "\n", FILE.partition("\nThe text")[0]),
        ("---\na: b\n---", "New.", "---\na: b\n---\n\nNew.\n"),
        ("---\na: b\n---\n", "New.", "---\na: b\n---\n\nNew.\n"),
        ("---\r\na: b\r\n---\r\nOld.", "One\r\ntwo\n", "---\r\na: b\r\n---\r\nOne\r\ntwo"),
    ],
)
def test_a_text_is_replaced_and_the_lines_around_it_stay(text: str, body: str, wanted: str) -> None:
    assert after({}, body, text) == wanted


@pytest.mark.parametrize("name", ["", "a b", "é", "-a", "a:", "x" * 61, "#a", "1"])
def test_a_new_field_has_a_plain_name(name: str) -> None:
    assert "letters from A to Z" in refused({name: "x"})[name[:100]]


def test_what_cannot_be_written_is_named() -> None:
    wrong = {"a": 1.5, "b": [10**15], "c": {"d": -1.0}}
    assert set(refused(wrong)) == set(wrong)
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    assert refused({"a": deep, "b": {"c": [{"d": []}]}, "e": [[[["f"]]]]}) == {
        "a": "Lists within lists go 4 deep at most.",
    }
    assert refused({"a": [{"b": [[[]]]}]}).keys() == {"a"}
    assert "16,384 bytes" in refused({"a": ["b"] * 250_000})[""]
    twice = "---\ntitle: a\ntitle: b\n---\n"
    assert "more than once" in refused({"title": None}, twice)["title"]
    # It can be changed, but whoever checks the file finds the other.
    assert after({"title": "c"}, text=twice) == "---\ntitle: c\ntitle: b\n---\n"
    with pytest.raises(ContentError, match="doesn’t start with its fields"):
        rewriting.changed("articles/skin.md", b"title: a\n", {"title": "b"})


@pytest.mark.parametrize("value", ["[a", "*x", "&x a", "!!str a", '"a'])
def test_what_could_not_be_read_is_replaced_and_the_notes_below_it_stay(value: str) -> None:
    text = f"---\ntopics: {value}\n\n  # note\nb: 1\n---\n"
    assert after({"topics": ["c"]}, text=text) == text.replace(value, "[c]")
    assert after({"topics": None}, text=text) == "---\n\n  # note\nb: 1\n---\n"


@pytest.mark.parametrize(
    ("message", "line", "field"),
    [
        ("There is no `title`.", 1, "title"),
        ("It isn’t right.", None, ""),
        ("A list begins here.", 8, "topics"),
        ("Too deep.", 26, "body"),
    ],
)
def test_a_problem_is_told_by_the_field_it_lies_in(
    message: str, line: int | None, field: str
) -> None:
    problem = Problem("articles/skin.md", message, "Mend it.", line)
    assert rewriting.field_of(front_of(FILE.encode()), FILE, problem) == field


TEXTS = some.text(some.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
TRICKY = some.sampled_from(
    ["yes", "null", "~", "2026-11-01", "12:30", ": ", " #", "0x1", "=", "<<"]
)
SCALARS = TEXTS | TRICKY | some.booleans() | some.none() | some.integers(-(10**15) + 1, 10**15 - 1)
VALUES = SCALARS | some.lists(SCALARS, max_size=3) | some.dictionaries(TEXTS, SCALARS, max_size=2)
# Fields as people write them, with notes and empty lines between.
PIECES = some.sampled_from(
    [
        "{}: plain words",
        '{}: "quoted: words"  # a note',
        "{}: 'single'",
        "{}:\n  - a\n  - b # c",
        "{}:\n- a",
        "{}: [a, b]",
        "{}: |\n  # no note\n  text\n",
        "{}:",
        "{}: # nothing",
        "{}: {{a: {{b: c}}}}",
        "{}: over\n  two lines",
    ]
)
NOTES = some.sampled_from(["", "# a note\n", "\n", "\n# one\n\n"])


@settings(
    max_examples=120,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(some.lists(some.tuples(PIECES, NOTES), min_size=1, max_size=5), some.data())
def test_whatever_stands_around_a_field_stays_and_it_says_what_it_should(
    pieces: list[tuple[str, str]], data: Any
) -> None:
    lines = [(piece.format(f"k{n}") + "\n", note) for n, (piece, note) in enumerate(pieces)]
    text = "---\n" + "".join(note + piece for piece, note in lines) + "---\n\nText\n"
    chosen = data.draw(some.integers(0, len(lines)))
    value = data.draw(VALUES)
    made = after({f"k{chosen}": value}, text=text)
    before, _, behind = text.partition(f"k{chosen}:")
    assert made.startswith(before if behind else text.removesuffix("---\n\nText\n"))
    rest = "".join(note + piece for piece, note in lines[chosen + 1 :])
    assert made.endswith(f"{rest}---\n\nText\n")
    if value is not None:
        # Other programs read the same.
        fields = yaml.safe_load(made.split("---\n")[1])
        found = fields[f"k{chosen}"]
        assert not isinstance(value, str) or str(found) == value
        # And there is a way back.
        assert after({f"k{chosen}": value}, text=made) == made
