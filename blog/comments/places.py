"""In which order the comments of a thread stand, and on which page each of them does.

A comment stands where its time puts it, whenever it was stored: one that was imported, among
those that were here before. All of it is read from the thread's index, and no row for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    String,
    Subquery,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased

from blog import db, urls
from blog.articles import Article
from blog.comments import pins
from blog.comments.model import Comment, CommentState
from blog.comments.pins import ArticleId

Row = sqlalchemy.Row[*tuple[Any, ...]]

PAGE_BRANCHES = 50
FIRST_REPLIES = 5
PAGE_REPLIES = 100

BRANCH = func.coalesce(Comment.root_id, Comment.id)
_ROOT = aliased(Comment)


def begun_at(branch_id: Any) -> ScalarSelect[datetime]:
    """Select when a branch began."""
    return select(_ROOT.created_at).where(_ROOT.id == branch_id).scalar_subquery()


def place_of(article: Article, comment: Comment) -> str:
    """Return the path at which a comment stands: its page, oldest first, and the place on it.

    One that waits stands there for the browser that wrote it.
    """
    root_id = comment.root_id or comment.id
    branch = _branches_in(article.id).c
    is_before = tuple_(branch.begun_at, branch.branch_id) <= tuple_(begun_at(root_id), root_id)
    is_pinned = branch.branch_id.in_(pins.on(article.id))
    before = select(func.count()).select_from(branch.branch_id.table)
    own = (comment.created_at, comment.id)
    rank = select(func.count()).where(
        *published_on(article.id),
        Comment.root_id == root_id,
        tuple_(Comment.created_at, Comment.id) <= tuple_(*own),
    )
    query = select(
        before.where(or_(is_before, is_pinned)).scalar_subquery(),
        rank.scalar_subquery(),
        literal(root_id).in_(pins.on(article.id)),
    )
    branch_rank, reply_rank, is_first = db.session.execute(query).one()
    if comment.root_id and comment.state == CommentState.APPROVED and reply_rank > FIRST_REPLIES:
        page = urls.replies(article.slug, root_id, pages_of(reply_rank, PAGE_REPLIES))
    else:
        page = urls.comments(article.slug, 1 if is_first else pages_of(branch_rank, PAGE_BRANCHES))
    return f"{page}#comment-{comment.id}"


def published_on(article_id: ArticleId) -> tuple[ColumnElement[bool], ...]:
    """Limit a query to what readers see on an article."""
    return Comment.article_id == article_id, Comment.state == CommentState.APPROVED


def pages_of(count: int, page_rows: int) -> int:
    """Return how many pages so many rows take."""
    return max(1, -(-count // page_rows))


def _branches_in(article_id: ArticleId) -> Subquery:
    """Select a thread's branches, when each began, and how many comments of each are published."""
    first = func.max(case((Comment.root_id.is_(None), Comment.created_at)))
    found = (
        select(BRANCH.label("id"), first.label("begun_at"), func.count().label("published"))
        .where(*published_on(article_id))
        .group_by(BRANCH)
        .subquery()
    )
    return select(
        found.c.id.label("branch_id"),
        # A row is read only for a branch whose first comment isn't published any more.
        func.coalesce(found.c.begun_at, begun_at(found.c.id)).label("begun_at"),
        found.c.published,
    ).subquery()


def _branches_of(*, newest_first: bool) -> Select[*tuple[Any, ...]]:
    article_id = bindparam("article_id", type_=String)
    branch = _branches_in(article_id).c
    is_pinned = branch.branch_id.in_(pins.on(article_id))
    order = (branch.begun_at, branch.branch_id)
    return (
        select(
            branch.branch_id,
            branch.begun_at,
            is_pinned.label("is_pinned"),
            branch.published,
            func.count().over().label("branches"),
            func.sum(branch.published).over().label("comments"),
        )
        .order_by(is_pinned.desc(), *(each.desc() if newest_first else each for each in order))
        .limit(PAGE_BRANCHES + 1)
        .offset(bindparam("first", type_=Integer))
    )


# Made once, since making them takes longer than they do on most threads.
_BRANCHES = {order: _branches_of(newest_first=order) for order in (False, True)}


def branches(article_id: str, page: int, *, newest_first: bool) -> Sequence[Row]:
    """Return the branches of a page and the first of the next, beside the thread's counts."""
    values = {"article_id": article_id, "first": (page - 1) * PAGE_BRANCHES}
    return db.session.execute(_BRANCHES[newest_first], values).all()


def replies(article_id: str, root_id: int, page: int) -> Sequence[Row]:
    """Return the replies of a page and the first of the next, beside the count of all."""
    is_reply = (*published_on(article_id), Comment.root_id == root_id)
    count = select(func.count()).where(*is_reply).scalar_subquery()
    query = (
        select(Comment.id, Comment.created_at, count.label("replies"))
        .where(*is_reply)
        .order_by(Comment.created_at, Comment.id)
        .limit(PAGE_REPLIES + 1)
        .offset((page - 1) * PAGE_REPLIES)
    )
    return db.session.execute(query).all()
