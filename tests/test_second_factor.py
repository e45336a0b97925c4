"""The second step of signing in: codes of a phone, codes of paper, and what they never let in."""

import re
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask

from blog import accounts, db, journal, outbox
from blog.accounts import User
from blog.errors import Conflict, Forbidden
from blog.staff import second_factor, team
from tests.cast import (
    AUTHOR,
    CLOCK,
    MODERATOR,
    SECOND_AUTHOR,
    Clock,
    Person,
    Visitor,
    at_once,
    csrf_token,
)

NOW = CLOCK
STEP = timedelta(seconds=30)
SIGN_IN, CODE = "/admin/sign-in", "/admin/sign-in/code"
ACCOUNT, ON = "/admin/account", "/admin/account/second-factor"


def user(person: Person = AUTHOR) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found


def shown(seed: str, *, at: datetime = NOW, person: Person = AUTHOR) -> str:
    """What a phone shows at a moment."""
    return pyotp.TOTP(second_factor.secret(user(person), seed)).at(at)


def turned_on(seed: str = "seed", *, person: Person = AUTHOR) -> list[str]:
    """Turn it on a while ago, so that the codes of now are unused."""
    then = NOW - timedelta(hours=1)
    with db.writing():
        codes = second_factor.turn_on(
            user(person), seed, shown(seed, at=then, person=person), now=then
        )
    assert codes
    return codes


def use(code: str, *, now: datetime = NOW, person: Person = AUTHOR) -> bool:
    with db.writing():
        return second_factor.use(user(person), code, now=now)


@pytest.mark.usefixtures("at_work")
class TestVerbs:
    """What is done below the pages."""

    def test_it_is_on_after_one_right_code_and_not_before(self) -> None:
        with db.writing():
            assert second_factor.turn_on(user(), "seed", "000000", now=NOW) is None
        assert user().totp_seed is None
        codes = turned_on()
        assert len(set(codes)) == 10
        assert all(re.fullmatch(r"[a-z2-9]{5}-[a-z2-9]{5}", code) for code in codes)
        assert journal.recent()[0].verb == "turned on the second step of"
        assert "second step now" in outbox.recent()[0].subject

    def test_it_is_not_turned_on_twice(self) -> None:
        turned_on()
        with db.writing():
            assert second_factor.turn_on(user(), "other", shown("other"), now=NOW) is None
        assert user().totp_seed == "seed"

    def test_the_code_that_turned_it_on_does_not_sign_in(self) -> None:
        with db.writing():
            assert second_factor.turn_on(user(), "seed", shown("seed"), now=NOW)
        assert not use(shown("seed"))

    def test_a_code_works_once(self) -> None:
        turned_on()
        assert use(shown("seed"))
        assert not use(shown("seed"))
        assert use(shown("seed", at=NOW + STEP), now=NOW + STEP)

    def test_a_code_before_one_that_was_used_is_used_too(self) -> None:
        turned_on()
        assert use(shown("seed", at=NOW + STEP))
        assert not use(shown("seed"))

    @pytest.mark.parametrize(
        ("steps", "is_right"), [(-2, False), (-1, True), (1, True), (2, False)]
    )
    def test_clocks_may_differ_by_half_a_minute(self, steps: int, is_right: bool) -> None:
        turned_on()
        assert use(shown("seed", at=NOW + steps * STEP)) is is_right

    @pytest.mark.parametrize("code", ["", "0", "000000", "é" * 6, "\x00", "1" * 10_000, "٣" * 6])
    def test_another_code_is_wrong(self, code: str) -> None:
        turned_on()
        assert not use(code)

    def test_a_code_may_be_typed_with_blanks(self) -> None:
        turned_on()
        code = shown("seed")
        assert use(f" {code[:3]} {code[3:]} ")

    def test_nobodys_code_is_right_where_it_is_off(self) -> None:
        assert not use(shown("seed"))

    def test_somebody_elses_code_is_wrong(self) -> None:
        turned_on()
        turned_on(person=MODERATOR)
        assert not use(shown("seed", person=MODERATOR))

    def test_a_recovery_code_works_once_in_any_spelling_and_is_told(self) -> None:
        codes = turned_on()
        assert use(codes[0].upper().replace("-", " "))
        assert not use(codes[0])
        assert second_factor.codes_left(user()) == 9
        assert "9 are left" in outbox.recent()[0].text
        told = [line.verb for line in journal.recent(limit=2)]
        assert told == ["gave a wrong code for", "used a recovery code of"]
        turned_on(person=MODERATOR)
        assert not use(codes[1], person=MODERATOR)

    def test_new_recovery_codes_take_the_place_of_the_old_and_are_told(self) -> None:
        old = turned_on()
        with db.writing():
            new = second_factor.renew_codes(user(), now=NOW)
        assert (len(new), second_factor.codes_left(user())) == (10, 10)
        assert set(new).isdisjoint(old)
        assert outbox.recent()[0].subject.startswith("You have new recovery codes")
        assert journal.recent()[0].verb == "made new recovery codes of"
        assert not use(old[0])
        assert use(new[0])

    def test_where_it_is_off_there_are_no_codes_to_renew(self) -> None:
        with pytest.raises(Conflict), db.writing():
            second_factor.renew_codes(user(), now=NOW)
        assert (second_factor.codes_left(user()), outbox.recent()) == (0, [])

    def test_neither_secret_nor_recovery_codes_are_stored(self) -> None:
        codes = turned_on()
        rows = db.session.query(second_factor.RecoveryCode.code_hash).all()
        stored = {row[0] for row in rows} | {user().totp_seed}
        assert stored.isdisjoint({*codes, *(c.replace("-", "") for c in codes)})
        assert second_factor.secret(user(), "seed") not in stored

    def test_of_two_who_use_a_code_at_one_moment_one_does(self, app: Flask) -> None:
        codes = turned_on()
        for code in (shown("seed"), codes[0]):
            db.session.rollback()
            assert sorted(at_once(app, *[lambda code=code: use(code)] * 2)) == [False, True]

    def test_an_administrator_turns_it_off_for_another_and_nobody_else_does(self) -> None:
        codes = turned_on(person=SECOND_AUTHOR)
        with pytest.raises(Forbidden), db.writing():
            second_factor.turn_off(user(SECOND_AUTHOR), by=user(MODERATOR), now=NOW)
        with db.writing():
            assert second_factor.turn_off(user(SECOND_AUTHOR), by=user(), now=NOW)
            assert not second_factor.turn_off(user(SECOND_AUTHOR), by=user(), now=NOW)
        assert not use(codes[0], person=SECOND_AUTHOR)
        assert second_factor.codes_left(user(SECOND_AUTHOR)) == 0
        assert "no second step" in outbox.recent()[0].subject

    def test_who_is_removed_leaves_no_secret(self) -> None:
        turned_on(person=MODERATOR)
        with db.writing():
            team.remove(user(MODERATOR), by=user(), now=NOW)
        assert (user(MODERATOR).totp_seed, second_factor.codes_left(user(MODERATOR))) == (None, 0)


