"""The receiver of the documentation takes what the site sends, and nothing else."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from blog import db, webhooks
from blog.webhooks import Courier, Event, signing
from tests.hook_server import HOST

pytestmark = pytest.mark.one_database("what is sent has tests on both")
PAGE = (Path(__file__).parent.parent / "docs" / "webhooks.md").read_text("utf-8")


@pytest.fixture
def secret(make_app: Callable[..., Flask]) -> Iterator[str]:
    """The secret of an endpoint of a site at work, which goes nowhere yet."""
    with make_app(webhook_hosts=HOST).app_context():
        said: dict[str, Any] = {"label": "a", "url": f"http://{HOST}", "events": list(Event)}
        with db.writing():
            webhooks.add(**said, by=None, now=db.utc_now())
        (hook,) = webhooks.everything()
        yield hook.secret


@pytest.fixture
def port(secret: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The receiver as the page has it, with its secret, listening."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.S | re.M)
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(code, "docs/webhooks.md", "exec"), names)
    names["Receiver"].log_message = lambda *_: None
    server = HTTPServer((HOST, 0), names["Receiver"])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_takes_each_event_once(
    app: Flask, port: int, capfd: pytest.CaptureFixture[str], make_app: Callable[..., Flask]
) -> None:
    now = db.utc_now()
    with db.writing():
        (hook,) = webhooks.everything()
        hook.url = f"http://{HOST}:{port}/"
        hook.rotate(by=None, now=now)
        # The receiver has the former one still.
        webhooks.tell(Event.ARTICLE_PUBLISHED, [{"id": "sun", "url": "u"}], at=now, now=now)
    for _ in range(2):
        courier = Courier(make_app(webhook_hosts=HOST))
        courier.go_round()
        courier.wait()
        db.session.rollback()
        (hook,) = webhooks.everything()
        (row,) = webhooks.recent(hook)
        assert (row.state, row.status) == ("delivered", 204)
        with db.writing():
            webhooks.delivery_by_id(row.id, hook=hook).send_again(now=now)  # type: ignore[union-attr]  # it is there
    assert capfd.readouterr().out == "article.published sun\n"


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
        {"webhook-id": "msg_other"},
    ],
)
def test_it_takes_nothing_that_is_forged_or_old(
    port: int, secret: str, change: dict[str, str]
) -> None:
    now, body = db.utc_now(), b'{"type": "x", "data": {"items": []}}'
    headers = signing.headers("msg_a", body, [secret], now=now)
    late = signing.headers("msg_a", body, [secret], now=now - timedelta(minutes=6))
    for sent, wanted in ((headers, 204), (headers | change, 401), (late, 401)):
        line = http.client.HTTPConnection(HOST, port)
        line.request("POST", "/", body, sent)
        assert line.getresponse().status == wanted
        line.close()
