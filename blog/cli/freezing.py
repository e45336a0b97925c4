"""`blog export-site`: the site as files for any host."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from blog import config, create_app, db, frozen
from blog.cli import cli, print_json, print_line, with_database
from blog.config import Frozen, casts
from blog.frozen import Report
from blog.templating import machine

_FOLDER = click.Path(file_okay=False, path_type=Path)


def _origin(_context: click.Context, _option: click.Parameter, typed: str | None) -> str | None:
    """Read an address as the setting of the site's own is read."""
    try:
        return casts.site_url(typed) if typed else None
    except ValueError as error:
        raise click.BadParameter(f"It must be {error}.") from None


@cli.command("export-site")
@click.argument("target", metavar="DIR", type=_FOLDER)
@click.option("--url", callback=_origin, help="Where the files will be read; else BLOG_SITE_URL.")
@click.option("--live", callback=_origin, help="Server that takes comments and enquiries.")
@click.option("--embed", is_flag=True, help="Post to it from the pages, by JavaScript.")
@click.option("--anyway", is_flag=True, help="Even if other files are in DIR; they stay.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done, for a program.")
@with_database
def export_site(
    target: Path, url: str | None, live: str | None, embed: bool, anyway: bool, as_json: bool
) -> None:
    """Write the site as files that any host serves.

    All that anybody can read is in DIR then, under the same addresses. Only what changed is
    written, and what isn't public any more is taken away. Without --live it is BLOG_SITE_URL that
    takes comments and enquiries, if --url names another address; else nobody does.

    \b
    Example:  blog export-site /srv/www/blog
              blog export-site public --url https://blog.example.org --live https://talk.example.org
    """
    own = config.current().site_url
    made = _frozen(url or own, live or (own if url and url != own else ""), embed=embed)
    app = create_app(frozen=made)
    if not url and config.current().is_local:
        print_line(f"The files name {own} as their address; --url names another.", err=True)
    with (
        app.app_context(),
        click.progressbar(
            length=1, label="Exporting", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar,
    ):

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            report = frozen.run(app, target, is_forced=anyway, progress=progress, now=db.utc_now())
        finally:
            db.close()
    _tell(report, target, as_json=as_json)


def _frozen(url: str, live: str, *, embed: bool) -> Frozen:
    if live == url:
        raise click.UsageError("The files and the live server need addresses of their own.")
    if embed and not live:
        raise click.UsageError(
            "--embed needs a server that takes what is posted: name it by --live."
        )
    return Frozen(url=url, live=live, embeds=embed)


def _tell(report: Report, target: Path, *, as_json: bool) -> None:
    then = machine(report.next_change_at) if report.next_change_at else None
    if as_json:
        print_json(asdict(report) | {"next_change_at": then})
        return
    print_line(
        f"{target}: {report.written:,} files written, {report.unchanged:,} as they were,"
        f" {report.removed:,} taken away."
    )
    if report.is_behind:
        print_line("Something was changed meanwhile, so please export again.")
    if then:
        print_line(f"At {then} something will appear or end: please export again then.")
