"""What the answers for programs share: their blueprint, and how they may be kept."""

from __future__ import annotations

from flask import Blueprint, Response, make_response

from blog import pagecache

feeds = Blueprint("feeds", __name__)


def answer(body: str, content_type: str) -> Response:
    """Answer with what is the same for all; no cookie has a say in it."""
    response = make_response(body)
    response.content_type = content_type
    return pagecache.offer(response)
