"""Choosing a new password, or proving a new address, by a link that was mailed.

A GET never changes anything, since mail scanners open links. Who asks for a link is told the same
whatever is known of the address.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from blog import accounts, db, limits
from blog.admin.desk import admin, back_to, by_link
from blog.errors import Invalid
from blog.forms.staff import ForgottenForm, NewPasswordForm
from blog.staff import links, passwords, profile, team
from blog.staff.links import LinkKind

SIGN_IN = "/admin/sign-in"


@admin.route("/forgotten", methods=["GET", "POST"])
@limits.limiter.limit(limits.FORGOTTEN, methods=["POST"])
def ask_for_password() -> Response:
    """Send a link to who has forgotten her password, if the address is anybody's."""
    form = ForgottenForm()
    is_asked = form.validate_on_submit()
    if is_asked:
        with db.writing():
            passwords.ask(form.email.data)
    page = render_template("admin/forgotten.html", form=form, is_asked=is_asked)
    return make_response(page, 422 if form.errors else 200)


@admin.route("/password", methods=["GET", "POST"])
@limits.limiter.limit(limits.LINKS)
@by_link
def choose_password() -> AnyResponse:
    """Set a new password by a mailed link."""
    again = ("/admin/forgotten", "Ask for a new one")
    return _chosen(
        LinkKind.PASSWORD,
        "admin/choose_password.html",
        passwords.reset,
        dead=again,
        used=again,
        done="Your password is changed. Please sign in with it.",
    )


@admin.route("/invitation", methods=["GET", "POST"])
@limits.limiter.limit(limits.LINKS)
@by_link
def accept_invitation() -> AnyResponse:
    """Let somebody who is invited choose her password."""
    return _chosen(
        LinkKind.INVITATION,
        "admin/invitation.html",
        team.accept,
        dead=("", "Ask whoever invited you for a new one."),
        used=(SIGN_IN, "Sign in"),
        done="Welcome. Please sign in with your new password.",
    )


def _chosen(
    kind: LinkKind,
    template: str,
    take: Callable[..., bool],
    *,
    dead: tuple[str, str],
    used: tuple[str, str],
    done: str,
) -> AnyResponse:
    """Take the password that is chosen by a link; `used` is for who comes a moment too late."""
    token, now = request.args.get("token", ""), db.utc_now()
    link = links.opened(token, kind, now=now)
    if link is None:
        return ended(*dead)
    form = NewPasswordForm()
    if not form.validate_on_submit():
        page = render_template(template, form=form, user=link.user)
        return make_response(page, 422 if form.errors else 200)
    password_hash = accounts.hash_password(form.password.data)
    with db.writing():
        is_set = take(token, password_hash, now=now)
    return back_to(SIGN_IN, done) if is_set else ended(*used)


@admin.route("/address", methods=["GET", "POST"])
@limits.limiter.limit(limits.LINKS)
@by_link
def prove_address() -> AnyResponse:
    """Change the address of an account by the link that was mailed to the new one."""
    token, now = request.args.get("token", ""), db.utc_now()
    link = links.opened(token, LinkKind.ADDRESS, now=now)
    if link is None:
        return ended("/admin/account/address", "Ask for a new one")
    if request.method == "GET":
        return make_response(render_template("admin/prove_address.html", link=link))
    try:
        with db.writing():
            email = profile.take_address(token, now=now)
    except Invalid:
        email = None
    if email is None:
        return ended("/admin/account/address", "Ask for a new one")
    return back_to("/admin/account", f"You sign in with {email} from now on.")


def ended(path: str, words: str) -> Response:
    """Say that a link is worth nothing any more, whatever the reason, and where to go."""
    page = render_template("admin/link_ended.html", path=path, words=words)
    return make_response(page, 410)
