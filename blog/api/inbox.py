"""The inbox for programs: enquiries of a folder, one of them whole, and how far the clinic is.

Lists show nothing of what may be sensitive, as the pages don't.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response

from blog import db, enquiries, markup, schemas, templating, urls
from blog.accounts import User
from blog.api import answers, parameters
from blog.api.articles import LIMIT_ASKED
from blog.api.moderating import CURSOR, grounds
from blog.api.surface import manages
from blog.enquiries import Enquiry, Folder, answering, inbox
from blog.enquiries.inbox import Choice
from blog.errors import Conflict, NotFound
from blog.permissions import Action
from blog.schemas import managing

_TAG = "Administration"
_EXCERPT_CHARS = 180
_MISSING = "No enquiry has this reference."
FOLDER = parameters.choice(
    "folder", "Which part of the inbox.", [folder.value for folder in Folder], default=Folder.NEW
)


@manages(
    "GET",
    "/admin/enquiries",
    needs=Action.READ_ENQUIRIES,
    asks=(FOLDER, LIMIT_ASKED, CURSOR),
    tag=_TAG,
    gives=managing.ManagedEnquiry,
    is_list=True,
)
def list_managed_enquiries(by: User, asked: dict[str, Any]) -> Response:
    """List the enquiries of a folder, the newest first.

    Of what may be sensitive no words are among them. `total` counts the folder, to 1,000.
    """
    del by  # enquiries are nobody's in particular
    now, limit, folder = db.utc_now(), asked["limit"], Folder(asked["folder"])
    found = inbox.choose(Choice(folder=folder), now=now, below=asked["cursor"], limit=limit + 1)
    ids = found.ids[:limit]
    pagination = schemas.Pagination(
        limit=limit,
        total=inbox.count_in(folder, now=now),
        cursor=str(ids[-1]) if len(found.ids) > limit else None,
    )
    shown = [managing.ManagedEnquiry(**_parts(row)) for row in inbox.load(ids)]
    return answers.many(shown, pagination)


@manages(
    "GET",
    "/admin/enquiries/<reference>",
    needs=Action.READ_ENQUIRIES,
    tag=_TAG,
    gives=managing.WholeEnquiry,
    missing=_MISSING,
)
def show_managed_enquiry(by: User, reference: str) -> Response:
    """Show an enquiry whole, also where it may be sensitive; it isn’t marked as seen by that."""
    del by
    return answers.one(_whole(reference))


@manages(
    "POST",
    "/admin/enquiries/<reference>/state",
    needs=Action.READ_ENQUIRIES,
    takes=managing.StateIn,
    refusals={"409": "Somebody was quicker: read it again."},
    tag=_TAG,
    gives=managing.WholeEnquiry,
    missing=_MISSING,
)
def settle_enquiry(by: User, sent: managing.StateIn, reference: str) -> Response:
    """Say how far the clinic is with an enquiry, or whether it is genuine.

    It has to stand where it was read, by its `mark`. The same sent twice is one.
    """
    own, by_id = _enquiry(reference).reference, by.id
    with db.writing():
        changed = answering.decide(
            [own],
            sent.state,
            seen={own: sent.mark},
            site=templating.site(),
            by=by,
            now=db.utc_now(),
            batch=secrets.token_urlsafe(12),
        )
    line = answering.last_decision(_enquiry(own)) if changed else None
    if changed and (line is None or (line.actor_id, line.became) != (by_id, sent.state)):
        raise Conflict("Somebody put it elsewhere meanwhile. Read it again.")
    return answers.one(_whole(own))


def _enquiry(reference: str) -> Enquiry:
    found = enquiries.by_reference(reference.upper())
    if found is None:
        raise NotFound("There is no enquiry with this reference.")
    return found


def _whole(reference: str) -> managing.WholeEnquiry:
    row = _enquiry(reference)
    return managing.WholeEnquiry(
        **_parts(row),
        message=row.message,
        preferred_time=row.preferred_time,
        answered_at=row.answered_at,
    )


def _parts(row: Enquiry) -> dict[str, Any]:
    """Collect what a list shows of an enquiry."""
    return {
        "reference": row.reference,
        "mark": row.mark,
        "state": row.state,
        "is_suspected": row.is_suspected,
        "is_sensitive": row.is_sensitive,
        "reasons": grounds(row.reasons),
        "name": row.name,
        "email": row.email,
        "phone": row.phone_words,
        "topic": row.topic,
        "excerpt": "" if row.is_sensitive else markup.excerpt(row.message, _EXCERPT_CHARS),
        "answer": row.answered_by,
        "article_id": row.article_id,
        "assigned_to": row.assigned_to.name if row.assigned_to else None,
        "days_unanswered": inbox.days_unanswered(row, now=db.utc_now()),
        "created_at": row.created_at,
        "state_changed_at": row.state_changed_at,
        "url": urls.absolute(urls.enquiry(row.reference)),
    }
