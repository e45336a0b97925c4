"""content/site.toml: the site's own words, and what stands there when it says nothing.

Refuses values that don't fit, with every problem of the file at once. Its table `[settings]` is
left to the one module that reads settings.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from blog.content.fields import Link, is_web_address
from blog.content.files import read
from blog.content.names import is_clean
from blog.content.report import Report, near, shown
from blog.errors import Problem

SITE_FILE = "site.toml"
TEXT_MAX_CHARS = 300
LABEL_MAX_CHARS = 80
LIST_MAX_ITEMS = 20
WORDS_MAX_ITEMS = 300

# A language, perhaps its script, and a country.
_COUNTRY = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?-([A-Za-z]{2})")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_EMAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
_TOML_PLACE = re.compile(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
# What the parser says of the commonest mistakes, and what to do about them.
_TOML_REMEDIES = (
    ("Invalid value", 'Text stands between straight quotation marks, like title = "My site"'),
    ("Illegal character", "Close the quotation mark at the end of the same line."),
    ("Unterminated", "Close the quotation mark at the end of the text."),
    ("Unescaped", "Type two backslashes (\\\\) where one is meant."),
    ("Expected '='", 'Write the name, an equals sign and the value, like title = "My site"'),
    (
        "Expected newline",
        'Nothing may follow the value; a quotation mark within it needs \\" there.',
    ),
    ("twice", "This part stands in the file twice; keep one of them."),
    ("overwrite", "This name stands in the file twice; keep one of them."),
    ("Unclosed array", "Close the list with ] and put a comma between its items."),
)
_NAVIGATION = (Link("Articles", "/"), Link("Contact", "/contact"))
# Illnesses and medicines that visitors of a skincare clinic write of, though they needn't yet.
_SENSITIVE_WORDS = tuple(
    """
    accutane,anticoagulant,antidepressant,antiretroviral,arv,asthma,biopsy,breastfeeding,cancer,
    chemotherapy,chronic medication,cortisone,depression,diabetes,diabetic,diagnosed,diagnosis,
    epilepsy,epileptic,heart condition,hepatitis,hiv,hiv positive,insulin,isotretinoin,
    kidney disease,lupus,melanoma,methotrexate,miscarriage,pacemaker,pregnant,pregnancy,
    radiotherapy,roaccutane,steroid,stroke,tumour,warfarin
    """.replace("\n", "").split(",")
)
_CONSENT = "The clinic may keep what I write here in order to answer me."


@dataclass(frozen=True, kw_only=True)
class Site:
    """The site's own words; empty where site.toml says nothing and nothing can be assumed."""

    title: str
    tagline: str
    language: str
    zone: ZoneInfo
    clinic_name: str
    clinic_email: str
    clinic_phone: str
    clinic_address: str
    clinic_hours: str
    navigation: tuple[Link, ...]
    footer: tuple[Link, ...]
    ask_title: str
    ask_text: str
    ask_button: str
    contact_topics: tuple[str, ...]
    contact_addresses: Mapping[str, str]
    contact_consent: str
    contact_sensitive_words: tuple[str, ...]
    warnings: tuple[Problem, ...]


def country_of(language: str) -> str | None:
    """Return the country that a language is written with, as ZA of en-ZA."""
    found = _COUNTRY.fullmatch(language)
    return found[1].upper() if found else None


def read_site(root: Path) -> Site:
    """Read content/site.toml; without the file everything has its default.

    Raises: ContentError with every problem of the file.
    """
    if not (root / SITE_FILE).exists():
        return parse_site("")
    return parse_site(read(root, SITE_FILE))


def parse_site(text: str) -> Site:
    """Read the text of a site.toml.

    Raises: ContentError with every problem of it.
    """
    report = Report(SITE_FILE, text)
    top = _Table(report, "", _load(report))
    clinic, ask, contact = top.table("clinic"), top.table("ask"), top.table("contact")
    addresses = contact.table("addresses")
    topics = contact.texts("topics")
    top.known.append("settings")  # config.py's to read
    title = top.text("title", "Clinic Blog")
    site = Site(
        title=title,
        tagline=top.text("tagline"),
        language=top.language("language", "en"),
        zone=top.zone("time_zone", "UTC"),
        clinic_name=clinic.text("name", title),
        clinic_email=clinic.email("email"),
        clinic_phone=clinic.text("phone"),
        clinic_address=clinic.text("address"),
        clinic_hours=clinic.text("hours"),
        navigation=top.links("navigation", _NAVIGATION),
        footer=top.links("footer", ()),
        ask_title=ask.text("title", "Do you have a question?"),
        ask_text=ask.text("text", "Ask the clinic."),
        ask_button=ask.text("button", "Ask the clinic"),
        contact_topics=topics,
        contact_addresses={each: addresses.email(each) for each in topics},
        contact_consent=contact.text("consent", _CONSENT),
        contact_sensitive_words=contact.texts(
            "sensitive_words", _SENSITIVE_WORDS, max_items=WORDS_MAX_ITEMS
        ),
        warnings=(),
    )
    for table in (top, clinic, ask, contact, addresses):
        table.warn_of_unknown()
    return replace(site, warnings=report.warnings())


