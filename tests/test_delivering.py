"""How mails take turns, share a connection, and wait for a server that fails."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from blog import db, outbox
from blog.outbox import Answer, MailBreaker, MailState, Outcome, OutgoingMail
from tests import smtp_server
from tests.cast import at_once
from tests.mailing import (
    MINUTE,
    NOW,
    SITE,
    Taking,
    deliver,
    letter,
    look,
    look_inside,
    queue,
    send,
    to_port,
)
from tests.smtp_server import Line, MailServer, Script, scripted

pytestmark = pytest.mark.usefixtures("at_work")


def down(_: OutgoingMail) -> Answer:
    return Answer(Outcome.DEFERRED, "The server is down.", is_about_server=True)


def later(_: OutgoingMail) -> Answer:
    return Answer(Outcome.DEFERRED, "452 Full")


# Turns


def test_a_flood_of_one_kind_does_not_hold_up_another() -> None:
    words: Any = {"sender": SITE, "subject": "S", "text": "T", "html": "T", "now": NOW}
    with db.writing():
        for number in range(500):
            outbox.queue(kind="replies", recipient=f"r{number}@example.com", **words)
    enquiry = queue(now=NOW + MINUTE)
    taking = Taking()
    outbox.deliver_due(taking, worker="worker", clock=lambda: NOW + MINUTE, limit=4)
    assert enquiry in [mail.id for mail in taking.given[:2]]
    assert Counter(mail.kind for mail in taking.given) == {"replies": 3, "enquiry": 1}


def test_a_mail_of_another_kind_that_comes_amid_a_batch_goes_next() -> None:
    for _ in range(3):
        queue(kind="replies")

    def queue_one(mail: OutgoingMail) -> Answer:
        if mail.kind == "replies":
            queue(kind=f"after {mail.id}")
        return Answer(Outcome.ACCEPTED, "250 OK")

    taking = Taking(queue_one)
    deliver(taking)
    kinds = [mail.kind for mail in taking.given]
    assert kinds == ["replies", "after 1", "replies", "after 2", "replies", "after 3"]


def test_kinds_take_turns_and_of_one_the_mail_that_waits_longest_goes_first() -> None:
    second, first = queue(kind="b", now=NOW), queue(kind="b", now=NOW - MINUTE)
    others = [queue(kind="a"), queue(kind="c"), queue(kind="a")]
    not_due = queue(kind="0", due_at=NOW + MINUTE)
    taking = Taking()
    deliver(taking)
    assert [mail.id for mail in taking.given] == [others[0], first, others[1], others[2], second]
    assert look(not_due).attempts == 0


def test_a_mail_that_a_clock_put_off_for_too_long_is_due() -> None:
    ahead = NOW + timedelta(days=400)
    fresh, tried = queue(now=ahead), queue(now=ahead - MINUTE)
    assert outbox.deliver_due(Taking(later), worker="w", clock=lambda: ahead, limit=1).retried == 1
    as_far_as_any = queue(kind="replies", due_at=NOW + timedelta(hours=9.6))
    taking = Taking()
    assert deliver(taking).sent == 2
    assert {mail.id for mail in taking.given} == {fresh, tried}
    assert (look(tried).trying_since, look(tried).due_at) == (NOW, NOW)
    assert look(as_far_as_any).attempts == 0


# One connection for several mails


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
def test_the_mails_of_a_batch_share_a_connection(tls: str) -> None:
    for _ in range(4):
        queue()
    options: Any = {tls: smtp_server.server_context()} if tls != "none" else {}
    answers = ["250 OK", "550 5.1.1 Nobody", "451 4.7.1 Greylisted"]
    with MailServer(rcpt_answers=answers, **options) as server:
        transport = to_port(server.port, tls=tls, context=smtp_server.client_context())
        assert deliver(transport) == outbox.Delivered(sent=2, retried=1, failed=1)
        assert server.connections == 1
        queue()
        assert deliver(transport).sent == 1
        assert server.connections == 2


def close_after_a_mail(line: Line) -> None:
    line.greet()
    line.take_mail()


def refuse_reset(line: Line) -> None:
    line.greet()
    line.take_mail()
    line.hear()
    line.say("502 5.5.1 What?")
    line.wait()


def end_at_reset(line: Line) -> None:
    line.greet()
    line.take_mail()
    line.hear()
    line.say("421 4.3.2 Enough")


def end_at_the_second_mail(line: Line) -> None:
    line.greet()
    line.take_mail()
    line.go_on_until("MAIL")
    line.say("421 4.7.0 Enough for one connection")
    line.wait()


@pytest.mark.parametrize(
    "script", [close_after_a_mail, refuse_reset, end_at_reset, end_at_the_second_mail]
)
def test_a_server_that_ends_a_connection_after_a_mail_is_called_again(script: Script) -> None:
    ids = [queue() for _ in range(3)]
    with scripted(script) as port:
        assert deliver(to_port(port)) == outbox.Delivered(sent=3)
    assert [len(look(mail_id).history) for mail_id in ids] == [1, 1, 1]


def test_a_sender_that_is_refused_on_a_shared_connection_is_not_asked_for_twice() -> None:
    heard: list[str] = []

    def script(line: Line) -> None:
        line.greet()
        line.take_mail()
        line.go_on_until("MAIL")
        heard.append("MAIL")
        line.say("550 5.7.1 Not from you")
        line.wait()

    queue()
    second = queue()
    with scripted(script) as port:
        assert deliver(to_port(port)) == outbox.Delivered(sent=1, retried=1)
    assert heard == ["MAIL"]
    assert "550 5.7.1 Not from you" in str(look(second).last_error)


def test_a_mail_cut_off_on_a_shared_connection_comes_again_by_the_same_name() -> None:
    heard: list[str] = []

    def script(line: Line) -> None:
        line.greet()
        heard.append(line.take_mail())
        line.go_on_until("DATA")
        line.say("354 go on")
        heard.append(line.hear_mail())

    first, second, third = queue(), queue(), queue()
    with scripted(script) as port:
        assert deliver(to_port(port)) == outbox.Delivered(sent=2, retried=1)
        again_at = look(second).next_attempt_at
        assert deliver(to_port(port), now=again_at) == outbox.Delivered(sent=1)
    names = [look(mail_id).message_id for mail_id in (first, second, third, second)]
    assert len(heard) == len(names)
    assert all(name in mail for name, mail in zip(names, heard, strict=True))


def test_a_server_that_stalls_on_a_shared_connection_is_left_at_the_deadline() -> None:
    def script(line: Line) -> None:
        line.greet()
        line.take_mail()
        line.wait()

    with scripted(script) as port, to_port(port, deadline_seconds=0.4).session() as session:
        assert session.send(letter()).outcome == Outcome.ACCEPTED
        answer = session.send(letter())
    assert (answer.outcome, answer.is_about_server) == (Outcome.DEFERRED, True)
    assert "did not finish the connection within 0.4 s" in answer.words


def test_a_client_says_goodbye() -> None:
    heard: list[str] = []

    def script(line: Line) -> None:
        line.greet()
        line.take_mail()
        heard.append(line.hear())

    with scripted(script) as port:
        assert send(to_port(port), letter()).outcome == Outcome.ACCEPTED
    assert heard == ["QUIT"]


# A server that fails


def standing(name: str = "taking") -> MailBreaker | None:
    db.session.rollback()
    return outbox.breaker_of(name)


def pause_after(transport: Taking, now: datetime) -> timedelta:
    """Try at a moment, and tell for how long the server is left alone then."""
    tried = len(transport.given)
    assert deliver(transport, now=now).retried == 1
    assert len(transport.given) == tried + 1
    row = standing()
    assert row
    assert deliver(transport, now=row.open_until - timedelta(seconds=1)) == outbox.Delivered()
    assert len(transport.given) == tried + 1
    return row.open_until - now


def test_a_server_that_fails_is_tried_once_after_pauses_that_grow_to_a_bound() -> None:
    for _ in range(3):
        queue()
    failing, now, pauses = Taking(down), NOW, []
    for _ in range(7):
        pauses.append(pause_after(failing, now))
        now += pauses[-1]
    assert [pause / MINUTE for pause in pauses] == [1, 2, 5, 10, 15, 15, 15]
    # Nobody is tried again and again while others were never.
    assert sorted(mail.id for mail in failing.given) == [1, 1, 1, 2, 2, 3, 3]
    assert {look(mail_id).last_error for mail_id in (1, 2, 3)} == {"The server is down."}


def test_the_first_success_opens_the_way_for_all_that_wait() -> None:
    for _ in range(3):
        queue()
    assert deliver(Taking(down)).retried == 1
    assert deliver(Taking(), now=NOW + MINUTE).sent == 3
    assert standing() is None


def test_an_answer_about_the_mail_is_a_success_of_the_server() -> None:
    queue()
    deliver(Taking(down))
    assert deliver(Taking(later), now=NOW + MINUTE).retried == 1
    assert standing() is None


def test_a_mail_that_waits_for_a_server_has_its_back_off_still_before_it() -> None:
    mail_id = queue()
    for number in range(9):
        deliver(Taking(down), now=NOW + number * 20 * MINUTE)
    now = NOW + timedelta(hours=4)
    deliver(Taking(later), now=now)
    mail = look(mail_id)
    assert mail.next_attempt_at < now + 2 * MINUTE
    assert mail.attempts == 10
    # What was said over and over is one line.
    assert [(line.at, line.reply) for line in mail.history] == [
        (NOW + 160 * MINUTE, "The server is down."),
        (now, "452 Full"),
    ]


def test_another_server_is_not_held_up() -> None:
    queue()
    deliver(Taking(down))
    other = Taking()
    other.name = "another"
    assert deliver(other).sent == 1


@pytest.mark.parametrize("everything", [False, True])
def test_who_wants_a_mail_to_be_tried_again_ends_the_pause(everything: bool) -> None:
    mail_id = queue()
    deliver(Taking(down))
    with db.writing():
        if everything:
            outbox.retry_all(now=NOW)
        else:
            look_inside(mail_id).retry(now=NOW)
    assert standing() is None
    assert deliver(Taking()).sent == 1


def test_of_several_workers_one_gets_the_one_try(app: Flask) -> None:
    for _ in range(4):
        queue()
    deliver(Taking(down))
    both = threading.Barrier(2)

    def fail_slowly(mail: OutgoingMail) -> Answer:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return down(mail)

    failing = Taking(fail_slowly)
    rounds = at_once(app, *[lambda: deliver(failing, now=NOW + MINUTE)] * 3)
    assert sorted(done.retried for done in rounds) == [0, 0, 1]
    row = standing()
    assert row
    assert (row.failures, row.open_until) == (2, NOW + 3 * MINUTE)


def test_workers_that_fail_at_one_moment_count_as_one_failure(app: Flask) -> None:
    queue()
    queue()
    both = threading.Barrier(2)

    def fail_together(mail: OutgoingMail) -> Answer:
        both.wait(20)
        return down(mail)

    failing = Taking(fail_together)
    names = ("first", "second")
    at_once(app, *[lambda name=name: deliver(failing, worker=name) for name in names])
    assert len(failing.given) == 2
    row = standing()
    assert row
    assert (row.failures, row.open_until) == (1, NOW + MINUTE)


def test_a_worker_that_dies_with_the_one_try_does_not_keep_it() -> None:
    queue()
    queue()
    deliver(Taking(down))

    def die(_: OutgoingMail) -> Answer:
        raise SystemExit

    with pytest.raises(SystemExit):
        deliver(Taking(die), now=NOW + MINUTE)
    assert deliver(Taking(), now=NOW + MINUTE) == outbox.Delivered()
    assert deliver(Taking(), now=NOW + MINUTE + outbox.LEASE).sent == 1


def test_a_pause_given_by_a_wrong_clock_does_not_last() -> None:
    queue()
    deliver(Taking(down))
    with db.writing():
        row = outbox.breaker_of("taking")
        assert row
        row.open_until = NOW + timedelta(days=1)
    assert deliver(Taking()).sent == 1


# A server that fails in each way there is, and then recovers


def say_at(verb: str, answer: str) -> Script:
    def script(line: Line) -> None:
        line.greet()
        while True:
            line.go_on_until(verb)
            line.say(answer)

    return script


def cut_in_data(line: Line) -> None:
    line.greet()
    line.go_on_until("DATA")
    line.say("354 go on")


def hang_in_data(line: Line) -> None:
    cut_in_data(line)
    line.wait()


def refuse_tls(line: Line) -> None:
    line.greet()
    line.hear()
    line.say("250-mail.test\r\n250 STARTTLS")
    line.hear()
    line.say("454 4.7.0 TLS not available")
    line.wait()


FAULTS: list[tuple[str, Script, str]] = [
    ("hangs up", Line.close, "none"),
    ("hangs", Line.wait, "none"),
    ("hangs in DATA", hang_in_data, "none"),
    ("cuts off in DATA", cut_in_data, "none"),
    ("421", say_at("RCPT", "421 4.3.2 Closing down"), "none"),
    ("450", say_at("RCPT", "450 4.2.0 Later"), "none"),
    ("451", say_at("RCPT", "451 4.7.1 Greylisted"), "none"),
    ("451 after DATA", say_at("DATA", "451 4.3.0 Later"), "none"),
    ("refuses TLS", refuse_tls, "starttls"),
]


@pytest.mark.parametrize(
    ("script", "tls"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_every_mail_arrives_once_when_the_server_recovers(script: Script, tls: str) -> None:
    ids = [queue(kind=f"kind {number % 2}") for number in range(3)]
    options: Any = {"tls": tls, "context": smtp_server.client_context()}
    rounds = itertools.count()
    with scripted(script) as port:
        failing = to_port(port, deadline_seconds=0.2, **options)
        for number in itertools.islice(rounds, 3):
            assert deliver(failing, now=NOW + number * 5 * MINUTE).sent == 0
    assert {look(mail_id).state for mail_id in ids} == {MailState.QUEUED}
    assert outbox.health(now=NOW + 16 * MINUTE) == outbox.Health.FAILING
    starttls = smtp_server.server_context() if tls == "starttls" else None
    with MailServer(port=port, starttls=starttls) as server:
        for number in itertools.islice(rounds, 12):
            deliver(to_port(port, **options), now=NOW + number * 5 * MINUTE)
    assert {look(mail_id).state for mail_id in ids} == {MailState.SENT}
    arrived = Counter(mail.message["Message-ID"] for mail in server.received)
    assert arrived == Counter(look(mail_id).message_id for mail_id in ids)


def test_a_mail_that_is_refused_is_seen_to_have_failed_and_the_others_arrive() -> None:
    refused, other = queue(), queue()
    with MailServer(rcpt_answers=["550 5.1.1 No such user"]) as server:
        assert deliver(to_port(server.port)) == outbox.Delivered(sent=1, failed=1)
    assert "550 5.1.1 No such user" in str(look(refused).last_error)
    assert (look(other).state, outbox.failed_count()) == (MailState.SENT, 1)


def test_a_server_that_is_slow_gets_every_mail_once() -> None:
    heard: list[str] = []
    pause = threading.Event()

    def slow(line: Line) -> None:
        line.greet()
        for _ in range(2):
            pause.wait(0.2)
            heard.append(line.take_mail())
        line.wait()

    ids = [queue(), queue()]
    with scripted(slow) as port:
        assert deliver(to_port(port)) == outbox.Delivered(sent=2)
    assert all(look(mail_id).message_id in mail for mail_id, mail in zip(ids, heard, strict=True))
