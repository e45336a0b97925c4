"""How far each stream of what happens was told, so that nothing is told twice or passed over."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from blog import db


class WebhookProgress(db.Model):
    """How far a stream was told: all up to a number, of what was there at a moment."""

    __tablename__ = "webhook_progress"

    stream: Mapped[str] = mapped_column(String(40), primary_key=True)
    told_up_to: Mapped[int]
    at: Mapped[datetime]


def of(stream: str) -> WebhookProgress | None:
    """Return how far a stream is; None where nobody ever asked."""
    return db.session.get(WebhookProgress, stream)


def held(stream: str, since: datetime) -> WebhookProgress:
    """Return how far a stream is, for nobody else to move on; one that is new begins at a moment."""
    found = db.session.get(WebhookProgress, stream, with_for_update=True)
    if found is None:
        found = WebhookProgress(stream=stream, told_up_to=0, at=since - timedelta(seconds=1))
        db.session.add(found)
    return found
