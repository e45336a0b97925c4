"""Everything public that has an address, as files: a few at a time, whatever the site's size.

Links to single comments, which a server leads on, are written as the places they lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from sqlalchemy import select

from blog import articles, assets, config, db, urls
from blog.articles import Article, is_public, listing
from blog.frozen.asking import Answer, Asker

Files = Iterable[tuple[str, bytes]]

_COMMENT = re.compile(rb'<article class="comment" id="comment-(\d+)"')
_REPLIES = re.compile(rb'/comments/(\d+)/replies"')
_SITEMAP = re.compile(rb"/(sitemap-\d+\.xml)<")
_ALONE = (
    *("/topics", "/contact", "/search", "/feed.xml", "/feed.json", "/robots.txt", "/llms.txt"),
    *("/embed/comments.js", "/embed/contact.js"),
)
# What tells developers of more than files can answer.
_OF_SERVER = (urls.reference(), urls.api("/openapi.json"))


@dataclass(frozen=True)
class Public:
    """What is public at a moment: each article's id and slug, and the paths of all else.

    `lists` may have several pages.
    """

    articles: Sequence[tuple[str, str]]
    lists: Sequence[str]
    alone: Sequence[str]


def read(*, now: datetime) -> Public:
    """Read what is public."""
    query = select(Article.id, Article.slug).where(is_public(now)).order_by(Article.id)
    topics = [each.slug for each in listing.topics(now=now)]
    authors = [each.id for each in listing.authors()]
    pages = [each.id for each in listing.pages()]
    years = [str(year) for year in listing.years(zone=articles.site().zone, now=now)]
    listed = [*map(urls.topic, topics), *map(urls.author, authors)]
    of_api = [f"/{name}" for name in ("articles", "authors", "topics", "pages", "redirects")]
    frozen = config.frozen()
    return Public(
        [(article_id, slug) for article_id, slug in db.session.execute(query)],
        ["/", *listed, *map(urls.archive, ["", *years]), *map(urls.api, of_api)],
        [
            *_ALONE,
            *(_OF_SERVER if frozen and frozen.live else ()),
            *map(urls.page, sorted({"privacy", *pages})),
            *(urls.feed(path, kind) for path in listed for kind in ("xml", "json")),
            urls.api("/settings"),
            *(urls.api(path) for path in listed),
            *(urls.api(f"/pages/{page_id}") for page_id in pages),
        ],
    )


def files(asker: Asker, public: Public) -> Iterator[Files]:
    """Give all files: first those of each article, then those of each list, then the rest."""
    for article_id, slug in public.articles:
        yield _named(_of_article(asker, article_id, slug))
    for path in public.lists:
        yield _named(asker.pages(path))
    yield _named(asker.ask(*public.alone))
    yield _named(_sitemap(asker))
    yield _named([asker.missing()])
    yield ((asset.url.removeprefix("/"), asset.data) for asset in assets.read_folder().values())


def _named(answers: Iterable[Answer]) -> Files:
    return ((answer.file, answer.data) for answer in answers)


def _sitemap(asker: Asker) -> Iterator[Answer]:
    for answer in asker.ask(urls.sitemap()):
        parts = _SITEMAP.findall(answer.data)
        yield answer
        yield from asker.ask(*(f"/{part.decode()}" for part in parts))


def _of_article(asker: Asker, article_id: str, slug: str) -> Iterator[Answer]:
    """Give an article's page with all pages of its comments, and what programs read of it."""
    thread = list(asker.pages(urls.article(slug), "comments"))
    roots = sorted({int(root) for page in thread for root in _REPLIES.findall(page.data)})
    for root in roots:
        thread += asker.pages(urls.replies(slug, root))
    of_api = urls.api(urls.article(article_id))
    others = asker.ask(
        urls.markdown(slug),
        urls.comments_feed(slug),
        of_api,
        urls.api(f"/articles/slug/{slug}"),
        f"/embed{urls.article(article_id)}/comments.html",
    )
    told = asker.pages(f"{of_api}/comments")
    return _in_place(slug, chain(thread, others, told), thread)


def _in_place(slug: str, answers: Iterable[Answer], thread: Sequence[Answer]) -> Iterator[Answer]:
    """Lead each link to a comment on to its place in the thread, the first page that has it."""
    place: dict[bytes, bytes] = {}
    for page in reversed(thread):
        for number in _COMMENT.findall(page.data):
            place[number] = page.path.encode() + b"#comment-" + number
    ours = re.escape(config.current().site_url.encode())
    below = re.escape(f"{urls.article(slug)}/comments/".encode())
    link = re.compile(rb'(?:(?<=")|(?<=%s))%s(\d+)(?![\w/?-])' % (ours, below))
    for answer in answers:
        data = link.sub(lambda found: place.get(found[1], found[0]), answer.data)
        yield replace(answer, data=data)
