"""An independent reading of HTML: what it holds that isn't allowed, and what is broken in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from html.parser import HTMLParser

# What may come out, stated once more so that the tests don't take the code's word for it.
COMMENT_TAGS = "blockquote br code em li p pre strong ul"
COMMENT_LIST: dict[str, set[str]] = {
    "a": {"href", "rel", "title"},
    "ol": {"start"},
    **{tag: set() for tag in COMMENT_TAGS.split()},
}
ARTICLE_TAGS = (
    "a abbr b bdi bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption"
    " figure h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub"
    " summary sup table tbody td tfoot th thead time tr u ul var wbr"
)
ARTICLE_ATTRIBUTES = (
    "alt aria-label class colspan data-label datetime decoding dir height href id lang loading"
    " open rel reversed role rowspan scope src start tabindex title type value width"
)
ARTICLE_LIST = {tag: set(ARTICLE_ATTRIBUTES.split()) for tag in ARTICLE_TAGS.split()}


class Inspector(HTMLParser):
    """Reads HTML with another parser than those that made it, and notes what is broken."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> left open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("br", "hr", "img", "wbr"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> out of place")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.faults.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("a declaration")

    def handle_pi(self, data: str) -> None:
        self.faults.append("an instruction")

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    def outside(self, allowed: Mapping[str, Set[str]], schemes: Iterable[str]) -> list[str]:
        """List tags, attributes and schemes that aren't allowed, and what is broken."""
        found = list(self.faults)
        for tag, attributes in self.tags:
            found += [f"<{tag}>"] if tag not in allowed else []
            found += [f"<{tag} {name}>" for name in set(attributes) - allowed.get(tag, set())]
        for url in self.values("href") + self.values("src"):
            # As browsers read it: no controls or spaces before, no tabs or newlines anywhere.
            read = re.sub(r"^[\x00-\x20]+|[\t\r\n]", "", url).lower()
            scheme = re.match(r"([a-z][a-z0-9+.-]*):", read)
            found += [url] if scheme and scheme[1] not in schemes else []
        return found


def comment_faults(html: str) -> list[str]:
    return Inspector(html).outside(COMMENT_LIST, ("http", "https", "mailto"))


def article_faults(html: str) -> list[str]:
    inspector = Inspector(html)
    ids = inspector.values("id")
    clashes = [name for name in ids if ids.count(name) > 1 or name in ("main", "comments")]
    return inspector.outside(ARTICLE_LIST, ("http", "https", "mailto", "tel")) + clashes
