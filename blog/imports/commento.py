"""What Commento and Comentario export: one JSON object with comments, people and pages.

Source: Commento's export, version 1, and Comentario's, version 3, which names the same things
otherwise. Texts are Markdown; where only HTML was kept, that.
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
_NOBODY = ("", "anonymous", "00000000-0000-0000-0000-000000000000")


def read(source: Source) -> Records:
    """Yield what a file holds."""
    for found in values(source, *_READ):
        line, said = found.line, found.value
        yield _READ[found.path](line, said) if isinstance(said, dict) else Left(line, "nothing")


def _person(_line: int, said: dict[str, Any]) -> records.Person:
    number = records.word(said.get("commenterHex") or said.get("id"))
    is_author = said.get("isModerator") is True
    return records.person(number, said.get("name"), said.get("email"), is_author=is_author)


def _page(_line: int, said: dict[str, Any]) -> Thread:
    address = records.word(said.get("path"), records.ADDRESS_MAX_CHARS)
    return Thread(records.word(said.get("id")), [address])


def _comment(line: int, said: dict[str, Any]) -> Foreign | Left:
    state = _state(said)
    if state is None:
        return Left(line, "a state that isn't known")
    typed, parent = said.get("markdown"), said.get("parentHex") or said.get("parentId")
    who = records.word(said.get("commenterHex") or said.get("userCreated"))
    edited_at = records.moment(said.get("editedTime") or "")
    return records.comment(
        line,
        said.get("commentHex") or said.get("id"),
        thread=said.get("pageId") or said.get("url") or said.get("path"),
        parent="" if parent == "root" else parent,
        person_id="" if who in _NOBODY else who,
        name=said.get("authorName") or said.get("commenterName"),
        source="" if state == CommentState.WITHDRAWN else typed or said.get("html"),
        source_format=SourceFormat.MARKDOWN if typed else SourceFormat.HTML,
        state=state,
        created_at=records.moment(said.get("creationDate") or said.get("createdTime") or ""),
        more={"edited_at": edited_at.isoformat()} if edited_at else None,
    )


def _state(said: dict[str, Any]) -> CommentState | None:
    if said.get("deleted") is True or said.get("isDeleted") is True:
        return CommentState.WITHDRAWN
    if "state" in said:
        return _STATES.get(str(said["state"]))
    if said.get("isPending") is True:
        return CommentState.PENDING
    return CommentState.APPROVED if said.get("isApproved") is True else CommentState.REJECTED


_READ = {"comments.item": _comment, "commenters.item": _person, "pages.item": _page}
