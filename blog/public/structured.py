"""What a page is about, for search engines: one JSON-LD graph of schema.org's words.

It says only what the site's words say: what is empty is left out, and nothing is rated.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from blog import markup, urls
from blog.articles import Article, ArticleTopic, Author
from blog.articles.syndication import changed_at
from blog.content import Site
from blog.templating import machine, said

ABOUT_MAX_CHARS = 300

Node = dict[str, Any]


def of_home(site: Site) -> Node:
    """Describe the front page."""
    blog = {"@type": "Blog", "@id": _id("/", "blog"), "url": _url("/"), "name": site.title}
    return _graph(site, blog | {"publisher": _clinic_ref(), "isPartOf": _site_ref()})


def of_article(article: Article, site: Site, *, comment_count: int, now: datetime) -> Node:
    """Describe an article, who wrote it and where it stands."""
    path = urls.article(article.slug)
    changed = changed_at(article.published_at, article.updated_at, now=now)
    posting = {
        "@type": "BlogPosting",
        "@id": _id(path, "article"),
        "url": _url(path),
        "mainEntityOfPage": _url(path),
        "headline": article.title,
        "description": article.summary,
        "image": _url(article.cover) if article.cover else "",
        "datePublished": machine(article.published_at or now),
        "dateModified": machine(changed),
        "author": [_person_ref(author) for author in article.authors],
        "publisher": _clinic_ref(),
        "isPartOf": _site_ref(),
        "inLanguage": site.language,
        "articleSection": [topic.name for topic in article.topics],
        "wordCount": article.words,
        "commentCount": comment_count,
    }
    topics = [(topic.name, urls.topic(topic.slug)) for topic in article.topics[:1]]
    crumbs = _crumbs(path, [(site.title, "/"), *topics, (article.title, path)])
    return _graph(site, posting, *map(_person, article.authors), crumbs)


def of_author(author: Author, site: Site) -> Node:
    """Describe who somebody is."""
    path = urls.author(author.id)
    profile = {
        "@type": "ProfilePage",
        "@id": _id(path, "page"),
        "url": _url(path),
        "name": author.name,
        "mainEntity": _person_ref(author),
        "isPartOf": _site_ref(),
    }
    return _graph(site, profile, _person(author))


def of_topic(topic: ArticleTopic, site: Site) -> Node:
    """Describe the page of a topic."""
    path = urls.topic(topic.slug)
    collection = {
        "@type": "CollectionPage",
        "@id": _id(path, "page"),
        "url": _url(path),
        "name": topic.name,
        "isPartOf": _site_ref(),
    }
    return _graph(site, collection, _crumbs(path, [(site.title, "/"), (topic.name, path)]))


def _graph(site: Site, *nodes: Node) -> Node:
    whole = [said(node) for node in (_website(site), _clinic(site), *nodes)]
    return {"@context": "https://schema.org", "@graph": whole}


def _website(site: Site) -> Node:
    return {
        "@type": "WebSite",
        **_site_ref(),
        "url": _url("/"),
        "name": site.title,
        "description": site.tagline,
        "inLanguage": site.language,
        "publisher": _clinic_ref(),
    }


def _clinic(site: Site) -> Node:
    # Its hours are words for people, and its email address stands on no page.
    return {
        "@type": "HealthAndBeautyBusiness",
        **_clinic_ref(),
        "url": _url("/"),
        "name": site.clinic_name,
        "telephone": site.clinic_phone,
        "address": site.clinic_address,
    }


def _person(author: Author) -> Node:
    return {
        "@type": "Person",
        **_person_ref(author),
        "url": _url(urls.author(author.id)),
        "name": author.name,
        "jobTitle": author.role,
        "description": markup.excerpt(author.text, ABOUT_MAX_CHARS),
        "image": _url(author.photo) if author.photo else "",
        "sameAs": [url for _, url in author.links],
        "hasCredential": [
            {"@type": "EducationalOccupationalCredential", "name": name}
            for name in author.credentials
        ],
    }


def _crumbs(path: str, steps: list[tuple[str, str]]) -> Node:
    items = [
        {"@type": "ListItem", "position": position, "name": name, "item": _url(to)}
        for position, (name, to) in enumerate(steps, start=1)
    ]
    return {"@type": "BreadcrumbList", "@id": _id(path, "path"), "itemListElement": items}


def _site_ref() -> Node:
    return {"@id": _id("/", "site")}


def _clinic_ref() -> Node:
    return {"@id": _id("/", "clinic")}


def _person_ref(author: Author) -> Node:
    return {"@id": _id(urls.author(author.id), "person")}


def _id(path: str, name: str) -> str:
    return f"{_url(path)}#{name}"


def _url(path: str) -> str:
    return urls.absolute(path)
