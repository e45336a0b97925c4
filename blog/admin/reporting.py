"""Letting a comment stay that readers reported; taking it down is a decision like any other."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from blog import comments, db, templating, urls
from blog.admin import review
from blog.admin.desk import admin, back_to, require
from blog.comments import reports
from blog.errors import NotFound
from blog.permissions import Action


@admin.post(f"/comments/<{urls.ROW}:comment_id>/reports/dismissal")
def dismiss_reports(comment_id: int) -> AnyResponse:
    """Settle the reports of a comment that its page showed, and no later one."""
    by, now = require(Action.MODERATE), db.utc_now()
    upto = request.args.get("upto", 0, type=urls.row_id)
    with db.writing():
        (comment,) = comments.by_ids([comment_id]) or (None,)
        if comment is None:
            raise NotFound("There is no comment with this number.")
        settled = reports.dismiss(comment, upto=upto, by=by, now=now)
    sentence = (
        f"Kept: {templating.count(settled, 'report')} dismissed."
        if settled
        else "Somebody had decided already; nothing was left to dismiss."
    )
    return back_to(review.link(review.choice_of(request.form)), sentence)
