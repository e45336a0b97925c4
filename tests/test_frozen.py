"""The site as files: all of it is there under its addresses, served by nginx and by Caddy as the
documentation has it, and the folder it is written to is filled with care."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urldefrag, urljoin, urlsplit

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from sqlalchemy import select

from blog import create_app, db, frozen
from blog.articles import sync
from blog.comments import Comment
from blog.config import Frozen
from blog.errors import Busy, Conflict, FileError
from blog.feeds import finding
from blog.frozen import Report
from blog.frozen.folder import STATE
from tests import needs
from tests.cast import ARTICLE, CLOCK, SECOND, Blog, Clock
from tests.quality import site
from tests.quality.tour import SANDRA
from tests.smtp_server import HOST, unused_port
from tests.test_operating import NGINX, account, ask, running
from tests.test_serving import ROOT

DOCUMENT = (ROOT / "docs/static-export.md").read_text()
MIME_TYPES = "/etc/nginx/mime.types"
URL, LIVE = "https://blog.example.org", "https://talk.example.org"
BY_SERVER = Frozen(url=URL, live=LIVE)
HIDDEN = """\
---
title: Nobody reads this yet
date: {date}
status: {status}
topics: [Secret]
---

Not to be read.
"""
ODD = """\
---
title: What a server may stumble over
date: 2025-01-01
aliases: ["/café; it's"]
---

A link that is only shown: `<a href="/comments/never">`, and one that leads on:
[no more](/comments/never).
"""

pytestmark = pytest.mark.one_database("what is asked has tests on both, and files have none")


def quietly(_done: int, _total: int) -> None:
    """Nobody is looking."""


Export = Callable[..., Report]


@contextmanager
def exporting(environ: dict[str, str], compiled: BytecodeCache) -> Iterator[Export]:
    """Export a site as the command does, by one application for each kind of copy."""
    apps: dict[Frozen, Flask] = {}

    def export(target: Path, *, made: Frozen = BY_SERVER, **options: Any) -> Report:
        if made not in apps:
            apps[made] = create_app(environ, frozen=made)
            apps[made].jinja_env.bytecode_cache = compiled
        given: dict[str, Any] = {"progress": quietly, "now": db.utc_now()} | options
        return frozen.run(apps[made], target, **given)

    yield export
    for app in apps.values():
        with app.app_context():
            db.close()


@pytest.fixture
def export(environ: dict[str, str], compiled: BytecodeCache) -> Iterator[Export]:
    with exporting(environ, compiled) as export:
        yield export


def files(target: Path) -> dict[str, bytes]:
    """Read all that is there for readers."""
    found = (path for path in target.rglob("*") if path.is_file())
    named = {str(path.relative_to(target)): path for path in found}
    return {name: path.read_bytes() for name, path in named.items() if not name.startswith(STATE)}


# A whole site, once


@dataclass
class Exported:
    """A site with something of everything on it, as files beside a server, and alone."""

    target: Path
    alone: Path
    comments: set[str]


@pytest.fixture(scope="module")
def exported(
    tmp_path_factory: pytest.TempPathFactory, compiled: BytecodeCache
) -> Iterator[Exported]:
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "utc_now", Clock())
        published = make_site(folder)
        environ, target = site.environ(folder), folder / "public"
        with exporting(environ, compiled) as export:
            export(target)
            export(folder / "alone", made=Frozen(url=URL))
        yield Exported(target, folder / "alone", published)


def make_site(folder: Path) -> set[str]:
    """Fill a site, with what nobody is to see beside it; gives the ids of its comments."""
    app = site.make_empty(folder)
    words = folder / "content" / "articles"
    words.mkdir()
    (words / "hidden-1.md").write_text(HIDDEN.format(status="draft", date="2026-01-01"))
    (words / "hidden-2.md").write_text(HIDDEN.format(status="published", date="2027-01-01"))
    (words / "odd.md").write_text(ODD)
    with app.app_context():
        with db.writing():
            site.let_in(SANDRA)
        site.fill(folder / "content")
        (folder / "content" / "media" / "a b.txt").write_text("plain")
        found = db.session.execute(select(Comment.id).where(Comment.state == "approved"))
        ids = set(map(str, found.scalars()))
        db.close()
    return ids


def nginx_command(folder: Path, port: int, target: Path) -> list[str]:
    server = config_of("nginx", port, target).replace("listen 80;", f"listen {HOST}:{port};")
    types = f"include {MIME_TYPES};"
    (folder / "nginx.conf").write_text(NGINX.format(user=account(), server=f"{types}{server}"))
    return [needs.nginx(), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]


def caddy_command(folder: Path, port: int, target: Path) -> list[str]:
    block = config_of("caddyfile", port, target).replace(
        "blog.example.org {", f"http://{HOST}:{port} {{"
    )
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n}}\n{block}")
    return [needs.caddy(), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def config_of(language: str, port: int, target: Path) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.M | re.S)
    assert "/srv/www/blog" in found
    return str(found).replace("/srv/www/blog", str(target))


SERVERS = {"nginx": nginx_command, "caddy": caddy_command}


@pytest.fixture(scope="module", params=SERVERS)
def port(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, exported: Exported
) -> Iterator[int]:
    """Where a server serves the files."""
    folder, port = tmp_path_factory.mktemp("server"), unused_port()
    with running(SERVERS[request.param](folder, port, exported.target), folder, port):
        yield port


class Links(HTMLParser):
    """What a page refers to, and what in it can be referred to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.refers_to: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.ids.add(given.get("id", ""))
        self.refers_to += [given[name] for name in ("href", "src", "action") if name in given]
        if tag == "meta" and given.get("content", "").startswith(URL):
            self.refers_to.append(given["content"])


