"""Decisions: by two people at once, about all that match, and taken back."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import event

from blog import accounts, articles, comments, db, journal
from blog.admin import decisions
from blog.comments import Comment, CommentState, arrival, deciding
from tests.cast import ARTICLE, SECOND, Clock, Visitor, arrived, at_once, csrf_token

QUEUE = "/admin/comments"
ALL = "/admin/decisions/all"


def store(app: Flask, *bodies: str, on: str = ARTICLE) -> list[int]:
    """Let comments arrive that wait; gives their ids."""
    with app.app_context():
        article = articles.by_id(on)
        assert article
        drafts = [
            comments.compose(article, name="Nomsa", body=body, parent_id=None) for body in bodies
        ]
        with db.writing():
            return [arrival.submit(arrived(draft), now=db.utc_now()) for draft in drafts]


def states(app: Flask, *ids: int) -> list[str]:
    with app.app_context():
        found = {row.id: str(row.state) for row in comments.recent(limit=1000)}
        return [found[each] for each in ids]


def opened(visitor: Visitor, path: str = QUEUE) -> dict[str, object]:
    """Read what every button of a page sends along."""
    page = visitor.get(path).text
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    return {"csrf_token": csrf_token(page), "state": "pending", "seen": seen}


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("approval", "Already approved by Mia Botha 2 minutes ago."),
        ("rejection", "Already rejected by Mia Botha 2 minutes ago."),
        ("spam", "Already marked as spam by Mia Botha 2 minutes ago."),
    ],
)
@pytest.mark.parametrize("then", ["approval", "spam"])
def test_who_comes_second_is_told_who_was_first(
    clock: Clock, app: Flask, author: Visitor, moderator: Visitor, first: str, words: str, then: str
) -> None:
    (comment,) = store(app, "One")
    form = opened(author)
    moderator.press(QUEUE, f"{QUEUE}/{comment}/{first}")
    before = states(app, comment)
    clock.move(minutes=2)
    answer = author.post(f"{QUEUE}/{comment}/{then}", form)
    assert answer.status_code == 409
    assert words in plain(answer.text)
    assert "Somebody was quicker about 1 comment." in plain(answer.text)
    assert f'<a href="{QUEUE}?state=pending">Back to the list</a>' in answer.text
    assert states(app, comment) == before


def test_who_comes_second_may_decide_all_the_same(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    (comment,) = store(app, "One")
    form = opened(author)
    moderator.press(QUEUE, f"{QUEUE}/{comment}/approval")
    clash = author.post(f"{QUEUE}/{comment}/rejection", form).text
    seen = re.findall(r'name="seen" value="([^"]+)"', clash)
    assert author.post(f"{QUEUE}/{comment}/rejection", form | {"seen": seen}).status_code == 303
    assert states(app, comment) == ["rejected"]


def test_of_many_only_those_nobody_touched_are_decided_about(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    first, second, third = store(app, "One", "Two", "Three")
    form = opened(author)
    moderator.press(QUEUE, f"{QUEUE}/{second}/rejection")
    chosen = {"id": [first, second, third], "verb": "approve"}
    answer = author.post("/admin/decisions", form | chosen)
    assert answer.status_code == 409
    said = plain(answer.text)
    assert "2 comments approved." in said
    assert "quicker about 1 comment." in said
    assert answer.text.count('class="item"') == 1
    assert states(app, first, second, third) == ["approved", "rejected", "approved"]
    undo = re.search(r'action="(/admin/decisions/[^"]+/reversal)"', answer.text)
    assert undo
    author.post(undo[1], form)
    assert states(app, first, second, third) == ["pending", "rejected", "pending"]


def test_what_was_decided_and_put_back_is_as_it_was(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    (comment,) = store(app, "One")
    form = opened(author)
    after = moderator.press(QUEUE, f"{QUEUE}/{comment}/spam")
    batch = after.location.rpartition("done=")[2]
    moderator.press(QUEUE, f"/admin/decisions/{batch}/reversal")
    assert author.post(f"{QUEUE}/{comment}/approval", form).status_code == 303
    assert states(app, comment) == ["approved"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "Another text"}, "Changed, or put back to wait,."),
        ({"state": CommentState.WITHDRAWN}, "Already withdrawn."),
    ],
)
def test_a_text_that_was_changed_since_is_looked_at_again(
    app: Flask, author: Visitor, change: dict[str, str], words: str
) -> None:
    (comment,) = store(app, "One")
    form = opened(author)
    with app.app_context(), db.writing():
        found = comments.by_id(comment)
        for name, value in change.items():
            setattr(found, name, value)
    answer = author.post(f"{QUEUE}/{comment}/approval", form)
    assert answer.status_code == 409
    assert words in plain(answer.text)


def test_a_button_pressed_twice_leads_to_what_it_did(app: Flask, author: Visitor) -> None:
    (comment,) = store(app, "One")
    form = opened(author)
    first, second = (author.post(f"{QUEUE}/{comment}/approval", form) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    reply = author.post(f"{QUEUE}/{comment}/approval?then=reply", form)
    assert reply.location == f"{QUEUE}/{comment}/reply"


def test_two_at_the_same_moment_decide_once(app: Flask) -> None:
    (comment,) = store(app, "One")

    def decide(state: CommentState) -> list[int]:
        def waits(found: Comment) -> bool:
            return found.state == CommentState.PENDING

        by = accounts.everybody()[0]
        with db.writing():
            return deciding.decide(
                [comment], state, if_still=waits, by=by, now=db.utc_now(), batch=state
            )

    done = at_once(
        app,
        lambda: len(decide(CommentState.APPROVED)),
        lambda: len(decide(CommentState.SPAM)),
    )
    assert sorted(done) == [0, 1]


# All that match


def ask(visitor: Visitor, query: str = "?state=pending") -> tuple[str, dict[str, object]]:
    """Open the list and the page that asks about all of it; gives its words and its fields."""
    found = re.search(r'class="everything" href="([^"]+)"', visitor.get(f"{QUEUE}{query}").text)
    assert found
    page = visitor.get(unescape(found[1])).text
    inputs = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.partition("asking")[2]
    )
    return plain(page), {name: unescape(value) for name, value in inputs}


def test_all_that_match_are_decided_about_at_once_and_taken_back_at_once(
    app: Flask, author: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "BATCH", 20)
    ids = store(app, *(f"Number {n}" for n in range(55)))
    said, form = ask(author)
    assert "55 comments at once?" in said
    assert "Approve 55" in said
    after = author.post(ALL, form | {"verb": "approve"})
    assert set(states(app, *ids)) == {"approved"}
    assert "55 comments approved." in plain(author.get(after.location).text)
    with app.app_context():
        assert len({line.batch for line in journal.recent(limit=100)}) == 1
    batch = after.location.rpartition("done=")[2]
    undone = author.press(QUEUE, f"/admin/decisions/{batch}/reversal")
    assert "55 comments put back" in author.get(undone.location).text
    assert set(states(app, *ids)) == {"pending"}


def in_the_way(app: Flask, comment: int, begin: Event, held: Event, end: Event) -> None:
    """Hold a comment, and with it all of SQLite, from one moment to another."""
    with app.app_context():
        assert begin.wait(timeout=10)
        with db.writing():
            comments.by_ids([comment])
            held.set()
            assert end.wait(timeout=10)


@pytest.mark.parametrize("is_midway", [True, False])
def test_what_was_done_until_others_were_in_the_way_can_be_undone(
    app: Flask, author: Visitor, monkeypatch: pytest.MonkeyPatch, is_midway: bool
) -> None:
    monkeypatch.setattr(deciding, "BATCH", 1)
    ids = store(app, *(f"Number {n}" for n in range(30)))
    _, form = ask(author)
    monkeypatch.setattr(db, "WRITE_WAIT_SECONDS", 0.5)
    begin, held, end = Event(), Event(), Event()
    with app.app_context():
        engine = db.writer()
        is_late = is_midway and engine.dialect.name == "sqlite"
    if is_late:
        event.listen(engine, "commit", lambda _: begin.set())
    else:
        begin.set()
    with ThreadPoolExecutor() as threads:
        last = ids[-1] if is_midway else ids[0]
        holding = threads.submit(in_the_way, app, last, begin, held, end)
        if not is_late:
            assert held.wait(timeout=10)
        after = author.post(ALL, form | {"verb": "approve"})
        end.set()
        holding.result()
    done = states(app, *ids).count("approved")
    if not is_midway:
        assert (after.status_code, done) == (503, 0)
        return
    assert 0 < done < 30
    page = author.get(after.location).text
    assert f"comment{'' if done == 1 else 's'} approved." in plain(page)
    assert "so this stopped midway" in plain(page)
    assert "of 30 stayed as they were" in plain(page)
    undo = re.search(r'action="(/admin/decisions/[^"]+/reversal)"', page)
    assert undo
    author.press(QUEUE, undo[1])
    assert set(states(app, *ids)) == {"pending"}


def test_what_arrives_after_the_page_was_made_is_left_alone(app: Flask, author: Visitor) -> None:
    ids = store(app, "One", "Two")
    _, form = ask(author)
    (late,) = store(app, "Three")
    author.post(ALL, form | {"verb": "spam"})
    assert states(app, *ids, late) == ["spam", "spam", "pending"]


def test_no_more_are_decided_about_than_the_page_said(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    first, second, third = store(app, "One", "Two", "Three")
    moderator.press(QUEUE, f"{QUEUE}/{first}/spam")
    _, form = ask(author)
    with app.app_context(), db.writing():
        comment = comments.by_id(first)
        assert comment
        comment.state = CommentState.PENDING
    author.post(ALL, form | {"verb": "approve"})
    assert sorted(states(app, first, second, third)) == ["approved", "approved", "pending"]


def test_what_somebody_else_decided_meanwhile_stays_and_is_counted(
    app: Flask, author: Visitor, moderator: Visitor
) -> None:
    first, second, third = store(app, "One", "Two", "Three")
    _, form = ask(author)
    moderator.press(QUEUE, f"{QUEUE}/{second}/rejection")
    after = author.post(ALL, form | {"verb": "approve"})
    page = plain(author.get(after.location).text)
    assert "2 comments approved." in page
    assert "1 comment of 3 stayed as they were." in page
    assert states(app, first, second, third) == ["approved", "rejected", "approved"]


def test_only_what_matches_is_decided_about(app: Flask, author: Visitor) -> None:
    here = store(app, "Here one", "Here two")
    there = store(app, "There one", "There two", on=SECOND)
    said, form = ask(author, f"?article={SECOND}")
    assert "2 waiting" in said
    assert "Caring for skin in winter" in said
    author.post(ALL, form | {"verb": "reject"})
    assert states(app, *here, *there) == ["pending", "pending", "rejected", "rejected"]


def test_one_click_takes_no_more_than_it_can_do_in_seconds(
    app: Flask, author: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "ALL_MAX", 2)
    ids = store(app, "One", "Two", "Three")
    said, form = ask(author)
    assert "2 comments at once?" in said
    assert "The newest 2 waiting" in said
    author.post(ALL, form | {"verb": "approve", "count": "3"})
    assert states(app, *ids) == ["pending", "approved", "approved"]


def test_nothing_is_asked_where_nothing_matches(app: Flask, author: Visitor) -> None:
    assert "Nothing matches any more" in author.get(f"{QUEUE}/all?q=unobtainium").text


@pytest.mark.parametrize(
    ("data", "status"),
    [({"verb": "delete"}, 400), ({"verb": "approve"}, 303), ({"verb": "spam", "upto": "x"}, 303)],
)
def test_all_of_nothing_changes_nothing(
    app: Flask, author: Visitor, data: dict[str, str], status: int
) -> None:
    (comment,) = store(app, "One")
    assert author.press(QUEUE, ALL, **data).status_code == status
    assert states(app, comment) == ["pending"]


# Private details


def sent(reader: Visitor, app: Flask, body: str, **typed: str) -> int:
    assert reader.comment(body, **typed).status_code == 303
    with app.app_context():
        return comments.recent()[0].id


def test_a_private_detail_is_marked_hidden_and_shown_again_by_undo(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor, author: Visitor
) -> None:
    comment = sent(reader, app, "Call **me** on 082 555 0134.")
    page = author.get(QUEUE).text
    assert "Call **me** on <mark>082 555 0134</mark>." in page
    assert "Hide the phone number and approve" in page
    done = author.post(f"{QUEUE}/{comment}/hiding", opened(author))
    assert done.status_code == 303
    assert "1 comment approved." in author.get(str(done.location)).text
    public = stranger.get(f"/articles/{ARTICLE}").text
    assert "Call <strong>me</strong> on (phone number hidden)." in public
    assert "555 0134" not in public
    reversal = re.search(r"/admin/decisions/[^/]+/reversal", author.get(str(done.location)).text)
    assert reversal
    author.press(QUEUE, reversal[0])
    assert states(app, comment) == ["pending"]
    assert "<mark>082 555 0134</mark>" in author.get(QUEUE).text


@pytest.mark.parametrize("body", ["Call me.", "Call **me** on 082 555 0134."])
def test_what_a_name_gives_away_is_hidden_and_shown_again_by_undo(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor, author: Visitor, body: str
) -> None:
    comment = sent(reader, app, body, name="Nomsa, call 082 555 0134")
    assert "Hide the phone number and approve" in author.get(QUEUE).text
    done = author.post(f"{QUEUE}/{comment}/hiding", opened(author))
    public = stranger.get(f"/articles/{ARTICLE}").text
    assert "Nomsa, call (phone number hidden)" in public
    assert "555 0134" not in public
    reversal = re.search(r"/admin/decisions/[^/]+/reversal", author.get(str(done.location)).text)
    assert reversal
    author.press(QUEUE, reversal[0])
    with app.app_context():
        found = comments.by_id(comment)
        assert found
        shown = (found.name, found.original_name, found.source, found.original)
        assert shown == ("Nomsa, call 082 555 0134", None, body, None)


def test_what_cant_be_hidden_keeps_a_comment_back(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    comment = sent(reader, app, "Call 082 **555** 0134.")
    done = author.post(f"{QUEUE}/{comment}/hiding", opened(author))
    assert "can’t be hidden by itself" in unescape(author.get(str(done.location)).text)
    assert states(app, comment) == ["pending"]


def test_hiding_overwrites_nobodys_decision_either(
    clock: Clock, app: Flask, reader: Visitor, author: Visitor, moderator: Visitor
) -> None:
    comment = sent(reader, app, "Call 082 555 0134.")
    form = opened(author)
    moderator.press(QUEUE, f"{QUEUE}/{comment}/rejection")
    late = author.post(f"{QUEUE}/{comment}/hiding", form)
    assert late.status_code == 409
    assert "Already rejected by Mia Botha" in plain(late.text)
    assert author.post(f"{QUEUE}/99999/hiding", form).status_code == 404
