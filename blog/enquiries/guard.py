"""Notices what a visitor had better not send by a web form: identity numbers, medical details.

Pure. It only notices: what to do about it is the visitor's to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from blog import private

IDENTITY = "an identity number"


def found(message: str, words: Sequence[str]) -> list[str]:
    """List what a message seems to hold, in words for who wrote it; each word once, as typed.

    `words` are names of illnesses and medicines, found whole and in any case, also in the plural.
    """
    named = {match.casefold(): match for match in _pattern(tuple(words)).findall(message)}
    told = [f"“{' '.join(word.split())}”" for word in named.values()]
    return [*([IDENTITY] if private.identity_numbers(message) else []), *told]


@lru_cache(maxsize=4)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    # Spaces may be any; a list without words finds nothing.
    each = "|".join(r"\s+".join(map(re.escape, word.split())) for word in words) or "(?!)"
    return re.compile(rf"(?<!\w)(?:{each})(?:e?s)?(?!\w)", re.I)
