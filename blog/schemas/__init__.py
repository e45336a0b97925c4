"""What programs are sent and may send, as types: they validate, encode, and are the reference.

Every public thing of the API has one type here; `blog.api.openapi` describes it from the same.
Nothing of a visitor but what she published has a field.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from blog import comments, enquiries, markup
from blog.comments.reports import DETAILS_MAX_CHARS, ReportReason
from blog.enquiries import Way
from blog.urls import ROW_ID_MAX

Url = Annotated[str, Meta(description="An absolute address.", extra_json_schema={"format": "uri"})]
Moment = Annotated[datetime, Meta(tz=True)]
Html = Annotated[str, Meta(description="Safe HTML; its addresses are absolute.")]


class Out(Struct, frozen=True, kw_only=True):
    """What is sent; a part that wasn't asked for is left out."""


class Link(Out, frozen=True):
    """Somewhere to go."""

    label: str
    url: Url


class Picture(Out, frozen=True):
    """A picture, with its size where it is known."""

    url: Url
    alt: str
    width: Annotated[int | None, Meta(description="In pixels.")]
    height: Annotated[int | None, Meta(description="In pixels.")]


class Heading(Out, frozen=True):
    """A heading of an article’s text, which its page has under `#id`."""

    level: Annotated[int, Meta(ge=1, le=6)]
    id: str
    text: str


class Author(Out, frozen=True):
    """Somebody who writes articles; beside an article its id, name and address alone."""

    id: str
    name: str
    url: Url
    role: str | UnsetType = UNSET
    photo: Url | UnsetType | None = UNSET
    links: list[Link] | UnsetType = UNSET
    credentials: list[str] | UnsetType = UNSET
    html: Html | UnsetType = UNSET


class Topic(Out, frozen=True):
    """What articles are about."""

    slug: str
    name: str
    url: Url
    articles: Annotated[int, Meta(description="How many articles are on it.")] | UnsetType = UNSET


class Talk(Out, frozen=True):
    """How an article’s comments stand."""

    count: Annotated[int, Meta(ge=0, description="How many are published.")]
    is_open: Annotated[bool, Meta(description="Whether more are taken.")]
    closed_because: Annotated[str, Meta(description="Why not, in words; empty while they are.")]


class Article(Out, frozen=True, kw_only=True):
    """An article that anybody can read; its texts are there in the formats asked for."""

    id: Annotated[str, Meta(description="Never changes, whatever the slug does.")]
    slug: str
    title: str
    summary: str
    url: Url
    canonical: Annotated[
        Url | None, Meta(description="The address it counts under, if it isn’t its own.")
    ]
    published_at: Moment
    updated_at: Annotated[
        Moment, Meta(description="When it last changed; when it appeared, if never.")
    ]
    cover: Picture | None
    words: Annotated[int, Meta(ge=0)]
    reading_minutes: Annotated[int, Meta(ge=1)]
    noindex: Annotated[bool, Meta(description="Whether search engines are asked to pass it by.")]
    comments: (
        Annotated[Talk, Meta(description="Changes apart; a sync leaves it out.")] | UnsetType
    ) = UNSET
    authors: list[Author]
    topics: list[Topic]
    html: Html | UnsetType = UNSET
    markdown: str | UnsetType = UNSET
    plaintext: str | UnsetType = UNSET
    toc: list[Heading] | UnsetType = UNSET


class Hit(Out, frozen=True):
    """An article that was found, the words looked for marked with `<mark>`."""

    article: Article
    title_html: Html
    summary_html: Html
    excerpt_html: Html


class Page(Out, frozen=True):
    """A page that stands by itself, like the privacy notice."""

    id: str
    title: str
    summary: str
    url: Url
    noindex: bool
    html: Html | UnsetType = UNSET
    markdown: str | UnsetType = UNSET


