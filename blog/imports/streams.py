"""Files of any size read a piece at a time: XML by its elements, JSON by its values.

What a piece may hold is bounded, and so is memory, whatever the file is. XML that declares
anything is refused, so that no entity is ever unfolded or fetched.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import ijson

from blog.errors import FileError

CHUNK_BYTES = 65_536
PIECE_MAX = 2**20
# What an element or attribute takes beside its letters.
_PART_CHARS = 64
_MAX_DEPTH = 100
_GZIP = b"\x1f\x8b"
_TOO_LONG = "Something here is longer than a comment with all that belongs to it ever is."
_TOO_DEEP = "This is nested deeper than such a file ever is."
_STARTS, _ENDS, _NAME = ("start_map", "start_array"), ("end_map", "end_array"), "map_key"
# As much of a name as tells it from those that are looked for.
_NAME_MAX_CHARS = 100


class Source:
    """A file that is read from its beginning to its end, unpacked where it is packed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the file; what it holds can be read."""
        with self.path.open("rb") as raw:
            is_packed = raw.read(2) == _GZIP
            raw.seek(0)
            try:
                yield gzip.GzipFile(fileobj=raw) if is_packed else raw  # type: ignore[misc]  # reads bytes as well
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise self.fault("Its compression is broken, or the file was cut.") from error

    def start(self) -> bytes:
        """Return the first bytes."""
        with self.opened() as file:
            return file.read(CHUNK_BYTES)

    def fault(self, reason: str, line: int | None = None) -> FileError:
        """Make the error that says what is wrong with the file."""
        return FileError(str(self.path), reason, line=line)


@dataclass
class Element:
    """An element of XML with its text and, by name, the first of each kind within it."""

    name: str
    line: int
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)
    within: dict[str, Element] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Its own text, without space around it."""
        return "".join(self.pieces).strip()

    def of(self, *names: str) -> str:
        """Return the text of what is within; empty where there is no such element."""
        found: Element | None = self
        for name in names:
            found = found.within.get(name) if found else None
        return found.text if found else ""

    def attribute_of(self, name: str, attribute: str) -> str:
        """Return an attribute of an element within."""
        return self.within[name].attributes.get(attribute, "") if name in self.within else ""


