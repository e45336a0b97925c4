"""The form by which readers report a comment."""

from __future__ import annotations

from typing import Any

from wtforms import Field, RadioField, SelectChoice
from wtforms.validators import ValidationError

from blog.comments import reports
from blog.comments.reports import ReportReason
from blog.forms import PublicForm, text_field


class ReportForm(PublicForm):
    """What is wrong with a comment."""

    reason = RadioField(
        "What is wrong with it?",
        choices=[
            SelectChoice(ReportReason.SPAM, "It is spam or advertising"),
            SelectChoice(ReportReason.RUDE, "It is rude or hurtful"),
            SelectChoice(ReportReason.PRIVATE, "It shows somebody’s private details"),
            SelectChoice(ReportReason.WRONG, "Its advice is wrong or dangerous"),
            SelectChoice(ReportReason.OTHER, "Something else"),
        ],
        validate_choice=False,
    )
    details = text_field("In your own words", reports.DETAILS_MAX_CHARS)

    def validate_reason(self, field: Field) -> None:
        """Accept one of the reasons."""
        if field.data not in list(ReportReason):
            raise ValidationError("Please choose what is wrong with it.")

    def validate_note(self, field: Field) -> None:
        """Ask again where the trap was filled in; what is sent twice is no accident of a program."""
        if field.data:
            field.data = ""
            raise ValidationError(
                "A field that nobody sees was filled in, as programs do. It is empty again: please send this once more."
            )

    @property
    def said(self) -> dict[str, Any]:
        """What was chosen and written."""
        return {"reason": ReportReason(self.reason.data), "details": self.details.data}
