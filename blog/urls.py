"""Where things are: paths of pages, and the absolute links that mails and feeds need."""

from __future__ import annotations

import base64
from urllib.parse import quote, urlsplit

from blog import config

# A row's number in a path; a larger one is no path, since no database could hold it.
ROW_ID_MAX = 2**31 - 1
ROW = f"int(max={ROW_ID_MAX})"
# Where programs ask.
API = "/api/v1"
# Where programs act for somebody who gave them a token; for no page of another site.
API_ADMIN = f"{API}/admin"
# Where front ends ask that were written for Ghost.
GHOST = "/ghost/api/content"
# And those that name the version in the address, as Ghost had it before its fifth.
GHOST_OLD = "/ghost/api/<any(v2, v3, v4, canary):version>/content"
# Where somebody is told that nothing is mailed to her any more.
NEVER = "/comments/never"
# Where somebody asks for what is kept under her address.
ASK_FOR_DATA = "/privacy/my-data"
# Where what is kept of somebody is handed out to her, and where she has it erased.
DATA_FILE, DATA_ERASURE = f"{ASK_FOR_DATA}/file", f"{ASK_FOR_DATA}/erasure"
# Never to be changed: feed readers would show every entry as a new one.
_NAMED_SINCE = 2026
_TRACKING = frozenset(
    ("fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "mc_cid", "mc_eid", "igshid")
)


def row_id(text: str) -> int:
    """Read a row's number as a query or form has it.

    Raises: ValueError for anything else.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= ROW_ID_MAX):
        raise ValueError("not the number of a row")
    return int(text)


def article(slug: str) -> str:
    """Path of an article."""
    return f"/articles/{slug}"


def slug_at(path: str) -> str | None:
    """Return the slug of an article's path; None for any other path."""
    return path.removeprefix(article("")) if path.startswith(article("")) else None


def comments(slug: str, page: int = 1, *, newest_first: bool = False) -> str:
    """Path of a page of an article's thread, the oldest comments first or the newest."""
    return paged(f"{article(slug)}{'?order=newest' if newest_first else ''}", page, "comments")


def markdown(slug: str) -> str:
    """Path of an article as Markdown."""
    return f"{article(slug)}.md"


def comment(slug: str, comment_id: int) -> str:
    """Path that leads to a comment, wherever in its article's thread that stands.

    Thanks its writer as long as it waits.
    """
    return f"{article(slug)}/comments/{comment_id}"


def edit(slug: str, comment_id: int) -> str:
    """Path of the form by which its writer changes a comment."""
    return f"{comment(slug, comment_id)}/edit"


def withdrawal(slug: str, comment_id: int) -> str:
    """Path of the page on which its writer takes a comment back."""
    return f"{comment(slug, comment_id)}/withdrawal"


def confirmation(token: str = "") -> str:
    """Path of the page where the owner of an address confirms it, with what was mailed to her."""
    return f"/comments/confirmation{'?token=' if token else ''}{token}"


def unsubscription(token: str = "") -> str:
    """Path of the page where mails about replies are ended, by what came in one of them."""
    return f"/comments/mails{'?token=' if token else ''}{token}"


def replies(slug: str, comment_id: int, page: int = 1) -> str:
    """Path of a page of all replies to the comment that a branch of a thread begins with."""
    return paged(f"{comment(slug, comment_id)}/replies", page)


def report(slug: str, comment_id: int) -> str:
    """Path of the page on which a reader tells what is wrong with a comment."""
    return f"{comment(slug, comment_id)}/report"


def reported(slug: str) -> str:
    """Path of the page that thanks for a report."""
    return f"{article(slug)}/comments/reported"


def topic(slug: str) -> str:
    """Path of a topic."""
    return f"/topics/{slug}"


def author(author_id: str) -> str:
    """Path of an author's profile."""
    return f"/authors/{author_id}"


def archive(year: str = "") -> str:
    """Path of the list of all years, or of one of them."""
    return f"/archive/{year}" if year else "/archive"


def topics() -> str:
    """Path of the list of all topics."""
    return "/topics"


def paged(path: str, page: int, name: str = "page") -> str:
    """Path of one page of a list, a search or a thread; the first has no number.

    Among files there are no queries.
    """
    if page > 1 and config.frozen():
        return f"{path.rstrip('/')}{'' if name == 'page' else f'/{name}'}/page/{page}"
    return f"{path}{'&' if '?' in path else '?'}{name}={page}" if page > 1 else path


def search(query: str) -> str:
    """Path of what a search finds."""
    return f"/search?q={quote(query, safe='')}"


def media(path: str, version: str = "") -> str:
    """Path of a file of media/; with its version a browser may keep it for ever."""
    return f"/media/{quote(path)}{'?v=' if version else ''}{version}"


def preview(token: str) -> str:
    """Path of an article before it is published, for whoever has the link."""
    return f"/preview/{token}"


def previews(article_id: str) -> str:
    """Path of the page about the preview links of an article."""
    return f"/admin/articles/{article_id}/previews"


def api(path: str = "") -> str:
    """Path of something for programs."""
    return f"{API}{path}"


def reference() -> str:
    """Path of the page that tells developers what programs can ask."""
    return api("/reference")


def problem(code: str) -> str:
    """Path at which developers read what a problem means."""
    return f"{reference()}#problem-{code}"


def page(page_id: str) -> str:
    """Path of a page that stands by itself."""
    return f"/{page_id}"


def my_data(token: str = "") -> str:
    """Path of the page of somebody's own data, which a mailed link alone leads to."""
    return f"{ASK_FOR_DATA}/mine{'?token=' if token else ''}{token}"


def receipt(reference: str) -> str:
    """Path of the receipt of an erasure."""
    return f"{ASK_FOR_DATA}/receipts/{reference}"


def feed(path: str = "", kind: str = "xml") -> str:
    """Path of the feed of a page that has one; without a page it is the site's."""
    return f"{path}/feed.{kind}"


def comments_feed(slug: str) -> str:
    """Path of the feed of an article's comments."""
    return feed(f"{article(slug)}/comments")


def sitemap(part: str = "") -> str:
    """Path of the sitemap, or of one part of it."""
    return f"/sitemap-{part}.xml" if part else "/sitemap.xml"


def contact(article_id: str = "") -> str:
    """Path of the contact form, with the article it was reached from."""
    is_asked = article_id and not config.frozen()
    return f"/contact?about={quote(article_id)}" if is_asked else "/contact"


def enquiry(reference: str) -> str:
    """Path of an enquiry in the clinic's inbox."""
    return f"/admin/enquiries/{reference}"


def review() -> str:
    """Path of the queue of comments that wait."""
    return "/admin/comments"


def reviewed_reports() -> str:
    """Path of the list of published comments that readers reported."""
    return f"{review()}?state=reported"


def reviewed(comment_id: int) -> str:
    """Path of one comment as those who sign in see it."""
    return f"{review()}/{comment_id}"


def mailed(link: str = "") -> str:
    """Path of the page that a moderator's mail leads to, where she decides without signing in.

    What is mailed stands in the query, which no log of ours holds.
    """
    return f"/admin/decision{'?token=' if link else ''}{link}"


def new_password(token: str) -> str:
    """Path of the page of a mailed link where somebody chooses a new password."""
    return f"/admin/password?token={token}"


def proven_address(token: str) -> str:
    """Path of the page of a mailed link by which the address of an account is changed."""
    return f"/admin/address?token={token}"


def invitation(token: str) -> str:
    """Path of the page of a mailed link where somebody who is invited chooses her password."""
    return f"/admin/invitation?token={token}"


def without_tracking(query: str) -> str:
    """Leave out what newsletters and advertisements add, which no page depends on."""
    return "&".join(part for part in query.split("&") if part and not _is_tracking(part))


def plain(path: str, query: str) -> str:
    """Leave out of a query what the answer at a path doesn't depend on.

    Front ends written for Ghost send a key, which opens nothing here, and encode commas.
    """
    kept = without_tracking(query)
    if not path.startswith(GHOST):
        return kept
    parts = kept.replace("%2C", ",").split("&")
    return "&".join(part for part in parts if not part.startswith("key="))


def _is_tracking(part: str) -> bool:
    name = part.partition("=")[0].lower()
    return name.startswith("utm_") or name in _TRACKING


def absolute(path: str) -> str:
    """Full address of a path of this site."""
    return config.current().site_url + path


def live(path: str) -> str:
    """Address of what a server alone can answer: the path itself, unless pages become files."""
    frozen = config.frozen()
    return f"{frozen.live if frozen else ''}{path}"


def tag(path: str) -> str:
    """Name of a thing that stays when its address changes; `path` is made of ids.

    Source: RFC 4151.
    """
    return f"tag:{urlsplit(config.current().site_url).hostname},{_NAMED_SINCE}:{path}"


def packed(text: str) -> str:
    """Write a text as one part of an address, of letters, digits, minus and underscore."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpacked(text: str) -> str:
    """Read what was packed.

    Raises: ValueError.
    """
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    return data.decode()
