"""Bringing the index up to date: what changed is read, and one bad file harms no other."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select, update

from blog import articles, db, markup, revision
from blog.articles import (
    Article,
    ArticlePath,
    Author,
    ContentFile,
    Page,
    addresses,
    intake,
    listing,
    sync,
)
from blog.articles.sync import Changes
from blog.comments import Comment, CommentState
from blog.content import Commenting
from blog.errors import ContentError, Problem
from tests.cast import ARTICLE, CLOCK, SECOND, Clock, at_once

AUTHOR_ID = "sandra-de-beer"
MINUTE = timedelta(minutes=1)
SITE = "https://blog.example"
TOO_DEEP = "Fine.\n\n" + ">" * 120 + " deep\n"


def written(title: str = "Skin", body: str = "Some words.\n", **fields: str) -> str:
    """An article's file."""
    lines = {"title": title, "date": "2026-03-01", "summary": "A sentence."} | fields
    head = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return f"---\n{head}---\n{body}"


class Desk:
    """An author's folder beside a site; each sync comes a minute after the last."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self.root = root
        self._clock = clock

    @property
    def now(self) -> datetime:
        return self._clock()

    def save(self, path: str, text: str | bytes, *, at: datetime | None = None) -> Path:
        file = self.root / path
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        stamp = (at or self.now).timestamp()
        os.utime(file, (stamp, stamp))
        return file

    def write(self, id: str, *arguments: str, **fields: str) -> Path:  # noqa: A002  # the contract's word
        return self.save(f"articles/{id}.md", written(*arguments, **fields))

    def sync(self) -> Changes:
        self.wait()
        return sync.run(self.root, now=self.now)

    def wait(self) -> None:
        self._clock.move(minutes=1)


@pytest.fixture
def desk(clock: Clock, make_app: Callable[..., Flask], own_content: Path) -> Iterator[Desk]:
    with make_app(content_dir=str(own_content)).app_context():
        yield Desk(own_content, clock)


def title_of(article_id: str) -> str | None:
    article = db.session.get(Article, article_id)
    return article.title if article else None


def slugs() -> dict[str, str]:
    rows = db.session.execute(select(Article.id, Article.slug))
    return {row[0]: row[1] for row in rows}


def site_revision() -> int:
    db.session.rollback()
    return revision.current(db.session)


def tamper(html: str = "<p>As it was stored.</p>") -> None:
    """Change the stored HTML of every article, so that rendering anew shows."""
    with db.writing():
        db.session.execute(update(Article).values(html=html))


def stored_html(article_id: str) -> str:
    return db.session.execute(select(Article.html).where(Article.id == article_id)).scalar_one()


def the_problem(changes: Changes) -> Problem:
    (problem,) = changes.problems
    return problem


# What changed


def test_where_nothing_changed_nothing_is_read_and_no_page_ends(desk: Desk) -> None:
    before = site_revision()
    changes = desk.sync()
    assert not changes
    assert changes.unchanged_count == 4
    assert site_revision() == before


def test_two_changed_files_raise_the_revision_once(desk: Desk) -> None:
    before = site_revision()
    desk.write(ARTICLE, "One")
    desk.write(SECOND, "Two")
    changes = desk.sync()
    assert changes.read == [f"articles/{SECOND}.md", f"articles/{ARTICLE}.md"]
    assert changes.unchanged_count == 2
    assert (title_of(ARTICLE), title_of(SECOND)) == ("One", "Two")
    assert site_revision() == before + 1
    assert not desk.sync()


def test_an_article_is_stored_with_all_that_its_file_says(desk: Desk) -> None:
    desk.save(f"authors/{AUTHOR_ID}.md", "---\nname: Sandra\nphoto: media/me.jpg\n---\nHello.\n")
    desk.write(
        "whole",
        "Whole",
        "## One\n\nWords.\n\n### Two\n\nMore words.\n",
        slug="the-whole",
        updated="2026-03-02",
        expires="2027-01-01",
        authors=f"[nomsa-k, {AUTHOR_ID}]",
        topics="[Skin, Daily care]",
        cover="2026/my skin.jpg",
        cover_alt="A hand",
        aliases="[/old/whole/]",
        comments="closed",
        comments_close_after_days="30",
        canonical="https://example.org/whole",
        noindex="true",
    )
    desk.sync()
    article = articles.by_slug("the-whole", now=CLOCK)
    assert article is not None
    # The site's zone is two hours ahead of UTC.
    assert article.published_at == datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert article.updated_at == datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert article.expires_at == datetime(2026, 12, 31, 22, tzinfo=UTC)
    assert [link.author_id for link in article.author_links] == ["nomsa-k", AUTHOR_ID]
    assert [author.photo for author in article.authors] == ["/media/me.jpg"]
    assert [(topic.slug, topic.name) for topic in article.topics] == [
        ("skin", "Skin"),
        ("daily-care", "Daily care"),
    ]
    assert (article.cover, article.cover_alt) == ("/media/2026/my%20skin.jpg", "A hand")
    assert (article.canonical, article.noindex) == ("https://example.org/whole", True)
    assert (article.comments, article.comments_close_after_days) == (Commenting.CLOSED, 30)
    assert article.toc == [[2, "one", "One"], [3, "two", "Two"]]
    assert (article.text, article.words) == ("One Words. Two More words.", 5)
    found = addresses.moved_to("/old/whole", now=CLOCK)
    assert found is not None
    assert found.id == "whole"


def test_what_an_article_no_longer_says_is_gone(desk: Desk) -> None:
    desk.write(ARTICLE, "Bare")
    desk.sync()
    article = articles.by_slug(ARTICLE, now=CLOCK)
    assert article is not None
    assert (article.topics, article.author_links, article.toc) == ([], [], [])
    assert listing.topic("treatments-compared", now=CLOCK) is None


def test_a_file_saved_without_a_change_is_not_rendered_again(desk: Desk) -> None:
    text = desk.root.joinpath(f"articles/{ARTICLE}.md").read_text()
    tamper()
    before = site_revision()
    desk.save(f"articles/{ARTICLE}.md", text)
    changes = desk.sync()
    assert changes.same == [f"articles/{ARTICLE}.md"]
    assert stored_html(ARTICLE) == "<p>As it was stored.</p>"
    assert site_revision() == before
    assert not desk.sync()


def test_a_file_saved_without_a_change_keeps_its_warnings(desk: Desk) -> None:
    path = desk.write(ARTICLE, colour="red")
    desk.sync()
    (problem,) = articles.problems()
    assert problem["is_warning"]
    assert "colour" in problem["message"]
    desk.save(f"articles/{ARTICLE}.md", path.read_bytes())
    assert len(desk.sync().same) == 1
    assert articles.problems() == [problem]


def test_a_file_saved_twice_within_a_tick_of_the_clock_is_noticed(desk: Desk) -> None:
    saved_at = desk.now + MINUTE - timedelta(seconds=1)
    desk.save(f"articles/{ARTICLE}.md", written("Once"), at=saved_at)
    desk.sync()
    desk.save(f"articles/{ARTICLE}.md", written("Then"), at=saved_at)
    desk.sync()
    assert title_of(ARTICLE) == "Then"
    # By now no second save can have the same time.
    assert not desk.sync()


def test_html_of_an_older_policy_is_made_anew(desk: Desk) -> None:
    tamper()
    with db.writing():
        db.session.execute(update(ContentFile).values(policy=markup.ARTICLE_POLICY - 1))
    assert len(desk.sync().read) == 5
    assert "As it was stored" not in stored_html(ARTICLE)
    assert not desk.sync()


def test_who_waits_for_a_long_sync_is_told_how_far_it_is(desk: Desk) -> None:
    desk.write("one")
    desk.write("two")
    told: list[tuple[int, int]] = []
    sync.run(desk.root, now=desk.now, progress=lambda *seen: told.append(seen))
    assert told == [(1, 2), (2, 2)]


# Files that can't be used

# What is in the file; the line and column of the problem; a part of the remedy.
BROKEN: dict[str, tuple[str | bytes, int | None, int | None, str]] = {
    "open quotation": ('---\ntitle: "Skin\n---\nText.\n', 2, 8, 'Put " at the end'),
    "bad date": (written(date="31 March"), 3, 7, "2026-03-10"),
    "no date": ("---\ntitle: Skin\nsummary: A\n---\nText.\n", 1, 1, "date: 2026-03-10"),
    "no fields": ("Just words.", 1, 1, "Begin with a line ---"),
    "empty": ("", 1, 1, "Begin with a line ---"),
    "not UTF-8": (b"---\ntitle: Caf\xe9\n---\nText.\n", 2, 11, "UTF-8"),
    "NUL": ("---\ntitle: Sk\0in\n---\nText.\n", 2, 10, "Delete it"),
    "too long": (b"x" * 300_000, None, None, "Divide it"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_bad_file_is_reported_and_what_it_said_before_stays_online(
    desk: Desk, fault: str
) -> None:
    text, line, column, remedy = BROKEN[fault]
    path = f"articles/{ARTICLE}.md"
    desk.save(path, text)
    desk.write(SECOND, "Mended")
    before = site_revision()
    problem = the_problem(desk.sync())
    assert (problem.path, problem.line, problem.column) == (path, line, column)
    assert remedy in problem.remedy
    assert not problem.is_warning
    assert [found["path"] for found in articles.problems()] == [problem.path]
    kept = articles.by_slug(ARTICLE, now=CLOCK)
    assert kept is not None
    assert kept.title.startswith("Mesotherapy or microneedling")
    assert "<table>" in kept.body
    assert title_of(SECOND) == "Mended"
    assert site_revision() == before + 1


def test_a_bad_file_is_reported_until_it_is_mended_and_ends_no_page(desk: Desk) -> None:
    desk.save(f"articles/{ARTICLE}.md", "no front matter")
    before = site_revision()
    assert [the_problem(desk.sync()).path for _ in range(3)] == [f"articles/{ARTICLE}.md"] * 3
    assert site_revision() == before
    desk.write(ARTICLE, "Mended")
    assert desk.sync().problems == []
    assert articles.problems() == []
    assert title_of(ARTICLE) == "Mended"


def test_a_bad_file_never_seen_before_is_just_absent(desk: Desk) -> None:
    desk.save("articles/new.md", "no front matter")
    desk.save("articles/Bad Name.md", written())
    desk.save("authors/nobody.md", "---\nname:\n---\n")
    desk.save("pages/nothing.md", "")
    assert [problem.path for problem in desk.sync().problems] == [
        "articles/Bad Name.md",
        "articles/new.md",
        "authors/nobody.md",
        "pages/nothing.md",
    ]
    assert set(slugs()) == {ARTICLE, SECOND}
    assert articles.author("nobody") is None
    assert articles.page("nothing") is None


def test_a_bad_file_that_is_deleted_is_reported_no_more(desk: Desk) -> None:
    desk.save("articles/Bad Name.md", written()).with_name("new.md").write_text("no front matter")
    desk.sync()
    for name in ("Bad Name.md", "new.md"):
        (desk.root / "articles" / name).unlink()
    desk.sync()
    assert articles.problems() == []
    assert listing.newest(now=CLOCK).total == 2


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        (TOO_DEEP, 8, "nested too deeply"),
        ("<b>" * 120, 6, "nested too deeply"),
        ("Long.\n" * 40_000, 6, "at most 200,000 bytes"),
    ],
    ids=["quotes", "tags", "too long"],
)
def test_an_article_that_cannot_be_rendered_is_a_problem_at_its_line(
    desk: Desk, body: str, line: int, message: str
) -> None:
    desk.write(ARTICLE, "Unreadable", body)
    problem = the_problem(desk.sync())
    assert (problem.path, problem.line) == (f"articles/{ARTICLE}.md", line)
    assert message in problem.message
    assert "last good version stays online" in problem.remedy
    assert title_of(ARTICLE) != "Unreadable"


def test_an_article_that_cannot_be_rendered_keeps_its_warnings_too(desk: Desk) -> None:
    desk.write(ARTICLE, "Unreadable", TOO_DEEP, colour="red")
    assert [(p.line, p.is_warning) for p in desk.sync().problems] == [(9, False), (5, True)]


def test_profiles_and_pages_that_cannot_be_rendered_stay_as_they_were(desk: Desk) -> None:
    desk.save(f"authors/{AUTHOR_ID}.md", f"---\nname: Sandra\n---\n{TOO_DEEP}")
    desk.save("pages/privacy.md", f"---\ntitle: New\n---\n{TOO_DEEP}")
    assert [problem.line for problem in desk.sync().problems] == [6, 6]
    author, page = db.session.get(Author, AUTHOR_ID), db.session.get(Page, "privacy")
    assert author is not None
    assert author.name == "Sandra de Beer"
    assert page is not None
    assert page.title == "Privacy"


def test_values_as_long_as_they_may_be_are_stored(desk: Desk) -> None:
    """PostgreSQL refuses what doesn't fit a column, and with it the whole sync."""
    desk.save(f"authors/{AUTHOR_ID}.md", f"---\nname: S\nphoto: {'p' * 1900}\n---\nHello.\n")
    fields = {"cover": "ü" * 1900, "cover_alt": "A hand", "aliases": f"[/{'a' * 299}]"}
    desk.write(ARTICLE, "T" * 200, canonical=f"https://example.org/{'c' * 1900}", **fields)
    assert desk.sync().problems == []
    assert title_of(ARTICLE) == "T" * 200


