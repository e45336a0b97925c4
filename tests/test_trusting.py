"""The way from a comment to a confirmed address and back, as readers and the author walk it."""

import re
from collections.abc import Callable
from html import unescape
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from blog import articles, comments, db, journal, outbox
from blog.comments import Comment, CommentState
from blog.comments.trust import MAIL
from blog.content import Commenting
from blog.outbox import Answer, Outcome, OutgoingMail
from tests.cast import ARTICLE, AUTHOR, MODERATOR, Clock, Visitor, at_once, csrf_token, fields
from tests.test_arrival import PRAISE

MakeApp = Callable[..., Flask]
ADDRESS = "nomsa@reader.example"
PAGE = f"/articles/{ARTICLE}"
CONFIRMATION, TRUST = "/comments/confirmation", "/comments/trust"
OTHERS = [
    "Six weeks apart, then?",
    "My skin was red for two days.",
    "And for the hands?",
    "Does it hurt?",
]


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """A site where readers who confirmed their address are trusted."""
    return make_app(comments="trusted")


def write(visitor: Visitor, body: str = PRAISE, *, email: str = ADDRESS, **typed: str) -> str:
    """Send a comment; gives the address it leads to."""
    sent = visitor.comment(body, email=email, **typed)
    assert sent.status_code == 303, sent.text
    return sent.location


def number(location: str) -> int:
    return int(location.rpartition("/")[2])


def state(app: Flask, location: str) -> CommentState:
    with app.app_context():
        found = comments.by_id(number(location))
        assert found
        return CommentState(found.state)


def decide(app: Flask, location: str, verb: Callable[..., bool] = Comment.approve) -> None:
    with app.app_context(), db.writing():
        (found,) = comments.by_ids([number(location)])
        assert verb(found, by=None, now=db.utc_now())


def ask(visitor: Visitor, location: str) -> TestResponse:
    """Press the button that has the mail sent."""
    action = f"{location}/confirmation"
    return visitor.post(action, fields(visitor.get(location).text, action))


def mails(app: Flask) -> list[OutgoingMail]:
    with app.app_context():
        return db.session.query(OutgoingMail).filter_by(kind=MAIL).all()


def link(app: Flask) -> str:
    """The path that the newest mail leads to."""
    with app.app_context():
        text = next(mail.text for mail in outbox.recent() if mail.kind == MAIL)
    found = re.search(rf"^http\S+?({CONFIRMATION}\?token=\S+)$", text, re.M)
    assert found
    return found[1]


def confirm(visitor: Visitor, path: str) -> TestResponse:
    return visitor.post(CONFIRMATION, visitor.form(path, CONFIRMATION))


def become_trusted(app: Flask, visitor: Visitor, *, email: str = ADDRESS) -> str:
    """Walk the whole way; gives the link that was used."""
    for body in OTHERS[:2]:
        first = write(visitor, body, email=email)
        decide(app, first)
    assert (
        ask(visitor, write(visitor, "One more question, please.", email=email)).status_code == 303
    )
    used = link(app)
    assert confirm(visitor, used).location == TRUST
    return used


def token(visitor: Visitor) -> str:
    """What the browser holds."""
    cookie = visitor.client.get_cookie("blog_trust", domain="127.0.0.1")
    assert cookie
    return cookie.value


def with_token(app: Flask, value: str) -> Visitor:
    """Another browser that got hold of a token."""
    thief = Visitor(app, address="198.51.100.66")
    thief.client.set_cookie("blog_trust", value, domain="127.0.0.1")
    return thief


# The way there


