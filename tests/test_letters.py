"""What a mail to a moderator says, and what it never holds."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from blog import accounts, articles, comments, db, outbox
from blog.comments import Comment, CommentState, arrival, letters
from blog.comments.letters import Letter
from blog.enquiries import arrival as enquiring
from blog.enquiries.arrival import Message
from blog.outbox import Answer, MailState, Outcome
from blog.outbox.checks import BODY_MAX_BYTES
from blog.spam import Answer as Wants
from blog.spam import Reason, Tone, Verdict
from tests.cast import AUTHOR, CLOCK, MODERATOR, WAITS, Clock, Person, arrived, article

pytestmark = pytest.mark.usefixtures("clock", "at_work")

SINCE = CLOCK - timedelta(hours=1)
FINE = Verdict(())
SPAM = Verdict((Reason("rule", "“casino”", Tone.BAD, Wants.SPAM),))


def come(body: str, *, verdict: Verdict = WAITS, **drafted: Any) -> Comment:
    draft = comments.compose(article(), name="Nomsa", body=body, parent_id=None)
    draft = replace(draft, **drafted)
    with db.writing():
        came = arrival.submit(arrived(draft, verdict=verdict, client=body[:30]), now=db.utc_now())
    found = comments.by_id(came)
    assert found
    return found


def write(*new: Comment, reported: int = 0, to: Person | None = AUTHOR) -> Letter:
    user = accounts.by_email(to.email) if to else None
    return letters.write(new, reported=reported, to=user, since=SINCE, now=db.utc_now())


def lines(letter: Letter) -> list[str]:
    """What came, was held and was sent."""
    return re.findall(r"^\* (.*)$", letter.text.rpartition("Since")[2], re.M)


def enquire(message: str) -> None:
    sent = Message(
        name="Lerato", email="lerato@reader.example", message=message, consent="You may answer."
    )
    with db.writing():
        enquiring.submit(
            sent, site=articles.site(), verdict=FINE, address_hash="client", now=db.utc_now()
        )


def settle(outcome: Outcome) -> None:
    """Let the newest mail that waits have an attempt."""
    with db.writing():
        mail = outbox.recent(MailState.QUEUED)[0]
        mail.settle(Answer(outcome, "said so"), now=db.utc_now())


# The comments


def test_of_many_reasons_the_first_ten_are_shown() -> None:
    reasons = tuple(Reason("rule", f"reason {at}!", Tone.BAD, Wants.HOLD) for at in range(12))
    shown = write(come("Does it hurt?", verdict=Verdict(reasons))).text
    assert [f"reason {at}!" in shown for at in range(12)] == [True] * 10 + [False] * 2


def test_each_comment_is_told_with_all_that_helps_to_decide() -> None:
    first = come("What **was** it like?", verdict=FINE)
    held = Verdict((Reason("links", "1 link", Tone.BAD, Wants.HOLD), Reason("first", "first one")))
    letter = write(come("It didn't hurt.", verdict=held, parent_id=first.id))
    for body in (letter.text, unescape(letter.html)):
        assert "Nomsa" in body
        assert "4 May 2026, 11:30" in body
        assert "Mesotherapy or microneedling: what sets them apart?" in body
        assert "n reply to Nomsa: What was it like?" in body
        assert "It didn't hurt." in body
        assert "1 link" in body
        assert "first one" in body
        assert "http://127.0.0.1:8000/admin/decision?token=" in body


def test_a_comment_on_an_article_that_is_gone_names_its_file() -> None:
    assert "on “gone-for-good”" in write(come("Hello", article_id="gone-for-good")).text


@pytest.mark.parametrize(
    ("count", "subject"),
    [
        (0, "No new comment waits on The Skin Journal"),
        (1, "A comment waits on The Skin Journal"),
        (2, "2 comments wait on The Skin Journal"),
        (20, "Many comments wait on The Skin Journal"),
    ],
)
def test_the_subject_says_how_many_and_no_word_of_a_visitor(count: int, subject: str) -> None:
    assert write(*[come(f"Words {number}") for number in range(count)]).subject == subject


@pytest.mark.parametrize(
    ("reported", "subject", "said"),
    [
        (1, "1 comment was reported on", "1 published comment was reported by readers"),
        (3, "3 comments were reported on", "3 published comments were reported by readers"),
    ],
)
def test_what_readers_reported_is_a_line_and_the_subject_where_nothing_else_is_new(
    reported: int, subject: str, said: str
) -> None:
    letter = write(reported=reported)
    assert letter.subject == f"{subject} The Skin Journal"
    link = "http://127.0.0.1:8000/admin/comments?state=reported"
    assert letter.text.startswith(f"No comment waits.\n\n{said}: {link}\n\n\n-----")
    assert "<h1>No comment waits</h1>" in letter.html
    assert said in re.sub("<[^>]+>", "", letter.html)
    assert f'href="{link}"' in letter.html
    assert write(come("One"), reported=reported).subject.startswith("A comment waits on")
    assert "reported" not in write().text + write().html


def test_what_one_mail_does_not_show_is_in_the_queue() -> None:
    shown = [come(f"Words {number}") for number in range(4)]
    assert "4 comments wait for review." in write(*shown).text
    assert "more in the queue" not in write(*shown).text
    letter = write(*shown[:3])
    assert "And 1 more in the queue: http://127.0.0.1:8000/admin/comments\n" in letter.text
    assert "And 1 more in the queue" in letter.html
    assert "To the queue: http://127.0.0.1:8000/admin/comments\n" in write().text


def test_a_long_comment_is_cut_at_a_word() -> None:
    text = write(come("word " * 900)).text
    assert "word…" in text.replace("\n", "")
    assert len(text) < 2_500


def test_as_many_comments_are_shown_as_a_mail_can_hold() -> None:
    worst = Verdict(tuple(Reason(f"r{n}", '"' * 200, Tone.BAD, Wants.HOLD) for n in range(60)))
    new = [come(f"{n} " + '"' * 4_000, verdict=worst) for n in range(20)]
    letter = write(*new)
    assert max(len(letter.html.encode()), len(letter.text.encode())) <= BODY_MAX_BYTES
    shown = letter.text.count("Decide: ")
    assert 1 <= shown < 20
    assert f"And {20 - shown} more in the queue" in letter.text


def test_without_an_account_the_links_ask_to_sign_in() -> None:
    comment = come("Hello")
    letter = write(comment, to=None)
    assert f"Decide: http://127.0.0.1:8000/admin/comments/{comment.id}\n" in letter.text
    assert "token=" not in letter.text + letter.html
    assert "no account" in letter.text


# What a visitor wrote is text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://evil.example/x?y=1", "see https: //evil .example/x?y=1"),
        ("evil.com and www.evil.co.za", "evil .com and www .evil .co .za"),
        ("http://10.0.0.1/", "http: //10 .0 .0.1/"),
        ("write to a@evil.com", "write to a@evil .com"),
        ("xn--e1awd7f.xn--p1ai", "xn--e1awd7f .xn--p1ai"),
        ("кто.рф", "кто .рф"),
        ("Well. It cost 3.50, i.e. little.", "Well. It cost 3.50, i.e. little."),
    ],
)
def test_no_mail_program_finds_a_link_in_a_visitors_words(text: str, shown: str) -> None:
    assert letters.unlinked(text) == shown


def test_a_hostile_comment_is_text_in_both_bodies() -> None:
    parent = come(
        "<img src=x onerror=alert(1)> https://evil.example", verdict=FINE, name="evil.com"
    )
    held = Verdict((Reason("rule", "links to evil.example <b>", Tone.BAD, Wants.HOLD),))
    hostile = (
        "<script>alert(1)</script> [now](https://evil.example) ![x](https://evil.example/x.png)"
    )
    comment = come(hostile, verdict=held, name="<i>https://evil.example", parent_id=parent.id)
    letter = write(comment)
    for body in (letter.text, letter.html):
        links = re.findall(r"\w+://[^\s\"<]+", body)
        assert {link.partition("/admin/")[0] for link in links} == {"http://127.0.0.1:8000"}
        assert not re.search(r"evil\.(com|example)", body)
    assert not re.search(r"<(script|img|i|b)\b", letter.html)
    assert set(re.findall(r"<a [^>]*href=\"([^?\"]*)", letter.html)) == {
        "http://127.0.0.1:8000/admin/decision",
        "http://127.0.0.1:8000/admin/comments",
    }


# What came, what was held, what was sent


def test_it_says_what_came_what_was_held_and_what_was_sent() -> None:
    for number in range(3):
        come(f"Fine {number}", verdict=FINE)
    waits = come("Waits")
    come("Spam", verdict=SPAM)
    with db.writing():
        (decided, reply) = (come_now("Rejected"), come_now("Approved since"))
        decided.reject(by=None, now=db.utc_now())
        reply.approve(by=None, now=db.utc_now())
        edit = come_now("Approved since, and edited")
        edit.edit_of_id = reply.id
    enquire("One")
    settle(Outcome.ACCEPTED)
    enquire("Two")
    assert lines(write(waits)) == [
        "7 comments came: 3 published at once, 1 waiting, 1 put into spam, 2 settled since.",
        "2 enquiries came; 1 of 2 mailed.",
        "1 mail sent, 0 failed.",
    ]
    settle(Outcome.REFUSED)
    enquire("Three")
    settle(Outcome.DEFERRED)
    assert lines(write())[1:] == [
        "3 enquiries came; 1 of 3 mailed.",
        "1 mail sent, 1 failed, 1 still being tried.",
    ]


def come_now(body: str) -> Comment:
    """A comment that comes inside the transaction at work."""
    draft = comments.compose(article(), name="Nomsa", body=body, parent_id=None)
    came = arrival.submit(arrived(draft, client=body[:30]), now=db.utc_now())
    (found,) = comments.by_ids([came])
    return found


def test_a_day_on_which_nothing_came_is_told_as_such() -> None:
    letter = write()
    assert letter.text.startswith("Nothing waits.")
    assert lines(letter) == ["No comments came.", "No enquiries came.", "0 mails sent, 0 failed."]


def test_one_is_not_many() -> None:
    come("Waits")
    enquire("One")
    assert lines(write()) == [
        "1 comment came: 1 waiting.",
        "1 enquiry came; 0 of 1 mailed.",
        "0 mails sent, 0 failed.",
    ]


def test_what_the_author_replied_did_not_come() -> None:
    parent = come("Fine", verdict=FINE)
    by = accounts.by_email(AUTHOR.email)
    assert by
    with db.writing():
        draft = comments.compose(article(), name=by.name, body="Yes.", parent_id=parent.id)
        reply = comments.reply(parent, draft, by=by, now=db.utc_now())
        assert reply.state == CommentState.APPROVED
    assert lines(write())[0] == "1 comment came: 1 published at once."


def test_who_may_not_read_enquiries_or_mail_is_told_of_comments_alone() -> None:
    enquire("One")
    assert lines(write(to=MODERATOR)) == ["No comments came."]
    assert len(lines(write(to=None))) == 3


def test_nothing_is_counted_that_came_longer_than_a_week_ago(clock: Clock) -> None:
    come("Waits")
    clock.move(days=8)
    letter = write()
    assert lines(letter)[0] == "No comments came."
    assert "Since 5 May 2026, 11:30:" in letter.text
