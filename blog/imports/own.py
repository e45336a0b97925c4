"""What this program exports itself: JSON that holds all of a comment.

Source: docs/comments-json.md.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from blog import accounts
from blog.comments import NAME_MAX_CHARS, CommentState
from blog.imports import records
from blog.imports.records import Foreign, Left, Records
from blog.imports.streams import Source, values
from blog.markup import SourceFormat
from blog.spam import Answer, Tone

NAME = "Clinic Blog"
_STATES = {
    state.value: state
    for state in CommentState
    if state not in (CommentState.IMPORTING, CommentState.REPLACED)
}
_FORMATS = {each.value: each for each in SourceFormat}
# An edit that was published or taken for spam is none any more: its comment has its words.
_EDIT_STATES = (CommentState.PENDING, CommentState.REJECTED, CommentState.WITHDRAWN)
_KEY_MAX_CHARS = 64
# More than the policy has steps, and than any of them says or names.
_REASONS_MAX = _NAMED_MAX = 20
_REASON_MAX_CHARS = 500


def read(source: Source) -> Records:
    """Yield what a file holds."""
    for found in values(source, "comments.item"):
        line, said = found.line, found.value
        yield _comment(line, said) if isinstance(said, dict) else Left(line, "no comment")


def _comment(line: int, said: dict[str, Any]) -> Foreign | Left:
    state = _STATES.get(str(said.get("state")))
    source_format = _FORMATS.get(str(said.get("source_format")))
    key = records.word(said.get("key"), _KEY_MAX_CHARS)
    if state is None or source_format is None or not key:
        return Left(line, "a state or format that isn’t known, or no key")
    edit_of = records.word(said.get("edit_of"))
    if edit_of and state not in _EDIT_STATES:
        return Left(line, "an edit in a state that edits can’t have")
    original = records.text(said.get("original")) or None
    if original and len(original) > records.TEXT_MAX_CHARS:
        return Left(line, records.TOO_LONG)
    return records.comment(
        line,
        said.get("id"),
        thread=said.get("article"),
        parent=said.get("parent"),
        name=said.get("name"),
        email=said.get("email"),
        source=said.get("source"),
        source_format=source_format,
        state=state,
        created_at=records.moment(said.get("created_at") or ""),
        author=_author(said.get("author")),
        more={
            "key": key,
            # They come in their order already, which is the one they were stored in.
            "place": line,
            "edit_of": edit_of,
            "edited_at": _time(said, "edited_at"),
            "decided_at": _time(said, "decided_at"),
            "pinned_at": _time(said, "pinned_at"),
            "decided_by": records.word(said.get("decided_by")),
            "original": original,
            "original_name": records.word(said.get("original_name"), NAME_MAX_CHARS) or None,
            "reasons": _reasons(said.get("reasons")),
        },
    )


def _author(value: object) -> str | None:
    """Read whose account wrote it; what is too long for an address says not which."""
    if value is True or isinstance(value, str):
        return accounts.normal_email(records.word(value))
    return None


def _time(said: dict[str, Any], name: str) -> str | None:
    found = records.moment(said.get(name) or "")
    return found.isoformat() if found else None


def _reasons(value: object) -> list[Any]:
    """Keep the reasons that pages can show, as long as they ever are."""
    found = value if isinstance(value, list) else []
    return [_reason(each) for each in islice(filter(_is_reason, found), _REASONS_MAX)]


def _reason(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row[name][:_REASON_MAX_CHARS] for name in ("step", "answer", "words", "tone")}
    return kept | ({"named": row["named"][:_NAMED_MAX]} if row.get("named") else {})


def _is_reason(row: object) -> bool:
    if not isinstance(row, dict):
        return False
    named = row.get("named", [])
    words = (row.get("step"), row.get("words"), row.get("tone"), row.get("answer"))
    return (
        all(isinstance(each, str) and "\0" not in each for each in words)
        and row["tone"] in list(Tone)
        and row["answer"] in list(Answer)
        and isinstance(named, list)
        and all(_is_pair(each) for each in named)
    )


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, list)
        and list(map(type, value)) == [str, str]
        and max(map(len, value)) <= _REASON_MAX_CHARS
    )
