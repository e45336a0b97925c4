"""What was read, set out in a private file on disk until all of it is known to be good.

Here comments find what they answer, whatever order their file has, and each is given its place:
after what it answers, and otherwise by its date. Memory doesn't grow with the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from blog.comments import CommentState
from blog.imports.records import Foreign, Left, Person, Record, Thread

_TABLES = """
CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT, email TEXT, is_author INTEGER);
CREATE TABLE thread (id TEXT PRIMARY KEY, addresses TEXT, article TEXT);
CREATE TABLE remark (kind TEXT, words TEXT, count INTEGER, line INTEGER, PRIMARY KEY (kind, words));
-- What stands above a comment is what it answers, or what it is an edit of.
CREATE TABLE comment (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, key TEXT UNIQUE, line INTEGER, thread TEXT,
    person TEXT, above TEXT, is_edit INTEGER, state TEXT, at REAL, said TEXT, level INTEGER,
    is_known INTEGER DEFAULT 0, is_erased INTEGER DEFAULT 0, row_id INTEGER, parent_id INTEGER, branch INTEGER
);
CREATE INDEX comment_thread ON comment (thread);
CREATE INDEX comment_above ON comment (above);
CREATE INDEX comment_level ON comment (level, number);
"""
_COUNT = (
    "INSERT INTO remark VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET count = count + excluded.count, line = min(line, excluded.line)"
)
_ADD = (
    "INSERT OR IGNORE INTO comment"
    " (id, key, line, thread, person, above, is_edit, state, at, said)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_IS_LOOSE = (
    "above != '' AND NOT EXISTS (SELECT 1 FROM comment AS up, thread AS its, thread AS own"
    " WHERE up.id = comment.above AND NOT up.is_edit AND its.id = up.thread AND own.id = comment.thread"
    " AND its.article = own.article)"
)
# As many rings are cut one by one; no honest file has more.
RINGS_MAX = 10
_IN_A_RING = "number = (SELECT min(number) FROM comment WHERE level IS NULL)"
_IN_MORE_RINGS = "level IS NULL"
# The plus keeps SQLite from looking through all that have no level yet.
_DESCEND = (
    "UPDATE comment SET level = up.level + 1, at = max(comment.at, up.at) FROM comment AS up"
    " WHERE up.level = ? AND comment.above = up.id AND +comment.level IS NULL"
)
_IS_LONELY = (
    "level = ? AND state = 'withdrawn'"
    " AND NOT EXISTS (SELECT 1 FROM comment AS below WHERE below.above = comment.id)"
)
_ERASE = (
    "UPDATE comment SET is_erased = 1, state = 'withdrawn', said = json_set(said, '$.name', '',"
    " '$.email', NULL, '$.author', NULL, '$.source', '', '$.more', json('{}'))"
    " WHERE NOT is_known AND was_erased(coalesce((SELECT email FROM person WHERE id = person),"
    " json_extract(said, '$.email')), json_extract(said, '$.created_at'))"
)
_IS_UNMISSED = (
    "level = ? AND is_erased AND NOT EXISTS"
    " (SELECT 1 FROM comment AS below WHERE below.above = comment.id AND NOT below.is_known)"
)
_WAITING = (
    "SELECT comment.*, article, person.name, person.email, is_author,"
    " up.number AS up_number, up.row_id AS up_id, up.parent_id AS up_parent_id, up.branch AS up_branch"
    " FROM comment JOIN thread ON thread.id = comment.thread"
    " LEFT JOIN person ON person.id = comment.person"
    " LEFT JOIN comment AS up ON up.id = comment.above"
    " WHERE comment.number IN (SELECT value FROM json_each(?))"
    " ORDER BY comment.at, comment.level, comment.number"
)
_AUTHORS = (
    "SELECT coalesce(json_extract(said, '$.author'), ''), count(*), min(line)"
    " FROM comment LEFT JOIN person ON person.id = comment.person"
    " WHERE json_extract(said, '$.author') IS NOT NULL OR is_author GROUP BY 1"
)


class Kind(StrEnum):
    """What a remark is about."""

    SKIPPED = "skipped"
    ORPHANS = "orphans"
    CHANGED = "changed"


@dataclass(frozen=True)
class Remark:
    """What was said of some comments, how many, and the line of the first."""

    kind: str
    words: str
    count: int
    line: int


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A comment that is to be stored, with the numbers of what stands above it."""

    number: int
    key: str
    article_id: str
    state: CommentState
    name: str
    email: str | None
    is_author: bool
    is_edit: bool
    up_number: int | None
    up_id: int | None
    up_parent_id: int | None
    up_branch: int | None
    said: dict[str, Any]


