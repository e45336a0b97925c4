"""The page of one enquiry: its history, notes, whose it is, and the reply."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from blog import accounts, db, enquiries, journal, outbox
from blog.accounts import Role
from blog.enquiries import Happening, State, replies
from blog.outbox import Answer, MailAttempt, Outcome, OutgoingMail
from tests.cast import ARTICLE, AUTHOR, CLOCK, MODERATOR, Clock, Visitor, fields
from tests.enquiring import HELD, answer, ask, enquiry, user
from tests.mailing import Taking, deliver

INBOX = "/admin/enquiries"
ROUTES = ["notes", "assignment", "reply", "notes/1/removal", "reading", "genuine"]
ROUTES += ["replies/1/return"]
WORDS = "Dear Lerato,\n\nTuesday at ten would suit us."


@pytest.fixture
def asked(app: Flask) -> str:
    """An enquiry; its reference."""
    with app.app_context():
        return ask("May I book?\n\n<script>alert(1)</script>")


def post(author: Visitor, reference: str, noun: str, query: str = "", **typed: str) -> Any:
    """Fill in a form of an enquiry's page and send it."""
    path = f"{INBOX}/{reference}"
    action = f"{path}/{noun}"
    return author.post(action, author.form(f"{path}{query}", action) | typed)


def replied(app: Flask) -> dict[int, str]:
    """The text of each reply that was sent, by the number of its mail."""
    with app.app_context():
        return {mail.id: mail.text for mail in outbox.recent() if mail.kind == replies.MAIL}


def open_reply(author: Visitor, reference: str) -> dict[str, str]:
    path = f"{INBOX}/{reference}/reply"
    return author.form(path, path)


