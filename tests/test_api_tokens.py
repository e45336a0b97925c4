"""Tokens by which programs act: made, shown once, used, ended, and never worth more than their owner."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from blog import accounts, db, journal, outbox, permissions
from blog.accounts import Role, User
from blog.errors import Invalid
from blog.permissions import Action, Scope
from blog.privacy import retention
from blog.staff import api_tokens, letters, team
from blog.staff.api_tokens import ApiToken
from tests.cast import (
    AUTHOR,
    CLOCK,
    MODERATOR,
    Person,
    at_once,
)

pytestmark = pytest.mark.usefixtures("clock", "at_work")
NOW = CLOCK
DAY = timedelta(days=1)


def user(person: Person = MODERATOR) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found


def make(
    *scopes: Scope, label: str = "Phone", person: Person = MODERATOR, lives_days: int | None = 90
) -> str:
    with db.writing():
        wanted = scopes or (Scope.COMMENTS_READ,)
        how: dict[str, Any] = {"lives_days": lives_days, "by": user(person), "now": NOW}
        return api_tokens.make(user(person), label, wanted, **how)[1]


def opened(secret: str, *, now: datetime = NOW) -> ApiToken | None:
    return api_tokens.opened(secret, now=now)


def there(secret: str) -> ApiToken:
    found = opened(secret)
    assert found
    return found


def test_a_secret_stands_for_its_owner_and_scopes_and_is_not_stored() -> None:
    secret = make(Scope.COMMENTS_MODERATE, Scope.COMMENTS_READ)
    assert re.fullmatch(r"cb_[A-Za-z0-9_-]{43}", secret)
    token = there(secret)
    assert (token.user.email, token.label) == (MODERATOR.email, "Phone")
    # In the order they are told, whatever the order they came in.
    assert token.scopes == ["comments:read", "comments:moderate"]
    assert token.expires_at == NOW + 90 * DAY
    row = db.session.execute(text("SELECT * FROM api_token")).one()
    assert secret not in str(row)
    assert secret[3:] not in str(row)
    mail = outbox.last_of_kind(letters.MAIL, MODERATOR.email)
    assert mail
    assert "A new API token was made" in mail.subject
    assert secret not in mail.text
    said = journal.recent(by=user().id, thing="API token")
    assert [line.verb for line in said] == ["made"]


def test_a_secret_that_differs_in_anything_is_worth_nothing() -> None:
    secret = make()
    wrong = ["", "cb_", secret[:-1], secret + "A", secret[3:], secret.swapcase(), f" {secret}"]
    last = "A" if secret[-1] != "A" else "B"
    for each in (*wrong, secret[:-1] + last, there(secret).token_hash, "é" * 50):
        assert opened(each) is None, each


def test_it_ends_with_its_day_or_never() -> None:
    short, endless = make(lives_days=1), make(label="For ever", lives_days=None)
    assert opened(short, now=NOW + DAY - timedelta(seconds=1))
    assert opened(short, now=NOW + DAY) is None
    assert opened(endless, now=NOW + 4_000 * DAY)


def test_one_that_is_revoked_ends_at_once_and_once() -> None:
    secret = make()
    token = there(secret)
    with db.writing():
        assert api_tokens.revoke(token, by=user(), now=NOW)
        assert not api_tokens.revoke(token, by=user(), now=NOW)
    assert opened(secret) is None
    assert api_tokens.of(user()) == []
    assert [each.label for each in api_tokens.everybodys()] == ["Phone"]
    assert [line.verb for line in journal.recent(thing="API token")] == ["revoked", "made"]
    # Its label can be given again.
    make()


def test_who_is_removed_leaves_none_even_if_invited_again() -> None:
    secret = make()
    with db.writing():
        team.remove(user(), by=None, now=NOW)
    assert opened(secret) is None
    with db.writing():
        own = {"email": MODERATOR.email, "name": "Mia", "password_hash": "x"}
        accounts.add(**own, role=Role.ADMIN, now=NOW)
    assert user().is_active
    assert opened(secret) is None


def test_who_has_no_password_any_more_is_refused_though_nothing_was_revoked() -> None:
    secret = make()
    with db.writing():
        user().password_hash = ""
    assert opened(secret) is None


def test_it_is_never_worth_more_than_its_owner_at_that_moment() -> None:
    secret = make(Scope.ENQUIRIES_READ, Scope.COMMENTS_READ, person=AUTHOR)
    assert permissions.may(there(secret).program, Action.READ_ENQUIRIES)
    with db.writing():
        user(AUTHOR).role = Role.MODERATOR
    assert not permissions.may(there(secret).program, Action.READ_ENQUIRIES)
    assert permissions.may(there(secret).program, Action.READ_COMMENTS)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("label", {"label": ""}),
        ("label", {"label": "x" * 101}),
        ("label", {"label": "Phone\x1b[2J"}),
        ("scopes", {"scopes": ()}),
        ("scopes", {"scopes": (Scope.ENQUIRIES_READ,)}),
        ("lives_days", {"lives_days": 0}),
        ("lives_days", {"lives_days": 366}),
    ],
)
def test_what_no_token_can_be_is_refused_by_name(field: str, wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"label": "Phone", "scopes": (Scope.COMMENTS_READ,), "lives_days": 9}
    with pytest.raises(Invalid) as refused, db.writing():
        api_tokens.make(user(), **asked | wrong, by=None, now=NOW)
    assert list(refused.value.fields) == [field]
    assert api_tokens.everybodys() == []


def test_one_label_is_one_token_even_of_two_made_at_once(app: Flask) -> None:
    done = at_once(app, make, make)
    assert sorted(type(each).__name__ for each in done) == ["Invalid", "str"]
    assert len(api_tokens.of(user())) == 1


def test_nobody_has_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_tokens, "OF_ONE_MAX", 1)
    make()
    with pytest.raises(Invalid, match="There are 1 tokens already"):
        make(label="Another")


def test_its_use_is_noted_once_a_minute_and_never_waits(app: Flask) -> None:
    secret, second = make(), timedelta(seconds=1)
    for later, noted in ((0, 0), (59, 0), (60, 60)):
        api_tokens.note_use(there(secret), now=NOW + later * second)
        assert there(secret).last_used_at == NOW + noted * second

    def while_somebody_writes() -> None:
        api_tokens.note_use(there(secret), now=NOW + DAY)

    if db.db.engine.dialect.name == "sqlite":
        with db.writing():
            at_once(app, while_somebody_writes)
        assert there(secret).last_used_at == NOW + 60 * second


def test_one_that_ended_is_forgotten_after_ninety_days_but_not_by_the_journal() -> None:
    ended, expired, live = make(label="A"), make(label="B", lives_days=1), make(label="C")
    last = make(label="D", lives_days=1)
    names = {there(secret).id: there(secret).label for secret in (ended, expired, live, last)}
    with db.writing():
        api_tokens.revoke(there(ended), by=user(), now=NOW)

    def left(after: timedelta) -> list[str]:
        retention.tidy(NOW + after, seconds=60)
        return [token.label for token in reversed(api_tokens.everybodys())]

    assert left(90 * DAY - timedelta(seconds=1)) == ["A", "B", "C", "D"]
    assert left(90 * DAY) == ["B", "C", "D"]
    assert left(91 * DAY) == ["C", "D"]
    # Its number would be the next one’s.
    assert left(300 * DAY) == ["D"]
    assert make(label="E")
    assert left(300 * DAY) == ["E"]
    told = {line.thing_id for line in journal.recent(thing="API token")}
    assert {str(number) for number in names} <= {str(each) for each in told}


def test_a_token_is_found_by_number_and_owner() -> None:
    token = there(make())
    assert api_tokens.by_id(token.id) is token
    assert api_tokens.by_id(token.id, owner=user()) is token
    assert api_tokens.by_id(token.id, owner=user(AUTHOR)) is None
    assert api_tokens.by_id(9_999) is None
