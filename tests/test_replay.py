"""Whoever replays all changes from any cursor has what the lists have, whatever happened meanwhile."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select, update

from blog import content, db, revision, urls
from blog.articles import Article, changes, replay, writing
from blog.articles.changes import Changed, ChangeNote
from blog.content import ArticleFile, AuthorFile, Kind, PageFile
from blog.errors import Gone
from blog.markup import RenderedArticle
from tests.cast import CLOCK, Clock, Visitor

API = "/api/v1"
NOTHING = RenderedArticle(html="", toc=(), text="", words=0)
Key = tuple[str, str]
Copy = dict[Key, Any]


def article_file(id: str, **fields: Any) -> ArticleFile:  # noqa: A002  # the contract's word
    lines: dict[str, Any] = {"title": id, "date": CLOCK - timedelta(days=1)}
    head = "".join(f"{name}: {value}\n" for name, value in (lines | fields).items())
    return content.parse_article(id, f"---\n{head}---\nWords.\n", zone=ZoneInfo("UTC"))


def write(*files: ArticleFile | AuthorFile | PageFile) -> None:
    with db.writing():
        revision.touch(db.session)
        articles = [file for file in files if isinstance(file, ArticleFile)]
        rows = writing.open_articles(articles, now=db.utc_now())
        for file in files:
            if isinstance(file, ArticleFile):
                writing.write_article(rows[file.id], file, NOTHING)
            elif isinstance(file, AuthorFile):
                writing.write_author(file, NOTHING)
            else:
                writing.write_page(file, NOTHING)
        writing.link_articles(articles)


def remove(kind: Kind, name: str) -> None:
    with db.writing():
        revision.touch(db.session)
        writing.remove(f"{kind}/{name}.md", now=db.utc_now())


@pytest.fixture
def reads(app: Flask, clock: Clock) -> Iterator[Visitor]:
    """A program that keeps a copy, beside a site at work."""
    with app.app_context():
        yield Visitor(app)


def ask(program: Visitor, path: str) -> Any:
    answer = program.get(API + path)
    assert answer.status_code == 200, answer.text
    return answer.json


def lists(program: Visitor) -> Copy:
    """All that the public lists have."""
    found: Copy = {}
    for kind in ("article", "author", "page", "topic"):
        for each in ask(program, f"/{kind}s{'?limit=100' if kind == 'article' else ''}")["data"]:
            each.pop("comments", None)
            found[kind, each.get("id") or each["slug"]] = each
    return found


@dataclass
class Client:
    """A copy of all that anybody can read, as far as it was replayed."""

    program: Visitor
    copy: Copy = field(default_factory=dict)
    cursor: str = ""
    deleted: set[Key] = field(default_factory=set)

    def go_on(self, limit: int) -> bool:
        """Replay one part; tells whether more follows."""
        since = f"&since={self.cursor}" if self.cursor else ""
        part = ask(self.program, f"/sync?limit={limit}{since}")
        for each in part["data"]:
            key = (each["type"], each["id"])
            if each["change"] == "delete":
                assert "data" not in each
                self.copy.pop(key, None)
                self.deleted.add(key)
            else:
                self.copy[key] = each["data"]
        progress = part["meta"]["sync"]
        assert progress["limit"] == limit
        self.cursor = progress["cursor"]
        assert bool(part["links"]["next"]) == progress["has_more"]
        assert not progress["has_more"] or f"since={self.cursor}" in part["links"]["next"]
        return bool(progress["has_more"])

    def finish(self, limit: int = 100) -> Copy:
        while self.go_on(limit):
            pass
        return self.copy

    def fork(self) -> Client:
        return Client(self.program, dict(self.copy), self.cursor)


class World:
    """A site to which something happens by chance, and what was ever public of it."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock, self.chance = clock, random.Random(seed)
        self.files: dict[str, tuple[ArticleFile, datetime]] = {}
        self.ever: set[Key] = set()

    def happen(self) -> None:
        ways: list[Callable[[], None]] = [self.put_articles] * 4 + [self.move] * 3
        ways += [self.remove_article, self.put_author, self.remove_author]
        self.chance.choice([*ways, self.put_page, self.remove_page])()

    def put_articles(self) -> None:
        ids = self.chance.sample("abcdef", self.chance.randint(1, 2))
        self.note_seen()
        made = [self.made(each) for each in ids]
        write(*made)
        self.files |= {file.id: (file, self.clock.now) for file in made}

    def made(self, name: str) -> ArticleFile:
        some = self.chance
        hours = {
            key: self.clock.now + timedelta(hours=some.randint(*span))
            for key, span in (("date", (-9, 3)), ("updated", (-9, 3)), ("expires", (-6, 6)))
            if key == "date" or some.random() < 0.4
        }
        if hours.get("expires", datetime.max.replace(tzinfo=UTC)) <= hours["date"]:
            del hours["expires"]
        topics = some.sample(["Skin", "skin", "Sun", "Peels", "Lasers"], some.randint(0, 2))
        return article_file(
            name,
            slug=f"{name}-{some.randint(0, 2)}",
            status=some.choice(["published"] * 4 + ["draft", "archived"]),
            topics=f"[{', '.join({urls.topic(t.lower()): t for t in topics}.values())}]",
            authors=f"[{', '.join(some.sample('uvw', some.randint(0, 2)))}]",
            **hours,
        )

    def move(self) -> None:
        self.clock.move(minutes=self.chance.choice([1, 30, 60, 150]))

    def remove_article(self) -> None:
        name = self.chance.choice("abcdef")
        self.note_seen()
        remove(Kind.ARTICLE, name)
        self.files.pop(name, None)

    def put_author(self) -> None:
        name = f"---\nname: {self.chance.choice(['Ann', 'Bo'])}\n---\n"
        write(content.parse_author(self.chance.choice("uvw"), name))

    def remove_author(self) -> None:
        remove(Kind.AUTHOR, self.chance.choice("uvw"))

    def put_page(self) -> None:
        text = f"---\ntitle: {self.chance.randint(0, 9)}\n---\nWords.\n"
        write(content.parse_page(self.chance.choice("xy"), text))

    def remove_page(self) -> None:
        remove(Kind.PAGE, self.chance.choice("xy"))

    def note_seen(self) -> None:
        """Note what could be read of the files as they are."""
        for file, since in self.files.values():
            begins = max(since, file.published_at or CLOCK)
            ends = file.expires_at or self.clock.now + timedelta(1)
            if file.status == "published" and begins <= self.clock.now and begins < ends:
                topics = {("topic", topic.slug) for topic in file.topics}
                self.ever |= {("article", file.id), *topics}


