"""`blog serve`: the site and its mail worker, started and stopped together."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any, cast
from urllib.parse import urlsplit

import click
from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from blog import accounts, articles, config, create_app, db, outbox, security, tokens, urls
from blog.admin.entrance import SET_UP
from blog.cli import cli, end_with, with_app
from blog.cli.content import synced
from blog.config import Settings
from blog.errors import SettingError

_ENDINGS = (signal.SIGINT, signal.SIGTERM)
# The last one says that a process we started has ended.
_TOLD = (*_ENDINGS, signal.SIGHUP, signal.SIGCHLD)
_LOOK_SECONDS = 1.0
# A client gets this long for the head of a request, and so much room.
_HEAD_SECONDS = 10
_HEAD_MAX_BYTES = 32 * 1024
# Connections of one process; further ones wait in the queue of the system.
_CONNECTIONS_MAX = 512
# Nothing that tells who a reader is; a query may hold a token, or words that were searched for.
_ACCESS_LINE = "%(time)s %(method)s %(path)s %(status)d %(dt_ms).1f ms"
_RESTART_SECONDS = 3.0
_STOP_SECONDS = 10
# The number by which glibc knows what is set, and how many arenas its threads share.
_M_ARENA_MAX, _ARENAS = -8, 2
# What Linux calls the name of a process.
_PR_SET_NAME = 15
_FORKED = multiprocessing.get_context("fork")


@cli.command("serve")
@click.option("--prepare", is_flag=True, help="First bring database and content up to date.")
@click.option("--worker/--no-worker", default=True, help="Deliver mail beside the site.")
def serve(prepare: bool, worker: bool) -> None:
    """Serve the site and deliver its mail, until stopped.

    \b
    Example:  blog serve --prepare
    """
    settings, address = _made_ready(prepare)
    _share_arenas()
    # This process has no threads, so that whatever it starts at any time is sound.
    signal.pthread_sigmask(signal.SIG_BLOCK, _TOLD)
    server = _begin(_serve, settings, address)
    if not _mind(server, has_worker=worker):
        raise click.ClickException(f"The server ended by itself ({server.exitcode}).")


def _serve(settings: Settings, address: str) -> None:
    _call_process("blog server")
    end_with(os.getppid())
    _take_care_at_fork()
    server = _server(settings, address)
    server.serve(target_loader=partial(_web_process, os.getpid()), wrap_loader=False)


@with_app
def _made_ready(prepare: bool) -> tuple[Settings, str]:
    """Make sure that the site can be served, and say where; keeps no connection open.

    Returns: the settings and the address to listen on.
    """
    settings = config.current()
    address = _free_address(settings)
    if prepare:
        db.upgrade()
        synced()
    db.check_ready()
    _say_what(settings)
    return settings, address


def _free_address(settings: Settings) -> str:
    """Resolve HOST, and make sure that nobody listens there.

    The server would share the port with another site of ours and not even say so.

    Raises: SettingError where it can't listen.
    """
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        with socket.socket(family) as probe:
            # What a site stopped a moment ago has left behind is no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingError(
                f"Something listens on {host}, port {port} already; stop it, or choose another with PORT={port + 1}."
            ) from None
        raise SettingError(
            f"HOST is {host!r} and PORT is {port}, but must be where this machine can listen: {error.strerror}."
        ) from None
    return str(address[0])


def _share_arenas() -> None:
    """Let the threads of a process take memory from few places, each of which keeps what it had.

    With one for each thread a process grows for as long as threads meet pages they hadn't made yet.

    Source: mallopt(3). Other C libraries know nothing of it.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def _take_care_at_fork() -> None:
    """Keep a new process of the server from swallowing what it is told in its first moment.

    It is born with the handlers of its starter.
    """
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS),
    )


def _web_process(starter_id: int) -> Flask:
    """Make the application in one of the server's processes."""
    _call_process("blog web")
    # Until the server here can be told.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=_heed, args=(starter_id,), daemon=True).start()
    return create_app()


def _heed(starter_id: int) -> None:
    """Wait until this process is asked to end, or its starter has gone, and tell the server here.

    All threads but this one have these signals blocked. Two at once, as a service manager and the
    starter send, could else both go to a thread that is not the main one, which then sleeps on.
    """
    while not signal.sigtimedwait({signal.SIGTERM}, _LOOK_SECONDS) and os.getppid() == starter_id:
        pass
    tell: Any = signal.getsignal(signal.SIGTERM)
    tell(signal.SIGTERM, None)


