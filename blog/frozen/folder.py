"""The folder that an export fills: what of it is ours, what changed, and what is to go.

Refuses a folder that somebody else has files in, those that the site itself lives in, and links
that lead out. Each file is written whole; where an export is cut off, the next one knows what it
wrote.
"""

from __future__ import annotations

import fcntl
import filecmp
import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from blog import content
from blog.content.files import is_safe
from blog.errors import Conflict, FileError

STATE = ".blog-export"
_MANIFEST, _BEGUN, _LOCK, _PART = "manifest.json", "begun", "lock", "part"
_NOT_OURS = (
    "There are files in this folder that no export wrote. Name an empty one, or say --anyway:"
    " then files of the same names are replaced, and all others stay."
)


@dataclass(frozen=True)
class Note:
    """What an export was made of, and until when it is true."""

    made_of: str
    revision: int
    ends_at: str


@contextmanager
def opened(target: Path, *, is_forced: bool, kept_away: Collection[Path]) -> Iterator[Folder]:
    """Open a folder for one export at a time; makes it where it isn't there.

    Raises: FileError, Conflict.
    """
    root = target.resolve()
    for other in kept_away:
        if root.is_relative_to(other.resolve()) or other.resolve().is_relative_to(root):
            raise FileError(str(target), f"An export can’t share a folder with {other}.")
    root.mkdir(parents=True, exist_ok=True)
    state = root / STATE
    if any(map(Path.is_symlink, [state, *state.glob("*")])):
        raise FileError(str(state), "There is a link here, which no export follows.")
    if any(root.iterdir()) and not state.exists() and not is_forced:
        raise FileError(str(target), _NOT_OURS)
    state.mkdir(exist_ok=True)
    with (state / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"Another export into {target} is under way.") from None
        yield Folder(root)


class Folder:
    """A folder that is open for an export, with the counts of what was done."""

    def __init__(self, root: Path) -> None:
        self.written = self.unchanged = self.removed = 0
        self._root = root
        self._state = root / STATE
        self._found = _read(self._state / _MANIFEST)
        self._begun = _lines(self._state / _BEGUN)
        self._files: dict[str, int] = {}
        self._folders = {root}

    def is_still(self, note: Note, *, now: datetime) -> bool:
        """Tell whether all is there already as it is to be; else it is begun."""
        before, files = self._found["note"], self._found["files"]
        is_true = before and before | {"ends_at": ""} == asdict(note) | {"ends_at": ""}
        is_true = is_true and datetime.fromisoformat(before["ends_at"]) > now
        if is_true and all(self._has(*file) for file in files.items()):
            self.unchanged = len(files)
            return True
        # What follows may be cut off anywhere.
        self._keep(files, None)
        return False

    def _has(self, path: str, size_bytes: int) -> bool:
        try:
            return (self._root / path).lstat().st_size == size_bytes
        except OSError:
            return False

    def put(self, path: str, data: bytes) -> None:
        """Let a file hold this."""
        place = self._place(path)
        is_same = _is_file(place, len(data)) and place.read_bytes() == data
        if not is_same:
            (self._state / _PART).write_bytes(data)
        self._settle(path, place, len(data), is_same=is_same)

    def take(self, path: str, source: Path) -> None:
        """Let a file hold what another one does, of whatever length."""
        place = self._place(path)
        size_bytes = source.stat().st_size
        is_same = _is_file(place, size_bytes) and filecmp.cmp(source, place, shallow=False)
        if not is_same:
            shutil.copyfile(source, self._state / _PART)
        self._settle(path, place, size_bytes, is_same=is_same)

    def _place(self, path: str) -> Path:
        """Find where a file is to be, in folders that lead nowhere else.

        Raises: FileError.
        """
        if path in self._files:
            raise FileError(path, "Two pages would be this file. Give one of them another address.")
        place = folder = self._root
        for name in Path(path).parts:
            folder, place = place, place / name
            if folder not in self._folders:
                if folder.is_symlink():
                    raise FileError(str(folder), "This is a link, which no export follows.")
                folder.mkdir(exist_ok=True)
                self._folders.add(folder)
        return place

    def _settle(self, path: str, place: Path, size_bytes: int, *, is_same: bool) -> None:
        self._files[path] = size_bytes
        if is_same:
            self.unchanged += 1
            return
        if path not in self._found["files"]:
            with (self._state / _BEGUN).open("a", encoding="utf-8") as begun:
                begun.write(f"{path}\n")
        (self._state / _PART).replace(place)
        self.written += 1

    def finish(self, note: Note) -> None:
        """Take away what earlier exports wrote and this one didn't, and note that all is there."""
        earlier = {*self._found["files"], *self._begun}
        for path in sorted(earlier - set(self._files), reverse=True):
            self._remove(path)
        # Or a loss of power could leave files behind that are only noted.
        os.sync()
        self._keep(self._files, note)
        (self._state / _BEGUN).unlink(missing_ok=True)

    def _remove(self, path: str) -> None:
        place = self._root / path
        # A list that was tampered with leads nowhere else.
        is_ours = is_safe(path) and place.parent.resolve() == place.parent
        if not is_ours or not (place.is_file() or place.is_symlink()):
            return
        place.unlink()
        self.removed += 1
        folder = place.parent
        while folder != self._root and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    def _keep(self, files: dict[str, int], note: Note | None) -> None:
        whole = {"note": asdict(note) if note else None, "files": files}
        content.write_whole(self._state / _MANIFEST, json.dumps(whole, indent=0).encode())


def _is_file(place: Path, size_bytes: int) -> bool:
    return place.is_file() and not place.is_symlink() and place.stat().st_size == size_bytes


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        note = found["note"] and asdict(Note(**found["note"]))
        return {"note": note, "files": dict(found["files"])}
    except FileNotFoundError:
        return {"note": None, "files": {}}
    except (ValueError, TypeError, LookupError):
        words = f"What is known of this export can’t be read. Delete {STATE} and say --anyway."
        raise FileError(str(path), words) from None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
