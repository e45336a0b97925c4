"""Who is told of comments that wait, when, and that nothing is told twice or left out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text

from blog import accounts, comments, db, journal, outbox
from blog.accounts import User
from blog.articles import Author
from blog.comments import Comment, CommentState, arrival, deciding, letters, notices, paces, reports
from blog.comments.notices import NoticeOwed
from blog.comments.paces import Pace
from blog.comments.reports import ReportReason
from blog.outbox import FileTransport
from blog.outbox.checks import BODY_MAX_BYTES
from tests.cast import (
    ARTICLE,
    AUTHOR,
    AUTHOR_ID,
    CLOCK,
    MODERATOR,
    SECOND,
    SECOND_AUTHOR,
    WAITS,
    Clock,
    Person,
    arrived,
    article,
    at_once,
    processes_at_once,
)
from tests.conftest import Environ
from tests.mailing import to_port
from tests.smtp_server import MailServer
from tests.test_outbox import Rounds

pytestmark = pytest.mark.usefixtures("clock", "at_work")

STAFF = (AUTHOR, SECOND_AUTHOR, MODERATOR)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def come(*bodies: str, name: str = "Nomsa", on: str = ARTICLE) -> list[int]:
    """Let comments come that wait; gives their numbers."""
    drafts = [comments.compose(article(on), name=name, body=b, parent_id=None) for b in bodies]
    with db.writing():
        return [arrival.submit(arrived(each, verdict=WAITS), now=db.utc_now()) for each in drafts]


def tell() -> int:
    return notices.tell(db.utc_now())


def report(number: int, *, client: str = "client") -> None:
    rude = ReportReason.RUDE
    with db.writing():
        (comment,) = comments.by_ids([number])
        reports.report(comment, reason=rude, details="", client_hash=client, now=db.utc_now())


def deliver(folder: Path) -> None:
    """Let all mail arrive that is due."""
    outbox.deliver_due(FileTransport(folder), worker="worker", clock=db.utc_now)


def told(person: Person | str = AUTHOR) -> list[str]:
    """The texts of all notices to somebody, oldest first."""
    address = person if isinstance(person, str) else person.email
    db.session.rollback()
    found = [mail for mail in outbox.recent(limit=500) if mail.recipient == address]
    return [mail.text for mail in reversed(found)]


def user(person: Person = AUTHOR) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found


def choose(pace: Pace, *people: Person) -> None:
    with db.writing():
        for person in people or STAFF:
            paces.choose(pace, by=user(person), now=db.utc_now())


def decide(number: int, by: Person = MODERATOR, *, batch: str = "a click") -> None:
    with db.writing():
        deciding.decide(
            [number],
            CommentState.APPROVED,
            if_still=lambda _: True,
            by=user(by),
            now=db.utc_now(),
            batch=batch,
        )


def undo(by: Person = MODERATOR, *, batch: str = "a click") -> None:
    with db.writing():
        assert deciding.undo(batch, by=user(by), now=db.utc_now())[0] == 1


def demote(*people: Person) -> None:
    """Give accounts a role that may nothing."""
    with db.writing():
        for person in people:
            db.session.execute(
                text("UPDATE user_account SET role = 'guest' WHERE email = :email"),
                {"email": person.email},
            )


# At once


def test_all_who_moderate_are_told_of_what_waits_and_only_once() -> None:
    come("Does it hurt?")
    assert tell() == 3
    for person in STAFF:
        (mail,) = told(person)
        assert "Does it hurt?" in mail
    assert tell() == 0


def test_while_comments_keep_coming_there_is_one_mail_in_ten_minutes(
    clock: Clock, tmp_path: Path
) -> None:
    come("One")
    tell()
    deliver(tmp_path)
    for minute, body in enumerate(("Two", "Three", "Four")):
        clock.move(minutes=3)
        come(body)
        assert tell() == 0, minute
    clock.move(minutes=1)
    assert tell() == 3
    first, second = told()
    assert "One" in first
    assert [body in second for body in ("One\n", "Two", "Three", "Four")] == [
        False,
        True,
        True,
        True,
    ]


def test_a_reported_comment_is_told_of_once_at_the_pace_of_waiting_ones(
    clock: Clock, tmp_path: Path
) -> None:
    one, two = come("One", "Two")
    for number in (one, two):
        decide(number)
    choose(Pace.NEVER, SECOND_AUTHOR)
    choose(Pace.DAILY, MODERATOR)
    assert tell() == 0
    report(one)
    assert tell() == 1
    assert "1 published comment was reported by readers" in told()[0]
    deliver(tmp_path)
    clock.move(minutes=9)
    report(one, client="another")
    report(two)
    assert tell() == 0
    clock.move(minutes=1)
    come("Three")
    assert tell() == 1
    assert "2 published comments were reported by readers" in told()[1]
    assert "Three" in told()[1]
    deliver(tmp_path)
    clock.move(minutes=30)
    assert tell() == 0
    clock.move(hours=24)
    assert tell() == 1
    assert "2 published comments were reported by readers" in told(MODERATOR)[0]
    assert told(SECOND_AUTHOR) == []


def test_a_comment_that_more_readers_report_is_told_of_once(clock: Clock, tmp_path: Path) -> None:
    (one,) = come("One")
    decide(one)
    report(one)
    assert tell() == 3
    deliver(tmp_path)
    clock.move(minutes=10)
    report(one, client="another")
    assert tell() == 0


def test_a_report_that_was_answered_for_is_no_news_and_a_later_one_is() -> None:
    (one,) = come("One")
    decide(one)
    report(one)
    with db.writing():
        (comment,) = comments.by_ids([one])
        reports.keep(comment, upto=1_000, by=user(), now=db.utc_now(), batch="kept")
    assert tell() == 0
    report(one, client="another")
    assert tell() == 3


def test_a_report_that_is_opened_again_until_the_mail_is_queued_is_not_passed_over() -> None:
    choose(Pace.NEVER, SECOND_AUTHOR, MODERATOR)
    one, two = come("One", "Two")
    for number in (one, two):
        decide(number)
    report(one)
    with db.writing():
        (comment,) = comments.by_ids([one])
        by = user(MODERATOR)
        reports.keep(comment, upto=1_000, by=by, now=db.utc_now(), batch="kept")
    report(two)
    (notice,) = notices.composed(now=db.utc_now())
    undo(batch="kept")
    with db.writing():
        assert not notice.queue(now=db.utc_now())
    assert tell() == 1
    assert "2 published comments were reported by readers" in told()[0]


def test_who_can_not_be_sent_any_mail_keeps_nobody_else_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def lose(person: Person) -> None:
        with db.writing():
            user(person).email = f"ä-{person.email}"

    lose(MODERATOR)
    come("One")
    assert tell() == 2
    assert [len(told(person)) for person in STAFF] == [1, 1, 0]
    lose(AUTHOR)
    # Nobody is left who has a say in all of them.
    assert tell() == 1
    assert len(told("hello@clinic.example")) == 1
    assert caplog.records == []


def test_after_a_quiet_while_the_first_leaves_at_once(clock: Clock, tmp_path: Path) -> None:
    come("One")
    tell()
    deliver(tmp_path)
    clock.move(hours=5)
    come("Two")
    assert tell() == 3


def test_who_has_a_mail_on_its_way_waits_for_that_one(clock: Clock, tmp_path: Path) -> None:
    come("One")
    tell()
    clock.move(hours=3)
    come("Two")
    assert tell() == 0
    deliver(tmp_path)
    assert tell() == 3
    assert "Two" in told()[-1]


# As each chose


def test_who_wants_it_hourly_gets_one_mail_in_an_hour(clock: Clock, tmp_path: Path) -> None:
    choose(Pace.HOURLY)
    come("One")
    assert tell() == 3
    deliver(tmp_path)
    clock.move(minutes=59)
    come("Two")
    assert tell() == 0
    clock.move(minutes=1)
    assert tell() == 3


def test_who_wants_it_daily_is_told_each_morning_even_that_nothing_came(
    clock: Clock, tmp_path: Path
) -> None:
    choose(Pace.DAILY)
    come("One")
    assert tell() == 0
    clock.now = datetime(2026, 5, 5, 4, 59, tzinfo=UTC)
    assert tell() == 0
    clock.move(minutes=1)  # seven o'clock in Johannesburg
    assert tell() == 3
    deliver(tmp_path)
    clock.move(hours=23, minutes=59)
    assert tell() == 0
    clock.move(minutes=1)
    assert tell() == 3
    first, second = told()
    assert "One" in first
    assert "1 comment waits for review." in second
    assert "No comments came." in second


def test_who_wants_nothing_gets_nothing(clock: Clock) -> None:
    choose(Pace.NEVER, AUTHOR)
    come("One")
    assert tell() == 2
    clock.move(days=30)
    tell()
    assert told(AUTHOR) == []


def test_who_may_not_moderate_is_told_nothing() -> None:
    demote(MODERATOR)
    come("One")
    assert tell() == 2
    assert told(MODERATOR) == []


def test_nobody_is_without_a_word_for_more_than_a_week(clock: Clock, tmp_path: Path) -> None:
    mornings = 0
    for _ in range(21):
        clock.move(days=1)
        mornings += tell() == 3
        deliver(tmp_path)
    assert mornings == 3
    assert all(mail.startswith("Nothing waits.") for mail in told())


# Decided about before, and taken back


def test_what_was_decided_about_is_in_no_mail() -> None:
    first, _ = come("One", "Two")
    decide(first)
    assert tell() == 3
    (mail,) = told()
    assert ("One" in mail, "Two" in mail) == (False, True)


def test_where_all_was_decided_about_no_mail_leaves() -> None:
    (number,) = come("One")
    decide(number)
    assert tell() == 0


def test_what_waits_again_after_an_undo_is_told_to_who_was_not_told(
    clock: Clock, tmp_path: Path
) -> None:
    first, _ = come("One", "Two")
    decide(first)
    tell()
    deliver(tmp_path)
    clock.move(minutes=9)
    undo()
    clock.move(minutes=1)
    assert tell() == 3
    assert ["One" in mail for mail in told()] == [False, True]
    assert tell() == 0
    assert db.session.query(NoticeOwed).count() == 0


def test_what_was_told_and_waits_again_after_an_undo_is_not_told_twice(
    clock: Clock, tmp_path: Path
) -> None:
    (number,) = come("One")
    tell()
    deliver(tmp_path)
    clock.move(minutes=1)
    decide(number)
    clock.move(minutes=5)
    undo()
    clock.move(minutes=30)
    assert tell() == 0


def test_a_decision_that_stands_is_owed_to_nobody_any_more(clock: Clock, tmp_path: Path) -> None:
    first, _ = come("One", "Two")
    decide(first)
    tell()
    deliver(tmp_path)
    assert db.session.query(NoticeOwed).count() == 3
    clock.move(minutes=11)
    come("Three")
    tell()
    db.session.rollback()
    assert db.session.query(NoticeOwed).count() == 0


def owed(person: Person) -> list[int]:
    """The comments that somebody is owed."""
    db.session.rollback()
    query = select(NoticeOwed.comment_id).where(NoticeOwed.user_id == user(person).id)
    return list(db.session.execute(query).scalars())


def test_who_wants_no_mail_or_may_decide_no_more_is_owed_nothing() -> None:
    choose(Pace.NEVER, AUTHOR)
    (one,) = come("One")
    with db.writing():
        notices.owe([one], now=db.utc_now())
    assert (owed(AUTHOR), owed(SECOND_AUTHOR), owed(MODERATOR)) == ([], [one], [one])
    choose(Pace.NEVER, SECOND_AUTHOR)
    choose(Pace.AT_ONCE, AUTHOR)
    demote(MODERATOR)
    assert tell() == 1
    assert (owed(SECOND_AUTHOR), owed(MODERATOR)) == ([], [])


def test_what_waits_no_more_leaves_room_for_what_does() -> None:
    decided = come(*(f"Number {each}" for each in range(letters.SHOWN)))
    (last,) = come("Last")
    with db.writing():
        notices.owe(decided, now=db.utc_now())
    for is_owed in (False, True):
        with db.writing():
            notices.owe([last], now=db.utc_now())
        assert (last in owed(AUTHOR)) is is_owed
        decide(decided[0])


# Where nobody may moderate


def test_where_nobody_may_moderate_the_clinic_is_told_with_links_that_ask_to_sign_in(
    clock: Clock, tmp_path: Path
) -> None:
    demote(*STAFF)
    clock.move(days=30)
    assert tell() == 0
    (number,) = come("One")
    assert tell() == 1
    (mail,) = told("hello@clinic.example")
    assert f"/admin/comments/{number}\n" in mail
    assert "token=" not in mail
    deliver(tmp_path)
    assert tell() == 0


def test_who_gets_an_account_is_told_of_all_that_waits() -> None:
    demote(*STAFF)
    come("One", "Two")
    tell()
    with db.writing():
        db.session.execute(text("UPDATE user_account SET role = 'moderator'"))
    assert tell() == 3
    (mail,) = told(AUTHOR)
    assert "One" in mail
    assert "Two" in mail


# Authors


def give_away(article_id: str) -> None:
    """Let an article be somebody else's."""
    with db.writing():
        query = "UPDATE article_author SET author_id = 'another' WHERE article_id = :id"
        db.session.execute(text(query), {"id": article_id})


