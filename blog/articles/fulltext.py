"""The full-text index of the articles: kept and asked here, where the two databases differ.

SQLite keeps the words in an FTS5 table, PostgreSQL as two tsvectors; both are given the same
words, folded by `words.py`, and nothing typed is ever read as a query language. The index holds
articles that are not public too, so whether one is gets asked when it is found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    REAL,
    ColumnElement,
    Executable,
    Float,
    ForeignKey,
    Integer,
    Row,
    Select,
    String,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from blog import db
from blog.articles import Article, ArticleAuthor, ArticleTopic, Author, is_public, words

# Raised with any change in what is indexed or how; the next sync indexes everything anew.
VERSION = 1

BATCH_ARTICLES = 250
_BATCH_WORDS = 500
# PostgreSQL refuses a tsvector past a megabyte, which fewer characters can't fill.
_INDEXED_CHARS = 200_000
_LIKENESSES = 60
_SPELT_CHARS = range(4, 31)
# As many as PostgreSQL ranks by their texts too, which is the dear part.
_WEIGHED = 1000
_PREFIX_MIN_CHARS = 2


class SearchEntry(db.Model):
    """The number of an article in the full-text index, and the version it was indexed by."""

    __tablename__ = "search_entry"

    number: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[str] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), unique=True
    )
    version: Mapped[int]


class SearchSpelling(db.Model):
    """A word of the articles, under one of the spellings by which it is found again."""

    __tablename__ = "search_spelling"
    __table_args__ = {"sqlite_with_rowid": False}

    spelling: Mapped[str] = mapped_column(String(words.WORD_MAX_CHARS), primary_key=True)
    chars: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    word: Mapped[str] = mapped_column(String(words.WORD_MAX_CHARS), primary_key=True)


# Made by a migration, and no model: each database has its own kind.
_INDEX = table(
    "search_index", column("rowid", Integer), column("head", TSVECTOR), column("words", TSVECTOR)
)

_Fields = tuple[str, str, str, str, str]


def _is_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"


# Keeping


_INDEXED = select(Article.id, Article.title, Article.summary, Article.text)


def _stale() -> Select[str, str, str, str]:
    entries = _INDEXED.outerjoin(SearchEntry)
    return entries.where(func.coalesce(SearchEntry.version, 0) != VERSION)


def is_stale() -> bool:
    """Tell whether an article waits to be indexed, or was by an older program."""
    return db.session.execute(_stale().limit(1)).first() is not None


def mark_stale(*article_ids: str) -> None:
    """Have articles indexed anew by `refresh()`."""
    marked = update(SearchEntry).where(SearchEntry.article_id.in_(article_ids))
    db.session.execute(marked.values(version=0))


def mark_author_stale(author_id: str) -> None:
    """Have an author's articles indexed anew by `refresh()`."""
    theirs = select(ArticleAuthor.article_id).where(ArticleAuthor.author_id == author_id)
    marked = update(SearchEntry).where(SearchEntry.article_id.in_(theirs))
    db.session.execute(marked.values(version=0), execution_options={"synchronize_session": False})


def forget(article_id: str) -> None:
    """Take an article out of the index, before its row goes."""
    number = select(SearchEntry.number).where(SearchEntry.article_id == article_id)
    db.session.execute(_INDEX.delete().where(_INDEX.c.rowid.in_(number)))


def refresh() -> None:
    """Index articles that wait for it, as many as make a short transaction; the caller's.

    What was just written comes first, then what an older program indexed.
    """
    first = _stale().order_by(func.coalesce(SearchEntry.version, 0)).limit(BATCH_ARTICLES)
    if batch := db.session.execute(first).all():
        if not _is_begun():
            # An older program may have spelt the words it knew in another way.
            db.session.execute(delete(SearchSpelling))
        fields = _fields(batch)
        _write_index(fields)
        _write_spellings(_spelt(fields))


def _is_begun() -> bool:
    """Tell whether any article is indexed as this program does it."""
    current = select(SearchEntry.number).where(SearchEntry.version == VERSION).limit(1)
    return db.session.execute(current).first() is not None


def _fields(batch: Sequence[Row[str, str, str, str]]) -> dict[str, _Fields]:
    """Collect the words of articles, by id: title, topics, summary, authors and text."""
    ids = [row.id for row in batch]
    topics, authors = dict.fromkeys(ids, ""), dict.fromkeys(ids, "")
    on = select(ArticleTopic.article_id, ArticleTopic.name).where(ArticleTopic.article_id.in_(ids))
    for article_id, name in db.session.execute(on):
        topics[article_id] += f" {name}"
    by = select(ArticleAuthor.article_id, Author.name).join(
        Author, Author.id == ArticleAuthor.author_id
    )
    for article_id, name in db.session.execute(by.where(ArticleAuthor.article_id.in_(ids))):
        authors[article_id] += f" {name}"
    return {
        row.id: (
            _joined(row.title),
            _joined(topics[row.id]),
            _joined(row.summary),
            _joined(authors[row.id]),
            _joined(row.text[:_INDEXED_CHARS]),
        )
        for row in batch
    }


