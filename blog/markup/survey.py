"""What a text refers to and how it is built, found while it is cleaned; and its pictures' addresses.

Runs between the walls, before the last one: a picture of this site gets the address under which
it may be kept for ever, and its size. Says what it saw and judges nothing.
"""

from __future__ import annotations

import html
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from blog.markup.cleaning import Token
from blog.markup.finishing import OTHER_SITE, RESERVED_IDS, SCHEME, Attributes

_MEDIA = "/media/"


@dataclass(frozen=True)
class Picture:
    """A picture of this site: its full address, and its size where it is known.

    Units: `width` and `height` are pixels, 0 where unknown.
    """

    url: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Survey:
    """What a text refers to, as it was typed, and which of its headings are out of order.

    `links` and `pictures` lead into this site, `outward` links name a site, be it this one;
    `undescribed` pictures have no words for those who can't see them; `lost` are links to a part of the text that isn't there; `jumps` are
    headings more than one level below the last one, `tops` those of the page's own level.
    """

    links: tuple[str, ...] = ()
    outward: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    undescribed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    jumps: tuple[str, ...] = ()
    tops: tuple[str, ...] = ()


def media_path(url: str) -> str:
    """Find the path below media/ that an address in a file of words leads to; empty for others.

    A relative one counts from the file's folder, as an editor on the author's machine has it.
    """
    path = unquote(url.partition("#")[0].partition("?")[0])
    full = posixpath.normpath(posixpath.join("/articles", path))
    return full.removeprefix(_MEDIA) if full.startswith(_MEDIA) else ""


class Surveyor:
    """A filter between the walls that finishes pictures and remembers what it has seen."""

    def __init__(self, pictures: Mapping[str, Picture]) -> None:
        self._known = pictures
        # Keyed so that a text that is cleaned twice is seen once.
        self._links: dict[str, None] = {}
        self._outward: dict[str, None] = {}
        self._pictures: dict[str, str] = {}
        self._undescribed: dict[str, None] = {}
        self._ids: set[str] = set()

    def __call__(self, source: Iterable[Token]) -> Iterator[Token]:
        """Look at each token, and hand it on."""
        for token in source:
            if token["type"] in ("StartTag", "EmptyTag"):
                self._ids.add(html.unescape(token["data"].get((None, "id"), "")))
                if token["name"] == "a":
                    self._see_link(_typed(token["data"], "href"))
                elif token["name"] == "img":
                    self._finish_picture(token["data"])
            yield token

    def survey(self, jumps: Iterable[str], tops: Iterable[str]) -> Survey:
        """Say what was seen; of headings others know."""
        return Survey(
            links=tuple(link for link in self._links if not link.startswith("#")),
            outward=tuple(self._outward),
            pictures=tuple(self._pictures.values()),
            undescribed=tuple(self._undescribed),
            lost=tuple(link for link in self._links if self._is_lost(link)),
            jumps=tuple(jumps),
            tops=tuple(tops),
        )

    def _see_link(self, url: str) -> None:
        if OTHER_SITE.match(url):
            self._outward[url] = None
        elif url and not SCHEME.match(url):
            self._links[url] = None

    def _is_lost(self, link: str) -> bool:
        part = unquote(link[1:])
        # The page has these itself, but a heading of this name had to make way for it.
        is_the_pages = part in RESERVED_IDS and f"article-{part}" not in self._ids
        return link.startswith("#") and bool(part) and part not in self._ids and not is_the_pages

    def _finish_picture(self, attributes: Attributes) -> None:
        typed = _typed(attributes, "src")
        path = media_path(typed)
        self._pictures.setdefault(path or typed, typed)
        if (None, "alt") not in attributes:
            self._undescribed[typed] = None
            attributes[None, "alt"] = ""
        if picture := self._known.get(path):
            fragment = typed.partition("#")[1:]
            attributes[None, "src"] = html.escape(picture.url + "".join(fragment))
            if picture.width and not {(None, "width"), (None, "height")} & attributes.keys():
                attributes[None, "width"] = str(picture.width)
                attributes[None, "height"] = str(picture.height)


def _typed(attributes: Attributes, name: str) -> str:
    return html.unescape(attributes.get((None, name), "")).strip()
