"""Learning afterwards from what was decided before, or elsewhere."""

from datetime import timedelta
from typing import Any

import pytest

from blog import accounts, comments, db
from blog.comments import Comment, CommentState, arrival, learning, schooling
from blog.comments.learning import CommentLesson
from blog.spam import Reason, Verdict
from tests.cast import AUTHOR, CLOCK, arrived, article

pytestmark = pytest.mark.usefixtures("at_work")

DAY = timedelta(days=1)
IMPORTED = [Reason("import", "imported from Disqus").as_row()]


def stored(body: str, **values: Any) -> int:
    """A comment of an older time, with what its row says otherwise."""
    draft = comments.compose(article(), name="Nomsa", body=body, parent_id=None)
    with db.writing():
        comment_id = arrival.submit(arrived(draft, verdict=Verdict(())), now=CLOCK)
        comment = db.session.get_one(Comment, comment_id)
        for name, value in values.items():
            setattr(comment, name, value)
    return comment_id


def learn() -> list[tuple[int, int]]:
    db.session.rollback()
    return list(schooling.learn())


def lessons() -> list[tuple[int, bool]]:
    """Which comments were learnt, in turn."""
    db.session.rollback()
    rows = db.session.query(CommentLesson).order_by(CommentLesson.number)
    return [(row.comment_id, row.is_spam) for row in rows]


def test_decisions_are_learnt_oldest_first_in_parts_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schooling, "BATCH", 2)
    new = stored("Thank you, very clear.", decided_at=CLOCK)
    spam = stored("Cheap pills", state=CommentState.SPAM, decided_at=CLOCK, created_at=CLOCK - DAY)
    old = stored("How long?", reasons=IMPORTED, created_at=CLOCK - 2 * DAY)
    assert schooling.count() == 3
    assert learn() == [(2, 2), (1, 1)]
    assert lessons() == [(old, False), (spam, True), (new, False)]
    found = learning.export()
    assert learn() == [(2, 0), (1, 0)]
    assert learning.export() == found


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"decided_at": CLOCK, "edited_at": CLOCK + DAY},
        {"decided_at": CLOCK, "edited_at": CLOCK, "state": CommentState.SPAM},
        {"decided_at": CLOCK, "state": CommentState.REJECTED},
        {"reasons": IMPORTED, "state": CommentState.PENDING},
    ],
)
def test_what_nobody_judged_teaches_nothing(values: dict[str, Any]) -> None:
    stored("Thank you, very clear.", **values)
    learn()
    assert lessons() == []


def test_what_the_author_wrote_and_edits_teach_nothing() -> None:
    by = accounts.by_email(AUTHOR.email)
    assert by
    one = stored("Six weeks.", decided_at=CLOCK, author_user_id=by.id)
    stored("Eight weeks.", decided_at=CLOCK, edit_of_id=one)
    learn()
    assert lessons() == []


def test_what_was_decided_otherwise_meanwhile_is_not_learnt() -> None:
    one = stored("Thank you, very clear.", decided_at=CLOCK)
    other = stored("Cheap pills", decided_at=CLOCK)
    assert schooling.learn_some([one, other]) == 2
    assert lessons() == [(one, False), (other, False)]
    stored("How long?", decided_at=CLOCK)
    with db.writing():
        comments.by_ids([other])[0].reject(by=None, now=CLOCK)
    assert schooling.learn_some([other]) == 0
    assert lessons() == [(one, False)]
