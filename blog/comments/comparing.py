"""Two versions of a text word by word: what was taken out, what was put in, what stayed.

Pure, and quick whatever the texts are: where too much differs, the middle is one change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum

# Each with the space before it.
_WORD = re.compile(r"\s*\S+|\s+")
# Words of the one times words of the other.
_COMPARED = 100_000


class Change(StrEnum):
    """What became of a part."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


Part = tuple[Change, str]


def compare(old: str, new: str) -> list[Part]:
    """Take two versions apart; all that isn't added is the old one, all that isn't removed the new."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    head = _alike(before, after)
    rest = before[head:], after[head:]
    tail = _alike(*(each[::-1] for each in rest))
    middle = (each[: len(each) - tail] for each in rest)
    found = [
        (Change.SAME, before[:head]),
        *_differing(*middle),
        (Change.SAME, before[len(before) - tail :]),
    ]
    return [(change, "".join(words)) for change, words in found if words]


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many words two texts begin with in common."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))


def _differing(
    before: Sequence[str], after: Sequence[str]
) -> Iterator[tuple[Change, Sequence[str]]]:
    if len(before) * len(after) > _COMPARED:
        yield Change.REMOVED, before
        yield Change.ADDED, after
        return
    steps = SequenceMatcher(None, before, after).get_opcodes()
    for kind, start, end, other_start, other_end in steps:
        if kind == "equal":
            yield Change.SAME, before[start:end]
        else:
            yield Change.REMOVED, before[start:end]
            yield Change.ADDED, after[other_start:other_end]
