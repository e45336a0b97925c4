"""Tells by what is in a file, never by its name, which system it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from blog.errors import FileError
from blog.imports import commento, disqus, isso, own, remark, wordpress
from blog.imports.records import Records
from blog.imports.streams import Source, root, values

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
# Names that objects of one system alone have at their outermost.
_BY_MEMBER = {
    "format": OWN,
    "users": _REMARK,
    "posts": _REMARK,
    "locator": _REMARK,
    "comments": _COMMENTO,
    "commenters": _COMMENTO,
    "pages": _COMMENTO,
}
_UNKNOWN = (
    "This isn't a file that can be imported. Known are the exports of Disqus (XML), WordPress"
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
        found = _ISSO if sign == b"[" else _by_member(source)
    elif start:
        found = _BY_ROOT.get(root(source))
    if found is None:
        raise source.fault(_UNKNOWN)
    return found


def _by_member(source: Source) -> Format | None:
    with values(source) as found:
        try:
            for name in found.members():
                if name in _BY_MEMBER:
                    return _BY_MEMBER[name]
                found.skip()
        except FileError:
            # What is no JSON is none of ours either.
            return None
    return None
