"""Accounts: who may sign in, how guessing is braked, and when a browser is signed out."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import delete, func, select, update

from blog import accounts, db
from blog.accounts import Role, SignInFailure, User, UserSession
from blog.errors import Conflict, Invalid, TooMany
from tests.cast import AUTHOR, CLOCK, MODERATOR, SECOND_AUTHOR, Clock, Visitor, at_once

NOW = CLOCK
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOSTILE = "'; DROP TABLE user_account; --<script>alert(1)</script>{{7*7}}%00"
ADDRESS_WAITS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
ACCOUNT_WAITS = [1, 2, 4, 8, 16, 30, 30]


@pytest.fixture
def site(app: Flask) -> Iterator[Flask]:
    """This test's site, at work; a visitor comes without it, since it would share `g`."""
    with app.app_context():
        yield app


@pytest.fixture
def empty(site: Flask) -> Flask:
    """A site where nobody has an account yet."""
    with db.writing():
        db.session.execute(delete(User))
    return site


def user_of(email: str) -> User:
    found = accounts.by_email(email)
    assert found is not None
    return found


def sandra() -> User:
    return user_of(AUTHOR.email)


def add(email: str, **changes: Any) -> None:
    words: dict[str, Any] = {"name": "Ann", "role": Role.AUTHOR, "password_hash": "x", "now": NOW}
    with db.writing():
        accounts.add(email=email, **words | changes)


# Passwords


