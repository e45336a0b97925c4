"""The site as files that any host can serve: `blog export-site`.

Pages, feeds and the answers of the API are what the application itself answers, asked in this
process and made of nothing that differs from one time to the next. All is read as it
is at one moment. Only what changed is written; what isn't public any more is taken away, and
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from flask import Flask

from blog import articles, config, content, db, pagecache, revision, tokens
from blog.frozen import hosts, places
from blog.frozen.asking import Asker
from blog.frozen.folder import Folder, Note, opened

CODE = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Report:
    """How many files were written, stayed as they were, and were taken away.

    `next_change_at` is when the site next changes by itself; `is_behind` says that it was changed
    while it was exported.
    """

    written: int
    unchanged: int
    removed: int
    next_change_at: datetime | None
    is_behind: bool = False


def run(
    app: Flask,
    target: Path,
    *,
    is_forced: bool = False,
    progress: Callable[[int, int], None],
    now: datetime,
) -> Report:
    """Bring a folder up to what is public now; `app` is made for it, with `config.Frozen`.

    Raises: FileError for a folder that isn't ours to fill, Conflict where another export fills it.
    """
    with app.app_context():
        settings, next_change_at = config.current(), articles.next_change(now=now)
        note = _note(next_change_at, now=now)
        kept_away = (settings.content_dir, settings.instance_dir, CODE)
        with opened(target, is_forced=is_forced, kept_away=kept_away) as folder:
            if not folder.is_still(note, now=now):
                _write(Asker(app), folder, progress, now=now)
                folder.finish(note)
        # Until here all was read from one snapshot, since requests share this context.
        db.session.rollback()
        is_behind = revision.current(db.session) != note.revision
        is_behind |= next_change_at is not None and next_change_at <= db.utc_now()
    return Report(
        written=folder.written,
        unchanged=folder.unchanged,
        removed=folder.removed,
        next_change_at=next_change_at,
        is_behind=is_behind,
    )


def _write(
    asker: Asker, folder: Folder, progress: Callable[[int, int], None], *, now: datetime
) -> None:
    public = places.read(now=now)
    moved = hosts.moved(now=now)
    total = len(public.articles) + len(public.lists)
    for done, files in enumerate(places.files(asker, public), start=1):
        for path, data in files:
            folder.put(path, data)
        progress(min(done, total), total)
    for path, data in hosts.files(moved):
        folder.put(path, data)
    media = config.current().content_dir / content.MEDIA
    for source in content.list_media(media.parent):
        folder.take(f"{content.MEDIA}/{source.path}", content.safe_path(media, source.path))


def _note(next_change_at: datetime | None, *, now: datetime) -> Note:
    """Note what an export is made of, and until when it is true, as kept pages are."""
    settings = config.current()
    parts = [
        repr([getattr(settings, row.name) for row in fields(settings)]),
        repr(config.frozen()),
        repr(content.list_media(settings.content_dir)),
        *(f"{path} {path.stat().st_mtime_ns}" for path in _code()),
    ]
    # With a key, since the folder is there for everybody and the settings are not.
    made_of = tokens.keyed_hash(settings.secret_key, "export", *parts)
    ends_at = min(next_change_at or now + pagecache.KEPT, now + pagecache.KEPT)
    return Note(made_of, revision.current(db.session), ends_at.isoformat())


def _code() -> list[Path]:
    return sorted(path for path in CODE.rglob("*.*") if path.suffix != ".pyc")
