"""What a moderator chooses to look at: comments of one state, of an article, for a reason, by words.

A choice is never paid for with a look at every row: where no index answers it, the newest are
looked through and the answer says how far. An author's are found article by article, unless she
has so many that some are among the newest of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, or_, select
from sqlalchemy.orm import joinedload, undefer

from blog import db, urls
from blog.accounts import User
from blog.comments import fulltext, reach, reports
from blog.comments.model import Comment, CommentState
from blog.spam import Answer

# So many of a state are looked at one by one for what no index holds.
LOOKED_THROUGH = 3_000
# Words that more comments hold are looked for among the newest alone.
RARE = 1_000
# So many of one author are found article by article, and put in order.
SORTED = 20_000
_TIMES = 20_000
_TABLE = Comment.metadata.tables[Comment.__tablename__]
_ROW: Any = _TABLE.c
# By what a comment was held, as a list of such comments is called.
REASONS = {
    "links": "with a link",
    "model": "that looks like spam",
    "rule": "by a rule of yours",
    "private": "with private details",
    "name": "with somebody else’s name",
    "repetition": "said before",
    "rate": "many at once",
    "formless": "sent by a program",
    "haste": "sent too quickly",
    "trap": "with a hidden field filled in",
    "mode": "not by a trusted reader",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which comments; what is empty or None makes no difference."""

    state: CommentState
    article_id: str = ""
    reason: str = ""
    since: datetime | None = None
    words: str = ""
    is_reported: bool = False

    @property
    def is_narrow(self) -> bool:
        """Tell whether it is less than a whole state."""
        return bool(self.article_id or self.reason or self.since or self.words or self.is_reported)


@dataclass(frozen=True)
class Chosen:
    """Ids of what was chosen, newest first; none older than `looked_to` were looked through."""

    ids: Sequence[int]
    looked_to: int | None = None


def choose(
    choice: Choice,
    *,
    by: User | None = None,
    below: int | None = None,
    limit: int,
    enough: int = 0,
) -> Chosen:
    """Choose comments with ids below one, the newest first; of those within somebody's reach.

    Where looking farther back takes work, `enough` found among the newest are enough.
    """
    asked = fulltext.terms(choice.words)
    if choice.words and not asked:
        return Chosen([])
    below = urls.ROW_ID_MAX if below is None else below
    above = _last_before(choice.since) if choice.since else 0
    is_walked = _has_many(choice, by)
    newest = _newest(choice, None if is_walked else by, above=above, below=below)
    if not (choice.reason or choice.since or asked or is_walked):
        return Chosen(db.session.execute(newest.limit(limit)).scalars().all())
    near = newest.limit(LOOKED_THROUGH).subquery()
    found = fulltext.among(near, asked) if asked else select(near.c.id)
    if conditions := _told_by_row(choice, _ROW, by if is_walked else None):
        found = found.join(Comment, _ROW.id == near.c.id).where(*conditions)
    ids = db.session.execute(found.order_by(near.c.id.desc()).limit(limit)).scalars().all()
    if len(ids) == limit:
        return Chosen(ids)
    looked, oldest = db.session.execute(select(func.count(), func.min(near.c.id))).one()
    if looked < LOOKED_THROUGH:
        return Chosen(ids)
    older = (
        _older(choice, asked, by, above=above, below=oldest)
        if len(ids) < (enough or limit)
        else None
    )
    return Chosen(ids, oldest) if older is None else Chosen([*ids, *older][:limit])


def _has_many(choice: Choice, by: User | None) -> bool:
    """Tell whether an author's comments are too many to be put in order; a few reported aren't."""
    mine = reach.along(by, _ROW.article_id)
    if not mine or choice.article_id or choice.is_reported:
        return False
    some = select(_ROW.id).where(_ROW.state == choice.state, *mine).limit(SORTED + 1).subquery()
    count: int = db.session.execute(select(func.count()).select_from(some)).scalar_one()
    return count > SORTED


def _last_before(since: datetime) -> int:
    """Return an id that all comments since a time are above; 0 where that takes too much work."""
    later = select(Comment.id).where(Comment.created_at >= since).order_by(Comment.created_at)
    some = later.limit(_TIMES + 1).subquery()
    count, first = db.session.execute(select(func.count(), func.min(some.c.id))).one()
    if not count:
        return urls.ROW_ID_MAX
    return 0 if count > _TIMES else int(first) - 1


def _newest(choice: Choice, by: User | None, *, above: int, below: int) -> Select[int]:
    is_few = choice.article_id or choice.is_reported
    mine = (reach.within if is_few else reach.along)(by, _ROW.article_id)
    # An article's are found by its own index, since the bare id would have all of the state
    # walked through.
    number = _ROW.id + 0 if choice.article_id or (mine and not is_few) else _ROW.id
    query = select(_ROW.id).where(_ROW.state == choice.state, number > above, number < below)
    query = query.where(*mine)
    if choice.article_id:
        query = query.where(_ROW.article_id == choice.article_id)
    if choice.is_reported:
        query = query.where(_ROW.id.in_(reports.reported()))
    return query.order_by(number.desc())


def _told_by_row(choice: Choice, row: Any, by: User | None) -> list[ColumnElement[bool]]:
    """List what only a comment's row tells."""
    conditions = reach.within(by, row.article_id)
    if choice.since:
        conditions.append(row.created_at >= choice.since)
    if choice.reason:
        rows = cast(row.reasons, Text)
        held = (f'"step": "{choice.reason}", "answer": "{by}"' for by in (Answer.HOLD, Answer.SPAM))
        conditions.append(or_(*(rows.contains(each, autoescape=True) for each in held)))
    return conditions


def _older(
    choice: Choice, asked: Sequence[str], by: User | None, *, above: int, below: int
) -> Sequence[int] | None:
    """Choose of those that were not looked through; None where that takes too much work."""
    held = fulltext.older(asked, below=below, limit=RARE) if asked else None
    if held is None:
        return None
    # By their ids alone, as which a database wouldn't take them beside all of the state.
    row = select(_TABLE).where(_ROW.id.in_(held), _ROW.id > above).limit(RARE).subquery().c
    conditions = [row.state == choice.state, *_told_by_row(choice, row, by)]
    if choice.article_id:
        conditions.append(row.article_id == choice.article_id)
    found = select(row.id).where(*conditions).order_by(row.id.desc())
    return db.session.execute(found).scalars().all()


def load(ids: Sequence[int]) -> Sequence[Comment]:
    """Return comments with all that a page shows of them, newest first."""
    beside = (
        joinedload(Comment.parent),
        joinedload(Comment.decided_by),
        # What was written is compared, whatever of it is hidden.
        joinedload(Comment.edit_of).undefer(Comment.original),
        undefer(Comment.original),
    )
    query = select(Comment).options(*beside).where(Comment.id.in_(ids))
    return db.session.execute(query.order_by(Comment.id.desc())).scalars().all()
