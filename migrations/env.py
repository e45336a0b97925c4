"""Runs migrations on the application's own engine, in a transaction that may write."""

from alembic import context
from flask import current_app

from blog.db import UtcDateTime


def render_item(kind, item, _autogen):
    """Write our time type as what it is in the database, so that migrations stand alone."""
    is_time = kind == "type" and isinstance(item, UtcDateTime)
    return "sa.DateTime(timezone=True)" if is_time else False


migrate = current_app.extensions["migrate"]
engine = migrate.db.engine.execution_options(writes=True)

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=migrate.db.metadata,
        compare_server_default=True,
        render_item=render_item,
        **migrate.configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
