"""The index: who may read what at which moment, and what a search finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from blog import articles, db
from blog.articles import Article, Author, Page, addresses, listing, sync
from blog.articles.around import around
from blog.errors import NotFound
from tests import test_migrations as migrations
from tests.cast import ARTICLE, CLOCK, SECOND

AUTHOR_ID = "sandra-de-beer"
SECOND_AGO, SECOND_AHEAD = CLOCK - timedelta(seconds=1), CLOCK + timedelta(seconds=1)
NOT_PUBLIC = {
    "draft": {"status": "draft"},
    "archived": {"status": "archived"},
    "scheduled": {"date": "2026-05-04T09:30:01Z"},
    "expired": {"expires": "2026-05-04T09:30:00Z"},
}


@dataclass
class Shelf:
    """Articles in a folder of their own, put into the index."""

    root: Path

    def put(self, id: str, title: str = "Skin", body: str = "Words.", **fields: str) -> None:  # noqa: A002  # the contract's word
        lines = {"title": title, "date": "2026-03-01", "summary": "In short."} | fields
        head = "".join(f"{name}: {value}\n" for name, value in lines.items())
        self.write(f"articles/{id}.md", f"---\n{head}---\n{body}\n")

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, encoding="utf-8")

    def sync(self) -> None:
        sync.run(self.root, now=CLOCK)


@pytest.fixture
def shelf(make_app: Callable[..., Flask], own_content: Path) -> Iterator[Shelf]:
    with make_app(content_dir=str(own_content)).app_context():
        yield Shelf(own_content)


def ids(found: Any) -> list[str]:
    return [article.id for article in found]


# Who may read what


@pytest.mark.parametrize("state", NOT_PUBLIC)
def test_what_is_not_public_is_found_nowhere(shelf: Shelf, state: str) -> None:
    fields = {"author": AUTHOR_ID, "topics": "[Hidden]", "aliases": "[/old/hidden]"}
    shelf.put("hidden", "Hidden", **fields | NOT_PUBLIC[state])
    shelf.sync()
    now = CLOCK
    assert "hidden" not in ids(listing.newest(now=now).items)
    assert "hidden" not in ids(listing.by_author(AUTHOR_ID, now=now).items)
    assert articles.by_slug("hidden", now=now) is None
    assert articles.public_by_id("hidden", now=now) is None
    assert addresses.moved_to("/old/hidden", now=now) is None
    assert listing.on_topic("hidden", now=now).items == []
    # Those who work on the site see it, and how it stands.
    article = articles.by_id("hidden")
    assert article is not None
    assert article.status_words(now=now) == state
    assert "hidden" in ids(listing.everything().items)
    assert set(articles.titles({"hidden", ARTICLE, "none"})) == {"hidden", ARTICLE}


def test_an_article_is_public_from_its_moment_to_its_end(shelf: Shelf) -> None:
    shelf.put("brief", date="2026-05-04T09:30:00Z", expires="2026-05-04T09:30:01Z")
    shelf.sync()
    moments = (SECOND_AGO, CLOCK, SECOND_AHEAD)
    assert [articles.by_slug("brief", now=now) is not None for now in moments] == [
        False,
        True,
        False,
    ]
    article = articles.by_id("brief")
    assert article is not None
    assert [article.status_words(now=now) for now in moments] == [
        "scheduled",
        "published",
        "expired",
    ]


def test_articles_come_newest_first_a_page_at_a_time(shelf: Shelf) -> None:
    shelf.put("twin-b", date="2026-04-01")
    shelf.put("twin-a", date="2026-04-01")
    shelf.sync()
    assert ids(listing.newest(now=CLOCK).items) == ["twin-a", "twin-b", ARTICLE, SECOND]
    assert listing.newest(2, now=CLOCK, size=3).items == [articles.by_id(SECOND)]
    assert ids(listing.everything().items) == ["twin-a", "twin-b", ARTICLE, SECOND]


def test_a_page_of_a_list_says_where_it_stands(shelf: Shelf) -> None:
    shelf.put("third")
    shelf.sync()
    found = listing.newest(2, now=CLOCK, size=2)
    assert (found.page, found.pages, found.total, ids(found.items)) == (2, 2, 3, [SECOND])
    with pytest.raises(NotFound):
        listing.newest(3, now=CLOCK, size=2)
    nothing = listing.on_topic("nothing", now=CLOCK)
    assert (nothing.page, nothing.pages, nothing.total, nothing.items) == (1, 1, 0, [])
    with pytest.raises(NotFound):
        listing.on_topic("nothing", 2, now=CLOCK)


def test_those_who_work_on_the_site_see_undated_articles_first(shelf: Shelf) -> None:
    shelf.put("undated", status="draft", date="")
    shelf.sync()
    first, second = (listing.everything(page, size=2) for page in (1, 2))
    assert [ids(first.items), ids(second.items)] == [["undated", ARTICLE], [SECOND]]
    assert (second.page, second.pages, second.total) == (2, 2, 3)


def test_an_article_is_found_by_its_id_its_author_and_its_topic(shelf: Shelf) -> None:
    shelf.put("other", slug="another-name", author="nomsa-k", topics="[Daily care]")
    shelf.sync()
    found = articles.public_by_id("other", now=CLOCK)
    assert found is not None
    assert found.slug == "another-name"
    assert ids(listing.by_author("nomsa-k", now=CLOCK).items) == ["other"]
    assert ids(listing.by_author(AUTHOR_ID, now=CLOCK).items) == [ARTICLE, SECOND]
    assert ids(listing.on_topic("daily-care", now=CLOCK).items) == ["other", SECOND]
    assert articles.by_slug("other", now=CLOCK) is None
    assert articles.by_id("nothing") is None


def test_profiles_and_pages_are_found_by_their_id(shelf: Shelf) -> None:
    author, page = articles.author(AUTHOR_ID), articles.page("privacy")
    assert author is not None
    assert (author.name, author.body) == ("Sandra de Beer", "<p>Sandra writes about skin.</p>")
    assert page is not None
    assert (page.title, page.body) == ("Privacy", "<p>What we keep, and for how long.</p>")
    assert articles.author("nobody") is None
    assert articles.page("nothing") is None


def test_reading_takes_a_minute_at_least(shelf: Shelf) -> None:
    shelf.put("long", body="word " * 1000)
    shelf.put("empty", body="")
    shelf.sync()
    found = articles.titles({"long", "empty"})
    assert (found["long"].reading_minutes, found["empty"].reading_minutes) == (4, 1)


def test_comments_close_when_the_file_says_so(shelf: Shelf) -> None:
    shelf.put("shut", comments="closed")
    shelf.put("soon", date="2026-05-01T09:30:00Z", comments_close_after_days="3")
    shelf.put("never")
    shelf.put("draft", date="", status="draft", comments_close_after_days="3")
    shelf.put("late", date="9999-12-30", comments_close_after_days="3")
    shelf.sync()
    found = articles.titles({"shut", "soon", "never", "draft", "late"})
    assert found["shut"].comments_closed_because(now=CLOCK) == (
        "Comments on this article are closed."
    )
    assert found["soon"].comments_closed_because(now=SECOND_AGO) == ""
    assert found["soon"].comments_closed_because(now=CLOCK) == (
        "Comments closed 3 days after this article appeared."
    )
    assert found["never"].comments_closed_because(now=CLOCK) == ""
    assert found["draft"].comments_closed_because(now=CLOCK) == ""
    assert found["late"].comments_close_at is None


# What changes by itself


DAY = timedelta(days=1)


def test_a_site_where_nothing_is_to_come_never_changes_by_itself(shelf: Shelf) -> None:
    assert articles.next_change(now=CLOCK) is None
    shelf.put("over", expires="2026-05-04T09:30:00Z", comments_close_after_days="3")
    shelf.put("draft", status="draft", date="2026-06-01", expires="2026-07-01")
    shelf.put("archived", status="archived", date="2026-05-01", comments_close_after_days="30")
    shelf.put("shut", date="2026-05-01", comments="closed", comments_close_after_days="30")
    shelf.sync()
    assert articles.next_change(now=CLOCK) is None


def test_pages_change_when_an_article_appears_or_ends_or_closes_its_comments(shelf: Shelf) -> None:
    shelf.put("closes", date="2026-05-01T09:30:00Z", comments_close_after_days="4")
    shelf.put("appears", date="2026-05-06T09:30:00Z")
    shelf.put("goes", expires="2026-05-07T09:30:00Z")
    shelf.put("later", date="2026-05-08T09:30:00Z", expires="2026-05-09T09:30:00Z")
    shelf.sync()
    moments, now = [], articles.next_change(now=CLOCK)
    while now:
        moments.append(now)
        now = articles.next_change(now=now)
    assert moments == [CLOCK + days * DAY for days in range(1, 6)]


def test_an_index_of_earlier_days_learns_when_comments_close(shelf: Shelf) -> None:
    shelf.put("soon", date="2026-05-04T09:30:00Z", comments_close_after_days="3")
    shelf.put("late", date="9999-12-30", comments_close_after_days="3")
    shelf.put("shut", comments="closed", comments_close_after_days="3000")
    shelf.sync()
    migrations.downgrade("0001")
    db.upgrade()
    found = articles.titles({"soon", "late", "shut", ARTICLE})
    closing = {article.id: article.comments_close_at for article in found.values()}
    assert closing == {"soon": CLOCK + 3 * DAY, "late": None, "shut": None, ARTICLE: None}


@pytest.mark.parametrize("model", [Article, Author, Page])
def test_html_of_an_older_policy_is_never_given_to_a_page(
    shelf: Shelf, model: type[Article | Author | Page]
) -> None:
    with db.writing():
        db.session.execute(update(model).values(html="<script>alert(1)</script>", html_policy=0))
    article = articles.by_slug(SECOND, now=CLOCK)
    author, page = articles.author(AUTHOR_ID), articles.page("privacy")
    assert article is not None
    assert author is not None
    assert page is not None
    assert (article.body, author.body, page.body) == (
        "<p>Cold air is dry air, and a café is drier still.</p>",
        "<p>Sandra writes about skin.</p>",
        "<p>What we keep, and for how long.</p>",
    )
    assert [each.body for each in article.authors] == [author.body]


def test_a_site_without_words_has_the_usual_ones(shelf: Shelf) -> None:
    assert articles.site().title == "The Skin Journal"
    (shelf.root / "site.toml").unlink()
    shelf.sync()
    assert articles.site().title == "Clinic Blog"


def test_errors_come_before_warnings(shelf: Shelf) -> None:
    shelf.put("a-stranger", author="nomsa-k")
    shelf.put("b-note", colour="red")
    shelf.write("articles/c-broken.md", "Just words.")
    shelf.sync()
    assert [(problem["path"], problem["is_warning"]) for problem in articles.problems()] == [
        ("articles/c-broken.md", False),
        ("articles/b-note.md", True),
        ("articles/a-stranger.md", True),
    ]
    # A warning stops nothing, so it is none of the files that can't be used.
    assert articles.count_errors() == 1


# What to read next


def beside(article_id: str) -> tuple[list[str], str | None, str | None]:
    article = articles.by_slug(article_id, now=CLOCK)
    assert article is not None
    found = around(article, now=CLOCK)
    newer, older = (each.id if each else None for each in (found.newer, found.older))
    return ids(found.related), newer, older


def test_an_article_has_the_next_newer_and_the_next_older_beside_it(shelf: Shelf) -> None:
    for name in ("twin-b", "twin-a"):
        shelf.put(name, date="2026-04-01")
    for state, fields in NOT_PUBLIC.items():
        shelf.put(state, **{"date": "2026-04-01"} | fields)
    shelf.sync()
    in_order = ids(listing.newest(now=CLOCK).items)
    assert in_order == ["twin-a", "twin-b", ARTICLE, SECOND]
    around_each = [(newer, older) for _, newer, older in map(beside, in_order)]
    assert around_each == [
        (None, "twin-b"),
        ("twin-a", ARTICLE),
        ("twin-b", SECOND),
        (ARTICLE, None),
    ]


def test_articles_on_the_same_topics_are_related_the_rarest_first(shelf: Shelf) -> None:
    shelf.put("it", date="2026-02-01", topics="[Often, Rare]")
    shelf.put("next", date="2026-02-02", topics="[Rare]")
    shelf.put("rare-old", date="2025-01-01", topics="[Rare]")
    shelf.put("both", date="2024-01-01", topics="[Often, Rare]")
    for day in range(3, 7):
        shelf.put(f"often-{day}", date=f"2026-02-0{day}", topics="[Often, More]")
    for state, fields in NOT_PUBLIC.items():
        shelf.put(state, **{"date": "2026-02-01", "topics": "[Rare]"} | fields)
    shelf.put("elsewhere", topics="[More]")
    shelf.sync()
    # The newer one is beside it already.
    assert beside("it") == (["both", "rare-old", "often-6"], "next", SECOND)


def test_a_lonely_article_has_nothing_beside_it(shelf: Shelf) -> None:
    shelf.put("lonely", topics="[Alone]")
    for name in (ARTICLE, SECOND):
        (shelf.root / f"articles/{name}.md").unlink()
    shelf.sync()
    assert beside("lonely") == ([], None, None)
