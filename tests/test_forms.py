"""What a form takes, what it refuses and with which words, and its tokens."""

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from sqlalchemy import text

from blog import accounts, comments, db, enquiries, forms, markup
from blog.enquiries import Folder, arrival
from blog.forms import CommentForm, ReplyForm, SetUpForm, SignInForm
from blog.forms.contact import ContactForm
from tests.cast import ARTICLE, CLOCK, Clock, Visitor

MakeApp = Callable[..., Flask]
PURPOSE = "comment:an-article"
WORDING = "The clinic may answer me."
TOPICS = ["Microneedling", "Mesotherapy"]
GOOD: dict[type[FlaskForm], dict[str, str]] = {
    CommentForm: {"name": "Nomsa", "email": "", "body": "Hello"},
    ContactForm: {
        "name": "Lerato",
        "email": "lerato@reader.example",
        "phone": "082 555 0134",
        "topic": TOPICS[0],
        "message": "May I book?",
        "consent": "y",
        "agreed": arrival.digest(WORDING),
    },
    SignInForm: {"email": "sandra@clinic.example", "password": "some words"},
    SetUpForm: {
        "name": "Sandra",
        "email": "sandra@clinic.example",
        "password": "a few words to remember",
    },
    ReplyForm: {"body": "Thank you."},
}


def sent(app: Flask, kind: type[FlaskForm], typed: dict[str, Any], purpose: str = PURPOSE) -> Any:
    """Fill in a form, send it, and check it."""
    is_public = issubclass(kind, forms.PublicForm)
    with app.test_request_context("/", method="POST", data=typed):
        form = kind(meta={"csrf_context": purpose} if is_public else {"csrf": False})
        if isinstance(form, ContactForm):
            form.topic.choices = [(topic, topic) for topic in TOPICS]
            form.country, form.wording = "ZA", WORDING
        form.validate()
        return form


def filled(app: Flask, kind: type[FlaskForm], **typed: str) -> dict[str, str]:
    """What a browser sends after somebody changed some fields of a good form."""
    with app.app_context():
        token = forms.issue_token(PURPOSE, forms.PAGE_KEPT, now=db.utc_now())
    return {"form_token": token} | GOOD[kind] | typed


def errors(app: Flask, kind: type[FlaskForm], **typed: str) -> dict[str, Any]:
    found: dict[str, Any] = sent(app, kind, filled(app, kind, **typed)).errors
    return found


@pytest.mark.parametrize("kind", GOOD, ids=lambda kind: kind.__name__)
def test_a_form_filled_in_well_is_taken(app: Flask, kind: type[FlaskForm]) -> None:
    assert errors(app, kind) == {}


NEEDED = [
    (CommentForm, "name", "Please give a name. It needn’t be your full one."),
    (CommentForm, "body", "Please write your comment."),
    (ContactForm, "name", "Please give your name."),
    (ContactForm, "message", "Please write your message."),
    (ContactForm, "consent", "Please agree, so that we may answer."),
    (SignInForm, "email", "Please give your email address."),
    (SignInForm, "password", "Please give your password."),
    (SetUpForm, "name", "Please give your name, as readers shall see it."),
    (SetUpForm, "email", "Please give your email address."),
    (SetUpForm, "password", "Please choose a password."),
    (ReplyForm, "body", "Please write your reply."),
]


@pytest.mark.parametrize(("kind", "name", "sentence"), NEEDED)
def test_a_field_that_is_needed_says_so_when_it_is_left_out_or_blank(
    app: Flask, kind: type[FlaskForm], name: str, sentence: str
) -> None:
    typed = filled(app, kind)
    assert typed.pop(name)
    assert sent(app, kind, typed).errors == {name: [sentence]}
    for blank in ("", *([] if name == "consent" else [" ", "\t\r\n ", "\u3000\u00a0\u2003"])):
        assert errors(app, kind, **{name: blank}) == {name: [sentence]}, repr(blank)


