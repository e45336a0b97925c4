"""`blog content`: check, sync and begin articles."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any

import click

from blog import articles, config, content, db, urls
from blog.articles import previews, sync
from blog.articles.intake import Progress
from blog.articles.previews import Preview
from blog.articles.sync import Changes
from blog.cli import ROW_ID, cli, print_json, print_line, with_app, with_database
from blog.errors import BlogError, Problem


@cli.group("content")
def group() -> None:
    """Look after the words in content/.

    \b
    Example:  blog content sync
    """


@contextmanager
def _progress() -> Iterator[Progress]:
    """Draw how far reading has come, where a person is looking and there is something to read."""
    with ExitStack() as stack:
        bars: list[Any] = []

        def show(_done: int, total: int) -> None:
            if not bars:
                bar = click.progressbar(
                    length=total,
                    label="Reading and rendering content",
                    show_pos=True,
                    file=sys.stderr,
                    hidden=not sys.stderr.isatty(),
                )
                bars.append(stack.enter_context(bar))
            bars[0].update(1)

        yield show


def _say(problems: Iterable[Problem], *, err: bool) -> None:
    for problem in problems:
        print_line(f"{'warning' if problem.is_warning else 'error'}: {problem}", err=err)


def _errors(problems: Iterable[Problem]) -> int:
    return sum(not problem.is_warning for problem in problems)


def synced() -> tuple[Changes, list[Problem]]:
    """Bring the index up to date, and report on stderr what is wrong in content/.

    Returns: what changed, and all problems there are, those of files read before too.
    """
    with _progress() as progress:
        changes = sync.run(config.current().content_dir, now=db.utc_now(), progress=progress)
    problems = [Problem(**problem) for problem in articles.problems()]
    _say(problems, err=True)
    return changes, problems


@group.command("sync")
@with_database
def sync_content() -> None:
    """Bring the site up to date with content/.

    Only changed files are read. A file with a mistake is reported, and what it said before stays
    online.

    \b
    Example:  blog content sync
    """
    changes, problems = synced()
    click.echo(
        f"{len(changes.read)} read, {len(changes.removed)} removed,"
        f" {changes.unchanged_count + len(changes.same)} unchanged."
    )
    if _errors(problems):
        raise BlogError("Some files can't be used; what they said before stays online.")


@group.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print for a program.")
@with_app
def check_content(as_json: bool) -> None:
    """Read every file of content/ and report what is wrong, changing nothing.

    \b
    Example:  blog content check
    """
    with _progress() as progress:
        settings = config.current()
        problems = sync.check(settings.content_dir, site_url=settings.site_url, progress=progress)
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        _say(problems, err=False)
    if errors := _errors(problems):
        raise BlogError(f"{errors} to mend.")
    if not as_json:
        click.echo(f"Everything can be used; {len(problems)} to look at.")


@group.command("preview")
@click.argument("id")
@click.option(
    "--days",
    "lives_days",
    type=click.IntRange(1, previews.LIVES_MAX_DAYS),
    default=previews.LIVES_DAYS,
    show_default=True,
    help="How long the link works.",
)
@click.option("--list", "is_list", is_flag=True, help="List the links there are; make none.")
@click.option("--end", "ended", type=ROW_ID, help="End the link of this number; make none.")
@with_database
def preview(id: str, lives_days: int, is_list: bool, ended: int | None) -> None:  # noqa: A002  # the contract's word
    """Make a link by which an article is read before it is published.

    Whoever has the link reads the article as it stands at that moment.

    \b
    Example:  blog content preview sun-care --days 3
    """
    now = db.utc_now()
    if is_list:
        for each in previews.live(previews.of(id, by=None).id, now=now):
            _tell_preview(each)
        return
    with db.writing():
        article = previews.of(id, by=None)
        if ended is not None:
            previews.revoke(article.id, ended, by=None, now=now)
            made = None
        else:
            made = previews.make(article, by=None, lives_days=lives_days, now=now)
    if made:
        _tell_preview(made)
    else:
        click.echo(f"Preview {ended} has ended.")


def _tell_preview(preview: Preview) -> None:
    until = f"{preview.expires_at:%Y-%m-%d %H:%M} UTC"
    print_line(f"{preview.id}: until {until}: {urls.absolute(urls.preview(preview.token))}")


@group.command("new")
@click.argument("id")
@click.argument("title")
@with_app
def new_article(id: str, title: str) -> None:  # noqa: A002  # the contract's word
    """Begin an article as a draft.

    \b
    Example:  blog content new sun-care "Caring for skin in the sun"
    """
    path = content.new_article(config.current().content_dir, id, title, now=db.utc_now())
    click.echo(f"Made {path}. Its status is draft until you write published.")
