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
_FILES = {"json": "application/json", "html": "text/html; charset=utf-8"}


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


@public.post(urls.my_data())
@limits.limiter.limit(limits.LINKS)
def take_data() -> AnyResponse:
    """Hand somebody's data out, or erase it."""
    link, what, now = request.form.get("token", ""), request.form.get("what", ""), db.utc_now()
    pressed(f"{PURPOSE}:{link}")
    if what == "erase":
        return (
            _erased(link, now=now)
            if "sure" in request.form
            else _data(link, now=now, is_unsure=True)
        )
    email = requests.opened(link, now=now)
    if email is None:
        return _ended()
    if what not in _FILES:
        raise NotFound("There is no such file of your data.")
    said = collecting.of(email, now=now)
    response = make_response(
        collecting.as_json(said) if what == "json" else collecting.as_html(said)
    )
    response.content_type = _FILES[what]
    response.headers["Content-Disposition"] = f'attachment; filename="my-data.{what}"'
    return response


def _erased(link: str, *, now: datetime) -> AnyResponse:
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
