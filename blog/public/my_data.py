"""Where somebody sees, takes with her and erases what is kept under her address.

She is known by a link that was mailed to it. Opening the link changes nothing, since mail scanners
do, and what is answered to who asks for one is the same for every address.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from blog import db, limits, urls
from blog.comments import trust
from blog.errors import Busy, Conflict, NotFound
from blog.forms import button, pressed
from blog.forms.my_data import AddressForm
from blog.privacy import collecting, erasing, receipts, requests
from blog.public.surface import asked, for_anybody, forget_trust, public, trust_hash

PURPOSE = "my-data"
# The worker does what is left of a long erasure.
ERASED_WITHIN_SECONDS = 3.0
_FILES = {
    "json": ("application/json", collecting.as_json),
    "html": ("text/html; charset=utf-8", collecting.as_html),
}


def _form() -> AddressForm:
    return AddressForm(meta={"csrf_context": PURPOSE})


@public.get(urls.ASK_FOR_DATA)
def show_address_form() -> Response:
    """Ask whose data it is about."""
    return for_anybody(render_template("my_data_ask.html", form=_form()))


@public.post(urls.ASK_FOR_DATA)
@limits.limiter.limit(limits.FORGOTTEN)
def ask_for_data() -> AnyResponse:
    """Let a link be mailed, if anything is kept under the address."""
    form = _form()
    if not form.validate():
        return make_response(render_template("my_data_ask.html", form=form), 422)
    # What fills in a field that nobody sees is no person.
    if not form.note.data:
        with db.writing():
            requests.ask(form.email.data, now=db.utc_now())
    return redirect(f"{urls.ASK_FOR_DATA}/asked", 303)


@public.get(f"{urls.ASK_FOR_DATA}/asked")
def show_asked() -> Response:
    """Say that a link is on its way, to whomever."""
    return make_response(render_template("my_data_asked.html"))


@public.get(urls.my_data())
def show_data() -> AnyResponse:
    """Show what is kept of who holds a link."""
    return _data(asked("token"), now=db.utc_now())


def _data(link: str, *, now: datetime, is_unsure: bool = False) -> AnyResponse:
    email = requests.opened(link, now=now)
    if email is None:
        return _ended()
    page = render_template(
        "my_data.html",
        email=email,
        link=link,
        plan=erasing.plan(email),
        form=button(f"{PURPOSE}:{link}"),
        is_unsure=is_unsure,
    )
    return make_response(page, 422 if is_unsure else 200)


def _ended() -> AnyResponse:
    return make_response(render_template("my_data_ended.html"), 410)


def _pressed() -> str:
    """Return the link that the pressed button of its page was for."""
    link = request.form.get("token", "")
    pressed(f"{PURPOSE}:{link}")
    return link


@public.post(urls.DATA_FILE)
@limits.limiter.limit(limits.LINKS)
def take_data() -> AnyResponse:
    """Hand somebody's data out, as a page or for a program."""
    link, kind, now = _pressed(), request.form.get("kind", ""), db.utc_now()
    email = requests.opened(link, now=now)
    if email is None:
        return _ended()
    if kind not in _FILES:
        raise NotFound("There is no such file of your data.")
    content_type, write = _FILES[kind]
    response = make_response(write(collecting.of(email, now=now)))
    response.content_type = content_type
    response.headers["Content-Disposition"] = f'attachment; filename="my-data.{kind}"'
    return response


@public.post(urls.DATA_ERASURE)
@limits.limiter.limit(limits.LINKS)
def erase_data() -> AnyResponse:
    """Erase somebody's data, once she ticked that she is sure."""
    link, now = _pressed(), db.utc_now()
    if "sure" not in request.form:
        return _data(link, now=now, is_unsure=True)
    with db.writing():
        email = requests.use(link, now=now)
        verb = erasing.ERASED_OWN
        reference = erasing.begin(email, verb=verb, now=now).reference if email else ""
    if not reference:
        return _ended()
    # From here on it is done by the worker, whatever keeps it from being done at once.
    with suppress(Busy, Conflict):
        erasing.go_on(reference, now=now, seconds=ERASED_WITHIN_SECONDS)
    response = redirect(urls.receipt(reference), 303)
    if trust.holder(trust_hash()) is None:
        forget_trust(response)
    return response


@public.get(urls.receipt("<reference>"))
def show_receipt(reference: str) -> Response:
    """Show the receipt of an erasure, which says nothing of whom it was about."""
    receipt = receipts.by_reference(reference)
    if receipt is None:
        raise NotFound("There is no receipt at this address.")
    return make_response(render_template("my_data_receipt.html", receipt=receipt))
