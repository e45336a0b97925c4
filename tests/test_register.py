"""The register of personal data: it names every column there is, and says how long as the site is set."""

from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from flask import Flask
from sqlalchemy import Column, Integer, MetaData, inspect, text

from blog import db
from blog.privacy import register
from tests.cast import Visitor

MakeApp = Callable[..., Flask]


def named() -> Counter[str]:
    """How often each column stands in the register."""
    personal = [column for entry in register.ENTRIES for column in entry.columns]
    rest = [column for columns in register.NOTHING_OF_ANYBODY.values() for column in columns]
    return Counter([*personal, *rest])


def columns_of(metadata: MetaData) -> set[str]:
    found = metadata.tables.values()
    return {f"{table.name}.{column.name}" for table in found for column in table.columns}


def missing(metadata: MetaData) -> set[str]:
    """Which columns of models the register says nothing of."""
    return columns_of(metadata) - set(named())


@pytest.mark.usefixtures("at_work")
def test_every_column_of_every_model_stands_in_the_register_once() -> None:
    assert missing(db.db.metadata) == set()
    twice = {column for column, times in named().items() if times > 1}
    assert twice == set()
    # The one table that is no model and holds what people wrote.
    found = {
        name for name in inspect(db.db.engine).get_table_names() if name == "search_index_comment"
    }
    others = {f"{name}.{column}" for name in found for column in ("rowid", "words")}
    assert set(named()) - columns_of(db.db.metadata) == others
    assert found


@pytest.mark.usefixtures("at_work")
def test_a_column_that_nobody_thought_of_is_found() -> None:
    other = MetaData()
    for table in db.db.metadata.tables.values():
        table.to_metadata(other)
    other.tables["comment"].append_column(Column("shoe_size", Integer))
    assert missing(other) == {"comment.shoe_size"}


@pytest.mark.usefixtures("at_work")
def test_every_entry_says_what_why_and_how_long_in_whole_sentences() -> None:
    shown = register.shown()
    assert list(shown) == [kind.value for kind in register.Kind]
    for entry in said(shown.values()):
        assert entry.columns, entry.what
        assert entry.what[0].isupper()
        assert not entry.what.endswith(".")
        for sentence in (entry.why, entry.kept):
            assert sentence.endswith(".")
            assert "{" not in sentence
            assert "  " not in sentence


def said(kinds: Iterable[Iterable[register.Entry]]) -> list[register.Entry]:
    return [entry for entries in kinds for entry in entries]


def test_the_page_says_how_long_as_the_site_is_set(reader: Visitor, make_app: MakeApp) -> None:
    page = " ".join(reader.get("/privacy").text.split())
    assert "What we keep, and for how long." in page  # the clinic's own words
    for words in (
        "Rejected ones are kept for 90 days, spam for 30 days.",
        "Kept for 12 months. What is taken for spam, and isn’t marked as genuine, for 30 days.",
        "Their text is kept for 90 days",
        "An address that nobody confirms is kept for 7 days.",
        "You can take it back for 15 minutes yourself",
        "Sign-ins end after 8 hours, links that are mailed after 7 days.",
        "A key is forgotten 90 days after it ended, once there is another.",
    ):
        assert words in page, words
    other = make_app(keep_rejected_days="0", keep_enquiries_months="1", keep_spam_days="1")
    page = Visitor(other).get("/privacy").text
    assert "Rejected ones are kept for ever, spam for 1 day." in page
    assert "Kept for 1 month." in page


def test_the_page_is_there_without_the_clinics_words(app: Flask, reader: Visitor) -> None:
    with app.app_context(), db.writing():
        db.session.execute(text("DELETE FROM page"))
    answer = reader.get("/privacy")
    assert (answer.status_code, '<h1 class="modest">Privacy</h1>' in answer.text) == (200, True)
    assert "What this site keeps of people" in answer.text
    assert "public" in answer.headers["Cache-Control"]


def test_what_the_clinic_hides_from_search_engines_stays_hidden(
    app: Flask, reader: Visitor
) -> None:
    assert "noindex" not in reader.get("/privacy").text
    with app.app_context(), db.writing():
        db.session.execute(text("UPDATE page SET noindex = TRUE"))
    assert "noindex" in reader.get("/privacy").text
