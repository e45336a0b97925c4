"""What an article's HTML may hold, and what is finished between the walls: ids, links, pictures.

Ids collide with nothing on the page, links to other sites keep the reader's page to themselves,
and a picture from another site becomes a link to it, since the page's policy wouldn't load it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Final

from blog.markup.cleaning import Policy, Token
from blog.markup.text import names

# What a page calls its own parts; ids within an article keep away from them.
RESERVED_IDS: Final = names(
    "body comments consent contents csrf_token email enquiry footer header main message name nav"
    " page parent password phone problem q reply search site title toc top topic"
)
RESERVED_ID_PREFIXES: Final = ("comment-", "error-", "field-", "hint-", "page-", "reply-")

# The classes an article's text may use; any other is dropped.
CLASSES: Final = names(
    "admonition admonition-title attention caution danger error hint important note tip warning"
    " footnote footnote-backref footnote-ref center left right lede small table wide"
)

_REL = "noopener noreferrer"
OTHER_SITE = re.compile(r"https?:|[/\\]{2}", re.IGNORECASE)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_IGNORED_IN_URLS = re.compile(r"[\x00-\x20]+")

# Attributes as bleach's tokens have them: (namespace, name) to a value with its entities.
Attributes = dict[tuple[None, str], str]


def finish(source: Iterable[Token]) -> Iterator[Token]:
    """Free ids from collisions, mark links to other sites, and link to their pictures."""
    taken: dict[str, int] = {}
    is_in_link, is_first = False, True
    for token in source:
        if token.get("name") == "a":
            is_in_link = token["type"] == "StartTag"
        if token["type"] not in ("StartTag", "EmptyTag"):
            yield token
            continue
        _free_id(token["data"], taken)
        if token["name"] == "a" and OTHER_SITE.match(url_of(token["data"], "href")):
            token["data"][None, "rel"] = _REL
        if token["name"] == "img":
            yield from _picture(token, is_in_link=is_in_link, is_first=is_first)
            is_first = False
        else:
            yield token


def _free_id(attributes: Attributes, taken: dict[str, int]) -> None:
    wanted = attributes.pop((None, "id"), "")
    name = html.unescape(wanted).strip().lower()
    if not name:
        return
    if name in RESERVED_IDS or name.startswith(RESERVED_ID_PREFIXES):
        wanted = f"article-{wanted}"
    free = wanted
    while free in taken:
        taken[wanted] += 1
        free = f"{wanted}-{taken[wanted]}"
    taken[free] = 1
    attributes[None, "id"] = free


def _picture(token: Token, *, is_in_link: bool, is_first: bool) -> Iterator[Token]:
    attributes: Attributes = token["data"]
    url = url_of(attributes, "src")
    if url and not SCHEME.match(url) and not OTHER_SITE.match(url):
        attributes |= {(None, "decoding"): "async", (None, "loading"): "lazy"}
        if is_first:
            # Often in view at once, where being lazy would only make it late.
            del attributes[None, "loading"]
        yield token
        return
    alt = html.unescape(attributes.get((None, "alt"), ""))
    words = {"type": "Characters", "data": f"Image: {alt or url or 'without an address'}"}
    if is_in_link or not OTHER_SITE.match(url):
        yield words
        return
    link = {(None, "href"): attributes[None, "src"], (None, "rel"): _REL}
    yield {"type": "StartTag", "name": "a", "namespace": None, "data": link}
    yield words
    yield {"type": "EndTag", "name": "a", "namespace": None}


def url_of(attributes: Attributes, name: str) -> str:
    """Return an address as a browser reads it."""
    return _IGNORED_IN_URLS.sub("", html.unescape(attributes.get((None, name), "")))


_TAGS = names(
    "a abbr b bdi bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption"
    " figure h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub"
    " summary sup table tbody td tfoot th thead time tr u ul var wbr"
)
# A browser's parser may repeat these after a mistake in nesting, and an id must stay alone.
_REPEATED_TAGS = names("a b code em i s small strong u")
_ATTRIBUTES = {
    "a": "href title",
    "abbr": "title",
    "details": "open",
    "dfn": "title",
    "div": "aria-label",
    "img": "alt height src title width",
    "li": "value",
    "ol": "reversed start",
    "td": "colspan data-label rowspan",
    "th": "colspan rowspan",
    "time": "datetime",
}
_VALUES = {
    "a": {"rel": frozenset({_REL})},
    "div": {"role": names("region"), "tabindex": names("0")},
    "img": {"decoding": names("async"), "loading": names("lazy")},
    "ol": {"type": names("1 a A i I")},
    "th": {"scope": names("col colgroup row rowgroup")},
}
POLICY: Final = Policy(
    attributes={
        tag: names(f"lang {'' if tag in _REPEATED_TAGS else 'id'} {_ATTRIBUTES.get(tag, '')}")
        for tag in _TAGS
    },
    schemes=names("http https mailto tel"),
    values={tag: {"dir": names("auto ltr rtl"), **_VALUES.get(tag, {})} for tag in _TAGS},
    classes=CLASSES,
    filters=(finish,),
    has_relative_urls=True,
)
