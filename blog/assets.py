"""Static files under names that carry their content's hash, so that they may be kept for ever.

All are read once, at the start; a name that isn't among them is no path to anything.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response

from blog import pagecache
from blog.errors import NotFound

FOLDER = Path(__file__).parent / "static"
A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One static file as pages refer to it and as it is served."""

    url: str
    integrity: str
    content_type: str
    data: bytes


def read_folder(folder: Path = FOLDER) -> dict[str, Asset]:
    """Read all static files, by the name templates use."""
    return {path.name: _asset(path) for path in sorted(folder.iterdir()) if path.is_file()}


def _asset(path: Path) -> Asset:
    data = path.read_bytes()
    digest = hashlib.sha384(data).digest()
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if content_type.startswith("text/"):
        content_type += "; charset=utf-8"
    return Asset(
        url=f"/static/{path.stem}.{digest.hex()[:12]}{path.suffix}",
        integrity=f"sha384-{base64.b64encode(digest).decode()}",
        content_type=content_type,
        data=data,
    )


def init_app(app: Flask) -> None:
    """Serve the files and give templates `asset(name)`."""
    assets = read_folder()
    by_url = {asset.url: asset for asset in assets.values()}

    def show_asset(name: str) -> Response:
        found = by_url.get(f"/static/{name}")
        if found is None:
            raise NotFound("There is no such file.")
        response = Response(found.data, content_type=found.content_type)
        response.headers["Cache-Control"] = A_YEAR
        return pagecache.offer(response, for_ever=True)

    app.add_url_rule("/static/<name>", "show_asset", show_asset)
    app.jinja_env.globals["asset"] = assets.__getitem__
