"""Readers whose comments may appear at once: an address its owner confirmed, and her browsers.

What proves a reader is a random token in her browser, whose hash alone is stored; a name or an
address that was typed proves nothing. One mail a day goes to an address, whoever asks how often.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import render_template
from sqlalchemy import ForeignKey, Select, String, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import articles, config, db, journal, outbox, permissions, tokens, urls
from blog.accounts import User
from blog.comments import unwanted
from blog.comments.model import EMAIL_MAX_CHARS, Comment, CommentState
from blog.comments.policy import Trust
from blog.permissions import Action

LATELY = timedelta(days=90)
LINK_LIVES = timedelta(hours=48)
MAIL_EVERY = timedelta(days=1)
MAIL = "confirm-address"
# So long a link that came too late is told from one that never was.
_LINK_KNOWN = timedelta(days=365)


class TrustedReader(db.Model):
    """Somebody's address, asked for or confirmed; `link_hash` is of the link that can confirm it.

    `rejected_at` is of a rejection that no comment tells of any more.
    """

    __tablename__ = "trusted_reader"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(EMAIL_MAX_CHARS), unique=True)
    asked_at: Mapped[datetime]
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    stopped_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    stopped_by: Mapped[User | None] = relationship()

    def stop(self, *, by: User, now: datetime, because_of: Comment) -> bool:
        """Trust none of her browsers any more, and confirm none for `LATELY`.

        Returns: whether that changed anything.
        Raises: Forbidden where `by` may not.
        """
        permissions.require(by, Action.JUDGE_ALL)
        if self.stopped_at is not None:
            return False
        self.stopped_at, self.stopped_by, self.link_hash = now, by, None
        db.session.execute(delete(TrustedBrowser).where(TrustedBrowser.reader_id == self.id))
        verb = "stopped trusting the writer of"
        journal.record(verb, "comment", because_of.id, by=by, now=now)
        return True


class TrustedBrowser(db.Model):
    """A browser in which an address was confirmed; without its row the token is worth nothing."""

    __tablename__ = "trusted_browser"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("trusted_reader.id"), index=True)
    confirmed_at: Mapped[datetime]


@dataclass(frozen=True)
class Holder:
    """Who holds the token of a browser, and since when."""

    reader_id: int
    email: str
    confirmed_at: datetime


class LinkState(StrEnum):
    """What a link of a mail is good for."""

    READY = "ready"
    USED = "used"
    EXPIRED = "expired"
    BROKEN = "broken"


_READERS = TrustedReader.metadata.tables[TrustedReader.__tablename__]
_HOLDER = (
    select(TrustedBrowser.reader_id, TrustedReader.email, TrustedBrowser.confirmed_at)
    .join(TrustedReader, TrustedReader.id == TrustedBrowser.reader_id)
    .where(TrustedBrowser.token_hash == bindparam("token_hash"))
)
_IS_HERS = Comment.trusted_reader_id == bindparam("reader_id")
_PUBLISHED = (
    select(Comment.id)
    .where(
        Comment.state == CommentState.APPROVED,
        or_(Comment.email == bindparam("email"), _IS_HERS),
    )
    .limit(bindparam("needed"))
)
_TURNED_DOWN = (CommentState.REJECTED, CommentState.SPAM)
_REJECTED = select(Comment.id).where(
    _IS_HERS,
    Comment.state.in_(_TURNED_DOWN),
    Comment.decided_at > bindparam("since"),
)
_REMEMBERED = select(TrustedReader.id).where(
    TrustedReader.id == bindparam("reader_id"), TrustedReader.rejected_at > bindparam("since")
)
_STANDING = select(
    select(func.count()).select_from(_PUBLISHED.subquery()).scalar_subquery(),
    select(func.count()).select_from(_REJECTED.subquery()).scalar_subquery(),
    select(func.count()).select_from(_REMEMBERED.subquery()).scalar_subquery(),
)
_ASKED = insert(_READERS)
# One statement, so that of many who ask at one moment one is heard.
_ASK = _ASKED.on_conflict_do_update(
    index_elements=["email"],
    set_={"asked_at": _ASKED.excluded.asked_at, "link_hash": _ASKED.excluded.link_hash},
    where=(_READERS.c.asked_at <= bindparam("asked_until"))
    & or_(_READERS.c.stopped_at.is_(None), _READERS.c.stopped_at <= bindparam("stopped_until")),
).returning(_READERS.c.id)


def holder(token_hash: str) -> Holder | None:
    """Return whose browser a token was given to; None for a token that is worth nothing."""
    found = db.session.connection().execute(_HOLDER, {"token_hash": token_hash}).one_or_none()
    return Holder(*found) if found else None


def standing(who: Holder, *, now: datetime) -> Trust:
    """Return what speaks for and against publishing at once what somebody writes."""
    needed = config.current().trust_after
    asked = {"reader_id": who.reader_id, "email": who.email, "needed": needed}
    found = db.session.connection().execute(_STANDING, asked | {"since": now - LATELY})
    published, rejected, remembered = found.one()
    # What is remembered may be of a comment that was turned down once more.
    return Trust(published=published, rejected_lately=max(rejected, remembered), needed=needed)


def remember_rejection(comment: Comment) -> None:
    """Let a rejection speak against its writer, whatever she makes of the comment now."""
    reader, decided_at = writer_of(comment), comment.decided_at
    if reader and decided_at and comment.state in _TURNED_DOWN:
        reader.rejected_at = max(decided_at, reader.rejected_at or decided_at)


def writer_of(comment: Comment) -> TrustedReader | None:
    """Return who wrote a comment in a browser that was trusted then; she may not be any more."""
    reader_id = comment.trusted_reader_id
    return db.session.get(TrustedReader, reader_id) if reader_id else None


def ask(email: str, *, is_about_replies: bool = False, now: datetime) -> None:
    """Queue the mail by which its owner can confirm an address, whatever it is wanted for.

    Nothing where one went there within a day, where its owner or a server wants none, or where
    she stopped being trusted of late; who asks can't tell.
    """
    nonce, settings, site = tokens.random_token(), config.current(), articles.site()
    link = tokens.issue(settings.secret_key, MAIL, nonce, now=now)
    words = {"email": email, "link": urls.absolute(urls.confirmation(link)), "site": site}
    words |= {"is_about_replies": is_about_replies}
    text = render_template("mail/confirm_address.txt", **words)
    html = render_template("mail/confirm_address.html", **words)
    last = outbox.last_of_kind(MAIL, email)
    if (last is not None and last.is_refused) or unwanted.is_at(email):
        return
    values = {
        "email": email,
        "asked_at": now,
        "link_hash": tokens.digest(nonce),
        "asked_until": now - MAIL_EVERY,
        "stopped_until": now - LATELY,
    }
    if db.session.execute(_ASK, values).scalar_one_or_none() is None:
        return
    outbox.queue(
        kind=MAIL,
        sender=settings.mail_from,
        recipient=email,
        subject=f"Confirm your address for {site.title}",
        text=text,
        html=html,
        now=now,
    )


def asked_lately(emails: Collection[str], *, now: datetime) -> set[str]:
    """Return to which of some addresses no further mail may go within the day."""
    is_lately = TrustedReader.asked_at > now - MAIL_EVERY
    query = select(TrustedReader.email).where(TrustedReader.email.in_(emails), is_lately)
    return set(db.session.execute(query).scalars()) if emails else set()


def opened(link: str, *, now: datetime) -> tuple[LinkState, TrustedReader | None]:
    """Tell what a link is good for, and whose address it can confirm; changes nothing."""
    key = config.current().secret_key
    said = tokens.read(key, MAIL, link, now=now, max_age=_LINK_KNOWN)
    if said is None:
        return LinkState.BROKEN, None
    if said.age > LINK_LIVES:
        return LinkState.EXPIRED, None
    query = select(TrustedReader).where(TrustedReader.link_hash == tokens.digest(said.subject))
    reader = db.session.execute(query).scalar_one_or_none()
    return (LinkState.READY, reader) if reader else (LinkState.USED, None)


def confirm(link: str, page: str, *, now: datetime) -> str | None:
    """Confirm an address by the link that was mailed to it; works once.

    `page` is what no other showing of the link's page holds: sent twice from there, the answer is
    the same.

    Returns: the token for the browser; None where the link is good for nothing.
    """
    token = tokens.keyed_hash(config.current().secret_key, "trust", link, page)
    token_hash = tokens.digest(token)
    _, reader = opened(link, now=now)
    if reader is None or not _use_link(reader):
        return token if holder(token_hash) else None
    if reader.confirmed_at is None or reader.stopped_at is not None:
        reader.confirmed_at = now
    reader.stopped_at = reader.stopped_by_id = None
    db.session.add(TrustedBrowser(token_hash=token_hash, reader_id=reader.id, confirmed_at=now))
    # `holder` looks past the session.
    db.session.flush()
    return token


def _use_link(reader: TrustedReader) -> bool:
    """Use up a link; of two at one moment the second waits, and finds it used."""
    unused = (TrustedReader.id == reader.id, TrustedReader.link_hash == reader.link_hash)
    query = update(TrustedReader).where(*unused).values(link_hash=None)
    return db.session.execute(query.returning(TrustedReader.id)).scalar_one_or_none() is not None


def forget(token_hash: str) -> None:
    """Trust a browser no more, at its owner's wish."""
    db.session.execute(delete(TrustedBrowser).where(TrustedBrowser.token_hash == token_hash))


