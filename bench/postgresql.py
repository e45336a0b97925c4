"""A PostgreSQL server of the bench's own, which keeps what is committed, as one in use does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench import machine
from bench.machine import CantMeasure
from bench.stage import Stage
from tests import cluster

# All else is as it comes.
_SETTINGS = "listen_addresses = '127.0.0.1'\n"


def server(stage: Stage) -> str:
    """Start a server, which ends with the stage; gives the address of its first database.

    Raises: CantMeasure where PostgreSQL isn't here.
    """
    # It would else share the core of what loads it, and no other.
    with machine.unpinned(stage.server_core, stage.load_core):
        return stage.closing.enter_context(cluster.running(_binaries(), _SETTINGS))


def database(server: str, name: str) -> str:
    """Make a database; gives its address."""
    return cluster.create(server, name)


def version() -> str:
    """Tell which PostgreSQL this is."""
    command = [str(_binaries() / "postgres"), "--version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[2]


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(found[-1]) if found else None)
    if initdb is None:
        raise CantMeasure("PostgreSQL is needed; on Debian: apt-get install postgresql")
    # Some systems put links to a few of its programs on the path, and not the others.
    return Path(initdb).resolve().parent
