"""Learns of writes by other processes: reads the site's revision twice a second, never per hit."""

from __future__ import annotations

import threading
import time

from flask import Flask
from sqlalchemy import select

from blog import db
from blog.pagecache.entries import Store
from blog.revision import SiteRevision

POLL_SECONDS = 0.5
# While the database is away nobody can change a page of this machine; on others somebody might.
BLIND_SECONDS = 600.0


class Poll:
    """The revision as far as this process knows it; its thread starts with the first page kept."""

    def __init__(self, app: Flask, store: Store) -> None:
        self._app = app
        self._store = store
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen_at = time.monotonic()

    def start(self) -> None:
        """Poll from now on."""
        with self._turn:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="revision", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        with self._turn:
            thread = self._thread
        if thread is not None:
            thread.join()

    def look(self) -> None:
        """Read the revision now; where that fails, pages stay for a while."""
        # In turn, or a number read first could be learnt last.
        with self._turn:
            try:
                number = self._read()
                # One that was raised meanwhile by a page of this process is no step back.
                if number < self._store.revision:
                    number = self._read()
                self._store.learn(number)
            except Exception:  # noqa: BLE001 (a thread that ended would leave old pages for hours)
                if time.monotonic() - self._seen_at > BLIND_SECONDS:
                    self._store.forget()
                return
            self._seen_at = time.monotonic()

    def _read(self) -> int:
        with self._app.app_context(), db.db.engine.connect() as connection:
            return connection.execute(select(SiteRevision.number)).scalar_one()

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.look()
