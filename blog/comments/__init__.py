"""Comments: how one is made and stored, lists and counts of them.

A text is rendered and checked by `compose()`, before any lock is taken. What a reader sends
comes in by `arrival`, where the policy judges it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from markupsafe import Markup
from sqlalchemy import ScalarSelect, Select, and_, func, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, undefer

from blog import config, db, journal, markup, permissions, revision, tokens
from blog.accounts import User
from blog.articles import Article
from blog.comments import fulltext, learning, likeness, policy, reach, signs
from blog.comments.model import EMAIL_MAX_CHARS as EMAIL_MAX_CHARS
from blog.comments.model import LISTED_STATES as LISTED_STATES
from blog.comments.model import NAME_MAX_CHARS as NAME_MAX_CHARS
from blog.comments.model import Comment as Comment
from blog.comments.model import CommentState as CommentState
from blog.errors import Conflict, Invalid, MarkupError, NotFound
from blog.permissions import Action

# Where there are more in a state nobody needs to know how many, and counting all would take long.
COUNTED_TO = 1_000
# Made once and of the bare table, which takes a quarter of the time. SQLite takes the same words.
_TABLE = Comment.metadata.tables[Comment.__tablename__]
_UNLESS_TAKEN = (
    insert(_TABLE).on_conflict_do_nothing(index_elements=["submission_key"]).returning(_TABLE.c.id)
)


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

    @cached_property
    def shown(self) -> str:
        """What a person reads, on one line: no sign of Markdown stands within a word of it."""
        return markup.plain_text(self.html)

    @cached_property
    def words(self) -> list[str]:
        """Its words as they look to a person."""
        return likeness.words(self.shown)

    @cached_property
    def sketch(self) -> bytes:
        """What of it tells whether another text is nearly the same."""
        return likeness.sketch(self.words)

    @cached_property
    def words_hash(self) -> str:
        """What the same words have in common, wherever and by whomever they are sent."""
        return tokens.keyed_hash(config.current().secret_key, "words", " ".join(self.words))


def compose(
    article: Article,
    *,
    name: str,
    body: str,
    email: str = "",
    parent_id: int | None,
) -> Draft:
    """Check and render a comment; takes no lock, stores nothing and judges nobody.

    Raises: Invalid naming each wrong field.
    """
    if parent_id is not None:
        _check_parent(article, parent_id)
    try:
        html = markup.render_comment(body)
    except MarkupError as error:
        raise Invalid({"body": error.message}) from error
    return Draft(article.id, name, email.lower() or None, body, html, parent_id)


def closed_because(article: Article, *, now: datetime) -> str:
    """Say why no comment is taken on an article; empty while they are."""
    if config.current().comments == "closed":
        return "Comments on this site are closed."
    return article.comments_closed_because(now=now)


def _check_parent(article: Article, parent_id: int) -> None:
    parent = db.session.get(Comment, parent_id)
    if parent is None or parent.article_id != article.id:
        raise Invalid({"parent": "The comment you answer isn’t part of this article."})
    if parent.state == CommentState.PENDING:
        raise Invalid({"parent": "The comment you answer isn’t published yet."})
    if parent.state != CommentState.APPROVED:
        raise Invalid({"parent": "The comment you answer isn’t there any more."})


def reply(parent: Comment, draft: Draft, *, by: User, now: datetime) -> Comment:
    """Answer as the author: published at once, with the badge.

    Raises: Forbidden where `by` may not; Conflict where `draft` answers something else.
    """
    permissions.require(by, Action.REPLY, of=parent)
    if draft.parent_id != parent.id:
        raise Conflict("This reply belongs to another comment.")
    key = tokens.keyed_hash(
        config.current().secret_key, "reply", str(by.id), str(parent.id), draft.source
    )
    if store(draft, key=key, state=CommentState.APPROVED, by=by, now=now) is not None:
        journal.record("replied to", "comment", parent.id, by=by, now=now)
    return by_key(key)


def store(
    draft: Draft,
    *,
    key: str,
    state: CommentState,
    now: datetime,
    by: User | None = None,
    reader_hash: str | None = None,
    trusted_reader_id: int | None = None,
    reasons: Sequence[Any] = (),
) -> int | None:
    """Store a comment; nothing where its key is taken, as by who sent the same at this moment.

    Returns: its id, where it was stored.
    Raises: Invalid where the comment it answers is gone.
    """
    values = {
        "article_id": draft.article_id,
        "parent_id": draft.parent_id,
        "root_id": _root_of(draft.parent_id),
        "name": draft.name,
        "email": draft.email,
        "source": draft.source,
        "html": draft.html,
        "html_policy": markup.COMMENT_POLICY,
        "state": state,
        "reasons": list(reasons),
        "author_user_id": by.id if by else None,
        "reader_hash": reader_hash,
        "trusted_reader_id": trusted_reader_id,
        "submission_key": key,
        "created_at": now,
    }
    comment_id = _insert(values)
    if comment_id is not None:
        indexed = (comment_id, draft.name, draft.email, draft.source)
        fulltext.put(db.session.connection(), [indexed])
        if state == CommentState.APPROVED:
            revision.touch(db.session)
    return comment_id


def _root_of(parent_id: int | None) -> int | None:
    parent = db.session.get(Comment, parent_id) if parent_id else None
    return (parent.root_id or parent.id) if parent else None


def _insert(values: dict[str, Any]) -> int | None:
    try:
        found: int | None = db.session.execute(_UNLESS_TAKEN, values).scalar_one_or_none()
    except IntegrityError:
        # On PostgreSQL what is answered can be erased until this very moment.
        raise Invalid({"parent": "The comment you answer was erased just now."}) from None
    return found


def by_key(key: str) -> Comment:
    """Return the comment that was stored under the key of its submission."""
    return db.session.execute(select(Comment).where(Comment.submission_key == key)).scalar_one()


def standing(comment_id: int) -> tuple[CommentState, datetime]:
    """Return the state of a comment that is there, and when it was made."""
    query = select(Comment.state, Comment.created_at).where(Comment.id == comment_id)
    state, created_at = db.session.execute(query).one()
    return state, created_at


def by_id(comment_id: int, *, by: User | None = None) -> Comment | None:
    """Return a comment whatever its state; none that is being imported or beyond somebody's reach."""
    comment = db.session.get(Comment, comment_id)
    if comment is None or comment.state == CommentState.IMPORTING:
        return None
    return comment if by is None or reach.covers(by, comment.article_id) else None


