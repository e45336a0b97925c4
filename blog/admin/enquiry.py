"""One enquiry: what was written, what happened to it, and what the clinic says about it."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import Response, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, config, db, permissions, templating, urls
from blog.admin import inbox
from blog.admin.desk import admin, back_to, desk, require, user
from blog.admin.timeline import ABOUT, MAILED, timeline
from blog.enquiries import Enquiry, Happening, answering, replies
from blog.enquiries import inbox as queries
from blog.errors import Conflict, Invalid, NotFound
from blog.forms.inbox import EnquiryReplyForm, NoteForm
from blog.outbox import MailState, OutgoingMail
from blog.permissions import Action


@admin.get("/enquiries/<reference>")
def show_enquiry(reference: str) -> Response:
    """Show one enquiry with everything that happened to it."""
    require(Action.READ_ENQUIRIES)
    return _page(_enquiry(reference), NoteForm())


def _page(enquiry: Enquiry, form: NoteForm) -> Response:
    now = db.utc_now()
    choice = inbox.choice_of(request.values)
    may_retry = permissions.may(user(), Action.READ_MAIL)
    (item,) = inbox.items_of([enquiry], now=now)
    article = articles.by_id(enquiry.article_id) if enquiry.article_id else None
    return desk(
        "enquiry.html",
        enquiry=enquiry,
        item=item,
        form=form,
        article_title=article.title if article else "",
        article_url=urls.article(article.slug) if article else None,
        timeline=timeline(enquiry),
        people=answering.people(),
        mailto=_mailto(enquiry),
        failed=_failed(enquiry) if may_retry else [],
        fields=inbox.fields_of(choice),
        query=urlencode(inbox.fields_of(choice)),
        back=inbox.link(choice),
        done=inbox.done(request.args.get("done", "")),
    )


def _failed(enquiry: Enquiry) -> list[tuple[str, OutgoingMail]]:
    """List the mails that could not be delivered, with what each is."""
    later = [(MAILED[Happening(each.kind)], each.mail) for each in enquiry.events if each.mail]
    mails = [(ABOUT, enquiry.mail), *later]
    return [(what, mail) for what, mail in mails if mail and mail.state == MailState.FAILED]


def _mailto(enquiry: Enquiry) -> str:
    """Address of a mail to the visitor in one's own mail program; empty without an address."""
    subject = quote(replies.subject_of(enquiry))
    return f"mailto:{quote(enquiry.email, safe='@')}?subject={subject}" if enquiry.email else ""


def _enquiry(reference: str) -> Enquiry:
    found = queries.whole(reference.upper())
    if found is None:
        raise NotFound("There is no enquiry with this reference.")
    return found


def _back(reference: str, sentence: str) -> AnyResponse:
    """Go back to an enquiry, and from there to the list it was opened from."""
    choice = inbox.choice_of(request.form)
    return back_to(inbox.link(choice, urls.enquiry(reference.upper())), sentence)


@admin.post("/enquiries/<reference>/notes")
def add_note(reference: str) -> AnyResponse:
    """Note something about an enquiry, for the clinic alone."""
    by = require(Action.READ_ENQUIRIES)
    form = NoteForm()
    if not form.validate():
        return make_response(_page(_enquiry(reference), form), 422)
    with db.writing():
        enquiry = answering.one_locked(reference)
        answering.note(enquiry, form.details.data, by=by, now=db.utc_now())
    return _back(reference, "Your note is kept.")


@admin.post(f"/enquiries/<reference>/notes/<{urls.ROW}:event_id>/removal")
def remove_note(reference: str, event_id: int) -> AnyResponse:
    """Remove a note of one's own."""
    by = require(Action.READ_ENQUIRIES)
    with db.writing():
        enquiry = answering.one_locked(reference)
        answering.remove_note(enquiry, event_id, by=by, now=db.utc_now())
    return _back(reference, "Your note is removed.")


@admin.post("/enquiries/<reference>/assignment")
def assign(reference: str) -> AnyResponse:
    """Make an enquiry somebody's to answer, or nobody's."""
    by = require(Action.READ_ENQUIRIES)
    word = request.form.get("person", "")
    to = request.form.get("person", type=urls.row_id)
    if word and to is None:
        raise Invalid({"person": "Please choose somebody from the list."})
    with db.writing():
        answering.assign(answering.one_locked(reference), to, by=by, now=db.utc_now())
    name = answering.people().get(to, "nobody") if to else "nobody"
    return _back(reference, f"It is assigned to {name}.")


@admin.route("/enquiries/<reference>/reply", methods=["GET", "POST"])
def reply_to_enquiry(reference: str) -> AnyResponse:
    """Answer an enquiry by mail."""
    require(Action.READ_ENQUIRIES)
    enquiry = _enquiry(reference)
    form = EnquiryReplyForm()
    if request.method == "GET":
        form.subject.data, form.seen.data = replies.subject_of(enquiry), enquiry.mark
        return _reply_page(enquiry, form)
    if not form.validate():
        return make_response(_reply_page(enquiry, form), 422)
    try:
        _reply(reference, form)
    except Conflict as error:
        return _ask_again(reference, form, error.message)
    return _back(reference, "Your reply is on its way.")


def _reply_page(enquiry: Enquiry, form: EnquiryReplyForm, clash: str = "") -> Response:
    fields = inbox.fields_of(inbox.choice_of(request.values))
    return desk(
        "enquiry_reply.html",
        enquiry=enquiry,
        form=form,
        clash=clash,
        last=answering.last_decision(enquiry) if clash else None,
        fields=fields,
        query=urlencode(fields),
        mailto=_mailto(enquiry),
        clinic_email=config.current().clinic_email,
    )


def _reply(reference: str, form: EnquiryReplyForm) -> None:
    by, site = user(), templating.site()
    with db.writing():
        replies.reply(
            answering.one_locked(reference),
            form.message.data,
            subject=form.subject.data,
            is_quoting=form.quote.data,
            seen=form.seen.data or "",
            site=site,
            by=by,
            now=db.utc_now(),
        )


def _ask_again(reference: str, form: EnquiryReplyForm, sentence: str) -> Response:
    """Keep the draft, and say what somebody else did; sent again it goes."""
    enquiry = _enquiry(reference)
    form.seen.data = enquiry.mark
    return make_response(_reply_page(enquiry, form, clash=sentence), 409)
