"""An enquiry, the consent it came with, and what happened to it since.

The row is the message; mails are notifications about it. Her message is never changed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import db, journal, permissions
from blog.accounts import User
from blog.enquiries import phones
from blog.outbox import OutgoingMail
from blog.permissions import Action

NAME_MAX_CHARS = 100
EMAIL_MAX_CHARS = 254
PHONE_MAX_CHARS = 40
TIME_MAX_CHARS = 100
TOPIC_MAX_CHARS = 100
MESSAGE_MAX_CHARS = 2_000
NOTE_MAX_CHARS = 2_000


class State(StrEnum):
    """How far the clinic is with an enquiry."""

    NEW = "new"
    SEEN = "seen"
    ANSWERED = "answered"
    WAITING = "waiting"
    CLOSED = "closed"


class Way(StrEnum):
    """How a visitor would like to be answered."""

    ANY = ""
    EMAIL = "email"
    CALL = "call"
    TEXT = "text"

    @property
    def words(self) -> str:
        """How, in words; empty where any way will do."""
        return _WAYS[self]


_WAYS = {
    Way.ANY: "",
    Way.EMAIL: "by email",
    Way.CALL: "by a phone call",
    Way.TEXT: "by a text message",
}


# What the journal calls coming to a state.
_VERBS = {
    State.NEW: "marked as new",
    State.SEEN: "reopened",
    State.ANSWERED: "answered",
    State.WAITING: "put aside",
    State.CLOSED: "closed",
}


class Happening(StrEnum):
    """What a line of an enquiry's history tells."""

    SEEN = "seen"
    STATE = "state"
    GENUINE = "genuine"
    SUSPECTED = "suspected"
    ASSIGNED = "assigned"
    NOTE = "note"
    REPLY = "reply"
    # A reply that was taken back, and that it was.
    UNSENT = "unsent"
    TAKEN_BACK = "taken back"
    CORRECTED = "corrected"
    ELSEWHERE = "elsewhere"
    ACKNOWLEDGED = "acknowledged"


class ConsentText(db.Model):
    """One wording of what visitors agree to; it names nobody, and is kept."""

    __tablename__ = "consent_text"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    text: Mapped[str] = mapped_column(Text)
    first_agreed_at: Mapped[datetime]


class EnquiryEvent(db.Model):
    """One line of an enquiry's history; `words` are a note, a reply, or what a thing became.

    `draft` is what else a reply was, and where the enquiry stood before: to take it back.
    """

    __tablename__ = "enquiry_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    enquiry_id: Mapped[int] = mapped_column(
        ForeignKey("enquiry.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    kind: Mapped[Happening] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing_mail.id"), index=True)
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    by: Mapped[User | None] = relationship(lazy="joined")
    mail: Mapped[OutgoingMail | None] = relationship()

    @property
    def is_held(self) -> bool:
        """Whether it is a reply that has not left, and can be taken back."""
        return bool(self.draft and self.mail and self.mail.is_untouched)


