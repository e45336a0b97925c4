"""The review queue."""

from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from blog import comments, db, journal
from blog.comments import CommentState, arrival
from tests.cast import ARTICLE, Clock, Visitor, arrived, csrf_token

QUEUE = "/admin/comments"


def ids(app: Flask) -> list[int]:
    with app.app_context():
        return [comment.id for comment in comments.recent()]


def state(app: Flask, comment_id: int) -> str:
    with app.app_context():
        comment = comments.by_id(comment_id)
        assert comment
        return str(comment.state)


def waiting(reader: Visitor, app: Flask, *bodies: str) -> list[int]:
    for body in bodies:
        assert reader.comment(body).status_code == 303
    return list(reversed(ids(app)))


def test_the_queue_shows_article_time_words_and_reasons(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.comment("See www.a.com for <b>more</b>", email="nomsa@reader.example")
    page = author.get(QUEUE).text
    for words in (
        "Nomsa",
        "just now",
        "Mesotherapy or microneedling: what sets them apart?",
        "&lt;b&gt;more&lt;/b&gt;",
        "1 link",
        "nomsa@reader.example",
    ):
        assert words in page


def test_the_queue_quotes_what_a_reply_answers(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    (parent,) = waiting(reader, app, "The parent's own words")
    author.press(QUEUE, f"{QUEUE}/{parent}/approval")
    assert reader.comment("I agree", parent=str(parent)).status_code == 303
    page = unescape(author.get(QUEUE).text)
    assert "in reply to" in page
    assert "The parent's own words" in page


@pytest.mark.parametrize(
    ("noun", "became", "tab"),
    [
        ("approval", "approved", "approved"),
        ("rejection", "rejected", "rejected"),
        ("spam", "spam", "spam"),
    ],
)
def test_one_comment_is_decided_about_and_undone(
    app: Flask, reader: Visitor, author: Visitor, noun: str, became: str, tab: str
) -> None:
    (comment,) = waiting(reader, app, "One")
    after = author.press(QUEUE, f"{QUEUE}/{comment}/{noun}", state="pending")
    assert state(app, comment) == became
    page = author.get(after.location).text
    assert "1 comment" in page
    assert "Undo" in page
    assert "Nomsa" in author.get(f"{QUEUE}?state={tab}").text
    batch = after.location.rpartition("done=")[2]
    undone = author.press(after.location, f"/admin/decisions/{batch}/reversal", state="pending")
    assert "1 comment put back" in author.get(undone.location).text
    assert state(app, comment) == "pending"


def test_many_are_decided_about_at_once_and_undone_at_once(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    first, second, third = waiting(reader, app, "One", "Two", "Three")
    after = author.press(QUEUE, "/admin/decisions", id=[str(first), str(third)], verb="approve")
    assert [state(app, c) for c in (first, second, third)] == ["approved", "pending", "approved"]
    assert "2 comments approved" in author.get(after.location).text
    batch = after.location.rpartition("done=")[2]
    author.press(QUEUE, f"/admin/decisions/{batch}/reversal")
    assert {state(app, c) for c in (first, second, third)} == {"pending"}


def test_an_undo_comes_too_late_after_ten_minutes(
    clock: Clock, app: Flask, reader: Visitor, author: Visitor
) -> None:
    (comment,) = waiting(reader, app, "One")
    after = author.press(QUEUE, f"{QUEUE}/{comment}/approval")
    clock.move(minutes=11)
    assert "Undo" not in author.get(after.location).text.partition('id="queue"')[0]
    batch = after.location.rpartition("done=")[2]
    assert author.press(QUEUE, f"/admin/decisions/{batch}/reversal").status_code == 409
    assert state(app, comment) == "approved"


def test_approving_twice_says_that_nothing_changed(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    (comment,) = waiting(reader, app, "One")
    author.press(QUEUE, f"{QUEUE}/{comment}/approval")
    again = author.press(QUEUE, f"{QUEUE}/{comment}/approval")
    assert again.status_code == 303
    with app.app_context():
        assert [line.verb for line in journal.recent()] == ["approved"]


def test_selecting_nothing_says_so(author: Visitor) -> None:
    after = author.press(QUEUE, "/admin/decisions", verb="approve")
    assert "Nothing was selected" in author.get(after.location).text


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"verb": "delete", "id": "1"}, 400),
        ({"id": "1"}, 400),
        ({"verb": "approve", "id": "x"}, 303),
    ],
)
def test_what_no_button_sends_changes_nothing(
    app: Flask, reader: Visitor, author: Visitor, data: dict[str, str], status: int
) -> None:
    (comment,) = waiting(reader, app, "One")
    assert author.press(QUEUE, "/admin/decisions", **data).status_code == status
    assert state(app, comment) == "pending"


