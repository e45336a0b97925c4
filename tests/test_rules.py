"""Rules of the author's own: what they match, what they did before, and the page to make them."""

import threading
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from blog import accounts, articles, comments, db, journal, markup
from blog.accounts import User
from blog.comments import Comment, CommentState, arrival, rules
from blog.comments.arrival import Sender, arrive
from blog.comments.rules import RuleKind, Said, Trial
from blog.errors import Forbidden, Invalid
from blog.spam import Answer
from tests.cast import ARTICLE, AUTHOR, CLOCK, Clock, Visitor, at_once

MakeApp = Callable[..., Flask]
PAGE = "/admin/rules"
HELD = {"kind": "word", "pattern": "casino", "answer": "hold", "note": "", "days": ""}


def said(text: str, *, name: str = "Nomsa", email: str | None = None) -> Said:
    html = markup.render_comment(text)
    return Said.of(name, markup.plain_text(html), html, email)


# What a rule matches


@pytest.mark.parametrize(
    ("pattern", "text", "is_met"),
    [
        ("casino", "Visit my Casino!", True),
        ("casino", "Visit my CА\u200bSІN0 today", True),
        ("casino", "casinos are fun", False),
        ("casino*", "casinos are fun", True),
        ("casino*", "mycasino is fun", False),
        ("cheap pills", "Buy cheap, pills here", True),
        ("cheap pills", "cheap good pills", False),
        ("cheap pills", "cheap\npills", True),
        ("ass", "the class of the assessor", False),
        ("casino", "my _casino_, my cas**i**no", True),
        ("casino", "my c&#97;sino", True),
        ("casino", "my c.a.s.i.n.o!", True),
        ("casino", "c a s i n o b o n u s", True),
        ("casino", "С-A-$-І-N-0", True),
        ("cinema*", "c i n e m a", True),
        ("cheap pills", "c h e a p pills", True),
        ("cas", "c a s i n o", False),
        ("casino", "ca si no", False),
        ("vitamin a b c", "vitamin a b c", True),
    ],
)
def test_words_match_whole_whatever_letters_they_are_written_with(
    pattern: str, text: str, is_met: bool
) -> None:
    assert rules.matches(RuleKind.WORD, pattern, said(text)) == is_met


@pytest.mark.parametrize(
    ("text", "email", "is_met"),
    [
        ("see https://spam.example/x", None, True),
        ("see www.SPAM.example", None, True),
        ("see [this](http://deals.spam.example/)", None, True),
        ("see **spam**.example", None, True),
        (f"see {'a.' * 50}spam.example", None, True),
        ("hello", "me@mail.spam.example", True),
        ("see https://notspam.example and spam.example.org", None, False),
        ("spam example", None, False),
    ],
)
def test_a_domain_matches_itself_and_what_is_below_it(
    text: str, email: str | None, is_met: bool
) -> None:
    assert rules.matches(RuleKind.DOMAIN, "spam.example", said(text, email=email)) == is_met


def test_a_name_is_looked_at_like_a_text_and_makes_no_phrase_with_it() -> None:
    found = said("pills are cheap", name="Casino at spam.example, cheap")
    assert rules.matches(RuleKind.WORD, "casino", found)
    assert rules.matches(RuleKind.DOMAIN, "spam.example", found)
    assert not rules.matches(RuleKind.WORD, "cheap pills", found)


@pytest.mark.parametrize(
    ("email", "is_met"), [("Bob@Spam.example", True), ("bob@x.example", False), (None, False)]
)
def test_an_address_matches_itself(email: str | None, is_met: bool) -> None:
    found = rules.matches(RuleKind.ADDRESS, "bob@spam.example", said("hi", email=email))
    assert found == is_met


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        (RuleKind.WORD, "a"),
        (RuleKind.WORD, "* …"),
        (RuleKind.DOMAIN, "spam"),
        (RuleKind.DOMAIN, "https://spam.example/"),
        (RuleKind.DOMAIN, "spam example.org"),
        (RuleKind.ADDRESS, "spam.example"),
        (RuleKind.ADDRESS, "@spam.example"),
        (RuleKind.ADDRESS, "a@b@c.example"),
    ],
)
def test_a_pattern_that_would_match_all_or_nothing_is_refused(kind: RuleKind, pattern: str) -> None:
    with pytest.raises(Invalid, match="Please give"):
        rules.normal(kind, pattern)


def test_the_longest_text_is_searched_in_a_moment() -> None:
    for text in ("a." * 2_500, "a-" * 2_500, "casino " * 700):
        assert rules.matches(RuleKind.DOMAIN, "spam.example", said(text)) is False


# What it does


def user() -> User:
    found = accounts.by_email(AUTHOR.email)
    assert found
    return found


