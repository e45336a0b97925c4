"""What a supervisor asks: whether the process lives, and whether it can serve readers."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from blog import db, health
from tests.cast import Visitor

MakeApp = Callable[..., Flask]


def test_a_site_that_can_serve_says_so(reader: Visitor) -> None:
    answer = reader.get("/readyz")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    found = answer.get_json()
    assert found["status"] == "ok"
    assert found["database"] == "ok"
    assert found["disk"] == "ok"
    assert found["mail"]


def test_both_are_never_kept_by_anybody_in_between(reader: Visitor) -> None:
    for path in ("/livez", "/readyz"):
        assert reader.get(path).headers["Cache-Control"] == "no-store"
        assert reader.post(path, {"a": "b"}).status_code == 405
        assert reader.client.head(path, base_url=reader.base).status_code == 200


def test_without_a_database_the_process_lives_and_is_not_ready(
    make_app: MakeApp, tmp_path: Path
) -> None:
    for url in (f"sqlite:///{tmp_path}/none/blog.db", "postgresql://blog@127.0.0.1:1/none"):
        visitor = Visitor(make_app(database_url=url))
        assert visitor.get("/livez").get_json() == {"status": "ok"}
        answer = visitor.get("/readyz")
        assert answer.status_code == 503
        assert answer.get_json() == {"status": "unready", "database": "unready", "disk": "ok"}


def test_a_database_that_is_not_migrated_is_not_ready(make_app: MakeApp, tmp_path: Path) -> None:
    visitor = Visitor(make_app(database_url=f"sqlite:///{tmp_path / 'empty.db'}"))
    assert visitor.get("/readyz").status_code == 503
    assert visitor.get("/livez").status_code == 200


def test_a_database_of_another_version_is_not_ready_until_it_is_brought_up_to_date(
    app: Flask, reader: Visitor
) -> None:
    with app.app_context():
        head = db.migration_head()
        for version, status in (("an older one", 503), (head, 200)):
            with db.writing():
                db.session.execute(
                    text("UPDATE alembic_version SET version_num = :v"), {"v": version}
                )
            assert reader.get("/readyz").status_code == status


def test_a_disk_that_is_nearly_full_is_told_and_readers_are_served_all_the_same(
    reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_bytes = shutil.disk_usage("/").free
    monkeypatch.setattr(health, "LOW_DISK_BYTES", free_bytes * 10)
    answer = reader.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["disk"] == "low"


def test_neither_tells_a_stranger_anything_about_the_machine(
    make_app: MakeApp, environ: dict[str, str], tmp_path: Path
) -> None:
    missing = f"sqlite:///{tmp_path}/none/blog.db"
    for app in (make_app(), make_app(database_url=missing)):
        for path in ("/livez", "/readyz"):
            said = Visitor(app).get(path).text
            assert str(tmp_path) not in said
            assert not re.search(r"127\.0\.0\.1|sqlite|postgres|@|select", said, re.I)