LIMITED = [
    (CommentForm, "name", comments.NAME_MAX_CHARS, "80"),
    (CommentForm, "body", markup.COMMENT_MAX_CHARS, "5,000"),
    (ContactForm, "name", enquiries.NAME_MAX_CHARS, "100"),
    (ContactForm, "message", enquiries.MESSAGE_MAX_CHARS, "2,000"),
    (SignInForm, "email", accounts.EMAIL_MAX_CHARS, "254"),
    (SignInForm, "password", accounts.PASSWORD_MAX_CHARS, "200"),
    (SetUpForm, "name", comments.NAME_MAX_CHARS, "80"),
    (SetUpForm, "password", accounts.PASSWORD_MAX_CHARS, "200"),
    (ReplyForm, "body", markup.COMMENT_MAX_CHARS, "5,000"),
]


@pytest.mark.parametrize(("kind", "name", "most", "number"), LIMITED)
def test_a_field_takes_so_many_characters_and_not_one_more(
    app: Flask, kind: type[FlaskForm], name: str, most: int, number: str
) -> None:
    sentence = f"Please use at most {number} characters."
    for char in "xé漢🌸":
        assert errors(app, kind, **{name: char * most}) == {}
        assert errors(app, kind, **{name: char * (most + 1)}) == {name: [sentence]}
    assert errors(app, kind, **{name: "x" * 200_000}) == {name: [sentence]}


def test_an_address_or_a_phone_number_that_is_too_long_is_refused(app: Flask) -> None:
    long = f"{'x' * 250}@reader.example"
    sentence = "Please use at most 254 characters."
    for kind in (CommentForm, ContactForm, SetUpForm):
        assert errors(app, kind, email=long) == {"email": [sentence]}
    found = errors(app, ContactForm, phone="1 " * 30)
    assert found == {"phone": ["Please use at most 40 characters."]}


def test_a_password_has_a_least_length_too(app: Flask) -> None:
    assert errors(app, SetUpForm, password="x" * 11) == {
        "password": ["Choose at least 12 characters."]
    }
    assert errors(app, SetUpForm, password="x" * 12) == {}


def test_a_password_is_taken_as_it_was_typed(app: Flask) -> None:
    typed = "  two spaces, à la carte \t "
    assert sent(app, SetUpForm, filled(app, SetUpForm, password=typed)).password.data == typed
    assert sent(app, SignInForm, filled(app, SignInForm, password=typed)).password.data == typed


# Characters

