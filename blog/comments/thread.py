"""The comments of one article as a reader sees them: pages of a tree of three visible levels.

A branch is a comment that answers none, with everything below it. An article shows its branches
fifty to a page, pinned ones first, then the oldest or the newest, each with its first replies; all
replies of one branch have pages of their own, the oldest first. A comment stands where its time
puts it, whenever it was stored: one that was imported among those that were here before.
What a page costs doesn't grow with its thread, but for one look through the thread's index.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy import BindParameter, Select, String, bindparam, case, func, select, union_all

from blog import db, markup, urls
from blog.articles import Article
from blog.comments import pins, places
from blog.comments.model import IS_PENDING, Comment, CommentState
from blog.comments.places import BRANCH, Row
from blog.comments.places import FIRST_REPLIES as FIRST_REPLIES
from blog.comments.places import PAGE_BRANCHES as PAGE_BRANCHES
from blog.comments.places import PAGE_REPLIES as PAGE_REPLIES
from blog.errors import NotFound

VISIBLE_LEVELS = 3
# Of her own that wait a reader sees the newest; nobody honest has more.
OWN_WAITING = 20

_NO_PAGE = "There is no such page of comments."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = (
    Comment.id,
    Comment.parent_id,
    BRANCH.label("branch_id"),
    Comment.name,
    Comment.html,
    Comment.html_policy,
    # The source is long, and only needed where the HTML is not to be served any more.
    case((Comment.html_policy == markup.COMMENT_POLICY, ""), else_=Comment.source).label("source"),
    Comment.source_format,
    Comment.state,
    Comment.author_user_id,
    Comment.reader_hash,
    Comment.edit_of_id,
    Comment.created_at,
    Comment.edited_at,
)


@dataclass(frozen=True)
class Shown:
    """A comment as one reader may see it; holds no address and no reason.

    `is_edit_waiting` says that its words are this reader's own, which nobody else sees yet.
    """

    id: int
    parent_id: int | None
    branch_id: int
    slug: str
    name: str
    body_html: Markup
    created_at: datetime
    by_author: bool
    is_waiting: bool
    is_removed: bool
    is_withdrawn: bool
    is_own: bool
    is_edit_waiting: bool
    edited_at: datetime | None

    @property
    def called(self) -> str:
        """Its writer's name, or what stands where her comment was."""
        return self.name or f"a {'withdrawn' if self.is_withdrawn else 'removed'} comment"


@dataclass
class Node:
    """A comment with what answers it, and how many more of its replies another page shows.

    `answers` names its parent where the tree is flat, and `answers_url` leads there.
    """

    comment: Shown
    children: list[Node] = field(default_factory=list)
    answers: Shown | None = None
    answers_url: str = ""
    more: int = 0
    is_pinned: bool = False


@dataclass(frozen=True)
class Page:
    """One page of a thread or branch, with its number, how many pages and published comments."""

    nodes: Sequence[Node]
    page: int
    pages: int
    total: int
    newest_first: bool = False


def visible_on(
    article: Article,
    *,
    page: int = 1,
    newest_first: bool = False,
    reader_hash: str | None = None,
) -> Page:
    """Return a page of an article's thread: what is pinned, then the oldest or newest branches.

    A waiting comment is in it only for the browser that wrote it.

    Raises: NotFound where the thread has no such page.
    """
    found = places.branches(article.id, page, newest_first=newest_first)
    if not found and page > 1:
        raise NotFound(_NO_PAGE)

    sign = -1 if newest_first else 1

    def place(row: Row) -> tuple[bool, timedelta, int]:
        return not row.is_pinned, sign * (row.begun_at - _EPOCH), sign * row.branch_id

    here = found[:PAGE_BRANCHES]
    reader = _reader(article.id, reader_hash)
    own = _between(
        reader.waiting,
        place,
        place(here[0]) if page > 1 else None,
        place(found[PAGE_BRANCHES]) if len(found) > PAGE_BRANCHES else None,
    )
    nodes = _nodes(article, here, own, reader)
    if newest_first:
        nodes.reverse()
    nodes.sort(key=lambda node: not node.is_pinned)
    branches, comments = (here[0].branches, here[0].comments) if here else (0, 0)
    pages = places.pages_of(branches, PAGE_BRANCHES)
    return Page(nodes, page, pages, int(comments), newest_first)