def _server(settings: Settings, address: str) -> MPServer:
    return MPServer(
        "blog",
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers or len(os.sched_getaffinity(0)),
        blocking_threads=security.THREADS,
        backpressure=_CONNECTIONS_MAX,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEAD_SECONDS * 1000, max_buffer_size=_HEAD_MAX_BYTES
        ),
        websockets=False,
        # It warns of as many threads as slow clients make necessary.
        log_level=LogLevels.error,
        log_dictconfig={"formatters": {"generic": {"()": _OneLine}, "access": {"()": _OneLine}}},
        log_access=settings.access_log,
        log_access_format=_ACCESS_LINE,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
    )


class _OneLine(logging.Formatter):
    """Writes one line, whatever an address that somebody made up holds."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record without what would begin another line or steer a terminal."""
        return "".join(char if char.isprintable() else "?" for char in super().format(record))


def _say_what(settings: Settings) -> None:
    click.echo(f"{articles.site().title} is at {settings.site_url}")
    if settings.is_https and not settings.trusted_proxies:
        words = "All readers look like one to the rate limits: set BLOG_TRUSTED_PROXIES to the number of proxies."
        click.echo(words, err=True)
    host = urlsplit(settings.site_url).hostname or ""
    if not settings.is_local and outbox.is_foreign(settings.mail_from, host):
        words = f'Mail comes from {settings.mail_from}, which is no address of {settings.site_url}: it may be taken for spam. Set BLOG_MAIL_FROM to one of the site\'s own domain; docs/operating.md, "Mail", says more.'
        click.echo(words, err=True)
    if settings.smtp_url is None:
        click.echo(f"No mail server is set: mail is written to {settings.instance_dir / 'mail'}/")
    if accounts.is_set_up():
        click.echo(f"Review comments and read enquiries at {urls.absolute('/admin/')}")
    else:
        token = tokens.issue(settings.secret_key, SET_UP, "", now=db.utc_now())
        link = urls.absolute(f"/admin/set-up?token={token}")
        click.echo(f"First, choose a password (this link works once, for a day): {link}")
    click.echo("Ctrl-C stops it.")


def _mind(server: BaseProcess, *, has_worker: bool) -> bool:
    """Pass on to the server what this process is told, and keep a mail worker beside it.

    Returns: once the server has ended, whether it was asked to.
    """
    worker, start_at, is_asked = None, 0.0, False
    while server.is_alive():
        if worker is not None and not worker.is_alive():
            words = f"The mail worker ended ({worker.exitcode}) and is started again."
            click.echo(words, err=True)
            worker, start_at = None, time.monotonic() + _RESTART_SECONDS
        if has_worker and worker is None and time.monotonic() >= start_at:
            worker = _begin(_work)
        told = signal.sigtimedwait(_TOLD, _LOOK_SECONDS)
        if told is not None and told.si_signo == signal.SIGHUP:
            os.kill(cast("int", server.pid), signal.SIGHUP)
        elif told is not None and told.si_signo in _ENDINGS:
            is_asked = True
            server.terminate()
    if worker is not None:
        _end(worker)
    return is_asked


def _begin(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a process that shares what is loaded already, and ends with this one."""
    process = _FORKED.Process(target=_apart, args=(target, *arguments))
    process.start()
    return process


def _apart(target: Callable[..., None], *arguments: object) -> None:
    # Ctrl-C is for the starter to pass on.
    os.setpgrp()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    target(*arguments)


def _work() -> None:
    """Be the mail worker, as if it had been typed."""
    _call_process("blog worker")
    cli.main(["worker", "--beside", str(os.getppid())], prog_name="blog")


def _call_process(name: str) -> None:
    """Show a process to operators under a name of its own, not that of its starter.

    Source: prctl(2), of Linux alone.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def _end(process: BaseProcess, *, within_seconds: float = _STOP_SECONDS) -> None:
    """Ask a process to end, and end it where it doesn't."""
    process.terminate()
    process.join(within_seconds)
    if process.is_alive():
        process.kill()
        process.join()
