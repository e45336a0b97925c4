"""`blog token`: tokens by which programs act for somebody."""

from __future__ import annotations

from typing import Any

import click

from blog import accounts, db
from blog.accounts import User
from blog.cli import ROW_ID, cli, print_json, print_line, with_database
from blog.errors import NotFound
from blog.permissions import Scope
from blog.staff import api_tokens
from blog.staff.api_tokens import ApiToken


@cli.group("token")
def group() -> None:
    """Let programs in, for some of what an account may do.

    \b
    Example:  blog token add sandra@clinic.example --label "Front desk" --scope comments:read
    """


@group.command("add")
@click.argument("email")
@click.option("--label", required=True, help="By which its owner knows it again.")
@click.option(
    "scopes",
    "--scope",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it is for; may be given several times.",
)
@click.option(
    "--days",
    type=click.IntRange(1, api_tokens.LIVES_MAX_DAYS),
    default=api_tokens.LIVES_DAYS,
    show_default=True,
    help="How long it lasts.",
)
@click.option("--endless", is_flag=True, help="Let it last until it is revoked.")
@with_database
def add_token(email: str, label: str, scopes: tuple[str, ...], days: int, endless: bool) -> None:
    """Make a token of an account; it alone is printed to stdout, now and never again.

    \b
    Example:  blog token add sandra@clinic.example --label "Front desk" --scope comments:read --days 30
    """
    lives_days = None if endless else days
    wanted = [Scope(scope) for scope in scopes]
    with db.writing():
        owner = _person(email)
        token, secret = api_tokens.make(
            owner, label.strip(), wanted, lives_days=lives_days, by=None, now=db.utc_now()
        )
        print_line(f"Token {token.id} of {owner.email}; keep it where nobody reads it.", err=True)
    click.echo(secret)


def _person(email: str) -> User:
    found = accounts.by_email(email)
    if found is None or not found.is_active:
        raise NotFound(f"Nobody signs in as {email}.")
    return found


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
@with_database
def list_tokens(as_json: bool) -> None:
    """List all tokens, also those that have ended.

    \b
    Example:  blog token list --json
    """
    rows = [_row(token) for token in api_tokens.everybodys()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        told = (row["id"], row["state"], row["owner"], ",".join(row["scopes"]), row["label"])
        print_line("  ".join(map(str, told)))


def _row(token: ApiToken) -> dict[str, Any]:
    is_live = token.is_live(now=db.utc_now())
    moments = ("created_at", "expires_at", "last_used_at", "revoked_at")
    times = {name: getattr(token, name) for name in moments}
    return {
        "id": token.id,
        "state": "live" if is_live else "revoked" if token.revoked_at else "expired",
        "owner": token.user.email,
        "label": token.label,
        "scopes": token.scopes,
        **{name: at and at.isoformat().replace("+00:00", "Z") for name, at in times.items()},
    }


@group.command("revoke")
@click.argument("token_id", metavar="ID", type=ROW_ID)
@with_database
def revoke_token(token_id: int) -> None:
    """End a token at once.

    \b
    Example:  blog token revoke 7
    """
    with db.writing():
        token = api_tokens.by_id(token_id)
        if token is None:
            raise NotFound(f"There is no token {token_id}.")
        was_live = api_tokens.revoke(token, by=None, now=db.utc_now())
    click.echo(f"Token {token_id} {'is revoked' if was_live else 'was revoked before'}.")
