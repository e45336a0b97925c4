"""Enquiries: the row and its mail come together or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from blog import articles, db, enquiries, outbox, spam
from blog.enquiries import Enquiry, Folder, Happening, arrival, letters
from blog.enquiries.arrival import Message
from blog.enquiries.letters import About
from blog.errors import MailError
from blog.outbox import Answer, MailState, Outcome
from tests import mailing
from tests.cast import CLOCK, at_once
from tests.enquiring import FINE, HELD, ask, enquiry

MakeApp = Callable[..., Flask]
pytestmark = pytest.mark.usefixtures("at_work")

MESSAGE = Message(
    name="Lerato",
    email="lerato@reader.example",
    consent="You may answer me.",
    topic="Microneedling",
    message="May I book?\nOn Tuesday.",
    about=About("winter", "Caring for skin", "caring"),
)


def submit(message: Message = MESSAGE, verdict: spam.Verdict = FINE) -> Enquiry:
    site = articles.site()
    with db.writing():
        made = arrival.submit(message, site=site, verdict=verdict, address_hash="a", now=CLOCK)
        reference = made.reference
    found = enquiries.by_reference(reference)
    assert found
    return found


def test_an_enquiry_and_its_mail_are_stored_together() -> None:
    enquiry = submit()
    assert enquiry.mail
    assert enquiry.mail.state == outbox.MailState.QUEUED
    assert "/articles/caring" in enquiry.mail.text
    assert f"/admin/enquiries/{enquiry.reference}" in enquiry.mail.text
    assert "May I book?\nOn Tuesday." in enquiry.mail.text


def test_where_the_mail_can_not_be_queued_there_is_no_enquiry() -> None:
    broken = replace(MESSAGE, email="two@a.example, three@b.example")
    with pytest.raises(MailError):
        submit(broken)
    assert enquiries.count_in(Folder.ALL) == 0
    assert outbox.recent() == []


def test_the_same_words_are_suspected_for_the_third_time_within_a_month() -> None:
    offer = "We rank your website first on all search engines within a week."
    for days_ago, message, is_suspected in (
        # Long ago; then once more with the number she forgot; then a machine.
        (90, offer, False),
        (60, offer, False),
        (29, offer, False),
        (1, offer, False),
        (0.5, offer, True),
        (0.4, "May I book for Tuesday at ten, please?", False),
        (0.3, "May I book for Tuesday at ten, please?", False),
        (0.2, "Call me back.", False),
        (0.1, "Call me back.", False),
        (0, "Call me back.", False),
    ):
        reference = ask(message, days_ago=days_ago, email=f"{days_ago}@reader.example")
        found = enquiry(reference)
        assert found.is_suspected == is_suspected, (days_ago, message)
    said = [each["words"] for each in enquiries.in_folder(Folder.SUSPECTED)[0].reasons]
    assert said == ["the same words came 2 times before"]


def test_a_reference_is_hard_to_guess_and_easy_to_say() -> None:
    references = {submit(replace(MESSAGE, message=f"No {n}")).reference for n in range(20)}
    assert len(references) == 20
    for reference in references:
        assert len(reference) == 9
        assert not set(reference) & set("01ILOU")


def test_markup_in_an_enquiry_is_only_text_in_the_mail() -> None:
    mail = submit(replace(MESSAGE, name="<b>L</b>", message="<img src=x onerror=alert(1)>")).mail
    assert mail
    assert "<img" not in mail.html
    assert "<b>L</b>" not in mail.html
    assert "<img src=x onerror=alert(1)>" in mail.text


# A second address


def give_up(words: str = "550 no such user") -> None:
    """Let the server refuse what waits."""
    with db.writing():
        for mail in outbox.recent(MailState.QUEUED):
            mail.settle(Answer(Outcome.REFUSED, words), now=CLOCK)


def test_an_enquiry_that_could_not_be_delivered_goes_to_the_second_address_once(
    make_app: MakeApp,
) -> None:
    with make_app(second_email="owner@clinic.example").app_context():
        enquiry = submit()
        letters.send_elsewhere(CLOCK)
        assert len(outbox.recent()) == 1
        give_up()
        for _ in range(2):
            letters.send_elsewhere(CLOCK)
        copy, first = outbox.recent()
        assert copy.recipient == "owner@clinic.example"
        assert copy.subject == f"Not delivered to hello@clinic.example: {first.subject}"
        assert (copy.text, copy.html, copy.reply_to) == (first.text, first.html, first.reply_to)
        (event,) = enquiry.events
        assert (event.kind, event.words, event.mail) == ("elsewhere", copy.recipient, copy)
        give_up()
        letters.send_elsewhere(CLOCK)
        assert len(outbox.recent()) == 2


def test_a_correction_that_could_not_be_delivered_goes_there_by_itself(make_app: MakeApp) -> None:
    with make_app(second_email="owner@clinic.example").app_context():
        enquiry = submit()
        for email in ("first@reader.example", "second@reader.example"):
            with db.writing():
                site, phone = articles.site(), {"phone": "", "phone_typed": ""}
                arrival.correct(enquiry, email=email, **phone, site=site, now=CLOCK)
            give_up()
            letters.send_elsewhere(CLOCK)
        copies = [mail for mail in outbox.recent() if mail.kind == letters.COPY]
        reached = [copy.reply_to for copy in copies]
        assert reached == ["second@reader.example", "first@reader.example", MESSAGE.email]
        assert "put right" in copies[0].text
        assert [each.kind for each in enquiry.events].count(Happening.ELSEWHERE) == 3


def test_several_workers_send_one_copy(make_app: MakeApp) -> None:
    app = make_app(second_email="owner@clinic.example")
    with app.app_context():
        for number in range(3):
            submit(replace(MESSAGE, message=f"No {number}"))
        give_up()
    at_once(app, *[lambda: letters.send_elsewhere(CLOCK)] * 4)
    with app.app_context():
        assert len(outbox.recent(MailState.QUEUED)) == 3


def test_what_is_no_longer_known_is_not_copied(make_app: MakeApp) -> None:
    with make_app(second_email="owner@clinic.example").app_context():
        submit()
        give_up()
        later = CLOCK + timedelta(days=1)
        with db.writing():
            outbox.forget_bodies(until=later, now=later)
        letters.send_elsewhere(later)
        assert len(outbox.recent()) == 1
        mailing.queue(now=later)
        give_up()
        letters.send_elsewhere(later)
        assert len(outbox.recent()) == 2


def test_without_a_second_address_nothing_is_copied() -> None:
    submit()
    give_up()
    letters.send_elsewhere(CLOCK)
    assert len(outbox.recent()) == 1


# Whom a topic goes to


@pytest.mark.parametrize(
    ("address", "goes_to"),
    [
        ("desk@clinic.example", "desk@clinic.example"),
        ("", "hello@clinic.example"),
        ("no good@clinic.example", "hello@clinic.example"),
    ],
)
def test_a_topic_can_go_to_an_address_of_its_own(address: str, goes_to: str) -> None:
    site = replace(articles.site(), contact_addresses={"Microneedling": address})
    with db.writing():
        enquiry = arrival.submit(MESSAGE, site=site, verdict=FINE, address_hash="a", now=CLOCK)
        assert enquiry.mail
        assert enquiry.mail.recipient == goes_to


def test_a_topic_without_an_address_goes_to_the_clinic() -> None:
    enquiry = submit(replace(MESSAGE, topic="Something else"))
    assert enquiry.mail
    assert enquiry.mail.recipient == "hello@clinic.example"


# To who sent it


@pytest.fixture
def answering(make_app: MakeApp) -> Iterator[Flask]:
    """A site that says by mail that an enquiry came."""
    app = make_app(acknowledge="yes")
    with app.app_context():
        yield app


def answers() -> list[str]:
    return [mail.recipient for mail in outbox.recent() if mail.kind == letters.ANSWER]


def test_nobody_is_answered_unless_the_clinic_wishes_it() -> None:
    submit()
    assert answers() == []


def test_who_sent_an_enquiry_is_told_that_it_came_without_her_words(answering: Flask) -> None:
    enquiry = submit()
    (event,) = enquiry.events
    mail = event.mail
    assert mail
    assert (event.kind, mail.recipient) == ("acknowledged", "lerato@reader.example")
    assert (mail.is_answer, mail.reply_to) == (True, "hello@clinic.example")
    assert enquiry.reference in mail.subject
    for part in (mail.text, mail.html, mail.subject):
        for own in ("Lerato", "book", "Tuesday", "Microneedling"):
            assert own not in part
    message = outbox.build(mail)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Return-Path"] is None


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (MESSAGE, HELD),
        (MESSAGE, spam.Verdict((spam.Reason("x", "odd", spam.Tone.BAD),))),
        (replace(MESSAGE, email="", phone_typed="0825550134"), FINE),
    ],
    ids=["suspected", "odd", "no address"],
)
def test_only_what_is_clearly_genuine_is_answered(
    answering: Flask, message: Message, verdict: spam.Verdict
) -> None:
    submit(message, verdict)
    assert answers() == []


def test_an_address_is_answered_once_a_day(answering: Flask) -> None:
    for number in range(3):
        submit(replace(MESSAGE, message=f"No {number}"))
    submit(replace(MESSAGE, email="other@reader.example"))
    assert answers() == ["other@reader.example", "lerato@reader.example"]


def test_capitals_make_no_other_address(answering: Flask) -> None:
    for number, email in enumerate(("victim@reader.example", "Victim@reader.example")):
        submit(replace(MESSAGE, email=email, message=f"No {number}"))
    assert answers() == ["victim@reader.example"]


def test_twenty_are_answered_an_hour(answering: Flask) -> None:
    for number in range(letters.ANSWERS_AN_HOUR + 3):
        submit(replace(MESSAGE, email=f"reader-{number}@reader.example"))
    assert len(answers()) == letters.ANSWERS_AN_HOUR
    late = replace(MESSAGE, email="late@reader.example")
    with db.writing():
        arrival.submit(
            late,
            site=articles.site(),
            verdict=FINE,
            address_hash="a",
            now=CLOCK + timedelta(minutes=61),
        )
    assert len(answers()) == letters.ANSWERS_AN_HOUR + 1
