"""Pages that are only looked at: lists of articles, the article, page, search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import quote

from flask import (
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound as NoRoute
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as AnyResponse

from blog import (
    articles,
    comments,
    config,
    db,
    pagecache,
    problems,
    templating,
    urls,
)
from blog.articles import Article, addresses, listing, search
from blog.articles.around import around
from blog.comments import thread
from blog.errors import Gone, NotFound
from blog.public import structured, talking
from blog.public.surface import (
    article_at,
    asked,
    for_anybody,
    names_first_page,
    page_number,
    public,
    reader_hash,
)

MARKDOWN = "text/markdown"
# Where a search finds nothing.
_NEWEST_ARTICLES, _BUSIEST_TOPICS = 3, 8
_TOO_LONG = f"Please search for at most {search.QUERY_MAX_CHARS} characters."


def paged(view: Callable[..., str]) -> Callable[..., AnyResponse]:
    """Tell a view which page of its list to render; the first has no number in its address."""

    @wraps(view)
    def on_page(**values: Any) -> AnyResponse:
        if names_first_page("page"):
            return redirect(request.path, 301)
        return for_anybody(view(page=page_number("page"), **values), query=("page",))

    return on_page


@public.get("/")
@paged
def show_home(page: int) -> str:
    """Show the latest articles."""
    found = listing.newest(page, now=db.utc_now())
    graph = structured.of_home(templating.site())
    return render_template("home.html", listing=found, counts=_counts(found), graph=graph)


@public.get("/articles/<slug>")
def show_article(slug: str) -> AnyResponse:
    """Show an article with its comments and the form for the next; as Markdown to who asks so."""
    now = db.utc_now()
    article = article_at(slug, now=now, is_shown=True)
    if names_first_page("comments"):
        place = urls.comments(slug, newest_first=_is_newest_first())
        return redirect(f"{place}#comments", 301)
    is_named = MARKDOWN in request.headers.get("Accept", "")
    if is_named and _wants_markdown():
        response = _markdown(article)
    else:
        page = _article_page(article, now=now)
        # Caches find pages by whether Markdown is named, so that only one answer may be kept for
        # all who name it.
        query = ("comments", "order")
        response = make_response(page) if is_named else for_anybody(page, query=query)
        _link(response, urls.markdown(slug), 'rel="alternate"; type="text/markdown"')
    response.vary.add("Accept")
    return response


def _article_page(article: Article, *, now: datetime) -> str:
    shown = thread.visible_on(
        article,
        page=page_number("comments"),
        newest_first=_is_newest_first(),
        reader_hash=reader_hash(),
    )
    closed_reason = comments.closed_because(article, now=now)
    return render_template(
        "article.html",
        article=article,
        authors=article.authors,
        around=around(article, now=now),
        thread=shown,
        closed_reason=closed_reason,
        form=None if closed_reason else talking.comment_form(article),
        graph=structured.of_article(article, templating.site(), comment_count=shown.total, now=now),
    )


def _is_newest_first() -> bool:
    """Tell whether the newest comments are asked for first; the plain address begins with the oldest.

    Raises: NotFound for any other order.
    """
    if "order" in request.args and asked("order") != "newest":
        raise NotFound(
            "Comments can’t be sorted like that. Please leave the order out of the address."
        )
    return "order" in request.args


def _wants_markdown() -> bool:
    """Tell whether a client that names Markdown likes it no less than HTML."""
    accepted = request.accept_mimetypes
    named = [q for kind, q in accepted if kind.partition(";")[0] == MARKDOWN]
    return max(named, default=0) > 0 and max(named) >= accepted["text/html"]


@public.get(f"/articles/<slug>/comments/<{urls.ROW}:comment_id>/replies")
@paged
def show_replies(slug: str, comment_id: int, page: int) -> str:
    """Show all replies to the comment that a branch of a thread begins with."""
    now = db.utc_now()
    article = article_at(slug, now=now)
    shown = thread.replies_to(article, comment_id, page=page, reader_hash=reader_hash())
    closed = bool(comments.closed_because(article, now=now))
    return render_template("replies.html", article=article, thread=shown, closed=closed)


@public.get("/articles/<slug>.md")
def show_article_source(slug: str) -> Response:
    """Send an article as the Markdown it was written in."""
    return _markdown(article_at(slug, now=db.utc_now(), is_shown=True))


def _markdown(article: Article) -> Response:
    address = urls.absolute(urls.article(article.slug))
    canonical = iri_to_uri(article.canonical or address)
    response = for_anybody(render_template("article.md", article=article, canonical=canonical))
    response.content_type = f"{MARKDOWN}; charset=utf-8"
    _link(response, canonical, 'rel="canonical"')
    _link(response, address, 'rel="alternate"; type="text/html"')
    return response


def _link(response: Response, address: str, attributes: str) -> None:
    response.headers.add("Link", f"<{address}>; {attributes}")


@public.get("/authors/<author_id>")
@paged
def show_author(author_id: str, page: int) -> str:
    """Show who somebody is and what she wrote."""
    author = articles.author(author_id)
    if author is None:
        raise NotFound("There is no author at this address.")
    found = listing.by_author(author_id, page, now=db.utc_now())
    graph = structured.of_author(author, templating.site())
    return render_template(
        "author.html", author=author, listing=found, counts=_counts(found), graph=graph
    )


@public.get("/topics")
def show_topics() -> Response:
    """Show all topics."""
    return for_anybody(render_template("topics.html", topics=listing.topics(now=db.utc_now())))


@public.get("/topics/<slug>")
@paged
def show_topic(slug: str, page: int) -> str:
    """Show the articles on a topic."""
    now = db.utc_now()
    topic = listing.topic(slug, now=now)
    if topic is None:
        raise NotFound("There are no articles on this topic.")
    found = listing.on_topic(slug, page, now=now)
    graph = structured.of_topic(topic, templating.site())
    return render_template(
        "topic.html", topic=topic, listing=found, counts=_counts(found), graph=graph
    )


@public.get("/archive")
@paged
def show_archive(page: int) -> str:
    """Show which years there are articles of, and those of the newest."""
    return _archive("", page)


@public.get("/archive/<year>")
@paged
def show_year(year: str, page: int) -> str:
    """Show the articles of a year."""
    return _archive(year, page)


def _archive(wanted: str, page: int) -> str:
    now, zone = db.utc_now(), templating.site().zone
    years = {str(year): total for year, total in listing.years(zone=zone, now=now).items()}
    year = wanted or next(iter(years), str(now.astimezone(zone).year))
    if wanted and wanted not in years:
        raise NotFound("There are no articles of this year.")
    found = listing.of_year(int(year), page, zone=zone, now=now)
    return render_template(
        "archive.html", years=years, shown=year, path=urls.archive(wanted), listing=found
    )


@public.get("/search")
def search_articles() -> AnyResponse:
    """Show the articles that hold some words."""
    query, now = asked("q").strip(), db.utc_now()
    if config.frozen():
        return for_anybody(render_template("search_elsewhere.html"))
    if names_first_page("page"):
        return redirect(urls.search(query), 301)
    is_too_long = len(query) > search.QUERY_MAX_CHARS
    found = search.find("" if is_too_long else query, now=now, page=page_number("page"))
    if found.page > max(1, found.pages):
        raise NotFound("There are not that many pages.")
    page = render_template(
        "search.html",
        query=query,
        found=found,
        error=_TOO_LONG if is_too_long else "",
        **({} if found.hits else _to_go_on_with(now)),
    )
    response = make_response(page, 400 if is_too_long else 200)
    # Anybody may search for anything, so it must not crowd pages out of a cache.
    response.headers["Cache-Control"] = pagecache.FOR_ONE
    return response


def _to_go_on_with(now: datetime) -> dict[str, Any]:
    """Collect what a reader without results may like."""
    busiest = sorted(listing.topics(now=now), key=lambda topic: -topic.total)
    newest = listing.newest(now=now, size=_NEWEST_ARTICLES)
    return {"topics": busiest[:_BUSIEST_TOPICS], "newest": newest.items}


@public.get("/<page_id>")
def show_page(page_id: str) -> AnyResponse:
    """Show a page that stands by itself."""
    page = articles.page(page_id)
    if page is None:
        raise NotFound("The address may be mistyped, or the page may have moved.")
    return for_anybody(render_template("page.html", page=page))


@public.app_errorhandler(NotFound)
def lead_on(error: NotFound) -> AnyResponse:
    """Lead an old address on to its article, with whatever follows it, where nothing is there."""
    return _led_on(lambda: problems.answer_ours(error))


@public.app_errorhandler(NoRoute)
def lead_on_from_nowhere(error: NoRoute) -> AnyResponse:
    """Lead an old address on where no view answers."""
    return _led_on(lambda: problems.answer_http(error))


def _led_on(answer_missing: Callable[[], AnyResponse]) -> AnyResponse:
    try:
        return _old_address() or answer_missing()
    except SQLAlchemyError as away:
        # What goes wrong in the answer to an error is answered by nobody else.
        answer: AnyResponse = current_app.make_response(current_app.handle_user_exception(away))
        return answer


def _old_address() -> AnyResponse | None:
    """Answer for an address that led to an article once; None where it never did."""
    now, path = db.utc_now(), f"/{request.path.strip('/')}"
    for old_path, rest in _parts(path) if request.method in ("GET", "HEAD") else ():
        if addresses.is_public_at(old_path, now=now):
            break
        article = addresses.moved_to(old_path, now=now)
        if article is not None:
            query = urls.without_tracking(request.query_string.decode("latin-1"))
            address = urls.article(article.slug) + quote(rest)
            return redirect(f"{address}?{query}" if query else address, 301)
        if addresses.is_gone(old_path, now=now):
            return problems.answer_ours(Gone("It can’t be read here any more."))
    return None


def _parts(path: str) -> Iterator[tuple[str, str]]:
    """Divide a path into what may be an old address, and what belongs to its article."""
    yield path, ""
    if path.endswith(".md"):
        yield path.removesuffix(".md"), ".md"
    slug, slash, rest = (urls.slug_at(path) or "").partition("/")
    if slash:
        yield urls.article(slug), slash + rest


def _counts(found: listing.Listing) -> dict[str, int]:
    return comments.counts_on(article.id for article in found.items)
