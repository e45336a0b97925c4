"""Where a webhook may go: to public addresses over https, or to hosts that the site names itself.

What an administrator types is checked by its spelling, and what its name stands for each time it
is used: the addresses that were checked are those that are called.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from blog.errors import Invalid

URL_MAX_CHARS = 500
PORTS = (443, 8443)

_PLAIN = re.compile(r"[\x21-\x7e]+")
# A name with a dot whose last part is no number: no spelling of an address is one.
_NAME = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_GLOBAL = ipaddress.ip_network("2000::/3")
# An address of IPv4 stands in its last four bytes.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_DOCUMENTATION = ipaddress.ip_network("3fff::/20")
_SHARED = ipaddress.ip_network("100.64.0.0/10")

# Family and address, as sockets take them.
Address = tuple[int, Any]


@dataclass(frozen=True)
class Place:
    """An endpoint's address, taken apart; `is_named` where the site allows its host by name."""

    is_https: bool
    host: str
    port: int
    target: str
    is_named: bool


def read(url: str, *, named: Collection[str]) -> Place:
    """Take an address apart that a webhook may go to; `named` are the hosts the site allows.

    Raises: Invalid saying what is wrong.
    """
    parts = _split(url)
    host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    is_named = host in named or f"{host}:{port}" in named
    if not is_named:
        _check(parts.scheme, host, port)
    query = f"?{parts.query}" if parts.query else ""
    return Place(parts.scheme == "https", host, port, f"{parts.path or '/'}{query}", is_named)


def _split(url: str) -> SplitResult:
    if len(url) > URL_MAX_CHARS:
        raise _wrong(f"Please use at most {URL_MAX_CHARS} characters.")
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    is_plain = _PLAIN.fullmatch(url) and not set(url) & set('\\"<>^`{|}')
    if not (has_port and is_plain and parts.scheme in ("https", "http") and parts.hostname):
        raise _wrong("Please give an address like https://hooks.example.org/blog, in ASCII.")
    if "@" in parts.netloc:
        raise _wrong("Please leave out user and password: the signature tells who sends.")
    if "#" in url:
        raise _wrong("Please leave out the part from # on, which is never sent.")
    return parts


def _check(scheme: str, host: str, port: int) -> None:
    """Check the address of a host that the site doesn't name."""
    if scheme != "https":
        raise _wrong("It must begin with https://, unless BLOG_WEBHOOK_HOSTS names the host.")
    if not _NAME.fullmatch(host):
        raise _wrong(
            "Please give the full name of a host, like hooks.example.org; others have to be named"
            " in BLOG_WEBHOOK_HOSTS."
        )
    if port not in PORTS:
        words = " or ".join(map(str, PORTS))
        raise _wrong(f"The port must be {words}, unless BLOG_WEBHOOK_HOSTS names the host.")


def _wrong(sentence: str) -> Invalid:
    return Invalid({"url": sentence})


class Forbidden(OSError):
    """A name that stands for addresses no webhook goes to."""


def resolve(place: Place) -> list[Address]:
    """Look a name up, once; whatever it says later isn't asked for.

    Raises: OSError where it isn't known, Forbidden where any of its addresses isn't public.
    """
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    if not place.is_named:
        private = [each[4][0] for each in found if not is_public(str(each[4][0]))]
        if private:
            raise Forbidden(
                f"{place.host} stands for {private[0]}, which isn’t public; a host of one’s own"
                " has to be named in BLOG_WEBHOOK_HOSTS"
            )
    return [(int(family), address) for family, _, _, _, address in found]


def is_public(text: str) -> bool:
    """Tell whether an address is one of the open internet, however it is wrapped."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    inner = _wrapped(address)
    if inner is not None:
        return _is_public_v4(inner)
    is_tunnel = address.sixtofour is not None or address.teredo is not None
    is_open = address in _GLOBAL and address not in _DOCUMENTATION
    return is_open and address.is_global and not is_tunnel


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(address.packed[-4:]) if address in _NAT64 else None


def _is_public_v4(address: IPv4Address) -> bool:
    is_special = address.is_multicast or address.is_reserved or address in _SHARED
    return address.is_global and not is_special
