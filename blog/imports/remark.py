"""What Remark42 backs up: one JSON object after another, the first of the site, then comments.

Source: Remark42's native backup, version 1; `orig` is what was typed, `text` the HTML made of it.
"""

from __future__ import annotations

import html
from itertools import groupby
from typing import Any

from blog.comments import CommentState
from blog.imports import records
from blog.imports.records import Foreign, Left, Records
from blog.imports.streams import Source, values
from blog.markup import SourceFormat

NAME = "Remark42"


def read(source: Source) -> Records:
    """Yield what a file holds."""
    # The first object lists all people and pages, which may be long.
    for _, parts in groupby(values(source, *_WANTED), lambda part: part.number):
        # What is said twice is kept once.
        found = {part.path: part for part in parts}
        line = min(part.line for part in found.values())
        yield _comment(line, {path: part.value for path, part in found.items()})


_WANTED = ("id", "pid", "orig", "text", "user", "locator", "time", "edit", "delete")


def _comment(line: int, said: dict[str, Any]) -> Foreign | Left:
    user, edit = _part(said, "user"), _part(said, "edit")
    is_deleted = bool(said.get("delete"))
    typed = said.get("orig")
    edited_at = records.moment(edit.get("time") or "")
    return records.comment(
        line,
        said.get("id"),
        thread=_part(said, "locator").get("url"),
        parent=said.get("pid"),
        # It is kept as HTML has it.
        name=html.unescape(records.word(user.get("name"), records.ADDRESS_MAX_CHARS)),
        source="" if is_deleted else typed or said.get("text"),
        source_format=SourceFormat.MARKDOWN if typed else SourceFormat.HTML,
        state=CommentState.WITHDRAWN if is_deleted else CommentState.APPROVED,
        created_at=records.moment(said.get("time") or ""),
        author="" if user.get("admin") is True else None,
        more={"edited_at": edited_at.isoformat()} if edited_at else None,
    )


def _part(said: dict[str, Any], name: str) -> dict[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}
