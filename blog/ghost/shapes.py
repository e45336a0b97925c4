"""What is sent of each thing, in Ghost’s names; what this site has nothing of is null.

Source: https://docs.ghost.org/content-api
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from blog import content, markup, urls
from blog.articles import Article, Author, Page, syndication
from blog.articles.listing import TopicCount

Item = dict[str, Any]

# Which version of Ghost's Content API this is.
VERSION = "6.0"
_OF_SEARCH = ("meta_title", "meta_description")
_OF_NETWORKS = tuple(
    f"{network}_{part}"
    for network in ("og", "twitter")
    for part in ("image", "title", "description")
)
_OF_CODE = ("codeinjection_head", "codeinjection_foot")
_OF_PROFILES = (
    "facebook",
    "twitter",
    "threads",
    "bluesky",
    "mastodon",
    "tiktok",
    "youtube",
    "instagram",
    "linkedin",
)


def post(article: Article, texts: Collection[str] = (), *, now: datetime) -> Item:
    """Make what is sent of an article."""
    published_at = article.published_at or now
    changed_at = syndication.changed_at(published_at, article.updated_at, now=now)
    authors = [author(each) for each in article.authors]
    tags = [tag(each.slug, each.name) for each in article.topics]
    path = urls.article(article.slug)
    sent = _entry("articles", article.id, article.title, article.slug, article.summary, path)
    return {
        **sent,
        **_texts(texts, path, lambda: article.body, lambda: article.text),
        "feature_image": urls.absolute(article.cover) if article.cover else None,
        "feature_image_alt": (article.cover_alt or None) if article.cover else None,
        "canonical_url": article.canonical,
        "created_at": _moment(published_at),
        "updated_at": _moment(changed_at),
        "published_at": _moment(published_at),
        "reading_time": article.reading_minutes,
        **_related(authors, tags),
    }


def page(found: Page, texts: Collection[str] = (), **_now: datetime) -> Item:
    """Make what is sent of a page that stands by itself; it has neither date nor author."""
    path = urls.page(found.id)
    return {
        **_entry("pages", found.id, found.title, found.id, found.summary, path),
        **_texts(texts, path, lambda: found.body, lambda: markup.plain_text(found.body)),
        **_related([], []),
    }


def _entry(kind: str, entry_id: str, title: str, slug: str, summary: str, path: str) -> Item:
    """Make what posts and pages have in common."""
    return {
        "id": entry_id,
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, urls.tag(f"{kind}/{entry_id}"))),
        "title": title,
        "slug": slug,
        "comment_id": entry_id,
        "feature_image": None,
        "feature_image_alt": None,
        "feature_image_caption": None,
        "featured": False,
        "visibility": "public",
        "access": True,
        # Ghost's own, which members write; those of this site are asked for at its API.
        "comments": False,
        "created_at": None,
        "updated_at": None,
        "published_at": None,
        "custom_excerpt": summary or None,
        "excerpt": summary,
        "canonical_url": None,
        "url": urls.absolute(path),
        "reading_time": 0,
        "custom_template": None,
        "email_subject": None,
        "frontmatter": None,
        **dict.fromkeys((*_OF_CODE, *_OF_SEARCH, *_OF_NETWORKS)),
    }


def _texts(
    texts: Collection[str], path: str, html: Callable[[], Markup], plaintext: Callable[[], str]
) -> Item:
    made: dict[str, Callable[[], str]] = {
        "html": lambda: markup.article_html_elsewhere(html(), urls.absolute(""), path),
        "plaintext": plaintext,
    }
    return {name: made[name]() for name in texts}


def _related(authors: list[Item], tags: list[Item]) -> Item:
    return {
        "authors": authors,
        "primary_author": authors[0] if authors else None,
        "tags": tags,
        "primary_tag": tags[0] if tags else None,
    }


def author(found: Author) -> Item:
    """Make what is sent of an author."""
    websites = [url for _, url in found.links]
    return {
        "id": found.id,
        "name": found.name,
        "slug": found.id,
        "profile_image": urls.absolute(found.photo) if found.photo else None,
        "cover_image": None,
        "bio": found.text or None,
        "website": next(iter(websites), None),
        "location": None,
        **dict.fromkeys((*_OF_PROFILES, *_OF_SEARCH)),
        "url": urls.absolute(urls.author(found.id)),
    }


def tag(slug: str, name: str) -> Item:
    """Make what is sent of a topic."""
    return {
        "id": slug,
        "name": name,
        "slug": slug,
        "description": None,
        "feature_image": None,
        "visibility": "public",
        "accent_color": None,
        "canonical_url": None,
        **dict.fromkeys((*_OF_CODE, *_OF_SEARCH, *_OF_NETWORKS)),
        "url": urls.absolute(urls.topic(slug)),
    }


def counted_author(found: tuple[Author, int], *_texts: Collection[str], **_now: datetime) -> Item:
    """Make what is sent of an author, with how many posts she has."""
    return author(found[0]) | {"count": {"posts": found[1]}}


def counted_tag(found: TopicCount, *_texts: Collection[str], **_now: datetime) -> Item:
    """Make what is sent of a topic, with how many posts are on it."""
    return tag(found.slug, found.name) | {"count": {"posts": found.total}}


def settings(site: content.Site) -> Item:
    """Make what is sent of the site itself."""
    return {
        "title": site.title,
        "description": site.tagline,
        "logo": None,
        "icon": None,
        "accent_color": None,
        "cover_image": None,
        "facebook": None,
        "twitter": None,
        "lang": site.language,
        "locale": site.language,
        "timezone": str(site.zone),
        "navigation": [{"label": link.label, "url": link.url} for link in site.navigation],
        "secondary_navigation": [{"label": link.label, "url": link.url} for link in site.footer],
        **dict.fromkeys((*_OF_CODE, *_OF_SEARCH, *_OF_NETWORKS)),
        "members_support_address": None,
        "members_enabled": False,
        "members_invite_only": False,
        "paid_members_enabled": False,
        "portal_button": False,
        "recommendations_enabled": False,
        "comments_enabled": "off",
        "url": urls.absolute("/"),
        "version": VERSION,
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
