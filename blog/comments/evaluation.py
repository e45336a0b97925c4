"""How well spam was told from readers: each decision as it was foreseen, before it was learnt.

Pure. What scores meant is fitted to earlier decisions alone, so no figure knows its own answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from blog.comments.weighing import CALIBRATED_BY, Point, fit, is_enough

_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
# What scores mean changes slowly, and fitting takes a while.
_FITTED_EVERY = 10


@dataclass(frozen=True)
class Level:
    """Of the comments to which a probability between two bounds was given, how many were spam."""

    least: float
    below: float
    comments: int
    predicted: float | None
    actual: float | None


@dataclass(frozen=True)
class Figures:
    """How the model did; shares are None where there was nothing to have a share of."""

    decisions: int
    judged: int
    genuine: int
    spam: int
    held_genuine: int
    held_spam: int
    levels: tuple[Level, ...]

    @property
    def precision(self) -> float | None:
        """Of what it would hold, the share that was spam."""
        return _share(self.held_spam, self.held_spam + self.held_genuine)

    @property
    def recall(self) -> float | None:
        """Of the spam, the share it would hold."""
        return _share(self.held_spam, self.spam)

    @property
    def false_alarms(self) -> float | None:
        """Of the readers' comments, the share it would hold."""
        return _share(self.held_genuine, self.genuine)


def _share(some: float, of: int) -> float | None:
    return some / of if of else None


def evaluate(points: Sequence[Point], *, hold_from: float) -> Figures:
    """Judge each decision by those before it, from when there were enough of them."""
    foreseen = list(_foreseen(points))
    spam = [likely for likely, is_spam in foreseen if is_spam]
    genuine = [likely for likely, is_spam in foreseen if not is_spam]
    bounds = (0.0, *_LEVELS, 1.0)
    return Figures(
        decisions=len(points),
        judged=len(foreseen),
        genuine=len(genuine),
        spam=len(spam),
        held_genuine=sum(likely >= hold_from for likely in genuine),
        held_spam=sum(likely >= hold_from for likely in spam),
        levels=tuple(_level(foreseen, *pair) for pair in pairwise(bounds)),
    )


def _foreseen(points: Sequence[Point]) -> list[tuple[float, bool]]:
    found, spam, scale = [], 0, None
    for at, (score, is_spam) in enumerate(points):
        if is_enough(at - spam, spam):
            if scale is None or at % _FITTED_EVERY == 0:
                scale = fit(points[max(0, at - CALIBRATED_BY) : at])
            found.append((scale.probability(score), is_spam))
        spam += is_spam
    return found


def _level(foreseen: Sequence[tuple[float, bool]], least: float, below: float) -> Level:
    own = [pair for pair in foreseen if least <= pair[0] and (pair[0] < below or below == 1)]
    predicted = _share(sum(likely for likely, _ in own), len(own))
    return Level(
        least, below, len(own), predicted, _share(sum(is_spam for _, is_spam in own), len(own))
    )
