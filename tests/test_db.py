"""The database: times, the two kinds of transaction, waiting for one's turn, and readiness."""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from itertools import repeat, takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask import Flask
from sqlalchemy import delete, literal, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from blog import accounts, db
from blog.accounts import Role, User
from blog.errors import Busy, Conflict, DatabaseUnready
from blog.revision import SiteRevision
from tests.cast import AUTHOR, CLOCK, at_once

MakeApp = Callable[..., Flask]
NOW = CLOCK
PASSWORD = "hunter2"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def site(app: Flask) -> Iterator[Flask]:
    """This test's site, at work."""
    with app.app_context():
        yield app


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch, make_app: MakeApp) -> Iterator[Flask]:
    """A site that waits a fifth of a second for its turn to write."""
    monkeypatch.setattr(db, "WRITE_WAIT_SECONDS", 0.2)
    app = make_app()
    with app.app_context():
        yield app


def sandra() -> User:
    found = accounts.by_email(AUTHOR.email)
    assert found is not None
    return found


def name() -> str:
    db.session.rollback()
    return sandra().name


def rename(new: str) -> None:
    with db.writing():
        sandra().name = new


def raise_number() -> None:
    """Read the site's revision and write one more: lost where somebody is between the two."""
    with db.writing():
        row = db.session.get_one(SiteRevision, 1, with_for_update=True)
        row.number += 1


def number() -> int:
    db.session.rollback()
    return db.session.get_one(SiteRevision, 1).number


def account(email: str, password_hash: str = "x") -> User:
    return User(
        email=email, name="Ann", role=Role.AUTHOR, password_hash=password_hash, created_at=NOW
    )


# Times


def there_and_back(value: datetime | None) -> datetime | None:
    returned: datetime | None = db.session.execute(
        select(literal(value, db.UtcDateTime()))
    ).scalar_one()
    return returned


@pytest.mark.parametrize(
    "zone",
    [UTC, ZoneInfo("Africa/Johannesburg"), timezone(-timedelta(hours=9, minutes=30))],
    ids=str,
)
def test_a_time_comes_back_as_the_same_moment_in_utc(site: Flask, zone: Any) -> None:
    moment = datetime(2026, 3, 10, 0, 30, 15, 123456, tzinfo=zone)
    returned = there_and_back(moment)
    assert returned == moment
    assert returned is not None
    assert returned.tzinfo is UTC


def test_no_time_comes_back_as_none(site: Flask) -> None:
    assert there_and_back(None) is None


def test_a_time_in_a_table_comes_back_in_utc(site: Flask) -> None:
    with db.writing():
        sandra().created_at = datetime(2026, 3, 10, 1, tzinfo=ZoneInfo("Africa/Johannesburg"))
    created_at = sandra().created_at
    assert created_at == datetime(2026, 3, 9, 23, tzinfo=UTC)
    assert created_at.tzinfo is UTC
    assert db.session.execute(select(User.id).where(User.created_at < created_at)).first() is None


def test_a_naive_time_is_refused(site: Flask) -> None:
    naive = datetime(2026, 3, 10)  # noqa: DTZ001 (the mistake itself)
    with pytest.raises(StatementError, match="a time without zone can’t be stored"):
        there_and_back(naive)
    with pytest.raises(StatementError), db.writing():
        sandra().created_at = naive
    assert sandra().created_at == NOW


def test_now_is_aware_and_in_utc() -> None:
    assert db.utc_now().tzinfo is UTC
    assert abs(db.utc_now().timestamp() - time.time()) < 60


# The two kinds of transaction


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE user_account SET name = 'x'",
        "DELETE FROM site_revision",
        "INSERT INTO site_revision (id, number) VALUES (2, 0)",
        "CREATE TABLE more (id INTEGER)",
        "DROP TABLE site_revision",
    ],
)
def test_the_database_refuses_a_write_of_who_only_reads(site: Flask, statement: str) -> None:
    before = number()
    with pytest.raises(DBAPIError, match=r"read-?only"):
        db.session.execute(text(statement))
    assert (name(), number()) == (AUTHOR.name, before)


def test_a_change_outside_a_writing_transaction_is_refused(site: Flask) -> None:
    sandra().name = "Somebody else"
    with pytest.raises(DBAPIError, match=r"read-?only"):
        db.session.commit()
    assert name() == AUTHOR.name


def test_a_writing_transaction_commits_at_its_end(site: Flask) -> None:
    rename("Sandra")
    assert at_once(site, name) == ["Sandra"]


