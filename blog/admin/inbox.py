"""The inbox: enquiries with what became of their mail."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, db, enquiries, markup, urls
from blog.admin.desk import admin, back_to, desk, require
from blog.enquiries import Enquiry, Folder
from blog.errors import NotFound
from blog.outbox import MailAttempt, MailState, Outcome, OutgoingMail
from blog.permissions import Action

PAGE = 50
_TABS = {Folder.NEW: "New", Folder.ALL: "All", Folder.SUSPECTED: "Suspected spam"}

_OUTCOMES = {
    Outcome.ACCEPTED: "Accepted by the mail server",
    Outcome.DEFERRED: "Tried, and will be tried again",
    Outcome.REFUSED: "Refused by the mail server",
    Outcome.INTERRUPTED: "The attempt was cut short, and will be made again",
    Outcome.BOUNCED: "Came back, for good",
    Outcome.SOFT_BOUNCED: "Came back",
    Outcome.STOPPED: "Not sent",
}
_TONES = {
    Outcome.ACCEPTED: "good",
    Outcome.DEFERRED: "plain",
    Outcome.REFUSED: "bad",
    Outcome.INTERRUPTED: "plain",
    Outcome.BOUNCED: "bad",
    Outcome.SOFT_BOUNCED: "bad",
    Outcome.STOPPED: "bad",
}


@admin.get("/enquiries")
def show_inbox() -> Response:
    """Show one folder of the inbox, newest first."""
    require(Action.READ_ENQUIRIES)
    word = request.args.get("folder", "")
    folder = Folder(word) if word in list(Folder) else Folder.NEW
    before = request.args.get("before", type=urls.row_id)
    rows = enquiries.in_folder(folder, before=before, limit=PAGE + 1)
    titles = articles.titles({row.article_id for row in rows if row.article_id})
    return desk(
        "inbox.html",
        folder=folder.value,
        tabs=[(tab.value, label, enquiries.count_in(tab)) for tab, label in _TABS.items()],
        enquiries=[_row(row, titles) for row in rows[:PAGE]],
        older=f"?folder={folder}&before={rows[PAGE - 1].id}" if len(rows) > PAGE else None,
    )


def _row(enquiry: Enquiry, titles: dict[str, articles.Article]) -> dict[str, Any]:
    article = titles.get(enquiry.article_id or "")
    words, tone = mail_words(enquiry.mail)
    return {
        "reference": enquiry.reference,
        "name": enquiry.name,
        "email": enquiry.email,
        "phone": enquiry.phone_typed,
        "topic": enquiry.topic,
        "excerpt": "" if enquiry.is_sensitive else markup.excerpt(enquiry.message, 140),
        "created_at": enquiry.created_at,
        "article_title": article.title if article else "",
        "is_new": enquiry.seen_at is None,
        "suspected": enquiry.is_suspected,
        "mail": words,
        "mail_tone": tone,
    }


def mail_words(mail: OutgoingMail | None) -> tuple[str, str]:
    """Say where a mail stands, and whether that is good or bad."""
    if mail is None:
        return "not sent", "plain"
    if mail.state == MailState.SENT:
        return ("written to a file", "plain") if mail.is_on_file else ("delivered", "good")
    if mail.state == MailState.FAILED:
        return "failed", "bad"
    is_late = mail.state == MailState.QUEUED and mail.attempts
    return ("waiting to be tried again", "bad") if is_late else ("on its way", "plain")


@admin.get("/enquiries/<reference>")
def show_enquiry(reference: str) -> Response:
    """Show one enquiry with everything that happened to it."""
    require(Action.READ_ENQUIRIES)
    enquiry = _enquiry(reference)
    article = articles.by_id(enquiry.article_id) if enquiry.article_id else None
    return desk(
        "enquiry.html",
        enquiry=enquiry,
        reasons=[(reason["words"], reason["tone"]) for reason in enquiry.reasons],
        article_title=article.title if article else "",
        article_url=urls.article(article.slug) if article else None,
        timeline=_timeline(enquiry),
        mail_failed=enquiry.mail is not None and enquiry.mail.state == MailState.FAILED,
    )


def _enquiry(reference: str) -> Enquiry:
    found = enquiries.by_reference(reference.upper())
    if found is None:
        raise NotFound("There is no enquiry with this reference.")
    return found


def _timeline(enquiry: Enquiry) -> list[tuple[Any, str, str]]:
    mail = enquiry.mail
    if mail is None:
        lines = [(enquiry.created_at, "Stored", "plain")]
    else:
        lines = [(enquiry.created_at, f"Stored, and its mail to {mail.recipient} queued", "plain")]
        lines += [
            (attempt.at, _said(mail, attempt), _TONES[attempt.outcome]) for attempt in mail.history
        ]
    if enquiry.seen_at:
        lines.append((enquiry.seen_at, "Marked as read", "good"))
    return sorted(lines, key=lambda line: line[0])


def _said(mail: OutgoingMail, attempt: MailAttempt) -> str:
    if attempt.outcome == Outcome.ACCEPTED and mail.is_on_file:
        return f"No mail server is set, so it was {attempt.reply}"
    return f"{_OUTCOMES[attempt.outcome]}: {attempt.reply}"


@admin.post("/enquiries/<reference>/reading")
def mark_seen(reference: str) -> AnyResponse:
    """Take an enquiry out of the new ones."""
    by = require(Action.READ_ENQUIRIES)
    with db.writing():
        _enquiry(reference).mark_seen(by=by, now=db.utc_now())
    return back_to("/admin/enquiries", f"Enquiry {reference} is marked as read.")


@admin.post("/enquiries/<reference>/genuine")
def mark_genuine(reference: str) -> AnyResponse:
    """Take an enquiry out of the suspected ones."""
    by = require(Action.READ_ENQUIRIES)
    with db.writing():
        _enquiry(reference).mark_genuine(by=by, now=db.utc_now())
    return back_to(urls.enquiry(reference), "It is in the inbox now.")