@pytest.mark.parametrize(
    "path",
    [f"{QUEUE}/99/approval", f"{QUEUE}/99/reply", f"{QUEUE}/9999999999999999999999/approval"],
)
def test_an_unknown_comment_is_not_found(author: Visitor, path: str) -> None:
    assert author.press(QUEUE if "reply" not in path else "/admin/account", path).status_code == 404


@pytest.mark.parametrize("noun", ["approval", "rejection", "spam"])
def test_a_decision_is_never_made_by_looking(
    app: Flask, reader: Visitor, author: Visitor, noun: str
) -> None:
    (comment,) = waiting(reader, app, "One")
    assert author.get(f"{QUEUE}/{comment}/{noun}").status_code == 405
    assert state(app, comment) == "pending"


def test_a_stranger_decides_nothing(app: Flask, reader: Visitor, stranger: Visitor) -> None:
    (comment,) = waiting(reader, app, "One")
    assert stranger.post(f"{QUEUE}/{comment}/approval", {"then": ""}).status_code == 401
    assert state(app, comment) == "pending"


def test_a_moderator_decides_but_does_not_reply(
    app: Flask, reader: Visitor, moderator: Visitor
) -> None:
    (comment,) = waiting(reader, app, "One")
    moderator.press(QUEUE, f"{QUEUE}/{comment}/approval")
    assert state(app, comment) == "approved"
    assert moderator.get(f"{QUEUE}/{comment}/reply").status_code == 403
    assert "/reply" not in moderator.get(f"{QUEUE}?state=approved").text


