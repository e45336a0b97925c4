"""The page that a moderator's mail leads to: one comment, with buttons, without signing in.

Its link alone says who decides; who is signed in makes no difference. A GET never changes
anything, since mail scanners open links; each button carries a token for what it does.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, db, limits, urls
from blog.admin import review
from blog.comments import mailed
from blog.comments.mailed import About, Act, LinkState
from blog.errors import BadRequest, Conflict
from blog.forms import ButtonForm, button, pressed

_STATUS = {LinkState.EXPIRED: 410, LinkState.ENDED: 410, LinkState.BROKEN: 404}
_SHOWS_COMMENT = (LinkState.READY, LinkState.DECIDED, LinkState.TAKEN_BACK)

by_mail = Blueprint("by_mail", __name__, url_prefix="/admin")


@by_mail.after_request
def keep_address_quiet(response: Response) -> Response:
    """Let no page learn the address, which is as good as a signature.

    Not `no-referrer`: by the origin older browsers tell that a form is this site's own.
    """
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


@by_mail.get("/decision")
@limits.limiter.limit(limits.LINKS)
def show_decision() -> Response:
    """Show the comment of a link, with what can be done about it, or what was."""
    return _page(request.args.get("token", ""))


def _page(link: str, *, problem: str = "", status: int = 200) -> Response:
    state, about = mailed.opened(link, now=db.utc_now())
    page = render_template(
        "admin/by_mail.html",
        state=state,
        about=about,
        item=_item(about) if about and state in _SHOWS_COMMENT else None,
        link=link,
        buttons=_buttons(link, state, about),
        message=problem,
    )
    return make_response(page, _STATUS.get(state, status))


def _item(about: About) -> dict[str, object]:
    comment = about.comment
    # To decide nobody needs the address, and a mail is forwarded more easily than a password.
    return review.item_of(comment, articles.by_id(comment.article_id)) | {"email": ""}


def _buttons(link: str, state: LinkState, about: About | None) -> dict[Act, ButtonForm]:
    """Make a button for each thing that can be done now."""
    if state is LinkState.READY:
        acts = set(Act) - {Act.UNDO}
    else:
        acts = {Act.UNDO} if about and about.may_undo(now=db.utc_now()) else set()
    return {act: button(_purpose(act, link)) for act in acts}


def _purpose(act: Act, link: str) -> str:
    return f"by-mail:{act}:{link}"


@by_mail.post("/decision")
@limits.limiter.limit(limits.LINKS)
def decide() -> AnyResponse:
    """Do what a button says, as the moderator whose link it is."""
    link, verb, now = request.form.get("token", ""), request.form.get("verb", ""), db.utc_now()
    if verb not in list(Act):
        raise BadRequest("Please use one of the buttons: approve, reject or spam.")
    pressed(_purpose(Act(verb), link))
    try:
        with db.writing():
            is_done = mailed.act(link, Act(verb), now=now)
    except Conflict as error:
        return _page(link, problem=error.message, status=409)
    _, about = mailed.opened(link, now=now)
    # The same button may have been pressed twice.
    is_used = about is not None and about.line is not None
    return redirect(urls.mailed(link), 303) if is_done or is_used else _page(link, status=409)