# In what is no page, each address of the site.
ADDRESS = re.compile(rf"{URL}[^\s\"'<>\\)]*")
# It tells of the live server, with examples that are made up.
DESCRIPTION = "/api/v1/openapi.json"


def refers_to(path: str, kind: str, text: str) -> set[str]:
    if path == DESCRIPTION or kind.startswith(("image/", "text/css", "text/javascript")):
        return set()
    if kind.startswith("text/html"):
        return {urljoin(URL + path, address) for address in Links(text).refers_to}
    return set(ADDRESS.findall(text))


def address_of(name: str) -> str:
    """Say under which address a host serves a file."""
    return "/" + quote(re.sub(r"(^|/)index\.(html|json)$|(?<!/comments)\.html$", "", name))


def test_a_crawl_finds_nothing_broken_and_every_comment(exported: Exported, port: int) -> None:
    names = [name for name in files(exported.target) if not name.startswith("_")]
    wanted = {address_of(name): "the folder" for name in names if name != "404.html"}
    assert {
        "/",
        "/page/2",
        f"/api/v1/articles/{site.BUSY}/comments/page/2",
        f"/articles/{site.BUSY}/comments/page/2",
    } < set(wanted)
    ids: dict[str, set[str]] = {}
    fragments: set[tuple[str, str, str]] = set()
    todo = list(wanted)
    while todo:
        path = todo.pop()
        answer = ask(port, path)
        assert answer.status == 200, f"{path}, from {wanted[path]}: {answer.status}"
        kind, text = answer.headers["Content-Type"], answer.body.decode(errors="replace")
        is_page = kind.startswith("text/html")
        ids[path] = Links(text).ids if is_page else set()
        for address in refers_to(path, kind, text):
            assert not address.startswith(site.ADDRESS), f"{path}: {address}"
            if urlsplit(address).netloc != urlsplit(URL).netloc:
                continue
            found, fragment = urldefrag(address.removeprefix(URL) or "/")
            assert "?" not in found.replace("?v=", ""), f"{path}: {address}"
            if (fragment and is_page) or "#comment" in address:
                fragments.add((path, found, fragment))
            if found not in wanted:
                wanted[found] = path
                todo.append(found)
    assert [each for each in fragments if each[2] not in ids[each[1]]] == []
    shown = {name for page in ids.values() for name in page if name.startswith("comment-")}
    assert shown == {f"comment-{number}" for number in exported.comments}


def test_a_link_is_led_on_and_words_stay(exported: Exported) -> None:
    page = (exported.target / "articles" / "odd.html").read_text()
    assert re.search(f'<a [^>]*href="{LIVE}/comments/never"', page)
    assert '&lt;a href="/comments/never"' in unescape(page.replace("&lt;", "&amp;lt;"))