def test_a_file_of_gigabytes_or_with_a_name_of_junk_harms_no_other(desk: Desk) -> None:
    huge = desk.root / "articles/huge.md"
    with huge.open("wb") as file:
        file.truncate(3 * 2**30)
    Path(os.fsdecode(bytes(desk.root) + b"/articles/" + b"\xff" * 200 + b".md")).write_text("?")
    desk.write(ARTICLE, "Mended")
    assert [problem.remedy.split(";")[0] for problem in desk.sync().problems] == [
        "Use small letters from a to z, digits and hyphens, at most 100 of them",
        "Divide it into several",
    ]
    assert title_of(ARTICLE) == "Mended"


def test_a_folder_that_is_not_there_takes_nothing_offline(desk: Desk) -> None:
    desk.root.rename(desk.root.with_name("elsewhere"))
    with pytest.raises(ContentError, match=r"no such folder.*BLOG_CONTENT_DIR"):
        desk.sync()
    assert listing.newest(now=CLOCK).total == 2


# The site's own words


def test_a_broken_site_toml_leaves_the_words_and_the_zone_as_they_were(desk: Desk) -> None:
    desk.save("site.toml", 'title = "New"\ntime_zone = Europe/Berlin\n')
    desk.write(ARTICLE, "Mended")
    problem = the_problem(desk.sync())
    assert (problem.path, problem.line) == ("site.toml", 2)
    assert "quotation marks" in problem.remedy
    assert articles.site().title == "The Skin Journal"
    article = db.session.get(Article, ARTICLE)
    assert article is not None
    assert article.title == "Mended"
    assert article.published_at == datetime(2026, 2, 28, 22, tzinfo=UTC)