# At the door


@pytest.fixture
def codes(clock: Clock, app: Flask) -> list[str]:
    with app.app_context():
        return turned_on()


def phone(app: Flask, at: datetime = NOW) -> str:
    with app.app_context():
        return shown("seed", at=at)


def give(visitor: Visitor, code: str) -> Any:
    token = csrf_token(visitor.get(CODE).text)
    return visitor.post(CODE, {"csrf_token": token, "code": code, "next": "/admin/journal"})


def test_after_the_password_a_code_is_asked_for(
    codes: list[str], app: Flask, reader: Visitor
) -> None:
    answer = reader.sign_in(AUTHOR)
    assert answer.location == f"{CODE}?next=/admin/"
    assert reader.get("/admin/").location.startswith(SIGN_IN)
    shown_page = reader.get(answer.location)
    assert shown_page.headers["Cache-Control"] == "no-store"
    assert 'autocomplete="one-time-code"' in shown_page.text
    before = reader.client.get_cookie("blog_session", domain="127.0.0.1")
    assert give(reader, phone(app)).location == "/admin/journal"
    after = reader.client.get_cookie("blog_session", domain="127.0.0.1")
    assert before
    assert after
    assert before.value != after.value
    assert reader.get("/admin/").status_code == 200


def test_a_recovery_code_lets_in_too(codes: list[str], reader: Visitor) -> None:
    reader.sign_in(AUTHOR)
    assert give(reader, codes[0]).status_code == 303


