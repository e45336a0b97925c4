"""What a mail server reports of a mail that it couldn't deliver (RFC 3464), read from any bytes.

A report counts only with the signed return path of a mail of ours in it, which nobody can make
who hasn't got that mail. Never raises, whatever it is given.
"""

from __future__ import annotations

import email
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from blog import tokens
from blog.outbox.checks import one_line

# A mail that came back whole may be larger; what counts stands at its beginning.
READ_MAX_BYTES = 64 * 1024
_PARTS_MAX = 50
_SIGNATURE_CHARS = 16
_SIGNED = re.compile(rf"\+(\d{{1,10}})-([0-9a-f]{{{_SIGNATURE_CHARS}}})@".encode(), re.IGNORECASE)
_STATUS = re.compile(r"\b([45])\.\d{1,3}\.\d{1,3}\b|\b([45])\d\d\b")
_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")


@dataclass(frozen=True)
class ReturnPath:
    """The address that mails return to, with the number of each and a signature put into it."""

    address: str
    key: str = field(repr=False)

    def of(self, mail_id: int) -> str:
        """Write the return path of a mail."""
        local, _, host = self.address.rpartition("@")
        return f"{local}+{mail_id}-{_signature(self.key, mail_id)}@{host}"


@dataclass(frozen=True)
class Report:
    """A mail that came back: which one, in whose words, and whether for good.

    `message_id` is what stood in the returned headers; empty where they aren't there.
    """

    mail_id: int
    words: str
    is_hard: bool
    message_id: str


def read(data: bytes, *, key: str) -> Report | None:
    """Read a report of a failure; None where it is none, or nothing signed by us is in it."""
    data = data[:READ_MAX_BYTES]
    mail_id = _signed_number(data, key)
    if mail_id is None:
        return None
    try:
        parts = _parts(email.message_from_bytes(data))
        failures = [words for part in parts for words in _failures(part)]
        if not failures:
            return None
        # Where it reached some of several, the worst is what somebody should see.
        words = max(failures, key=_is_hard)
        return Report(mail_id, one_line(words), _is_hard(words), _returned_id(parts))
    except Exception:  # noqa: BLE001 (the parser is made for mails that somebody meant to be read)
        return None


def _signature(key: str, mail_id: int) -> str:
    return tokens.keyed_hash(key, "return path", str(mail_id))[:_SIGNATURE_CHARS]


def _signed_number(data: bytes, key: str) -> int | None:
    for found in _SIGNED.finditer(data):
        mail_id, signature = int(found[1]), found[2].decode().lower()
        if hmac.compare_digest(signature, _signature(key, mail_id)):
            return mail_id
    return None


def _parts(message: Message) -> list[Message]:
    found = [message]
    # Only as deep as a report goes; what is in the returned mail is no part of it.
    if message.get_content_type() == "multipart/report":
        found += _payload(message)[:_PARTS_MAX]
    return found


def _payload(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if message.is_multipart() else []


def _failures(part: Message) -> Iterator[str]:
    """Give the words of each recipient whose mail won't be tried any more."""
    if part.get_content_type() != "message/delivery-status":
        return
    for fields in _payload(part)[:_PARTS_MAX]:
        if str(fields.get("Action", "")).strip().lower() == "failed":
            status, said = (str(fields.get(name, "")) for name in ("Status", "Diagnostic-Code"))
            yield f"{status.strip()} {said.strip()}".strip()


def _is_hard(words: str) -> bool:
    found = _STATUS.search(words)
    return bool(found and "5" in found.groups())


def _returned_id(parts: list[Message]) -> str:
    for part in parts:
        if part.get_content_type() in _RETURNED:
            inner = _payload(part)
            text = inner[0] if inner else email.message_from_string(str(part.get_payload()))
            return str(text.get("Message-ID", "")).strip()
    return ""
