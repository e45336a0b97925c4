"""The pages of readers and visitors."""

from __future__ import annotations

from blog.public import (
    changing,
    contact,
    reading,
    reporting,
    talking,
    trusting,
    unsubscribing,
)
from blog.public.surface import public

__all__ = [
    "changing",
    "contact",
    "public",
    "reading",
    "reporting",
    "talking",
    "trusting",
    "unsubscribing",
]
