"""The files of content/: lists them, reads them and writes them whole.

Refuses names that can't be an address, links that lead out of the folder, files that are too
long or aren't UTF-8, and every path that would leave its folder.
"""

from __future__ import annotations

import os
import posixpath
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from blog.content.names import ID, ID_RULE, is_clean, slugify
from blog.content.report import Report, place
from blog.errors import ContentError, NotFound, Problem

FILE_MAX_BYTES = 256 * 1024
PATH_MAX_BYTES = 1024
NAME_MAX_BYTES = 255

_SUFFIX = ".md"
# Names under which an article is saved by mistake, and would be missed without a word.
_MISTAKEN_SUFFIXES = (".markdown", ".mdown", ".mkd", ".md.txt")
_LEADS_OUT = ("This is a link that leads out of content/.", "Put the file itself here.")


class Kind(StrEnum):
    """What a file of words is; the word is its folder in content/."""

    ARTICLE = "articles"
    AUTHOR = "authors"
    PAGE = "pages"


@dataclass(frozen=True)
class SourceFile:
    """One file of words; `path` is relative to content/, and `problem` says why it can't be read."""

    kind: Kind
    id: str
    path: str
    size_bytes: int
    mtime_ns: int
    problem: Problem | None = None


def list_files(root: Path) -> list[SourceFile]:
    """List articles, authors and pages in the order of their names.

    Returns: also the files whose name or place is wrong, each with its problem.
    Raises: ContentError where a folder leads out of content/ or can't be read.
    """
    home = root.resolve()
    found = [source for kind in Kind for source in _folder(home, kind)]
    return sorted(found, key=lambda source: source.path)


def _folder(home: Path, kind: Kind) -> Iterator[SourceFile]:
    folder = home / kind
    if not folder.resolve().is_relative_to(home):
        raise _refusal(kind, "This folder is a link that leads out of content/.", "Put it here.")
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                # Hidden files, and what editors keep beside the one they save.
                if not entry.name.startswith((".", "#", "~")) and not entry.name.endswith("~"):
                    yield _source(home, kind, entry)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unreadable(kind, error) from None


def _is_meant(name: str) -> bool:
    return name.lower().endswith((_SUFFIX, *_MISTAKEN_SUFFIXES))


def _source(home: Path, kind: Kind, entry: os.DirEntry[str]) -> SourceFile:
    # A name that isn't UTF-8 must still be printable, and storable, in a problem.
    name = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
    path, stem = f"{kind}/{name}", posixpath.splitext(name)[0]
    try:
        status = entry.stat()
    except OSError as error:
        (problem,) = _unreadable(path, error).problems
        return SourceFile(kind, stem, path, 0, 0, problem)
    size, mtime = status.st_size, status.st_mtime_ns
    return SourceFile(kind, stem, path, size, mtime, _problem(home, entry, status, path))


def _problem(
    home: Path, entry: os.DirEntry[str], status: os.stat_result, path: str
) -> Problem | None:
    name = path.partition("/")[2]
    if not _is_meant(name):
        what = "This is a folder" if stat.S_ISDIR(status.st_mode) else "This is no file of words"
        remedy = (
            "Words stand in files right here whose name ends in .md; pictures belong in media/."
        )
        return Problem(path, f"{what}, and nothing of it is shown.", remedy, is_warning=True)
    wrong = _wrong_name(name) or _wrong_place(home, entry, status)
    return Problem(path, *wrong) if wrong else None


def _wrong_name(name: str) -> tuple[str, str] | None:
    if not name.endswith(_SUFFIX):
        return "The name of this file doesn’t end in .md.", "Rename it so that .md comes last."
    if not ID.fullmatch(name.removesuffix(_SUFFIX)):
        better = slugify(name.removesuffix(_SUFFIX))
        return (
            "The name of this file can’t be part of an address.",
            f"Use {ID_RULE}; for example {better}.md",
        )
    return None


