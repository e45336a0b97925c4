"""What the clinic does about enquiries: each act once, undone while it stands, never over another's."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from blog import accounts, articles, db, enquiries, journal, outbox
from blog.accounts import Role
from blog.enquiries import Happening, State, answering
from blog.enquiries.answering import Decision
from blog.errors import Conflict, Forbidden, Invalid, NotFound
from tests.cast import AUTHOR, CLOCK, MODERATOR, Person
from tests.enquiring import HELD, ask, enquiry, user

pytestmark = pytest.mark.usefixtures("at_work")

LATER = CLOCK + timedelta(minutes=5)
MIA = Person("Mia Adams", "mia.adams@clinic.example", "still other words to remember")


def decide(
    *references: str,
    to: Decision,
    at: datetime = CLOCK,
    by: Person = AUTHOR,
    seen: dict[str, str] | None = None,
    batch: str = "click",
) -> list[str]:
    with db.writing():
        return answering.decide(
            references,
            to,
            seen=seen or {},
            site=articles.site(),
            by=user(by),
            now=at,
            batch=batch,
        )


def undo(at: datetime = LATER, *, by: Person = AUTHOR) -> int:
    with db.writing():
        return answering.undo("click", by=user(by), now=at)


def let_in(person: Person = MIA) -> int:
    with db.writing():
        return accounts.add(
            email=person.email, name=person.name, role=Role.ADMIN, password_hash="x", now=CLOCK
        ).id


def said(reference: str) -> list[tuple[str, str]]:
    return [(event.kind, event.words) for event in enquiry(reference).events]


@pytest.mark.parametrize(
    ("decision", "verb", "line"),
    [
        (Decision.SEEN, "marked as seen", ("seen", "seen")),
        (Decision.WAITING, "put aside", ("state", "waiting")),
        (Decision.ANSWERED, "answered", ("state", "answered")),
        (Decision.CLOSED, "closed", ("state", "closed")),
        (Decision.SUSPECTED, "marked as suspected", ("suspected", "")),
    ],
)
def test_each_decision_is_told_once_in_the_journal_and_in_the_enquirys_history(
    decision: Decision, verb: str, line: tuple[str, str]
) -> None:
    reference = ask()
    before = enquiry(reference).mark
    for _ in range(2):
        assert decide(reference, to=decision, at=LATER) == []
    assert said(reference) == [line]
    assert enquiry(reference).mark != before
    assert [(each.verb, each.thing_id) for each in journal.recent()] == [(verb, reference)]


def test_what_turns_out_genuine_is_mailed_after_all_and_once() -> None:
    reference = ask(verdict=HELD)
    assert outbox.recent() == []
    for to in (Decision.GENUINE, Decision.SUSPECTED, Decision.GENUINE):
        decide(reference, to=to)
    (mail,) = outbox.recent()
    assert enquiry(reference).mail == mail
    assert reference in mail.subject


def test_what_is_genuine_leaves_the_suspected_ones() -> None:
    reference = ask(verdict=HELD)
    decide(reference, to=Decision.GENUINE)
    assert not enquiry(reference).is_suspected
    assert said(reference) == [("genuine", "")]


@pytest.mark.parametrize("decision", [Decision.WAITING, Decision.ANSWERED, Decision.CLOSED])
def test_what_was_done_with_can_be_opened_again(decision: Decision) -> None:
    reference = ask()
    decide(reference, to=decision)
    decide(reference, to=Decision.SEEN)
    assert enquiry(reference).state == State.SEEN
    assert journal.recent()[0].verb == "reopened"


def test_a_decision_leaves_alone_what_somebody_else_changed_meanwhile() -> None:
    first, second = ask(), ask("Another")
    seen = {each: enquiry(each).mark for each in (first, second)}
    decide(first, to=Decision.ANSWERED, at=LATER)
    assert decide(first, second, "NONE-SUCH", to=Decision.CLOSED, seen=seen) == [first]
    assert enquiry(first).state == State.ANSWERED
    assert enquiry(second).state == State.CLOSED


def test_a_click_is_undone_whole_and_once() -> None:
    first, second = ask(), ask("Another")
    decide(second, to=Decision.SEEN, at=CLOCK - timedelta(minutes=1), batch="before")
    decide(first, second, to=Decision.ANSWERED)
    assert enquiry(first).answered_at == CLOCK
    assert undo() == 2
    assert [enquiry(each).state for each in (first, second)] == [State.NEW, State.SEEN]
    assert (enquiry(first).seen_at, enquiry(first).answered_at) == (None, None)
    assert enquiry(second).seen_at is not None
    assert undo() == 0
    assert said(first)[-1] == ("state", "new")


def test_what_was_taken_for_spam_is_put_back_by_an_undo_as_well() -> None:
    reference = ask()
    decide(reference, to=Decision.SUSPECTED)
    assert undo() == 1
    assert not enquiry(reference).is_suspected
    assert undo(CLOCK) == 0


def test_an_undo_leaves_what_somebody_did_since() -> None:
    reference = ask()
    decide(reference, to=Decision.CLOSED)
    decide(reference, to=Decision.WAITING, at=LATER, batch="another")
    assert undo() == 0
    assert enquiry(reference).state == State.WAITING


def test_an_undo_at_the_moment_of_the_click_is_counted_once() -> None:
    reference = ask()
    decide(reference, to=Decision.CLOSED)
    assert [undo(CLOCK), undo(CLOCK)] == [1, 0]


def test_an_undo_comes_too_late_after_ten_minutes_and_for_no_click_at_all() -> None:
    for_nothing = "can’t be undone any more"
    with pytest.raises(Conflict, match=for_nothing):
        undo()
    decide(ask(), to=Decision.CLOSED)
    with pytest.raises(Conflict, match=for_nothing):
        undo(CLOCK + timedelta(minutes=11))


def test_an_enquiry_that_is_gone_is_left_out_of_an_undo() -> None:
    reference = ask()
    decide(reference, to=Decision.CLOSED)
    with db.writing():
        db.session.delete(enquiry(reference))
    assert undo() == 0


def test_who_acts_on_a_new_one_has_seen_it() -> None:
    mia = let_in()
    noted, assigned, closed = ask(), ask("Another"), ask("A third")
    decide(closed, to=Decision.CLOSED)
    with db.writing():
        for reference in (noted, closed):
            answering.note(enquiry(reference), "Rang.", by=user(), now=LATER)
        answering.assign(enquiry(assigned), mia, by=user(), now=LATER)
    assert said(noted) == [("seen", "seen"), ("note", "Rang.")]
    assert said(assigned) == [("seen", "seen"), ("assigned", "Mia Adams")]
    assert said(closed) == [("state", "closed"), ("note", "Rang.")]
    assert "Rang" not in " ".join(f"{line.verb} {line.thing_id}" for line in journal.recent())


def test_an_enquiry_is_somebodys_who_may_read_it_or_nobodys() -> None:
    reference, mia = ask(), let_in()
    moderator = user(MODERATOR).id
    assert answering.people() == {user().id: AUTHOR.name, mia: MIA.name}
    for to in (mia, mia, None):
        with db.writing():
            answering.assign(enquiry(reference), to, by=user(), now=CLOCK)
        assert enquiry(reference).assigned_to_id == to
    for wrong in (moderator, 99_999):
        with pytest.raises(Invalid), db.writing():
            answering.assign(enquiry(reference), wrong, by=user(), now=CLOCK)
    told = [each for each in said(reference) if each[0] == Happening.ASSIGNED]
    assert told == [("assigned", "Mia Adams"), ("assigned", "")]


def test_a_note_is_removed_by_its_writer_alone() -> None:
    let_in()
    reference = ask()
    with db.writing():
        answering.note(enquiry(reference), "Rang.", by=user(), now=CLOCK)
    seen, note = (event.id for event in enquiry(reference).events)
    for number, by in ((note, MIA), (seen, AUTHOR), (99_999, AUTHOR)):
        with pytest.raises(NotFound), db.writing():
            answering.remove_note(enquiry(reference), number, by=user(by), now=CLOCK)
    with db.writing():
        answering.remove_note(enquiry(reference), note, by=user(), now=CLOCK)
    assert said(reference) == [("seen", "seen")]
    assert journal.recent()[0].verb == "removed a note about"


def test_a_moderator_may_do_nothing_to_an_enquiry() -> None:
    reference = ask()
    mia = user(MODERATOR)
    acts: list[Callable[[], object]] = [
        lambda: enquiry(reference).settle(State.CLOSED, by=mia, now=CLOCK),
        lambda: enquiry(reference).suspect(True, by=mia, now=CLOCK),
        lambda: answering.assign(enquiry(reference), None, by=mia, now=CLOCK),
        lambda: answering.note(enquiry(reference), "x", by=mia, now=CLOCK),
        lambda: answering.remove_note(enquiry(reference), 1, by=mia, now=CLOCK),
        lambda: answering.undo("click", by=mia, now=CLOCK),
    ]
    for act in acts:
        with pytest.raises(Forbidden), db.writing():
            act()
    assert enquiries.count_in(enquiries.Folder.NEW) == 1


def test_the_last_decision_about_an_enquiry_is_known() -> None:
    reference = ask()
    assert answering.last_decision(enquiry(reference)) is None
    decide(reference, to=Decision.CLOSED)
    with db.writing():
        answering.note(enquiry(reference), "Rang.", by=user(), now=CLOCK)
    line = answering.last_decision(enquiry(reference))
    assert line
    assert (line.verb, line.batch) == ("closed", "click")


def test_an_unknown_enquiry_can_not_be_changed() -> None:
    with pytest.raises(NotFound), db.writing():
        answering.one_locked("NONE-SUCH")
