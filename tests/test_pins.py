"""Pinned comments: who may pin which, how many, and where they stand."""

from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import delete, select

from blog import accounts, comments, db, journal, revision
from blog.accounts import User
from blog.comments import Comment, CommentState, pins, thread
from blog.comments.pins import PINNED_MAX, CommentPin
from blog.comments.thread import PAGE_BRANCHES
from blog.errors import Conflict, Forbidden
from tests.cast import ARTICLE, CLOCK, SECOND, article, at_once
from tests.test_thread import become, ids, place, say, shape, store, visible

pytestmark = pytest.mark.usefixtures("at_work")


def sandra() -> User:
    return accounts.everybody()[0]


def comment_of(comment_id: int) -> Comment:
    (found,) = comments.by_ids([comment_id])
    return found


def pin(*comment_ids: int) -> None:
    for comment_id in comment_ids:
        with db.writing():
            pins.pin(comment_of(comment_id), by=sandra(), now=CLOCK)


def unpin(comment_id: int) -> None:
    with db.writing():
        pins.unpin(comment_of(comment_id), by=sandra(), now=CLOCK)


def pinned() -> Sequence[int]:
    return sorted(db.session.execute(pins.on(ARTICLE)).scalars())


def verbs() -> list[str]:
    return [line.verb for line in journal.recent()]


def test_what_is_pinned_stands_first_in_either_order_and_only_once() -> None:
    one, two, three = say("1"), say("2"), say("3")
    answer = say("2a", two)
    pin(two)
    nodes = visible()
    assert shape(nodes) == [[two, answer], one, three]
    assert [node.is_pinned for node in nodes] == [True, False, False]
    assert shape(visible(newest_first=True)) == [[two, answer], three, one]
    unpin(two)
    assert shape(visible()) == [one, [two, answer], three]
    assert verbs()[:2] == ["unpinned", "pinned"]


def test_several_pinned_stand_in_the_order_of_the_others() -> None:
    one, two, three = say("1"), say("2"), say("3")
    pin(three, two)
    assert shape(visible()) == [two, three, one]
    assert shape(visible(newest_first=True)) == [three, two, one]


def test_pinning_takes_nothing_from_the_other_pages_and_permalinks_find_every_comment() -> None:
    roots = store(*[None] * (PAGE_BRANCHES + 2))
    first, second, last = roots[0], roots[1], roots[-1]
    (reply,) = store(last)
    pin(last)
    pages = [thread.visible_on(article(), page=number) for number in (1, 2)]
    assert ids(pages[0].nodes) == [last, reply, *roots[:49]]
    assert ids(pages[1].nodes) == roots[49:-1]
    path = f"/articles/{ARTICLE}"
    assert place(last) == f"{path}#comment-{last}"
    assert place(reply) == f"{path}#comment-{reply}"
    assert place(roots[48]) == f"{path}#comment-{roots[48]}"
    assert place(roots[49]) == f"{path}?comments=2#comment-{roots[49]}"
    turned = [
        ids(thread.visible_on(article(), page=number, newest_first=True).nodes) for number in (1, 2)
    ]
    assert turned[0][:3] == [last, reply, roots[-2]]
    assert turned[1] == [second, first]


def test_what_a_reader_has_waiting_below_a_pinned_comment_stands_there_alone() -> None:
    roots = store(*[None] * (PAGE_BRANCHES + 2))
    answer = say("answer", roots[-1], waits=True)
    pin(roots[-1])
    for newest_first in (False, True):
        first, second = (
            ids(
                thread.visible_on(
                    article(), page=number, newest_first=newest_first, reader_hash="mine"
                ).nodes
            )
            for number in (1, 2)
        )
        assert first[:2] == [roots[-1], answer]
        assert not {roots[-1], answer} & {*first[2:], *second}


def test_a_page_of_pinned_comments_alone_holds_what_a_reader_has_waiting() -> None:
    one = say("1")
    pin(one)
    mine = say("mine", waits=True)
    assert shape(visible(reader_hash="mine")) == [one, mine]
    assert shape(visible(reader_hash="mine", newest_first=True)) == [one, mine]


def test_three_are_pinned_at_most_on_each_article() -> None:
    roots = store(*[None] * (PINNED_MAX + 1))
    pin(*roots[:PINNED_MAX])
    with pytest.raises(Conflict, match="3 comments are pinned already"):
        pin(roots[-1])
    pin(roots[0])
    assert pinned() == roots[:PINNED_MAX]
    assert verbs().count("pinned") == PINNED_MAX
    with db.writing():
        comment_of(roots[-1]).article_id = SECOND
    pin(roots[-1])
    assert pinned() == roots[:PINNED_MAX]


def test_two_who_pin_at_one_moment_pin_no_more_than_may_be(app: Flask) -> None:
    roots = store(*[None] * (PINNED_MAX + 1))
    pin(*roots[: PINNED_MAX - 1])
    done = at_once(app, *[lambda each=each: pin(each) for each in roots[-2:]])
    assert [type(each) for each in done if each] == [Conflict]
    assert len(pinned()) == PINNED_MAX


@pytest.mark.parametrize(
    "state",
    [CommentState.PENDING, CommentState.REJECTED, CommentState.SPAM, CommentState.WITHDRAWN],
)
def test_only_what_is_published_can_be_pinned_and_stays_so(state: CommentState) -> None:
    one, two = say("1"), say("2")
    answer = say("2a", two)
    pin(two)
    become(two, state)
    assert shape(visible()) == [one, [two, answer]]
    assert pinned() == []
    with pytest.raises(Conflict, match="published"):
        pin(two)
    become(two, CommentState.APPROVED)
    assert shape(visible()) == [[two, answer], one]


def test_a_comment_taken_down_gives_its_place_to_another_for_good() -> None:
    roots = store(*[None] * (PINNED_MAX + 1))
    pin(*roots[:PINNED_MAX])
    become(roots[0], CommentState.REJECTED)
    pin(roots[-1])
    become(roots[0], CommentState.APPROVED)
    assert pinned() == roots[1:]


def test_an_answer_can_t_be_pinned() -> None:
    answer = say("1a", say("1"))
    with pytest.raises(Conflict, match="answers no other"):
        pin(answer)


def test_pinning_and_unpinning_end_the_cached_page_and_twice_is_once() -> None:
    one = say("1")
    numbers = [revision.current(db.session)]
    for act in (pin, unpin):
        act(one)
        numbers.append(revision.current(db.session))
    assert len(set(numbers)) == 3
    unpin(one)
    assert revision.current(db.session) == numbers[-1]
    assert verbs().count("unpinned") == 1


def test_who_may_not_moderate_may_not_pin() -> None:
    one = say("1")
    for verb in (pins.pin, pins.unpin):
        with pytest.raises(Forbidden), db.writing():
            verb(comment_of(one), by=User(role="guest"), now=CLOCK)
    assert pinned() == []


def test_a_pin_goes_with_its_comment() -> None:
    one = say("1")
    pin(one)
    with db.writing():
        db.session.execute(delete(Comment).where(Comment.id == one))
    assert db.session.execute(select(CommentPin)).first() is None
