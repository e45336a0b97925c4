"""What an author reaches: the comments under her own articles, by every way, and nothing of others."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from blog import accounts, articles, comments, db, journal
from blog.accounts import User
from blog.comments import (
    Comment,
    CommentState,
    arrival,
    deciding,
    history,
    mailed,
    pins,
    queue,
    reach,
    reports,
)
from blog.comments.queue import Choice
from blog.comments.reach import Lack
from blog.comments.reports import ReportReason
from blog.errors import Conflict, Forbidden
from blog.spam import Answer, Reason, Verdict
from tests.cast import (
    ARTICLE,
    AUTHOR,
    AUTHOR_ID,
    CLOCK,
    MODERATOR,
    SECOND,
    SECOND_AUTHOR,
    Person,
    Visitor,
    arrived,
    csrf_token,
)

pytestmark = pytest.mark.usefixtures("clock", "others_article")

QUEUE = "/admin/comments"
WORDS = "Amazing post, buy cheap retinol serum with a discount today and tell all your friends"
ADDRESS = "same@reader.example"
LINK = Reason("links", "1 link", answer=Answer.HOLD)
WAITING, PUBLISHED = CommentState.PENDING, CommentState.APPROVED


@pytest.fixture
def others_article(app: Flask) -> None:
    """The second article is somebody else's."""
    with app.app_context():
        change("UPDATE article_author SET author_id = 'another' WHERE article_id = :id", id=SECOND)


def change(statement: str, **values: Any) -> None:
    with db.writing():
        db.session.execute(text(statement), values)


def user(person: Person = SECOND_AUTHOR) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found


def say(on: str = ARTICLE, *, name: str = "Nomsa", state: CommentState = WAITING) -> int:
    """Let a comment come, from the same browser and in the same words as all others."""
    article = articles.by_id(on)
    assert article
    body = WORDS + "!" * sum(comments.counts().values())
    draft = comments.compose(article, name=name, body=body, email=ADDRESS, parent_id=None)
    with db.writing():
        number = arrival.submit(arrived(draft, verdict=Verdict((LINK,))), now=db.utc_now())
        found = comments.by_id(number)
        assert found
        found.state = state
    return number


def comment_of(number: int) -> Comment:
    found = comments.by_id(number)
    assert found
    return found


def complain(number: int) -> None:
    """Let a reader report a comment; within a transaction."""
    reports.report(
        comment_of(number), reason=ReportReason.RUDE, details="", client_hash="x", now=CLOCK
    )


# Every way behind the sign-in


@dataclass(frozen=True)
class Two:
    """A comment under an author's own article, and one under another's."""

    own: int
    other: int


NAME = "Zanele Khoza"
TITLE = "Caring for skin in winter"
FIELDS = {"verb": "approve", "body": "Welcome.", "sign": "word cheap", "id": "", "count": "9"}
# About one comment: what the answer is where it is hers; any other isn't there for her.
ONE = {
    "GET /admin/comments/N": 200,
    "GET /admin/comments/N/others": 200,
    "GET /admin/comments/N/reply": 200,
    "POST /admin/comments/N/reply": 303,
    "POST /admin/comments/N/approval": 303,
    "POST /admin/comments/N/rejection": 303,
    "POST /admin/comments/N/spam": 303,
    "POST /admin/comments/N/hiding": 303,
    "POST /admin/comments/N/pin": 303,
    "POST /admin/comments/N/pin/end": 303,
    "POST /admin/comments/N/reports/dismissal": 303,
}
# What counts for the whole site, whosever comment it begins with.
WHOLE_SITE = {
    "POST /admin/comments/N/reasons/doubts",
    "POST /admin/comments/N/reasons/trust",
    "POST /admin/comments/N/trust/end",
    "GET /admin/rules",
    "POST /admin/rules",
    "POST /admin/rules/1/removal",
}
# About many, of which she is shown, and decides about, her own.
MANY = {
    "GET /admin/",
    "GET /admin/comments",
    "GET /admin/comments/all",
    "POST /admin/comments/reports/dismissal",
    "GET /admin/journal",
    "GET /admin/decision",
    "POST /admin/decision",
    "POST /admin/decisions",
    "POST /admin/decisions/all",
    "POST /admin/decisions/click/reversal",
}
ABOUT_OTHER_THINGS = {
    "account",
    "address",
    "articles",
    "enquiries",
    "forgotten",
    "invitation",
    "mail",
    "password",
    "people",
    "sessions",
    "set-up",
    "sign-in",
    "sign-out",
    "webhooks",
}


