"""What programs elsewhere are told of that is written down anyway: in rows, journal and calendar.

Nothing is queued where people wait, and nothing has to be called back: the worker reads on from
where it was. What it queues, and how far it came, is one transaction, so that each act is told of
once, whatever dies. A decision is told of by its click, when it can’t be undone any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from blog import accounts, db, permissions, urls, webhooks
from blog.articles import Article, ContentFile, is_public, news
from blog.comments import Comment, CommentState
from blog.comments.deciding import UNDO_WITHIN
from blog.comments.model import EDITED, WITHDREW
from blog.content import Kind
from blog.enquiries import Enquiry
from blog.errors import Busy
from blog.journal import JournalLine
from blog.outbox import Chore
from blog.permissions import Action
from blog.staff import letters
from blog.webhooks import Event, Item, progress

PAGE = 500
_CALENDAR = "calendar"
# How far the calendar was told is written down so often, where nothing happened.
_NOTED_EVERY = timedelta(hours=1)
# Who takes something back at the last moment may wait for others to write.
SETTLES_IN = UNDO_WITHIN + timedelta(minutes=1)
_TAKEN_DOWN = (CommentState.REJECTED, CommentState.SPAM)

Told = tuple[Event, list[Item], datetime]


@dataclass(frozen=True)
class Stream:
    """Rows in the order of their numbers, and what is told of some; `settles_in` is how late."""

    name: str
    table: str
    columns: Sequence[Any]
    number: Any
    at: Any
    tell: Callable[[Sequence[Row[Any]], int], Iterable[Told]]
    only: Sequence[ColumnElement[bool]] = ()
    settles_in: timedelta = timedelta()

    def after(self, number: int, *, now: datetime, limit: int) -> list[Row[Any]]:
        """Read the rows behind one that are settled."""
        query = select(self.number.label("number"), self.at.label("at"), *self.columns)
        query = query.where(self.number > number, *self.only).order_by(self.number).limit(limit)
        rows = db.session.execute(query).all()
        if not self.settles_in:
            return list(rows)
        return list(takewhile(lambda row: row.at < now - self.settles_in, rows))

    def before(self, moment: datetime) -> int:
        """Return the number of the last row from before a moment."""
        query = select(self.number).where(self.at < moment, *self.only)
        newest = self.number.desc() if self.only else self.at.desc()
        return db.session.execute(query.order_by(newest).limit(1)).scalar() or 0


# Comments and enquiries that come


def _comments_arrived(rows: Sequence[Row[Any]], _: int) -> Iterator[Told]:
    for row in rows:
        if row.state == CommentState.PENDING:
            url = urls.absolute(urls.api(f"/admin/comments/{row.number}"))
            item = {"id": row.number, "article_id": row.article_id, "url": url}
            yield Event.COMMENT_RECEIVED, [item], row.at
        elif row.state == CommentState.APPROVED and row.decided_at is None:
            yield Event.COMMENT_PUBLISHED, [_comment(row.number, row.article_id)], row.at


def _enquiries_arrived(rows: Sequence[Row[Any]], _: int) -> Iterator[Told]:
    # What is taken for spam is told of once somebody finds it genuine.
    for row in rows:
        if not row.is_suspected:
            yield Event.ENQUIRY_RECEIVED, [_enquiry(row.reference)], row.at


def _comment(comment_id: int, article_id: str | None) -> Item:
    """Name a comment that readers see, or saw; where it stood isn’t known of one that was erased."""
    path = f"/articles/{article_id}/comments" if article_id else "/articles"
    return {"id": comment_id, "article_id": article_id, "url": urls.absolute(urls.api(path))}


def _enquiry(reference: str) -> Item:
    return {"id": reference, "url": urls.absolute(urls.api(f"/admin/enquiries/{reference}"))}


# What people do about them, by the lines of the journal


def _clicks(rows: Sequence[Row[Any]], after: int) -> Iterator[Sequence[Any]]:
    """Give the lines of each click, all of them at its first; those told before are left out."""
    line = JournalLine
    first = _first({row.batch for row in rows if row.batch})
    clicks: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        key = row.batch, row.at, row.actor_id
        if row.batch is None:
            clicks[key].append(row)
        elif first[row.batch, row.at] > after and key not in clicks:
            is_its = (line.batch == row.batch, line.at == row.at)
            query = select(line).where(*is_its).order_by(line.id)
            clicks[key] = list(db.session.execute(query).scalars())
    yield from clicks.values()


def _first(batches: set[str]) -> dict[tuple[str | None, datetime], int]:
    """Tell by which line each of some clicks began; one under the same name may come later."""
    if not batches:
        return {}
    line = JournalLine
    begun = select(line.batch, line.at, func.min(line.id)).where(line.batch.in_(batches))
    rows = db.session.execute(begun.group_by(line.batch, line.at))
    return {(batch, at): number for batch, at, number in rows}


def _enquiries_changed(rows: Sequence[Row[Any]], after: int) -> Iterator[Told]:
    for lines in _clicks(rows, after):
        references = dict.fromkeys(line.thing_id for line in lines)
        yield Event.ENQUIRY_CHANGED, [_enquiry(each) for each in references], lines[0].at


def _comments_decided(rows: Sequence[Row[Any]], after: int) -> Iterator[Told]:
    for lines in _clicks(rows, after):
        found: dict[Event, list[Item]] = defaultdict(list)
        for event, item in _outcomes([line for line in lines if line.became]):
            found[event].append(item)
        for event, items in found.items():
            yield event, items, lines[0].at


def _outcomes(lines: Sequence[Any]) -> Iterator[tuple[Event, Item]]:
    """Tell what decisions led to that still stand; what was undone, or decided otherwise, to nothing."""
    facts = _facts([int(line.thing_id) for line in lines])
    edited = _facts([row.edit_of_id for row in facts.values() if row.edit_of_id])
    for line in lines:
        row = facts.get(int(line.thing_id))
        if row is None or (row.state, row.decided_at) != (line.became, line.at):
            continue
        above: Any = edited.get(row.edit_of_id)
        if row.state == CommentState.APPROVED:
            yield Event.COMMENT_PUBLISHED, _comment(row.id, row.article_id)
        elif row.state in _TAKEN_DOWN and line.was == CommentState.APPROVED:
            yield Event.COMMENT_REMOVED, _comment(row.id, row.article_id)
        elif row.state == CommentState.REPLACED and above.state == CommentState.APPROVED:
            yield Event.COMMENT_UPDATED, _comment(above.id, above.article_id)


def _facts(ids: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    columns = (Comment.id, Comment.article_id, Comment.state, Comment.decided_at)
    for start in range(0, len(ids), PAGE):
        some = Comment.id.in_(ids[start : start + PAGE])
        query = select(*columns, Comment.edit_of_id).where(some)
        found |= {row.id: row for row in db.session.execute(query)}
    return found


def _comments_rewritten(rows: Sequence[Row[Any]], _: int) -> Iterator[Told]:
    """Tell what readers did to their own comments, which nobody can undo."""
    meant = [row for row in rows if row.verb in (EDITED, WITHDREW)]
    facts = _facts([int(row.thing_id) for row in meant])
    for row in meant:
        number, fact = int(row.thing_id), facts.get(int(row.thing_id))
        item = _comment(number, fact.article_id if fact else None)
        if row.verb == WITHDREW and row.was == CommentState.APPROVED:
            yield Event.COMMENT_REMOVED, [item], row.at
        elif row.verb == EDITED and fact and fact.state == CommentState.APPROVED:
            is_new = row.became == CommentState.APPROVED
            yield Event.COMMENT_PUBLISHED if is_new else Event.COMMENT_UPDATED, [item], row.at


def _journal(
    name: str, thing: str, tell: Callable[..., Iterable[Told]], **more: timedelta
) -> Stream:
    line = JournalLine
    columns = (line.batch, line.actor_id, line.verb, line.thing_id, line.was, line.became)
    of_thing = (line.thing == thing,)
    return Stream(name, line.__tablename__, columns, line.id, line.at, tell, of_thing, **more)


STREAMS = (
    Stream(
        "comments",
        Comment.__tablename__,
        (Comment.article_id, Comment.state, Comment.decided_at),
        Comment.id,
        Comment.created_at,
        _comments_arrived,
    ),
    Stream(
        "enquiries",
        Enquiry.__tablename__,
        (Enquiry.reference, Enquiry.is_suspected),
        Enquiry.id,
        Enquiry.created_at,
        _enquiries_arrived,
    ),
    _journal("comments rewritten", "comment", _comments_rewritten),
    _journal("comments decided", "comment", _comments_decided, settles_in=SETTLES_IN),
    _journal("enquiries changed", "enquiry", _enquiries_changed),
)


def tell(now: datetime) -> None:
    """Queue what was written down since the last time; nothing where nobody is told of anything."""
    db.session.rollback()
    since = webhooks.listening_since()
    if since is None:
        return
    # Who writes at this moment isn’t waited for; the next round comes soon.
    with suppress(Busy):
        for stream in STREAMS:
            while _tell_some(stream, since, now=now):
                pass
        _tell_of_calendar(since, now=now)


def _tell_some(stream: Stream, since: datetime, *, now: datetime) -> bool:
    """Tell of a page of rows; tells whether more may follow."""
    known = progress.of(stream.name)
    is_begun = known is not None and known.at >= since
    if known and is_begun and not stream.after(known.told_up_to, now=now, limit=1):
        return False
    with db.writing():
        # A smaller number may belong to who isn't done yet, and would be passed over for ever.
        db.wait_for_writers(stream.table)
        place = progress.held(stream.name, since)
        if place.at < since:
            place.told_up_to = max(place.told_up_to, stream.before(since))
        rows = stream.after(place.told_up_to, now=now, limit=PAGE)
        meant = [row for row in rows if row.at >= since]
        for event, items, at in stream.tell(meant, place.told_up_to):
            webhooks.tell(event, items, at=at, now=now)
        place.told_up_to = rows[-1].number if rows else place.told_up_to
        place.at = now
        return len(rows) == PAGE


# What happens by itself


def _tell_of_calendar(since: datetime, *, now: datetime) -> None:
    """Tell of articles that appeared or expired at a moment that their files say."""
    known = progress.of(_CALENDAR)
    start = max(known.at, since) if known else since
    if now - start < _NOTED_EVERY and known and not _turned(start, now):
        return
    with db.writing():
        place = progress.held(_CALENDAR, since)
        for event, article_id, at in _turned(max(place.at, since), now):
            webhooks.tell(event, [news.item(article_id)], at=at, now=now)
        place.at = now


def _turned(start: datetime, end: datetime) -> list[tuple[Event, str, datetime]]:
    """Return the articles that appeared or expired by themselves between two moments.

    Of what had its moment before its file was read that sync has told.
    """
    path = f"{Kind.ARTICLE}/" + Article.id + ".md"
    read_at = select(ContentFile.synced_at).where(ContentFile.path == path).scalar_subquery()
    found: list[tuple[Event, str, datetime]] = []
    moments: tuple[Any, ...] = (
        (Event.ARTICLE_PUBLISHED, Article.published_at, is_public(end)),
        (Event.ARTICLE_UNPUBLISHED, Article.expires_at, Article.published_at < Article.expires_at),
    )
    for event, at, is_so in moments:
        is_meant = (Article.status == "published", at > start, at <= end, is_so, at > read_at)
        query = select(Article.id, at).where(*is_meant).order_by(at)
        found += [(event, *row) for row in db.session.execute(query)]
    return found


def warn(now: datetime) -> None:
    """Mail to the administrators that an endpoint was switched off, once."""
    if not webhooks.unwarned():
        return
    with db.writing():
        for hook in webhooks.unwarned():
            said = [
                f"The webhook “{hook.label}” was switched off: nothing is sent to it any more.",
                hook.off_because or "",
                "On the page “Webhooks” you see what was sent, and can turn it on again.",
            ]
            for user in accounts.everybody():
                if user.is_active and permissions.may(user, Action.MANAGE_WEBHOOKS):
                    letters.send(user.email, "A webhook was switched off", said, now=now)
            hook.warned_at = now


CHORES = (
    Chore(tell),
    Chore(warn, timedelta(minutes=1)),
    Chore(webhooks.sweep, timedelta(hours=1)),
)
