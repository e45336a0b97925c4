"""The table of settings: each one's name, cast, default, unit and one sentence of help.

Nothing is read here; what stands in the environment and in site.toml is cast by these rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from blog.config import casts
from blog.config.casts import HERE, LOOPBACK_HOSTS, SmtpServer


def setting(cast: Callable[[str], Any], default: str, help: str, unit: str = "") -> Any:  # noqa: A002 (the word a table of settings uses)
    """Declare one row of the table; `default` is written as a person would write it."""
    return field(metadata={"cast": cast, "default": default, "help": help, "unit": unit})


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """Every setting, cast and checked; the variable of `site_url` is `BLOG_SITE_URL`."""

    content_dir: Path = setting(
        casts.path, "content", "Folder of the words: articles, authors, pages, media.", "path"
    )
    instance_dir: Path = setting(
        casts.path,
        "instance",
        "Folder of what one installation owns: database, secret, local mail.",
        "path",
    )
    database_url: str = setting(
        casts.database_url,
        "",
        "SQLite file or PostgreSQL; empty is blog.db in the instance folder.",
        "URL",
    )
    site_url: str = setting(
        casts.site_url,
        "",
        "Public address of the site; empty is http://HOST:PORT. Its scheme alone decides Secure cookies and HSTS.",
        "URL",
    )
    secret_key: str = setting(
        str, "", "Signs cookies and tokens; empty is a random one kept in the instance folder."
    )
    smtp_url: SmtpServer | None = setting(
        casts.smtp_url, "", "Mail server; empty writes mail as .eml files to instance/mail/.", "URL"
    )
    mail_from: str = setting(
        casts.address,
        "",
        "The site's own address, from which all mail is sent; empty is blog@ and the site's host.",
        "address",
    )
    mail_bounces: str = setting(
        casts.return_address,
        "",
        "Where mail returns that can't be delivered, with the number of each put behind the name; empty is BLOG_MAIL_FROM as it is.",
        "address",
    )
    clinic_email: str = setting(
        casts.address,
        "",
        "Who gets enquiries; empty is the clinic's email of site.toml.",
        "address",
    )
    enquiry_mail: str = setting(
        casts.choice("full", "summary"),
        "full",
        "What the mail about an enquiry holds; summary: its reference, its topic and a link alone.",
    )
    enquiry_remind_days: int = setting(
        casts.integer(1, 90),
        "2",
        "After how many days an enquiry that nobody has answered is pointed out.",
        "days",
    )
    acknowledge: bool = setting(
        casts.yes_or_no,
        "no",
        "Whether the sender gets a short mail that the enquiry came; only for clearly genuine ones.",
    )
    second_email: str = setting(
        casts.address,
        "",
        "Who gets an enquiry whose mail was refused or didn't arrive in a day; empty is nobody.",
        "address",
    )
    summary_at: time | None = setting(
        casts.time_of_day,
        "07:00",
        "When the clinic gets its daily summary, in the site's time zone; or never.",
        "hh:mm",
    )
    comments: str = setting(
        casts.choice("pre", "trusted", "post", "closed"),
        "pre",
        "pre: all wait for review; trusted: those of confirmed readers appear; post: clean ones appear at once; closed: no new ones.",
    )
    trust_after: int = setting(
        casts.integer(1, 100),
        "2",
        "With trusted: how many of a reader's comments must have been published before hers appear at once.",
        "comments",
    )
    keep_spam_days: int = setting(
        casts.integer(1, 3650),
        "30",
        "How long comments and enquiries that are taken for spam are kept.",
        "days",
    )
    keep_rejected_days: int = setting(
        casts.integer(0, 3650), "90", "How long rejected comments are kept; 0 is for ever.", "days"
    )
    keep_unconfirmed_days: int = setting(
        casts.integer(3, 365),
        "7",
        "How long email addresses are kept that their owners don't confirm.",
        "days",
    )
    keep_mail_days: int = setting(
        casts.integer(0, 3650),
        "90",
        "How long the text of sent mail is kept; 0 is for ever.",
        "days",
    )
    keep_enquiries_months: int = setting(
        casts.integer(0, 240), "12", "How long enquiries are kept; 0 is for ever.", "months"
    )
    trusted_proxies: int = setting(
        casts.integer(0, 5),
        "0",
        "How many proxies in front set X-Forwarded-For and -Proto; 0 ignores these headers.",
        "proxies",
    )
    limits_url: str = setting(
        casts.limits_url,
        "",
        "Where rate limits are counted; redis://… for several machines, empty is a file.",
        "URL",
    )
    hsts: str = setting(
        casts.choice("host", "preload"),
        "host",
        "On https: HSTS for this host alone, or for all below it with preload.",
    )
    allowed_origins: tuple[str, ...] = setting(
        casts.origins, "", "Other sites whose pages may post comments and enquiries.", "URLs"
    )
    webhook_hosts: tuple[str, ...] = setting(
        casts.hosts,
        "",
        "Hosts of one's own that webhooks may go to though they are private or have no https, as name or name:port.",
        "hosts",
    )
    ghost_api: bool = setting(
        casts.yes_or_no,
        "no",
        "Whether /ghost/api/content answers as Ghost's Content API does, for front ends written for Ghost.",
    )
    workers: int = setting(
        casts.integer(0, 64),
        "0",
        "Web processes; 0 is one for each core that this process may use.",
        "processes",
    )
    access_log: bool = setting(
        casts.yes_or_no,
        "no",
        "Whether to write a line for each request: time, method, path, status, milliseconds; no address, no query.",
    )
    page_cache_mb: int = setting(
        casts.integer(0, 4096),
        "32",
        "Memory in which each web process keeps ready pages; 0 keeps none.",
        "MB",
    )
    host: str = setting(casts.host, "127.0.0.1", "Address to listen on; its variable is HOST.")
    port: int = setting(
        casts.integer(1, 65535), "8000", "Port to listen on; its variable is PORT.", "port"
    )

    @property
    def is_https(self) -> bool:
        """Whether readers reach the site over TLS."""
        return self.site_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """Name a cookie so that on https no other host could have set it."""
        return f"__Host-{name}" if self.is_https else name

    @property
    def is_local(self) -> bool:
        """Whether the site's address is this machine itself, as when developing."""
        return urlsplit(self.site_url).hostname in HERE

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this machine."""
        return self.database_url.startswith("sqlite:")

    @property
    def trusted_hosts(self) -> list[str]:
        """Host names a request may name."""
        own = urlsplit(self.site_url).hostname or ""
        return [own, *(LOOPBACK_HOSTS if self.is_local else ())]


def variable(row: Field[Any]) -> str:
    """Name the environment variable of a row of the table."""
    return row.name.upper() if row.name in ("host", "port") else f"BLOG_{row.name.upper()}"