def ways(app: Flask) -> set[str]:
    """Every method and path behind the sign-in that may be about comments."""
    found = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int\([^>]*:comment_id>", "N", rule.rule)
        path = path.replace("<batch>", "click")
        path = re.sub(r"<int\([^>]*>", "1", path)
        if not path.startswith("/admin/") or path.split("/")[2] in ABOUT_OTHER_THINGS:
            continue
        nouns = re.search(r"<any\(([^)]*)\):noun>", path)
        for noun in nouns[1].split(", ") if nouns else [""]:
            whole = path.replace(nouns[0], noun) if nouns else path
            found |= {f"{way} {whole}" for way in rule.methods or () if way in ("GET", "POST")}
    return found


def test_every_way_is_in_the_tables(app: Flask) -> None:
    assert ways(app) == {*ONE, *WHOLE_SITE, *MANY}


@pytest.fixture
def two(app: Flask) -> Two:
    with app.app_context():
        return Two(say(state=PUBLISHED), say(SECOND, name=NAME, state=PUBLISHED))


def go(visitor: Visitor, way: str, number: int, token: str) -> TestResponse:
    """Take a way about a comment, with all that any form would send."""
    method, path = way.replace("/N", f"/{number}").split(" ")
    if method == "GET":
        return visitor.get(path)
    return visitor.post(path, FIELDS | {"id": str(number), "csrf_token": token})


def shown(visitor: Visitor, answer: TestResponse) -> str:
    """What an answer says, and the page it leads to."""
    return answer.text + (visitor.get(answer.location).text if answer.location else "")


def traces_of(number: int) -> tuple[Any, ...]:
    """All that could have been done to a comment."""
    found = comment_of(number)
    open_reports = reports.about([number])
    said = [line.verb for line in journal.about("comment", [str(number)])]
    return found.state, found.decided_at, pins.among([number]), len(open_reports), said


def test_a_comment_of_hers_is_hers_by_every_way(
    app: Flask, second_author: Visitor, two: Two
) -> None:
    token = csrf_token(second_author.get(QUEUE).text)
    assert {way: go(second_author, way, two.own, token).status_code for way in ONE} == ONE


def test_a_comment_of_another_author_is_not_there_for_her(
    app: Flask, second_author: Visitor, author: Visitor, moderator: Visitor, two: Two
) -> None:
    with app.app_context():
        with db.writing():
            complain(two.other)
        before = traces_of(two.other)
        count = comments.counts()
    token = csrf_token(second_author.get(QUEUE).text)
    for way in ONE:
        answer, missing = (go(second_author, way, n, token) for n in (two.other, 9_999))
        assert (way, answer.status_code, missing.status_code) == (way, 404, 404)
        # One can't be told from the other.
        assert answer.text == missing.text
    for way in WHOLE_SITE:
        for number in (two.own, two.other):
            answer = go(second_author, way, number, token)
            assert (way, answer.status_code) == (way, 403)
            assert NAME not in answer.text
    with app.app_context():
        assert (traces_of(two.other), comments.counts()) == (before, count)
    # For the others nothing has changed.
    assert NAME in moderator.get(f"{QUEUE}/{two.other}").text
    assert author.get(f"{QUEUE}/{two.other}/reply").status_code == 200


def test_nothing_of_it_is_on_any_page_or_in_any_answer(
    app: Flask, second_author: Visitor, moderator: Visitor, two: Two
) -> None:
    moderator.press(QUEUE, "/admin/decisions", id=[two.own, two.other], verb="spam")
    with app.app_context():
        click = deciding.last_batch(comment_of(two.other))
        token = mailed.issue(user(), comment_of(two.other), now=db.utc_now())
        with db.writing():
            # From when she was a moderator.
            journal.record("approved", "comment", two.other, by=user(), now=db.utc_now())
            journal.record("approved", "comment", 9_999, by=user(), now=db.utc_now())
    pages = [
        "/admin/",
        "/admin/journal",
        f"/admin/decision?token={token}",
        f"{QUEUE}/{two.own}",
        f"{QUEUE}/{two.own}/others",
        *(
            f"{page}?state=spam&{query}"
            for page in (QUEUE, f"{QUEUE}/all")
            for query in (
                "",
                f"article={SECOND}",
                "q=zanele",
                "q=retinol",
                "reason=links",
                "since=2026-01-01",
                f"done={click}",
            )
        ),
    ]
    told = {page: second_author.get(page).text for page in pages}
    for page, said in told.items():
        for secret in (
            NAME,
            TITLE,
            f"/comments/{two.other}",
            f"comment {two.other}<",
            "2 comments",
        ):
            assert secret not in said, (page, secret)
    assert told[f"{QUEUE}/{two.own}/others"].count("Nothing else.") == 4
    assert "from this browser" not in told[f"{QUEUE}/{two.own}"]
    assert "Spam 1</a>" in told[f"{QUEUE}?state=spam&"]
    assert f"done={click}" in pages[-1]
    assert "Undo" not in told[f"{QUEUE}?state=spam&done={click}"]
    assert "comment 9999" in told["/admin/journal"]
    for page in (f"{QUEUE}/{two.own}/others", f"{QUEUE}?state=spam"):
        assert NAME in moderator.get(page).text
    csrf = csrf_token(told["/admin/"])
    sent = second_author.post(f"/admin/decisions/{click}/reversal", {"csrf_token": csrf})
    missing = second_author.post("/admin/decisions/nothing/reversal", {"csrf_token": csrf})
    assert sent.status_code == missing.status_code == 409
    assert sent.text == missing.text


def test_the_numbers_on_her_pages_are_of_hers(app: Flask, second_author: Visitor, two: Two) -> None:
    with app.app_context():
        for on in (ARTICLE, SECOND):
            say(on)
        with db.writing():
            for number in (two.own, two.other):
                complain(number)
    start, review = second_author.get("/admin/").text, second_author.get(QUEUE).text
    for page, words in (
        (start, "<b>1 comment</b>"),
        (start, "<b>1 published comment</b>"),
        (start, '<span class="count">2</span>'),
        (review, "Waiting 1</a>"),
        (review, "Reported 1</a>"),
    ):
        assert words in page


@pytest.mark.parametrize("path", ["/admin/decisions", "/admin/decisions/all"])
def test_of_many_she_decides_about_hers_and_takes_back_no_more(
    app: Flask, second_author: Visitor, path: str
) -> None:
    with app.app_context():
        own, other = say(), say(SECOND, name=NAME)
    chosen = {"id": [own, other], "upto": "9999", "count": "1", "asked_at": "9999999999"}
    answer = second_author.press(QUEUE, path, verb="spam", **chosen)
    said = shown(second_author, answer)
    assert "1 comment marked as spam." in said
    assert NAME not in said
    with app.app_context():
        assert [comment_of(n).state for n in (own, other)] == ["spam", "pending"]
        # What is another author's now isn't hers to put back.
        change("UPDATE article_author SET author_id = 'another'")
    undo = re.search(r'action="(/admin/decisions/[^"]+/reversal)"', said)
    assert undo
    second_author.press("/admin/", undo[1])
    with app.app_context():
        assert comment_of(own).state == "spam"
        change("UPDATE article_author SET author_id = :id", id=AUTHOR_ID)
    second_author.press("/admin/", undo[1])
    with app.app_context():
        assert comment_of(own).state == "pending"


def test_a_mailed_link_ends_when_its_article_is_no_more_hers(app: Flask, stranger: Visitor) -> None:
    with app.app_context():
        own, other = say(name="Nomsa"), say(SECOND, name=NAME)
        links = [mailed.issue(user(), comment_of(n), now=db.utc_now()) for n in (own, other)]
    good, bad = (stranger.get(f"/admin/decision?token={link}") for link in links)
    assert (good.status_code, bad.status_code) == (200, 410)
    assert NAME not in bad.text
    with app.app_context():
        with db.writing():
            assert not mailed.act(links[1], mailed.Act.APPROVE, now=db.utc_now())
        assert comment_of(other).state == "pending"


def test_what_holds_for_all_is_not_offered_to_her(
    app: Flask, second_author: Visitor, moderator: Visitor
) -> None:
    with app.app_context():
        number = say()
        change(
            "UPDATE comment SET reasons = :reasons",
            reasons='[{"step": "model", "words": "likely spam", "tone": "bad", "answer": "hold",'
            ' "named": [["word cheap", "cheap"]]}]',
        )
        change(
            "INSERT INTO trusted_reader (email, asked_at, confirmed_at) VALUES (:email, :at, :at)",
            email=ADDRESS,
            at=CLOCK.replace(tzinfo=None).isoformat(" "),
        )
        change("UPDATE comment SET trusted_reader_id = (SELECT id FROM trusted_reader)")
    for offered in ("Never count", "Stop trusting", "/admin/rules"):
        pages = f"{QUEUE}/{number}", QUEUE
        assert any(offered in moderator.get(page).text for page in pages), offered
        assert not any(offered in second_author.get(page).text for page in pages), offered
    assert "Trusted reader since" in second_author.get(f"{QUEUE}/{number}").text


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE user_account SET author_id = NULL", "choose your author profile"),
        ("DELETE FROM author", "content/authors/sandra-de-beer.md"),
        ("DELETE FROM article_author", "author: sandra-de-beer"),
    ],
)
def test_who_reaches_nothing_is_told_why_and_whom_to_ask(
    app: Flask, second_author: Visitor, author: Visitor, statement: str, sentence: str
) -> None:
    with app.app_context():
        number = say()
        change(statement)
    for page in ("/admin/", QUEUE, f"{QUEUE}?state=reported"):
        answer = second_author.get(page)
        assert (answer.status_code, sentence in answer.text) == (200, True), page
        assert "administrator" in answer.text
        assert "Nomsa" not in answer.text
        assert "Nothing is waiting" not in answer.text
    for page in (f"{QUEUE}/all", "/admin/journal", "/admin/account", "/admin/articles"):
        assert second_author.get(page).status_code == 200
    assert second_author.get(f"{QUEUE}/{number}").status_code == 404
    assert sentence not in author.get(QUEUE).text
    assert "Nomsa" in author.get(QUEUE).text