def test_a_reader_is_refused_again_after_a_writing_transaction(site: Flask) -> None:
    rename("Sandra")
    sandra().name = "Somebody else"
    with pytest.raises(DBAPIError, match=r"read-?only"):
        db.session.commit()
    assert name() == "Sandra"


@pytest.mark.parametrize("error", [Conflict("No."), ValueError("No."), KeyboardInterrupt()])
def test_an_error_leaves_nothing_behind(site: Flask, error: BaseException) -> None:
    with contextlib.suppress(type(error)), db.writing():
        sandra().name = "Somebody else"
        db.session.flush()
        raise error
    assert name() == AUTHOR.name
    rename("Sandra")
    assert name() == "Sandra"


def test_what_the_database_refuses_leaves_nothing_behind(site: Flask) -> None:
    with contextlib.suppress(IntegrityError), db.writing():
        sandra().name = "Somebody else"
        db.session.flush()
        db.session.add(account(AUTHOR.email))
    assert (name(), accounts.count()) == (AUTHOR.name, 3)


def test_what_somebody_took_before_is_left_out_and_the_rest_is_written(site: Flask) -> None:
    with db.writing():
        sandra().name = "Sandra"
        with db.unless_taken():
            db.session.add(account(AUTHOR.email))
        with db.unless_taken():
            db.session.add(account("new@clinic.example"))
    assert (name(), accounts.count()) == ("Sandra", 4)


def test_of_those_who_take_a_name_at_the_same_moment_one_has_it(site: Flask) -> None:
    def take() -> None:
        with db.writing(), db.unless_taken():
            db.session.add(account("new@clinic.example"))

    assert at_once(site, *[take] * 6) == [None] * 6
    db.session.rollback()
    assert accounts.count() == 4


def test_what_was_read_before_is_read_again_under_the_lock(site: Flask) -> None:
    read_before = sandra()
    assert read_before.name == AUTHOR.name
    at_once(site, lambda: rename("Sandra"))
    assert read_before.name == AUTHOR.name
    with db.writing():
        assert read_before.name == "Sandra"
        assert sandra() is read_before


def test_what_was_changed_before_is_not_written(site: Flask) -> None:
    sandra().name = "Somebody else"
    with db.writing():
        assert sandra().name == AUTHOR.name
    assert name() == AUTHOR.name


def test_a_page_is_made_of_one_moment(site: Flask) -> None:
    before = number()
    at_once(site, raise_number, lambda: rename("Sandra"))
    assert db.session.execute(select(SiteRevision.number)).scalar_one() == before
    assert db.session.execute(select(User.name).order_by(User.id)).scalars().first() == AUTHOR.name
    assert (number(), name()) == (before + 1, "Sandra")


def test_a_reference_to_nothing_is_refused(site: Flask) -> None:
    with db.writing():
        accounts.start_session(sandra(), now=NOW)
    with pytest.raises(IntegrityError), db.writing():
        db.session.execute(delete(User).where(User.email == AUTHOR.email))
    assert accounts.count() == 3


@on_sqlite
def test_a_sqlite_file_is_used_safely(site: Flask) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "busy_timeout": 5000,
        "journal_size_limit": 67108864,
    }
    found = {pragma: db.session.execute(text(f"PRAGMA {pragma}")).scalar_one() for pragma in wanted}
    assert found == wanted


# Waiting for one's turn


def test_many_who_write_at_once_lose_nothing(site: Flask) -> None:
    before = number()

    def raise_often() -> None:
        for _ in range(20):
            raise_number()

    assert at_once(site, *[raise_often] * 8) == [None] * 8
    assert number() == before + 160


_HOLD = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held_by_another_process(path: str) -> Iterator[None]:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", _HOLD, path], **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()


def wait_until_held(path: str) -> None:
    end = time.monotonic() + 10
    assert any(map(is_held, takewhile(lambda _: time.monotonic() < end, repeat(path))))


def is_held(path: str) -> bool:
    with Path(path).open("rb") as file, contextlib.suppress(BlockingIOError):
        how = fcntl.LOCK_EX | fcntl.LOCK_NB
        return fcntl.flock(file, how) is not None  # type: ignore[func-returns-value]  # one line for either end
    return True


