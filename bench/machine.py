"""The machine: its cores, what is installed on it, and what processes cost it."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = {"nginx": "nginx", "wrk": "wrk", "taskset": "util-linux"}


class CantMeasure(Exception):
    """Nothing can be measured; the message says why and what to do."""


def check() -> tuple[int, int]:
    """Make sure that everything needed is here.

    Returns: the core for servers, and the one for what loads them.
    Raises: CantMeasure with what to install.
    """
    missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
    if missing:
        words = f"The measurements need {' and '.join(missing)}"
        raise CantMeasure(f"{words}; on Debian: apt-get install {' '.join(missing)}")
    first, last = cores()
    if first == last:
        raise CantMeasure("Two cores are needed: one for the servers, one for what loads them.")
    return first, last


def cores() -> tuple[int, int]:
    """Return the first and the last core that this process may use."""
    found = sorted(os.sched_getaffinity(0))
    return found[0], found[-1]


def described(folder: Path) -> list[tuple[str, str]]:
    """Say what the machine is and which versions run on it; `folder` is where files are kept."""
    system = Path("/proc/meminfo").read_text().split()[1]
    return [
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("memory", f"{int(system) / 1024**2:.0f} GB"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("load of the last minute", f"{os.getloadavg()[0]:.1f}"),
        ("file system", _output("stat", "-f", "-c", "%T", str(folder))),
        ("Python", platform.python_version()),
        ("granian", metadata.version("granian")),
        ("SQLite", sqlite3.sqlite_version),
        ("nginx", _output("nginx", "-v").rpartition("/")[2]),
        ("wrk", _output("wrk", "-v").split()[1]),
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _output(*command: str) -> str:
    # Some programs tell their version on the one, some on the other, and fail while they do.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0]


def family(pid: int) -> list[int]:
    """List a process and all that descend from it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, task.read_text().split())
    return found


def memory_mb(pids: list[int]) -> float:
    """Add up the proportional share of memory of processes."""
    return sum(_kb(pid, "smaps_rollup", "Pss:") for pid in pids) / 1024


def peak_mb(pid: int) -> float:
    """Tell the most memory that a process has had so far; what a parent is told has its own in it."""
    return _kb(pid, "status", "VmHWM:") / 1024


def _kb(pid: int, file: str, name: str) -> int:
    # It may end while it is looked at.
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0


def cpu_seconds(pid: int) -> float:
    """Tell how long a process has run on a core; exact to the nanosecond.

    Source: clock_getcpuclockid(3), whose numbers the kernel makes this way.
    """
    return time.clock_gettime((~pid << 3) | 2)


def pin(core: int) -> None:
    """Keep this process on one core, which is its own."""
    os.sched_setaffinity(0, {core})


@contextlib.contextmanager
def unpinned(*wanted: int) -> Iterator[None]:
    """Use other cores for a while, and let what is started meanwhile keep them."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)
