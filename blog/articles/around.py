"""What stands around an article: others on its topics, and its neighbours by date.

Costs two statements, whatever the number of articles: of a topic only the newest are looked at,
and how rare it is is counted no further than makes a difference.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)

from blog import db
from blog.articles import Article, ArticleTopic, is_public
from blog.articles.listing import is_listed

RELATED = 3
NEWEST_OF_TOPIC = 50
RARITY_MAX = 1_000

_NEWER, _OLDER, _RELATED = "newer", "older", "related"


@dataclass(frozen=True)
class Around:
    """Articles to read next; `newer` and `older` are not among the related ones."""

    related: list[Article]
    newer: Article | None
    older: Article | None


def around(article: Article, *, now: datetime) -> Around:
    """Return what a reader may want after a public article.

    Related are those that share its topics: a rare topic counts more, then the newest come first.
    """
    slugs = {f"slug_{number}": topic.slug for number, topic in enumerate(article.topics)}
    asked = {"now": now, "at": article.published_at, "id": article.id, **slugs}
    rows = db.session.execute(_beside(len(slugs)), asked).all()
    beside = {row.why: row.id for row in rows if row.why != _RELATED}
    score: dict[tuple[datetime, str], float] = defaultdict(float)
    for row in rows:
        if row.id not in beside.values():
            score[row.at, row.id] += 1 / row.total
    best = sorted(score, key=lambda found: (-score[found], -found[0].timestamp(), found[1]))
    chosen = [article_id for _, article_id in best[:RELATED]]
    query = select(Article).where(Article.id.in_([*chosen, *beside.values()]))
    found = {each.id: each for each in db.session.execute(query).scalars()}
    return Around(
        [found[article_id] for article_id in chosen],
        found.get(beside.get(_NEWER, "")),
        found.get(beside.get(_OLDER, "")),
    )


# Made once for each number of topics, since every article's page asks.
@lru_cache(maxsize=32)
def _beside(topics: int) -> CompoundSelect[*tuple[Any, ...]]:
    return union_all(*_neighbours(), *(_newest_of(f"slug_{number}") for number in range(topics)))


_NOW: BindParameter[datetime] = bindparam("now")
_AT: BindParameter[datetime] = bindparam("at")
_ID: BindParameter[str] = bindparam("id")


def _neighbours() -> tuple[Select[*tuple[Any, ...]], ...]:
    by_date = Article.published_at
    after = and_(by_date >= _AT, or_(by_date > _AT, Article.id < _ID))
    before = and_(by_date <= _AT, or_(by_date < _AT, Article.id > _ID))
    columns = (Article.id.label("id"), by_date.label("at"), literal(1).label("total"))
    newer = select(literal(_NEWER).label("why"), *columns).where(is_public(_NOW), after)
    older = select(literal(_OLDER).label("why"), *columns).where(is_public(_NOW), before)
    return (
        _of(newer.order_by(by_date, Article.id.desc()).limit(1)),
        _of(older.order_by(by_date.desc(), Article.id).limit(1)),
    )


def _newest_of(slug: str) -> Select[*tuple[Any, ...]]:
    """Select the newest articles on a topic, each with how many there are."""
    of_topic = and_(ArticleTopic.slug == bindparam(slug), is_listed(ArticleTopic, _NOW))
    some = select(ArticleTopic.slug).where(of_topic).limit(RARITY_MAX).subquery()
    newest = (
        select(
            literal(_RELATED).label("why"),
            ArticleTopic.article_id.label("id"),
            ArticleTopic.public_from.label("at"),
            select(func.count()).select_from(some).scalar_subquery().label("total"),
        )
        .where(of_topic, ArticleTopic.article_id != _ID)
        .order_by(ArticleTopic.public_from.desc(), ArticleTopic.article_id)
        .limit(NEWEST_OF_TOPIC)
    )
    return _of(newest)


def _of(part: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Wrap a part that is cut, which a union takes only so."""
    return select(part.subquery())
