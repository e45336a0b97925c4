"""The outbox against real SMTP servers on loopback, good and bad."""

from __future__ import annotations

import contextlib
import itertools
import socket
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text, update

from blog import config, db, outbox
from blog.config import Settings, SmtpServer
from blog.errors import Conflict, MailError
from blog.outbox import (
    Answer,
    Fault,
    FileTransport,
    Health,
    MailAttempt,
    MailState,
    Outcome,
    OutgoingMail,
    SmtpTransport,
)
from tests import smtp_server
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
from tests.smtp_server import HOST, Line, MailServer, Script, scripted

DEADLINE_SECONDS = 0.4


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    """This test's site, at work."""
    with app.app_context():
        yield app


# Queueing


def test_a_queued_mail_belongs_to_the_transaction_at_work(app: Flask) -> None:
    words: Any = {"subject": "Hello", "text": "Hello", "html": "Hello"}
    with contextlib.suppress(Conflict), db.writing():
        outbox.queue(kind="enquiry", sender=SITE, recipient=CLINIC, now=NOW, **words)
        raise Conflict("The act failed.")
    assert outbox.recent() == []


def test_a_queued_mail_has_a_fixed_message_id_of_the_senders_host(app: Flask) -> None:
    first, second = look(queue()), look(queue())
    assert first.message_id.endswith("@example.org>")
    assert first.message_id != second.message_id
    assert first.is_unsent
    assert (first.attempts, first.due_at, first.next_attempt_at) == (0, NOW, NOW)


def test_a_long_subject_is_cut(app: Flask) -> None:
    subject = look(queue(subject="é" * 201)).subject
    assert subject == "é" * 199 + "…"
    assert look(queue(subject="é" * 200)).subject == "é" * 200


@pytest.mark.parametrize(
    "body",
    ["x" * 200_001, "é" * 100_001, "a\x00b", "a\ud800b"],
    ids=["long", "many bytes", "NUL", "half a letter"],
)
@pytest.mark.parametrize("part", ["text", "html"])
def test_a_body_too_long_or_not_storable_is_refused(part: str, body: str) -> None:
    words: Any = {"subject": "Hello", "text": "Hello", "html": "Hello"} | {part: body}
    with pytest.raises(MailError):
        outbox.queue(kind="enquiry", sender=SITE, recipient=CLINIC, now=NOW, **words)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("clinic@example.org", "clinic@example.org"),
        ("first.last+blog@mail.example.org", "first.last+blog@mail.example.org"),
        ("o'neill@example.org", "o'neill@example.org"),
        ("root@localhost", "root@localhost"),
        ("a@Müller.example", "a@xn--mller-kva.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        (f"a@{'b' * 60}.example", f"a@{'b' * 60}.example"),
    ],
)
def test_a_plain_address_is_taken(given: str, stored: str) -> None:
    assert outbox.plain_address(given) == stored


def test_an_address_that_is_too_long_is_refused() -> None:
    for address in (f"{'a' * 65}@example.org", f"a@{'b' * 64}.org", f"a@{'b.' * 130}org"):
        with pytest.raises(MailError, match="not one plain email address"):
            outbox.plain_address(address)


def test_every_address_of_a_mail_is_made_plain(app: Flask) -> None:
    given, stored = "a@Müller.example", "a@xn--mller-kva.example"
    mail = look(queue(recipient=given, reply_to=given, sender=given))
    assert (mail.recipient, mail.reply_to, mail.sender) == (stored, stored, stored)
    assert mail.message_id.endswith("@xn--mller-kva.example>")


@pytest.mark.parametrize(
    ("sender", "is_foreign"),
    [
        ("blog@journal.example.org", False),
        ("blog@Example.org", False),
        ("blog@mail.journal.example.org", False),
        ("blog@example.com", True),
        ("blog@notexample.org", True),
        ("blog@mail.example.org", True),
    ],
)
def test_a_sender_of_a_domain_that_has_nothing_to_do_with_the_site_is_foreign(
    sender: str, is_foreign: bool
) -> None:
    assert outbox.is_foreign(sender, "journal.example.org") == is_foreign


