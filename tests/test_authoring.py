"""Programs that write articles: checked before anything is written, whole, and over nobody's head."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from blog import db, journal, revision
from blog.articles import sync
from blog.permissions import Scope
from tests.cast import (
    ARTICLE,
    AUTHOR,
    AUTHOR_ID,
    SECOND,
    SECOND_AUTHOR,
    Clock,
    Person,
    Visitor,
    at_once,
    just_before,
)
from tests.test_managing import Holder, let_in, refused

pytestmark = pytest.mark.usefixtures("clock")
one_database = pytest.mark.one_database("what it asks of the database is tried on both above")
__all__ = ["let_in"]
ARTICLES = "/api/v1/admin/articles"
ONE = f"{ARTICLES}/{ARTICLE}"
NEW = {"front_matter": {"title": "Skin in spring", "summary": "It wakes."}, "body": "Slowly.\n"}


class Pen:
    """A program that writes for somebody, and the folder it writes to."""

    def __init__(self, app: Flask, root: Path, holder: Holder) -> None:
        self.app = app
        self.root = root
        self.holder = holder

    def ask(self, method: str, path: str, sent: Any = None, **headers: str) -> Any:
        return self.holder.ask(method, path, sent, **headers)

    def done(self, method: str, path: str, sent: Any = None, status: int = 200, **how: str) -> Any:
        answer = self.ask(method, path, sent, **how)
        assert answer.status_code == status, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.json["data"]

    def etag(self, path: str = ONE) -> str:
        return str(self.ask("GET", path).headers["ETag"])

    def change(self, sent: Any, path: str = ONE, etag: str = "") -> Any:
        return self.ask("PATCH", path, sent, If_Match=etag or self.etag(path))

    def file(self, article_id: str = ARTICLE) -> Path:
        return self.root / "articles" / f"{article_id}.md"

    def acts(self) -> list[tuple[str, str, str]]:
        with self.app.app_context():
            lines = reversed(journal.recent(thing="article"))
            return [(line.verb, line.thing_id, line.actor.name) for line in lines if line.actor]


@pytest.fixture
def environ(environ: dict[str, str], own_content: Path) -> dict[str, str]:
    return environ | {"BLOG_CONTENT_DIR": str(own_content)}


@pytest.fixture
def hand(app: Flask, own_content: Path, let_in: Callable[..., Holder]) -> Callable[[Person], Pen]:
    return lambda person: Pen(app, own_content, let_in(person, Scope.ARTICLES_WRITE))


@pytest.fixture
def pen(hand: Callable[[Person], Pen]) -> Pen:
    return hand(AUTHOR)


def wrong(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {each["field"]: each["detail"] for each in answer.json["errors"]}


def test_an_article_is_written_changed_published_taken_back_and_deleted(
    pen: Pen, reader: Visitor, clock: Clock
) -> None:
    made = pen.ask("POST", ARTICLES, NEW)
    assert (made.status_code, made.json["data"]["state"]) == (201, "draft")
    path = made.headers["Location"]
    assert path == f"{ARTICLES}/skin-in-spring"
    assert pen.file("skin-in-spring").read_text() == (
        "---\nstatus: draft\ntitle: Skin in spring\nsummary: It wakes.\n---\n\nSlowly.\n"
    )
    assert reader.get("/articles/skin-in-spring").status_code == 404
    done = pen.done("POST", f"{path}/publish")
    assert (done["state"], done["front_matter"]["date"]) == ("published", "2026-05-04 11:30")
    page = reader.get("/articles/skin-in-spring")
    assert (page.status_code, "Slowly." in page.text) == (200, True)
    assert "Skin in spring" in reader.get("/feed.xml").text
    with pen.app.app_context():
        before = revision.current(db.session)
    sent = {"front_matter": {"title": "Spring", "topics": ["Daily care"]}, "body": "At once."}
    changed = pen.change(sent, path)
    assert changed.json["data"]["topics"] == ["Daily care"]
    assert changed.headers["ETag"] == pen.etag(path)
    assert "At once." in reader.get("/articles/skin-in-spring").text
    with pen.app.app_context():
        assert revision.current(db.session) > before
        # The next sync has nothing to do.
        assert not sync.run(pen.root, now=db.utc_now()).read
    assert pen.done("POST", f"{path}/unpublish")["state"] == "draft"
    assert reader.get("/articles/skin-in-spring").status_code == 410
    gone = pen.done("DELETE", path, If_Match=pen.etag(path))
    assert not pen.file("skin-in-spring").exists()
    kept = Path(pen.app.instance_path, gone["kept_as"])
    assert "title: Spring" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    refused(pen.ask("GET", path), 404)
    # What was kept can be put back.
    kept.rename(pen.file("skin-in-spring"))
    with pen.app.app_context():
        assert sync.run(pen.root, now=db.utc_now()).read == ["articles/skin-in-spring.md"]
    verbs = ("created", "published", "changed", "unpublished", "deleted")
    assert pen.acts() == [(verb, "skin-in-spring", AUTHOR.name) for verb in verbs]


def test_of_two_changes_of_one_version_one_is_made(pen: Pen) -> None:
    etag = pen.etag()

    def change(title: str) -> int:
        sent = {"front_matter": {"title": title}}
        return int(
            Holder(pen.app, pen.holder.secret).ask("PATCH", ONE, sent, If_Match=etag).status_code
        )

    assert sorted(at_once(pen.app, partial(change, "One"), partial(change, "Two"))) == [200, 412]
    title = pen.done("GET", ONE)["title"]
    assert f'title: "{title}"' in pen.file().read_text()
    assert len(pen.acts()) == 1


def test_an_article_sent_twice_under_one_key_is_written_once(pen: Pen) -> None:
    def send(key: str = "k1", sent: Any = NEW) -> Any:
        program = Holder(pen.app, pen.holder.secret)
        return program.ask("POST", ARTICLES, sent, Idempotency_Key=key)

    both = at_once(pen.app, send, send)
    assert [answer.status_code for answer in both] == [201, 201]
    assert both[0].json == both[1].json == send().json
    assert "There is an article skin-in-spring already" in refused(send("k2"), 409)
    assert "key" in refused(send(sent=NEW | {"body": "Other"}), 422)
    assert "from 1 to" in refused(send("a b"), 400)
    assert [verb for verb, *_ in pen.acts()] == ["created"]
    pen.done("DELETE", f"{ARTICLES}/skin-in-spring", If_Match="*")
    refused(send(), 404)


@one_database
def test_what_an_editor_saves_meanwhile_is_not_overwritten(pen: Pen) -> None:
    etag, sent = pen.etag(), {"front_matter": {"title": "Mine"}}
    pen.file().write_text("---\ntitle: Theirs\ndate: 2026-03-10\n---\n\nText\n")
    refused(pen.change(sent, etag=etag), 412)
    # Also at the last moment, and where it is gone then.
    for save in (partial(pen.file().write_text, "Saved"), pen.file().unlink):
        pen.file().write_text("---\ntitle: Theirs\ndate: 2026-03-10\n---\n\nText\n")
        with pen.app.app_context(), just_before(pen.app, "SELECT site_words", save):
            refused(pen.change(sent), 412)
    assert not pen.file().exists()
    assert pen.acts() == []


@one_database
def test_a_sync_under_way_brings_nothing_back(pen: Pen) -> None:
    for name in (ARTICLE, SECOND):
        with pen.file(name).open("a") as file:
            file.write("More.\n")

    def act() -> None:
        program = Pen(pen.app, pen.root, Holder(pen.app, pen.holder.secret))
        program.done("POST", f"{ONE}/unpublish")
        program.done("DELETE", f"{ARTICLES}/{SECOND}", If_Match="*")

    def meanwhile(done: int, total: int) -> None:
        if done == total:
            at_once(pen.app, act)

    with pen.app.app_context():
        assert not sync.run(pen.root, now=db.utc_now(), progress=meanwhile).read
        left = db.session.execute(text("SELECT id, status FROM article")).all()
    assert left == [(ARTICLE, "draft")]


@one_database
def test_a_change_says_of_which_version(pen: Pen) -> None:
    for method, sent in (("PATCH", {"body": "x"}), ("DELETE", None)):
        refused(pen.ask(method, ONE, sent), 428)
        for stale in ('"0"', f"W/{pen.etag()}", "nothing"):
            refused(pen.ask(method, ONE, sent, If_Match=stale), 412)
    for verb in ("publish", "unpublish"):
        refused(pen.ask("POST", f"{ONE}/{verb}", If_Match='"0"'), 412)
    before = pen.file().read_bytes()
    assert pen.done("PATCH", ONE, {}, If_Match="*")["title"].startswith("Mesotherapy")
    assert pen.done("POST", f"{ONE}/publish", If_Match=pen.etag())["state"] == "published"
    assert (pen.file().read_bytes(), pen.acts()) == (before, [])


@one_database
@pytest.mark.parametrize(
    ("front", "field", "words"),
    [
        ({"title": None}, "title", "There is no `title`"),
        ({"title": "x" * 201}, "title", "at most 200"),
        ({"title": ["a"]}, "title", "read as a list"),
        ({"date": "soon"}, "date", "isn’t a date"),
        ({"date": "10000-01-01"}, "date", "isn’t a date"),
        ({"date": "2026-02-30"}, "date", "in the calendar"),
        ({"slug": "../etc"}, "slug", "can’t be part of an address"),
        ({"slug": SECOND}, "slug", f"belongs to articles/{SECOND}.md already"),
        ({"status": "live"}, "status", "neither draft nor published"),
        ({"aliases": ["https://x.example"]}, "aliases", "isn’t the path"),
        ({"cover": "../secret"}, "cover", "isn’t the name of a file in media/"),
        ({"summary": 1.5}, "summary", "Numbers are whole"),
        ({"summary": "a\x07b"}, "summary", "code for a character"),
        ({"my field": "x"}, "my field", "letters from A to Z"),
        ({"extra": "x" * 17_000}, "", "at most 16,384 bytes"),
        ({"extra": {"a": {"b": {"c": {"d": {"e": 1}}}}}}, "extra", "Lists within lists"),
    ],
)
def test_what_cannot_be_used_is_named_and_not_written(
    pen: Pen, front: dict[str, Any], field: str, words: str
) -> None:
    before = pen.file().read_bytes()
    place = f"front_matter.{field}" if field else "front_matter"
    assert words in wrong(pen.change({"front_matter": front}))[place]
    sent = {"front_matter": {"title": "New"} | front, "id": "new"}
    assert words in wrong(pen.ask("POST", ARTICLES, sent))[place]
    assert (pen.file().read_bytes(), pen.acts()) == (before, [])
    assert not pen.file("new").exists()


@one_database
def test_an_address_of_anothers_article_is_taken_by_none_but_administrators(
    pen: Pen, hand: Callable[[Person], Pen], reader: Visitor
) -> None:
    hers = hand(SECOND_AUTHOR)
    title, now_at, was_at = "title: Winter\ndate: 2026-03-10\nauthor: thabo", "cold", "/old"
    pen.file(SECOND).write_text(f"---\n{title}\nslug: cold\naliases: [/old]\n---\n\nText\n")
    with pen.app.app_context():
        sync.run(pen.root, now=db.utc_now())
    for front, field in (
        ({"aliases": ["/new", was_at]}, "aliases"),
        ({"aliases": [f"/articles/{now_at}"]}, "aliases"),
        ({"slug": SECOND}, "slug"),
    ):
        words = "leads to another’s article"
        assert words in wrong(hers.change({"front_matter": front}))[f"front_matter.{field}"]
        sent = {"front_matter": {"title": "New"} | front, "id": "new"}
        assert words in wrong(hers.ask("POST", ARTICLES, sent))[f"front_matter.{field}"]
    assert not pen.file("new").exists()
    for path in (was_at, f"/articles/{SECOND}"):
        assert reader.get(path).headers["Location"] == f"/articles/{now_at}"
    hers.done("PATCH", ONE, {"front_matter": {"aliases": ["/new"]}}, If_Match="*")
    pen.done("PATCH", ONE, {"front_matter": {"aliases": [was_at]}}, If_Match="*")
    assert reader.get(was_at).headers["Location"] == f"/articles/{ARTICLE}"


@one_database
def test_a_text_that_is_too_much_is_refused(pen: Pen) -> None:
    for body, words in (("x" * 205_000, "200"), ("x" * 300_000, "256 KB")):
        assert words in wrong(pen.change({"body": body}))["body"]
    fields = {"extra": "x" * 16_300}
    assert "longer than 16 KB" in wrong(pen.change({"front_matter": fields}))["front_matter"]
    refused(pen.change({"body": "x" * 1_100_000}), 413)
    sent = {"front_matter": {"title": "New"}, "id": "../x", "body": 1}
    assert "body" in wrong(pen.ask("POST", ARTICLES, sent))
    assert "id" in wrong(pen.ask("POST", ARTICLES, sent | {"body": ""}))
    assert set(wrong(pen.ask("POST", ARTICLES, {"id": "new"}))) == {"front_matter"}


@one_database
def test_a_body_is_read_once_it_is_known_whose_it_is(pen: Pen) -> None:
    sent: dict[str, Any] = {"data": b"x" * 2_000_000, "content_type": "application/json"}
    chunked = sent | {"headers": {"Transfer-Encoding": "chunked"}}
    for options in (sent, chunked):
        assert pen.holder.visitor._open("POST", ARTICLES, **options).status_code == 401
    chunked["headers"]["Authorization"] = f"Bearer {pen.holder.secret}"
    assert pen.holder.visitor._open("POST", ARTICLES, **chunked).status_code == 411


@one_database
def test_what_is_to_be_looked_at_again_is_told_with_the_answer(pen: Pen) -> None:
    front = {"colour": "green", "author": "nobody", "date": "9999-12-30", "cover": "none.jpg"}
    data = pen.change({"front_matter": front, "body": "See [this](/articles/none)."}).json["data"]
    told = " ".join(each["message"] for each in data["problems"])
    for words in ("`colour`", "author nobody", "media/none.jpg", "/articles/none", "`cover_alt`"):
        assert words in told
    assert data["state"] == "scheduled"
    assert data["front_matter"]["colour"] == "green"
    assert all(each["is_warning"] for each in data["problems"])


@one_database
def test_a_file_that_is_broken_is_shown_and_can_be_mended(pen: Pen) -> None:
    pen.file().write_text("---\ntitle: [a\ndate: 2026-03-10\n---\n\nText\n")
    pen.file("plain").write_text("Just words\n")
    pen.file("latin").write_bytes(b"---\ntitle: caf\xe9\n---\n")
    with pen.app.app_context():
        sync.run(pen.root, now=db.utc_now())
    data = pen.done("GET", ONE)
    # Its last good version is online.
    assert (data["state"], data["title"][:11]) == ("published", "Mesotherapy")
    assert data["front_matter"] == {"date": "2026-03-10"}
    assert [each["line"] for each in data["problems"] if not each["is_warning"]] == [2]
    assert pen.change({"front_matter": {"title": "A"}}).json["data"]["title"] == "A"
    plain = pen.done("GET", f"{ARTICLES}/plain")
    assert (plain["state"], plain["front_matter"], plain["body"]) == (
        "unusable",
        {},
        "Just words\n",
    )
    for answer in (
        pen.change({"body": "x"}, f"{ARTICLES}/plain"),
        pen.ask("POST", f"{ARTICLES}/plain/publish"),
    ):
        assert "doesn’t start with its fields" in wrong(answer)["front_matter"]
    assert "isn’t UTF-8" in refused(pen.ask("GET", f"{ARTICLES}/latin"), 409)
    pen.done("DELETE", f"{ARTICLES}/plain", If_Match="*")


@one_database
def test_articles_are_listed_by_state(pen: Pen, clock: Clock) -> None:
    for article_id, fields in {
        "a-draft": "status: draft",
        "to-come": "date: 2027-01-01",
        "old": "date: 2020-01-01\nexpires: 2021-01-01",
        "shelved": "status: archived",
        "broken": "date: soon",
    }.items():
        pen.file(article_id).write_text(f"---\ntitle: T\n{fields}\n---\n\nText\n")
    with pen.app.app_context():
        sync.run(pen.root, now=db.utc_now())
    states = {}
    for state in ("draft", "scheduled", "expired", "archived", "unusable", "published"):
        found = pen.done("GET", f"{ARTICLES}?state={state}")
        assert {each["state"] for each in found} == {state}
        states[state] = [each["id"] for each in found]
    assert states == {
        "draft": ["a-draft"],
        "scheduled": ["to-come"],
        "expired": ["old"],
        "archived": ["shelved"],
        "unusable": ["broken"],
        "published": [ARTICLE, SECOND],
    }
    every = pen.ask("GET", f"{ARTICLES}?limit=4").json
    assert every["meta"]["pagination"]["total"] == 7
    rest = pen.done("GET", f"{ARTICLES}?limit=4&page=2")
    ids = [each["id"] for each in [*every["data"], *rest]]
    assert ids == ["a-draft", "broken", "shelved", "to-come", ARTICLE, SECOND, "old"]
    broken = next(each for each in every["data"] if each["id"] == "broken")
    assert (broken["title"], broken["slug"], broken["url"]) == ("broken", None, None)
    refused(pen.ask("GET", f"{ARTICLES}?state=lost"), 400)
    refused(pen.ask("GET", f"{ARTICLES}?page=3"), 404)


@one_database
def test_an_author_writes_her_own_articles_alone(pen: Pen, hand: Callable[[Person], Pen]) -> None:
    pen.change({"front_matter": {"author": None, "authors": ["thabo"]}}, f"{ARTICLES}/{SECOND}")
    hers = hand(SECOND_AUTHOR)
    assert [each["id"] for each in hers.done("GET", ARTICLES)] == [ARTICLE]
    pen.file("torn").write_text("---\ntitle: Whose is it?\n")
    others, missing, odd, torn = (
        refused(hers.ask("GET", f"{ARTICLES}/{name}"), 404)
        for name in (SECOND, "none", "a.b", "torn")
    )
    assert others == missing == odd == torn
    refused(hers.ask("DELETE", f"{ARTICLES}/{SECOND}", If_Match="*"), 404)
    made = hers.done("POST", ARTICLES, NEW, 201)
    assert made["authors"] == [AUTHOR_ID]
    given = {"front_matter": {"title": "T", "author": "thabo"}}
    for answer in (
        hers.ask("POST", ARTICLES, given),
        hers.change({"front_matter": {"author": None}}),
    ):
        assert "articles of your own" in wrong(answer)["front_matter.author"]
    both = {"front_matter": {"author": None, "authors": ["thabo", AUTHOR_ID]}}
    assert hers.change(both).json["data"]["authors"] == ["thabo", AUTHOR_ID]


@one_database
def test_an_id_that_comments_hang_on_goes_to_nobody_else(
    pen: Pen, hand: Callable[[Person], Pen]
) -> None:
    hers, again = hand(SECOND_AUTHOR), NEW | {"id": "hers"}
    pen.done("DELETE", f"{ARTICLES}/{SECOND}", If_Match="*")
    pen.file().unlink()
    with pen.app.app_context():
        sync.run(pen.root, now=db.utc_now())
    for gone in (SECOND, ARTICLE):
        answer = hers.ask("POST", ARTICLES, NEW | {"id": gone})
        assert "already, or was" in refused(answer, 409)
    for _ in range(2):
        hers.done("POST", ARTICLES, again, 201)
        hers.done("DELETE", f"{ARTICLES}/hers", If_Match="*")
    pen.done("POST", ARTICLES, again, 201)


@one_database
def test_a_published_article_gets_what_it_lacks_and_no_more(pen: Pen) -> None:
    pen.file("late").write_text("---\ntitle: T\nstatus: Archived\ndate: 2027-01-01\n---\n")
    assert pen.done("POST", f"{ARTICLES}/late/publish")["state"] == "scheduled"
    pen.file("bare").write_text("---\ntitle: T # note\n---\n")
    assert pen.done("POST", f"{ARTICLES}/bare/publish")["state"] == "published"
    assert pen.file("bare").read_text() == "---\ntitle: T # note\ndate: 2026-05-04 11:30\n---\n"
    assert pen.done("POST", f"{ARTICLES}/bare/unpublish")["state"] == "draft"


@one_database
@pytest.mark.parametrize(
    ("call", "method", "path", "sent"),
    [
        ("replace", "PATCH", ONE, {"body": "x"}),
        ("link", "POST", ARTICLES, NEW),
        ("replace", "DELETE", ONE, None),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_of_and_nothing_changes(
    pen: Pen, monkeypatch: pytest.MonkeyPatch, call: str, method: str, path: str, sent: Any
) -> None:
    before = sorted(each.name for each in pen.file().parent.iterdir()), pen.file().read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as folder:
        folder.setattr(os, call, refuse)
        answer = pen.ask(method, path, sent, If_Match="*")
    assert "read-only file system. Nothing was changed" in refused(answer, 503)
    assert before == (
        sorted(each.name for each in pen.file().parent.iterdir()),
        pen.file().read_bytes(),
    )
    assert pen.acts() == []


@one_database
@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [("PATCH", ONE, {"body": "x"}), ("POST", ARTICLES, NEW), ("DELETE", ONE, None)],
)
def test_where_the_index_cannot_follow_the_file_is_as_it_was(
    pen: Pen, method: str, path: str, sent: Any
) -> None:
    before = sorted(each.name for each in pen.file().parent.iterdir()), pen.file().read_bytes()
    with pen.app.app_context(), db.writing():
        stop = (
            "CREATE TRIGGER stop BEFORE INSERT ON journal_line BEGIN SELECT RAISE(ABORT, 'x'); END"
        )
        db.session.execute(text(stop))
    assert pen.ask(method, path, sent, If_Match="*").status_code == 500
    assert before == (
        sorted(each.name for each in pen.file().parent.iterdir()),
        pen.file().read_bytes(),
    )
