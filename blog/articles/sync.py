"""Brings the index up to date with content/, reading only the files that changed.

A file that can't be used is reported, and what it said before stays online. Reading and
rendering take no lock; what came of it is written a few hundred files at a time, so that nobody
who wants to write waits long. Files that exchange their addresses are written together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from blog import content, db, markup, revision, urls
from blog.articles import (
    Article,
    ContentFile,
    fulltext,
    gallery,
    references,
    site,
    unknown_author,
    writing,
)
from blog.articles.intake import Known, Progress, Read, read_all, read_one
from blog.articles.news import News
from blog.articles.references import Addresses
from blog.content import ArticleFile, AuthorFile, Kind, PageFile, Site, SourceFile
from blog.content.site import SITE_FILE
from blog.errors import Busy, ContentError, Problem

# In one transaction: about half a second in which others wait to write.
BATCH_FILES = 200


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass
class Changes:
    """What a sync found, by the paths of the files; `same` were saved without a change."""

    read: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def note(self, reads: Iterable[Read]) -> None:
        """Note what came of files."""
        for read in reads:
            (self.same if read.is_same else self.read).append(read.source.path)
            self.problems += read.problems

    def __bool__(self) -> bool:
        return bool(self.read or self.same or self.removed)


def list_sources(root: Path) -> list[SourceFile]:
    """List all files of words, site.toml first where there is one.

    Raises: ContentError where the folder itself can't be read.
    """
    if not root.is_dir():
        # Taken for an empty folder, it would take every article offline.
        remedy = "Put it there, or let BLOG_CONTENT_DIR name the folder of your words."
        raise ContentError(Problem(str(root), "There is no such folder.", remedy))
    return [*_site_file(root), *content.list_files(root)]


def run(root: Path, *, now: datetime, progress: Progress = no_progress) -> Changes:
    """Compare content/ with the index, and bring the index up to date.

    Raises: ContentError where the folder itself can't be read.
    """
    known = {row.path: row for row in db.session.execute(_KNOWN)}
    sources = list_sources(root)
    zone_before = site().zone
    pictures = gallery.look(root)
    forced = references.users_of(pictures.changed)
    # Rendering may take minutes, and no snapshot of the database shall wait for it.
    db.session.rollback()
    site_reads, zone = _read_site(root, sources, known, last_good=zone_before)
    # Every date without a zone hangs on the site's.
    everything = zone.key != zone_before.key
    rest = [source for source in sources if source.path != SITE_FILE]
    is_known = {path: row for path, row in known.items() if not everything and path not in forced}
    suspects = [source for source in rest if _looks_changed(source, is_known.get(source.path))]
    changes = Changes(unchanged_count=len(rest) - len(suspects))
    changes.removed += sorted(known.keys() - {source.path for source in sources})
    reads = read_all(root, suspects, zone, is_known, pictures.pictures, progress)
    _write_all(chain(changes.removed, site_reads, reads), changes, root, now=now)
    index_rest()
    gallery.store(pictures)
    references.recheck()
    changes.problems.sort(key=lambda problem: problem.is_warning)
    return changes


def put(found: str | Read, act: Callable[[], None], *, now: datetime) -> None:
    """Do what changes one file, and write to the index what it says from then on; both or neither.

    A path is of a file that goes. All other files are left alone.

    Raises: ContentError where another article has the address, and what `act` raises.
    """

    def alone() -> None:
        reads = [found] if isinstance(found, Read) else []
        if twins := _twins(reads, _slugs_online()):
            raise ContentError(*twins.values())
        act()

    _write_all(iter([found]), Changes(), now=now, act=alone)
    # It is done; what hangs on it the next sync finds too.
    with suppress(Busy):
        index_rest()
        references.recheck()


def show_pictures(root: Path, *, now: datetime) -> None:
    """See what media/ holds now, and read again the texts that show what changed, and no others."""
    zone = site().zone
    pictures = gallery.look(root)
    shown_by = references.users_of(pictures.changed)
    db.session.rollback()
    sources = [source for source in content.list_files(root) if source.path in shown_by]
    reads = read_all(root, sources, zone, {}, pictures.pictures, no_progress)
    _write_all(reads, Changes(), root, now=now)
    index_rest()
    gallery.store(pictures)
    references.recheck()


def _write_all(
    found: Iterator[str | Read],
    changes: Changes,
    root: Path | None = None,
    *,
    now: datetime,
    act: Callable[[], None] = lambda: None,
) -> None:
    """Write what was found, in batches; paths are of files that are gone.

    `act` is done in the transaction of each batch, before. With `root` what was read is written
    unless the index has heard of something later.
    """
    postponed: list[Read] = []
    while batch := list(islice(found, BATCH_FILES)):
        removed = [each for each in batch if isinstance(each, str)]
        reads = [each for each in batch if isinstance(each, Read)]
        with db.writing():
            revision.hold(db.session)
            reads = _not_outdone(root, reads) if root else reads
            act()
            news = News(reads, removed, now=now)
            _remove(removed, now=now)
            twins = _twins(reads, _slugs_online())
            written = [read for read in reads if read not in twins]
            _write(written, now=now, is_change=bool(removed))
            news.tell(written, removed, now=now)
        changes.note(read for read in reads if read not in twins)
        # Who has the address they want may be about to leave it.
        postponed += (read for read in reads if read in twins)
    if postponed:
        with db.writing():
            revision.hold(db.session)
            postponed = _not_outdone(root, postponed) if root else postponed
            news = News(postponed, [], now=now)
            _refuse_twins(postponed, _slugs_online())
            _write(postponed, now=now)
            news.tell(postponed, [], now=now)
        changes.note(postponed)


def _not_outdone(root: Path, reads: list[Read]) -> list[Read]:
    """Leave out files that a program changed or took away, with the index, since they were read."""
    columns = (ContentFile.path, ContentFile.size_bytes, ContentFile.mtime_ns)
    wanted = ContentFile.path.in_([read.source.path for read in reads])
    known = {
        path: tuple(seen) for path, *seen in db.session.execute(select(*columns).where(wanted))
    }
    left = []
    for read in reads:
        source, here = read.source, _seen(root / read.source.path)
        is_as_read = here == (source.size_bytes, source.mtime_ns)
        if is_as_read or read.parsed is None or here != known.get(source.path):
            left.append(read)
    return left


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _remove(paths: list[str], *, now: datetime) -> None:
    """Take out what files that are gone had put into the index, and the words they alone held."""
    ids = [Path(path).stem for path in paths if path.startswith(f"{Kind.ARTICLE}/")]
    spelt = fulltext.spelt_words(ids)
    for path in paths:
        writing.remove(path, now=now)
    fulltext.unlearn(spelt)


def _write(reads: list[Read], *, now: datetime, is_change: bool = False) -> None:
    """Write files; one that can't be used leaves what it said before."""
    if is_change or any(read.parsed for read in reads):
        revision.touch(db.session)
    parsed = (read.parsed for read in reads)
    articles = [each for each in parsed if isinstance(each, ArticleFile)]
    rows = writing.open_articles(articles, now=now)
    for read in reads:
        _write_one(read, rows)
    writing.link_articles(articles)
    _note(reads)
    fulltext.refresh()


