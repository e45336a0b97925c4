"""What in a text may tell spam from a reader: words as they look, pairs, letters, sites, shape.

Pure. A sign is counted under numbers that don't say what it was; the words shown as reasons come
from the text at hand. Names of people are no signs: what somebody is called proves nothing.

Source: Weinberger et al. 2009, "Feature hashing for large scale multitask learning".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from blog import spam
from blog.comments import likeness

BUCKETS = 1 << 16
# No text takes long: of a long one, its beginning and its end are looked at.
END_CHARS = 750
_GRAM_CHARS = 4
# Longer pieces are cut, and not remembered.
_WORD_CHARS = 40
_MARK_CHARS = 3
# Letters set apart to hide a word: one sign between each two.
_SPACED = re.compile(r"(?<!\w)(?:\w[^\w\n]){2,}\w(?!\w)")
# A word, with signs that may stand for a letter or take no room; or what stands between words.
_PIECE = re.compile(r"[\w@$|\u00ad\u200b-\u200d\u2060]+|[^\w\s@$|\u00ad\u200b-\u200d\u2060]+")
_NUMBER = re.compile(r"\D?\d+\D{0,2}")
_NEVER_SHOWN = frozenset(("http", "https", "www"))
_DIGITS = re.compile(r"\d+")
_SITE = re.compile(r"(?:https?://)?(?:www\.)?([^\s/?#:]*)", re.I)
# Each with the least number it is said of, from the highest; what has no words is never named.
_CAPITALS = ((50, "mostly capitals"), (15, "many capitals"), (0.1, ""), (0, "no capitals"))
_LENGTHS = ((80, "long"), (25, ""), (8, "short"), (0, "very short"))
_LINKS = ((2, "several links"), (1, "1 link"), (0, "no links"))


class Sign(NamedTuple):
    """One thing that speaks for or against a text.

    `buckets` are where it counts, its own first; `parts` are the own ones of a pair's two words.
    What has nothing to show is never named as a reason.
    """

    name: str
    shown: str
    buckets: tuple[int, ...]
    parts: tuple[int, ...] = ()


def of(text: str) -> list[Sign]:
    """List the signs of a text, each once, no bucket twice."""
    links = spam.addresses_in(text)
    if len(text) > 2 * END_CHARS:
        text = f"{text[:END_CHARS]} {text[-END_CHARS:]}"
    spelled = list(_spelled(text))
    found = [*_shape(text, len(spelled), len(links)), *_sites(links), *_words(spelled)]
    taken: set[int] = set()
    return [_apart(sign, taken) for sign in found]


def _apart(sign: Sign, taken: set[int]) -> Sign:
    """Leave out where another sign counts already."""
    own, *letters = sign.buckets
    rest = tuple(bucket for bucket in dict.fromkeys(letters) if bucket not in taken)
    taken.update(rest)
    return sign._replace(buckets=(own, *rest))


def bucket(name: str) -> int:
    """Return where a sign counts; the same on every machine, so that a model can be moved."""
    return crc32(name.encode("utf-8", "surrogatepass")) % BUCKETS


def _sign(kind: str, what: str, shown: str) -> Sign:
    name = f"{kind} {what}"
    return Sign(name, shown, (bucket(name),))


def _shape(text: str, words: int, links: int) -> Iterator[Sign]:
    """Tell how a text looks from afar; the first is every text's, and learns how common spam is."""
    yield _sign("any", "text", "")
    upper, letters = sum(map(str.isupper, text)), sum(map(str.isalpha, text))
    for kind, number, levels in (
        ("capitals", 100 * upper / max(letters, 1), _CAPITALS),
        ("length", words, _LENGTHS),
        ("links", links, _LINKS),
    ):
        least, shown = next(level for level in levels if number >= level[0])
        yield _sign(kind, str(least), shown)


def _sites(links: list[str]) -> Iterator[Sign]:
    hosts = (_SITE.match(link) for link in links)
    for host in dict.fromkeys(found[1].lower() for found in hosts if found):
        yield _sign("site", host, host[:_WORD_CHARS])


def _spelled(text: str) -> Iterator[tuple[str, str]]:
    """Give each word as it looks, in turn, with how it is spelled."""
    whole = _SPACED.sub(lambda found: re.sub(r"\W", "", found[0]), text)
    for piece in _PIECE.findall(whole):
        for word in _folded(piece) if len(piece) <= _WORD_CHARS else _fold(piece):
            is_worth_showing = len(word) > 2 and word.isalpha() and word not in _NEVER_SHOWN
            yield word[:_WORD_CHARS], piece[:_WORD_CHARS].lower() if is_worth_showing else ""


def _fold(piece: str) -> tuple[str, ...]:
    """Return the words of a piece as they look; numbers are alike, and so are long rows of marks."""
    if _NUMBER.fullmatch(piece):
        return (_DIGITS.sub("0", piece.casefold()),)
    return tuple(likeness.words(piece)) or (piece[:_MARK_CHARS],)


_folded = lru_cache(maxsize=8192)(_fold)


def _words(spelled: list[tuple[str, str]]) -> Iterator[Sign]:
    """Give each word with the letters in and around it, then each pair."""
    own: dict[str, list[int]] = {}
    shown: dict[str, str] = {}
    listed = [word for word, _ in spelled]
    running, at = f" {' '.join(listed)}   ", 0
    for word, piece in spelled:
        shown.setdefault(word, piece)
        buckets = own.setdefault(word, [bucket(f"word {word}")])
        # A run of letters belongs to the word its second letter is of.
        runs = (running[start : start + _GRAM_CHARS] for start in range(at, at + len(word) + 1))
        buckets += [bucket(f"letters {run}") for run in runs]
        at += len(word) + 1
    for word, buckets in own.items():
        yield Sign(f"word {word}", shown[word], tuple(buckets))
    for one, two in dict.fromkeys(pairwise(listed)):
        name = f"pair {one} {two}"
        both = f"{shown[one]} {shown[two]}" if shown[one] and shown[two] else ""
        yield Sign(name, both, (bucket(name),), (own[one][0], own[two][0]))