@pytest.mark.parametrize("seed", range(2))
def test_a_replay_from_any_cursor_gives_what_the_lists_have(
    reads: Visitor, clock: Clock, seed: int
) -> None:
    world = World(clock, seed)
    world.ever |= lists(reads).keys()
    walking, remembered = [Client(reads)], []
    for step in range(50):
        world.happen()
        client = world.chance.choice(walking)
        client.go_on(world.chance.randint(1, 5))
        if step % 7 == 0:
            remembered.append(client.fork())
            walking.append(Client(reads) if step % 2 else client.fork())
    world.note_seen()
    expected = lists(reads)
    for client in [*walking, *remembered]:
        assert client.finish(world.chance.choice([2, 100])) == expected
        told = {key for key in client.deleted if key[0] in ("article", "topic")}
        assert told <= world.ever
        # From its own end on there is nothing, and that costs no new answer.
        before = client.cursor
        assert not client.go_on(1)
        assert client.cursor == before


def test_what_the_clock_does_comes_in_parts_of_any_size(reads: Visitor, clock: Clock) -> None:
    soon, later = clock.now + timedelta(hours=1), clock.now + timedelta(hours=2)
    write(*(article_file(f"s{n}", date=soon, topics="[Peels]") for n in range(5)))
    write(*(article_file(f"e{n}", expires=soon, topics="[Ends]") for n in range(3)))
    write(article_file("u", updated=later), article_file("brief", date=soon, expires=later))
    client = Client(reads)
    client.finish()
    assert {key for key in client.copy if key[0] == "article"} >= {("article", "e1")}
    clock.move(hours=2)
    parts = 1
    while client.go_on(2):
        parts += 1
    assert parts > 6
    assert client.copy == lists(reads)
    assert client.copy["article", "u"]["updated_at"] == later.strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = {("article", each) for each in ("e0", "e1", "e2", "brief")}
    assert client.deleted == {*ended, ("topic", "ends")}


