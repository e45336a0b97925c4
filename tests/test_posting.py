"""Programs that comment: taken like a form, kept apart by tokens, and refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from blog import db, once
from blog.comments import Comment, CommentState, reports
from blog.comments.following import Following
from blog.content import Commenting
from blog.enquiries import Enquiry
from tests.cast import ARTICLE, SECOND, Clock, Visitor, article, at_once, just_before
from tests.described import check
from tests.test_changing import edit
from tests.test_talking import decide

API = "/api/v1"
COMMENTS = f"{API}/articles/{ARTICLE}/comments"
SAID = {"name": "Naledi", "body": "How long does the *redness* last?"}
FRONT = "https://front.example"
KEY = "5b0d8a3e-7c52-4f0e-9d7a-0c6f2e1b4a98"
# Which header is to blame.
HEADERS = {
    "bad-header": ["Idempotency-Key"],
    "key-reused": ["Idempotency-Key"],
    "stale": ["If-Match"],
    "unauthorized": ["Authorization"],
    "unconditional": ["If-Match"],
}


class Program:
    """A front end that somebody built, at one address."""

    def __init__(self, app: Flask, address: str = "192.0.2.9") -> None:
        self.visitor = Visitor(app, address=address)

    def send(self, method: str, path: str, sent: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {"headers": named}
        if sent is not None:
            options |= {"data": json.dumps(sent), "content_type": "application/json"}
        answer = self.visitor._open(method, path, **options)
        check(self.visitor.client.application, method, path, answer)
        return answer

    def comment(self, sent: Any = None, **headers: str) -> Any:
        return self.send("POST", COMMENTS, SAID if sent is None else sent, **headers)

    def token(self) -> str:
        return str(self.send("GET", f"{COMMENTS}/token").json["data"]["token"])


@pytest.fixture
def program(app: Flask, clock: Clock) -> Program:
    return Program(app)


def taken(answer: Any, status: int = 202) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found: dict[str, Any] = answer.json["data"]
    return found


def refused(answer: Any, status: int, code: str) -> dict[str, str]:
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    assert answer.json["detail"].endswith(".")
    headers = [each["header"] for each in answer.json["errors"] if "header" in each]
    assert headers == HEADERS.get(code, [])
    return {each["field"]: each["detail"] for each in answer.json["errors"] if "field" in each}


def stored(app: Flask) -> list[Comment]:
    with app.app_context():
        return list(db.session.execute(select(Comment).order_by(Comment.id)).scalars())


def test_a_comment_is_taken_and_waits(app: Flask, program: Program) -> None:
    found = taken(program.comment({**SAID, "email": "Naledi@Reader.example", "follow": True}))
    (comment,) = stored(app)
    assert found.pop("edit_token")
    assert found == {
        "id": comment.id,
        "article_id": ARTICLE,
        "state": "pending",
        "body": "How long does the *redness* last?",
        "html": "<p>How long does the <em>redness</em> last?</p>\n",
        "created_at": "2026-05-04T09:30:00Z",
        "edit_until": "2026-05-04T09:45:00Z",
        "url": f"http://127.0.0.1:8000/articles/{ARTICLE}/comments/{comment.id}",
    }
    assert (comment.name, comment.email) == ("Naledi", "naledi@reader.example")
    with app.app_context():
        assert db.session.execute(select(func.count(Following.comment_id))).scalar_one() == 1


def test_only_what_came_from_a_form_can_appear_at_once(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(comments="post")
    program = Program(app)
    first = taken(program.comment())
    assert first["state"] == "pending"
    assert "sent by a program without a form" in str(stored(app)[0].reasons)
    program.visitor.client.set_cookie("blog_reader", first["edit_token"], domain="127.0.0.1")
    own = f"/articles/{ARTICLE}/comments/{first['id']}"
    assert edit(program.visitor, own, "And the swelling?").status_code == 303
    assert stored(app)[0].state == CommentState.PENDING
    token = program.token()
    clock.move(seconds=40)
    sent = {"name": "Nomsa", "body": "Thank you, that was clear.", "token": token}
    assert taken(program.comment(sent))["state"] == "published"
    quick = {"name": "Sipho", "body": "Great.", "token": program.token()}
    assert taken(program.comment(quick))["state"] == "pending"
    trapped = {"name": "Bot", "body": "Buy now.", "token": token, "note": "x"}
    assert taken(program.comment(trapped))["state"] == "pending"
    clock.move(days=3)
    late = refused(program.comment({**SAID, "token": token}), 422, "invalid")
    assert late["token"].endswith("Please fetch another.")


def test_a_reply_belongs_to_what_it_answers(app: Flask, program: Program) -> None:
    first = taken(program.comment())["id"]
    reply = {"name": "Nomsa", "body": "The same here.", "parent_id": first}
    waits = refused(program.comment(reply), 422, "invalid")
    assert waits == {"parent_id": "The comment you answer isn’t published yet."}
    decide(app, first, CommentState.APPROVED)
    answered = taken(program.comment(reply))
    assert stored(app)[1].parent_id == first
    assert answered["state"] == "pending"
    elsewhere = program.send("POST", f"{API}/articles/{SECOND}/comments", reply)
    assert "parent_id" in refused(elsewhere, 422, "invalid")


WRONG = [
    ({}, {"name": "This field is needed.", "body": "This field is needed."}),
    (
        {"name": "", "body": 3, "follow": "x"},
        {
            "name": "Please fill this in.",
            "body": "Expected str, got int.",
            "follow": "Expected bool, got str.",
        },
    ),
    ({"name": "N"}, {"body": "This field is needed."}),
    ({**SAID, "name": ""}, {"name": "Please fill this in."}),
    ({**SAID, "name": "  "}, {"name": "Please give a name. It needn’t be your full one."}),
    ({**SAID, "name": "A\nB"}, {"name": "Please leave out line breaks and control characters."}),
    ({**SAID, "name": "N" * 81}, {"name": "Please use at most 80 characters."}),
    ({**SAID, "name": 7}, {"name": "Expected str, got int."}),
    ({**SAID, "body": "x" * 5001}, {"body": "Please use at most 5,000 characters."}),
    ({**SAID, "body": "\u200b"}, {"body": "Please write something that can be seen."}),
    ({**SAID, "email": "no"}, {"email": "Please give one email address, like name@example.org."}),
    ({**SAID, "parent_id": 0}, {"parent_id": "Please give a whole number of at least 1."}),
    ({**SAID, "parent_id": 1.5}, {"parent_id": "Expected int | null, got float."}),
    (
        {**SAID, "parent_id": 10**12},
        {"parent_id": "Please give a whole number of at most 2,147,483,647."},
    ),
    (
        {**SAID, "parent_id": 99},
        {"parent_id": "The comment you answer isn’t part of this article."},
    ),
    ({**SAID, "website": "x"}, {"website": "There is no field of this name here."}),
    # Gone through again and again, this one would take ten seconds.
    (
        {**SAID, "w" * 101 + " - at `$" * 30_000 + "\n": 1},
        {"w" * 100: "There is no field of this name here."},
    ),
    (
        {**SAID, "follow": True},
        {"email": "Please give your email address, or leave out the mails about replies."},
    ),
    ([], {"body": "Expected object, got array."}),
]


def test_what_is_wrong_is_told_by_field(app: Flask, make_app: Callable[..., Flask]) -> None:
    for number, (sent, said) in enumerate(WRONG):
        program = Program(app, address=f"192.0.2.{number + 20}")
        assert refused(program.comment(sent), 422, "invalid") == said, sent
    assert stored(app) == []
    wrong = program.comment({"website": "x", "name": ""}).json["errors"]
    assert {each["field"]: each.get("allowed", [])[:3] for each in wrong} == {
        "website": ["name", "body", "email"],
        "name": [],
        "body": [],
    }


NO_JSON = [
    (b" ", 400),
    (b"{", 400),
    (b"\xff", 400),
    (b'{"name": NaN}', 400),
    (b'{"name": 1e999}', 400),
    (b'{"name": "a", "name": "b"}', 400),
    (b'{"name": "\\ud800"}', 400),
    (b'{"name": "\\u0000"}', 400),
    (b"[" * 10_000, 400),
    (b'{"name": ' + b"9" * 5_000 + b"}", 400),
]


def test_json_that_programs_read_differently_is_refused(app: Flask) -> None:
    for number, (body, status) in enumerate(NO_JSON):
        visitor = Visitor(app, address=f"192.0.2.{number + 20}")
        kind = {"content_type": "application/json"}
        answer: Any = visitor._open("POST", COMMENTS, data=body, **kind)
        code = "bad-request" if body == b"\xff" else "bad-json"
        assert (answer.status_code, answer.json["code"]) == (status, code), body[:40]
    for other in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
    ):
        answer = visitor._open("POST", COMMENTS, data=json.dumps(SAID), content_type=other)
        assert (answer.status_code, answer.json["code"]) == (415, "unsupported-media-type")
        (wrong,) = answer.json["errors"]
        assert (wrong["header"], wrong["allowed"]) == ("Content-Type", ["application/json"])


def test_an_unknown_or_closed_article_takes_nothing(app: Flask, program: Program) -> None:
    refused(program.send("POST", f"{API}/articles/nothing/comments", SAID), 404, "not-found")
    refused(program.send("GET", f"{API}/articles/nothing/comments/token"), 404, "not-found")
    with app.app_context(), db.writing():
        article().comments = Commenting.CLOSED
    said = refused(program.comment(), 422, "invalid")
    assert said == {"body": "Comments on this article are closed."}


# Sent once more


def test_under_one_key_a_comment_is_taken_once(app: Flask, program: Program, clock: Clock) -> None:
    first = taken(program.comment(Idempotency_Key="a1"))
    clock.move(minutes=5)
    assert taken(program.comment(Idempotency_Key='"a1"')) == first
    other = {**SAID, "body": "Something else."}
    reused = refused(program.comment(other, Idempotency_Key="a1"), 422, "key-reused")
    assert reused == {}
    stranger = Program(program.visitor.client.application, address="192.0.2.77")
    assert taken(stranger.comment(other, Idempotency_Key="a1"))["id"] != first["id"]
    with app.app_context(), db.writing():
        article().comments = Commenting.CLOSED
    assert taken(program.comment(Idempotency_Key="a1")) == first
    assert len(stored(app)) == 2
    clock.move(days=1)
    refused(program.comment(Idempotency_Key="a1"), 422, "invalid")


def test_a_key_that_is_somebody_s_own_is_known_from_any_network(
    app: Flask, program: Program
) -> None:
    first = taken(program.comment(Idempotency_Key=KEY))
    moved = Program(app, address="198.51.100.7")
    assert taken(moved.comment(Idempotency_Key=KEY)) == first
    # Who came upon the key, but not upon every byte that was sent, learns nothing of it.
    other = moved.comment({**SAID, "body": "Whose is it?"}, Idempotency_Key=KEY)
    refused(other, 422, "key-reused")
    assert first["edit_token"] not in other.text
    for poor in (KEY[:15], "0123456" * 5):
        mine = taken(program.comment(Idempotency_Key=poor))
        assert taken(moved.comment(Idempotency_Key=poor))["edit_token"] != mine["edit_token"]


def test_what_was_erased_meanwhile_is_said_to_be_gone(app: Flask, program: Program) -> None:
    found = taken(program.comment(Idempotency_Key="a1"))
    with app.app_context(), db.writing():
        db.session.delete(db.session.get(Comment, found["id"]))
    refused(program.comment(Idempotency_Key="a1"), 410, "gone")


def test_keys_that_are_none_are_refused(program: Program) -> None:
    for key in ("a b", "x" * 256, '""', "é"):
        refused(program.comment(Idempotency_Key=key), 400, "bad-header")


def test_sent_four_times_at_one_moment_it_is_one_comment(app: Flask, clock: Clock) -> None:
    def send() -> Any:
        return taken(Program(app).comment(Idempotency_Key="a1"))

    found = at_once(app, *[send] * 4)
    assert found == [found[0]] * 4
    assert len(stored(app)) == 1


def test_keys_are_forgotten_after_a_day(app: Flask, program: Program, clock: Clock) -> None:
    taken(program.comment(Idempotency_Key="a1"))
    clock.move(days=1)
    with app.app_context():
        once.sweep(db.utc_now())
        assert db.session.execute(select(func.count(once.SentKey.key_hash))).scalar_one() == 0


def test_an_old_key_begins_anew_though_nobody_swept(
    app: Flask, program: Program, clock: Clock
) -> None:
    first = taken(program.comment(Idempotency_Key="a1"))["id"]
    clock.move(days=1, seconds=1)
    other = {**SAID, "body": "Something else."}
    assert taken(program.comment(other, Idempotency_Key="a1"))["id"] > first


# One's own


def bearer(found: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {found['edit_token']}"}


def test_a_comment_is_changed_by_who_has_its_token(app: Flask, program: Program) -> None:
    found = taken(program.comment())
    own = f"{API}/comments/{found['id']}"
    seen = program.send("GET", own, **bearer(found))
    assert taken(seen, 200) == {name: found[name] for name in found if name != "edit_token"}
    tag = seen.headers["ETag"]
    change = {"body": "How long does it *last*?"}
    refused(program.send("PATCH", own, change, **bearer(found)), 428, "unconditional")
    stale = program.send("PATCH", own, change, If_Match='"x"', **bearer(found))
    refused(stale, 412, "stale")
    changed = program.send("PATCH", own, change, If_Match=tag, **bearer(found))
    assert taken(changed, 200)["body"] == "How long does it *last*?"
    assert changed.headers["ETag"] != tag
    tags = f'"x", {changed.headers["ETag"]}'
    assert program.send("PATCH", own, change, If_Match=tags, **bearer(found)).status_code == 200
    again = program.send("PATCH", own, change, If_Match="*", **bearer(found))
    assert again.headers["ETag"] == changed.headers["ETag"]
    empty = program.send("PATCH", own, {"body": " "}, If_Match="*", **bearer(found))
    assert refused(empty, 422, "invalid") == {"body": "Please write your comment."}
    assert [comment.source for comment in stored(app)] == ["How long does it *last*?"]


def test_of_two_changes_of_one_version_at_one_moment_one_is_taken(
    app: Flask, program: Program
) -> None:
    found = taken(program.comment())
    own = f"{API}/comments/{found['id']}"
    tag = program.send("GET", own, **bearer(found)).headers["ETag"]

    def change(number: int) -> int:
        sent = {"body": f"How long does it last, {number}?"}
        answer = Program(app).send("PATCH", own, sent, If_Match=tag, **bearer(found))
        return int(answer.status_code)

    assert sorted(at_once(app, *(partial(change, number) for number in range(3)))) == [
        200,
        412,
        412,
    ]


def test_what_is_published_says_the_old_words_while_the_new_ones_wait(
    app: Flask, program: Program
) -> None:
    found = taken(program.comment())
    decide(app, found["id"], CommentState.APPROVED)
    own = f"{API}/comments/{found['id']}"
    change = program.send("PATCH", own, {"body": "Buy now."}, If_Match="*", **bearer(found))
    told = taken(change, 200)
    assert (told["state"], told["body"], told["html"]) == (
        "published",
        "Buy now.",
        "<p>How long does the <em>redness</em> last?</p>\n",
    )
    (shown,) = program.send("GET", COMMENTS).json["data"]
    assert "redness" in shown["html"]
    # Somebody near who copies what all can read.
    near = Program(app)
    for _ in range(2):
        told = taken(near.comment(Idempotency_Key="b1"))
        assert (told["id"], told["body"]) == (found["id"], SAID["body"])


def test_of_two_who_change_one_version_the_later_is_told(app: Flask, program: Program) -> None:
    found = taken(program.comment())
    own = f"{API}/comments/{found['id']}"
    headers = {
        **bearer(found),
        "If-Match": program.send("GET", own, **bearer(found)).headers["ETag"],
    }

    def change(body: str) -> Any:
        return Program(app).send("PATCH", own, {"body": body}, **headers)

    with (
        app.app_context(),
        just_before(app, "SELECT comment_rule", lambda: change("Hers.")) as others,
    ):
        refused(change("His."), 412, "stale")
    assert taken(others[0], 200)["body"] == stored(app)[0].source == "Hers."


def test_a_comment_is_withdrawn_once_and_for_all(
    app: Flask, program: Program, clock: Clock
) -> None:
    found = taken(program.comment())
    own = f"{API}/comments/{found['id']}"
    for _ in range(2):
        gone = program.send("DELETE", own, **bearer(found))
        assert (gone.status_code, gone.data, gone.content_type) == (204, b"", None)
    assert taken(program.send("GET", own, **bearer(found)), 200)["state"] == "withdrawn"
    assert stored(app)[0].source == ""
    change = program.send("PATCH", own, {"body": "Back."}, If_Match="*", **bearer(found))
    refused(change, 403, "forbidden")


def test_after_fifteen_minutes_it_stands(program: Program, clock: Clock) -> None:
    found = taken(program.comment())
    own = f"{API}/comments/{found['id']}"
    clock.move(minutes=15)
    assert taken(program.send("GET", own, **bearer(found)), 200)
    late = program.send("PATCH", own, {"body": "x"}, If_Match="*", **bearer(found))
    assert "fifteen minutes" in late.json["detail"]
    refused(program.send("DELETE", own, **bearer(found)), 403, "forbidden")


def test_without_its_token_nobody_learns_whether_there_is_a_comment(
    app: Flask, program: Program, clock: Clock
) -> None:
    found, other = taken(program.comment()), taken(program.comment({**SAID, "body": "Other."}))
    own = f"{API}/comments/{found['id']}"
    for answer in (
        program.send("GET", own),
        program.send("GET", own, Authorization="Basic eDp5"),
        program.send("DELETE", own, Authorization="Bearer "),
    ):
        refused(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    wrong = found["edit_token"][:-1] + ("A" if found["edit_token"][-1] != "A" else "B")
    details = set()
    for path, token in (
        (own, wrong),
        (own, other["edit_token"]),
        (own, "x" * 5_000),
        (f"{API}/comments/999", wrong),
        (f"{API}/comments/99999999999999", wrong),
    ):
        for method in ("GET", "DELETE"):
            answer = program.send(method, path, Authorization=f"Bearer {token}")
            refused(answer, 403, "forbidden")
            details.add(answer.json["detail"])
    assert len(details) == 1
    assert len(stored(app)) == 2


def test_what_was_refused_looks_as_if_it_waits(app: Flask, program: Program) -> None:
    found = taken(program.comment())
    decide(app, found["id"], CommentState.SPAM)
    own = program.send("GET", f"{API}/comments/{found['id']}", **bearer(found))
    assert taken(own, 200)["state"] == "pending"


# Reports


def test_a_published_comment_is_reported(app: Flask, program: Program) -> None:
    found = taken(program.comment())
    at = f"{API}/comments/{found['id']}/reports"
    said = {"reason": "wrong", "details": "Ask a doctor first."}
    refused(program.send("POST", at, said), 404, "not-found")
    decide(app, found["id"], CommentState.APPROVED)
    assert taken(program.send("POST", at, said)) == {"comment_id": found["id"]}
    with app.app_context():
        (report,) = db.session.execute(select(reports.CommentReport)).scalars()
        assert (report.reason, report.details) == ("wrong", "Ask a doctor first.")
    dull = program.send("POST", at, {"reason": "dull"})
    assert set(refused(dull, 422, "invalid")) == {"reason"}
    assert dull.json["errors"][0]["allowed"] == [each.value for each in reports.ReportReason]
    trapped = program.send("POST", at, said | {"note": "x"})
    assert set(refused(trapped, 422, "invalid")) == {"note"}
    with app.app_context(), db.writing():
        article().status = "draft"
    hidden = program.send("POST", at, said)
    refused(hidden, 404, "not-found")
    unknown = program.send("POST", f"{API}/comments/{10**12}/reports", said)
    assert unknown.json == hidden.json


# From elsewhere


def test_a_page_elsewhere_may_send_where_its_site_is_allowed(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(allowed_origins=FRONT)
    program = Program(app)
    for origin, is_allowed in ((FRONT, True), ("https://other.example", False)):
        asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        before = program.send("OPTIONS", COMMENTS, **asks)
        assert before.status_code == 200
        assert (before.headers.get("Access-Control-Allow-Origin") == "*") is is_allowed
        assert before.headers["Vary"] == "Origin, Access-Control-Request-Method"
        if is_allowed:
            assert "POST" in before.headers["Access-Control-Allow-Methods"]
            assert "Idempotency-Key" in before.headers["Access-Control-Allow-Headers"]
        sent = program.comment(Origin=origin, **{"Sec-Fetch-Site": "cross-site"})
        assert sent.status_code == (202 if is_allowed else 403)
    reads = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}
    may_read = program.send("OPTIONS", COMMENTS, **reads)
    assert may_read.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert may_read.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in may_read.headers
    assert "Access-Control-Allow-Origin" not in program.send("OPTIONS", "/contact", **reads).headers


def test_a_program_is_told_how_much_is_left(program: Program) -> None:
    first = program.comment()
    assert first.headers["RateLimit-Policy"].startswith('"60";q=10;w=60, "3600";q=60;w=3600')
    assert first.headers["RateLimit"].startswith('"60";r=9;t=')
    for number in range(9):
        program.comment({**SAID, "body": f"Question {number}?"})
    last = program.comment()
    refused(last, 429, "too-many")
    assert int(last.headers["Retry-After"]) <= 60
    # The form for people is no second allowance.
    assert program.visitor.comment().status_code == 429
    assert '"60";r=0' in last.headers["RateLimit"]
    assert "RateLimit" not in program.send("GET", COMMENTS).headers


def test_a_query_has_no_place_beside_a_body(program: Program) -> None:
    answer = program.send("POST", f"{COMMENTS}?x=1", SAID)
    assert (answer.status_code, answer.json["code"]) == (400, "bad-parameter")


def test_comments_taken_by_both_doors_are_judged_alike(
    app: Flask, program: Program, reader: Visitor
) -> None:
    assert reader.comment("Cheap pills at https://pills.example").status_code == 303
    taken(program.comment({"name": "Nomsa", "body": "Cheap pills at https://pills.example/x"}))
    (by_form, by_program) = (
        {row["step"] for row in comment.reasons} - {"formless"} for comment in stored(app)
    )
    assert by_form <= by_program
    assert {comment.state for comment in stored(app)} == {CommentState.PENDING}


# Enquiries

ASKED = {
    "name": "Lerato",
    "email": "lerato@reader.example",
    "message": "May I book for Tuesday?",
    "consent": True,
}
ENQUIRIES = f"{API}/enquiries"


def enquiries_of(app: Flask) -> list[Enquiry]:
    with app.app_context():
        query = select(Enquiry).options(joinedload(Enquiry.consent), joinedload(Enquiry.mail))
        return list(db.session.execute(query.order_by(Enquiry.id)).scalars())


def test_an_enquiry_is_stored_and_mailed(app: Flask, program: Program) -> None:
    more = {"phone": "011 555 0101", "way": "call", "time": "Mornings", "topic": "Microneedling"}
    answer = program.send("POST", ENQUIRIES, ASKED | more | {"about": ARTICLE})
    reference = taken(answer)["reference"]
    (enquiry,) = enquiries_of(app)
    assert (enquiry.reference, enquiry.phone, enquiry.preferred_way, enquiry.topic) == (
        reference,
        "+27115550101",
        "call",
        "Microneedling",
    )
    assert enquiry.article_id == ARTICLE
    assert enquiry.consent.text == "The clinic may keep what I write here in order to answer me."
    assert enquiry.mail
    assert not enquiry.is_suspected


def test_under_one_key_an_enquiry_is_taken_once(app: Flask, program: Program) -> None:
    first = taken(program.send("POST", ENQUIRIES, ASKED, Idempotency_Key="e1"))
    assert taken(program.send("POST", ENQUIRIES, ASKED, Idempotency_Key="e1")) == first
    other = program.send("POST", ENQUIRIES, ASKED | {"message": "Or?"}, Idempotency_Key="e1")
    refused(other, 422, "key-reused")
    assert len(enquiries_of(app)) == 1


def test_medical_details_are_asked_about_once(app: Flask, program: Program) -> None:
    sent = ASKED | {"message": "I was diagnosed with melanoma."}
    said = refused(program.send("POST", ENQUIRIES, sent), 422, "sensitive")
    assert "send it anyway" in said["message"]
    assert enquiries_of(app) == []
    taken(program.send("POST", ENQUIRIES, sent | {"anyway": True}))
    assert enquiries_of(app)[0].is_sensitive


WRONG_ENQUIRIES = [
    ({**ASKED, "message": None}, {"message": "Expected str, got null."}),
    (ASKED | {"consent": False}, {"consent": "This isn’t one of the values it can have."}),
    (
        ASKED | {"email": ""},
        {"email": "Please give an email address or a phone number, so that we can answer."},
    ),
    (ASKED | {"phone": "12"}, {"phone": "Please give a whole phone number, like 071 123 4567."}),
    (ASKED | {"topic": "Nails"}, {"topic": "Please choose what it is about."}),
    (ASKED | {"way": "pigeon"}, {"way": "This isn’t one of the values it can have."}),
    (
        ASKED | {"way": "call"},
        {"way": "To be answered on the phone, please give your number."},
    ),
    (
        ASKED | {"consent_text": "Whatever."},
        {"consent_text": "These words have changed since. Please read them and agree."},
    ),
    (
        ASKED | {"name": "A\r\nBcc: x@y.example"},
        {"name": "Please leave out line breaks and control characters."},
    ),
    (
        ASKED | {"email": "a@b.example, c@d.example"},
        {"email": "Please give one email address, like name@example.org."},
    ),
    (ASKED | {"message": "x" * 2001}, {"message": "Please use at most 2,000 characters."}),
    (
        ASKED | {"token": "forged"},
        {"token": "This token is too old, or isn’t of this form. Please fetch another."},
    ),
]
OFFERED = {
    "Nails": ["Microneedling", "Mesotherapy", "Something else"],
    "pigeon": ["", "email", "call", "text"],
    False: ["true"],
}


def test_what_is_wrong_with_an_enquiry_is_told_by_field(app: Flask) -> None:
    for number, (sent, said) in enumerate(WRONG_ENQUIRIES):
        program = Program(app, address=f"192.0.2.{number + 20}")
        answer = program.send("POST", ENQUIRIES, sent)
        assert refused(answer, 422, "invalid") == said, sent
        allowed = [OFFERED[value] for value in sent.values() if value in OFFERED]
        assert [each["allowed"] for each in answer.json["errors"] if "allowed" in each] == allowed
    assert enquiries_of(app) == []


def test_an_enquiry_sent_in_no_time_is_suspected(app: Flask, program: Program) -> None:
    token = program.send("GET", f"{ENQUIRIES}/token").json["data"]["token"]
    taken(program.send("POST", ENQUIRIES, ASKED | {"token": token}))
    assert enquiries_of(app)[0].is_suspected
