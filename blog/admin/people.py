"""The people page: who has an account, for administrators alone."""

from __future__ import annotations

from itertools import starmap

from flask import Response, make_response
from werkzeug.wrappers import Response as AnyResponse
from wtforms import SelectChoice

from blog import accounts, articles, db, limits, urls
from blog.accounts import Role, User
from blog.admin.desk import admin, back_to, desk, require
from blog.errors import Invalid, NotFound
from blog.forms.staff import InviteForm, RoleForm
from blog.permissions import Action
from blog.staff import team

PATH = "/admin/people"


@admin.get("/people")
def show_people() -> Response:
    """List who has an account, and who is invited."""
    require(Action.MANAGE_PEOPLE)
    return desk("people.html", people=accounts.everybody(), profiles=articles.profiles())


@admin.route("/people/new", methods=["GET", "POST"])
@limits.limiter.limit(limits.POSTS, methods=["POST"])
def invite() -> AnyResponse:
    """Invite somebody by mail."""
    by, form = require(Action.MANAGE_PEOPLE), InviteForm(role=Role.MODERATOR)
    if not form.validate_on_submit():
        return _invite_page(form)
    email, name, role = form.email.data, form.name.data, Role(form.role.data)
    try:
        with db.writing():
            team.invite(email, name, role, _profile(form), by=by, now=db.utc_now())
    except Invalid as error:
        _say(form, error)
        return _invite_page(form)
    return back_to(PATH, f"An invitation was sent to {email}.")


def _profile(form: InviteForm | RoleForm) -> str:
    """Read the profile that was chosen, which nobody but an author needs."""
    return form.author_id.data if form.role.data == Role.AUTHOR else ""


def _say(form: InviteForm | RoleForm, error: Invalid) -> None:
    for name, sentence in error.fields.items():
        form[name].errors = [sentence]


def _offer_profiles(form: InviteForm | RoleForm, *, kept: str = "") -> None:
    found = articles.profiles()
    if kept and kept not in found:
        found[kept] = f"{kept} (its file is gone)"
    form.author_id.choices = [SelectChoice("", "None yet"), *starmap(SelectChoice, found.items())]


def _invite_page(form: InviteForm) -> Response:
    _offer_profiles(form)
    return make_response(desk("invite.html", form=form), 422 if form.errors else 200)


@admin.route(f"/people/<{urls.ROW}:user_id>", methods=["GET", "POST"])
def show_person(user_id: int) -> AnyResponse:
    """Show somebody's account, and give her another role or profile."""
    by, person = require(Action.MANAGE_PEOPLE), person_at(user_id)
    form = RoleForm(obj=person)
    if not form.validate_on_submit():
        return _person_page(person, form)
    name, role = person.name, Role(form.role.data)
    try:
        with db.writing():
            team.change_role(person, role, _profile(form), by=by, now=db.utc_now())
    except Invalid as error:
        _say(form, error)
        return _person_page(person_at(user_id), form)
    return back_to(PATH, f"{name} is {role} now.")


def _person_page(person: User, form: RoleForm) -> Response:
    _offer_profiles(form, kept=person.author_id or "")
    page = desk("person.html", person=person, form=form)
    return make_response(page, 422 if form.errors else 200)


def person_at(user_id: int) -> User:
    """Return whose account has a number.

    Raises: NotFound where it is nobody's any more.
    """
    found = accounts.by_id(user_id)
    if found is None or found.removed_at is not None:
        raise NotFound("There is no account with this number.")
    return found


@admin.post(f"/people/<{urls.ROW}:user_id>/invitation")
@limits.limiter.limit(limits.POSTS)
def invite_again(user_id: int) -> AnyResponse:
    """Mail somebody who was invited a new link."""
    by, person = require(Action.MANAGE_PEOPLE), person_at(user_id)
    with db.writing():
        is_sent = team.invite_again(person, by=by, now=db.utc_now())
    done = "A new link was sent." if is_sent else "The invitation was accepted already."
    return back_to(PATH, done)


@admin.post(f"/people/<{urls.ROW}:user_id>/removal")
def remove_person(user_id: int) -> AnyResponse:
    """Take an account away, or an invitation back."""
    by, person = require(Action.MANAGE_PEOPLE), person_at(user_id)
    name = person.name
    with db.writing():
        team.remove(person, by=by, now=db.utc_now())
    return back_to(PATH, f"{name} has no account any more.")
