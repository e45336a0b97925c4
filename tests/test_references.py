"""What texts refer to: what isn't there is said with its line, and heals by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from blog import articles, db, urls
from blog.articles import Article, references, sync
from tests.cast import ARTICLE, CLOCK, SECOND

AUTHOR_ID = "sandra-de-beer"


class Desk:
    """An author's folder beside a site; each sync comes a minute after the last."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = CLOCK

    def save(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (self.now.timestamp(), self.now.timestamp()))

    def write(self, body: str, id: str = ARTICLE, **fields: str) -> None:  # noqa: A002  # the contract's word
        lines = {"title": "Skin", "date": "2026-03-01", "summary": "A sentence."} | fields
        head = "".join(f"{name}: {value}\n" for name, value in lines.items())
        self.save(f"articles/{id}.md", f"---\n{head}---\n{body}\n")

    def found(self) -> list[dict[str, Any]]:
        """What a sync leaves to be said, which a look at the files alone says too."""
        self.now += timedelta(minutes=1)
        sync.run(self.root, now=self.now)
        kept = articles.problems()
        seen = sync.check(self.root, site_url=urls.absolute(""))
        key = ("path", "line", "message", "remedy", "is_warning")
        assert sorted(str([each[name] for name in key]) for each in kept) == sorted(
            str([getattr(each, name) for name in key]) for each in seen
        )
        return kept

    def said(self) -> list[tuple[int | None, str]]:
        found = self.found()
        assert all(problem["is_warning"] for problem in found)
        return [(problem["line"], problem["message"]) for problem in found]


@pytest.fixture
def desk(make_app: Callable[..., Flask], own_content: Path) -> Iterator[Desk]:
    with make_app(content_dir=str(own_content)).app_context():
        yield Desk(own_content)


THERE = [
    "/",
    "/contact",
    "/search?q=skin",
    "/feed.xml",
    "/admin/",
    "/privacy",
    "/privacy/",
    "../privacy",
    "/privacy#who",
    f"/articles/{SECOND}",
    f"/articles/{SECOND}?page=2#comments",
    f"/articles/{SECOND}.md",
    f"/articles/{SECOND}/comments/feed.xml",
    SECOND,
    f"{SECOND}.md",
    f"../articles/{SECOND}",
    "/2026/01/winter-skin",
    "/topics",
    "/archive/2026",
    "/topics/daily-care",
    "/topics/daily-care/feed.xml",
    f"/authors/{AUTHOR_ID}",
    "/media/plan.pdf",
    "../media/plan.pdf",
    "#here",
    "?page=2",
    "https://example.org/nowhere",
    "mailto:a@b.example",
]


def test_a_link_to_what_is_there_is_no_problem(desk: Desk) -> None:
    desk.save("media/plan.pdf", "A plan.")
    links = "\n\n".join(f"One [link]({address})." for address in THERE)
    desk.write(f"## Here\n\n{links}")
    assert desk.found() == []


BROKEN = {
    "/articles/nowhere": "there is no article at this address.",
    "nowhere": "there is no article at this address.",
    "/articles/nowhere.md#x": "there is no article at this address.",
    "/topics/nowhere": "there is no topic at this address.",
    "/authors/nobody": "there is no author at this address.",
    "/nowhere": "there is no page at this address.",
    "/2019/05/nowhere": "there is no page at this address.",
    "../pages/privacy.md": "there is no page at this address.",
    "/media": "there is no page at this address.",
}


def test_a_link_that_leads_nowhere_is_said_with_its_line(desk: Desk) -> None:
    desk.write("\n\n".join(f"Two {address}more.\n\nA [link]({address})." for address in BROKEN))
    assert desk.said() == [
        (8 + 4 * number, f"The link to {address} leads nowhere: {why}")
        for number, (address, why) in enumerate(BROKEN.items())
    ]


