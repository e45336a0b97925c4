"""Decisions of several people about many comments: nobody overwrites another, all can be undone.

A decision is about what its page showed. What somebody else decided since stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from blog import journal, markup, permissions, private
from blog.accounts import User
from blog.comments import by_ids, reports
from blog.comments.model import HID_DETAILS, Comment, CommentState
from blog.errors import Conflict
from blog.journal import JournalLine
from blog.permissions import Action

UNDO_WITHIN = journal.UNDO_WITHIN
# As many are decided about in one transaction; others want to write too.
BATCH = 100

Verb = Callable[..., bool]
VERBS: dict[CommentState, Verb] = {
    CommentState.APPROVED: Comment.approve,
    CommentState.REJECTED: Comment.reject,
    CommentState.SPAM: Comment.mark_spam,
}


def decide(
    ids: Iterable[int],
    state: CommentState,
    *,
    if_still: Callable[[Comment], bool],
    by: User,
    now: datetime,
    batch: str,
) -> list[int]:
    """Decide about comments that still are what who decides believes them to be.

    Returns: the ids of the others, to which nothing is done.
    """
    found = by_ids(ids, by=by)
    still = [comment for comment in found if if_still(comment)]
    settle(still, state, by=by, now=now, batch=batch)
    return [comment.id for comment in found if comment not in still]


def settle(
    found: Sequence[Comment], state: CommentState, *, by: User | None, now: datetime, batch: str
) -> int:
    """Decide about comments; an edit goes with its comment where both are turned down.

    Returns: how many were changed, without the edits that went with their comments.
    """
    down = {comment.id for comment in found if state is not CommentState.APPROVED}
    changed = 0
    for comment in found:
        verb = Comment.reject if comment.edit_of_id in down else VERBS[state]
        changed += verb(comment, by=by, now=now, batch=batch)
    return changed


def hide_and_approve(
    comment: Comment, region: str | None, *, by: User, now: datetime, batch: str
) -> bool:
    """Hide the private details of a comment and publish it.

    What stands across the signs of Markdown can't be hidden, and keeps it back.

    Returns: whether all could be hidden, and it is published.
    """
    comment.hide(region, by=by, now=now)
    if private.details(f"{comment.name}\n{markup.plain_text(comment.html)}", region=region):
        return False
    comment.approve(by=by, now=now, batch=batch)
    return True


def last_batch(comment: Comment) -> str:
    """Return the click by which a comment was last decided about; empty for one without."""
    lines = journal.about("comment", [str(comment.id)])
    decisions = (line.batch for line in reversed(lines) if line.batch and line.became)
    return next(decisions, "")


def told_of(by: User) -> int | None:
    """Return whose clicks somebody is told of and can take back; None for everybody's."""
    return None if permissions.limit_of(by) is None else by.id


def stands(comment: Comment, line: JournalLine) -> bool:
    """Tell whether nothing was decided since about a comment, nor about the one it is an edit of."""
    edited = comment.edit_of
    is_last = (comment.state, comment.decided_at) == (line.became, line.at)
    is_later = edited is not None and edited.decided_at is not None and edited.decided_at > line.at
    return is_last and not is_later


def undo(batch: str, *, by: User, now: datetime, after: int = 0) -> tuple[int, int | None]:
    """Take back decisions of one click, as many as make a short transaction: those after a line.

    What somebody else has decided since stays as it is.

    Returns: how many were taken back, and the last line looked at; None when there are no more.
    Raises: Forbidden where `by` may not moderate; Conflict where the click is too long ago.
    """
    permissions.require(by, Action.MODERATE)
    lines = journal.of_batch(batch, by=told_of(by), after=after, limit=BATCH)
    if not lines and after:
        return 0, None
    if not lines or not journal.may_undo(lines[0], now=now):
        raise Conflict("This can’t be undone any more. Change the comments one by one instead.")
    hidden = _hidden(journal.about("comment", [line.thing_id for line in lines]))
    ids = [int(line.thing_id) for line in lines]
    found = {str(comment.id): comment for comment in by_ids(ids, by=by)}
    undone = 0
    for line in lines:
        comment = found.get(line.thing_id)
        if comment and line.verb == reports.KEPT_REPORTED:
            undone += reports.ask_again(comment, kept_at=line.at, by=by, now=now)
        elif comment and stands(comment, line):
            comment.restore(line, by=by, now=now)
            if comment.state == CommentState.PENDING and (line.thing_id, line.at) in hidden:
                comment.unhide(by=by, now=now)
            reports.tell_again(comment, closed_at=line.at, by=by)
            undone += 1
    return undone, lines[-1].id


def _hidden(about: Sequence[JournalLine]) -> set[tuple[str, datetime]]:
    """Tell of which comments details were hidden, and when: in the same moment as by one click."""
    return {(line.thing_id, line.at) for line in about if line.verb == HID_DETAILS}