def _load(report: Report) -> dict[str, Any]:
    try:
        return tomllib.loads(report.text)
    except tomllib.TOMLDecodeError as error:
        reason, index = _toml_place(report.text, str(error))
    except RecursionError:
        reason, index = "Lists within lists within lists, deeper than anything is read", None
    words = (remedy for part, remedy in _TOML_REMEDIES if part in reason)
    remedy = next(words, 'Each line reads name = "value", or [name] where a part begins.')
    report.error(f"This can’t be read: {reason}.", remedy, index)
    raise report.failure()


def _toml_place(text: str, message: str) -> tuple[str, int]:
    """Take apart what the parser says; it names the place in its sentence alone."""
    found = _TOML_PLACE.fullmatch(message)
    if not found or not found[2]:
        return (found[1] if found else message), len(text)
    lines = text.split("\n")
    return found[1], sum(len(line) + 1 for line in lines[: int(found[2]) - 1]) + int(found[3]) - 1


class _Table:
    """One table of site.toml; a value that doesn't fit is noted and its default returned."""

    def __init__(self, report: Report, name: str, values: Mapping[str, Any]) -> None:
        self.report = report
        self.name = name
        self.values = values
        self.known: list[str] = []

    def text(self, key: str, default: str = "") -> str:
        value = self._value(key, default)
        if self._is_text(value, TEXT_MAX_CHARS):
            return " ".join(value.split())
        self._unfit(key, value, f"a text of at most {TEXT_MAX_CHARS} characters in quotation marks")
        return default

    def email(self, key: str) -> str:
        value = self.text(key)
        if value and not _EMAIL.fullmatch(value):
            self._unfit(key, value, "one email address, like clinic@example.org")
        return value

    def language(self, key: str, default: str) -> str:
        value = self.text(key, default)
        if not _LANGUAGE.fullmatch(value):
            self._unfit(key, value, "the short name of a language, like en or en-ZA")
        return value

    def zone(self, key: str, default: str) -> ZoneInfo:
        value = self.text(key, default)
        try:
            return ZoneInfo(value)
        except (KeyError, ValueError, OSError):  # which of them depends on how it is wrong
            names = {name.lower(): name for name in available_timezones()}
        like = names.get(near(value, names), "Africa/Johannesburg")
        self._unfit(key, value, f"a time zone, like {like}")
        return ZoneInfo(default)

    def texts(
        self, key: str, default: tuple[str, ...] = (), *, max_items: int = LIST_MAX_ITEMS
    ) -> tuple[str, ...]:
        value = self._value(key, list(default))
        is_list = isinstance(value, list) and len(value) <= max_items
        if is_list and all(self._is_text(item, LABEL_MAX_CHARS) for item in value):
            return tuple(" ".join(item.split()) for item in value if item.strip())
        wish = f'a list of at most {max_items} short texts, like ["One", "Another"]'
        self._unfit(key, value, wish)
        return default

    def links(self, key: str, default: tuple[Link, ...]) -> tuple[Link, ...]:
        value = self._value(key, [{"label": link.label, "url": link.url} for link in default])
        is_list = isinstance(value, list) and len(value) <= LIST_MAX_ITEMS
        if is_list and all(self._is_link(item) for item in value):
            return tuple(Link(" ".join(item["label"].split()), item["url"]) for item in value)
        wish = f'parts [[{key}]], each with label = "Contact" and url = "/contact" or https://…'
        self._unfit(key, value, wish)
        return default

    def table(self, key: str) -> _Table:
        value = self._value(key, {})
        if not isinstance(value, dict):
            self._unfit(key, value, f"a part of its own that begins with a line [{key}]")
            value = {}
        return _Table(self.report, key, value)

    def warn_of_unknown(self) -> None:
        for key in self.values:
            if key not in self.known:
                meant = near(key, self.known)
                remedy = f"Did you mean `{meant}`?" if meant else "It has no effect."
                self.report.warn(f"`{key}` isn’t known here.", remedy, self._index(key))

    def _value(self, key: str, default: Any) -> Any:
        self.known.append(key)
        return self.values.get(key, default)

    def _is_text(self, value: Any, max_chars: int) -> bool:
        is_text = isinstance(value, str) and len(value) <= max_chars
        return is_text and is_clean(value.replace("\n", " "))

    def _is_link(self, value: Any) -> bool:
        if not isinstance(value, dict) or set(value) != {"label", "url"}:
            return False
        label, url = value["label"], value["url"]
        if not self._is_text(label, LABEL_MAX_CHARS) or not self._is_text(url, TEXT_MAX_CHARS):
            return False
        is_path = url.startswith("/") and not url.startswith("//") and "\\" not in url
        return is_path or is_web_address(url)

    def _unfit(self, key: str, value: Any, wish: str) -> None:
        name = f"{self.name}.{key}" if self.name else key
        fault = f"is {shown(value)}" if isinstance(value, str) else "can’t be used as it is"
        self.report.error(f"`{name}` {fault}.", f"It must be {wish}.", self._index(key))

    def _index(self, key: str) -> int | None:
        """Find a key, which the parser doesn't tell; None where it is written unusually."""
        part = re.search(rf"^[ \t]*\[{self.name}\]", self.report.text, re.MULTILINE)
        line = re.compile(rf"^[ \t]*(?:\[\[?)?(?={re.escape(key)}\b)", re.MULTILINE)
        found = line.search(self.report.text, part.end() if part and self.name else 0)
        return found.end() if found else None
