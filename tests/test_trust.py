"""What speaks for a reader who confirmed her address, and who may stop trusting her."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from blog import accounts, articles, comments, db, outbox, tokens
from blog.accounts import User
from blog.comments import Comment, CommentState, editing, trust
from blog.comments.policy import Trust
from blog.comments.trust import LATELY, MAIL, Holder, LinkState
from blog.errors import Forbidden
from blog.spam import Answer, Reason, Verdict
from tests.cast import ARTICLE, CLOCK, arrived, article

pytestmark = pytest.mark.usefixtures("at_work")

ADDRESS = "nomsa@reader.example"
SECOND = timedelta(seconds=1)


def link() -> str:
    """What the newest mail leads to."""
    mail = outbox.last_of_kind(MAIL, ADDRESS)
    assert mail
    found = re.search(r"token=(\S+)", mail.text)
    assert found
    return found[1]


@pytest.fixture
def nomsa() -> Holder:
    """Somebody who confirmed her address."""
    with db.writing():
        trust.ask(ADDRESS, now=CLOCK)
    with db.writing():
        _, reader = trust.opened(link(), now=CLOCK)
        assert reader
        assert trust.confirm(link(), "the page", now=CLOCK)
        return Holder(reader.id, reader.email, CLOCK)


def write(
    by: Holder | None, verb: Callable[..., bool] | None, *, email: str = "", at: datetime = CLOCK
) -> Comment:
    """Store a comment and decide about it."""
    article = articles.by_id(ARTICLE)
    assert article
    body = "Thank you, very clear."
    draft = comments.compose(article, name="Nomsa", body=body, email=email, parent_id=None)
    key = tokens.random_token()
    reader_id = by.reader_id if by else None
    pending = CommentState.PENDING
    with db.writing():
        stored = comments.store(draft, key=key, state=pending, trusted_reader_id=reader_id, now=at)
        assert stored
        (comment,) = comments.by_ids([stored])
        if verb:
            verb(comment, by=None, now=at)
    return comment


def standing(who: Holder, *, at: datetime = CLOCK) -> Trust:
    return trust.standing(who, now=at)


def test_who_just_confirmed_has_nothing_that_speaks_for_her(nomsa: Holder) -> None:
    assert standing(nomsa) == Trust(published=0, rejected_lately=0, needed=2)


def test_what_was_published_counts_by_its_address_or_by_its_browser_and_once(
    nomsa: Holder,
) -> None:
    write(nomsa, Comment.approve, email=ADDRESS.upper())
    assert standing(nomsa).published == 1
    write(nomsa, Comment.approve, email="another@reader.example")
    assert standing(nomsa).published == 2


def test_what_others_wrote_or_what_waits_counts_for_nobody(nomsa: Holder) -> None:
    write(None, Comment.approve, email="another@reader.example")
    write(None, Comment.approve)
    write(nomsa, None, email=ADDRESS)
    assert standing(nomsa) == Trust(published=0, rejected_lately=0, needed=2)


def test_no_more_is_counted_than_is_needed(nomsa: Holder) -> None:
    for _ in range(4):
        write(None, Comment.approve, email=ADDRESS)
    assert standing(nomsa).published == 2


@pytest.mark.parametrize("verb", [Comment.reject, Comment.mark_spam])
def test_what_was_rejected_speaks_against_her_for_ninety_days(
    nomsa: Holder, verb: Callable[..., bool]
) -> None:
    write(nomsa, verb)
    assert standing(nomsa, at=CLOCK + LATELY - SECOND).rejected_lately == 1
    assert standing(nomsa, at=CLOCK + LATELY).rejected_lately == 0


def test_an_edit_that_was_rejected_speaks_against_her(nomsa: Holder) -> None:
    comment = write(nomsa, Comment.approve)
    draft = comments.compose(article(), name="Nomsa", body="http://pills.example", parent_id=None)
    held = Verdict((Reason("links", "1 link", answer=Answer.HOLD),))
    edit = replace(arrived(draft, verdict=held), edit_of_id=comment.id)
    with db.writing():
        assert editing.submit(edit, now=CLOCK)
    with db.writing():
        (waiting,) = comments.by_ids([comment.id])[0].edits(CommentState.PENDING)
        assert waiting.reject(by=None, now=CLOCK)
    assert standing(nomsa) == Trust(published=1, rejected_lately=1, needed=2)


def test_what_a_stranger_wrote_under_her_address_does_not_speak_against_her(nomsa: Holder) -> None:
    write(None, Comment.mark_spam, email=ADDRESS)
    assert standing(nomsa).rejected_lately == 0


def test_a_link_is_ready_until_it_was_used(nomsa: Holder) -> None:
    assert trust.opened(link(), now=CLOCK) == (LinkState.USED, None)
    assert trust.opened(link()[:-1], now=CLOCK) == (LinkState.BROKEN, None)
    later = CLOCK + timedelta(days=3)
    assert trust.opened(link(), now=later) == (LinkState.EXPIRED, None)
    with db.writing():
        trust.ask(ADDRESS, now=later)
    state, reader = trust.opened(link(), now=later)
    assert (state, reader.email if reader else "") == (LinkState.READY, ADDRESS)


def test_only_who_moderates_may_stop_trusting_somebody(nomsa: Holder) -> None:
    comment = write(nomsa, None)
    nobody = User(email="ann@clinic.example", name="Ann", role="visitor")
    with db.writing(), pytest.raises(Forbidden):
        _stop(comment, by=nobody)
    with db.writing():
        assert _stop(comment, by=accounts.everybody()[0])
        assert not _stop(comment, by=accounts.everybody()[0])


def _stop(comment: Comment, *, by: User) -> bool:
    reader = trust.writer_of(comment)
    assert reader
    return reader.stop(by=by, now=CLOCK, because_of=comment)


def test_a_comment_from_a_browser_that_nobody_knows_has_no_trusted_writer(nomsa: Holder) -> None:
    assert trust.writer_of(write(None, None, email=ADDRESS)) is None
    assert trust.holder("0" * 64) is None
