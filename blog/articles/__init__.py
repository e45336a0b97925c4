"""The index of content/: articles, authors, topics and pages as rows that can be rebuilt.

The files are the truth and `sync.py` derives these rows from them; what is scheduled or expired
is computed when it is read. Durable rows elsewhere name an article by its id, its file's stem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from markupsafe import Markup
from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import (
    InstrumentedAttribute,
    Mapped,
    mapped_column,
    relationship,
    selectinload,
    undefer,
)

from blog import content, db, markup, permissions
from blog.content import Commenting
from blog.errors import Problem

WORDS_A_MINUTE = 230


class Rendered:
    """What a row with rendered HTML has in common: the source, its HTML and the policy's version."""

    source: Mapped[str] = mapped_column(Text, deferred=True)
    html: Mapped[str] = mapped_column(Text, deferred=True)
    html_policy: Mapped[int] = mapped_column(deferred=True)

    @property
    def body(self) -> Markup:
        """The HTML for a page; rendered anew where it was made under another policy."""
        # The source is long, and seldom needed.
        source = "" if self.html_policy == markup.ARTICLE_POLICY else self.source
        return markup.article_html(source, self.html, self.html_policy)


class Author(Rendered, db.Model):
    """Somebody who writes articles; not necessarily somebody who signs in."""

    __tablename__ = "author"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(200))
    photo: Mapped[str | None] = mapped_column(Text)
    links: Mapped[list[Any]] = mapped_column(JSON)
    credentials: Mapped[list[Any]] = mapped_column(JSON)
    text: Mapped[str] = mapped_column(Text)


class Listed:
    """When an article can be read, copied beside it: long lists are cut by an index alone."""

    public_from: Mapped[datetime | None]
    public_until: Mapped[datetime | None]


class ArticleAuthor(Listed, db.Model):
    """Who wrote an article, in the order its file names them."""

    __tablename__ = "article_author"

    article_id: Mapped[str] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    # No foreign key: an article may name an author whose file is still to come.
    author_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    position: Mapped[int]
    author: Mapped[Author | None] = relationship(
        primaryjoin="foreign(ArticleAuthor.author_id) == Author.id",
        lazy="joined",
        viewonly=True,
    )


class ArticleTopic(Listed, db.Model):
    """What an article is about, in the order its file names it."""

    __tablename__ = "article_topic"

    article_id: Mapped[str] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    slug: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    position: Mapped[int]


