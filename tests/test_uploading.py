"""Pictures that programs upload: told by their bytes, drawn anew, never over another."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageCms
from sqlalchemy import select

from blog import content, db, journal
from blog.articles import Article, sync
from blog.articles.gallery import MediaFile
from blog.content import pictures
from blog.errors import Invalid
from blog.permissions import Scope
from tests.cast import ARTICLE, AUTHOR, Visitor, at_once
from tests.test_managing import Holder, let_in, refused
from tests.test_media import png

__all__ = ["let_in"]
pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.one_database("it asks of a database what a sync does"),
]
MEDIA = "/api/v1/admin/media"
SECRET = b"<script>alert(1)</script>"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def drawing(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """A picture whose left half is red."""
    image = Image.new("RGB", size, "white")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def saved(kind: str, mode: str = "RGB", **how: Any) -> bytes:
    data = io.BytesIO()
    drawing(mode).save(data, kind, **how)
    return data.getvalue()


def camera(orientation: int = 6) -> Image.Exif:
    """What a telephone notes beside a photograph: how it was held, and where."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, SECRET.decode()
    exif.get_ifd(0x8825)[2] = (26.0, 12.0, 3.0)
    return exif


def overdrawn(times: int, scan: bytes = b"") -> bytes:
    """A JPEG that takes an hour if this is done often enough."""
    data = saved("JPEG", progressive=True)[:-2]
    return data + (scan or data[data.rindex(b"\xff\xda") :]) * times + b"\xff\xd9"


def moving(kind: str) -> bytes:
    data = io.BytesIO()
    others = [Image.new("RGB", (60, 40), "blue")]
    drawing().save(data, kind, save_all=True, append_images=others)
    return data.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(
    ("data", "kind", "mode"),
    [
        (saved("JPEG", exif=camera(1), comment=SECRET, xmp=SECRET), "JPEG", "RGB"),
        (saved("JPEG", "L"), "JPEG", "L"),
        (saved("JPEG", "CMYK"), "JPEG", "RGB"),
        (saved("JPEG", icc_profile=SRGB), "JPEG", "RGB"),
        (saved("JPEG", icc_profile=SECRET), "JPEG", "RGB"),
        (moving("MPO"), "JPEG", "RGB"),
        (saved("PNG", "RGBA", icc_profile=SRGB), "PNG", "RGBA"),
        (saved("PNG", "LA", exif=camera(1)), "PNG", "LA"),
        (saved("PNG", "I;16"), "PNG", "I;16"),
        (saved("PNG", "P", transparency=0), "PNG", "P"),
        (saved("WEBP", exif=camera(1), xmp=SECRET), "WEBP", "RGB"),
        (saved("GIF", "P", comment=SECRET) + SECRET, "PNG", "P"),
    ],
)
def test_of_a_picture_nothing_but_the_picture_stays(data: bytes, kind: str, mode: str) -> None:
    picture = pictures.drawn_anew(data)
    found = opened(picture.data)
    assert (found.format, found.mode, found.size) == (kind, mode, (60, 40))
    assert (picture.width, picture.height) == (60, 40)
    assert not found.getexif()
    assert {"icc_profile", "comment", "exif", "xmp"}.isdisjoint(found.info)
    assert SECRET not in picture.data
    assert (found.info.get("transparency") is not None) == (b"tRNS" in data)
    if mode in ("RGB", "RGBA"):
        red, white = (found.convert("RGB").getpixel((x, 20)) for x in (5, 50))
        assert isinstance(red, tuple)
        assert red[0] > 200 > 60 > red[1]
        assert isinstance(white, tuple)
        assert min(white) > 230


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_as_the_camera_was_held(kind: str) -> None:
    picture = pictures.drawn_anew(saved(kind, exif=camera(6)))
    found = opened(picture.data).convert("RGB")
    assert (picture.width, picture.height) == found.size == (40, 60)
    top, bottom = found.getpixel((20, 5)), found.getpixel((20, 55))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[1] < 60, bottom[1] > 200) == (True, True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (png(30_000, 30_000), "larger than 50 million"),
        (png(10_000, 9_500), "larger than 50 million"),
        (png(8_000, 6_251), "larger than 50 million"),
        (png(16_001, 10), "16,000 on a side"),
        (saved("JPEG")[:-60], "damaged"),
        (saved("PNG")[:90], "damaged"),
        (overdrawn(100), "damaged"),
        (overdrawn(3_000, b"\xff\xfe\x00\x02"), "damaged"),
        (moving("GIF"), "move"),
        (moving("WEBP"), "move"),
        (moving("PNG"), "move"),
        (saved("BMP"), "no picture"),
        (saved("TIFF"), "no picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no picture"),
        (b"GIF89a/*" + SECRET, "no picture"),
        (b"%PDF-1.7", "no picture"),
        (b"", "no picture"),
    ],
)
def test_what_is_no_picture_for_reading_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Invalid) as told:
        pictures.drawn_anew(data)
    assert words in told.value.fields["file"]


