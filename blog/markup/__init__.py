"""Text to HTML: the only place that turns Markdown into HTML, cleans it, and trusts it.

Articles are Python-Markdown, comments a small part of CommonMark whose cost stays small. Cleaning
comes last, by two walls that share one allow-list; nothing touches the HTML after that. Knows no
database and no request.
"""

from __future__ import annotations

from blog.markup.articles import (
    ARTICLE_MAX_BYTES,
    ARTICLE_MAX_DEPTH,
    RenderedArticle,
    render_article,
)
from blog.markup.cleaning import ARTICLE_POLICY, COMMENT_POLICY, trusted_article, trusted_comment
from blog.markup.comments import (
    COMMENT_MAX_CHARS,
    COMMENT_MAX_LINES,
    SourceFormat,
    render_comment,
)
from blog.markup.finishing import CLASSES, RESERVED_ID_PREFIXES, RESERVED_IDS
from blog.markup.marking import marked
from blog.markup.renderer import ARTICLE_DEADLINE_SECONDS, ArticleRenderer, serve_renderer
from blog.markup.stored import article_html, article_html_elsewhere, comment_html
from blog.markup.survey import Picture, Survey, media_path
from blog.markup.text import Heading, as_markdown, excerpt, normalised, plain_text

__all__ = [
    "ARTICLE_DEADLINE_SECONDS",
    "ARTICLE_MAX_BYTES",
    "ARTICLE_MAX_DEPTH",
    "ARTICLE_POLICY",
    "CLASSES",
    "COMMENT_MAX_CHARS",
    "COMMENT_MAX_LINES",
    "COMMENT_POLICY",
    "RESERVED_IDS",
    "RESERVED_ID_PREFIXES",
    "ArticleRenderer",
    "Heading",
    "Picture",
    "RenderedArticle",
    "SourceFormat",
    "Survey",
    "article_html",
    "article_html_elsewhere",
    "as_markdown",
    "comment_html",
    "excerpt",
    "marked",
    "media_path",
    "normalised",
    "plain_text",
    "render_article",
    "render_comment",
    "serve_renderer",
    "trusted_article",
    "trusted_comment",
]
