"""Comments: how one is made, decided about, undone, and who is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from blog import accounts, comments, db, journal, revision
from blog.accounts import User
from blog.comments import Comment, CommentState, arrival
from blog.comments.deciding import undo
from blog.errors import Conflict, Forbidden, Invalid
from tests.cast import ARTICLE, AUTHOR, CLOCK, MODERATOR, SECOND, Person, arrived, article

pytestmark = pytest.mark.usefixtures("at_work")


def user(person: Person = AUTHOR) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found


def draft(
    body: str = "Very clear, thank you.", *, to: int | None = None, on: str = ARTICLE
) -> comments.Draft:
    return comments.compose(article(on), name="Nomsa", body=body, parent_id=to)


def submit(
    body: str = "Very clear, thank you.",
    *,
    to: int | None = None,
    on: str = ARTICLE,
) -> Comment:
    with db.writing():
        comment_id = arrival.submit(arrived(draft(body, to=to, on=on)), now=CLOCK)
    found = comments.by_id(comment_id)
    assert found
    return found


def approved(body: str = "Very clear, thank you.", **where: object) -> Comment:
    comment = submit(body, **where)  # type: ignore[arg-type]  # passed on as given
    with db.writing():
        comment.approve(by=user(), now=CLOCK)
    return comment


def test_a_reply_needs_a_published_parent_of_the_same_article() -> None:
    waiting, elsewhere = submit(), approved("On winter", on=SECOND)
    for parent, sentence in (
        (waiting.id, "isn’t published yet"),
        (elsewhere.id, "isn’t part of this article"),
        (99_999, "isn’t part of this article"),
    ):
        with pytest.raises(Invalid, match=sentence):
            draft("A reply", to=parent)
    with db.writing():
        waiting.reject(by=user(), now=CLOCK)
    with pytest.raises(Invalid, match="isn’t there any more"):
        draft("A reply", to=waiting.id)


def test_a_reply_knows_its_parent_and_its_root() -> None:
    root = approved("Root")
    child = approved("Child", to=root.id)
    grandchild = submit("Grandchild", to=child.id)
    assert (child.parent_id, child.root_id) == (root.id, root.id)
    assert (grandchild.parent_id, grandchild.root_id) == (child.id, root.id)


def test_a_text_past_the_limit_is_refused_not_cut() -> None:
    with pytest.raises(Invalid) as refused:
        draft("x" * 5_001)
    assert "5,000" in refused.value.fields["body"]


def test_html_made_under_another_policy_is_rendered_anew() -> None:
    comment = submit()
    with db.writing():
        comment.html, comment.html_policy = "<script>old</script>", 0
    assert str(comment.body_html) == "<p>Very clear, thank you.</p>\n"


@pytest.mark.parametrize(
    ("verb", "state", "said"),
    [
        (Comment.approve, CommentState.APPROVED, "approved"),
        (Comment.reject, CommentState.REJECTED, "rejected"),
        (Comment.mark_spam, CommentState.SPAM, "marked as spam"),
    ],
)
def test_a_decision_changes_the_state_once_and_leaves_one_line(verb, state, said) -> None:  # type: ignore[no-untyped-def]  # a verb
    comment = submit()
    with db.writing():
        assert verb(comment, by=user(), now=CLOCK, batch="click")
        assert not verb(comment, by=user(), now=CLOCK, batch="click")
    (line,) = journal.of_batch("click")
    assert comment.state == state
    assert (line.verb, line.was, line.became) == (said, "pending", str(state))
    assert (line.thing, line.thing_id, line.actor) == ("comment", str(comment.id), user())
    assert (comment.decided_at, comment.decided_by) == (CLOCK, user())


def test_only_what_readers_see_raises_the_revision() -> None:
    comment = submit()
    before = revision.current(db.session)
    with db.writing():
        comment.reject(by=user(), now=CLOCK)
    assert revision.current(db.session) == before
    with db.writing():
        comment.approve(by=user(), now=CLOCK)
    with db.writing():
        comment.mark_spam(by=user(), now=CLOCK)
    assert revision.current(db.session) == before + 2


def test_a_withdrawn_comment_stays_withdrawn() -> None:
    comment = submit()
    with db.writing():
        comment.state = CommentState.WITHDRAWN
    with db.writing():
        assert not comment.approve(by=user(), now=CLOCK)
    assert comment.state == CommentState.WITHDRAWN


def test_hidden_details_are_gone_for_readers_and_kept_for_who_reviews() -> None:
    written = "Call **me** on 082 555 0134 or 083 555 0134."
    comment = approved(written)
    before = revision.current(db.session)
    with db.writing():
        assert comment.hide("ZA", by=user(), now=CLOCK)
        assert not comment.hide("ZA", by=user(), now=CLOCK)
    hidden = "Call <strong>me</strong> on (phone number hidden) or (phone number hidden)."
    assert str(comment.body_html) == f"<p>{hidden}</p>\n"
    assert comment.original == written
    assert revision.current(db.session) == before + 1
    assert [line.verb for line in journal.recent()] == ["hid details of", "approved"]


def test_hidden_details_can_be_shown_again() -> None:
    comment = submit("Call 082 555 0134.")
    with db.writing():
        comment.hide("ZA", by=user(), now=CLOCK)
        comment.unhide(by=user(), now=CLOCK)
        comment.unhide(by=user(), now=CLOCK)
    assert (comment.source, comment.original) == ("Call 082 555 0134.", None)
    assert [line.verb for line in journal.recent()] == ["showed details of", "hid details of"]


def test_only_who_moderates_may_hide() -> None:
    comment = submit("Call 082 555 0134.")
    with db.writing():
        nobody = User(email="x@y.example", name="X", role="reader", password_hash="")
        nobody.created_at = CLOCK
    with pytest.raises(Forbidden):
        comment.hide("ZA", by=nobody, now=CLOCK)


def test_undo_puts_all_comments_of_a_click_back() -> None:
    pair = [submit("One"), submit("Two")]
    with db.writing():
        for comment in pair:
            comment.approve(by=user(), now=CLOCK, batch="click")
    with db.writing():
        assert undo("click", by=user(), now=CLOCK + timedelta(minutes=9))[0] == 2
    assert {comment.state for comment in pair} == {CommentState.PENDING}
    assert {comment.decided_by for comment in pair} == {None}


def test_undo_leaves_what_somebody_decided_since() -> None:
    comment = submit()
    with db.writing():
        comment.approve(by=user(), now=CLOCK, batch="click")
    with db.writing():
        comment.mark_spam(by=user(MODERATOR), now=CLOCK + timedelta(minutes=1))
    with db.writing():
        assert undo("click", by=user(), now=CLOCK + timedelta(minutes=2))[0] == 0
    assert comment.state == CommentState.SPAM


def test_undo_brings_the_decision_before_back() -> None:
    comment = submit()
    with db.writing():
        comment.approve(by=user(MODERATOR), now=CLOCK)
    with db.writing():
        comment.mark_spam(by=user(), now=CLOCK, batch="click")
    with db.writing():
        assert undo("click", by=user(), now=CLOCK + timedelta(minutes=1))[0] == 1
    assert (comment.state, comment.decided_by) == (
        CommentState.APPROVED,
        user(MODERATOR),
    )


def test_undo_passes_over_a_comment_that_was_erased() -> None:
    comment = submit()
    with db.writing():
        comment.reject(by=user(), now=CLOCK, batch="click")
    with db.writing():
        db.session.delete(comment)
    with db.writing():
        assert undo("click", by=user(), now=CLOCK)[0] == 0


def test_undo_twice_changes_nothing_more() -> None:
    comment = submit()
    with db.writing():
        comment.reject(by=user(), now=CLOCK, batch="click")
    for undone in (1, 0):
        with db.writing():
            assert undo("click", by=user(), now=CLOCK)[0] == undone


@pytest.mark.parametrize(("batch", "minutes"), [("click", 11), ("no such click", 1)])
def test_undo_ends_after_ten_minutes(batch: str, minutes: int) -> None:
    comment = submit()
    with db.writing():
        comment.reject(by=user(), now=CLOCK, batch="click")
    with pytest.raises(Conflict, match="can’t be undone any more"), db.writing():
        undo(batch, by=user(), now=CLOCK + timedelta(minutes=minutes))


def test_the_author_replies_at_once_with_a_badge_no_reader_has() -> None:
    parent = approved()
    with db.writing():
        answer = comments.reply(parent, draft("Yes.", to=parent.id), by=user(), now=CLOCK)
    assert answer.state == CommentState.APPROVED
    assert answer.is_by_author
    assert not parent.is_by_author


def test_a_reply_sent_twice_is_one() -> None:
    parent = approved()
    made = draft("Yes.", to=parent.id)
    for _ in range(2):
        with db.writing():
            comments.reply(parent, made, by=user(), now=CLOCK)
    assert comments.counts()["approved"] == 2


def test_a_moderator_may_not_reply_as_the_author() -> None:
    parent = approved()
    made = draft("Yes.", to=parent.id)
    with pytest.raises(Forbidden), db.writing():
        comments.reply(parent, made, by=user(MODERATOR), now=CLOCK)


def test_a_reply_to_something_else_is_refused() -> None:
    parent, other = approved("One"), approved("Two")
    made = draft("Yes.", to=other.id)
    with pytest.raises(Conflict), db.writing():
        comments.reply(parent, made, by=user(), now=CLOCK)


def test_lists_are_by_state_newest_first_and_paged() -> None:
    first, second, third = submit("One"), submit("Two"), submit("Three")
    with db.writing():
        second.reject(by=user(), now=CLOCK)
    assert [c.id for c in comments.recent(CommentState.PENDING)] == [third.id, first.id]
    assert [c.id for c in comments.recent(CommentState.PENDING, before=third.id)] == [first.id]
    assert [c.id for c in comments.recent()] == [third.id, second.id, first.id]
    assert [c.id for c in comments.recent(CommentState.REJECTED)] == [second.id]


def test_counts_know_every_state_and_only_published_ones_count_on_an_article() -> None:
    submit("One")
    approved("Two")
    assert comments.counts() == {
        "pending": 1,
        "approved": 1,
        "rejected": 0,
        "spam": 0,
        "withdrawn": 0,
        "replaced": 0,
    }
    assert comments.counts_on([ARTICLE, SECOND]) == {ARTICLE: 1}


def test_more_than_a_thousand_in_a_state_are_not_counted() -> None:
    first = submit()
    columns = [column for column in Comment.__table__.columns if column.key != "id"]
    row = {column.key: getattr(first, column.key) for column in columns}
    copies = [row | {"submission_key": f"copy {number}"} for number in range(1_005)]
    with db.writing():
        db.session.execute(insert(Comment), copies)
    assert comments.count_in(CommentState.PENDING) == comments.COUNTED_TO
    assert comments.counts()["pending"] == comments.COUNTED_TO
    assert comments.counts()["approved"] == 0


def test_a_comment_of_signs_alone_is_stored_though_nothing_of_it_can_be_looked_for() -> None:
    draft = comments.compose(article(), name="🙂", body="👍👍", parent_id=None)
    with db.writing():
        comment_id = comments.store(draft, key="signs", state=CommentState.PENDING, now=CLOCK)
    assert comments.by_key("signs").id == comment_id


def test_a_reply_to_what_was_erased_at_that_moment_is_given_back() -> None:
    draft = replace(
        comments.compose(article(), name="Nomsa", body="Yes", parent_id=None), parent_id=99
    )
    with pytest.raises(Invalid, match="erased just now"), db.writing():
        comments.store(draft, key="late", state=CommentState.PENDING, now=CLOCK)
    assert comments.recent() == []
