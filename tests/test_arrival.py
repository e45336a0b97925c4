"""A reader's comment at the door: what is known of it, and what becomes of it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from blog import comments, db, outbox, revision
from blog.comments import Comment, CommentState, arrival
from blog.comments.arrival import Sender, arrive
from blog.content import Commenting
from blog.errors import Invalid
from blog.spam import Answer, Reason, Tone, Verdict
from tests.cast import (
    ARTICLE,
    AUTHOR,
    CLOCK,
    SECOND,
    WAITS,
    arrived,
    article,
)

pytestmark = pytest.mark.usefixtures("at_work")

MakeApp = Callable[..., Flask]
PRAISE = "Very clear, thank you."
LONG = "I had my second session last week and the redness was gone after two days, thank you."
HELD = Verdict((Reason("links", "1 link", Tone.BAD, Answer.HOLD),))
FINE = Verdict(())


def sender(client: str = "client", browser: str = "browser", **seen: Any) -> Sender:
    return Sender(client_hash=client, reader_hash=browser, **seen)


def said(
    body: str = PRAISE,
    by: Sender | None = None,
    *,
    name: str = "Nomsa",
    email: str = "",
    on: str = ARTICLE,
    later: timedelta = timedelta(),
) -> Verdict:
    """What the policy says of a comment that nobody has sent yet."""
    who, at = by or sender(), CLOCK + later
    return arrive(article(on), who, name=name, body=body, email=email, now=at).verdict


def words(verdict: Verdict) -> list[str]:
    return [row["words"] for row in verdict.as_rows()]


def submit(
    body: str = PRAISE,
    *,
    on: str = ARTICLE,
    verdict: Verdict = WAITS,
    client: str = "client",
    browser: str = "browser",
    later: timedelta = timedelta(),
) -> Comment:
    draft = comments.compose(article(on), name="Nomsa", body=body, parent_id=None)
    with db.writing():
        comment_id = arrival.submit(
            arrived(draft, verdict=verdict, client=client, browser=browser), now=CLOCK + later
        )
    found = comments.by_id(comment_id)
    assert found
    return found


# What is known


def test_what_a_stranger_says_first_waits_without_a_word_against_it() -> None:
    verdict = said()
    assert verdict.answer is Answer.HOLD
    assert words(verdict) == ["no links", "first comment"]


@pytest.mark.parametrize(
    ("site", "own", "answer"),
    [
        ("pre", Commenting.OPEN, Answer.HOLD),
        ("post", Commenting.OPEN, Answer.ALLOW),
        ("trusted", Commenting.OPEN, Answer.HOLD),
        ("post", Commenting.PRE, Answer.HOLD),
        ("pre", Commenting.POST, Answer.ALLOW),
        ("post", Commenting.TRUSTED, Answer.HOLD),
    ],
)
def test_an_article_may_decide_otherwise_than_its_site(
    make_app: MakeApp, site: str, own: Commenting, answer: Answer
) -> None:
    with db.writing():
        article().comments = own
    with make_app(comments=site).app_context():
        assert said().answer is answer


@pytest.mark.parametrize("own", [Commenting.OPEN, Commenting.POST])
def test_on_a_closed_site_no_article_is_open_but_the_author_may_answer(
    make_app: MakeApp, own: Commenting
) -> None:
    parent = submit()
    with db.writing():
        article().comments = own
        parent.approve(by=None, now=CLOCK)
    with make_app(comments="closed").app_context():
        with pytest.raises(Invalid, match="Comments on this site are closed"):
            said()
        draft = comments.compose(article(), name="Sandra", body="Yes.", parent_id=parent.id)
        assert draft.parent_id == parent.id


def test_an_article_closes_its_comments_by_word_or_by_days() -> None:
    with db.writing():
        article().comments = Commenting.CLOSED
        article(SECOND).comments_close_after_days = 30
        article(SECOND).comments_close_at = CLOCK
    with pytest.raises(Invalid, match="Comments on this article are closed"):
        said()
    with pytest.raises(Invalid, match="closed 30 days after"):
        said(on=SECOND)


def test_comments_stay_open_until_the_last_of_the_days() -> None:
    with db.writing():
        article(SECOND).comments_close_after_days = 3_000
        article(SECOND).comments_close_at = CLOCK + timedelta(seconds=1)
    assert said(on=SECOND).refusal == ""


@pytest.mark.parametrize(
    "name",
    [
        AUTHOR.name,
        AUTHOR.name.upper(),
        "S\u200bandra  de Bеer",
        "The Skin Clinic",
        "The Skin Journal",
        "Sandra_de_Beer",
        "de Beer, Sandra",
        "Skin Clinic",
        "🆂🅰🅽🅳🆁🅰 🅳🅴 🅱🅴🅴🆁",
    ],
)
def test_nobody_passes_for_who_works_here(name: str) -> None:
    assert any(row.startswith("the name looks like") for row in words(said(name=name)))


@pytest.mark.parametrize(
    ("email", "is_known"),
    [
        ("a@mailinator.com", True),
        ("a@MAILINATOR.COM", True),
        ("a@sub.mailinator.com", True),
        ("a@notmailinator.example", False),
        ("", False),
    ],
)
def test_an_address_to_throw_away_is_pointed_out_and_holds_nothing(
    make_app: MakeApp, email: str, is_known: bool
) -> None:
    with make_app(comments="post").app_context():
        verdict = said(email=email)
    assert ("a throw-away email address" in words(verdict)) == is_known
    assert verdict.answer is Answer.ALLOW


def test_what_the_door_saw_counts() -> None:
    verdict = said("see https://a.example", sender(trap="x", touched_for=timedelta(seconds=1)))
    assert words(verdict)[:3] == [
        "a hidden field was filled in",
        "sent 1 second after the form was touched",
        "1 link",
    ]


def test_private_details_are_pointed_out_as_they_are_typed_in_the_sites_country() -> None:
    body = "My number is 082 555 0134, or write to nomsa@reader.example or 083 555 0134."
    assert "shows an email address and a phone number" in words(said(body))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("Nomsa 082 555 0134", PRAISE),
        ("Nomsa", "call &#48;82 555 0134"),
        ("Nomsa", "call 082 **555** 0134"),
    ],
)
def test_private_details_are_seen_in_the_name_and_through_markdown(name: str, body: str) -> None:
    assert "shows a phone number" in words(said(body, name=name))


def test_a_link_in_the_name_is_a_link() -> None:
    assert "1 link" in words(said(name="www.spam.example"))


def test_words_that_came_before_are_known_again_whoever_sends_them() -> None:
    submit(LONG, client="one", browser="one")
    again, nearly = LONG.upper(), LONG.replace("two days", "three days")
    assert "the same words came 1 time before" in words(said(again, sender("two", "two")))
    assert "nearly the same words came before" in words(said(nearly, sender("two", "two")))
    other = "Would you space the sessions six weeks apart for darker skin tones and in winter?"
    assert not any("words came" in row for row in words(said(other)))


def test_many_from_one_place_within_an_hour_are_held() -> None:
    for number in range(5):
        submit(f"Number {number}", browser=f"browser {number}")
    late = timedelta(minutes=59)
    assert "5 comments from the same place within an hour" in words(said(later=late))
    assert not any("same place" in row for row in words(said(by=sender("another"), later=late)))
    assert not any("same place" in row for row in words(said(later=timedelta(hours=1))))


def test_a_browser_whose_comments_appeared_is_known_and_another_with_its_name_is_not() -> None:
    first = submit()
    assert "first comment" in words(said("More"))
    with db.writing():
        first.approve(by=None, now=CLOCK)
    assert "1 earlier comment published" in words(said("More"))
    assert "first comment" in words(said("More", sender(browser="another")))


# What becomes of it


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (FINE, CommentState.APPROVED),
        (HELD, CommentState.PENDING),
        (Verdict((Reason("rule", "“casino”", Tone.BAD, Answer.SPAM),)), CommentState.SPAM),
    ],
)
def test_a_verdict_decides_where_a_comment_stands_and_nothing_is_mailed(
    verdict: Verdict, state: CommentState
) -> None:
    before = revision.current(db.session)
    comment = submit(verdict=verdict)
    assert comment.state == state
    assert all(row in comment.reasons for row in verdict.as_rows())
    assert (comment.article_id, comment.decided_at) == (ARTICLE, None)
    assert str(comment.body_html) == "<p>Very clear, thank you.</p>\n"
    assert revision.current(db.session) == before + (state == CommentState.APPROVED)
    assert outbox.recent() == []


def test_the_same_words_sent_twice_are_one_comment_for_the_browser_that_came_last() -> None:
    first = submit(browser="one")
    second = submit(browser="two")
    assert first.id == second.id
    assert second.reader_hash == "two"
    assert comments.count_in(CommentState.PENDING) == 1


@pytest.mark.parametrize(
    "other", [{"body": "Something else"}, {"client": "another client"}, {"on": SECOND}]
)
def test_other_words_another_client_or_another_article_are_another_comment(
    other: dict[str, str],
) -> None:
    assert submit().id != submit(**other).id  # type: ignore[arg-type]  # one of three words


def test_of_many_sent_at_one_moment_one_appears_and_the_others_are_held(make_app: MakeApp) -> None:
    app, judged = make_app(comments="post"), threading.Barrier(4)

    def send(number: int) -> None:
        with app.app_context():
            came = arrive(article(), sender(), name=f"N{number}", body=LONG, now=CLOCK)
            assert came.verdict.answer is Answer.ALLOW
            judged.wait(20)
            with db.writing():
                arrival.submit(came, now=CLOCK)

    with ThreadPoolExecutor(4) as senders:
        list(senders.map(send, range(4)))
    assert comments.counts() | {"withdrawn": 0} == {
        "approved": 1,
        "pending": 3,
        "rejected": 0,
        "spam": 0,
        "withdrawn": 0,
        "replaced": 0,
    }
