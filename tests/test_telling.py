"""Mails about replies: when one leaves, to whom, and what it holds."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from blog import accounts, articles, comments, db, exports, imports, outbox
from blog.comments import Comment, CommentState, deciding, following, telling, trust
from blog.comments.following import MAIL, Following
from blog.config import SmtpServer
from blog.imports import Wish
from blog.outbox import Answer, MailState, Outcome, OutgoingMail, SmtpTransport
from tests.cast import ARTICLE, AUTHOR, SECOND, Clock, Visitor, at_once, fields
from tests.smtp_server import HOST, MailServer

MakeApp = Callable[..., Flask]
ADDRESS = "nomsa@reader.example"
QUESTION = "How long between two sessions, please?"
ANSWER = "Six weeks did it for me."
CONFIRMATION, TRUST = "/comments/confirmation", "/comments/trust"
TEN = {"minutes": 10}


def write(visitor: Visitor, body: str = QUESTION, **typed: str) -> int:
    """Send a comment; gives its number."""
    sent = visitor.comment(body, **typed)
    assert sent.status_code == 303, sent.text
    return int(re.split(r"[/-]", sent.location)[-1])


def wish(visitor: Visitor, body: str = QUESTION, *, email: str = ADDRESS, **typed: str) -> int:
    """Send a comment with the box ticked."""
    return write(visitor, body, email=email, follow="y", **typed)


def answer(visitor: Visitor, parent: int, body: str = ANSWER, **typed: str) -> int:
    return write(visitor, body, **{"name": "Pieter", "parent": str(parent)} | typed)


def decide(app: Flask, *ids: int, verb: Callable[..., bool] = Comment.approve) -> None:
    """Decide about comments as one click does."""
    with app.app_context(), db.writing():
        for comment in comments.by_ids(ids):
            assert verb(comment, by=None, now=db.utc_now(), batch=f"click {ids}")


def compose(app: Flask) -> None:
    """A round of the worker's."""
    with app.app_context():
        telling.compose(now=db.utc_now())


def mails(app: Flask, kind: str = MAIL) -> list[OutgoingMail]:
    with app.app_context():
        query = db.session.query(OutgoingMail).filter_by(kind=kind)
        return query.order_by(OutgoingMail.id).all()


def link(app: Flask) -> str:
    """The path that the newest mail for confirming leads to."""
    found = re.search(rf"({CONFIRMATION}\?token=\S+)", mails(app, trust.MAIL)[-1].text)
    assert found
    return found[1]


def confirm(app: Flask, visitor: Visitor) -> None:
    path = link(app)
    page = visitor.get(path).text
    chosen = re.findall(r'name="comment" value="(\d+)" checked', page)
    form = fields(page, CONFIRMATION) | {"comment": chosen}
    assert visitor.post(CONFIRMATION, form).location == TRUST


def follow(app: Flask, clock: Clock, visitor: Visitor, **typed: str) -> int:
    """Write a comment, have it published, and confirm that replies are wanted."""
    followed = wish(visitor, **typed)
    decide(app, followed)
    clock.move(**TEN)
    compose(app)
    confirm(app, visitor)
    return followed


def is_followed(app: Flask, comment_id: int) -> bool:
    with app.app_context():
        found = db.session.get(Following, comment_id)
        return bool(found and found.confirmed_at)


# The way to a mail


