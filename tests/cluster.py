"""A PostgreSQL server of the tests' own, in a temporary folder, for one run."""

import contextlib
import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

# A power cut in the middle of a test loses nothing that anybody wants.
_CONFIG = """
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
max_connections = 60
timezone = 'Africa/Johannesburg'
"""
# Everybody is let in but who goes by this name, so that a wrong password can be tried.
_LOCKED_OUT = "host all locked 127.0.0.1/32 scram-sha-256"


@contextlib.contextmanager
def running(binaries: Path, settings: str = _CONFIG) -> Iterator[str]:
    """Start a server; gives the address of its first database."""
    user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="blog-postgres-") as folder:
        os.chown(folder, user.pw_uid, user.pw_gid)
        data = Path(folder) / "data"
        _as(
            user,
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "blog",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
            ],
        )
        rules = data / "pg_hba.conf"
        rules.write_text(f"{_LOCKED_OUT}\n{rules.read_text()}")
        with (data / "postgresql.conf").open("a") as config:
            config.write(f"{settings}port = {_free_port()}\nunix_socket_directories = '{folder}'\n")
        _as(user, [binaries / "pg_ctl", "-D", data, "-w", "-l", Path(folder) / "log", "start"])
        try:
            port = (data / "postmaster.pid").read_text().splitlines()[3]
            yield f"postgresql://blog@127.0.0.1:{port}/postgres"
        finally:
            _as(user, [binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"])


def _unprivileged() -> pwd.struct_passwd:
    """The server refuses to run as root, so it runs as somebody who may do nothing."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _as(user: pwd.struct_passwd, command: list[str | Path]) -> None:
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=user.pw_uid,
        group=user.pw_gid,
        cwd="/",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def create(server: str, name: str, *, template: str = "template1") -> str:
    """Make a database; gives its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        # Copying the files takes half the time of writing them through the log.
        command = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
        connection.execute(command.encode())
    return server.rpartition("/")[0] + f"/{name}"


def drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


# Every table, column and index has rows there.
_SHAPE = "SELECT count(*), max(xmin::text::bigint) FROM pg_attribute"
_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
_SEQUENCES = """
SELECT quote_ident(sequencename), coalesce(last_value, start_value), last_value IS NOT NULL
FROM pg_sequences WHERE schemaname = 'public'
"""
_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_Row = tuple[Any, ...]


class Board:
    """One database that is wiped between tests: what a test has changed is written again."""

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template = server, template
        self._make()

    def _make(self) -> None:
        self.url = create(self._server, "board", template=self._template)
        self._connection = psycopg.connect(self.url, autocommit=True)
        self._tables: list[str] = [name for (name,) in self._run(_TABLES)]
        self._contents = {name: self._read(name) for name in self._tables}
        self._shape, self._sequences = self._run(_SHAPE), self._run(_SEQUENCES)
        self._marks = self._look()

    def wipe(self) -> None:
        """Bring it back, ending what a test left open on it; it may even have broken the tables."""
        try:
            is_whole = self._restore()
        except psycopg.Error:
            is_whole = False
        if not is_whole:
            self.close()
            drop(self._server, "board")
            self._make()

    def close(self) -> None:
        self._connection.close()

    def _restore(self) -> bool:
        self._run(_END_OTHERS)
        with self._connection.transaction():
            self._run("SET LOCAL lock_timeout = '5s'")
            if self._run(_SHAPE) != self._shape:
                return False
            # Who is just being ended may still hold what it wrote.
            self._run(f"LOCK TABLE {', '.join(self._tables)} IN EXCLUSIVE MODE")
            marks = self._look()
            changed = [name for name in self._tables if marks[name] != self._marks[name]]
            self._write(changed)
            for name, value, is_called in set(self._sequences) - set(self._run(_SEQUENCES)):
                self._run(f"SELECT setval('{name}', {value}, {is_called})")
        if changed:
            # The dead rows of some thousand tests would slow the next ones down.
            self._run(f"VACUUM {', '.join(changed)}")
            self._marks |= self._look(changed)
        return True

    def _look(self, tables: list[str] | None = None) -> dict[str, _Row]:
        """Tell tables by how many rows they have and which transaction wrote the newest."""
        looks = (
            f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}"
            for name in tables or self._tables
        )
        return {name: tuple(mark) for name, *mark in self._run(" UNION ALL ".join(looks))}

    def _read(self, table: str) -> bytes:
        with self._connection.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
            return b"".join(copy)

    def _write(self, tables: list[str]) -> None:
        # Foreign keys hold again when all is done.
        self._run("SET LOCAL session_replication_role = replica")
        for name in tables:
            self._run(f"DELETE FROM {name}")
            with self._connection.cursor().copy(f"COPY {name} FROM STDIN".encode()) as copy:
                copy.write(self._contents[name])

    def _run(self, statement: str) -> list[_Row]:
        done = self._connection.execute(statement.encode())
        return done.fetchall() if done.description else []
