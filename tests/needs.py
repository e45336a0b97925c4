"""What tests need of the machine: found, or skipped with a line that says how to get it."""

import os
import shutil
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent / "quality" / "node_modules"
REQUIRE_ALL = bool(os.environ.get("BLOG_TEST_REQUIRE_ALL"))


def need(found: str | None, sentence: str) -> str:
    """Return what was found, else skip; with BLOG_TEST_REQUIRE_ALL lacking it is a failure."""
    if not found:
        give_up = pytest.fail if REQUIRE_ALL else pytest.skip
        give_up(sentence)
    return found


def chromium() -> str:
    return need(
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome"),
        "A browser is needed; on Debian: apt-get install chromium",
    )


def postgres_folder() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(found[-1]) if found else None)
    found_there = need(initdb, "PostgreSQL is needed; on Debian: apt-get install postgresql")
    # Some systems put links to a few of its programs on the path, and not the others.
    return Path(found_there).resolve().parent


def redis_server() -> str:
    return need(
        shutil.which("redis-server"), "Redis is needed; on Debian: apt-get install redis-server"
    )


def java() -> str:
    return need(
        shutil.which("java"),
        "Java is needed; on Debian: apt-get install default-jre-headless",
    )


def tool(path: str) -> Path:
    """Find a file of the packages that tests/quality/package.json names."""
    found = TOOLS / path
    sentence = "npm is needed; on Debian: apt-get install npm; then: make tools"
    return Path(need(str(found) if found.exists() else None, sentence))


def node() -> str:
    return need(shutil.which("node"), "Node is needed; on Debian: apt-get install nodejs")


def nginx() -> str:
    # Where it is installed is not on everybody's path.
    folders = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    found = shutil.which("nginx", path=folders)
    return need(found, "nginx is needed; on Debian: apt-get install nginx-light")


def caddy() -> str:
    return need(shutil.which("caddy"), "Caddy is needed; on Debian: apt-get install caddy")
