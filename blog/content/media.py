"""The files of media/: lists them, and finds each one's version and, of a picture, its size.

Follows no link out of media/ and leaves hidden files alone. Of a picture only the beginning is
read for its size; what has none that can be read is a file like any other.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import imagesize

from blog.content.files import SourceFile, is_safe, safe_path
from blog.errors import NotFound

MEDIA = "media"
HEAD_MAX_BYTES = 512 * 1024
SIZE_MAX_PIXELS = 100_000
VERSION_CHARS = 12

# Two saves within so much time may leave the same stamp.
_GRAIN_SECONDS = 2.0

_PICTURES = frozenset({".avif", ".gif", ".jpeg", ".jpg", ".png", ".webp"})


@dataclass(frozen=True)
class MediaSource:
    """A file of media/; `path` is relative to that folder."""

    path: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Measures:
    """What a file's bytes say.

    Units: `width` and `height` are pixels, 0 for what is no picture or doesn't tell.
    """

    version: str
    width: int
    height: int


def list_media(root: Path) -> list[MediaSource]:
    """List the files that can be served from media/, in the order of their paths."""
    folder = root / MEDIA
    return sorted(_files(folder.resolve(), ""), key=lambda source: source.path)


def _files(folder: Path, prefix: str) -> Iterator[MediaSource]:
    try:
        with os.scandir(folder / prefix) as entries:
            found = list(entries)
    except OSError:  # it isn't there, or isn't for us to see
        return
    for entry in found:
        path = f"{prefix}{entry.name}"
        if not is_safe(path):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(folder, f"{path}/")
        elif source := _source(folder, path, entry):
            yield source


def _source(folder: Path, path: str, entry: os.DirEntry[str]) -> MediaSource | None:
    try:
        if entry.is_symlink():
            safe_path(folder, path)
        status = entry.stat()
    except (OSError, NotFound):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return MediaSource(path, status.st_size, status.st_mtime_ns)


def measure(root: Path, source: MediaSource) -> Measures | None:
    """Read a file for its version and size; None where it can't be read any more."""
    path = root / MEDIA / source.path
    try:
        with path.open("rb") as file:
            width, height = _size(file) if path.suffix.lower() in _PICTURES else (0, 0)
            return Measures(version(file), width, height)
    except OSError:
        return None


def version(file: io.BufferedReader | io.BytesIO) -> str:
    """Find the version of a file's bytes: the same for the same bytes, on every machine."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()[:VERSION_CHARS]


def _size(file: io.BufferedReader) -> tuple[int, int]:
    width, height = imagesize.get(io.BytesIO(file.read(HEAD_MAX_BYTES)))
    is_size = 0 < width <= SIZE_MAX_PIXELS and 0 < height <= SIZE_MAX_PIXELS
    return (round(width), round(height)) if is_size else (0, 0)


def is_young(source: SourceFile | MediaSource, *, at: datetime) -> bool:
    """Tell whether a file could have been saved once more without looking changed."""
    return at.timestamp() - source.mtime_ns / 1e9 < _GRAIN_SECONDS
