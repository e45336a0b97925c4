"""Comments written out: as JSON that holds all of them, and as what WordPress imports.

One comment at a time, from one snapshot of the database; memory doesn't grow with the site. How
the JSON is made up stands in docs/comments-json.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from sqlalchemy import Row, Select, select

from blog import accounts, articles, config, db, markup, urls
from blog.articles import Article
from blog.comments import Comment, CommentState
from blog.comments.pins import CommentPin

FORMAT, VERSION = "clinic-blog comments", 1
_ROWS_AT_ONCE = 500
_TABLE = Comment.metadata.tables[Comment.__tablename__]
# What an accepted edit replaced is kept for its undo alone.
_PASSING = (CommentState.IMPORTING, CommentState.REPLACED)
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_IN_WORDPRESS = {
    CommentState.APPROVED: "1",
    CommentState.PENDING: "0",
    CommentState.REJECTED: "trash",
    CommentState.SPAM: "spam",
}
_WXR_START = """\
<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
"""
_WXR_END = "</channel>\n</rss>\n"


class Kind(StrEnum):
    """What is written."""

    JSON = "json"
    WXR = "wxr"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which comments, and how much of them; no article means all."""

    article_ids: Collection[str] = ()
    is_published_only: bool = False
    has_addresses: bool = True

    def query(self) -> Select[Any]:
        """Select the rows."""
        state = _TABLE.c.state
        pin = CommentPin.metadata.tables[CommentPin.__tablename__]
        joined = _TABLE.outerjoin(pin, pin.c.comment_id == _TABLE.c.id)
        found = select(_TABLE, pin.c.pinned_at).select_from(joined).where(state.not_in(_PASSING))
        if self.is_published_only:
            found = found.where(state == CommentState.APPROVED)
        if self.article_ids:
            found = found.where(_TABLE.c.article_id.in_(self.article_ids))
        return found.execution_options(yield_per=_ROWS_AT_ONCE)


def write(kind: Kind, choice: Choice, *, now: datetime) -> Iterator[str]:
    """Write comments, a piece at a time."""
    return _json(choice, now=now) if kind is Kind.JSON else _wxr(choice)


def _json(choice: Choice, *, now: datetime) -> Iterator[str]:
    users = {user.id: user.email for user in accounts.everybody()}
    head = {"format": FORMAT, "version": VERSION, "site": config.current().site_url}
    yield json.dumps(head | {"exported_at": _time(now)}, ensure_ascii=False)[:-1]
    yield ', "comments": ['
    between = "\n"
    for row in db.session.execute(choice.query().order_by(_TABLE.c.id)):
        said = _said(row, users, has_addresses=choice.has_addresses)
        yield between + json.dumps(said, ensure_ascii=False)
        between = ",\n"
    yield "\n]}\n"


def _said(row: Row[Any], users: dict[int, str], *, has_addresses: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": row.id,
        "key": row.submission_key,
        "article": row.article_id,
        "parent": row.parent_id,
        "edit_of": row.edit_of_id,
        "state": row.state,
        "name": row.name,
        "author": row.author_user_id is not None,
        "source": row.source,
        "source_format": row.source_format,
        "reasons": row.reasons,
        "created_at": _time(row.created_at),
        "edited_at": _time(row.edited_at),
        "decided_at": _time(row.decided_at),
        "pinned_at": _time(row.pinned_at),
    }
    if has_addresses:
        author = users.get(row.author_user_id) or said["author"]
        said |= {"email": row.email, "author": author}
        said |= {"original": row.original, "original_name": row.original_name}
        said |= {"decided_by": users.get(row.decided_by_id)}
    return said


def _time(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None


def _wxr(choice: Choice) -> Iterator[str]:
    site = articles.site()
    yield _WXR_START
    yield f"<title>{_shown(site.title)}</title>\n<link>{_shown(config.current().site_url)}</link>\n"
    yield "<wp:wxr_version>1.2</wp:wxr_version>\n"
    said = choice.query().where(_TABLE.c.state.in_(_IN_WORDPRESS), _TABLE.c.edit_of_id.is_(None))
    rows = db.session.execute(said.order_by(_TABLE.c.article_id, _TABLE.c.id))
    for number, (article_id, found) in enumerate(groupby(rows, lambda row: row.article_id), 1):
        yield from _item(number, article_id, articles.by_id(article_id))
        for row in found:
            yield from _comment(row, has_addresses=choice.has_addresses)
        yield "</item>\n"
    yield _WXR_END


def _item(number: int, article_id: str, article: Article | None) -> Iterator[str]:
    slug = article.slug if article else article_id
    yield f"<item>\n<title>{_shown(article.title if article else article_id)}</title>\n"
    yield f"<link>{_shown(urls.absolute(urls.article(slug)))}</link>\n"
    yield f"<wp:post_id>{number}</wp:post_id>\n<wp:post_name>{_shown(slug)}</wp:post_name>\n"
    yield "<wp:status>publish</wp:status>\n<wp:post_type>post</wp:post_type>\n"


def _comment(row: Row[Any], *, has_addresses: bool) -> Iterator[str]:
    body = markup.comment_html(row.source, row.html, row.html_policy, row.source_format)
    told = {
        "id": row.id,
        "author": row.name,
        "author_email": (row.email or "") if has_addresses else "",
        "date_gmt": row.created_at.strftime("%Y-%m-%d %H:%M:%S"),
        "content": body,
        "approved": _IN_WORDPRESS[CommentState(row.state)],
        "type": "comment",
        "parent": row.parent_id or 0,
        "user_id": int(row.author_user_id is not None),
    }
    yield "<wp:comment>\n"
    for name, value in told.items():
        yield f"<wp:comment_{name}>{_shown(str(value))}</wp:comment_{name}>\n"
    yield "</wp:comment>\n"


def _shown(text: str) -> str:
    # What is Markup already is text here all the same.
    return escape(str.__str__(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)))