# The queries


@pytest.mark.usefixtures("at_work")
def test_an_article_of_two_authors_is_both_ones() -> None:
    change(
        "UPDATE user_account SET role = 'author', author_id = 'another' WHERE name = 'Mia Botha'"
    )
    with db.writing():
        whole: dict[str, Any] = {"role": "", "links": [], "credentials": [], "text": ""}
        html: dict[str, Any] = {"source": "", "html": "", "html_policy": 0}
        db.session.add(articles.Author(id="another", name="Zanele", **whole, **html))
    number = say(SECOND)
    assert not reach.covers(user(), SECOND)
    assert reach.covers(user(MODERATOR), SECOND)
    change(
        "INSERT INTO article_author (article_id, author_id, position) VALUES (:id, :who, 1)",
        id=SECOND,
        who=AUTHOR_ID,
    )
    for person in (SECOND_AUTHOR, MODERATOR, AUTHOR):
        assert comments.by_id(number, by=user(person))
        assert comments.count_in(WAITING, by=user(person)) == 1
    assert comments.count_in(CommentState.SPAM, by=user()) == 0
    assert not reach.covers(user(MODERATOR), ARTICLE)


@pytest.mark.usefixtures("at_work")
def test_why_nothing_is_within_reach() -> None:
    assert [reach.lacking(user(each)) for each in (AUTHOR, SECOND_AUTHOR, MODERATOR)] == [None] * 3
    change("UPDATE article_author SET author_id = 'another'")
    assert reach.lacking(user()) is Lack.ARTICLES
    change("DELETE FROM author")
    assert reach.lacking(user()) is Lack.FILE
    change("UPDATE user_account SET author_id = NULL")
    db.session.expire_all()
    assert reach.lacking(user()) is Lack.PROFILE
    # An empty id is nobody's, though an article should have it.
    change("UPDATE article_author SET author_id = ''")
    assert reach.lacking(user()) is Lack.PROFILE
    assert reach.lacking(user(MODERATOR)) is None


