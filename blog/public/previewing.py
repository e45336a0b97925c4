"""The page of a preview link: an article as it will be, for whoever has the link and nobody else."""

from __future__ import annotations

from flask import make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from blog import db, security, urls
from blog.articles import previews
from blog.public.surface import public

_STANDING = {
    "draft": "The article is a draft: nobody else can read it.",
    "scheduled": "The article appears by itself on its date: before, nobody else can read it.",
    "expired": "The article’s time is over: nobody else can read it any more.",
    "archived": "The article was taken away from readers: nobody else can read it any more.",
}


@public.get("/preview/<token>")
def show_preview(token: str) -> AnyResponse:
    """Show an article before it is published; once it is, lead to it."""
    now = db.utc_now()
    found = previews.shown(token, now=now)
    article = found.article
    if found.is_public:
        response: AnyResponse = redirect(urls.article(article.slug), 303)
    else:
        page = render_template(
            "preview.html",
            article=article,
            authors=article.authors,
            preview=found.preview,
            standing=_STANDING[article.status_words(now=now)],
        )
        response = make_response(page)
    response.headers.update(security.CONFIDENTIAL)
    return response
