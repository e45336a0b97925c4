"""Permissions: the whole table of who may do what, and that nobody else may."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from blog import accounts, articles, db, limits, markup, permissions
from blog.accounts import Role, User
from blog.articles import Article, ArticleTopic, listing, sync
from blog.errors import Forbidden
from blog.permissions import Action, Guest, Program, Scope
from blog.staff import api_tokens
from tests.cast import (
    ARTICLE,
    AUTHOR,
    AUTHOR_ID,
    CLOCK,
    MODERATOR,
    SECOND_AUTHOR,
    Clock,
    Person,
    Visitor,
    csrf_token,
)

MAY = {
    Role.ADMIN: set(Action),
    Role.AUTHOR: {
        Action.READ_COMMENTS,
        Action.MODERATE,
        Action.REPLY,
        Action.READ_JOURNAL,
        Action.READ_CONTENT,
        Action.WRITE_ARTICLES,
        Action.PREVIEW,
    },
    Role.MODERATOR: {
        Action.READ_COMMENTS,
        Action.MODERATE,
        Action.JUDGE_ALL,
        Action.READ_JOURNAL,
    },
}
LETS = {
    Scope.COMMENTS_READ: {Action.READ_COMMENTS},
    Scope.COMMENTS_MODERATE: {Action.READ_COMMENTS, Action.MODERATE},
    Scope.ENQUIRIES_READ: {Action.READ_ENQUIRIES},
    Scope.CONTENT_READ: {Action.READ_CONTENT},
    Scope.ARTICLES_WRITE: {Action.READ_CONTENT, Action.WRITE_ARTICLES},
    Scope.WEBHOOKS_MANAGE: {Action.MANAGE_WEBHOOKS},
    Scope.CONTENT_PREVIEW: {Action.PREVIEW},
}


class Thing:
    """Something under an article of Ann's."""

    def is_of(self, author_id: str) -> bool:
        return author_id == "ann"


def somebody(role: str) -> User:
    return User(email="ann@clinic.example", name="Ann", role=role, password_hash="x")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_the_table_says(role: Role, action: Action) -> None:
    actor = somebody(role)
    assert permissions.may(actor, action) == (action in MAY[role])
    # A role read from the database is a plain word.
    assert permissions.may(somebody(role.value), action) == (action in MAY[role])


@pytest.mark.parametrize("action", Action)
def test_whoever_may_goes_on_and_whoever_may_not_is_told(action: Action) -> None:
    for role, actions in MAY.items():
        actor = somebody(role)
        if action in actions:
            assert permissions.require(actor, action) is actor
        else:
            with pytest.raises(Forbidden, match=f"^Your account may not {action}[.]$"):
                permissions.require(actor, action)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_an_author_may_do_to_things_of_hers_alone_what_others_may_to_all(
    role: Role, action: Action
) -> None:
    for profile in ("ann", "anna", "", None):
        actor = somebody(role)
        actor.author_id = profile
        is_hers = role is not Role.AUTHOR or profile == "ann"
        assert permissions.may(actor, action, of=Thing()) == (action in MAY[role] and is_hers)
        if action in MAY[role] and not is_hers:
            with pytest.raises(Forbidden, match=f"^Your account may not {action} here[.]$"):
                permissions.require(actor, action, of=Thing())


@pytest.mark.parametrize(("role", "limit"), [*zip(Role, (None, "ann", None), strict=True)])
def test_only_who_may_all_has_no_limit(role: str, limit: str | None) -> None:
    actor = somebody(role)
    actor.author_id = "ann"
    assert permissions.limit_of(actor) == limit
    # What an unknown role may not, it may not everywhere either.
    assert permissions.limit_of(somebody("owner")) == ""


@pytest.mark.parametrize("action", Action)
def test_nobody_may_nothing(action: Action) -> None:
    assert not permissions.may(None, action)
    with pytest.raises(Forbidden):
        permissions.require(None, action)


@pytest.mark.parametrize("role", ["", "ADMIN", "admin ", "owner", "'; DROP TABLE x; --"])
def test_an_unknown_role_may_nothing(role: str) -> None:
    assert [action for action in Action if permissions.may(somebody(role), action)] == []


