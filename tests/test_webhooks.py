"""Webhooks: where they may go, what is sent, what comes of each answer, and who is told of what."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from blog import db, journal, webhooks
from blog.errors import Conflict, Invalid
from blog.outbox import MailState
from blog.webhooks import (
    Courier,
    DeliveryState,
    Event,
    State,
    Webhook,
    WebhookDelivery,
    deliveries,
    places,
    sending,
)
from tests import hook_server, mailing, smtp_server
from tests.cast import CLOCK, Clock, at_once
from tests.hook_server import HOST, HookServer, Reply

once = pytest.mark.one_database("an attempt asks no database for anything")
EVERYTHING = list(webhooks.Event)
ITEM = {"id": "sun-care", "url": "http://127.0.0.1:8000/api/v1/articles/sun-care"}
QUICK_SECONDS = 0.3


@pytest.fixture
def app(clock: Clock, make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """A site that sends webhooks to programs on this machine, at work."""
    app = make_app(webhook_hosts=f"{HOST} hooks.internal")
    with app.app_context():
        yield app


def add(url: str, *events: str, label: str = "Static site") -> int:
    with db.writing():
        chosen = events or EVERYTHING
        return webhooks.add(label=label, url=url, events=chosen, by=None, now=db.utc_now()).id


def look(hook_id: int) -> Webhook:
    db.session.rollback()
    found = webhooks.by_id(hook_id)
    assert found
    return found


def tell(event: Event = Event.ARTICLE_PUBLISHED, *items: Any, at: datetime | None = None) -> int:
    now = db.utc_now()
    with db.writing():
        return webhooks.tell(event, items or (ITEM,), at=at or now, now=now)


def log(hook_id: int) -> list[WebhookDelivery]:
    """What was queued for an endpoint, the newest first."""
    return list(webhooks.recent(look(hook_id)))


def last(hook_id: int) -> WebhookDelivery:
    return log(hook_id)[0]


def carry(app: Flask, **options: Any) -> None:
    """Let a worker go round once, and wait for what it began."""
    courier = Courier(app, context=smtp_server.client_context(), **options)
    courier.go_round()
    courier.wait()


def send(url: str, **options: Any) -> sending.Answer:
    context = smtp_server.client_context()
    return sending.send(url, {}, b"{}", context=context, **options)


# Where a webhook may go


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://hooks.example.org", (True, "hooks.example.org", 443, "/", False)),
        (
            "https://Hooks.example.org:8443/a?b=c",
            (True, "hooks.example.org", 8443, "/a?b=c", False),
        ),
        ("http://127.0.0.1:9/x", (False, "127.0.0.1", 9, "/x", True)),
        ("http://hooks.internal", (False, "hooks.internal", 80, "/", True)),
        ("https://xn--mller-kva.example/a", (True, "xn--mller-kva.example", 443, "/a", False)),
    ],
)
def test_an_address_is_taken_apart(url: str, place: tuple[Any, ...]) -> None:
    named = ["127.0.0.1", "hooks.internal:80"]
    assert places.read(url, named=named) == places.Place(*place)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "ftp://hooks.example.org",
        "file:///etc/passwd",
        "https://",
        "https://hooks.example.org:0",
        "https://hooks.example.org:99999",
        "https://hooks.example.org/a b",
        "https://hooks.example.org/\\..",
        "https://müller.example",
        "https://hooks.example.org/\r\nX: y",
        "https://a:b@hooks.example.org",
        "https://hooks.example.org#a",
        f"https://hooks.example.org/{'a' * 500}",
        # No https, or another port.
        "http://hooks.example.org",
        "https://hooks.example.org:22",
        # Hosts of this machine or network, in every spelling.
        "https://localhost",
        "https://127.0.0.1",
        "https://127.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.0x0.0x0.0x1",
        "https://0177.0.0.1",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[",
        "https://intranet",
        "https://hooks.internal.",
        "http://hooks.internal:81",
        "https://169.254.169.254",
    ],
)
def test_an_address_that_no_webhook_goes_to_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        places.read(url, named=["hooks.internal:80"])
    assert list(refused.value.fields) == ["url"]


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
    ],
)
def test_addresses_that_are_not_public_are_known(address: str) -> None:
    assert not places.is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700:4700::1111"]
)
def test_addresses_that_are_public_are_known(address: str) -> None:
    assert places.is_public(address)


class Names:
    """The resolver of the machine, as a test has it; each lookup uses up one answer."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append((host, port))
        found = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]


