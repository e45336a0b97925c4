"""Mails as they look, with made-up words: the text, and the HTML in a frame that may do nothing."""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Response, make_response, render_template

from blog import articles, config, db, security
from blog.admin import samples, sorts
from blog.admin.desk import admin, desk, require
from blog.admin.samples import Sample
from blog.errors import NotFound
from blog.permissions import Action

_STYLE = re.compile(r"<style>(.*?)</style>", re.S)
# Mail programs know no stylesheets but what stands in the mail, so that alone is let through.
_ALONE = (
    "default-src 'none'; style-src {}; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox"
)


@admin.get("/mail/previews")
@admin.get("/mail/previews/<name>")
def show_mail_preview(name: str = "enquiry") -> Response:
    """Show what a mail looks like."""
    require(Action.READ_MAIL)
    sample = _sample(name)
    page = desk(
        "mail_preview.html",
        name=name,
        label=sorts.OF_TEMPLATES[name],
        tabs=sorts.OF_TEMPLATES,
        sample=sample,
        sender=config.current().mail_from,
        text=_rendered(name, "txt", sample),
    )
    page.headers["Content-Security-Policy"] = f"{security.POLICY}; frame-src 'self'"
    return page


@admin.get("/mail/previews/<name>/html")
def show_mail_html(name: str) -> Response:
    """Show the HTML of a mail by itself, for the frame."""
    require(Action.READ_MAIL)
    html = _rendered(name, "html", _sample(name))
    # As a browser reads it: each line end is one character.
    styles = [style.replace("\r\n", "\n").encode() for style in _STYLE.findall(html)]
    hashes = [base64.b64encode(hashlib.sha256(style).digest()).decode() for style in styles]
    page = make_response(html)
    policy = _ALONE.format(" ".join(f"'sha256-{each}'" for each in hashes))
    page.headers["Content-Security-Policy"] = policy
    return page


def _sample(name: str) -> Sample:
    if name not in sorts.OF_TEMPLATES:
        raise NotFound("There is no mail with this name.")
    return samples.of(name, site=articles.site(), now=db.utc_now())


def _rendered(name: str, form: str, sample: Sample) -> str:
    return render_template(f"mail/{name}.{form}", **sample.words)
