"""Feeds: the newest articles whole, and the newest comments of one.

Nothing that a reader of the site can't see is in them, and no email address of anybody.
"""

from __future__ import annotations

from flask import Response, request

from blog import articles, db, templating, urls
from blog.articles import listing
from blog.comments import syndication as newest_comments
from blog.errors import NotFound
from blog.feeds import entries, formats
from blog.feeds.entries import Feed
from blog.feeds.surface import answer, feeds

_KIND = "<any(xml, json):kind>"


@feeds.get(f"/feed.{_KIND}")
def show_site_feed(kind: str) -> Response:
    """Give the newest articles."""
    now, site = db.utc_now(), templating.site()
    found = listing.whole(now=now)
    return _answer(entries.of_articles(found, site, site.title, "/", now=now), kind)


@feeds.get(f"/topics/<slug>/feed.{_KIND}")
def show_topic_feed(slug: str, kind: str) -> Response:
    """Give the newest articles on a topic."""
    now, site = db.utc_now(), templating.site()
    topic = listing.topic(slug, now=now)
    if topic is None:
        raise NotFound("There are no articles on this topic.")
    found = listing.whole(now=now, topic=slug)
    title = f"{topic.name} · {site.title}"
    return _answer(entries.of_articles(found, site, title, urls.topic(slug), now=now), kind)


@feeds.get(f"/authors/<author_id>/feed.{_KIND}")
def show_author_feed(author_id: str, kind: str) -> Response:
    """Give the newest articles of an author."""
    now, site = db.utc_now(), templating.site()
    author = articles.author(author_id)
    if author is None:
        raise NotFound("There is no author at this address.")
    found = listing.whole(now=now, author_id=author_id)
    title = f"{author.name} · {site.title}"
    return _answer(entries.of_articles(found, site, title, urls.author(author_id), now=now), kind)


@feeds.get("/articles/<slug>/comments/feed.xml")
def show_comments_feed(slug: str) -> Response:
    """Give the newest comments on an article."""
    now = db.utc_now()
    article = articles.by_slug(slug, now=now)
    if article is None:
        raise NotFound("There is no article at this address. It may have moved or been removed.")
    found = newest_comments.newest_on(article.id)
    return _answer(entries.of_comments(found, article, templating.site(), now=now), "xml")


def _answer(feed: Feed, kind: str) -> Response:
    address = urls.absolute(request.path)
    if kind == "json":
        response = answer(formats.json_feed(feed, address), "application/feed+json")
    else:
        response = answer(formats.atom(feed, address), "application/atom+xml; charset=utf-8")
    # Programs on other sites may read what everybody may read; they send no cookie with this, and
    # since they ask as CORS has it, the resource policy can stay as strict as everywhere.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
