"""What will go: how an operation or a parameter says that it should be used no more.

Source: RFC 9745 (Deprecation), RFC 8594 (Sunset).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response
from werkzeug.http import http_date

from blog import urls


@dataclass(frozen=True)
class Ending:
    """That something should be used no more: since when, until when it works, what is instead."""

    deprecated_at: datetime
    sunset_at: datetime | None = None
    # A path from the root of the site.
    successor: str = ""

    @property
    def words(self) -> str:
        """Say it in a sentence."""
        until = f", and works until {_day(self.sunset_at)}" if self.sunset_at else ""
        instead = f"; use `{self.successor}` instead" if self.successor else ""
        return f"Deprecated since {_day(self.deprecated_at)}{until}{instead}."


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def announce(response: Response, endings: Sequence[Ending], name: str) -> None:
    """Say of what was used until when it works; the operation’s name leads to the reference."""
    if not endings:
        return
    since = min(each.deprecated_at for each in endings)
    response.headers["Deprecation"] = f"@{int(since.timestamp())}"
    told = urls.absolute(f"{urls.reference()}#{name}")
    response.headers.add("Link", f'<{told}>; rel="deprecation"; type="text/html"')
    for successor in filter(None, (each.successor for each in endings)):
        response.headers.add("Link", f'<{urls.absolute(successor)}>; rel="successor-version"')
    ends = [each.sunset_at for each in endings if each.sunset_at]
    if ends:
        response.headers["Sunset"] = http_date(min(ends))
