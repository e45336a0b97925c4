"""Runs migrations on the application's own engine, in a transaction that may write."""

import contextlib

from alembic import context
from flask import current_app
from sqlalchemy.exc import IntegrityError

from blog import summary  # noqa: F401  # no page knows its table
from blog.db import UtcDateTime, writer
from blog.imports import storing  # noqa: F401  # no page knows its tables


def render_item(kind, item, _autogen):
    """Write our time type as what it is in the database, so that migrations stand alone."""
    is_time = kind == "type" and isinstance(item, UtcDateTime)
    return "sa.DateTime(timezone=True)" if is_time else False


def include_object(_item, name, kind, _is_reflected, _other):
    """Leave alone what each database keeps for full-text search, which is no model."""
    return kind != "table" or not name.startswith("search_index")


@contextlib.contextmanager
def rows_kept(connection):
    """Let SQLite rebuild a table without taking along the rows that refer to it."""
    # Dropping the old table would delete them; within a transaction this can't be said.
    raw = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


migrate = current_app.extensions["migrate"]
engine = writer()
is_sqlite = engine.dialect.name == "sqlite"

with (
    engine.connect() as connection,
    rows_kept(connection) if is_sqlite else contextlib.nullcontext(),
):
    context.configure(
        connection=connection,
        target_metadata=migrate.db.metadata,
        compare_server_default=True,
        # Alembic thinks that SQLite can't; our transactions of it can, from their first statement.
        transactional_ddl=True,
        render_item=render_item,
        include_object=include_object,
        **migrate.configure_args,
    )
    with context.begin_transaction():
        if not is_sqlite:
            # Two programs that start together take turns; the second finds nothing to do.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")
        context.run_migrations()
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first() if is_sqlite else None
        if lost:
            raise IntegrityError(None, None, ValueError(f"a row of {lost[0]} refers to nothing"))