@pytest.mark.parametrize("action", Action)
def test_who_is_only_invited_or_was_removed_may_nothing(action: Action) -> None:
    gone = somebody(Role.ADMIN)
    gone.password_hash = ""
    assert not permissions.may(gone, action)


def test_enquiries_mail_and_people_are_the_administrators_alone() -> None:
    own = (Action.READ_ENQUIRIES, Action.READ_MAIL, Action.MANAGE_PEOPLE, Action.READ_ALL_ACTS)
    for action in own:
        assert [role for role in Role if permissions.may(somebody(role), action)] == [Role.ADMIN]


@pytest.mark.parametrize("role", Role)
def test_a_program_may_what_its_scopes_and_its_owner_both_may(role: Role) -> None:
    owner = somebody(role)
    for scope in Scope:
        program = Program(owner, frozenset({scope}))
        for action in Action:
            is_allowed = action in LETS[scope] & MAY[role]
            assert permissions.may(program, action) == is_allowed
            # What is under another's articles isn't an author's, nor her program's.
            is_for_all = is_allowed and role is not Role.AUTHOR
            assert permissions.may(program, action, of=Thing()) == is_for_all
            if is_allowed:
                assert permissions.require(program, action) is owner
            else:
                with pytest.raises(Forbidden, match=r"^This token may not be used for that[.]$"):
                    permissions.require(program, action)
    assert permissions.scopes_of(owner) == [each for each in Scope if LETS[each] <= MAY[role]]


def test_a_program_without_scopes_or_of_somebody_gone_may_nothing() -> None:
    gone = somebody(Role.ADMIN)
    programs = [Program(gone, frozenset()), Program(gone, frozenset(Scope))]
    gone.password_hash = ""
    assert not any(permissions.may(each, action) for each in programs for action in Action)
    assert permissions.scopes_of(gone) == []


# What anybody may read


MOMENTS = {"never": None, "before": -1, "now": 0, "after": 1}
EVER = [None if hours is None else CLOCK + timedelta(hours=hours) for hours in MOMENTS.values()]
GRID = list(itertools.product(("draft", "published", "archived"), EVER, EVER))


@pytest.mark.usefixtures("at_work")
def test_what_anybody_may_read_is_one_rule_in_python_and_in_sql() -> None:
    """In every state and around every moment, of an article and of the copy beside its topics."""
    with db.writing():
        for number, (status, begins, ends) in enumerate(GRID):
            db.session.add(standing(number, status, begins, ends))
            db.session.flush()
            link = {"article_id": f"a{number}", "name": "Skin", "position": 0}
            times = {"public_from": begins if status == "published" else None}
            db.session.add(ArticleTopic(slug="grid", public_until=ends, **link, **times))
    found = {
        f"a{number}"
        for number, each in enumerate(GRID)
        if permissions.is_public(standing(number, *each), now=CLOCK)
    }
    assert 0 < len(found) < len(GRID)
    in_sql = select(Article.id).where(articles.is_public(CLOCK), Article.text == "grid")
    listed = select(ArticleTopic.article_id).where(
        listing.is_listed(ArticleTopic, CLOCK), ArticleTopic.slug == "grid"
    )
    assert {*db.session.execute(in_sql).scalars()} == found
    assert {*db.session.execute(listed).scalars()} == found
    rows = db.session.execute(select(Article).where(Article.text == "grid")).scalars().all()
    assert {row.id for row in rows if row.status_words(now=CLOCK) == "published"} == found
    assert {row.id for row in rows if permissions.may_read(None, row, now=CLOCK)} == found


def standing(number: int, status: str, begins: datetime | None, ends: datetime | None) -> Article:
    """An article of Ann’s."""
    name = f"a{number}"
    made = Article(id=name, slug=name, title="Skin", summary="", status=status, noindex=False)
    made.published_at, made.expires_at = begins, ends
    made.source, made.html, made.html_policy = "", "", markup.ARTICLE_POLICY
    made.toc, made.text, made.words = [], "grid", 0
    return made


