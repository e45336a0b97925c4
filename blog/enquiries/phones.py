"""Telephone numbers as people type them, understood for the site's country.

Source: libphonenumber's data; ITU-T E.164 for how a number is stored.
"""

from __future__ import annotations

_MIN_DIGITS, _MAX_DIGITS = 7, 15


def e164(typed: str, *, country: str | None) -> str | None:
    """Return a number as every telephone network knows it, as +27825550134; None for no number.

    Without a `country` only numbers that begin with + are understood.
    """
    # Few pages need it, and it takes long to load.
    import phonenumbers as numbers

    try:
        number = numbers.parse(typed, country)
    except numbers.NumberParseException:
        return None
    # Of a possible length is enough: a range that was given out lately is nobody's error.
    if not numbers.is_possible_number(number):
        return None
    return numbers.format_number(number, numbers.PhoneNumberFormat.E164)


def looks_like_one(typed: str) -> bool:
    """Tell whether a text has the digits of a telephone number, and no letters."""
    digits = sum(char.isdigit() for char in typed)
    return _MIN_DIGITS <= digits <= _MAX_DIGITS and not any(map(str.isalpha, typed))


def is_known(number: str) -> bool:
    """Tell whether a number of E.164 lies in a range that is in use; no number never does."""
    import phonenumbers as numbers

    try:
        return bool(number) and numbers.is_valid_number(numbers.parse(number, None))
    except numbers.NumberParseException:
        # What was stored before numbers were understood is as it was typed.
        return False


def readable(number: str) -> str:
    """Write a number of E.164 in groups, as +27 82 555 0134."""
    import phonenumbers as numbers

    parsed = numbers.parse(number, None)
    return numbers.format_number(parsed, numbers.PhoneNumberFormat.INTERNATIONAL)


def example(country: str | None) -> str:
    """Return a mobile number as people of a country write theirs; with its prefix for no country."""
    import phonenumbers as numbers

    mobile = numbers.PhoneNumberType.MOBILE
    found = numbers.example_number_for_type(country, mobile) if country else None
    if found is not None:
        return numbers.format_number(found, numbers.PhoneNumberFormat.NATIONAL)
    return "+27 82 555 0134"
