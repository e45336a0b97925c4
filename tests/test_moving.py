"""`blog comments import` and `blog comments export` as operators type them."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from blog import cli, comments, db
from blog.comments import Comment, CommentState
from tests.cast import AUTHOR, SECOND

DATA = Path(__file__).parent / "data" / "imports"
LARGE_COMMENTS = 3_000


def typed(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Type a command in a process of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("BLOG_")}
    command = [sys.executable, "-m", "blog", "comments", *arguments]
    return subprocess.run(command, env=own | environ, capture_output=True, text=True, timeout=60)


def test_a_dry_run_then_the_import_then_nothing_more(
    environ: dict[str, str], app: Flask, tmp_path: Path
) -> None:
    path, table = str(DATA / "disqus.xml"), str(tmp_path / "pages.csv")
    dry = typed(environ, "import", path, "--dry-run", "--write-map", table)
    assert dry.returncode == 0, dry.stderr
    assert "4  would be imported (3 approved, 1 spam)" in dry.stdout
    assert "https://old.example/about  →  ?" in dry.stdout
    assert f"→  {SECOND}" in dry.stdout
    done = typed(environ, "import", path, "--map", table, "--author", AUTHOR.email)
    assert "4  imported (3 approved, 1 spam)" in done.stdout
    assert "left out: no article of this site" in done.stdout
    again = json.loads(typed(environ, "import", path, "--json").stdout)
    assert (again["imported"], again["known"], again["source"]) == (0, 4, "Disqus")
    told = typed(environ, "import", str(DATA / "comentario.json"))
    assert "Pages" not in told.stdout
    told = typed(environ, "import", str(DATA / "comentario.json"))
    assert "0  imported\n" in told.stdout
    assert "3  imported before" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.xml"], 2, "does not exist"),
        ([__file__], 1, "This isn’t a file that can be imported."),
        ([str(DATA / "isso.json"), "--author", "x@y.example"], 1, "There is no account"),
    ],
)
def test_what_can_not_be_done_is_one_sentence(
    environ: dict[str, str], arguments: list[str], code: int, words: str
) -> None:
    ran = typed(environ, "import", *arguments)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_export_is_written_whole_for_its_owner_alone(
    environ: dict[str, str], tmp_path: Path
) -> None:
    typed(environ, "import", str(DATA / "wordpress.xml"))
    path = tmp_path / "all.json"
    assert typed(environ, "export", "--output", str(path)).returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(json.loads(path.read_text())["comments"]) == 4
    assert list(tmp_path.glob("*.part")) == []
    arguments = ["--format", "wxr", "--only-approved", "--without-addresses", "--article", SECOND]
    ran = typed(environ, "export", *arguments)
    assert ran.stdout.count("<wp:comment>") == 2
    assert "nomsa@" not in ran.stdout


def large(folder: Path) -> Path:
    """A file that is long for its comments: most of it is nothing we look at."""
    path = folder / "large.xml"
    filler = f"<category><title>{'x' * 60_000}</title></category>\n" * 1_000
    with path.open("w") as file:
        file.write('<disqus xmlns:dsq="http://disqus.com/disqus-internals">')
        file.write('<thread dsq:id="1"><link>/caring-for-skin-in-winter</link></thread>\n')
        file.write(filler)
        for at in range(LARGE_COMMENTS):
            file.write(
                f'<post dsq:id="{at}"><message>Words {at}</message><thread dsq:id="1"/>'
                "<createdAt>2020-01-01T00:00:00Z</createdAt><author><name>N</name></author></post>\n"
            )
        file.write("</disqus>")
    return path


MEASURED = """
import sys
from pathlib import Path
from blog import cli
sys.argv = ["blog", "comments", "import", *sys.argv[1:]]
try:
    cli.main()
finally:
    print(Path("/proc/self/status").read_text(), file=sys.stderr)
"""


def test_a_large_file_is_imported_in_little_memory(
    environ: dict[str, str], app: Flask, tmp_path: Path
) -> None:
    path = large(tmp_path)
    assert path.stat().st_size > 60_000_000
    own = {name: value for name, value in os.environ.items() if not name.startswith("BLOG_")}
    command = [sys.executable, "-c", MEASURED, str(path), "--json"]
    ran = subprocess.run(command, env=own | environ, capture_output=True, text=True, timeout=120)
    assert json.loads(ran.stdout)["imported"] == LARGE_COMMENTS
    peak = re.search(r"VmHWM:\s+(\d+) kB", ran.stderr)
    assert peak
    assert int(peak[1]) < 200_000


WAITS = """
import sys
from blog import cli
from blog.imports import storing
def wait(*arguments, **options):
    print("here", flush=True)
    sys.stdin.readline()
storing.PUBLISHED_AT_ONCE = 2
setattr(getattr(storing, sys.argv[1]), sys.argv[2], wait)
sys.argv = ["blog", "comments", "import", *sys.argv[3:]]
cli.main()
"""


@pytest.mark.parametrize(
    ("module", "verb", "left", "told"),
    [
        # The transaction that decides that all of it is published.
        ("journal", "record", 4, "4  imported"),
        # Between two that publish.
        ("time", "sleep", 2, "4  imported before"),
    ],
)
def test_a_killed_import_is_forgotten_or_finished_by_the_next(
    environ: dict[str, str], app: Flask, module: str, verb: str, left: int, told: str
) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("BLOG_")}
    path = str(DATA / "wordpress.xml")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", WAITS, module, verb, path]
    with subprocess.Popen(command, env=own | environ, text=True, **pipes) as process:  # type: ignore[call-overload]  # pipes
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
    with app.app_context():
        states = db.session.execute(select(Comment.state)).scalars().all()
        assert (len(states), states.count(CommentState.IMPORTING)) == (4, left)
        assert len(comments.recent()) == 4 - left
    assert told in typed(environ, "import", path).stdout
    with app.app_context():
        states = db.session.execute(select(Comment.state)).scalars().all()
        assert sorted(states) == ["approved", "approved", "pending", "rejected"]


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("import", "export"):
        with pytest.raises(SystemExit):
            cli.cli(["comments", verb, "--help"], prog_name="blog")
        assert f"blog comments {verb}" in capsys.readouterr().out
