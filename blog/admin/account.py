"""One's own account: name, address, password, mails, and the browsers that are signed in."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import accounts, db, journal, limits, urls
from blog.admin.desk import admin, back_to, desk, require, user
from blog.admin.proving import known
from blog.comments import names, notices, paces
from blog.comments.paces import Pace
from blog.errors import BadRequest, Invalid
from blog.forms.staff import AddressForm, NameForm, PasswordForm
from blog.permissions import Action, may
from blog.staff import api_tokens, passwords, profile, second_factor

PATH = "/admin/account"
_PACES = {
    Pace.AT_ONCE: "At once, ten minutes apart",
    Pace.HOURLY: "Once an hour at most",
    Pace.DAILY: f"Each day at {notices.MORNING_HOUR}:00, whatever came",
    Pace.NEVER: "Never",
}
_WRONG = "This is not your present password."


@admin.get("/account")
def show_account() -> Response:
    """Show the account, how often somebody is told of comments, and where she is signed in."""
    rows = accounts.sessions_of(user(), now=db.utc_now())
    pace = paces.pace_of(user())
    return desk(
        "account.html",
        sessions=rows,
        this_id=g.user_session.id,
        pace=pace,
        paces=_PACES,
        codes_left=second_factor.codes_left(user()),
        tokens=len(api_tokens.of(user())),
    )


@admin.route("/account/name", methods=["GET", "POST"])
def change_name() -> AnyResponse:
    """Change the name that readers see beside one's replies; only who looks after all takes any."""
    form = NameForm(obj=user())
    if not form.validate_on_submit():
        return _page("change_name.html", form)
    unfit = "" if may(user(), Action.MANAGE_PEOPLE) else names.unfit_for(user(), form.name.data)
    if unfit:
        form.name.errors = [f"Please choose another one: {unfit}."]
        return _page("change_name.html", form)
    with db.writing():
        profile.rename(user(), form.name.data, now=db.utc_now())
    return back_to(PATH, "Your name is changed.")


@admin.route("/account/address", methods=["GET", "POST"])
@limits.limiter.limit(limits.POSTS, methods=["POST"])
def change_address() -> AnyResponse:
    """Mail the link by which a new address is proven."""
    form = AddressForm()
    if not form.validate_on_submit():
        return _page("change_address.html", form)
    if not _is_password(form.present.data):
        form.present.errors = [_WRONG]
        return _page("change_address.html", form)
    email = form.email.data
    try:
        with db.writing():
            profile.ask_for_address(user(), email, now=db.utc_now())
    except Invalid as error:
        form.email.errors = list(error.fields.values())
        return _page("change_address.html", form)
    return back_to(PATH, f"A link was sent to {email}. The address counts once you open it.")


@admin.route("/account/password", methods=["GET", "POST"])
def change_password() -> AnyResponse:
    """Change one's password; other browsers are signed out."""
    form, now = PasswordForm(), db.utc_now()
    shown = {"tokens": api_tokens.live_count(user(), now=now)}
    if not form.validate_on_submit():
        return _page("change_password.html", form, **shown)
    if not _is_password(form.present.data):
        form.present.errors = [_WRONG]
        return _page("change_password.html", form, **shown)
    password_hash, ends = accounts.hash_password(form.password.data), form.end_tokens.data
    with db.writing():
        passwords.change(user(), password_hash, but=g.user_session.id, ends_tokens=ends, now=now)
    ended = ", your API tokens are ended" if ends else ""
    words = f"Your password is changed{ended}, and you are signed out everywhere else."
    return back_to(PATH, words)


def _is_password(password: str) -> bool:
    """Tell whether it is her present one; guessing is slowed down as at the sign-in."""
    return known(user().email, password) is not None


def _page(template: str, form: NameForm | AddressForm | PasswordForm, **shown: Any) -> Response:
    return make_response(desk(template, form=form, **shown), 422 if form.errors else 200)


@admin.post("/account/notices")
def choose_pace() -> AnyResponse:
    """Tell somebody of comments as often as she wishes."""
    by, pace = require(Action.MODERATE), request.form.get("pace", "")
    if pace not in list(Pace):
        raise BadRequest("Please choose how often to be told.")
    with db.writing():
        paces.choose(Pace(pace), by=by, now=db.utc_now())
    return back_to(PATH, "Saved.")


@admin.post(f"/sessions/<{urls.ROW}:session_id>/end")
def end_session(session_id: int) -> AnyResponse:
    """Sign one browser out."""
    with db.writing():
        found = [
            row for row in accounts.sessions_of(user(), now=db.utc_now()) if row.id == session_id
        ]
        for row in found:
            row.end()
            _note("signed out a browser of")
    return back_to(PATH, "That browser is signed out." if found else "It was signed out already.")


@admin.post("/sessions/end-others")
def end_other_sessions() -> AnyResponse:
    """Sign out everywhere but here."""
    with db.writing():
        accounts.end_other_sessions(user(), but=g.user_session.id)
        _note("signed out all other browsers of")
    return back_to(PATH, "You are signed out everywhere else.")


def _note(verb: str) -> None:
    """Leave a line in the journal about one's own account."""
    journal.record(verb, "account", user().id, by=user(), now=db.utc_now())
