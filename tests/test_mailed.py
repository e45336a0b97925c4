"""Deciding by the link of a mail: for one moderator, about one comment as it was, once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from blog import accounts, articles, comments, db, journal, tokens
from blog.comments import Comment, arrival, mailed
from tests.cast import ARTICLE, AUTHOR, MODERATOR, Clock, Person, Visitor, arrived, at_once
from tests.test_decisions import plain, states

pytestmark = pytest.mark.usefixtures("clock")

PAGE = "/admin/decision"
Issue = Callable[..., str]


def store(app: Flask, body: str = "Does it hurt?", name: str = "Nomsa") -> int:
    with app.app_context():
        article = articles.by_id(ARTICLE)
        assert article
        draft = comments.compose(article, name=name, body=body, parent_id=None)
        case = arrival.arrive(
            article, arrived(draft).sender, name=name, body=body, now=db.utc_now()
        )
        with db.writing():
            return arrival.submit(case, now=db.utc_now())


def link(app: Flask, number: int, person: Person = MODERATOR) -> str:
    """The token that a mail to somebody holds."""
    with app.app_context():
        user, comment = accounts.by_email(person.email), comments.by_id(number)
        assert user
        assert comment
        return mailed.issue(user, comment, now=db.utc_now())


def path(token: str) -> str:
    return f"{PAGE}?token={token}"


def buttons(visitor: Visitor, token: str) -> dict[str, dict[str, str]]:
    """What each button of a link's page sends."""
    html = visitor.get(path(token)).text
    forms = re.findall(rf'<form method="post" action="{PAGE}">(.*?)</form>', html, re.S)
    inputs = [dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', form)) for form in forms]
    return {each["verb"]: each for each in inputs}


def press(visitor: Visitor, token: str, verb: str) -> TestResponse:
    return visitor.post(PAGE, buttons(visitor, token)[verb])


def lines(app: Flask, number: int) -> list[tuple[str, str]]:
    with app.app_context():
        found = journal.about("comment", [str(number)])
        return [(line.verb, line.actor.name if line.actor else "") for line in found]


def change(app: Flask, statement: str, **values: Any) -> None:
    with app.app_context(), db.writing():
        db.session.execute(text(statement), values)


# Deciding


@pytest.mark.parametrize(
    ("verb", "state", "heading"),
    [
        ("approve", "approved", "It is approved"),
        ("reject", "rejected", "It is rejected"),
        ("spam", "spam", "It is marked as spam"),
    ],
)
def test_a_button_decides_as_the_moderator_whose_link_it_is(
    app: Flask, stranger: Visitor, verb: str, state: str, heading: str
) -> None:
    number = store(app)
    token = link(app, number)
    page = stranger.get(path(token))
    assert page.status_code == 200
    assert "You decide as Mia Botha." in plain(page.text)
    assert "Does it hurt?" in page.text
    assert states(app, number) == ["pending"]
    answer = press(stranger, token, verb)
    assert (answer.status_code, answer.location) == (303, path(token))
    assert states(app, number) == [state]
    after = plain(stranger.get(path(token)).text)
    assert heading in after
    assert "By you, just now." in after
    verbs = {"approve": "approved", "reject": "rejected", "spam": "marked as spam"}
    assert lines(app, number) == [
        (verbs[verb], MODERATOR.name),
        ("used a mailed link about", MODERATOR.name),
    ]


def test_looking_changes_nothing_however_often(app: Flask, stranger: Visitor) -> None:
    number = store(app)
    token = link(app, number)
    for _ in range(3):
        stranger.get(path(token))
        stranger.client.head(path(token), base_url=stranger.base)
    assert states(app, number) == ["pending"]
    assert lines(app, number) == []


def test_the_page_is_kept_nowhere_and_its_address_told_to_nobody(
    app: Flask, stranger: Visitor
) -> None:
    for token in (link(app, store(app)), "not-a-token"):
        page = stranger.get(path(token))
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "strict-origin"
        assert '<meta name="robots" content="noindex">' in page.text
        assert "Set-Cookie" not in page.headers


def test_who_is_signed_in_makes_no_difference(app: Flask, author: Visitor) -> None:
    number = store(app)
    token = link(app, number)
    assert "You decide as Mia Botha." in plain(author.get(path(token)).text)
    press(author, token, "approve")
    assert lines(app, number)[0] == ("approved", MODERATOR.name)


def test_the_page_shows_no_address_of_the_writer(app: Flask, stranger: Visitor) -> None:
    number = store(app)
    change(app, "UPDATE comment SET email = 'nomsa@reader.example'")
    assert "nomsa@reader.example" not in stranger.get(path(link(app, number))).text


# Private details


def test_private_details_can_be_hidden_from_the_mail(app: Flask, stranger: Visitor) -> None:
    number = store(app, "Please call me on 082 555 0134.")
    token = link(app, number)
    assert "Hide the phone number and approve" in stranger.get(path(token)).text
    press(stranger, token, "hide")
    assert states(app, number) == ["approved"]
    assert "082 555 0134" not in stranger.get(f"/articles/{ARTICLE}").text
    press(stranger, token, "undo")
    with app.app_context():
        comment = comments.by_id(number)
        assert comment
        assert (comment.state, comment.source) == ("pending", "Please call me on 082 555 0134.")


def test_where_not_all_can_be_hidden_nothing_is_done_and_the_link_is_still_good(
    app: Flask, stranger: Visitor
) -> None:
    number = store(app, "Please call me on 082 555 0134 or 082 **555** 0135.")
    token = link(app, number)
    answer = press(stranger, token, "hide")
    assert answer.status_code == 409
    assert "Not all of it can be hidden by itself, so nothing was changed." in answer.text
    assert lines(app, number) == []
    assert press(stranger, token, "approve").status_code == 303
    assert states(app, number) == ["approved"]


# Once


def test_what_was_decided_can_be_taken_back_but_not_decided_again_by_the_link(
    app: Flask, clock: Clock, stranger: Visitor
) -> None:
    number = store(app)
    token = link(app, number)
    first = buttons(stranger, token)
    stranger.post(PAGE, first["approve"])
    clock.move(minutes=10)
    answer = press(stranger, token, "undo")
    assert (answer.status_code, answer.location) == (303, path(token))
    assert states(app, number) == ["pending"]
    after = stranger.get(path(token))
    assert "It waits again" in after.text
    assert buttons(stranger, token) == {}
    assert stranger.post(PAGE, first["reject"]).status_code == 303
    assert states(app, number) == ["pending"]


def test_undo_ends_after_ten_minutes(app: Flask, clock: Clock, stranger: Visitor) -> None:
    number = store(app)
    token = link(app, number)
    press(stranger, token, "approve")
    undo = buttons(stranger, token)["undo"]
    clock.move(minutes=10, seconds=1)
    assert buttons(stranger, token) == {}
    assert stranger.post(PAGE, undo).status_code == 303
    assert states(app, number) == ["approved"]


def test_undo_is_not_offered_where_somebody_decided_otherwise_since(
    app: Flask, author: Visitor, stranger: Visitor
) -> None:
    number = store(app)
    token = link(app, number)
    press(stranger, token, "approve")
    author.press("/admin/comments", f"/admin/comments/{number}/spam")
    page = stranger.get(path(token)).text
    assert "By Sandra de Beer, just now." in plain(page)
    assert buttons(stranger, token) == {}
    assert states(app, number) == ["spam"]


def test_a_button_pressed_twice_decides_once(app: Flask, stranger: Visitor) -> None:
    number = store(app)
    token = link(app, number)
    form = buttons(stranger, token)["approve"]
    answers = at_once(app, *[lambda: Visitor(app).post(PAGE, form).status_code] * 3)
    assert answers == [303, 303, 303]
    assert len(lines(app, number)) == 2


def test_two_buttons_at_one_moment_are_one_decision(app: Flask, stranger: Visitor) -> None:
    number = store(app)
    token = link(app, number)
    forms = buttons(stranger, token)
    send = [lambda form=forms[verb]: Visitor(app).post(PAGE, form) for verb in ("approve", "spam")]
    at_once(app, *send)
    assert len(lines(app, number)) == 2


# What the comment has become


@pytest.mark.parametrize(
    ("noun", "words"),
    [
        ("approval", "Already approved"),
        ("rejection", "Already rejected"),
        ("spam", "Already marked as spam"),
    ],
)
def test_who_comes_second_is_told_who_was_first(
    app: Flask, clock: Clock, author: Visitor, stranger: Visitor, noun: str, words: str
) -> None:
    number = store(app)
    token = link(app, number)
    form = buttons(stranger, token)["approve"]
    author.press("/admin/comments", f"/admin/comments/{number}/{noun}")
    before = states(app, number)
    clock.move(minutes=2)
    answer = stranger.post(PAGE, form)
    assert answer.status_code == 409
    assert f"{words} By Sandra de Beer, 2 minutes ago." in plain(answer.text)
    assert states(app, number) == before
    assert stranger.get(path(token)).status_code == 200


def test_what_an_operator_decided_names_nobody(app: Flask, stranger: Visitor) -> None:
    number = store(app)
    token = link(app, number)
    with app.app_context(), db.writing():
        (comment,) = comments.by_ids([number])
        Comment.reject(comment, by=None, now=db.utc_now())
    assert "Already rejected Nothing is left to do." in plain(stranger.get(path(token)).text)


def test_words_that_changed_since_are_not_decided_about(app: Flask, stranger: Visitor) -> None:
    number = store(app)
    token = link(app, number)
    form = buttons(stranger, token)["approve"]
    change(app, "UPDATE comment SET source = 'Buy now', html = '<p>Buy now'")
    answer = stranger.post(PAGE, form)
    assert answer.status_code == 409
    assert "Its writer has changed it" in answer.text
    assert "Buy now" not in answer.text
    assert f'href="/admin/comments/{number}"' in answer.text
    assert states(app, number) == ["pending"]


# Links that are good for nothing


def test_a_link_works_for_seven_days(app: Flask, clock: Clock, stranger: Visitor) -> None:
    number = store(app)
    token = link(app, number)
    clock.move(days=7)
    form = buttons(stranger, token)["approve"]
    clock.move(seconds=1)
    page = stranger.get(path(token))
    assert page.status_code == 410
    assert "Links work for seven days." in page.text
    assert "Does it hurt?" not in page.text
    assert stranger.post(PAGE, form).status_code == 410
    assert states(app, number) == ["pending"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE user_account SET role = 'guest' WHERE name = 'Mia Botha'",
        "UPDATE user_account SET email = 'another@clinic.example' WHERE name = 'Mia Botha'",
        "DELETE FROM user_account WHERE name = 'Mia Botha'",
        "DELETE FROM comment",
    ],
)
def test_a_link_ends_with_its_account_its_role_its_address_and_its_comment(
    app: Flask, stranger: Visitor, statement: str
) -> None:
    token = link(app, store(app))
    form = buttons(stranger, token)["approve"]
    for table in ("comment_trace", "search_index_comment"):
        change(app, f"DELETE FROM {table}")
    change(app, statement)
    for answer in (stranger.get(path(token)), stranger.post(PAGE, form)):
        assert answer.status_code == 410
        assert "This link has ended" in answer.text
        assert "Does it hurt?" not in answer.text