def test_no_page_has_a_form_or_tells_of_what_is_hidden(exported: Exported) -> None:
    for name, data in files(exported.target).items():
        assert b"<form" not in data, name
        assert b"token" not in data or name.startswith(
            ("api/v1/", "embed/", "static/", "privacy")
        ), name
        for hidden in (b"Nobody reads this yet", b"hidden-", b"ecret/", b"nonce"):
            assert hidden not in data, name


@pytest.mark.parametrize(
    ("path", "kind", "kept"),
    [
        ("/", "text/html; charset=utf-8", "public, max-age=0"),
        (f"/articles/{ARTICLE}", "text/html; charset=utf-8", "public, max-age=0"),
        (f"/articles/{ARTICLE}.md", "text/markdown; charset=utf-8", "public, max-age=0"),
        ("/feed.xml", "application/atom+xml; charset=utf-8", "public, max-age=0"),
        (f"/articles/{ARTICLE}/comments/feed.xml", "application/atom+xml", "public, max-age=0"),
        ("/topics/daily-care/feed.json", "application/feed+json", "public, max-age=0"),
        ("/api/v1/articles", "application/json", "public, max-age=0"),
        (f"/api/v1/articles/{ARTICLE}/comments", "application/json", "public, max-age=0"),
        ("/api/v1/reference", "text/html; charset=utf-8", "public, max-age=0"),
        ("/sitemap.xml", "text/xml", "public, max-age=0"),
        ("/media/cover.png", "image/png", "public, max-age=3600"),
        ("/media/cover.png?v=0123", "image/png", "public, max-age=31536000, immutable"),
        ("/media/a%20b.txt", "text/plain; charset=utf-8", "public, max-age=3600"),
        ("/embed/comments.js", "javascript", "public, max-age=0"),
        ("/static/{style}", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
    ],
)
def test_a_file_comes_as_what_it_is(
    path: str, kind: str, kept: str, exported: Exported, port: int
) -> None:
    (style,) = (exported.target / "static").glob("style.*")
    answer = ask(port, path.format(style=style.name))
    assert answer.status == 200
    assert kind in answer.headers["Content-Type"].replace("application/xml", "text/xml")
    assert answer.headers["Cache-Control"].startswith(kept)
    assert "form-action 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "max-age=63072000" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    is_open = path.startswith(("/api/", "/embed/", "/media/")) or "/feed." in path
    assert answer.headers["Access-Control-Allow-Origin"] == ("*" if is_open else None)


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/old/everything", "/articles/everything"),
        ("/old/everything/", "/articles/everything"),
        ("/caf%C3%A9;%20it's", "/articles/odd"),
    ],
)
def test_an_old_address_leads_on(path: str, leads_to: str, port: int) -> None:
    answer = ask(port, path)
    assert (answer.status, answer.headers["Location"]) == (301, leads_to)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/articles/hidden-1",
        "/articles",
        "/api/v1/nothing",
        "/_headers",
        f"/{STATE}/manifest.json",
    ],
)
def test_what_is_not_there_is_said_so_in_a_page(path: str, port: int) -> None:
    answer = ask(port, path)
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"Latest articles" in answer.body
    assert "max-age=3" not in answer.headers.get("Cache-Control", "")


# The folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.fixture
def words(environ: dict[str, str], own_content: Path) -> Path:
    """Where this test's site has its articles, its own to change."""
    environ["BLOG_CONTENT_DIR"] = str(own_content)
    return own_content / "articles"


def synced(environ: dict[str, str]) -> None:
    app = create_app(environ)
    with app.app_context():
        sync.run(Path(environ["BLOG_CONTENT_DIR"]), now=db.utc_now())
        db.close()


