"""Headers that nobody listed: none changes a page that is kept, at the site or behind nginx."""

from __future__ import annotations

from collections.abc import Iterator

from bench import servers
from bench.load import Answer, Visitor
from bench.report import Bound, Row
from bench.servers import Blog
from bench.speed import ARTICLE

_EVIL = "evil.example"
HEADERS = {
    "X-Forwarded-Host": _EVIL,
    "X-Forwarded-Server": _EVIL,
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Prefix": f"/{_EVIL}",
    "X-Forwarded-Scheme": "gopher",
    "X-Forwarded-Ssl": "off",
    "Forwarded": f"for=1.2.3.4;host={_EVIL};proto=gopher",
    "X-Host": _EVIL,
    "X-HTTP-Host-Override": _EVIL,
    "X-Original-Host": _EVIL,
    "X-Original-URL": "/admin/",
    "X-Rewrite-URL": "/admin/",
    "X-Script-Name": f"/{_EVIL}",
    "X-HTTP-Method-Override": "POST",
    "X-Method-Override": "DELETE",
    "X-Real-IP": "1.2.3.4",
    "True-Client-IP": "1.2.3.4",
    "CF-Connecting-IP": "1.2.3.4",
    "Accept-Language": "de",
    "Accept-Charset": "utf-16",
    "User-Agent": f"<script src=//{_EVIL}></script>",
    "Referer": f"https://{_EVIL}/",
    "Origin": f"https://{_EVIL}",
    "Authorization": "Bearer x",
    "Range": "bytes=0-1",
    "If-Modified-Since": "Mon, 04 May 2026 09:30:00 GMT",
    "DNT": "1",
    "Save-Data": "on",
    "X-Requested-With": "XMLHttpRequest",
    "Cookie": f"theme={_EVIL}",
}
_PAGES = [ARTICLE, "/", "/feed.xml", "/feed.json", "/contact"]
# What a careless proxy takes for a file, or for another path than the site does.
_ADMIN = ["/admin/x.css", "/admin/sign-in/x.css", "/admin/sign-in;x.css", "/admin/x.css?x=.js"]
_NONE = Bound(0)


def rows(site: Blog, *, count: int) -> Iterator[Row]:
    """Ask with each header, first of all before anybody else has asked."""
    chosen = dict(list(HEADERS.items())[:count])
    proxy = servers.documented_nginx(site.stage, site.port, "headers-proxy")
    fronts = {"the site": site.port, "nginx": proxy}
    odd = {name: changed(port, chosen) for name, port in fronts.items()}
    what = f"{len(chosen)} unlisted headers on {len(_PAGES)} kept pages: another body or tag"
    yield Row(what, sum(map(len, odd.values())), bound=_NONE, note=_told(odd) or "site and nginx")
    odd = {name: kept(port) for name, port in fronts.items()}
    what = "/admin/x.css and the like: kept by somebody, or not no-store"
    yield Row(what, sum(map(len, odd.values())), bound=_NONE, note=_told(odd))


def changed(port: int, chosen: dict[str, str]) -> list[str]:
    """List the headers that made a difference."""
    found = []
    with Visitor(port) as visitor:
        for page in _PAGES:
            # What they do to a page that is made for them would be everybody's afterwards.
            first = _asked(visitor, page, **chosen)
            plain = _asked(visitor, page)
            found += [f"all on {page}"] * (not _is_same(first, plain) or _EVIL in plain.text)
            for name, value in chosen.items():
                answer = _asked(visitor, page, **{name: value})
                found += [f"{name} on {page}"] * (not _is_same(answer, plain))
    return found


def _asked(visitor: Visitor, page: str, **headers: str) -> Answer:
    visitor.cookies.clear()
    return visitor.get(page, **headers)


def _is_same(answer: Answer, plain: Answer) -> bool:
    same = answer.body == plain.body and answer.headers["ETag"] == plain.headers["ETag"]
    return same and answer.status == plain.status == 200


def kept(port: int) -> list[str]:
    """List the addresses below the author's pages that somebody might keep."""
    found = []
    with Visitor(port) as visitor:
        for path in _ADMIN * 2:
            answer = _asked(visitor, path)
            is_kept = answer.headers.get("X-Cache") == "HIT"
            found += [path] * (is_kept or answer.headers["Cache-Control"] != "no-store")
    return found


def _told(found: dict[str, list[str]]) -> str:
    return "; ".join(f"{name}: {', '.join(each[:5])}" for name, each in found.items() if each)
