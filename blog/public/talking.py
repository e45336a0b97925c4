"""Pages that take a comment.

Whatever goes wrong, the answer holds what was typed.
"""

from __future__ import annotations

from datetime import datetime

from flask import Response, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from blog import (
    comments,
    db,
    forms,
    limits,
    tokens,
    urls,
)
from blog.articles import Article
from blog.comments import Comment, CommentState, Draft, arrival, editing, following, places
from blog.comments.arrival import Arrival, Sender
from blog.errors import Gone, Invalid, NotFound
from blog.forms import CommentForm
from blog.public import trusting
from blog.public.surface import (
    article_at,
    asked,
    is_own,
    public,
    reader_token,
    remember_reader,
    trust_hash,
)

_NO_COMMENT = "There is no comment at this address."


def comment_form(article: Article) -> CommentForm:
    """Make the comment form of an article, filled from this request if it posts one."""
    return CommentForm(meta={"csrf_context": forms.commenting(article.id)})


@public.get("/articles/<slug>/comments/token")
def show_comment_token(slug: str) -> Response:
    """Give the script a token for a form that was touched just now."""
    now = db.utc_now()
    purpose = forms.commenting(article_at(slug, now=now).id)
    return jsonify(token=forms.issue_token(purpose, forms.TOUCHED, now=now))


@public.get("/articles/<slug>/comments/new")
def show_reply_form(slug: str) -> AnyResponse:
    """Show the form alone, with the comment it answers."""
    article = article_at(slug, now=db.utc_now())
    form = comment_form(article)
    form.parent.data = asked("parent")
    parent = _parent(article, form)
    if parent is None:
        return redirect(urls.article(slug), 303)
    return make_response(_comment_page(article, form, None))


@public.post("/articles/<slug>/comments")
@limits.posts("comment")
def post_comment(slug: str) -> AnyResponse:
    """Take a comment, or show how it will look."""
    now = db.utc_now()
    article = article_at(slug, now=now)
    form = comment_form(article)
    token = reader_token() or tokens.random_token()
    arrived = _arrived(article, form, tokens.digest(token), now=now)
    if arrived is None or "preview" in request.form:
        page = _comment_page(article, form, arrived.draft if arrived else None)
        return make_response(page, 200 if arrived else 422)
    with db.writing():
        comment_id = arrival.submit(arrived, now=now)
        if form.follow.data and arrived.draft.email:
            following.want(comment_id, arrived.draft.email, trust_hash=trust_hash(), now=now)
    response = redirect(urls.comment(slug, comment_id), 303)
    remember_reader(response, token)
    return response


def _arrived(
    article: Article, form: CommentForm, reader_hash: str, *, now: datetime
) -> Arrival | None:
    """Return the comment of a form, or None with the form saying what is wrong."""
    if not form.validate():
        return None
    sender = Sender(
        client_hash=limits.client(),
        reader_hash=reader_hash,
        trust_hash=trust_hash(),
        trap=form.note.data,
        touched_for=form.touched_for,
    )
    try:
        return arrival.arrive(
            article,
            sender,
            name=form.name.data,
            email=form.email.data,
            body=form.body.data,
            parent_id=form.parent_id,
            now=now,
        )
    except Invalid as error:
        for name, sentence in error.fields.items():
            form[name].errors = [sentence]
        if "parent" in error.fields:
            # Or it could never be sent, however often it is tried.
            form.parent.data = ""
            form.parent.errors.append("Sent again, your comment stands by itself.")
        return None


def _comment_page(article: Article, form: CommentForm, draft: Draft | None) -> str:
    return render_template(
        "comment.html",
        article=article,
        parent=_parent(article, form),
        form=form,
        preview=draft.body_html if draft else None,
        notice="",
    )


def _parent(article: Article, form: CommentForm) -> Comment | None:
    """Return the published comment that a form answers."""
    parent = comments.by_id(form.parent_id) if form.parent_id else None
    if parent is None or parent.article_id != article.id or parent.state != CommentState.APPROVED:
        return None
    return parent


@public.get(f"/articles/<slug>/comments/<{urls.ROW}:comment_id>")
def show_comment(slug: str, comment_id: int) -> AnyResponse:
    """Lead on to a comment in its place; while it waits, thank the browser that wrote it."""
    article = article_at(slug, now=db.utc_now())
    comment = comments.by_id(comment_id)
    if comment is None or comment.article_id != article.id or comment.edit_of_id:
        raise NotFound(_NO_COMMENT)
    if comment.state == CommentState.WITHDRAWN and (is_own(comment) or editing.was_seen(comment)):
        raise Gone(editing.WITHDRAWN)
    place = places.place_of(article, comment)
    if comment.state == CommentState.APPROVED:
        return redirect(place, 303)
    if not is_own(comment):
        raise NotFound(_NO_COMMENT)
    words = trusting.words_beside(article, comment)
    page = render_template(
        "comment_waiting.html", article=article, comment=comment, place=place, **words
    )
    return make_response(page)