@once
@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["169.254.169.254"]])
def test_a_name_that_stands_for_a_private_address_is_not_called(
    app: Flask, monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(found))
    with HookServer() as server:
        answer = send(f"https://127.0.0.1.nip.example:{places.PORTS[1]}")
        assert server.taken == []
    assert answer.words == (
        f"127.0.0.1.nip.example stands for {found[-1]}, which isn’t public; a host of one’s own"
        " has to be named in BLOG_WEBHOOK_HOSTS."
    )


@once
def test_a_name_is_looked_up_once_and_what_it_stood_for_then_is_called(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    connect = socket.socket.connect

    def note(sock: socket.socket, address: Any) -> None:
        called.append(address)
        connect(sock, (HOST, server.port))

    names = Names(["8.8.8.8"], ["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", names)
    monkeypatch.setattr(socket.socket, "connect", note)
    with HookServer(tls=smtp_server.server_context()) as server:
        answer = send("https://rebinding.example.org/hook")
        # Who answers must show a certificate of that name.
        assert "no valid certificate" in answer.words
        assert server.taken == []
    assert called == [("8.8.8.8", 443)]
    assert names.asked == [("rebinding.example.org", 443)]


@once
def test_over_tls_the_name_is_asked_for_and_its_certificate_checked(app: Flask) -> None:
    with HookServer(tls=smtp_server.server_context()) as server:
        answer = send(server.url)
        (taken,) = server.taken
        assert (answer.status, answer.words) == (200, "thank you")
        assert taken.headers["host"] == f"{HOST}:{server.port}"
        strict = sending.send(server.url, {}, b"{}", context=sending.trusted())
        assert "no valid certificate" in strict.words
        plain = send(server.url.replace("https", "http"))
        assert plain.status is None


@once
def test_the_usual_port_is_not_named(app: Flask) -> None:
    place = places.read("https://hooks.example.org/a", named=[])
    left, right = socket.socketpair()
    with left, right:
        sending._Line(place, left).request("POST", "/a", b"")
        assert b"Host: hooks.example.org\r\n" in right.recv(1000)


# One attempt


@once
@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Reply(204, body=b""), 204, ""),
        (Reply(500, body=b"<b>no\x00\n  way</b>"), 500, "<b>no way</b>"),
        (Reply(200, body=b"x" * 1_000_000), 200, "x" * 500),
        (Reply(200, body=b"\xff\xfe"), 200, "��"),
        (
            Reply(302, (("Location", "http://127.0.0.1:1/"),), b"there"),
            302,
            "It sends elsewhere, which isn’t followed. there",
        ),
        (
            hook_server.nonsense,
            None,
            "It can’t be reached, or broke off: 220 mail.example.org ESMTP.",
        ),
        (
            hook_server.break_off,
            None,
            "It can’t be reached, or broke off: Remote end closed connection without response.",
        ),
        (hook_server.drip_words, 200, "well well"),
        (hook_server.drip, None, "It did not answer within 0.3 s."),
        (hook_server.hang, None, "It did not answer within 0.3 s."),
    ],
)
def test_an_attempt_ends_in_time_whatever_is_answered(
    app: Flask, reply: Any, status: int | None, words: str
) -> None:
    with HookServer(reply) as server:
        began = time.monotonic()
        answer = send(server.url, deadline_seconds=QUICK_SECONDS)
        assert time.monotonic() - began < QUICK_SECONDS + 1
        assert answer.status == status
        assert answer.words.startswith(words)
        assert len(answer.words) <= sending.WORDS_MAX_CHARS
        assert len(server.taken) == 1


@once
def test_a_place_where_nobody_is_says_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind((HOST, 0))
        answer = send(f"http://{HOST}:{nobody.getsockname()[1]}")
        assert answer.words == "It can’t be reached, or broke off: Connection refused."
    assert send("http://elsewhere.example").words.startswith("It must begin with https://")
    # No resolver knows it, by RFC 6761.
    assert send("https://hooks.invalid").words == "Its name can’t be looked up."
    monkeypatch.setattr(socket, "getaddrinfo", Names([]))
    assert send("http://hooks.internal").words.endswith("it has no address.")


