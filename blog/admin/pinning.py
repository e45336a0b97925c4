"""Putting a comment first in its thread, and back where its time puts it."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from blog import comments, db, urls
from blog.admin import review
from blog.admin.desk import admin, back_to, require
from blog.comments import pins
from blog.errors import Conflict, NotFound
from blog.permissions import Action


@admin.post(f"/comments/<{urls.ROW}:comment_id>/pin")
def pin(comment_id: int) -> AnyResponse:
    """Let a comment stand first."""
    return _settle(comment_id, is_pinned=True)


@admin.post(f"/comments/<{urls.ROW}:comment_id>/pin/end")
def unpin(comment_id: int) -> AnyResponse:
    """Let a comment stand first no more."""
    return _settle(comment_id, is_pinned=False)


def _settle(comment_id: int, *, is_pinned: bool) -> AnyResponse:
    by, now = require(Action.MODERATE), db.utc_now()
    verb = pins.pin if is_pinned else pins.unpin
    sentence = "Pinned: it stands first now." if is_pinned else "Unpinned."
    try:
        with db.writing():
            (comment,) = comments.by_ids([comment_id], by=by) or (None,)
            if comment is None:
                raise NotFound("There is no comment with this number.")
            verb(comment, by=by, now=now)
    except Conflict as error:
        sentence = error.message
    return back_to(review.link(review.choice_of(request.form)), sentence)
