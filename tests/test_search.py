"""Search: what is found, in which order, how it is shown, and what it may cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape
from sqlalchemy import event, select, text, update

from blog import db, markup
from blog.articles import Article, ArticleTopic, fulltext, listing, search, sync, words
from blog.articles.fulltext import SearchEntry, SearchSpelling
from blog.articles.search import Found
from blog.pagecache import FOR_ONE
from tests import test_migrations as migrations
from tests.cast import ARTICLE, CLOCK, SECOND, Clock, Visitor
from tests.test_articles import AUTHOR_ID, NOT_PUBLIC, SECOND_AGO, SECOND_AHEAD, Shelf, ids


@pytest.fixture
def shelf(make_app: Callable[..., Flask], own_content: Path) -> Iterator[Shelf]:
    with make_app(content_dir=str(own_content)).app_context():
        yield Shelf(own_content)


@pytest.fixture
def browser(make_app: Callable[..., Flask], own_content: Path, clock: Clock) -> Visitor:
    return Visitor(make_app(content_dir=str(own_content)))


def find(query: str, **options: Any) -> Found:
    db.session.rollback()
    return search.find(query, **{"now": CLOCK} | options)


def found_by(query: str, **options: Any) -> list[str]:
    return ids(hit.article for hit in find(query, **options).hits)


def exactly(query: str) -> list[str]:
    """What holds all the words as they were typed."""
    found = find(query)
    return ids(hit.article for hit in found.hits if found.is_every_word and not found.instead)


def profile(shelf: Shelf, id: str, name: str) -> None:  # noqa: A002  # the contract's word
    shelf.write(f"authors/{id}.md", f"---\nname: {name}\n---\nHello.\n")


# What is found


def test_words_of_title_summary_text_topics_and_authors_are_found(shelf: Shelf) -> None:
    for query in ("apart", "side by side", "solution", "compared", "sandra beer apart"):
        assert exactly(query) == [ARTICLE], query


def test_every_word_must_occur(shelf: Shelf) -> None:
    assert exactly("cold café") == [SECOND]
    assert exactly("cold needles") == []


def test_case_accents_and_order_make_no_difference(shelf: Shelf) -> None:
    shelf.put(SECOND, "Winter", "Cold air, a café: drier, dry\u2011ish.", topics="[Daily care]")
    shelf.sync()
    for query in ("café", "cafe", "CAFÉ", "cafe\u0301", "  cafe\tair ", "drier cold", "daily CARE"):
        assert exactly(query) == [SECOND], query
    assert exactly("dry-ish") == [SECOND]


@pytest.mark.parametrize(
    ("written", "query"),
    [
        ("The body’s own collagen", "body's"),
        ("The body's own collagen", "body’s collagen"),
        ("The body’s own collagen", "body"),
        ("Dermo\u00adabrasion", "dermoabrasion"),
        ("Dermo\u200babrasion", "dermoabrasion"),
        ("Anti‑ageing", "anti-ageing"),
        ("Straße", "STRASSE"),
        ("ﬁgs", "figs"),
        ("𝐇yaluron", "hyaluron"),
        ("İstanbul", "istanbul"),
        ("皮肤护理的方法", "护理"),
        ("皮肤护理的方法", "皮肤护理"),
        ("皮肤护理的方法", "方"),
        ("スキンケア入門", "ケア"),
        ("การดูแลผิวหน้า", "ผิว"),
        ("त्वचा की देखभाल", "देखभाल"),
        ("العناية بالبشرة", "بالبشرة"),
        ("Уход за кожей", "КОЖЕЙ"),
        ("피부 관리", "피부"),
        ("\U00020000\U00020001\U00020002", "\U00020001\U00020002"),
        ("Vitamin B12 and SPF50+", "spf50"),
    ],
)
def test_what_is_written_is_found_by_what_is_typed(shelf: Shelf, written: str, query: str) -> None:
    shelf.put("written", "Title", f"First. {written}. Last.")
    shelf.put("other", "Title", "Nothing of the kind, 的 皮 理.")
    shelf.sync()
    assert exactly(query) == ["written"]
    assert "<mark>" in find(query).hits[0].excerpt


def test_the_last_word_may_be_the_beginning_of_one(shelf: Shelf) -> None:
    assert exactly("micron") == [ARTICLE]
    assert exactly("techniques micron") == [ARTICLE]
    assert exactly("micron techniques") == []
    # One letter begins too many.
    assert exactly("m") == []


def test_words_that_stand_in_different_scripts_side_by_side_are_apart(shelf: Shelf) -> None:
    shelf.put("mixed", body="PRP治疗 helps.")
    shelf.sync()
    assert exactly("prp") == exactly("治疗") == exactly("PRP治疗") == ["mixed"]


def test_a_word_too_long_to_be_one_is_found_by_its_beginning(shelf: Shelf) -> None:
    shelf.put("long", body="x" * 5000)
    shelf.sync()
    assert exactly("x" * 150) == ["long"]


def test_an_article_as_long_as_may_be_is_indexed(shelf: Shelf) -> None:
    # Each word another, which is more than PostgreSQL has places for.
    shelf.put("long", body=" ".join(f"w{number}" for number in range(25_000)))
    shelf.put("wide", body="㌀" * 60_000)
    shelf.sync()
    assert exactly("w24999") == ["long"]
    assert exactly("アパート") == ["wide"]


@pytest.mark.parametrize("state", NOT_PUBLIC)
def test_what_is_not_public_is_never_found(shelf: Shelf, state: str) -> None:
    fields = {"author": "nomsa-k", "topics": "[Hiddentopic]", "summary": "Hiddensummary."}
    shelf.put("hidden", "Hiddentitle", "Hiddentext", **fields | NOT_PUBLIC[state])
    profile(shelf, "nomsa-k", "Hiddenauthor")
    shelf.sync()
    for query in ("title", "text", "topic", "summary", "author"):
        assert found_by(f"hidden{query}") == []
        # Neither is a word of it proposed.
        found = find(f"hiden{query}")
        assert (found.total, found.instead) == (0, "")
    assert found_by("hiddentext cold") == [SECOND]


def test_comments_are_never_found(browser: Visitor, shelf: Shelf) -> None:
    browser.comment("Peculiarword in a comment.")
    assert found_by("peculiarword") == []


def test_an_article_is_found_from_its_moment_to_its_end(shelf: Shelf) -> None:
    shelf.put("brief", "Brief", date="2026-05-04T09:30:00Z", expires="2026-05-04T09:30:01Z")
    shelf.sync()
    moments = (SECOND_AGO, CLOCK, SECOND_AHEAD)
    assert [found_by("brief", now=now) for now in moments] == [[], ["brief"], []]


# In which order


def test_title_comes_before_topics_summary_authors_and_text(shelf: Shelf) -> None:
    profile(shelf, "named", "Peeling Nkosi")
    shelf.put("e-title", "All about peeling", date="2026-01-01")
    shelf.put("d-topic", topics="[Peeling]", date="2026-01-02")
    shelf.put("c-summary", summary="On peeling.", date="2026-01-03")
    shelf.put("b-author", author="named", date="2026-01-04")
    shelf.put("a-text", body="Peeling is mentioned.", date="2026-01-05")
    shelf.sync()
    assert found_by("peeling") == ["e-title", "d-topic", "c-summary", "b-author", "a-text"]


def test_a_text_that_says_it_often_comes_before_one_that_says_it_once(shelf: Shelf) -> None:
    shelf.put("often", body="Peeling after peeling after peeling is one too many of them.")
    shelf.put(
        "once", body="Peeling after this and after that is one too many of them.", date="2026-04-01"
    )
    shelf.put(
        "again",
        body="Peeling after this and after that is one too many of them.",
        date="2026-04-02",
    )
    shelf.sync()
    assert found_by("peeling") == ["often", "again", "once"]


def test_titles_come_first_however_many_newer_texts_there_are(shelf: Shelf) -> None:
    for number in range(30):
        shelf.put(f"newer-{number}", body="Peeling is mentioned.", date="2026-04-01")
    shelf.put("older", "All about Peeling", date="2026-01-01")
    shelf.sync()
    assert found_by("peeling")[0] == "older"


# How it is shown


def test_the_words_are_marked_where_they_stand(shelf: Shelf) -> None:
    shelf.put("marked", "Peeling & more", "An *acid* peeling’s effect.", summary="A Pèeling helps.")
    shelf.sync()
    (hit,) = find("peel").hits
    assert hit.title == "<mark>Peeling</mark> &amp; more"
    assert hit.summary == "A <mark>Pèeling</mark> helps."
    assert hit.excerpt == "An acid <mark>peeling</mark>’s effect."


def test_an_excerpt_shows_where_most_of_the_words_are(shelf: Shelf) -> None:
    body = "Acid first. " + "Filler words here. " * 40 + "Then an acid peeling." + " And on." * 90
    shelf.put("long", body=body)
    shelf.sync()
    (hit,) = find("peeling acid").hits
    assert "Then an <mark>acid</mark> <mark>peeling</mark>. And on." in hit.excerpt
    assert hit.excerpt.startswith("…")
    assert hit.excerpt.endswith("…")
    plain = re.sub("</?mark>", "", hit.excerpt)
    assert len(plain) <= 221
    assert plain.strip("…").split()[0] in {"Filler", "words", "here."}


def test_without_a_hit_in_the_text_there_is_no_excerpt(shelf: Shelf) -> None:
    shelf.put("plain", "Peeling", body="Words.")
    shelf.sync()
    assert find("peeling").hits[0].excerpt == ""


def test_a_text_without_spaces_is_cut_where_the_room_ends(shelf: Shelf) -> None:
    shelf.put("unspaced", body="的" * 500 + "皮肤护理" + "了" * 500)
    shelf.sync()
    (hit,) = find("皮肤护理").hits
    assert hit.excerpt.startswith("…的")
    assert "的<mark>皮肤护理</mark>了" in hit.excerpt
    assert hit.excerpt.endswith("了…")


def test_a_hit_past_the_cut_is_not_marked() -> None:
    text = "Peeling " + "x" * 300 + "peeling"
    assert words.spans(text, ["peeling"]) == [(0, 7)]
    assert search._excerpt("skin " * 60, ["skin"]).count("<mark>") == 44
    assert search._excerpt("skin", ["skin"]) == "<mark>skin</mark>"


@pytest.mark.parametrize(
    ("written", "terms", "places"),
    [
        ("cafe\u0301 au lait", ["cafe"], ["cafe\u0301"]),
        ("ﬁne", ["fi"], ["ﬁne"]),
        ("ﬁ", ["f"], ["ﬁ"]),
        ("Straße", ["strasse"], ["Straße"]),
        ("so\u00adap soap", ["soap"], ["so\u00adap", "soap"]),
        ("皮肤护理", ["皮肤", "肤护", "护理"], ["皮肤护理"]),
        ("skinny skin", ["skin", "none"], ["skin"]),
        ("nothing", ["skin"], []),
    ],
)
def test_a_mark_covers_what_is_written(written: str, terms: list[str], places: list[str]) -> None:
    assert [written[start:end] for start, end in words.spans(written, terms)] == places


def test_marks_are_all_the_html_there_is() -> None:
    hostile = "<script>alert(1)</script> & skin"
    marked = markup.marked(hostile, words.spans(hostile, ["alert", "skin"]))
    assert marked == ("&lt;script&gt;<mark>alert</mark>(1)&lt;/script&gt; &amp; <mark>skin</mark>")
    assert markup.marked("", []) == ""


@given(st.text(max_size=200), st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_marking_changes_no_text(text: str, typed: list[str]) -> None:
    terms = words.words(" ".join(typed)) or ["skin"]
    marked = markup.marked(text, words.spans(text, terms))
    assert re.sub("</?mark>", "", marked) == str(escape(text))


# What is forgiven


@pytest.mark.parametrize(
    ("query", "instead"),
    [
        ("microneedeling", "microneedling"),
        ("micronedling", "microneedling"),
        ("mirconeedling", "microneedling"),
        ("microneedlimg", "microneedling"),
        ("micro needling", "microneedling"),
        ("mezoterapy", "mesotherapy"),
        ("nedles", "needles"),
        ("needels fine", "needles fine"),
        ("fine neeldes mesoterapy", "fine needles mesotherapy"),
        ("xold", "cold"),
        ("wintr", "winter"),
    ],
)
def test_a_slip_is_forgiven(shelf: Shelf, query: str, instead: str) -> None:
    found = find(query)
    assert found.instead == instead
    assert found.is_every_word
    assert ids(hit.article for hit in found.hits) == [
        SECOND if "cold" in instead or "winter" in instead else ARTICLE
    ]
    assert "<mark>" in found.hits[0].title + found.hits[0].excerpt


def test_what_is_held_as_it_is_typed_is_never_taken_for_a_slip(shelf: Shelf) -> None:
    shelf.put("near", body="Microneedeling, written so.")
    shelf.sync()
    found = find("microneedeling")
    assert (ids(hit.article for hit in found.hits), found.instead) == (["near"], "")


def test_a_short_word_or_a_very_other_one_is_no_slip(shelf: Shelf) -> None:
    for query in ("aer", "drz", "zzzzzzzzz", "mycroneatlink", "123456", "coldddd"):
        found = find(query)
        assert (found.total, found.instead) == (0, ""), query


def test_where_no_article_holds_all_words_some_are_enough(shelf: Shelf) -> None:
    found = find("cold needles")
    assert (found.total, found.is_every_word, found.instead) == (2, False, "")
    # Those that any article holds are not.
    assert found_by("is a zzzzzzzz") == []
    found = find("coold needles zzzzzzzz")
    assert (found.total, found.is_every_word) == (2, False)
    assert found.instead == "cold needles zzzzzzzz"


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("ab", "cd", 2),
        ("", "ab", 2),
    ],
)
def test_slips_are_counted(one: str, other: str, slips: int) -> None:
    assert words.distance(one, other) == words.distance(other, one) == slips


# What is typed is never a query language


HOSTILE = (
    "'; DROP TABLE article; --",
    '" OR 1=1',
    "(" * 200,
    "ﷺ" * 200,
    "zz " * 100,
    "😀",
    "NEAR(zz, 1) NOT zz",
    "-zz +zz ^zz zz* title:zz {zz} zz^2",
    "zz & !zz | zz:* <-> zz",
    "\x00\x01\ud800\uffff\u202e",
    "%",
    "_",
    "\\",
    "[z-z]",
    "''\"\"",
)


def test_a_hostile_search_finds_nothing(shelf: Shelf) -> None:
    for query in HOSTILE:
        assert found_by(query) == [], query
    assert listing.newest(now=CLOCK).total == 2


def test_words_of_a_query_language_are_plain_words(shelf: Shelf) -> None:
    shelf.put("words", body="Near and not or, title: cold* summary.")
    shelf.sync()
    assert exactly("NEAR AND NOT OR") == ["words"]
    assert exactly("title:cold") == exactly("title: cold*") == exactly('"title" cold') == ["words"]
    assert exactly("-near") == exactly("near & !not") == exactly("near:*") == ["words"]


@given(st.text(max_size=60))
@settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_whatever_is_typed_is_answered(shelf: Shelf, query: str) -> None:
    assert find(query).total >= 0


def test_a_search_for_nothing_finds_nothing(shelf: Shelf) -> None:
    for query in ("", "   ", "\u0301", "\u00ad \u3000", "?!"):
        assert found_by(query) == [], query


def test_words_past_the_eighth_are_not_asked_for(shelf: Shelf) -> None:
    assert exactly("cold air is dry air and a café is drier still zzzzz") == [SECOND]


# The index is kept


def test_the_index_follows_what_is_written(shelf: Shelf) -> None:
    shelf.put("new", "Peeling", topics="[Acids]")
    shelf.sync()
    assert exactly("peeling acids") == ["new"]
    shelf.put("new", "Scrubbing", topics="[Grains]")
    shelf.sync()
    assert exactly("peeling") == exactly("acids") == []
    assert exactly("scrubbing grains") == ["new"]
    (shelf.root / "articles/new.md").unlink()
    shelf.sync()
    assert found_by("scrubbing") == []
    # What comes next may get the number of what went.
    shelf.put("next", "Brushing")
    shelf.sync()
    assert exactly("brushing") == ["next"]
    assert rows() == (3, 3)


def rows() -> tuple[int, int]:
    """How many articles the index has, by both its tables."""
    counts = [
        db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        for table in ("search_entry", "search_index")
    ]
    return counts[0], counts[1]


def test_articles_are_found_by_the_name_their_author_has_now(shelf: Shelf) -> None:
    shelf.put("hers", author="nomsa-k")
    shelf.sync()
    assert found_by("nomsa") == []
    profile(shelf, "nomsa-k", "Nomsa Khumalo")
    shelf.sync()
    assert exactly("nomsa khumalo") == ["hers"]
    profile(shelf, "nomsa-k", "Nomsa Dlamini")
    shelf.sync()
    assert exactly("khumalo") == []
    assert exactly("nomsa dlamini") == ["hers"]
    (shelf.root / "authors/nomsa-k.md").unlink()
    shelf.sync()
    assert exactly("nomsa") == []


def test_an_author_who_keeps_her_name_leaves_the_index_as_it_is(shelf: Shelf) -> None:
    with db.writing():
        db.session.execute(text("DELETE FROM search_index"))
    shelf.write(f"authors/{AUTHOR_ID}.md", "---\nname: Sandra de Beer\nrole: New\n---\nAnew.\n")
    shelf.sync()
    assert rows() == (2, 0)


def spelt() -> set[str]:
    return set(db.session.execute(select(SearchSpelling.word)).scalars())


def test_words_go_with_the_last_article_that_holds_them(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "_BATCH_WORDS", 2)
    before = spelt()
    body = "Glycolic tretinoin azelaic Größe."
    shelf.put("one", "Peeling", topics="[Acids]", body=body)
    shelf.put("other", "Brushing", body="Tretinoin.")
    shelf.sync()
    assert spelt() - before >= {"glycolic", "tretinoin", "azelaic", "grosse", "peeling", "acids"}
    assert find("glycolik").instead == "glycolic"
    (shelf.root / "articles/one.md").unlink()
    shelf.sync()
    assert spelt() - before == {"tretinoin", "brushing", "short"}
    assert fulltext.similar("glycolik", slips=2) == []
    assert find("tretinoim").instead == "tretinoin"


@pytest.mark.parametrize("version", [0, fulltext.VERSION - 1, fulltext.VERSION + 1])
def test_what_another_program_indexed_is_indexed_anew(shelf: Shelf, version: int) -> None:
    with db.writing():
        db.session.execute(text("DELETE FROM search_index"))
        # Whoever spelt these words did so in another way.
        db.session.execute(text("DELETE FROM search_spelling WHERE spelling <> word"))
        db.session.execute(update(SearchEntry).values(version=version))
    assert found_by("cold") == []
    assert fulltext.is_stale()
    shelf.sync()
    assert not fulltext.is_stale()
    assert exactly("cold") == [SECOND]
    assert find("cild").instead == "cold"
    assert not sync.run(shelf.root, now=CLOCK)


def test_articles_of_earlier_days_are_found_after_the_next_sync(shelf: Shelf) -> None:
    migrations.downgrade("0004")
    db.upgrade()
    assert found_by("cold") == []
    shelf.sync()
    assert exactly("cold") == [SECOND]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_an_index_larger_than_one_batch_is_made_whole(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(fulltext, "BATCH_ARTICLES", size)
    monkeypatch.setattr(fulltext, "_BATCH_WORDS", size)
    for number in range(5):
        shelf.put(f"many-{number}", body=f"Peeling {'abcde'[number]}word.", author=AUTHOR_ID)
    shelf.sync()
    assert len(exactly("peeling")) == 5
    profile(shelf, AUTHOR_ID, "Sandra Nkosi")
    shelf.sync()
    assert len(exactly("nkosi")) == 7
    assert find("ewurd").instead == "eword"
    assert rows() == (7, 7)


def test_what_is_written_is_indexed_before_what_an_older_program_indexed(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.writing():
        db.session.execute(update(SearchEntry).values(version=fulltext.VERSION + 1))
        fulltext.mark_stale(SECOND)
        monkeypatch.setattr(fulltext, "BATCH_ARTICLES", 1)
        fulltext.refresh()
    fresh = select(SearchEntry.article_id).where(SearchEntry.version == fulltext.VERSION)
    assert db.session.execute(fresh).scalars().all() == [SECOND]


def test_a_sync_that_fails_leaves_the_index_as_it_was(shelf: Shelf) -> None:
    def fail() -> None:
        with db.writing():
            fulltext.forget(SECOND)
            fulltext.mark_stale(ARTICLE, SECOND)
            fulltext.refresh()
            raise KeyError

    before = index_of(SECOND)
    with pytest.raises(KeyError):
        fail()
    assert index_of(SECOND) == before
    assert not fulltext.is_stale()


def index_of(article_id: str) -> object:
    number = select(SearchEntry.number).where(SearchEntry.article_id == article_id)
    own = text("SELECT * FROM search_index WHERE rowid = :number")
    return db.session.execute(own, {"number": db.session.execute(number).scalar()}).all()


# What it costs


def plan(query: Callable[[], object]) -> str:
    """How the database goes about the statements of a query, told to scan nothing if it can."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        statements.append((statement, values))

    db.session.rollback()
    event.listen(db.db.engine, "before_cursor_execute", note)
    query()
    event.remove(db.db.engine, "before_cursor_execute", note)
    db.session.rollback()
    connection = db.session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    lines = [
        str(row[-1])
        for statement, values in statements
        if statement.startswith("SELECT")
        for row in connection.exec_driver_sql(explain + statement, values)
    ]
    return "\n".join(lines)


