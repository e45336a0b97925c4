"""Programs that comment: the form's policy, checks and limits, in other clothes.

Whose a comment is its edit token tells, of which the hash alone is kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from flask import Response, request

from blog import comments, db, forms, limits, once, schemas, tokens, urls
from blog.api import answers, bodies
from blog.api.articles import MISSING, readable
from blog.api.surface import does
from blog.articles import Article, public_by_id
from blog.comments import Comment, CommentState, arrival, editing, following, reports
from blog.comments.arrival import Arrival, Sender
from blog.errors import Forbidden, Gone, NotFound, Unauthorized
from blog.forms import CommentForm, EditForm
from blog.forms.reporting import ReportForm
from blog.once import Sending

_TAG = "Comments"
_NAMES = {"parent": "parent_id"}
_KEYED = ("Idempotency-Key",)
_BY_TOKEN = {
    "401": "No edit token came along.",
    "403": "It isn’t this comment’s, or too late.",
}


@does(
    "GET",
    "/articles/<article_id>/comments/token",
    tag=_TAG,
    gives=schemas.FormTokenOut,
    missing=MISSING,
    example="/articles/{article_id}/comments/token",
)
def show_comment_token(article_id: str) -> Response:
    """Fetch a token for a form that somebody began to fill in just now.

    Fetch it when she begins, not when she sends: how long she took tells people from programs. It
    goes with the comment as `token` for two days; a comment without one always waits to be read.
    """
    now = db.utc_now()
    purpose = forms.commenting(readable(article_id, now=now).id)
    return answers.taken(
        schemas.FormTokenOut(token=forms.issue_token(purpose, forms.TOUCHED, now=now))
    )


@does(
    "POST",
    "/articles/<article_id>/comments",
    tag=_TAG,
    takes=schemas.CommentIn,
    gives=schemas.TakenComment,
    status=202,
    missing=MISSING,
    headers=_KEYED,
    refusals={"410": "What came under this key before was erased since."},
    sends=("Location",),
    counts_as="comment",
    example="/articles/{article_id}/comments",
)
def post_comment(sent: schemas.CommentIn, article_id: str) -> Response:
    """Send a comment or a reply.

    It goes by the same policy as on the site’s own pages, and may have to wait until somebody has
    read it. Under the same `Idempotency-Key` it is taken once, and answered the same again.
    """
    now, key = db.utc_now(), bodies.key()
    article = readable(article_id, now=now)
    # Hashed with the key, so that it stands for nobody; another day it is the same.
    what, client = f"comment on {article.id}", request.remote_addr or ""
    token = once.token(what, client, key, request.get_data())
    sending = once.sending(what, client, key, request.get_data())
    made = sending.made_before(now=now)
    if made is not None:
        comment = _there(comments.by_id(int(made)))
        own = _own(article, comment)
        if comment.reader_hash != tokens.digest(token):
            # Published before in the same words, by nobody knows whom: what waits isn't told.
            own = msgspec.structs.replace(own, body=sent.body)
    else:
        own = _stored(article, _arrived(article, sent, token, now=now), sending, sent, now=now)
    taken = schemas.TakenComment(**msgspec.structs.asdict(own), edit_token=token)
    response = answers.taken(taken, 202)
    response.location = urls.api(f"/comments/{own.id}")
    return response


def _stored(
    article: Article, arrived: Arrival, sending: Sending, sent: schemas.CommentIn, *, now: datetime
) -> schemas.OwnComment:
    """Store a comment, and tell its writer what became of it."""
    draft, slug = arrived.draft, article.slug

    def store() -> int:
        comment_id = arrival.submit(arrived, now=now)
        if sent.follow and draft.email:
            following.want(comment_id, draft.email, trust_hash="", now=now)
        return comment_id

    with db.writing():
        comment_id = int(sending.make(store, now=now))
        state, created_at = comments.standing(comment_id)
    return schemas.OwnComment(
        id=comment_id,
        article_id=draft.article_id,
        state=_state_of(state),
        body=draft.source,
        html=str(draft.body_html),
        created_at=created_at,
        edit_until=created_at + editing.EDIT_WITHIN,
        url=urls.absolute(urls.comment(slug, comment_id)),
    )


def _there(comment: Comment | None) -> Comment:
    if comment is None:
        raise Gone("This comment was erased meanwhile.")
    return comment


def _arrived(article: Article, sent: schemas.CommentIn, token: str, *, now: datetime) -> Arrival:
    typed = {"name": sent.name, "email": sent.email, "body": sent.body, "note": sent.note}
    typed |= {"follow": "y"} if sent.follow else {}
    typed |= {"parent": str(sent.parent_id)} if sent.parent_id else {}
    form = bodies.filled(CommentForm, forms.commenting(article.id), typed, sent.token)
    bodies.check(form, _NAMES)
    sender = Sender(
        client_hash=limits.client(),
        reader_hash=tokens.digest(token),
        trap=form.note.data,
        touched_for=form.touched_for,
        is_from_form=bool(sent.token),
    )
    with bodies.named(_NAMES):
        return arrival.arrive(
            article,
            sender,
            name=form.name.data,
            email=form.email.data,
            body=form.body.data,
            parent_id=sent.parent_id,
            now=now,
        )


@does(
    "GET",
    "/comments/<int:comment_id>",
    tag=_TAG,
    gives=schemas.OwnComment,
    refusals=_BY_TOKEN,
    headers=("Authorization",),
    sends=("ETag",),
    example="",
)
def show_own_comment(comment_id: int) -> Response:
    """Show a comment to its writer, who has its edit token."""
    article, comment = _owned(comment_id)
    return _answered(article, comment)


@does(
    "PATCH",
    "/comments/<int:comment_id>",
    tag=_TAG,
    takes=schemas.CommentChange,
    gives=schemas.OwnComment,
    refusals=_BY_TOKEN
    | {"412": "It isn’t what was read any more.", "428": "`If-Match` is missing."},
    headers=("Authorization", "If-Match"),
    sends=("ETag",),
    counts_as="edit",
    example="",
)
def change_comment(sent: schemas.CommentChange, comment_id: int) -> Response:
    """Let one’s own comment say something else, for fifteen minutes.

    What is published stays as it is while the new words wait to be read.
    """
    now = db.utc_now()
    article, comment = _changeable(comment_id, now=now)
    form = bodies.filled(EditForm, "", {"body": sent.body}, "")
    bodies.check(form, {})
    sender = Sender(
        client_hash=limits.client(),
        reader_hash=comment.reader_hash or "",
        # What was seen of how the comment itself came stays true of it.
        is_from_form=not any(row["step"] == "formless" for row in comment.reasons),
    )
    arrived = editing.arrive(article, comment, sender, body=form.body.data, now=now)
    with db.writing():
        # Held, since it may be changed at this moment.
        answers.require_version(_own(article, editing.held(comment_id)))
        editing.submit(arrived, now=now)
    return _answered(article, _there(comments.by_id(comment_id)))


@does(
    "DELETE",
    "/comments/<int:comment_id>",
    tag=_TAG,
    gives=None,
    status=204,
    refusals=_BY_TOKEN,
    headers=("Authorization",),
    counts_as="withdrawal",
    example="",
)
def withdraw_comment(comment_id: int) -> Response:
    """Withdraw one’s own comment, for fifteen minutes; its words are erased."""
    now = db.utc_now()
    _, comment = _owned(comment_id)
    if comment.state != CommentState.WITHDRAWN:
        _changeable(comment_id, now=now)
        with db.writing():
            editing.withdraw(comment_id, now=now)
    return answers.nothing()


def _owned(comment_id: int) -> tuple[Article, Comment]:
    """Return a comment whose edit token came along, and its article.

    Raises: Unauthorized, Forbidden in words that don't tell whether there is such a comment.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Please send the edit token of this comment along.")
    known = comment_id <= urls.ROW_ID_MAX
    comment = comments.by_id(comment_id) if known else None
    is_hers = comment is not None and comment.reader_hash == tokens.digest(token.strip()[:200])
    if comment is None or not is_hers or comment.edit_of_id:
        raise Forbidden("This token isn’t that of a comment here.")
    return readable(comment.article_id, now=db.utc_now()), comment


