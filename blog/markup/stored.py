"""HTML that was stored: given to a page where its policy still holds, else rendered anew."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from markupsafe import Markup, escape

from blog.errors import MarkupError
from blog.markup.articles import render_article
from blog.markup.cleaning import (
    ARTICLE_POLICY,
    COMMENT_POLICY,
    Policy,
    second_wall,
    trusted_article,
    trusted_comment,
)
from blog.markup.comments import SourceFormat, render_comment
from blog.markup.finishing import POLICY

# An address that depends on the page it is on, as a part of the page itself does.
_OF_ITS_PAGE = re.compile("""(?:href|src)="(?!/|https?:|mailto:|tel:)""")


def article_html(source: str, html: str, policy: int) -> Markup:
    """Return an article's HTML for a page; what was made under another policy is not served."""
    stored = trusted_article(html, policy)
    if stored is None:
        try:
            stored = trusted_article(render_article(source).html, ARTICLE_POLICY)
        except MarkupError:
            # What an older version could render must not take its page away.
            return Markup("<pre>{}</pre>").format(escape(source))
    return stored or Markup()


def comment_html(
    source: str, html: str, policy: int, source_format: str = SourceFormat.MARKDOWN
) -> Markup:
    """Return a comment's HTML for a page; what was made under another policy is not served."""
    stored = trusted_comment(html, policy)
    if stored is None:
        stored = trusted_comment(render_comment(source, source_format), COMMENT_POLICY)
    return stored or Markup()


@lru_cache(maxsize=64)
def article_html_elsewhere(html: Markup, site: str, path: str) -> str:
    """Return the HTML of a page at a path for another place; its addresses are absolute there.

    Feeds ask for the same few articles again whenever a page of the site has changed.
    """
    # The second wall resolves addresses itself, so that nothing touches the HTML after it. To make
    # one costs five times what it does, so articles share one where they can.
    if _OF_ITS_PAGE.search(html):
        return second_wall(html, replace(POLICY, base=site + path))
    return second_wall(html, _below(f"{site}/"))


@lru_cache(maxsize=4)
def _below(root: str) -> Policy:
    return replace(POLICY, base=root)