BREAKS = ["\r\n", "\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]
CONTROLS = [*BREAKS, "\t", "\x00", "\x01", "\x1b", "\x7f", "\x9b"]
IN_HEADERS = [
    (CommentForm, "name", "Nomsa{}Bcc: x@y.example"),
    (CommentForm, "email", "nomsa@reader.example{}Bcc: x@y.example"),
    (ContactForm, "name", "Lerato{}Bcc: x@y.example"),
    (ContactForm, "email", "lerato@reader.example{}Bcc: x@y.example"),
    (ContactForm, "phone", "082 555{}0134"),
    (SetUpForm, "name", "Sandra{}Bcc: x@y.example"),
    (SetUpForm, "email", "sandra@clinic.example{}Bcc: x@y.example"),
]


@pytest.mark.parametrize(("kind", "name", "spelled"), IN_HEADERS)
def test_no_control_character_gets_into_what_may_stand_in_a_header(
    app: Flask, kind: type[FlaskForm], name: str, spelled: str
) -> None:
    for char in CONTROLS:
        found = errors(app, kind, **{name: spelled.format(char)})
        assert found == {name: ["Please leave out line breaks and control characters."]}, repr(char)


def test_a_line_break_pasted_around_a_name_or_an_address_is_left_out(app: Flask) -> None:
    typed = filled(app, ContactForm, name=" Lerato\r\n", email="\tlerato@reader.example \n")
    form = sent(app, ContactForm, typed)
    assert form.errors == {}
    assert (form.name.data, form.email.data) == ("Lerato", "lerato@reader.example")


@pytest.mark.parametrize(
    ("kind", "name"), [(CommentForm, "body"), (ContactForm, "message"), (ReplyForm, "body")]
)
def test_a_text_may_hold_line_breaks_and_tabs_and_no_other_control_character(
    app: Flask, kind: type[FlaskForm], name: str
) -> None:
    for char in set(CONTROLS) - {"\n", "\r", "\r\n", "\t", "\u2028", "\u2029"}:
        found = errors(app, kind, **{name: f"one{char}two"})
        assert found == {name: ["Please leave out control characters."]}, repr(char)
    typed = filled(app, kind, **{name: "\r\none\r\n\r\ntwo\rthree\n\tfour  \r\n"})
    form = sent(app, kind, typed)
    assert form.errors == {}
    assert form[name].data == "one\n\ntwo\nthree\n\tfour"


NAMES = [
    "Nomsa",
    "X",
    "O’Neill-Dlamini, Jr.",
    "D'Arcy",
    "Zoë",
    "Zoe\u0308",
    "שלום",
    "محمد \u200fعلي",
    "王小明",
    "ผู้อ่าน",
    "क्षितिज",
    "🌸",
    "👩🏽\u200d⚕\ufe0f",
    "🫨",
    "\U0001fae9",
    "7",
    "<b>Nomsa</b>",
    "{{ 7*7 }}",
    "‘; DROP TABLE comment; --",
    "a" * 80,
    "…",
]
INVISIBLE = [
    "\u200b",
    "\u200b\u200c\u200d\u2060\ufeff",
    "\u00ad",
    "\u202e",
    "\u200f \u200e",
    "\u0301",
    "\ufe0f",
    "\u115f",
    "\u1160",
    "\u3164",
    "\uffa0",
    "\u2800\u2800",
    "\U000e0020\U000e007f",
    "\U000e0fff",
    "\u034f",
    "\u180e",
]


@pytest.mark.parametrize("kind", [CommentForm, ContactForm, SetUpForm])
def test_a_name_may_be_written_in_any_way_people_write_theirs(
    app: Flask, kind: type[FlaskForm]
) -> None:
    for name in NAMES:
        form = sent(app, kind, filled(app, kind, name=name))
        assert form.errors == {}, name
        assert form.name.data == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (CommentForm, "name"),
        (CommentForm, "body"),
        (ContactForm, "name"),
        (ContactForm, "message"),
        (SetUpForm, "name"),
        (ReplyForm, "body"),
    ],
)
def test_what_only_looks_empty_counts_as_empty(
    app: Flask, kind: type[FlaskForm], name: str
) -> None:
    for text_ in INVISIBLE:
        found = errors(app, kind, **{name: text_})
        said = [unicodedata.name(char, hex(ord(char))) for char in text_]
        assert found == {name: ["Please write something that can be seen."]}, said
    assert errors(app, kind, **{name: "\u200bx\u202e"}) == {}


# Addresses and numbers


@pytest.mark.parametrize("kind", [CommentForm, ContactForm, SetUpForm])
def test_exactly_one_address_is_taken(app: Flask, kind: type[FlaskForm]) -> None:
    for wrong in (
        "a@b.example, c@d.example",
        "a@b.example;c@d.example",
        "a@b.example c@d.example",
        "Nomsa <nomsa@reader.example>",
        "<nomsa@reader.example>",
        '"Nomsa" nomsa@reader.example',
        '"a b"@reader.example',
        "nomsa@reader.example (Nomsa)",
        "mailto:nomsa@reader.example",
        "nomsa",
        "nomsa@",
        "@reader.example",
        "nomsa@@reader.example",
        "nomsa@reader",
        "nomsa@reader..example",
        "nomsa@[127.0.0.1]",
        "nomsa@-reader.example",
        ".nomsa@reader.example",
        "nomsa\u202e@reader.example",
        "ножа@reader.example",
        f"{'x' * 65}@reader.example",
    ):
        found = errors(app, kind, email=wrong)
        assert found == {"email": ["Please give one email address, like name@example.org."]}, wrong


