"""How the databases go about the queries that grow with a site: by an index, never row by row."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert, select, text

from blog import (
    accounts,
    announcing,
    articles,
    comments,
    db,
    enquiries,
    markup,
    outbox,
    tokens,
    webhooks,
)
from blog.accounts import User
from blog.articles import Article, ArticleAuthor, ArticleTopic, addresses, listing, replay
from blog.articles.around import around
from blog.articles.changes import Changed
from blog.articles.replay import Cursor
from blog.comments import (
    Comment,
    CommentState,
    deciding,
    fulltext,
    history,
    notices,
    pins,
    places,
    queue,
    reach,
    reports,
    syndication,
    telling,
    thread,
    trust,
)
from blog.comments.pins import CommentPin
from blog.comments.queue import Choice
from blog.comments.reports import CommentReport
from blog.comments.traces import CommentTrace, before
from blog.comments.trust import Holder
from blog.enquiries import ConsentText, Enquiry, EnquiryEvent, Folder, State, inbox
from blog.enquiries.inbox import Whose
from blog.journal import JournalLine
from blog.webhooks import Event, deliveries
from tests.cast import ARTICLE, CLOCK, SECOND_AUTHOR, article
from tests.mailing import Taking

# Tables with more rows the longer a site is there.
GROWING = {
    "article",
    "article_author",
    "article_topic",
    "changed",
    "comment",
    "comment_trace",
    "comment_pin",
    "comment_report",
}
GROWING |= {"enquiry", "enquiry_event", "webhook_delivery"}
GROWING |= {"journal_line", "search_index_comment", "search_index_comment_content"}

# Holds what nobody has looked at yet and no more, so walking along it is no look at every row.
OF_FEW = "ix_comment_report_open"

Act = Callable[[], object]
Explain = Callable[[Act], list[str]]


@pytest.fixture
def explain(app: Flask) -> Iterator[Explain]:
    """Give what is looked through row by row when something is asked; on SQLite also what is sorted."""

    def run(act: Act) -> list[str]:
        selects = _asked(act)
        read = _on_sqlite if db.db.engine.dialect.name == "sqlite" else _on_postgresql
        connection = db.session.connection()
        return [found for statement in selects for found in read(connection, *statement)]

    with app.app_context():
        yield run


def _asked(act: Act) -> list[tuple[str, Any]]:
    """Do something, and give what the database was asked for it."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    engine = db.db.engine
    event.listen(engine, "before_cursor_execute", note)
    act()
    event.remove(engine, "before_cursor_execute", note)
    selects = [one for one in asked if one[0].startswith(("SELECT", "WITH"))]
    assert selects, "nothing was asked"
    return selects