def test_a_reader_who_confirmed_her_address_is_published_at_once(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    become_trusted(app, reader)
    sent = write(reader, PRAISE)
    assert state(app, sent) is CommentState.APPROVED
    assert stranger.get(sent).location == f"{PAGE}#comment-{number(sent)}"
    assert PRAISE in stranger.get(PAGE).text
    with app.app_context():
        found = comments.by_id(number(sent))
        assert found
        assert "a reader you trust" in [reason["words"] for reason in found.reasons]


def test_nobody_is_told_that_a_comment_waits_which_does_not(app: Flask, reader: Visitor) -> None:
    become_trusted(app, reader)
    with app.app_context(), db.writing():
        db.session.query(OutgoingMail).delete()
    write(reader)
    with app.app_context():
        assert outbox.recent() == []


def test_an_article_may_trust_where_its_site_does_not(make_app: MakeApp) -> None:
    app = make_app(comments="pre")
    with app.app_context(), db.writing():
        found = articles.by_id(ARTICLE)
        assert found
        found.comments = Commenting.TRUSTED
    reader = Visitor(app)
    become_trusted(app, reader)
    assert state(app, write(reader)) is CommentState.APPROVED
    assert state(app, write(reader, slug="caring-for-skin-in-winter")) is CommentState.PENDING


def test_the_offer_says_what_it_takes_and_asks_for_nothing_to_be_typed(
    app: Flask, make_app: MakeApp, reader: Visitor
) -> None:
    page = reader.get(write(reader)).text
    assert "your comments appear at once as soon as 2 of them were published" in page
    assert ADDRESS in page
    assert "one a day at most, however often this is pressed" in page
    sooner = Visitor(make_app(comments="trusted", trust_after="1"))
    assert "as soon as one of them was published" in sooner.get(write(sooner, OTHERS[0])).text


def test_without_an_address_or_where_nobody_is_trusted_there_is_no_offer_and_no_mail(
    app: Flask, make_app: MakeApp, reader: Visitor
) -> None:
    offering = write(reader)
    form = fields(reader.get(offering).text, f"{offering}/confirmation")
    plain = Visitor(make_app(comments="pre"))
    for visitor, location in ((reader, write(reader, email="")), (plain, write(plain, OTHERS[0]))):
        assert "/confirmation" not in visitor.get(location).text
        assert visitor.post(f"{location}/confirmation", form).status_code == 422
    plain.client.set_cookie("blog_reader", _reader_token(reader), domain="127.0.0.1")
    assert plain.post(f"{offering}/confirmation", form).status_code == 303
    assert mails(app) == []


def _reader_token(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie("blog_reader", domain="127.0.0.1")
    assert cookie
    return cookie.value


def test_a_comment_without_an_address_asks_for_no_mail_whatever_is_pressed(
    app: Flask, reader: Visitor
) -> None:
    location = write(reader)
    form = fields(reader.get(location).text, f"{location}/confirmation")
    with app.app_context(), db.writing():
        (found,) = comments.by_ids([number(location)])
        found.email = None
    assert reader.post(f"{location}/confirmation", form).status_code == 303
    assert mails(app) == []


def test_after_asking_the_page_says_where_to_look(app: Flask, reader: Visitor) -> None:
    location = write(reader)
    asked = ask(reader, location)
    assert (asked.status_code, asked.location) == (303, f"{location}?asked=yes")
    page = reader.get(asked.location)
    assert "Look into your mail" in page.text
    assert "/confirmation" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_the_mail_holds_a_link_and_not_a_word_of_a_visitor(app: Flask, reader: Visitor) -> None:
    location = write(reader, "Buy *this* at https://evil.example/x", name="Eve of evil.example")
    ask(reader, location)
    (mail,) = mails(app)
    assert (mail.recipient, mail.reply_to) == (ADDRESS, None)
    assert mail.subject == "Confirm your address for The Skin Journal"
    whole = f"{mail.subject}{mail.text}{mail.html}"
    assert "evil" not in whole.lower()
    assert "this at" not in whole
    path = link(app)
    assert set(re.findall(r"https?://[^\s\"<]+", whole)) == {f"http://127.0.0.1:8000{path}"}
    assert "<img" not in whole


def test_the_page_of_a_link_shows_whose_address_it_is_and_changes_nothing(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    ask(reader, write(reader))
    path = link(app)
    for _ in range(3):
        page = stranger.get(path)
        assert page.status_code == 200
        assert ADDRESS in page.text
        assert "Set-Cookie" not in page.headers
        assert page.headers["Cache-Control"] == "no-store"
    assert confirm(reader, path).location == TRUST


def test_whoever_opens_the_link_is_trusted_and_not_who_asked_for_it(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    for body in OTHERS[:2]:
        decide(app, write(reader, body))
    ask(stranger, write(stranger, "I am Nomsa.", name="Nomsa"))
    assert confirm(reader, link(app)).location == TRUST
    assert state(app, write(reader)) is CommentState.APPROVED
    assert state(app, write(stranger, OTHERS[2])) is CommentState.PENDING


def test_her_other_browser_is_trusted_beside_the_first(app: Flask, clock: Clock) -> None:
    phone, laptop = Visitor(app), Visitor(app, address="198.51.100.9")
    become_trusted(app, phone)
    clock.move(hours=24)
    ask(laptop, write(laptop, OTHERS[2]))
    assert confirm(laptop, link(app)).location == TRUST
    assert state(app, write(laptop, OTHERS[3])) is CommentState.APPROVED
    assert state(app, write(phone)) is CommentState.APPROVED


def test_a_confirmed_reader_sees_how_far_she_is(app: Flask, reader: Visitor) -> None:
    ask(reader, write(reader))
    confirm(reader, link(app))
    assert "so far none was" in reader.get(TRUST).text
    second = write(reader, OTHERS[0])
    waiting = reader.get(second).text
    assert "so far none was" in waiting
    assert "Send me the mail" not in waiting
    decide(app, second)
    assert "so far 1 was" in reader.get(TRUST).text
    decide(app, write(reader, OTHERS[1]))
    assert "appear at once; some are still read first" in reader.get(TRUST).text
    decide(app, write(reader, OTHERS[2]), Comment.reject)
    assert "was not published lately" in reader.get(TRUST).text
    assert state(app, write(reader, OTHERS[3])) is CommentState.PENDING


def test_who_publishes_by_editing_answers_for_it_with_her_trust(
    app: Flask, clock: Clock, reader: Visitor
) -> None:
    before = write(reader, PRAISE, name="Somebody else")
    become_trusted(app, reader)
    form = reader.form(f"{before}/edit", f"{before}/edit") | {"body": "Other words by far."}
    assert reader.post(f"{before}/edit", form).status_code == 303
    assert state(app, before) is CommentState.APPROVED
    decide(app, before, Comment.reject)
    clock.move(hours=2)
    assert state(app, write(reader, "And again something.")) is CommentState.PENDING


def test_a_link_in_a_trusted_readers_words_still_waits(app: Flask, reader: Visitor) -> None:
    become_trusted(app, reader)
    assert state(app, write(reader, "See https://reader.example")) is CommentState.PENDING


# The cookie


def test_the_cookie_is_kept_from_scripts_and_lives_a_year(app: Flask, reader: Visitor) -> None:
    ask(reader, write(reader))
    morsel = SimpleCookie(confirm(reader, link(app)).headers["Set-Cookie"])["blog_trust"]
    assert len(morsel.value) == 32
    assert morsel["httponly"]
    assert not morsel["secure"]
    assert (morsel["samesite"], morsel["path"]) == ("Lax", "/")
    assert morsel["max-age"] == str(365 * 24 * 60 * 60)


def test_on_https_the_cookie_belongs_to_this_host_alone(make_app: MakeApp) -> None:
    app = make_app(comments="trusted", site_url="https://journal.example")
    visitor = Visitor(app)
    ask(visitor, write(visitor))
    with app.app_context():
        text = next(mail.text for mail in outbox.recent() if mail.kind == MAIL)
    found = re.search(r"https://journal\.example(/comments/confirmation\S+)", text)
    assert found
    confirmed = confirm(visitor, found[1])
    morsel = SimpleCookie(confirmed.headers["Set-Cookie"])["__Host-blog_trust"]
    assert (morsel["secure"], morsel["path"], morsel["domain"]) == (True, "/", "")
    assert "Your address is confirmed" in visitor.get(TRUST).text
    gone = visitor.post(f"{TRUST}/end", visitor.form(TRUST, f"{TRUST}/end"))
    dropped = SimpleCookie(gone.headers["Set-Cookie"])["__Host-blog_trust"]
    assert (dropped.value, dropped["max-age"], dropped["secure"]) == ("", "0", True)


def test_a_cached_page_is_the_same_with_the_cookie(make_app: MakeApp) -> None:
    app = make_app(comments="trusted", page_cache_mb="8")
    plain, trusted = Visitor(app), Visitor(app)
    trusted.client.set_cookie("blog_trust", "a" * 32, domain="127.0.0.1")
    first, second = plain.get(PAGE), trusted.get(PAGE)
    assert first.data == second.data
    assert second.headers["ETag"] == first.headers["ETag"]
    assert "public" in second.headers["Cache-Control"]


@pytest.mark.parametrize(
    "value", ["", "x", "a" * 32, "a" * 100, "a" * 10_000, "%00", "\xff\xfe", '"; DROP TABLE x; --']
)
def test_a_cookie_that_we_never_gave_is_worth_nothing(
    app: Flask, reader: Visitor, value: str
) -> None:
    become_trusted(app, reader)
    other = Visitor(app, address="198.51.100.66")
    action = f"{PAGE}/comments"
    typed = {"name": "Nomsa", "email": ADDRESS, "body": PRAISE}
    cookie = {"Cookie": f"blog_trust={value}"}
    sent = other.post(action, other.form(PAGE, action) | typed, headers=cookie)
    assert sent.status_code == 303
    assert state(app, sent.location) is CommentState.PENDING
    assert "is read before it appears" in other.get(TRUST, headers=cookie).text


# Who else might come


@pytest.mark.parametrize("email", [ADDRESS, ADDRESS.upper(), f" {ADDRESS} "])
def test_a_name_and_an_address_that_are_typed_open_nothing(
    app: Flask, reader: Visitor, stranger: Visitor, email: str
) -> None:
    become_trusted(app, reader)
    assert state(app, write(stranger, email=email, name="Nomsa")) is CommentState.PENDING


def test_only_the_browser_that_wrote_a_comment_can_have_the_mail_sent(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    location = write(reader)
    form = fields(reader.get(location).text, f"{location}/confirmation")
    assert stranger.post(f"{location}/confirmation", form).status_code == 404
    other = write(stranger, OTHERS[0], email="eve@reader.example")
    own = fields(stranger.get(other).text, f"{other}/confirmation")
    assert stranger.post(f"{location}/confirmation", own).status_code == 404
    missing = location.replace(str(number(location)), "99")
    assert reader.post(f"{missing}/confirmation", form).status_code == 404
    moved = location.replace(ARTICLE, "caring-for-skin-in-winter")
    assert reader.post(f"{moved}/confirmation", form).status_code == 404
    assert mails(app) == []


@pytest.mark.parametrize("verb", [Comment.reject, Comment.mark_spam, Comment.approve])
def test_a_comment_that_was_decided_about_sends_no_mail_and_its_page_looks_the_same(
    app: Flask, reader: Visitor, verb: Callable[..., bool]
) -> None:
    location = write(reader)
    form = fields(reader.get(location).text, f"{location}/confirmation")
    decide(app, location, verb)
    answer = reader.post(f"{location}/confirmation", form)
    assert (answer.status_code, answer.location) == (303, f"{location}?asked=yes")
    if verb is not Comment.approve:
        assert "Look into your mail" in reader.get(answer.location).text
    assert mails(app) == []


def test_one_mail_a_day_goes_to_an_address_and_nobody_can_tell(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    first = ask(reader, write(reader))
    told = reader.get(first.location).text
    for visitor, email, body in (
        (reader, ADDRESS, OTHERS[0]),
        (stranger, ADDRESS.upper(), OTHERS[1]),
        (stranger, ADDRESS.capitalize(), OTHERS[2]),
    ):
        again = ask(visitor, write(visitor, body, email=email))
        assert again.status_code == first.status_code
        said = visitor.get(again.location).text
        assert _offer(said) == _offer(told)
    assert len(mails(app)) == 1
    clock.move(hours=23, minutes=59)
    ask(stranger, write(stranger, OTHERS[3]))
    assert len(mails(app)) == 1
    clock.move(minutes=1)
    ask(stranger, write(stranger, PRAISE))
    assert len(mails(app)) == 2


def _offer(page: str) -> str:
    found = re.search(r'<section class="notice".*?</section>', page, re.S)
    assert found
    return found[0]


def test_many_who_ask_at_one_moment_send_one_mail(app: Flask) -> None:
    visitors = [Visitor(app, address=f"198.51.100.{part}") for part in range(1, 5)]
    asked: list[tuple[Visitor, str, dict[str, str]]] = []
    for visitor, body in zip(visitors, OTHERS, strict=True):
        action = f"{write(visitor, body)}/confirmation"
        page = visitor.get(action.removesuffix("/confirmation")).text
        asked.append((visitor, action, fields(page, action)))
    acts = [lambda each=each: each[0].post(*each[1:]).status_code for each in asked]
    assert at_once(app, *acts) == [303] * 4
    assert len(mails(app)) == 1


def test_an_address_that_a_server_refused_gets_no_further_mail(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    ask(reader, write(reader))
    _settle(app, Answer(Outcome.DEFERRED, "451 later"))
    clock.move(days=2)
    ask(reader, write(reader, OTHERS[0]))
    assert len(mails(app)) == 2
    _settle(app, Answer(Outcome.REFUSED, "550 no such mailbox"))
    clock.move(days=2)
    again = ask(reader, write(reader, OTHERS[1]))
    assert "Look into your mail" in reader.get(again.location).text
    assert len(mails(app)) == 2


def _settle(app: Flask, answer: Answer) -> None:
    with app.app_context(), db.writing():
        mail = outbox.last_of_kind(MAIL, ADDRESS)
        assert mail
        mail.settle(answer, now=db.utc_now())


@pytest.mark.parametrize(
    "email",
    [
        "nomsa@reader.example\r\nBcc: eve@evil.example",
        "nomsa@reader.example, eve@evil.example",
        "Nomsa <nomsa@reader.example>",
        "=?utf-8?q?eve=40evil.example?=@reader.example",
    ],
)
def test_no_address_that_could_be_two_gets_as_far_as_a_comment(
    app: Flask, reader: Visitor, email: str
) -> None:
    assert reader.comment(email=email).status_code == 422
    assert mails(app) == []


def test_an_address_of_another_script_gets_its_mail(app: Flask, reader: Visitor) -> None:
    ask(reader, write(reader, email="Nomsa@Bücher.example"))
    (mail,) = mails(app)
    assert mail.recipient == "nomsa@xn--bcher-kva.example"


# Links that don't do


def test_a_link_works_once_and_leads_its_own_browser_to_where_it_stands(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    used = become_trusted(app, reader)
    assert reader.get(used).location == TRUST
    refused = stranger.get(used)
    assert refused.status_code == 410
    assert "This link was used already" in refused.text
    assert "write a comment with your email address in this browser" in refused.text


def test_a_button_pressed_twice_has_one_answer(app: Flask, reader: Visitor) -> None:
    ask(reader, write(reader))
    form = reader.form(link(app), CONFIRMATION)
    first, second = reader.post(CONFIRMATION, form), Visitor(app).post(CONFIRMATION, form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Set-Cookie"] == second.headers["Set-Cookie"]


def test_of_two_pages_that_are_pressed_at_one_moment_one_is_confirmed(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    ask(reader, write(reader))
    path = link(app)
    one = reader.form(path, CONFIRMATION)
    clock.move(seconds=1)
    other = stranger.form(path, CONFIRMATION)
    assert one != other
    pressed = at_once(
        app,
        lambda: reader.post(CONFIRMATION, one).status_code,
        lambda: stranger.post(CONFIRMATION, other).status_code,
    )
    assert sorted(pressed) == [303, 410]


def test_one_page_pressed_twice_at_one_moment_is_confirmed(app: Flask, reader: Visitor) -> None:
    ask(reader, write(reader))
    form = reader.form(link(app), CONFIRMATION)
    acts = [lambda: Visitor(app).post(CONFIRMATION, form).headers["Set-Cookie"]] * 2
    first, second = at_once(app, *acts)
    assert first == second


def test_what_was_pressed_once_brings_nothing_back_that_was_forgotten(
    app: Flask, reader: Visitor
) -> None:
    ask(reader, write(reader))
    form = reader.form(link(app), CONFIRMATION)
    reader.post(CONFIRMATION, form)
    reader.post(f"{TRUST}/end", reader.form(TRUST, f"{TRUST}/end"))
    assert reader.post(CONFIRMATION, form).status_code == 410


def test_a_link_is_good_for_two_days(clock: Clock, app: Flask, reader: Visitor) -> None:
    ask(reader, write(reader))
    path = link(app)
    form = reader.form(path, CONFIRMATION)
    clock.move(hours=48)
    assert reader.get(path).status_code == 200
    clock.move(seconds=1)
    late = reader.get(path)
    assert late.status_code == 410
    assert "This link is too old" in late.text
    assert reader.post(CONFIRMATION, form).status_code == 422
    assert "is read before it appears" in reader.get(TRUST).text


def test_a_newer_link_ends_the_one_before(clock: Clock, app: Flask, reader: Visitor) -> None:
    ask(reader, write(reader))
    older = link(app)
    clock.move(hours=24)
    ask(reader, write(reader, OTHERS[0]))
    assert reader.get(older).status_code == 410
    assert confirm(reader, link(app)).location == TRUST


def test_a_link_that_we_never_signed_confirms_nothing(
    app: Flask, make_app: MakeApp, reader: Visitor
) -> None:
    ask(reader, write(reader))
    path = link(app)
    foreign = Visitor(make_app(comments="trusted", secret_key="another key, long enough to be one"))
    tokens = ["", "x", path[:-1], f"{path}x", "a" * 5_000, "%C3%A9"]
    broken = [f"{CONFIRMATION}?token={each.partition('=')[2] or each}" for each in tokens]
    for visitor, wrong in [(reader, each) for each in [CONFIRMATION, *broken]] + [(foreign, path)]:
        page = visitor.get(wrong)
        assert page.status_code == 404
        assert "This link isn’t whole" in unescape(page.text)
        assert f'action="{CONFIRMATION}"' not in page.text


def test_a_button_of_another_page_confirms_nothing(app: Flask, reader: Visitor) -> None:
    location = write(reader)
    asking = fields(reader.get(location).text, f"{location}/confirmation")
    ask(reader, location)
    path = link(app)
    said = path.partition("=")[2]
    for form in ({"token": ""}, {"token": said}, asking | {"token": said}):
        refused = reader.post(CONFIRMATION, form)
        assert refused.status_code == 422
        assert "open for too long" in refused.text
    assert reader.post(f"{location}/confirmation", {"form_token": "x"}).status_code == 422
    assert reader.post(f"{TRUST}/end", {"form_token": ""}).status_code == 422
    assert confirm(reader, path).location == TRUST


def test_looking_sends_and_confirms_and_forgets_nothing(app: Flask, reader: Visitor) -> None:
    location = write(reader)
    assert reader.get(f"{location}/confirmation").status_code == 405
    assert reader.get(f"{TRUST}/end").status_code == 405
    assert mails(app) == []


# The way back


def test_a_forgotten_browser_is_trusted_no_more_not_even_with_its_old_cookie(
    app: Flask, reader: Visitor
) -> None:
    become_trusted(app, reader)
    stolen = with_token(app, token(reader))
    assert state(app, write(stolen, OTHERS[2])) is CommentState.APPROVED
    gone = reader.post(f"{TRUST}/end", reader.form(TRUST, f"{TRUST}/end"))
    assert (gone.status_code, gone.location) == (303, TRUST)
    assert reader.client.get_cookie("blog_trust", domain="127.0.0.1") is None
    assert "is read before it appears" in reader.get(TRUST).text
    assert state(app, write(stolen, OTHERS[3])) is CommentState.PENDING
    assert state(app, write(reader)) is CommentState.PENDING


def test_the_page_of_a_waiting_comment_can_forget_the_browser_too(
    app: Flask, reader: Visitor
) -> None:
    become_trusted(app, reader)
    location = write(reader, "See https://reader.example")
    form = fields(reader.get(location).text, f"{TRUST}/end")
    assert reader.post(f"{TRUST}/end", form).location == TRUST
    assert "Send me the mail" in reader.get(location).text


# The author's side


def stop(author: Visitor, location: str) -> TestResponse:
    page = f"/admin/comments/{number(location)}"
    return author.press(page, f"{page}/trust/end")


def test_the_author_sees_who_is_trusted_and_can_end_it(
    clock: Clock, app: Flask, author: Visitor, reader: Visitor
) -> None:
    become_trusted(app, reader)
    clock.move(days=1)
    location = write(reader)
    page = f"/admin/comments/{number(location)}"
    author.sign_in(AUTHOR)
    assert "Trusted reader since 4 May 2026" in author.get(page).text
    stopped = stop(author, location)
    assert (stopped.status_code, stopped.location) == (303, page)
    shown = author.get(page).text
    assert "isn’t trusted any more" in unescape(shown)
    assert "Sandra de Beer stopped trusting this reader on 5 May 2026" in shown
    assert "Stop trusting" not in shown
    assert state(app, write(reader, OTHERS[2])) is CommentState.PENDING
    assert "is read before it appears" in reader.get(TRUST).text
    with app.app_context():
        line = journal.recent(limit=1)[0]
        assert (line.verb, line.thing, line.thing_id) == (
            "stopped trusting the writer of",
            "comment",
            str(number(location)),
        )
    assert "stopped trusting the writer of comment" in author.get("/admin/journal").text


def test_for_ninety_days_an_address_that_was_stopped_is_not_confirmed_again(
    clock: Clock, app: Flask, moderator: Visitor, reader: Visitor
) -> None:
    become_trusted(app, reader)
    clock.move(days=1)
    location = write(reader)
    laptop = Visitor(app, address="198.51.100.9")
    ask(laptop, write(laptop, OTHERS[2]))
    mailed = link(app)
    moderator.sign_in(MODERATOR)
    assert stop(moderator, location).status_code == 303
    assert laptop.get(mailed).status_code == 410
    clock.move(days=89)
    ask(laptop, write(laptop, OTHERS[3]))
    assert link(app) == mailed
    clock.move(days=1)
    ask(laptop, write(laptop, "What about winter?"))
    assert confirm(laptop, link(app)).location == TRUST
    location = write(laptop, "And summer, then?")
    assert state(app, location) is CommentState.APPROVED
    moderator.sign_in(MODERATOR)
    page = moderator.get(f"/admin/comments/{number(location)}").text
    assert "Trusted reader since 3 August 2026" in page


def test_stopping_twice_is_stopping_once(app: Flask, author: Visitor, reader: Visitor) -> None:
    become_trusted(app, reader)
    location = write(reader)
    form = {"csrf_token": csrf_token(author.get("/admin/comments").text)}
    for _ in range(2):
        action = f"/admin/comments/{number(location)}/trust/end"
        assert author.post(action, form).status_code == 303
    with app.app_context():
        verbs = [line.verb for line in journal.recent()]
        assert verbs.count("stopped trusting the writer of") == 1


def test_a_typed_address_is_no_trusted_readers_on_the_desk(
    app: Flask, author: Visitor, reader: Visitor, stranger: Visitor
) -> None:
    become_trusted(app, reader)
    location = write(stranger)
    page = author.get(f"/admin/comments/{number(location)}").text
    assert "Trusted reader" not in page
    form = {"csrf_token": csrf_token(page)}
    for comment_id in (number(location), 99):
        action = f"/admin/comments/{comment_id}/trust/end"
        assert author.post(action, form).status_code == 404


def test_who_is_not_signed_in_stops_nobody(app: Flask, reader: Visitor) -> None:
    become_trusted(app, reader)
    location = write(reader)
    assert (
        reader.post(f"/admin/comments/{number(location)}/trust/end", {"x": "y"}).status_code == 401
    )
    assert state(app, write(reader, OTHERS[2])) is CommentState.APPROVED