def test_an_address_is_taken_as_it_is_but_for_capitals_in_its_host(app: Flask) -> None:
    for typed, taken in (
        ("nomsa@reader.example", "nomsa@reader.example"),
        ("Nomsa.K+blog@READER.Example", "Nomsa.K+blog@reader.example"),
        ("o'neill_x-1@sub.reader.example", "o'neill_x-1@sub.reader.example"),
        ("nomsa@bücher.example", "nomsa@bücher.example"),
    ):
        form = sent(app, CommentForm, filled(app, CommentForm, email=typed))
        assert form.errors == {}, typed
        assert form.email.data == taken


def test_a_comment_needs_no_address_and_an_enquiry_one_way_to_answer(app: Flask) -> None:
    sentence = "Please give an email address or a phone number, so that we can answer."
    assert errors(app, CommentForm, email=" ") == {}
    assert errors(app, ContactForm, email="") == {}
    assert errors(app, ContactForm, phone="") == {}
    assert errors(app, ContactForm, phone=" ", email=" ") == {"email": [sentence]}
    wrong_too = errors(app, ContactForm, phone="", email="", name="")
    assert set(wrong_too) == {"email", "name"}


def test_a_phone_number_is_taken_in_any_usual_spelling(app: Flask) -> None:
    for usual in (
        "0825550134",
        "+27 (0)82 555-0134",
        "082/555.0134",
        "٠٨٢٥٥٥٠١٣٤",
        "0027825550134",
    ):
        form = sent(app, ContactForm, filled(app, ContactForm, phone=usual))
        assert (form.errors, form.number) == ({}, "+27825550134"), usual
    for wrong in ("1234", "call me", "1" * 16, "()", "+"):
        found = errors(app, ContactForm, phone=wrong)
        assert found == {"phone": ["Please give a whole phone number, like 071 123 4567."]}, wrong


def test_consent_is_never_taken_for_granted(app: Flask) -> None:
    for no in ("", "false"):
        assert set(errors(app, ContactForm, consent=no)) == {"consent"}


# What an enquiry is about


def test_a_topic_is_one_the_site_offers(app: Flask) -> None:
    sentence = "Please choose what it is about."
    for wrong in ("Something of my own", "microneedling", "Microneedling\r\nBcc: x@y.example"):
        assert errors(app, ContactForm, topic=wrong) == {"topic": [sentence]}
    typed = filled(app, ContactForm)
    del typed["topic"]
    for without in (typed, typed | {"topic": ""}):
        form = sent(app, ContactForm, without)
        assert (form.errors, form.topic.data) == ({}, "")


def test_a_site_without_topics_takes_enquiries_and_nobodys_own_topic(
    app: Flask, reader: Visitor
) -> None:
    with app.app_context(), db.writing():
        db.session.execute(text("UPDATE site_words SET text = ''"))
    assert reader.get("/contact").status_code == 200
    form = reader.form("/contact", "/contact")
    assert "topic" not in form
    own = {"topic": "Injected\r\nBcc: x@y.example"}
    answer = reader.post("/contact", form | GOOD[ContactForm] | own | {"agreed": form["agreed"]})
    assert answer.status_code == 303
    with app.app_context():
        assert [each.topic for each in enquiries.in_folder(Folder.ALL)] == [""]


# Tokens


def token_errors(app: Flask, token: str) -> list[str]:
    found: list[str] = errors(app, CommentForm, form_token=token).get("form_token", [])
    return found


def issued(app: Flask, purpose: str = PURPOSE, kind: str = forms.PAGE_KEPT) -> str:
    with app.app_context():
        return forms.issue_token(purpose, kind, now=db.utc_now())


def test_a_token_that_is_not_this_forms_is_refused(app: Flask, make_app: MakeApp) -> None:
    own = issued(app)
    other_site = make_app(secret_key="another secret of another site, long enough too")
    for wrong in (
        "",
        " ",
        "forged",
        own[:-1],
        own[1:],
        own.swapcase(),
        f"{own}x",
        own * 50,
        "é.ü",
        issued(app, "comment:another-article"),
        issued(app, "contact"),
        issued(app, "comment:"),
        issued(other_site),
    ):
        [sentence] = token_errors(app, wrong)
        assert sentence.startswith("This page was open for too long.")
    assert token_errors(app, own) == []
    without = filled(app, CommentForm)
    del without["form_token"]
    assert set(sent(app, CommentForm, without).errors) == {"form_token"}


