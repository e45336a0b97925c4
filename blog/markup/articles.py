"""Articles: Python-Markdown with its usual extensions, and tables that fit a phone.

Authors are trusted, what they paste isn't: HTML that isn't allowed shows as text. A text that is
too large, nested too deeply or can't be parsed is refused, with the line where it is known.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions.abbr import AbbrExtension
from markdown.extensions.admonition import AdmonitionExtension
from markdown.extensions.attr_list import AttrListExtension
from markdown.extensions.def_list import DefListExtension
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension
from markdown.extensions.toc import remove_fnrefs, render_inner_html, slugify_unicode, strip_tags
from markdown.treeprocessors import Treeprocessor

from blog.errors import MarkupError
from blog.markup.cleaning import clean
from blog.markup.finishing import POLICY
from blog.markup.survey import Picture, Survey, Surveyor
from blog.markup.text import Heading, Reading, normalised

ARTICLE_MAX_BYTES: Final = 200_000
ARTICLE_MAX_DEPTH: Final = 100

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INDENT = re.compile(r"^(?:[ \t]|>|[-*+](?=[ \t])|\d+\.(?=[ \t]))*")


@dataclass(frozen=True)
class RenderedArticle:
    """An article as readers see it: clean HTML, its headings, its plain text and count of words."""

    html: str
    toc: tuple[Heading, ...]
    text: str
    words: int
    survey: Survey = field(default_factory=Survey)


def render_article(
    source: str, pictures: Mapping[str, Picture] = MappingProxyType({})
) -> RenderedArticle:
    """Render an author's Markdown; `pictures` are those of this site by their path below media/.

    Raises: MarkupError where it is too large, nested too deeply or can't be parsed.
    """
    text = normalised(source)
    size_bytes = len(text.encode())
    if size_bytes > ARTICLE_MAX_BYTES:
        raise MarkupError(
            f"An article can have at most {ARTICLE_MAX_BYTES:,} bytes; this one has {size_bytes:,}."
        )
    try:
        unsafe, shape = _to_html(text)
        reading = Reading(clean(unsafe, POLICY, surveyor := Surveyor(pictures)))
    except RecursionError:
        raise _too_deep(text) from None
    except Exception as error:
        raise MarkupError(
            f"This text can’t be read as Markdown ({type(error).__name__})."
            " Look for an unfinished footnote, list or HTML tag."
        ) from error
    if reading.depth > ARTICLE_MAX_DEPTH:
        raise _too_deep(text)
    return RenderedArticle(
        html=reading.html,
        toc=tuple(reading.headings),
        text=reading.text,
        words=len(reading.text.split()),
        survey=surveyor.survey(shape.jumps, shape.tops),
    )


def _too_deep(text: str) -> MarkupError:
    depths = [len(line) - len(_INDENT.sub("", line, count=1)) for line in text.split("\n")]
    deepest = max(depths)
    # Without such a line it is HTML, which nests anywhere.
    line = depths.index(deepest) + 1 if deepest >= ARTICLE_MAX_DEPTH else None
    return MarkupError("Lists, quotes or HTML tags are nested too deeply in this text.", line=line)


def _to_html(text: str) -> tuple[str, _Shape]:
    markdown = Markdown(
        output_format="html",
        extensions=[
            AbbrExtension(),
            AdmonitionExtension(),
            AttrListExtension(),
            DefListExtension(),
            FencedCodeExtension(),
            # The variation selector keeps the arrow from being drawn as an emoji.
            FootnoteExtension(BACKLINK_TEXT="&#8617;&#xFE0E;", USE_DEFINITION_ORDER=False),
            SaneListExtension(),
            TableExtension(use_align_attribute=True),
        ],
    )
    # After inline Markdown, attribute lists and abbreviations, before escapes are undone.
    shape = _Shape(markdown)
    markdown.treeprocessors.register(shape, "shape", 5)
    return markdown.convert(text), shape


class _Shape(Treeprocessor):
    """Shapes the tree for our pages: levels and ids of headings, headers and labels of tables.

    `jumps` and `tops` are the words of headings that are out of order.
    """

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self.jumps: list[str] = []
        self.tops: list[str] = []

    def run(self, root: Element) -> None:
        self._shape_headings([element for element in root.iter() if element.tag in _HEADINGS])
        for picture in root.iter("img"):
            # Markdown can't tell a picture that needs no words from one whose words are missing.
            if not picture.get("alt"):
                picture.attrib.pop("alt", None)
        parents = {child: parent for parent in root.iter() for child in parent}
        for table in list(root.iter("table")):
            labels = self._shape_table(table)
            _wrap(table, parents[table], labels)

    def _shape_headings(self, headings: list[Element]) -> None:
        # The page's title is its h1, so the highest level in an article becomes h2.
        shift = 2 - min((int(heading.tag[1]) for heading in headings), default=2)
        last = 1
        for heading in headings:
            words, level = self._words(heading), int(heading.tag[1])
            if level == 1:
                self.tops.append(words)
            if level + shift > last + 1:
                self.jumps.append(words)
            last = level + shift
            heading.tag = f"h{min(6, last)}"
            if not heading.get("id"):
                heading.set("id", slugify_unicode(words, "-") or "section")

    def _shape_table(self, table: Element) -> list[str]:
        head, body = table
        labels = [self._words(cell) for cell in head[0]]
        for cell in head[0]:
            cell.set("scope", "col")
        has_row_headers = _is_empty(head[0][0])
        if has_row_headers:
            # An empty header would be announced as one.
            head[0][0].tag = "td"
            del head[0][0].attrib["scope"]
        for row in body:
            for cell, label in zip(row, labels, strict=True):
                if label:
                    cell.set("data-label", label)
            if has_row_headers:
                row[0].tag = "th"
                row[0].set("scope", "row")
        for cell in table.iter():
            _align(cell)
        return labels

    def _words(self, element: Element) -> str:
        inner = render_inner_html(remove_fnrefs(element), self.md)
        return html.unescape(strip_tags(inner))


def _is_empty(cell: Element) -> bool:
    return len(cell) == 0 and not (cell.text or "").strip()


def _align(cell: Element) -> None:
    # A class, since the page's policy forbids styles.
    side = cell.attrib.pop("align", None)
    if side:
        cell.set("class", f"{side} {cell.get('class', '')}".strip())


def _wrap(table: Element, parent: Element, labels: list[str]) -> None:
    """Put a table into a box that scrolls sideways, which the keyboard can reach."""
    name = ", ".join(label for label in labels if label)
    box = Element("div", {"class": "table", "role": "region", "tabindex": "0"})
    box.set("aria-label", f"Table: {name}" if name else "Table")
    place = list(parent).index(table)
    parent.remove(table)
    parent.insert(place, box)
    box.append(table)
    box.tail, table.tail = table.tail, None
