"""The register of personal data: what each column of the database holds of people, why, how long.

Every column of every model stands here once, in an entry or among those that hold nothing of
anybody. The page on privacy is made of it. Nothing is deleted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from blog import config, once
from blog.accounts import ABSOLUTE
from blog.comments import following, traces
from blog.comments.editing import EDIT_WITHIN
from blog.config import Settings
from blog.privacy import requests
from blog.spam import counted
from blog.staff import api_tokens, links
from blog.staff.links import LinkKind

_UNITS = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


class Kind(StrEnum):
    """What people did that something is kept of."""

    COMMENTS = "When you comment"
    ENQUIRIES = "When you write to the clinic"
    MAIL = "When mail is sent"
    RIGHTS = "When you ask for your data"
    ACCOUNTS = "Who works here"


@dataclass(frozen=True)
class Entry:
    """What is kept of people in some columns: what, why, and how long, in a person's words."""

    kind: Kind
    what: str
    why: str
    kept: str
    columns: tuple[str, ...]


def _of(table: str, columns: str) -> tuple[str, ...]:
    return tuple(f"{table}.{column}" for column in columns.split())


# In the braces stands how long, as the settings or the rules of a part have it.
ENTRIES = (
    Entry(
        Kind.COMMENTS,
        "Your comment, your name and, if you give one, your email address",
        "To publish what you say and to answer you. The address is shown to those who review"
        " comments, to nobody else, and it is never passed on. Where you type a phone number or an"
        " address into a comment, the clinic can hide it from readers.",
        "As long as the comment stands here. You can take it back for {edit} yourself, and at any"
        " time by asking for your data: words, name and address are then erased at once. Rejected"
        " ones are kept {rejected}, spam {spam}.",
        (
            *_of("comment", "name original_name email source original html"),
            *_of("search_index_comment", "rowid words"),
        ),
    ),
    Entry(
        Kind.COMMENTS,
        "When and where you wrote it, and what was decided about it, by whom and why",
        "To show it in its place, to review it fairly, and to take the same comment sent twice for"
        " one, by a scrambled form of it.",
        "As long as the comment. Where others answered one that is gone, the thread says that there"
        " was one, and no more.",
        (
            *_of("comment", "id article_id parent_id root_id state reasons"),
            *_of("comment", "created_at edited_at decided_at decided_by_id told_at"),
            *_of("comment", "author_user_id submission_key"),
            *_of("comment_pin", "comment_id article_id pinned_at"),
            *_of("hidden_comment", "comment_id state"),
        ),
    ),
    Entry(
        Kind.COMMENTS,
        "What a changed comment said before",
        "So that the clinic can see what changed, and take its decision back.",
        "Until the change is decided about and, where it was accepted, two hours more at most; a"
        " change that was turned down is kept {rejected}.",
        _of("comment", "edit_of_id"),
    ),
    Entry(
        Kind.COMMENTS,
        "A scrambled form of a random number in a cookie of your browser",
        "So that you, and nobody else, see your own comment while it waits, and can change it or"
        " take it back.",
        "As long as the comment. The cookie is set once you post and ends after 30 days.",
        _of("comment", "reader_hash"),
    ),
    Entry(
        Kind.COMMENTS,
        "Scrambled forms of your internet address, of your browser’s number and of your words",
        "To hold back floods of spam, and texts that are sent over and over. The one of your"
        " internet address is made in another way each day, and without this site’s secret key none"
        " can be turned back. The internet address itself is never stored.",
        "Kept {traces}.",
        _of("comment_trace", "comment_id at client_hash reader_hash words_hash sketch"),
    ),
    Entry(
        Kind.COMMENTS,
        "Where another site’s page or a program sent it for you: scrambled forms of the key it sent"
        " along and of what it sent, and the number of what became of it",
        "To take once what is sent twice by accident.",
        "Kept {sendings}.",
        _of("sent_key", "key_hash sent_hash made created_at"),
    ),
    Entry(
        Kind.COMMENTS,
        "What the decision about your comment teaches about spam: numbers, no text and no names",
        "To tell spam from what people write here.",
        "Kept for ever, since it says nothing of you; what it teaches is taken back when you"
        " withdraw the comment or have it erased.",
        _of("comment_lesson", "comment_id number is_spam score step"),
    ),
    Entry(
        Kind.COMMENTS,
        "Your wish to be told of replies",
        "To write to you when somebody answers, once you confirmed that the address is yours.",
        "Until you end it by the link in each mail, or your comment is gone. One that you don’t"
        " confirm is kept {unconfirmed}.",
        _of("comment_following", "comment_id wanted_at asked_at confirmed_at mail_id"),
    ),
    Entry(
        Kind.COMMENTS,
        "That an email address is yours, and by a scrambled random number which browsers are",
        "To know you again by a cookie where you wished it, so that your comments appear at once or"
        " nothing has to be confirmed twice; and whether the clinic turned one of yours down.",
        "Until you have it erased. The cookie ends after a year. An address that nobody confirms is"
        " kept {unconfirmed}.",
        (
            *_of("comment", "trusted_reader_id"),
            *_of("trusted_reader", "id email asked_at link_hash confirmed_at rejected_at"),
            *_of("trusted_reader", "stopped_at stopped_by_id"),
            *_of("trusted_browser", "token_hash reader_id confirmed_at"),
        ),
    ),
    Entry(
        Kind.COMMENTS,
        "A scrambled form of your email address, if you told us never to write to you again",
        "To keep to it, whoever types your address.",
        "Kept for ever, as you asked.",
        _of("unwanted_mail", "address_hash"),
    ),
    Entry(
        Kind.COMMENTS,
        "What you report about somebody’s comment: your reason and your words, without your name",
        "So that the clinic looks at it; by a scrambled form of your internet address, which is"
        " made in another way each day, nobody is counted twice.",
        "Until the clinic has looked, and {reports} at least. The scrambled form is kept {reports}.",
        _of("comment_report", "id comment_id reason details client_hash at settled_at"),
    ),
    Entry(
        Kind.COMMENTS,
        "Addresses and words by which the clinic holds comments back and suspects messages",
        "To keep out who misuses them.",
        "Until the clinic drops the rule, or the day that it gave it.",
        (
            *_of("comment_rule", "id kind pattern answer note expires_at hits hit_at created_at"),
            *_of("comment_rule", "created_by_id"),
        ),
    ),
    Entry(
        Kind.ENQUIRIES,
        "What you fill in on the contact page",
        "To answer you as you wish, and for nothing else: name, email address or phone number, when"
        " to reach you, topic and message. Beside it stand when you sent it and from which article,"
        " what you agreed to, and whether it seems to hold medical details, so that no mail shows"
        " them. By a scrambled form of it the same message sent twice is one. Why it is taken for"
        " advertising, if it is, stands there in words.",
        "Kept {enquiries}. What is taken for spam, and isn’t marked as genuine, {spam}.",
        (
            *_of("enquiry", "id reference name email phone phone_typed preferred_way"),
            *_of("enquiry", "preferred_time topic message is_sensitive consent_id article_id"),
            *_of("enquiry", "is_suspected reasons submission_key created_at mail_id"),
        ),
    ),
    Entry(
        Kind.ENQUIRIES,
        "Who saw and answered your message, when and how, and what the clinic noted",
        "So that you are answered once, and by who knows what was said before.",
        "As long as the message.",
        (
            *_of("enquiry", "state state_changed_at seen_at answered_at assigned_to_id"),
            *_of("enquiry_event", "id enquiry_id at kind words by_id mail_id draft"),
        ),
    ),
    Entry(
        Kind.MAIL,
        "Copies of mails",
        "Of those to you, of those that tell the clinic of your comment or message, and what mail"
        " servers answered: to try again until a mail arrives, and to find out why one didn’t.",
        "Their text is kept {mail}, that they were sent as long as what they are about. Those to"
        " you about replies, your address or your data are gone after {mails}.",
        (
            *_of("outgoing_mail", "id message_id kind sender recipient reply_to thread_id subject"),
            *_of("outgoing_mail", "unsubscribe_url text html state attempts waits created_at"),
            *_of("outgoing_mail", "due_at next_attempt_at claimed_by claimed_until trying_since"),
            *_of("outgoing_mail", "tried_at sent_at last_error server_reply forgotten_at"),
            *_of("outgoing_mail", "is_answer copied_at"),
            *_of("mail_attempt", "id mail_id at outcome reply"),
            *_of("mail_breaker", "server failures open_until words"),
        ),
    ),
    Entry(
        Kind.MAIL,
        "That mail to your address came back, and what the mail server said",
        "So that nothing more is sent where nobody gets it.",
        "Until the clinic lets mail go there again, or you have it erased; 30 days where mail still goes there.",
        _of("bounced_address", "id address soft_bounces words bounced_at stopped_at"),
    ),
    Entry(
        Kind.RIGHTS,
        "Your email address, when you ask for what is kept under it",
        "To send you the link, once a day at most.",
        "Kept {requests}.",
        _of("data_request", "email asked_at answered_at link_hash"),
    ),
    Entry(
        Kind.RIGHTS,
        "A receipt, when your data is erased",
        "A random number, the day, how much there was and a scrambled form of your address, so that"
        " you and the clinic can show that it was done, and so that an old file of comments brings"
        " none of yours back. While it is being done, which takes seconds, your address stands with"
        " it.",
        "Kept for ever; without this site’s secret key it says nothing of you.",
        _of("erasure_receipt", "reference address_hash email begun_at finished_at counts"),
    ),
    Entry(
        Kind.ACCOUNTS,
        "Profiles of those who write articles",
        "Readers want to know who tells them about their skin.",
        "As long as the clinic keeps the profile.",
        (
            *_of("author", "id name role photo links credentials text source html html_policy"),
            *_of("article_author", "article_id author_id position public_from public_until"),
        ),
    ),
    Entry(
        Kind.ACCOUNTS,
        "Accounts of those who work here",
        "Name, email address, role, and a password in a form that nobody can read, so that nobody"
        " else reads what you write to the clinic. How often signing in failed is"
        " counted by scrambled forms of addresses, for a day. Of a key by which a program acts for"
        " one of them, a scrambled form, what it is for and when it was last used.",
        "As long as the account; name and address stay beside what was written and decided by it."
        " Sign-ins end after {session}, links that are mailed after {links}. A key is"
        " forgotten {keys} after it ended, once there is another.",
        (
            *_of("user_account", "id email name role author_id password_hash created_at"),
            *_of("user_account", "removed_at totp_seed totp_step"),
            *_of("user_session", "id user_id token_hash created_at last_seen_at browser"),
            *_of("account_link", "id user_id kind token_hash email issued_at"),
            *_of("password_request", "id email"),
            *_of("api_token", "id user_id label scopes token_hash created_at expires_at"),
            *_of("api_token", "last_used_at revoked_at"),
            *_of("recovery_code", "id user_id code_hash"),
            *_of("sign_in_failure", "key count last_at"),
        ),
    ),
    Entry(
        Kind.ACCOUNTS,
        "What those who work here did, and of what they were told by mail",
        "So that decisions can be explained and taken back. The journal holds numbers and verbs, no"
        " visitor’s words, name or address.",
        "The journal is kept for ever, the rest as long as the account.",
        (
            *_of("journal_line", "id at actor_id verb thing thing_id was became batch was_at"),
            *_of("journal_line", "was_by_id was_taught"),
            *_of("notice_plan", "user_id pace begun_at told_up_to told_reports_up_to told_for"),
            *_of("notice_plan", "told_at"),
            *_of("notice_owed", "id user_id comment_id"),
            *_of("preview", "id article_id made_by_id made_at expires_at revoked_at"),
        ),
    ),
)

