"""How often somebody wants to be told, and who is told of what is asked about again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blog import comments, db
from blog.comments import CommentState, deciding, paces, reports
from blog.comments.paces import Pace
from blog.errors import Forbidden
from tests.cast import AUTHOR, MODERATOR, SECOND, SECOND_AUTHOR, Clock
from tests.test_notices import (
    choose,
    come,
    decide,
    deliver,
    demote,
    give_away,
    report,
    tell,
    told,
    undo,
    user,
)

pytestmark = pytest.mark.usefixtures("clock", "at_work")


def keep(number: int) -> None:
    with db.writing():
        (comment,) = comments.by_ids([number])
        reports.keep(comment, upto=1_000, by=user(), now=db.utc_now(), batch="kept")


def reject(number: int) -> None:
    with db.writing():
        deciding.decide(
            [number],
            CommentState.REJECTED,
            if_still=lambda _: True,
            by=user(),
            now=db.utc_now(),
            batch="kept",
        )


def publish(*bodies: str, on: str) -> list[int]:
    numbers = come(*bodies, on=on)
    for number in numbers:
        decide(number)
    return numbers


def test_a_choice_is_kept_and_can_be_changed() -> None:
    assert paces.pace_of(user()) == Pace.AT_ONCE
    for pace in (Pace.DAILY, Pace.HOURLY):
        choose(pace, AUTHOR)
        assert paces.pace_of(user()) == pace
    assert paces.pace_of(user(MODERATOR)) == Pace.AT_ONCE


def test_who_may_not_moderate_has_nothing_to_choose() -> None:
    demote(MODERATOR)
    with pytest.raises(Forbidden):
        choose(Pace.DAILY, MODERATOR)


@pytest.mark.parametrize("close", [keep, reject])
def test_others_are_told_of_what_is_asked_about_again_after_their_mail(
    clock: Clock, tmp_path: Path, close: Callable[[int], None]
) -> None:
    give_away(SECOND)
    first, second = publish("One", "Two", on=SECOND)
    clock.move(minutes=1)
    report(first)
    close(first)
    clock.move(minutes=1)
    report(second)
    come("Hers")
    assert tell() == 3
    assert "1 published comment was reported" in told(MODERATOR)[0]
    deliver(tmp_path)
    clock.move(minutes=8)
    undo(AUTHOR, batch="kept")
    clock.move(minutes=5)
    # Who took it back knows, and it is none of the author's under whose articles it isn't.
    assert tell() == 1
    assert "2 published comments were reported" in told(MODERATOR)[1]
    deliver(tmp_path)
    clock.move(minutes=10)
    assert tell() == 0
    assert len(told(SECOND_AUTHOR)) == 1


def test_who_was_told_before_it_was_closed_is_not_told_twice(clock: Clock, tmp_path: Path) -> None:
    (one,) = publish("One", on=SECOND)
    report(one)
    assert tell() == 3
    deliver(tmp_path)
    clock.move(minutes=20)
    keep(one)
    clock.move(minutes=1)
    undo(AUTHOR, batch="kept")
    assert reports.count_reported() == 1
    assert tell() == 0
