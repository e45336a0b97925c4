"""Readers tell what is wrong with a published comment; of any other nothing is told."""

from __future__ import annotations

from flask import make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from blog import comments, db, limits, urls
from blog.articles import Article
from blog.comments import Comment, CommentState, reports
from blog.errors import NotFound
from blog.forms.reporting import ReportForm
from blog.public.surface import article_at, public

_NOT_THERE = "There is no published comment at this address. It may have been taken down meanwhile."


@public.get(f"/articles/<slug>/comments/<{urls.ROW}:comment_id>/report")
def show_report_form(slug: str, comment_id: int) -> AnyResponse:
    """Show a comment, and ask what is wrong with it."""
    article = article_at(slug, now=db.utc_now())
    comment = _published(article, comment_id)
    return make_response(_page(article, comment, _form(comment_id)))


@public.post(f"/articles/<slug>/comments/<{urls.ROW}:comment_id>/report")
@limits.posts("report")
def post_report(slug: str, comment_id: int) -> AnyResponse:
    """Take a report."""
    now = db.utc_now()
    article = article_at(slug, now=now)
    comment, form = _published(article, comment_id), _form(comment_id)
    if not form.validate():
        return make_response(_page(article, comment, form), 422)
    said, client = form.said, limits.client()
    with db.writing():
        # Read again, since it may have been taken down at this moment.
        comments.by_ids([comment_id])
        comment = _published(article, comment_id)
        reports.report(comment, **said, client_hash=client, now=now)
    return redirect(urls.reported(slug), 303)


@public.get("/articles/<slug>/comments/reported")
def show_reported(slug: str) -> AnyResponse:
    """Thank for a report."""
    article = article_at(slug, now=db.utc_now())
    return make_response(render_template("reported.html", article=article))


def _form(comment_id: int) -> ReportForm:
    return ReportForm(meta={"csrf_context": f"report:{comment_id}"})


def _published(article: Article, comment_id: int) -> Comment:
    """Return a comment that everybody can see on an article.

    Raises: NotFound for one that waits, was taken down, is elsewhere or never was, all the same.
    """
    found = comments.by_id(comment_id)
    if found is None or found.article_id != article.id or found.state != CommentState.APPROVED:
        raise NotFound(_NOT_THERE)
    return found


def _page(article: Article, comment: Comment, form: ReportForm) -> str:
    return render_template("report.html", article=article, comment=comment, form=form)
