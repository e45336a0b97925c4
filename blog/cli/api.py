"""`blog openapi`: what programs can ask of the site."""

from __future__ import annotations

import json

import click

from blog import articles
from blog.api import openapi
from blog.cli import cli, with_database


@cli.command("openapi")
@with_database
def print_openapi() -> None:
    """Print what programs can ask and send, as OpenAPI.

    \b
    Example:  blog openapi
    """
    click.echo(json.dumps(openapi.document(articles.site().title), indent=2, ensure_ascii=False))
