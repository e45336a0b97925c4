"""Authors, topics and pages for programs, and what stands for them beside other things."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType

from blog import articles, db, markup, schemas, urls
from blog.api import answers
from blog.api.surface import reads
from blog.articles import Author, Page, listing
from blog.errors import NotFound


def author_of(author: Author, *, is_whole: bool) -> schemas.Author:
    """Make what is sent of an author."""
    path = urls.author(author.id)
    stub = schemas.Author(id=author.id, name=author.name, url=urls.absolute(path))
    if not is_whole:
        return stub
    return msgspec.structs.replace(
        stub,
        role=author.role,
        photo=urls.absolute(author.photo) if author.photo else None,
        links=[schemas.Link(label=label, url=answers.address(url)) for label, url in author.links],
        credentials=author.credentials,
        html=markup.article_html_elsewhere(author.body, urls.absolute(""), path),
    )


def topic_of(slug: str, name: str, total: int | UnsetType = UNSET) -> schemas.Topic:
    """Make what is sent of a topic."""
    return schemas.Topic(slug=slug, name=name, url=urls.absolute(urls.topic(slug)), articles=total)


@reads("/authors", tag="People and topics", gives=schemas.Author, is_list=True, example="/authors")
def list_authors(_asked: dict[str, Any]) -> Response:
    """List all authors, by name."""
    return answers.whole([author_of(each, is_whole=True) for each in listing.authors()])


@reads(
    "/authors/<author_id>",
    tag="People and topics",
    gives=schemas.Author,
    missing="No author has this id.",
    example="/authors/{author_id}",
)
def show_author(_asked: dict[str, Any], author_id: str) -> Response:
    """Show an author."""
    author = articles.author(author_id)
    if author is None:
        raise NotFound("There is no such author.")
    return answers.one(author_of(author, is_whole=True))


@reads("/topics", tag="People and topics", gives=schemas.Topic, is_list=True, example="/topics")
def list_topics(_asked: dict[str, Any]) -> Response:
    """List all topics that there are articles on, by name."""
    found = listing.topics(now=db.utc_now())
    return answers.whole([topic_of(each.slug, each.name, each.total) for each in found])


@reads(
    "/topics/<slug>",
    tag="People and topics",
    gives=schemas.Topic,
    missing="There are no articles on this topic.",
    example="/topics/{topic}",
)
def show_topic(_asked: dict[str, Any], slug: str) -> Response:
    """Show a topic."""
    found = next((each for each in listing.topics(now=db.utc_now()) if each.slug == slug), None)
    if found is None:
        raise NotFound("There are no articles on this topic.")
    return answers.one(topic_of(found.slug, found.name, found.total))


@reads("/pages", tag="Site", gives=schemas.Page, is_list=True, example="/pages")
def list_pages(_asked: dict[str, Any]) -> Response:
    """List the pages that stand by themselves, like the privacy notice; without their texts."""
    return answers.whole([page_of(page) for page in listing.pages()])


@reads(
    "/pages/<page_id>",
    tag="Site",
    gives=schemas.Page,
    missing="No page has this id.",
    example="/pages/{page_id}",
)
def show_page(_asked: dict[str, Any], page_id: str) -> Response:
    """Show a page that stands by itself."""
    page = articles.page(page_id)
    if page is None:
        raise NotFound("There is no such page.")
    return answers.one(page_of(page, ("html", "markdown")))


def page_of(page: Page, formats: Collection[str] = ()) -> schemas.Page:
    """Make what is sent of a page, in those formats of a text that pages have."""
    path = urls.page(page.id)
    stub = schemas.Page(
        id=page.id,
        title=page.title,
        summary=page.summary,
        url=urls.absolute(path),
        noindex=page.noindex,
    )
    if "html" in formats:
        html = markup.article_html_elsewhere(page.body, urls.absolute(""), path)
        stub = msgspec.structs.replace(stub, html=html)
    if "markdown" in formats:
        stub = msgspec.structs.replace(stub, markdown=f"{page.source.strip()}\n")
    return stub
