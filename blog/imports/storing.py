"""Comments of a file put into the database: hidden, some at a time, then published the same way.

Who posts meanwhile waits for one small batch at most. An import that ends before all is stored
leaves hidden rows alone, which that import or the next one sweeps away; one that ends later was
decided about, and is finished by the next import or by the worker.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, delete, insert, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from blog import db, journal, markup, revision
from blog.comments import Comment, CommentState, fulltext, notices, pins
from blog.comments.model import text_of
from blog.errors import Conflict
from blog.imports.staging import Staged, Staging
from blog.spam import Reason

BATCH = 500
PUBLISHED_AT_ONCE = 2_000
# Who waits to write looks more often than this whether it is her turn.
_PAUSE_SECONDS = 0.02
_WAIT_SECONDS = 30.0
_TABLE = Comment.metadata.tables[Comment.__tablename__]
_IS_HIDDEN = _TABLE.c.state == CommentState.IMPORTING
_BUSY = "Another import is running. Please wait until it is done."
_LOST = (
    "This import lost its lock, and another took over. Please import the file again; what is there"
    " by then is left as it is."
)
_NUMBER_MAX = 2**31 - 1
# Any number that no other lock of ours has.
_LOCK = 7_401_956_201
_SQLITE_NUMBER = text("SELECT seq FROM sqlite_sequence WHERE name = 'comment'")
_NUMBERS = text(
    "SELECT nextval(pg_get_serial_sequence('comment', 'id')) FROM generate_series(1, :count)"
)

Progress = Callable[[int], None]


class CommentImport(db.Model):
    """An import that is under way; once all of its file is stored, all of it will be published."""

    __tablename__ = "comment_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    stored_at: Mapped[datetime | None]


class HiddenComment(db.Model):
    """A comment that is stored and not published, and the state that it will have."""

    __tablename__ = "hidden_comment"

    comment_id: Mapped[int] = mapped_column(
        ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    state: Mapped[CommentState] = mapped_column(String(20))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Keep other imports out.

    Raises: Conflict where one is running.
    """
    if db.db.engine.dialect.name == "sqlite":
        with db.lock_file(f"{db.db.engine.url.database}.import") as file:
            # Earlier versions made one that others may open, and so may hold.
            with contextlib.suppress(PermissionError):
                os.fchmod(file.fileno(), 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(_BUSY) from None
            yield
        return
    # A transaction as long as an import would keep the database from clearing up behind others.
    with db.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            raise Conflict(_BUSY)
        try:
            yield
        finally:
            # Where the connection was lost, so was the lock.
            with contextlib.suppress(OperationalError):
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})


def know(staged: Staging) -> None:
    """Note which comments of a file are stored already."""
    row = _TABLE.c
    for batch in staged.batches(BATCH):
        keys = [key for _, key in batch]
        known = select(row.id, row.parent_id, row.root_id, row.submission_key)
        found = db.session.execute(known.where(row.submission_key.in_(keys)))
        staged.know([(each[0], each[1], each[2] or each[0], each[3]) for each in found])


def is_left() -> bool:
    """Tell whether an import is under way, or was cut off."""
    begun, hidden = select(CommentImport.id), select(_TABLE.c.id).where(_IS_HIDDEN)
    return any(db.session.execute(query.limit(1)).first() for query in (begun, hidden))


def begin() -> int:
    """Begin to store; returns the number by which this import is known while it does.

    Raises: Conflict where another runs, which it can where this one lost its lock.
    """
    with db.writing(wait_seconds=_WAIT_SECONDS):
        if is_left():
            raise Conflict(_BUSY)
        return _add(None)


def _add(stored_at: datetime | None) -> int:
    # SQLite gives the number of a row that is gone again, and an import that lost it may yet run.
    own = secrets.randbelow(_NUMBER_MAX) + 1
    db.session.add(CommentImport(id=own, stored_at=stored_at))
    return own


def _take_over() -> int:
    """Make what is left an import of one's own, so that nobody else goes on with it."""
    with db.writing(wait_seconds=_WAIT_SECONDS):
        left = delete(CommentImport).returning(CommentImport.stored_at)
        found = db.session.execute(left).scalars().all()
        return _add(next(filter(None, found), None))