def _joined(field: str) -> str:
    return " ".join(words.words(field))[:_INDEXED_CHARS]


def _write_index(fields: dict[str, _Fields]) -> None:
    """Write the entries of articles, in place of those they had."""
    listed = select(SearchEntry.article_id, SearchEntry.number).where(
        SearchEntry.article_id.in_(fields)
    )
    before = {row.article_id: row.number for row in db.session.execute(listed)}
    if before:
        db.session.execute(_INDEX.delete().where(_INDEX.c.rowid.in_(before.values())))
        mark = update(SearchEntry).where(SearchEntry.article_id.in_(before))
        db.session.execute(mark.values(version=VERSION))
    if new := [{"article_id": each, "version": VERSION} for each in fields.keys() - before]:
        db.session.execute(insert(SearchEntry), new)
    rows = [_row(number, fields[article_id]) for article_id, number in db.session.execute(listed)]
    db.session.execute(text(_INSERT_SQLITE if _is_sqlite() else _INSERT_POSTGRESQL), rows)


_INSERT_SQLITE = """
    INSERT INTO search_index (rowid, title, topics, summary, authors, text)
    VALUES (:rowid, :title, :topics, :summary, :authors, :text)
"""
_INSERT_POSTGRESQL = """
    INSERT INTO search_index (rowid, head, words)
    VALUES (:rowid, CAST(:head AS tsvector), CAST(:words AS tsvector))
"""


def _row(number: int, fields: _Fields) -> dict[str, Any]:
    if _is_sqlite():
        names = ("title", "topics", "summary", "authors", "text")
        return {"rowid": number, **dict(zip(names, fields, strict=True))}
    return {"rowid": number, "head": _vector(fields[:4]), "words": _vector(fields)}


def _vector(fields: Iterable[str]) -> str:
    """Write a tsvector: each word with where it stands, and the label of its field."""
    labelled = (
        (word, label)
        for field, label in zip(fields, "ABCDD", strict=False)
        for word in field.split()
    )
    places: dict[str, list[str]] = {}
    for number, (word, label) in enumerate(labelled, start=1):
        places.setdefault(word, []).append(f"{number}{label}")
    return " ".join(f"'{word}':{','.join(where)}" for word, where in places.items())


def _spelt(fields: dict[str, _Fields]) -> list[str]:
    """Collect the words that are found again when somebody mistypes them."""
    found = {word for each in fields.values() for field in each for word in field.split()}
    return sorted(word for word in found if len(word) in _SPELT_CHARS and word.isalpha())


def spelt_words(article_ids: Sequence[str]) -> list[str]:
    """Return the words of articles that are about to go, for `unlearn()`."""
    theirs = _INDEXED.where(Article.id.in_(article_ids))
    return _spelt(_fields(db.session.execute(theirs).all()))


def unlearn(spelt: list[str]) -> None:
    """Forget the spellings of words that no article holds any more."""
    for start in range(0, len(spelt), _BATCH_WORDS):
        batch = json.dumps(spelt[start : start + _BATCH_WORDS])
        query = text(_UNHELD_SQLITE if _is_sqlite() else _UNHELD_POSTGRESQL)
        unheld = _found(query.bindparams(batch=batch))
        spellings = {spelling for word in unheld for spelling in words.stored_spellings(word)}
        theirs = SearchSpelling.word.in_(unheld) & SearchSpelling.spelling.in_(spellings)
        db.session.execute(delete(SearchSpelling).where(theirs))


_UNHELD_SQLITE = """
    SELECT value FROM json_each(:batch) WHERE NOT EXISTS (
        SELECT 1 FROM search_index WHERE search_index MATCH '"' || value || '"'
    )
"""
_UNHELD_POSTGRESQL = """
    SELECT value FROM json_array_elements_text(CAST(:batch AS json)) WHERE NOT EXISTS (
        SELECT 1 FROM search_index WHERE words @@ CAST(quote_literal(value) AS tsquery)
    )
"""


def _write_spellings(spelt: list[str]) -> None:
    for start in range(0, len(spelt), _BATCH_WORDS):
        batch = spelt[start : start + _BATCH_WORDS]
        own = SearchSpelling.spelling.in_(batch) & (SearchSpelling.spelling == SearchSpelling.word)
        known = set(db.session.execute(select(SearchSpelling.word).where(own)).scalars())
        rows = [
            {"spelling": spelling, "chars": len(word), "word": word}
            for word in batch
            if word not in known
            for spelling in words.stored_spellings(word)
        ]
        if rows:
            db.session.execute(insert(SearchSpelling), rows)


