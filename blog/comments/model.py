"""One comment: its row, its states, and the verbs that decide about it.

States change by verbs that ask first, may be called twice, and leave a line in the journal.
Nobody's words are rewritten by another: parts can be hidden, visibly. What a reader changes in a
published comment stands beside it until it is accepted, as an edit: a row like any that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from markupsafe import Markup
from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    and_,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import db, journal, markup, permissions, private, revision, tokens
from blog.accounts import User
from blog.comments import fulltext, learning, reach
from blog.comments.states import LISTED_STATES as LISTED_STATES
from blog.comments.states import TEACHES as TEACHES
from blog.comments.states import VERBS
from blog.comments.states import CommentState as CommentState
from blog.journal import Former
from blog.markup import SourceFormat
from blog.permissions import Action

NAME_MAX_CHARS = 80
EMAIL_MAX_CHARS = 254

_MARK_BYTES = 8
# The verbs of a decision that was taken back, and of hiding.
RESTORED, HID_DETAILS = "restored", "hid details of"
# What readers do themselves.
EDITED, WITHDREW = "edited", "withdrew"
_PENDING, _APPROVED = "'pending'", "'approved'"
_UNTOLD = f"told_at IS NULL AND root_id IS NOT NULL AND state = {_APPROVED}"
# What an edit and its comment exchange where one takes the place of the other.
_SAID = ("source", "source_format", "original", "html", "html_policy", "reasons", "edited_at")
_WORDS = ("name", "original_name", *_SAID)


def _only(condition: str) -> dict[str, Any]:
    """Keep an index down to the rows that are looked for by it."""
    return {f"{database}_where": text(condition) for database in ("sqlite", "postgresql")}


class Comment(db.Model):
    """One comment; a reply's parent is of the same article."""

    __tablename__ = "comment"
    __table_args__ = (
        # Holds all that a page of a thread is chosen by, so that no row is read for it.
        Index("ix_comment_thread", "article_id", "state", "root_id", "created_at", "id"),
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
        # Most comments answer none, and each index that has them costs who posts.
        Index("ix_comment_parent_id", "parent_id", **_only("parent_id IS NOT NULL")),
        Index("ix_comment_root_id", "root_id", **_only("root_id IS NOT NULL")),
        Index("ix_comment_edit_of_id", "edit_of_id", "state", **_only("edit_of_id IS NOT NULL")),
        Index("ix_comment_decided_at", "decided_at", **_only("decided_at IS NOT NULL")),
        # Published answers of which nobody was told yet.
        Index("ix_comment_untold", "state", "told_at", "root_id", **_only(_UNTOLD)),
        # The journal names comments for ever, so a number is never given twice.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[str] = mapped_column(String(100))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    root_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    name: Mapped[str] = mapped_column(String(NAME_MAX_CHARS))
    # What was typed, where a part of it is hidden.
    original_name: Mapped[str | None] = mapped_column(String(NAME_MAX_CHARS))
    email: Mapped[str | None] = mapped_column(String(EMAIL_MAX_CHARS))
    source: Mapped[str] = mapped_column(Text)
    source_format: Mapped[SourceFormat] = mapped_column(
        String(10), default=SourceFormat.MARKDOWN, server_default=SourceFormat.MARKDOWN
    )
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
    # The published comment whose words these would take the place of.
    edit_of_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    # When those who follow what it answers were told of it.
    told_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
    parent: Mapped[Comment | None] = relationship(
        remote_side="Comment.id", foreign_keys=[parent_id], viewonly=True
    )
    edit_of: Mapped[Comment | None] = relationship(
        remote_side="Comment.id", foreign_keys=[edit_of_id], viewonly=True
    )

    @property
    def body_html(self) -> Markup:
        """The HTML for a page; rendered anew where it was made under another policy."""
        return markup.comment_html(self.source, self.html, self.html_policy, self.source_format)

    @property
    def written(self) -> str:
        """What its writer wrote, whatever of it is hidden."""
        return self.original or self.source

    @property
    def written_text(self) -> str:
        """What its writer wrote, without the tags of HTML."""
        return text_of(self.written, self.source_format)

    @property
    def text(self) -> str:
        """Its source without the tags of HTML."""
        return text_of(self.source, self.source_format)

    @property
    def is_by_author(self) -> bool:
        """Tell whether it was written behind the sign-in; nothing a reader types can."""
        return self.author_user_id is not None

    @property
    def mark(self) -> str:
        """What this text with this decision is told by from any other; a page carries it along."""
        shown = f"{self.state} {self.decided_at} {self.source}"
        return blake2b(shown.encode(), digest_size=_MARK_BYTES).hexdigest()

    @property
    def outcome(self) -> CommentState:
        """What became of it; an edit whose words were taken over goes with its comment."""
        is_replaced = self.state == CommentState.REPLACED
        return self.edit_of.state if is_replaced and self.edit_of else self.state

    def is_of(self, author_id: str) -> bool:
        """Tell whether it stands under an article of an author's."""
        return reach.is_of(self.article_id, author_id)

    def edits(self, *states: CommentState) -> Sequence[Comment]:
        """Return its edits in some states, oldest first; who holds its row may change them."""
        is_its_own = (Comment.edit_of_id == self.id, Comment.state.in_(states))
        query = select(Comment).where(*is_its_own).order_by(Comment.id)
        return db.session.execute(query).scalars().all()

    def approve(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Publish it; returns whether that changed anything."""
        return self.decide(CommentState.APPROVED, by=by, now=now, batch=batch)

    def reject(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Keep it from readers; returns whether that changed anything."""
        return self.decide(CommentState.REJECTED, by=by, now=now, batch=batch)

    def mark_spam(self, *, by: User | None, now: datetime, batch: str | None = None) -> bool:
        """Keep it from readers as spam; returns whether that changed anything."""
        return self.decide(CommentState.SPAM, by=by, now=now, batch=batch)

    def hide(self, region: str | None, *, by: User, now: datetime) -> bool:
        """Put a note in the place of each private detail; returns whether there was one.

        What was written stays for those who review, and nothing else of it changes.
        """
        permissions.require(by, Action.MODERATE, of=self)
        named = private.details(self.name, region=region)
        found = private.details(self.source, region=region)
        if not (named or found):
            return False
        if named:
            self.original_name = self.original_name or self.name
            self.name = private.masked(self.name, named, max_chars=NAME_MAX_CHARS)
        if found:
            self.original = self.written
            self._say(private.masked(self.source, found, max_chars=markup.COMMENT_MAX_CHARS))
        self._note(HID_DETAILS, by=by, now=now)
        return True

    def unhide(self, *, by: User, now: datetime) -> None:
        """Show again what was hidden."""
        if self.original is None and self.original_name is None:
            return
        if self.original is not None:
            self._say(self.original)
        self.name = self.original_name or self.name
        self.original = self.original_name = None
        self._note("showed details of", by=by, now=now)

    def _note(self, verb: str, *, by: User, now: datetime) -> None:
        journal.record(verb, "comment", self.id, by=by, now=now)
        if self.state == CommentState.APPROVED:
            revision.touch(db.session)

    def rewrite(self, source: str, html: str, *, reasons: list[Any], now: datetime) -> None:
        """Say what its writer says now; of that nobody has decided anything yet."""
        learning.follow(self.id, self.written_text, is_spam=None)
        self.source, self.html, self.html_policy = source, html, markup.COMMENT_POLICY
        self.source_format = SourceFormat.MARKDOWN
        self.original, self.reasons, self.edited_at = None, reasons, now
        # Who sends the earlier words again means another comment.
        self.submission_key = tokens.random_token()
        self._index()
        if self.state != CommentState.PENDING:
            journal.record(EDITED, "comment", self.id, by=None, now=now)
        if self.state == CommentState.APPROVED:
            revision.touch(db.session)

    def withdraw(self, *, now: datetime) -> bool:
        """Erase at its writer's wish what she gave; returns whether that changed anything."""
        if self.state == CommentState.WITHDRAWN:
            return False
        for edit in self.edits(*CommentState):
            edit.erase(now=now)
        if self.state == CommentState.APPROVED:
            revision.touch(db.session)
        was = self.state
        self.erase(now=now)
        journal.record(WITHDREW, "comment", self.id, by=None, now=now, was=was, became=self.state)
        return True

    def erase(self, *, now: datetime) -> None:
        """Leave nothing but that it was there."""
        learning.follow(self.id, self.written_text, is_spam=None)
        fulltext.drop(db.session.connection(), [self.id])
        self.state, self.decided_at, self.decided_by = CommentState.WITHDRAWN, now, None
        self.name = self.source = self.html = ""
        self.email = self.original = self.original_name = None
        self.trusted_reader_id = self.edited_at = None
        self.reasons = []
        # Or the same words sent again would be taken for it.
        self.submission_key = tokens.random_token()

    def _index(self) -> None:
        connection = db.session.connection()
        fulltext.drop(connection, [self.id])
        fulltext.put(connection, [(self.id, self.name, self.email, self.text)])

    def _say(self, source: str) -> None:
        self.source, self.html = source, markup.render_comment(source, self.source_format)
        self.html_policy = markup.COMMENT_POLICY

    def decide(
        self,
        state: CommentState,
        *,
        by: User | None,
        now: datetime,
        batch: str | None,
        had_taught: bool | None = None,
    ) -> bool:
        """Let it be in a state; an edit gives its words to its comment, or is dropped.

        `had_taught` is told where what its words taught has gone with them already.
        """
        if by is not None:  # an operator at the command line may do anything
            permissions.require(by, Action.MODERATE, of=self)
        if self.state in (state, CommentState.WITHDRAWN, CommentState.REPLACED):
            return False
        comment = self.edit_of if state != CommentState.REJECTED else None
        becomes = CommentState.REPLACED if comment else state
        click: dict[str, Any] = {"by": by, "now": now, "batch": batch}
        self._become(becomes, VERBS[state], decided=(now, by), had_taught=had_taught, **click)
        if comment is not None:
            comment.decide(state, had_taught=self._take_over(comment, state), **click)
        elif state != CommentState.APPROVED:
            for edit in self.edits(CommentState.PENDING):
                edit.reject(**click)
        return True

    def _take_over(self, comment: Comment, state: CommentState) -> bool:
        """Let a comment say what this edit says; what an earlier one replaced is out of reach.

        What its words taught so far goes with them, so that the undo needn't learn it again.

        Returns: whether they had taught something.
        """
        delete(edit for edit in comment.edits(CommentState.REPLACED) if edit is not self)
        has_taught = learning.move(comment.id, self.id)
        self._exchange(comment)
        learning.follow(comment.id, comment.written_text, is_spam=TEACHES[state])
        return has_taught

    def _give_back(self, comment: Comment) -> None:
        """Let a comment say, and have taught, what it did before this edit."""
        learning.follow(comment.id, comment.written_text, is_spam=None)
        self._exchange(comment)
        learning.move(self.id, comment.id)

    def _exchange(self, comment: Comment) -> None:
        for name in _WORDS:
            own, other = getattr(self, name), getattr(comment, name)
            setattr(self, name, other)
            setattr(comment, name, own)
        self._index()
        comment._index()
        revision.touch(db.session)

    def restore(self, line: journal.JournalLine, *, by: User, now: datetime) -> None:
        """Put it back to what it was before the decision of a line: the state, whose, its lesson."""
        if self.state == CommentState.REPLACED and self.edit_of is not None:
            self._give_back(self.edit_of)
        decided, is_judged = (line.was_at, line.was_by), bool(line.was_taught)
        click: dict[str, Any] = {"by": by, "now": now}
        self._become(
            CommentState(str(line.was)), RESTORED, decided=decided, is_judged=is_judged, **click
        )
        if self.state == CommentState.PENDING and self.edit_of is not None:
            self._give_way(self.edit_of, now=now)

    def _give_way(self, comment: Comment, *, now: datetime) -> None:
        """Drop this edit where the comment's writer wrote something else since."""
        versions = [comment, *comment.edits(CommentState.PENDING)]
        last = max(versions, key=lambda each: (each.edited_at or each.created_at, each.id))
        if last is not self:
            self.erase(now=now)

    def _become(
        self,
        state: CommentState,
        verb: str,
        *,
        decided: tuple[datetime | None, User | None],
        by: User | None,
        now: datetime,
        batch: str | None = None,
        is_judged: bool = True,
        had_taught: bool | None = None,
    ) -> None:
        states = {"was": self.state, "became": state}
        at, before = self.decided_at, self.decided_by
        self.state, (self.decided_at, self.decided_by) = state, decided
        is_spam = TEACHES.get(state) if is_judged and not self.is_by_author else None
        taught = learning.follow(self.id, self.written_text, is_spam=is_spam)
        former = Former(at, before, taught if had_taught is None else had_taught)
        journal.record(
            verb, "comment", self.id, by=by, now=now, **states, batch=batch, former=former
        )
        if CommentState.APPROVED in states.values():
            revision.touch(db.session)


def text_of(source: str, source_format: str) -> str:
    """Return the words of a source as they are searched, learnt from and looked through."""
    return markup.plain_text(source) if source_format == SourceFormat.HTML else source


def delete(edits: Iterable[Comment]) -> None:
    """Forget edits of which nothing is needed any more."""
    for edit in edits:
        learning.follow(edit.id, edit.written_text, is_spam=None)
        fulltext.drop(db.session.connection(), [edit.id])
        db.session.delete(edit)
    db.session.flush()


# A bound value would hide from SQLite's planner that the partial index holds what is asked for.
IS_PENDING: ColumnElement[bool] = Comment.state == literal_column(_PENDING)
IS_NEWS: ColumnElement[bool] = and_(
    Comment.state == literal_column(_APPROVED),
    Comment.root_id.is_not(None),
    Comment.told_at.is_(None),
)
