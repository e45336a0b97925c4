"""The site's revision: each write to a public page raises it, and none is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from blog import db, revision
from blog.errors import Conflict
from blog.revision import SiteRevision
from tests.cast import at_once


@pytest.fixture
def site(app: Flask) -> Iterator[Flask]:
    """This test's site, at work."""
    with app.app_context():
        yield app


def current() -> int:
    db.session.rollback()
    return revision.current(db.session)


def touch() -> None:
    with db.writing():
        revision.touch(db.session)


def test_a_touch_raises_the_number_by_one(site: Flask) -> None:
    before = current()
    touch()
    touch()
    assert current() == before + 2


def test_there_is_one_number_for_the_site(site: Flask) -> None:
    touch()
    assert db.session.execute(select(func.count(SiteRevision.id))).scalar_one() == 1


def test_the_number_is_raised_together_with_the_write_or_not_at_all(site: Flask) -> None:
    before = current()
    with contextlib.suppress(Conflict), db.writing():
        revision.touch(db.session)
        assert revision.current(db.session) == before + 1
        raise Conflict("The write failed.")
    assert current() == before


def test_who_only_reads_can_not_raise_it(site: Flask) -> None:
    before = current()
    with pytest.raises(DBAPIError):
        revision.touch(db.session)
    assert current() == before


def test_a_page_sees_the_number_it_began_with(site: Flask) -> None:
    before = current()
    at_once(site, touch)
    assert revision.current(db.session) == before
    assert current() == before + 1


def test_touches_at_the_same_moment_are_all_counted(site: Flask) -> None:
    before = current()
    assert at_once(site, *[touch] * 8) == [None] * 8
    assert current() == before + 8
