"""Who is told by mail of comments that wait or are reported, how often, and of which she was told already.

Authors are told of comments under their own articles. Nobody is told twice within one reach and
nothing is left out: how far somebody was told moves on in the transaction that queues her mail,
unless another worker was quicker. Posting does nothing for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Select, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column

from blog import accounts, articles, config, db, outbox, permissions
from blog.accounts import User
from blog.comments import letters, reach, reports
from blog.comments.deciding import UNDO_WITHIN
from blog.comments.letters import Letter
from blog.comments.model import Comment, CommentState
from blog.comments.paces import PERIODS, NoticePlan, Pace, new_plan
from blog.comments.reports import CommentReport
from blog.errors import Busy, MailError
from blog.permissions import Action

MAIL = "comment-waiting"
MORNING_HOUR = 7
# Whoever isn't written to each day hears from the site once a week at least.
QUIET = timedelta(days=6)
# The number of no account: the clinic, which is told where no account may moderate everywhere.
_CLINIC = 0
_log = logging.getLogger(__name__)


class NoticeOwed(db.Model):
    """A comment that somebody is to be told of once it waits, though she was told of later ones.

    It was decided about when her mail was composed, and that could still be undone.
    """

    __tablename__ = "notice_owed"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(index=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))


@dataclass(frozen=True, kw_only=True)
class _Recipient:
    """Somebody who is told, with what her plan said when it was read."""

    user: User | None
    user_id: int
    address: str
    pace: Pace
    begun_at: datetime
    told_up_to: int
    told_reports_up_to: int
    told_at: datetime | None

    @property
    def limit(self) -> str | None:
        """The profile of the author whose articles alone she is told about."""
        return permissions.limit_of(self.user) if self.user else None

    @property
    def since(self) -> datetime:
        """When she last heard from the site, or chose how often to."""
        return max(self.told_at or self.begun_at, self.begun_at)

    def is_summed_up(self, morning: datetime) -> bool:
        """Tell whether she is to hear from the site though nothing may wait."""
        return morning - self.since > (timedelta() if self.pace is Pace.DAILY else QUIET)

    def is_due(self, has_news: bool, morning: datetime, *, now: datetime) -> bool:
        """Tell whether she is to be told something now."""
        period = PERIODS.get(self.pace)
        is_time = period is not None and (self.told_at is None or now - self.told_at >= period)
        return (has_news and is_time) or self.is_summed_up(morning)


@dataclass(frozen=True)
class Notice:
    """A mail that is composed: of which comments it tells, which are owed no more, which still."""

    to: _Recipient
    letter: Letter
    told_up_to: int
    told_reports_up_to: int
    paid: Sequence[int]
    owed: Sequence[int]
    open_reports: tuple[int, int]

    def queue(self, *, now: datetime) -> bool:
        """Queue it and note what its recipient is told; nothing where another was quicker.

        Nor where reports were opened or closed meanwhile: the next round composes it anew.

        Returns: whether it was queued.
        """
        db.wait_for_writers(CommentReport.__tablename__)
        upto, by = self.told_reports_up_to, self.to.user
        if reports.standing(upto=upto, by=by) != self.open_reports or not self._is_first(now=now):
            return False
        db.session.execute(delete(NoticeOwed).where(NoticeOwed.id.in_(self.paid)))
        db.session.add_all(
            NoticeOwed(user_id=self.to.user_id, comment_id=each) for each in self.owed
        )
        outbox.queue(
            kind=MAIL,
            sender=config.current().mail_from,
            recipient=self.to.address,
            subject=self.letter.subject,
            text=self.letter.text,
            html=self.letter.html,
            now=now,
        )
        return True

    def _is_first(self, *, now: datetime) -> bool:
        """Move on how far she was told; of two workers at one moment one does, the other waits."""
        to = self.to
        db.session.execute(new_plan(to.user_id, to.pace, to.begun_at).on_conflict_do_nothing())
        moved = (
            update(NoticePlan)
            .where(
                NoticePlan.user_id == to.user_id,
                NoticePlan.told_at.is_not_distinct_from(to.told_at),
            )
            .values(
                told_up_to=self.told_up_to,
                told_reports_up_to=self.told_reports_up_to,
                told_for=to.limit,
                told_at=now,
            )
        )
        return bool(db.session.execute(moved.returning(NoticePlan.user_id)).all())


def owe(comment_ids: Sequence[int], *, now: datetime) -> None:
    """Let everybody be told of comments that wait from now on, though later ones were there before.

    Of many she is told once, by as many as a mail shows.
    """
    for to in _recipients(now=now):
        waiting = _owed(func.count(NoticeOwed.id)).where(NoticeOwed.user_id == to.user_id)
        room = max(letters.SHOWN - db.session.execute(waiting).scalar_one(), 0)
        is_hers = (Comment.id.in_(comment_ids), *reach.within(to.user, Comment.article_id))
        hers = select(Comment.id).where(*is_hers).order_by(Comment.id).limit(room)
        db.session.add_all(
            NoticeOwed(user_id=to.user_id, comment_id=each)
            for each in db.session.execute(hers).scalars()
        )


def _owed(*what: Any) -> Select[Any]:
    """Select something of what is owed and waits."""
    return select(*what).join_from(NoticeOwed, Comment).where(Comment.state == CommentState.PENDING)


def tell(now: datetime) -> int:
    """Queue each mail that is due, in a transaction of its own; composing takes no lock.

    Returns: how many were queued.
    """
    queued = 0
    db.session.rollback()
    # Who writes at this moment isn't waited for; the next round comes soon.
    with suppress(Busy):
        for notice in composed(now=now) if _due(now=now) else ():
            try:
                with db.writing():
                    is_queued = notice.queue(now=now)
                queued += is_queued
            except MailError as error:  # the others are told all the same
                _log.error("a mail to a moderator can’t be queued: %s", error)
    return queued


def composed(*, now: datetime) -> list[Notice]:
    """Compose each mail that is due; nothing of it is stored."""
    with db.writing():
        # A smaller number may belong to who isn't done yet, and would be passed over for ever.
        db.wait_for_writers(Comment.__tablename__)
        db.wait_for_writers(CommentReport.__tablename__)
        upto, reports_upto = _newest(), reports.newest()
        told = [to.user_id for to in _recipients(now=now)]
        # Who has left or wants no mail is owed nothing.
        db.session.execute(delete(NoticeOwed).where(NoticeOwed.user_id.not_in(told)))
    found = [_compose(to, upto, reports_upto, now=now) for to in _due(now=now)]
    return [notice for notice in found if notice]


def _newest() -> int:
    """Return the number of the newest comment that waits."""
    query = select(Comment.id).where(Comment.state == CommentState.PENDING)
    return db.session.execute(query.order_by(Comment.id.desc()).limit(1)).scalar() or 0


def _due(*, now: datetime) -> list[_Recipient]:
    """List who is to be told something now; who has a mail on its way waits for that."""
    newest, newest_report = _newest(), reports.newest()
    owing = set(db.session.execute(_owed(NoticeOwed.user_id).distinct()).scalars())
    morning = _morning(now)
    return [
        to
        for to in _recipients(now=now)
        if to.is_due(
            _has_news(to, newest, newest_report) or (to.user_id in owing and _is_owed(to)),
            morning,
            now=now,
        )
        and not _is_on_its_way(to.address)
        and not (to.user and reach.lacking(to.user))
    ]


def _is_owed(to: _Recipient) -> bool:
    """Tell whether a comment waits that somebody is owed, within reach as it is now."""
    is_hers = (NoticeOwed.user_id == to.user_id, *reach.within(to.user, Comment.article_id))
    return db.session.execute(_owed(NoticeOwed.id).where(*is_hers).limit(1)).first() is not None


def _has_news(to: _Recipient, newest: int, newest_report: int) -> bool:
    """Tell whether a comment waits or was reported that somebody wasn't told of, within reach."""
    if _is_report_new(to, newest_report):
        return True
    mine = reach.along(to.user, Comment.article_id)
    if newest <= to.told_up_to or not mine:
        return newest > to.told_up_to
    is_later = Comment.id + 0 > to.told_up_to
    query = select(Comment.id).where(Comment.state == CommentState.PENDING, is_later, *mine)
    return db.session.execute(query.limit(1)).first() is not None


