"""Files of any size read a piece at a time: XML by its elements, JSON by its values.

What a piece may hold is bounded, and so is memory, whatever the file is. XML that declares
anything is refused, so that no entity is ever unfolded or fetched.
"""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from blog.errors import FileError

CHUNK_BYTES = 65_536
PIECE_MAX = 2**20
_MAX_DEPTH = 100
_GZIP = b"\x1f\x8b"
_TOO_LONG = "Something here is longer than a comment with all that belongs to it ever is."
_TOO_DEEP = "This is nested deeper than such a file ever is."
_DECODER = json.JSONDecoder()


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
            self._grow(sum(map(len, own.values())) + len(name))
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


class Values:
    """JSON that is walked through: who asks for a member or an item takes or skips its value."""

    def __init__(self, source: Source, file: IO[bytes]) -> None:
        self._source, self._file = source, file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text, self._at, self._is_all = "", 0, False
        self.line = 1

    def next(self) -> str:
        """Return the next sign without taking it; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self.line += self._text[self._at] == "\n"
                self._at += 1
            if self._at < len(self._text) or self._is_all:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def members(self) -> Iterator[str]:
        """Yield the names of an object's members; each value is to be taken before the next."""
        for _ in self._between("{", "}"):
            name = self.value()
            if not isinstance(name, str):
                raise self._fault("This is no name of a member.")
            self._take(":")
            yield name

    def items(self) -> Iterator[None]:
        """Stop before each item of a list; it is to be taken before the next."""
        return self._between("[", "]")

    def value(self) -> Any:
        """Take a whole value, which must not be long."""
        self.next()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise self._fault(_TOO_DEEP) from error
            except ValueError as error:
                self._check_goes_on(error)
            else:
                # A number may go on in what isn't read yet.
                if end < len(self._text) or self._is_all:
                    self.line += self._text.count("\n", self._at, end)
                    self._at = end
                    return found
            self._read_on()

    def skip(self, depth: int = 0) -> None:
        """Take a value of any length, and drop it."""
        if depth > _MAX_DEPTH:
            raise self._fault(_TOO_DEEP)
        sign = self.next()
        if sign == "{":
            for _ in self.members():
                self.skip(depth + 1)
        elif sign == "[":
            for _ in self.items():
                self.skip(depth + 1)
        else:
            self.value()

    def _between(self, first: str, last: str) -> Iterator[None]:
        self._take(first)
        if self.next() == last:
            self._take(last)
            return
        while True:
            yield
            if self.next() == last:
                self._take(last)
                return
            self._take(",")

    def _take(self, sign: str) -> None:
        if self.next() != sign:
            raise self._fault(f"It is no JSON from here on: “{sign}” is missing.")
        self._at += 1

    def _check_goes_on(self, error: ValueError) -> None:
        if self._is_all:
            at = getattr(error, "pos", self._at)
            self.line += self._text.count("\n", self._at, at)
            words = getattr(error, "msg", "a number is too long")
            raise self._fault(f"It is no JSON from here on, or was cut: {words}.") from error
        if len(self._text) - self._at > PIECE_MAX:
            raise self._fault(f"It is no JSON from here on. Or: {_TOO_LONG}") from error

    def _read_on(self) -> None:
        # Twice as much each time, since a value is begun anew with it.
        chunk = self._file.read(max(CHUNK_BYTES, len(self._text) - self._at))
        self._is_all = not chunk
        try:
            more = self._decode(chunk, self._is_all)
        except UnicodeDecodeError as error:
            raise self._fault("From here on it isn't written in UTF-8.") from error
        self._text, self._at = self._text[self._at :] + more, 0

    def _fault(self, reason: str) -> FileError:
        return self._source.fault(reason, self.line)


@contextmanager
def values(source: Source) -> Iterator[Values]:
    """Open a JSON file."""
    with source.opened() as file:
        yield Values(source, file)
