"""The pages of readers and visitors."""

from __future__ import annotations

from blog.public import (
    changing,
    contact,
    media,
    my_data,
    previewing,
    privacy,
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
    "media",
    "my_data",
    "previewing",
    "privacy",
    "public",
    "reading",
    "reporting",
    "talking",
    "trusting",
    "unsubscribing",
]
