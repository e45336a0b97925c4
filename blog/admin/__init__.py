"""The author's pages: sign in, review comments, read enquiries, look after the mail."""

from __future__ import annotations

from blog.admin import (
    account,
    acts,
    api_tokens,
    decisions,
    enquiry,
    entrance,
    forgotten,
    inbox,
    mail,
    overview,
    people,
    pinning,
    previewing,
    previews,
    reporting,
    review,
    rules,
    second_factor,
    settling,
    teaching,
    trusting,
    webhooks,
)
from blog.admin.desk import admin
from blog.admin.mailed import by_mail

__all__ = [
    "account",
    "acts",
    "admin",
    "api_tokens",
    "by_mail",
    "decisions",
    "enquiry",
    "entrance",
    "forgotten",
    "inbox",
    "mail",
    "overview",
    "people",
    "pinning",
    "previewing",
    "previews",
    "reporting",
    "review",
    "rules",
    "second_factor",
    "settling",
    "teaching",
    "trusting",
    "webhooks",
]
