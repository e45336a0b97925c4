"""Takes in what came back: the mail is marked, and its address gets no more where that is enough.

Refuses whatever isn't about a mail of ours by a signature of ours; whom a report names counts for
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from blog import db
from blog.outbox import bounced, reports
from blog.outbox.mails import MailState, OutgoingMail


@dataclass(frozen=True)
class Returned:
    """What was done about something that came back, in a sentence; `mail` is None for nothing."""

    sentence: str
    mail: int | None = None
    is_stopped: bool = False


def take_in(data: bytes, *, key: str, now: datetime) -> Returned:
    """Note a delivery status notification, in the transaction at work.

    Source: RFC 3464, and RFC 3463 for what the codes mean.
    """
    report = reports.read(data, key=key)
    if report is None:
        return Returned(
            "This reports of no mail of ours that couldn’t be delivered; nothing was done."
        )
    query = select(OutgoingMail).where(OutgoingMail.id == report.mail_id)
    mail = db.session.execute(query.with_for_update()).scalar_one_or_none()
    if mail is None or report.message_id not in ("", mail.message_id):
        return Returned("The mail that came back is none that is kept here; nothing was done.")
    if not mail.bounce(report.words, is_hard=report.is_hard, now=now):
        return Returned(f"That mail {mail.id} came back is known already.", mail.id)
    row = bounced.note(mail.recipient, is_hard=report.is_hard, words=report.words, now=now)
    if row.stopped_at is None:
        return Returned(f"Mail {mail.id} to {mail.recipient} came back.", mail.id)
    _end_the_rest(row, now=now)
    return Returned(
        f"Mail {mail.id} to {mail.recipient} came back, and no more goes there.", mail.id, True
    )


def _end_the_rest(row: bounced.BouncedAddress, *, now: datetime) -> None:
    waiting = select(OutgoingMail).where(
        OutgoingMail.state == MailState.QUEUED,
        OutgoingMail.kind.not_in(bounced.TRIED_ALWAYS),
        func.lower(OutgoingMail.recipient) == row.address,
    )
    for mail in db.session.execute(waiting).scalars():
        mail.stop(row.reason, now=now)
