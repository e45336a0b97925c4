"""What programs fetch to follow the site and to find its pages: feeds, sitemap, robots.txt."""

from __future__ import annotations

from blog.feeds import finding, following
from blog.feeds.surface import feeds

__all__ = ["feeds", "finding", "following"]
