"""The review queue: what waits, chosen by tabs, filters and words, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, comments, db, journal, markup, private, templating, urls
from blog.accounts import User
from blog.admin.desk import admin, back_to, desk, require, user
from blog.articles import Article
from blog.comments import (
    Comment,
    CommentState,
    comparing,
    deciding,
    fulltext,
    history,
    pins,
    queue,
    reach,
    reports,
    trust,
)
from blog.comments.queue import Choice
from blog.comments.states import WORDS
from blog.content import country_of
from blog.errors import Invalid, NotFound
from blog.forms import ReplyForm
from blog.permissions import Action

PAGE = 50
TABS = {
    CommentState.PENDING: "Waiting",
    CommentState.APPROVED: "Published",
    CommentState.SPAM: "Spam",
    CommentState.REJECTED: "Rejected",
}
# Among the tabs, though it is no state: published ones that readers reported.
REPORTED = "reported"
_ARTICLE_ID_MAX_CHARS = 100
_GROUPS = {
    "browser": ("From this browser", "Known by its cookie, within thirty days."),
    "place": ("From this place", "From the same network address on the same day."),
    "words": ("With the same words", "In the same or nearly the same words, within thirty days."),
    "address": (
        "With the same email address",
        "Typed, not proven: anybody can type anybody’s address.",
    ),
}


@admin.get("/comments")
def show_review() -> Response:
    """Show what is chosen of one state, newest first."""
    by, choice = require(Action.MODERATE), choice_of(request.args)
    before = request.args.get("before", type=urls.row_id)
    is_counted = choice.is_narrow and not before
    limit = comments.COUNTED_TO if is_counted else PAGE + 1
    found = queue.choose(choice, by=by, below=before, limit=limit, enough=PAGE + 1)
    shown = found.ids[:PAGE]
    items = items_of(queue.load(shown))
    framed = around(choice, items)
    older = shown[-1] if len(found.ids) > PAGE else found.looked_to
    return desk(
        "review.html",
        **framed,
        items=items,
        count=len(found.ids) if is_counted else None if before else framed["total"],
        looked_to=found.looked_to,
        older=link(choice, before=older) if older else None,
        newer=link(choice) if before else None,
        is_farther=len(found.ids) <= PAGE,
        everything=f"/admin/comments/all?{query(choice, upto=shown[0])}" if len(shown) > 1 else "",
        done=done(request.args.get("done", "")),
        lack=reach.lacking(by),
    )


def choice_of(fields: Mapping[str, str]) -> Choice:
    """Read what is chosen from a query or a form; what makes no sense makes no difference."""
    state, reason = fields.get("state", ""), fields.get("reason", "")
    is_reported = state == REPORTED
    if is_reported:
        state = CommentState.APPROVED.value
    return Choice(
        state=CommentState(state) if state in list(TABS) else CommentState.PENDING,
        article_id=fields.get("article", "")[:_ARTICLE_ID_MAX_CHARS],
        reason=reason if reason in queue.REASONS else "",
        since=since_of(fields.get("since", "")),
        words=fields.get("q", "").strip()[: fulltext.QUERY_MAX_CHARS],
        is_reported=is_reported,
    )


def since_of(day: str) -> datetime | None:
    """Read when a day began on this site; None where it is no day."""
    try:
        began_at = datetime.combine(date.fromisoformat(day), time(), articles.site().zone)
        # Not at the edge of the calendar, where it is no day elsewhere.
        began_at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return began_at


def fields_of(choice: Choice) -> dict[str, str]:
    """Write a choice as a query or a form has it."""
    fields = {
        "state": REPORTED if choice.is_reported else choice.state.value,
        "article": choice.article_id,
        "reason": choice.reason,
        "since": choice.since.date().isoformat() if choice.since else "",
        "q": choice.words,
    }
    return {name: value for name, value in fields.items() if value}


def query(choice: Choice, **more: Any) -> str:
    """Write the query of a page about a choice."""
    return urlencode(fields_of(choice) | more)


def link(choice: Choice, **more: Any) -> str:
    """Path of the list of what is chosen."""
    return f"{urls.review()}?{query(choice, **more)}"


def around(choice: Choice, items: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Collect what every page of the queue has around its comments."""
    numbers = comments.counts(by=user()) | {REPORTED: reports.count_reported(by=user())}
    return {
        "of_comments": {
            "waiting": numbers[CommentState.PENDING],
            "reported": numbers[REPORTED],
        },
        "total": numbers[fields_of(choice)["state"]],
        "choice": choice,
        "fields": fields_of(choice),
        "tabs": _tabs(choice, numbers),
        "filters": _filters(choice),
        "cleared": link(Choice(state=choice.state, is_reported=choice.is_reported)),
        # Those that can be chosen: of all there are a list would be too long.
        "articles": {item["article_id"]: item["article_title"] for item in items},
        "reason_words": queue.REASONS,
        "words": REPORTED if choice.is_reported else WORDS[choice.state],
    }


