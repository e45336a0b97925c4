"""Endpoints: addresses of programs that are told of what happens, by whom they are looked after.

Whoever asks here may; surfaces ask `permissions` first. An endpoint that fails for days, or says
that it is gone, is switched off by itself; nothing is sent to it until somebody turns it on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import JSON, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from blog import config, db, journal, tokens
from blog.accounts import User
from blog.errors import Conflict, Invalid, NotFound
from blog.webhooks import places, signing
from blog.webhooks.events import Event
from blog.webhooks.sending import WORDS_MAX_CHARS, Answer

LABEL_MAX_CHARS = 100
# Each is served by a thread of its own.
ENDPOINTS_MAX = 10
# Both secrets sign for so long, unless somebody ends the former one.
ROTATION = timedelta(hours=24)
OFF_AFTER = timedelta(days=5)
NOTHING_CHOSEN = "Please choose at least one of the events there are."
# What the site does by itself.
SWITCHED_OFF = "switched off"
_THING = "webhook"
# How long an endpoint is left alone that failed once, twice, … in a row, whatever is due.
_RESTS = [timedelta(seconds=seconds) for seconds in (5, 15, 60, 300)]
# For no longer it is left alone at its own wish.
REST_MAX = timedelta(hours=6)


class State(StrEnum):
    """Whether anything is sent."""

    ON = "on"
    PAUSED = "paused"
    OFF = "off"


class Webhook(db.Model):
    """An endpoint; `since` is when it was turned on, and it is told of nothing earlier.

    `seed` is what its secret is made from, `former_seed` that of the one before, as long as both
    sign. `warned_at` is when the administrators were mailed that it was switched off.
    """

    __tablename__ = "webhook"
    # The journal names them for ever, so a number is never given twice.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(LABEL_MAX_CHARS))
    url: Mapped[str] = mapped_column(String(places.URL_MAX_CHARS))
    events: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[State] = mapped_column(String(20))
    off_because: Mapped[str | None] = mapped_column(String(WORDS_MAX_CHARS))
    warned_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    since: Mapped[datetime]
    seed: Mapped[str] = mapped_column(String(60))
    former_seed: Mapped[str | None] = mapped_column(String(60))
    former_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    rest_until: Mapped[datetime | None]

    @property
    def secret(self) -> str:
        """What its owner checks signatures by."""
        return signing.secret(self.seed)

    def secrets(self, *, now: datetime) -> list[str]:
        """Return what is signed by: its secret, and the former one as long as that lasts."""
        seeds = [self.seed, self.former_seed if self.has_former(now=now) else None]
        return [signing.secret(seed) for seed in seeds if seed]

    def has_former(self, *, now: datetime) -> bool:
        """Tell whether the secret before this one signs too."""
        return self.former_until is not None and now < self.former_until

    def change(
        self, *, label: str, url: str, events: Collection[str], by: User | None, now: datetime
    ) -> bool:
        """Let it be called, be at and be told otherwise; tell whether that is new.

        Raises: Invalid naming each wrong field.
        """
        wanted = _checked(label, url, events)
        if (self.label, self.url, self.events) == (label, url, wanted):
            return False
        self.label, self.url, self.events = label, url, wanted
        # What another address failed at says nothing of this one.
        self._forgive()
        self._note("changed", by=by, now=now)
        return True

    def pause(self, *, by: User | None, now: datetime) -> bool:
        """Send nothing until it is turned on; what is queued waits. Tell whether that is new."""
        if self.state != State.ON:
            return False
        self.state = State.PAUSED
        self._note("paused", by=by, now=now)
        return True

    def turn_on(self, *, by: User | None, now: datetime) -> bool:
        """Tell it of what happens from now on; tell whether that is new."""
        if self.state == State.ON:
            return False
        self.state, self.since, self.off_because = State.ON, now, None
        self._forgive()
        self._note("turned on", by=by, now=now)
        return True

    def wake(self) -> None:
        """Let it rest no longer, since whoever asks wants to see what happens.

        Raises: Conflict where it isn't on.
        """
        if self.state != State.ON:
            raise Conflict("Nothing is sent to this endpoint. Turn it on first.")
        self.rest_until = None

    def rotate(self, *, by: User | None, now: datetime) -> None:
        """Give it a new secret; the one it has signs too, for a day.

        Raises: Conflict where two sign already.
        """
        if self.has_former(now=now):
            raise Conflict("Two secrets sign already. End the former one first, or wait.")
        self.former_seed, self.former_until = self.seed, now + ROTATION
        self.seed = tokens.random_token()
        self._note("gave a new secret to", by=by, now=now)

    def end_former(self, *, by: User | None, now: datetime) -> bool:
        """Sign no more by the secret before this one; tell whether it did."""
        if not self.has_former(now=now):
            return False
        self.former_seed = self.former_until = None
        self._note("ended the former secret of", by=by, now=now)
        return True

    def remove(self, *, by: User | None, now: datetime) -> None:
        """Forget it, and all that was sent to it."""
        self._note("removed", by=by, now=now)
        db.session.delete(self)

    def heed(self, answer: Answer, *, now: datetime) -> None:
        """Note what an answer says of it: that it works, rests, or is switched off."""
        if answer.is_taken:
            self._forgive()
            return
        self.failures += 1
        self.failing_since = self.failing_since or now
        rest = _RESTS[min(self.failures, len(_RESTS)) - 1]
        wanted = answer.retry_after or timedelta()
        self.rest_until = now + min(max(rest, wanted), REST_MAX)
        if answer.is_gone:
            self._switch_off("It answered 410: nothing is wanted there any more.", now=now)
        elif now >= self.failing_since + OFF_AFTER:
            words = f"It took nothing for {OFF_AFTER.days} days."
            self._switch_off(f"{words} {answer.words}"[:WORDS_MAX_CHARS], now=now)

    def _switch_off(self, because: str, *, now: datetime) -> None:
        self.state, self.off_because, self.warned_at = State.OFF, because, None
        self._note(SWITCHED_OFF, by=None, now=now)

    def _forgive(self) -> None:
        self.failures, self.failing_since, self.rest_until = 0, None, None

    def _note(self, verb: str, *, by: User | None, now: datetime) -> None:
        journal.record(verb, _THING, self.id, by=by, now=now)


def add(
    *, label: str, url: str, events: Collection[str], by: User | None, now: datetime
) -> Webhook:
    """Add an endpoint, which is told of what happens from now on.

    Raises: Invalid naming each wrong field; Conflict where there are as many as there may be.
    """
    wanted = _checked(label, url, events)
    if db.session.execute(select(func.count(Webhook.id))).scalar_one() >= ENDPOINTS_MAX:
        raise Conflict(f"There are {ENDPOINTS_MAX} endpoints already. Remove one first.")
    hook = Webhook(
        label=label,
        url=url,
        events=wanted,
        state=State.ON,
        created_at=now,
        since=now,
        seed=tokens.random_token(),
        failures=0,
    )
    db.session.add(hook)
    db.session.flush()
    journal.record("added", _THING, hook.id, by=by, now=now)
    return hook


def _checked(label: str, url: str, events: Collection[str]) -> list[str]:
    """Check what an endpoint is to be; return its events in our order.

    Raises: Invalid naming each wrong field.
    """
    wrong: dict[str, str] = {}
    if not 1 <= len(label) <= LABEL_MAX_CHARS or not label.isprintable():
        wrong["label"] = (
            f"Please give a label of at most {LABEL_MAX_CHARS} characters, on one line."
        )
    try:
        places.read(url, named=config.current().webhook_hosts)
    except Invalid as error:
        wrong |= error.fields
    if not events or set(events) - set(Event):
        wrong["events"] = NOTHING_CHOSEN
    if wrong:
        raise Invalid(wrong)
    return [each.value for each in Event if each in events]


def by_id(hook_id: int, *, is_locked: bool = False) -> Webhook | None:
    """Return an endpoint by its number, within a writing transaction for nobody else to change."""
    # Who queues something for it needn't wait for that.
    lock = {"key_share": True} if is_locked else None
    return db.session.get(Webhook, hook_id, with_for_update=lock)


def at(hook_id: int, *, is_locked: bool = False) -> Webhook:
    """Return an endpoint as `by_id` does.

    Raises: NotFound.
    """
    found = by_id(hook_id, is_locked=is_locked)
    if found is None:
        raise NotFound("There is no webhook with this number.")
    return found


def everything() -> Sequence[Webhook]:
    """Return all endpoints, the oldest first."""
    return db.session.execute(select(Webhook).order_by(Webhook.id)).scalars().all()


def listening(event: Event, *, at: datetime) -> list[Webhook]:
    """Return the endpoints that are told of an event of some moment."""
    query = select(Webhook).where(Webhook.state == State.ON, Webhook.since <= at)
    found = db.session.execute(query.order_by(Webhook.id)).scalars()
    return [hook for hook in found if event in hook.events]


def listening_since() -> datetime | None:
    """Return since when anybody is told of anything; None where nobody is."""
    query = select(func.min(Webhook.since)).where(Webhook.state == State.ON)
    found: datetime | None = db.session.execute(query).scalar()
    return found


def count_off() -> int:
    """Return how many endpoints were switched off."""
    query = select(func.count(Webhook.id)).where(Webhook.state == State.OFF)
    return db.session.execute(query).scalar_one()


def unwarned() -> Sequence[Webhook]:
    """Return the endpoints that were switched off and of which nobody was told by mail."""
    is_new = (Webhook.state == State.OFF, Webhook.warned_at.is_(None))
    return db.session.execute(select(Webhook).where(*is_new)).scalars().all()