def test_a_forged_link_is_a_page_that_is_not_here(
    app: Flask, clock: Clock, stranger: Visitor
) -> None:
    whole = link(app, store(app))
    foreign = tokens.issue(
        "a secret of another site, long enough", "decide-by-mail", "1", now=clock.now
    )
    other = tokens.issue(app.secret_key, "set-up", "3.x.1.y", now=clock.now)  # type: ignore[arg-type]  # a plain text
    answers = [
        stranger.get(path(token))
        for token in ("", "x", whole[:-1], whole + "A", whole[1:], foreign, other, "é", "a" * 9_000)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "This link isn’t whole" in answers[0].text


def test_each_button_does_what_it_says_and_nothing_else(app: Flask, stranger: Visitor) -> None:
    number, other = store(app), store(app, "Something else")
    token, another = link(app, number), link(app, other)
    forms = buttons(stranger, token)
    for wrong in (
        forms["approve"] | {"verb": "spam"},
        forms["approve"] | {"token": another},
        forms["approve"] | {"form_token": ""},
        forms["approve"] | {"form_token": token},
        {"token": token, "verb": "approve"},
    ):
        assert stranger.post(PAGE, wrong).status_code == 422
    assert stranger.post(PAGE, forms["approve"] | {"verb": "delete"}).status_code == 400
    assert stranger.post(PAGE, {"token": token}).status_code == 400
    assert states(app, number, other) == ["pending", "pending"]


def test_another_site_can_press_no_button(app: Flask, stranger: Visitor) -> None:
    number = store(app)
    form = buttons(stranger, link(app, number))["approve"]
    assert stranger.post(PAGE, form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert states(app, number) == ["pending"]


def test_guessing_is_slow(app: Flask, stranger: Visitor) -> None:
    answers = [stranger.get(path(f"guess-{number}")).status_code for number in range(61)]
    assert answers == [404] * 60 + [429]


def test_no_line_of_the_journal_holds_a_link(app: Flask, stranger: Visitor) -> None:
    number = store(app)
    token = link(app, number, AUTHOR)
    press(stranger, token, "approve")
    with app.app_context():
        for line in journal.about("comment", [str(number)]):
            assert token not in f"{line.verb} {line.batch}"
            assert mailed.opened(str(line.batch), now=db.utc_now())[0] == "broken"