class Written:
    """An article of Ann’s, with nothing but what tells who may read it."""

    id = "hers"
    expires_at = None

    def __init__(self, status: str, published_at: datetime | None = CLOCK) -> None:
        self.status, self.published_at = status, published_at

    def is_of(self, author_id: str) -> bool:
        return author_id == "ann"


def test_what_is_not_public_is_read_by_whom_may_preview_it_and_by_their_guests() -> None:
    draft, later = Written("draft"), Written("published", CLOCK + timedelta(hours=1))
    ann, other, moderator = (somebody(r) for r in (Role.AUTHOR, Role.AUTHOR, Role.MODERATOR))
    ann.author_id, admin = "ann", somebody(Role.ADMIN)
    gone = somebody(Role.ADMIN)
    gone.password_hash = ""
    may: list[Any] = [ann, admin, Program(ann, frozenset({Scope.CONTENT_PREVIEW}))]
    may += [Guest("hers", ann), Guest("hers", admin), Guest("hers", None)]
    may_not: list[Any] = [
        None,
        other,
        moderator,
        gone,
        Program(ann, frozenset({Scope.ARTICLES_WRITE})),
    ]
    may_not += [Guest("hers", other), Guest("hers", gone), Guest("other", None), Guest("", admin)]
    for hidden in (draft, later):
        assert all(permissions.may_read(each, hidden, now=CLOCK) for each in may)
        assert not any(permissions.may_read(each, hidden, now=CLOCK) for each in may_not)
    assert all(permissions.may_read(e, Written("published"), now=CLOCK) for e in may + may_not)


# Every route there is, with what it asks of who comes


def listed(names: str) -> list[str]:
    return names.split()


