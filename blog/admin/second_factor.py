"""The second step of signing in: asked for at the door, turned on and off on one's account.

Who knows the password alone is let in nowhere: until the right code comes, the cookie holds no
more than a signed note of who it was, worth ten minutes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from blog import accounts, config, db, limits, tokens, urls
from blog.accounts import User
from blog.admin.desk import admin, back_to, desk, require, user
from blog.admin.entrance import let_in, local_path, start_session
from blog.admin.people import PATH as PEOPLE
from blog.admin.people import person_at
from blog.admin.proving import HALF, is_proven, owner
from blog.forms.staff import CodeForm, PresentPasswordForm, SecondFactorForm
from blog.permissions import Action
from blog.staff import second_factor

ACCOUNT = "/admin/account"
_HALF_LIVES = timedelta(minutes=10)
_SEED_LIVES = timedelta(hours=1)
_WRONG = "This code is not right, or was used already. Wait for the next one."


@admin.route("/sign-in/code", methods=["GET", "POST"])
@limits.limiter.limit(limits.SIGN_INS, methods=["POST"])
def ask_for_code() -> AnyResponse:
    """Let in who knows the password, and now the code."""
    note = _half()
    who = owner(note) if note else None
    if note is None or who is None:
        return redirect("/admin/sign-in", 303)
    form = CodeForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
    if not form.validate_on_submit():
        return _code_page(form)
    token = _enter(who, note, form.code.data)
    if token is None:
        form.code.errors = [_WRONG]
        return _code_page(form)
    return let_in(who, token, local_path(form.next.data))


def _code_page(form: CodeForm) -> Response:
    page = render_template("admin/code.html", form=form)
    return make_response(page, 422 if form.errors else 200)


def _half() -> str | None:
    """Return the note of who gave the right password in this browser a moment ago."""
    key, now = config.current().secret_key, db.utc_now()
    note = tokens.read(key, HALF, session.get(HALF, ""), now=now, max_age=_HALF_LIVES)
    return note.subject if note else None


def _enter(who: User, note: str, code: str) -> str | None:
    """Sign in with a code; an attempt counts as failed until it was right."""
    key, now = tokens.keyed_hash(config.current().secret_key, "code", str(who.id)), db.utc_now()
    with db.writing():
        accounts.count_code(key, now=now)
    with db.writing():
        if not second_factor.use(who, code, now=now):
            return None
        accounts.forgive(key)
        return start_session(who, note, is_code_right=True)


@admin.route("/account/second-factor", methods=["GET", "POST"])
def turn_on() -> AnyResponse:
    """Turn the second step on, with the password and a code that shows the phone's secret."""
    if user().totp_seed is not None:
        return back_to(ACCOUNT, "The second step is on already.")
    key, now = config.current().secret_key, db.utc_now()
    purpose = f"second-factor-seed:{user().id}"
    form = SecondFactorForm()
    kept = tokens.read(key, purpose, form.seed.data or "", now=now, max_age=_SEED_LIVES)
    seed = kept.subject if kept else second_factor.new_seed()
    if kept and is_proven(form, user().email):
        with db.writing():
            codes = second_factor.turn_on(user(), seed, form.code.data, now=now)
        if codes:
            sentence = "The second step is on."
            return desk("recovery_codes.html", codes=codes, sentence=sentence)
        form.code.errors = [_WRONG]
    form.seed.data = tokens.issue(key, purpose, seed, now=now)
    side, path = second_factor.picture(user(), seed)
    secret = second_factor.secret(user(), seed)
    page = desk("second_factor.html", form=form, side=side, path=path, secret=secret)
    return make_response(page, 422 if form.errors else 200)


@admin.route("/account/second-factor/codes", methods=["GET", "POST"])
def renew_codes() -> AnyResponse:
    """Make new recovery codes in the place of those there are, with the password."""
    if user().totp_seed is None:
        return back_to(ACCOUNT, "The second step is off, so there are no codes.")
    form = PresentPasswordForm()
    if not is_proven(form, user().email):
        return _password_page(
            form,
            heading="Make new recovery codes",
            lede="You get ten new ones to print or write down. Those you have are worth nothing any more.",
            label="Make new codes",
        )
    with db.writing():
        codes = second_factor.renew_codes(user(), now=db.utc_now())
    sentence = "These are your new codes. The old ones are worth nothing any more."
    return desk("recovery_codes.html", codes=codes, sentence=sentence)


@admin.route("/account/second-factor/end", methods=["GET", "POST"])
def turn_off() -> AnyResponse:
    """Turn one's second step off, with the password."""
    form = PresentPasswordForm()
    if not is_proven(form, user().email):
        return _password_page(
            form,
            heading="Turn the second step off",
            lede="Your password alone lets you in then. The secret on your phone and the recovery codes are worth nothing any more.",
            label="Turn it off",
            is_bad=True,
        )
    with db.writing():
        second_factor.turn_off(user(), by=user(), now=db.utc_now())
    return back_to(ACCOUNT, "Your password alone is asked for from now on.")


def _password_page(form: PresentPasswordForm, **words: Any) -> Response:
    page = desk("present_password.html", form=form, **words)
    return make_response(page, 422 if form.errors else 200)


@admin.post(f"/people/<{urls.ROW}:user_id>/second-factor/end")
def turn_off_for(user_id: int) -> AnyResponse:
    """Turn off the second step of somebody who has lost phone and paper."""
    by, person = require(Action.MANAGE_PEOPLE), person_at(user_id)
    if person.id == by.id:
        # One's own is turned off with the password.
        return redirect("/admin/account/second-factor/end", 303)
    name = person.name
    with db.writing():
        second_factor.turn_off(person, by=by, now=db.utc_now())
    return back_to(PEOPLE, f"{name} signs in with the password alone now.")
