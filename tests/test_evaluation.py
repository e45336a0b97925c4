"""Evaluation: figures that no decision knew its own answer in."""

from blog.comments import evaluation
from blog.comments.weighing import NEEDED
from tests.labelled import shuffled, taught


def test_with_few_decisions_nothing_is_judged() -> None:
    found = evaluation.evaluate([(1.0, True), (-1.0, False)] * 20, hold_from=0.9)
    assert (found.decisions, found.judged) == (40, 0)
    assert (found.precision, found.recall, found.false_alarms) == (None, None, None)
    assert {level.actual for level in found.levels} == {None}


def test_figures_are_what_was_foreseen() -> None:
    points = [(1.0, True), (-1.0, False)] * 100
    found = evaluation.evaluate([*points, (1.0, False), (-1.0, True)], hold_from=0.9)
    assert (found.judged, found.genuine, found.spam) == (102, 51, 51)
    assert (found.held_genuine, found.held_spam) == (1, 50)
    assert found.precision == found.recall == 50 / 51
    assert found.false_alarms == 1 / 51
    assert found.levels[0].comments == found.levels[-1].comments == 51
    assert found.levels[-1].actual == 50 / 51


def test_a_decision_that_nobody_could_foresee_is_not_foreseen() -> None:
    """Scores that say nothing give no figures, whatever came after."""
    points = [(0.0, at % 2 == 0) for at in range(300)]
    found = evaluation.evaluate(points, hold_from=0.9)
    assert (found.held_genuine, found.held_spam) == (0, 0)
    assert sum(level.comments for level in found.levels) == found.judged == 300 - NEEDED


def test_on_labelled_comments_in_the_order_they_came() -> None:
    found = evaluation.evaluate(taught(shuffled("evaluated")).points, hold_from=0.9)
    assert found.judged > 190
    assert found.precision is not None
    assert found.precision > 0.9


def test_what_comes_later_changes_nothing_of_what_was_foreseen() -> None:
    usual = [(1.0, True), (-1.0, False)] * 75
    turned = [(1.0, False), (-1.0, True)] * 25
    early, all_of_it = (
        evaluation.evaluate(points, hold_from=0.9) for points in (usual, usual + turned)
    )
    assert early.held_spam == 25
    assert all_of_it.held_spam >= early.held_spam
