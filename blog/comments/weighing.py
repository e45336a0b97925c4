"""How much a text's signs speak for spam: an online logistic regression, and its calibration.

Pure. Every lesson adds one number to each of its text's signs, so that taking it back takes back
exactly that, whatever was learnt between. A sign seen often weighs less for the same sum.

Source: Platt 1999, "Probabilistic outputs for support vector machines", for the calibration.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt

from blog.comments.signs import Sign

# Fewer decisions, or fewer of either kind, are too few to speak from.
NEEDED = 100
NEEDED_OF_EACH = 10
# Of those decided last, whose probability is fitted to what became of them.
CALIBRATED_BY = 200
_RATE = 8.0
# A text of few signs says less, as if it had some more that say nothing.
_SILENT_SIGNS = 30
# What slope and offset are thought to be before any decision, and how surely.
_SLOPE, _SLOPE_SURENESS = 8.0, 0.02
_OFFSET_SURENESS = 0.1
_ROUNDS = 12
_MOST = 30.0
# A sign that changes the odds by less isn't worth naming.
_WORTH_NAMING = 0.15
_NAMED = 3

Point = tuple[float, bool]


@dataclass(frozen=True)
class Named:
    """A sign that is named as a reason."""

    name: str
    shown: str


@dataclass(frozen=True)
class Opinion:
    """How likely a text is spam, with what speaks most against it and what for a reader."""

    probability: float
    against: tuple[Named, ...] = ()
    in_favour: tuple[Named, ...] = ()


@dataclass(frozen=True)
class Scale:
    """What turns a score into odds."""

    slope: float
    offset: float

    def probability(self, score: float) -> float:
        """Say how likely spam is."""
        return _logistic(self.slope * score + self.offset)


@dataclass(frozen=True)
class Weights:
    """What each sign weighs, and which are ignored because somebody said they are wrong."""

    of: Mapping[int, float] | Sequence[float]
    ignored: Collection[int] = ()

    def score(self, signs: Sequence[Sign]) -> float:
        """Say how much signs speak for spam; below 0 they speak for a reader."""
        return sum(self._each(signs))

    def _each(self, signs: Sequence[Sign]) -> list[float]:
        share = share_of(signs)
        weight = self.of
        return [
            0.0 if self._is_ignored(sign) else share * sum([weight[at] for at in sign.buckets])
            for sign in signs
        ]

    def _is_ignored(self, sign: Sign) -> bool:
        return bool(self.ignored) and any(
            at in self.ignored for at in (sign.buckets[0], *sign.parts)
        )

    def opinion(self, signs: Sequence[Sign], scale: Scale) -> Opinion:
        """Say how likely spam is, and why."""
        each = self._each(signs)
        found = sorted(zip(each, signs, strict=True), key=lambda pair: pair[0])
        worth = [
            (scale.slope * part, Named(sign.name, sign.shown)) for part, sign in found if sign.shown
        ]
        in_favour = [named for part, named in worth[:1] if part <= -_WORTH_NAMING]
        against = [named for part, named in worth[: -_NAMED - 1 : -1] if part >= _WORTH_NAMING]
        probability = scale.probability(sum(each))
        return Opinion(probability, tuple(against), tuple(in_favour))


def weight(total: float, seen: int) -> float:
    """Return what a sign weighs whose lessons add up to a total."""
    return total / sqrt(1 + max(seen, 0))


def share_of(signs: Sequence[Sign]) -> float:
    """Return what each bucket of a text counts, so that long texts count no more than short."""
    return 1 / sqrt(_SILENT_SIGNS + sum([len(sign.buckets) for sign in signs]))


def step(score: float, *, is_spam: bool) -> float:
    """Return how much a lesson teaches: the more, the less it was expected."""
    return _RATE * (is_spam - _logistic(score))


def is_enough(genuine: int, spam: int) -> bool:
    """Tell whether enough was learnt to speak from."""
    return genuine + spam >= NEEDED and min(genuine, spam) >= NEEDED_OF_EACH


def fit(points: Sequence[Point]) -> Scale:
    """Fit odds to what scores, each given before its lesson was learnt, came to mean."""
    spam = sum(is_spam for _, is_spam in points)
    # Not quite certain, as Platt has it, so that no few points make anything so.
    target = {True: (spam + 1) / (spam + 2), False: 1 / (len(points) - spam + 2)}
    slope, offset = _SLOPE, 0.0
    for _ in range(_ROUNDS):
        uphill_slope, uphill_offset = (_SLOPE - slope) * _SLOPE_SURENESS, -offset * _OFFSET_SURENESS
        bend, both, bend_offset = _SLOPE_SURENESS, 0.0, _OFFSET_SURENESS
        for score, is_spam in points:
            likely = _logistic(slope * score + offset)
            missing, weighs = target[is_spam] - likely, likely * (1 - likely)
            uphill_slope += missing * score
            uphill_offset += missing
            bend += weighs * score * score
            both += weighs * score
            bend_offset += weighs
        area = bend * bend_offset - both * both
        further = (bend_offset * uphill_slope - both * uphill_offset) / area
        slope = max(slope + max(-_SLOPE, min(_SLOPE, further)), 0.0)
        further = (bend * uphill_offset - both * uphill_slope) / area
        offset += max(-1.0, min(1.0, further))
    return Scale(slope, offset)


def _logistic(odds: float) -> float:
    return 1 / (1 + exp(-max(-_MOST, min(_MOST, odds))))
