"""The forms of the pages about accounts: passwords, names and addresses."""

from __future__ import annotations

from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    PasswordField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
)
from wtforms.validators import Length, ValidationError
from wtforms.widgets import CheckboxInput

from blog import accounts, comments
from blog.accounts import Role
from blog.forms import address, at_most, line_field, required
from blog.permissions import Scope
from blog.staff import api_tokens

# Of a phone six digits, of paper two times five letters, with whatever somebody puts between.
_CODE_MAX_CHARS = 40
_LIVES = {30: "30 days", 90: "90 days", 365: "A year", 0: "Until I end it"}


def _new_password(label: str) -> Field:
    shortest = accounts.PASSWORD_MIN_CHARS
    return PasswordField(
        label,
        validators=[
            required("Please choose a password."),
            Length(min=shortest, message=f"Choose at least {shortest} characters."),
            at_most(accounts.PASSWORD_MAX_CHARS),
        ],
    )


def _present_password() -> Field:
    return PasswordField(
        "Your present password",
        validators=[
            required("Please give your present password."),
            at_most(accounts.PASSWORD_MAX_CHARS),
        ],
    )


def _email(label: str, needed: str) -> Field:
    return line_field(label, accounts.EMAIL_MAX_CHARS, address, needed=needed)


def _role() -> Field:
    words = {
        Role.ADMIN: "Administrator: everything",
        Role.AUTHOR: "Author: her articles’ comments",
        Role.MODERATOR: "Moderator: all comments",
    }
    return SelectField("Role", choices=[SelectChoice(role, said) for role, said in words.items()])


def _profile() -> Field:
    # Those there are, and the one that somebody has though its file is gone: the verb tells.
    return SelectField("Author profile", validate_choice=False, filters=[lambda said: said or ""])


class ForgottenForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """Whose password is forgotten."""

    email = _email("Email", "Please give your email address.")


class NewPasswordForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """A password chosen by a mailed link."""

    password = _new_password("New password")


class PasswordForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """A password changed by who knows the present one."""

    present = _present_password()
    password = _new_password("New password")
    end_tokens = BooleanField("End my API tokens, too")


class NameForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """The name that readers see beside somebody's replies."""

    name = line_field(
        "Your name",
        comments.NAME_MAX_CHARS,
        needed="Please give your name, as readers shall see it.",
    )


class AddressForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """A new address for an account."""

    email = _email("New email address", "Please give the new address.")
    present = _present_password()


class InviteForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """Somebody who shall have an account."""

    name = line_field(
        "Name", comments.NAME_MAX_CHARS, needed="Please give the name that readers shall see."
    )
    email = _email("Email", "Please give the email address.")
    role = _role()
    author_id = _profile()


class RoleForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """What somebody is here for."""

    role = _role()
    author_id = _profile()


def _code(label: str) -> Field:
    return line_field(label, _CODE_MAX_CHARS, needed="Please give the code.")


class CodeForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """The second step of signing in."""

    code = _code("Code")
    next = HiddenField()


class PresentPasswordForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """What is done with the present password alone."""

    present = _present_password()


class SecondFactorForm(PresentPasswordForm):
    """The first code of a phone, which shows that it knows the secret, with the present password."""

    seed = HiddenField()
    code = _code("The code that the app shows")


class ApiTokenForm(PresentPasswordForm):
    """A token for a program: its label, what it is for and how long, with the password."""

    label = line_field(
        "Label",
        api_tokens.LABEL_MAX_CHARS,
        needed="Please give a label, by which you will know the token again.",
    )
    scopes = SelectMultipleField("What the program may do", option_widget=CheckboxInput())
    lives_days = SelectField(
        "How long",
        coerce=int,
        default=api_tokens.LIVES_DAYS,
        choices=[SelectChoice(days, words) for days, words in _LIVES.items()],
    )

    # Asked for last, as on the page.
    present = _present_password()

    def validate_scopes(self, field: Field) -> None:
        """Refuse a token that is for nothing.

        Raises: ValidationError.
        """
        if not field.data:
            raise ValidationError(api_tokens.NOTHING_CHOSEN)

    def offer(self, scopes: Iterable[Scope]) -> None:
        """Let these be chosen from."""
        self.scopes.choices = [SelectChoice(each, api_tokens.WORDS[each]) for each in scopes]
