"""The one rule that every surface asks: may this actor do this to this thing?

What an author may do about comments she may only do under her own articles.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from blog.accounts import Role, User
from blog.errors import Forbidden


class Action(StrEnum):
    """What can be done behind the sign-in."""

    MODERATE = "moderate comments"
    REPLY = "reply as the author"
    JUDGE_ALL = "change how all comments are judged"
    READ_ENQUIRIES = "read enquiries"
    READ_MAIL = "see and retry mail"
    READ_JOURNAL = "read the journal"
    READ_ALL_ACTS = "read what others did"
    READ_CONTENT = "see the state of the content"
    MANAGE_PEOPLE = "look after people’s accounts"


class Owned(Protocol):
    """What belongs to an article."""

    def is_of(self, author_id: str) -> bool:
        """Tell whether an author with this profile wrote that article."""


_ALLOWED: dict[Role, frozenset[Action]] = {
    Role.ADMIN: frozenset(Action),
    Role.AUTHOR: frozenset(
        {Action.MODERATE, Action.REPLY, Action.READ_JOURNAL, Action.READ_CONTENT}
    ),
    Role.MODERATOR: frozenset({Action.MODERATE, Action.JUDGE_ALL, Action.READ_JOURNAL}),
}
_EVERYWHERE = (Role.ADMIN, Role.MODERATOR)


def limit_of(actor: User) -> str | None:
    """Return the profile of the author whose articles alone an actor has a say in.

    Empty where there is none yet, and so no article; None where all articles are meant.
    """
    return None if actor.role in _EVERYWHERE else actor.author_id or ""


def may(actor: User | None, action: Action, *, of: Owned | None = None) -> bool:
    """Tell whether an actor may do something, to one thing where it is named.

    Nobody may do nothing, nor may an unknown role or an account that is only invited or removed.
    """
    if actor is None or not actor.is_active or action not in _ALLOWED.get(actor.role, ()):
        return False
    limit = limit_of(actor)
    return of is None or limit is None or of.is_of(limit)


def require(actor: User | None, action: Action, *, of: Owned | None = None) -> User:
    """Return the actor where it may.

    Raises: Forbidden where it may not.
    """
    if actor is None or not may(actor, action, of=of):
        raise Forbidden(f"Your account may not {action}{' here' if of else ''}.")
    return actor
