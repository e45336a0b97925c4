"""What texts refer to: which of it isn't there, and what else an author should look at again.

A text's own faults are found when it is rendered. Whether an address leads anywhere hangs on
other files, so that is asked anew after each sync, of what was noted when each file was read.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import asdict, dataclass
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
        "comments",
        "contact",
        "embed",
        "feed.json",
        "feed.xml",
        "livez",
        "llms.txt",
        "preview",
        "privacy",
        "readyz",
        "robots.txt",
        "search",
        "sitemap.xml",
        "static",
    ]
)

_NOUNS = {"articles": "article", "authors": "author", "topics": "topic"}
_SHOWN_CHARS = 80

# What was typed, the path it leads to, and its line in the file. A link that names a site leads
# to what was typed, an alias of the file itself nowhere.
Reference = tuple[str, str, int | None]
Document = ArticleFile | AuthorFile | PageFile


@dataclass(frozen=True)
class Addresses:
    """The site's own address, the paths where something is now, and older ones that lead there."""

    site_url: str
    taken: Set[str]
    old: Set[str]

    def lead(self, path: str) -> bool:
        """Tell whether a path leads to anything; what hangs on an article or a topic does so too."""
        owner = "/".join(path.split("/")[:3]).removesuffix(".md")
        return any(each in paths for paths in (self.taken, self.old) for each in (path, owner))

    def own_path(self, address: str) -> str | None:
        """Return what follows this site's name in an address; None for that of another site."""
        host = re.escape(self.site_url.partition("//")[2])
        found = re.match(rf"(?:https?:)?[/\\]{{2}}{host}(?![^/?#])", address, re.IGNORECASE)
        return "/" + address[found.end() :].removeprefix("/") if found else None


def references(document: Document, text: str, survey: Survey) -> Iterator[Reference]:
    """Find the addresses within this site that a file refers to."""
    if path := picture_of(document):
        yield path, f"/media/{path}", _field_line(text, "(?:cover|photo)")
    if isinstance(document, ArticleFile):
        for alias in document.aliases:
            yield alias, "", _field_line(text, "aliases")
    base = {ArticleFile: "/articles/", AuthorFile: "/authors/", PageFile: "/"}[type(document)]
    for typed in survey.links:
        if target := _target(typed, base):
            yield typed, target, _line(document, _whole(typed))
    for typed in survey.outward:
        yield typed, typed, _line(document, _whole(typed))
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


def _field_line(text: str, name: str) -> int | None:
    found = re.search(rf"^{name}[ \t]*:", text, re.MULTILINE)
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
            yield warning(f"The picture {_shown(typed)} isn’t in media/.", remedy, _whole(typed))
    for typed in survey.undescribed:
        yield warning(
            f"The picture {_shown(typed)} says nothing to those who can’t see it.",
            f"Write what it shows, like ![A hand holding a small glass bottle]({_shown(typed)})",
            _whole(typed),
        )
    for typed in survey.lost:
        yield warning(
            f"The link to {_shown(typed)} leads to a part of this text that isn’t there.",
            "Write # and the heading’s words in small letters, joined by hyphens.",
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


def broken(path: str, refers_to: Iterable[Reference], addresses: Addresses) -> Iterator[Problem]:
    """Find what a file refers to and isn't there, or should be named in another way."""
    for typed, target, line in refers_to:
        if words := _wrong(typed, target, addresses):
            yield Problem(path, *words, line, is_warning=True)


def _wrong(typed: str, target: str, addresses: Addresses) -> tuple[str, str] | None:
    if not target:
        return _alias_words(typed) if typed in addresses.taken else None
    if target.startswith("/") and not target.startswith("//"):
        return None if addresses.lead(target) else _words(typed, target)
    own = addresses.own_path(target)
    if own is None:
        return None
    path = _target(own, "/")
    if path and not addresses.lead(path):
        return _words(typed, path)
    message = f"The link to {_shown(typed)} names this site, whose address may change."
    return message, f"Write {_shown(own)}"


def _alias_words(alias: str) -> tuple[str, str]:
    message = f"The alias {_shown(alias)} is no earlier address: something stands there today."
    return message, "Take it out of `aliases`, or give what stands there another address."


def _words(typed: str, target: str) -> tuple[str, str]:
    if target.startswith("/media/"):
        message = f"The file {_shown(target.removeprefix('/'))} isn’t there, or can’t be read."
        return message, "Put it into media/ under this name, or correct the name."
    noun = _NOUNS.get(target.split("/")[1], "page")
    message = f"The link to {_shown(typed)} leads nowhere: there is no {noun} at this address."
    return message, "Copy what follows the site’s name where a browser shows the right page."


def paths_of(document: Document) -> Iterator[str]:
    """Yield the paths at which what a file makes is found; older ones apart."""
    match document:
        case ArticleFile():
            yield urls.article(document.slug)
            yield from (urls.topic(topic.slug) for topic in document.topics)
        case AuthorFile():
            yield urls.author(document.id)
        case _:
            yield urls.page(document.id)


# Those of removed articles lead nowhere.
_LEADING_ON = select(ArticlePath.path).join(Article, Article.id == ArticlePath.article_id)


def _addresses() -> Addresses:
    def found(column: Any) -> Iterable[str]:
        return db.session.execute(select(column).distinct()).scalars()

    taken = {
        *(urls.article(slug) for slug in found(Article.slug)),
        *(urls.topic(slug) for slug in found(ArticleTopic.slug)),
        *(urls.author(author_id) for author_id in found(Author.id)),
        *(urls.page(page_id) for page_id in found(Page.id)),
        *(f"/media/{path}" for path in found(MediaFile.path)),
    }
    return Addresses(urls.absolute(""), taken, set(db.session.execute(_LEADING_ON).scalars()))


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
    addresses = _addresses()
    changed = []
    for path, refers_to, before in db.session.execute(_REFERRING):
        found = [asdict(problem) for problem in broken(path, json.loads(refers_to), addresses)]
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