# Asking


def ranked(
    terms: Sequence[str], *, now: datetime, limit: int, is_any_enough: bool = False
) -> Sequence[str]:
    """Return the ids of public articles that hold the words, best first."""
    ask = _ranked_by_sqlite if _is_sqlite() else _ranked_by_postgresql
    return _found(ask(terms, now, is_any_enough).limit(limit))


def is_held(terms: Sequence[str], *, now: datetime) -> bool:
    """Tell whether a public article holds all the words."""
    return bool(_found(_matching(terms, now).limit(1)))


def _found(query: Executable) -> Sequence[str]:
    if _is_sqlite():
        return db.session.execute(query).scalars().all()
    # It thinks little of reading the words of every article, which costs a hundred times its index.
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    found = db.session.execute(query).scalars().all()
    db.session.execute(text("SET LOCAL enable_seqscan = on"))
    return found


def similar(word: str, *, slips: int) -> Sequence[str]:
    """Return words of the articles that are spelt much like another, the most alike first.

    Units: `slips` is by how many letters their lengths may differ.
    """
    near = SearchSpelling.chars.between(len(word) - slips, len(word) + slips)
    query = (
        select(SearchSpelling.word)
        .where(SearchSpelling.spelling.in_(words.asked_spellings(word)), near)
        .group_by(SearchSpelling.word)
        .order_by(func.count().desc(), SearchSpelling.word)
        .limit(_LIKENESSES)
    )
    return db.session.execute(query).scalars().all()


def _matching(terms: Sequence[str], now: datetime, is_any_enough: bool = False) -> Select[str]:
    return (
        select(Article.id)
        .select_from(_INDEX)
        # Not the bare number, by which SQLite would look every public article up in the index.
        .join(SearchEntry, SearchEntry.number == _INDEX.c.rowid + 0)
        .join(Article, Article.id == SearchEntry.article_id)
        .where(_match(terms, is_any_enough), is_public(now))
    )


def _match(terms: Sequence[str], is_any_enough: bool) -> ColumnElement[bool]:
    if _is_sqlite():
        asked = fts5_query(terms, is_any_enough=is_any_enough)
        return literal_column("search_index").bool_op("MATCH")(asked)
    return _INDEX.c.words.bool_op("@@")(tsquery(terms, is_any_enough=is_any_enough))


def fts5_query(terms: Sequence[str], *, is_any_enough: bool = False, is_whole: bool = False) -> str:
    """Write what SQLite is asked for words; the last may be the beginning of one, unless whole."""
    joint = " OR " if is_any_enough else " AND "
    return _asked(terms, '"{}"', "" if is_whole else "*", joint)


def tsquery(
    terms: Sequence[str], *, is_any_enough: bool = False, is_whole: bool = False
) -> ColumnElement[Any]:
    """Write what PostgreSQL is asked for them."""
    joint = " | " if is_any_enough else " & "
    return cast(_asked(terms, "'{}'", "" if is_whole else ":*", joint), TSQUERY)


def _asked(terms: Sequence[str], quoted: str, prefix: str, joint: str) -> str:
    """Write a query of either database; words hold nothing that either would take for more."""
    asked = joint.join(quoted.format(term) for term in terms)
    return asked + prefix if is_prefix(terms[-1]) else asked


def is_prefix(term: str) -> bool:
    """Tell whether the last word of a query may be the beginning of the one that is meant."""
    return len(term) >= _PREFIX_MIN_CHARS or not term.isascii()


def _ranked_by_sqlite(terms: Sequence[str], now: datetime, is_any_enough: bool) -> Select[str]:
    # So far apart, since BM25 makes little of the difference between much and more.
    worth = literal_column("bm25(search_index, 1000, 300, 100, 30, 1)", Float)
    found = _matching(terms, now, is_any_enough)
    return found.order_by(worth, Article.published_at.desc(), Article.id)


def _ranked_by_postgresql(terms: Sequence[str], now: datetime, is_any_enough: bool) -> Select[str]:
    """Rank by title, topics, summary and authors, then the best of these by their texts too."""
    worth, some = cast([0.1, 0.3, 0.6, 1.0], ARRAY(REAL)), tsquery(terms, is_any_enough=True)
    in_head = func.ts_rank(worth, _INDEX.c.head, some).label("in_head")
    newest = (Article.published_at.desc(), Article.id)
    best = (
        _matching(terms, now, is_any_enough)
        .add_columns(Article.published_at, _INDEX.c.words, in_head)
        .order_by(in_head.desc(), *newest)
        .limit(_WEIGHED)
        .subquery()
    )
    in_all = best.c.in_head + func.ts_rank(worth, best.c.words, some)
    return select(best.c.id).order_by(in_all.desc(), best.c.published_at.desc(), best.c.id)