def _changeable(comment_id: int, *, now: datetime) -> tuple[Article, Comment]:
    article, comment = _owned(comment_id)
    if not editing.may_change(comment, now=now):
        raise Forbidden("It is too late: a comment can be changed for fifteen minutes.")
    return article, comment


def _answered(article: Article, comment: Comment) -> Response:
    return answers.versioned(_own(article, comment))


def _own(article: Article, comment: Comment) -> schemas.OwnComment:
    return schemas.OwnComment(
        id=comment.id,
        article_id=article.id,
        state=_state_of(comment.state),
        body=editing.last_words(comment),
        html=str(comment.body_html),
        created_at=comment.created_at,
        edit_until=editing.until(comment),
        url=urls.absolute(urls.comment(article.slug, comment.id)),
    )


def _state_of(state: CommentState) -> Literal["pending", "published", "withdrawn"]:
    """Tell what its writer is told on the pages: of what was refused, no more than of what waits."""
    if state == CommentState.APPROVED:
        return "published"
    return "withdrawn" if state == CommentState.WITHDRAWN else "pending"


@does(
    "POST",
    "/comments/<int:comment_id>/reports",
    tag=_TAG,
    takes=schemas.ReportIn,
    gives=schemas.TakenReport,
    status=202,
    missing="No published comment has this id.",
    counts_as="report",
    example="",
)
def report_comment(sent: schemas.ReportIn, comment_id: int) -> Response:
    """Tell what is wrong with a published comment."""
    typed = {"reason": sent.reason.value, "details": sent.details, "note": sent.note}
    form = bodies.filled(ReportForm, "", typed, "")
    bodies.check(form, {})
    said, client, now = form.said, limits.client(), db.utc_now()
    with db.writing():
        # Held, since it may be taken down at this moment.
        held = comments.by_ids([min(comment_id, urls.ROW_ID_MAX)])
        found = [each for each in held if _is_read(each, now)]
        if not found:
            raise NotFound("There is no published comment with this id.")
        reports.report(found[0], **said, client_hash=client, now=now)
    return answers.taken(schemas.TakenReport(comment_id=comment_id), 202)


def _is_read(comment: Comment, now: datetime) -> bool:
    """Tell whether anybody can read a comment; what is below a hidden article nobody hears of."""
    is_published = comment.state == CommentState.APPROVED
    return is_published and public_by_id(comment.article_id, now=now) is not None
