"""Judges what strangers send, step by step, and gives reasons in words.

Pure: knows no database and no request, and stores no text. What is common to comments and
enquiries is a step here; the comments' own steps stand with their policy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

TOO_QUICK = timedelta(seconds=3)
# Fewer words may well be the same by chance.
REPEATED_FROM_WORDS = 8
# An address as typed, with or without its scheme, is one link from its start to its end.
_LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|(?<![\w-])[\w-]+\.(?:(?:com|net|org|info|biz|shop|online|xyz|ru|top|za)\b|[a-z]{2,24}/\w)\S*",
    re.I,
)


class Answer(StrEnum):
    """What a step wants done, from the mildest; the severest of all steps is done."""

    ALLOW = "allow"
    HOLD = "hold"
    SPAM = "spam"
    REJECT = "reject"


_SEVERITY = list(Answer)


class Tone(StrEnum):
    """What a reason speaks for."""

    GOOD = "good"
    BAD = "bad"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What is known of a text when it arrives; `touched_for` is None where no script told.

    `shown_links` are those of the text as it will be rendered, which can hide them from view.
    """

    text: str
    shown_links: int = 0
    trap: str = ""
    touched_for: timedelta | None = None


@dataclass(frozen=True)
class Reason:
    """What one step found, in words for the author; without words it goes without saying.

    `named` are the single signs it rests on, each with its name and how it is shown.
    """

    step: str
    words: str
    tone: Tone = Tone.PLAIN
    answer: Answer = Answer.ALLOW
    named: tuple[tuple[str, str], ...] = ()

    def as_row(self) -> dict[str, Any]:
        """Write it as it is stored."""
        row: dict[str, Any] = {"step": self.step, "answer": self.answer}
        row |= {"words": self.words, "tone": self.tone}
        return row | {"named": [list(each) for each in self.named]} if self.named else row


@dataclass(frozen=True)
class Verdict:
    """All reasons together, in the order of the steps."""

    reasons: tuple[Reason, ...]

    @property
    def answer(self) -> Answer:
        """The severest answer of all steps."""
        answers = (reason.answer for reason in self.reasons)
        return max(answers, key=_SEVERITY.index, default=Answer.ALLOW)

    @property
    def is_held(self) -> bool:
        """Tell whether a person should look before anybody else does."""
        return self.answer is not Answer.ALLOW

    @property
    def refusal(self) -> str:
        """Why it isn't taken at all, in words for who sent it; empty where it is."""
        refusing = (reason.words for reason in self.reasons if reason.answer is Answer.REJECT)
        return next(refusing, "")

    def as_rows(self) -> list[dict[str, Any]]:
        """List what has words, to be stored and shown."""
        return [each.as_row() for each in self.reasons if each.words]


_Case = TypeVar("_Case", bound=Submission)
Step = Callable[[_Case], Iterable[Reason]]


def judge(case: _Case, steps: Iterable[Step[_Case]]) -> Verdict:
    """Ask one step after another."""
    return Verdict(tuple(reason for step in steps for reason in step(case)))


def addresses_in(text: str) -> list[str]:
    """List the addresses of pages that a text names, as they are typed."""
    return _LINK.findall(text)


def trap(case: Submission) -> Iterator[Reason]:
    """Hold what filled in a field that nobody sees."""
    if case.trap:
        yield Reason("trap", "a hidden field was filled in", Tone.BAD, Answer.HOLD)


def haste(case: Submission) -> Iterator[Reason]:
    """Hold what was sent quicker than anybody types."""
    if case.touched_for is not None and case.touched_for < TOO_QUICK:
        seconds = counted(int(case.touched_for.total_seconds()), "second")
        words = f"sent {seconds} after the form was touched"
        yield Reason("haste", words, Tone.BAD, Answer.HOLD)


def links(case: Submission) -> Iterator[Reason]:
    """Hold what leads elsewhere."""
    found = max(case.shown_links, len(addresses_in(case.text)))
    if found:
        yield Reason("links", counted(found, "link"), Tone.BAD, Answer.HOLD)
    else:
        yield Reason("links", "no links", Tone.GOOD)


STEPS: tuple[Step[Submission], ...] = (trap, haste, links)


def repeated(times: int) -> Reason:
    """Hold what was said before."""
    words = f"the same words came {counted(times, 'time')} before"
    return Reason("repetition", words, Tone.BAD, Answer.HOLD)


THROWAWAY = Reason("address", "a throw-away email address")


def is_throwaway(email: str) -> bool:
    """Tell whether an address, or one of the hosts above its own, is made to be thrown away."""
    parts = email.rpartition("@")[2].lower().split(".")
    return any(".".join(parts[start:]) in _throwaway_hosts() for start in range(len(parts) - 1))


@cache
def _throwaway_hosts() -> frozenset[str]:
    # The list is long, and only who posts needs it.
    from disposable_email_domains import blocklist

    return frozenset(blocklist)


def counted(number: int, noun: str) -> str:
    """Say how many there are of something whose plural ends in s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
