"""Which article an old address means: by what the operator says, or by all its addresses here."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from blog import db, urls
from blog.articles import Article, ArticlePath
from blog.errors import FileError

_COLUMNS = ["old address", "article", "comments"]
# What a spreadsheet takes for a formula, or for the mark that a cell is none.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_ENDINGS = (".html", ".htm", ".php", ".md")
_INDEXES = ("index.html", "index.htm", "index.php")

Page = tuple[str, str | None, int]


class Addresses:
    """What leads to the articles of this site; `told` maps old addresses to ids of articles."""

    def __init__(self, told: dict[str, str]) -> None:
        rows = db.session.execute(select(Article.slug, Article.id)).all()
        self._told = told
        self._ids = {row.id: row.id for row in rows}
        self._slugs = {row.slug: row.id for row in rows}
        self._paths = {
            row.path: row.article_id
            for row in db.session.execute(select(ArticlePath.path, ArticlePath.article_id))
            if row.article_id in self._ids
        }

    def article_of(self, addresses: Sequence[str]) -> str | None:
        """Return the id of the article that was at the first address that leads to one."""
        told = (self._told.get(each, "") for each in addresses)
        found = next(filter(None, told), None)
        return found or next(filter(None, map(self._found, addresses)), None)

    def _found(self, address: str) -> str | None:
        path = _path(address)
        last = path.rpartition("/")[2]
        return (
            self._ids.get(address)
            or self._paths.get(path)
            or self._slugs.get(urls.slug_at(path) or "")
            or self._slugs.get(last)
            or self._ids.get(last)
        )

    def is_article(self, article_id: str) -> bool:
        """Tell whether there is such an article."""
        return article_id in self._ids


def _path(address: str) -> str:
    """Return the path of an address as articles have theirs: no host, no ending, no last slash."""
    try:
        whole = unquote(urlsplit(address).path)
    except ValueError:
        return ""
    path = PurePosixPath("/" + whole.strip("/"))
    if path.name in _INDEXES:
        path = path.parent
    if path.suffix in _ENDINGS:
        path = path.with_suffix("")
    # Remark42 and WordPress leave the host in front where an address has no scheme.
    return str(path)


def read_map(path: Path) -> dict[str, str]:
    """Read which old address is which article; empty ones say nothing.

    Raises: FileError with its line.
    """
    told: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        try:
            for row in rows:
                if len(row) < 2:
                    raise FileError(str(path), "Each line needs an old address and an article, parted by a comma.", line=rows.line_num)  # fmt: skip
                if row[1].strip() and row[0] != _COLUMNS[0]:
                    told[_read(row[0])] = _read(row[1])
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileError(str(path), f"It can’t be read from here on: {error}.", line=rows.line_num) from error  # fmt: skip
    return told


def write_map(path: Path, pages: Iterable[Page]) -> None:
    """Write the table of old addresses, to be filled in."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        table.writerows(
            (_shown(address), _shown(article or ""), count) for address, article, count in pages
        )


def _shown(cell: str) -> str:
    """Keep a spreadsheet from working out what a stranger wrote."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _read(cell: str) -> str:
    """Take off the mark that was put before a cell."""
    is_marked = cell.startswith("'") and cell[1:].startswith(_FORMULA)
    return cell[is_marked:].strip()
