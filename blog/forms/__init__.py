"""The forms of all surfaces. Limits come from the modules that own the thing.

Public forms carry a token that is signed and stateless, so that a cached page can hold it and
no reader gets a cookie for looking. Forms behind the sign-in use Flask-WTF's own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.csrf.core import CSRF, CSRFTokenField
from wtforms.validators import DataRequired, Length, Optional, StopValidation, ValidationError

from blog import accounts, comments, config, db, markup, tokens, urls
from blog.comments import rules
from blog.comments.rules import RuleKind
from blog.errors import Invalid, MailError
from blog.outbox.checks import plain_address
from blog.spam import Answer

TOKEN_LIVES = timedelta(hours=48)
PAGE_KEPT = "page"
TOUCHED = "touched"

# A longer one would take long to read as a number.
_DAYS_MAX_DIGITS = 9
# They count as letters or symbols, and show nothing.
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
# From here on nothing is ever shown.
_TAGS = "\U000e0000"


def commenting(article_id: str) -> str:
    """Return what the form for comments on an article is for, to its token."""
    return f"comment:{article_id}"


def issue_token(purpose: str, kind: str, *, now: datetime) -> str:
    """Sign a token for one form: `page` is printed into it, `touched` is fetched by the script."""
    return tokens.issue(config.current().secret_key, f"form:{purpose}", kind, now=now)


class LateToken(CSRFTokenField):  # type: ignore[misc]  # the library is untyped
    """A field whose token is signed where it is shown; most forms that are sent are never shown."""

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Take what was sent, and no more."""
        HiddenField.process(self, *args, **kwargs)

    def _value(self) -> str:
        return str(self.csrf_impl.generate_csrf_token(self))


class SignedToken(CSRF):  # type: ignore[misc]  # the library is untyped
    """A form token that needs no cookie; cross-site posts are refused by their headers too."""

    field_class = LateToken

    def setup_form(self, form: Any) -> Any:
        """Learn what the form is for, as `article-comment:<article id>`."""
        self.purpose = str(form.meta.csrf_context)
        return super().setup_form(form)

    def generate_csrf_token(self, csrf_token_field: CSRFTokenField) -> str:
        """Make the token that a page carries."""
        return issue_token(self.purpose, PAGE_KEPT, now=db.utc_now())

    def validate_csrf_token(self, form: Any, field: CSRFTokenField) -> None:
        """Accept only this form's tokens, for two days."""
        token = tokens.read(
            config.current().secret_key,
            f"form:{self.purpose}",
            field.data or "",
            now=db.utc_now(),
            max_age=TOKEN_LIVES,
        )
        if token is None:
            raise ValidationError(
                "This page was open for too long. Nothing you wrote is lost: please send it again."
            )
        field.touched_for = token.age if token.subject == TOUCHED else None


class ButtonForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """A form of readers and visitors: a token, and nothing to fill in."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # the library is untyped
        """Use our token instead of one that needs a cookie."""

        csrf_class = SignedToken
        csrf_field_name = "form_token"


def button(purpose: str) -> ButtonForm:
    """Make the form of a button, whose token is for this purpose alone."""
    return ButtonForm(meta={"csrf_context": purpose})


def pressed(purpose: str) -> str:
    """Return the token of the button that was pressed.

    Raises: Invalid where the page isn't ours or was open for days.
    """
    form = button(purpose)
    if not form.validate():
        words = "This page was open for too long. Please go back, reload it and press again."
        raise Invalid({"form_token": words})
    return str(form.form_token.data)


class PublicForm(ButtonForm):
    """What the forms that readers and visitors fill in have in common: a trap."""

    note = StringField("Leave this empty", filters=[lambda text: (text or "")[:100]])

    @property
    def touched_for(self) -> timedelta | None:
        """How long before it was sent the form was first touched; None where no script told."""
        return getattr(self["form_token"], "touched_for", None) if "form_token" in self else None


def stripped(text: str | None) -> str:
    """Leave out the spaces around a text."""
    return (text or "").strip()


def _newlines(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def one_line(form: Any, field: Field) -> None:
    """Refuse control characters, which could reach a mail's header."""
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in field.data or ""):
        raise StopValidation("Please leave out line breaks and control characters.")


def plain_characters(form: Any, field: Field) -> None:
    """Refuse control characters but for line breaks and tabs."""
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in field.data or ""):
        raise StopValidation("Please leave out control characters.")


def visible(form: Any, field: Field) -> None:
    """Refuse what looks empty though it isn't: spaces and invisible characters alone."""
    if not any(_is_visible(char) for char in field.data):
        raise StopValidation("Please write something that can be seen.")


def _is_visible(char: str) -> bool:
    category = unicodedata.category(char)
    # What this Python doesn't know yet may be a new emoji.
    is_new = category == "Cn" and char < _TAGS
    return (category[0] in "LNPS" and char not in _FILLERS) or is_new


def address(form: Any, field: Field) -> None:
    """Accept exactly one email address; no server is asked whether it exists."""
    try:
        found = validate_email(field.data, check_deliverability=False, test_environment=True)
        plain_address(found.normalized)
    except (EmailNotValidError, MailError):
        raise StopValidation("Please give one email address, like name@example.org.") from None
    field.data = found.normalized


