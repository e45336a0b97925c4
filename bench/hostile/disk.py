"""A disk of three megabytes that fills up: what was acknowledged stays, readers notice nothing."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import load
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row
from bench.servers import Blog
from bench.speed import ARTICLE, comment_form

_ACTION = f"{ARTICLE}/comments"
_SIZE_MB, _LARGER_MB = 3, 6
_POSTS_MAX = 2_000
_REFUSED_ENOUGH, _TAKEN_AGAIN = 30, 20
_RESUME_SECONDS = 30
_NONE = Bound(0)
_ALL = Bound(1, is_floor=True)


@dataclass
class Seen:
    """What was answered, to whom; `acknowledged` holds the ids of comments."""

    acknowledged: list[int] = field(default_factory=list)
    posts: Counter[int] = field(default_factory=Counter)
    reads: Counter[int] = field(default_factory=Counter)
    without_wait: int = 0


def rows(site: Blog) -> Iterator[Row]:
    """Fill the disk by posting, go on for a while, make room and go on."""
    what = f"{_SIZE_MB} MB tmpfs filled by posts"
    try:
        with _small_disk(site):
            yield from _filled(site, what)
    except CantMeasure as error:
        yield Row(f"{what}: acknowledged comments lost", bound=_NONE, note=str(error))


def _filled(site: Blog, what: str) -> Iterator[Row]:
    site.serve(core=None, BLOG_WORKERS="1")
    seen = Seen()
    with Visitor(site.port) as visitor:
        form = load.fresh_form(visitor, ARTICLE, _ACTION)
        while seen.posts.total() - seen.posts[303] < _REFUSED_ENOUGH:
            _post(visitor, form, seen)
            _read(visitor, seen)
            if seen.posts.total() > _POSTS_MAX:
                raise CantMeasure("The disk was never full.")
        full_at = len(seen.acknowledged)
        refused = seen.posts.total() - full_at
        _mount(_folder(site), f"remount,size={_LARGER_MB}m")
        took = _resumed(visitor, form, seen)
    lost = len(seen.acknowledged) - _there(site, seen.acknowledged)
    whole = site.asked("PRAGMA integrity_check")
    site.stop()
    note = f"of {len(seen.acknowledged):,}, {full_at:,} of them before it was full"
    yield Row(f"{what}: acknowledged comments lost", lost, bound=_NONE, note=note)
    odd = seen.posts.total() - seen.posts[303] - seen.posts[503] + seen.without_wait
    note = f"of {refused} on the full disk"
    yield Row("posts refused otherwise than by 503 with Retry-After", odd, bound=_NONE, note=note)
    unread = seen.reads.total() - seen.reads[200]
    note = f"of {seen.reads.total():,} past the cache"
    yield Row("readers not served meanwhile", unread, bound=_NONE, note=note)
    yield Row("with room again, it takes comments after", took, "s", bound=Bound(5))
    yield Row("the file is whole", float(whole == "ok"), bound=_ALL, note=whole)


def _post(visitor: Visitor, form: dict[str, str], seen: Seen) -> int:
    filled = comment_form()
    visitor.cookies.clear()
    answer = visitor.post(_ACTION, form | filled | {"body": filled["body"] + " Thank you." * 200})
    seen.posts[answer.status] += 1
    if answer.status == 303:
        seen.acknowledged.append(int(re.findall(r"\d+", answer.headers["Location"])[-1]))
    else:
        seen.without_wait += not answer.headers.get("Retry-After", "").isdigit()
    return answer.status


def _read(visitor: Visitor, seen: Seen) -> None:
    visitor.cookies.clear()
    seen.reads[visitor.get(f"{ARTICLE}?uncached={seen.reads.total()}").status] += 1


def _resumed(visitor: Visitor, form: dict[str, str], seen: Seen) -> float:
    """Post until it is taken, and some more; gives the seconds to the first.

    Raises: CantMeasure where none is.
    """
    began_at = time.monotonic()
    while _post(visitor, form, seen) != 303:
        if time.monotonic() > began_at + _RESUME_SECONDS:
            raise CantMeasure("It takes no comments though there is room again.")
        time.sleep(0.1)
    took = time.monotonic() - began_at
    for _ in range(_TAKEN_AGAIN):
        _post(visitor, form, seen)
    return took


def _there(site: Blog, ids: list[int]) -> int:
    listed = ", ".join(map(str, ids))
    return int(site.asked(f"SELECT count(*) FROM comment WHERE id IN ({listed})"))


def _folder(site: Blog) -> Path:
    return Path(site.settings["BLOG_INSTANCE_DIR"])


@contextlib.contextmanager
def _small_disk(site: Blog) -> Iterator[None]:
    """Put what the site has onto a small disk in its place."""
    folder = _folder(site)
    kept = folder.with_name(f"{folder.name}-before")
    folder.rename(kept)
    folder.mkdir()
    _mount(folder, f"size={_SIZE_MB}m")
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        yield
    finally:
        site.stop()
        subprocess.run(["umount", str(folder)], check=True)


def _mount(folder: Path, options: str) -> None:
    """Mount a disk that lives in memory.

    Raises: CantMeasure where one may not.
    """
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CantMeasure(f"Only root can mount a disk: {' '.join(done.stderr.split())}")
