"""What the author's pages share: the blueprint, the guard before it, and the counts beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any
from urllib.parse import quote

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from flask_wtf.csrf import generate_csrf, validate_csrf
from sqlalchemy.orm.exc import ObjectDeletedError
from werkzeug.wrappers import Response as AnyResponse
from wtforms import ValidationError

from blog import (
    accounts,
    articles,
    comments,
    db,
    enquiries,
    outbox,
    permissions,
    problems,
    webhooks,
)
from blog.accounts import User, UserSession
from blog.comments import CommentState, reports
from blog.enquiries import Folder
from blog.errors import Busy, Invalid
from blog.permissions import Action

SESSION_TOKEN = "token"  # noqa: S105  # the name it has in the cookie
# What can be reached without being signed in.
_OPEN = {
    "admin.sign_in",
    "admin.set_up",
    "admin.ask_for_password",
    "admin.choose_password",
    "admin.prove_address",
    "admin.accept_invitation",
    "admin.ask_for_code",
}

admin = Blueprint("admin", __name__, url_prefix="/admin")


@admin.before_request
def guard() -> AnyResponse | None:
    """Let only a signed-in user pass, and only forms of ours."""
    now = db.utc_now()
    g.user_session = accounts.live_session(session.get(SESSION_TOKEN, ""), now=now)
    if request.method == "POST":
        signed_out = _check_form()
        if signed_out is not None:
            return signed_out
    if g.user_session is None:
        return None if request.endpoint in _OPEN else _ask_to_sign_in()
    if g.user_session.is_note_due(now=now):
        session_id = g.user_session.id
        # A late note costs nothing; a page that isn't shown does.
        with suppress(Busy), db.writing(wait_seconds=0):
            accounts.mark_seen(session_id, now=now)
    return None


def _check_form() -> AnyResponse | None:
    """Refuse a form without this browser's token; what was typed is on the answer."""
    if g.user_session is None and request.endpoint not in _OPEN:
        return _signed_out("You were away for a while, so you were signed out.")
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        raise Invalid(
            {
                "csrf_token": "This page was open for too long. Please go back, reload it and try again."
            }
        ) from None
    return None


def _signed_out(why: str) -> AnyResponse:
    sentence = f"{why} Sign in again; what you wrote is kept below."
    return problems.answer(401, "signed-out", sentence)


@admin.errorhandler(ObjectDeletedError)
def _answer_who_was_ended(error: ObjectDeletedError) -> AnyResponse:
    """Answer whose session was ended while her request was under way; nothing of it is kept."""
    db.session.rollback()
    if accounts.live_session(session.get(SESSION_TOKEN, ""), now=db.utc_now()):
        raise error
    return _signed_out("You were signed out meanwhile, from another browser or by somebody else.")


def _ask_to_sign_in() -> AnyResponse:
    if not accounts.is_set_up():
        page = render_template("admin/sign_in.html", form=None, message="")
        return make_response(page)
    return redirect(f"/admin/sign-in?next={quote(request.full_path.rstrip('?'))}", 303)


def user() -> User:
    """Return who is signed in; only behind the guard."""
    user_session: UserSession = g.user_session
    return user_session.user


def require(action: Action) -> User:
    """Return who is signed in, where she may do this.

    Raises: Forbidden where she may not.
    """
    return permissions.require(user(), action)


def desk(template: str, *, of_comments: dict[str, int] | None = None, **words: Any) -> Response:
    """Answer with a page of the desk, with the counts beside it; some a page has counted itself."""
    counts = (of_comments or _of_comments()) | _counts()
    page = render_template(f"admin/{template}", user=user(), counts=counts, **words)
    return make_response(page)


def _of_comments() -> dict[str, int]:
    return {
        "waiting": comments.count_in(CommentState.PENDING, by=user()),
        "reported": reports.count_reported(by=user()),
    }


def _counts() -> dict[str, int]:
    may = permissions.may
    return {
        "enquiries": enquiries.count_in(Folder.NEW) if may(user(), Action.READ_ENQUIRIES) else 0,
        "problems": articles.count_errors() if may(user(), Action.READ_CONTENT) else 0,
        "webhooks": webhooks.count_off() if may(user(), Action.MANAGE_WEBHOOKS) else 0,
        **(_mail_counts() if may(user(), Action.READ_MAIL) else {}),
    }


def _mail_counts() -> dict[str, int]:
    is_stuck = outbox.health(now=db.utc_now()) is outbox.Health.FAILING
    return {"failed": outbox.failed_count(), "stuck": int(is_stuck)}


def back_to(path: str, sentence: str) -> AnyResponse:
    """Go on to a page that says what was done."""
    flash(sentence)
    return redirect(path, 303)


def by_link(view: Callable[[], AnyResponse]) -> Callable[[], AnyResponse]:
    """Let no page learn the address of a view, which is as good as a signature.

    Not `no-referrer`: by the origin older browsers tell that a form is this site's own.
    """

    @wraps(view)
    def quiet() -> AnyResponse:
        response = view()
        response.headers["Referrer-Policy"] = "strict-origin"
        return response

    return quiet


@admin.app_context_processor
def _form_words() -> dict[str, Any]:
    return {"csrf_token": generate_csrf, "may": permissions.may, "Action": Action}
