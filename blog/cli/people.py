"""`blog user` and `blog db`: accounts, and the database they live in."""

from __future__ import annotations

import sys

import click

from blog import accounts, db, journal
from blog.accounts import Role
from blog.cli import cli, with_app, with_database
from blog.errors import Invalid
from blog.forms import SetUpForm


@cli.group("user")
def users() -> None:
    """Look after the accounts.

    \b
    Example:  pass show blog | blog user add sandra@clinic.example --password-stdin
    """


@users.command("add")
@click.argument("email")
@click.option("--name", default="", help="The name readers see beside a reply.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.ADMIN.value)
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from stdin.")
@with_database
def add_user(email: str, name: str, role: str, password_stdin: bool) -> None:
    """Add an account; its password comes from standard input.

    \b
    Example:  pass show blog | blog user add sandra@clinic.example --name "Sandra de Beer" --password-stdin
    """
    del password_stdin  # the only way there is, so that no password stands in a process list
    now = db.utc_now()
    typed = {"email": email, "name": name or email.partition("@")[0], "password": _password()}
    form = SetUpForm(data=typed, meta={"csrf": False})
    if not form.validate():
        raise Invalid({field: errors[0] for field, errors in form.errors.items()})
    password_hash = accounts.hash_password(form.password.data)
    with db.writing():
        user = accounts.add(
            email=form.email.data,
            name=form.name.data,
            role=Role(role),
            password_hash=password_hash,
            now=now,
        )
        journal.record("added", "account", user.id, by=None, now=now)
        added = user.email
    click.echo(f"Added {added} ({role}).")


def _password() -> str:
    """Read one line, in the encoding in which a browser sends a password."""
    try:
        return sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise Invalid({"password": "The password isn't text in UTF-8."}) from None


@cli.group("db")
def database() -> None:
    """Look after the database.

    \b
    Example:  blog db upgrade
    """


@database.command("upgrade")
@with_app
def upgrade() -> None:
    """Bring the database to the newest version; makes it where there is none.

    \b
    Example:  blog db upgrade
    """
    from blog.articles import sync

    db.upgrade()
    # A new version may have emptied the index of words, or read texts in another way.
    sync.index_rest()
    click.echo("The database is up to date.")