@contextlib.contextmanager
def _writing(own: int) -> Iterator[None]:
    """Write for an import, unless another took over."""
    with db.writing(wait_seconds=_WAIT_SECONDS):
        is_here = select(CommentImport.id).where(CommentImport.id == own).with_for_update()
        if db.session.execute(is_here).first() is None:
            raise Conflict(_LOST)
        yield


def recover(*, now: datetime, seconds: float = math.inf) -> None:
    """Finish what an import left that was cut off; after so many seconds the rest stays left."""
    db.session.rollback()
    if is_left():
        finish(_take_over(), now=now, seconds=seconds)


def finish(own: int, *, now: datetime, seconds: float = math.inf) -> None:
    """Publish what an import stored whole, and forget what it did not.

    Raises: Conflict where another took over.
    """
    # What went wrong may have left a transaction behind.
    db.session.rollback()
    give_up_at = time.monotonic() + seconds
    is_whole = CommentImport.id == own, CommentImport.stored_at.is_not(None)
    found = db.session.execute(select(CommentImport.id).where(*is_whole)).first()
    for _ in _publish(own, now=now) if found else _sweep(own):
        if time.monotonic() >= give_up_at:
            return
        time.sleep(_PAUSE_SECONDS)
    with _writing(own):
        db.session.execute(delete(CommentImport).where(CommentImport.id == own))


def _sweep(own: int) -> Iterator[None]:
    newest = select(_TABLE.c.id).where(_IS_HIDDEN).order_by(_TABLE.c.id.desc()).limit(BATCH)
    while ids := db.session.execute(newest).scalars().all():
        with _writing(own):
            fulltext.drop(db.session.connection(), ids)
            # What answers another has the higher number, so nothing is left that names these.
            db.session.execute(delete(_TABLE).where(_TABLE.c.id.in_(ids)))
        yield


def _publish(own: int, *, now: datetime) -> Iterator[None]:
    number = HiddenComment.comment_id
    # What waits comes last, all of it at once or nearly, since moderators are told of it by mail.
    for is_chosen in (
        HiddenComment.state != CommentState.PENDING,
        HiddenComment.state.is_not(None),
    ):
        query = select(HiddenComment.state, number).where(is_chosen)
        some = query.order_by(number).limit(PUBLISHED_AT_ONCE)
        last = 0
        while rows := db.session.execute(some.where(number > last)).all():
            by_state: dict[str, list[int]] = defaultdict(list)
            for state, comment_id in rows:
                by_state[state].append(comment_id)
            last = rows[-1].comment_id
            _let_be(own, by_state, now=now)
            yield


def _let_be(own: int, by_state: Mapping[str, list[int]], *, now: datetime) -> None:
    """Let comments be in their states."""
    with _writing(own):
        for state, ids in by_state.items():
            db.session.execute(update(_TABLE).where(_TABLE.c.id.in_(ids)).values(state=state))
            db.session.execute(delete(HiddenComment).where(HiddenComment.comment_id.in_(ids)))
        if CommentState.PENDING in by_state:
            notices.owe(by_state[CommentState.PENDING], now=now)
        revision.touch(db.session)


def store(
    own: int,
    staged: Staging,
    users: Mapping[str, int],
    source: str,
    *,
    progress: Progress,
    now: datetime,
) -> None:
    """Store what isn't known yet, hidden; `users` are the accounts of authors by their address.

    Its last act decides that all of it will be published.

    Raises: Conflict where another import took over.
    """
    for batch in staged.batches(BATCH):
        rows = staged.load([number for number, _ in batch])
        # Rendered before anybody has to wait.
        values = [_values(row, users, source, now=now) for row in rows]
        with _writing(own):
            placed = _insert(rows, values)
        staged.place_rows(
            [
                (place.id, place.parent_id, place.branch, row.number)
                for row, place in zip(rows, placed, strict=True)
            ]
        )
        progress(len(rows))
    with _writing(own):
        its_own = update(CommentImport).where(CommentImport.id == own)
        db.session.execute(its_own.values(stored_at=now))
        journal.record("imported", "comments", source, by=None, now=now)