def test_an_author_is_told_of_what_waits_under_her_articles_alone(
    clock: Clock, tmp_path: Path
) -> None:
    give_away(SECOND)
    come("Not hers", on=SECOND)
    assert tell() == 2
    assert told(SECOND_AUTHOR) == []
    clock.move(minutes=10)
    come("Hers")
    come("Not hers either", on=SECOND)
    deliver(tmp_path)
    assert tell() == 3
    (mail,) = told(SECOND_AUTHOR)
    assert ("Hers" in mail, "Not hers" in mail, "winter" in mail) == (True, False, False)
    assert "1 comment came: 1 waiting." in mail
    assert "1 comment waits for review." in mail
    assert "Not hers either" in told(MODERATOR)[-1]
    deliver(tmp_path)
    clock.move(minutes=10)
    come("Another not hers", on=SECOND)
    assert tell() == 2


# PostgreSQL holds no title as long.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mail_that_can_not_be_queued_keeps_nobody_else_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    give_away(SECOND)
    with db.writing():
        longer = text("UPDATE article SET title = :title WHERE id = :id")
        db.session.execute(longer, {"title": "x" * BODY_MAX_BYTES, "id": SECOND})
    come("Not hers", on=SECOND)
    come("Hers")
    assert tell() == 1
    assert [len(told(person)) for person in STAFF] == [0, 1, 0]
    said = {record.message for record in caplog.records}
    assert said == {
        "a mail to a moderator can’t be queued: The text of a mail can have 200000 bytes at most."
    }


