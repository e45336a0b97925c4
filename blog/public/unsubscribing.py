"""Pages where mails about replies are ended, by the link that each of them carries.

The link alone is enough: no cookie and no token of a form, since mail providers press it for their
users. A GET never changes anything, and no page shows an address.
"""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, db, urls
from blog.comments import Comment, following
from blog.comments.following import Mailed
from blog.errors import NotFound
from blog.public.surface import asked, public


@public.get(urls.NEVER)
def show_never() -> Response:
    """Say that nothing is mailed any more."""
    return make_response(render_template("never.html"))


@public.get(urls.unsubscription())
def show_unsubscription() -> AnyResponse:
    """Show what is mailed to who got a link, with buttons that end it."""
    mailed = _mailed()
    comment = mailed.comment
    followed = following.followed(mailed.email) if mailed.email else []
    here = [each for each in followed if _branch(each) == _branch(comment)]
    page = render_template(
        "unsubscription.html",
        article=articles.by_id(comment.article_id),
        here=here,
        elsewhere=len(followed) - len(here),
        action=request.full_path,
        may_refuse=bool(mailed.email or mailed.address_hash),
    )
    return make_response(page)


def _mailed() -> Mailed:
    """Return about what and to whom the mail was whose link was followed.

    Raises: NotFound where no mail of ours had it.
    """
    mailed = following.opened(asked("token"), now=db.utc_now())
    if mailed is None:
        raise NotFound("This link isn’t whole. Copy all of it from the mail.")
    return mailed


def _branch(comment: Comment) -> int:
    return comment.root_id or comment.id


@public.post(urls.unsubscription())
def unsubscribe() -> AnyResponse:
    """End mails by a button of the page, or all of them as a mail provider asks for it.

    Source: RFC 8058, which wants no redirect.
    """
    mailed, what = _mailed(), request.form.get("what", "")
    branch_id = _branch(mailed.comment)
    with db.writing():
        if what == "never":
            following.refuse(mailed)
        elif mailed.email:
            following.stop(mailed.email, branch_id=branch_id if what == "here" else None)
    if what == "never":
        return redirect(urls.NEVER, 303)
    if what in ("here", "all"):
        return redirect(request.full_path, 303)
    return show_unsubscription()
