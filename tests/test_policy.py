"""The policy of comments: each step by itself, and what all of them come to."""

from typing import Any

import pytest

from blog.comments import policy
from blog.comments.policy import Case, Trust
from blog.comments.weighing import Named, Opinion
from blog.content import Commenting
from blog.spam import Answer, Tone, Verdict

CHEAP, LINK, RETINOL = (
    Named("word cheap", "cheap"),
    Named("links 1", "1 link"),
    Named("word retlnol", "retinol"),
)
GUARDED = ("Sandra de Beer", "Glow", "The Skin Journal", "Dr Clara Irwin", "A " * 20)


def judged(**known: Any) -> Verdict:
    usual: dict[str, Any] = {
        "text": "Very clear, thank you.",
        "mode": Commenting.POST,
        "name": "Nomsa",
        "guarded": GUARDED,
    }
    return policy.judge(Case(**usual | known))


def words(**known: Any) -> list[str]:
    return [row["words"] for row in judged(**known).as_rows()]


def test_the_steps_come_in_one_order() -> None:
    everything = judged(
        text="see https://a.example",
        mode=Commenting.TRUSTED,
        name="Glow",
        closed_because="Closed.",
        trap="x",
        has_throwaway_address=True,
        private=["phone number"],
        opinion=Opinion(0.97),
        words=20,
        same=3,
        in_last_hour=9,
        published=2,
    )
    assert [(reason.step, reason.answer) for reason in everything.reasons] == [
        ("closed", Answer.REJECT),
        ("trap", Answer.HOLD),
        ("links", Answer.HOLD),
        ("name", Answer.HOLD),
        ("private", Answer.HOLD),
        ("repetition", Answer.HOLD),
        ("rate", Answer.HOLD),
        ("address", Answer.ALLOW),
        ("model", Answer.HOLD),
        ("history", Answer.ALLOW),
        ("mode", Answer.HOLD),
    ]
    assert everything.refusal == "Closed."


@pytest.mark.parametrize(
    ("name", "guarded"),
    [
        ("Sandra de Beer", "Sandra de Beer"),
        ("sandra DEBEER", "Sandra de Beer"),
        ("Ѕаndrа dе Веег", "Sandra de Beer"),
        ("𝓢𝓪𝓷𝓭𝓻𝓪 𝓭𝓮 𝓑𝓮𝓮𝓻", "Sandra de Beer"),
        ("S\u00ada\u200dndra de B\u0301eer", "Sandra de Beer"),
        ("5andra d3 Beer", "Sandra de Beer"),
        ("Dr Sandra de Beer, somatologist", "Sandra de Beer"),
        ("G1ow", "Glow"),
        ("The Skin Journal team", "The Skin Journal"),
        ("Dr Sandra", "Sandra de Beer"),
        ("Prof. Dr. 5andra", "Sandra de Beer"),
        ("Mev de Beer", "Sandra de Beer"),
        ("Dr S. de Beer", "Sandra de Beer"),
        ("S. de Beer", "Sandra de Beer"),
        ("s.d.beer", "Sandra de Beer"),
        ("Sandra d. B.", "Sandra de Beer"),
        ("Sandra B.", "Sandra de Beer"),
        ("Sandra Beer", "Sandra de Beer"),
        ("C. Irwin", "Dr Clara Irwin"),
        ("Dr Clara", "Dr Clara Irwin"),
        ("Nurse Glow", "Glow"),
    ],
)
def test_a_name_that_looks_like_somebody_elses_is_held(name: str, guarded: str) -> None:
    assert judged(name=name).answer is Answer.HOLD
    assert f"the name looks like “{guarded}”" in words(name=name)


@pytest.mark.parametrize("name", ["Sandra", "Glowria", "Thandeka", "Нина", "مريم", "李", "D. Beer"])
def test_a_name_of_ones_own_is_not(name: str) -> None:
    assert judged(name=name).answer is Answer.ALLOW