def test_an_author_is_told_of_her_undone_decisions_alone(clock: Clock, tmp_path: Path) -> None:
    give_away(SECOND)
    (hers,) = come("Hers")
    (other,) = come("Not hers", on=SECOND)
    for number in (hers, other):
        decide(number, batch=f"click {number}")
    come("New")
    tell()
    of_hers = select(NoticeOwed.comment_id).where(NoticeOwed.user_id == user(SECOND_AUTHOR).id)
    assert db.session.execute(of_hers).scalars().all() == [hers]
    deliver(tmp_path)
    for number in (hers, other):
        undo(batch=f"click {number}")
    clock.move(minutes=10)
    assert tell() == 3
    assert "Hers" in told(SECOND_AUTHOR)[-1]
    assert "Not hers" not in "".join(told(SECOND_AUTHOR))
    assert "Not hers" in told(MODERATOR)[-1]


def test_an_author_without_an_article_is_told_nothing_until_she_has_one(clock: Clock) -> None:
    give_away(ARTICLE)
    give_away(SECOND)
    come("One")
    assert tell() == 2
    clock.move(days=8)
    tell()
    assert told(SECOND_AUTHOR) == []
    with db.writing():
        db.session.execute(text("UPDATE article_author SET author_id = :id"), {"id": AUTHOR_ID})
    tell()
    assert "One" in told(SECOND_AUTHOR)[0]


