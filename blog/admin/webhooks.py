"""Programs that are told of what happens here: looked after, tested, and what was sent to them.

A secret stands on the answer to who has just made it, or given her password, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Response, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import db, urls, webhooks
from blog.admin.desk import admin, back_to, desk, require, user
from blog.admin.proving import is_proven
from blog.errors import Conflict, Invalid
from blog.forms.hooks import WebhookForm
from blog.forms.staff import PresentPasswordForm
from blog.permissions import Action
from blog.webhooks import DeliveryState, Event, State, Webhook, WebhookDelivery

PATH = "/admin/webhooks"
PAGE = 50
_ONE = f"/webhooks/<{urls.ROW}:hook_id>"
_STATES = {
    DeliveryState.QUEUED: ("Waiting", "plain"),
    DeliveryState.SENDING: ("On its way", "plain"),
    DeliveryState.DELIVERED: ("Delivered", "good"),
    DeliveryState.FAILED: ("Failed", "bad"),
}


class Line(NamedTuple):
    """A delivery as its row shows it."""

    row: WebhookDelivery
    words: str
    tone: str
    has_more: bool


@admin.get("/webhooks")
def show_webhooks() -> Response:
    """Show all endpoints and how they are."""
    require(Action.MANAGE_WEBHOOKS)
    return desk("webhooks.html", hooks=webhooks.everything(), most=webhooks.ENDPOINTS_MAX)


@admin.route("/webhooks/new", methods=["GET", "POST"])
def add_webhook() -> Response:
    """Add an endpoint; its secret is on the answer."""
    require(Action.MANAGE_WEBHOOKS)
    form = WebhookForm()
    if form.validate_on_submit():
        with db.writing():
            hook = _filled(form, lambda said: webhooks.add(**said).id)
        if hook is not None:
            return _show_secret(_hook(hook), "is added")
    return make_response(
        desk("webhook_form.html", form=form, hook=None), 422 if form.errors else 200
    )


@admin.route(f"{_ONE}/edit", methods=["GET", "POST"])
def change_webhook(hook_id: int) -> AnyResponse:
    """Change what an endpoint is called, where it is and what it is told of."""
    hook = _hook(hook_id)
    form = WebhookForm(obj=hook)
    if form.validate_on_submit():
        with db.writing():
            done = _filled(form, lambda said: _hook(hook_id, is_locked=True).change(**said))
        if done is not None:
            return back_to(_path(hook_id), "Saved.")
    page = desk("webhook_form.html", form=form, hook=_hook(hook_id))
    return make_response(page, 422 if form.errors else 200)


def _filled(form: WebhookForm, act: Callable[[dict[str, Any]], int]) -> int | None:
    """Do what a form asks for, or let it say what is wrong."""
    said = {"label": form.label.data, "url": form.url.data, "events": form.events.data}
    try:
        return act(said | {"by": user(), "now": db.utc_now()})
    except Invalid as error:
        for name, sentence in error.fields.items():
            form[name].errors = [sentence]
    except Conflict as error:
        form.form_errors.append(error.message)
    return None


@admin.get(_ONE)
def show_webhook(hook_id: int) -> Response:
    """Show an endpoint, and what was sent to it."""
    hook = _hook(hook_id)
    before = request.args.get("before", type=urls.row_id)
    rows = webhooks.recent(hook, before=before, limit=PAGE + 1)
    return desk(
        "webhook.html",
        hook=hook,
        words=[webhooks.WORDS[Event(event)] for event in hook.events],
        lines=[_line(row) for row in rows[:PAGE]],
        has_former=hook.has_former(now=db.utc_now()),
        kept=webhooks.KEPT,
        off_after=webhooks.OFF_AFTER,
        older=f"?before={rows[PAGE - 1].id}" if len(rows) > PAGE else None,
        newer=_path(hook_id) if before else None,
    )


def _line(row: WebhookDelivery) -> Line:
    words, tone = _STATES[row.state]
    return Line(row, words, tone, row.state == DeliveryState.QUEUED and row.attempts > 0)


@admin.post(f"{_ONE}/<any(on, paused):state>")
def switch_webhook(hook_id: int, state: str) -> AnyResponse:
    """Turn an endpoint on, or pause it."""
    _hook(hook_id)
    with db.writing():
        hook, by, now = _hook(hook_id, is_locked=True), user(), db.utc_now()
        done = hook.turn_on if state == State.ON else hook.pause
        done(by=by, now=now)
    is_on = state == State.ON
    return back_to(
        _path(hook_id),
        "It is on."
        if is_on
        else "It is paused: nothing is sent, and what happens isn’t kept for it.",
    )


@admin.post(f"{_ONE}/tests")
def test_webhook(hook_id: int) -> AnyResponse:
    """Send an event that says nothing."""
    _hook(hook_id)
    with db.writing():
        webhooks.test(_hook(hook_id), now=db.utc_now())
    return back_to(_path(hook_id), "A test is on its way. Reload the page in a moment.")


@admin.post(f"{_ONE}/deliveries/<{urls.ROW}:delivery_id>/again")
def send_delivery_again(hook_id: int, delivery_id: int) -> AnyResponse:
    """Send again what was sent, under the same id."""
    _hook(hook_id)
    with db.writing():
        webhooks.delivery_at(delivery_id, hook=_hook(hook_id)).send_again(now=db.utc_now())
    return back_to(_path(hook_id), "It is on its way again. Reload the page in a moment.")


@admin.route(f"{_ONE}/secret", methods=["GET", "POST"])
def show_webhook_secret(hook_id: int) -> Response:
    """Show the secret of an endpoint to who gives her password, or make another."""
    hook = _hook(hook_id)
    form = PresentPasswordForm()
    if is_proven(form, user().email):
        if request.form.get("act") != "new":
            return _show_secret(_hook(hook_id), "has this secret")
        with db.writing():
            _hook(hook_id, is_locked=True).rotate(by=user(), now=db.utc_now())
        return _show_secret(_hook(hook_id), "has a new secret")
    has_former = hook.has_former(now=db.utc_now())
    page = desk("webhook_secret.html", form=form, hook=_hook(hook_id), has_former=has_former)
    return make_response(page, 422 if form.errors else 200)


@admin.post(f"{_ONE}/former-secret/end")
def end_former_secret(hook_id: int) -> AnyResponse:
    """Sign no more by the secret before this one."""
    _hook(hook_id)
    with db.writing():
        _hook(hook_id, is_locked=True).end_former(by=user(), now=db.utc_now())
    return back_to(_path(hook_id), "The former secret signs nothing any more.")


@admin.route(f"{_ONE}/removal", methods=["GET", "POST"])
def remove_webhook(hook_id: int) -> AnyResponse:
    """Ask whether an endpoint shall go, and remove it."""
    hook = _hook(hook_id)
    if request.method == "GET":
        return desk("webhook_removal.html", hook=hook)
    label = hook.label
    with db.writing():
        _hook(hook_id, is_locked=True).remove(by=user(), now=db.utc_now())
    return back_to(PATH, f"“{label}” is removed, with all that was sent to it.")


def _show_secret(hook: Webhook, said: str) -> Response:
    now = db.utc_now()
    until = hook.former_until if hook.has_former(now=now) else None
    return desk("webhook_made.html", hook=hook, said=said, until=until)


def _hook(hook_id: int, *, is_locked: bool = False) -> Webhook:
    """Return an endpoint, for who may look after them.

    Raises: Forbidden; NotFound.
    """
    require(Action.MANAGE_WEBHOOKS)
    return webhooks.at(hook_id, is_locked=is_locked)


def _path(hook_id: int) -> str:
    return f"{PATH}/{hook_id}"
