"""What the author's rules and this site's decisions about comments say of a message that is none.

It only ever holds. A rule that lets comments wait for review says nothing here, since every
message is read; what goes into spam as a comment, or is turned away, is suspected as a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from blog import spam
from blog.comments import learning, policy, rules
from blog.comments.rules import Said
from blog.enquiries import hints
from blog.spam import Answer, Reason, Tone

_UNWANTED = (Answer.SPAM, Answer.REJECT)


@dataclass(frozen=True)
class Advice:
    """What speaks for and against a message, and the rules that do."""

    reasons: Sequence[Reason]
    rule_ids: Sequence[int]


def about(*, name: str, email: str, text: str, now: datetime) -> Advice:
    """Say what is known of such a message; nothing is stored, and nobody learns of it."""
    said = Said.of(name, text, "", email)
    hits = [hit for hit in rules.hits(said, now=now) if hit.answer in _UNWANTED]
    reasons = [policy.ruled(replace(hit, answer=Answer.HOLD)) for hit in hits]
    # Whoever is to be answered gives one that lasts; hosts like gmial.com are mistyped more often.
    if spam.is_throwaway(email) and not hints.likely_address(email):
        reasons.append(replace(spam.THROWAWAY, tone=Tone.BAD, answer=Answer.HOLD))
    opinion = learning.opinion(text)
    if opinion:
        reasons.append(policy.opinion(opinion))
    return Advice(reasons, [hit.rule_id for hit in hits])
