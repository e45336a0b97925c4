"""The form of a webhook: what it is called, where it goes, and what it is told of."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectChoice, SelectMultipleField
from wtforms.widgets import CheckboxInput

from blog import webhooks
from blog.forms import line_field


class WebhookForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """An endpoint; whether it can be is for its verbs to say."""

    label = line_field(
        "Label",
        webhooks.LABEL_MAX_CHARS,
        needed="Please give a label, by which you will know the endpoint again.",
    )
    url = line_field("Address", webhooks.URL_MAX_CHARS, needed="Please give the address.")
    events = SelectMultipleField(
        "What it is told of",
        option_widget=CheckboxInput(),
        validate_choice=False,
        choices=[SelectChoice(event.value, words) for event, words in webhooks.WORDS.items()],
    )
