"""The one rule that every surface asks: may this actor do this to this thing?

An author writes her own articles only, and decides about comments only under these. What a program
may do ends with its scopes, and with what its owner may do at that moment. What anybody may read
stands here too, as a question and as the condition by which lists, feeds and searches choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, or_

from blog.accounts import Role, User
from blog.errors import Forbidden


class Action(StrEnum):
    """What can be done behind the sign-in."""

    READ_COMMENTS = "read comments that wait"
    MODERATE = "moderate comments"
    REPLY = "reply as the author"
    JUDGE_ALL = "change how all comments are judged"
    READ_ENQUIRIES = "read enquiries"
    READ_MAIL = "see and retry mail"
    READ_JOURNAL = "read the journal"
    READ_ALL_ACTS = "read what others did"
    READ_CONTENT = "see the state of the content"
    WRITE_ARTICLES = "write articles"
    PREVIEW = "preview articles"
    MANAGE_PEOPLE = "look after people’s accounts"
    MANAGE_WEBHOOKS = "look after webhooks"


class Scope(StrEnum):
    """What a program is let in for."""

    COMMENTS_READ = "comments:read"
    COMMENTS_MODERATE = "comments:moderate"
    ENQUIRIES_READ = "enquiries:read"
    CONTENT_READ = "content:read"
    ARTICLES_WRITE = "articles:write"
    WEBHOOKS_MANAGE = "webhooks:manage"
    CONTENT_PREVIEW = "content:preview"


@dataclass(frozen=True)
class Program:
    """A program that somebody let in for some of what she may do herself."""

    owner: User
    scopes: frozenset[Scope]


@dataclass(frozen=True)
class Guest:
    """Whoever has a preview link of one article, as long as who made it may preview it herself.

    None made it at the command line.
    """

    article_id: str
    host: User | None


class Owned(Protocol):
    """What belongs to an article."""

    def is_of(self, author_id: str) -> bool:
        """Tell whether an author with this profile wrote that article."""


class Readable(Owned, Protocol):
    """An article, as far as it tells whether it can be read."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def status(self) -> str:
        """What its file says: draft, published or archived."""

    @property
    def published_at(self) -> datetime | None:
        """When it appears."""

    @property
    def expires_at(self) -> datetime | None:
        """When it ends."""


_ALLOWED: dict[Role, frozenset[Action]] = {
    Role.ADMIN: frozenset(Action),
    Role.AUTHOR: frozenset(
        {
            Action.READ_COMMENTS,
            Action.MODERATE,
            Action.REPLY,
            Action.READ_JOURNAL,
            Action.READ_CONTENT,
            Action.WRITE_ARTICLES,
            Action.PREVIEW,
        }
    ),
    Role.MODERATOR: frozenset(
        {Action.READ_COMMENTS, Action.MODERATE, Action.JUDGE_ALL, Action.READ_JOURNAL}
    ),
}
_WITHIN: dict[Scope, frozenset[Action]] = {
    Scope.COMMENTS_READ: frozenset({Action.READ_COMMENTS}),
    Scope.COMMENTS_MODERATE: frozenset({Action.READ_COMMENTS, Action.MODERATE}),
    Scope.ENQUIRIES_READ: frozenset({Action.READ_ENQUIRIES}),
    Scope.CONTENT_READ: frozenset({Action.READ_CONTENT}),
    Scope.ARTICLES_WRITE: frozenset({Action.READ_CONTENT, Action.WRITE_ARTICLES}),
    Scope.WEBHOOKS_MANAGE: frozenset({Action.MANAGE_WEBHOOKS}),
    Scope.CONTENT_PREVIEW: frozenset({Action.PREVIEW}),
}
_EVERYWHERE = (Role.ADMIN, Role.MODERATOR)


def is_public(article: Readable, *, now: datetime) -> bool:
    """Tell whether anybody may read an article."""
    begins, ends = article.published_at, article.expires_at
    is_within = begins is not None and begins <= now and (ends is None or ends > now)
    return article.status == "published" and is_within


def where_public(article: Any, now: Any) -> ColumnElement[bool]:
    """Condition of the same, for the columns of articles."""
    return and_(
        article.status == "published", within(article.published_at, article.expires_at, now)
    )


def within(begins: Any, ends: Any, now: Any) -> ColumnElement[bool]:
    """Condition of the same, for times that only what is published has."""
    return and_(begins <= now, or_(ends.is_(None), ends > now))


def may_read(actor: User | Program | Guest | None, article: Readable, *, now: datetime) -> bool:
    """Tell whether an actor may read an article: what is public anybody, and who may preview it all."""
    if is_public(article, now=now):
        return True
    if isinstance(actor, Guest):
        is_hers = actor.article_id == article.id
        return is_hers and (actor.host is None or may(actor.host, Action.PREVIEW, of=article))
    return may(actor, Action.PREVIEW, of=article)


def limit_of(actor: User) -> str | None:
    """Return the profile of the author whose articles alone an actor has a say in.

    Empty where there is none yet, and so no article; None where all articles are meant.
    """
    return None if actor.role in _EVERYWHERE else actor.author_id or ""


def scopes_of(owner: User) -> list[Scope]:
    """Return what somebody may let programs in for: nothing that she may not do herself."""
    return [scope for scope in Scope if all(may(owner, action) for action in _WITHIN[scope])]


def scopes_for(action: Action) -> list[Scope]:
    """Return the scopes each of which lets a program do something."""
    return [scope for scope in Scope if action in _WITHIN[scope]]


def may(actor: User | Program | None, action: Action, *, of: Owned | None = None) -> bool:
    """Tell whether an actor may do something, to one thing where it is named.

    Nobody may do nothing, nor may an unknown role or an account that is only invited or removed.
    """
    if isinstance(actor, Program):
        is_within = any(action in _WITHIN[scope] for scope in actor.scopes)
        return is_within and may(actor.owner, action, of=of)
    if actor is None or not actor.is_active or action not in _ALLOWED.get(actor.role, ()):
        return False
    limit = limit_of(actor)
    return of is None or limit is None or of.is_of(limit)


def require(actor: User | Program | None, action: Action, *, of: Owned | None = None) -> User:
    """Return who does it where the actor may: of a program its owner, whose act it is.

    Raises: Forbidden where it may not; of a program without telling why.
    """
    is_allowed = may(actor, action, of=of)
    if isinstance(actor, Program):
        if not is_allowed:
            raise Forbidden("This token may not be used for that.")
        return actor.owner
    if actor is None or not is_allowed:
        raise Forbidden(f"Your account may not {action}{' here' if of else ''}.")
    return actor
