"""What this site's own decisions teach about spam: a row of sums for each sign, and no text.

A decision is learnt in its own transaction, each comment once; changing it takes back exactly
what it taught. Nothing here publishes or hides anything.
"""

from __future__ import annotations

import threading
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from blog import db, revision
from blog.comments import signs, weighing
from blog.comments.signs import Sign
from blog.comments.weighing import Opinion, Point, Scale, Weights

_KEPT = "blog.spam_weights"


class SpamModel(db.Model):
    """The one row: how often the weights changed, since when they count, what they learnt from."""

    __tablename__ = "spam_model"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(default=0)
    began_at_number: Mapped[int] = mapped_column(default=0)
    genuine: Mapped[int] = mapped_column(default=0)
    spam: Mapped[int] = mapped_column(default=0)


class SpamWeight(db.Model):
    """What lessons add up to for the signs counted under one number."""

    __tablename__ = "spam_weight"

    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    total: Mapped[float]
    seen: Mapped[int]
    is_ignored: Mapped[bool] = mapped_column(default=False)
    number: Mapped[int]


class CommentLesson(db.Model):
    """What one comment taught: its score before, and what was added to each of its signs."""

    __tablename__ = "comment_lesson"

    # Of one that may be gone: what it taught outlives words that were kept long enough.
    comment_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(index=True)
    is_spam: Mapped[bool]
    score: Mapped[float]
    step: Mapped[float]


# Of the bare tables: every comment asks, and nothing of the session's is needed.
_MODEL = SpamModel.metadata.tables[SpamModel.__tablename__]
_WEIGHT = SpamModel.metadata.tables[SpamWeight.__tablename__]
_LESSON = SpamModel.metadata.tables[CommentLesson.__tablename__]
_STATE = select(_MODEL)
_ROWS = select(_WEIGHT.c.bucket, _WEIGHT.c.total, _WEIGHT.c.seen, _WEIGHT.c.is_ignored)
_POINTS = select(_LESSON.c.score, _LESSON.c.is_spam).order_by(_LESSON.c.number.desc())
# SQLite takes the same words.
_ADDING = upsert(_WEIGHT)
_ADD = _ADDING.on_conflict_do_update(
    index_elements=["bucket"],
    set_={
        "total": _WEIGHT.c.total + _ADDING.excluded.total,
        "seen": _WEIGHT.c.seen + _ADDING.excluded.seen,
        "number": _ADDING.excluded.number,
    },
)
_IGNORE = _ADDING.on_conflict_do_update(
    index_elements=["bucket"],
    set_={"is_ignored": _ADDING.excluded.is_ignored, "number": _ADDING.excluded.number},
)


# What is thought of a text


@dataclass
class _Kept:
    """The weights as this process last read them."""

    number: int = -1
    total: array[float] = field(default_factory=lambda: array("d", bytes(8 * signs.BUCKETS)))
    ignored: frozenset[int] = frozenset()
    scale: Scale = field(default_factory=lambda: weighing.fit(()))
    lock: threading.Lock = field(default_factory=threading.Lock)


def opinion(text: str) -> Opinion | None:
    """Say how likely a text is spam; None until enough was decided.

    Not for a transaction that learns: what it reads is kept for others.
    """
    state = _state()
    if not weighing.is_enough(state["genuine"], state["spam"]):
        return None
    kept: _Kept = current_app.extensions.setdefault(_KEPT, _Kept())
    with kept.lock:
        if kept.number < state["number"]:
            _read_changes(kept, state)
    return Weights(kept.total, kept.ignored).opinion(signs.of(text), kept.scale)


def _state() -> RowMapping:
    return db.session.connection().execute(_STATE).mappings().one()


def _read_changes(kept: _Kept, state: RowMapping) -> None:
    """Read what has changed since; all of it where the model began anew."""
    if kept.number < state["began_at_number"]:
        kept.total, kept.ignored = array("d", bytes(8 * signs.BUCKETS)), frozenset()
    connection = db.session.connection()
    changed = connection.execute(_ROWS.where(_WEIGHT.c.number > kept.number)).all()
    for bucket, total, seen, _ in changed:
        kept.total[bucket] = weighing.weight(total, seen)
    heeded = {row.bucket for row in changed if not row.is_ignored}
    kept.ignored = (kept.ignored - heeded) | {row.bucket for row in changed if row.is_ignored}
    kept.scale = _scale()
    kept.number = state["number"]


def _scale() -> Scale:
    rows = db.session.connection().execute(_POINTS.limit(weighing.CALIBRATED_BY)).all()
    return weighing.fit([(row.score, row.is_spam) for row in rows])


def second_opinion(text: str) -> Opinion | None:
    """Say how likely a text is spam by what this transaction sees, and keep nothing of it."""
    state, found = _state(), signs.of(text)
    if not weighing.is_enough(state["genuine"], state["spam"]):
        return None
    return _weights_of(found).opinion(found, _scale())


# What is learnt


