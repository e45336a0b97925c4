"""The ground every test stands on: a site of its own, on a copy of a prepared database."""

import contextlib
import gc
import io
import itertools
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from playwright.sync_api import Browser, sync_playwright
from werkzeug.routing import Rule

from blog import accounts, cli, config, create_app, db, markup
from blog.accounts import Role
from blog.admin.proving import device_note
from blog.articles import sync
from tests import cluster
from tests.cast import (
    AUTHOR,
    AUTHOR_ID,
    CLOCK,
    MODERATOR,
    SECOND_AUTHOR,
    Blog,
    Clock,
    Person,
    Ran,
    Visitor,
    write_content,
)
from tests.needs import chromium, postgres_folder

Environ = dict[str, str]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def _temporary() -> str:
    """Thousands of databases are written and soon gone: in memory, where there is room for them."""
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**31
    return str(memory) if is_roomy else tempfile.gettempdir()


os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _temporary())


@pytest.fixture(scope="session")
def content_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Words for a small site; a test that changes them works on `own_content`."""
    return write_content(tmp_path_factory.mktemp("content"))


@pytest.fixture
def own_content(content_dir: Path, tmp_path: Path) -> Path:
    """The same words, this test's own to change; `make_app(content_dir=str(own_content))`."""
    return Path(shutil.copytree(content_dir, tmp_path / "content"))


def _environ(instance: Path, content: Path, database_url: str) -> Environ:
    return {
        "BLOG_INSTANCE_DIR": str(instance),
        "BLOG_CONTENT_DIR": str(content),
        "BLOG_DATABASE_URL": database_url,
        "BLOG_SECRET_KEY": "a secret of the tests, long enough to be taken",
        "BLOG_MAIL_FROM": "blog@clinic.example",
        # A test sees what it wrote at once; those of the page cache ask for it.
        "BLOG_PAGE_CACHE_MB": "0",
    }


def _prepare(environ: Environ) -> None:
    """Migrate a database, sync the words and let the cast in."""
    app = create_app(environ)
    with app.app_context():
        db.upgrade()
        sync.run(Path(environ["BLOG_CONTENT_DIR"]), now=CLOCK)
        hashed = {person: _QUICK.hash(person.password) for person in _STAFF}
        with db.writing():
            for person, role in _STAFF.items():
                accounts.add(
                    email=person.email,
                    name=person.name,
                    role=role,
                    author_id=AUTHOR_ID if role is Role.AUTHOR else None,
                    password_hash=hashed[person],
                    now=CLOCK,
                )
        db.close()


