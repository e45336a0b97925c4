"""The contact page: an enquiry is taken, and its sender thanked.

Whatever goes wrong, the answer holds what was typed.
"""

from __future__ import annotations

from flask import Response, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from blog import articles, config, content, db, enquiries, forms, limits, templating, tokens
from blog.articles import Article
from blog.comments import advice, rules
from blog.enquiries import Enquiry, arrival, hints
from blog.errors import NotFound
from blog.forms.contact import CONTACT, ContactForm, CorrectionForm
from blog.public.surface import READER_REMEMBERED, asked, for_anybody, public

THANKS = "thanks"
# Whether somebody said that what looks mistyped is right.
_KEPT = "kept"


@public.get("/contact/token")
def show_contact_token() -> Response:
    """Give the script a token for a form that was touched just now."""
    return jsonify(token=forms.issue_token(CONTACT, forms.TOUCHED, now=db.utc_now()))


@public.get("/contact")
def show_contact() -> Response:
    """Show the form for an enquiry, naming the article it is about."""
    if config.frozen():
        return for_anybody(render_template("contact_elsewhere.html"))
    form = _contact_form()
    form.about.data = asked("about")[:100]
    form.agreed.data = arrival.digest(form.wording)
    about = _about(form)
    if about is not None:
        form.topic.data = _topic_of(about, form)
    is_named = about is not None and asked("about") == about.id
    page = render_template("contact.html", form=form, about=about)
    return for_anybody(page, query=("about",) if is_named else ())


@public.post("/contact")
@limits.posts("enquiry")
def post_enquiry() -> AnyResponse:
    """Take an enquiry."""
    form = _contact_form()
    about = _about(form)
    if not form.validate():
        return make_response(render_template("contact.html", form=form, about=about), 422)
    now = db.utc_now()
    told = advice.about(name=form.name.data, email=form.email.data, text=form.message.data, now=now)
    message, site, client = form.message_about(about), templating.site(), limits.client()
    with db.writing():
        reference = arrival.submit(
            message, site=site, verdict=form.verdict(told), address_hash=client, now=now
        ).reference
        rules.count(told.rule_ids, now=now)
    token = tokens.issue(config.current().secret_key, THANKS, reference, now=now)
    return redirect(f"/contact/thanks?enquiry={token}", 303)


@public.get("/contact/thanks")
def show_thanks() -> Response:
    """Thank for an enquiry and name its reference, to who holds the link alone."""
    enquiry = _own_enquiry()
    likely = hints.likely_address(enquiry.email)
    form = _correction_form(enquiry)
    form.email.data, form.phone.data = likely or enquiry.email, enquiry.phone_typed
    may_be_wrong = likely is not None or not enquiry.is_phone_known
    is_open = db.utc_now() <= enquiry.created_at + arrival.CORRECTED_WITHIN
    is_asked = may_be_wrong and is_open and not asked(_KEPT)
    return make_response(_thanks(enquiry, form if is_asked else None))


def _thanks(enquiry: Enquiry, form: CorrectionForm | None) -> str:
    likely = hints.likely_address(enquiry.email)
    return render_template(
        "thanks.html", enquiry=enquiry, form=form, likely_email=likely, token=asked("enquiry")
    )


@public.post("/contact/thanks")
@limits.limiter.limit(limits.POSTS)
def correct_enquiry() -> AnyResponse:
    """Take the address or the number that was meant."""
    now = db.utc_now()
    enquiry = _own_enquiry()
    if _KEPT in request.form:
        return redirect(f"{request.full_path}&{_KEPT}=1", 303)
    form = _correction_form(enquiry)
    if not form.validate():
        return make_response(_thanks(enquiry, form), 422)
    with db.writing():
        enquiry = _own_enquiry(to_change=True)
        arrival.correct(
            enquiry,
            email=form.email.data,
            phone=form.number,
            phone_typed=form.phone.data,
            site=templating.site(),
            now=now,
        )
    return redirect(request.full_path, 303)


def _correction_form(enquiry: Enquiry) -> CorrectionForm:
    form = CorrectionForm(meta={"csrf_context": f"correction:{enquiry.reference}"})
    form.country = content.country_of(templating.site().language)
    return form


def _own_enquiry(*, to_change: bool = False) -> Enquiry:
    token = tokens.read(
        config.current().secret_key,
        THANKS,
        asked("enquiry"),
        now=db.utc_now(),
        max_age=READER_REMEMBERED,
    )
    enquiry = enquiries.by_reference(token.subject, to_change=to_change) if token else None
    if enquiry is None:
        raise NotFound("There is no enquiry at this address.")
    return enquiry


def _contact_form() -> ContactForm:
    form = ContactForm(meta={"csrf_context": CONTACT})
    form.fit(templating.site())
    return form


def _about(form: ContactForm) -> Article | None:
    """Return the article an enquiry is about; a name that is none is left out."""
    return articles.public_by_id(form.about.data or "", now=db.utc_now())


def _topic_of(article: Article, form: ContactForm) -> str | None:
    """Return the topic on the form's list that an article's title names."""
    title = content.slugify(article.title)
    named = (topic for topic, _ in form.topic.choices if topic and content.slugify(topic) in title)
    return next(named, None)
