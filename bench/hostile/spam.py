"""How well spam is told from readers, learnt from the author's decisions alone."""

from __future__ import annotations

from collections.abc import Iterator

from bench.report import Bound, Row
from blog.comments import signs
from tests.labelled import SETS, shuffled, taught

_DECISIONS = 200
_SHUFFLES = 12
_HELD_SHARE = 0.01


def rows() -> Iterator[Row]:
    """Learn from as many labelled comments in several orders, and judge the rest, of each set."""
    for name in SETS:
        shares = [_recognised(f"bench {number}", name) for number in range(_SHUFFLES)]
        what = f"spam recognised at 1 % of readers held, after {_DECISIONS} decisions ({name})"
        note = f"mean of {_SHUFFLES} orders, {min(shares):.0%} to {max(shares):.0%}"
        share = 100 * sum(shares) / _SHUFFLES
        yield Row(what, share, "%", bound=Bound(90, is_floor=True), note=note)


def _recognised(seed: str, name: str) -> float:
    """Return the share of spam above what one in a hundred readers' comments reaches."""
    found = shuffled(seed, name)
    pupil = taught(found[:_DECISIONS])
    scores = [
        (pupil.weights.score(signs.of(text)), is_spam) for text, is_spam in found[_DECISIONS:]
    ]
    readers = sorted(score for score, is_spam in scores if not is_spam)
    spam = [score for score, is_spam in scores if is_spam]
    held_from = _at(readers, 1 - _HELD_SHARE)
    return sum(score > held_from for score in spam) / len(spam)


def _at(ordered: list[float], share: float) -> float:
    """Return what stands at a share of the way through, between two where it falls there."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