@pytest.mark.usefixtures("at_work")
def test_the_verbs_themselves_refuse_what_is_not_hers() -> None:
    number, by = say(SECOND, state=PUBLISHED), user()
    now: dict[str, Any] = {"by": by, "now": CLOCK}
    article = articles.by_id(SECOND)
    assert article
    draft = comments.compose(article, name="Thabo", body="Hello", parent_id=number)
    comment = comment_of(number)
    for act in (
        lambda: comment.reject(**now),
        lambda: comment.hide("ZA", **now),
        lambda: pins.pin(comment, **now),
        lambda: pins.unpin(comment, **now),
        lambda: reports.keep(comment, upto=9, batch="b", **now),
        lambda: comments.reply(comment, draft, **now),
    ):
        with pytest.raises(Forbidden, match="here"), db.writing():
            act()
    with db.writing():
        spam: dict[str, Any] = {"if_still": lambda _: True, "batch": "b"} | now
        assert deciding.decide([number], CommentState.SPAM, **spam) == []
    with pytest.raises(Conflict), db.writing():
        deciding.undo("b", **now)
    assert comment_of(number).state == "approved"


@pytest.mark.usefixtures("at_work")
def test_history_counts_and_words_tell_of_hers_alone() -> None:
    first, second = say(), say(state=PUBLISHED)
    others = [say(SECOND, state=PUBLISHED) for _ in range(3)]
    found = history.others(comment_of(first), by=user())
    assert {(group.kind, *group.ids) for group in found} == {
        (kind, second) for kind in ("browser", "place", "words", "address")
    }
    assert {sum(group.states.values()) for group in found} == {1}
    mine, all_ = (history.summaries([first], by=by)[first] for by in (user(), user(AUTHOR)))
    assert mine == "1 published from this browser · the same words came twice"
    assert all_ == "4 published from this browser · the same words came 5 times"
    with db.writing():
        for number in (second, *others):
            complain(number)
    assert (reports.count_reported(by=user()), reports.count_reported()) == (1, 4)
    assert comments.counts(by=user())["approved"] == 1
    assert comments.counts(by=user(AUTHOR)) == comments.counts()


