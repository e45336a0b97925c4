"""The thread as a reader sees it."""

import pytest
from flask import Flask

from blog import articles, comments, db, spam
from blog.articles import Article
from blog.comments import CommentState, thread
from blog.comments.thread import Node
from tests.cast import ARTICLE, CLOCK


@pytest.fixture(autouse=True)
def at_work(app: Flask):  # type: ignore[no-untyped-def]  # a generator fixture
    with app.app_context():
        yield


def article() -> Article:
    found = articles.by_id(ARTICLE)
    assert found
    return found


def say(body: str, to: int | None = None, *, waits: bool = False, browser: str = "mine") -> int:
    draft = comments.compose(article(), name=f"By {body}", body=body, parent_id=to, now=CLOCK)
    with db.writing():
        comment = comments.submit(
            draft, verdict=spam.Verdict(()), address_hash="a", reader_hash=browser, now=CLOCK
        )
        if not waits:
            comment.approve(by=None, now=CLOCK)
        return comment.id


def become(comment_id: int, state: CommentState) -> None:
    comment = comments.by_id(comment_id)
    assert comment
    with db.writing():
        comment.state = state


def shape(nodes: list[Node]) -> list[object]:
    return [
        [node.comment.id, *shape(node.children)] if node.children else node.comment.id
        for node in nodes
    ]


def test_replies_stand_below_what_they_answer_oldest_first() -> None:
    one, two = say("1"), say("2")
    one_a, one_b = say("1a", one), say("1b", one)
    assert shape(thread.visible_on(article())) == [[one, one_a, one_b], two]


def test_below_three_levels_the_thread_is_flat_and_says_what_is_answered() -> None:
    one = say("1")
    two = say("2", one)
    three = say("3", two)
    four = say("4", three)
    five = say("5", four)
    nodes = thread.visible_on(article())
    assert shape(nodes) == [[one, [two, three, four, five]]]
    third_level = nodes[0].children[0].children
    assert [node.answers.id if node.answers else None for node in third_level] == [
        None,
        three,
        four,
    ]
    assert thread.count(nodes) == 5


def test_a_waiting_comment_is_seen_only_by_the_browser_that_wrote_it() -> None:
    mine = say("Mine", waits=True)
    say("Another's", waits=True, browser="another")
    assert shape(thread.visible_on(article())) == []
    nodes = thread.visible_on(article(), reader_hash="mine")
    assert shape(nodes) == [mine]
    assert nodes[0].comment.is_waiting
    assert thread.count(nodes) == 0


@pytest.mark.parametrize(
    "state", [CommentState.REJECTED, CommentState.SPAM, CommentState.WITHDRAWN]
)
def test_what_is_hidden_leaves_a_marker_without_its_words_while_it_has_answers(
    state: CommentState,
) -> None:
    one = say("1")
    two = say("2", one)
    three = say("3", two)
    become(one, state)
    become(two, state)
    nodes = thread.visible_on(article())
    assert shape(nodes) == [[one, [two, three]]]
    marker = nodes[0].comment
    assert (marker.is_removed, marker.name, str(marker.body_html)) == (True, "", "")
    assert thread.count(nodes) == 1


def test_of_her_own_that_wait_a_reader_sees_the_newest_twenty() -> None:
    own = [say(f"No {number}", waits=True) for number in range(22)]
    assert shape(thread.visible_on(article(), reader_hash="mine")) == own[2:]


def test_what_is_hidden_without_answers_is_gone() -> None:
    become(say("1"), CommentState.REJECTED)
    kept = say("2")
    assert shape(thread.visible_on(article())) == [kept]


def test_a_thread_costs_two_statements_at_most(app: Flask) -> None:
    from sqlalchemy import event

    root = say("root")
    for number in range(8):
        say(f"reply {number}", root)
    become(root, CommentState.WITHDRAWN)
    found, statements = article(), []
    event.listen(db.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    thread.visible_on(found)
    assert len([s for s in statements if s.startswith("SELECT")]) == 2
