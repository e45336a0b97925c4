"""Deliveries: a row for each endpoint and event, queued with what causes it, claimed, tried, noted.

A claim is a conditional update of a row that nobody else has locked, and is committed before the
attempt, which runs in no transaction. A worker that dies loses its claim when the lease ends; what
it had in hand is sent once more under the same id, from which receivers know it again.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from blog import db
from blog.errors import NotFound
from blog.webhooks import endpoints, signing
from blog.webhooks.endpoints import REST_MAX, State, Webhook
from blog.webhooks.events import TESTED, Event, Item, body
from blog.webhooks.sending import WORDS_MAX_CHARS, Answer

ATTEMPTS = 6
KEPT = timedelta(days=30)
# Longer than any attempt, or a second worker would start while the first still speaks.
LEASE = timedelta(minutes=1)
_WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)]
_SPREAD = 0.2
_FORGET_AT_ONCE = 500
_jitter = random.SystemRandom()


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


class WebhookDelivery(db.Model):
    """One event for one endpoint; while it is being sent, `next_attempt_at` is the lease's end.

    `status` and `answer` are of the last attempt.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "webhook_id", "state", "next_attempt_at"),
        Index("ix_webhook_delivery_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_delivery_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[DeliveryState] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    tried_at: Mapped[datetime | None]
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(String(WORDS_MAX_CHARS))

    def settle(self, answer: Answer, *, now: datetime) -> None:
        """Note how an attempt ended, and when the next one is, if any."""
        self.tried_at, self.status, self.answer = now, answer.status, answer.words
        self.claimed_by = None
        if answer.is_taken:
            self.state = DeliveryState.DELIVERED
        elif answer.is_gone or self.attempts >= ATTEMPTS:
            self.state = DeliveryState.FAILED
        else:
            self.state = DeliveryState.QUEUED
            wait = _WAITS[min(self.attempts, len(_WAITS)) - 1]
            wait *= _jitter.uniform(1 - _SPREAD, 1 + _SPREAD)
            self.next_attempt_at = now + max(wait, min(answer.retry_after or wait, REST_MAX))

    def send_again(self, *, now: datetime) -> bool:
        """Make it due now, under the same id; tell whether that changed anything.

        Raises: Conflict where its endpoint isn't told of anything.
        """
        db.session.get_one(Webhook, self.webhook_id).wake()
        if self.state == DeliveryState.SENDING:
            return False
        self.state, self.attempts, self.next_attempt_at = DeliveryState.QUEUED, 0, now
        return True


@dataclass(frozen=True)
class Parcel:
    """A delivery that is claimed, with all that an attempt needs."""

    delivery_id: int
    hook_id: int
    worker: str
    url: str
    message_id: str
    body: str
    secrets: Sequence[str]

    def headers(self, *, now: datetime) -> dict[str, str]:
        """Return what is sent with it, signed at this moment."""
        signed = signing.headers(self.message_id, self.body.encode(), self.secrets, now=now)
        return {"Content-Type": "application/json", "User-Agent": "clinic-blog-webhooks"} | signed


def tell(event: Event, items: Sequence[Item], *, at: datetime, now: datetime) -> int:
    """Queue an event of some moment for whoever is told of it, in the transaction at work.

    Returns: for how many.
    """
    hooks = endpoints.listening(event, at=at)
    _queue(hooks, event, items, at=at, now=now)
    return len(hooks)


def test(hook: Webhook, *, now: datetime) -> WebhookDelivery:
    """Queue an event for one endpoint, whatever it is told of, that says nothing.

    Raises: Conflict where it isn't on.
    """
    hook.wake()
    (delivery,) = _queue([hook], TESTED, [], at=now, now=now)
    db.session.flush()
    return delivery


def _queue(
    hooks: Sequence[Webhook], event: str, items: Sequence[Item], *, at: datetime, now: datetime
) -> list[WebhookDelivery]:
    # What happened is one thing, whoever is told of it.
    message_id, told = f"msg_{secrets.token_hex(16)}", body(event, items, at=at)
    rows = [
        WebhookDelivery(
            webhook_id=hook.id,
            message_id=message_id,
            event=event,
            body=told,
            state=DeliveryState.QUEUED,
            attempts=0,
            created_at=now,
            next_attempt_at=now,
        )
        for hook in hooks
    ]
    db.session.add_all(rows)
    return rows


def _is_due(row: type[WebhookDelivery], now: datetime) -> ColumnElement[bool]:
    waits = row.state.in_((DeliveryState.QUEUED, DeliveryState.SENDING))
    return waits & (row.next_attempt_at <= now)


def due(*, now: datetime) -> Sequence[int]:
    """Return the endpoints for which something is due, by an index; leaves no transaction open."""
    of_hook = select(WebhookDelivery.id).where(
        WebhookDelivery.webhook_id == Webhook.id, _is_due(WebhookDelivery, now)
    )
    rested = Webhook.rest_until.is_(None) | (Webhook.rest_until <= now)
    query = select(Webhook.id).where(Webhook.state == State.ON, rested, of_hook.exists())
    db.session.rollback()
    try:
        return db.session.execute(query).scalars().all()
    finally:
        db.session.rollback()


def claim(hook_id: int, worker: str, *, now: datetime) -> Parcel | None:
    """Take what waits longest for an endpoint; None where nothing is due, or it rests."""
    if hook_id not in due(now=now):
        return None
    each = aliased(WebhookDelivery)
    oldest = (
        select(each.id)
        .where(each.webhook_id == hook_id, _is_due(each, now))
        .order_by(each.next_attempt_at, each.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = {
        "state": DeliveryState.SENDING,
        "attempts": WebhookDelivery.attempts + 1,
        "claimed_by": worker,
        "next_attempt_at": now + LEASE,
    }
    query = update(WebhookDelivery).where(WebhookDelivery.id == oldest.scalar_subquery())
    with db.writing():
        row = db.session.execute(query.values(taken).returning(WebhookDelivery)).scalar()
        hook = endpoints.by_id(hook_id)
        if row is None or hook is None:
            return None
        return Parcel(
            delivery_id=row.id,
            hook_id=hook_id,
            worker=worker,
            url=hook.url,
            message_id=row.message_id,
            body=row.body,
            secrets=hook.secrets(now=now),
        )


def settle(parcel: Parcel, answer: Answer, *, now: datetime) -> None:
    """Note how an attempt ended, of the delivery and its endpoint, unless the claim was lost."""
    with db.writing():
        hook = endpoints.by_id(parcel.hook_id, is_locked=True)
        query = select(WebhookDelivery).where(
            WebhookDelivery.id == parcel.delivery_id,
            WebhookDelivery.claimed_by == parcel.worker,
            WebhookDelivery.state == DeliveryState.SENDING,
        )
        row = db.session.execute(query.with_for_update()).scalar_one_or_none()
        if hook is None or row is None:
            return
        row.settle(answer, now=now)
        hook.heed(answer, now=now)
        if hook.state == State.OFF:
            _give_up(hook)


def _give_up(hook: Webhook) -> None:
    """Let nothing wait for an endpoint that was switched off."""
    waits = (
        WebhookDelivery.webhook_id == hook.id,
        WebhookDelivery.state == DeliveryState.QUEUED,
    )
    words = "The endpoint was switched off."
    given_up = {"state": DeliveryState.FAILED, "answer": words}
    db.session.execute(update(WebhookDelivery).where(*waits).values(given_up))


def by_id(delivery_id: int, *, hook: Webhook) -> WebhookDelivery | None:
    """Return a delivery of an endpoint by its number."""
    found = db.session.get(WebhookDelivery, delivery_id)
    return found if found and found.webhook_id == hook.id else None


def at(delivery_id: int, *, hook: Webhook) -> WebhookDelivery:
    """Return a delivery as `by_id` does.

    Raises: NotFound.
    """
    found = by_id(delivery_id, hook=hook)
    if found is None:
        raise NotFound("There is no delivery with this number here.")
    return found


def recent(
    hook: Webhook, *, before: int | None = None, limit: int = 50
) -> Sequence[WebhookDelivery]:
    """Return what was sent to an endpoint, the newest first, or what came before one of them."""
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == hook.id)
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    newest = query.order_by(WebhookDelivery.id.desc()).limit(limit)
    return db.session.execute(newest).scalars().all()


def count(hook: Webhook) -> int:
    """Return how many deliveries of an endpoint are kept."""
    query = select(func.count(WebhookDelivery.id)).where(WebhookDelivery.webhook_id == hook.id)
    return db.session.execute(query).scalar_one()


def sweep(now: datetime) -> None:
    """Forget deliveries that are older than a month, some at a time, whatever became of them."""
    old = select(WebhookDelivery.id).where(WebhookDelivery.created_at <= now - KEPT)
    while ids := db.session.execute(old.limit(_FORGET_AT_ONCE)).scalars().all():
        with db.writing():
            db.session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids)))