def change(person: Person, role: str, author_id: str | None) -> None:
    """Give an account another role and profile."""
    query = "UPDATE user_account SET role = :role, author_id = :author_id WHERE email = :email"
    with db.writing():
        values = {"role": role, "author_id": author_id, "email": person.email}
        db.session.execute(text(query), values)


@pytest.mark.parametrize(("role", "author_id"), [("moderator", None), ("author", "another")])
def test_who_may_decide_elsewhere_is_told_of_what_waits_there(
    clock: Clock, tmp_path: Path, role: str, author_id: str | None
) -> None:
    give_away(SECOND)
    whole: dict[str, Any] = {"role": "", "links": [], "credentials": [], "text": ""}
    html: dict[str, Any] = {"source": "", "html": "", "html_policy": 0}
    with db.writing():
        db.session.add(Author(id="another", name="Zanele", **whole, **html))
    (elsewhere,) = come("Elsewhere", on=SECOND)
    decide(elsewhere)
    report(elsewhere)
    come("Elsewhere too", on=SECOND)
    come("Hers")
    tell()
    assert "Elsewhere" not in told(SECOND_AUTHOR)[0]
    deliver(tmp_path)
    change(SECOND_AUTHOR, role, author_id)
    assert tell() == 0
    clock.move(minutes=10)
    assert tell() == 1
    assert "Elsewhere too" in told(SECOND_AUTHOR)[1]
    assert "1 published comment was reported" in told(SECOND_AUTHOR)[1]
    deliver(tmp_path)
    clock.move(minutes=10)
    assert tell() == 0


