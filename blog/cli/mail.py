"""`blog mail` and `blog worker`: what is to be sent, and sending it."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click
from flask import current_app
from sqlalchemy.exc import DatabaseError

from blog import (
    announcing,
    articles,
    config,
    db,
    imports,
    journal,
    once,
    outbox,
    summary,
    webhooks,
)
from blog.articles import changes, previews
from blog.cli import ROW_ID, cli, end_with, print_json, print_line, with_app, with_database
from blog.comments import editing, notices, reports, telling, traces
from blog.enquiries import letters
from blog.errors import Busy, DatabaseUnready, NotFound, SettingError
from blog.outbox import Chore, MailState, OutgoingMail, Transport
from blog.outbox.reports import READ_MAX_BYTES
from blog.privacy import erasing, requests, retention
from blog.spam import counted
from blog.staff import passwords

LIST_ROWS = 200
_HOUR = timedelta(hours=1)
CHORES = (
    Chore(passwords.answer_requests),
    Chore(notices.tell),
    *telling.CHORES,
    Chore(summary.send, timedelta(minutes=1)),
    Chore(letters.send_elsewhere, timedelta(minutes=1)),
    Chore(imports.tidy, timedelta(seconds=10)),
    Chore(traces.sweep, _HOUR),
    # Before what they tell of is swept.
    *announcing.CHORES,
    Chore(editing.sweep, _HOUR),
    Chore(reports.sweep, _HOUR),
    Chore(requests.answer),
    Chore(requests.sweep, _HOUR),
    Chore(once.sweep, _HOUR),
    Chore(erasing.finish_left),
    # Daily would do; what is left of a long round is done soon.
    Chore(retention.tidy, _HOUR),
    Chore(changes.tidy, _HOUR),
    Chore(previews.sweep, _HOUR),
)


@cli.group("mail")
def group() -> None:
    """Look after the mail.

    \b
    Example:  blog mail list --state failed
    """


def _row(mail: OutgoingMail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "state": str(mail.state),
        "to": mail.recipient,
        "subject": mail.subject,
        "attempts": mail.attempts,
        "last_error": mail.last_error,
    }


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print all, for a program.")
@click.option("--state", type=click.Choice([state.value for state in MailState]))
@with_database
def list_mail(as_json: bool, state: str | None) -> None:
    """List the newest mail first.

    \b
    Example:  blog mail list --state failed
    """
    limit = sys.maxsize if as_json else LIST_ROWS
    found = outbox.recent(MailState(state) if state else None, limit=limit)
    rows = [_row(mail) for mail in found]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print_line("{id:>6}  {state:8} {attempts:>2}  {to}  {subject}".format(**row))
        if row["last_error"]:
            print_line(f"        {row['last_error']}")
    if not rows:
        click.echo("No mail.")
    for stopped in outbox.stopped(limit=LIST_ROWS):
        print_line(f"{stopped.reason} (to end that: blog mail allow {stopped.address})")
    _say_who_fails(outbox.transport(config.current()))


@group.command("deliver")
@with_database
def deliver() -> None:
    """Try everything that is due, once.

    \b
    Example:  blog mail deliver
    """
    for chore in telling.CHORES:
        chore.act(db.utc_now())
    outbox.release_stuck(now=db.utc_now())
    worker_name = f"{socket.gethostname()[:60]}:{os.getpid()}"
    transport = outbox.transport(config.current())
    done = outbox.deliver_due(transport, worker=worker_name, limit=sys.maxsize)
    sent = counted(done.sent, "mail")
    click.echo(f"{sent} sent, {done.retried:,} to be tried again, {done.failed:,} failed.")
    _say_who_fails(transport, err=True)


def _say_who_fails(transport: Transport, *, err: bool = False) -> None:
    failing = outbox.breaker_of(transport.name)
    if failing:
        print_line(
            f"{failing.words.rstrip('.')}. Nothing is tried before {failing.open_until:%Y-%m-%d %H:%M} UTC; to try at once, say: blog mail retry --all",
            err=err,
        )


@group.command("retry")
@click.argument("mail_id", type=ROW_ID, required=False)
@click.option("--all", "everything", is_flag=True, help="All that failed or waits.")
def retry(mail_id: int | None, everything: bool) -> None:
    """Make failed or waiting mail due now.

    \b
    Example:  blog mail retry --all
    """
    if (mail_id is None) != everything:
        raise click.UsageError("Name one mail, or say --all.")
    click.echo(f"{counted(_make_due(mail_id), 'mail')} due now.")


@with_database
def _make_due(mail_id: int | None) -> int:
    """Make one mail due now, or all that failed or waits; returns how many these are."""
    now = db.utc_now()
    with db.writing():
        count = _retry(mail_id, now=now) if mail_id else outbox.retry_all(now=now)
        if count:
            journal.record("tried again", "mail", mail_id or "all", by=None, now=now)
    return count


def _retry(mail_id: int, *, now: datetime) -> int:
    mail = outbox.by_id(mail_id)
    if mail is None:
        raise NotFound(f"There is no mail {mail_id}.")
    return int(mail.retry(now=now))


@group.command("probe")
@click.argument("address", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the answer for a program.")
@with_database
def probe(address: str | None, as_json: bool) -> None:
    """Send a test mail right now, and say what the mail server answers.

    It goes to ADDRESS, or to who gets the enquiries. Ends with 1 where it isn't accepted.

    \b
    Example:  blog mail probe sandra@clinic.example
    """
    settings = config.current()
    found = outbox.probe(
        outbox.transport(settings),
        sender=settings.mail_from,
        recipient=address or settings.clinic_email,
        site=articles.site(),
        now=db.utc_now(),
    )
    if as_json:
        print_json(asdict(found))
    else:
        for words in filter(None, (found.meaning, found.said, found.remedy)):
            print_line(words, err=not found.is_accepted)
    sys.exit(0 if found.is_accepted else 1)


@group.command("bounce")
@click.option("--json", "as_json", is_flag=True, help="Print what was done for a program.")
@with_app
def bounce(as_json: bool) -> None:
    """Read a report of a mail that came back from standard input, and note it.

    Ends with 0 also for what is no such report, since nobody needs it again; with 75, as mail servers understand it, where it should come again later.

    \b
    Example:  cat report.eml | blog mail bounce
    """
    settings = config.current()
    if not settings.mail_bounces:
        raise SettingError("BLOG_MAIL_BOUNCES is empty, so no mail has a return path of its own.")
    data = _read_mail()
    try:
        db.check_ready()
        with db.writing():
            done = outbox.take_in(data, key=settings.secret_key, now=db.utc_now())
    except (Busy, DatabaseUnready, DatabaseError) as error:
        print_line(f"Error: {error}", err=True)
        sys.exit(os.EX_TEMPFAIL)
    if as_json:
        print_json(asdict(done))
    else:
        print_line(done.sentence)


def _read_mail() -> bytes:
    """Read standard input to its end, as who writes there expects; keep what counts of it."""
    stream = sys.stdin.buffer
    data = stream.read(READ_MAX_BYTES)
    while stream.read(READ_MAX_BYTES):
        pass
    return data


@group.command("allow")
@click.argument("address")
@with_database
def allow(address: str) -> None:
    """Send mail again to an address from which it came back.

    \b
    Example:  blog mail allow nomsa@reader.example
    """
    with db.writing():
        row_id = outbox.allow(address)
        if row_id is None:
            raise NotFound(f"Mail to {address} was not stopped.")
        journal.record("allowed mail to", "address", row_id, by=None, now=db.utc_now())
    print_line(f"Mail goes to {address} again.")


@cli.command("worker")
@click.option("--beside", type=int, hidden=True, help="The process to end with.")
@with_database
def worker(beside: int | None) -> None:
    """Do what is due until stopped: mail, webhooks, summaries, forgetting.

    Moderators are told of comments that wait, and links for forgotten passwords mailed, by it too. `blog serve` runs one beside the site.

    \b
    Example:  blog worker
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if beside is not None:
        end_with(beside)
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # threads need the application itself
    with webhooks.running(app):
        outbox.run_worker(app, outbox.transport(config.current()), stop=stop, chores=CHORES)
