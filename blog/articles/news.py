"""What a sync changed of what readers can see, for programs elsewhere.

Told in the transaction that changes it: of a few hundred files one event of a kind, which names
them all. What nobody could read, such as a draft, nobody is told of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from blog import db, permissions, urls, webhooks
from blog.articles import Article, is_public
from blog.articles.intake import Read
from blog.content import ArticleFile, AuthorFile, Kind, PageFile
from blog.content.site import SITE_FILE
from blog.webhooks import Event, Item

_SITE_PARTS = (f"{Kind.PAGE}/", f"{Kind.AUTHOR}/")


class News:
    """What readers could see before some files are written and others taken out."""

    def __init__(self, reads: Iterable[Read], removed: Iterable[str], *, now: datetime) -> None:
        self._is_wanted = webhooks.listening_since() is not None
        self._shown: set[str] = set()
        if self._is_wanted:
            ids = {read.source.id for read in reads} | {Path(path).stem for path in removed}
            shown = select(Article.id).where(Article.id.in_(ids), is_public(now))
            self._shown.update(db.session.execute(shown).scalars())

    def tell(self, reads: Iterable[Read], removed: Sequence[str], *, now: datetime) -> None:
        """Tell what became of it, now that it is written."""
        if not self._is_wanted:
            return
        found: dict[Event, list[Item]] = defaultdict(list)
        for event, item in (*self._written(reads), *self._removed(removed)):
            found[event].append(item)
        for event, items in found.items():
            webhooks.tell(event, items, at=now, now=now)

    def _written(self, reads: Iterable[Read]) -> Iterator[tuple[Event, Item]]:
        for read in reads:
            parsed = read.parsed
            if isinstance(parsed, ArticleFile):
                yield from self._article(parsed, at=read.read_at)
            elif isinstance(parsed, AuthorFile):
                yield _site_part(f"{Kind.AUTHOR}/{parsed.id}", f"/authors/{parsed.id}")
            elif isinstance(parsed, PageFile):
                yield _site_part(f"{Kind.PAGE}/{parsed.id}", f"/pages/{parsed.id}")
            elif parsed is not None:
                yield _site_part("site", "/settings")

    def _article(self, parsed: ArticleFile, *, at: datetime) -> Iterator[tuple[Event, Item]]:
        was_shown, is_shown = parsed.id in self._shown, permissions.is_public(parsed, now=at)
        if is_shown:
            event = Event.ARTICLE_UPDATED if was_shown else Event.ARTICLE_PUBLISHED
            yield event, item(parsed.id)
        elif was_shown:
            yield Event.ARTICLE_UNPUBLISHED, item(parsed.id)

    def _removed(self, paths: Iterable[str]) -> Iterator[tuple[Event, Item]]:
        for path in paths:
            name = path.removesuffix(".md")
            if path == SITE_FILE:
                yield _site_part("site", "/settings")
            elif name != path and name.startswith(_SITE_PARTS):
                yield _site_part(name, f"/{name}")
            elif name != path and Path(name).name in self._shown:
                yield Event.ARTICLE_DELETED, item(Path(name).name)


def item(article_id: str) -> Item:
    """Name an article to a program."""
    return {"id": article_id, "url": urls.absolute(urls.api(f"/articles/{article_id}"))}


def _site_part(name: str, path: str) -> tuple[Event, Item]:
    return Event.SITE_CHANGED, {"id": name, "url": urls.absolute(urls.api(path))}
