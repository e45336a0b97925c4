"""Brings the index up to date with content/, reading only the files that changed.

A file that can't be used is reported, and what it said before stays online. Reading and
rendering come first and take no lock; `Changes.apply()` then writes all in one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from blog import content, db, markup, revision
from blog.articles import Article, ContentFile, site, unknown_author, writing
from blog.content import ArticleFile, AuthorFile, Kind, PageFile, Site, SourceFile
from blog.content.site import SITE_FILE
from blog.errors import ContentError, MarkupError, Problem
from blog.markup import RenderedArticle

_GRAIN = timedelta(seconds=2)

_NOTHING = RenderedArticle(html="", toc=(), text="", words=0)

Parsed = ArticleFile | AuthorFile | PageFile | Site
Progress = Callable[[int, int], None]


def _no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass
class Read:
    """One file that was looked into; `parsed` is None where it is refused or the same."""

    source: SourceFile
    sha256: str = ""
    text: str = ""
    parsed: Parsed | None = None
    rendered: RenderedArticle = _NOTHING
    problems: tuple[Problem, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether it can't be used."""
        return self.parsed is None and bool(self.problems)

    def refuse(self, *problems: Problem) -> None:
        """Leave online what the file said before."""
        self.parsed, self.problems = None, (*self.problems, *problems)


@dataclass
class Changes:
    """What a sync found; `same` are files that were saved without a change."""

    read: list[Read] = field(default_factory=list)
    same: list[Read] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged_count: int = 0

    @property
    def problems(self) -> list[Problem]:
        """Everything wrong in the files that were read, errors first."""
        found = [problem for read in self.read for problem in read.problems]
        return sorted(found, key=lambda problem: problem.is_warning)

    def add(self, reads: Iterable[Read]) -> None:
        """Sort files that were read by what came of them."""
        for read in reads:
            (self.read if read.parsed or read.is_refused else self.same).append(read)

    def __bool__(self) -> bool:
        return bool(self.read or self.same or self.removed)

    def apply(self, *, now: datetime) -> None:
        """Write all of it; a file that can't be used leaves what it said before."""
        # First, since another sync that is writing must end before this one looks.
        if self.removed or any(read.parsed for read in self.read):
            revision.touch(db.session)
        for path in self.removed:
            writing.remove(path)
        parsed = (read.parsed for read in self.read)
        writing.free_slugs(each for each in parsed if isinstance(each, ArticleFile))
        for read in self.read:
            _write(read)
            _note(read, now=now, problems=[asdict(problem) for problem in read.problems])
        for read in self.same:
            _note(read, now=now)


def list_sources(root: Path) -> list[SourceFile]:
    """List all files of words, site.toml first where there is one.

    Raises: ContentError where the folder itself can't be read.
    """
    if not root.is_dir():
        # Taken for an empty folder, it would take every article offline.
        remedy = "Put it there, or let BLOG_CONTENT_DIR name the folder of your words."
        raise ContentError(Problem(str(root), "There is no such folder.", remedy))
    return [*_site_file(root), *content.list_files(root)]


def find_changes(root: Path, *, now: datetime, progress: Progress = _no_progress) -> Changes:
    """Compare content/ with the index, and read and render what changed.

    Raises: ContentError where the folder itself can't be read.
    """
    known = {row.path: row for row in db.session.execute(_KNOWN)}
    sources = list_sources(root)
    zone_before = site().zone
    site_reads, zone = _read_site(root, sources, known, last_good=zone_before)
    # Every date without a zone hangs on the site's.
    everything = zone.key != zone_before.key
    rest = [source for source in sources if source.path != SITE_FILE]
    suspects = [s for s in rest if everything or _looks_changed(s, known.get(s.path))]
    removed = sorted(known.keys() - {source.path for source in sources})
    changes = Changes(removed=removed, unchanged_count=len(rest) - len(suspects))
    slugs = _slugs_online(removed)
    # Rendering may take minutes, and no snapshot of the database shall wait for it.
    db.session.rollback()
    reads = [*_read_all(root, suspects, zone, {} if everything else known, progress)]
    _refuse_twins(reads, slugs)
    changes.add([*site_reads, *reads])
    return changes


def check(root: Path, *, progress: Progress = _no_progress) -> list[Problem]:
    """Read every file as if none were known, and return all problems; needs no database.

    Raises: ContentError where the folder itself can't be read.
    """
    sources = list_sources(root)
    site_reads, zone = _read_site(root, sources, {}, last_good=ZoneInfo("UTC"))
    rest = [source for source in sources if source.path != SITE_FILE]
    reads = [*_read_all(root, rest, zone, {}, progress)]
    _refuse_twins(reads, {})
    changes = Changes()
    changes.add([*site_reads, *reads])
    profiles = {source.id for source in rest if source.kind is Kind.AUTHOR}
    return [*changes.problems, *_unknown_authors(changes, profiles)]


def _unknown_authors(changes: Changes, profiles: set[str]) -> Iterator[Problem]:
    for read in changes.read:
        if isinstance(read.parsed, ArticleFile):
            for author_id in read.parsed.authors:
                if author_id not in profiles:
                    yield unknown_author(read.parsed.id, author_id)


