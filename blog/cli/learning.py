"""`blog comments model` and `blog comments evaluate`: what decisions taught, and how well it does."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click

from blog import db
from blog.cli import print_json, print_line, with_database
from blog.comments import evaluation, learning, policy, schooling, weighing
from blog.comments.evaluation import Figures
from blog.comments.signs import Sign
from blog.errors import NotFound
from blog.spam import counted


@click.group("model")
def model() -> None:
    """Look after what this site's decisions taught about spam.

    Every word, pair of words, run of four letters and linked site of a comment is counted under
    one of 65,536 numbers made from it; the table keeps a sum for each number and no text. Above 0
    it speaks for spam, below 0 for a reader; the further, the more.

    \b
    Example:  blog comments model show cheap retinol
    """


@model.command("show")
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print all, for a program.")
@with_database
def show(words: tuple[str, ...], as_json: bool) -> None:
    """Say how much was learnt, and what words weigh.

    \b
    Example:  blog comments model show cheap "click here"
    """
    found = learning.summary()
    rows = [_row(*each) for word in words for each in learning.weigh(word) if _is_said(each[0])]
    if as_json:
        print_json(asdict(found) | {"speaks": found.is_enough, "words": rows})
        return
    click.echo(f"Learnt from {found.genuine} readers' comments and {found.spam} spam.")
    click.echo(f"{found.signs} numbers have a weight, {found.ignored} are ignored.")
    if not found.is_enough:
        needed, each = weighing.NEEDED, weighing.NEEDED_OF_EACH
        click.echo(f"It says nothing before {needed} decisions, {each} of each kind.")
    for row in rows:
        print_line(
            f"{row['weight']:+8.3f}  {row['words']}{'  (ignored)' if row['ignored'] else ''}"
        )


def _is_said(sign: Sign) -> bool:
    return sign.name.startswith(("word ", "pair ", "site "))


def _row(sign: Sign, weight: float, is_ignored: bool) -> dict[str, Any]:
    return {"words": sign.shown, "weight": round(weight, 6), "ignored": is_ignored}


def _ignore(words: tuple[str, ...], *, is_ignored: bool) -> None:
    for each in words:
        # Of two words it is the pair that is meant, which is the last.
        found = [sign for sign, *_ in learning.weigh(each) if _is_said(sign)]
        if not found:
            raise NotFound(f"There is nothing to count in {each!r}; nothing was changed.")
        learning.ignore(found[-1], is_ignored=is_ignored)


@model.command("ignore")
@click.argument("words", nargs=-1, required=True)
@with_database
def ignore(words: tuple[str, ...]) -> None:
    """Let words say nothing about spam, in any comment.

    \b
    Example:  blog comments model ignore discount "click here"
    """
    with db.writing():
        _ignore(words, is_ignored=True)
    click.echo(f"{len(words)} ignored.")


@model.command("heed")
@click.argument("words", nargs=-1, required=True)
@with_database
def heed(words: tuple[str, ...]) -> None:
    """Let words that were ignored speak again.

    \b
    Example:  blog comments model heed discount
    """
    with db.writing():
        _ignore(words, is_ignored=False)
    click.echo(f"{len(words)} heeded.")


@model.command("export")
@with_database
def export() -> None:
    """Print the whole table as JSON.

    `total` is the sum of what lessons added, `seen` how many comments it was in, `weight` what it
    counts: the total divided by the square root of one more than that.

    \b
    Example:  blog comments model export
    """
    print_json(learning.export())


@model.command("learn")
@with_database
def learn() -> None:
    """Learn from decisions that weren't learnt: imported ones, or those before a reset.

    Oldest first, each once, so that it may be stopped and run again.

    \b
    Example:  blog comments model learn
    """
    hidden, taught = not sys.stderr.isatty(), 0
    with click.progressbar(
        length=schooling.count(), label="Learning", file=sys.stderr, hidden=hidden
    ) as bar:
        for looked_at, learnt in schooling.learn():
            bar.update(looked_at)
            taught += learnt
    click.echo(f"Learnt from {counted(taught, 'comment')}.")


@model.command("reset")
@click.confirmation_option(prompt="Forget all that was learnt?", help="Don't ask first.")
@with_database
def reset() -> None:
    """Forget all that was learnt and begin anew with the next decision.

    \b
    Example:  blog comments model reset --yes
    """
    with db.writing():
        learning.reset()
    click.echo("Forgotten. Decisions from now on are learnt.")


@click.command("evaluate")
@click.option("--json", "as_json", is_flag=True, help="Print all, for a program.")
@with_database
def evaluate(as_json: bool) -> None:
    """Say how well spam was told from readers on this site.

    Each comment counts with what was thought of it before it was decided about.

    \b
    Example:  blog comments evaluate
    """
    found = evaluation.evaluate(learning.points(), hold_from=policy.LIKELY_SPAM)
    if as_json:
        shares = {name: getattr(found, name) for name in ("precision", "recall", "false_alarms")}
        print_json(asdict(found) | shares)
    elif found.judged:
        _print(found)
    else:
        needed, each = weighing.NEEDED, weighing.NEEDED_OF_EACH
        click.echo(
            f"Too few decisions: {found.decisions} so far; it begins at {needed}, {each} of each kind."
        )


def _print(found: Figures) -> None:
    click.echo(f"{found.judged} decisions, each foreseen from those before it.")
    for words, share, some, of in (
        ("precision", found.precision, found.held_spam, found.held_spam + found.held_genuine),
        ("recall", found.recall, found.held_spam, found.spam),
        ("false alarms", found.false_alarms, found.held_genuine, found.genuine),
    ):
        click.echo(f"{words:13} {_percent(share):>6}  ({some} of {of})")
    click.echo("\nforeseen        comments  predicted  actual")
    for level in found.levels:
        between = f"{level.least:.0%} to {level.below:.0%}"
        predicted, actual = _percent(level.predicted), _percent(level.actual)
        click.echo(f"{between:14}  {level.comments:8}  {predicted:>9}  {actual:>6}")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
