"""What Disqus exports: XML with pages first and then comments, both numbered by `dsq:id`.

Source: Disqus' schema of comments import and export, version 1.0; its times are UTC.
"""

from __future__ import annotations

from blog.comments import CommentState
from blog.imports import records
from blog.imports.records import Foreign, Left, Records, Thread
from blog.imports.streams import Element, Source, elements
from blog.markup import SourceFormat

NAME = "Disqus"


def read(source: Source) -> Records:
    """Yield what a file holds."""
    for element in elements(source, "disqus/thread", "disqus/post"):
        if element.name == "thread":
            known = (element.of("link"), element.of("id"))
            addresses = [records.word(each, records.ADDRESS_MAX_CHARS) for each in known]
            yield Thread(records.word(element.attributes.get("id")), addresses)
        else:
            yield _comment(element)


def _comment(post: Element) -> Foreign | Left:
    is_deleted = post.of("isDeleted") == "true"
    is_spam = post.of("isSpam") == "true"
    return records.comment(
        post.line,
        post.attributes.get("id"),
        thread=post.attribute_of("thread", "id"),
        parent=post.attribute_of("parent", "id"),
        name=post.of("author", "name"),
        email=post.of("author", "email"),
        source="" if is_deleted else post.of("message"),
        source_format=SourceFormat.HTML,
        state=CommentState.WITHDRAWN
        if is_deleted
        else CommentState.SPAM
        if is_spam
        else CommentState.APPROVED,
        created_at=records.moment(post.of("createdAt")),
    )
