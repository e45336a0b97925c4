"""Where it all happens: a folder, the processes started in it, and a note of every command.

Ends only what it started itself, by its id.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import ROOT, CantMeasure

HOST = "127.0.0.1"
WAIT_SECONDS = 60


@dataclass
class Stage:
    """A folder of its own, with what runs in it; `commands` are shown as anyone would type them."""

    folder: Path
    server_core: int
    load_core: int
    closing: contextlib.ExitStack
    commands: list[str] = field(default_factory=list)

    def note(self, command: list[str], settings: dict[str, str] | None = None) -> None:
        """Remember a command, without what is this machine's or this run's alone."""
        words = [f"{name}={shlex.quote(value)}" for name, value in (settings or {}).items()]
        line = " ".join([*words, *map(shlex.quote, command)])
        line = line.replace(str(self.folder), "$FOLDER").replace(f"{ROOT}/", "")
        line = re.sub(rf"(?<={HOST}:)\d+|(?<=PORT=)\d+", "$PORT", line)
        if line not in self.commands:
            self.commands.append(line)

    def start(
        self, command: list[str], *, core: int | None, settings: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process, which ends with the stage; its words go to a file beside it."""
        command = self._placed(command, core)
        self.note(command, settings)
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command, env=_environment(settings), stdout=log, stderr=log, cwd=ROOT
            )
        self.closing.callback(end, process)
        return process

    def run(self, command: list[str], *, settings: dict[str, str], typed: str = "") -> str:
        """Run a command to its end, on both cores, and give what it printed.

        Raises: CantMeasure where it failed.
        """
        command = self._placed(command, None)
        self.note(command, settings)
        done = subprocess.run(
            command,
            env=_environment(settings),
            cwd=ROOT,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CantMeasure(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
        return done.stdout

    def _placed(self, command: list[str], core: int | None) -> list[str]:
        """Say on which core; without it would be that of the load, where this process is."""
        cores = f"{self.server_core},{self.load_core}" if core is None else str(core)
        return ["taskset", "-c", cores, *command]

    def wait_for_port(self, port: int, process: subprocess.Popen[bytes]) -> None:
        """Wait until somebody listens.

        Raises: CantMeasure where nobody does in time.
        """
        give_up_at = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < give_up_at and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
                return
            time.sleep(0.005)
        raise CantMeasure(f"A server did not start: {self.last_words()}")

    def last_words(self) -> str:
        """Give the end of what the processes said."""
        return (self.folder / "log").read_text(errors="replace")[-500:].strip()


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it where it doesn't."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def prepared(server_core: int, load_core: int) -> Iterator[Stage]:
    """Make a stage; its folder is on the same disk as the project, where a commit costs what it does."""
    out = ROOT / "bench" / "out"
    out.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=out, prefix="run-") as folder,
        contextlib.ExitStack() as closing,
    ):
        yield Stage(Path(folder), server_core, load_core, closing)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(settings: dict[str, str] | None) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | (settings or {})