def test_what_is_not_in_media_is_said_of_texts_covers_and_photos(desk: Desk) -> None:
    desk.save(f"authors/{AUTHOR_ID}.md", "---\nname: Sandra\nphoto: me.png\n---\nHello.\n")
    body = "One.\n\n![A](/media/a%20b.png) [plan](/media/plan.pdf)"
    desk.write(body, cover="skin.jpg", cover_alt="A hand")
    gone = "isn’t there, or can’t be read."
    assert desk.said() == [
        (5, f"The file media/skin.jpg {gone}"),
        (10, f"The file media/plan.pdf {gone}"),
        (10, f"The file media/a b.png {gone}"),
        (3, f"The file media/me.png {gone}"),
    ]
    for name in ("skin.jpg", "plan.pdf", "a b.png", "me.png"):
        desk.save(f"media/{name}", "x")
    assert desk.found() == []


@pytest.mark.parametrize("typed", ["skin.jpg", "media/skin.jpg", "/images/skin.jpg"])
def test_a_picture_outside_of_media_is_said_with_where_it_belongs(desk: Desk, typed: str) -> None:
    desk.write(f"One.\n\n![A]({typed})")
    (problem,) = desk.found()
    assert problem["message"] == f"The picture {typed} isn’t in media/."
    assert problem["remedy"] == "Put it into media/ and write /media/skin.jpg"
    assert problem["line"] == 8
    desk.write("![A](/static/favicon.svg)")
    assert desk.found() == []


def test_a_picture_without_words_is_said(desk: Desk) -> None:
    desk.save("media/a.png", "x")
    desk.write('![](/media/a.png)\n\n<img src="/media/a.png" alt="">\n')
    (problem,) = desk.found()
    assert problem["message"] == "The picture /media/a.png says nothing to those who can’t see it."
    assert problem["line"] == 6
    desk.write('<img src="/media/a.png" alt="">\n')
    assert desk.found() == []


def test_links_within_a_text_and_headings_out_of_order_are_said(desk: Desk) -> None:
    desk.write("# One *word*\n\nSee [there](#nowhere).\n\n### Deep\n\n# Two\n\nDeep\n")
    assert desk.said() == [
        (8, "The link to #nowhere leads to a part of this text that isn’t there."),
        (10, "The heading Deep is more than one level below what comes before it."),
        # In another form than it was typed, so its line isn't known.
        (None, "The heading One word has the level of the title, which stands above the text."),
    ]


OWN = "http://127.0.0.1:8000"


ELSEWHERE = [
    "https://example.org/nowhere",
    f"{OWN}0/nowhere",
    f"{OWN}.example.org/nowhere",
    "https://127.0.0.1/nowhere",
    "//[::1/nowhere",
    "http:/nowhere",
    "https:",
]


def test_a_link_to_another_site_is_no_problem(desk: Desk) -> None:
    desk.write("\n\n".join(f"One [link]({address})." for address in ELSEWHERE))
    assert desk.found() == []


BETTER = {
    f"{OWN}/articles/{SECOND}?page=2#comments": f"/articles/{SECOND}?page=2#comments",
    f"https{OWN[4:]}/contact": "/contact",
    f"{OWN[5:].upper()}/2026/01/winter-skin": "/2026/01/winter-skin",
    OWN: "/",
    f"{OWN}?page=2": "/?page=2",
}


def test_a_link_that_names_this_site_is_said_with_what_to_write(desk: Desk) -> None:
    desk.write("\n\n".join(f"A [link]({address})." for address in BETTER))
    key = ("line", "message", "remedy")
    assert [tuple(problem[name] for name in key) for problem in desk.found()] == [
        (
            6 + 2 * number,
            f"The link to {address} names this site, whose address may change.",
            f"Write {better}",
        )
        for number, (address, better) in enumerate(BETTER.items())
    ]


def test_a_link_that_names_this_site_may_lead_nowhere_too(desk: Desk) -> None:
    desk.write(f"A [link]({OWN}/articles/nowhere).")
    words = (
        f"The link to {OWN}/articles/nowhere leads nowhere: there is no article at this address."
    )
    assert desk.said() == [(6, words)]


