"""Casts: from what a person wrote to a value, or a ValueError that says what is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent.parent
ADDRESS_MAX_CHARS = 254
RETURN_NAME_MAX_CHARS = 30
LOOPBACK_HOSTS = ("127.0.0.1", "localhost")
# Who listens on all addresses of a machine is reached at its own.
HERE = (*LOOPBACK_HOSTS, "::1", "::", "0.0.0.0")  # noqa: S104 (compared with, never listened on)

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_IPV6 = re.compile(r"[0-9a-f]*:[0-9a-f:.]+")
# What the outbox takes for one plain address; an enquiry's mail must never fail for its addressee.
_ADDRESS = re.compile(
    r"(?!.*=\?)(?=[^@]{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@\w[\w-]{0,62}(\.\w[\w-]{0,62})*",
    re.ASCII,
)


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over; `tls` is `starttls`, `tls` or `none`."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)


def path(value: str) -> Path:
    """A folder; a relative one is below the project's."""
    try:
        return (ROOT / Path(value).expanduser()).resolve()
    except (RuntimeError, ValueError):
        raise ValueError("a folder, like /srv/blog") from None


def host(value: str) -> str:
    """A host's name or address to listen on."""
    value = value.lower()
    if not _HOST.fullmatch(value) and not _IPV6.fullmatch(value):
        raise ValueError("a name or an IP address, like 127.0.0.1")
    return value


def integer(low: int, high: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def cast(value: str) -> int:
        if not re.fullmatch(r"\d{1,6}", value) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return cast


def yes_or_no(value: str) -> bool:
    """A switch, as people and TOML write it."""
    words = {"yes": True, "true": True, "on": True, "1": True}
    words |= {"no": False, "false": False, "off": False, "0": False}
    if value.lower() not in words:
        raise ValueError("yes or no")
    return words[value.lower()]


def time_of_day(value: str) -> time | None:
    """An hour and a minute, or never."""
    if value == "never":
        return None
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError("a time of day, like 07:00, or never")
    return time.fromisoformat(value)


def choice(*words: str) -> Callable[[str], str]:
    """One of some words."""

    def cast(value: str) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return value

    return cast


def _split(value: str, wish: str, *schemes: str) -> SplitResult:
    """Take an address apart; an unescaped sign in a password moves its parts, and is found."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError(wish) from None
    is_clean = value.isprintable() and " " not in value and not parts.fragment
    if parts.scheme not in schemes or not parts.hostname or not is_clean:
        raise ValueError(wish)
    return parts


def site_url(value: str) -> str:
    """Write an address as a browser writes an origin."""
    wish = "an absolute address in ASCII without a path, like https://blog.example.org"
    parts = _split(value, wish, "http", "https")
    host = parts.hostname or ""
    extra = parts.path.strip("/") or parts.query or re.search(r"[@\[]", value)
    if extra or not _HOST.fullmatch(host):
        raise ValueError(wish)
    usual = 443 if parts.scheme == "https" else 80
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def database_url(value: str) -> str:
    """A SQLite file or a PostgreSQL database."""
    wish = "sqlite:////absolute/path.db or postgresql://user:password@host/name"
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(wish) from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg") and url.database:
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    is_file = url.drivername == "sqlite" and not url.host and not url.query
    if not is_file or not url.database or ":memory:" in url.database:
        raise ValueError(wish)
    return value


def smtp_url(value: str) -> SmtpServer | None:
    """A mail server, or None where mail goes to files."""
    if not value:
        return None
    wish = "smtp://user:password@host:587?tls=starttls, smtps://… or nothing"
    parts = _split(value, wish, "smtp", "smtps")
    options = parse_qs(parts.query, keep_blank_values=True)
    if parts.path.strip("/") or set(options) - {"tls"}:
        raise ValueError(wish)
    host = parts.hostname or ""
    is_here = host in HERE
    usual = "tls" if parts.scheme == "smtps" else "none" if is_here else "starttls"
    tls = options.get("tls", [usual])[-1]
    if tls not in ("starttls", "tls", "none") or (parts.scheme == "smtps" and tls != "tls"):
        raise ValueError(f"{wish}; tls is starttls, tls or none")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and tls == "none" and not is_here:
        raise ValueError("a password only over tls=starttls or smtps://")
    return SmtpServer(host, parts.port or (465 if tls == "tls" else 587), tls, user, password)


def limits_url(value: str) -> str:
    """A Redis database, or nothing."""
    if value:
        wish = "redis://host:6379/0, or nothing for a file in the instance folder"
        _split(value, wish, "redis", "rediss")
    return value


def address(value: str) -> str:
    """One plain email address."""
    if value and (len(value) > ADDRESS_MAX_CHARS or not _ADDRESS.fullmatch(value)):
        raise ValueError("one email address, like clinic@example.org")
    return value


def return_address(value: str) -> str:
    """An address that leaves room for what is put behind its name."""
    if len(address(value).partition("@")[0]) > RETURN_NAME_MAX_CHARS:
        raise ValueError(f"an address with {RETURN_NAME_MAX_CHARS} characters before @ at most")
    return value


def origins(value: str) -> tuple[str, ...]:
    """Sites, separated by spaces or commas."""
    return tuple(site_url(origin) for origin in re.split(r"[\s,]+", value) if origin)


def hosts(value: str) -> tuple[str, ...]:
    """Hosts with or without a port, separated by spaces or commas."""
    found = tuple(each.lower() for each in re.split(r"[\s,]+", value) if each)
    for each in found:
        name, colon, port = each.partition(":")
        is_port = not colon or (re.fullmatch(r"[1-9]\d{0,4}", port) and int(port) <= 65535)
        if not _HOST.fullmatch(name) or not is_port:
            raise ValueError("names of hosts, like automation.internal or 127.0.0.1:5678")
    return found
