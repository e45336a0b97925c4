"""The states of a comment, what deciding for each is called, and what that says about spam."""

from __future__ import annotations

from enum import StrEnum


class CommentState(StrEnum):
    """Where a comment stands; an edit that was accepted holds what it replaced, for the undo.

    One that is being imported is nobody's to see, count or change.
    """

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SPAM = "spam"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    IMPORTING = "importing"


# Those that anybody is told of.
LISTED_STATES = [state for state in CommentState if state is not CommentState.IMPORTING]

VERBS = {
    CommentState.APPROVED: "approved",
    CommentState.REJECTED: "rejected",
    CommentState.SPAM: "marked as spam",
}
# Where it stands, in words.
WORDS = {
    CommentState.PENDING: "waiting",
    CommentState.APPROVED: "published",
    CommentState.SPAM: "marked as spam",
    CommentState.REJECTED: "rejected",
    CommentState.WITHDRAWN: "withdrawn",
    CommentState.REPLACED: "accepted",
}
# What is neither says nothing about spam.
TEACHES = {CommentState.APPROVED: False, CommentState.SPAM: True}