CHOICES: dict[str, dict[str, Any]] = {
    "all": {},
    "by words": {"words": "retinol"},
    "for a reason": {"reason": "links"},
    "since a day": {"since": CLOCK},
    "on an article": {"article_id": ARTICLE},
    "by everything": {"words": "retinol", "reason": "links", "since": CLOCK},
}


def chosen(limit: int = 9, below: int | None = None, **by: Any) -> list[int]:
    choice = Choice(**{"state": WAITING} | by)
    return list(queue.choose(choice, by=user(), below=below, limit=limit).ids)


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("by", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("has_many", [False, True])
def test_her_queue_holds_hers_newest_first(
    monkeypatch: pytest.MonkeyPatch, by: dict[str, Any], has_many: bool
) -> None:
    mine: list[int] = []
    for _ in range(3):
        mine.insert(0, say())
        say(SECOND)
    monkeypatch.setattr(queue, "SORTED", 2 if has_many else 3)
    assert chosen(**by) == mine
    assert chosen(limit=2, **by) == mine[:2]
    assert chosen(below=mine[0], **by) == mine[1:]
    assert chosen(**by | {"article_id": SECOND}) == []
    assert chosen(**by | {"state": CommentState.SPAM}) == []


@pytest.mark.usefixtures("at_work")
def test_of_very_many_the_newest_of_all_are_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "SORTED", 1)
    monkeypatch.setattr(queue, "LOOKED_THROUGH", 3)
    oldest, old, new = say(SECOND), say(), say()
    others = [say(SECOND) for _ in range(2)]
    found = queue.choose(Choice(state=WAITING), by=user(), limit=9)
    assert (found.ids, found.looked_to) == ([new], new)
    assert queue.choose(Choice(state=WAITING), by=user(), below=new, limit=9).ids == [old]
    # Rare words are found however far back, and none of another's.
    assert chosen(words="retinol") == [new, old]
    assert queue.choose(Choice(state=WAITING), limit=9).ids == [*others[::-1], new, old, oldest]


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("most", [0, 9])
def test_reported_ones_of_hers_are_chosen(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(queue, "SORTED", most)
    mine, other = say(state=PUBLISHED), say(SECOND, state=PUBLISHED)
    with db.writing():
        for number in (mine, other):
            complain(number)
    assert chosen(state=PUBLISHED, is_reported=True) == [mine]
    assert chosen(state=PUBLISHED, is_reported=True, article_id=SECOND) == []