ANYBODY = listed("""
show_asset embed.show_comments embed.show_script api.show_entrance ghost_older.lead_on
health.show_life health.show_readiness
feeds.show_author_feed feeds.show_comments_feed feeds.show_llms feeds.show_robots
feeds.show_site_feed feeds.show_sitemap feeds.show_sitemap_part feeds.show_topic_feed
api.count_comments api.list_articles api.list_authors api.list_changes api.list_comments
api.list_pages api.list_redirects api.list_topics api.post_comment api.post_enquiry api.report_comment
api.search_articles api.show_article api.show_article_at api.show_author api.show_comment_token
api.show_document api.show_enquiry_token api.show_page api.show_reference api.show_settings
api.show_topic
public.ask_for_data public.post_comment public.post_enquiry public.post_report
public.search_articles public.show_address_form public.show_archive public.show_article
public.show_article_source public.show_asked public.show_author public.show_comment
public.show_comment_token public.show_contact public.show_contact_token public.show_home
public.show_media public.show_never public.show_page public.show_privacy public.show_replies
public.show_reply_form public.show_report_form public.show_reported public.show_thanks
public.show_topic public.show_topics public.show_trust public.show_year
admin.accept_invitation admin.ask_for_code admin.ask_for_password admin.choose_password
admin.prove_address admin.set_up admin.sign_in
""")
# By a secret that came along: the cookie of her browser, a link that was mailed, an edit token.
WHOSE_IT_IS = listed("""
api.change_comment api.show_own_comment api.show_preview api.withdraw_comment
by_mail.decide by_mail.show_decision
public.ask_about_withdrawal public.ask_for_confirmation public.confirm public.correct_enquiry
public.erase_data public.forget public.post_edit public.refuse public.show_confirmation
public.show_data public.show_edit_form public.show_edit_token public.show_preview
public.show_receipt
public.show_unsubscription public.take_data public.unsubscribe public.withdraw
""")
# Whoever is signed in, for herself.
SIGNED_IN = listed("""
show_start show_account change_address change_name change_password turn_on renew_codes turn_off
show_api_tokens revoke_api_token make_api_token end_session end_other_sessions sign_out
""")
ASKS = {
    Action.MODERATE: """
choose_pace show_review show_comment decide_one hide_and_approve show_others pin unpin keep_one
keep_many ask_about_all decide_many undo decide_all
""",
    Action.REPLY: "reply",
    Action.JUDGE_ALL: "doubt_reason stop_trusting show_rules remove_rule",
    Action.READ_ENQUIRIES: """
show_inbox show_enquiry settle_one assign add_note remove_note take_back_reply reply_to_enquiry
settle_many take_back show_export export
""",
    Action.READ_MAIL: """
show_mail retry_mail show_mail_preview show_mail_html probe_mail retry_all_mail allow_mail
""",
    Action.READ_JOURNAL: "show_journal",
    Action.READ_CONTENT: "show_articles",
    Action.PREVIEW: "show_previews make_preview end_preview",
    Action.MANAGE_PEOPLE: """
show_people show_person invite_again remove_person turn_off_for invite
""",
    Action.MANAGE_WEBHOOKS: """
show_webhooks add_webhook change_webhook show_webhook switch_webhook test_webhook
send_delivery_again show_webhook_secret end_former_secret remove_webhook
""",
}
BEHIND = {f"admin.{name}": None for name in SIGNED_IN} | {
    f"admin.{name}": action for action, names in ASKS.items() for name in listed(names)
}
# By a token, for what its scopes and its owner both may.
BY_TOKEN = {
    "api.list_managed_comments": Action.READ_COMMENTS,
    "api.show_managed_comment": Action.READ_COMMENTS,
    "api.decide_about_comment": Action.MODERATE,
    "api.take_back_decision": Action.MODERATE,
    "api.list_managed_enquiries": Action.READ_ENQUIRIES,
    "api.show_managed_enquiry": Action.READ_ENQUIRIES,
    "api.settle_enquiry": Action.READ_ENQUIRIES,
    "api.list_managed_articles": Action.READ_CONTENT,
    "api.show_managed_article": Action.READ_CONTENT,
    "api.create_article": Action.WRITE_ARTICLES,
    "api.change_article": Action.WRITE_ARTICLES,
    "api.publish_article": Action.WRITE_ARTICLES,
    "api.unpublish_article": Action.WRITE_ARTICLES,
    "api.delete_article": Action.WRITE_ARTICLES,
    "api.list_webhooks": Action.MANAGE_WEBHOOKS,
    "api.add_webhook": Action.MANAGE_WEBHOOKS,
    "api.show_webhook": Action.MANAGE_WEBHOOKS,
    "api.change_webhook": Action.MANAGE_WEBHOOKS,
    "api.remove_webhook": Action.MANAGE_WEBHOOKS,
    "api.rotate_webhook_secret": Action.MANAGE_WEBHOOKS,
    "api.end_former_webhook_secret": Action.MANAGE_WEBHOOKS,
    "api.test_webhook": Action.MANAGE_WEBHOOKS,
    "api.list_deliveries": Action.MANAGE_WEBHOOKS,
    "api.send_delivery_again": Action.MANAGE_WEBHOOKS,
    "api.upload_picture": Action.WRITE_ARTICLES,
    "api.list_previews": Action.PREVIEW,
    "api.make_preview": Action.PREVIEW,
    "api.end_preview": Action.PREVIEW,
}
SAMPLES = {"slug": ARTICLE, "article_id": ARTICLE, "author_id": AUTHOR_ID, "page_id": "privacy"}
REFUSED = (401, 403)


def routes(app: Flask, samples: dict[str, str] = SAMPLES) -> Iterator[tuple[str, str, str]]:
    """Each route as endpoint, method and a path of it, about things that mostly aren't there."""

    def sample(found: re.Match[str]) -> str:
        kind, name = found[1] or "", found[2]
        if kind.startswith("any("):
            return re.split(r"[(),]", kind)[1]
        return "9999" if kind.startswith("int") else samples.get(name, "nothing")

    # Who has left can try nothing more.
    for rule in sorted(
        app.url_map.iter_rules(), key=lambda rule: ("sign-out" in str(rule), str(rule))
    ):
        path = re.sub(r"<(?:([^<>]*):)?(\w+)>", sample, str(rule))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, path


