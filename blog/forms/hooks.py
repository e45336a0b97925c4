"""The form of a webhook: what it is called, where it goes, and what it is told of."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import Field, SelectChoice, SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput

from blog import config, webhooks
from blog.errors import Invalid
from blog.forms import line_field
from blog.webhooks import places


class WebhookForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """An endpoint; all that is wrong with it is said at once."""

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

    def validate_url(self, field: Field) -> None:
        """Refuse an address that no webhook goes to.

        Raises: ValidationError.
        """
        try:
            places.read(field.data, named=config.current().webhook_hosts)
        except Invalid as error:
            raise ValidationError(error.fields["url"]) from None

    def validate_events(self, field: Field) -> None:
        """Refuse an endpoint that is told of nothing.

        Raises: ValidationError.
        """
        if not field.data:
            raise ValidationError(webhooks.NOTHING_CHOSEN)