def test_approve_and_reply_leads_to_the_reply_which_has_the_badge(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    (comment,) = waiting(reader, app, "Six weeks?")
    form = author.press(QUEUE, f"{QUEUE}/{comment}/approval?then=reply")
    assert form.location == f"{QUEUE}/{comment}/reply"
    assert "Six weeks?" in author.get(form.location).text
    sent = author.press(form.location, form.location, body="Yes, **six**.")
    assert "Your reply is published" in author.get(sent.location).text
    page = reader.get(f"/articles/{ARTICLE}").text
    assert "Yes, <strong>six</strong>." in page
    assert page.count('class="badge"') == 1


def test_no_reader_gets_the_badge_by_name(app: Flask, reader: Visitor, author: Visitor) -> None:
    (_comment,) = waiting(reader, app, "I am she")
    assert reader.comment("Me too", name="Sandra de Beer", by_author="1").status_code == 303
    for number in ids(app):
        author.press(QUEUE, f"{QUEUE}/{number}/approval")
    assert 'class="badge"' not in reader.get(f"/articles/{ARTICLE}").text


@pytest.mark.parametrize(("body", "said"), [("", "write your reply"), ("x" * 5_001, "5,000")])
def test_a_wrong_reply_is_given_back(
    app: Flask, reader: Visitor, author: Visitor, body: str, said: str
) -> None:
    (comment,) = waiting(reader, app, "One")
    author.press(QUEUE, f"{QUEUE}/{comment}/approval")
    reply = f"{QUEUE}/{comment}/reply"
    answer = author.press(reply, reply, body=body)
    assert answer.status_code == 422
    assert said in answer.text
    assert body in answer.text


def test_a_reply_to_what_waits_is_refused_with_its_words_kept(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    (comment,) = waiting(reader, app, "One")
    reply = f"{QUEUE}/{comment}/reply"
    answer = author.press(reply, reply, body="A long answer")
    assert answer.status_code == 422
    assert "isn’t published yet" in unescape(answer.text)
    assert "A long answer</textarea>" in answer.text


def test_fifty_stand_on_a_page_and_the_rest_on_older_ones(
    clock: Clock, app: Flask, reader: Visitor, author: Visitor
) -> None:
    _store_many(app, 51)
    page = author.get(QUEUE)
    assert page.text.count('class="item"') == 50
    assert "Waiting 51" in page.text
    older = unescape(page.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0])
    assert author.get(older).text.count('class="item"') == 1


def _store_many(app: Flask, number: int) -> None:
    from blog import articles

    with app.app_context():
        article = articles.by_id(ARTICLE)
        assert article
        drafts = [
            comments.compose(article, name="N", body=f"No {n}", parent_id=None)
            for n in range(number)
        ]
        with db.writing():
            for draft in drafts:
                arrival.submit(arrived(draft), now=db.utc_now())


def test_the_queue_costs_the_same_whatever_its_length(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    def statements() -> int:
        with app.app_context():
            engine = db.db.engine
        seen: list[str] = []

        def count(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", count)
        author.get(f"{QUEUE}?state=approved")
        event.remove(engine, "before_cursor_execute", count)
        assert sum("count(" in each and "comment_report" in each for each in seen) == 1
        return len(seen)

    (first,) = waiting(reader, app, "One")
    author.press(QUEUE, f"{QUEUE}/{first}/approval")
    one = statements()
    for number in range(5):
        reader.comment(f"Reply {number}", parent=str(first))
    for number in ids(app):
        author.press(QUEUE, f"{QUEUE}/{number}/approval")
    assert statements() == one


def test_the_journal_leads_to_a_comment(app: Flask, reader: Visitor, moderator: Visitor) -> None:
    (comment,) = waiting(reader, app, "Look me up")
    moderator.press(QUEUE, f"{QUEUE}/{comment}/rejection")
    assert f'href="{QUEUE}/{comment}"' in moderator.get("/admin/journal").text
    assert "Look me up" in moderator.get(f"{QUEUE}/{comment}").text
    assert moderator.get(f"{QUEUE}/99").status_code == 404


@pytest.mark.parametrize("query", ["?state=nonsense", "?before=abc", "?done=unknown", "?before=-1"])
def test_an_odd_query_still_shows_the_queue(author: Visitor, query: str) -> None:
    assert author.get(f"{QUEUE}{query}").status_code == 200


def test_a_comment_of_an_article_that_is_gone_can_still_be_decided_about(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    from blog import articles

    (comment,) = waiting(reader, app, "One")
    with app.app_context(), db.writing():
        db.session.delete(articles.by_id(ARTICLE))
    assert ARTICLE in author.get(QUEUE).text
    author.press(QUEUE, f"{QUEUE}/{comment}/spam")
    assert state(app, comment) == CommentState.SPAM
    assert author.get(f"{QUEUE}/{comment}/reply").status_code == 404


def test_an_address_adds_nothing_to_the_mail_that_answers_it(
    reader: Visitor, author: Visitor
) -> None:
    reader.comment(email="a?bcc=spy%40evil.test&subject=Hi@b.example")
    page = author.get(QUEUE).text
    assert "mailto:a%3Fbcc" in page


def test_hostile_words_stay_words_in_the_queue(
    app: Flask, reader: Visitor, author: Visitor, **_: Any
) -> None:
    reader.comment(
        "<img src=x onerror=alert(1)> [x](javascript:alert(1))", name='"><script>alert(1)</script>'
    )
    page = author.get(QUEUE).text
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert csrf_token(page)


def test_filters_are_said_in_words_kept_by_tabs_and_cleared_one_by_one(
    reader: Visitor, author: Visitor
) -> None:
    reader.comment("See www.a.com about retinol")
    asked = f"?state=pending&article={ARTICLE}&reason=links&since=2020-02-01&q=retin"
    page = unescape(author.get(QUEUE + asked).text)
    assert "<b>1 of 1 waiting</b>" in page
    for words in ("on “Mesotherapy", "with a link", "since 1 February 2020", "words “retin”"):
        assert words in page
    assert f'href="{QUEUE}{asked.replace("pending", "spam")}"' in page
    assert f'href="{QUEUE}{asked.removesuffix("&q=retin")}"' in page
    assert f'href="{QUEUE}?state=pending">Clear all' in page
    assert 'value="2020-02-01"' in page


def test_an_empty_choice_says_so_and_keeps_an_article_that_is_gone(author: Visitor) -> None:
    for edge in ("0001-01-01", "9999-12-31"):
        assert author.get(f"{QUEUE}?since={edge}").status_code == 200
    page = unescape(author.get(f"{QUEUE}?article=gone&since=9999-99-99&reason=nonsense").text)
    assert "Nothing waiting matches." in page
    assert "on “gone”" in page
    assert "since" not in page.partition('aria-label="What is shown"')[2].partition("</ul>")[0]
