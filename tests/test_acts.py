"""The page of the journal: who reads what of it."""

import re

import pytest
from flask import Flask

from blog import accounts, db, journal
from blog.accounts import Role
from blog.staff import profile, team
from tests.cast import AUTHOR, CLOCK, MODERATOR, Person, Visitor

JOURNAL = "/admin/journal"


def number(person: Person) -> int:
    found = accounts.by_email(person.email)
    assert found
    return found.id


@pytest.fixture(autouse=True)
def acts(app: Flask) -> None:
    """Something each has done."""
    with app.app_context(), db.writing():
        sandra, mia = (accounts.by_email(each.email) for each in (AUTHOR, MODERATOR))
        assert sandra
        assert mia
        journal.record("approved", "comment", 7, by=mia, now=CLOCK)
        journal.record("read", "enquiry", "ABCD-EFGH", by=sandra, now=CLOCK)
        journal.record("added", "account", 999, by=None, now=CLOCK)
        profile.rename(mia, MODERATOR.name, now=CLOCK)
        team.change_role(mia, Role.AUTHOR, by=sandra, now=CLOCK)
        team.change_role(mia, Role.MODERATOR, by=sandra, now=CLOCK)


def lines(visitor: Visitor, query: str = "") -> list[str]:
    page = visitor.get(f"{JOURNAL}{query}").text
    found = re.findall(r"<li><time[^>]*>[^<]*</time> (.*)</li>", page)
    return [re.sub("<[^>]+>", "", line) for line in found]


ROLES = [
    "Sandra de Beer changed the role of the account of Mia Botha, from author to moderator",
    "Sandra de Beer changed the role of the account of Mia Botha, from moderator to author",
]
OWN = "Mia Botha changed the name of their own account"
OPERATOR = "An operator added somebody"
READ = "Sandra de Beer read enquiry ABCD-EFGH"
APPROVED = "Mia Botha approved comment 7"


def test_an_administrator_reads_all_newest_first(author: Visitor) -> None:
    assert lines(author) == [*ROLES, OWN, OPERATOR, READ, APPROVED]


def test_lines_are_chosen_by_person_and_kind(app: Flask, author: Visitor) -> None:
    with app.app_context():
        sandra, mia = number(AUTHOR), number(MODERATOR)
    assert lines(author, f"?person={mia}") == [OWN, APPROVED]
    assert lines(author, "?person=0") == [OPERATOR]
    assert lines(author, "?kind=account") == [*ROLES, OWN, OPERATOR]
    assert lines(author, f"?person={sandra}&kind=enquiry") == [READ]
    assert lines(author, f"?person={sandra}&kind=rule") == []
    assert "Nothing of that was done" in author.get(f"{JOURNAL}?kind=mail").text


@pytest.mark.parametrize(
    "query", ["?person=x", "?kind=x'--", "?before=-1", "?person=9999999999999"]
)
def test_what_makes_no_sense_makes_no_difference(author: Visitor, query: str) -> None:
    assert len(lines(author, query)) == 6


def test_others_read_what_they_did_themselves_alone(app: Flask, moderator: Visitor) -> None:
    with app.app_context():
        sandra = number(AUTHOR)
    for query in ("", f"?person={sandra}", "?person=0", "?person="):
        assert lines(moderator, query) == [OWN, APPROVED]
    assert lines(moderator, "?kind=comment") == [APPROVED]
    assert 'name="person"' not in moderator.get(JOURNAL).text


def test_who_did_nothing_yet_is_told_so(second_author: Visitor) -> None:
    assert "Nothing has happened yet." in second_author.get(JOURNAL).text


def test_older_pages_keep_what_was_chosen_and_lead_back(app: Flask, author: Visitor) -> None:
    with app.app_context(), db.writing():
        for each in range(51):
            journal.record("made", "rule", each, by=None, now=CLOCK)
    page = author.get(f"{JOURNAL}?kind=rule").text
    older = re.search(r'href="(\?[^"]+)" rel="next"', page)
    assert older
    query = older[1].replace("&amp;", "&")
    assert lines(author, query) == ["An operator made rule 0"]
    assert f'href="{JOURNAL}?kind=rule" rel="prev"' in author.get(f"{JOURNAL}{query}").text