def test_an_alias_where_something_stands_is_said_until_it_stands_there_no_more(desk: Desk) -> None:
    aliases = ["/skin/", f"/articles/{ARTICLE}", f"/articles/{SECOND}", "/privacy", "/topics/sun"]
    desk.write("Words.", aliases=f"[{', '.join(aliases)}]", topics="[Sun]")
    assert desk.said() == [
        (5, f"The alias {alias} is no earlier address: something stands there today.")
        for alias in aliases[1:]
    ]
    desk.write("Words.", slug="elsewhere", aliases=f"[{', '.join(aliases[:3])}]")
    desk.write("Words.", SECOND, slug="here")
    assert desk.found() == []


def test_pages_and_authors_are_looked_at_too(desk: Desk) -> None:
    desk.save("pages/privacy.md", "---\ntitle: Privacy\n---\n[a](nowhere) [b](contact)\n")
    desk.save(f"authors/{AUTHOR_ID}.md", "---\nname: Sandra\n---\n[c](nobody)\n")
    assert [(each["path"], each["line"]) for each in desk.found()] == [
        (f"authors/{AUTHOR_ID}.md", 4),
        ("pages/privacy.md", 4),
    ]


def test_what_is_mended_elsewhere_is_said_no_more_and_what_breaks_is(desk: Desk) -> None:
    desk.write("A [link](/articles/later).")
    assert len(desk.found()) == 1
    desk.write("Words.", "later")
    assert desk.found() == []
    (desk.root / "articles/later.md").unlink()
    (problem,) = desk.found()
    assert problem["path"] == f"articles/{ARTICLE}.md"
    desk.write("Words.")
    assert desk.found() == []


def test_a_file_that_cannot_be_used_keeps_what_it_was_and_refers_to(desk: Desk) -> None:
    desk.write("A [link](/articles/nowhere).")
    desk.write(f"A [link](/articles/{ARTICLE}).", SECOND)
    sync.run(desk.root, now=desk.now)
    desk.save(f"articles/{ARTICLE}.md", "no fields")
    desk.now += timedelta(minutes=1)
    sync.run(desk.root, now=desk.now)
    # It is online as it was, so nobody's link to it is broken, and its own is.
    assert [(each["path"], each["is_warning"]) for each in articles.problems()] == [
        (f"articles/{ARTICLE}.md", False),
        (f"articles/{ARTICLE}.md", True),
    ]
    assert [each.path for each in sync.check(desk.root, site_url=urls.absolute(""))] == [
        f"articles/{ARTICLE}.md"
    ]


def test_an_earlier_address_still_leads_on_but_a_look_at_the_files_names_it(desk: Desk) -> None:
    desk.write("Words.", SECOND, slug="elsewhere")
    desk.write(f"A [link](/articles/{SECOND}).")
    sync.run(desk.root, now=desk.now)
    assert articles.problems() == []
    assert [problem.path for problem in sync.check(desk.root, site_url=urls.absolute(""))] == [
        f"articles/{ARTICLE}.md"
    ]


def test_a_file_that_is_no_file_of_words_is_said_once_and_harms_nothing(desk: Desk) -> None:
    desk.save("articles/notes.txt", "Notes")
    desk.save(f"articles/{ARTICLE}", "Notes")
    desk.save("articles/2026/deep.md", "Words")
    os.utime(desk.root / "articles/2026", (CLOCK.timestamp(), CLOCK.timestamp()))
    assert [each["path"] for each in desk.found()] == [
        "articles/2026",
        f"articles/{ARTICLE}",
        "articles/notes.txt",
    ]
    desk.now += timedelta(minutes=1)
    assert not sync.run(desk.root, now=desk.now)
    assert articles.count_errors() == 0
    (desk.root / "articles" / ARTICLE).unlink()
    (desk.root / "articles/notes.txt").unlink()
    assert len(desk.found()) == 1
    assert db.session.execute(select(Article.id).where(Article.id == ARTICLE)).scalar_one()


def test_every_path_of_ours_may_be_linked_to(app: Flask) -> None:
    made_by_content = {"articles", "authors", "topics", "media"}
    first = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    own = {name for name in first if name and "<" not in name} - made_by_content
    assert own <= references.OWN_PATHS, "a link to these would be called broken"
