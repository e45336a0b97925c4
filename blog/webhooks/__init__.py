"""Webhooks: programs elsewhere are told of what happens here, signed, and again until it arrives.

What is told holds ids and addresses to ask, never a person's words. Deliveries are rows, written
in the transaction of what causes them or derived from what that wrote.
"""

from __future__ import annotations

from blog.webhooks import progress
from blog.webhooks.courier import Courier, running
from blog.webhooks.deliveries import (
    ATTEMPTS,
    KEPT,
    LEASE,
    DeliveryState,
    WebhookDelivery,
    count,
    recent,
    sweep,
    tell,
    test,
)
from blog.webhooks.deliveries import at as delivery_at
from blog.webhooks.deliveries import by_id as delivery_by_id
from blog.webhooks.endpoints import (
    ENDPOINTS_MAX,
    LABEL_MAX_CHARS,
    NOTHING_CHOSEN,
    OFF_AFTER,
    ROTATION,
    SWITCHED_OFF,
    State,
    Webhook,
    add,
    at,
    by_id,
    count_off,
    everything,
    listening_since,
    unwarned,
)
from blog.webhooks.events import ITEMS_MAX, TESTED, WORDS, Event, Item
from blog.webhooks.places import URL_MAX_CHARS

__all__ = [
    "ATTEMPTS",
    "ENDPOINTS_MAX",
    "ITEMS_MAX",
    "KEPT",
    "LABEL_MAX_CHARS",
    "LEASE",
    "NOTHING_CHOSEN",
    "OFF_AFTER",
    "ROTATION",
    "SWITCHED_OFF",
    "TESTED",
    "URL_MAX_CHARS",
    "WORDS",
    "Courier",
    "DeliveryState",
    "Event",
    "Item",
    "State",
    "Webhook",
    "WebhookDelivery",
    "add",
    "at",
    "by_id",
    "count",
    "count_off",
    "delivery_at",
    "delivery_by_id",
    "everything",
    "listening_since",
    "progress",
    "recent",
    "running",
    "sweep",
    "tell",
    "test",
    "unwarned",
]
