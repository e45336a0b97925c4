"""The site as Ghost’s Content API has it, so that front ends written for Ghost run unchanged.

A thin surface over the queries of the pages: it renames, and has no rules of its own. It only
reads, is off unless `BLOG_GHOST_API` says otherwise, and knows nothing of members and tiers.

Source: https://docs.ghost.org/content-api
"""

from __future__ import annotations

from blog.ghost.surface import ghost, older

__all__ = ["ghost", "older"]
