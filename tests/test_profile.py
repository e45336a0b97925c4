"""Names and addresses of accounts."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from blog import accounts, db, journal, outbox
from blog.accounts import User
from blog.errors import Invalid, MailError
from blog.staff import profile
from tests.cast import AUTHOR, CLOCK, MODERATOR, at_once, just_before, mailed_link

pytestmark = pytest.mark.usefixtures("at_work")
NOW = CLOCK
DAY = timedelta(days=1)
NEW = "sandra@new.example"


def sandra() -> User:
    found = accounts.by_email(AUTHOR.email)
    assert found
    return found


def ask(email: str = NEW, *, now: datetime = NOW) -> str:
    with db.writing():
        profile.ask_for_address(sandra(), email, now=now)
    return mailed_link(email.lower()).partition("token=")[2]


def take(token: str, *, now: datetime = NOW) -> str | None:
    with db.writing():
        return profile.take_address(token, now=now)


def test_a_new_name_is_in_the_journal() -> None:
    with db.writing():
        profile.rename(sandra(), "Sandra Nkosi", now=NOW)
    assert sandra().name == "Sandra Nkosi"
    assert journal.recent()[0].verb == "changed the name of"


def test_a_new_address_counts_once_its_link_was_opened_and_the_old_one_is_told() -> None:
    token = ask("Sandra@New.example")
    assert [mail.recipient for mail in outbox.recent()] == [NEW]
    assert accounts.by_email(NEW) is None
    assert take(token) == NEW
    assert accounts.verify(NEW, AUTHOR.password)
    assert accounts.by_email(AUTHOR.email) is None
    assert outbox.recent()[0].recipient == AUTHOR.email
    assert "was changed" in outbox.recent()[0].subject
    assert journal.recent()[0].verb == "changed the address of"


def test_a_link_for_an_address_works_once_for_a_day() -> None:
    token = ask()
    assert take(token, now=NOW + DAY) is None
    assert take(token, now=NOW + DAY - timedelta(seconds=1)) == NEW
    assert take(token) is None


def test_the_owner_of_an_address_is_told_that_somebody_wants_it_and_gets_no_link() -> None:
    assert ask(MODERATOR.email.upper()) == ""
    (mail,) = outbox.recent()
    assert (mail.recipient, mail.subject) == (
        MODERATOR.email,
        "This address is in use · The Skin Journal",
    )
    assert "token" not in mail.text


def test_one_s_own_address_is_no_new_one() -> None:
    with pytest.raises(Invalid, match="of your account already"):
        ask(AUTHOR.email.upper())
    assert outbox.recent() == []


def test_an_address_that_became_somebody_elses_meanwhile_is_refused() -> None:
    token = ask()
    with db.writing():
        mia = accounts.by_email(MODERATOR.email)
        assert mia
        mia.email = NEW
    with pytest.raises(Invalid):
        take(token)
    assert accounts.by_email(AUTHOR.email)


@pytest.mark.parametrize("email", ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example"])
def test_an_address_that_is_more_than_one_reaches_no_header(email: str) -> None:
    with pytest.raises(MailError), db.writing():
        profile.ask_for_address(sandra(), email, now=NOW)
    assert outbox.recent() == []


def test_of_two_who_take_an_address_at_one_moment_one_does(app: Flask) -> None:
    token = ask()
    db.session.rollback()
    assert sorted(at_once(app, *[lambda: take(token) or ""] * 2)) == ["", NEW]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_address_that_becomes_somebody_elses_at_this_moment_is_refused(app: Flask) -> None:
    token = ask()
    db.session.rollback()

    def be_quicker() -> None:
        with db.writing():
            mia = accounts.by_email(MODERATOR.email)
            assert mia
            mia.email = NEW

    with just_before(app, "UPDATE user_account SET email", be_quicker), pytest.raises(Invalid):
        take(token)
    db.session.rollback()
    assert accounts.by_email(AUTHOR.email)
