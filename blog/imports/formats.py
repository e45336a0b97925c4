"""Tells by what is in a file, never by its name, which system it comes from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from blog.errors import FileError
from blog.imports import commento, disqus, isso, own, remark, wordpress
from blog.imports.records import Records
from blog.imports.streams import Source, members, root

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Format:
    """A system whose files can be read."""

    name: str
    read: Callable[[Source], Records]


OWN = Format(own.NAME, own.read)
_ISSO = Format(isso.NAME, isso.read_json)
_ISSO_DATABASE = Format(isso.NAME, isso.read_database)
_REMARK = Format(remark.NAME, remark.read)
_COMMENTO = Format(commento.NAME, commento.read)
_BY_ROOT = {
    "disqus": Format(disqus.NAME, disqus.read),
    "rss": Format(wordpress.NAME, wordpress.read),
}
# Names that files of one system alone have at their outermost.
_IN_LIST = {"comments": _ISSO}
_IN_OBJECT = {
    "format": OWN,
    "users": _REMARK,
    "posts": _REMARK,
    "locator": _REMARK,
    "comments": _COMMENTO,
    "commenters": _COMMENTO,
    "pages": _COMMENTO,
}
_UNKNOWN = (
    "This isn’t a file that can be imported. Known are the exports of Disqus (XML), WordPress"
    " (XML), Isso (its database, or JSON), Remark42 (backup), Commento and Comentario (JSON), and"
    " of this program (JSON)."
)


def recognise(source: Source) -> Format:
    """Return which system a file comes from.

    Raises: FileError where none is known, or the file can't be read.
    """
    start = source.start()
    if start.startswith(_SQLITE):
        return _ISSO_DATABASE
    sign = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    found = None
    if sign in (b"{", b"["):
        found = _by_member(source, _IN_LIST if sign == b"[" else _IN_OBJECT)
    elif start:
        found = _BY_ROOT.get(root(source))
    if found is None:
        raise source.fault(_UNKNOWN)
    return found


def _by_member(source: Source, known: dict[str, Format]) -> Format | None:
    # What is no JSON is none of ours either.
    with suppress(FileError):
        return next((known[name] for name in members(source) if name in known), None)
    return None
