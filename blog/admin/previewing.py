"""Preview links of an article that isn't published: listed, made, ended."""

from __future__ import annotations

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import db, permissions, urls
from blog.admin.desk import admin, back_to, desk, require, user
from blog.articles import previews
from blog.permissions import Action


@admin.get("/articles/<article_id>/previews")
def show_previews(article_id: str) -> Response:
    """Show the links to an article that haven't ended."""
    require(Action.PREVIEW)
    article, now = previews.of(article_id, by=user()), db.utc_now()
    return desk(
        "previews.html",
        article=article,
        is_public=permissions.is_public(article, now=now),
        previews=previews.live(article.id, now=now),
        choices=previews.CHOICES_DAYS,
        chosen=previews.LIVES_DAYS,
    )


@admin.post("/articles/<article_id>/previews")
def make_preview(article_id: str) -> AnyResponse:
    """Make a link to an article."""
    by = require(Action.PREVIEW)
    lives_days = request.form.get("lives_days", previews.LIVES_DAYS, type=int)
    with db.writing():
        article = previews.of(article_id, by=by)
        previews.make(article, by=by, lives_days=lives_days, now=db.utc_now())
    return back_to(
        urls.previews(article_id), "The link is made. Copy it, and send it to whom you like."
    )


@admin.post(f"/articles/<article_id>/previews/<{urls.ROW}:preview_id>/end")
def end_preview(article_id: str, preview_id: int) -> AnyResponse:
    """End a link to an article at once."""
    by = require(Action.PREVIEW)
    with db.writing():
        article = previews.of(article_id, by=by)
        previews.revoke(article.id, preview_id, by=by, now=db.utc_now())
    return back_to(urls.previews(article_id), "The link leads nowhere any more.")