_KNOWN = select(
    ContentFile.path,
    ContentFile.size_bytes,
    ContentFile.mtime_ns,
    ContentFile.sha256,
    ContentFile.policy,
    ContentFile.synced_at,
)
Known = Row[str, int, int, str, int, datetime]


def _site_file(root: Path) -> Iterator[SourceFile]:
    path = root / SITE_FILE
    if path.exists():
        status = path.stat()
        yield SourceFile(Kind.PAGE, "site", SITE_FILE, status.st_size, status.st_mtime_ns)


def _read_site(
    root: Path, sources: list[SourceFile], known: Mapping[str, Known], *, last_good: ZoneInfo
) -> tuple[list[Read], ZoneInfo]:
    """Read site.toml where it changed; returns what came of it, and the zone that holds."""
    source = sources[0] if sources and sources[0].path == SITE_FILE else None
    if source is None:
        return [], content.parse_site("").zone
    if not _looks_changed(source, known.get(SITE_FILE)):
        return [], last_good
    read = _read(root, source, known.get(SITE_FILE), content.parse_site)
    return [read], read.parsed.zone if isinstance(read.parsed, Site) else last_good


def _looks_changed(source: SourceFile, known: Known | None) -> bool:
    # What was refused may do now though it is the same: another file or a right was to blame.
    if known is None or not known.sha256 or known.policy != markup.ARTICLE_POLICY:
        return True
    is_same = (known.size_bytes, known.mtime_ns) == (source.size_bytes, source.mtime_ns)
    return not is_same or is_young(source, at=known.synced_at)


def is_young(source: SourceFile, *, at: datetime) -> bool:
    """Tell whether a file could have been saved once more without looking changed."""
    return at.timestamp() - source.mtime_ns / 1e9 < _GRAIN.total_seconds()


def _read_all(
    root: Path,
    suspects: list[SourceFile],
    zone: ZoneInfo,
    known: Mapping[str, Known],
    progress: Progress,
) -> Iterator[Read]:
    with markup.ArticleRenderer() as renderer:
        for done, source in enumerate(suspects, start=1):
            read = _read(root, source, known.get(source.path), _parser(source, zone))
            yield _rendered(read, renderer)
            progress(done, len(suspects))


def _parser(source: SourceFile, zone: ZoneInfo) -> Callable[[str], Parsed]:
    if source.kind is Kind.ARTICLE:
        return lambda text: content.parse_article(source.id, text, zone=zone)
    parse = content.parse_author if source.kind is Kind.AUTHOR else content.parse_page
    return lambda text: parse(source.id, text)


def _read(
    root: Path, source: SourceFile, known: Known | None, parse: Callable[[str], Parsed]
) -> Read:
    read = Read(source)
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


def _rendered(read: Read, renderer: markup.ArticleRenderer) -> Read:
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


def _slugs_online(removed: list[str]) -> dict[str, str]:
    """Return the slug of every article there is, by its file, but for files that are gone."""
    rows = db.session.execute(select(Article.id, Article.slug))
    slugs = {f"{Kind.ARTICLE}/{article_id}.md": slug for article_id, slug in rows}
    return {path: slug for path, slug in slugs.items() if path not in removed}


def _refuse_twins(reads: list[Read], online: Mapping[str, str]) -> None:
    """Let the first of several articles with one slug have it; who has it online comes first."""
    wanted = {
        read.source.path: (read, read.parsed.slug)
        for read in reads
        if isinstance(read.parsed, ArticleFile)
    }
    in_order = sorted(wanted, key=lambda path: online.get(path) != wanted[path][1])
    # Whoever is refused keeps the slug it has, which may refuse another one in turn.
    while twin := _twin(in_order, wanted, online):
        path, owner = twin
        read, slug = wanted.pop(path)
        in_order.remove(path)
        message = f"The address /articles/{slug} belongs to {owner} already."
        read.refuse(Problem(path, message, "Give one of them another `slug`."))


def _twin(
    in_order: list[str], wanted: Mapping[str, tuple[Read, str]], online: Mapping[str, str]
) -> tuple[str, str] | None:
    """Find the first article that wants what another has, and whose that is."""
    owners = {slug: path for path, slug in online.items() if path not in wanted}
    for path in in_order:
        owner = owners.setdefault(wanted[path][1], path)
        if owner != path:
            return path, owner
    return None


def _write(read: Read) -> None:
    match read.parsed:
        case ArticleFile() as article:
            writing.write_article(article, read.rendered)
        case AuthorFile() as author:
            writing.write_author(author, read.rendered)
        case PageFile() as page:
            writing.write_page(page, read.rendered)
        case Site():
            writing.write_site(read.text)


def _note(read: Read, *, now: datetime, problems: list[Any] | None = None) -> None:
    """Remember what was seen of a file; `problems` stay as they were where None is given."""
    source = read.source
    row = db.session.get(ContentFile, source.path) or ContentFile(path=source.path, problems=[])
    row.size_bytes, row.mtime_ns = source.size_bytes, source.mtime_ns
    row.sha256 = "" if read.is_refused else read.sha256
    row.policy, row.synced_at = markup.ARTICLE_POLICY, now
    if problems is not None:
        row.problems = problems
    db.session.add(row)