@pytest.mark.parametrize(
    ("age", "is_taken"),
    [
        (timedelta(0), True),
        (timedelta(hours=47), True),
        (timedelta(hours=48), True),
        (timedelta(hours=48, seconds=1), False),
        (timedelta(hours=49), False),
        (timedelta(seconds=-30), True),
        (timedelta(hours=-1), False),
    ],
)
@pytest.mark.parametrize("kind", [forms.PAGE_KEPT, forms.TOUCHED])
def test_a_token_lives_two_days(
    app: Flask, clock: Clock, age: timedelta, is_taken: bool, kind: str
) -> None:
    token = issued(app, kind=kind)
    clock.now = CLOCK + age
    assert (token_errors(app, token) == []) is is_taken


def test_a_form_whose_token_is_too_old_holds_a_new_one(app: Flask, clock: Clock) -> None:
    old = filled(app, CommentForm)
    clock.move(hours=49)
    form = sent(app, CommentForm, old)
    assert set(form.errors) == {"form_token"}
    assert form.body.data == "Hello"
    with app.test_request_context():
        new = form.form_token._value()
    assert new != old["form_token"]
    assert token_errors(app, new) == []


def test_only_a_token_of_the_script_tells_when_the_form_was_touched(
    app: Flask, clock: Clock
) -> None:
    printed = filled(app, CommentForm)
    touched = printed | {"form_token": issued(app, kind=forms.TOUCHED)}
    clock.move(seconds=2)
    assert sent(app, CommentForm, printed).touched_for is None
    assert sent(app, CommentForm, touched).touched_for == timedelta(seconds=2)
    assert sent(app, CommentForm, touched | {"form_token": "forged"}).touched_for is None


@pytest.mark.parametrize(
    ("trap", "kind", "seconds", "reason"),
    [
        ("", forms.TOUCHED, 2, "sent 2 seconds after the form was touched"),
        ("", forms.TOUCHED, 3, None),
        ("", forms.PAGE_KEPT, 0, None),
        ("filled", forms.PAGE_KEPT, 60, "a hidden field was filled in"),
        ("x" * 5_000, forms.TOUCHED, 60, "a hidden field was filled in"),
    ],
)
def test_the_traps_only_hold_and_refuse_nobody(
    app: Flask,
    reader: Visitor,
    clock: Clock,
    trap: str,
    kind: str,
    seconds: int,
    reason: str | None,
) -> None:
    own = reader.form(f"/articles/{ARTICLE}", f"/articles/{ARTICLE}/comments")
    own |= {"form_token": issued(app, f"comment:{ARTICLE}", kind), "note": trap}
    clock.move(seconds=seconds)
    typed = own | {"name": "Nomsa", "body": "Hello"}
    assert reader.post(f"/articles/{ARTICLE}/comments", typed).status_code == 303
    with app.app_context():
        [comment] = comments.recent()
        reasons = [each["words"] for each in comment.reasons if each["tone"] == "bad"]
    assert reasons == ([reason] if reason else [])


def test_the_trap_keeps_no_more_than_it_needs(app: Flask) -> None:
    form = sent(app, CommentForm, filled(app, CommentForm, note="x" * 5_000))
    assert form.errors == {}
    assert form.note.data == "x" * 100


# Which comment is answered


def test_what_is_answered_is_a_number_or_nothing(app: Flask) -> None:
    for typed, number in (
        ("", None),
        (" ", None),
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("-1", 0),
        ("1.5", 0),
        ("1e3", 0),
        ("seven", 0),
        ("٧", 0),
        ("²", 0),
        ("1_000", 0),
        ("2147483648", 0),
        ("9" * 5_000, 0),
        ("7' OR 1=1", 0),
    ):
        form = sent(app, CommentForm, filled(app, CommentForm, parent=typed))
        assert form.parent_id == number, typed
