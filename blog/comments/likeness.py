"""How alike two names or two texts look to a person, whatever letters they are typed with.

Pure. What is kept of a text can't be turned back into it.

Source: Unicode's table of confusable characters (UTS 39), as the library ships it; Broder 1997,
"On the resemblance and containment of documents", for the sketch.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from heapq import nsmallest
from importlib.resources import files
from itertools import pairwise
from zlib import crc32

SKETCH_MARKS = 24
_WORD = re.compile(r"[^\W_]+")
# Fewer letters by themselves are no word that somebody took apart.
_APART = re.compile("\x01{3,}")
_AROUND = 3
# A longer word is no common one, and must not fill the memory.
_REMEMBERED_CHARS = 30
# Blocks of Unicode that hold letters made from Latin ones, which its table of confusables lacks.
_LATIN = (range(0xC0, 0x2B0), range(0x1D00, 0x1DC0), range(0xA720, 0xA800), range(0x1F150, 0x1F200))
_LATIN_NAME = re.compile(
    r"(?:LATIN (?:SMALL|CAPITAL) LETTER|LATIN LETTER SMALL CAPITAL|REGIONAL INDICATOR SYMBOL LETTER"
    r"|NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER) ([A-Z])(?: WITH .*)?"
)
# What stands for a letter in the writing of those who evade a rule, after Unicode's own table.
_STAND_INS = str.maketrans("0134578@$|", "oleastbasl")
_SAME_SHAPE = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("i", "l"))


def letters(text: str) -> str:
    """Return what a text's letters look like, without case, accents, signs and spaces."""
    return "".join(words(text))


def words(text: str) -> list[str]:
    """Split a text into words of lower-case letters as they look."""
    return folded(parts(text))


def folded(listed: Iterable[str]) -> list[str]:
    """Return parts of a text as they look."""
    return [
        _remembered(part) if len(part) <= _REMEMBERED_CHARS else _with_shapes_joined(part)
        for part in listed
    ]


def parts(text: str) -> list[str]:
    """Split a text into words whose letters are told from others that look the same still."""
    plain = unicodedata.normalize("NFKD", in_ascii(text)).casefold()
    unseen = [char for char in set(plain) if not (char.isspace() or _is_seen(char))]
    table = _STAND_INS | dict.fromkeys(map(ord, unseen)) if unseen else _STAND_INS
    return _WORD.findall(plain.translate(table))


def joined(listed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Join the letters of parts that stand apart, as in `c a s i n o`, where three or more do.

    Returns: each such word as it looks, and with it the few words around it.
    """
    # A character stands for each length: most texts have no such row, and are found so at once.
    for row in _APART.finditer("".join(map(chr, map(len, listed)))):
        start, end = row.span()
        (word,) = folded(["".join(listed[start:end])])
        before, after = listed[max(start - _AROUND, 0) : start], listed[end : end + _AROUND]
        yield word, " ".join([*folded(before), word, *folded(after)])


def in_ascii(text: str) -> str:
    """Put ASCII letters in place of those that only look like them."""
    table = {ord(char): _shapes().get(char, char) for char in set(text) if not char.isascii()}
    return text.translate(table)


def _is_seen(char: str) -> bool:
    """Tell whether a character takes room of its own: no joiner, no accent."""
    return unicodedata.category(char)[0] not in "CM"


def _with_shapes_joined(word: str) -> str:
    for pair, letter in _SAME_SHAPE:
        word = word.replace(pair, letter)
    return word


_remembered = lru_cache(maxsize=4096)(_with_shapes_joined)


@cache
def _shapes() -> dict[str, str]:
    """Map each character that looks like an ASCII letter or two to them; other scripts stay."""
    file = files("confusable_homoglyphs") / "confusables.json"
    looks = json.loads(file.read_text(encoding="utf-8"))
    found = _made_from_latin()
    for char, others in looks.items():
        if len(char) == 1 and not char.isascii():
            plain = [each["c"] for each in others if each["c"].isascii() and each["c"].isalpha()]
            if plain:
                found[char] = plain[0]
    return found


def _made_from_latin() -> dict[str, str]:
    chars = (chr(number) for block in _LATIN for number in block)
    named = ((char, _LATIN_NAME.fullmatch(unicodedata.name(char, ""))) for char in chars)
    return {char: name[1] for char, name in named if name}


def sketch(listed: list[str]) -> bytes:
    """Mark a text by the smallest hashes of its pairs of words; empty for less than two words."""
    pairs = {crc32(f"{first} {second}".encode()) for first, second in pairwise(listed)}
    marks = nsmallest(SKETCH_MARKS, pairs)
    return struct.pack(f">{len(marks)}I", *marks)


def resembles(one: bytes, others: Iterable[bytes], *, share: float) -> bool:
    """Tell whether a text has at least a share of its pairs of words in common with another.

    An estimate from sketches; `share` is above 0 and at most 1.
    """
    own = set(_marks(one))
    return any(_resemblance(own, each) >= share for each in map(_marks, others))


def _resemblance(one: set[int], other: tuple[int, ...]) -> float:
    if one.isdisjoint(other):
        return 0.0
    smallest = sorted(one.union(other))[:SKETCH_MARKS]
    return len(one.intersection(other, smallest)) / len(smallest)


def _marks(sketched: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(sketched) // 4}I", sketched)