@once
def test_the_second_address_is_tried_where_the_first_is_deaf(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HookServer() as server, socket.socket():
        monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.9", HOST]))
        assert send(server.url.replace(HOST, "hooks.internal")).is_taken


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Mon, 04 May 2026 09:40:00 GMT", timedelta(minutes=10)),
        ("Mon, 04 May 2026 09:40:00 -0000", timedelta(minutes=10)),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("Mon, 04 May 99999 09:40:00 GMT", None),
    ],
)
def test_how_long_to_wait_is_read(text: str, wait: timedelta | None) -> None:
    assert sending._retry_after(text, now=CLOCK) == wait


# What is sent


def test_an_event_is_signed_and_holds_ids_alone(app: Flask) -> None:
    with HookServer() as server:
        hook_id = add(server.url)
        assert tell() == 1
        carry(app)
        (taken,) = server.taken
        secret = look(hook_id).secret
    assert taken.path == "/hook?from=blog"
    assert taken.headers["content-type"] == "application/json"
    assert taken.is_signed_by(secret)
    assert not taken.is_signed_by(f"{secret[:-6]}AAAAA=")
    assert taken.headers["webhook-id"].startswith("msg_")
    assert taken.headers["webhook-timestamp"] == str(int(CLOCK.timestamp()))
    assert taken.json == {
        "type": "article.published",
        "timestamp": "2026-05-04T09:30:00Z",
        "data": {"count": 1, "items": [ITEM]},
    }
    delivery = last(hook_id)
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 1, 200)
    assert (delivery.answer, delivery.tried_at) == ("thank you", CLOCK)
    assert look(hook_id).failing_since is None


def test_a_secret_is_of_one_endpoint_and_stands_nowhere(app: Flask) -> None:
    first, second = look(add("https://a.example")), look(add("https://b.example"))
    assert first.secret != second.secret
    assert len(first.secret) == len("whsec_") + 44
    stored = db.session.connection().exec_driver_sql("SELECT * FROM webhook").all()
    assert first.secret.removeprefix("whsec_") not in str(stored)


def test_many_things_are_counted_and_some_of_them_listed(app: Flask) -> None:
    hook_id = add("https://a.example")
    tell(Event.ARTICLE_DELETED, *[ITEM] * 5_000)
    told = json.loads(last(hook_id).body)
    assert (told["data"]["count"], len(told["data"]["items"])) == (5_000, webhooks.ITEMS_MAX)


def test_an_endpoint_is_told_of_what_it_chose_and_not_of_earlier_times(
    app: Flask, clock: Clock
) -> None:
    hook_id = add("https://a.example", "article.deleted")
    assert tell() == 0
    assert tell(Event.ARTICLE_DELETED, at=CLOCK - timedelta(seconds=1)) == 0
    assert tell(Event.ARTICLE_DELETED) == 1
    other = add("https://b.example", "article.deleted")
    assert tell(Event.ARTICLE_DELETED) == 2
    # It is one thing that happened.
    assert last(hook_id).message_id == last(other).message_id


def test_what_is_queued_belongs_to_the_transaction_that_causes_it(app: Flask) -> None:
    hook_id = add("https://a.example")

    def fail() -> None:
        with db.writing():
            webhooks.tell(Event.SITE_CHANGED, [], at=CLOCK, now=CLOCK)
            raise Conflict("The act failed.")

    with pytest.raises(Conflict):
        fail()
    assert log(hook_id) == []


# What comes of an answer


def test_six_attempts_are_made_over_hours_and_then_no_more(app: Flask, clock: Clock) -> None:
    waits: list[float] = []
    with HookServer(*[Reply(500, body=b"no")] * 6) as server:
        hook_id = add(server.url)
        tell()
        for _ in range(6):
            carry(app)
            delivery = last(hook_id)
            waits.append((delivery.next_attempt_at - clock.now) / timedelta(minutes=1))
            clock.now = max(delivery.next_attempt_at, look(hook_id).rest_until or clock.now)
        clock.move(days=2)
        carry(app)
        assert len(server.taken) == 6
        assert len({taken.headers["webhook-id"] for taken in server.taken}) == 1
        assert len({taken.headers["webhook-timestamp"] for taken in server.taken}) == 6
        for wait, minutes in zip(waits, (1, 5, 30, 120, 360), strict=False):
            assert 0.8 * minutes <= wait <= 1.2 * minutes
        delivery = last(hook_id)
        assert (delivery.state, delivery.attempts, delivery.answer) == ("failed", 6, "no")
        # Somebody wants it to be sent again.
        with db.writing():
            found = webhooks.delivery_by_id(delivery.id, hook=look_inside(hook_id))
            assert found
            assert found.send_again(now=db.utc_now())
        carry(app)
        assert last(hook_id).state == "delivered"
        assert server.taken[6].headers["webhook-id"] == delivery.message_id


