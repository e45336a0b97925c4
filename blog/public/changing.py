"""Pages on which a reader changes or withdraws her own comment, known by her browser's cookie.

To any other browser all of them say the same, whether or not there is such a comment.
"""

from __future__ import annotations

from flask import Response, jsonify, make_response, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from blog import comments, db, forms, limits, urls
from blog.articles import Article
from blog.comments import Comment, CommentState, editing
from blog.comments.arrival import Arrival, Sender
from blog.errors import Invalid, NotFound
from blog.forms import ButtonForm, EditForm
from blog.public.surface import article_at, is_own, public, trust_hash

_EDIT = f"/articles/<slug>/comments/<{urls.ROW}:comment_id>/edit"
_WITHDRAWAL = f"/articles/<slug>/comments/<{urls.ROW}:comment_id>/withdrawal"
_NOT_HERS = (
    "In this browser no comment was written that could be changed here. "
    "Use the one in which you wrote it, or write to the clinic."
)


def _own(article: Article, comment_id: int) -> Comment:
    """Return a comment that was written in this browser.

    Raises: NotFound where there is none, in words that don't tell why.
    """
    comment = comments.by_id(comment_id)
    is_here = comment is not None and comment.article_id == article.id
    if comment is None or not is_here or comment.edit_of_id or not is_own(comment):
        raise NotFound(_NOT_HERS)
    return comment


def _purpose(comment_id: int) -> str:
    return f"edit:{comment_id}"


@public.get(f"{_EDIT}/token")
def show_edit_token(slug: str, comment_id: int) -> Response:
    """Give the script a token for a form that was touched just now."""
    now = db.utc_now()
    article_at(slug, now=now)
    return jsonify(token=forms.issue_token(_purpose(comment_id), forms.TOUCHED, now=now))


@public.get(_EDIT)
def show_edit_form(slug: str, comment_id: int) -> AnyResponse:
    """Show what its writer wrote, to be changed."""
    now = db.utc_now()
    article = article_at(slug, now=now)
    comment = _own(article, comment_id)
    if not editing.may_change(comment, now=now):
        return _too_late(article, comment)
    form = EditForm(meta={"csrf_context": _purpose(comment_id)})
    form.body.data = editing.last_words(comment)
    return make_response(_form_page(article, comment, form))


@public.post(_EDIT)
@limits.posts("edit")
def post_edit(slug: str, comment_id: int) -> AnyResponse:
    """Let a comment say something else, or show how that will look."""
    now = db.utc_now()
    article = article_at(slug, now=now)
    comment = _own(article, comment_id)
    if not editing.may_change(comment, now=now):
        return _too_late(article, comment)
    form = EditForm(meta={"csrf_context": _purpose(comment_id)})
    arrived = _arrived(article, comment, form)
    if arrived is None:
        return make_response(_form_page(article, comment, form), 422)
    if "preview" in request.form:
        preview = arrived.draft.body_html
        return make_response(_form_page(article, comment, form, preview=preview))
    with db.writing():
        is_changed = editing.submit(arrived, now=now)
    if not is_changed:
        return make_response(_form_page(article, comment, form, is_same=True))
    return redirect(urls.comment(slug, comment_id), 303)


def _arrived(article: Article, comment: Comment, form: EditForm) -> Arrival | None:
    """Return what a form makes of a comment, or None with the form saying what is wrong."""
    if not form.validate():
        return None
    sender = Sender(
        client_hash=limits.client(),
        reader_hash=comment.reader_hash or "",
        trust_hash=trust_hash(),
        trap=form.note.data,
        touched_for=form.touched_for,
    )
    try:
        return editing.arrive(article, comment, sender, body=form.body.data, now=db.utc_now())
    except Invalid as error:
        form.body.errors = list(error.fields.values())
        return None


def _form_page(
    article: Article,
    comment: Comment,
    form: EditForm,
    *,
    preview: Markup | None = None,
    is_same: bool = False,
) -> str:
    words = {"article": article, "comment": comment, "form": form}
    return render_template("comment_edit.html", **words, preview=preview, is_same=is_same)


def _too_late(article: Article, comment: Comment) -> AnyResponse:
    """Say why nothing can be changed any more, with everything that was typed."""
    if comment.state == CommentState.WITHDRAWN and request.method == "GET":
        return redirect(urls.withdrawal(article.slug, comment.id), 303)
    page = render_template(
        "comment_late.html",
        article=article,
        comment=comment,
        minutes=int(editing.EDIT_WITHIN.total_seconds() // 60),
        typed=request.form.get("body", ""),
    )
    return make_response(page, 403)


def _button(comment_id: int) -> ButtonForm:
    return ButtonForm(meta={"csrf_context": f"withdraw:{comment_id}"})


@public.get(_WITHDRAWAL)
def ask_about_withdrawal(slug: str, comment_id: int) -> AnyResponse:
    """Ask whether a comment is to be withdrawn; say so where it was."""
    now = db.utc_now()
    article = article_at(slug, now=now)
    comment = _own(article, comment_id)
    if comment.state != CommentState.WITHDRAWN and not editing.may_change(comment, now=now):
        return _too_late(article, comment)
    page = render_template(
        "comment_withdrawal.html", article=article, comment=comment, button=_button(comment_id)
    )
    return make_response(page)


@public.post(_WITHDRAWAL)
@limits.posts("withdrawal")
def withdraw(slug: str, comment_id: int) -> AnyResponse:
    """Withdraw a comment; pressed twice it is withdrawn once."""
    now = db.utc_now()
    article = article_at(slug, now=now)
    comment = _own(article, comment_id)
    if comment.state != CommentState.WITHDRAWN:
        if not editing.may_change(comment, now=now):
            return _too_late(article, comment)
        if not _button(comment_id).validate():
            words = "This page was open for too long. Please go back, reload it and press again."
            raise Invalid({"form_token": words})
        with db.writing():
            editing.withdraw(comment_id, now=now)
    return redirect(urls.withdrawal(slug, comment_id), 303)
