"""Static files: named by their content, served from a list, and all of them our own."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from blog import assets
from tests.cast import ARTICLE, Visitor

pytestmark = pytest.mark.one_database("static files are served without the database")

TEMPLATES = sorted((Path(assets.__file__).parent / "templates").rglob("*.*"))
# What a browser fetches without being asked.
FETCHED = re.compile(
    r"<(?:link|script|img|iframe|source|object|embed|video|audio)\b[^>]*?"
    r"\b(?:src|href|srcset|data|poster)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]*))",
    re.S | re.I,
)


def fetched(html: str) -> list[str]:
    return ["".join(found) for found in FETCHED.findall(html)]


def is_ours(address: str) -> bool:
    """Tell whether an address in a template can only lead to this site."""
    return address.startswith(("{{", "/")) and "//" not in address


@pytest.mark.parametrize("name", sorted(assets.read_folder()))
def test_a_file_is_served_as_its_page_promises(reader: Visitor, name: str) -> None:
    asset = assets.read_folder()[name]
    answer = reader.get(asset.url)
    assert answer.status_code == 200
    assert answer.data == (assets.FOLDER / name).read_bytes()
    digest = hashlib.sha384(answer.data).digest()
    assert asset.integrity == f"sha384-{base64.b64encode(digest).decode()}"
    assert digest.hex()[:12] in asset.url
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    kinds = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
    assert answer.content_type == kinds.get(Path(name).suffix, answer.content_type)
    assert ("javascript" in answer.content_type) == name.endswith(".js")
    head = reader.client.head(asset.url, base_url=reader.base)
    assert (head.data, head.content_length) == (b"", len(answer.data))


def test_another_content_has_another_name(tmp_path: Path) -> None:
    for name, text in [("a.css", "a {}"), ("b.css", "b {}"), ("LICENCE", "ours"), ("c.x1", "?")]:
        (tmp_path / name).write_text(text)
    (tmp_path / "folder.css").mkdir()
    before = assets.read_folder(tmp_path)
    assert set(before) == {"a.css", "b.css", "c.x1", "LICENCE"}
    assert before["c.x1"].content_type == "application/octet-stream"
    assert re.fullmatch(r"/static/LICENCE\.[0-9a-f]{12}", before["LICENCE"].url)
    (tmp_path / "a.css").write_text("a { color: red }")
    after = assets.read_folder(tmp_path)
    assert before["a.css"].url != after["a.css"].url
    assert before["a.css"].integrity != after["a.css"].integrity
    assert before["b.css"] == after["b.css"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/style.css",
        "/static/style.000000000000.css",
        "/static/",
        "/static",
        "/static/..%2f..%2fwsgi.py",
        "/static/../assets.py",
        "/static/%2e%2e/assets.py",
        "/static/....//assets.py",
        "/static//etc/passwd",
        "/static/..\\assets.py",
        "/static/" + "a" * 5_000,
    ],
)
def test_a_name_that_is_not_on_the_list_is_no_path_to_anything(reader: Visitor, path: str) -> None:
    answer = reader.get("/", environ_overrides={"PATH_INFO": path.replace("%2f", "/")})
    assert answer.status_code in (404, 308)
    assert b"import" not in answer.data
    assert reader.get(path).status_code in (404, 308)


def test_a_name_with_something_behind_it_is_another_name(reader: Visitor) -> None:
    url = assets.read_folder()["style.css"].url
    for path in (f"{url}/", f"{url}.", f"{url}%20", url.upper(), f"/static/static/{url}"):
        assert reader.get(path).status_code == 404, path
    assert reader.get(f"{url}?v=2").status_code == 200


def test_a_file_is_only_looked_at(reader: Visitor) -> None:
    answer = reader.post(assets.read_folder()["style.css"].url, {"a": "b"})
    assert answer.status_code == 405
    assert "POST" not in answer.headers["Allow"]


def is_run(tag: str) -> bool:
    return tag.startswith("<script") and "application/ld+json" not in tag


def test_pages_fetch_only_what_is_on_the_list_and_say_what_it_must_hold(
    reader: Visitor, author: Visitor
) -> None:
    by_url = {asset.url: asset for asset in assets.read_folder().values()}
    pages = [reader.get(p) for p in ("/", f"/articles/{ARTICLE}", "/contact", "/nowhere/at/all")]
    pages += [author.get(path) for path in ("/admin/", "/admin/comments", "/admin/account")]
    for page in pages:
        tags = re.findall(r"<(?:script|link)\b[^>]*>", page.text)
        loaded = [tag for tag in tags if "stylesheet" in tag or is_run(tag)]
        assert loaded, page.request.path
        for tag in loaded:
            [url] = fetched(tag)
            assert f'integrity="{by_url[url].integrity}"' in tag


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_makes_a_browser_ask_another_site(path: Path) -> None:
    assert [address for address in fetched(path.read_text()) if not is_ours(address)] == []


@pytest.mark.parametrize("path", sorted(assets.FOLDER.rglob("*.*")), ids=lambda path: path.name)
def test_no_static_file_makes_a_browser_ask_another_site(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|['\"(]//|@import|@font-face|data:", text)


def test_the_check_of_templates_can_fail() -> None:
    html = """<link rel=x href="//cdn.example/a.css"><script type="module"
        src='https://cdn.example/a.js'></script><img alt="" src=http://a.example/b.png>
        <img src="data:image/png;base64,AA"><img srcset="/a.png 1x, //b.example/c.png 2x">
        <link href="{{ asset("a").url }}"><img src="{{ article.cover }}"><img src="/media/a.png">
        <a href="https://elsewhere.example/">not fetched</a>"""
    found = fetched(html)
    assert len(found) == 8
    assert [is_ours(address) for address in found] == [False] * 5 + [True] * 3
