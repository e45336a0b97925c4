"""Settings: where they come from, what they must be, and the sentence that stops the start."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from blog import config, create_app, outbox
from blog.config import ROOT, Settings, SmtpServer
from blog.errors import SettingError
from tests.cast import processes_at_once

KEY = "a secret of the tests, long enough to be taken"
PASSWORD = "hunter2"


class Place:
    """A folder with the words and one for the instance, and the variables set there."""

    def __init__(self, folder: Path) -> None:
        self.content = folder / "content"
        self.content.mkdir()
        self.instance = folder / "instance"
        self.site_toml = self.content / "site.toml"
        self.environ = {
            "BLOG_CONTENT_DIR": str(self.content),
            "BLOG_INSTANCE_DIR": str(self.instance),
        }
        self.write('[clinic]\nemail = "hello@clinic.example"\n')

    def write(self, text: str) -> None:
        self.site_toml.write_text(text, encoding="utf-8")

    def load(self, **variables: str) -> Settings:
        return config.load(self.environ | variables)

    def refusal(self, **variables: str) -> str:
        """Load, and give the one sentence that comes of it."""
        with pytest.raises(SettingError) as caught:
            self.load(**variables)
        assert "\n" not in caught.value.message
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        return caught.value.message


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# Bad values

FOLDER = "a folder, like /srv/blog"
SITE = "an absolute address in ASCII without a path, like https://blog.example.org"
DATABASE = "sqlite:////absolute/path.db or postgresql://user:password@host/name"
SMTP = "smtp://user:password@host:587?tls=starttls, smtps://… or nothing"
TLS = f"{SMTP}; tls is starttls, tls or none"
REDIS = "redis://host:6379/0, or nothing for a file in the instance folder"
ADDRESS = "one email address, like clinic@example.org"
HOST = "a name or an IP address, like 127.0.0.1"
HOSTS = ["exa mple.org", "a..b", "-a.example", "a-.example", "a_b.example", "bücher.example"]
HOSTS += [
    "a.example.",
    "x" * 64,
    "h%41.example",
    "h.example;a",
    "*.example.org",
    "a,b",
    "<b>",
    "a\\b",
]
BAD: dict[str, tuple[str, list[str]]] = {
    "BLOG_CONTENT_DIR": (FOLDER, ["~nobody-of-that-name/blog", "a\0b"]),
    "BLOG_INSTANCE_DIR": (FOLDER, ["~nobody-of-that-name/blog", "a\0b"]),
    "BLOG_DATABASE_URL": (
        DATABASE,
        [
            "blog.db",
            "sqlite:blog.db",
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite:///file::memory:?uri=true",
            "sqlite:////srv/blog.db?mode=ro",
            "sqlite://host/blog.db",
            "mysql://blog:hunter2@host/blog",
            "postgresql+psycopg2://blog:hunter2@host/blog",
            "postgresql:",
            "postgresql://",
            "postgresql://blog:hunter2@host",
            "postgresql://blog:hunter2@host/",
            "postgresql://blog:hunter2@host:port/blog",
        ],
    ),
    "BLOG_SITE_URL": (
        SITE,
        [
            "blog.example.org",
            "//blog.example.org",
            "ftp://blog.example.org",
            "javascript://blog.example.org",
            "https:",
            "https://",
            "https:///",
            "https://:443",
            "https://blog.example.org/blog",
            "https://blog.example.org?page",
            "https://blog.example.org#top",
            "https://blog:hunter2@blog.example.org",
            "https://:hunter2@blog.example.org",
            "https://@blog.example.org",
            "https://blog.example.org:port",
            "https://blog.example.org:99999",
            "https://blog.example.org\n.evil.example",
            "https://blog.exa\tmple.org",
            "https://[::1]",
            "https://[::1]evil.example",
            "https://[v1.x]",
            "https://[",
            *(f"https://{host}" for host in HOSTS),
        ],
    ),
    "BLOG_SECRET_KEY": (
        "at least 32 random characters",
        ["hunter2", "x" * 31, "hunter2" + " " * 40],
    ),
    "BLOG_SMTP_URL": (
        SMTP,
        [
            "mail.example.org",
            "mail.example.org:587",
            "http://mail.example.org",
            "smtp://",
            "smtp://blog:hunter2@",
            "smtp://mail.example.org:port",
            "smtp://mail.example.org:99999",
            "smtp://blog:hunter2/3@mail.example.org",
            "smtp://blog:12/hunter2@mail.example.org",
            "smtp://blog:12#hunter2@mail.example.org",
            "smtp://blog:12?hunter2@mail.example.org",
            "smtp://blog:hunter2@mail.example.org/path",
            "smtp://blog:hunter2@mail example.org",
            "smtp://mail.example.org?TLS=none",
            "smtp://mail.example.org?tsl=starttls",
            "smtp://mail\r\n.example.org",
        ],
    ),
    "BLOG_MAIL_FROM": (
        ADDRESS,
        [
            "blog",
            "blog@",
            "@clinic.example",
            "Blog <blog@clinic.example>",
            "a@clinic.example,b@clinic.example",
            "a@clinic.example b@clinic.example",
            "a@b@clinic.example",
            "a..b@clinic.example",
            ".a@clinic.example",
            "a@clinic..example",
            '"a b"@clinic.example',
            "a@[192.0.2.1]",
            "é@clinic.example",
            "a@\u2028clinic.example",
            "a@clinic.example\r\nBcc: b@clinic.example",
            "a\x7f@clinic.example",
            f"{'a' * 65}@clinic.example",
            f"a@{'b' * 64}.example",
            f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}",
        ],
    ),
    "BLOG_MAIL_BOUNCES": (
        "an address with 30 characters before @ at most",
        [f"{'a' * 31}@clinic.example"],
    ),
    "BLOG_CLINIC_EMAIL": (ADDRESS, ["clinic", "Clinic <clinic@clinic.example>", "a@b@c"]),
    "BLOG_ENQUIRY_MAIL": ("one of full, summary", ["FULL", "none", "full,summary"]),
    "BLOG_ENQUIRY_REMIND_DAYS": ("a whole number from 1 to 90", ["0", "91", "two", "1.5"]),
    "BLOG_ACKNOWLEDGE": ("yes or no", ["maybe", "2", "yes please"]),
    "BLOG_SECOND_EMAIL": (ADDRESS, ["clinic", "a@b@c"]),
    "BLOG_SUMMARY_AT": (
        "a time of day, like 07:00, or never",
        ["7", "24:00", "07:60", "7 am", "07:00:00"],
    ),
    "BLOG_COMMENTS": ("one of pre, trusted, post, closed", ["PRE", "off", "pre,post", "no'; --"]),
    "BLOG_TRUST_AFTER": ("a whole number from 1 to 100", ["0", "-1", "101", "two"]),
    "BLOG_KEEP_SPAM_DAYS": ("a whole number from 1 to 3650", ["0", "for ever", "3651"]),
    "BLOG_KEEP_REJECTED_DAYS": ("a whole number from 0 to 3650", ["-1", "90 days"]),
    "BLOG_KEEP_UNCONFIRMED_DAYS": ("a whole number from 3 to 365", ["2", "366", "none"]),
    "BLOG_KEEP_MAIL_DAYS": ("a whole number from 0 to 3650", ["-1", "9999999"]),
    "BLOG_KEEP_ENQUIRIES_MONTHS": ("a whole number from 0 to 240", ["-1", "241", "1.5"]),
    "BLOG_TRUSTED_PROXIES": (
        "a whole number from 0 to 5",
        ["-1", "6", "1.0", "one", "0x1", "1_0", "127.0.0.1", "9" * 5000],
    ),
    "BLOG_LIMITS_URL": (
        REDIS,
        [
            "memory://",
            "memcached://:hunter2@host",
            "redis:",
            "redis://",
            "redis://:hunter2@host:port",
            "redis://:hunter2@",
            "redis://:hunter2@ho st/0",
            "redis://:12#hunter2@host/0",
        ],
    ),
    "BLOG_HSTS": ("one of host, preload", ["on", "Host", "includeSubDomains"]),
    "BLOG_WEBHOOK_HOSTS": (
        "names of hosts, like automation.internal or 127.0.0.1:5678",
        ["http://a.example", "a.example:", "a.example:0", "a.example:65536", "a.b/c", "[::1]", "*"],
    ),
    "BLOG_ALLOWED_ORIGINS": (
        SITE,
        [
            "*",
            "null",
            "front.example",
            "https://a.example https://b.example/path",
            "https://*.example",
        ],
    ),
    "BLOG_WORKERS": ("a whole number from 0 to 64", ["-1", "65", "auto", "½"]),
    "BLOG_GHOST_API": ("yes or no", ["v6.0"]),
    "BLOG_ACCESS_LOG": ("yes or no", ["y", "2", "yes please", "nein"]),
    "BLOG_PAGE_CACHE_MB": ("a whole number from 0 to 4096", ["-1", "4097", "32 MB"]),
    "HOST": (HOST, ["http://127.0.0.1", "127.0.0.1:8000", *HOSTS]),
    "PORT": ("a whole number from 1 to 65535", ["0", "-1", "65536", "http", "8000/tcp"]),
}
ALL_BAD = [
    pytest.param(name, value, wish, id=f"{name}-{value[:30]!r}")
    for name, (wish, values) in BAD.items()
    for value in values
]
SECRET = {"BLOG_SECRET_KEY", "BLOG_SMTP_URL", "BLOG_DATABASE_URL", "BLOG_LIMITS_URL"}


def test_there_is_a_bad_value_for_every_setting() -> None:
    assert set(BAD) == {config.variable(row) for row in fields(Settings)}


@pytest.mark.parametrize(("name", "value", "wish"), ALL_BAD)
def test_a_bad_value_stops_the_start_and_says_key_value_and_wish(
    place: Place, name: str, value: str, wish: str
) -> None:
    sentence = place.refusal(**{name: value})
    if name in SECRET:
        shown = "(hidden)"
    else:
        shown = repr(value.replace(f":{PASSWORD}@", "@").replace("//blog@", "//@"))
        sentence = sentence.replace("(hidden)@", "@")
    assert sentence == f"{name} is {shown}, but must be {wish}."
    assert PASSWORD not in sentence


@pytest.mark.parametrize(
    "value",
    [
        "smtp://mail.example.org?tls=yes",
        "smtp://mail.example.org?tls=",
        "smtp://mail.example.org?tls=tls&tls=no",
        "smtps://mail.example.org?tls=none",
        "smtps://mail.example.org?tls=starttls",
    ],
)
def test_a_mail_server_is_reached_in_one_of_three_ways(place: Place, value: str) -> None:
    assert place.refusal(BLOG_SMTP_URL=value).endswith(f"must be {TLS}.")


def test_no_password_goes_over_the_net_in_the_clear(place: Place) -> None:
    sentence = place.refusal(BLOG_SMTP_URL=f"smtp://blog:{PASSWORD}@mail.example.org?tls=none")
    assert sentence == (
        "BLOG_SMTP_URL is (hidden), but must be a password only over tls=starttls or smtps://."
    )
    here = place.load(BLOG_SMTP_URL=f"smtp://blog:{PASSWORD}@localhost?tls=none").smtp_url
    assert here == SmtpServer("localhost", 587, "none", "blog", PASSWORD)


def test_a_bad_value_of_the_file_is_said_to_be_there(place: Place) -> None:
    place.write('[settings]\ncomments = "maybe"\n[clinic]\nemail = "hello@clinic.example"\n')
    assert place.refusal() == (
        "BLOG_COMMENTS (in site.toml) is 'maybe', but must be one of pre, trusted, post, closed."
    )
    place.write('[clinic]\nemail = "nobody"\n')
    assert place.refusal().startswith("BLOG_CLINIC_EMAIL (in site.toml) is 'nobody', but must be")


def test_where_both_say_the_same_bad_value_the_variable_is_blamed(place: Place) -> None:
    place.write('[settings]\ncomments = "maybe"\n[clinic]\nemail = "hello@clinic.example"\n')
    assert place.refusal(BLOG_COMMENTS="maybe").startswith("BLOG_COMMENTS is 'maybe'")


def test_a_misspelt_variable_stops_the_start(place: Place) -> None:
    assert place.refusal(BLOG_TRUSTED_PROXY="1") == (
        "BLOG_TRUSTED_PROXY is not a setting; did you mean BLOG_TRUSTED_PROXIES?"
    )
    assert place.load(BLOG_OF_SOMEBODY_ELSE="1", BLOG_TEST_REQUIRE_ALL="1").workers == 0


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("comment", "did you mean comments?"),
        ("BLOG_SMTP_URL", "did you mean smtp_url?"),
        ("port", "known are database_url, "),
        ("zzz", "known are database_url, "),
    ],
)
def test_an_unknown_name_among_the_files_settings_stops_the_start(
    place: Place, name: str, hint: str
) -> None:
    place.write(f'[settings]\n{name} = "1"\n[clinic]\nemail = "hello@clinic.example"\n')
    assert f"{name} in {place.site_toml} is not a setting there; {hint}" in place.refusal()


def test_a_content_folder_that_is_not_there_stops_the_start(place: Place) -> None:
    nowhere = place.content / "nowhere"
    assert place.refusal(BLOG_CONTENT_DIR=str(nowhere)) == (
        f"BLOG_CONTENT_DIR is '{nowhere}', but must be a folder that exists."
    )


def test_a_bad_value_ends_the_program_with_its_sentence(place: Place) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("BLOG_")}
    ended = subprocess.run(
        [sys.executable, "-m", "blog", "serve"],
        env=own | place.environ | {"BLOG_COMMENTS": "maybe"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "Error: BLOG_COMMENTS is 'maybe', but must be one of pre, trusted, post, closed.\n"
    )


def test_no_application_is_made_with_a_bad_value(place: Place) -> None:
    with pytest.raises(SettingError, match="BLOG_HSTS is 'on', but must be one of"):
        create_app(place.environ | {"BLOG_HSTS": "on"})


# Good values


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("site_url", "https://blog.example.org", "https://blog.example.org"),
        ("site_url", " HTTPS://Blog.Example.ORG:443/ ", "https://blog.example.org"),
        ("site_url", "http://blog.example.org:80", "http://blog.example.org"),
        ("site_url", "http://blog.example.org:443/", "http://blog.example.org:443"),
        ("site_url", "https://blog.example.org:8443", "https://blog.example.org:8443"),
        ("site_url", "https://blog.example.org:", "https://blog.example.org"),
        ("site_url", "http://192.0.2.1:8000", "http://192.0.2.1:8000"),
        ("site_url", "https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("database_url", "sqlite:////srv/blog.db", "sqlite:////srv/blog.db"),
        ("database_url", "postgresql:///blog", "postgresql+psycopg:///blog"),
        ("database_url", "postgres://host/blog", "postgresql+psycopg://host/blog"),
        (
            "database_url",
            " postgresql://blog:p%40ss@host:5433/blog?sslmode=require ",
            "postgresql+psycopg://blog:p%40ss@host:5433/blog?sslmode=require",
        ),
        (
            "database_url",
            "postgresql+psycopg://blog@/blog?host=/run/postgresql",
            "postgresql+psycopg://blog@/blog?host=%2Frun%2Fpostgresql",
        ),
        ("smtp_url", "smtp://mail.example.org", SmtpServer("mail.example.org", 587, "starttls")),
        ("smtp_url", "smtps://mail.example.org", SmtpServer("mail.example.org", 465, "tls")),
        ("smtp_url", "smtp://Mail.example.org:25/", SmtpServer("mail.example.org", 25, "starttls")),
        ("smtp_url", "smtp://m.example?tls=none", SmtpServer("m.example", 587, "none")),
        ("smtp_url", "smtp://m.example?tls=tls", SmtpServer("m.example", 465, "tls")),
        ("smtp_url", "smtps://m.example?tls=tls", SmtpServer("m.example", 465, "tls")),
        ("smtp_url", "smtp://127.0.0.1:1025", SmtpServer("127.0.0.1", 1025, "none")),
        ("smtp_url", "smtp://[::1]:1025", SmtpServer("::1", 1025, "none")),
        ("smtp_url", "smtp://localhost?tls=starttls", SmtpServer("localhost", 587, "starttls")),
        (
            "smtp_url",
            "smtp://blog%40clinic.example:p%40%2F%3F%23%20ss@m.example",
            SmtpServer("m.example", 587, "starttls", "blog@clinic.example", "p@/?# ss"),
        ),
        ("smtp_url", " ", None),
        ("mail_from", " blog@clinic.example ", "blog@clinic.example"),
        ("mail_bounces", f"{'a' * 30}@clinic.example", f"{'a' * 30}@clinic.example"),
        ("clinic_email", "o'neill+blog@localhost", "o'neill+blog@localhost"),
        ("comments", "closed", "closed"),
        ("trust_after", "1", 1),
        ("trust_after", "100", 100),
        ("keep_mail_days", "0", 0),
        ("keep_enquiries_months", "240", 240),
        ("trusted_proxies", "5", 5),
        ("limits_url", "redis://:secret@host:6379/0", "redis://:secret@host:6379/0"),
        ("limits_url", "rediss://host", "rediss://host"),
        ("hsts", "preload", "preload"),
        (
            "allowed_origins",
            "https://A.example:443, http://b.example:8080\nhttps://c.example/",
            ("https://a.example", "http://b.example:8080", "https://c.example"),
        ),
        ("allowed_origins", " , ", ()),
        ("webhook_hosts", "Hooks.internal, 127.0.0.1:80", ("hooks.internal", "127.0.0.1:80")),
        ("workers", "64", 64),
        ("access_log", "yes", True),
        ("access_log", "True", True),
        ("access_log", "ON", True),
        ("access_log", "1", True),
        ("access_log", "no", False),
        ("access_log", "false", False),
        ("access_log", "Off", False),
        ("access_log", "0", False),
        ("host", "0.0.0.0", "0.0.0.0"),
        ("host", "FE80::1", "fe80::1"),
        ("port", "65535", 65535),
    ],
)
def test_a_good_value_is_taken(place: Place, name: str, value: str, taken: object) -> None:
    (row,) = (row for row in fields(Settings) if row.name == name)
    assert getattr(place.load(**{config.variable(row): value}), name) == taken


def test_what_is_not_said_has_a_default(place: Place) -> None:
    settings = place.load()
    assert settings.database_url == f"sqlite:///{place.instance}/blog.db"
    assert settings.site_url == "http://127.0.0.1:8000"
    assert settings.mail_from == "blog@localhost.localdomain"
    assert (settings.comments, settings.hsts, settings.allowed_origins) == ("pre", "host", ())
    assert (settings.smtp_url, settings.limits_url) == (None, "")
    assert (settings.trusted_proxies, settings.workers) == (0, 0)
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_folders_are_meant_from_the_project_unless_they_are_absolute(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place.load(BLOG_CONTENT_DIR="content").content_dir == ROOT / "content"
    assert place.load(BLOG_CONTENT_DIR="~/content").content_dir == place.content
    assert place.load(BLOG_CONTENT_DIR=f"{tmp_path}/x/../content").content_dir == place.content


@pytest.mark.parametrize("name", ["with space", "50%25", "a?b", "a#b", "ä"])
def test_the_database_is_in_the_instance_folder_whatever_its_name(
    place: Place, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    app = create_app(place.environ | {"BLOG_INSTANCE_DIR": str(folder)})
    assert app.extensions["blog.settings"].instance_dir == folder
    engine = next(iter(app.extensions["sqlalchemy"]._app_engines[app].values()))
    assert engine.url.database == str(folder / "blog.db")


@pytest.mark.parametrize(
    ("variables", "url", "hosts"),
    [
        ({}, "http://127.0.0.1:8000", {"127.0.0.1", "localhost"}),
        ({"PORT": "80"}, "http://127.0.0.1", {"127.0.0.1", "localhost"}),
        ({"HOST": "0.0.0.0"}, "http://0.0.0.0:8000", {"0.0.0.0", "127.0.0.1", "localhost"}),
        ({"HOST": "::1"}, "http://localhost:8000", {"127.0.0.1", "localhost"}),
        ({"HOST": "::", "PORT": "9"}, "http://localhost:9", {"127.0.0.1", "localhost"}),
        ({"HOST": "192.0.2.1"}, "http://192.0.2.1:8000", {"192.0.2.1"}),
        ({"BLOG_SITE_URL": "https://a.example"}, "https://a.example", {"a.example"}),
        ({"BLOG_SITE_URL": "https://localhost"}, "https://localhost", {"127.0.0.1", "localhost"}),
    ],
)
def test_loopback_names_are_trusted_where_the_site_is_this_machine(
    place: Place, variables: dict[str, str], url: str, hosts: set[str]
) -> None:
    settings = place.load(**variables)
    assert settings.site_url == url
    assert set(settings.trusted_hosts) == hosts
    assert settings.is_local == ("localhost" in hosts)
    assert settings.is_https == url.startswith("https:")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://blog.clinic.example", "blog@blog.clinic.example"),
        ("http://localhost:8000", "blog@localhost.localdomain"),
        ("http://192.0.2.1", "blog@localhost.localdomain"),
    ],
)
def test_mail_comes_from_the_sites_host_unless_another_is_said(
    place: Place, url: str, address: str
) -> None:
    assert place.load(BLOG_SITE_URL=url).mail_from == address
    other = place.load(BLOG_SITE_URL=url, BLOG_MAIL_FROM="blog@clinic.example").mail_from
    assert other == "blog@clinic.example"


def test_the_kind_of_the_database_is_known(place: Place) -> None:
    assert place.load().is_sqlite
    assert not place.load(BLOG_DATABASE_URL="postgresql://host/blog").is_sqlite


_letters = st.text("ab9.-_+'@é ,=?", max_size=8)


@given(st.builds("{}a@{}c.example".format, _letters, _letters))
def test_the_outbox_takes_every_address_that_the_settings_take(address: str) -> None:
    with contextlib.suppress(ValueError):
        taken = config.casts.address(address)
        assert outbox.plain_address(taken) == taken


def test_every_setting_is_explained_and_named() -> None:
    rows = fields(Settings)
    assert all(row.metadata["help"].endswith(".") for row in rows)
    assert {config.variable(row) for row in rows} >= {"BLOG_SITE_URL", "HOST", "PORT"}


def test_printed_settings_tell_no_secret(place: Place) -> None:
    settings = place.load(
        BLOG_SECRET_KEY=KEY,
        BLOG_DATABASE_URL=f"postgresql://blog:{PASSWORD}@host/blog",
        BLOG_LIMITS_URL=f"redis://:{PASSWORD}@host/0",
        BLOG_SMTP_URL=f"smtp://blog:{PASSWORD}@mail.example.org",
    )
    assert PASSWORD not in f"{settings!r} {settings.smtp_url!r}"
    assert KEY not in repr(settings)


# content/site.toml


def test_the_file_is_read_and_the_environment_wins(place: Place) -> None:
    place.write(
        '[settings]\ncomments = "closed"\ntrusted_proxies = 2\nworkers = 3\n'
        'allowed_origins = ["https://a.example", "https://b.example"]\n'
        '[clinic]\nemail = "hello@clinic.example"\n'
    )
    settings = place.load(BLOG_WORKERS="5")
    assert (settings.comments, settings.trusted_proxies) == ("closed", 2)
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.workers == 5


@pytest.mark.parametrize("empty", ["", "  ", "\t\n"])
def test_an_empty_variable_says_nothing(place: Place, empty: str) -> None:
    place.write('[settings]\ncomments = "closed"\n[clinic]\nemail = "hello@clinic.example"\n')
    settings = place.load(BLOG_COMMENTS=empty, BLOG_WORKERS=empty, BLOG_SITE_URL=empty)
    assert (settings.comments, settings.workers) == ("closed", 0)
    assert settings.site_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_file_may_come_from_any_editor(place: Place, encoding: str, end: str) -> None:
    text = '[settings]\ncomments = "closed"\n[clinic]\nname = "Ä"\nemail = "a@clinic.example"\n'
    place.site_toml.write_bytes(text.replace("\n", end).encode(encoding))
    settings = place.load()
    assert (settings.comments, settings.clinic_email) == ("closed", "a@clinic.example")


@pytest.mark.parametrize(
    "text",
    [
        "comments =",
        "[settings\n",
        '[settings]\ncomments = "pre"\ncomments = "post"\n',
        "a = " + "[" * 5000,
        "\udce9 = 1",
    ],
    ids=["no value", "no bracket", "twice", "deep", "not UTF-8"],
)
def test_a_file_that_can_not_be_read_stops_the_start(place: Place, text: str) -> None:
    place.site_toml.write_bytes(text.encode("utf-8", "surrogateescape"))
    sentence = place.refusal(BLOG_CLINIC_EMAIL="hello@clinic.example")
    assert sentence.startswith(f"The settings in {place.site_toml} can't be read: ")


def test_a_mistyped_file_does_not_keep_a_site_from_starting_again(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.write('[settings]\nworkers = 3\n[clinic]\nemail = "hello@clinic.example"\n')
    place.load()
    place.write('[settings]\nworkers = 4\n[clinic]\nemail = "hello@clinic.example\n')
    settings = place.load(BLOG_COMMENTS="post")
    assert (settings.workers, settings.comments) == (3, "post")
    assert f"{place.site_toml} can't be read" in caplog.text
    kept = place.instance / "settings.json"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_folder_in_the_files_place_stops_the_start(place: Place) -> None:
    place.site_toml.unlink()
    place.site_toml.mkdir()
    assert "can't be read: " in place.refusal()


@pytest.mark.parametrize("text", ['settings = "closed"', "settings = 1", "settings = [1]"])
def test_settings_that_are_no_part_of_the_file_stop_the_start(place: Place, text: str) -> None:
    place.write(f'{text}\n[clinic]\nemail = "hello@clinic.example"\n')
    assert place.refusal() == (
        f"`settings` in {place.site_toml} must be a part that begins with [settings]."
    )


def test_without_the_file_everything_is_said_by_the_environment(place: Place) -> None:
    place.site_toml.unlink()
    assert place.load(BLOG_CLINIC_EMAIL="a@clinic.example").clinic_email == "a@clinic.example"


# Who gets enquiries


def test_the_clinics_address_comes_from_the_nearest_place(place: Place) -> None:
    assert place.load().clinic_email == "hello@clinic.example"
    place.write('[settings]\nclinic_email = "b@c.example"\n[clinic]\nemail = "a@c.example"\n')
    assert place.load().clinic_email == "b@c.example"
    assert place.load(BLOG_CLINIC_EMAIL="c@c.example").clinic_email == "c@c.example"
    place.write('[settings]\nclinic_email = ""\n[clinic]\nemail = "a@c.example"\n')
    assert place.load().clinic_email == "a@c.example"


@pytest.mark.parametrize(
    "text",
    ["", "[clinic]\n", '[clinic]\nemail = ""\n', '[clinic]\nemail = " "\n', 'clinic = "hello"\n'],
)
def test_a_site_whose_enquiries_reach_nobody_does_not_start(place: Place, text: str) -> None:
    place.write(text)
    for variables in ({}, {"BLOG_CLINIC_EMAIL": ""}, {"BLOG_CLINIC_EMAIL": "  "}):
        assert place.refusal(**variables) == (
            "BLOG_CLINIC_EMAIL is '', but must be who gets enquiries; it may also be `email` in the"
            f" part [clinic] of {place.site_toml}."
        )
    place.site_toml.unlink()
    assert place.refusal().startswith("BLOG_CLINIC_EMAIL is '', but must be who gets enquiries")


# The instance folder and the secret key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_instance_folder_is_the_owners_alone(place: Place, tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    place.load(BLOG_INSTANCE_DIR=str(deep))
    assert mode(deep) == 0o700


@pytest.mark.parametrize("key", ["", KEY], ids=["kept", "given"])
def test_an_instance_folder_that_can_not_be_written_stops_the_start(
    place: Place, tmp_path: Path, key: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    for path, reason in ((file, "File exists"), (file / "below", "Not a directory")):
        assert place.refusal(BLOG_INSTANCE_DIR=str(path), BLOG_SECRET_KEY=key) == (
            f"BLOG_INSTANCE_DIR is {str(path)!r}, but must be a folder that can be written: {reason}."
        )


def test_a_folder_in_the_keys_place_stops_the_start(place: Place) -> None:
    (place.instance / "secret_key").mkdir(parents=True, mode=0o700)
    assert "must be a folder that can be written: Is a directory." in place.refusal()


def test_a_link_that_leads_nowhere_in_the_keys_place_stops_the_start(place: Place) -> None:
    place.instance.mkdir()
    (place.instance / "secret_key").symlink_to(place.instance / "nowhere")
    assert "No such file or directory" in place.refusal()
    assert [path.name for path in place.instance.iterdir()] == ["secret_key"]


def test_a_key_is_made_once_and_kept_for_its_owner_alone(place: Place) -> None:
    previous = os.umask(0)
    try:
        key = place.load().secret_key
    finally:
        os.umask(previous)
    assert len(key) == 64
    assert mode(place.instance / "secret_key") == 0o600
    assert {path.name for path in place.instance.iterdir()} == {"secret_key", "settings.json"}
    assert place.load().secret_key == key


def test_a_key_that_is_given_is_not_kept(place: Place) -> None:
    assert place.load(BLOG_SECRET_KEY=f" {KEY} ").secret_key == KEY
    assert [path.name for path in place.instance.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o602, 0o610, 0o777])
def test_a_key_that_others_can_read_is_refused(place: Place, bits: int) -> None:
    place.load()
    path = place.instance / "secret_key"
    path.chmod(bits)
    assert place.refusal() == (
        f"The secret key {path} can be read by others; run: chmod 600 {path}"
    )
    path.chmod(0o400)
    assert place.load().secret_key == path.read_text()


@pytest.mark.parametrize("kept", [b"", b"hunter2\n", b" " * 100])
def test_a_kept_key_that_is_too_short_is_refused(place: Place, kept: bytes) -> None:
    write_key(place, kept)
    assert place.refusal() == (
        f"The secret key {place.instance / 'secret_key'} is shorter than 32 characters;"
        " delete it, and the next start makes one."
    )


def test_a_kept_key_may_be_any_bytes(place: Place) -> None:
    write_key(place, bytes(range(128, 256)) + b"\n")
    assert len(place.load().secret_key) >= 100


def write_key(place: Place, data: bytes) -> None:
    place.instance.mkdir()
    path = place.instance / "secret_key"
    path.write_bytes(data)
    path.chmod(0o600)


_LOADER = """
import os
from blog import config
ready()
for number in range(40):
    own = {"BLOG_INSTANCE_DIR": os.environ["BLOG_INSTANCE_DIR"] + f"/{number}"}
    print(config.load(os.environ | own).secret_key)
"""


def test_processes_that_start_together_agree_on_one_key(place: Place) -> None:
    printed = processes_at_once(_LOADER, place.environ, 4)
    kept = [place.instance / str(number) / "secret_key" for number in range(40)]
    assert set(printed) == {"".join(f"{path.read_text()}\n" for path in kept)}
    assert len(list(place.instance.glob("*/secret_key"))) == 40
    assert len(list(place.instance.glob("*/.*"))) == 0


# At work


def test_the_application_at_work_knows_its_settings(place: Place) -> None:
    app: Flask = create_app(place.environ | {"BLOG_COMMENTS": "closed"})
    with app.app_context():
        assert config.current() is app.extensions["blog.settings"]
        assert config.current().comments == "closed"


def test_settings_do_not_change(place: Place) -> None:
    settings: Any = place.load()
    with pytest.raises(AttributeError):
        settings.comments = "post"


def test_the_environment_of_the_process_is_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (place.environ | {"BLOG_HSTS": "preload"}).items():
        monkeypatch.setenv(name, value)
    assert config.load().hsts == "preload"