def is_kept_out(visitor: Visitor, method: str, path: str, **headers: str) -> bool:
    """Whether somebody is sent to the sign-in, or told that she may not."""
    data = {"csrf_token": "none"}
    if method == "POST" and not headers:
        # The account's page has one for all that are signed in.
        page = visitor.get("/admin/account").text
        data = {"csrf_token": csrf_token(page)} if "csrf_token" in page else data
    answer = visitor._open(method, path, data=data, headers=headers)
    assert answer.status_code < 500, (method, path, answer.status_code)
    is_sent_away = (answer.location or "").startswith("/admin/sign-in?next=")
    return answer.status_code in REFUSED or is_sent_away


@pytest.mark.one_database("the routes are of no database")
def test_every_route_is_in_the_table(make_app: Any) -> None:
    app = make_app(ghost_api="yes")
    found = {endpoint for endpoint, _, _ in routes(app)}
    # What front ends written for Ghost read is made of one list, and is all there is of it.
    found = {endpoint for endpoint in found if not endpoint.startswith("ghost.")}
    assert found == {*ANYBODY, *WHOSE_IT_IS, *BEHIND, *BY_TOKEN}


@pytest.fixture
def environ(environ: dict[str, str], own_content: Path) -> dict[str, str]:
    """Whoever is let in may write articles."""
    return environ | {"BLOG_CONTENT_DIR": str(own_content)}


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.limiter, "enabled", False)


def token_of(app: Flask, person: Person, *scopes: Scope, lives_days: int | None = None) -> str:
    with app.app_context(), db.writing():
        owner = accounts.by_email(person.email)
        assert owner
        how: dict[str, Any] = {"lives_days": lives_days, "by": owner, "now": CLOCK}
        label = f"{lives_days} {len(scopes)} {scopes[0]}"
        return api_tokens.make(owner, label, scopes, **how)[1]


@pytest.mark.one_database("the rule asks no database, and what it stands before has its own tests")
@pytest.mark.usefixtures("clock", "unlimited")
def test_every_route_lets_in_whom_the_table_says_and_nobody_else(
    app: Flask, author: Visitor, second_author: Visitor, moderator: Visitor, stranger: Visitor
) -> None:
    signed_in = {Role.ADMIN: author, Role.AUTHOR: second_author, Role.MODERATOR: moderator}
    secret = token_of(app, AUTHOR, *Scope)
    for endpoint, method, path in routes(app):
        if endpoint in ANYBODY and method == "GET":
            assert not is_kept_out(stranger, method, path), path
        if endpoint not in BEHIND:
            continue
        action = BEHIND[endpoint]
        assert is_kept_out(stranger, method, path), path
        # Pages know no tokens.
        assert is_kept_out(stranger, method, path, Authorization=f"Bearer {secret}"), path
        for role, visitor in signed_in.items():
            is_out = action is not None and action not in MAY[role]
            assert is_kept_out(visitor, method, path) == is_out, (role, method, path)


@pytest.mark.one_database("the rule asks no database, and what it stands before has its own tests")
@pytest.mark.usefixtures("clock", "unlimited")
@pytest.mark.parametrize("state", ["password_hash = ''", "removed_at = created_at"])
def test_nobody_without_an_account_any_more_gets_behind_the_sign_in(
    app: Flask, author: Visitor, state: str
) -> None:
    with app.app_context(), db.writing():
        db.session.execute(text(f"UPDATE user_account SET {state}"))
    for endpoint, method, path in routes(app):
        if endpoint in BEHIND:
            assert is_kept_out(author, method, path), path


