"""A reader's comment from the door to the table: judged and stored; no mail is its matter.

What a door tells is what it saw itself; a name or address that was typed is no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from blog import articles, config, db, private, revision, spam, tokens
from blog.articles import Article
from blog.comments import (
    Draft,
    by_key,
    closed_because,
    compose,
    learning,
    likeness,
    names,
    policy,
    rules,
    store,
    traces,
    trust,
)
from blog.comments.model import CommentState
from blog.comments.policy import Case
from blog.comments.rules import Said
from blog.comments.trust import Holder
from blog.content import Commenting, Site, country_of
from blog.errors import Busy, Invalid
from blog.spam import Answer, Verdict

# What is refused is not stored.
STATES = {
    Answer.ALLOW: CommentState.APPROVED,
    Answer.HOLD: CommentState.PENDING,
    Answer.SPAM: CommentState.SPAM,
}


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends a comment, as far as its door can tell.

    `touched_for` is None where no script told, `trust_hash` is of the token that a browser has in
    which an address was confirmed.
    """

    client_hash: str
    reader_hash: str
    trust_hash: str = ""
    trap: str = ""
    touched_for: timedelta | None = None
    is_from_form: bool = True


@dataclass(frozen=True)
class Arrival:
    """A comment that may be stored, with what was decided about it; one edited has its number."""

    draft: Draft
    sender: Sender
    verdict: Verdict
    case: Case
    trusted_reader_id: int | None = None
    edit_of_id: int = 0

    @property
    def rule_ids(self) -> list[int]:
        """The author's rules that spoke of it."""
        return [hit.rule_id for hit in self.case.rules]


def arrive(
    article: Article,
    sender: Sender,
    *,
    name: str,
    body: str,
    email: str = "",
    parent_id: int | None = None,
    edit_of_id: int = 0,
    now: datetime,
) -> Arrival:
    """Check, render and judge a comment, or what one is to say from now on; nothing is stored yet.

    Raises: Invalid naming each wrong field, or saying why the policy doesn't take it.
    """
    draft = compose(article, name=name, body=body, email=email, parent_id=parent_id)
    holder = trust.holder(sender.trust_hash) if sender.trust_hash else None
    before = _before(draft, sender, edit_of_id, now=now)
    case = _case(draft, article, sender, holder, before, now=now)
    verdict = policy.judge(case)
    reader_id = holder.reader_id if holder else None
    arrival = Arrival(draft, sender, verdict, case, reader_id, edit_of_id)
    if verdict.refusal:
        _count_refused(arrival.rule_ids, now=now)
        raise Invalid({"body": verdict.refusal})
    return arrival


def _count_refused(rule_ids: Sequence[int], *, now: datetime) -> None:
    if rule_ids:
        # Who is refused doesn't wait for a count; on a busy site one may be missed.
        with suppress(Busy), db.writing(wait_seconds=0):
            rules.count(rule_ids, now=now)


def _case(
    draft: Draft,
    article: Article,
    sender: Sender,
    holder: Holder | None,
    before: dict[str, Any],
    *,
    now: datetime,
) -> Case:
    site = articles.site()
    return Case(
        text=f"{draft.name}\n{draft.shown}",
        shown_links=draft.html.count("<a "),
        trap=sender.trap,
        touched_for=sender.touched_for,
        is_from_form=sender.is_from_form,
        mode=mode_of(article),
        closed_because=closed_because(article, now=now),
        name=draft.name,
        guarded=names.guarded(site),
        has_throwaway_address=spam.is_throwaway(draft.email or ""),
        rules=rules.hits(Said.of(draft.name, draft.shown, draft.html, draft.email), now=now),
        private=_private_kinds(draft, site),
        words=len(draft.words),
        trust=trust.standing(holder, now=now) if holder else None,
        opinion=learning.opinion(draft.source),
        **before,
    )


def _before(draft: Draft, sender: Sender, edit_of_id: int, *, now: datetime) -> dict[str, Any]:
    """Look up what came before, as a case has it; nobody repeats herself by correcting herself."""
    found = traces.before(
        words_hash=draft.words_hash,
        client_hash=sender.client_hash,
        reader_hash=sender.reader_hash,
        apart_from=edit_of_id,
        now=now,
    )
    is_like = likeness.resembles(draft.sketch, found.sketches, share=policy.MUCH_ALIKE)
    return {
        "same": found.same,
        "is_like_another": is_like,
        "in_last_hour": found.in_last_hour,
        "published": found.published,
    }


def settled(arrival: Arrival, *, now: datetime) -> Verdict:
    """Return what is done with a comment, now that nobody else can store one meanwhile.

    Many that are sent at one moment know nothing of each other when they are judged at first.
    """
    if arrival.verdict.is_held:
        return arrival.verdict
    revision.hold(db.session)
    before = _before(arrival.draft, arrival.sender, arrival.edit_of_id, now=now)
    return policy.judge(replace(arrival.case, **before))


def mode_of(article: Article) -> Commenting:
    """Return who decides about an article's comments: what it says itself, or else the site."""
    is_as_site = article.comments == Commenting.OPEN
    return Commenting(config.current().comments if is_as_site else article.comments)


def _private_kinds(draft: Draft, site: Site) -> list[str]:
    region = country_of(site.language)
    # A link's address is in the source alone, what signs and references hide in what is shown.
    texts = {draft.name, draft.source, draft.shown}
    return sorted({each.kind for text in texts for each in private.details(text, region=region)})


def submit(arrival: Arrival, *, now: datetime) -> int:
    """Store a reader's comment: published, waiting or as spam.

    The same words by the same client on the same day are one comment, whatever was pressed twice.

    Returns: the comment's id.
    """
    draft, sender, verdict = arrival.draft, arrival.sender, settled(arrival, now=now)
    key = _key(draft, sender)
    comment_id = store(
        draft,
        key=key,
        state=STATES[verdict.answer],
        reasons=verdict.as_rows(),
        reader_hash=sender.reader_hash,
        trusted_reader_id=arrival.trusted_reader_id,
        now=now,
    )
    if comment_id is None:
        known = by_key(key)
        # The browser holds the cookie of the answer it got last. What is published anybody near
        # could send again, and would then be taken for its writer.
        if known.state != CommentState.APPROVED:
            known.reader_hash = sender.reader_hash
        return known.id
    traces.keep(
        comment_id,
        client_hash=sender.client_hash,
        reader_hash=sender.reader_hash,
        words_hash=draft.words_hash,
        sketch=draft.sketch,
        now=now,
    )
    rules.count(arrival.rule_ids, now=now)
    return comment_id


def _key(draft: Draft, sender: Sender) -> str:
    told = (draft.article_id, draft.parent_id, draft.name, draft.email, draft.source)
    key = config.current().secret_key
    return tokens.keyed_hash(key, "comment", sender.client_hash, *map(str, told))
