"""Mails about replies, composed by the mail worker on its rounds from what is published.

Nothing leaves before a decision can't be undone any more. One mail tells all that is new in a
conversation. It holds the words of others as text alone, with nothing a mail program makes a link.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.orm import aliased

from blog import articles, config, db, markup, outbox, urls
from blog.articles import Article
from blog.comments import following
from blog.comments.deciding import UNDO_WITHIN
from blog.comments.following import MAIL, Following
from blog.comments.model import IS_NEWS, Comment, CommentState
from blog.outbox import Chore, OutgoingMail

# However much is said, this often about one conversation at most.
MAIL_EVERY = timedelta(minutes=10)
# The rest is a link away, or comes with the next mail.
_SHOWN = 20
_SHOWN_CHARS = 1_000
_AT_ONCE = 200
# A dot, also one that address lines take for it, with a letter right behind it.
_JOINING_DOT = re.compile(r"(?<=\S)([.\u3002\uff0e\uff61])(?=[^\W\d_])")


@dataclass(frozen=True)
class Told:
    """A reply as a mail shows it."""

    name: str
    text: str
    link: str
    is_by_author: bool


def compose(now: datetime) -> None:
    """Queue what is due: questions to the owners of addresses, and news of replies."""
    following.stop_where_refused()
    following.ask(now=now)
    branches = db.session.execute(_branches_with_news(now)).scalars()
    for branch_id in sorted(set(filter(None, branches))):
        with db.writing():
            _tell(branch_id, now=now)


CHORES = (Chore(compose), Chore(following.sweep, timedelta(hours=1)))


def _branches_with_news(now: datetime) -> Select[int | None]:
    # Not joined: a planner that knows nothing of the tables may begin with all comments.
    followed = aliased(Comment)
    branch = func.coalesce(followed.root_id, followed.id)
    its_own = select(branch).where(followed.id == Following.comment_id).scalar_subquery()
    told_lately = (
        select(its_own)
        .select_from(Following)
        .join(OutgoingMail, OutgoingMail.id == Following.mail_id)
        .where(OutgoingMail.created_at > now - MAIL_EVERY)
    )
    return (
        select(Comment.root_id)
        .where(IS_NEWS, following.is_settled(now), Comment.root_id.not_in(told_lately))
        .limit(_AT_ONCE)
    )


def _tell(branch_id: int, *, now: datetime) -> None:
    """Tell everybody who follows a conversation what is new in it."""
    is_new = (IS_NEWS, Comment.root_id == branch_id, following.is_settled(now))
    news = db.session.execute(select(Comment.id).where(*is_new).limit(_AT_ONCE)).scalars().all()
    above = db.session.execute(_above(news)).all()
    doubtful = {row.reply_id for row in above if _may_be_undone(row, now)}
    replies = _claim([each for each in news if each not in doubtful], now=now)
    groups: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in above:
        reply = replies.get(row.reply_id)
        if reply and _is_followed(row) and not _is_by_same(reply, row):
            groups[row.email][reply.id].add(row.id)
    for email, found in groups.items():
        told = [replies[reply_id] for reply_id in sorted(found)]
        _queue(email, branch_id, told, set().union(*found.values()), now=now)


def _above(reply_ids: Collection[int]) -> Select[tuple[Any, ...]]:
    """Select for each reply what stands above it, up to where its conversation begins."""
    answered = select(Comment.id.label("reply_id"), Comment.parent_id.label("above_id"))
    line = answered.where(Comment.id.in_(reply_ids)).cte("line", recursive=True)
    higher = select(line.c.reply_id, Comment.parent_id).join(line, Comment.id == line.c.above_id)
    line = line.union_all(higher.where(Comment.parent_id.is_not(None)))
    seen = (Comment.id, Comment.email, Comment.reader_hash, Comment.trusted_reader_id)
    return (
        select(line.c.reply_id, *seen, Comment.state, Comment.decided_at, Following.confirmed_at)
        .join(line, Comment.id == line.c.above_id)
        .outerjoin(Following, Following.comment_id == Comment.id)
    )


def _may_be_undone(row: Row[Any], now: datetime) -> bool:
    return row.decided_at is not None and row.decided_at > now - UNDO_WITHIN


def _is_followed(row: Row[Any]) -> bool:
    return bool(row.confirmed_at and row.email and row.state == CommentState.APPROVED)


def _is_by_same(reply: Comment, row: Row[Any]) -> bool:
    """Tell whether a reply came from who is told: by browser, or by what was typed."""
    names = ("email", "reader_hash", "trusted_reader_id")
    return any(getattr(row, name) and getattr(reply, name) == getattr(row, name) for name in names)


def _claim(reply_ids: Collection[int], *, now: datetime) -> dict[int, Comment]:
    """Take replies, so that no other worker tells of them, and nobody ever again."""
    taken = update(Comment).where(IS_NEWS, Comment.id.in_(reply_ids)).values(told_at=now)
    found = db.session.execute(taken.returning(Comment)).scalars().all()
    return {comment.id: comment for comment in found}


def _queue(
    email: str,
    branch_id: int,
    replies: Sequence[Comment],
    followed_ids: Collection[int],
    *,
    now: datetime,
) -> None:
    article = articles.public_by_id(replies[0].article_id, now=now)
    if article is None:
        return
    own = db.session.get_one(Comment, min(followed_ids))
    stop_link = urls.absolute(following.stop_path(own, now=now))
    site, mail_from = articles.site(), config.current().mail_from
    words = {
        "article": article,
        "own": own,
        "replies": list(_told(article, replies[:_SHOWN])),
        "more": len(replies[_SHOWN:]),
        "more_link": urls.absolute(urls.replies(article.slug, branch_id)),
        "stop_link": stop_link,
        "site": site,
    }
    mail = outbox.queue(
        kind=MAIL,
        sender=mail_from,
        recipient=email,
        # Always the same, since mail programs show together what is called the same.
        subject=f"Replies to you on “{article.title}”",
        text=render_template("mail/replies.txt", **words),
        html=render_template("mail/replies.html", **words),
        thread=f"replies-{branch_id}",
        unsubscribe_url=stop_link,
        now=now,
    )
    db.session.flush()
    told = update(Following).where(Following.comment_id.in_(followed_ids))
    db.session.execute(told.values(mail_id=mail.id))


def _told(article: Article, replies: Iterable[Comment]) -> Iterable[Told]:
    for reply in replies:
        text = markup.excerpt(unlinked(markup.plain_text(reply.html)), _SHOWN_CHARS)
        link = urls.absolute(urls.comment(article.slug, reply.id))
        yield Told(unlinked(reply.name), text, link, reply.is_by_author)


def unlinked(text: str) -> str:
    """Write a visitor's text so that no mail program makes a link of a part of it.

    What names a scheme is left out; a name of a host is taken apart by a space after its dots.
    """
    words = ("[link]" if "://" in word else word for word in text.split())
    return _JOINING_DOT.sub(r"\1 ", " ".join(words))
