"""What programs that keep a copy are sent: one change after another, and where to go on."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from blog.schemas import Article, Author, Out, Page, Topic

Doing = Annotated[
    Literal["put", "delete"],
    Meta(description="`put`: it is there, as `data` has it. `delete`: nobody can read it now."),
]


class _Synced(Out, frozen=True, tag_field="type"):
    """One change."""

    id: str
    change: Doing


class SyncedArticle(_Synced, frozen=True, tag="article"):
    """An article is there, or is no more."""

    data: Article | UnsetType = UNSET


class SyncedAuthor(_Synced, frozen=True, tag="author"):
    """An author is there, or is no more."""

    data: Author | UnsetType = UNSET


class SyncedPage(_Synced, frozen=True, tag="page"):
    """A page is there, or is no more."""

    data: Page | UnsetType = UNSET


class SyncedTopic(_Synced, frozen=True, tag="topic"):
    """There are articles on a topic, or none any more."""

    data: Topic | UnsetType = UNSET


Change = SyncedArticle | SyncedAuthor | SyncedPage | SyncedTopic


class Progress(Out, frozen=True):
    """How far one has read."""

    limit: int
    cursor: Annotated[
        str, Meta(description="What to ask with next, as `since`: at once, or at the end later.")
    ]
    has_more: Annotated[bool, Meta(description="Whether more follows at once.")]


class AboutSync(Out, frozen=True):
    """What is said about a part of a sync."""

    sync: Progress
