"""Weighing: how well spam is told on comments never seen, and that its odds mean what they say."""

from collections import defaultdict

import pytest

from blog.comments import signs, weighing
from blog.comments.policy import LIKELY_SPAM
from blog.comments.weighing import Scale, Weights
from tests.labelled import Pupil, shuffled, taught

SPLITS = 12
TAUGHT = 200


@pytest.fixture(scope="module")
def judged() -> list[tuple[float, bool]]:
    """What is thought of the comments that weren't taught, over several splits."""
    found = []
    for split in range(SPLITS):
        comments = shuffled(f"split {split}")
        pupil = taught(comments[:TAUGHT])
        scale = pupil.scale
        for text, is_spam in comments[TAUGHT:]:
            found.append((scale.probability(pupil.weights.score(signs.of(text))), is_spam))
    return found


def share_held(judged: list[tuple[float, bool]], *, is_spam: bool) -> float:
    own = [likely for likely, label in judged if label is is_spam]
    return sum(likely >= LIKELY_SPAM for likely in own) / len(own)


def test_after_two_hundred_decisions_few_readers_and_most_spam_are_held(
    judged: list[tuple[float, bool]],
) -> None:
    # No two of these comments are alike, which is harder than what a site gets.
    assert share_held(judged, is_spam=False) <= 0.015
    assert share_held(judged, is_spam=True) >= 0.75


def test_what_it_says_is_likely_is_so_about_as_often(judged: list[tuple[float, bool]]) -> None:
    for least, below in ((0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        level = [pair for pair in judged if least <= pair[0] < below]
        predicted = sum(likely for likely, _ in level) / len(level)
        actual = sum(is_spam for _, is_spam in level) / len(level)
        assert abs(predicted - actual) < 0.1


@pytest.mark.parametrize(
    "hidden", ["Buy ch3ap p1lls online, no prescription", "B*U*Y c h e a p рills оnline now"]
)
def test_hidden_letters_hide_nothing(hidden: str) -> None:
    pupil = taught(shuffled("hidden"))
    assert pupil.scale.probability(pupil.weights.score(signs.of(hidden))) > 0.5


def test_fine_words_around_spam_may_save_it_but_never_publish_it() -> None:
    """Whoever pads with a reader's words lowers the odds; no more is done with them than to hold."""
    pupil = taught(shuffled("padded"))
    spam = "Casino bonus, free spins, buy now http://luckyslots/za"
    fine = "Thank you Sandra, my skin was red after my second session. How long should I wait?"
    bare, padded = (pupil.weights.score(signs.of(text)) for text in (spam, f"{fine} {spam}"))
    assert bare > padded


def test_a_decision_seen_often_settles() -> None:
    pupil = Pupil()
    for turn in range(200):
        pupil.learn(signs.of("yes or no"), is_spam=turn % 2 == 0)
    assert abs(pupil.weights.score(signs.of("yes or no"))) < 8


def test_what_is_ignored_says_nothing_through_its_letters_or_its_pairs() -> None:
    found = signs.of("cheap pills")
    word, pair = (next(s for s in found if s.name == n) for n in ("word cheap", "pair cheap pllls"))
    weights = defaultdict(float, dict.fromkeys((*word.buckets, *pair.buckets), 1.0))
    assert Weights(weights).score(found) > 0
    assert Weights(weights, {word.buckets[0]}).score(found) == 0
    assert Weights(weights, {pair.buckets[0]}).score(found) > 0


def test_what_speaks_most_is_named_and_what_hardly_speaks_is_not() -> None:
    found = signs.of("cheap pills retinol serum")
    own = {sign.name: sign.buckets[0] for sign in found}
    heavy = {"word cheap": 9.0, "word pllls": 5.0, "pair cheap pllls": 1.0, "word retlnol": -6.0}
    weights = Weights(defaultdict(float, {own[name]: value for name, value in heavy.items()}))
    opinion = weights.opinion(found, Scale(1.0, 0.0))
    assert [each.shown for each in opinion.against] == ["cheap", "pills"]
    assert [(each.name, each.shown) for each in opinion.in_favour] == [("word retlnol", "retinol")]
    silent = Weights(defaultdict(float)).opinion(found, Scale(1.0, 0.0))
    assert (silent.probability, silent.against, silent.in_favour) == (0.5, (), ())


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0.0, True)] * 100,
        [(1e9, False), (-1e9, True)] * 50,
        [(1.0, True), (-1.0, False)] * 100,
        [(1.0, False), (-1.0, True)] * 100,
    ],
)
def test_odds_are_fitted_to_whatever_came(points: list[tuple[float, bool]]) -> None:
    scale = weighing.fit(points)
    assert 0 <= scale.slope < 100
    assert abs(scale.offset) < 30
    assert 0 < scale.probability(1e6) <= 1


@pytest.mark.parametrize(
    ("genuine", "spam", "is_enough"),
    [(50, 50, True), (90, 10, True), (91, 9, False), (49, 50, False)],
)
def test_it_speaks_from_a_hundred_decisions_of_both_kinds(
    genuine: int, spam: int, is_enough: bool
) -> None:
    assert weighing.is_enough(genuine, spam) is is_enough
