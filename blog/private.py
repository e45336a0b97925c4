"""What in a text could reach or name its writer: phone numbers, addresses, identity numbers.

Pure. Finds them so that somebody can look before the world does; changes nothing by itself.

Source: libphonenumber for phone numbers; the South African Identity Number's layout (date of
birth, sequence, citizenship, check digit after Luhn).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

# Fewer digits are no phone number, and most texts have none.
_DIGITS = re.compile(r"(?:\d\D{0,3}){7}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IDENTITY = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{2})[ -]?\d{4}[ -]?[01]\d\d(?!\d)")
_LEAP_YEAR = 2000


class Kind(StrEnum):
    """What a private detail is, in words."""

    EMAIL = "email address"
    IDENTITY = "identity number"
    PHONE = "phone number"


@dataclass(frozen=True, order=True)
class Detail:
    """A private detail of a text, from one place in it to another."""

    start: int
    end: int
    kind: Kind


def details(text: str, *, region: str | None) -> list[Detail]:
    """Find all private details of a text, in their order; they don't overlap.

    `region` is the two letters of the country whose numbers are typed without their prefix.
    """
    found: list[Detail] = []
    for each in sorted([*_emails(text), *identity_numbers(text)]) + sorted(_phones(text, region)):
        if all(each.end <= other.start or other.end <= each.start for other in found):
            found.append(each)
    return sorted(found)


def identity_numbers(text: str) -> list[Detail]:
    """Find the identity numbers of a text, in their order."""
    return list(_identities(text))


def parts(text: str, found: Iterable[Detail]) -> Iterator[tuple[str, Kind | None]]:
    """Take a text apart at its details, each with its kind."""
    done = 0
    for each in found:
        yield text[done : each.start], None
        yield text[each.start : each.end], each.kind
        done = each.end
    yield text[done:], None


def masked(text: str, found: Sequence[Detail], *, max_chars: int) -> str:
    """Put a note in the place of each detail; a short one where notes would make it too long."""
    whole = list(parts(text, found))
    noted = "".join(f"({kind} hidden)" if kind else part for part, kind in whole)
    if len(noted) <= max_chars:
        return noted
    return "".join("(…)" if kind else part for part, kind in whole)


def _emails(text: str) -> Iterator[Detail]:
    for match in _EMAIL.finditer(text):
        yield Detail(match.start(), match.end(), Kind.EMAIL)


def _identities(text: str) -> Iterator[Detail]:
    for match in _IDENTITY.finditer(text):
        _, month, day = map(int, match.groups())
        digits = [int(char) for char in match.group() if char.isdigit()]
        if _is_date(month, day) and _luhn(digits) == 0:
            yield Detail(match.start(), match.end(), Kind.IDENTITY)


def _is_date(month: int, day: int) -> bool:
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        return False
    return True


def _luhn(digits: list[int]) -> int:
    """Return the check sum, which is 0 for a number without a slip."""
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10


def _phones(text: str, region: str | None) -> Iterator[Detail]:
    if not _DIGITS.search(text):
        return
    # Only a text with that many digits needs it.
    from phonenumbers import PhoneNumberMatcher

    for match in PhoneNumberMatcher(text, region):
        yield Detail(match.start, match.end, Kind.PHONE)
