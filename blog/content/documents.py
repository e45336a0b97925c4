"""Articles, authors and pages as typed values: what their fields are and what they may hold.

Refuses a file with every problem it has at once. Knows one file at a time: whether the author it
names is there, or its slug is taken, is for those to say who know them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from blog.content.fields import Fields, Link, is_web_address
from blog.content.files import Kind, list_files, write_whole
from blog.content.frontmatter import Value, split
from blog.content.mistakes import quote
from blog.content.names import ID, ID_RULE, is_clean, slugify
from blog.content.report import Report, shown
from blog.content.site import read_site
from blog.errors import Conflict, ContentError, Problem

TITLE_MAX_CHARS = 200
SUMMARY_MAX_CHARS = 400
TOPIC_MAX_CHARS = 60
TOPICS_MAX = 20
NAME_MAX_CHARS = 100
TEXT_MAX_CHARS = 300
ALIAS_MAX_CHARS = 300
CLOSE_AFTER_MAX_DAYS = 36_500

_PLACEHOLDER = "Write the text here."
_SKELETON = """\
---
title: {title}
# The day it appears; a time may follow, as in 2026-03-10 14:30
date: {date}
author: {author}
# One or two sentences for lists and search engines
summary:
topics: []
# Change this to published when it is ready
status: draft
---

{text}
"""


class Status(StrEnum):
    """What the author says of an article; scheduled and expired follow from its times."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Commenting(StrEnum):
    """Whether an article takes comments and who decides about them; open is as the site does."""

    OPEN = "open"
    PRE = "pre"
    TRUSTED = "trusted"
    POST = "post"
    CLOSED = "closed"


@dataclass(frozen=True)
class Topic:
    """A topic as its author typed it, and its part of an address."""

    name: str
    slug: str


@dataclass(frozen=True, kw_only=True)
class ArticleFile:
    """An article as it stands in its file.

    Units: times are UTC; `body_line` is the file's line in which `body` starts; `cover` is a
    path below media/.
    """

    id: str
    title: str
    slug: str
    published_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    authors: tuple[str, ...]
    summary: str
    topics: tuple[Topic, ...]
    status: Status
    cover: str
    cover_alt: str
    aliases: tuple[str, ...]
    comments: Commenting
    comments_close_after_days: int | None
    canonical: str
    noindex: bool
    extra: Mapping[str, object]
    body: str
    body_line: int
    warnings: tuple[Problem, ...]

    def is_of(self, author_id: str) -> bool:
        """Tell whether an author with this profile wrote it."""
        return author_id in self.authors


@dataclass(frozen=True, kw_only=True)
class AuthorFile:
    """An author as they stand in their file; `photo` is a path below media/."""

    id: str
    name: str
    role: str
    photo: str
    links: tuple[Link, ...]
    credentials: tuple[str, ...]
    extra: Mapping[str, object]
    body: str
    body_line: int
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class PageFile:
    """A page, such as the one on privacy, as it stands in its file."""

    id: str
    title: str
    summary: str
    noindex: bool
    extra: Mapping[str, object]
    body: str
    body_line: int
    warnings: tuple[Problem, ...]


def parse_article(id: str, text: str, *, zone: ZoneInfo) -> ArticleFile:  # noqa: A002 (the contract's word)
    """Read an article; times without a zone are in `zone`.

    Raises: ContentError with every problem of the file.
    """
    report = Report(f"{Kind.ARTICLE}/{id}.md", text)
    front = split(report)
    fields = Fields(report, front)
    article = ArticleFile(
        id=id,
        title=fields.text("title", max_chars=TITLE_MAX_CHARS),
        slug=fields.id("slug", id),
        published_at=fields.moment("date", zone),
        updated_at=fields.moment("updated", zone),
        expires_at=fields.moment("expires", zone),
        authors=_authors(fields),
        summary=fields.text("summary", max_chars=SUMMARY_MAX_CHARS),
        topics=_topics(fields),
        status=fields.word("status", Status.PUBLISHED),
        cover=fields.media("cover"),
        cover_alt=fields.text("cover_alt", max_chars=TEXT_MAX_CHARS),
        aliases=_aliases(fields),
        comments=fields.word("comments", Commenting.OPEN),
        comments_close_after_days=fields.number(
            "comments_close_after_days", max_number=CLOSE_AFTER_MAX_DAYS
        ),
        canonical=fields.address("canonical"),
        noindex=fields.flag("noindex"),
        extra=fields.extra(),
        body=front.body,
        body_line=front.body_line,
        warnings=(),
    )
    _check(fields, article)
    return replace(article, warnings=report.warnings())


