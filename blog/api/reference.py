"""Where developers read what programs can ask: the description itself, and a page made from it."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from blog import pagecache, problems, templating, urls
from blog.api import openapi, parameters, surface
from blog.api.surface import api


@api.get("/")
def show_entrance() -> AnyResponse:
    """Lead whoever looks here first to what there is."""
    return redirect(urls.reference(), 303)


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