def index_rest() -> None:
    """Index what an author's new name or a new version of this program leaves to be done."""
    while fulltext.is_stale():
        with db.writing():
            revision.hold(db.session)
            fulltext.refresh()


def check(root: Path, *, site_url: str, progress: Progress = no_progress) -> list[Problem]:
    """Read every file as if none were known, and return all problems; needs no database.

    Raises: ContentError where the folder itself can't be read.
    """
    sources = list_sources(root)
    site_reads, zone = _read_site(root, sources, {}, last_good=ZoneInfo("UTC"))
    rest = [source for source in sources if source.path != SITE_FILE]
    reads = [*site_reads, *read_all(root, rest, zone, {}, {}, progress)]
    _refuse_twins(reads, {})
    addresses = _addresses(reads, root, site_url)
    found = [problem for read in reads for problem in read.problems]
    for read in reads:
        found += references.broken(read.source.path, read.refers_to, addresses)
    profiles = {source.id for source in rest if source.path == f"{Kind.AUTHOR}/{source.id}.md"}
    found += _unknown_authors(reads, profiles)
    return sorted(found, key=lambda problem: problem.is_warning)


def _addresses(reads: list[Read], root: Path, site_url: str) -> Addresses:
    """Collect the addresses that files make."""
    documents = [read.parsed for read in reads if read.parsed and not isinstance(read.parsed, Site)]
    taken = {f"/media/{source.path}" for source in content.list_media(root)}
    taken.update(path for document in documents for path in references.paths_of(document))
    old = {alias for each in documents if isinstance(each, ArticleFile) for alias in each.aliases}
    # What can't be used as it is may be online as it was.
    refused = (f"/{read.source.path}" for read in reads if read.is_refused)
    old.update(path.removesuffix(".md").removeprefix("/pages") for path in refused)
    return Addresses(site_url, taken, old)


