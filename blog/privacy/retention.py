"""How long things are kept: what is over by the settings is forgotten, some at a time.

A comment that was answered is emptied, any other deleted; what its decision taught about spam stays,
being numbers alone. What is over of addresses and wishes says the part that keeps them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Select, delete, func, select

from blog import comments, config, db, outbox
from blog.comments import Comment, CommentState, following, fulltext, traces, trust
from blog.comments.following import Following
from blog.comments.reports import CommentReport
from blog.enquiries import Enquiry
from blog.errors import Busy
from blog.outbox import MailState, OutgoingMail
from blog.outbox.bounced import SOFT_COUNTS_FOR, BouncedAddress
from blog.privacy import enquiring
from blog.staff import api_tokens

# As many go in one transaction; others want to write too.
AT_ONCE = 100
# The worker has mails to deliver between these.
ROUND_SECONDS = 2.0
_DAY, _MONTH = timedelta(days=1), timedelta(days=30.4375)

_FORGOTTEN = (CommentState.SPAM, CommentState.REJECTED)
_UNSEEN = {"synchronize_session": False}


@dataclass(frozen=True)
class Rule:
    """What is over, and what forgets some of it in a transaction of its own."""

    over: Select[Any]
    forget: Callable[[Sequence[Any]], object]


def rules(*, now: datetime) -> dict[str, Rule]:
    """Return by its kind what these settings let go of; nothing of a kind that is kept for ever."""
    keep = config.current()
    found = {
        "spam comments": _old_comments(CommentState.SPAM, now - keep.keep_spam_days * _DAY),
        "enquiries taken for spam": _old_enquiries(
            now - keep.keep_spam_days * _DAY, is_suspected=True
        ),
        "wishes nobody confirmed": _late(following.late(now=now), following.forget_late, now),
        "addresses that mail came back from": _bounced(now - SOFT_COUNTS_FOR),
        "addresses nobody confirmed": _late(trust.late(now=now), trust.forget_late, now),
        "API tokens that ended": _late(api_tokens.late(now=now), api_tokens.forget_late, now),
    }
    if keep.keep_rejected_days:
        until = now - keep.keep_rejected_days * _DAY
        found["rejected comments"] = _old_comments(CommentState.REJECTED, until)
    if keep.keep_enquiries_months:
        found["enquiries"] = _old_enquiries(now - keep.keep_enquiries_months * _MONTH)
    if keep.keep_mail_days:
        found["texts of mails"] = _old_mails(now - keep.keep_mail_days * _DAY, now=now)
    return found


def _old_comments(state: CommentState, until: datetime) -> Rule:
    since = func.coalesce(Comment.decided_at, Comment.created_at)
    # One that is emptied already is left, with what answers it.
    is_over = (Comment.state == state, Comment.source != "", since <= until)
    # The newest first, so that what answers another is gone before it.
    return Rule(select(Comment.id).where(*is_over).order_by(Comment.id.desc()), forget_comments)


def _old_enquiries(until: datetime, *, is_suspected: bool = False) -> Rule:
    query = enquiring.old(until, is_suspected=is_suspected)
    # What somebody took out of the suspected folder meanwhile is over no more.
    return Rule(
        query, lambda ids: _within(partial(enquiring.erase, query.where(Enquiry.id.in_(ids))))
    )


def _bounced(until: datetime) -> Rule:
    """What came back softly counts no more; an address that is stopped stays until it is allowed."""
    is_over = (BouncedAddress.stopped_at.is_(None), BouncedAddress.bounced_at <= until)

    def forget(ids: Sequence[int]) -> None:
        gone = delete(BouncedAddress).where(BouncedAddress.id.in_(ids), *is_over)
        db.session.execute(gone, execution_options=_UNSEEN)

    return Rule(
        select(BouncedAddress.id).where(*is_over), lambda ids: _within(partial(forget, ids))
    )


def _late(over: Select[int], forget: Callable[..., None], now: datetime) -> Rule:
    return Rule(over, lambda ids: _within(partial(forget, ids, now=now)))


def _old_mails(until: datetime, *, now: datetime) -> Rule:
    is_over = OutgoingMail.state.in_((MailState.SENT, MailState.FAILED))
    is_whole = OutgoingMail.forgotten_at.is_(None)
    old = (is_over, is_whole, OutgoingMail.created_at <= until)
    oldest = select(OutgoingMail.id).where(*old).order_by(OutgoingMail.id)

    def forget(ids: Sequence[int]) -> None:
        newest = select(func.max(OutgoingMail.created_at)).where(OutgoingMail.id.in_(ids))
        outbox.forget_bodies(until=db.session.execute(newest).scalar_one(), now=now)

    return Rule(oldest, lambda ids: _within(partial(forget, ids)))


def _within(act: Callable[[], object]) -> None:
    with db.writing():
        act()


def over(*, now: datetime) -> dict[str, int]:
    """Count by its kind what would be forgotten at this moment."""
    counts = {}
    for kind, rule in rules(now=now).items():
        some = rule.over.order_by(None).subquery()
        counts[kind] = db.session.execute(select(func.count()).select_from(some)).scalar_one()
    return counts


def tidy(now: datetime, *, seconds: float = ROUND_SECONDS) -> dict[str, int]:
    """Forget what is over; after so many seconds the rest is left for the next time.

    Returns: how many of each kind.
    """
    db.session.rollback()
    give_up_at = time.monotonic() + seconds
    counts = dict.fromkeys(rules(now=now), 0)
    # Who writes at this moment isn't waited for.
    with suppress(Busy):
        for kind, rule in rules(now=now).items():
            while ids := db.session.execute(rule.over.limit(AT_ONCE)).scalars().all():
                rule.forget(ids)
                counts[kind] += len(ids)
                if time.monotonic() >= give_up_at:
                    return counts
    return counts


def tidy_all(now: datetime) -> dict[str, int]:
    """Forget everything that is over, however long it takes."""
    return tidy(now, seconds=math.inf)


def forget_comments(ids: Sequence[int]) -> None:
    """Delete comments that were turned down, with their edits and all that is kept of them."""
    with db.writing():
        found = {row.id: row for row in comments.by_ids(ids) if row.state in _FORGOTTEN}
        for row in found.values():
            # It speaks against its writer for as long as any does.
            trust.remember_rejection(row)
        edits = db.session.execute(select(Comment.id).where(Comment.edit_of_id.in_(found)))
        gone = {*found, *edits.scalars()}
        answered = _answered(gone, found)
        for each in (Following, CommentReport):
            _delete(each.comment_id.in_(gone), each)
        fulltext.drop(db.session.connection(), gone)
        _delete(Comment.id.in_(gone - answered), Comment)
        for comment_id in answered:
            _empty(found[comment_id])


def _delete(where: Any, model: Any) -> None:
    db.session.execute(delete(model).where(where), execution_options=_UNSEEN)


def _answered(gone: Iterable[int], found: dict[int, Comment]) -> set[int]:
    """Return which of some comments are above one that stays."""
    above: set[int | None] = set()
    # Each by an index of its own.
    for name in (Comment.parent_id, Comment.root_id):
        below = select(Comment.parent_id, Comment.root_id).where(
            name.in_(gone), Comment.id.not_in(gone)
        )
        above.update(*db.session.execute(below).all())
    answered: set[int] = set()
    while new := {each for each in above if each in found} - answered:
        answered |= new
        above = {
            each
            for comment_id in new
            for each in (found[comment_id].parent_id, found[comment_id].root_id)
        }
    return answered


def _empty(comment: Comment) -> None:
    """Leave a line in the thread that there was one, and the decision as it is."""
    decision = comment.state, comment.decided_at, comment.decided_by
    traces.erase(comment.id)
    comment.erase(now=comment.created_at)
    comment.state, comment.decided_at, comment.decided_by = decision
    comment.reader_hash = None
