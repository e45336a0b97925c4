"""The product's mail worker with a clock that runs quickly and a deadline as much shorter.

Else the back-offs of a fault would take hours. `python -m bench.hostile.quick_worker FILE` takes
its settings from the environment; the file's first line is the moment from which on all such
clocks run quickly, and each attempt adds how long it took.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from blog import config, create_app, outbox
from blog.cli.mail import CHORES
from blog.outbox import Answer, OutgoingMail, Transport
from blog.outbox.transports import DEADLINE_SECONDS as USUAL_SECONDS
from blog.outbox.transports import Session

SPEED = 20
DEADLINE_SECONDS = USUAL_SECONDS / SPEED


@dataclass(frozen=True)
class _TimedSession:
    session: Session
    descriptor: int

    def send(self, mail: OutgoingMail) -> Answer:
        began_at = time.monotonic()
        answer = self.session.send(mail)
        os.write(self.descriptor, f"{time.monotonic() - began_at:.3f}\n".encode())
        return answer


@dataclass(frozen=True)
class _Timed:
    transport: Transport
    descriptor: int

    @property
    def name(self) -> str:
        return self.transport.name

    @contextmanager
    def session(self) -> Iterator[_TimedSession]:
        with self.transport.session() as session:
            yield _TimedSession(session, self.descriptor)


def main(path: str) -> None:
    """Deliver until asked to end."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    app = create_app()
    with app.app_context():
        server = outbox.transport(config.current(), deadline_seconds=DEADLINE_SECONDS)
    epoch = float(Path(path).read_text().splitlines()[0])
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    transport = _Timed(server, file)

    def clock() -> datetime:
        return datetime.fromtimestamp(epoch + (time.time() - epoch) * SPEED, UTC)

    outbox.run_worker(app, transport, stop=stop, chores=CHORES, poll_seconds=1 / SPEED, clock=clock)


if __name__ == "__main__":
    main(sys.argv[1])
