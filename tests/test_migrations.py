"""Migrations: they make what the models say, can be undone, and stop whole where they fail."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import Migrate
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    inspect,
    text,
)
from sqlalchemy.exc import IntegrityError

from blog import accounts, db, outbox, revision
from blog.enquiries import ConsentText, Happening
from blog.errors import DatabaseUnready
from tests.cast import AUTHOR_ID, CLOCK, processes_at_once
from tests.conftest import Environ
from tests.enquiring import HELD, ask, enquiry

WriteMigration = Callable[[str], str]
SCRIPTS = ScriptDirectory(str(db.MIGRATIONS))


@pytest.fixture
def site(app: Flask) -> Iterator[Flask]:
    """This test's site, at work, with accounts and words in its database."""
    with app.app_context():
        yield app


def is_ours(_item: object, name: str, kind: str, *_: object) -> bool:
    """What the databases keep for full-text search is no model, each having its own."""
    return kind != "table" or not name.startswith("search_index")


def differences(metadata: MetaData) -> list[Any]:
    """What would have to change for the database to be what the models say."""
    db.session.rollback()
    options = {"compare_type": True, "compare_server_default": True, "include_object": is_ours}
    with db.db.engine.connect() as connection:
        found: list[Any] = compare_metadata(
            MigrationContext.configure(connection, opts=options), metadata
        )
    return found


def downgrade(to: str) -> None:
    db.session.rollback()
    migrate = Migrate(current_app, db.db, directory=str(db.MIGRATIONS), render_as_batch=True)
    command.downgrade(migrate.get_config(), to)


def tables() -> set[str]:
    names = inspect(db.db.engine).get_table_names()
    return {name for name in names if is_ours(None, name, "table")}


def test_a_migrated_database_is_what_the_models_say(site: Flask) -> None:
    assert differences(db.db.metadata) == []
    assert tables() == {*db.db.metadata.tables, "alembic_version"}


def test_nothing_is_proposed_for_a_migrated_database(site: Flask) -> None:
    """As `flask db check` finds it, by the settings that a new migration is written with."""
    db.session.rollback()
    migrate = Migrate(current_app, db.db, directory=str(db.MIGRATIONS), render_as_batch=True)
    command.check(migrate.get_config())


@pytest.mark.parametrize("change", ["table", "column", "length", "null", "index", "unique"])
def test_the_comparison_finds_what_is_different(site: Flask, change: str) -> None:
    other = MetaData(naming_convention=db.db.metadata.naming_convention)
    for table in db.db.metadata.tables.values():
        table.to_metadata(other)
    users = other.tables["user_account"]
    if change == "table":
        Table("more", other, Column("id", Integer, primary_key=True))
    elif change == "column":
        users.append_column(Column("more", Integer))
    elif change == "length":
        users.c.email.type = String(255)
    elif change == "null":
        users.c.email.nullable = True
    else:
        is_unique = change == "unique"
        column = Column("name", String(100), nullable=False, unique=is_unique, index=not is_unique)
        users.append_column(column, replace_existing=True)
    assert len(differences(other)) == 1


def indexes(engine: Engine) -> dict[str, str]:
    """How a database words each index, whatever made it: also which rows it leaves out."""
    query = {
        "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname, tablename, indexdef FROM pg_indexes"
        " WHERE schemaname = 'public'",
    }[engine.dialect.name]
    with engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    kept = (
        row
        for row in rows
        if row[2] and row[1] != "alembic_version" and is_ours(None, row[1], "table")
    )
    return {name: re.sub(r"[\s\"]+", " ", words) for name, _, words in kept}


@pytest.mark.parametrize("is_changed", [False, True])
def test_each_index_leaves_out_the_rows_that_the_models_say(
    site: Flask, blank_url: str, is_changed: bool
) -> None:
    made = create_engine(blank_url)
    db.db.metadata.create_all(made)
    if is_changed:
        with db.writing():
            db.session.execute(text("DROP INDEX ix_comment_email"))
            db.session.execute(text("CREATE INDEX ix_comment_email ON comment (email, state)"))
    found, wanted = indexes(db.db.engine), indexes(made)
    made.dispose()
    assert sum(" WHERE " in words for words in wanted.values()) > 5
    different = {name for name in found | wanted if found.get(name) != wanted.get(name)}
    assert different == ({"ix_comment_email"} if is_changed else set())


def test_numbers_of_comments_and_enquiries_are_never_used_again(site: Flask) -> None:
    """What SQLite is told by AUTOINCREMENT, which the comparison doesn't see."""
    wanted = {
        table.name
        for table in db.db.metadata.tables.values()
        if table.dialect_options["sqlite"]["autoincrement"]
    }
    assert {"comment", "enquiry"} <= wanted
    if db.db.engine.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"
        assert set(db.session.execute(text(query)).scalars()) == wanted


