"""Reads and writes content/, the words: articles, authors, pages and the site's own.

Every file becomes a frozen value or a ContentError that names each problem's line, column and
remedy. Files are written whole or not at all, and never outside their folder. Knows no database
and renders no Markdown.
"""

from blog.content.documents import (
    ArticleFile,
    AuthorFile,
    Commenting,
    PageFile,
    Status,
    Topic,
    authors_of,
    new_article,
    parse_article,
    parse_author,
    parse_page,
)
from blog.content.fields import Link
from blog.content.files import (
    FILE_MAX_BYTES,
    Kind,
    SourceFile,
    decode,
    list_files,
    read_bytes,
    read_text,
    safe_path,
    write_whole,
)
from blog.content.media import (
    MEDIA,
    Measures,
    MediaSource,
    is_young,
    list_media,
    measure,
    version,
)
from blog.content.names import ID, ID_RULE, slugify
from blog.content.site import Site, country_of, parse_site, read_site

__all__ = [
    "FILE_MAX_BYTES",
    "ID",
    "ID_RULE",
    "MEDIA",
    "ArticleFile",
    "AuthorFile",
    "Commenting",
    "Kind",
    "Link",
    "Measures",
    "MediaSource",
    "PageFile",
    "Site",
    "SourceFile",
    "Status",
    "Topic",
    "authors_of",
    "country_of",
    "decode",
    "is_young",
    "list_files",
    "list_media",
    "measure",
    "new_article",
    "parse_article",
    "parse_author",
    "parse_page",
    "parse_site",
    "read_bytes",
    "read_site",
    "read_text",
    "safe_path",
    "slugify",
    "version",
    "write_whole",
]