def test_who_may_decide_under_fewer_articles_is_not_told_twice(
    clock: Clock, tmp_path: Path
) -> None:
    come("One")
    tell()
    deliver(tmp_path)
    change(MODERATOR, "author", AUTHOR_ID)
    clock.move(minutes=10)
    assert tell() == 0


def test_what_is_owed_and_out_of_reach_now_is_not_composed_for_ever(
    clock: Clock, tmp_path: Path
) -> None:
    give_away(SECOND)
    (other,) = come("Not hers", on=SECOND)
    decide(other)
    come("Another one")
    tell()
    deliver(tmp_path)
    change(MODERATOR, "author", AUTHOR_ID)
    undo(AUTHOR)
    clock.move(minutes=10)
    assert tell() == 1
    assert "Not hers" in told()[1]
    deliver(tmp_path)
    assert owed(MODERATOR) == [other]
    composing: list[object] = []
    event.listen(db.writer(), "begin", composing.append)
    assert tell() == 0
    assert composing == []


def test_the_clinic_is_told_too_where_authors_alone_may_moderate() -> None:
    demote(AUTHOR, MODERATOR)
    give_away(SECOND)
    come("Hers")
    come("Nobody's", on=SECOND)
    assert tell() == 2
    (mail,) = told("hello@clinic.example")
    assert ("Hers" in mail, "Nobody's" in mail) == (True, True)
    (mail,) = told(SECOND_AUTHOR)
    assert "Nobody's" not in mail


# Several workers, and workers that die


def test_what_is_decided_about_while_mails_are_composed_is_not_told() -> None:
    begun: list[object] = []

    def meddle(connection: object) -> None:
        begun.append(connection)
        if len(begun) == 3:  # it was found, numbers were waited for, and now it is read
            with db.writer().connect() as other, other.begin():
                exchanged = "CASE state WHEN 'pending' THEN 'rejected' ELSE 'pending' END"
                other.execute(text(f"UPDATE comment SET state = {exchanged}"))

    come("One")
    (two,) = come("Two")
    with db.writing():
        db.session.get_one(Comment, two).state = CommentState.REJECTED
    for engine in db.db.engines.values():
        event.listen(engine, "begin", meddle)
    assert tell() == 0
    assert len(begun) == 4
    assert told() == []
    assert tell() == 3
    (mail,) = told()
    assert "Two" in mail
    assert "One" not in mail


def test_of_two_workers_at_once_one_tells(app: Flask) -> None:
    come("One")
    assert sum(at_once(app, tell, tell, tell)) == 3
    assert [len(told(person)) for person in STAFF] == [1, 1, 1]


DIES = """
import os
from datetime import datetime
from blog import create_app, db
from blog.comments import notices
now = datetime.fromisoformat(os.environ["NOW"])
with create_app(os.environ).app_context():
    ready()
    (first, *_) = notices.composed(now=now)
    with db.writing():
        print(first.queue(now=now), flush=True)
        db.session.flush()
        os._exit(9)
"""


