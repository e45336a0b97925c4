"""Who is in the tests, what they read, and what they can do with the site."""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import IO, Any

from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from blog import articles, db, outbox
from blog.articles import Article
from blog.comments import Draft
from blog.comments.arrival import Arrival, Sender
from blog.comments.policy import Case
from blog.content import Commenting
from blog.spam import Answer, Reason, Verdict
from blog.staff import letters

CLOCK = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
ARTICLE = "mesotherapy-or-microneedling"
SECOND = "caring-for-skin-in-winter"
# Who wrote both.
AUTHOR_ID = "sandra-de-beer"


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    name: str
    email: str
    password: str


AUTHOR = Person("Sandra de Beer", "sandra@clinic.example", "a few words to remember")
SECOND_AUTHOR = Person("Thabo Nkosi", "thabo@clinic.example", "other words to remember")
MODERATOR = Person("Mia Botha", "mia@clinic.example", "yet more words to remember")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = CLOCK

    def __call__(self) -> datetime:
        return self.now

    def move(self, **units: float) -> None:
        """Move on, as in `clock.move(minutes=31)`."""
        self.now += timedelta(**units)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def sentence(self) -> str:
        """Read the one sentence of a command that could not do its work."""
        assert (self.code, self.out) == (1, "")
        return self.last_sentence()

    def last_sentence(self) -> str:
        assert self.code == 1
        *_, last = self.err.splitlines()
        assert last.startswith("Error: ")
        assert last.endswith((".", "upgrade"))
        assert "Traceback" not in self.err
        return last.removeprefix("Error: ")


Blog = Callable[..., Ran]


def write_content(folder: Path) -> Path:
    """Write the words of a small site, as if it were done the day before."""
    saved_at = (CLOCK - timedelta(days=1)).timestamp()
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (saved_at, saved_at))
    return folder


_FILES = {
    "site.toml": """\
title = "The Skin Journal"
tagline = "Notes from a clinic"
language = "en-ZA"
time_zone = "Africa/Johannesburg"

[clinic]
name = "The Skin Clinic"
email = "hello@clinic.example"
phone = "+27 11 555 0100"
address = "1 Long Street, Johannesburg"

[[navigation]]
label = "Articles"
url = "/"

[contact]
topics = ["Microneedling", "Mesotherapy", "Something else"]
consent = "The clinic may keep what I write here in order to answer me."
""",
    f"articles/{ARTICLE}.md": """\
---
title: "Mesotherapy or microneedling: what sets them apart?"
date: 2026-03-10
author: sandra-de-beer
summary: Two popular techniques, side by side.
topics: [Treatments compared]
---

Two popular techniques are mesotherapy and microneedling.

## Comparing the two

| | Mesotherapy | Microneedling |
|---|---|---|
| Mechanism | Injects a solution | Uses fine needles |
""",
    f"articles/{SECOND}.md": """\
---
title: Caring for skin in winter
date: 2026-01-15
author: sandra-de-beer
summary: Cold air is dry air.
topics: [Daily care]
aliases: [/2026/01/winter-skin]
---

Cold air is dry air, and a café is drier still.
""",
    "authors/sandra-de-beer.md": """\
---
name: Sandra de Beer
role: Certified somatologist
---

Sandra writes about skin.
""",
    "pages/privacy.md": """\
---
title: Privacy
---

What we keep, and for how long.
""",
}


def article(article_id: str = ARTICLE) -> Article:
    """One of the site's articles."""
    found = articles.by_id(article_id)
    assert found
    return found


