"""The clinic's morning mail: what came, what waits, and whether mail arrives; one each day.

It comes also when nothing happened, so that a day without it says that something is broken.
Holds no visitor's words.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import render_template
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import articles, comments, config, db, enquiries, outbox, urls
from blog.comments import CommentState, letters
from blog.enquiries import Folder
from blog.outbox import OutgoingMail

MAIL = "summary"
_SHOWN = 20
_COUNTED = (Folder.NEW, Folder.UNANSWERED, Folder.SUSPECTED)


class DailySummary(db.Model):
    """A day whose mail was queued; the first has none, since there was nothing to sum up."""

    __tablename__ = "daily_summary"

    day: Mapped[date] = mapped_column(primary_key=True)
    queued_at: Mapped[datetime]
    mail_id: Mapped[int | None] = mapped_column(
        ForeignKey("outgoing_mail.id", ondelete="SET NULL"), index=True
    )
    mail: Mapped[OutgoingMail | None] = relationship()


def send(now: datetime) -> bool:
    """Queue the mail of the day once its hour has come; several workers queue one.

    Returns: whether it was queued.
    """
    at = config.current().summary_at
    local = now.astimezone(articles.site().zone)
    if at is None or local.time() < at:
        return False
    last = db.session.execute(
        select(DailySummary.day, DailySummary.queued_at).order_by(DailySummary.day.desc()).limit(1)
    ).one_or_none()
    if last is not None and last.day >= local.date():
        return False
    words = _words(last.queued_at, now=now) if last else None
    with db.writing(), db.unless_taken():
        mail = _queue(words, now=now) if words else None
        db.session.add(DailySummary(day=local.date(), queued_at=now, mail=mail))
    return words is not None


def _words(since: datetime, *, now: datetime) -> dict[str, Any]:
    """Say what came since a moment, and what waits now."""
    unanswered = enquiries.in_folder(Folder.UNANSWERED, now=now, limit=_SHOWN)
    return {
        "site": articles.site(),
        "now": now,
        "since": since,
        "lines": letters.lines_since(None, since),
        "unanswered": [(each, urls.absolute(urls.enquiry(each.reference))) for each in unanswered],
        "counts": {folder.value: enquiries.count_in(folder, now=now) for folder in _COUNTED},
        "remind_days": config.current().enquiry_remind_days,
        "comments": comments.count_in(CommentState.PENDING),
        "failed": outbox.failed_count(),
        "late": outbox.late_count(),
        "enquiries_link": urls.absolute("/admin/enquiries"),
        "comments_link": urls.absolute(urls.review()),
        "mail_link": urls.absolute("/admin/mail?state=failed"),
    }


def _queue(words: dict[str, Any], *, now: datetime) -> OutgoingMail:
    settings = config.current()
    text, html = (render_template(f"mail/summary.{kind}", **words) for kind in ("txt", "html"))
    return outbox.queue(
        kind=MAIL,
        sender=settings.mail_from,
        recipient=settings.clinic_email,
        subject=_subject(words),
        text=text,
        html=html,
        now=now,
    )


def _subject(words: dict[str, Any]) -> str:
    """Say what matters most, so that the mail needs opening only where something does."""
    counts, title = words["counts"], words["site"].title
    open_ones = [
        f"{number:,} {what}"
        for number, what in (
            (words["failed"], "not delivered"),
            (counts["unanswered"], "unanswered"),
            (counts["new"], "new"),
            (words["comments"], "to review"),
        )
        if number
    ]
    return f"{title}: {', '.join(open_ones) or 'nothing waits'}"
