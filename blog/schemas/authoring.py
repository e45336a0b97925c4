"""What programs are sent and may send that write articles for somebody."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from blog.articles.manuscripts import State
from blog.schemas import In, Moment, Out, Url

Fields = Annotated[
    dict[str, Any],
    Meta(
        description="The fields of the file: `title`, `slug`, `date`, `updated`, `expires`,"
        " `status` (`draft`, `published`, `archived`), `author` or `authors`, `summary`, `topics`,"
        " `cover`, `cover_alt`, `aliases`, `comments`, `comments_close_after_days`, `canonical`,"
        " `noindex`; others are kept, and warned of. Days and times are text, as `2026-03-10` or"
        " `2026-03-10 14:30`, in the site’s time zone unless they say another."
    ),
]
Text = Annotated[str, Meta(description="The text below the fields, as Markdown.")]


class Flaw(Out, frozen=True):
    """Something about a file to look at again; with an error its last good version stays online."""

    message: str
    remedy: str
    line: Annotated[int | None, Meta(description="Of the file, from 1.")]
    is_warning: bool


class ManagedArticle(Out, frozen=True):
    """An article, whoever can read it, as the last look at its file found it."""

    id: str
    state: Annotated[
        State, Meta(description="`unusable`: its file never could be used, or wasn’t read yet.")
    ]
    title: str
    slug: str | None
    summary: str
    authors: Annotated[list[str], Meta(description="The ids of who wrote it.")]
    topics: list[str]
    published_at: Moment | None
    updated_at: Moment | None
    expires_at: Moment | None
    url: Annotated[Url | None, Meta(description="Where readers find it, if they do.")]
    problems: Annotated[list[Flaw], Meta(description="What to look at in its file.")]


class WholeArticle(ManagedArticle, frozen=True):
    """An article with what stands in its file now."""

    front_matter: Fields
    body: Text


class ArticleIn(In, frozen=True):
    """A new article."""

    front_matter: Fields
    body: Text = ""
    id: Annotated[
        str,
        Meta(
            description="Never changes; comments belong to it. Made of the title where left out.",
            max_length=100,
        ),
    ] = ""


class ArticleEdit(In, frozen=True):
    """What is to change of an article; nothing else of its file does."""

    front_matter: (
        Annotated[
            dict[str, Any], Meta(description="Fields with their new values; `null` takes one out.")
        ]
        | UnsetType
    ) = UNSET
    body: Text | UnsetType = UNSET


class DeletedArticle(Out, frozen=True):
    """An article that was taken away."""

    id: str
    kept_as: Annotated[
        str,
        Meta(description="Where its file is kept, below the folder of the installation’s own."),
    ]


class Upload(Out, frozen=True):
    """A picture that was taken, and how an article shows it."""

    path: Annotated[str, Meta(description="For `cover`, and in Markdown as `![…](path)`.")]
    url: Url
    type: Literal["image/jpeg", "image/png", "image/webp"]
    width: Annotated[int, Meta(description="In pixels.")]
    height: Annotated[int, Meta(description="In pixels.")]
    size_bytes: int
