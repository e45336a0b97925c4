"""`blog user` and `blog db`: accounts, and the database they live in."""

from __future__ import annotations

import sys
from typing import Any

import click

from blog import accounts, db
from blog.accounts import Role, User
from blog.cli import cli, print_json, print_line, with_app, with_database
from blog.errors import Invalid, NotFound
from blog.forms import SetUpForm
from blog.staff import passwords, second_factor, team

_author = click.option(
    "--author",
    "author_id",
    metavar="ID",
    help="The profile of an author, as sandra for authors/sandra.md; '' is none.",
)


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
@_author
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from stdin.")
@with_database
def add_user(email: str, name: str, role: str, author_id: str | None, password_stdin: bool) -> None:
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
        user = team.add(
            email=form.email.data,
            name=form.name.data,
            role=Role(role),
            author_id=author_id or "",
            password_hash=password_hash,
            by=None,
            now=now,
        )
        added = user.email
    click.echo(f"Added {added} ({role}).")


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
@with_database
def list_users(as_json: bool) -> None:
    """List the accounts.

    \b
    Example:  blog user list --json
    """
    people = accounts.everybody()
    if as_json:
        print_json([_row(person) for person in people])
        return
    for person in people:
        profile = f" of {person.author_id}" if person.author_id else ""
        state = "" if person.is_active else "  (invited)"
        print_line(f"{person.email}  {person.role}{profile}  {person.name}{state}")


def _row(person: User) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": str(person.role),
        "author": person.author_id,
        "is_invited": not person.is_active,
    }


@users.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@_author
@with_database
def change_role(email: str, role: str, author_id: str | None) -> None:
    """Give somebody another role, and an author the profile of her articles.

    Who is an author already keeps hers where none is given.

    \b
    Example:  blog user role mia@clinic.example author --author mia-botha
    """
    with db.writing():
        person = _person(email)
        if author_id is None and role == Role.AUTHOR:
            author_id = person.author_id
        team.change_role(person, Role(role), author_id or "", by=None, now=db.utc_now())
    click.echo(f"{accounts.normal_email(email)} is {role} now.")


@users.command("remove")
@click.argument("email")
@with_database
def remove_user(email: str) -> None:
    """Take somebody's account away; she is signed out at once.

    \b
    Example:  blog user remove mia@clinic.example
    """
    with db.writing():
        team.remove(_person(email), by=None, now=db.utc_now())
    click.echo(f"{accounts.normal_email(email)} has no account any more.")


@users.command("reset-password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from stdin.")
@with_database
def reset_password(email: str, password_stdin: bool) -> None:
    """Set somebody's password; she is signed out everywhere, and told by mail.

    \b
    Example:  pass show blog | blog user reset-password sandra@clinic.example --password-stdin
    """
    del password_stdin  # the only way there is, so that no password stands in a process list
    password_hash = accounts.hash_password(_password())
    with db.writing():
        passwords.reset_by_operator(_person(email), password_hash, now=db.utc_now())
    click.echo(f"{accounts.normal_email(email)} has a new password.")


@users.command("reset-second-factor")
@click.argument("email")
@with_database
def reset_second_factor(email: str) -> None:
    """Ask somebody who has lost phone and recovery codes for the password alone.

    \b
    Example:  blog user reset-second-factor sandra@clinic.example
    """
    with db.writing():
        was_on = second_factor.turn_off(_person(email), by=None, now=db.utc_now())
    done = "signs in with the password alone now" if was_on else "had no second step"
    click.echo(f"{accounts.normal_email(email)} {done}.")


def _person(email: str) -> User:
    found = accounts.by_email(email)
    if found is None or found.removed_at is not None:
        raise NotFound(f"There is no account of {email}.")
    return found


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