def test_nothing_is_told_of_what_nobody_could_read(reads: Visitor, clock: Clock) -> None:
    client = Client(reads)
    client.finish()
    before, old = client.cursor, CLOCK - timedelta(days=9)
    write(article_file("draft", status="draft", topics="[Hidden]"))
    write(article_file("archive", status="archived", topics="[Hidden]"))
    client.go_on(9)
    # Not even that something happened.
    assert client.cursor == before
    write(article_file("soon", date=CLOCK + timedelta(days=1), topics="[Hidden]"))
    write(article_file("late", date=old, expires=old + timedelta(days=1), topics="[Hidden]"))
    for name in ("draft", "archive", "soon", "late"):
        remove(Kind.ARTICLE, name)
    # A file that could never be used.
    remove(Kind.PAGE, "broken")
    remove(Kind.AUTHOR, "broken")
    write(article_file("soon", date=CLOCK + timedelta(days=1)))
    clock.move(hours=1)
    write(article_file("soon", status="draft"))
    clock.move(days=2)
    client.finish()
    assert client.deleted == set()
    assert client.copy == lists(reads)


def test_what_was_taken_back_is_told_to_those_alone_who_may_have_it(reads: Visitor) -> None:
    write(article_file("was"))
    old = Client(reads)
    old.finish()
    write(article_file("was", status="draft"))
    new = Client(reads)
    new.finish()
    write(article_file("was", status="draft", title="Changed"))
    for client in (old, new):
        client.finish()
    assert (old.deleted, new.deleted) == ({("article", "was")}, set())
    write(article_file("was", date=CLOCK + timedelta(days=1)))
    assert ask(reads, f"/sync?since={old.cursor}")["data"] == []


def test_an_author_with_a_new_name_changes_what_she_wrote(reads: Visitor) -> None:
    write(article_file("hers", author="ann"), article_file("not-hers"))
    client = Client(reads)
    client.finish()
    for name in ("Ann", "Ann", "Anna"):
        text = f"---\nname: {name}\nrole: Nurse\n---\n"
        write(content.parse_author("ann", text))
    part = ask(reads, f"/sync?since={client.cursor}")
    assert [each["id"] for each in part["data"]] == ["hers", "ann"]
    assert part["data"][0]["data"]["authors"][0]["name"] == "Anna"


# Cursors


def test_a_cursor_of_another_site_or_of_one_that_was_restored_is_refused(
    reads: Visitor, clock: Clock
) -> None:
    write(article_file("a"))
    client = Client(reads)
    client.finish()
    cursor = replay.read(client.cursor)
    # As if the site had gone on from a copy made before.
    with db.writing():
        db.session.execute(
            update(ChangeNote).where(ChangeNote.number == cursor.base).values(mark="another")
        )
    for wrong in (cursor, cursor._replace(base=cursor.base + 1), cursor._replace(base=0)):
        answer: Any = reads.get(f"{API}/sync?since={replay.written(wrong)}")
        assert (answer.status_code, answer.json["code"]) == (410, "gone")
        assert "begin anew, without `since`" in answer.json["detail"]


def test_a_cursor_from_the_future_is_refused_but_for_clocks_that_differ(
    reads: Visitor, clock: Clock
) -> None:
    soon = CLOCK + timedelta(seconds=30)
    write(article_file("soon", date=soon))
    early = replay.part(None, limit=100, now=soon)
    assert ("article", "soon") in early.keys
    # A machine whose clock is behind tells it again rather than never.
    assert replay.part(early.cursor, limit=100, now=CLOCK).keys == []
    write(article_file("soon", date=soon, title="Changed"))
    behind = replay.part(early.cursor, limit=100, now=CLOCK)
    assert behind.keys == []
    assert ("article", "soon") in replay.part(behind.cursor, limit=100, now=soon).keys
    with pytest.raises(Gone):
        replay.part(early.cursor, limit=100, now=CLOCK - timedelta(minutes=2))


