"""The page about mail: what was sent, waits or failed, and why."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, config, db, journal, outbox, urls
from blog.admin import sorts
from blog.admin.desk import admin, back_to, desk, require
from blog.admin.inbox import mail_words
from blog.errors import NotFound
from blog.outbox import MailState, OutgoingMail, Probe
from blog.permissions import Action

PAGE = 50
_STOPPED_SHOWN = 200
# Somebody waits for the page, and one of few threads with her.
_PROBE_SECONDS = 10.0
_TABS = {"": "All", "queued": "Waiting", "failed": "Failed", "sent": "Delivered"}


@admin.get("/mail")
def show_mail() -> Response:
    """Show the mail that was sent, waits, or failed."""
    require(Action.READ_MAIL)
    return _page()


def _page(probe: Probe | None = None) -> Response:
    word = request.args.get("state", "")
    state = MailState(word) if word in list(MailState) else None
    before = request.args.get("before", type=urls.row_id)
    rows = outbox.recent(state, before=before, limit=PAGE + 1)
    settings = config.current()
    return desk(
        "mail.html",
        state=state.value if state else "",
        tabs=[(tab, label, None) for tab, label in _TABS.items()],
        mails=[_mail(row) for row in rows[:PAGE]],
        stopped=outbox.stopped(limit=_STOPPED_SHOWN),
        probe=probe,
        probe_to=settings.clinic_email,
        failing=outbox.breaker_of(outbox.transport(settings).name),
        writes_files=settings.smtp_url is None,
        older=f"?state={state or ''}&before={rows[PAGE - 1].id}" if len(rows) > PAGE else None,
    )


def _mail(row: OutgoingMail) -> dict[str, Any]:
    words, tone = mail_words(row)
    return {
        "id": row.id,
        "kind": sorts.name_of(row.kind),
        "recipient": row.recipient,
        "subject": row.subject,
        "state": row.state,
        "is_on_file": row.is_on_file,
        "state_words": words,
        "tone": tone,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at,
        "last_error": row.last_error or "",
        "sent_at": row.sent_at,
        "forgotten_at": row.forgotten_at,
    }


@admin.post(f"/mail/<{urls.ROW}:mail_id>/retry")
def retry_mail(mail_id: int) -> AnyResponse:
    """Make a mail due now."""
    by = require(Action.READ_MAIL)
    now = db.utc_now()
    with db.writing():
        mail = outbox.by_id(mail_id)
        if mail is None:
            raise NotFound("There is no mail with this number.")
        if mail.retry(now=now):
            journal.record("tried again", "mail", mail_id, by=by, now=now)
    return back_to("/admin/mail", "It will be tried again in a moment.")


@admin.post("/mail/retry")
def retry_all_mail() -> AnyResponse:
    """Make all mail due now that failed or waits."""
    by = require(Action.READ_MAIL)
    now = db.utc_now()
    with db.writing():
        if outbox.retry_all(now=now):
            journal.record("tried again", "mail", "all", by=by, now=now)
    return back_to("/admin/mail", "All of it will be tried again in a moment.")


@admin.post(f"/mail/stopped/<{urls.ROW}:row_id>/end")
def allow_mail(row_id: int) -> AnyResponse:
    """Send mail again to an address from which it came back."""
    by = require(Action.READ_MAIL)
    with db.writing():
        row = outbox.bounced_by_id(row_id)
        if row is None or row.stopped_at is None:
            raise NotFound("Mail to this address is not stopped.")
        address = row.address
        outbox.allow(address)
        journal.record("allowed mail to", "address", row_id, by=by, now=db.utc_now())
    return back_to(
        "/admin/mail", f"Mail goes to {address} again. What failed meanwhile can be tried again."
    )


@admin.post("/mail/probe")
def probe_mail() -> AnyResponse:
    """Send a test mail to the clinic right now, and show what came of it."""
    require(Action.READ_MAIL)
    settings = config.current()
    found = outbox.probe(
        outbox.transport(settings, deadline_seconds=_PROBE_SECONDS),
        sender=settings.mail_from,
        recipient=settings.clinic_email,
        site=articles.site(),
        now=db.utc_now(),
    )
    if found.is_accepted:
        return back_to("/admin/mail", f"{found.meaning} {found.remedy}")
    return _page(found)
