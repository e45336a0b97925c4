"""What WordPress exports: its extended RSS, in which comments stand within their article.

Source: WordPress' eXtended RSS (WXR), versions 1.0 to 1.2. Texts are HTML whose empty lines part
paragraphs; `comment_date_gmt` is UTC.
"""

from __future__ import annotations

import re

from blog.comments import CommentState
from blog.imports import records
from blog.imports.records import Foreign, Left, Records, Thread
from blog.imports.streams import Element, Source, elements
from blog.markup import SourceFormat

NAME = "WordPress"
_ITEM = "rss/channel/item"
_STATES = {
    "1": CommentState.APPROVED,
    "0": CommentState.PENDING,
    "spam": CommentState.SPAM,
    "trash": CommentState.REJECTED,
    "post-trashed": CommentState.REJECTED,
}
# One has a link and a name.
_ADDRESSES_MAX = 4
_BY_PEOPLE = ("", "comment")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_HAS_BLOCKS = re.compile(r"<(?:p|div|ul|ol|blockquote|pre)\b", re.IGNORECASE)


def read(source: Source) -> Records:
    """Yield what a file holds; the address of an article comes before its comments."""
    addresses: list[str] = []
    article = 0
    wanted = (f"{_ITEM}/{each}" for each in ("title", "link", "post_name", "post_id", "comment"))
    for element in elements(source, *wanted):
        if element.name == "comment":
            if addresses:
                article += 1
                yield Thread(str(article), addresses)
                addresses = []
            yield _comment(element, str(article))
        elif element.name == "title":
            # The first of each article.
            addresses = []
        elif element.name in ("link", "post_name") and len(addresses) < _ADDRESSES_MAX:
            addresses.append(records.word(element.text, records.ADDRESS_MAX_CHARS))


def _comment(said: Element, thread: str) -> Foreign | Left:
    if said.of("comment_type") not in _BY_PEOPLE:
        return Left(said.line, "no comment but a notice of another site")
    state = _STATES.get(said.of("comment_approved"))
    if state is None:
        return Left(said.line, "a state that isn’t known")
    parent, user = said.of("comment_parent"), said.of("comment_user_id")
    return records.comment(
        said.line,
        said.of("comment_id"),
        thread=thread,
        parent="" if parent == "0" else parent,
        name=said.of("comment_author"),
        email=said.of("comment_author_email"),
        source=_in_paragraphs(said.of("comment_content")),
        source_format=SourceFormat.HTML,
        state=state,
        created_at=records.moment(said.of("comment_date_gmt")),
        author="" if user not in ("", "0") else None,
    )


def _in_paragraphs(text: str) -> str:
    typed = text.replace("\r\n", "\n")
    if not typed or _HAS_BLOCKS.search(typed):
        return typed
    parts = (part.replace("\n", "<br>\n") for part in _PARAGRAPHS.split(typed))
    return "\n".join(f"<p>{part}</p>" for part in parts)
