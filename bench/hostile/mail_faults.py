"""A real SMTP server on loopback, which stumbles over a fault every second time."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.smtp_server import HOST, MailServer, server_context

_DRIP_SECONDS = 0.05
# A dialogue has some eighteen lines, so that it lasts twenty seconds of the workers' quick clock.
_SLOW_SECONDS = 0.11
_MOMENTS = {
    "354": "DATA",
    "220 Ready": "STARTTLS",
    "220": "the greeting",
    "250-mail": "EHLO",
    "250 OK stored": "the dot",
    "250 Reset": "RSET",
    "221": "QUIT",
}

# It would print each dialogue that a killed client broke off.
logging.getLogger("mail.log").addHandler(logging.NullHandler())

Act = Callable[["Stumbling", str], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """What happens in place of an answer, and of which; None where no connection gets so far."""

    name: str
    moment: str
    act: Act | None = None


class Stumbling(SMTP):
    """One connection, which answers as a server does up to its fault."""

    async def push(self, status: Any) -> None:
        """Send a line of an answer, or do what the fault does."""
        assert isinstance(self.event_handler, FaultyServer)
        act = self.event_handler.act_at(self._moment(str(status)))
        if act is None:
            await self.say(str(status))
            return
        try:
            await act(self, str(status))
        except asyncio.CancelledError:
            # The client has gone, or the server ends.
            if self.transport is not None:
                self.wire().abort()
            raise

    def wire(self) -> asyncio.Transport:
        """Return what the client is connected by, encrypted or not."""
        assert isinstance(self.transport, asyncio.Transport)
        return self.transport

    async def say(self, status: str) -> None:
        """Send a line."""
        await super().push(status)

    def _moment(self, status: str) -> str:
        for beginning, moment in _MOMENTS.items():
            if status.startswith(beginning):
                return moment
        return "RCPT" if self.envelope and self.envelope.rcpt_tos else "MAIL"


class FaultyServer(MailServer):
    """A server with TLS; `met` counts how often the moment of each fault came."""

    def __init__(self) -> None:
        super().__init__(starttls=server_context())
        self.met: Counter[str] = Counter()
        self._fault: Fault | None = None

    def stumble_over(self, fault: Fault | None) -> None:
        """Have a fault from now on, every second time that its moment comes; None for none."""
        if self._fault is REFUSES:
            self._server = self._call(self._loop.create_server(self._protocol, HOST, self.port))
        self._fault = fault
        if fault is REFUSES:
            self._loop.call_soon_threadsafe(self._server.close)

    def act_at(self, moment: str) -> Act | None:
        """Tell what is to be done in place of an answer."""
        fault = self._fault
        if fault is None or fault.moment not in ("any answer", moment):
            return None
        return fault.act if self._is_turn(fault) else None

    def _is_turn(self, fault: Fault) -> bool:
        self.met[fault.name] += 1
        return self.met[fault.name] % 2 == 1

    def _protocol(self) -> SMTP:
        is_plain = self._fault is NO_TLS and self._is_turn(NO_TLS)
        context = None if is_plain else self._starttls
        return Stumbling(self, hostname="mail.test", tls_context=context, loop=self._loop)

    async def handle_RSET(self, *_: object) -> str:  # noqa: N802 (the name aiosmtpd calls)
        """Answer so that nobody takes it for the answer to another command."""
        return "250 Reset"


async def _answer(text: str, line: Stumbling, _status: str) -> None:
    await line.say(text)


async def _hang(_line: Stumbling, _status: str) -> None:
    await asyncio.Event().wait()


async def _say_and_hang(line: Stumbling, status: str) -> None:
    await line.say(status)
    await asyncio.Event().wait()


async def _cut(line: Stumbling, _status: str) -> None:
    line.wire().abort()


async def _cut_amid(line: Stumbling, status: str) -> None:
    await line.say(status)
    await line._reader.readline()  # noqa: SLF001 (where the library reads a mail from)
    line.wire().abort()


async def _drip(line: Stumbling, status: str) -> None:
    while True:
        for letter in f"{status[:3]}-and on\r\n":
            line.wire().write(letter.encode())
            await asyncio.sleep(_DRIP_SECONDS)


async def _dawdle(line: Stumbling, status: str) -> None:
    await asyncio.sleep(_SLOW_SECONDS)
    await line.say(status)


REFUSES = Fault("refuses connections", "")
NO_TLS = Fault("offers no TLS", "")
FAULTS = [
    REFUSES,
    Fault("takes a mail and cuts the line", "the dot", _cut),
    Fault("takes a mail and never says so", "the dot", _hang),
    Fault("hangs up at once", "the greeting", _cut),
    Fault("never greets", "the greeting", _hang),
    Fault("drips its greeting", "the greeting", _drip),
    Fault("greets with 421", "the greeting", partial(_answer, "421 4.3.2 Too busy")),
    Fault("drips its answer to EHLO", "EHLO", _drip),
    NO_TLS,
    Fault("hangs in the TLS handshake", "STARTTLS", _say_and_hang),
    Fault("answers MAIL with 550", "MAIL", partial(_answer, "550 5.1.0 Unknown")),
    Fault("answers RCPT with 421", "RCPT", partial(_answer, "421 4.3.2 Closing down")),
    Fault("answers RCPT with 450", "RCPT", partial(_answer, "450 4.2.0 Later")),
    Fault("greylists with 451", "RCPT", partial(_answer, "451 4.7.1 Greylisted")),
    Fault("refuses with 550", "RCPT", partial(_answer, "550 5.1.1 Nobody")),
    Fault("cuts the line amid a mail", "DATA", _cut_amid),
    Fault("takes twenty seconds", "any answer", _dawdle),
]