def add(pattern: str = "casino", answer: Answer = Answer.HOLD, **more: Any) -> rules.CommentRule:
    usual: dict[str, Any] = {"note": "", "days": None, "by": user(), "now": CLOCK}
    kind = more.pop("kind", RuleKind.WORD)
    with db.writing():
        return rules.add(kind, pattern, answer, **usual | more)


def send(body: str, *, later: timedelta = timedelta()) -> Comment:
    article = articles.by_id(ARTICLE)
    assert article
    who, at = Sender(client_hash="client", reader_hash="browser"), CLOCK + later
    arrived = arrive(article, who, name="Nomsa", body=body, now=at)
    with db.writing():
        comment_id = arrival.submit(arrived, now=at)
    found = comments.by_id(comment_id)
    assert found
    return found


@pytest.mark.parametrize(
    ("answer", "state"), [(Answer.HOLD, CommentState.PENDING), (Answer.SPAM, CommentState.SPAM)]
)
def test_a_rule_decides_and_says_so(make_app: MakeApp, answer: Answer, state: CommentState) -> None:
    with make_app(comments="post").app_context():
        rule = add(answer=answer, note="asked for by Mia")
        comment = send("Visit my casino")
        assert comment.state == state
        assert "“casino”, asked for by Mia" in [row["words"] for row in comment.reasons]
        assert send("Visit my clinic").state == CommentState.APPROVED
        assert (rule.hits, rule.hit_at) == (1, CLOCK)


def test_a_comment_turned_away_is_told_why_and_counted(at_work: None) -> None:
    rule = add(answer=Answer.REJECT)
    with pytest.raises(Invalid) as refused:
        send("Visit my casino")
    assert refused.value.fields == {"body": "This site takes no comment with “casino”."}
    assert comments.counts()["pending"] == 0
    db.session.refresh(rule)
    assert rule.hits == 1


def test_a_rule_ends_by_itself(at_work: None) -> None:
    rule = add(days=2)
    assert send("Visit my casino", later=timedelta(days=1)).reasons[1]["step"] == "rule"
    late = send("Visit our casino", later=timedelta(days=2))
    assert "rule" not in [row["step"] for row in late.reasons]
    assert rules.every(now=CLOCK + timedelta(days=1)) == [rule]
    assert rules.every(now=CLOCK + timedelta(days=2)) == []
    again = add(now=CLOCK + timedelta(days=2))
    assert rules.every(now=CLOCK) == [again]
    assert again.hits == 0


def test_a_rule_made_twice_is_one_as_it_was_made_last(at_work: None) -> None:
    add()
    again = add(" CASINO ", Answer.SPAM, note="worse")
    (rule,) = rules.every(now=CLOCK)
    assert (rule, rule.answer, rule.note, rule.hits) == (again, Answer.SPAM, "worse", 0)


def test_two_who_make_the_same_rule_at_one_moment_make_one(app: Flask, at_work: None) -> None:
    user()
    db.session.rollback()
    # Both have looked before either stores it.
    together = threading.Barrier(2)

    def make(note: str) -> str:
        with db.writing():
            by = user()
            if db.db.engine.dialect.name == "postgresql":
                together.wait(timeout=10)
            made: dict[str, Any] = {"note": note, "days": None, "by": by, "now": CLOCK}
            return rules.add(RuleKind.WORD, "casino", Answer.HOLD, **made).pattern

    assert at_once(app, lambda: make("one"), lambda: make("two")) == ["casino"] * 2
    (rule,) = rules.every(now=CLOCK)
    assert rule.note in ("one", "two")


def test_rules_are_no_more_than_can_be_looked_through(at_work: None) -> None:
    rows = [
        rules.CommentRule(
            kind=RuleKind.WORD,
            pattern=f"word {number}",
            answer=Answer.HOLD,
            note="",
            created_at=CLOCK,
            created_by_id=user().id,
        )
        for number in range(rules.RULES_MAX)
    ]
    with db.writing():
        db.session.add_all(rows)
    with pytest.raises(Invalid, match="500 rules"):
        add("one more")
    assert add("word 7", Answer.SPAM).answer == Answer.SPAM


def test_a_rule_can_be_removed_once(at_work: None) -> None:
    rule_id = add().id
    for is_gone in (True, False):
        with db.writing():
            assert rules.remove(rule_id, by=user(), now=CLOCK) == is_gone
    assert rules.every(now=CLOCK) == []
    assert [line.verb for line in journal.recent()] == ["removed", "made"]


