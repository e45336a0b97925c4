"""`blog comments`: the review queue for who prefers a terminal."""

from __future__ import annotations

import secrets
import sys
from typing import Any

import click

from blog import comments, db
from blog.cli import ROW_ID, cli, learning, moving, print_json, print_line, with_database
from blog.comments import Comment, CommentState, deciding
from blog.errors import NotFound

LIST_ROWS = 200
_EXCERPT_CHARS = 60


@cli.group("comments")
def group() -> None:
    """Look after readers' comments.

    \b
    Example:  blog comments list --state pending
    """


group.add_command(learning.model)
group.add_command(learning.evaluate)
group.add_command(moving.import_comments)
group.add_command(moving.export_comments)


def _row(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "state": str(comment.state),
        "article": comment.article_id,
        "parent": comment.parent_id,
        "edit_of": comment.edit_of_id,
        "name": comment.name,
        "body": comment.source,
        "created_at": comment.created_at.isoformat().replace("+00:00", "Z"),
        "reasons": [reason["words"] for reason in comment.reasons],
    }


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print all, for a program.")
@click.option("--state", type=click.Choice([state.value for state in comments.LISTED_STATES]))
@with_database
def list_comments(as_json: bool, state: str | None) -> None:
    """List the newest comments first.

    \b
    Example:  blog comments list --state pending
    """
    limit = sys.maxsize if as_json else LIST_ROWS
    found = comments.recent(CommentState(state) if state else None, limit=limit)
    rows = [_row(comment) for comment in found]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        excerpt = " ".join(row["body"].split())[:_EXCERPT_CHARS]
        print_line(f"{row['id']:>6}  {row['state']:9} {row['article']}  {row['name']}: {excerpt}")
    if not rows:
        click.echo("No comments.")


def _decide(ids: tuple[int, ...], state: CommentState, done: str) -> None:
    now, batch = db.utc_now(), secrets.token_urlsafe(12)
    with db.writing():
        found = {comment.id: comment for comment in comments.by_ids(ids)}
        for comment_id in ids:
            if comment_id not in found:
                raise NotFound(f"There is no comment {comment_id}; nothing was changed.")
        edits = [each for each in found.values() if each.edit_of_id in found]
        changed = deciding.settle(list(found.values()), state, by=None, now=now, batch=batch)
        gone = [each.id for each in edits if each.state == CommentState.REJECTED]
    click.echo(f"{changed} {done}.")
    for comment_id in gone:
        click.echo(f"{comment_id} is an edit, and was turned down with its comment.")


@group.command("approve")
@click.argument("ids", type=ROW_ID, nargs=-1, required=True)
@with_database
def approve(ids: tuple[int, ...]) -> None:
    """Publish comments.

    \b
    Example:  blog comments approve 12 13
    """
    _decide(ids, CommentState.APPROVED, "approved")


@group.command("reject")
@click.argument("ids", type=ROW_ID, nargs=-1, required=True)
@with_database
def reject(ids: tuple[int, ...]) -> None:
    """Keep comments from readers.

    \b
    Example:  blog comments reject 12
    """
    _decide(ids, CommentState.REJECTED, "rejected")


@group.command("spam")
@click.argument("ids", type=ROW_ID, nargs=-1, required=True)
@with_database
def spam(ids: tuple[int, ...]) -> None:
    """Keep comments from readers as spam.

    \b
    Example:  blog comments spam 12
    """
    _decide(ids, CommentState.SPAM, "marked as spam")
