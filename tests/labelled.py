"""The labelled comments of a skincare blog, and ways to learn from them."""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from blog.comments import signs, weighing
from blog.comments.signs import Sign
from blog.comments.weighing import Point, Scale, Weights

Labelled = tuple[str, bool]


# In the first no two are alike; in the second spam comes in campaigns and readers' texts near it.
SETS = ("comments", "campaigns")


def labelled(name: str = SETS[0]) -> list[Labelled]:
    """All of a set, with whether each is spam; no model may go by the ending of made-up hosts."""
    found = json.loads((Path(__file__).parent / "data" / f"{name}.json").read_text("utf-8"))
    plain = {kind: [text.replace(".example", "") for text in found[kind]] for kind in found}
    return [(text, False) for text in plain["readers"]] + [(text, True) for text in plain["spam"]]


def shuffled(seed: str, name: str = SETS[0]) -> list[Labelled]:
    found = labelled(name)
    random.Random(seed).shuffle(found)
    return found


class Pupil:
    """A model in memory that learns one comment after another."""

    def __init__(self) -> None:
        self.weights = Weights(defaultdict(float))
        self.points: list[Point] = []
        self._total: defaultdict[int, float] = defaultdict(float)
        self._seen: defaultdict[int, int] = defaultdict(int)

    def learn(self, found: Sequence[Sign], *, is_spam: bool) -> None:
        score = self.weights.score(found)
        self.points.append((score, is_spam))
        added = weighing.step(score, is_spam=is_spam) * weighing.share_of(found)
        for bucket in (bucket for sign in found for bucket in sign.buckets):
            self._total[bucket] += added
            self._seen[bucket] += 1
            weight = weighing.weight(self._total[bucket], self._seen[bucket])
            self.weights.of[bucket] = weight  # type: ignore[index]  # made above, of a dictionary

    @property
    def scale(self) -> Scale:
        return weighing.fit(self.points[-weighing.CALIBRATED_BY :])


def taught(comments: Sequence[Labelled]) -> Pupil:
    pupil = Pupil()
    for text, is_spam in comments:
        pupil.learn(signs.of(text), is_spam=is_spam)
    return pupil
