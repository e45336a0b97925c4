"""A person's own page: she asks, gets a link at her address alone, and takes or erases what is hers."""

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from blog import config, db, outbox, tokens
from blog.comments import Comment
from blog.comments.trust import TrustedReader
from blog.outbox import OutgoingMail
from blog.privacy import erasing, receipts, requests
from blog.privacy.requests import DataRequest
from blog.public import my_data
from tests.cast import AUTHOR, Clock, Visitor, at_once, fields, mailed_link
from tests.test_telling import ADDRESS, follow, write

MakeApp = Callable[..., Flask]
ASK, MINE = "/privacy/my-data", "/privacy/my-data/mine"
FILE, ERASURE = f"{ASK}/file", f"{ASK}/erasure"


def ask(visitor: Visitor, email: str = ADDRESS, **typed: str) -> TestResponse:
    return visitor.post(ASK, visitor.form(ASK, ASK) | {"email": email} | typed)


def work(app: Flask) -> int:
    """A round of the worker's; gives how many mails it wrote."""
    with app.app_context():
        return requests.answer(db.utc_now())


def link(app: Flask, email: str = ADDRESS) -> str:
    with app.app_context():
        return mailed_link(email, kind=requests.MAIL)


def asked(app: Flask, visitor: Visitor, email: str = ADDRESS) -> str:
    """The path of the page of one's own data, as it is mailed."""
    assert ask(visitor, email).status_code == 303
    assert work(app) == 1
    return link(app, email)


def filled(visitor: Visitor, path: str) -> dict[str, str]:
    return fields(visitor.get(path).text, FILE)


def take(visitor: Visitor, path: str, kind: str) -> TestResponse:
    return visitor.post(FILE, filled(visitor, path) | {"kind": kind})


def erase(visitor: Visitor, path: str, **typed: str) -> TestResponse:
    return visitor.post(ERASURE, filled(visitor, path) | typed)


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.query(Comment).count()


# Asking


def test_the_answer_is_the_same_for_every_address_and_its_owner_alone_gets_a_link(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    write(reader, email=ADDRESS)
    known, unknown = ask(stranger), ask(stranger, "nobody@reader.example")
    assert (known.status_code, known.location) == (303, f"{ASK}/asked")
    assert (unknown.status_code, unknown.location) == (known.status_code, known.location)
    assert "Look into your mail" in stranger.get(f"{ASK}/asked").text
    with app.app_context():
        # Nothing is looked up before the worker does.
        assert {each.answered_at for each in db.session.query(DataRequest)} == {None}
    assert work(app) == 1
    assert work(app) == 0
    with app.app_context():
        mail = outbox.last_of_kind(requests.MAIL, ADDRESS)
        assert mail
        assert "Nomsa" not in mail.text + mail.html + mail.subject
        assert outbox.last_of_kind(requests.MAIL, "nobody@reader.example") is None
    assert ADDRESS in stranger.get(link(app)).text


def test_one_mail_a_day_goes_to_an_address_and_the_newest_link_counts(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    first = asked(app, reader)
    for _ in range(2):
        assert ask(reader, ADDRESS.upper()).status_code == 303
        assert work(app) == 0
    clock.move(hours=23, minutes=59)
    ask(reader)
    assert work(app) == 0
    assert reader.get(first).status_code == 200
    clock.move(minutes=1)
    second = asked(app, reader)
    assert second != first
    assert reader.get(first).status_code == 410
    assert reader.get(second).status_code == 200


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: c@d.example",
        "x" * 300 + "@a.example",
        "a b@c.example",
    ],
)
def test_what_is_no_address_is_refused_with_what_was_typed(
    app: Flask, reader: Visitor, email: str
) -> None:
    answer = ask(reader, email)
    assert answer.status_code == 422
    assert "Error:" in answer.text
    with app.app_context():
        assert db.session.query(DataRequest).count() == 0


def test_a_program_that_fills_in_everything_is_answered_and_not_heard(
    app: Flask, reader: Visitor
) -> None:
    assert ask(reader, note="trapped").location == f"{ASK}/asked"
    with app.app_context():
        assert db.session.query(DataRequest).count() == 0


