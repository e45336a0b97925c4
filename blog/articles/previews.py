"""Preview links: each lets whoever has it read one article before it is published, for some days.

A link is signed, ends by its day or by hand, and is never worth more than who made it may do. A
wrong link is told from one that has ended by nobody. Knows no request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import articles, config, db, journal, permissions, tokens
from blog.accounts import User
from blog.articles import Article
from blog.articles.manuscripts import MISSING
from blog.errors import Conflict, Invalid, NotFound
from blog.permissions import Action, Guest

LIVES_DAYS = 7
LIVES_MAX_DAYS = 30
CHOICES_DAYS = (1, 3, LIVES_DAYS, 14, LIVES_MAX_DAYS)
# Nobody sends more about, and a list shows them all.
OF_ONE_MAX = 20
ENDED = (
    "There is no preview at this address, or it has ended. Whoever sent it to you can make another."
)
_PURPOSE = "preview"
_THING = "article"


class Preview(db.Model):
    """A link to one article; one that was ended stays until its day."""

    __tablename__ = "preview"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[str] = mapped_column(String(100), index=True)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    made_by: Mapped[User | None] = relationship(lazy="joined")

    @property
    def token(self) -> str:
        """What its address ends in; always the same."""
        return tokens.issue(config.current().secret_key, _PURPOSE, str(self.id), now=self.made_at)

    @property
    def guest(self) -> Guest:
        """Who reads by it."""
        return Guest(self.article_id, self.made_by)


@dataclass(frozen=True)
class Shown:
    """An article as it will be, and the link by which it is read."""

    preview: Preview
    article: Article
    is_public: bool


def of(article_id: str, *, by: User | None) -> Article:
    """Return an article that somebody may preview; None is an operator, who may all.

    Raises: NotFound, also for what is beyond her.
    """
    article = articles.by_id(article_id)
    if article is None or not (by is None or permissions.may(by, Action.PREVIEW, of=article)):
        raise NotFound(MISSING)
    return article


def make(
    article: Article, *, by: User | None, now: datetime, lives_days: int = LIVES_DAYS
) -> Preview:
    """Make a link to an article that nobody could read otherwise.

    Raises: Conflict where anybody can, Invalid naming a wrong field.
    """
    if permissions.is_public(article, now=now):
        raise Conflict("Everybody can read this article already: send its own address.")
    if not 1 <= lives_days <= LIVES_MAX_DAYS:
        raise Invalid({"lives_days": f"A preview lasts from 1 to {LIVES_MAX_DAYS} days."})
    if len(live(article.id, now=now)) >= OF_ONE_MAX:
        words = f"There are {OF_ONE_MAX} previews of this article. End one that isn’t needed."
        raise Conflict(words)
    expires_at = now + timedelta(days=lives_days)
    made = Preview(article_id=article.id, made_by=by, made_at=now, expires_at=expires_at)
    db.session.add(made)
    db.session.flush()
    journal.record("made a preview of", _THING, article.id, by=by, now=now)
    return made


def live(article_id: str, *, now: datetime) -> Sequence[Preview]:
    """Return the links to an article that haven't ended, the newest first."""
    is_live = (Preview.revoked_at.is_(None), Preview.expires_at > now)
    query = select(Preview).where(Preview.article_id == article_id, *is_live)
    return db.session.execute(query.order_by(Preview.id.desc())).scalars().all()


def revoke(article_id: str, preview_id: int, *, by: User | None, now: datetime) -> None:
    """End a link to an article at once; one that has ended stays so.

    Raises: NotFound.
    """
    theirs = (Preview.id == preview_id, Preview.article_id == article_id)
    if db.session.execute(select(Preview.id).where(*theirs)).first() is None:
        raise NotFound("There is no such preview of this article.")
    ended = update(Preview).where(*theirs, Preview.revoked_at.is_(None)).values(revoked_at=now)
    if db.session.execute(ended.returning(Preview.id)).first() is not None:
        journal.record("ended a preview of", _THING, article_id, by=by, now=now)


def shown(token: str, *, now: datetime) -> Shown:
    """Return what a link leads to.

    Raises: NotFound, for whatever reason.
    """
    max_age = timedelta(days=LIVES_MAX_DAYS)
    said = tokens.read(config.current().secret_key, _PURPOSE, token, now=now, max_age=max_age)
    preview = db.session.get(Preview, int(said.subject)) if said else None
    # A number may be used again once its row is forgotten.
    if preview is None or preview.token != token:
        raise NotFound(ENDED)
    if preview.revoked_at is not None or preview.expires_at <= now:
        raise NotFound(ENDED)
    article = articles.by_id(preview.article_id)
    if article is None or not permissions.may_read(preview.guest, article, now=now):
        raise NotFound(ENDED)
    return Shown(preview, article, permissions.is_public(article, now=now))


def sweep(now: datetime) -> None:
    """Forget the links whose day is over."""
    with db.writing():
        db.session.execute(delete(Preview).where(Preview.expires_at <= now))
