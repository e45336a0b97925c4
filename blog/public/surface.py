"""What the public pages share: their blueprint, who the reader is, and what may be cached."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from flask import Blueprint, Response, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, config, pagecache, tokens
from blog.articles import Article
from blog.comments import Comment
from blog.errors import NotFound

READER_REMEMBERED = timedelta(days=30)
_TRUST_REMEMBERED = timedelta(days=365)

_PAGE = re.compile("[1-9][0-9]{0,5}")

public = Blueprint("public", __name__)


def article_at(slug: str, *, now: datetime, is_shown: bool = False) -> Article:
    """Return the article at a slug; whole where it is shown.

    Raises: NotFound where a reader finds none.
    """
    article = articles.by_slug(slug, now=now, is_shown=is_shown)
    if article is None:
        raise NotFound("There is no article at this address. It may have moved or been removed.")
    return article


def asked(name: str, default: str = "") -> str:
    """Return what the query gives a parameter that a view knows.

    Raises: NotFound where it is given twice, which no address of this site does.
    """
    given = request.args.getlist(name)
    if len(given) > 1:
        raise NotFound(f"The address says “{name}” more than once. Please take out all but one.")
    return given[0] if given else default


def page_number(name: str) -> int:
    """Return which page of a list the query asks for; the first where it names none.

    Raises: NotFound for anything but one plain number.
    """
    number = asked(name, "1")
    if not _PAGE.fullmatch(number):
        raise NotFound("There is no such page.")
    return int(number)


def names_first_page(name: str) -> bool:
    """Tell whether the query gives the first page the number that its own address goes without."""
    return request.args.getlist(name) == ["1"]


def for_anybody(page: str, *, query: Collection[str] = ()) -> Response:
    """Answer with a page that is the same for all, or one reader's own where she has a cookie.

    `query` names the parameters it was made from, whose values must be in canonical form.
    """
    response = pagecache.offer(make_response(page), query=query)
    if reader_token():
        response.headers["Cache-Control"] = "no-store"
    return response


def reader_token() -> str | None:
    """Return the random token by which a browser that has posted is known."""
    return _token(config.READER_COOKIE)


def reader_hash() -> str | None:
    """Return the hash under which this browser's comments are stored."""
    token = reader_token()
    return tokens.digest(token) if token else None


def is_own(comment: Comment) -> bool:
    """Tell whether a comment was written in this browser."""
    return comment.reader_hash is not None and comment.reader_hash == reader_hash()


def remember_reader(response: AnyResponse, token: str) -> None:
    """Let the browser show its own waiting comments; it is told nothing else."""
    _remember(response, config.READER_COOKIE, token, READER_REMEMBERED)


def trust_hash() -> str:
    """Return the hash of the token that a browser has in which an address was confirmed."""
    token = _token(config.TRUST_COOKIE)
    return tokens.digest(token) if token else ""


def remember_trust(response: AnyResponse, token: str) -> None:
    """Let the browser prove that an address was confirmed in it."""
    _remember(response, config.TRUST_COOKIE, token, _TRUST_REMEMBERED)


def forget_trust(response: AnyResponse) -> None:
    """Take back the token of a confirmed address."""
    _remember(response, config.TRUST_COOKIE, "", timedelta())


def _token(name: str) -> str | None:
    token = request.cookies.get(config.current().cookie(name))
    return token if token and len(token) <= 100 else None


def _remember(response: AnyResponse, name: str, token: str, lives: timedelta) -> None:
    settings = config.current()
    response.set_cookie(
        settings.cookie(name),
        token,
        max_age=lives,
        secure=settings.is_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )
