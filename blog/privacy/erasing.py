"""Erasing what is kept under an address, some at a time, until nothing is left.

What is erased isn't found again, so an erasure that is cut off is finished by whoever goes on with
it: the worker, or the next who asks. Threads stay readable, the journal keeps its lines, and
nothing of an account or of the clinic's own mail is touched.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from blog import accounts, comments, db, journal, revision, urls
from blog.comments import Comment, CommentState, following, fulltext, notices, traces, trust
from blog.comments.following import Following
from blog.comments.model import delete as delete_comments
from blog.comments.reports import CommentReport
from blog.comments.trust import TrustedBrowser, TrustedReader
from blog.enquiries import Enquiry
from blog.errors import Busy, Conflict
from blog.outbox import MailState, OutgoingMail
from blog.outbox.bounced import BouncedAddress
from blog.privacy import (
    addresses,
    collecting,
    enquiring,
    finding,
    mail_files,
    receipts,
    requests,
)
from blog.privacy.receipts import ErasureReceipt

# As many go in one transaction; others want to write too.
AT_ONCE = 10
# The verbs of an operator, and of the person herself.
ERASED, ERASED_OWN = "erased a person’s data under", "had her data erased under"
WISHES, ADDRESSES = "wishes to be told of replies", "confirmations of the address"
BOUNCED, FILES = "notes that mail came back", "mails in files"
# Of mails about comments nobody can tell any more which of them quote hers.
_INSTEAD = "Some of what this mail told of was erased. What is left stands on the site: {link}"
_QUOTING = (notices.MAIL, following.MAIL)
_IS_OVER = OutgoingMail.state.in_((MailState.SENT, MailState.FAILED))
_UNSEEN = {"synchronize_session": False}


@dataclass(frozen=True)
class Plan:
    """What would go by its kind, and in sentences what stays."""

    counts: dict[str, int]
    stays: list[str]


def plan(email: str) -> Plan:
    """Say what erasing an address would do; changes nothing."""
    hers = finding.comments(email)
    wishes = select(Following.comment_id).where(Following.comment_id.in_(hers))
    browsers = select(TrustedBrowser.token_hash).join(
        TrustedReader, TrustedReader.id == TrustedBrowser.reader_id
    )
    found = {
        "comments": select(Comment.id).where(Comment.id.in_(hers), Comment.edit_of_id.is_(None)),
        WISHES: wishes,
        "enquiries": enquiring.of_address(email),
        "mails": finding.mails(email),
        "browsers": browsers.where(TrustedReader.id.in_(finding.readers(email))),
        ADDRESSES: finding.readers(email),
        BOUNCED: finding.bounced(email),
    }
    counts = {kind: _count(query) for kind, query in found.items()}
    counts[FILES] = len(mail_files.of(email))
    return Plan({kind: count for kind, count in counts.items() if count}, _stays(email))


def _count(query: Select[Any]) -> int:
    return db.session.execute(select(func.count()).select_from(query.subquery())).scalar_one()


def _stays(email: str) -> list[str]:
    found = []
    if addresses.account_of(email):
        found.append(
            "This address has, or had, an account of those who work here. It stays, with the mails"
            " to it: an administrator looks after it on the page People."
        )
    elif addresses.is_ours(email):
        found.append("This is the clinic’s own address: the mails to it stay.")
    other = collecting.other(email)
    if other["rules_that_name_the_address"]:
        found.append(
            "A rule of the clinic names this address, to hold comments back. It stays until the"
            " clinic drops it."
        )
    if other["wants_no_mail_about_comments"]:
        found.append(
            "That this address wants no mail about comments stays, as a scrambled form of it alone,"
            " so that none is ever sent."
        )
    return found


def begin(email: str, *, verb: str = ERASED, now: datetime) -> ErasureReceipt:
    """Note that everything under an address is to go, and whose act that was.

    Raises: Conflict while comments of hers are being imported.
    """
    # Two who ask at one moment wait here for one another, and get one receipt.
    revision.hold(db.session)
    _refuse_while_importing(email)
    receipt, is_new = receipts.open_for(accounts.normal_email(email), now=now)
    if is_new:
        journal.record(verb, "receipt", receipt.reference, by=None, now=now)
    db.session.flush()
    return receipt


def _refuse_while_importing(email: str) -> None:
    if finding.is_importing(email):
        raise Conflict(
            "Comments are being brought here from another site at this moment. Please try again in"
            " a few minutes."
        )


def go_on(reference: str, *, now: datetime, seconds: float = math.inf) -> bool:
    """Erase until nothing is left, or so many seconds have gone.

    Returns: whether it is done.
    Raises: Conflict while comments of hers are being imported.
    """
    give_up_at = time.monotonic() + seconds
    is_done, is_purging = False, False
    # They are looked for before anybody has to wait, and while it is known which are hers.
    files = _files_of(reference)
    while not is_done:
        with db.writing():
            receipt = db.session.get_one(ErasureReceipt, reference, with_for_update=True)
            if receipt.email is None:
                return True
            _refuse_while_importing(receipt.email)
            counts = _erase_some(receipt.email, now=now)
            receipt.add((counts or Counter()) + Counter({FILES: mail_files.erase(files)}))
            if counts is None:
                is_done = fulltext.purge(db.session.connection(), is_first=not is_purging)
                is_purging = True
            if is_done:
                _finish(receipt, receipt.email, now=now)
        if time.monotonic() >= give_up_at:
            break
    return is_done


def _files_of(reference: str) -> Iterator[Path]:
    email = db.session.get_one(ErasureReceipt, reference).email
    return iter(mail_files.of(email) if email else ())


def finish_left(now: datetime, *, seconds: float = 1.0) -> None:
    """Go on with erasures that were cut off; the worker has mails to deliver between these."""
    db.session.rollback()
    with suppress(Busy):
        for reference in receipts.unfinished():
            # One that has to wait for an import keeps no other waiting.
            with suppress(Conflict):
                go_on(reference, now=now, seconds=seconds)


def _erase_some(email: str, *, now: datetime) -> Counter[str] | None:
    """Erase a few things, and count them; None where nothing is left."""
    # The newest first, so that what answers another is gone before it.
    hers = finding.comments(email)
    newest = hers.order_by(hers.selected_columns.id.desc()).limit(AT_ONCE)
    if ids := db.session.execute(newest).scalars().all():
        return _erase_comments(ids, now=now)
    if sent := db.session.execute(enquiring.of_address(email).limit(AT_ONCE)).scalars().all():
        enquiring.erase(select(Enquiry.id).where(Enquiry.id.in_(sent)))
        return Counter({"enquiries": len(sent)})
    return _erase_rest(email) or None


def _finish(receipt: ErasureReceipt, email: str, *, now: datetime) -> None:
    for spelling in addresses.spellings(email):
        requests.forget(spelling)
    receipt.finish(now=now)


def _erase_comments(ids: Sequence[int], *, now: datetime) -> Counter[str]:
    found = sorted(comments.by_ids(ids), key=lambda row: -row.id)
    _empty_mails(since=min(row.created_at for row in found), now=now)
    counts: Counter[str] = Counter()
    for comment in found:
        counts += _erase_comment(comment, now=now)
    return counts


def _erase_comment(comment: Comment, *, now: datetime) -> Counter[str]:
    """Erase a comment with what hangs on it; what was answered leaves a line in its thread."""
    is_told = following.of(comment) is not None
    traces.erase(comment.id)
    following.forget(comment.id)
    reported = delete(CommentReport).where(CommentReport.comment_id == comment.id)
    db.session.execute(reported, execution_options=_UNSEEN)
    is_edit = comment.edit_of_id is not None
    if is_edit or not comment.withdraw(now=now):
        comment.erase(now=now)
    delete_comments(comment.edits(*CommentState))
    comment.reader_hash = None
    is_answered = _is_answered(comment.id)
    if not is_answered:
        delete_comments([comment])
    kind = "comments emptied" if is_answered else "comments deleted"
    return Counter({kind: int(not is_edit), WISHES: int(is_told)})


def _is_answered(comment_id: int) -> bool:
    other = aliased(Comment)
    # Each by an index of its own.
    names = (other.parent_id, other.root_id)
    found = or_(*(exists().where(name == comment_id) for name in names))
    return bool(db.session.execute(select(found)).scalar())


def _empty_mails(*, since: datetime, now: datetime) -> None:
    """Empty our copies of mails that may quote a comment that came at a moment, or later.

    One that waits still leaves, since it may tell of others too, but only says where to look.
    """
    is_quoting = (OutgoingMail.kind.in_(_QUOTING), OutgoingMail.created_at >= since)
    is_whole = OutgoingMail.forgotten_at.is_(None)
    text = _INSTEAD.format(link=urls.absolute("/"))
    for is_so, became in (
        ((_IS_OVER, is_whole), {"text": "", "html": "", "forgotten_at": now}),
        ((~_IS_OVER, OutgoingMail.text != text), {"text": text, "html": f"<p>{text}</p>"}),
    ):
        change = update(OutgoingMail).where(*is_quoting, *is_so).values(became)
        db.session.execute(change, execution_options=_UNSEEN)


def _erase_rest(email: str) -> Counter[str]:
    """Erase what is known of an address itself, and the mails to it."""
    of_reader = TrustedBrowser.reader_id.in_(finding.readers(email))
    counts = {
        "browsers": _count(select(TrustedBrowser.token_hash).where(of_reader)),
        ADDRESSES: _count(finding.readers(email)),
        "mails": _count(finding.mails(email)),
        BOUNCED: _count(finding.bounced(email)),
    }
    for spelling in addresses.spellings(email):
        trust.erase(spelling)
    for gone in (
        delete(OutgoingMail).where(OutgoingMail.id.in_(finding.mails(email))),
        delete(BouncedAddress).where(BouncedAddress.id.in_(finding.bounced(email))),
    ):
        db.session.execute(gone, execution_options=_UNSEEN)
    return +Counter(counts)
