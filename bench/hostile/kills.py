"""Processes that post and are killed at any moment: what was acknowledged is there, and whole."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator

from flask import Flask

from bench.report import Bound, Row
from bench.servers import Blog
from bench.speed import SLUG
from blog import articles, create_app, db
from blog.comments import arrival
from blog.comments.arrival import Sender
from blog.tokens import random_token

# Long enough for some to be stored, short enough to be killed at all stages.
_LIVES_SECONDS = (0.02, 0.13)
_SEED = 1


def rows(site: Blog, *, count: int) -> Iterator[Row]:
    """Kill so many; each is a copy of this process, since to start Python takes longer."""
    app = create_app(site.settings)
    rng = random.Random(_SEED)
    with app.app_context():
        # So that a copy has nothing left to prepare.
        _post()
        db.close()
    began_at = time.monotonic()
    acknowledged = [
        number for _ in range(count) for number in _killed(app, rng.uniform(*_LIVES_SECONDS))
    ]
    took = time.monotonic() - began_at
    lost = len(acknowledged) - int(site.asked(_there(acknowledged)))
    note = f"{len(acknowledged):,} acknowledged"
    what = f"{count} times kill -9 in {took:.0f} s: acknowledged comments lost"
    yield Row(what, lost, bound=Bound(0), note=note)
    said = site.asked("PRAGMA integrity_check")
    yield Row("the file is whole", float(said == "ok"), bound=Bound(1, is_floor=True), note=said)


def _there(ids: list[int]) -> str:
    return f"SELECT count(*) FROM comment WHERE id IN ({', '.join(map(str, ids))})"


def _killed(app: Flask, seconds: float) -> list[int]:
    """Let a copy post until it is killed; gives what it had acknowledged."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _post_for_ever(app, writing)
    os.close(writing)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as told:
        return [int(line) for line in told if line.endswith("\n")]


def _post_for_ever(app: Flask, writing: int) -> None:
    # Whatever goes wrong, a copy must never go on with what this process does.
    with contextlib.suppress(BaseException), app.app_context():
        while True:
            os.write(writing, f"{_post()}\n".encode())
    os._exit(1)


def _post() -> int:
    now = db.utc_now()
    article = articles.by_id(SLUG)
    assert article
    sender = Sender(client_hash=random_token(), reader_hash=random_token())
    body = f"A question of its own: {random_token()}"
    arrived = arrival.arrive(article, sender, name="Nomsa", body=body, now=now)
    with db.writing():
        return arrival.submit(arrived, now=now)
