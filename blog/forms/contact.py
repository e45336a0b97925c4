"""The form by which visitors reach the clinic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, Field, HiddenField, SelectChoice, SelectField
from wtforms.validators import ValidationError

from blog import enquiries, spam
from blog.articles import Article
from blog.comments.advice import Advice
from blog.content import Site, country_of
from blog.enquiries import Way, arrival, guard, phones
from blog.enquiries.arrival import Message
from blog.enquiries.letters import About
from blog.forms import PublicForm, address, line_field, required, stripped, text_field

# What its token is for.
CONTACT = "contact"
_NO_TOPIC = "Nothing in particular"
_NO_WAY = "Please give an email address or a phone number, so that we can answer."


def _number(typed: str, country: str | None) -> str:
    """Return a number in E.164; empty where no country is known and it must be taken as it is.

    Raises: ValidationError for what is no number.
    """
    number = phones.e164(typed, country=country)
    if number is None and (country is not None or not phones.looks_like_one(typed)):
        example = phones.example(country)
        raise ValidationError(f"Please give a whole phone number, like {example}.")
    return number or ""


class ReachableForm(PublicForm):
    """How a visitor can be reached; each form that is one has `email` and `phone` in its place.

    `country` is whose numbers are typed without their prefix; it is set before the form is checked.
    """

    country: str | None = None
    # The number in E.164, once it was checked.
    number = ""

    def validate_phone(self, field: Field) -> None:
        """Accept any usual spelling of a number."""
        self.number = _number(field.data, self.country)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check every field, and that there is a way to answer."""
        is_valid: bool = super().validate(extra_validators)
        if not self.email.data and not self.phone.data:
            self.email.errors = [*self.email.errors, _NO_WAY]
            return False
        return is_valid


def _email() -> Field:
    return line_field("Email", enquiries.EMAIL_MAX_CHARS, address)


def _phone() -> Field:
    return line_field("Phone", enquiries.PHONE_MAX_CHARS)


class ContactForm(ReachableForm):
    """An enquiry; `wording` is what is agreed to now, and set before the form is checked."""

    wording = ""
    sensitive_words: Sequence[str] = ()
    # What was found in the message that had better not be sent this way.
    noticed: Sequence[str] = ()
    consent_seen: str | None = None

    name = line_field("Your name", enquiries.NAME_MAX_CHARS, needed="Please give your name.")
    email = _email()
    phone = _phone()
    way = SelectField(
        "How shall we answer?",
        choices=[
            SelectChoice(Way.ANY, "Whichever suits the clinic"),
            SelectChoice(Way.EMAIL, "By email"),
            SelectChoice(Way.CALL, "By a phone call"),
            SelectChoice(Way.TEXT, "By a text message"),
        ],
        default=Way.ANY,
        validate_choice=False,
    )
    time = line_field("When to reach you", enquiries.TIME_MAX_CHARS)
    topic = SelectField("What is it about?", validate_choice=False)
    message = text_field(
        "Message", enquiries.MESSAGE_MAX_CHARS, needed="Please write your message."
    )
    consent = BooleanField("I agree", validators=[required("Please agree, so that we may answer.")])
    about = HiddenField(filters=[stripped])
    # Names the wording that the box stands beside.
    agreed = HiddenField(filters=[stripped])
    anyway = BooleanField()

    def fit(self, site: Site) -> None:
        """Ask what a site wants to know, in its own words; before the form is checked."""
        named = [(topic, topic) for topic in site.contact_topics]
        self.topic.choices = [("", _NO_TOPIC), *named] if named else []
        self.consent.label.text = self.wording = site.contact_consent
        self.country = country_of(site.language)
        self.sensitive_words = site.contact_sensitive_words

    def message_about(self, article: Article | None) -> Message:
        """Return what was typed, once it was checked, about an article where it names one."""
        return Message(
            name=self.name.data,
            email=self.email.data,
            phone=self.number,
            phone_typed=self.phone.data,
            preferred_way=Way(self.way.data),
            preferred_time=self.time.data,
            topic=self.topic.data,
            message=self.message.data,
            consent=self.consent_seen or "",
            about=About(article.id, article.title, article.slug) if article else None,
        )

    def verdict(self, told: Advice) -> spam.Verdict:
        """Judge how it came, and take in what comments taught."""
        submission = spam.Submission(
            text=self.message.data, trap=self.note.data, touched_for=self.touched_for
        )
        return spam.Verdict((*spam.judge(submission, spam.STEPS).reasons, *told.reasons))

    def validate_topic(self, field: Field) -> None:
        """Accept what the site offers, or nothing; it may offer nothing to choose from."""
        offered = [value for value, _ in field.choices]
        if offered and field.data and field.data not in offered:
            raise ValidationError("Please choose what it is about.")
        field.data = field.data if offered and field.data else ""

    def validate_way(self, field: Field) -> None:
        """Accept a way to answer for which there is an address or a number."""
        field.data = field.data or Way.ANY
        if field.data not in list(Way):
            raise ValidationError("Please choose how we shall answer.")
        if field.data == Way.EMAIL and self.phone.data and not self.email.data:
            raise ValidationError("To be answered by email, please give your address.")
        if field.data in (Way.CALL, Way.TEXT) and self.email.data and not self.phone.data:
            raise ValidationError("To be answered on the phone, please give your number.")

    def validate_consent(self, field: Field) -> None:
        """Accept a wording that was agreed to before, though another stands here by now."""
        self.consent_seen = arrival.wording_seen(self.agreed.data, current=self.wording)
        if self.consent_seen is None:
            raise ValidationError("These words have changed since. Please read them and agree.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Check every field, and that nothing is sent unasked that had better not be."""
        is_valid = super().validate(extra_validators)
        # One that is too long would take long.
        if not self.message.errors:
            self.noticed = guard.found(self.message.data, self.sensitive_words)
        is_valid = is_valid and (not self.noticed or self.anyway.data)
        if not is_valid:
            self._show_wording()
        return is_valid

    def _show_wording(self) -> None:
        """Let nobody agree to words that another page showed."""
        if self.agreed.data != arrival.digest(self.wording):
            self.consent.data = False
            self.agreed.data = arrival.digest(self.wording)


class CorrectionForm(ReachableForm):
    """How its sender can be reached after all, once an enquiry has been taken."""

    email = _email()
    phone = _phone()
