"""Pictures: their versions and sizes, the addresses under which they last, and what is served."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from blog import articles, content, db, urls
from blog.articles import Article, gallery, sync
from blog.articles.gallery import MediaFile
from blog.articles.sync import Changes
from blog.content import MediaSource
from tests.cast import ARTICLE, CLOCK, SECOND, Clock, Visitor

MINUTE = timedelta(minutes=1)
A_YEAR = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"
OWN_HOUR = "max-age=3600, private"


def png(width: int, height: int, shade: bytes = b"\0") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(shade))


def jpeg(width: int, height: int, *, orientation: int = 1, before: int = 0) -> bytes:
    """A photograph's first bytes; `before` are bytes of notes that come before its size."""
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0) + b"\0" * 4
    exif = b"Exif\0\0" + tiff
    parts = [b"\xff\xd8\xff\xe1", struct.pack(">H", len(exif) + 2), exif]
    while before > 0:
        parts += [b"\xff\xe2", struct.pack(">H", 60_002), b"x" * 60_000]
        before -= 60_000
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0"
    parts += [b"\xff\xc0", struct.pack(">H", len(frame) + 2), frame]
    return b"".join(parts)


class Studio:
    """A folder with pictures beside a site; each sync comes a minute after the last."""

    def __init__(self, root: Path, app: Flask, clock: Clock) -> None:
        self.root = root
        self.app = app
        self._clock = clock

    @property
    def now(self) -> datetime:
        return self._clock()

    def save(self, path: str, data: bytes | str, *, at: datetime | None = None) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        stamp = (at or self.now).timestamp()
        os.utime(file, (stamp, stamp))
        return file

    def write(self, id: str, body: str, **fields: str) -> None:  # noqa: A002  # the contract's word
        lines = {"title": "Skin", "date": "2026-03-01", "summary": "A sentence."} | fields
        head = "".join(f"{name}: {value}\n" for name, value in lines.items())
        self.save(f"articles/{id}.md", f"---\n{head}---\n{body}\n")

    def sync(self) -> Changes:
        self._clock.move(minutes=1)
        return sync.run(self.root, now=self.now)

    def html(self, article_id: str = ARTICLE) -> str:
        return db.session.execute(select(Article.html).where(Article.id == article_id)).scalar_one()

    def version(self, path: str) -> str:
        query = select(MediaFile.version).where(MediaFile.path == path)
        return db.session.execute(query).scalar_one()


@pytest.fixture
def studio(clock: Clock, make_app: Callable[..., Flask], own_content: Path) -> Iterator[Studio]:
    app = make_app(content_dir=str(own_content))
    with app.app_context():
        yield Studio(own_content, app, clock)


# What a file's bytes say


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("a.png", png(640, 480), (640, 480)),
        ("a.jpg", jpeg(640, 480), (640, 480)),
        ("a.JPEG", jpeg(640, 480), (640, 480)),
        ("turned.jpg", jpeg(640, 480, orientation=6), (480, 640)),
        ("notes.jpg", jpeg(640, 480, before=300_000), (640, 480)),
        ("endless notes.jpg", jpeg(640, 480, before=900_000), (0, 0)),
        ("a.gif", b"GIF89a" + struct.pack("<HH", 64, 48) + b"\0" * 20, (64, 48)),
        ("not what it says.gif", png(640, 480), (640, 480)),
        ("cut.png", png(640, 480)[:18], (0, 0)),
        ("empty.png", b"", (0, 0)),
        ("nothing wide.png", png(0, 480), (0, 0)),
        ("absurd.png", png(2**31 - 1, 2), (0, 0)),
        ("plan.svg", b'<svg width="10" height="10"/>', (0, 0)),
        ("paper.pdf", png(640, 480), (0, 0)),
    ],
)
def test_the_size_of_a_picture_is_read_from_its_beginning(
    tmp_path: Path, name: str, data: bytes, size: tuple[int, int]
) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / name).write_bytes(data)
    (source,) = content.list_media(tmp_path)
    measures = content.measure(tmp_path, source)
    assert measures is not None
    assert (measures.width, measures.height) == size


def test_the_same_bytes_have_the_same_version_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "media/2026").mkdir(parents=True)
    for name, data in {"a.png": b"one", "2026/b.png": b"one", "c.png": b"two"}.items():
        (tmp_path / "media" / name).write_bytes(data)
    found = [content.measure(tmp_path, source) for source in content.list_media(tmp_path)]
    same, one, two = (measures.version for measures in found if measures)
    assert same == one != two
    assert len(one) == 12


def test_a_file_that_goes_before_it_is_read_has_no_measures(tmp_path: Path) -> None:
    assert content.measure(tmp_path, MediaSource("gone.png", 1, 1)) is None