def test_a_wrong_or_used_code_lets_nobody_in(
    codes: list[str], app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    reader.sign_in(AUTHOR)
    stranger.sign_in(AUTHOR)
    for code in ("", "000000", "x" * 41):
        assert give(stranger, code).status_code == 422
    assert give(reader, phone(app)).status_code == 303
    assert "was used already" in give(stranger, phone(app)).text
    assert stranger.get("/admin/").status_code == 303
    told = "<b>Somebody with the password</b> gave a wrong code for Sandra de Beer"
    assert reader.get("/admin/journal?kind=account").text.count(told) == 2


def test_guessing_codes_is_slowed_down_though_the_password_is_right_again_and_again(
    codes: list[str], reader: Visitor, clock: Clock
) -> None:
    answers = []
    for _ in range(7):
        reader.sign_in(AUTHOR)
        answers.append(give(reader, "000000").status_code)
    assert answers == [422] * 5 + [429] * 2
    clock.move(minutes=16)
    reader.sign_in(AUTHOR)
    assert give(reader, codes[0]).status_code == 303


def test_without_the_password_no_code_is_asked_for(codes: list[str], reader: Visitor) -> None:
    assert reader.get(CODE).location == SIGN_IN
    reader.get(SIGN_IN)
    token = csrf_token(reader.get(SIGN_IN).text)
    answer = reader.post(CODE, {"csrf_token": token, "code": codes[0]})
    assert answer.location == SIGN_IN


def test_the_password_counts_for_ten_minutes(
    codes: list[str], reader: Visitor, clock: Clock
) -> None:
    reader.sign_in(AUTHOR)
    clock.move(minutes=10, seconds=1)
    assert reader.get(CODE).location == SIGN_IN


def test_a_password_that_was_changed_meanwhile_counts_no_more(
    codes: list[str], app: Flask, reader: Visitor
) -> None:
    reader.sign_in(AUTHOR)
    with app.app_context(), db.writing():
        user().password_hash = "another"
    assert reader.get(CODE).location == SIGN_IN


# On the account page


def test_one_turns_it_on_with_a_phone_and_off_with_the_password(
    clock: Clock, app: Flask, author: Visitor
) -> None:
    page = author.get(ON).text
    assert 'd="M0 0h1v1h-1z' in page
    secret = re.search(r'class="what">([^<]+)<', page)
    assert secret
    app_on_phone = pyotp.TOTP(secret[1].replace(" ", ""))
    password = {"present": AUTHOR.password}
    wrong = author.post(ON, author.form(ON, ON) | {"code": "000000"} | password)
    assert wrong.status_code == 422
    filled = author.form(ON, ON)
    with app.app_context():
        own = accounts.by_email(AUTHOR.email)
        assert own
        assert own.totp_seed is None
    # The secret stays what was scanned, though a wrong code came in between.
    typed = {name: value for name, value in _form_of(page).items() if name != "csrf_token"}
    right = filled | typed | {"code": app_on_phone.at(NOW)}
    for present in ("", "a wrong password"):
        refused = author.post(ON, right | {"present": present})
        assert (refused.status_code, refused.text.count("present password.")) == (422, 2)
    done = author.post(ON, right | password)
    assert len(re.findall(r"<li><code>", done.text)) == 10
    assert done.headers["Cache-Control"] == "no-store"
    assert "On, 10 recovery codes left" in author.get(ACCOUNT).text
    assert author.get(ON).location == ACCOUNT
    end = f"{ON}/end"
    refused = author.post(end, author.form(end, end) | {"present": "a wrong password"})
    assert refused.status_code == 422
    assert author.post(end, author.form(end, end) | {"present": ""}).status_code == 422
    assert (
        author.post(end, author.form(end, end) | {"present": AUTHOR.password}).location == ACCOUNT
    )
    assert 'Off · <a href="/admin/account/second-factor">' in author.get(ACCOUNT).text


def test_one_makes_new_recovery_codes_with_the_password(
    clock: Clock, app: Flask, author: Visitor, reader: Visitor
) -> None:
    new = f"{ON}/codes"
    assert author.get(new).location == ACCOUNT
    with app.app_context():
        old = turned_on()
    assert f'<a href="{new}">Make new codes</a>' in author.get(ACCOUNT).text
    refused = author.post(new, author.form(new, new) | {"present": "a wrong password"})
    assert refused.status_code == 422
    assert "<li><code>" not in refused.text
    with app.app_context():
        assert second_factor.codes_left(user()) == 10
    done = author.post(new, author.form(new, new) | {"present": AUTHOR.password})
    codes = re.findall(r"<li><code>([^<]+)<", done.text)
    assert len(codes) == 10
    assert done.headers["Cache-Control"] == "no-store"
    reader.sign_in(AUTHOR)
    assert give(reader, old[0]).status_code == 422
    assert give(reader, codes[0]).status_code == 303


def _form_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(seed|csrf_token)"[^>]*value="([^"]*)"', page))


def test_a_seed_that_is_not_ours_is_not_taken(clock: Clock, app: Flask, author: Visitor) -> None:
    filled = author.form(ON, ON) | {"seed": "forged", "present": AUTHOR.password}
    with app.app_context():
        filled["code"] = shown("forged")
    assert "<li><code>" not in author.post(ON, filled).text
    with app.app_context():
        assert user().totp_seed is None


def test_an_administrator_turns_it_off_for_who_lost_all(
    clock: Clock, app: Flask, author: Visitor, moderator: Visitor, reader: Visitor
) -> None:
    with app.app_context():
        turned_on(person=SECOND_AUTHOR)
        person = f"/admin/people/{user(SECOND_AUTHOR).id}"
    end = f"{person}/second-factor/end"
    assert moderator.press("/admin/", end).status_code == 403
    with app.app_context():
        own = f"/admin/people/{user().id}/second-factor/end"
        turned_on("own seed")
    csrf = {"csrf_token": csrf_token(author.get("/admin/").text)}
    assert author.post(own, csrf).location == "/admin/account/second-factor/end"
    with app.app_context():
        assert user().totp_seed == "own seed"
    assert author.press(person, end).location == "/admin/people"
    assert reader.sign_in(SECOND_AUTHOR).location == "/admin/"
