"""Articles and comments as entries of a feed, the same for every format.

An entry's id stays when its slug, title or date changes; its HTML has absolute addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from blog import markup, urls
from blog.articles import Article
from blog.articles.syndication import changed_at
from blog.comments import Comment
from blog.content import Site

# What a feed says of its last change where nothing has been in it yet.
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Person:
    """Who wrote something; the address is empty where there is no page about them."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class Category:
    """What an entry is about."""

    slug: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An article or a comment, whole."""

    id: str
    url: str
    title: str
    html: str
    published_at: datetime
    updated_at: datetime
    people: tuple[Person, ...]
    categories: tuple[Category, ...] = ()
    summary: str = ""
    image: str = ""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """Entries, newest first, and the page that shows the same to people."""

    id: str
    url: str
    title: str
    subtitle: str
    language: str
    publisher: Person
    updated_at: datetime
    entries: Sequence[Entry]


def of_articles(
    found: Sequence[Article], site: Site, title: str, path: str, *, now: datetime
) -> Feed:
    """Make the feed of the page at a path, which shows these articles."""
    made = [_article(article, now=now) for article in found]
    return _feed(made, site, title, path, urls.tag(path), started_at=_NEVER)


def of_comments(found: Sequence[Comment], article: Article, site: Site, *, now: datetime) -> Feed:
    """Make the feed of an article's comments."""
    path = urls.article(article.slug)
    title = f"Comments on “{article.title}” · {site.title}"
    name = urls.tag(f"{urls.article(article.id)}/comments")
    made = [_comment(comment, article) for comment in found]
    return _feed(made, site, title, path, name, started_at=article.published_at or now)


def _feed(
    made: list[Entry], site: Site, title: str, path: str, name: str, *, started_at: datetime
) -> Feed:
    return Feed(
        id=name,
        url=urls.absolute(path),
        title=title,
        subtitle=site.tagline,
        language=site.language,
        publisher=Person(site.clinic_name, urls.absolute("/")),
        updated_at=max((entry.updated_at for entry in made), default=started_at),
        entries=made,
    )


def _article(article: Article, *, now: datetime) -> Entry:
    path = urls.article(article.slug)
    return Entry(
        id=urls.tag(urls.article(article.id)),
        url=urls.absolute(path),
        title=article.title,
        html=markup.article_html_elsewhere(article.body, urls.absolute(""), path),
        published_at=article.published_at or now,
        updated_at=changed_at(article.published_at, article.updated_at, now=now),
        people=tuple(
            Person(author.name, urls.absolute(urls.author(author.id))) for author in article.authors
        ),
        categories=tuple(Category(topic.slug, topic.name) for topic in article.topics),
        summary=article.summary,
        image=urls.absolute(article.cover) if article.cover else "",
    )


def _comment(comment: Comment, article: Article) -> Entry:
    return Entry(
        id=urls.tag(f"/comments/{comment.id}"),
        url=urls.absolute(urls.comment(article.slug, comment.id)),
        title=f"{comment.name} on “{article.title}”",
        # No address in a comment is relative.
        html=str(comment.body_html),
        published_at=comment.created_at,
        # Readers have it from the moment it was approved.
        updated_at=max(comment.decided_at or comment.created_at, comment.edited_at or _NEVER),
        people=(Person(comment.name),),
    )
