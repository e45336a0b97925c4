"""The kinds of things there are: where each is read from, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from blog.articles import Article, Author, choosing, listing
from blog.articles.choosing import Choice
from blog.ghost import shapes, sifting
from blog.ghost.asking import Asked, Terms
from blog.ghost.shapes import Item


class Posts:
    """Articles, which are many: the database chooses them."""

    name = "posts"
    terms = Terms(
        includes=("authors", "tags"),
        orders={
            **{name: name for name in ("published_at", "updated_at", "title", "slug", "id")},
            "created_at": "published_at",
        },
        check=sifting.of_posts,
        has_texts=True,
    )

    def cut(self, asked: Asked, now: datetime) -> tuple[list[Item], int]:
        """Return one part of the list, newest first where no order is asked for."""
        order = asked.order or choosing.read_order(choosing.NEWEST_FIRST)
        choice = Choice(asked.where, order, asked.limit)
        part = choosing.page(choice, asked.page, now=now, formats=asked.texts)
        return [shapes.post(each, asked.texts, now=now) for each in part.items], part.total

    def find(self, name: str, value: str, asked: Asked, now: datetime) -> Item | None:
        """Return the article that has an id or a slug."""
        column = {"id": Article.id, "slug": Article.slug}[name]
        found = choosing.the_one(column == value, now=now, formats=asked.texts)
        return shapes.post(found, asked.texts, now=now) if found else None


@dataclass(frozen=True)
class Few:
    """What there are few of: all are read, and what is asked for is sifted from what is sent."""

    name: str
    terms: Terms
    rows: Callable[[datetime], Sequence[Any]]
    shape: Callable[..., Item]

    def cut(self, asked: Asked, now: datetime) -> tuple[list[Item], int]:
        """Return one part of the list."""
        kept = [
            (row, item)
            for row, item in self._all(now)
            if asked.where is None or sifting.holds(asked.where, item)
        ]
        for key in reversed(asked.order):
            by = sifting.in_order(key)
            kept.sort(key=lambda pair: by(pair[1]), reverse=key.is_descending)
        first = (asked.page - 1) * asked.limit
        part = kept[first : first + asked.limit]
        return [self.shape(row, asked.texts, now=now) for row, _ in part], len(kept)

    def find(self, name: str, value: str, asked: Asked, now: datetime) -> Item | None:
        """Return the one that has an id or a slug."""
        rows = (row for row, item in self._all(now) if item[name] == value)
        return next((self.shape(row, asked.texts, now=now) for row in rows), None)

    def _all(self, now: datetime) -> list[tuple[Any, Item]]:
        return [(row, self.shape(row, now=now)) for row in self.rows(now)]


def _counted(now: datetime) -> list[tuple[Author, int]]:
    counts = listing.counts_by_author(now=now)
    return [(author, counts.get(author.id, 0)) for author in listing.authors()]


def _named(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_COUNTED = Terms(
    includes=("count.posts",),
    orders=_named("name", "slug", "id", "count.posts"),
    check=sifting.only("id", "slug", "name", "visibility"),
)
Kind = Posts | Few
KINDS: tuple[Kind, ...] = (
    Posts(),
    Few(
        "pages",
        Terms(
            includes=("authors", "tags"),
            orders=_named("title", "slug", "id"),
            check=sifting.only("id", "slug", "title", "featured", "visibility"),
            has_texts=True,
        ),
        lambda _now: listing.pages(is_whole=True),
        shapes.page,
    ),
    Few("authors", _COUNTED, _counted, shapes.counted_author),
    Few(
        "tags",
        _COUNTED,
        lambda now: listing.topics(now=now),
        shapes.counted_tag,
    ),
)
