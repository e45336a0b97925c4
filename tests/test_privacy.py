"""`blog people` as operators type it: handing out, erasing, receipts, and what is over."""

import gc
import json
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from blog import cli, config, db
from blog.comments import Comment
from blog.privacy import erasing
from tests.cast import AUTHOR, Clock, Visitor
from tests.test_telling import ADDRESS, decide, write

People = Callable[..., Result]


@pytest.fixture
def people(environ: dict[str, str]) -> Iterator[People]:
    """Type `blog people …` for this test's site."""

    def run(*arguments: str) -> Result:
        return CliRunner(env=environ).invoke(cli.cli, ["people", *arguments])

    yield run
    # A command's process is short, and this one is long.
    gc.unfreeze()


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.query(Comment).count()


def test_a_persons_data_is_written_for_a_program_and_for_her(
    clock: Clock, app: Flask, reader: Visitor, people: People, tmp_path: Path
) -> None:
    write(reader, "Mine", email=ADDRESS)
    shown = people("export", ADDRESS.upper())
    assert [each["words"] for each in json.loads(shown.stdout)["comments"]] == ["Mine"]
    path = tmp_path / "nomsa.html"
    written = people("export", ADDRESS, "--html", "-o", str(path))
    assert (written.exit_code, written.stdout) == (0, "")
    assert "Written to" in written.stderr
    assert "Mine" in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("command", ["export", "erase"])
def test_what_is_no_address_is_refused_in_one_sentence(people: People, command: str) -> None:
    ran = people(command, "nobody")
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr == "Error: 'nobody' is not one email address.\n"


def test_erasing_says_first_what_would_go_and_does_it_when_told(
    clock: Clock,
    app: Flask,
    reader: Visitor,
    people: People,
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    write(reader, email=ADDRESS)
    path = str(tmp_path / "comments.json")
    moving = partial(CliRunner(env=environ).invoke, cli.cli)
    assert moving(["comments", "export", "--output", path]).exit_code == 0
    dry = people("erase", ADDRESS)
    assert (dry.exit_code, dry.stdout) == (
        0,
        "comments: 1\nNothing was erased. To do it, say --yes.\n",
    )
    assert count(app) == 1
    done = people("erase", ADDRESS, "--yes")
    reference, *words = done.stdout.split()
    assert words == ["2026-05-04", "09:30", "UTC", "comments", "deleted:", "1"]
    assert count(app) == 0
    for named in (reference, reference.lower(), ADDRESS):
        assert people("receipt", named).stdout == done.stdout
    assert people("erase", ADDRESS).stdout == "Nothing to erase.\n"
    # An old file brings nothing of it back, and says so.
    told = moving(["comments", "import", path]).stdout
    assert "       1  left out: written under an address whose data was erased here since" in told
    assert count(app) == 0


def test_what_stays_is_said_before_and_after(
    clock: Clock, app: Flask, reader: Visitor, people: People
) -> None:
    write(reader, email=AUTHOR.email)
    for arguments in ((), ("--yes",)):
        assert (
            "an account of those who work here" in people("erase", AUTHOR.email, *arguments).stdout
        )


def test_mail_that_lies_in_files_is_pointed_out(
    clock: Clock, app: Flask, reader: Visitor, people: People
) -> None:
    write(reader, email=ADDRESS)
    with app.app_context():
        folder = config.current().instance_dir / "mail"
    folder.mkdir(exist_ok=True)
    (folder / "1.eml").write_text("words")
    assert f"stays in {folder}" in people("erase", ADDRESS, "--yes").stdout


def test_an_erasure_under_way_is_told_as_that_and_an_unknown_receipt_as_none(
    clock: Clock, app: Flask, people: People
) -> None:
    with app.app_context(), db.writing():
        reference = erasing.begin(ADDRESS, now=clock.now).reference
    assert people("receipt", reference).stdout == f"{reference}  not done yet\n"
    assert people("erase", ADDRESS, "--yes").stdout.startswith(reference)
    for unknown in ("AAAA-BBBB", "nobody@reader.example"):
        ran = people("receipt", unknown)
        assert (ran.exit_code, ran.stderr) == (1, f"Error: There is no receipt of {unknown}.\n")


def test_what_is_over_is_counted_and_then_forgotten(
    clock: Clock, app: Flask, reader: Visitor, people: People
) -> None:
    decide(app, write(reader, "Buy"), verb=Comment.mark_spam)
    clock.move(days=30)
    dry = people("tidy", "--dry-run")
    assert "spam comments: 1\n" in dry.stdout
    assert dry.stdout.endswith("Nothing was forgotten, since this is a dry run.\n")
    assert json.loads(people("tidy", "--dry-run", "--json").stdout)["spam comments"] == 1
    assert count(app) == 1
    assert people("tidy").stdout.endswith("Done.\n")
    assert count(app) == 0
    assert set(json.loads(people("tidy", "--json").stdout).values()) == {0}
