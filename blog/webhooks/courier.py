"""Carries deliveries, in threads beside the worker's mails: one for each endpoint that is due.

An endpoint that hangs holds up its own deliveries alone, for its deadline at most, and no mail.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from blog import db
from blog.webhooks import deliveries
from blog.webhooks.sending import DEADLINE_SECONDS, send, trusted

_STOP_SECONDS = 3.0
_log = logging.getLogger(__name__)


class Courier:
    """Looks for what is due and has each endpoint served by a thread of its own."""

    def __init__(
        self,
        app: Flask,
        *,
        context: ssl.SSLContext | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._app = app
        self._context = context or trusted()
        self._deadline_seconds = deadline_seconds
        self._worker = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._busy: dict[int, threading.Thread] = {}

    def run(self, poll_seconds: float = 1.0) -> None:
        """Go on until it is stopped; trouble with the database is logged and outlived."""
        while not self._stop.is_set():
            self.go_round()
            self._stop.wait(poll_seconds)

    def go_round(self) -> None:
        """Begin to serve each endpoint for which something is due, and that nobody serves."""
        try:
            with self._app.app_context():
                found = deliveries.due(now=db.utc_now())
        except Exception as error:  # noqa: BLE001 (whoever ends here carries nothing ever after)
            _log.error("webhooks can’t be looked for now: %r", error)
            return
        self._busy = {key: each for key, each in self._busy.items() if each.is_alive()}
        for hook_id in set(found) - set(self._busy):
            thread = threading.Thread(target=self._serve, args=(hook_id,), daemon=True)
            self._busy[hook_id] = thread
            thread.start()

    def _serve(self, hook_id: int) -> None:
        """Hand over what is due for one endpoint, until it fails and rests."""
        try:
            with self._app.app_context():
                while not self._stop.is_set() and self._deliver_one(hook_id):
                    pass
        except Exception as error:  # noqa: BLE001 (what it had in hand comes again)
            _log.error("a webhook can’t be delivered now: %r", error)

    def _deliver_one(self, hook_id: int) -> bool:
        parcel = deliveries.claim(hook_id, self._worker, now=db.utc_now())
        if parcel is None:
            return False
        answer = send(
            parcel.url,
            parcel.headers(now=db.utc_now()),
            parcel.body.encode(),
            context=self._context,
            deadline_seconds=self._deadline_seconds,
        )
        deliveries.settle(parcel, answer, now=db.utc_now())
        return True

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until those are done that are serving at this moment, so long in all."""
        give_up_at = time.monotonic() + seconds
        for thread in list(self._busy.values()):
            thread.join(max(give_up_at - time.monotonic(), 0))

    def stop(self) -> None:
        """Begin nothing more."""
        self._stop.set()


@contextmanager
def running(app: Flask) -> Iterator[None]:
    """Carry deliveries beside a block; what hangs at its end is left, and comes again later."""
    courier = Courier(app)
    thread = threading.Thread(target=courier.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        courier.stop()
        thread.join(_STOP_SECONDS)
        courier.wait(_STOP_SECONDS)
