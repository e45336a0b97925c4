"""What every request must be and every answer must say.

Hosts, proxies, body size, bytes that are no text, and posts from other sites are settled here,
before a view runs; the security headers are set here, after it.
"""

from __future__ import annotations

import threading
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, g, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix

from blog import urls
from blog.config import SESSION_COOKIE, Frozen, Settings
from blog.errors import BadRequest, Busy, Forbidden, Invalid

BODY_MAX_BYTES = 256 * 1024
THREADS = 8
_BODY_READERS = threading.BoundedSemaphore(THREADS // 2)
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_NUL = b"\0"
_WITH_BODY = ("POST", "PUT", "PATCH")
_FOREIGN_FORM = "This form was sent from another site. Please send it from this one."
_FOREIGN_PROGRAM = (
    "Pages of this origin may not send anything here. The site’s owner can allow them to, by"
    " BLOG_ALLOWED_ORIGINS."
)
_TWO_YEARS_SECONDS = 63_072_000

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " object-src 'none'"
)
# Of what a page of any site may show.
FOR_ANY_PAGE = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(),"
        " microphone=(), payment=(), usb=()"
    ),
}


# What one person was given an address of: kept by nobody, found by no search, told to no other site.
CONFIDENTIAL = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def init_app(app: Flask, settings: Settings) -> None:
    """Put the checks before every view and the headers after it."""
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_MAX_BYTES,
        MAX_FORM_MEMORY_SIZE=BODY_MAX_BYTES,
        MAX_FORM_PARTS=50,
        SESSION_COOKIE_NAME=settings.cookie(SESSION_COOKIE),
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        # The row behind a session ends it; a form's token lives as long as the session.
        WTF_CSRF_TIME_LIMIT=None,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # Flask's documented way
    frozen: Frozen | None = app.extensions["blog.frozen"]
    headers = headers_of(settings, frozen) | {"Cache-Control": "no-store"}
    # For pages that are read where no header says it; there this part means nothing.
    in_page = policy_of(frozen).replace(" frame-ancestors 'none';", "")
    app.jinja_env.globals.update(frozen=frozen, policy=in_page)

    def add_headers(response: Response) -> Response:
        given = {name.lower() for name, _ in response.headers}
        response.headers.extend(each for each in headers.items() if each[0].lower() not in given)
        if response.location:
            # The framework's own redirects name scheme and host as they look behind a proxy.
            response.location = response.location.removeprefix(request.host_url[:-1])
        return response

    app.before_request(lambda: refuse_unknown_hosts(settings))
    app.before_request(refuse_bad_bytes)
    app.before_request(read_body)
    app.before_request(lambda: refuse_foreign_posts(settings))
    app.after_request(add_headers)


def headers_of(settings: Settings, frozen: Frozen | None) -> dict[str, str]:
    """Return what every answer says of how safely it is to be shown."""
    return {"Content-Security-Policy": policy_of(frozen)} | _HEADERS | _hsts(settings)


def policy_of(frozen: Frozen | None) -> str:
    """Say what a page may load, and where it may send; pages that are files send nothing."""
    if frozen is None:
        return POLICY
    policy = POLICY.replace("form-action 'self'", "form-action 'none'")
    if frozen.embeds:
        for part in ("script-src 'self'", "connect-src 'self'"):
            policy = policy.replace(part, f"{part} {frozen.live}")
    return policy


def _hsts(settings: Settings) -> dict[str, str]:
    if not settings.is_https:
        return {}
    wide = "; includeSubDomains; preload" if settings.hsts == "preload" else ""
    return {"Strict-Transport-Security": f"max-age={_TWO_YEARS_SECONDS}{wide}"}


def refuse_unknown_hosts(settings: Settings) -> None:
    """Refuse a request that names another host than the site's; the port doesn't matter.

    A supervisor may ask for the health of a process at its machine's own address.

    Raises: BadRequest.
    """
    if request.blueprint == "health":
        return
    # Flask's own setting for this takes capitals for another host, and can't say what is wrong.
    host, _, port = request.headers.get("Host", "").lower().partition(":")
    if host not in settings.trusted_hosts or port.strip("0123456789"):
        raise BadRequest(
            f"This site is at {settings.site_url} and isn’t known by the name that was asked for."
        )


