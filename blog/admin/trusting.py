"""What the author does about a reader whose comments appear at once."""

from __future__ import annotations

from werkzeug.wrappers import Response as AnyResponse

from blog import comments, db, urls
from blog.admin.desk import admin, back_to, require
from blog.comments import trust
from blog.errors import NotFound
from blog.permissions import Action


@admin.post(f"/comments/<{urls.ROW}:comment_id>/trust/end")
def stop_trusting(comment_id: int) -> AnyResponse:
    """Trust the writer of a comment no more."""
    by = require(Action.JUDGE_ALL)
    with db.writing():
        comment = comments.by_id(comment_id, by=by)
        reader = trust.writer_of(comment) if comment else None
        if comment is None or reader is None:
            raise NotFound("No trusted reader wrote a comment with this number.")
        reader.stop(by=by, now=db.utc_now(), because_of=comment)
    return back_to(
        f"/admin/comments/{comment_id}",
        f"This reader isn’t trusted any more: new comments wait for review, and for {trust.LATELY.days} days the address can’t be confirmed again.",
    )
