"""The sorts of mail that the site sends: by what name people know each, and how it is written.

The one place where they are named; what is in a mail is no matter here.
"""

from __future__ import annotations

from dataclasses import dataclass

from blog import summary
from blog.comments import following, notices, trust
from blog.enquiries import letters as enquiry_letters
from blog.enquiries import replies
from blog.privacy import requests
from blog.staff import letters


@dataclass(frozen=True)
class Sort:
    """A sort of mail: the kind it is queued as, and the files it is written by.

    `kind` is empty for what is never queued, `template` for what is written as another is.
    """

    name: str
    kind: str = ""
    template: str = ""


SORTS = (
    Sort("Enquiry", enquiry_letters.MAIL, "enquiry"),
    Sort("Enquiry put right", template="correction"),
    Sort("Enquiry, to the second address", enquiry_letters.COPY),
    Sort("Receipt of an enquiry", enquiry_letters.ANSWER, "acknowledgement"),
    Sort("Reply to an enquiry", replies.MAIL, "enquiry_reply"),
    Sort("Daily summary", summary.MAIL, "summary"),
    Sort("Comments waiting", notices.MAIL, "comments_waiting"),
    Sort("Address to confirm", trust.MAIL, "confirm_address"),
    Sort("Replies to a comment", following.MAIL, "replies"),
    Sort("About an account", letters.MAIL, "account"),
    Sort("New password", letters.PASSWORD_MAIL),
    Sort("Somebody’s own data", requests.MAIL, "my_data"),
    Sort("Test mail", template="probe"),
)
_OF_KINDS = {sort.kind: sort.name for sort in SORTS if sort.kind}
OF_TEMPLATES = {sort.template: sort.name for sort in SORTS if sort.template}


def name_of(kind: str) -> str:
    """Name a mail by its kind; one that no longer is has no other name."""
    return _OF_KINDS.get(kind, kind)