def look_inside(hook_id: int) -> Webhook:
    found = webhooks.by_id(hook_id)
    assert found
    return found


def test_a_failure_is_forgotten_with_the_next_success(app: Flask, clock: Clock) -> None:
    with HookServer(Reply(500), Reply(500)) as server:
        hook_id = add(server.url)
        tell()
        tell()
        carry(app)
        # The other one waits while the endpoint rests.
        assert [each.attempts for each in log(hook_id)] == [0, 1]
        hook = look(hook_id)
        assert (hook.failures, hook.rest_until) == (1, CLOCK + timedelta(seconds=5))
        clock.move(seconds=5)
        carry(app)
        assert look(hook_id).rest_until == clock.now + timedelta(seconds=15)
        clock.move(minutes=2)
        carry(app)
        assert {each.state for each in log(hook_id)} == {DeliveryState.DELIVERED}
        hook = look(hook_id)
        assert (hook.failures, hook.failing_since, hook.rest_until) == (0, None, None)


@pytest.mark.parametrize(
    ("asked", "minutes"), [("600", 10), ("999999", 360), ("0", 0.8), ("nonsense", 0.8)]
)
@once
def test_an_endpoint_that_asks_for_time_gets_it_within_bounds(
    app: Flask, asked: str, minutes: float
) -> None:
    with HookServer(Reply(503, (("Retry-After", asked),))) as server:
        hook_id = add(server.url)
        tell()
        carry(app)
    wait = (last(hook_id).next_attempt_at - CLOCK) / timedelta(minutes=1)
    assert minutes <= wait <= minutes * 1.5
    rest = look(hook_id).rest_until
    assert rest == CLOCK + (timedelta(seconds=5) if minutes < 1 else timedelta(minutes=minutes))


def test_who_says_that_it_is_gone_is_switched_off(app: Flask, clock: Clock) -> None:
    with HookServer(Reply(410)) as server:
        hook_id = add(server.url)
        tell()
        tell()
        carry(app)
        hook = look(hook_id)
        assert (hook.state, hook.off_because) == (
            State.OFF,
            "It answered 410: nothing is wanted there any more.",
        )
        assert [each.state for each in log(hook_id)] == ["failed", "failed"]
        assert log(hook_id)[0].answer == "The endpoint was switched off."
        assert tell() == 0
        assert webhooks.count_off() == 1
        delivery = last(hook_id)
        with pytest.raises(Conflict, match="Turn it on first"), db.writing():
            webhooks.delivery_by_id(delivery.id, hook=look_inside(hook_id)).send_again(now=CLOCK)  # type: ignore[union-attr]  # it is there
        with pytest.raises(Conflict, match="Turn it on first"), db.writing():
            webhooks.test(look_inside(hook_id), now=CLOCK)
        clock.move(days=1)
        with db.writing():
            assert look_inside(hook_id).turn_on(by=None, now=db.utc_now())
            assert not look_inside(hook_id).turn_on(by=None, now=db.utc_now())
        assert look(hook_id).off_because is None
        # Of the time between it is told nothing.
        assert tell(at=CLOCK + timedelta(hours=1)) == 0
        assert tell() == 1


def test_who_fails_for_days_is_switched_off(app: Flask, clock: Clock) -> None:
    with HookServer(*[Reply(500, body=b"x" * 900)] * 20) as server:
        hook_id = add(server.url)
        while look(hook_id).state == State.ON:
            tell()
            carry(app)
            clock.move(hours=11)
        hook = look(hook_id)
    assert clock.now - CLOCK - timedelta(hours=11) >= webhooks.OFF_AFTER
    assert str(hook.off_because).startswith("It took nothing for 5 days. xxx")


