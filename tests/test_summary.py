"""The clinic's morning mail."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from blog import articles, db, outbox, summary
from blog.outbox import Answer, MailState, Outcome, OutgoingMail
from tests.cast import Clock, Visitor, at_once

MakeApp = Callable[..., Flask]
DAY = timedelta(days=1)


def send(app: Flask) -> bool:
    with app.app_context():
        return summary.send(db.utc_now())


def sent(app: Flask) -> list[OutgoingMail]:
    with app.app_context():
        query = select(OutgoingMail).where(OutgoingMail.kind == summary.MAIL)
        return list(db.session.execute(query).scalars())


@pytest.fixture
def running(app: Flask, clock: Clock) -> Flask:
    """A site whose worker was at work this morning for the first time."""
    assert not send(app)
    return app


def test_the_first_morning_has_nothing_to_sum_up(running: Flask) -> None:
    assert sent(running) == []
    assert not send(running)


def test_it_comes_once_each_day_at_its_hour(running: Flask, clock: Clock) -> None:
    with running.app_context():
        zone = articles.site().zone
    for _ in range(3):
        clock.now = (clock.now + DAY).astimezone(zone).replace(hour=6, minute=59)
        assert not send(running)
        clock.now = clock.now.replace(hour=7, minute=0)
        assert send(running)
        assert not send(running)
    assert len(sent(running)) == 3


def test_it_comes_though_nothing_happened(running: Flask, clock: Clock) -> None:
    clock.now += DAY
    assert send(running)
    (mail,) = sent(running)
    assert mail.recipient == "hello@clinic.example"
    assert mail.subject == "The Skin Journal: nothing waits"
    for part in (mail.text, mail.html):
        assert "No enquiries came." in part
        assert "No comments came." in part
        assert "A day without it means that something is broken" in part


def test_it_says_what_came_and_what_waits_without_anybodys_words(
    running: Flask, clock: Clock, reader: Visitor, stranger: Visitor
) -> None:
    clock.now += timedelta(minutes=1)
    reader.enquire("A question of mine")
    stranger.enquire("Buy now", note="trapped")
    reader.comment("A comment of mine")
    clock.now += 2 * DAY
    assert send(running)
    (mail,) = sent(running)
    assert mail.subject == "The Skin Journal: 1 unanswered, 1 new, 1 to review"
    with running.app_context():
        (first,) = [m for m in outbox.recent() if "Lerato" in m.text and "Buy" not in m.text]
        reference = first.subject.split()[1].rstrip(":")
    for part in (mail.text, mail.html):
        assert f"/admin/enquiries/{reference}" in part
        assert "1 suspected of being advertising" in part
        assert "2 enquiries came" in part
        for own in ("mine", "Lerato", "lerato@", "Buy"):
            assert own not in part


def test_it_says_that_mail_is_late_or_was_given_up(
    running: Flask, clock: Clock, reader: Visitor
) -> None:
    reader.enquire("One")
    reader.enquire("Two")
    with running.app_context(), db.writing():
        for mail, outcome in zip(outbox.recent(), (Outcome.REFUSED, Outcome.DEFERRED), strict=True):
            mail.settle(Answer(outcome, "no"), now=db.utc_now())
    clock.now += DAY
    assert send(running)
    (mail,) = sent(running)
    assert mail.subject.startswith("The Skin Journal: 1 not delivered, ")
    for part in (mail.text, mail.html):
        assert "1 mail could not be delivered" in part
        assert "1 mail is late and still being tried" in part


def test_after_days_of_silence_one_tells_of_them_all(
    running: Flask, clock: Clock, reader: Visitor
) -> None:
    clock.now += DAY
    reader.enquire()
    clock.now += 4 * DAY
    assert send(running)
    (mail,) = sent(running)
    assert "1 enquiry came" in mail.text


def test_several_workers_send_one(running: Flask, clock: Clock) -> None:
    clock.now += DAY
    at_once(running, *[lambda: summary.send(db.utc_now())] * 4)
    assert len(sent(running)) == 1


def test_it_can_be_left_out(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(summary_at="never")
    for _ in range(3):
        clock.now += DAY
        assert not send(app)
    assert sent(app) == []


def test_it_is_a_mail_like_any_other(running: Flask, clock: Clock) -> None:
    clock.now += DAY
    send(running)
    assert [mail.state for mail in sent(running)] == [MailState.QUEUED]
