"""Programs that act for somebody: by a token alone, within its scopes and her reach, over nobody's head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from blog import accounts, db
from blog.permissions import Scope
from blog.staff import api_tokens
from tests.cast import ARTICLE, AUTHOR, CLOCK, MODERATOR, SECOND, SECOND_AUTHOR, Clock, Person
from tests.enquiring import HELD, ask, enquiry
from tests.test_posting import Program
from tests.test_reach import NAME, comment_of, complain, say

pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.one_database("the verbs and queries below it have tests on both"),
]
ADMIN = "/api/v1/admin"
COMMENTS, ENQUIRIES = f"{ADMIN}/comments", f"{ADMIN}/enquiries"
Let = Callable[..., "Holder"]


class Holder(Program):
    """A program with a token."""

    def __init__(self, app: Flask, secret: str) -> None:
        super().__init__(app)
        self.secret = secret

    def ask(self, method: str, path: str, sent: Any = None, **headers: str) -> Any:
        return self.send(method, path, sent, Authorization=f"Bearer {self.secret}", **headers)

    def got(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json["data"]

    def decide(self, number: int, decision: str, mark: str = "") -> Any:
        path = f"{COMMENTS}/{number}"
        said = {"decision": decision, "mark": mark or self.got(path)["mark"]}
        return self.ask("POST", f"{path}/decision", said)


@pytest.fixture
def let_in(app: Flask) -> Let:
    def let(person: Person = AUTHOR, *scopes: Scope, label: str = "Phone") -> Holder:
        with app.app_context(), db.writing():
            owner = accounts.by_email(person.email)
            assert owner
            wanted = scopes or (Scope.COMMENTS_MODERATE,)
            how: dict[str, Any] = {"lives_days": 1, "by": owner, "now": CLOCK}
            return Holder(app, api_tokens.make(owner, label, wanted, **how)[1])

    return let


@pytest.fixture
def two(app: Flask) -> tuple[int, int]:
    """A comment under an author's own article, and one under another's; both wait."""
    with app.app_context():
        change("UPDATE article_author SET author_id = 'another' WHERE article_id = :id", id=SECOND)
        return say(), say(SECOND, name=NAME)


def change(statement: str, **values: Any) -> None:
    with db.writing():
        db.session.execute(text(statement), values)


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    return str(answer.text)


# Who is let in


def test_without_a_token_that_is_good_nobody_is_told_why(
    app: Flask, author: Any, clock: Clock, let_in: Let
) -> None:
    good, ended = let_in(), let_in(label="Ended")
    with app.app_context():
        token = api_tokens.opened(ended.secret, now=CLOCK)
        assert token
        with db.writing():
            api_tokens.revoke(token, by=None, now=CLOCK)
    wrong = [f"Bearer {good.secret[:-1]}", f"Bearer {good.secret}x", f"Basic {good.secret}"]
    wrong += [f"Bearer {ended.secret}", "Bearer", "Bearer ", "", "Bearer \xff", "Basic Og=="]
    said = {refused(good.send("GET", COMMENTS, Authorization=each), 401) for each in wrong}
    # Nor does who is signed in in this browser get anywhere.
    assert author.get("/admin/comments").status_code == 200
    said.add(refused(author.get(COMMENTS), 401))
    clock.move(days=1)
    late = good.ask("GET", COMMENTS)
    said.add(refused(late, 401))
    assert len(said) == 1
    assert late.headers["WWW-Authenticate"] == "Bearer"


def test_each_token_has_a_limit_of_its_own(let_in: Let) -> None:
    one, other = let_in(), let_in(label="Other")

    def left(program: Holder, **headers: str) -> str:
        answer = program.send("GET", COMMENTS, **headers)
        assert answer.headers["RateLimit-Policy"] == '"60";q=300;w=60, "3600";q=5000;w=3600'
        return str(answer.headers["RateLimit"].partition(";t=")[0])

    good = [{"Authorization": f"Bearer {each.secret}"} for each in (one, other)]
    assert [left(one, **good[0]) for _ in range(2)] == ['"60";r=299', '"60";r=298']
    # Wherever it is used, and whatever others do there.
    assert left(other, **good[1]) == '"60";r=299'
    assert [left(one, Authorization=f"Bearer {each}") for each in "xy"] == [
        '"60";r=299',
        '"60";r=298',
    ]


def test_whose_role_or_account_changed_is_refused_at_once(app: Flask, let_in: Let) -> None:
    program = let_in(AUTHOR, Scope.ENQUIRIES_READ)
    assert program.got(ENQUIRIES) == []
    with app.app_context():
        change("UPDATE user_account SET role = 'moderator'")
    too_narrow = refused(program.ask("GET", ENQUIRIES), 403)
    assert refused(program.ask("GET", COMMENTS), 403) == too_narrow
    with app.app_context():
        change("UPDATE user_account SET removed_at = created_at")
    refused(program.ask("GET", ENQUIRIES), 401)


def test_no_page_of_another_site_gets_anything_by_a_browser(
    let_in: Let, two: tuple[int, int]
) -> None:
    program, path = let_in(), f"{COMMENTS}/{two[0]}/decision"
    foreign = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}
    asked = {"Access_Control_Request_Method": "GET"} | foreign
    refusal = program.send("OPTIONS", path, **asked)
    assert "Access-Control-Allow-Origin" not in refusal.headers
    assert "Access-Control-Allow-Headers" not in refusal.headers
    refused(program.send("POST", path, {"decision": "spam", "mark": "x"}, **foreign), 403)
    # A program elsewhere that has a token is no browser that was tricked.
    said = {"decision": "spam", "mark": program.got(f"{COMMENTS}/{two[0]}")["mark"]}
    done = program.ask("POST", path, said, **foreign)
    assert done.status_code == 200
    assert "Access-Control-Allow-Origin" not in done.headers
    # Nowhere else does a token stand for an origin.
    report = f"/api/v1/comments/{two[0]}/reports"
    assert program.ask("POST", report, {"reason": "rude"}, **foreign).status_code == 403


def test_its_use_is_noted(app: Flask, let_in: Let) -> None:
    program = let_in()
    program.got(COMMENTS)
    with app.app_context():
        token = api_tokens.opened(program.secret, now=CLOCK)
        assert token
        assert token.last_used_at == CLOCK


# Comments


def test_the_queue_is_chosen_and_goes_on(app: Flask, let_in: Let, two: tuple[int, int]) -> None:
    program = let_in(MODERATOR, Scope.COMMENTS_READ)
    first = program.ask("GET", f"{COMMENTS}?limit=1")
    assert (first.headers["Cache-Control"], first.json["meta"]["pagination"]["total"]) == (
        "no-store",
        2,
    )
    (newest,) = first.json["data"]
    assert (newest["id"], newest["name"], newest["state"]) == (two[1], NAME, "pending")
    assert newest["verdict"] == "waiting"
    assert newest["reasons"] == [{"words": "1 link", "tone": "plain"}]
    assert newest["history"] == "1 waiting from this browser · the same words came twice"
    onward = first.json["links"]["next"].partition("/api/v1")[2]
    assert [each["id"] for each in program.got(f"/api/v1{onward}")] == [two[0]]
    for query, ids in {
        f"article={ARTICLE}": [two[0]],
        "q=zanele": [two[1]],
        "state=spam": [],
        "state=reported": [],
        "q=nothing+of+it": [],
    }.items():
        assert [each["id"] for each in program.got(f"{COMMENTS}?{query}")] == ids, query
    for wrong in ("state=withdrawn", "cursor=x", "limit=101", "sort=id"):
        refused(program.ask("GET", f"{COMMENTS}?{wrong}"), 400)
    with app.app_context():
        change("UPDATE comment SET state = 'approved' WHERE id = :id", id=two[0])
        with db.writing():
            complain(two[0])
    assert [each["id"] for each in program.got(f"{COMMENTS}?state=reported")] == [two[0]]


def test_an_authors_program_reaches_what_is_hers(let_in: Let, two: tuple[int, int]) -> None:
    program = let_in(SECOND_AUTHOR)
    assert [each["id"] for each in program.got(COMMENTS)] == [two[0]]
    others, missing, huge = (
        refused(program.ask(method, f"{COMMENTS}/{number}{rest}", sent), 404)
        for number, method, rest, sent in (
            (two[1], "GET", "", None),
            (9_999, "DELETE", "/decision", None),
            (10**20, "POST", "/decision", {"decision": "spam", "mark": "x"}),
        )
    )
    assert others == missing == huge
    assert program.decide(two[0], "approve").json["data"]["verdict"] == "published"


def test_a_decision_is_made_once_and_never_over_another(
    app: Flask, let_in: Let, two: tuple[int, int]
) -> None:
    mia, sandra = let_in(MODERATOR), let_in(AUTHOR)
    mark = mia.got(f"{COMMENTS}/{two[0]}")["mark"]
    done = mia.decide(two[0], "spam", mark).json["data"]
    assert (done["state"], done["decided_by"]) == ("spam", MODERATOR.name)
    assert mia.decide(two[0], "spam", mark).status_code == 200
    for who, decision in ((sandra, "spam"), (sandra, "approve"), (mia, "approve")):
        answer = who.decide(two[0], decision, mark)
        assert "It is marked as spam now" in refused(answer, 409)
    with app.app_context():
        assert comment_of(two[0]).state == "spam"
    assert sandra.decide(two[0], "approve").status_code == 200
    with app.app_context():
        change("UPDATE comment SET state = 'withdrawn', source = '', html = '', name = ''")
    # Nobody publishes what its writer took back.
    assert "It is withdrawn now" in refused(sandra.decide(two[0], "approve"), 409)
    for sent in ({"decision": "approve"}, {"decision": "delete", "mark": "x"}, {"mark": "x"}):
        refused(sandra.ask("POST", f"{COMMENTS}/{two[0]}/decision", sent), 422)


def test_a_decision_is_taken_back_for_ten_minutes_and_alone(
    clock: Clock, moderator: Any, let_in: Let, two: tuple[int, int]
) -> None:
    program = let_in(MODERATOR)
    path = f"{COMMENTS}/{two[0]}/decision"
    refused(program.ask("DELETE", path), 409)
    program.decide(two[0], "reject")
    back = program.ask("DELETE", path)
    assert (back.status_code, back.json["data"]["state"]) == (200, "pending")
    assert "taken back" in refused(program.ask("DELETE", path), 409)
    program.decide(two[0], "reject")
    clock.move(minutes=11)
    assert "undone any more" in refused(program.ask("DELETE", path), 409)
    program.decide(two[0], "approve")
    moderator.press("/admin/comments", "/admin/decisions", id=list(two), verb="spam")
    assert "together with others" in refused(program.ask("DELETE", path), 409)


# Enquiries


@pytest.fixture
def asked(app: Flask) -> tuple[str, str]:
    """One enquiry, and a later one that may hold medical details."""
    with app.app_context():
        plain, sensitive = ask("First"), ask("My diagnosis", name="Grace")
        change("UPDATE enquiry SET is_sensitive = true WHERE reference = :id", id=sensitive)
        ask("Buy now", verdict=HELD)
        return plain, sensitive


def test_lists_of_enquiries_show_nothing_that_may_be_sensitive(
    let_in: Let, asked: tuple[str, str]
) -> None:
    program = let_in(AUTHOR, Scope.ENQUIRIES_READ)
    first = program.ask("GET", f"{ENQUIRIES}?limit=1")
    assert "diagnosis" not in first.text
    assert first.json["data"][0]["reference"] == asked[1]
    assert first.json["data"][0]["is_sensitive"]
    onward = first.json["links"]["next"].partition("/api/v1")[2]
    (older,) = program.got(f"/api/v1{onward}")
    assert (older["reference"], older["excerpt"], older["answer"]) == (
        asked[0],
        "First",
        "by email",
    )
    (suspected,) = program.got(f"{ENQUIRIES}?folder=suspected")
    assert suspected["reasons"] == [{"words": "1 link", "tone": "bad"}]
    refused(program.ask("GET", f"{ENQUIRIES}?folder=bin"), 400)
    whole = program.got(f"{ENQUIRIES}/{asked[1].lower()}")
    assert (whole["message"], whole["state"]) == ("My diagnosis", "new")
    refused(program.ask("GET", f"{ENQUIRIES}/nobodys"), 404)


def test_where_an_enquiry_stands_is_said_once_and_never_over_another(
    app: Flask, let_in: Let, author: Any, asked: tuple[str, str]
) -> None:
    program, path = let_in(AUTHOR, Scope.ENQUIRIES_READ), f"{ENQUIRIES}/{asked[0]}"
    seen = {"mark": program.got(path)["mark"]}
    done = program.ask("POST", f"{path}/state", seen | {"state": "answered"})
    assert (done.status_code, done.json["data"]["state"]) == (200, "answered")
    assert program.ask("POST", f"{path}/state", seen | {"state": "answered"}).status_code == 200
    refused(program.ask("POST", f"{path}/state", seen | {"state": "closed"}), 409)
    with app.app_context():
        assert enquiry(asked[0]).state == "answered"
        change("UPDATE enquiry SET state_changed_at = created_at, state = 'seen'")
        change("DELETE FROM journal_line")
    refused(program.ask("POST", f"{path}/state", seen | {"state": "closed"}), 409)
    refused(program.ask("POST", f"{path}/state", seen | {"state": "lost"}), 422)
    refused(program.ask("POST", f"{ENQUIRIES}/nobodys/state", seen | {"state": "closed"}), 404)
