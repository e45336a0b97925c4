"""Finds public articles by their words, and forgives how these are typed.

Every word must be held; where no article does, close words are tried, and then any of them.
How much a search may cost is bounded: its length, its words, and how many articles are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from blog import articles, markup
from blog.articles import Article, fulltext, words
from blog.articles.listing import PAGE_ARTICLES

QUERY_MAX_CHARS = 200
COUNTED_ARTICLES = 200

_MAX_TERMS = 8
# A longer word may have two slips, a shorter one none.
_ONE_SLIP_FROM_CHARS, _TWO_SLIPS_FROM_CHARS = 4, 8
_TRIED = 4
_SHORT_CHARS = 2
_EXCERPT_CHARS, _LEAD_CHARS = 220, 60
_SEARCHED_CHARS = 50_000

_Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Hit:
    """An article that was found, its words marked; the excerpt is empty where its text has none."""

    article: Article
    title: Markup
    summary: Markup
    excerpt: Markup


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Units: `total` is at most COUNTED_ARTICLES; `is_more` tells that there are more, uncounted.
    `instead` is what was searched for where nothing holds the words typed, else empty.
    """

    hits: Sequence[Hit]
    total: int
    is_more: bool
    page: int
    instead: str
    is_every_word: bool

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // PAGE_ARTICLES)


def find(query: str, *, now: datetime, page: int = 1) -> Found:
    """Find public articles that hold every word; failing that, words close to them, or some."""
    typed = _typed(query)
    terms, ids, is_every_word = _matches(typed, now=now)
    on_page = ids[:COUNTED_ARTICLES][(page - 1) * PAGE_ARTICLES : page * PAGE_ARTICLES]
    return Found(
        hits=[_hit(article, terms) for article in articles.in_order(on_page, now=now)],
        total=min(len(ids), COUNTED_ARTICLES),
        is_more=len(ids) > COUNTED_ARTICLES,
        page=page,
        instead=" ".join(terms) if ids and terms != typed else "",
        is_every_word=is_every_word,
    )


def found_ids(query: str, *, now: datetime) -> Sequence[str]:
    """Return the articles that `find` finds, the best first."""
    return _matches(_typed(query), now=now)[1][:COUNTED_ARTICLES]


def _typed(query: str) -> list[str]:
    return list(dict.fromkeys(words.words(query[:QUERY_MAX_CHARS])))[:_MAX_TERMS]


def _matches(typed: list[str], *, now: datetime) -> tuple[list[str], Sequence[str], bool]:
    """Return the words that were looked for in the end, what holds them, and whether all of them."""
    terms, ids, is_every_word = typed, _ids(typed, now=now), True
    if typed and not ids:
        terms = _mended(typed, now=now)
        ids = _ids(terms, now=now)
    if len(terms) > 1 and not ids:
        # Any article holds an "a" or an "of".
        some = [term for term in terms if len(term) > _SHORT_CHARS or not term.isascii()]
        ids, is_every_word = _ids(some, now=now, is_any_enough=True), False
    return terms, ids, is_every_word


def _ids(terms: list[str], *, now: datetime, is_any_enough: bool = False) -> Sequence[str]:
    if not terms:
        return []
    limit = COUNTED_ARTICLES + 1
    return fulltext.ranked(terms, now=now, limit=limit, is_any_enough=is_any_enough)


def _mended(typed: list[str], *, now: datetime) -> list[str]:
    """Put words that are held in place of words that aren't, as far as there are any."""
    mended: list[str] = []
    for term in typed:
        if fulltext.is_held([term], now=now):
            mended.append(term)
        elif mended and fulltext.is_held([mended[-1] + term], now=now):
            # "Micro needling", which others write as one word.
            mended[-1] += term
        else:
            mended.append(next(_close_to(term, now=now), term))
    return list(dict.fromkeys(mended))


def _close_to(term: str, *, now: datetime) -> Iterator[str]:
    """Yield words that public articles hold and that somebody may have meant."""
    slips = (len(term) >= _ONE_SLIP_FROM_CHARS) + (len(term) >= _TWO_SLIPS_FROM_CHARS)
    if not slips or not term.isalpha():
        return
    apart = {word: words.distance(term, word) for word in fulltext.similar(term, slips=slips)}
    close = sorted((word for word in apart if apart[word] <= slips), key=apart.__getitem__)
    # Others may stand in drafts alone, of which nobody shall learn.
    yield from (word for word in close[:_TRIED] if fulltext.is_held([word], now=now))


def _hit(article: Article, terms: list[str]) -> Hit:
    title, summary = (
        markup.marked(text, words.spans(text, terms)) for text in (article.title, article.summary)
    )
    return Hit(article, title, summary, _excerpt(article.text[:_SEARCHED_CHARS], terms))


def _excerpt(text: str, terms: list[str]) -> Markup:
    """Cut out the part of a text that holds most of the words."""
    spans = words.spans(text, terms)
    if not spans:
        return Markup()
    held = [words.fold(text[start:end]) for start, end in spans]
    start = max(range(len(spans)), key=lambda place: len(_held_from(place, spans, held)))
    begin = max(0, spans[start][0] - _LEAD_CHARS)
    # At a word, but for scripts that have no spaces.
    begin = text.find(" ", begin, spans[start][0]) + 1 or begin if begin else 0
    piece = markup.excerpt(text[begin:], _EXCERPT_CHARS)
    lead = "…" if begin else ""
    moved = [(a - begin + len(lead), b - begin + len(lead)) for a, b in spans if a >= begin]
    kept_chars = len(lead + piece.removesuffix("…"))
    return markup.marked(lead + piece, [span for span in moved if span[1] <= kept_chars])


def _held_from(place: int, spans: _Spans, held: list[str]) -> set[str]:
    """Return the different words of an excerpt that begins at one of the places."""
    end = spans[place][0] + _EXCERPT_CHARS - _LEAD_CHARS
    return {
        word for (_, after), word in zip(spans[place:], held[place:], strict=True) if after <= end
    }
