"""Letting comments stay that readers reported; taking one down is a decision like any other."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from blog import comments, db, urls
from blog.admin import review
from blog.admin.desk import admin, back_to, require
from blog.comments import reports
from blog.errors import NotFound
from blog.permissions import Action


@admin.post(f"/comments/<{urls.ROW}:comment_id>/reports/dismissal")
def keep_one(comment_id: int) -> AnyResponse:
    """Let a reported comment stay."""
    by = require(Action.MODERATE)
    if comments.by_id(comment_id, by=by) is None:
        raise NotFound("There is no comment with this number.")
    return _keep([comment_id])


@admin.post("/comments/reports/dismissal")
def keep_many() -> AnyResponse:
    """Let all selected comments stay that are reported."""
    require(Action.MODERATE)
    ids = request.form.getlist("id", type=urls.row_id)
    if not ids:
        return back_to(review.link(review.choice_of(request.form)), "Nothing was selected.")
    return _keep(ids)


def _keep(ids: Iterable[int]) -> AnyResponse:
    """Settle the reports that the page showed, and no later one."""
    by, now, batch = require(Action.MODERATE), db.utc_now(), secrets.token_urlsafe(12)
    with db.writing():
        kept = [
            reports.keep(each, upto=_shown(each.id), by=by, now=now, batch=batch)
            for each in comments.by_ids(ids, by=by)
        ]
    choice = review.choice_of(request.form)
    if not any(kept):
        return back_to(
            review.link(choice), "Somebody had decided already; nothing was left to keep."
        )
    return redirect(review.link(choice, done=batch), 303)


def _shown(comment_id: int) -> int:
    """Return the last report that the page showed of a comment; 0 where it showed none."""
    return request.form.get(f"upto-{comment_id}", 0, type=urls.row_id)
