"""Names that become part of an address: ids, and slugs made from what a person typed.

Says also which text is free of characters that nobody can have meant.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
ID_RULE = "small letters from a to z, digits and hyphens, at most 100 of them"

_SLUG_MAX_CHARS = 80
# Letters that Unicode doesn't take apart into a plain letter and an accent.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def slugify(name: str) -> str:
    """Make a name fit for an address: accents folded, all else but letters and digits a hyphen.

    Names that keep a letter no accent can be taken from, such as Cyrillic ones, end in a short
    digest, so that two of them never share an address.
    """
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    folded = "".join(character for character in apart if not unicodedata.combining(character))
    slug = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:_SLUG_MAX_CHARS].rstrip("-")
    is_whole = folded.isascii() or not any(c.isalnum() for c in folded if not c.isascii())
    if slug and is_whole:
        return slug
    digest = hashlib.sha256(name.casefold().encode("utf-8", "replace")).hexdigest()[:8]
    return f"{slug or 'x'}-{digest}"


def is_clean(text: str) -> bool:
    """Whether the text has no control characters and no halves of characters."""
    return text.isprintable() or not any(
        unicodedata.category(character) in ("Cc", "Cs") for character in text
    )
