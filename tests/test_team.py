"""Who has an account: invitations, roles, and that an administrator is always left."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from blog import accounts, comments, db, journal, outbox, permissions
from blog.accounts import Role, User
from blog.comments import Comment, arrival, notices
from blog.errors import Conflict, Forbidden, Invalid, MailError
from blog.permissions import Action
from blog.staff import passwords, team
from tests.cast import (
    AUTHOR,
    AUTHOR_ID,
    CLOCK,
    MODERATOR,
    SECOND_AUTHOR,
    Person,
    arrived,
    article,
    at_once,
    just_before,
    mailed_link,
)

pytestmark = pytest.mark.usefixtures("clock", "at_work")
NOW = CLOCK
WEEK = timedelta(days=7)
NEW = Person("Thandi Zulu", "thandi@clinic.example", "chosen by herself alone")


@pytest.fixture(scope="module")
def new_hash() -> str:
    return accounts.hash_password(NEW.password)


def user(person: Person = AUTHOR) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found


def invite(role: Role = Role.MODERATOR, *, email: str = NEW.email) -> str:
    with db.writing():
        team.invite(email, NEW.name, role, by=user(), now=NOW)
    return token()


def token() -> str:
    return mailed_link(NEW).partition("token=")[2]


def accept(link: str, password_hash: str, *, now: datetime = NOW) -> bool:
    with db.writing():
        return team.accept(link, password_hash, now=now)


def change_role(
    person: Person, role: Role, profile: str = "", *, by: Person | None = AUTHOR
) -> bool:
    with db.writing():
        return team.change_role(user(person), role, profile, by=user(by) if by else None, now=NOW)


def remove(person: Person, *, by: Person | None = AUTHOR) -> bool:
    with db.writing():
        return team.remove(user(person), by=user(by) if by else None, now=NOW)


def verbs() -> list[str]:
    return [line.verb for line in journal.recent()]


def test_who_is_invited_chooses_her_password_once(new_hash: str) -> None:
    link = invite()
    assert not accounts.verify(NEW.email, "")
    assert not user(NEW).is_active
    assert accept(link, new_hash)
    assert accounts.verify(NEW.email, NEW.password) == user(NEW)
    assert verbs() == ["took up", "invited"]
    assert not accept(link, "another hash")


def test_who_is_only_invited_may_nothing_and_is_told_of_no_comments() -> None:
    invite(Role.ADMIN)
    assert [action for action in Action if permissions.may(user(NEW), action)] == []
    draft = comments.compose(article(), name="Nomsa", body="Hello", parent_id=None)
    with db.writing():
        arrival.submit(arrived(draft), now=NOW)
    assert notices.tell(NOW) == 3


def test_who_is_only_invited_gets_no_link_for_a_forgotten_password() -> None:
    invite()
    with db.writing():
        passwords.ask(NEW.email)
    assert passwords.answer_requests(NOW) == 0


def test_an_invitation_ends_after_seven_days(new_hash: str) -> None:
    link = invite()
    assert not accept(link, new_hash, now=NOW + WEEK)
    assert accept(link, new_hash, now=NOW + WEEK - timedelta(seconds=1))


def test_inviting_again_ends_the_link_before(new_hash: str) -> None:
    first = invite()
    with db.writing():
        assert team.invite_again(user(NEW), by=user(), now=NOW)
    assert not accept(first, new_hash)
    assert accept(token(), new_hash)
    with db.writing():
        assert not team.invite_again(user(NEW), by=user(), now=NOW)


def test_a_withdrawn_invitation_is_worth_nothing_and_can_be_made_anew(new_hash: str) -> None:
    link = invite()
    assert remove(NEW)
    assert not accept(link, new_hash)
    with db.writing():
        assert not team.invite_again(user(NEW), by=user(), now=NOW)
    assert accept(invite(Role.AUTHOR), new_hash)
    assert (user(NEW).role, user(NEW).removed_at) == (Role.AUTHOR, None)


def test_an_invitation_sets_no_password_of_an_account_that_has_one(new_hash: str) -> None:
    link = invite()
    with db.writing():
        accounts.add(email=NEW.email, name="T", role=Role.AUTHOR, password_hash=new_hash, now=NOW)
    assert not accept(link, "a stranger's hash")
    assert accounts.verify(NEW.email, NEW.password)


def test_who_has_an_account_is_not_invited() -> None:
    with pytest.raises(Invalid, match="has an account already"):
        invite(email=MODERATOR.email.upper())
    assert outbox.recent() == []


@pytest.mark.parametrize("email", ["a@b.example\r\nBcc: x@y.example", "a@b.example,c@d.example"])
def test_an_invitation_goes_to_one_address(email: str) -> None:
    with pytest.raises(MailError):
        invite(email=email)
    assert outbox.recent() == []


def test_of_two_who_accept_at_one_moment_one_does(app: Flask, new_hash: str) -> None:
    link = invite()
    db.session.rollback()
    assert sorted(at_once(app, *[lambda: accept(link, new_hash)] * 2)) == [False, True]


def test_of_two_who_invite_one_address_at_one_moment_one_does(app: Flask) -> None:
    db.session.rollback()
    done = at_once(app, invite, lambda: invite(Role.AUTHOR))
    # Who is late finds the invitation and sends it again, or is told that the address is taken.
    assert all(isinstance(each, str | Invalid) for each in done)
    assert [each.email for each in accounts.everybody()].count(NEW.email) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_address_that_was_added_meanwhile_is_refused_in_words(app: Flask) -> None:
    with (
        just_before(app, "INSERT INTO user_account", invite) as other,
        pytest.raises(Invalid) as refused,
    ):
        invite()
    assert refused.value.fields == {"email": f"{NEW.email} has an account already."}
    assert len(other[0]) > 20
    assert [each.email for each in accounts.everybody()].count(NEW.email) == 1
    assert len([mail for mail in outbox.recent() if mail.recipient == NEW.email]) == 1


def test_another_role_counts_at_once_and_is_in_the_journal() -> None:
    assert change_role(MODERATOR, Role.ADMIN)
    assert permissions.may(user(MODERATOR), Action.MANAGE_PEOPLE)
    line = journal.recent()[0]
    assert (line.was, line.became) == ("moderator", "admin")
    assert not change_role(MODERATOR, Role.ADMIN)


def acts() -> list[tuple[str, str | None, str | None]]:
    return [(line.verb, line.was, line.became) for line in journal.recent()]


def test_an_author_has_a_profile_which_is_in_the_journal(new_hash: str) -> None:
    role, profile = "changed the role of", "changed the author profile of"
    assert change_role(MODERATOR, Role.AUTHOR, AUTHOR_ID)
    assert user(MODERATOR).author_id == AUTHOR_ID
    assert not change_role(MODERATOR, Role.AUTHOR, AUTHOR_ID)
    assert acts() == [(profile, "none", AUTHOR_ID), (role, "moderator", "author")]
    assert change_role(MODERATOR, Role.AUTHOR)
    assert acts()[0] == (profile, AUTHOR_ID, "none")
    assert change_role(SECOND_AUTHOR, Role.ADMIN)
    assert user(SECOND_AUTHOR).author_id is None
    assert acts()[:2] == [(profile, AUTHOR_ID, "none"), (role, "author", "admin")]
    with db.writing():
        team.invite(NEW.email, NEW.name, Role.AUTHOR, AUTHOR_ID, by=user(), now=NOW)
    assert accept(token(), new_hash)
    assert user(NEW).author_id == AUTHOR_ID
    assert acts()[1:3] == [(profile, "none", AUTHOR_ID), ("invited", None, None)]
    # Who comes back begins anew.
    remove(NEW)
    invite(Role.AUTHOR)
    assert user(NEW).author_id is None


@pytest.mark.parametrize(
    ("role", "profile", "sentence"),
    [
        (Role.AUTHOR, "nobody", "There is no author profile authors/nobody.md."),
        (Role.AUTHOR, "../site", "There is no author profile"),
        (Role.AUTHOR, "x" * 5_000, "There is no author profile"),
        (Role.MODERATOR, AUTHOR_ID, "Only an author has an author profile."),
    ],
)
def test_a_profile_that_somebody_can_not_have_changes_nothing(
    role: Role, profile: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        change_role(MODERATOR, role, profile)
    with pytest.raises(Invalid, match=sentence), db.writing():
        team.invite(NEW.email, NEW.name, role, profile, by=user(), now=NOW)
    assert (acts(), user(MODERATOR).role, accounts.by_email(NEW.email)) == ([], "moderator", None)


def test_a_profile_whose_file_is_gone_may_be_kept_but_not_chosen() -> None:
    with db.writing():
        db.session.execute(text("DELETE FROM author"))
    assert not change_role(SECOND_AUTHOR, Role.AUTHOR, AUTHOR_ID)
    with pytest.raises(Invalid, match="There is no author profile"):
        change_role(MODERATOR, Role.AUTHOR, AUTHOR_ID)


def test_who_is_removed_is_out_and_can_not_come_back(new_hash: str) -> None:
    with db.writing():
        browser = accounts.start_session(user(MODERATOR), now=NOW)
    assert remove(MODERATOR)
    assert accounts.live_session(browser, now=NOW) is None
    assert accounts.verify(MODERATOR.email, MODERATOR.password) is None
    assert accounts.verify(MODERATOR.email, "") is None
    with db.writing():
        passwords.ask(MODERATOR.email)
    assert passwords.answer_requests(NOW) == 0
    with pytest.raises(Conflict), db.writing():
        # As where her form and her removal meet.
        passwords.change(user(MODERATOR), new_hash, but=0, now=NOW)
    assert not remove(MODERATOR)
    assert not change_role(MODERATOR, Role.ADMIN)


def test_what_somebody_wrote_keeps_name_and_badge_when_she_is_removed() -> None:
    draft = comments.compose(article(), name="Nomsa", body="Hello", parent_id=None)
    with db.writing():
        number = arrival.submit(arrived(draft), now=NOW)
    with db.writing():
        parent = comments.by_id(number)
        assert parent
        parent.approve(by=user(SECOND_AUTHOR), now=NOW)
        answer = comments.compose(article(), name=SECOND_AUTHOR.name, body="Hi", parent_id=number)
        reply = comments.reply(parent, answer, by=user(SECOND_AUTHOR), now=NOW).id
    remove(SECOND_AUTHOR)
    kept = db.session.get_one(Comment, reply)
    assert (kept.name, kept.is_by_author) == (SECOND_AUTHOR.name, True)
    assert {line.actor.name for line in journal.recent() if line.actor} == {
        AUTHOR.name,
        SECOND_AUTHOR.name,
    }


@pytest.mark.parametrize("by", [AUTHOR, None])
def test_the_last_administrator_stays(by: Person | None) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        remove(AUTHOR, by=by)
    with pytest.raises(Conflict, match="last administrator"):
        change_role(AUTHOR, Role.AUTHOR, by=by)
    assert not change_role(AUTHOR, Role.ADMIN, by=by)
    assert user().role == Role.ADMIN


def test_an_administrator_who_is_only_invited_does_not_count() -> None:
    invite(Role.ADMIN)
    with pytest.raises(Conflict):
        remove(AUTHOR)


def test_one_of_two_administrators_may_go() -> None:
    change_role(MODERATOR, Role.ADMIN)
    assert remove(AUTHOR)
    with pytest.raises(Conflict):
        remove(MODERATOR, by=MODERATOR)


def test_two_administrators_who_remove_each_other_at_one_moment_leave_one(app: Flask) -> None:
    change_role(MODERATOR, Role.ADMIN)
    done = at_once(
        app,
        lambda: remove(MODERATOR, by=AUTHOR),
        lambda: change_role(AUTHOR, Role.MODERATOR, by=MODERATOR),
    )
    assert done.count(True) == 1
    assert len([each for each in done if isinstance(each, Conflict | Forbidden)]) == 1
    with db.writing():
        assert len(accounts.locked_admins()) == 1


@pytest.mark.parametrize("by", [SECOND_AUTHOR, MODERATOR])
def test_only_an_administrator_looks_after_people(by: Person) -> None:
    invite()
    with pytest.raises(Forbidden):
        change_role(by, Role.ADMIN, by=by)
    with pytest.raises(Forbidden):
        remove(by, by=by)
    with pytest.raises(Forbidden), db.writing():
        team.invite("x@y.example", "X", Role.ADMIN, by=user(by), now=NOW)
    with pytest.raises(Forbidden), db.writing():
        team.invite_again(user(NEW), by=user(by), now=NOW)
