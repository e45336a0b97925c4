"""The form by which somebody asks for what is kept under her address."""

from __future__ import annotations

from blog import accounts
from blog.forms import PublicForm, address, line_field


class AddressForm(PublicForm):
    """An address, whose owner alone is answered."""

    email = line_field(
        "Your email address",
        accounts.EMAIL_MAX_CHARS,
        address,
        needed="Please give your email address.",
    )
