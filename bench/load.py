"""What loads a server: wrk for reading, and visitors who read a form and send it.

Runs on a core of its own and tells how busy that was, since a full one measures itself.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import re
import resource
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urlencode

from bench.machine import CantMeasure
from bench.servers import SITE_HOST
from bench.stage import HOST, Stage

CONNECTIONS = 16
_FULL = 0.95
_IDLE_SECONDS = 2
_clients = itertools.count(1)


@dataclass(frozen=True)
class Rate:
    """Answers a second, how much of its core the load took for them, and how many were refused."""

    per_second: float
    load_share: float
    refused: int = 0

    @property
    def is_load_full(self) -> bool:
        """Tell whether the load may have been what was slow."""
        return self.load_share > _FULL


def wrk(stage: Stage, port: int, path: str, *, seconds: int) -> Rate:
    """Read one address over and over.

    Raises: CantMeasure where an answer was not the page.
    """
    head = ["-H", "Accept-Encoding: gzip", "-H", f"Host: {SITE_HOST}"]
    url = f"http://{HOST}:{port}{path}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *head, url]
    command = ["taskset", "-c", str(stage.load_core), *command]
    stage.note(command)
    before = _children_seconds()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise CantMeasure(f"{path} was not always answered:\n{said}")
    (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", said)
    return Rate(float(rate), (_children_seconds() - before) / seconds)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The page itself, where it came uncompressed."""
        return self.body.decode()


@dataclass
class Visitor:
    """A browser on one connection, which keeps cookies; each post comes from a new address."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        self._used_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a page."""
        return self._send("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        """Send a form, as the page that holds it would."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        own = {"Sec-Fetch-Site": "same-origin", "Origin": f"https://{SITE_HOST}"}
        return self._send("POST", path, urlencode(fields), kind | own)

    def send(self, path: str, fields: dict[str, str]) -> Answer:
        """Send JSON, as a program would."""
        kind = {"Content-Type": "application/json"}
        return self._send("POST", path, json.dumps(fields), kind)

    def _send(self, method: str, path: str, body: str | None, more: dict[str, str]) -> Answer:
        headers = {"Host": SITE_HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": address()}
        if self.cookies:
            more = more | {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        self._connect()
        try:
            began_at = time.perf_counter()
            self._connection.request(method, path, body, headers | more)
            answer = self._connection.getresponse()
            data = answer.read()
            self._used_at = time.perf_counter()
        except (OSError, http.client.HTTPException) as error:
            raise CantMeasure(f"{path} was not answered: {error!r}.") from error
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(answer.status, answer.headers, data, self._used_at - began_at)

    def _connect(self) -> None:
        """Connect anew where the site may have closed a connection that lay idle."""
        if time.perf_counter() - self._used_at > _IDLE_SECONDS:
            self._connection.close()
            self._connection.connect()


def address() -> str:
    """Give the next address, so that no limit of one client is met."""
    number = next(_clients)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class _Form(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self._action = action
        self._is_inside = False
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._is_inside = found.get("action") == self._action
        elif tag == "input" and self._is_inside and found.get("type") != "checkbox":
            self.fields[found.get("name") or ""] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "form"


def form_fields(html: str, action: str) -> dict[str, str]:
    """Read what the form with an action carries.

    Raises: CantMeasure where there is none.
    """
    form = _Form(action)
    form.feed(html)
    if not form.fields:
        raise CantMeasure(f"The page has no form that leads to {action}.")
    form.fields.pop("", None)
    return form.fields


def fresh_form(visitor: Visitor, page: str, action: str) -> dict[str, str]:
    """Read a form anew, past every cache.

    Raises: CantMeasure where the page isn't there.
    """
    answer = visitor.get(f"{page}?uncached={next(_clients)}")
    if answer.status != 200:
        raise CantMeasure(f"{page} answered {answer.status}.")
    return form_fields(answer.text, action)


Fill = Callable[[], dict[str, str]]


def send_all(
    port: int, page: str, action: str, fill: Fill, *, count: int, is_json: bool = False
) -> Rate:
    """Send forms on sixteen connections, each with a token of its own page; or JSON, without one.

    Only what was stored counts; a site may ask to come again shortly.

    Raises: CantMeasure for any other answer.
    """
    numbers = iter(range(count))
    statuses: Counter[int] = Counter()

    def send(visitor: Visitor, form: dict[str, str]) -> None:
        for _ in numbers:
            # Whoever has posted is known by a cookie; these are all new.
            visitor.cookies.clear()
            post = visitor.send if is_json else visitor.post
            statuses[post(action, form | fill()).status] += 1

    with _visitors(port) as visitors:
        forms = [{} if is_json else fresh_form(visitor, page, action) for visitor in visitors]
        began_at, used = time.perf_counter(), time.process_time()
        _at_once(send, zip(visitors, forms, strict=True))
        took = time.perf_counter() - began_at
    share = (time.process_time() - used) / took
    taken = 202 if is_json else 303
    if set(statuses) - {taken, 503}:
        raise CantMeasure(f"{action} did not take every form: {dict(statuses)}")
    return Rate(statuses[taken] / took, share, statuses[503])


@contextlib.contextmanager
def _visitors(port: int) -> Iterator[list[Visitor]]:
    with contextlib.ExitStack() as closing:
        yield [closing.enter_context(Visitor(port)) for _ in range(CONNECTIONS)]


def _at_once(act: Callable[..., None], arguments: Iterable[tuple[object, ...]]) -> None:
    threads = [threading.Thread(target=act, args=each) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def send_alone(port: int, page: str, action: str, fill: Fill, *, count: int) -> Iterator[float]:
    """Send forms one after another; gives the seconds of each.

    Raises: CantMeasure where one was not taken.
    """
    with Visitor(port) as visitor:
        form = fresh_form(visitor, page, action)
        for _ in range(count):
            visitor.cookies.clear()
            answer = visitor.post(action, form | fill())
            if answer.status != 303:
                raise CantMeasure(f"{action} answered {answer.status}.")
            yield answer.seconds


def p50_ms(seconds: Iterable[float]) -> float:
    """Return the middle of some times, in milliseconds."""
    return statistics.median(seconds) * 1000


def read_alone(visitor: Visitor, path: str, *, count: int) -> Iterator[float]:
    """Read one address again and again, past every cache; gives the seconds of each.

    Raises: CantMeasure where it is not there.
    """
    mark = "&" if "?" in path else "?"
    for _ in range(count):
        answer = visitor.get(f"{path}{mark}uncached={next(_clients)}")
        if answer.status != 200:
            raise CantMeasure(f"{path} answered {answer.status}.")
        yield answer.seconds


def read_all(port: int, paths: list[str], *, count: int) -> None:
    """Read addresses in turn on sixteen connections.

    Raises: CantMeasure where one was not answered.
    """
    numbers = iter(range(count))
    statuses: Counter[int] = Counter()

    def read(visitor: Visitor) -> None:
        for number in numbers:
            statuses[visitor.get(paths[number % len(paths)]).status] += 1

    with _visitors(port) as visitors:
        _at_once(read, [(visitor,) for visitor in visitors])
    if statuses != {200: count}:
        raise CantMeasure(f"Not every page was answered: {dict(statuses)}")
