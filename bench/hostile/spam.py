"""How well spam is told from readers, learnt from the author's decisions alone.

On the labelled comments of the tests, and on any public set in the form of the YouTube Spam
Collection (Alberto, Lochter and Almeida 2015, "TubeSpam"): CSV with the columns CONTENT and CLASS.
"""

from __future__ import annotations

import csv
import html
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.machine import CantMeasure
from bench.report import Bound, Row
from blog.comments import likeness, signs
from tests.labelled import SETS, Labelled, labelled, taught

_DECISIONS = 200
_SHUFFLES = 12
_HELD_SHARE = 0.01


def rows(files: Sequence[Path] = ()) -> Iterator[Row]:
    """Learn from as many labelled comments in several orders, and judge the rest, of each set.

    Raises: CantMeasure where a file is no such set.
    """
    sets = {name: labelled(name) for name in SETS} | {file.stem: _read(file) for file in files}
    for name, comments in sets.items():
        shares = [_recognised(comments, f"bench {number}") for number in range(_SHUFFLES)]
        what = f"spam recognised at 1 % of readers held, after {_DECISIONS} decisions ({name})"
        note = f"mean of {_SHUFFLES} orders, {min(shares):.0%} to {max(shares):.0%}"
        share = 100 * sum(shares) / _SHUFFLES
        yield Row(what, share, "%", bound=Bound(90, is_floor=True), note=note)


def _read(file: Path) -> list[Labelled]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            found = [
                (html.unescape(row["CONTENT"]).strip("\ufeff "), row["CLASS"] == "1")
                for row in csv.DictReader(opened)
            ]
    except (OSError, ValueError, KeyError) as error:
        raise CantMeasure(f"{file} has no columns CONTENT and CLASS: {error}.") from error
    if len(found) <= _DECISIONS:
        raise CantMeasure(f"{file} has {len(found)} comments, and {_DECISIONS} are learnt from.")
    return found


def _recognised(comments: Sequence[Labelled], seed: str) -> float:
    """Return the share of spam above what one in a hundred readers' comments reaches."""
    found = list(comments)
    random.Random(seed).shuffle(found)
    pupil = taught(found[:_DECISIONS])
    known = {_words(text) for text, _ in found[:_DECISIONS]}
    scores = [
        (pupil.weights.score(signs.of(text)), is_spam)
        for text, is_spam in found[_DECISIONS:]
        if _words(text) not in known
    ]
    readers = sorted(score for score, is_spam in scores if not is_spam)
    spam = [score for score, is_spam in scores if is_spam]
    held_from = _at(readers, 1 - _HELD_SHARE)
    return sum(score > held_from for score in spam) / len(spam)


def _words(text: str) -> tuple[str, ...]:
    """Return what is the same of a text sent twice, which would be no test."""
    return tuple(likeness.words(text))


def _at(ordered: list[float], share: float) -> float:
    """Return what stands at a share of the way through, between two where it falls there."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
