"""One enquiry: what was written, what happened to it, and what the clinic says about it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlencode

from flask import Response, make_response, redirect, request
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


def _page(enquiry: Enquiry, form: NoteForm, *, problem: str = "") -> Response:
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
        held=_held(enquiry, now=now),
        problem=problem,
        failed=_failed(enquiry) if may_retry else [],
        fields=inbox.fields_of(choice),
        query=urlencode(inbox.fields_of(choice)),
        back=inbox.link(choice),
        done=inbox.done(request.args.get("done", "")),
    )


def _held(enquiry: Enquiry, *, now: datetime) -> list[tuple[int, str]]:
    """List the replies that have not left, with what to say of each."""
    found = []
    for event in enquiry.events:
        if event.mail and event.is_held:
            whose = f"{event.by.name}’s" if event.by and event.by_id != user().id else "Your"
            when = "goes out in a minute" if event.mail.due_at > now else "waits to go out"
            found.append((event.id, f"{whose} reply to {event.mail.recipient} {when}."))
    return found


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
    return back_to(_path(reference), sentence)


def _path(reference: str, page: str = "", **more: int) -> str:
    """Path of a page about an enquiry, from which one gets back to the list it was opened from."""
    choice = inbox.choice_of(request.form)
    return inbox.link(choice, f"{urls.enquiry(reference.upper())}{page}", **more)


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
        _begin(enquiry, form)
        return _reply_page(enquiry, form)
    if not form.validate():
        return make_response(_reply_page(enquiry, form), 422)
    try:
        _reply(reference, form)
    except Conflict as error:
        return _ask_again(reference, form, error.message)
    # The page itself says that it waits, and how to take it back.
    return redirect(_path(reference), 303)


def _begin(enquiry: Enquiry, form: EnquiryReplyForm) -> None:
    """Fill in a reply that is begun, or one that was taken back."""
    form.subject.data, form.seen.data = replies.subject_of(enquiry), enquiry.mark
    written = replies.draft(enquiry, request.args.get("draft", 0, type=urls.row_id))
    if written and written.draft:
        form.message.data = written.words
        form.subject.data = written.draft["subject"]
        form.quote.data = written.draft["is_quoting"]


@admin.post(f"/enquiries/<reference>/replies/<{urls.ROW}:event_id>/return")
def take_back_reply(reference: str, event_id: int) -> AnyResponse:
    """Take back a reply that has not left, and go on writing it."""
    by = require(Action.READ_ENQUIRIES)
    try:
        with db.writing():
            enquiry = answering.one_locked(reference)
            replies.take_back(enquiry, event_id, by=by, now=db.utc_now())
    except Conflict as error:
        page = _page(_enquiry(reference), NoteForm(formdata=None), problem=error.message)
        return make_response(page, 409)
    path = _path(reference, "/reply", draft=event_id)
    return back_to(path, "The reply is taken back, and nothing was sent. You can go on writing.")


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
