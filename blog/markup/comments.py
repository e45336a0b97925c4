"""Readers' comments: a small Markdown whose cost stays small whatever is typed.

Everything typed is shown: raw HTML, images and links of other schemes appear as text, and a text
that can't be parsed appears as it was typed. A comment over the limits is refused, never cut.
What another system kept as HTML loses only what the policy forbids, and is never read as Markdown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from blog.errors import MarkupError
from blog.markup.cleaning import Policy, clean, second_wall
from blog.markup.text import Reading, names, normalised

COMMENT_MAX_CHARS: Final = 5_000
COMMENT_MAX_LINES: Final = 300

_MAX_NESTING = 12
_BLOCK_RULES = ("blockquote", "fence", "list")
_INLINE_RULES = ("autolink", "backticks", "emphasis", "entity", "escape", "link", "newline")
# What looks the same by another name, and what begins a line after it.
_OTHER_NAMES = {"b": "strong", "i": "em", "tt": "code"}
_OTHERWISE_NAMED = re.compile(r"<(/?)(b|i|tt)(?:\s[^<>]*)?>", re.IGNORECASE)
_END_OF_LINE = re.compile(
    r"</(?:address|dd|div|dt|figcaption|figure|footer|h[1-6]|header|section|tr)\s*>", re.IGNORECASE
)
_ALLOWED_LINK = re.compile(r"https?://[^/?#]|mailto:[^@?]+@[^@?]", re.IGNORECASE)

POLICY: Final = Policy(
    attributes={
        **dict.fromkeys(names("blockquote br code em li p pre strong ul"), frozenset()),
        "a": names("href title"),
        "ol": names("start"),
    },
    schemes=names("http https mailto"),
    rel="ugc nofollow noreferrer noopener",
)


class SourceFormat(StrEnum):
    """What a comment's source is written in; readers write Markdown."""

    MARKDOWN = "markdown"
    HTML = "html"


class _CommentMarkdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return _ALLOWED_LINK.match(url) is not None


_MARKDOWN = _CommentMarkdown("zero", {"breaks": True, "maxNesting": _MAX_NESTING}).enable(
    # The last two tidy up after emphasis and escapes.
    list(_BLOCK_RULES + _INLINE_RULES + ("balance_pairs", "fragments_join"))
)


def render_comment(source: str, source_format: str = SourceFormat.MARKDOWN) -> str:
    """Render what a reader typed.

    Returns: clean HTML; whatever goes wrong within, the text as it was typed.
    Raises: MarkupError where a text in Markdown is over a limit.
    """
    text = normalised(source)
    if source_format == SourceFormat.HTML:
        return _from_html(text)
    _refuse_too_long(text)
    try:
        return clean(_to_html(text), POLICY)
    except Exception:  # noqa: BLE001 - no text of a reader may end in an error page
        return _as_typed(text)


def _from_html(text: str) -> str:
    """Keep what the policy allows of HTML, and the words of the rest."""
    named = _OTHERWISE_NAMED.sub(_renamed, text)
    cleaned = clean(second_wall(_END_OF_LINE.sub(r"\g<0><br>", named), POLICY), POLICY)
    reading = Reading(cleaned)
    # So deep that it would take a page apart.
    return _as_typed(reading.text) if reading.depth > _MAX_NESTING else cleaned


def _renamed(tag: re.Match[str]) -> str:
    return f"<{tag[1]}{_OTHER_NAMES[tag[2].lower()]}>"


def _refuse_too_long(text: str) -> None:
    lines = text.rstrip("\n").count("\n") + 1
    for unit, limit, size in (
        ("characters", COMMENT_MAX_CHARS, len(text)),
        ("lines", COMMENT_MAX_LINES, lines),
    ):
        if size > limit:
            raise MarkupError(
                f"A comment can have at most {limit:,} {unit}; this one has {size:,}."
            )


def _to_html(text: str) -> str:
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if _is_cut(token):
            return _as_typed(text)
        if token.type == "fence" and len(token.info.split()) > 1:
            # No name of a language, so somebody's words.
            token.content = f"{token.info.strip()}\n{token.content}"
        token.children = token.children and list(_without_empty_links(token.children))
    rendered: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return rendered


def _is_cut(token: Token) -> bool:
    # The parser drops what is nested deeper than its limit.
    is_container = token.nesting == 1 and token.type != "paragraph_open"
    return is_container and token.level >= _MAX_NESTING - 1


def _without_empty_links(tokens: Iterable[Token]) -> Iterator[Token]:
    is_empty = False
    for token in tokens:
        if token.type == "link_open":
            is_empty = not token.attrGet("href")
        if is_empty and token.type in ("link_open", "link_close"):
            yield Token("text", "", 0, content="[" if token.nesting == 1 else "]()")
        else:
            yield token


def _as_typed(text: str) -> str:
    shown = html.escape(text, quote=False).replace("\n", "<br>\n")
    return second_wall(f"<p>{shown}</p>", POLICY)
