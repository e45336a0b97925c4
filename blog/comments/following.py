"""Wishes to be told of replies: one row a comment, its address the comment's own.

A wish counts once the owner of that address confirmed it, or when it came from a browser in which
she had. Nobody learns here whether an address is known, and nobody can wish for another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    delete,
    func,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from blog import config, db, outbox, tokens, urls
from blog.comments import trust, unwanted
from blog.comments.deciding import UNDO_WITHIN
from blog.comments.model import Comment, CommentState

MAIL = "replies"
# A mail that was sent is forgotten.
MAILS_KEPT = timedelta(days=30)
# As many go in one transaction; others want to write too.
SWEPT_AT_ONCE = 500
# Who unsubscribes years later is as welcome.
_LINK_LIVES = timedelta(days=36_500)


class Following(db.Model):
    """A wish to be told of replies to a comment; `mail_id` is of the mail that told last."""

    __tablename__ = "comment_following"
    __table_args__ = (Index("ix_comment_following_confirmed_at", "confirmed_at"),)

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True)
    wanted_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    mail_id: Mapped[int | None] = mapped_column(
        ForeignKey("outgoing_mail.id", ondelete="SET NULL"), index=True
    )


@dataclass(frozen=True)
class Mailed:
    """What a mail was about, and to whom it went.

    A withdrawn comment tells nobody's address, which is then known where other mail goes to it.
    """

    comment: Comment
    email: str | None
    address_hash: str


_ROWS = Following.metadata.tables[Following.__tablename__]
_IS_OPEN = Following.confirmed_at.is_(None)
_BRANCH = func.coalesce(Comment.root_id, Comment.id)


def is_settled(now: datetime) -> ColumnElement[bool]:
    """Whether a comment's last decision can't be undone any more."""
    return or_(Comment.decided_at.is_(None), Comment.decided_at <= now - UNDO_WITHIN)


def want(comment_id: int, email: str, *, trust_hash: str, now: datetime) -> None:
    """Note that the writer of a comment wants to be told of replies."""
    holder = trust.holder(trust_hash) if trust_hash else None
    is_proven = holder is not None and holder.email == email
    row = {"comment_id": comment_id, "wanted_at": now, "confirmed_at": now if is_proven else None}
    db.session.execute(insert(_ROWS).values(row).on_conflict_do_nothing())


def of(comment: Comment) -> Following | None:
    """Return the wish that goes with a comment."""
    return db.session.get(Following, comment.id)


def ask(*, now: datetime) -> None:
    """Queue the mails by which owners of addresses confirm the wishes of published comments."""
    for email in _addresses_to_ask(now):
        with db.writing():
            trust.ask(email, is_about_replies=True, now=now)
            # Where no mail may go to an address, none is tried again.
            published = _with(email).where(*_is_published(now))
            _change(published, _IS_OPEN, asked_at=now)


def _addresses_to_ask(now: datetime) -> set[str]:
    # Not joined: a planner that knows nothing of the tables may begin with all comments.
    its_own = (Comment.id == Following.comment_id, *_is_published(now))
    email = select(Comment.email).where(*its_own).scalar_subquery()
    query = select(email).where(_IS_OPEN, Following.asked_at.is_(None))
    wanted = set(filter(None, db.session.execute(query).scalars()))
    return wanted - trust.asked_lately(wanted, now=now)


def _is_published(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Comment.state == CommentState.APPROVED, is_settled(now)


def _with(email: str) -> Select[int]:
    """Select the comments that carry an address."""
    return select(Comment.id).where(Comment.email == email)


def _change(comments: Select[int], *where: ColumnElement[bool], **values: datetime) -> None:
    change = update(Following).where(Following.comment_id.in_(comments), *where).values(values)
    db.session.execute(change.execution_options(synchronize_session=False))


def offered(email: str, *, reader_hash: str | None) -> Sequence[Comment]:
    """Return what the owner of an address can confirm: published, or written in her browser."""
    is_hers = Comment.reader_hash == reader_hash if reader_hash else Comment.id.is_(None)
    is_shown = or_(Comment.state == CommentState.APPROVED, is_hers)
    query = _comments(email).where(_IS_OPEN, is_shown)
    return db.session.execute(query).scalars().all()


def followed(email: str) -> Sequence[Comment]:
    """Return the comments about whose replies an address is told."""
    query = _comments(email).where(Following.confirmed_at.is_not(None))
    return db.session.execute(query).scalars().all()


def _comments(email: str) -> Select[Comment]:
    joined = select(Comment).join(Following, Following.comment_id == Comment.id)
    return joined.where(Comment.email == email).order_by(Comment.id)


def confirm(email: str, comment_ids: Collection[int], *, now: datetime) -> None:
    """Let wishes count, now that the owner of an address said so; others' are left alone."""
    _change(_with(email).where(Comment.id.in_(comment_ids)), _IS_OPEN, confirmed_at=now)


