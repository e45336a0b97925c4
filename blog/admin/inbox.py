"""The inbox: a folder of enquiries, chosen by filters and words; and the same for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, stream_with_context
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, db, enquiries, journal, markup, templating, urls
from blog.admin import review
from blog.admin.desk import admin, desk, require, user
from blog.enquiries import Enquiry, Folder, inbox, sheet
from blog.enquiries.inbox import Choice, Whose
from blog.outbox import MailState, OutgoingMail
from blog.permissions import Action

PAGE = 50
LIST = "/admin/enquiries"
_LABELS = {
    Folder.NEW: "New",
    Folder.SEEN: "Seen",
    Folder.WAITING: "Waiting",
    Folder.ANSWERED: "Answered",
    Folder.CLOSED: "Closed",
    Folder.ALL: "All",
    Folder.UNANSWERED: "Unanswered",
    Folder.SUSPECTED: "Suspected",
}
_WHOSE = {Whose.MINE: "assigned to you", Whose.NOBODYS: "assigned to nobody"}


@admin.get("/enquiries")
def show_inbox() -> Response:
    """Show what is chosen of one folder, newest first."""
    require(Action.READ_ENQUIRIES)
    choice, now = choice_of(request.args), db.utc_now()
    before = request.args.get("before", type=urls.row_id)
    found = inbox.choose(choice, now=now, below=before, limit=PAGE + 1)
    shown = found.ids[:PAGE]
    older = shown[-1] if len(found.ids) > PAGE else found.looked_to
    return desk(
        "inbox.html",
        **around(choice, now=now),
        items=items_of(inbox.load(shown), now=now),
        looked_to=found.looked_to,
        older=link(choice, before=older) if older else None,
        newer=link(choice) if before else None,
        done=done(request.args.get("done", "")),
    )


def choice_of(fields: Mapping[str, str]) -> Choice:
    """Read what is chosen from a query or a form; what makes no sense makes no difference."""
    folder, whose = fields.get("folder", ""), fields.get("whose", "")
    return Choice(
        folder=Folder(folder) if folder in list(Folder) else Folder.NEW,
        topic=fields.get("topic", "")[: enquiries.TOPIC_MAX_CHARS],
        whose=Whose(whose) if whose in list(Whose) else Whose.ANYBODY,
        me=user().id,
        since=review.since_of(fields.get("since", "")),
        words=fields.get("q", "").strip()[: inbox.QUERY_MAX_CHARS],
    )


def fields_of(choice: Choice) -> dict[str, str]:
    """Write a choice as a query or a form has it."""
    fields = {
        "folder": choice.folder.value,
        "topic": choice.topic,
        "whose": choice.whose.value,
        "since": choice.since.date().isoformat() if choice.since else "",
        "q": choice.words,
    }
    return {name: value for name, value in fields.items() if value}


def link(choice: Choice, path: str = LIST, **more: Any) -> str:
    """Path of the list of what is chosen, or of another page about it."""
    return f"{path}?{urlencode(fields_of(choice) | more)}"


def around(choice: Choice, *, now: datetime) -> dict[str, Any]:
    """Collect what every page of the inbox has around its enquiries."""
    numbers = inbox.counts(now=now)
    return {
        "choice": choice,
        "fields": fields_of(choice),
        "query": urlencode(fields_of(choice)),
        "tabs": [
            (
                link(replace(choice, folder=folder)),
                label,
                templating.tally(numbers[folder]),
                folder is choice.folder,
            )
            for folder, label in _LABELS.items()
            # What is late is pointed out, and otherwise no matter.
            if folder is not Folder.UNANSWERED or numbers[folder] or folder is choice.folder
        ],
        "filters": _filters(choice),
        "cleared": link(Choice(folder=choice.folder)),
        "topics": sorted({*templating.site().contact_topics, choice.topic} - {""}),
        "export": link(choice, f"{LIST}/export"),
        "unanswered": numbers[Folder.UNANSWERED],
    }


def _filters(choice: Choice) -> list[tuple[str, str]]:
    """Say each filter in words, with the link that clears it."""
    found = []
    if choice.topic:
        found.append((f"about “{choice.topic}”", link(replace(choice, topic=""))))
    if choice.whose:
        found.append((_WHOSE[choice.whose], link(replace(choice, whose=Whose.ANYBODY))))
    if choice.since:
        since = f"since {templating.date(choice.since)}"
        found.append((since, link(replace(choice, since=None))))
    if choice.words:
        found.append((f"with “{choice.words}”", link(replace(choice, words=""))))
    return found


def items_of(rows: Sequence[Enquiry], *, now: datetime) -> list[dict[str, Any]]:
    """Collect what a list shows of enquiries."""
    titles = articles.titles({row.article_id for row in rows if row.article_id})
    sent = inbox.last_replies([row.id for row in rows])
    return [_item(row, titles, sent.get(row.id), now=now) for row in rows]


def _item(
    row: Enquiry,
    titles: Mapping[str, articles.Article],
    reply: OutgoingMail | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    article = titles.get(row.article_id or "")
    words, tone = mail_words(reply or row.mail)
    return {
        "reference": row.reference,
        "mark": row.mark,
        "name": row.name,
        "email": row.email,
        "phone": row.phone_words,
        "tel": row.phone or row.phone_typed,
        "topic": row.topic,
        "excerpt": "" if row.is_sensitive else markup.excerpt(row.message, 180),
        "created_at": row.created_at,
        "article_title": article.title if article else "",
        "state": row.state,
        "is_suspected": row.is_suspected,
        "reasons": [(reason["words"], reason["tone"]) for reason in row.reasons],
        "late_days": inbox.days_unanswered(row, now=now),
        "assigned_to": row.assigned_to.name if row.assigned_to else "",
        "is_replied": reply is not None,
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
    is_late = mail.state == MailState.QUEUED and mail.last_error
    return ("waiting to be tried again", "bad") if is_late else ("on its way", "plain")


def done(batch: str) -> dict[str, Any] | None:
    """Say what a click did, with the way back as long as there is one."""
    lines = journal.of_batch(batch, limit=1) if batch else []
    if not lines or lines[0].thing != "enquiry":
        return None
    number = journal.count_of_batch(batch)
    may_undo = journal.may_undo(lines[0], now=db.utc_now())
    return {
        "sentence": f"{counted(number)} {lines[0].verb}.",
        "undo_url": f"{LIST}/decisions/{batch}/reversal" if may_undo else None,
    }


def counted(number: int) -> str:
    """Say how many enquiries."""
    return f"{number:,} {'enquiry' if number == 1 else 'enquiries'}"


@admin.get("/enquiries/export")
def show_export() -> Response:
    """Ask what of the chosen enquiries goes into a file."""
    require(Action.READ_ENQUIRIES)
    choice = choice_of(request.args)
    return desk("export.html", **around(choice, now=db.utc_now()), back=link(choice))


@admin.post("/enquiries/export")
def export() -> AnyResponse:
    """Answer with the chosen enquiries as a file for a spreadsheet."""
    by, choice, now = require(Action.READ_ENQUIRIES), choice_of(request.form), db.utc_now()
    with_sensitive = request.form.get("sensitive") == "yes"
    verb = "exported with medical details" if with_sensitive else "exported"
    with db.writing():
        journal.record(verb, "enquiries", f"({choice.folder})", by=by, now=now)
    site = templating.site()
    table = sheet.lines(inbox.everything(choice, now=now), site=site, with_sensitive=with_sensitive)
    response = Response(stream_with_context(table), content_type="text/csv; charset=utf-8")
    name = f"enquiries-{now.astimezone(site.zone):%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