# Each table with why these of its columns hold nothing of anybody.
NOTHING_OF_ANYBODY = {
    "how the text of a comment is stored": _of("comment", "source_format html_policy"),
    "articles and pages, which the clinic publishes": (
        *_of("article", "id slug title summary status published_at updated_at expires_at cover"),
        *_of("article", "cover_alt cover_width cover_height canonical noindex comments"),
        *_of("article", "comments_close_after_days comments_close_at toc text words source html"),
        *_of("article", "html_policy"),
        *_of("article_path", "path article_id was_public"),
        *_of("article_topic", "article_id slug name position public_from public_until"),
        *_of("changed", "kind thing_id number noted_at seen_before"),
        *_of("changed", "public_from public_until updated_at"),
        *_of("page", "id title summary noindex source html html_policy"),
        *_of("site_words", "id text"),
        *_of("consent_text", "id digest text first_agreed_at"),
    ),
    "files of the clinic, and the words to search them by": (
        *_of("content_file", "path size_bytes mtime_ns sha256 policy synced_at problems"),
        *_of("content_file", "refers_to broken"),
        *_of("media_file", "path size_bytes mtime_ns version width height synced_at"),
        *_of("search_entry", "number article_id version"),
        *_of("search_spelling", "spelling chars word"),
    ),
    "sums over all comments, from which no text can be read": (
        *_of("spam_model", "id number began_at_number genuine spam"),
        *_of("spam_weight", "bucket total seen is_ignored number"),
    ),
    "how far the site is with its own work": (
        *_of("site_revision", "id number"),
        *_of("change_note", "number mark noted_at"),
        *_of("comment_import", "id stored_at"),
        *_of("daily_summary", "day queued_at mail_id"),
        *_of("webhook_progress", "stream told_up_to at"),
    ),
    "programs that are told what happens, by numbers and addresses of pages alone": (
        *_of("webhook", "id label url events state off_because warned_at created_at since seed"),
        *_of("webhook", "former_seed former_until failures failing_since rest_until"),
        *_of("webhook_delivery", "id webhook_id message_id event body state attempts created_at"),
        *_of("webhook_delivery", "next_attempt_at claimed_by tried_at status answer"),
    ),
}