def test_what_waits_for_an_endpoint_that_is_paused_waits_on(app: Flask, clock: Clock) -> None:
    with HookServer() as server:
        hook_id = add(server.url)
        tell()
        with db.writing():
            assert look_inside(hook_id).pause(by=None, now=CLOCK)
            assert not look_inside(hook_id).pause(by=None, now=CLOCK)
        assert tell() == 0
        carry(app)
        assert server.taken == []
        with db.writing():
            look_inside(hook_id).turn_on(by=None, now=CLOCK)
        carry(app)
        assert len(server.taken) == 1


# Secrets that change


def test_for_a_day_both_secrets_sign_and_then_the_new_one(app: Flask, clock: Clock) -> None:
    with HookServer() as server:
        hook_id = add(server.url)
        old = look(hook_id).secret
        with db.writing():
            look_inside(hook_id).rotate(by=None, now=CLOCK)
        with pytest.raises(Conflict, match="Two secrets sign already"), db.writing():
            look_inside(hook_id).rotate(by=None, now=CLOCK)
        new = look(hook_id).secret
        for _ in range(3):
            tell()
            carry(app)
            clock.move(hours=23, minutes=59)
            tell()
            carry(app)
            clock.move(minutes=1)
        signed = [(each.is_signed_by(old), each.is_signed_by(new)) for each in server.taken]
    assert signed == [(True, True)] * 2 + [(False, True)] * 4
    assert old != new


def test_the_former_secret_can_be_ended_at_once(app: Flask) -> None:
    hook_id = add("https://a.example")
    with db.writing():
        hook = look_inside(hook_id)
        assert not hook.end_former(by=None, now=CLOCK)
        hook.rotate(by=None, now=CLOCK)
        assert len(hook.secrets(now=CLOCK)) == 2
        assert hook.end_former(by=None, now=CLOCK)
        assert hook.secrets(now=CLOCK) == [hook.secret]


# Who carries them, and what holds up whom


def test_a_worker_that_died_has_its_delivery_sent_once_more_under_the_same_id(
    app: Flask, clock: Clock
) -> None:
    with HookServer() as server:
        hook_id = add(server.url)
        tell()
        dead = deliveries.claim(hook_id, "dead", now=clock.now)
        assert dead
        carry(app)
        assert server.taken == []
        assert last(hook_id).state == DeliveryState.SENDING
        with db.writing():
            assert not last(hook_id).send_again(now=clock.now)
        clock.move(minutes=1)
        carry(app)
        assert [taken.headers["webhook-id"] for taken in server.taken] == [dead.message_id]
        # What the dead one had to say comes too late.
        deliveries.settle(dead, sending.Answer("no", 500), now=clock.now)
        assert (last(hook_id).state, last(hook_id).attempts) == (DeliveryState.DELIVERED, 2)


def test_what_is_removed_meanwhile_is_neither_sent_nor_noted(app: Flask) -> None:
    hook_id = add("https://a.example")
    tell()
    tell()
    parcel = deliveries.claim(hook_id, "worker", now=CLOCK)
    assert parcel
    with db.writing():
        look_inside(hook_id).remove(by=None, now=CLOCK)
    deliveries.settle(parcel, sending.Answer("", 200), now=CLOCK)
    assert deliveries.claim(hook_id, "worker", now=CLOCK) is None
    assert db.session.query(WebhookDelivery).all() == []
    assert [line.verb for line in journal.recent(thing="webhook")] == ["removed", "added"]


def test_two_workers_never_have_the_same(app: Flask) -> None:
    hook_id = add("https://a.example")
    for _ in range(3):
        tell()
    claim: Any = lambda: deliveries.claim(hook_id, threading.current_thread().name, now=CLOCK)  # noqa: E731  # the same act, four times
    found = at_once(app, *[claim] * 4)
    ids = [each.delivery_id for each in found if each]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 1


def test_an_endpoint_that_hangs_holds_up_neither_mail_nor_others(app: Flask) -> None:
    mail_id = mailing.queue(now=CLOCK)
    with HookServer(hook_server.hang) as deaf, HookServer() as well:
        hanging, quick = add(deaf.url), add(well.url)
        for _ in range(3):
            tell()
        courier = Courier(app, context=smtp_server.client_context(), deadline_seconds=5)
        courier.go_round()
        while not deaf.taken or len(well.taken) < 3:
            time.sleep(0.01)
        # Going round again begins nothing new for who is being served.
        courier.go_round()
        taking = mailing.Taking()
        assert mailing.deliver(taking, now=CLOCK).sent == 1
        assert mailing.look(mail_id).state == MailState.SENT
        assert last(hanging).state == DeliveryState.QUEUED
        assert {each.state for each in log(hanging)} == {"queued", "sending"}
        assert len(deaf.taken) == 1
        deaf.ended.set()
        courier.wait()
        assert {each.state for each in log(quick)} == {DeliveryState.DELIVERED}


