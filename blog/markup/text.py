"""Text before Markdown and after HTML: what is typed made regular, what is shown made plain.

Reads cleaned HTML only, and never makes any.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Final


def names(listed: str) -> frozenset[str]:
    """Make a set of names that stand in one text, for the lists of this package."""
    return frozenset(listed.split())


NO_CHARACTER: Final = "\N{REPLACEMENT CHARACTER}"
# Control characters but newline and tab, and halves of surrogate pairs, which JSON can carry.
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# What Markdown takes for more than the sign itself; of these some have no escape but a reference.
_MARKDOWN_SIGNS = re.compile(r"[\\`*_\[\]#]")
_MARKDOWN_START = re.compile(r"^(\d*)([-+.)])")
_HTML_SIGNS = re.compile(r"[<>]|&(?=#?\w+;)")
_INLINE = names(
    "a abbr b bdi bdo cite code del dfn em i ins kbd mark q s samp small span strong sub sup time"
    " u var wbr"
)
_VOID = names("br hr img wbr")
_HEADINGS = names("h2 h3 h4 h5 h6")
_FOOTNOTE_MARKS = names("footnote-backref footnote-ref")


@dataclass(frozen=True)
class Heading:
    """A heading within an article; `level` is 2 to 6."""

    level: int
    id: str
    text: str


class Reading(HTMLParser):
    """A piece of cleaned HTML, with its headings, its words and how deep it is nested."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.headings: list[Heading] = []
        self.depth = 0
        self._open = 0
        self._pieces: list[str] = []
        self._heading_id = ""
        self._heading_start = 0
        self._is_mark = False
        self.feed(html)
        self.close()
        self.text = _collapsed("".join(self._pieces))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a heading or a footnote's mark begins."""
        self._separate(tag)
        if tag not in _VOID:
            self._open += 1
            self.depth = max(self.depth, self._open)
        found = dict(attrs)
        if tag == "a":
            self._is_mark = found.get("class") in _FOOTNOTE_MARKS
        if tag in _HEADINGS:
            self._heading_id = found.get("id") or ""
            self._heading_start = len(self._pieces)

    def handle_endtag(self, tag: str) -> None:
        """Keep a heading that has ended, if something can point to it."""
        self._separate(tag)
        self._open -= 1
        if tag == "a":
            self._is_mark = False
        if tag in _HEADINGS and self._heading_id:
            text = _collapsed("".join(self._pieces[self._heading_start :]))
            self.headings.append(Heading(int(tag[1]), self._heading_id, text))

    def handle_data(self, data: str) -> None:
        """Keep words, but for a footnote's number and arrow."""
        if not self._is_mark:
            self._pieces.append(data)

    def _separate(self, tag: str) -> None:
        if tag not in _INLINE:
            self._pieces.append(" ")


def normalised(source: str) -> str:
    """Make newlines one kind, and show what is no character as U+FFFD."""
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED.sub(NO_CHARACTER, text)


def plain_text(html: str) -> str:
    """Return the words of cleaned HTML on one line, for search, mail and excerpts."""
    return Reading(html).text


def as_markdown(text: str) -> str:
    """Write a plain text of one line so that Markdown shows it as it is."""
    shown = _MARKDOWN_SIGNS.sub(r"\\\g<0>", text)
    shown = _MARKDOWN_START.sub(r"\1\\\2", shown)
    return _HTML_SIGNS.sub(lambda sign: escape(sign[0]), shown)


def excerpt(text: str, chars: int) -> str:
    """Cut a plain text at a word; an ellipsis shows the cut.

    Returns: at most `chars` characters.
    """
    if len(text) <= chars:
        return text
    words = text[:chars].rpartition(" ")[0]
    # Scripts without spaces, and words as long as the room, are cut where the room ends.
    kept = words if len(words) >= chars // 2 else text[: chars - 1]
    return kept.rstrip(" ,;:.–—-") + "…"


def _collapsed(text: str) -> str:
    return " ".join(text.split())
