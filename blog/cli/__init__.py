"""What operators type: `blog serve`, `blog content`, `blog mail` and their like.

Commands load, call one verb and commit, as the pages do. Exit codes: 0 done, 1 not done with
one sentence on stderr, 2 typed wrongly. What a command needs is loaded when it is wanted, so
that help comes at once.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from blog import create_app
from blog.errors import BlogError

P = ParamSpec("P")
R = TypeVar("R")

# The largest number a row can have in both kinds of database.
ROW_ID = click.IntRange(1, 2**31 - 1)
# A file that may be made.
NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_LOOK_SECONDS = 1.0

_COMMANDS = {
    "comments": ("comments", "Look after readers' comments."),
    "content": ("content", "Look after the words in content/."),
    "db": ("people", "Look after the database."),
    "export-site": ("freezing", "Write the site as files that any host serves."),
    "mail": ("mail", "Look after the mail."),
    "openapi": ("api", "Print what programs can ask and send, as OpenAPI."),
    "people": ("privacy", "Look after what is kept of people."),
    "serve": ("serving", "Serve the site and deliver its mail, until stopped."),
    "token": ("api_tokens", "Let programs in, for some of what an account may do."),
    "user": ("people", "Look after the accounts."),
    "worker": ("mail", "Do what is due until stopped: mail, webhooks, summaries, forgetting."),
}


class _Commands(click.Group):
    """All commands by name; they are listed without being loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the module of a command, which registers it."""
        if cmd_name in _COMMANDS:
            importlib.import_module(f"{__name__}.{_COMMANDS[cmd_name][0]}")
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command's sentence into the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Run and look after a clinic's blog.

    \b
    Example:  blog serve --prepare
    """


def with_app(command: Callable[P, R]) -> Callable[P, R]:
    """Run a command inside the application; what goes wrong is one sentence."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from sqlalchemy.exc import DatabaseError

        try:
            return _inside_app(command, *args, **kwargs)
        except BlogError as error:
            raise click.ClickException(error.message) from error
        except DatabaseError as error:
            cause = str(error.orig).strip().splitlines()[0]
            raise click.ClickException(f"The database can't do this: {cause}.") from error
        except UnicodeEncodeError as error:
            words = f"{error.object!r} can't be written as {error.encoding}."
            raise click.ClickException(words) from error
        except BrokenPipeError:
            # Whoever read our output has gone; click knows what to do.
            raise
        except OSError as error:
            words = f"{error.filename} can't be used: {(error.strerror or '').lower()}."
            raise click.ClickException(words) from error

    return run


def _inside_app(command: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    from blog import db

    app = create_app()
    # Nor is any of it looked through when the process ends, or by the processes born of it, which
    # share it as long as they don't.
    gc.freeze()
    gc.enable()
    with app.app_context():
        try:
            return command(*args, **kwargs)
        finally:
            db.close()


def with_database(command: Callable[P, R]) -> Callable[P, R]:
    """Run a command inside the application, on a database that is ready for it."""

    @with_app
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from blog import db

        db.check_ready()
        return command(*args, **kwargs)

    return run


def print_json(rows: Any) -> None:
    """Print for a program."""
    click.echo(json.dumps(rows, indent=2))


def print_line(words: str, *, err: bool = False) -> None:
    """Print one line for a person; nothing in it steers the terminal, whoever wrote it."""
    click.echo("".join(char if char.isprintable() else " " for char in words), err=err)


def write_private(path: Path, pieces: Iterable[str]) -> None:
    """Write a file whole or not at all, and for nobody else to read; says so."""
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(pieces)
    part.replace(path)
    print_line(f"Written to {path}.", err=True)


def end_with(starter_id: int) -> None:
    """End this process, as if it had been asked to, soon after its starter has gone."""

    def watch() -> None:
        while os.getppid() == starter_id:
            time.sleep(_LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Run the command line."""
    # What is loaded stays; looking through it for garbage takes a quarter of a short command.
    gc.disable()
    cli(prog_name="blog")
