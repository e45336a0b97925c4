"""Preview links: one article for whoever has the link, as long as it may, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from blog import db, tokens
from blog.articles import manuscripts, previews, sync
from blog.errors import NotFound
from blog.permissions import Scope
from tests.cast import (
    AUTHOR,
    AUTHOR_ID,
    CLOCK,
    SECOND,
    SECOND_AUTHOR,
    Blog,
    Clock,
    Person,
    Visitor,
    csrf_token,
)
from tests.test_permissions import token_of
from tests.test_reading import HIDDEN, Site, says

API = "/api/v1"
SECRET = "Nobody knows this yet."
STATES = {
    "draft": "is a draft",
    "archived": "was taken away",
    "scheduled": "appears by itself",
    "expired": "time is over",
}


@pytest.fixture
def site(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Site:
    """A site with an article that nobody can read yet, in the name of Sandra."""
    site = Site(make_app(content_dir=str(own_content)), own_content)
    put(site, status="draft")
    return site


def put(site: Site, **fields: str) -> None:
    site.put("peels", "Peels", SECRET, author=AUTHOR_ID, topics="[Hidden]", **fields)
    with site.app.app_context():
        sync.run(site.content, now=db.utc_now())


def program(site: Site, person: Person = AUTHOR, scope: Scope = Scope.CONTENT_PREVIEW) -> Any:
    """Ask the API by a token of somebody’s."""
    secret = token_of(site.app, person, scope)

    def ask(method: str, path: str, status: int, **json: Any) -> Any:
        headers = {"Authorization": f"Bearer {secret}"}
        path = f"{API}/admin/articles{path}"
        options: dict[str, Any] = {"json": json} if method == "POST" else {}
        answer: Any = site.reader._open(method, path, headers=headers, **options)
        assert answer.status_code == status, answer.text
        return answer.json

    return ask


def made(site: Site, **json: Any) -> Any:
    """A link to the article, as the API tells it."""
    return program(site)("POST", "/peels/previews", 201, **json)["data"]


def path_of(address: str) -> str:
    return address.removeprefix("http://127.0.0.1:8000")


def is_private(answer: Any) -> bool:
    told = {name: answer.headers.get(name) for name in ("Cache-Control", "Referrer-Policy")}
    return (told, answer.headers.get("X-Robots-Tag")) == (
        {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        "noindex, nofollow",
    )


@pytest.mark.parametrize("state", STATES)
def test_whoever_has_the_link_reads_what_nobody_else_can(site: Site, state: str) -> None:
    put(site, **HIDDEN[state])
    link = made(site)
    answer = site.get(path_of(link["url"]))
    assert answer.status_code == 200
    assert is_private(answer)
    words = says(answer.text)
    assert SECRET in words
    assert STATES[state] in words
    assert "11 May 2026" in words
    assert '<meta name="robots" content="noindex, nofollow">' in answer.text
    assert "<form" not in answer.text
    assert "ld+json" not in answer.text
    assert site.get("/articles/peels").status_code != 200
    for place in ("/", "/feed.xml", "/sitemap.xml", "/search?q=nobody", "/topics", "/llms.txt"):
        assert "Peels" not in site.text(place)
        assert "/preview/" not in site.text(place)
    sent = site.get(path_of(link["api_url"]))
    assert is_private(sent)
    assert sent.headers["Access-Control-Allow-Origin"] == "*"
    data = sent.json["data"]
    assert (data["id"], data["plaintext"]) == ("peels", SECRET)
    assert data["html"] == f"<p>{SECRET}</p>"
    assert "comments" not in data


def test_a_preview_shows_the_file_as_it_is_now_and_leads_on_once_it_is_published(
    site: Site, clock: Clock
) -> None:
    put(site, status="draft", date="")
    link = made(site)
    assert "no date yet" in site.text(path_of(link["url"]))
    site.put("peels", "Peels, again", "Other words.", date="2026-05-05", cover="")
    site.sync()
    assert "Other words." in site.text(path_of(link["url"]))
    clock.move(days=2)
    for name, place in (("url", "/articles/peels"), ("api_url", f"{API}/articles/peels")):
        answer = site.get(path_of(link[name]))
        assert (answer.status_code, path_of(answer.location)) == (303, place)
        assert is_private(answer)


def test_what_has_ended_is_as_if_it_had_never_been(site: Site, clock: Clock) -> None:
    ask = program(site)
    link, long = (ask("POST", "/peels/previews", 201, lives_days=days)["data"] for days in (1, 30))
    other = path_of(link["url"]).replace("/preview/", "")

    def refused(address: str) -> bool:
        pages = [site.get(f"/preview/{address}"), site.get(f"{API}/previews/{address}")]
        told = "or it has ended"
        return all(page.status_code == 404 and told in page.text for page in pages)

    assert not refused(other)
    with site.app.app_context():
        key = "a secret of the tests, long enough to be taken"
        unmade = tokens.issue(key, "preview", "9999", now=CLOCK)
    for wrong in ("x", other[:-1] + "~", f"{other}a", unmade, "a" * 2_000):
        assert refused(wrong), wrong
    clock.move(days=1)
    assert refused(other)
    with site.app.app_context():
        previews.sweep(clock.now)
    assert [each["id"] for each in ask("GET", "/peels/previews", 200)["data"]] == [long["id"]]
    assert refused(other)
    here = path_of(long["url"]).replace("/preview/", "")
    (site.content / "articles" / "peels.md").unlink()
    site.sync()
    assert refused(here)
    put(site, status="draft")
    assert not refused(here)
    ask("DELETE", f"/peels/previews/{long['id']}", 204)
    ask("DELETE", f"/peels/previews/{long['id']}", 204)
    assert refused(here)
    assert ask("GET", "/peels/previews", 200)["data"] == []
    ask("DELETE", "/peels/previews/9999", 404)


def test_a_link_is_worth_no_more_than_who_made_it_may_do(site: Site) -> None:
    site.put(SECOND, author="thabo-nkosi", status="draft")
    site.sync()
    change(site, "UPDATE user_account SET author_id = 'thabo-nkosi' WHERE role = 'author'")
    hers = program(site, SECOND_AUTHOR)
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/1")):
        hers(method, f"/peels/previews{path}", 404)
    link = hers("POST", f"/{SECOND}/previews", 201)["data"]
    assert link["made_by"] == SECOND_AUTHOR.name
    address = path_of(link["url"])
    assert site.get(address).status_code == 200
    change(site, "UPDATE user_account SET author_id = 'ann' WHERE role = 'author'")
    assert site.get(address).status_code == 404
    change(site, "UPDATE user_account SET author_id = 'thabo-nkosi' WHERE role = 'author'")
    change(site, "UPDATE user_account SET removed_at = created_at WHERE role = 'author'")
    assert site.get(address).status_code == 404


def change(site: Site, statement: str) -> None:
    with site.app.app_context(), db.writing():
        db.session.execute(text(statement))


def test_links_are_few_end_in_time_and_are_made_of_what_is_not_published(site: Site) -> None:
    ask = program(site)
    for days in (0, 31):
        problem = ask("POST", "/peels/previews", 422, lives_days=days)
        assert problem["errors"][0]["field"] == "lives_days"
    ask("POST", "/nothing/previews", 404)
    for _ in range(previews.OF_ONE_MAX):
        ask("POST", "/peels/previews", 201)
    assert "End one" in ask("POST", "/peels/previews", 409)["detail"]
    put(site)
    assert "already" in ask("POST", "/peels/previews", 409)["detail"]


def test_the_journal_says_who_made_and_ended_them(site: Site) -> None:
    ask = program(site)
    number = ask("POST", "/peels/previews", 201)["data"]["id"]
    for _ in range(2):
        ask("DELETE", f"/peels/previews/{number}", 204)
    with site.app.app_context():
        rows = db.session.execute(
            text("SELECT verb, thing, thing_id FROM journal_line WHERE verb LIKE '%preview%'")
        ).all()
    assert [*map(tuple, rows)] == [
        ("made a preview of", "article", "peels"),
        ("ended a preview of", "article", "peels"),
    ]


# At the desk


def test_links_are_made_and_ended_at_the_desk(site: Site, author: Visitor) -> None:
    desk = author
    desk.client = site.app.test_client()
    desk.sign_in(AUTHOR)
    page = desk.get("/admin/articles").text
    assert 'href="/admin/articles/peels/previews"' in page
    place = "/admin/articles/peels/previews"
    assert "No link leads to it" in says(desk.get(place).text)
    wrong = desk.post(place, {"csrf_token": csrf_token(desk.get(place).text), "lives_days": "99"})
    assert wrong.status_code == 422
    answer = desk.post(place, {"csrf_token": csrf_token(desk.get(place).text), "lives_days": "3"})
    assert (answer.status_code, answer.location) == (303, place)
    shown = desk.get(place).text
    assert "The link is made." in says(shown)
    assert "/preview/" in shown
    ended = desk.post(f"{place}/1/end", {"csrf_token": csrf_token(shown)})
    assert ended.status_code == 303
    assert "leads nowhere any more" in says(desk.get(place).text)
    put(site)
    assert "nobody needs a preview" in says(desk.get(place).text)


# At the command line


def test_operators_make_list_and_end_them(blog: Blog, app: Flask, clock: Clock) -> None:
    with app.app_context(), db.writing():
        db.session.execute(text(f"UPDATE article SET status = 'draft' WHERE id = '{SECOND}'"))
    ran = blog("content", "preview", SECOND, "--days", "3")
    assert ran.code == 0
    assert "/preview/" in ran.out
    assert ran.out.startswith("1: until ")
    assert blog("content", "preview", SECOND, "--list").out == ran.out
    address = path_of(ran.out.split(": ")[-1].strip())
    assert Visitor(app).get(address).status_code == 200
    assert blog("content", "preview", SECOND, "--end", "1").out == "Preview 1 has ended.\n"
    assert blog("content", "preview", SECOND, "--list").out == ""
    assert Visitor(app).get(address).status_code == 404
    assert blog("content", "preview", "nothing").err == f"Error: {manuscripts.MISSING}\n"
    with app.app_context(), pytest.raises(NotFound):
        previews.shown("x", now=CLOCK + timedelta(days=1))
