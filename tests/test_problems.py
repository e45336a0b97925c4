"""Every error is answered in one shape, and nobody loses what they typed."""

import logging
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask, request
from sqlalchemy import make_url, text
from werkzeug.test import TestResponse

from blog import comments, db, enquiries, problems
from blog.accounts import Role, User
from blog.enquiries import Folder
from blog.errors import Busy, Conflict, DatabaseUnready, Invalid, NotFound
from tests.cast import ARTICLE, AUTHOR, Visitor, csrf_token, kept

MakeApp = Callable[..., Flask]
COMMENTS = f"/articles/{ARTICLE}/comments"
HOSTILE = "\n</textarea><script>alert(1)</script>\n“שלום” é {{ 7*7 }} 🌸\n\n  the end"


class Database:
    """The database of a test's site, which can be lost and found again."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
        self.is_sqlite = self.url.drivername == "sqlite"
        self.path = Path(self.url.database or "")

    def lose(self) -> None:
        with self.app.app_context():
            db.close()
        if self.is_sqlite:
            for path in self.path.parent.glob(f"{self.path.name}*"):
                path.rename(path.with_name(f"away-{path.name}"))
            self.path.mkdir()
        else:
            self._allow_connections("false")
            self.cut()

    def find(self) -> None:
        if self.is_sqlite:
            self.path.rmdir()
            for path in self.path.parent.glob("away-*"):
                path.rename(path.with_name(path.name.removeprefix("away-")))
        else:
            self._allow_connections("true")

    def cut(self) -> None:
        """Break what is connected, as a server that restarts does."""
        if self.is_sqlite:
            self.path.write_bytes(b"spoilt" * 20_000)
        else:
            self._command(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [self.url.database],
            )

    def _allow_connections(self, word: str) -> None:
        self._command(f'ALTER DATABASE "{self.url.database}" ALLOW_CONNECTIONS {word}')

    def _command(self, command: Any, values: list[Any] | None = None) -> None:
        server = self.url.set(drivername="postgresql", database="postgres")
        with psycopg.connect(server.render_as_string(), autocommit=True) as connection:
            connection.execute(command, values)


@pytest.fixture
def database(app: Flask) -> Database:
    return Database(app)


@pytest.fixture
def failing(make_app: MakeApp) -> Callable[[Callable[[], Any]], Visitor]:
    """Make a site with a view of the test's own at several addresses; gives a reader of it."""

    def make(view: Callable[[], Any]) -> Visitor:
        app = make_app()
        for number, path in enumerate(["/fails", "/admin/fails", "/api/v1/fails"]):
            app.add_url_rule(path, f"fails-{number}", view, methods=["GET", "POST"])
        return Visitor(app)

    return make


def boom() -> str:
    raise RuntimeError(f"nobody foresaw {request.path}")


def shown(answer: TestResponse) -> list[str]:
    """What a page shows in the fields that can only be read, as a browser would."""
    areas = re.findall(r"<textarea id[^>]* readonly[^>]*>\n(.*?)</textarea>", answer.text, re.S)
    inputs = re.findall(r'<input id[^>]* value="([^"]*)" readonly', answer.text)
    return [unescape(found) for found in [*inputs, *areas]]


# Nothing typed is lost


def test_what_was_typed_survives_an_unforeseen_error_and_can_be_sent_again(
    failing: Callable[..., Visitor],
) -> None:
    reader = failing(boom)
    typed = {"name": "Nomsa", "email": "n@reader.example", "body": HOSTILE, "form_token": "abc"}
    answer = reader.post("/fails", typed)
    assert answer.status_code == 500
    assert shown(answer) == ["Nomsa", "n@reader.example", HOSTILE]
    assert "<script>alert" not in answer.text
    assert "49" not in answer.text.partition("<main")[2].replace("{{ 7*7 }}", "")
    assert kept(answer.text) == typed
    assert 'action="/fails"' in answer.text
    assert "Try again</button>" in answer.text


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/articles/none/comments", {"name": "Nomsa", "body": "My long question"}),
        ("/", {"message": "My long question"}),
        ("/livez", {"message": "My long question"}),
    ],
)
def test_what_was_typed_is_shown_where_nobody_takes_it(
    reader: Visitor, path: str, typed: dict[str, str]
) -> None:
    answer = reader.post(path, typed)
    assert answer.status_code in (404, 405)
    assert shown(answer) == list(typed.values())
    assert kept(answer.text) == {}


