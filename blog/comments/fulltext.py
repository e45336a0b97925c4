"""The full-text index of the comments: who wrote them and what they say, for who reviews them.

SQLite keeps the words in an FTS5 table, PostgreSQL as tsvectors; both are given the same folded
words, and nothing typed is ever read as a query language. It knows nothing of states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    Text,
    column,
    delete,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from blog import db, urls
from blog.articles import fulltext, words
from blog.comments import likeness

QUERY_MAX_CHARS = 200
_MAX_TERMS = 8
# Shorter beginnings of words are looked for among the newest comments alone.
_RARE_FROM_CHARS = 4
# As many are merged in one transaction; others want to write too.
_PURGED_PAGES = 200
# So many rows change where there is nothing to merge.
_CHANGES_OF_NONE = 2
# Made by a migration, and no model: each database has its own kind.
_INDEX = table("search_index_comment", column("rowid", Integer), column("words", TSVECTOR))
# Where SQLite keeps the words of that table; a row of it is found by its number alone.
_CONTENT = table("search_index_comment_content", column("id", Integer), column("c0", Text))
_PUT = {
    "sqlite": text("INSERT INTO search_index_comment (rowid, words) VALUES (:id, :words)"),
    "postgresql": text(
        "INSERT INTO search_index_comment (rowid, words) VALUES (:id, CAST(:words AS tsvector))"
    ),
}
_MERGE = text(
    "INSERT INTO search_index_comment (search_index_comment, rank) VALUES ('merge', :pages)"
)


def drop(connection: Connection, comment_ids: Iterable[int]) -> None:
    """Forget the words of comments; what isn't indexed makes no difference."""
    connection.execute(delete(_INDEX).where(_INDEX.c.rowid.in_(list(comment_ids))))


def purge(connection: Connection, *, is_first: bool) -> bool:
    """Clear words of dropped comments out of the index itself, some at a time.

    SQLite only notes at first that they are gone. The first call begins anew.

    Returns: whether nothing is left of them.
    Source: https://www.sqlite.org/fts5.html#the_merge_command
    """
    if connection.dialect.name != "sqlite":
        return True
    driver: Any = connection.connection.driver_connection
    before = driver.total_changes
    connection.execute(_MERGE, {"pages": -_PURGED_PAGES if is_first else _PURGED_PAGES})
    return bool(driver.total_changes - before < _CHANGES_OF_NONE)


def put(connection: Connection, rows: Iterable[tuple[int, str, str | None, str]]) -> None:
    """Index comments that weren't yet: id, name, address and text of each."""
    kind = connection.dialect.name
    between = " " if kind == "sqlite" else "' '"
    found = ((each, _words(name, email, source)) for each, name, email, source in rows)
    # Signs alone are no words.
    values = [{"id": each, "words": between.join(words)} for each, words in found if words]
    if kind == "postgresql":
        values = [value | {"words": f"'{value['words']}'"} for value in values]
    if values:
        connection.execute(_PUT[kind], values)


def _words(name: str, email: str | None, source: str) -> list[str]:
    whole = f"{name} {email or ''} {source}"
    found = words.words(whole)
    if not whole.isascii():
        # Written with letters that only look like the ones somebody will type.
        found += words.words(likeness.in_ascii(whole))
    return list(dict.fromkeys(found))


def terms(typed: str) -> list[str]:
    """Return the words to look for of what somebody typed, the last perhaps a beginning."""
    return list(dict.fromkeys(words.words(typed[:QUERY_MAX_CHARS])))[:_MAX_TERMS]


def older(asked: Sequence[str], *, below: int, limit: int) -> Sequence[int] | None:
    """Return the comments below an id that hold all the words; None where they are too many."""
    others = asked[:-1]
    if others:
        # Whole words cost little; the beginning of one is looked for among what these leave.
        held = _numbers(_holding(others, is_whole=True), below, limit)
        if held is not None:
            number = _INDEX.c.rowid
            some = select(number.label("id")).where(number.in_(held)).subquery()
            return db.session.execute(among(some, asked)).scalars().all()
    if len(asked[-1]) < _RARE_FROM_CHARS and asked[-1].isascii():
        return None
    if _numbers(_holding(asked, is_whole=True), below, limit) is None:
        return None
    return _numbers(_holding(asked), below, limit)


def whole(asked: Sequence[str], *, limit: int) -> Sequence[int]:
    """Return comments that hold all of some whole words; none where they are too many."""
    return _numbers(_holding(asked, is_whole=True), urls.ROW_ID_MAX, limit) or []


def _numbers(holding: ColumnElement[bool], below: int, limit: int) -> Sequence[int] | None:
    number = _INDEX.c.rowid
    query = select(number).where(holding, number < below).limit(limit + 1)
    found = db.session.execute(query).scalars().all()
    return found if len(found) <= limit else None


def among(some: Subquery, asked: Sequence[str]) -> Select[int]:
    """Choose of some comments, few enough to be looked at one by one, those with all the words."""
    if not _is_sqlite():
        found = select(some.c.id).join(_INDEX, _INDEX.c.rowid == some.c.id)
        return found.where(_holding(asked))
    padded = literal(" ") + _CONTENT.c.c0 + literal(" ")
    ends = ["" if term == asked[-1] and fulltext.is_prefix(term) else " " for term in asked]
    holds = (func.instr(padded, f" {term}{end}") > 0 for term, end in zip(asked, ends, strict=True))
    return select(some.c.id).join(_CONTENT, _CONTENT.c.id == some.c.id).where(*holds)


def _holding(asked: Sequence[str], *, is_whole: bool = False) -> ColumnElement[bool]:
    if _is_sqlite():
        query = fulltext.fts5_query(asked, is_whole=is_whole)
        return literal_column("search_index_comment").bool_op("MATCH")(query)
    return _INDEX.c.words.bool_op("@@")(fulltext.tsquery(asked, is_whole=is_whole))


def _is_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"
