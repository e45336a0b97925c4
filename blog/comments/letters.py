"""What a mail to a moderator says: each comment that waits, and what came, was held and was sent.

A visitor's words are text there, none of them an address that a mail program makes a link of.
Nothing of them stands in a header.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from sqlalchemy import select

from blog import articles, db, enquiries, markup, outbox, permissions, urls
from blog.accounts import User
from blog.articles import Article
from blog.comments import count_in, mailed, reach
from blog.comments.model import Comment, CommentState
from blog.outbox.checks import BODY_MAX_BYTES
from blog.permissions import Action
from blog.spam import counted

# One mail shows no more, and of each no more than this.
SHOWN = 20
_TEXT_MAX_CHARS = 1_000
# Nothing is counted farther back, however long nobody was told anything.
_COUNTED_FOR = timedelta(days=7)
_LINE_MAX_CHARS = 140
_REASONS_SHOWN = 10
# What a mail program takes for the name of a host, or for the beginning of an address.
_HOST_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})|(?<=\d)\.(?=\d+\.)")
_SCHEME = re.compile(r":(?=//)")


@dataclass(frozen=True)
class Letter:
    """A mail's words."""

    subject: str
    text: str
    html: str


def write(
    new: Sequence[Comment], *, reported: int, to: User | None, since: datetime, now: datetime
) -> Letter:
    """Write to a moderator, or to the clinic, whose links ask to sign in.

    `new` are the first that she wasn't told of; `since` is when she last heard from the site;
    `reported` is how many published ones readers reported and nobody has answered for.
    """
    since = max(since, now - _COUNTED_FOR)
    site, titles = articles.site(), articles.titles({comment.article_id for comment in new})
    words = {
        "lines": lines_since(to, since),
        "since": since,
        "waiting": count_in(CommentState.PENDING, by=to),
        "review_link": urls.absolute(urls.review()),
        "reported": reported,
        "reported_link": urls.absolute(urls.reviewed_reports()),
        "is_clinic": to is None,
        "site": site,
    }
    items = [_item(each, titles.get(each.article_id), to, now=now) for each in new]
    while True:
        text, html = (
            render_template(f"mail/comments_waiting.{kind}", items=items, **words)
            for kind in ("txt", "html")
        )
        if len(items) <= 1 or max(len(text.encode()), len(html.encode())) <= BODY_MAX_BYTES:
            return Letter(_subject(len(new), reported, site.title), text, html)
        # The rest is in the queue.
        items = items[: len(items) // 2]


def _subject(count: int, reported: int, title: str) -> str:
    if not count and reported:
        was = "was" if reported == 1 else "were"
        return f"{counted(reported, 'comment')} {was} reported on {title}"
    if not count:
        return f"No new comment waits on {title}"
    if count == 1:
        return f"A comment waits on {title}"
    return f"{'Many' if count >= SHOWN else count} comments wait on {title}"


def _item(
    comment: Comment, article: Article | None, to: User | None, *, now: datetime
) -> dict[str, Any]:
    path = urls.mailed(mailed.issue(to, comment, now=now)) if to else urls.reviewed(comment.id)
    return {
        "name": unlinked(comment.name),
        "article": article.title if article else comment.article_id,
        "created_at": comment.created_at,
        "parent": _parent(comment.parent) if comment.parent else None,
        "text": unlinked(markup.excerpt(markup.plain_text(comment.html), _TEXT_MAX_CHARS)),
        "reasons": [
            (unlinked(markup.excerpt(reason["words"], _LINE_MAX_CHARS)), reason["tone"])
            for reason in comment.reasons[:_REASONS_SHOWN]
        ],
        "link": urls.absolute(path),
    }


def _parent(parent: Comment) -> dict[str, str]:
    said = markup.excerpt(markup.plain_text(parent.html), _LINE_MAX_CHARS)
    return {"name": unlinked(parent.name), "text": unlinked(said)}


def unlinked(text: str) -> str:
    """Put a space into each address of a text, so that no mail program makes it a link."""
    return _SCHEME.sub(": ", _HOST_DOT.sub(" .", text))


def lines_since(to: User | None, since: datetime) -> list[str]:
    """Say what came, what was held and what was sent; enquiries and mail to who may know of them."""
    lines = [_comments_since(to, since)]
    if to is None or permissions.may(to, Action.READ_ENQUIRIES):
        came, sent = enquiries.count_since(since)
        of_these = f"; {sent} of {came} mailed" if came else ""
        lines.append(f"{_came(came, 'enquiry', 'enquiries')}{of_these}.")
    if to is None or permissions.may(to, Action.READ_MAIL):
        mail = outbox.sent_since(since)
        late = f", {mail.late} still being tried" if mail.late else ""
        lines.append(f"{counted(mail.sent, 'mail')} sent, {mail.failed} failed{late}.")
    return lines


def _came(number: int, noun: str, nouns: str) -> str:
    return f"{f'{number:,}' if number else 'No'} {noun if number == 1 else nouns} came"


def _comments_since(to: User | None, since: datetime) -> str:
    # Counted here: SQLite would group all comments there ever were by an index of their states.
    query = select(Comment.state, Comment.decided_at.is_(None)).where(
        Comment.created_at > since,
        Comment.author_user_id.is_(None),
        # Who changes what she wrote is no comment more.
        Comment.edit_of_id.is_(None),
        *reach.within(to, Comment.article_id),
    )
    found = Counter((row[0], bool(row[1])) for row in db.session.execute(query))
    came = found.total()
    parts = {
        "published at once": found.pop((CommentState.APPROVED, True), 0),
        "waiting": found.pop((CommentState.PENDING, True), 0),
        "put into spam": found.pop((CommentState.SPAM, True), 0),
        "settled since": sum(found.values()),
    }
    held = ", ".join(f"{number:,} {words}" for words, number in parts.items() if number)
    return f"{_came(came, 'comment', 'comments')}{': ' if held else ''}{held}."