def test_every_field_a_person_types_is_shown_and_no_other(failing: Callable[..., Visitor]) -> None:
    typed = {
        "name": "Lerato",
        "email": "l@reader.example",
        "phone": "082 555 0134",
        "topic": "Microneedling",
        "message": "M" * 2_000,
        "consent": "y",
        "form_token": "secret-token",
        "empty": "",
    }
    answer = failing(boom).post("/admin/fails", typed)
    assert shown(answer) == list(typed.values())[:5]
    assert "secret-token" not in answer.text


def test_an_author_finds_her_reply_on_the_answer_to_a_stale_page(
    author: Visitor, reader: Visitor
) -> None:
    assert reader.comment().status_code == 303
    typed = {"body": "My long reply", "csrf_token": "stale"}
    answer = author.post("/admin/comments/1/reply", typed)
    assert answer.status_code == 422
    assert "open for too long" in answer.text
    assert shown(answer) == ["My long reply"]


def test_a_password_is_never_shown(
    failing: Callable[..., Visitor], app: Flask, reader: Visitor, database: Database
) -> None:
    guess = {"email": AUTHOR.email, "password": AUTHOR.password, "name": "Sandra"}
    for path in ("/admin/fails", "/api/v1/fails"):
        answer = failing(boom).post(path, guess)
        assert answer.status_code == 500
        assert AUTHOR.password not in answer.text
    token = csrf_token(reader.get("/admin/sign-in").text)
    database.lose()
    answer = reader.post("/admin/sign-in", guess | {"csrf_token": token})
    assert answer.status_code == 503
    assert shown(answer) == ["Sandra", AUTHOR.email]
    assert AUTHOR.password not in answer.text


def test_a_page_does_not_grow_with_the_number_of_fields_sent(
    failing: Callable[..., Visitor],
) -> None:
    answer = failing(boom).post("/fails", "name=Nomsa&" + "a&" * 100_000, content_type=FORM)
    assert answer.status_code == 500
    assert shown(answer) == ["Nomsa"]
    assert len(answer.data) < 20_000


FORM = "application/x-www-form-urlencoded"


def test_only_who_sent_something_is_told_where_it_still_is(reader: Visitor) -> None:
    said = "Back button"
    assert said not in reader.get("/nowhere/at/all").text
    assert said not in reader.get("/search?q=%00").text
    assert said not in reader.post("/", {"name": "Nomsa"}).text
    assert said in reader.post("/contact", "name=%ff", content_type=FORM).text


# The database goes away


