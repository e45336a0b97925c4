"""What a moderator chooses to look at, and how far it is looked for."""

from datetime import timedelta
from typing import Any

import pytest

from blog import accounts, articles, comments, db
from blog.comments import Comment, CommentState, arrival, policy, queue
from blog.comments.queue import Choice, Chosen
from blog.spam import Answer, Reason, Verdict
from tests.cast import ARTICLE, CLOCK, SECOND, arrived

pytestmark = pytest.mark.usefixtures("at_work")

PENDING, SPAM = CommentState.PENDING, CommentState.SPAM
LINK = Reason("links", "1 link", answer=Answer.HOLD)
NO_LINK = Reason("links", "no links")


def say(
    body: str = "Thank you.",
    *,
    on: str = ARTICLE,
    name: str = "Nomsa",
    email: str = "",
    reason: Reason = NO_LINK,
    days: int = 0,
    state: CommentState = PENDING,
) -> int:
    """Store one comment, some days before now; gives its id."""
    article = articles.by_id(on)
    assert article
    draft = comments.compose(article, name=name, body=body, email=email, parent_id=None)
    waits = Reason("mode", "", answer=Answer.HOLD)
    arrival_ = arrived(draft, verdict=Verdict((reason, waits)), client=body[:30])
    with db.writing():
        comment_id = arrival.submit(arrival_, now=CLOCK - timedelta(days=days))
        comment = comments.by_id(comment_id)
        assert comment
        comment.state = state
    return comment_id


def chosen(limit: int = 100, enough: int = 0, **by: Any) -> Chosen:
    choice = Choice(**({"state": PENDING} | by))
    return queue.choose(choice, limit=limit, enough=enough)


def ids(**by: Any) -> list[int]:
    return list(chosen(**by).ids)


def test_a_state_is_listed_newest_first_and_from_below_an_id() -> None:
    first, second, third = say("One"), say("Two"), say("Three")
    say("Spam", state=SPAM)
    assert ids() == [third, second, first]
    assert ids(limit=2) == [third, second]
    assert queue.choose(Choice(state=PENDING), below=third, limit=9).ids == [second, first]


def test_each_filter_and_all_together() -> None:
    old = say("Old", days=3)
    elsewhere = say("Elsewhere", on=SECOND)
    linked = say("See this", reason=LINK)
    both = say("See that", on=SECOND, reason=LINK)
    assert ids(article_id=SECOND) == [both, elsewhere]
    assert ids(reason="links") == [both, linked]
    assert ids(since=CLOCK - timedelta(days=1)) == [both, linked, elsewhere]
    assert ids(since=CLOCK - timedelta(days=9)) == [both, linked, elsewhere, old]
    assert ids(since=CLOCK + timedelta(days=1)) == []
    everything: dict[str, Any] = {
        "article_id": SECOND,
        "reason": "links",
        "since": CLOCK,
        "words": "see",
    }
    assert ids(**everything) == [both]
    assert ids(**everything, state=SPAM) == []
    assert ids(article_id="no such article") == []


def test_what_was_imported_with_its_own_date_is_no_later_for_its_number() -> None:
    new = say("New")
    say("Imported", days=30)
    assert ids(since=CLOCK - timedelta(days=1)) == [new]


@pytest.mark.parametrize("limit", [1, 2])
def test_too_many_times_are_not_looked_at(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(queue, "_TIMES", limit)
    say("Old", days=3)
    new = [say("New"), say("Newer")]
    assert ids(since=CLOCK) == new[::-1]


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("retinol", True),
        ("RETIN", True),
        ("café", True),
        ("cafe", True),
        ("nomsa", True),
        ("Nomsa retinol", True),
        ("lerato@reader.example", True),
        ("reader.exa", True),
        ("retinol serum", False),
        ("etinol", False),
        ("tino café", False),
        ("viagra", True),
        ("\"' OR 1=1 --", False),
        ("%", False),
        ("_", False),
        ("…", False),
        ("retinol " * 50, True),
    ],
)
@pytest.mark.parametrize("looked_through", [1, 100])
def test_words_names_and_addresses_are_found_however_they_are_typed(
    monkeypatch: pytest.MonkeyPatch, typed: str, finds: bool, looked_through: int
) -> None:
    monkeypatch.setattr(queue, "LOOKED_THROUGH", looked_through)
    cyrillic = "v\u0456agr\u0430"
    wanted = say(f"Retinol at the Café and {cyrillic}", email="lerato@reader.example")
    say("Nothing of the kind", name="Pieter")
    assert ids(words=typed) == ([wanted] if finds else [])


def test_words_in_a_script_without_spaces_are_found() -> None:
    wanted = say("皮肤护理很好")
    assert ids(words="护理") == [wanted]


def test_what_is_common_is_looked_for_among_the_newest_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "LOOKED_THROUGH", 2)
    monkeypatch.setattr(queue, "RARE", 1)
    rare = say("Skin and retinol")
    numbers = [say(f"Skin and words, {number}") for number in range(4)]
    assert chosen(words="skin") == Chosen(numbers[:1:-1], looked_to=numbers[2])
    assert chosen(words="skin wor") == Chosen(numbers[:1:-1], looked_to=numbers[2])
    assert chosen(words="ski") == Chosen(numbers[:1:-1], looked_to=numbers[2])
    assert chosen(words="retinol") == Chosen([rare])
    assert chosen(words="retinol sk") == Chosen([rare])
    assert chosen(words="skin retin") == Chosen([rare])
    assert chosen(words="skin", limit=2) == Chosen(numbers[:1:-1])
    assert chosen(words="retinol", state=SPAM) == Chosen([])


def test_older_ones_are_not_looked_for_once_there_are_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "LOOKED_THROUGH", 2)
    first, second, third = say("Retinol"), say("Retinol too"), say("No")
    assert chosen(words="retinol", enough=1) == Chosen([second], looked_to=second)
    assert chosen(words="retinol", enough=2) == Chosen([second, first])
    assert chosen(words="retinol", article_id=ARTICLE) == Chosen([second, first])
    assert chosen(reason="links") == Chosen([], looked_to=second)
    assert third


def test_the_others_of_some_words_may_be_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "LOOKED_THROUGH", 1)
    monkeypatch.setattr(queue, "RARE", 2)
    wanted = say("Calm skin and retinol")
    for number in range(4):
        say(f"Calm skin, {number}")
    assert chosen(words="calm skin retinol") == Chosen([wanted])
    assert chosen(words="calm skin reti") == Chosen([wanted])


def test_every_step_that_holds_has_its_words() -> None:
    steps = {step.__name__.partition("_")[0] for step in policy.STEPS}
    assert set(queue.REASONS) == steps - {"closed", "address", "history"}


def test_a_comment_by_the_author_is_found_too() -> None:
    first = say("Question")
    (author, *_) = accounts.everybody()
    with db.writing():
        (comment,) = comments.by_ids([first])
        comment.approve(by=author, now=CLOCK)
    parent = comments.by_id(first)
    article = articles.by_id(ARTICLE)
    assert parent
    assert article
    draft = comments.compose(article, name=author.name, body="Answered", parent_id=first)
    with db.writing():
        answer = comments.reply(parent, draft, by=author, now=CLOCK)
    assert ids(words="answered", state=CommentState.APPROVED) == [answer.id]


def test_what_is_loaded_is_newest_first() -> None:
    first, second = say("One"), say("Two")
    assert [row.id for row in queue.load([first, second])] == [second, first]
    assert isinstance(queue.load([first])[0], Comment)