def test_only_what_changed_is_written(
    clock: Clock, target: Path, words: Path, export: Export
) -> None:
    media = words.parent / "media"
    media.mkdir()
    (media / "a.bin").write_bytes(b"1234")
    first = export(target)
    before, stamps = files(target), {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    assert (first.written, first.unchanged, first.removed) == (len(before), 0, 0)
    asked: list[int] = []
    again = export(target, progress=lambda done, _: asked.append(done))
    assert (again.written, again.unchanged, again.removed, asked) == (0, len(before), 0, [])
    # As long as a server keeps a page nothing is asked at all; then each file is compared.
    clock.move(hours=13)
    later = export(target, progress=lambda done, _: asked.append(done))
    assert (later.written, later.unchanged, later.removed) == (0, len(before), 0)
    assert asked
    assert files(target) == before
    assert {
        p: s for p, s in stamps.items() if p.is_file() and p.stat().st_mtime_ns != s
    }.keys() <= {target / STATE / "manifest.json", target / STATE / "lock"}
    # A file that somebody changed is written anew.
    (target / "index.html").write_text("broken")
    assert export(target).written == 1
    assert files(target) == before


def test_an_article_that_changes_or_goes_does_so_there(
    clock: Clock, environ: dict[str, str], target: Path, words: Path, export: Export
) -> None:
    export(target)
    before = files(target)
    file = words / f"{SECOND}.md"
    file.write_text(file.read_text().replace("a café", "an oven"))
    synced(environ)
    changed = export(target)
    after = files(target)
    names = {name for name in after if after[name] != before[name]}
    assert len(names) == changed.written
    assert {f"articles/{SECOND}.html", f"articles/{SECOND}.md", "feed.xml"} < names
    assert not any(ARTICLE in name for name in names)
    mine = target / "articles" / SECOND / "mine.txt"
    mine.write_text("kept")
    file.unlink()
    synced(environ)
    assert export(target).removed > 5
    left = {name for name in files(target) if SECOND in name or "daily-care" in name}
    assert left == {str(mine.relative_to(target))}
    assert not (target / "topics" / "daily-care").exists()


def test_what_changes_while_it_is_exported_is_for_the_next_time(
    clock: Clock, environ: dict[str, str], target: Path, words: Path, export: Export
) -> None:
    def take_away(done: int, _total: int) -> None:
        if done == 1:
            (words / f"{ARTICLE}.md").unlink()
            synced(environ)

    assert export(target, progress=take_away).is_behind
    assert f"/articles/{ARTICLE}" in (target / "index.html").read_text()
    assert (target / "articles" / f"{ARTICLE}.html").exists()
    assert not export(target).is_behind
    assert not (target / "articles" / f"{ARTICLE}.html").exists()


def test_what_ends_while_it_is_exported_is_left_out(
    clock: Clock, environ: dict[str, str], target: Path, words: Path, export: Export
) -> None:
    file = words / f"{ARTICLE}.md"
    file.write_text(file.read_text().replace("topics:", "expires: 2026-05-05\ntopics:"))
    synced(environ)
    report = export(target, progress=lambda _done, _total: clock.move(days=1))
    assert report.is_behind
    assert not (target / "articles" / f"{ARTICLE}.html").exists()


def test_an_export_that_is_cut_off_is_completed_by_the_next(
    clock: Clock, environ: dict[str, str], target: Path, words: Path, export: Export
) -> None:
    def cut_off(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(target, progress=cut_off)
    begun = files(target)
    assert f"articles/{SECOND}.html" in begun
    assert "index.html" not in begun
    (words / f"{SECOND}.md").unlink()
    synced(environ)
    export(target)
    assert not any(SECOND in name for name in files(target))
    assert "index.html" in files(target)


def test_two_at_once_do_not_disturb_each_other(target: Path, export: Export) -> None:
    def begin_another(done: int, _total: int) -> None:
        if done == 1:
            with pytest.raises(Conflict, match=r"Another export into .* is under way"):
                export(target)

    export(target, progress=begin_another)


@pytest.mark.parametrize("place", ["content", "content/media/public", "instance", "."])
def test_the_folders_of_the_site_are_left_alone(
    place: str, tmp_path: Path, words: Path, export: Export
) -> None:
    with pytest.raises(FileError, match="can’t share a folder"):
        export(tmp_path / place)
    assert not (tmp_path / place / STATE).exists()


def test_files_of_others_are_left_alone(
    environ: dict[str, str], target: Path, export: Export
) -> None:
    target.mkdir()
    (target / "thesis.odt").write_text("years of work")
    (target / "index.html").write_text("a page of mine")
    with pytest.raises(FileError, match="no export wrote"):
        export(target)
    assert sorted(files(target)) == ["index.html", "thesis.odt"]
    export(target, is_forced=True)
    assert (target / "thesis.odt").read_text() == "years of work"
    assert "The Skin Journal" in (target / "index.html").read_text()
    (target.parent / "environ").write_text("not ours")
    (target.parent / "absolute").write_text("not ours")
    (target / "linked").symlink_to(target.parent)
    (target / STATE / "begun").write_text(
        f"../environ\n{target.parent / 'absolute'}\nlinked/environ\n"
    )
    (target / "index.html").unlink()
    export(target)
    assert (target.parent / "environ").exists()
    assert (target.parent / "absolute").exists()


def test_no_link_leads_out(target: Path, tmp_path: Path, export: Export) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    export(target)
    shutil.rmtree(target / "articles")
    (target / "articles").symlink_to(outside)
    with pytest.raises(FileError, match="This is a link"):
        export(target)
    (target / "articles").unlink()
    (target / "index.html").rename(outside / "page")
    (target / "index.html").symlink_to(outside / "page")
    export(target)
    assert (outside / "page").exists()
    assert not (target / "index.html").is_symlink()
    before = (outside / "page").read_bytes()
    for tampered in ("{}", '{"note": 1, "files": {}}', '{"note": {"a": 1}, "files": {}}'):
        (target / STATE / "manifest.json").write_text(tampered)
        with pytest.raises(FileError, match=r"can’t be read. Delete \.blog-export"):
            export(target)
    (target / STATE / "lock").unlink()
    (target / STATE / "lock").symlink_to(outside / "page")
    state = tmp_path / "linked"
    state.mkdir()
    (state / STATE).symlink_to(outside)
    for folder in (target, state):
        with pytest.raises(FileError, match="There is a link here"):
            export(folder)
    assert (outside / "page").read_bytes() == before


def test_two_pages_are_never_one_file(
    environ: dict[str, str], target: Path, words: Path, export: Export
) -> None:
    (words.parent / "pages" / "index.md").write_text("---\ntitle: Index\n---\n\nWords.\n")
    synced(environ)
    with pytest.raises(FileError, match="Two pages would be this file"):
        export(target)


def test_a_site_that_cannot_answer_is_not_exported(
    environ: dict[str, str], target: Path, words: Path
) -> None:
    (words.parent / "pages" / "fails.md").write_text("---\ntitle: Fails\n---\n\nWords.\n")
    synced(environ)
    app = create_app(environ, frozen=Frozen(url=URL))
    app.add_url_rule("/fails", view_func=site.fail)
    with pytest.raises(Busy, match="/fails can’t be exported: the site answers 500"):
        frozen.run(app, target, progress=quietly, now=CLOCK)
    with app.app_context():
        db.close()
    # Nothing is taken away for it.
    assert "index.html" in files(target)


def test_a_long_sitemap_comes_in_parts(
    target: Path, monkeypatch: pytest.MonkeyPatch, export: Export
) -> None:
    monkeypatch.setattr(finding, "SITEMAP_MAX_URLS", 5)
    export(target)
    assert (target / "sitemap-2.xml").exists()


def test_old_addresses_that_mean_something_to_a_server_are_left_out(
    environ: dict[str, str], target: Path, words: Path, export: Export
) -> None:
    file = words / f"{SECOND}.md"
    file.write_text(file.read_text().replace("aliases: [", 'aliases: [/a b, "/{env.HOME}", /x*, '))
    synced(environ)
    moved = file.rename(words / "winter.md")
    moved.write_text(moved.read_text().replace("aliases: [", f"aliases: [/articles/{SECOND}, "))
    synced(environ)
    export(target)
    lines = (target / "_redirects").read_text()
    assert "/a%20b /articles/winter 301" in lines
    assert f"/articles/{SECOND}.md /articles/winter.md 301" in lines
    for name in ("_redirects", "_server/nginx.conf", "_server/Caddyfile"):
        text = (target / name).read_text()
        assert "env.HOME" not in text
        assert "/x*" not in text
        assert f"/articles/{SECOND}/comments/feed.xml" in text


# Where comments and enquiries go


def test_without_a_server_nothing_leads_to_one(exported: Exported) -> None:
    found = files(exported.alone)
    assert b"+27 00 000 0000" in found["contact.html"].partition(b"<footer")[0]
    for name, data in found.items():
        if name.endswith(".html") and not name.startswith("embed/"):
            for word in (
                b"Write a comment",
                b">Search</a>",
                b"/api/v1/reference",
                b"my-data",
                b"/report",
            ):
                assert word not in data, name
    assert "api/v1/openapi.json" not in found


def test_with_the_elements_pages_post_by_themselves(
    environ: dict[str, str], target: Path, words: Path, export: Export
) -> None:
    page = words.parent / "pages" / "privacy.md"
    page.write_text(page.read_text() + "\n[Stop](/comments/trust) or [write](/contact).\n")
    synced(environ)
    export(target, made=Frozen(url=URL, live=LIVE, embeds=True))
    article, contact, privacy = (
        (target / name).read_text()
        for name in (f"articles/{ARTICLE}.html", "contact.html", "privacy.html")
    )
    assert f'<script type="module" src="{LIVE}/embed/comments.js">' in article
    assert f'<blog-comments article="{ARTICLE}">' in article
    assert f'<script type="module" src="{LIVE}/embed/contact.js">' in contact
    assert f'href="{LIVE}/comments/trust"' in privacy
    assert 'href="/contact"' in privacy
    for policy in (article, (target / "_headers").read_text()):
        assert f"script-src &#39;self&#39; {LIVE};".replace("&#39;", "'") in unescape(policy)
        assert f"connect-src 'self' {LIVE};" in unescape(policy)
    assert "frame-ancestors" not in article


def test_links_to_a_server_that_is_not_there_lead_nowhere(
    environ: dict[str, str], target: Path, words: Path, export: Export
) -> None:
    page = words.parent / "pages" / "privacy.md"
    page.write_text(page.read_text() + "\n[Stop](/comments/trust)\n")
    synced(environ)
    export(target, made=Frozen(url=URL))
    assert "<a>Stop</a>" in re.sub("<a [^h][^>]*>", "<a>", (target / "privacy.html").read_text())


# The command


def test_the_command_says_what_it_did_and_when_to_come_again(
    clock: Clock, blog: Blog, environ: dict[str, str], target: Path, words: Path
) -> None:
    (words / "soon.md").write_text(HIDDEN.format(status="published", date="2026-05-05T08:00:00Z"))
    synced(environ)
    ran = blog("export-site", str(target), "--url", URL, BLOG_SITE_URL=LIVE)
    assert (ran.code, ran.err) == (0, "")
    number = len(files(target))
    told, then = ran.out.splitlines()
    assert told == f"{target}: {number} files written, 0 as they were, 0 taken away."
    assert then.startswith("At 2026-05-05T08:00:00Z something will appear or end")
    assert (
        f'href="{LIVE}/articles/{ARTICLE}#comments">Write a comment'
        in (target / f"articles/{ARTICLE}.html").read_text()
    )
    ran = blog("export-site", str(target), "--url", URL, "--json", BLOG_SITE_URL=LIVE)
    assert ran.json == {
        "written": 0,
        "unchanged": number,
        "removed": 0,
        "next_change_at": "2026-05-05T08:00:00Z",
        "is_behind": False,
    }
    # With nothing to come, and nobody who takes comments.
    clock.move(days=2)
    ran = blog("export-site", str(target), BLOG_SITE_URL=URL)
    assert (len(ran.out.splitlines()), ran.err) == (1, "")
    assert "--url names another" in blog("export-site", str(target)).err
    assert "Write a comment" not in (target / f"articles/{ARTICLE}.html").read_text()


def test_the_command_says_that_something_changed_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
    blog: Blog,
    environ: dict[str, str],
    target: Path,
    words: Path,
) -> None:
    seconds = count()
    monkeypatch.setattr(db, "utc_now", lambda: CLOCK + timedelta(seconds=next(seconds)))
    (words / "now.md").write_text(HIDDEN.format(status="published", date="2026-05-04T09:30:30Z"))
    synced(environ)
    told = blog("export-site", str(target)).out.splitlines()
    assert told[1] == "Something was changed meanwhile, so please export again."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--url blog.example.org", "It must be an absolute address"),
        ("--live https://talk.example.org/path", "It must be an absolute address"),
        ("--url https://a.example --live https://a.example", "need addresses of their own"),
        ("--embed", "--embed needs a server"),
        ("--url https://a.example --live https://b.example --sometimes", "No such option"),
    ],
)
def test_what_is_typed_wrongly_is_said(words: str, sentence: str, blog: Blog, target: Path) -> None:
    ran = blog("export-site", str(target), *words.split())
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
    assert not target.exists()
