"""Links in moderators' mails: each leads to one comment, and decides about it once.

A link is signed and says for whom it is, which comment it is about and what that was when it was
mailed. Whoever holds it acts as that moderator, in nothing else and for seven days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from blog import accounts, articles, comments, config, journal, permissions, tokens
from blog.accounts import User
from blog.comments import deciding
from blog.comments.model import Comment, CommentState
from blog.content import country_of
from blog.errors import Conflict
from blog.journal import JournalLine
from blog.permissions import Action

LIVES = timedelta(days=7)
# So long a link that came too late is told from one that never was.
_KNOWN = timedelta(days=365)
_PURPOSE = "decide-by-mail"
_BATCH_CHARS = 24


class Act(StrEnum):
    """What the page of a link can do."""

    APPROVE = "approve"
    HIDE = "hide"
    REJECT = "reject"
    SPAM = "spam"
    UNDO = "undo"


_STATES = {
    Act.APPROVE: CommentState.APPROVED,
    Act.REJECT: CommentState.REJECTED,
    Act.SPAM: CommentState.SPAM,
}


class LinkState(StrEnum):
    """What a link is good for."""

    READY = "ready"
    DECIDED = "decided"
    TAKEN_BACK = "taken back"
    CHANGED = "changed"
    EXPIRED = "expired"
    ENDED = "ended"
    BROKEN = "broken"


@dataclass(frozen=True)
class About:
    """For whom a link is and where it leads; `line` is of the decision that was made by it."""

    user: User
    comment: Comment
    line: JournalLine | None

    def may_undo(self, *, now: datetime) -> bool:
        """Tell whether what was decided by this link still stands, and can be taken back."""
        line = self.line
        return (
            line is not None
            and deciding.stands(self.comment, line)
            and journal.may_undo(line, now=now)
        )


def issue(user: User, comment: Comment, *, now: datetime) -> str:
    """Sign a link for one moderator, about one comment as it is now."""
    subject = f"{user.id}.{_address_hash(user)}.{comment.id}.{comment.mark}"
    return tokens.issue(config.current().secret_key, _PURPOSE, subject, now=now)


def _address_hash(user: User) -> str:
    """Stand for who reads the mail: an account that is another's now has another address."""
    return tokens.keyed_hash(config.current().secret_key, "moderator", user.email)


def _batch(link: str) -> str:
    """Return the click that a link stands for, in the journal; nobody can make it a link again."""
    return tokens.keyed_hash(config.current().secret_key, _PURPOSE, link)[:_BATCH_CHARS]


def opened(link: str, *, now: datetime) -> tuple[LinkState, About | None]:
    """Tell what a link is good for; changes nothing."""
    return _opened(link, comments.by_id, now=now)


def _opened(
    link: str, find: Callable[[int], Comment | None], *, now: datetime
) -> tuple[LinkState, About | None]:
    key = config.current().secret_key
    said = tokens.read(key, _PURPOSE, link, now=now, max_age=_KNOWN)
    if said is None:
        return LinkState.BROKEN, None
    if said.age > LIVES:
        return LinkState.EXPIRED, None
    user_id, address_hash, comment_id, mark = said.subject.split(".")
    user, comment = accounts.by_id(int(user_id)), find(int(comment_id))
    if user is None or _address_hash(user) != address_hash or comment is None:
        return LinkState.ENDED, None
    if not permissions.may(user, Action.MODERATE, of=comment):
        return LinkState.ENDED, None
    line = next(iter(journal.of_batch(_batch(link), limit=1)), None)
    if comment.state != CommentState.PENDING:
        state = LinkState.DECIDED
    elif line:
        state = LinkState.TAKEN_BACK
    else:
        state = LinkState.READY if comment.mark == mark else LinkState.CHANGED
    return state, About(user, comment, line)


def act(link: str, what: Act, *, now: datetime) -> bool:
    """Do by a link what its page offers; of two at one moment the second finds it done.

    Returns: whether it was done.
    Raises: Conflict where not all private details can be hidden; nothing is done then.
    """
    state, about = _opened(link, _locked, now=now)
    if about is None:
        return False
    if what is Act.UNDO:
        return (
            about.may_undo(now=now) and deciding.undo(_batch(link), by=about.user, now=now)[0] > 0
        )
    if state is not LinkState.READY:
        return False
    _decide(about.comment, what, by=about.user, batch=_batch(link), now=now)
    journal.record("used a mailed link about", "comment", about.comment.id, by=about.user, now=now)
    return True


def _locked(comment_id: int) -> Comment | None:
    return next(iter(comments.by_ids([comment_id])), None)


def _decide(comment: Comment, what: Act, *, by: User, batch: str, now: datetime) -> None:
    if what is not Act.HIDE:
        deciding.VERBS[_STATES[what]](comment, by=by, now=now, batch=batch)
        return
    region = country_of(articles.site().language)
    if not deciding.hide_and_approve(comment, region, by=by, now=now, batch=batch):
        raise Conflict("Not all of it can be hidden by itself, so nothing was changed.")
