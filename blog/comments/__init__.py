"""Readers' comments: how one is made, its states, and who sees it.

A text is rendered and checked by `compose()`, before any lock is taken; `submit()` stores it.
States change by verbs that ask first, may be called twice, and leave a line in the journal.
Nothing is deleted and no reader's words are rewritten here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import render_template
from markupsafe import Markup
from sqlalchemy import JSON, ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from blog import (
    accounts,
    articles,
    config,
    db,
    journal,
    markup,
    outbox,
    permissions,
    revision,
    spam,
    tokens,
    urls,
)
from blog.accounts import User
from blog.articles import Article
from blog.errors import Conflict, Invalid, MarkupError
from blog.permissions import Action

NAME_MAX_CHARS = 80
EMAIL_MAX_CHARS = 254
UNDO_WITHIN = timedelta(minutes=10)
NOTICE_EVERY = timedelta(minutes=10)


class CommentState(StrEnum):
    """Where a comment stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SPAM = "spam"
    WITHDRAWN = "withdrawn"


class Comment(db.Model):
    """One comment; a reply's parent is of the same article."""

    __tablename__ = "comment"
    __table_args__ = (
        Index("ix_comment_article_id_state", "article_id", "state"),
        Index("ix_comment_state_id", "state", "id"),
        # The journal names comments for ever, so a number is never given twice.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[str] = mapped_column(String(100))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"), index=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"), index=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX_CHARS))
    email: Mapped[str | None] = mapped_column(String(EMAIL_MAX_CHARS))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    html_policy: Mapped[int]
    state: Mapped[CommentState] = mapped_column(String(20))
    reasons: Mapped[list[Any]] = mapped_column(JSON)
    author_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    reader_hash: Mapped[str | None] = mapped_column(String(64))
    submission_key: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
    parent: Mapped[Comment | None] = relationship(
        remote_side="Comment.id", foreign_keys=[parent_id], viewonly=True
    )

    @property
    def body_html(self) -> Markup:
        """The HTML for a page; rendered anew where it was made under another policy."""
        return markup.comment_html(self.source, self.html, self.html_policy)

    @property
    def is_by_author(self) -> bool:
        """Tell whether it was written behind the sign-in; nothing a reader types can."""
        return self.author_user_id is not None

    def approve(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Publish it; returns whether that changed anything."""
        return self._decide(CommentState.APPROVED, by=by, now=now, batch=batch)

    def reject(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Keep it from readers; returns whether that changed anything."""
        return self._decide(CommentState.REJECTED, by=by, now=now, batch=batch)

    def mark_spam(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Keep it from readers as spam; returns whether that changed anything."""
        return self._decide(CommentState.SPAM, by=by, now=now, batch=batch)

    def _decide(
        self, state: CommentState, *, by: User | None, now: datetime, batch: str | None
    ) -> bool:
        if by is not None:  # an operator at the command line may do anything
            permissions.require(by, Action.MODERATE)
        if self.state in (state, CommentState.WITHDRAWN):
            return False
        self.decided_at, self.decided_by = now, by
        self._become(state, VERBS[state], by=by, now=now, batch=batch)
        return True

    def restore(self, was: str, *, by: User, now: datetime) -> None:
        """Put it back to the state it had before a decision."""
        is_decided = was != CommentState.PENDING
        self.decided_at, self.decided_by = (now, by) if is_decided else (None, None)
        self._become(CommentState(was), "restored", by=by, now=now, batch=None)

    def _become(
        self, state: CommentState, verb: str, *, by: User | None, now: datetime, batch: str | None
    ) -> None:
        was, self.state = self.state, state
        journal.record(verb, "comment", self.id, by=by, now=now, was=was, became=state, batch=batch)
        if CommentState.APPROVED in (was, state):
            revision.touch(db.session)


VERBS = {
    CommentState.APPROVED: "approved",
    CommentState.REJECTED: "rejected",
    CommentState.SPAM: "marked as spam",
}


@dataclass(frozen=True)
class Draft:
    """A text that was checked and rendered, and can be shown or stored."""

    article_id: str
    name: str
    email: str | None
    source: str
    html: str
    parent_id: int | None

    @property
    def body_html(self) -> Markup:
        """What it will look like."""
        return markup.comment_html(self.source, self.html, markup.COMMENT_POLICY)


def compose(
    article: Article,
    *,
    name: str,
    body: str,
    email: str = "",
    parent_id: int | None,
    now: datetime,
    by: User | None = None,
) -> Draft:
    """Check and render a comment; takes no lock and stores nothing.

    A closed thread is closed to readers; `by`, who is signed in, may still answer in it.

    Raises: Invalid naming each wrong field.
    """
    closed = closed_because(article, now=now)
    if closed and by is None:
        raise Invalid({"body": closed})
    if parent_id is not None:
        _check_parent(article, parent_id)
    try:
        html = markup.render_comment(body)
    except MarkupError as error:
        raise Invalid({"body": error.message}) from error
    return Draft(article.id, name, email or None, body, html, parent_id)


def closed_because(article: Article, *, now: datetime) -> str:
    """Say why no comment is taken on an article; empty while they are."""
    if config.current().comments == "closed":
        return "Comments on this site are closed."
    return article.comments_closed_because(now=now)


def _check_parent(article: Article, parent_id: int) -> None:
    parent = db.session.get(Comment, parent_id)
    if parent is None or parent.article_id != article.id:
        raise Invalid({"parent": "The comment you answer isn't part of this article."})
    if parent.state == CommentState.PENDING:
        raise Invalid({"parent": "The comment you answer isn't published yet."})
    if parent.state != CommentState.APPROVED:
        raise Invalid({"parent": "The comment you answer isn't there any more."})


def submit(
    draft: Draft, *, verdict: spam.Verdict, address_hash: str, reader_hash: str, now: datetime
) -> Comment:
    """Store a reader's comment and queue the notice to those who review it.

    The same words by the same client on the same day are one comment, whatever was pressed twice.
    """
    key = tokens.keyed_hash(
        config.current().secret_key,
        "comment",
        address_hash,
        *(str(part) for part in (draft.article_id, draft.parent_id, draft.name, draft.email)),
        draft.source,
    )
    known = select(Comment).where(Comment.submission_key == key)
    if db.session.execute(known).scalar_one_or_none() is None:
        is_published = config.current().comments == "post" and not verdict.is_held
        with db.unless_taken():
            comment = _store(
                draft,
                state=CommentState.APPROVED if is_published else CommentState.PENDING,
                key=key,
                reasons=[
                    {"words": reason.words, "tone": reason.tone} for reason in verdict.reasons
                ],
                now=now,
            )
            if not is_published:
                _tell_moderators(comment, now=now)
    stored = db.session.execute(known).scalar_one()
    # The browser holds the cookie of the answer it got last.
    stored.reader_hash = reader_hash
    return stored


def reply(parent: Comment, draft: Draft, *, by: User, now: datetime) -> Comment:
    """Answer as the author: published at once, with the badge.

    Raises: Forbidden where `by` may not; Conflict where `draft` answers something else.
    """
    permissions.require(by, Action.REPLY)
    if draft.parent_id != parent.id:
        raise Conflict("This reply belongs to another comment.")
    key = tokens.keyed_hash(
        config.current().secret_key, "reply", str(by.id), str(parent.id), draft.source
    )
    known = select(Comment).where(Comment.submission_key == key)
    if db.session.execute(known).scalar_one_or_none() is None:
        with db.unless_taken():
            comment = _store(draft, state=CommentState.APPROVED, key=key, now=now)
            comment.author_user_id = by.id
            journal.record("replied to", "comment", parent.id, by=by, now=now)
    return db.session.execute(known).scalar_one()


def _store(
    draft: Draft,
    *,
    state: CommentState,
    key: str,
    now: datetime,
    reasons: Sequence[Any] = (),
) -> Comment:
    parent = db.session.get(Comment, draft.parent_id) if draft.parent_id else None
    comment = Comment(
        article_id=draft.article_id,
        parent_id=draft.parent_id,
        root_id=(parent.root_id or parent.id) if parent else None,
        name=draft.name,
        email=draft.email,
        source=draft.source,
        html=draft.html,
        html_policy=markup.COMMENT_POLICY,
        state=state,
        reasons=list(reasons),
        submission_key=key,
        created_at=now,
    )
    db.session.add(comment)
    db.session.flush()
    if state == CommentState.APPROVED:
        revision.touch(db.session)
    return comment


def _tell_moderators(comment: Comment, *, now: datetime) -> None:
    """Queue one mail to each moderator; a flood of comments is one mail in ten minutes."""
    kind, settings = "comment-waiting", config.current()
    people = accounts.everybody(in_turn=True)
    moderators = [user.email for user in people if permissions.may(user, Action.MODERATE)]
    addresses = moderators or [settings.clinic_email]
    last = {address: outbox.last_of_kind(kind, address) for address in addresses}
    # Who has a mail on its way learns of this comment by it.
    untold = [address for address, mail in last.items() if mail is None or not mail.is_unsent]
    if not untold:
        return
    site = articles.site()
    words = {
        "comment": comment,
        "text": markup.plain_text(comment.html),
        "article": articles.by_id(comment.article_id),
        "review_link": urls.absolute(urls.review()),
        "waiting_count": count_in(CommentState.PENDING),
        "site": site,
    }
    text = render_template("mail/comment_waiting.txt", **words)
    html = render_template("mail/comment_waiting.html", **words)
    for address in untold:
        before = last[address]
        outbox.queue(
            kind=kind,
            sender=settings.mail_from,
            recipient=address,
            subject=f"A comment waits on {site.title}",
            text=text,
            html=html,
            now=now,
            due_at=max(now, before.due_at + NOTICE_EVERY) if before else now,
        )


def by_id(comment_id: int) -> Comment | None:
    """Return a comment whatever its state."""
    return db.session.get(Comment, comment_id)


def by_ids(comment_ids: Iterable[int]) -> Sequence[Comment]:
    """Return comments whatever their state, to be changed: others who want to wait until then."""
    query = select(Comment).where(Comment.id.in_(comment_ids)).order_by(Comment.id)
    return db.session.execute(query.with_for_update()).scalars().all()


def recent(
    state: CommentState | None = None, *, before: int | None = None, limit: int = 50
) -> Sequence[Comment]:
    """Return comments of a state, or of all, newest first; those before an id for older ones."""
    beside = (joinedload(Comment.parent), joinedload(Comment.decided_by))
    query = select(Comment).options(*beside).order_by(Comment.id.desc()).limit(limit)
    if state is not None:
        query = query.where(Comment.state == state)
    if before is not None:
        query = query.where(Comment.id < before)
    return db.session.execute(query).scalars().all()


def count_in(state: CommentState) -> int:
    """Return how many comments are in a state."""
    query = select(func.count(Comment.id)).where(Comment.state == state)
    return db.session.execute(query).scalar_one()


def counts() -> dict[str, int]:
    """Return how many comments are in each state."""
    rows = db.session.execute(select(Comment.state, func.count(Comment.id)).group_by(Comment.state))
    found = {str(state): number for state, number in rows}
    return {state.value: found.get(state.value, 0) for state in CommentState}


def counts_on(article_ids: Iterable[str]) -> dict[str, int]:
    """Return how many published comments each article has."""
    query = (
        select(Comment.article_id, func.count(Comment.id))
        .where(Comment.article_id.in_(list(article_ids)), Comment.state == CommentState.APPROVED)
        .group_by(Comment.article_id)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def undo(batch: str, *, by: User, now: datetime) -> int:
    """Take back the decisions of one click; returns how many were.

    What somebody else has decided since stays as it is.

    Raises: Forbidden where `by` may not moderate; Conflict where the click is too long ago.
    """
    permissions.require(by, Action.MODERATE)
    lines = [line for line in journal.of_batch(batch) if line.was and line.became]
    if not lines or now - lines[0].at > UNDO_WITHIN:
        raise Conflict("This can't be undone any more. Change the comments one by one instead.")
    found = {str(comment.id): comment for comment in by_ids({int(ln.thing_id) for ln in lines})}
    undone = 0
    for line in lines:
        comment = found.get(line.thing_id)
        if comment and comment.state == line.became and comment.decided_at == line.at:
            comment.restore(str(line.was), by=by, now=now)
            undone += 1
    return undone