def refuse_bad_bytes() -> None:
    """Refuse NUL and bytes that are not UTF-8 in a path or query, and control characters in a path.

    Raises: BadRequest.
    """
    path = request.environ["PATH_INFO"].encode("latin-1")
    query = unquote_to_bytes(request.query_string)
    for part in (path, query):
        _check_text(part, "address")
        if _NUL in part:
            raise BadRequest("The address holds a NUL character, which no text has.")
    # A path comes back in the header of a redirect, where a line break would begin another.
    if any(byte < 0x20 or byte == 0x7F for byte in path):
        raise BadRequest("The address holds a control character, which no page’s address has.")


def _check_text(data: bytes, where: str) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(f"The {where} holds bytes that are not text (UTF-8).") from None


def read_body() -> None:
    """Read a body once, whole and bounded, so that no view waits for a slow client.

    `g.typed` holds its fields from then on; nothing else may read a body. One that comes with an
    API token is read once it is known whose that is.

    Raises: BadRequest for bytes that are no text or not all there; Invalid for a NUL character;
    Busy where too many bodies are on their way.
    """
    if request.method not in _WITH_BODY or request.path.startswith(f"{urls.API_ADMIN}/"):
        return
    data = take_body(BODY_MAX_BYTES)
    is_urlencoded = request.mimetype == "application/x-www-form-urlencoded"
    data = unquote_to_bytes(data) if is_urlencoded else data
    _check_text(data, "form")
    if request.files:
        raise BadRequest("These forms take no files.")
    g.typed = request.form
    if _NUL in data:
        # No database stores it, and no page could show it.
        kept = [(name, text.replace("\0", "")) for name, text in g.typed.items(multi=True)]
        g.typed = MultiDict(kept)
        raise Invalid({"form": "The form holds a NUL character, which no text has."})


def take_body(most_bytes: int) -> bytes:
    """Read the body of this request, of at most so many bytes, if all of it arrives.

    Raises: LengthRequired, RequestEntityTooLarge, UnsupportedMediaType, BadRequest, Busy.
    """
    if not request.environ.get("CONTENT_LENGTH") or "Transfer-Encoding" in request.headers:
        # A chunked form past the limit would be cut silently.
        raise LengthRequired
    request.max_content_length = most_bytes
    length_bytes = request.content_length or 0
    if length_bytes > most_bytes:
        raise RequestEntityTooLarge
    if length_bytes and request.mimetype not in _FORMS and not request.path.startswith("/api/"):
        # A form library would read other kinds in ways of its own.
        raise UnsupportedMediaType
    # Half of the threads stay free, so that reading goes on while slow clients post.
    if not _BODY_READERS.acquire(blocking=False):
        raise Busy("Many are sending something at this moment. Please try again shortly.")
    try:
        data = request.get_data(cache=True)
    finally:
        _BODY_READERS.release()
    if len(data) != length_bytes:
        # Some servers tell in no other way that the connection broke.
        raise BadRequest("The form did not arrive whole. Please send it again.")
    return data


def refuse_foreign_posts(settings: Settings) -> None:
    """Refuse what another site makes a browser send; forms carry a token besides.

    Raises: Forbidden.
    """
    if request.method in _SAFE or _is_by_token():
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = [settings.site_url]
    if settings.is_local:
        own.append(f"{request.scheme}://{request.host}")
    is_own = site in ("same-origin", "none") if site else origin is None or origin in own
    # A front end elsewhere may post what readers do, never what the author does.
    is_for_friends = not request.path.startswith("/admin")
    if not is_own and not (is_for_friends and is_friend(origin, settings)):
        raise Forbidden(_FOREIGN_PROGRAM if request.path.startswith("/api/") else _FOREIGN_FORM)


def _is_by_token() -> bool:
    """Tell whether a token alone says who sends this, which no browser sends of itself."""
    is_bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
    return is_bearer and request.path.startswith(f"{urls.API_ADMIN}/")


def is_friend(origin: str | None, settings: Settings) -> bool:
    """Tell whether pages of another origin may send what readers send."""
    return origin in settings.allowed_origins
