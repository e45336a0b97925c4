"""What programs are sent and may send about webhooks, and what a webhook itself is sent."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from blog.schemas import In, Moment, Out, Url
from blog.webhooks import LABEL_MAX_CHARS, URL_MAX_CHARS, Event

Label = Annotated[str, Meta(min_length=1, max_length=LABEL_MAX_CHARS)]
HookUrl = Annotated[
    str,
    Meta(
        description="Where it goes: https, unless the site names the host in BLOG_WEBHOOK_HOSTS.",
        min_length=1,
        max_length=URL_MAX_CHARS,
    ),
]
Events = Annotated[list[Event], Meta(description="What it is told of.", min_length=1)]


class Webhook(Out, frozen=True):
    """An endpoint, and how it is; one that was switched off says why."""

    id: int
    label: str
    url: Url
    events: list[Event]
    state: Literal["on", "paused", "off"]
    off_because: str | None
    failing_since: Moment | None
    former_secret_until: Annotated[
        Moment | None, Meta(description="As long as the secret before this one signs too.")
    ]
    created_at: Moment


class WebhookWithSecret(Webhook, frozen=True):
    """An endpoint with its secret, by which signatures are checked."""

    secret: Annotated[str, Meta(description="`whsec_` and 32 bytes in base64.")]


class WebhookIn(In, frozen=True):
    """An endpoint to be told of what happens from now on."""

    label: Label
    url: HookUrl
    events: Events


class WebhookChange(In, frozen=True):
    """What is to be otherwise; the rest stays. What is paused is told of nothing."""

    label: Label | None = None
    url: HookUrl | None = None
    events: Events | None = None
    state: Literal["on", "paused"] | None = None


class Delivery(Out, frozen=True):
    """One event for one endpoint; `status` and `answer` are of the last attempt."""

    id: int
    message_id: Annotated[str, Meta(description="The header `webhook-id` of every attempt.")]
    event: str
    state: Literal["queued", "sending", "delivered", "failed"]
    attempts: int
    status: Annotated[int | None, Meta(description="None where no answer came.")]
    answer: Annotated[str | None, Meta(description="Its first words, or what went wrong.")]
    body: Annotated[str, Meta(description="What was signed and sent.")]
    created_at: Moment
    tried_at: Moment | None
    next_attempt_at: Annotated[Moment | None, Meta(description="None where nothing is to come.")]


class EventItem(Out, frozen=True, omit_defaults=True):
    """A thing that something happened to; nothing of what it says."""

    id: Annotated[
        int | str,
        Meta(description="Of an article, comment or enquiry; of the site as `pages/privacy`."),
    ]
    url: Annotated[str, Meta(description="Where to ask; with a token below `/admin`.")]
    article_id: Annotated[str | None, Meta(description="Of a comment, where it is known.")] = None


class EventData(Out, frozen=True):
    """To how many things it happened, and the first of them."""

    count: int
    items: list[EventItem]


class EventBody(Out, frozen=True):
    """What a webhook is sent; `webhook-id`, `webhook-timestamp` and `webhook-signature` come with it."""

    type: str
    timestamp: Annotated[Moment, Meta(description="When it happened.")]
    data: EventData