class Redirect(Out, frozen=True):
    """A path that led to an article before: 301 to where it is now, 410 where it is gone."""

    path: Annotated[str, Meta(description="From the root of the site, as `/old-address`.")]
    status: Literal[301, 410]
    to: Url | None


class Clinic(Out, frozen=True):
    """Who the site is of; empty where the site doesn’t say."""

    name: str
    email: str
    phone: str
    address: str
    hours: str


class Contact(Out, frozen=True):
    """What a contact form needs."""

    topics: list[str]
    consent: Annotated[str, Meta(description="The sentence that a visitor agrees to.")]


class Commenting(Out, frozen=True):
    """What a comment form needs."""

    mode: Annotated[
        str,
        Meta(
            description="`pre`: each waits to be read first; `trusted`: but for known readers;"
            " `post`: each is published at once; `closed`: none are taken."
        ),
    ]
    name_max_chars: int
    body_max_chars: int


class Settings(Out, frozen=True):
    """The site’s own words."""

    title: str
    tagline: str
    url: Url
    language: str
    time_zone: str
    navigation: list[Link]
    footer: list[Link]
    clinic: Clinic
    contact: Contact
    comments: Commenting


class Entrance(Out, frozen=True):
    """What this is, and where to go on from here."""

    title: str
    version: Annotated[str, Meta(description="Of the API.")]
    description: Annotated[str, Meta(description="Where its OpenAPI description is.")]
    reference: Annotated[str, Meta(description="The same as a page.")]
    reads: Annotated[dict[str, str], Meta(description="By its path, where each thing can be read.")]


class Comment(Out, frozen=True):
    """A published comment, or what stands where one with replies was."""

    id: int
    article_id: str
    parent_id: int | None
    thread_id: Annotated[int, Meta(description="The comment that its branch begins with.")]
    state: Annotated[
        Literal["published", "removed", "withdrawn"],
        Meta(description="Name and words are empty for any but `published`."),
    ]
    name: str
    html: Html
    created_at: Moment
    edited_at: Moment | None
    by_author: Annotated[bool, Meta(description="Whether an author of the site wrote it.")]
    is_pinned: bool
    url: Url
    replies: (
        Annotated[
            list[Comment],
            Meta(description="In a tree: its first replies, at most three levels deep."),
        ]
        | UnsetType
    ) = UNSET
    more_replies: (
        Annotated[
            int, Meta(ge=0, description="How many more its branch has; ask with `thread_id`.")
        ]
        | UnsetType
    ) = UNSET


class Pagination(Out, frozen=True):
    """Where in a list one is; from a cursor on pages aren’t numbered."""

    limit: int
    total: int
    page: int | None = None
    pages: int | None = None
    next: int | None = None
    prev: int | None = None
    cursor: Annotated[str | None, Meta(description="Leads to what follows, if anything does.")] = (
        None
    )


class About(Out, frozen=True):
    """What is said about a list."""

    pagination: Pagination


class Links(Out, frozen=True):
    """Where a list goes on."""

    self: Url
    next: Url | None = None
    prev: Url | None = None


class Wrong(Out, frozen=True, omit_defaults=True):
    """One thing that is wrong with a request, and where: in its query, its body or its headers."""

    detail: Annotated[str, Meta(description="A sentence for a person.")]
    parameter: Annotated[str, Meta(description="The parameter of the query.")] = ""
    field: Annotated[str, Meta(description="The field of the body.")] = ""
    header: Annotated[str, Meta(description="The header, as `If-Match`.")] = ""
    allowed: Annotated[
        list[str], Meta(description="What could stand there: names, values or a range.")
    ] = []


class Problem(Out, frozen=True):
    """Why a request wasn’t answered as asked (RFC 9457)."""

    type: Url
    title: str
    status: int
    detail: Annotated[str, Meta(description="A sentence for a person.")]
    code: Annotated[str, Meta(description="A name for a program.")]
    errors: list[Wrong]


