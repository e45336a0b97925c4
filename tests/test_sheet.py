"""Enquiries for a spreadsheet: read as they were typed, reckoned with by nobody."""

import csv
import io
from datetime import timedelta

import pytest

from blog import articles, db
from blog.enquiries import State, answering, inbox, sheet
from blog.enquiries.inbox import Choice, Folder
from tests.cast import CLOCK
from tests.enquiring import HELD, ask, enquiry, user

pytestmark = pytest.mark.usefixtures("at_work")


def table(*, with_sensitive: bool = False, folder: Folder = Folder.ALL) -> list[dict[str, str]]:
    rows = inbox.everything(Choice(folder=folder), now=CLOCK)
    text = "".join(sheet.lines(rows, site=articles.site(), with_sensitive=with_sensitive))
    assert text.startswith("\ufeffReference,Name,")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_every_enquiry_is_a_row_in_the_time_of_the_site() -> None:
    reference = ask(
        'One\nTwo, "three"',
        name="عائشة",
        phone="+27825550134",
        phone_typed="082 555 0134",
        preferred_time="after five",
    )
    with db.writing():
        answering.assign(enquiry(reference), user().id, by=user(), now=CLOCK)
        enquiry(reference).settle(State.ANSWERED, by=user(), now=CLOCK + timedelta(hours=1))
    ask("Another", days_ago=1)
    second, first = table()
    assert first == {
        "Reference": reference,
        "Name": "عائشة",
        "Email": "lerato@reader.example",
        "Phone": "'+27 82 555 0134",
        "Answer": "by email or phone; after five",
        "Topic": "Microneedling",
        "State": "answered",
        "Assigned to": "Sandra de Beer",
        "Received": "2026-05-04 11:30",
        "Answered": "2026-05-04 12:30",
        "Message": 'One\nTwo, "three"',
    }
    assert (second["Answered"], second["Assigned to"], second["Message"]) == ("", "", "Another")


def test_what_may_be_sensitive_is_left_out_unless_it_is_asked_for() -> None:
    ask("I have diabetes")
    assert table()[0]["Message"] == "(left out: it may hold medical details)"
    assert table(with_sensitive=True)[0]["Message"] == "I have diabetes"


def test_what_is_suspected_says_so() -> None:
    ask(verdict=HELD)
    assert [row["State"] for row in table(folder=Folder.SUSPECTED)] == ["suspected"]


@pytest.mark.parametrize("cell", ["=1+1", "+27", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert sheet.harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "1-1", "Lerato", "a@b.example", "'quoted"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert sheet.harmless(cell) == cell


def test_names_that_would_be_formulas_are_marked_in_the_table() -> None:
    ask("@SUM(1)", name="=cmd()", topic="-1")
    (row,) = table()
    assert (row["Name"], row["Topic"], row["Message"]) == ("'=cmd()", "'-1", "'@SUM(1)")
