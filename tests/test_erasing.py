"""Erasing one person's data: nothing is left of it, threads stay readable, and a receipt tells so."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select, text, update

from blog import accounts, comments, db, journal, outbox, revision
from blog.comments import (
    Comment,
    CommentState,
    fulltext,
    learning,
    notices,
    rules,
    unwanted,
)
from blog.comments.learning import CommentLesson
from blog.comments.rules import RuleKind
from blog.comments.traces import CommentTrace
from blog.enquiries import Enquiry
from blog.errors import Conflict
from blog.outbox import MailState, OutgoingMail, bounced
from blog.privacy import erasing, finding, receipts, requests
from blog.privacy.receipts import ErasureReceipt
from blog.spam import Answer
from tests.cast import ARTICLE, AUTHOR, Clock, Visitor, at_once
from tests.test_telling import ADDRESS, TEN, answer, compose, decide, follow, write

MakeApp = Callable[..., Flask]
OTHER = "pieter@reader.example"
# What nobody else in these tests ever writes.
SIGN = "unmistakable"


def erase(app: Flask, email: str = ADDRESS) -> dict[str, Any]:
    """Erase what is kept under an address; gives what the receipt says."""
    with app.app_context():
        with db.writing():
            reference = erasing.begin(email, now=db.utc_now()).reference
        assert erasing.go_on(reference, now=db.utc_now())
        found = receipts.by_reference(reference)
        assert found
        return found.told()


def plan(app: Flask, email: str = ADDRESS) -> erasing.Plan:
    with app.app_context():
        return erasing.plan(email)


def everything(app: Flask) -> str:
    """All that stands in the database, as text."""
    with app.app_context():
        names = sorted(inspect(db.db.engine).get_table_names())
        rows = (db.session.execute(text(f'SELECT * FROM "{name}"')).all() for name in names)
        return "\n".join(f"{name}: {found}" for name, found in zip(names, rows, strict=True))


def say_a_lot(clock: Clock, app: Flask, reader: Visitor, stranger: Visitor) -> tuple[int, int]:
    """Let somebody do all that one can do under an address; gives two comments, one answered."""
    answered = follow(app, clock, reader, body=f"{SIGN} question", name=SIGN)
    decide(app, answer(stranger, answered, "Six weeks.", email=OTHER))
    clock.move(**TEN)
    compose(app)
    alone = write(reader, f"{SIGN} words", name=SIGN, email=ADDRESS)
    assert reader.enquire(f"{SIGN} enquiry", name=SIGN, email=ADDRESS.upper()).status_code == 303
    report = f"/articles/{ARTICLE}/comments/{answered}/report"
    assert (
        stranger.post(
            report, stranger.form(report, report) | {"reason": "rude", "details": SIGN}
        ).status_code
        == 303
    )
    with app.app_context():
        notices.tell(clock.now)
        with db.writing():
            requests.ask(ADDRESS, now=clock.now)
            db.session.execute(update(OutgoingMail).values(state=MailState.SENT))
            bounced.note(ADDRESS, is_hard=False, words=f"{ADDRESS} is full", now=clock.now)
        requests.answer(clock.now)
    return answered, alone


def test_nothing_of_a_person_is_left_in_any_table(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    answered, alone = say_a_lot(clock, app, reader, stranger)
    assert everything(app).count(SIGN) > 8
    assert everything(app).lower().count(ADDRESS) > 5
    found = plan(app)
    assert found.counts == {
        "comments": 2,
        "wishes to be told of replies": 1,
        "enquiries": 1,
        "mails": 3,
        "browsers": 1,
        "confirmations of the address": 1,
        "notes that mail came back": 1,
    }
    assert found.stays == []
    told = erase(app)
    assert told["counts"] == {
        "comments emptied": 1,
        "comments deleted": 1,
        "wishes to be told of replies": 1,
        "enquiries": 1,
        "mails": 3,
        "browsers": 1,
        "confirmations of the address": 1,
        "notes that mail came back": 1,
    }
    left = everything(app).lower()
    assert SIGN not in left
    assert ADDRESS not in left
    assert plan(app).counts == {}
    with app.app_context():
        assert not finding.is_anything(ADDRESS)
        kept = db.session.get_one(Comment, answered)
        assert (kept.state, kept.name, kept.source, kept.html) == ("withdrawn", "", "", "")
        assert (kept.email, kept.reader_hash, kept.trusted_reader_id) == (None, None, None)
        assert db.session.get(Comment, alone) is None
        assert db.session.query(Comment).count() == 2
        assert [each.comment_id for each in db.session.query(CommentTrace)] == [answered + 1]
        assert fulltext.whole([SIGN], limit=9) == []


def test_the_thread_stays_readable_and_readers_see_it_at_once(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    say_a_lot(clock, app, reader, stranger)
    path = f"/articles/{ARTICLE}"
    assert f"{SIGN} question" in stranger.get(path).text
    with app.app_context():
        before = revision.current(db.session)
    erase(app)
    with app.app_context():
        assert revision.current(db.session) > before
    page = stranger.get(path).text
    assert "This comment was withdrawn by its writer." in page
    assert "Six weeks." in page
    assert "1 comment" in page
    assert SIGN not in page
    assert SIGN not in stranger.get(f"{path}/comments/feed.xml").text


def test_the_journal_keeps_the_acts_without_the_data(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    answered, _ = say_a_lot(clock, app, reader, stranger)
    told = erase(app)
    with app.app_context():
        verbs = [line.verb for line in journal.about("comment", [str(answered)])]
        assert verbs == ["approved", "withdrew"]
        (line,) = journal.about("receipt", [told["reference"]])
        assert (line.verb, line.actor, line.at) == (erasing.ERASED, None, clock.now)


def test_what_her_words_taught_about_spam_is_taken_back(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    with app.app_context():
        before = [each for each in learning.export() if each["seen"]]
    decide(app, write(reader, f"{SIGN} words", email=ADDRESS), verb=Comment.mark_spam)
    erase(app)
    with app.app_context():
        assert [each for each in learning.export() if each["seen"]] == before
        assert db.session.query(CommentLesson).count() == 0


def test_what_others_said_stays_theirs(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    say_a_lot(clock, app, reader, stranger)
    theirs = write(stranger, "Mine", email=OTHER)
    assert stranger.enquire("Also mine", email=OTHER).status_code == 303
    erase(app)
    with app.app_context():
        assert comments.by_id(theirs)
        assert [each.message for each in db.session.query(Enquiry)] == ["Also mine"]
        assert outbox.last_of_kind("enquiry", "hello@clinic.example")
        # A mail that tells of others' comments too is emptied, and goes no second time.
        mail = outbox.last_of_kind(notices.MAIL, AUTHOR.email)
        assert mail
        assert (mail.text, mail.html) == ("", "")


def test_all_of_a_conversation_with_oneself_goes_and_an_edit_with_its_comment(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    root = write(reader, "One", email=ADDRESS)
    decide(app, root)
    reply = write(reader, "Two", email=ADDRESS, parent=str(root))
    decide(app, reply)
    edit = f"/articles/{ARTICLE}/comments/{root}/edit"
    assert reader.post(edit, reader.form(edit, edit) | {"body": "Three"}).status_code == 303
    assert plan(app).counts["comments"] == 2
    assert erase(app)["counts"] == {"comments deleted": 2}
    with app.app_context():
        assert db.session.query(Comment).count() == 0


def test_a_comment_amid_a_conversation_of_others_leaves_a_line_there(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    root = write(stranger, "Does it hurt?")
    decide(app, root)
    middle = write(reader, "A little.", email=ADDRESS, parent=str(root))
    decide(app, middle)
    last = answer(stranger, middle, "Thank you.")
    decide(app, last)
    assert erase(app)["counts"] == {"comments emptied": 1}
    page = stranger.get(f"/articles/{ARTICLE}").text
    assert (
        page.index("Does it hurt?")
        < page.index("withdrawn by its writer")
        < page.index("Thank you.")
    )


def test_an_edit_alone_carries_the_address_and_goes(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    write(reader, "Zero", email=ADDRESS)
    number = write(reader, "One", email=ADDRESS)
    decide(app, number)
    edit = f"/articles/{ARTICLE}/comments/{number}/edit"
    assert reader.post(edit, reader.form(edit, edit) | {"body": "Two"}).status_code == 303
    with app.app_context(), db.writing():
        db.session.get_one(Comment, number).email = OTHER
    assert erase(app)["counts"] == {"comments deleted": 1}
    with app.app_context():
        (left,) = db.session.query(Comment)
        assert (left.id, left.source, left.state) == (number, "One", "approved")


def test_comments_without_an_address_from_a_browser_that_confirmed_it_are_hers(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    follow(app, clock, reader)
    nameless = write(reader, "Without an address")
    other = write(reader, "With my sister’s", email=OTHER)
    assert erase(app)["counts"]["comments deleted"] == 2
    with app.app_context():
        assert db.session.get(Comment, nameless) is None
        left = db.session.get_one(Comment, other)
        # Whose it is stays, but not that it came from her browser.
        assert (left.email, left.trusted_reader_id) == (OTHER, None)


def test_an_address_is_known_in_each_of_its_spellings(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, "One", email="Anna@BÜCHER.example")
    with app.app_context(), db.writing():
        db.session.query(Comment).one().email = "anna@xn--bcher-kva.example"
    write(reader, "Two", email="Anna@bücher.example")
    with app.app_context(), db.writing():
        requests.ask("anna@bücher.example", now=clock.now)
    with app.app_context():
        assert requests.answer(clock.now) == 1
    assert plan(app, "ANNA@bücher.example").counts == {"comments": 2, "mails": 1}
    assert erase(app, "anna@bücher.example")["counts"] == {"comments deleted": 2, "mails": 1}
    assert "cher" not in everything(app).partition("data_request:")[2].partition("\n")[0]


def test_who_is_told_never_to_be_written_to_stays_so(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    with app.app_context(), db.writing():
        unwanted.add(unwanted.hash_of(ADDRESS))
    assert "scrambled form" in plan(app).stays[0]
    erase(app)
    with app.app_context():
        assert unwanted.is_at(ADDRESS)


def test_a_rule_that_names_the_address_is_told_of_and_stays(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    with app.app_context(), db.writing():
        by = db.session.get_one(accounts.User, 1)
        db.session.add(
            rules.CommentRule(
                kind=RuleKind.ADDRESS,
                pattern=ADDRESS,
                answer=Answer.HOLD,
                note="",
                created_at=clock.now,
                created_by=by,
            )
        )
    assert "A rule of the clinic names this address" in plan(app).stays[0]


@pytest.mark.parametrize(
    ("email", "words"),
    [(AUTHOR.email, "an account"), ("Hello@clinic.example", "the clinic’s own address")],
)
def test_an_account_and_the_clinics_own_mail_are_left_alone(
    clock: Clock, app: Flask, reader: Visitor, email: str, words: str
) -> None:
    write(reader, "As a reader", email=email)
    assert reader.enquire("Of another", email=OTHER).status_code == 303
    with app.app_context():
        notices.tell(clock.now)
        before = db.session.query(OutgoingMail).count()
    found = plan(app, email)
    assert words in found.stays[0]
    assert found.counts == {"comments": 1}
    assert erase(app, email)["counts"] == {"comments deleted": 1}
    with app.app_context():
        assert db.session.query(OutgoingMail).count() == before
        assert db.session.query(Enquiry).count() == 1
        assert len(db.session.query(accounts.User).all()) == 3


def test_the_address_of_topics_mail_keeps_the_mails_of_others_enquiries(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    assert reader.enquire("Of another", email=OTHER).status_code == 303
    with app.app_context(), db.writing():
        db.session.execute(update(OutgoingMail).values(recipient=ADDRESS))
    assert plan(app).counts == {}
    assert erase(app)["counts"] == {}
    with app.app_context():
        assert db.session.query(OutgoingMail).count() == 1


def test_nothing_kept_leaves_a_receipt_all_the_same(clock: Clock, app: Flask) -> None:
    told = erase(app, "nobody@reader.example")
    assert (told["counts"], told["finished_at"]) == ({}, clock.now)


# Receipts


def test_a_receipt_tells_what_was_written_before_it_from_what_came_later(
    clock: Clock, app: Flask
) -> None:
    erase(app)
    first = clock.now
    erase(app, "anna@bücher.example")
    clock.move(days=1)
    erase(app)
    with app.app_context():
        is_erased = receipts.erased()
        assert is_erased("anna@xn--bcher-kva.example", first)
        assert not is_erased("no address", first)
        assert is_erased(ADDRESS.upper(), first)
        assert is_erased(ADDRESS, clock.now)
        assert not is_erased(ADDRESS, clock.now + timedelta(seconds=1))
        assert not is_erased(OTHER, first)


def test_a_receipt_can_be_shown_again_and_holds_nothing_of_anybody(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, f"{SIGN} words", email=ADDRESS)
    told = erase(app)
    with app.app_context():
        shown = receipts.by_reference(f" {told['reference'].lower()} ")
        assert shown
        assert shown.told() == told
        assert (shown.email, len(shown.address_hash)) == (None, 32)
        assert [each.reference for each in receipts.named(ADDRESS.upper())] == [told["reference"]]
        assert receipts.named("other@reader.example") == []
        assert [each.reference for each in receipts.named(told["reference"])] == [told["reference"]]


# In steps


def test_an_erasure_that_was_cut_off_is_finished_by_the_worker(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    for number in range(3):
        write(reader, f"Words {number}", email=ADDRESS)
    with app.app_context():
        with db.writing():
            reference = erasing.begin(ADDRESS, now=clock.now).reference
        assert not erasing.go_on(reference, now=clock.now, seconds=0)
        assert receipts.unfinished() == [reference]
        assert db.session.query(Comment).count() == 2
        # Who asks again gets the same receipt.
        with db.writing():
            assert erasing.begin(ADDRESS, now=clock.now).reference == reference
        erasing.finish_left(clock.now, seconds=60)
        assert receipts.unfinished() == []
        found = receipts.by_reference(reference)
        assert found
        assert found.counts == {"comments deleted": 3}
        # Once done it stays done.
        assert erasing.go_on(reference, now=clock.now)
        erasing.finish_left(clock.now, seconds=60)


def test_the_worker_takes_short_turns(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    for number in range(2):
        write(reader, f"Words {number}", email=ADDRESS)
    with app.app_context():
        with db.writing():
            erasing.begin(ADDRESS, now=clock.now)
        erasing.finish_left(clock.now, seconds=0)
        assert db.session.query(Comment).count() == 1


def test_two_at_one_moment_erase_once(clock: Clock, app: Flask, reader: Visitor) -> None:
    for number in range(4):
        write(reader, f"Words {number}", email=ADDRESS)
    done = at_once(app, *[lambda: erase(app)] * 2)
    assert len({each["reference"] for each in done}) in (1, 2)
    with app.app_context():
        assert db.session.query(Comment).count() == 0
        counts = [each.counts for each in db.session.query(ErasureReceipt) if each.counts]
        assert counts == [{"comments deleted": 4}]


def test_an_erasure_waits_until_an_import_is_done(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    number = write(reader, email=ADDRESS)
    with app.app_context():
        with db.writing():
            reference = erasing.begin(ADDRESS, now=clock.now).reference
            db.session.get_one(Comment, number).state = CommentState.IMPORTING
        with pytest.raises(Conflict, match="being brought here"), db.writing():
            erasing.begin(ADDRESS, now=clock.now)
        erasing.finish_left(clock.now, seconds=60)
        assert receipts.unfinished() == [reference]
        with db.writing():
            db.session.get_one(Comment, number).state = CommentState.PENDING
        erasing.finish_left(clock.now, seconds=60)
        assert receipts.unfinished() == []


def test_an_erasure_costs_no_more_on_a_large_site(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    """Her comments are found by an index, and so is what answers them."""
    with app.app_context():
        if db.db.engine.dialect.name != "sqlite":
            return
        query = finding.comments(ADDRESS).compile(
            db.db.engine, compile_kwargs={"literal_binds": True}
        )
        found = db.session.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()
        assert not [row.detail for row in found if row.detail.startswith("SCAN comment")]


def test_a_mail_that_waits_says_nothing_any_more_of_what_was_erased(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, f"{SIGN} words", name=SIGN, email=ADDRESS)
    with app.app_context():
        notices.tell(db.utc_now())
        kinds = {mail.kind for mail in outbox.recent(MailState.QUEUED)}
        assert kinds == {notices.MAIL}
    erase(app)
    assert SIGN not in everything(app)
    with app.app_context():
        waiting = db.session.execute(select(OutgoingMail.text)).scalars().all()
        assert all("was erased" in words for words in waiting)


def test_an_emptied_mail_is_not_sent_once_more(clock: Clock, app: Flask, reader: Visitor) -> None:
    write(reader, f"{SIGN} words", name=SIGN, email=ADDRESS)
    with app.app_context():
        notices.tell(db.utc_now())
        with db.writing():
            for mail in outbox.recent():
                mail.settle(outbox.Answer(outbox.Outcome.REFUSED, "550 no"), now=db.utc_now())
    erase(app)
    with app.app_context(), db.writing():
        assert outbox.retry_all(now=db.utc_now()) == 0


def test_what_moderators_were_mailed_is_no_data_of_theirs(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, f"{SIGN} words", name=SIGN, email=OTHER)
    with app.app_context():
        notices.tell(db.utc_now())
        with db.writing():
            accounts.by_email(AUTHOR.email).email = "sandra@elsewhere.example"  # type: ignore[union-attr]  # she is there
        mails = db.session.execute(finding.mails(AUTHOR.email)).all()
    assert mails == []
