"""`blog comments import` and `blog comments export`: comments from elsewhere, and to elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from blog import accounts, db, exports, imports
from blog.accounts import User
from blog.cli import NEW_FILE, print_json, print_line, with_database, write_private
from blog.errors import NotFound
from blog.imports import Kind, Report, Wish
from blog.privacy import receipts

_LISTED = 40
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Draw how far storing has come, where a person is looking."""
    with ExitStack() as stack:
        bars: list[Any] = []

        def show(done: int, total: int) -> None:
            if not bars:
                hidden = not sys.stderr.isatty()
                bar = click.progressbar(
                    length=total, label="Storing comments", file=sys.stderr, hidden=hidden
                )
                bars.append(stack.enter_context(bar))
            bars[0].update(done)

        yield show


@click.command("import")
@click.argument("path", metavar="FILE", type=_FILE)
@click.option("--dry-run", "is_dry", is_flag=True, help="Store nothing, and say what would be.")
@click.option("--map", "map_path", type=_FILE, help="Table (CSV) of old address and article.")
@click.option("--write-map", "write_to", type=NEW_FILE, help="Write that table, to be filled in.")
@click.option("--author", help="Account (email) that gets the old site's author's comments.")
@click.option("--json", "as_json", is_flag=True, help="Print all, for a program.")
@with_database
def import_comments(
    path: Path,
    is_dry: bool,
    map_path: Path | None,
    write_to: Path | None,
    author: str | None,
    as_json: bool,
) -> None:
    """Take over the comments of another system, or of an export of this one.

    Disqus, WordPress, Isso, Remark42, Commento and Comentario are known by what is in FILE, packed
    with gzip or not. Dates, threads and states are kept. What was imported before is left as it
    is, so that a file may be imported again, and what was erased here since stays erased.

    \b
    Example:  blog comments import disqus.xml --dry-run --write-map pages.csv
              blog comments import disqus.xml --map pages.csv
    """
    wish = Wish(
        is_dry=is_dry,
        map_path=map_path,
        write_to=write_to,
        author=_account(author),
        is_erased=receipts.erased(),
    )
    with _progress() as progress:
        report = imports.run(path, wish, progress=progress, now=db.utc_now())
    if as_json:
        print_json(asdict(report) | {"imported": report.imported, "dry_run": is_dry})
    else:
        _say(report, is_dry=is_dry)


def _account(email: str | None) -> User | None:
    user = accounts.by_email(email) if email else None
    if email and user is None:
        raise NotFound(f"There is no account {email}; nothing was imported.")
    return user


def _say(report: Report, *, is_dry: bool) -> None:
    click.echo(f"Comments from {report.source}:")
    states = ", ".join(f"{count:,} {state}" for state, count in report.new.items())
    done = "would be imported" if is_dry else "imported"
    print_line(f"{report.imported:>8,}  {done}{f' ({states})' if states else ''}")
    if report.known:
        print_line(f"{report.known:>8,}  imported before")
    for kind, words in ((Kind.SKIPPED, "left out: "), (Kind.ORPHANS, ""), (Kind.CHANGED, "")):
        for each in report.of(kind):
            print_line(f"{each.count:>8,}  {words}{each.words} (first on line {each.line})")
    unknown = [page for page in report.pages if page[1] is None]
    if is_dry or unknown:
        click.echo("\nPages, with the article each one is:")
        for address, article, count in (report.pages if is_dry else unknown)[:_LISTED]:
            print_line(f"{count:>8,}  {address}  →  {article or '?'}")
    if unknown:
        click.echo("\nName the articles behind the “?” in a table: --write-map, then --map.")


@click.command("export")
@click.option(
    "--format",
    "kind",
    type=click.Choice([kind.value for kind in exports.Kind]),
    default=exports.Kind.JSON.value,
)
@click.option("--article", "article_ids", multiple=True, help="Only those on an article (its id).")
@click.option("--only-approved", is_flag=True, help="Only what readers see.")
@click.option("--without-addresses", is_flag=True, help="No email address, nothing that is hidden.")
@click.option("--output", type=NEW_FILE, help="Write a file instead of to the terminal.")
@with_database
def export_comments(
    kind: str,
    article_ids: tuple[str, ...],
    only_approved: bool,
    without_addresses: bool,
    output: Path | None,
) -> None:
    """Write all comments as JSON, or as WordPress imports them (wxr).

    The JSON holds all of each comment; `blog comments import` reads it again. It has what readers
    gave in confidence, so keep it as you keep the database.

    \b
    Example:  blog comments export --output comments.json
              blog comments export --format wxr --only-approved --without-addresses
    """
    choice = exports.Choice(
        article_ids=article_ids,
        is_published_only=only_approved,
        has_addresses=not without_addresses,
    )
    pieces = exports.write(exports.Kind(kind), choice, now=db.utc_now())
    if output is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    write_private(output, pieces)
