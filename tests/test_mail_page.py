"""The page about mail."""

from __future__ import annotations

from html import unescape
from typing import Any

from flask import Flask

from blog import config, db, outbox
from blog.outbox import Answer, MailState, Outcome, bounced
from tests.cast import AUTHOR, Clock, Visitor
from tests.mailing import MINUTE, deliver, look, queue
from tests.smtp_server import HOST, MailServer, unused_port


def test_mail_is_listed_by_state(app: Flask, reader: Visitor, author: Visitor) -> None:
    reader.enquire()
    assert "hello@clinic.example" in author.get("/admin/mail").text
    assert "hello@clinic.example" in author.get("/admin/mail?state=queued").text
    assert "hello@clinic.example" not in author.get("/admin/mail?state=failed").text
    assert "hello@clinic.example" in author.get("/admin/mail?state=nonsense").text


def test_the_mail_page_says_where_mail_goes_without_a_server(
    make_app: Any, author: Visitor
) -> None:
    assert "leave this machine" in unescape(author.get("/admin/mail").text)
    served = Visitor(make_app(smtp_url="smtp://127.0.0.1:2525"))
    served.sign_in(AUTHOR)
    assert "leave this machine" not in served.get("/admin/mail").text


def test_a_mail_server_that_fails_is_told_of_and_can_be_asked_at_once(
    clock: Clock, make_app: Any
) -> None:
    app = make_app(smtp_url=f"smtp://{HOST}:{unused_port()}")
    author = Visitor(app)
    author.sign_in(AUTHOR)
    assert "takes no mail" not in author.get("/admin/mail").text
    with app.app_context():
        first = queue(now=clock())
        queue(now=clock())
        assert deliver(outbox.transport(config.current()), now=clock()).retried == 1
    page = author.get("/admin/mail").text
    assert "takes no mail" in page
    assert "Connection refused" in page
    assert "It failed once; the next try is on" in page
    assert page.count("waiting to be tried again") == 2
    assert page.count("next try") == 1
    assert author.press("/admin/mail", "/admin/mail/retry").status_code == 303
    page = author.get("/admin/mail").text
    assert "takes no mail" not in page
    assert "will be tried again in a moment" in page
    with app.app_context():
        assert look(first).next_attempt_at == clock()
    assert "tried again mail all" in author.get("/admin/journal").text


def test_where_nothing_waits_to_be_tried_again_the_journal_has_no_line(author: Visitor) -> None:
    assert author.press("/admin/mail", "/admin/mail/retry").status_code == 303
    assert "tried again mail" not in author.get("/admin/journal").text


def test_a_mail_whose_words_are_forgotten_stays_on_the_page_without_a_button(
    app: Flask, author: Visitor
) -> None:
    now = db.utc_now()
    with app.app_context():
        mail_id = queue(now=now)
        with db.writing():
            mail = outbox.by_id(mail_id)
            assert mail
            mail.settle(Answer(Outcome.REFUSED, "550 no"), now=now)
    retry = f"/admin/mail/{mail_id}/retry"
    assert retry in author.get("/admin/mail").text
    with app.app_context(), db.writing():
        outbox.forget_bodies(until=now + MINUTE, now=now)
    page = author.get("/admin/mail").text
    assert "550 no" in page
    assert "no longer kept" in page
    assert retry not in page
    assert author.press("/admin/mail", retry).status_code == 409
    with app.app_context():
        assert look(mail_id).state == MailState.FAILED


def test_the_button_sends_a_test_mail_to_the_clinic(make_app: Any, author: Visitor) -> None:
    assert "Send a test mail" not in author.get("/admin/mail").text
    with MailServer(data_answers=["250 OK", "550 5.7.26 No <b>DKIM</b>"]) as server:
        site = Visitor(make_app(smtp_url=f"smtp://{HOST}:{server.port}"))
        site.sign_in(AUTHOR)
        assert site.press("/admin/mail", "/admin/mail/probe").status_code == 303
        assert "took the test mail" in site.get("/admin/mail").text
        answer = site.press("/admin/mail", "/admin/mail/probe")
    assert answer.status_code == 200
    assert "The test mail to hello@clinic.example was not accepted." in answer.text
    assert "No &lt;b&gt;DKIM&lt;/b&gt;" in answer.text
    assert [received.recipients for received in server.received] == [["hello@clinic.example"]]


def test_the_button_is_the_administrators(moderator: Visitor) -> None:
    assert moderator.press("/admin/", "/admin/mail/probe").status_code == 403


def test_addresses_that_get_no_mail_are_shown_and_allowed_again(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    assert "get no mail" not in author.get("/admin/mail").text
    with app.app_context(), db.writing():
        row = bounced.note("n@x.example", is_hard=True, words="550 <b>No</b>", now=db.utc_now())
        row_id = row.id
    end = f"/admin/mail/stopped/{row_id}/end"
    page = author.get("/admin/mail").text
    assert "n@x.example" in page
    assert "550 &lt;b&gt;No&lt;/b&gt;" in page
    assert moderator.press("/admin/", end).status_code == 403
    assert author.press("/admin/mail", end).status_code == 303
    assert "Mail goes to n@x.example again." in author.get("/admin/mail").text
    assert f"allowed mail to address {row_id}" in author.get("/admin/journal").text
    assert author.press("/admin/mail", end).status_code == 404


def test_an_address_that_came_back_once_softly_is_not_stopped(app: Flask, author: Visitor) -> None:
    with app.app_context(), db.writing():
        row = bounced.note("n@x.example", is_hard=False, words="452 Full", now=db.utc_now())
        row_id = row.id
    assert "n@x.example" not in author.get("/admin/mail").text
    end = f"/admin/mail/stopped/{row_id}/end"
    assert author.press("/admin/mail", end).status_code == 404
