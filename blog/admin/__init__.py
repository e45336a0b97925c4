"""The author's pages: sign in, review comments, read enquiries, look after the mail."""

from __future__ import annotations

from blog.admin import entrance, inbox, overview, review, rules, teaching, trusting
from blog.admin.desk import admin

__all__ = ["admin", "entrance", "inbox", "overview", "review", "rules", "teaching", "trusting"]
