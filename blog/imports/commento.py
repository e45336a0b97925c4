"""What Commento and Comentario export: one JSON object with comments, people and pages.

Source: the exports of version 1, whose numbers are “hex”, and of version 3, which names the same
things otherwise. Texts are Markdown; where only HTML was kept, that.
"""

from __future__ import annotations

from typing import Any

from blog.comments import CommentState
from blog.imports import records
from blog.imports.records import Foreign, Left, Records, Thread
from blog.imports.streams import Source, values
from blog.markup import SourceFormat

NAME = "Commento"
_STATES = {
    "approved": CommentState.APPROVED,
    "unapproved": CommentState.PENDING,
    "flagged": CommentState.SPAM,
}


def read(source: Source) -> Records:
    """Yield what a file holds."""
    for found in values(source, *_READ):
        line, said = found.line, found.value
        yield _READ[found.path](line, said) if isinstance(said, dict) else Left(line, "nothing")


def _person(_line: int, said: dict[str, Any]) -> records.Person:
    number = records.word(records.first(said, "commenterHex", "id"))
    is_author = said.get("isModerator") is True
    return records.person(number, said.get("name"), said.get("email"), is_author=is_author)


def _page(_line: int, said: dict[str, Any]) -> Thread:
    address = records.word(said.get("path"), records.ADDRESS_MAX_CHARS)
    return Thread(records.word(said.get("id")), [address])


def _comment(line: int, said: dict[str, Any]) -> Foreign | Left:
    state = _state(said)
    if state is None:
        return Left(line, "a state that isn’t known")
    typed, parent = said.get("markdown"), records.first(said, "parentHex", "parentId")
    who = records.word(records.first(said, "commenterHex", "userCreated"))
    edited_at = records.moment(said.get("editedTime") or "")
    return records.comment(
        line,
        records.first(said, "commentHex", "id"),
        thread=records.first(said, "pageId", "path", "url"),
        parent="" if parent == "root" or _is_nobody(parent) else parent,
        person_id="" if _is_nobody(who) else who,
        name=records.first(said, "authorName", "commenterName"),
        source="" if state == CommentState.WITHDRAWN else typed or said.get("html"),
        source_format=SourceFormat.MARKDOWN if typed else SourceFormat.HTML,
        state=state,
        created_at=records.moment(records.first(said, "creationDate", "createdTime")),
        more={"edited_at": edited_at.isoformat()} if edited_at else None,
    )


def _is_nobody(number: object) -> bool:
    """Tell whether a number is nobody's: where there is none, some versions write zeros."""
    return number == "anonymous" or not str(number or "").strip("0-")


def _state(said: dict[str, Any]) -> CommentState | None:
    if said.get("deleted") is True or said.get("isDeleted") is True:
        return CommentState.WITHDRAWN
    if "state" in said:
        return _STATES.get(str(said["state"]))
    if said.get("isPending") is True:
        return CommentState.PENDING
    return CommentState.APPROVED if said.get("isApproved") is True else CommentState.REJECTED


_READ = {"comments.item": _comment, "commenters.item": _person, "pages.item": _page}