class In(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken; anything else is refused."""


Trap = Annotated[str, Meta(description="A trap for programs: leave it out, or empty.")]
FormToken = Annotated[
    str,
    Meta(description="Of a form that was touched; without one a comment waits to be read first."),
]
Email = Annotated[
    str,
    Meta(description="One address; never shown to readers.", max_length=comments.EMAIL_MAX_CHARS),
]
CommentText = Annotated[
    str, Meta(description="Markdown.", min_length=1, max_length=markup.COMMENT_MAX_CHARS)
]


class CommentIn(In, frozen=True):
    """A comment or a reply."""

    name: Annotated[str, Meta(min_length=1, max_length=comments.NAME_MAX_CHARS)]
    body: CommentText
    email: Email = ""
    parent_id: Annotated[
        Annotated[int, Meta(ge=1, le=ROW_ID_MAX)] | None,
        Meta(description="The comment that is answered."),
    ] = None
    follow: Annotated[bool, Meta(description="Whether to be told of replies by email.")] = False
    note: Trap = ""
    token: FormToken = ""


class CommentChange(In, frozen=True):
    """What a comment is to say from now on."""

    body: CommentText


class ReportIn(In, frozen=True):
    """What is wrong with a comment."""

    reason: ReportReason
    details: Annotated[str, Meta(max_length=DETAILS_MAX_CHARS)] = ""
    note: Trap = ""


class EnquiryIn(In, frozen=True):
    """A message to the clinic; an email address or a phone number is needed."""

    name: Annotated[str, Meta(min_length=1, max_length=enquiries.NAME_MAX_CHARS)]
    message: Annotated[str, Meta(min_length=1, max_length=enquiries.MESSAGE_MAX_CHARS)]
    consent: Annotated[
        Literal[True], Meta(description="That the visitor agreed to the sentence of the settings.")
    ]
    consent_text: Annotated[
        str, Meta(description="The sentence she saw; that of now if left out.", max_length=2_000)
    ] = ""
    email: Annotated[str, Meta(max_length=enquiries.EMAIL_MAX_CHARS)] = ""
    phone: Annotated[str, Meta(max_length=enquiries.PHONE_MAX_CHARS)] = ""
    way: Annotated[Way, Meta(description="How she wants to be answered.")] = Way.ANY
    time: Annotated[
        str, Meta(description="When she can be reached.", max_length=enquiries.TIME_MAX_CHARS)
    ] = ""
    topic: Annotated[str, Meta(description="One of the settings’ topics.", max_length=300)] = ""
    about: Annotated[
        str, Meta(description="The id of the article she came from.", max_length=100)
    ] = ""
    anyway: Annotated[
        bool, Meta(description="Send it though it seems to hold medical details.")
    ] = False
    note: Trap = ""
    token: FormToken = ""


class FormTokenOut(Out, frozen=True):
    """What a form carries that somebody began to fill in just now."""

    token: str


class OwnComment(Out, frozen=True):
    """A comment as its writer finds it."""

    id: int
    article_id: str
    state: Annotated[
        Literal["pending", "published", "withdrawn"],
        Meta(description="An edit that waits doesn’t change it."),
    ]
    body: Annotated[str, Meta(description="What she wrote last, as Markdown.")]
    html: Html
    created_at: Moment
    edit_until: Annotated[Moment, Meta(description="Until when it can be changed or withdrawn.")]
    url: Url


class TakenComment(OwnComment, frozen=True):
    """A comment that was taken, with what proves later whose it is."""

    edit_token: Annotated[
        str, Meta(description="To be kept by the writer’s program alone; it is not sent again.")
    ]


class TakenEnquiry(Out, frozen=True):
    """An enquiry that was taken and will reach the clinic."""

    reference: Annotated[str, Meta(description="What to name when asking about it.")]


class TakenReport(Out, frozen=True):
    """A report that was taken."""

    comment_id: int
