"""Pages as they are kept: ready bytes for each encoding, in a store bounded in bytes."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

import brotli
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

Headers = list[tuple[str, str]]

# How hard to compress what is kept, and what is sent once: up to a quarter larger, in half the
# time or less.
KEPT_LEVELS = {"br": 5, "gzip": 6}
QUICK_LEVELS = {"br": 1, "gzip": 1}
# What a page takes beside its bytes, roughly.
ENTRY_BYTES = 4096

_MADE_HERE = ("vary", "etag", "content-length", "content-encoding")
_OF_A_BODY = ("content-type", "content-encoding")


@dataclass(frozen=True)
class Variant:
    """A page in one encoding, ready to be sent."""

    body: bytes
    etag: str
    headers: Headers
    headers_unchanged: Headers


@dataclass
class Entry:
    """A page, and its variants as far as somebody asked for them."""

    headers: Headers
    body: bytes
    # None for what never changes.
    ends_at: datetime | None
    variants: dict[str, Variant] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, roughly."""
        sizes = [len(each.body) for each in self.variants.values()]
        return ENTRY_BYTES + len(self.body) + sum(sizes)

    def make(self, encoding: str, *, is_kept: bool) -> Variant:
        """Make it ready in one encoding; quickly where it is sent once."""
        etag = hashlib.sha256(self.body).hexdigest()[:20]
        headers = [pair for pair in self.headers if pair[0].lower() not in _MADE_HERE]
        vary = [value for name, value in self.headers if name.lower() == "vary"]
        headers.append(("Vary", ", ".join([*vary, "Accept-Encoding"])))
        body, level = self.body, (KEPT_LEVELS if is_kept else QUICK_LEVELS).get(encoding)
        if level is not None:
            body = _compressed(body, encoding, level)
            # A strong tag stands for these very bytes.
            etag += f"-{encoding}{level}"
            headers.append(("Content-Encoding", encoding))
        headers.append(("ETag", f'"{etag}"'))
        unchanged = [pair for pair in headers if pair[0].lower() not in _OF_A_BODY]
        headers.append(("Content-Length", str(len(body))))
        return Variant(body, f'"{etag}"', headers, unchanged)


def _compressed(body: bytes, encoding: str, level: int) -> bytes:
    if encoding == "br":
        made: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=level)
        return made
    return gzip.compress(body, level, mtime=0)


def best_encoding(accepted: str) -> str:
    """Choose the encoding for an Accept-Encoding header: br, gzip or identity.

    Source: RFC 9110, 12.5.3; what can't be read is taken for absent.
    """
    wishes = parse_accept_header(accepted, Accept)
    known = {name: wishes.quality(name) for name in ("br", "gzip")}
    best = max(known, key=lambda name: known[name])
    # A client that names it and prefers it gets it.
    plain = wishes.quality("identity") if "identity" in accepted else 0
    return best if known[best] > 0 and known[best] >= plain else "identity"


def is_known(named: str, etag: str) -> bool:
    """Tell whether an If-None-Match header names a tag.

    Source: RFC 9110, 13.1.2: compared weakly, since proxies that compress anew weaken it.
    """
    if named == etag:
        return True
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in named.split(","))


class Store:
    """Entries of one revision, the least recently used of which go first; safe for threads."""

    def __init__(self, max_bytes: int) -> None:
        self.revision = 0
        self.size_bytes = 0
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> Entry | None:
        """Return what is kept under a key."""
        entry = self._entries.get(key)
        if entry is not None:
            with contextlib.suppress(KeyError):  # another thread may have dropped it just now
                self._entries.move_to_end(key)
        return entry

    def put(self, key: Hashable, entry: Entry, *, revision: int | None) -> bool:
        """Keep a page, unless it was rendered from an older revision than is known by now.

        Returns: whether it is kept. A revision of None is for what never changes.
        """
        with self._lock:
            if revision is not None and revision < self.revision:
                return False
            if revision is not None:
                self._learn(revision)
            self._drop(key)
            self._entries[key] = entry
            self.size_bytes += entry.size_bytes
            self._make_room()
            return key in self._entries

    def add_variant(self, key: Hashable, entry: Entry, encoding: str) -> Variant:
        """Make an entry ready in a further encoding."""
        variant = entry.make(encoding, is_kept=self._entries.get(key) is entry)
        with self._lock:
            is_kept = self._entries.get(key) is entry
            if is_kept and encoding not in entry.variants:
                self.size_bytes += len(variant.body)
            entry.variants[encoding] = variant
            self._make_room()
        return variant

    def learn(self, revision: int) -> None:
        """Drop what an older revision made, once there is another."""
        with self._lock:
            self._learn(revision)

    def forget(self) -> None:
        """Drop everything that may change."""
        with self._lock:
            self._forget()

    def _learn(self, revision: int) -> None:
        if revision != self.revision:
            self.revision = revision
            self._forget()

    def _forget(self) -> None:
        # A copy made at once, since those who find pages move them without the lock.
        for key, entry in list(self._entries.items()):
            if entry.ends_at is not None:
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size_bytes -= entry.size_bytes

    def _make_room(self) -> None:
        while self.size_bytes > self._max_bytes:
            _, entry = self._entries.popitem(last=False)
            self.size_bytes -= entry.size_bytes