class Camera:
    """A program that uploads."""

    def __init__(self, app: Flask, root: Path, secret: str) -> None:
        self.app = app
        self.root = root
        self.secret = secret

    def send(self, data: bytes | None, name: str = "IMG 12.JPG", **fields: Any) -> Any:
        form = fields | ({"file": (io.BytesIO(data), name)} if data is not None else {})
        return self.post(data=form, content_type="multipart/form-data")

    def post(self, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.secret}"}
        visitor = Visitor(self.app)
        return visitor._open("POST", MEDIA, headers=headers, **options)

    def names(self) -> list[str]:
        folder = self.root / "media"
        return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def environ(environ: dict[str, str], own_content: Path) -> dict[str, str]:
    return environ | {"BLOG_CONTENT_DIR": str(own_content)}


@pytest.fixture
def phone(app: Flask, own_content: Path, let_in: Callable[..., Holder]) -> Camera:
    return Camera(app, own_content, let_in(AUTHOR, Scope.ARTICLES_WRITE).secret)


def wrong(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {each["field"]: each["detail"] for each in answer.json["errors"]}


def test_a_picture_is_taken_shown_and_known_at_once(phone: Camera, reader: Visitor) -> None:
    path = phone.root / f"articles/{ARTICLE}.md"
    data = saved("JPEG", exif=camera())
    name = f"img-12-{content.version(io.BytesIO(data))}.jpg"
    path.write_text(f"{path.read_text()}\n![A hand](/media/{name})\n")
    with phone.app.app_context():
        sync.run(phone.root, now=db.utc_now())
    answer = phone.send(data)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    found = answer.json["data"]
    stored = phone.root / "media" / name
    assert found == {
        "path": f"/media/{name}",
        "url": f"http://127.0.0.1:8000/media/{name}",
        "type": "image/jpeg",
        "width": 40,
        "height": 60,
        "size_bytes": stored.stat().st_size,
    }
    # An article that waited for it shows it in its size, before anybody looks.
    with phone.app.app_context():
        html = select(Article.html).where(Article.id == ARTICLE)
        assert 'width="40" height="60"' in db.session.execute(html).scalar_one()
    sent = reader.get(found["path"])
    assert (sent.status_code, sent.mimetype) == (200, "image/jpeg")
    # Sent again, and by two at once, it is the same.
    both = at_once(phone.app, lambda: phone.send(data), lambda: phone.send(data))
    assert [each.json for each in both] == [answer.json] * 2
    assert phone.names() == [name]
    with phone.app.app_context():
        (line,) = journal.recent(thing="picture")
        assert (line.verb, line.thing_id, line.actor and line.actor.name) == (
            "uploaded",
            name,
            AUTHOR.name,
        )
        assert db.session.execute(select(MediaFile.path)).scalars().all() == [name]


@pytest.mark.parametrize(
    ("typed", "stem"),
    [
        ("../../etc/passwd.png", "passwd"),
        ("Unter Wässern.PNG", "unter-wassern"),
        (".png", "png"),
        ("x.svg", "x"),
        ("a" * 200, "a" * 60),
    ],
)
def test_a_name_is_made_safe(phone: Camera, typed: str, stem: str) -> None:
    path = phone.send(saved("PNG"), typed).json["data"]["path"]
    assert path == f"/media/{stem}-{content.version(io.BytesIO(saved('PNG')))}.png"
    assert [f"/media/{name}" for name in phone.names()] == [path]


def test_a_form_has_one_file_and_nothing_else(phone: Camera) -> None:
    data = saved("PNG")
    assert set(wrong(phone.send(data, purpose="image", more=(io.BytesIO(b"x"), "x")))) == {
        "more",
        "purpose",
    }
    for answer in (
        phone.send(None),
        phone.send(None, file="text"),
        phone.post(data={"file": [(io.BytesIO(data), "a"), (io.BytesIO(data), "b")]}),
        phone.post(data=b"nonsense", content_type="multipart/form-data"),
        phone.send(SECRET),
    ):
        assert set(wrong(answer)) == {"file"}
    raw = phone.post(data=data, content_type="image/png")
    assert "multipart/form-data" in refused(raw, 415)
    assert raw.json["errors"][0]["header"] == "Content-Type"
    huge = phone.post(data=b"x" * 21_100_000, content_type="multipart/form-data; boundary=x")
    assert "21,037,056 bytes" in refused(huge, 413)
    assert phone.names() == []


def test_pictures_are_drawn_one_at_a_time(phone: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "TURN_WAIT_SECONDS", 0)
    with pictures._TURN:
        refused(phone.send(saved("PNG")), 503)
    assert phone.send(saved("PNG")).status_code == 201


def test_a_folder_that_cannot_be_written_is_told_of(
    phone: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as folder:
        folder.setattr(os, "link", refuse)
        assert "no space left on device" in refused(phone.send(saved("PNG")), 503)
    assert phone.names() == []
