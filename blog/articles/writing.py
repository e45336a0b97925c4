"""Writes what content/ says into the rows of the index.

The files were read and rendered before; nothing here looks at them, and nothing commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from blog import db, markup, urls
from blog.articles import (
    Article,
    ArticleAuthor,
    ArticlePath,
    ArticleTopic,
    Author,
    ContentFile,
    Page,
    SiteWords,
    changes,
    fulltext,
)
from blog.articles.addresses import was_public
from blog.content import ArticleFile, AuthorFile, Commenting, Kind, PageFile, Status
from blog.content.site import SITE_FILE
from blog.markup import Picture, RenderedArticle


def write_site(text: str) -> None:
    """Write the site's own words."""
    db.session.merge(SiteWords(id=1, text=text))


def open_articles(files: Iterable[ArticleFile], *, now: datetime) -> dict[str, Article]:
    """Return the rows that articles are written to, by id, without authors, topics or addresses.

    Addresses that are about to change are set aside, since two articles may exchange theirs.
    """
    wanted = {parsed.id: parsed for parsed in files}
    changes.note_articles(wanted, wanted.values())
    query = select(Article).where(Article.id.in_(wanted))
    rows = {row.id: row for row in db.session.execute(query).scalars()}
    for number, (article_id, article) in enumerate(rows.items()):
        parsed = wanted[article_id]
        if parsed.status is Status.DRAFT or not parsed.published_at or parsed.published_at > now:
            _take_away(article, now=now)
        if article.slug != parsed.slug:
            _remember_path(urls.article(article.slug), article.id)
            article.slug = f"~{number}"
    db.session.flush()
    for model in (ArticleAuthor, ArticleTopic):
        db.session.execute(delete(model).where(model.article_id.in_(rows)))
    fulltext.mark_stale(*rows)
    return {article_id: rows.get(article_id) or Article(id=article_id) for article_id in wanted}


def _remember_path(path: str, article_id: str) -> None:
    db.session.merge(ArticlePath(path=path, article_id=article_id))


def _take_away(article: Article, *, now: datetime) -> None:
    """Remember of an article that readers found where they did, before it goes."""
    if was_public(article, now=now):
        path = urls.article(article.slug)
        # Another article may have been given the address in its stead.
        if db.session.get(ArticlePath, path) is None:
            _remember_path(path, article.id)
            db.session.flush()
        of_article = ArticlePath.article_id == article.id
        db.session.execute(update(ArticlePath).where(of_article).values(was_public=True))


def write_article(
    article: Article,
    parsed: ArticleFile,
    rendered: RenderedArticle,
    cover: Picture | None = None,
) -> None:
    """Write an article and where it was before, to its row of `open_articles()`."""
    article.slug, article.title, article.summary = parsed.slug, parsed.title, parsed.summary
    article.status, article.noindex = parsed.status, parsed.noindex
    article.published_at, article.updated_at = parsed.published_at, parsed.updated_at
    article.expires_at, article.canonical = parsed.expires_at, parsed.canonical or None
    article.cover, article.cover_alt = _media_url(parsed.cover, cover), parsed.cover_alt or None
    article.cover_width = cover.width or None if cover else None
    article.cover_height = cover.height or None if cover else None
    article.comments = parsed.comments
    article.comments_close_after_days = parsed.comments_close_after_days
    article.comments_close_at = _comments_close_at(parsed)
    article.toc = [[heading.level, heading.id, heading.text] for heading in rendered.toc]
    article.text, article.words = rendered.text, rendered.words
    _write_body(article, parsed.body, rendered)
    for alias in parsed.aliases:
        _remember_path(alias, parsed.id)


def _comments_close_at(parsed: ArticleFile) -> datetime | None:
    days, appears_at = parsed.comments_close_after_days, parsed.published_at
    if parsed.comments is Commenting.CLOSED or days is None or appears_at is None:
        return None
    try:
        return appears_at + timedelta(days=days)
    except OverflowError:
        # Past the end of the calendar is never.
        return None


def _media_url(path: str, picture: Picture | None) -> str | None:
    if picture:
        return picture.url
    return urls.media(path) if path else None


def _write_body(row: Article | Author | Page, source: str, rendered: RenderedArticle) -> None:
    row.source, row.html, row.html_policy = source, rendered.html, markup.ARTICLE_POLICY
    db.session.add(row)


def link_articles(files: Iterable[ArticleFile]) -> None:
    """Write who wrote articles and what they are about, after their rows."""
    db.session.flush()
    for parsed in files:
        is_published = parsed.status is Status.PUBLISHED
        link = {
            "article_id": parsed.id,
            "public_from": parsed.published_at if is_published else None,
            "public_until": parsed.expires_at,
        }
        db.session.add_all(
            ArticleAuthor(author_id=author_id, position=position, **link)
            for position, author_id in enumerate(parsed.authors)
        )
        db.session.add_all(
            ArticleTopic(slug=topic.slug, name=topic.name, position=position, **link)
            for position, topic in enumerate(parsed.topics)
        )


def write_author(
    parsed: AuthorFile, rendered: RenderedArticle, photo: Picture | None = None
) -> None:
    """Write an author's profile."""
    author = db.session.get(Author, parsed.id) or Author(id=parsed.id)
    changes.note_author(author.id, is_renamed=author.name != parsed.name)
    if author.name != parsed.name:
        fulltext.mark_author_stale(author.id)
    author.name, author.role, author.photo = (
        parsed.name,
        parsed.role,
        _media_url(parsed.photo, photo),
    )
    author.links = [[link.label, link.url] for link in parsed.links]
    author.credentials, author.text = list(parsed.credentials), rendered.text
    _write_body(author, parsed.body, rendered)


def write_page(parsed: PageFile, rendered: RenderedArticle) -> None:
    """Write a page."""
    changes.note_page(parsed.id)
    page = db.session.get(Page, parsed.id) or Page(id=parsed.id)
    page.title, page.summary, page.noindex = parsed.title, parsed.summary, parsed.noindex
    _write_body(page, parsed.body, rendered)


def remove(path: str, *, now: datetime) -> None:
    """Take out of the index what a file that is gone had put there."""
    kind, _, name = path.partition("/")
    models: dict[Kind, type[Article | Author | Page]] = {
        Kind.ARTICLE: Article,
        Kind.AUTHOR: Author,
        Kind.PAGE: Page,
    }
    if path == SITE_FILE:
        db.session.execute(delete(SiteWords))
    elif name.endswith(".md"):
        model, row_id = models[Kind(kind)], name.removesuffix(".md")
        if model is Article:
            article = db.session.get(Article, row_id)
            if article is not None:
                _take_away(article, now=now)
            changes.note_articles([row_id], [])
            fulltext.forget(row_id)
        elif model is Author:
            changes.note_author(row_id, is_gone=True)
            fulltext.mark_author_stale(row_id)
        else:
            changes.note_page(row_id, is_gone=True)
        db.session.execute(delete(model).where(model.id == row_id))
    db.session.execute(delete(ContentFile).where(ContentFile.path == path))
