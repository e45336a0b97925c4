"""The servers that are measured: the blog as `blog serve` starts it, nginx, and mail servers."""

from __future__ import annotations

import contextlib
import grp
import gzip
import os
import pwd
import re
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import machine
from bench.machine import ROOT, CantMeasure
from bench.stage import HOST, WAIT_SECONDS, Stage, end, free_port

SITE_HOST = "journal.example.org"
EMAIL, PASSWORD = "sandra@journal.example.org", "a few words to remember"
OPERATING = ROOT / "docs" / "operating.md"
BLOG = str(Path(sys.executable).with_name("blog"))

_NGINX = """\
user {user};
worker_processes 1;
daemon off;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""
_STATIC = """\
    server {{
        listen {host}:{port};
        root {folder};
        default_type text/html;
        gzip_static on;
    }}"""


@dataclass
class Blog:
    """A site of the bench's own: its settings, its address and, once started, its processes.

    `program` is what serves it, where that is to be another than `blog`.
    """

    stage: Stage
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    program: tuple[str, ...] = (BLOG,)
    process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str, typed: str = "") -> str:
        """Type a `blog` command and give what it printed."""
        return self.stage.run([BLOG, *arguments], settings=self.settings, typed=typed)

    def asked(self, query: str) -> Any:
        """Ask its SQLite file, past the product, and give the one value."""
        path = Path(self.settings["BLOG_INSTANCE_DIR"]) / "blog.db"
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return connection.execute(query).fetchone()[0]

    def prepare(self) -> None:
        """Make database, index and an account."""
        self.command("db", "upgrade")
        self.command("content", "sync")
        self.command("user", "add", EMAIL, "--password-stdin", typed=f"{PASSWORD}\n")

    def serve(self, *arguments: str, core: int | None, **settings: str) -> float:
        """Start it; gives the seconds to the first 200.

        Raises: CantMeasure where there is none.
        """
        settings = self.settings | {"PORT": str(self.port)} | settings
        began_at = time.perf_counter()
        command = [*self.program, "serve", *arguments]
        self.process = self.stage.start(command, core=core, settings=settings)
        while self.process.poll() is None and time.perf_counter() - began_at < WAIT_SECONDS:
            if _answers(self.port):
                return time.perf_counter() - began_at
            time.sleep(0.005)
        raise CantMeasure(f"The site did not start: {self.stage.last_words()}")

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            end(self.process)

    def processes(self) -> list[int]:
        """List all its processes."""
        return machine.family(self.process.pid) if self.process else []

    def web_processes(self) -> list[int]:
        """List the processes that answer readers."""
        return [pid for pid in self.processes()[1:] if _name(pid) == "blog web"]


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _answers(port: int) -> bool:
    """Ask for the first page once, on a connection of its own."""
    request = f"GET / HTTP/1.1\r\nHost: {SITE_HOST}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((HOST, port), 5) as connection:
            connection.sendall(request.encode())
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def blog(stage: Stage, name: str, content: Path, **settings: str) -> Blog:
    """Describe a site as behind a proxy on https, with every wall and limit on."""
    return Blog(
        stage,
        {
            "BLOG_INSTANCE_DIR": str(stage.folder / name),
            "BLOG_CONTENT_DIR": str(content),
            "BLOG_SITE_URL": f"https://{SITE_HOST}",
            "BLOG_TRUSTED_PROXIES": "1",
        }
        | settings,
    )


def static_nginx(stage: Stage, name: str, compressed: bytes) -> int:
    """Serve a page as a file that was compressed before; gives the port."""
    folder, port = stage.folder / "static", free_port()
    folder.mkdir()
    (folder / name).write_bytes(gzip.decompress(compressed))
    (folder / f"{name}.gz").write_bytes(compressed)
    _start_nginx(stage, folder, _STATIC.format(host=HOST, port=port, folder=folder), port)
    return port


def documented_nginx(stage: Stage, blog_port: int, name: str = "proxy") -> int:
    """Start nginx as docs/operating.md says; gives the port.

    Raises: CantMeasure where it says nothing of nginx.
    """
    block = nginx_block(OPERATING.read_text(encoding="utf-8"))
    if block is None:
        raise CantMeasure("docs/operating.md has no configuration of nginx.")
    folder, port = stage.folder / name, free_port()
    folder.mkdir()
    _start_nginx(stage, folder, adapted(block, folder, port, blog_port), port)
    return port


def nginx_block(document: str) -> str | None:
    """Find the first nginx configuration of a document that has a server in it."""
    for block in re.findall(r"^```nginx\n(.*?)^```", document, re.M | re.S):
        if re.search(r"^\s*server\s*\{", block, re.M):
            return str(block)
    return None


def adapted(block: str, folder: Path, port: int, blog_port: int) -> str:
    """Put this run's ports and folders into a configuration, and leave out TLS; no more."""
    block = re.sub(r"^\s*(listen|ssl_\w+|http2)\s[^;]*;\n", "", block, flags=re.M)
    servers = re.split(r"(?m)^(?=server\s*\{)", block)
    # What only leads from http to https has no part in it.
    kept = [each for each in servers if not re.search(r"^\s*return 30\d", each, re.M)]
    block = re.sub(r"(?m)^server\s*\{", rf"server {{\n    listen {HOST}:{port};", "".join(kept))
    block = re.sub(r"127\.0\.0\.1:8000|localhost:8000", f"{HOST}:{blog_port}", block)
    return re.sub(r"/var/cache/[\w/-]+|/var/lib/nginx[\w/-]*", f"{folder}/cache", block)


def _start_nginx(stage: Stage, folder: Path, servers: str, port: int) -> None:
    account = pwd.getpwuid(os.geteuid())
    user = f"{account.pw_name} {grp.getgrgid(account.pw_gid).gr_name}"
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(user=user, folder=folder, servers=servers))
    command = ["nginx", "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")]
    stage.wait_for_port(port, stage.start(command, core=stage.server_core))


def healthy_mail(stage: Stage) -> str:
    """Start a mail server that takes everything; gives its address."""
    port = free_port()
    sink = ["-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"{HOST}:{port}"]
    process = stage.start([sys.executable, "-m", "aiosmtpd", *sink], core=stage.load_core)
    stage.wait_for_port(port, process)
    return f"smtp://{HOST}:{port}"


def hanging_mail(stage: Stage) -> str:
    """Listen as a mail server that takes connections and never says a word; gives its address."""
    listener = stage.closing.enter_context(socket.create_server((HOST, 0), backlog=64))
    return f"smtp://{HOST}:{listener.getsockname()[1]}"
