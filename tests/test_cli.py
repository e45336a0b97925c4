"""The command line as operators type it: what it does, what it says, and how it ends."""

import json
import os
import pty
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from sqlalchemy import insert, select, text, update

from blog import (
    accounts,
    announcing,
    articles,
    cli,
    comments,
    db,
    imports,
    journal,
    once,
    outbox,
    summary,
    webhooks,
)
from blog.accounts import Role
from blog.articles import changes, fulltext, previews
from blog.cli.comments import LIST_ROWS
from blog.cli.mail import CHORES
from blog.comments import (
    Comment,
    CommentState,
    editing,
    following,
    notices,
    reports,
    telling,
    traces,
)
from blog.comments.learning import CommentLesson, SpamModel
from blog.comments.model import LISTED_STATES
from blog.enquiries import letters as enquiry_letters
from blog.journal import JournalLine
from blog.outbox import MailState, OutgoingMail
from blog.privacy import erasing, requests, retention
from blog.staff import passwords
from tests import cluster
from tests.cast import ARTICLE, AUTHOR, AUTHOR_ID, CLOCK, MODERATOR, Blog, Person, Ran, Visitor
from tests.smtp_server import HOST, MailServer, unused_port

PASSWORD = b"a few words to remember\n"


@pytest.fixture
def bare(tmp_path: Path, content_dir: Path) -> dict[str, str]:
    """The settings of a site that nobody prepared."""
    return {"BLOG_INSTANCE_DIR": str(tmp_path / "bare"), "BLOG_CONTENT_DIR": str(content_dir)}


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    """The database, open to be looked at."""
    with app.app_context():
        yield


def lines() -> list[tuple[str, str, str]]:
    """Read the journal, oldest first; all of it is by an operator."""
    db.session.rollback()
    rows = list(reversed(journal.recent()))
    assert [row.actor for row in rows] == [None] * len(rows)
    return [(row.verb, row.thing, row.thing_id) for row in rows]


# Help


