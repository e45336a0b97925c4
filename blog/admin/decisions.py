"""Decisions about comments: about one, about those selected, about all that match; and their undo.

What somebody else decided meanwhile is never overwritten; the page says so and asks again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from flask import Response, flash, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from blog import comments, db, templating, urls
from blog.accounts import User
from blog.admin import review
from blog.admin.desk import admin, back_to, desk, require
from blog.comments import Comment, CommentState, deciding, queue
from blog.comments.queue import Choice
from blog.content import country_of
from blog.errors import BadRequest, Busy, NotFound
from blog.permissions import Action

# One click decides about no more than these, which takes seconds.
ALL_MAX = 5_000
_SHOWN = 5
_VERBS = {
    "approve": CommentState.APPROVED,
    "reject": CommentState.REJECTED,
    "spam": CommentState.SPAM,
}
_NOUNS = {"approval": "approve", "rejection": "reject", "spam": "spam"}
_MEANWHILE = {
    CommentState.APPROVED: "Already approved",
    CommentState.REJECTED: "Already rejected",
    CommentState.SPAM: "Already marked as spam",
    CommentState.WITHDRAWN: "Already withdrawn",
    CommentState.REPLACED: "Already accepted",
    CommentState.PENDING: "Changed, or put back to wait,",
}


@admin.post("/decisions")
def decide_many() -> AnyResponse:
    """Decide about all selected comments at once."""
    by = require(Action.MODERATE)
    state = _wanted()
    ids = request.form.getlist("id", type=urls.row_id)
    if not ids:
        return back_to(_list(), "Nothing was selected.")
    return _decide(ids, state, by=by)


def _wanted() -> CommentState:
    verb = request.form.get("verb", "")
    if verb not in _VERBS:
        raise BadRequest("Please use one of the buttons: approve, reject or spam.")
    return _VERBS[verb]


def _list(batch: str = "") -> str:
    """Path of the list that a form was sent from."""
    return review.link(review.choice_of(request.form), **{"done": batch} if batch else {})


@admin.post(f"/comments/<{urls.ROW}:comment_id>/<any(approval, rejection, spam):noun>")
def decide_one(comment_id: int, noun: str) -> AnyResponse:
    """Decide about one comment."""
    by = require(Action.MODERATE)
    if comments.by_id(comment_id, by=by) is None:
        raise NotFound("There is no comment with this number.")
    then = f"/admin/comments/{comment_id}/reply" if request.args.get("then") == "reply" else ""
    return _decide([comment_id], _VERBS[_NOUNS[noun]], by=by, then=then)


def _decide(ids: Sequence[int], state: CommentState, *, by: User, then: str = "") -> AnyResponse:
    """Decide about what is as its page showed it, and ask again about the rest."""
    by_id, batch = by.id, secrets.token_urlsafe(12)
    with db.writing():
        changed = deciding.decide(
            ids, state, if_still=_as_seen(), by=by, now=db.utc_now(), batch=batch
        )
    rows = queue.load(changed)
    if not rows:
        return redirect(then or _list(batch), 303)
    if all(row.outcome == state and row.decided_by_id == by_id for row in rows):
        # The same button was pressed twice.
        return redirect(then or _list(deciding.last_batch(rows[0])), 303)
    return _ask_again(rows, batch)


def _as_seen() -> Callable[[Comment], bool]:
    """Make the test whether a comment is what the page showed that this form was on."""
    seen = dict(each.partition(".")[::2] for each in request.form.getlist("seen"))
    return lambda comment: seen.get(str(comment.id), comment.mark) == comment.mark


@admin.post(f"/comments/<{urls.ROW}:comment_id>/hiding")
def hide_and_approve(comment_id: int) -> AnyResponse:
    """Hide what in a comment could reach or name its writer, and publish it."""
    by, batch = require(Action.MODERATE), secrets.token_urlsafe(12)
    region = country_of(templating.site().language)
    with db.writing():
        found = [each for each in comments.by_ids([comment_id], by=by) if _as_seen()(each)]
        is_published = all(
            deciding.hide_and_approve(each, region, by=by, now=db.utc_now(), batch=batch)
            for each in found
        )
    if not found and comments.by_id(comment_id, by=by) is None:
        raise NotFound("There is no comment with this number.")
    if not found:
        return _ask_again(queue.load([comment_id]), batch)
    if not is_published:
        flash(
            "Some of it can’t be hidden by itself, so the comment still waits. Decide as you see fit."
        )
    return redirect(_list(batch), 303)


def _ask_again(rows: Sequence[Comment], batch: str) -> Response:
    """Show what somebody else decided meanwhile."""
    what = templating.count(len(rows), "comment")
    sentence = f"Somebody was quicker about {what}. Nothing of theirs was overwritten; you can still decide otherwise."
    page = review.some(
        rows,
        done=review.done(batch),
        clash=sentence,
        meanwhile={row.id: _MEANWHILE[row.state] for row in rows},
    )
    return make_response(page, 409)


@admin.get("/comments/all")
def ask_about_all() -> Response:
    """Ask what is to be done with all that match, as far as they were there."""
    by, choice = require(Action.MODERATE), review.choice_of(request.args)
    upto = request.args.get("upto", urls.ROW_ID_MAX - 1, type=urls.row_id)
    found = queue.choose(choice, by=by, below=upto + 1, limit=ALL_MAX + 1)
    ids = found.ids[:ALL_MAX]
    return desk(
        "all.html",
        **review.around(choice),
        count=len(ids),
        upto=ids[0] if ids else 0,
        is_more=len(found.ids) > ALL_MAX,
        looked_to=found.looked_to,
        items=review.items_of(queue.load(ids[:_SHOWN])),
        back=review.link(choice),
    )


@admin.post("/decisions/all")
def decide_all() -> AnyResponse:
    """Decide about all that match and were there, at most as many as the page said."""
    by = require(Action.MODERATE)
    state, choice = _wanted(), review.choice_of(request.form)
    upto, count = (request.form.get(name, 0, type=urls.row_id) for name in ("upto", "count"))
    # A comment before its edit, as among those selected.
    ids = sorted(queue.choose(choice, by=by, below=upto + 1, limit=min(count, ALL_MAX)).ids)
    batch = secrets.token_urlsafe(12)
    left = count - _decide_in_turns(ids, state, _as_asked(choice), by=by, batch=batch)
    if left:
        flash(f"{templating.count(left, 'comment')} of {count:,} stayed as they were.")
    return redirect(_list(batch), 303)


def _as_asked(choice: Choice) -> Callable[[Comment], bool]:
    """Make the test whether a comment is still as it was when the page asked about all."""
    asked_at = request.form.get("asked_at", 0, type=int)

    def is_still_there(comment: Comment) -> bool:
        is_changed = comment.edited_at is not None and comment.edited_at.timestamp() >= asked_at
        return comment.state == choice.state and not is_changed

    return is_still_there


def _decide_in_turns(
    ids: Sequence[int],
    state: CommentState,
    if_still: Callable[[Comment], bool],
    *,
    by: User,
    batch: str,
) -> int:
    """Decide in short transactions, between which others write.

    Returns: about how many; of what is stopped midway a part is decided about.
    Raises: Busy where nothing could be.
    """
    now, decided = db.utc_now(), 0
    for start in range(0, len(ids), deciding.BATCH):
        part = ids[start : start + deciding.BATCH]
        try:
            with db.writing():
                changed = deciding.decide(
                    part, state, if_still=if_still, by=by, now=now, batch=batch
                )
        except Busy:
            if not decided:
                raise
            flash("Many were writing at that moment, so this stopped midway.")
            break
        decided += len(part) - len(changed)
    return decided


@admin.post("/decisions/<batch>/reversal")
def undo(batch: str) -> AnyResponse:
    """Take back the decisions of one click."""
    by, now = require(Action.MODERATE), db.utc_now()
    undone = 0
    after: int | None = 0
    while after is not None:
        with db.writing():
            some, after = deciding.undo(batch, by=by, now=now, after=after)
        undone += some
    sentence = (
        f"Undone: {templating.count(undone, 'comment')} put back."
        if undone
        else "Nothing was left to undo."
    )
    return back_to(_list(), sentence)
