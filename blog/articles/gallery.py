"""The files of media/ as the last sync saw them: their versions and sizes, for every machine.

Reads a file only where it looks changed. A row is written after the texts that show its file, so
that a sync that is stopped in between does them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, String, Text, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from blog import content, db, revision, urls
from blog.content import Measures
from blog.markup import Picture

_BATCH_ROWS = 500


class MediaFile(db.Model):
    """What the last sync saw of a file of media/.

    Units: `width` and `height` are pixels, 0 for what is no picture or doesn't tell.
    """

    __tablename__ = "media_file"

    path: Mapped[str] = mapped_column(Text, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    synced_at: Mapped[datetime]


_KNOWN = select(
    MediaFile.path,
    MediaFile.size_bytes,
    MediaFile.mtime_ns,
    MediaFile.version,
    MediaFile.width,
    MediaFile.height,
    MediaFile.synced_at,
)


@dataclass(frozen=True)
class Gallery:
    """What media/ holds now, by path; `changed` are files that are new, gone or other than before.

    `rows` are still to be written, each in place of what was known by its path.
    """

    pictures: Mapping[str, Picture]
    changed: frozenset[str]
    gone: frozenset[str]
    rows: tuple[dict[str, Any], ...]


def pictures() -> dict[str, Picture]:
    """Return what media/ held at the last sync, by path."""
    return {
        row.path: Picture(urls.media(row.path, row.version), row.width, row.height)
        for row in db.session.execute(_KNOWN)
    }


def look(root: Path) -> Gallery:
    """Compare media/ with what the last sync saw."""
    known = {row.path: row for row in db.session.execute(_KNOWN)}
    # Reading large files may take long, and no snapshot of the database shall wait for it.
    db.session.rollback()
    pictures: dict[str, Picture] = {}
    changed: set[str] = set()
    rows: list[dict[str, Any]] = []
    for source in content.list_media(root):
        path, row = source.path, known.get(source.path)
        before = Measures(row.version, row.width, row.height) if row else None
        looked_at = db.utc_now()
        is_seen = row and (row.size_bytes, row.mtime_ns) == (source.size_bytes, source.mtime_ns)
        if row and is_seen and not content.is_young(source, at=row.synced_at):
            measures = before
        elif measures := content.measure(root, source):
            rows.append({**asdict(source), **asdict(measures), "synced_at": looked_at})
        if measures:
            pictures[path] = Picture(
                urls.media(path, measures.version), measures.width, measures.height
            )
            if measures != before:
                changed.add(path)
    gone = known.keys() - pictures.keys()
    return Gallery(pictures, frozenset(changed | gone), frozenset(gone), tuple(rows))


def store(gallery: Gallery) -> None:
    """Write what was seen."""
    paths = iter([*gallery.gone, *(row["path"] for row in gallery.rows)])
    rows = {row["path"]: row for row in gallery.rows}
    while batch := list(islice(paths, _BATCH_ROWS)):
        with db.writing():
            revision.hold(db.session)
            db.session.execute(delete(MediaFile).where(MediaFile.path.in_(batch)))
            if new := [rows[path] for path in batch if path in rows]:
                db.session.execute(insert(MediaFile), new)
