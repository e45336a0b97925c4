"""The database: models' base, aware UTC times, and the two kinds of transaction.

A transaction only reads unless it was begun by `writing()`; the database itself refuses a
write in any other. On SQLite who writes has a connection apart, and writers queue at one lock of
the machine, since that keeps the longest wait short; on PostgreSQL there is neither.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, event, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from blog.config import ROOT, Settings
from blog.errors import Busy, DatabaseUnready

MIGRATIONS = ROOT / "migrations"
WRITE_WAIT_SECONDS = 5.0
_LOCK_POLL_SECONDS = 0.002
_WRITERS_WAIT_MS = 200
_CANT_WAIT = "Many are writing at this moment. Please try again shortly."
_CANT_STORE = "The site can’t store anything at this moment. Please try again shortly."
_WRITER = "blog.writer"
_FROM_NEWER = "{} was made by a newer program; install that one, then run: blog db upgrade"

# Without names Alembic can't change a constraint on SQLite.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; a naive time is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone can’t be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware UTC, whatever the database made of it."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Base(DeclarativeBase):
    # Flask-SQLAlchemy derives a second base, which may not bring a type map of its own.
    registry = registry(
        metadata=MetaData(naming_convention=_NAMES), type_annotation_map={datetime: UtcDateTime()}
    )


class _Session(Session):
    def get_bind(self, *_: Any, **__: Any) -> Engine | Connection:
        return writer() if self.info.get("writes") else db.engine


db = SQLAlchemy(model_class=_Base, disable_autonaming=True, session_options={"class_": _Session})
session = db.session

if TYPE_CHECKING:
    Model = _Base
else:
    Model = db.Model


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the application to its database."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    options: dict[str, Any] = (
        {"connect_args": {"timeout": WRITE_WAIT_SECONDS}}
        if settings.is_sqlite
        else {"pool_pre_ping": True}
    )
    # What a visitor wrote has no place in a log.
    options |= {"hide_parameters": True}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    if settings.is_sqlite:
        app.config["SQLALCHEMY_BINDS"] = {_WRITER: {"url": settings.database_url, **options}}
    db.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            event.listen(engine, "begin", _begin)
            if settings.is_sqlite:
                event.listen(engine, "connect", _connect_sqlite)
        if settings.is_sqlite:
            event.listen(db.engine, "connect", _refuse_writes)
        writes = db.engines.get(_WRITER, db.engine)
        app.extensions[_WRITER] = writes.execution_options(writes=True)


def writer() -> Engine:
    """Return the engine of those who write; for `writing()` and for migrations."""
    engine: Engine = current_app.extensions[_WRITER]
    return engine


def close() -> None:
    """Close the connections of this application."""
    session.remove()
    for engine in db.engines.values():
        engine.dispose()


def _connect_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # pysqlite opens transactions late unless it is told to leave them to us.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an enquiry that was acknowledged survives a power cut
        "foreign_keys=ON",
        "journal_size_limit=67108864",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _refuse_writes(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # Said once: a connection that is told anew forgets all statements it had prepared.
    connection.execute("PRAGMA query_only=ON")


def _begin(connection: Connection) -> None:
    """Open a transaction of the kind that was asked for, if any; reading is the default."""
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    writes = bool(options.get("writes"))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif writes:
        # A row that somebody holds makes Busy at the deadline, as SQLite's lock does.
        wait_ms = int(WRITE_WAIT_SECONDS * 1000)
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_ms}")
    else:
        # One snapshot for all statements of a page, as SQLite has it.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


@contextlib.contextmanager
def writing(*, wait_seconds: float | None = None) -> Iterator[None]:
    """Run a block as one writing transaction: commits at its end, leaves nothing on an error.

    What was read before is forgotten and read again inside, so that it is true under the lock.

    Raises: Busy where the lock can't be had in time, or the disk is full.
    """
    session.rollback()
    try:
        with _write_lock(WRITE_WAIT_SECONDS if wait_seconds is None else wait_seconds):
            session().info["writes"] = True
            session.connection()
            yield
            session.commit()
    except OperationalError as error:
        # What SQLite calls plainly an error, such as a missing table, no waiting will cure.
        if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR":
            raise
        raise Busy(_CANT_STORE) from error
    finally:
        session.rollback()
        session().info["writes"] = False


def wait_for_writers(table: str) -> None:
    """Wait inside `writing()` until whoever writes into a table at this moment is done.

    Rows get their numbers before they can be seen; from here on all that are numbered can be.

    Raises: Busy, soon, since others who want to write there wait behind.
    """
    # On SQLite there is one writer at a time.
    if db.engine.dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = {_WRITERS_WAIT_MS}"))
        session.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))


@contextlib.contextmanager
def unless_taken() -> Iterator[None]:
    """Leave out what a block stores where a unique key is taken: somebody was quicker.

    On PostgreSQL two who send the same thing at once both find it missing before they store it.
    """
    with contextlib.suppress(IntegrityError), session.begin_nested():
        yield


_turn = threading.Lock()


@contextlib.contextmanager
def _write_lock(wait_seconds: float) -> Iterator[None]:
    """Wait for this machine's turn to write to a SQLite file."""
    path = db.engine.url.database
    if db.engine.dialect.name != "sqlite" or path is None:
        yield
        return
    give_up_at = time.monotonic() + wait_seconds
    if not _turn.acquire(timeout=wait_seconds):
        raise Busy(_CANT_WAIT)
    try:
        # Descriptors of their own: threads that share one would all get in together.
        with lock_file(f"{path}.next") as line, lock_file(f"{path}.lock") as file:
            # Who had the lock stands in line again, or a process that writes without a pause would
            # keep it from those that look now and then.
            _flock(line.fileno(), give_up_at)
            _flock(file.fileno(), give_up_at)
            fcntl.flock(line.fileno(), fcntl.LOCK_UN)
            yield
    finally:
        _turn.release()


