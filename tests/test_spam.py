"""The judge of submissions: what it holds, and the reasons it gives."""

import time
from datetime import timedelta

import pytest

from blog.spam import Submission, judge


def words(submission: Submission) -> list[str]:
    return [reason.words for reason in judge(submission).reasons]


def test_a_plain_question_is_not_held() -> None:
    verdict = judge(Submission("Would you space the sessions six weeks apart?"))
    assert not verdict.is_held
    assert [reason.words for reason in verdict.reasons] == ["no links"]


def test_a_filled_trap_holds() -> None:
    submission = Submission("Thank you", trap="https://spam.example")
    assert judge(submission).is_held
    assert "a hidden field was filled in" in words(submission)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "sent 0 seconds after the form was touched"),
        (1, "sent 1 second after the form was touched"),
    ],
)
def test_a_form_sent_in_a_moment_holds_and_says_so(seconds: int, said: str) -> None:
    submission = Submission("Thank you", touched_for=timedelta(seconds=seconds))
    assert judge(submission).is_held
    assert said in words(submission)


def test_a_form_that_took_its_time_is_not_held() -> None:
    assert not judge(Submission("Thank you", touched_for=timedelta(seconds=3))).is_held


def test_without_a_script_the_time_trap_is_silent() -> None:
    assert not judge(Submission("Thank you", touched_for=None)).is_held


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("see https://a.example", "1 link"),
        ("see HTTP://a.example and www.b.example", "2 links"),
        ("see https://www.a.com/x.net", "1 link"),
        ("buy at best-serum-deals.shop today", "1 link"),
    ],
)
def test_links_hold_and_are_counted(text: str, said: str) -> None:
    assert judge(Submission(text)).is_held
    assert said in words(Submission(text))


def test_a_link_that_hides_from_the_eye_is_counted_where_it_is_shown() -> None:
    hidden = Submission("[x](http:\\//evil.io/x)", shown_links=1)
    assert words(hidden) == ["1 link"]
    assert judge(hidden).is_held


def test_a_hostile_text_is_judged_in_a_moment() -> None:
    start = time.process_time()
    judge(Submission("a-" * 2_490))
    assert time.process_time() - start < 0.05


def test_a_sentence_end_without_a_space_is_no_link() -> None:
    assert not judge(Submission("It was good.Then we left.")).is_held