def test_new_words_of_the_site_are_read_alone(desk: Desk) -> None:
    before = site_revision()
    zone = 'time_zone = "Africa/Johannesburg"'
    desk.save("site.toml", f'title = "New"\n{zone}\ntaglin = "Typed wrongly"\n')
    changes = desk.sync()
    assert changes.read == ["site.toml"]
    assert the_problem(changes).remedy == "Did you mean `tagline`?"
    assert (articles.site().title, site_revision()) == ("New", before + 1)
    desk.save("site.toml", (desk.root / "site.toml").read_bytes())
    assert len(desk.sync().same) == 1
    assert len(articles.problems()) == 1


def test_another_time_zone_reads_every_file_again(desk: Desk) -> None:
    tamper()
    desk.save("site.toml", 'title = "New"\ntime_zone = "Asia/Tokyo"\n')
    changes = desk.sync()
    assert len(changes.read) == 5
    assert changes.unchanged_count == 0
    article = articles.by_slug(ARTICLE, now=CLOCK)
    assert article is not None
    assert article.published_at == datetime(2026, 3, 9, 15, tzinfo=UTC)
    assert "As it was stored" not in article.body
    assert not desk.sync()


def test_without_site_toml_the_words_and_the_zone_are_the_usual_ones(desk: Desk) -> None:
    (desk.root / "site.toml").unlink()
    changes = desk.sync()
    assert changes.removed == ["site.toml"]
    assert articles.site().title == "Clinic Blog"
    article = db.session.get(Article, ARTICLE)
    assert article is not None
    assert article.published_at == datetime(2026, 3, 10, tzinfo=UTC)
    assert not desk.sync()


