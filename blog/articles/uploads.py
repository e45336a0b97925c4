"""Pictures that programs upload for articles: into media/, under names that say what they hold.

Whatever is taken is drawn anew before; nothing that is there is ever overwritten.
"""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from blog import content, db, journal
from blog.accounts import User
from blog.articles import sync
from blog.articles.authoring import writing_file
from blog.content import MEDIA
from blog.content.pictures import Picture, drawn_anew

_NAME_MAX_CHARS = 60


def take(root: Path, typed: str, data: bytes, *, by: User, now: datetime) -> tuple[str, Picture]:
    """Take a picture into media/; `typed` is what it was called, of which a part stays its name.

    Returns: its path in media/, which is the same for the same sent again, and the picture.
    Raises: Invalid where it is none that is taken, Busy.
    """
    picture = drawn_anew(data)
    name = f"{_stem(typed)}-{content.version(io.BytesIO(data))}{picture.suffix}"
    path = content.safe_path(root / MEDIA, name)
    is_new = False
    with writing_file(f"{MEDIA}/{name}"), suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        content.write_whole(path, picture.data, may_replace=False)
        is_new = True
    sync.show_pictures(root, now=now)
    if is_new:
        with db.writing():
            journal.record("uploaded", "picture", name, by=by, now=now)
    return name, picture


def _stem(typed: str) -> str:
    """Keep of a name what can be part of an address."""
    return content.slugify(Path(typed).stem or "picture")[:_NAME_MAX_CHARS].strip("-")
