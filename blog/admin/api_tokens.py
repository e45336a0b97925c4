"""One's tokens, by which programs act for somebody: listed, made, ended.

A secret stands on the answer that made it and nowhere else; no address holds one.
"""

from __future__ import annotations

from flask import Response, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import db, permissions, urls
from blog.admin.desk import admin, back_to, desk, user
from blog.admin.proving import is_proven
from blog.errors import Invalid, NotFound
from blog.forms.staff import ApiTokenForm
from blog.permissions import Scope
from blog.staff import api_tokens

PATH = "/admin/account/tokens"


@admin.get("/account/tokens")
def show_api_tokens() -> Response:
    """Show one's tokens: what each is for, when it was used, how long it lasts."""
    return desk("api_tokens.html", tokens=api_tokens.of(user()), now=db.utc_now())


@admin.route("/account/tokens/new", methods=["GET", "POST"])
def make_api_token() -> Response:
    """Make a token, with the password; its secret is shown this once."""
    form = ApiTokenForm()
    form.offer(permissions.scopes_of(user()))
    secret = _made(form) if is_proven(form, user().email) else None
    if secret:
        return desk("api_token_made.html", label=form.label.data, secret=secret)
    page = desk("api_token.html", form=form)
    return make_response(page, 422 if form.errors else 200)


def _made(form: ApiTokenForm) -> str | None:
    """Make what a form asks for, or let it say what is wrong."""
    scopes = [Scope(scope) for scope in form.scopes.data]
    lives_days = form.lives_days.data or None
    try:
        with db.writing():
            _, secret = api_tokens.make(
                user(),
                form.label.data,
                scopes,
                lives_days=lives_days,
                by=user(),
                now=db.utc_now(),
            )
    except Invalid as error:
        for name, sentence in error.fields.items():
            form[name].errors = [sentence]
        return None
    return secret


@admin.route(f"/account/tokens/<{urls.ROW}:token_id>/end", methods=["GET", "POST"])
def revoke_api_token(token_id: int) -> AnyResponse:
    """Ask whether a token shall end, and end it."""
    token = api_tokens.by_id(token_id, owner=user())
    if token is None:
        raise NotFound("You have no token with this number.")
    if request.method == "GET":
        return desk("api_token_end.html", token=token)
    label = token.label
    with db.writing():
        api_tokens.revoke(token, by=user(), now=db.utc_now())
    return back_to(PATH, f"“{label}” is ended: whatever used it is locked out.")
