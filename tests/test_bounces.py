"""Mail that comes back: which one, what becomes of its address, and what nobody can feign."""

from __future__ import annotations

import itertools
import os
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from blog import config, db, outbox
from blog.errors import Conflict
from blog.outbox import Health, MailState, Outcome, Returned, reports
from blog.outbox.reports import ReturnPath
from tests.cast import Blog, at_once
from tests.mailing import (
    CLINIC,
    MINUTE,
    NOW,
    SITE,
    deliver,
    letter,
    look,
    look_inside,
    queue,
    send,
    to_port,
)
from tests.smtp_server import MailServer

pytestmark = pytest.mark.usefixtures("at_work")

KEY = "a secret of the tests, long enough to be taken"
RETURNS = ReturnPath("bounces@example.org", KEY)
NOMSA = "nomsa@reader.example"
DAY = timedelta(days=1)


def report(
    mail_id: int,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    said: str = "smtp; 550 5.1.1 No such user",
    to: str = "",
    returned: str = "",
) -> bytes:
    """What a mail server writes about a mail that it couldn't deliver."""
    lines = [
        "From: MAILER-DAEMON@mx.example (Mail Delivery System)",
        f"To: {to or RETURNS.of(mail_id)}",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "I couldn't deliver your mail.",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        f"Final-Recipient: rfc822; {NOMSA}",
        f"Action: {action}",
        *([f"Status: {status}"] if status else []),
        *([f"Diagnostic-Code: {said}"] if said else []),
        "",
        *returned.splitlines(),
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()


def returned_headers(message_id: str, *, kind: str = "message/rfc822") -> str:
    return f"--b\nContent-Type: {kind}\n\nSubject: S\nMessage-ID: {message_id}\n\nHello"


def sent(**changes: Any) -> int:
    """A mail that a server took."""
    words: dict[str, Any] = {"kind": "replies", "recipient": NOMSA}
    mail_id = queue(**words | changes)
    with db.writing():
        mail = look_inside(mail_id)
        mail.settle(outbox.Answer(Outcome.ACCEPTED, "250 OK"), now=NOW)
    return mail_id


def take_in(data: bytes, *, now: Any = NOW) -> Returned:
    with db.writing():
        return outbox.take_in(data, key=KEY, now=now)


def stopped() -> list[str]:
    db.session.rollback()
    return [row.address for row in outbox.stopped(limit=9)]


# The way back


def test_each_mail_has_a_return_path_of_its_own_where_one_is_set() -> None:
    with MailServer() as server:
        send(to_port(server.port, returns=RETURNS), letter(id=4711))
        send(to_port(server.port), letter(id=4711))
    own, plain = server.received
    assert own.sender == RETURNS.of(4711)
    assert own.sender.startswith("bounces+4711-")
    assert own.sender.endswith("@example.org")
    assert own.message["From"] == SITE
    assert plain.sender == SITE


def test_nothing_comes_back_to_a_mail_that_answers_by_itself() -> None:
    with MailServer() as server:
        for returns in (RETURNS, None):
            send(to_port(server.port, returns=returns), letter(id=4711, is_answer=True))
        assert [each.sender for each in server.received] == ["<>", "<>"]


def test_the_settings_say_where_mail_returns(make_app: Any) -> None:
    for settings, address in (({}, None), ({"mail_bounces": "b@example.org"}, "b@example.org")):
        with make_app(smtp_url="smtp://127.0.0.1", **settings).app_context():
            transport: Any = outbox.transport(config.current())
        assert (transport.returns.address if transport.returns else None) == address


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(RETURNS)


# What comes back


def test_a_mail_that_comes_back_is_marked_and_its_address_gets_no_more() -> None:
    mail_id = sent()
    done = take_in(report(mail_id, returned=returned_headers(look(mail_id).message_id)))
    assert (done.mail, done.is_stopped) == (mail_id, True)
    mail = look(mail_id)
    assert (mail.state, mail.sent_at) == (MailState.FAILED, None)
    assert mail.last_error == "5.1.1 smtp; 550 5.1.1 No such user"
    assert [line.outcome for line in mail.history] == [Outcome.ACCEPTED, Outcome.BOUNCED]
    assert mail.is_refused
    assert stopped() == [NOMSA]
    again = take_in(report(mail_id), now=NOW + MINUTE)
    assert "known already" in again.sentence
    assert len(look(mail_id).history) == 2


@pytest.mark.parametrize(
    ("fields", "is_hard"),
    [
        ({"status": "5.2.2"}, True),
        ({"status": "4.4.7", "said": ""}, False),
        ({"status": "", "said": "smtp; 550 No"}, True),
        ({"status": "", "said": "smtp; 452 Full"}, False),
        ({"status": "", "said": ""}, False),
        ({"status": "nonsense", "said": "x"}, False),
        ({"status": "5.1.1", "action": " FAILED "}, True),
    ],
    ids=itertools.count(1),
)
def test_hard_and_soft_are_told_apart_by_the_code(fields: Any, is_hard: bool) -> None:
    mail_id = sent()
    assert take_in(report(mail_id, **fields)).is_stopped == is_hard
    outcome = Outcome.BOUNCED if is_hard else Outcome.SOFT_BOUNCED
    assert look(mail_id).history[-1].outcome == outcome


def test_of_several_recipients_the_worst_counts() -> None:
    mail_id = sent()
    two = report(mail_id, status="4.4.7", said="").replace(
        b"Action: failed\r\n",
        b"Action: failed\r\nStatus: 4.4.7\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\nAction: failed\r\n",
    )
    assert take_in(two).is_stopped


def test_three_soft_bounces_stop_an_address() -> None:
    for number in (1, 2, 3):
        done = take_in(report(sent(), status="4.4.7", said=""), now=NOW + number * DAY)
        assert done.is_stopped == (number == 3)
    assert stopped() == [NOMSA]


def test_soft_bounces_of_long_ago_count_no_more() -> None:
    for number in (0, 1, 40, 41):
        assert not take_in(
            report(sent(), status="4.2.2", said=""), now=NOW + number * DAY
        ).is_stopped
    assert take_in(report(sent(), status="4.2.2", said=""), now=NOW + 42 * DAY).is_stopped


def test_soft_bounces_that_come_at_one_moment_all_count(app: Flask) -> None:
    ids = [sent() for _ in range(3)]
    at_once(app, *[lambda each=each: take_in(report(each, status="4.2.2")) for each in ids])
    assert stopped() == [NOMSA]


def test_headers_of_another_mail_are_not_taken_for_ours() -> None:
    mail_id = sent()
    for kind in ("message/rfc822", "text/rfc822-headers"):
        other = report(mail_id, returned=returned_headers("<other@example.org>", kind=kind))
        assert take_in(other).mail is None
    own = returned_headers(look(mail_id).message_id, kind="text/rfc822-headers")
    assert take_in(report(mail_id, returned=own)).mail == mail_id


# What is no report of ours


def test_a_forged_report_can_do_nothing() -> None:
    mail_id, other = sent(), sent(recipient="thandi@reader.example")
    message_id = look(mail_id).message_id
    forged = RETURNS.of(mail_id).replace(RETURNS.of(mail_id)[-17:-12], "00000")
    signature = RETURNS.of(other).partition("-")[2]
    for to in (
        "bounces@example.org",
        forged,
        f"bounces+{mail_id}-{signature}",
        f"bounces+{mail_id}-@example.org",
        f"bounces+{'9' * 400}-{'a' * 16}@example.org",
        ReturnPath("bounces@example.org", "another key, which somebody made up").of(mail_id),
    ):
        done = take_in(report(mail_id, to=to, returned=returned_headers(message_id)))
        assert done == Returned(done.sentence)
    assert look(mail_id).state == look(other).state == MailState.SENT
    assert stopped() == []


def test_a_report_of_a_mail_that_is_not_kept_any_more_changes_nothing() -> None:
    assert take_in(report(4711)).mail is None
    assert stopped() == []


def hostile(mail_id: int) -> list[bytes]:
    to = RETURNS.of(mail_id).encode()
    head = b"To: " + to + b"\r\nMIME-Version: 1.0\r\n"
    nested = b"".join(
        b'Content-Type: multipart/report; boundary="%d"\r\n\r\n--%d\r\n' % (number, number)
        for number in range(3_000)
    )
    kind = b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    return [
        b"",
        b"\x00\xff" * 9_000,
        to,
        head,
        head + b"\r\nOut of office",
        head + kind,
        head + nested,
        head + kind + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n",
        head
        + kind
        + b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: delayed\r\nStatus: 4.4.1\r\n",
        head
        + kind
        + b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: delivered\r\nStatus: 2.0.0\r\n",
        head + kind + b"--b\r\n" * 20_000,
        head + b"Content-Type: text/plain\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        head
        + b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
        head + b"X: " + b"a" * 300_000,
        (to + b"\n") * 9_000,
    ]


def test_bytes_of_any_kind_are_outlived_quickly() -> None:
    mail_id = sent()
    for number, data in enumerate(hostile(mail_id)):
        started = time.process_time()
        assert reports.read(data, key=KEY) is None, number
        assert time.process_time() - started < 2
    assert look(mail_id).state == MailState.SENT


def test_what_a_server_says_is_shown_on_one_bounded_line() -> None:
    mail_id = sent()
    raw = report(mail_id, said="smtp; 550 \x1b[31m" + "x" * 9_000 + "\xe9")
    take_in(raw.replace(b"Status: 5.1.1", b"Status: =?utf-8?q?5=0A?= \xff5.1.1"))
    error = str(look(mail_id).last_error)
    assert len(error) == 500
    assert error.isprintable()


def test_a_report_that_carries_a_large_mail_is_read_by_its_beginning() -> None:
    mail_id = sent()
    own = returned_headers(look(mail_id).message_id) + "\n" + "x" * 400_000
    assert take_in(report(mail_id, returned=own)).mail == mail_id


# Addresses that get no mail


def test_what_is_queued_for_a_stopped_address_fails_at_once_and_says_why() -> None:
    waiting, other = queue(kind="account", recipient="Nomsa@Reader.example"), queue(kind="account")
    take_in(report(sent()))
    later = queue(kind="replies", recipient="NOMSA@reader.example")
    for mail_id in (waiting, later):
        mail = look(mail_id)
        assert (mail.state, mail.attempts, mail.tried_at) == (MailState.FAILED, 0, None)
        assert [line.outcome for line in mail.history] == [Outcome.STOPPED]
        assert "No mail goes to nomsa@reader.example" in str(mail.last_error)
        assert "550 5.1.1 No such user" in str(mail.last_error)
        assert mail.is_refused
    assert look(other).state == MailState.QUEUED
    # That one came back is a failure; that others aren't tried after it is none more.
    assert outbox.failed_count() == 1
    with MailServer() as server:
        assert deliver(to_port(server.port)).sent == 1
    assert [mail.recipients for mail in server.received] == [[CLINIC]]


def test_a_mail_to_a_stopped_address_is_tried_again_once_that_is_allowed() -> None:
    mail_id = sent()
    take_in(report(mail_id))
    with db.writing():
        with pytest.raises(Conflict, match="Allow it first"):
            look_inside(mail_id).retry(now=NOW)
        assert outbox.retry_all(now=NOW) == 0
    for row in (1, None):
        with db.writing():
            assert outbox.allow("Nomsa@reader.example") == row
    with db.writing():
        assert look_inside(mail_id).retry(now=NOW)
        assert outbox.stopped(limit=9) == []
    assert queue(kind="replies", recipient=NOMSA)
    with MailServer() as server:
        assert deliver(to_port(server.port)).sent == 2


def test_enquiries_are_tried_always_and_seen_to_fail() -> None:
    enquiry = sent(kind="enquiry", recipient=CLINIC)
    assert take_in(report(enquiry)).is_stopped
    assert outbox.health(now=NOW) == Health.FAILING
    # Mail to others that arrives doesn't hide it.
    other = sent()
    with db.writing():
        look_inside(other).settle(outbox.Answer(Outcome.ACCEPTED, "250"), now=NOW + MINUTE)
    assert outbox.health(now=NOW + MINUTE) == Health.FAILING
    account, another = queue(kind="account", recipient=CLINIC), queue()
    assert (look(account).state, look(another).state) == (MailState.FAILED, MailState.QUEUED)
    with db.writing():
        assert outbox.retry_all(now=NOW) == 2
    with MailServer() as server:
        assert deliver(to_port(server.port), now=NOW + 2 * MINUTE).sent == 2
    assert outbox.health(now=NOW + 2 * MINUTE) == Health.OK


def test_who_follows_replies_is_told_no_more_after_a_hard_bounce() -> None:
    hard, soft = sent(), sent(recipient="thandi@reader.example")
    take_in(report(hard))
    take_in(report(soft, status="4.2.2", said=""))
    assert list(db.session.execute(outbox.refused("replies")).scalars()) == [hard]


# The command


def bounce(blog: Blog, data: bytes, *more: str, **settings: str) -> Any:
    settings = {"BLOG_MAIL_BOUNCES": "bounces@example.org"} | settings
    return blog("mail", "bounce", *more, stdin=data, **settings)


def test_the_command_notes_what_came_back(blog: Blog) -> None:
    mail_id = sent()
    ran = bounce(blog, report(mail_id))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"Mail {mail_id} to {NOMSA} came back, and no more goes there.\n"
    ran = bounce(blog, report(mail_id) + b"x" * 600_000, "--json")
    assert (ran.code, ran.json["mail"], ran.json["is_stopped"]) == (0, mail_id, False)
    assert "blog mail allow nomsa@reader.example" in blog("mail", "list").out
    assert (
        blog("mail", "allow", "Nomsa@reader.example").out
        == "Mail goes to Nomsa@reader.example again.\n"
    )
    assert "was not stopped" in blog("mail", "allow", NOMSA).sentence()


def test_the_command_takes_anything_without_a_word_of_trouble(blog: Blog) -> None:
    for data in (b"", b"\xff" * 900, b"Subject: Hello\r\n\r\nHello"):
        ran = bounce(blog, data)
        assert (ran.code, ran.err) == (0, "")
        assert "nothing was done" in ran.out


def test_the_command_asks_to_come_again_where_nothing_can_be_stored(blog: Blog) -> None:
    mail_id = sent()
    for old, new in (("alembic_version", "hidden"), ("bounced_address", "hidden")):
        with db.writing():
            db.session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        ran = bounce(blog, report(mail_id))
        assert (ran.code, ran.out) == (os.EX_TEMPFAIL, "")
        assert ran.err.startswith("Error: ")
        assert "Traceback" not in ran.err
        with db.writing():
            db.session.execute(text(f"ALTER TABLE {new} RENAME TO {old}"))
    assert look(mail_id).state == MailState.SENT
    assert bounce(blog, report(mail_id)).code == 0


def test_without_return_paths_the_command_says_what_to_set(blog: Blog) -> None:
    ran = bounce(blog, b"", BLOG_MAIL_BOUNCES="")
    assert "BLOG_MAIL_BOUNCES" in ran.sentence()
