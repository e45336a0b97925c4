"""Articles as those see them who write: their files as they stand, and what became of each.

Knows files that can't be used too. Changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, not_, or_, select
from sqlalchemy.orm import selectinload

from blog import content, db
from blog.articles import Article, ArticleAuthor, ContentFile, is_public, unknown_author
from blog.content import Kind
from blog.content.frontmatter import FrontMatter, split
from blog.content.report import Report
from blog.errors import Conflict, ContentError, NotFound, Problem

_ETAG_CHARS = 32
_FOLDER, _SUFFIX = f"{Kind.ARTICLE}/", ".md"
MISSING = "There is no article with this id."


class State(StrEnum):
    """Where an article stands; one is unusable whose file never could be used, or wasn't read yet."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    EXPIRED = "expired"
    ARCHIVED = "archived"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class Manuscript:
    """An article's file as it was read; `front` is None where it has no fields to be found."""

    id: str
    path: Path
    data: bytes
    text: str
    front: FrontMatter | None

    @property
    def name(self) -> str:
        """The path of the file within content/."""
        return name_of(self.id)

    @property
    def etag(self) -> str:
        """What tells these bytes from any others."""
        return hashlib.sha256(self.data).hexdigest()[:_ETAG_CHARS]

    def is_of(self, author_id: str) -> bool:
        """Tell whether its file says that an author with this profile wrote it."""
        return author_id in content.authors_of(self.text)


class Known(NamedTuple):
    """What the last sync made of a file: what is wrong with it, and its article if it has one."""

    id: str
    problems: Sequence[Problem]
    article: Article | None

    def state(self, *, now: datetime) -> State:
        """Say where it stands."""
        return State(self.article.status_words(now=now)) if self.article else State.UNUSABLE


def name_of(article_id: str) -> str:
    """Return the path of an article's file within content/."""
    return f"{_FOLDER}{article_id}{_SUFFIX}"


def load(root: Path, article_id: str) -> Manuscript:
    """Read an article's file as it stands.

    Raises: NotFound, Conflict where it can't be read.
    """
    if not content.ID.fullmatch(article_id):
        raise NotFound(MISSING)
    name = name_of(article_id)
    path = content.safe_path(root, name)
    if not path.is_file():
        raise NotFound(MISSING)
    try:
        data = content.read_bytes(root, name)
        text = content.decode(name, data)
    except ContentError as error:
        raise Conflict(str(error.problems[0])) from None
    try:
        front = split(Report(name, text))
    except ContentError:
        front = None
    return Manuscript(article_id, path, data, text, front)


# The id that a file's path makes, which leads to the article's row by its key.
_ID = func.substr(
    ContentFile.path,
    len(_FOLDER) + 1,
    func.length(ContentFile.path) - len(_FOLDER) - len(_SUFFIX),
)
_KNOWN = (
    select(ContentFile.path, ContentFile.problems, ContentFile.broken, Article)
    .outerjoin(Article, Article.id == _ID)
    .where(ContentFile.path.startswith(_FOLDER), ContentFile.path.endswith(_SUFFIX))
    .options(selectinload(Article.author_links), selectinload(Article.topics))
)


def known(article_id: str) -> Known:
    """Return what the last sync made of an article's file."""
    rows = db.session.execute(_KNOWN.where(ContentFile.path == name_of(article_id)))
    return next(iter(_each(rows)), Known(article_id, (), None))


def choose(
    state: State | None, *, of: str | None, now: datetime, limit: int, first: int
) -> tuple[list[Known], int]:
    """Return some files, undated ones first, then the newest, and how many there are.

    `of` is the author whose articles alone are meant; None for all.
    """
    where = [_is(state, now)] if state else []
    if of is not None:
        hers = select(ArticleAuthor.article_id).where(ArticleAuthor.author_id == of)
        where.append(Article.id.in_(hers))
    query = _KNOWN.where(*where)
    total = db.session.execute(
        query.with_only_columns(func.count(), maintain_column_froms=True).options()
    ).scalar_one()
    undated = Article.published_at.is_(None).desc()
    part = query.order_by(undated, Article.published_at.desc(), ContentFile.path)
    return _each(db.session.execute(part.limit(limit).offset(first))), total


def _is(state: State, now: datetime) -> ColumnElement[bool]:
    """Return what `Article.status_words` says, as a condition."""
    if state in (State.DRAFT, State.ARCHIVED):
        return Article.status == state
    if state is State.PUBLISHED:
        return is_public(now)
    if state is State.UNUSABLE:
        return Article.id.is_(None)
    expired = and_(Article.expires_at.is_not(None), Article.expires_at <= now)
    if state is State.EXPIRED:
        return and_(Article.status == "published", expired)
    to_come = or_(Article.published_at.is_(None), Article.published_at > now)
    return and_(Article.status == "published", not_(expired), to_come)


def _each(rows: Iterable[Any]) -> list[Known]:
    found = []
    for path, problems, broken, article in rows:
        told = [Problem(**problem) for problem in [*problems, *broken]]
        if article:
            links = [link for link in article.author_links if link.author is None]
            told += [unknown_author(article.id, link.author_id) for link in links]
        found.append(Known(Path(path).stem, told, article))
    return found
