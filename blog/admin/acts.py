"""The page of the journal: who did what, chosen by person and kind.

Administrators read all of it, others what they did themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from blog import accounts, comments, journal, permissions, urls, webhooks
from blog.admin.desk import admin, desk, require, user
from blog.comments.model import EDITED, WITHDREW
from blog.journal import JournalLine
from blog.permissions import Action
from blog.privacy.erasing import ERASED_OWN
from blog.staff.second_factor import WRONG_CODE

PAGE = 50
_KINDS = {
    "comment": "Comments",
    "enquiry": "Enquiries",
    "article": "Articles",
    "picture": "Pictures",
    "mail": "Mail",
    "rule": "Rules",
    "account": "Accounts",
    "API token": "API tokens",
    "webhook": "Webhooks",
    "receipt": "Erased data",
}
_BY_READERS = (EDITED, WITHDREW, ERASED_OWN)
_PLACES = {
    "comment": ("/admin/comments/", Action.MODERATE),
    "enquiry": ("/admin/enquiries/", Action.READ_ENQUIRIES),
}


@admin.get("/journal")
def show_journal() -> Response:
    """Show who did what, newest first."""
    by = require(Action.READ_JOURNAL)
    reads_all = permissions.may(by, Action.READ_ALL_ACTS)
    who = request.args.get("person", type=urls.row_id) if reads_all else by.id
    kind = request.args.get("kind", "")
    kind = kind if kind in _KINDS else ""
    before = request.args.get("before", type=urls.row_id)
    rows = journal.recent(by=who, thing=kind, before=before, limit=PAGE + 1)
    chosen = {"person": who, "kind": kind} if reads_all else {"kind": kind}
    query = urlencode({name: value for name, value in chosen.items() if value not in ("", None)})
    names = accounts.names()
    told = {row: int(row.thing_id) for row in rows[:PAGE] if row.thing == "comment"}
    beyond = comments.beyond(told.values(), by=by)
    return desk(
        "journal.html",
        lines=[_line(row, names) for row in rows[:PAGE] if told.get(row) not in beyond],
        people=names | {journal.NOBODY: "A reader or an operator"} if reads_all else {},
        who=who,
        kinds=_KINDS,
        kind=kind,
        older=f"?{query}&before={rows[PAGE - 1].id}" if len(rows) > PAGE else None,
        newer=f"/admin/journal?{query}" if before else None,
    )


def _line(row: JournalLine, names: Mapping[int, str]) -> dict[str, Any]:
    place, action = _PLACES.get(row.thing, ("", Action.READ_JOURNAL))
    return {
        "at": row.at,
        "actor": row.actor.name if row.actor else _nobody_signed_in(row),
        "sentence": _sentence(row, names),
        "url": place + row.thing_id if place and permissions.may(user(), action) else None,
    }


def _nobody_signed_in(row: JournalLine) -> str:
    if row.verb in _BY_READERS:
        return "A reader"
    if row.verb == webhooks.SWITCHED_OFF:
        return "The site itself"
    return "Somebody with the password" if row.verb == WRONG_CODE else "An operator"


def _sentence(row: JournalLine, names: Mapping[int, str]) -> str:
    """Say what was done to what; an account by its name."""
    if row.thing != "account":
        return f"{row.verb} {row.thing} {row.thing_id}"
    name = names.get(int(row.thing_id), "somebody")
    if str(row.actor_id) == row.thing_id:
        name = "their own account"
    elif row.verb.endswith(" of"):
        name = f"the account of {name}"
    change = f", from {row.was} to {row.became}" if row.became else ""
    return f"{row.verb} {name}{change}"
