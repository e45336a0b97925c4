"""The thread as a reader sees it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from blog import articles, comments, db, markup, tokens
from blog.comments import Comment, CommentState, arrival, places, thread
from blog.comments.thread import FIRST_REPLIES, PAGE_BRANCHES, PAGE_REPLIES, Node
from blog.errors import NotFound
from tests.cast import ARTICLE, CLOCK, SECOND, arrived, article

pytestmark = pytest.mark.usefixtures("at_work")


def say(body: str, to: int | None = None, *, waits: bool = False, browser: str = "mine") -> int:
    draft = comments.compose(article(), name=f"By {body}", body=body, parent_id=to)
    with db.writing():
        comment_id = arrival.submit(arrived(draft, browser=browser), now=CLOCK)
        if not waits:
            (comment,) = comments.by_ids([comment_id])
            comment.approve(by=None, now=CLOCK)
        return comment_id


def become(comment_id: int, state: CommentState) -> None:
    comment = comments.by_id(comment_id)
    assert comment
    with db.writing():
        comment.state = state


def visible(**asked: Any) -> Sequence[Node]:
    return thread.visible_on(article(), **asked).nodes


def shape(nodes: Sequence[Node]) -> list[object]:
    return [
        [node.comment.id, *shape(node.children)] if node.children else node.comment.id
        for node in nodes
    ]


def test_replies_stand_below_what_they_answer_oldest_first() -> None:
    one, two = say("1"), say("2")
    one_a, one_b = say("1a", one), say("1b", one)
    assert shape(visible()) == [[one, one_a, one_b], two]


def test_below_three_levels_the_thread_is_flat_and_says_what_is_answered() -> None:
    one = say("1")
    two = say("2", one)
    three = say("3", two)
    four = say("4", three)
    five = say("5", four)
    nodes = visible()
    assert shape(nodes) == [[one, [two, three, four, five]]]
    third_level = nodes[0].children[0].children
    assert [node.answers.id if node.answers else None for node in third_level] == [
        None,
        three,
        four,
    ]
    assert thread.visible_on(article()).total == 5


def test_a_waiting_comment_is_seen_only_by_the_browser_that_wrote_it() -> None:
    mine = say("Mine", waits=True)
    say("Another's", waits=True, browser="another")
    assert shape(visible()) == []
    nodes = visible(reader_hash="mine")
    assert shape(nodes) == [mine]
    assert nodes[0].comment.is_waiting
    assert thread.visible_on(article(), reader_hash="mine").total == 0


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
    nodes = visible()
    assert shape(nodes) == [[one, [two, three]]]
    marker = nodes[0].comment
    assert (marker.is_removed, marker.name, str(marker.body_html)) == (True, "", "")
    assert thread.visible_on(article()).total == 1


def test_of_her_own_that_wait_a_reader_sees_the_newest_twenty() -> None:
    own = [say(f"No {number}", waits=True) for number in range(22)]
    assert shape(visible(reader_hash="mine")) == own[2:]


def test_what_is_hidden_without_answers_is_gone() -> None:
    become(say("1"), CommentState.REJECTED)
    kept = say("2")
    assert shape(visible()) == [kept]


def test_what_waits_again_after_an_undo_is_a_marker_for_everybody_but_its_writer() -> None:
    one = say("1")
    two = say("2", one)
    become(one, CommentState.PENDING)
    (marker,) = visible()
    assert shape([marker]) == [[one, two]]
    assert (marker.comment.is_removed, marker.comment.name) == (True, "")
    (own,) = visible(reader_hash="mine")
    assert (own.comment.is_waiting, own.comment.name) == (True, "By 1")


def test_an_answer_to_a_removed_comment_of_the_third_level_still_names_nobody() -> None:
    one = say("1")
    two = say("2", one)
    three = say("3", two)
    four = say("4", three)
    become(three, CommentState.WITHDRAWN)
    (node,) = visible()
    assert shape([node]) == [[one, [two, three, four]]]
    last = node.children[0].children[1]
    assert last.answers
    assert (last.answers.name, last.answers_url) == ("", f"#comment-{three}")


# Long threads


def store(
    *parents: int | None, state: CommentState = CommentState.APPROVED, days_ago: int = 0
) -> list[int]:
    """Store many comments at once, each below a root or none; gives their numbers."""
    rows: list[dict[str, Any]] = [
        {
            "article_id": ARTICLE,
            "parent_id": parent,
            "root_id": parent,
            "name": "Thandi",
            "source": "Thank you.",
            "html": "<p>Thank you.</p>",
            "html_policy": markup.COMMENT_POLICY,
            "state": state,
            "reasons": [],
            "reader_hash": "mine",
            "submission_key": tokens.random_token(),
            "created_at": CLOCK - timedelta(days=days_ago),
        }
        for parent in parents
    ]
    made = insert(Comment).returning(Comment.id, sort_by_parameter_order=True)
    with db.writing():
        return list(db.session.execute(made, rows).scalars())


def ids(nodes: Sequence[Node]) -> list[int]:
    return [number for node in nodes for number in (node.comment.id, *ids(node.children))]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Write down what is selected."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = db.db.engine
    article()  # a transaction begins with statements of its own
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_fifty_branches_stand_on_a_page() -> None:
    roots = store(*[None] * (2 * PAGE_BRANCHES + 1))
    for number, expected in enumerate((roots[:50], roots[50:100], roots[100:]), start=1):
        page = thread.visible_on(article(), page=number)
        assert ids(page.nodes) == expected
        assert (page.page, page.pages, page.total) == (number, 3, 101)


def test_newest_first_turns_the_branches_round_and_leaves_answers_in_order() -> None:
    roots = store(*[None] * (2 * PAGE_BRANCHES + 1))
    replies = store(*[roots[-1]] * 2)
    pages = [thread.visible_on(article(), page=n, newest_first=True) for n in (1, 2, 3)]
    assert ids(pages[0].nodes) == [roots[-1], *replies, *reversed(roots[51:-1])]
    assert ids(pages[1].nodes) == roots[50:0:-1]
    assert ids(pages[2].nodes) == roots[:1]
    assert [(page.page, page.pages, page.total) for page in pages] == [
        (number, 3, 103) for number in (1, 2, 3)
    ]
    with pytest.raises(NotFound):
        thread.visible_on(article(), page=4, newest_first=True)


def test_newest_first_what_a_reader_has_waiting_stands_on_the_page_it_will_be_on() -> None:
    roots = store(*[None] * PAGE_BRANCHES)
    middle = say("middle", waits=True)
    (last,) = store(None)
    answer = say("answer", roots[0], waits=True)
    newest = say("newest", waits=True)
    pages = [
        ids(thread.visible_on(article(), page=n, newest_first=True, reader_hash="mine").nodes)
        for n in (1, 2)
    ]
    assert pages[0] == [newest, last, middle, *reversed(roots[1:])]
    assert pages[1] == [roots[0], answer]


@pytest.mark.parametrize("parents", [[], [None], [None] * PAGE_BRANCHES])
def test_a_thread_has_no_page_past_its_last(parents: list[None]) -> None:
    for parent in parents:
        store(parent)
    assert thread.visible_on(article()).pages == 1
    with pytest.raises(NotFound):
        thread.visible_on(article(), page=2)


def test_a_branch_shows_its_first_replies_and_says_how_many_more_there_are() -> None:
    one, two = store(None, None)
    replies = store(*[one] * (FIRST_REPLIES + 3))
    store(*[two] * FIRST_REPLIES)
    page = thread.visible_on(article())
    assert ids(page.nodes[:1]) == [one, *replies[:FIRST_REPLIES]]
    assert [node.more for node in page.nodes] == [3, 0]
    assert page.total == 2 + 8 + 5


def test_the_replies_of_a_removed_comment_are_counted_like_others() -> None:
    (root,) = store(None)
    store(*[root] * 7)
    become(root, CommentState.REJECTED)
    (node,) = visible()
    assert (node.comment.is_removed, len(node.children), node.more) == (True, 5, 2)


def test_a_removed_comment_without_visible_answers_takes_no_place_on_a_page() -> None:
    gone = store(*[None] * 10, state=CommentState.SPAM)
    store(gone[0], state=CommentState.PENDING)
    roots = store(*[None] * PAGE_BRANCHES)
    assert ids(visible()) == roots


def test_all_replies_stand_on_pages_of_their_own() -> None:
    (root,) = store(None)
    replies = store(*[root] * (PAGE_REPLIES + 2))
    first, second = (thread.replies_to(article(), root, page=n) for n in (1, 2))
    assert ids(first.nodes) == [root, *replies[:PAGE_REPLIES]]
    assert ids(second.nodes) == [root, *replies[PAGE_REPLIES:]]
    assert (second.page, second.pages, second.total) == (2, 2, PAGE_REPLIES + 2)


def test_a_reply_whose_parent_is_on_another_page_says_whom_it_answers() -> None:
    (root,) = store(None)
    replies = store(*[root] * PAGE_REPLIES)
    answer = say("late", replies[0])
    (node,) = thread.replies_to(article(), root, page=2).nodes
    assert shape([node]) == [[root, answer]]
    (late,) = node.children
    assert late.answers
    assert late.answers.name == "Thandi"
    assert late.answers_url == f"/articles/{ARTICLE}/comments/{replies[0]}"


def test_a_removed_parent_stands_on_the_page_of_its_answers() -> None:
    (root,) = store(None)
    replies = store(*[root] * PAGE_REPLIES)
    one = say("1", replies[0])
    two = say("2", one)
    three = say("3", two)
    become(one, CommentState.WITHDRAWN)
    become(two, CommentState.WITHDRAWN)
    (node,) = thread.replies_to(article(), root, page=2).nodes
    assert shape([node]) == [[root, [one, two, three]]]


@pytest.mark.parametrize("number", [1, 2])
def test_there_are_no_replies_where_nothing_was_answered(number: int) -> None:
    (root,) = store(None)
    (waiting,) = store(root, state=CommentState.PENDING)
    for comment_id in (root, waiting, 99_999):
        with pytest.raises(NotFound):
            thread.replies_to(article(), comment_id, page=number)


def test_the_replies_of_another_article_are_not_found() -> None:
    root = store(None)[0]
    store(root)
    other = articles.by_id(SECOND)
    assert other
    with pytest.raises(NotFound):
        thread.replies_to(other, root)


def test_what_a_reader_has_waiting_stands_on_the_page_it_will_be_on() -> None:
    roots = store(*[None] * (PAGE_BRANCHES + 1))
    store(*[roots[0]] * (FIRST_REPLIES + 1))
    answer = say("answer", roots[0], waits=True)
    last = say("last", waits=True)
    first, second = (thread.visible_on(article(), page=n, reader_hash="mine") for n in (1, 2))
    assert answer in ids(first.nodes)
    assert first.nodes[0].more == 1
    assert ids(second.nodes) == [roots[-1], last]
    assert (first.total, second.total) == (57, 57)
    for page in (thread.visible_on(article(), page=n, reader_hash="other") for n in (1, 2)):
        assert not {answer, last} & set(ids(page.nodes))


def test_what_waits_below_a_comment_removed_since_is_shown_to_its_writer_below_a_marker() -> None:
    one, two = say("1"), say("2")
    answer = say("answer", one, waits=True)
    become(one, CommentState.REJECTED)
    assert shape(visible(reader_hash="mine")) == [[one, answer], two]
    assert shape(visible()) == [two]


def test_a_waiting_reply_stands_on_the_last_page_of_replies() -> None:
    (root,) = store(None)
    store(*[root] * (PAGE_REPLIES + 1))
    answer = say("answer", root, waits=True)
    own = [thread.replies_to(article(), root, page=n, reader_hash="mine") for n in (1, 2)]
    assert [answer in ids(page.nodes) for page in own] == [False, True]


def place(comment_id: int) -> str:
    comment = comments.by_id(comment_id)
    assert comment
    return places.place_of(article(), comment)


def test_every_comment_is_on_the_page_that_its_place_names() -> None:
    store(*[None] * 30, state=CommentState.SPAM)
    roots = store(*[None] * (2 * PAGE_BRANCHES))
    replies = store(*[roots[60]] * (PAGE_REPLIES + 1))
    path = f"/articles/{ARTICLE}"
    assert place(roots[0]) == f"{path}#comment-{roots[0]}"
    assert place(roots[49]) == f"{path}#comment-{roots[49]}"
    assert place(roots[50]) == f"{path}?comments=2#comment-{roots[50]}"
    assert place(roots[99]) == f"{path}?comments=2#comment-{roots[99]}"
    assert place(replies[4]) == f"{path}?comments=2#comment-{replies[4]}"
    all_replies = f"{path}/comments/{roots[60]}/replies"
    assert place(replies[5]) == f"{all_replies}#comment-{replies[5]}"
    assert place(replies[99]) == f"{all_replies}#comment-{replies[99]}"
    assert place(replies[100]) == f"{all_replies}?page=2#comment-{replies[100]}"


def test_what_is_stored_later_stands_where_its_time_puts_it() -> None:
    (asked,) = store(None, days_ago=3)
    answers = store(*[asked] * FIRST_REPLIES)
    roots = store(*[None] * PAGE_BRANCHES)
    (second,), (first,) = store(None, days_ago=2), store(None, days_ago=4)
    (early,) = store(asked, days_ago=1)
    branch = [asked, early, *answers[:-1]]
    path = f"/articles/{ARTICLE}"
    for _ in range(2):
        pages = [thread.visible_on(article(), page=n) for n in (1, 2)]
        assert ids(pages[0].nodes) == [first, *branch, second, *roots[:-3]]
        assert ids(pages[1].nodes) == roots[-3:]
        assert pages[0].nodes[1].more == 1
        turned = [thread.visible_on(article(), page=n, newest_first=True) for n in (1, 2)]
        assert [ids(page.nodes) for page in turned] == [roots[::-1], [second, *branch, first]]
        assert ids(thread.replies_to(article(), asked).nodes) == [asked, early, *answers]
        assert place(early) == f"{path}#comment-{early}"
        assert place(answers[-1]) == f"{path}/comments/{asked}/replies#comment-{answers[-1]}"
        assert place(roots[-4]) == f"{path}#comment-{roots[-4]}"
        assert place(roots[-3]) == f"{path}?comments=2#comment-{roots[-3]}"
        # Where its first comment is removed, a branch stays where it was.
        become(asked, CommentState.REJECTED)


def test_what_answers_is_below_it_even_if_its_time_says_it_was_first() -> None:
    (asked,) = store(None)
    answers = store(*[asked] * (FIRST_REPLIES + 1), days_ago=1)
    (other,) = store(None, days_ago=1)
    assert ids(visible()) == [other, asked, *answers[:-1]]
    assert place(asked) == f"/articles/{ARTICLE}#comment-{asked}"


def test_what_waits_has_its_place_on_the_article_s_own_pages() -> None:
    roots = store(*[None] * PAGE_BRANCHES)
    store(*[roots[0]] * 9)
    path = f"/articles/{ARTICLE}"
    answer, last = say("answer", roots[0], waits=True), say("last", waits=True)
    assert place(answer) == f"{path}#comment-{answer}"
    assert place(last) == f"{path}#comment-{last}"
    assert {answer, last} < set(ids(visible(reader_hash="mine")))


def test_a_thread_costs_two_statements_whatever_its_length() -> None:
    found = article()
    for size in (1, 2_000):
        roots = store(*[None] * size)
        replies = store(*[root for root in roots[:60] for _ in range(20)])
        last, middle = comments.by_id(replies[-1]), comments.by_id(roots[size // 2])
        assert last
        assert middle
        with statements() as seen:
            page = thread.visible_on(found)
            thread.visible_on(found, newest_first=True)
            thread.visible_on(found, page=page.pages, reader_hash="mine")
            thread.replies_to(found, roots[0])
            places.place_of(found, last)
            places.place_of(found, middle)
        assert len(seen) == 2 + 2 + 3 + 2 + 1 + 1
    assert len(ids(page.nodes)) == PAGE_BRANCHES * (1 + FIRST_REPLIES)


def test_markers_cost_one_statement_more() -> None:
    (root,) = store(None)
    replies = store(*[root] * 3)
    for parent in replies:
        child = say("child", parent)
        say("grandchild", child)
        become(child, CommentState.REJECTED)
        become(parent, CommentState.REJECTED)
    found = article()
    with statements() as seen:
        nodes = thread.visible_on(found).nodes
    assert [node.comment.is_removed for node in nodes[0].children] == [True] * 3
    assert len(seen) == 3
