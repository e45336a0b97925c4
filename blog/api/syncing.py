"""What changed, for programs that keep a copy of all that anybody can read.

Things come as their lists have them. Comments have cursors of their own, and what is said of them
beside an article is left out, since it changes with each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from flask import Response
from msgspec import UNSET

from blog import db, schemas
from blog.api import answers, parameters, people, surface
from blog.api.articles import FORMATS, LIMIT_ASKED, article_of
from blog.api.surface import reads
from blog.articles import choosing, listing, replay
from blog.articles.changes import Kind
from blog.schemas import syncing

SINCE = parameters.text(
    "since",
    "What the part before gave as `meta.sync.cursor`; left out, everything is sent.",
    max_chars=replay.CURSOR_MAX_CHARS,
    read=replay.read,
)
_CHANGES: Mapping[Kind, Callable[..., syncing.Change]] = {
    Kind.ARTICLE: syncing.SyncedArticle,
    Kind.AUTHOR: syncing.SyncedAuthor,
    Kind.PAGE: syncing.SyncedPage,
    Kind.TOPIC: syncing.SyncedTopic,
}


@reads(
    "/sync",
    tag="Site",
    gives=syncing.Change,
    is_list=True,
    about=syncing.AboutSync,
    asks=(SINCE, FORMATS, LIMIT_ASKED),
    refusals={
        "410": "What changed since is not known any more: begin anew, without `since`."
        " It is known for 90 days."
    },
    kept=surface.KEPT_EXACT,
    example="/sync?limit=2",
)
def list_changes(asked: dict[str, Any]) -> Response:
    """List what changed since a cursor, of articles, authors, pages and topics.

    Without one everything is listed. Go on with `links.next` until it is `null`, and keep the last
    cursor for later. Put what is there in the place of what you have under its type and id, and
    take out what was deleted, be it known to you or not; then you have what the lists have.
    """
    now = db.utc_now()
    part = replay.part(asked["since"], limit=asked["limit"], now=now)
    found: dict[Kind, dict[str, schemas.Out]] = {
        kind: _found(kind, ids, asked["formats"], now=now)
        for kind in Kind
        if (ids := [thing_id for of, thing_id in part.keys if of is kind])
    }
    shown = [_change(kind, thing_id, found[kind].get(thing_id)) for kind, thing_id in part.keys]
    progress = syncing.Progress(
        limit=asked["limit"], cursor=replay.written(part.cursor), has_more=part.has_more
    )
    onwards = {"since": progress.cursor} if part.has_more else None
    return answers.part(shown, syncing.AboutSync(sync=progress), onwards)


def _change(kind: Kind, thing_id: str, data: schemas.Out | None) -> syncing.Change:
    if data is None:
        return _CHANGES[kind](id=thing_id, change="delete")
    return _CHANGES[kind](id=thing_id, change="put", data=data)


def _found(
    kind: Kind, ids: Collection[str], formats: Collection[str], *, now: datetime
) -> dict[str, schemas.Out]:
    """Read those of some things of a kind that anybody can read."""
    match kind:
        case Kind.ARTICLE:
            articles = choosing.these(ids, now=now, formats=formats)
            made = (article_of(each, 0, formats, now=now) for each in articles)
            return _by_id(msgspec.structs.replace(each, comments=UNSET) for each in made)
        case Kind.AUTHOR:
            return _by_id(people.author_of(each, is_whole=True) for each in listing.authors(ids))
        case Kind.PAGE:
            pages = listing.pages(ids, is_whole=bool(formats))
            return _by_id(people.page_of(each, formats) for each in pages)
        case _:
            topics = listing.topics(now=now, slugs=ids)
            return {each.slug: people.topic_of(each.slug, each.name, each.total) for each in topics}


def _by_id(things: Iterable[Any]) -> dict[str, schemas.Out]:
    return {each.id: each for each in things}