class Visitor:
    """A browser at one address, with its cookies."""

    def __init__(self, app: Flask, *, address: str = "192.0.2.1", base: str = "") -> None:
        self.client = app.test_client()
        self.address = address
        self.base = base or app.extensions["blog.settings"].site_url

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._open("GET", path, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        return self._open("POST", path, data=data or {}, **options)

    def _open(self, method: str, path: str, **options: Any) -> TestResponse:
        options.setdefault("environ_overrides", {"REMOTE_ADDR": self.address})
        return self.client.open(path, method=method, base_url=self.base, **options)

    def form(self, path: str, action: str) -> dict[str, str]:
        """Read the fields a page's form carries."""
        return fields(self.get(path).text, action)

    def comment(self, body: str = "Thank you, very clear.", **typed: str) -> TestResponse:
        """Open the article, fill in its form and send it."""
        slug = typed.pop("slug", ARTICLE)
        action = f"/articles/{slug}/comments"
        filled = self.form(f"/articles/{slug}", action) | {"name": "Nomsa", "body": body} | typed
        return self.post(action, filled)

    def enquire(self, message: str = "May I book for Tuesday?", **typed: str) -> TestResponse:
        """Open the contact page, fill in its form and send it."""
        about = typed.pop("about", "")
        page = f"/contact?about={about}" if about else "/contact"
        own = {
            "name": "Lerato",
            "email": "lerato@reader.example",
            "topic": "Microneedling",
            "message": message,
            "consent": "y",
        }
        return self.post("/contact", self.form(page, "/contact") | own | typed)

    def sign_in(self, person: Person, password: str | None = None) -> TestResponse:
        page = "/admin/sign-in"
        typed = {"email": person.email, "password": password or person.password}
        return self.post(page, self.form(page, page) | typed)

    def press(self, path: str, action: str, **data: Any) -> TestResponse:
        """Press a button of a page, sending the token its forms carry."""
        token = csrf_token(self.get(path).text)
        return self.post(action, {"csrf_token": token} | data)


def mailed_link(to: Person | str, *, kind: str = letters.MAIL) -> str:
    """Read the path in the newest mail of a kind to somebody; needs an application at work."""
    mail = outbox.last_of_kind(kind, to if isinstance(to, str) else to.email)
    found = re.search(r"https?://[^/\s]+(/\S+)", mail.text) if mail else None
    return found[1] if found else ""


def fields(html: str, action: str) -> dict[str, str]:
    """Read the inputs of the form with an action."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', html, re.S)
    assert found, f"no form with action {action}"
    inputs = [tag for tag in re.findall(r"<input\b[^>]*>", found[1]) if _is_sent(tag)]
    read = {_attribute(tag, "name"): _attribute(tag, "value") for tag in inputs}
    return {name: value for name, value in read.items() if name}


def _is_sent(tag: str) -> bool:
    return 'type="checkbox"' not in tag or " checked" in tag


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def kept(html: str) -> dict[str, str]:
    """Read the fields that an error page's "Try again" form sends once more."""
    found = re.findall(r'<textarea name="([^"]*)" hidden>\n(.*?)</textarea>', html, re.S)
    return {unescape(name): unescape(text) for name, text in found}


def csrf_token(html: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', html)
    assert found, "no form that carries a token"
    return unescape(found[1])


def sent_at_once(app: Flask, visitor: Visitor, path: str, filled: dict[str, str]) -> set[str]:
    """Send the same form four times at one moment; gives where that led."""

    def send() -> str:
        answer = Visitor(app, address=visitor.address).post(path, filled)
        assert answer.status_code == 303, answer.text
        return answer.location.partition("?")[0]

    return set(at_once(app, *[send] * 4))


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Do things at one moment, each in a thread of its own; gives what each returned or raised."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait(timeout=10)
            return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        done = [threads.submit(run, act) for act in acts]
        return [future.exception() or future.result() for future in done]


@contextlib.contextmanager
def just_before(app: Flask, beginning: str, act: Callable[[], Any]) -> Iterator[list[Any]]:
    """Let somebody else do something just before the first statement that begins so.

    Gives what came of it, once it was done.
    """
    results: list[Any] = []
    is_done = threading.Event()

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(beginning) and not is_done.is_set():
            is_done.set()
            results.extend(at_once(app, act))

    event.listen(db.db.engine, "before_cursor_execute", note)
    yield results
    event.remove(db.db.engine, "before_cursor_execute", note)


def processes_at_once(script: str, environ: dict[str, str], count: int) -> list[str]:
    """Run a script in processes that wait at its first line "ready()"; gives what each printed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("BLOG_")}
    ready = 'import sys\nready = lambda: print("ready", flush=True) or sys.stdin.readline()\n'
    options: dict[str, Any] = {"env": own | environ, "text": True}
    options |= {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with contextlib.ExitStack() as stack:
        command = [sys.executable, "-c", ready + script]
        started = [stack.enter_context(subprocess.Popen(command, **options)) for _ in range(count)]
        assert {_pipe(process.stdout).readline() for process in started} == {"ready\n"}
        for process in started:
            _pipe(process.stdin).write("\n")
            _pipe(process.stdin).flush()
        return [process.communicate(timeout=60)[0] for process in started]


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


WAITS = Verdict((Reason("mode", "", answer=Answer.HOLD),))


def arrived(
    draft: Draft, *, verdict: Verdict = WAITS, client: str = "client", browser: str = "browser"
) -> Arrival:
    """A reader's comment as a door hands it over, with a verdict that nobody gave."""
    mode = Commenting.PRE if verdict.is_held else Commenting.POST
    case = Case(text=draft.source, name=draft.name, mode=mode)
    return Arrival(draft, Sender(client_hash=client, reader_hash=browser), verdict, case)
