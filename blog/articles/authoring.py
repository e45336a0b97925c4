"""What authors do to articles from afar: create, change, publish, take back, delete.

A file is checked before it is written. It is written whole, together with the index and the
journal or not at all, and never over what somebody saved meanwhile; what is deleted is kept aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from stat import S_IMODE
from typing import Any, cast

from blog import content, db, journal, permissions, urls
from blog.accounts import User
from blog.articles import addresses, gallery, intake, site, sync
from blog.articles.intake import Read
from blog.articles.manuscripts import Manuscript, name_of
from blog.content import ArticleFile, Kind, SourceFile, Status, rewriting
from blog.content.frontmatter import split
from blog.content.report import Report
from blog.errors import Busy, Conflict, ContentError, Invalid, Problem, Stale
from blog.once import Sending
from blog.permissions import Action

_THING = "article"
_DELETED = "deleted"
_BLANK = b"---\n---\n"
_MINUTE = "%Y-%m-%d %H:%M"
_TRASH = Path("trash", Kind.ARTICLE)
_STAMP = "%Y%m%dT%H%M%SZ"
LATE = "The article was changed meanwhile. Please read it again first."
_NOT_HERS = "You may only write articles of your own: name yourself as an author."
_TOO_LONG = f"A file has at most {content.FILE_MAX_BYTES // 1024} KB."


def create(
    root: Path,
    article_id: str,
    fields: Mapping[str, Any],
    body: str,
    *,
    by: User,
    sending: Sending,
    now: datetime,
) -> str:
    """Write a new article and return its id; it is a draft, and hers, unless its fields say more.

    Without an id it gets one of its title. What came before under the same key is done once.

    Raises: Invalid naming each field, Conflict where there is such an article, Busy.
    """
    article_id = _id(article_id, fields)
    if sending.made_before(now=now) is not None:
        return article_id
    name = name_of(article_id)
    data, read = _checked(name, _BLANK, _whole(fields, by), body, by=by)
    path = content.safe_path(root, name)

    def act(undo: ExitStack) -> None:
        _check_addresses(read, by)
        if path.exists() or _was_of_others(article_id, by):
            raise Conflict(f"There is an article {article_id} already, or was. Take another id.")
        with writing_file(name):
            sending.make(partial(_make, path, data), now=now)
            undo.callback(path.unlink)
            _note(read, path)
        journal.record("created", _THING, article_id, by=by, now=now)

    try:
        _put(read, act, now=now)
    except Conflict:
        # Whoever sent the same at the same moment may have been quicker.
        if sending.made_before(now=now) is None:
            raise
    return article_id


def _id(wanted: str, fields: Mapping[str, Any]) -> str:
    """Return the id that is wanted, or one made of the title.

    Raises: Invalid.
    """
    article_id = wanted or content.slugify(str(fields.get("title") or _THING))
    if not content.ID.fullmatch(article_id):
        raise Invalid({"id": f"It becomes part of an address: use {content.ID_RULE}."})
    return article_id


def _whole(fields: Mapping[str, Any], by: User) -> dict[str, Any]:
    """Say also what is taken for granted of a new article."""
    granted = {"status": Status.DRAFT.value}
    if by.author_id and not {"author", "authors"} & fields.keys():
        granted["author"] = by.author_id
    return {**granted, **fields}


def _make(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    content.write_whole(path, data, may_replace=False)
    return "made"


def change(
    manuscript: Manuscript,
    fields: Mapping[str, Any],
    body: str | None = None,
    *,
    by: User,
    now: datetime,
    verb: str = "changed",
) -> None:
    """Change fields of an article and its text, if its file still is what was read.

    Raises: Invalid naming each field, Stale, Busy.
    """
    name, path, old = manuscript.name, manuscript.path, manuscript.data
    data, read = _checked(name, old, fields, body, by=by)
    if data == old:
        return

    def act(undo: ExitStack) -> None:
        _check_addresses(read, by)
        with writing_file(name):
            mode = _held(manuscript)
            content.write_whole(path, data, mode=mode)
            undo.callback(content.write_whole, path, old, mode=mode)
            _note(read, path)
        journal.record(verb, _THING, manuscript.id, by=by, now=now)

    _put(read, act, now=now)


def publish(manuscript: Manuscript, *, by: User, now: datetime) -> None:
    """Publish an article from its date on, which is now if it has none.

    Raises: as `change` does.
    """
    found = rewriting.values(manuscript.front) if manuscript.front else {}
    fields: dict[str, Any] = {}
    if str(found.get("status") or Status.PUBLISHED).lower() != Status.PUBLISHED:
        fields["status"] = Status.PUBLISHED.value
    if not found.get("date"):
        fields["date"] = now.astimezone(site().zone).strftime(_MINUTE)
    change(manuscript, fields, by=by, now=now, verb="published")


def unpublish(manuscript: Manuscript, *, by: User, now: datetime) -> None:
    """Make an article a draft again.

    Raises: as `change` does.
    """
    change(manuscript, {"status": Status.DRAFT.value}, by=by, now=now, verb="unpublished")


def delete(manuscript: Manuscript, *, instance: Path, by: User, now: datetime) -> Path:
    """Take an article away; its file is kept aside, in what is returned, below `instance`.

    Its comments stay with its id, and come back with it.

    Raises: Stale, Busy.
    """
    aside = _TRASH / f"{now.strftime(_STAMP)}-{manuscript.etag[:8]}-{manuscript.id}.md"

    def act(undo: ExitStack) -> None:
        with writing_file(manuscript.name):
            mode = _held(manuscript)
            kept = instance / aside
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            content.write_whole(kept, manuscript.data, mode=0o600)
            manuscript.path.unlink()
            undo.callback(content.write_whole, manuscript.path, manuscript.data, mode=mode)
        journal.record(_DELETED, _THING, manuscript.id, by=by, now=now)

    _put(manuscript.name, act, now=now)
    return aside


def _checked(
    name: str, old: bytes, fields: Mapping[str, Any], body: str | None, *, by: User
) -> tuple[bytes, Read]:
    """Make what a file is to hold, and look at it as a sync would.

    Raises: Invalid naming each field.
    """
    try:
        data = rewriting.changed(name, old, fields, body)
    except ContentError as error:
        raise Invalid({"": " ".join(map(_words, error.problems))}) from None
    if len(data) > content.FILE_MAX_BYTES:
        raise Invalid({"body": _TOO_LONG})
    zone, pictures = site().zone, gallery.pictures()
    # Rendering may take seconds, and no snapshot of the database shall wait for it.
    db.session.rollback()
    source = SourceFile(Kind.ARTICLE, Path(name).stem, name, len(data), 0)
    read = intake.read_bytes(source, data, zone, pictures)
    if not isinstance(read.parsed, ArticleFile):
        raise _refusal(read.text, read.problems)
    if not permissions.may(by, Action.WRITE_ARTICLES, of=read.parsed):
        raise Invalid({"author": _NOT_HERS})
    return data, read


def _check_addresses(read: Read, by: User) -> None:
    """Let nobody take an address at which an article is, or was, that she may not write.

    Raises: Invalid.
    """
    article = cast("ArticleFile", read.parsed)
    wanted = {**dict.fromkeys(article.aliases, "aliases"), urls.article(article.slug): "slug"}
    for path, other in addresses.of_others(wanted, but=article.id):
        if not permissions.may(by, Action.WRITE_ARTICLES, of=other):
            raise Invalid({wanted[path]: f"{path} leads to another’s article. Take another."})


def _was_of_others(article_id: str, by: User) -> bool:
    """Tell whether an id, with the comments below it, was an article's that she may not have."""
    if permissions.limit_of(by) is None:
        return False
    lines = journal.about(_THING, [article_id])
    ended_by = [line.actor_id for line in lines if line.verb == _DELETED]
    return ended_by[-1:] != [by.id] and (bool(ended_by) or addresses.led_to(article_id))


