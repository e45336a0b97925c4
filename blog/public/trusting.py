"""Pages by which a reader confirms her address, to be told of replies and published at once.

A GET never changes anything, since mail scanners open links. What is answered to who asks for a
mail is the same whatever is known of the address.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, comments, config, db, limits, tokens, urls
from blog.articles import Article
from blog.comments import Comment, CommentState, arrival, following, trust
from blog.comments.trust import LinkState
from blog.content import Commenting
from blog.errors import NotFound
from blog.forms import button, pressed
from blog.public.surface import (
    article_at,
    forget_trust,
    is_own,
    public,
    reader_hash,
    remember_trust,
    trust_hash,
)

_TRUST = "/comments/trust"
_STATUS = {
    LinkState.READY: 200,
    LinkState.USED: 410,
    LinkState.EXPIRED: 410,
    LinkState.BROKEN: 404,
}


def words_beside(article: Article, comment: Comment) -> dict[str, Any]:
    """Say what the page of a comment that waits has to offer its writer."""
    who = _known()
    is_by_trust = _is_by_trust(article)
    may_ask = not who["holder"] and comment.email and is_by_trust
    ask = button(f"trust:ask:{comment.id}") if may_ask else None
    is_asked = "asked" in request.args
    wish = following.of(comment)
    return who | {"ask": ask, "is_asked": is_asked, "is_by_trust": is_by_trust, "wish": wish}


def _known() -> dict[str, Any]:
    """Say what is known of who writes in this browser."""
    holder, now = trust.holder(trust_hash()), db.utc_now()
    followed = following.followed(holder.email) if holder else []
    return {
        "holder": holder,
        "standing": trust.standing(holder, now=now) if holder else None,
        "followed": [(each, following.stop_path(each, now=now)) for each in followed],
        "titles": articles.titles({each.article_id for each in followed}),
        "is_by_trust": config.current().comments == Commenting.TRUSTED,
        "forget": button("trust:forget"),
        "needed": config.current().trust_after,
    }


def _is_by_trust(article: Article) -> bool:
    return arrival.mode_of(article) is Commenting.TRUSTED


@public.post(f"/articles/<slug>/comments/<{urls.ROW}:comment_id>/confirmation")
@limits.limiter.limit(limits.POSTS)
def ask_for_confirmation(slug: str, comment_id: int) -> AnyResponse:
    """Send the writer of a comment the mail by which she confirms her address."""
    now = db.utc_now()
    article = article_at(slug, now=now)
    comment = comments.by_id(comment_id)
    if comment is None or comment.article_id != article.id or not is_own(comment):
        raise NotFound("There is no comment at this address.")
    pressed(f"trust:ask:{comment_id}")
    # A comment that was turned down is no reason to write to anybody, and no page says it was.
    if comment.email and comment.state == CommentState.PENDING and _is_by_trust(article):
        email = comment.email
        with db.writing():
            trust.ask(email, now=now)
    return redirect(f"{urls.comment(slug, comment_id)}?asked=yes", 303)


@public.get("/comments/confirmation")
def show_confirmation() -> AnyResponse:
    """Show whose address a link can confirm, with a button that does it."""
    return _confirmation(request.args.get("token", ""))


def _confirmation(link: str) -> AnyResponse:
    state, reader = trust.opened(link, now=db.utc_now())
    if state is LinkState.USED and trust.holder(trust_hash()):
        return redirect(_TRUST, 303)
    offered = following.offered(reader.email, reader_hash=reader_hash()) if reader else []
    page = render_template(
        "confirmation.html",
        state=state,
        email=reader.email if reader else "",
        link=link,
        confirm=button(f"trust:confirm:{link}"),
        offered=offered,
        titles=articles.titles({each.article_id for each in offered}),
        is_by_trust=config.current().comments == Commenting.TRUSTED,
        needed=config.current().trust_after,
    )
    return make_response(page, _STATUS[state])


@public.post("/comments/confirmation")
@limits.limiter.limit(limits.POSTS)
def confirm() -> AnyResponse:
    """Confirm an address and what it is wanted for, and trust this browser."""
    link, now = request.form.get("token", ""), db.utc_now()
    page = pressed(f"trust:confirm:{link}")
    chosen = request.form.getlist("comment", type=urls.row_id)
    with db.writing():
        token = trust.confirm(link, page, now=now)
        holder = trust.holder(tokens.digest(token)) if token else None
        if holder:
            following.confirm(holder.email, chosen, now=now)
    if token is None:
        return _confirmation(link)
    response = redirect(_TRUST, 303)
    remember_trust(response, token)
    return response


@public.post("/comments/confirmation/refusal")
@limits.limiter.limit(limits.POSTS)
def refuse() -> AnyResponse:
    """Never write to the address again that a link was mailed to."""
    link = request.form.get("token", "")
    pressed(f"trust:confirm:{link}")
    with db.writing():
        _, reader = trust.opened(link, now=db.utc_now())
        if reader:
            following.never(reader.email)
    return redirect(urls.NEVER, 303) if reader else _confirmation(link)


@public.get(_TRUST)
def show_trust() -> Response:
    """Show whether an address is confirmed in this browser, and how to forget it."""
    return make_response(render_template("trust.html", **_known()))


@public.post(f"{_TRUST}/end")
@limits.limiter.limit(limits.POSTS)
def forget() -> AnyResponse:
    """Trust this browser no more."""
    pressed("trust:forget")
    with db.writing():
        trust.forget(trust_hash())
    response = redirect(_TRUST, 303)
    forget_trust(response)
    return response