def test_one_enquiry_is_shown_whole_and_as_text(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire("First line\n\n<script>alert(1)</script>", about=ARTICLE)
    with app.app_context():
        (found,) = enquiries.in_folder(enquiries.Folder.NEW)
        reference = found.reference
    page = author.get(f"{INBOX}/{reference.lower()}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert f"mailto:lerato@reader.example?subject=Re%3A%20Enquiry%20{reference}" in page
    assert "The clinic may keep what I write here" in page
    assert f'href="/articles/{ARTICLE}"' in page
    assert ">New 1</a>" in author.get(INBOX).text


def test_an_article_that_is_gone_is_not_named(app: Flask, author: Visitor) -> None:
    with app.app_context():
        reference = ask()
        with db.writing():
            enquiry(reference).article_id = "gone"
    assert "Came from" not in author.get(f"{INBOX}/{reference}").text


@pytest.mark.parametrize("path", [f"{INBOX}/ABCD-EFGH", f"{INBOX}/%00", f"{INBOX}/" + "x" * 300])
def test_a_guessed_reference_is_not_found(author: Visitor, path: str) -> None:
    assert author.get(path).status_code in (400, 404)
    assert author.get(f"{path}/reply").status_code in (400, 404)


@pytest.mark.parametrize("noun", ROUTES)
def test_acts_on_an_unknown_enquiry_are_not_found(author: Visitor, noun: str) -> None:
    typed = {"details": "x", "person": "", "subject": "x", "message": "x"}
    assert author.press(INBOX, f"{INBOX}/ABCD-EFGH/{noun}", **typed).status_code == 404


@pytest.mark.parametrize("noun", ROUTES)
def test_only_who_may_read_enquiries_may_act_on_them(
    app: Flask, asked: str, stranger: Visitor, second_author: Visitor, author: Visitor, noun: str
) -> None:
    path = f"{INBOX}/{asked}/{noun}"
    assert stranger.post(path, {"x": "1"}).status_code == 401
    assert second_author.press("/admin/account", path).status_code == 403
    assert author.post(path, {"details": "x", "message": "x"}).status_code == 422
    if noun != "reply":
        assert author.get(path).status_code == 405
    with app.app_context():
        assert enquiry(asked).events == []


def test_what_may_hold_medical_details_or_be_spam_is_flagged_on_its_page(
    app: Flask, author: Visitor
) -> None:
    with app.app_context():
        reference = ask("I have diabetes", verdict=HELD)
    page = author.get(f"{INBOX}/{reference}").text
    assert "This may hold medical details" in page
    assert "This may be advertising" in page
    assert "1 link" in page


def test_who_gave_no_address_is_called(app: Flask, author: Visitor) -> None:
    with app.app_context():
        reference = ask(email="", phone="+27115550100", phone_typed="011 555 0100")
    path = f"{INBOX}/{reference}"
    for page in (author.get(path).text, author.get(f"{path}/reply").text):
        assert 'href="tel:+27115550100"' in page
        assert "mailto:" not in page
        assert 'name="message"' not in page
    refused = author.press(path, f"{path}/reply", subject="x", message="x")
    assert refused.status_code == 409
    assert "nowhere to send" in refused.text


# What happened


def sentences(page: str) -> list[str]:
    """Read what a page tells of what happened, in its order."""
    told = page.partition("What happened")[2].partition("</ol>")[0]
    plain = [
        re.sub(r"<form.*?</form>|<[^>]+>", " ", each, flags=re.S)
        for each in told.split("</time>")[1:]
    ]
    return [
        " ".join(each.split()).rpartition(" 4 May")[0] or " ".join(each.split()) for each in plain
    ]


def test_everything_that_happened_is_told_in_its_order(
    app: Flask, clock: Clock, asked: str, author: Visitor
) -> None:
    def settle(mail: OutgoingMail | None, outcome: Outcome, words: str) -> None:
        assert mail
        clock.move(minutes=1)
        mail.settle(Answer(outcome, words), now=clock.now)

    with app.app_context(), db.writing():
        settle(enquiry(asked).mail, Outcome.DEFERRED, "451 greylisted")
        settle(enquiry(asked).mail, Outcome.INTERRUPTED, "the worker ended")
        settle(enquiry(asked).mail, Outcome.ACCEPTED, "250 ok as 4711")
    clock.move(minutes=1)
    post(author, asked, "notes", details="Rang <b>twice</b>.")
    clock.move(minutes=1)
    post(author, asked, "assignment", person=str(author_id(app)))
    clock.move(minutes=1)
    author.post(f"{INBOX}/{asked}/reply", open_reply(author, asked) | {"message": WORDS})
    with app.app_context(), db.writing():
        (mail,) = (each.mail for each in enquiry(asked).events if each.mail)
        settle(mail, Outcome.REFUSED, "550 no such user")
    page = author.get(f"{INBOX}/{asked}").text
    assert sentences(page) == [
        "Stored, and its mail to hello@clinic.example queued",
        "The mail to the clinic was tried, and will be tried again: 451 greylisted",
        "The mail to the clinic was cut short on its way, and will be tried again: the worker ended",
        "The mail to the clinic was accepted by the mail server: 250 ok as 4711",
        "Marked as seen by Sandra de Beer",
        "Note by Sandra de Beer Rang &lt;b&gt;twice&lt;/b&gt;.",
        "Assigned to Sandra de Beer by Sandra de Beer",
        "Reply to lerato@reader.example queued by Sandra de Beer Dear Lerato, Tuesday at ten would suit us.",
        "Answered by Sandra de Beer",
        "The reply was refused by the mail server: 550 no such user",
    ]
    assert "The reply could not be delivered." in page
    assert f'action="/admin/mail/{min(replied(app))}/retry"' in page


def author_id(app: Flask) -> int:
    with app.app_context():
        return user().id


def test_what_is_from_before_its_history_was_kept_says_what_is_known(
    app: Flask, asked: str, author: Visitor
) -> None:
    with app.app_context(), db.writing():
        found = enquiry(asked)
        found.mail = None
        found.seen_at = CLOCK + timedelta(hours=1)
    assert sentences(author.get(f"{INBOX}/{asked}").text) == ["Stored", "Marked as seen"]


def test_a_reply_whose_mail_is_kept_no_longer_is_told_all_the_same(
    app: Flask, asked: str, author: Visitor
) -> None:
    with app.app_context(), db.writing():
        enquiry(asked).tell(Happening.REPLY, words=WORDS, by=None, now=CLOCK)
        enquiry(asked).tell(Happening.ASSIGNED, words="", by=None, now=CLOCK)
        enquiry(asked).tell(Happening.TAKEN_BACK, words="", by=user(), now=CLOCK)
    assert sentences(author.get(f"{INBOX}/{asked}").text)[1:] == [
        "Reply sent Dear Lerato, Tuesday at ten would suit us.",
        "Assigned to nobody",
        "Sandra de Beer took the reply back",
    ]


def test_what_the_site_did_by_itself_is_told_by_its_name(
    app: Flask, asked: str, author: Visitor
) -> None:
    with app.app_context(), db.writing():
        found, mail = enquiry(asked), enquiry(asked).mail
        assert mail
        for kind in (Happening.ACKNOWLEDGED, Happening.CORRECTED, Happening.ELSEWHERE):
            found.tell(kind, words="lerato@gmial.example", by=None, now=CLOCK)
        for outcome in (Outcome.BOUNCED, Outcome.SOFT_BOUNCED, Outcome.STOPPED):
            mail.history.append(MailAttempt(at=CLOCK, outcome=outcome, reply="550 5.1.1"))
    assert sentences(author.get(f"{INBOX}/{asked}").text)[1:] == [
        "The mail to the clinic came back, for good: 550 5.1.1",
        "The mail to the clinic came back: 550 5.1.1",
        "The mail to the clinic wasn’t sent: 550 5.1.1",
        "Its sender is told that it came",
        "Corrected by its sender; before it was lerato@gmial.example",
        "A copy to lerato@gmial.example queued",
    ]


# Notes, and whose it is


def test_a_note_is_kept_and_can_be_removed_by_its_writer(
    app: Flask, asked: str, author: Visitor
) -> None:
    after = post(author, asked, "notes", "?folder=all&q=book", details="Rang on Tuesday.")
    assert after.status_code == 303
    assert after.location == f"{INBOX}/{asked}?folder=all&q=book"
    page = author.get(after.location).text
    assert "Rang on Tuesday." in page
    removal = re.search(rf'action="{INBOX}/{asked}/(notes/\d+/removal)"', page)
    assert removal
    post(author, asked, removal[1])
    assert "Rang on Tuesday." not in author.get(f"{INBOX}/{asked}").text
    with app.app_context():
        verbs = [line.verb for line in journal.recent()]
    assert verbs == ["removed a note about", "wrote a note about", "marked as seen"]


def test_nobody_is_offered_to_remove_a_note_of_another(
    app: Flask, asked: str, author: Visitor
) -> None:
    with app.app_context(), db.writing():
        enquiry(asked).tell(Happening.NOTE, words="Of old.", by=None, now=CLOCK)
    page = author.get(f"{INBOX}/{asked}").text
    assert "Of old." in page
    assert "/removal" not in page


@pytest.mark.parametrize("typed", ["", " \n", "x" * 2_001, "a\x07b"])
def test_a_note_that_can_not_be_kept_is_given_back(asked: str, author: Visitor, typed: str) -> None:
    page = post(author, asked, "notes", details=typed)
    assert page.status_code == 422
    assert "There is a problem" in page.text
    assert typed.strip() in page.text


def test_an_enquiry_is_assigned_to_somebody_of_the_list_or_to_nobody(
    app: Flask, asked: str, author: Visitor
) -> None:
    with app.app_context(), db.writing():
        mia = accounts.add(
            email="m@clinic.example", name="Mia", role=Role.ADMIN, password_hash="x", now=CLOCK
        ).id
    assert post(author, asked, "assignment", person=str(mia)).status_code == 303
    page = author.get(f"{INBOX}/{asked}").text
    assert "It is assigned to Mia." in page
    assert f'<option value="{mia}" selected>Mia</option>' in page
    assert "With Mia" in author.get(f"{INBOX}?folder=seen").text
    with app.app_context(), db.writing():
        gone = accounts.by_id(mia)
        assert gone
        gone.role = Role.MODERATOR
    assert "Mia (may not read enquiries any more)" in author.get(f"{INBOX}/{asked}").text
    for wrong in ("99999", "x", "-1"):
        assert post(author, asked, "assignment", person=wrong).status_code == 422
    post(author, asked, "assignment", person="")
    assert "It is assigned to nobody." in author.get(f"{INBOX}/{asked}").text


# The reply


def test_a_reply_is_written_on_a_page_of_its_own_and_sent_once(
    app: Flask, asked: str, author: Visitor
) -> None:
    form = open_reply(author, asked)
    assert form["subject"] == f"Re: Enquiry {asked}: Microneedling"
    page = author.get(f"{INBOX}/{asked}/reply").text
    for words in ("lerato@reader.example", "The Skin Clinic, +27 11 555 0100", "Quote the visitor"):
        assert words in page
    for _ in range(2):
        sent = author.post(f"{INBOX}/{asked}/reply", form | {"message": WORDS, "quote": "y"})
        assert (sent.status_code, sent.location) == (303, f"{INBOX}/{asked}?folder=new")
    page = author.get(sent.location).text
    assert "Your reply to lerato@reader.example goes out in a minute." in page
    assert page.count("Take it back") == 1
    (text,) = replied(app).values()
    assert "> May I book?" in text


def test_a_reply_is_taken_back_by_a_button_and_written_on(
    app: Flask, clock: Clock, asked: str, author: Visitor
) -> None:
    form = open_reply(author, asked) | {
        "subject": "Your visit",
        "message": "Yes, at ten.",
        "quote": "y",
    }
    sent = author.post(f"{INBOX}/{asked}/reply", form)
    clock.move(minutes=1)
    page = author.get(sent.location).text
    assert "Your reply to lerato@reader.example waits to go out." in page
    found = re.search(rf'action="{INBOX}/{asked}/(replies/(\d+)/return)"', page)
    assert found
    taken = author.press(sent.location, f"{INBOX}/{asked}/{found[1]}", folder="all")
    assert (taken.status_code, taken.location) == (
        303,
        f"{INBOX}/{asked}/reply?folder=all&draft={found[2]}",
    )
    assert replied(app) == {}
    page = author.get(taken.location).text
    assert "The reply is taken back, and nothing was sent." in page
    assert "Yes, at ten." in page
    written = fields(page, f"{INBOX}/{asked}/reply")
    assert (written["subject"], written["quote"]) == ("Your visit", "y")
    assert "Yes, at ten." not in author.get(f"{INBOX}/{asked}/reply?draft=99999").text
    page = author.get(f"{INBOX}/{asked}").text
    assert sentences(page)[1:] == [
        "Unsent reply by Sandra de Beer Yes, at ten. Go on writing",
        "Answered by Sandra de Beer",
        "Sandra de Beer took the reply back; back to “new”, as before",
    ]
    assert f'/reply?folder=new&amp;draft={found[2]}">Go on writing<' in page
    assert "Take it back" not in page
    assert f"took back a reply to enquiry {asked}" in author.get("/admin/journal").text
    with app.app_context():
        answer(asked, now=clock())
    assert "Go on writing" not in author.get(f"{INBOX}/{asked}").text


def test_who_takes_a_reply_back_too_late_is_told_so(
    app: Flask, clock: Clock, asked: str, author: Visitor
) -> None:
    with app.app_context():
        answer(asked, WORDS, now=clock())
        found = enquiry(asked).events[0]
        path = f"{INBOX}/{asked}/replies/{found.id}/return"
        mia = accounts.by_email(MODERATOR.email)
        with db.writing():
            enquiry(asked).events[0].by = mia
    assert f"{MODERATOR.name}’s reply to" in author.get(f"{INBOX}/{asked}").text
    clock.move(minutes=2)
    with app.app_context():
        deliver(Taking(), now=clock())
    page = author.press(f"{INBOX}/{asked}", path)
    assert page.status_code == 409
    assert "It is too late to take this reply back: it has left already." in page.text
    assert "Take it back" not in page.text
    assert author.press(f"{INBOX}/{asked}", f"{path[:-7]}0/return").status_code == 404


@pytest.mark.parametrize(
    "typed",
    [
        {"message": ""},
        {"message": "x" * 5_001},
        {"subject": ""},
        {"subject": "a\r\nBcc: eve@evil.example"},
        {"subject": "x" * 201},
    ],
)
def test_a_reply_that_can_not_be_sent_is_given_back_whole(
    app: Flask, asked: str, author: Visitor, typed: dict[str, str]
) -> None:
    form = open_reply(author, asked) | {"message": WORDS} | typed
    page = author.post(f"{INBOX}/{asked}/reply", form)
    assert page.status_code == 422
    assert "There is a problem" in page.text
    assert form["message"] in page.text
    assert replied(app) == {}


def test_a_reply_is_kept_where_somebody_was_quicker_and_can_be_sent_all_the_same(
    app: Flask, asked: str, author: Visitor
) -> None:
    form = open_reply(author, asked) | {"message": WORDS}
    with app.app_context(), db.writing():
        enquiry(asked).settle(State.ANSWERED, by=user(), now=db.utc_now())
    page = author.post(f"{INBOX}/{asked}/reply", form)
    assert page.status_code == 409
    assert f"Already answered</b> by {AUTHOR.name}" in page.text
    assert WORDS in page.text
    assert replied(app) == {}
    action = f"{INBOX}/{asked}/reply"
    again = author.post(action, fields(page.text, action) | {"message": WORDS})
    assert again.status_code == 303
    assert len(replied(app)) == 1


def test_what_may_be_sensitive_is_not_offered_to_be_quoted(app: Flask, author: Visitor) -> None:
    with app.app_context():
        reference = ask("I have diabetes")
    page = author.get(f"{INBOX}/{reference}/reply").text
    assert 'name="quote"' not in page
    assert "isn’t quoted" in page


def test_a_reply_written_while_the_session_ended_is_kept(asked: str, stranger: Visitor) -> None:
    page = stranger.post(f"{INBOX}/{asked}/reply", {"subject": "Re: x", "message": WORDS})
    assert page.status_code == 401
    assert "Re: x" in page.text
    assert WORDS in page.text


def test_a_page_asks_no_more_of_the_database_the_more_happened(
    app: Flask, asked: str, author: Visitor
) -> None:
    counts = []
    for _ in range(2):
        with app.app_context():
            for number in range(3):
                answer(asked, f"No {number}", now=db.utc_now())
        counts.append(statements(app, author, f"{INBOX}/{asked}"))
    assert counts[0] == counts[1]


def statements(app: Flask, author: Visitor, path: str) -> int:
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.db.engine
    event.listen(engine, "before_cursor_execute", note)
    assert author.get(path).status_code == 200
    event.remove(engine, "before_cursor_execute", note)
    return len([each for each in asked if each.startswith(("SELECT", "WITH"))])
