"""The author's first page, and the pages about articles and the journal."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from blog import accounts, db, outbox
from blog.articles import sync
from blog.outbox import FileTransport
from tests.cast import AUTHOR, CLOCK, MODERATOR, SECOND, Clock, Visitor, write_content


def test_with_nothing_to_do_the_first_page_says_so(author: Visitor) -> None:
    page = author.get("/admin/").text
    assert "Nothing is waiting" in page


def test_the_first_page_says_what_waits(reader: Visitor, author: Visitor) -> None:
    reader.comment()
    reader.enquire()
    page = author.get("/admin/").text
    assert "1 comment" in page
    assert "1 enquiry" in page or "1 new enquiry" in page


def test_the_first_page_says_who_can_not_be_sent_any_mail(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    assert "be sent any mail" not in author.get("/admin/").text
    with app.app_context(), db.writing():
        mia = accounts.by_email(MODERATOR.email)
        assert mia
        mia.email = "mïa@clinic.example"
    words = "“mïa@clinic.example” isn’t one plain address"
    assert words in author.get("/admin/").text
    assert words not in moderator.get("/admin/").text


@pytest.fixture
def broken(make_app: Any, tmp_path: Path) -> Visitor:
    """A site with a file that can't be used, and its author."""
    folder = write_content(tmp_path / "content")
    app = make_app(content_dir=str(folder))
    path = folder / f"articles/{SECOND}.md"
    path.write_text("---\ntitle: Winter: skin\ndate: soon\n---\nText\n")
    with app.app_context():
        sync.run(folder, now=CLOCK)
    visitor = Visitor(app)
    visitor.sign_in(AUTHOR)
    return visitor


@pytest.mark.parametrize("page", ["/admin/", "/admin/articles"])
def test_a_file_that_can_not_be_used_is_reported_with_place_and_remedy(
    broken: Visitor, page: str
) -> None:
    text = broken.get(page).text
    assert f"articles/{SECOND}.md" in text
    assert "line 2" in text


def test_the_last_good_version_of_a_broken_article_stays_online(broken: Visitor) -> None:
    assert "Cold air is dry air" in broken.get(f"/articles/{SECOND}").text


def test_articles_are_listed_with_where_they_stand(app: Flask, author: Visitor) -> None:
    from datetime import timedelta

    from blog import articles

    with app.app_context(), db.writing():
        article = articles.by_id(SECOND)
        assert article
        article.published_at = db.utc_now() + timedelta(days=2)
    page = author.get("/admin/articles").text
    assert "published" in page
    assert "scheduled" in page
    assert f'href="/articles/{SECOND}"' not in page


def test_many_articles_are_listed_a_page_at_a_time(make_app: Any, tmp_path: Path) -> None:
    folder = write_content(tmp_path / "content")
    for number in range(50):
        path = folder / f"articles/n{number}.md"
        path.write_text(f"---\ntitle: Number {number}\nstatus: draft\nsummary: S\n---\nText\n")
    app = make_app(content_dir=str(folder))
    with app.app_context():
        sync.run(folder, now=CLOCK)
    visitor = Visitor(app)
    visitor.sign_in(AUTHOR)
    first, second = visitor.get("/admin/articles").text, visitor.get("/admin/articles?page=2").text
    assert (first.count("content/articles/n"), second.count("content/articles/n")) == (50, 0)
    assert 'href="?page=2" rel="next"' in first
    assert f"content/articles/{SECOND}.md" in second
    assert 'href="/admin/articles" rel="prev"' in second
    assert 'rel="next"' not in second
    assert visitor.get("/admin/articles?page=3").status_code == 404
    for page in ("0", "-1", "nonsense"):
        shown = visitor.get(f"/admin/articles?page={page}").text
        assert re.findall(r"content/articles/\S+", shown) == re.findall(
            r"content/articles/\S+", first
        )


def test_the_first_page_says_when_the_last_mail_left(
    clock: Clock, make_app: Any, tmp_path: Path
) -> None:
    app = make_app(smtp_url="smtp://mail.clinic.example")
    author, moderator = Visitor(app), Visitor(app)
    author.sign_in(AUTHOR)
    moderator.sign_in(MODERATOR)
    assert "The last mail left" not in author.get("/admin/").text
    author.enquire()
    with app.app_context():
        outbox.deliver_due(FileTransport(tmp_path), worker="worker", clock=clock)
    clock.move(minutes=3)
    words = re.sub(r"<[^>]+>", "", author.get("/admin/").text)
    assert "The last mail left 3 minutes ago." in words
    assert "The last mail left" not in moderator.get("/admin/").text


def test_the_journal_says_who_did_what_and_holds_no_words(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.comment("These very words")
    author.press("/admin/comments", "/admin/comments/1/approval")
    page = author.get("/admin/journal").text
    assert "Sandra de Beer" in page
    assert "approved comment 1" in page
    assert "These very words" not in page


def test_older_lines_and_mail_are_on_older_pages(app: Flask, author: Visitor) -> None:
    from blog import journal

    with app.app_context(), db.writing():
        for number in range(51):
            journal.record("tested", "mail", number, by=None, now=CLOCK)
            outbox.queue(
                kind="other",
                sender="blog@clinic.example",
                recipient=f"r{number}@clinic.example",
                subject="S",
                text="T",
                html="T",
                now=CLOCK,
            )
    for page, first in (("/admin/journal", "mail 0"), ("/admin/mail", "r0@clinic.example")):
        text = author.get(page).text
        assert "An operator" in text or page == "/admin/mail"
        assert first not in text
        older = text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        assert first in author.get(page + older.replace("&amp;", "&")).text


def test_every_page_of_the_desk_is_refused_to_who_may_not(moderator: Visitor) -> None:
    for page in ("/admin/enquiries", "/admin/mail", "/admin/articles"):
        assert moderator.get(page).status_code == 403
    for page in ("/admin/", "/admin/comments", "/admin/journal", "/admin/account"):
        assert moderator.get(page).status_code == 200