class Article(Rendered, db.Model):
    """One article as its file last made sense."""

    __tablename__ = "article"
    __table_args__ = (
        Index("ix_article_status_expires_at", "status", "expires_at"),
        Index("ix_article_status_comments_close_at", "status", "comments_close_at"),
        # Whether each of many found articles is public, without reading their long rows.
        Index("ix_article_is_public", "id", "status", "published_at", "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(400))
    status: Mapped[str] = mapped_column(String(20))
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    cover: Mapped[str | None] = mapped_column(Text)
    cover_alt: Mapped[str | None] = mapped_column(String(400))
    cover_width: Mapped[int | None]  # in pixels, if the picture tells
    cover_height: Mapped[int | None]
    canonical: Mapped[str | None] = mapped_column(Text)
    noindex: Mapped[bool]
    comments: Mapped[Commenting] = mapped_column(String(10), server_default=Commenting.OPEN)
    comments_close_after_days: Mapped[int | None]
    comments_close_at: Mapped[datetime | None]
    toc: Mapped[list[Any]] = mapped_column(JSON, deferred=True)
    text: Mapped[str] = mapped_column(Text, deferred=True)
    words: Mapped[int]
    author_links: Mapped[list[ArticleAuthor]] = relationship(
        order_by=ArticleAuthor.position, viewonly=True
    )
    topics: Mapped[list[ArticleTopic]] = relationship(order_by=ArticleTopic.position, viewonly=True)

    @property
    def authors(self) -> list[Author]:
        """Who wrote it; a name without a profile is left out."""
        return [link.author for link in self.author_links if link.author is not None]

    @property
    def reading_minutes(self) -> int:
        """How long reading takes, at least one minute."""
        return max(1, round(self.words / WORDS_A_MINUTE))

    def status_words(self, *, now: datetime) -> str:
        """Say where it stands: draft, archived, scheduled, expired or published."""
        if self.status != "published" or permissions.is_public(self, now=now):
            return self.status
        return "expired" if self.expires_at and self.expires_at <= now else "scheduled"

    def is_of(self, author_id: str) -> bool:
        """Tell whether an author with this profile wrote it."""
        return author_id in [link.author_id for link in self.author_links]

    def comments_closed_because(self, *, now: datetime) -> str:
        """Say why no comment is taken any more; empty while they are."""
        if self.comments == Commenting.CLOSED:
            return "Comments on this article are closed."
        if self.comments_close_at and self.comments_close_at <= now:
            days = self.comments_close_after_days
            return f"Comments closed {days} days after this article appeared."
        return ""


# In the order of the lists, and with all that says who is on them.
Index(
    "ix_article_newest",
    Article.status,
    Article.published_at.desc(),
    Article.id,
    Article.expires_at,
)
for _owner, _link in ((ArticleAuthor.author_id, ArticleAuthor), (ArticleTopic.slug, ArticleTopic)):
    Index(
        f"ix_{_link.__tablename__}_newest",
        _owner,
        _link.public_from.desc(),
        _link.article_id,
        _link.public_until,
    )


class ArticlePath(db.Model):
    """A path that led to an article before: an alias its file names, or an earlier slug.

    Durable: it outlives its article, to tell what was removed from what never was.
    """

    __tablename__ = "article_path"

    path: Mapped[str] = mapped_column(String(300), primary_key=True)
    article_id: Mapped[str] = mapped_column(String(100), index=True)
    # Whether readers found an article here that was taken away since.
    was_public: Mapped[bool] = mapped_column(default=False)


class Page(Rendered, db.Model):
    """A page that stands by itself, like the privacy notice."""

    __tablename__ = "page"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(400))
    noindex: Mapped[bool]


class SiteWords(db.Model):
    """The text of content/site.toml as it last made sense, so that every machine has it."""

    __tablename__ = "site_words"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)