def test_addresses_that_are_others_by_now_are_read_anew(
    reads: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = replay.part(None, limit=100, now=CLOCK).cursor
    monkeypatch.setattr(replay, "VERSION", 2)
    with pytest.raises(Gone):
        replay.part(cursor, limit=100, now=CLOCK)


GOOD = [1, "0123456789abcdef", 2, "article", "a", "2026-04-20T08:00:00+00:00", "", ""]


@pytest.mark.parametrize(
    "told",
    [
        *(
            [*GOOD[:at], wrong, *GOOD[at + 1 :]]
            for at in (0, 2)
            for wrong in (-1, True, "1", 2**40)
        ),
        *([*GOOD[:at], wrong, *GOOD[at + 1 :]] for at in (1, 3, 4) for wrong in (1, None, "\0")),
        *(
            [*GOOD[:5], wrong, "", ""]
            for wrong in ("now", 5, "2026-04-20", "0001-01-01T00:00+14:00")
        ),
        [*GOOD, 1],
        GOOD[:-1],
        {},
        None,
        "\ud800",
    ],
)
def test_a_cursor_that_was_never_given_out_is_a_bad_parameter(reads: Visitor, told: Any) -> None:
    answer: Any = reads.get(f"{API}/sync?since={urls.packed(json.dumps(told))}")
    assert (answer.status_code, answer.json["code"]) == (400, "bad-parameter")
    assert answer.json["errors"][0]["parameter"] == "since"


@given(st.text(max_size=80))
def test_no_text_but_a_cursor_is_read_as_one(text: str) -> None:
    assert replay.written(replay.read(replay.written(replay.Cursor(*CURSOR)))) != ""
    with pytest.raises(ValueError, match="none that was given out"):
        replay.read(text)


CURSOR: Any = [*GOOD[:5], CLOCK, "", ""]


# What it costs


def test_a_part_costs_the_same_statements_whatever_there_is(reads: Visitor) -> None:
    write(content.parse_page("x", "---\ntitle: X\n---\n"))
    few, idle = _statements(reads, None), _statements(reads, _end())
    many = [article_file(f"a{n}", topics="[Skin, Sun]", author="sandra-de-beer") for n in range(40)]
    write(*many)
    assert _statements(reads, None) == few <= 11
    assert _statements(reads, _end()) == idle <= 4


def _end() -> str:
    return replay.written(replay.part(None, limit=10_000, now=db.utc_now()).cursor)


def _statements(reads: Visitor, since: str | None) -> int:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    db.session.rollback()
    event.listen(db.db.engine, "before_cursor_execute", note)
    ask(reads, f"/sync?limit=100{f'&since={since}' if since else ''}")
    event.remove(db.db.engine, "before_cursor_execute", note)
    return len([each for each in said if each.startswith("SELECT")])


# What is forgotten


def test_old_notes_and_what_had_gone_by_them_are_forgotten(reads: Visitor, clock: Clock) -> None:
    write(article_file("goes", topics="[Hidden]"), article_file("stays", topics="[Sun]"))
    write(content.parse_page("x", "---\ntitle: X\n---\n"))
    old = Client(reads)
    old.finish()
    remove(Kind.ARTICLE, "goes")
    remove(Kind.PAGE, "x")
    idle = Client(reads)
    idle.finish()
    clock.move(days=91)
    # Nothing has changed since, so who was there at the end still is.
    changes.tidy(clock.now)
    idle.finish()
    write(article_file("new"))
    changes.tidy(clock.now)
    assert idle.finish() == lists(reads)
    assert {("article", "goes"), ("topic", "hidden")}.isdisjoint(_kept())
    assert {("article", "stays"), ("topic", "sun")} <= _kept()
    with pytest.raises(Gone):
        replay.part(replay.read(old.cursor), limit=1, now=clock.now)
    fresh = Client(reads)
    assert fresh.finish() == lists(reads)


def test_before_anything_is_old_nothing_is_forgotten(reads: Visitor, clock: Clock) -> None:
    before = db.session.execute(select(func.count(ChangeNote.number))).scalar_one()
    changes.tidy(clock.now - timedelta(days=800))
    assert db.session.execute(select(func.count(ChangeNote.number))).scalar_one() == before


def _kept() -> set[Key]:
    db.session.rollback()
    return {(row.kind, row.thing_id) for row in db.session.execute(select(Changed)).scalars()}


def test_one_article_costs_a_few_statements_more(reads: Visitor, clock: Clock) -> None:
    write(article_file("a", topics="[Skin]"))
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    with db.writing():
        event.listen(db.writer(), "before_cursor_execute", note)
        changes.note_articles(["a"], [article_file("a", topics="[Sun]")])
        db.session.flush()
        event.remove(db.writer(), "before_cursor_execute", note)
    assert len(said) <= 8
    assert db.session.get(Article, "a")
