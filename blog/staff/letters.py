"""Mails about an account. None is answered or left out: what is done to an account its owner hears.

No words but the site's own stand in them, since whoever holds an account chose its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import render_template

from blog import articles, config, outbox

MAIL = "account"
PASSWORD_MAIL = "password"  # noqa: S105  # the kind of a mail


def send(
    to: str,
    subject: str,
    sentences: Sequence[str],
    *,
    now: datetime,
    kind: str = MAIL,
    button: str = "",
    link: str = "",
) -> None:
    """Queue a mail of a few sentences, with or without a link."""
    site = articles.site()
    words = {"subject": subject, "sentences": sentences, "button": button, "link": link}
    text, html = (
        render_template(f"mail/account.{form}", site=site, **words) for form in ("txt", "html")
    )
    outbox.queue(
        kind=kind,
        sender=config.current().mail_from,
        recipient=to,
        subject=f"{subject} · {site.title}",
        text=text,
        html=html,
        now=now,
    )