def shown() -> dict[str, Sequence[Entry]]:
    """Return the entries of each kind, with how long by the settings of this site."""
    spans = _spans(config.current())
    told = [replace(entry, kept=entry.kept.format(**spans)) for entry in ENTRIES]
    return {kind.value: [entry for entry in told if entry.kind is kind] for kind in Kind}


def _spans(settings: Settings) -> dict[str, str]:
    """Say how long each thing is kept, as these settings and the rules of its part have it."""
    return {
        "edit": _span(EDIT_WITHIN),
        "rejected": _for(settings.keep_rejected_days, "day"),
        "spam": _for(settings.keep_spam_days, "day"),
        "traces": f"for {_span(traces.KEPT)}",
        "sendings": f"for {_span(once.KEPT)}",
        "reports": f"for {_span(traces.KEPT)}",
        "unconfirmed": _for(settings.keep_unconfirmed_days, "day"),
        "enquiries": _for(settings.keep_enquiries_months, "month"),
        "mail": _for(settings.keep_mail_days, "day"),
        "mails": _span(following.MAILS_KEPT),
        "requests": f"for {_span(requests.KEPT)}",
        "session": _span(ABSOLUTE),
        "links": _span(links.LIVES[LinkKind.INVITATION]),
        "keys": _span(api_tokens.KEPT),
    }


def _for(number: int, noun: str) -> str:
    return f"for {counted(number, noun)}" if number else "for ever"


def _span(span: timedelta) -> str:
    """Say a time that a rule of some part has."""
    for noun, unit in _UNITS.items():
        if span >= unit:
            return counted(span // unit, noun)
    return counted(span // timedelta(minutes=1), "minute")
