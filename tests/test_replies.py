"""Replies to enquiries: one mail each, from the site, answered to the clinic."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask

from blog import articles, db, journal, outbox
from blog.enquiries import EnquiryEvent, Happening, State, answering, replies
from blog.errors import Conflict, Forbidden, NotFound
from blog.outbox import Answer, MailState, Outcome, OutgoingMail
from tests.cast import AUTHOR, CLOCK, MODERATOR, Person, at_once
from tests.enquiring import HELD, ask, enquiry, user
from tests.mailing import MINUTE, Taking, deliver

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


# Taken back


def replies_of(reference: str) -> list[EnquiryEvent]:
    db.session.rollback()
    kinds = (Happening.REPLY, Happening.UNSENT)
    return [event for event in enquiry(reference).events if event.kind in kinds]


def take_back(reference: str, *, which: int = 0, by: Person = AUTHOR) -> None:
    """Take back a reply by its place among all there were."""
    number = replies_of(reference)[which].id
    with db.writing():
        asked = answering.one_locked(reference)
        replies.take_back(asked, number, by=user(by), now=CLOCK + 3 * MINUTE)


def standing(reference: str) -> dict[str, Any]:
    """Where an enquiry stands, and whose it is."""
    db.session.rollback()
    names = "state is_suspected seen_at answered_at state_changed_at assigned_to_id mark"
    return {name: getattr(enquiry(reference), name) for name in names.split()}


def settle(reference: str, *states: State, at: datetime = CLOCK - timedelta(days=3)) -> None:
    with db.writing():
        for state in states:
            enquiry(reference).settle(state, by=user(), now=at)


STANDINGS: dict[str, Callable[[str], None]] = {
    "new": lambda _: None,
    "seen": lambda reference: settle(reference, State.SEEN),
    "opened again": lambda reference: settle(reference, State.ANSWERED, State.SEEN),
    "answered": lambda reference: reply(reference, "Yes."),
    "closed": lambda reference: settle(reference, State.CLOSED),
}


@pytest.mark.parametrize("name", [*STANDINGS, "suspected"])
def test_a_reply_that_is_taken_back_leaves_the_enquiry_where_it_stood(name: str) -> None:
    reference = ask(verdict=HELD) if name == "suspected" else ask()
    STANDINGS.get(name, STANDINGS["new"])(reference)
    with db.writing():
        enquiry(reference).assigned_to_id = user().id
    stood, place, sent = standing(reference), enquiry(reference).place, len(mails())
    reply(reference, minutes=1, subject="Your visit", is_quoting=True)
    assert standing(reference) != stood
    for _ in range(2):
        take_back(reference, which=-1)
    assert standing(reference) == stood
    assert len(mails()) == sent
    written, back = replies_of(reference)[-1], enquiry(reference).events[-1]
    assert (back.kind, back.words) == ("taken back", place)
    assert (written.kind, written.words) == ("unsent", WORDS)
    assert replies.draft(enquiry(reference), written.id) is written
    assert replies.draft(enquiry(reference), back.id) is None
    assert written.draft
    assert (written.draft["subject"], written.draft["is_quoting"]) == ("Your visit", True)
    lines = [(line.verb, line.was, line.became) for line in journal.recent(limit=2)]
    put = [("put back", "answered", place)] if name != "answered" else []
    assert lines[: len(put) + 1] == [*put, ("took back a reply to", None, None)]
    # Sent again as it was, it is no second press of the same button.
    reply(reference, minutes=2)
    assert len(mails()) == sent + 1


def test_a_reply_waits_a_minute_and_can_not_be_taken_back_once_a_worker_has_it() -> None:
    reference = ask()
    reply(reference)
    tries: list[str] = []

    def answer(mail: OutgoingMail) -> Answer:
        if mail.kind == replies.MAIL:
            with pytest.raises(Conflict, match="has left already"):
                take_back(reference)
            tries.append(mail.text)
        return Answer(Outcome.DEFERRED, "451 Later")

    for seconds in (59, 60):
        assert len(tries) == 0
        deliver(Taking(answer), now=CLOCK + timedelta(seconds=seconds))
    assert len(tries) == 1
    with pytest.raises(Conflict, match="has left already"):
        take_back(reference)
    (mail,) = mails()
    assert mail.state == MailState.QUEUED
    assert [event.mail_id for event in replies_of(reference)] == [mail.id]
    assert enquiry(reference).state == State.ANSWERED


def test_of_who_sends_a_reply_and_who_takes_it_back_one_is_too_late(app: Flask) -> None:
    for number in range(4):
        reference, taking = ask(f"No {number}"), Taking()
        reply(reference)
        asked, given = partial(take_back, reference), partial(deliver, taking, now=CLOCK + MINUTE)
        came, _ = at_once(app, asked, given)
        is_sent = any(mail.kind == replies.MAIL for mail in taking.given)
        assert isinstance(came, Conflict) == is_sent, came
        (told,) = replies_of(reference)
        assert (told.kind, bool(told.mail_id)) == (
            ("reply", True) if is_sent else ("unsent", False)
        )


def test_what_somebody_did_since_stays_when_a_reply_is_taken_back() -> None:
    reference = ask()
    reply(reference)
    settle(reference, State.CLOSED, at=CLOCK + MINUTE)
    take_back(reference)
    assert enquiry(reference).state == State.CLOSED
    assert enquiry(reference).events[-1].words == ""


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_replies_both_can_be_taken_back_in_any_order(order: tuple[int, int]) -> None:
    reference = ask()
    stood = standing(reference)
    reply(reference)
    reply(reference, "And on Friday.", minutes=1)
    for which in order:
        assert enquiry(reference).state == State.ANSWERED
        take_back(reference, which=which)
    assert standing(reference) == stood


def test_only_a_reply_is_taken_back_and_only_by_who_may_reply() -> None:
    reference = ask()
    reply(reference)
    with pytest.raises(Forbidden):
        take_back(reference, by=MODERATOR)
    answered = enquiry(reference).events[-1]
    assert answered.kind == Happening.STATE
    for number in (answered.id, 99_999):
        with pytest.raises(NotFound), db.writing():
            replies.take_back(enquiry(reference), number, by=user(), now=CLOCK)


def test_a_reply_of_before_it_could_be_taken_back_is_left_alone() -> None:
    reference = ask()
    reply(reference)
    with db.writing():
        enquiry(reference).events[0].draft = None
    with pytest.raises(Conflict):
        take_back(reference)
    assert not replies_of(reference)[0].is_held