def test_a_reader_who_confirmed_is_told_of_a_reply_once_its_undo_has_ended(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    reply = answer(stranger, followed)
    compose(app)
    assert mails(app) == []
    decide(app, reply)
    clock.move(minutes=9, seconds=59)
    compose(app)
    assert mails(app) == []
    clock.move(seconds=1)
    for _ in range(3):
        compose(app)
    (mail,) = mails(app)
    assert mail.recipient == ADDRESS
    assert mail.subject == "Replies to you on “Mesotherapy or microneedling: what sets them apart?”"
    assert "Pieter answered you" in mail.text
    for body in (mail.text, mail.html):
        assert ANSWER in body
        assert f"http://127.0.0.1:8000/articles/{ARTICLE}/comments/{reply}" in body
        assert "since you asked to be told about replies to your comment" in body
        assert "of 4 May 2026 on The Skin Journal" in " ".join(body.split())


def test_no_mail_goes_to_an_address_before_its_comment_is_published_for_good(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    waiting = wish(reader)
    clock.move(days=1)
    compose(app)
    decide(app, waiting)
    clock.move(minutes=9, seconds=59)
    compose(app)
    assert mails(app, trust.MAIL) == []
    clock.move(seconds=1)
    compose(app)
    (mail,) = mails(app, trust.MAIL)
    assert mail.recipient == ADDRESS
    assert "wants to be told about replies" in mail.text
    assert QUESTION not in f"{mail.text}{mail.html}"


@pytest.mark.parametrize("verb", [Comment.reject, Comment.mark_spam])
def test_a_comment_that_is_turned_down_asks_nobody(
    clock: Clock, app: Flask, reader: Visitor, verb: Callable[..., bool]
) -> None:
    decide(app, wish(reader), verb=verb)
    clock.move(**TEN)
    compose(app)
    assert mails(app, trust.MAIL) == []


def test_an_approval_that_is_undone_sends_nothing(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    reply = answer(stranger, followed)
    decide(app, reply)
    clock.move(minutes=5)
    with app.app_context(), db.writing():
        by = accounts.everybody()[0]
        assert deciding.undo(f"click {(reply,)}", by=by, now=db.utc_now())[0] == 1
    clock.move(**TEN)
    compose(app)
    assert mails(app) == []
    decide(app, reply)
    clock.move(**TEN)
    compose(app)
    assert len(mails(app)) == 1


def test_without_a_tick_or_without_confirming_nobody_is_told(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    plain, unconfirmed = write(reader, email=ADDRESS), wish(reader, "And for the hands?")
    decide(app, plain, unconfirmed)
    clock.move(**TEN)
    compose(app)
    decide(app, answer(stranger, plain), answer(stranger, unconfirmed))
    clock.move(**TEN)
    compose(app)
    assert mails(app) == []


def test_what_was_published_before_she_confirmed_is_not_told(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = wish(reader)
    decide(app, followed)
    decide(app, answer(stranger, followed))
    clock.move(**TEN)
    compose(app)
    confirm(app, reader)
    compose(app)
    assert mails(app) == []


def test_where_comments_appear_at_once_there_is_nothing_to_wait_for(
    clock: Clock, make_app: MakeApp
) -> None:
    app = make_app(comments="post")
    reader, stranger = Visitor(app), Visitor(app, address="198.51.100.7")
    followed = wish(reader)
    compose(app)
    confirm(app, reader)
    answer(stranger, followed)
    compose(app)
    assert len(mails(app)) == 1


def test_a_reply_of_the_author_is_told_at_once_and_says_that_it_is_hers(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    reply_as_author(app, follow(app, clock, reader), "Six weeks.")
    compose(app)
    (mail,) = mails(app)
    assert "Sandra de Beer (author) answered you" in mail.text


def reply_as_author(app: Flask, parent_id: int, body: str) -> None:
    with app.app_context():
        parent = comments.by_id(parent_id)
        article = articles.by_id(ARTICLE)
        assert parent
        assert article
        by = accounts.by_email(AUTHOR.email)
        assert by
        draft = comments.compose(article, name=by.name, body=body, parent_id=parent_id)
        with db.writing():
            comments.reply(parent, draft, by=by, now=db.utc_now())


def test_it_waits_as_long_as_what_is_answered_may_vanish_again(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    follow(app, clock, reader)
    second = wish(reader, "And for the hands?")
    decide(app, second)
    reply_as_author(app, second, "The same.")
    compose(app)
    assert mails(app) == []
    clock.move(**TEN)
    compose(app)
    assert "The same." in mails(app)[0].text


# To whom


def test_she_is_told_of_answers_to_answers_and_of_nothing_beside_her_comment(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    root = write(stranger, "Where do I begin?")
    decide(app, root)
    followed = follow(app, clock, reader, parent=str(root))
    beside, below = answer(stranger, root, "Beside it."), answer(stranger, followed)
    decide(app, beside, below)
    clock.move(**TEN)
    compose(app)
    (mail,) = mails(app)
    assert (ANSWER in mail.text, "Beside it." in mail.text) == (True, False)
    deeper = answer(Visitor(app, address="198.51.100.8"), below, "Deeper down.", name="Ann")
    decide(app, deeper)
    clock.move(**TEN)
    compose(app)
    assert "Deeper down." in mails(app)[-1].text


def test_nobody_is_told_of_her_own_answers(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    by_browser = answer(reader, followed, "By browser.")
    by_address = answer(stranger, followed, "By address.", email=ADDRESS.upper())
    decide(app, by_browser, by_address)
    clock.move(**TEN)
    compose(app)
    assert mails(app) == []


@pytest.mark.parametrize("verb", [Comment.reject, Comment.mark_spam])
def test_who_was_turned_down_since_is_told_no_more(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor, verb: Callable[..., bool]
) -> None:
    followed = follow(app, clock, reader)
    reply = answer(stranger, followed)
    decide(app, reply)
    decide(app, followed, verb=verb)
    clock.move(**TEN)
    compose(app)
    assert mails(app) == []


def test_a_comment_that_was_withdrawn_is_followed_no_more(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    reply = answer(stranger, followed)
    decide(app, reply)
    with app.app_context(), db.writing():
        following.forget(followed)
        (comment,) = comments.by_ids([followed])
        comment.email = None
    clock.move(**TEN)
    compose(app)
    assert mails(app) == []


def test_a_reply_that_is_turned_down_and_published_again_is_told_once(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    reply = answer(stranger, follow(app, clock, reader))
    for verb in (Comment.approve, Comment.reject, Comment.approve):
        decide(app, reply, verb=verb)
        clock.move(**TEN)
        compose(app)
        clock.move(**TEN)
    assert len(mails(app)) == 1


def test_two_who_follow_get_a_mail_each_and_who_follows_twice_gets_one(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    first = follow(app, clock, reader)
    second = wish(reader, "One more thing.", parent=str(first))
    other = wish(stranger, "I wonder too.", email="ann@reader.example", parent=str(first))
    decide(app, second, other)
    clock.move(**TEN)
    compose(app)
    confirm(app, stranger)
    told_before = len(mails(app))
    clock.move(**TEN)
    third = Visitor(app, address="198.51.100.9")
    decide(app, answer(third, second), answer(third, other, "To Ann."))
    clock.move(**TEN)
    compose(app)
    new = mails(app)[told_before:]
    assert sorted(mail.recipient for mail in new) == ["ann@reader.example", ADDRESS]


def test_of_two_workers_at_one_moment_one_tells(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = wish(reader)
    decide(app, followed)
    clock.move(**TEN)
    rounds = [lambda: telling.compose(now=clock.now)] * 4
    assert at_once(app, *rounds) == [None] * 4
    assert len(mails(app, trust.MAIL)) == 1
    confirm(app, reader)
    decide(app, answer(stranger, followed))
    clock.move(**TEN)
    assert at_once(app, *rounds) == [None] * 4
    assert len(mails(app)) == 1


# Many replies


def test_what_is_said_in_a_short_time_is_one_mail(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    decide(app, *(answer(stranger, followed, f"Answer {number}.") for number in range(3)))
    clock.move(**TEN)
    compose(app)
    (mail,) = mails(app)
    assert "3 replies to you" in mail.text
    assert all(f"Answer {number}." in mail.html for number in range(3))
    decide(app, answer(stranger, followed, "One more."))
    clock.move(minutes=9, seconds=59)
    decide(app, answer(stranger, followed, "And another."))
    compose(app)
    assert len(mails(app)) == 1
    clock.move(minutes=10)
    compose(app)
    assert "2 replies to you" in mails(app)[1].text
    assert len(mails(app)) == 2


def test_one_mail_holds_no_more_than_a_person_reads(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    followed = follow(app, clock, reader)
    with app.app_context():
        article = articles.by_id(ARTICLE)
        assert article
        for number in range(22):
            body = f"{number} " + "&" * 4_900
            draft = comments.compose(article, name="Ann", body=body, parent_id=followed)
            with db.writing():
                approved = comments.CommentState.APPROVED
                comments.store(draft, key=f"key {number}", state=approved, now=clock.now)
    compose(app)
    (mail,) = mails(app)
    assert "22 replies to you" in mail.text
    rest = f"http://127.0.0.1:8000/articles/{ARTICLE}/comments/{followed}/replies"
    assert f"2 more replies: {rest}" in mail.text
    assert "2 more replies" in mail.html
    assert mail.text.count("wrote:") == 20
    assert len(mail.html.encode()) < outbox.checks.BODY_MAX_BYTES


# What it holds


HOSTILE = [
    ("see https://evil.example/x?y=1 now", "see [link] now"),
    ("HTTPS://EVIL.EXAMPLE", "[link]"),
    ("(ftp://evil.example)", "[link]"),
    ("www.evil.example/path", "www. evil. example/path"),
    ("evil.example", "evil. example"),
    ("evil\uff0eexample and evil\u3002example", "evil\uff0e example and evil\u3002 example"),
    ("write to eve@evil.example", "write to eve@evil. example"),
    ("2.5 mm, twice. Then rest.", "2.5 mm, twice. Then rest."),
    ("one\ntwo", "one two"),
]


@pytest.mark.parametrize(("typed", "shown"), HOSTILE)
def test_nothing_a_visitor_typed_can_become_a_link(typed: str, shown: str) -> None:
    assert telling.unlinked(typed) == shown


def test_a_mail_holds_no_link_picture_or_header_of_a_visitor(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    body = (
        "[cheap](https://evil.example/a) https://evil.example/b evil.example **bold**"
        " ![x](https://evil.example/c.png) <img src=x onerror=alert(1)> =?utf-8?q?Bcc:?="
    )
    decide(app, answer(stranger, followed, body, name="Eve www.evil.example"))
    clock.move(**TEN)
    message = delivered(app)
    whole = f"{message['Subject']}{text_of(message)}{html_of(message)}"
    assert "evil.example" not in whole
    assert "cheap [link] evil. example bold" in text_of(message)
    assert "<img" not in html_of(message)
    assert "alert(1)" in html_of(message)
    found = set(re.findall(r"https?://([^/\s\"<]+)", whole))
    assert found == {"127.0.0.1:8000"}
    assert message["To"] == ADDRESS
    assert message["Bcc"] is None


def test_mails_about_one_conversation_are_shown_together_and_can_be_ended_in_one_click(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    decide(app, answer(stranger, followed))
    clock.move(**TEN)
    first = delivered(app)
    decide(app, answer(stranger, followed, "Eight, rather."))
    clock.move(**TEN)
    second = delivered(app)
    assert first["Message-ID"] != second["Message-ID"]
    thread = f"<replies-{followed}@clinic.example>"
    for message in (first, second):
        assert (message["In-Reply-To"], message["References"]) == (thread, thread)
        assert message["Subject"] == first["Subject"]
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert re.fullmatch(
            r"<http://127\.0\.0\.1:8000/comments/mails\?token=[\w.-]+>", message["List-Unsubscribe"]
        )
        assert ADDRESS not in message["List-Unsubscribe"]
        assert message["Auto-Submitted"] == "auto-generated"


def test_a_long_address_stays_whole_in_its_header(clock: Clock, make_app: MakeApp) -> None:
    host = f"{'a-rather-long-name.' * 5}clinic.example"
    app = make_app(site_url=f"https://{host}", mail_from=f"blog@{host}")
    reader, stranger = Visitor(app), Visitor(app, address="198.51.100.7")
    followed = follow(app, clock, reader)
    decide(app, answer(stranger, followed))
    clock.move(**TEN)
    message = delivered(app)
    assert message["List-Unsubscribe"].startswith(f"<https://{host}/comments/mails?token=")
    assert message["References"] == f"<replies-{followed}@{host}>"


def delivered(app: Flask) -> EmailMessage:
    """Compose, and give the mail about replies as it reached a real server."""
    compose(app)
    with MailServer() as server, app.app_context():
        transport = SmtpTransport(SmtpServer(HOST, server.port, "none", "", ""))
        outbox.deliver_due(transport, worker="w", clock=db.utc_now)
        (received,) = [each for each in server.received if b"List-Unsubscribe" in each.raw]
    raw = received.raw.decode()
    assert re.search(r"^List-Unsubscribe: <http\S+>\r$", raw, re.M)
    return received.message


def text_of(message: EmailMessage) -> str:
    return _part(message, "plain")


def html_of(message: EmailMessage) -> str:
    return _part(message, "html")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part
    return str(part.get_content())


def test_an_article_that_is_gone_is_written_about_to_nobody(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    decide(app, answer(stranger, follow(app, clock, reader)))
    with app.app_context(), db.writing():
        article = articles.by_id(ARTICLE)
        assert article
        article.published_at = clock.now + timedelta(days=1)
    clock.move(**TEN)
    compose(app)
    clock.move(days=1)
    compose(app)
    assert mails(app) == []


# Confirming


def test_one_unconfirmed_mail_a_day_goes_to_an_address_whatever_is_posted(
    clock: Clock, make_app: MakeApp
) -> None:
    app = make_app(comments="trusted")
    sent = []
    for hour in range(25):
        other = Visitor(app, address=f"198.51.100.{hour}")
        body = f"Question {hour}, {'abcdefghijklmnopqrstuvwxyz'[hour]}?"
        decide(app, wish(other, body, email=[ADDRESS, "Nomsa@Reader.example"][hour % 2]))
        waiting = write(other, f"Again {hour}", email=ADDRESS)
        action = f"/articles/{ARTICLE}/comments/{waiting}/confirmation"
        if hour < 24:
            asked = fields(other.get(action.removesuffix("/confirmation")).text, action)
            assert other.post(action, asked).status_code == 303
        compose(app)
        sent.append(len(mails(app, trust.MAIL)))
        clock.move(hours=1)
    assert sent == [1] * 24 + [2]


def test_one_link_confirms_all_that_was_published_under_an_address(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    first, second = wish(reader), wish(reader, "Second one.", slug=SECOND)
    decide(app, first, second)
    clock.move(**TEN)
    compose(app)
    assert len(mails(app, trust.MAIL)) == 1
    page = Visitor(app).get(link(app)).text
    assert QUESTION in page
    assert "Second one." in page
    assert "Caring for skin in winter" in page
    confirm(app, reader)
    assert (is_followed(app, first), is_followed(app, second)) == (True, True)


def test_what_is_not_chosen_is_not_followed_and_not_asked_for_again(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    own, foreign = wish(reader), wish(stranger, "I am Nomsa too.")
    decide(app, own, foreign)
    clock.move(**TEN)
    compose(app)
    form = reader.form(link(app), CONFIRMATION) | {"comment": str(own)}
    assert reader.post(CONFIRMATION, form).location == TRUST
    assert (is_followed(app, own), is_followed(app, foreign)) == (True, False)
    clock.move(days=2)
    compose(app)
    assert len(mails(app, trust.MAIL)) == 1


def test_nobody_confirms_what_was_written_under_another_address(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    own, foreign = wish(reader), wish(stranger, "And I?", email="ann@reader.example")
    decide(app, own)
    clock.move(**TEN)
    compose(app)
    chosen = [str(own), str(foreign), "no number", "-1", "9" * 40]
    form = reader.form(link(app), CONFIRMATION) | {"comment": chosen}
    assert reader.post(CONFIRMATION, form).location == TRUST
    assert (is_followed(app, own), is_followed(app, foreign)) == (True, False)


def test_looking_at_the_link_confirms_nothing(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = wish(reader)
    decide(app, followed)
    clock.move(**TEN)
    compose(app)
    for visitor in (reader, stranger):
        assert visitor.get(link(app)).status_code == 200
    assert reader.get(f"{CONFIRMATION}/refusal").status_code == 405
    assert not is_followed(app, followed)


def test_a_comment_that_waits_is_shown_to_the_browser_that_wrote_it_alone(
    clock: Clock, make_app: MakeApp
) -> None:
    app = make_app(comments="trusted")
    reader, phone = Visitor(app), Visitor(app, address="198.51.100.7")
    waiting = wish(reader)
    action = f"/articles/{ARTICLE}/comments/{waiting}/confirmation"
    asked = fields(reader.get(action.removesuffix("/confirmation")).text, action)
    reader.post(action, asked)
    assert QUESTION not in phone.get(link(app)).text
    assert QUESTION in reader.get(link(app)).text
    confirm(app, reader)
    assert is_followed(app, waiting)


def test_in_a_browser_that_proved_the_same_address_nothing_is_to_be_confirmed(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    follow(app, clock, reader)
    assert is_followed(app, wish(reader, "And the hands?"))
    assert not is_followed(app, wish(reader, "And mine?", email="ann@reader.example"))
    assert not is_followed(app, wish(stranger, "And I am Nomsa."))


def test_sent_twice_a_wish_is_one_and_a_tick_that_was_forgotten_can_be_added(
    app: Flask, reader: Visitor
) -> None:
    comment_id = write(reader, email=ADDRESS)
    for _ in range(2):
        assert wish(reader) == comment_id
    with app.app_context():
        assert db.session.query(Following).count() == 1


# What ends it


def test_where_a_server_refuses_a_mail_for_good_the_address_is_told_no_more(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    also = wish(reader, "And the hands?", slug=SECOND)
    settle(app, clock, stranger, followed, Outcome.DEFERRED)
    compose(app)
    assert is_followed(app, followed)
    settle(app, clock, stranger, followed, Outcome.REFUSED)
    compose(app)
    assert (is_followed(app, followed), is_followed(app, also)) == (False, False)


def settle(app: Flask, clock: Clock, by: Visitor, parent: int, outcome: Outcome) -> None:
    """Have a mail about a reply end in some way."""
    decide(app, answer(by, parent, f"It ended: {outcome}."))
    clock.move(**TEN)
    compose(app)
    with app.app_context(), db.writing():
        mail = db.session.query(OutgoingMail).filter_by(kind=MAIL, state=MailState.QUEUED).all()[-1]
        mail.settle(Answer(outcome, "550 no"), now=db.utc_now())


def test_a_server_that_refuses_the_mail_for_confirming_is_asked_no_more(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    decide(app, wish(reader))
    clock.move(**TEN)
    compose(app)
    with app.app_context(), db.writing():
        mail = outbox.last_of_kind(trust.MAIL, ADDRESS)
        assert mail
        mail.settle(Answer(Outcome.REFUSED, "550 no"), now=db.utc_now())
    clock.move(days=2)
    decide(app, wish(reader, "And the hands?"))
    clock.move(**TEN)
    compose(app)
    assert len(mails(app, trust.MAIL)) == 1


def test_what_is_not_confirmed_is_forgotten_within_a_week_of_its_mail(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "SWEPT_AT_ONCE", 1)
    confirmed = follow(app, clock, reader)
    other = Visitor(app, address="198.51.100.7")
    unconfirmed = wish(other, "And I?", email="ann@reader.example")
    waiting = wish(other, "And me?", email="bea@reader.example")
    rejected = wish(other, "Buy this.", email="eve@reader.example")
    clock.move(days=6)
    decide(app, unconfirmed)
    decide(app, rejected, verb=Comment.reject)
    clock.move(**TEN)
    compose(app)
    clock.move(days=6, hours=23)
    assert swept(app) == {confirmed, unconfirmed, waiting, rejected}
    clock.move(hours=1)
    assert swept(app) == {confirmed, waiting}


def swept(app: Flask) -> set[int]:
    """Sweep, and give which comments are still followed or wished to be."""
    with app.app_context():
        following.sweep(now=db.utc_now())
        return {row.comment_id for row in db.session.query(Following)}


def test_addresses_and_mails_are_forgotten_after_a_month(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    followed = follow(app, clock, reader)
    decide(app, wish(stranger, "And I?", email="ann@reader.example"))
    decide(app, answer(stranger, followed))
    clock.move(**TEN)
    compose(app)
    with app.app_context(), db.writing():
        for mail in db.session.query(OutgoingMail):
            mail.settle(Answer(Outcome.ACCEPTED, "250"), now=db.utc_now())
        db.session.query(OutgoingMail).filter_by(recipient="ann@reader.example").update(
            {"state": MailState.QUEUED}
        )
    clock.move(days=30)
    swept(app)
    with app.app_context():
        assert [row.email for row in db.session.query(trust.TrustedReader)] == [ADDRESS]
        left = [(row.kind, row.recipient) for row in db.session.query(OutgoingMail)]
        assert (trust.MAIL, "ann@reader.example") in left
        assert ADDRESS not in [recipient for _, recipient in left]
    assert is_followed(app, followed)


def test_the_worker_and_the_command_do_all_of_it() -> None:
    assert [chore.act for chore in telling.CHORES] == [telling.compose, following.sweep]


def test_nobody_is_told_of_an_imported_reply_not_even_once_it_is_approved(
    clock: Clock, app: Flask, reader: Visitor, tmp_path: Path
) -> None:
    follow(app, clock, reader)
    path = tmp_path / "all.json"
    with app.app_context():
        pieces = exports.write(exports.Kind.JSON, exports.Choice(), now=clock())
        whole = json.loads("".join(pieces))
        (followed,) = whole["comments"]
        other = {"parent": followed["id"], "name": "Pieter", "email": None}
        whole["comments"] += [
            followed | other | {"id": at, "key": f"key {at}", "state": state}
            for at, state in ((98, "approved"), (99, "pending"))
        ]
        path.write_text(json.dumps(whole))
        report = imports.run(path, Wish(), progress=lambda *_: None, now=clock())
        assert (report.imported, report.known) == (2, 1)
        waiting = comments.recent(CommentState.PENDING)[0].id
    decide(app, waiting)
    clock.move(**TEN)
    compose(app)
    assert mails(app) == []
