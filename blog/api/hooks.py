"""Webhooks for programs: endpoints looked after, tested, and what was sent to them.

Whatever is done is done by the owner of the token. A secret is in the answer to who makes it.
"""

from __future__ import annotations

from typing import Any

from flask import Response

from blog import db, schemas, urls, webhooks
from blog.accounts import User
from blog.api import answers
from blog.api.articles import LIMIT_ASKED
from blog.api.moderating import CURSOR
from blog.api.surface import manages
from blog.permissions import Action
from blog.schemas import hooks
from blog.webhooks import DeliveryState, Webhook, WebhookDelivery

_MANY = "/admin/webhooks"
_ONE = f"{_MANY}/<int:hook_id>"
_ABOUT: dict[str, Any] = {
    "needs": Action.MANAGE_WEBHOOKS,
    "tag": "Webhooks",
    "missing": "No webhook has this number.",
}
_NOT_NOW = {"409": "Not as it is now; the answer says why."}
_IF_MATCH = {"412": "It was changed meanwhile: read it again.", "428": "`If-Match` is missing."}


@manages("GET", _MANY, **_ABOUT | {"missing": ""}, gives=hooks.Webhook, is_list=True)
def list_webhooks(by: User) -> Response:
    """List all endpoints, the oldest first."""
    del by  # they are nobody's in particular
    return answers.whole([_told(hook) for hook in webhooks.everything()])


@manages(
    "POST",
    _MANY,
    **_ABOUT | {"missing": ""},
    takes=hooks.WebhookIn,
    gives=hooks.WebhookWithSecret,
    status=201,
    refusals=_NOT_NOW,
)
def add_webhook(by: User, sent: hooks.WebhookIn) -> Response:
    """Add an endpoint; the answer has its secret.

    It is told of what happens from now on.
    """
    said: dict[str, Any] = {"label": sent.label, "url": sent.url, "events": sent.events}
    with db.writing():
        hook_id = webhooks.add(**said, by=by, now=db.utc_now()).id
    return answers.taken(_with_secret(_hook(hook_id)), 201)


@manages("GET", _ONE, **_ABOUT, gives=hooks.Webhook, sends=("ETag",))
def show_webhook(by: User, hook_id: int) -> Response:
    """Show an endpoint, without its secret."""
    del by
    return answers.versioned(_told(_hook(hook_id)))


@manages(
    "PATCH",
    _ONE,
    **_ABOUT,
    takes=hooks.WebhookChange,
    gives=hooks.Webhook,
    headers=("If-Match",),
    refusals=_IF_MATCH,
    sends=("ETag",),
)
def change_webhook(by: User, sent: hooks.WebhookChange, hook_id: int) -> Response:
    """Change an endpoint, pause it, or turn it on.

    What was queued before a pause waits; what happens in it isn’t kept.
    """
    with db.writing():
        hook, now = _hook(hook_id, is_locked=True), db.utc_now()
        answers.require_version(_told(hook))
        if sent.label or sent.url or sent.events:
            hook.change(
                label=sent.label or hook.label,
                url=sent.url or hook.url,
                events=sent.events or hook.events,
                by=by,
                now=now,
            )
        if sent.state:
            (hook.turn_on if sent.state == "on" else hook.pause)(by=by, now=now)
    return answers.versioned(_told(_hook(hook_id)))


@manages("DELETE", _ONE, **_ABOUT, gives=None, status=204)
def remove_webhook(by: User, hook_id: int) -> Response:
    """Remove an endpoint, and what was sent to it."""
    with db.writing():
        _hook(hook_id, is_locked=True).remove(by=by, now=db.utc_now())
    return answers.nothing()


@manages("POST", f"{_ONE}/secret", **_ABOUT, gives=hooks.WebhookWithSecret, refusals=_NOT_NOW)
def rotate_webhook_secret(by: User, hook_id: int) -> Response:
    """Give an endpoint a new secret; the former one signs too, for a day."""
    with db.writing():
        _hook(hook_id, is_locked=True).rotate(by=by, now=db.utc_now())
    return answers.taken(_with_secret(_hook(hook_id)))


