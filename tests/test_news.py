"""What webhooks are told of a sync: what readers can see or no longer see, few events however much."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from blog import db, webhooks
from blog.articles import sync
from blog.webhooks import WebhookDelivery
from tests.cast import ARTICLE, SECOND, Clock
from tests.test_announcing import counted
from tests.test_sync import AUTHOR_ID, Desk

pytestmark = pytest.mark.one_database("syncs have tests on both, and so has what is queued")
SITE = "http://127.0.0.1:8000/api/v1"


@pytest.fixture
def desk(clock: Clock, make_app: Callable[..., Flask], own_content: Path) -> Iterator[Desk]:
    with make_app(content_dir=str(own_content)).app_context():
        yield Desk(own_content, clock)


@pytest.fixture
def hook(desk: Desk) -> int:
    """An endpoint that is told of everything."""
    desk.sync()
    with db.writing():
        chosen = list(webhooks.Event)
        said: dict[str, Any] = {"label": "a", "url": "https://a.example", "events": chosen}
        return webhooks.add(**said, by=None, now=desk.now).id


def told(desk: Desk) -> dict[str, list[str]]:
    """What a sync queues, by its events; and forget it again."""
    desk.sync()
    with db.writing():
        rows = db.session.query(WebhookDelivery).order_by(WebhookDelivery.id).all()
        found = [json.loads(row.body) for row in rows]
        for row in rows:
            db.session.delete(row)
    assert len(found) == len({each["type"] for each in found})
    return {each["type"]: [one["id"] for one in each["data"]["items"]] for each in found}


def test_what_readers_can_see_and_no_longer_see_is_told_of(hook: int, desk: Desk) -> None:
    assert told(desk) == {}
    desk.write("draft", status="draft")
    desk.write("later", date="2030-01-01")
    assert told(desk) == {}
    desk.write("draft", date="2026-04-01")
    desk.write("sun-care")
    assert told(desk) == {"article.published": ["draft", "sun-care"]}
    desk.write("sun-care", "Care in the sun", "Other words.\n")
    desk.write("draft", expires="2026-05-01")
    assert told(desk) == {
        "article.updated": ["sun-care"],
        "article.unpublished": ["draft"],
    }
    # A file that can't be used leaves what it said before online.
    desk.save("articles/sun-care.md", "no front matter")
    assert told(desk) == {}
    for name in ("sun-care", "draft", "later"):
        (desk.root / "articles" / f"{name}.md").unlink()
    assert told(desk) == {"article.deleted": ["sun-care"]}


def test_one_event_tells_of_all_that_is_not_an_article(hook: int, desk: Desk) -> None:
    desk.save("site.toml", (desk.root / "site.toml").read_text() + "\n# changed\n")
    desk.save("pages/about.md", "---\ntitle: About\n---\nWords.\n")
    desk.save(f"authors/{AUTHOR_ID}.md", "---\nname: Sandra\n---\nWords.\n")
    assert told(desk) == {"site.changed": ["site", f"authors/{AUTHOR_ID}", "pages/about"]}
    # What is no file of words was never on any page.
    desk.save("pages/about.txt", "Words.")
    assert told(desk) == {}
    for name in ("pages/about.md", "pages/about.txt"):
        (desk.root / name).unlink()
    assert told(desk) == {"site.changed": ["pages/about"]}
    # All dates without a zone hang on the site's.
    (desk.root / "site.toml").unlink()
    found = told(desk)
    assert "site" in found["site.changed"]
    assert found["article.updated"] == [SECOND, ARTICLE]


def test_articles_that_exchange_their_addresses_have_changed(hook: int, desk: Desk) -> None:
    desk.write(ARTICLE, slug=SECOND)
    desk.write(SECOND, slug=ARTICLE)
    assert told(desk) == {"article.updated": [SECOND, ARTICLE]}


def test_a_thousand_files_are_a_few_events_that_name_them_all(
    hook: int,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each names as many as a sync writes at once.
    assert webhooks.ITEMS_MAX >= sync.BATCH_FILES
    monkeypatch.setattr(sync, "BATCH_FILES", 4)
    names = [f"a-{number}" for number in range(10)]
    for name in names:
        desk.write(name)
    desk.sync()
    rows = db.session.query(WebhookDelivery).order_by(WebhookDelivery.id).all()
    found = [json.loads(row.body)["data"]["items"] for row in rows]
    assert [len(each) for each in found] == [4, 4, 2]
    assert sorted(one["id"] for each in found for one in each) == sorted(names)
    assert found[0][0]["url"] == f"{SITE}/articles/a-0"


def test_where_nobody_is_told_one_question_is_all_it_costs(desk: Desk) -> None:
    desk.sync()
    desk.write("sun-care")
    with counted() as statements:
        desk.sync()
    assert len([each for each in statements if "webhook" in each]) == 1