def _is_report_new(to: _Recipient, newest_report: int) -> bool:
    told = to.told_reports_up_to
    return newest_report > told and reports.is_any_new(after=told, by=to.user)


def _is_on_its_way(address: str) -> bool:
    mail = outbox.last_of_kind(MAIL, address)
    return mail is not None and mail.is_unsent


def _morning(now: datetime) -> datetime:
    """Return when the last morning was at which mails leave, in the site's zone."""
    local = now.astimezone(articles.site().zone)
    at = local.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
    return at if at <= local else at - timedelta(days=1)


def _recipients(*, now: datetime) -> list[_Recipient]:
    """List who is told: all who may moderate something, and the clinic where nobody may all.

    Who wants no mail is left out, and who can't be sent any.
    """
    plans = {plan.user_id: plan for plan in db.session.execute(select(NoticePlan)).scalars()}
    moderators = [user for user in accounts.everybody() if permissions.may(user, Action.MODERATE)]
    told = [user for user in moderators if is_reachable(user)]
    found = [_recipient(user, plans.get(user.id), begun_at=user.created_at) for user in told]
    if all(permissions.limit_of(user) is not None for user in told):
        found.append(_recipient(None, plans.get(_CLINIC), begun_at=now))
    return [to for to in found if to.pace is not Pace.NEVER]