def _nodes(
    article: Article, here: Sequence[Row], own: Sequence[Row], reader: _Reader
) -> list[Node]:
    """Return the branches of a page and those of a reader's own comments, oldest first."""
    branch_ids = {row.branch_id for row in here} | {row.branch_id for row in own}
    rows = _first_of(article.id, branch_ids) if branch_ids else []
    nodes = _tree(article.slug, rows, own, reader)
    published = {row.branch_id: row.published for row in here}
    pinned = {row.branch_id for row in here if row.is_pinned}
    for node in nodes:
        node.more = published.get(node.comment.id, 0) - _published([node])
        node.is_pinned = node.comment.id in pinned
    return nodes


def replies_to(
    article: Article, root_id: int, *, page: int = 1, reader_hash: str | None = None
) -> Page:
    """Return a page of one branch: the comment it begins with, and replies, oldest first.

    Raises: NotFound where no such branch is visible, or it has no such page.
    """
    found = places.replies(article.id, root_id, page)
    if not found:
        raise NotFound(_NO_PAGE)
    here = found[:PAGE_REPLIES]
    reader = _reader(article.id, reader_hash)
    own = _between(
        [row for row in reader.waiting if row.branch_id == root_id],
        _time,
        _time(here[0]) if page > 1 else None,
        _time(found[PAGE_REPLIES]) if len(found) > PAGE_REPLIES else None,
    )
    rows = _by_id([root_id, *(row.id for row in here)])
    count = here[0].replies
    return Page(
        _tree(article.slug, rows, own, reader), page, places.pages_of(count, PAGE_REPLIES), count
    )


def shown(article: Article, comment_ids: Sequence[int]) -> list[Shown]:
    """Return comments of an article as anybody may see them, in the order of their ids here."""
    rows = {row.id: row for row in _by_id(comment_ids)}
    return [_shown(article.slug, rows[each], _Reader(None)) for each in comment_ids]


# Statements are made once, since making one takes longer than asking it.
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_ARTICLE_ID = bindparam("article_id", type_=String)
_BY_ID = select(*_COLUMNS).where(Comment.id.in_(_IDS))


def _by_id(ids: Iterable[int]) -> Sequence[Row]:
    return db.session.execute(_BY_ID, {"ids": list(ids)}).all()


def _firsts() -> Select[*tuple[Any, ...]]:
    order = (Comment.created_at, Comment.id)
    rank = func.row_number().over(partition_by=Comment.root_id, order_by=order)
    replies = (
        select(Comment.id, rank.label("rank"))
        .where(*places.published_on(_ARTICLE_ID), Comment.root_id.in_(_IDS))
        .subquery()
    )
    first = select(replies.c.id).where(replies.c.rank <= FIRST_REPLIES)
    roots = select(Comment.id).where(Comment.id.in_(_IDS))
    return select(*_COLUMNS).where(Comment.id.in_(union_all(roots, first)))


_FIRSTS = _firsts()


def _first_of(article_id: str, branch_ids: Collection[int]) -> Sequence[Row]:
    """Return the comments that branches begin with, whatever their state, and the first replies."""
    return db.session.execute(_FIRSTS, {"article_id": article_id, "ids": list(branch_ids)}).all()


@dataclass(frozen=True)
class _Reader:
    """Who reads, what of hers waits, and what her published comments are to say."""

    reader_hash: str | None
    waiting: Sequence[Row] = ()
    edits: dict[int, Row] = field(default_factory=dict)


_OWN = (
    select(
        *_COLUMNS,
        places.begun_at(BRANCH).label("begun_at"),
        BRANCH.in_(pins.on(_ARTICLE_ID)).label("is_pinned"),
    )
    .where(
        IS_PENDING,
        Comment.reader_hash == bindparam("reader_hash"),
        Comment.article_id == _ARTICLE_ID,
    )
    .order_by(Comment.id.desc())
    .limit(OWN_WAITING)
)