def _insert(rows: Sequence[Staged], values: Sequence[dict[str, Any]]) -> Sequence[_Place]:
    """Store some comments, hidden; returns where each stands."""
    placed = _placed(rows, _numbers(len(rows)))
    connection = db.session.connection()
    connection.execute(
        insert(_TABLE),
        [value | place.as_row() for value, place in zip(values, placed, strict=True)],
    )
    hidden = [
        {"comment_id": place.id, "state": row.state}
        for row, place in zip(rows, placed, strict=True)
    ]
    connection.execute(insert(HiddenComment), hidden)
    fulltext.put(connection, [_indexed(*each) for each in zip(placed, values, strict=True)])
    pins.keep(_pinned(rows, placed))
    return placed


def _pinned(
    rows: Sequence[Staged], placed: Sequence[_Place]
) -> Iterator[tuple[int, str, datetime]]:
    for row, place in zip(rows, placed, strict=True):
        pinned_at = _time(row.said["more"].get("pinned_at"))
        if pinned_at and row.state == CommentState.APPROVED and place.branch == place.id:
            yield place.id, row.article_id, pinned_at


def _numbers(count: int) -> Sequence[int]:
    """Return the numbers of the next rows, in their order, so that they can name each other."""
    if db.db.engine.dialect.name == "sqlite":
        last = db.session.execute(_SQLITE_NUMBER).scalar() or 0
        return range(last + 1, last + count + 1)
    return sorted(db.session.execute(_NUMBERS, {"count": count}).scalars())


@dataclass(frozen=True)
class _Place:
    """Where a comment stands: the numbers of its row and of those it names, and of its branch."""

    id: int
    parent_id: int | None
    root_id: int | None
    edit_of_id: int | None
    branch: int

    def as_row(self) -> dict[str, int | None]:
        """Write it as it is stored."""
        names = ("id", "parent_id", "root_id", "edit_of_id")
        return {name: getattr(self, name) for name in names}


def _placed(rows: Sequence[Staged], numbers: Sequence[int]) -> list[_Place]:
    placed: dict[int | None, _Place] = {}
    for row, number in zip(rows, numbers, strict=True):
        up = placed.get(row.up_number)
        up_id, branch = (up.id, up.branch) if up else (row.up_id, row.up_branch)
        if row.is_edit:
            parent_id = up.parent_id if up else row.up_parent_id
            root_id = None if branch == up_id else branch
            placed[row.number] = _Place(number, parent_id, root_id, up_id, branch or number)
        else:
            placed[row.number] = _Place(number, up_id, branch, None, branch or number)
    return list(placed.values())


def _values(row: Staged, users: Mapping[str, int], source: str, *, now: datetime) -> dict[str, Any]:
    said, more = row.said, row.said["more"]
    is_gone = row.state == CommentState.WITHDRAWN
    times = {name: _time(more.get(name)) for name in ("edited_at", "decided_at")}
    return times | {
        "article_id": row.article_id,
        "name": row.name,
        "email": None if is_gone else row.email,
        "source": said["source"],
        "source_format": said["source_format"],
        "original": more.get("original"),
        "original_name": more.get("original_name"),
        "html": "" if is_gone else markup.render_comment(said["source"], said["source_format"]),
        "html_policy": markup.COMMENT_POLICY,
        "state": CommentState.IMPORTING,
        "reasons": more.get("reasons", [] if is_gone else [_came_from(source)]),
        "author_user_id": users.get(said["author"] or "", users.get("")) if row.is_author else None,
        "submission_key": row.key,
        "created_at": _time(said["created_at"]),
        # Nobody who follows a conversation is told of it, not even once it is approved.
        "told_at": now,
        # The account that authors of the file are taken for has decided nothing.
        "decided_by_id": users.get(more["decided_by"]) if more.get("decided_by") else None,
    }


def _came_from(source: str) -> dict[str, Any]:
    return Reason("import", f"imported from {source}").as_row()


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _indexed(place: _Place, value: dict[str, Any]) -> tuple[int, str, str | None, str]:
    words = text_of(value["source"], value["source_format"])
    return place.id, value["name"], value["email"], words