class Staging:
    """The comments of one file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._db.row_factory = sqlite3.Row
        self._db.executescript(_TABLES)

    def add(self, record: Record, key_of: Callable[[Foreign], str]) -> None:
        """Set out what was read."""
        match record:
            case Person():
                row = (record.id, record.name, record.email, record.is_author)
                self._db.execute("INSERT OR REPLACE INTO person VALUES (?, ?, ?, ?)", row)
            case Thread():
                thread = (record.id, json.dumps(record.addresses))
                self._db.execute("INSERT OR REPLACE INTO thread VALUES (?, ?, NULL)", thread)
            case Left():
                self._remark(Kind.SKIPPED, record.reason, 1, record.line)
            case _:
                self._add_comment(record, key_of(record))

    def _add_comment(self, said: Foreign, key: str) -> None:
        edit_of = said.more.get("edit_of", "")
        names = (said.id, key, said.line, said.thread, said.person, edit_of or said.parent)
        at = said.more.get("place", said.created_at.timestamp())
        row = (*names, bool(edit_of), said.state, at, _packed(said))
        if not self._db.execute(_ADD, row).rowcount:
            self._remark(Kind.SKIPPED, "in the file twice", 1, said.line)
            return
        for words in said.notes:
            self._remark(Kind.CHANGED, words, 1, said.line)

    def _remark(self, kind: Kind, words: str, count: int, line: int) -> None:
        self._db.execute(_COUNT, (kind, words, count, line))

    def _remark_on(self, kind: Kind, words: str, where: str, *values: object) -> None:
        found = f"SELECT count(*), min(line) FROM comment WHERE {where}"  # noqa: S608 - words of ours
        count, line = self._db.execute(found, values).fetchone()
        if count:
            self._remark(kind, words, count, line)

    def _drop(self, words: str, where: str, *values: object) -> None:
        self._remark_on(Kind.SKIPPED, words, where, *values)
        self._db.execute(f"DELETE FROM comment WHERE {where}", values)  # noqa: S608 - words of ours

    def place(self, article_of: Callable[[Sequence[str]], str | None]) -> None:
        """Give each page its article; comments on others are dropped."""
        self._db.execute(
            "INSERT OR IGNORE INTO thread SELECT DISTINCT thread, json_array(thread), NULL"
            " FROM comment"
        )
        for page in self._db.execute("SELECT rowid, addresses FROM thread"):
            article = article_of([each for each in json.loads(page["addresses"]) if each])
            place = "UPDATE thread SET article = ? WHERE rowid = ?"
            self._db.execute(place, (article, page["rowid"]))

    def pages(self) -> Iterator[tuple[str, str | None, int]]:
        """Yield the address of each page with comments, its article, and how many they are."""
        query = (
            "SELECT addresses, article, count(*) FROM comment JOIN thread"
            " ON thread.id = comment.thread GROUP BY thread.id ORDER BY article IS NOT NULL, 3 DESC"
        )
        for addresses, article, count in self._db.execute(query):
            yield next(filter(None, json.loads(addresses)), ""), article, count

    def drop_unplaced(self) -> None:
        """Drop the comments on pages that are no article here."""
        unplaced = "thread IN (SELECT id FROM thread WHERE article IS NULL)"
        self._drop("no article of this site is at the address of its page", unplaced)

    def arrange(self) -> None:
        """Give each comment its level and its place in time, whatever answers what in the file."""
        self._drop("an edit of a comment that isn’t there", f"is_edit AND {_IS_LOOSE}")
        self._cut(_IS_LOOSE, "answers to what isn’t there, kept as comments of their own")
        for _ in range(RINGS_MAX):
            self._descend()
            if not self._cut(_IN_A_RING, "answers to each other in a ring, of which one begins it"):
                return
        self._descend()
        self._cut(_IN_MORE_RINGS, "answers in one of many rings, kept as comments of their own")
        self._descend()

    def _descend(self) -> None:
        self._db.execute("UPDATE comment SET level = 0 WHERE above = '' AND level IS NULL")
        level = 0
        while self._db.execute(_DESCEND, (level,)).rowcount:
            level += 1

    def _cut(self, where: str, words: str) -> bool:
        """Let comments answer nothing."""
        self._remark_on(Kind.ORPHANS, words, where)
        cut = f"UPDATE comment SET above = '', is_edit = 0 WHERE {where}"  # noqa: S608 - words of ours
        return bool(self._db.execute(cut).rowcount)

    def drop_deleted(self) -> None:
        """Drop what was deleted before, where nothing that answers it needs its place."""
        for level in self._levels():
            self._drop("deleted before, and nothing answers it", _IS_LONELY, level)

    def _levels(self) -> Sequence[int]:
        """Return the levels there are, the deepest first."""
        deepest = self._db.execute("SELECT max(level) FROM comment").fetchone()[0] or 0
        return range(deepest, -1, -1)

    def drop_erased(self, is_erased: Callable[[str, datetime], bool]) -> None:
        """Drop what was erased here since it was written; what is answered leaves its place alone."""

        def was_erased(email: str | None, at: str) -> bool:
            return email is not None and is_erased(email, datetime.fromisoformat(at))

        self._db.create_function("was_erased", 2, was_erased)
        self._db.execute(_ERASE)
        words = "written under an address whose data was erased here since"
        self._remark_on(Kind.SKIPPED, words, "is_erased")
        for level in self._levels():
            self._db.execute(f"DELETE FROM comment WHERE {_IS_UNMISSED}", (level,))  # noqa: S608 - words of ours

    def batches(self, size: int) -> Iterator[list[tuple[int, str]]]:
        """Yield numbers and keys of the comments in their order, and not those that are known."""
        query = "SELECT number, key FROM comment WHERE NOT is_known ORDER BY at, level, number"
        found = self._db.execute(query)
        while rows := found.fetchmany(size):
            yield [(row["number"], row["key"]) for row in rows]

    def know(self, rows: Iterable[tuple[int, int | None, int | None, str]]) -> None:
        """Note which are stored already: their row, what that answers and begins with, their key."""
        update = (
            "UPDATE comment SET is_known = 1, row_id = ?, parent_id = ?, branch = ? WHERE key = ?"
        )
        self._db.executemany(update, rows)

    def place_rows(self, rows: Iterable[tuple[int, int | None, int | None, int]]) -> None:
        """Note where comments are stored: row, parent, root, and their number here."""
        update = "UPDATE comment SET row_id = ?, parent_id = ?, branch = ? WHERE number = ?"
        self._db.executemany(update, rows)

    def load(self, numbers: Sequence[int]) -> list[Staged]:
        """Return comments with all that is stored of them, in their order."""
        return [_staged(row) for row in self._db.execute(_WAITING, (json.dumps(numbers),))]

    def authors(self) -> Iterator[tuple[str, int, int]]:
        """Yield by whose address an author's comments are, how many, and the line of the first."""
        yield from map(tuple, self._db.execute(_AUTHORS))

    def note(self, words: str, count: int, line: int) -> None:
        """Remark that some comments aren't quite what they were."""
        self._remark(Kind.CHANGED, words, count, line)

    def count(self, *, is_known: bool) -> int:
        """Return how many comments are known, or are not."""
        query = "SELECT count(*) FROM comment WHERE is_known = ?"
        found: int = self._db.execute(query, (is_known,)).fetchone()[0]
        return found

    def states(self) -> dict[str, int]:
        """Return how many of each state there are to be stored."""
        query = (
            "SELECT state, count(*) FROM comment WHERE NOT is_known GROUP BY state ORDER BY state"
        )
        return dict(map(tuple, self._db.execute(query)))

    def remarks(self) -> list[Remark]:
        """Return what was said, the most frequent first."""
        query = "SELECT kind, words, count, line FROM remark ORDER BY kind, count DESC, words"
        return [Remark(*row) for row in self._db.execute(query)]


def _packed(said: Foreign) -> str:
    own = {"name": said.name, "email": said.email, "source": said.source, "author": said.author}
    own |= {"source_format": said.source_format, "created_at": said.created_at.isoformat()}
    return json.dumps(own | {"more": said.more})


def _staged(row: sqlite3.Row) -> Staged:
    said = json.loads(row["said"])
    is_named = row["name"] is not None and row["state"] != CommentState.WITHDRAWN
    return Staged(
        number=row["number"],
        key=row["key"],
        article_id=row["article"],
        state=CommentState(row["state"]),
        name=row["name"] if is_named else said["name"],
        email=row["email"] if is_named else said["email"],
        is_author=bool(row["is_author"]) or said["author"] is not None,
        is_edit=bool(row["is_edit"]),
        up_number=row["up_number"],
        up_id=row["up_id"],
        up_parent_id=row["up_parent_id"],
        up_branch=row["up_branch"],
        said=said,
    )


@contextmanager
def room() -> Iterator[Staging]:
    """Make room on disk for the comments of a file, gone when done."""
    # Without a name SQLite keeps it in a file that nobody else can open.
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA cache_size=-32768")
        connection.execute("BEGIN")
        yield Staging(connection)
