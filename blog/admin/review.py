"""The review queue: what waits, and the decisions about it, one by one or many at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from flask import Response, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, comments, db, journal, markup, templating, urls
from blog.accounts import User
from blog.admin.desk import admin, back_to, desk, require
from blog.articles import Article
from blog.comments import Comment, CommentState, trust
from blog.errors import BadRequest, Invalid, NotFound
from blog.forms import ReplyForm
from blog.permissions import Action

PAGE = 50
_TABS = {
    CommentState.PENDING: "Waiting",
    CommentState.APPROVED: "Published",
    CommentState.SPAM: "Spam",
    CommentState.REJECTED: "Rejected",
}
_DECIDE = {
    "approve": Comment.approve,
    "reject": Comment.reject,
    "spam": Comment.mark_spam,
}
_NOUNS = {"approval": "approve", "rejection": "reject", "spam": "spam"}


@admin.get("/comments")
def show_review() -> Response:
    """Show the comments of one state, newest first."""
    require(Action.MODERATE)
    state = _state(request.args.get("state", ""))
    before = request.args.get("before", type=urls.row_id)
    rows = comments.recent(state, before=before, limit=PAGE + 1)
    return desk(
        "review.html",
        state=state.value,
        tabs=_tabs(),
        items=_items(rows[:PAGE]),
        older=f"?state={state}&before={rows[PAGE - 1].id}" if len(rows) > PAGE else None,
        newer=f"?state={state}" if before else None,
        done=_done(request.args.get("done", "")),
    )


def _state(word: str) -> CommentState:
    return CommentState(word) if word in list(_TABS) else CommentState.PENDING


def _tabs() -> list[tuple[str, str, str]]:
    numbers = comments.counts()
    return [(tab.value, label, templating.tally(numbers[tab])) for tab, label in _TABS.items()]


def _items(rows: Sequence[Comment]) -> list[dict[str, Any]]:
    found = articles.titles({row.article_id for row in rows})
    return [_item(row, found.get(row.article_id)) for row in rows]


def _item(row: Comment, article: Article | None) -> dict[str, Any]:
    parent = row.parent
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email or "",
        "created_at": row.created_at,
        "article_title": article.title if article else row.article_id,
        "article_url": urls.comment(article.slug, row.id) if article else None,
        "parent": {
            "name": parent.name,
            "excerpt": markup.excerpt(markup.plain_text(parent.html), 140),
        }
        if parent
        else None,
        "body_html": row.body_html,
        "reasons": [(reason["words"], reason["tone"]) for reason in row.reasons],
        "by_author": row.is_by_author,
        "state": row.state,
        "decided_at": row.decided_at,
        "decided_by": row.decided_by.name if row.decided_by else "",
    }


def _done(batch: str) -> dict[str, Any] | None:
    """Say what a click did, with the way back as long as there is one."""
    lines = journal.of_batch(batch) if batch else []
    if not lines:
        return None
    what = templating.count(len(lines), "comment")
    may_undo = db.utc_now() - lines[0].at <= comments.UNDO_WITHIN
    return {
        "sentence": f"{what} {lines[0].verb}.",
        "undo_url": f"/admin/decisions/{batch}/reversal" if may_undo else None,
    }


@admin.get(f"/comments/<{urls.ROW}:comment_id>")
def show_comment(comment_id: int) -> Response:
    """Show one comment with its history, as the journal leads to it."""
    require(Action.MODERATE)
    comment = comments.by_id(comment_id)
    if comment is None:
        raise NotFound("There is no comment with this number.")
    return desk(
        "review.html",
        state=comment.state,
        tabs=_tabs(),
        items=_items([comment]),
        older=None,
        newer=f"/admin/comments?state={comment.state}",
        done=None,
        trusted=trust.writer_of(comment),
    )


@admin.post("/decisions")
def decide_many() -> AnyResponse:
    """Decide about all selected comments at once."""
    by = require(Action.MODERATE)
    verb = request.form.get("verb", "")
    if verb not in _DECIDE:
        raise BadRequest("Please use one of the buttons: approve, reject or spam.")
    ids = request.form.getlist("id", type=urls.row_id)
    if not ids:
        return back_to(f"/admin/comments?state={_tab()}", "Nothing was selected.")
    return redirect(_after(_decide(ids, verb, by=by)), 303)


@admin.post(f"/comments/<{urls.ROW}:comment_id>/<any(approval, rejection, spam):noun>")
def decide_one(comment_id: int, noun: str) -> AnyResponse:
    """Decide about one comment."""
    by = require(Action.MODERATE)
    if comments.by_id(comment_id) is None:
        raise NotFound("There is no comment with this number.")
    batch = _decide([comment_id], _NOUNS[noun], by=by)
    if request.args.get("then") == "reply":
        return redirect(f"/admin/comments/{comment_id}/reply", 303)
    return redirect(_after(batch), 303)


def _decide(ids: Sequence[int], verb: str, *, by: User) -> str:
    batch, now = secrets.token_urlsafe(12), db.utc_now()
    with db.writing():
        for comment in comments.by_ids(ids):
            _DECIDE[verb](comment, by=by, now=now, batch=batch)
    return batch


def _tab() -> str:
    return _state(request.form.get("state", "")).value


def _after(batch: str) -> str:
    return f"/admin/comments?state={_tab()}&done={batch}"


@admin.post("/decisions/<batch>/reversal")
def undo(batch: str) -> AnyResponse:
    """Take back the decisions of one click."""
    by = require(Action.MODERATE)
    with db.writing():
        undone = comments.undo(batch, by=by, now=db.utc_now())
    sentence = (
        f"Undone: {templating.count(undone, 'comment')} put back."
        if undone
        else "Nothing was left to undo."
    )
    return back_to(f"/admin/comments?state={_tab()}", sentence)


@admin.route(f"/comments/<{urls.ROW}:comment_id>/reply", methods=["GET", "POST"])
def reply(comment_id: int) -> AnyResponse:
    """Answer a published comment as the author."""
    by = require(Action.REPLY)
    parent = comments.by_id(comment_id)
    article = articles.by_id(parent.article_id) if parent else None
    if parent is None or article is None:
        raise NotFound("There is no comment with this number.")
    form = ReplyForm()
    if not form.validate_on_submit() or not _reply(form, article, parent, by=by):
        page = desk("reply.html", comment=_item(parent, article), form=form)
        return make_response(page, 422 if form.errors else 200)
    return back_to("/admin/comments", "Your reply is published.")


def _reply(form: ReplyForm, article: Article, parent: Comment, *, by: User) -> bool:
    """Publish a reply, or let the form say what is wrong with it."""
    now = db.utc_now()
    try:
        draft = comments.compose(article, name=by.name, body=form.body.data, parent_id=parent.id)
    except Invalid as error:
        form.body.errors = list(error.fields.values())
        return False
    with db.writing():
        comments.reply(parent, draft, by=by, now=now)
    return True
