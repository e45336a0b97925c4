"""Plain text with some places marked: escaped first, so that the marks are all the HTML there is."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """Mark places in a plain text; they come in order and apart from one another."""
    pieces, done = [], 0
    for start, end in spans:
        pieces += [escape(text[done:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        done = end
    return Markup().join([*pieces, escape(text[done:])])