def test_a_form_without_its_token_and_too_many_are_refused(app: Flask, reader: Visitor) -> None:
    assert reader.post(ASK, {"email": ADDRESS}).status_code == 422
    answers = [ask(reader, f"a{number}@b.example").status_code for number in range(6)]
    assert answers == [303] * 4 + [429] * 2


def test_the_form_is_kept_in_caches_and_what_is_personal_is_not(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    write(reader, email=ADDRESS)
    path = asked(app, stranger)
    assert "public" in stranger.get(ASK).headers["Cache-Control"]
    for each in (path, f"{ASK}/asked"):
        assert stranger.get(each).headers["Cache-Control"] == "no-store"


def test_who_asked_is_forgotten_and_so_is_the_mail(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    asked(app, reader)
    with app.app_context(), db.writing():
        db.session.query(OutgoingMail).update({"state": "sent"})
    for days, (asked_for, mails) in ((1, (1, 1)), (1, (0, 1)), (28, (0, 0))):
        clock.move(days=days)
        with app.app_context():
            requests.sweep(clock.now)
            found = db.session.query(DataRequest).count(), db.session.query(OutgoingMail).count()
            assert found == (asked_for, mails)


def test_two_workers_write_one_mail(clock: Clock, app: Flask, reader: Visitor) -> None:
    write(reader, email=ADDRESS)
    ask(reader)
    assert sum(at_once(app, *[lambda: requests.answer(clock.now)] * 2)) == 1


def test_a_worker_that_finds_others_writing_comes_back(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(reader, email=ADDRESS)
    ask(reader)
    monkeypatch.setattr(db, "WRITE_WAIT_SECONDS", 0.05)
    with app.app_context(), db.writing():
        db.session.execute(select(DataRequest).with_for_update())
        assert at_once(app, lambda: requests.answer(clock.now)) == [0]
    assert work(app) == 1


# The link


def test_opening_the_link_shows_what_there_is_and_changes_nothing(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    write(reader, email=ADDRESS)
    path = asked(app, reader)
    pages = [stranger.get(path) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert re.search(r"<span>Comments</span> <b>1</b>", pages[1].text)
    assert count(app) == 1


def test_a_link_ends_after_a_day_and_none_of_another_kind_opens_anything(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    path = asked(app, reader)
    with app.app_context():
        forged = [
            tokens.issue(config.current().secret_key, purpose, "x", now=clock.now)
            for purpose in (requests.MAIL, "confirm-address")
        ]
    for wrong in (path[:-1], MINE, f"{MINE}?token=", *(f"{MINE}?token={each}" for each in forged)):
        answer = reader.get(wrong)
        assert answer.status_code == 410, wrong
        assert ADDRESS not in answer.text
    form = filled(reader, path) | {"kind": "json", "sure": "yes"}
    clock.move(days=1, seconds=1)
    assert reader.get(path).status_code == 410
    for action in (FILE, ERASURE):
        assert reader.post(action, form).status_code == 410
    assert count(app) == 1


def test_a_button_without_its_pages_token_does_nothing(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    token = asked(app, reader).partition("=")[2]
    typed = {"token": token, "kind": "json", "sure": "yes"}
    for action in (FILE, ERASURE):
        assert reader.post(action, typed).status_code == 422
    assert count(app) == 1


# Taking it


def test_she_takes_it_with_her_to_read_and_for_programs(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, "All mine", email=ADDRESS)
    path = asked(app, reader)
    for what, kind in (("json", "application/json"), ("html", "text/html")):
        answer = take(reader, path, what)
        assert (answer.status_code, answer.mimetype) == (200, kind)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="my-data.{what}"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert "All mine" in answer.text
    said = json.loads(take(reader, path, "json").text)
    assert [each["words"] for each in said["comments"]] == ["All mine"]
    assert take(reader, path, "zip").status_code == 404


# Erasing it


def test_she_erases_it_gets_a_receipt_and_the_link_is_used_up(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    write(reader, email=ADDRESS)
    path = asked(app, reader)
    form = filled(reader, path) | {"sure": "yes"}
    answer = reader.post(ERASURE, form)
    assert answer.status_code == 303
    page = stranger.get(answer.location).text
    assert "Your data is erased" in page
    assert re.search(r"<span>Comments deleted</span> <b>1</b>", page)
    assert ADDRESS not in page
    assert count(app) == 0
    assert reader.get(path).status_code == 410
    assert reader.post(ERASURE, form).status_code == 410
    # Nothing is left that a mail could be about.
    ask(reader)
    assert work(app) == 0
    assert stranger.get(f"{ASK}/receipts/AAAA-BBBB").status_code == 404


def test_the_journal_says_whose_act_it_was_and_nothing_of_whom(
    clock: Clock, app: Flask, reader: Visitor, author: Visitor
) -> None:
    write(reader, email=ADDRESS)
    answer = erase(reader, asked(app, reader), sure="yes")
    page = author.get("/admin/journal?kind=receipt").text
    reference = answer.location.rpartition("/")[2]
    assert f"<b>A reader</b> had her data erased under receipt {reference}" in page
    assert ADDRESS not in author.get("/admin/journal").text


def test_without_the_tick_nothing_is_erased_and_the_page_says_so(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    path = asked(app, reader)
    answer = erase(reader, path)
    assert answer.status_code == 422
    assert "Nothing was erased: please tick" in answer.text
    assert "Error:" in answer.text
    assert count(app) == 1
    assert erase(reader, path, sure="yes").status_code == 303


def test_two_who_erase_at_one_moment_get_one_receipt(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    form = filled(reader, asked(app, reader)) | {"sure": "yes"}
    answers = at_once(app, *[lambda: Visitor(app).post(ERASURE, form).status_code] * 2)
    assert sorted(answers) == [303, 410]


def test_a_long_erasure_is_finished_by_the_worker_and_the_receipt_says_so(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    monkeypatch.setattr(my_data, "ERASED_WITHIN_SECONDS", 0.0)
    for number in range(3):
        write(reader, f"Words {number}", email=ADDRESS)
    answer = erase(reader, asked(app, reader), sure="yes")
    assert "Your data is being erased" in reader.get(answer.location).text
    with app.app_context():
        erasing.finish_left(clock.now, seconds=60)
    assert "Your data is erased" in reader.get(answer.location).text
    assert count(app) == 0


def test_a_browser_in_which_the_address_was_confirmed_forgets_it_and_no_other_does(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    follow(app, clock, reader)
    follow(app, clock, stranger, email="pieter@reader.example", body="And me?", name="Pieter")
    answer = erase(stranger, asked(app, reader), sure="yes")
    assert "Set-Cookie" not in answer.headers
    write(reader, "Again", email=ADDRESS)
    clock.move(days=1)
    answer = erase(reader, asked(app, reader), sure="yes")
    assert "blog_trust=;" in answer.headers["Set-Cookie"]
    with app.app_context():
        assert [each.email for each in db.session.query(TrustedReader)] == ["pieter@reader.example"]


def test_an_account_is_told_that_it_stays(clock: Clock, app: Flask, reader: Visitor) -> None:
    page = reader.get(asked(app, reader, AUTHOR.email)).text
    assert "Nothing is left that could be erased." in page
    assert "an account of those who work here" in page
    write(reader, email=AUTHOR.email)
    clock.move(days=1)
    path = asked(app, reader, AUTHOR.email)
    assert "an account of those who work here" in reader.get(path).text
    assert erase(reader, path, sure="yes").status_code == 303
    with app.app_context():
        assert receipts.of(AUTHOR.email)[0].counts == {"comments deleted": 1}
        assert outbox.last_of_kind(requests.MAIL, AUTHOR.email)


def test_who_asked_too_early_is_answered_once_something_is_kept(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    ask(stranger)
    assert work(app) == 0
    write(reader, "My first words.", email=ADDRESS)
    ask(stranger)
    assert work(app) == 1
