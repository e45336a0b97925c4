"""Telling the spam model that one of its reasons is wrong, or right after all."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from blog import comments, db, urls
from blog.admin.desk import admin, back_to, require
from blog.errors import NotFound
from blog.permissions import Action

_IS_IGNORED = {"doubts": True, "trust": False}


@admin.post(f"/comments/<{urls.ROW}:comment_id>/reasons/<any(doubts, trust):noun>")
def doubt_reason(comment_id: int, noun: str) -> AnyResponse:
    """Let a reason of a comment say nothing any more, or let it speak again."""
    by, now = require(Action.JUDGE_ALL), db.utc_now()
    with db.writing():
        comment = comments.by_id(comment_id, by=by)
        if comment is None:
            raise NotFound("There is no comment with this number.")
        name = request.form.get("sign", "")
        is_ignored = _IS_IGNORED[noun]
        shown = comments.doubt(comment, name, is_ignored=is_ignored, by=by, now=now)
    said = "no longer counts, here or in any other comment" if is_ignored else "counts again"
    return back_to(f"/admin/comments/{comment_id}", f"“{shown}” {said}.")
