"""The journal: every act leaves a line, which holds no visitor's words and is never changed."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError

from blog import accounts, db, journal
from blog.accounts import User
from blog.errors import Conflict
from blog.journal import JournalLine
from tests.cast import AUTHOR, CLOCK, Visitor

HOUSE = Path(journal.__file__).parent
NOW = CLOCK
MINUTE = timedelta(minutes=1)


@pytest.fixture
def site(app: Flask) -> Iterator[Flask]:
    """This test's site, at work."""
    with app.app_context():
        yield app


def sandra() -> User:
    found = accounts.by_email(AUTHOR.email)
    assert found is not None
    return found


def record(verb: str = "approved", thing_id: str | int = 7, **changes: Any) -> None:
    words: dict[str, Any] = {"by": sandra(), "now": NOW}
    with db.writing():
        journal.record(verb, "comment", thing_id, **words | changes)


def test_a_line_says_who_did_what_to_what_and_when(site: Flask) -> None:
    record(was="pending", became="approved", batch="one click", now=NOW + MINUTE)
    (line,) = journal.recent()
    assert line.actor == sandra()
    assert (line.at, line.verb, line.thing, line.thing_id) == (
        NOW + MINUTE,
        "approved",
        "comment",
        "7",
    )
    assert (line.was, line.became, line.batch) == ("pending", "approved", "one click")


def test_a_line_of_the_command_line_has_no_actor(site: Flask) -> None:
    record("tried again", "all", by=None)
    (line,) = journal.recent()
    assert (line.actor, line.actor_id, line.thing_id) == (None, None, "all")
    assert (line.was, line.became, line.batch) == (None, None, None)


def test_a_line_stands_or_falls_with_its_act(site: Flask) -> None:
    with contextlib.suppress(Conflict), db.writing():
        journal.record("approved", "comment", 7, by=sandra(), now=NOW)
        raise Conflict("The act failed.")
    assert journal.recent() == []


def test_who_only_reads_can_not_add_a_line(site: Flask) -> None:
    journal.record("approved", "comment", 7, by=None, now=NOW)
    with pytest.raises(DBAPIError):
        db.session.commit()
    db.session.rollback()
    assert journal.recent() == []


def test_a_line_can_not_claim_somebody_who_is_not_there(site: Flask) -> None:
    line = JournalLine(at=NOW, actor_id=999, verb="approved", thing="comment", thing_id="7")
    with pytest.raises(IntegrityError), db.writing():
        db.session.add(line)
    assert journal.recent() == []


def test_lines_of_one_click_are_found_together_in_their_order(site: Flask) -> None:
    for number in (3, 1, 2):
        record(thing_id=number, batch="one click")
    record(thing_id=4, batch="another")
    record(thing_id=5)
    assert [line.thing_id for line in journal.of_batch("one click")] == ["3", "1", "2"]
    assert journal.of_batch("no click") == []
    assert journal.of_batch("' OR 1=1 --") == []


def test_lines_are_listed_newest_first_page_by_page(site: Flask) -> None:
    for number in range(5):
        record(thing_id=number, now=NOW - number * MINUTE)
    first = journal.recent(limit=2)
    assert [line.thing_id for line in first] == ["4", "3"]
    second = journal.recent(before=first[-1].id, limit=2)
    assert [line.thing_id for line in second] == ["2", "1"]
    assert [line.thing_id for line in journal.recent(before=second[-1].id)] == ["0"]
    assert journal.recent(before=0) == []


def test_a_page_of_the_journal_has_fifty_lines(site: Flask) -> None:
    with db.writing():
        for number in range(51):
            journal.record("approved", "comment", number, by=None, now=NOW)
    assert len(journal.recent()) == 50


def test_no_line_holds_a_visitors_words(app: Flask, reader: Visitor, author: Visitor) -> None:
    words = "Zebra<script>alert(1)</script>"
    reader.comment(words, name="Zebra Khumalo", email="zebra@reader.example")
    reader.enquire(words, name="Zebra Khumalo", email="zebra@reader.example", phone="0115550177")
    author.press("/admin/comments", "/admin/comments/1/approval", state="pending")
    author.press("/admin/comments", "/admin/comments/1/rejection", state="approved")
    reference = re.findall(r"/admin/enquiries/([\w-]{9})", author.get("/admin/enquiries").text)[0]
    author.get(f"/admin/enquiries/{reference}")
    with app.app_context():
        rows = db.session.execute(select(JournalLine.__table__)).all()
    assert len(rows) >= 2
    written = " ".join(str(value) for row in rows for value in row).lower()
    assert not re.search("zebra|khumalo|0115550177|script|reader.example", written)


def test_lines_are_only_ever_added() -> None:
    verbs = {name for name, _ in inspect.getmembers(journal, inspect.isfunction)}
    own = {name for name in verbs if getattr(journal, name).__module__ == journal.__name__}
    assert own == {"record", "of_batch", "count_of_batch", "about", "recent", "may_undo"}
    makers = re.compile(r"\b(?:delete|update)\(JournalLine|JournalLine\(\s*(?!db\.Model)\w")
    changed = [path.name for path in HOUSE.rglob("*.py") if makers.search(path.read_text())]
    assert changed == ["journal.py"]