def lock_file(path: str) -> IO[bytes]:
    """Open a file that is there to be locked.

    Raises: Busy where it can't be made.
    """
    try:
        # Whoever may read the file may hold the lock, so nobody else may.
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    except OSError as error:
        raise Busy(_CANT_STORE) from error


def _flock(descriptor: int, give_up_at: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                raise Busy(_CANT_WAIT) from None
            time.sleep(_LOCK_POLL_SECONDS)
        else:
            return


def migration_head() -> str:
    """Return the newest revision in migrations/, without loading Alembic for it."""
    found = dict(_revisions(MIGRATIONS / "versions"))
    return next(iter(set(found) - set(found.values())))


def _revisions(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        named = dict(re.findall(r"^(revision|down_revision)\b[^=]*= *['\"]?(\w+)", source, re.M))
        yield named["revision"], named["down_revision"]


def check_ready() -> None:
    """Make sure that the database can be opened and is migrated.

    Raises: DatabaseUnready with what to run.
    """
    try:
        found = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DatabaseError as error:
        if "alembic_version" in _cause(error):
            raise DatabaseUnready(f"{_name()} is not migrated; run: blog db upgrade") from None
        raise DatabaseUnready(
            f"{_name()} can’t be opened ({_cause(error)}); check BLOG_DATABASE_URL, then run: blog db upgrade"
        ) from None
    finally:
        session.rollback()
    if found and found not in dict(_revisions(MIGRATIONS / "versions")):
        raise DatabaseUnready(_FROM_NEWER.format(_name()))
    if found != migration_head():
        raise DatabaseUnready(
            f"{_name()} is at another version than this program; run: blog db upgrade"
        )


def _name() -> str:
    # A password may also stand among the options of the address.
    return f"The database {db.engine.url.set(query={}).render_as_string(hide_password=True)}"


def _cause(error: DatabaseError) -> str:
    return str(error.orig).strip().splitlines()[0]


def upgrade() -> None:
    """Bring the database to the newest migration.

    Raises: DatabaseUnready where it can't be opened, or was made by a newer program.
    """
    # Alembic is large, and a serving process never needs it.
    from alembic import command
    from alembic.util import CommandError
    from flask_migrate import Migrate

    engine = db.engine
    if engine.dialect.name == "sqlite" and engine.url.database:
        with contextlib.suppress(OSError):
            os.close(os.open(engine.url.database, os.O_RDWR | os.O_CREAT, 0o600))
    migrate = Migrate(current_app, db, directory=str(MIGRATIONS), render_as_batch=True)
    try:
        command.upgrade(migrate.get_config(), "head")
    except CommandError:
        raise DatabaseUnready(_FROM_NEWER.format(_name())) from None
    except DatabaseError as error:
        raise DatabaseUnready(
            f"{_name()} can’t be opened or changed ({_cause(error)}); check BLOG_DATABASE_URL."
        ) from error
