"""How often one client may do what, and that no reader is refused for a counter's sake."""

import ipaddress
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from blog import db
from blog.limits import FileStorage
from tests.cast import ARTICLE, CLOCK, Clock, Visitor, csrf_token, kept
from tests.needs import redis_server

pytestmark = pytest.mark.one_database("clients are counted in a file of its own or in Redis")

MakeApp = Callable[..., Flask]
COMMENTS = f"/articles/{ARTICLE}/comments"


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A Unix clock that stands still; calling it moves it on."""
    now = [CLOCK.timestamp()]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    return FileStorage(f"blogfile://{tmp_path / 'limits.db'}")


def instance(app: Flask) -> Path:
    return Path(app.instance_path)


def ask(visitor: Visitor) -> TestResponse:
    """Send a form that stores nothing, and counts all the same."""
    return visitor.post("/contact", {"message": "May I book?"})


def statuses(visitor: Visitor, count: int) -> set[int]:
    return {ask(visitor).status_code for _ in range(count)}


# What a reader sees


def test_the_eleventh_comment_in_a_minute_waits_with_what_was_typed(
    clock: Clock, tick: Callable[[float], None], reader: Visitor
) -> None:
    for number in range(10):
        assert reader.comment(f"Comment {number}").status_code == 303
    refused = reader.comment("The <eleventh>", email="nomsa@reader.example")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert "Please wait a moment" in refused.text
    for text in ("The &lt;eleventh&gt;", "Nomsa", "nomsa@reader.example"):
        assert text in refused.text
    again = kept(refused.text)
    assert again["body"] == "The <eleventh>"
    assert reader.post(COMMENTS, again).status_code == 429
    tick(61)
    assert reader.post(COMMENTS, again).status_code == 303


def test_only_a_client_that_is_refused_is_told_to_wait(reader: Visitor) -> None:
    for answer in (reader.comment(), ask(reader), reader.get("/contact")):
        assert "Retry-After" not in answer.headers


def test_what_somebody_else_does_costs_nobody_anything(
    reader: Visitor, stranger: Visitor, app: Flask
) -> None:
    assert statuses(reader, 11) == {422, 429}
    assert statuses(stranger, 1) == {422}
    assert reader.comment().status_code == 303
    assert reader.get("/contact").status_code == 200
    assert statuses(Visitor(app, address=reader.address), 1) == {429}


def test_the_addresses_of_one_ipv6_network_are_one_client(app: Flask) -> None:
    near = [Visitor(app, address=f"2001:db8:1:2::{number:x}") for number in range(1, 12)]
    assert [ask(visitor).status_code for visitor in near] == [422] * 10 + [429]
    assert statuses(Visitor(app, address="2001:db8:1:3::1"), 1) == {422}
    assert statuses(Visitor(app, address="::ffff:192.0.2.77"), 10) == {422}
    assert statuses(Visitor(app, address="192.0.2.77"), 1) == {429}


def test_clients_behind_a_proxy_are_counted_one_by_one(make_app: MakeApp) -> None:
    proxy = Visitor(make_app(trusted_proxies="1"))

    def ask_for(address: str) -> int:
        headers = {"X-Forwarded-For": f"10.1.2.3, {address}"}
        return proxy.post("/contact", {"message": "Hello"}, headers=headers).status_code

    assert [ask_for("203.0.113.1") for _ in range(11)] == [422] * 10 + [429]
    assert ask_for("203.0.113.2") == 422


def test_an_hour_has_its_limit_too(tick: Callable[[float], None], reader: Visitor) -> None:
    for _ in range(6):
        assert statuses(reader, 10) == {422}
        tick(61)
    refused = ask(reader)
    assert refused.status_code == 429
    assert 60 < int(refused.headers["Retry-After"]) <= 3_601
    tick(3_600)
    assert ask(reader).status_code == 422


def test_trying_passwords_has_a_limit_and_looking_at_the_form_has_none(reader: Visitor) -> None:
    page = "/admin/sign-in"
    token = csrf_token(reader.get(page).text)
    answers = [reader.post(page, {"csrf_token": token}).status_code for _ in range(21)]
    assert answers == [422] * 20 + [429]
    assert {reader.get(page).status_code for _ in range(30)} == {200}


# Where it is counted

_POSTING = """
import os
from blog import create_app
client = create_app(os.environ).test_client()
for _ in range(6):
    answer = client.post("/contact", data={"message": "x"}, base_url="http://127.0.0.1:8000",
                         environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    print(answer.status_code)
"""


def test_processes_of_one_machine_count_together(environ: dict[str, str], app: Flask) -> None:
    command = [sys.executable, "-c", _POSTING]
    other = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert other.stdout.split() == ["422"] * 6
    reader = Visitor(app)
    assert [ask(reader).status_code for _ in range(5)] == [422] * 4 + [429]


def test_the_counters_are_for_nobody_else_on_the_machine_to_read(app: Flask) -> None:
    assert ask(Visitor(app)).status_code == 422
    for path in instance(app).glob("limits.db*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_counting_survives_a_restart(make_app: MakeApp) -> None:
    assert statuses(Visitor(make_app()), 10) == {422}
    assert statuses(Visitor(make_app()), 1) == {429}


@pytest.mark.parametrize("harm", ["a folder", "garbage"])
def test_a_counter_that_cannot_be_used_refuses_nobody(
    make_app: MakeApp, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    path = instance(app) / "limits.db"
    if harm == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"this is no database at all, whatever its name says" * 100)
    reader = Visitor(app)
    assert {reader.comment(f"Comment {number}").status_code for number in range(12)} == {303}
    assert reader.enquire().status_code == 303
    assert "Failed to rate limit" in caplog.text
    assert "192.0.2.1" not in caplog.text


def test_a_counter_that_is_spoilt_while_it_is_used_refuses_nobody(app: Flask) -> None:
    reader = Visitor(app)
    assert ask(reader).status_code == 422
    for path in instance(app).glob("limits.db*"):
        path.write_bytes(b"spoilt" * 5_000)
    assert statuses(reader, 12) == {422}


def words_of(app: Flask) -> str:
    """All that the database holds, as text."""
    with app.app_context():
        tables = db.db.metadata.sorted_tables
        rows = [db.session.execute(select(table)).all() for table in tables]
    assert sum(map(len, rows)) > 5
    return repr(rows)


@pytest.mark.parametrize("address", ["203.0.113.199", "2001:db8:77:88:99:aa:bb:cc"])
def test_no_address_of_a_client_is_stored_anywhere(
    app: Flask, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = Visitor(app, address=address)
    assert visitor.comment().status_code == 303
    assert visitor.enquire().status_code == 303
    page = "/admin/sign-in"
    guess = {"email": "sandra@clinic.example", "password": "a wrong guess"}
    token = csrf_token(visitor.get(page).text)
    assert visitor.post(page, guess | {"csrf_token": token}).status_code == 422
    assert 429 in statuses(visitor, 12)
    packed = ipaddress.ip_address(address).packed
    files = [path for path in instance(app).parent.rglob("*") if path.is_file()]
    assert instance(app) / "limits.db" in files
    for path in files:
        assert address.encode() not in path.read_bytes(), path
        assert packed not in path.read_bytes(), path
    assert address not in words_of(app)
    assert address not in caplog.text


# The file itself


def test_a_window_ends_and_opens_anew(storage: FileStorage, tick: Callable[[float], None]) -> None:
    started = time.time()
    assert [storage.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert (storage.get("a"), storage.get_expiry("a")) == (3, started + 60)
    tick(59.9)
    assert storage.incr("a", 60) == 4
    assert storage.get_expiry("a") == started + 60
    tick(0.1)
    assert (storage.get("a"), storage.get_expiry("a")) == (0, started + 60)
    assert storage.incr("a", 60) == 1
    assert storage.get_expiry("a") == started + 120


def test_a_counter_nobody_opened_is_at_nought(
    storage: FileStorage, tick: Callable[[float], None]
) -> None:
    assert (storage.get("a"), storage.get_expiry("a")) == (0, time.time())


def test_a_hit_may_count_more_than_once(storage: FileStorage) -> None:
    assert storage.incr("a", 60, amount=5) == 5
    assert storage.incr("a", 60, 2) == 7


def test_counters_are_forgotten_one_by_one_or_all_together(storage: FileStorage) -> None:
    for key in "aabbc":
        storage.incr(key, 60)
    storage.clear("a")
    assert (storage.get("a"), storage.get("b")) == (0, 2)
    assert storage.reset() == 2
    assert storage.get("b") == 0
    assert storage.check()


def rows(storage: FileStorage) -> int:
    with sqlite3.connect(storage._path) as connection:
        found: int = connection.execute("SELECT count(*) FROM hit").fetchone()[0]
    connection.close()
    return found


def test_counters_that_ended_are_swept_in_time(
    storage: FileStorage, tick: Callable[[float], None]
) -> None:
    for number in range(300):
        storage.incr(f"client {number}", 60)
    assert rows(storage) == 300
    tick(61)
    for _ in range(200):
        storage.incr("the last", 60)
    assert rows(storage) == 1
    assert storage.get("the last") == 200


def test_threads_lose_no_hit(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    processes = [FileStorage(f"blogfile://{path}") for _ in range(2)]
    # The file is made before the race, since switching its mode waits for nobody.
    assert all(storage.check() for storage in processes)

    def hit(storage: FileStorage) -> None:
        for _ in range(50):
            storage.incr("a", 60)

    threads = [threading.Thread(target=hit, args=(storage,)) for storage in processes * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert processes[0].get("a") == 300


def test_a_locked_file_is_not_waited_for_long(storage: FileStorage) -> None:
    storage.incr("a", 60)
    other = sqlite3.connect(storage._path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(storage.base_exceptions):
        storage.incr("a", 60)
    assert time.monotonic() - started < 4
    other.close()
    assert storage.incr("a", 60) == 2


# Redis


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A Redis of this test's own; its address is the last of its arguments."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path), "--save", ""]
    server = subprocess.Popen([redis_server(), *where], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    assert any("eady to accept connections" in line for line in server.stdout)
    server.args = f"redis://127.0.0.1:{port}/0"
    yield server
    server.kill()
    server.wait()
    server.stdout.close()


def test_several_machines_count_together_in_redis(
    make_app: MakeApp, redis: subprocess.Popen[str], tmp_path: Path
) -> None:
    url = str(redis.args)
    machines = [
        make_app(limits_url=url, instance_dir=str(tmp_path / name)) for name in ("one", "other")
    ]
    assert statuses(Visitor(machines[0]), 6) == {422}
    answers = [ask(Visitor(machines[1])) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert not list(tmp_path.rglob("limits.db"))


def test_a_redis_that_goes_away_refuses_nobody(
    make_app: MakeApp, redis: subprocess.Popen[str]
) -> None:
    reader = Visitor(make_app(limits_url=str(redis.args)))
    assert statuses(reader, 11) == {422, 429}
    redis.kill()
    redis.wait()
    assert reader.comment().status_code == 303
    assert ask(reader).status_code == 422


def test_a_redis_that_does_not_answer_holds_nobody_up_for_long(make_app: MakeApp) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        reader = Visitor(make_app(limits_url=f"redis://127.0.0.1:{mute.getsockname()[1]}/0"))
        started = time.monotonic()
        assert ask(reader).status_code == 422
        assert time.monotonic() - started < 4
