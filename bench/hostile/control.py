"""The control: the same payloads with no wall at all, so that a count of nought means something."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.hostile.chromium import Watched
from bench.hostile.payloads import uncleaned
from bench.stage import HOST

_FRAMES = 40


def live(watched: Watched, payloads: Sequence[str]) -> list[bool]:
    """Tell of which payloads something is executed where Markdown alone was at work."""
    found: list[bool] = []
    with _served(payloads) as address:
        for start in range(0, len(payloads), _FRAMES):
            found += watched.live(f"{address}/frames/{start}")
    return found


@contextlib.contextmanager
def _served(payloads: Sequence[str]) -> Iterator[str]:
    """Serve each payload as a page of its own, and pages with frames of many."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, kind, number = f"{self.path}//".split("/")[:3]
            page = _page(payloads, kind, int(number)) if number.isdecimal() else None
            # A payload may take its page away before it is there.
            with contextlib.suppress(ConnectionError):
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((page or "").encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            """Keep quiet."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _page(payloads: Sequence[str], kind: str, number: int) -> str | None:
    if kind == "frames":
        numbers = range(number, min(number + _FRAMES, len(payloads)))
        return "<!doctype html>" + "".join(
            f'<iframe src="/raw/{each}"></iframe>' for each in numbers
        )
    return f"<!doctype html><body>{uncleaned(payloads[number])}" if kind == "raw" else None
