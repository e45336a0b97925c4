"""The inbox, with what became of the mail."""

import csv
import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from blog import config, db, enquiries, journal, outbox
from blog.enquiries import Folder, State, inbox
from blog.outbox import Answer, Outcome
from tests.cast import ARTICLE, AUTHOR, Clock, Visitor, fields
from tests.enquiring import HELD, answer, ask, enquiry, user
from tests.smtp_server import MailServer

INBOX = "/admin/enquiries"


def reference(app: Flask) -> str:
    with app.app_context():
        rows = [*enquiries.in_folder(Folder.ALL), *enquiries.in_folder(Folder.SUSPECTED)]
        return rows[0].reference


def settle(app: Flask, outcome: Outcome, words: str, *, attempts: int = 1) -> None:
    """Let the mail worker note how an attempt with the newest mail ended."""
    with app.app_context(), db.writing():
        mail = outbox.recent()[0]
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
    assert "since no mail server is set" in page


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


def test_fifty_enquiries_stand_on_a_page(app: Flask, author: Visitor) -> None:
    with app.app_context():
        for number in range(51):
            ask(f"No {number}")
    page = author.get(INBOX).text
    assert "No 50<" in page
    assert "No 0<" not in page
    older = re.search(r'href="([^"]*)" rel="next"', page)
    assert older
    page = author.get(unescape(older[1])).text
    assert "No 0<" in page
    assert 'rel="prev"' in page
    assert "Nothing older matches" in author.get(f"{INBOX}?q=mesotherapy&before=1").text


def test_folders_are_tabs_with_their_counts_and_what_is_late_has_one_when_there_is_some(
    app: Flask, clock: Clock, author: Visitor
) -> None:
    with app.app_context():
        reference = ask()
        ask("Buy", verdict=HELD)
    page = author.get(INBOX).text
    for tab in ("New 1", "Seen 0", "Waiting 0", "Answered 0", "Closed 0", "All 1", "Suspected 1"):
        assert f">{tab}</a>" in page
    assert "Unanswered" not in page
    clock.move(days=2)
    author.sign_in(AUTHOR)
    for path in (INBOX, f"{INBOX}/{reference}"):
        assert "Unanswered for 2 days" in author.get(path).text
    assert ">Unanswered 1</a>" in author.get(INBOX).text
    start = author.get("/admin/").text
    assert "1 enquiry</b></a> <span>unanswered for 2 days or more" in start
    with app.app_context(), db.writing():
        enquiry(reference).settle(State.WAITING, by=user(), now=clock.now)
    assert "Unanswered" not in author.get(INBOX).text
    assert "unanswered" not in author.get("/admin/").text
    assert "Nothing waits too long" in author.get(f"{INBOX}?folder=unanswered").text


@pytest.mark.parametrize("folder", [*Folder, "no-such-folder"])
def test_an_empty_folder_says_so_in_words(author: Visitor, folder: str) -> None:
    page = author.get(f"{INBOX}?folder={folder}").text
    assert 'class="empty"' in page
    assert 'id="queue"' not in page


def test_what_is_chosen_is_said_in_words_and_can_be_cleared(app: Flask, author: Visitor) -> None:
    with app.app_context():
        ask("Mine")
        ask("Not on that topic", topic="Mesotherapy")
    narrow = f"{INBOX}?topic=Microneedling&whose=nobody&since=2026-01-01&q=mine"
    page = author.get(narrow).text
    assert "Mine<" in page
    assert "Not on that topic" not in page
    for words in (
        "about “Microneedling”",
        "assigned to nobody",
        "since 1 January 2026",
        "with “mine”",
    ):
        assert words in page
    assert "Clear all" in page
    assert "Nothing matches" in author.get(f"{INBOX}?whose=me").text
    # The filters are kept from folder to folder.
    assert "folder=closed&amp;topic=Microneedling&amp;whose=nobody" in page


@pytest.mark.parametrize(
    "query", ["whose=eve", "since=soon", "since=0001-01-01", "before=x", "done=x"]
)
def test_a_query_that_makes_no_sense_makes_no_difference(
    app: Flask, author: Visitor, query: str
) -> None:
    with app.app_context():
        ask("Mine")
    assert "Mine<" in author.get(f"{INBOX}?{query}").text


def test_what_may_be_sensitive_is_searched_and_shown_in_no_list(
    app: Flask, author: Visitor
) -> None:
    with app.app_context():
        reference = ask("I have diabetes")
    page = author.get(f"{INBOX}?q=diabetes").text
    assert "May hold medical details" in page
    assert reference in page
    assert "I have" not in page
    assert "I have diabetes" in author.get(f"{INBOX}/{reference}").text


def test_where_only_the_newest_were_looked_through_the_page_says_so(
    app: Flask, author: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "LOOKED_THROUGH", 1)
    with app.app_context():
        ask("Wanted")
        ask("Another")
    page = author.get(f"{INBOX}?q=wanted").text
    assert "Only the newest were looked through" in page
    farther = re.search(r'href="([^"]*)">Look farther back', page)
    assert farther
    assert "Wanted<" in author.get(unescape(farther[1])).text


def test_the_list_says_what_became_of_the_last_reply(app: Flask, author: Visitor) -> None:
    with app.app_context():
        reference = ask()
        answer(reference)
    settle(app, Outcome.REFUSED, "550 no such user")
    assert "Reply failed" in author.get(f"{INBOX}?folder=answered").text


# For a spreadsheet


def download(author: Visitor, query: str = "folder=all", **ticked: str) -> str:
    path = f"{INBOX}/export"
    file = author.post(path, fields(author.get(f"{path}?{query}").text, path) | ticked)
    assert file.status_code == 200
    assert file.content_type == "text/csv; charset=utf-8"
    name = file.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="enquiries-\d{4}-\d\d-\d\d.csv"', name)
    return str(file.data, "utf-8-sig")


def test_what_is_chosen_can_be_taken_into_a_spreadsheet(app: Flask, author: Visitor) -> None:
    with app.app_context():
        first = ask("I have diabetes", name="=cmd()")
        ask("Not on that topic", topic="Mesotherapy")
    query = "folder=all&topic=Microneedling"
    text = download(author, query)
    assert "diabetes" not in text
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Reference"], row["Name"]) == (first, "'=cmd()")
    assert "diabetes" in download(author, query, sensitive="yes")
    with app.app_context():
        lines = journal.recent(thing="enquiries")
        assert [(line.verb, line.thing_id) for line in lines] == [
            ("exported with medical details", "(all)"),
            ("exported", "(all)"),
        ]


def test_nobody_else_takes_enquiries_away(
    app: Flask, stranger: Visitor, second_author: Visitor
) -> None:
    path = f"{INBOX}/export"
    assert stranger.get(path).status_code == 303
    assert stranger.post(path, {"x": "1"}).status_code == 401
    assert second_author.get(path).status_code == 403
    assert second_author.press("/admin/account", path).status_code == 403


def test_an_export_without_a_token_is_refused(author: Visitor) -> None:
    assert author.post(f"{INBOX}/export", {"folder": "all"}).status_code == 422
