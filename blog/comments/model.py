"""One comment: its row, its states, and the verbs that decide about it.

States change by verbs that ask first, may be called twice, and leave a line in the journal.
Nothing is deleted and no reader's words are rewritten here: parts can be hidden, visibly.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from markupsafe import Markup
from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import db, journal, markup, permissions, revision
from blog.accounts import User
from blog.comments import learning, private
from blog.permissions import Action

NAME_MAX_CHARS = 80
EMAIL_MAX_CHARS = 254

_MARK_BYTES = 8
# The verb of a decision that was taken back.
RESTORED = "restored"
_PENDING = "'pending'"


def _only(condition: str) -> dict[str, Any]:
    """Keep an index down to the rows that are looked for by it."""
    return {f"{database}_where": text(condition) for database in ("sqlite", "postgresql")}


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
        # Holds all that a page of a thread is chosen by, so that no row is read for it.
        Index("ix_comment_article_id_state_root_id", "article_id", "state", "root_id", "id"),
        Index("ix_comment_state_id", "state", "id"),
        Index("ix_comment_created_at", "created_at", "id"),
        Index("ix_comment_reader_hash", "reader_hash", **_only(f"state = {_PENDING}")),
        Index("ix_comment_email", "email", "state", **_only("email IS NOT NULL")),
        Index(
            "ix_comment_trusted_reader_id",
            "trusted_reader_id",
            "state",
            **_only("trusted_reader_id IS NOT NULL"),
        ),
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
    # What was written, where a part of it is hidden; `source` then holds what all may see.
    original: Mapped[str | None] = mapped_column(Text, deferred=True)
    html: Mapped[str] = mapped_column(Text)
    html_policy: Mapped[int]
    state: Mapped[CommentState] = mapped_column(String(20))
    reasons: Mapped[list[Any]] = mapped_column(JSON)
    author_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    reader_hash: Mapped[str | None] = mapped_column(String(64))
    trusted_reader_id: Mapped[int | None] = mapped_column(ForeignKey("trusted_reader.id"))
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
    def written(self) -> str:
        """What its writer wrote, whatever of it is hidden."""
        return self.original or self.source

    @property
    def is_by_author(self) -> bool:
        """Tell whether it was written behind the sign-in; nothing a reader types can."""
        return self.author_user_id is not None

    @property
    def mark(self) -> str:
        """What this text with this decision is told by from any other; a page carries it along."""
        shown = f"{self.state} {self.decided_at} {self.source}"
        return blake2b(shown.encode(), digest_size=_MARK_BYTES).hexdigest()

    def approve(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Publish it; returns whether that changed anything."""
        return self._decide(CommentState.APPROVED, by=by, now=now, batch=batch)

    def reject(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Keep it from readers; returns whether that changed anything."""
        return self._decide(CommentState.REJECTED, by=by, now=now, batch=batch)

    def mark_spam(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Keep it from readers as spam; returns whether that changed anything."""
        return self._decide(CommentState.SPAM, by=by, now=now, batch=batch)

    def hide(self, region: str | None, *, by: User, now: datetime) -> bool:
        """Put a note in the place of each private detail; returns whether there was one.

        What was written stays for those who review, and nothing else of it changes.
        """
        permissions.require(by, Action.MODERATE)
        found = private.details(self.source, region=region)
        if not found:
            return False
        self.original = self.written
        self._say(private.masked(self.source, found, max_chars=markup.COMMENT_MAX_CHARS))
        journal.record("hid details of", "comment", self.id, by=by, now=now)
        return True

    def unhide(self, *, by: User, now: datetime) -> None:
        """Show again what was hidden."""
        if self.original is not None:
            self._say(self.original)
            self.original = None
            journal.record("showed details of", "comment", self.id, by=by, now=now)

    def _say(self, source: str) -> None:
        self.source, self.html = source, markup.render_comment(source)
        self.html_policy = markup.COMMENT_POLICY
        if self.state == CommentState.APPROVED:
            revision.touch(db.session)

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

    def restore(
        self, was: str, *, before: journal.JournalLine | None, by: User, now: datetime
    ) -> None:
        """Put it back to the state it had, with the decision `before` by which it had it."""
        self.decided_at = before.at if before else None
        self.decided_by = before.actor if before else None
        self._become(CommentState(was), RESTORED, by=by, now=now, batch=None)

    def _become(
        self, state: CommentState, verb: str, *, by: User | None, now: datetime, batch: str | None
    ) -> None:
        was, self.state = self.state, state
        journal.record(verb, "comment", self.id, by=by, now=now, was=was, became=state, batch=batch)
        if not self.is_by_author:
            learning.follow(self.id, self.written, is_spam=_TEACHES.get(state))
        if CommentState.APPROVED in (was, state):
            revision.touch(db.session)


VERBS = {
    CommentState.APPROVED: "approved",
    CommentState.REJECTED: "rejected",
    CommentState.SPAM: "marked as spam",
}

# What is neither says nothing about spam.
_TEACHES = {CommentState.APPROVED: False, CommentState.SPAM: True}

# A bound value would hide from SQLite's planner that the partial index holds what is asked for.
IS_PENDING: ColumnElement[bool] = Comment.state == literal_column(_PENDING)