def test_a_worker_carries_them_beside_a_block_until_its_end(app: Flask) -> None:
    with HookServer() as server:
        hook_id = add(server.url)
        with db.writing():
            number = webhooks.test(look_inside(hook_id), now=CLOCK).id
        with webhooks.running(app):
            while last(hook_id).state != DeliveryState.DELIVERED:
                time.sleep(0.01)
        (taken,) = server.taken
    assert last(hook_id).id == number
    assert (taken.json["type"], taken.json["data"]["count"]) == ("webhook.tested", 0)


def test_trouble_with_the_database_is_outlived(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with HookServer() as server:
        hook_id = add(server.url)
        tell()
        courier = Courier(app, context=smtp_server.client_context())
        with db.writing():
            db.session.connection().exec_driver_sql("ALTER TABLE webhook_delivery RENAME TO away")
        courier.go_round()
        assert "webhooks can’t be looked for now" in caplog.text
        courier._serve(hook_id)
        assert "a webhook can’t be delivered now" in caplog.text
        with db.writing():
            db.session.connection().exec_driver_sql("ALTER TABLE away RENAME TO webhook_delivery")
        thread = threading.Thread(target=courier.run, args=(0.01,))
        thread.start()
        while not server.taken:
            time.sleep(0.01)
        courier.stop()
        thread.join()
        courier.wait()
        assert last(hook_id).state == DeliveryState.DELIVERED


def test_what_is_a_month_old_is_forgotten(app: Flask, clock: Clock) -> None:
    hook_id = add("https://a.example")
    tell()
    clock.move(days=29)
    tell()
    clock.move(days=1)
    webhooks.sweep(clock.now)
    assert len(log(hook_id)) == 1


# Endpoints


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"label": ""}, ["label"]),
        ({"label": "x" * 101}, ["label"]),
        ({"label": "a\nb"}, ["label"]),
        ({"url": "https://localhost"}, ["url"]),
        ({"events": []}, ["events"]),
        ({"events": ["article.eaten"]}, ["events"]),
        ({"events": ["webhook.tested", "no"], "url": "", "label": ""}, ["label", "url", "events"]),
    ],
)
@once
def test_an_endpoint_that_can_not_be_is_refused(
    app: Flask, said: dict[str, Any], fields: list[str]
) -> None:
    fine: dict[str, Any] = {"label": "a", "url": "https://a.example", "events": EVERYTHING}
    with pytest.raises(Invalid) as refused, db.writing():
        webhooks.add(**fine | said, by=None, now=CLOCK)
    assert list(refused.value.fields) == fields
    assert webhooks.everything() == []


def test_there_are_so_many_endpoints_at_most(app: Flask) -> None:
    for number in range(webhooks.ENDPOINTS_MAX):
        add(f"https://a.example/{number}")
    with pytest.raises(Conflict, match="10 endpoints already"):
        add("https://a.example")


def test_an_endpoint_is_changed(app: Flask) -> None:
    hook_id = add("https://a.example", "article.deleted", "article.published")
    with db.writing():
        hook = look_inside(hook_id)
        # In whatever order they come.
        same = {"label": "Static site", "url": hook.url, "events": sorted(hook.events)}
        assert not hook.change(**same, by=None, now=CLOCK)  # type: ignore[arg-type]  # as typed
        hook.failures, hook.failing_since = 3, CLOCK
        other = {"label": "CRM", "url": "https://b.example", "events": ["enquiry.received"]}
        assert hook.change(**other, by=None, now=CLOCK)  # type: ignore[arg-type]  # as typed
    hook = look(hook_id)
    assert (hook.label, hook.url, hook.failures) == ("CRM", "https://b.example", 0)
    with pytest.raises(Invalid), db.writing():
        look_inside(hook_id).change(label="CRM", url="", events=[], by=None, now=CLOCK)
    assert webhooks.delivery_by_id(1, hook=hook) is None
