"""Names that are somebody's own, for who signs in; how they look alike is the policy's test."""

from dataclasses import replace

import pytest
from sqlalchemy import delete

from blog import accounts, articles, db
from blog.accounts import User
from blog.articles import Author
from blog.comments import names
from tests.cast import AUTHOR, MODERATOR, SECOND_AUTHOR, Person

pytestmark = pytest.mark.usefixtures("at_work")
LIKE_SANDRA = "the name looks like “Sandra de Beer”"


def user(person: Person) -> User:
    found = accounts.by_email(person.email)
    assert found
    return found


@pytest.mark.parametrize(
    ("person", "name", "words"),
    [
        (MODERATOR, "Nomsa", ""),
        (MODERATOR, "mia  botha", ""),
        (MODERATOR, "S. de Beer", LIKE_SANDRA),
        (MODERATOR, "The Skin Journal", "the name looks like “The Skin Journal”"),
        (MODERATOR, "Support", "the name is that of an office, not of a person"),
        # Her profile is that of Sandra.
        (SECOND_AUTHOR, "Sandra de Beer", ""),
        (SECOND_AUTHOR, "Dr Botha", "the name looks like “Mia Botha”"),
    ],
)
def test_a_name_is_fit_unless_it_looks_like_anothers(person: Person, name: str, words: str) -> None:
    assert names.unfit_for(user(person), name) == words


def test_of_a_profile_whose_file_is_gone_nobody_has_the_name() -> None:
    with db.writing():
        db.session.execute(delete(Author))
    assert names.unfit_for(user(SECOND_AUTHOR), AUTHOR.name) == LIKE_SANDRA


def test_what_has_no_letters_is_nobodys_name() -> None:
    guarded = names.guarded(replace(articles.site(), title="…", clinic_name="Glow"))
    assert "…" not in guarded
    assert {"Glow", MODERATOR.name} <= {*guarded}