@pytest.mark.one_database("the rule asks no database, and what it stands before has its own tests")
@pytest.mark.usefixtures("unlimited")
def test_every_route_for_programs_lets_in_which_scopes_and_owners_the_table_says(
    clock: Clock, app: Flask, author: Visitor, stranger: Visitor
) -> None:
    staff = {Role.ADMIN: AUTHOR, Role.AUTHOR: SECOND_AUTHOR, Role.MODERATOR: MODERATOR}
    good = {
        (role, scope): token_of(app, person, scope)
        for role, person in staff.items()
        for scope in Scope
        if LETS[scope] <= MAY[role]
    }
    ways = [(BY_TOKEN[name], *way) for name, *way in routes(app) if name in BY_TOKEN]

    def status(secret: str, method: str, path: str) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return stranger._open(method, path, data={"a": "b"}, headers=headers).status_code

    for action, method, path in ways:
        # A cookie tells nothing here.
        assert author._open(method, path, data={"a": "b"}).status_code == 401
        for (role, scope), secret in good.items():
            found = status(secret, method, path)
            assert found != 401
            assert (found == 403) == (action not in LETS[scope]), (role, scope, method, path)
    revoked, expired = (token_of(app, AUTHOR, *Scope, lives_days=days) for days in (9, 1))
    with app.app_context(), db.writing():
        token = api_tokens.opened(revoked, now=CLOCK)
        assert token
        api_tokens.revoke(token, by=None, now=CLOCK)
        # Whoever was an administrator is a moderator from now on, and an author was removed.
        db.session.execute(text("UPDATE user_account SET role = 'moderator' WHERE role = 'admin'"))
        gone = "UPDATE user_account SET removed_at = created_at WHERE role = 'author'"
        db.session.execute(text(gone))
    clock.move(days=1)
    for _, method, path in ways:
        for secret in ("", revoked, expired, good[Role.AUTHOR, Scope.COMMENTS_MODERATE]):
            assert status(secret, method, path) == 401
        all_once = good[Role.ADMIN, Scope.ENQUIRIES_READ]
        assert status(all_once, method, path) == 403


# Of an article each route tells whom the rule lets read it


# Those that tell anybody of an article that is public. None tells of any other.
TELLING = listed("""
api.list_articles api.list_changes api.list_topics api.search_articles api.show_article
api.show_article_at api.show_topic
feeds.show_author_feed feeds.show_comments_feed feeds.show_llms feeds.show_site_feed
feeds.show_sitemap feeds.show_topic_feed
public.search_articles public.show_archive public.show_article public.show_article_source
public.show_author public.show_contact public.show_home public.show_reported public.show_topic
public.show_topics public.show_year
""")
HIDING = {
    "draft": "status: draft",
    "archived": "status: archived",
    "scheduled": f"date: {CLOCK + timedelta(minutes=1)}",
    "expired": f"expires: {CLOCK}",
}
QUERIES = {
    "public.search_articles": "?q=unguja",
    "api.search_articles": "?q=unguja",
    "api.count_comments": "?articles=zanzibar",
    "public.show_contact": "?about=zanzibar",
}


def telling(app: Flask, visitor: Visitor) -> set[str]:
    """The public routes whose answers give the name of the article, its topic or its address."""
    samples = {"slug": "zanzibar", "article_id": "zanzibar", "year": "2026", "number": "1"}
    found = set()
    for endpoint, method, path in routes(app, SAMPLES | samples):
        if method == "GET" and endpoint in ANYBODY:
            place = path.replace("/topics/zanzibar", "/topics/unguja-stone")
            answer = visitor.get(f"{place}{QUERIES.get(endpoint, '')}", buffered=True)
            said = answer.get_data(as_text=True)
            if answer.status_code == 200 and re.search("Unguja|/articles/zanzibar<", said):
                found.add(endpoint)
    return found


@pytest.mark.one_database("the rule itself is tried on both")
@pytest.mark.usefixtures("clock", "unlimited")
@pytest.mark.parametrize("state", ["published", *HIDING])
def test_every_route_tells_of_articles_as_the_rule_says(
    app: Flask,
    own_content: Path,
    stranger: Visitor,
    author: Visitor,
    second_author: Visitor,
    moderator: Visitor,
    state: str,
) -> None:
    said = f"title: Unguja\ntopics: [Unguja stone]\nauthor: {AUTHOR_ID}\n{HIDING.get(state, '')}\n"
    said += "" if state == "scheduled" else f"date: {CLOCK - timedelta(days=1)}\n"
    file = own_content / "articles" / "zanzibar.md"
    file.write_text(f"---\n{said}---\nUnguja.\n", encoding="utf-8")
    with app.app_context():
        sync.run(own_content, now=CLOCK)
    expected = {*TELLING} if state == "published" else set()
    # Whoever is signed in finds no more than others do where everybody reads.
    for visitor in (stranger, author, second_author, moderator):
        assert telling(app, visitor) == expected
