"""Payloads of our own grids, and comments that hold them, stored by the product's own functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from markdown import markdown
from sqlalchemy import update

from blog import accounts, articles, create_app, db, markup, revision
from blog.accounts import Role, User
from blog.comments import NAME_MAX_CHARS, Comment, CommentState, arrival, deciding
from blog.comments.arrival import Arrival, Sender
from blog.tokens import random_token
from tests.data.hostile_markup import BREAKOUTS, CONFUSIONS, HANDLERS, LINKS

_GRIDS = (LINKS, HANDLERS, CONFUSIONS, BREAKOUTS)
_EMAIL = "moderator@hostile.example"


def sample(count: int) -> list[str]:
    """Choose as many of each grid, evenly over it; of a smaller grid all there is."""
    shares = [min(len(grid), count) for grid in _GRIDS]
    spread = [
        [grid[place * len(grid) // share] for place in range(share)]
        for grid, share in zip(_GRIDS, _even(shares, count), strict=True)
    ]
    in_turn = chain.from_iterable(zip_longest(*spread))
    return [text for text in in_turn if text is not None]


def _even(most: Sequence[int], count: int) -> list[int]:
    """Share a number out among those that can take so many at most."""
    found = [0] * len(most)
    for _ in range(count):
        place = min((at for at in range(len(most)) if found[at] < most[at]), key=found.__getitem__)
        found[place] += 1
    return found


def store(environ: dict[str, str], article_id: str, payloads: Sequence[str]) -> list[int]:
    """Send payloads as comments and publish them; gives their ids."""
    with create_app(environ).app_context():
        try:
            moderator, ids = _moderator(), []
            for start in range(0, len(payloads), deciding.BATCH):
                arrived = list(_arrive(article_id, payloads[start : start + deciding.BATCH]))
                ids += _publish(arrived, moderator)
            return ids
        finally:
            db.close()


def _moderator() -> User:
    known = accounts.by_email(_EMAIL)
    if known is not None:
        return known
    with db.writing():
        return accounts.add(
            email=_EMAIL,
            name="Mia Botha",
            role=Role.MODERATOR,
            password_hash="none",
            now=db.utc_now(),
        )


def _arrive(article_id: str, payloads: Sequence[str]) -> Iterator[Arrival]:
    """Send payloads, each by somebody else."""
    article = articles.by_id(article_id)
    assert article
    for payload in payloads:
        sender = Sender(client_hash=random_token(), reader_hash=random_token())
        # The name is a door too.
        name = payload[:NAME_MAX_CHARS]
        yield arrival.arrive(article, sender, name=name, body=payload, now=db.utc_now())


def _publish(arrived: Sequence[Arrival], moderator: User) -> list[int]:
    now = db.utc_now()
    with db.writing():
        ids = [arrival.submit(each, now=now) for each in arrived]
        deciding.decide(
            ids,
            CommentState.APPROVED,
            if_still=lambda comment: comment.state != CommentState.APPROVED,
            by=moderator,
            now=now,
            batch=random_token(),
        )
    return ids


def uncleaned(text: str) -> str:
    """Render a payload as if there were no sanitizer."""
    return markdown(text)


def take_wall_down(environ: dict[str, str], texts: dict[int, str]) -> None:
    """Let comments have the HTML of texts that nothing cleaned."""
    with create_app(environ).app_context():
        with db.writing():
            for comment_id, text in texts.items():
                raw = {"html": uncleaned(text), "html_policy": markup.COMMENT_POLICY}
                db.session.execute(update(Comment).where(Comment.id == comment_id).values(raw))
            revision.touch(db.session)
        db.close()