@pytest.mark.parametrize("name", ["Admin", "ADMINISTRATOR", "m0derator", "S\u200bupport"])
def test_the_name_of_an_office_is_held(name: str) -> None:
    assert "the name is that of an office, not of a person" in words(name=name)
    assert judged(name=name).answer is Answer.HOLD


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"words": 8, "same": 1}, "the same words came 1 time before"),
        ({"words": 8, "same": 12, "is_like_another": True}, "the same words came 12 times before"),
        ({"words": 8, "is_like_another": True}, "nearly the same words came before"),
        ({"in_last_hour": 5}, "5 comments from the same place within an hour"),
    ],
)
def test_what_comes_again_and_again_is_held(known: dict[str, Any], said: str) -> None:
    assert judged(**known).answer is Answer.HOLD
    assert said in words(**known)


@pytest.mark.parametrize(
    "known",
    [
        {"words": 7, "same": 9, "is_like_another": True},
        {"in_last_hour": 4},
        {"has_throwaway_address": True},
    ],
)
def test_what_may_well_be_chance_is_not(known: dict[str, Any]) -> None:
    assert judged(**known).answer is Answer.ALLOW


def test_what_could_reach_its_writer_is_held() -> None:
    assert judged(private=["email address"]).answer is Answer.HOLD
    assert "shows an email address and a phone number" in words(
        private=["email address", "phone number"]
    )


def test_the_author_learns_whether_a_browser_is_known() -> None:
    assert "first comment" in words()
    assert "1 earlier comment published" in words(published=1)
    (known,) = [each for each in judged(published=2).reasons if each.step == "history"]
    assert (known.words, known.tone) == ("2 earlier comments published", Tone.GOOD)


@pytest.mark.parametrize(
    ("trust", "answer", "said"),
    [
        (None, Answer.HOLD, "no confirmed email address"),
        (Trust(published=2, rejected_lately=0, needed=2), Answer.ALLOW, "a reader you trust"),
        (
            Trust(published=1, rejected_lately=0, needed=2),
            Answer.HOLD,
            "confirmed address, 1 of 2 comments published",
        ),
        (
            Trust(published=9, rejected_lately=1, needed=2),
            Answer.HOLD,
            "confirmed address, but 1 comment rejected lately",
        ),
    ],
)
def test_where_readers_are_trusted_a_confirmed_one_appears_at_once(
    trust: Trust | None, answer: Answer, said: str
) -> None:
    assert judged(mode=Commenting.TRUSTED, trust=trust).answer is answer
    assert said in words(mode=Commenting.TRUSTED, trust=trust)


def test_a_link_is_looked_at_whoever_sends_it() -> None:
    trusted = Trust(published=9, rejected_lately=0, needed=2)
    verdict = judged(mode=Commenting.TRUSTED, trust=trusted, text="see https://a.example")
    assert verdict.answer is Answer.HOLD


def test_where_all_is_read_first_nothing_has_to_be_said_about_it() -> None:
    assert judged(mode=Commenting.PRE).answer is Answer.HOLD
    assert words(mode=Commenting.PRE) == ["no links", "first comment"]


@pytest.mark.parametrize(
    ("opinion", "answer", "said"),
    [
        (Opinion(0.03), Answer.ALLOW, "looks like a reader (spam 3 %)"),
        (Opinion(0.0001, (CHEAP,)), Answer.ALLOW, "looks like a reader (spam 1 %)"),
        (Opinion(0.62, (CHEAP,)), Answer.ALLOW, "maybe spam 62 %: cheap"),
        (Opinion(0.5), Answer.ALLOW, "maybe spam 50 %"),
        (
            Opinion(0.9, (LINK, CHEAP), (RETINOL,)),
            Answer.HOLD,
            "likely spam 90 %: 1 link, cheap; retinol speaks for a reader",
        ),
        (Opinion(1.0), Answer.HOLD, "likely spam 99 %"),
    ],
)
def test_what_was_learnt_here_holds_what_is_likely_spam_and_says_why(
    opinion: Opinion, answer: Answer, said: str
) -> None:
    verdict = judged(opinion=opinion)
    assert verdict.answer is answer
    assert said in words(opinion=opinion)
    (row,) = [row for row in verdict.as_rows() if row["step"] == "model"]
    named = [[each.name, each.shown] for each in (*opinion.against, *opinion.in_favour)]
    assert row.get("named", []) == named


def test_what_was_learnt_never_publishes() -> None:
    assert judged(mode=Commenting.PRE, opinion=Opinion(0.0)).answer is Answer.HOLD
    assert judged(text="see https://a.example", opinion=Opinion(0.0)).answer is Answer.HOLD
