"""What programs elsewhere are told of, and how that reads: a type, a moment, ids and addresses.

An event holds no name, address or word of anybody, so that nothing has to be called back when a
comment or an enquiry is erased. Who wants to know more asks the API.

Source: https://github.com/standard-webhooks/standard-webhooks for the shape of the body.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

# So many things are listed in one event; how many there are it says in any case.
ITEMS_MAX = 200

Item = dict[str, Any]


class Event(StrEnum):
    """What happened, by the name that programs know it by."""

    ARTICLE_PUBLISHED = "article.published"
    ARTICLE_UPDATED = "article.updated"
    ARTICLE_UNPUBLISHED = "article.unpublished"
    ARTICLE_DELETED = "article.deleted"
    COMMENT_RECEIVED = "comment.received"
    COMMENT_PUBLISHED = "comment.published"
    COMMENT_UPDATED = "comment.updated"
    COMMENT_REMOVED = "comment.removed"
    ENQUIRY_RECEIVED = "enquiry.received"
    ENQUIRY_CHANGED = "enquiry.changed"
    SITE_CHANGED = "site.changed"


# What an endpoint is told when somebody tests it, whatever it chose.
TESTED = "webhook.tested"
WORDS = {
    Event.ARTICLE_PUBLISHED: "Articles appeared",
    Event.ARTICLE_UPDATED: "Published articles changed",
    Event.ARTICLE_UNPUBLISHED: "Articles were taken offline, or expired",
    Event.ARTICLE_DELETED: "Published articles were deleted",
    Event.COMMENT_RECEIVED: "A comment, or an edit of one, waits for review",
    Event.COMMENT_PUBLISHED: "Comments were published, for good",
    Event.COMMENT_UPDATED: "Published comments say something else",
    Event.COMMENT_REMOVED: "Published comments were taken down or withdrawn",
    Event.ENQUIRY_RECEIVED: "An enquiry arrived",
    Event.ENQUIRY_CHANGED: "Something was done about enquiries",
    Event.SITE_CHANGED: "Pages, authors’ profiles or the site’s own words changed",
}


def body(event: str, items: Sequence[Item], *, at: datetime) -> str:
    """Write what is sent; the same bytes at every attempt, since they are signed."""
    told = {
        "type": str(event),
        "timestamp": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "data": {"count": len(items), "items": items[:ITEMS_MAX]},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
