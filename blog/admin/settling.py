"""Decisions about enquiries: about one, about those selected; and their undo.

What somebody else decided meanwhile is never overwritten; the page says so and asks again.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence

from flask import Response, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from blog import db, enquiries, templating
from blog.accounts import User
from blog.admin import inbox as pages
from blog.admin.desk import admin, back_to, desk, require
from blog.enquiries import Enquiry, answering, inbox
from blog.enquiries.answering import Decision
from blog.errors import BadRequest, NotFound
from blog.journal import JournalLine
from blog.permissions import Action

_NOUNS = {
    "reading": Decision.SEEN,
    "wait": Decision.WAITING,
    "answer": Decision.ANSWERED,
    "closure": Decision.CLOSED,
    "suspicion": Decision.SUSPECTED,
    "genuine": Decision.GENUINE,
}
_ROUTE = f"/enquiries/<reference>/<any({', '.join(_NOUNS)}):noun>"


@admin.post("/enquiries/decisions")
def settle_many() -> AnyResponse:
    """Decide about all selected enquiries at once."""
    by = require(Action.READ_ENQUIRIES)
    word = request.form.get("verb", "")
    if word not in list(Decision):
        raise BadRequest("Please use one of the buttons.")
    references = request.form.getlist("id")[: pages.PAGE]
    if not references:
        return back_to(_list(), "Nothing was selected.")
    return _settle(references, Decision(word), by=by)


def _list(**more: str) -> str:
    """Path of the list that a form was sent from."""
    return pages.link(pages.choice_of(request.form), **more)


@admin.post(_ROUTE)
def settle_one(reference: str, noun: str) -> AnyResponse:
    """Decide about one enquiry."""
    by = require(Action.READ_ENQUIRIES)
    if enquiries.by_reference(reference.upper()) is None:
        raise NotFound("There is no enquiry with this reference.")
    return _settle([reference.upper()], _NOUNS[noun], by=by)


def _settle(references: Collection[str], decision: Decision, *, by: User) -> AnyResponse:
    """Decide about what is as its page showed it, and ask again about the rest."""
    by_id, batch = by.id, secrets.token_urlsafe(12)
    seen = dict(each.partition(".")[::2] for each in request.form.getlist("seen"))
    with db.writing():
        changed = answering.decide(
            references,
            decision,
            seen=seen,
            site=templating.site(),
            by=by,
            now=db.utc_now(),
            batch=batch,
        )
    rows = inbox.load([row.id for each in changed if (row := enquiries.by_reference(each))])
    if not rows:
        return redirect(_list(done=batch), 303)
    lines = {row.reference: answering.last_decision(row) for row in rows}
    own = {line and (line.actor_id, line.became) for line in lines.values()}
    if own == {(by_id, decision.value)}:
        # The same button was pressed twice; the first time is what can be undone.
        first = lines[rows[0].reference]
        return redirect(_list(done=first.batch or "" if first else ""), 303)
    return _ask_again(rows, lines, batch)


def _ask_again(
    rows: Sequence[Enquiry], lines: Mapping[str, JournalLine | None], batch: str
) -> Response:
    """Show what somebody else decided meanwhile."""
    now, choice = db.utc_now(), pages.choice_of(request.form)
    page = desk(
        "inbox.html",
        **pages.around(choice, now=now),
        items=pages.items_of(rows, now=now),
        is_apart=True,
        newer=pages.link(choice),
        done=pages.done(batch),
        meanwhile={reference: line for reference, line in lines.items() if line},
        clash=f"Somebody was quicker about {pages.counted(len(rows))}. Nothing of theirs was"
        " overwritten; you can still decide otherwise.",
    )
    return make_response(page, 409)


@admin.post("/enquiries/decisions/<batch>/reversal")
def take_back(batch: str) -> AnyResponse:
    """Take back the decisions of one click."""
    by = require(Action.READ_ENQUIRIES)
    with db.writing():
        undone = answering.undo(batch, by=by, now=db.utc_now())
    sentence = f"Undone: {pages.counted(undone)} put back."
    return back_to(_list(), sentence if undone else "Nothing was left to undo.")
