"""Pictures for programs that write articles: taken as a form with a file, as `curl -F` sends it."""

from __future__ import annotations

from flask import Response
from werkzeug.datastructures import FileStorage

from blog import config, db, urls
from blog.accounts import User
from blog.api import answers
from blog.api.surface import manages
from blog.articles import uploads
from blog.content.pictures import PICTURE_MAX_BYTES
from blog.permissions import Action
from blog.schemas.authoring import Upload

# A form has lines of its own around the file.
_BODY_MAX_BYTES = PICTURE_MAX_BYTES + 64 * 1024


@manages(
    "POST",
    "/admin/media",
    needs=Action.WRITE_ARTICLES,
    takes_file=True,
    most_bytes=_BODY_MAX_BYTES,
    gives=Upload,
    status=201,
    tag="Administration",
)
def upload_picture(by: User, file: FileStorage) -> Response:
    """Upload a picture for an article: a JPEG, PNG, WebP or GIF of at most 20 MB that doesn’t move.

    It is drawn anew, turned as the camera was held; where it was taken, notes and whatever else is
    in the file are gone. Nothing is overwritten, and the same file sent again is the same picture.
    """
    root, data = config.current().content_dir, file.read()
    name, picture = uploads.take(root, file.filename or "", data, by=by, now=db.utc_now())
    path = urls.media(name)
    shown = Upload(
        path=path,
        url=urls.absolute(path),
        type=picture.media_type,  # type: ignore[arg-type]  # of three kinds, each with one
        width=picture.width,
        height=picture.height,
        size_bytes=len(picture.data),
    )
    return answers.taken(shown, 201)
