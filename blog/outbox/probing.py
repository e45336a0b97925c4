"""A test mail, sent at once past the outbox, and what its answer means in words.

Says what is wrong and what to do about it; stores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template

from blog.content import Site
from blog.outbox.answers import Fault
from blog.outbox.checks import one_line, plain_address, subject_line
from blog.outbox.mails import OutgoingMail, new_message_id
from blog.outbox.transports import FileTransport, Transport

_URL = "BLOG_SMTP_URL"
_TO_FILES = (
    "No mail server is set, so mail is written to files and doesn’t leave this machine.",
    f"Set {_URL} to the server of your mail provider, like smtp://user:password@mail.example.org:587.",
)
# What is wrong, and what to do about it.
_MEANINGS = {
    Fault.NAME: (
        "The name of the mail server isn’t known.",
        f"Look for a typing error in the host of {_URL}; if there is none, this machine can’t ask its name server (DNS).",
    ),
    Fault.NOBODY_THERE: (
        "The machine is there, but no mail server listens at this port.",
        f"Check the port in {_URL}: usually 587 for smtp:// with STARTTLS and 465 for smtps://.",
    ),
    Fault.UNREACHABLE: (
        "The mail server can’t be reached from this machine.",
        f"Check host and port in {_URL}, this machine’s network and its firewall.",
    ),
    Fault.TOO_SLOW: (
        "The mail server didn’t answer in time.",
        f"Many hosting companies block ports 25 and 465: try port 587 in {_URL}. For smtps:// the port is 465. If it is right, ask the provider whether the server is overloaded.",
    ),
    Fault.UNWELCOME: (
        "The mail server doesn’t speak with this machine.",
        "Its answer says why; often the address of this machine is on a list of senders of spam. Ask the provider of the mail server.",
    ),
    Fault.BROKE_OFF: (
        "The mail server hung up in the middle.",
        f"Check that {_URL} begins with smtps:// for port 465 and with smtp:// for port 587; else ask the provider what its log says.",
    ),
    Fault.NO_STARTTLS: (
        "The mail server offers no STARTTLS, so nothing was sent: it would have gone unencrypted.",
        f"Use smtps:// and port 465 in {_URL}, or another port. Only for a server on this machine or in its own network add ?tls=none.",
    ),
    Fault.NO_TLS: (
        "No encrypted connection came about.",
        f"Check that {_URL} begins with smtps:// for port 465 and with smtp:// for port 587.",
    ),
    Fault.CERTIFICATE: (
        "The mail server’s certificate isn’t valid for its name, so nothing was sent.",
        f"Write the name in {_URL} that stands in the certificate, not an IP address. If it has expired, its provider must renew it.",
    ),
    Fault.LOGIN: (
        "The mail server doesn’t accept the login.",
        f"Check user and password in {_URL}; write signs like @ : / # % as %40 %3A %2F %23 %25. Some providers want a password made for programs.",
    ),
    Fault.NO_LOGIN: (
        "The mail server wants a login first.",
        f"Put user and password into {_URL}, like smtp://user:password@mail.example.org:587.",
    ),
    Fault.SENDER: (
        "The mail server doesn’t accept the sender.",
        "Set BLOG_MAIL_FROM to an address that this login may send from, and BLOG_MAIL_BOUNCES, if it is set, likewise.",
    ),
    Fault.RECIPIENT: (
        "The mail server doesn’t accept the recipient.",
        "Look for a typing error in the address; its answer says whether the mailbox is unknown, full or closed.",
    ),
    Fault.RELAYING: (
        "The mail server takes no mail for other domains from this site (“relaying denied”).",
        f"Put the login of your mail provider into {_URL}, or let the server’s administrator allow this machine to relay.",
    ),
    Fault.CONTENT: (
        "The mail server took the addresses, but not the message.",
        "Its answer says why; often SPF, DKIM or DMARC of the sender’s domain are missing: docs/operating.md, “Mail”.",
    ),
    Fault.GREYLISTED: (
        "The mail server asks to come again later, as many do with those they don’t know (greylisting).",
        "Nothing needs to be done: the site’s mails are tried again by themselves. Test again in ten minutes.",
    ),
    Fault.BUSY: (
        "The mail server can’t take mail at the moment.",
        "The site’s mails are tried again by themselves. If it stays so for hours, ask the provider.",
    ),
    Fault.NONSENSE: (
        "What answers there doesn’t speak as a mail server does.",
        f"Check host and port in {_URL}.",
    ),
}


@dataclass(frozen=True)
class Probe:
    """What became of a test mail: `said` is the answer, `meaning` and `remedy` are ours."""

    is_accepted: bool
    recipient: str
    said: str
    meaning: str
    remedy: str
    fault: Fault | None = None


def probe(transport: Transport, *, sender: str, recipient: str, site: Site, now: datetime) -> Probe:
    """Send a test mail right now, and say what its answer means.

    Raises: MailError where the recipient is not one plain address.
    """
    recipient = plain_address(recipient)
    if isinstance(transport, FileTransport):
        return Probe(False, recipient, "", *_TO_FILES)
    mail = OutgoingMail(
        id=0,
        message_id=new_message_id(sender),
        sender=plain_address(sender),
        recipient=recipient,
        subject=subject_line(f"Test mail from {site.title}"),
        text=render_template("mail/probe.txt", site=site),
        html=render_template("mail/probe.html", site=site),
        created_at=now,
    )
    with transport.session() as session:
        answer = session.send(mail)
    said = one_line(answer.words)
    if answer.fault is None:
        meaning = "The mail server took the test mail and will deliver it, or return it."
        remedy = "If it doesn’t arrive within some minutes, look into the folder for spam."
        return Probe(True, recipient, said, meaning, remedy)
    return Probe(False, recipient, said, *_MEANINGS[answer.fault], answer.fault)
