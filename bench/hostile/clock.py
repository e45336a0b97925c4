"""A clock that jumps an hour on and back under posting and mail work."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import load
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row
from bench.servers import Blog
from bench.speed import ARTICLE, comment_form, enquiry_form
from tests.smtp_server import HOST, MailServer

_HOUR_SECONDS = 3600
_JUMPS = [0, _HOUR_SECONDS, 0, -_HOUR_SECONDS, 0]
_WAIT_SECONDS = 30
# Longer than the back-off that follows an attempt which nobody could note.
_LATER_SECONDS = 600
_IN_HAND = "SELECT count(*) FROM outgoing_mail WHERE state = 'sending'"
_UNSENT = "SELECT count(*) FROM outgoing_mail WHERE state <> 'sent'"
_QUEUED = "SELECT group_concat(message_id) FROM outgoing_mail WHERE kind = 'enquiry'"
_NONE = Bound(0)


@dataclass
class _Site:
    """A site and a mail worker whose clock is set in a file."""

    blog: Blog
    server: MailServer
    file: Path
    statuses: Counter[int] = field(default_factory=Counter)
    comments: list[int] = field(default_factory=list)
    stuck: int = 0

    def __post_init__(self) -> None:
        self.set(0)
        self.blog.settings["BLOG_SMTP_URL"] = f"smtp://{HOST}:{self.server.port}"
        self.blog.program = (sys.executable, "-m", "bench.hostile.jumping", str(self.file))
        self.blog.serve("--no-worker", core=None)
        self.worker = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        command = [*self.blog.program, "worker"]
        return self.blog.stage.start(command, core=None, settings=self.blog.settings)

    def set(self, seconds: int) -> None:
        """Put the clock so far ahead of the true time; nobody ever reads half of it."""
        half = self.file.with_suffix(".new")
        half.write_text(str(seconds))
        half.replace(self.file)

    def post(self, count: int) -> None:
        """Send comments and enquiries in turn."""
        with Visitor(self.blog.port) as visitor:
            action = f"{ARTICLE}/comments"
            comment = load.fresh_form(visitor, ARTICLE, action)
            enquiry = load.fresh_form(visitor, "/contact", "/contact")
            for _ in range(count // 2):
                visitor.cookies.clear()
                answer = visitor.post(action, comment | comment_form())
                self.comments += map(int, re.findall(r"\d+", answer.headers["Location"] or "")[-1:])
                self.statuses[answer.status] += 1
                self.statuses[visitor.post("/contact", enquiry | enquiry_form()).status] += 1

    def kill_with_mail_in_hand(self) -> None:
        """Kill the worker while the server has a mail and hasn't answered; another is at work then.

        Raises: CantMeasure where one sends nothing.
        """
        self.server.hold_from(len(self.server.received) + 1)
        self.enquire()
        if not self.server.held.acquire(timeout=_WAIT_SECONDS):
            raise CantMeasure("The mail worker sent nothing.")
        self.worker.send_signal(signal.SIGKILL)
        self.worker.wait()
        self.server.hold_from(None)
        self.worker = self._started()
        before = len(self.server.received)
        self.enquire()
        if _waited(lambda: int(len(self.server.received) == before)):
            raise CantMeasure("The next mail worker sent nothing.")

    def enquire(self) -> None:
        """Send one enquiry."""
        with Visitor(self.blog.port) as visitor:
            form = load.fresh_form(visitor, "/contact", "/contact")
            self.statuses[visitor.post("/contact", form | enquiry_form()).status] += 1

    def come_to_rest(self, query: str) -> int:
        """Wait until nothing is found any more, for a while; gives what is."""
        return _waited(lambda: int(self.blog.asked(query)))


def _waited(left: Callable[[], int]) -> int:
    give_up_at = time.monotonic() + _WAIT_SECONDS
    while left() and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return left()


def rows(blog: Blog, *, count: int) -> Iterator[Row]:
    """Post at each hour, kill a worker with a mail in hand, and jump."""
    what = f"clock ±1 h, {len(_JUMPS) - 1} jumps"
    with MailServer() as server:
        site = _Site(blog, server, blog.stage.folder / "clock")
        try:
            yield from _jumped(site, what, count)
        except CantMeasure as error:
            yield Row(f"{what}: comments and enquiries lost", bound=_NONE, note=str(error))
            site.server.hold_from(None)
            blog.stop()


def _jumped(site: _Site, what: str, count: int) -> Iterator[Row]:
    for number, ahead in enumerate(_JUMPS):
        site.set(ahead)
        # Whatever moment the lease of the one that was killed names.
        site.stuck += site.come_to_rest(_IN_HAND)
        site.post(count)
        if number < len(_JUMPS) - 1:
            site.kill_with_mail_in_hand()
    waited = site.come_to_rest(f"{_UNSENT} AND next_attempt_at <= datetime('now', '+10 minutes')")
    held_up = int(site.blog.asked(_UNSENT)) - waited
    # The hour that some mails were queued in comes again.
    site.set(_HOUR_SECONDS + _LATER_SECONDS)
    unsent = site.come_to_rest(_UNSENT)
    site.worker.terminate()
    site.worker.wait()
    lost = _lost(site) + unsent
    whole = site.statuses.total()
    site.blog.stop()
    note = f"of {site.statuses[303]:,}; {held_up} mails waited until their hour came again"
    yield Row(f"{what}: comments and enquiries lost", lost, bound=_NONE, note=note)
    yield Row("posts refused meanwhile", whole - site.statuses[303], bound=_NONE)
    note = f"of {len(_JUMPS) - 1} workers killed with a mail in hand"
    yield Row(f"leases stuck {_WAIT_SECONDS} s after a jump", site.stuck, bound=_NONE, note=note)


def _lost(site: _Site) -> int:
    listed = ", ".join(map(str, site.comments))
    there = int(site.blog.asked(f"SELECT count(*) FROM comment WHERE id IN ({listed})"))
    queued = str(site.blog.asked(_QUEUED)).split(",")
    arrived = {str(mail.message["Message-ID"]) for mail in site.server.received}
    enquiries = site.statuses[303] - len(site.comments)
    return len(site.comments) - there + enquiries - len(arrived & set(queued))
