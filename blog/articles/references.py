"""What texts refer to: which of it isn't there, and what else an author should look at again.

A text's own faults are found when it is rendered. Whether an address leads anywhere hangs on
other files, so that is asked anew after each sync, of what was noted when each file was read.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Text, cast, select, update

from blog import db, markup, urls
from blog.articles import Article, ArticlePath, ArticleTopic, Author, ContentFile, Page
from blog.articles.gallery import MediaFile
from blog.content import ArticleFile, AuthorFile, PageFile
from blog.errors import Problem
from blog.markup import Survey

# The first names of paths that are there whatever the content says.
OWN_PATHS = frozenset(
    [
        "admin",
        "api",
        "archive",
        "contact",
        "embed",
        "feed.json",
        "feed.xml",
        "livez",
        "llms.txt",
        "readyz",
        "robots.txt",
        "search",
        "sitemap.xml",
        "static",
    ]
)

_NOUNS = {"articles": "article", "authors": "author", "topics": "topic"}
_SHOWN_CHARS = 80

# What was typed, the path it leads to, and its line in the file.
Reference = tuple[str, str, int | None]
Document = ArticleFile | AuthorFile | PageFile


def references(document: Document, text: str, survey: Survey) -> Iterator[Reference]:
    """Find the addresses within this site that a file refers to."""
    if path := picture_of(document):
        yield path, f"/media/{path}", _field_line(text)
    base = {ArticleFile: "/articles/", AuthorFile: "/authors/", PageFile: "/"}[type(document)]
    for typed in survey.links:
        if target := _target(typed, base):
            yield typed, target, _line(document, _whole(typed))
    for typed in survey.pictures:
        if path := markup.media_path(typed):
            yield typed, f"/media/{path}", _line(document, _whole(typed))


def picture_of(document: Document) -> str:
    """Return the path of the picture that a file has beside its text; empty where there is none."""
    match document:
        case ArticleFile():
            return document.cover
        case AuthorFile():
            return document.photo
        case _:
            return ""


def _field_line(text: str) -> int | None:
    found = re.search(r"^(?:cover|photo)[ \t]*:", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _target(typed: str, base: str) -> str:
    """Find the path that a link leads to; empty for one that is always there."""
    path = unquote(re.split("[?#]", typed, maxsplit=1)[0])
    full = posixpath.normpath(posixpath.join(base, path))
    is_there = not path or full in ("/", urls.topics()) or full.split("/")[1] in OWN_PATHS
    return "" if is_there else full


def _whole(typed: str) -> str:
    return rf"(?<![\w/.]){re.escape(typed)}(?![\w/-])"


def _line(document: Document, pattern: str) -> int | None:
    """Find the line of what was typed; None where it stands in the text in another form."""
    found = re.search(pattern, document.body, re.MULTILINE)
    return document.body_line + document.body.count("\n", 0, found.start()) if found else None


def faults(path: str, document: Document, survey: Survey) -> Iterator[Problem]:
    """Find what one text by itself gets wrong."""

    def warning(message: str, remedy: str, pattern: str) -> Problem:
        return Problem(path, message, remedy, _line(document, pattern), is_warning=True)

    for typed in survey.pictures:
        if not markup.media_path(typed) and not typed.startswith("/static/"):
            name = posixpath.basename(typed) or "skin.jpg"
            remedy = f"Put it into media/ and write /media/{name}"
            yield warning(f"The picture {_shown(typed)} isn't in media/.", remedy, _whole(typed))
    for typed in survey.undescribed:
        yield warning(
            f"The picture {_shown(typed)} says nothing to those who can't see it.",
            f"Write what it shows, like ![A hand holding a small glass bottle]({_shown(typed)})",
            _whole(typed),
        )
    for typed in survey.lost:
        yield warning(
            f"The link to {_shown(typed)} leads to a part of this text that isn't there.",
            "Write # and the heading's words in small letters, joined by hyphens.",
            _whole(typed),
        )
    for words in survey.jumps:
        yield warning(
            f"The heading {_shown(words)} is more than one level below what comes before it.",
            "Begin it with at most one # more than the heading above it.",
            _heading(words),
        )
    for words in survey.tops[:1]:
        yield warning(
            f"The heading {_shown(words)} has the level of the title, which stands above the text.",
            "Begin it with ##, and headings below it with ### and so on.",
            _heading(words),
        )


def _heading(words: str) -> str:
    return rf"^[ \t]*(?:#+[ \t]*)?{re.escape(words)}[ \t#]*$"


def _shown(typed: str) -> str:
    return markup.excerpt(" ".join(typed.split()), _SHOWN_CHARS)


def broken(path: str, refers_to: Iterable[Reference], there: Set[str]) -> Iterator[Problem]:
    """Find what a file refers to and isn't there; `there` are all paths that are."""
    for typed, target, line in refers_to:
        # What hangs on an article or a topic is there if that is.
        if target not in there and _owner(target) not in there:
            yield Problem(path, *_words(typed, target), line, is_warning=True)


