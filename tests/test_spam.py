"""The judge of submissions: what it holds, and the reasons it gives."""

import time
from datetime import timedelta

import pytest

from blog.spam import STEPS, Answer, Reason, Submission, Tone, Verdict, judge


def words(submission: Submission) -> list[str]:
    return [reason.words for reason in judge(submission, STEPS).reasons]


def test_a_plain_question_is_not_held() -> None:
    verdict = judge(Submission(text="Would you space the sessions six weeks apart?"), STEPS)
    assert not verdict.is_held
    assert [reason.words for reason in verdict.reasons] == ["no links"]


def test_a_filled_trap_holds() -> None:
    submission = Submission(text="Thank you", trap="https://spam.example")
    assert judge(submission, STEPS).is_held
    assert "a hidden field was filled in" in words(submission)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "sent 0 seconds after the form was touched"),
        (1, "sent 1 second after the form was touched"),
    ],
)
def test_a_form_sent_in_a_moment_holds_and_says_so(seconds: int, said: str) -> None:
    submission = Submission(text="Thank you", touched_for=timedelta(seconds=seconds))
    assert judge(submission, STEPS).is_held
    assert said in words(submission)


def test_a_form_that_took_its_time_is_not_held() -> None:
    assert not judge(Submission(text="Thank you", touched_for=timedelta(seconds=3)), STEPS).is_held


def test_without_a_script_the_time_trap_is_silent() -> None:
    assert not judge(Submission(text="Thank you", touched_for=None), STEPS).is_held


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("see https://a.example", "1 link"),
        ("see HTTP://a.example and www.b.example", "2 links"),
        ("see https://www.a.com/x.net", "1 link"),
        ("buy at best-serum-deals.shop today", "1 link"),
        ("buy at bit.ly/3abc or t.me/deals", "2 links"),
        ("buy at deals.co.za today", "1 link"),
    ],
)
def test_links_hold_and_are_counted(text: str, said: str) -> None:
    assert judge(Submission(text=text), STEPS).is_held
    assert said in words(Submission(text=text))


def test_a_link_that_hides_from_the_eye_is_counted_where_it_is_shown() -> None:
    hidden = Submission(text="[x](http:\\//evil.io/x)", shown_links=1)
    assert words(hidden) == ["1 link"]
    assert judge(hidden, STEPS).is_held


def test_a_hostile_text_is_judged_in_a_moment() -> None:
    start = time.process_time()
    judge(Submission(text="a-" * 2_490), STEPS)
    assert time.process_time() - start < 0.05


def test_a_sentence_end_without_a_space_is_no_link() -> None:
    assert not judge(Submission(text="It was good.Then we left."), STEPS).is_held


def test_the_severest_answer_of_all_steps_is_done() -> None:
    reasons = [Reason("step", "words", answer=answer) for answer in Answer]
    assert [Verdict(tuple(reasons[: n + 1])).answer for n in range(4)] == list(Answer)
    assert Verdict(tuple(reversed(reasons))).answer is Answer.REJECT
    assert Verdict(()).answer is Answer.ALLOW


def test_only_a_refusal_has_words_for_who_sent_it() -> None:
    held = Reason("links", "1 link", Tone.BAD, Answer.HOLD)
    refused = Reason("closed", "Comments are closed.", Tone.BAD, Answer.REJECT)
    assert Verdict((held, refused)).refusal == "Comments are closed."
    assert Verdict((held,)).refusal == ""


def test_what_is_stored_of_a_verdict_is_what_has_words() -> None:
    verdict = Verdict(
        (Reason("mode", "", answer=Answer.HOLD), Reason("links", "no links", Tone.GOOD))
    )
    assert verdict.is_held
    assert verdict.as_rows() == [
        {"step": "links", "answer": "allow", "words": "no links", "tone": "good"}
    ]
