"""Asking for one's data: who types an address gets a link sent to it, once a day at most.

The answer on the page is the same for every address, and nothing is looked up before the mail
worker does it; where nothing is kept, nothing is sent. The link shows, and erases once.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from flask import render_template
from sqlalchemy import String, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from blog import accounts, articles, config, db, outbox, tokens, urls
from blog.errors import Busy
from blog.privacy import finding

MAIL = "my-data"
MAIL_EVERY = timedelta(days=1)
LINK_LIVES = timedelta(days=1)
KEPT = timedelta(days=2)
MAILS_KEPT = timedelta(days=30)
_AT_ONCE = 50


class DataRequest(db.Model):
    """Somebody typed an address and asked for what is kept under it; `link_hash` is of her link."""

    __tablename__ = "data_request"

    email: Mapped[str] = mapped_column(String(accounts.EMAIL_MAX_CHARS), primary_key=True)
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)


_ROWS = DataRequest.metadata.tables[DataRequest.__tablename__]
_ASKED = insert(_ROWS)


def ask(email: str, *, now: datetime) -> None:
    """Note that a link is wanted; nothing where one was wanted within a day."""
    anew = {"asked_at": now, "answered_at": None, "link_hash": None}
    # One statement, so that of many who ask at one moment one is heard.
    once = _ASKED.on_conflict_do_update(
        index_elements=["email"], set_=anew, where=_ROWS.c.asked_at <= now - MAIL_EVERY
    )
    db.session.execute(once, anew | {"email": accounts.normal_email(email)})


def answer(now: datetime) -> int:
    """Mail a link to whoever asked and has something kept, each in a transaction of its own.

    Returns: how many mails were queued.
    """
    db.session.rollback()
    query = select(DataRequest.email).where(DataRequest.answered_at.is_(None)).limit(_AT_ONCE)
    queued = 0
    # Who writes at this moment isn't waited for; the next round comes soon.
    with suppress(Busy):
        for email in db.session.execute(query).scalars().all():
            is_known = finding.is_anything(email)
            with db.writing():
                queued += _answer(email, is_known=is_known, now=now)
    return queued


def _answer(email: str, *, is_known: bool, now: datetime) -> bool:
    nonce = tokens.random_token()
    told = {"answered_at": now, "link_hash": tokens.digest(nonce)}
    open_one = (DataRequest.email == email, DataRequest.answered_at.is_(None))
    if not is_known:
        # Who is known an hour later is answered then.
        db.session.execute(delete(DataRequest).where(*open_one))
        return False
    change = update(DataRequest).where(*open_one).values(told).returning(DataRequest.email)
    if db.session.execute(change).first() is None:
        return False
    _mail(email, nonce, now=now)
    return True


def _mail(email: str, nonce: str, *, now: datetime) -> None:
    settings, site = config.current(), articles.site()
    link = urls.absolute(urls.my_data(tokens.issue(settings.secret_key, MAIL, nonce, now=now)))
    words = {"email": email, "link": link, "site": site}
    outbox.queue(
        kind=MAIL,
        sender=settings.mail_from,
        recipient=email,
        subject=f"Your data on {site.title}",
        text=render_template("mail/my_data.txt", **words),
        html=render_template("mail/my_data.html", **words),
        now=now,
    )


def opened(link: str, *, now: datetime) -> str | None:
    """Return the address that a link was mailed to; None where it is worth nothing any more."""
    key = config.current().secret_key
    said = tokens.read(key, MAIL, link, now=now, max_age=LINK_LIVES)
    if said is None:
        return None
    is_its = DataRequest.link_hash == tokens.digest(said.subject)
    return db.session.execute(select(DataRequest.email).where(is_its)).scalar_one_or_none()


def use(link: str, *, now: datetime) -> str | None:
    """Use a link up, and return its address; of two at one moment the second finds it used."""
    email = opened(link, now=now)
    gone = delete(DataRequest).where(DataRequest.email == email).returning(DataRequest.email)
    return db.session.execute(gone).scalar_one_or_none()


def forget(email: str) -> None:
    """Forget that an address was typed."""
    db.session.execute(delete(DataRequest).where(DataRequest.email == email))


def sweep(now: datetime) -> None:
    """Forget who asked, and the mails to them."""
    with db.writing():
        db.session.execute(delete(DataRequest).where(DataRequest.asked_at <= now - KEPT))
        outbox.purge((MAIL,), until=now - MAILS_KEPT)
