"""A test mail, and what is said of a mail server's answer to it."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from typing import Any

import pytest

from blog import articles, outbox
from blog.errors import MailError
from blog.outbox import Fault, FileTransport, Probe
from blog.outbox.probing import _MEANINGS
from tests import smtp_server
from tests.cast import Blog
from tests.mailing import CLINIC, NOW, SITE, to_port
from tests.smtp_server import HOST, Line, MailServer, Script, scripted, unused_port

pytestmark = pytest.mark.usefixtures("at_work")


def probe(transport: outbox.Transport, recipient: str = CLINIC) -> Probe:
    words: Any = {"site": articles.site(), "sender": SITE, "now": NOW}
    return outbox.probe(transport, recipient=recipient, **words)


def test_a_test_mail_is_sent_at_once_and_stored_nowhere() -> None:
    with MailServer() as server:
        found = probe(to_port(server.port))
    assert (found.is_accepted, found.said, found.fault) == (True, "250 OK stored", None)
    (received,) = server.received
    assert received.recipients == [CLINIC]
    assert received.message["Subject"] == "Test mail from The Skin Journal"
    body = received.message.get_body(("plain",))
    assert body
    assert "This mail arrived" in body.get_content()
    assert outbox.recent() == []


def test_a_recipient_who_is_no_address_is_refused() -> None:
    with pytest.raises(MailError):
        probe(to_port(1), "a@b.example, c@d.example")


def test_where_no_mail_server_is_set_that_is_said(tmp_path: Path) -> None:
    found = probe(FileTransport(tmp_path / "mail"))
    assert not found.is_accepted
    assert "No mail server is set" in found.meaning
    assert not (tmp_path / "mail").exists()


def answering(verb: str, answer: str) -> Script:
    def script(line: Line) -> None:
        if verb:
            line.answer_until(verb)
        line.say(answer)
        line.wait()

    return script


def cut_at_once(line: Line) -> None:
    line.close()


def no_handshake(line: Line) -> None:
    line.say("this is no TLS")
    line.wait()


ANSWERS: list[tuple[Script, Fault, str]] = [
    (answering("", "554 5.7.1 You are on a list"), Fault.UNWELCOME, "You are on a list"),
    (answering("", "421 4.3.2 Too many"), Fault.BUSY, "Too many"),
    (answering("", "SSH-2.0"), Fault.NONSENSE, "-1"),
    (cut_at_once, Fault.BROKE_OFF, "broke off"),
    (Line.wait, Fault.TOO_SLOW, "within 0.3 s"),
    (answering("MAIL", "550 5.7.1 Not your address"), Fault.SENDER, "Not your address"),
    (answering("MAIL", "530 5.7.0 Sign in first"), Fault.NO_LOGIN, "Sign in first"),
    (answering("RCPT", "550 5.1.1 No such user"), Fault.RECIPIENT, "No such user"),
    (answering("RCPT", "554 5.7.1 Relay access denied"), Fault.RELAYING, "Relay access"),
    (answering("RCPT", "450 4.2.0 Greylisted"), Fault.GREYLISTED, "Greylisted"),
    (answering("RCPT", "452 4.2.2 Full"), Fault.BUSY, "Full"),
    (answering("DATA", "550 5.7.26 Unauthenticated"), Fault.CONTENT, "Unauthenticated"),
]


@pytest.mark.parametrize(("script", "fault", "said"), ANSWERS, ids=itertools.count(1))
def test_each_answer_is_told_in_words(script: Script, fault: Fault, said: str) -> None:
    with scripted(script) as port:
        found = probe(to_port(port, deadline_seconds=0.3))
    assert (found.is_accepted, found.fault) == (False, fault)
    assert said in found.said
    assert (found.meaning, found.remedy) == _MEANINGS[fault]


def test_a_server_that_is_not_there_is_told_from_one_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert probe(to_port(unused_port())).fault == Fault.NOBODY_THERE
    for error, fault in (
        (socket.gaierror(-2, "Name or service not known"), Fault.NAME),
        (OSError(101, "Network is unreachable"), Fault.UNREACHABLE),
        (TimeoutError("timed out"), Fault.TOO_SLOW),
    ):

        def fail(*_: Any, error: OSError = error, **__: Any) -> Any:
            raise error

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        assert probe(to_port(1)).fault == fault


def test_what_is_wrong_with_encryption_or_the_login_is_told() -> None:
    tls, trusting = smtp_server.server_context, smtp_server.client_context()
    with MailServer() as server:
        assert probe(to_port(server.port, tls="starttls")).fault == Fault.NO_STARTTLS
        assert probe(to_port(server.port, user="clinic")).fault == Fault.LOGIN
    with MailServer(starttls=tls(), login=("clinic", "another")) as server:
        assert probe(to_port(server.port, tls="starttls")).fault == Fault.CERTIFICATE
        options: Any = {"tls": "starttls", "context": trusting}
        assert probe(to_port(server.port, user="clinic", **options)).fault == Fault.LOGIN
        assert probe(to_port(server.port, **options)).fault == Fault.NO_LOGIN
    with scripted(no_handshake) as port:
        assert probe(to_port(port, tls="tls", context=trusting)).fault == Fault.NO_TLS


def no_common_login(line: Line) -> None:
    line.greet()
    line.hear()
    line.say("250-mail.test\r\n250 AUTH GSSAPI")
    line.wait()


def test_a_server_that_knows_no_login_of_ours_is_told_of() -> None:
    with scripted(no_common_login) as port:
        assert probe(to_port(port, user="clinic")).fault == Fault.LOGIN


def test_every_fault_of_a_server_has_its_words() -> None:
    assert set(_MEANINGS) == set(Fault) - {Fault.FOLDER}


# The command


def test_the_command_says_that_a_test_mail_was_taken(blog: Blog) -> None:
    with MailServer() as server:
        url = f"smtp://{HOST}:{server.port}"
        ran = blog("mail", "probe", BLOG_SMTP_URL=url)
        assert (ran.code, ran.err) == (0, "")
        assert "250 OK stored" in ran.out
        ran = blog("mail", "probe", "sandra@clinic.example", "--json", BLOG_SMTP_URL=url)
    assert (ran.code, ran.json["is_accepted"], ran.json["fault"]) == (0, True, None)
    to = [received.recipients for received in server.received]
    assert to == [["hello@clinic.example"], ["sandra@clinic.example"]]


def test_the_command_says_what_is_wrong_and_ends_with_1(blog: Blog) -> None:
    url = f"smtp://{HOST}:{unused_port()}"
    ran = blog("mail", "probe", BLOG_SMTP_URL=url)
    assert (ran.code, ran.out) == (1, "")
    meaning, said, remedy = ran.err.splitlines()
    assert (meaning, remedy) == _MEANINGS[Fault.NOBODY_THERE]
    assert "Connection refused" in said
    ran = blog("mail", "probe", "--json", BLOG_SMTP_URL=url)
    assert (ran.code, ran.err, ran.json["fault"]) == (1, "", "nobody listens")
    ran = blog("mail", "probe")
    assert (ran.code, ran.err.count("\n")) == (1, 2)
    refused = blog("mail", "probe", "a@b.example, c@d.example", BLOG_SMTP_URL=url)
    assert "not one plain email address" in refused.sentence()
