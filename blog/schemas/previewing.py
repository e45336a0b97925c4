"""What programs are sent and send about links to articles that aren't published."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from blog.articles.previews import LIVES_DAYS, LIVES_MAX_DAYS
from blog.schemas import In, Moment, Out, Url


class PreviewIn(In, frozen=True):
    """How long a preview lasts."""

    lives_days: Annotated[int, Meta(ge=1, le=LIVES_MAX_DAYS)] = LIVES_DAYS


class PreviewLink(Out, frozen=True):
    """A link by which whoever has it reads one article before it is published."""

    id: int
    article_id: str
    url: Annotated[Url, Meta(description="The page, as it will be.")]
    api_url: Annotated[Url, Meta(description="The same for a front end of one’s own.")]
    made_at: Moment
    made_by: str | None
    expires_at: Moment
