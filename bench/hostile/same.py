"""One function for all doors: the same words are the same bytes wherever they came in or are shown."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from flask import Flask
from hypothesis import HealthCheck, given, settings
from sqlalchemy import ColumnElement, select

from bench.hostile import payloads
from bench.report import Bound, Row
from bench.servers import EMAIL, PASSWORD, Blog
from bench.speed import ARTICLE, SLUG
from blog import create_app, db, exports, imports, markup, outbox
from blog.comments import Comment, notices
from blog.imports import Wish
from blog.markup import cleaning
from blog.markup.comments import POLICY
from tests.cast import Person, Visitor
from tests.data.html_inspector import Inspector, comment_faults
from tests.test_markup_walls import HTML

_CONTENT = "{http://www.w3.org/2005/Atom}content"
_SAID = re.compile(r'<div class="said" dir="auto">(.*?)</div>', re.S)


def rows(site: Blog, *, count: int, documents: int) -> Iterator[Row]:
    """Send payloads in at every door, and clean random documents again and again."""
    doors = _Doors(create_app(site.settings))
    texts = [text for text in payloads.sample(4 * count) if _can_be_typed(text)][:count]
    for text in texts:
        doors.try_all(text)
    doors.read_mail()
    doors.bring_back(site.stage.folder / "again.json")
    differing = ", ".join(f"{door} {number}" for door, number in doors.differing.items() if number)
    what = f"{count} payloads by every door: not the same bytes"
    known = "preview, page, edit, reply, queue, feed, import; mail text only"
    yield Row(what, doors.differing.total(), bound=Bound(0), note=differing or known)
    what = f"{documents:,} random documents: not the same when cleaned again, served or a tag more"
    yield Row(what, _unstable(documents), bound=Bound(0))


def _can_be_typed(text: str) -> bool:
    is_plain = all(unicodedata.category(char) != "Cc" or char in "\n\t" for char in text)
    return is_plain and text == text.strip()


@dataclass
class _Doors:
    app: Flask
    differing: Counter[str] = field(default_factory=Counter)
    htmls: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._addresses = (f"10.7.{each >> 8}.{each & 255}" for each in itertools.count(1))
        self._author = Visitor(self.app, address="192.0.2.10")
        assert self._author.sign_in(Person("", EMAIL, PASSWORD)).status_code == 303

    def try_all(self, text: str) -> None:
        """Send one text through all doors that a person has."""
        first = self._sent(self._reader(), text)
        html = self.htmls[first] = self._stored(Comment.id == first)
        shown = self._reader().comment(text, preview="1").text
        self._check("preview", f'<div class="said text" dir="auto">{html}</div>' in shown)
        self._check("edit", self._stored(Comment.id == self._edited(text)) == html)
        queued = self._author.get(f"/admin/comments/{first}").text
        # What may be somebody's number is shown as it was typed, with a mark.
        self._check("queue", f">{html}</div>" in queued or "said typed" in queued)
        self._author.press(f"/admin/comments/{first}", f"/admin/comments/{first}/approval")
        self._check("page", f">{html}</div>" in self._reader().get(ARTICLE).text)
        feed = ET.fromstring(self._reader().get(f"{ARTICLE}/comments/feed.xml").data)
        self._check("feed", html in [each.text for each in feed.iter(_CONTENT)])
        answer = f"/admin/comments/{first}/reply"
        self._author.press(answer, answer, body=text)
        self._check("reply", self._stored(Comment.parent_id == first) == html)

    def read_mail(self) -> None:
        """Let moderators be told of what waits: nobody's words may be more than text there."""
        with self.app.app_context():
            notices.tell(db.utc_now())
            mail = outbox.last_of_kind(notices.MAIL, EMAIL)
            said = _SAID.findall(mail.html) if mail else []
        self._check("mail", bool(said) and not any("<" in each for each in said))

    def bring_back(self, path: Path) -> None:
        """Export what was sent, and import it as if it were others'."""
        with self.app.app_context():
            pieces = exports.write(exports.Kind.JSON, exports.Choice(), now=db.utc_now())
            told = json.loads("".join(pieces))
            told["comments"] = [each for each in told["comments"] if each["id"] in self.htmls]
            for each in told["comments"]:
                each["key"] = f"again-{each['id']}"
            path.write_text(json.dumps(told), encoding="utf-8")
            imports.run(path, Wish(), progress=lambda *_: None, now=db.utc_now())
            for number, html in self.htmls.items():
                key = f"again-{number}"
                self._check("import", self._stored(Comment.submission_key == key) == html)
            db.close()

    def _reader(self) -> Visitor:
        return Visitor(self.app, address=next(self._addresses))

    def _sent(self, reader: Visitor, text: str) -> int:
        answer = reader.comment(text)
        assert answer.status_code == 303, text
        return int(re.findall(r"\d+", answer.location)[-1])

    def _edited(self, text: str) -> int:
        reader = self._reader()
        number = self._sent(reader, f"Something else first, by {reader.address}.")
        path = f"/articles/{SLUG}/comments/{number}/edit"
        reader.post(path, reader.form(path, path) | {"body": text})
        return number

    def _stored(self, condition: ColumnElement[bool]) -> str:
        with self.app.app_context():
            return db.session.execute(select(Comment.html).where(condition)).scalar() or ""

    def _check(self, door: str, is_same: bool) -> None:
        self.differing[door] += not is_same


def _unstable(documents: int) -> int:
    """Count the random documents that come out otherwise than they should."""
    found: list[str] = []

    def check(text: str) -> None:
        if not _is_stable(text):
            found.append(text)

    usual = settings(
        max_examples=documents,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run: Callable[[], None] = usual(given(HTML)(check))
    run()
    return len(found)


def _is_stable(text: str) -> bool:
    once = cleaning.clean(text, POLICY)
    added = [tag for tag, _ in Inspector(once).tags if not re.search(f"</?{tag}", text, re.I)]
    html = markup.render_comment(text)
    served = markup.comment_html(text, html, markup.COMMENT_POLICY)
    is_same = cleaning.clean(once, POLICY) == once and served == html == cleaning.clean(
        html, POLICY
    )
    return is_same and not added and not comment_faults(html)
