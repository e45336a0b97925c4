"""Where a comment comes from: what else came from there, and who else said so.

The browser and the place are known for as long as traces are kept, by keyed hashes. An address
is only what was typed; it proves nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from blog import db, spam
from blog.accounts import User
from blog.comments import fulltext, likeness, policy, reach
from blog.comments.model import Comment, CommentState
from blog.comments.traces import CommentTrace
from blog.spam import counted

# As many of each kind are counted, and the newest of these shown.
COUNTED = 1_000
_SHOWN = 20
_COMPARED = 1_000
# A sketch of fewer words, which may well be the same by chance, is shorter.
_LONG_BYTES = 4 * (spam.REPEATED_FROM_WORDS - 1)
_ROW = Comment.metadata.tables[Comment.__tablename__].c
_TOLD = {
    CommentState.APPROVED: "published",
    CommentState.REJECTED: "rejected",
    CommentState.SPAM: "marked as spam",
    CommentState.PENDING: "waiting",
}


@dataclass(frozen=True)
class Group:
    """Other comments that have something in common with one; the newest ids, and how many in all.

    Units: `states` counts by state, at most `COUNTED` together.
    """

    kind: str
    ids: Sequence[int]
    states: dict[CommentState, int]


def others(comment: Comment, *, by: User | None = None) -> list[Group]:
    """Find what came from the same browser, place and typed address, and what says the same.

    `by` is who asks: what is beyond her reach isn't told of.
    """
    trace = db.session.get(CommentTrace, comment.id)
    found: dict[str, Iterable[int]] = {}
    if trace:
        found = {
            "browser": _traced(CommentTrace.reader_hash == trace.reader_hash),
            "place": _traced(CommentTrace.client_hash == trace.client_hash),
            "words": _saying(trace),
        }
    found["address"] = _by_address(comment)
    return [_group(kind, {*ids} - {comment.id}, by) for kind, ids in found.items()]


def _group(kind: str, ids: Iterable[int], by: User | None) -> Group:
    states = _states(ids, by)
    newest = sorted(states, reverse=True)[:_SHOWN]
    return Group(kind, newest, dict(Counter(map(CommentState, states.values()))))


def _states(ids: Iterable[int], by: User | None) -> dict[int, str]:
    """Return the states of those of some comments that are within reach."""
    if not ids:
        return {}
    mine = reach.within(by, _ROW.article_id)
    query = select(_ROW.id, _ROW.state).where(_ROW.id.in_(ids), *mine)
    return dict(db.session.execute(query).all())


def _traced(condition: ColumnElement[bool]) -> Sequence[int]:
    query = select(CommentTrace.comment_id).where(condition).limit(COUNTED)
    return db.session.execute(query).scalars().all()


def _saying(trace: CommentTrace) -> Iterable[int]:
    """Find the same words, and among the latest also nearly the same."""
    if len(trace.sketch) < _LONG_BYTES:
        return []
    same = _traced(CommentTrace.words_hash == trace.words_hash)
    latest = select(CommentTrace.comment_id, CommentTrace.sketch).order_by(
        CommentTrace.comment_id.desc()
    )
    near = {
        comment_id
        for comment_id, sketch in db.session.execute(latest.limit(_COMPARED))
        if likeness.resembles(trace.sketch, [sketch], share=policy.MUCH_ALIKE)
    }
    return near.union(same)


def _by_address(comment: Comment) -> Sequence[int]:
    """Find who typed the same address, as far as the words of it are not in too many comments."""
    asked = fulltext.terms(comment.email or "")
    held = fulltext.whole(asked, limit=COUNTED) if asked else []
    if not held:
        return []
    query = select(Comment.id).where(
        Comment.id.in_(held),
        Comment.state != CommentState.IMPORTING,
        func.lower(Comment.email) == str(comment.email).lower(),
    )
    return db.session.execute(query).scalars().all()


def summaries(ids: Sequence[int], *, by: User | None = None) -> dict[int, str]:
    """Say in a line what else came from the browsers of comments, and how often their words came."""
    query = select(CommentTrace).where(CommentTrace.comment_id.in_(ids))
    traces = db.session.execute(query).scalars().all()
    if not traces:
        return {}
    states = _states_by_reader({trace.reader_hash for trace in traces}, by)
    same = _times_said({trace.words_hash for trace in traces}, by)
    own = _states(ids, None)
    found = {}
    for trace in traces:
        from_there = states[trace.reader_hash] - Counter([own[trace.comment_id]])
        is_long = len(trace.sketch) >= _LONG_BYTES
        said = _said(from_there, same[trace.words_hash] if is_long else 1)
        if said:
            found[trace.comment_id] = said
    return found


def _states_by_reader(hashes: Iterable[str], by: User | None) -> dict[str, Counter[str]]:
    some = (
        select(CommentTrace.reader_hash, CommentTrace.comment_id)
        .where(CommentTrace.reader_hash.in_(hashes))
        .limit(COUNTED)
        .subquery()
    )
    query = (
        select(some.c.reader_hash, _ROW.state, func.count())
        .join(Comment, _ROW.id == some.c.comment_id)
        .where(*reach.within(by, _ROW.article_id))
        .group_by(some.c.reader_hash, _ROW.state)
    )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for reader_hash, state, number in db.session.execute(query):
        found[reader_hash][state] = number
    return found


def _times_said(hashes: Iterable[str], by: User | None) -> Counter[str]:
    some = (
        select(CommentTrace.words_hash, CommentTrace.comment_id)
        .where(CommentTrace.words_hash.in_(hashes))
        .limit(COUNTED)
        .subquery()
    )
    query = select(some.c.words_hash, func.count()).group_by(some.c.words_hash)
    if mine := reach.within(by, _ROW.article_id):
        query = query.join(Comment, _ROW.id == some.c.comment_id).where(*mine)
    return Counter(dict(db.session.execute(query).all()))


def _said(states: Counter[str], times: int) -> str:
    listed = [f"{states[state]} {word}" for state, word in _TOLD.items() if states[state]]
    parts = [f"{', '.join(listed)} from this browser"] if listed else []
    if times > 1:
        again = "twice" if times == 2 else counted(times, "time")
        parts.append(f"the same words came {again}")
    return " · ".join(parts)