def test_while_the_database_is_away_every_page_says_so_and_what_needs_none_is_served(
    reader: Visitor, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    sheet = reader.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    database.lose()
    for path in ("/", f"/articles/{ARTICLE}", "/contact", "/privacy", "/admin/", "/admin/sign-in"):
        answer = reader.get(path)
        assert answer.status_code == 503, path
        assert answer.headers["Retry-After"] == "5"
        assert "can’t be reached" in unescape(answer.text)
        assert "<title>" in answer.text
        assert sheet in answer.text
    missing = reader.get("/nowhere/at/all")
    assert missing.status_code in (404, 503)
    assert reader.get(sheet).status_code == 200
    assert reader.get("/livez").status_code == 200
    assert "database: " in caplog.text
    database.find()
    assert reader.get("/").status_code == 200


@pytest.mark.parametrize(
    ("page", "path", "typed"),
    [
        (f"/articles/{ARTICLE}", COMMENTS, {"name": "Nomsa", "body": HOSTILE}),
        (
            "/contact",
            "/contact",
            {
                "name": "Lerato",
                "email": "lerato@reader.example",
                "topic": "Mesotherapy",
                "message": HOSTILE,
                "consent": "y",
            },
        ),
    ],
)
def test_a_form_sent_while_the_database_is_away_waits_on_the_page_until_it_is_back(
    app: Flask, reader: Visitor, database: Database, page: str, path: str, typed: dict[str, str]
) -> None:
    filled = reader.form(page, path) | typed
    database.lose()
    answer = reader.post(path, filled)
    assert answer.status_code == 503
    assert HOSTILE in shown(answer)
    again = kept(answer.text)
    assert again == filled
    assert reader.post(path, again).status_code == 503
    database.find()
    assert reader.post(path, again).status_code == 303
    with app.app_context():
        stored = sum(comments.counts().values()) + enquiries.count_in(Folder.ALL)
    assert stored == 1


def test_a_database_that_breaks_while_it_is_read_is_a_page_that_says_so(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    database = Database(app)

    def read() -> Any:
        db.session.execute(text("SELECT count(*) FROM alembic_version"))
        database.cut()
        db.session.execute(text("SELECT * FROM article"))

    app.add_url_rule("/reads", view_func=read, methods=["GET", "POST"])
    answer = Visitor(app).post("/reads", {"body": "My long question"})
    assert answer.status_code == 503
    assert shown(answer) == ["My long question"]
    assert "database: " in caplog.text


def test_a_database_that_breaks_while_it_is_written_stores_nothing_and_keeps_what_was_typed(
    make_app: MakeApp,
) -> None:
    app = make_app()
    database = Database(app)

    def write() -> Any:
        with db.writing():
            db.session.execute(text("DELETE FROM article_topic"))
            database.cut()
            db.session.execute(text("SELECT count(*) FROM article, page, author"))

    app.add_url_rule("/writes", view_func=write, methods=["POST"])
    answer = Visitor(app).post("/writes", {"body": "My long question"})
    assert answer.status_code == 503
    assert shown(answer) == ["My long question"]
    assert kept(answer.text) == {"body": "My long question"}


def test_a_database_that_breaks_before_another_error_is_answered_spoils_no_answer(
    make_app: MakeApp,
) -> None:
    app = make_app()
    database = Database(app)

    def read() -> Any:
        db.session.execute(text("SELECT count(*) FROM alembic_version"))
        database.cut()
        raise NotFound("There is no such thing.")

    app.add_url_rule("/reads", view_func=read, methods=["POST"])
    answer = Visitor(app).post("/reads", {"body": "My long question"})
    assert answer.status_code == 404
    assert "There is no such thing." in answer.text
    assert shown(answer) == ["My long question"]
    assert "The Skin Journal" in answer.text or database.is_sqlite


def test_a_database_that_breaks_behind_a_finished_page_spoils_nothing(make_app: MakeApp) -> None:
    app = make_app()
    database = Database(app)

    def read() -> str:
        db.session.execute(text("SELECT count(*) FROM alembic_version"))
        database.cut()
        return "a finished page"

    app.add_url_rule("/reads", view_func=read)
    answer = Visitor(app).get("/reads")
    assert (answer.status_code, answer.text) == (200, "a finished page")


def test_a_database_that_was_cut_off_for_a_moment_is_found_again(
    reader: Visitor, database: Database
) -> None:
    assert reader.get("/").status_code == 200
    database.lose()
    database.find()
    assert reader.comment().status_code == 303


def test_a_mistake_of_ours_with_the_database_is_no_outage(
    failing: Callable[..., Visitor], caplog: pytest.LogCaptureFixture
) -> None:
    def add_twice() -> Any:
        with db.writing():
            for _ in range(2):
                user = User(email=AUTHOR.email, name="", role=Role.ADMIN, password_hash="")
                user.created_at = db.utc_now()
                db.session.add(user)

    answer = failing(add_twice).post("/fails", {"body": "My long question"})
    assert answer.status_code == 500
    assert shown(answer) == ["My long question"]
    assert "IntegrityError" in caplog.text


# Pages


def test_an_unforeseen_error_is_noted_with_its_place_and_told_to_nobody(
    failing: Callable[..., Visitor], caplog: pytest.LogCaptureFixture
) -> None:
    reader = failing(boom)
    with caplog.at_level(logging.ERROR):
        answers = [reader.get("/fails"), reader.get("/api/v1/fails")]
    for answer in answers:
        assert answer.status_code == 500
        assert "nobody foresaw" not in answer.text
        assert "Traceback" not in answer.text
        assert "not your fault" in answer.text
    assert "nobody foresaw /fails" in caplog.text
    assert "in boom" in caplog.text


@pytest.mark.parametrize(
    ("cause", "level"), [(None, logging.WARNING), (OSError("disk full"), logging.ERROR)]
)
def test_a_rush_is_noted_less_loudly_than_what_somebody_must_mend(
    failing: Callable[..., Visitor],
    caplog: pytest.LogCaptureFixture,
    cause: Exception | None,
    level: int,
) -> None:
    def refuse() -> Any:
        raise Busy("Please try again shortly.") from cause

    assert failing(refuse).get("/fails").status_code == 503
    assert [record.levelno for record in caplog.records] == [level]


def test_what_was_done_before_an_error_is_not_kept(
    failing: Callable[..., Visitor], app: Flask
) -> None:
    def half() -> str:
        with db.writing():
            db.session.execute(text("DELETE FROM article_topic"))
            raise RuntimeError("in the middle")

    assert failing(half).post("/fails", {"a": "b"}).status_code == 500
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM article_topic")).scalar() == 2


def test_a_page_that_is_not_there_helps_one_on(reader: Visitor) -> None:
    answer = reader.get("/nowhere/at/all")
    assert answer.status_code == 404
    assert "<title>This page isn’t here" in answer.text
    assert 'name="robots" content="noindex"' in answer.text
    assert 'role="search"' in answer.text
    assert f'href="/articles/{ARTICLE}"' in answer.text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (Conflict("Somebody else was quicker."), 409, "Somebody else was quicker."),
        (Invalid({"a": "This is wrong.", "b": "That too."}), 422, "This is wrong. That too."),
        (DatabaseUnready("Run: blog db upgrade"), 503, "blog db upgrade"),
    ],
)
def test_an_error_of_our_tree_says_its_sentence(
    failing: Callable[..., Visitor], error: Exception, status: int, said: str
) -> None:
    def view() -> str:
        raise error

    reader = failing(view)
    for path in ("/fails", "/api/v1/fails"):
        answer = reader.get(path)
        assert answer.status_code == status
        assert said in answer.text


