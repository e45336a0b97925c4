"""What a text and a search have in common: folded words, whatever the script they are written in.

Both kinds of database are given these words and nothing else, so that they find the same. Knows
neither of them.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

# Longer ones are found by their beginning.
WORD_MAX_CHARS = 40
# A word up to this length is spelt with one letter left out, a longer one in threes.
_SHORT_CHARS = 6
_HITS_MAX = 200

# What a text is set in and a keyboard doesn't type.
_TYPED = {"‘": "'", "’": "'", "‐": "-", "‑": "-"}
_KEPT_BELOW = 0x10000
# Marks that stand for vowels are part of a word, though no letters.
_LETTERS: Final = r"\w\u0900-\u0963\u0966-\u109f\u1700-\u1cff\ua800-\uabff"
# Thai, Lao, Burmese, Khmer, Japanese and Chinese are written without spaces between words.
_UNSPACED: Final = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
# The s of "the body's" is no word.
_RUN = re.compile(rf"[{_LETTERS}]+(?<!\w's)")
_PIECE = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")


class _Folding(dict[int, str]):
    """What each character is folded to, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        apart = unicodedata.normalize("NFKD", _TYPED.get(char, char))
        folded = "".join(each for each in apart if not _is_silent(each)).casefold()
        # Bounded, since strangers choose what they search for.
        if code < _KEPT_BELOW:
            self[code] = folded
        return folded


def _is_silent(char: str) -> bool:
    return bool(unicodedata.combining(char)) or unicodedata.category(char) == "Cf"


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Fold case, accents and typographic marks, for search."""
    return text.translate(_FOLDING)


def words(text: str) -> list[str]:
    """Return the folded words of a text; a script without spaces gives each two neighbours."""
    folded = fold(text)
    runs: list[str] = _RUN.findall(folded)
    if _IS_UNSPACED.search(folded):
        runs = [piece for run in runs for piece in _apart(run)]
    return [run[:WORD_MAX_CHARS] for run in runs]


def _apart(run: str) -> Iterator[str]:
    for piece in _PIECE.findall(run):
        is_unspaced = len(piece) > 1 and _IS_UNSPACED.match(piece)
        yield from map("".join, pairwise(piece)) if is_unspaced else [piece]


def spans(text: str, terms: Iterable[str]) -> list[tuple[int, int]]:
    """Find where a text holds some of the words; the last may be the beginning of one.

    Returns: the places in order, apart from one another.
    """
    matches = list(_matches(fold(text), _pattern(list(terms))))
    if not matches:
        return []
    ends = _ends(text)
    found: list[tuple[int, int]] = []
    for start, end in matches:
        first = bisect_right(ends, start)
        # With the accents that follow the last letter.
        after = max(bisect_right(ends, end), bisect_right(ends, end - 1) + 1)
        if found and first <= found[-1][1]:
            first, after = found[-1][0], max(after, found[-1][1])
            found.pop()
        found.append((first, after))
    return found


def _ends(text: str) -> Sequence[int]:
    """Tell where each character ends once it is folded."""
    if all(len(_FOLDING[ord(char)]) == 1 for char in set(text)):
        # As nearly every text has it, and ten times as quick.
        return range(1, len(text) + 1)
    return list(accumulate(len(_FOLDING[ord(char)]) for char in text))


def _pattern(terms: list[str]) -> re.Pattern[str]:
    *others, last = terms
    parts = [_part(term, "") for term in others]
    return re.compile("|".join([*parts, _part(last, f"[{_LETTERS}]*")]))


def _part(term: str, rest: str) -> str:
    if _IS_UNSPACED.match(term):
        return re.escape(term)
    return rf"(?<![{_LETTERS}]){re.escape(term)}{rest}(?![{_LETTERS}])"


def _matches(folded: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    position = 0
    for _ in range(_HITS_MAX):
        match = pattern.search(folded, position)
        if match is None:
            return
        yield match.span()
        # Two neighbours share a character with the next two.
        position = match.start() + 1


def stored_spellings(word: str) -> set[str]:
    """Return by what a word is found again that somebody mistypes."""
    return {word, *(_shorter(word) if len(word) <= _SHORT_CHARS else _threes(word))}


def asked_spellings(word: str) -> set[str]:
    """Return by what to look for the words somebody may have meant."""
    return {word, *_shorter(word), *_threes(word)}


def _shorter(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def _threes(word: str) -> Iterator[str]:
    # A space at either end tells its beginning and end from its middle.
    padded = f" {word} "
    return (padded[place : place + 3] for place in range(len(word)))


def distance(one: str, other: str) -> int:
    """Count the slips that make one word of another: a letter more, less, wrong or swapped."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, wanted in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]