def is_reachable(user: User) -> bool:
    """Tell whether mail can be sent to somebody; not to an address that is none, or more than one."""
    try:
        outbox.plain_address(user.email)
    except MailError:
        return False
    return True


def _recipient(user: User | None, plan: NoticePlan | None, *, begun_at: datetime) -> _Recipient:
    to = _Recipient(
        user=user,
        user_id=user.id if user else _CLINIC,
        address=user.email if user else config.current().clinic_email,
        pace=Pace(plan.pace) if plan else Pace.AT_ONCE,
        begun_at=plan.begun_at if plan else begun_at,
        told_up_to=plan.told_up_to if plan else 0,
        told_reports_up_to=plan.told_reports_up_to if plan else 0,
        told_at=plan.told_at if plan else None,
    )
    if plan is None or plan.told_for in (None, to.limit):
        return to
    # Of what came before under other articles, which are within her reach now, she was told nothing.
    return replace(to, told_up_to=0, told_reports_up_to=0)


def _compose(to: _Recipient, upto: int, reports_upto: int, *, now: datetime) -> Notice | None:
    """Compose what somebody is told; None where what was new has been decided about meanwhile."""
    upto = max(upto, to.told_up_to)
    mine = reach.along(to.user, Comment.article_id)
    # An author's are found by their articles: the bare id would have all that wait walked through.
    number = Comment.id + 0 if mine else Comment.id
    is_later = (number > to.told_up_to) & (number <= upto)
    is_undoable = (Comment.state != CommentState.PENDING) & (Comment.decided_at > now - UNDO_WITHIN)
    owed = select(NoticeOwed.id, is_undoable).join(Comment).where(NoticeOwed.user_id == to.user_id)
    late = select(NoticeOwed.comment_id).where(NoticeOwed.user_id == to.user_id)
    waiting = (
        select(Comment)
        .options(joinedload(Comment.parent))
        .where(Comment.state == CommentState.PENDING, or_(is_later, number.in_(late)), *mine)
        .order_by(number)
        .limit(letters.SHOWN)
    )
    new = db.session.execute(waiting).scalars().all()
    if not new and not _is_report_new(to, reports_upto) and not to.is_summed_up(_morning(now)):
        return None
    reports_upto = max(reports_upto, to.told_reports_up_to)
    # Chosen here among the few: SQLite would walk along all comments up to the newest.
    lately = select(Comment.id).where(is_undoable, *reach.within(to.user, Comment.article_id))
    undoable = db.session.execute(lately).scalars()
    return Notice(
        to=to,
        letter=letters.write(
            new,
            reported=reports.count_reported(by=to.user),
            to=to.user,
            since=to.since,
            now=now,
        ),
        told_up_to=upto,
        told_reports_up_to=reports_upto,
        paid=[row.id for row in db.session.execute(owed) if not row[1]],
        owed=[number for number in undoable if to.told_up_to < number <= upto],
        open_reports=reports.standing(upto=reports_upto, by=to.user),
    )