def authors_of(text: str) -> tuple[str, ...]:
    """Name who wrote an article, whatever else is wrong in its file."""
    report = Report(Kind.ARTICLE, text)
    try:
        return _authors(Fields(report, split(report)))
    except ContentError:
        return ()


def _authors(fields: Fields) -> tuple[str, ...]:
    both = {"author", "authors"} & set(fields.front.starts)
    if len(both) > 1:
        message = "There is an `author` and a list of `authors`."
        remedy = "Keep one of them; a list can name several."
        fields.report.error(message, remedy, fields.front.starts["author"])
    ids: list[str] = []
    for name in ("author", "authors"):
        for typed, index in fields.texts(name, max_chars=NAME_MAX_CHARS):
            if not ID.fullmatch(typed):
                remedy = f"Write the name of the author’s file, like {name}: {slugify(typed)}"
                fields.unfit(name, typed, index, "isn’t the name of a file in authors/", remedy)
            ids.append(typed)
    return tuple(dict.fromkeys(ids))


def _topics(fields: Fields) -> tuple[Topic, ...]:
    topics: dict[str, Topic] = {}
    for name, index in fields.texts("topics", max_chars=TOPIC_MAX_CHARS, max_items=TOPICS_MAX):
        topic = Topic(name, slugify(name))
        first = topics.setdefault(topic.slug, topic)
        if first is not topic:
            message = f"The topic {shown(name)} has the same address as {shown(first.name)}."
            fields.report.warn(message, "Only the first is used; take one of them out.", index)
    return tuple(topics.values())


def _aliases(fields: Fields) -> tuple[str, ...]:
    typed = fields.texts("aliases", max_chars=ALIAS_MAX_CHARS)
    paths = [_alias(fields, alias, index) for alias, index in typed]
    return tuple(dict.fromkeys(paths))


def _alias(fields: Fields, typed: str, index: int) -> str:
    """Bring an old path into the form in which a request for it arrives."""
    names = [name for name in unquote(typed).split("/") if name]
    path = "/" + "/".join(names)
    is_path = typed.startswith("/") and bool(names) and not set("?#\\") & set(path)
    if not is_path or not is_clean(path) or {".", ".."} & set(names):
        example = f"/{typed.partition('//')[2].partition('/')[2]}" if "//" in typed else "/old-name"
        remedy = f"Write what follows the site’s name, like {example}"
        fields.unfit("aliases", typed, index, "isn’t the path of an old address", remedy)
    return path


def _check(fields: Fields, article: ArticleFile) -> None:
    """Look at what only several fields together can get wrong."""
    fields.require("title", "Write one, like title: Caring for your skin")
    if article.status is Status.PUBLISHED:
        fields.require("date", "Write the day it appears, like date: 2026-03-10, or status: draft")
    starts = fields.front.starts
    if fields.lacks("summary"):
        fields.report.warn(
            "There is no `summary`: the sentence or two that lists and search engines show.",
            "Write it, like summary: What the treatment does, and whom it suits.",
            starts.get("summary", 0),
        )
    if article.cover and not article.cover_alt:
        fields.report.warn(
            "The cover has no `cover_alt`, so those who can’t see it don’t learn what it shows.",
            "Say it in a sentence, like cover_alt: A hand holding a small glass bottle",
            starts["cover"],
        )
    if article.published_at and article.expires_at and article.expires_at <= article.published_at:
        fields.report.warn(
            "The article expires before it appears, so nobody will ever see it.",
            "Let `expires` be later than `date`.",
            starts["expires"],
        )
    _check_body(fields, article.body)
    if _PLACEHOLDER in article.body and article.status is not Status.DRAFT:
        fields.report.warn(
            f"What every new article begins with still stands in this one: {_PLACEHOLDER}",
            "Write the text in its place, or delete it.",
            fields.report.text.rindex(_PLACEHOLDER),
        )


