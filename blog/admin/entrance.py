"""Getting in and out: the one-time set-up, sign-in and sign-out."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from flask import Response, g, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from blog import accounts, config, db, journal, limits, tokens
from blog.accounts import User
from blog.admin import browsers
from blog.admin.desk import SESSION_TOKEN, admin
from blog.admin.proving import HALF, is_browser_known, know_browser, known, note_for, owner
from blog.errors import Conflict, NotFound
from blog.forms import SetUpForm, SignInForm

SET_UP = "set-up"
SET_UP_LIVES = timedelta(hours=24)


@admin.route("/set-up", methods=["GET", "POST"])
def set_up() -> AnyResponse:
    """Make the first account, for who holds the link that the start printed."""
    now = db.utc_now()
    key, link = config.current().secret_key, request.args.get("token", "")
    if accounts.is_set_up():
        return redirect("/admin/sign-in", 303)
    if tokens.read(key, SET_UP, link, now=now, max_age=SET_UP_LIVES) is None:
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
        journal.record("added", "account", first.id, by=first, now=now)
        token = start_session(first, note_for(first))
    return let_in(first, token, "/admin/")


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
    note = known(form.email.data, form.password.data)
    who = owner(note) if note else None
    if note is None or who is None:
        form.password.errors = ["This address and password do not belong together."]
        return _form_page("sign_in.html", form)
    if who.totp_seed is not None:
        return _ask_for_code(note, local_path(form.next.data))
    with db.writing():
        token = start_session(who, note)
    return let_in(who, token, local_path(form.next.data))


def _ask_for_code(note: str, path: str) -> AnyResponse:
    session.clear()
    key, now = config.current().secret_key, db.utc_now()
    session[HALF] = tokens.issue(key, HALF, note, now=now)
    return redirect(f"/admin/sign-in/code?next={quote(path)}", 303)


def start_session(who: User, note: str, *, is_code_right: bool = False) -> str:
    """Begin a session in this browser; returns the token it shall hold.

    The journal tells of browsers that are new, since those she always uses would fill it.

    Raises: Conflict where her password or second step was changed since the note was made.
    """
    who = accounts.locked(who.id)
    if owner(note) is not who or (who.totp_seed is not None) != is_code_right:
        raise Conflict("This account was changed a moment ago. Please sign in again.")
    browser, now = browsers.words(request.user_agent.string), db.utc_now()
    if not is_browser_known(who.email):
        journal.record("signed in with a new browser to", "account", who.id, by=who, now=now)
    return accounts.start_session(who, now=now, browser=browser)


def _form_page(template: str, form: SignInForm | SetUpForm) -> Response:
    page = render_template(f"admin/{template}", form=form, message="")
    return make_response(page, 422 if form.errors else 200)


def let_in(who: User, token: str, path: str) -> AnyResponse:
    """Give this browser its session and go on."""
    # A session that somebody planted before is worth nothing after.
    session.clear()
    session[SESSION_TOKEN] = token
    response = redirect(path, 303)
    know_browser(response, who.email)
    return response


def local_path(path: str | None) -> str:
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