def follow(comment_id: int, text: str, *, is_spam: bool | None) -> bool:
    """Learn what a decision says of a comment, and take back what another one said before.

    `is_spam` is None where it says nothing. The text must be the one that was learnt: whoever
    changes a comment's words says None first.

    Returns: whether it had taught something before.
    """
    session = db.session
    # Two who decide at once take turns, always in the order revision before weights.
    revision.hold(session)
    lesson = session.execute(select(_LESSON).where(_LESSON.c.comment_id == comment_id)).first()
    if (lesson.is_spam if lesson else None) is is_spam:
        return lesson is not None
    number, found = _next_number(), signs.of(text)
    counts = {False: 0, True: 0}
    if lesson:
        _add(found, lesson.step, -1, number=number)
        session.execute(delete(_LESSON).where(_LESSON.c.comment_id == comment_id))
        counts[lesson.is_spam] -= 1
    if is_spam is not None:
        score = _weights_of(found).score(found)
        step = weighing.step(score, is_spam=is_spam)
        _add(found, step, 1, number=number)
        values = {"comment_id": comment_id, "number": number, "is_spam": is_spam}
        session.execute(insert(_LESSON), values | {"score": score, "step": step})
        counts[is_spam] += 1
    learnt = {"genuine": _MODEL.c.genuine + counts[False], "spam": _MODEL.c.spam + counts[True]}
    session.execute(update(_MODEL).values(learnt))
    return lesson is not None


def move(comment_id: int, other_id: int) -> bool:
    """Let what a comment's words taught be another's, which says them now and has taught nothing.

    Returns: whether they had taught something.
    """
    moved = update(_LESSON).where(_LESSON.c.comment_id == comment_id).returning(_LESSON.c.number)
    return bool(db.session.execute(moved.values(comment_id=other_id)).all())


def _next_number() -> int:
    raised = update(_MODEL).values(number=_MODEL.c.number + 1).returning(_MODEL.c.number)
    number: int = db.session.execute(raised).scalar_one()
    return number


def _add(found: Sequence[Sign], step: float, times: int, *, number: int) -> None:
    added = step * weighing.share_of(found)
    seen: defaultdict[int, int] = defaultdict(int)
    for sign in found:
        for bucket in sign.buckets:
            seen[bucket] += times
    rows = [
        {"bucket": at, "total": added * count, "seen": count, "number": number}
        for at, count in seen.items()
    ]
    db.session.execute(_ADD, rows)


def _weights_of(found: Sequence[Sign]) -> Weights:
    """Read what a text's own signs weigh in this transaction."""
    wanted = {bucket for sign in found for bucket in sign.buckets}
    rows = db.session.execute(_ROWS.where(_WEIGHT.c.bucket.in_(wanted))).all()
    each = defaultdict(float, {row[0]: weighing.weight(row[1], row[2]) for row in rows})
    return Weights(each, {row.bucket for row in rows if row.is_ignored})


# What a person says about it


def ignore(sign: Sign, *, is_ignored: bool) -> None:
    """Let a sign say nothing from now on, in any comment, or let it speak again.

    What it learnt and goes on learning is kept, so that either way back is exact. A word's
    letters and its pairs are silent with it, or it would speak through them.
    """
    revision.hold(db.session)
    values = {"bucket": sign.buckets[0], "total": 0.0, "seen": 0, "is_ignored": is_ignored}
    db.session.execute(_IGNORE, values | {"number": _next_number()})


def reset() -> None:
    """Forget everything that was learnt; decisions made before teach nothing any more."""
    revision.hold(db.session)
    number = _next_number()
    db.session.execute(delete(_LESSON))
    db.session.execute(delete(_WEIGHT))
    db.session.execute(update(_MODEL).values(began_at_number=number, genuine=0, spam=0))


# What can be read


@dataclass(frozen=True)
class Summary:
    """How much was learnt."""

    genuine: int
    spam: int
    signs: int
    ignored: int

    @property
    def is_enough(self) -> bool:
        """Tell whether it speaks."""
        return weighing.is_enough(self.genuine, self.spam)


def summary() -> Summary:
    """Say how much was learnt."""
    state, rows = _state(), export()
    seen = sum(row["seen"] > 0 for row in rows)
    return Summary(state["genuine"], state["spam"], seen, sum(row["is_ignored"] for row in rows))


def export() -> list[dict[str, Any]]:
    """List what each number weighs, in their order."""
    rows = db.session.connection().execute(_ROWS.order_by(_WEIGHT.c.bucket)).mappings()
    return [{**row, "weight": weighing.weight(row["total"], row["seen"])} for row in rows]


def weigh(text: str) -> list[tuple[Sign, float, bool]]:
    """Say what each sign of a text weighs by itself, and whether it is ignored."""
    found = [sign for sign in signs.of(text) if sign.shown]
    weights = _weights_of(found)
    return [
        (sign, sum(weights.of[at] for at in sign.buckets), sign.buckets[0] in weights.ignored)
        for sign in found
    ]


def points() -> list[Point]:
    """List what each lesson scored before it was learnt and what it was, in turn."""
    rows = db.session.execute(_POINTS.order_by(None).order_by(_LESSON.c.number)).all()
    return [(row.score, row.is_spam) for row in rows]
