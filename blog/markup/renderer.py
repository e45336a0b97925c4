"""Articles rendered in a process of their own, which is stopped when one takes too long.

Python-Markdown can take time that grows with the square of a text, and no text may hold a worker
of the site. A process starts with the first article, serves one after another, and is replaced
after a fault; several may work side by side.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from blog.errors import MarkupError
from blog.markup.articles import RenderedArticle, render_article
from blog.markup.survey import Picture, Survey
from blog.markup.text import Heading

ARTICLE_DEADLINE_SECONDS: Final = 5.0

_START_DEADLINE_SECONDS = 30.0
_END_DEADLINE_SECONDS = 1.0
_PROGRAM = "from blog.markup import serve_renderer; serve_renderer()"


class ArticleRenderer:
    """Renders articles elsewhere, within a deadline; threads that share one take turns.

    Units: `deadline_seconds` is for one article and doesn't count the start of a process;
    `processes` is how many articles are rendered at once.
    """

    def __init__(
        self,
        deadline_seconds: float = ARTICLE_DEADLINE_SECONDS,
        *,
        processes: int = 1,
        pictures: Mapping[str, Picture] = MappingProxyType({}),
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._greeting = json.dumps({path: asdict(each) for path, each in pictures.items()})
        self._processes = processes
        # The last one used comes first, so that a single article never starts a second.
        self._free: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(processes):
            self._free.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes there are; the next article starts another."""
        for child in [self._free.get() for _ in range(self._processes)]:
            _end(child)
            self._free.put(None)

    def render(self, source: str) -> RenderedArticle:
        """Render an author's Markdown as `render_article` does.

        Raises: MarkupError, also where the deadline passes or the process comes to its end.
        """
        found, is_well = self._free.get(), False
        try:
            child = found = self._running(found)
            line = child.ask(json.dumps(source), self._deadline_seconds)
            # One that has just died may not look so yet.
            is_well = bool(line) and child.is_running()
        finally:
            if not is_well:
                _end(found)
            self._free.put(found if is_well else None)
        if not line:
            raise MarkupError(self._fault(child))
        return _read(json.loads(line))

    def _running(self, child: _Child | None) -> _Child:
        if child is not None and child.is_running():
            return child
        _end(child)
        return _Child(self._greeting)

    def _fault(self, child: _Child) -> str:
        if child.is_late:
            return (
                f"This text takes longer than {self._deadline_seconds:g} seconds to render."
                " Look for long runs of brackets, asterisks or HTML tags."
            )
        return "The renderer broke down over this text. Try once more, then try less of the text."


class _Child:
    """The process and the socket to it; one line of JSON each way for an article.

    The first line, its greeting, says what every article may refer to.
    """

    def __init__(self, greeting: str) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
            )
            self._stream = ours.makefile("rwb")
        self.is_late = False
        self.ask(greeting, _START_DEADLINE_SECONDS)

    def ask(self, line: str, deadline_seconds: float) -> bytes:
        """Exchange lines.

        Returns: the line answered; nothing where the process has ended or was stopped.
        """
        watchdog = threading.Timer(deadline_seconds, self._stop)
        watchdog.start()
        try:
            self._stream.write(line.encode() + b"\n")
            self._stream.flush()
            answer = self._stream.readline()
        except OSError:
            return b""
        finally:
            watchdog.cancel()
            watchdog.join()
        return answer if answer.endswith(b"\n") else b""

    def is_running(self) -> bool:
        return not self.is_late and self._process.poll() is None

    def end(self) -> None:
        """Close the socket, which the process takes as its end, and wait for it."""
        with contextlib.suppress(OSError):
            self._stream.close()
        try:
            self._process.wait(_END_DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _stop(self) -> None:
        self.is_late = True
        self._process.kill()


def _end(child: _Child | None) -> None:
    if child is not None:
        child.end()


def serve_renderer() -> None:
    """Render what comes in, a line each, until the input ends; the process's whole work."""
    # Ctrl-C reaches every process of the terminal; this one ends with its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lines = iter(sys.stdin.buffer)
    greeting = json.loads(next(lines))
    pictures = {path: Picture(**picture) for path, picture in greeting.items()}
    _say({})
    for line in lines:
        _say(_answer(json.loads(line), pictures))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def _answer(source: str, pictures: Mapping[str, Picture]) -> dict[str, Any]:
    try:
        return asdict(render_article(source, pictures))
    except MarkupError as error:
        return {"error": error.message, "line": error.line}


def _read(answer: dict[str, Any]) -> RenderedArticle:
    if "error" in answer:
        raise MarkupError(answer["error"], line=answer["line"])
    toc = tuple(Heading(**heading) for heading in answer.pop("toc"))
    survey = {name: tuple(found) for name, found in answer.pop("survey").items()}
    return RenderedArticle(toc=toc, survey=Survey(**survey), **answer)