def test_a_search_scans_no_table(shelf: Shelf) -> None:
    for query in ("cold", "cold café", "cold needles", "microneedeling"):
        found = plan(lambda query=query: search.find(query, now=CLOCK))  # type: ignore[misc]  # a default binds it now
        if "SCAN" in found:
            assert set(re.findall(r"SCAN \w+", found)) == {"SCAN search_index"}
            assert "SCAN search_index VIRTUAL TABLE INDEX 0:M5" in found
            assert "SEARCH article USING COVERING INDEX ix_article_is_public (id=?" in found
        else:
            assert "Seq Scan" not in found
            assert "Bitmap Index Scan on search_index_words" in found


def test_postgresql_is_told_to_ask_its_index_and_then_left_as_it_was(shelf: Shelf) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(db.db.engine, "before_cursor_execute", note)
    assert fulltext.is_held(["cold"], now=CLOCK)
    event.remove(db.db.engine, "before_cursor_execute", note)
    if db.db.engine.dialect.name == "postgresql":
        assert "SET LOCAL enable_seqscan = off" in asked
        assert db.session.execute(text("SHOW enable_seqscan")).scalar() == "on"


def test_similar_words_are_looked_up(shelf: Shelf) -> None:
    found = plan(lambda: fulltext.similar("microneedeling", slips=2))
    assert "search_spelling USING PRIMARY KEY (spelling=? AND chars>? AND chars<?)" in found or (
        "pk_search_spelling" in found and "Seq Scan" not in found
    )


