"""The site itself for programs: its words, and where old addresses lead."""

from __future__ import annotations

from typing import Any

from flask import Response

from blog import comments, config, db, schemas, templating, urls
from blog.api import answers
from blog.api.articles import LIMIT_ASKED, PAGE
from blog.api.surface import reads
from blog.articles import addresses
from blog.content import Link
from blog.markup import COMMENT_MAX_CHARS


@reads("/settings", tag="Site", gives=schemas.Settings, example="/settings")
def show_settings(_asked: dict[str, Any]) -> Response:
    """Show the site’s own words, and what its forms need."""
    site = templating.site()
    return answers.one(
        schemas.Settings(
            title=site.title,
            tagline=site.tagline,
            url=urls.absolute("/"),
            language=site.language,
            time_zone=str(site.zone),
            navigation=_links(site.navigation),
            footer=_links(site.footer),
            clinic=schemas.Clinic(
                name=site.clinic_name,
                email=site.clinic_email,
                phone=site.clinic_phone,
                address=site.clinic_address,
                hours=site.clinic_hours,
            ),
            contact=schemas.Contact(topics=list(site.contact_topics), consent=site.contact_consent),
            comments=schemas.Commenting(
                mode=config.current().comments,
                name_max_chars=comments.NAME_MAX_CHARS,
                body_max_chars=COMMENT_MAX_CHARS,
            ),
        )
    )


def _links(links: tuple[Link, ...]) -> list[schemas.Link]:
    return [schemas.Link(label=link.label, url=answers.address(link.url)) for link in links]


@reads(
    "/redirects",
    tag="Site",
    gives=schemas.Redirect,
    is_list=True,
    asks=(LIMIT_ASKED, PAGE),
    example="/redirects",
)
def list_redirects(asked: dict[str, Any]) -> Response:
    """List paths that led to an article once, and where they lead now.

    A front end with addresses of its own keeps old links alive with it.
    """
    limit, page = asked["limit"], asked["page"]
    found, total = addresses.old(limit=limit, first=(page - 1) * limit, now=db.utc_now())
    shown = [
        schemas.Redirect(
            path=path,
            status=301 if slug else 410,
            to=urls.absolute(urls.article(slug)) if slug else None,
        )
        for path, slug in found
    ]
    return answers.many(shown, answers.numbered(page, limit, total))
