"""The one rule that every surface asks: may this actor do this to this thing?"""

from __future__ import annotations

from enum import StrEnum

from blog.accounts import Role, User
from blog.errors import Forbidden


class Action(StrEnum):
    """What can be done behind the sign-in."""

    MODERATE = "moderate comments"
    REPLY = "reply as the author"
    READ_ENQUIRIES = "read enquiries"
    READ_MAIL = "see and retry mail"
    READ_JOURNAL = "read the journal"
    READ_ALL_ACTS = "read what others did"
    READ_CONTENT = "see the state of the content"
    MANAGE_PEOPLE = "look after people’s accounts"


_ALLOWED: dict[Role, frozenset[Action]] = {
    Role.ADMIN: frozenset(Action),
    Role.AUTHOR: frozenset(
        {Action.MODERATE, Action.REPLY, Action.READ_JOURNAL, Action.READ_CONTENT}
    ),
    Role.MODERATOR: frozenset({Action.MODERATE, Action.READ_JOURNAL}),
}


def may(actor: User | None, action: Action) -> bool:
    """Tell whether an actor may do something.

    Nobody may do nothing, nor may an unknown role or an account that is only invited or removed.
    """
    return actor is not None and actor.is_active and action in _ALLOWED.get(actor.role, ())


def require(actor: User | None, action: Action) -> User:
    """Return the actor where it may.

    Raises: Forbidden where it may not.
    """
    if actor is None or not may(actor, action):
        raise Forbidden(f"Your account may not {action}.")
    return actor
