"""The author's first page, and the page about articles."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from blog import accounts, articles, comments, config, db, enquiries, outbox, permissions, urls
from blog.accounts import User
from blog.admin.desk import admin, desk, require, user
from blog.articles import Article, listing
from blog.comments import notices, reach
from blog.permissions import Action


@admin.get("/")
def show_start() -> Response:
    """Show what needs doing now."""
    may_see = permissions.may(user(), Action.READ_CONTENT)
    may_see_mail = permissions.may(user(), Action.READ_MAIL)
    may_see_enquiries = permissions.may(user(), Action.READ_ENQUIRIES)
    return desk(
        "start.html",
        lack=reach.lacking(user()),
        unreachable=_unreachable() if permissions.may(user(), Action.MANAGE_PEOPLE) else [],
        problems=articles.problems() if may_see else [],
        writes_files=config.current().smtp_url is None,
        unanswered=enquiries.unanswered(now=db.utc_now()) if may_see_enquiries else 0,
        remind_days=config.current().enquiry_remind_days,
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


def _may_preview(row: Article, words: str) -> bool:
    return words != "published" and permissions.may(user(), Action.PREVIEW, of=row)


def _article(row: Article, comment_count: int) -> dict[str, Any]:
    words = row.status_words(now=db.utc_now())
    return {
        "title": row.title,
        "url": urls.article(row.slug) if words == "published" else None,
        "status": words,
        "published_at": row.published_at,
        "comment_count": comment_count,
        "file": f"articles/{row.id}.md",
        "previews": urls.previews(row.id) if _may_preview(row, words) else None,
    }