@contextlib.contextmanager
def held_by_another_program(path: str) -> Iterator[None]:
    """Write as a tool that knows nothing of our lock."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def held_by_another_connection(url: str) -> Iterator[None]:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE site_revision SET number = number")
        yield


def assert_busy_at_the_deadline() -> None:
    before = number()
    began = time.monotonic()
    with pytest.raises(Busy) as caught:
        raise_number()
    assert 0.15 < time.monotonic() - began < 4
    assert caught.value.retry_after_seconds > 0
    assert number() == before


@on_sqlite
@pytest.mark.parametrize("ending", ["lock", "next"])
def test_a_lock_that_another_process_holds_makes_busy(hurried: Flask, ending: str) -> None:
    before = number()
    with held_by_another_process(f"{db.db.engine.url.database}.{ending}"):
        assert_busy_at_the_deadline()
    raise_number()
    assert number() == before + 1


@on_sqlite
def test_who_had_the_lock_stands_behind_who_waits_for_it(site: Flask) -> None:
    path = f"{db.db.engine.url.database}"
    with db.writing(), Path(f"{path}.next").open("rb") as line:
        fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with ThreadPoolExecutor(1) as thread:
        with held_by_another_process(f"{path}.lock"):
            waiting = thread.submit(at_once, site, lambda: rename("Sandra"))
            wait_until_held(f"{path}.next")
        assert waiting.result(timeout=10) == [None]
    assert name() == "Sandra"


@on_sqlite
def test_who_will_not_wait_is_busy_at_once(site: Flask) -> None:
    with held_by_another_process(f"{db.db.engine.url.database}.lock"):
        began = time.monotonic()
        with contextlib.ExitStack() as stack, pytest.raises(Busy):
            stack.enter_context(db.writing(wait_seconds=0))
        assert time.monotonic() - began < db.WRITE_WAIT_SECONDS / 2


@on_sqlite
def test_a_file_that_another_program_writes_makes_busy(hurried: Flask) -> None:
    before = number()
    with held_by_another_program(str(db.db.engine.url.database)):
        assert_busy_at_the_deadline()
    raise_number()
    assert number() == before + 1


@on_postgresql
def test_a_row_that_another_connection_holds_makes_busy(hurried: Flask, database_url: str) -> None:
    before = number()
    with held_by_another_connection(database_url):
        assert_busy_at_the_deadline()
        rename("Sandra")
    raise_number()
    assert (number(), name()) == (before + 1, "Sandra")


def test_who_waits_for_a_thread_of_the_same_process_is_busy_at_the_deadline(
    hurried: Flask,
) -> None:
    inside, done = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with db.writing():
            db.session.get_one(SiteRevision, 1, with_for_update=True).number += 1
            db.session.flush()
            inside.set()
            assert done.wait(timeout=10)

    def write_meanwhile() -> None:
        try:
            assert inside.wait(timeout=10)
            assert_busy_at_the_deadline()
        finally:
            done.set()

    before = number()
    assert at_once(hurried, write_slowly, write_meanwhile) == [None, None]
    raise_number()
    assert number() == before + 2


def test_who_fails_gives_the_turn_to_others(hurried: Flask) -> None:
    with contextlib.suppress(Conflict), db.writing():
        raise Conflict("Never mind.")
    assert at_once(hurried, raise_number) == [None]


@on_sqlite
def test_only_the_owner_may_hold_the_lock(site: Flask) -> None:
    raise_number()
    lock = Path(f"{db.db.engine.url.database}.lock")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


@on_sqlite
def test_a_lock_that_can_not_be_made_makes_busy(site: Flask) -> None:
    before = number()
    lock = Path(f"{db.db.engine.url.database}.lock")
    lock.mkdir()
    with pytest.raises(Busy, match="can’t store anything"):
        raise_number()
    lock.rmdir()
    raise_number()
    assert number() == before + 1


def test_a_mistake_in_a_statement_is_not_called_busy(site: Flask) -> None:
    with pytest.raises(DBAPIError, match="nowhere"), db.writing():
        db.session.execute(text("DELETE FROM nowhere"))
    rename("Sandra")
    assert name() == "Sandra"


@on_sqlite
def test_a_full_disk_makes_busy_and_later_writes_work_again(site: Flask) -> None:
    before = number()
    with pytest.raises(Busy, match="can’t store anything") as caught:
        fill_the_disk()
    assert isinstance(caught.value.__cause__, OperationalError)
    assert "full" in str(caught.value.__cause__)
    assert number() == before
    with db.writing():
        db.session.execute(text("PRAGMA max_page_count = 1000000"))
    raise_number()
    assert number() == before + 1
    assert db.session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"


def fill_the_disk() -> None:
    """Write more than there is room for; part of it is written when the room ends."""
    with db.writing():
        pages = db.session.execute(text("PRAGMA page_count")).scalar_one()
        db.session.execute(text(f"PRAGMA max_page_count = {pages + 3}"))
        db.session.get_one(SiteRevision, 1).number += 1
        while True:
            db.session.add(account(f"{secrets.token_hex(4)}@clinic.example", "x" * 4000))
            db.session.flush()


@on_postgresql
def test_on_postgresql_writers_of_different_rows_do_not_wait(site: Flask) -> None:
    with db.writing():
        sandra().name = "Sandra"
        db.session.flush()
        assert at_once(site, raise_number) == [None]
    assert name() == "Sandra"


# Readiness


def unready(app: Flask, act: Callable[[], None] = db.check_ready) -> str:
    """Do something, and give the one sentence that comes of it."""
    with app.app_context():
        with pytest.raises(DatabaseUnready) as caught:
            act()
        db.close()
    assert "\n" not in caught.value.message
    assert PASSWORD not in caught.value.message
    return caught.value.message


def test_a_migrated_database_is_ready(site: Flask) -> None:
    db.check_ready()
    assert not db.session().in_transaction()


def test_a_blank_database_asks_for_its_migration(make_app: MakeApp, blank_url: str) -> None:
    app = make_app(database_url=blank_url)
    sentence = unready(app)
    assert sentence.startswith("The database ")
    assert sentence.endswith(" is not migrated; run: blog db upgrade")
    with app.app_context():
        db.upgrade()
        db.check_ready()
        db.upgrade()
        db.check_ready()


@on_sqlite
def test_a_new_sqlite_file_is_the_owners_alone(make_app: MakeApp, blank_url: str) -> None:
    with make_app(database_url=blank_url).app_context():
        db.upgrade()
        path = Path(str(db.db.engine.url.database))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def set_version(version: str | None) -> None:
    with db.writing():
        db.session.execute(text("DELETE FROM alembic_version"))
        if version:
            db.session.execute(
                text("INSERT INTO alembic_version VALUES (:version)"), {"version": version}
            )


def test_a_database_of_an_older_program_asks_for_its_migration(app: Flask) -> None:
    with app.app_context():
        set_version(None)
    assert unready(app).endswith(" is at another version than this program; run: blog db upgrade")


def test_a_database_of_a_newer_program_asks_for_that_program(app: Flask) -> None:
    with app.app_context():
        set_version("ffff")
    newer = " was made by a newer program; install that one, then run: blog db upgrade"
    assert unready(app).endswith(newer)
    assert unready(app, db.upgrade).endswith(newer)
    with app.app_context():
        set_version(db.migration_head())
        db.check_ready()


@pytest.mark.parametrize("kind", ["missing folder", "folder", "not a database"])
def test_a_sqlite_file_that_can_not_be_opened_is_named(
    make_app: MakeApp, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "nowhere" / "blog.db" if kind == "missing folder" else tmp_path / "other.db"
    if kind == "folder":
        path.mkdir()
    elif kind == "not a database":
        path.write_bytes(b"what somebody else wrote " * 100)
    app = make_app(database_url=f"sqlite:///{path}")
    opened = f"The database sqlite:///{path} can’t be opened ("
    assert unready(app).startswith(opened)
    assert unready(app).endswith("); check BLOG_DATABASE_URL, then run: blog db upgrade")
    assert unready(app, db.upgrade).endswith("); check BLOG_DATABASE_URL.")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens, and nobody will during the test."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@on_sqlite
@pytest.mark.parametrize("options", ["", f"?password={PASSWORD}&application_name={PASSWORD}"])
def test_a_postgresql_server_that_is_down_is_named_without_the_password(
    make_app: MakeApp, closed_port: int, options: str
) -> None:
    url = f"postgresql://blog:{PASSWORD}@127.0.0.1:{closed_port}/blog{options}"
    app = make_app(database_url=url)
    for act in (db.check_ready, db.upgrade):
        sentence = unready(app, act)
        assert f"blog:***@127.0.0.1:{closed_port}/blog can’t be opened" in sentence
        assert "Connection refused" in sentence


@on_postgresql
def test_a_wrong_password_is_said_without_saying_it(make_app: MakeApp, database_url: str) -> None:
    app = make_app(database_url=database_url.replace("blog@", f"locked:{PASSWORD}@"))
    for act in (db.check_ready, db.upgrade):
        sentence = unready(app, act)
        assert "password authentication failed" in sentence
        assert "locked:***@127.0.0.1" in sentence


@on_postgresql
def test_a_database_that_is_not_there_is_named(make_app: MakeApp, database_url: str) -> None:
    app = make_app(database_url=f"{database_url}-not")
    assert "-not can’t be opened (" in unready(app)
    assert "does not exist" in unready(app, db.upgrade)