def test_who_may_not_moderate_makes_no_rule(at_work: None) -> None:
    nobody = User(email="x@y.example", name="X", role="reader", password_hash="")
    with pytest.raises(Forbidden):
        rules.remove(1, by=nobody, now=CLOCK)
    with pytest.raises(Forbidden):
        rules.add(RuleKind.WORD, "casino", Answer.HOLD, note="", days=None, by=nobody, now=CLOCK)


def test_a_rule_is_tried_on_what_was_decided_before(at_work: None) -> None:
    sent = [send(f"Number {number}: my casino was fun") for number in range(4)]
    with db.writing():
        sent[0].approve(by=None, now=CLOCK)
        sent[1].mark_spam(by=None, now=CLOCK)
        sent[2].reject(by=None, now=CLOCK)
    assert rules.try_out(RuleKind.WORD, "casino") == Trial(looked_at=3, hit=3, approved=1)
    assert rules.try_out(RuleKind.WORD, "poker") == Trial(looked_at=3, hit=0, approved=0)


def test_of_long_comments_fewer_are_looked_at(
    at_work: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [send(f"My casino {number} " + "fun " * 20) for number in range(3)]
    with db.writing():
        for each in sent:
            each.approve(by=None, now=CLOCK)
    monkeypatch.setattr(rules, "TRIED_ON_CHARS", 250)
    assert rules.try_out(RuleKind.WORD, "casino") == Trial(looked_at=2, hit=2, approved=2)


# The page


def test_a_rule_is_tried_then_made_then_removed(
    clock: Clock, app: Flask, reader: Visitor, author: Visitor
) -> None:
    assert "No rules yet" in author.get(PAGE).text
    reader.comment("Visit my casino")
    author.press("/admin/comments", "/admin/comments/1/approval")
    filled = author.form(PAGE, PAGE) | HELD
    tried = author.post(PAGE, filled)
    assert tried.status_code == 200
    said = "This would have held 1 of your last 1 decided comment, 1 of which you approved."
    assert said in unescape(tried.text)
    assert "No rules yet" in tried.text
    made = author.post(PAGE, filled | {"make": "yes", "days": "30", "note": "for <Mia>"})
    assert made.status_code == 303
    page = author.get(PAGE).text
    assert "The rule for “casino” is made." in page
    assert "for &lt;Mia&gt;" in page
    assert "until 3 June 2026" in unescape(page).replace("\u00a0", " ")
    assert "Not met yet" in page
    reader.comment("My second casino")
    assert "Met 1 time" in author.get(PAGE).text
    author.press(PAGE, f"{PAGE}/1/removal")
    assert "The rule is removed." in author.get(PAGE).text
    author.press("/admin/account", f"{PAGE}/1/removal")
    assert "That rule was gone already." in author.get(PAGE).text
    no_row = f"{PAGE}/{2**31}/removal"
    assert author.post(no_row, author.form("/admin/account", "/admin/sign-out")).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"pattern": ""}, "Please write what to look for."),
        ({"pattern": "a"}, "two letters at least"),
        ({"pattern": "x" * 101}, "at most 100 characters"),
        ({"pattern": "ß" * 51}, "at most 100 characters"),
        ({"pattern": "a\u2028b"}, "leave out line breaks"),
        ({"kind": "domain", "pattern": "spam"}, "domain alone"),
        ({"note": "x" * 201}, "at most 200 characters"),
        ({"days": "soon"}, "whole number of days"),
        ({"days": "0"}, "whole number of days"),
        ({"days": "99999"}, "whole number of days"),
        ({"days": "9" * 5_000}, "whole number of days"),
        ({"days": "0" * 8 + "1" + "9" * 20}, "whole number of days"),
        ({"answer": "delete"}, "Not a valid choice"),
        ({"kind": "regex"}, "Not a valid choice"),
    ],
)
def test_a_rule_that_does_not_fit_is_given_back(
    author: Visitor, wrong: dict[str, str], sentence: str
) -> None:
    filled = author.form(PAGE, PAGE) | HELD | {"make": "yes"} | wrong
    answer = author.post(PAGE, filled)
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert "<title>Error:" in answer.text


def test_the_trial_says_what_there_was_to_try_it_on(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    def tried(**words: str) -> str:
        return unescape(author.post(PAGE, author.form(PAGE, PAGE) | HELD | words).text)

    assert "No comment has been decided yet" in tried()
    reader.comment("Visit my casino")
    author.press("/admin/comments", "/admin/comments/1/spam")
    assert "put into spam 1 of your last 1 decided comment, none of which you approved" in tried(
        answer="spam"
    )
    said = "This would have turned away none of your last 1 decided comment."
    assert said in tried(answer="reject", pattern="poker")


def test_only_who_is_signed_in_sees_rules(reader: Visitor) -> None:
    assert reader.get(PAGE).status_code == 303
    assert reader.post(PAGE, HELD).status_code == 401