def _owner(target: str) -> str:
    return "/".join(target.split("/")[:3]).removesuffix(".md")


def _words(typed: str, target: str) -> tuple[str, str]:
    if target.startswith("/media/"):
        message = f"The file {_shown(target.removeprefix('/'))} isn't there, or can't be read."
        return message, "Put it into media/ under this name, or correct the name."
    noun = _NOUNS.get(target.split("/")[1], "page")
    message = f"The link to {_shown(typed)} leads nowhere: there is no {noun} at this address."
    return message, "Copy what follows the site's name where a browser shows the right page."


def paths_of(documents: Iterable[Document], media: Iterable[str]) -> set[str]:
    """Collect the paths that files make, and those of media."""
    there = {f"/media/{path}" for path in media}
    for document in documents:
        match document:
            case ArticleFile():
                there.add(urls.article(document.slug))
                there.update(urls.topic(topic.slug) for topic in document.topics)
                there.update(document.aliases)
            case AuthorFile():
                there.add(urls.author(document.id))
            case _:
                there.add(urls.page(document.id))
    return there


# Those of removed articles lead nowhere.
_LEADING_ON = select(ArticlePath.path).join(Article, Article.id == ArticlePath.article_id)


def _paths_online() -> set[str]:
    def found(column: Any) -> Iterable[str]:
        return db.session.execute(select(column).distinct()).scalars()

    return {
        *(urls.article(slug) for slug in found(Article.slug)),
        *(urls.topic(slug) for slug in found(ArticleTopic.slug)),
        *(urls.author(author_id) for author_id in found(Author.id)),
        *(urls.page(page_id) for page_id in found(Page.id)),
        *db.session.execute(_LEADING_ON).scalars(),
        *(f"/media/{path}" for path in found(MediaFile.path)),
    }


def users_of(media: Set[str]) -> set[str]:
    """Return the files that refer to any of these files of media/."""
    if not media:
        return set()
    targets = {f"/media/{path}" for path in media}
    return {
        path
        for path, refers_to, _ in db.session.execute(_REFERRING)
        if any(target in targets for _, target, _ in json.loads(refers_to))
    }


def recheck() -> None:
    """Note in each file's row what it refers to and isn't there."""
    there = _paths_online()
    changed = []
    for path, refers_to, before in db.session.execute(_REFERRING):
        found = [asdict(problem) for problem in broken(path, json.loads(refers_to), there)]
        if found != json.loads(before):
            changed.append({"path": path, "broken": found})
    if changed:
        with db.writing():
            db.session.execute(update(ContentFile), changed)


# Most refer to little and nothing of it is broken: half as dear as text than as what it says.
_REFERS_TO, _BROKEN = cast(ContentFile.refers_to, Text), cast(ContentFile.broken, Text)
_REFERRING = select(ContentFile.path, _REFERS_TO, _BROKEN).where(
    (_REFERS_TO != "[]") | (_BROKEN != "[]")
)
