"""What is forgotten when: by the settings, in small steps, and with nothing left beside it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from blog import config, db, journal, outbox
from blog.comments import Comment, fulltext, learning, trust
from blog.comments.following import Following
from blog.comments.learning import CommentLesson
from blog.comments.reports import CommentReport
from blog.comments.traces import CommentTrace
from blog.comments.trust import TrustedReader
from blog.enquiries import Enquiry
from blog.outbox import MailState, OutgoingMail, bounced
from blog.privacy import retention
from tests.cast import ARTICLE, CLOCK, Clock, Visitor, at_once
from tests.test_telling import ADDRESS, answer, decide, wish, write

MakeApp = Callable[..., Flask]
DAY = timedelta(days=1)


def tidy(app: Flask, clock: Clock) -> dict[str, int]:
    """A round of the worker's; gives what went, by its kind."""
    with app.app_context():
        counts = retention.tidy(clock.now, seconds=60)
    return {kind: count for kind, count in counts.items() if count}


def over(app: Flask, clock: Clock) -> dict[str, int]:
    with app.app_context():
        return {kind: count for kind, count in retention.over(now=clock.now).items() if count}


def states(app: Flask) -> dict[int, tuple[str, str]]:
    with app.app_context():
        rows = db.session.execute(select(Comment.id, Comment.state, Comment.source))
        return {number: (str(state), source) for number, state, source in rows}


def rows_of(app: Flask, *models: Any) -> list[int]:
    """How many rows each table has."""
    with app.app_context():
        return [db.session.query(model).count() for model in models]


@pytest.mark.parametrize(
    ("verb", "days", "kind"),
    [(Comment.mark_spam, 30, "spam comments"), (Comment.reject, 90, "rejected comments")],
)
def test_what_was_turned_down_is_deleted_once_its_time_is_over(
    clock: Clock, app: Flask, reader: Visitor, verb: Callable[..., bool], days: int, kind: str
) -> None:
    first, kept = wish(reader, "Buy retinol"), write(reader, "Thank you.")
    decide(app, first, verb=verb)
    decide(app, kept)
    clock.move(days=days, seconds=-1)
    assert (over(app, clock).get(kind), tidy(app, clock).get(kind)) == (None, None)
    clock.move(seconds=1)
    assert over(app, clock)[kind] == 1
    # A dry run leaves it where it is.
    assert over(app, clock)[kind] == 1
    assert tidy(app, clock)[kind] == 1
    assert states(app) == {kept: ("approved", "Thank you.")}
    assert rows_of(app, Following, CommentTrace) == [0, 1]
    with app.app_context():
        assert [int(each.thing_id) for each in journal.about("comment", [str(first)])] == [first]
        assert fulltext.whole(["retinol"], limit=9) == []
        assert fulltext.whole(["thank"], limit=9) == [kept]
    assert tidy(app, clock) == {}