# A hash says how dear it is, and the cast signs in for most tests.
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_STAFF = {AUTHOR: Role.ADMIN, SECOND_AUTHOR: Role.AUTHOR, MODERATOR: Role.MODERATOR}


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, content_dir: Path) -> Path:
    instance = tmp_path_factory.mktemp("prepared")
    path = instance / "blog.db"
    _prepare(_environ(instance, content_dir, f"sqlite:///{path}"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of this run."""
    with cluster.running(postgres_folder()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, content_dir: Path
) -> str:
    url = cluster.create(postgres, "prepared")
    _prepare(_environ(tmp_path_factory.mktemp("prepared-pg"), content_dir, url))
    return "prepared"


@pytest.fixture(scope="session")
def board(postgres: str, postgres_template: str) -> Iterator[cluster.Board]:
    with contextlib.closing(cluster.Board(postgres, postgres_template)) as board:
        yield board


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out PostgreSQL where a test says why one kind of database will do."""
    items[:] = [
        item
        for item in items
        if not (item.get_closest_marker("one_database") and _kind(item) == "postgresql")
    ]


def _kind(item: pytest.Item) -> str:
    """Name the database an item runs on; one that has none gives nothing."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return str(params.get("database_url", ""))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A prepared database of this test's own.

    A test that has one runs on both kinds, unless its mark `one_database` says why one will do.
    """
    if request.param == "sqlite":
        path = tmp_path / "blog.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    board: cluster.Board = request.getfixturevalue("board")
    board.wipe()
    yield board.url


@pytest.fixture
def blank_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """A second database of the same kind, with nothing in it."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'blank.db'}"
        return
    server: str = request.getfixturevalue("postgres")
    name = f"blank-{tmp_path.name}"[:60]
    yield cluster.create(server, name)
    cluster.drop(server, name)


@pytest.fixture
def environ(tmp_path: Path, content_dir: Path, database_url: str) -> Environ:
    """The settings of this test's site."""
    return _environ(tmp_path / "instance", content_dir, database_url)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """The templates, compiled once instead of by each test's site."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture(scope="session", autouse=True)
def _built_once() -> Iterator[None]:
    """What Werkzeug compiles of a route, once instead of in each test's site: half of its start."""
    compile_builder = Rule._compile_builder
    built: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def build(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = rule.rule, repr(rule.defaults), tuple(rule._trace), append_unknown
        if key not in built:
            built[key] = compile_builder(rule, append_unknown)
        return built[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", build)
        yield


class _KeptRenderer(markup.ArticleRenderer):
    """Leaves its processes to the next test: to start one takes longer than most tests."""

    idle: ClassVar[defaultdict[str, list[Any]]] = defaultdict(list)

    def close(self) -> None:
        for child in [self._free.get() for _ in range(self._processes)]:
            self.idle[self._greeting] += [child] if child else []
            self._free.put(None)

    def _running(self, child: Any) -> Any:
        with contextlib.suppress(IndexError):
            child = child or self.idle[self._greeting].pop()
        return super()._running(child)


@pytest.fixture(scope="session")
def renderer() -> Iterator[type[markup.ArticleRenderer]]:
    yield _KeptRenderer
    for child in itertools.chain.from_iterable(_KeptRenderer.idle.values()):
        child.end()


@pytest.fixture(autouse=True)
def _renders(monkeypatch: pytest.MonkeyPatch, renderer: type[markup.ArticleRenderer]) -> None:
    """Render in processes that serve one test after another; the renderer's own tests don't."""
    monkeypatch.setattr(markup, "ArticleRenderer", renderer)


@pytest.fixture
def make_app(environ: Environ, compiled: BytecodeCache) -> Iterator[Callable[..., Flask]]:
    """Make applications on this test's database, with settings of their own."""
    made: list[Flask] = []

    def make(**settings: str) -> Flask:
        app = create_app(
            environ | {f"BLOG_{name.upper()}": value for name, value in settings.items()}
        )
        app.jinja_env.bytecode_cache = compiled
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.close()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """This test's site."""
    return make_app()


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Blog]:
    """Type a command in a shell that has no settings but these."""
    ours = re.compile("BLOG_.*|HOST|PORT")
    inherited = {name: value for name, value in os.environ.items() if not ours.fullmatch(name)}

    def run(*arguments: str, stdin: bytes = b"", **environ: str) -> Ran:
        with monkeypatch.context() as shell:
            shell.setattr(os, "environ", inherited | environ)
            shell.setattr(sys, "argv", ["blog", *arguments])
            shell.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            with pytest.raises(SystemExit) as ended:
                cli.main()
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    yield run
    # A command's process is short, and this one is long.
    gc.unfreeze()
    gc.enable()


@pytest.fixture
def blog(type_in: Blog, environ: dict[str, str]) -> Blog:
    """Type a command for this test's site."""

    def run(*arguments: str, stdin: bytes = b"", **settings: str) -> Ran:
        return type_in(*arguments, stdin=stdin, **environ | settings)

    return run


@pytest.fixture
def at_work(app: Flask) -> Iterator[None]:
    """This test's site at hand without a request."""
    with app.app_context():
        yield


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of day, standing still until a test moves it."""
    standing = Clock()
    monkeypatch.setattr(db, "utc_now", standing)
    return standing


@pytest.fixture
def reader(app: Flask) -> Visitor:
    """Somebody on a phone."""
    return Visitor(app)


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    """Somebody else on another phone."""
    return Visitor(app, address="198.51.100.7")


@pytest.fixture
def author(app: Flask) -> Visitor:
    """Sandra, signed in."""
    return _signed_in(app, AUTHOR)


@pytest.fixture
def second_author(app: Flask) -> Visitor:
    """Somebody who writes too but may not read the clinic's mail."""
    return _signed_in(app, SECOND_AUTHOR)


@pytest.fixture
def moderator(app: Flask) -> Visitor:
    """Somebody who helps with comments."""
    return _signed_in(app, MODERATOR)


def _signed_in(app: Flask, person: Person) -> Visitor:
    """Sign somebody in, in the browser she always uses, so that the journal says nothing of it."""
    visitor = Visitor(app, address="192.0.2.10")
    with app.app_context():
        name, note = config.current().cookie(config.DEVICE_COOKIE), device_note(person.email)
    visitor.client.set_cookie(name, note, domain="127.0.0.1")
    assert visitor.sign_in(person).status_code == 303
    return visitor


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for all tests of a process."""
    path = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()