def test_what_a_worker_was_telling_when_it_was_killed_is_told_once(environ: Environ) -> None:
    come("One")
    db.session.rollback()
    killed = processes_at_once(DIES, environ | {"NOW": CLOCK.isoformat()}, 1)
    assert killed == ["True\n"]
    assert told() == []
    assert tell() == 3
    assert len(told()) == 1


@on_postgresql
def test_a_comment_that_is_still_being_stored_is_not_passed_over(clock: Clock) -> None:
    """Numbers are given before rows can be seen, so that a smaller one may come later."""
    with db.writer().connect() as slow, slow.begin():
        slow.execute(text("SELECT nextval('comment_id_seq')"))
        insert = text(
            "INSERT INTO comment (article_id, name, source, html, html_policy, state, reasons,"
            " submission_key, created_at) VALUES (:article, 'Slow', 'Slow words', '<p>Slow words',"
            " 1, 'pending', '[]', 'a key', :now)"
        )
        slow.execute(insert, {"article": article().id, "now": clock.now})
        come("Quick words")
        assert tell() == 0
    assert tell() == 3
    (mail,) = told()
    assert "Slow words" in mail
    assert "Quick words" in mail


# The worker


def test_the_worker_tells_and_delivers(app: Flask, clock: Clock) -> None:
    come("Does it hurt?")
    with MailServer() as server:
        outbox.run_worker(
            app,
            to_port(server.port),
            stop=Rounds(),
            clock=clock,
            chores=[outbox.Chore(notices.tell)],
        )
    assert {mail.recipients[0] for mail in server.received} == {each.email for each in STAFF}
    for mail in server.received:
        assert mail.message["Subject"] == "A comment waits on The Skin Journal"
        part = mail.message.get_body(("plain",))
        assert part
        assert "Does it hurt?" in part.get_content()


def test_mail_arrives_though_none_can_be_composed(
    app: Flask, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    come("One")
    tell()
    come("Two")
    with db.writing():
        db.session.execute(text("ALTER TABLE notice_plan RENAME TO hidden"))
    with MailServer() as server:
        outbox.run_worker(
            app,
            to_port(server.port),
            stop=Rounds(),
            clock=clock,
            chores=[outbox.Chore(notices.tell)],
        )
    assert len(server.received) == 3
    (record,) = caplog.records
    assert record.message.startswith("mail can’t be composed or delivered now:")


@pytest.fixture
def statements(app: Flask) -> "Callable[[], list[str]]":
    """What a round asks the database."""

    def look() -> list[str]:
        found: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            found.append(statement)

        event.listen(db.db.engine, "before_cursor_execute", note)
        assert tell() == 0
        event.remove(db.db.engine, "before_cursor_execute", note)
        return [each for each in found if each.startswith(("SELECT", "UPDATE", "INSERT", "LOCK"))]

    return look


def test_a_round_with_nothing_to_tell_is_a_few_reads(
    statements: Callable[[], list[str]], tmp_path: Path
) -> None:
    come("One")
    tell()
    deliver(tmp_path)
    asked = statements()
    assert len(asked) == 6
    assert all(each.startswith("SELECT") for each in asked)


def test_an_author_under_whose_articles_nothing_waits_costs_a_few_reads(
    clock: Clock, statements: Callable[[], list[str]], tmp_path: Path
) -> None:
    give_away(SECOND)
    come("One", on=SECOND)
    tell()
    deliver(tmp_path)
    clock.move(minutes=10)
    asked = statements()
    assert len(asked) == 7
    assert all(each.startswith("SELECT") for each in asked)


def test_the_journal_says_nothing_of_mails() -> None:
    come("One")
    tell()
    assert journal.recent() == []


def test_no_mail_holds_the_same_link_as_another() -> None:
    come("One", "Two")
    tell()
    links = [link for person in STAFF for link in re.findall(r"token=(\S+)", told(person)[0])]
    assert len(set(links)) == len(links) == 6


def test_a_comment_of_long_ago_is_told_though_a_clock_goes_wrong(
    clock: Clock, tmp_path: Path
) -> None:
    come("One")
    tell()
    deliver(tmp_path)
    clock.now = CLOCK - timedelta(hours=1)
    come("Two")
    assert tell() == 0
    clock.now = CLOCK + timedelta(minutes=10)
    assert tell() == 3
