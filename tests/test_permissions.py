"""Permissions: the whole table of who may do what, and that nobody else may."""

from __future__ import annotations

import pytest

from blog import permissions
from blog.accounts import Role, User
from blog.errors import Forbidden
from blog.permissions import Action, Program, Scope

MAY = {
    Role.ADMIN: set(Action),
    Role.AUTHOR: {
        Action.READ_COMMENTS,
        Action.MODERATE,
        Action.REPLY,
        Action.READ_JOURNAL,
        Action.READ_CONTENT,
        Action.PREVIEW,
        Action.WRITE_ARTICLES,
    },
    Role.MODERATOR: {
        Action.READ_COMMENTS,
        Action.MODERATE,
        Action.JUDGE_ALL,
        Action.READ_JOURNAL,
    },
}
LETS = {
    Scope.CONTENT_READ: {Action.READ_CONTENT},
    Scope.CONTENT_PREVIEW: {Action.PREVIEW},
    Scope.COMMENTS_READ: {Action.READ_COMMENTS},
    Scope.COMMENTS_MODERATE: {Action.READ_COMMENTS, Action.MODERATE},
    Scope.ENQUIRIES_READ: {Action.READ_ENQUIRIES},
    Scope.ARTICLES_WRITE: {Action.WRITE_ARTICLES},
    Scope.WEBHOOKS_MANAGE: {Action.MANAGE_WEBHOOKS},
}


class Thing:
    """Something under an article of Ann's."""

    def is_of(self, author_id: str) -> bool:
        return author_id == "ann"


def somebody(role: str) -> User:
    return User(email="ann@clinic.example", name="Ann", role=role, password_hash="x")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_the_table_says(role: Role, action: Action) -> None:
    actor = somebody(role)
    assert permissions.may(actor, action) == (action in MAY[role])
    # A role read from the database is a plain word.
    assert permissions.may(somebody(role.value), action) == (action in MAY[role])


@pytest.mark.parametrize("action", Action)
def test_whoever_may_goes_on_and_whoever_may_not_is_told(action: Action) -> None:
    for role, actions in MAY.items():
        actor = somebody(role)
        if action in actions:
            assert permissions.require(actor, action) is actor
        else:
            with pytest.raises(Forbidden, match=f"^Your account may not {action}[.]$"):
                permissions.require(actor, action)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_an_author_may_do_to_things_of_hers_alone_what_others_may_to_all(
    role: Role, action: Action
) -> None:
    for profile in ("ann", "anna", "", None):
        actor = somebody(role)
        actor.author_id = profile
        is_hers = role is not Role.AUTHOR or profile == "ann"
        assert permissions.may(actor, action, of=Thing()) == (action in MAY[role] and is_hers)
        if action in MAY[role] and not is_hers:
            with pytest.raises(Forbidden, match=f"^Your account may not {action} here[.]$"):
                permissions.require(actor, action, of=Thing())


@pytest.mark.parametrize(("role", "limit"), [*zip(Role, (None, "ann", None), strict=True)])
def test_only_who_may_all_has_no_limit(role: str, limit: str | None) -> None:
    actor = somebody(role)
    actor.author_id = "ann"
    assert permissions.limit_of(actor) == limit
    # What an unknown role may not, it may not everywhere either.
    assert permissions.limit_of(somebody("owner")) == ""


@pytest.mark.parametrize("action", Action)
def test_nobody_may_nothing(action: Action) -> None:
    assert not permissions.may(None, action)
    with pytest.raises(Forbidden):
        permissions.require(None, action)


@pytest.mark.parametrize("role", ["", "ADMIN", "admin ", "owner", "'; DROP TABLE x; --"])
def test_an_unknown_role_may_nothing(role: str) -> None:
    assert [action for action in Action if permissions.may(somebody(role), action)] == []


@pytest.mark.parametrize("action", Action)
def test_who_is_only_invited_or_was_removed_may_nothing(action: Action) -> None:
    gone = somebody(Role.ADMIN)
    gone.password_hash = ""
    assert not permissions.may(gone, action)


def test_enquiries_mail_and_people_are_the_administrators_alone() -> None:
    own = (Action.READ_ENQUIRIES, Action.READ_MAIL, Action.MANAGE_PEOPLE, Action.READ_ALL_ACTS)
    for action in own:
        assert [role for role in Role if permissions.may(somebody(role), action)] == [Role.ADMIN]


@pytest.mark.parametrize("role", Role)
def test_a_program_may_what_its_scopes_and_its_owner_both_may(role: Role) -> None:
    owner = somebody(role)
    for scope in Scope:
        program = Program(owner, frozenset({scope}))
        for action in Action:
            is_allowed = action in LETS[scope] & MAY[role]
            assert permissions.may(program, action) == is_allowed
            # What is under another's articles isn't an author's, nor her program's.
            is_for_all = is_allowed and role is not Role.AUTHOR
            assert permissions.may(program, action, of=Thing()) == is_for_all
            if is_allowed:
                assert permissions.require(program, action) is owner
            else:
                with pytest.raises(Forbidden, match=r"^This token may not be used for that[.]$"):
                    permissions.require(program, action)
    assert permissions.scopes_of(owner) == [each for each in Scope if LETS[each] <= MAY[role]]


def test_a_program_without_scopes_or_of_somebody_gone_may_nothing() -> None:
    gone = somebody(Role.ADMIN)
    programs = [Program(gone, frozenset()), Program(gone, frozenset(Scope))]
    gone.password_hash = ""
    assert not any(permissions.may(each, action) for each in programs for action in Action)
    assert permissions.scopes_of(gone) == []
