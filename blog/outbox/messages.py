"""The message of a mail's row, as it goes over the wire."""

from __future__ import annotations

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, Message
from email.policy import SMTP, Policy

from blog.outbox.mails import OutgoingMail


class _Whole(UnstructuredHeader, BaseHeader):
    """A header on one line: EmailMessage would encode what is too long to be folded."""

    def fold(self, *, policy: Policy[Message]) -> str:
        """Write it as it is."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("in-reply-to", "references", "list-unsubscribe"):
    _HEADERS.map_to_type(_name, _Whole)
# Lines of any length survive every server: what isn't short ASCII goes encoded.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
# Kinds of mail that a person wrote.
BY_HAND = ("enquiry-reply",)


def build(mail: OutgoingMail) -> EmailMessage:
    """Build the message of a row: its text, and the same as HTML.

    Source: RFC 3834 section 5 for Auto-Submitted, RFC 8058 for List-Unsubscribe-Post.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = mail.sender
    message["To"] = mail.recipient
    if mail.reply_to:
        message["Reply-To"] = mail.reply_to
    # EmailMessage decodes an encoded word in a plain string, and line ends in it become headers.
    message["Subject"] = mail.subject.replace("=?", "= ?")
    message["Date"] = mail.created_at
    message["Message-ID"] = mail.message_id
    if mail.kind not in BY_HAND:
        message["Auto-Submitted"] = "auto-replied" if mail.is_answer else "auto-generated"
    if mail.thread_id:
        message["In-Reply-To"] = message["References"] = mail.thread_id
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
