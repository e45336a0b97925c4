"""What Isso keeps: its SQLite file as it is, and the JSON that its own import reads.

Source: Isso's database (tables `threads` and `comments`; modes 1 accepted, 2 waiting, 4 deleted)
and its generic import format, which may count the comments of each page anew. Texts are Markdown,
times seconds since 1970 or UTC.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from blog.comments import CommentState
from blog.imports import records
from blog.imports.records import Foreign, Left, Records, Thread
from blog.imports.streams import Source, values
from blog.markup import SourceFormat

NAME = "Isso"
_STATES = {1: CommentState.APPROVED, 2: CommentState.PENDING, 4: CommentState.WITHDRAWN}
_NOT_READ = "It is no database of Isso that can be read: {}."
# A view may be endless.
_TABLES = (
    "SELECT count(*) FROM pragma_table_list"
    " WHERE schema = 'main' AND type = 'table' AND name IN ('threads', 'comments')"
)
_WORDS = ("id", "tid", "parent", "created", "modified", "mode", "author", "email")
_WORD = f"CASE WHEN length({{0}}) <= {records.ADDRESS_MAX_CHARS} THEN {{0}} END AS {{0}}"
_THREADS = f"SELECT {', '.join(map(_WORD.format, ('id', 'uri')))} FROM threads"  # noqa: S608 - words of ours
_COMMENTS = (
    f"SELECT {', '.join(map(_WORD.format, _WORDS))},"  # noqa: S608 - words of ours
    f" substr(text, 1, {records.TEXT_MAX_CHARS + 1}) AS text FROM comments ORDER BY comments.id"
)
# More than a comment with all that belongs to it ever has.
_ROW_MAX_BYTES = 2**21


def read_database(source: Source) -> Records:
    """Yield what a database holds; it is only read."""
    path = quote(str(source.path.resolve()))
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _ROW_MAX_BYTES)
        connection.execute("PRAGMA trusted_schema=OFF")
        try:
            if connection.execute(_TABLES).fetchone()[0] != 2:
                raise source.fault(_NOT_READ.format("it has no such tables"))
            for thread in connection.execute(_THREADS):
                address = records.word(thread["uri"], records.ADDRESS_MAX_CHARS)
                yield Thread(records.word(thread["id"]), [address])
            for number, row in enumerate(connection.execute(_COMMENTS), start=1):
                yield _comment(number, row["id"], records.word(row["tid"]), dict(row))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise source.fault(_NOT_READ.format(error)) from error


def read_json(source: Source) -> Records:
    """Yield what a JSON file holds."""
    for found in values(source, "item.id", "item.comments.item"):
        page = str(found.number)
        if found.path == "item.id":
            yield Thread(page, [records.word(found.value, records.ADDRESS_MAX_CHARS)])
        else:
            yield _on_page(page, _comment(found.line, _number(found.value), page, found.value))


def _on_page(page: str, said: Foreign | Left) -> Foreign | Left:
    """Tell a comment from those of other pages that have its number."""
    if isinstance(said, Left):
        return said
    parent = said.parent and f"{page} {said.parent}"
    return replace(said, id=f"{page} {said.id}", parent=parent, known_as=f"{said.id} {said.name}")


def _number(said: Any) -> Any:
    """Return the number of a comment; one made by another program may have none."""
    own = said.get("id") if isinstance(said, dict) else None
    whole = json.dumps(said, sort_keys=True).encode()
    return own if own is not None else blake2b(whole, digest_size=16).hexdigest()


def _comment(line: int, comment_id: Any, thread: str, said: Any) -> Foreign | Left:
    if not isinstance(said, Mapping):
        return Left(line, "no comment")
    mode = said.get("mode", 1)
    state = _STATES.get(mode) if isinstance(mode, int) else None
    if state is None:
        return Left(line, "a state that isn’t known")
    edited_at = records.moment(said.get("modified") or "")
    return records.comment(
        line,
        comment_id,
        thread=thread,
        parent=said.get("parent"),
        name=said.get("author"),
        email=said.get("email"),
        source=said.get("text"),
        source_format=SourceFormat.MARKDOWN,
        state=state,
        created_at=records.moment(said.get("created")),
        more={"edited_at": edited_at.isoformat()} if edited_at else None,
    )