def _wrong_place(
    home: Path, entry: os.DirEntry[str], status: os.stat_result
) -> tuple[str, str] | None:
    if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(home):
        return _LEADS_OUT
    if not stat.S_ISREG(status.st_mode):
        return "This isn’t a file.", "Move it out of this folder, or rename it without .md."
    return None


def read_text(root: Path, source: SourceFile) -> str:
    """Read a file of words, with plain line ends and no byte order mark.

    Raises: ContentError where it can't be read, is too long or isn't UTF-8.
    """
    if source.problem:
        raise ContentError(source.problem)
    return read(root, source.path)


def read(root: Path, relative: str) -> str:
    """Read the text of any file in content/, as `read_text` does."""
    return decode(relative, read_bytes(root, relative))


def read_bytes(root: Path, relative: str) -> bytes:
    """Read a file of words as it is.

    Raises: ContentError where it can't be read or is too long.
    """
    try:
        with safe_path(root, relative).open("rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except NotFound:
        raise _refusal(relative, *_LEADS_OUT) from None
    except OSError as error:
        raise _unreadable(relative, error) from None
    if len(data) > FILE_MAX_BYTES:
        raise _refusal(
            relative,
            f"This file is longer than {FILE_MAX_BYTES // 1024} KB, the most that is read.",
            "Divide it into several; pictures belong in media/.",
        )
    return data


def decode(relative: str, data: bytes) -> str:
    """Return the text of a file's bytes, with plain line ends and no byte order mark.

    Raises: ContentError where it isn't UTF-8 or holds a NUL.
    """
    try:
        text = _plain(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _not_utf8(relative, error) from None
    if "\0" in text:
        report = Report(relative, text)
        report.error(
            "There is a NUL here, a character no text has.",
            "Delete it; if you can’t see it, write this line anew.",
            text.index("\0"),
        )
        raise report.failure()
    return text


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_utf8(relative: str, error: UnicodeDecodeError) -> ContentError:
    remedy = "Save it again with the encoding “UTF-8”; your editor asks for it under Save As."
    # What the decoder was given lacks the byte order mark, and its place is counted from there.
    data = error.object
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _refusal(relative, "This file is saved as UTF-16, not as UTF-8.", remedy)
    before = _plain(data[: error.start].decode())
    line, column = place(before, len(before))
    message = f"The character here (byte {data[error.start]:02X}) isn’t UTF-8, so it can’t be read."
    return ContentError(Problem(relative, message, remedy, line, column))


def _unreadable(path: str, error: OSError) -> ContentError:
    reason = (error.strerror or "unknown reason").lower()
    return _refusal(path, f"This can’t be read: {reason}.", "Check that it is there and readable.")


def _refusal(path: str, message: str, remedy: str) -> ContentError:
    return ContentError(Problem(path, message, remedy))


def safe_path(root: Path, relative: str) -> Path:
    """Find the path of a file below `root`; that it exists is not promised.

    Raises: NotFound for whatever would lead out of `root`, is hidden or is no file name.
    """
    home = root.resolve()
    try:
        path = home.joinpath(relative).resolve() if is_safe(relative) else None
    except (OSError, RuntimeError):  # links that go in circles, or lead to where we may not look
        path = None
    if path is None or not path.is_relative_to(home):
        raise NotFound("There is no file by this name.")
    return path


def is_safe(relative: str) -> bool:
    """Whether a path could be a file's below its folder, and can be part of an address."""
    if "\\" in relative or not is_clean(relative) or len(relative.encode()) > PATH_MAX_BYTES:
        return False
    names = relative.split("/")
    return not any(
        not name or name.startswith(".") or len(name.encode()) > NAME_MAX_BYTES for name in names
    )


def write_whole(path: Path, data: bytes, *, mode: int = 0o644, may_replace: bool = True) -> None:
    """Write a file whole or not at all, and have it on the disk when this returns.

    Raises: FileExistsError where the file is there and may not be replaced.
    """
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        # A hard link is the one act that makes a file and refuses where one is.
        (os.replace if may_replace else os.link)(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