# Problem details


def problem(answer: TestResponse, status: int, code: str, *, header: str = "") -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    found: dict[str, Any] = answer.get_json()
    assert set(found) == {"type", "title", "status", "detail", "code", "errors"}
    assert (found["status"], found["type"].rpartition("#problem-")[2]) == (status, code)
    assert found["code"] == code
    assert [each["header"] for each in found["errors"]] == ([header] if header else [])
    assert found["title"]
    assert found["detail"].endswith(".")
    return found


def test_a_program_gets_problem_details_for_every_status(
    failing: Callable[..., Visitor], app: Flask
) -> None:
    program = failing(boom)
    at = "/api/v1/fails"
    nothing = problem(program.get("/api/v1/nothing"), 404, "not-found")
    assert nothing["detail"].startswith("There is nothing at this address; /api/v1/openapi.json")
    assert nothing["title"] == problems.KNOWN["not-found"][1]
    problem(program.get("/api/"), 404, "not-found")
    problem(program.get("/api/v1/nothing?q=%ff"), 400, "bad-request")
    long = problem(program.post(at, {"body": "x" * 300_000}), 413, "content-too-large")
    assert "262,144 bytes" in long["detail"]
    chunked = program.post(at, headers={"Transfer-Encoding": "chunked"})
    wanted = problem(chunked, 411, "length-required", header="Content-Length")
    assert "Content-Length" in wanted["detail"]
    foreign = program.post(at, {"a": "b"}, headers={"Origin": "null"})
    assert "BLOG_ALLOWED_ORIGINS" in problem(foreign, 403, "forbidden")["detail"]
    assert "Retry-After" in foreign.headers["Access-Control-Expose-Headers"]
    problem(program.post(at, b"{", content_type="application/json"), 500, "internal-error")
    put = program.client.put(at, data={"a": "b"}, base_url=program.base)
    taken = "This address takes GET, HEAD, OPTIONS, POST, and no other method."
    assert problem(put, 405, "method-not-allowed")["detail"] == taken
    assert set(put.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    away = Database(app)
    away.lose()
    problem(program.get(at), 500, "internal-error")


def test_a_program_is_told_when_the_database_is_away_and_when_to_come_back(
    failing: Callable[..., Visitor], app: Flask
) -> None:
    program = failing(lambda: str(comments.counts()))
    Database(app).lose()
    answer = program.get("/api/v1/fails")
    problem(answer, 503, "busy")
    assert answer.headers["Retry-After"] == "5"


def test_what_a_program_sent_is_not_sent_back(failing: Callable[..., Visitor]) -> None:
    answer = failing(boom).post("/api/v1/fails", {"body": "My long question"})
    assert "My long question" not in answer.text


def test_only_what_is_below_api_is_for_programs(reader: Visitor) -> None:
    for path in ("/api", "/apis/x", "/articles/api"):
        assert "<h1" in reader.get(path).text


def test_wrong_fields_are_named_to_programs(app: Flask, reader: Visitor) -> None:
    @app.post("/api/things")
    def refuse() -> str:
        raise Invalid({"name": "Please give a name."})

    problem = reader.post("/api/things", {"x": "1"}).json or {}
    assert problem["errors"] == [{"field": "name", "detail": "Please give a name."}]


def test_what_is_our_own_fault_is_noted(
    app: Flask, reader: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/busy")
    def refuse() -> str:
        raise Busy("No room.") from OSError("disk full")

    assert reader.get("/busy").status_code == 503
    assert "busy: disk full" in caplog.text
