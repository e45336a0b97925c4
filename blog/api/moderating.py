"""The review queue for programs: what waits, the verbs of the pages, and the way back.

Whatever is done is done by the owner of the token, within her reach.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from flask import Response

from blog import articles, comments, db, journal, schemas, urls
from blog.accounts import User
from blog.api import answers, parameters
from blog.api.articles import LIMIT_ASKED
from blog.api.surface import manages
from blog.comments import Comment, CommentState, deciding, fulltext, history, queue
from blog.comments.queue import Choice
from blog.comments.states import WORDS
from blog.errors import Conflict, NotFound
from blog.permissions import Action
from blog.schemas import managing

_TAG = "Administration"
_REPORTED = "reported"
_ARTICLE_ID_MAX_CHARS = 100
_MISSING = "No comment within the owner’s reach has this number."
_QUICKER = {"409": "Somebody was quicker, or it was changed: read it again."}
_DECISIONS = {
    "approve": CommentState.APPROVED,
    "reject": CommentState.REJECTED,
    "spam": CommentState.SPAM,
}
STATE = parameters.choice(
    "state",
    "Where they stand; `reported` are published ones that readers reported.",
    ("pending", "approved", "spam", "rejected", _REPORTED),
    default="pending",
)
WORDS_ASKED = parameters.text(
    "q", "Words that stand in them.", max_chars=fulltext.QUERY_MAX_CHARS, default=""
)
ARTICLE = parameters.text(
    "article", "Only those on this article.", max_chars=_ARTICLE_ID_MAX_CHARS, default=""
)
CURSOR = parameters.number(
    "cursor", "Where to go on: what the list before gave out.", most=urls.ROW_ID_MAX
)


@manages(
    "GET",
    "/admin/comments",
    needs=Action.READ_COMMENTS,
    asks=(STATE, WORDS_ASKED, ARTICLE, LIMIT_ASKED, CURSOR),
    tag=_TAG,
    gives=managing.ManagedComment,
    is_list=True,
)
def list_managed_comments(by: User, asked: dict[str, Any]) -> Response:
    """List comments of a state, the newest first.

    `total` counts all of the state, to 1,000. A list may be shorter than `limit` and go on all the
    same: a `cursor` tells.
    """
    is_reported = asked["state"] == _REPORTED
    state = CommentState.APPROVED if is_reported else CommentState(asked["state"])
    choice = Choice(
        state=state, article_id=asked["article"], words=asked["q"].strip(), is_reported=is_reported
    )
    limit = asked["limit"]
    found = queue.choose(choice, by=by, below=asked["cursor"], limit=limit + 1)
    ids = found.ids[:limit]
    onward = ids[-1] if len(found.ids) > limit else found.looked_to
    pagination = schemas.Pagination(
        limit=limit,
        total=comments.count_in(state, by=by),
        cursor=str(onward) if onward else None,
    )
    return answers.many(_shown(queue.load(ids), by=by), pagination)


@manages(
    "GET",
    "/admin/comments/<int:comment_id>",
    needs=Action.READ_COMMENTS,
    tag=_TAG,
    gives=managing.ManagedComment,
    missing=_MISSING,
)
def show_managed_comment(by: User, comment_id: int) -> Response:
    """Show a comment, whatever its state."""
    return _answer(_comment(comment_id, by=by), by=by)


@manages(
    "POST",
    "/admin/comments/<int:comment_id>/decision",
    needs=Action.MODERATE,
    takes=managing.DecisionIn,
    refusals=_QUICKER,
    tag=_TAG,
    gives=managing.ManagedComment,
    missing=_MISSING,
)
def decide_about_comment(by: User, sent: managing.DecisionIn, comment_id: int) -> Response:
    """Approve or reject a comment, or mark it as spam.

    It has to be what was read, by its `mark`. The same decision sent twice is one.
    """
    number, by_id, state = _comment(comment_id, by=by).id, by.id, _DECISIONS[sent.decision]
    with db.writing():
        changed = deciding.decide(
            [number],
            state,
            if_still=lambda comment: comment.mark == sent.mark,
            by=by,
            now=db.utc_now(),
            batch=secrets.token_urlsafe(12),
        )
    row = _comment(number, by=by)
    # What its writer withdrew stays as it is.
    if row.outcome != state or (changed and row.decided_by_id != by_id):
        raise Conflict(f"It is {WORDS[row.state]} now, or says something else. Read it again.")
    return _answer(row, by=by)


@manages(
    "DELETE",
    "/admin/comments/<int:comment_id>/decision",
    needs=Action.MODERATE,
    refusals={"409": "It is too late, or it was decided together with others."},
    tag=_TAG,
    gives=managing.ManagedComment,
    missing=_MISSING,
)
def take_back_decision(by: User, comment_id: int) -> Response:
    """Take back the last decision about a comment, for ten minutes."""
    comment = _comment(comment_id, by=by)
    number, batch = comment.id, deciding.last_batch(comment)
    if journal.count_of_batch(batch) > 1:
        raise Conflict("It was decided together with others, so take all of it back on the page.")
    with db.writing():
        undone, _ = deciding.undo(batch, by=by, now=db.utc_now())
    if not undone:
        raise Conflict("It was changed since, so nothing was taken back.")
    return _answer(_comment(number, by=by), by=by)


def _comment(comment_id: int, *, by: User) -> Comment:
    found = comments.by_id(comment_id, by=by) if comment_id <= urls.ROW_ID_MAX else None
    if found is None:
        raise NotFound("There is no comment with this number.")
    return found


def _answer(comment: Comment, *, by: User) -> Response:
    (shown,) = _shown(queue.load([comment.id]), by=by)
    return answers.one(shown)


def _shown(rows: Sequence[Comment], *, by: User) -> list[managing.ManagedComment]:
    titles = articles.titles({row.article_id for row in rows})
    # How an edit came is known of its comment.
    told = history.summaries(list({row.edit_of_id or row.id for row in rows}), by=by)
    return [
        _managed(row, titles.get(row.article_id), told.get(row.edit_of_id or row.id, ""))
        for row in rows
    ]


def _managed(row: Comment, article: articles.Article | None, told: str) -> managing.ManagedComment:
    return managing.ManagedComment(
        id=row.id,
        mark=row.mark,
        article_id=row.article_id,
        article_title=article.title if article else row.article_id,
        parent_id=row.parent_id,
        edit_of_id=row.edit_of_id,
        state=row.state,  # type: ignore[arg-type]  # a plain word, as the database has it
        verdict=WORDS[row.state],
        reasons=grounds(row.reasons),
        history=told,
        name=row.name,
        email=row.email,
        body=row.written,
        html=str(row.body_html),
        created_at=row.created_at,
        edited_at=row.edited_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by.name if row.decided_by else None,
        url=urls.absolute(urls.reviewed(row.id)),
    )


def grounds(reasons: Sequence[Any]) -> list[managing.Ground]:
    """Tell in words what a judgement rests on."""
    return [managing.Ground(words=each["words"], tone=each["tone"]) for each in reasons]
