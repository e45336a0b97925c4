"""Everything that was said, sent and wished under one address, for the person it belongs to.

What others wrote isn't hers: of a report about her comment she learns the reason, not the words.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import render_template
from sqlalchemy import select
from sqlalchemy.orm import undefer

from blog import articles, config, db, urls
from blog.accounts import UserSession
from blog.articles import Article
from blog.comments import Comment, unwanted
from blog.comments.following import Following
from blog.comments.reports import REASONS, CommentReport, ReportReason
from blog.comments.rules import CommentRule, RuleKind
from blog.comments.traces import CommentTrace
from blog.comments.trust import TrustedBrowser, TrustedReader
from blog.outbox import OutgoingMail
from blog.outbox.bounced import BouncedAddress
from blog.privacy import addresses, enquiring, finding, receipts, requests
from blog.staff import letters

_ACCOUNT = ("name", "email", "role", "author_id", "created_at", "removed_at")
# What is handed out may be passed on; the links of these open all there is, for days.
_WITH_KEYS = (requests.MAIL, letters.MAIL, letters.PASSWORD_MAIL)
_MAIL = ("subject", "kind", "recipient", "state", "created_at", "sent_at", "text")
_TRUST = ("email", "asked_at", "confirmed_at", "rejected_at", "stopped_at")

# What each thing is called on the page for a person; in the file for programs its name stays.
LABELS = {
    "number": "Number",
    "article": "Article",
    "link": "Where it stands",
    "state": "State",
    "name": "Name",
    "email": "Email address",
    "words": "Words",
    "shown_as": "What readers see of it",
    "answers": "Answers the comment with the number",
    "edit_of": "Changes the comment with the number",
    "written_at": "Written",
    "edited_at": "Changed",
    "decided_at": "Decided about",
    "reasons": "What spoke for and against it",
    "told_of_replies": "Your wish to be told of replies",
    "wanted_at": "Wished",
    "confirmed_at": "Confirmed by you",
    "reports": "What a reader reported about it",
    "reason": "Reason",
    "at": "When",
    "scrambled_address_kept_since": "A scrambled form of your internet address is kept since",
    "reference": "Reference",
    "created_at": "Stored",
    "phone": "Phone number",
    "phone_typed": "Phone number as you typed it",
    "preferred_way": "How you would like to be answered",
    "preferred_time": "When to reach you",
    "topic": "Topic",
    "message": "Message",
    "is_sensitive": "May hold medical details",
    "seen_at": "Seen by the clinic",
    "answered_at": "Answered",
    "consent": "What you agreed to",
    "is_taken_for_spam": "Taken for advertising",
    "history": "What happened to it",
    "what": "What",
    "asked_at": "You were asked to confirm it",
    "rejected_at": "A comment of yours was rejected",
    "stopped_at": "Stopped",
    "browsers": "Browsers that are known",
    "subject": "Subject",
    "kind": "Kind",
    "recipient": "To",
    "sent_at": "Sent",
    "text": "Text",
    "address": "Address",
    "bounced_at": "Came back",
    "role": "Role",
    "author_id": "Profile as an author",
    "removed_at": "Removed",
    "has_second_step": "Signs in with a second step",
    "signed_in": "Where you are signed in",
    "browser": "Browser",
    "last_seen_at": "Last seen",
    "rules_that_name_the_address": "Rules of the clinic that name your address",
    "wants_no_mail_about_comments": "You want no mail about comments",
    "begun_at": "Begun",
    "finished_at": "Done",
    "counts": "What was erased",
}

Said = dict[str, Any]


def of(email: str, *, now: datetime) -> Said:
    """Collect everything that is kept under an address."""
    site = articles.site()
    return {
        "site": site.title,
        "address": config.current().site_url,
        "email": email,
        "made_at": now,
        "comments": _comments(email),
        "enquiries": enquiring.told(email),
        "confirmed_address": _confirmed(email),
        "mails": _mails(email),
        "mails_that_came_back": _bounced(email),
        "account": _account(email),
        "other": other(email),
        "receipts": [receipt.told() for receipt in receipts.of(email)],
    }


def as_json(said: Said) -> str:
    """Write what was collected for a program."""
    return json.dumps(said, ensure_ascii=False, indent=2, default=_written)


def as_html(said: Said) -> str:
    """Write what was collected for a person: one page that needs nothing else."""
    return render_template("my_data_file.html", said=said, labels=LABELS)


def _written(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _comments(email: str) -> list[Said]:
    # Whole, since the words that are hidden in part are hers.
    query = select(Comment).where(Comment.id.in_(finding.comments(email))).order_by(Comment.id)
    rows = db.session.execute(query.options(undefer(Comment.original))).scalars().all()
    titles = articles.titles({row.article_id for row in rows})
    following = {each.comment_id: each for each in _about(Following, email)}
    traces = {each.comment_id: each.at for each in _about(CommentTrace, email)}
    reports: dict[int, list[Said]] = defaultdict(list)
    for each in _about(CommentReport, email):
        reason = REASONS[ReportReason(each.reason)]
        reports[each.comment_id].append({"reason": reason, "at": each.at})
    return [
        _comment(row, titles.get(row.article_id))
        | {"told_of_replies": _wish(following.get(row.id))}
        | {"reports": reports[row.id], "scrambled_address_kept_since": traces.get(row.id)}
        for row in rows
    ]


def _about(model: Any, email: str) -> Iterable[Any]:
    """Return what a table holds about her comments."""
    query = select(model).where(model.comment_id.in_(finding.comments(email)))
    found: Iterable[Any] = db.session.execute(query).scalars()
    return found


def _comment(row: Comment, article: Article | None) -> Said:
    hidden = row.original is not None or row.original_name is not None
    return {
        "number": row.id,
        "article": article.title if article else row.article_id,
        "link": urls.absolute(urls.comment(article.slug, row.id)) if article else None,
        "state": str(row.state),
        "name": row.original_name or row.name,
        "email": row.email,
        "words": row.written,
        "shown_as": {"name": row.name, "words": row.source} if hidden else None,
        "answers": row.parent_id,
        "edit_of": row.edit_of_id,
        "written_at": row.created_at,
        "edited_at": row.edited_at,
        "decided_at": row.decided_at,
        "reasons": enquiring.reasons_of(row.reasons),
    }


def _wish(wish: Following | None) -> Said | None:
    return {"wanted_at": wish.wanted_at, "confirmed_at": wish.confirmed_at} if wish else None


def _confirmed(email: str) -> Said | None:
    query = select(TrustedReader).where(TrustedReader.id.in_(finding.readers(email)))
    reader = db.session.execute(query).scalars().first()
    if reader is None:
        return None
    known = select(TrustedBrowser.confirmed_at).where(TrustedBrowser.reader_id == reader.id)
    browsers = db.session.execute(known.order_by(TrustedBrowser.confirmed_at)).scalars().all()
    return _taken(reader, _TRUST) | {"browsers": [{"confirmed_at": each} for each in browsers]}


def _mails(email: str) -> list[Said]:
    query = select(OutgoingMail).where(OutgoingMail.id.in_(finding.mails(email)))
    rows = db.session.execute(query.order_by(OutgoingMail.id)).scalars()
    return [_taken(row, _MAIL) | _without_links(row) for row in rows]


def _without_links(mail: OutgoingMail) -> Said:
    """Leave out the words of a mail whose link still opens what is to be kept from others."""
    return {"text": ""} if mail.kind in _WITH_KEYS else {}


def _bounced(email: str) -> list[Said]:
    query = select(BouncedAddress).where(BouncedAddress.id.in_(finding.bounced(email)))
    names = ("address", "words", "bounced_at", "stopped_at")
    return [_taken(row, names) for row in db.session.execute(query).scalars()]


def _account(email: str) -> Said | None:
    user = addresses.account_of(email)
    if user is None:
        return None
    query = select(UserSession).where(UserSession.user_id == user.id).order_by(UserSession.id)
    rows = db.session.execute(query).scalars()
    signed_in = [_taken(row, ("browser", "created_at", "last_seen_at")) for row in rows]
    has_second_step = user.totp_seed is not None
    return _taken(user, _ACCOUNT) | {"has_second_step": has_second_step, "signed_in": signed_in}


def other(email: str) -> Said:
    """Say what else is known of an address, which isn’t hers to have erased."""
    is_about = (
        CommentRule.kind == RuleKind.ADDRESS,
        CommentRule.pattern.in_(addresses.spellings(email)),
    )
    rules = db.session.execute(select(CommentRule.created_at).where(*is_about)).scalars().all()
    is_never = any(map(unwanted.is_at, addresses.spellings(email)))
    return {"rules_that_name_the_address": len(rules), "wants_no_mail_about_comments": is_never}


def _taken(row: Any, names: Iterable[str]) -> Said:
    return {name: getattr(row, name) for name in names}