@pytest.mark.parametrize("length", [12, 200])
def test_a_password_within_the_limits_is_hashed(length: int) -> None:
    hashed = accounts.hash_password("ä" * length)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PasswordHasher().verify(hashed, "ä" * length)


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "at least 12"), (11, "at least 12"), (201, "at most 200"), (10**6, "at most 200")],
)
def test_a_password_outside_the_limits_is_refused(length: int, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.hash_password("x" * length)
    assert caught.value.fields == {"password": f"Choose {words} characters."}


def test_the_same_password_never_has_the_same_hash_twice() -> None:
    assert accounts.hash_password(HOSTILE) != accounts.hash_password(HOSTILE)


def test_the_right_password_is_known(site: Flask) -> None:
    assert accounts.verify(AUTHOR.email, AUTHOR.password) == sandra()
    assert accounts.verify(f" {AUTHOR.email.upper()} ", AUTHOR.password) == sandra()


@pytest.mark.parametrize(
    "password",
    [
        "",
        AUTHOR.password[:-1],
        f"{AUTHOR.password} ",
        AUTHOR.password.upper(),
        MODERATOR.password,
        HOSTILE,
        "x" * 10**6,
    ],
)
def test_a_wrong_password_is_not(site: Flask, password: str) -> None:
    assert accounts.verify(AUTHOR.email, password) is None


def test_the_start_of_a_password_with_more_behind_it_is_wrong(site: Flask) -> None:
    longest = "x" * accounts.PASSWORD_MAX_CHARS
    with db.writing():
        sandra().password_hash = accounts.hash_password(longest)
    assert accounts.verify(AUTHOR.email, longest) == sandra()
    assert accounts.verify(AUTHOR.email, f"{longest}x") is None


@pytest.mark.parametrize("email", ["nobody@clinic.example", "", HOSTILE, "x" * 10**5])
def test_an_unknown_address_has_no_password(site: Flask, email: str) -> None:
    assert accounts.verify(email, AUTHOR.password) is None
    assert accounts.verify(email, "nobody has this password") is None


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often passwords were hashed and compared; all of it is still done."""
    done: Counter[str] = Counter()

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            done[name] += 1
            return real(*args)

        return call

    for name in ("hash", "verify"):
        monkeypatch.setattr(PasswordHasher, name, counted(name, getattr(PasswordHasher, name)))
    return done


@pytest.mark.parametrize("is_first", [True, False], ids=["first after the start", "later"])
def test_an_unknown_address_takes_the_same_work_as_a_known_one(
    site: Flask, work: Counter[str], is_first: bool
) -> None:
    did = []
    for email in (AUTHOR.email, "nobody@clinic.example"):
        accounts.verify("nobody@clinic.example", "warm")
        if is_first:
            accounts._nobodys_hash.cache_clear()
        work.clear()
        accounts.verify(email, "a wrong password")
        did.append(dict(work))
    assert did[0] == did[1]
    assert did[0]["verify"] == 1


def test_an_unknown_address_takes_the_same_time_as_a_known_one(site: Flask) -> None:
    def cost_seconds(email: str) -> float:
        began = time.process_time()
        accounts.verify(email, "a wrong password")
        return time.process_time() - began

    with db.writing():
        # The cast's own are kept so that they are quickly tried.
        hashed = accounts.hash_password(AUTHOR.password)
        db.session.execute(update(User).values(password_hash=hashed))
    cost_seconds("nobody@clinic.example")
    known = min(cost_seconds(AUTHOR.email) for _ in range(4))
    unknown = min(cost_seconds("nobody@clinic.example") for _ in range(4))
    assert 0.5 < known / unknown < 2


# Accounts


def test_an_account_is_found_by_its_address_however_it_is_typed(site: Flask) -> None:
    add(" Ann@Clinic.Example ", name="  Ann Smith ")
    found = user_of("ANN@clinic.example ")
    assert (found.email, found.name, found.role) == ("ann@clinic.example", "Ann Smith", "author")
    assert found.created_at == NOW


def test_an_address_has_one_account(site: Flask) -> None:
    with pytest.raises(Invalid) as caught:
        add(AUTHOR.email.upper())
    assert caught.value.fields == {"email": "sandra@clinic.example has an account already."}
    assert accounts.count() == 3


def test_hostile_text_is_only_a_name(site: Flask) -> None:
    add("ann@clinic.example", name=HOSTILE)
    assert user_of("ann@clinic.example").name == HOSTILE
    assert accounts.by_email(HOSTILE) is None
    assert accounts.count() == 4


def test_everybody_with_an_account_is_listed_in_order(site: Flask) -> None:
    told = [user.email for user in accounts.everybody()]
    assert told == [AUTHOR.email, SECOND_AUTHOR.email, MODERATOR.email]


# The first account


def set_up(email: str) -> str:
    with db.writing():
        return accounts.set_up(email=email, name="First", password_hash="x", now=NOW).email


def test_the_first_account_is_an_administrators(empty: Flask) -> None:
    assert not accounts.is_set_up()
    set_up("first@clinic.example")
    assert accounts.is_set_up()
    assert user_of("first@clinic.example").role == Role.ADMIN


def test_a_site_is_set_up_once(empty: Flask) -> None:
    set_up("first@clinic.example")
    for email in ("first@clinic.example", "second@clinic.example"):
        with pytest.raises(Conflict, match="set up already"):
            set_up(email)
    assert accounts.count() == 1


def test_of_those_who_set_up_at_the_same_moment_one_is_first(empty: Flask) -> None:
    for _ in range(3):
        with db.writing():
            db.session.execute(delete(User))
        emails = [f"{number}@clinic.example" for number in range(4)]
        results = at_once(empty, *(partial(set_up, email) for email in emails))
        winners = [result for result in results if isinstance(result, str)]
        losers = [result for result in results if isinstance(result, Conflict)]
        assert (len(winners), len(losers)) == (1, 3), results
        db.session.rollback()
        assert [user.email for user in accounts.everybody()] == winners


# The brake on guessing


def attempt(account: str = "account", address: str = "address", *, now: datetime = NOW) -> int:
    """Try to sign in; tells how many seconds that has to wait for, 0 where it was counted."""
    try:
        with db.writing():
            accounts.count_attempt(account=account, address=address, now=now)
    except TooMany as error:
        return error.retry_after_seconds
    return 0


@pytest.mark.parametrize(
    ("own", "free", "waits"), [("address", 5, ADDRESS_WAITS), ("account", 10, ACCOUNT_WAITS)]
)
def test_each_further_failure_doubles_the_wait_up_to_a_limit(
    site: Flask, own: str, free: int, waits: list[int]
) -> None:
    names = (f"other {number}" for number in itertools.count())

    def next_attempt(now: datetime) -> int:
        keys = (next(names), "same") if own == "address" else ("same", next(names))
        return attempt(*keys, now=now)

    now = NOW
    assert [next_attempt(now) for _ in range(free)] == [0] * free
    for wait in waits:
        assert next_attempt(now) == wait + 1
        assert next_attempt(now + wait * SECOND - SECOND / 10) == 1
        now += wait * SECOND
        assert next_attempt(now) == 0


def test_an_attempt_that_is_refused_does_not_make_the_wait_longer(site: Flask) -> None:
    assert [attempt() for _ in range(55)] == [0] * 5 + [2] * 50
    assert attempt(now=NOW + SECOND) == 0


def test_an_attempt_that_one_brake_refuses_is_not_counted_by_the_other(site: Flask) -> None:
    for number in range(5):
        attempt(f"account {number}")
    assert attempt() > 0
    assert db.session.get(SignInFailure, "account") is None


def test_accounts_and_addresses_do_not_brake_each_other(site: Flask) -> None:
    for _ in range(5):
        attempt("account", "address")
    assert attempt("account", "other address") == 0
    assert attempt("other account", "address") > 0


def test_attempts_at_the_same_moment_are_each_counted(site: Flask) -> None:
    acts = [partial(attempt, "account", f"address {number}") for number in range(14)]
    assert Counter(at_once(site, *acts)) == {0: 10, 2: 4}


def test_failures_are_forgotten_after_a_day(site: Flask) -> None:
    day = timedelta(days=1)
    assert [attempt() for _ in range(6)] == [0] * 5 + [2]
    assert [attempt(now=NOW + day) for _ in range(2)] == [0, 3]
    later = NOW + 2 * day + SECOND
    assert [attempt(now=later) for _ in range(6)] == [0] * 5 + [2]


def test_a_success_forgives(site: Flask) -> None:
    attempt("other account", "other address")
    assert [attempt() for _ in range(6)] == [0] * 5 + [2]
    with db.writing():
        accounts.forgive("account", "address")
    assert [attempt() for _ in range(6)] == [0] * 5 + [2]
    assert db.session.get(SignInFailure, "other account") is not None


def test_a_clock_set_back_makes_nobody_wait_longer(site: Flask) -> None:
    for _ in range(5):
        attempt()
    hour_before = NOW - timedelta(hours=1)
    assert attempt("other account", now=hour_before) == 2
    assert attempt("account", "other address", now=hour_before) == 0


def test_forgotten_failures_are_swept_when_somebody_signs_in(site: Flask) -> None:
    attempt("old account", "old address")
    later = NOW + timedelta(days=1) + SECOND
    attempt("new account", "new address", now=later)
    sign_in(now=later)
    kept = db.session.execute(select(SignInFailure.key)).scalars()
    assert set(kept) == {"new account", "new address"}


def test_an_attempt_counts_before_its_password_is_looked_at(
    reader: Visitor, stranger: Visitor, clock: Clock, work: Counter[str]
) -> None:
    for _ in range(5):
        assert reader.sign_in(AUTHOR, "a wrong password").status_code == 422
    work.clear()
    answer = reader.sign_in(AUTHOR)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 2
    assert work == {}
    assert stranger.sign_in(AUTHOR).status_code == 303


def test_after_a_success_an_address_may_fail_again(
    app: Flask, reader: Visitor, clock: Clock
) -> None:
    for _ in range(4):
        reader.sign_in(AUTHOR, "a wrong password")
    assert reader.sign_in(AUTHOR).status_code == 303
    with app.app_context():
        assert db.session.execute(select(func.count(SignInFailure.key))).scalar_one() == 0


# Sessions


def sign_in(user: User | None = None, *, now: datetime = NOW) -> str:
    with db.writing():
        return accounts.start_session(user or sandra(), now=now)


def live(token: str, *, now: datetime) -> UserSession | None:
    db.session.rollback()
    return accounts.live_session(token, now=now)


def is_live(token: str, *, now: datetime) -> bool:
    return live(token, now=now) is not None


def session_of(token: str, *, now: datetime = NOW) -> UserSession:
    found = live(token, now=now)
    assert found is not None
    return found


def mark_seen(token: str, *, now: datetime) -> None:
    used = session_of(token, now=now).id
    with db.writing():
        accounts.mark_seen(used, now=now)


def test_a_session_stands_for_its_user(site: Flask) -> None:
    assert session_of(sign_in()).user == sandra()
    assert session_of(sign_in(user_of(MODERATOR.email))).user.email == MODERATOR.email


def test_only_the_hash_of_a_token_is_stored(site: Flask) -> None:
    token = sign_in()
    row = db.session.execute(select(UserSession.__table__)).one()
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert not any(token in str(value) for value in row)
    assert len(token) >= 43


def test_each_sign_in_has_a_token_of_its_own(site: Flask) -> None:
    assert len({sign_in() for _ in range(5)}) == 5


@pytest.mark.parametrize("token", ["", HOSTILE, "é", "x" * 10**5])
def test_what_was_never_issued_is_no_session(site: Flask, token: str) -> None:
    sign_in()
    assert not is_live(token, now=NOW)


def test_a_stolen_hash_is_no_token(site: Flask) -> None:
    stolen = session_of(sign_in()).token_hash
    assert not is_live(stolen, now=NOW)


def test_a_session_ends_half_an_hour_after_it_was_last_used(site: Flask) -> None:
    token = sign_in()
    assert is_live(token, now=NOW + 30 * MINUTE - SECOND)
    assert not is_live(token, now=NOW + 30 * MINUTE)


def test_a_session_in_use_ends_eight_hours_after_it_began(site: Flask) -> None:
    token = sign_in()
    end = NOW + timedelta(hours=8)
    now = NOW
    while now < end - 20 * MINUTE:
        now += 20 * MINUTE
        mark_seen(token, now=now)
    mark_seen(token, now=end - SECOND)
    assert not is_live(token, now=end)


def test_use_is_noted_at_most_once_a_minute(site: Flask) -> None:
    used = session_of(sign_in())
    assert not used.is_note_due(now=NOW + MINUTE - SECOND)
    assert used.is_note_due(now=NOW + MINUTE)
    with db.writing():
        accounts.mark_seen(used.id, now=NOW + MINUTE)
    assert not used.is_note_due(now=NOW + MINUTE)


def test_an_ended_session_is_dead_at_once(site: Flask) -> None:
    token, other = sign_in(), sign_in()
    ended = session_of(token)
    with db.writing():
        ended.end()
        ended.end()
    assert not is_live(token, now=NOW)
    assert is_live(other, now=NOW)


def test_a_user_signs_out_everywhere_else(site: Flask) -> None:
    here, there, elsewhere = sign_in(), sign_in(), sign_in()
    foreign = sign_in(user_of(MODERATOR.email))
    this = session_of(here).id
    for _ in range(2):
        with db.writing():
            accounts.end_other_sessions(sandra(), but=this)
    assert [is_live(token, now=NOW) for token in (here, there, elsewhere)] == [True, False, False]
    assert is_live(foreign, now=NOW)


def test_a_users_live_sessions_are_listed_last_used_first(site: Flask) -> None:
    over, used = sign_in(), sign_in()
    mark_seen(used, now=NOW + 29 * MINUTE)
    unused, twin = sign_in(now=NOW + 20 * MINUTE), sign_in(now=NOW + 20 * MINUTE)
    sign_in(user_of(MODERATOR.email))
    now = NOW + 30 * MINUTE
    expected = [session_of(token, now=now).id for token in (used, twin, unused)]
    assert [row.id for row in accounts.sessions_of(sandra(), now=now)] == expected
    assert not is_live(over, now=now)
    assert accounts.sessions_of(user_of(SECOND_AUTHOR.email), now=now) == []


def test_whoever_signs_in_sweeps_the_sessions_that_are_over(site: Flask) -> None:
    sign_in()
    long = session_of(sign_in()).id
    now = NOW + timedelta(hours=8)
    with db.writing():
        accounts.mark_seen(long, now=now)
    live_one = session_of(sign_in(now=now - 10 * MINUTE), now=now).id
    assert set(ids()) == {long, live_one}
    newest = session_of(sign_in(user_of(MODERATOR.email), now=now), now=now).id
    assert ids() == [live_one, newest]


def ids() -> list[int]:
    return list(db.session.execute(select(UserSession.id).order_by(UserSession.id)).scalars())
