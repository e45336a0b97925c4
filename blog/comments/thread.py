"""The comments of one article as a reader sees them: a tree of three visible levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import or_, select

from blog import db
from blog.articles import Article
from blog.comments import Comment, CommentState

VISIBLE_LEVELS = 3
# Of her own that wait a reader sees the newest; nobody honest has more.
OWN_WAITING = 20


@dataclass(frozen=True)
class Shown:
    """A comment as one reader may see it; holds no address and no reason."""

    id: int
    slug: str
    name: str
    body_html: Markup
    created_at: datetime
    by_author: bool
    is_waiting: bool
    is_removed: bool


@dataclass
class Node:
    """A comment with what answers it; `answers` names its parent where the tree is flat."""

    comment: Shown
    children: list[Node] = field(default_factory=list)
    answers: Shown | None = None


def visible_on(article: Article, *, reader_hash: str | None = None) -> list[Node]:
    """Return an article's thread in two statements at most, oldest first.

    A waiting comment is in it only for the browser that wrote it.
    """
    visible = _visible(article.id, reader_hash)
    known = {comment.id for comment in visible}
    orphans = {c.root_id for c in visible if c.parent_id and c.parent_id not in known and c.root_id}
    rows = sorted([*visible, *_removed(orphans, known)], key=lambda comment: comment.id)
    return _tree(article.slug, rows)


def count(nodes: Sequence[Node]) -> int:
    """Return how many published comments a thread shows."""
    return sum(
        (not node.comment.is_waiting and not node.comment.is_removed) + count(node.children)
        for node in nodes
    )


def _visible(article_id: str, reader_hash: str | None) -> Sequence[Comment]:
    shown = Comment.state == CommentState.APPROVED
    if reader_hash is not None:
        own = (
            select(Comment.id)
            .where(
                Comment.article_id == article_id,
                Comment.state == CommentState.PENDING,
                Comment.reader_hash == reader_hash,
            )
            .order_by(Comment.id.desc())
            .limit(OWN_WAITING)
        )
        shown = or_(shown, Comment.id.in_(own))
    query = select(Comment).where(Comment.article_id == article_id, shown).order_by(Comment.id)
    return db.session.execute(query).scalars().all()


def _removed(root_ids: set[int], known: set[int]) -> list[Comment]:
    """Return what is no longer shown itself but has answers that are."""
    if not root_ids:
        return []
    query = select(Comment).where(or_(Comment.root_id.in_(root_ids), Comment.id.in_(root_ids)))
    family = {comment.id: comment for comment in db.session.execute(query).scalars()}
    needed: set[int] = set()
    for comment_id in known & family.keys():
        parent_id = family[comment_id].parent_id
        while parent_id is not None and parent_id not in known | needed:
            needed.add(parent_id)
            parent_id = family[parent_id].parent_id
    return [family[comment_id] for comment_id in needed]


def _tree(slug: str, rows: Sequence[Comment]) -> list[Node]:
    roots: list[Node] = []
    # For each comment, the nodes from its root down to itself, at most three.
    lines: dict[int, list[Node]] = {}
    for row in rows:
        node = Node(_shown(slug, row))
        above = lines[row.parent_id] if row.parent_id is not None else []
        enclosing = above[: VISIBLE_LEVELS - 1]
        if enclosing:
            enclosing[-1].children.append(node)
            if enclosing[-1].comment.id != row.parent_id:
                node.answers = above[-1].comment
        else:
            roots.append(node)
        lines[row.id] = [*enclosing, node]
    return roots


def _shown(slug: str, comment: Comment) -> Shown:
    is_removed = comment.state not in (CommentState.APPROVED, CommentState.PENDING)
    return Shown(
        id=comment.id,
        slug=slug,
        name="" if is_removed else comment.name,
        body_html=Markup() if is_removed else comment.body_html,
        created_at=comment.created_at,
        by_author=comment.is_by_author,
        is_waiting=comment.state == CommentState.PENDING,
        is_removed=is_removed,
    )
