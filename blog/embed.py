"""What pages of other sites take from here: the scripts of its elements, and a thread as HTML.

Any page may fetch them, so they are the same for all and hold nothing of one reader. What the
elements read and post goes through `blog.api`.
"""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template

from blog import articles, db, pagecache, security
from blog.comments import thread

FOLDER = Path(__file__).parent / "static" / "embed"
# The address of a script stays, so what is kept of it must soon be asked for anew.
CACHED = "public, max-age=600, stale-while-revalidate=86400"
# What only those read who work on a script isn’t sent.
_UNSENT = re.compile(rb"^\s*//.*\n|^\s+", re.MULTILINE)
_SCRIPTS = {path.stem: _UNSENT.sub(b"", path.read_bytes()) for path in FOLDER.glob("*.js")}

embed = Blueprint("embed", __name__, url_prefix="/embed")


@embed.after_request
def let_others_read(response: Response) -> Response:
    """Let a page of any site have what is here, and be told what isn’t."""
    response.headers.update(security.FOR_ANY_PAGE)
    return response


@embed.get(f"/<any({', '.join(sorted(_SCRIPTS))}):name>.js")
def show_script(name: str) -> Response:
    """Send the script of an element, under an address that stays."""
    response = Response(_SCRIPTS[name], content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = CACHED
    return pagecache.offer(response, for_ever=True)


@embed.get("/articles/<article_id>/comments.html")
def show_comments(article_id: str) -> Response:
    """Show an article’s published comments as a piece of a page, with no form."""
    article = articles.public_by_id(article_id, now=db.utc_now())
    if article is None:
        words = "There is no article of this id that anybody can read.\n"
        return Response(words, 404, content_type="text/plain; charset=utf-8")
    shown = thread.visible_on(article)
    page = render_template("_embedded_comments.html", article=article, thread=shown)
    return pagecache.offer(make_response(page))