class ContentFile(db.Model):
    """What the last sync saw of a file, and what was wrong with it."""

    __tablename__ = "content_file"

    path: Mapped[str] = mapped_column(Text, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    policy: Mapped[int]
    synced_at: Mapped[datetime]
    problems: Mapped[list[Any]] = mapped_column(JSON)
    # The addresses within this site that it refers to, and the problems with those not there.
    refers_to: Mapped[list[Any]] = mapped_column(JSON, default=list)
    broken: Mapped[list[Any]] = mapped_column(JSON, default=list)


def site() -> content.Site:
    """Return the site's own words."""
    # Every page asks, and past the session's own ways it takes a quarter of the time.
    return _parsed_site(db.session.connection().execute(_SITE_TEXT).scalar() or "")


_SITE_TEXT = select(SiteWords.text).where(SiteWords.id == 1)


@lru_cache(maxsize=4)
def _parsed_site(text: str) -> content.Site:
    return content.parse_site(text)


def is_public(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Condition that an article can be read by anybody at a moment."""
    return permissions.where_public(Article, now)


def next_change(*, now: datetime) -> datetime | None:
    """Return when a public page next changes by itself, if ever.

    An article appears or expires, or its comments close.
    """
    moments = (Article.published_at, Article.expires_at, Article.comments_close_at)
    earliest = (
        select(func.min(moment))
        .where(Article.status == "published", moment > now)
        .scalar_subquery()
        for moment in moments
    )
    found = db.session.execute(select(*earliest)).one()
    return min((moment for moment in found if moment), default=None)


def cards(now: datetime | BindParameter[datetime]) -> Select[Article]:
    """Select public articles with what a list of them shows."""
    return (
        select(Article)
        .where(is_public(now))
        .options(selectinload(Article.author_links), selectinload(Article.topics))
    )


def _whole() -> Select[Article]:
    everything = (undefer(Article.html), undefer(Article.html_policy), undefer(Article.toc))
    profiles = selectinload(Article.author_links).joinedload(ArticleAuthor.author)
    bodies = (profiles.undefer(Author.html), profiles.undefer(Author.html_policy))
    return cards(bindparam("now")).where(_AT_SLUG).options(*everything, *bodies)


# Made once, since every page and every comment that arrives asks.
_AT_SLUG = Article.slug == bindparam("slug")
_BARE = select(Article).where(is_public(bindparam("now")), _AT_SLUG)
_WHOLE = _whole()


def by_slug(slug: str, *, now: datetime, is_shown: bool = True) -> Article | None:
    """Return the article a reader finds at a slug.

    One that isn't shown comes without what only its page needs: text, authors and topics.
    """
    query = _WHOLE if is_shown else _BARE
    return db.session.execute(query, {"slug": slug, "now": now}).scalar_one_or_none()


def by_id(article_id: str) -> Article | None:
    """Return an article whatever its state; for those who work on the site."""
    return db.session.get(Article, article_id)


def public_by_id(article_id: str, *, now: datetime) -> Article | None:
    """Return an article by its id, without text, authors and topics, if anybody can read it."""
    query = select(Article).where(is_public(now), Article.id == article_id)
    return db.session.execute(query).scalar_one_or_none()


def in_order(article_ids: Sequence[str], *, now: datetime) -> list[Article]:
    """Return public articles, with their texts, in the order of their ids."""
    query = cards(now).where(Article.id.in_(article_ids)).options(undefer(Article.text))
    found = {article.id: article for article in db.session.execute(query).scalars()}
    return [found[article_id] for article_id in article_ids if article_id in found]


def titles(article_ids: set[str]) -> dict[str, Article]:
    """Return articles by id, whatever their state."""
    query = select(Article).where(Article.id.in_(article_ids))
    return {article.id: article for article in db.session.execute(query).scalars()}


def author(author_id: str) -> Author | None:
    """Return an author's profile."""
    query = select(Author).where(Author.id == author_id)
    whole = query.options(undefer(Author.html), undefer(Author.html_policy))
    return db.session.execute(whole).scalar_one_or_none()


def profiles() -> dict[str, str]:
    """Return the name of each author by the id of her profile, in the order of the names."""
    query = select(Author.id, Author.name).order_by(Author.name, Author.id)
    return dict(db.session.execute(query).all())


def page(page_id: str) -> Page | None:
    """Return a page that stands by itself."""
    query = select(Page).where(Page.id == page_id)
    whole = query.options(undefer(Page.html), undefer(Page.html_policy))
    return db.session.execute(whole).scalar_one_or_none()


def problems() -> list[dict[str, Any]]:
    """Return what is wrong in content/, errors first."""
    both = (ContentFile.problems, ContentFile.broken)
    found = [problem for row in _troubled(*both) for column in row for problem in column]
    return sorted([*found, *_unknown_authors()], key=lambda problem: bool(problem["is_warning"]))


def count_errors() -> int:
    """Return how many files can't be used as they are."""
    rows = _troubled(ContentFile.problems)
    return sum(any(not problem["is_warning"] for problem in row[0]) for row in rows)


def _troubled(*columns: InstrumentedAttribute[list[Any]]) -> Sequence[Any]:
    """Return the problems of each file that has some; most have none, and aren't even parsed."""
    has_some = or_(*(cast(column, Text) != "[]" for column in columns))
    return db.session.execute(select(*columns).where(has_some).order_by(ContentFile.path)).all()


def _unknown_authors() -> list[dict[str, Any]]:
    """Return the articles whose author has no profile (yet)."""
    query = (
        select(ArticleAuthor.article_id, ArticleAuthor.author_id)
        .outerjoin(Author, Author.id == ArticleAuthor.author_id)
        .where(Author.id.is_(None))
        .order_by(ArticleAuthor.article_id)
    )
    return [asdict(unknown_author(*row)) for row in db.session.execute(query)]


def unknown_author(article_id: str, author_id: str) -> Problem:
    """Say that an article's author has no profile (yet)."""
    return Problem(
        path=f"articles/{article_id}.md",
        message=f"The author {author_id} has no profile.",
        remedy=f"Write one as authors/{author_id}.md, or correct the name.",
        is_warning=True,
    )
