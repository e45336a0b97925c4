"""The forms of the pages about accounts: passwords, names and addresses."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, PasswordField, SelectChoice, SelectField
from wtforms.validators import Length

from blog import accounts, comments
from blog.accounts import Role
from blog.forms import address, at_most, line_field, required

# Of a phone six digits, of paper two times five letters, with whatever somebody puts between.
_CODE_MAX_CHARS = 40


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
