"""Images and files that articles refer to; any page of any site may show them."""

from __future__ import annotations

import io
import os
import threading
from functools import lru_cache
from pathlib import Path

from flask import Response, request, send_file

from blog import config, content, security
from blog.errors import Busy, NotFound
from blog.public.surface import public

MEDIA_SECONDS = 3_600
MEDIA_LASTING_SECONDS = 31_536_000
# A file up to this size is handed to the server whole, which sends it without a thread of ours.
MEDIA_WHOLE_BYTES = 1024 * 1024
_DOWNLOADS = threading.BoundedSemaphore(security.THREADS // 2)


@public.get("/media/<path:path>")
def show_media(path: str) -> Response:
    """Send an image or file that an article refers to; with its version it may be kept for ever."""
    found = content.safe_path(config.current().content_dir / content.MEDIA, path)
    if not found.is_file():
        raise NotFound("There is no such file.")
    status = found.stat()
    is_whole = status.st_size <= MEDIA_WHOLE_BYTES
    data = io.BytesIO(found.read_bytes()) if is_whole else None
    query = request.query_string.decode("latin-1")
    is_lasting = query.startswith("v=") and query == f"v={_version(found, status, data)}"
    response = _sent(found, status, data, is_lasting=is_lasting)
    if is_whole:
        response.make_sequence()
    else:
        _hold_download(response)
    return response


def _sent(
    path: Path, status: os.stat_result, data: io.BytesIO | None, *, is_lasting: bool
) -> Response:
    """Make the answer that sends a file; one under its version may be kept for ever."""
    response = send_file(
        data or path,
        download_name=path.name,
        conditional=True,
        etag=f"{status.st_mtime_ns:x}-{status.st_size:x}",
        last_modified=status.st_mtime,
        max_age=MEDIA_LASTING_SECONDS if is_lasting else MEDIA_SECONDS,
    )
    if is_lasting:
        response.cache_control.immutable = True
    elif request.query_string:
        # Of addresses like this there are as many as anybody likes.
        response.cache_control.public, response.cache_control.private = False, True
    # Pages of front ends show what the API names.
    response.headers.update(security.FOR_ANY_PAGE)
    # Passed through, its end would go unnoticed.
    response.direct_passthrough = False
    return response


def _version(path: Path, status: os.stat_result, data: io.BytesIO | None) -> str:
    """Find a file's version from the very bytes that are sent, so that no other is kept for ever."""
    if data is not None:
        found = content.version(data)
        data.seek(0)
        return found
    return _large_version(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1000)
def _large_version(path: Path, _mtime_ns: int, _size_bytes: int) -> str:
    with path.open("rb") as file:
        return content.version(file)


def _hold_download(response: Response) -> None:
    """Count a file that is sent bit by bit; clients that never read must not take every thread.

    Raises: Busy where too many are on their way.
    """
    if not _DOWNLOADS.acquire(blocking=False):
        response.close()
        raise Busy("Many are fetching large files at this moment. Please try again shortly.")
    response.call_on_close(_DOWNLOADS.release)
