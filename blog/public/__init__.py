"""The pages of readers and visitors."""

from __future__ import annotations

from blog.public import reading, talking, trusting
from blog.public.surface import public

__all__ = ["public", "reading", "talking", "trusting"]