@manages("DELETE", f"{_ONE}/former-secret", **_ABOUT, gives=None, status=204)
def end_former_webhook_secret(by: User, hook_id: int) -> Response:
    """Sign no more by the secret before this one."""
    with db.writing():
        _hook(hook_id, is_locked=True).end_former(by=by, now=db.utc_now())
    return answers.nothing()


@manages("POST", f"{_ONE}/tests", **_ABOUT, gives=hooks.Delivery, status=202, refusals=_NOT_NOW)
def test_webhook(by: User, hook_id: int) -> Response:
    """Send an endpoint an event that says nothing: `webhook.tested`."""
    del by
    with db.writing():
        number = webhooks.test(_hook(hook_id), now=db.utc_now()).id
    return answers.taken(_delivery(_row(hook_id, number)), 202)


@manages(
    "GET",
    f"{_ONE}/deliveries",
    **_ABOUT,
    asks=(LIMIT_ASKED, CURSOR),
    gives=hooks.Delivery,
    is_list=True,
)
def list_deliveries(by: User, asked: dict[str, Any], hook_id: int) -> Response:
    """List what was sent to an endpoint within a month, the newest first."""
    del by
    hook, limit = _hook(hook_id), asked["limit"]
    rows = webhooks.recent(hook, before=asked["cursor"], limit=limit + 1)
    pagination = schemas.Pagination(
        limit=limit,
        total=webhooks.count(hook),
        cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )
    return answers.many([_delivery(row) for row in rows[:limit]], pagination)


@manages(
    "POST",
    f"{_ONE}/deliveries/<int:delivery_id>/again",
    **_ABOUT,
    gives=hooks.Delivery,
    status=202,
    refusals=_NOT_NOW,
)
def send_delivery_again(by: User, hook_id: int, delivery_id: int) -> Response:
    """Send again what was sent, under the same id."""
    del by
    with db.writing():
        _row(hook_id, delivery_id).send_again(now=db.utc_now())
    return answers.taken(_delivery(_row(hook_id, delivery_id)), 202)


def _hook(hook_id: int, *, is_locked: bool = False) -> Webhook:
    # No row has a larger number, nor could a database be asked for one.
    return webhooks.at(min(hook_id, urls.ROW_ID_MAX), is_locked=is_locked)


def _row(hook_id: int, delivery_id: int) -> WebhookDelivery:
    return webhooks.delivery_at(min(delivery_id, urls.ROW_ID_MAX), hook=_hook(hook_id))


def _told(hook: Webhook) -> hooks.Webhook:
    return hooks.Webhook(**_parts(hook))


def _with_secret(hook: Webhook) -> hooks.WebhookWithSecret:
    return hooks.WebhookWithSecret(**_parts(hook), secret=hook.secret)


def _parts(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "label": hook.label,
        "url": hook.url,
        "events": hook.events,
        "state": hook.state,
        "off_because": hook.off_because,
        "failing_since": hook.failing_since,
        "former_secret_until": hook.former_until if hook.has_former(now=db.utc_now()) else None,
        "created_at": hook.created_at,
    }


def _delivery(row: WebhookDelivery) -> hooks.Delivery:
    is_to_come = row.state in (DeliveryState.QUEUED, DeliveryState.SENDING)
    return hooks.Delivery(
        id=row.id,
        message_id=row.message_id,
        event=row.event,
        state=row.state,  # type: ignore[arg-type]  # a plain word, as the database has it
        attempts=row.attempts,
        status=row.status,
        answer=row.answer,
        body=row.body,
        created_at=row.created_at,
        tried_at=row.tried_at,
        next_attempt_at=row.next_attempt_at if is_to_come else None,
    )
