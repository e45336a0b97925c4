"""A site with something of everything on it, made in two steps: empty, then full."""

import struct
import zlib
from pathlib import Path
from shutil import copytree

from flask import Flask

from blog import accounts, articles, comments, create_app, db
from blog.accounts import Role, User
from blog.articles import sync
from blog.articles.listing import PAGE_ARTICLES
from blog.comments import arrival
from blog.comments.thread import PAGE_BRANCHES, PAGE_REPLIES
from blog.outbox import Answer, Outcome, OutgoingMail
from tests.cast import CLOCK, Person, arrived
from tests.quality import words

ROOT = Path(__file__).parent.parent.parent
ADDRESS = "https://journal.example"
BUSY = "short-3"
TRUSTING = "short-4"
# One more than there are on a page.
SHORT_ARTICLES = PAGE_ARTICLES + 1
BRANCHES = PAGE_BRANCHES + 1
REPLIES = PAGE_REPLIES + 1
ARTICLE = "mesotherapy-or-microneedling"


def environ(folder: Path) -> dict[str, str]:
    return {
        "BLOG_INSTANCE_DIR": str(folder / "instance"),
        "BLOG_CONTENT_DIR": str(folder / "content"),
        "BLOG_SITE_URL": ADDRESS,
        "BLOG_SECRET_KEY": "a secret of the tests, long enough to be taken",
    }


def make_empty(folder: Path) -> Flask:
    """Make a site with its name and nothing else."""
    content = folder / "content"
    content.mkdir()
    (content / "site.toml").write_text((ROOT / "content" / "site.toml").read_text())
    app = create_app(environ(folder) | {"BLOG_PAGE_CACHE_MB": "0"})
    app.add_url_rule("/fails", view_func=fail)
    with app.app_context():
        db.upgrade()
        sync.run(content, now=CLOCK)
    return app


def fail() -> str:
    raise RuntimeError("nobody foresaw it")


def let_in(person: Person) -> None:
    """Give somebody an account, as the set-up page would."""
    accounts.add(
        email=person.email,
        name=person.name,
        role=Role.ADMIN,
        password_hash=accounts.hash_password(person.password),
        now=CLOCK,
    )


def fill(content: Path) -> None:
    """Put the repository's own words there, and odd ones beside them."""
    copytree(ROOT / "content", content, dirs_exist_ok=True)
    (content / "media" / "cover.png").write_bytes(picture(1600, 900))
    files = content / "articles"
    (files / "everything.md").write_text(words.EVERYTHING)
    for number in range(1, SHORT_ARTICLES + 1):
        part, which = divmod(number, len(words.SHORT))
        title = f"{words.SHORT[which]} {part + 1}"
        text = words.PLAIN.format(title=title, month=number % 12 + 1, day=number)
        name = f"short-{number}"
        (files / f"{name}.md").write_text(words.BY_TRUST + text[4:] if name == TRUSTING else text)
    sync.run(content, now=CLOCK)
    (files / "short-1.md").write_text(words.BROKEN)
    sync.run(content, now=CLOCK)
    talk(accounts.everybody()[0])


def picture(width: int, height: int) -> bytes:
    """Draw a plain picture; a PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = (b"\0" + b"\xaa" * ((width + 7) // 8)) * height
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def talk(author: User) -> None:
    """Write twenty comments on the article, by readers and the author; many on another."""
    ids: list[int] = []
    with db.writing():
        for name, body, answers in words.COMMENTS:
            ids.append(say(name, body, None if answers is None else ids[answers], author))
        first = say("Reader 0", "First", None, author, on=BUSY)
        for number in range(1, BRANCHES):
            say(f"Reader {number}", "Me too", None, author, on=BUSY)
        for number in range(REPLIES):
            say(f"Guest {number}", "So do I", first, author, on=BUSY)


def say(
    name: str | None, body: str, parent_id: int | None, author: User, *, on: str = ARTICLE
) -> int:
    """Write and publish one comment; without a name it is the author's."""
    article = articles.by_id(on)
    assert article
    draft = comments.compose(article, name=name or author.name, body=body, parent_id=parent_id)
    parent = comments.by_id(parent_id) if parent_id else None
    if name is None and parent:
        return comments.reply(parent, draft, by=author, now=CLOCK).id
    comment_id = arrival.submit(arrived(draft, client=str(name)), now=CLOCK)
    (comment,) = comments.by_ids([comment_id])
    comment.approve(by=author, now=CLOCK)
    return comment_id


def lose_mail() -> None:
    """Let mail go wrong in each way there is, as far as there is mail."""
    answers = [
        Answer(Outcome.REFUSED, "550 no such mailbox"),
        Answer(Outcome.DEFERRED, "451 try again later"),
        Answer(Outcome.ACCEPTED, "250 queued as 4711"),
    ]
    with db.writing():
        mails = list(db.session.query(OutgoingMail).order_by(OutgoingMail.id))
        assert len(mails) >= len(answers)
        for mail, answer in zip(mails, answers, strict=False):
            mail.settle(answer, now=CLOCK)
