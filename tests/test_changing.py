"""The pages on which a reader changes or withdraws her comment, and what others see of it."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from blog import comments, db
from blog.comments import Comment, CommentState
from blog.content import Commenting
from tests.cast import ARTICLE, SECOND, Clock, Visitor, article, fields, just_before, kept
from tests.test_decisions import opened, plain
from tests.test_mailed import link, press

PAGE = f"/articles/{ARTICLE}"
QUEUE = "/admin/comments"
FIRST, THEN = "Is six weeks apart right?", "Is **eight** weeks apart right?"


def posted(visitor: Visitor, body: str = FIRST, **typed: str) -> str:
    """Post a comment; gives its permalink."""
    answer = visitor.comment(body, email="nomsa@reader.example", **typed)
    assert answer.status_code == 303, answer.text
    return answer.location


def number(path: str) -> int:
    return int(path.rpartition("/")[2])


def decide(app: Flask, path: str, state: CommentState = CommentState.APPROVED) -> None:
    with app.app_context(), db.writing():
        (comment,) = comments.by_ids([number(path)])
        comment.decide(state, by=None, now=db.utc_now(), batch=None)


def edit(visitor: Visitor, path: str, body: str = THEN, **typed: str) -> Any:
    filled = visitor.form(f"{path}/edit", f"{path}/edit")
    return visitor.post(f"{path}/edit", filled | {"body": body} | typed)


def withdraw(visitor: Visitor, path: str) -> Any:
    place = f"{path}/withdrawal"
    return visitor.post(place, visitor.form(place, place))


def state(app: Flask, path: str) -> tuple[str, str]:
    with app.app_context():
        comment = comments.by_id(number(path))
        assert comment
        return str(comment.state), comment.source


def waiting_edit(app: Flask) -> Comment:
    with app.app_context():
        (found,) = comments.recent(CommentState.PENDING)
        assert found.edit_of_id
        return found


# Who may, and until when


def test_her_comment_says_until_when_she_may_change_it(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    path = posted(reader)
    for where in (path, PAGE):
        page = reader.get(where)
        assert (
            f'<a href="{path}/edit">Edit</a> <a href="{path}/withdrawal">Withdraw</a>' in page.text
        )
        assert 'until <time datetime="2026-05-04T09:45:00Z">11:45</time>' in page.text
        assert page.headers["Cache-Control"] == "no-store"
    decide(app, path)
    assert f"{path}/edit" in reader.get(PAGE).text
    assert f"{path}/edit" not in stranger.get(PAGE).text
    clock.move(minutes=15)
    assert f"{path}/edit" not in reader.get(PAGE).text


def test_the_form_holds_what_was_written(reader: Visitor) -> None:
    path = posted(reader, "Two < three & *four*")
    page = reader.get(f"{path}/edit")
    assert page.status_code == 200
    assert "Two &lt; three &amp; *four*</textarea>" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "waits to be read" in page.text


@pytest.mark.parametrize("where", ["edit", "withdrawal"])
@pytest.mark.parametrize("which", ["waiting", "published", "none", "elsewhere"])
def test_a_stranger_is_told_the_same_whatever_there_is(
    app: Flask, reader: Visitor, stranger: Visitor, where: str, which: str
) -> None:
    path = posted(reader)
    stranger.comment("One of my own")
    if which == "published":
        decide(app, path)
    if which == "none":
        path = f"{PAGE}/comments/99"
    if which == "elsewhere":
        path, stranger = f"/articles/{SECOND}/comments/{number(path)}", reader
    for answer in (
        stranger.get(f"{path}/{where}"),
        stranger.post(f"{path}/{where}", {"body": THEN}),
    ):
        assert answer.status_code == 404
        assert "In this browser no comment was written that could be changed here" in answer.text
        assert FIRST not in answer.text
    assert THEN in unescape(answer.text)


@pytest.mark.parametrize("where", ["edit", "withdrawal"])
def test_afterwards_she_is_told_so_and_what_she_typed_is_kept(
    clock: Clock, app: Flask, reader: Visitor, where: str
) -> None:
    path = posted(reader)
    filled = reader.form(f"{path}/{where}", f"{path}/{where}") | {"body": "Too <late>?"}
    clock.move(minutes=15)
    answer = reader.post(f"{path}/{where}", filled)
    assert answer.status_code == 403
    assert "For 15 minutes after it was posted" in plain(answer.text)
    assert f'href="/contact?about={ARTICLE}"' in answer.text
    assert "Too &lt;late&gt;?</textarea>" in answer.text
    page = reader.get(f"{path}/{where}")
    assert (page.status_code, "<textarea" in page.text) == (403, False)
    assert state(app, path) == ("pending", FIRST)


def test_looking_changes_nothing(app: Flask, reader: Visitor) -> None:
    path = posted(reader)
    for where in ("edit", "withdrawal", "edit/token"):
        assert reader.get(f"{path}/{where}").status_code == 200
        reader.client.head(f"{path}/{where}")
    assert state(app, path) == ("pending", FIRST)


# Editing


def test_a_waiting_comment_is_changed_and_seen_by_her_alone(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    path = posted(reader)
    answer = edit(reader, path)
    assert (answer.status_code, answer.location) == (303, path)
    page = reader.get(path).text
    assert "Is <strong>eight</strong> weeks apart right?" in page
    assert "edited <time" in page
    assert "eight" not in stranger.get(PAGE).text
    assert state(app, path) == ("pending", THEN)


def test_a_published_comment_changes_when_the_edit_is_accepted(
    app: Flask, reader: Visitor, stranger: Visitor, author: Visitor
) -> None:
    path = posted(reader)
    decide(app, path)
    assert "What you change is read before others see it" in reader.get(f"{path}/edit").text
    edit(reader, path)
    own, others = reader.get(PAGE).text, stranger.get(PAGE).text
    assert "<strong>eight</strong>" in own
    assert "Your edit is being reviewed. Only you can see it" in own
    assert FIRST in others
    assert "eight" not in others
    assert "reviewed" not in others
    assert "eight" not in stranger.get(f"{PAGE}/comments/feed.xml").text
    assert f"{THEN}</textarea>" in reader.get(f"{path}/edit").text
    author.press(QUEUE, f"{QUEUE}/{waiting_edit(app).id}/approval")
    for visitor in (reader, stranger):
        page = visitor.get(PAGE).text
        assert "<strong>eight</strong>" in page
        assert "edited <time" in page
        assert "reviewed" not in page
        assert "1 comment" in page
    assert "eight" in stranger.get(f"{PAGE}/comments/feed.xml").text


def test_where_clean_comments_appear_an_edit_does_too(clock: Clock, make_app: Any) -> None:
    app = make_app(comments="post")
    reader, stranger = Visitor(app), Visitor(app, address="198.51.100.7")
    path = posted(reader)
    assert "What you change may be read before others see it" in reader.get(f"{path}/edit").text
    clock.move(minutes=2)
    assert edit(reader, path).location == path
    page = stranger.get(PAGE).text
    assert "<strong>eight</strong>" in page
    assert 'edited <time datetime="2026-05-04T09:32:00Z">' in page
    feed = stranger.get(f"{PAGE}/comments/feed.xml").text
    assert "2026-05-04T09:32:00Z" in feed
    edit(reader, path, "See https://shop.example/serum")
    assert "shop.example" not in stranger.get(PAGE).text
    assert "shop.example" in reader.get(PAGE).text


def test_one_reply_of_many_shows_its_edit_to_its_writer(app: Flask, reader: Visitor) -> None:
    root = posted(reader)
    decide(app, root)
    path = posted(reader, "An answer", parent=str(number(root)))
    decide(app, path)
    edit(reader, path, "Another answer")
    page = reader.get(f"{root}/replies").text
    assert "Another answer" in page
    assert "Your edit is being reviewed" in page


def test_the_same_words_again_change_nothing(app: Flask, reader: Visitor) -> None:
    path = posted(reader)
    answer = edit(reader, path, FIRST)
    assert answer.status_code == 200
    assert "Nothing was changed" in answer.text
    assert "edited" not in reader.get(path).text


def test_preview_shows_how_it_will_look_and_changes_nothing(app: Flask, reader: Visitor) -> None:
    path = posted(reader)
    answer = edit(reader, path, preview="1")
    assert answer.status_code == 200
    assert "This is how it will look" in answer.text
    assert "Is <strong>eight</strong>" in answer.text
    assert f"{THEN}</textarea>" in answer.text
    assert state(app, path) == ("pending", FIRST)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"body": " \n "}, "Please write your comment"),
        ({"body": "x" * 5_001}, "5,000 characters"),
        ({"body": "x\n" * 301}, "300 lines"),
        ({"body": "bell \x07"}, "control characters"),
        ({"body": "\u200b"}, "can be seen"),
        ({"form_token": "forged"}, "open for too long"),
        ({"form_token": ""}, "open for too long"),
    ],
)
def test_a_wrong_edit_keeps_what_was_typed_and_says_what_is_wrong(
    app: Flask, reader: Visitor, typed: dict[str, str], said: str
) -> None:
    path = posted(reader)
    answer = edit(reader, path, **({"body": "What I typed"} | typed))
    text = unescape(answer.text)
    assert answer.status_code == 422
    assert "<title>Error:" in text
    assert said in text
    if "body" not in typed:
        assert "What I typed</textarea>" in text
        again = fields(answer.text, f"{path}/edit") | {"body": "What I typed"}
        assert reader.post(f"{path}/edit", again).status_code == 303
    else:
        assert state(app, path) == ("pending", FIRST)


def test_a_token_is_worth_nothing_for_another_comment(app: Flask, reader: Visitor) -> None:
    path, other = posted(reader), posted(reader, "Another comment of mine")
    filled = reader.form(f"{other}/edit", f"{other}/edit") | {"body": THEN}
    assert reader.post(f"{path}/edit", filled).status_code == 422
    button = reader.form(f"{other}/withdrawal", f"{other}/withdrawal")
    assert reader.post(f"{path}/withdrawal", button).status_code == 422
    assert state(app, path) == ("pending", FIRST)


def test_the_forms_trap_and_its_time_are_looked_at(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    path = posted(reader)
    token = reader.get(f"{path}/edit/token")
    assert token.headers["Cache-Control"] == "no-store"
    clock.move(seconds=1)
    edit(reader, path, note="filled", form_token=token.get_json()["token"])
    with app.app_context():
        comment = comments.by_id(number(path))
        assert comment
        steps = {reason["step"] for reason in comment.reasons}
    assert {"trap", "haste"} <= steps


def test_comments_closed_meanwhile_take_no_edit_but_can_be_withdrawn(
    app: Flask, reader: Visitor
) -> None:
    path = posted(reader)
    with app.app_context(), db.writing():
        article().comments = Commenting.CLOSED
    answer = edit(reader, path)
    assert answer.status_code == 422
    assert "Comments on this article are closed" in answer.text
    assert f"{THEN}</textarea>" in answer.text
    assert withdraw(reader, path).status_code == 303


def test_too_many_edits_are_slowed_down_and_kept(reader: Visitor) -> None:
    path = posted(reader)
    filled = reader.form(f"{path}/edit", f"{path}/edit")
    answers = [reader.post(f"{path}/edit", filled | {"body": f"{THEN} {n}"}) for n in range(11)]
    assert answers[-1].status_code == 429
    assert kept(answers[-1].text)["body"] == f"{THEN} 10"


@pytest.mark.parametrize("decided", [CommentState.SPAM, CommentState.REJECTED])
def test_what_was_turned_down_meanwhile_is_answered_as_if_it_waited(
    app: Flask, reader: Visitor, stranger: Visitor, decided: CommentState
) -> None:
    path = posted(reader)
    decide(app, path, decided)
    assert "waits to be read" in reader.get(f"{path}/edit").text
    assert edit(reader, path).location == path
    page = reader.get(path).text
    assert "Waiting for review" in page
    assert "<strong>eight</strong>" in page
    assert "eight" not in stranger.get(PAGE).text
    assert state(app, path)[0] == ("spam" if decided is CommentState.SPAM else "pending")


def test_who_decides_about_all_leaves_alone_what_was_changed_since(
    clock: Clock, app: Flask, reader: Visitor, author: Visitor
) -> None:
    paths = [posted(reader), posted(reader, "Another comment of mine")]
    edit(reader, paths[1], "Changed before the page was made")
    clock.move(seconds=1)
    form = fields(author.get(f"{QUEUE}/all").text, "/admin/decisions/all")
    edit(reader, paths[0], "See https://shop.example/serum")
    author.post("/admin/decisions/all", form | {"verb": "approve"})
    assert [state(app, path)[0] for path in paths] == ["pending", "approved"]


def test_the_same_words_after_an_edit_are_another_comment(app: Flask, reader: Visitor) -> None:
    path = posted(reader)
    edit(reader, path)
    other = posted(reader)
    assert other != path
    assert state(app, other) == ("pending", FIRST)


def test_an_edit_accepted_by_mail_is_said_to_be_approved(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    path = posted(reader)
    decide(app, path)
    edit(reader, path)
    token = link(app, waiting_edit(app).id)
    press(stranger, token, "approve")
    assert "It is approved" in stranger.get(f"/admin/decision?token={token}").text
    assert state(app, path) == ("approved", THEN)


def test_an_edit_has_no_page_of_its_own(app: Flask, reader: Visitor) -> None:
    path = posted(reader)
    decide(app, path)
    edit(reader, path)
    own = f"{PAGE}/comments/{waiting_edit(app).id}"
    for where in (own, f"{own}/edit", f"{own}/withdrawal"):
        assert reader.get(where).status_code == 404


# Withdrawing


def test_a_comment_nobody_answered_disappears(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    path = posted(reader)
    decide(app, path)
    asking = reader.get(f"{path}/withdrawal").text
    assert "can’t be undone" in asking
    assert FIRST in asking
    answer = withdraw(reader, path)
    assert (answer.status_code, answer.location) == (303, f"{path}/withdrawal")
    assert "Your comment is withdrawn" in reader.get(answer.location).text
    page = stranger.get(PAGE).text
    assert f"comment-{number(path)}" not in page
    assert "Nomsa" not in page
    assert "Nomsa" not in stranger.get(f"{PAGE}/comments/feed.xml").text
    for visitor in (reader, stranger):
        gone = visitor.get(path)
        assert gone.status_code == 410
        assert "This comment was withdrawn by its writer." in gone.text


def test_who_changes_what_is_erased_at_that_moment_is_told_and_keeps_her_words(
    app: Flask, reader: Visitor
) -> None:
    path = posted(reader)

    def erase() -> None:
        with app.app_context(), db.writing():
            db.session.delete(db.session.get(Comment, number(path)))

    with app.app_context(), just_before(app, "SELECT comment_rule", erase):
        gone = edit(reader, path)
    assert gone.status_code == 410
    assert "This comment was erased meanwhile." in gone.text
    assert THEN in gone.text


@pytest.mark.parametrize("then", [None, CommentState.REJECTED])
def test_of_what_nobody_could_read_nobody_learns_that_it_was_withdrawn(
    app: Flask, reader: Visitor, stranger: Visitor, then: CommentState | None
) -> None:
    path = posted(reader)
    if then:
        decide(app, path, then)
    withdraw(reader, path)
    assert reader.get(path).status_code == 410
    found, never = stranger.get(path), stranger.get(f"{PAGE}/comments/99999")
    assert (found.status_code, plain(found.text)) == (404, plain(never.text))


def test_where_others_answered_a_line_says_that_it_was_withdrawn(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    path = posted(reader)
    decide(app, path)
    middle = posted(stranger, "One answer", parent=str(number(path)))
    decide(app, middle)
    last = posted(reader, "Another answer", parent=str(number(middle)))
    decide(app, last)
    withdraw(stranger, middle)
    withdraw(reader, path)
    page = stranger.get(PAGE).text
    assert page.count("This comment was withdrawn by its writer.") == 2
    assert "1 comment" in page
    assert "Replies to a withdrawn comment" in stranger.get(f"{path}/replies").text
    decide(app, last, CommentState.REJECTED)
    assert "withdrawn" not in stranger.get(PAGE).text


def test_what_a_moderator_took_down_is_said_to_be_removed(
    app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    path = posted(reader)
    decide(app, path)
    decide(app, posted(stranger, "An answer", parent=str(number(path))))
    decide(app, path, CommentState.REJECTED)
    assert "This comment was removed." in stranger.get(PAGE).text
    assert "Replies to a removed comment" in stranger.get(f"{path}/replies").text


def test_pressed_twice_it_is_withdrawn_once(app: Flask, reader: Visitor) -> None:
    path = posted(reader)
    place = f"{path}/withdrawal"
    form, old = reader.form(place, place), reader.form(f"{path}/edit", f"{path}/edit")
    assert [reader.post(place, form).status_code for _ in range(2)] == [303, 303]
    assert reader.get(f"{path}/edit").location == place
    late = reader.post(f"{path}/edit", old | {"body": THEN})
    assert late.status_code == 403
    assert "Your comment was withdrawn" in late.text
    assert f"{THEN}</textarea>" in late.text
    assert state(app, path) == ("withdrawn", "")


def test_without_the_pages_token_nothing_is_withdrawn(app: Flask, reader: Visitor) -> None:
    path = posted(reader)
    answer = reader.post(f"{path}/withdrawal", {"form_token": "forged"})
    assert answer.status_code == 422
    assert "press again" in answer.text
    assert state(app, path) == ("pending", FIRST)


# What moderators see


def test_the_queue_shows_an_edit_word_by_word(app: Flask, reader: Visitor, author: Visitor) -> None:
    path = posted(reader)
    decide(app, path)
    edit(reader, path, "Is **eight** weeks apart <right>?")
    page = author.get(QUEUE).text
    assert "Waiting 1" in page
    assert '<del><span class="hush">[removed: </span> six<span class="hush">]</span></del>' in page
    assert (
        '<ins><span class="hush">[added: </span> **eight**<span class="hush">]</span></ins>' in page
    )
    assert "&lt;right&gt;" in page
    assert f'Edit of <a href="{QUEUE}/{number(path)}">a published comment</a>' in page
    assert "Approve and reply" not in page
    assert "1 published from this browser" not in page
    assert f'href="{path}"' in page
    others = author.get(f"{QUEUE}/{waiting_edit(app).id}/others")
    assert "From this browser" in others.text


def test_an_edit_of_what_was_taken_down_says_so(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    path = posted(reader)
    decide(app, path)
    edit(reader, path)
    dropped = waiting_edit(app).id
    decide(app, path, CommentState.REJECTED)
    page = author.get(f"{QUEUE}?state=rejected").text
    assert "a comment that isn’t published" in page
    author.press(QUEUE, f"{QUEUE}/{dropped}/approval")
    assert state(app, path) == ("approved", THEN)


def test_a_waiting_comment_that_was_edited_says_when(
    clock: Clock, reader: Visitor, author: Visitor
) -> None:
    path = posted(reader)
    edit(reader, path)
    clock.move(minutes=3)
    assert "Edited 3 minutes ago" in plain(author.get(QUEUE).text)


def test_words_changed_since_the_page_was_shown_are_looked_at_again(
    clock: Clock, app: Flask, reader: Visitor, author: Visitor
) -> None:
    path = posted(reader)
    form = opened(author)
    edit(reader, path)
    clock.move(minutes=2)
    answer = author.post(f"{QUEUE}/{number(path)}/approval", form)
    assert answer.status_code == 409
    assert "eight" in answer.text
    form = opened(author)
    withdraw(reader, path)
    answer = author.post(f"{QUEUE}/{number(path)}/approval", form)
    assert answer.status_code == 409
    assert "Already withdrawn just now." in plain(answer.text)
    assert "Withdrawn by its writer. Nothing of it is kept." in answer.text
    assert "A withdrawn comment" in answer.text


def test_an_accepted_edit_is_undone_by_its_click_and_not_accepted_twice(
    clock: Clock, app: Flask, reader: Visitor, author: Visitor, moderator: Visitor
) -> None:
    path = posted(reader)
    decide(app, path)
    edit(reader, path)
    number_ = waiting_edit(app).id
    form, others = opened(author), opened(moderator)
    first, second = (author.post(f"{QUEUE}/{number_}/approval", form) for _ in range(2))
    assert first.location == second.location
    done = author.get(first.location).text
    assert "1 comment approved." in done
    late = moderator.post(f"{QUEUE}/{number_}/rejection", others)
    assert late.status_code == 409
    assert "Already accepted by Sandra de Beer just now." in plain(late.text)
    assert "These words were replaced by an edit" in late.text
    undo = re.search(r'action="(/admin/decisions/[^"]+/reversal)"', done)
    assert undo
    author.post(undo[1], form)
    assert state(app, path) == ("approved", FIRST)
    assert waiting_edit(app).id == number_


def test_the_journal_says_what_readers_did(app: Flask, make_app: Any, author: Visitor) -> None:
    reader = Visitor(make_app(comments="post"))
    path = posted(reader)
    edit(reader, path)
    withdraw(reader, path)
    page = plain(author.get("/admin/journal").text)
    assert f"A reader edited comment {number(path)}" in page
    assert f"A reader withdrew comment {number(path)}" in page


def test_an_answer_to_what_was_withdrawn_names_nobody(
    app: Flask, reader: Visitor, stranger: Visitor, author: Visitor
) -> None:
    path = posted(reader)
    decide(app, path)
    posted(stranger, "An answer", parent=str(number(path)))
    withdraw(reader, path)
    assert "in reply to a withdrawn comment" in plain(author.get(QUEUE).text)
