"""`blog people`: what is kept of people, by their address, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from blog import db
from blog.cli import NEW_FILE, cli, print_json, print_line, with_database, write_private
from blog.errors import Invalid, NotFound
from blog.forms.my_data import AddressForm
from blog.privacy import collecting, erasing, mail_files, receipts, retention
from blog.privacy.erasing import Plan


@cli.group("people")
def group() -> None:
    """Look after what is kept of people.

    \b
    Example:  blog people export nomsa@reader.example --html -o nomsa.html
    """


def _address(email: str) -> str:
    form = AddressForm(data={"email": email}, meta={"csrf": False})
    if not form.validate():
        raise Invalid({"email": f"{email!r} is not one email address."})
    return str(form.email.data)


@group.command("export")
@click.argument("email")
@click.option("--json", "kind", flag_value="json", default="json", help="For a program (default).")
@click.option("--html", "kind", flag_value="html", help="One page, for a person.")
@click.option("-o", "--output", type=NEW_FILE, help="Write a file instead of to the terminal.")
@with_database
def export(email: str, kind: str, output: Path | None) -> None:
    """Write everything that was said, sent and wished under an address.

    It is hers alone: give it to nobody who can't show that the address is theirs.

    \b
    Example:  blog people export nomsa@reader.example --html -o nomsa.html
    """
    said = collecting.of(_address(email), now=db.utc_now())
    text = collecting.as_json(said) if kind == "json" else collecting.as_html(said)
    if output is None:
        click.echo(text)
    else:
        write_private(output, [text, "\n"])


@group.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do it; otherwise it is only said what would go.")
@with_database
def erase(email: str, yes: bool) -> None:
    """Erase everything that was said, sent and wished under an address, for good.

    Without --yes nothing is erased. Threads stay readable: where others answered, a line says that
    there was a comment. An account of those who work here stays.

    \b
    Example:  blog people erase nomsa@reader.example --yes
    """
    address, now = _address(email), db.utc_now()
    found = erasing.plan(address)
    if not yes:
        _say_plan(found)
        return
    with db.writing():
        reference = erasing.begin(address, now=now).reference
    erasing.go_on(reference, now=now)
    _say_receipts(reference)
    for sentence in (*found.stays, *_files_left()):
        print_line(sentence)


def _files_left() -> Iterator[str]:
    """Say where mail to others lies that was written while no mail server was set."""
    folder = mail_files.folder()
    if any(folder.glob("*.eml")):
        yield f"Mail to others that was written to files stays in {folder}; some may quote her."


def _say_plan(found: Plan) -> None:
    _say_counts(found.counts)
    for sentence in found.stays:
        print_line(sentence)
    click.echo("Nothing was erased. To do it, say --yes." if found.counts else "Nothing to erase.")


def _say_counts(counts: dict[str, int]) -> None:
    for kind, count in counts.items():
        click.echo(f"{kind}: {count:,}")


@group.command("receipt")
@click.argument("reference")
@with_database
def show_receipt(reference: str) -> None:
    """Show the receipt of an erasure, by its reference or by the address that somebody names.

    \b
    Example:  blog people receipt 7QX2-M4KD-9HTP-R3WB
    """
    _say_receipts(reference)


def _say_receipts(text: str) -> None:
    found = receipts.named(text)
    if not found:
        raise NotFound(f"There is no receipt of {text}.")
    for each in found:
        done = f"{each.finished_at:%Y-%m-%d %H:%M} UTC" if each.finished_at else "not done yet"
        click.echo(f"{each.reference}  {done}")
        _say_counts(each.counts)


@group.command("tidy")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only count what would be forgotten.")
@click.option("--json", "as_json", is_flag=True, help="Print an object, for a program.")
@with_database
def tidy(is_dry: bool, as_json: bool) -> None:
    """Forget what was kept for as long as the settings say; the worker does so by itself.

    \b
    Example:  blog people tidy --dry-run
    """
    now = db.utc_now()
    counts = retention.over(now=now) if is_dry else retention.tidy_all(now)
    if as_json:
        print_json(counts)
        return
    _say_counts(counts)
    click.echo("Nothing was forgotten, since this is a dry run." if is_dry else "Done.")
