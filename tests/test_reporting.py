"""Reporting a comment as a reader does, and what a moderator then sees and presses."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from blog import comments, db, journal
from blog.comments import CommentState, reports
from tests.cast import ARTICLE, SECOND, Clock, Visitor, kept
from tests.test_pinning import PAGE, publish
from tests.test_review import QUEUE, state

REPORTED = f"{QUEUE}?state=reported"


def path_of(comment_id: int, slug: str = ARTICLE) -> str:
    return f"/articles/{slug}/comments/{comment_id}/report"


@pytest.fixture
def comment_id(app: Flask, clock: Clock, stranger: Visitor) -> int:
    """A published comment."""
    (found,) = publish(app, stranger, "Buy my *serum*")
    clock.move(minutes=5)
    return found


def report(visitor: Visitor, comment_id: int, **typed: str) -> TestResponse:
    path = path_of(comment_id)
    form = visitor.form(path, path)
    del form["reason"]
    return visitor.post(path, form | {"reason": "spam", "details": ""} | typed)


def open_reports(app: Flask) -> int:
    with app.app_context():
        return reports.count_reported()


def test_the_first_page_tells_of_what_is_reported(
    reader: Visitor, author: Visitor, comment_id: int
) -> None:
    assert "Nothing is waiting" in author.get("/admin/").text
    report(reader, comment_id)
    page = author.get("/admin/").text
    assert f'<a href="{REPORTED}"><b>1 published comment</b></a> <span>was reported' in page
    assert "Nothing is waiting" not in page


def test_a_reader_reports_a_comment_and_is_thanked(
    app: Flask, reader: Visitor, comment_id: int
) -> None:
    assert f'href="{path_of(comment_id)}" aria-label="Report Nomsa"' in reader.get(PAGE).text
    page = reader.get(path_of(comment_id))
    assert page.headers["Cache-Control"] == "no-store"
    assert "Buy my <em>serum</em>" in page.text
    assert '<meta name="robots" content="noindex">' in page.text
    sent = report(reader, comment_id, details="She\r\nsells them.")
    assert (sent.status_code, sent.location) == (303, f"{PAGE}/comments/reported")
    thanks = reader.get(sent.location)
    assert "Thank you for telling us" in thanks.text
    assert thanks.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in thanks.headers
    with app.app_context():
        said = reports.about([comment_id])[comment_id]
        assert dict(said.counts) == {"spam or advertising": 1}
        assert said.details == ["She\nsells them."]
        comment = comments.by_id(comment_id)
        assert comment
        assert comment.state == CommentState.APPROVED


def test_reported_twice_is_reported_once(app: Flask, reader: Visitor, comment_id: int) -> None:
    for reason in ("spam", "rude"):
        assert report(reader, comment_id, reason=reason).status_code == 303
    with app.app_context():
        assert reports.about([comment_id])[comment_id].counts.total() == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"reason": ""}, "Please choose what is wrong with it."),
        ({"reason": "other' OR 1"}, "Please choose what is wrong with it."),
        ({"details": "x" * 501}, "Please use at most 500 characters."),
        ({"details": "a\x07b"}, "Please leave out control characters."),
        ({"form_token": "no token"}, "This page was open for too long."),
        ({"note": "http://spam.example"}, "A field that nobody sees was filled in"),
    ],
)
def test_what_is_wrong_with_a_report_is_said_and_what_was_typed_kept(
    app: Flask, reader: Visitor, comment_id: int, wrong: dict[str, str], sentence: str
) -> None:
    sent = report(reader, comment_id, **{"details": "Look <here>"} | wrong)
    page = unescape(sent.text)
    assert sent.status_code == 422
    assert sentence in page
    assert wrong.get("details", "Look <here>") in page
    assert page.count("checked") == ("reason" not in wrong)
    assert "http://spam.example" not in page
    assert open_reports(app) == 0
    again = reader.form(path_of(comment_id), path_of(comment_id)) | {"reason": "wrong"}
    assert reader.post(path_of(comment_id), again).status_code == 303


def test_a_report_without_its_reason_is_asked_again(reader: Visitor, comment_id: int) -> None:
    path = path_of(comment_id)
    form = {"form_token": reader.form(path, path)["form_token"]}
    assert reader.post(path, form).status_code == 422


def test_a_token_of_another_comment_does_not_do(
    app: Flask, reader: Visitor, stranger: Visitor, comment_id: int
) -> None:
    other = publish(app, stranger, "Another one")[-1]
    assert other != comment_id
    token = reader.form(path_of(comment_id), path_of(comment_id))["form_token"]
    assert report(reader, other, form_token=token).status_code == 422
    assert open_reports(app) == 0


def test_what_waits_and_what_never_was_look_the_same_to_who_reports(
    app: Flask, reader: Visitor, stranger: Visitor, comment_id: int
) -> None:
    token = reader.form(path_of(comment_id), path_of(comment_id))["form_token"]
    stranger.comment("Waits")
    with app.app_context():
        hidden = comments.recent(CommentState.PENDING)[0].id
    paths = path_of(hidden), path_of(4711), path_of(comment_id, SECOND)
    answers = {(page.status_code, page.text) for page in map(reader.get, paths)}
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    form = {"form_token": token, "reason": "spam", "details": "Kept words"}
    for path in paths:
        sent = reader.post(path, form)
        assert sent.status_code == 404
        assert "Kept words" in sent.text
    assert open_reports(app) == 0


@pytest.mark.parametrize("became", ["rejected", "withdrawn"])
def test_what_was_taken_down_meanwhile_can_t_be_reported_and_what_was_typed_is_kept(
    app: Flask, reader: Visitor, comment_id: int, became: str
) -> None:
    path = path_of(comment_id)
    form = reader.form(path, path) | {"reason": "rude", "details": "Kept words"}
    with app.app_context(), db.writing():
        comments.by_ids([comment_id])[0].state = CommentState(became)
    sent = reader.post(path, form)
    assert sent.status_code == 404
    assert "There is no published comment at this address." in sent.text
    assert "Kept words" in sent.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_busy_site_keeps_what_was_reported_to_be_sent_again(
    app: Flask, reader: Visitor, comment_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of(comment_id)
    form = reader.form(path, path) | {"reason": "wrong", "details": "Kept words"}
    monkeypatch.setattr(db, "WRITE_WAIT_SECONDS", 0.01)
    with app.app_context(), db.writing():
        sent = reader.post(path, form)
    assert sent.status_code == 503
    again = kept(sent.text)
    assert (again["reason"], again["details"]) == ("wrong", "Kept words")
    assert reader.post(path, again).status_code == 303


def test_who_reports_too_often_is_asked_to_wait(reader: Visitor, comment_id: int) -> None:
    path = path_of(comment_id)
    form = reader.form(path, path) | {"reason": "spam", "details": "Kept words"}
    sent = [reader.post(path, form) for _ in range(11)]
    assert [answer.status_code for answer in sent] == [303] * 10 + [429]
    assert kept(sent[-1].text)["details"] == "Kept words"


def test_the_author_s_own_comments_can_be_reported(
    app: Flask, reader: Visitor, author: Visitor, comment_id: int
) -> None:
    answer = {"body": "Thank you"}
    assert author.press(QUEUE, f"{QUEUE}/{comment_id}/reply", **answer).status_code == 303
    with app.app_context():
        own = comments.recent(CommentState.APPROVED)[0].id
    assert report(reader, own).status_code == 303
    assert open_reports(app) == 1


def test_what_stands_in_a_closed_thread_can_be_reported_and_not_answered(
    make_app: Callable[..., Flask], reader: Visitor, comment_id: int
) -> None:
    visitor = Visitor(make_app(comments="closed"))
    page = visitor.get(PAGE).text
    assert "/report" in page
    assert "?parent=" not in page
    assert report(visitor, comment_id).status_code == 303


def test_a_waiting_comment_has_no_link_to_report_it(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.comment("Waits")
    assert "/report" not in reader.get(PAGE).text


def test_the_queue_shows_what_was_reported_in_words_and_keeps_it(
    app: Flask, reader: Visitor, author: Visitor, comment_id: int
) -> None:
    assert "Reported 0</a>" in author.get(QUEUE).text
    assert "Nothing is reported." in author.get(REPORTED).text
    report(reader, comment_id, reason="wrong", details="<b>Dangerous</b>")
    page = author.get(REPORTED).text
    assert "Reported 1</a>" in page
    assert page.count('aria-current="page">Reported') == 1
    assert '>Review <span class="count">1</span></a>' in page
    assert "<title>Review (1) ·" in page
    assert "1 report: wrong or dangerous advice" in page
    assert "&lt;b&gt;Dangerous&lt;/b&gt;" in page
    one = f"{QUEUE}/{comment_id}/reports"
    (action,) = {
        part.partition('"')[0] for part in page.split('formaction="') if part.startswith(one)
    }
    shown = {f"upto-{comment_id}": "999"}
    after = author.press(REPORTED, action, state="reported", **shown)
    assert after.location.startswith(f"{REPORTED}&done=")
    done = author.get(after.location).text
    assert "1 comment kept." in done
    assert (open_reports(app), state(app, comment_id)) == (0, "approved")
    (undo,) = re.findall(r'action="(/admin/decisions/[^"]+/reversal)"', done)
    again = author.press(REPORTED, action, state="reported", **shown)
    assert "nothing was left to keep" in author.get(again.location).text
    back = author.press(REPORTED, undo, state="reported")
    assert "Undone: 1 comment put back." in author.get(back.location).text
    assert (open_reports(app), state(app, comment_id)) == (1, "approved")


def test_many_that_were_reported_are_kept_and_put_back_at_once(
    app: Flask, reader: Visitor, author: Visitor, stranger: Visitor, comment_id: int
) -> None:
    second, third = publish(app, stranger, "Two"), publish(app, stranger, "Three")
    ids = [comment_id, second[-1], third[-1]]
    for each in ids:
        report(reader, each)
    page = author.get(REPORTED).text
    shown = dict(re.findall(r'name="(upto-\d+)" value="(\d+)"', page))
    assert sorted(shown) == sorted(f"upto-{each}" for each in ids)
    report(stranger, ids[0])
    assert '<button formaction="/admin/comments/reports/dismissal">Keep' in page
    assert "reports/dismissal" not in author.get(f"{QUEUE}?state=spam").text
    chosen = shown | {"state": "reported", "id": [*ids[:2], "x", 4711]}
    after = author.press(REPORTED, f"{QUEUE}/reports/dismissal", **chosen)
    assert "2 comments kept." in author.get(after.location).text
    # What the first one's page did not show is still asked about.
    assert open_reports(app) == 2
    batch = after.location.rpartition("done=")[2]
    author.press(REPORTED, f"/admin/decisions/{batch}/reversal", state="reported")
    assert open_reports(app) == 3
    none = author.press(REPORTED, f"{QUEUE}/reports/dismissal", state="reported")
    assert "Nothing was selected." in author.get(none.location).text


def test_of_many_each_is_kept_up_to_what_was_shown_of_itself(
    app: Flask, reader: Visitor, author: Visitor, stranger: Visitor, comment_id: int
) -> None:
    (second,) = publish(app, stranger, "Two")[-1:]
    report(reader, comment_id)
    shown = dict(re.findall(r'name="(upto-\d+)" value="(\d+)"', author.get(REPORTED).text))
    report(stranger, comment_id)
    report(reader, second)
    later = {f"upto-{second}": "999"}
    chosen = shown | later | {"state": "reported", "id": [comment_id, second]}
    author.press(REPORTED, f"{QUEUE}/reports/dismissal", **chosen)
    assert open_reports(app) == 1
    assert "1 report: spam" in author.get(REPORTED).text


def test_what_is_approved_twice_is_not_told_as_kept(
    app: Flask, reader: Visitor, author: Visitor, clock: Clock, comment_id: int
) -> None:
    first = author.press(QUEUE, f"{QUEUE}/{comment_id}/rejection")
    clock.move(minutes=1)
    approved = author.press(QUEUE, f"{QUEUE}/{comment_id}/approval").location
    assert approved != first.location
    clock.move(minutes=1)
    report(reader, comment_id)
    shown = {f"upto-{comment_id}": "999"}
    author.press(REPORTED, f"{QUEUE}/{comment_id}/reports/dismissal", **shown)
    again = author.press(QUEUE, f"{QUEUE}/{comment_id}/approval", seen=f"{comment_id}.stale")
    assert again.location == approved


@pytest.mark.parametrize(("noun", "became"), [("rejection", "rejected"), ("spam", "spam")])
def test_taking_a_reported_comment_down_settles_its_reports_until_that_is_undone(
    app: Flask, reader: Visitor, author: Visitor, comment_id: int, noun: str, became: str
) -> None:
    report(reader, comment_id)
    after = author.press(REPORTED, f"{QUEUE}/{comment_id}/{noun}", state="reported")
    assert after.location.startswith(REPORTED)
    assert (open_reports(app), state(app, comment_id)) == (0, became)
    batch = after.location.rpartition("done=")[2]
    author.press(REPORTED, f"/admin/decisions/{batch}/reversal", state="reported")
    assert (open_reports(app), state(app, comment_id)) == (1, "approved")


def test_what_is_reported_is_searched_and_filtered_like_any_other(
    app: Flask, reader: Visitor, stranger: Visitor, author: Visitor, comment_id: int
) -> None:
    report(reader, comment_id)
    assert "Nomsa" in author.get(f"{REPORTED}&q=serum").text
    page = author.get(f"{REPORTED}&q=retinol").text
    assert "Nothing reported matches." in page
    assert 'name="state" value="reported"' in page
    assert f"{QUEUE}?state=approved&amp;q=retinol" in page


def test_what_isn_t_there_has_no_reports(author: Visitor) -> None:
    path = f"{QUEUE}/4711/reports/dismissal"
    assert author.press(QUEUE, path).status_code == 404


@pytest.mark.parametrize("upto", ["", "x", "-1", "99999999999999"])
def test_only_what_was_shown_is_settled(
    app: Flask, reader: Visitor, author: Visitor, comment_id: int, upto: str
) -> None:
    report(reader, comment_id)
    shown = {f"upto-{comment_id}": upto}
    author.press(REPORTED, f"{QUEUE}/{comment_id}/reports/dismissal", **shown)
    assert open_reports(app) == 1


def test_a_moderator_may_keep_and_nobody_signed_out_or_without_a_token(
    app: Flask, reader: Visitor, moderator: Visitor, comment_id: int
) -> None:
    report(reader, comment_id)
    path = f"{QUEUE}/{comment_id}/reports/dismissal"
    assert reader.post(path, {"state": "reported"}).status_code == 401
    assert moderator.post(path, {"state": "reported"}).status_code == 422
    assert moderator.get(path).status_code == 405
    assert open_reports(app) == 1
    shown = {f"upto-{comment_id}": "1000"}
    assert moderator.press(REPORTED, path, **shown).status_code == 303
    assert open_reports(app) == 0
    with app.app_context():
        assert journal.recent()[0].verb == "kept reported"
