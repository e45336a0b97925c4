"""Where developers read what programs can ask: the description itself, and a page made from it."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, make_response, render_template

from blog import pagecache, problems, schemas, templating, urls
from blog.api import answers, openapi, parameters, surface
from blog.api.surface import OPERATIONS, api, reads

_DOCUMENT = urls.api("/openapi.json")


@reads("/", tag="Site", gives=schemas.Entrance, example="/", sends=("Link",))
def show_entrance(_asked: dict[str, Any]) -> Response:
    """Show what can be read here, and where it is described.

    Its `Link` names the description and the reference, too (RFC 8631).
    """
    lists = {
        each.path.strip("/"): urls.absolute(urls.api(each.path))
        for each in OPERATIONS
        if each.is_read and each.path.strip("/") and "<" not in each.path
    }
    entrance = schemas.Entrance(
        title=templating.site().title,
        version=openapi.VERSION,
        description=urls.absolute(_DOCUMENT),
        reference=urls.absolute(urls.reference()),
        reads=lists,
    )
    response = answers.one(entrance)
    response.headers.add("Link", f'<{_DOCUMENT}>; rel="service-desc"; type="application/json"')
    response.headers.add("Link", f'<{urls.reference()}>; rel="service-doc"; type="text/html"')
    return response


@api.get("/openapi.json")
def show_document() -> Response:
    """Show the description of the API."""
    surface.refuse_other_formats()
    parameters.asked(())
    return surface.for_anybody(openapi.document(templating.site().title))


@api.get("/reference")
def show_reference() -> Response:
    """Show the reference as a page."""
    document = openapi.document(templating.site().title)
    told = {"document": document, "problems": problems.KNOWN, "written": _written}
    page = render_template("reference.html", **told)
    return pagecache.offer(make_response(page))


def _written(example: Any) -> str:
    """Write an example in the order of its fields, without the escapes that scripts need."""
    return json.dumps(example, indent=2, ensure_ascii=False)