def erase(email: str) -> None:
    """Keep nothing of an address but what stands with its comments."""
    query = select(TrustedReader.id).where(TrustedReader.email == email)
    reader_id = db.session.execute(query).scalar_one_or_none()
    if reader_id is not None:
        hers = Comment.trusted_reader_id == reader_id
        db.session.execute(update(Comment).where(hers).values(trusted_reader_id=None))
        db.session.execute(delete(TrustedBrowser).where(TrustedBrowser.reader_id == reader_id))
        db.session.execute(delete(TrustedReader).where(TrustedReader.id == reader_id))


def late(*, now: datetime) -> Select[int]:
    """Select the addresses that were asked for and not confirmed for longer than these are kept."""
    kept = timedelta(days=config.current().keep_unconfirmed_days)
    is_late = (TrustedReader.confirmed_at.is_(None), TrustedReader.asked_at <= now - kept)
    return select(TrustedReader.id).where(*is_late)


def forget_late(ids: Sequence[int], *, now: datetime) -> None:
    """Forget those of some addresses that are late; one that was confirmed meanwhile stays."""
    own = late(now=now).where(TrustedReader.id.in_(ids))
    query = delete(TrustedReader).where(TrustedReader.id.in_(own))
    db.session.execute(query, execution_options={"synchronize_session": False})