def _refusal(text: str, problems: tuple[Problem, ...]) -> Invalid:
    """Say what can't be taken, by the field in which it stands."""
    front = split(Report("", text))
    wrong: dict[str, str] = {}
    for problem in problems:
        if not problem.is_warning:
            field = rewriting.field_of(front, text, problem)
            wrong[field] = " ".join(filter(None, [wrong.get(field), _words(problem)]))
    return Invalid(wrong)


def _words(problem: Problem) -> str:
    return f"{problem.message} {problem.remedy}"


def _put(found: Read | str, act: Callable[[ExitStack], None], *, now: datetime) -> None:
    """Do it together with the index; where that can't be, the file is as it was."""
    with ExitStack() as undo:
        try:
            sync.put(found, partial(act, undo), now=now)
        except ContentError as error:
            raise Invalid({"slug": " ".join(map(_words, error.problems))}) from None
        undo.pop_all()


def _held(manuscript: Manuscript) -> int:
    """Return the mode of a file that nobody changed since it was read.

    Raises: Stale.
    """
    try:
        data, mode = manuscript.path.read_bytes(), manuscript.path.stat().st_mode
    except FileNotFoundError:
        raise Stale(LATE) from None
    if data != manuscript.data:
        raise Stale(LATE)
    return S_IMODE(mode)


def _note(read: Read, path: Path) -> None:
    """Note of a file that was written what the next sync will see of it."""
    status = path.stat()
    read.source = replace(read.source, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
    read.read_at = db.utc_now()


@contextmanager
def writing_file(name: str) -> Iterator[None]:
    """Say in words that a file of content/ can't be written.

    Raises: Busy.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        words = f"The site can’t write content/{name}: {reason}. Nothing was changed."
        raise Busy(words) from error
