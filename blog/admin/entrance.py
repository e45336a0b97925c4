"""Getting in and out: the one-time set-up, sign-in, sign-out, and the list of signed-in browsers."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, g, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from blog import accounts, config, db, limits, tokens, urls
from blog.accounts import User
from blog.admin.desk import SESSION_TOKEN, admin, back_to, desk, require, user
from blog.comments import notices
from blog.comments.notices import Pace
from blog.errors import BadRequest, NotFound
from blog.forms import SetUpForm, SignInForm
from blog.permissions import Action

SET_UP = "set-up"
SET_UP_LIVES = timedelta(hours=24)
_PACES = {
    Pace.AT_ONCE: "At once, ten minutes apart",
    Pace.HOURLY: "Once an hour at most",
    Pace.DAILY: f"Each day at {notices.MORNING_HOUR}:00, whatever came",
    Pace.NEVER: "Never",
}


@admin.route("/set-up", methods=["GET", "POST"])
def set_up() -> AnyResponse:
    """Make the first account, for who holds the link that the start printed."""
    now = db.utc_now()
    key, token = config.current().secret_key, request.args.get("token", "")
    if accounts.is_set_up():
        return redirect("/admin/sign-in", 303)
    if tokens.read(key, SET_UP, token, now=now, max_age=SET_UP_LIVES) is None:
        raise NotFound(
            "This set-up link is not valid any more. Start the site again for a new one."
        )
    form = SetUpForm()
    if not form.validate_on_submit():
        return _form_page("set_up.html", form)
    password_hash = accounts.hash_password(form.password.data)
    with db.writing():
        first = accounts.set_up(
            email=form.email.data, name=form.name.data, password_hash=password_hash, now=now
        )
        browser = accounts.start_session(first, now=now)
    return _let_in(browser, "/admin/")


@admin.route("/sign-in", methods=["GET", "POST"])
@limits.limiter.limit(limits.SIGN_INS, methods=["POST"])
def sign_in() -> AnyResponse:
    """Sign in; never tells whether an address has an account."""
    if g.user_session is not None:
        return redirect("/admin/", 303)
    form = SignInForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
    if not form.validate_on_submit():
        return _form_page("sign_in.html", form)
    known = _known(form.email.data, form.password.data)
    if known is None:
        form.password.errors = ["This address and password do not belong together."]
        return _form_page("sign_in.html", form)
    with db.writing():
        browser = accounts.start_session(known, now=db.utc_now())
    return _let_in(browser, _local_path(form.next.data))


def _known(email: str, password: str) -> User | None:
    """Return whose password it is; an attempt counts as failed until it was right."""
    key, now = config.current().secret_key, db.utc_now()
    account = tokens.keyed_hash(key, "account", accounts.normal_email(email))
    with db.writing():
        accounts.count_attempt(account=account, address=limits.client(), now=now)
    known = accounts.verify(email, password)
    if known is not None:
        with db.writing():
            accounts.forgive(account, limits.client())
    return known


def _form_page(template: str, form: SignInForm | SetUpForm) -> Response:
    page = render_template(f"admin/{template}", form=form, message="")
    return make_response(page, 422 if form.errors else 200)


def _let_in(browser: str, path: str) -> AnyResponse:
    # A session that somebody planted before is worth nothing after.
    session.clear()
    session[SESSION_TOKEN] = browser
    return redirect(path, 303)


def _local_path(path: str | None) -> str:
    """Return a path of the author's pages; anything else becomes the first of them."""
    path = path or ""
    is_ours = path.startswith("/admin/") and "\\" not in path and path.isprintable()
    return path if is_ours else "/admin/"


@admin.post("/sign-out")
def sign_out() -> AnyResponse:
    """End this browser's session at once."""
    with db.writing():
        g.user_session.end()
    session.clear()
    return redirect("/admin/sign-in", 303)


@admin.get("/account")
def show_account() -> Response:
    """List the browsers that are signed in, and show how often somebody is told of comments."""
    rows = accounts.sessions_of(user(), now=db.utc_now())
    pace = notices.pace_of(user())
    return desk("account.html", sessions=rows, this_id=g.user_session.id, pace=pace, paces=_PACES)


@admin.post("/account/notices")
def choose_pace() -> AnyResponse:
    """Tell somebody of comments as often as she wishes."""
    by, pace = require(Action.MODERATE), request.form.get("pace", "")
    if pace not in list(Pace):
        raise BadRequest("Please choose how often to be told.")
    with db.writing():
        notices.choose(Pace(pace), by=by, now=db.utc_now())
    return back_to("/admin/account", "Saved.")


@admin.post(f"/sessions/<{urls.ROW}:session_id>/end")
def end_session(session_id: int) -> AnyResponse:
    """Sign one browser out."""
    with db.writing():
        found = [
            row for row in accounts.sessions_of(user(), now=db.utc_now()) if row.id == session_id
        ]
        for row in found:
            row.end()
    return back_to(
        "/admin/account", "That browser is signed out." if found else "It was signed out already."
    )


@admin.post("/sessions/end-others")
def end_other_sessions() -> AnyResponse:
    """Sign out everywhere but here."""
    with db.writing():
        accounts.end_other_sessions(user(), but=g.user_session.id)
    return back_to("/admin/account", "You are signed out everywhere else.")
