"""Judges a submission and gives its reasons; it only ever holds, it never refuses.

Pure: knows no database and no request, and stores no text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

TOO_QUICK = timedelta(seconds=3)
# An address as typed, with or without its scheme, is one link from its start to its end.
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w-])[\w-]+\.(?:com|net|org|info|biz|shop|online|xyz|ru|top)\b\S*",
    re.I,
)


class Tone(StrEnum):
    """What a reason speaks for."""

    GOOD = "good"
    BAD = "bad"
    PLAIN = "plain"


@dataclass(frozen=True)
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
    """One thing that spoke for or against a submission, in words for the author."""

    words: str
    tone: Tone


@dataclass(frozen=True)
class Verdict:
    """All reasons together; a submission with a bad one is held for a person to see."""

    reasons: tuple[Reason, ...]

    @property
    def is_held(self) -> bool:
        """Tell whether a person should look before anybody else does."""
        return any(reason.tone is Tone.BAD for reason in self.reasons)


def judge(submission: Submission) -> Verdict:
    """Weigh a submission."""
    reasons = []
    if submission.trap:
        reasons.append(Reason("a hidden field was filled in", Tone.BAD))
    if submission.touched_for is not None and submission.touched_for < TOO_QUICK:
        seconds = int(submission.touched_for.total_seconds())
        words = f"sent {seconds} second{'' if seconds == 1 else 's'} after the form was touched"
        reasons.append(Reason(words, Tone.BAD))
    links = max(submission.shown_links, len(_LINK.findall(submission.text)))
    if links:
        reasons.append(Reason(f"{links} link{'' if links == 1 else 's'}", Tone.BAD))
    else:
        reasons.append(Reason("no links", Tone.GOOD))
    return Verdict(tuple(reasons))
