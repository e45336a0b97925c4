"""Articles for programs that write them: the files of content/, changed by somebody’s token.

An author’s program finds hers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import msgspec
from flask import Response, request

from blog import config, db, once, permissions, urls
from blog.accounts import User
from blog.api import answers, bodies, parameters
from blog.api.articles import LIMIT_ASKED, PAGE
from blog.api.surface import manages
from blog.articles import authoring, manuscripts
from blog.articles.manuscripts import Known, Manuscript, State
from blog.content import rewriting
from blog.errors import Invalid, NotFound, Stale, Unconditional
from blog.permissions import Action
from blog.schemas.authoring import (
    ArticleEdit,
    ArticleIn,
    DeletedArticle,
    Flaw,
    ManagedArticle,
    WholeArticle,
)

BODY_MAX_BYTES = 1024 * 1024

_TAG = "Administration"
_ANY = "any"
MISSING = "No article within the owner’s reach has this id."
_UNREADABLE = {"409": "Its file is no text in UTF-8."}
_CONDITIONS = {
    **_UNREADABLE,
    "412": "It isn’t what was read any more.",
    "428": "`If-Match` is missing.",
}
_OF_A_STATE = {
    **_UNREADABLE,
    "412": _CONDITIONS["412"],
    "422": "Its file can’t be used as it stands; `errors` says why.",
}
_MAYBE = ("slug", "published_at", "updated_at", "expires_at")
_SHARED: dict[str, Any] = {"needs": Action.WRITE_ARTICLES, "tag": _TAG}
_ONE: dict[str, Any] = {
    **_SHARED,
    "gives": WholeArticle,
    "missing": MISSING,
    "sends": ("ETag",),
}
STATE = parameters.choice("state", "Where they stand.", (_ANY, *State), default=_ANY)


@manages(
    "GET",
    "/admin/articles",
    asks=(STATE, LIMIT_ASKED, PAGE),
    is_list=True,
    gives=ManagedArticle,
    **_SHARED | {"needs": Action.READ_CONTENT},
)
def list_managed_articles(by: User, asked: dict[str, Any]) -> Response:
    """List articles whatever their state: undated ones, then the newest."""
    now, limit, page = db.utc_now(), asked["limit"], asked["page"]
    state = None if asked["state"] == _ANY else State(asked["state"])
    of = permissions.limit_of(by)
    found, total = manuscripts.choose(state, of=of, now=now, limit=limit, first=(page - 1) * limit)
    shown = [ManagedArticle(**_parts(each)) for each in found]
    return answers.many(shown, answers.numbered(page, limit, total))


@manages(
    "GET",
    "/admin/articles/<article_id>",
    refusals=_UNREADABLE,
    **_ONE | {"needs": Action.READ_CONTENT},
)
def show_managed_article(by: User, article_id: str) -> Response:
    """Show an article as its file stands.

    Its `ETag` is that of the file’s bytes.
    """
    return _answer(_hers(article_id, by=by, to=Action.READ_CONTENT))


@manages(
    "POST",
    "/admin/articles",
    takes=ArticleIn,
    most_bytes=BODY_MAX_BYTES,
    gives=WholeArticle,
    status=201,
    headers=("Idempotency-Key",),
    sends=("ETag", "Location"),
    refusals={
        "404": "What was written under this key is there no more, or another’s.",
        "409": "There is an article with this id.",
    },
    **_SHARED,
)
def create_article(by: User, sent: ArticleIn) -> Response:
    """Write a new article; a draft, unless its `status` says otherwise.

    It is the owner’s where she has a profile and no author is named.
    """
    sending = once.sending(f"article of {by.id}", "", bodies.key(), request.get_data())
    with _named():
        article_id = authoring.create(
            config.current().content_dir,
            sent.id,
            sent.front_matter,
            sent.body,
            by=by,
            sending=sending,
            now=db.utc_now(),
        )
    response = _answer(_hers(article_id, by=by))
    response.status_code = 201
    response.headers["Location"] = urls.api(f"/admin/articles/{article_id}")
    return response


@manages(
    "PATCH",
    "/admin/articles/<article_id>",
    takes=ArticleEdit,
    most_bytes=BODY_MAX_BYTES,
    headers=("If-Match",),
    refusals=_CONDITIONS,
    **_ONE,
)
def change_article(by: User, sent: ArticleEdit, article_id: str) -> Response:
    """Change fields of an article, its text, or both.

    Whatever else stands in its file stays as it is, to the byte. What can’t be used isn’t written.
    """
    manuscript = _hers(article_id, by=by)
    _check_version(manuscript, is_needed=True)
    fields = {} if sent.front_matter is msgspec.UNSET else sent.front_matter
    body = None if sent.body is msgspec.UNSET else sent.body
    with _named():
        authoring.change(manuscript, fields, body, by=by, now=db.utc_now())
    return _answer(_hers(article_id, by=by))


@manages(
    "POST",
    "/admin/articles/<article_id>/publish",
    refusals=_OF_A_STATE,
    **_ONE,
)
def publish_article(by: User, article_id: str) -> Response:
    """Publish an article from its `date` on, which is now if it has none.

    `If-Match` may say which version is meant.
    """
    return _put(article_id, authoring.publish, by=by)


@manages(
    "POST",
    "/admin/articles/<article_id>/unpublish",
    refusals=_OF_A_STATE,
    **_ONE,
)
def unpublish_article(by: User, article_id: str) -> Response:
    """Make an article a draft again, which takes it offline; its comments stay with it.

    `If-Match` may say which version is meant.
    """
    return _put(article_id, authoring.unpublish, by=by)


def _put(article_id: str, act: Callable[..., None], *, by: User) -> Response:
    manuscript = _hers(article_id, by=by)
    _check_version(manuscript, is_needed=False)
    with _named():
        act(manuscript, by=by, now=db.utc_now())
    return _answer(_hers(article_id, by=by))


@manages(
    "DELETE",
    "/admin/articles/<article_id>",
    headers=("If-Match",),
    refusals=_CONDITIONS,
    **_ONE | {"gives": DeletedArticle, "sends": ()},
)
def delete_article(by: User, article_id: str) -> Response:
    """Take an article away; its file is kept aside and can be put back.

    Its comments belong to its id: they are there again as soon as an article with it is.
    """
    manuscript = _hers(article_id, by=by)
    _check_version(manuscript, is_needed=True)
    instance = config.current().instance_dir
    aside = authoring.delete(manuscript, instance=instance, by=by, now=db.utc_now())
    return answers.one(DeletedArticle(id=article_id, kept_as=str(aside)))


def _hers(article_id: str, *, by: User, to: Action = Action.WRITE_ARTICLES) -> Manuscript:
    """Return an article’s file that somebody may write, or read.

    Raises: NotFound, also for another’s.
    """
    found = manuscripts.load(config.current().content_dir, article_id)
    if not permissions.may(by, to, of=found):
        raise NotFound(manuscripts.MISSING)
    return found


def _check_version(manuscript: Manuscript, *, is_needed: bool) -> None:
    is_named = bool(request.headers.get("If-Match", "").strip())
    if is_needed and not is_named:
        raise Unconditional("Please say by If-Match which version is meant.")
    if is_named and not request.if_match.contains(manuscript.etag):
        raise Stale(authoring.LATE)


@contextmanager
def _named() -> Iterator[None]:
    """Say of the fields of a file where they stand in what was sent."""
    try:
        yield
    except Invalid as error:
        wrong = {_place(name): sentence for name, sentence in error.fields.items()}
        raise Invalid(wrong, code=error.code) from None


def _place(name: str) -> str:
    if name in ("id", "body", "Idempotency-Key"):
        return name
    return f"front_matter.{name}".removesuffix(".")


def _answer(manuscript: Manuscript) -> Response:
    front = manuscript.front
    whole = WholeArticle(
        **_parts(manuscripts.known(manuscript.id)),
        front_matter=rewriting.values(front) if front else {},
        body=rewriting.text_of(front) if front else manuscript.text,
    )
    response = answers.one(whole)
    response.set_etag(manuscript.etag)
    return response


def _parts(known: Known) -> dict[str, Any]:
    """Collect what a list shows of an article."""
    article, state = known.article, known.state(now=db.utc_now())
    parts: dict[str, Any] = dict.fromkeys(_MAYBE) | {"title": known.id, "summary": ""}
    parts |= {"authors": [], "topics": []}
    if article:
        parts |= {name: getattr(article, name) for name in (*_MAYBE, "title", "summary")}
        parts["authors"] = [link.author_id for link in article.author_links]
        parts["topics"] = [topic.name for topic in article.topics]
    is_read = state is State.PUBLISHED
    return parts | {
        "id": known.id,
        "state": state,
        "url": urls.absolute(urls.article(parts["slug"])) if is_read else None,
        "problems": [_flaw(asdict(problem)) for problem in known.problems],
    }


def _flaw(told: dict[str, Any]) -> Flaw:
    return Flaw(**{name: told[name] for name in Flaw.__struct_fields__})