def _tabs(choice: Choice, numbers: Mapping[str, int]) -> list[tuple[str, str, str, bool]]:
    """List the tabs: where each leads, its label and number, and whether it is shown."""
    here = fields_of(choice)["state"]
    choices = {tab.value: replace(choice, state=tab, is_reported=False) for tab in TABS}
    labels = {tab.value: label for tab, label in TABS.items()}
    choices[REPORTED] = replace(choice, state=CommentState.APPROVED, is_reported=True)
    labels[REPORTED] = "Reported"
    return [
        (link(each), labels[tab], templating.tally(numbers[tab]), tab == here)
        for tab, each in choices.items()
    ]


def _filters(choice: Choice) -> list[tuple[str, str]]:
    """Say each filter in words, with the link that clears it."""
    found = []
    if choice.article_id:
        # A title is as much hers to read as the comments under it.
        is_hers = reach.covers(user(), choice.article_id)
        article = articles.by_id(choice.article_id) if is_hers else None
        title = article.title if article else choice.article_id
        found.append((f"on “{title}”", link(replace(choice, article_id=""))))
    if choice.reason:
        found.append((queue.REASONS[choice.reason], link(replace(choice, reason=""))))
    if choice.since:
        since = f"since {templating.date(choice.since)}"
        found.append((since, link(replace(choice, since=None))))
    if choice.words:
        found.append((f"with the words “{choice.words}”", link(replace(choice, words=""))))
    return found


def items_of(rows: Sequence[Comment]) -> list[dict[str, Any]]:
    """Collect what a page shows of comments."""
    found = articles.titles({row.article_id for row in rows})
    ids = [row.id for row in rows]
    # How an edit came is known of its comment.
    origins = {row.id: row.edit_of_id or row.id for row in rows}
    told = history.summaries(list(set(origins.values())), by=user())
    pinned, reported = pins.among(ids), reports.about(ids)
    return [
        item_of(row, found.get(row.article_id))
        | {
            "history": told.get(origins[row.id], ""),
            "is_pinned": row.id in pinned,
            "reported": reported.get(row.id),
        }
        for row in rows
    ]


def item_of(row: Comment, article: Article | None) -> dict[str, Any]:
    """Collect what a page shows of one comment."""
    parent = row.parent
    return {
        "id": row.id,
        "mark": row.mark,
        "name": row.name or "A withdrawn comment",
        "email": row.email or "",
        "created_at": row.created_at,
        "article_id": row.article_id,
        "article_title": article.title if article else row.article_id,
        "article_url": urls.comment(article.slug, row.edit_of_id or row.id) if article else None,
        "parent": {
            "name": parent.name or "a withdrawn comment",
            "excerpt": markup.excerpt(markup.plain_text(parent.html), 140),
        }
        if parent
        else None,
        "body_html": row.body_html,
        **_private_parts(row),
        **_changes(row),
        "reasons": [(reason["words"], reason["tone"]) for reason in row.reasons],
        "signs": [sign for reason in row.reasons for sign in reason.get("named", [])],
        "by_author": row.is_by_author,
        "may_be_pinned": pins.may_be_pinned(row),
        "state": row.state,
        "words": WORDS[row.state],
        "decided_at": row.decided_at,
        "decided_by": row.decided_by.name if row.decided_by else "",
    }


