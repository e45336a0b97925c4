"""Programs that write to the clinic: the form's checks, judgement and limits, in other clothes."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, request

from blog import articles, db, forms, limits, once, schemas, templating
from blog.api import answers, bodies
from blog.api.surface import does
from blog.comments import advice, rules
from blog.enquiries import arrival
from blog.errors import Invalid
from blog.forms.contact import CONTACT, ContactForm

_TAG = "Enquiries"
_SENSITIVE = (
    "Your message seems to hold medical details, which needn’t be written here. Leave them out, or"
    " send it anyway."
)


@does(
    "GET",
    "/enquiries/token",
    tag=_TAG,
    gives=schemas.FormTokenOut,
    example="/enquiries/token",
)
def show_enquiry_token() -> Response:
    """Fetch a token for a form that somebody began to fill in just now.

    Fetch it when she begins, not when she sends: how long she took tells people from programs. It
    goes with the enquiry as `token` for two days.
    """
    token = forms.issue_token(CONTACT, forms.TOUCHED, now=db.utc_now())
    return answers.taken(schemas.FormTokenOut(token=token))


@does(
    "POST",
    "/enquiries",
    tag=_TAG,
    takes=schemas.EnquiryIn,
    gives=schemas.TakenEnquiry,
    status=202,
    headers=("Idempotency-Key",),
    counts_as="enquiry",
    example="/enquiries",
)
def post_enquiry(sent: schemas.EnquiryIn) -> Response:
    """Send a message to the clinic.

    It is stored before the answer, and mailed until it arrives. Under the same `Idempotency-Key`
    it is taken once. A message that seems to hold medical details is refused once, as `sensitive`:
    ask its writer, and send it with `anyway`.
    """
    now, client = db.utc_now(), limits.client()
    sending = once.sending("enquiry", request.remote_addr or "", bodies.key(), request.get_data())
    made = sending.made_before(now=now)
    if made is None:
        form, site = _checked(sent), templating.site()
        about = articles.public_by_id(sent.about, now=now)
        typed = {"name": form.name.data, "email": form.email.data, "text": form.message.data}
        told = advice.about(**typed, now=now)
        message, verdict = form.message_about(about), form.verdict(told)

        def store() -> str:
            rules.count(told.rule_ids, now=now)
            given: dict[str, Any] = {"site": site, "verdict": verdict, "address_hash": client}
            return arrival.submit(message, **given, now=now).reference

        with db.writing():
            made = sending.make(store, now=now)
    return answers.taken(schemas.TakenEnquiry(reference=made), 202)


def _checked(sent: schemas.EnquiryIn) -> ContactForm:
    """Check a message as the form for people does.

    Raises: Invalid naming each wrong field, or saying that it had better not be sent like this.
    """
    typed: dict[str, Any] = msgspec.to_builtins(sent)
    site = templating.site()
    agreed = arrival.digest(sent.consent_text or site.contact_consent)
    told = {name: value for name, value in typed.items() if value not in (True, False)}
    told |= {"consent": "y", "agreed": agreed} | ({"anyway": "y"} if sent.anyway else {})
    form = bodies.filled(ContactForm, CONTACT, told, sent.token)
    form.fit(site)
    bodies.check(form, {"consent": "consent_text"})
    if form.noticed and not sent.anyway:
        raise Invalid({"message": _SENSITIVE}, code="sensitive")
    return form