class Enquiry(db.Model):
    """One enquiry.

    `phone` is the number in E.164, where it is one; `phone_typed` what stood in the field. A sensitive message may
    hold medical details or an identity number: no list and no mail shows what it says.
    """

    __tablename__ = "enquiry"
    __table_args__ = (
        Index("ix_enquiry_is_suspected_id", "is_suspected", "id"),
        Index("ix_enquiry_is_suspected_state", "is_suspected", "state", "id"),
        Index("ix_enquiry_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX_CHARS))
    email: Mapped[str] = mapped_column(String(EMAIL_MAX_CHARS), index=True)
    phone: Mapped[str] = mapped_column(String(PHONE_MAX_CHARS))
    phone_typed: Mapped[str] = mapped_column(String(PHONE_MAX_CHARS), default="")
    preferred_way: Mapped[Way] = mapped_column(String(10), default=Way.ANY)
    preferred_time: Mapped[str] = mapped_column(String(TIME_MAX_CHARS), default="")
    topic: Mapped[str] = mapped_column(String(TOPIC_MAX_CHARS))
    message: Mapped[str] = mapped_column(Text)
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    consent_id: Mapped[int] = mapped_column(ForeignKey("consent_text.id"), index=True)
    article_id: Mapped[str | None] = mapped_column(String(100))
    is_suspected: Mapped[bool]
    reasons: Mapped[list[Any]] = mapped_column(JSON)
    submission_key: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    state: Mapped[State] = mapped_column(String(20), default=State.NEW)
    state_changed_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing_mail.id"), index=True)
    consent: Mapped[ConsentText] = relationship()
    assigned_to: Mapped[User | None] = relationship()
    mail: Mapped[OutgoingMail | None] = relationship()
    events: Mapped[list[EnquiryEvent]] = relationship(
        order_by=EnquiryEvent.id, cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def answered_by(self) -> str:
        """How it is to be answered, in words: as its sender wished, or by what she gave."""
        if self.preferred_way:
            return Way(self.preferred_way).words
        given = ["email"] * bool(self.email) + ["phone"] * bool(self.phone_typed)
        return f"by {' or '.join(given)}"

    @property
    def is_phone_known(self) -> bool:
        """Whether its number, if there is one, lies in a range that is in use."""
        return not self.phone_typed or phones.is_known(self.phone)

    @property
    def phone_words(self) -> str:
        """The number as one reads it: in groups where it is known, or as it was typed."""
        # An extension, or whatever else was added in words, isn't in the number itself.
        is_bare = not any(char.isalpha() or char == "#" for char in self.phone_typed)
        is_whole = is_bare and phones.is_known(self.phone)
        return phones.readable(self.phone) if is_whole else self.phone_typed

    @property
    def place(self) -> str:
        """Its state, or that it is suspected."""
        return "suspected" if self.is_suspected else self.state

    @property
    def mark(self) -> str:
        """What tells where it stands from wherever somebody else puts it meanwhile."""
        return f"{self.place}-{int(self.state_changed_at.timestamp() * 1_000_000)}"

    def settle(self, state: State, *, by: User, now: datetime, batch: str | None = None) -> bool:
        """Say how far the clinic is with it; tell whether that is new.

        Raises: Forbidden where `by` may not read enquiries.
        """
        permissions.require(by, Action.READ_ENQUIRIES)
        was = State(self.state)
        if was is state:
            return False
        self.state, self.state_changed_at, self.seen_at = state, now, self.seen_at or now
        if state is State.ANSWERED:
            self.answered_at = now
        is_first_look = (was, state) == (State.NEW, State.SEEN)
        self.tell(Happening.SEEN if is_first_look else Happening.STATE, words=state, by=by, now=now)
        verb = "marked as seen" if is_first_look else _VERBS[state]
        self._note(verb, was, state, by=by, now=now, batch=batch)
        return True

    def suspect(
        self, is_suspected: bool, *, by: User, now: datetime, batch: str | None = None
    ) -> bool:
        """Put it into the suspected folder, or take it out; tell whether that is new.

        Raises: Forbidden where `by` may not read enquiries.
        """
        permissions.require(by, Action.READ_ENQUIRIES)
        if self.is_suspected == is_suspected:
            return False
        self.is_suspected, self.state_changed_at = is_suspected, now
        words = Happening.GENUINE, Happening.SUSPECTED
        was, became = words if is_suspected else words[::-1]
        self.tell(became, by=by, now=now)
        self._note(f"marked as {became}", was, became, by=by, now=now, batch=batch)
        return True

    def _note(
        self, verb: str, was: str, became: str, *, by: User, now: datetime, batch: str | None
    ) -> None:
        journal.record(
            verb, "enquiry", self.reference, was=was, became=became, batch=batch, by=by, now=now
        )

    def tell(
        self,
        kind: Happening,
        *,
        by: User | None,
        now: datetime,
        words: str = "",
        mail: OutgoingMail | None = None,
        draft: dict[str, Any] | None = None,
    ) -> None:
        """Add a line to its history."""
        line = EnquiryEvent(at=now, kind=kind, words=words, by=by, mail=mail, draft=draft)
        self.events.append(line)
