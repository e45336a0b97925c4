"""What may stand in a mail: one plain address, a subject without line ends, a text of some size.

Refuses whatever could become a second recipient or a further header.
"""

from __future__ import annotations

import re
import unicodedata

from blog.errors import MailError

ADDRESS_MAX_CHARS = 254
SUBJECT_MAX_CHARS = 200
BODY_MAX_BYTES = 200_000
WORDS_MAX_CHARS = 500

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
# Dot-atom @ host; quoted local parts and address literals are nobody's address in practice.
_ADDRESS = re.compile(
    # Without encoded words, which EmailMessage would decode into whatever they hide.
    r"(?!.*=\?)(?=[^@]{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@\w[\w-]{0,62}(\.\w[\w-]{0,62})*",
    re.ASCII,
)


def one_line(words: str) -> str:
    """Make a server's words fit to be stored and shown: one line, bounded, printable."""
    return " ".join(_CONTROL.sub(" ", words).split())[:WORDS_MAX_CHARS]


def plain_address(address: str) -> str:
    """Return one plain address, its host in ASCII.

    Raises: MailError for a name beside it, a list, or letters that mail servers don't take.
    """
    local, _, host = address.rpartition("@")
    plain = f"{local}@{'.'.join(_ascii_label(label) for label in host.split('.'))}"
    if len(plain) > ADDRESS_MAX_CHARS or not _ADDRESS.fullmatch(plain):
        raise MailError(f"{address[:ADDRESS_MAX_CHARS]!r} is not one plain email address.")
    return plain


def _ascii_label(label: str) -> str:
    if label.isascii() or _CONTROL.search(label):
        return label
    # Python's own "idna" codec is that of 2003, for which straße.example is strasse.example.
    folded = unicodedata.normalize("NFC", label.lower())
    return f"xn--{folded.encode('punycode').decode('ascii')}"


def subject_line(subject: str) -> str:
    """Return a subject, cut where it is too long.

    Raises: MailError for line ends and control characters.
    """
    if _CONTROL.search(subject):
        raise MailError("The subject of a mail can’t hold line ends or control characters.")
    subject = subject.strip()
    if len(subject) > SUBJECT_MAX_CHARS:
        return f"{subject[: SUBJECT_MAX_CHARS - 1].rstrip()}…"
    return subject


def body(text: str) -> str:
    """Return a text that can be stored.

    Raises: MailError for one that is too long or holds what can’t be stored.
    """
    if _UNSTORABLE.search(text):
        raise MailError("The text of a mail holds characters that can’t be stored.")
    if len(text.encode()) > BODY_MAX_BYTES:
        raise MailError(f"The text of a mail can have {BODY_MAX_BYTES} bytes at most.")
    return text


def is_foreign(address: str, host: str) -> bool:
    """Tell whether an address is of another domain than a site, so that its mail may be doubted.

    A domain above or below the site’s belongs to the same people.
    """
    sender, site = f".{address.rpartition('@')[2].lower()}", f".{host}"
    return not site.endswith(sender) and not sender.endswith(site)
