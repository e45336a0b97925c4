"""Mails of one person that were written to files, as is done while no mail server is set.

A file is hers that is addressed to her or would be answered to her, or that is of a mail whose row
goes with her. What has another row stays as long as that, and nothing is followed out of the folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

from sqlalchemy import CompoundSelect, select, union

from blog import config, db
from blog.enquiries import Enquiry, EnquiryEvent
from blog.outbox import OutgoingMail
from blog.privacy import addresses, enquiring, finding

# All that is read of a file; what we write has its headers well within that.
_READ_BYTES = 65_536
_ADDRESSES = ("To", "Reply-To")


@dataclass(frozen=True)
class _File:
    path: Path
    message_id: str
    addresses: frozenset[str]


def folder() -> Path:
    """Return where mails are written to."""
    return config.current().instance_dir / "mail"


def of(email: str) -> list[Path]:
    """Find the files of her mails, and of those that tell of her enquiries."""
    files = list(_files())
    if not files:
        return []
    hers = set(_going(email))
    own = set() if addresses.is_ours(email) else set(addresses.spellings(email))
    named = [each for each in files if each.message_id in hers or own & each.addresses]
    rows = OutgoingMail.message_id.in_([each.message_id for each in named])
    kept = set(db.session.execute(select(OutgoingMail.message_id).where(rows)).scalars()) - hers
    return [each.path for each in named if each.message_id not in kept]


def _going(email: str) -> Sequence[str]:
    """Return what names the mails whose rows are erased with her."""
    sent = enquiring.of_address(email)
    found: CompoundSelect[int | None] = union(
        finding.mails(email),
        select(Enquiry.mail_id).where(Enquiry.id.in_(sent)),
        select(EnquiryEvent.mail_id).where(EnquiryEvent.enquiry_id.in_(sent)),
    )
    query = select(OutgoingMail.message_id).where(OutgoingMail.id.in_(found))
    return db.session.execute(query).scalars().all()


def _files() -> Iterator[_File]:
    parser = BytesHeaderParser()
    for path in sorted(folder().glob("*.eml")):
        if path.is_symlink() or not path.is_file():
            continue
        # Another who erases may be quicker.
        with suppress(OSError), path.open("rb") as file:
            said = parser.parsebytes(file.read(_READ_BYTES))
            named = (str(said.get(name, "")).strip().lower() for name in _ADDRESSES)
            message_id = "".join(str(said.get("Message-ID", "")).split())
            yield _File(path, message_id, frozenset(filter(None, named)))


def erase(paths: Iterable[Path]) -> int:
    """Delete files; returns how many were there."""
    gone = 0
    for path in paths:
        with suppress(OSError):
            path.unlink()
            gone += 1
    return gone
