"""Which names are somebody's own: the clinic's, and those of who writes and reviews here.

A reader who goes by one is held by the policy; who has an account may not call herself so.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import dropwhile, product

from sqlalchemy import select, union

from blog import accounts, articles, db
from blog.accounts import User
from blog.articles import Author
from blog.comments import likeness
from blog.content import Site

_NAMES = union(select(Author.name), select(accounts.User.name))
# A shorter name may well be part of somebody's.
_GUARDED_WITHIN_CHARS = 8
_SHORTENED_PARTS = 5
_TITLES = frozenset(
    likeness.letters(title)
    for title in (
        *("dr", "doctor", "prof", "professor", "mr", "mrs", "ms", "miss", "sister", "nurse"),
        *("dokter", "mnr", "mev", "mej", "me", "suster"),
    )
)
_OFFICES = frozenset(
    likeness.letters(office)
    for office in ("admin", "administrator", "author", "editor", "moderator", "staff", "support")
)


def guarded(site: Site) -> list[str]:
    """List the names that others must not go by."""
    named = db.session.connection().execute(_NAMES).scalars()
    return [each for each in (site.title, site.clinic_name, *named) if likeness.letters(each)]


def unfit_for(user: User, name: str) -> str:
    """Say why somebody with an account may not go by a name; her own and her profile's are hers."""
    profile = articles.author(user.author_id) if user.author_id else None
    own = {likeness.letters(each) for each in (user.name, profile.name if profile else user.name)}
    if likeness.letters(name) in own:
        return ""
    others = guarded(articles.site())
    return unfit(name, [each for each in others if likeness.letters(each) not in own])


def unfit(name: str, others: Iterable[str]) -> str:
    """Say why nobody may go by a name, where others are somebody's; empty where she may."""
    shown = likeness.words(name)
    for each in others:
        if _looks_like(shown, _guarded_words(each)) or _is_short_for(shown, each):
            return f"the name looks like “{each}”"
    if "".join(shown) in _OFFICES:
        return "the name is that of an office, not of a person"
    return ""


@lru_cache(maxsize=256)
def _guarded_words(name: str) -> list[str]:
    return likeness.words(name.casefold().removeprefix("the "))


def _looks_like(words: list[str], own: list[str]) -> bool:
    """Tell whether a name is another's, has it within, or has all its words in another order."""
    letters, own_letters = "".join(words), "".join(own)
    is_within = own_letters in letters or set(own) <= set(words)
    return letters == own_letters or (is_within and len(own_letters) >= _GUARDED_WITHIN_CHARS)


def _is_short_for(words: list[str], guarded: str) -> bool:
    """Tell whether a name is a title with a part of another's, or has initials for some of it."""
    rest = list(dropwhile(_TITLES.__contains__, words))
    letters, (parts, forms) = "".join(rest), _short_forms(guarded)
    return (len(rest) > 1 and letters in forms) or (rest != words and letters in parts)


@lru_cache(maxsize=256)
def _short_forms(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return what of a name is said behind a title, and how it is written with initials."""
    named = name.casefold().removeprefix("the ").split()
    own = list(dropwhile(lambda each: likeness.letters(each) in _TITLES, named))
    whole, first = ([likeness.letters(each[:end]) for each in own] for end in (None, 1))
    said = frozenset((*whole[:1], *whole[-1:], "".join(whole[1:]))) - {""}
    if not 1 < len(own) <= _SHORTENED_PARTS:
        return said, frozenset()
    # What stands between, such as “de”, may be left out.
    middle = [(*each, "") for each in list(zip(whole, first, strict=True))[1:-1]]
    ways = product((whole[0], first[0]), *middle, (whole[-1], first[-1]))
    is_told = (way for way in ways if way[0] == whole[0] or way[-1] == whole[-1])
    return said, frozenset(map("".join, is_told))
