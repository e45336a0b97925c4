"""Previews for programs: links made, listed and ended, and the article that one leads to.

Nothing of it is kept by anybody on the way, nor found by searches.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

from blog import db, schemas, security, urls
from blog.accounts import User
from blog.api import answers
from blog.api.articles import article_of
from blog.api.authoring import MISSING
from blog.api.surface import does, manages
from blog.articles import choosing, previews
from blog.articles.previews import Preview
from blog.permissions import Action
from blog.schemas.previewing import PreviewIn, PreviewLink

_SHARED: dict[str, Any] = {
    "needs": Action.PREVIEW,
    "tag": "Administration",
    "missing": MISSING,
}


@manages(
    "GET",
    "/admin/articles/<article_id>/previews",
    gives=PreviewLink,
    is_list=True,
    **_SHARED,
)
def list_previews(by: User, article_id: str) -> Response:
    """List the links to an article that haven’t ended, the newest first."""
    article = previews.of(article_id, by=by)
    return answers.whole([_link(each) for each in previews.live(article.id, now=db.utc_now())])


@manages(
    "POST",
    "/admin/articles/<article_id>/previews",
    takes=PreviewIn,
    gives=PreviewLink,
    status=201,
    refusals={"409": "Anybody can read the article already, or it has too many previews."},
    **_SHARED,
)
def make_preview(by: User, sent: PreviewIn, article_id: str) -> Response:
    """Make a link to an article that isn’t published.

    Whoever has the link reads the article as its file stands at that moment, until the link’s day
    is over or somebody ends it. Once the article is published, the link leads there.
    """
    now = db.utc_now()
    with db.writing():
        article = previews.of(article_id, by=by)
        made = previews.make(article, by=by, lives_days=sent.lives_days, now=now)
    return answers.taken(_link(made), 201)


@manages(
    "DELETE",
    "/admin/articles/<article_id>/previews/<int:preview_id>",
    gives=None,
    status=204,
    **_SHARED,
)
def end_preview(by: User, article_id: str, preview_id: int) -> Response:
    """End a link to an article at once."""
    with db.writing():
        article = previews.of(article_id, by=by)
        previews.revoke(article.id, preview_id, by=by, now=db.utc_now())
    return Response(status=204)


@does(
    "GET",
    "/previews/<token>",
    tag="Articles",
    gives=schemas.Article,
    missing="Nothing is there, or it has ended; which of both is told to nobody.",
    example="/previews/{token}",
    refusals={"303": "The article is published: it is there where `Location` says."},
)
def show_preview(token: str) -> Response:
    """Show an article that isn’t published, by the token of a link.

    For front ends of one’s own, which show it as they show what is.
    """
    now = db.utc_now()
    found = previews.shown(token, now=now)
    if found.is_public:
        place = urls.absolute(urls.api(f"/articles/{found.article.id}"))
        response = Response(status=303, headers={"Location": place})
    else:
        made = article_of(found.article, 0, tuple(choosing.FORMATS), now=now)
        response = answers.one(msgspec.structs.replace(made, comments=msgspec.UNSET))
    response.headers.update(security.CONFIDENTIAL)
    return response


def _link(preview: Preview) -> PreviewLink:
    return PreviewLink(
        id=preview.id,
        article_id=preview.article_id,
        url=urls.absolute(urls.preview(preview.token)),
        api_url=urls.absolute(urls.api(f"/previews/{preview.token}")),
        made_at=preview.made_at,
        made_by=preview.made_by.name if preview.made_by else None,
        expires_at=preview.expires_at,
    )
