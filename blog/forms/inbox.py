"""The forms of the clinic's inbox: a reply, and a note."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField

from blog import enquiries
from blog.enquiries import replies
from blog.forms import line_field, text_field
from blog.outbox.checks import SUBJECT_MAX_CHARS


class EnquiryReplyForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """What goes to a visitor by mail; `seen` is the mark of what its page showed."""

    subject = line_field("Subject", SUBJECT_MAX_CHARS, needed="Please give a subject.")
    message = text_field("Your reply", replies.REPLY_MAX_CHARS, needed="Please write your reply.")
    quote = BooleanField("Quote the visitor’s message below mine")
    seen = HiddenField()


class NoteForm(FlaskForm):  # type: ignore[misc]  # the library is untyped
    """What the clinic notes for itself."""

    details = text_field("Note", enquiries.NOTE_MAX_CHARS, needed="Please write your note.")
