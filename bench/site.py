"""Makes a site of any size from a seed number: articles as files, comments straight into the tables.

The same seed and size make the same site, byte for byte, but for what the product adds. Comments
go in by the batch, past the forms, in the shape in which the forms would have left them.
"""

from __future__ import annotations

import itertools
import shutil
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Table, func, insert, select, text

from bench import words
from bench.machine import ROOT
from blog import create_app, db, markup, revision
from blog.comments import Comment, CommentState, fulltext

THREAD, SAMPLE = "note-00001", "note-00002"
SAMPLE_COMMENTS = 20
READER = "reader17@reader.example"
AUTHORS = ("sandra-de-beer", "lerato-mokoena", "pieter-botha", "aisha-patel")
_FIRST_DAY, _DAYS = datetime(2016, 1, 1, 9, tzinfo=UTC), 3650
_BATCH = 10_000
_TEXTS = 1_000
_STATES = {
    CommentState.APPROVED: 92,
    CommentState.PENDING: 3,
    CommentState.SPAM: 3,
    CommentState.REJECTED: 2,
}
_NO_LINK = {"step": "links", "answer": "allow", "words": "no links", "tone": "good"}
_LINK = {"step": "links", "answer": "hold", "words": "1 link", "tone": "bad"}
# One article in fifty is not for everybody yet, or any more.
_ODD = {10: "status: draft", 20: "date: 2099-01-01", 30: "expires: 2026-01-31", 40: "noindex: true"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Size:
    """How large a site is; a hundredth of the comments are one thread."""

    articles: int
    comments: int

    @property
    def thread(self) -> int:
        """How many comments the long thread has."""
        return self.comments // 100


SMALL = Size(10, 200)
LARGE = Size(10_000, 1_000_000)


def write_content(folder: Path, size: Size, *, seed: int) -> None:
    """Write the words of a site: site.toml and pages of content/, and articles and authors anew."""
    rng = Random(seed)
    for name in ("articles", "authors", "media"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "content" / "site.toml", folder)
    shutil.copytree(ROOT / "content" / "pages", folder / "pages", dirs_exist_ok=True)
    for author in AUTHORS:
        name = author.replace("-", " ").title()
        about = f"---\nname: {name}\n---\n\n{words.paragraph(rng, 4)}\n"
        (folder / "authors" / f"{author}.md").write_text(about, encoding="utf-8")
    for number in range(1, size.articles + 1):
        path = folder / "articles" / f"{article_id(number)}.md"
        path.write_text(_article(number, size, rng), encoding="utf-8")


def article_id(number: int) -> str:
    """Name the article of a number; the first has the long thread, the second is the sample."""
    return f"note-{number:05}"


def _article(number: int, size: Size, rng: Random) -> str:
    date = _FIRST_DAY + timedelta(days=_DAYS * number // (size.articles + 1))
    fields = {
        "title": f'"{words.title(rng)}"',
        "date": f"{date:%Y-%m-%d}",
        "author": rng.choice(AUTHORS),
        "summary": f'"{words.sentence(rng)}"',
        "topics": f"[{', '.join(_topics(number, rng))}]",
    }
    if number % 50 in _ODD:
        name, _, value = _ODD[number % 50].partition(": ")
        fields[name] = value
    if number % 10 == 5:
        fields["aliases"] = f"[/{date:%Y/%m}/{article_id(number)}]"
    head = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return f"---\n{head}\n---\n\n{_body(number, size, rng)}\n"


def _topics(number: int, rng: Random) -> list[str]:
    """Choose topics; every second article is on the first."""
    return [*words.TOPICS[: number % 2], rng.choice(words.TOPICS[1:])]


def _body(number: int, size: Size, rng: Random) -> str:
    other = article_id(rng.randint(1, size.articles))
    blocks = [words.paragraph(rng, 4), f"More in [{words.phrase(rng)}](/articles/{other})."]
    for _ in range(rng.randint(3, 5)):
        blocks.append(f"## {words.phrase(rng).capitalize()}")
        blocks += [words.paragraph(rng, rng.randint(3, 6)) for _ in range(2)]
    blocks.append("\n".join(f"- **{words.phrase(rng)}**: {words.sentence(rng)}" for _ in range(4)))
    if number % 10 == 3:
        rows = [f"| {words.phrase(rng)} | {words.sentence(rng)} |" for _ in range(4)]
        blocks.append("\n".join(["| what | why |", "| --- | --- |", *rows]))
    return "\n\n".join(blocks)


def _quietly(done: int, total: int) -> None:
    """Tell nobody."""


def insert_comments(
    environ: dict[str, str], size: Size, *, seed: int, progress: Progress = _quietly
) -> None:
    """Put the comments into the database of a site whose words are synced."""
    with create_app(environ).app_context():
        try:
            _insert(size, seed=seed, progress=progress)
        finally:
            db.close()


def _insert(size: Size, *, seed: int, progress: Progress) -> None:
    table = Comment.__table__
    assert isinstance(table, Table)
    first = (db.session.execute(select(func.max(table.c.id))).scalar() or 0) + 1
    rows = comment_rows(size, seed=seed, first=first)
    for done in range(0, size.comments, _BATCH):
        batch = list(itertools.islice(rows, _BATCH))
        with db.writing():
            connection = db.session.connection()
            connection.execute(insert(table), batch)
            fields = ("id", "name", "email", "source")
            fulltext.put(connection, (tuple(row[each] for each in fields) for row in batch))
        progress(done + len(batch), size.comments)
    with db.writing():
        revision.touch(db.session)
        if db.db.engine.dialect.name == "postgresql":
            # Its numbers were given by us, which its own counter has to learn.
            known = "pg_get_serial_sequence('comment', 'id'), max(id)"
            db.session.execute(text(f"SELECT setval({known}) FROM comment"))
            db.session.execute(text("ANALYZE comment"))


def comment_rows(size: Size, *, seed: int, first: int) -> Iterator[dict[str, Any]]:
    """Make the rows of all comments, oldest first, with ids from `first` on."""
    rng = Random(seed)
    texts = [_text(rng) for _ in range(_TEXTS)]
    names = [words.phrase(rng).title() for _ in range(_TEXTS)]
    # What can be answered: the last few that were published on an article, with their roots.
    answerable: dict[str, deque[tuple[int, int]]] = defaultdict(lambda: deque(maxlen=40))
    step = timedelta(days=_DAYS) / max(size.comments, 1)
    for number, article in enumerate(_spread(size, rng)):
        id_, created_at = first + number, _FIRST_DAY + number * step
        state = _state(article, rng)
        others = answerable[article]
        # All of the sample's stand by themselves, so that its page shows twenty.
        is_reply = others and article != SAMPLE and rng.random() < 0.4
        parent, root = rng.choice(others) if is_reply else (None, None)
        if state is CommentState.APPROVED:
            others.append((id_, root or id_))
        source, html = rng.choice(texts)
        yield {
            "id": id_,
            "article_id": article,
            "parent_id": parent,
            "root_id": root,
            "name": rng.choice(names),
            "email": f"reader{number % 5000}@reader.example" if number % 2 else None,
            "source": source,
            "html": html,
            "html_policy": markup.COMMENT_POLICY,
            "state": state.value,
            "reasons": [_LINK if number % 10 == 0 else _NO_LINK],
            "author_user_id": None,
            "reader_hash": None,
            "submission_key": f"bench-{seed}-{number:09}",
            "created_at": created_at,
            "decided_at": None if state is CommentState.PENDING else created_at,
            "decided_by_id": None,
            "told_at": created_at,
        }


def _text(rng: Random) -> tuple[str, str]:
    """Make a comment's words, rendered as the product renders them."""
    source = "\n\n".join(words.paragraph(rng, rng.randint(1, 3)) for _ in range(rng.randint(1, 2)))
    return source, markup.render_comment(source)


def _spread(size: Size, rng: Random) -> list[str]:
    """Say which article each comment is on: one long thread, the sample, the rest skewed."""
    sample = min(SAMPLE_COMMENTS, size.comments - size.thread)
    rest = range(3, size.articles + 1)
    weights = [1 / (place + 10) for place in rest]
    count = size.comments - size.thread - sample
    others = rng.choices(rest, weights, k=count) if rest else []
    found = [THREAD] * size.thread + [SAMPLE] * sample + [article_id(each) for each in others]
    rng.shuffle(found)
    return found


def _state(article: str, rng: Random) -> CommentState:
    if article in (THREAD, SAMPLE):
        return CommentState.APPROVED
    return rng.choices(list(_STATES), list(_STATES.values()))[0]
