"""Rules of the author's own: a word, a domain or an address, and what becomes of comments with it.

Words match whole, whatever letters they are written with. A rule ends by itself where it has an
end, counts how often it spoke, and can be tried on what was decided before it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Row, String, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog import db, journal, markup, permissions
from blog.accounts import User
from blog.comments import likeness
from blog.comments.model import Comment, CommentState
from blog.errors import Invalid
from blog.permissions import Action
from blog.spam import Answer

PATTERN_MAX_CHARS = 100
NOTE_MAX_CHARS = 200
LIVES_MAX_DAYS = 3_650
RULES_MAX = 500
# A rule is tried on so many at most, fewer where they are long: looking takes time.
TRIED_ON = 1_000
TRIED_ON_CHARS = 1_000_000
_SPELLED_FROM_CHARS = 4
_HOST = re.compile(r"(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,126}")
_Row = Row[str, str, str | None, CommentState]
_DECIDED = (CommentState.APPROVED, CommentState.REJECTED, CommentState.SPAM)


class RuleKind(StrEnum):
    """What a rule looks at."""

    WORD = "word"
    DOMAIN = "domain"
    ADDRESS = "address"


class CommentRule(db.Model):
    """One rule."""

    __tablename__ = "comment_rule"
    __table_args__ = (Index("ix_comment_rule_kind_pattern", "kind", "pattern", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[RuleKind] = mapped_column(String(10))
    pattern: Mapped[str] = mapped_column(String(PATTERN_MAX_CHARS))
    answer: Mapped[Answer] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(NOTE_MAX_CHARS))
    expires_at: Mapped[datetime | None]
    hits: Mapped[int] = mapped_column(default=0)
    hit_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_by: Mapped[User] = relationship(lazy="joined")


_IS_LIVE = or_(
    CommentRule.expires_at.is_(None),
    CommentRule.expires_at > bindparam("now", type_=CommentRule.expires_at.type),
)
_MAKING = insert(CommentRule.metadata.tables[CommentRule.__tablename__])
# Of two who make it at one moment the second changes it. SQLite takes the same words.
_MAKE = _MAKING.on_conflict_do_update(
    index_elements=["kind", "pattern"],
    set_={
        name: _MAKING.excluded[name] for name in ("answer", "note", "expires_at", "created_by_id")
    },
).returning(_MAKING.table.c.id)
_LIVE = select(
    CommentRule.id, CommentRule.kind, CommentRule.pattern, CommentRule.note, CommentRule.answer
).where(_IS_LIVE)


@dataclass(frozen=True)
class Said:
    """What rules look at of a comment; `hosts` are with those above them.

    `joined` are words whose letters stood apart; where the next begins nobody can tell.
    """

    words: str
    hosts: frozenset[str]
    email: str
    joined: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, text: str, html: str, email: str | None) -> Said:
        """Take from a comment what rules look at; a link may hide in the HTML alone."""
        written = f"{name} {text} {html}".casefold()
        address = (email or "").casefold()
        hosts = {*_HOST.findall(written), address.rpartition("@")[2]}
        listed = [likeness.parts(part) for part in (name, text)]
        apart = [each for part in listed for each in likeness.joined(part)]
        said = [" ".join(likeness.folded(part)) for part in listed] + [each[1] for each in apart]
        # Two spaces between them, so that no phrase begins in the one and ends in the other.
        words = "".join(f" {each} " for each in said)
        joined = tuple(each[0] for each in apart)
        return cls(words, frozenset(_with_those_above(hosts)), address, joined)


def _with_those_above(hosts: Iterable[str]) -> Iterator[str]:
    for host in hosts:
        labels = host.split(".")
        yield from (".".join(labels[start:]) for start in range(len(labels)))


@dataclass(frozen=True)
class Hit:
    """A rule that speaks of a comment, without its row."""

    rule_id: int
    pattern: str
    note: str
    answer: Answer


@dataclass(frozen=True)
class Trial:
    """What a rule would have done to what was decided before."""

    looked_at: int
    hit: int
    approved: int


def normal(kind: RuleKind, pattern: str) -> str:
    """Return a pattern as it is kept.

    Raises: Invalid where it could match nothing, or nearly everything.
    """
    plain = " ".join(pattern.split()).casefold()
    is_fit = {
        RuleKind.WORD: len(likeness.letters(plain)) >= 2,  # one letter is in every text
        RuleKind.DOMAIN: _HOST.fullmatch(plain) is not None,
        RuleKind.ADDRESS: plain.count("@") == 1 and " " not in plain and not plain.startswith("@"),
    }[kind]
    if not is_fit:
        raise Invalid({"pattern": _WANTED[kind]})
    if len(plain) > PATTERN_MAX_CHARS:  # in lower case some letters are two
        raise Invalid({"pattern": f"Please use at most {PATTERN_MAX_CHARS} characters."})
    return plain


_WANTED = {
    RuleKind.WORD: "Please give a word or a few, with two letters at least, like casino or cheap pills.",
    RuleKind.DOMAIN: "Please give a domain alone, like spam.example.",
    RuleKind.ADDRESS: "Please give one email address, like name@spam.example.",
}


def matches(kind: RuleKind, pattern: str, said: Said) -> bool:
    """Tell whether a pattern, as it is kept, is in a comment; a star ends the beginning of a word."""
    if kind is RuleKind.WORD:
        phrase = " ".join(likeness.words(pattern))
        is_whole = f" {phrase}{'' if pattern.endswith('*') else ' '}" in said.words
        return is_whole or _is_spelled(phrase.replace(" ", ""), said.joined)
    if kind is RuleKind.DOMAIN:
        return pattern in said.hosts
    return pattern == said.email


def _is_spelled(letters: str, joined: Iterable[str]) -> bool:
    """Tell whether a pattern is among letters that stood apart; a short one may be by chance."""
    return len(letters) >= _SPELLED_FROM_CHARS and any(letters in word for word in joined)


def hits(said: Said, *, now: datetime) -> list[Hit]:
    """Return the rules that speak of a comment."""
    # Past the session's own ways, which take longer than this small question.
    rows = db.session.connection().execute(_LIVE, {"now": now}).all()
    return [
        Hit(row.id, row.pattern, row.note, Answer(row.answer))
        for row in rows
        if matches(RuleKind(row.kind), row.pattern, said)
    ]


def count(rule_ids: Iterable[int], *, now: datetime) -> None:
    """Note that rules spoke."""
    spoken, rule = list(rule_ids), CommentRule
    if spoken:
        query = update(rule).where(rule.id.in_(spoken))
        db.session.execute(query.values(hits=rule.hits + 1, hit_at=now))


def every(*, now: datetime) -> Sequence[CommentRule]:
    """Return all rules that haven't ended, the newest first."""
    query = select(CommentRule).where(_IS_LIVE).order_by(CommentRule.id.desc())
    return db.session.execute(query, {"now": now}).scalars().all()


