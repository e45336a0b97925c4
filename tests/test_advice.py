"""What rules and decisions about comments say of a message that is none."""

import pytest

from blog import db
from blog.comments import advice, learning, rules
from blog.comments.advice import Advice
from blog.comments.rules import RuleKind
from blog.spam import Answer, Verdict
from tests.cast import CLOCK
from tests.enquiring import user

pytestmark = pytest.mark.usefixtures("at_work")

PRAISE, PILLS = "My skin is calm after the second session", "Cheap pills, buy now without a doctor"


def said(text: str = PRAISE, *, email: str = "lerato@reader.example") -> Advice:
    return advice.about(name="Lerato", email=email, text=text, now=CLOCK)


def words(found: Advice) -> list[str]:
    return [each.words for each in found.reasons]


def answer(found: Advice) -> Answer:
    return Verdict(tuple(found.reasons)).answer


def test_a_rule_suspects_where_it_says_spam_and_is_silent_where_comments_only_wait() -> None:
    made = [
        (RuleKind.WORD, "casino", Answer.SPAM),
        (RuleKind.DOMAIN, "deals.example", Answer.REJECT),
        (RuleKind.ADDRESS, "eve@reader.example", Answer.SPAM),
        (RuleKind.WORD, "botox", Answer.HOLD),
    ]
    with db.writing():
        ids = [
            rules.add(*rule, note="We know them", days=None, by=user(), now=CLOCK).id
            for rule in made
        ]
    for found, at in (
        (said("Visit my С-A-$-І-N-0"), 0),
        (said("Look at www.deals.example/now"), 1),
        (said(email="Eve@reader.example"), 2),
    ):
        # Nobody is told: what would be turned away as a comment is kept.
        assert answer(found) is Answer.HOLD
        assert words(found) == [f"“{made[at][1]}”, We know them"]
        assert found.rule_ids == [ids[at]]
    assert said("Do you offer botox?") == Advice([], [])


def test_an_address_to_throw_away_suspects() -> None:
    assert answer(said(email="a@mailinator.com")) is Answer.HOLD
    assert words(said(email="a@mailinator.com")) == ["a throw-away email address"]
    # Who gives a number alone has none; the list also knows who waits for what is mistyped.
    for fine in ("", "a@reader.example", "a@gmial.com"):
        assert said(email=fine) == Advice([], [])


def test_decisions_speak_once_there_are_enough_and_hold_what_is_likely_spam_alone() -> None:
    with db.writing():
        for number in range(49):
            learning.follow(2 * number, PILLS, is_spam=True)
            learning.follow(2 * number + 1, PRAISE, is_spam=False)
    assert said(PILLS) == Advice([], [])
    db.session.rollback()
    with db.writing():
        learning.follow(98, PILLS, is_spam=True)
        learning.follow(99, PRAISE, is_spam=False)
    likely, unlikely = said(PILLS), said(PRAISE)
    assert (answer(likely), answer(unlikely)) == (Answer.HOLD, Answer.ALLOW)
    assert words(likely)[0].startswith("likely spam 9")
    assert "looks like a reader" in words(unlikely)[0]
