"""What a reader does with her own comment in the minutes after she posted it: edit and withdraw.

An edit goes by the same policy as a comment. What nobody has read yet says it at once and waits
on; of what is published the old words stay until the new ones are allowed or accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from blog import db, journal, revision, tokens
from blog.articles import Article
from blog.comments import (
    Comment,
    CommentState,
    Draft,
    arrival,
    by_ids,
    following,
    fulltext,
    notices,
    rules,
    traces,
    trust,
)
from blog.comments.arrival import Arrival, Sender
from blog.comments.deciding import UNDO_WITHIN
from blog.comments.model import EDITED, WITHDREW, delete
from blog.errors import Gone
from blog.markup import COMMENT_POLICY
from blog.spam import Answer, Reason, Tone, Verdict

EDIT_WITHIN = timedelta(minutes=15)
WITHDRAWN = "This comment was withdrawn by its writer."
_ERASED = "This comment was erased meanwhile."
# What was seen of how a comment came is true of it whatever its words are.
_REJECTED_BEFORE = Reason("edited", "rejected before it was edited", Tone.BAD, Answer.HOLD)
_STAYS = frozenset((_REJECTED_BEFORE.step, "formless", "trap", "haste", "rate"))


def until(comment: Comment) -> datetime:
    """Return until when its writer may change a comment."""
    return comment.created_at + EDIT_WITHIN


def may_change(comment: Comment, *, now: datetime) -> bool:
    """Tell whether its writer still may."""
    return comment.state != CommentState.WITHDRAWN and now < until(comment)


def last_words(comment: Comment) -> str:
    """Return what its writer wrote last, whether or not it is published."""
    return _last([comment, *comment.edits(CommentState.PENDING)])


def _last(versions: Sequence[Comment]) -> str:
    return versions[-1].written


def arrive(
    article: Article, comment: Comment, sender: Sender, *, body: str, now: datetime
) -> Arrival:
    """Check, render and judge what a comment is to say from now on.

    Raises: Invalid naming what is wrong, or saying why the policy doesn't take it.
    """
    return arrival.arrive(
        article,
        sender,
        name=comment.name,
        email=comment.email or "",
        body=body,
        edit_of_id=comment.id,
        now=now,
    )


def held(comment_id: int) -> Comment:
    """Return a comment that is to be changed; others who want to wait until then.

    Raises: Gone where it was erased meanwhile.
    """
    found = by_ids([comment_id])
    if not found:
        raise Gone(_ERASED)
    return found[0]


def submit(arrived: Arrival, *, now: datetime) -> bool:
    """Let a comment say what its writer wrote now, or let that wait beside it.

    Returns: whether that is anything else than before.
    Raises: Gone where it was withdrawn or erased meanwhile.
    """
    comment = held(arrived.edit_of_id)
    if comment.state == CommentState.WITHDRAWN:
        raise Gone(WITHDRAWN)
    draft, waiting = arrived.draft, comment.edits(CommentState.PENDING)
    if draft.source == _last([comment, *waiting]):
        return False
    verdict = arrival.settled(arrived, now=now)
    traces.change(comment.id, words_hash=draft.words_hash, sketch=draft.sketch)
    rules.count(arrived.rule_ids, now=now)
    trust.remember_rejection(comment)
    # Whose trust may publish these words answers for them too.
    comment.trusted_reader_id = arrived.trusted_reader_id or comment.trusted_reader_id
    if comment.state != CommentState.APPROVED:
        _rewrite_unread(comment, draft, verdict, now=now)
    elif draft.source == comment.written:
        _drop(waiting, now=now)
    elif verdict.is_held:
        _let_wait(comment, waiting, draft, verdict, now=now)
    else:
        comment.rewrite(draft.source, draft.html, reasons=verdict.as_rows(), now=now)
        # What was replaced before these words can't be put back in their place.
        delete(comment.edits(CommentState.REPLACED))
        _drop(waiting, now=now)
    return True


def _drop(waiting: Sequence[Comment], *, now: datetime) -> None:
    for edit in waiting:
        edit.erase(now=now)


def _rewrite_unread(comment: Comment, draft: Draft, verdict: Verdict, *, now: datetime) -> None:
    """Change what isn't public; only what was held for its words alone appears by it."""
    reasons = verdict.as_rows()
    known = {row["step"] for row in reasons}
    stays = [
        row
        for row in comment.reasons
        if row["step"] in _STAYS - known and row["answer"] != Answer.ALLOW
    ]
    if comment.state == CommentState.REJECTED:
        stays.append(_REJECTED_BEFORE.as_row())
        comment.decided_at = comment.decided_by = None
    elif comment.decided_at:
        # Or the undo of that decision would publish what nobody has read.
        comment.decided_at = now
    comment.rewrite(draft.source, draft.html, reasons=reasons + stays, now=now)
    _drop(comment.edits(CommentState.PENDING), now=now)
    if CommentState.SPAM in (comment.state, arrival.STATES[verdict.answer]):
        comment.state = CommentState.SPAM
    elif verdict.is_held or stays:
        if comment.state != CommentState.PENDING:
            notices.owe([comment.id], now=now)
        comment.state = CommentState.PENDING
    else:
        was, comment.state = comment.state, CommentState.APPROVED
        told: dict[str, Any] = {"was": was, "became": comment.state, "now": now}
        journal.record(EDITED, "comment", comment.id, by=None, **told)
        revision.touch(db.session)


def _let_wait(
    comment: Comment, waiting: Sequence[Comment], draft: Draft, verdict: Verdict, *, now: datetime
) -> None:
    """Keep an edit beside its comment; she who writes again changes the one that waits."""
    reasons = verdict.as_rows()
    if waiting:
        waiting[-1].rewrite(draft.source, draft.html, reasons=reasons, now=now)
        return
    words: dict[str, Any] = {"name": comment.name, "email": comment.email, "source": draft.source}
    edit = Comment(
        **words,
        original_name=comment.original_name,
        html=draft.html,
        html_policy=COMMENT_POLICY,
        article_id=comment.article_id,
        parent_id=comment.parent_id,
        root_id=comment.root_id,
        edit_of_id=comment.id,
        state=CommentState.PENDING,
        reasons=reasons,
        reader_hash=comment.reader_hash,
        # Turned down, it speaks against whose trust it is.
        trusted_reader_id=comment.trusted_reader_id,
        submission_key=tokens.random_token(),
        created_at=now,
        edited_at=now,
    )
    db.session.add(edit)
    db.session.flush()
    fulltext.put(db.session.connection(), [(edit.id, *words.values())])


def withdraw(comment_id: int, *, now: datetime) -> bool:
    """Erase what a reader gave with a comment, wherever it is kept.

    Returns: whether that changed anything.
    Raises: Gone where it was erased meanwhile.
    """
    comment = held(comment_id)
    trust.remember_rejection(comment)
    traces.erase(comment_id)
    following.forget(comment_id)
    return comment.withdraw(now=now)


def was_seen(comment: Comment) -> bool:
    """Tell whether readers could read a withdrawn comment until it was withdrawn."""
    lines = journal.about("comment", [str(comment.id)])
    return any((line.verb, line.was) == (WITHDREW, CommentState.APPROVED) for line in lines)


def sweep(now: datetime) -> None:
    """Forget the words that accepted edits replaced, once that can't be undone."""
    is_done = (Comment.state == CommentState.REPLACED, Comment.decided_at < now - UNDO_WITHIN)
    with db.writing():
        delete(db.session.execute(select(Comment).where(*is_done)).scalars().all())
