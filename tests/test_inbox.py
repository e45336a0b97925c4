"""The inbox, with what became of the mail."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from blog import articles, config, db, enquiries, outbox, spam
from blog.enquiries import Folder, arrival
from blog.enquiries.arrival import Message
from blog.outbox import Answer, Outcome
from tests.cast import ARTICLE, AUTHOR, Clock, Visitor
from tests.smtp_server import MailServer

INBOX = "/admin/enquiries"


def reference(app: Flask) -> str:
    with app.app_context():
        rows = [*enquiries.in_folder(Folder.ALL), *enquiries.in_folder(Folder.SUSPECTED)]
        return rows[0].reference


def settle(app: Flask, outcome: Outcome, words: str, *, attempts: int = 1) -> None:
    """Let the mail worker note how an attempt ended."""
    with app.app_context(), db.writing():
        (mail,) = outbox.recent()
        mail.attempts = attempts
        mail.settle(Answer(outcome, words), now=db.utc_now())


def test_the_inbox_shows_who_wrote_about_what(reader: Visitor, author: Visitor) -> None:
    reader.enquire("May I book for Tuesday?", about=ARTICLE, phone="082 555 0134")
    page = author.get(INBOX).text
    for words in (
        "Lerato",
        "Microneedling",
        "May I book for Tuesday?",
        "Mesotherapy or microneedling: what sets them apart?",
        "on its way",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.ACCEPTED, "delivered"),
        (Outcome.DEFERRED, "waiting to be tried again"),
        (Outcome.REFUSED, "failed"),
    ],
)
def test_the_inbox_says_what_became_of_the_mail(
    app: Flask, reader: Visitor, author: Visitor, outcome: Outcome, said: str
) -> None:
    reader.enquire()
    settle(app, outcome, "250 words of the server")
    assert said in author.get(INBOX).text
    page = author.get(f"{INBOX}/{reference(app)}").text
    assert "250 words of the server" in page


def test_a_mail_written_to_a_file_is_not_called_delivered(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire()
    with app.app_context():
        outbox.deliver_due(outbox.transport(config.current()), worker="w", clock=db.utc_now)
    assert "delivered" not in author.get(INBOX).text
    assert "written to a file" in author.get(INBOX).text
    page = author.get(f"{INBOX}/{reference(app)}").text
    assert "No mail server is set, so it was written to" in page


def test_mail_that_only_went_to_a_file_can_be_sent_once_there_is_a_server(
    app: Flask, make_app: Any, reader: Visitor, author: Visitor
) -> None:
    reader.enquire()
    with app.app_context():
        outbox.deliver_due(outbox.transport(config.current()), worker="w", clock=db.utc_now)
        mail_id = outbox.recent()[0].id
    again = f'action="/admin/mail/{mail_id}/retry"'
    assert again not in author.get("/admin/mail").text
    assert "leave this machine" in author.get("/admin/").text
    with MailServer() as server:
        served = make_app(smtp_url=f"smtp://127.0.0.1:{server.port}")
        desk = Visitor(served)
        desk.sign_in(AUTHOR)
        assert again in desk.get("/admin/mail").text
        desk.press("/admin/mail", f"/admin/mail/{mail_id}/retry")
        with served.app_context():
            transport = outbox.transport(config.current())
            assert outbox.deliver_due(transport, worker="w", clock=db.utc_now).sent == 1
        assert len(server.received) == 1
    assert "delivered" in desk.get(INBOX).text


def test_retrying_all_sends_what_only_went_to_a_file_too(app: Flask, reader: Visitor) -> None:
    reader.enquire()
    with app.app_context():
        outbox.deliver_due(outbox.transport(config.current()), worker="w", clock=db.utc_now)
        with db.writing():
            assert outbox.retry_all(now=db.utc_now()) == 1


def test_the_first_page_says_that_mail_waits_after_a_failed_try(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire()
    settle(app, Outcome.DEFERRED, "no answer")
    assert "could not be delivered yet" in author.get("/admin/").text


def test_a_failed_mail_is_a_banner_on_every_page_and_can_be_tried_again(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire()
    settle(app, Outcome.REFUSED, "550 no such user")
    assert "could not be delivered" in author.get("/admin/").text
    assert "could not be delivered" in author.get("/admin/journal").text
    with app.app_context():
        mail_id = outbox.recent()[0].id
    after = author.press("/admin/mail", f"/admin/mail/{mail_id}/retry")
    assert "tried again" in author.get(after.location).text
    assert "state=failed" not in author.get("/admin/").text
    with app.app_context():
        (mail,) = outbox.recent()
        assert mail.state == outbox.MailState.QUEUED


def test_mail_that_does_not_leave_is_a_banner_on_every_page(
    clock: Clock, reader: Visitor, author: Visitor
) -> None:
    banner = "No mail has left for a while."
    reader.enquire()
    assert banner not in author.get("/admin/").text
    clock.now += timedelta(minutes=16)
    for path in ("/admin/", INBOX, "/admin/comments"):
        assert banner in author.get(path).text
    assert banner not in author.get("/admin/mail").text


def test_a_mail_that_arrived_is_not_sent_again(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire()
    settle(app, Outcome.ACCEPTED, "250 ok")
    with app.app_context():
        mail_id = outbox.recent()[0].id
    assert author.press("/admin/mail", f"/admin/mail/{mail_id}/retry").status_code == 409


def test_an_unknown_mail_is_not_found(author: Visitor) -> None:
    assert author.press("/admin/mail", "/admin/mail/99/retry").status_code == 404


def test_one_enquiry_is_shown_whole_and_as_text(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire("First line\n\n<script>alert(1)</script>", about=ARTICLE)
    page = author.get(f"{INBOX}/{reference(app).lower()}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "mailto:lerato@reader.example" in page
    assert "The clinic may keep what I write here" in page
    assert f"/articles/{ARTICLE}" in page


def test_marking_as_read_takes_it_out_of_the_new_ones(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire()
    one = f"{INBOX}/{reference(app)}"
    assert "New 1" in author.get(INBOX).text
    author.press(one, f"{one}/reading")
    assert "New 0" in author.get(INBOX).text
    assert "Marked as read" in author.get(one).text


def test_looking_at_an_enquiry_changes_nothing(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire()
    author.get(f"{INBOX}/{reference(app)}")
    assert "New 1" in author.get(INBOX).text


def test_a_suspected_enquiry_can_be_marked_as_genuine(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire(note="filled in by a robot")
    assert "Lerato" not in author.get(INBOX).text
    assert "Lerato" in author.get(f"{INBOX}?folder=suspected").text
    one = f"{INBOX}/{reference(app)}"
    assert "a hidden field was filled in" in author.get(one).text
    author.press(one, f"{one}/genuine")
    assert "Lerato" in author.get(INBOX).text


@pytest.mark.parametrize("path", [f"{INBOX}/ABCD-EFGH", f"{INBOX}/%00", f"{INBOX}/" + "x" * 300])
def test_a_guessed_reference_is_not_found(author: Visitor, path: str) -> None:
    assert author.get(path).status_code in (400, 404)


def test_acts_on_an_unknown_enquiry_are_not_found(author: Visitor) -> None:
    for act in ("reading", "genuine"):
        assert author.press(INBOX, f"{INBOX}/ABCD-EFGH/{act}").status_code == 404


@pytest.mark.parametrize("act", ["reading", "genuine"])
def test_the_second_author_and_the_stranger_may_not_touch_enquiries(
    app: Flask, reader: Visitor, stranger: Visitor, second_author: Visitor, act: str
) -> None:
    reader.enquire()
    path = f"{INBOX}/{reference(app)}/{act}"
    assert stranger.post(path, {"x": "1"}).status_code == 401
    assert second_author.press("/admin/account", path).status_code == 403
    assert second_author.get(path).status_code == 405


def test_fifty_enquiries_stand_on_a_page(app: Flask, reader: Visitor, author: Visitor) -> None:
    with app.app_context():
        site = articles.site()
        message = Message(name="L", email="l@r.example", message="", consent="Yes")
        with db.writing():
            for number in range(51):
                arrival.submit(
                    replace(message, message=f"No {number}"),
                    site=site,
                    verdict=spam.Verdict(()),
                    address_hash="a",
                    now=db.utc_now() + timedelta(seconds=number),
                )
    page = author.get(INBOX).text
    assert "No 50" in page
    assert "No 0<" not in page
    older = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert "No 0" in author.get(INBOX + older.replace("&amp;", "&")).text
