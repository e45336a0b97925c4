"""Enquiries while the mail server has every fault in turn and the workers are killed."""

from __future__ import annotations

import random
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import load
from bench.hostile.mail_faults import FAULTS, REFUSES, Fault, FaultyServer
from bench.hostile.quick_worker import DEADLINE_SECONDS, SPEED
from bench.load import Visitor
from bench.machine import CantMeasure
from bench.report import Bound, Row
from bench.servers import Blog
from bench.speed import enquiry_form
from tests.smtp_server import DATA, HOST, Received

_WORKERS = 4
_MEET_SECONDS = 12
# Ten minutes of the quick clock are left to the workers alone.
_ALONE_SECONDS, _RECOVER_SECONDS, _RETRY_EVERY_SECONDS = 30, 60, 5
_SEED = 1
_REFUSED = "SELECT count(*) FROM mail_attempt WHERE reply LIKE '%Connection refused%'"
_UNSENT = "SELECT count(*) FROM outgoing_mail WHERE state <> 'sent'"
_IN_HAND = "SELECT group_concat(claimed_by) FROM outgoing_mail WHERE state = 'sending'"
_QUEUED = "SELECT group_concat(message_id) FROM outgoing_mail WHERE kind = 'enquiry'"
_NONE = Bound(0)


@dataclass
class _Workers:
    site: Blog
    log: Path
    killed: int = 0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(_SEED)
        self.log.write_text(f"{time.time()}\n")

    def start(self) -> None:
        command = [sys.executable, "-m", "bench.hostile.quick_worker", str(self.log)]
        started = self.site.stage.start(command, core=None, settings=self.site.settings)
        self.processes.append(started)

    def kill_one(self) -> None:
        """Kill one, with a mail in hand if any has, and start another in its place."""
        busy = re.findall(r"-(\d+)-", str(self.site.asked(_IN_HAND)))
        chosen = [each for each in self.processes if str(each.pid) in busy] or self.processes
        process = self._rng.choice(chosen)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.processes.remove(process)
        self.killed += 1
        self.start()

    def stop(self) -> list[float]:
        """End them; gives how long each attempt took."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()
        return [float(line) for line in self.log.read_text().splitlines()[1:]]


def rows(site: Blog, *, count: int, kills: int) -> Iterator[Row]:
    """Send so many enquiries, a share under each fault, and then let the server recover."""
    with FaultyServer() as server:
        site.settings |= {
            "BLOG_SMTP_URL": f"smtp://{HOST}:{server.port}?tls=starttls",
            "SSL_CERT_FILE": str(DATA / "smtp-ca.pem"),
        }
        site.serve("--no-worker", core=None)
        workers = _Workers(site, site.stage.folder / "attempts")
        for _ in range(_WORKERS):
            workers.start()
        taken, met = _under_faults(site, server, workers, count=count, kills=kills)
        by_hand = _recover(site, server)
        attempts = workers.stop()
        site.stop()
        received = list(server.received)
    what = f"{count} enquiries, {_WORKERS} mail workers, {workers.killed} kills"
    note = f"{len(received):,} mails arrived; {by_hand} were left to `blog mail retry`"
    yield _missing(site, received, f"{what}, {len(FAULTS)} SMTP faults", count, note)
    yield from _copies(received, count)
    missed = ", ".join(fault.name for fault in FAULTS if fault.name not in met)
    yield Row("SMTP faults that were met", len(met), bound=Bound(len(FAULTS), True), note=missed)
    note = f"of {len(attempts):,}; the deadline is {DEADLINE_SECONDS:g} s, on clocks {SPEED} times as quick"
    longest = Bound((DEADLINE_SECONDS + 1) * 1000)
    yield Row("the longest attempt", max(attempts) * 1000, "ms", bound=longest, note=note)
    medians = {name: statistics.median(seconds) * 1000 for name, seconds in taken.items()}
    worst = max(medians, key=medians.__getitem__)
    what = "one enquiry under the worst fault, p50"
    yield Row(what, medians[worst], "ms", bound=Bound(300), note=f"it {worst}")


def _under_faults(
    site: Blog, server: FaultyServer, workers: _Workers, *, count: int, kills: int
) -> tuple[dict[str, list[float]], set[str]]:
    """Go through the faults; gives the seconds of enquiries under each, and which were met."""
    taken: dict[str, list[float]] = defaultdict(list)
    met = set()
    sent = 0
    with Visitor(site.port) as visitor:
        form = load.fresh_form(visitor, "/contact", "/contact")
        for number, fault in enumerate(FAULTS, start=1):
            server.stumble_over(fault)
            until = count * number // len(FAULTS)
            while sent < until:
                taken[fault.name].append(_enquire(visitor, form))
                sent += 1
                if workers.killed < kills * sent // count:
                    workers.kill_one()
            met |= {fault.name} if _is_met(site, server, fault) else set()
    return taken, met


def _enquire(visitor: Visitor, form: dict[str, str]) -> float:
    visitor.cookies.clear()
    answer = visitor.post("/contact", form | enquiry_form())
    if answer.status != 303:
        raise CantMeasure(f"An enquiry was answered {answer.status}.")
    return answer.seconds


def _is_met(site: Blog, server: FaultyServer, fault: Fault) -> bool:
    """Wait until a worker has met it, for a while."""

    def is_met() -> bool:
        return bool(site.asked(_REFUSED) if fault is REFUSES else server.met[fault.name])

    if not _waited_for(is_met, _MEET_SECONDS / 8):
        # A server that failed a few times is left alone, unless somebody wants it asked.
        site.command("mail", "retry", "--all")
    return _waited_for(is_met, _MEET_SECONDS)


def _waited_for(condition: Callable[[], bool], seconds: float) -> bool:
    give_up_at = time.monotonic() + seconds
    while not (is_so := condition()) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return is_so


def _recover(site: Blog, server: FaultyServer) -> int:
    """Let everything arrive; gives how much of it was tried again by hand, as what was refused."""
    server.stumble_over(None)
    _waited_for(lambda: not site.asked(_UNSENT), _ALONE_SECONDS)
    by_hand = int(site.asked(_UNSENT))
    give_up_at = time.monotonic() + _RECOVER_SECONDS
    while site.asked(_UNSENT) and time.monotonic() < give_up_at:
        site.command("mail", "retry", "--all")
        _waited_for(lambda: not site.asked(_UNSENT), _RETRY_EVERY_SECONDS)
    return by_hand


def _missing(site: Blog, received: list[Received], what: str, count: int, note: str) -> Row:
    arrived = {str(mail.message["Message-ID"]) for mail in received}
    queued = set(str(site.asked(_QUEUED)).split(","))
    return Row(f"{what}: missing", count - len(queued & arrived), bound=_NONE, note=note)


def _copies(received: list[Received], count: int) -> Iterator[Row]:
    ids = defaultdict(set)
    for mail in received:
        ids[str(mail.message["Subject"])].add(str(mail.message["Message-ID"]))
    share = 100 * (len(received) - len(ids)) / count
    yield Row("copies that came besides, of the enquiries", share, "%", bound=Bound(15))
    odd = sum(len(each) > 1 for each in ids.values())
    yield Row("enquiries under more than one Message-ID", odd, bound=_NONE)
