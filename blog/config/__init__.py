"""The settings of a site, read once; what each one is stands in `table`.

A setting comes from the environment (`BLOG_…`), else from `[settings]` in content/site.toml,
else from its default. It is read once, when the application is made. A bad value stops the
start with one sentence that names key, value and wish. No other module reads the environment.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import logging
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, has_app_context
from sqlalchemy.engine import URL

from blog.config import casts
from blog.config.casts import ROOT, SmtpServer
from blog.config.table import Settings, setting, variable
from blog.errors import SettingError

__all__ = [
    "DEVICE_COOKIE",
    "OUR_COOKIES",
    "READER_COOKIE",
    "ROOT",
    "SESSION_COOKIE",
    "TRUST_COOKIE",
    "Frozen",
    "Settings",
    "SmtpServer",
    "current",
    "frozen",
    "load",
    "setting",
    "variable",
]

SECRET_KEY_MIN_CHARS = 32
# By which a browser is known: one that has commented, and one that is signed in.
OUR_COOKIES = READER_COOKIE, SESSION_COOKIE = ("blog_reader", "blog_session")
# By which one is known where an address was confirmed; no page that is kept depends on it.
TRUST_COOKIE = "blog_trust"
# By which a browser is known in which somebody has signed in before.
DEVICE_COOKIE = "blog_device"

_log = logging.getLogger(__name__)

# What stands for these when they are empty depends on other settings.
_FILLED_IN = ("database_url", "site_url")
# Needed to find site.toml, or a matter of one machine alone.
_ENVIRONMENT_ONLY = ("content_dir", "instance_dir", "host", "port")
_SECRET = ("database_url", "limits_url", "smtp_url")


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A copy of the site as files at an address of its own: it answers no query and takes nothing.

    `live` is the address of the server that does, empty where there is none; with `embeds` pages
    post there by themselves.
    """

    url: str
    live: str = ""
    embeds: bool = False

    def applied(self, settings: Settings) -> Settings:
        """Make the settings by which the copy is made."""
        return replace(settings, site_url=self.url, page_cache_mb=0)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings, once; makes the instance folder and its secret key where missing.

    Raises: SettingError for the first value that can't be used.
    """
    environ = os.environ if environ is None else environ
    _refuse_misspelt(environ)
    values: dict[str, Any] = {}
    written: Mapping[str, str] = {}
    kept = Path()
    for row in fields(Settings):
        if row.name == "database_url":
            kept = values["instance_dir"] / "settings.json"
            written = _written(_existing(values["content_dir"]), kept)
        values[row.name] = _value(row, environ, written)
    _fill_in(values)
    _keep(written, kept)
    return Settings(**values)


def _written(content_dir: Path, kept: Path) -> Mapping[str, str]:
    """Read the settings of site.toml; a mistake in that file never keeps a site from starting.

    Raises: SettingError where the file can't be read and no earlier start could.
    """
    try:
        return _site_toml(content_dir)
    except tomllib.TOMLDecodeError as error:
        path = content_dir / "site.toml"
        if not kept.exists():
            raise SettingError(f"The settings in {path} can't be read: {error}.") from None
        _log.warning("%s can't be read: %s. The settings of the last start are used.", path, error)
        found: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
        return found


def _keep(written: Mapping[str, str], kept: Path) -> None:
    """Keep the settings of site.toml for a start on which it can't be read."""
    text = json.dumps(written)
    if kept.exists() and kept.read_text(encoding="utf-8") == text:
        return
    draft = kept.with_name(f".settings-{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(kept)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise SettingError(f"BLOG_CONTENT_DIR is '{folder}', but must be a folder that exists.")
    return folder


def _refuse_misspelt(environ: Mapping[str, str]) -> None:
    """Refuse a variable that is nearly one of ours: what it should have set would be off."""
    known = [variable(row) for row in fields(Settings)]
    for name in sorted(environ):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        if name.startswith("BLOG_") and name not in known and near:
            raise SettingError(f"{name} is not a setting; did you mean {near[0]}?")


def _refuse_unknown(written: Mapping[str, Any], path: Path) -> None:
    """Refuse a name in site.toml's settings that means nothing there."""
    known = [row.name for row in fields(Settings) if row.name not in _ENVIRONMENT_ONLY]
    for name in written:
        if name not in known:
            near = difflib.get_close_matches(name.lower().removeprefix("blog_"), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
            raise SettingError(f"{name} in {path} is not a setting there; {hint}")


def current() -> Settings:
    """Return the settings of the application at work."""
    settings: Settings = current_app.extensions["blog.settings"]
    return settings


def frozen() -> Frozen | None:
    """Return what copy of the site the application at work makes; None where it serves."""
    made: Frozen | None = current_app.extensions.get("blog.frozen") if has_app_context() else None
    return made


def _value(row: Field[Any], environ: Mapping[str, str], written: Mapping[str, str]) -> Any:
    name, cast, default = variable(row), row.metadata["cast"], row.metadata["default"]
    from_file = written.get(row.name, "").strip()
    raw = environ.get(name, "").strip() or from_file or default
    if not raw and row.name in _FILLED_IN:
        return ""
    try:
        return cast(raw)
    except ValueError as error:
        shown = "(hidden)" if row.name in _SECRET else repr(re.sub("//.*@", "//(hidden)@", raw))
        is_from_file = from_file and not environ.get(name, "").strip()
        place = " (in site.toml)" if is_from_file else ""
        raise SettingError(f"{name}{place} is {shown}, but must be {error}.") from None


def _site_toml(content_dir: Path) -> Mapping[str, str]:
    """Read the settings written in content/site.toml; its words are content.py's to check.

    Raises: SettingError for what can't be a setting; TOMLDecodeError for a mistyped file.
    """
    path = content_dir / "site.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise SettingError(f"The settings in {path} can't be read: {error}.") from None
    settings, clinic = table.get("settings", {}), table.get("clinic", {})
    if not isinstance(settings, dict):
        raise SettingError(f"`settings` in {path} must be a part that begins with [settings].")
    _refuse_unknown(settings, path)
    written = {key: _as_typed(value) for key, value in settings.items()}
    if isinstance(clinic, dict) and not written.get("clinic_email"):
        written["clinic_email"] = str(clinic.get("email", ""))
    return written


def _as_typed(value: Any) -> str:
    """Write a value of site.toml as it would be typed into a variable."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fill_in(values: dict[str, Any]) -> None:
    instance: Path = values["instance_dir"]
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        values["secret_key"] = values["secret_key"] or _kept_secret(instance / "secret_key")
    except OSError as error:
        raise SettingError(
            f"BLOG_INSTANCE_DIR is {str(instance)!r}, but must be a folder that can be written: {error.strerror}."
        ) from None
    file = URL.create("sqlite", database=str(instance / "blog.db")).render_as_string()
    values["database_url"] = values["database_url"] or file
    # Browsers find both kinds of loopback address under this name, but trust no bare IPv6.
    host = "localhost" if ":" in values["host"] else values["host"]
    values["site_url"] = values["site_url"] or casts.site_url(f"http://{host}:{values['port']}")
    host = urlsplit(values["site_url"]).hostname or "localhost"
    values["mail_from"] = (
        values["mail_from"]
        or f"blog@{host if '.' in host and not host[-1].isdigit() else 'localhost.localdomain'}"
    )
    if len(values["secret_key"]) < SECRET_KEY_MIN_CHARS:
        raise SettingError(
            f"BLOG_SECRET_KEY is (hidden), but must be at least {SECRET_KEY_MIN_CHARS} random characters."
        )
    if not values["clinic_email"]:
        raise SettingError(
            "BLOG_CLINIC_EMAIL is '', but must be who gets enquiries; it may also be `email` in the part"
            f" [clinic] of {values['content_dir'] / 'site.toml'}."
        )


def _kept_secret(path: Path) -> str:
    """Read the installation's key, making it first where there is none (mode 600)."""
    if not path.exists():
        draft = path.with_name(f".secret_key-{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        # A link is made once, so two processes that start together agree on one key.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    if path.stat().st_mode & 0o077:
        raise SettingError(f"The secret key {path} can be read by others; run: chmod 600 {path}")
    key = path.read_text(encoding="latin-1").strip()
    if len(key) < SECRET_KEY_MIN_CHARS:
        raise SettingError(
            f"The secret key {path} is shorter than {SECRET_KEY_MIN_CHARS} characters; delete it, and the next start makes one."
        )
    return key
