"""Where a comment comes from: the same browser, place, words and typed address."""

import pytest
from flask import Flask

from blog import articles, comments, db
from blog.comments import Comment, CommentState, arrival, history
from blog.comments.traces import CommentTrace
from tests.cast import ARTICLE, CLOCK, Visitor, arrived

LONG = "Amazing post, buy cheap retinol serum with a discount today and tell all your friends"


def say(
    body: str,
    *,
    browser: str = "one",
    client: str = "here",
    email: str = "",
    state: CommentState = CommentState.PENDING,
) -> Comment:
    article = articles.by_id(ARTICLE)
    assert article
    draft = comments.compose(article, name="Nomsa", body=body, email=email, parent_id=None)
    with db.writing():
        comment_id = arrival.submit(arrived(draft, client=client, browser=browser), now=CLOCK)
        comment = comments.by_id(comment_id)
        assert comment
        comment.state = state
    return comment


def found(comment: Comment) -> dict[str, list[int]]:
    return {group.kind: list(group.ids) for group in history.others(comment) if group.ids}


@pytest.mark.usefixtures("at_work")
def test_each_kind_is_found_apart_from_the_others() -> None:
    comment = say(LONG, email="A@reader.example")
    browser = say("Same browser", client="there").id
    place = say("Same place", browser="two").id
    same = say(LONG, browser="three", client="elsewhere").id
    near = say(f"{LONG} now", browser="four", client="anywhere").id
    address = say("Mine", browser="five", client="nowhere", email="a@Reader.example").id
    say("a at reader dot example", browser="six", client="none", email="b.a@reader.example")
    assert found(comment) == {
        "browser": [browser],
        "place": [place],
        "words": [near, same],
        "address": [address],
    }


@pytest.mark.usefixtures("at_work")
def test_others_are_counted_by_state() -> None:
    comment = say("One")
    say("Two", state=CommentState.APPROVED)
    say("Three", state=CommentState.APPROVED)
    say("Four", state=CommentState.SPAM)
    group = history.others(comment)[0]
    assert group.states == {CommentState.APPROVED: 2, CommentState.SPAM: 1}


@pytest.mark.usefixtures("at_work")
def test_without_a_trace_only_the_typed_address_is_left() -> None:
    comment = say("One", email="a@reader.example")
    other = say("Two", email="a@reader.example")
    with db.writing():
        for trace in db.session.query(CommentTrace):
            db.session.delete(trace)
    assert found(comment) == {"address": [other.id]}
    assert history.summaries([comment.id]) == {}


@pytest.mark.usefixtures("at_work")
def test_a_line_says_what_else_came_and_how_often_it_was_said() -> None:
    comment = say(LONG)
    alone = say("Alone", browser="two", client="there")
    assert history.summaries([comment.id, alone.id]) == {}
    say("Two", state=CommentState.APPROVED)
    say("Three", state=CommentState.REJECTED)
    say(LONG, browser="three", client="elsewhere")
    said = history.summaries([comment.id, alone.id])
    assert said == {
        comment.id: "1 published, 1 rejected from this browser · the same words came twice"
    }
    say(LONG, browser="four", client="anywhere")
    assert "the same words came 3 times" in history.summaries([comment.id])[comment.id]


@pytest.mark.usefixtures("at_work")
def test_few_words_are_the_same_by_chance() -> None:
    first = say("Thank you")
    say("Thank you", browser="two", client="there")
    assert history.summaries([first.id]) == {}


def test_the_page_says_that_an_address_proves_nothing(
    app: Flask, reader: Visitor, stranger: Visitor, author: Visitor
) -> None:
    reader.comment("One", email="nomsa@reader.example")
    reader.comment("Two", email="nomsa@reader.example")
    stranger.comment("Three", email="nomsa@reader.example")
    queue = author.get("/admin/comments").text
    assert "1 waiting from this browser" in queue
    with app.app_context():
        _, second, _ = comments.recent()
        page = f"/admin/comments/{second.id}/others"
    assert f'href="{page}"' in queue
    text = author.get(page).text
    assert "Typed, not proven" in text
    assert "1 waiting" in text
    assert "2 waiting" in text
    assert author.get("/admin/comments/99/others").status_code == 404


def test_an_old_comment_says_that_no_trace_is_kept(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.comment("One")
    with app.app_context(), db.writing():
        db.session.query(CommentTrace).delete()
    assert "nothing is kept any more" in author.get("/admin/comments/1/others").text


def test_a_stranger_learns_nothing(stranger: Visitor, second_author: Visitor) -> None:
    assert stranger.get("/admin/comments/1/others").status_code == 303
    assert second_author.get("/admin/comments/1/others").status_code == 404