def _reader(article_id: str, reader_hash: str | None) -> _Reader:
    """Return what a reader wrote on an article and nobody has decided about."""
    if reader_hash is None:
        return _Reader(None)
    known = {"article_id": article_id, "reader_hash": reader_hash}
    found = db.session.execute(_OWN, known).all()
    edits = {row.edit_of_id: row for row in reversed(found) if row.edit_of_id}
    return _Reader(reader_hash, [row for row in found if not row.edit_of_id], edits)


def _time(row: Any) -> tuple[datetime, int]:
    return row.created_at, row.id


def _between(rows: Iterable[Row], place: Callable[[Row], Any], first: Any, end: Any) -> list[Row]:
    """Return the rows whose place is from one to before another; None is no bound."""
    return [
        row
        for row in rows
        if (first is None or place(row) >= first) and (end is None or place(row) < end)
    ]


def _lines() -> Select[*tuple[Any, ...]]:
    line = (
        select(Comment.id, Comment.parent_id, Comment.state)
        .where(Comment.id.in_(_IDS))
        .cte("line", recursive=True)
    )
    line = line.union(
        select(Comment.id, Comment.parent_id, Comment.state)
        .join(line, Comment.id == line.c.parent_id)
        .where(line.c.state != CommentState.APPROVED)
    )
    return select(*_COLUMNS).where(Comment.id.in_(select(line.c.id)))


_LINES = _lines()


def _above(known: Collection[int], rows: Iterable[Row]) -> Sequence[Row]:
    """Return what rows answer that isn't among them: up to the next comment that is published."""
    missing = {row.parent_id for row in rows if row.parent_id and row.parent_id not in known}
    if not missing:
        return []
    found = db.session.execute(_LINES, {"ids": list(missing)}).all()
    return [row for row in found if row.id not in known]


def _tree(slug: str, rows: Sequence[Row], own: Sequence[Row], reader: _Reader) -> list[Node]:
    known = {row.id: row for row in [*rows, *own]}
    above = {row.id: row for row in _above(known, known.values())}
    here = known | {
        number: row for number, row in above.items() if row.state != CommentState.APPROVED
    }
    waiting = {row.id for row in own}
    roots: list[Node] = []
    # For each comment, the nodes from its root down to itself, at most three.
    lines: dict[int, list[Node]] = {}
    # In the order in which they were stored nothing comes before what it answers.
    for _, row in sorted(here.items()):
        node = Node(_shown(slug, row, reader, is_waiting=row.id in waiting))
        above_it = lines.get(row.parent_id) or lines.get(row.branch_id) or []
        enclosing = above_it[: VISIBLE_LEVELS - 1]
        if enclosing:
            enclosing[-1].children.append(node)
        else:
            roots.append(node)
        if enclosing and enclosing[-1].comment.id != row.parent_id:
            is_here = row.parent_id in here
            node.answers = _shown(slug, (here if is_here else above)[row.parent_id], reader)
            place = f"#comment-{row.parent_id}"
            node.answers_url = place if is_here else urls.comment(slug, row.parent_id)
        lines[row.id] = [*enclosing, node]
    for nodes in [roots, *(node.children for line in lines.values() for node in line)]:
        nodes.sort(key=lambda node: _time(node.comment))
    return roots


def _shown(slug: str, row: Row, reader: _Reader, *, is_waiting: bool = False) -> Shown:
    is_removed = row.state != CommentState.APPROVED and not is_waiting
    said = reader.edits.get(row.id, row)
    body = markup.comment_html(said.source, said.html, said.html_policy, said.source_format)
    return Shown(
        id=row.id,
        parent_id=row.parent_id,
        branch_id=row.branch_id,
        slug=slug,
        name="" if is_removed else row.name,
        body_html=Markup() if is_removed else body,
        created_at=row.created_at,
        by_author=row.author_user_id is not None,
        is_waiting=is_waiting,
        is_removed=is_removed,
        is_withdrawn=row.state == CommentState.WITHDRAWN,
        is_own=row.reader_hash is not None and row.reader_hash == reader.reader_hash,
        is_edit_waiting=said is not row,
        edited_at=row.edited_at,
    )


def _published(nodes: Iterable[Node]) -> int:
    """Return how many published comments nodes show."""
    return sum(
        (not node.comment.is_waiting and not node.comment.is_removed) + _published(node.children)
        for node in nodes
    )
