"""The page on privacy: the clinic's own words, and below them the register as the site is set."""

from __future__ import annotations

from flask import Response, render_template

from blog import articles
from blog.privacy import register
from blog.public.surface import for_anybody, public


@public.get("/privacy")
def show_privacy() -> Response:
    """Show what is kept of people; the list stands there though the clinic wrote no page."""
    page = articles.page("privacy")
    return for_anybody(render_template("privacy.html", page=page, kept=register.shown()))
