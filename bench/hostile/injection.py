"""Words in the contact form that would be a header of the mail to the clinic, or a recipient."""

from __future__ import annotations

import email
import email.policy
import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator
from email.utils import getaddresses

from bench import load
from bench.load import Visitor
from bench.report import Bound, Row
from bench.servers import Blog
from bench.speed import enquiry_form
from tests.smtp_server import HOST, MailServer, Received

_CLINIC = "front-desk@clinic.example"
_WAIT_SECONDS = 60
_BCC = "Bcc: thief@evil.example"
_ENDS = ["\r\n", "\n", "\r", "\r\n\r\n", "\0", "\x0b", "\x0c", "\x1f", "\x85", "\u2028", "\u2029"]
_WORDS = [
    f"Nomsa%0d%0a{_BCC}",
    f"Nomsa%250d%250a{_BCC}",
    f"Nomsa\\r\\n{_BCC}",
    "=?utf-8?q?Nomsa=0D=0ABcc:_thief=40evil.example?=",
    "=?utf-8?b?DQpCY2M6IHRoaWVmQGV2aWwuZXhhbXBsZQ==?=",
    "=?utf-8?q?=0ABcc:_thief=40evil.example?= é",
    f'"The Skin Clinic" <{_CLINIC}>',
    f"The Skin Clinic <{_CLINIC}>, thief@evil.example",
    "thief@evil.example, other@evil.example",
    "Nomsa\u202e>elpmaxe.live@feiht<",
    "Nomsa\u200b\ufeffBcc\uff1a thief@evil.example",
]
_ADDRESSES = [
    "{}, thief@evil.example",
    "{}; thief@evil.example",
    "{} thief@evil.example",
    "The Skin Clinic <{}>",
    "<{}>",
    "{} (The Skin Clinic)",
    '"The Skin Clinic" <{}>',
    "friends: {}, thief@evil.example;",
    "@evil.example:{}",
    "{}@evil.example",
    "=?utf-8?q?thief=40evil.example=2C_y?=@reader.example",
    "=?utf-8?q?=0D=0ABcc=3A_thief=40evil.example?=@reader.example",
    "{}%0d%0aBcc:thief@evil.example",
    '"a\\\r\n b"@reader.example',
    "nomsa@reader.example\u3002evil.example",
    "nomsa@[127.0.0.1]",
]
_EMAIL = "nomsa@reader.example"
_BARE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f-\xff]")
_NONE = Bound(0)


def variants() -> list[dict[str, str]]:
    """Make what is typed into one field, the fields in turn."""
    names = [f"Nomsa{end}{_BCC}" for end in _ENDS] + _WORDS
    addresses = [f"{_EMAIL}{end}{_BCC}" for end in _ENDS[:9]]
    addresses += [each.format(_EMAIL) for each in _ADDRESSES]
    phones = [f"082 555 0134{end}{_BCC}" for end in ("\r\n", "\0", "\u2028", "%0d%0a", ", ")]
    topics = [f"Microneedling{end}{_BCC}" for end in ("\r\n", "\n", "\0", "\u2028", "%0d%0a")]
    topics += _WORDS[3:6]
    fields = {"name": names, "email": addresses, "phone": phones, "topic": topics}
    turns = itertools.zip_longest(
        *([{name: value} for value in values] for name, values in fields.items())
    )
    return [each for turn in turns for each in turn if each]


def rows(site: Blog, *, count: int) -> Iterator[Row]:
    """Send them, and look at every mail as the bytes that reached a mail server."""
    chosen = variants()[:count]
    with MailServer() as server:
        settings = {
            "BLOG_SMTP_URL": f"smtp://{HOST}:{server.port}",
            "BLOG_CLINIC_EMAIL": _CLINIC,
        }
        site.serve(core=None, **settings)
        statuses = _sent(site, [{}])
        _wait_for(server, 1)
        statuses += _sent(site, chosen)
        _wait_for(server, statuses[303])
        site.stop()
        usual, *received = server.received
    taken, refused = statuses[303] - 1, statuses[422] + statuses[400]
    what = f"{len(chosen)} header injections through the contact form: neither taken nor refused"
    note = f"{taken} taken as words, {refused} refused"
    yield Row(what, len(chosen) - taken - refused, bound=_NONE, note=note)
    odd = [fault for mail in received for fault in faults(mail, usual)]
    odd += ["lost"] * (taken - len(received))
    note = ", ".join(sorted(set(odd))) or f"of {len(received)}, as raw bytes"
    yield Row("recipients, senders, headers and mails amiss", len(odd), bound=_NONE, note=note)


def _wait_for(server: MailServer, count: int) -> None:
    give_up_at = time.monotonic() + _WAIT_SECONDS
    while len(server.received) < count and time.monotonic() < give_up_at:
        time.sleep(0.1)


def _sent(site: Blog, chosen: list[dict[str, str]]) -> Counter[int]:
    statuses: Counter[int] = Counter()
    with Visitor(site.port) as visitor:
        form = load.fresh_form(visitor, "/contact", "/contact")
        for typed in chosen:
            visitor.cookies.clear()
            statuses[visitor.post("/contact", form | enquiry_form() | typed).status] += 1
    return statuses


def faults(mail: Received, usual: Received) -> list[str]:
    """Say what a mail to the clinic has that one of an honest visitor hasn't."""
    head = mail.raw.partition(b"\r\n\r\n")[0]
    lines = re.split(rb"\r\n(?![ \t])", head)
    names = Counter(line.partition(b":")[0].decode("ascii", "replace") for line in lines)
    found = ["another envelope"] * (mail.recipients != [_CLINIC])
    found += ["a bare control character"] * bool(_BARE.search(head.replace(b"\r\n", b"")))
    for policy in (email.policy.default, email.policy.compat32):
        message = email.message_from_bytes(mail.raw, policy=policy)
        honest = email.message_from_bytes(usual.raw, policy=policy)
        expected = Counter(map(str, honest.keys()))
        for seen in (names, Counter(map(str, message.keys()))):
            found += [f"{name} besides" for name in seen - expected]
        for name in ("From", "To"):
            is_other = message.get_all(name) != honest.get_all(name)
            found += [f"another {name}"] * is_other
        answered = getaddresses(message.get_all("Reply-To", []))
        found += ["Reply-To others"] * (len(answered) > 1 or any(name for name, _ in answered))
    return found