TRICKS = [
    "{}\r\nBcc: thief@evil.test",
    "{}\nBcc: thief@evil.test",
    "{}\rBcc: thief@evil.test",
    "{}\r\n\r\nBcc: thief@evil.test",
    "{}\x00Bcc: thief@evil.test",
    "{}\x0bBcc: thief@evil.test",
    "{}\x1fBcc: thief@evil.test",
    "{}\x7f",
    "{}\u0085Bcc: thief@evil.test",
    "{}\u2028Bcc: thief@evil.test",
    "{}\u2029Bcc: thief@evil.test",
    "{}\ud800",
    "{}, thief@evil.test",
    "{}; thief@evil.test",
    "{} thief@evil.test",
    "Clinic <{}>",
    "<{}>",
    "{} (comment)",
    '"{}" <thief@evil.test>',
    "{}@thief.test",
    "friends: {}, thief@evil.test;",
    "=?utf-8?q?a=0D=0ABcc:_thief=40evil.test?={}",
    "=?utf-8?b?DQpCY2M6IHRoaWVmQGV2aWwudGVzdA==?= {}",
    "{} =?utf-8?q?=0ABcc:_thief=40evil.test?= é",
    "{}%0d%0aBcc:thief@evil.test",
    "{}\\r\\nBcc: thief@evil.test",
    "@evil.test:{}",
    "{}\t",
    " {}",
    "",
]
HEADERS = Counter(
    [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
)


@pytest.mark.parametrize("field", ["subject", "recipient", "reply_to", "sender"])
def test_no_trick_makes_a_second_recipient_or_another_header(app: Flask, field: str) -> None:
    taken = 0
    for trick in TRICKS:
        with contextlib.suppress(MailError):
            queue(**{field: trick.format(CLINIC)})
            taken += 1
    assert taken == (17 if field == "subject" else 0)
    with MailServer() as server:
        assert deliver(to_port(server.port)).sent == taken
    for received in server.received:
        assert received.recipients == [CLINIC]
        assert Counter(received.message.keys()) == HEADERS


# The message


def test_a_message_carries_text_and_html_and_says_that_a_program_wrote_it() -> None:
    message = outbox.build(letter(reply_to="reader@example.com"))
    assert message["From"] == SITE
    assert message["To"] == CLINIC
    assert message["Reply-To"] == "reader@example.com"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<7@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    parts = [part.get_content_type() for part in message.walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]


def test_words_of_any_script_arrive_unchanged_in_short_lines() -> None:
    subject = "שלום 🎉 مرحبا " * 9 + "שלום"
    words = "שלום 🎉 naïve مرحبا\n.dot\nFrom here\n" + "x" * 5_000 + " " + "é" * 3_000
    with MailServer() as server:
        send(to_port(server.port), letter(subject=subject, text=words, html=f"<p>{words}</p>"))
    (received,) = server.received
    plain, html = received.message.iter_parts()
    assert received.message["Subject"] == subject
    assert plain.get_content().splitlines() == words.splitlines()
    assert html.get_content().splitlines() == f"<p>{words}</p>".splitlines()
    assert max(map(len, received.raw.splitlines())) <= 78


def test_a_message_is_plain_ascii_on_its_way() -> None:
    assert outbox.build(letter(subject="naïve", text="naïve", html="naïve")).as_bytes().isascii()


# Delivery to a server that behaves


def test_a_due_mail_arrives_once(app: Flask) -> None:
    mail_id, later_id = queue(), queue(due_at=NOW + MINUTE)
    with MailServer() as server:
        assert deliver(to_port(server.port)) == outbox.Delivered(sent=1)
        assert deliver(to_port(server.port)) == outbox.Delivered()
    mail = look(mail_id)
    (received,) = server.received
    assert (received.sender, received.recipients) == (SITE, [CLINIC])
    assert received.message["Message-ID"] == mail.message_id
    assert (mail.state, mail.attempts, mail.sent_at) == (MailState.SENT, 1, NOW)
    assert (mail.server_reply, mail.last_error) == ("250 OK stored", None)
    assert [(line.at, line.outcome) for line in mail.history] == [(NOW, Outcome.ACCEPTED)]
    assert look(later_id).attempts == 0


def test_a_mail_goes_over_starttls_after_signing_in() -> None:
    with MailServer(starttls=smtp_server.server_context(), login=("clinic", "secret")) as server:
        trusting = smtp_server.client_context()
        transport = to_port(server.port, tls="starttls", user="clinic", context=trusting)
        assert send(transport, letter()) == Answer(Outcome.ACCEPTED, "250 OK stored")
    assert len(server.received) == 1


def test_a_mail_goes_over_tls_from_the_first_byte() -> None:
    with MailServer(tls=smtp_server.server_context()) as server:
        transport = to_port(server.port, tls="tls", context=smtp_server.client_context())
        assert send(transport, letter()).outcome == Outcome.ACCEPTED
    assert len(server.received) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_nothing_is_sent_to_a_server_with_a_wrong_certificate(tls: str) -> None:
    options: dict[str, Any] = {tls: smtp_server.server_context()}
    with MailServer(**options) as server:
        answer = send(to_port(server.port, tls=tls), letter())
    assert server.received == []
    assert "has no valid certificate" in answer.words
    assert (answer.outcome, answer.is_about_server) == (Outcome.DEFERRED, True)


def test_nothing_goes_plain_where_starttls_is_not_offered() -> None:
    with MailServer() as server:
        answer = send(to_port(server.port, tls="starttls", user="clinic"), letter())
    assert server.received == []
    assert "can’t do what BLOG_SMTP_URL asks for: STARTTLS" in answer.words
    assert (answer.outcome, answer.is_about_server) == (Outcome.DEFERRED, True)


def test_a_refused_login_keeps_the_mail() -> None:
    starttls, trusting = smtp_server.server_context(), smtp_server.client_context()
    with MailServer(starttls=starttls, login=("clinic", "another")) as server:
        transport = to_port(server.port, tls="starttls", user="clinic", context=trusting)
        answer = send(transport, letter())
    assert server.received == []
    assert (answer.outcome, answer.is_about_server) == (Outcome.DEFERRED, True)
    assert "answered the sign-in with 535" in answer.words
    assert answer.words.endswith("; check BLOG_SMTP_URL")
    assert "secret" not in answer.words


def test_a_greylisted_mail_arrives_at_its_second_try(app: Flask) -> None:
    mail_id = queue()
    with MailServer(rcpt_answers=["451 4.7.1 Greylisted"]) as server:
        assert deliver(to_port(server.port)).retried == 1
        again_at = look(mail_id).next_attempt_at
        assert 5 * MINUTE <= again_at - NOW <= 7.5 * MINUTE
        assert deliver(to_port(server.port), now=again_at - timedelta(seconds=1)).sent == 0
        assert deliver(to_port(server.port), now=again_at).sent == 1
    mail = look(mail_id)
    assert mail.attempts == 2
    assert [(line.outcome, line.reply) for line in mail.history] == [
        (
            Outcome.DEFERRED,
            f"The mail server {HOST}:{server.port} answered RCPT TO with 451 4.7.1 Greylisted",
        ),
        (Outcome.ACCEPTED, "250 OK stored"),
    ]


def test_a_round_ends_at_its_limit(app: Flask) -> None:
    first, second = queue(), queue(now=NOW - MINUTE)
    accepting = Accepting(lambda: None)
    delivered = outbox.deliver_due(accepting, worker="worker", clock=lambda: NOW, limit=1)
    assert delivered.sent == 1
    assert (look(first).state, look(second).state) == (MailState.QUEUED, MailState.SENT)


def test_a_bad_mail_never_holds_up_the_rest(app: Flask) -> None:
    broken, refused, deferred, good = (queue() for _ in range(4))
    with db.writing():
        db.session.execute(
            update(OutgoingMail).where(OutgoingMail.id == broken).values(subject="a\nb")
        )
    with MailServer(rcpt_answers=["550 5.1.1 No such user", "450 4.2.1 Try later"]) as server:
        assert deliver(to_port(server.port)) == outbox.Delivered(sent=1, retried=2, failed=1)
    states = [look(mail_id).state for mail_id in (broken, refused, deferred, good)]
    assert states == ["queued", "failed", "queued", "sent"]
    assert "can’t be built" in str(look(broken).last_error)
    assert "550 5.1.1 No such user" in str(look(refused).last_error)


def test_a_mail_too_large_for_the_server_is_refused() -> None:
    with MailServer(data_answers=["552 5.3.4 Too large"]) as server:
        assert send(to_port(server.port), letter()).outcome == Outcome.REFUSED


# Delivery to a server that misbehaves


def answer_at(verb: str, answer: str) -> Script:
    """Behave until a verb comes, and answer that so."""

    def script(line: Line) -> None:
        line.answer_until(verb)
        line.say(answer)
        line.wait()

    return script


def greet_with(answer: str) -> Script:
    def script(line: Line) -> None:
        line.say(answer)
        line.wait()

    return script


def drip_at(verb: str) -> Script:
    def script(line: Line) -> None:
        line.answer_until(verb)
        line.drip("250-and on\r\n")

    return script


def turn_away(line: Line) -> None:
    line.answer_until("EHLO")
    line.say("421 4.3.2 Closing down")
    assert line.hear().startswith("helo")
    line.say("421 4.3.2 Closing down")


def hang_in_data(line: Line) -> None:
    line.answer_until("DATA")
    line.say("354 go on")
    line.wait()


def cut_in_data(line: Line) -> None:
    line.answer_until("DATA")
    line.say("354 go on")


def cut_after_the_dot(line: Line) -> None:
    line.answer_until("DATA")
    line.say("354 go on")
    assert "<7@example.org>" in line.hear_mail()


def drip_greeting(line: Line) -> None:
    line.drip("220-welcome\r\n")


def drip_a_letter(line: Line) -> None:
    line.drip("2")


def impatient(port: int, *, tls: str = "none") -> Answer:
    """Try a mail; see that it took no longer than it may."""
    trusting = smtp_server.client_context()
    transport = to_port(port, tls=tls, deadline_seconds=DEADLINE_SECONDS, context=trusting)
    started = time.monotonic()
    answer = send(transport, letter())
    assert time.monotonic() - started < DEADLINE_SECONDS + 1
    return answer


@pytest.mark.parametrize(
    ("script", "stage"),
    [
        (Line.wait, "the connection"),
        (drip_greeting, "the connection"),
        (drip_a_letter, "the connection"),
        (drip_at("EHLO"), "the connection"),
        (drip_at("RCPT"), "RCPT TO"),
        (drip_at("DATA"), "DATA"),
        (hang_in_data, "DATA"),
    ],
    ids=itertools.count(1),
)
def test_a_server_that_stalls_is_left_at_the_deadline(script: Script, stage: str) -> None:
    with scripted(script) as port:
        answer = impatient(port)
    words = f"The mail server {HOST}:{port} did not finish {stage} within {DEADLINE_SECONDS} s"
    assert answer == Answer(Outcome.DEFERRED, words, is_about_server=True, fault=Fault.TOO_SLOW)


@pytest.mark.parametrize(
    ("script", "words", "trouble"),
    [
        (cut_in_data, "broke off at DATA", "mail"),
        (cut_after_the_dot, "broke off at DATA", "mail"),
        (Line.close, "broke off at the connection", "server"),
        (greet_with("421 4.3.2 Too busy"), "answered the connection with 421", "server"),
        (greet_with("554 5.7.1 Not you"), "554 5.7.1 Not you; check BLOG_SMTP_URL", "server"),
        (greet_with("SSH-2.0-OpenSSH"), "answered the connection with -1", "server"),
        (turn_away, "answered the connection with 421", "server"),
        (answer_at("MAIL", "550 5.1.0 Unknown"), "Unknown; check BLOG_MAIL_FROM", "mail"),
        (answer_at("MAIL", "530 5.7.0 Sign in first"), "answered MAIL FROM with 530", "mail"),
        (answer_at("MAIL", "552 5.3.4 Too large"), "answered MAIL FROM with 552", "refused"),
        (answer_at("RCPT", "421 4.3.2 Closing down"), "answered RCPT TO with 421", "server"),
        (answer_at("RCPT", "450 4.2.0 Later"), "answered RCPT TO with 450", "mail"),
        (answer_at("RCPT", "550 5.1.1 Nobody"), "answered RCPT TO with 550", "refused"),
        (answer_at("RCPT", "500 Line too long"), "answered RCPT TO with 500", "mail"),
        (answer_at("RCPT", f"550 {'x' * 9_000}"), "answered RCPT TO with 500 Line", "mail"),
        (answer_at("RCPT", "no number"), "answered RCPT TO with -1", "mail"),
        (answer_at("RCPT", "999 odd"), "answered RCPT TO with 999", "mail"),
        (answer_at("DATA", "451 4.3.0 Later"), "answered DATA with 451", "mail"),
        (answer_at("DATA", "554 5.5.1 No"), "answered DATA with 554", "refused"),
    ],
    ids=itertools.count(1),
)
def test_a_fault_is_told_from_a_refusal_of_the_mail(
    script: Script, words: str, trouble: str
) -> None:
    with scripted(script) as port:
        answer = send(to_port(port), letter())
    assert words in answer.words
    outcome = Outcome.REFUSED if trouble == "refused" else Outcome.DEFERRED
    assert (answer.outcome, answer.is_about_server) == (outcome, trouble == "server")


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_dripping_handshake_ends_by_the_deadline(tls: str) -> None:
    def script(line: Line) -> None:
        if tls == "starttls":
            line.say("220 mail.test")
            line.hear()
            line.say("250-mail.test\r\n250 STARTTLS")
            line.hear()
            line.say("220 go on")
        # A TLS record that claims 16 kilobytes.
        line.drip("\x16\x03\x03\x3f\x3f")

    with scripted(script) as port:
        assert "did not finish the connection" in impatient(port, tls=tls).words


def test_a_server_that_drips_behind_tls_is_cut_off() -> None:
    def script(line: Line) -> None:
        line.start_tls()
        drip_at("RCPT")(line)

    with scripted(script) as port:
        assert "did not finish RCPT TO" in impatient(port, tls="tls").words


def test_a_resolver_that_hangs_ends_by_the_deadline_and_nothing_is_said_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_resolve, is_over = threading.Event(), threading.Event()
    heard: list[str] = []
    resolve = socket.getaddrinfo

    def slow(*question: Any, **more: Any) -> Any:
        may_resolve.wait(20)
        return resolve(*question, **more)

    def script(line: Line) -> None:
        line.say("220 mail.test")
        with contextlib.suppress(ConnectionError):
            heard.append(line.hear())
        is_over.set()

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with scripted(script) as port:
        assert "did not finish the connection" in impatient(port).words
        may_resolve.set()
        assert is_over.wait(20)
    assert "".join(heard) == ""


def test_a_mail_lost_after_the_dot_comes_again_under_the_same_message_id(app: Flask) -> None:
    heard: list[str] = []

    def store_and_cut(line: Line) -> None:
        line.answer_until("DATA")
        line.say("354 go on")
        heard.append(line.hear_mail())

    mail_id = queue()
    with scripted(store_and_cut) as port:
        deliver(to_port(port))
    with MailServer() as server:
        deliver(to_port(server.port), now=look(mail_id).next_attempt_at)
    message_id = look(mail_id).message_id
    assert message_id in heard[0]
    assert server.received[0].message["Message-ID"] == message_id


def test_a_server_that_is_down_costs_one_attempt_a_round(app: Flask) -> None:
    first, *rest = [queue() for _ in range(5)]
    port = smtp_server.unused_port()
    assert deliver(to_port(port)) == outbox.Delivered(retried=1)
    assert look(first).attempts == 1
    assert [look(mail_id).attempts for mail_id in rest] == [0, 0, 0, 0]
    for mail_id in (first, *rest):
        assert "broke off at the connection: Connection refused" in str(look(mail_id).last_error)
    with MailServer() as server:
        assert deliver(to_port(server.port), now=NOW + 2 * MINUTE).sent == 5


def test_mails_whose_day_is_over_get_their_last_try_though_the_server_is_down(app: Flask) -> None:
    both = [queue(), queue()]
    for mail_id in both:
        fail(mail_id, outcome=Outcome.DEFERRED)
    transport = to_port(smtp_server.unused_port())
    for failed in (1, 2):
        over = NOW + outbox.GIVE_UP_AFTER + failed * MINUTE
        assert deliver(transport, now=over).failed == 1
        assert outbox.failed_count() == failed
    assert [look(mail_id).attempts for mail_id in both] == [1, 1]


def test_tries_spread_over_a_day_and_then_end(app: Flask) -> None:
    mail_id = queue()
    now, tried_at = NOW, []
    with MailServer(rcpt_answers=["452 4.2.2 Full"] * 20) as server:
        while look(mail_id).state == MailState.QUEUED:
            now = look(mail_id).next_attempt_at
            tried_at.append(now)
            deliver(to_port(server.port), now=now)
    assert server.received == []
    assert timedelta(hours=24) <= tried_at[-1] - NOW <= timedelta(hours=26)
    waits = [later - earlier for earlier, later in itertools.pairwise(tried_at)]
    for wait, minutes in zip(waits, (1, 5, 15, 30, 60, 120, 240), strict=False):
        assert 0.8 * minutes * MINUTE <= wait <= 1.2 * minutes * MINUTE
    assert len(waits) <= 11
    mail = look(mail_id)
    assert (mail.attempts, len(mail.history)) == (len(tried_at), len(tried_at))
    assert (mail.state, mail.claimed_by, mail.claimed_until) == (MailState.FAILED, None, None)


def test_a_mail_first_tried_after_a_long_standstill_has_its_day(app: Flask) -> None:
    mail_id = queue()
    with MailServer(rcpt_answers=["451 4.7.1 Greylisted"]) as server:
        assert deliver(to_port(server.port), now=NOW + timedelta(days=3)).retried == 1
    assert look(mail_id).next_attempt_at < NOW + timedelta(days=3, minutes=8)


# Several workers, and workers that die


def test_two_workers_send_each_mail_once(app: Flask) -> None:
    for _ in range(50):
        queue()
    start = threading.Barrier(2)
    sent: list[int] = []

    def work(name: str, transport: SmtpTransport) -> None:
        start.wait(20)
        with app.app_context():
            sent.append(outbox.deliver_due(transport, worker=name, clock=lambda: NOW).sent)

    with MailServer() as server:
        threads = [
            threading.Thread(target=work, args=(name, to_port(server.port)))
            for name in ("first", "second")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(sent) == 50
    assert min(sent) > 0
    assert Counter(mail.message["Message-ID"] for mail in server.received) == Counter(
        mail.message_id for mail in outbox.recent(limit=100)
    )


@pytest.mark.parametrize("has_more", [True, False])
def test_a_mail_that_a_rival_takes_first_is_left_to_it(app: Flask, has_more: bool) -> None:
    rivals = queue()
    ours = [queue() for _ in range(has_more)]
    seen: list[str] = []

    def rival(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        """Take the first mail just after our worker has seen that it is due."""
        if "next_attempt_at <= " in statement and not seen:
            seen.append(statement)
            with db.writer().connect() as connection:
                connection.execute(
                    update(OutgoingMail)
                    .where(OutgoingMail.id == rivals)
                    .values(state=MailState.SENDING, claimed_by="rival")
                )
                connection.commit()

    with MailServer() as server:
        event.listen(db.db.engine, "after_cursor_execute", rival)
        assert deliver(to_port(server.port)).sent == has_more
    assert (look(rivals).state, look(rivals).claimed_by) == (MailState.SENDING, "rival")
    assert [look(mail_id).state for mail_id in ours] == [MailState.SENT] * has_more


class Accepting:
    """A transport that does something while it has a mail in hand, and then accepts it."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = meanwhile

    name = "accepting"

    def session(self) -> Any:
        return contextlib.nullcontext(self)

    def send(self, mail: OutgoingMail) -> Answer:
        words = f"took {mail.subject}"
        self._meanwhile()
        return Answer(Outcome.ACCEPTED, words)


def test_no_transaction_is_open_while_a_mail_is_sent(app: Flask) -> None:
    open_during: list[bool] = []
    mail_id = queue()
    deliver(Accepting(lambda: open_during.append(db.session.registry().in_transaction())))
    assert open_during == [False]
    assert look(mail_id).server_reply == "took An enquiry"


def test_an_answer_that_comes_after_the_lease_changes_nothing(app: Flask) -> None:
    mail_id = queue()
    late = NOW + outbox.LEASE
    delivered = deliver(Accepting(lambda: outbox.release_stuck(now=late)))
    assert delivered == outbox.Delivered()
    mail = look(mail_id)
    assert mail.state == MailState.QUEUED
    assert [line.outcome for line in mail.history] == [Outcome.INTERRUPTED]


def test_an_answer_about_a_mail_that_another_worker_has_now_changes_nothing(app: Flask) -> None:
    mail_id = queue()
    deliver(Accepting(lambda: abandon(mail_id, until=NOW + outbox.LEASE)))
    mail = look(mail_id)
    assert (mail.state, mail.claimed_by, mail.history) == (MailState.SENDING, "dead", [])


def test_a_mail_queued_since_the_last_look_is_found(app: Flask) -> None:
    def queue_elsewhere() -> None:
        with app.app_context():
            queue()

    assert outbox.recent() == []
    other = threading.Thread(target=queue_elsewhere)
    other.start()
    other.join()
    assert deliver(Accepting(lambda: None)).sent == 1


def abandon(mail_id: int, *, until: datetime) -> None:
    """Leave a mail as a worker does that is killed while sending."""
    with db.writing():
        db.session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.id == mail_id)
            .values(state=MailState.SENDING, claimed_by="dead", claimed_until=until)
        )


def test_an_abandoned_mail_is_due_again_when_the_lease_ends(app: Flask) -> None:
    mail_id = queue()
    abandon(mail_id, until=NOW + MINUTE)
    assert outbox.release_stuck(now=NOW + MINUTE / 2) == 0
    assert look(mail_id).state == MailState.SENDING
    assert outbox.release_stuck(now=NOW + MINUTE) == 1
    mail = look(mail_id)
    assert (mail.state, mail.claimed_by, mail.next_attempt_at) == ("queued", None, NOW + MINUTE)
    assert "The worker stopped" in str(mail.last_error)


def test_a_lease_given_by_a_wrong_clock_does_not_last(app: Flask) -> None:
    mail_id = queue()
    abandon(mail_id, until=NOW + timedelta(hours=1))
    assert outbox.release_stuck(now=NOW) == 1
    assert look(mail_id).is_unsent


def test_a_mail_that_kills_its_worker_for_a_day_fails(app: Flask) -> None:
    mail_id = queue()
    abandon(mail_id, until=NOW)
    outbox.release_stuck(now=NOW)
    over = NOW + outbox.GIVE_UP_AFTER
    abandon(mail_id, until=over)
    outbox.release_stuck(now=over)
    assert look(mail_id).state == MailState.FAILED


WORKER = """
import sys, threading
from flask import Flask
from blog import config, db, outbox
instance_dir, database_url, smtp_url = sys.argv[1:]
settings = config.load({
    "BLOG_INSTANCE_DIR": instance_dir,
    "BLOG_DATABASE_URL": database_url,
    "BLOG_SMTP_URL": smtp_url,
    "BLOG_CLINIC_EMAIL": "clinic@example.org",
})
app = Flask("worker")
db.init_app(app, settings)
outbox.run_worker(app, outbox.transport(settings), stop=threading.Event())
"""


def test_every_mail_arrives_though_workers_are_killed(app: Flask, tmp_path: Path) -> None:
    for _ in range(40):
        queue()
    url = db.db.engine.url.render_as_string(hide_password=False)
    now = NOW
    with MailServer() as server:
        smtp_url = f"smtp://{HOST}:{server.port}"
        arguments = [sys.executable, "-c", WORKER, str(tmp_path / "worker"), url, smtp_url]
        for hold_at in (12, 28):
            server.hold_from(hold_at)
            with subprocess.Popen(arguments) as one, subprocess.Popen(arguments) as other:
                assert server.held.acquire(timeout=30)
                assert server.held.acquire(timeout=30)
                one.kill()
                other.kill()
            now = db.utc_now() + outbox.LEASE
            assert outbox.release_stuck(now=now) == 2
        server.hold_from(None)
        deliver(to_port(server.port), now=now)
    copies = Counter(mail.message["Message-ID"] for mail in server.received)
    mails = outbox.recent(limit=100)
    assert {mail.state for mail in mails} == {MailState.SENT}
    assert set(copies) == {mail.message_id for mail in mails}
    # A second copy only of what was in hand, and by the same name.
    assert len(server.received) == 40 + 2 * 2
    assert max(copies.values()) == 2


# The worker


class Rounds(threading.Event):
    """A stop signal that does something between rounds, and then is set."""

    def __init__(self, *between: Callable[[], object]) -> None:
        super().__init__()
        self._between = [*between, self.set]

    def wait(self, timeout: float | None = None) -> bool:
        self._between.pop(0)()
        return self.is_set()


class Hands:
    """A clock of the worker's own."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **units: float) -> None:
        self.now += timedelta(**units)


def test_a_worker_takes_up_what_another_abandoned(app: Flask) -> None:
    mail_id = queue()
    abandon(mail_id, until=NOW)
    with MailServer() as server:
        outbox.run_worker(app, to_port(server.port), stop=Rounds(), clock=lambda: NOW)
    assert look(mail_id).state == MailState.SENT


def test_a_worker_outlives_trouble_with_the_database(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def rename(old: str, new: str) -> None:
        with db.writing():
            db.session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    mail_id = queue()
    rename("outgoing_mail", "hidden")
    stop = Rounds(lambda: rename("hidden", "outgoing_mail"))
    with MailServer() as server:
        outbox.run_worker(app, to_port(server.port), stop=stop, clock=lambda: NOW)
    (record,) = caplog.records
    assert record.message.startswith("mail can’t be composed or delivered now:")
    assert look(mail_id).state == MailState.SENT


def test_a_worker_does_its_chores_when_they_are_due_and_none_holds_up_a_mail(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Hands()
    done: list[datetime] = []

    def look_around(now: datetime) -> None:
        done.append(now)

    def break_down(now: datetime) -> None:
        raise MailError("nothing to be told")

    chores = [
        outbox.Chore(break_down, timedelta(hours=1)),
        outbox.Chore(look_around, timedelta(minutes=10)),
    ]
    mail_id = queue()
    stop = Rounds(*(lambda: clock.move(minutes=5) for _ in range(3)))
    with MailServer() as server:
        transport = to_port(server.port)
        outbox.run_worker(app, transport, stop=stop, chores=chores, clock=clock)
    assert done == [NOW, NOW + timedelta(minutes=10)]
    assert len(caplog.records) == 1
    assert look(mail_id).state == MailState.SENT


def test_a_worker_whose_clock_is_set_back_goes_on(app: Flask) -> None:
    clock = Hands()
    done: list[datetime] = []
    sent: list[int] = []
    chores = [outbox.Chore(done.append, timedelta(hours=2))]
    clock.move(hours=1)
    stop = Rounds(lambda: clock.move(hours=-1), queue)
    transport = Accepting(lambda: sent.append(1))
    outbox.run_worker(app, transport, stop=stop, chores=chores, clock=clock)
    assert done == [NOW + timedelta(hours=1), NOW]
    assert sent == [1]


def test_a_worker_that_is_told_to_stop_finishes_the_mail_in_hand(app: Flask) -> None:
    first, second = queue(), queue()
    stop = threading.Event()
    outbox.run_worker(app, Accepting(stop.set), stop=stop, clock=lambda: NOW, poll_seconds=0)
    assert (look(first).state, look(second).state) == (MailState.SENT, MailState.QUEUED)


# Files instead of a server


def settings(instance_dir: Path, **more: str) -> Settings:
    environ = {"BLOG_INSTANCE_DIR": str(instance_dir), "BLOG_CLINIC_EMAIL": CLINIC}
    return config.load(environ | more)


def test_without_a_mail_server_each_mail_becomes_a_file(tmp_path: Path) -> None:
    transport = outbox.transport(settings(tmp_path))
    for _ in "twice":
        answer = send(transport, letter())
        assert answer == Answer(Outcome.ACCEPTED, "written to 20260302T090000Z-7.eml")
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == "20260302T090000Z-7.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"Hello" in path.read_bytes()


def test_with_a_mail_server_the_settings_name_it(tmp_path: Path) -> None:
    transport = outbox.transport(settings(tmp_path, BLOG_SMTP_URL="smtp://mail.example.org"))
    assert isinstance(transport, SmtpTransport)
    assert transport.server == SmtpServer("mail.example.org", 587, "starttls")
    assert timedelta(seconds=transport.deadline_seconds) < outbox.LEASE


def test_a_folder_that_cannot_be_written_keeps_the_mails(app: Flask, tmp_path: Path) -> None:
    mail_id, other = queue(), queue()
    (tmp_path / "file").touch()
    assert deliver(FileTransport(tmp_path / "file")) == outbox.Delivered(retried=1)
    assert "can’t be written" in str(look(mail_id).last_error)
    assert look(other).attempts == 0


def test_a_file_that_cannot_be_put_in_place_leaves_no_draft(tmp_path: Path) -> None:
    taken = tmp_path / "20260302T090000Z-7.eml"
    taken.mkdir()
    assert send(FileTransport(tmp_path), letter()).outcome == Outcome.DEFERRED
    assert list(tmp_path.iterdir()) == [taken]


# Trying again, and looking


def fail(mail_id: int, *, now: datetime = NOW, outcome: Outcome = Outcome.REFUSED) -> None:
    with db.writing():
        look_inside(mail_id).settle(Answer(outcome, "550 no"), now=now)


def test_a_failed_mail_can_be_tried_again_with_a_new_day(app: Flask) -> None:
    mail_id = queue()
    for _ in range(3):
        fail(mail_id, outcome=Outcome.DEFERRED)
    fail(mail_id)
    later = NOW + timedelta(days=9)
    for _ in "twice":
        with db.writing():
            look_inside(mail_id).retry(now=later)
    mail = look(mail_id)
    assert (mail.state, mail.next_attempt_at) == (MailState.QUEUED, later)
    assert mail.history[-1].outcome == Outcome.REFUSED
    with MailServer(rcpt_answers=["450 4.2.0 Later"]) as server:
        assert deliver(to_port(server.port), now=later).retried == 1
    assert look(mail_id).next_attempt_at < later + 8 * MINUTE


def test_a_mail_that_was_sent_or_is_in_hand_is_not_tried_again(app: Flask) -> None:
    sent, in_hand = queue(), queue(now=NOW + MINUTE)
    deliver(Accepting(lambda: None))
    abandon(in_hand, until=NOW + MINUTE)
    with db.writing():
        with pytest.raises(Conflict, match="has been sent already"):
            look_inside(sent).retry(now=NOW)
        look_inside(in_hand).retry(now=NOW)
    assert look(sent).state == MailState.SENT
    assert look(in_hand).state == MailState.SENDING


def test_all_that_failed_or_wait_can_be_tried_again_at_once(app: Flask) -> None:
    failed, waiting, sent, planned = queue(), queue(), queue(), queue(due_at=NOW + MINUTE)
    fail(failed)
    with db.writing():
        look_inside(waiting).settle(Answer(Outcome.DEFERRED, "450 later"), now=NOW)
        look_inside(sent).settle(Answer(Outcome.ACCEPTED, "250 OK"), now=NOW)
    with db.writing():
        assert outbox.retry_all(now=NOW + MINUTE / 2) == 2
    assert [look(mail_id).state for mail_id in (failed, waiting)] == ["queued", "queued"]
    assert look(waiting).next_attempt_at == NOW + MINUTE / 2
    assert look(sent).state == MailState.SENT
    assert look(planned).next_attempt_at == NOW + MINUTE


def test_words_of_a_server_are_kept_short_and_on_one_line(app: Flask) -> None:
    mail_id = queue()
    with db.writing():
        answer = Answer(Outcome.DEFERRED, "450 first\r\nsecond\x00\x1b[31m " + "x" * 9_000)
        look_inside(mail_id).settle(answer, now=NOW)
    error = str(look(mail_id).last_error)
    assert error.startswith("450 first second [31m xxx")
    assert len(error) == 500


def test_health_tells_whether_mail_arrives(app: Flask) -> None:
    assert outbox.health(now=NOW) == Health.OK
    mail_id = queue()
    assert outbox.health(now=NOW - MINUTE) == Health.OK
    assert outbox.health(now=NOW) == Health.WAITING
    assert outbox.health(now=NOW + 16 * MINUTE) == Health.FAILING
    deliver(Accepting(lambda: None))
    assert look(mail_id).state == MailState.SENT
    assert outbox.health(now=NOW + 16 * MINUTE) == Health.OK


def test_health_remembers_a_failure_until_a_mail_arrives_or_days_pass(app: Flask) -> None:
    fail(queue())
    assert outbox.health(now=NOW + timedelta(days=2)) == Health.FAILING
    assert outbox.health(now=NOW + timedelta(days=4)) == Health.OK
    queue(now=NOW + MINUTE)
    deliver(Accepting(lambda: None), now=NOW + MINUTE)
    assert outbox.health(now=NOW + MINUTE) == Health.OK
    fail(queue(now=NOW + 2 * MINUTE), now=NOW + 2 * MINUTE)
    assert outbox.health(now=NOW + 2 * MINUTE) == Health.FAILING


def test_mails_are_listed_newest_first_page_by_page(app: Flask) -> None:
    ids = [queue() for _ in range(5)]
    fail(ids[1])
    fail(ids[3])
    assert [mail.id for mail in outbox.recent(limit=2)] == [ids[4], ids[3]]
    assert [mail.id for mail in outbox.recent(before=ids[3], limit=2)] == [ids[2], ids[1]]
    assert [mail.id for mail in outbox.recent(MailState.FAILED)] == [ids[3], ids[1]]
    assert outbox.failed_count() == 2


def test_the_last_mail_of_a_kind_to_somebody_is_found(app: Flask) -> None:
    assert outbox.last_of_kind("enquiry", CLINIC) is None
    queue()
    newest = queue()
    queue(kind="comment-waiting")
    queue(recipient="other@example.org")
    found = outbox.last_of_kind("enquiry", CLINIC)
    assert found is not None
    assert found.id == newest


def test_a_deleted_mail_takes_its_history_along(app: Flask) -> None:
    mail_id = queue()
    fail(mail_id)
    with db.writing():
        db.session.delete(look_inside(mail_id))
    assert db.session.execute(select(func.count(MailAttempt.id))).scalar_one() == 0


def test_the_words_of_old_mails_are_forgotten_and_the_rows_stay(app: Flask) -> None:
    sent, failed, young, waiting = queue(), queue(), queue(now=NOW + MINUTE), queue()
    with db.writing():
        look_inside(sent).settle(Answer(Outcome.ACCEPTED, "250 OK"), now=NOW)
        look_inside(young).settle(Answer(Outcome.ACCEPTED, "250 OK"), now=NOW)
    fail(failed)
    later = NOW + timedelta(days=90)
    for expected in (2, 0):
        with db.writing():
            assert outbox.forget_bodies(until=NOW, now=later) == expected
    for mail_id, is_kept in ((sent, False), (failed, False), (young, True), (waiting, True)):
        mail = look(mail_id)
        assert (bool(mail.text), bool(mail.html)) == (is_kept, is_kept)
        assert mail.forgotten_at == (None if is_kept else later)
    assert (look(sent).server_reply, look(failed).last_error) == ("250 OK", "550 no")


def test_a_mail_whose_words_are_forgotten_is_not_sent_again(app: Flask) -> None:
    failed, on_file = queue(), queue()
    with db.writing():
        words = "written to a.eml"
        look_inside(on_file).settle(Answer(Outcome.ACCEPTED, words), now=NOW)
    fail(failed)
    with db.writing():
        outbox.forget_bodies(until=NOW, now=NOW)
        for mail_id in (failed, on_file):
            with pytest.raises(Conflict, match="no longer kept"):
                look_inside(mail_id).retry(now=NOW)
        assert outbox.retry_all(now=NOW) == 0
    assert (look(failed).state, look(on_file).state) == (MailState.FAILED, MailState.SENT)
