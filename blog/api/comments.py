"""Published comments for programs: an article's thread, as a tree or flat, and counts of many.

What waits, was refused or is of one reader alone is in none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from flask import Response

from blog import articles, comments, db, schemas, urls
from blog.api import answers, parameters, surface
from blog.api.articles import CURSOR, LIMIT_ASKED, MISSING, PAGE, readable
from blog.api.surface import reads
from blog.articles import Article
from blog.comments import flat, pins, thread
from blog.comments.thread import Node, Shown
from blog.errors import BadParameter

COUNTED_MOST = 100

MODE = parameters.choice(
    "mode",
    "`tree`: branches with their first replies, fifty to a page; `flat`: one after the other.",
    ("tree", "flat"),
    default="tree",
)
ORDER = parameters.choice("order", "By time.", ("oldest", "newest"), default="oldest")
THREAD = parameters.number(
    "thread_id",
    "Flat: only the branch that begins with this comment.",
    most=urls.ROW_ID_MAX,
)


def _ids(text: str) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(text.split(",")))
    if len(given) > COUNTED_MOST or not all(given):
        raise ValueError(f"It is a list of 1 to {COUNTED_MOST} ids with commas.")
    return given


ARTICLES = parameters.text(
    "articles",
    f"Ids of up to {COUNTED_MOST} articles, with commas.",
    max_chars=parameters.VALUE_MAX_CHARS,
    read=_ids,
    pattern=rf"[^,\u0000]+(,[^,\u0000]+){{0,{COUNTED_MOST - 1}}}",
    is_required=True,
    example="{article_id}",
)


@reads(
    "/articles/<article_id>/comments",
    tag="Comments",
    gives=schemas.Comment,
    is_list=True,
    asks=(MODE, ORDER, THREAD, LIMIT_ASKED, PAGE, CURSOR),
    missing=MISSING,
    kept=surface.KEPT_LIVE,
    example="/articles/{article_id}/comments",
)
def list_comments(asked: dict[str, Any], article_id: str) -> Response:
    """List the published comments of an article.

    A tree is asked for by `page` and holds fifty branches, pinned ones first; each tells by
    `more_replies` how many of its replies aren’t in it. A flat list goes on by `cursor` and is cut
    by `limit`.
    """
    article = readable(article_id, now=db.utc_now())
    _check(asked)
    return _tree(article, asked) if asked["mode"] == "tree" else _flat(article, asked)


def _check(asked: dict[str, Any]) -> None:
    """Refuse what belongs to the other mode.

    Raises: BadParameter.
    """
    is_tree = asked["mode"] == MODE.default
    of_tree, of_flat = (PAGE,), (THREAD, LIMIT_ASKED, CURSOR)
    for other in of_flat if is_tree else of_tree:
        if asked[other.name] != other.default:
            words = f"This parameter goes with mode={'flat' if is_tree else 'tree'}."
            allowed = [each.name for each in (MODE, ORDER, *(of_tree if is_tree else of_flat))]
            raise BadParameter(other.name, words, allowed)


def _tree(article: Article, asked: dict[str, Any]) -> Response:
    found = thread.visible_on(article, page=asked["page"], newest_first=asked["order"] == "newest")
    nodes = [_node(article, node) for node in found.nodes]
    # A page is cut by branches, while all comments are counted.
    numbered = answers.numbered(found.page, 1, found.pages)
    limits = {"limit": thread.PAGE_BRANCHES, "total": found.total}
    pagination = msgspec.structs.replace(numbered, **limits)
    return answers.many(nodes, pagination)


def _node(article: Article, node: Node) -> schemas.Comment:
    replies = [_node(article, child) for child in node.children]
    parts = {"replies": replies, "more_replies": node.more}
    return _comment(article, node.comment, is_pinned=node.is_pinned, **parts)


def _flat(article: Article, asked: dict[str, Any]) -> Response:
    found = flat.part_of(
        article,
        branch_id=asked["thread_id"],
        after=_read_cursor(asked["cursor"], asked["order"]) if asked["cursor"] else None,
        newest_first=asked["order"] == "newest",
        limit=asked["limit"],
    )
    pinned = pins.among(comment.id for comment in found.items)
    shown = [_comment(article, each, is_pinned=each.id in pinned) for each in found.items]
    cursor = _cursor_after(found.items[-1], asked["order"]) if found.is_more else None
    pagination = schemas.Pagination(limit=asked["limit"], total=found.total, cursor=cursor)
    return answers.many(shown, pagination)


def _comment(article: Article, comment: Shown, *, is_pinned: bool, **parts: Any) -> schemas.Comment:
    return schemas.Comment(
        id=comment.id,
        article_id=article.id,
        parent_id=comment.parent_id,
        thread_id=comment.branch_id,
        state=_state_of(comment),
        name=comment.name,
        html=str(comment.body_html),
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        by_author=comment.by_author,
        is_pinned=is_pinned,
        url=urls.absolute(urls.comment(article.slug, comment.id)),
        **parts,
    )


def _state_of(comment: Shown) -> Literal["published", "removed", "withdrawn"]:
    if comment.is_removed:
        return "withdrawn" if comment.is_withdrawn else "removed"
    return "published"


def _cursor_after(comment: Shown, order: str) -> str:
    return urls.packed(f"{order} {comment.created_at.isoformat()} {comment.id}")


def _read_cursor(cursor: str, order: str) -> tuple[datetime, int]:
    try:
        given, moment, comment_id = urls.unpacked(cursor).split(" ")
        place = datetime.fromisoformat(moment).astimezone(UTC), urls.row_id(comment_id)
    except (ValueError, OverflowError):
        words = "It is none that this list gave out."
        raise BadParameter("cursor", words, CURSOR.allowed) from None
    if given != order:
        words = f"It was given out for another order than {order}: ask in that, or begin anew."
        raise BadParameter("cursor", words, CURSOR.allowed)
    return place


@reads(
    "/comments/counts",
    tag="Comments",
    gives=dict[str, int],
    asks=(ARTICLES,),
    kept=surface.KEPT_LIVE,
    example="/comments/counts?articles={article_id}",
)
def count_comments(asked: dict[str, Any]) -> Response:
    """Count the published comments of many articles at once.

    Ids that no article has which anybody can read are left out.
    """
    found = articles.in_order(asked["articles"], now=db.utc_now())
    return answers.one(_counted(article.id for article in found))


def _counted(article_ids: Iterable[str]) -> dict[str, int]:
    ids = list(article_ids)
    return dict.fromkeys(ids, 0) | comments.counts_on(ids)