def test_everything_can_be_undone_and_done_again(site: Flask) -> None:
    assert accounts.count() == 3
    downgrade("base")
    assert tables() == {"alembic_version"}
    with pytest.raises(DatabaseUnready):
        db.check_ready()
    db.upgrade()
    db.check_ready()
    assert differences(db.db.metadata) == []
    assert (accounts.count(), revision.current(db.session)) == (0, 0)


def test_each_migration_can_be_undone_and_done_again(site: Flask) -> None:
    for script in SCRIPTS.walk_revisions():
        downgrade(str(script.down_revision or "base"))
        db.upgrade()
        assert differences(db.db.metadata) == []


def test_rules_that_were_made_twice_become_the_one_made_last(site: Flask) -> None:
    downgrade("0028")
    row = "(kind, pattern, answer, note, hits, created_at, created_by_id, id)"
    made = [
        ("casino", "a", 3, 1),
        ("casino", "b", 0, 2),
        ("pills", "c", 5, 3),
        ("casino", "d", 4, 4),
    ]
    with db.writing():
        for pattern, note, hits, number in made:
            values = f"('word', '{pattern}', 'hold', '{note}', {hits}, '{CLOCK}', 1, {number})"
            db.session.execute(text(f"INSERT INTO comment_rule {row} VALUES {values}"))
    db.session.rollback()
    db.upgrade()
    kept = db.session.execute(text("SELECT id, note, hits FROM comment_rule ORDER BY id")).all()
    assert [tuple(each) for each in kept] == [(3, "c", 5), (4, "d", 7)]


def test_of_whose_comments_an_author_was_told_is_known(site: Flask) -> None:
    downgrade("0032")
    told = "SELECT id, 'at once', created_at, 7 FROM user_account"
    with db.writing():
        into = "INSERT INTO notice_plan (user_id, pace, begun_at, told_up_to)"
        db.session.execute(text(f"{into} {told}"))
    db.session.rollback()
    db.upgrade()
    plans = "SELECT role, told_for FROM notice_plan JOIN user_account ON id = user_id ORDER BY role"
    found = {tuple(each) for each in db.session.execute(text(plans))}
    assert found == {("admin", None), ("author", AUTHOR_ID), ("moderator", None)}


def test_migrating_a_migrated_database_changes_nothing(site: Flask) -> None:
    before = revision.current(db.session)
    db.session.rollback()
    db.upgrade()
    assert (accounts.count(), revision.current(db.session)) == (3, before)


def test_migrations_are_one_line_of_descent_whose_end_the_program_knows() -> None:
    assert SCRIPTS.get_heads() == [db.migration_head()]
    assert len(SCRIPTS.get_bases()) == 1
    assert not any(script.is_branch_point for script in SCRIPTS.walk_revisions())


_UPGRADE = """
from blog import create_app, db
app = create_app()
ready()
with app.app_context():
    db.upgrade()
    db.check_ready()
print("done")
"""


def test_programs_that_start_together_migrate_once(environ: Environ, blank_url: str) -> None:
    own = environ | {"BLOG_DATABASE_URL": blank_url}
    assert processes_at_once(_UPGRADE, own, 3) == ["done\n"] * 3


# Migrations yet to be written


