"""The pages that show what mails look like, and what the mails' HTML never does."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import StrictUndefined

from blog import articles
from blog.admin import samples, sorts
from blog.comments import notices
from tests.cast import CLOCK, Visitor

pytestmark = pytest.mark.one_database("mails are shown from made-up words, not from the database")

TEMPLATES = Path(__file__).parent.parent / "blog/templates/mail"
NAMES = sorted({path.stem for path in TEMPLATES.iterdir()} - {"base"})


def test_each_template_has_its_name_and_a_sample() -> None:
    assert sorted(sorts.OF_TEMPLATES) == NAMES
    kinds = [sort.kind for sort in sorts.SORTS if sort.kind]
    assert len(set(kinds)) == len(kinds)
    assert {sorts.name_of(kind) for kind in (notices.MAIL, "of old")} == {
        "Comments waiting",
        "of old",
    }


# What a visitor may type: longer than a line, from right to left, and with tags.
LONG = "Dermapigmentationsveränderungsnachbehandlungstermin" * 2
ODD = f"ليلى 🌻👩🏽‍⚕️ {LONG} <b>This stays text.</b>"


def odd(words: Any) -> Any:
    """Turn all that a template is told into what nobody reckons with, but its links."""
    if isinstance(words, dict):
        return {name: odd(value) for name, value in words.items()}
    if isinstance(words, list | tuple):
        return [odd(each) for each in words]
    if isinstance(words, bool):
        return True
    is_plain = isinstance(words, str) and "://" not in words
    return f"{words} {ODD}" if is_plain else words


def rendered(app: Flask, name: str, form: str) -> str:
    strict = app.jinja_env.overlay(undefined=StrictUndefined)
    sample = samples.of(name, site=articles.site(), now=CLOCK)
    assert sample.subject
    assert "@" in sample.to
    return strict.get_template(f"mail/{name}.{form}").render(odd(sample.words))


# Of a link or button that is pressed, and of one that is copied.
OF_THE_FORM = {"In", "link", "Look", "button", "follows", "See", "On", "at"}


def said_in(app: Flask, name: str, form: str) -> set[str]:
    """The words of a mail, without its addresses."""
    sample = samples.of(name, site=articles.site(), now=CLOCK)
    text = app.jinja_env.get_template(f"mail/{name}.{form}").render(sample.words)
    if form == "html":
        text = unescape(
            re.sub(r"<style>.*?</style>|<title>.*?</title>|<[^>]*>", " ", text, flags=re.S)
        )
    return set(re.findall(r"[^\W_]+", re.sub(r"https?://\S+", " ", text)))


@pytest.mark.parametrize("name", NAMES)
def test_text_and_html_of_a_mail_say_the_same(app: Flask, at_work: None, name: str) -> None:
    different = said_in(app, name, "txt") ^ said_in(app, name, "html")
    assert different <= OF_THE_FORM


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}


# Nothing of these loads anything or runs.
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "div",
    "h1",
    "h2",
    "p",
    "b",
    "br",
    "a",
    "span",
    "ul",
    "li",
}
ATTRIBUTES = {"lang", "dir", "charset", "name", "content", "class", "href"}


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("name", NAMES)
def test_no_mail_loads_anything_and_all_of_its_words_are_there(app: Flask, name: str) -> None:
    html, text = rendered(app, name, "html"), rendered(app, name, "txt")
    found = Tags(html)
    assert found.tags <= TAGS
    assert {attribute for attribute, _ in found.attributes} <= ATTRIBUTES
    links = {value for attribute, value in found.attributes if attribute == "href"}
    assert all(link.startswith("http://127.0.0.1:8000/") for link in links)
    assert not re.search(r"url\(|@import|expression|http-equiv", html, re.I)
    # Who reads the text can go wherever the buttons lead.
    assert all(link in text for link in links)
    assert "<b>This stays text.</b>" not in html
    assert ODD in text or name == "probe"
    assert "\n\n\n\n" not in text


def test_the_check_of_what_mails_load_can_fail() -> None:
    found = Tags('<p><img src="//x.example/p.gif"><a style="x" href="#">')
    assert not found.tags <= TAGS
    assert not {attribute for attribute, _ in found.attributes} <= ATTRIBUTES


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_is_shown_as_text_and_in_a_frame_that_may_do_nothing(
    author: Visitor, name: str
) -> None:
    page = author.get(f"/admin/mail/previews/{name}")
    source = f'src="{page.request.path}/html"'
    assert f'<iframe sandbox title="The mail as HTML" {source}>' in page.text
    for words in ("<dt>Subject</dt>", "<dd>blog@clinic.example</dd>"):
        assert words in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    frame = author.get(f"{page.request.path}/html")
    policy = frame.headers["Content-Security-Policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]+='; base-uri 'none'; form-action 'none';"
        r" frame-ancestors 'self'; sandbox",
        policy,
    )
    assert frame.headers["Cache-Control"] == "no-store"


def test_previews_are_linked_and_for_administrators_alone(
    author: Visitor, moderator: Visitor
) -> None:
    assert 'href="/admin/mail/previews"' in author.get("/admin/mail").text
    assert author.get("/admin/mail/previews").status_code == 200
    for path in ("", "/enquiry", "/enquiry/html"):
        assert moderator.get(f"/admin/mail/previews{path}").status_code == 403
    for path in ("/nothing", "/base", "/base/html", "/..%2fbase", "/nothing/html"):
        assert author.get(f"/admin/mail/previews{path}").status_code == 404
