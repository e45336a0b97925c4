"""Reads the files of content/ and renders what they say, on every core there is.

Rendering takes nearly all the time of a sync, so threads keep one renderer's process each busy.
What comes of a file is handed on in the order of the files, and never much ahead of its taker,
so that any number of files needs the memory of a few hundred. Takes no lock, writes nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from blog import content, db, markup
from blog.articles import references
from blog.articles.references import Reference
from blog.content import ArticleFile, AuthorFile, Kind, PageFile, Site, SourceFile
from blog.errors import ContentError, MarkupError, Problem
from blog.markup import Picture, RenderedArticle

READ_AHEAD_FILES = 200

_UNREAD = "unread"
_NOTHING = RenderedArticle(html="", toc=(), text="", words=0)

Parsed = ArticleFile | AuthorFile | PageFile | Site
Known = Row[str, int, int, str, int, datetime]
Progress = Callable[[int, int], None]


@dataclass(eq=False)
class Read:
    """One file that was looked into; `parsed` is None where it is refused or the same."""

    source: SourceFile
    read_at: datetime
    sha256: str = ""
    text: str = ""
    parsed: Parsed | None = None
    rendered: RenderedArticle = _NOTHING
    picture: Picture | None = None
    refers_to: list[Reference] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether it can't be used."""
        return self.parsed is None and any(not problem.is_warning for problem in self.problems)

    @property
    def is_same(self) -> bool:
        """Whether it was saved without a change."""
        return self.parsed is None and not self.problems

    def refuse(self, *problems: Problem) -> None:
        """Leave online what the file said before."""
        self.parsed, self.problems = None, (*self.problems, *problems)


def read_all(
    root: Path,
    sources: list[SourceFile],
    zone: ZoneInfo,
    known: Mapping[str, Known],
    pictures: Mapping[str, Picture],
    progress: Progress,
) -> Iterator[Read]:
    """Read and render files; those that `known` has the same are not rendered.

    `pictures` are those of media/, by their path in it.
    """
    cores = len(os.sched_getaffinity(0))

    def work(source: SourceFile) -> Read:
        read = read_one(root, source, known.get(source.path), _parser(source, zone))
        return _rendered(read, renderer, pictures)

    with markup.ArticleRenderer(processes=cores, pictures=pictures) as renderer:
        for done, read in enumerate(_ahead(work, sources, threads=cores), start=1):
            progress(done, len(sources))
            yield read


def _ahead(
    work: Callable[[SourceFile], Read], sources: Iterable[SourceFile], *, threads: int
) -> Iterator[Read]:
    """Do work in threads and give what comes of it in order; some is done before it is taken."""
    pool = ThreadPoolExecutor(threads)
    waiting: deque[Future[Read]] = deque()
    try:
        for source in sources:
            waiting.append(pool.submit(work, source))
            if len(waiting) == READ_AHEAD_FILES:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # Whoever stops in the middle shall not wait for what nobody will take.
        pool.shutdown(cancel_futures=True)


def _parser(source: SourceFile, zone: ZoneInfo) -> Callable[[str], Parsed]:
    if source.kind is Kind.ARTICLE:
        return lambda text: content.parse_article(source.id, text, zone=zone)
    parse = content.parse_author if source.kind is Kind.AUTHOR else content.parse_page
    return lambda text: parse(source.id, text)


def read_one(
    root: Path, source: SourceFile, known: Known | None, parse: Callable[[str], Parsed]
) -> Read:
    """Read a file and parse it, unless it is known and the same, or no file of words."""
    # By which it is later told whether a second save could look like the first.
    read = Read(source, read_at=db.utc_now())
    if source.problem and source.problem.is_warning:
        # Nothing within can change what it is, so it need not be looked at each time.
        read.sha256, read.problems = _UNREAD, (source.problem,)
        return read
    try:
        read.text = content.read_text(root, source)
        read.sha256 = hashlib.sha256(read.text.encode()).hexdigest()
        is_same = known is not None and known.policy == markup.ARTICLE_POLICY
        if is_same and known is not None and known.sha256 == read.sha256:
            return read
        read.parsed = parse(read.text)
        read.problems = read.parsed.warnings
    except ContentError as error:
        read.refuse(*error.problems)
    return read


def read_bytes(
    source: SourceFile, data: bytes, zone: ZoneInfo, pictures: Mapping[str, Picture]
) -> Read:
    """Read and render what a file is to hold, before it does."""
    read = Read(source, read_at=db.utc_now())
    try:
        read.text = content.decode(source.path, data)
        read.sha256 = hashlib.sha256(read.text.encode()).hexdigest()
        read.parsed = _parser(source, zone)(read.text)
        read.problems = read.parsed.warnings
    except ContentError as error:
        read.refuse(*error.problems)
    with markup.ArticleRenderer(pictures=pictures) as renderer:
        return _rendered(read, renderer, pictures)


def _rendered(
    read: Read, renderer: markup.ArticleRenderer, pictures: Mapping[str, Picture]
) -> Read:
    parsed = read.parsed
    if parsed is None or isinstance(parsed, Site):
        return read
    try:
        read.rendered = renderer.render(parsed.body)
    except MarkupError as error:
        line = parsed.body_line + error.line - 1 if error.line else parsed.body_line
        remedy = "Simplify this part; the last good version stays online."
        read.refuse(Problem(read.source.path, error.message, remedy, line))
        return read
    survey = read.rendered.survey
    read.picture = pictures.get(references.picture_of(parsed))
    read.refers_to = list(references.references(parsed, read.text, survey))
    read.problems += tuple(references.faults(read.source.path, parsed, survey))
    return read
