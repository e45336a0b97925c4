"""What programs are sent that act for somebody: what waits, and what visitors wrote to the clinic.

No answer that anybody can read holds any of it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from blog.enquiries.answering import Decision
from blog.schemas import In, Moment, Out, Url

Mark = Annotated[
    str,
    Meta(
        description="What it was read as: send it with what you decide, so that nobody’s decision"
        " is overwritten.",
        min_length=1,
        max_length=100,
    ),
]
Words = Annotated[str, Meta(description="In words for a person.")]


class Ground(Out, frozen=True):
    """One thing that speaks for it, against it, or neither."""

    words: Words
    tone: Literal["good", "bad", "plain"]


class ManagedComment(Out, frozen=True):
    """A comment with what a moderator is shown of it; an edit names the comment it is of."""

    id: int
    mark: Mark
    article_id: str
    article_title: str
    parent_id: int | None
    edit_of_id: int | None
    state: Literal["pending", "approved", "rejected", "spam", "withdrawn", "replaced"]
    verdict: Words
    reasons: Annotated[list[Ground], Meta(description="Why the policy decided as it did.")]
    history: Annotated[str, Meta(description="What else came from there, in words.")]
    name: str
    email: str | None
    body: Annotated[str, Meta(description="As it was typed.")]
    html: Annotated[str, Meta(description="Safe HTML.")]
    created_at: Moment
    edited_at: Moment | None
    decided_at: Moment | None
    decided_by: str | None
    url: Url


class DecisionIn(In, frozen=True):
    """What is decided about a comment that still is what was read."""

    decision: Literal["approve", "reject", "spam"]
    mark: Mark


class ManagedEnquiry(Out, frozen=True):
    """An enquiry as a list has it; of one that may hold medical details no words are shown."""

    reference: str
    mark: Mark
    state: Literal["new", "seen", "waiting", "answered", "closed"]
    is_suspected: bool
    is_sensitive: bool
    reasons: list[Ground]
    name: str
    email: str
    phone: str
    topic: str
    excerpt: Annotated[str, Meta(description="Empty where the message may be sensitive.")]
    answer: Annotated[str, Meta(description="How she would like to be answered, in words.")]
    article_id: str | None
    assigned_to: str | None
    days_unanswered: Annotated[int, Meta(description="0 as long as they aren’t too many.")]
    created_at: Moment
    state_changed_at: Moment
    url: Annotated[str, Meta(description="Its page, for who is signed in.")]


class WholeEnquiry(ManagedEnquiry, frozen=True):
    """An enquiry with all that its sender wrote."""

    message: str
    preferred_time: str
    answered_at: Moment | None


class StateIn(In, frozen=True):
    """Where an enquiry is put that still stands where it was read."""

    state: Decision
    mark: Mark