def test_a_site_toml_that_leads_out_of_the_folder_is_refused_alone(
    desk: Desk, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.toml"
    secret.write_text('title = "Secret"\n')
    (desk.root / "site.toml").unlink()
    (desk.root / "site.toml").symlink_to(secret)
    desk.write(ARTICLE, "Mended")
    problem = the_problem(desk.sync())
    assert problem.message == "This is a link that leads out of content/."
    assert articles.site().title == "The Skin Journal"
    assert title_of(ARTICLE) == "Mended"


# Files that go, and come back


def test_a_removed_file_takes_its_article_away_and_leaves_its_comments(desk: Desk) -> None:
    with db.writing():
        db.session.add(a_comment(ARTICLE))
    path = desk.root / f"articles/{ARTICLE}.md"
    text = path.read_text()
    path.unlink()
    before = site_revision()
    changes = desk.sync()
    assert changes.removed == [f"articles/{ARTICLE}.md"]
    assert articles.by_slug(ARTICLE, now=CLOCK) is None
    assert site_revision() == before + 1
    assert db.session.execute(select(func.count(Comment.id))).scalar_one() == 1
    desk.save(f"articles/{ARTICLE}.md", text)
    desk.sync()
    comment = db.session.execute(select(Comment)).scalar_one()
    assert title_of(comment.article_id) is not None


def a_comment(article_id: str) -> Comment:
    return Comment(
        article_id=article_id,
        name="Nomsa",
        source="Thank you.",
        html="<p>Thank you.</p>",
        html_policy=markup.COMMENT_POLICY,
        state=CommentState.APPROVED,
        reasons=[],
        submission_key="one",
        created_at=CLOCK,
    )


def test_removed_profiles_and_pages_are_gone(desk: Desk) -> None:
    (desk.root / f"authors/{AUTHOR_ID}.md").unlink()
    (desk.root / "pages/privacy.md").unlink()
    desk.sync()
    assert articles.author(AUTHOR_ID) is None
    assert articles.page("privacy") is None
    assert listing.newest(now=CLOCK).total == 2


def test_an_unknown_author_is_a_warning_that_heals_by_itself(desk: Desk) -> None:
    desk.write(ARTICLE, author="nomsa-k")
    assert desk.sync().problems == []
    (problem,) = articles.problems()
    assert problem["is_warning"]
    assert problem["path"] == f"articles/{ARTICLE}.md"
    assert problem["remedy"] == "Write one as authors/nomsa-k.md, or correct the name."
    article = articles.by_slug(ARTICLE, now=CLOCK)
    assert article is not None
    assert article.authors == []
    desk.save("authors/nomsa-k.md", "---\nname: Nomsa K.\n---\nHello.\n")
    desk.sync()
    assert articles.problems() == []
    article = articles.by_slug(ARTICLE, now=CLOCK)
    assert article is not None
    assert [author.name for author in article.authors] == ["Nomsa K."]


# Addresses


def test_of_two_files_with_one_slug_the_first_keeps_it(desk: Desk) -> None:
    desk.write("a-first", slug="skin")
    desk.write("b-second", slug="skin")
    problem = the_problem(desk.sync())
    assert problem.path == "articles/b-second.md"
    assert problem.message == "The address /articles/skin belongs to articles/a-first.md already."
    assert problem.remedy == "Give one of them another `slug`."
    assert "b-second" not in slugs()


def test_who_has_a_slug_online_keeps_it_against_a_file_that_comes_first(desk: Desk) -> None:
    desk.write(SECOND, "Changed too")
    desk.write("a-first", slug=SECOND)
    assert the_problem(desk.sync()).path == "articles/a-first.md"
    assert title_of(SECOND) == "Changed too"


NOT_TAKEN = {"unreadable": "Just words.", "too deep": written(body=TOO_DEEP), "the same": ""}


@pytest.mark.parametrize("state", NOT_TAKEN)
def test_a_file_that_is_read_and_not_taken_keeps_its_slug(desk: Desk, state: str) -> None:
    text = NOT_TAKEN[state] or desk.root.joinpath(f"articles/{SECOND}.md").read_text()
    desk.save(f"articles/{SECOND}.md", text)
    desk.write("a-first", slug=SECOND)
    assert "articles/a-first.md" in [problem.path for problem in desk.sync().problems]
    assert slugs() == {ARTICLE: ARTICLE, SECOND: SECOND}


def test_who_is_refused_keeps_the_slug_that_another_hoped_for(desk: Desk) -> None:
    desk.write("b-mover", slug="mover")
    desk.sync()
    desk.write("a-heir", slug="mover")
    desk.write("b-mover", slug=ARTICLE)
    changes = desk.sync()
    assert [problem.path for problem in changes.problems] == [
        "articles/a-heir.md",
        "articles/b-mover.md",
    ]
    assert slugs() == {ARTICLE: ARTICLE, SECOND: SECOND, "b-mover": "mover"}


def test_a_file_that_was_refused_a_slug_has_it_once_it_is_free(desk: Desk) -> None:
    desk.write("heir", slug=SECOND)
    assert the_problem(desk.sync()).path == "articles/heir.md"
    desk.write(SECOND, slug="elsewhere")
    assert desk.sync().problems == []
    assert slugs()["heir"] == SECOND
    assert articles.problems() == []


def test_a_removed_file_leaves_its_slug_to_another(desk: Desk) -> None:
    (desk.root / f"articles/{SECOND}.md").rename(desk.root / "articles/renamed.md")
    desk.write("renamed", slug=SECOND)
    assert desk.sync().problems == []
    assert slugs() == {ARTICLE: ARTICLE, "renamed": SECOND}


def test_two_files_may_exchange_their_slugs_in_one_sync(desk: Desk) -> None:
    desk.write(ARTICLE, slug=SECOND)
    desk.write(SECOND, slug=ARTICLE)
    assert desk.sync().problems == []
    assert slugs() == {ARTICLE: SECOND, SECOND: ARTICLE}


def test_two_names_as_long_as_they_may_be_may_exchange_their_slugs(desk: Desk) -> None:
    one, two = "a" * 99 + "1", "a" * 99 + "2"
    desk.write(one)
    desk.write(two)
    desk.sync()
    desk.write(one, slug=two)
    desk.write(two, slug=one)
    desk.sync()
    assert (slugs()[one], slugs()[two]) == (two, one)


def test_an_earlier_slug_leads_on_however_often_it_changes(desk: Desk) -> None:
    for slug in ("one", "two", "three"):
        desk.write(ARTICLE, slug=slug)
        desk.sync()
    for path in (f"/articles/{ARTICLE}", "/articles/one", "/articles/two"):
        moved = addresses.moved_to(path, now=CLOCK)
        assert moved is not None
        assert moved.slug == "three"


def test_an_alias_belongs_to_the_file_that_named_it_last(desk: Desk) -> None:
    desk.write("a-first", aliases="[/old]")
    desk.write("b-second", aliases="[/old]")
    desk.sync()
    paths = select(ArticlePath.article_id).where(ArticlePath.path == "/old")
    assert db.session.execute(paths).scalars().all() == ["b-second"]


def test_an_address_that_another_article_names_is_its_own_once_the_first_is_removed(
    desk: Desk,
) -> None:
    desk.write("heir", aliases=f"[/articles/{SECOND}]")
    desk.sync()
    (desk.root / f"articles/{SECOND}.md").unlink()
    desk.sync()
    moved = addresses.moved_to(f"/articles/{SECOND}", now=CLOCK)
    assert moved is not None
    assert moved.id == "heir"


def test_two_syncs_at_once_write_the_same(desk: Desk) -> None:
    desk.write("new")
    desk.write(ARTICLE, slug="elsewhere")
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what it stands for
    run = partial(sync.run, desk.root, now=CLOCK)
    for changes in at_once(app, run, run):
        assert isinstance(changes, Changes)
        assert changes.problems == []
    assert slugs() == {ARTICLE: "elsewhere", SECOND: SECOND, "new": "new"}
    assert not sync.run(desk.root, now=CLOCK + MINUTE).read


def test_a_sync_waits_for_another_that_is_writing(desk: Desk) -> None:
    desk.write("new")
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what it stands for
    done: list[str] = []

    def sync_too() -> None:
        with app.app_context():
            sync.run(desk.root, now=CLOCK)
        done.append("second")

    thread = threading.Thread(target=sync_too)
    with db.writing():
        revision.hold(db.session)
        thread.start()
        thread.join(1)
        assert done == []
        assert set(slugs()) == {ARTICLE, SECOND}
    thread.join()
    assert done == ["second"]
    db.session.rollback()
    assert set(slugs()) == {ARTICLE, SECOND, "new"}


# Many files


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if two files were many, and none were read ahead."""
    monkeypatch.setattr(sync, "BATCH_FILES", 2)
    monkeypatch.setattr(intake, "READ_AHEAD_FILES", 1)


@pytest.mark.usefixtures("small_batches")
def test_many_files_are_written_in_several_transactions(desk: Desk) -> None:
    for name in ("a", "b", "c", "d", "e"):
        desk.write(name)
    (desk.root / f"articles/{ARTICLE}.md").unlink()
    before = site_revision()
    changes = desk.sync()
    assert changes.read == [f"articles/{name}.md" for name in "abcde"]
    assert changes.removed == [f"articles/{ARTICLE}.md"]
    assert set(slugs()) == {SECOND, *"abcde"}
    assert site_revision() == before + 3
    assert not desk.sync()


@pytest.mark.usefixtures("small_batches")
def test_others_write_while_many_files_are_read(desk: Desk) -> None:
    for name in ("a", "b", "c", "d", "e"):
        desk.write(name)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what it stands for
    seen: list[int] = []

    def write_a_comment(_done: int, _total: int) -> None:
        with app.app_context(), db.writing(wait_seconds=0.5):
            revision.touch(db.session)
            seen.append(len(slugs()))

    sync.run(desk.root, now=desk.now, progress=write_a_comment)
    # What was written meanwhile is online already.
    assert seen == [2, 2, 4, 4, 6]


@pytest.mark.usefixtures("small_batches")
def test_files_far_apart_may_exchange_their_slugs(desk: Desk) -> None:
    for name in ("a", "b", "c", "z"):
        desk.write(name)
    desk.sync()
    desk.write("a", slug="z")
    desk.write("b", "Changed too")
    desk.write("c", slug="a")
    desk.write("z", slug="c")
    assert desk.sync().problems == []
    assert {name: slug for name, slug in slugs().items() if len(name) == 1} == {
        "a": "z",
        "b": "b",
        "c": "a",
        "z": "c",
    }
    assert title_of("b") == "Changed too"
    assert not desk.sync()


@pytest.mark.usefixtures("small_batches")
def test_of_files_far_apart_with_one_slug_the_first_has_it(desk: Desk) -> None:
    for name in ("a", "b", "c", "z"):
        desk.write(name, slug="one")
    changes = desk.sync()
    assert [problem.path for problem in changes.problems] == [
        "articles/b.md",
        "articles/c.md",
        "articles/z.md",
    ]
    assert sorted(changes.read) == [f"articles/{name}.md" for name in "abcz"]
    assert slugs()["a"] == "one"
    before = site_revision()
    # They are looked at again, since another file may have left the slug to them.
    assert len(desk.sync().problems) == 3
    assert site_revision() == before


@pytest.mark.usefixtures("small_batches")
def test_a_sync_that_is_stopped_keeps_what_is_written_and_goes_on_later(desk: Desk) -> None:
    for name in ("a", "b", "c", "d", "e"):
        desk.write(name)

    def stop(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync.run(desk.root, now=desk.now, progress=stop)
    assert set(slugs()) == {ARTICLE, SECOND, "a", "b"}
    assert desk.sync().read == [f"articles/{name}.md" for name in "cde"]


@pytest.mark.usefixtures("small_batches")
def test_a_file_that_goes_while_others_are_read_is_said_and_forgotten_later(desk: Desk) -> None:
    desk.write("a")
    path = desk.write("b")
    desk.write("c")
    changes = sync.run(desk.root, now=desk.now, progress=lambda *_: path.unlink(missing_ok=True))
    (problem,) = changes.problems
    assert problem.path == "articles/b.md"
    assert problem.message == "This can’t be read: no such file or directory."
    assert {"a", "c"} <= set(slugs())
    assert desk.sync().removed == ["articles/b.md"]
    assert articles.problems() == []


@pytest.mark.usefixtures("small_batches")
def test_a_file_that_is_read_well_after_it_was_saved_is_not_read_once_more(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.write(name)
    sync.run(desk.root, now=desk.now, progress=lambda *_: desk.wait())
    # It alone was read in the moment in which it was saved.
    assert desk.sync().same == ["articles/a.md"]
    assert not desk.sync()


@pytest.mark.usefixtures("small_batches")
def test_a_file_that_grows_while_others_are_read_is_read_again(desk: Desk) -> None:
    desk.write("a")
    desk.write("b", "Half")
    grown_at = desk.now + timedelta(seconds=30)

    def go_on(done: int, _total: int) -> None:
        if done == 2:
            desk.save("articles/b.md", written("Whole"), at=grown_at)

    sync.run(desk.root, now=desk.now + MINUTE, progress=go_on)
    assert title_of("b") == "Half"
    desk.wait()
    desk.sync()
    assert title_of("b") == "Whole"


def test_hundreds_of_mistakes_are_all_said(desk: Desk) -> None:
    for number in range(300):
        desk.save(f"articles/broken-{number:03}.md", "no front matter")
        desk.write(f"twin-{number:03}", "T", "", slug="one")
    changes = desk.sync()
    errors = [problem for problem in changes.problems if not problem.is_warning]
    assert len(errors) == 599
    assert articles.count_errors() == 599
    assert slugs()["twin-000"] == "one"


# Looking without changing


def test_a_check_reads_every_file_and_needs_no_database(clock: Clock, own_words: Path) -> None:
    assert sync.check(own_words, site_url=SITE) == []
    desk = Desk(own_words, clock)
    desk.save("site.toml", "title = 1\n")
    desk.save("articles/broken.md", "no front matter")
    desk.write("c-deep", "Deep", TOO_DEEP)
    desk.write("d-twin", slug=ARTICLE)
    desk.write("e-stranger", author="nomsa-k", colour="red")
    told: list[tuple[int, int]] = []
    problems = sync.check(own_words, site_url=SITE, progress=lambda *seen: told.append(seen))
    assert [(problem.path, problem.line, problem.is_warning) for problem in problems] == [
        ("site.toml", 1, False),
        ("articles/broken.md", 1, False),
        ("articles/c-deep.md", 8, False),
        (f"articles/{ARTICLE}.md", None, False),
        ("articles/e-stranger.md", 6, True),
        ("articles/e-stranger.md", None, True),
    ]
    assert told[-1] == (8, 8)


def test_a_check_does_without_site_toml(own_words: Path) -> None:
    (own_words / "site.toml").unlink()
    assert sync.check(own_words, site_url=SITE) == []


def test_a_check_says_that_the_folder_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no such folder"):
        sync.check(tmp_path / "nowhere", site_url=SITE)


@pytest.fixture
def own_words(own_content: Path) -> Path:
    """Words to look at where there is no site."""
    return own_content


def test_problems_are_kept_as_programs_read_them(desk: Desk) -> None:
    desk.save(f"articles/{ARTICLE}.md", "no front matter")
    desk.sync()
    found: list[dict[str, Any]] = articles.problems()
    assert json.loads(json.dumps(found)) == [
        {
            "path": f"articles/{ARTICLE}.md",
            "message": "The file doesn’t start with its fields.",
            "remedy": "Begin with a line ---, then title: Caring for your skin, then a line --- again.",
            "line": 1,
            "column": 1,
            "is_warning": False,
        }
    ]