@pytest.fixture
def write_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Add a migration in place of those to come; gives the revision before it."""

    def write(body: str) -> str:
        head = db.migration_head()
        folder = tmp_path / "migrations"
        shutil.copytree(db.MIGRATIONS, folder)
        source = f"""
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{head}"
def upgrade():
{textwrap.indent(textwrap.dedent(body), "    ")}
"""
        (folder / "versions" / "9999_next.py").write_text(source)
        monkeypatch.setattr(db, "MIGRATIONS", folder)
        return head

    return write


def assert_refused(words: str) -> None:
    db.session.rollback()
    with pytest.raises(DatabaseUnready, match=f"^The database .* can’t be .*{words}") as caught:
        db.upgrade()
    assert "\n" not in caught.value.message


def version() -> str:
    found: str = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return found


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    site: Flask, write_migration: WriteMigration
) -> None:
    before = write_migration(
        """
        op.execute("UPDATE user_account SET name = 'lost'")
        op.execute("CREATE TABLE more (id INTEGER)")
        op.execute("INSERT INTO nowhere VALUES (1)")
        """
    )
    assert_refused("nowhere")
    assert "more" not in tables()
    assert "lost" not in {user.name for user in accounts.everybody()}
    assert version() == before
    with pytest.raises(DatabaseUnready, match="run: blog db upgrade"):
        db.check_ready()


def test_a_table_can_be_rebuilt_without_losing_what_refers_to_it(
    site: Flask, write_migration: WriteMigration
) -> None:
    def rows() -> list[int]:
        return [
            db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("article", "article_topic", "article_author", "user_account")
        ]

    before = rows()
    assert 0 not in before
    db.session.rollback()
    write_migration(
        """
        for table, column in (("article", "title"), ("user_account", "name")):
            with op.batch_alter_table(table) as batch:
                batch.alter_column(column, type_=sa.String(999), existing_nullable=False)
        """
    )
    db.upgrade()
    assert (rows(), version()) == (before, "9999")
    db.session.rollback()
    with pytest.raises(IntegrityError), db.writing():
        db.session.execute(text("UPDATE article_topic SET article_id = 'nothing'"))


def test_a_migration_that_leaves_a_row_referring_to_nothing_is_refused(
    site: Flask, write_migration: WriteMigration
) -> None:
    with db.writing():
        accounts.start_session(accounts.everybody()[0], now=CLOCK)
    before = write_migration('op.execute("DELETE FROM user_account")')
    assert_refused("user_session")
    assert (accounts.count(), version()) == (3, before)


def test_each_wording_of_the_consent_is_kept_once_and_no_enquiry_is_lost(site: Flask) -> None:
    never_mailed = ask(verdict=HELD)
    downgrade("0033")
    query = (
        "SELECT enquiry.message, state, last_error FROM enquiry JOIN outgoing_mail AS mail"
        " ON mail.id = mail_id"
    )
    words = "No mail told of it, since it was taken for advertising."
    assert [*db.session.execute(text(query))] == [("May I book?", "failed", words)]
    db.session.rollback()
    mail = (
        "id, message_id, kind, sender, recipient, subject, text, html, state, attempts, waits, "
        "created_at, due_at, next_attempt_at"
    )
    row = (
        "id, reference, name, email, phone, topic, message, consent_text, is_suspected, reasons, "
        "submission_key, created_at, seen_at, mail_id"
    )
    with db.writing():
        values = f"9, '<1@c>', 'enquiry', 'a@c.example', 'b@c.example', 's', 't', 'h', 'sent', 1, 0, '{CLOCK}', '{CLOCK}', '{CLOCK}'"
        db.session.execute(text(f"INSERT INTO outgoing_mail ({mail}) VALUES ({values})"))
        for number, wording, seen in ((7, "A", "NULL"), (8, "B", f"'{CLOCK}'"), (9, "A", "NULL")):
            values = f"{number}, 'R{number}', 'L', 'l@r.example', '082', '', 'm', '{wording}', false, '[]', 'k{number}', '{CLOCK}', {seen}, 9"
            db.session.execute(text(f"INSERT INTO enquiry ({row}) VALUES ({values})"))
    db.session.rollback()
    db.upgrade()
    joined = "FROM enquiry JOIN consent_text ON consent_text.id = consent_id ORDER BY enquiry.id"
    query = f"SELECT phone_typed, state, consent_text.text {joined}"
    found = [tuple(each) for each in db.session.execute(text(query))]
    first = ("", "new", "You may answer me.")
    assert found == [first, ("082", "new", "A"), ("082", "seen", "B"), ("082", "new", "A")]
    # It has no mail again, as if nothing had been.
    assert [mail.id for mail in outbox.recent()] == [9]
    assert enquiry(never_mailed).mail is None
    db.session.rollback()
    with db.writing():
        db.session.add(ConsentText(digest="d", text="C", first_agreed_at=CLOCK))
    downgrade("0033")
    query = "SELECT consent_text, seen_at IS NULL FROM enquiry ORDER BY id"
    found = [tuple(each) for each in db.session.execute(text(query))]
    assert found == [("You may answer me.", True), ("A", True), ("B", False), ("A", True)]


def test_what_was_copied_before_each_mail_had_its_own_copy_is_not_copied_again(site: Flask) -> None:
    copied, other = ask("One"), ask("Two")
    with db.writing():
        for kind in (Happening.ELSEWHERE, Happening.TAKEN_BACK):
            enquiry(copied).tell(kind, words="owner@clinic.example", by=None, now=CLOCK)
    downgrade("0041")
    db.upgrade()
    db.session.rollback()
    assert [each.kind for each in enquiry(copied).events] == [Happening.ELSEWHERE]
    mails = [enquiry(reference).mail for reference in (copied, other)]
    assert [mail and mail.copied_at for mail in mails] == [CLOCK, None]
