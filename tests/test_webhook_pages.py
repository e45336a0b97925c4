"""Webhooks on the desk and for programs: added, changed, tested, looked through, removed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from blog import db, journal, webhooks
from blog.permissions import Scope
from blog.webhooks import DeliveryState, WebhookDelivery
from blog.webhooks.sending import Answer
from tests.cast import AUTHOR, CLOCK, Clock, Visitor, csrf_token
from tests.test_managing import Holder, Let, let_in, refused  # noqa: F401  # the fixture

pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.one_database("the verbs and queries below them have tests on both"),
]
PATH, API = "/admin/webhooks", "/api/v1/admin/webhooks"
HOOK = {"label": "Static site", "url": "https://build.example.org/hook"}
EVENTS = ["article.published", "comment.published"]
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def hook(app: Flask, clock: Clock) -> int:
    with app.app_context(), db.writing():
        return webhooks.add(**HOOK, events=EVENTS, by=None, now=CLOCK).id


def send(visitor: Visitor, path: str, **said: Any) -> Any:
    """Fill in the form of a page and send it."""
    token = csrf_token(visitor.get(path).text)
    return visitor.post(path, {"csrf_token": token} | said)


def secret_of(app: Flask, number: int) -> str:
    with app.app_context():
        found = webhooks.by_id(number)
        assert found
        return found.secret


def deliver(app: Flask, number: int, state: DeliveryState, **more: Any) -> int:
    """Put a delivery into the log."""
    with app.app_context(), db.writing():
        found = webhooks.by_id(number)
        assert found
        row = webhooks.test(found, now=CLOCK)
        row.state = state
        for name, value in more.items():
            setattr(row, name, value)
        return row.id


# On the desk


def test_an_endpoint_is_added_and_its_secret_shown(app: Flask, author: Visitor) -> None:
    assert "No program is told of anything." in author.get(PATH).text
    page = author.get(f"{PATH}/new").text
    assert page.count('type="checkbox"') == len(webhooks.Event)
    made = send(author, f"{PATH}/new", **HOOK, events=EVENTS)
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    assert SECRET.findall(made.text) == [secret_of(app, 1)]
    shown = author.get(PATH).text
    assert HOOK["label"] in shown
    assert "2 events" in shown
    assert not SECRET.search(shown + author.get(f"{PATH}/1").text)


def test_all_that_is_wrong_is_said_and_what_was_typed_kept(author: Visitor) -> None:
    typed = {"label": "", "url": "https://127.0.0.1/hook"}
    answer = send(author, f"{PATH}/new", **typed)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert 'value="https://127.0.0.1/hook"' in answer.text
    assert answer.text.count("Please give a label") == 2
    assert answer.text.count("Please give the full name of a host") == 2
    assert answer.text.count("Please choose at least one of the events there are.") == 2
    assert send(author, f"{PATH}/new").status_code == 422
    unknown = send(author, f"{PATH}/new", **HOOK, events="article.eaten")
    assert (unknown.status_code, webhooks.NOTHING_CHOSEN in unknown.text) == (422, True)
    for _ in range(webhooks.ENDPOINTS_MAX):
        assert send(author, f"{PATH}/new", **HOOK, events=EVENTS).status_code == 200
    full = send(author, f"{PATH}/new", **HOOK, events=EVENTS)
    assert (full.status_code, "10 endpoints already" in full.text) == (422, True)
    assert f'href="{PATH}/new"' not in author.get(PATH).text


def test_an_endpoint_is_changed_paused_turned_on_and_removed(
    app: Flask, author: Visitor, hook: int
) -> None:
    path = f"{PATH}/{hook}"
    page = author.get(f"{path}/edit").text
    assert page.count(" checked") == 2
    bad = send(author, f"{path}/edit", **HOOK | {"url": "ftp://a"}, events=EVENTS)
    assert (bad.status_code, "in ASCII" in bad.text) == (422, True)
    unknown = send(author, f"{path}/edit", **HOOK, events="article.eaten")
    assert (unknown.status_code, webhooks.NOTHING_CHOSEN in unknown.text) == (422, True)
    for url in ("https://new.example/hook",) * 2:
        done = send(author, f"{path}/edit", **HOOK | {"url": url}, events=EVENTS[:1])
        assert done.location == path
    assert "https://new.example/hook" in author.get(path).text
    assert author.press(path, f"{path}/paused").location == path
    paused = author.get(path).text
    assert "It is paused." in paused
    assert "Paused" in author.get(PATH).text
    assert author.press(path, f"{path}/tests").status_code == 409
    author.press(path, f"{path}/on")
    assert "It is on." in author.get(path).text
    assert "Remove “<bdi>Static site</bdi>”?" in author.get(f"{path}/removal").text
    assert author.press(f"{path}/removal", f"{path}/removal").location == PATH
    assert author.get(path).status_code == 404
    with app.app_context():
        verbs = [line.verb for line in journal.recent(thing="webhook")]
        assert verbs == ["removed", "turned on", "paused", "changed", "added"]
    assert "removed webhook 1" in author.get("/admin/journal?kind=webhook").text


def test_its_secret_is_shown_to_who_gives_the_password_and_exchanged(
    app: Flask, author: Visitor, hook: int
) -> None:
    path, first = f"{PATH}/{hook}/secret", secret_of(app, hook)
    wrong = send(author, path, present="not mine", act="show")
    assert (wrong.status_code, SECRET.search(wrong.text)) == (422, None)
    good = {"present": AUTHOR.password}
    assert SECRET.findall(send(author, path, **good, act="show").text) == [first]
    made = send(author, path, **good, act="new").text
    second = secret_of(app, hook)
    assert SECRET.findall(made) == [second]
    assert first != second
    assert "The one before signs too until" in made
    assert "Two sign at this moment" in author.get(path).text
    assert send(author, path, **good, act="new").status_code == 409
    page = author.get(f"{PATH}/{hook}").text
    assert "End the former secret now" in page
    author.press(f"{PATH}/{hook}", f"{PATH}/{hook}/former-secret/end")
    assert "End the former secret now" not in author.get(f"{PATH}/{hook}").text


def test_what_was_sent_is_shown_as_text_and_sent_again(
    app: Flask, author: Visitor, hook: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{PATH}/{hook}"
    assert "Nothing yet." in author.get(path).text
    author.press(path, f"{path}/tests")
    assert "webhook.tested" in author.get(path).text
    hostile = "<script>alert(1)</script>"
    deliver(app, hook, DeliveryState.DELIVERED, attempts=1, status=200, answer="thanks")
    waits = deliver(app, hook, DeliveryState.QUEUED, attempts=2, status=503, answer="later")
    number = deliver(app, hook, DeliveryState.FAILED, attempts=6, status=500, answer=hostile)
    page = author.get(path).text
    assert hostile not in page
    assert "&lt;script&gt;alert(1)" in page
    for words in ("Delivered", "Failed", "Waiting", "6 attempts", "answered 503", "next try"):
        assert words in page
    again = f"{path}/deliveries/{number}/again"
    assert f'action="{again}"' in page
    assert author.press(path, again).location == path
    with app.app_context():
        row = db.session.get_one(WebhookDelivery, number)
        assert (row.state, row.attempts) == (DeliveryState.QUEUED, 0)
    for missing in (f"{path}/deliveries/999/again", f"{PATH}/999/tests"):
        assert author.press(path, missing).status_code == 404
    monkeypatch.setattr("blog.admin.webhooks.PAGE", 2)
    older = re.search(r'href="(\?before=\d+)" rel="next"', author.get(path).text)
    assert older
    assert older[1] == f"?before={waits}"
    last = author.get(f"{path}{older[1]}").text
    assert "answered 200" in last
    assert 'rel="prev"' in last


def test_every_page_tells_that_an_endpoint_was_switched_off(
    app: Flask, author: Visitor, moderator: Visitor, hook: int
) -> None:
    assert "switched off" not in author.get("/admin/").text
    with app.app_context(), db.writing():
        found = webhooks.by_id(hook)
        assert found
        found.failing_since = CLOCK
    assert "It has taken nothing since" in author.get(f"{PATH}/{hook}").text
    assert "Failing" in author.get(PATH).text
    with app.app_context(), db.writing():
        found = webhooks.by_id(hook)
        assert found
        found.heed(Answer("no more, please", 410), now=CLOCK)
    assert "1 webhook was switched off." in author.get("/admin/").text
    for path in (PATH, f"{PATH}/{hook}"):
        page = author.get(path).text
        assert "1 webhook was switched off." not in page
        assert "It answered 410: nothing is wanted there any more." in page
    assert "switched off" not in moderator.get("/admin/").text
    journal_page = author.get("/admin/journal?kind=webhook").text
    assert "<b>The site itself</b> switched off webhook 1" in journal_page


# For programs


@pytest.fixture
def program(let_in: Let) -> Holder:  # noqa: F811  # the fixture
    return let_in(AUTHOR, Scope.WEBHOOKS_MANAGE)


def test_a_program_looks_after_an_endpoint(app: Flask, program: Holder, clock: Clock) -> None:
    made = program.ask("POST", API, HOOK | {"events": EVENTS})
    assert made.status_code == 201, made.text
    data = made.json["data"]
    assert data["secret"] == secret_of(app, data["id"])
    path = f"{API}/{data['id']}"
    (listed,) = program.got(API)
    assert "secret" not in listed
    assert listed == {name: value for name, value in data.items() if name != "secret"}
    tag = program.ask("GET", path).headers["ETag"]
    refused(program.ask("PATCH", path, {"state": "paused"}), 428)
    paused = program.ask("PATCH", path, {"state": "paused"}, If_Match=tag)
    assert (paused.status_code, paused.json["data"]["state"]) == (200, "paused")
    refused(program.ask("PATCH", path, {"state": "on"}, If_Match=tag), 412)
    other = {"label": "CRM", "state": "on", "events": ["enquiry.received"]}
    changed = program.ask("PATCH", path, other, If_Match=paused.headers["ETag"]).json["data"]
    assert (changed["label"], changed["url"], changed["events"]) == (
        "CRM",
        HOOK["url"],
        ["enquiry.received"],
    )
    tag = program.ask("GET", path).headers["ETag"]
    same = program.ask("PATCH", path, {"label": "CRM"}, If_Match=tag)
    assert same.json["data"] == changed
    rotated = program.ask("POST", f"{path}/secret", {}).json["data"]
    assert rotated["secret"] == secret_of(app, data["id"]) != data["secret"]
    assert rotated["former_secret_until"] == "2026-05-05T09:30:00Z"
    refused(program.ask("POST", f"{path}/secret", {}), 409)
    assert program.ask("DELETE", f"{path}/former-secret").status_code == 204
    assert program.got(path)["former_secret_until"] is None
    assert program.ask("DELETE", path).status_code == 204
    refused(program.ask("GET", path), 404)
    refused(program.ask("GET", f"{API}/{10**20}"), 404)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"url": "https://localhost"}, "url"),
        ({"url": "http://build.example.org"}, "url"),
        ({"label": "a\nb"}, "label"),
        ({"events": []}, "events"),
        ({"events": ["webhook.tested"]}, "events"),
        ({"state": "off"}, "state"),
    ],
)
def test_an_endpoint_that_can_not_be_is_refused(
    program: Holder, said: dict[str, Any], field: str
) -> None:
    answer = program.ask("POST", API, HOOK | {"events": EVENTS} | said)
    refused(answer, 422)
    assert [each["field"] for each in answer.json["errors"]] == [field]


def test_a_program_tests_an_endpoint_and_reads_what_was_sent(
    app: Flask, program: Holder, hook: int
) -> None:
    path = f"{API}/{hook}"
    tested = program.ask("POST", f"{path}/tests", {})
    assert tested.status_code == 202
    row = tested.json["data"]
    assert (row["event"], row["state"], row["attempts"]) == ("webhook.tested", "queued", 0)
    failed = deliver(app, hook, DeliveryState.FAILED, attempts=6, status=500, answer="no")
    first = program.ask("GET", f"{path}/deliveries?limit=1")
    assert (first.json["data"][0]["id"], first.json["data"][0]["next_attempt_at"]) == (failed, None)
    assert first.json["meta"]["pagination"]["total"] == 2
    onward = first.json["links"]["next"].partition("/api/v1")[2]
    assert program.got(f"/api/v1{onward}") == [row]
    again = program.ask("POST", f"{path}/deliveries/{failed}/again", {})
    assert (again.status_code, again.json["data"]["state"]) == (202, "queued")
    for missing in (999, 10**20):
        refused(program.ask("POST", f"{path}/deliveries/{missing}/again", {}), 404)
    tag = program.ask("GET", path).headers["ETag"]
    program.ask("PATCH", path, {"state": "paused"}, If_Match=tag)
    for act in ("tests", f"deliveries/{failed}/again"):
        refused(program.ask("POST", f"{path}/{act}", {}), 409)