def _unknown_authors(reads: list[Read], profiles: set[str]) -> Iterator[Problem]:
    for read in reads:
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
    read = read_one(root, source, known.get(SITE_FILE), content.parse_site)
    return [read], read.parsed.zone if isinstance(read.parsed, Site) else last_good


def _looks_changed(source: SourceFile, known: Known | None) -> bool:
    # What was refused may do now though it is the same: another file or a right was to blame.
    if known is None or not known.sha256 or known.policy != markup.ARTICLE_POLICY:
        return True
    is_same = (known.size_bytes, known.mtime_ns) == (source.size_bytes, source.mtime_ns)
    return not is_same or content.is_young(source, at=known.synced_at)


def _slugs_online() -> dict[str, str]:
    """Return the slug of every article there is, by its file."""
    rows = db.session.execute(select(Article.id, Article.slug))
    return {f"{Kind.ARTICLE}/{article_id}.md": slug for article_id, slug in rows}


def _refuse_twins(reads: list[Read], online: Mapping[str, str]) -> None:
    for read, problem in _twins(reads, online).items():
        read.refuse(problem)


def _twins(reads: list[Read], online: Mapping[str, str]) -> dict[Read, Problem]:
    """Find the articles that want an address another has.

    The first of several has it; who has it online comes before all.
    """
    wanted = {read: read.parsed.slug for read in reads if isinstance(read.parsed, ArticleFile)}
    in_order = sorted(wanted, key=lambda read: online.get(read.source.path) != wanted[read])
    twins: dict[Read, Problem] = {}
    while found := dict(_without_address(in_order, wanted, online)):
        # Whoever is left out keeps the slug it has, which may leave out another one in turn.
        twins |= found
        in_order = [read for read in in_order if read not in found]
    return twins


def _without_address(
    in_order: list[Read], wanted: Mapping[Read, str], online: Mapping[str, str]
) -> Iterator[tuple[Read, Problem]]:
    moving = {read.source.path for read in in_order}
    owners = {slug: path for path, slug in online.items() if path not in moving}
    for read in in_order:
        path, slug = read.source.path, wanted[read]
        owner = owners.setdefault(slug, path)
        if owner != path:
            message = f"The address {urls.article(slug)} belongs to {owner} already."
            yield read, Problem(path, message, "Give one of them another `slug`.")


def _write_one(read: Read, rows: Mapping[str, Article]) -> None:
    match read.parsed:
        case ArticleFile() as article:
            writing.write_article(rows[article.id], article, read.rendered, read.picture)
        case AuthorFile() as author:
            writing.write_author(author, read.rendered, read.picture)
        case PageFile() as page:
            writing.write_page(page, read.rendered)
        case Site():
            writing.write_site(read.text)


def _note(reads: Iterable[Read]) -> None:
    """Remember what was seen of files; the problems of one that is the same stay as they were."""
    wanted = {read.source.path: read for read in reads}
    known = db.session.execute(select(ContentFile).where(ContentFile.path.in_(wanted))).scalars()
    rows = {row.path: row for row in known}
    for path, read in wanted.items():
        row = rows.get(path) or ContentFile(path=path, problems=[])
        row.size_bytes, row.mtime_ns = read.source.size_bytes, read.source.mtime_ns
        row.sha256 = "" if read.is_refused else read.sha256
        row.policy, row.synced_at = markup.ARTICLE_POLICY, read.read_at
        if not read.is_same:
            row.problems = [asdict(problem) for problem in read.problems]
        if read.parsed:
            row.refers_to = read.refers_to
        db.session.add(row)
