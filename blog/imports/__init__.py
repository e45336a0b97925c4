"""Comments from elsewhere: a file of another system, or of this one, becomes comments here.

A file is read to its end before anything is stored, whatever its size; a broken one leaves
nothing behind. What was imported before is known again, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from blog import accounts, config, tokens
from blog.accounts import User
from blog.errors import Conflict, NotFound
from blog.imports import formats, storing
from blog.imports.placing import Addresses, Page, read_map, write_map
from blog.imports.records import Foreign
from blog.imports.staging import Kind as Kind
from blog.imports.staging import Remark, Staging, room
from blog.imports.streams import Source

# As many pages are listed; all of them stand in the table that is written to be filled in.
LISTED_PAGES = 1_000
# The worker has mails to deliver between these.
ROUND_SECONDS = 1.0
_NO_BADGE = "by an author of the old site, kept without her badge: name her account with --author"


@dataclass(frozen=True)
class Report:
    """What an import did, or would do: how many are new by state, known already, and remarks."""

    source: str
    new: dict[str, int]
    known: int
    remarks: list[Remark]
    pages: list[Page]

    @property
    def imported(self) -> int:
        """How many are new."""
        return sum(self.new.values())

    def of(self, kind: Kind) -> list[Remark]:
        """Return the remarks of one kind."""
        return [remark for remark in self.remarks if remark.kind == kind]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How a file is to be imported; `map_path` says which old address is which article.

    The table of addresses is written to `write_to`; `author` gets the badge on what the old
    site's author wrote. `is_erased` tells of an address whether what was written under it at a
    moment was erased here since.
    """

    is_dry: bool = False
    map_path: Path | None = None
    write_to: Path | None = None
    author: User | None = None
    is_erased: Callable[[str, datetime], bool] = lambda _email, _at: False


def run(path: Path, wish: Wish, *, progress: Callable[[int, int], None], now: datetime) -> Report:
    """Import a file.

    Raises: FileError where it can't be read; NotFound for an article of the map that isn't there;
    Conflict while another import runs, or where one took over since this one lost its lock.
    """
    source = Source(path)
    known = formats.recognise(source)
    addresses = _addresses(wish.map_path)
    with storing.alone(), room() as staged:
        storing.recover(now=now)
        for record in known.read(source):
            staged.add(record, _key_of(known.name))
        staged.place(addresses.article_of)
        pages = list(islice(staged.pages(), LISTED_PAGES))
        if wish.write_to:
            write_map(wish.write_to, staged.pages())
        staged.drop_unplaced()
        staged.arrange()
        storing.know(staged)
        staged.drop_erased(wish.is_erased)
        if known is not formats.OWN:
            staged.drop_deleted()
        users = _users(staged, wish.author)
        report = Report(
            known.name, staged.states(), staged.count(is_known=True), staged.remarks(), pages
        )
        if report.imported and not wish.is_dry:
            _store(staged, report, users, progress=progress, now=now)
        return report


def tidy(now: datetime) -> None:
    """Go on finishing or forgetting what an import left that was cut off, unless one runs."""
    if storing.is_left():
        with suppress(Conflict), storing.alone():
            storing.recover(now=now, seconds=ROUND_SECONDS)


def _store(
    staged: Staging,
    report: Report,
    users: dict[str, int],
    *,
    progress: Callable[[int, int], None],
    now: datetime,
) -> None:
    total = report.imported

    def step(done: int) -> None:
        progress(done, total)

    own = storing.begin()
    try:
        storing.store(own, staged, users, report.source, progress=step, now=now)
    finally:
        storing.finish(own, now=now)


def _addresses(map_path: Path | None) -> Addresses:
    told = read_map(map_path) if map_path else {}
    addresses = Addresses(told)
    unknown = next((each for each in told.values() if not addresses.is_article(each)), None)
    if unknown:
        raise NotFound(f"{map_path} names the article {unknown}, which isn’t there.")
    return addresses


def _key_of(source: str) -> Callable[[Foreign], str]:
    """Return what a comment is known by when it comes again."""
    secret = config.current().secret_key

    def key(said: Foreign) -> str:
        own: str | None = said.more.get("key")
        return own or tokens.keyed_hash(
            secret, "import", source, said.known_as or said.id, said.created_at.isoformat()
        )

    return key


def _users(staged: Staging, author: User | None) -> dict[str, int]:
    """Return the accounts of authors by their address; under none, that of who isn't known here."""
    known = {user.email: user.id for user in accounts.everybody()}
    if author:
        return known | {"": author.id}
    for email, count, line in staged.authors():
        if email not in known:
            staged.note(_NO_BADGE, count, line)
    return known
