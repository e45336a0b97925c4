"""The author's first page, and the pages about articles and mail."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import accounts, articles, comments, config, db, journal, outbox, permissions, urls
from blog.accounts import User
from blog.admin.desk import admin, back_to, desk, require, user
from blog.admin.inbox import mail_words
from blog.articles import Article, listing
from blog.comments import following, notices, reach
from blog.errors import NotFound
from blog.outbox import MailState, OutgoingMail
from blog.permissions import Action
from blog.staff import letters

PAGE = 50
_MAIL_TABS = {"": "All", "queued": "Waiting", "failed": "Failed", "sent": "Delivered"}
_KINDS = {
    "enquiry": "Enquiry",
    notices.MAIL: "Comments waiting",
    "confirm-address": "Address to confirm",
    following.MAIL: "Replies",
    letters.MAIL: "About an account",
    letters.PASSWORD_MAIL: "New password",
}


@admin.get("/")
def show_start() -> Response:
    """Show what needs doing now."""
    may_see = permissions.may(user(), Action.READ_CONTENT)
    may_see_mail = permissions.may(user(), Action.READ_MAIL)
    return desk(
        "start.html",
        lack=reach.lacking(user()),
        unreachable=_unreachable() if permissions.may(user(), Action.MANAGE_PEOPLE) else [],
        problems=articles.problems() if may_see else [],
        writes_files=config.current().smtp_url is None,
        late=outbox.late_count() if may_see_mail else 0,
        last_sent_at=outbox.last_sent_at() if may_see_mail else None,
    )


def _unreachable() -> list[User]:
    """List who has an account and can be sent no mail."""
    return [each for each in accounts.everybody() if not notices.is_reachable(each)]


@admin.get("/articles")
def show_articles() -> Response:
    """Show all articles, and what is wrong in their files."""
    require(Action.READ_CONTENT)
    found = listing.everything(request.args.get("page", 1, type=urls.row_id) or 1)
    numbers = comments.counts_on(row.id for row in found.items)
    return desk(
        "articles.html",
        articles=[_article(row, numbers.get(row.id, 0)) for row in found.items],
        older=f"?page={found.page + 1}" if found.page < found.pages else None,
        newer="/admin/articles" if found.page > 1 else None,
        problems=articles.problems(),
    )


def _article(row: Article, comment_count: int) -> dict[str, Any]:
    words = row.status_words(now=db.utc_now())
    return {
        "title": row.title,
        "url": urls.article(row.slug) if words == "published" else None,
        "status": words,
        "published_at": row.published_at,
        "comment_count": comment_count,
        "file": f"articles/{row.id}.md",
    }


@admin.get("/mail")
def show_mail() -> Response:
    """Show the mail that was sent, waits, or failed."""
    require(Action.READ_MAIL)
    word = request.args.get("state", "")
    state = MailState(word) if word in list(MailState) else None
    before = request.args.get("before", type=urls.row_id)
    rows = outbox.recent(state, before=before, limit=PAGE + 1)
    return desk(
        "mail.html",
        state=state.value if state else "",
        tabs=[(tab, label, None) for tab, label in _MAIL_TABS.items()],
        mails=[_mail(row) for row in rows[:PAGE]],
        writes_files=config.current().smtp_url is None,
        older=f"?state={state or ''}&before={rows[PAGE - 1].id}" if len(rows) > PAGE else None,
    )


def _mail(row: OutgoingMail) -> dict[str, Any]:
    words, tone = mail_words(row)
    return {
        "id": row.id,
        "kind": _KINDS.get(row.kind, row.kind),
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