class _Elements:
    """Builds the elements at some paths; the rest of a file leaves nothing behind."""

    def __init__(self, source: Source, wanted: Collection[str]) -> None:
        self._source, self._wanted = source, wanted
        self._path: list[str] = []
        self._open: list[Element] = []
        self._size = 0
        self.done: list[Element] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._say

    def _refuse(self, *_declared: object) -> None:
        reason = "It declares a document type, which no export does: entities are refused."
        raise self._source.fault(reason, self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(_local(name))
        if len(self._path) > _MAX_DEPTH:
            raise self._source.fault(_TOO_DEEP, self.parser.CurrentLineNumber)
        if self._open or "/".join(self._path) in self._wanted:
            own = {_local(each): value for each, value in attributes.items()}
            parts = (name, *attributes, *attributes.values())
            self._grow(sum(_PART_CHARS + len(each) for each in parts))
            made = Element(self._path[-1], self.parser.CurrentLineNumber, own)
            if self._open:
                self._open[-1].within.setdefault(made.name, made)
            self._open.append(made)

    def _end(self, _name: str) -> None:
        self._path.pop()
        if self._open:
            ended = self._open.pop()
            if not self._open:
                self.done.append(ended)
                self._size = 0

    def _say(self, text: str) -> None:
        if self._open:
            self._grow(len(text))
            self._open[-1].pieces.append(text)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > PIECE_MAX:
            raise self._source.fault(_TOO_LONG, self.parser.CurrentLineNumber)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def elements(source: Source, *wanted: str) -> Iterator[Element]:
    """Yield the elements at some paths of an XML file, such as `rss/channel/item`.

    Raises: FileError with its line.
    """
    built = _Elements(source, wanted)
    parser, fed = built.parser, 0
    with source.opened() as file:
        is_last = False
        while not is_last:
            chunk = file.read(CHUNK_BYTES)
            fed, is_last = fed + len(chunk), not chunk
            try:
                parser.Parse(chunk, is_last)
            except expat.ExpatError as error:
                words = expat.ErrorString(error.code)
                raise source.fault(f"It is no XML from here on: {words}.", error.lineno) from error
            # A tag without end is kept whole by the parser.
            if fed - parser.CurrentByteIndex > PIECE_MAX:
                raise source.fault(_TOO_LONG, parser.CurrentLineNumber)
            yield from built.done
            built.done.clear()


def root(source: Source) -> str:
    """Return the name of the outermost element of what looks like XML; empty where there is none."""
    found: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, _attributes: found.append(_local(name))
    # Others than the first are for encodings that aren't known here.
    with suppress(expat.ExpatError, ValueError, LookupError):
        parser.Parse(source.start())
    return found[0] if found else ""


@dataclass(frozen=True)
class Value:
    """A value of JSON: at which path, on which line, in which of the file's outermost objects."""

    path: str
    line: int
    number: int
    value: Any


class _Values:
    """Builds the values at some paths; the rest of a file leaves nothing behind."""

    def __init__(self, source: Source, wanted: Collection[str]) -> None:
        self._source = source
        self._wanted = {tuple(path.split(".")): path for path in wanted}
        # What is open, each by the name of the member that is read; those of lists are items.
        self._names: list[str] = []
        self._built: ijson.ObjectBuilder | None = None
        self._depth, self._size, self._line, self._path = 0, 0, 0, ""
        self._maps = self._number = 0

    def take(self, line: int, event: str, value: Any) -> Value | None:
        """Take the next event; returns the value that it ends."""
        if event in _ENDS:
            self._names.pop()
        elif self._built is None and event != _NAME and tuple(self._names) in self._wanted:
            self._built, self._depth, self._size = ijson.ObjectBuilder(), len(self._names), 0
            self._line, self._path = line, self._wanted[tuple(self._names)]
        if self._built is not None:
            self._grow(line, value)
            self._built.event(event, value)
        self._follow(event, value)
        if self._built is None or len(self._names) > self._depth:
            return None
        found, self._built = self._built.value, None
        return Value(self._path, self._line, self._number, found)

    def _follow(self, event: str, value: Any) -> None:
        if event == _NAME:
            self._names[-1] = value[:_NAME_MAX_CHARS]
        elif event in _STARTS:
            self._names.append("item")
        if event == "start_map":
            self._number += self._maps == 0
            self._maps += 1
        elif event == "end_map":
            self._maps -= 1

    def _grow(self, line: int, value: Any) -> None:
        self._size += 1 + (len(value) if isinstance(value, str) else 0)
        if self._size > PIECE_MAX:
            raise self._source.fault(_TOO_LONG, line)


def values(source: Source, *wanted: str) -> Iterator[Value]:
    """Yield the values at some paths of a JSON file, such as `comments.item`.

    Raises: FileError with its line.
    """
    built = _Values(source, wanted)
    for line, event, value in _events(source):
        found = built.take(line, event, value)
        if found:
            yield found


def members(source: Source) -> Iterator[str]:
    """Yield the names that the outermost objects of a JSON file have.

    Raises: FileError with its line.
    """
    maps = 0
    for _, event, value in _events(source):
        if event == _NAME and maps == 1:
            yield value
        maps += (event == "start_map") - (event == "end_map")


def _events(source: Source) -> Iterator[tuple[int, str, Any]]:
    """Yield what comes in a JSON file, with its line: what is opened, ended, named and said."""
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, multiple_values=True, use_float=True)
    depth = silent = 0
    for line, piece in _pieces(source):
        trouble = _feed(parser, piece)
        # What is only begun is kept whole by the parser.
        silent = 0 if events else silent + len(piece)
        for event, value in events:
            yield line, event, value
            depth += (event in _STARTS) - (event in _ENDS)
            if depth > _MAX_DEPTH:
                raise source.fault(_TOO_DEEP, line)
        events.clear()
        if trouble:
            raise source.fault(f"It is no JSON from here on, or was cut: {trouble}", line)
        if silent > PIECE_MAX:
            raise source.fault(_TOO_LONG, line)


def _pieces(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file, long ones in pieces, and at last an empty one."""
    with source.opened() as file:
        line, piece = 1, file.readline(CHUNK_BYTES).removeprefix(codecs.BOM_UTF8)
        while piece:
            yield line, piece
            line += piece.endswith(b"\n")
            piece = file.readline(CHUNK_BYTES)
        yield line, piece


def _feed(parser: Any, piece: bytes) -> str:
    """Let the parser read on; returns what is wrong."""
    try:
        if piece:
            parser.send(piece)
        else:
            parser.close()
    except ijson.JSONError as error:
        # The lines after the first show a part of the file.
        words = error.args[0]
        told = words.decode(errors="replace") if isinstance(words, bytes) else words
        return str(told.partition("\n")[0])
    return ""