def at_most(max_chars: int) -> Callable[[Any, Field], None]:
    """Refuse a longer text."""

    def check(form: Any, field: Field) -> None:
        # Stops, since what follows may take long over a long text.
        if len(field.data) > max_chars:
            raise StopValidation(f"Please use at most {max_chars:,} characters.")

    return check


def required(sentence: str) -> DataRequired:
    """Refuse what is left out, with a sentence of its own."""
    return DataRequired(message=sentence)


def line_field(
    label: str, max_chars: int, *checks: Callable[[Any, Field], None], needed: str = ""
) -> Field:
    """One line of text; it may be left out where no sentence says that it is needed."""
    first = [required(needed), one_line, visible] if needed else [Optional(), one_line]
    return StringField(label, filters=[stripped], validators=[*first, at_most(max_chars), *checks])


def text_field(label: str, max_chars: int, *, needed: str = "") -> Field:
    """A text of several lines; it may be left out where no sentence says that it is needed."""
    first = [required(needed), plain_characters, visible] if needed else [plain_characters]
    return TextAreaField(label, filters=[_newlines], validators=[*first, at_most(max_chars)])


class CommentForm(PublicForm):
    """A comment or a reply."""

    name = line_field(
        "Your name",
        comments.NAME_MAX_CHARS,
        needed="Please give a name. It needn’t be your full one.",
    )
    email = line_field("Email", comments.EMAIL_MAX_CHARS, address)
    body = text_field("Comment", markup.COMMENT_MAX_CHARS, needed="Please write your comment.")
    follow = BooleanField("Tell me about replies by email")
    parent = HiddenField(filters=[stripped])

    def validate(self, extra_validators: Any = None) -> bool:
        """Check every field, and that there is an address for what is to be mailed."""
        is_valid: bool = super().validate(extra_validators)
        if self.follow.data and not self.email.data:
            sentence = "Please give your email address, or leave out the mails about replies."
            self.email.errors = [*self.email.errors, sentence]
            return False
        return is_valid

    @property
    def parent_id(self) -> int | None:
        """The comment answered; 0, which no comment has, where what came is no number."""
        if not self.parent.data:
            return None
        try:
            return urls.row_id(self.parent.data)
        except ValueError:
            return 0


class EditForm(PublicForm):
    """What a comment is to say from now on."""

    body = text_field("Comment", markup.COMMENT_MAX_CHARS, needed="Please write your comment.")


class SignInForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """Address and password."""

    email = StringField(
        "Email",
        filters=[stripped],
        validators=[
            required("Please give your email address."),
            at_most(accounts.EMAIL_MAX_CHARS),
        ],
    )
    password = PasswordField(
        "Password",
        validators=[required("Please give your password."), at_most(accounts.PASSWORD_MAX_CHARS)],
    )
    next = HiddenField()


class SetUpForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """The first account."""

    name = line_field(
        "Your name",
        comments.NAME_MAX_CHARS,
        needed="Please give your name, as readers shall see it.",
    )
    email = line_field(
        "Email", accounts.EMAIL_MAX_CHARS, address, needed="Please give your email address."
    )
    password = PasswordField(
        "Password",
        validators=[
            required("Please choose a password."),
            Length(
                min=accounts.PASSWORD_MIN_CHARS,
                message=f"Choose at least {accounts.PASSWORD_MIN_CHARS} characters.",
            ),
            at_most(accounts.PASSWORD_MAX_CHARS),
        ],
    )


class ReplyForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """The author's answer to a comment."""

    body = text_field("Your reply", markup.COMMENT_MAX_CHARS, needed="Please write your reply.")


class RuleForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """A rule for comments."""

    kind = SelectField(
        "What to look for",
        choices=[
            SelectChoice(RuleKind.WORD, "A word, or a few in a row"),
            SelectChoice(RuleKind.DOMAIN, "Links to a domain"),
            SelectChoice(RuleKind.ADDRESS, "An email address"),
        ],
    )
    pattern = line_field(
        "The word, domain or address",
        rules.PATTERN_MAX_CHARS,
        needed="Please write what to look for.",
    )
    answer = SelectField(
        "What happens to such a comment",
        choices=[
            SelectChoice(Answer.HOLD, "It waits for review"),
            SelectChoice(Answer.SPAM, "It goes into spam"),
            SelectChoice(Answer.REJECT, "It is turned away, and its writer is told why"),
        ],
    )
    note = line_field("Why", rules.NOTE_MAX_CHARS)
    days = StringField("Ends after", filters=[stripped])

    def validate_days(self, field: Field) -> None:
        """Accept a whole number of days, or none for ever."""
        if field.data and not (
            field.data.isascii()
            and field.data.isdigit()
            and len(field.data) <= _DAYS_MAX_DIGITS
            and 1 <= int(field.data) <= rules.LIVES_MAX_DAYS
        ):
            raise ValidationError(
                f"Please give a whole number of days, at most {rules.LIVES_MAX_DAYS:,}, or nothing."
            )

    @property
    def lives_days(self) -> int | None:
        """How many days the rule lives; None for ever."""
        return int(self.days.data) if self.days.data else None
