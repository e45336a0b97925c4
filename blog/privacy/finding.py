"""Where anything of one person's is: by her address, in each table that holds one.

A comment is hers that carries the address, or that carries none and came from a browser in which
she had confirmed it. Nothing is changed here.
"""

from __future__ import annotations

from sqlalchemy import Select, func, select, union

from blog import db
from blog.comments import Comment, CommentState, notices
from blog.comments.trust import TrustedReader
from blog.outbox import OutgoingMail
from blog.outbox.bounced import BouncedAddress
from blog.privacy import addresses, enquiring

_ROW = Comment.metadata.tables[Comment.__tablename__].c
_ADDRESS = func.lower(OutgoingMail.recipient)


def comments(email: str) -> Select[int]:
    """Select the numbers of her comments, edits of them among these."""
    # Each half by an index of its own.
    named = select(_ROW.id).where(_ROW.email.in_(addresses.spellings(email)))
    is_nameless = (_ROW.trusted_reader_id.in_(readers(email)), _ROW.email.is_(None))
    found = union(named, select(_ROW.id).where(*is_nameless)).subquery()
    return select(found.c.id)


def readers(email: str) -> Select[int]:
    """Select what is known of her address, confirmed or not."""
    return select(TrustedReader.id).where(TrustedReader.email.in_(addresses.spellings(email)))


def mails(email: str) -> Select[int]:
    """Select the mails to her; none where the address is the clinic's own, whose mail it is.

    What tells of an enquiry goes with that, to whomever it was sent.
    """
    is_hers = _ADDRESS.in_(addresses.spellings(email))
    is_of_enquiry = enquiring.is_about_one(OutgoingMail.id)
    # Others' words, sent to who reviewed them; her account may have another address by now.
    is_work = OutgoingMail.kind == notices.MAIL
    found = select(OutgoingMail.id).where(is_hers, ~is_of_enquiry, ~is_work)
    return found.where(OutgoingMail.id.is_(None)) if addresses.is_ours(email) else found


def bounced(email: str) -> Select[int]:
    """Select what is noted of mails to her that came back."""
    is_hers = BouncedAddress.address.in_(addresses.spellings(email))
    return select(BouncedAddress.id).where(is_hers)


def is_importing(email: str) -> bool:
    """Tell whether comments of hers are being imported at this moment."""
    is_hidden = (_ROW.id.in_(comments(email)), _ROW.state == CommentState.IMPORTING)
    return db.session.execute(select(_ROW.id).where(*is_hidden).limit(1)).first() is not None


def is_anything(email: str) -> bool:
    """Tell whether anything is kept under an address, but that somebody asked."""
    found = (comments(email), mails(email), enquiring.of_address(email), readers(email))
    has_rows = any(db.session.execute(query.limit(1)).first() for query in found)
    return has_rows or addresses.account_of(email) is not None