def test_only_what_can_be_served_is_listed(tmp_path: Path) -> None:
    media = tmp_path / "media"
    (media / "2026/deep").mkdir(parents=True)
    (media / ".git").mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    for name in ("b.png", "2026/deep/a.png", ".hidden.png", ".git/config", "back\\slash.png"):
        (media / name).write_bytes(b"x")
    (media / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    (media / "link.png").symlink_to("b.png")
    (media / "out.png").symlink_to("../secret.png")
    (media / "nowhere.png").symlink_to("nothing")
    (media / "up").symlink_to("..")
    os.mkfifo(media / "pipe.png")
    listed = [source.path for source in content.list_media(tmp_path)]
    assert listed == ["2026/deep/a.png", "b.png", "link.png"]
    assert content.list_media(tmp_path / "nowhere") == []


# Texts that show pictures


def test_a_picture_has_its_size_and_a_lasting_address_wherever_it_is_shown(studio: Studio) -> None:
    studio.save("media/2026/my skin.png", png(640, 480))
    studio.save("media/me.png", png(200, 300))
    studio.save("authors/sandra-de-beer.md", "---\nname: Sandra\nphoto: me.png\n---\nHello.\n")
    cover = {"cover": "2026/my skin.png", "cover_alt": "A hand", "author": "sandra-de-beer"}
    studio.write(ARTICLE, "![A](../media/2026/my%20skin.png)\n\n![B](/media/me.png)", **cover)
    studio.sync()
    address = urls.media("2026/my skin.png", studio.version("2026/my skin.png"))
    assert address.startswith("/media/2026/my%20skin.png?v=")
    assert f'src="{address}" decoding="async" width="640" height="480"' in studio.html()
    article = articles.by_slug(ARTICLE, now=CLOCK)
    assert article is not None
    assert (article.cover, article.cover_width, article.cover_height) == (address, 640, 480)
    (author,) = article.authors
    assert author.photo == urls.media("me.png", studio.version("me.png"))
    page = Visitor(studio.app).get(f"/articles/{ARTICLE}").text
    assert f'<img class="cover" src="{address}" alt="A hand" width="640" height="480"' in page
    assert 'fetchpriority="high"' in page
    home = Visitor(studio.app).get("/").text
    assert f'src="{address}" alt="A hand" width="640" height="480"' in home


def test_a_cover_that_is_not_there_or_has_no_size_is_shown_as_it_is(studio: Studio) -> None:
    studio.save("media/plan.svg", "<svg/>")
    studio.write(ARTICLE, "Words.", cover="none.png", cover_alt="A")
    studio.write(SECOND, "Words.", cover="plan.svg", cover_alt="A")
    studio.sync()
    rows = select(Article.cover, Article.cover_width, Article.cover_height).order_by(Article.id)
    assert db.session.execute(rows).all() == [
        (f"/media/plan.svg?v={studio.version('plan.svg')}", None, None),
        ("/media/none.png", None, None),
    ]
    assert (
        "width=" not in Visitor(studio.app).get(f"/articles/{ARTICLE}").text.split("cover")[1][:80]
    )
    article = articles.by_slug(ARTICLE, now=CLOCK)
    studio.write(ARTICLE, "Words.")
    assert article is not None
    studio.sync()
    bare = articles.by_slug(ARTICLE, now=CLOCK)
    assert bare is not None
    assert bare.cover is None


def test_a_changed_picture_is_shown_at_once_where_it_is_used_and_nowhere_else(
    studio: Studio,
) -> None:
    studio.save("media/a.png", png(64, 48))
    studio.save("media/b.png", png(64, 48))
    studio.write(ARTICLE, "![A](/media/a.png)")
    studio.write(SECOND, "Words.", cover="b.png", cover_alt="B")
    studio.sync()
    before = studio.html()
    studio.save("media/a.png", png(100, 100))
    assert studio.sync().read == [f"articles/{ARTICLE}.md"]
    assert studio.html() != before
    assert 'width="100" height="100"' in studio.html()
    assert not studio.sync()
    studio.save("media/b.png", png(10, 10))
    assert studio.sync().read == [f"articles/{SECOND}.md"]


def test_a_picture_that_comes_and_goes_changes_the_text_that_shows_it(studio: Studio) -> None:
    studio.write(ARTICLE, "![A](/media/a.png)")
    studio.sync()
    assert 'src="/media/a.png" decoding' in studio.html()
    studio.save("media/a.png", png(64, 48))
    studio.sync()
    assert 'src="/media/a.png?v=' in studio.html()
    (studio.root / "media/a.png").unlink()
    studio.sync()
    assert 'src="/media/a.png" decoding' in studio.html()
    assert db.session.execute(select(MediaFile)).all() == []


def test_a_picture_saved_without_a_change_ends_no_page(studio: Studio) -> None:
    studio.save("media/a.png", png(64, 48))
    studio.write(ARTICLE, "![A](/media/a.png)")
    studio.sync()
    studio.save("media/a.png", png(64, 48))
    assert not studio.sync()
    assert not studio.sync()
    assert gallery.look(studio.root).rows == ()


def test_a_picture_saved_twice_within_a_tick_of_the_clock_is_noticed(studio: Studio) -> None:
    saved_at = studio.now + MINUTE - timedelta(seconds=1)
    studio.save("media/a.png", png(64, 48, b"\0"), at=saved_at)
    studio.write(ARTICLE, "![A](/media/a.png)")
    studio.sync()
    before = studio.version("a.png")
    studio.save("media/a.png", png(48, 64, b"\1"), at=saved_at)
    studio.sync()
    assert studio.version("a.png") != before
    assert 'width="48"' in studio.html()


def test_a_sync_that_is_stopped_shows_the_new_picture_later(studio: Studio) -> None:
    studio.save("media/a.png", png(64, 48))
    studio.write(ARTICLE, "![A](/media/a.png)")
    studio.sync()
    studio.save("media/a.png", png(100, 100))

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync.run(studio.root, now=studio.now, progress=stop)
    assert 'width="64"' in studio.html()
    studio.sync()
    assert 'width="100"' in studio.html()


def test_a_picture_that_goes_while_it_is_looked_at_is_none(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.save("media/a.png", png(4, 3))
    listed = content.list_media(studio.root)
    studio.save("media/a.png", png(4, 3)).unlink()
    # The moment between the listing and the reading.
    monkeypatch.setattr(content, "list_media", lambda _root: listed)
    assert gallery.look(studio.root).pictures == {}


def test_many_pictures_are_noted_in_several_transactions(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "_BATCH_ROWS", 2)
    for number in range(5):
        studio.save(f"media/{number}.png", png(64, 48))
    studio.sync()
    for number in range(4):
        (studio.root / f"media/{number}.png").unlink()
    studio.save("media/4.png", png(10, 10))
    studio.sync()
    rows = db.session.execute(select(MediaFile.path, MediaFile.width)).all()
    assert rows == [("4.png", 10)]


# What is served


def test_a_file_is_kept_for_ever_under_its_version_and_shortly_without(studio: Studio) -> None:
    for name, data in {"a.png": png(64, 48), "large.png": png(64, 48) + b"x" * 2**20}.items():
        studio.save(f"media/{name}", data)
    studio.sync()
    reader = Visitor(studio.app)
    for name in ("a.png", "large.png"):
        version = studio.version(name)
        with reader.get(f"/media/{name}?v={version}") as lasting:
            assert lasting.headers["Cache-Control"] == A_YEAR
            # A front end at another address shows it.
            assert lasting.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert lasting.headers["Access-Control-Allow-Origin"] == "*"
            assert lasting.data == (studio.root / "media" / name).read_bytes()
        with reader.get(f"/media/{name}") as plain:
            assert (plain.status_code, plain.headers["Cache-Control"]) == (200, AN_HOUR)
        known = f"v={version}"
        for query in (
            "v=",
            "v=0123",
            f"w={version}",
            f"{known}&x=1",
            f"{known}&{known}",
            "v=%C3\xa9",
        ):
            asked = {"QUERY_STRING": query}
            with reader.get(f"/media/{name}", environ_overrides=asked) as other:
                assert (other.status_code, other.headers["Cache-Control"]) == (200, OWN_HOUR)


@pytest.mark.parametrize("length", [0, 2**20])
def test_a_file_that_was_changed_since_is_not_kept_under_its_old_version(
    studio: Studio, length: int
) -> None:
    studio.save("media/a.png", png(64, 48) + b"x" * length)
    studio.sync()
    address = urls.media("a.png", studio.version("a.png"))
    reader = Visitor(studio.app)
    with reader.get(address) as response:
        assert response.headers["Cache-Control"] == A_YEAR
    studio.save("media/a.png", png(48, 64) + b"x" * length)
    with reader.get(address) as response:
        assert response.headers["Cache-Control"] == OWN_HOUR


def test_a_browser_that_has_a_lasting_file_is_told_so(studio: Studio) -> None:
    studio.save("media/a.png", png(64, 48))
    studio.sync()
    address = urls.media("a.png", studio.version("a.png"))
    reader = Visitor(studio.app)
    etag = reader.get(address).headers["ETag"]
    again = reader.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, A_YEAR)


def test_what_a_program_would_run_is_served_under_our_policy(studio: Studio) -> None:
    studio.save("media/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")
    studio.save("media/a.html", "<script>1</script>")
    studio.sync()
    for name in ("a.svg", "a.html"):
        response = Visitor(studio.app).get(urls.media(name, studio.version(name)))
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