def commands(
    group: click.Group = cli.cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Find all commands there are."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands())
LEAVES = [path for path, command in ALL.items() if not isinstance(command, click.Group)]


@pytest.mark.parametrize("path", [(), *ALL], ids=" ".join)
def test_every_command_shows_help_with_an_example(path: tuple[str, ...], type_in: Blog) -> None:
    ran = type_in(*path, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "\n  Example:  " in ran.out
    assert f"blog {' '.join(path)}" in ran.out.partition("Example:")[2]
    assert type_in(*path, "-h") == ran


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_example_can_be_typed(
    path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disqus.xml").touch()
    monkeypatch.chdir(tmp_path)
    found = re.search(r"Example:\s+(.*)", ALL[path].help or "")
    assert found
    words = shlex.split(found[1].rpartition("|")[2])
    assert tuple(words[: len(path) + 1]) == ("blog", *path)
    ALL[path].make_context(path[-1], words[len(path) + 1 :])


def test_the_list_of_commands_says_what_each_says_of_itself(type_in: Blog) -> None:
    shown = " ".join(type_in("--help").out.split())
    for path, command in ALL.items():
        if len(path) == 1:
            assert f" {path[0]} {command.get_short_help_str(200)}" in shown


def loaded_by(*arguments: str, **environ: str) -> set[str]:
    """Tell which of the large libraries a command loads."""
    large = "{'alembic', 'flask', 'granian', 'markdown', 'sqlalchemy'}"
    return set(at_its_end(f"*{large} & set(sys.modules)", *arguments, **environ).split())


def at_its_end(expression: str, *arguments: str, **environ: str) -> str:
    """Tell what something is when a command's process ends."""
    program = (
        "import atexit, gc, sys; from blog.cli import main; sys.argv[0] = 'blog';"
        f" atexit.register(lambda: print({expression}, file=sys.stderr)); main()"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments],
        env=minimal(environ),
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stderr.strip()


def minimal(environ: dict[str, str]) -> dict[str, str]:
    """Return an environment with nothing else in it but what measures coverage."""
    measuring = {name: value for name, value in os.environ.items() if "COVERAGE" in name}
    return {"PATH": os.defpath} | measuring | environ


def test_help_loads_none_of_the_large_libraries() -> None:
    assert loaded_by("--help") == set()


def test_commands_load_neither_the_server_nor_the_migrations(bare: dict[str, str]) -> None:
    assert loaded_by("content", "check", **bare) == {"flask", "markdown", "sqlalchemy"}


def test_what_a_command_loads_is_never_looked_through_for_garbage(bare: dict[str, str]) -> None:
    asked = "gc.get_stats()[2]['collections'], gc.get_freeze_count() > 50_000, gc.isenabled()"
    assert at_its_end(asked, "content", "check", **bare) == "0 True True"


# What is typed wrongly


@pytest.mark.parametrize(
    "words",
    [
        "",
        "nonsense",
        "comments",
        "comments nonsense",
        "comments approve",
        "comments approve twelve",
        "comments approve 0",
        "comments approve 12 99999999999999999999",
        "comments list --state asleep",
        "comments model",
        "comments model ignore",
        "comments model nonsense",
        "content new only-an-id",
        "mail retry 0",
        "mail retry 2147483648",
        "mail retry",
        "mail retry 1 --all",
        "serve --workers 3",
        "user add",
        "user add sandra@clinic.example",
        "user add sandra@clinic.example --password-stdin --role queen",
    ],
)
def test_what_is_typed_wrongly_ends_with_two(
    words: str, type_in: Blog, bare: dict[str, str]
) -> None:
    ran = type_in(*words.split(), **bare)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: blog" in ran.err
    assert not Path(bare["BLOG_INSTANCE_DIR"]).exists()


# What stands in the way of every command

ON_A_DATABASE = [
    "comments list",
    "comments approve 1",
    "comments evaluate",
    "comments export",
    "comments import pyproject.toml",
    "comments model export",
    "comments model heed cheap",
    "comments model ignore cheap",
    "comments model learn",
    "comments model reset --yes",
    "comments model show",
    "comments reject 1",
    "comments spam 1",
    "content preview sun-care",
    "content sync",
    "mail list",
    "mail allow nomsa@reader.example",
    "mail deliver",
    "mail probe",
    "mail retry --all",
    "export-site public",
    "openapi",
    "people erase nomsa@reader.example",
    "people export nomsa@reader.example",
    "people receipt 7QX2-M4KD-9HTP-R3WB",
    "people tidy",
    "serve",
    "token add sandra@clinic.example --label desk --scope comments:read",
    "token list",
    "token revoke 1",
    "user add sandra@clinic.example --password-stdin",
    "user list",
    "user remove sandra@clinic.example",
    "user reset-password sandra@clinic.example --password-stdin",
    "user reset-second-factor sandra@clinic.example",
    "user role sandra@clinic.example author",
    "worker",
]


def test_the_list_of_commands_on_a_database_is_whole() -> None:
    without = {("content", "check"), ("content", "new"), ("db", "upgrade")}
    # Ends in ways of its own.
    without |= {("mail", "bounce")}
    typed = [tuple(words.split()) for words in ON_A_DATABASE]
    on_one = {path for path in LEAVES for words in typed if words[: len(path)] == path}
    assert len(on_one) == len(typed)
    assert on_one | without == set(LEAVES)


@pytest.mark.parametrize("words", ON_A_DATABASE)
def test_a_database_that_is_not_migrated_is_said_with_what_to_run(
    words: str, type_in: Blog, bare: dict[str, str]
) -> None:
    ran = type_in(*words.split(), stdin=PASSWORD, PORT=str(unused_port()), **bare)
    assert ran.sentence().endswith("is not migrated; run: blog db upgrade")


def test_a_postgresql_database_that_is_not_migrated_is_said_too(
    type_in: Blog, bare: dict[str, str], postgres: str
) -> None:
    url = cluster.create(postgres, "empty")
    ran = type_in("comments", "list", BLOG_DATABASE_URL=url, **bare)
    cluster.drop(postgres, "empty")
    assert ran.sentence().endswith("is not migrated; run: blog db upgrade")


@pytest.mark.parametrize("words", ["comments list", "comments approve 1", "db upgrade"])
@pytest.mark.parametrize("place", ["folder", "nowhere", "refused"])
def test_a_database_that_cannot_be_opened_is_said(
    words: str, place: str, type_in: Blog, bare: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a-folder.db").mkdir()
    urls = {
        "folder": f"sqlite:///{tmp_path}/a-folder.db",
        "nowhere": "sqlite:////proc/blog.db",  # where not even root may make a file
        "refused": f"postgresql://blog:hidden-word@{HOST}:{unused_port()}/blog",
    }
    ran = type_in(*words.split(), BLOG_DATABASE_URL=urls[place], **bare)
    assert "can’t be opened" in ran.sentence()
    assert "BLOG_DATABASE_URL" in ran.err
    assert "hidden-word" not in ran.err


@pytest.mark.parametrize(
    "words", [*ON_A_DATABASE, "content check", "content new a A", "db upgrade"]
)
def test_a_setting_that_cannot_be_used_is_said(
    words: str, type_in: Blog, bare: dict[str, str]
) -> None:
    ran = type_in(*words.split(), BLOG_COMMENTS="sometimes", **bare)
    assert ran.sentence().startswith("BLOG_COMMENTS is 'sometimes', but must be one of pre, ")


def test_what_the_database_cannot_do_is_one_sentence(blog: Blog, inside: None) -> None:
    with db.writing():
        db.session.execute(text("ALTER TABLE comment RENAME TO lost"))
    ran = blog("comments", "list")
    assert re.fullmatch(r"The database can't do this: .*comment.*\.", ran.sentence())


def test_a_folder_that_cannot_be_written_is_one_sentence(
    type_in: Blog, bare: dict[str, str]
) -> None:
    closed = {"BLOG_CONTENT_DIR": "/proc", "BLOG_CLINIC_EMAIL": "hello@clinic.example"}
    ran = type_in("content", "new", "sun-care", "Sun", **bare | closed)
    assert "/proc/articles" in ran.sentence()


def test_a_reader_of_the_output_who_goes_away_is_no_mishap(bare: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [Path(sys.executable).with_name("blog"), "content", "check"],
        env=minimal(bare),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, "")


# blog db


@pytest.mark.usefixtures("inside")
def test_an_upgrade_leaves_no_article_that_search_does_not_know(blog: Blog) -> None:
    with db.writing():
        fulltext.mark_stale(ARTICLE)
    assert blog("db", "upgrade").code == 0
    db.session.rollback()
    assert not fulltext.is_stale()


def test_an_upgrade_makes_a_database_that_only_its_owner_reads(
    type_in: Blog, bare: dict[str, str]
) -> None:
    made = Ran(0, "The database is up to date.\n", "")
    assert type_in("db", "upgrade", **bare) == made
    path = Path(bare["BLOG_INSTANCE_DIR"]) / "blog.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert type_in("db", "upgrade", **bare) == made
    assert type_in("comments", "list", **bare) == Ran(0, "No comments.\n", "")


# blog user


def user_add(blog: Blog, *words: str, stdin: bytes = PASSWORD) -> Ran:
    return blog("user", "add", *words, "--password-stdin", stdin=stdin)


def test_an_added_user_can_sign_in(blog: Blog, inside: None, reader: Visitor) -> None:
    ran = user_add(blog, "Lindiwe@Clinic.example", "--name", "Lindiwe Dube")
    assert ran == Ran(0, "Added lindiwe@clinic.example (admin).\n", "")
    user = accounts.by_email("lindiwe@clinic.example")
    assert user is not None
    assert (user.name, user.role) == ("Lindiwe Dube", "admin")
    assert lines() == [("added", "account", str(user.id))]
    person = Person("Lindiwe Dube", "lindiwe@clinic.example", PASSWORD.decode().strip())
    assert reader.sign_in(person).status_code == 303


def test_only_the_first_line_is_the_password_and_blanks_count(blog: Blog, inside: None) -> None:
    ran = user_add(blog, "eve@clinic.example", stdin=b" blanks around it \r\na note\n")
    assert ran.code == 0
    assert accounts.verify("eve@clinic.example", " blanks around it ") is not None


def test_a_user_without_a_name_is_called_by_the_address(blog: Blog, inside: None) -> None:
    assert user_add(blog, "thandi@clinic.example", "--role", "moderator").code == 0
    user = accounts.by_email("thandi@clinic.example")
    assert user is not None
    assert (user.name, user.role) == ("thandi", "moderator")


@pytest.mark.parametrize(
    ("email", "name", "password", "sentence"),
    [
        ("sandra", "S", PASSWORD, "Please give one email address, like name@example.org."),
        ("a@b.example, c@d.example", "S", PASSWORD, "Please give one email address, "),
        (f"{'a' * 300}@clinic.example", "S", PASSWORD, "Please use at most 254 characters."),
        ("eve@clinic.example", "S", b"too short\n", "Choose at least 12 characters."),
        ("eve@clinic.example", "S", b"", "Please choose a password."),
        ("eve@clinic.example", "S", b"x" * 300, "Please use at most 200 characters."),
        ("eve@clinic.example", "S", b"a letter \xff that is none", "The password isn't text "),
        ("eve@clinic.example", " ", PASSWORD, "Please give your name, "),
        ("eve@clinic.example", "x" * 300, PASSWORD, "Please use at most 80 characters."),
        ("eve@clinic.example", "E\x1b[2J\n", PASSWORD, "Please leave out line breaks and "),
        ("eve@clinic.example", "E\udcff", PASSWORD, "'E\\udcff' can't be written as utf-8."),
        (AUTHOR.email, "S", PASSWORD, "sandra@clinic.example has an account already."),
        (AUTHOR.email.upper(), "S", PASSWORD, "sandra@clinic.example has an account already."),
    ],
)
def test_a_user_who_cannot_be_added_is_refused_with_the_reason(
    email: str, name: str, password: bytes, sentence: str, blog: Blog, inside: None
) -> None:
    before = accounts.count()
    ran = user_add(blog, email, "--name", name, stdin=password)
    assert ran.sentence().startswith(sentence)
    db.session.rollback()
    assert (accounts.count(), lines()) == (before, [])


def test_users_are_listed_for_people_and_programs(blog: Blog, inside: None) -> None:
    told = blog("user", "list").out.splitlines()
    assert told[0] == "sandra@clinic.example  admin  Sandra de Beer"
    with db.writing():
        accounts.add(email="i@c.example", name="I", role=Role.AUTHOR, password_hash="", now=CLOCK)
    assert blog("user", "list").out.splitlines()[-1] == "i@c.example  author  I  (invited)"
    rows = json.loads(blog("user", "list", "--json").out)
    assert rows[-1] | {"id": 0} == {
        "id": 0,
        "email": "i@c.example",
        "name": "I",
        "role": "author",
        "author": None,
        "is_invited": True,
    }


def test_an_author_is_given_her_profile_at_the_command_line(blog: Blog, inside: None) -> None:
    profile = "--author", AUTHOR_ID
    assert user_add(blog, "n@c.example", "--role", "author", *profile).code == 0
    assert blog("user", "list").out.splitlines()[-1] == f"n@c.example  author of {AUTHOR_ID}  n"
    assert json.loads(blog("user", "list", "--json").out)[-1]["author"] == AUTHOR_ID
    assert blog("user", "role", MODERATOR.email, "author", *profile).code == 0
    done = "changed the author profile of"
    assert [line[0] for line in lines()] == ["added", done, "changed the role of", done]
    refused = blog("user", "role", MODERATOR.email, "moderator", *profile)
    assert (refused.code, refused.sentence()) == (1, "Only an author has an author profile.")
    # Who is an author keeps her profile unless another or none is given.
    for given, left in (((), AUTHOR_ID), (("--author", ""), None)):
        assert blog("user", "role", MODERATOR.email, "author", *given).code == 0
        people = json.loads(blog("user", "list", "--json").out)
        (profile_of,) = [row["author"] for row in people if row["email"] == MODERATOR.email]
        assert profile_of == left
    missing = user_add(blog, "o@c.example", "--role", "author", "--author", "nobody")
    assert missing.sentence() == "There is no author profile authors/nobody.md."


def test_an_operator_changes_roles_and_removes(blog: Blog, inside: None) -> None:
    mail = MODERATOR.email
    assert blog("user", "role", mail, "author").out == f"{mail} is author now.\n"
    assert blog("user", "remove", mail.upper()).out == f"{mail} has no account any more.\n"
    assert [line[0] for line in lines()] == ["changed the role of", "removed"]
    db.session.rollback()
    assert mail not in {user.email for user in accounts.everybody()}
    for words in (("role", mail, "admin"), ("remove", mail), ("remove", "nobody@x.example")):
        assert blog("user", *words).sentence().startswith("There is no account of ")
    assert "last administrator" in blog("user", "remove", AUTHOR.email).sentence()


def test_an_operator_sets_a_password(blog: Blog, inside: None) -> None:
    ran = blog("user", "reset-password", MODERATOR.email, "--password-stdin", stdin=PASSWORD)
    assert ran == Ran(0, f"{MODERATOR.email} has a new password.\n", "")
    assert accounts.verify(MODERATOR.email, PASSWORD.decode().strip())
    assert not accounts.verify(MODERATOR.email, MODERATOR.password)
    assert lines()[0][:2] == ("changed the password of", "account")


def test_an_operator_turns_off_a_second_step(blog: Blog, inside: None) -> None:
    mail = MODERATOR.email
    with db.writing():
        mia = accounts.by_email(mail)
        assert mia
        mia.totp_seed = "seed"
    done = f"{mail} signs in with the password alone now.\n"
    assert blog("user", "reset-second-factor", mail).out == done
    assert blog("user", "reset-second-factor", mail).out == f"{mail} had no second step.\n"
    assert lines()[0][:2] == ("turned off the second step of", "account")


# blog content

BROKEN = "---\ntitle: Broken\ndate: the day after tomorrow\n---\n\nText.\n"
GOOD = "---\ntitle: Sun\ndate: 2026-02-01\nsummary: Sun.\n---\n\nText.\n"


def html_of(article_id: str) -> str:
    """Return what the site shows of an article; nothing where it knows none."""
    db.session.rollback()
    article = articles.by_id(article_id)
    return str(article.body) if article else ""


def test_a_sync_reads_what_changed(blog: Blog, own_content: Path, inside: None) -> None:
    here = {"BLOG_CONTENT_DIR": str(own_content)}
    assert blog("content", "sync", **here).code == 0
    (own_content / "articles/sun.md").write_text(GOOD)
    ran = blog("content", "sync", **here)
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"1 read, 0 removed, \d unchanged\.\n", ran.out)
    assert html_of("sun") == "<p>Text.</p>"
    (own_content / "articles/sun.md").unlink()
    assert blog("content", "sync", **here).out.startswith("0 read, 1 removed, ")
    assert html_of("sun") == ""


def test_a_sync_tells_of_a_broken_file_and_applies_the_others(
    blog: Blog, own_content: Path, inside: None
) -> None:
    here = {"BLOG_CONTENT_DIR": str(own_content)}
    (own_content / f"articles/{ARTICLE}.md").write_text(BROKEN)
    (own_content / "articles/sun.md").write_text(GOOD)
    ran = blog("content", "sync", **here)
    assert ran.last_sentence().startswith("Some files can't be used; ")
    assert re.search(rf"^error: articles/{ARTICLE}\.md:3:7: .*date.* like .*$", ran.err, re.M)
    assert html_of("sun")
    assert "Comparing the two" in html_of(ARTICLE)

    again = blog("content", "sync", **here)
    assert (again.code, again.err) == (1, ran.err)

    (own_content / f"articles/{ARTICLE}.md").write_text(GOOD.replace("Sun", "Mended"))
    mended = blog("content", "sync", **here)
    assert (mended.code, mended.err) == (0, "")
    assert "Comparing the two" not in html_of(ARTICLE)


def test_a_warning_does_not_fail_a_sync(blog: Blog, own_content: Path) -> None:
    (own_content / "articles/sun.md").write_text(GOOD.replace("summary", "sumary"))
    ran = blog("content", "sync", BLOG_CONTENT_DIR=str(own_content))
    assert ran.code == 0
    assert re.search(r"^warning: articles/sun\.md:4:1: .*sumary", ran.err, re.M)


@pytest.mark.parametrize("words", ["content sync", "content check"])
def test_a_folder_of_words_that_is_not_there_is_said_and_nothing_removed(
    words: str, blog: Blog, inside: None, tmp_path: Path
) -> None:
    gone = {
        "BLOG_CONTENT_DIR": str(tmp_path / "gone"),
        "BLOG_CLINIC_EMAIL": "hello@clinic.example",
    }
    assert re.search(r"'.*/gone'.* folder ", blog(*words.split(), **gone).sentence())
    assert html_of(ARTICLE)
    assert not (tmp_path / "gone").exists()


@pytest.fixture
def no_database(own_content: Path, tmp_path: Path) -> dict[str, str]:
    """Settings with words, and a database that can't be reached."""
    return {
        "BLOG_INSTANCE_DIR": str(tmp_path / "bare"),
        "BLOG_CONTENT_DIR": str(own_content),
        "BLOG_DATABASE_URL": f"postgresql://blog@{HOST}:{unused_port()}/blog",
    }


def test_a_check_needs_no_database(type_in: Blog, no_database: dict[str, str]) -> None:
    ran = type_in("content", "check", **no_database)
    assert ran == Ran(0, "Everything can be used; 0 to look at.\n", "")


def test_a_check_counts_warnings_but_does_not_fail_for_them(
    type_in: Blog, own_content: Path, no_database: dict[str, str]
) -> None:
    (own_content / "articles/sun.md").write_text(GOOD.replace("summary", "sumary"))
    ran = type_in("content", "check", **no_database)
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^warning: articles/sun\.md:4:1: .*sumary", ran.out, re.M)
    assert ran.out.endswith("Everything can be used; 2 to look at.\n")


def test_a_check_tells_of_a_broken_file(
    type_in: Blog, own_content: Path, no_database: dict[str, str]
) -> None:
    (own_content / "articles/sun.md").write_text(BROKEN)
    ran = type_in("content", "check", **no_database)
    assert ran.last_sentence() == "1 to mend."
    assert re.search(r"^error: articles/sun\.md:3:7: .*date.* like .*$", ran.out, re.M)

    ran = type_in("content", "check", "--json", **no_database)
    assert ran.last_sentence() == "1 to mend."
    assert set(ran.json[0]) == {"path", "message", "remedy", "line", "column", "is_warning"}
    first = {name: ran.json[0][name] for name in ("path", "line", "column", "is_warning")}
    assert first == {"path": "articles/sun.md", "line": 3, "column": 7, "is_warning": False}


def test_a_check_in_order_prints_an_empty_list_for_a_program(
    type_in: Blog, no_database: dict[str, str]
) -> None:
    assert type_in("content", "check", "--json", **no_database) == Ran(0, "[]\n", "")


def test_a_check_changes_nothing(blog: Blog, own_content: Path, inside: None) -> None:
    (own_content / "articles/sun.md").write_text(GOOD)
    (own_content / f"articles/{ARTICLE}.md").unlink()
    assert blog("content", "check", BLOG_CONTENT_DIR=str(own_content)).code == 0
    assert html_of("sun") == ""
    assert html_of(ARTICLE)


def test_a_new_article_is_a_draft_that_can_be_used(
    type_in: Blog, own_content: Path, no_database: dict[str, str]
) -> None:
    title = 'A "title": with marks'
    ran = type_in("content", "new", "sun-care", title, **no_database)
    path = own_content / "articles/sun-care.md"
    assert (ran.code, ran.err) == (0, "")
    assert str(path) in ran.out
    assert "status: draft" in path.read_text()
    assert type_in("content", "check", **no_database).code == 0

    again = type_in("content", "new", "sun-care", "Another", **no_database)
    assert again.sentence() == "There is an article sun-care already; choose another name."
    assert "with marks" in path.read_text()


@pytest.mark.parametrize("name", ["Sun Care", "../sun", "", "x" * 300])
def test_a_new_article_needs_a_name_that_can_be_an_address(
    name: str, type_in: Blog, own_content: Path, no_database: dict[str, str]
) -> None:
    before = sorted(own_content.rglob("*"))
    ran = type_in("content", "new", name, "Sun", **no_database)
    assert (ran.code, ran.out) == (1, "")
    assert "can’t be part of an address" in ran.err
    assert sorted(own_content.rglob("*")) == before


def test_progress_is_drawn_on_a_terminal(bare: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    ran = subprocess.run(
        [Path(sys.executable).with_name("blog"), "content", "check"],
        env=minimal(bare),
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        check=True,
    )
    os.close(theirs)
    drawn = os.read(ours, 100_000).decode()
    os.close(ours)
    assert ran.stdout == "Everything can be used; 0 to look at.\n"
    assert "Reading and rendering content  [####################################]  4/4" in drawn


# blog comments


def state_of(comment_id: int) -> str:
    db.session.rollback()
    comment = comments.by_id(comment_id)
    assert comment is not None
    return str(comment.state)


def test_comments_are_listed_for_a_person(blog: Blog, reader: Visitor) -> None:
    assert blog("comments", "list") == Ran(0, "No comments.\n", "")
    reader.comment("Thank you,\nvery clear.")
    reader.comment("And another " + "long " * 30)
    ran = blog("comments", "list")
    assert (ran.code, ran.err) == (0, "")
    second, first = ran.out.splitlines()
    assert first == f"     1  pending   {ARTICLE}  Nomsa: Thank you, very clear."
    assert second.startswith(f"     2  pending   {ARTICLE}  Nomsa: And another long ")
    assert len(second) < 120


def test_comments_are_listed_for_a_program(blog: Blog, reader: Visitor) -> None:
    assert blog("comments", "list", "--json") == Ran(0, "[]\n", "")
    body = "Visit https://one.example and https://two.example and https://three.example"
    reader.comment("Thank you.", email="nomsa@reader.example")
    blog("comments", "approve", "1")
    reader.comment(body, name="Zoë", parent="1")
    second, first = blog("comments", "list", "--json").json
    fields = ["id", "state", "article", "parent", "edit_of", "name", "body", "created_at"]
    assert list(first) == list(second) == [*fields, "reasons"]
    made_at = first.pop("created_at")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", made_at)
    assert first == {
        "id": 1,
        "state": "approved",
        "article": ARTICLE,
        "parent": None,
        "edit_of": None,
        "name": "Nomsa",
        "body": "Thank you.",
        "reasons": first["reasons"],
    }
    assert (second["name"], second["parent"], second["body"]) == ("Zoë", 1, body)
    assert second["reasons"]
    assert all(isinstance(reason, str) for reason in second["reasons"])


def test_comments_are_listed_by_state(blog: Blog, reader: Visitor) -> None:
    reader.comment("One.")
    reader.comment("Two.")
    blog("comments", "reject", "1")
    for state in LISTED_STATES:
        listed = blog("comments", "list", "--json", "--state", state.value).json
        expected = {"pending": [2], "rejected": [1]}.get(state.value, [])
        assert [row["id"] for row in listed] == expected
    assert "Two." in blog("comments", "list", "--state", "pending").out


def store_comment(body: str, *, key: str = "key", name: str = "Nomsa") -> None:
    """Store a comment past the forms, as an import would."""
    words = {"name": name, "source": body, "html": "", "html_policy": 1, "reasons": []}
    state = {"state": CommentState.PENDING, "submission_key": key, "created_at": db.utc_now()}
    db.session.add(Comment(article_id=ARTICLE, **words, **state))


def test_a_person_sees_the_newest_and_a_program_all(blog: Blog, inside: None) -> None:
    with db.writing():
        for number in range(LIST_ROWS + 5):
            store_comment("Hello.", key=str(number))
    newest = blog("comments", "list").out.splitlines()
    assert (len(newest), newest[0].split()[0]) == (LIST_ROWS, str(LIST_ROWS + 5))
    assert len(blog("comments", "list", "--json").json) == LIST_ROWS + 5


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2028\r\n\t{0} \N{PILE OF POO}"


def test_words_of_a_stranger_do_not_steer_the_terminal(blog: Blog, inside: None) -> None:
    with db.writing():
        store_comment(HOSTILE, name=HOSTILE[:80])
    ran = blog("comments", "list")
    assert ran.code == 0
    assert ran.out.rstrip("\n").isprintable()
    as_json = blog("comments", "list", "--json")
    assert as_json.out.isascii()
    assert "\x1b" not in as_json.out
    assert as_json.json[0]["body"] == HOSTILE


@pytest.mark.parametrize(
    ("verb", "state", "said"),
    [
        ("approve", "approved", "approved"),
        ("reject", "rejected", "rejected"),
        ("spam", "spam", "marked as spam"),
    ],
)
def test_a_decision_is_made_once_and_journalled(
    verb: str, state: str, said: str, blog: Blog, inside: None, reader: Visitor
) -> None:
    for body in ("One.", "Two.", "Three."):
        reader.comment(body)
    assert blog("comments", verb, "1", "3", "1") == Ran(0, f"2 {said}.\n", "")
    assert [state_of(number) for number in (1, 2, 3)] == [state, "pending", state]
    assert sorted(lines()) == [(said, "comment", "1"), (said, "comment", "3")]
    rows = db.session.execute(select(JournalLine)).scalars().all()
    assert {(row.was, row.became) for row in rows} == {("pending", state)}
    assert len({row.batch for row in rows}) == 1

    assert blog("comments", verb, "1", "3") == Ran(0, f"0 {said}.\n", "")
    assert len(lines()) == 2


def test_an_approved_comment_is_read_and_a_rejected_one_gone(
    blog: Blog, reader: Visitor, stranger: Visitor
) -> None:
    reader.comment("Thank you, very clear.")
    assert "very clear" not in stranger.get(f"/articles/{ARTICLE}").text
    assert blog("comments", "approve", "1").code == 0
    assert "very clear" in stranger.get(f"/articles/{ARTICLE}").text
    assert blog("comments", "reject", "1").code == 0
    assert "very clear" not in stranger.get(f"/articles/{ARTICLE}").text


@pytest.mark.parametrize(
    ("verb", "body", "states"),
    [
        ("approve", "Two.", ["replaced", "approved"]),
        ("reject", "One.", ["rejected", "approved"]),
        ("spam", "Two.", ["replaced", "spam"]),
    ],
)
def test_an_edit_waits_and_is_decided_about_like_a_comment(
    verb: str, body: str, states: list[str], blog: Blog, reader: Visitor
) -> None:
    place = f"{reader.comment('One.').location}/edit"
    blog("comments", "approve", "1")
    reader.post(place, reader.form(place, place) | {"body": "Two."})
    (waiting,) = blog("comments", "list", "--json", "--state", "pending").json
    assert (waiting["id"], waiting["edit_of"], waiting["body"]) == (2, 1, "Two.")
    assert blog("comments", verb, "2").code == 0
    rows = blog("comments", "list", "--json").json
    assert [row["state"] for row in rows] == states
    assert rows[1]["body"] == body


def test_a_comment_and_its_edit_are_turned_down_together(blog: Blog, reader: Visitor) -> None:
    place = f"{reader.comment('One.').location}/edit"
    blog("comments", "approve", "1")
    reader.post(place, reader.form(place, place) | {"body": "Two."})
    ran = blog("comments", "spam", "2", "1")
    assert ran.out.splitlines() == [
        "1 marked as spam.",
        "2 is an edit, and was turned down with its comment.",
    ]
    rows = blog("comments", "list", "--json").json
    assert [(row["body"], row["state"]) for row in rows] == [("Two.", "rejected"), ("One.", "spam")]


@pytest.mark.parametrize("verb", ["approve", "reject", "spam"])
def test_an_unknown_comment_is_refused_and_nothing_changed(
    verb: str, blog: Blog, inside: None, reader: Visitor
) -> None:
    reader.comment()
    ran = blog("comments", verb, "1", "4711")
    assert ran.sentence() == "There is no comment 4711; nothing was changed."
    assert (state_of(1), lines()) == ("pending", [])


# blog comments model, blog comments evaluate


def decided(blog: Blog, reader: Visitor) -> None:
    """A reader's comment and spam, both decided about."""
    assert reader.comment("My skin is calm, thank you.").status_code == 303
    assert reader.comment("Cheap pills, cheap loans!").status_code == 303
    assert blog("comments", "approve", "1").code == 0
    assert blog("comments", "spam", "2").code == 0


def test_what_was_learnt_is_shown(blog: Blog, reader: Visitor) -> None:
    model = ("comments", "model")
    ran = blog(*model, "show")
    assert ran.out.splitlines()[0] == "Learnt from 0 readers' comments and 0 spam."
    decided(blog, reader)
    found = blog(*model, "show", "--json", "cheap", "calm", "cheap pills", "?!").json
    assert (found["genuine"], found["spam"], found["speaks"]) == (1, 1, False)
    assert [row["words"] for row in found["words"]] == [
        "cheap",
        "calm",
        "cheap",
        "pills",
        "cheap pills",
    ]
    assert found["words"][0]["weight"] > 0 > found["words"][1]["weight"]
    assert blog(*model, "ignore", "cheap pills").out == "1 ignored.\n"
    lines = blog(*model, "show", "cheap pills").out.splitlines()
    assert lines[2] == "It says nothing before 100 decisions, 10 of each kind."
    assert [line.endswith("(ignored)") for line in lines[3:]] == [False, False, True]
    assert blog(*model, "heed", "cheap pills").out == "1 heeded.\n"
    assert "(ignored)" not in blog(*model, "show", "cheap pills").out


def test_a_word_without_letters_can_not_be_ignored(blog: Blog, reader: Visitor) -> None:
    decided(blog, reader)
    ran = blog("comments", "model", "ignore", "cheap", "?!")
    assert ran.sentence() == "There is nothing to count in '?!'; nothing was changed."
    assert blog("comments", "model", "show", "--json").json["ignored"] == 0


def test_the_model_is_exported_without_text_and_reset(blog: Blog, reader: Visitor) -> None:
    decided(blog, reader)
    ran = blog("comments", "model", "export")
    assert {tuple(row) for row in ran.json} == {("bucket", "total", "seen", "is_ignored", "weight")}
    assert "cheap" not in ran.out
    assert blog("comments", "model", "reset", stdin=b"n\n").code == 1
    assert blog("comments", "model", "export").json == ran.json
    assert blog("comments", "model", "reset", "--yes").code == 0
    assert blog("comments", "model", "export").json == []


def test_what_was_not_learnt_is_learnt_afterwards_once(blog: Blog, reader: Visitor) -> None:
    decided(blog, reader)
    before = blog("comments", "model", "export").json
    assert blog("comments", "model", "learn").out == "Learnt from 0 comments.\n"
    blog("comments", "model", "reset", "--yes")
    assert blog("comments", "model", "learn").out == "Learnt from 2 comments.\n"
    assert blog("comments", "model", "export").json == before


def lessons(number: int) -> None:
    """What so many decisions would have taught, each foreseen, but for one."""
    rows = [
        {"comment_id": at, "number": at, "is_spam": at % 2 == 0, "step": 0.1}
        | {"score": 1.0 if at % 2 == 0 and at != number else -1.0}
        for at in range(1, number + 1)
    ]
    comment = {"article_id": ARTICLE, "name": "N", "source": "x", "html": "x", "html_policy": 1}
    comment |= {"state": "spam", "reasons": [], "created_at": CLOCK}
    with db.writing():
        stored = [comment | {"submission_key": str(at)} for at in range(number)]
        db.session.execute(insert(Comment), stored)
        db.session.execute(insert(CommentLesson), rows)
        learnt = {"genuine": number // 2, "spam": number // 2}
        db.session.execute(update(SpamModel).values(learnt))


def test_evaluation_says_when_there_is_too_little_to_say(blog: Blog) -> None:
    ran = blog("comments", "evaluate")
    assert ran.out == "Too few decisions: 0 so far; it begins at 100, 10 of each kind.\n"
    assert blog("comments", "evaluate", "--json").json["precision"] is None


def test_evaluation_prints_how_well_it_was_foreseen(blog: Blog, inside: None) -> None:
    lessons(200)
    assert "says nothing" not in blog("comments", "model", "show").out
    out = blog("comments", "evaluate").out
    assert "100 decisions, each foreseen from those before it." in out
    assert "precision     100.0 %  (49 of 49)" in out
    assert "recall        98.0 %  (49 of 50)" in out
    assert "false alarms   0.0 %  (0 of 50)" in out
    assert re.search(r"^90% to 100% +49 +\d\d\.\d % +100\.0 %$", out, re.M)
    assert re.search(r"^10% to 30% +0 +- +-$", out, re.M)
    found = blog("comments", "evaluate", "--json").json
    assert (found["judged"], found["held_spam"], found["recall"]) == (100, 49, 0.98)


# blog mail


def queue(*, subject: str = "Hello", **changes: Any) -> int:
    words: dict[str, Any] = {
        "kind": "enquiry",
        "sender": "blog@clinic.example",
        "recipient": "hello@clinic.example",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "now": db.utc_now() - timedelta(minutes=1),
    }
    with db.writing():
        mail = outbox.queue(**words | changes, subject=subject)
        db.session.flush()
        return mail.id


def mail(mail_id: int) -> OutgoingMail:
    db.session.rollback()
    found = outbox.by_id(mail_id)
    assert found is not None
    return found


def become(mail_id: int, state: MailState, **columns: Any) -> None:
    with db.writing():
        row = outbox.by_id(mail_id)
        assert row is not None
        for name, value in ({"state": state} | columns).items():
            setattr(row, name, value)


def test_mail_is_listed_for_a_person(blog: Blog, inside: None) -> None:
    assert blog("mail", "list") == Ran(0, "No mail.\n", "")
    queue(subject="First")
    become(queue(subject="Second"), MailState.FAILED, attempts=3, last_error="No\x1b[2J such user")
    assert blog("mail", "list").out.splitlines() == [
        "     2  failed    3  hello@clinic.example  Second",
        "        No [2J such user",
        "     1  queued    0  hello@clinic.example  First",
    ]


def test_mail_is_listed_for_a_program(blog: Blog, inside: None) -> None:
    assert blog("mail", "list", "--json") == Ran(0, "[]\n", "")
    queue(subject="Grüße")
    assert blog("mail", "list", "--json").json == [
        {
            "id": 1,
            "state": "queued",
            "to": "hello@clinic.example",
            "subject": "Grüße",
            "attempts": 0,
            "last_error": None,
        }
    ]


def test_mail_is_listed_by_state(blog: Blog, inside: None) -> None:
    queue()
    become(queue(), MailState.FAILED)
    for state in MailState:
        listed = blog("mail", "list", "--json", "--state", state.value).json
        expected = {"queued": [1], "failed": [2]}.get(state.value, [])
        assert [row["id"] for row in listed] == expected


def test_an_enquiry_is_delivered_to_a_mail_server(blog: Blog, reader: Visitor) -> None:
    reader.enquire("May I book for Tuesday?")
    with MailServer() as server:
        ran = blog("mail", "deliver", BLOG_SMTP_URL=f"smtp://{HOST}:{server.port}")
    assert ran == Ran(0, "1 mail sent, 0 to be tried again, 0 failed.\n", "")
    (received,) = server.received
    assert received.recipients == ["hello@clinic.example"]
    assert "Tuesday" in received.raw.decode()
    (listed,) = blog("mail", "list", "--json").json
    assert (listed["state"], listed["attempts"], listed["last_error"]) == ("sent", 1, None)
    assert blog("mail", "deliver") == Ran(0, "0 mails sent, 0 to be tried again, 0 failed.\n", "")


def test_without_a_mail_server_mail_is_delivered_to_files(
    blog: Blog, inside: None, tmp_path: Path
) -> None:
    for _ in range(51):
        queue()
    assert blog("mail", "deliver").out == "51 mails sent, 0 to be tried again, 0 failed.\n"
    files = list((tmp_path / "instance/mail").iterdir())
    assert len(files) == 51
    assert {path.suffix for path in files} == {".eml"}


def test_mail_that_cannot_be_delivered_waits_and_says_why(blog: Blog, inside: None) -> None:
    queue()
    down = {"BLOG_SMTP_URL": f"smtp://{HOST}:{unused_port()}"}
    ran = blog("mail", "deliver", **down)
    assert (ran.code, ran.out) == (0, "0 mails sent, 1 to be tried again, 0 failed.\n")
    assert re.search("refused. Nothing is tried before 20.* UTC; .*: blog mail retry", ran.err)
    assert ran.err in blog("mail", "list", **down).out
    (listed,) = blog("mail", "list", "--json").json
    assert (listed["state"], listed["attempts"]) == ("queued", 1)
    assert "Connection refused" in listed["last_error"]

    assert blog("mail", "deliver", **down).out == "0 mails sent, 0 to be tried again, 0 failed.\n"
    assert blog("mail", "retry", "1") == Ran(0, "1 mail due now.\n", "")
    assert blog("mail", "list", **down).err == ""
    assert blog("mail", "deliver").out == "1 mail sent, 0 to be tried again, 0 failed.\n"
    assert lines() == [("tried again", "mail", "1")]


def test_mail_that_is_refused_has_failed(blog: Blog, inside: None) -> None:
    queue()
    with MailServer(rcpt_answers=["550 5.1.1 No such user"]) as server:
        ran = blog("mail", "deliver", BLOG_SMTP_URL=f"smtp://{HOST}:{server.port}")
    assert (ran.code, ran.out) == (0, "0 mails sent, 0 to be tried again, 1 failed.\n")
    assert "No such user" in blog("mail", "list", "--json").json[0]["last_error"]


def test_the_worker_tells_and_sweeps_beside_its_mails() -> None:
    acts = {chore.act for chore in CHORES}
    sweeps = {editing.sweep, following.sweep, once.sweep, reports.sweep, traces.sweep}
    told = {notices.tell, passwords.answer_requests, telling.compose}
    told |= {summary.send, enquiry_letters.send_elsewhere}
    rights = {requests.answer, requests.sweep, erasing.finish_left, retention.tidy}
    hooks = {announcing.tell, announcing.warn, webhooks.sweep}
    assert acts == sweeps | told | rights | hooks | {imports.tidy, changes.tidy, previews.sweep}


def test_mail_of_a_worker_that_died_is_delivered(blog: Blog, inside: None) -> None:
    stuck, at_work = queue(), queue()
    now = db.utc_now()
    ago, ahead = now - timedelta(minutes=1), now + timedelta(minutes=1)
    become(stuck, MailState.SENDING, claimed_by="a dead one", claimed_until=ago)
    become(at_work, MailState.SENDING, claimed_by="a live one", claimed_until=ahead)
    assert blog("mail", "deliver").out == "1 mail sent, 0 to be tried again, 0 failed.\n"
    assert [mail(stuck).state, mail(at_work).state] == ["sent", "sending"]


def test_all_that_failed_or_waits_is_due_again(blog: Blog, inside: None) -> None:
    later = db.utc_now() + timedelta(hours=1)
    become(queue(), MailState.FAILED)
    become(queue(), MailState.QUEUED, next_attempt_at=later)
    become(queue(), MailState.SENT)
    assert blog("mail", "retry", "--all") == Ran(0, "2 mails due now.\n", "")
    assert lines() == [("tried again", "mail", "all")]
    assert [mail(number).state for number in (1, 2, 3)] == ["queued", "queued", "sent"]
    assert max(mail(1).next_attempt_at, mail(2).next_attempt_at) < later


def test_a_retry_of_nothing_leaves_no_line(blog: Blog, inside: None) -> None:
    become(queue(), MailState.SENDING, claimed_by="a worker", claimed_until=db.utc_now())
    assert blog("mail", "retry", "--all") == Ran(0, "0 mails due now.\n", "")
    assert blog("mail", "retry", "1") == Ran(0, "0 mails due now.\n", "")
    assert (mail(1).state, lines()) == ("sending", [])


def test_a_mail_that_was_sent_or_never_was_is_not_tried_again(blog: Blog, inside: None) -> None:
    become(queue(), MailState.SENT)
    assert blog("mail", "retry", "1").sentence() == "This mail has been sent already."
    assert blog("mail", "retry", "4711").sentence() == "There is no mail 4711."
    assert (mail(1).state, lines()) == ("sent", [])


def test_everybody_in_the_cast_keeps_their_account(blog: Blog, inside: None) -> None:
    """An operator's mistake changes nobody's password."""
    user_add(blog, MODERATOR.email, stdin=b"another password entirely\n")
    assert accounts.verify(MODERATOR.email, MODERATOR.password) is not None
