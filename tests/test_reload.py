"""While a site is developed, an edit of its words is seen at the next look at a page."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from blog import articles, db, revision
from tests.cast import ARTICLE, CLOCK, SECOND, Clock, Visitor

EDITED_AT = CLOCK - timedelta(hours=1)
PAGE = f"/articles/{ARTICLE}"


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Flask:
    return make_app(content_dir=str(own_content))


def write(root: Path, path: str, text: str, *, at: datetime = EDITED_AT) -> None:
    (root / path).write_text(text, encoding="utf-8")
    os.utime(root / path, (at.timestamp(), at.timestamp()))


def article(title: str, **fields: str) -> str:
    lines = {"title": title, "date": "2026-03-01", "summary": "In short."} | fields
    head = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return f"---\n{head}---\nWords.\n"


def site_revision(app: Flask) -> int:
    with app.app_context():
        return revision.current(db.session)


def title_of(app: Flask, slug: str) -> str:
    with app.app_context():
        found = articles.by_slug(slug, now=CLOCK)
        return found.title if found else ""


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Write down every statement that reaches the database."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    with app.app_context():
        engine = db.db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_an_edit_is_seen_at_the_next_look(site: Flask, own_content: Path) -> None:
    reader = Visitor(site)
    assert "Mesotherapy or microneedling" in reader.get(PAGE).text
    write(own_content, f"articles/{ARTICLE}.md", article("Edited", author="nomsa-k"))
    assert "Edited" in reader.get(PAGE).text
    write(own_content, "authors/nomsa-k.md", "---\nname: Nomsa K.\n---\nHello.\n")
    assert "Nomsa K." in reader.get(PAGE).text
    write(own_content, "site.toml", 'title = "Another name"\n')
    assert "Another name" in reader.get(PAGE).text
    (own_content / f"articles/{ARTICLE}.md").unlink()
    assert reader.get(PAGE).status_code == 410


def test_what_was_edited_before_the_start_is_seen_too(site: Flask, own_content: Path) -> None:
    write(own_content, f"articles/{ARTICLE}.md", article("Edited"))
    assert "Edited" in Visitor(site).get("/").text


def test_an_old_address_that_was_just_written_down_leads_on(site: Flask, own_content: Path) -> None:
    reader = Visitor(site)
    assert reader.get("/2019/05/old").status_code == 404
    write(own_content, f"articles/{SECOND}.md", article("Edited", aliases="[/2019/05/old]"))
    assert reader.get("/2019/05/old").location == f"/articles/{SECOND}"


def test_a_site_with_a_public_address_never_looks(
    make_app: Callable[..., Flask], own_content: Path
) -> None:
    app = make_app(content_dir=str(own_content), site_url="https://blog.example")
    write(own_content, f"articles/{ARTICLE}.md", article("Edited"))
    assert "Edited" not in Visitor(app).get("/").text


def test_only_a_look_at_a_public_page_is_one(site: Flask, own_content: Path) -> None:
    reader = Visitor(site)
    write(own_content, f"articles/{ARTICLE}.md", article("Edited"))
    reader.post("/contact", {"name": "Nomsa"})
    reader.get("/admin/sign-in")
    reader.get("/livez")
    assert title_of(site, ARTICLE) != "Edited"
    reader.client.head("/", base_url=reader.base)
    assert title_of(site, ARTICLE) == "Edited"


def test_where_nothing_changed_the_database_is_not_asked(site: Flask, own_content: Path) -> None:
    reader = Visitor(site)
    reader.get("/")
    with statements(site) as found:
        reader.get("/")
        assert not any("content_file" in statement for statement in found)
        write(own_content, f"articles/{ARTICLE}.md", article("Edited"))
        reader.get("/")
        assert any("content_file" in statement for statement in found)


def test_a_file_that_may_be_saved_again_within_a_tick_is_looked_at_again(
    site: Flask, own_content: Path, clock: Clock
) -> None:
    reader = Visitor(site)
    write(own_content, f"articles/{ARTICLE}.md", article("Once"), at=CLOCK)
    assert "Once" in reader.get(PAGE).text
    write(own_content, f"articles/{ARTICLE}.md", article("Then"), at=CLOCK)
    assert "Then" in reader.get(PAGE).text
    clock.move(seconds=3)
    reader.get(PAGE)
    with statements(site) as found:
        reader.get(PAGE)
    assert not any("content_file" in statement for statement in found)


def test_a_mistake_is_logged_and_the_page_shown_as_it_was(
    site: Flask, own_content: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Visitor(site)
    write(own_content, f"articles/{ARTICLE}.md", "Just words.")
    write(own_content, f"articles/{SECOND}.md", article("Edited"))
    home = reader.get("/").text
    assert "Mesotherapy or microneedling" in home
    assert "Edited" in home
    assert f"articles/{ARTICLE}.md:1:1: The file doesn’t start with its fields." in caplog.text
    caplog.clear()
    reader.get("/")
    assert caplog.text == ""


def test_what_goes_wrong_is_logged_and_never_shown(
    site: Flask, own_content: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Visitor(site)
    own_content.rename(own_content.with_name("elsewhere"))
    response = reader.get("/")
    assert response.status_code == 200
    assert "Mesotherapy or microneedling" in response.text
    assert "There is no such folder" in caplog.text
    assert "There is no such folder" not in response.text
    own_content.with_name("elsewhere").rename(own_content)
    write(own_content, f"articles/{ARTICLE}.md", article("Edited"))
    assert "Edited" in reader.get("/").text


def test_readers_who_come_at_once_cause_one_sync(site: Flask, own_content: Path) -> None:
    before = site_revision(site)
    write(own_content, f"articles/{ARTICLE}.md", article("Edited"))
    together = threading.Barrier(4)
    seen: list[bool] = []

    def read() -> None:
        reader = Visitor(site)
        together.wait()
        seen.append("Edited" in reader.get("/").text)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4
    assert site_revision(site) == before + 1