def _check_body(fields: Fields, body: str) -> None:
    if not body.strip():
        fields.report.warn(
            "There is no text below the fields.",
            "Write it below the second line of three dashes.",
            len(fields.report.text),
        )


def parse_author(id: str, text: str) -> AuthorFile:  # noqa: A002 (the contract's word)
    """Read an author.

    Raises: ContentError with every problem of the file.
    """
    report = Report(f"{Kind.AUTHOR}/{id}.md", text)
    front = split(report)
    fields = Fields(report, front)
    credentials = fields.texts("credentials", max_chars=TEXT_MAX_CHARS)
    author = AuthorFile(
        id=id,
        name=fields.text("name", max_chars=NAME_MAX_CHARS),
        role=fields.text("role", max_chars=NAME_MAX_CHARS),
        photo=fields.media("photo"),
        links=_links(fields),
        credentials=tuple(credential for credential, _ in credentials),
        extra=fields.extra(),
        body=front.body,
        body_line=front.body_line,
        warnings=(),
    )
    fields.require("name", "Write it as readers should see it, like name: Sandra de Beer")
    return replace(author, warnings=report.warnings())


def _links(fields: Fields) -> tuple[Link, ...]:
    return tuple(link for item in fields.items("links") if (link := _link(fields, item)))


def _link(fields: Fields, item: Value) -> Link | None:
    typed = item.plain()
    rest = typed if isinstance(typed, dict) else {"url": typed}
    url, label = str(rest.pop("url", "")), rest.pop("label", "")
    if rest or not isinstance(label, str) or len(label) > NAME_MAX_CHARS or not is_web_address(url):
        fields.report.error(
            "This link has no address of a web page, or more than a label and an address.",
            "Write - https://example.org/page, or - label: Example and below it url: https://…",
            item.index,
        )
        return None
    host = urlsplit(url).hostname or ""
    return Link(" ".join(label.split()) or host.removeprefix("www."), url)


def parse_page(id: str, text: str) -> PageFile:  # noqa: A002 (the contract's word)
    """Read a page.

    Raises: ContentError with every problem of the file.
    """
    report = Report(f"{Kind.PAGE}/{id}.md", text)
    front = split(report)
    fields = Fields(report, front)
    page = PageFile(
        id=id,
        title=fields.text("title", max_chars=TITLE_MAX_CHARS),
        summary=fields.text("summary", max_chars=SUMMARY_MAX_CHARS),
        noindex=fields.flag("noindex"),
        extra=fields.extra(),
        body=front.body,
        body_line=front.body_line,
        warnings=(),
    )
    fields.require("title", "Write one, like title: Privacy")
    _check_body(fields, page.body)
    return replace(page, warnings=report.warnings())


def new_article(root: Path, id: str, title: str, *, now: datetime) -> Path:  # noqa: A002 (the contract's word)
    """Make a draft to fill in.

    Raises: ContentError where id or title won't do, Conflict where the article is there.
    """
    if not ID.fullmatch(id):
        message = f"The name {shown(id)} can’t be part of an address."
        remedy = f"Use {ID_RULE}; for example {slugify(id)}"
        raise ContentError(Problem(f"{Kind.ARTICLE}/{id}.md", message, remedy))
    zone = read_site(root).zone
    text = _SKELETON.format(
        title=quote(" ".join(title.split())),
        date=now.astimezone(zone).date().isoformat(),
        author=_only_author(root),
        text=_PLACEHOLDER,
    )
    parse_article(id, text, zone=zone)
    path = root / Kind.ARTICLE / f"{id}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_whole(path, text.encode(), may_replace=False)
    except FileExistsError:
        raise Conflict(f"There is an article {id} already; choose another name.") from None
    return path


def _only_author(root: Path) -> str:
    """Name the author who must be meant; with several it is for them to say."""
    listed = [each for each in list_files(root) if each.kind is Kind.AUTHOR and not each.problem]
    return listed[0].id if len(listed) == 1 else ""
