"""Finding enquiries: by folder, filter and words, without a look at every row."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from blog import config, db, enquiries
from blog.enquiries import Enquiry, Folder, State, inbox
from blog.enquiries.inbox import Choice, Whose
from tests.cast import CLOCK
from tests.enquiring import HELD, ask, enquiry, user

pytestmark = pytest.mark.usefixtures("at_work")

DAY = timedelta(days=1)


def change(reference: str, **columns: Any) -> None:
    with db.writing():
        found = enquiry(reference)
        for name, value in columns.items():
            setattr(found, name, value)


def found(*, below: int | None = None, limit: int = 51, **choice: Any) -> list[str]:
    """What is chosen, of all that is genuine where nothing else is said."""
    chosen = inbox.choose(
        Choice(**{"folder": Folder.ALL} | choice), now=CLOCK, below=below, limit=limit
    )
    return [each.reference for each in inbox.load(chosen.ids)]


def test_each_enquiry_is_in_the_folder_of_its_state_and_suspected_ones_by_themselves() -> None:
    references = {state: ask(f"No {state}") for state in State}
    for state, reference in references.items():
        change(reference, state=state)
    suspected = ask("Buy", verdict=HELD)
    for state, reference in references.items():
        assert found(folder=Folder(state.value)) == [reference]
    assert found() == list(references.values())[::-1]
    assert found(folder=Folder.SUSPECTED) == [suspected]
    numbers = inbox.counts(now=CLOCK)
    assert numbers == dict.fromkeys(Folder, 1) | {Folder.ALL: 5, Folder.UNANSWERED: 0}
    assert enquiries.count_in(Folder.ALL) == 5


def test_older_ones_are_those_before_one() -> None:
    references = [ask(f"No {number}") for number in range(3)]
    middle = enquiry(references[1]).id
    assert found(below=middle) == references[:1]
    assert [each.reference for each in enquiries.in_folder(Folder.NEW, before=middle)] == found(
        folder=Folder.NEW, below=middle
    )
    assert found(limit=2) == references[:0:-1]


def test_a_folder_is_counted_no_farther_than_a_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "COUNTED_TO", 2)
    for number in range(3):
        ask(f"No {number}")
    assert enquiries.count_in(Folder.NEW) == 2


@pytest.mark.parametrize(
    "words",
    [
        "lerato",
        "MOKOENA ler",
        "léráto",
        "lerato@reader.example",
        "Lerato@Reader.Example",
        "reader.ex",
        "082 555 0134",
        "082-555-0134",
        "+27 82 555 0134",
        "5550134",
        "saturday",
        "diabetes",
        "REFERENCE",
        "REFERENCE WITHOUT ITS HYPHEN",
    ],
)
def test_words_are_found_wherever_they_stand_also_in_what_is_masked(words: str) -> None:
    reference = ask(
        "I have diabetes. Is Saturday possible?",
        name="Lerató Mokoena",
        phone="+27825550134",
        phone_typed="082 555-0134",
    )
    ask("Another", name="Grace", email="grace@other.example")
    typed = {
        "REFERENCE": reference.lower(),
        "REFERENCE WITHOUT ITS HYPHEN": reference.replace("-", ""),
    }
    assert found(words=typed.get(words, words)) == [reference]


@pytest.mark.parametrize(
    "words", ["thabo", "lerato thabo", "%", "_", "'", "083 555 0134", "\u0301"]
)
def test_what_nobody_wrote_is_not_found(words: str) -> None:
    ask(phone="+27825550134", phone_typed="082 555 0134")
    assert found(words=words) == []


def test_an_address_is_found_in_its_folder_alone() -> None:
    ask()
    assert found(words="lerato@reader.example", folder=Folder.CLOSED) == []


def test_filters_leave_what_fits_all_of_them() -> None:
    me = user().id
    mine, other = ask("Mine"), ask("Not mine", topic="Mesotherapy")
    old = ask("Old", days_ago=9)
    change(mine, assigned_to_id=me)
    assert found(topic="Mesotherapy") == [other]
    assert found(whose=Whose.MINE, me=me) == [mine]
    assert found(whose=Whose.NOBODYS, me=me) == [old, other]
    change(old, topic="Mesotherapy")
    assert found(whose=Whose.NOBODYS, topic="Mesotherapy", words="old") == [old]


def test_since_a_day_means_from_its_beginning() -> None:
    ask("Before", days_ago=2)
    on, after = ask("On", days_ago=1), ask("After")
    assert found(since=CLOCK - DAY) == [after, on]


def test_only_the_newest_are_looked_through_for_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "LOOKED_THROUGH", 2)
    wanted = ask("Wanted")
    others = [ask(f"No {number}") for number in range(2)]
    choice = Choice(folder=Folder.ALL, words="wanted")
    first = inbox.choose(choice, now=CLOCK, limit=5)
    assert (first.ids, first.looked_to) == ([], enquiry(others[0]).id)
    rest = inbox.choose(choice, now=CLOCK, below=first.looked_to, limit=5)
    assert (rest.ids, rest.looked_to) == ([enquiry(wanted).id], None)
    # One that is named exactly is found however long ago it came.
    assert found(words=wanted) == [wanted]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_everything_is_gone_through_a_batch_at_a_time(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(inbox, "BATCH", size)
    monkeypatch.setattr(inbox, "LOOKED_THROUGH", 2)
    references = [ask(f"No {number}") for number in range(5)]
    for words in ("", "no"):
        everything = inbox.everything(Choice(folder=Folder.ALL, words=words), now=CLOCK)
        assert [each.reference for each in everything] == references[::-1]


def late(**columns: Any) -> list[int]:
    """How late one is that came three days ago, by itself, by the folder and by the count."""
    reference = ask(days_ago=3)
    change(reference, **columns)
    ask("Fresh", days_ago=1.9)
    each = enquiry(reference)
    return [
        inbox.days_unanswered(each, now=CLOCK),
        len(found(folder=Folder.UNANSWERED)),
        enquiries.unanswered(now=CLOCK),
    ]


@pytest.mark.parametrize("state", [State.NEW, State.SEEN])
def test_what_nobody_answered_for_days_is_late(state: State) -> None:
    assert late(state=state) == [3, 1, 1]


@pytest.mark.parametrize(
    "columns",
    [
        {"state": State.WAITING},
        {"state": State.ANSWERED},
        {"state": State.CLOSED},
        {"is_suspected": True},
        {"state": State.SEEN, "answered_at": CLOCK - 2 * DAY, "state_changed_at": CLOCK - DAY},
    ],
)
def test_what_was_dealt_with_is_not_late(columns: dict[str, Any]) -> None:
    assert late(**columns) == [0, 0, 0]


def test_what_was_answered_and_opened_again_is_late_from_then_on() -> None:
    opened = {"answered_at": CLOCK - 3 * DAY, "state_changed_at": CLOCK - 2 * DAY}
    assert late(state=State.SEEN, **opened) == [2, 1, 1]


def test_late_ones_of_both_states_come_in_one_order() -> None:
    references = [ask(f"No {number}", days_ago=9 - number) for number in range(4)]
    for reference in references[::2]:
        change(reference, state=State.SEEN)
    assert found(folder=Folder.UNANSWERED, limit=3) == references[:0:-1]
    assert found(folder=Folder.UNANSWERED, words="no") == references[::-1]


def test_how_many_days_are_too_many_is_a_setting(make_app: Callable[..., Flask]) -> None:
    ask(days_ago=3)
    with make_app(enquiry_remind_days="4").app_context():
        assert config.current().enquiry_remind_days == 4
        assert enquiries.unanswered(now=CLOCK) == 0


def test_an_enquiry_is_found_with_all_that_happened_to_it() -> None:
    reference = ask()
    each = inbox.whole(reference)
    assert isinstance(each, Enquiry)
    assert inbox.whole("NONE-SUCH") is None
