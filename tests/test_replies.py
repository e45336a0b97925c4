"""Replies to enquiries: one mail each, from the site, answered to the clinic."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from blog import articles, db, journal, outbox
from blog.enquiries import State, answering, replies
from blog.errors import Conflict, Forbidden
from blog.outbox import OutgoingMail
from tests.cast import AUTHOR, CLOCK, MODERATOR, Person, at_once
from tests.enquiring import HELD, ask, enquiry, user

pytestmark = pytest.mark.usefixtures("at_work")

WORDS = "Dear Lerato,\n\nTuesday at ten would suit us."


def reply(
    reference: str, words: str = WORDS, *, by: Person = AUTHOR, minutes: int = 0, **options: Any
) -> None:
    given: dict[str, Any] = {"site": articles.site(), "is_quoting": False}
    with db.writing():
        asked = answering.one_locked(reference)
        given |= {"subject": replies.subject_of(asked), "seen": asked.mark}
        now = CLOCK + timedelta(minutes=minutes)
        replies.reply(asked, words, **given | options, by=user(by), now=now)


def mails() -> list[OutgoingMail]:
    return [mail for mail in outbox.recent() if mail.kind == replies.MAIL]


def test_a_reply_goes_from_the_site_to_the_visitor_who_answers_the_clinic() -> None:
    reference = ask()
    reply(reference)
    (mail,) = mails()
    assert (mail.sender, mail.recipient) == ("blog@clinic.example", "lerato@reader.example")
    assert mail.reply_to == "hello@clinic.example"
    assert outbox.build(mail)["Auto-Submitted"] is None
    assert mail.subject == f"Re: Enquiry {reference}: Microneedling"
    for body in (mail.text, mail.html):
        for words in ("Tuesday at ten", "The Skin Clinic", "+27 11 555 0100", reference):
            assert words in body
        assert "May I book?" not in body


def test_who_answers_a_reply_reaches_the_address_of_its_topic() -> None:
    reference = ask()
    desk = replace(articles.site(), contact_addresses={"Microneedling": "desk@clinic.example"})
    reply(reference, site=desk)
    (mail,) = mails()
    assert mail.reply_to == "desk@clinic.example"


def test_a_reply_and_the_mail_to_the_clinic_are_shown_together() -> None:
    reference = ask()
    reply(reference)
    told = enquiry(reference).mail
    assert told
    assert mails()[0].thread_id == told.thread_id == f"<enquiry-{reference}@clinic.example>"


def test_a_reply_answers_the_enquiry_and_says_so() -> None:
    reference = ask(verdict=HELD)
    reply(reference)
    answered = enquiry(reference)
    assert (answered.state, answered.is_suspected) == (State.ANSWERED, False)
    assert (answered.answered_at, answered.state_changed_at) == (CLOCK, CLOCK)
    assert [event.kind for event in answered.events] == ["reply", "genuine", "state"]
    assert answered.events[0].words == WORDS
    assert answered.events[0].mail_id == mails()[0].id
    verbs = {line.verb for line in journal.recent()}
    assert verbs == {"answered", "marked as genuine", "replied to"}


def test_what_the_visitor_wrote_is_quoted_on_request() -> None:
    reply(ask("May I book?\n<b>On Tuesday</b>"), is_quoting=True)
    (mail,) = mails()
    assert "> May I book?\n> <b>On Tuesday</b>" in mail.text
    assert "&lt;b&gt;On Tuesday&lt;/b&gt;" in mail.html


def test_what_may_be_sensitive_is_never_quoted() -> None:
    reply(ask("I have diabetes"), is_quoting=True)
    assert "diabetes" not in mails()[0].text + mails()[0].html


def test_without_a_topic_or_a_phone_nothing_is_missing() -> None:
    reference = ask(topic="")
    reply(reference, site=replace(articles.site(), clinic_phone=""))
    (mail,) = mails()
    assert mail.subject == f"Re: Enquiry {reference}"
    assert "The Skin Clinic\n\n---" in mail.text


def test_a_reply_that_was_sent_twice_is_one() -> None:
    reference = ask()
    seen = enquiry(reference).mark
    for minutes in (0, 1):
        reply(reference, seen=seen, minutes=minutes)
    assert len(mails()) == 1
    assert len(enquiry(reference).events) == 2


def test_a_reply_that_was_sent_several_times_at_one_moment_is_one(app: Flask) -> None:
    reference = ask()
    seen = enquiry(reference).mark
    assert at_once(app, *[lambda: reply(reference, seen=seen)] * 4) == [None] * 4
    db.session.rollback()
    assert len(mails()) == 1


def test_a_second_reply_is_a_second_mail() -> None:
    reference = ask()
    reply(reference)
    reply(reference, minutes=1)
    assert len(mails()) == 2
    assert enquiry(reference).answered_at == CLOCK + timedelta(minutes=1)


def test_a_reply_is_not_sent_over_what_somebody_did_meanwhile() -> None:
    reference = ask()
    seen = enquiry(reference).mark
    with db.writing():
        enquiry(reference).settle(State.CLOSED, by=user(), now=CLOCK)
    with pytest.raises(Conflict, match="Somebody did something"):
        reply(reference, seen=seen)
    reply(reference)
    with pytest.raises(Conflict, match="Somebody did something"):
        reply(reference, "Other words", seen=seen)
    assert len(mails()) == 1


def test_who_only_looked_at_it_is_in_nobodys_way() -> None:
    reference = ask()
    seen = enquiry(reference).mark
    with db.writing():
        enquiry(reference).settle(State.SEEN, by=user(), now=CLOCK)
    reply(reference, seen=seen)
    with db.writing():
        enquiry(reference).settle(State.SEEN, by=user(), now=CLOCK + timedelta(minutes=1))
    with pytest.raises(Conflict, match="Somebody did something"):
        reply(reference, "Other words", seen=seen)


def test_where_there_is_no_address_there_is_no_reply() -> None:
    reference = ask(email="", phone="+27115550100", phone_typed="011 555 0100")
    with pytest.raises(Conflict, match="nowhere to send"):
        reply(reference)
    assert mails() == []


def test_a_moderator_may_not_reply() -> None:
    with pytest.raises(Forbidden):
        reply(ask(), by=MODERATOR)