def stop_path(comment: Comment, *, now: datetime) -> str:
    """Path of the page, without any address in it, where mails about a comment are ended."""
    key, address_hash = config.current().secret_key, unwanted.hash_of(str(comment.email))
    subject = f"{comment.id}.{address_hash}"
    return urls.unsubscription(tokens.issue(key, MAIL, subject, now=now))


def opened(link: str, *, now: datetime) -> Mailed | None:
    """Return about what and to whom the mail was that a link came in; None for no link of ours."""
    key = config.current().secret_key
    said = tokens.read(key, MAIL, link, now=now, max_age=_LINK_LIVES)
    number, _, address_hash = said.subject.partition(".") if said else ("0", "", "")
    comment = db.session.get(Comment, int(number))
    if comment is None:
        return None
    return Mailed(comment, comment.email or _known_by(address_hash), address_hash)


def _known_by(address_hash: str) -> str | None:
    """Find the address that mail goes to of which only the hash is known."""
    followed = select(Comment.email).join(Following, Following.comment_id == Comment.id)
    confirmed = select(trust.TrustedReader.email)
    emails = db.session.execute(union(followed, confirmed)).scalars()
    return next((each for each in emails if each and unwanted.hash_of(each) == address_hash), None)


def stop(email: str, *, branch_id: int | None = None) -> None:
    """Tell an address of no more replies: in one conversation, or in any."""
    comments = _with(email)
    if branch_id is not None:
        comments = comments.where(_BRANCH.in_([branch_id]))
    _delete(Following.comment_id.in_(comments))


def never(email: str) -> None:
    """Never write to an address again, and forget that it was confirmed."""
    stop(email)
    trust.erase(email)
    unwanted.add(unwanted.hash_of(email))


def refuse(mailed: Mailed) -> None:
    """Never write again to whom a mail went, though her comment may be withdrawn."""
    if mailed.email:
        never(mailed.email)
    elif mailed.address_hash:
        unwanted.add(mailed.address_hash)


def forget(comment_id: int) -> None:
    """Drop the wish that goes with a comment."""
    _delete(Following.comment_id == comment_id)


def stop_where_refused() -> None:
    """Tell those addresses of no more replies that a server takes no mail for."""
    failed = outbox.refused(MAIL)
    query = select(Comment.email).join(Following, Following.comment_id == Comment.id)
    emails = db.session.execute(query.where(Following.mail_id.in_(failed))).scalars()
    for email in set(filter(None, emails)):
        with db.writing():
            stop(email)


def late(*, now: datetime) -> Select[int]:
    """Select the wishes that nobody confirmed for longer than these are kept."""
    kept = timedelta(days=config.current().keep_unconfirmed_days)
    since = func.coalesce(Following.asked_at, Comment.decided_at, Following.wanted_at)
    return (
        select(Following.comment_id)
        .join(Comment, Comment.id == Following.comment_id)
        .where(_IS_OPEN, Comment.state != CommentState.PENDING, since <= now - kept)
    )


def forget_late(ids: Sequence[int], *, now: datetime) -> None:
    """Forget those of some wishes that are late; one that was confirmed meanwhile stays."""
    _delete(Following.comment_id.in_(late(now=now).where(Following.comment_id.in_(ids))))


def sweep(now: datetime) -> None:
    """Forget wishes and addresses that nobody confirmed, and what was mailed a month ago."""
    db.session.rollback()
    _sweep(late(now=now), forget_late, now=now)
    _sweep(trust.late(now=now), trust.forget_late, now=now)
    with db.writing():
        outbox.purge((MAIL, trust.MAIL), until=now - MAILS_KEPT)


def _sweep(chosen: Select[int], forget: Callable[..., None], *, now: datetime) -> None:
    """Forget what is late a few at a time; nothing is held while the next ones are looked for."""
    number = chosen.selected_columns[0]
    some, last = chosen.order_by(number).limit(SWEPT_AT_ONCE), 0
    while ids := db.session.execute(some.where(number > last)).scalars().all():
        last = ids[-1]
        with db.writing():
            forget(ids, now=now)


def _delete(where: ColumnElement[bool]) -> None:
    change = delete(Following).where(where)
    db.session.execute(change.execution_options(synchronize_session=False))