def _private_parts(row: Comment) -> dict[str, Any]:
    """Take what was typed apart at its private details, where the policy found some."""
    found, named = [], []
    if any(reason.get("step") == "private" for reason in row.reasons):
        region = country_of(templating.site().language)
        found, named = (private.details(each, region=region) for each in (row.text, row.name))
    return {
        "private": sorted({each.kind.value for each in (*found, *named)}),
        "parts": list(private.parts(row.text, found)) if found else [],
    }


def _changes(row: Comment) -> dict[str, Any]:
    """Compare an edit that may still be accepted with what it would take the place of."""
    comment = row.edit_of
    may_accept = comment is not None and row.state in TABS
    return {
        "edited_at": row.edited_at,
        "edit_of_id": row.edit_of_id,
        "is_edit_of_published": comment is not None and comment.state == CommentState.APPROVED,
        "changes": comparing.compare(comment.written_text, row.written_text)
        if comment and may_accept
        else [],
    }


def done(batch: str) -> dict[str, Any] | None:
    """Say what a click did, with the way back as long as there is one."""
    lines = journal.of_batch(batch, by=deciding.told_of(user()), limit=1) if batch else []
    if not lines:
        return None
    what = templating.count(journal.count_of_batch(batch), "comment")
    may_undo = journal.may_undo(lines[0], now=db.utc_now())
    verb = "kept" if lines[0].verb == reports.KEPT_REPORTED else lines[0].verb
    return {
        "sentence": f"{what} {verb}.",
        "undo_url": f"/admin/decisions/{batch}/reversal" if may_undo else None,
    }


@admin.get(f"/comments/<{urls.ROW}:comment_id>")
def show_comment(comment_id: int) -> Response:
    """Show one comment, as the journal leads to it."""
    comment = _comment(comment_id, by=require(Action.MODERATE))
    return some([comment], trusted=trust.writer_of(comment))


def _comment(comment_id: int, *, by: User) -> Comment:
    comment = comments.by_id(comment_id, by=by)
    if comment is None:
        raise NotFound("There is no comment with this number.")
    return comment


def some(rows: Sequence[Comment], **words: Any) -> Response:
    """Show some comments by themselves, whatever their states."""
    choice = choice_of(request.form)
    if not request.form:
        choice = choice_of({"state": rows[0].state})
    return desk(
        "review.html",
        **around(choice),
        items=items_of(rows),
        is_apart=True,
        newer=link(choice),
        **words,
    )


@admin.get(f"/comments/<{urls.ROW}:comment_id>/others")
def show_others(comment_id: int) -> Response:
    """Show what else came from where a comment came from, and who else said so."""
    by = require(Action.MODERATE)
    comment = _comment(comment_id, by=by)
    groups = history.others(comment.edit_of or comment, by=by)
    (item,) = items_of([comment])
    return desk(
        "others.html",
        item=item,
        is_traced=len(groups) > 1,
        groups=[
            (*_GROUPS[group.kind], items_of(queue.load(group.ids)), _counted(group.states))
            for group in groups
        ],
    )


def _counted(states: Mapping[CommentState, int]) -> str:
    """Say how many there are in each state."""
    return ", ".join(f"{states[each]:,} {words}" for each, words in WORDS.items() if each in states)


@admin.route(f"/comments/<{urls.ROW}:comment_id>/reply", methods=["GET", "POST"])
def reply(comment_id: int) -> AnyResponse:
    """Answer a published comment as the author."""
    by = require(Action.REPLY)
    parent = _comment(comment_id, by=by)
    article = articles.by_id(parent.article_id)
    if article is None:
        raise NotFound("The article of this comment isn’t there any more.")
    form = ReplyForm()
    if not form.validate_on_submit() or not _reply(form, article, parent, by=by):
        page = desk("reply.html", comment=item_of(parent, article), form=form)
        return make_response(page, 422 if form.errors else 200)
    return back_to("/admin/comments", "Your reply is published.")


def _reply(form: ReplyForm, article: Article, parent: Comment, *, by: User) -> bool:
    """Publish a reply, or let the form say what is wrong with it."""
    now = db.utc_now()
    try:
        draft = comments.compose(article, name=by.name, body=form.body.data, parent_id=parent.id)
    except Invalid as error:
        form.body.errors = list(error.fields.values())
        return False
    with db.writing():
        comments.reply(parent, draft, by=by, now=now)
    return True
