"""The two walls every HTML passes last: bleach, then nh3, with one allow-list for both.

bleach shows what isn't allowed as text instead of swallowing it; nh3, which is maintained and
parses as browsers do, has the last word. Nothing touches the HTML afterwards, and only HTML
cleaned under the policy that holds now becomes `Markup`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import nh3
from bleach.sanitizer import Cleaner
from markupsafe import Markup

from blog.markup.text import NO_CHARACTER, normalised

# Stored beside the HTML. Raise one when its kind of text would come out differently.
ARTICLE_POLICY: Final = 2
COMMENT_POLICY: Final = 1

# References to control characters, which nh3 would resolve and the next cleaning replace.
_CONTROL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[1-9]|2\d|3[01]|127)|x0*(?:[0-8b-f]|1[\da-f]|7f));", re.IGNORECASE
)

Token = dict[str, Any]
Filter = Callable[[Iterable[Token]], Iterator[Token]]


@dataclass(frozen=True)
class Policy:
    """What one kind of text may hold; both walls read this one list.

    `attributes` has every allowed tag with the attributes it may carry, whatever their value;
    `values` has those with a closed list of values. `rel` is set on every link, where given.
    `filters` rewrite tokens between the walls. Relative addresses are resolved against `base`,
    where given.
    """

    attributes: Mapping[str, frozenset[str]]
    schemes: frozenset[str]
    values: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()
    rel: str | None = None
    filters: tuple[Filter, ...] = ()
    has_relative_urls: bool = False
    base: str = ""

    def allows(self, tag: str, name: str, value: str) -> bool:
        """Tell whether an allowed tag may carry this attribute with this value."""
        if name == "class":
            return not self.classes.isdisjoint(value.split())
        closed = self.values.get(tag, {}).get(name, frozenset())
        return name in self.attributes[tag] or value in closed

    @cached_property
    def strict_cleaner(self) -> nh3.Cleaner:
        """The second wall, made once."""
        return nh3.Cleaner(
            tags=frozenset(self.attributes),
            # Without "*" the library allows `lang` and `title` of its own accord.
            attributes={**self.attributes, "*": frozenset()},
            tag_attribute_values=self.values,
            allowed_classes=dict.fromkeys(self.attributes, self.classes) if self.classes else None,
            url_schemes=self.schemes,
            url_relative=(
                ("rewrite_with_base", self.base)
                if self.base
                else "pass_through"
                if self.has_relative_urls
                else "deny"
            ),
            link_rel=self.rel,
        )


def clean(markup: str, policy: Policy, *filters: Filter) -> str:
    """Make HTML safe, showing what isn't allowed as text; `filters` run after the policy's own.

    Returns: balanced HTML with nothing outside the policy; cleaned again it stays the same.
    """
    cleaned = second_wall(first_wall(markup, policy, *filters), policy)
    if "<table" in cleaned:
        # What a table can't hold is moved out of it, by each wall in its own way; they agree the
        # second time.
        cleaned = second_wall(first_wall(cleaned, policy, *filters), policy)
    return cleaned


def first_wall(markup: str, policy: Policy, *filters: Filter) -> str:
    """Turn tags that aren't allowed into text, and rewrite what the policy's filters want."""
    # Made anew each time, since threads can't share a Cleaner of bleach.
    cleaner = Cleaner(
        tags=policy.attributes.keys(),
        attributes=policy.allows,
        protocols=policy.schemes,
        filters=(_without_first_newlines, *policy.filters, *filters),  # type: ignore[arg-type]  # any iterable
    )
    return cleaner.clean(_CONTROL_REFERENCE.sub(NO_CHARACTER, normalised(markup)))


def _without_first_newlines(source: Iterable[Token]) -> Iterator[Token]:
    # Every parser drops a newline right after <pre>, so that each cleaning would take one more.
    is_start_of_pre = False
    for token in source:
        if is_start_of_pre and token["type"] in ("Characters", "SpaceCharacters", "Entity"):
            if token["type"] != "Entity":
                token["data"] = token["data"].lstrip("\n")
            if html.unescape(token.get("data", f"&{token.get('name')};")) in ("", "\n"):
                continue
        is_start_of_pre = token["type"] == "StartTag" and token["name"] == "pre"
        yield token


def second_wall(markup: str, policy: Policy) -> str:
    """Drop whatever isn't allowed and has come this far."""
    return policy.strict_cleaner.clean(markup)


def trusted_article(markup: str, policy: int) -> Markup | None:
    """Let templates show an article's stored HTML; None where it must be rendered anew."""
    return _trusted(markup) if policy == ARTICLE_POLICY else None


def trusted_comment(markup: str, policy: int) -> Markup | None:
    """Let templates show a comment's stored HTML; None where it must be rendered anew."""
    return _trusted(markup) if policy == COMMENT_POLICY else None


def _trusted(markup: str) -> Markup:
    return Markup(markup)  # noqa: S704 - the version says it was cleaned under today's policy
