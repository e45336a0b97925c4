"""What answers look like: one example of each type, which the types themselves check."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from blog import schemas, urls
from blog.articles import previews
from blog.articles.manuscripts import State
from blog.comments.editing import EDIT_WITHIN
from blog.comments.reports import ReportReason
from blog.enquiries.answering import Decision
from blog.schemas import authoring, hooks, managing, previewing, syncing
from blog.webhooks import TESTED, Event
from blog.webhooks.events import body

_APPEARED_AT = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
_CHANGED_AT = datetime(2026, 4, 2, 9, 30, tzinfo=UTC)
_ID = "mesotherapy-or-microneedling"
_ASKED = "How long does the redness last?"
_SIGNED = "WzE3NzM0…"
_OWN: dict[str, Any] = {
    "id": 214,
    "article_id": _ID,
    "state": "pending",
    "body": _ASKED,
    "html": f"<p>{_ASKED}</p>",
    "created_at": _CHANGED_AT,
    "edit_until": _CHANGED_AT + EDIT_WITHIN,
    "url": "https://clinic.example/articles/mesotherapy-or-microneedling/comments/214",
}

_HOOK: dict[str, Any] = {
    "id": 7,
    "label": "Static site",
    "url": "https://build.example.org/hook",
    "events": [Event.ARTICLE_PUBLISHED, Event.ARTICLE_UPDATED],
    "state": "on",
    "off_because": None,
    "failing_since": None,
    "former_secret_until": None,
    "created_at": _CHANGED_AT,
}
_SHOWN_ONCE = "whsec_MfKQ9r8G…"
_MARK = "5f0c1d2e3a4b5c6d"
_ENQUIRY: dict[str, Any] = {
    "reference": "7KQ2-M9FX",
    "mark": _MARK,
    "state": "new",
    "is_suspected": False,
    "is_sensitive": False,
    "reasons": [],
    "name": "Lerato",
    "email": "lerato@reader.example",
    "phone": "",
    "topic": "Microneedling",
    "excerpt": "May I book?",
    "answer": "by email",
    "article_id": None,
    "assigned_to": None,
    "days_unanswered": 0,
    "created_at": _CHANGED_AT,
    "state_changed_at": _CHANGED_AT,
    "url": "https://clinic.example/admin/enquiries/7KQ2-M9FX",
}
_FIELDS = {"title": "Mesotherapy or microneedling?", "date": "2026-03-10", "topics": ["Daily care"]}
_TEXT = "Both treatments …\n"
_WRITTEN: dict[str, Any] = {
    "id": _ID,
    "state": State.PUBLISHED,
    "title": _FIELDS["title"],
    "slug": _ID,
    "summary": "Two popular techniques, side by side.",
    "authors": ["sandra-de-beer"],
    "topics": _FIELDS["topics"],
    "published_at": _APPEARED_AT,
    "updated_at": None,
    "expires_at": None,
    "url": "https://clinic.example/articles/mesotherapy-or-microneedling",
    "problems": [
        authoring.Flaw(
            message="`colour` isn’t a field that is known here.",
            remedy="It is kept, but shown nowhere.",
            line=6,
            is_warning=True,
        )
    ],
}


def of(kind: Any) -> Any:
    """Return the example of what an operation gives."""
    return (_read() | _written() | _managed_things()).get(kind, {_ID: 20})


def _read() -> dict[Any, Any]:
    return {
        schemas.Article: _article(),
        schemas.Hit: _hit(),
        schemas.Author: _author(),
        schemas.Topic: _topic(),
        schemas.Page: _page(),
        schemas.Redirect: schemas.Redirect(
            path="/2026/03/needling", status=301, to=_at(urls.article(_ID))
        ),
        schemas.Settings: _settings(),
        schemas.Entrance: schemas.Entrance(
            title="The Skin Journal",
            version="1.0.0",
            description=_at(urls.api("/openapi.json")),
            reference=_at(urls.reference()),
            reads={"articles": _at(urls.api("/articles"))},
        ),
        schemas.Comment: _comment(),
        syncing.Change: _change(),
        previewing.PreviewLink: _preview(),
    }


def _written() -> dict[Any, Any]:
    return {
        schemas.FormTokenOut: schemas.FormTokenOut(token=_SIGNED),
        schemas.OwnComment: schemas.OwnComment(**_OWN),
        schemas.TakenComment: schemas.TakenComment(**_OWN | {"edit_token": "q4xJ…"}),
        schemas.TakenReport: schemas.TakenReport(comment_id=214),
        schemas.TakenEnquiry: schemas.TakenEnquiry(reference="7KQ2-M9FX"),
    }


def _managed_things() -> dict[Any, Any]:
    return {
        managing.ManagedComment: _managed(),
        managing.ManagedEnquiry: managing.ManagedEnquiry(**_ENQUIRY),
        managing.WholeEnquiry: managing.WholeEnquiry(
            **_ENQUIRY, message="May I book?", preferred_time="", answered_at=None
        ),
        authoring.ManagedArticle: authoring.ManagedArticle(**_WRITTEN),
        authoring.WholeArticle: authoring.WholeArticle(
            **_WRITTEN, front_matter=_FIELDS, body=_TEXT
        ),
        authoring.Upload: authoring.Upload(
            path=urls.media("needles-5f0c1d2e3a4b.jpg"),
            url=_at(urls.media("needles-5f0c1d2e3a4b.jpg")),
            type="image/jpeg",
            width=1200,
            height=800,
            size_bytes=184_220,
        ),
        authoring.DeletedArticle: authoring.DeletedArticle(
            id=_ID, kept_as=f"trash/articles/20260402T093000Z-5f0c1d2e-{_ID}.md"
        ),
        hooks.Webhook: hooks.Webhook(**_HOOK),
        hooks.WebhookWithSecret: hooks.WebhookWithSecret(**_HOOK, secret=_SHOWN_ONCE),
        hooks.Delivery: _delivery(),
    }


def about(kind: type[schemas.Out]) -> schemas.Out:
    """Return the example of what is said about a list."""
    if kind is syncing.AboutSync:
        progress = syncing.Progress(limit=15, cursor="WzEsImQ0…", has_more=False)
        return syncing.AboutSync(sync=progress)
    return schemas.About(pagination=schemas.Pagination(limit=15, total=1, page=1, pages=1))


def sent(kind: type[schemas.In]) -> schemas.In:
    """Return the example of what an operation takes."""
    made: dict[type[schemas.In], schemas.In] = {
        schemas.CommentIn: schemas.CommentIn(name="Naledi", body=_ASKED),
        schemas.CommentChange: schemas.CommentChange(body="How long does the *redness* last?"),
        schemas.ReportIn: schemas.ReportIn(
            reason=ReportReason.WRONG, details="Ask a doctor first."
        ),
        managing.DecisionIn: managing.DecisionIn(decision="approve", mark=_MARK),
        managing.StateIn: managing.StateIn(state=Decision.ANSWERED, mark=_MARK),
        previewing.PreviewIn: previewing.PreviewIn(lives_days=14),
        authoring.ArticleIn: authoring.ArticleIn(front_matter=_FIELDS, body=_TEXT),
        authoring.ArticleEdit: authoring.ArticleEdit(
            front_matter={"summary": "Two techniques, side by side.", "cover": None}
        ),
        hooks.WebhookIn: hooks.WebhookIn(
            label="Static site",
            url="https://build.example.org/hook",
            events=[Event.ARTICLE_PUBLISHED],
        ),
        hooks.WebhookChange: hooks.WebhookChange(state="paused"),
        schemas.EnquiryIn: schemas.EnquiryIn(
            name="Lerato", email="lerato@reader.example", message="May I book?", consent=True
        ),
    }
    return made[kind]


def event(name: str) -> dict[str, Any]:
    """Return the example of what a webhook is sent."""
    thing: dict[str, Any] = {"id": _ID, "url": _at(urls.api(f"/articles/{_ID}"))}
    if name.startswith("comment."):
        thing = {"id": 214, "article_id": _ID, "url": _at(urls.api(f"/articles/{_ID}/comments"))}
    elif name.startswith("enquiry."):
        thing = {"id": "7KQ2-M9FX", "url": _at(urls.api("/admin/enquiries/7KQ2-M9FX"))}
    elif name == Event.SITE_CHANGED:
        thing = {"id": "pages/privacy", "url": _at(urls.api("/pages/privacy"))}
    items = [] if name == TESTED else [thing]
    found: dict[str, Any] = json.loads(body(name, items, at=_CHANGED_AT))
    return found


def _delivery() -> hooks.Delivery:
    return hooks.Delivery(
        id=4711,
        message_id="msg_5b0d8a3e1f0c77c1",
        event=Event.ARTICLE_PUBLISHED,
        state="delivered",
        attempts=1,
        status=200,
        answer="thank you",
        body=json.dumps(event(Event.ARTICLE_PUBLISHED)),
        created_at=_CHANGED_AT,
        tried_at=_CHANGED_AT,
        next_attempt_at=None,
    )


def _managed() -> managing.ManagedComment:
    return managing.ManagedComment(
        id=214,
        mark=_MARK,
        article_id=_ID,
        article_title="Mesotherapy or microneedling",
        parent_id=None,
        edit_of_id=None,
        state="pending",
        verdict="waiting",
        reasons=[managing.Ground(words="1 link", tone="plain")],
        history="",
        name="Naledi",
        email=None,
        body=_ASKED,
        html=f"<p>{_ASKED}</p>",
        created_at=_CHANGED_AT,
        edited_at=None,
        decided_at=None,
        decided_by=None,
        url="https://clinic.example/admin/comments/214",
    )


def _at(path: str) -> str:
    return urls.absolute(path)


def _author() -> schemas.Author:
    return schemas.Author(
        id="sandra-de-beer",
        name="Sandra de Beer",
        url=_at(urls.author("sandra-de-beer")),
        role="Somatologist",
        photo=None,
        links=[],
        credentials=["BTech Somatology"],
        html="<p>Sandra writes about skin.</p>",
    )


def _topic() -> schemas.Topic:
    return schemas.Topic(
        slug="daily-care", name="Daily care", url=_at(urls.topic("daily-care")), articles=12
    )


def _article() -> schemas.Article:
    return schemas.Article(
        id=_ID,
        slug=_ID,
        title="Mesotherapy or microneedling?",
        summary="Two popular techniques, side by side.",
        url=_at(urls.article(_ID)),
        canonical=None,
        published_at=_APPEARED_AT,
        updated_at=_CHANGED_AT,
        cover=schemas.Picture(
            url=_at(urls.media("needles.jpg")), alt="A hand with a pen", width=1200, height=800
        ),
        words=980,
        reading_minutes=4,
        noindex=False,
        comments=schemas.Talk(count=20, is_open=True, closed_because=""),
        authors=[_author()],
        topics=[_topic()],
        html="<p>Both treatments …</p>",
    )


def _preview() -> previewing.PreviewLink:
    return previewing.PreviewLink(
        id=3,
        article_id=_ID,
        url=_at(urls.preview(_SIGNED)),
        api_url=_at(urls.api(f"/previews/{_SIGNED}")),
        made_at=_CHANGED_AT,
        made_by="Sandra de Beer",
        expires_at=_CHANGED_AT + timedelta(days=previews.LIVES_DAYS),
    )


def _change() -> syncing.Change:
    article = msgspec.structs.replace(_article(), comments=UNSET)
    return syncing.SyncedArticle(id=_ID, change="put", data=article)


def _hit() -> schemas.Hit:
    return schemas.Hit(
        article=_article(),
        title_html="Mesotherapy or <mark>microneedling</mark>?",
        summary_html="Two popular techniques, side by side.",
        excerpt_html="… of <mark>microneedling</mark>, which …",
    )


def _page() -> schemas.Page:
    return schemas.Page(
        id="privacy",
        title="Privacy",
        summary="What is kept of you, and how long.",
        url=_at(urls.page("privacy")),
        noindex=False,
        html="<p>We keep …</p>",
        markdown="We keep …",
    )


def _comment() -> schemas.Comment:
    return schemas.Comment(
        id=214,
        article_id=_ID,
        parent_id=None,
        thread_id=214,
        state="published",
        name="Naledi",
        html="<p>How long does the redness last?</p>",
        created_at=_CHANGED_AT,
        edited_at=None,
        by_author=False,
        is_pinned=False,
        url=_at(urls.comment(_ID, 214)),
        replies=[],
        more_replies=0,
    )


def _settings() -> schemas.Settings:
    return schemas.Settings(
        title="The Skin Journal",
        tagline="Notes from a clinic",
        url=_at("/"),
        language="en-ZA",
        time_zone="Africa/Johannesburg",
        navigation=[schemas.Link(label="Articles", url=_at("/"))],
        footer=[schemas.Link(label="Privacy", url=_at(urls.page("privacy")))],
        clinic=schemas.Clinic(
            name="The Skin Clinic",
            email="hello@clinic.example",
            phone="+27 11 555 0100",
            address="1 Long Street, Johannesburg",
            hours="Mon to Fri 8:00 to 17:00",
        ),
        contact=schemas.Contact(
            topics=["Microneedling", "Something else"],
            consent="The clinic may keep what I write here in order to answer me.",
        ),
        comments=schemas.Commenting(mode="pre", name_max_chars=80, body_max_chars=5000),
    )