def try_out(kind: RuleKind, pattern: str) -> Trial:
    """Tell what a rule would have done to the comments decided last.

    Raises: Invalid where the pattern is unfit.
    """
    kept = normal(kind, pattern)
    query = (
        select(Comment.name, Comment.html, Comment.email, Comment.state)
        .where(Comment.state.in_(_DECIDED), Comment.author_user_id.is_(None))
        .order_by(Comment.id.desc())
        .limit(TRIED_ON)
    )
    rows = list(_as_many_as_are_quick(db.session.execute(query)))
    hit = [row for row in rows if matches(kind, kept, _said_by(row))]
    approved = sum(row.state == CommentState.APPROVED for row in hit)
    return Trial(len(rows), len(hit), approved)


def _as_many_as_are_quick(rows: Iterable[_Row]) -> Iterator[_Row]:
    chars = 0
    for row in rows:
        chars += len(row.html)
        if chars > TRIED_ON_CHARS:
            return
        yield row


def _said_by(row: _Row) -> Said:
    return Said.of(row.name, markup.plain_text(row.html), row.html, row.email)


def add(
    kind: RuleKind,
    pattern: str,
    answer: Answer,
    *,
    note: str,
    days: int | None,
    by: User,
    now: datetime,
) -> CommentRule:
    """Make a rule, or change the one with the same pattern; those that have ended go.

    Raises: Forbidden where `by` may not; Invalid where the pattern is unfit or rules are too many.
    """
    permissions.require(by, Action.JUDGE_ALL)
    kept = normal(kind, pattern)
    db.session.execute(delete(CommentRule).where(CommentRule.expires_at <= now))
    others = [rule for rule in every(now=now) if (rule.kind, rule.pattern) != (kind, kept)]
    if len(others) >= RULES_MAX:
        raise Invalid({"pattern": f"There are {RULES_MAX} rules; please remove one first."})
    values = {"kind": kind, "pattern": kept, "answer": answer, "note": note, "created_at": now}
    values |= {"expires_at": now + timedelta(days=days) if days else None, "created_by_id": by.id}
    rule_id = db.session.execute(_MAKE, values).scalar_one()
    rule = db.session.get_one(CommentRule, rule_id, populate_existing=True)
    journal.record("made", "rule", rule.id, by=by, now=now)
    return rule


def remove(rule_id: int, *, by: User, now: datetime) -> bool:
    """Take a rule away; returns whether there was one.

    Raises: Forbidden where `by` may not.
    """
    permissions.require(by, Action.JUDGE_ALL)
    query = delete(CommentRule).where(CommentRule.id == rule_id).returning(CommentRule.id)
    is_gone = db.session.execute(query).first() is not None
    if is_gone:
        journal.record("removed", "rule", rule_id, by=by, now=now)
    return is_gone
