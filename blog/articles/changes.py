"""Notes what readers can see to have changed, in the transaction that changes it, for `replay.py`.

Each note has a number, in the order of the transactions, which hold the site's revision; each thing
has that of its last one. What the clock alone does follows from the times kept beside. Of what
readers never found nothing is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Index, String, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from blog import db, tokens
from blog.articles import ArticleAuthor, ArticleTopic, Listed
from blog.content import ArticleFile, Status

# Whoever looks more seldom begins anew.
KEPT = timedelta(days=90)
# Since when anybody can read what has no date.
ALWAYS_FROM = datetime.fromtimestamp(0, UTC)


class Kind(StrEnum):
    """What changes are told of."""

    ARTICLE = "article"
    AUTHOR = "author"
    PAGE = "page"
    TOPIC = "topic"


class Span(NamedTuple):
    """When something can be read, and when it is said to have changed; None is never."""

    public_from: datetime | None
    public_until: datetime | None = None
    updated_at: datetime | None = None


Key = tuple[Kind, str]
_ALWAYS, _NEVER = Span(ALWAYS_FROM), Span(None)
_UNSEEN_ROWS = {"synchronize_session": False}


class ChangeNote(db.Model):
    """A number that changes were noted under; by its random mark a site that was restored, and
    went on from there, is told from what it had been.
    """

    __tablename__ = "change_note"

    number: Mapped[int] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    noted_at: Mapped[datetime] = mapped_column(index=True)


class Changed(Listed, db.Model):
    """The last change of a thing; a topic's times are those of its articles.

    `seen_before` is the number of the last note before which readers could find it, `noted_at`
    since when its times stand.
    """

    __tablename__ = "changed"
    __table_args__ = (
        Index("ix_changed_number", "number", "kind", "thing_id"),
        Index("ix_changed_public_from", "public_from"),
        Index("ix_changed_public_until", "public_until"),
        Index("ix_changed_updated_at", "updated_at"),
    )

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    thing_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    number: Mapped[int]
    noted_at: Mapped[datetime]
    seen_before: Mapped[int | None]
    updated_at: Mapped[datetime | None]

    def was_seen(self, *, now: datetime) -> bool:
        """Tell whether readers could find it since it was noted."""
        begins, ends = self.public_from, self.public_until
        return (
            begins is not None
            and begins <= now
            and (ends is None or ends > max(begins, self.noted_at))
        )


def note_articles(ids: Collection[str], files: Iterable[ArticleFile]) -> None:
    """Note articles that are about to be written, and their topics, while these still stand.

    One of which there is no file goes.
    """
    now = db.utc_now()
    known = _known(Kind.ARTICLE, ids)
    seen = [row.thing_id for row in known if row.was_seen(now=now)]
    left = _topics_of(seen)
    spans: dict[Key, Span] = {(Kind.ARTICLE, row.thing_id): _NEVER for row in known}
    for file in files:
        # Of a draft that readers never found nothing is kept.
        if file.status is Status.PUBLISHED:
            spans |= {(Kind.TOPIC, topic.slug): _NEVER for topic in file.topics}
            times = (file.published_at, file.expires_at, file.updated_at)
            spans[Kind.ARTICLE, file.id] = Span(*times)
    spans |= dict.fromkeys(left, _NEVER)
    if spans:
        _note(spans, {*left, *((Kind.ARTICLE, each) for each in seen)}, now=now)


def _topics_of(article_ids: Collection[str]) -> list[Key]:
    if not article_ids:
        return []
    query = select(ArticleTopic.slug).where(ArticleTopic.article_id.in_(article_ids)).distinct()
    return [(Kind.TOPIC, slug) for slug in db.session.execute(query).scalars()]


def note_author(author_id: str, *, is_gone: bool = False, is_renamed: bool = True) -> None:
    """Note an author, and with a new name, or none any more, all that she wrote."""
    number = _note_always(Kind.AUTHOR, author_id, is_gone=is_gone)
    if number is not None and is_renamed:
        theirs = select(ArticleAuthor.article_id).where(ArticleAuthor.author_id == author_id)
        hers = (Changed.kind == Kind.ARTICLE, Changed.thing_id.in_(theirs))
        db.session.execute(
            update(Changed).where(*hers).values(number=number), execution_options=_UNSEEN_ROWS
        )


def note_page(page_id: str, *, is_gone: bool = False) -> None:
    """Note a page."""
    _note_always(Kind.PAGE, page_id, is_gone=is_gone)


def _note_always(kind: Kind, thing_id: str, *, is_gone: bool) -> int | None:
    """Note what anybody can read for as long as it is there."""
    if is_gone and not _known(kind, [thing_id]):
        # Its file could never be used.
        return None
    key = (kind, thing_id)
    span = _NEVER if is_gone else _ALWAYS
    return _note({key: span}, {key} if is_gone else set(), now=db.utc_now())


def _known(kind: Kind, ids: Collection[str]) -> list[Changed]:
    if not ids:
        return []
    query = select(Changed).where(Changed.kind == kind, Changed.thing_id.in_(ids))
    return list(db.session.execute(query).scalars())


def _note(spans: Mapping[Key, Span], seen: Collection[Key], *, now: datetime) -> int:
    note = ChangeNote(mark=tokens.random_token(), noted_at=now)
    db.session.add(note)
    db.session.flush()
    rows = {
        (Kind(row.kind), row.thing_id): row
        for kind in Kind
        for row in _known(kind, [thing_id for of, thing_id in spans if of is kind])
    }
    for key, span in spans.items():
        row = rows.get(key) or Changed(kind=key[0].value, thing_id=key[1])
        row.number, row.noted_at = note.number, now
        row.public_from, row.public_until, row.updated_at = span
        if key in seen:
            row.seen_before = note.number
        db.session.add(row)
    return note.number


def tidy(now: datetime) -> None:
    """Forget what nobody can ask for any more: old notes, and what had gone by the last of them."""
    query = select(func.max(ChangeNote.number)).where(ChangeNote.noted_at <= now - KEPT)
    # This one stays: nothing had changed since, until the next was made.
    oldest = db.session.execute(query).scalar()
    if oldest is None:
        return
    is_on = select(ArticleTopic.slug).where(
        Changed.kind == Kind.TOPIC, ArticleTopic.slug == Changed.thing_id
    )
    is_over = (Changed.public_from.is_(None), Changed.number <= oldest, ~is_on.exists())
    with db.writing():
        db.session.execute(delete(ChangeNote).where(ChangeNote.number < oldest))
        db.session.execute(delete(Changed).where(*is_over), execution_options=_UNSEEN_ROWS)