def by_ids(comment_ids: Iterable[int], *, by: User | None = None) -> Sequence[Comment]:
    """Return comments whatever their state, to be changed: others who want to wait until then.

    None that are being imported or beyond somebody's reach.

    With an edit its comment is held, which whoever changes either does first.
    """
    wanted = set(comment_ids)
    is_edit = (Comment.id.in_(wanted), Comment.edit_of_id.is_not(None))
    edited = db.session.execute(select(Comment.edit_of_id).where(*is_edit)).scalars()
    mine = reach.within(by, Comment.article_id)
    query = _some({*wanted, *edited}).where(*mine).order_by(Comment.id)
    whole = query.options(undefer(Comment.original)).with_for_update(key_share=True)
    return [row for row in db.session.execute(whole).scalars() if row.id in wanted]


def _some(comment_ids: Collection[int | None]) -> Select[Comment]:
    is_there = Comment.state != CommentState.IMPORTING
    return select(Comment).where(Comment.id.in_(comment_ids), is_there)


def recent(
    state: CommentState | None = None, *, before: int | None = None, limit: int = 50
) -> Sequence[Comment]:
    """Return comments of a state, or of all, newest first; those before an id for older ones."""
    beside = (joinedload(Comment.parent), joinedload(Comment.decided_by))
    query = select(Comment).options(*beside).order_by(Comment.id.desc()).limit(limit)
    is_asked = Comment.state == state if state else Comment.state != CommentState.IMPORTING
    query = query.where(is_asked)
    if before is not None:
        query = query.where(Comment.id < before)
    return db.session.execute(query).scalars().all()


def beyond(comment_ids: Collection[int], *, by: User) -> set[int]:
    """Return which of some comments somebody has no say in."""
    mine = reach.within(by, Comment.article_id)
    if not mine:
        return set()
    query = select(Comment.id).where(Comment.id.in_(comment_ids), not_(and_(*mine)))
    return set(db.session.execute(query).scalars())


def count_in(state: CommentState, *, by: User | None = None) -> int:
    """Return how many comments in a state are within reach; `COUNTED_TO` where there are more."""
    return db.session.execute(select(_counted(state, by))).scalar_one()


def counts(*, by: User | None = None) -> dict[str, int]:
    """Return how many are in each state, of those within reach; `COUNTED_TO` where there are more."""
    query = select(*(_counted(state, by).label(state.value) for state in LISTED_STATES))
    return dict(db.session.execute(query).mappings().one())


def _counted(state: CommentState, by: User | None) -> ScalarSelect[int]:
    mine = reach.along(by, Comment.article_id)
    some = select(Comment.id).where(Comment.state == state, *mine).limit(COUNTED_TO).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def counts_on(article_ids: Iterable[str]) -> dict[str, int]:
    """Return how many published comments each article has."""
    query = (
        select(Comment.article_id, func.count(Comment.id))
        .where(Comment.article_id.in_(list(article_ids)), Comment.state == CommentState.APPROVED)
        .group_by(Comment.article_id)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def doubt(comment: Comment, name: str, *, is_ignored: bool, by: User, now: datetime) -> str:
    """Let a reason say nothing from now on, in any comment, or let it speak again.

    The comment's own reason is written anew; where it stands is not changed.

    Returns: how the sign is shown.
    Raises: Forbidden where `by` may not; NotFound where the comment has no such sign.
    """
    permissions.require(by, Action.JUDGE_ALL)
    found = (sign for sign in signs.of(comment.written_text) if sign.name == name and sign.shown)
    sign = next(found, None)
    if sign is None:
        raise NotFound("This comment has no such reason.")
    learning.ignore(sign, is_ignored=is_ignored)
    verb = "ignored a reason of" if is_ignored else "heeded a reason of"
    journal.record(verb, "comment", comment.id, by=by, now=now)
    opinion = learning.second_opinion(comment.written_text)
    if opinion:
        reason = policy.opinion(opinion).as_row()
        comment.reasons = [
            reason if row["step"] == reason["step"] else row for row in comment.reasons
        ]
    return sign.shown
