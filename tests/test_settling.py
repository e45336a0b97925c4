"""Decisions about enquiries by their buttons: one, many, undone, and never over another's."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from blog import accounts, db, journal
from blog.accounts import Role
from blog.enquiries import State
from tests.cast import CLOCK, Clock, Visitor, csrf_token
from tests.enquiring import HELD, ask, enquiry, user

INBOX = "/admin/enquiries"
NOUNS = {
    "reading": ("seen", "marked as seen"),
    "wait": ("waiting", "put aside"),
    "answer": ("answered", "answered"),
    "closure": ("closed", "closed"),
    "suspicion": ("suspected", "marked as suspected"),
}


@pytest.fixture
def two(app: Flask) -> tuple[str, str]:
    """Two enquiries; their references."""
    with app.app_context():
        return ask("First"), ask("Second", name="Grace")


def page_of(author: Visitor, query: str = "") -> dict[str, Any]:
    """Read what the form of the list carries."""
    page = author.get(f"{INBOX}{query}").text
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    return {"csrf_token": csrf_token(page), "seen": seen}


def after(author: Visitor, answer: TestResponse) -> str:
    assert answer.status_code == 303
    return author.get(answer.location).text


def states(app: Flask, *references: str) -> list[str]:
    with app.app_context():
        return [enquiry(each).mark.partition("-")[0] for each in references]


@pytest.mark.parametrize("noun", NOUNS)
def test_each_button_says_what_it_did_and_offers_an_undo(
    app: Flask, two: tuple[str, str], author: Visitor, noun: str
) -> None:
    state, verb = NOUNS[noun]
    answer = author.post(f"{INBOX}/{two[0].lower()}/{noun}", page_of(author) | {"q": "first"})
    page = after(author, answer)
    assert f"1 enquiry {verb}." in page
    assert "q=first" in answer.location
    assert states(app, *two) == [state, "new"]
    reversal = re.search(r'action="([^"]+/reversal)"', page)
    assert reversal
    page = after(author, author.press(answer.location, reversal[1]))
    assert "Undone: 1 enquiry put back." in page
    assert states(app, *two) == ["new", "new"]
    page = after(author, author.press(answer.location, reversal[1]))
    assert "Nothing was left to undo." in page


def test_a_suspected_enquiry_can_be_marked_as_genuine_and_as_spam_after_all(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire(note="filled in by a robot")
    assert "Lerato" not in author.get(INBOX).text
    page = author.get(f"{INBOX}?folder=suspected").text
    assert "a hidden field was filled in" in page
    genuine = re.search(rf'formaction="({INBOX}/[^"]+/genuine)"', page)
    assert genuine
    author.post(genuine[1], page_of(author, "?folder=suspected"))
    assert "Lerato" in author.get(INBOX).text
    author.post(genuine[1].replace("genuine", "suspicion"), page_of(author))
    assert "Lerato" not in author.get(INBOX).text


@pytest.mark.parametrize("verb", ["seen", "closed", "suspected"])
def test_all_that_are_selected_are_decided_about_at_once(
    app: Flask, two: tuple[str, str], author: Visitor, verb: str
) -> None:
    typed = page_of(author) | {"id": list(two), "verb": verb}
    page = after(author, author.post(f"{INBOX}/decisions", typed))
    assert "2 enquiries " in page
    assert states(app, *two) == [verb, verb]


def test_many_suspected_ones_are_genuine_at_once(app: Flask, author: Visitor) -> None:
    with app.app_context():
        references = [ask(f"No {number}", verdict=HELD) for number in range(2)]
    typed = page_of(author, "?folder=suspected") | {"id": references, "verb": "genuine"}
    assert "2 enquiries marked as genuine." in after(
        author, author.post(f"{INBOX}/decisions", typed)
    )


def test_without_a_selection_nothing_is_done(author: Visitor, two: tuple[str, str]) -> None:
    typed = page_of(author) | {"verb": "closed"}
    assert "Nothing was selected." in after(author, author.post(f"{INBOX}/decisions", typed))


@pytest.mark.parametrize("verb", ["", "new", "deleted"])
def test_other_verbs_than_those_of_the_buttons_are_refused(
    app: Flask, two: tuple[str, str], author: Visitor, verb: str
) -> None:
    typed = page_of(author) | {"id": list(two), "verb": verb}
    assert author.post(f"{INBOX}/decisions", typed).status_code == 400
    assert states(app, *two) == ["new", "new"]


def test_references_that_nobody_has_make_no_difference(
    app: Flask, two: tuple[str, str], author: Visitor
) -> None:
    typed = page_of(author) | {"id": [two[0], "NONE-SUCH", "'", "x" * 500], "verb": "closed"}
    assert "1 enquiry closed." in after(author, author.post(f"{INBOX}/decisions", typed))


def test_who_was_slower_is_told_who_was_quicker_and_asked_again(
    app: Flask, clock: Clock, two: tuple[str, str], author: Visitor
) -> None:
    typed = page_of(author) | {"id": list(two), "verb": "closed"}
    with app.app_context(), db.writing():
        mia = accounts.add(
            email="m@clinic.example", name="Mia", role=Role.ADMIN, password_hash="x", now=CLOCK
        )
        enquiry(two[0]).settle(State.ANSWERED, by=mia, now=db.utc_now())
    clock.move(minutes=3)
    answer = author.post(f"{INBOX}/decisions", typed)
    assert answer.status_code == 409
    assert "Somebody was quicker about 1 enquiry." in answer.text
    assert "Already answered</b> by Mia 3 minutes ago." in answer.text
    # What nobody else touched is done, and can be undone.
    assert "1 enquiry closed." in answer.text
    assert states(app, *two) == ["answered", "closed"]
    seen = re.findall(r'name="seen" value="([^"]+)"', answer.text)
    again = {"csrf_token": csrf_token(answer.text), "seen": seen}
    assert author.post(f"{INBOX}/{two[0]}/closure", again).status_code == 303
    assert states(app, *two) == ["closed", "closed"]


def test_a_double_click_is_one_click(app: Flask, two: tuple[str, str], author: Visitor) -> None:
    typed = page_of(author)
    first, second = (author.post(f"{INBOX}/{two[0]}/closure", typed) for _ in range(2))
    assert first.location == second.location
    with app.app_context():
        assert len(journal.recent()) == 1


def test_what_was_changed_before_decisions_were_noted_is_asked_about_again(
    app: Flask, two: tuple[str, str], author: Visitor
) -> None:
    typed = page_of(author)
    with app.app_context(), db.writing():
        enquiry(two[0]).state = State.CLOSED
    answer = author.post(f"{INBOX}/{two[0]}/closure", typed)
    assert answer.status_code == 409
    assert "Already" not in answer.text


def test_the_same_done_by_a_reply_offers_no_undo(
    app: Flask, two: tuple[str, str], author: Visitor
) -> None:
    typed = page_of(author)
    with app.app_context(), db.writing():
        enquiry(two[0]).settle(State.ANSWERED, by=user(), now=db.utc_now())
    answer = author.post(f"{INBOX}/{two[0]}/answer", typed)
    assert "reversal" not in after(author, answer)


def test_an_undo_is_offered_for_ten_minutes(
    clock: Clock, two: tuple[str, str], author: Visitor
) -> None:
    answer = author.post(f"{INBOX}/{two[0]}/closure", page_of(author))
    clock.move(minutes=10, seconds=1)
    page = author.get(answer.location).text
    assert "1 enquiry closed." in page
    assert "reversal" not in page
    batch = unescape(answer.location).rpartition("done=")[2]
    late = author.press(INBOX, f"{INBOX}/decisions/{batch}/reversal")
    assert late.status_code == 409


def test_a_click_about_comments_is_none_about_enquiries(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.comment()
    page = author.get("/admin/comments").text
    approval = re.search(r'formaction="([^"]+/approval)"', page)
    assert approval
    done = author.press("/admin/comments", approval[1]).location
    batch = done.rpartition("done=")[2]
    assert 'id="done"' not in author.get(f"{INBOX}?done={batch}").text
    assert author.press(INBOX, f"{INBOX}/decisions/{batch}/reversal").status_code == 409


@pytest.mark.parametrize("path", ["decisions", "decisions/click/reversal"])
def test_nobody_else_decides(
    app: Flask,
    two: tuple[str, str],
    stranger: Visitor,
    second_author: Visitor,
    author: Visitor,
    path: str,
) -> None:
    path = f"{INBOX}/{path}"
    typed = {"id": two[0], "verb": "closed"}
    assert stranger.post(path, typed).status_code == 401
    assert second_author.press("/admin/account", path, **typed).status_code == 403
    assert author.post(path, typed).status_code == 422
    assert author.get(path).status_code in (404, 405)
    assert states(app, *two) == ["new", "new"]