def test_a_search_costs_as_many_statements_whatever_it_finds(shelf: Shelf) -> None:
    def count() -> int:
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        event.listen(db.db.engine, "before_cursor_execute", note)
        find("skin")
        event.remove(db.db.engine, "before_cursor_execute", note)
        return len(statements)

    few = count()
    for number in range(30):
        shelf.put(f"more-{number}")
    shelf.sync()
    assert count() == few


# The page


def says(html: str) -> str:
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub("<[^>]*>", " ", main).split())


@pytest.fixture
def many(browser: Visitor, own_content: Path) -> Visitor:
    """A site with hundreds of articles on one thing, and some on another."""
    with browser.client.application.app_context(), db.writing():
        for number in range(225):
            add(number, "Peeling" if number < 205 else "Waxing")
        fulltext.refresh()
    return browser


def add(number: int, title: str) -> None:
    html = {"source": "x", "html": "<p>x</p>", "html_policy": markup.ARTICLE_POLICY}
    own = {"id": f"a-{number:03}", "slug": f"a-{number:03}", "title": f"{title} {number}"}
    same = {"summary": "", "status": "published", "noindex": False, "comments": "open"}
    db.session.add(Article(**own, **same, **html, toc=[], text="x", words=1, published_at=CLOCK))


def test_results_come_a_page_at_a_time(many: Visitor) -> None:
    seen: list[str] = []
    address: str | None = "/search?q=waxing"
    while address:
        page = many.get(address).text
        seen += re.findall(r'<h3><a href="/articles/([^"]+)"', page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        address = found[1].replace("&amp;", "&") if found else None
    assert len(seen) == len(set(seen)) == 20
    assert "20 articles about “ waxing ”" in says(many.get("/search?q=waxing").text)
    second = many.get("/search?q=waxing&page=2").text
    assert "Page 2 of 2" in second
    assert 'href="/search?q=waxing" rel="prev"' in second
    assert "<title>waxing · Search · Page 2 · " in second


def test_hundreds_of_results_are_not_counted_to_the_end(many: Visitor) -> None:
    assert "More than 200 articles about" in says(many.get("/search?q=peeling").text)
    last = many.get("/search?q=peeling&page=17")
    assert last.text.count("<h3>") == 8
    assert 'rel="next"' not in last.text
    assert many.get("/search?q=peeling&page=18").status_code == 404


@pytest.mark.parametrize(
    "page",
    ["0", "01", "02", "3", "-2", "2.0", "٢", "x", "", "99", "999999999999", "2%20", "2&page=2"],
)
def test_a_page_that_is_none_is_not_found(many: Visitor, page: str) -> None:
    assert many.get(f"/search?q=waxing&page={page}").status_code == 404


@pytest.mark.parametrize("query", ["q=cold&q=needles", "q=cold&q=cold", "q&q", "q=cold&page=2&q="])
def test_two_questions_at_once_are_none(browser: Visitor, query: str) -> None:
    answer = browser.get(f"/search?{query}")
    assert answer.status_code == 404
    assert "The address says “q” more than once." in says(answer.text)


def test_the_first_page_has_one_address(browser: Visitor) -> None:
    answer = browser.get("/search?q=cold+caf%C3%A9+%26+%3D&page=1")
    assert (answer.status_code, answer.headers["Location"]) == (
        301,
        "/search?q=cold%20caf%C3%A9%20%26%20%3D",
    )


def test_a_search_is_kept_in_no_shared_cache_and_no_search_engine(browser: Visitor) -> None:
    browser.client.set_cookie("blog_reader", "a token", domain="127.0.0.1")
    for path in ("/search", "/search?q=cold", "/search?q=zzzzz", "/search?q=" + "a" * 201):
        answer = browser.get(path)
        assert answer.headers["Cache-Control"] == FOR_ONE
        assert '<meta name="robots" content="noindex">' in answer.text
        assert "Set-Cookie" not in answer.headers


def test_what_was_forgiven_is_said(browser: Visitor) -> None:
    page = says(browser.get("/search?q=microneedeling").text)
    assert "No article holds “ microneedeling ”; these come close, with “ microneedling ”." in page
    assert "1 article about “ microneedling ”" in page
    page = says(browser.get("/search?q=cold+needles").text)
    assert "No article holds all of these words; these hold some of them." in page
    page = says(browser.get("/search?q=coold+needles").text)
    assert "these come close, with “ cold needles ” or some of it." in page


def test_where_nothing_is_found_there_is_something_to_go_on_with(browser: Visitor) -> None:
    for path in ("/search", "/search?q=zzzzzzz", "/search?q=" + "a" * 201):
        page = browser.get(path).text
        assert 'href="/topics/daily-care"' in page
        assert f'href="/articles/{ARTICLE}"' in page
    assert "Topics" not in says(browser.get("/search?q=cold").text)


def test_topics_to_go_on_with_are_those_with_most_articles(browser: Visitor, shelf: Shelf) -> None:
    for number in range(10):
        shelf.put(f"n{number}", topics=f"[Daily care, Number {number}]")
    shelf.sync()
    found = re.findall(r'<li><a href="/topics/([^"]+)"', browser.get("/search").text)
    assert found == ["daily-care", *(f"number-{number}" for number in range(7))]


def test_an_empty_site_says_so_and_no_more(browser: Visitor) -> None:
    with browser.client.application.app_context(), db.writing():
        db.session.execute(update(Article).values(status="draft"))
        db.session.execute(update(ArticleTopic).values(public_from=None))
    page = browser.get("/search?q=cold").text
    assert "Nothing found for" in page
    assert "Topics" not in says(page)
    assert "Newest articles" not in page