def _on_sqlite(connection: Connection, statement: str, values: Any) -> Iterator[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    is_each = False
    for detail in (str(row[3]) for row in rows):
        # What an FTS5 table is asked for words is the one way in which it is no scan.
        scanned = re.match(r"SCAN (\w+?)(_\d+)?\b(?!.* VIRTUAL TABLE INDEX 0:M)", detail)
        if detail.endswith(f" INDEX {OF_FEW}"):
            continue
        # Nor are all articles gone through for each row of something else.
        is_range = (
            re.match(r"SEARCH article .*\(status=\? AND published_at<\?\)", detail) and is_each
        )
        if (scanned and scanned[1] in GROWING) or "TEMP B-TREE" in detail or is_range:
            yield detail
        is_each = detail.startswith("CORRELATED")


def _on_postgresql(connection: Connection, statement: str, values: Any) -> Iterator[str]:
    # So few rows as a test has are quicker looked through than found by an index, one by one.
    for way in ("seqscan", "hashjoin", "mergejoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values)
    yield from _looked_through(found.scalar_one()[0]["Plan"])


def _looked_through(plan: dict[str, Any], *, is_cut: bool = False) -> Iterator[str]:
    kind, table = plan["Node Type"], plan.get("Relation Name")
    is_whole = "Scan" in kind and not {"Index Cond", "Recheck Cond"} & plan.keys()
    is_whole = is_whole and plan.get("Index Name") != OF_FEW
    # The first rows in an index's own order are found by walking along it, joined or not.
    if table in GROWING and is_whole and not (is_cut and kind.startswith("Index")):
        yield f"{kind} on {table}"
    for below in plan.get("Plans", []):
        is_outer = is_cut and below["Parent Relationship"] == "Outer" and kind == "Nested Loop"
        yield from _looked_through(below, is_cut=is_outer or kind == "Limit")


def _count() -> None:
    """Let PostgreSQL count its rows, as it does by itself; nobody ever asks SQLite to."""
    if db.db.engine.dialect.name == "postgresql":
        with db.writing():
            db.session.execute(text("ANALYZE"))


@pytest.fixture
def busy_site(app: Flask) -> None:
    """Many comments in many threads and every state, so that the planners have to choose."""
    states = [*CommentState, *[CommentState.APPROVED] * 200]
    rows = [
        {
            "id": number,
            "article_id": ARTICLE if number % 10 == 0 else f"article-{number % 70}",
            "parent_id": 10 if number % 30 == 0 else None,
            "root_id": 10 if number % 30 == 0 else None,
            "name": "Thandi",
            "email": f"thandi-{number % 100}@reader.example",
            "source": "Thank you.",
            "html": "<p>Thank you.</p>",
            "html_policy": markup.COMMENT_POLICY,
            "state": states[number % len(states)],
            "reasons": [],
            "reader_hash": f"reader-{number % 100}",
            "submission_key": tokens.random_token(),
            "created_at": CLOCK,
            "told_at": CLOCK,
        }
        for number in range(1, 5_001)
    ]
    traces = [
        {
            "comment_id": row["id"],
            "at": CLOCK,
            "client_hash": f"client-{number % 100}",
            "reader_hash": row["reader_hash"],
            "words_hash": f"words-{number % 500}",
            "sketch": number.to_bytes(4, "big") * 10,
        }
        for number, row in enumerate(rows)
    ]
    pinned = [
        {"comment_id": row["id"], "article_id": row["article_id"], "pinned_at": CLOCK}
        for row in rows
        if row["article_id"] != ARTICLE or row["id"] in (10, 20, 40)
    ]
    reported = [
        {
            "comment_id": row["id"],
            "reason": "spam",
            "details": "",
            "client_hash": "client",
            "at": CLOCK,
            "settled_at": None if number % 50 == 0 else CLOCK,
        }
        for number, row in enumerate(rows)
    ]
    lines = [
        {"at": CLOCK, "verb": "approved", "thing": "comment", "thing_id": str(number)}
        | {"was": "pending", "became": "approved", "batch": f"click-{number // 5}"}
        for number in range(5_000)
    ]
    with app.app_context():
        with db.writing():
            db.session.execute(insert(Comment), rows)
            db.session.execute(insert(CommentTrace), traces)
            db.session.execute(insert(CommentPin), pinned)
            db.session.execute(insert(CommentReport), reported)
            db.session.execute(insert(JournalLine), lines)
            said = [(row["id"], row["name"], "t@reader.example", row["source"]) for row in rows]
            fulltext.put(db.session.connection(), said)
        _count()


@pytest.fixture
def full_shelf(app: Flask) -> None:
    """Many articles of every state, a fifth of them on one topic."""
    ids = [f"article-{number:04}" for number in range(2_000)]
    appeared = {each: CLOCK - timedelta(hours=number) for number, each in enumerate(ids)}
    rows: list[dict[str, Any]] = [
        {
            "id": each,
            "slug": each,
            "title": "Skin",
            "summary": "In short.",
            "status": "draft" if number % 50 == 0 else "published",
            "published_at": appeared[each],
            "expires_at": CLOCK + timedelta(days=number) if number % 40 == 0 else None,
            "noindex": False,
            "comments": "open",
            "toc": [],
            "text": "Words.",
            "words": 1,
            "source": "Words.",
            "html": "<p>Words.</p>",
            "html_policy": markup.ARTICLE_POLICY,
        }
        for number, each in enumerate(ids)
    ]
    links = [{"article_id": each, "position": 0, "public_from": appeared[each]} for each in ids]
    authors = [link | {"author_id": "sandra-de-beer"} for link in links]
    topics = [
        link | {"slug": f"topic-{number % 5 and number % 97}", "name": "A topic"}
        for number, link in enumerate(links)
    ]
    noted = [
        {"kind": "article", "thing_id": each, "number": 2 + number // 100, "noted_at": CLOCK}
        | {"public_from": appeared[each], "public_until": rows[number]["expires_at"]}
        for number, each in enumerate(ids)
    ]
    with app.app_context():
        with db.writing():
            for model, values in (
                (Article, rows),
                (ArticleAuthor, authors),
                (ArticleTopic, topics),
                (Changed, noted),
            ):
                db.session.execute(insert(model), values)
        _count()


def _by_slug(slug: str) -> Article:
    found = articles.by_slug(slug, now=CLOCK)
    assert found
    return found


HOLDER = Holder(reader_id=1, email="thandi-7@reader.example", confirmed_at=CLOCK)


def chosen(*, below: int | None = None, **by: Any) -> list[int]:
    return list(queue.choose(Choice(state=CommentState.PENDING, **by), below=below, limit=51).ids)


def comment_of(number: int) -> Comment:
    found = comments.by_id(number)
    assert found
    return found


CHOSEN: dict[str, Act] = {
    "chosen of a state": chosen,
    "older of a state": lambda: chosen(below=2_000),
    "on an article": lambda: chosen(article_id=ARTICLE),
    "for a reason": lambda: chosen(reason="links"),
    "since a day": lambda: chosen(since=CLOCK + timedelta(days=1)),
    "by common words": lambda: chosen(words="thank"),
    "by rare words": lambda: chosen(words="retinol"),
    "by an address": lambda: chosen(words="t@reader.example"),
    "by everything": lambda: chosen(article_id=ARTICLE, reason="links", words="thank you"),
    "to be shown": lambda: queue.load([10, 20, 30]),
    "what else came": lambda: history.others(comment_of(4_500)),
    "lines about others": lambda: history.summaries([4_500, 4_600]),
    "reported": lambda: queue.choose(
        Choice(state=CommentState.APPROVED, is_reported=True), limit=51
    ),
    "how many are reported": reports.count_reported,
    "what was reported": lambda: reports.about([10, 20, 30]),
    "pinned": lambda: pins.among([10, 20, 30]),
    "decided before": lambda: deciding.last_batch(comment_of(4_500)),
}
# What is asked for an author alone, who has a part of the articles.
HERS: dict[str, Act] = {
    "chosen of a state": lambda: hers(reason=""),
    "older of a state": lambda: hers(below=2_000),
    "on an article": lambda: hers(article_id=ARTICLE),
    "for a reason": lambda: hers(reason="links"),
    "since a day": lambda: hers(since=CLOCK + timedelta(days=1)),
    "by common words": lambda: hers(words="thank"),
    "by rare words": lambda: hers(words="retinol"),
    "by everything": lambda: hers(article_id=ARTICLE, reason="links", words="thank you"),
    "reported": lambda: hers(state=CommentState.APPROVED, is_reported=True),
    "what else came": lambda: history.others(comment_of(4_500), by=thabo()),
    "lines about others": lambda: history.summaries([4_500, 4_600], by=thabo()),
    "how many are reported": lambda: reports.count_reported(by=thabo()),
    "tabs": lambda: comments.counts(by=thabo()),
    "waiting": lambda: comments.count_in(CommentState.PENDING, by=thabo()),
    "what is beyond her": lambda: comments.beyond([10, 20, 30], by=thabo()),
    "whether it is hers": lambda: comments.by_id(10, by=thabo()),
    "why there is nothing": lambda: reach.lacking(thabo()),
}


def thabo() -> User:
    found = accounts.by_email(SECOND_AUTHOR.email)
    assert found
    return found


def hers(*, below: int | None = None, **by: Any) -> list[int]:
    choice = Choice(**{"state": CommentState.PENDING} | by)
    return list(queue.choose(choice, by=thabo(), below=below, limit=51).ids)


def go_round() -> None:
    """Let a worker look twice for what webhooks are told of, and for whom anything is due."""
    said: dict[str, Any] = {"label": "a", "url": "https://a.example", "events": list(Event)}
    with db.writing():
        webhooks.add(**said, by=None, now=CLOCK)
    for _ in range(2):
        announcing.tell(CLOCK)
    deliveries.due(now=CLOCK)


COMMENTS: dict[str, Act] = {
    "page of a thread": lambda: thread.visible_on(article()),
    "newest page of a thread": lambda: thread.visible_on(article(), newest_first=True),
    "with what waits": lambda: thread.visible_on(article(), reader_hash="reader-5"),
    "replies": lambda: thread.replies_to(article(), 10),
    "permalink": lambda: places.place_of(
        article(), Comment(id=2_100, root_id=10, state="approved", created_at=CLOCK)
    ),
    "feed of comments": lambda: syndication.newest_on(ARTICLE),
    "queue": lambda: comments.recent(CommentState.PENDING, limit=51),
    "published": lambda: comments.recent(CommentState.APPROVED, limit=51),
    "older in the queue": lambda: comments.recent(CommentState.PENDING, before=2_000, limit=51),
    "tabs": comments.counts,
    "waiting": lambda: comments.count_in(CommentState.PENDING),
    "what came before": lambda: before(
        words_hash="words-7", client_hash="client-7", reader_hash="reader-7", now=CLOCK
    ),
    "of a trusted reader": lambda: trust.standing(HOLDER, now=CLOCK),
    "round of the mail worker": lambda: telling.compose(now=CLOCK),
    "mail to a moderator": lambda: notices.composed(now=CLOCK),
    "beside cards": lambda: comments.counts_on([ARTICLE, "article-1"]),
    "round of the webhooks": go_round,
}
BY_SORTING = "USE TEMP B-TREE FOR ORDER BY"
# What a page of a thread puts in order is what its index holds of the thread, no row.
SORTED = {
    "page of a thread": ["USE TEMP B-TREE FOR GROUP BY", BY_SORTING],
    "newest page of a thread": ["USE TEMP B-TREE FOR GROUP BY", BY_SORTING],
    "with what waits": ["USE TEMP B-TREE FOR GROUP BY", BY_SORTING],
    "permalink": ["USE TEMP B-TREE FOR GROUP BY"],
    "feed of comments": [BY_SORTING, BY_SORTING],
    # What waits under one author's articles.
    "mail to a moderator": [BY_SORTING],
    # The newest hundred, along the table itself.
    "what came before": ["SCAN comment_trace"],
}


ARTICLES: dict[str, Act] = {
    "home": lambda: listing.newest(now=CLOCK),
    "last page of home": lambda: listing.newest(98, now=CLOCK),
    "topic": lambda: listing.on_topic("topic-0", now=CLOCK),
    "last page of a topic": lambda: listing.on_topic("topic-0", 20, now=CLOCK),
    "name of a topic": lambda: listing.topic("topic-0", now=CLOCK),
    "author": lambda: listing.by_author("sandra-de-beer", now=CLOCK),
    "year": lambda: listing.of_year(2026, zone=ZoneInfo("UTC"), now=CLOCK),
    "article": lambda: articles.by_slug("article-0007", now=CLOCK),
    "what is around it": lambda: around(_by_slug("article-0007"), now=CLOCK),
    "next change": lambda: articles.next_change(now=CLOCK),
    "old address": lambda: addresses.moved_to("/old", now=CLOCK),
    "removed": lambda: addresses.is_gone("/articles/old", now=CLOCK),
    "old addresses": lambda: addresses.old(limit=15, first=0, now=CLOCK),
    "feed": lambda: listing.whole(now=CLOCK),
    "all that changed": lambda: replay.part(None, limit=15, now=CLOCK),
    "what changed since": lambda: replay.part(later_cursor(), limit=15, now=CLOCK),
}


def later_cursor() -> Cursor:
    """One from which there is a day of the clock to come, and the end of what was written."""
    begun = replay.part(None, limit=1, now=CLOCK - timedelta(days=1)).cursor
    return begun._replace(number=21, kind="")


# What is sorted is a page that was cut already, and who wrote its articles on what.
LISTS = ("home", "last page of home", "topic", "last page of a topic", "author", "year", "feed")
OTHERS = ("article", "what is around it")
ONE_PAGE_SORTS = dict.fromkeys(LISTS, 3) | dict.fromkeys(OTHERS, 2)
# What the clock did is put in its order.
ONE_PAGE_SORTS |= {"all that changed": 1, "what changed since": 2}


@pytest.mark.usefixtures("full_shelf")
def test_no_hot_query_of_articles_looks_at_every_row(explain: Explain) -> None:
    found = {name: explain(act) for name, act in ARTICLES.items()}
    sorts = ONE_PAGE_SORTS if db.db.engine.dialect.name == "sqlite" else {}
    assert found == {name: [BY_SORTING] * sorts.get(name, 0) for name in ARTICLES}


@pytest.mark.usefixtures("busy_site")
def test_what_moderators_choose_is_found_by_an_index_however_far(
    explain: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LOOKED_THROUGH", 5)
    # What is sorted was cut before: the newest of a state, and what of a few holds rare words.
    # The latest traces are walked along their key.
    cut = {BY_SORTING, "USE TEMP B-TREE FOR GROUP BY", "SCAN comment_trace"}
    found = {name: {*explain(act)} for name, act in CHOSEN.items()}
    assert {name: steps - cut for name, steps in found.items()} == {name: set() for name in CHOSEN}


@pytest.mark.usefixtures("busy_site", "full_shelf")
@pytest.mark.parametrize("most", [0, 100_000])
def test_what_an_author_chooses_is_found_by_an_index_however_many_are_hers(
    explain: Explain, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(queue, "LOOKED_THROUGH", 5)
    monkeypatch.setattr(queue, "SORTED", most)
    found = {name: {*explain(act)} for name, act in HERS.items()}
    cut = {BY_SORTING, "USE TEMP B-TREE FOR GROUP BY", "SCAN comment_trace"}
    assert {name: steps - cut for name, steps in found.items()} == {name: set() for name in HERS}


BY_ARTICLE = "ix_comment_thread (article_id=? AND state=?)"


@pytest.mark.usefixtures("busy_site", "full_shelf", "at_work")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["chosen of a state", "tabs", "waiting"])
def test_an_authors_comments_are_found_article_by_article_in_an_index_alone(name: str) -> None:
    steps = [step for step in _steps(HERS[name]) if step.startswith("SEARCH comment ")]
    assert steps
    assert set(steps) == {f"SEARCH comment USING COVERING INDEX {BY_ARTICLE}"}


@pytest.mark.usefixtures("busy_site", "full_shelf", "at_work")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_an_author_is_mailed_of_is_found_article_by_article() -> None:
    steps = _steps(COMMENTS["mail to a moderator"])
    assert f"SEARCH comment USING COVERING INDEX {BY_ARTICLE}" in steps
    assert f"SEARCH comment USING INDEX {BY_ARTICLE}" in steps


@pytest.mark.usefixtures("busy_site", "at_work")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "act",
    [
        lambda: places.branches(ARTICLE, 1, newest_first=False),
        lambda: places.branches(ARTICLE, 1, newest_first=True),
        lambda: places.replies(ARTICLE, 10, 1),
        COMMENTS["permalink"],
    ],
)
def test_a_thread_is_put_in_order_by_its_index_alone(act: Act) -> None:
    steps = [step for step in _steps(act) if step.startswith("SEARCH comment ")]
    assert steps
    assert all("USING COVERING INDEX ix_comment_thread " in step for step in steps)


def _steps(act: Act) -> list[str]:
    selects = _asked(act)
    connection = db.session.connection()
    return [
        str(row[3])
        for statement, values in selects
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    ]


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_kind_of_mail_that_is_due_is_found_by_steps_into_an_index() -> None:
    steps = _steps(lambda: outbox.deliver_due(Taking(), worker="worker"))
    found = {step.partition("(")[2] for step in steps if "outgoing_mail" in step}
    on_time = {f"state=? AND kind=? AND next_attempt_at{sign}?)" for sign in "<>"}
    assert found == {"state=?)", "state=? AND kind>?)", *on_time}
    assert not [step for step in steps if step.startswith("SCAN outgoing_mail")]


@pytest.mark.usefixtures("busy_site", "full_inbox")
def test_no_hot_query_of_comments_looks_at_every_row(explain: Explain) -> None:
    found = {name: explain(act) for name, act in COMMENTS.items()}
    allowed = SORTED if db.db.engine.dialect.name == "sqlite" else {}
    assert found == {name: allowed.get(name, []) for name in COMMENTS}


@pytest.mark.usefixtures("busy_site")
def test_a_query_without_an_index_is_noticed(explain: Explain) -> None:
    def by_name() -> object:
        return db.session.execute(select(Comment.id).where(Comment.name == "Thandi")).all()

    def sorted_by_name() -> object:
        return db.session.execute(select(Comment.id).order_by(Comment.name).limit(5)).all()

    for act in (by_name, sorted_by_name):
        assert explain(act)


@pytest.fixture
def full_inbox(app: Flask) -> None:
    """Many enquiries of every state, most of them closed, and what happened to each."""
    states = [*State, *[State.CLOSED] * 45]
    rows = [
        {
            "id": number,
            "reference": f"{number:04}-{number:04}",
            "name": "Lerato",
            "email": f"lerato-{number % 100}@reader.example",
            "phone": "",
            "topic": "Microneedling",
            "message": "May I book?",
            "consent_id": 1,
            "is_suspected": number % 25 == 0,
            "reasons": [],
            "submission_key": tokens.random_token(),
            "created_at": CLOCK - timedelta(hours=5_000 - number),
            "state": states[number % len(states)],
            "state_changed_at": CLOCK,
        }
        for number in range(1, 5_001)
    ]
    events = [{"enquiry_id": row["id"], "at": CLOCK, "kind": "note", "words": "x"} for row in rows]
    consent = {"id": 1, "digest": "x", "text": "Yes", "first_agreed_at": CLOCK}
    with app.app_context():
        with db.writing():
            db.session.execute(insert(ConsentText), [consent])
            db.session.execute(insert(Enquiry), rows)
            db.session.execute(insert(EnquiryEvent), events)
        _count()


def enquired(**by: Any) -> inbox.Chosen:
    choice = inbox.Choice(**{"folder": Folder.ALL} | by)
    return inbox.choose(choice, now=CLOCK, below=2_000, limit=51)


ENQUIRIES: dict[str, Act] = {
    **{f"folder {each}": partial(enquired, folder=each) for each in Folder},
    "by words": lambda: enquired(words="book"),
    "by words among the new": lambda: enquired(folder=Folder.NEW, words="book"),
    "by an address": lambda: enquired(words="lerato-7@reader.example"),
    "by a reference": lambda: enquired(words="0007-0007"),
    "of nobody": lambda: enquired(whose=Whose.NOBODYS, topic="Mesotherapy"),
    "since a day": lambda: enquired(since=CLOCK),
    "tabs": lambda: inbox.counts(now=CLOCK),
    "new": lambda: enquiries.count_in(Folder.NEW),
    "unanswered": lambda: enquiries.unanswered(now=CLOCK),
    "since the last mail": lambda: enquiries.count_since(CLOCK),
    "to be shown": lambda: inbox.load([10, 20, 30]),
    "last replies": lambda: inbox.last_replies([10, 20, 30]),
    "with its history": lambda: inbox.whole("0007-0007"),
}


@pytest.mark.usefixtures("full_inbox")
def test_no_query_of_the_inbox_looks_at_every_row(explain: Explain) -> None:
    found = {name: {*explain(act)} for name, act in ENQUIRIES.items()}
    # What is sorted was cut before: the late ones of two states, and what has one address.
    assert {name: steps - {BY_SORTING} for name, steps in found.items()} == {
        name: set() for name in ENQUIRIES
    }
