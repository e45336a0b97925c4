"""Filters and orders as Ghost names them: of posts made ours, of shorter lists carried out here.

A list that is read whole anyway, as of tags, is sifted by what is sent of each thing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from blog.articles import choosing, filtering
from blog.articles.choosing import Key
from blog.articles.filtering import Condition, Filter, Sign, Value

# What Ghost can ask of a post, as articles have it.
FIELDS = {
    **dict.fromkeys(("id", "slug", "title", "published_at", "updated_at")),
    "created_at": "published_at",
    "feature_image": "cover",
    "canonical_url": "canonical",
    "custom_excerpt": "summary",
    "excerpt": "summary",
    **dict.fromkeys(("tag", "tags", "tag.slug", "tags.slug", "tags.id"), "topic"),
    **dict.fromkeys(("author", "authors", "author.slug", "authors.slug", "authors.id"), "author"),
    "primary_tag": "primary_topic",
    "primary_author": "primary_author",
}
# What is the same of every post.
SAME = {"featured": "false", "visibility": "public", "status": "published", "type": "post"}
_NONE = Condition("id", Sign.IS, (Value("null"),))
_EVERY = replace(_NONE, is_negated=True)

_SIFTED: dict[Sign, Callable[[str, str], bool]] = {
    Sign.IS: lambda text, value: text == value,
    Sign.HOLDS: lambda text, value: value.casefold() in text.casefold(),
    Sign.BEGINS: lambda text, value: text.casefold().startswith(value.casefold()),
    Sign.ENDS: lambda text, value: text.casefold().endswith(value.casefold()),
}


def of_posts(found: Filter) -> Filter:
    """Make a filter of posts one of articles.

    Raises: ValueError for what can't be asked.
    """
    return _ours(found)


def _ours(found: Filter) -> Filter:
    if not isinstance(found, Condition):
        return replace(found, parts=tuple(_ours(part) for part in found.parts))
    if found.field in SAME:
        _check_sign(found, (Sign.IS,))
        return _EVERY if _is_true(found, SAME[found.field]) else _NONE
    if found.field not in FIELDS:
        raise _unknown(found.field, [*FIELDS, *SAME])
    ours = FIELDS[found.field] or found.field
    try:
        return choosing.checked(replace(found, field=ours))
    except ValueError as error:
        # In the name by which it was asked for.
        raise ValueError(str(error).replace(f"“{ours}”", f"“{found.field}”")) from None


def only(*fields: str) -> Callable[[Filter], Filter]:
    """Make a check that lets pass what asks of texts under these names alone."""

    def check(found: Filter) -> Filter:
        for condition in filtering.conditions(found):
            if condition.field not in fields:
                raise _unknown(condition.field, fields)
            _check_sign(condition, tuple(_SIFTED))
        return found

    return check


def _unknown(field: str, known: Sequence[str]) -> ValueError:
    return ValueError(f"There is no field “{field}” to filter by. There are: {', '.join(known)}.")


def _check_sign(condition: Condition, signs: Sequence[Sign]) -> None:
    if condition.sign not in signs:
        raise ValueError(f"“{condition.sign}” can’t be asked of “{condition.field}”.")


def holds(found: Filter, item: dict[str, Any]) -> bool:
    """Tell whether a filter is true of a thing as it is sent."""
    if isinstance(found, Condition):
        return _is_true(found, item.get(found.field, SAME.get(found.field)))
    parts = (holds(part, item) for part in found.parts)
    return any(parts) if found.is_any else all(parts)


def _is_true(asked: Condition, sent: str | bool | None) -> bool:
    text = str(sent).lower() if isinstance(sent, bool) else sent
    return asked.is_negated != any(_is_one(asked.sign, text, value) for value in asked.values)


def _is_one(sign: Sign, text: str | None, value: Value) -> bool:
    if value.is_null or text is None:
        return value.is_null and text is None
    return _SIFTED[sign](text, value.text)


def in_order(key: Key) -> Callable[[dict[str, Any]], Any]:
    """Return what things are compared by in an order."""

    def compared(item: dict[str, Any]) -> Any:
        if key.name == "count.posts":
            return item["count"]["posts"]
        return item[key.name].casefold()

    return compared
