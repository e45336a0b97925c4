"""What programs read and send: articles, people, comments and the site, as JSON under /api/v1.

The queries are those of the pages, so that no second set of rules can drift from the first.
Errors are problem details, which `blog.problems` writes for whatever is asked below /api/.
"""

from __future__ import annotations

from blog.api import (
    articles,
    authoring,
    comments,
    enquiring,
    hooks,
    inbox,
    moderating,
    people,
    previewing,
    reference,
    site,
    syncing,
    talking,
    uploading,
)
from blog.api.surface import api

__all__ = [
    "api",
    "articles",
    "authoring",
    "comments",
    "enquiring",
    "hooks",
    "inbox",
    "moderating",
    "people",
    "previewing",
    "reference",
    "site",
    "syncing",
    "talking",
    "uploading",
]