def test_what_spam_taught_stays_when_it_is_deleted(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    decide(app, write(reader, "Buy retinol"), verb=Comment.mark_spam)
    with app.app_context():
        before = learning.export()
    clock.move(days=31)
    assert tidy(app, clock) == {"spam comments": 1}
    with app.app_context():
        assert learning.export() == before
        assert learning.summary().spam == 1
    assert rows_of(app, CommentLesson) == [1]


def test_a_comment_that_was_answered_is_emptied_and_its_thread_stays(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    root = write(reader, "A rude word", email=ADDRESS)
    decide(app, root)
    middle = write(reader, "Another one", parent=str(root))
    decide(app, middle)
    leaf = answer(stranger, middle, "Please be kind.")
    decide(app, leaf)
    decide(app, root, middle, verb=Comment.reject)
    with app.app_context(), db.writing():
        said = {"reason": "rude", "details": "", "at": clock.now}
        db.session.add(CommentReport(comment_id=root, **said))
    clock.move(days=91)
    assert tidy(app, clock) == {"rejected comments": 2}
    found = states(app)
    assert [found[each] for each in (root, middle, leaf)] == [
        ("rejected", ""),
        ("rejected", ""),
        ("approved", "Please be kind."),
    ]
    with app.app_context():
        row = db.session.get_one(Comment, root)
        assert (row.name, row.email, row.html, row.reader_hash, row.reasons) == (
            "",
            None,
            "",
            None,
            [],
        )
        assert row.decided_at == CLOCK
    assert rows_of(app, CommentReport, CommentTrace) == [0, 1]
    page = stranger.get(f"/articles/{ARTICLE}").text
    assert "This comment was removed." in page
    assert "Please be kind." in page
    assert tidy(app, clock) == {}


def test_edits_go_with_their_comment_and_one_that_was_turned_down_by_itself(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    both = [write(reader, each) for each in ("One", "Two")]
    decide(app, *both)
    for number in both:
        edit = f"/articles/{ARTICLE}/comments/{number}/edit"
        assert reader.post(edit, reader.form(edit, edit) | {"body": "New"}).status_code == 303
    with app.app_context():
        edits = db.session.execute(select(Comment.id).where(Comment.edit_of_id.is_not(None)))
        numbers = edits.scalars().all()
    assert len(numbers) == 2
    decide(app, *numbers, verb=Comment.reject)
    clock.move(days=80)
    decide(app, both[0], verb=Comment.mark_spam)
    clock.move(days=11)
    assert tidy(app, clock) == {"rejected comments": 2}
    clock.move(days=20)
    assert tidy(app, clock) == {"spam comments": 1}
    assert states(app) == {both[1]: ("approved", "Two")}


def test_an_edit_still_there_goes_with_its_comment(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    number = write(reader, "One")
    decide(app, number)
    edit = f"/articles/{ARTICLE}/comments/{number}/edit"
    assert reader.post(edit, reader.form(edit, edit) | {"body": "New"}).status_code == 303
    decide(app, number, verb=Comment.mark_spam)
    clock.move(days=30)
    assert tidy(app, clock) == {"spam comments": 1}
    assert states(app) == {}


def test_a_rejection_speaks_against_its_writer_though_the_comment_is_gone(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    number = write(reader, "Buy", email=ADDRESS)
    with app.app_context(), db.writing():
        known = TrustedReader(email=ADDRESS, asked_at=clock.now, confirmed_at=clock.now)
        db.session.add(known)
        db.session.flush()
        db.session.get_one(Comment, number).trusted_reader_id = known.id
    decide(app, number, verb=Comment.mark_spam)
    clock.move(days=30)
    assert tidy(app, clock) == {"spam comments": 1}
    with app.app_context():
        found = db.session.query(TrustedReader).one()
        assert found.rejected_at == CLOCK
        who = trust.Holder(found.id, ADDRESS, CLOCK)
        assert trust.standing(who, now=clock.now).rejected_lately == 1


def test_enquiries_are_kept_a_year_and_suspected_ones_as_long_as_spam(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    assert reader.enquire("May I book?").status_code == 303
    assert reader.enquire("Buy now", note="trapped").status_code == 303
    clock.move(days=29)
    assert tidy(app, clock) == {}
    clock.move(days=1)
    assert tidy(app, clock) == {"enquiries taken for spam": 1}
    clock.move(days=335)
    assert "enquiries" not in tidy(app, clock)
    clock.move(days=1)
    assert tidy(app, clock)["enquiries"] == 1
    # The mails that told of them held the same words.
    assert rows_of(app, Enquiry, OutgoingMail) == [0, 0]


def test_an_enquiry_that_turns_out_genuine_at_that_moment_is_kept(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    assert reader.enquire("Buy now", note="trapped").status_code == 303
    clock.move(days=30)
    with app.app_context():
        rule = retention.rules(now=clock.now)["enquiries taken for spam"]
        ids = db.session.execute(rule.over).scalars().all()
        with db.writing():
            db.session.execute(update(Enquiry).values(is_suspected=False))
        rule.forget(ids)
    assert len(ids) == 1
    assert rows_of(app, Enquiry) == [1]


def test_the_text_of_old_mail_is_emptied_and_what_waits_is_left(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    for body in ("One", "Two"):
        assert reader.enquire(body).status_code == 303
    with app.app_context(), db.writing():
        first = db.session.execute(select(OutgoingMail.id).limit(1)).scalar_one()
        sent = update(OutgoingMail).where(OutgoingMail.id == first)
        db.session.execute(sent.values(state=MailState.SENT))
    clock.move(days=90)
    assert tidy(app, clock) == {"texts of mails": 1}
    with app.app_context():
        texts = {mail.id: mail.text + mail.html for mail in outbox.recent()}
    assert [bool(text) for _, text in sorted(texts.items())] == [False, True]
    assert tidy(app, clock) == {}


def test_what_nobody_confirmed_is_forgotten_as_the_site_is_set(
    clock: Clock, make_app: MakeApp
) -> None:
    app = make_app(keep_unconfirmed_days="3")
    wish(Visitor(app))
    with app.app_context(), db.writing():
        trust.ask(ADDRESS, now=clock.now)
    decide(app, 1)
    clock.move(days=2)
    assert tidy(app, clock) == {}
    clock.move(days=1)
    assert over(app, clock) == {"wishes nobody confirmed": 1, "addresses nobody confirmed": 1}
    assert tidy(app, clock) == {"wishes nobody confirmed": 1, "addresses nobody confirmed": 1}
    assert rows_of(app, Following, TrustedReader) == [0, 0]


def test_zero_keeps_for_ever(clock: Clock, make_app: MakeApp) -> None:
    never = ("keep_rejected_days", "keep_mail_days", "keep_enquiries_months")
    app = make_app(**dict.fromkeys(never, "0"))
    visitor = Visitor(app)
    decide(app, write(visitor), verb=Comment.reject)
    assert visitor.enquire().status_code == 303
    clock.move(days=3_000)
    with app.app_context():
        kinds = set(retention.over(now=clock.now))
        assert kinds.isdisjoint({"rejected comments", "enquiries", "texts of mails"})
        assert config.current().keep_spam_days == 30
    assert tidy(app, clock) == {}


def test_a_long_round_ends_in_time_and_the_rest_goes_with_the_next(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    decide(app, *(write(reader, f"Buy {number}") for number in range(3)), verb=Comment.mark_spam)
    clock.move(days=30)
    with app.app_context():
        assert retention.tidy(clock.now, seconds=0)["spam comments"] == 1
        assert retention.tidy_all(clock.now)["spam comments"] == 2
    assert states(app) == {}


def test_who_decides_otherwise_at_that_moment_keeps_the_comment(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    number = write(reader)
    decide(app, number)
    with app.app_context():
        retention.forget_comments([number, number + 1])
    assert states(app)[number][0] == "approved"


def test_two_workers_forget_once_and_one_that_finds_others_writing_comes_back(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(app, *(write(reader, f"Buy {number}") for number in range(4)), verb=Comment.mark_spam)
    clock.move(days=30)
    assert [type(each) for each in at_once(app, *[lambda: retention.tidy(clock.now)] * 2)] == [
        dict
    ] * 2
    assert states(app) == {}
    decide(app, write(reader, "Buy more"), verb=Comment.mark_spam)
    clock.move(days=30)
    monkeypatch.setattr(db, "WRITE_WAIT_SECONDS", 0.05)

    def meanwhile() -> dict[str, int]:
        with app.app_context():
            return retention.tidy(clock.now)

    with app.app_context(), db.writing():
        db.session.execute(update(Comment).values(told_at=None))
        (blocked,) = at_once(app, meanwhile)
    assert sum(blocked.values()) == 0
    assert tidy(app, clock) == {"spam comments": 1}


def test_what_came_back_softly_is_forgotten_and_a_stop_is_not(clock: Clock, app: Flask) -> None:
    with app.app_context(), db.writing():
        bounced.note("full@reader.example", is_hard=False, words="452 full", now=clock.now)
        bounced.note("gone@reader.example", is_hard=True, words="550 gone", now=clock.now)
    clock.move(days=30)
    assert tidy(app, clock) == {"addresses that mail came back from": 1}
    with app.app_context():
        assert [row.address for row in outbox.stopped(limit=9)] == ["gone@reader.example"]
    assert tidy(app, clock) == {}
